//! The published wheels that make libtorch, exactly.
//!
//! `tch` in the workspace's `Cargo.toml` and these move together: `tch` 0.24 binds torch 2.11. The CUDA
//! packages are those that the torch wheel's own metadata requires.

/// The version of libtorch that this project is built against.
pub(super) const TORCH: &str = "2.11.0";

/// Tags of the platforms whose wheels run here, for pip. Older tags are implied by `manylinux2014`.
pub(super) const PLATFORM_TAGS: [&str; 5] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux2014_x86_64",
];

/// One wheel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin {
    /// The package's name.
    pub(super) package: &'static str,
    /// The package's version.
    pub(super) version: &'static str,
    /// The wheel's size, for the user.
    pub(super) megabytes: u32,
    /// The wheel's SHA-256, in hexadecimal.
    pub(super) sha256: &'static str,
}

impl Pin {
    /// As pip writes it.
    pub(super) fn requirement(&self) -> String {
        format!("{}=={}", self.package, self.version)
    }
}

/// What computing on a CPU takes. The wheel's CPU library asks for CUDA's run time and profiler.
const CPU: [Pin; 3] = [
    Pin {
        package: "torch",
        version: TORCH,
        megabytes: 531,
        sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
    },
    Pin {
        package: "nvidia-cuda-runtime",
        version: "13.0.96",
        megabytes: 2,
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    },
    Pin {
        package: "nvidia-cuda-cupti",
        version: "13.0.85",
        megabytes: 11,
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    },
];

/// What computing on a GPU takes besides.
const CUDA: [Pin; 13] = [
    Pin {
        package: "nvidia-cublas",
        version: "13.1.0.3",
        megabytes: 423,
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    },
    Pin {
        package: "nvidia-cuda-nvrtc",
        version: "13.0.88",
        megabytes: 90,
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    },
    Pin {
        package: "nvidia-cudnn-cu13",
        version: "9.19.0.56",
        megabytes: 366,
        sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
    },
    Pin {
        package: "nvidia-cufft",
        version: "12.0.0.61",
        megabytes: 214,
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    },
    Pin {
        package: "nvidia-cufile",
        version: "1.15.1.6",
        megabytes: 1,
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
    },
    Pin {
        package: "nvidia-curand",
        version: "10.4.0.35",
        megabytes: 60,
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    },
    Pin {
        package: "nvidia-cusolver",
        version: "12.0.4.66",
        megabytes: 201,
        sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
    },
    Pin {
        package: "nvidia-cusparse",
        version: "12.6.3.3",
        megabytes: 146,
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
    },
    Pin {
        package: "nvidia-cusparselt-cu13",
        version: "0.8.0",
        megabytes: 170,
        sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
    },
    Pin {
        package: "nvidia-nccl-cu13",
        version: "2.28.9",
        megabytes: 196,
        sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    },
    Pin {
        package: "nvidia-nvjitlink",
        version: "13.0.88",
        megabytes: 41,
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    },
    Pin {
        package: "nvidia-nvshmem-cu13",
        version: "3.4.5",
        megabytes: 60,
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
    },
    Pin {
        package: "nvidia-nvtx",
        version: "13.0.85",
        megabytes: 1,
        sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
    },
];

/// The wheels for this machine, if there are any.
pub(super) fn wheels(cuda: bool) -> Option<Vec<Pin>> {
    let more: &[Pin] = if cuda { &CUDA } else { &[] };
    let is_known = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    is_known.then(|| CPU.iter().chain(more).copied().collect())
}

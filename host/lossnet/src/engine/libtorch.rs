//! Finds libtorch and brings it into the process.
#![allow(unsafe_code, reason = "loading a shared library runs code of it")]

use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

/// The release of libtorch that this lossnet was built for.
pub const LIBTORCH_RELEASE: &str = "2.11.0";

const CPU: &str = "libtorch_cpu.so";
const CUDA: &str = "libtorch_cuda.so";

/// Why libtorch could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibtorchError {
    /// It is nowhere.
    #[error(
        "libtorch {LIBTORCH_RELEASE} was not found (looked at {looked}): set LIBTORCH to its folder, or set \
         LD_LIBRARY_PATH to the folder `lib` of a Python torch {LIBTORCH_RELEASE}"
    )]
    NotFound {
        /// Where it was looked for.
        looked: String,
        /// What the dynamic loader said.
        #[source]
        source: libloading::Error,
    },
    /// What was found is another release.
    #[error(
        "the libtorch in {folder} is {found}, and this lossnet was built for {LIBTORCH_RELEASE}: set LIBTORCH to \
         a folder with that release"
    )]
    Release {
        /// Where it is.
        folder: PathBuf,
        /// Its version.
        found: String,
    },
    /// The dynamic loader refused it.
    #[error("libtorch's {file} could not be loaded")]
    Refused {
        /// The file.
        file: PathBuf,
        /// What the dynamic loader said.
        #[source]
        source: libloading::Error,
    },
    /// There is no CUDA in this libtorch.
    #[error(
        "the libtorch in {folder} has no {CUDA}, so it computes on CPUs only: use a libtorch with CUDA, or device = \"cpu\""
    )]
    NoCuda {
        /// Where it is.
        folder: PathBuf,
    },
}

/// A libtorch in this process. It stays until the process ends.
#[derive(Debug)]
pub struct Libtorch {
    /// The folder with its libraries, where that is known.
    pub folder: Option<PathBuf>,
    /// Its version as its own files say, such as `2.11.0+cu130`, where they do.
    pub version: Option<String>,
}

/// The folder of `libtorch_cpu.so` in one of the places that can be named: `LIBTORCH`, beside the binary. `None`
/// leaves it to the dynamic loader (`LD_LIBRARY_PATH`, the binary's run path).
fn find_libtorch() -> Option<PathBuf> {
    let mut folders = Vec::new();
    if let Some(root) = std::env::var_os("LIBTORCH").filter(|root| !root.is_empty()) {
        folders.push(PathBuf::from(&root).join("lib"));
        folders.push(root.into());
    }
    for folder in std::env::var_os("LD_LIBRARY_PATH").iter().flat_map(std::env::split_paths) {
        folders.push(folder);
    }
    if let Some(binary) = super::files::binary_folder() {
        for above in ["../lib", "../libtorch/lib", "../../libtorch/lib", "../../../libtorch/lib"] {
            folders.push(binary.join(above));
        }
    }
    // Resolved, since libtorch finds its own dependencies relative to the path it is opened by.
    folders.iter().find_map(|folder| Some(folder.join(CPU).canonicalize().ok()?.parent()?.to_owned()))
}

/// The version that the files around a libtorch's library folder state: Python's `version.py`, the C++ archive's
/// `build-version`, or the headers.
fn version_beside(folder: &Path) -> Option<String> {
    let root = folder.parent()?;
    if let Ok(text) = fs_err::read_to_string(root.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    if let Ok(text) = fs_err::read_to_string(root.join("version.py")) {
        let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
        return Some(line.trim().trim_matches(['\'', '"']).to_owned());
    }
    let text = fs_err::read_to_string(root.join("include/torch/headeronly/version.h")).ok()?;
    let part = |name: &str| {
        let define = format!("#define TORCH_VERSION_{name} ");
        text.lines().find_map(|line| line.strip_prefix(&define)).map(str::trim)
    };
    Some([part("MAJOR")?, part("MINOR")?, part("PATCH")?].join("."))
}

impl Libtorch {
    /// Loads libtorch's CPU part.
    pub fn load() -> Result<Libtorch, LibtorchError> {
        let folder = find_libtorch();
        let version = folder.as_deref().and_then(version_beside);
        if let (Some(folder), Some(found)) = (&folder, &version)
            && found.split('+').next() != Some(LIBTORCH_RELEASE)
        {
            return Err(LibtorchError::Release { folder: folder.clone(), found: found.clone() });
        }
        let file = folder.as_ref().map_or_else(|| PathBuf::from(CPU), |folder| folder.join(CPU));
        open(&file).map_err(|source| match &folder {
            Some(_) => LibtorchError::Refused { file, source },
            None => LibtorchError::NotFound {
                looked: "LIBTORCH, LD_LIBRARY_PATH, beside the binary".to_owned(),
                source,
            },
        })?;
        Ok(Libtorch { folder, version })
    }

    /// Loads libtorch's CUDA part, which registers itself with the CPU part.
    pub fn add_cuda(&self) -> Result<(), LibtorchError> {
        let file = self.folder.as_ref().map_or_else(|| PathBuf::from(CUDA), |folder| folder.join(CUDA));
        if let Some(folder) = &self.folder
            && !file.is_file()
        {
            return Err(LibtorchError::NoCuda { folder: folder.clone() });
        }
        open(&file).map_err(|source| LibtorchError::Refused { file, source })
    }
}

/// Opens a library for good, with its symbols visible to those opened later.
fn open(file: &Path) -> Result<(), libloading::Error> {
    // SAFETY: libtorch's initializers may run at any time on any thread; the user chose the file through
    // LIBTORCH, LD_LIBRARY_PATH or the installation.
    let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_GLOBAL)? };
    // Never closed: tensors, threads and thread-locals of libtorch live as long as the process.
    std::mem::forget(library);
    Ok(())
}

/// Sets how precisely CUDA's matrix products are computed, which the libraries read from the environment when
/// they start: TensorFloat-32 only where the caller asked for it.
pub(super) fn choose_cuda_math(tf32: bool) {
    let (name, value) =
        if tf32 { ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1") } else { ("NVIDIA_TF32_OVERRIDE", "0") };
    // SAFETY: called by the main thread before libtorch, the first thing to start threads, is loaded.
    unsafe { std::env::set_var(name, value) };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn versions_are_read_from_either_layout() {
        let root = tempfile::tempdir().unwrap();
        let lib = root.path().join("lib");
        assert_eq!(version_beside(&lib), None);
        let headers = root.path().join("include/torch/headeronly");
        fs_err::create_dir_all(&headers).unwrap();
        let parts = ["MAJOR 2", "MINOR 11", "PATCH 0"].map(|part| format!("#define TORCH_VERSION_{part}\n"));
        fs_err::write(headers.join("version.h"), parts.concat()).unwrap();
        assert_eq!(version_beside(&lib).as_deref(), Some("2.11.0"));
        fs_err::write(root.path().join("version.py"), "__version__ = '2.11.0+cu130'\ndebug = False\n")
            .unwrap();
        assert_eq!(version_beside(&lib).as_deref(), Some("2.11.0+cu130"));
        fs_err::write(root.path().join("build-version"), "2.10.0+cpu\n").unwrap();
        assert_eq!(version_beside(&lib).as_deref(), Some("2.10.0+cpu"));
    }
}

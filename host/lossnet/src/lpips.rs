//! LPIPS v0.1, the published calibrated metrics.
//!
//! Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
//! CVPR 2018. The calibration files are those of the repository `richzhang/PerceptualSimilarity`, under the two-clause
//! BSD licence.

/// One of the metrics: a backbone, its layers and the file of its calibration weights.
///
/// Features are compared by `spatial` with `epsilon = "lpips"`, images are normalized as `imagenet`, which is what
/// LPIPS's scaling layer does to images in [-1, 1].
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, such as `lpips-alex`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The backbone.
    pub backbone: &'static str,
    /// Indices of the layers.
    pub layers: &'static [usize],
    /// Where its calibration weights are published.
    pub url: &'static str,
    /// SHA-256 of that file.
    pub sha256: &'static str,
}

/// All of them, the one that is meant where none is named first.
pub const ALL: [&Preset; 3] = [&ALEX, &VGG, &SQUEEZE];

/// On AlexNet.
pub const ALEX: Preset = Preset {
    name: "lpips-alex",
    summary: "LPIPS v0.1 on AlexNet: calibrated distances of five layers (Zhang et al., CVPR 2018)",
    backbone: "alexnet",
    layers: &[1, 4, 7, 9, 11],
    url: "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/alex.pth",
    sha256: "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
};

/// On SqueezeNet 1.1.
pub const SQUEEZE: Preset = Preset {
    name: "lpips-squeeze",
    summary: "LPIPS v0.1 on SqueezeNet 1.1: calibrated distances of seven layers (Zhang et al., CVPR 2018)",
    backbone: "squeezenet1_1",
    layers: &[1, 4, 7, 9, 10, 11, 12],
    url: "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/squeeze.pth",
    sha256: "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76",
};

/// On VGG-16.
pub const VGG: Preset = Preset {
    name: "lpips-vgg",
    summary: "LPIPS v0.1 on VGG-16: calibrated distances of five layers (Zhang et al., CVPR 2018)",
    backbone: "vgg16",
    layers: &[3, 8, 15, 22, 29],
    url: "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/vgg.pth",
    sha256: "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
};

impl Preset {
    /// Name under which its calibration file is kept.
    pub fn file_name(&self) -> String {
        format!("{}-v0.1.pth", self.name)
    }
}

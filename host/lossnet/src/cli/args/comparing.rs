//! The arguments of `lossnet compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::NetworkArguments;

/// Without --metric and --backbone, the metric is `lpips-alex`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArguments {
    /// Two images; two directories, paired by file stem; or one image and several others (or a directory) to compare it to.
    #[arg(value_name = "IMAGE|FOLDER")]
    pub(in crate::cli) images: Vec<PathBuf>,
    /// A directory of images; give the option twice to compare two directories.
    #[arg(long, num_args = 1..=2, value_name = "FOLDER", conflicts_with = "images")]
    pub(in crate::cli) dir: Vec<PathBuf>,
    /// Compare all pairs of images, of a directory or of those named.
    #[arg(long)]
    pub(in crate::cli) all_pairs: bool,
    /// Remove these strings from file stems before pairing: `--strip _HR,_LR` pairs img_HR with img_LR.
    #[arg(long, value_delimiter = ',', value_name = "TEXT,…")]
    pub(in crate::cli) strip: Vec<String>,
    /// A published metric (see `lossnet list metrics`).
    #[arg(
        long,
        value_enum,
        conflicts_with_all = ["backbone", "layers", "comparison", "normalize", "no_channel_norm", "epsilon"]
    )]
    pub(in crate::cli) metric: Option<MetricPreset>,
    /// The network; requires --layers.
    #[arg(long)]
    pub(in crate::cli) backbone: Option<String>,
    /// Layers by index or dotted name (1,4,features.7), `all` indexed layers, or the `paper`'s four.
    #[arg(long, value_delimiter = ',')]
    pub(in crate::cli) layers: Vec<String>,
    /// Comparison of features: `spatial` (default), `mean`, `sort`, or a sum such as `spatial+sort`.
    #[arg(long)]
    pub(in crate::cli) comparison: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArguments,
    /// Calibration weights in LPIPS's format (.pth or .safetensors with lin0.model.1.weight, …).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) calibration: Option<PathBuf>,
    /// Do not divide the channels at each position by their norm.
    #[arg(long)]
    pub(in crate::cli) no_channel_norm: bool,
    /// Epsilon of the channel norm: `f-normalize` (max(norm, 1e-12)) or `lpips` (norm + 1e-10).
    #[arg(long, value_name = "FORM", conflicts_with = "no_channel_norm")]
    pub(in crate::cli) epsilon: Option<String>,
    /// Write a spatial map of the distance over the first image (PNG); a directory for several pairs. Not available for `mean`
    /// and `sort`, and for layers with a single position.
    #[arg(long, value_name = "OUT.png|FOLDER")]
    pub(in crate::cli) map: Option<PathBuf>,
    /// Write the distances as CSV into this file: one row per pair, one column per layer.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Option<PathBuf>,
    /// Print JSON: one document, or for several pairs one line per pair and one with the mean.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Published metrics.
#[expect(clippy::enum_variant_names, reason = "these are the metrics' names; others will not be LPIPS")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum MetricPreset {
    /// LPIPS v0.1 on AlexNet.
    #[value(alias = "lpips")]
    LpipsAlex,
    /// LPIPS v0.1 on VGG-16.
    LpipsVgg,
    /// LPIPS v0.1 on SqueezeNet 1.1.
    LpipsSqueeze,
}

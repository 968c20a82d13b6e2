//! The arguments of `lossnet compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::NetworkArguments;

/// Without --metric and --backbone the distance is `lpips-alex`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArguments {
    /// Two images; two folders, whose images are paired by base name; one image and a folder, or one image and several
    /// others, to which it is compared.
    #[arg(value_name = "IMAGE|FOLDER")]
    pub(in crate::cli) images: Vec<PathBuf>,
    /// The same as naming two folders: give the option twice.
    #[arg(long, num_args = 1..=2, value_name = "FOLDER", conflicts_with = "images")]
    pub(in crate::cli) dir: Vec<PathBuf>,
    /// Compare each image with each other one: of a folder, or of those named.
    #[arg(long)]
    pub(in crate::cli) all_pairs: bool,
    /// Leave these texts out of base names where folders are paired: `--strip _HR,_LR` pairs img_HR with img_LR.
    #[arg(long, value_delimiter = ',', value_name = "TEXT,…")]
    pub(in crate::cli) strip: Vec<String>,
    /// A published metric; `lossnet list metrics` names them.
    #[arg(
        long,
        value_enum,
        conflicts_with_all = ["backbone", "layers", "comparison", "normalize", "no_channel_norm", "epsilon"]
    )]
    pub(in crate::cli) metric: Option<MetricPreset>,
    /// The network, with --layers.
    #[arg(long)]
    pub(in crate::cli) backbone: Option<String>,
    /// Layers by index and dotted name (1,4,features.7), `all` indexed ones, or the `paper`'s four.
    #[arg(long, value_delimiter = ',')]
    pub(in crate::cli) layers: Vec<String>,
    /// How features are compared: `spatial` (the default), `mean`, `sort`, or a sum such as `spatial+sort`.
    #[arg(long)]
    pub(in crate::cli) comparison: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArguments,
    /// Calibration weights in LPIPS's format (.pth or .safetensors with lin0.model.1.weight, …).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) calibration: Option<PathBuf>,
    /// Compare features as they are, without dividing each position's channels by their norm.
    #[arg(long)]
    pub(in crate::cli) no_channel_norm: bool,
    /// How the channel norm is kept from zero: `f-normalize` (max(norm, 1e-12)) or `lpips` (norm + 1e-10).
    #[arg(long, value_name = "FORM", conflicts_with = "no_channel_norm")]
    pub(in crate::cli) epsilon: Option<String>,
    /// Draw over the first image where the second differs (PNG); a folder for the maps where there are several pairs. Refused
    /// where positions mean nothing: with `mean` or `sort`, or at a layer of a single position.
    #[arg(long, value_name = "OUT.png|FOLDER")]
    pub(in crate::cli) map: Option<PathBuf>,
    /// Write the distances as CSV into this file: one row per pair, each layer's share in a column of its own.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Option<PathBuf>,
    /// Print JSON: one document, or one line per pair of several and one with their mean.
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

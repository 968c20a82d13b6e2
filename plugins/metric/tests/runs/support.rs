//! Samples and runs in memory.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::testing::{MemoryRun, formula_images};
use lossnet_plugin_metric::{MetricSettings, task};
use serde_json::Value;

pub(crate) fn picture(name: &str) -> (String, Field) {
    let field = name.rsplit('/').next().unwrap().to_owned();
    let image = Image::from_tensor(&formula_images(5, name, &[3, 16, 16]).unwrap()).unwrap();
    (field, Field::Image(image.into()))
}

/// Triplets in two groups: p1 is a mix of the reference and noise where people chose it, else p0 is.
pub(crate) fn triplets(split: &str, count: usize) -> Vec<Sample> {
    let triplet = |index: usize| {
        let id = format!("{split}/{index}");
        let judge = if index.is_multiple_of(3) { 0.9 } else { 0.2 };
        let (closer, other) = if judge > 0.5 { ("p1", "p0") } else { ("p0", "p1") };
        let noise = picture(&format!("{id}/{other}"));
        let reference = picture(&format!("{id}/ref"));
        let Field::Image(clean) = &reference.1 else { unreachable!() };
        let Field::Image(wild) = &noise.1 else { unreachable!() };
        let mixed =
            clean.data.iter().zip(&wild.data).map(|(a, b)| ((3 * u16::from(*a) + u16::from(*b)) / 4) as u8);
        let mixed = Image::rgb(16, 16, mixed.collect()).unwrap();
        let fields = vec![
            reference,
            noise,
            (closer.to_owned(), Field::Image(mixed.into())),
            ("judge".to_owned(), Field::Number(judge)),
        ];
        Sample { id, group: ["a", "b"][index % 2].to_owned(), fields }
    };
    (0..count).map(triplet).collect()
}

pub(crate) fn pairs(count: usize) -> Vec<Sample> {
    let pair = |index: usize| {
        let id = format!("jnd/{index}");
        let mut fields = vec![picture(&format!("{id}/p0")), picture(&format!("{id}/p1"))];
        fields.push(("same".to_owned(), Field::Number(index as f64 / count as f64)));
        Sample { id, group: String::new(), fields }
    };
    (0..count).map(pair).collect()
}

pub(crate) fn run_in(folder: &Path) -> MemoryRun {
    MemoryRun::new(folder)
        .unwrap()
        .with_samples("train", triplets("train", 12))
        .with_samples("val", triplets("val", 9))
        .with_samples("jnd", pairs(7))
        .with_samples("other:val", triplets("other", 4))
}

pub(crate) fn settings(variant: &str) -> Value {
    let mut settings = serde_json::to_value(MetricSettings::default()).unwrap();
    settings["variant"] = variant.into();
    settings["size"] = 16.into();
    let training = &mut settings["training"];
    training["epochs"] = 3.into();
    training["batch_size"] = 5.into();
    training["learning_rate"] = 0.01.into();
    training["checkpoint_minutes"] = 0.0.into();
    settings
}

/// Dropout is drawn from libtorch's generator, which is one for all tests of a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn execute(settings: &Value, run: &MemoryRun) -> Result<(), PluginError> {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    task().run_json(&settings.to_string(), run)
}

/// A column of all samples of a split, such as d0 or d.
pub(crate) fn distances(run: &MemoryRun, split: &str, column: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for report in run.reports() {
        if let Report::Samples(rows) = report
            && rows.split == split
        {
            found.extend_from_slice(rows.column(column).unwrap());
        }
    }
    found
}

//! Testing a trained network on test sets.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::loader::{LoaderOptions, for_each_batch};
use lossnet_plugin_kit::{samples, scores};

use crate::data::FIELD;
use crate::pictures::Stages;
use crate::protocol::{Case, Scores};
use crate::settings::{SuperResolutionSettings, TestProtocol};

/// Images that are loaded together; each is tested alone.
const LOADED: usize = 4;

/// What enlarges an image by the factor, to 8 bits: the trained network, or what is to be compared with it.
pub type Enlarge<'a> = dyn Fn(&Image) -> Result<Image, PluginError> + 'a;

/// How far the features of what becomes of an image, before it is rounded, are from those of its target: the loss that was
/// trained with.
pub type FeatureLoss<'a> = dyn Fn(&Image, &Image) -> Result<f64, PluginError> + 'a;

/// A split to be tested on.
pub struct TestSet {
    /// Its name in results.
    pub name: String,
    /// Its samples.
    pub samples: Box<dyn Samples>,
}

impl std::fmt::Debug for TestSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestSet({}, {} samples)", self.name, self.samples.len())
    }
}

/// The split that is tested on where nothing else is said.
pub(crate) const DEFAULT_SPLIT: &str = "test";

/// Opens what is tested on: the datasets of `[data.test.LABEL]`, or, if there are none, the splits of the main dataset.
///
/// Fails where one can't be opened or is empty.
pub fn test_sets(run: &dyn Run) -> Result<Vec<TestSet>, PluginError> {
    let context = run.context();
    let mut names: Vec<(String, String)> = Vec::new();
    for data in &context.test {
        for split in &data.splits {
            let name =
                if data.splits.len() == 1 { data.label.clone() } else { format!("{}/{split}", data.label) };
            names.push((name, format!("{}:{split}", data.label)));
        }
    }
    if names.is_empty() {
        names.extend(context.splits.iter().map(|split| (split.clone(), split.clone())));
    } else if !context.splits.is_empty() && context.splits != [DEFAULT_SPLIT] {
        run.notice(&format!(
            "only the datasets of [data.test.LABEL] are tested on, not `data.splits` ({}): the main dataset can have such \
             a section, too",
            context.splits.join(", ")
        ));
    }
    let open = |(name, split): (String, String)| {
        let samples = run.samples(&split)?;
        if samples.is_empty() {
            return Err(PluginError::input(format!("the split `{split}` has no image to test on")));
        }
        Ok(TestSet { name, samples })
    };
    let sets = names.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    if sets.is_empty() {
        return Err(PluginError::input("there is nothing to test on")
            .with_help("name splits with data.splits, or datasets in sections [data.test.LABEL]"));
    }
    Ok(sets)
}

/// A test image under all protocols, with the bicubic baseline's scores.
struct Ready {
    id: String,
    group: String,
    cases: Vec<(Case, Scores)>,
}

/// The scores of all images of a set under one protocol.
struct Table {
    rows: SampleRows,
    psnr: Vec<f64>,
    ssim: Vec<f64>,
    bicubic_psnr: Vec<f64>,
    bicubic_ssim: Vec<f64>,
    feature_loss: Vec<f64>,
}

impl Table {
    fn new(split: String) -> Table {
        Table {
            rows: SampleRows { split, ..SampleRows::default() },
            psnr: Vec::new(),
            ssim: Vec::new(),
            bicubic_psnr: Vec::new(),
            bicubic_ssim: Vec::new(),
            feature_loss: Vec::new(),
        }
    }

    fn add(&mut self, id: &str, group: &str, output: Scores, bicubic: Scores) {
        self.rows.ids.push(id.to_owned());
        self.rows.groups.push(group.to_owned());
        self.psnr.push(output.psnr);
        self.ssim.push(output.ssim);
        self.bicubic_psnr.push(bicubic.psnr);
        self.bicubic_ssim.push(bicubic.ssim);
    }

    /// Reports the scores and their means.
    fn report(self, run: &dyn Run) -> Result<(), PluginError> {
        let columns = [
            ("psnr", "dB", self.psnr),
            ("ssim", "share", self.ssim),
            ("bicubic_psnr", "dB", self.bicubic_psnr),
            ("bicubic_ssim", "share", self.bicubic_ssim),
            ("feature_loss", "1", self.feature_loss),
        ];
        let mut rows = self.rows;
        for (name, unit, values) in columns.into_iter().filter(|(.., values)| !values.is_empty()) {
            let table = (name, rows.split.as_str());
            let higher_is_better = name != "feature_loss";
            let report = scores::mean_of(name, &rows.split, &values, table, unit, higher_is_better);
            let report = match name {
                "psnr" | "ssim" => scores::against_metric(report, "bicubic", &format!("bicubic_{name}")),
                _ => report,
            };
            // SSIM is a correlation, among other things.
            let report = if name.ends_with("ssim") { scores::within(report, -1.0, 1.0) } else { report };
            run.report(0, &report)?;
            rows.columns.push(Column { name: name.to_owned(), values });
        }
        scores::report(run, 0, rows)
    }
}

/// Tests on one set under the settings' protocols: enlarges its images, scores and saves them, and reports the means of
/// all scores and those of bicubic interpolation. Images cropped to the side of the training have a feature loss, too, if it can
/// be computed: with other sides a loss network may have no such layer.
///
/// Fails where a sample has no image, an image is too small, or `enlarge` fails.
pub fn evaluate(
    set: &TestSet,
    settings: &SuperResolutionSettings,
    run: &dyn Run,
    enlarge: &Enlarge<'_>,
    feature_loss: Option<&FeatureLoss<'_>>,
) -> Result<(), PluginError> {
    let total = set.samples.len();
    let protocols = &settings.test_protocols;
    let mut tables: Vec<Table> =
        protocols.iter().map(|&protocol| Table::new(format!("{}/{}", set.name, name(protocol)))).collect();
    let mut done = 0;
    let stage = format!("testing on {}", set.name);
    run.advance(&stage, 0, total as u64, "images");
    let prepare = |sample| ready(&sample, settings);
    for_each_batch(&*set.samples, 0..total, LoaderOptions::of(run, LOADED), prepare, |batch: Vec<Ready>| {
        for Ready { id, group, cases } in batch {
            for (((case, bicubic), table), protocol) in cases.into_iter().zip(&mut tables).zip(protocols) {
                run.check_cancelled()?;
                let of_sample = |error: PluginError| error.context(format_args!("sample {id}"));
                let output = enlarge(&case.input).map_err(of_sample)?;
                if let (Some(loss), TestProtocol::Crop) = (feature_loss, protocol) {
                    table.feature_loss.push(loss(&case.input, &case.target).map_err(of_sample)?);
                }
                table.add(&id, &group, case.scores(&output, settings.protocol)?, bicubic);
                if done < settings.save_images {
                    let Case { input, bicubic, target, .. } = &case;
                    let (set, id, output) = (&*table.rows.split, &*id, &output);
                    let stages = Stages { set, id, input, bicubic, output, target };
                    stages.save(run, settings.match_histograms)?;
                }
            }
            done += 1;
            run.advance(&stage, done as u64, total as u64, "images");
        }
        Ok(())
    })?;
    tables.into_iter().try_for_each(|table| table.report(run))
}

/// A protocol's name in results.
fn name(protocol: TestProtocol) -> &'static str {
    match protocol {
        TestProtocol::Crop => "center-crop",
        TestProtocol::Standard => "standard",
    }
}

/// Runs in the loading threads.
fn ready(sample: &Sample, settings: &SuperResolutionSettings) -> Result<Ready, PluginError> {
    let image = samples::image(sample, FIELD)?;
    let case = |protocol: &TestProtocol| {
        let case = match protocol {
            TestProtocol::Crop => Case::crop(&image, settings.size, settings.factor, settings.protocol)?,
            TestProtocol::Standard => Case::standard(&image, settings.factor)?,
        };
        let bicubic = case.scores(&case.bicubic, settings.protocol)?;
        Ok((case, bicubic))
    };
    let cases = settings.test_protocols.iter().map(case).collect::<Result<Vec<_>, PluginError>>()?;
    Ok(Ready { id: sample.id.clone(), group: sample.group.clone(), cases })
}

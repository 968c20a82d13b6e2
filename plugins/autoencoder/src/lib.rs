//! The task `autoencoder`: what is the code of an autoencoder worth that was trained with a perceptual loss?
//!
//! An autoencoder learns to make images, or a loss network's features, from small codes. Then small networks learn to tell
//! from the codes what is in the images; how well they can is the result. After Pihlgren, Sandin and Liwicki, "Improving
//! Image Autoencoder Embeddings with Perceptual Loss", IJCNN 2020 (arXiv 2001.03444).

mod codes;
mod data;
pub mod networks;
pub mod objective;
mod prediction;
mod results;
mod settings;
mod sharing;
mod training;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Kind};
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::train::{Trained, discard, stage_seed};
use lossnet_plugin_kit::{nn, scores};
use serde_json::{Value, json};

pub use prediction::{Scores, predictor_loss, predictor_name};
pub use settings::{AutoencoderSettings, EarlyStopping, Protocol};

use codes::{Codes, Encoding};
use data::{Data, PREFERRED, Part, Preparation};
use networks::{Autoencoder, FeatureShapes, Form, Model};
use objective::Objective;
use prediction::{Prediction, TrainedPredictor};
use results::{Baselines, Recorded};
use training::{STAGE, train_autoencoder};

struct AutoencoderTask;

impl Task for AutoencoderTask {
    type Config = AutoencoderSettings;

    fn info(&self) -> Info {
        Info::new(
            "autoencoder",
            "what the codes of autoencoders trained with a loss network tell about images",
        )
        .with_reference("Pihlgren et al., arXiv 2001.03444, arXiv 2003.07441; arXiv 2302.04032")
    }

    fn run(&self, settings: AutoencoderSettings, run: &dyn Run) -> Result<(), PluginError> {
        // Cells differ in what is predicted, and share the autoencoder.
        let cells = sharing::settings(&settings, run)?;
        cells.iter().try_for_each(check)?;
        let network = match settings.protocol {
            Protocol::Corrected => FrozenNetwork::steady(run)?,
            Protocol::Published => FrozenNetwork::drifting(run)?,
        };
        let objective = Objective::new(
            network.network(),
            settings.perceptual,
            settings.divergence_weight,
            settings.sorted_weight,
        )
        .with_protocol(settings.protocol);
        // All of it, so that what is missing is found out before hours are spent on a training.
        let data = cells.iter().map(|settings| Data::open(settings, run)).collect::<Result<Vec<_>, _>>()?;
        let part = &data[0].autoencoder;
        let preparation = Preparation::new(settings.size).like(&*part.samples)?;
        let mut autoencoder = build(&settings, &objective, preparation, run)?;
        let training = settings.early_stopping.apply(&settings.training, settings.protocol);
        let folder = sharing::folder(run);
        let lock = sharing::lock(&folder, run)?;
        let shared = sharing::Part::shared(run, &folder);
        let shown = data[0].evaluated.first().map_or(&*part.samples, |(_, samples)| &**samples);
        let trained = train_autoencoder(
            &mut autoencoder,
            &objective,
            &network,
            part,
            shown,
            preparation,
            &training,
            &shared,
        )?;
        for (cell, (settings, data)) in cells.iter().zip(&data).enumerate() {
            let run = sharing::Part::one(run, cell);
            predict(settings, &autoencoder, &objective, preparation, data, &run)?;
            report_autoencoder(&trained, part, &run)?;
            if settings.keep_checkpoints {
                nn::write(
                    autoencoder.variables(),
                    &run.context().cells[0].checkpoints.join("network.safetensors"),
                )?;
            }
        }
        discard_unwanted(&cells, &shared, run)?;
        drop(lock);
        Ok(())
    }

    fn shared_axes(&self) -> Vec<SharedAxes> {
        let axes = sharing::PREDICTION.map(|key| format!("task.{key}")).to_vec();
        vec![SharedAxes { when: serde_json::Map::new(), axes }]
    }

    /// The training of the autoencoder. Codes of models that read features need a pass for each sample, once: little beside it.
    fn work(&self) -> Vec<Work> {
        let of = |model: &Model| {
            let reconstructs = matches!(model, Model::FourLayerCvae | Model::PerceptualFeatureToImgCvae);
            Work {
                when: [("task.model".to_owned(), json!(model))].into_iter().collect(),
                splits: "task.autoencoder_split".to_owned(),
                otherwise: PREFERRED.map(str::to_owned).to_vec(),
                epochs: Some("task.training.epochs".to_owned()),
                // The features that are to be reached or read, and those of a reconstruction, through which gradients come.
                forwards: if reconstructs { 2 } else { 1 },
                backwards: u32::from(reconstructs),
                side: Some("task.size".to_owned()),
                padded: Some(data::PADDING),
                batch: Some("task.training.batch_size".to_owned()),
                ..Work::default()
            }
        };
        Model::ALL.iter().map(of).collect()
    }

    /// Raised when cells began to share autoencoders, which are drawn from other seeds since, and when the published protocol
    /// put the loss network into training mode.
    fn protocol_version(&self) -> u32 {
        3
    }

    fn needs(&self) -> Vec<String> {
        ["image", "label"].map(str::to_owned).to_vec()
    }

    fn config_defaults(&self) -> Vec<(String, Value)> {
        vec![
            ("loss_network.normalize".to_owned(), json!("none")),
            ("data.splits".to_owned(), json!(["test"])),
        ]
    }

    fn main_metric(&self) -> Option<MainMetric> {
        Some(MainMetric::new("accuracy").on("best"))
    }

    fn measure_settings(&self) -> Vec<String> {
        ["protocol", "size", "classes"].map(str::to_owned).to_vec()
    }
}

/// What the schema of the settings can't say.
fn check(settings: &AutoencoderSettings) -> Result<(), PluginError> {
    for (at, hidden) in settings.predictors.iter().enumerate() {
        if hidden.contains(&0) {
            return Err(PluginError::input(format!("`task.predictors`: {hidden:?} has a layer of size 0")));
        }
        if settings.predictors[..at].contains(hidden) {
            return Err(PluginError::input(format!("`task.predictors` has {hidden:?} twice")));
        }
    }
    if settings.predictors.is_empty() {
        return Err(PluginError::input("`task.predictors` is empty: there must be one at least"));
    }
    Ok(())
}

/// The autoencoder with the initial weights of this run.
fn build(
    settings: &AutoencoderSettings,
    objective: &Objective<'_>,
    preparation: Preparation,
    run: &dyn Run,
) -> Result<Autoencoder, PluginError> {
    let device = nn::device(&run.context().device)?;
    let image = preparation.extent().ok_or_else(|| PluginError::run("the images' size is not known"))?;
    // What the loss network makes of images of this size shows with any image.
    let blank = Tensor::f_zeros([1, 3, image.0, image.1], (Kind::Float, device)).map_err(torch_error)?;
    let form = Form {
        model: settings.model,
        code: i64::from(settings.latent_dim),
        variational: settings.divergence_weight != 0.0,
        image,
        features: FeatureShapes::of(&objective.features(&blank)?),
    };
    tch::manual_seed((stage_seed(run, STAGE) >> 1) as i64);
    Autoencoder::new(form, device)
}

/// Trains the predictors on codes, and reports what they are worth.
fn predict(
    settings: &AutoencoderSettings,
    autoencoder: &Autoencoder,
    objective: &Objective<'_>,
    preparation: Preparation,
    data: &Data,
    run: &dyn Run,
) -> Result<(), PluginError> {
    let (classes, batch_size) = (settings.classes, settings.training.batch_size);
    let encoding = Encoding { autoencoder, objective, preparation, classes, batch_size, run };
    let part = &data.predictors;
    let whole = encoding.of(&part.split, &*part.samples)?;
    let training = whole.select(&part.split, &part.training)?;
    let validation = whole.select("validation", &part.validation)?;
    let predictor_training = settings.early_stopping.apply(&settings.predictor_training, settings.protocol);
    let prediction = Prediction {
        training: &training,
        validation: &validation,
        classes,
        settings: &predictor_training,
        run,
    };
    let predictors = settings.predictors.iter().map(|hidden| prediction.train(hidden));
    let predictors = predictors.collect::<Result<Vec<_>, _>>()?;
    let baselines = |codes: &Codes| -> Result<Baselines, PluginError> {
        Ok(Baselines { classes, frequencies: Scores::of_frequencies(&training, &codes.labels, classes)? })
    };
    let best = report_validation(&predictors, &validation, &baselines(&validation)?, run)?;

    for (split, samples) in &data.evaluated {
        let codes = encoding.of(split, &**samples)?;
        report_test(&predictors, best, &codes, &baselines(&codes)?, run)?;
    }
    Ok(())
}

/// Reports the predictors' validation scores and gives the position of the one with the smallest loss.
fn report_validation(
    predictors: &[TrainedPredictor],
    validation: &Codes,
    baselines: &Baselines,
    run: &dyn Run,
) -> Result<usize, PluginError> {
    let scores = predictors.iter().map(|predictor| predictor.scores(validation));
    let scores = scores.collect::<Result<Vec<_>, _>>()?;
    let loss = |at: &usize| results::mean(&scores[*at].loss);
    let best = (0..scores.len()).min_by(|a, b| loss(a).total_cmp(&loss(b)));
    let best = best.ok_or_else(|| PluginError::run("no predictor was trained"))?;
    for (predictor, scores) in predictors.iter().zip(&scores) {
        results::report(run, &validation.split, &predictor.name, scores, Recorded::Not, baselines)?;
    }
    results::report(run, &validation.split, "best", &scores[best], Recorded::Not, baselines)?;
    run.notice(&format!("{} has the smallest validation loss", predictors[best].name));
    Ok(best)
}

fn report_test(
    predictors: &[TrainedPredictor],
    best: usize,
    codes: &Codes,
    baselines: &Baselines,
    run: &dyn Run,
) -> Result<(), PluginError> {
    let scores = predictors.iter().map(|predictor| predictor.scores(codes));
    let scores = scores.collect::<Result<Vec<_>, _>>()?;
    for (at, (predictor, scores)) in predictors.iter().zip(&scores).enumerate() {
        results::report(run, &codes.split, &predictor.name, scores, Recorded::Correct, baselines)?;
        if at == best {
            results::report(run, &codes.split, "best", scores, Recorded::All, baselines)?;
        }
    }
    let all: Vec<(&str, &Scores)> =
        predictors.iter().zip(&scores).map(|(predictor, scores)| (predictor.name.as_str(), scores)).collect();
    results::record(run, codes, &scores[best], &all)
}

fn report_autoencoder(trained: &Trained, part: &Part, run: &dyn Run) -> Result<(), PluginError> {
    let samples = part.validation.len() as u64;
    let report =
        scores::metric("loss", "validation/autoencoder", trained.best_objective, "loss", false, samples);
    run.report(0, &report)
}

/// Deletes the checkpoints that are not to be kept: those of predictors by each cell's own wish, the autoencoder's where no
/// cell wants it.
fn discard_unwanted(
    cells: &[AutoencoderSettings],
    shared: &sharing::Part<'_>,
    run: &dyn Run,
) -> Result<(), PluginError> {
    // The predictors' first: should that be interrupted, the autoencoder need not be trained anew for them.
    for (cell, settings) in cells.iter().enumerate().filter(|(_, settings)| !settings.keep_checkpoints) {
        let run = sharing::Part::one(run, cell);
        for hidden in &settings.predictors {
            discard(&predictor_name(hidden), &run)?;
        }
    }
    if cells.iter().all(|settings| !settings.keep_checkpoints) {
        discard(STAGE, shared)?;
    }
    Ok(())
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(AutoencoderTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();

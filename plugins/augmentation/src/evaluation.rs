//! Testing on augmented images, and on judgements of people.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch;
use lossnet_plugin_kit::metric::{Distances, Kind, Losses, Means, Protocol, Scoring, evaluate, judged};
use lossnet_plugin_kit::train::stage_seed;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::reference::Unnormalized;
use crate::{AugmentationSettings, NAME, Ranking};

/// Evaluates all splits with these distances, and `losses` for triplets of a metric that was trained. Images are augmented, with
/// draws that depend on the run's seed, the split and the sample's name alone; triplets and pairs are scored as they are.
///
/// Gives the splits of pairs that are left for [`evaluate_pairs`]: those of the published protocol.
pub(crate) fn evaluate_all(
    settings: &AugmentationSettings,
    ranking: &Ranking,
    unnormalized: Option<Unnormalized>,
    run: &dyn Run,
    distances: &Distances<'_>,
    losses: Option<&Losses<'_>>,
) -> Result<Vec<String>, PluginError> {
    let cells = run.context().cells.len();
    let side = settings.size as usize;
    let of_augmented = |images: &[Tensor], pairs: &[(usize, usize)]| match (unnormalized, images) {
        (Some(unnormalized), [reference, others @ ..]) => {
            let mut images = vec![unnormalized.apply(reference)?];
            images.extend(others.iter().map(Tensor::shallow_clone));
            distances(&images, pairs)
        }
        _ => distances(images, pairs),
    };
    let (mut of_judged, mut of_images) = (Means::new(cells), Means::new(cells));
    let mut pairs = Vec::new();
    for split in run.context().evaluated_splits() {
        match kind(&split, run)? {
            Some(Kind::Pair) if settings.protocol == Protocol::Published => pairs.push(split),
            Some(_) => {
                let prepare = |sample| judged(&sample, Some(side), NAME);
                let scoring = Scoring { losses, ..Scoring::new(&prepare, distances) };
                evaluate(&split, run, &scoring, &mut of_judged)?;
            }
            None => {
                let prepare = |sample: Sample| {
                    let seed = stage_seed(run, &format!("test/{split}/{}", sample.id));
                    ranking.triplet(&sample, side, &mut ChaCha8Rng::seed_from_u64(seed))
                };
                let scoring = Scoring { losses, ..Scoring::new(&prepare, &of_augmented) };
                evaluate(&split, run, &scoring, &mut of_images)?;
            }
        }
    }
    // Most images are in no groups: a mean would repeat their score.
    of_images.report_several(run)?;
    of_images.report_over_splits(run)?;
    of_judged.report(run)?;
    Ok(pairs)
}

/// Evaluates splits of pairs with distances of training mode, as the published program does behind its other tests.
pub(crate) fn evaluate_pairs(
    splits: &[String],
    settings: &AugmentationSettings,
    run: &dyn Run,
    distances: &Distances<'_>,
) -> Result<(), PluginError> {
    tch::manual_seed((stage_seed(run, "pairs") >> 1) as i64);
    let prepare = |sample| judged(&sample, Some(settings.size as usize), NAME);
    let batch_size = Some(settings.training.batch_size);
    let scoring = Scoring { batch_size, ..Scoring::new(&prepare, distances) };
    let mut means = Means::new(run.context().cells.len());
    splits.iter().try_for_each(|split| evaluate(split, run, &scoring, &mut means))
}

/// What a split's judgements of people are of; none if its samples are images.
fn kind(split: &str, run: &dyn Run) -> Result<Option<Kind>, PluginError> {
    let samples = run.samples(split)?;
    if samples.is_empty() {
        return Err(PluginError::input(format!("the split `{split}` has no samples")));
    }
    let first = samples.sample(0)?;
    match (first.field("image"), Kind::of(&first)) {
        (Some(_), _) => Ok(None),
        (None, Some(kind)) => Ok(Some(kind)),
        (None, None) => {
            let fields: Vec<&str> = first.fields.iter().map(|(name, _)| name.as_str()).collect();
            Err(PluginError::input(format!(
                "the samples of `{split}` have {}, and the task `{NAME}` is tested with images (image), triplets (ref, p0, \
                 p1, judge) and pairs (p0, p1, same)",
                fields.join(", ")
            ))
            .with_help("choose other splits or another dataset in [data]"))
        }
    }
}

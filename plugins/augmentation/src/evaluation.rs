//! Testing on augmented images, and on judgements of people.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::metric::{Distances, Kind, Means, evaluate, judged};
use lossnet_plugin_kit::train::stage_seed;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::reference::Unnormalized;
use crate::{AugmentationSettings, NAME, Ranking};

/// Evaluates all splits with these distances. Images are augmented, with draws that depend on the run's seed, the split and
/// the sample's name alone; triplets and pairs are scored as they are.
pub(crate) fn evaluate_all(
    settings: &AugmentationSettings,
    ranking: &Ranking,
    unnormalized: Option<Unnormalized>,
    run: &dyn Run,
    distances: &Distances<'_>,
) -> Result<(), PluginError> {
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
    for split in run.context().evaluated_splits() {
        if is_judged(&split, run)? {
            evaluate(
                &split,
                run,
                &|sample| judged(&sample, Some(side), NAME),
                distances,
                &mut of_judged,
                None,
            )?;
            continue;
        }
        let prepare = |sample: Sample| {
            let seed = stage_seed(run, &format!("test/{split}/{}", sample.id));
            ranking.triplet(&sample, side, &mut ChaCha8Rng::seed_from_u64(seed))
        };
        evaluate(&split, run, &prepare, &of_augmented, &mut of_images, None)?;
    }
    // Most images are in no groups: a mean would repeat their score.
    of_images.report_several(run)?;
    of_judged.report(run)
}

/// Whether a split's samples are judgements of people; else they must be images.
fn is_judged(split: &str, run: &dyn Run) -> Result<bool, PluginError> {
    let samples = run.samples(split)?;
    if samples.is_empty() {
        return Err(PluginError::input(format!("the split `{split}` has no samples")));
    }
    let first = samples.sample(0)?;
    match (first.field("image"), Kind::of(&first)) {
        (Some(_), _) => Ok(false),
        (None, Some(_)) => Ok(true),
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

//! Training a metric on triplets.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, torch_error};

use tch::{Kind, Reduction, Tensor};

use super::LearnedMetric;
use crate::train::{At, BatchSource, Loss, Trainee, Validation};

/// A batch of triplets.
#[derive(Debug)]
pub struct TripletBatch {
    /// The references, the first and the second distorted images: N×3×H×W each, RGB; in [0, 1] but for what a published
    /// protocol does to them.
    pub images: [Tensor; 3],
    /// For each triplet the share of people, in [0, 1], who found p1 closer to the reference.
    pub judge: Tensor,
}

/// A second term of the loss that turns distances around which have learned the opposite of what they should: 10 times the
/// binary cross-entropy between `sigmoid(d0 - d1)` and the judgement (Pihlgren et al., arXiv 2304.02265).
///
/// The logit network could else make up for distances that are larger for the more similar image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncLoss {
    /// For the first epochs, so many.
    Epochs(u64),
    /// For each batch whose 2AFC score is at most 0.5.
    WhileWrong,
    /// Never.
    Never,
}

impl SyncLoss {
    /// From the number that configs have: above 0 epochs, 0 never, below 0 while wrong.
    pub fn from_setting(epochs: i64) -> SyncLoss {
        match epochs {
            0 => SyncLoss::Never,
            1.. => SyncLoss::Epochs(epochs as u64),
            _ => SyncLoss::WhileWrong,
        }
    }

    /// Whether a batch of this score in this epoch (from 0) has the term.
    fn applies(self, epoch: u64, score: f64) -> bool {
        match self {
            SyncLoss::Epochs(epochs) => epoch < epochs,
            SyncLoss::WhileWrong => score <= 0.5,
            SyncLoss::Never => false,
        }
    }
}

/// How much the sync loss counts.
const SYNC_WEIGHT: f64 = 10.0;

/// The loss of a batch of triplets, with its graph, and what belongs to it: the binary cross-entropy between the logit
/// network's prediction and the judgement, and the sync loss where it applies in this epoch (from 0).
///
/// References, first and second images go through the network one after the other: batch normalizations see the statistics
/// of each of the three alone. In the published protocol references do so again in front of the second images.
pub fn triplet_loss(
    metric: &LearnedMetric,
    batch: &TripletBatch,
    sync: SyncLoss,
    epoch: u64,
) -> Result<Loss, PluginError> {
    let [reference, p0, p1] = &batch.images;
    let first = metric.features(reference)?;
    let d0 = metric.compare(&first, &metric.features(p0)?)?;
    let again = if metric.is_published() { metric.features(reference)? } else { first };
    let d1 = metric.compare(&again, &metric.features(p1)?)?;
    let judge = batch.judge.f_to(d0.device()).map_err(torch_error)?;
    let mut loss = binary_cross_entropy(&metric.predict(&d0, &d1)?, &judge)?;
    let score = batch_score(&d0, &d1, &judge).map_err(torch_error)?;
    let accuracy = batch_accuracy(&d0, &d1, &judge).map_err(torch_error)?;
    let mut scalars = vec![("2afc_score", score.shallow_clone()), ("2afc_accuracy", accuracy)];
    if sync != SyncLoss::Never && sync.applies(epoch, score.f_double_value(&[]).map_err(torch_error)?) {
        let difference = d0.f_sub(&d1).and_then(|difference| difference.f_sigmoid()).map_err(torch_error)?;
        let term = binary_cross_entropy(&difference, &judge)?;
        let term = term.f_relu().and_then(|term| term.f_mul_scalar(SYNC_WEIGHT)).map_err(torch_error)?;
        loss = loss.f_add(&term).map_err(torch_error)?;
        scalars.push(("sync_loss", term.detach()));
    }
    Ok(Loss { loss, scalars })
}

/// The mean binary cross-entropy between predictions and shares, both in [0, 1]; not a number if a prediction is none.
fn binary_cross_entropy(prediction: &Tensor, share: &Tensor) -> Result<Tensor, PluginError> {
    let attempt = || {
        let finite = prediction.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0;
        if finite {
            prediction.f_binary_cross_entropy::<Tensor>(share, None, Reduction::Mean)
        } else {
            // libtorch refuses those, on CUDA so that the device can't be used any more. The training says what was wrong.
            prediction.f_sum(None::<Kind>)
        }
    };
    attempt().map_err(torch_error)
}

/// The mean 2AFC score of a batch: as [`two_afc_score`](crate::similarity::two_afc_score).
fn batch_score(d0: &Tensor, d1: &Tensor, judge: &Tensor) -> Result<Tensor, tch::TchError> {
    // 1 where p1 is the closer one, 0 where p0 is, 0.5 where they are equal.
    let closer = d0.f_sub(d1)?.f_detach()?.f_sign()?.f_add_scalar(1.0)?.f_div_scalar(2.0)?;
    let other = |share: &Tensor| share.f_neg()?.f_add_scalar(1.0);
    let chosen = closer.f_mul(judge)?.f_add(&other(&closer)?.f_mul(&other(judge)?)?)?;
    chosen.f_mean(Kind::Double)
}

/// The mean 2AFC accuracy of a batch: as [`two_afc_accuracy`](crate::similarity::two_afc_accuracy).
fn batch_accuracy(d0: &Tensor, d1: &Tensor, judge: &Tensor) -> Result<Tensor, tch::TchError> {
    // 1 and -1 where both choose the same image and where they don't, 0 where one of them is undecided.
    let closer = d0.f_sub(d1)?.f_detach()?.f_sign()?;
    let chosen = judge.f_sub_scalar(0.5)?.f_sign()?;
    closer.f_mul(&chosen)?.f_add_scalar(1.0)?.f_div_scalar(2.0)?.f_mean(Kind::Double)
}

/// A metric in training.
pub struct MetricTrainee<'a> {
    metric: LearnedMetric,
    sync: SyncLoss,
    validation: Option<(&'a dyn BatchSource<TripletBatch>, usize)>,
}

impl std::fmt::Debug for MetricTrainee<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricTrainee")
            .field("metric", &self.metric)
            .field("sync", &self.sync)
            .finish_non_exhaustive()
    }
}

impl<'a> MetricTrainee<'a> {
    /// A metric to be trained, and the triplets to validate it with, taken in batches of this size: the objective is their
    /// mean 2AFC score, so the goal is [`Maximize`](crate::train::Goal::Maximize). Without them it is
    /// [`Last`](crate::train::Goal::Last).
    pub fn new(
        metric: LearnedMetric,
        sync: SyncLoss,
        validation: Option<(&'a dyn BatchSource<TripletBatch>, usize)>,
    ) -> MetricTrainee<'a> {
        MetricTrainee { metric, sync, validation }
    }

    /// The metric, with the weights that training has left it.
    pub fn into_metric(self) -> LearnedMetric {
        self.metric
    }
}

impl Trainee<TripletBatch> for MetricTrainee<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        self.metric.parameters()
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        self.metric.buffers()
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.metric.set_training(training)
    }

    fn before_step(&mut self) -> Result<(), PluginError> {
        if self.metric.is_published() { Ok(()) } else { self.metric.clamp() }
    }

    fn loss(&mut self, batch: TripletBatch, at: &At) -> Result<Loss, PluginError> {
        let loss = triplet_loss(&self.metric, &batch, self.sync, at.epoch)?;
        if self.metric.is_published() {
            self.metric.clamp()?;
        }
        Ok(loss)
    }

    fn validate(&mut self, run: &dyn Run) -> Result<Validation, PluginError> {
        let Some((source, batch_size)) = self.validation else { return Ok(Validation::none()) };
        let positions: Vec<usize> = (0..source.len()).collect();
        let batches: Vec<Vec<usize>> = positions.chunks(batch_size.max(1)).map(<[usize]>::to_vec).collect();
        let (mut score, mut accuracy, mut loss) = (0.0, 0.0, 0.0);
        // Always the same epoch: what is drawn for validation is drawn once.
        source.for_each(0, &batches, &mut |batch| {
            run.check_cancelled()?;
            let distances = self.metric.distances(&batch.images, &[(0, 1), (0, 2)])?;
            let mut attempt = || {
                let of = |pair| distances.f_get(0)?.f_get(pair);
                let judge = batch.judge.f_to(distances.device())?;
                let (d0, d1, count) = (of(0)?, of(1)?, judge.numel() as f64);
                score += batch_score(&d0, &d1, &judge)?.f_double_value(&[])? * count;
                accuracy += batch_accuracy(&d0, &d1, &judge)?.f_double_value(&[])? * count;
                Ok((d0, d1))
            };
            let (d0, d1) = attempt().map_err(torch_error)?;
            let of_triplets = self.metric.losses(&d0, &d1, &batch.judge)?;
            loss += of_triplets.iter().sum::<f64>();
            Ok(())
        })?;
        let count = positions.len().max(1) as f64;
        let objective = score / count;
        let curves = [("2afc_score", objective), ("2afc_accuracy", accuracy / count), ("loss", loss / count)];
        let scalars = curves.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(Validation { objective, scalars })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::similarity::{two_afc_accuracy, two_afc_score};

    #[test]
    fn the_score_of_a_batch_is_the_mean_of_its_triplets_scores() {
        let (d0, d1, judge) = ([0.1_f64, 0.4, 0.3, 0.2], [0.2_f64, 0.1, 0.3, 0.5], [0.2_f64, 0.7, 0.9, 1.0]);
        let expected: f64 = (0..4).map(|at| two_afc_score(d0[at], d1[at], judge[at])).sum::<f64>() / 4.0;
        let [d0, d1, judge] = [d0, d1, judge].map(|values| Tensor::from_slice(&values).to_kind(Kind::Float));
        let score = batch_score(&d0, &d1, &judge).unwrap().double_value(&[]);
        assert!((score - expected).abs() < 1e-6, "{score} instead of {expected}");
    }

    #[test]
    fn the_accuracy_of_a_batch_is_the_mean_of_its_triplets_accuracies() {
        let (d0, d1, judge) =
            ([0.1_f64, 0.4, 0.3, 0.2, 0.6], [0.2_f64, 0.1, 0.3, 0.5, 0.9], [0.2, 0.7, 0.9, 1.0, 0.5]);
        let expected: f64 = (0..5).map(|at| two_afc_accuracy(d0[at], d1[at], judge[at])).sum::<f64>() / 5.0;
        let [d0, d1, judge] = [d0, d1, judge].map(|values| Tensor::from_slice(&values).to_kind(Kind::Float));
        let accuracy = batch_accuracy(&d0, &d1, &judge).unwrap().double_value(&[]);
        assert!((accuracy - expected).abs() < 1e-6, "{accuracy} instead of {expected}");
    }

    #[test]
    fn the_sync_loss_applies_as_its_setting_says() {
        let first_two = SyncLoss::from_setting(2);
        assert!(first_two.applies(1, 0.9) && !first_two.applies(2, 0.1));
        let wrong = SyncLoss::from_setting(-1);
        assert!(wrong.applies(7, 0.5) && !wrong.applies(0, 0.500_001));
        assert!(!SyncLoss::from_setting(0).applies(0, 0.0));
    }

    #[test]
    fn predictions_that_are_no_numbers_make_the_loss_none() {
        let prediction = Tensor::from_slice(&[0.5_f32, f32::NAN]);
        let loss = binary_cross_entropy(&prediction, &Tensor::from_slice(&[1.0_f32, 0.0])).unwrap();
        assert!(loss.double_value(&[]).is_nan());
    }
}

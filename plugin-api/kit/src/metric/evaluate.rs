//! One split: loads it, computes distances for all cells in one pass, and hands them on.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, torch_error};
use lossnet_plugin_api::protocol::report::{Column, Report, SampleRows};
use tch::Tensor;

use super::disagreements::Disagreements;
use super::judgement::{Prepare, are_alike, stack};
use super::pictures::{Pictures, Scene};
use super::{Judged, Kind, Means, Pairs, Triplets, two_afc};
use crate::loader::{LoaderOptions, for_each_batch};
use crate::similarity::{two_afc_accuracy, two_afc_score};

/// What computes distances: as [`LossNetwork::distances`](lossnet_plugin_api::component::LossNetwork::distances).
pub type Distances<'a> = dyn Fn(&[Tensor], &[(usize, usize)]) -> Result<Tensor, PluginError> + 'a;

/// What predicts judgements: the loss of each triplet from its distances and its judgement, as
/// [`LearnedMetric::losses`](super::LearnedMetric::losses).
pub type Losses<'a> = dyn Fn(&Tensor, &Tensor, &Tensor) -> Result<Vec<f64>, PluginError> + 'a;

/// How samples are scored.
pub struct Scoring<'a> {
    /// Makes judgements of samples.
    pub prepare: &'a Prepare<'a>,
    /// Computes distances.
    pub distances: &'a Distances<'a>,
    /// Of a metric that was trained: its loss for triplets.
    pub losses: Option<&'a Losses<'a>>,
    /// Which pictures are made of each cell: the triplets on which people and distances disagree most, and spatial maps.
    pub pictures: Option<&'a Pictures<'a>>,
    /// So many samples in each batch, whatever the run says, where distances depend on what is in a batch. Then all batches are
    /// computed, also those that an interrupted run has recorded.
    pub batch_size: Option<usize>,
}

impl std::fmt::Debug for Scoring<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scoring").field("batch_size", &self.batch_size).finish_non_exhaustive()
    }
}

impl<'a> Scoring<'a> {
    /// With these judgements and distances, and nothing else.
    pub fn new(prepare: &'a Prepare<'a>, distances: &'a Distances<'a>) -> Scoring<'a> {
        Scoring { prepare, distances, losses: None, pictures: None, batch_size: None }
    }
}

/// What becomes of the scores of one cell.
enum Score {
    TwoAfc(Triplets, Disagreements),
    Jnd(Pairs),
}

impl Score {
    fn new(kind: Kind, shown: usize) -> Score {
        match kind {
            Kind::Triplet => Score::TwoAfc(Triplets::default(), Disagreements::new(shown)),
            Kind::Pair => Score::Jnd(Pairs::default()),
        }
    }

    fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        match self {
            Score::TwoAfc(triplets, disagreements) => {
                triplets.add(rows)?;
                disagreements.add(rows)
            }
            Score::Jnd(pairs) => pairs.add(rows),
        }
    }
}

/// Evaluates one split for all cells: records each sample's distances, opinion and (triplets) score, and reports the scores of triplets
/// (which are added to `means`, too) or the average precision of pairs. What an interrupted run has recorded is read, not
/// computed again.
///
/// Fails if the split is empty, has triplets and pairs, can't be read, or has changed since an interrupted run; and if a
/// distance is not finite.
pub fn evaluate(
    split: &str,
    run: &dyn Run,
    scoring: &Scoring<'_>,
    means: &mut Means,
) -> Result<(), PluginError> {
    let Scoring { prepare, pictures, .. } = *scoring;
    let samples = run.samples(split)?;
    let total = samples.len();
    if total == 0 {
        return Err(PluginError::input(format!("the split `{split}` has no samples")));
    }
    let kind = prepare(samples.sample(0)?)?.kind;
    let cells = run.context().cells.len();
    let shown = pictures.map_or(0, |pictures| pictures.samples);
    let mut scores: Vec<Score> = (0..cells).map(|_| Score::new(kind, shown)).collect();
    let recorded = recorded_rows(run, split, total)?;
    let first = match scoring.batch_size {
        Some(_) => 0,
        None => recorded.iter().copied().min().unwrap_or(0),
    };
    read_recorded(run, split, first, &mut scores)?;

    let options = LoaderOptions::of(run, scoring.batch_size.unwrap_or(run.context().batch_size));
    let mut done = first;
    run.advance(split, done, total as u64, kind.unit());
    for_each_batch(&*samples, first as usize..total, options, prepare, |batch| {
        run.check_cancelled()?;
        let distances = compute(&batch, kind, scoring.distances)?;
        for (cell, score) in scores.iter_mut().enumerate() {
            let rows = rows(split, &batch, kind, &distances, cell, scoring.losses)?;
            score.add(&rows)?;
            // An interruption may have left some cells one batch ahead of others.
            let skip = recorded[cell].saturating_sub(done) as usize;
            if skip < rows.len() {
                run.report(cell, &Report::Samples(rows.without_first(skip)))?;
            }
        }
        done += batch.len() as u64;
        run.advance(split, done, total as u64, kind.unit());
        Ok(())
    })?;

    let mut disagreements = Vec::with_capacity(cells);
    for (cell, score) in scores.into_iter().enumerate() {
        disagreements.push(match score {
            Score::TwoAfc(triplets, found) => {
                triplets.report(run, cell, split)?;
                means.add(cell, split, &triplets);
                found
            }
            Score::Jnd(pairs) => {
                pairs.report(run, cell, split)?;
                Disagreements::default()
            }
        });
    }
    let Some(pictures) = pictures else { return Ok(()) };
    Scene { run, split, kind, samples: &*samples, prepare, pictures }.report(&disagreements)
}

/// How many scores each cell has from an interrupted run.
fn recorded_rows(run: &dyn Run, split: &str, total: usize) -> Result<Vec<u64>, PluginError> {
    let cells = run.context().cells.iter();
    let counts = cells.map(|cell| {
        let rows = cell.recorded.iter().find(|(name, _)| name == split).map_or(0, |(_, rows)| *rows);
        if rows > total as u64 {
            return Err(PluginError::input(format!(
                "an earlier run of the cell {} has scored {rows} samples of the split `{split}`, which has {total} now: \
                 the dataset has changed",
                cell.id
            ))
            .with_help(format!("move {} away to compute it anew", cell.folder.display())));
        }
        Ok(rows)
    });
    counts.collect()
}

/// Takes the scores that an interrupted run has left, in portions.
fn read_recorded(run: &dyn Run, split: &str, count: u64, scores: &mut [Score]) -> Result<(), PluginError> {
    const PORTION: u64 = 4096;
    for (cell, score) in scores.iter_mut().enumerate() {
        let mut first = 0;
        while first < count {
            let rows = run.recorded(cell, split, first, PORTION.min(count - first))?;
            if rows.is_empty() {
                let message = format!("scores of the split `{split}` of an earlier run have disappeared");
                return Err(PluginError::run(message));
            }
            first += rows.len() as u64;
            score.add(&rows)?;
        }
    }
    Ok(())
}

/// The distances of a batch, cells × pairs × samples. Images of unlike sizes go through the network one by one.
fn compute(
    batch: &[Judged],
    kind: Kind,
    distances: &Distances<'_>,
) -> Result<Vec<Vec<Vec<f64>>>, PluginError> {
    if are_alike(batch) {
        return compute_alike(batch, kind, distances);
    }
    let mut all: Vec<Vec<Vec<f64>>> = Vec::new();
    for judged in batch.chunks(1) {
        let one = compute_alike(judged, kind, distances)?;
        if all.is_empty() {
            all = one;
            continue;
        }
        for (all, one) in all.iter_mut().flatten().zip(one.into_iter().flatten()) {
            all.extend(one);
        }
    }
    Ok(all)
}

/// The same of images of one size.
fn compute_alike(
    batch: &[Judged],
    kind: Kind,
    distances: &Distances<'_>,
) -> Result<Vec<Vec<Vec<f64>>>, PluginError> {
    if let Some(other) = batch.iter().find(|judged| judged.kind != kind) {
        return Err(PluginError::input(format!(
            "the sample {} is among {} and is none of them: a split has either triplets or pairs",
            other.id,
            kind.unit()
        )));
    }
    let images = (0..kind.images().len()).map(|position| stack(batch, position));
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let distances = distances(&images, kind.pairs())?;
    let shape = distances.size();
    let flat = distances
        .f_to_kind(tch::Kind::Double)
        .and_then(|values| values.f_contiguous())
        .and_then(|values| values.f_flatten(0, -1))
        .and_then(Vec::<f64>::try_from)
        .map_err(torch_error)?;
    let (pairs, samples) = (kind.pairs().len(), batch.len());
    if shape.last() != Some(&(samples as i64)) || flat.len() % (pairs * samples) != 0 {
        return Err(PluginError::run(format!(
            "distances of shape {shape:?} came for {pairs} pairs of {samples} samples"
        )));
    }
    let of_cell = |cell: &[f64]| cell.chunks(samples).map(<[f64]>::to_vec).collect();
    Ok(flat.chunks(pairs * samples).map(of_cell).collect())
}

/// The scores of a batch for one cell.
fn rows(
    split: &str,
    batch: &[Judged],
    kind: Kind,
    distances: &[Vec<Vec<f64>>],
    cell: usize,
    losses: Option<&Losses<'_>>,
) -> Result<SampleRows, PluginError> {
    let of_cell =
        distances.get(cell).ok_or_else(|| PluginError::run(format!("no distances came for cell {cell}")))?;
    for (values, name) in of_cell.iter().zip(kind.distances()) {
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            return Err(PluginError::input(format!(
                "the distance {name} of the sample {} is {}: the features are not finite with these weights and this \
                 precision",
                batch[position].id, values[position]
            )));
        }
    }
    let mut columns: Vec<Column> = kind
        .distances()
        .iter()
        .zip(of_cell)
        .map(|(name, values)| Column { name: (*name).to_owned(), values: values.clone() })
        .collect();
    let opinions: Vec<f64> = batch.iter().map(|judged| judged.opinion).collect();
    if let (Kind::Triplet, [d0, d1]) = (kind, &of_cell[..]) {
        let triplets = || d0.iter().zip(d1).zip(&opinions).map(|((&d0, &d1), &judge)| (d0, d1, judge));
        let score = triplets().map(|(d0, d1, judge)| two_afc_score(d0, d1, judge)).collect();
        let agreed = triplets().map(|(d0, d1, judge)| two_afc_accuracy(d0, d1, judge)).collect();
        let losses = losses.map(|losses| {
            let [d0, d1, judge] = [d0, d1, &opinions].map(|values| Tensor::f_from_slice(values));
            losses(&d0.map_err(torch_error)?, &d1.map_err(torch_error)?, &judge.map_err(torch_error)?)
        });
        columns.push(Column { name: kind.opinion().to_owned(), values: opinions });
        columns.push(Column { name: two_afc::SCORE.to_owned(), values: score });
        columns.push(Column { name: two_afc::ACCURACY.to_owned(), values: agreed });
        if let Some(values) = losses.transpose()? {
            columns.push(Column { name: two_afc::LOSS.to_owned(), values });
        }
    } else {
        columns.push(Column { name: kind.opinion().to_owned(), values: opinions });
    }
    Ok(SampleRows {
        split: split.to_owned(),
        groups: batch.iter().map(|judged| judged.group.clone()).collect(),
        ids: batch.iter().map(|judged| judged.id.clone()).collect(),
        columns,
    })
}

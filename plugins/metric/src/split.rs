//! One split: loads it, computes distances for all cells in one pass, and hands them on.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::report::SampleRows;
use lossnet_plugin_kit::image::{Filter, Image, resize};
use lossnet_plugin_kit::loader::{LoaderOptions, for_each_batch};

use crate::jnd::Pairs;
use crate::settings::MetricSettings;
use crate::two_afc::{Means, Triplets};

/// The two kinds of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Triplet,
    Pair,
}

impl Kind {
    fn of(sample: &Sample) -> Result<Kind, PluginError> {
        match (sample.field("judge"), sample.field("same")) {
            (Some(_), _) => Ok(Kind::Triplet),
            (None, Some(_)) => Ok(Kind::Pair),
            (None, None) => {
                let fields: Vec<&str> = sample.fields.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!(
                    "the sample {} has {}, and the task `metric` needs triplets (ref, p0, p1, judge) or pairs (p0, p1, \
                     same)",
                    sample.id,
                    fields.join(", ")
                );
                Err(PluginError::input(message)
                    .with_help("choose other splits with data.splits, or another dataset"))
            }
        }
    }

    fn images(self) -> &'static [&'static str] {
        match self {
            Kind::Triplet => &["ref", "p0", "p1"],
            Kind::Pair => &["p0", "p1"],
        }
    }

    fn pairs(self) -> &'static [(usize, usize)] {
        match self {
            Kind::Triplet => &[(0, 1), (0, 2)],
            Kind::Pair => &[(0, 1)],
        }
    }

    fn opinion(self) -> &'static str {
        match self {
            Kind::Triplet => "judge",
            Kind::Pair => "same",
        }
    }

    /// Names of the distances in the recorded scores.
    fn distances(self) -> &'static [&'static str] {
        match self {
            Kind::Triplet => &["d0", "d1"],
            Kind::Pair => &["d"],
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Kind::Triplet => "triplets",
            Kind::Pair => "pairs",
        }
    }
}

/// A sample, ready to be compared.
struct Ready {
    id: String,
    group: String,
    images: Vec<Image>,
    opinion: f64,
}

/// What becomes of the scores of one cell.
enum Score {
    TwoAfc(Triplets),
    Jnd(Pairs),
}

impl Score {
    fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        match self {
            Score::TwoAfc(triplets) => triplets.add(rows),
            Score::Jnd(pairs) => pairs.add(rows),
        }
    }
}

/// Evaluates one split for all cells.
pub(crate) fn evaluate(
    settings: MetricSettings,
    split: &str,
    run: &dyn Run,
    network: &dyn LossNetwork,
    means: &mut Means,
) -> Result<(), PluginError> {
    let samples = run.samples(split)?;
    let total = samples.len();
    if total == 0 {
        return Err(PluginError::input(format!("the split `{split}` has no samples")));
    }
    let kind = Kind::of(&samples.sample(0)?)?;
    let cells = run.context().cells.len();
    let mut scores: Vec<Score> = (0..cells)
        .map(|_| match kind {
            Kind::Triplet => Score::TwoAfc(Triplets::default()),
            Kind::Pair => Score::Jnd(Pairs::default()),
        })
        .collect();
    let recorded = recorded_rows(run, split, total)?;
    let first = recorded.iter().copied().min().unwrap_or(0);
    read_recorded(run, split, first, &mut scores)?;

    let context = run.context();
    let options = LoaderOptions {
        threads: context.loader_threads,
        batch_size: context.batch_size.max(1),
        ..LoaderOptions::default()
    };
    let mut done = first;
    run.advance(split, done, total as u64, kind.unit());
    let prepare = |sample| ready(sample, kind, settings.size as usize);
    for_each_batch(&*samples, first as usize..total, options, prepare, |batch| {
        run.check_cancelled()?;
        let distances = distances(&batch, kind, network)?;
        for (cell, score) in scores.iter_mut().enumerate() {
            let rows = rows(split, &batch, kind, &distances, cell)?;
            score.add(&rows)?;
            // An interruption may have left some cells one batch ahead of others.
            let skip = recorded[cell].saturating_sub(done) as usize;
            if skip < rows.len() {
                run.report(cell, &Report::Samples(tail(rows, skip)))?;
            }
        }
        done += batch.len() as u64;
        run.advance(split, done, total as u64, kind.unit());
        Ok(())
    })?;

    for (cell, score) in scores.into_iter().enumerate() {
        match score {
            Score::TwoAfc(triplets) => {
                triplets.report(run, cell, split)?;
                means.add(cell, split, &triplets);
            }
            Score::Jnd(pairs) => pairs.report(run, cell, split)?,
        }
    }
    Ok(())
}

/// How many scores each cell has from an interrupted run.
fn recorded_rows(run: &dyn Run, split: &str, total: usize) -> Result<Vec<u64>, PluginError> {
    let cells = &run.context().cells;
    cells
        .iter()
        .map(|cell| {
            let rows = cell.recorded.iter().find(|(name, _)| name == split).map_or(0, |(_, rows)| *rows);
            if rows > total as u64 {
                return Err(PluginError::input(format!(
                    "an earlier run of the cell {} has scored {rows} samples of the split `{split}`, which has {total} \
                     now: the dataset has changed",
                    cell.id
                ))
                .with_help(format!("move {} away to compute it anew", cell.folder.display())));
            }
            Ok(rows)
        })
        .collect()
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

fn ready(sample: Sample, kind: Kind, side: usize) -> Result<Ready, PluginError> {
    let wrong = |message: String| PluginError::input(format!("{}: {message}", sample.id));
    let opinion = match sample.field(kind.opinion()) {
        Some(Field::Number(value)) if (0.0..=1.0).contains(value) => *value,
        Some(Field::Number(value)) => {
            return Err(wrong(format!("{} is {value}, and a share lies between 0 and 1", kind.opinion())));
        }
        _ => return Err(wrong(format!("it has no number `{}`", kind.opinion()))),
    };
    let mut images = Vec::new();
    for name in kind.images() {
        let Some(Field::Image(data)) = sample.field(name) else {
            return Err(wrong(format!("it has no image `{name}`")));
        };
        let image =
            Image::try_from(data.clone()).map_err(|error| wrong(format!("{name}: {error}")))?.to_rgb();
        let fits = image.width() == side && image.height() == side;
        let image = if fits { image } else { resize(&image, side, side, Filter::Bilinear)? };
        images.push(image);
    }
    Ok(Ready { id: sample.id, group: sample.group, images, opinion })
}

/// The distances of a batch, cells × pairs × samples.
fn distances(
    batch: &[Ready],
    kind: Kind,
    network: &dyn LossNetwork,
) -> Result<Vec<Vec<Vec<f64>>>, PluginError> {
    let images: Vec<Tensor> = (0..kind.images().len())
        .map(|position| {
            let images = batch.iter().map(|ready| ready.images[position].to_tensor());
            let images = images.collect::<Result<Vec<_>, _>>()?;
            Tensor::f_stack(&images, 0).map_err(torch_error)
        })
        .collect::<Result<_, PluginError>>()?;
    let distances = network.distances(&images, kind.pairs())?;
    let shape = distances.size();
    let flat = distances
        .f_to_kind(lossnet_plugin_api::tch::Kind::Double)
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
    batch: &[Ready],
    kind: Kind,
    distances: &[Vec<Vec<f64>>],
    cell: usize,
) -> Result<SampleRows, PluginError> {
    let of_cell =
        distances.get(cell).ok_or_else(|| PluginError::run(format!("no distances came for cell {cell}")))?;
    for (values, name) in of_cell.iter().zip(kind.distances()) {
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            return Err(PluginError::run(format!(
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
    let opinions = batch.iter().map(|ready| ready.opinion).collect();
    columns.push(Column { name: kind.opinion().to_owned(), values: opinions });
    Ok(SampleRows {
        split: split.to_owned(),
        groups: batch.iter().map(|ready| ready.group.clone()).collect(),
        ids: batch.iter().map(|ready| ready.id.clone()).collect(),
        columns,
    })
}

fn tail(mut rows: SampleRows, skip: usize) -> SampleRows {
    rows.ids.drain(..skip);
    rows.groups.drain(..skip);
    for column in &mut rows.columns {
        column.values.drain(..skip);
    }
    rows
}

/// The name of a group's results: `val/cnn` for the group `cnn` of `val`, and of `val/cnn` itself.
pub(crate) fn result_name(split: &str, group: &str) -> String {
    if group.is_empty() || split.ends_with(&format!("/{group}")) {
        split.to_owned()
    } else {
        format!("{split}/{group}")
    }
}

pub(crate) fn column<'a>(rows: &'a SampleRows, name: &str) -> Result<&'a [f64], PluginError> {
    rows.column(name).ok_or_else(|| PluginError::run(format!("recorded scores lack the column `{name}`")))
}

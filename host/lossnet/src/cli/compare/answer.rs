//! Distances as they come, and what is said when all have come.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::PluginError;
use serde_json::{Value, json};

use super::pairs::Pairs;
use crate::failure::{Failure, SOME_CELLS_FAILED, USAGE};
use crate::terminal::output;
use lossnet_core::engine_protocol::{PairDistance, PairFailure};
use lossnet_core::words::{count, distance};

/// How many failed pairs are told of one by one.
const TOLD: usize = 10;

/// A pair's answer.
#[derive(Debug)]
pub(super) enum Answer {
    Distance(PairDistance),
    Failed(PairFailure),
}

/// How answers are printed.
#[derive(Debug)]
pub(super) struct Printer<'a> {
    pub(super) pairs: &'a Pairs,
    pub(super) json: bool,
    /// Whether only numbers are wanted.
    pub(super) quiet: bool,
}

impl Printer<'_> {
    /// Prints what can be printed of one pair alone.
    pub(super) fn print(&self, answer: &Answer) -> Result<(), Failure> {
        match answer {
            Answer::Distance(pair) if self.json => {
                let layers: Vec<Value> = pair
                    .layers
                    .iter()
                    .map(|layer| json!({ "layer": layer.layer, "distance": layer.distance }))
                    .collect();
                let mut line =
                    json!({ "distance": pair.distance, "layers": layers, "signature": pair.signature });
                if self.pairs.single {
                    return output::print_json(&line);
                }
                self.name(&mut line, pair.pair);
                output::print_json_line(&line)
            }
            Answer::Failed(failed) if self.json => {
                let mut line = json!({ "error": failed.error.message });
                self.name(&mut line, failed.pair);
                output::print_json_line(&line)
            }
            Answer::Distance(pair) if self.pairs.single && self.quiet => {
                output::print(&distance(pair.distance))
            }
            Answer::Distance(pair) if self.pairs.single => output::print(&single(pair)),
            Answer::Distance(pair) if !self.quiet => {
                let (a, b) = &self.pairs.images[pair.pair];
                output::print(&format!("{}  {}  {}", distance(pair.distance), a.display(), b.display()))
            }
            // Told of at the end, together.
            Answer::Distance(_) | Answer::Failed(_) => Ok(()),
        }
    }

    fn name(&self, line: &mut Value, pair: usize) {
        let (a, b) = &self.pairs.images[pair];
        line["a"] = json!(a);
        line["b"] = json!(b);
    }

    /// Prints what holds for all pairs together; fails if some could not be compared.
    pub(super) fn finish(&self, answers: &[Answer]) -> Result<(), Failure> {
        if self.pairs.single {
            return Ok(());
        }
        let distances = distances(answers);
        if let [first, ..] = distances[..] {
            let values: Vec<f64> = distances.iter().map(|pair| pair.distance).collect();
            let (mean, deviation) = mean_and_deviation(&values);
            if self.json {
                output::print_json_line(&json!({
                    "mean": mean, "std": deviation, "pairs": values.len(), "failed": answers.len() - values.len(),
                    "signature": first.signature
                }))?;
            } else if self.quiet {
                output::print(&distance(mean))?;
            } else {
                let deviation = deviation.map(|std| format!("  std {}", distance(std))).unwrap_or_default();
                output::print(&format!("mean {}{deviation}  n {}", distance(mean), values.len()))?;
                output::say(&first.signature);
            }
        }
        self.complain_about(answers)
    }

    /// Fails if some pairs could not be compared.
    pub(super) fn complain_about(&self, answers: &[Answer]) -> Result<(), Failure> {
        let failed: Vec<&PairFailure> = answers
            .iter()
            .filter_map(|answer| match answer {
                Answer::Distance(_) => None,
                Answer::Failed(failed) => Some(failed),
            })
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        // One bad image is in many pairs.
        let mut causes: Vec<String> = Vec::new();
        for failed in &failed {
            let sentence = self.sentence(failed.pair, &failed.error);
            if !causes.contains(&sentence) {
                causes.push(sentence);
            }
        }
        if causes.len() > TOLD {
            let more = causes.split_off(TOLD).len();
            causes.push(format!("and {more} more reasons, which --csv FILE and --json name"));
        }
        let total = count(self.pairs.images.len(), "pair");
        Err(Failure {
            code: if failed.len() == answers.len() { USAGE } else { SOME_CELLS_FAILED },
            message: format!("{} of {total} could not be compared", failed.len()),
            help: failed.iter().find_map(|failed| failed.error.help.clone()),
            causes,
        })
    }

    /// Why a pair failed, with the names of its images.
    fn sentence(&self, pair: usize, error: &PluginError) -> String {
        let (a, b) = &self.pairs.images[pair];
        let named = |path: &Path| error.message.contains(&*path.to_string_lossy());
        if named(a) || named(b) {
            error.message.clone()
        } else {
            format!("{} and {}: {}", a.display(), b.display(), error.message)
        }
    }
}

fn distances(answers: &[Answer]) -> Vec<&PairDistance> {
    answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Distance(pair) => Some(pair),
            Answer::Failed(_) => None,
        })
        .collect()
}

/// The distance, where it comes from, and what it is.
fn single(pair: &PairDistance) -> String {
    let mut text = format!("{}\n", distance(pair.distance));
    if pair.layers.len() > 1 {
        let width = pair.layers.iter().map(|layer| layer.layer.chars().count()).max().unwrap_or(0);
        for layer in &pair.layers {
            let _ = writeln!(text, "  layer {:<width$}  {}", layer.layer, distance(layer.distance));
        }
    }
    text.push_str(&pair.signature);
    text
}

/// Their mean and, of several, their standard deviation (that of a sample).
fn mean_and_deviation(values: &[f64]) -> (f64, Option<f64>) {
    let number = values.len() as f64;
    let mean = values.iter().sum::<f64>() / number;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (values.len() > 1).then(|| (squares / (number - 1.0)).sqrt()))
}

/// Writes one row per pair: its images, its distance, each layer's share, or why there is none.
pub(super) fn write_csv(
    file: &Path,
    answers: &[Answer],
    pairs: &[(PathBuf, PathBuf)],
    layers: &[String],
) -> Result<(), Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["a".to_owned(), "b".to_owned(), "distance".to_owned()];
    header.extend(layers.iter().map(|layer| format!("layer {layer}")));
    header.push("error".to_owned());
    let wrong = |error: csv::Error| Failure::run(&error);
    table.write_record(&header).map_err(wrong)?;
    for answer in answers {
        let (Answer::Distance(PairDistance { pair, .. }) | Answer::Failed(PairFailure { pair, .. })) = answer;
        let (a, b) = &pairs[*pair];
        let mut row = vec![a.display().to_string(), b.display().to_string()];
        match answer {
            Answer::Distance(pair) => {
                row.push(pair.distance.to_string());
                row.extend(pair.layers.iter().map(|layer| layer.distance.to_string()));
                row.push(String::new());
            }
            Answer::Failed(failed) => {
                row.resize(header.len() - 1, String::new());
                row.push(failed.error.message.clone());
            }
        }
        table.write_record(&row).map_err(wrong)?;
    }
    let bytes = table.into_inner().map_err(|error| Failure::run(error.error()))?;
    if file == Path::new("-") {
        return output::print(&String::from_utf8_lossy(&bytes));
    }
    lossnet_core::atomic::write(file, &bytes)
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, Some(1.0)));
        assert_eq!(mean_and_deviation(&[4.0]), (4.0, None));
    }
}

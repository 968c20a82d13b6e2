//! Are these two different?

use super::{About, Analysis, Measured, analyze, contenders};
use crate::catalog::did_you_mean;

/// A name that no contender has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no contender is called `{name}`{hint}; they are {}", .known.join("; "))]
pub struct UnknownContender {
    /// What was asked for.
    pub name: String,
    /// What may have been meant.
    pub hint: String,
    /// The labels of all contenders.
    pub known: Vec<String>,
}

/// Analyses two contenders alone, by their labels among all: each board that has both has one pair, whose p value is corrected
/// for no other pair.
///
/// Fails if no contender has such a label.
pub fn compare(cells: &[Measured], about: &About, labels: [&str; 2]) -> Result<Analysis, UnknownContender> {
    let all = contenders::of(cells, about);
    let find = |label: &str| {
        all.networks.iter().position(|network| network.label == label).ok_or_else(|| {
            let known: Vec<String> = all.networks.iter().map(|network| network.label.clone()).collect();
            let hint = did_you_mean(label, known.iter().map(String::as_str));
            UnknownContender {
                name: label.to_owned(),
                hint: hint.map(|hint| format!(": {hint}")).unwrap_or_default(),
                known,
            }
        })
    };
    let wanted = [find(labels[0])?, find(labels[1])?];
    let mut networks = Vec::new();
    let mut of_two = Vec::new();
    for (cell, network) in cells.iter().zip(&all.of_cell) {
        if wanted.contains(network) {
            of_two.push(cell.clone());
            networks.push(*network);
        }
    }
    let mut analysis = analyze(&of_two, about);
    // By the names that they have among all.
    for (position, network) in analysis.network_of_cell.iter().zip(networks) {
        analysis.networks[*position].label.clone_from(&all.networks[network].label);
    }
    Ok(analysis)
}

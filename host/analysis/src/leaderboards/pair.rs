//! Are these two different?

use super::{About, Analysis, Measured, analyze, contenders};
use lossnet_core::nearest::did_you_mean;

/// Why two contenders can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// A name that no contender has.
    #[error("no contender is called `{name}`; {hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant, or the labels of all contenders.
        hint: String,
    },
    /// The same one twice.
    #[error("`{name}` can't differ from itself: name two different ones")]
    Same {
        /// What was asked for.
        name: String,
    },
}

/// Analyses two contenders alone, by their labels among all: each board that has both has one pair, whose p value is corrected
/// for no other pair.
///
/// Fails if no contender has such a label, or both are the same.
pub fn compare(cells: &[Measured], about: &About, labels: [&str; 2]) -> Result<Analysis, PairError> {
    let all = contenders::of(cells, about);
    let find = |label: &str| {
        all.networks.iter().position(|network| network.label == label).ok_or_else(|| {
            let known = || all.networks.iter().map(|network| network.label.as_str());
            let hint = did_you_mean(label, known()).unwrap_or_else(|| {
                let known: Vec<String> = known().map(|label| format!("`{label}`")).collect();
                if known.is_empty() {
                    "nothing was measured".to_owned()
                } else {
                    format!("there are {}", known.join(", "))
                }
            });
            PairError::Unknown { name: label.to_owned(), hint }
        })
    };
    let wanted = [find(labels[0])?, find(labels[1])?];
    if wanted[0] == wanted[1] {
        return Err(PairError::Same { name: labels[0].to_owned() });
    }
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

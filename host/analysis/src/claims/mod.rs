//! Statements such as "VGG networks without batch normalization are best at this task", and what results say of them.
//!
//! A claims file ([`Claims`]) has one table for each statement; [`Claims::judge`] evaluates them all on the leaderboards
//! of some results. The format is described in `docs/reference/claims.md`.

mod check;
mod column;
mod error;
mod file;
mod item;
mod items;
mod known;
mod selection;
mod verdict;

use crate::report::data::{Board, Network};
use lossnet_plan::catalog::Catalog;

use check::Check;
pub use error::ClaimsError;
use items::Items;
use known::Known;
use selection::Selection;
pub use verdict::{Judged, Verdict};

/// Statements, as a file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    claims: Vec<Claim>,
    known: Known,
}

/// One statement and how it is checked.
#[derive(Clone, Debug, PartialEq)]
struct Claim {
    /// Where it stands: `file:line`.
    place: String,
    /// The statement in words.
    text: String,
    /// Where it was published.
    source: String,
    /// What results it is about.
    about: Selection,
    /// The commands that make such results.
    commands: Vec<String>,
    check: Check,
}

impl Claims {
    /// Number of statements, at least one.
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// The same, with what the components of a catalog are called: so names that there are not are told from those that
    /// nothing was measured of yet.
    #[must_use]
    pub fn knowing(self, catalog: &Catalog) -> Claims {
        Claims { known: Known::of(catalog), ..self }
    }

    /// Evaluates each statement on these leaderboards. Fails where a statement asks for what has no meaning, such as the
    /// mean difference of two metrics, or for a setting that there is not.
    pub fn judge(&self, networks: &[Network], boards: &[Board]) -> Result<Vec<Judged>, ClaimsError> {
        let items = Items::of(networks, boards);
        for claim in &self.claims {
            let columns = claim.about.iter().map(|(column, _)| column).chain(claim.check.columns());
            let wrong = columns.into_iter().find_map(|column| self.known.wrong_setting(column, networks));
            if let Some(problem) = wrong {
                return Err(ClaimsError::Statement { place: claim.place.clone(), problem });
            }
        }
        self.claims.iter().map(|claim| claim.judge(&items, &self.known)).collect()
    }
}

impl Claim {
    fn judge(&self, all: &Items<'_>, known: &Known) -> Result<Judged, ClaimsError> {
        let items = all.select(&self.about);
        let mut missing = self.about.lacking(items.as_slice());
        let mut finding = if items.is_empty() {
            // Said by the evidence.
            missing.clear();
            verdict::Finding::no_data(format!("there are no results with {}", self.about))
        } else {
            self.check
                .judge(&items)
                .map_err(|problem| ClaimsError::Statement { place: self.place.clone(), problem })?
        };
        missing.extend(finding.missing);
        let unknown = self.unknown(all, known);
        if finding.verdict == Verdict::NoData {
            let evidence = [finding.evidence].into_iter().chain(unknown);
            finding.evidence = evidence.collect::<Vec<_>>().join("; ");
        } else {
            missing.extend(unknown);
        }
        Ok(Judged {
            text: self.text.clone(),
            source: self.source.clone(),
            verdict: finding.verdict,
            evidence: finding.evidence,
            missing,
            commands: self.commands.clone(),
        })
    }

    /// What is to be said of names that neither a component nor a result has.
    fn unknown(&self, all: &Items<'_>, known: &Known) -> Vec<String> {
        let selections = [&self.about].into_iter().chain(self.check.selections());
        let mut found: Vec<String> =
            selections.flat_map(|selection| known.unknown_in(selection, all)).collect();
        let items = all.select(&self.about);
        let names = self.check.names();
        found.extend(names.iter().filter_map(|(column, name)| known.unknown(column, name, all, &items)));
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|sentence| seen.insert(sentence.clone()));
        found
    }
}

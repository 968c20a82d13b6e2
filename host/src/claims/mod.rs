//! Statements such as "VGG networks without batch normalization are best at this task", and what results say of them.
//!
//! A claims file ([`Claims`]) has one table for each statement; [`Claims::judge`] evaluates them all on the leaderboards
//! of some results. The format is described in `docs/statistics.md`.

mod check;
mod column;
mod error;
mod file;
mod items;
mod selection;
mod verdict;

use crate::report::data::{Board, Network};

use check::Check;
pub use error::ClaimsError;
use items::Items;
use selection::Selection;
pub use verdict::{Judged, Verdict};

/// Statements, as a file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    claims: Vec<Claim>,
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

    /// Evaluates each statement on these leaderboards. Fails where a statement asks for what has no meaning, such as the
    /// mean difference of two metrics.
    pub fn judge(&self, networks: &[Network], boards: &[Board]) -> Result<Vec<Judged>, ClaimsError> {
        let items = Items::of(networks, boards);
        self.claims.iter().map(|claim| claim.judge(&items)).collect()
    }
}

impl Claim {
    fn judge(&self, items: &Items<'_>) -> Result<Judged, ClaimsError> {
        let items = items.select(&self.about);
        let mut missing = self.about.lacking(&items);
        let finding = if items.is_empty() {
            // Said by the evidence.
            missing.clear();
            verdict::Finding::no_data(format!("there are no results with {}", self.about))
        } else {
            self.check
                .judge(&items)
                .map_err(|problem| ClaimsError::Statement { place: self.place.clone(), problem })?
        };
        missing.extend(finding.missing);
        Ok(Judged {
            text: self.text.clone(),
            source: self.source.clone(),
            verdict: finding.verdict,
            evidence: finding.evidence,
            missing,
            commands: self.commands.clone(),
        })
    }
}

//! From results on disk to what a report shows.
//!
//! ```text
//! store ─► gather ─► table, provenance            everything
//!             └────► analysis ─► networks, boards, overall, answer
//!                        └─► standing ─► curves, panels   of the best contenders first, as many as fit
//! ```

mod curves;
mod digits;
mod experiments;
mod panels;
mod picture;
mod provenance;
mod reports;
mod standing;
mod table;

use super::data::ReportData;
use crate::claims::{Claims, ClaimsError};
use crate::leaderboards::{About, Analysis, Measured, analyze};
use crate::results::{Gathered, gather, stand};
use lossnet_core::store::{ExperimentFolder, Problem, utc_now};
use reports::Reported;
use standing::Standing;

/// What a report is to be made of.
pub struct Sources<'a> {
    /// The experiments.
    pub experiments: &'a [ExperimentFolder],
    /// What is wrong with the folder that they are in.
    pub problems: Vec<Problem>,
    /// The report's title; made of the experiments' names if none.
    pub title: Option<String>,
    /// Statements to be checked.
    pub claims: Option<&'a Claims>,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.experiments.iter().map(ExperimentFolder::name).collect();
        f.debug_struct("Sources").field("experiments", &names).finish_non_exhaustive()
    }
}

/// Puts a report's data together, also while runs go on.
///
/// What can't be read is named among the report's problems, whatever was left out because it would make the report too large
/// among its notes. `about` says what is known of the tasks and backbones of some results. Fails only if a statement asks for
/// what has no meaning.
pub fn assemble(
    sources: Sources<'_>,
    about: &dyn Fn(&[Measured]) -> About,
) -> Result<ReportData, ClaimsError> {
    let mut gathered = gather(sources.experiments);
    let measured = gathered.measured();
    let analysis = analyze(&measured, &about(&measured));
    stand(&mut gathered.rows, &analysis.boards);
    put_together(sources, gathered, analysis)
}

/// The same of results that were read, and analysed as [`Gathered::measured`] has them, with rows that say how they [`stand`].
pub fn put_together(
    sources: Sources<'_>,
    gathered: Gathered,
    analysis: Analysis,
) -> Result<ReportData, ClaimsError> {
    let problems = sources.problems.iter().map(ToString::to_string);
    let mut told: Vec<String> = problems.chain(gathered.warnings()).collect();
    let Gathered { cells, rows, unusable, .. } = gathered;
    let experiments = experiments::of(sources.experiments, &cells, &unusable, &mut told);
    told.extend(analysis.problems);
    let claims = match sources.claims {
        Some(claims) => claims.judge(&analysis.networks, &analysis.boards)?,
        None => Vec::new(),
    };
    let mut boards = analysis.boards;
    digits::round(&mut boards);
    let standing = Standing::of(&cells, &analysis.network_of_cell, &boards);
    let reported = Reported::read(&standing, &cells, &mut told);
    let mut notes = Vec::new();
    let names: Vec<&str> = sources.experiments.iter().map(ExperimentFolder::name).collect();
    Ok(ReportData {
        title: sources.title.unwrap_or_else(|| title(&names)),
        generated: utc_now(),
        lossnet: env!("CARGO_PKG_VERSION").to_owned(),
        answer: analysis.answer,
        experiments,
        networks: analysis.networks,
        boards,
        overall: analysis.overall,
        claims: claims.into_iter().map(Into::into).collect(),
        table: table::of(&rows),
        curves: curves::of(&reported, &mut notes),
        panels: panels::of(&reported, &mut told, &mut notes),
        provenance: provenance::of(&cells, &mut told, &mut notes),
        problems: told,
        notes,
    })
}

/// A few names, or how many there are.
fn title(names: &[&str]) -> String {
    match names {
        [] => "No experiments".to_owned(),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{} experiments", many.len()),
    }
}

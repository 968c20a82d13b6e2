//! What results say of a statement.

use serde::Serialize;

use crate::report::data;
use lossnet_statistics::Interval;

/// Whether a statement is true of some results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// It is, by more than chance.
    #[serde(rename = "holds")]
    Holds,
    /// It is not, by more than chance.
    #[serde(rename = "does not hold")]
    DoesNotHold,
    /// The results leave it open.
    #[serde(rename = "undecided")]
    Undecided,
    /// There are no results that it could be checked on.
    #[serde(rename = "no data")]
    NoData,
}

impl Verdict {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::DoesNotHold => "does not hold",
            Verdict::Undecided => "undecided",
            Verdict::NoData => "no data",
        }
    }

    /// Of a statement about several boards: it holds if it holds on each, and not if it does not on one. Boards without
    /// data are left out.
    fn and(self, other: Verdict) -> Verdict {
        use Verdict::{DoesNotHold, Holds, NoData, Undecided};
        match (self, other) {
            (NoData, only) | (only, NoData) => only,
            (DoesNotHold, _) | (_, DoesNotHold) => DoesNotHold,
            (Undecided, _) | (_, Undecided) => Undecided,
            (Holds, Holds) => Holds,
        }
    }
}

/// A statement with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The statement.
    pub text: String,
    /// Where it was published.
    pub source: String,
    /// What the results say.
    pub verdict: Verdict,
    /// The numbers behind it.
    pub evidence: String,
    /// What the statement is about and the results lack.
    pub missing: Vec<String>,
    /// The commands that make what is missing, if the file says which.
    pub commands: Vec<String>,
}

impl From<Judged> for data::Claim {
    fn from(judged: Judged) -> data::Claim {
        data::Claim {
            text: judged.text,
            source: judged.source,
            verdict: judged.verdict.name().to_owned(),
            evidence: judged.evidence,
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) evidence: String,
    pub(super) missing: Vec<String>,
}

impl Finding {
    pub(super) fn new(verdict: Verdict, evidence: impl Into<String>) -> Finding {
        Finding { verdict, evidence: evidence.into(), missing: Vec::new() }
    }

    pub(super) fn no_data(why: impl Into<String>) -> Finding {
        Finding::new(Verdict::NoData, why)
    }

    /// The same, and this is missing.
    pub(super) fn missing(self, missing: Vec<String>) -> Finding {
        Finding { missing, ..self }
    }

    /// Of findings on several boards.
    pub(super) fn all(findings: &[Finding]) -> Finding {
        let verdict = findings.iter().map(|finding| finding.verdict).fold(Verdict::NoData, Verdict::and);
        let evidence: Vec<&str> = findings.iter().map(|finding| finding.evidence.as_str()).collect();
        let evidence = evidence.join("; ");
        let mut missing = Vec::new();
        for one in findings.iter().flat_map(|finding| &finding.missing) {
            if !missing.contains(one) {
                missing.push(one.clone());
            }
        }
        Finding { verdict, evidence, missing }
    }
}

/// What a number must be for a statement to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bounds {
    pub(super) at_least: Option<f64>,
    pub(super) at_most: Option<f64>,
}

impl Bounds {
    /// It holds if all of the interval lies within, and does not if all of it lies outside.
    pub(super) fn judge(self, interval: &Interval) -> Verdict {
        let (lowest, highest) =
            (self.at_least.unwrap_or(f64::NEG_INFINITY), self.at_most.unwrap_or(f64::INFINITY));
        if interval.low >= lowest && interval.high <= highest {
            Verdict::Holds
        } else if interval.high < lowest || interval.low > highest {
            Verdict::DoesNotHold
        } else {
            Verdict::Undecided
        }
    }
}

/// A number as evidence has it: four significant digits or more.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// A number with its interval.
pub(super) fn with_interval(interval: &Interval) -> String {
    let (low, high) = (number(interval.low), number(interval.high));
    format!("{} ({:.0} % interval {low} to {high})", number(interval.estimate), interval.confidence * 100.0)
}

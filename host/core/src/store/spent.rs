//! What attempts at a cell have cost that did not complete it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::result::{read_json, write_json};

/// The file that says it, as long as the cell is not complete.
const FILE: &str = "spent.json";

/// What work on a cell's group has cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds on the clock.
    pub seconds: f64,
    /// Seconds of all processor cores together. None if that was not measured.
    pub cpu_seconds: Option<f64>,
    /// Largest resident memory of a process at work, in bytes. None if that was not measured.
    pub peak_memory: Option<u64>,
}

impl Spent {
    /// Nothing yet.
    pub const NOTHING: Spent = Spent { seconds: 0.0, cpu_seconds: Some(0.0), peak_memory: None };

    /// This and what came after it.
    #[must_use]
    pub fn and(self, later: Spent) -> Spent {
        Spent {
            seconds: self.seconds + later.seconds,
            cpu_seconds: self.cpu_seconds.zip(later.cpu_seconds).map(|(before, now)| before + now),
            peak_memory: self.peak_memory.max(later.peak_memory),
        }
    }

    /// What earlier attempts at the cell in this folder have noted.
    pub(super) fn read(folder: &Path) -> Result<Spent, StoreError> {
        Ok(read_json(&folder.join(FILE))?.unwrap_or(Spent::NOTHING))
    }

    /// Notes it for later attempts.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        write_json(&folder.join(FILE), self)
    }

    /// Takes the note away: the result has it.
    pub(super) fn remove(folder: &Path) -> Result<(), StoreError> {
        match fs_err::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::write(error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_and_the_largest_memory_counts() {
        let of = |seconds, cpu_seconds, peak_memory| Spent { seconds, cpu_seconds, peak_memory };
        let first = Spent::NOTHING.and(of(2.0, Some(3.0), Some(7)));
        assert_eq!(first, of(2.0, Some(3.0), Some(7)));
        assert_eq!(first.and(of(1.0, Some(0.5), Some(5))), of(3.0, Some(3.5), Some(7)));
        assert_eq!(first.and(of(1.0, None, None)), of(3.0, None, Some(7)));
    }
}

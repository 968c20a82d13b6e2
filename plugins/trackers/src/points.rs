//! Which points of curves were kept already.

use std::collections::{HashMap, HashSet};

/// The steps of each curve that were kept: reports may come more than once.
#[derive(Debug, Default)]
pub(crate) struct Points(HashMap<String, HashSet<u64>>);

impl Points {
    /// Whether nothing is known of the curve yet.
    pub(crate) fn is_new(&self, curve: &str) -> bool {
        !self.0.contains_key(curve)
    }

    /// Notes steps that were kept before.
    pub(crate) fn know(&mut self, curve: &str, steps: impl IntoIterator<Item = u64>) {
        self.0.entry(curve.to_owned()).or_default().extend(steps);
    }

    /// Notes a point; false if it was kept before.
    pub(crate) fn keep(&mut self, curve: &str, step: u64) -> bool {
        match self.0.get_mut(curve) {
            Some(steps) => steps.insert(step),
            None => self.0.entry(curve.to_owned()).or_default().insert(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_kept_once() {
        let mut points = Points::default();
        assert!(points.is_new("loss"));
        points.know("loss", [1, 2]);
        assert!(!points.is_new("loss"));
        assert!(!points.keep("loss", 2));
        assert!(points.keep("loss", 3));
        assert!(!points.keep("loss", 3));
        assert!(points.keep("accuracy", 3));
    }
}

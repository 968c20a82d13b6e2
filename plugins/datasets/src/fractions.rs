//! Samples of one folder or table as several splits.

use std::collections::BTreeMap;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Fractions of the samples by the names of the splits that they are to be, such as `{ train = 0.8, val = 0.1, test = 0.1 }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Fractions(BTreeMap<String, f64>);

impl Fractions {
    /// Whether this split is one of them. Fails where they are not fractions of one whole.
    pub(crate) fn has(&self, split: &str) -> Result<bool, PluginError> {
        let sum: f64 = self.0.values().sum();
        if let Some((name, fraction)) = self.0.iter().find(|(_, fraction)| !(0.0..=1.0).contains(*fraction)) {
            return Err(PluginError::input(format!(
                "`data.split.{name}` is {fraction}, and a fraction lies between 0 and 1"
            )));
        }
        if sum > 1.0 + 1e-6 {
            return Err(PluginError::input(format!(
                "the fractions of `data.split` add up to {sum}, which is more than all samples"
            )));
        }
        if self.0.contains_key("all") {
            return Err(PluginError::input(
                "`data.split` names `all`, which is the name of all samples together",
            ));
        }
        Ok(self.0.contains_key(split))
    }

    /// The names of the splits; empty where there are no fractions.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The items of a split, in their order. Which these are depends on the seed and the items' names alone.
    ///
    /// Fails where the split gets none.
    pub(crate) fn part<T>(
        &self,
        items: Vec<T>,
        name: impl Fn(&T) -> &str,
        split: &str,
        seed: u64,
    ) -> Result<Vec<T>, PluginError> {
        let count = items.len();
        let draw = |item: &T| Random::new(seed, &format!("split/{}", name(item))).between(0.0, 1.0);
        let mut drawn: Vec<(f64, usize)> =
            items.iter().enumerate().map(|(position, item)| (draw(item), position)).collect();
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let before: f64 = self.0.range(..split.to_owned()).map(|(_, fraction)| fraction).sum();
        let fraction = self.0.get(split).copied().unwrap_or_default();
        let place = |share: f64| ((share * count as f64).round() as usize).min(count);
        let mut chosen = vec![false; count];
        for (_, position) in &drawn[place(before)..place(before + fraction)] {
            chosen[*position] = true;
        }
        let part: Vec<T> =
            items.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(item, _)| item).collect();
        if part.is_empty() {
            return Err(PluginError::input(format!(
                "the split `{split}`, a fraction of {fraction} of {count} samples, is empty"
            ))
            .with_help(format!("raise `data.split.{split}`, or add samples")));
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fractions(pairs: &[(&str, f64)]) -> Fractions {
        Fractions(pairs.iter().map(|(name, fraction)| ((*name).to_owned(), *fraction)).collect())
    }

    #[test]
    fn every_sample_is_in_one_split_and_always_in_the_same() {
        let names: Vec<String> = (0..57).map(|number| format!("{number:03}")).collect();
        let fractions = fractions(&[("train", 0.8), ("val", 0.1), ("test", 0.1)]);
        let part = |split: &str, seed: u64| {
            fractions.part(names.clone(), |name| name.as_str(), split, seed).unwrap()
        };
        let mut all: Vec<String> = ["train", "val", "test"].iter().flat_map(|split| part(split, 0)).collect();
        all.sort();
        assert_eq!(all, names);
        assert_eq!(part("test", 0), part("test", 0));
        assert_ne!(part("test", 0), part("test", 1));
        assert!((5..=7).contains(&part("val", 3).len()));
        assert!(part("train", 0).is_sorted());
    }

    #[test]
    fn what_is_not_a_fraction_of_a_whole_is_refused() {
        assert!(fractions(&[("train", 0.9), ("val", 0.2)]).has("val").is_err());
        assert!(fractions(&[("train", -0.1)]).has("train").is_err());
        assert!(fractions(&[("all", 0.5)]).has("all").is_err());
        assert!(!fractions(&[("train", 0.5)]).has("val").unwrap());
        let few = fractions(&[("train", 0.9), ("val", 0.1)]);
        let error = few.part(vec!["a"], |name| name, "val", 0).unwrap_err().to_string();
        assert!(error.contains("the split `val`, a fraction of 0.1 of 1 samples, is empty"), "{error}");
    }
}

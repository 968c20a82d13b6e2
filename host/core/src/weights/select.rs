//! Which of a file's tensors are the network's: files hold more than one network's weights, under names of their own.

use std::collections::BTreeMap;

use super::{WeightsError, WeightsFile};

/// What training scripts, `DataParallel`, `torch.compile`, Lightning and MoCo put before the names of the network that was
/// trained. What else stands there is another network, or a copy such as a moving average.
const USUAL: [&str; 8] =
    ["state_dict", "model_state_dict", "model", "net", "network", "module", "_orig_mod", "encoder_q"];

/// How deep dictionaries are looked into.
const DEEPEST: usize = 8;

impl WeightsFile {
    /// Keeps the tensors of one network, by its own names: those below `key`, if one is given, and of these the set that has
    /// the most names that are `known`. What stands before the names is told by [`unwrapped`](WeightsFile::unwrapped), and
    /// where as many are known by [`alternatives`](WeightsFile::alternatives).
    ///
    /// Fails if there is nothing below the key, or if several sets fit alike and none of them is the usual one.
    pub fn select(
        mut self,
        key: Option<&str>,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<WeightsFile, WeightsError> {
        let below = key.map(|key| format!("{key}.")).unwrap_or_default();
        if !self.names().any(|name| name.starts_with(&below)) {
            return Err(WeightsError::NoKey {
                path: self.path().to_path_buf(),
                key: key.unwrap_or_default().to_owned(),
                keys: self.sets(),
            });
        }
        let names: Vec<&str> = self.names().filter_map(|name| name.strip_prefix(&below)).collect();
        let (prefix, alternatives) = match best(&known_below(&names, known)) {
            Best::One(prefix) => (prefix, Vec::new()),
            Best::Several(prefixes) => {
                let Some(only) = usual(&prefixes) else {
                    let full = |prefix: &String| format!("{below}{prefix}").trim_end_matches('.').to_owned();
                    return Err(WeightsError::SeveralSets {
                        path: self.path().to_path_buf(),
                        sets: prefixes.iter().map(full).collect(),
                    });
                };
                let others = prefixes.iter().filter(|prefix| *prefix != only).cloned().collect();
                (only.clone(), others)
            }
            // Another network's: what is told of it is told by its own names.
            Best::None => (common_wrapping(&names), Vec::new()),
        };
        let taken_off = format!("{below}{prefix}");
        let others: Vec<String> = alternatives.iter().map(|prefix| format!("{below}{prefix}")).collect();
        self.keep(|name| {
            let rest = name.strip_prefix(&taken_off)?;
            // Copies lie below the network's own names where those have nothing before them.
            (!others.iter().any(|other| name.starts_with(other) && other.len() > taken_off.len()))
                .then_some(rest)
        });
        let trimmed = |text: &str| text.trim_end_matches('.').to_owned();
        self.set_taken_off(
            (!taken_off.is_empty()).then(|| trimmed(&taken_off)),
            others.iter().map(|other| trimmed(other)).collect(),
        );
        Ok(self)
    }

    /// What can be named as a key: the outermost names below which tensors lie.
    fn sets(&self) -> Vec<String> {
        let mut sets: Vec<String> =
            self.names().filter_map(|name| Some(name.split_once('.')?.0.to_owned())).collect();
        sets.dedup();
        sets
    }
}

/// How many known names stand behind each prefix, which ends with a dot or is empty; only where they are most of the names
/// there: blocks of another network may well have a name in common with the whole of this one.
fn known_below(names: &[&str], known: &dyn Fn(&str) -> bool) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in names {
        let ends = name.match_indices('.').map(|(dot, _)| dot + 1).take(DEEPEST);
        for start in std::iter::once(0).chain(ends) {
            let (all, those_known) = counts.entry(&name[..start]).or_default();
            *all += 1;
            *those_known += usize::from(known(&name[start..]));
        }
    }
    let most = counts.into_iter().filter(|(_, (all, known))| *known > 0 && 2 * known >= *all);
    most.map(|(prefix, (_, known))| (prefix.to_owned(), known)).collect()
}

/// The prefixes behind which most names are known.
#[derive(Debug, PartialEq)]
enum Best {
    None,
    One(String),
    Several(Vec<String>),
}

fn best(counts: &BTreeMap<String, usize>) -> Best {
    let most = counts.values().copied().max().unwrap_or(0);
    let mut prefixes: Vec<String> =
        counts.iter().filter(|(_, count)| **count == most).map(|(prefix, _)| prefix.clone()).collect();
    match prefixes.len() {
        0 => Best::None,
        1 => Best::One(prefixes.remove(0)),
        _ => Best::Several(prefixes),
    }
}

/// The one that is of usual names alone, and of the fewest.
fn usual(prefixes: &[String]) -> Option<&String> {
    let parts = |prefix: &&String| prefix.matches('.').count();
    let mut usual: Vec<&String> = prefixes.iter().filter(|prefix| is_usual(prefix)).collect();
    usual.sort_by_key(parts);
    match usual[..] {
        [only] => Some(only),
        [first, second, ..] if parts(&first) < parts(&second) => Some(first),
        _ => None,
    }
}

fn is_usual(prefix: &str) -> bool {
    prefix.split_terminator('.').all(|part| USUAL.contains(&part))
}

/// The usual names that stand before tensors, one after the other.
fn common_wrapping(names: &[&str]) -> String {
    let mut prefix = String::new();
    loop {
        let below = |part: &str| {
            let wrapped = format!("{prefix}{part}.");
            names.iter().any(|name| name.starts_with(&wrapped)).then_some(wrapped)
        };
        match USUAL.iter().find_map(|part| below(part)) {
            Some(longer) => prefix = longer,
            None => return prefix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Best {
        best(&known_below(names, &|name| ["conv.weight", "conv.bias", "fc.weight"].contains(&name)))
    }

    #[test]
    fn the_prefix_with_the_most_known_names_is_the_network_s() {
        let one = |prefix: &str| Best::One(prefix.to_owned());
        assert_eq!(chosen(&["conv.weight", "conv.bias"]), one(""));
        assert_eq!(chosen(&["a.b.conv.weight", "a.b.conv.bias", "best", "c.conv.weight"]), one("a.b."));
        assert_eq!(chosen(&["x", "y.z"]), Best::None);
        let blocks = [
            "b.1.conv.weight",
            "b.1.norm.weight",
            "b.1.norm.bias",
            "b.2.conv.weight",
            "b.2.norm.weight",
            "b.2.x",
        ];
        assert_eq!(chosen(&blocks), Best::None);
        let both = Best::Several(vec!["ema.".to_owned(), "model.".to_owned()]);
        assert_eq!(chosen(&["model.conv.bias", "ema.conv.bias"]), both);
    }

    #[test]
    fn usual_names_are_taken_off_in_any_order() {
        for (prefix, usual) in [
            ("", true),
            ("state_dict.model._orig_mod.module.", true),
            ("model_ema.", false),
            ("module.ema.", false),
        ] {
            assert_eq!(is_usual(prefix), usual, "{prefix}");
        }
        let several = |prefixes: &[&str]| -> Vec<String> {
            prefixes.iter().map(|prefix| (*prefix).to_owned()).collect()
        };
        assert_eq!(usual(&several(&["", "ema.", "model."])).map(String::as_str), Some(""));
        assert_eq!(usual(&several(&["ema.", "model."])).map(String::as_str), Some("model."));
        assert_eq!(usual(&several(&["model.", "net."])), None);
        let names = ["epoch", "state_dict.module.features.0.weight", "optimizer.state.0.exp_avg"];
        assert_eq!(common_wrapping(&names), "state_dict.module.");
    }
}

//! Which weights a user asks for.

use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::WeightsEntry;

use super::WeightsError;
use crate::nearest::did_you_mean;

/// What `imagenet` stands for.
pub const DEFAULT_ENTRY: &str = "IMAGENET1K_V1";

/// What stands between a file and a key in it.
const KEY: char = '#';

/// torchvision's word for the newest weights.
pub const NEWEST: &str = "DEFAULT";

/// A file and the key in it that a text names, as in `checkpoint.pth#model_ema`. A file may have the sign in its name.
pub fn split_key(text: &str) -> (PathBuf, Option<&str>) {
    match text.rsplit_once(KEY) {
        Some((file, key)) if !key.is_empty() && !Path::new(text).exists() && Path::new(file).exists() => {
            (file.into(), Some(key))
        }
        _ => (text.into(), None),
    }
}

/// The entry that a word stands for: `imagenet` for the paper's weights, else the first ones; `DEFAULT`, as in torchvision,
/// for the best, which have the highest number.
pub fn entry<'a>(word: &str, entries: &'a [WeightsEntry]) -> Option<&'a WeightsEntry> {
    let named = |name: &str| entries.iter().find(|entry| entry.name == name);
    match word {
        "imagenet" => named(DEFAULT_ENTRY).or(entries.first()),
        NEWEST => {
            let number = |entry: &WeightsEntry| entry.name.strip_prefix("IMAGENET1K_V")?.parse::<u32>().ok();
            entries
                .iter()
                .filter(|entry| number(entry).is_some())
                .max_by_key(|entry| number(entry))
                .or(entries.first())
        }
        name => named(name),
    }
}

/// Which weights a network gets.
#[derive(Clone, Debug, PartialEq)]
pub enum WeightsChoice {
    /// A published file.
    Entry(WeightsEntry),
    /// A file of the user's, or one that is an index of several, or a folder of them.
    File {
        /// The file.
        path: PathBuf,
        /// Below which key of it the tensors lie; where that is not said, it is found by the network's names.
        key: Option<String>,
    },
    /// Drawn from this seed.
    Random(u64),
}

impl WeightsChoice {
    /// Understands `imagenet`, `DEFAULT`, the name of one of a backbone's published entries, `random` (seed 0),
    /// `random:SEED`, and the path of an existing file, also with a key in it: `FILE#state_dict_ema`.
    pub fn parse(
        text: &str,
        backbone: &str,
        entries: &[WeightsEntry],
    ) -> Result<WeightsChoice, WeightsError> {
        if let Some(found) = entry(text, entries) {
            return Ok(WeightsChoice::Entry(found.clone()));
        }
        if let Some(seed) = text.strip_prefix("random") {
            let seed = if seed.is_empty() {
                Some(0)
            } else {
                seed.strip_prefix(':').and_then(|seed| seed.parse().ok())
            };
            return seed
                .map(WeightsChoice::Random)
                .ok_or_else(|| WeightsError::Seed { given: text.to_owned() });
        }
        let (path, key) = split_key(text);
        if path.exists() {
            return Ok(WeightsChoice::File { path, key: key.map(str::to_owned) });
        }
        let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        if !entries.is_empty() {
            names.extend(["imagenet", NEWEST]);
        }
        let choices: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let backbone = backbone.to_owned();
        let is_path =
            text.contains('/') || [".pth", ".pt", ".safetensors"].iter().any(|end| text.ends_with(end));
        if is_path {
            return Err(WeightsError::NoFile { path, backbone, choices });
        }
        let hint = did_you_mean(text, names).map(|hint| format!("{hint} ")).unwrap_or_default();
        Err(WeightsError::UnknownChoice { given: text.to_owned(), backbone, hint, choices })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn entries() -> Vec<WeightsEntry> {
        [DEFAULT_ENTRY, "IMAGENET1K_V2"]
            .map(|name| WeightsEntry { name: name.to_owned(), ..WeightsEntry::default() })
            .to_vec()
    }

    #[test]
    fn names_seeds_and_files_are_understood() {
        let parse = |text: &str| WeightsChoice::parse(text, "net", &entries());
        let name = |text: &str| match parse(text).unwrap() {
            WeightsChoice::Entry(entry) => entry.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name("imagenet"), DEFAULT_ENTRY);
        assert_eq!(name("IMAGENET1K_V2"), "IMAGENET1K_V2");
        assert_eq!(parse("random").unwrap(), WeightsChoice::Random(0));
        assert_eq!(parse("random:7").unwrap(), WeightsChoice::Random(7));
        assert!(parse("random:x").unwrap_err().to_string().contains("random:1"));
        let file = tempfile::NamedTempFile::new().unwrap();
        let named = file.path().to_str().unwrap();
        let path = file.path().to_owned();
        assert_eq!(parse(named).unwrap(), WeightsChoice::File { path: path.clone(), key: None });
        let key = Some("params_ema".to_owned());
        assert_eq!(parse(&format!("{named}#params_ema")).unwrap(), WeightsChoice::File { path, key });
        assert_eq!(name("DEFAULT"), "IMAGENET1K_V2");
        // Where there is no such entry, the first one is the default.
        let first = WeightsEntry { name: "COCO".to_owned(), ..WeightsEntry::default() };
        let entries = [first.clone(), WeightsEntry { name: "OTHER".to_owned(), ..WeightsEntry::default() }];
        for word in ["imagenet", "DEFAULT"] {
            let choice = WeightsChoice::parse(word, "net", &entries).unwrap();
            assert_eq!(choice, WeightsChoice::Entry(first.clone()), "{word}");
        }
        let nothing = WeightsChoice::parse("imagenet", "net", &[]).unwrap_err().to_string();
        assert!(nothing.contains(": choose `random:SEED`"), "{nothing}");
    }

    #[test]
    fn unknown_ones_get_the_choices() {
        let error = |text: &str| WeightsChoice::parse(text, "net", &entries()).unwrap_err().to_string();
        let wrong = error("IMAGENET1K_V3");
        assert!(
            wrong.contains("`IMAGENET1K_V3`")
                && wrong.contains("did you mean")
                && wrong.contains("`imagenet`"),
            "{wrong}"
        );
        let missing = error("models/missing.pth");
        assert!(missing.contains("models/missing.pth does not exist"), "{missing}");
    }
}

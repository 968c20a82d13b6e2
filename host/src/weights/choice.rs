//! Which weights a user asks for.

use std::path::PathBuf;

use lossnet_plugin_protocol::WeightsEntry;

use super::WeightsError;
use crate::catalog::did_you_mean;

/// What `imagenet` stands for.
pub const DEFAULT_ENTRY: &str = "IMAGENET1K_V1";

/// Which weights a network gets.
#[derive(Clone, Debug, PartialEq)]
pub enum WeightsChoice {
    /// A published file.
    Entry(WeightsEntry),
    /// A file of the user's.
    File(PathBuf),
    /// Drawn from this seed.
    Random(u64),
}

impl WeightsChoice {
    /// Understands `imagenet`, the name of one of a backbone's published entries, `random` (seed 0), `random:SEED`, and
    /// the path of an existing file.
    pub fn parse(
        text: &str,
        backbone: &str,
        entries: &[WeightsEntry],
    ) -> Result<WeightsChoice, WeightsError> {
        let wanted = if text == "imagenet" { DEFAULT_ENTRY } else { text };
        if let Some(entry) = entries.iter().find(|entry| entry.name == wanted) {
            return Ok(WeightsChoice::Entry(entry.clone()));
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
        let path = PathBuf::from(text);
        if path.exists() {
            return Ok(WeightsChoice::File(path));
        }
        let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        if entries.iter().any(|entry| entry.name == DEFAULT_ENTRY) {
            names.push("imagenet");
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
        assert_eq!(
            parse(file.path().to_str().unwrap()).unwrap(),
            WeightsChoice::File(file.path().to_owned())
        );
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

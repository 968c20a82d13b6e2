//! Where a setting comes from, and errors that say so.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In lossnet's own defaults.
    Default,
    /// In a file.
    File {
        /// The file, as it was named.
        path: Arc<Path>,
        /// Line, counted from 1.
        line: usize,
    },
    /// In a file, as a whole.
    Whole(Arc<Path>),
    /// In an environment variable of this name.
    Environment(String),
    /// On the command line, as `-s` and this text.
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("defaults"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Whole(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::CommandLine(text) => write!(f, "-s {text}"),
        }
    }
}

/// One thing that is wrong with a config.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{origin}: {problem}{}", .help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct ConfigError {
    /// Where it was written.
    pub origin: Origin,
    /// The dotted key, where one is concerned.
    pub key: Option<String>,
    /// What is wrong, naming the key.
    pub problem: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ConfigError {
    /// Something wrong with the setting `key`: the sentence is the key and then `problem`.
    pub(crate) fn at(origin: &Origin, key: &str, problem: impl fmt::Display) -> ConfigError {
        ConfigError {
            origin: origin.clone(),
            key: Some(key.to_owned()),
            problem: format!("`{key}` {problem}"),
            help: None,
        }
    }

    /// With advice.
    pub(crate) fn help(mut self, help: Option<String>) -> ConfigError {
        self.help = help;
        self
    }
}

/// Everything that is wrong with a config, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// More errors than this are counted, not shown.
const SHOWN: usize = 10;

impl ConfigErrors {
    /// Adds an error, unless the same setting at the same place has one: in a sweep the same mistake comes up
    /// for each cell, and for each component that it meets there.
    pub(crate) fn push(&mut self, error: ConfigError) {
        let same = |known: &ConfigError| known.origin == error.origin && known.key == error.key;
        let known = match error.key {
            Some(_) => self.0.iter().any(same),
            None => self.0.contains(&error),
        };
        if !known {
            self.0.push(error);
        }
    }

    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        ConfigErrors(vec![error])
    }
}

/// One line for each error.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().take(SHOWN).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

//! Paths in configs: what they start from, `~`, and `${VARIABLE}`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// What paths are resolved with, beside the directory that they start from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    /// The environment.
    variables: BTreeMap<String, String>,
    /// The working directory, where it can be found.
    working: Option<PathBuf>,
}

/// Why a path can't be resolved. Sentences go on after the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    /// A variable that the environment lacks.
    #[error("uses `${{{0}}}`, and there is no environment variable of this name")]
    Unset(String),
    /// `${` without a name and `}` behind it.
    #[error("has a `${{` that is not a variable: `{0}`")]
    Form(String),
    /// `~` without a home.
    #[error("begins with `~`, and the environment variable HOME is not set")]
    NoHome,
    /// A path that a config can't hold.
    #[error("leads to {0:?}, which is not UTF-8 text")]
    NoText(PathBuf),
}

impl PathError {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            PathError::Unset(_) => "set it, or write `$$` for a plain `$`",
            PathError::Form(_) => "write `${NAME}`, or `$$` for a plain `$`",
            PathError::NoHome => "set it, or write the whole path",
            PathError::NoText(_) => "rename that directory",
        }
    }
}

impl Paths {
    pub(super) fn new(variables: BTreeMap<String, String>) -> Paths {
        Paths { variables, working: std::env::current_dir().ok() }
    }

    /// A path as a whole one: `~` and variables filled in, and from `base` on where it is relative. `base` itself may be
    /// relative to the working directory, which it is where there is none.
    pub(crate) fn resolve(&self, text: &str, base: Option<&Path>) -> Result<String, PathError> {
        let filled = PathBuf::from(self.fill_in(text)?);
        let from_base = base.map_or_else(|| filled.clone(), |base| base.join(&filled));
        let whole = self.working.as_ref().map_or_else(|| from_base.clone(), |root| root.join(&from_base));
        tidy(&whole).into_os_string().into_string().map_err(|path| PathError::NoText(path.into()))
    }

    /// Puts the home directory in the place of a leading `~`, and variables in the place of `${NAME}`.
    pub(super) fn fill_in(&self, text: &str) -> Result<String, PathError> {
        let (mut filled, mut rest) = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                (self.variables.get("HOME").ok_or(PathError::NoHome)?.clone(), rest)
            }
            _ => (String::new(), text),
        };
        while let Some(position) = rest.find('$') {
            filled.push_str(&rest[..position]);
            let behind = &rest[position + 1..];
            if let Some(behind) = behind.strip_prefix('$') {
                filled.push('$');
                rest = behind;
            } else if let Some(inside) = behind.strip_prefix('{') {
                let form = || PathError::Form(text.to_owned());
                let (name, behind) = inside.split_once('}').ok_or_else(form)?;
                if !is_variable(name) {
                    return Err(form());
                }
                let value = self.variables.get(name).ok_or_else(|| PathError::Unset(name.to_owned()))?;
                filled.push_str(value);
                rest = behind;
            } else {
                filled.push('$');
                rest = behind;
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Takes out `.`, and `..` with the directory before it. A link stays, since what is above its target is another directory.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match tidied.components().next_back() {
                Some(Component::Normal(_)) if !tidied.is_symlink() => {
                    tidied.pop();
                }
                // There is nothing above the root.
                Some(Component::RootDir) => {}
                _ => tidied.push(component),
            },
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn paths() -> Paths {
        let variables = [("HOME", "/home/me"), ("DATA", "/big/data"), ("SUB", "x/y"), ("EMPTY", "")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Paths { variables: variables.into(), working: Some("/work".into()) }
    }

    #[test]
    fn paths_start_from_their_base_and_are_whole() {
        for (text, base, whole) in [
            ("w.pth", Some("configs"), "/work/configs/w.pth"),
            ("w.pth", None, "/work/w.pth"),
            ("../w.pth", Some("/a/b"), "/a/w.pth"),
            ("./w.pth", Some(""), "/work/w.pth"),
            ("../../../../w.pth", Some("b"), "/w.pth"),
            ("/x/w.pth", Some("/a/b"), "/x/w.pth"),
            ("~/w.pth", Some("/a"), "/home/me/w.pth"),
            ("~", Some("/a"), "/home/me"),
            ("~me/w.pth", Some("/a"), "/a/~me/w.pth"),
            ("a~/w.pth", Some("/a"), "/a/a~/w.pth"),
            ("${DATA}/w.pth", Some("/a"), "/big/data/w.pth"),
            ("${SUB}/${SUB}.pth", Some("/a"), "/a/x/y/x/y.pth"),
            ("w${EMPTY}.pth", Some("/a"), "/a/w.pth"),
            ("$DATA/cost$.pth", Some("/a"), "/a/$DATA/cost$.pth"),
            ("$${DATA}/$$$$", Some("/a"), "/a/${DATA}/$$"),
            ("epoch=9-step=8 @%#,[x].ckpt", Some("/a"), "/a/epoch=9-step=8 @%#,[x].ckpt"),
        ] {
            assert_eq!(paths().resolve(text, base.map(Path::new)).unwrap(), whole, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_filled_in_is_said() {
        let error = |text: &str| paths().resolve(text, None).unwrap_err().to_string();
        assert_eq!(error("${NONE}/x"), "uses `${NONE}`, and there is no environment variable of this name");
        assert_eq!(error("a/${DATA"), "has a `${` that is not a variable: `a/${DATA`");
        assert_eq!(error("${DATA:-x}"), "has a `${` that is not a variable: `${DATA:-x}`");
        let homeless = Paths { working: Some("/work".into()), ..Paths::default() };
        assert_eq!(homeless.resolve("~/x", None), Err(PathError::NoHome));
    }

    #[test]
    fn what_is_above_a_link_is_not_what_is_above_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        std::fs::create_dir_all(&inside).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&inside, &link).unwrap();
        let resolved = paths().resolve("../w.pth", Some(&link)).unwrap();
        assert_eq!(Path::new(&resolved), link.join("../w.pth"));
    }
}

//! Files that a command is to write: looked at before anything is done, so that none of them destroys what the command
//! reads, and none fails at the end for what could have been known at the beginning.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::AccessFlags;

use crate::failure::Failure;

/// What a file is to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Png,
    Svg,
    Csv,
    Parquet,
    Safetensors,
    /// The file's whole name is lossnet's choice.
    Html,
}

impl Content {
    /// What it is called, and how the names of such files end.
    fn known_by(self) -> (&'static str, &'static str) {
        match self {
            Content::Png => ("a PNG picture", "png"),
            Content::Svg => ("an SVG picture", "svg"),
            Content::Csv => ("CSV", "csv"),
            Content::Parquet => ("Parquet", "parquet"),
            Content::Safetensors => ("safetensors", "safetensors"),
            Content::Html => ("HTML", "html"),
        }
    }
}

/// The files that one command writes.
#[derive(Debug, Default)]
pub(super) struct Outputs<'a> {
    files: Vec<(&'static str, &'a Path)>,
}

impl<'a> Outputs<'a> {
    /// Looks at a file that this option names. Clears away what a command that was killed has left half written beside it.
    ///
    /// Fails if it can't be written, has a name that says something else than what it holds, or is one of the others.
    pub(super) fn add(
        &mut self,
        option: &'static str,
        file: &'a Path,
        content: Content,
    ) -> Result<(), Failure> {
        let shown = file.display();
        let (what, ending) = content.known_by();
        if file.is_dir() {
            return Err(Failure::usage(format!(
                "{option} {shown} is a folder; {option} takes the name of a file, such as {}",
                file.join(format!("out.{ending}")).display()
            )));
        }
        let has = file.extension().map(|has| has.to_string_lossy().to_lowercase());
        if has.as_deref() != Some(ending) {
            let instead = if file.file_name().is_none_or(|name| name == "-") {
                PathBuf::from(format!("out.{ending}"))
            } else {
                file.with_extension(ending)
            };
            return Err(Failure::usage(format!(
                "{option} writes {what}, which `{shown}` does not say: name it {}",
                instead.display()
            )));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        writable(option, file, folder)?;
        if let Some((other, _)) = self.files.iter().find(|(_, other)| is_same(other, file)) {
            return Err(Failure::usage(format!(
                "{other} and {option} name the same file, {shown}: name two"
            )));
        }
        lossnet_core::atomic::remove_drafts(folder);
        self.files.push((option, file));
        Ok(())
    }

    /// Fails if one of the files is one that the command reads, by whatever name.
    pub(super) fn spare<'i>(&self, inputs: impl IntoIterator<Item = &'i Path>) -> Result<(), Failure> {
        for input in inputs {
            if let Some((option, file)) = self.files.iter().find(|(_, file)| is_same(file, input)) {
                let by_another_name = if *file == input {
                    String::new()
                } else {
                    format!(" (it is {} by another name)", input.display())
                };
                return Err(Failure::usage(format!(
                    "{option} {} would overwrite a file that this command reads{by_another_name}: name another file",
                    file.display()
                )));
            }
        }
        Ok(())
    }

    /// Fails if one of the files would replace one of a cell's, which are what results are made of.
    pub(super) fn spare_results(&self, logs: &Path) -> Result<(), Failure> {
        let Ok(logs) = logs.canonicalize() else { return Ok(()) };
        for (option, file) in &self.files {
            // `<logs>/<experiment>/<cell>/…`
            let place = file.canonicalize().ok();
            let depth = place.and_then(|place| Some(place.strip_prefix(&logs).ok()?.components().count()));
            if depth.is_some_and(|depth| depth > 2) {
                return Err(Failure::usage(format!(
                    "{option} {} would overwrite a file of a cell's results: name another file",
                    file.display()
                )));
            }
        }
        Ok(())
    }
}

/// Whether a file can be made or replaced: that is up to its folder, and to the file where there is one.
fn writable(option: &str, file: &Path, folder: &Path) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("{option} {} can't be written: {why}", file.display()))
    };
    match std::fs::metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed(&format_args!("there is no folder {}", folder.display())));
        }
        Err(error) => return Err(failed(&error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(failed(&format_args!("{} is a file, not a folder", folder.display())));
        }
        Ok(_) => {}
    }
    nix::unistd::access(folder, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|error| {
        failed(&format_args!("the folder {} can't be written to ({})", folder.display(), error.desc()))
    })
}

/// Whether two paths lead to one file.
fn is_same(a: &Path, b: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => identity(a) == identity(b),
        // Neither is there yet, or one of them: the same name in the same folder makes one file.
        (Err(_), Err(_)) => place(a).is_some_and(|a| Some(a) == place(b)),
        _ => false,
    }
}

/// Where a file is that is not there yet.
fn place(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(file.file_name()?))
}

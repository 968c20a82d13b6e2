//! Where published weights are kept, and how they get there.

use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::WeightsEntry;
use lossnet_plugin_protocol::sample::FetchRequest;

use super::WeightsError;
use crate::fetch::{self, FetchOptions, OnProgress, sha256_prefix_in_name};
use crate::folders;

/// The path of an entry's file: below the folder of weights, else in PyTorch's own cache, where it is right; downloaded to the
/// folder and checked if it is in neither.
pub fn locate(
    entry: &WeightsEntry,
    folder: &Path,
    options: &FetchOptions,
    on_progress: OnProgress<'_>,
) -> Result<PathBuf, WeightsError> {
    find(entry, folder, folders::torch_weights().as_deref(), options, on_progress)
}

fn find(
    entry: &WeightsEntry,
    folder: &Path,
    torch: Option<&Path>,
    options: &FetchOptions,
    on_progress: OnProgress<'_>,
) -> Result<PathBuf, WeightsError> {
    let name = entry.url.rsplit('/').next().filter(|name| !name.is_empty() && entry.url.contains('/'));
    let name =
        name.ok_or_else(|| WeightsError::NoFileName { entry: entry.name.clone(), url: entry.url.clone() })?;
    let to = folder.join(place(name, entry));
    if !to.exists()
        && let Some(cached) = torch.map(|torch| torch.join(name))
        && is_published(&cached, name, entry)
    {
        return Ok(cached);
    }
    let request = FetchRequest {
        url: entry.url.clone(),
        to: to.clone(),
        md5: None,
        sha256: entry.sha256.clone(),
        command: options.command.clone(),
    };
    fetch::file(&request, options, on_progress).map_err(WeightsError::Fetch)?;
    Ok(to)
}

/// Where a file goes below the folder of weights. A name without digits of the file's sum, such as `model.safetensors`, is
/// that of many files, which are told apart by where they come from.
fn place(name: &str, entry: &WeightsEntry) -> PathBuf {
    if sha256_prefix_in_name(name).is_some() {
        return name.into();
    }
    let from = entry.url.split_once("://").map_or(entry.url.as_str(), |(_, rest)| rest);
    let parts = from.split(['/', '?', '#']).filter(|part| !part.is_empty() && !part.starts_with('.'));
    parts.collect()
}

/// Whether a file that something else has downloaded is there and the published one. Without a known sum that can't be told.
fn is_published(file: &Path, name: &str, entry: &WeightsEntry) -> bool {
    let Some(expected) = entry.sha256.as_deref().or_else(|| sha256_prefix_in_name(name)) else {
        return false;
    };
    if !file.is_file() {
        return false;
    }
    let right = fetch::file_sha256(file).is_ok_and(|sum| sum.starts_with(&expected.to_ascii_lowercase()));
    if !right {
        tracing::warn!("{} is not the published file and is not used", file.display());
    }
    right
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_pytorch_has_is_taken_where_it_is_right() {
        let (ours, torch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let draft = torch.path().join("draft");
        std::fs::write(&draft, "weights").unwrap();
        let name = format!("net-{}.pth", &fetch::file_sha256(&draft).unwrap()[..8]);
        let cached = torch.path().join(&name);
        std::fs::rename(draft, &cached).unwrap();
        let entry = WeightsEntry { url: format!("https://example.org/{name}"), ..WeightsEntry::default() };
        let options = FetchOptions { offline: true, ..FetchOptions::default() };
        let find = || find(&entry, ours.path(), Some(torch.path()), &options, &|_| ());
        assert_eq!(find().unwrap(), cached);
        // Another file of that name is none of ours.
        std::fs::write(&cached, "other").unwrap();
        let message = find().unwrap_err().to_string();
        assert!(message.contains(ours.path().join(&name).to_str().unwrap()), "{message}");
        // What lies in lossnet's own folder comes first.
        std::fs::write(ours.path().join(&name), "weights").unwrap();
        assert_eq!(find().unwrap(), ours.path().join(&name));
        assert_eq!(std::fs::read_dir(torch.path()).unwrap().count(), 1, "PyTorch's folder was written to");
    }

    #[test]
    fn files_of_one_name_have_places_of_their_own() {
        let place = |url: &str| {
            let entry = WeightsEntry { url: url.to_owned(), ..WeightsEntry::default() };
            place(url.rsplit('/').next().unwrap_or_default(), &entry)
        };
        assert_eq!(
            place("https://example.org/models/alexnet-owt-7be5be79.pth"),
            Path::new("alexnet-owt-7be5be79.pth")
        );
        assert_eq!(
            place("https://example.org/a/../b/main/model.safetensors"),
            Path::new("example.org/a/b/main/model.safetensors")
        );
    }
}

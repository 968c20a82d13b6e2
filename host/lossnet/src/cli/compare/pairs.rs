//! Which images are compared with which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::images::{LeftOut, is_hidden, is_named_as_image};

use crate::cli::args::CompareArguments;
use crate::failure::Failure;
use lossnet_core::natural;
use lossnet_core::words::count;

/// The pairs that the arguments name.
#[derive(Debug)]
pub(super) struct Pairs {
    /// First and second image of each.
    pub(super) images: Vec<(PathBuf, PathBuf)>,
    /// What to call each pair's map, all different.
    pub(super) names: Vec<String>,
    /// Whether the user named two images, and not what may be any number of pairs.
    pub(super) single: bool,
}

impl Pairs {
    pub(super) fn of(arguments: &CompareArguments) -> Result<Pairs, Failure> {
        let sources =
            if arguments.dir.is_empty() { arguments.images.as_slice() } else { arguments.dir.as_slice() };
        if !arguments.dir.is_empty() && !arguments.all_pairs && sources.len() != 2 {
            return Err(Failure::usage(format!(
                "compare takes two folders, --dir A --dir B, and {} was given; --all-pairs compares the images of one",
                sources.len()
            )));
        }
        if let Some(missing) = arguments.dir.iter().find(|folder| !folder.is_dir()) {
            return Err(unreadable(missing, "it is not a folder"));
        }
        let folders = sources.iter().filter(|source| source.is_dir()).count();
        if !arguments.strip.is_empty() && (folders != 2 || arguments.all_pairs) {
            return Err(Failure::usage("--strip is for the names in two folders: give two folders"));
        }
        if arguments.all_pairs {
            return all_pairs(sources, folders);
        }
        match (sources, folders) {
            ([a, b], 0) => {
                Ok(Pairs { images: vec![(a.clone(), b.clone())], names: vec![name_of(a)], single: true })
            }
            ([a, b], 2) => folder_pairs(a, b, &arguments.strip),
            ([a, b], _) if b.is_dir() => {
                let others = others(images(b)?, a, b)?;
                Ok(named(others.into_iter().map(|(name, other)| (name, (a.clone(), other)))))
            }
            ([a, b], _) => {
                let others = others(images(a)?, b, a)?;
                Ok(named(others.into_iter().map(|(name, other)| (name, (other, b.clone())))))
            }
            ([first, others @ ..], 0) if !others.is_empty() => {
                Ok(named(others.iter().map(|other| (name_of(other), (first.clone(), other.clone())))))
            }
            _ => Err(Failure::usage(format!(
                "compare takes two images, two folders, or one image and a folder or others, and {} was given; \
                 --all-pairs compares the images of one folder with each other",
                match (sources.len(), folders) {
                    (0, _) => "nothing".to_owned(),
                    (1, 0) => "one image".to_owned(),
                    (1, _) => "one folder".to_owned(),
                    (all, _) => format!("{} among {all} paths", count(folders, "folder")),
                }
            ))),
        }
    }
}

/// Each image with each that comes after it.
fn all_pairs(sources: &[PathBuf], folders: usize) -> Result<Pairs, Failure> {
    let images = match (sources, folders) {
        ([folder], 1) => images(folder)?,
        (files, 0) => files.iter().map(|file| (name_of(file), file.clone())).collect(),
        _ => return Err(Failure::usage("--all-pairs takes one folder, or images")),
    };
    if images.len() < 2 {
        return Err(Failure::usage(format!(
            "--all-pairs needs at least two images, and there {} {}",
            if images.len() == 1 { "is" } else { "are" },
            images.len()
        )));
    }
    Ok(named(images.iter().enumerate().flat_map(|(position, (name, image))| {
        images[position + 1..]
            .iter()
            .map(move |(other_name, other)| (format!("{name}-{other_name}"), (image.clone(), other.clone())))
    })))
}

/// Several pairs by names that may come twice.
fn named(pairs: impl Iterator<Item = (String, (PathBuf, PathBuf))>) -> Pairs {
    let mut taken = BTreeSet::new();
    let unique = |(name, pair): (String, (PathBuf, PathBuf))| {
        let mut unique = name.clone();
        let mut number = 1;
        while !taken.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}-{number}");
        }
        (unique, pair)
    };
    let (names, images) = pairs.map(unique).unzip();
    Pairs { images, names, single: false }
}

/// Pairs the images of two folders by base name.
fn folder_pairs(a: &Path, b: &Path, strip: &[String]) -> Result<Pairs, Failure> {
    let (first, second) = (by_name(a, strip)?, by_name(b, strip)?);
    for (from, to, folder) in [(&first, &second, b), (&second, &first, a)] {
        let mut alone: Vec<(&String, &PathBuf)> =
            from.iter().filter(|(name, _)| !to.contains_key(*name)).collect();
        alone.sort_by(|(a, _), (b, _)| natural::compare(a, b));
        if let [(name, path), more @ ..] = alone.as_slice() {
            let more = match more.len() {
                0 => String::new(),
                more => format!(", nor have {more} more"),
            };
            return Err(Failure::usage(format!(
                "{} has no partner named `{name}` in {}{more}: every image of one folder needs one in the other",
                path.display(),
                folder.display()
            ))
            .with_hint(
                "where names differ by a part, such as _HR and _LR, leave it out with --strip _HR,_LR",
            ));
        }
    }
    let mut pairs: Vec<(String, (PathBuf, PathBuf))> = first
        .into_iter()
        .filter_map(|(name, path)| Some((name.clone(), (path, second.get(&name)?.clone()))))
        .collect();
    pairs.sort_by(|(a, _), (b, _)| natural::compare(a, b));
    Ok(named(pairs.into_iter()))
}

/// A folder's images by base name without what is left out of it.
fn by_name(folder: &Path, strip: &[String]) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (name, path) in images(folder)? {
        let name = strip
            .iter()
            .filter(|text| !text.is_empty())
            .fold(name, |name, text| name.replace(text.as_str(), ""));
        if let Some(other) = named.insert(name.clone(), path.clone()) {
            return Err(Failure::usage(format!(
                "{} and {} have the same base name `{name}`, so pairs are ambiguous",
                other.display(),
                path.display()
            )));
        }
    }
    Ok(named)
}

/// A folder's images but for the one that they are compared with.
fn others(
    images: Vec<(String, PathBuf)>,
    one: &Path,
    folder: &Path,
) -> Result<Vec<(String, PathBuf)>, Failure> {
    let same = one.canonicalize().ok();
    let others: Vec<(String, PathBuf)> =
        images.into_iter().filter(|(_, image)| same.is_none() || image.canonicalize().ok() != same).collect();
    if others.is_empty() {
        return Err(Failure::usage(format!(
            "there is no image in {} besides {}",
            folder.display(),
            one.display()
        )));
    }
    Ok(others)
}

/// The images of a folder with their base names, in the order in which people count.
fn images(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let (mut images, left_out) = listing(folder)?;
    if images.is_empty() {
        let instead = if left_out.is_empty() { String::new() } else { format!(": {left_out}") };
        return Err(Failure::usage(format!("there are no images in {}{instead}", folder.display())));
    }
    images.sort_by(|(a, path_a), (b, path_b)| natural::compare(a, b).then_with(|| path_a.cmp(path_b)));
    Ok(images)
}

/// The images of a folder with their base names, and the files that are none. Hidden ones count as neither.
fn listing(folder: &Path) -> Result<(Vec<(String, PathBuf)>, LeftOut), Failure> {
    let (mut images, mut left_out) = (Vec::new(), LeftOut::default());
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if is_hidden(&path) || !path.is_file() {
            continue;
        }
        if path.to_str().is_none() {
            left_out.add_without_text();
        } else if is_named_as_image(&path) {
            images.push((name_of(&path), path));
        } else {
            left_out.add(&path);
        }
    }
    Ok((images, left_out))
}

/// What of the folders is left out, in sentences to be told.
pub(super) fn left_out(arguments: &CompareArguments) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for folder in arguments.images.iter().chain(&arguments.dir).filter(|source| source.is_dir()) {
        let (_, left_out) = listing(folder)?;
        let sentence = format!("{}: {left_out}", folder.display());
        if !left_out.is_empty() && !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    Ok(told)
}

fn unreadable(folder: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("the folder {} can't be read: {reason}", folder.display()))
}

/// A file's name without its ending.
fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

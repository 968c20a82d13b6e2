//! Pictures of the same thing side by side.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::picture::{Embedded, embed};
use super::reports::{Reported, ReportedCell, ReportedImage};
use crate::report::data::{Panel, PanelImage};

/// So many contenders are shown of each picture.
const CONTENDERS: usize = 12;

/// So many pictures are shown of each kind, such as a task's spatial maps.
const PANELS_OF_A_KIND: usize = 8;

/// All pictures together have at most so many bytes, as text.
const ALL_BYTES: usize = 10 << 20;

/// Pictures of one kind: the name's first part says which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'a> {
    task: &'a str,
    what: &'a str,
}

/// A picture with its cell.
type Shown<'a> = (&'a ReportedCell<'a>, &'a ReportedImage);

/// The pictures of the cells that are shown, one panel for each thing that a task has pictures of. What can't be read is told,
/// what is left out is noted.
pub(super) fn of(reported: &Reported<'_>, told: &mut Vec<String>, notes: &mut Vec<String>) -> Vec<Panel> {
    // Whole splits stand before their parts: `val` before `jnd/cnn`.
    let mut groups: BTreeMap<(Kind<'_>, usize, &str), Vec<Shown<'_>>> = BTreeMap::new();
    for cell in &reported.cells {
        for image in last_of_each(&cell.images) {
            let (what, _) = image.name.split_once('/').unwrap_or((&image.name, ""));
            let parts = image.name.matches('/').count();
            let key = (Kind { task: cell.task(), what }, parts, image.name.as_str());
            groups.entry(key).or_default().push((cell, image));
        }
    }
    let mut of_kind: BTreeMap<Kind<'_>, usize> = BTreeMap::new();
    let mut panels: Vec<Panel> = Vec::new();
    let (mut bytes, mut left_out, mut gone) = (0, 0, 0);
    for ((kind, _, name), images) in groups {
        let shown_before = of_kind.entry(kind).or_default();
        if *shown_before == PANELS_OF_A_KIND {
            left_out += images.len();
            continue;
        }
        let mut shown: Vec<PanelImage> = Vec::new();
        let mut contenders = HashSet::new();
        let mut captions = Vec::new();
        for (cell, image) in images {
            // One repetition of each contender.
            if !contenders.insert(cell.network) {
                continue;
            }
            if shown.len() == CONTENDERS || bytes > ALL_BYTES {
                left_out += 1;
                continue;
            }
            match embed(&image.path) {
                Ok(Some(embedded)) => {
                    bytes += embedded.source.len();
                    captions.push(head(&image.caption).to_owned());
                    shown.push(panel_image(cell, image, embedded));
                }
                Ok(None) => gone += 1,
                Err(error) => told.push(error.to_string()),
            }
        }
        if !shown.is_empty() {
            let said = common(&captions);
            for image in &mut shown {
                // What all of them say stands above them once.
                if let Some(own) = image.caption.strip_prefix(said).filter(|_| !said.is_empty()) {
                    let own = own.strip_prefix(". ").or(own.strip_prefix(", ")).unwrap_or(own);
                    image.caption = own.trim_start().to_owned();
                }
            }
            let order = "Sorted by rank.";
            let caption = if said.is_empty() { order.to_owned() } else { format!("{said}. {order}") };
            *shown_before += 1;
            panels.push(Panel { task: kind.task.to_owned(), title: title(name), caption, images: shown });
        }
    }
    if left_out > 0 {
        notes.push(format!(
            "{left_out} images omitted (limits: the {CONTENDERS} best contenders, {PANELS_OF_A_KIND} samples of a kind, {} MB).",
            ALL_BYTES >> 20
        ));
    }
    match gone {
        0 => {}
        1 => told.push("1 reported picture is not in its cell's folder any more".to_owned()),
        _ => told.push(format!("{gone} reported pictures are not in their cells' folders any more")),
    }
    panels
}

/// What a picture's name says: `spatial maps/val/cnn` are the spatial maps of the split `val/cnn`.
fn title(name: &str) -> String {
    name.replacen('/', ", ", 1)
}

/// Of pictures of the same name the last one: that of the largest step, or without one.
fn last_of_each(images: &[ReportedImage]) -> impl Iterator<Item = &ReportedImage> {
    let mut last: BTreeMap<&str, &ReportedImage> = BTreeMap::new();
    for image in images {
        let is_later = last
            .get(image.name.as_str())
            .is_none_or(|known| known.step.unwrap_or(u64::MAX) <= image.step.unwrap_or(u64::MAX));
        if is_later {
            last.insert(&image.name, image);
        }
    }
    last.into_values()
}

fn panel_image(cell: &ReportedCell<'_>, image: &ReportedImage, embedded: Embedded) -> PanelImage {
    let mut lines = image.caption.lines();
    let mut caption = lines.next().unwrap_or_default().to_owned();
    if let Some(step) = image.step {
        let _ = write!(caption, "{}after step {step}", if caption.is_empty() { "" } else { ", " });
    }
    if embedded.reduced > 1 {
        let _ = write!(caption, " (shown {} times smaller)", embedded.reduced);
    }
    PanelImage {
        network: cell.network,
        cell: cell.cell.result.cell.id.clone(),
        caption,
        rows: lines.map(str::to_owned).collect(),
        size: embedded.size,
        source: embedded.source,
    }
}

/// What a caption says of the whole picture; its other lines are of rows.
fn head(caption: &str) -> &str {
    caption.lines().next().unwrap_or_default()
}

/// What all pictures say of themselves: the whole of it, or the first sentences.
fn common(captions: &[String]) -> &str {
    let Some((first, others)) = captions.split_first() else { return "" };
    if others.iter().all(|other| other == first) {
        return first;
    }
    let ends = first.match_indices(". ").map(|(end, _)| end);
    let shared = ends.filter(|&end| others.iter().all(|other| other.get(..end + 2) == first.get(..end + 2)));
    shared.max().map_or("", |end| &first[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_have_whole_sentences_in_common() {
        let of = |captions: [&str; 2]| common(&captions.map(str::to_owned)).to_owned();
        assert_eq!(of(["Two rows. Yellow: 0.1", "Two rows. Yellow: 0.2"]), "Two rows");
        assert_eq!(of(["Two rows. Left. Yellow: 0.1", "Two rows. Left. Red"]), "Two rows. Left");
        assert_eq!(of(["The same", "The same"]), "The same");
        assert_eq!(of(["One thing", "Another"]), "");
        assert_eq!(common(&[]), "");
    }

    #[test]
    fn titles_say_what_and_of_what() {
        assert_eq!(title("spatial maps/val/cnn"), "spatial maps, val/cnn");
        assert_eq!(title("reconstructions"), "reconstructions");
    }
}

//! Pictures of the same thing side by side.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::picture::{Embedded, embed};
use super::reports::{Reported, ReportedCell, ReportedImage};
use crate::report::data::{Panel, PanelImage};

/// So many contenders are shown of each picture.
const CONTENDERS: usize = 12;

/// So many pictures are shown of each task.
const PANELS_OF_A_TASK: usize = 16;

/// All pictures together have at most so many bytes, as text.
const ALL_BYTES: usize = 10 << 20;

/// The pictures of the cells that are shown, one panel for each thing that a task has pictures of. What is left out is told.
pub(super) fn of(reported: &Reported<'_>, told: &mut Vec<String>) -> Vec<Panel> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&ReportedCell<'_>, &ReportedImage)>> = BTreeMap::new();
    for cell in &reported.cells {
        for image in last_of_each(&cell.images) {
            groups.entry((cell.task(), &image.name)).or_default().push((cell, image));
        }
    }
    let mut panels: Vec<Panel> = Vec::new();
    let (mut bytes, mut left_out, mut gone) = (0, 0, 0);
    for ((task, name), images) in groups {
        if panels.iter().filter(|panel| panel.task == task).count() == PANELS_OF_A_TASK {
            left_out += images.len();
            continue;
        }
        let mut shown = Vec::new();
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
                    captions.push(image.caption.clone());
                    shown.push(panel_image(cell, image, embedded));
                }
                Ok(None) => gone += 1,
                Err(error) => told.push(error.to_string()),
            }
        }
        if !shown.is_empty() {
            let (title, caption) = (title(name), caption(&captions));
            panels.push(Panel { task: task.to_owned(), title, caption, images: shown });
        }
    }
    if left_out > 0 {
        told.push(format!(
            "{left_out} pictures were left out: of each thing the {CONTENDERS} contenders that rank first are shown, of each \
             task {PANELS_OF_A_TASK} things, and all pictures together take at most {} MB",
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

/// What a picture's name says: `spatial-maps/val/cnn` are the spatial maps of the split `val/cnn`.
fn title(name: &str) -> String {
    match name.split_once('/') {
        Some((what, of)) => format!("{}, {of}", what.replace('-', " ")),
        None => name.replace('-', " "),
    }
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
    let mut caption = if image.caption.is_empty() { image.name.clone() } else { image.caption.clone() };
    if let Some(step) = image.step {
        let _ = write!(caption, ", after step {step}");
    }
    if embedded.reduced > 1 {
        let _ = write!(caption, " (shown {} times smaller)", embedded.reduced);
    }
    PanelImage {
        network: cell.network,
        cell: cell.cell.result.cell.id.clone(),
        caption,
        size: embedded.size,
        source: embedded.source,
    }
}

/// What the pictures say of themselves, if they all say the same.
fn caption(captions: &[String]) -> String {
    let same = captions.windows(2).all(|pair| pair[0] == pair[1]);
    let said = captions.first().filter(|caption| same && !caption.is_empty());
    let order = "The contenders that rank first stand first.";
    said.map_or_else(|| order.to_owned(), |caption| format!("{caption}. {order}"))
}

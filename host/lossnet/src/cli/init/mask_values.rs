//! What values masks have, and which of them are lines.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Masks that are looked at, at most.
const LOOKED_AT: usize = 40;
/// More values than classes have: edges are smooth, or the format is JPEG.
const CLASSES: usize = 16;
/// From here on a level of grey is bright.
const BRIGHT: u8 = 128;

/// What is in masks, in a sentence, and the settings of the task that fit it, as lines of TOML.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MaskValues {
    pub(super) found: Option<String>,
    pub(super) settings: String,
    /// Whether there are colors, which would be lost in one channel.
    pub(super) is_colored: bool,
}

/// Looks at the pixels of masks, spread over all of them.
pub(super) fn look(masks: &[PathBuf]) -> MaskValues {
    let step = masks.len().div_ceil(LOOKED_AT).max(1);
    let mut counts: BTreeMap<[u8; 3], u64> = BTreeMap::new();
    for mask in masks.iter().step_by(step) {
        // What can't be read is told of by the run, with a reason; of JPEG files brightness tells all.
        let Ok(mask) = image::open(mask) else { continue };
        for pixel in mask.to_rgb8().pixels() {
            *counts.entry(pixel.0).or_default() += 1;
        }
    }
    describe(&counts)
}

fn describe(counts: &BTreeMap<[u8; 3], u64>) -> MaskValues {
    let all: u64 = counts.values().sum();
    if all == 0 {
        return MaskValues::default();
    }
    let percent = |count: u64| format!("{:.1} %", 100.0 * count as f64 / all as f64);
    let is_grey = |pixel: &[u8; 3]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
    let is_colored = !counts.keys().all(is_grey);
    if counts.len() > CLASSES {
        let bright: u64 = counts.iter().filter(|(pixel, _)| pixel[1] >= BRIGHT).map(|(_, count)| count).sum();
        let what =
            if is_colored { "colors: the task wants masks, bright where there is a line" } else { "levels" };
        return MaskValues {
            found: Some(format!("masks have many {what}; {} of their pixels are bright", percent(bright))),
            settings: if is_colored { String::new() } else { dark_lines(bright, all) },
            is_colored,
        };
    }
    let name = |pixel: &[u8; 3]| {
        let [red, green, blue] = pixel;
        if is_grey(pixel) { red.to_string() } else { format!("#{red:02x}{green:02x}{blue:02x}") }
    };
    let values: Vec<String> =
        counts.iter().map(|(pixel, count)| format!("{} ({})", name(pixel), percent(*count))).collect();
    let found = Some(format!("masks have the values {}", values.join(", ")));
    let is_black_and_white = counts.keys().all(|pixel| *pixel == [0; 3] || *pixel == [255; 3]);
    if is_black_and_white && counts.contains_key(&[255; 3]) {
        let settings = dark_lines(counts[&[255; 3]], all);
        return MaskValues { found, settings, is_colored };
    }
    // Classes: the most frequent one is what lies between the lines.
    let background = counts.iter().max_by_key(|(_, count)| **count).map(|(pixel, _)| *pixel);
    let lines: Vec<String> = counts
        .keys()
        .filter(|pixel| Some(**pixel) != background)
        .map(|pixel| if is_grey(pixel) { name(pixel) } else { format!("\"{}\"", name(pixel)) })
        .collect();
    let settings = if lines.is_empty() {
        String::new()
    } else {
        let all_but = if lines.len() > 1 { ": keep here those that are lines" } else { "" };
        let values = format!("foreground = [{}]", lines.join(", "));
        format!("{values:<31} # values of the masks that are lines{all_but}\n")
    };
    MaskValues { found, settings, is_colored }
}

/// Lines are few pixels.
fn dark_lines(bright: u64, all: u64) -> String {
    if bright * 2 > all {
        "invert = true                   # lines are dark: more than half of the masks is bright\n".to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(counts: &[([u8; 3], u64)]) -> String {
        describe(&counts.iter().copied().collect()).settings
    }

    #[test]
    fn values_tell_which_pixels_are_lines() {
        assert_eq!(settings(&[([0; 3], 95), ([255; 3], 5)]), "");
        assert!(settings(&[([0; 3], 5), ([255; 3], 95)]).starts_with("invert = true"));
        assert!(
            settings(&[([0; 3], 95), ([1; 3], 5)]).starts_with("foreground = [1]                # values")
        );
        let classes = settings(&[([0; 3], 90), ([1; 3], 5), ([2; 3], 5)]);
        assert!(classes.starts_with("foreground = [1, 2]") && classes.contains("keep here"), "{classes}");
        let colors = describe(&[([0; 3], 95), ([255, 0, 0], 5)].into_iter().collect());
        assert!(colors.settings.starts_with("foreground = [\"#ff0000\"]"), "{colors:?}");
        assert!(colors.is_colored && colors.found.is_some_and(|found| found.contains("#ff0000 (5.0 %)")));
        // Smooth edges are many levels.
        let smooth: Vec<([u8; 3], u64)> =
            (0..=255).map(|level| ([level; 3], if level < 9 { 90 } else { 1 })).collect();
        assert_eq!(settings(&smooth), "");
        assert_eq!(describe(&BTreeMap::new()), MaskValues::default());
    }
}

//! Which pixels of a map are lines.

use std::collections::BTreeMap;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::samples;

use crate::pixel_value::PixelValue;
use crate::settings::DelineationSettings;

/// The field with the map of lines.
pub(crate) const OUTPUT: &str = "output";

/// The map in one channel: bright where there is a line. With `foreground`, 255 at these values and 0 elsewhere.
///
/// Fails for a map in color where no values are named.
pub(crate) fn lines(map: &Image, foreground: &[PixelValue]) -> Result<Image, PluginError> {
    if foreground.is_empty() {
        if let Some(colors) = colors(map) {
            return Err(in_color(&colors));
        }
        return Ok(map.to_grey());
    }
    let wanted = foreground.iter().map(PixelValue::pixel).collect::<Result<Vec<_>, _>>()?;
    let rgb = map.to_rgb();
    let level = |pixel: &[u8]| if wanted.iter().any(|value| value == pixel) { 255 } else { 0 };
    Ok(Image::grey(map.width(), map.height(), rgb.data().chunks_exact(3).map(level).collect())?)
}

/// How many pixels have which color, if some are not grey.
fn colors(map: &Image) -> Option<BTreeMap<[u8; 3], usize>> {
    if map.channels() == 1 {
        return None;
    }
    let mut counts = BTreeMap::new();
    for pixel in map.data().chunks_exact(3) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1;
    }
    counts.keys().any(|[red, green, blue]| red != green || green != blue).then_some(counts)
}

fn in_color(colors: &BTreeMap<[u8; 3], usize>) -> PluginError {
    /// A palette has fewer colors than a photograph.
    const FEW: usize = 12;
    let error = PluginError::input(format!(
        "`{OUTPUT}` is in color, and a map of lines is grey: bright where there is a line"
    ));
    if colors.len() > FEW {
        return error;
    }
    let names: Vec<String> =
        colors.keys().map(|[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")).collect();
    error.with_help(format!(
        "its colors are {}: name those that are lines with task.foreground, such as [\"{}\"]",
        names.join(", "),
        names.last().map_or("", String::as_str)
    ))
}

/// Looks at the maps of the training before it begins. Fails where none has a bright pixel, which would be trained as maps
/// without lines, and tells of values that may mean something else.
pub(crate) fn check(
    split: &str,
    maps: &dyn Samples,
    settings: &DelineationSettings,
    run: &dyn Run,
) -> Result<(), PluginError> {
    /// Where so many maps are fine, so are the others; maps that are all dark may come first.
    const LOOKED_AT: usize = 32;
    const BRIGHT: usize = 128;
    let mut counts = [0_u64; 256];
    for index in 0..maps.len() {
        let bright = counts[BRIGHT..].iter().sum::<u64>() > 0;
        if bright && index >= LOOKED_AT {
            break;
        }
        run.check_cancelled()?;
        let sample = maps.sample(index)?;
        let map = lines(&samples::image(&sample, OUTPUT)?, &settings.foreground)
            .map_err(|error| error.context(format_args!("sample {}", sample.id)))?;
        for &value in map.data() {
            counts[usize::from(if settings.invert { 255 - value } else { value })] += 1;
        }
    }
    let present: Vec<usize> = (0..256).filter(|&value| counts[value] > 0).collect();
    let stored = |value: usize| if settings.invert { 255 - value } else { value };
    let named = |values: &[usize]| {
        values.iter().map(|&value| stored(value).to_string()).collect::<Vec<_>>().join(", ")
    };
    if present.last().is_none_or(|&brightest| brightest < BRIGHT) {
        if !settings.foreground.is_empty() {
            return Err(PluginError::input(format!(
                "no pixel of the maps (`{OUTPUT}`) of `{split}` has a value that `task.foreground` names"
            )));
        }
        let few = if present.len() > 12 {
            format!("up to {}", named(&present[present.len() - 1..]))
        } else {
            named(&present)
        };
        let advice = match present.as_slice() {
            [_] => "are these the right files?".to_owned(),
            [.., last] => format!(
                "if they are classes, name those that are lines: task.foreground = [{}]",
                stored(*last)
            ),
            [] => String::new(),
        };
        return Err(PluginError::input(format!(
            "the maps (`{OUTPUT}`) of `{split}` have the values {few}, and no pixel is bright, so there would be no lines"
        ))
        .with_help(advice));
    }
    // Edges that were smoothed or compressed have many levels between black and white; classes are few.
    if settings.foreground.is_empty() && (3..=16).contains(&present.len()) {
        run.notice(&format!(
            "the maps (`{OUTPUT}`) of `{split}` have the values {}: the brighter, the more of a line; where they are classes, \
             name those that are lines with task.foreground",
            named(&present)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_and_colors_that_are_named_are_lines() {
        let classes = Image::grey(4, 1, vec![0, 1, 2, 255]).unwrap();
        assert_eq!(lines(&classes, &[PixelValue::Level(1)]).unwrap().data(), [0, 255, 0, 0]);
        assert_eq!(lines(&classes, &[]).unwrap().data(), [0, 1, 2, 255]);
        let palette = Image::rgb(2, 1, vec![0, 0, 0, 128, 0, 16]).unwrap();
        let red = PixelValue::Color("#800010".to_owned());
        assert_eq!(lines(&palette, &[red, PixelValue::Level(3)]).unwrap().data(), [0, 255]);
        let error = lines(&palette, &[]).unwrap_err();
        assert!(error.help.unwrap().contains("#000000, #800010"));
        assert!(lines(&palette, &[PixelValue::Color("red".to_owned())]).is_err());
    }
}

//! One image with the distribution of levels of another.

use super::{Image, ImageError};

/// The image with its levels replaced so that each channel's distribution becomes the reference's:
/// `skimage.exposure.match_histograms(image, reference, channel_axis=-1)`, for 8-bit images of any two sizes.
///
/// A level with a share q of the pixels at or below it becomes the level below which the reference has that share,
/// interpolated linearly between the levels that the reference has, with its fraction cut off.
///
/// Fails where the numbers of channels differ.
pub fn match_histograms(image: &Image, reference: &Image) -> Result<Image, ImageError> {
    let channels = image.channels();
    if channels != reference.channels() {
        let message = format!(
            "the image has {channels} and the reference {} channels; make both grey or both RGB",
            reference.channels()
        );
        return Err(ImageError::Argument { operation: "matching histograms", message });
    }
    let mut result = image.clone();
    for channel in 0..channels {
        let table = table(&quantiles(image, channel), &quantiles(reference, channel));
        for sample in result.data_mut().iter_mut().skip(channel).step_by(channels) {
            *sample = table[usize::from(*sample)];
        }
    }
    Ok(result)
}

/// For each level that the channel has, the share of pixels at or below it; otherwise nothing.
fn quantiles(image: &Image, channel: usize) -> [Option<f64>; 256] {
    let mut counts = [0_u64; 256];
    for &sample in image.data().iter().skip(channel).step_by(image.channels()) {
        counts[usize::from(sample)] += 1;
    }
    let pixels = (image.width() * image.height()) as f64;
    let mut below = 0;
    counts.map(|count| {
        below += count;
        (count > 0).then(|| below as f64 / pixels)
    })
}

fn table(source: &[Option<f64>; 256], reference: &[Option<f64>; 256]) -> [u8; 256] {
    let known: Vec<(f64, f64)> = reference
        .iter()
        .zip(0..)
        .filter_map(|(quantile, level)| quantile.map(|quantile| (quantile, f64::from(level))))
        .collect();
    source.map(|quantile| quantile.map_or(0, |quantile| interpolate(quantile, &known) as u8))
}

/// `numpy.interp`: the same steps, as a cut-off fraction shows each rounding.
fn interpolate(at: f64, known: &[(f64, f64)]) -> f64 {
    let next = known.partition_point(|(quantile, _)| *quantile <= at);
    let Some(&(to, next_level)) = known.get(next) else {
        return known.last().map_or(0.0, |&(_, level)| level);
    };
    let Some(&(from, level)) = next.checked_sub(1).and_then(|previous| known.get(previous)) else {
        return next_level;
    };
    (next_level - level) / (to - from) * (at - from) + level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_matches_itself_and_a_permutation_of_itself() {
        let image = Image::rgb(4, 2, (0..24).map(|value| value * 10).collect()).unwrap();
        let mut turned = image.data().to_vec();
        turned.rotate_left(9);
        let turned = Image::rgb(2, 4, turned).unwrap();
        assert_eq!(match_histograms(&image, &image).unwrap(), image);
        assert_eq!(match_histograms(&image, &turned).unwrap(), image);
    }

    #[test]
    fn levels_between_are_interpolated() {
        let image = Image::grey(4, 1, vec![1, 2, 3, 4]).unwrap();
        let reference = Image::grey(2, 1, vec![10, 21]).unwrap();
        // Quantiles 1/4, 1/2, 3/4, 1 of the reference's (1/2, 10), (1, 21).
        assert_eq!(match_histograms(&image, &reference).unwrap().data(), [10, 10, 15, 21]);
        let message = match_histograms(&image, &reference.to_rgb()).unwrap_err().to_string();
        assert_eq!(
            message,
            "matching histograms: the image has 1 and the reference 3 channels; make both grey or both RGB"
        );
    }
}

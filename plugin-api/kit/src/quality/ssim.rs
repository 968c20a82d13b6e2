//! The structural similarity index.

use super::{OPERATION, Plane, same_extent};
use crate::image::ImageError;

/// Side of the window.
const WINDOW: usize = 11;
/// Standard deviation of the window's Gaussian weights.
const SIGMA: f64 = 1.5;
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// Mean structural similarity (Z. Wang et al., "Image quality assessment: from error visibility to structural
/// similarity", 2004), with the constants of that paper: an 11×11 Gaussian window of standard deviation 1.5,
/// K1 = 0.01, K2 = 0.03, averaged over the positions where the window lies inside. 1 for equal planes.
///
/// scikit-image gives the same with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`. `peak` is its
/// `data_range`, the span of possible values: 255 for [`luma()`](super::luma()).
///
/// Fails where the planes have different sizes or the window does not fit.
pub fn ssim(a: &Plane, b: &Plane, peak: f64) -> Result<f64, ImageError> {
    same_extent(a, b)?;
    if a.width().min(a.height()) < WINDOW {
        let message = format!(
            "{}×{} values are too few for structural similarity, whose window is {WINDOW}×{WINDOW}",
            a.width(),
            a.height()
        );
        return Err(ImageError::Argument { operation: OPERATION, message });
    }
    let weights = weights();
    let (c1, c2) = ((K1 * peak).powi(2), (K2 * peak).powi(2));
    // For each position along a row, the moments of its window's rows: that of row y is number y modulo their number.
    let mut columns = vec![[[0.0; 5]; WINDOW]; a.width() + 1 - WINDOW];
    let mut products: Vec<Moments> = Vec::with_capacity(a.width());
    let mut sum = 0.0;
    let rows = a.values().chunks_exact(a.width()).zip(b.values().chunks_exact(b.width()));
    for (y, (row_a, row_b)) in rows.enumerate() {
        products.clear();
        products.extend(row_a.iter().zip(row_b).map(|(&a, &b)| [a, b, a * a, b * b, a * b]));
        let mut down = weights;
        down.rotate_right((y + 1) % WINDOW);
        for (rows, window) in columns.iter_mut().zip(products.windows(WINDOW)) {
            rows[y % WINDOW] = weigh(&weights, window);
            if y + 1 >= WINDOW {
                sum += index(weigh(&down, rows), c1, c2);
            }
        }
    }
    Ok(sum / (columns.len() * (a.height() + 1 - WINDOW)) as f64)
}

/// Weighted means of a, b, a², b², ab.
type Moments = [f64; 5];

/// Side of the window of [`uniform_ssim`].
const UNIFORM_WINDOW: usize = 7;

/// Mean structural similarity as scikit-image computes it unless told otherwise: a 7×7 window of equal weights with sample
/// variances, K1 = 0.01, K2 = 0.03, averaged over the positions where the window lies inside.
///
/// Fails where the planes have different sizes or the window does not fit.
pub fn uniform_ssim(a: &Plane, b: &Plane, peak: f64) -> Result<f64, ImageError> {
    same_extent(a, b)?;
    let (width, height) = (a.width(), a.height());
    if width.min(height) < UNIFORM_WINDOW {
        let message = format!(
            "{width}×{height} values are too few for structural similarity, whose window is \
             {UNIFORM_WINDOW}×{UNIFORM_WINDOW}"
        );
        return Err(ImageError::Argument { operation: OPERATION, message });
    }
    let (c1, c2) = ((K1 * peak).powi(2), (K2 * peak).powi(2));
    let count = (UNIFORM_WINDOW * UNIFORM_WINDOW) as f64;
    // Sums over the windows' columns, then over their rows.
    let mut columns = vec![[0.0; 5]; width];
    let mut sum = 0.0;
    for top in 0..=height - UNIFORM_WINDOW {
        for (x, column) in columns.iter_mut().enumerate() {
            *column = [0.0; 5];
            for y in top..top + UNIFORM_WINDOW {
                let (a, b) = (a.values()[y * width + x], b.values()[y * width + x]);
                add(column, &[a, b, a * a, b * b, a * b]);
            }
        }
        for window in columns.windows(UNIFORM_WINDOW) {
            let mut moments = [0.0; 5];
            for column in window {
                add(&mut moments, column);
            }
            let [a, b, aa, bb, ab] = moments.map(|moment| moment / count);
            // Sample variances: over one value less than there are.
            let scale = count / (count - 1.0);
            let (second_a, second_b) = (a * a + scale * (aa - a * a), b * b + scale * (bb - b * b));
            sum += index([a, b, second_a, second_b, a * b + scale * (ab - a * b)], c1, c2);
        }
    }
    Ok(sum / ((width + 1 - UNIFORM_WINDOW) * (height + 1 - UNIFORM_WINDOW)) as f64)
}

fn add(sums: &mut Moments, values: &Moments) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

fn weigh(weights: &[f64; WINDOW], window: &[Moments]) -> Moments {
    let mut sums = [0.0; 5];
    for (weight, [a, b, aa, bb, ab]) in weights.iter().zip(window) {
        sums[0] += weight * a;
        sums[1] += weight * b;
        sums[2] += weight * aa;
        sums[3] += weight * bb;
        sums[4] += weight * ab;
    }
    sums
}

fn index([a, b, aa, bb, ab]: Moments, c1: f64, c2: f64) -> f64 {
    let (variance_a, variance_b, covariance) = (aa - a * a, bb - b * b, ab - a * b);
    (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variance_a + variance_b + c2))
}

/// Samples of the Gaussian that sum to 1.
fn weights() -> [f64; WINDOW] {
    let middle = (WINDOW / 2) as f64;
    let exact: [f64; WINDOW] =
        std::array::from_fn(|position| (-0.5 * ((position as f64 - middle) / SIGMA).powi(2)).exp());
    let total: f64 = exact.iter().sum();
    exact.map(|weight| weight / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width: usize, height: usize, f: impl Fn(usize) -> f64) -> Plane {
        Plane::new(width, height, (0..width * height).map(f).collect()).unwrap()
    }

    #[test]
    fn equal_planes_have_1_and_even_planes_only_their_means() {
        let a = plane(13, 12, |index| (index * 37 % 101) as f64);
        assert!((ssim(&a, &a, 255.0).unwrap() - 1.0).abs() < 1e-12);
        let (dark, light) = (plane(11, 11, |_| 50.0), plane(11, 11, |_| 100.0));
        let expected = (2.0 * 5000.0 + 6.5025) / (12500.0 + 6.5025);
        assert!((ssim(&dark, &light, 255.0).unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn planes_below_the_window_are_refused() {
        let small = plane(10, 40, |_| 0.0);
        let message = ssim(&small, &small, 255.0).unwrap_err().to_string();
        assert_eq!(
            message,
            "measuring image quality: 10×40 values are too few for structural similarity, whose window is 11×11"
        );
    }
}

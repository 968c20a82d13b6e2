//! Pixels near others, by exact Euclidean distance.

/// A mask of pixels, row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    width: usize,
    pixels: Vec<bool>,
}

impl Mask {
    /// Rows of `width` pixels.
    ///
    /// # Panics
    ///
    /// If the pixels don't fill whole rows.
    pub fn new(width: usize, pixels: Vec<bool>) -> Mask {
        assert!(width > 0 && pixels.len().is_multiple_of(width), "a mask has whole rows");
        Mask { width, pixels }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pixels, row after row.
    pub fn pixels(&self) -> &[bool] {
        &self.pixels
    }

    /// Pixels that are set.
    pub fn count(&self) -> usize {
        self.pixels.iter().filter(|&&pixel| pixel).count()
    }

    /// Pixels that are set in both. Both must be of the same size.
    pub fn overlap(&self, other: &Mask) -> usize {
        self.pixels.iter().zip(&other.pixels).filter(|&(&a, &b)| a && b).count()
    }

    /// All pixels whose centre is at most `radius` pixels from that of one that is set: the mask dilated by a disk.
    ///
    /// The vertical distance to the nearest set pixel is found in two passes; then each pixel needs those of its row
    /// within the radius only, so the effort grows with the radius and not with its square.
    #[must_use]
    pub fn within(&self, radius: f64) -> Mask {
        let reach = radius.max(0.0) as usize;
        if reach == 0 {
            return self.clone();
        }
        let vertical = self.vertical_distances(reach);
        let limit = radius * radius;
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for row in vertical.chunks_exact(self.width) {
            for x in 0..self.width {
                let near = x.saturating_sub(reach)..(x + reach + 1).min(self.width);
                pixels.push(near.into_iter().any(|other| {
                    let (dx, dy) = (x.abs_diff(other), row[other]);
                    // Farther ones are not told apart.
                    dy <= reach && (dx * dx + dy * dy) as f64 <= limit
                }));
            }
        }
        Mask { width: self.width, pixels }
    }

    /// For each pixel the distance to the nearest set pixel of its column; all above `reach` count as `reach + 1`.
    fn vertical_distances(&self, reach: usize) -> Vec<usize> {
        let far = reach + 1;
        let mut distances: Vec<usize> = self.pixels.iter().map(|&set| if set { 0 } else { far }).collect();
        for place in self.width..distances.len() {
            distances[place] = distances[place].min(distances[place - self.width] + 1);
        }
        for place in (0..distances.len().saturating_sub(self.width)).rev() {
            distances[place] = distances[place].min(distances[place + self.width] + 1);
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pixel_becomes_a_disk() {
        let mut pixels = vec![false; 49];
        pixels[24] = true;
        let mask = Mask::new(7, pixels);
        assert_eq!(
            [0.0, 0.9, 1.0, 1.4, 1.5, 2.0, 3.0].map(|radius| mask.within(radius).count()),
            [1, 1, 5, 5, 9, 13, 29]
        );
    }

    #[test]
    fn every_pixel_agrees_with_a_search_through_all_others() {
        let (width, height) = (13, 11);
        for seed in 0..6u64 {
            let pixels: Vec<bool> = (0..width * height)
                .map(|place| (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (seed << 7)) >> 59 == 0)
                .collect();
            let mask = Mask::new(width, pixels);
            for radius in [0.5, 1.0, 1.5, 2.3, 4.0, 7.5, 20.0] {
                let near = mask.within(radius);
                for place in 0..width * height {
                    let (x, y) = ((place % width) as f64, (place / width) as f64);
                    let found = (0..width * height).filter(|&other| mask.pixels()[other]).any(|other| {
                        ((other % width) as f64 - x).hypot((other / width) as f64 - y) <= radius
                    });
                    assert_eq!(near.pixels()[place], found, "radius {radius}, pixel {x}, {y}");
                }
            }
        }
    }
}

//! Random numbers of one sample: they depend on the seed and the sample's name alone.

use lossnet_plugin_api::protocol::formula::uniform;

/// Numbers drawn for one name.
pub(crate) struct Random(Box<dyn Iterator<Item = f32>>);

/// More numbers than any sample draws.
const MOST: usize = 1 << 20;

impl Random {
    pub(crate) fn new(seed: u64, name: &str) -> Random {
        Random(Box::new(uniform(seed, name, MOST)))
    }

    /// A number in [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        let unit = f64::midpoint(f64::from(self.0.next().unwrap_or_default()), 1.0);
        low + unit * (high - low)
    }

    /// A number from 0 to `count - 1`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.between(0.0, count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Two numbers in [low, high) that differ by 4 % to 15 % of the range: close enough that telling them apart is no
    /// trifle.
    pub(crate) fn two_near(&mut self, low: f64, high: f64) -> (f64, f64) {
        let gap = (high - low) * self.between(0.04, 0.15);
        let smaller = self.between(low, high - gap);
        if self.below(2) == 0 { (smaller, smaller + gap) } else { (smaller + gap, smaller) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_stay_near_and_in_range() {
        let mut rising = 0;
        for index in 0..1000 {
            let (first, second) = Random::new(1, &index.to_string()).two_near(0.2, 1.0);
            let gap = (first - second).abs();
            assert!((0.032 - 1e-9..0.12 + 1e-9).contains(&gap), "{first} {second}");
            assert!((0.2..1.0).contains(&first) && (0.2..1.0).contains(&second), "{first} {second}");
            rising += usize::from(first < second);
        }
        assert!((400..600).contains(&rising), "{rising}");
    }

    #[test]
    fn numbers_depend_on_seed_and_name_alone() {
        let draw = |seed, name| Random::new(seed, name).between(0.0, 1.0).to_bits();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }
}

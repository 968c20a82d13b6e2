//! Numbers as sentences have them.

/// A number of things: `1 cell`, `2 cells`.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// A time in the unit in which it is read most easily.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86400.0),
    }
}

/// A distance: six decimals, and six digits where those would not show what it is.
pub fn distance(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1e-3 { format!("{value:.6}") } else { format!("{value:.5e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!((count(1, "cell"), count(0, "cell")), ("1 cell".to_owned(), "0 cells".to_owned()));
    }

    #[test]
    fn times_have_two_digits_or_so() {
        let times = [0.04, 9.94, 9.96, 89.0, 91.0, 5_000.0, 5_500.0, 172_000.0, 180_000.0].map(duration);
        assert_eq!(
            times,
            ["0.0 s", "9.9 s", "10 s", "89 s", "2 min", "83 min", "1.5 h", "47.8 h", "2.1 days"]
        );
    }

    #[test]
    fn small_distances_keep_their_digits() {
        let texts = [0.0, 0.031_654_354, 12.5, 0.001, 4.2e-7].map(distance);
        assert_eq!(texts, ["0.000000", "0.031654", "12.500000", "0.001000", "4.20000e-7"]);
    }
}

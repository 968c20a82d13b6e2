//! Numbers as sentences have them.

/// A number of things: `1 cell`, `2 cells`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// A time in the unit in which it is read most easily.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86400.0),
    }
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
}

//! Numbers as they are read: one form of each, in sentences, tables, charts and reports.
//!
//! Whatever shows a number to people takes its text from here, and nothing rounds it again. Files that other programs read have
//! numbers as they are.

/// Nothing is known to more significant digits than these, however short its interval is.
const MOST_DIGITS: i32 = 6;

/// Digits of numbers of which nothing says how sure they are.
const DIGITS: i32 = 4;

/// What stands for a number that there is not.
pub const MISSING: &str = "–";

/// A number with so many decimals. What rounds to zero has no sign; a dash stands for what is not finite.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|letter| matches!(letter, '0' | '.')) => zero.to_owned(),
        _ => text,
    }
}

/// A number with so many significant digits, at least one; very large and very small ones with an exponent.
pub fn significant(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let exponential = format!("{value:.*e}", digits - 1);
    // Of the rounded number: 9.99 is 10 with two digits.
    let exponent = exponential.split_once('e').and_then(|(_, text)| text.parse::<i32>().ok()).unwrap_or(0);
    if !(-5..7).contains(&exponent) {
        return exponential;
    }
    fixed(value, usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0))
}

/// `0.694 [0.690, 0.698]`; the number alone where it has no interval.
pub fn with_interval(value: f64, interval: Option<[f64; 2]>, decimals: usize) -> String {
    match interval {
        Some(ends) => format!("{} {}", fixed(value, decimals), self::interval(ends, decimals)),
        None => fixed(value, decimals),
    }
}

/// `[0.690, 0.698]`
pub fn interval([low, high]: [f64; 2], decimals: usize) -> String {
    format!("[{}, {}]", fixed(low, decimals), fixed(high, decimals))
}

/// A p value: two digits, and very small ones as a bound.
pub fn probability(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { significant(p, 2) }
}

/// ` dB`, with a space before it; nothing for a share.
pub fn unit(name: &str) -> String {
    if matches!(name, "share" | "1" | "") { String::new() } else { format!(" {name}") }
}

/// Decimals for numbers that are shown together, such as the scores of a leaderboard: two significant digits of what is
/// typically unsure about them, `widths` (half widths of intervals), else `deviations` (over repetitions). Where neither is known, four
/// digits of the largest number.
pub fn decimals(
    widths: impl IntoIterator<Item = f64>,
    deviations: impl IntoIterator<Item = f64>,
    values: impl IntoIterator<Item = f64>,
) -> usize {
    let largest = values.into_iter().filter(|value| value.is_finite()).map(f64::abs).fold(0.0, f64::max);
    let magnitude = if largest > 0.0 { exponent(largest) } else { 0 };
    let wanted = match median(widths).or_else(|| median(deviations)) {
        Some(width) => 1 - exponent(width),
        None => DIGITS - 1 - magnitude,
    };
    usize::try_from(wanted.min(MOST_DIGITS - 1 - magnitude)).unwrap_or(0)
}

/// The power of ten of a positive number's first digit.
fn exponent(number: f64) -> i32 {
    number.log10().floor() as i32
}

/// The upper median of those that are positive, if there is one.
fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite() && *value > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        let texts = [-0.000_000_1, -0.0, -0.5, 0.25, f64::NAN].map(|value| fixed(value, 6));
        assert_eq!(texts, ["0.000000", "0.000000", "-0.500000", "0.250000", MISSING]);
        assert_eq!(fixed(-0.4, 0), "0");
    }

    #[test]
    fn digits_are_counted_after_rounding() {
        let texts = [0.000_123_4, 0.0999, 9.996, 1234.5, 12_345_678.0, 3.0e-7, 0.0, -0.5]
            .map(|value| significant(value, 3));
        assert_eq!(texts, ["0.000123", "0.0999", "10.0", "1234", "1.23e7", "3.00e-7", "0", "-0.500"]);
    }

    #[test]
    fn the_typical_interval_decides_on_the_decimals_of_all() {
        let none = || std::iter::empty();
        assert_eq!(decimals([0.0041, 0.0039, 0.2], none(), [0.694, 0.71]), 4);
        assert_eq!(decimals([0.9], none(), [25.957]), 2);
        // Points say nothing of how sure anything is.
        assert_eq!(decimals([0.0, 0.05], none(), [1.0, 0.9]), 3);
        assert_eq!(decimals(none(), [0.02], [0.8]), 3);
        assert_eq!(decimals(none(), none(), [0.012_345]), 5);
        assert_eq!(decimals(none(), none(), [0.0, f64::NAN]), 3);
        assert_eq!(decimals([300.0], none(), [12_000.0]), 0);
    }

    #[test]
    fn noise_of_rounding_is_no_digit() {
        assert_eq!(decimals([1e-14], [], [0.8]), 6);
        assert_eq!(with_interval(0.8, Some([0.8 - 1e-14, 0.8]), 6), "0.800000 [0.800000, 0.800000]");
    }

    #[test]
    fn probabilities_are_short() {
        assert_eq!(
            [0.000_05, 0.000_31, 0.0123, 0.5, 1.0].map(probability),
            ["< 0.0001", "0.00031", "0.012", "0.50", "1.0"]
        );
    }
}

//! The order in which people count: frame2 before frame10.

use std::cmp::Ordering;

/// Compares texts, numbers in them by their values.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(first), Some(second)) = (left.chars().next(), right.chars().next()) {
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let ((number, rest), (other, other_rest)) = (number(left), number(right));
            let order = number.len().cmp(&other.len()).then_with(|| number.cmp(other));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (rest, other_rest);
        } else if first == second {
            (left, right) = (&left[first.len_utf8()..], &right[second.len_utf8()..]);
        } else {
            return first.cmp(&second);
        }
    }
    // `1` and `01` are one number, and two names.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The digits at the beginning without leading zeros, and what follows them.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let ordered = ["a", "frame", "frame1", "frame01", "frame2", "frame2b", "frame10", "frame10a2", "x"];
        let mut names = ordered;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            ["a", "frame", "frame01", "frame1", "frame2", "frame2b", "frame10", "frame10a2", "x"]
        );
        // Longer than any integer type.
        let (small, large) = (format!("a{}", "1".repeat(40)), format!("a{}", "1".repeat(41)));
        assert_eq!(compare(&small, &large), Ordering::Less);
    }
}

//! Relations between a value and another, as conditions on cells and on rows write them.

use std::cmp::Ordering;

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    Different,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Longer ones first, so that `>=` is not taken for `>`.
const SIGNS: [(&str, Relation); 6] = [
    ("!=", Relation::Different),
    (">=", Relation::GreaterOrEqual),
    ("<=", Relation::LessOrEqual),
    ("=", Relation::Equal),
    (">", Relation::Greater),
    ("<", Relation::Less),
];

impl Relation {
    /// The relation that a text begins with, and the rest of the text.
    pub fn leading(text: &str) -> Option<(Relation, &str)> {
        SIGNS.into_iter().find_map(|(sign, relation)| Some((relation, text.strip_prefix(sign)?)))
    }

    /// The first relation in a text, the longest where several begin there, with what stands before and behind it.
    pub fn split(text: &str) -> Option<(&str, Relation, &str)> {
        let found = SIGNS
            .into_iter()
            .filter_map(|(sign, relation)| text.find(sign).map(|at| (at, sign, relation)))
            .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
        found.map(|(at, sign, relation)| (text[..at].trim(), relation, text[at + sign.len()..].trim()))
    }

    /// How it is written.
    pub fn sign(self) -> &'static str {
        SIGNS.into_iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }

    /// Whether it asks which of the two comes first.
    pub fn is_order(self) -> bool {
        !matches!(self, Relation::Equal | Relation::Different)
    }

    /// Whether it holds between values of this order; what can't be ordered is only different.
    pub fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Relation::Equal => order == Some(Ordering::Equal),
            Relation::Different => order != Some(Ordering::Equal),
            Relation::Less => order == Some(Ordering::Less),
            Relation::LessOrEqual => order.is_some_and(Ordering::is_le),
            Relation::Greater => order == Some(Ordering::Greater),
            Relation::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_sign_at_the_first_place_counts() {
        assert_eq!(Relation::split("a >= 0.5"), Some(("a", Relation::GreaterOrEqual, "0.5")));
        assert_eq!(Relation::split("a=b>c"), Some(("a", Relation::Equal, "b>c")));
        assert_eq!(Relation::split("a!=b"), Some(("a", Relation::Different, "b")));
        assert_eq!(Relation::split("nothing"), None);
        assert_eq!(Relation::leading("<=3"), Some((Relation::LessOrEqual, "3")));
        assert_eq!(Relation::leading("vgg16"), None);
    }

    #[test]
    fn what_has_no_order_is_only_different() {
        for (sign, relation) in SIGNS {
            assert_eq!(relation.holds(None), relation == Relation::Different, "{sign}");
            assert_eq!(relation.sign(), sign);
        }
        assert!(
            Relation::LessOrEqual.holds(Some(Ordering::Equal))
                && !Relation::Less.holds(Some(Ordering::Equal))
        );
    }
}

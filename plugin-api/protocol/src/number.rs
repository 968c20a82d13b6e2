//! Numbers in JSON, those that JSON lacks included: they are written as the texts `NaN`, `inf` and `-inf`.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that survives JSON whatever it is.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Rust prints exactly the three texts that its parser reads back.
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or \"NaN\", \"inf\" or \"-inf\"")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                match text {
                    "NaN" => Ok(Number(f64::NAN)),
                    "inf" => Ok(Number(f64::INFINITY)),
                    "-inf" => Ok(Number(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// For `#[serde(with = "…")]` on a number.
pub(crate) mod one {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    // serde passes every field by reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number(*number).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Number::deserialize(deserializer).map(|number| number.0)
    }
}

/// For `#[serde(with = "…")]` on a list of numbers.
pub(crate) mod list {
    use super::{Deserializer, Number, SeqAccess, Serializer, Visitor, fmt};

    pub(crate) fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().copied().map(Number))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<f64>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f64>, A::Error> {
                let mut numbers = Vec::new();
                while let Some(Number(number)) = list.next_element()? {
                    numbers.push(number);
                }
                Ok(numbers)
            }
        }

        deserializer.deserialize_seq(Reader)
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Column, Metric, Report, Scalar};

    #[test]
    fn numbers_that_json_lacks_survive_it() {
        let values = vec![0.1, 3.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let column = Column { name: "d0".to_owned(), values };
        let text = serde_json::to_string(&column).unwrap();
        assert_eq!(text, r#"{"name":"d0","values":[0.1,3.0,-0.0,"NaN","inf","-inf"]}"#);
        let back: Column = serde_json::from_str(&text).unwrap();
        let bits = |column: &Column| column.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&column));
    }

    #[test]
    fn a_metric_without_a_value_is_still_a_report() {
        let metric = Metric::new("score", "val", f64::NAN, "share", true, 3);
        let text = serde_json::to_string(&Report::Metric(metric)).unwrap();
        let Report::Metric(back) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
        assert!(back.value.is_nan());
        assert_eq!(back.samples, 3);
        let scalar: Scalar = serde_json::from_str(r#"{"name":"loss","step":1,"value":2}"#).unwrap();
        assert_eq!(scalar.value.to_bits(), 2.0f64.to_bits());
        let wrong = serde_json::from_str::<Scalar>(r#"{"name":"loss","step":1,"value":"much"}"#).unwrap_err();
        assert!(wrong.to_string().contains("expected a number, or \"NaN\", \"inf\" or \"-inf\""), "{wrong}");
    }
}

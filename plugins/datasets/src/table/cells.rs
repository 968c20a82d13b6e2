//! What the cells of a column are.

use std::path::{Path, PathBuf};

use lossnet_plugin_api::protocol::images::{ending, is_named_as_image};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// An image or an array.
    File(PathBuf),
    Number(f64),
}

/// Turns a column's texts into values: files where all of them are named as files that are read, numbers where all are
/// numbers, else labels, numbered in the order of the alphabet.
///
/// Fails with the position of a cell and what is wrong with it.
pub(super) fn column(texts: &[&str]) -> Result<Vec<Cell>, (usize, String)> {
    if let Some(empty) = texts.iter().position(|text| text.is_empty()) {
        return Err((empty, "is empty".to_owned()));
    }
    let is_file = |text: &&str| {
        let path = Path::new(*text);
        is_named_as_image(path) || ending(path) == "npy"
    };
    let files = texts.iter().filter(|text| is_file(text)).count();
    if files == texts.len() {
        return Ok(texts.iter().map(|text| Cell::File(PathBuf::from(text))).collect());
    }
    if files > 0 {
        let other = texts.iter().position(|text| !is_file(text)).unwrap_or_default();
        return Err((
            other,
            format!("is `{}`, which is not the name of an image, as others are", texts[other]),
        ));
    }
    let numbers: Vec<Option<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
    if let Some(position) = numbers.iter().position(|number| number.is_some_and(|number| !number.is_finite()))
    {
        return Err((position, format!("is {}, which is not a finite number", texts[position])));
    }
    let count = numbers.iter().flatten().count();
    if count == texts.len() {
        return Ok(numbers.into_iter().flatten().map(Cell::Number).collect());
    }
    if count > 0 {
        let other = numbers.iter().position(Option::is_none).unwrap_or_default();
        return Err((other, format!("is `{}`, which is not a number, as others are", texts[other])));
    }
    let mut labels = texts.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let label = |text: &&str| labels.binary_search(text).unwrap_or_default() as f64;
    Ok(texts.iter().map(|text| Cell::Number(label(text))).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn columns_are_files_numbers_or_labels() {
        let file = |name: &str| Cell::File(PathBuf::from(name));
        assert_eq!(column(&["a/1.PNG", "b.webp"]).unwrap(), [file("a/1.PNG"), file("b.webp")]);
        assert_eq!(column(&["1", "-0.5"]).unwrap(), [Cell::Number(1.0), Cell::Number(-0.5)]);
        let labels = column(&["dog", "cat", "dog"]).unwrap();
        assert_eq!(labels, [Cell::Number(1.0), Cell::Number(0.0), Cell::Number(1.0)]);
        assert_eq!(column(&["1", ""]).unwrap_err(), (1, "is empty".to_owned()));
        assert!(column(&["1", "x"]).unwrap_err().1.contains("`x`, which is not a number"));
        assert!(column(&["nan"]).unwrap_err().1.contains("not a finite number"));
        assert!(column(&["a.png", "b.heic"]).unwrap_err().1.contains("`b.heic`"));
    }
}

//! The two streams: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use lossnet_plugin_protocol::error::is_stack;

use crate::failure::Failure;

/// Prints a result. A reader that has seen enough (`| head`) is not an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::run(&error)),
    }
}

/// Prints a JSON document.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::run(&error))?;
    print(&text)
}

/// Prints one JSON document on one line.
pub(crate) fn print_json_line(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::run(&error))?;
    print(&text)
}

/// Writes to stderr; there is nobody to tell if that fails.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells why a command ends early.
pub(crate) fn complain(failure: &Failure) {
    let (start, end) =
        if io::stderr().is_terminal() && !no_color() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    say(&format!("{start}error:{end} {}", failure.message));
    for cause in &failure.causes {
        if is_stack(cause) {
            tracing::info!("{cause}");
        } else {
            say(&format!("  because: {cause}"));
        }
    }
    if let Some(help) = &failure.help {
        say(&format!("  what to do: {help}"));
    }
}

/// Columns of text, each as wide as its widest cell; the first row is a header. Numbers stand to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    table_of(rows, usize::MAX, true)
}

/// The same with all cells to the left.
pub(crate) fn table_to_the_left(rows: &[Vec<String>]) -> String {
    table_of(rows, usize::MAX, false)
}

/// The same, but cells wider than `widest` push the rest of their line to the right instead of all lines, and all
/// stand to the left.
pub(crate) fn table_with_overflow(rows: &[Vec<String>], widest: usize) -> String {
    table_of(rows, widest, false)
}

/// Text in lines of at most 100 characters, each after `indent`.
pub(crate) fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 100 {
            lines.push('\n');
            width = 0;
        }
        let before = if width == 0 { indent } else { " " };
        lines.push_str(before);
        lines.push_str(word);
        width += before.chars().count() + length;
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

fn table_of(rows: &[Vec<String>], widest: usize, numbers_right: bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.filter(|&width| width <= widest).max().unwrap_or(0)
    };
    let numeric = |column: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
        numbers_right
            && rows.len() > 1
            && cells.all(|cell| cell.starts_with(|first: char| first.is_ascii_digit() || first == '-'))
    };
    let shape: Vec<(usize, bool)> = (0..columns).map(|column| (width(column), numeric(column))).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&shape)
            .map(
                |(cell, &(width, right))| {
                    if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            )
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Whether the user wants no colours (no-color.org).
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["name", "size"], ["a", "10"], ["long name", "5"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        assert_eq!(table(&rows), "name       size\na            10\nlong name     5\n");
    }

    #[test]
    fn a_cell_that_is_too_wide_moves_only_its_own_line() {
        let rows = [["key", "default", "takes"], ["a", "[1, 2, 3, 4]", "x"], ["bc", "5", "y"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let text = table_with_overflow(&rows, 8);
        assert_eq!(text, "key  default  takes\na    [1, 2, 3, 4]  x\nbc   5        y\n");
    }

    #[test]
    fn long_text_is_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(30), "  ");
        assert!(text.lines().all(|line| line.starts_with("  word") && line.len() <= 100), "{text}");
        assert_eq!(text.split_whitespace().count(), 30);
        assert_eq!(wrapped("", "  "), "");
    }
}

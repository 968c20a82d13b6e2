//! Times the steps of a long command.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::terminal::say;

/// The steps done so far, with their times.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Does a step: says its name, and its time once it is done.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        say(&format!("{name} …"));
        let start = Instant::now();
        step().map_err(|source| Error::Step { step: name.to_owned(), source: Box::new(source) })?;
        let time = start.elapsed();
        say(&format!("{name}: done in {:.1} s", time.as_secs_f64()));
        self.done.push((name.to_owned(), time));
        Ok(())
    }

    /// A table of all steps and their sum.
    pub(crate) fn table(&self) -> String {
        let sum = ("all steps".to_owned(), self.done.iter().map(|(_, time)| *time).sum());
        let width =
            self.done.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(sum.0.len());
        let mut text = String::new();
        for (name, time) in self.done.iter().chain([&sum]) {
            let _ = writeln!(text, "  {name:<width$}  {:>8.1} s", time.as_secs_f64());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_is_named_and_not_counted() {
        let mut steps = Steps::default();
        steps.run("easy", || Ok(())).unwrap();
        let error = steps.run("hard", || Err(Error::Usage("too hard".to_owned()))).unwrap_err();
        assert!(error.to_string().contains("'hard'"), "{error}");
        assert!(steps.table().contains("easy") && !steps.table().contains("hard"));
    }

    #[test]
    fn the_table_ends_with_the_sum() {
        let steps = Steps {
            done: vec![
                ("one".to_owned(), Duration::from_millis(1500)),
                ("two".to_owned(), Duration::from_secs(2)),
            ],
        };
        let last = steps.table().lines().last().unwrap().to_owned();
        assert!(last.contains("all steps") && last.contains("3.5 s"), "{last}");
    }
}

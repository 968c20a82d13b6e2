//! Shows how work goes on: bars on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use lossnet_plugin_protocol::report::Progress;

use super::output;
use crate::terminal::WorkerEvent;
use lossnet_core::words::duration;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The display of one command; copies share it.
#[derive(Clone, Debug)]
pub(crate) struct Display {
    /// 0: warnings only, 1: also progress and what is done.
    quiet: u8,
    terminal: bool,
    /// For another process: events as JSON lines on the standard output.
    events: bool,
    bars: MultiProgress,
    stages: Arc<Mutex<HashMap<String, Stage>>>,
}

#[derive(Debug)]
struct Stage {
    bar: ProgressBar,
    started: Instant,
    said: Instant,
    /// How much was done when it was first heard of: work that goes on from a checkpoint does not begin at nothing.
    first: u64,
}

impl Display {
    pub(crate) fn new(quiet: u8) -> Display {
        Display {
            quiet,
            terminal: std::io::stderr().is_terminal(),
            events: false,
            bars: MultiProgress::new(),
            stages: Arc::default(),
        }
    }

    /// Tells everything to another process, one JSON object a line.
    pub(crate) fn events() -> Display {
        Display { events: true, ..Display::new(0) }
    }

    /// Tells another process, if that is who listens.
    pub(crate) fn event(&self, event: &WorkerEvent) {
        if self.events {
            // The listener is gone: a worker sees that elsewhere.
            let _ = output::print_json_line(event);
        }
    }

    /// Tells the user something on the way.
    pub(crate) fn say(&self, text: &str) {
        if self.events {
            self.event(&WorkerEvent::Notice(text.to_owned()));
        } else if self.quiet == 0 {
            self.above(text);
        }
    }

    /// Tells the user something that was noticed at work.
    pub(crate) fn note(&self, text: &str) {
        if self.events {
            self.event(&WorkerEvent::Notice(text.to_owned()));
        } else if self.quiet < 2 {
            self.above(&format!("note: {text}"));
        }
    }

    /// Tells the user something that may spoil the result.
    pub(crate) fn warn(&self, text: &str) {
        if self.events {
            self.event(&WorkerEvent::Warning(text.to_owned()));
        } else if self.quiet < 2 {
            self.above(&format!("warning: {text}"));
        }
    }

    /// Writes above the bars.
    pub(crate) fn above(&self, text: &str) {
        self.bars.suspend(|| output::say(text));
    }

    /// Shows how far a stage has come.
    pub(crate) fn progress(&self, progress: &Progress) {
        if self.events {
            return self.event(&WorkerEvent::Progress(progress.clone()));
        }
        if self.quiet > 0 {
            return;
        }
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = stages.entry(progress.stage.clone()).or_insert_with(|| self.begin(progress));
        let ended = progress.total == Some(progress.done);
        if self.terminal {
            stage.bar.set_position(progress.done);
            if !progress.detail.is_empty() {
                stage.bar.set_message(format!("{} · {}", progress.stage, progress.detail));
            }
        } else if ended || stage.said.elapsed() >= LINE_EVERY {
            stage.said = Instant::now();
            output::say(&line(progress, stage.first, stage.started.elapsed()));
        }
        if ended {
            stage.bar.finish_and_clear();
            stages.remove(&progress.stage);
        }
    }

    fn begin(&self, progress: &Progress) -> Stage {
        // What began first stays at the bottom: the total, where there is one.
        let bar = if self.terminal { self.bars.insert(0, bar(progress)) } else { ProgressBar::hidden() };
        // What was done earlier says nothing about the rate.
        bar.set_position(progress.done);
        bar.reset_eta();
        Stage { bar, started: Instant::now(), said: Instant::now(), first: progress.done }
    }

    /// Takes away the bars of stages whose names begin like this.
    pub(crate) fn forget(&self, beginning: &str) {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.retain(|name, stage| {
            let goes = name.starts_with(beginning);
            if goes {
                stage.bar.finish_and_clear();
            }
            !goes
        });
    }

    /// Takes away what is left of the bars.
    pub(crate) fn clear(&self) {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.bars.clear();
    }
}

fn bar(progress: &Progress) -> ProgressBar {
    let bytes = progress.unit == "bytes";
    let counts = match (progress.total.is_some(), bytes) {
        (true, true) => "{bar:20} {bytes}/{total_bytes}{speed}{left}",
        (true, false) => "{bar:20} {pos}/{len} {prefix}{pace}{left}",
        (false, true) => "{spinner} {bytes}{speed}",
        (false, false) => "{spinner} {pos} {prefix}{pace}",
    };
    let bar = progress.total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    // What is done gives way where the terminal is narrow.
    let style = ProgressStyle::with_template(&format!("{{wide_msg}}  {counts}"));
    let bar = bar.with_prefix(progress.unit.clone()).with_message(progress.stage.clone());
    let Ok(style) = style else { return bar };
    // The display itself can't fail, and a bar without its pace is none the worse.
    let style = style.with_key("pace", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = pace(state.per_sec()).map_or(Ok(()), |pace| write!(out, " · {pace}"));
    });
    let style = style.with_key("speed", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        if state.per_sec() > 0.0 {
            let _ = write!(out, " · {}/s", HumanBytes(state.per_sec() as u64));
        }
    });
    bar.with_style(style.with_key("left", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // Before something is done nobody knows.
        if state.per_sec() > 0.0 {
            let _ = write!(out, " · {} left", duration(state.eta().as_secs_f64()));
        }
    }))
}

fn line(progress: &Progress, first: u64, elapsed: Duration) -> String {
    let rate = progress.done.saturating_sub(first) as f64 / elapsed.as_secs_f64().max(1e-3);
    let Progress { stage, done, unit, detail, .. } = progress;
    let mut parts = match progress.total {
        Some(total) if total > *done => vec![format!("{stage}: {done}/{total} {unit}")],
        Some(total) => {
            // Not what an earlier attempt did.
            match total.saturating_sub(first) {
                // All that was heard of it is that it is done.
                0 => vec![format!("{stage}: {total} {}", of_number(unit, total))],
                here => {
                    let seconds = elapsed.as_secs_f64();
                    vec![format!("{stage}: {here} {} in {seconds:.1} s", of_number(unit, here))]
                }
            }
        }
        None => vec![format!("{stage}: {done} {}", of_number(unit, *done))],
    };
    parts.extend(pace(rate));
    if let Some(left) = progress.total.map(|total| total.saturating_sub(*done)).filter(|left| *left > 0)
        && rate > 0.0
    {
        parts.push(format!("{} left", duration(left as f64 / rate)));
    }
    let line = parts.join(", ");
    if detail.is_empty() { line } else { format!("{line} · {detail}") }
}

/// How quickly work goes: things per second, or seconds for each where they take longer; nothing before one is done.
fn pace(per_second: f64) -> Option<String> {
    if per_second >= 1.0 {
        Some(format!("{per_second:.1}/s"))
    } else if per_second > 0.0 {
        Some(format!("{} each", duration(1.0 / per_second)))
    } else {
        None
    }
}

/// The name of so many things, from that of several.
fn of_number(several: &str, number: u64) -> &str {
    if number == 1 { several.strip_suffix('s').unwrap_or(several) } else { several }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_rate_and_time_left() {
        let progress = Progress {
            stage: "val".to_owned(),
            done: 50,
            total: Some(200),
            unit: "triplets".to_owned(),
            detail: String::new(),
        };
        let ten = Duration::from_secs(10);
        assert_eq!(line(&progress, 0, ten), "val: 50/200 triplets, 5.0/s, 30 s left");
        let slow = Progress { done: 1, total: Some(3), ..progress.clone() };
        assert_eq!(line(&slow, 0, Duration::from_secs(400)), "val: 1/3 triplets, 7 min each, 13 min left");
        assert_eq!(line(&slow, 1, ten), "val: 1/3 triplets");
        let one = Progress { done: 1, total: Some(1), ..progress.clone() };
        assert_eq!(line(&one, 0, ten), "val: 1 triplet in 10.0 s, 10 s each");
        let progress = Progress { done: 200, ..progress };
        assert_eq!(line(&progress, 200, Duration::ZERO), "val: 200 triplets");
        assert_eq!(line(&progress, 0, ten), "val: 200 triplets in 10.0 s, 20.0/s");
        // A training that went on from a checkpoint at 100.
        let progress = Progress { done: 150, detail: "loss 0.1".to_owned(), ..progress };
        assert_eq!(line(&progress, 100, ten), "val: 150/200 triplets, 5.0/s, 10 s left · loss 0.1");
    }
}

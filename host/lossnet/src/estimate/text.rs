//! Estimates for people and for scripts.

use serde_json::{Value, json};

use super::{Estimate, Estimates, Source, Time};
use lossnet_core::words::{count, duration};

impl Estimates {
    /// What is known of a group, in a few words; nothing if it has nothing to do.
    pub(crate) fn group_text(&self, group: usize) -> Option<String> {
        let (estimate, true) = (self.groups.get(group)?, *self.to_do.get(group)?) else { return None };
        let Estimate { time, loss_network_bytes } = estimate;
        let mut text = match time {
            Some(time) => format!("{} ({}{})", range(time), source(time.source), on_machine(time)),
            None => "time unknown until a group like it has run".to_owned(),
        };
        if let Some(bytes) = loss_network_bytes {
            text.push_str(&format_bytes(*bytes));
        }
        Some(text)
    }

    /// A line about all that is to do.
    pub(crate) fn total_text(&self) -> Option<String> {
        let pending = self.to_do.iter().filter(|&&to_do| to_do).count();
        if pending == 0 {
            return None;
        }
        let known: Vec<&Time> = self.groups.iter().filter_map(|estimate| estimate.time.as_ref()).collect();
        let mut text = match total(&known) {
            None => "time of what is to do: unknown until some of it has run".to_owned(),
            Some(time) => {
                let one_by_one = "one group after the other";
                match pending - known.len() {
                    0 => {
                        format!("time of what is to do, {one_by_one}: {}{}", range(&time), on_machine(&time))
                    }
                    unknown => format!(
                        "time of what is to do, {one_by_one}: {}{}, for {} groups, and {unknown} more whose time is not known yet",
                        range(&time),
                        on_machine(&time),
                        known.len()
                    ),
                }
            }
        };
        if self.speed_would_help {
            text.push_str("; --calibrate measures this machine for a first estimate");
        }
        Some(text)
    }

    /// A group's estimate as JSON.
    pub(crate) fn group_json(&self, group: usize) -> Value {
        json!(self.groups.get(group))
    }

    /// All groups together as JSON.
    pub(crate) fn total_json(&self) -> Value {
        let known: Vec<&Time> = self.groups.iter().filter_map(|estimate| estimate.time.as_ref()).collect();
        let pending = self.to_do.iter().filter(|&&to_do| to_do).count();
        let time = total(&known);
        json!({
            "groups_to_do": pending,
            "groups_with_time": known.len(),
            "seconds": time.map(|time| time.seconds),
            "least": time.map(|time| time.least),
            "most": time.and_then(|time| time.most),
        })
    }
}

/// Times added up; of the sources, the first is as good as any.
fn total(times: &[&Time]) -> Option<Time> {
    let first = times.first()?;
    let sum = |value: fn(&Time) -> f64| times.iter().map(|time| value(time)).sum();
    Some(Time {
        seconds: sum(|time| time.seconds),
        least: sum(|time| time.least),
        most: times.iter().map(|time| time.most).sum::<Option<f64>>(),
        source: first.source,
        machine: times.iter().find_map(|time| time.machine),
    })
}

fn range(time: &Time) -> String {
    let (least, middle) = (duration(time.least), duration(time.seconds));
    match time.most {
        None => format!("at least {least}"),
        Some(most) if duration(most) == least => format!("about {middle}"),
        Some(most) => format!("about {middle}, {least} to {}", duration(most)),
    }
}

/// What would take that long: another machine may be a hundred times as fast.
fn on_machine(time: &Time) -> String {
    time.machine.map(|machine| format!(", on {machine}")).unwrap_or_default()
}

fn source(source: Source) -> String {
    let groups = |number: usize| count(number, "finished group");
    match source {
        Source::Measured(count) => format!("measured on {}", groups(count)),
        Source::Scaled(count) => format!("from {} with other networks, by FLOPs", groups(count)),
        Source::Flops => "from the loss network's FLOPs alone".to_owned(),
    }
}

fn format_bytes(bytes: f64) -> String {
    let amount =
        if bytes < 1e9 { format!("{:.0} MB", bytes / 1e6) } else { format!("{:.1} GB", bytes / 1e9) };
    format!(", {amount} for its loss network")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Machine, Speed};

    fn time(seconds: f64, most: Option<f64>, source: Source) -> Time {
        let machine =
            (source == Source::Flops).then(|| Machine::new("cpu", Speed { flops_per_second: 4.2e9 }));
        Time { seconds, least: seconds / 2.0, most, source, machine }
    }

    #[test]
    fn estimates_say_what_they_are_made_of_and_what_is_not_known() {
        let estimate = |time| Estimate { time, loss_network_bytes: Some(2.5e8) };
        let estimates = Estimates {
            groups: vec![
                estimate(Some(time(100.0, Some(200.0), Source::Measured(1)))),
                estimate(Some(time(7000.0, None, Source::Flops))),
                estimate(None),
                estimate(None),
            ],
            to_do: vec![true, true, true, false],
            speed_would_help: true,
        };
        let texts: Vec<Option<String>> = (0..4).map(|group| estimates.group_text(group)).collect();
        assert_eq!(
            texts,
            [
                Some(
                    "about 2 min, 50 s to 3 min (measured on 1 finished group), 250 MB for its loss network"
                        .to_owned()
                ),
                Some(
                    "at least 58 min (from the loss network's FLOPs alone, on this CPU at 4.2 GFLOP/s), 250 MB for its loss network"
                        .to_owned()
                ),
                Some("time unknown until a group like it has run, 250 MB for its loss network".to_owned()),
                None,
            ]
        );
        assert_eq!(
            estimates.total_text().unwrap(),
            "time of what is to do, one group after the other: at least 59 min, on this CPU at 4.2 GFLOP/s, for 2 groups, and 1 more whose time is not \
             known yet; --calibrate measures this machine for a first estimate"
        );
        let json = estimates.total_json();
        assert_eq!((json["groups_to_do"].as_u64(), json["seconds"].as_f64()), (Some(3), Some(7100.0)));
        assert_eq!(estimates.group_json(0)["time"]["source"], json!({ "from": "measured", "groups": 1 }));
    }
}

//! `[executor.slurm]`: what a job asks of Slurm.

use serde_json::{Map, Value};

/// What a job asks of Slurm. What is not set is left to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlurmSettings {
    /// `--partition`.
    pub partition: Option<String>,
    /// `--account`.
    pub account: Option<String>,
    /// `--qos`.
    pub qos: Option<String>,
    /// `--time`: the limit of a task, after which it is put into the queue again and goes on.
    pub time: Option<String>,
    /// `--gres`, such as `gpu:1`.
    pub gres: Option<String>,
    /// `--cpus-per-task`.
    pub cpus: Option<u32>,
    /// `--mem`: memory of a task.
    pub mem: Option<String>,
    /// How many tasks run at once at most.
    pub max_running_tasks: Option<u32>,
    /// How many groups of cells a task runs, one after the other.
    pub groups_per_task: usize,
    /// How many seconds before its time limit a task is told to save.
    pub signal_seconds: u32,
    /// Shell commands that come first in every task.
    pub setup: Vec<String>,
    /// Further options of `sbatch`.
    pub options: Vec<String>,
}

/// Why settings that are fine one by one don't fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "tasks would be told to save before they begin: `executor.slurm.signal_seconds` is {signal_seconds}, and their time \
     limit `executor.slurm.time` is {time}"
)]
pub struct NoTimeToWork {
    signal_seconds: u32,
    time: String,
}

impl SlurmSettings {
    /// The settings of the checked section, with what is assumed for the rest.
    pub fn new(section: &Map<String, Value>) -> Result<SlurmSettings, NoTimeToWork> {
        let text = |key: &str| section.get(key).and_then(Value::as_str).map(str::to_owned);
        let number = |key: &str| section.get(key).and_then(Value::as_u64).map(|number| number as u32);
        let lines = |key: &str| {
            let lines = section.get(key).and_then(Value::as_array);
            lines.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let settings = SlurmSettings {
            partition: text("partition"),
            account: text("account"),
            qos: text("qos"),
            time: text("time"),
            gres: text("gres"),
            cpus: number("cpus"),
            mem: text("mem"),
            max_running_tasks: number("max_running_tasks"),
            groups_per_task: number("groups_per_task").unwrap_or(1) as usize,
            signal_seconds: number("signal_seconds").unwrap_or(120),
            setup: lines("setup"),
            options: lines("options"),
        };
        match settings.time.as_deref().map(|time| (time, seconds(time))) {
            Some((time, Some(limit))) if u64::from(settings.signal_seconds) >= limit => {
                Err(NoTimeToWork { signal_seconds: settings.signal_seconds, time: time.to_owned() })
            }
            _ => Ok(settings),
        }
    }
}

/// The seconds of a time limit in one of Slurm's forms; none if it is in no such form or without limit.
fn seconds(text: &str) -> Option<u64> {
    let parts = |text: &str| -> Option<Vec<u64>> { text.split(':').map(|part| part.parse().ok()).collect() };
    if let Some((days, rest)) = text.split_once('-') {
        let rest = parts(rest)?;
        let [hours, minutes, seconds] = match rest[..] {
            [hours] => [hours, 0, 0],
            [hours, minutes] => [hours, minutes, 0],
            [hours, minutes, seconds] => [hours, minutes, seconds],
            _ => return None,
        };
        let days = days.parse::<u64>().ok()?;
        return days
            .checked_mul(86_400)?
            .checked_add(hours.checked_mul(3_600)?)?
            .checked_add(60 * minutes + seconds);
    }
    match parts(text)?[..] {
        [minutes] => minutes.checked_mul(60),
        [minutes, seconds] => minutes.checked_mul(60)?.checked_add(seconds),
        [hours, minutes, seconds] => hours.checked_mul(3_600)?.checked_add(60 * minutes + seconds),
        _ => None,
    }
}

/// Checks `time`; the error says what it must be.
pub(super) fn check_time(text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'-'));
    let unlimited = ["UNLIMITED", "INFINITE"].iter().any(|word| word.eq_ignore_ascii_case(text));
    if unlimited || (plain && text.len() <= 20 && seconds(text).is_some_and(|seconds| seconds > 0)) {
        return Ok(());
    }
    Err("a time as Slurm takes it, such as \"90\" (minutes), \"12:30:00\" (hours:minutes:seconds), \"2-12\" (days-hours) \
         or \"2-12:30:00\""
        .to_owned())
}

/// Checks `mem`; the error says what it must be.
pub(super) fn check_memory(text: &str) -> Result<(), String> {
    let digits = text.strip_suffix(['K', 'M', 'G', 'T', 'k', 'm', 'g', 't']).unwrap_or(text);
    if digits.len() <= 15 && digits.parse::<u64>().is_ok() && !digits.starts_with('+') {
        return Ok(());
    }
    Err("memory as Slurm takes it, such as \"16G\" or \"4000M\" (\"0\": all of the node's)".to_owned())
}

/// Checks `gres`; the error says what it must be.
pub(super) fn check_gres(text: &str) -> Result<(), String> {
    let resource = |part: &str| {
        let mut fields = part.split(':');
        let named = |field: &str| {
            !field.is_empty()
                && field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        };
        fields.clone().count() <= 3 && fields.all(named)
    };
    if text.split(',').all(resource) {
        return Ok(());
    }
    Err("resources as Slurm takes them, such as \"gpu:1\" or \"gpu:a100:1\"".to_owned())
}

/// Checks `partition`, `account` and `qos`; the error says what they must be.
pub(super) fn check_name(text: &str) -> Result<(), String> {
    if !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace) {
        return Ok(());
    }
    Err("a name without spaces".to_owned())
}

/// Options that lossnet gives itself, and where a user sets them.
const OWN_OPTIONS: [(&str, &str); 16] = [
    ("--array", "lossnet numbers the tasks; set `max_running_tasks` to run fewer at once"),
    ("-a", "lossnet numbers the tasks; set `max_running_tasks` to run fewer at once"),
    ("--requeue", "tasks are always put into the queue again"),
    ("--no-requeue", "tasks that reach their time limit go on from the queue"),
    ("--signal", "set `signal_seconds`"),
    ("--open-mode", "what tasks print is always appended"),
    ("--output", "what tasks print is kept beside the submission"),
    ("-o", "what tasks print is kept beside the submission"),
    ("--error", "what tasks print is kept beside the submission"),
    ("-e", "what tasks print is kept beside the submission"),
    ("--wrap", "lossnet writes the script"),
    ("--parsable", "lossnet reads what sbatch prints"),
    ("--wait", "use `lossnet run --wait`"),
    ("-W", "use `lossnet run --wait`"),
    ("--test-only", "use `lossnet run --plan`"),
    ("--chdir", "tasks work in the folder that they are submitted from"),
];

/// Checks one of `options`; the error says what it must be.
pub(super) fn check_option(text: &str) -> Result<(), String> {
    let name = text.split(['=', ' ']).next().unwrap_or_default();
    if let Some((_, why)) = OWN_OPTIONS.iter().find(|(own, _)| *own == name) {
        return Err(format!("an option that is left to you, which `{name}` is not: {why}"));
    }
    if name.len() > 1 && name.starts_with('-') && !text.contains(['\n', '\r']) {
        return Ok(());
    }
    Err("an option of sbatch in one line, such as \"--constraint=a100\"".to_owned())
}

/// Checks one of the lines of `setup`; the error says what it must be.
pub(super) fn check_setup(text: &str) -> Result<(), String> {
    if text.contains(['\n', '\r', '\0']) { Err("one line of shell".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(section: &Value) -> Result<SlurmSettings, NoTimeToWork> {
        SlurmSettings::new(section.as_object().unwrap_or(&Map::new()))
    }

    #[test]
    fn times_are_read_as_sbatch_reads_them() {
        // `man sbatch`: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes,
        // days-hours:minutes:seconds.
        for (text, expected) in [
            ("90", 5_400),
            ("1:30", 90),
            ("2:00:01", 7_201),
            ("1-0", 86_400),
            ("1-2", 93_600),
            ("1-2:30", 95_400),
            ("1-2:30:15", 95_415),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
            assert_eq!(check_time(text), Ok(()), "{text}");
        }
        assert_eq!(check_time("UNLIMITED"), Ok(()));
        for wrong in ["", "soon", "1h", "0", "-1", "1:2:3:4", "1-2:3:4:5", "1.5", "99999999999999999999-0"] {
            assert!(check_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn memory_and_resources_are_read_as_sbatch_reads_them() {
        for fine in ["0", "4000", "16G", "512m", "1T"] {
            assert_eq!(check_memory(fine), Ok(()), "{fine}");
        }
        for wrong in ["", "16 GB", "16GB", "-1", "1.5G", "G", "+1G"] {
            assert!(check_memory(wrong).is_err(), "{wrong}");
        }
        for fine in ["gpu", "gpu:1", "gpu:a100:2", "gpu:1,shard:2"] {
            assert_eq!(check_gres(fine), Ok(()), "{fine}");
        }
        for wrong in ["", "gpu:", "gpu 1", "gpu:a:b:1", "gpu:1,"] {
            assert!(check_gres(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_that_lossnet_gives_itself_are_refused_with_a_reason() {
        assert_eq!(check_option("--constraint=a100&nvlink"), Ok(()));
        assert_eq!(check_option("-C a100"), Ok(()));
        assert!(check_option("--array=0-3").is_err_and(|why| why.contains("max_running_tasks")));
        assert!(check_option("--signal=INT@5").is_err_and(|why| why.contains("signal_seconds")));
        assert!(check_option("constraint").is_err());
        assert!(check_option("--comment=a\nb").is_err());
    }

    #[test]
    fn there_must_be_time_before_the_signal() {
        let found = settings(&json!({"time": "2"}));
        assert!(found.is_err_and(|error| error.to_string().contains("time limit")));
        assert!(settings(&json!({"time": "2", "signal_seconds": 60})).is_ok());
        assert!(settings(&json!({"time": "UNLIMITED"})).is_ok());
    }
}

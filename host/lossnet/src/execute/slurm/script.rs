//! The batch script of a submission.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lossnet_plan::config::SlurmSettings;

/// What a script is made of.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    /// What the job asks of Slurm.
    pub(crate) settings: &'a SlurmSettings,
    /// The experiment's name.
    pub(crate) experiment: &'a str,
    /// How many tasks the array has.
    pub(crate) tasks: usize,
    /// The folder of the submission, from the root.
    pub(crate) folder: &'a Path,
    /// The folder to work in, from the root.
    pub(crate) work: &'a Path,
    /// The program and its arguments.
    pub(crate) command: &'a [OsString],
}

/// A path that can't stand in a batch script.
#[derive(Debug, thiserror::Error)]
#[error(
    "a Slurm job can't use the folder {folder}, because its path has a {what}: take another folder for lossnet and --logs",
    folder = folder.display()
)]
pub(crate) struct UnfitPath {
    folder: PathBuf,
    what: &'static str,
}

/// The file that a task's output goes to, by the task's number.
pub(crate) fn output_name(task: impl std::fmt::Display) -> String {
    format!("task-{task}.log")
}

impl Script<'_> {
    /// The script's text.
    ///
    /// Its tasks ignore SIGUSR1 until the program is there to handle it. A command of the setup that fails ends the task.
    pub(crate) fn text(&self) -> Result<String, UnfitPath> {
        let mut text = String::from("#!/bin/bash\n");
        for option in self.options()? {
            let _ = writeln!(text, "#SBATCH {}", batch_word(&option));
        }
        text.push_str("# Made by lossnet, for `sbatch`.\n");
        // The program handles it; a signal that comes before that must not kill the task.
        text.push_str("trap '' USR1\n");
        // Where tasks are not bound to their processors, libtorch would take all of the node's.
        text.push_str("export OMP_NUM_THREADS=\"${OMP_NUM_THREADS:-$SLURM_CPUS_ON_NODE}\"\n");
        let work = self.work.to_str().ok_or_else(|| unfit(self.work, "name that is not UTF-8"))?;
        let _ = writeln!(text, "cd {} || exit 1", shell_word(work));
        if !self.settings.setup.is_empty() {
            text.push_str("trap 'echo \"lossnet: a command of executor.slurm.setup failed: $BASH_COMMAND\" >&2' ERR\nset -e\n");
            for line in &self.settings.setup {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push_str("exec");
        for word in self.command {
            let word = word.to_str().ok_or_else(|| unfit(Path::new(word), "name that is not UTF-8"))?;
            text.push(' ');
            text.push_str(&shell_word(word));
        }
        text.push('\n');
        Ok(text)
    }

    fn options(&self) -> Result<Vec<String>, UnfitPath> {
        let SlurmSettings {
            partition,
            account,
            qos,
            time,
            gres,
            cpus,
            mem,
            max_running_tasks,
            signal_seconds,
            ..
        } = self.settings;
        let max_running_tasks = max_running_tasks.map(|most| format!("%{most}")).unwrap_or_default();
        let mut options = vec![
            format!("--job-name=lossnet-{}", self.experiment),
            format!("--array=0-{}{max_running_tasks}", self.tasks.saturating_sub(1)),
            "--requeue".to_owned(),
            format!("--signal=B:USR1@{signal_seconds}"),
            "--open-mode=append".to_owned(),
            format!("--output={}", self.output()?),
        ];
        let cpus = cpus.map(|cpus| cpus.to_string());
        let given = [
            ("partition", partition),
            ("account", account),
            ("qos", qos),
            ("time", time),
            ("gres", gres),
            ("cpus-per-task", &cpus),
            ("mem", mem),
        ];
        options
            .extend(given.iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_deref()?))));
        options.extend_from_slice(&self.settings.options);
        Ok(options)
    }

    /// The pattern of the tasks' output files.
    fn output(&self) -> Result<String, UnfitPath> {
        let folder = self.folder.to_str().ok_or_else(|| unfit(self.folder, "name that is not UTF-8"))?;
        // A backslash anywhere has Slurm take `%a` as it stands.
        if folder.contains('\\') {
            return Err(unfit(self.folder, "backslash"));
        }
        if folder.contains(['\n', '\r']) {
            return Err(unfit(self.folder, "line break"));
        }
        Ok(format!("{}/{}", folder.replace('%', "%%"), output_name("%a")))
    }
}

fn unfit(folder: &Path, what: &'static str) -> UnfitPath {
    UnfitPath { folder: folder.to_owned(), what }
}

/// A word of a line `#SBATCH`, which knows quotes and backslashes but no variables.
fn batch_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/@%+".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word of a shell command.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn script(folder: &str, section: &serde_json::Value) -> Result<String, UnfitPath> {
        let settings = SlurmSettings::new(section.as_object().unwrap()).unwrap();
        let command = ["/opt/my lossnet".into(), "it's".into()];
        let (folder, work) = (Path::new(folder), Path::new("/home/a b"));
        Script { settings: &settings, experiment: "quick", tasks: 3, folder, work, command: &command }.text()
    }

    #[test]
    fn a_script_says_all_that_is_set() {
        let section = json!({
            "partition": "gpu", "account": "me", "qos": "low", "time": "12:00:00", "gres": "gpu:1", "cpus": 8,
            "mem": "32G", "max_running_tasks": 2, "signal_seconds": 60, "setup": ["module load cuda"],
            "options": ["--constraint=a100", "--comment=a \"b\""],
        });
        let expected = "\
#!/bin/bash
#SBATCH --job-name=lossnet-quick
#SBATCH --array=0-2%2
#SBATCH --requeue
#SBATCH --signal=B:USR1@60
#SBATCH --open-mode=append
#SBATCH \"--output=/l o/100%%/task-%a.log\"
#SBATCH --partition=gpu
#SBATCH --account=me
#SBATCH --qos=low
#SBATCH --time=12:00:00
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --constraint=a100
#SBATCH \"--comment=a \\\"b\\\"\"
# Made by lossnet, for `sbatch`.
trap '' USR1
export OMP_NUM_THREADS=\"${OMP_NUM_THREADS:-$SLURM_CPUS_ON_NODE}\"
cd '/home/a b' || exit 1
trap 'echo \"lossnet: a command of executor.slurm.setup failed: $BASH_COMMAND\" >&2' ERR
set -e
module load cuda
exec '/opt/my lossnet' 'it'\\''s'
";
        assert_eq!(script("/l o/100%", &section).unwrap(), expected);
    }

    #[test]
    fn what_is_not_set_is_left_to_the_cluster() {
        let text = script("/logs", &json!({})).unwrap();
        assert!(text.contains("--array=0-2\n") && text.contains("USR1@120"), "{text}");
        assert!(
            !text.contains("--time") && !text.contains("--partition") && !text.contains("set -e"),
            "{text}"
        );
    }

    #[test]
    fn paths_that_slurm_would_misread_are_refused() {
        for folder in ["/a\\b", "/a\nb"] {
            let error = script(folder, &json!({})).unwrap_err().to_string();
            assert!(error.contains("--logs"), "{error}");
        }
    }
}

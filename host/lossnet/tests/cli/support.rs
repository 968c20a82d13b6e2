//! A folder to work in, and the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where cargo puts binaries, libraries and, in `plugins`, what `cargo xtask build` gathers.
pub(crate) fn built() -> PathBuf {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_lossnet"));
    binary.parent().unwrap().to_owned()
}

/// A shared library made for tests by the package lossnet-engine.
pub(crate) fn faulty(name: &str) -> PathBuf {
    let path = built().join(format!("examples/lib{name}.so"));
    assert!(path.is_file(), "{} is missing: run `cargo xtask test`", path.display());
    path
}

/// A user's working folder, with a cache of its own.
pub(crate) struct User {
    folder: tempfile::TempDir,
}

/// What a command left.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl User {
    pub(crate) fn new() -> User {
        let libraries = built().join("plugins");
        assert!(libraries.is_dir(), "{} is missing: run `cargo xtask test`", libraries.display());
        User { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A picture in plain PPM: a ramp whose green channel is `green` times too dark, with a checkerboard in blue.
    pub(crate) fn picture(&self, name: &str, side: usize, green: f64) -> PathBuf {
        let mut text = format!("P3 {side} {side} 255\n");
        for y in 0..side {
            for x in 0..side {
                let ramp = |v: usize| v * 255 / (side - 1);
                let blue = if (x / 8 + y / 8) % 2 == 0 { 0 } else { 255 };
                writeln!(text, "{} {} {blue}", ramp(x), (ramp(y) as f64 * green) as u8).unwrap();
            }
        }
        self.write(name, &text)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lossnet"));
        command.current_dir(self.folder.path()).args(arguments);
        // Tests share one cache of the built plugins, since filling it loads libtorch; it knows changed files.
        command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("XDG_DATA_HOME", self.path("data"));
        // Weights of this machine's user are not the test's.
        command.env("LOSSNET_WEIGHTS_DIR", self.path("checkpoints/weights"));
        command.env("TORCH_HOME", self.path("torch"));
        for variable in ["LOSSNET_PLUGIN_PATH", "LOSSNET_MIRROR", "LOSSNET_LOG"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().unwrap())
    }

    /// Runs what must work, and returns its standard output.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        done.out
    }

    /// Runs what must work and print JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let out = self.must(arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {out}"))
    }

    /// Runs what must be refused with exit code 2 and one sentence that has all these parts.
    pub(crate) fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let done = self.run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {}{}", done.out, done.err);
        assert_eq!(done.out, "", "{arguments:?} printed a result");
        for part in parts {
            assert!(done.err.contains(part), "{arguments:?}: no `{part}` in: {}", done.err);
        }
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

impl Done {
    pub(crate) fn of(output: &Output) -> Done {
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

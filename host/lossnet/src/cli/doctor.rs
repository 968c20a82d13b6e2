//! `lossnet doctor`

mod mount;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lossnet_plugin_protocol::error::is_stack;
use lossnet_plugin_protocol::{API_VERSION, Kind};
use nix::unistd::AccessFlags;
use serde::Serialize;

use super::args::DoctorArguments;
use crate::context::{Context, sentence};
use crate::engine::{Engine, LIBTORCH_RELEASE, Request};
use crate::failure::{Failure, PLUGIN_NOT_LOADED, RUN_FAILED};
use crate::index::SearchPath;
use crate::terminal::output;
use lossnet_core::engine_protocol::TorchReport;
use lossnet_core::folders;
use lossnet_core::store::Store;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Works.
    Good,
    /// Not there, and not needed.
    Absent,
    /// Does not work.
    Broken,
}

/// Looks at everything that a run may need.
pub(super) fn doctor(arguments: &DoctorArguments, context: &Context) -> Result<ExitCode, Failure> {
    let mut findings = vec![
        good("lossnet", format!("{} (plugin API {API_VERSION})", env!("CARGO_PKG_VERSION"))),
        good("system", system()),
    ];
    findings.extend(engine(context));
    let plugins = plugins(context);
    let plugins_broken = plugins.iter().any(|finding| finding.state == State::Broken);
    findings.extend(plugins);
    findings.extend(places());

    if arguments.json {
        output::print_json(&findings)?;
    } else {
        let rows: Vec<Vec<String>> = findings.iter().map(Finding::row).collect();
        output::print(&output::table(&rows))?;
    }
    let broken = findings.iter().any(|finding| finding.state == State::Broken);
    Ok(match (plugins_broken, broken) {
        (true, _) => ExitCode::from(PLUGIN_NOT_LOADED),
        (false, true) => ExitCode::from(RUN_FAILED),
        (false, false) => ExitCode::SUCCESS,
    })
}

impl Finding {
    fn row(&self) -> Vec<String> {
        let mark = match self.state {
            State::Good => "✓",
            State::Absent => "–",
            State::Broken => "✗",
        };
        vec![mark.to_owned(), self.what.to_owned(), self.detail.clone()]
    }
}

fn good(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding { what, state: State::Good, detail: detail.into() }
}

fn absent(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding { what, state: State::Absent, detail: detail.into() }
}

fn broken(what: &'static str, failure: &Failure) -> Finding {
    let mut detail = failure.message.clone();
    for cause in failure.causes.iter().filter(|cause| !is_stack(cause)) {
        detail.push_str(": ");
        detail.push_str(cause);
    }
    Finding { what, state: State::Broken, detail }
}

fn system() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    });
    let memory =
        memory.map(|kib| format!(", {:.0} GiB of memory", kib / 1024.0 / 1024.0)).unwrap_or_default();
    format!("{} {}, {cores} cores{memory}", std::env::consts::OS, std::env::consts::ARCH)
}

fn engine(context: &Context) -> Vec<Finding> {
    let engine = match context.engine_for("cpu", "fp32") {
        Ok(engine) => engine,
        Err(failure) => return vec![broken("libtorch", &failure)],
    };
    let libtorch = engine.libtorch();
    let version = libtorch.version.as_deref().unwrap_or("whose files don't say its version,");
    let folder = libtorch.folder.as_deref().unwrap_or(Path::new("where the dynamic loader found it"));
    let mut findings = vec![
        good("libtorch", format!("{version} in {} (built for {LIBTORCH_RELEASE})", folder.display())),
        good("engine", engine.file().display().to_string()),
    ];
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    let driver = driver.as_deref().and_then(|text| text.lines().next()).map(|line| line.trim().to_owned());
    let cuda = engine.add_cuda();
    match (&driver, &cuda) {
        (None, _) => findings.push(absent("CUDA driver", "no NVIDIA driver on this machine")),
        (Some(line), _) => findings.push(good("CUDA driver", line)),
    }
    let usable = match cuda {
        Ok(()) => true,
        Err(error) => {
            let failure = Failure::run(&error);
            let finding = broken("CUDA libraries", &failure);
            // Without a GPU nobody needs them.
            let state = if driver.is_some() { State::Broken } else { State::Absent };
            findings.push(Finding { state, ..finding });
            false
        }
    };
    match torch(engine, context) {
        Ok(report) => findings.extend(describe(&report, usable)),
        Err(failure) => findings.push(broken("computing", &failure)),
    }
    findings
}

fn torch(engine: &Engine, context: &Context) -> Result<TorchReport, Failure> {
    let answer = context.call(engine, &Request::Doctor)?;
    serde_json::from_value(answer).map_err(|error| Failure::run(&error))
}

fn describe(report: &TorchReport, cuda_libraries: bool) -> Vec<Finding> {
    let mut findings = vec![good("CPU", format!("computes with {} threads", report.threads))];
    if cuda_libraries {
        let detail = format!(
            "{} devices, cuDNN {}",
            report.cuda_devices,
            if report.cudnn { "works" } else { "is missing" }
        );
        findings.push(if report.cuda {
            good("CUDA", detail)
        } else {
            absent("CUDA", "libraries loaded, no device")
        });
    }
    for (device, difference) in &report.checks {
        let fits = *difference <= 1e-3;
        let state = if fits { State::Good } else { State::Broken };
        let detail = format!("{device}: a convolution differs from the CPU's by {difference:.1e}");
        findings.push(Finding { what: "GPU", state, detail });
    }
    findings
}

fn plugins(context: &Context) -> Vec<Finding> {
    let mut findings = match SearchPath::new(&context.options.plugin_dir) {
        Ok(search) => search
            .folders()
            .iter()
            .map(|folder| good("plugin folder", folder.display().to_string()))
            .collect(),
        Err(error) => vec![broken("plugin folder", &Failure::input(&error))],
    };
    let index = match context.index_in_silence() {
        Ok(index) => index,
        Err(failure) => {
            findings.push(broken("plugins", &failure));
            return findings;
        }
    };
    for plugin in index.catalog.plugins() {
        let manifest = &plugin.manifest;
        let counts = Kind::ALL.iter().filter_map(|&kind| {
            let count = manifest.components.iter().filter(|held| held.kind == kind).count();
            (count > 0).then(|| format!("{count} {kind}{}", if count == 1 { "" } else { "s" }))
        });
        let counts: Vec<String> = counts.collect();
        findings
            .push(good("plugin", format!("{} {}: {}", manifest.name, manifest.version, counts.join(", "))));
    }
    for problem in &index.problems {
        findings.push(Finding { what: "plugin", state: State::Broken, detail: sentence(problem) });
    }
    findings
}

/// The folders that runs write to.
fn places() -> Vec<Finding> {
    let mut places: Vec<(&'static str, PathBuf)> =
        ["datasets", "checkpoints", "logs"].map(|name| (name, PathBuf::from(name))).to_vec();
    places.extend(folders::cache().map(|folder| ("cache", folder)));
    places.extend(folders::data().map(|folder| ("user data", folder)));
    let mut findings: Vec<Finding> = places.into_iter().map(|(what, folder)| place(what, &folder)).collect();
    findings.extend(locks(Path::new("logs")));
    findings
}

/// Whether two processes can be kept from working on one cell, on this machine and on others.
fn locks(logs: &Path) -> Option<Finding> {
    if !logs.is_dir() {
        return None;
    }
    if let Err(error) = Store::new(logs).check_locks() {
        return Some(broken("locks", &Failure::run(&error)));
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let folder = logs.canonicalize().unwrap_or_else(|_| logs.to_owned());
    Some(match mount::of(&mounts, &folder) {
        Some(mount) if mount.keeps_locks_to_itself() => {
            let what = format!(
                "{} is on {}, mounted so that other machines don't see locks: don't run one sweep on two machines by hand \
                 (docs/reference/locks.md)",
                logs.display(),
                mount.kind
            );
            broken("locks", &Failure::usage(what))
        }
        Some(mount) => good("locks", format!("{} can be locked ({})", logs.display(), mount.kind)),
        None => good("locks", format!("{} can be locked", logs.display())),
    })
}

fn place(what: &'static str, folder: &Path) -> Finding {
    let shown = folder.display().to_string();
    let can_be_written = |folder: &Path| nix::unistd::access(folder, AccessFlags::W_OK | AccessFlags::X_OK);
    if folder.exists() {
        return match can_be_written(folder) {
            Ok(()) => good(what, format!("{shown} can be written to")),
            Err(error) => {
                broken(what, &Failure::usage(format!("{shown} can't be written to: {}", error.desc())))
            }
        };
    }
    // It will be made in the nearest folder above it that is there.
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let above = whole.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("/"));
    match can_be_written(above) {
        Ok(()) => absent(what, format!("{shown} is not there yet; it is made when it is needed")),
        Err(error) => broken(
            what,
            &Failure::usage(format!(
                "{shown} is not there and can't be made: {} can't be written to: {}",
                above.display(),
                error.desc()
            )),
        ),
    }
}

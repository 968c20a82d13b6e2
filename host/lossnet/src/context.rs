//! What commands share: the display, the plugins, the engine.

use std::cell::{Cell, OnceCell};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::sample::FetchRequest;
use lossnet_plugin_protocol::{ComponentManifest, Kind, PluginError};
use serde_json::{Map, Value};

use crate::engine::{Control, Engine, Event, Request, wants_cuda};
use crate::failure::{Failure, INTERRUPTED, PLUGIN_NOT_LOADED};
use crate::index::{Index, Problem, SearchPath, ask};
use crate::lpips::Preset;
use crate::terminal::logging;
use crate::terminal::progress::Display;
use lossnet_core::engine_protocol::ComponentRef;
use lossnet_core::fetch::{self, FetchOptions};
use lossnet_core::folders;
use lossnet_plan::catalog::Descriptions;
use lossnet_plan::config::is_by_default;

/// What users can say to every command.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Folders with further plugins.
    pub(crate) plugin_dir: Vec<PathBuf>,
    /// How much more is said than usual.
    pub(crate) verbose: u8,
    /// How much less.
    pub(crate) quiet: u8,
    /// Whether nothing may be downloaded.
    pub(crate) offline: bool,
}

/// Lives as long as the command.
pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) display: Display,
    index: OnceCell<Index>,
    /// Whether the user was told of the plugins that can't be used.
    told: Cell<bool>,
    engine: OnceCell<Engine>,
    interrupted: Arc<AtomicBool>,
    /// Whether the terminal or the connection is gone, which is told more than once.
    hung_up: Arc<AtomicBool>,
    /// Whether [`Context::take_interruption`] has told of that.
    took_hang_up: Cell<bool>,
}

impl Context {
    /// For these options; `events` sends what there is to say as JSON lines to the standard output.
    pub(crate) fn new(options: Options, events: bool) -> Context {
        let display = if events { Display::events() } else { Display::new(options.quiet) };
        logging::start(options.verbose, options.quiet, &display);
        Context {
            options,
            display,
            index: OnceCell::new(),
            // The parent of a worker has reported them.
            told: Cell::new(events),
            engine: OnceCell::new(),
            interrupted: Arc::default(),
            hung_up: Arc::default(),
            took_hang_up: Cell::new(false),
        }
    }

    /// The plugins that can be used; the others are told of once.
    pub(crate) fn index(&self) -> Result<&Index, Failure> {
        let index = self.index_in_silence()?;
        if !self.told.replace(true) {
            for problem in &index.problems {
                self.display.warn(&sentence(problem));
            }
        }
        Ok(index)
    }

    /// The plugins, for a command that tells of the problems itself.
    pub(crate) fn index_in_silence(&self) -> Result<&Index, Failure> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let search = SearchPath::new(&self.options.plugin_dir).map_err(|error| Failure::input(&error))?;
        let cache = folders::cache().unwrap_or_else(std::env::temp_dir);
        let index = Index::build(&search, &cache, &mut ask)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// What a component says of itself.
    pub(crate) fn manifest(&self, kind: Kind, name: &str) -> Result<&ComponentManifest, Failure> {
        self.index()?.catalog.get(kind, name).map_err(|unknown| Failure::input(&unknown))
    }

    /// A component by kind and name.
    pub(crate) fn component(&self, kind: Kind, name: &str) -> Result<ComponentRef, Failure> {
        let index = self.index()?;
        match index.catalog.get(kind, name) {
            Ok(_) => {
                let plugin = index.catalog.plugin_of(kind, name).map(Path::to_owned).unwrap_or_default();
                Ok(ComponentRef { plugin, name: name.to_owned() })
            }
            // It may well be in one of the plugins that could not be loaded.
            Err(unknown) if index.problems.is_empty() => Err(Failure::input(&unknown)),
            Err(unknown) => Err(Failure::input(&unknown).with_code(PLUGIN_NOT_LOADED)),
        }
    }

    /// The engine, brought up for a device and precision at first use.
    pub(crate) fn engine_for(&self, device: &str, precision: &str) -> Result<&Engine, Failure> {
        if let Some(engine) = self.engine.get() {
            // An engine without CUDA was enough to ask plugins what they hold; libtorch takes CUDA later, too.
            if wants_cuda(device) {
                engine.add_cuda().or_else(|error| self.without_cuda(device, error))?;
            }
            return Ok(engine);
        }
        // Without it libtorch's mathematics library ends the process, with a sentence about another thing.
        if let Err(error) = std::env::current_dir() {
            return Err(Failure::usage(format!("the working directory is gone or can't be read: {error}"))
                .with_hint("change to another one with cd"));
        }
        let engine = Engine::load(precision == "tf32")?;
        if wants_cuda(device) {
            engine.add_cuda().or_else(|error| self.without_cuda(device, error))?;
        }
        Ok(self.engine.get_or_init(|| engine))
    }

    /// Only `auto` may do without CUDA, and says so.
    fn without_cuda(&self, device: &str, error: crate::engine::LibtorchError) -> Result<(), Failure> {
        if device == "auto" {
            self.display.warn(&format!("computing on the CPU, since CUDA can't be used: {error}"));
            return Ok(());
        }
        Err(Failure::from(crate::engine::EngineError::Libtorch(error)))
    }

    /// Sends a request and waits for the answer, showing what goes on.
    pub(crate) fn call(&self, engine: &Engine, request: &Request) -> Result<Value, Failure> {
        let answer = engine.call(request, &mut self.on_event());
        self.display.clear();
        answer.map_err(Failure::from)
    }

    /// Handles the events that every command handles alike.
    pub(crate) fn on_event(&self) -> impl FnMut(Event) -> Control + Send + use<> {
        let display = self.display.clone();
        let (interrupted, hung_up) = (Arc::clone(&self.interrupted), Arc::clone(&self.hung_up));
        move |event| {
            match event {
                Event::Progress(progress) => display.progress(&progress),
                Event::Notice(text) => display.note(&text),
                _ => {}
            }
            let stops = interrupted.load(Ordering::Relaxed) || hung_up.load(Ordering::Relaxed);
            if stops { Control::Stop } else { Control::Continue }
        }
    }

    /// The file of a metric's calibration weights, downloaded if it is not there.
    pub(crate) fn calibration(&self, preset: &Preset, folder: &Path) -> Result<PathBuf, Failure> {
        let to = folder.join(preset.file_name());
        let request = FetchRequest {
            url: preset.url.to_owned(),
            to: to.clone(),
            md5: None,
            sha256: Some(preset.sha256.to_owned()),
            command: format!("lossnet compare --metric {}", preset.name),
        };
        let options = FetchOptions { offline: self.options.offline, ..FetchOptions::from_env() };
        let display = &self.display;
        let progress = |progress| display.progress(&progress);
        let fetched = fetch::file(&request, &options, &progress);
        self.display.clear();
        fetched.map_err(|error| {
            Failure::input(&error).with_hint("or give a calibration of your own with --calibration")
        })?;
        Ok(to)
    }

    /// From now on the first SIGINT or SIGTERM asks for a stop at the end of the step, the second one ends the process. SIGHUP
    /// asks for it, too, however often it comes.
    pub(crate) fn finish_steps_when_interrupted(&self) -> Result<(), Failure> {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let flag = || Arc::clone(&self.interrupted);
            signal_hook::flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        self.stop_on_hang_up()
    }

    /// From now on SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask for a stop at the end of the step, however often they come: those who
    /// send them to workers, as batch systems do, may send several before they kill.
    pub(crate) fn finish_steps_when_asked(&self) -> Result<(), Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
        [SIGINT, SIGTERM, SIGUSR1].into_iter().try_for_each(|signal| self.stop_on(signal))?;
        self.stop_on_hang_up()
    }

    /// Whether nothing may be downloaded.
    pub(crate) fn offline(&self) -> bool {
        self.options.offline
    }

    /// From now on SIGINT, SIGTERM and SIGHUP are noted, for a process that has others to stop.
    pub(crate) fn note_interruptions(&self) -> Result<(), Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        [SIGINT, SIGTERM].into_iter().try_for_each(|signal| self.stop_on(signal))?;
        self.stop_on_hang_up()
    }

    /// From now on SIGHUP asks for a stop, unless the parent process has it ignored (`nohup`).
    fn stop_on_hang_up(&self) -> Result<(), Failure> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if !is_ignored(&status, signal_hook::consts::SIGHUP) {
            signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&self.hung_up))?;
        }
        Ok(())
    }

    /// From now on this signal asks for a stop, too.
    pub(crate) fn stop_on(&self, signal: std::ffi::c_int) -> Result<(), Failure> {
        signal_hook::flag::register(signal, Arc::clone(&self.interrupted))?;
        Ok(())
    }

    /// Whether the user has asked to stop since this was last called.
    pub(crate) fn take_interruption(&self) -> bool {
        let hung_up = self.hung_up.load(Ordering::Relaxed) && !self.took_hang_up.replace(true);
        self.interrupted.swap(false, Ordering::Relaxed) || hung_up
    }

    /// From now on the end of the standard input asks for a stop at the end of the step: it comes when the process that holds its
    /// other end closes it or dies.
    pub(crate) fn finish_steps_when_input_ends(&self) {
        let interrupted = Arc::clone(&self.interrupted);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            interrupted.store(true, Ordering::Relaxed);
        });
    }

    /// The options that every command takes, for another process of this binary.
    pub(crate) fn worker_options(&self) -> Vec<OsString> {
        let Options { plugin_dir, verbose, quiet, offline } = &self.options;
        let mut options: Vec<OsString> = Vec::new();
        for folder in plugin_dir {
            options.extend(["--plugin-dir".into(), folder.into()]);
        }
        options.extend((0..*verbose).map(|_| "--verbose".into()));
        options.extend((0..*quiet).map(|_| "--quiet".into()));
        options.extend(offline.then(|| "--offline".into()));
        options
    }

    /// Whether the user asked to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.hung_up.load(Ordering::Relaxed)
    }
}

/// Whether a process with this `/proc/…/status` ignores a signal.
fn is_ignored(status: &str, signal: std::ffi::c_int) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

impl Descriptions for Context {
    fn node_names(&self, backbone: &str) -> Option<Vec<String>> {
        let graph = self.index().ok()?.graph(backbone)?;
        Some(graph.names().map(str::to_owned).collect())
    }

    fn described(&self, backbone: &str, settings: &Map<String, Value>) -> Result<Option<Graph>, PluginError> {
        let index = self.index()?;
        let Ok(held) = index.catalog.get(Kind::Backbone, backbone) else { return Ok(None) };
        if is_by_default(held, settings) {
            return Ok(index.graph(backbone));
        }
        // Without libtorch there is nobody to be asked.
        let Ok(engine) = self.engine_for("cpu", "fp32") else { return Ok(None) };
        let request = Request::Describe {
            backbone: self.component(Kind::Backbone, backbone)?,
            config: Value::Object(settings.clone()),
        };
        let described = self.call(engine, &request)?;
        let graph = serde_json::from_value(described);
        graph.map(Some).map_err(|error| {
            PluginError::run("the description of a backbone can't be read").with_source(&error)
        })
    }
}

/// A problem with its causes as one sentence.
pub(crate) fn sentence(problem: &Problem) -> String {
    let mut text = problem.to_string();
    if let Problem::Refused(error) | Problem::Component { error, .. } = problem {
        for cause in error.told_causes() {
            text.push_str(": ");
            text.push_str(cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_found() {
        let status = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000440\n";
        let ignored = |signal| is_ignored(status, signal);
        assert!(ignored(signal_hook::consts::SIGHUP) && ignored(signal_hook::consts::SIGPIPE));
        assert!(!ignored(signal_hook::consts::SIGTERM) && !is_ignored("", 1));
    }
}

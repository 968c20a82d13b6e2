//! Loads the engine's library and calls it.
#![allow(unsafe_code, reason = "the engine is a shared library, called through one C function")]

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use lossnet_plugin_protocol::PluginError;
use serde_json::Value;

use super::libtorch::{LibtorchError, choose_cuda_math};
use super::{Libtorch, find_engine};
use lossnet_core::engine_protocol::{CallFunction, Control, Event, Request, VersionFunction};

/// Why the engine could not be brought up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// libtorch is missing or does not fit.
    #[error(transparent)]
    Libtorch(#[from] LibtorchError),
    /// The engine's library is missing.
    #[error(
        "lossnet's engine was not found (looked at {}): build it with `cargo build --workspace`, or install \
         lossnet again",
        list(places)
    )]
    NotFound {
        /// Where it was looked for.
        places: Vec<PathBuf>,
    },
    /// The dynamic loader refused it, or it is not an engine.
    #[error("lossnet's engine {file} could not be loaded")]
    Refused {
        /// The file.
        file: PathBuf,
        /// What the dynamic loader said.
        #[source]
        source: libloading::Error,
    },
    /// It was built from another version of lossnet.
    #[error("lossnet's engine {file} is version {found}, and this lossnet is {}: install both anew", env!("CARGO_PKG_VERSION"))]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: String,
    },
}

fn list(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The engine in this process. It stays until the process ends.
#[derive(Debug)]
pub struct Engine {
    libtorch: Libtorch,
    file: PathBuf,
    call: CallFunction,
}

impl Engine {
    /// Loads libtorch and the engine. `tf32` says whether CUDA's matrix products may be computed in
    /// TensorFloat-32; the first call in a process decides.
    pub fn load(tf32: bool) -> Result<Engine, EngineError> {
        choose_cuda_math(tf32);
        let libtorch = Libtorch::load()?;
        let file = find_engine().map_err(|places| EngineError::NotFound { places })?;
        let refused = |source| EngineError::Refused { file: file.clone(), source };
        // SAFETY: the file comes with this binary; its initializers register functions only.
        let library = unsafe { Library::open(Some(&file), RTLD_NOW | RTLD_LOCAL) }.map_err(refused)?;
        // SAFETY: the engine exports this symbol with this signature in every version.
        let version =
            unsafe { library.get::<VersionFunction>(b"lossnet_engine_version\0") }.map_err(refused)?;
        let found = version_text(*version);
        if found != env!("CARGO_PKG_VERSION") {
            return Err(EngineError::Version { file, found });
        }
        // SAFETY: an engine of this very version exports this symbol with this signature.
        let call = unsafe { library.get::<CallFunction>(b"lossnet_engine_call\0") }.map_err(refused)?;
        let call = *call;
        // Never closed: its threads and thread-locals live as long as the process.
        std::mem::forget(library);
        Ok(Engine { libtorch, file, call })
    }

    /// Adds libtorch's CUDA part. Adding it again does nothing.
    pub fn add_cuda(&self) -> Result<(), LibtorchError> {
        self.libtorch.add_cuda()
    }

    /// The libtorch it computes with.
    pub fn libtorch(&self) -> &Libtorch {
        &self.libtorch
    }

    /// Its file.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Asks the engine to do something and waits for it. `on_event` sees what happens meanwhile, from any thread
    /// but one at a time, and can ask it to stop.
    pub fn call(
        &self,
        request: &Request,
        on_event: &mut (dyn FnMut(Event) -> Control + Send),
    ) -> Result<Value, PluginError> {
        let request = serde_json::to_string(request).map_err(|error| {
            PluginError::run("a request to the engine can't be written").with_source(&error)
        })?;
        let caller = Caller { state: Mutex::new(State { on_event, outcome: None }) };
        let user = std::ptr::from_ref(&caller).cast::<c_void>();
        // SAFETY: `request` and `caller` outlive the call, and the engine keeps neither afterwards.
        unsafe { (self.call)(request.as_ptr(), request.len(), receive, user) };
        let state = caller.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.outcome.unwrap_or_else(|| Err(PluginError::run("the engine gave no answer")))
    }
}

fn version_text(version: VersionFunction) -> String {
    // SAFETY: the engine returns a pointer to a static string and writes its length.
    let bytes = unsafe {
        let mut length = 0;
        let start = version(&raw mut length);
        std::slice::from_raw_parts(start, length)
    };
    String::from_utf8_lossy(bytes).into_owned()
}

struct Caller<'a> {
    state: Mutex<State<'a>>,
}

struct State<'a> {
    on_event: &'a mut (dyn FnMut(Event) -> Control + Send),
    outcome: Option<Result<Value, PluginError>>,
}

/// Takes one event from the engine; 0 lets it go on, 1 asks it to stop.
extern "C" fn receive(user: *const c_void, json: *const u8, length: usize) -> i32 {
    // SAFETY: the engine hands back the pointer it got from `call`, while that call is going on, and a valid
    // string.
    let (caller, json) = unsafe { (&*user.cast::<Caller<'_>>(), std::slice::from_raw_parts(json, length)) };
    // A panic must not cross into the engine: the caller's display is not worth the run.
    let handled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| caller.take(json)));
    i32::from(matches!(handled, Ok(Control::Stop)))
}

impl Caller<'_> {
    fn take(&self, json: &[u8]) -> Control {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match serde_json::from_slice(json) {
            Ok(Event::Done(value)) => {
                state.outcome = Some(Ok(value));
                Control::Continue
            }
            Ok(Event::Failed(error)) => {
                state.outcome = Some(Err(error));
                Control::Continue
            }
            Ok(event) => (state.on_event)(event),
            Err(error) => {
                let message = "the engine sent an event that can't be read";
                state.outcome = Some(Err(PluginError::run(message).with_source(&error)));
                Control::Stop
            }
        }
    }
}

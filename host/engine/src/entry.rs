//! The engine's door: one C function that the binary calls, JSON in, JSON events out.
#![allow(
    unsafe_code,
    unreachable_pub,
    reason = "the door between two libraries, whose functions are found by name"
)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use lossnet_core::engine_protocol::{Event, ReceiveFunction, Request};
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde_json::Value;

use crate::commands;

/// The binary, for the time of one request: takes events, and says when to stop.
#[derive(Debug)]
pub(crate) struct Caller {
    receive: ReceiveFunction,
    user: Pointer,
    /// Events come from many threads; the binary sees them one at a time.
    turn: Mutex<()>,
    stopped: AtomicBool,
}

#[derive(Debug)]
struct Pointer(*const c_void);

// SAFETY: the binary's side of the pointer is a mutex, made to be used from any thread.
unsafe impl Send for Pointer {}
// SAFETY: as above.
unsafe impl Sync for Pointer {}

impl Caller {
    /// Sends an event.
    pub(crate) fn send(&self, event: &Event) {
        let Ok(json) = serde_json::to_vec(event) else { return };
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if (self.receive)(self.user.0, json.as_ptr(), json.len()) != 0 {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    /// Tells the user something, once each time it is called.
    pub(crate) fn notice(&self, text: impl Into<String>) {
        self.send(&Event::Notice(text.into()));
    }

    /// Tells how far something has come.
    pub(crate) fn progress(&self, progress: Progress) {
        self.send(&Event::Progress(progress));
    }

    /// Whether the user asked to stop.
    pub(crate) fn stopped(&self) -> bool {
        if !self.stopped.load(Ordering::Relaxed) {
            self.send(&Event::Poll);
        }
        self.stopped.load(Ordering::Relaxed)
    }
}

/// The engine's version; the binary refuses another one than its own.
#[unsafe(no_mangle)]
pub extern "C" fn lossnet_engine_version(length: *mut usize) -> *const u8 {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    // SAFETY: the caller passes a place for the length.
    unsafe { *length = VERSION.len() };
    VERSION.as_ptr()
}

/// Does one request and returns when it is done. The last event sent is `Done` or `Failed`.
///
/// # Safety
///
/// `request` points to `length` bytes, and `receive` may be called with `user` from any thread until this
/// returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lossnet_engine_call(
    request: *const u8,
    length: usize,
    receive: ReceiveFunction,
    user: *const c_void,
) {
    // SAFETY: the caller's promise.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    let caller = std::sync::Arc::new(Caller {
        receive,
        user: Pointer(user),
        turn: Mutex::new(()),
        stopped: AtomicBool::new(false),
    });
    let _told = crate::log::tell(&caller);
    let outcome = catch_unwind(AssertUnwindSafe(|| answer(request, &caller)));
    caller.send(&match outcome {
        Ok(Ok(value)) => Event::Done(value),
        Ok(Err(error)) => Event::Failed(error),
        Err(panic) => Event::Failed(PluginError::new(ErrorKind::Panic, panic_text(&*panic))),
    });
}

fn answer(request: &[u8], caller: &std::sync::Arc<Caller>) -> Result<Value, PluginError> {
    let request: Request = serde_json::from_slice(request)
        .map_err(|error| PluginError::run("the engine can't read the request").with_source(&error))?;
    commands::answer(request, caller)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the engine panicked, which is a bug: {}", text.as_deref().unwrap_or("without a message"))
}

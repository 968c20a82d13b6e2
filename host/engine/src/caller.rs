//! Who asks the engine for something: takes its events, and says when to stop.
#![allow(unsafe_code, reason = "the binary's pointer goes from thread to thread")]

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use lossnet_core::engine_protocol::{Event, ReceiveFunction};
use lossnet_plugin_protocol::report::Progress;

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
// SAFETY: the binary's side of the pointer is a mutex, made to be used from any thread.
unsafe impl Sync for Pointer {}

impl Caller {
    /// For the time of one request: `receive` may be called with `user` from any thread.
    pub(crate) fn new(receive: ReceiveFunction, user: *const c_void) -> Caller {
        Caller { receive, user: Pointer(user), turn: Mutex::new(()), stopped: AtomicBool::new(false) }
    }

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

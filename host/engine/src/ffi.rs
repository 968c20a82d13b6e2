//! The engine's door: one C function that the binary calls, JSON in, JSON events out.
#![allow(
    unsafe_code,
    unreachable_pub,
    reason = "the door between two libraries, whose functions are found by name"
)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lossnet_core::engine_protocol::{Event, ReceiveFunction, Request};
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde_json::Value;

use crate::caller::Caller;
use crate::commands;

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
    let caller = Arc::new(Caller::new(receive, user));
    let _told = crate::log::tell(&caller);
    let outcome = catch_unwind(AssertUnwindSafe(|| answer(request, &caller)));
    caller.send(&match outcome {
        Ok(Ok(value)) => Event::Done(value),
        Ok(Err(error)) => Event::Failed(error),
        Err(panic) => Event::Failed(PluginError::new(ErrorKind::Panic, panic_text(&*panic))),
    });
}

fn answer(request: &[u8], caller: &Arc<Caller>) -> Result<Value, PluginError> {
    let request: Request = serde_json::from_slice(request)
        .map_err(|error| PluginError::run("the engine can't read the request").with_source(&error))?;
    commands::answer(request, caller)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the engine panicked, which is a bug: {}", text.as_deref().unwrap_or("without a message"))
}

//! Stops panics at the boundary: unwinding across it would abort the process.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use lossnet_plugin_protocol::{ErrorKind, PluginError};

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs plugin code; a panic in it (tch's plain methods panic when libtorch raises an exception) becomes an
/// error that says where.
pub fn guard<T>(work: impl FnOnce() -> Result<T, PluginError>) -> Result<T, PluginError> {
    catch(work).unwrap_or_else(|message| Err(panicked(&message)))
}

/// Runs code of others that may panic on what it is given, such as a decoder on a damaged file; its panic becomes an error,
/// the text that it came with, and nothing is printed.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch(work).map_err(|message| place_and_text(&message).1.to_owned())
}

/// The result, or the panic's place and message.
fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    keep_panics_quiet();
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|payload| {
        // Dropping the payload could panic again.
        std::mem::forget(payload);
        LAST_PANIC.take().unwrap_or_else(|| "no message".to_owned())
    })
}

/// The panic's message and place are kept for the error instead of being printed over the progress bars. Each
/// shared library has its own copy of the standard library, so this concerns this plugin alone.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if DEPTH.try_with(Cell::get).unwrap_or(0) > 0 {
                let _ = LAST_PANIC.try_with(|last| last.replace(Some(info.to_string())));
            } else {
                earlier(info);
            }
        }));
    });
}

fn panicked(message: &str) -> PluginError {
    let (place, text) = place_and_text(message);
    let place = place.trim_start_matches("panicked at ").trim_end_matches(':');
    let mut error = match text.split_once("Torch(\"") {
        Some((_, exception)) => torch_failure(&exception.trim_end_matches("\")").replace("\\n", "\n")),
        None => PluginError::new(ErrorKind::Panic, format!("the code panicked: {text}")),
    };
    if !place.is_empty() {
        error.causes.insert(0, format!("at {place}"));
    }
    error
}

/// `panicked at src/lib.rs:3:5:`, and what was said.
fn place_and_text(message: &str) -> (&str, &str) {
    message.split_once('\n').unwrap_or(("", message))
}

/// The first line of a libtorch exception, with the C++ stack among the causes.
pub(crate) fn torch_failure(message: &str) -> PluginError {
    let message = message.strip_prefix("Internal torch error: ").unwrap_or(message);
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    if is_out_of_memory(first) {
        // Where in libtorch that was says nothing.
        return PluginError::new(ErrorKind::OutOfMemory, used_up(first));
    }
    let mut error = PluginError::new(ErrorKind::Torch, format!("libtorch refused: {first}"));
    // What else is said, and where in libtorch it arose.
    let stack = ["Exception raised from", "frame #"].iter().filter_map(|begin| rest.find(begin)).min();
    let (more, stack) = rest.split_at(stack.unwrap_or(rest.len()));
    error
        .causes
        .extend([more, stack].map(str::trim).into_iter().filter(|text| !text.is_empty()).map(str::to_owned));
    error
}

/// What an exception about memory says, in short: how much was wanted, where it tells.
fn used_up(message: &str) -> String {
    let wanted = message.split_once("DefaultCPUAllocator").and_then(|(_, said)| {
        let bytes = said.split_once("tried to allocate ")?.1.split_once(" bytes")?.0;
        bytes.parse::<f64>().ok()
    });
    match wanted {
        Some(bytes) => {
            format!("the memory is used up: {:.0} MiB more are not to be had", (bytes / 1_048_576.0).ceil())
        }
        None => format!("the device's memory is used up: {message}"),
    }
}

/// Whether an exception says that memory could not be had: libtorch's allocators for the CPU and CUDA, the CUDA libraries'
/// own, and the standard library's, which oneDNN passes on.
fn is_out_of_memory(message: &str) -> bool {
    const SAID: [&str; 5] = [
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "STATUS_ALLOC_FAILED",
        "std::bad_alloc",
    ];
    SAID.iter().any(|said| message.contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_used_up_is_told_from_other_exceptions() {
        for message in [
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.25 GiB",
            "Internal torch error: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate \
             memory: you tried to allocate 4 bytes. Error code 12 (Cannot allocate memory)",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "std::bad_alloc",
        ] {
            assert_eq!(torch_failure(message).kind, ErrorKind::OutOfMemory, "{message}");
        }
        let told = torch_failure(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate \
             822083584 bytes. Error code 12 (Cannot allocate memory)\nframe #0: c10::ThrowEnforceNotMet\nframe #1",
        );
        assert_eq!(told.message, "the memory is used up: 784 MiB more are not to be had");
        assert!(told.causes.is_empty(), "{told:?}");
        let other = torch_failure("The size of tensor a (2) must match the size of tensor b (3)\nframe #0");
        assert_eq!(other.kind, ErrorKind::Torch);
        assert_eq!(other.causes, ["frame #0"]);
        let other = torch_failure("shapes\nsecond line\nException raised from f\nframe #0: g\nframe #1: h");
        assert_eq!(other.causes, ["second line", "Exception raised from f\nframe #0: g\nframe #1: h"]);
    }

    #[test]
    fn libtorchs_own_exception_is_recognized() {
        // More than any address space holds.
        let huge = tch::Tensor::f_zeros([1_i64 << 50], (tch::Kind::Float, tch::Device::Cpu));
        let error = torch_failure(&huge.err().map(|error| error.to_string()).unwrap_or_default());
        assert_eq!(error.kind, ErrorKind::OutOfMemory, "{error}");
    }
}

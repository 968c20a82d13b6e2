//! A shared library that is not a plugin, for the tests of the host.
#![allow(unsafe_code, reason = "an exported symbol")]

/// Adds one.
#[unsafe(no_mangle)]
pub extern "C" fn add_one(number: i32) -> i32 {
    number + 1
}

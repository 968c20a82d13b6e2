//! What the binary and the engine share, without torch: what is run, where results are kept, weights, downloads, and the
//! words in which the two talk.

pub mod atomic;
pub mod engine_protocol;
pub mod fetch;
pub mod folders;
pub mod hex;
pub mod inputs;
pub mod model;
pub mod natural;
pub mod nearest;
pub mod number;
pub mod relation;
pub mod signature;
pub mod store;
pub mod weights;
pub mod words;

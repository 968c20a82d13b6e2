//! The part of lossnet that computes with tensors; the binary loads it when a command needs it.

pub mod network;
pub mod registry;
pub mod session;

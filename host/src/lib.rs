//! Runs any image task with any loss network: the lossnet binary and its torch-free library.

pub mod fetch;
pub mod weights;

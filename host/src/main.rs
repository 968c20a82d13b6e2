//! The lossnet binary.

fn main() {}

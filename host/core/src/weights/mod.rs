//! Weights of loss networks: files read as data only, the choice among published ones, their place on disk.
//!
//! [`WeightsFile`] reads what `torch.save` writes (the zip format, the older one and the oldest) and
//! safetensors, told apart by content. Nothing in a file is ever executed.

mod choice;
mod contents;
mod element;
mod error;
mod file;
mod foreign;
mod locate;
mod pytorch;
mod safetensors;
mod select;
mod shards;
mod write;

pub use choice::{DEFAULT_ENTRY, NEWEST, WeightsChoice, entry, split_key};
pub use contents::Format;
pub use element::ElementType;
pub use error::WeightsError;
pub use file::WeightsFile;
pub use locate::locate;
pub use write::write_safetensors;

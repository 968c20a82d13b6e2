//! The stable ABI: everything that knows of `abi_stable`, and all `unsafe` code of the contract.
//!
//! Each module holds one kind of object that crosses the boundary, three things together: the vtable's trait, the
//! adapter that puts an author's value behind it (catching every unwind), and the adapter that gives the other
//! side an ordinary value back. Plugin authors need nothing of this; hosts load plugins with [`LoadedPlugin`].
#![allow(
    unsafe_code,
    unreachable_pub,
    missing_docs,
    non_camel_case_types,
    non_local_definitions,
    clippy::expl_impl_clone_on_copy,
    clippy::used_underscore_binding,
    clippy::needless_lifetimes,
    clippy::pub_underscore_fields,
    clippy::ptr_as_ptr,
    clippy::borrow_as_ptr,
    clippy::ref_as_ptr,
    clippy::cast_ptr_alignment,
    clippy::transmute_ptr_to_ptr,
    clippy::needless_pass_by_value,
    reason = "abi_stable's derives generate unsafe code in this style, and vtable methods take owned values"
)]

mod comparison;
mod data;
mod dataset;
mod load;
mod loss_network;
pub mod root;
mod run;
mod tensor;
mod tracker;

pub use load::{LoadError, LoadedPlugin};
pub use tensor::TensorHandle;

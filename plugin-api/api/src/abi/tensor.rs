//! Tensors as handles: both sides refer to the same `at::Tensor`.

use std::ffi::c_void;

use abi_stable::StableAbi;
use abi_stable::std_types::RVec;
use tch::Tensor;

use crate::PluginError;

/// An owned reference to a libtorch tensor, given up by the module that made it.
///
/// Libtorch counts references to the tensor itself; the handle is one of them. Storage, device and autograd
/// history are shared, nothing is copied.
#[repr(C)]
#[derive(StableAbi)]
pub struct TensorHandle {
    /// The maker's `at::Tensor *`.
    pointer: *mut c_void,
    /// Drops it in the module that made it.
    release: extern "C" fn(*mut c_void),
}

// SAFETY: like `tch::Tensor`, which is Send: libtorch's reference count is atomic.
unsafe impl Send for TensorHandle {}

extern "C" fn release(pointer: *mut c_void) {
    // SAFETY: `pointer` came from `Box::into_raw` in `TensorHandle::from`, in this module (the function pointer
    // travels with it), and `Drop` calls this once.
    drop(unsafe { Box::from_raw(pointer.cast::<Tensor>()) });
}

impl From<&Tensor> for TensorHandle {
    fn from(tensor: &Tensor) -> Self {
        Self::from(tensor.shallow_clone())
    }
}

impl From<Tensor> for TensorHandle {
    fn from(tensor: Tensor) -> Self {
        TensorHandle { pointer: Box::into_raw(Box::new(tensor)).cast(), release }
    }
}

impl From<TensorHandle> for Tensor {
    fn from(handle: TensorHandle) -> Self {
        // SAFETY: `pointer` is a `Box<Tensor>` of the other module, alive until the handle is dropped below.
        // `tch::Tensor` holds nothing but libtorch's pointer, whose layout the handshake guarantees by demanding
        // one libtorch version; the clone is a new reference that belongs to this module.
        unsafe {
            let theirs = &*handle.pointer.cast::<Tensor>();
            Tensor::clone_from_ptr(theirs.as_ptr().cast_mut())
        }
    }
}

impl Drop for TensorHandle {
    fn drop(&mut self) {
        (self.release)(self.pointer);
    }
}

/// Handles for a list of tensors.
pub(super) fn handles(tensors: &[Tensor]) -> RVec<TensorHandle> {
    tensors.iter().map(TensorHandle::from).collect()
}

/// The tensors of a list of handles.
pub(super) fn tensors(handles: RVec<TensorHandle>) -> Vec<Tensor> {
    handles.into_iter().map(Tensor::from).collect()
}

/// An optional tensor as a list of none or one.
pub(super) fn optional(tensor: Option<&Tensor>) -> RVec<TensorHandle> {
    tensor.map(TensorHandle::from).into_iter().collect()
}

/// The inverse of [`optional`].
pub(super) fn at_most_one(handles: RVec<TensorHandle>) -> Result<Option<Tensor>, PluginError> {
    let mut all = tensors(handles);
    match all.len() {
        0 | 1 => Ok(all.pop()),
        count => Err(PluginError::run(format!("{count} tensors were passed where at most one belongs"))),
    }
}

//! A plugin whose root module is laid out in another way, though it goes by the same name and version, for the tests of
//! the host.
#![allow(
    unsafe_code,
    clippy::expl_impl_clone_on_copy,
    missing_docs,
    non_camel_case_types,
    unreachable_pub,
    reason = "what abi_stable's derive generates, and a plugin's header made by hand"
)]

use abi_stable::StableAbi;
use abi_stable::library::__call_root_module_loader as call_root_module_loader;
use abi_stable::library::{CheckTypeLayout, LibHeader, RootModule, RootModuleResult};
use abi_stable::prefix_type::PrefixTypeTrait as _;
use abi_stable::sabi_types::VersionStrings;

/// Two numbers where the contract has functions.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginRoot_Ref)))]
#[sabi(missing_field(panic))]
pub struct PluginRoot {
    pub handshake: u64,
    #[sabi(last_prefix_field)]
    pub manifest: u8,
}

impl RootModule for PluginRoot_Ref {
    abi_stable::declare_root_module_statics! {PluginRoot_Ref}

    const BASE_NAME: &'static str = "lossnet_plugin";
    const NAME: &'static str = "lossnet plugin";
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}

extern "C" fn load() -> RootModuleResult {
    call_root_module_loader(|| PluginRoot { handshake: 1, manifest: 2 }.leak_into_prefix())
}

// SAFETY: `load` returns the type that the header is declared for; that it is another one than the host's is what the
// host must notice.
#[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
static HEADER: LibHeader =
    unsafe { LibHeader::from_constructor::<PluginRoot_Ref>(load, CheckTypeLayout::Yes) };

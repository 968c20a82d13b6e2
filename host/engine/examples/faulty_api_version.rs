//! A plugin that says that it was built for another version of the contract, for the tests of the host.
#![allow(unsafe_code, reason = "a plugin's header, made by hand where the export macro would tell the truth")]

use abi_stable::prefix_type::PrefixTypeTrait as _;
use abi_stable::std_types::RString;
use lossnet_plugin_api::abi::root;
use lossnet_plugin_api::protocol::Handshake;

extern "C" fn handshake() -> RString {
    let theirs = Handshake { api_version: "0.2.0".to_owned(), ..lossnet_plugin_api::handshake() };
    serde_json::to_string(&theirs).unwrap_or_default().into()
}

extern "C" fn manifest() -> root::ManifestResult {
    root::manifest("faulty", "1.0.0")
}

extern "C" fn load() -> root::RootModuleResult {
    root::call_root_module_loader(|| {
        root::PluginRoot { handshake, ..root::functions(manifest) }.leak_into_prefix()
    })
}

// SAFETY: as in `export_plugin!`.
#[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
static HEADER: root::LibHeader =
    unsafe { root::LibHeader::from_constructor::<root::PluginRoot_Ref>(load, root::CheckTypeLayout::Yes) };

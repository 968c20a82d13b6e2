//! What the handshake says is what was built.

use lossnet_plugin_api::protocol::API_VERSION;
use lossnet_plugin_api::{LIBTORCH_VERSION, handshake};

#[test]
fn the_api_version_is_the_crates_version() {
    // abi_stable checks the crate's version when a plugin is loaded, the handshake checks API_VERSION: they must not
    // drift apart.
    assert_eq!(API_VERSION, env!("CARGO_PKG_VERSION"));
    assert_eq!(handshake().api_version, API_VERSION);
}

#[test]
fn the_libtorch_version_is_a_release() {
    let parts: Vec<Result<u32, _>> = LIBTORCH_VERSION.split('.').map(str::parse).collect();
    assert_eq!(parts.len(), 3, "{LIBTORCH_VERSION}");
    assert!(parts.iter().all(Result::is_ok), "{LIBTORCH_VERSION}");
    assert_eq!(handshake().libtorch_version, LIBTORCH_VERSION);
}

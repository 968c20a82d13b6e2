//! How files are fetched.

use std::time::Duration;

/// How files are fetched; [`FetchOptions::from_env`] is what the program uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    /// Fetch nothing: a missing file is an error.
    pub offline: bool,
    /// A base URL or a folder, in place of the scheme and host of every address.
    pub mirror: Option<String>,
    /// The command that fetches the file, quoted where it may not be fetched.
    pub command: String,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes before an attempt has failed.
    pub stall_timeout: Duration,
    /// Attempts in a row without a single new byte before giving up.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles with each.
    pub pause: Duration,
}

impl Default for FetchOptions {
    fn default() -> Self {
        FetchOptions {
            offline: false,
            mirror: None,
            command: "lossnet fetch".to_owned(),
            connect_timeout: Duration::from_secs(20),
            stall_timeout: Duration::from_secs(30),
            attempts: 5,
            pause: Duration::from_secs(1),
        }
    }
}

impl FetchOptions {
    /// The defaults, with the mirror that `LOSSNET_MIRROR` names. Proxies are those of `HTTPS_PROXY` and the like.
    pub fn from_env() -> FetchOptions {
        let mirror = std::env::var("LOSSNET_MIRROR").ok().filter(|mirror| !mirror.is_empty());
        FetchOptions { mirror, ..FetchOptions::default() }
    }
}

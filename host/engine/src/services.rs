//! What the engine does for plugins: downloads, archives, messages.

use std::path::Path;
use std::sync::Arc;

use lossnet_core::fetch::{self, FetchOptions};
use lossnet_plugin_api::component::Services;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::sample::FetchRequest;

use crate::caller::Caller;

/// How files are fetched in this process. `command` is quoted where nothing may be fetched.
pub(crate) fn fetch_options(offline: bool, command: &str) -> FetchOptions {
    FetchOptions { offline, command: command.to_owned(), ..FetchOptions::from_env() }
}

/// The services of one request.
#[derive(Debug)]
pub(crate) struct EngineServices {
    caller: Arc<Caller>,
    offline: bool,
}

impl EngineServices {
    /// Services that tell this caller.
    pub(crate) fn new(caller: &Arc<Caller>, offline: bool) -> EngineServices {
        EngineServices { caller: Arc::clone(caller), offline }
    }
}

impl Services for EngineServices {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        let options = fetch_options(self.offline, &request.command);
        let progress = |progress| self.caller.progress(progress);
        fetch::file(request, &options, &progress)
            .map_err(|error| PluginError::input(error.to_string()).with_source(&error))
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        let progress = |progress| self.caller.progress(progress);
        fetch::unpack(archive, into, &progress)
            .map_err(|error| PluginError::input(error.to_string()).with_source(&error))
    }

    fn notice(&self, message: &str) {
        self.caller.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        self.caller.progress(progress.clone());
    }

    fn cancelled(&self) -> bool {
        self.caller.stopped()
    }
}

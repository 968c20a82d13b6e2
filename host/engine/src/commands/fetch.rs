//! Brings a dataset's files by opening its splits.

use std::collections::BTreeMap;
use std::sync::Arc;

use lossnet_core::engine_protocol::FetchDatasetRequest;
use lossnet_plugin_api::component::Services;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::sample::OpenSplit;

use crate::caller::Caller;
use crate::registry;
use crate::services::EngineServices;

/// Opens each split and counts its samples.
pub(super) fn fetch(
    request: &FetchDatasetRequest,
    caller: &Arc<Caller>,
) -> Result<BTreeMap<String, usize>, PluginError> {
    let services: Arc<dyn Services> = Arc::new(EngineServices::new(caller, request.offline));
    let mut counts = BTreeMap::new();
    for split in &request.splits {
        let open = OpenSplit {
            split: split.clone(),
            folder: request.folder.clone(),
            offline: request.offline,
            seed: 0,
        };
        let samples = registry::open_dataset(&request.dataset, &open, Arc::clone(&services))?;
        counts.insert(split.clone(), samples.len());
    }
    Ok(counts)
}

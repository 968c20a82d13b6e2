//! What data of the user's holds, which no plugin can tell before it has opened it.

use lossnet_core::engine_protocol::OpenedDataset;
use lossnet_core::model::DataSection;

/// Datasets that were opened.
#[derive(Debug, Default)]
pub(crate) struct OwnData(Vec<(DataSection, OpenedDataset)>);

impl OwnData {
    pub(crate) fn new(opened: impl Iterator<Item = (DataSection, OpenedDataset)>) -> OwnData {
        OwnData(opened.collect())
    }

    /// Number of samples of a split.
    pub(super) fn size(&self, data: &DataSection, split: &str) -> Option<f64> {
        self.of(data).find_map(|opened| opened.splits.get(split)).map(|&size| size as f64)
    }

    /// Side of its images.
    pub(super) fn side(&self, data: &DataSection) -> Option<f64> {
        self.of(data).find_map(|opened| opened.side).map(f64::from)
    }

    fn of(&self, data: &DataSection) -> impl Iterator<Item = &OpenedDataset> {
        let same = |known: &DataSection| {
            known.dataset == data.dataset && known.folder == data.folder && known.splits == data.splits
        };
        self.0.iter().filter(move |(known, _)| same(known)).map(|(_, opened)| opened)
    }
}

//! Images, with what belongs to them.

use std::path::Path;
use std::sync::Arc;

use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind, Quantity};
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::sample::{FetchRequest, OpenSplit, Sample};

use super::Info;
use crate::PluginError;
use crate::settings::{self, Settings};

/// A source of samples.
///
/// ```
/// use std::sync::Arc;
/// use lossnet_plugin_api::prelude::*;
///
/// /// Grey images, one for each level.
/// struct Levels;
///
/// impl Dataset for Levels {
///     type Config = NoSettings;
///
///     fn info(&self) -> Info {
///         Info::new("levels", "plain grey images")
///     }
///
///     fn splits(&self) -> Vec<String> {
///         vec!["test".to_owned()]
///     }
///
///     fn open(
///         &self,
///         _: NoSettings,
///         _: &OpenSplit,
///         _: Arc<dyn Services>,
///     ) -> Result<Box<dyn Samples>, PluginError> {
///         Ok(Box::new(Levels))
///     }
/// }
///
/// impl Samples for Levels {
///     fn len(&self) -> usize {
///         256
///     }
///
///     fn sample(&self, index: usize) -> Result<Sample, PluginError> {
///         let image = ImageData { width: 8, height: 8, channels: 1, data: vec![index as u8; 64] };
///         let fields = vec![("image".to_owned(), Field::Image(image))];
///         Ok(Sample { id: format!("{index:03}"), group: String::new(), fields })
///     }
/// }
/// ```
pub trait Dataset: Send + Sync {
    /// Its settings.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// The splits it has, such as `train` and `val`. Empty if only the user's folders tell.
    fn splits(&self) -> Vec<String>;

    /// The fields that its samples have, such as `ref`, `p0`, `p1`, `judge`. Empty if only the user's folders
    /// tell.
    fn fields(&self) -> Vec<String> {
        Vec::new()
    }

    /// About how many samples splits have, where it is known beforehand: plans estimate time from it.
    fn sizes(&self) -> Vec<(String, Quantity)> {
        Vec::new()
    }

    /// The side of its images in pixels, where all are squares of one size: plans estimate time and memory from it.
    fn image_side(&self) -> Option<Quantity> {
        None
    }

    /// Whether it reads files of a folder. One that makes its samples itself has none, and `data.folder` is refused for it.
    fn has_folder(&self) -> bool {
        true
    }

    /// Whether it brings the files of its folder itself, or makes them, and checks that they are right, as one that downloads a
    /// published data set does. Otherwise what is in the folder is part of what a cell is: it must not write there.
    fn brings_files(&self) -> bool {
        false
    }

    /// To be raised whenever the same files and settings may give other samples: cells that were computed with an earlier
    /// version are computed again.
    fn protocol_version(&self) -> u32 {
        1
    }

    /// Whether its judgements (`judge`, `same`) were asked of people, rather than made by a rule: only then is said what people
    /// chose.
    fn asks_people(&self) -> bool {
        false
    }

    /// Opens a split, downloading it first where that is allowed and necessary. Everything that can be checked
    /// without decoding is checked here: missing files, pairs without a partner, unreadable folders.
    fn open(
        &self,
        config: Self::Config,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError>;
}

/// The samples of an open split, in an order that is the same every time. Asked from several threads at once.
pub trait Samples: Send + Sync {
    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample at this position, below [`len`](Samples::len). An error names the file and what is wrong.
    fn sample(&self, index: usize) -> Result<Sample, PluginError>;
}

/// What the host does for datasets.
pub trait Services: Send + Sync {
    /// Fetches a file: resumes, retries, checks its sum, and moves it to its place when it is complete. A file
    /// that is already there is left as it is.
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError>;

    /// Unpacks a `.tar.gz`, `.tgz`, `.tar` or `.zip` into a folder that appears when it is complete. Entries
    /// that would leave the folder are refused.
    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError>;

    /// Tells the user something once, such as that grey images were converted.
    fn notice(&self, message: &str);

    /// Tells the user how far some work has come.
    fn progress(&self, progress: &Progress);

    /// Whether the user asked to stop.
    fn cancelled(&self) -> bool;
}

/// A [`Dataset`] whatever its settings' type is. Implemented for every dataset.
pub trait AnyDataset: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
    /// Its name.
    fn name(&self) -> String;
    /// Opens a split with these settings (JSON).
    fn open_json(
        &self,
        config: &str,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError>;
}

impl<T: Dataset> AnyDataset for T {
    fn manifest(&self) -> Result<ComponentManifest, PluginError> {
        let details = Details {
            splits: self.splits(),
            fields: self.fields(),
            sizes: self.sizes().into_iter().collect(),
            image_side: self.image_side(),
            without_folder: !self.has_folder(),
            brings_files: self.brings_files(),
            protocol_version: Some(self.protocol_version()),
            asks_people: self.asks_people(),
            ..Details::default()
        };
        Ok(self.info().manifest(Kind::Dataset, settings::schema::<T::Config>(), details))
    }

    fn name(&self) -> String {
        self.info().name
    }

    fn open_json(
        &self,
        config: &str,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        self.open(settings::parse(&self.name(), config)?, request, services)
    }
}

//! What a plugin exports: one root module with the handshake, the manifest and a constructor for each kind.

use std::sync::Arc;

use abi_stable::library::RootModule;
use abi_stable::package_version_strings;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RStr, RString};
use abi_stable::{StableAbi, prefix_type::PrefixTypeTrait};
use lossnet_plugin_protocol::manifest::{ComponentManifest, Kind, Refused};
use lossnet_plugin_protocol::sample::OpenSplit;
use lossnet_plugin_protocol::{PluginError, PluginManifest};

use super::comparison::{CompareObject, export_compare};
use super::data::{AbiResult, export, from_json, to_json};
use super::dataset::{ImportedServices, SamplesObject, ServicesObject, export_samples};
use super::run::{RunObject, import_run};
use super::tracker::{TrackObject, export_track};
use crate::component::{Components, TrackedCell};
use crate::guard::guard;

#[doc(hidden)]
pub use abi_stable::library::{
    __call_root_module_loader as call_root_module_loader, CheckTypeLayout, LibHeader, RootModuleResult,
};

/// The functions of a plugin. New ones go after the last one and are optional for older plugins.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginRoot_Ref)))]
#[sabi(missing_field(panic))]
pub struct PluginRoot {
    /// Versions, as the JSON of a [`Handshake`](lossnet_plugin_protocol::Handshake).
    pub handshake: extern "C" fn() -> RString,
    /// The JSON of the [`PluginManifest`].
    pub manifest: extern "C" fn() -> AbiResult<RString>,
    /// The JSON of a backbone's graph: name, settings.
    pub describe_backbone: extern "C" fn(RStr<'_>, RStr<'_>) -> AbiResult<RString>,
    /// A comparison: name, settings.
    pub build_comparison: extern "C" fn(RStr<'_>, RStr<'_>) -> AbiResult<CompareObject>,
    /// A dataset's split: name, settings, the JSON of an [`OpenSplit`], the host's services.
    pub open_dataset: extern "C" fn(RStr<'_>, RStr<'_>, RStr<'_>, ServicesObject) -> AbiResult<SamplesObject>,
    /// Runs a task: name, settings, the run.
    pub run_task: extern "C" fn(RStr<'_>, RStr<'_>, RunObject) -> AbiResult<()>,
    /// Starts a tracker: name, settings, the JSON of a [`TrackedCell`].
    #[sabi(last_prefix_field)]
    pub start_tracker: extern "C" fn(RStr<'_>, RStr<'_>, RStr<'_>) -> AbiResult<TrackObject>,
}

impl RootModule for PluginRoot_Ref {
    abi_stable::declare_root_module_statics! {PluginRoot_Ref}

    const BASE_NAME: &'static str = "lossnet_plugin";
    const NAME: &'static str = "lossnet plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// The root module of a plugin of this name and version; called by [`export_plugin!`](crate::export_plugin).
pub fn root(manifest: extern "C" fn() -> AbiResult<RString>) -> PluginRoot_Ref {
    functions(manifest).leak_into_prefix()
}

/// What [`root`] exports; open to tests that pretend to be other plugins.
#[doc(hidden)]
pub fn functions(manifest: extern "C" fn() -> AbiResult<RString>) -> PluginRoot {
    PluginRoot {
        handshake,
        manifest,
        describe_backbone,
        build_comparison,
        open_dataset,
        run_task,
        start_tracker,
    }
}

extern "C" fn handshake() -> RString {
    to_json(&crate::handshake())
}

/// The manifest of a plugin of this name and version: all its registered components. One that fails to introduce itself is
/// named with its failure, and does not hide the others.
pub fn manifest(name: &str, version: &str) -> AbiResult<RString> {
    export(|| {
        let mut manifest = PluginManifest {
            name: name.to_owned(),
            version: version.to_owned(),
            components: Vec::new(),
            refused: Vec::new(),
        };
        for registered in inventory::iter::<Components> {
            match registered {
                Components::Backbones(make) => gather(&mut manifest, Kind::Backbone, &make()),
                Components::Comparisons(make) => gather(&mut manifest, Kind::Comparison, &make()),
                Components::Datasets(make) => gather(&mut manifest, Kind::Dataset, &make()),
                Components::Tasks(make) => gather(&mut manifest, Kind::Task, &make()),
                Components::Trackers(make) => gather(&mut manifest, Kind::Tracker, &make()),
            }
        }
        Ok(to_json(&manifest))
    })
}

/// A component of any kind that is asked what it is.
trait Introduced {
    fn name(&self) -> String;
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
}

macro_rules! introduced {
    ($($kind:ident),*) => {
        $(impl Introduced for Box<dyn crate::component::$kind> {
            fn name(&self) -> String {
                (**self).name()
            }

            fn manifest(&self) -> Result<ComponentManifest, PluginError> {
                (**self).manifest()
            }
        })*
    };
}

introduced!(AnyBackbone, AnyComparison, AnyDataset, AnyTask, AnyTracker);

fn gather(manifest: &mut PluginManifest, kind: Kind, components: &[impl Introduced]) {
    for component in components {
        let name = guard(|| Ok(component.name()));
        let asked = name.map(|name| guard(|| component.manifest()).map_err(|error| (name, error)));
        let (name, error) = match asked {
            Ok(Ok(said)) => {
                manifest.components.push(said);
                continue;
            }
            Ok(Err((name, error))) => (name, error),
            Err(error) => ("?".to_owned(), error),
        };
        let error =
            error.context(format_args!("in {kind} `{name}` of {} {}", manifest.name, manifest.version));
        manifest.refused.push(Refused { kind, name, error });
    }
}

/// The component that `pick` finds among the registered ones.
fn find<C>(kind: Kind, name: &str, pick: impl Fn(&Components) -> Option<C>) -> Result<C, PluginError> {
    inventory::iter::<Components>
        .into_iter()
        .find_map(pick)
        .ok_or_else(|| PluginError::run(format!("the plugin has no {kind} named `{name}`")))
}

extern "C" fn describe_backbone(name: RStr<'_>, config: RStr<'_>) -> AbiResult<RString> {
    export(|| {
        let backbone = find(Kind::Backbone, name.as_str(), |components| match components {
            Components::Backbones(make) => make().into_iter().find(|c| c.name() == name.as_str()),
            _ => None,
        })?;
        Ok(to_json(&backbone.describe_json(config.as_str())?))
    })
}

extern "C" fn build_comparison(name: RStr<'_>, config: RStr<'_>) -> AbiResult<CompareObject> {
    export(|| {
        let comparison = find(Kind::Comparison, name.as_str(), |components| match components {
            Components::Comparisons(make) => make().into_iter().find(|c| c.name() == name.as_str()),
            _ => None,
        })?;
        Ok(export_compare(comparison.build_json(config.as_str())?))
    })
}

extern "C" fn open_dataset(
    name: RStr<'_>,
    config: RStr<'_>,
    request: RStr<'_>,
    services: ServicesObject,
) -> AbiResult<SamplesObject> {
    export(|| {
        let dataset = find(Kind::Dataset, name.as_str(), |components| match components {
            Components::Datasets(make) => make().into_iter().find(|c| c.name() == name.as_str()),
            _ => None,
        })?;
        let request: OpenSplit = from_json(request)?;
        let services = Arc::new(ImportedServices(services));
        Ok(export_samples(dataset.open_json(config.as_str(), &request, services)?))
    })
}

extern "C" fn run_task(name: RStr<'_>, config: RStr<'_>, run: RunObject) -> AbiResult<()> {
    export(|| {
        let task = find(Kind::Task, name.as_str(), |components| match components {
            Components::Tasks(make) => make().into_iter().find(|c| c.name() == name.as_str()),
            _ => None,
        })?;
        task.run_json(config.as_str(), &import_run(run)?)
    })
}

extern "C" fn start_tracker(name: RStr<'_>, config: RStr<'_>, cell: RStr<'_>) -> AbiResult<TrackObject> {
    export(|| {
        let tracker = find(Kind::Tracker, name.as_str(), |components| match components {
            Components::Trackers(make) => make().into_iter().find(|c| c.name() == name.as_str()),
            _ => None,
        })?;
        let cell: TrackedCell = from_json(cell)?;
        Ok(export_track(tracker.start_json(config.as_str(), &cell)?))
    })
}

/// Exports the crate as a plugin named like the crate, with the crate's version. Once per plugin.
///
/// ```
/// use lossnet_plugin_api::prelude::*;
///
/// export_plugin!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    () => {
        #[cfg(panic = "abort")]
        compile_error!(
            "a lossnet plugin must unwind when it panics, so that lossnet can tell of it: remove `panic = \"abort\"` from \
             the profile in Cargo.toml"
        );

        const _: () = {
            use $crate::abi::root;

            extern "C" fn manifest() -> root::ManifestResult {
                root::manifest(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            }

            extern "C" fn load() -> root::RootModuleResult {
                root::call_root_module_loader(|| root::root(manifest))
            }

            // SAFETY: `load` returns the `PluginRoot_Ref` that the header is declared for, and the name (abi_stable's
            // mangled "_as.lib_header.root module loader") is that of a library's header, which nothing else exports.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static HEADER: root::LibHeader = unsafe {
                root::LibHeader::from_constructor::<root::PluginRoot_Ref>(load, root::CheckTypeLayout::Yes)
            };
        };
    };
}

/// What a plugin's manifest function returns.
#[doc(hidden)]
pub type ManifestResult = AbiResult<RString>;

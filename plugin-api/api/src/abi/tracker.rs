//! [`Track`] across the boundary.

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, ROption, RStr, RString};
use lossnet_plugin_protocol::report::Report;

use super::data::{AbiResult, export, from_json, import, to_json};
use crate::PluginError;
use crate::component::Track;

#[sabi_trait]
pub trait AbiTrack: Send {
    fn report(&mut self, report: RStr<'_>) -> AbiResult<()>;
    #[sabi(last_prefix_field)]
    fn finish(&mut self, failure: ROption<RString>) -> AbiResult<()>;
    /// Trackers built before there was this one do nothing.
    fn pause(&mut self) -> AbiResult<()> {
        AbiResult::ROk(())
    }
}

pub type TrackObject = AbiTrack_TO<'static, RBox<()>>;

struct Exported(Box<dyn Track>);

impl AbiTrack for Exported {
    fn report(&mut self, report: RStr<'_>) -> AbiResult<()> {
        export(|| self.0.report(&from_json::<Report>(report)?))
    }

    fn finish(&mut self, failure: ROption<RString>) -> AbiResult<()> {
        export(|| self.0.finish(failure.as_ref().map(RString::as_str).into()))
    }

    fn pause(&mut self) -> AbiResult<()> {
        export(|| self.0.pause())
    }
}

pub(super) fn export_track(track: Box<dyn Track>) -> TrackObject {
    AbiTrack_TO::from_value(Exported(track), TD_Opaque)
}

struct Imported(TrackObject);

impl Track for Imported {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        import(self.0.report(to_json(report).as_rstr()))
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        import(self.0.finish(failure.map(RString::from).into()))
    }

    fn pause(&mut self) -> Result<(), PluginError> {
        import(self.0.pause())
    }
}

pub(super) fn import_track(object: TrackObject) -> Box<dyn Track> {
    Box::new(Imported(object))
}

//! [`Run`] across the boundary: the host behind it, a task in front.

use std::path::Path;
use std::sync::Arc;

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, ROption, RStr, RString};
use lossnet_plugin_protocol::report::{Progress, Report, RunContext, SampleRows};
use lossnet_plugin_protocol::sample::FetchRequest;

use super::data::{AbiResult, export, from_json, import, to_json};
use super::dataset::{
    ImportedServices, SamplesObject, ServicesObject, export_samples, export_services, import_samples,
};
use super::loss_network::{LossNetworkObject, export_loss_network, import_loss_network};
use crate::PluginError;
use crate::component::{LossNetwork, Run, Samples, Services};

#[sabi_trait]
pub trait AbiRun: Send + Sync {
    fn context(&self) -> AbiResult<RString>;
    fn services(&self) -> AbiResult<ServicesObject>;
    fn samples(&self, split: RStr<'_>) -> AbiResult<SamplesObject>;
    fn loss_network(&self) -> AbiResult<LossNetworkObject>;
    fn trainable_network(&self, random: ROption<u64>) -> AbiResult<LossNetworkObject>;
    fn report(&self, cell: usize, report: RStr<'_>) -> AbiResult<()>;
    #[sabi(last_prefix_field)]
    fn recorded(&self, cell: usize, split: RStr<'_>, first: u64, count: u64) -> AbiResult<RString>;
}

pub type RunObject = AbiRun_TO<'static, RBox<()>>;

struct Exported<R>(Arc<R>);

impl<R: Run + 'static> AbiRun for Exported<R> {
    fn context(&self) -> AbiResult<RString> {
        export(|| Ok(to_json(self.0.context())))
    }

    fn services(&self) -> AbiResult<ServicesObject> {
        export(|| Ok(export_services(self.0.clone())))
    }

    fn samples(&self, split: RStr<'_>) -> AbiResult<SamplesObject> {
        export(|| self.0.samples(split.as_str()).map(export_samples))
    }

    fn loss_network(&self) -> AbiResult<LossNetworkObject> {
        export(|| self.0.loss_network().map(export_loss_network))
    }

    fn trainable_network(&self, random: ROption<u64>) -> AbiResult<LossNetworkObject> {
        export(|| self.0.trainable_network(random.into_option()).map(export_loss_network))
    }

    fn report(&self, cell: usize, report: RStr<'_>) -> AbiResult<()> {
        export(|| self.0.report(cell, &from_json::<Report>(report)?))
    }

    fn recorded(&self, cell: usize, split: RStr<'_>, first: u64, count: u64) -> AbiResult<RString> {
        export(|| self.0.recorded(cell, split.as_str(), first, count).map(|rows| to_json(&rows)))
    }
}

pub(super) fn export_run<R: Run + 'static>(run: Arc<R>) -> RunObject {
    AbiRun_TO::from_value(Exported(run), TD_Opaque)
}

struct Imported {
    object: RunObject,
    services: ImportedServices,
    context: RunContext,
}

pub(super) fn import_run(object: RunObject) -> Result<impl Run, PluginError> {
    let context = from_json(import(object.context())?.as_rstr())?;
    let services = ImportedServices(import(object.services())?);
    Ok(Imported { object, services, context })
}

impl Run for Imported {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        import_samples(import(self.object.samples(split.into()))?)
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        import_loss_network(import(self.object.loss_network())?)
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        import_loss_network(import(self.object.trainable_network(random.into()))?)
    }

    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        import(self.object.report(cell, to_json(report).as_rstr()))
    }

    fn recorded(&self, cell: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        from_json(import(self.object.recorded(cell, split.into(), first, count))?.as_rstr())
    }
}

impl Services for Imported {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.services.fetch(request)
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        self.services.unpack(archive, into)
    }

    fn notice(&self, message: &str) {
        self.services.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        self.services.progress(progress);
    }

    fn cancelled(&self) -> bool {
        self.services.cancelled()
    }
}

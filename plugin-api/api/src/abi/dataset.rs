//! [`Samples`] and [`Services`] across the boundary.

use std::path::Path;
use std::sync::Arc;

use abi_stable::StableAbi;
use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, RStr, RString, RVec};
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::sample::{FetchRequest, Field, ImageData, Sample};

use super::data::{AbiResult, export, from_json, import, to_json};
use crate::PluginError;
use crate::component::{Samples, Services};

/// A sample; images and arrays are moved, not copied.
#[repr(C)]
#[derive(StableAbi)]
pub struct AbiSample {
    id: RString,
    group: RString,
    fields: RVec<AbiField>,
}

/// A field of a sample. `kind` says which of the others have a meaning, so that kinds can be added.
#[repr(C)]
#[derive(StableAbi)]
pub struct AbiField {
    name: RString,
    kind: u8,
    shape: RVec<usize>,
    bytes: RVec<u8>,
    floats: RVec<f32>,
    number: f64,
}

const IMAGE: u8 = 0;
const NUMBER: u8 = 1;
const ARRAY: u8 = 2;

impl From<Sample> for AbiSample {
    fn from(sample: Sample) -> Self {
        let fields = sample.fields.into_iter().map(|(name, field)| {
            let empty = |kind: u8| AbiField {
                name: name.into(),
                kind,
                shape: RVec::new(),
                bytes: RVec::new(),
                floats: RVec::new(),
                number: 0.0,
            };
            match field {
                Field::Image(ImageData { width, height, channels, data }) => AbiField {
                    shape: vec![height, width, channels].into(),
                    bytes: data.into(),
                    ..empty(IMAGE)
                },
                Field::Array { shape, values } => {
                    AbiField { shape: shape.into(), floats: values.into(), ..empty(ARRAY) }
                }
                Field::Number(number) => AbiField { number, ..empty(NUMBER) },
                // `Field` is open to new kinds; they get their number here together with their variant.
                _ => empty(u8::MAX),
            }
        });
        AbiSample { id: sample.id.into(), group: sample.group.into(), fields: fields.collect() }
    }
}

impl TryFrom<AbiSample> for Sample {
    type Error = PluginError;

    fn try_from(sample: AbiSample) -> Result<Self, PluginError> {
        let id: String = sample.id.into();
        let fields = sample.fields.into_iter().map(|field| {
            let value = match (field.kind, field.shape.as_slice()) {
                (IMAGE, &[height, width, channels]) if field.bytes.len() == height * width * channels => {
                    Field::Image(ImageData { width, height, channels, data: field.bytes.into() })
                }
                (ARRAY, shape) if field.floats.len() == shape.iter().product::<usize>() => {
                    Field::Array { shape: shape.to_vec(), values: field.floats.into() }
                }
                (NUMBER, _) => Field::Number(field.number),
                _ => {
                    let name = field.name.as_str();
                    let message =
                        format!("field `{name}` of sample `{id}` is not of the size that it states");
                    return Err(PluginError::run(message));
                }
            };
            Ok((field.name.into(), value))
        });
        let fields: Result<Vec<(String, Field)>, PluginError> = fields.collect();
        Ok(Sample { group: sample.group.into(), fields: fields?, id })
    }
}

#[sabi_trait]
pub trait AbiSamples: Send + Sync {
    fn len(&self) -> AbiResult<usize>;
    #[sabi(last_prefix_field)]
    fn sample(&self, index: usize) -> AbiResult<AbiSample>;
}

pub type SamplesObject = AbiSamples_TO<'static, RBox<()>>;

struct ExportedSamples(Box<dyn Samples>);

impl AbiSamples for ExportedSamples {
    fn len(&self) -> AbiResult<usize> {
        export(|| Ok(self.0.len()))
    }

    fn sample(&self, index: usize) -> AbiResult<AbiSample> {
        export(|| self.0.sample(index).map(AbiSample::from))
    }
}

pub(super) fn export_samples(samples: Box<dyn Samples>) -> SamplesObject {
    AbiSamples_TO::from_value(ExportedSamples(samples), TD_Opaque)
}

struct ImportedSamples {
    object: SamplesObject,
    /// Asked once, where a failure can still be reported.
    len: usize,
}

impl Samples for ImportedSamples {
    fn len(&self) -> usize {
        self.len
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        import(self.object.sample(index))?.try_into()
    }
}

pub(super) fn import_samples(object: SamplesObject) -> Result<Box<dyn Samples>, PluginError> {
    let len = import(object.len())?;
    Ok(Box::new(ImportedSamples { object, len }))
}

#[sabi_trait]
pub trait AbiServices: Send + Sync {
    fn fetch(&self, request: RStr<'_>) -> AbiResult<()>;
    fn unpack(&self, archive: RStr<'_>, into: RStr<'_>) -> AbiResult<()>;
    fn notice(&self, message: RStr<'_>) -> AbiResult<()>;
    fn progress(&self, progress: RStr<'_>) -> AbiResult<()>;
    #[sabi(last_prefix_field)]
    fn cancelled(&self) -> AbiResult<bool>;
}

pub type ServicesObject = AbiServices_TO<'static, RBox<()>>;

struct ExportedServices(Arc<dyn Services>);

impl AbiServices for ExportedServices {
    fn fetch(&self, request: RStr<'_>) -> AbiResult<()> {
        export(|| self.0.fetch(&from_json::<FetchRequest>(request)?))
    }

    fn unpack(&self, archive: RStr<'_>, into: RStr<'_>) -> AbiResult<()> {
        export(|| self.0.unpack(Path::new(archive.as_str()), Path::new(into.as_str())))
    }

    fn notice(&self, message: RStr<'_>) -> AbiResult<()> {
        export(|| {
            self.0.notice(message.as_str());
            Ok(())
        })
    }

    fn progress(&self, progress: RStr<'_>) -> AbiResult<()> {
        export(|| {
            self.0.progress(&from_json::<Progress>(progress)?);
            Ok(())
        })
    }

    fn cancelled(&self) -> AbiResult<bool> {
        export(|| Ok(self.0.cancelled()))
    }
}

pub(super) fn export_services(services: Arc<dyn Services>) -> ServicesObject {
    AbiServices_TO::from_value(ExportedServices(services), TD_Opaque)
}

pub(super) struct ImportedServices(pub(super) ServicesObject);

impl Services for ImportedServices {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        import(self.0.fetch(to_json(request).as_rstr()))
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        import(self.0.unpack(utf8(archive)?.into(), utf8(into)?.into()))
    }

    // The three below have nobody to report a failure to: the host's own code runs behind them, and a failure
    // there must not stop a plugin's work.
    fn notice(&self, message: &str) {
        let _ = self.0.notice(message.into());
    }

    fn progress(&self, progress: &Progress) {
        let _ = self.0.progress(to_json(progress).as_rstr());
    }

    fn cancelled(&self) -> bool {
        import(self.0.cancelled()).unwrap_or(false)
    }
}

fn utf8(path: &Path) -> Result<&str, PluginError> {
    path.to_str().ok_or_else(|| {
        PluginError::input(format!("the path `{}` is not UTF-8", path.display())).with_help("rename it")
    })
}

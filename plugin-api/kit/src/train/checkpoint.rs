//! Checkpoints: `step-N.safetensors` with all tensors, and `step-N.json`, written after it, with all else and the
//! tensors' checksum; `best-E.safetensors` and `.json` likewise for the weights after the best epoch. After an epoch's
//! validation they are called `step-N-epoch`, and at the end `step-N-finished`: what is saved is not written over.
//!
//! Every file is written under another name, brought to the disk, and then renamed. The last two checkpoints are kept
//! with the best weights that they refer to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::protocol::DRAFT_PREFIX;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tch::{Kind, Tensor};

use super::progress::Position;

/// Raised when the meaning of a checkpoint changes.
const FORMAT: u32 = 1;

/// Checkpoints that are kept.
const KEPT: usize = 2;

/// Tensors by name.
pub(super) type Named = Vec<(String, Tensor)>;

/// The checkpoints of a stage.
#[derive(Debug)]
pub(super) struct Checkpoints {
    folder: PathBuf,
    /// Names of those that could not be loaded: they are not counted among those to keep.
    damaged: Vec<String>,
}

/// The JSON beside the tensors.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    /// What must not change between attempts: the number of examples and the like.
    data: String,
    position: Position,
    /// SHA-256 of the tensors' file.
    sha256: String,
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("its JSON can't be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its tensors can't be read: {0}")]
    Tensors(#[from] safetensors::SafeTensorError),
    #[error("it is of a newer lossnet")]
    Newer,
    #[error("its tensors are not those that were written")]
    Checksum,
    #[error("it lacks the tensor `{0}`, or has it in another shape")]
    Misfit(String),
    #[error(transparent)]
    Torch(#[from] PluginError),
}

impl Checkpoints {
    pub(super) fn new(folder: PathBuf) -> Checkpoints {
        Checkpoints { folder, damaged: Vec::new() }
    }

    /// Writes a checkpoint, and removes those that are not needed any more.
    pub(super) fn save(&self, position: &Position, data: &str, tensors: &Named) -> Result<(), PluginError> {
        let name = step_name(position);
        self.write(&name, position, data, tensors).map_err(|error| self.unwritten(&error))?;
        self.tidy(&name).map_err(|error| self.unwritten(&error.into()))
    }

    /// Writes the best weights so far.
    pub(super) fn save_best(
        &self,
        position: &Position,
        data: &str,
        weights: &Named,
    ) -> Result<(), PluginError> {
        let Some(best) = position.best else { return Ok(()) };
        self.write(&best_name(best.epoch), position, data, weights).map_err(|error| self.unwritten(&error))
    }

    /// Loads the newest checkpoint that is sound into `tensors`, which else stay as they are. What is wrong with newer ones
    /// is told, and they go.
    pub(super) fn load(
        &mut self,
        data: &str,
        tensors: &Named,
        tell: &dyn Fn(&str),
    ) -> Result<Option<Position>, PluginError> {
        let names = self.steps().map_err(|error| self.unread(&error))?;
        let mut damaged: Option<String> = None;
        for name in names.iter().rev() {
            let loaded = self.header(name).and_then(|header| {
                // The best weights are a part of where the training stands.
                if let Some(best) = header.position.best {
                    self.check(&best_name(best.epoch))?;
                }
                self.read(name, tensors)
            });
            match loaded {
                Err(Damage::Newer) => {
                    return Err(PluginError::input(format!(
                        "the checkpoint {} is of a newer lossnet: use that one, or remove the folder",
                        self.path(name, "json").display()
                    )));
                }
                Ok(header) if header.data != data => {
                    return Err(PluginError::input(format!(
                        "the checkpoints in {} belong to other data ({}; now {data}): restore the data, or remove that \
                         folder to begin anew",
                        self.folder.display(),
                        header.data
                    )));
                }
                Ok(header) => {
                    if let Some(damaged) = damaged {
                        tell(&format!("{damaged}; the one before it is used"));
                    }
                    // A full disk gets room again, also where nothing will be saved any more.
                    self.tidy(name).map_err(|error| self.unwritten(&error.into()))?;
                    return Ok(Some(header.position));
                }
                Err(damage) => {
                    let path = self.path(name, "safetensors");
                    damaged.get_or_insert(format!("the checkpoint {} is damaged: {damage}", path.display()));
                    self.damaged.push(name.clone());
                }
            }
        }
        if let Some(damaged) = damaged {
            tell(&format!("{damaged}; there is no other, so the training begins anew"));
        }
        Ok(None)
    }

    /// Loads the best weights into `weights`.
    pub(super) fn load_best(&self, epoch: u64, weights: &Named) -> Result<(), PluginError> {
        let name = best_name(epoch);
        self.read(&name, weights).map(|_| ()).map_err(|damage| {
            PluginError::run(format!(
                "the best weights in {} can't be used: {damage}",
                self.path(&name, "safetensors").display()
            ))
        })
    }

    /// Deletes all of them.
    pub(super) fn remove(&self) -> Result<(), PluginError> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(PluginError::run(format!(
                "the checkpoints in {} can't be deleted: {error}",
                self.folder.display()
            ))),
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    fn write(&self, name: &str, position: &Position, data: &str, tensors: &Named) -> Result<(), Damage> {
        std::fs::create_dir_all(&self.folder)?;
        let bytes = serialize(tensors)?;
        let header = Header {
            format: FORMAT,
            data: data.to_owned(),
            position: position.clone(),
            sha256: checksum(&bytes),
        };
        crate::atomic::write(&self.path(name, "safetensors"), &bytes)?;
        Ok(crate::atomic::write(&self.path(name, "json"), &serde_json::to_vec_pretty(&header)?)?)
    }

    fn header(&self, name: &str) -> Result<Header, Damage> {
        let text = std::fs::read(self.path(name, "json"))?;
        let json: Value = serde_json::from_slice(&text)?;
        // What a newer lossnet has written may look altogether different, and is not to be taken for damaged.
        match json.get("format").and_then(Value::as_u64) {
            Some(format) if format > u64::from(FORMAT) => Err(Damage::Newer),
            _ => Ok(serde_json::from_value(json)?),
        }
    }

    /// A checkpoint's header and bytes, if those fit together.
    fn check(&self, name: &str) -> Result<(Header, Vec<u8>), Damage> {
        let header = self.header(name)?;
        let bytes = std::fs::read(self.path(name, "safetensors"))?;
        if checksum(&bytes) == header.sha256 { Ok((header, bytes)) } else { Err(Damage::Checksum) }
    }

    fn read(&self, name: &str, tensors: &Named) -> Result<Header, Damage> {
        let (header, bytes) = self.check(name)?;
        let file = SafeTensors::deserialize(&bytes)?;
        // All are looked at before one is changed.
        let mut found = Vec::new();
        for (name, tensor) in tensors {
            let view = file.tensor(name).map_err(|_| Damage::Misfit(name.clone()))?;
            let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
            if view.dtype() != Dtype::F32 || shape != tensor.size() {
                return Err(Damage::Misfit(name.clone()));
            }
            found.push(view);
        }
        for ((_, tensor), view) in tensors.iter().zip(found) {
            fill(tensor, &view)?;
        }
        Ok(header)
    }

    fn files(&self) -> std::io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// The names of the checkpoints that are there, from the first to the last.
    fn steps(&self) -> std::io::Result<Vec<String>> {
        let files = self.files()?;
        let names = files.iter().filter_map(|file| file.strip_suffix(".json"));
        let mut steps: Vec<String> =
            names.filter(|name| name.starts_with("step-")).map(str::to_owned).collect();
        steps.sort();
        Ok(steps)
    }

    /// Removes what none of the last checkpoints needs, of which `newest` was just written: older ones, damaged ones, and
    /// what a process that was killed has left.
    fn tidy(&self, newest: &str) -> std::io::Result<()> {
        let mut kept = self.steps()?;
        // Those behind the newest one were passed over when it was begun from an earlier one.
        kept.retain(|name| name == newest || (name.as_str() < newest && !self.damaged.contains(name)));
        kept.drain(..kept.len().saturating_sub(KEPT));
        let best = kept.iter().filter_map(|name| self.header(name).ok()?.position.best);
        let best: Vec<String> = best.map(|best| best_name(best.epoch)).collect();
        kept.extend(best);
        let is_ours =
            |file: &str| ["step-", "best-", DRAFT_PREFIX].iter().any(|start| file.starts_with(start));
        let is_kept = |file: &str| {
            file.rsplit_once('.').is_some_and(|(name, _)| kept.iter().any(|kept| kept.as_str() == name))
        };
        let mut files = self.files()?;
        files.retain(|file| is_ours(file) && !is_kept(file));
        // The JSON first: without it the tensors count for nothing.
        files.sort_by_key(|file| file.strip_suffix(".json").is_none());
        files.iter().try_for_each(|file| std::fs::remove_file(self.folder.join(file)))
    }

    fn unwritten(&self, error: &Damage) -> PluginError {
        PluginError::run(format!("a checkpoint can't be written in {}: {error}", self.folder.display()))
            .with_help(
                "make room or choose another folder; the same command goes on from the last checkpoint",
            )
    }

    fn unread(&self, error: &std::io::Error) -> PluginError {
        PluginError::run(format!("the checkpoints in {} can't be read: {error}", self.folder.display()))
    }
}

/// In the order of names they are in the order of time.
fn step_name(position: &Position) -> String {
    let suffix = match (position.finished, position.batch) {
        (true, _) => "-finished",
        (false, 0) => "-epoch",
        (false, _) => "",
    };
    format!("step-{:012}{suffix}", position.step)
}

fn best_name(epoch: u64) -> String {
    format!("best-{epoch:06}")
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn serialize(tensors: &Named) -> Result<Vec<u8>, Damage> {
    let mut values: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in tensors {
        if tensor.f_kind().map_err(torch_error)? != Kind::Float {
            return Err(
                PluginError::run(format!("`{name}` can't be saved: it is not of 32-bit floats")).into()
            );
        }
        // libtorch runs on little-endian machines only, and safetensors is little-endian: bytes go as they are.
        let mut bytes = vec![0; 4 * tensor.numel()];
        tensor.f_detach().and_then(|t| t.f_copy_data_u8(&mut bytes, t.numel())).map_err(torch_error)?;
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        values.push((name.clone(), shape, bytes));
    }
    let views = values
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
    let views = views.collect::<Result<HashMap<_, _>, safetensors::SafeTensorError>>()?;
    Ok(safetensors::serialize(views, None)?)
}

fn fill(tensor: &Tensor, view: &TensorView<'_>) -> Result<(), PluginError> {
    let values = Tensor::f_from_data_size(view.data(), &tensor.size(), Kind::Float);
    let values = values.and_then(|values| values.f_to(tensor.device())).map_err(torch_error)?;
    tch::no_grad(|| tensor.shallow_clone().f_copy_(&values)).map_err(torch_error)
}

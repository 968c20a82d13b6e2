//! From arguments to a network for the engine.

use std::path::PathBuf;

use lossnet_plugin_protocol::Kind;
use serde_json::{Map, Value};

use super::args::{CheckWeights, NetworkArguments};
use crate::context::Context;
use crate::failure::Failure;
use lossnet_core::engine_protocol::{BackboneRequest, ComparisonRequest, Configured, Files};
use lossnet_plan::config::SettingsSchema;

/// The network that the arguments ask for.
pub(super) fn backbone(
    name: &str,
    arguments: &NetworkArguments,
    context: &Context,
) -> Result<BackboneRequest, Failure> {
    let component = context.component(Kind::Backbone, name)?;
    Ok(BackboneRequest {
        backbone: Configured { component, config: Map::new() },
        weights: arguments.weights.clone(),
        normalize: arguments.normalize.clone().unwrap_or_else(|| "imagenet".to_owned()),
        check_all_weights: arguments.check_weights == CheckWeights::All,
        exif_orientation: arguments.exif_orientation,
        size: arguments.size.map(|size| size as usize),
        device: arguments.device.clone(),
        precision: arguments.precision.clone(),
        files: Files {
            weights: weights_dir(arguments.weights_dir.as_ref()),
            offline: context.options.offline,
        },
    })
}

/// The folder of published weights.
pub(super) fn weights_dir(named: Option<&PathBuf>) -> PathBuf {
    named.cloned().unwrap_or_else(lossnet_core::folders::weights)
}

/// The layers that the arguments ask for, with `all` and `paper` written out.
pub(super) fn layers(backbone: &str, asked: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let manifest = context.manifest(Kind::Backbone, backbone)?;
    if asked.is_empty() {
        let indexed = manifest.details.layers.len();
        // There is nothing to choose.
        if indexed == 1 {
            return Ok(vec!["0".to_owned()]);
        }
        return Err(Failure::usage(format!(
            "say at which layers of `{backbone}`: --layers takes indices (0 to {}), names, and `all`; `lossnet show \
             backbone {backbone}` lists them",
            indexed.saturating_sub(1)
        )));
    }
    let mut layers: Vec<String> = Vec::new();
    for layer in asked.iter().map(|layer| layer.trim()) {
        match layer {
            "all" => layers.extend((0..manifest.details.layers.len()).map(|index| index.to_string())),
            "paper" if manifest.details.paper_layers.is_empty() => {
                return Err(Failure::usage(format!(
                    "the paper did not use `{backbone}`, so it has no layers `paper`: choose layers by index (0 to \
                     {}) or name",
                    manifest.details.layers.len().saturating_sub(1)
                )));
            }
            "paper" => layers.extend(manifest.details.paper_layers.iter().map(ToString::to_string)),
            "" => return Err(Failure::usage("an empty layer name was given: --layers takes 1,4,features.7")),
            layer => layers.push(layer.to_owned()),
        }
    }
    if let Some(twice) =
        layers.iter().enumerate().find(|(position, layer)| layers[..*position].contains(layer))
    {
        return Err(Failure::usage(format!("layer `{}` was given twice", twice.1)));
    }
    Ok(layers)
}

/// A comparison or a sum of comparisons with the same settings. Each term gets the settings that it knows; one that
/// no term knows is an error.
pub(super) fn comparison(
    name: &str,
    settings: &[(&str, Value)],
    calibration: Option<PathBuf>,
    context: &Context,
) -> Result<ComparisonRequest, Failure> {
    let mut terms = Vec::new();
    let mut known = vec![false; settings.len()];
    for term in name.split('+').map(str::trim) {
        let component = context.component(Kind::Comparison, term)?;
        let schema =
            SettingsSchema::new(context.manifest(Kind::Comparison, term)?).map_err(Failure::usage)?;
        let mut given = Map::new();
        for ((key, value), known) in settings.iter().zip(&mut known) {
            if schema.has(key) {
                *known = true;
                given.insert((*key).to_owned(), value.clone());
            }
        }
        // With the defaults written out, so that the signature names all settings.
        let config = schema.complete(&given);
        if let Some(problem) =
            schema.problems(&config, &format!("the comparison `{term}`")).into_iter().next()
        {
            let sentence = format!("{} {}", problem.path.join("."), problem.problem);
            return Err(match problem.help {
                Some(help) => Failure::usage(sentence).with_hint(help),
                None => Failure::usage(sentence),
            });
        }
        terms.push(Configured { component, config });
    }
    if let Some(position) = known.iter().position(|known| !known) {
        let (key, _) = &settings[position];
        return Err(Failure::usage(format!("the comparison `{name}` has no setting `{key}`")));
    }
    Ok(ComparisonRequest { name: name.to_owned(), terms, calibration })
}

//! `lossnet features`

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::FeaturesArguments;
use super::network;
use super::outputs::{Content, Outputs};
use crate::context::Context;
use crate::engine::Request;
use crate::failure::Failure;
use lossnet_core::engine_protocol::{FeaturesAnswer, FeaturesRequest};

/// Writes features.
pub(super) fn features(arguments: &FeaturesArguments, context: &Context) -> Result<ExitCode, Failure> {
    let mut outputs = Outputs::default();
    outputs.add("--out", &arguments.out, Content::Safetensors)?;
    outputs.spare(arguments.images.iter().map(PathBuf::as_path).chain(arguments.network.weights_file()))?;
    let request = FeaturesRequest {
        backbone: network::backbone(&arguments.backbone, &arguments.network, context)?,
        layers: network::layers(&arguments.backbone, &arguments.layers, context)?,
        images: arguments.images.clone(),
        out: arguments.out.clone(),
    };
    let engine = context.engine_for(&arguments.network.device, &arguments.network.precision)?;
    let answer = context.call(engine, &Request::Features(request))?;
    let answer: FeaturesAnswer = serde_json::from_value(answer).map_err(|error| Failure::run(&error))?;
    for (name, shape) in &answer.tensors {
        let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
        context.display.say(&format!("{name}: {}", shape.join("×")));
    }
    context.display.say(&answer.signature);
    context.display.say(&format!("wrote {}", arguments.out.display()));
    Ok(ExitCode::SUCCESS)
}

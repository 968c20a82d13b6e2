//! `lossnet fetch`

use std::collections::BTreeMap;
use std::process::ExitCode;

use lossnet_plugin_protocol::{Kind, WeightsEntry};
use serde_json::{Map, Value};

use super::args::FetchArguments;
use crate::context::Context;
use crate::engine::Request;
use crate::failure::Failure;
use lossnet_core::engine_protocol::{Configured, FetchDatasetRequest};
use lossnet_core::fetch::FetchOptions;
use lossnet_core::weights::{WeightsChoice, locate};
use lossnet_core::words::count;
use lossnet_plan::config::{SettingsSchema, shell_value};

/// Brings, or checks, what is named.
pub(super) fn fetch(arguments: &FetchArguments, context: &Context) -> Result<ExitCode, Failure> {
    // All names before the first download.
    let wanted = arguments.what.iter().map(|name| wanted(name, context)).collect::<Result<Vec<_>, _>>()?;
    let set = arguments.set.iter().map(|text| setting(text)).collect::<Result<Map<String, Value>, _>>()?;
    check_known(&set, &wanted)?;
    for item in wanted {
        match item {
            Wanted::Weights(files) => {
                for (backbone, entry) in files {
                    weights(&backbone, &entry, arguments, context)?;
                }
            }
            Wanted::Dataset(name, schema) => dataset(&name, &schema, &set, arguments, context)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Something to bring.
enum Wanted {
    Weights(Vec<(String, WeightsEntry)>),
    Dataset(String, SettingsSchema),
}

fn wanted(name: &str, context: &Context) -> Result<Wanted, Failure> {
    let index = context.index()?;
    let default_of = |backbone: &str, entries: &[WeightsEntry]| {
        entries.first().map(|entry| (backbone.to_owned(), entry.clone()))
    };
    if name == "weights" {
        let files = index.catalog.iter(Kind::Backbone);
        let files = files.filter_map(|held| default_of(&held.name, &held.details.weights));
        return Ok(Wanted::Weights(files.collect()));
    }
    let (backbone, entry) =
        name.split_once(':').map_or((name, None), |(backbone, entry)| (backbone, Some(entry)));
    if let Ok(manifest) = index.catalog.get(Kind::Backbone, backbone) {
        let choice = WeightsChoice::parse(entry.unwrap_or("imagenet"), backbone, &manifest.details.weights);
        return match choice.map_err(|error| Failure::input(&error))? {
            WeightsChoice::Entry(entry) => Ok(Wanted::Weights(vec![(backbone.to_owned(), entry)])),
            _ => Err(Failure::usage(format!("`{name}` names no published weights of `{backbone}`"))),
        };
    }
    let manifest = index.catalog.get(Kind::Dataset, name).map_err(|unknown| {
        Failure::input(&unknown).with_hint("fetch takes datasets, backbones, backbone:ENTRY, and `weights`")
    })?;
    Ok(Wanted::Dataset(name.to_owned(), SettingsSchema::new(manifest).map_err(Failure::usage)?))
}

fn weights(
    backbone: &str,
    entry: &WeightsEntry,
    arguments: &FetchArguments,
    context: &Context,
) -> Result<(), Failure> {
    let options = FetchOptions {
        offline: context.options.offline || arguments.check,
        command: format!("lossnet fetch {backbone}:{}", entry.name),
        ..FetchOptions::from_env()
    };
    let display = &context.display;
    let progress = |progress| display.progress(&progress);
    let file =
        locate(entry, &super::network::weights_dir(arguments.weights_dir.as_ref()), &options, &progress);
    context.display.clear();
    let file = file.map_err(|error| Failure::input(&error))?;
    context.display.say(&format!("{backbone} {}: {}", entry.name, file.display()));
    Ok(())
}

/// `KEY=VALUE`.
fn setting(text: &str) -> Result<(String, Value), Failure> {
    let (key, value) = text.split_once('=').ok_or_else(|| {
        Failure::usage(format!("-s {text}: a setting is written KEY=VALUE, as in -s factor=2"))
    })?;
    let key = key.trim().trim_start_matches("data.");
    Ok((key.to_owned(), shell_value(value.trim())))
}

/// Fails for a setting that none of the datasets has, before anything is fetched.
fn check_known(set: &Map<String, Value>, wanted: &[Wanted]) -> Result<(), Failure> {
    let has = |item: &Wanted, key: &str| matches!(item, Wanted::Dataset(_, schema) if schema.has(key));
    match set.keys().find(|key| !wanted.iter().any(|item| has(item, key))) {
        Some(key) => Err(Failure::usage(format!("-s {key}: none of the datasets has a setting `{key}`"))
            .with_hint("`lossnet show dataset NAME` lists the settings of a dataset")),
        None => Ok(()),
    }
}

fn dataset(
    name: &str,
    schema: &SettingsSchema,
    set: &Map<String, Value>,
    arguments: &FetchArguments,
    context: &Context,
) -> Result<(), Failure> {
    let component = context.component(Kind::Dataset, name)?;
    let manifest = context.manifest(Kind::Dataset, name)?;
    let known = set.iter().filter(|(key, _)| schema.has(key));
    let config = schema.complete(&known.map(|(key, value)| (key.clone(), value.clone())).collect());
    if let Some(problem) = schema.problems(&config, &format!("the dataset `{name}`")).into_iter().next() {
        let failure = Failure::usage(format!("-s {}: {}", problem.path.join("."), problem.problem));
        return Err(match problem.help {
            Some(help) => failure.with_hint(help),
            None => failure,
        });
    }
    let request = FetchDatasetRequest {
        dataset: Configured { component, config },
        folder: arguments.datasets_dir.join(name),
        splits: manifest.details.splits.clone(),
        offline: context.options.offline || arguments.check,
    };
    let engine = context.engine_for("cpu", "fp32")?;
    let answer = context.call(engine, &Request::FetchDataset(request))?;
    let counts: BTreeMap<String, usize> =
        serde_json::from_value(answer).map_err(|error| Failure::run(&error))?;
    for (split, samples) in counts {
        context.display.say(&format!("{name} {split}: {}", count(samples, "sample")));
    }
    Ok(())
}

//! `lossnet compare`

mod answer;
mod pairs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;

use serde_json::json;

use super::args::{CompareArguments, MetricPreset};
use super::network;
use super::outputs::{Content, Outputs};
use crate::context::Context;
use crate::engine::{Control, Event, Request};
use crate::failure::Failure;
use crate::lpips::{self, Preset};
use answer::{Answer, Printer};
use lossnet_core::engine_protocol::CompareRequest;
use pairs::Pairs;

/// Prints distances.
pub(super) fn compare(arguments: &CompareArguments, context: &Context) -> Result<ExitCode, Failure> {
    let pairs = Pairs::of(arguments)?;
    check_outputs(arguments, &pairs)?;
    for note in pairs::left_out(arguments)? {
        context.display.note(&note);
    }
    let request = request(arguments, &pairs, context)?;
    let layers = request.layers.clone();
    let engine = context.engine_for(&arguments.network.device, &arguments.network.precision)?;
    if let Some(folder) = arguments.map.as_ref().filter(|_| !pairs.single) {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("the folder {} can't be made: {error}", folder.display()))
        })?;
    }

    let (sender, receiver) = mpsc::channel();
    let mut others = context.on_event();
    let mut on_event = move |event| {
        let answer = match event {
            Event::Pair(pair) => Answer::Distance(pair),
            Event::PairFailed(failed) => Answer::Failed(failed),
            event => return others(event),
        };
        // A closed channel means that the printing side failed, which is reported below.
        sender.send(answer).map_or(Control::Stop, |()| others(Event::Poll))
    };
    let printer = Printer { pairs: &pairs, json: arguments.json, quiet: context.options.quiet > 0 };
    let to_stdout = arguments.csv.as_deref() == Some(Path::new("-"));
    // Lines are printed as they come, so that a long list can be piped on.
    let answers = std::thread::scope(|scope| {
        let printer = &printer;
        let printing = scope.spawn(move || {
            let mut answers = Vec::new();
            for answer in receiver {
                if !to_stdout {
                    printer.print(&answer)?;
                }
                answers.push(answer);
            }
            Ok(answers)
        });
        let called = engine.call(&Request::Compare(request), &mut on_event);
        drop(on_event);
        let printed = printing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        called.map_err(Failure::from).and(printed)
    });
    context.display.clear();
    let answers = answers?;
    if let Some(file) = &arguments.csv {
        answer::write_csv(file, &answers, &pairs.images, &layers)?;
        if !to_stdout {
            context.display.say(&format!("wrote {}", file.display()));
        }
    }
    if let Some(map) = &arguments.map {
        context.display.say(&format!("wrote {}", map.display()));
    }
    if to_stdout {
        printer.complain_about(&answers)?;
    } else {
        printer.finish(&answers)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Files that are written must destroy nothing that is read.
fn check_outputs(arguments: &CompareArguments, pairs: &Pairs) -> Result<(), Failure> {
    let to_stdout = arguments.csv.as_deref() == Some(Path::new("-"));
    if arguments.json && to_stdout {
        return Err(Failure::usage(
            "--json and --csv - both print to the standard output: give --csv a file",
        ));
    }
    let mut outputs = Outputs::default();
    if let Some(file) = arguments.csv.as_deref().filter(|_| !to_stdout) {
        outputs.add("--csv", file, Content::Csv)?;
    }
    // Maps of several pairs go into a folder.
    if let Some(map) = arguments.map.as_deref().filter(|_| pairs.single) {
        outputs.add("--map", map, Content::Png)?;
    }
    let images = pairs.images.iter().flat_map(|(a, b)| [a.as_path(), b.as_path()]);
    outputs.spare(images.chain(arguments.network.weights_file()).chain(arguments.calibration.as_deref()))
}

fn request(
    arguments: &CompareArguments,
    pairs: &Pairs,
    context: &Context,
) -> Result<CompareRequest, Failure> {
    let mut settings = Vec::new();
    let (backbone, layers, comparison, calibration) = match (&arguments.backbone, preset(arguments)?) {
        (Some(backbone), _) => {
            if arguments.no_channel_norm {
                settings.push(("channel_norm", json!(false)));
            }
            if let Some(epsilon) = &arguments.epsilon {
                settings.push(("epsilon", json!(epsilon)));
            }
            let layers = network::layers(backbone, &arguments.layers, context)?;
            let comparison = arguments.comparison.as_deref().unwrap_or("spatial");
            (backbone.as_str(), layers, comparison, arguments.calibration.clone())
        }
        (None, preset) => {
            settings.push(("epsilon", json!("lpips")));
            let layers: Vec<String> = preset.layers.iter().map(ToString::to_string).collect();
            let calibration = match &arguments.calibration {
                Some(file) => file.clone(),
                None => context
                    .calibration(preset, &network::weights_dir(arguments.network.weights_dir.as_ref()))?,
            };
            (preset.backbone, layers, "spatial", Some(calibration))
        }
    };
    Ok(CompareRequest {
        backbone: network::backbone(backbone, &arguments.network, context)?,
        layers,
        comparison: network::comparison(comparison, &settings, calibration, context)?,
        pairs: pairs.images.clone(),
        maps: maps(arguments.map.as_deref(), pairs)?,
        keep_going: !pairs.single,
    })
}

/// The metric that is meant where no network is named. Fails where something is said of a network that is not named.
fn preset(arguments: &CompareArguments) -> Result<&'static Preset, Failure> {
    let metric = match (arguments.metric, &arguments.backbone) {
        (Some(MetricPreset::LpipsVgg), _) => &lpips::VGG,
        (Some(MetricPreset::LpipsSqueeze), _) => &lpips::SQUEEZE,
        (Some(MetricPreset::LpipsAlex), _) | (None, Some(_)) => return Ok(&lpips::ALEX),
        (None, None) => {
            let of_a_network = [
                ("--layers", !arguments.layers.is_empty()),
                ("--comparison", arguments.comparison.is_some()),
                ("--normalize", arguments.network.normalize.is_some()),
                ("--no-channel-norm", arguments.no_channel_norm),
                ("--epsilon", arguments.epsilon.is_some()),
            ];
            if let Some((option, _)) = of_a_network.iter().find(|(_, given)| *given) {
                return Err(Failure::usage(format!(
                    "{option} is for a network of your choice: name one with --backbone; without --backbone and \
                     --metric the distance is {}",
                    lpips::ALEX.name
                )));
            }
            &lpips::ALEX
        }
    };
    Ok(metric)
}

/// Where the maps go: a file for two images, else one file per pair in a folder.
fn maps(map: Option<&Path>, pairs: &Pairs) -> Result<Vec<PathBuf>, Failure> {
    let Some(map) = map else { return Ok(Vec::new()) };
    if pairs.single {
        return Ok(vec![map.to_owned()]);
    }
    if map.is_file() || map.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        return Err(Failure::usage(format!(
            "--map names a folder where there are several pairs, and {} is a file",
            map.display()
        )));
    }
    let maps: Vec<PathBuf> = pairs.names.iter().map(|name| map.join(format!("{name}.png"))).collect();
    let folder = map.canonicalize().ok();
    let inputs = pairs.images.iter().flat_map(|(a, b)| [a, b]);
    let written_over = folder.is_some().then(|| {
        inputs.into_iter().find(|input| input.parent().and_then(|of| of.canonicalize().ok()) == folder)
    });
    if written_over.flatten().is_some() {
        return Err(Failure::usage(format!(
            "the maps can't go into {}, where the images are: name another folder",
            map.display()
        )));
    }
    Ok(maps)
}

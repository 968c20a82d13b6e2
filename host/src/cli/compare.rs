//! `lossnet compare`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;

use serde_json::{Value, json};

use super::args::{CompareArguments, MetricPreset};
use super::context::Context;
use super::failure::Failure;
use super::{network, output};
use crate::engine::protocol::{CompareRequest, PairDistance};
use crate::engine::{Control, Event, Request};
use crate::lpips::{self, Preset};

/// Prints distances.
pub(super) fn compare(arguments: &CompareArguments, context: &Context) -> Result<ExitCode, Failure> {
    let pairs = pairs(arguments)?;
    let request = request(arguments, &pairs, context)?;
    let engine = context.engine_for(&arguments.network.device, &arguments.network.precision)?;

    let (sender, receiver) = mpsc::channel();
    let mut others = context.on_event();
    let mut on_event = move |event| match event {
        // A closed channel means that the printing side failed, which is reported below.
        Event::Pair(pair) => match sender.send(pair) {
            Ok(()) => others(Event::Poll),
            Err(_) => Control::Stop,
        },
        event => others(event),
    };
    // Lines are printed as they come, so that a long list can be piped on.
    let printed = std::thread::scope(|scope| {
        let pairs = &pairs;
        let printer = scope.spawn(move || print_all(&receiver, pairs, arguments));
        let answer = engine.call(&Request::Compare(request), &mut on_event);
        drop(on_event);
        let printed = printer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        answer.map_err(Failure::from).and(printed)
    });
    context.display.clear();
    printed?;
    if let Some(map) = &arguments.map {
        context.display.say(&format!("wrote {}", map.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn print_all(
    received: &mpsc::Receiver<PairDistance>,
    pairs: &[(PathBuf, PathBuf)],
    arguments: &CompareArguments,
) -> Result<(), Failure> {
    let mut said = false;
    for pair in received {
        let Some((a, b)) = pairs.get(pair.pair) else { continue };
        if arguments.json {
            let layers: Vec<Value> = pair
                .layers
                .iter()
                .map(|layer| json!({ "layer": layer.layer, "distance": layer.distance }))
                .collect();
            let mut line =
                json!({ "distance": pair.distance, "layers": layers, "signature": pair.signature });
            if arguments.dir.is_empty() {
                output::print_json(&line)?;
            } else {
                line["a"] = json!(a);
                line["b"] = json!(b);
                output::print_json_line(&line)?;
            }
        } else if arguments.dir.is_empty() {
            output::print(&single(&pair))?;
        } else {
            if !said {
                output::say(&pair.signature);
                said = true;
            }
            output::print(&format!("{:.6}  {}  {}", pair.distance, a.display(), b.display()))?;
        }
    }
    Ok(())
}

/// The distance, where it comes from, and what it is.
fn single(pair: &PairDistance) -> String {
    let mut text = format!("{:.6}\n", pair.distance);
    if pair.layers.len() > 1 {
        let width = pair.layers.iter().map(|layer| layer.layer.chars().count()).max().unwrap_or(0);
        for layer in &pair.layers {
            let _ = writeln!(text, "  layer {:<width$}  {:.6}", layer.layer, layer.distance);
        }
    }
    text.push_str(&pair.signature);
    text
}

fn request(
    arguments: &CompareArguments,
    pairs: &[(PathBuf, PathBuf)],
    context: &Context,
) -> Result<CompareRequest, Failure> {
    if arguments.map.is_some() && !arguments.dir.is_empty() {
        return Err(Failure::usage("--map draws the map of one pair: name two images instead of --dir"));
    }
    let mut settings = Vec::new();
    let (backbone, layers, comparison, calibration) = if let Some(metric) = arguments.metric {
        let preset = preset(metric);
        settings.push(("epsilon", json!("lpips")));
        let layers: Vec<String> = preset.layers.iter().map(ToString::to_string).collect();
        let calibration = match &arguments.calibration {
            Some(file) => file.clone(),
            None => context.calibration(preset, &arguments.network.weights_dir)?,
        };
        (preset.backbone, layers, "spatial", Some(calibration))
    } else {
        if arguments.no_channel_norm {
            settings.push(("channel_norm", json!(false)));
        }
        if let Some(epsilon) = &arguments.epsilon {
            settings.push(("epsilon", json!(epsilon)));
        }
        let backbone = arguments.backbone.as_deref().unwrap_or_default();
        let layers = network::layers(backbone, &arguments.layers, context)?;
        (backbone, layers, arguments.comparison.as_str(), arguments.calibration.clone())
    };
    Ok(CompareRequest {
        backbone: network::backbone(backbone, &arguments.network, context)?,
        layers,
        comparison: network::comparison(comparison, &settings, calibration, context)?,
        pairs: pairs.to_vec(),
        map: arguments.map.clone(),
    })
}

fn preset(metric: MetricPreset) -> &'static Preset {
    match metric {
        MetricPreset::LpipsAlex => &lpips::ALEX,
        MetricPreset::LpipsVgg => &lpips::VGG,
        MetricPreset::LpipsSqueeze => &lpips::SQUEEZE,
    }
}

/// The pairs that the arguments name.
fn pairs(arguments: &CompareArguments) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    match (arguments.dir.as_slice(), arguments.images.as_slice()) {
        ([], [a, b]) => Ok(vec![(a.clone(), b.clone())]),
        ([a, b], _) => folder_pairs(a, b),
        ([], images) => Err(Failure::usage(format!(
            "compare takes two images, and {} was given; for the pairs of two folders use --dir A --dir B",
            match images.len() {
                0 => "none".to_owned(),
                count => format!("{count}"),
            }
        ))),
        (folders, _) => Err(Failure::usage(format!(
            "compare takes two folders, --dir A --dir B, and {} was given",
            folders.len()
        ))),
    }
}

/// Pairs the images of two folders by base name.
fn folder_pairs(a: &Path, b: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let (first, second) = (images(a)?, images(b)?);
    for (from, to, folder) in [(&first, &second, b), (&second, &first, a)] {
        if let Some((name, path)) = from.iter().find(|(name, _)| !to.contains_key(*name)) {
            return Err(Failure::usage(format!(
                "{} has no partner named `{name}` in {}: every image of one folder needs one in the other",
                path.display(),
                folder.display()
            )));
        }
    }
    if first.is_empty() {
        return Err(Failure::usage(format!("there are no images in {}", a.display())));
    }
    Ok(first.into_iter().filter_map(|(name, path)| Some((path, second.get(&name)?.clone()))).collect())
}

/// The images of a folder by base name.
fn images(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Failure> {
    const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "ppm", "pgm"];
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("the folder {} can't be read: {error}", folder.display()))
    };
    let mut images: BTreeMap<String, PathBuf> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let Some(name) = path.file_stem().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if !ENDINGS.contains(&ending.as_str()) || !path.is_file() {
            continue;
        }
        if let Some(other) = images.insert(name.clone(), path.clone()) {
            return Err(Failure::usage(format!(
                "{} and {} have the same base name `{name}`, so pairs are ambiguous",
                other.display(),
                path.display()
            )));
        }
    }
    Ok(images)
}

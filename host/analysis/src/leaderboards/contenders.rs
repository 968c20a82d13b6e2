//! Who competes: loss networks with whatever else was varied, repetitions aside.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lossnet_plugin_protocol::Kind;
use serde_json::Value;

use super::{About, Measured};
use crate::report::data::Network;
use lossnet_core::inputs::short;
use lossnet_core::model::Cell;
use lossnet_core::model::ResolvedConfig;

/// The contenders of some cells.
#[derive(Debug, Default)]
pub(super) struct Contenders {
    pub(super) networks: Vec<Network>,
    /// For each cell a position in `networks`.
    pub(super) of_cell: Vec<usize>,
}

/// A cell's settings that tell contenders apart, by dotted key.
type Settings = BTreeMap<String, String>;

/// Finds the contenders. Settings that change what is measured are not part of a contender, nor are those in which all
/// contenders of a task agree: so the same network is the same contender in all tasks.
pub(super) fn of(cells: &[Measured], about: &About) -> Contenders {
    let settings: Vec<Settings> = cells.iter().map(|cell| settings(cell, about)).collect();
    let varied = varied(cells, &settings);
    let mut found = Contenders::default();
    let mut known: HashMap<(String, String, String, String, Settings), usize> = HashMap::new();
    for (cell, mut settings) in cells.iter().zip(settings) {
        let config = &cell.result.cell.config;
        let network = &config.loss_network;
        settings.retain(|key, _| varied.contains(&(config.task.name.clone(), key.clone())));
        let nodes = if network.nodes.is_empty() { &network.layers } else { &network.nodes };
        let key = (
            network.backbone.name.clone(),
            weights_name(&cell.result.cell).to_owned(),
            nodes.join(","),
            network.comparison.name.clone(),
            settings.clone(),
        );
        let position = *known.entry(key).or_insert_with(|| {
            let facts = about.facts(network);
            found.networks.push(Network {
                label: String::new(),
                backbone: network.backbone.name.clone(),
                weights: weights_name(&cell.result.cell).to_owned(),
                layers: network.layers.join(","),
                comparison: network.comparison.name.clone(),
                others: settings,
                depth: facts.depth,
                imagenet_top1: facts.imagenet_top1,
                parameters: facts.parameters,
                multiply_adds: facts.multiply_adds,
            });
            found.networks.len() - 1
        });
        found.of_cell.push(position);
    }
    label(&mut found.networks, about);
    found
}

/// All settings but those that have a place of their own in [`Network`], and seeds.
fn settings(cell: &Measured, about: &About) -> Settings {
    let config = &cell.result.cell.config;
    let network = &config.loss_network;
    let mut found = Settings::new();
    let mut add = |key: &str, value: &Value| flatten(key, value, &mut found);
    for (key, value) in &network.backbone.settings {
        add(&format!("loss_network.backbone_config.{key}"), value);
    }
    for term in &network.comparison.terms {
        for (key, value) in &term.settings {
            add(&format!("loss_network.{}.{key}", term.name), value);
        }
    }
    add("loss_network.normalize", &network.normalize.clone().into());
    add("loss_network.calibration", &network.calibration.clone().into());
    add("loss_network.size", &network.size.into());
    add("run.precision", &config.run.precision.clone().into());
    add("run.deterministic", &config.run.deterministic.into());
    // Named by file or entry, weights are told apart by what is in them.
    add("weights_sha256", &cell.result.weights.chars().take(12).collect::<String>().into());
    let inputs = &cell.result.cell.inputs;
    add("calibration_sha256", &inputs.sum("calibration").map(short).into());
    add("loss_network.graph", &inputs.graph.as_deref().map(short).into());
    for term in &network.comparison.terms {
        let version = inputs.versions.get(&format!("{}.{}", Kind::Comparison, term.name));
        add(&format!("loss_network.{}.version", term.name), &version.copied().unwrap_or(1).into());
    }
    let measures = measures(config, about);
    for (key, value) in config.task.settings.iter().filter(|(key, _)| !measures.contains(key.as_str())) {
        add(&format!("task.{key}"), value);
    }
    found
}

/// The keys of a task's settings that change what is measured.
pub(super) fn measures<'a>(config: &ResolvedConfig, about: &'a About) -> HashSet<&'a str> {
    let details = about.task(&config.task.name);
    details.iter().flat_map(|details| &details.measure_settings).map(String::as_str).collect()
}

/// Tables by dotted keys; lists and plain values as texts.
pub(super) fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, into));
        }
        Value::Null => {
            into.insert(key.to_owned(), "none".to_owned());
        }
        Value::String(text) => {
            into.insert(key.to_owned(), text.clone());
        }
        other => {
            into.insert(key.to_owned(), other.to_string());
        }
    }
}

/// The settings in which the contenders of a task differ, as task and key. Settings of a backbone or a comparison are looked at
/// among those that have them, sums of weights among those of the same backbone and name.
fn varied(cells: &[Measured], settings: &[Settings]) -> HashSet<(String, String)> {
    let mut values: HashMap<(&str, String), &str> = HashMap::new();
    let mut varied = HashSet::new();
    for (cell, settings) in cells.iter().zip(settings) {
        let config = &cell.result.cell.config;
        let (task, network) = (config.task.name.as_str(), &config.loss_network);
        for (key, value) in settings {
            let among = match key.as_str() {
                "weights_sha256" => {
                    format!("{key} {} {}", network.backbone.name, weights_name(&cell.result.cell))
                }
                "calibration_sha256" => {
                    format!("{key} {}", network.calibration.as_deref().unwrap_or_default())
                }
                "loss_network.graph" => {
                    format!("{key} {} {:?}", network.backbone.name, network.backbone.settings)
                }
                _ if key.starts_with("loss_network.backbone_config.") => {
                    format!("{key} {}", network.backbone.name)
                }
                _ => key.clone(),
            };
            if *values.entry((task, among)).or_insert(value) != value {
                varied.insert((task.to_owned(), key.clone()));
            }
        }
    }
    varied
}

/// Weights as people see them: a file without its folders, which are this machine's affair. Files of one name are told apart
/// by their sums.
pub(crate) fn weights_name(cell: &Cell) -> &str {
    let weights = &cell.config.loss_network.weights;
    let is_file = cell.inputs.files.contains_key("weights") || weights.contains('/');
    let file = std::path::Path::new(weights).file_name().and_then(|name| name.to_str());
    file.filter(|_| is_file).unwrap_or(weights)
}

/// Gives each network the shortest name that says in what it differs.
fn label(networks: &mut [Network], about: &About) {
    let distinct = |of: &dyn Fn(&Network) -> String| networks.iter().map(of).collect::<BTreeSet<_>>();
    let with_weights = distinct(&|network| format!("{}\n{}", network.backbone, network.weights));
    let backbones = distinct(&|network| network.backbone.clone());
    let several_weights: BTreeSet<String> = backbones
        .into_iter()
        .filter(|name| with_weights.iter().filter(|pair| pair.split('\n').next() == Some(name)).count() > 1)
        .collect();
    let several_layers = distinct(&|network| network.layers.clone()).len() > 1;
    let several_comparisons = distinct(&|network| network.comparison.clone()).len() > 1;
    let name = |network: &Network, whole_keys: bool| {
        let mut parts = vec![network.backbone.clone()];
        if several_weights.contains(&network.backbone) {
            parts.push(network.weights.clone());
        }
        if several_layers && about.has_layers(&network.backbone) {
            let layers = if network.layers.contains(',') { "layers" } else { "layer" };
            parts.push(format!("{layers} {}", network.layers));
        }
        if several_comparisons {
            parts.push(network.comparison.clone());
        }
        parts.extend(network.others.iter().map(|(key, value)| {
            let short = key.rsplit('.').next().unwrap_or(key);
            let plain = value.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
            match plain && !matches!(value.as_str(), "true" | "false" | "none") {
                _ if whole_keys => format!("{key}={value}"),
                true => value.clone(),
                false => format!("{short}={value}"),
            }
        }));
        parts.join(" · ")
    };
    let short: Vec<String> = networks.iter().map(|network| name(network, false)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for label in &short {
        *counts.entry(label).or_default() += 1;
    }
    let mut labels: Vec<String> = networks
        .iter()
        .zip(&short)
        .map(|(network, label)| if counts[label.as_str()] > 1 { name(network, true) } else { label.clone() })
        .collect();
    // A layer's index and another's name can still be spelled alike in different networks of one backbone.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for label in &mut labels {
        let times = seen.entry(label.clone()).or_default();
        *times += 1;
        if *times > 1 {
            *label = format!("{label} ({times})");
        }
    }
    networks.iter_mut().zip(labels).for_each(|(network, label)| network.label = label);
}

/// The cells that count: of cells with the same id in several experiments the first, and one of each contender that seeds do not
/// change.
pub(super) fn without_repeats(
    cells: &[Measured],
    of_cell: &[usize],
    about: &About,
    problems: &mut Vec<String>,
) -> Vec<usize> {
    let mut ids = HashSet::new();
    let mut fixed = HashSet::new();
    let (mut kept, mut same) = (Vec::new(), 0);
    for (position, cell) in cells.iter().enumerate() {
        let result = &cell.result;
        if !ids.insert(result.cell.id.as_str()) {
            same += 1;
            continue;
        }
        // Seeds are all that cells can differ in whose config is otherwise the same.
        let mut config = result.cell.config.clone();
        if is_deterministic(&config, about) {
            config.run.seed = 0;
            config.experiment = lossnet_core::model::ExperimentSection {
                name: String::new(),
                description: String::new(),
                repetitions: 1,
            };
            let key = serde_json::to_string(&config.to_map()).unwrap_or_default();
            // What was in files of the same names, and versions of components, make other results.
            let inputs = serde_json::to_string(&result.cell.inputs).unwrap_or_default();
            if !fixed.insert((of_cell[position], result.cell.protocol_version, key, inputs)) {
                same += 1;
                continue;
            }
        }
        kept.push(position);
    }
    if same > 0 {
        let (are, they) = if same == 1 { ("cell is", "it counts") } else { ("cells are", "they count") };
        problems.push(format!("{same} {are} the same as another one of these experiments: {they} once"));
    }
    kept
}

/// Whether seeds change nothing in a cell's result.
pub(super) fn is_deterministic(config: &ResolvedConfig, about: &About) -> bool {
    let rules = about.task(&config.task.name).and_then(|details| details.deterministic.as_ref());
    let Some(rules) = rules else { return false };
    let sections = config.to_map();
    rules.iter().all(|(key, wanted)| {
        key.split('.').try_fold(None, |at: Option<&Value>, part| {
            let next = match at {
                None => sections.get(part),
                Some(value) => value.get(part),
            };
            next.map(Some)
        }) == Some(Some(wanted))
    })
}

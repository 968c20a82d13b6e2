//! What is comparable: results are put on one board only if the same was measured of the same data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::report::{BaselineScore, Metric};
use serde_json::Value;

use super::contenders::{flatten, is_deterministic, measures};
use super::group::{Group, Member, Run};
use super::scores::Samples;
use super::{About, Measured};
use lossnet_core::inputs::short;
use lossnet_core::model::Cell;
use lossnet_core::model::DataSection;

/// Where cells measure the same task in the same way on the same data.
struct Place {
    task: String,
    /// Settings that changed what was measured, by key, in words for the board's name.
    settings: BTreeMap<String, String>,
    splits: Vec<String>,
    test: BTreeSet<String>,
    trained: bool,
}

/// What the metrics of a board have in common: place, name, split, unit, direction, number of samples, and how they come from
/// samples.
type Key<'a> = (usize, &'a str, &'a str, &'a str, bool, u64, String);

/// Puts the metrics of these cells on boards, and names what can't be on one board though it has the same name.
pub(super) fn group(
    cells: &[Measured],
    kept: &[usize],
    of_cell: &[usize],
    about: &About,
    is_wanted: &dyn Fn(usize, usize) -> bool,
    problems: &mut Vec<String>,
) -> Vec<Group> {
    let mut places: Vec<Place> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut boards: HashMap<Key<'_>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut positions: Vec<Positions> = Vec::new();
    for &cell in kept {
        let result = &cells[cell].result;
        let config = &result.cell.config;
        let settings = measured_by(&result.cell, about);
        let key = format!("{} {settings:?}", config.task.name);
        let place = *known.entry(key).or_insert_with(|| {
            places.push(Place {
                task: config.task.name.clone(),
                settings,
                splits: Vec::new(),
                test: config.data.test.keys().cloned().collect(),
                trained: false,
            });
            places.len() - 1
        });
        for split in &config.data.splits {
            if !places[place].splits.contains(split) {
                places[place].splits.push(split.clone());
            }
        }
        places[place].trained |= !is_deterministic(config, about) && about.task(&config.task.name).is_some();
        let references = about.task(&config.task.name).map(|details| details.reference_metrics.as_slice());
        let is_score = |metric: &Metric| !references.unwrap_or_default().contains(&metric.name);
        let metrics = result.metrics.iter().enumerate();
        for (position, metric) in metrics.filter(|(at, metric)| is_score(metric) && is_wanted(cell, *at)) {
            let from = metric.from_samples.as_ref();
            // Older results don't say how they were computed: by their number of samples they belong to the others.
            let parts = from.map(|from| serde_json::to_string(from).unwrap_or_default()).unwrap_or_default();
            let key = |parts: String| {
                let Metric { name, split, unit, higher_is_better, samples, .. } = metric;
                (place, name.as_str(), split.as_str(), unit.as_str(), *higher_is_better, *samples, parts)
            };
            let board = *boards.entry(key(parts)).or_insert_with(|| {
                positions.push(Positions::new());
                groups.push(Group {
                    task: config.task.name.clone(),
                    variant: String::new(),
                    dataset: dataset(&config.data, &metric.split).to_owned(),
                    metric: metric.name.clone(),
                    split: metric.split.clone(),
                    unit: metric.unit.clone(),
                    higher_is_better: metric.higher_is_better,
                    from_samples: metric.from_samples.clone(),
                    range: [metric.lowest, metric.highest],
                    baselines: Vec::new(),
                    trained: false,
                    main: false,
                    members: Vec::new(),
                    place,
                });
                groups.len() - 1
            });
            let run = Run { cell, metric: position };
            add(&mut groups[board].members, &mut positions[board], of_cell[cell], run);
        }
    }
    let mut groups = join_older(&groups, cells);
    name_variants(&mut groups, &places);
    for group in &mut groups {
        group.baselines = baselines(group, cells);
        group.baselines.extend(pixel_loss(group, cells));
    }
    for group in &mut groups {
        group.trained = places[group.place].trained
            && group.members.iter().any(|member| {
                member.runs.iter().any(|run| !is_deterministic(&cells[run.cell].result.cell.config, about))
            });
    }
    choose_main(&mut groups, &places, about);
    problems.extend(mixtures(&groups, &places));
    sort(&mut groups);
    groups
}

/// The scores that the metrics of a board are to be measured against, means over its runs: with other data in training, or none,
/// they may differ a little.
fn baselines(group: &Group, cells: &[Measured]) -> Vec<(String, f64)> {
    let mut sums: Vec<(String, f64, usize)> = Vec::new();
    for run in group.members.iter().flat_map(|member| &member.runs) {
        let metric = run.of(cells);
        for baseline in &metric.baselines {
            let metrics = &cells[run.cell].result.metrics;
            let score = match &baseline.score {
                BaselineScore::Value(value) => Some(*value),
                BaselineScore::Metric(name) => {
                    let same = |other: &&Metric| other.name == *name && other.split == metric.split;
                    metrics.iter().find(same).map(|other| other.value)
                }
                _ => None,
            };
            let Some(score) = score.filter(|score| score.is_finite()) else { continue };
            match sums.iter_mut().find(|(name, ..)| *name == baseline.name) {
                Some((_, sum, count)) => (*sum, *count) = (*sum + score, *count + 1),
                None => sums.push((baseline.name.clone(), score, 1)),
            }
        }
    }
    sums.into_iter().map(|(name, sum, count)| (name, sum / count as f64)).collect()
}

/// The backbone that is not a network: features are the pixels themselves.
const PIXELS: &str = "pixels";

/// The best pixel loss of a board that has others, too: a contender like these, and what they are to be better than.
fn pixel_loss(group: &Group, cells: &[Measured]) -> Option<(String, f64)> {
    let is_pixels = |member: &&Member| {
        let runs = &member.runs;
        runs.iter().all(|run| cells[run.cell].result.cell.config.loss_network.backbone.name == PIXELS)
    };
    if group.members.iter().all(|member| is_pixels(&member)) {
        return None;
    }
    let mean = |member: &Member| {
        member.runs.iter().map(|run| run.of(cells).value).sum::<f64>() / member.runs.len() as f64
    };
    let values = group.members.iter().filter(is_pixels).map(mean).filter(|value| value.is_finite());
    let best = values.reduce(|a, b| if (a > b) == group.higher_is_better { a } else { b })?;
    Some(("pixel loss".to_owned(), best))
}

/// Where each network is among a board's members.
type Positions = HashMap<usize, usize>;

fn add(members: &mut Vec<Member>, positions: &mut Positions, network: usize, run: Run) {
    let position = *positions.entry(network).or_insert_with(|| {
        members.push(Member { network, runs: Vec::new() });
        members.len() - 1
    });
    members[position].runs.push(run);
}

/// The key of the version of a task's protocol among what changes what a cell measures.
pub(crate) const PROTOCOL: &str = "protocol version";

/// All that changes what a cell measures: its task's settings as far as they do, its data by what is in it, the versions of
/// both.
pub(crate) fn measured_by(cell: &Cell, about: &About) -> BTreeMap<String, String> {
    let config = &cell.config;
    let mut found = BTreeMap::new();
    let measures = measures(config, about);
    for (key, value) in config.task.settings.iter().filter(|(key, _)| measures.contains(key.as_str())) {
        flatten(key, value, &mut found);
    }
    let mut add = |role: &str, data: &DataSection| {
        let prefix = &format!("{role}.");
        for (key, value) in data.to_map() {
            // Which splits are looked at besides does not change what is found on one.
            if key != "splits" && key != "test" {
                flatten(&format!("{prefix}{key}"), &value, &mut found);
            }
        }
        flatten(&format!("{prefix}limit"), &data.limit.into(), &mut found);
        // The same files are the same wherever they are.
        let sum = cell.inputs.sum(role);
        let folder = sum.map_or_else(|| data.folder.clone().into(), |_| Value::Null);
        flatten(&format!("{prefix}folder"), &folder, &mut found);
        flatten(&format!("{prefix}contents"), &sum.map(short).into(), &mut found);
        let version = cell.inputs.versions.get(&format!("{}.{}", Kind::Dataset, data.dataset.name));
        flatten(&format!("{prefix}version"), &version.copied().unwrap_or(1).into(), &mut found);
    };
    add("data", &config.data);
    for (label, data) in &config.data.test {
        add(&format!("data.test.{label}"), data);
    }
    flatten(PROTOCOL, &Value::from(cell.protocol_version), &mut found);
    found
}

/// The dataset that a split is of: `label:val` and `label/standard` are of the further dataset of this label.
fn dataset<'a>(data: &'a DataSection, split: &str) -> &'a str {
    let label = split.split([':', '/']).next().unwrap_or(split);
    data.test.get(label).map_or(data.dataset.name.as_str(), |test| test.dataset.name.as_str())
}

/// Older results don't say how they come from samples: they join the only board that does, if there is but one.
fn join_older(groups: &[Group], cells: &[Measured]) -> Vec<Group> {
    let key = |group: &Group| {
        let samples = group.members.first().map_or(0, |member| member.runs[0].of(cells).samples);
        (group.place, group.metric.clone(), group.split.clone(), samples)
    };
    let mut others: HashMap<_, Vec<usize>> = HashMap::new();
    for (position, group) in groups.iter().enumerate().filter(|(_, group)| group.from_samples.is_some()) {
        others.entry(key(group)).or_default().push(position);
    }
    let mut joined: Vec<Group> = groups.to_vec();
    let mut gone = BTreeSet::new();
    for (position, group) in groups.iter().enumerate().filter(|(_, group)| group.from_samples.is_none()) {
        if let Some(&[only]) = others.get(&key(group)).map(Vec::as_slice) {
            let members = &mut joined[only].members;
            let known = members.iter().enumerate().map(|(position, member)| (member.network, position));
            let mut positions: Positions = known.collect();
            for member in &group.members {
                member.runs.iter().for_each(|run| add(members, &mut positions, member.network, *run));
            }
            gone.insert(position);
        }
    }
    joined
        .into_iter()
        .enumerate()
        .filter(|(position, _)| !gone.contains(position))
        .map(|(_, group)| group)
        .collect()
}

/// Names boards by the settings in which the places of their task differ.
fn name_variants(groups: &mut [Group], places: &[Place]) {
    for group in groups {
        let place = &places[group.place];
        let others = || places.iter().filter(|other| other.task == place.task);
        let differs = |key: &str| others().any(|other| other.settings.get(key) != place.settings.get(key));
        let keys: BTreeSet<&String> = others().flat_map(|other| other.settings.keys()).collect();
        let parts = keys.into_iter().filter(|key| differs(key) && **key != "data.name").map(|key| {
            let value = place.settings.get(key).map_or("none", String::as_str);
            format!("{}={value}", key.strip_prefix("data.").unwrap_or(key))
        });
        group.variant = parts.collect::<Vec<_>>().join(", ");
    }
}

/// Adds to the variants of boards that would have the same name in what they differ: what their samples are, how many there
/// are, the unit, or the direction.
pub(super) fn tell_apart(groups: &mut [Group], cells: &[Measured]) {
    let mut of_name: BTreeMap<[String; 5], Vec<usize>> = BTreeMap::new();
    for (position, group) in groups.iter().enumerate() {
        let Group { task, variant, dataset, metric, split, .. } = group;
        of_name.entry([task, variant, dataset, metric, split].map(Clone::clone)).or_default().push(position);
    }
    for positions in of_name.into_values().filter(|positions| positions.len() > 1) {
        let own: Vec<[String; 5]> =
            positions.iter().map(|&position| own_words(&groups[position], cells)).collect();
        let mut names = vec![Vec::<&str>::new(); own.len()];
        for property in 0..own[0].len() {
            // As few words as it takes.
            let is_settled = names.iter().collect::<BTreeSet<_>>().len() == names.len();
            if !is_settled && own.iter().any(|words| words[property] != own[0][property]) {
                let words = own.iter().map(|words| words[property].as_str());
                names.iter_mut().zip(words).for_each(|(name, words)| name.push(words));
            }
        }
        let mut seen: HashMap<Vec<&str>, usize> = HashMap::new();
        for (&position, name) in positions.iter().zip(names) {
            let times = seen.entry(name.clone()).or_default();
            *times += 1;
            let number = (*times > 1).then(|| format!("({times})"));
            let variant = &mut groups[position].variant;
            let words = [variant.as_str()].into_iter().chain(name).chain(number.as_deref());
            *variant = words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
        }
    }
}

/// What a board's name does not say of it, in words.
fn own_words(group: &Group, cells: &[Measured]) -> [String; 5] {
    let parts = group.from_samples.iter().flat_map(|from| &from.parts);
    let parts: Vec<&str> = parts.map(|part| part.group.as_deref().unwrap_or(&part.split)).collect();
    let first = group.members.first().map(|member| member.runs[0]);
    let samples = first.map_or(0, |run| run.of(cells).samples);
    // A split of a further dataset is named by that.
    let data = first.map_or("", |run| cells[run.cell].result.cell.config.data.dataset.name.as_str());
    let direction = if group.higher_is_better { "higher is better" } else { "lower is better" };
    [
        if parts.is_empty() { String::new() } else { format!("over {}", parts.join(" + ")) },
        format!("data={data}"),
        format!("samples={samples}"),
        format!("unit={}", group.unit),
        direction.to_owned(),
    ]
}

/// Chooses the board by which each task is mainly judged on each dataset.
///
/// That of the task's main metric (of its first one, if it names none or did not report it), on a split that was to be
/// evaluated rather than another, on the part that the task names, on a mean rather than one of its parts; else the first.
fn choose_main(groups: &mut [Group], places: &[Place], about: &About) {
    let mut candidates: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (position, group) in groups.iter().enumerate() {
        candidates.entry((group.place, group.dataset.clone())).or_default().push(position);
    }
    for ((place, _), positions) in candidates {
        let place = &places[place];
        let main = about.task(&place.task).and_then(|details| details.main_metric.as_ref());
        let unfit = |position: usize| {
            let group = &groups[position];
            let part = group.split.rsplit_once('/').map(|(_, part)| part);
            let head = group.split.split(['/', ':']).next().unwrap_or(&group.split);
            let whole = group.split.split('/').next().unwrap_or(&group.split);
            let named = place.splits.iter().position(|split| split == whole || *split == group.split);
            let evaluated = named.is_some() || place.test.contains(head);
            let wanted = main.and_then(|main| main.part.as_deref());
            // A split without parts is what its mean over parts would be.
            let is_whole = |wanted: &str| match part {
                Some(part) => part == wanted,
                None => !positions.iter().any(|&other| {
                    groups[other].metric == group.metric
                        && groups[other].split.split_once('/') == Some((whole, wanted))
                }),
            };
            (
                main.is_some_and(|main| main.name != group.metric),
                !evaluated,
                wanted.is_some_and(|wanted| !is_whole(wanted)),
                wanted.is_none() && part.is_some_and(|part| part != "mean"),
                // What the user names first counts.
                named.unwrap_or(usize::MAX),
                position,
            )
        };
        if let Some(best) = positions.iter().copied().min_by_key(|&position| unfit(position)) {
            groups[best].main = true;
        }
    }
}

/// A sentence for each task and dataset whose results are on several boards for other reasons than the task's settings.
fn mixtures(groups: &[Group], places: &[Place]) -> Vec<String> {
    let mut of_name: BTreeMap<(&str, &str, &str, &str), Vec<&Group>> = BTreeMap::new();
    for group in groups {
        of_name.entry((&group.task, &group.dataset, &group.metric, &group.split)).or_default().push(group);
    }
    let mut sentences = BTreeSet::new();
    for ((task, dataset, ..), groups) in of_name {
        let of: Vec<&Place> = groups.iter().map(|group| &places[group.place]).collect();
        let keys: BTreeSet<&String> = of.iter().flat_map(|place| place.settings.keys()).collect();
        let differing: Vec<&str> = keys
            .into_iter()
            .filter(|key| key.starts_with("data.") || *key == PROTOCOL)
            .filter(|key| of.iter().any(|place| place.settings.get(*key) != of[0].settings.get(*key)))
            .map(String::as_str)
            .collect();
        if !differing.is_empty() {
            sentences.insert(format!(
                "results of `{task}` on {dataset} differ in {}, so they are on boards of their own and not compared",
                differing.join(", ")
            ));
        } else if groups.len() > 1 && of.iter().all(|place| place.settings == of[0].settings) {
            sentences.insert(other_samples(task, dataset));
        }
    }
    sentences.into_iter().collect()
}

fn other_samples(task: &str, dataset: &str) -> String {
    format!(
        "results of `{task}` on {dataset} are of different samples, so they are on boards of their own and not compared: \
         splits or the data have changed in between"
    )
}

/// Tasks and datasets in the order in which they first appear, the main boards first, the others as they were reported.
fn sort(groups: &mut [Group]) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for (position, group) in groups.iter().enumerate() {
        first.entry(group.task.clone()).or_insert(position);
        first.entry(format!("{}\n{}", group.task, group.dataset)).or_insert(position);
    }
    groups.sort_by_cached_key(|group| {
        (first[&group.task], first[&format!("{}\n{}", group.task, group.dataset)], group.place, !group.main)
    });
}

/// Puts runs on other samples than most on boards of their own, and says so.
pub(super) fn split_by_samples(
    groups: Vec<Group>,
    cells: &[Measured],
    samples: &Samples,
    problems: &mut Vec<String>,
) -> Vec<Group> {
    let mut result = Vec::new();
    let mut sentences = BTreeSet::new();
    for group in groups {
        let Some(from) = &group.from_samples else {
            result.push(group);
            continue;
        };
        let fingerprint =
            |run: &Run| run.of(cells).from_samples.as_ref().and_then(|_| samples.fingerprint(run.cell, from));
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for run in group.members.iter().flat_map(|member| &member.runs) {
            if let Some(found) = fingerprint(run) {
                *counts.entry(found).or_default() += 1;
            }
        }
        if counts.len() < 2 {
            result.push(group);
            continue;
        }
        sentences.insert(other_samples(&group.task, &group.dataset));
        let mut fingerprints: Vec<(u64, usize)> = counts.into_iter().collect();
        fingerprints.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let most = fingerprints[0].0;
        for (number, (wanted, _)) in fingerprints.iter().enumerate() {
            let mut part = Group { members: Vec::new(), main: group.main && number == 0, ..group.clone() };
            if number > 0 {
                let comma = if part.variant.is_empty() { "" } else { ", " };
                part.variant = format!("{}{comma}other samples ({number})", part.variant);
            }
            let mut positions = Positions::new();
            for member in &group.members {
                for run in &member.runs {
                    // What can't be read stays with most.
                    if fingerprint(run).unwrap_or(most) == *wanted {
                        add(&mut part.members, &mut positions, member.network, *run);
                    }
                }
            }
            result.push(part);
        }
    }
    problems.extend(sentences);
    result
}

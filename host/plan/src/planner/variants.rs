//! The sections of a config for every combination of a sweep's values, each checked once.

use std::collections::BTreeMap;
use std::rc::Rc;

use lossnet_plugin_protocol::{ComponentManifest, Kind};

use super::sweep::{self, Dimension, Part, SECTIONS};
use crate::catalog::Catalog;
use crate::config::{Checker, ConfigError, Leaf, Origin, View};
use lossnet_core::model::{Component, DataSection, LossNetworkSection, RunSection};

/// One combination of a part's dimensions; a preset among them can stand for several loss networks.
pub(super) struct Choice<'a> {
    pub(super) task: &'a Rc<Component>,
    pub(super) networks: &'a [Rc<LossNetworkSection>],
    pub(super) data: &'a Rc<DataSection>,
    pub(super) run: &'a Rc<RunSection>,
}

/// Each section, checked, for every combination of the dimensions that vary it.
pub(super) struct Variants {
    /// Positions, among all dimensions, of those that vary each section.
    own: [Vec<usize>; 4],
    /// Number of values of each of them.
    lengths: [Vec<usize>; 4],
    task: Vec<Vec<Rc<Component>>>,
    /// The other sections, by the task's name: a task has defaults of its own for them.
    others: BTreeMap<String, OtherSections>,
}

/// All sections but the task.
struct OtherSections {
    network: Vec<Vec<Rc<LossNetworkSection>>>,
    data: Vec<Vec<Rc<DataSection>>>,
    run: Vec<Vec<Rc<RunSection>>>,
}

impl Variants {
    pub(super) fn new(checker: &Checker<'_>, part: &Part) -> Variants {
        let dimensions = &part.dimensions;
        let varies = |dimension: &Dimension, section: usize| {
            dimension.columns.iter().any(|column| column.section == section)
        };
        let own: [Vec<usize>; 4] = std::array::from_fn(|section| {
            (0..dimensions.len()).filter(|&position| varies(&dimensions[position], section)).collect()
        });
        let lengths: [Vec<usize>; 4] = std::array::from_fn(|section| {
            own[section].iter().map(|&position| dimensions[position].length()).collect()
        });
        let views = |section: usize, base: &View<'_>, each: &mut dyn FnMut(&View<'_>)| {
            let mine: Vec<&Dimension> = own[section].iter().map(|&position| &dimensions[position]).collect();
            let count: usize = lengths[section].iter().product();
            for position in 0..count {
                each(&sweep::view(base, section, &mine, &sweep::combination(position, &lengths[section])));
            }
        };
        let mut task = Vec::new();
        views(0, &checker.view(SECTIONS[0]), &mut |view| {
            task.push(checker.task(view).map(Rc::new).into_iter().collect::<Vec<_>>());
        });
        let mut names: Vec<&str> = task.iter().flatten().map(|task| task.name.as_str()).collect();
        if names.is_empty() {
            // What is wrong with the other sections is to be told all the same.
            names.push("");
        }
        let swept = part.columns().filter(|column| column.section == 1 && column.swept);
        let swept: Vec<&str> = swept.map(sweep::Column::name).collect();
        let mut others = BTreeMap::new();
        for name in names {
            if others.contains_key(name) {
                continue;
            }
            let defaults = TaskDefaults::of(manifest(checker.catalog, Kind::Task, name));
            let mut sections = OtherSections { network: Vec::new(), data: Vec::new(), run: Vec::new() };
            let base = |section: usize| defaults.under(SECTIONS[section], checker.view(SECTIONS[section]));
            views(1, &base(1), &mut |view| {
                let networks = checker.loss_networks(view, &swept).into_iter().map(Rc::new);
                sections.network.push(networks.collect());
            });
            views(2, &base(2), &mut |view| {
                sections.data.push(checker.data(view).map(Rc::new).into_iter().collect());
            });
            views(3, &base(3), &mut |view| {
                sections.run.push(checker.run(view).map(Rc::new).into_iter().collect());
            });
            others.insert(name.to_owned(), sections);
        }
        let variants = Variants { own, lengths, task, others };
        variants.check_fields(checker);
        variants
    }

    /// Finds tasks that can't use any of a dataset's fields.
    fn check_fields(&self, checker: &Checker<'_>) {
        for task in self.task.iter().flatten() {
            let Some(others) = self.others.get(&task.name) else { continue };
            for data in others.data.iter().flatten() {
                let needs = manifest(checker.catalog, Kind::Task, &task.name).map(|task| &task.details.needs);
                let has =
                    manifest(checker.catalog, Kind::Dataset, &data.dataset.name).map(|d| &d.details.fields);
                let (Some(needs), Some(has)) = (needs, has) else { continue };
                let has_field =
                    |need: &String| need.split('|').any(|field| has.iter().any(|has| has == field));
                if !needs.is_empty() && !has.is_empty() && !needs.iter().any(has_field) {
                    let problem = format!(
                        "the samples of `{}` have {}, and the task `{}` needs {}",
                        data.dataset.name,
                        has.join(", "),
                        task.name,
                        needs.join(", ").replace('|', " or ")
                    );
                    let view = checker.view("data");
                    let origin = view.get("name").map_or(Origin::Default, |leaf| leaf.origin.clone());
                    let key = Some("data.name".to_owned());
                    checker.error(ConfigError {
                        origin,
                        key,
                        problem,
                        help: Some("take another dataset".to_owned()),
                    });
                }
            }
        }
    }

    /// The tasks of a combination, each with the other sections as they are for it.
    pub(super) fn at(&self, indices: &[usize]) -> impl Iterator<Item = Choice<'_>> {
        let position = |section: usize| {
            self.own[section]
                .iter()
                .zip(&self.lengths[section])
                .fold(0, |position, (&own, &length)| position * length + indices[own])
        };
        let positions = [0, 1, 2, 3].map(position);
        self.task[positions[0]].iter().filter_map(move |task| {
            let others = self.others.get(&task.name)?;
            let (networks, data, run) =
                (&others.network[positions[1]], &others.data[positions[2]], &others.run[positions[3]]);
            Some(Choice { task, networks, data: data.first()?, run: run.first()? })
        })
    }
}

/// What a task sets where a config says nothing.
struct TaskDefaults(Vec<(String, Leaf)>);

impl TaskDefaults {
    fn of(task: Option<&ComponentManifest>) -> TaskDefaults {
        let defaults = task.into_iter().flat_map(|task| &task.details.config_defaults);
        TaskDefaults(defaults.map(|(key, value)| (key.clone(), Leaf::of_default(value.clone()))).collect())
    }

    /// A section as it was written, with the task's defaults where only lossnet's own, or none, are.
    fn under<'v>(&'v self, section: &str, mut view: View<'v>) -> View<'v> {
        for (key, leaf) in &self.0 {
            let Some(name) = key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            if view.get(name).is_none_or(|written| written.origin == Origin::Default) {
                view.insert(name, leaf);
            }
        }
        view
    }
}

pub(super) fn manifest<'c>(catalog: &'c Catalog, kind: Kind, name: &str) -> Option<&'c ComponentManifest> {
    catalog.get(kind, name).ok()
}

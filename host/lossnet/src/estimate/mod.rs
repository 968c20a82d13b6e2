//! How long the groups of a plan will take and how much memory their loss networks need, without running them.
//!
//! The best source are groups that are done: those of the same task, settings and data, with the same network, or with
//! others, whose times are compared with the FLOPs of their networks. Without them, a task that says how often it runs its
//! loss network ([`Work`](lossnet_plugin_protocol::manifest::Work)) gives FLOPs, which this machine's measured speed makes
//! a time. What none of these tells is said to be unknown.

mod cost;
mod history;
mod own_data;
mod speed;
mod text;
mod work;

use std::collections::{BTreeSet, HashMap};

use lossnet_plugin_protocol::Kind;
use serde::Serialize;

pub(crate) use own_data::OwnData;
pub(crate) use speed::{Machine, Speed, Speeds};

use crate::engine::wants_cuda;
use crate::index::Index;
use cost::{Costs, NetworkCost};
use history::Pass;
use lossnet_core::model::{Cell, Group, Plan};
use lossnet_core::store::{ExperimentFolder, Store};

/// Times of networks of which one costs so much less than the other differ by their networks.
const DISTINCT: f64 = 0.01;

/// Least share by which a time that is scaled from others' may be off.
const UNSURE: f64 = 0.3;

/// What is known of a group beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    /// Time of its pass, if it has something to do and that is known.
    pub(crate) time: Option<Time>,
    /// Bytes that its loss network needs for weights and values in float32; the task's own networks come on top.
    pub(crate) loss_network_bytes: Option<f64>,
}

/// A time in seconds, with what it may well be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Time {
    pub(crate) seconds: f64,
    pub(crate) least: f64,
    /// None where only a least time is known.
    pub(crate) most: Option<f64>,
    pub(crate) source: Source,
    /// What would take that long, where the time was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) machine: Option<Machine>,
}

/// What a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "groups")]
pub(crate) enum Source {
    /// So many groups with the same network that are done.
    Measured(usize),
    /// So many groups with other networks, by the FLOPs of theirs and its own.
    Scaled(usize),
    /// The FLOPs of the loss network and the speed of this machine.
    Flops,
}

/// The estimates of a plan's groups, in their order.
pub(crate) struct Estimates {
    pub(crate) groups: Vec<Estimate>,
    /// Whether each group has something to do.
    to_do: Vec<bool>,
    /// Whether the speed of this machine would tell more.
    speed_would_help: bool,
}

/// Estimates the groups of a plan. `to_do` tells whether a cell is not done.
pub(crate) fn estimate(
    plan: &Plan,
    store: &Store,
    experiment: &ExperimentFolder,
    index: &Index,
    speeds: &Speeds,
    own_data: &OwnData,
    to_do: impl Fn(&Cell) -> bool,
) -> Estimates {
    let mut estimator = Estimator {
        index,
        costs: Costs::new(index),
        passes: history::passes(store, experiment, &index.catalog),
        speeds,
        own_data,
        others: HashMap::new(),
        speed_would_help: false,
    };
    let pending = |group: &Group| plan.group_cells(group).any(&to_do);
    let to_do: Vec<bool> = plan.groups.iter().map(pending).collect();
    let groups = plan.groups.iter().zip(&to_do).map(|(group, &to_do)| {
        let cells: Vec<&Cell> = plan.group_cells(group).collect();
        estimator.group(&cells, to_do)
    });
    let groups = groups.collect();
    Estimates { groups, to_do, speed_would_help: estimator.speed_would_help }
}

/// Side of the images where nothing tells it, in pixels: ratios of networks' costs hardly depend on it.
const ANY_SIDE: i64 = 64;

struct Estimator<'a> {
    index: &'a Index,
    costs: Costs<'a>,
    passes: Vec<Pass>,
    speeds: &'a Speeds,
    own_data: &'a OwnData,
    /// MACs and seconds of passes of the same work, by that, whether on CUDA, and the images' side.
    others: HashMap<(String, bool, i64), Vec<(f64, f64)>>,
    speed_would_help: bool,
}

impl Estimator<'_> {
    fn group(&mut self, cells: &[&Cell], to_do: bool) -> Estimate {
        let nothing = Estimate { time: None, loss_network_bytes: None };
        let (Some(first), true) = (cells.first().copied(), to_do) else { return nothing };
        let mut nodes: BTreeSet<String> = BTreeSet::new();
        for node in cells.iter().flat_map(|cell| &cell.config.loss_network.nodes) {
            nodes.insert(node.clone());
        }
        let details =
            self.index.catalog.get(Kind::Task, &first.config.task.name).ok().map(|task| &task.details);
        let phases = work::phases(details, first, &self.index.catalog, self.own_data);
        let side = work::side(&phases, first);
        let mut cost = |side| self.costs.of(&first.config.loss_network.backbone, &nodes, side);
        let (cost, any_cost) = (side.and_then(&mut cost), cost(side.unwrap_or(ANY_SIDE)));
        let bytes = cost.map(|cost| work::bytes(&phases, first, &cost));
        let by_history = self.by_history(first, &nodes, side.unwrap_or(ANY_SIDE), any_cost);
        let time = by_history.or_else(|| self.by_flops(&phases, first, cost));
        Estimate { time, loss_network_bytes: bytes }
    }

    /// By groups of the same work that are done.
    fn by_history(
        &mut self,
        cell: &Cell,
        nodes: &BTreeSet<String>,
        side: i64,
        cost: Option<NetworkCost>,
    ) -> Option<Time> {
        let work = history::work(cell, &self.index.catalog);
        let on_cuda = wants_cuda(&cell.config.run.device);
        let alike: Vec<&Pass> = self
            .passes
            .iter()
            .filter(|pass| pass.work == work && pass.device.starts_with("cuda") == on_cuda)
            .collect();
        let is_same =
            |pass: &&&Pass| pass.backbone == cell.config.loss_network.backbone && pass.nodes == *nodes;
        let mut same: Vec<f64> = alike.iter().filter(is_same).map(|pass| pass.seconds).collect();
        same.sort_by(f64::total_cmp);
        if let (Some(&least), Some(&most)) = (same.first(), same.last()) {
            let source = Source::Measured(same.len());
            return Some(Time {
                seconds: same[same.len() / 2],
                least,
                most: Some(most),
                source,
                machine: None,
            });
        }
        let macs = cost?.macs;
        // Groups of a large plan ask for the same again and again.
        let costs = &mut self.costs;
        let known = self.others.entry((work, on_cuda, side)).or_insert_with(|| {
            let cost = |pass: &&Pass| Some((costs.of(&pass.backbone, &pass.nodes, side)?.macs, pass.seconds));
            alike.iter().filter_map(cost).collect()
        });
        scaled(known, macs)
    }

    /// By what the task says of its work, and this machine's speed.
    fn by_flops(&mut self, phases: &[work::Phase], cell: &Cell, cost: Option<NetworkCost>) -> Option<Time> {
        let passes = work::passes(phases)?;
        // Without any, as for pixels, they say nothing of the time that the rest takes.
        let macs = cost.map(|cost| cost.macs).filter(|macs| *macs > 0.0)?;
        let Some(speed) = self.speeds.of(&cell.config.run.device, &cell.config.run.precision) else {
            self.speed_would_help = true;
            return None;
        };
        let seconds = 2.0 * macs * passes / speed.flops_per_second;
        let machine = Some(Machine::new(&cell.config.run.device, speed));
        Some(Time { seconds, least: seconds, most: None, source: Source::Flops, machine })
    }
}

/// The time of a network of so many MACs from times of others, `(MACs, seconds)`: along a line through them where their
/// MACs differ, which has a part that no network changes; between the same time and a proportional one where they do not.
fn scaled(known: &[(f64, f64)], macs: f64) -> Option<Time> {
    let count = known.len() as f64;
    let source = Source::Scaled(known.len());
    let mean = |value: &dyn Fn(&(f64, f64)) -> f64| known.iter().map(value).sum::<f64>() / count;
    let (mean_macs, mean_seconds) = (mean(&|known| known.0), mean(&|known| known.1));
    if known.is_empty() || mean_macs <= 0.0 {
        return None;
    }
    let spread = mean(&|known| (known.0 - mean_macs).powi(2));
    let together = mean(&|known| (known.0 - mean_macs) * (known.1 - mean_seconds));
    if spread.sqrt() > DISTINCT * mean_macs && together > 0.0 {
        let slope = together / spread;
        let fixed = mean_seconds - slope * mean_macs;
        // A line that starts below nothing is one through it.
        let line = |macs: f64| {
            if fixed > 0.0 { fixed + slope * macs } else { mean_seconds / mean_macs * macs }
        };
        let off = known.iter().map(|(macs, seconds)| (seconds / line(*macs) - 1.0).abs());
        let off = off.fold(UNSURE, f64::max);
        let seconds = line(macs);
        return Some(Time {
            seconds,
            least: seconds / (1.0 + off),
            most: Some(seconds * (1.0 + off)),
            source,
            machine: None,
        });
    }
    let (same, proportional) = (mean_seconds, mean_seconds * macs / mean_macs);
    let (least, most) = (same.min(proportional), same.max(proportional));
    Some(Time { seconds: (least * most).sqrt(), least, most: Some(most), source, machine: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9 * b.abs().max(1.0)
    }

    #[test]
    fn times_of_other_networks_are_scaled_along_their_line() {
        // 10 s that no network changes, and 2 s for each unit.
        let time = scaled(&[(1.0, 12.0), (3.0, 16.0), (5.0, 20.0)], 10.0).unwrap();
        assert!(close(time.seconds, 30.0), "{time:?}");
        assert_eq!(time.source, Source::Scaled(3));
        assert!(close(time.most.unwrap(), 39.0) && time.least < 30.0, "{time:?}");
        // No time is below nothing: proportional.
        let time = scaled(&[(10.0, 1.0), (20.0, 3.0)], 1.0).unwrap();
        assert!(time.seconds > 0.0, "{time:?}");
    }

    #[test]
    fn one_network_alone_tells_only_between_which_times_another_is() {
        let time = scaled(&[(2.0, 8.0)], 18.0).unwrap();
        assert!(close(time.least, 8.0) && close(time.most.unwrap(), 72.0) && close(time.seconds, 24.0));
        assert!(scaled(&[], 1.0).is_none());
        // A network without operations, as `pixels`, tells nothing of others.
        assert!(scaled(&[(0.0, 8.0)], 1.0).is_none());
    }
}

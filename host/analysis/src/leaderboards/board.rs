//! Leaderboards: who is best at what, and who can't be told from the best.

use std::collections::HashSet;

use lossnet_plugin_protocol::report::Metric;
use lossnet_statistics::holm;
use rayon::prelude::*;

use super::evidence::{self, Evidence};
use super::group::{Group, Member};
use super::scores::Samples;
use super::{ALPHA, Measured, answers, correlations, ranks};
use crate::report::data::{Baseline, Board, Entry, Network, Pair};
use crate::report::texts;

/// Up to so many contenders of a main board are all tested against each other; else the best against all others.
const ALL_PAIRS_UP_TO: usize = 30;

/// About so many scores are added up for the bootstraps of all main boards, and of all others: a quarter of a nanosecond each.
const WORK: [f64; 2] = [8e9, 4e9];

/// Makes the boards of these groups, in their order.
pub(super) fn all(
    groups: &[Group],
    cells: &[Measured],
    samples: &Samples,
    networks: &[Network],
) -> Vec<Board> {
    let main = groups.iter().filter(|group| group.main).count();
    let work = [WORK[0] / main.max(1) as f64, WORK[1] / (groups.len() - main).max(1) as f64];
    let make = |group: &Group| {
        let work = if group.main { work[0] } else { work[1] };
        evidence::with(group, cells, samples, work, |evidence| board(group, cells, evidence, networks))
    };
    groups.par_iter().map(make).collect()
}

fn board(group: &Group, cells: &[Measured], evidence: &dyn Evidence, networks: &[Network]) -> Board {
    let mut board = Board {
        task: group.task.clone(),
        variant: group.variant.clone(),
        dataset: group.dataset.clone(),
        metric: group.metric.clone(),
        split: group.split.clone(),
        unit: group.unit.clone(),
        higher_is_better: group.higher_is_better,
        main: group.main,
        baselines: baselines(group),
        ..Board::default()
    };
    // Positions in the group with their entries, the best first.
    let mut entries: Vec<(usize, Entry)> = group
        .members
        .par_iter()
        .enumerate()
        .map(|(position, member)| {
            let interval = evidence.interval(position).and_then(|ends| within(ends, group.range));
            (position, entry(member, cells, interval, evidence.nan(position)))
        })
        .collect();
    let key = |entry: &Entry| match entry.value {
        Some(value) if group.higher_is_better => -value,
        Some(value) => value,
        // What is not a number is never the best.
        None => f64::INFINITY,
    };
    entries.sort_by(|(_, a), (_, b)| key(a).total_cmp(&key(b)));
    for position in 0..entries.len() {
        let same = position > 0 && key(&entries[position].1) == key(&entries[position - 1].1);
        entries[position].1.rank = if same { entries[position - 1].1.rank } else { position + 1 };
    }
    let order: Vec<usize> = entries.iter().map(|(position, _)| *position).collect();
    let all_pairs = group.main && order.len() <= ALL_PAIRS_UP_TO;
    let mut pairs = pairs(&order, evidence, all_pairs);
    // In pairs of positions on the board, which are not yet those of networks.
    let worse: HashSet<usize> = pairs
        .iter()
        .filter(|pair| Some(&pair.networks[0]) == order.first() && pair.p.is_some_and(|p| p < ALPHA))
        .map(|pair| pair.networks[1])
        .collect();
    for (member, entry) in &mut entries {
        // What was not tested can't be told from the best, either.
        entry.tied_with_best = entry.value.is_some() && (entry.rank == 1 || !worse.contains(member));
    }
    for pair in &mut pairs {
        pair.networks = pair.networks.map(|position| group.members[position].network);
    }
    board.pairs = pairs;
    board.method = method(evidence, &board.pairs, all_pairs, order.len());
    if group.main {
        let members: Vec<usize> = group.members.iter().map(|member| member.network).collect();
        board.ranks = ranks::of(evidence, &members, group.higher_is_better);
    }
    board.entries = entries.into_iter().map(|(_, entry)| entry).collect();
    if group.main {
        board.correlations = correlations::of(&board, networks);
    }
    texts::of_board(&mut board);
    board.answer = answers::of(&board, networks);
    board
}

/// The baselines of a board, the best first.
fn baselines(group: &Group) -> Vec<Baseline> {
    let mut found: Vec<Baseline> = group
        .baselines
        .iter()
        .map(|(name, value)| Baseline { name: name.clone(), value: *value, ..Baseline::default() })
        .collect();
    found.sort_by(|a, b| a.value.total_cmp(&b.value));
    if group.higher_is_better {
        found.reverse();
    }
    found
}

/// An interval without what can't be. None where nothing is left but an end of the range: that all samples agree there does
/// not make it sure.
fn within([low, high]: [f64; 2], [lowest, highest]: [Option<f64>; 2]) -> Option<[f64; 2]> {
    let clipped = |value: f64| {
        let value = lowest.map_or(value, |lowest| value.max(lowest));
        highest.map_or(value, |highest| value.min(highest))
    };
    let ends = [clipped(low), clipped(high)];
    let is_end = [lowest, highest].contains(&Some(ends[0]));
    (ends[0] < ends[1] || !is_end).then_some(ends)
}

fn entry(member: &Member, cells: &[Measured], interval: Option<[f64; 2]>, nan: u64) -> Entry {
    let values: Vec<f64> = member.runs.iter().map(|run| run.of(cells).value).collect();
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
    let results = || member.runs.iter().map(|run| &cells[run.cell].result);
    let most = |of: fn(&Metric) -> Option<u64>| member.runs.iter().filter_map(|run| of(run.of(cells))).max();
    let seconds: f64 = results().map(|result| result.seconds / result.group_size.max(1) as f64).sum();
    Entry {
        network: member.network,
        value: value.is_finite().then_some(value),
        interval,
        deviation: (values.len() > 1 && value.is_finite()).then(|| (squares / (count - 1.0)).sqrt()),
        repetitions: values.len(),
        samples: member.runs.first().map_or(0, |run| run.of(cells).samples),
        failed: most(|metric| metric.failed).unwrap_or(0),
        nan: most(|metric| metric.nan).unwrap_or(nan),
        seconds: Some(seconds / count),
        peak_memory: results().filter_map(|result| result.peak_memory).max(),
        cost: results()
            .filter_map(|result| result.cost)
            .min_by(|a, b| a.forward_seconds.total_cmp(&b.forward_seconds)),
        cells: results().map(|result| result.cell.id.clone()).collect(),
        ..Entry::default()
    }
}

/// Tests of contenders in this order, Holm-corrected: of all, or of the first against each other one.
fn pairs(order: &[usize], evidence: &dyn Evidence, all: bool) -> Vec<Pair> {
    let firsts = if all { order.len() } else { order.len().min(1) };
    let wanted: Vec<(usize, usize)> = (0..firsts)
        .flat_map(|first| (first + 1..order.len()).map(move |second| (first, second)))
        .map(|(first, second)| (order[first], order[second]))
        .collect();
    let mut pairs: Vec<Pair> =
        wanted.par_iter().filter_map(|&(first, second)| evidence.pair(first, second)).collect();
    // Without a number there is no test.
    pairs.retain(|pair| pair.difference.is_finite() && pair.p.is_some_and(f64::is_finite));
    let p_values: Vec<f64> = pairs.iter().filter_map(|pair| pair.p).collect();
    if let Ok(corrected) = holm(&p_values) {
        pairs.iter_mut().zip(corrected).for_each(|(pair, p)| pair.p = Some(p));
    }
    pairs
}

fn method(evidence: &dyn Evidence, pairs: &[Pair], all: bool, contenders: usize) -> String {
    let mut method = evidence.method();
    if !pairs.is_empty() {
        let whom = if all { "all pairs" } else { "the best against all others" };
        method = format!("{method}; tests are of {whom}, Holm-corrected");
    }
    if contenders > 0 {
        method.push('.');
        if let Some(remark) = evidence.remark() {
            method = format!("{method} {remark}");
        }
    }
    method
}

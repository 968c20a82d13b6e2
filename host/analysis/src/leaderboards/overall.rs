//! What holds over all tasks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lossnet_statistics::{Bootstrap, Strata, permuted_difference};

use super::{ALPHA, CONFIDENCE, correlations};
use crate::report::data::{Board, BoardCorrelation, MeanRank, Network, Overall};
use crate::report::texts;

/// What is compared over boards, with its best score on a board: larger is better.
type Scores = BTreeMap<String, f64>;

/// Depths of layers that are the same up to rounding are one.
const SAME_DEPTH: f64 = 1e-9;

/// Draws of orders, and of weights of boards, behind what is said of how sure mean ranks are.
const DRAWS: usize = 10_000;

/// Of more contenders than these fewer orders are drawn.
const MOST_SHUFFLED: usize = 20_000_000;

/// Mean ranks and correlations of rankings over the main boards.
pub(super) fn of(boards: &[Board], networks: &[Network]) -> Overall {
    let main: Vec<usize> = (0..boards.len()).filter(|&board| boards[board].main).collect();
    let names = Names::new(networks);
    let best = |name: &dyn Fn(usize) -> Option<String>| -> Vec<Scores> {
        main.iter().map(|&board| best_scores(&boards[board], name)).collect()
    };
    let of_networks = best(&|network| Some(names.network[network].clone()));
    let of_backbones = best(&|network| Some(names.backbone[network].clone()));
    let layers: Vec<BTreeMap<String, f64>> =
        main.iter().map(|&board| layer_ranks(&boards[board], networks, &names)).collect();
    let mut between_boards = Vec::new();
    for first in 0..main.len() {
        for second in first + 1..main.len() {
            let common: Vec<(f64, f64)> = of_networks[first]
                .iter()
                .filter_map(|(name, score)| Some((*score, *of_networks[second].get(name)?)))
                .collect();
            let (x, y): (Vec<f64>, Vec<f64>) = common.into_iter().unzip();
            let with = name(&boards[main[second]]);
            let pair = [main[first], main[second]];
            between_boards.extend(
                correlations::of_rankings(&with, &x, &y)
                    .into_iter()
                    .map(|correlation| BoardCorrelation { boards: pair, correlation }),
            );
        }
    }
    let mut overall = Overall {
        backbones: mean_ranks(&of_backbones.iter().map(shares).collect::<Vec<_>>()),
        networks: mean_ranks(&of_networks.iter().map(shares).collect::<Vec<_>>()),
        layers: mean_ranks(&layers),
        between_boards,
        boards: main,
    };
    texts::of_overall(&mut overall);
    overall
}

/// A board's name for people.
pub(super) fn name(board: &Board) -> String {
    let mut name = format!("{} · {} · {} on {}", board.task, board.dataset, board.metric, board.split);
    if !board.variant.is_empty() {
        name = format!("{name} ({})", board.variant);
    }
    name
}

/// What networks are matched by over tasks: how they are compared and what else was varied differs from task to task.
struct Names {
    /// Backbone, with its weights where there are several.
    backbone: Vec<String>,
    /// The same with the layers.
    network: Vec<String>,
}

impl Names {
    fn new(networks: &[Network]) -> Names {
        let mut weights: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for network in networks {
            weights.entry(&network.backbone).or_default().insert(&network.weights);
        }
        let backbone = |network: &Network| {
            if weights[network.backbone.as_str()].len() > 1 {
                format!("{} · {}", network.backbone, network.weights)
            } else {
                network.backbone.clone()
            }
        };
        let backbone: Vec<String> = networks.iter().map(backbone).collect();
        let network =
            networks.iter().zip(&backbone).map(|(network, name)| format!("{name} · {}", network.layers));
        Names { network: network.collect(), backbone }
    }
}

/// The best score of each name on a board, larger the better.
fn best_scores(board: &Board, name: &dyn Fn(usize) -> Option<String>) -> Scores {
    let mut best = Scores::new();
    for entry in &board.entries {
        let (Some(value), Some(name)) = (entry.value, name(entry.network)) else { continue };
        let score = board.score(value);
        best.entry(name).and_modify(|best| *best = best.max(score)).or_insert(score);
    }
    best
}

/// Ranks as shares, 0 the best and 1 the worst; equal scores share the mean of their ranks. None where there is but one.
fn shares(scores: &Scores) -> BTreeMap<String, f64> {
    if scores.len() < 2 {
        return BTreeMap::new();
    }
    let values: Vec<f64> = scores.values().map(|score| -score).collect();
    let Ok(ranks) = lossnet_statistics::ranks(&values) else { return BTreeMap::new() };
    let last = (scores.len() - 1) as f64;
    scores.keys().zip(ranks).map(|(name, rank)| (name.clone(), (rank - 1.0) / last)).collect()
}

/// Means over boards, the best first.
fn mean_ranks(boards: &[BTreeMap<String, f64>]) -> Vec<MeanRank> {
    let names: BTreeSet<&String> = boards.iter().flat_map(BTreeMap::keys).collect();
    let mut found: Vec<MeanRank> = names
        .into_iter()
        .map(|name| {
            let ranks: Vec<Option<f64>> = boards.iter().map(|board| board.get(name).copied()).collect();
            let there: Vec<f64> = ranks.iter().flatten().copied().collect();
            let mean_rank = there.iter().sum::<f64>() / there.len() as f64;
            let interval = interval(&there);
            MeanRank { name: name.clone(), mean_rank, interval, ranks, ..MeanRank::default() }
        })
        .collect();
    found.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
    tell_apart(&mut found);
    found
}

/// How far the mean of ranks would be from this on other boards of the kind: Gaffke's bounds, since ranks as shares can't leave 0 to
/// 1, and boards are few.
fn interval(ranks: &[f64]) -> Option<[f64; 2]> {
    let strata = Strata::single(ranks.len()).ok().filter(|_| ranks.len() > 1)?;
    let settings = Bootstrap { resamples: DRAWS, confidence: CONFIDENCE, ..Bootstrap::default() };
    let interval = settings.bounded_means(&[ranks], &strata, [0.0, 1.0]).ok()?.pop()?;
    Some([interval.low, interval.high])
}

/// Notes what can't be told from the first of those that are on all boards. What is missing on some boards is not tested.
fn tell_apart(ranked: &mut [MeanRank]) {
    let everywhere: Vec<usize> =
        (0..ranked.len()).filter(|&at| ranked[at].ranks.iter().all(Option::is_some)).collect();
    let boards = ranked.first().map_or(0, |first| first.ranks.len());
    let shares =
        |board: usize| -> Vec<f64> { everywhere.iter().filter_map(|&at| ranked[at].ranks[board]).collect() };
    let blocks: Vec<Vec<f64>> = (0..boards).map(shares).collect();
    let draws = DRAWS.min(MOST_SHUFFLED / (boards * everywhere.len()).max(1)).max(1000);
    let difference = permuted_difference(&blocks, ALPHA, draws, 0).ok().flatten();
    let Some(&first) = everywhere.first() else { return };
    let best = ranked[first].mean_rank;
    for at in everywhere {
        let rank = &mut ranked[at];
        // The difference itself tells apart; rounding of sums must not decide.
        rank.tied_with_best = difference.is_none_or(|difference| rank.mean_rank - best < difference - 1e-9);
    }
}

/// The ranks of layers within their backbones on a board, means over backbones. Single layers of which the depth is known count;
/// those of backbones with so many layers on the board are `layer 1 of 4` and so on, from early to late.
fn layer_ranks(board: &Board, networks: &[Network], names: &Names) -> BTreeMap<String, f64> {
    let mut backbones: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for entry in &board.entries {
        let network = &networks[entry.network];
        let (Some(value), Some(depth)) = (entry.value, network.depth) else { continue };
        if network.layers.contains(',') {
            continue;
        }
        let score = board.score(value);
        let layers = backbones.entry(&names.backbone[entry.network]).or_default();
        match layers.iter_mut().find(|(known, _)| (known - depth).abs() < SAME_DEPTH) {
            Some((_, best)) => *best = best.max(score),
            None => layers.push((depth, score)),
        }
    }
    let mut sums: BTreeMap<String, (f64, usize)> = BTreeMap::new();
    for layers in backbones.values_mut().filter(|layers| layers.len() > 1) {
        layers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = layers.len();
        let scores: Scores =
            layers.iter().enumerate().map(|(at, (_, score))| (format!("{at:06}"), *score)).collect();
        for (at, share) in shares(&scores).into_values().enumerate() {
            let sum = sums.entry(format!("layer {} of {count}", at + 1)).or_default();
            sum.0 += share;
            sum.1 += 1;
        }
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count as f64)).collect()
}

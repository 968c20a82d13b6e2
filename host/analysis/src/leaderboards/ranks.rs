//! Average ranks over samples.

use lossnet_statistics::{cliques, critical_difference, friedman};

use super::ALPHA;
use super::evidence::Evidence;
use crate::report::data::Ranks;

/// Average ranks of contenders over the samples of a board, which are blocks in the sense of Friedman's test: the samples are
/// the same for all. None where the scores of samples are not known.
///
/// `networks` are the contenders' positions among all networks.
pub(super) fn of(evidence: &dyn Evidence, networks: &[usize], higher_is_better: bool) -> Option<Ranks> {
    if networks.len() < 2 {
        return None;
    }
    let mut blocks = evidence.blocks()?;
    if higher_is_better {
        // The first rank is the lowest score's.
        blocks.iter_mut().flatten().for_each(|score| *score = -*score);
    }
    over("samples", &blocks, networks)
}

/// Average ranks over blocks, blocks × contenders, of which the lowest number is the best.
pub(super) fn over(what: &str, blocks: &[Vec<f64>], networks: &[usize]) -> Option<Ranks> {
    let test = friedman(blocks).ok()?;
    let difference = critical_difference(networks.len(), test.blocks, ALPHA).ok()?;
    let mut order: Vec<usize> = (0..networks.len()).collect();
    order.sort_by(|&a, &b| test.average_ranks[a].total_cmp(&test.average_ranks[b]));
    let averages: Vec<(usize, f64)> =
        order.iter().map(|&position| (networks[position], test.average_ranks[position])).collect();
    // Ascending ranks: a group is a range of them.
    let sorted: Vec<f64> = averages.iter().map(|(_, rank)| *rank).collect();
    let groups = cliques(&sorted, difference).ok()?;
    let ends = |group: &Vec<usize>| Some((*group.first()?, *group.last()?));
    Some(Ranks {
        blocks: what.to_owned(),
        count: test.blocks,
        averages,
        friedman_p: Some(test.p_value),
        critical_difference: difference,
        cliques: groups.iter().filter_map(ends).collect(),
        ..Ranks::default()
    })
}

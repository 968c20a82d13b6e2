//! The numbers of boards as texts: made once, of the numbers as they are, and shown by all.

use super::data::{Board, Correlation, MeanRank, Overall, Ranks, Shown};
use lossnet_core::number;

/// Decimals of ranks and of correlations.
const DECIMALS: usize = 2;

/// Writes the texts of all that a board has numbers of, and with how many decimals.
pub fn of_board(board: &mut Board) {
    let half = |ends: &[f64; 2]| (ends[1] - ends[0]) / 2.0;
    let decimals = number::decimals(
        board.entries.iter().filter_map(|entry| entry.interval.as_ref().map(half)),
        board.entries.iter().filter_map(|entry| entry.deviation),
        board.entries.iter().filter_map(|entry| entry.value),
    );
    board.decimals = decimals;
    for entry in &mut board.entries {
        entry.text = Shown {
            value: number::fixed(entry.value.unwrap_or(f64::NAN), decimals),
            interval: entry
                .value
                .filter(|value| value.is_finite())
                .and_then(|_| interval(entry.interval, decimals)),
            deviation: entry.deviation.map(|deviation| number::fixed(deviation, decimals)),
            ..Shown::default()
        };
    }
    for baseline in &mut board.baselines {
        baseline.text = Shown { value: number::fixed(baseline.value, decimals), ..Shown::default() };
    }
    for pair in &mut board.pairs {
        pair.text = Shown {
            value: number::fixed(pair.difference, decimals),
            interval: interval(pair.interval, decimals),
            p: pair.p.map(number::probability),
            p_alone: pair.p_alone.map(number::probability),
            ..Shown::default()
        };
    }
    board.ranks.iter_mut().for_each(of_ranks);
    board.correlations.iter_mut().for_each(of_correlation);
}

/// Writes the texts of what holds over all boards.
pub fn of_overall(overall: &mut Overall) {
    let lists = [&mut overall.backbones, &mut overall.networks, &mut overall.layers];
    lists.into_iter().flatten().for_each(of_mean_rank);
    for between in &mut overall.between_boards {
        of_correlation(&mut between.correlation);
    }
}

/// An interval that is open to one side says nothing: it is none.
fn interval(ends: Option<[f64; 2]>, decimals: usize) -> Option<[String; 2]> {
    let ends = ends.filter(|ends| ends.iter().all(|end| end.is_finite()))?;
    Some(ends.map(|end| number::fixed(end, decimals)))
}

fn of_ranks(ranks: &mut Ranks) {
    ranks.average_texts = ranks.averages.iter().map(|(_, rank)| number::fixed(*rank, DECIMALS)).collect();
    ranks.text = Shown {
        value: number::fixed(ranks.critical_difference, DECIMALS),
        p: ranks.friedman_p.map(number::probability),
        ..Shown::default()
    };
}

fn of_mean_rank(rank: &mut MeanRank) {
    rank.text = Shown {
        value: number::fixed(rank.mean_rank, DECIMALS),
        interval: interval(rank.interval, DECIMALS),
        ..Shown::default()
    };
    rank.rank_texts =
        rank.ranks.iter().map(|rank| number::fixed(rank.unwrap_or(f64::NAN), DECIMALS)).collect();
}

fn of_correlation(correlation: &mut Correlation) {
    correlation.text = Shown {
        value: number::fixed(correlation.value, DECIMALS),
        interval: interval(correlation.interval, DECIMALS),
        p: correlation.p.map(number::probability),
        ..Shown::default()
    };
}

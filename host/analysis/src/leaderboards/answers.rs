//! Results in sentences.

use super::group::Group;
use super::overall::name;
use crate::report::data::{Baseline, Board, Entry, Network, Overall, Shown};
use lossnet_core::number;

/// At most so many names stand in a sentence.
const NAMED: usize = 3;

/// The result of a board in one sentence.
pub(super) fn of(board: &Board, networks: &[Network]) -> String {
    // `photos:val` of the further dataset `photos` is its `val`.
    let split = board.split.strip_prefix(&format!("{}:", board.dataset)).unwrap_or(&board.split);
    let place = format!(
        "On `{}` ({} {split}, {}{})",
        board.task,
        board.dataset,
        board.metric,
        if board.variant.is_empty() { String::new() } else { format!(", {}", board.variant) }
    );
    let label = |entry: &Entry| networks[entry.network].label.as_str();
    let numbers = board.entries.iter().filter(|entry| entry.value.is_some()).count();
    let Some(best) = board.entries.first().filter(|best| best.value.is_some()) else {
        return format!("{place}, no score is a number.");
    };
    let score = score(best, &board.unit);
    let against = against_baselines(best, board);
    if numbers == 1 {
        return format!("{place}, only {} was measured: {score}.{against}", label(best));
    }
    let first: Vec<&Entry> = board.entries.iter().filter(|entry| entry.rank == 1).collect();
    if first.len() > 1 {
        let who = if first.len() == numbers {
            format!("all {numbers} share the best score")
        } else {
            format!("{} of {numbers} share the best score", first.len())
        };
        let others = board.entries.iter().filter(|entry| entry.tied_with_best && entry.rank > 1).count();
        let tested = board.pairs.iter().any(|pair| pair.networks.contains(&best.network));
        let others = match (tested, others) {
            _ if first.len() == numbers => String::new(),
            (false, _) => "; nothing says how sure that is".to_owned(),
            (true, 0) => "; they are better than all others at the 5 % level".to_owned(),
            (true, 1) => "; one other can't be told from them at the 5 % level".to_owned(),
            (true, others) => format!("; {others} others can't be told from them at the 5 % level"),
        };
        return format!("{place}, {who}: {score}{others}.{}{against}", cheapest(board, networks));
    }
    let start = format!("{place}, {} is best: {score}", label(best));
    let ending = |sentence: String| format!("{sentence}.{}{against}", cheapest(board, networks));
    let tested = board.pairs.iter().any(|pair| pair.networks.contains(&best.network));
    let tied: Vec<&str> = board.entries[1..].iter().filter(|entry| entry.tied_with_best).map(label).collect();
    match (tested, tied.len()) {
        (false, _) => format!("{start}; nothing says how sure that is.{against}"),
        (true, 0) if numbers == 2 => {
            format!("{start}; it is better than the other one at the 5 % level.{against}")
        }
        (true, 0) => {
            format!("{start}; it is better than all {} others at the 5 % level.{against}", numbers - 1)
        }
        (true, count) if count == numbers - 1 && count > 1 => {
            ending(format!("{start}; it can't be told from any of the {count} others at the 5 % level"))
        }
        (true, count) if count <= NAMED => {
            ending(format!("{start}; it can't be told from {} at the 5 % level", list(&tied)))
        }
        (true, count) => ending(format!("{start}; it can't be told from {count} others at the 5 % level")),
    }
}

/// Which of those that can't be told from the best costs the least, in a sentence with a space before it: by multiply-adds, else
/// by time, if that is known of all of them; of several the one that ranks first. None if all cost the same.
fn cheapest(board: &Board, networks: &[Network]) -> String {
    let tied: Vec<&Entry> = board.entries.iter().filter(|entry| entry.tied_with_best).collect();
    let least = |costs: Option<Vec<f64>>| -> Option<(usize, f64)> {
        let costs = costs?;
        let (at, least) = costs.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let dearest = costs.iter().copied().fold(0.0, f64::max);
        (dearest > least).then_some((at, least))
    };
    let operations: Option<Vec<f64>> =
        tied.iter().map(|entry| Some(networks[entry.network].multiply_adds? as f64)).collect();
    let seconds: Option<Vec<f64>> = tied.iter().map(|entry| entry.seconds).collect();
    let (at, cost) = match least(operations) {
        Some((at, least)) => (at, format!("{} multiply-adds for an image of 224×224", counted(least))),
        None => match least(seconds) {
            Some((at, least)) => (at, format!("{} a run", lossnet_core::words::duration(least))),
            None => return String::new(),
        },
    };
    let shared = board.entries.iter().filter(|entry| entry.rank == 1).count() > 1;
    if at == 0 && !shared {
        return format!(" It is the cheapest of those, too ({cost}).");
    }
    let name = &networks[tied[at].network].label;
    format!(" Take the cheapest of those tied: {name} ({cost}).")
}

/// `4.2 G`, of a whole number of at least 0.
fn counted(number: f64) -> String {
    let prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match prefixes.into_iter().find(|(size, _)| number >= *size) {
        Some((size, prefix)) => format!("{:.1} {prefix}", number / size),
        None => format!("{number:.0}"),
    }
}

/// That the best does not reach what needs no loss network, in a sentence with a space before it.
fn against_baselines(best: &Entry, board: &Board) -> String {
    let Some(value) = best.value else { return String::new() };
    let of = |which: &dyn Fn(&Baseline) -> bool| -> Option<String> {
        let unit = number::unit(&board.unit);
        let named = |baseline: &Baseline| format!("{} ({}{unit})", baseline.name, baseline.text.value);
        let found: Vec<String> =
            board.baselines.iter().filter(|baseline| which(baseline)).map(named).collect();
        let need = if found.len() == 1 { "needs" } else { "need" };
        let names: Vec<&str> = found.iter().map(String::as_str).collect();
        (!found.is_empty()).then(|| format!("{}, which {need} no loss network.", list(&names)))
    };
    let reached = |baseline: &Baseline| board.score(value) <= board.score(baseline.value);
    if let Some(baselines) = of(&reached) {
        return format!(" No contender is better than {baselines}");
    }
    let unsure =
        |baseline: &Baseline| best.interval.is_some_and(|[low, high]| (low..=high).contains(&baseline.value));
    of(&unsure).map_or(String::new(), |baselines| format!(" The interval of the best holds {baselines}"))
}

/// The answers of all main boards, what holds over them, and what is missing. `why`: why samples say nothing of a board.
pub(super) fn of_all(
    boards: &[Board],
    overall: &Overall,
    networks: &[Network],
    groups: &[Group],
    why: &dyn Fn(&Group) -> Option<&'static str>,
) -> Vec<String> {
    let main: Vec<&Board> = boards.iter().filter(|board| board.main).collect();
    let mut answer = Vec::new();
    if main.is_empty() {
        return vec!["There are no results yet.".to_owned()];
    }
    answer.extend(over_all(overall, main.len()));
    answer.extend(main.iter().map(|board| board.answer.clone()));
    answer.extend(missing(boards, groups, why));
    answer.extend(left_out(&main, networks));
    answer
}

/// Which network is the best on average over several boards, and how sure that is.
fn over_all(overall: &Overall, boards: usize) -> Option<String> {
    let everywhere = |ranks: &[Option<f64>]| ranks.iter().all(Option::is_some);
    let networks: Vec<_> = overall.networks.iter().filter(|network| everywhere(&network.ranks)).collect();
    let best = networks.first()?;
    if boards < 2 || networks.len() < 2 {
        return None;
    }
    let same: Vec<&str> = networks
        .iter()
        .take_while(|network| network.mean_rank <= best.mean_rank)
        .map(|network| network.name.as_str())
        .collect();
    let verb = if same.len() == 1 { "has" } else { "have" };
    let tied = networks.iter().filter(|network| network.tied_with_best).count().saturating_sub(same.len());
    let others = networks.len() - same.len();
    let them = if same.len() == 1 { "it" } else { "them" };
    let sure = match tied {
        _ if others == 0 => String::new(),
        0 => "; all others are worse at the 5 % level".to_owned(),
        tied if tied == others => {
            format!("; over so few leaderboards none of the others can be told from {them} at the 5 % level")
        }
        1 => format!("; one of the others can't be told from {them} at the 5 % level"),
        tied => format!("; {tied} of the others can't be told from {them} at the 5 % level"),
    };
    let Shown { value, interval, .. } = &best.text;
    let interval = interval.as_ref().map_or(String::new(), |[low, high]| format!(" [{low}, {high}]"));
    Some(format!(
        "Over all {boards} main leaderboards, {} {verb} the best mean rank of the {} networks that are on each of them: \
         {value}{interval}, where 0 is the best and 1 the worst on each{sure}.",
        list(&same),
        networks.len(),
    ))
}

/// What is said of no training noise, and of no intervals at all.
fn missing(boards: &[Board], groups: &[Group], why: &dyn Fn(&Group) -> Option<&'static str>) -> Vec<String> {
    let mut found = Vec::new();
    let main = || boards.iter().zip(groups).filter(|(board, _)| board.main);
    let once: Vec<String> = main()
        .filter(|(board, group)| group.trained && board.entries.iter().all(|entry| entry.repetitions < 3))
        .map(|(board, _)| format!("`{}`", board.task))
        .collect();
    if !once.is_empty() {
        found.push(format!(
            "There are fewer than three repetitions of {}: nothing is said of how much the scores change with another seed, as by \
             training anew.",
            list(&unique(&once))
        ));
    }
    let mut unsure: Vec<(&str, Vec<String>)> = Vec::new();
    for (board, group) in main() {
        if board.entries.iter().any(|entry| entry.interval.is_some()) {
            continue;
        }
        let why = why(group).unwrap_or("the scores of single samples can't be read");
        match unsure.iter_mut().find(|(known, _)| *known == why) {
            Some((_, boards)) => boards.push(name(board)),
            None => unsure.push((why, vec![name(board)])),
        }
    }
    found.extend(
        unsure
            .iter()
            .map(|(why, boards)| format!("There are no intervals for {}: {why}.", list(&unique(boards)))),
    );
    found
}

/// How many contenders correlations leave out.
fn left_out(main: &[&Board], networks: &[Network]) -> Option<String> {
    let contenders: std::collections::BTreeSet<usize> =
        main.iter().flat_map(|board| &board.entries).map(|entry| entry.network).collect();
    let without = contenders.iter().filter(|&&network| networks[network].imagenet_top1.is_none()).count();
    (without > 0 && contenders.len() > without).then(|| {
        format!(
            "No accuracy on ImageNet is known of {without} of the {} contenders: correlations with it leave them out.",
            contenders.len()
        )
    })
}

fn unique(names: &[String]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name.as_str()) {
            found.push(name);
        }
    }
    found
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 2 more`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] if others.len() < NAMED => format!("{} and {last}", others.join(", ")),
        _ => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

/// `0.694 [0.690, 0.698] dB`, without the unit if it is a share.
fn score(entry: &Entry, unit: &str) -> String {
    let Shown { value, interval, .. } = &entry.text;
    let interval = interval.as_ref().map_or(String::new(), |[low, high]| format!(" [{low}, {high}]"));
    format!("{value}{interval}{}", number::unit(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn counts_have_a_prefix_and_small_ones_no_fraction() {
        assert_eq!([0.0, 999.0, 1e3, 4.21e9].map(counted), ["0", "999", "1.0 k", "4.2 G"]);
    }
}

//! Leaderboards as text, for the terminal and for papers.

mod latex;
mod markdown;

pub(super) use latex::latex;
pub(super) use markdown::markdown;

use crate::terminal::output;
use lossnet_analysis::report::data::{Board, Entry, Network, Shown};
use lossnet_core::number;
use lossnet_core::words::count;

/// A line of a leaderboard.
struct Line<'a> {
    /// The rank; none of what is not a contender.
    rank: Option<usize>,
    /// Whose score it is.
    name: &'a str,
    score: &'a str,
    interval: Option<&'a [String; 2]>,
    /// Runs that the score is a mean of, and their standard deviation.
    runs: String,
    /// Samples whose score is not a number, and those that failed.
    lost: u64,
    standing: Standing,
}

/// How what a line is of stands to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Best,
    Tied,
    Worse,
    Unknown,
    Baseline,
}

impl Standing {
    fn of(entry: &Entry) -> Standing {
        match (entry.value, entry.rank) {
            (None, _) => Standing::Unknown,
            (_, 1) => Standing::Best,
            _ if entry.tied_with_best => Standing::Tied,
            _ => Standing::Worse,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Standing::Best => "best",
            Standing::Tied => "tied",
            Standing::Worse => "",
            Standing::Unknown => "no score",
            Standing::Baseline => "baseline",
        }
    }
}

/// The best contenders of a board, then its baselines.
fn lines<'a>(board: &'a Board, networks: &'a [Network], top: usize) -> Vec<Line<'a>> {
    let contenders = board.entries.iter().take(top).map(|entry| {
        let Shown { value, interval, deviation, .. } = &entry.text;
        let runs = match deviation {
            Some(deviation) => format!("{} (± {deviation})", entry.repetitions),
            None => entry.repetitions.to_string(),
        };
        Line {
            rank: Some(entry.rank),
            name: &networks[entry.network].label,
            score: value,
            interval: interval.as_ref(),
            runs,
            lost: entry.failed + entry.nan,
            standing: Standing::of(entry),
        }
    });
    let baselines = board.baselines.iter().map(|baseline| Line {
        rank: None,
        name: &baseline.name,
        score: &baseline.text.value,
        interval: None,
        runs: String::new(),
        lost: 0,
        standing: Standing::Baseline,
    });
    contenders.chain(baselines).collect()
}

/// What a leaderboard is of: `metric · photos · 2afc_score on val`.
fn title(board: &Board) -> String {
    let parts = [&board.task, &board.variant, &board.dataset].map(String::as_str);
    let place: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{} · {} on {}", place.join(" · "), board.metric, board.split)
}

/// `dB, higher is better`
fn direction(board: &Board) -> String {
    let direction = if board.higher_is_better { "higher is better" } else { "lower is better" };
    if number::unit(&board.unit).is_empty() {
        direction.to_owned()
    } else {
        format!("{}, {direction}", board.unit)
    }
}

/// A board as people read it: the answer, the best contenders with intervals and ties, baselines, and how all of it was made.
pub(super) fn text(board: &Board, networks: &[Network], top: usize) -> String {
    let method = output::wrapped(&board.method, "");
    format!("{}{}{method}", output::wrapped(&board.answer, ""), table(board, networks, top))
}

/// The table alone.
pub(super) fn table(board: &Board, networks: &[Network], top: usize) -> String {
    let lines = lines(board, networks, top);
    let runs = board.entries.iter().any(|entry| entry.repetitions > 1);
    let lost = board.entries.iter().any(|entry| entry.failed + entry.nan > 0);
    let mut head = vec![
        String::new(),
        "contender".to_owned(),
        format!("{} [95 % interval]", board.metric),
        String::new(),
    ];
    head.extend(runs.then(|| "runs".to_owned()));
    head.extend(lost.then(|| "failed or NaN".to_owned()));
    let mut rows = vec![head];
    for line in &lines {
        let interval = line.interval.map_or(String::new(), |[low, high]| format!(" [{low}, {high}]"));
        let mut row = vec![
            line.rank.map_or(number::MISSING.to_owned(), |rank| rank.to_string()),
            line.name.to_owned(),
            format!("{}{interval}", line.score),
            line.standing.word().to_owned(),
        ];
        row.extend(runs.then(|| line.runs.clone()));
        row.extend(lost.then(|| if line.rank.is_some() { line.lost.to_string() } else { String::new() }));
        rows.push(row);
    }
    let table = output::table_to_the_left(&rows);
    format!("{} ({})\n{table}{}", title(board), direction(board), left_out(board, top))
}

/// What is said of contenders that are not shown.
fn left_out(board: &Board, top: usize) -> String {
    let rest = board.entries.get(top.min(board.entries.len())..).unwrap_or_default();
    if rest.is_empty() {
        return String::new();
    }
    let tied = rest.iter().filter(|entry| entry.tied_with_best).count();
    let tied = match tied {
        0 => String::new(),
        tied if tied == rest.len() => ", also tied with the best".to_owned(),
        tied => format!(", of which {tied} are tied with the best"),
    };
    format!("and {}{tied}\n", count(rest.len(), "more contender"))
}

/// How the numbers of a table were made, for its caption.
fn caption(board: &Board, top: usize) -> String {
    let best = match top.min(board.entries.len()) {
        shown if shown < board.entries.len() => format!(" The best {shown} of {}.", board.entries.len()),
        _ => String::new(),
    };
    format!("{} ({}), with 95 % intervals.{best} {}", title(board), direction(board), board.method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lossnet_analysis::report::data::Baseline;
    use lossnet_analysis::report::texts;

    fn board() -> (Board, Vec<Network>) {
        let entry = |network, rank, value, tied_with_best| Entry {
            network,
            rank,
            value: Some(value),
            interval: Some([value - 0.04, value + 0.04]),
            repetitions: 1,
            tied_with_best,
            ..Entry::default()
        };
        let mut board = Board {
            task: "metric".to_owned(),
            dataset: "photos".to_owned(),
            metric: "2afc_score".to_owned(),
            split: "val".to_owned(),
            unit: "share".to_owned(),
            higher_is_better: true,
            entries: vec![entry(0, 1, 0.9, true), entry(1, 2, 0.88, true), entry(2, 3, 0.7, false)],
            baselines: vec![Baseline { name: "chance".to_owned(), value: 0.5, ..Baseline::default() }],
            method: "Exact intervals & tests.".to_owned(),
            answer: "a_b is best.".to_owned(),
            ..Board::default()
        };
        texts::of_board(&mut board);
        let network = |label: &str| Network { label: label.to_owned(), ..Network::default() };
        (board, ["a_b", "c", "d"].map(network).to_vec())
    }

    #[test]
    fn a_board_says_who_is_best_who_is_tied_and_what_chance_reaches() {
        let (board, networks) = board();
        assert_eq!(
            text(&board, &networks, 2),
            "a_b is best.\n\
             metric · photos · 2afc_score on val (higher is better)\n\
             \u{20}  contender  2afc_score [95 % interval]\n\
             1  a_b        0.900 [0.860, 0.940]        best\n\
             2  c          0.880 [0.840, 0.920]        tied\n\
             –  chance     0.500                       baseline\n\
             and 1 more contender\n\
             Exact intervals & tests.\n"
        );
    }

    #[test]
    fn papers_get_tables_of_the_same_texts() {
        let (board, networks) = board();
        let latex = latex(&board, &networks, 9);
        for part in [
            r"\caption{metric · photos · 2afc\_score on val (higher is better), with 95\,\% intervals. Exact intervals \& tests. ",
            r"Bold: best; $^{=}$: not significantly different from it (5\,\% level).}",
            r"a\_b & \textbf{0.900} & [0.860, 0.940] \\",
            r"c & 0.880$^{=}$ & [0.840, 0.920] \\",
            r"d & 0.700 & [0.660, 0.740] \\",
            "\\midrule\nchance & 0.500 & \\\\\n\\bottomrule",
        ] {
            assert!(latex.contains(part), "no `{part}` in {latex}");
        }
        let markdown = markdown(&board, &networks, 9);
        for part in [
            "| a_b | **0.900** | [0.860, 0.940] | best |",
            "| c | 0.880 | [0.840, 0.920] | tied |",
            "| *chance* | 0.500 |  | baseline |",
        ] {
            assert!(markdown.contains(part), "no `{part}` in {markdown}");
        }
    }
}

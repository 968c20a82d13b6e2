//! Reports at the edges of what there can be.

use std::collections::BTreeMap;

use lossnet_analysis::report::data::{Entry, Overall, ReportData, Table, TableColumn};
use lossnet_analysis::report::texts;

use crate::sample::{self, SMALL, Sizes};

/// No result at all.
pub(crate) fn empty() -> ReportData {
    ReportData {
        title: "Nothing yet".into(),
        generated: "2026-05-04T12:30:00Z".into(),
        lossnet: "0.1.0".into(),
        problems: vec!["the experiment five-tasks has no finished cell".into()],
        ..ReportData::default()
    }
}

/// One cell of one task: nothing to compare it with.
pub(crate) fn one_cell() -> ReportData {
    let mut report =
        sample::report(Sizes { backbones: 1, layers: 1, comparisons: 1, repetitions: 1, rows_per_cell: 1 });
    report.boards.truncate(1);
    report.boards[0].ranks = None;
    report.boards[0].correlations.clear();
    report.overall.boards = vec![0];
    report.overall.between_boards.clear();
    report.overall.backbones.clear();
    report.overall.networks.clear();
    report.overall.layers.clear();
    report.claims.clear();
    report.curves.clear();
    report.panels.clear();
    report
}

/// One task, three backbones × four layers × five comparisons, as the quickstart has.
pub(crate) fn one_task() -> ReportData {
    let mut report =
        sample::report(Sizes { backbones: 3, layers: 4, comparisons: 5, repetitions: 1, rows_per_cell: 3 });
    report.boards.truncate(1);
    // Of more than 30 contenders the best is tested against all others.
    let board = &mut report.boards[0];
    let best = board.entries[0].network;
    board.pairs.retain(|pair| pair.networks.contains(&best));
    report.overall = Overall { boards: vec![0], ..Overall::default() };
    report.claims.clear();
    report.curves.clear();
    let panels = report.panels.split_off(2);
    report.panels = panels.into_iter().cycle().take(8).collect();
    report
}

/// One interval a hundred times as wide as the others, a baseline far away, and memory that is nearly the same for all.
pub(crate) fn far_out() -> ReportData {
    let mut report = sample::report(SMALL);
    for board in &mut report.boards {
        let [low, high] = board.entries[2].interval.unwrap();
        let width = high - low;
        board.entries[2].interval = Some([low - 100.0 * width, high + 100.0 * width]);
        board.baselines[0].value = low - 1_000.0 * width;
        for (index, entry) in board.entries.iter_mut().enumerate() {
            entry.cost.as_mut().unwrap().backward_memory = 1_000_000_000 + index as u64 * 100_000;
        }
        texts::of_board(board);
    }
    report
}

/// Names that are markup, scripts, line ends of JavaScript, other alphabets, or far too long.
pub(crate) const NAMES: [&str; 8] = [
    "</script><script>alert('label')</script>",
    "<img src=x onerror=alert(1)>",
    "\u{2028}line\u{2029}ends\n& \"quotes\" 'single' `ticks` ${alert(2)}",
    "損失関数 · שלום · 🦀 · e\u{301}",
    "a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on",
    "100%_#$&~^\\{}\\input{/etc/passwd}",
    "{{ title }}{% if x %}<!-- ]]>",
    "javascript:alert(3)//",
];

/// A report in which everything that is a text is hostile.
pub(crate) fn hostile() -> ReportData {
    let mut report = sample::report(SMALL);
    report.title = NAMES[0].into();
    report.answer = NAMES.iter().map(|name| format!("Use {name}.")).collect();
    report.problems = NAMES.map(str::to_owned).to_vec();
    for (index, network) in report.networks.iter_mut().enumerate() {
        network.label = format!("{} {index}", NAMES[index % NAMES.len()]);
        network.backbone = NAMES[index / 4 % NAMES.len()].into();
        network.others = BTreeMap::from([(NAMES[1].to_owned(), NAMES[index % 3].to_owned())]);
    }
    for board in &mut report.boards {
        board.answer = NAMES[0].into();
        board.metric = NAMES[6].into();
        board.dataset = NAMES[4].into();
        board.unit = "<b>".into();
    }
    for (index, experiment) in report.experiments.iter_mut().enumerate() {
        experiment.name = NAMES[index].into();
        experiment.failures = vec![(NAMES[1].into(), 3)];
    }
    for panel in &mut report.panels {
        panel.images[0].caption = format!("\" onload=alert(4) {}", NAMES[1]);
    }
    for provenance in &mut report.provenance {
        provenance.config = NAMES[0].into();
        provenance.facts.insert(NAMES[1].into(), NAMES[2].into());
    }
    for claim in &mut report.claims {
        claim.evidence = NAMES[7].into();
    }
    for column in &mut report.table.columns {
        if let TableColumn::Texts { name, texts, .. } = column
            && name == "backbone"
        {
            for (index, text) in texts.iter_mut().enumerate() {
                *text = format!("{}{index}", NAMES[index % NAMES.len()]);
            }
        }
    }
    report
}

/// Values, intervals and facts that are missing here and there, or are not finite numbers; equal scores; one lone board.
pub(crate) fn gaps() -> ReportData {
    let mut report = sample::report(SMALL);
    for (index, network) in report.networks.iter_mut().enumerate() {
        if index % 3 == 0 {
            network.depth = None;
        }
        network.imagenet_top1 = None;
        network.parameters = network.parameters.filter(|_| index % 2 == 0);
    }
    for (place, board) in report.boards.iter_mut().enumerate() {
        for (index, entry) in board.entries.iter_mut().enumerate() {
            match index % 5 {
                1 => entry.interval = None,
                2 => entry.interval = Some([f64::NEG_INFINITY, f64::INFINITY]),
                3 if index > 20 => entry.value = [None, Some(f64::NAN), Some(f64::INFINITY)][index % 3],
                4 => entry.deviation = None,
                _ => {}
            }
            entry.seconds = entry.seconds.filter(|_| place != 1);
            entry.peak_memory = None;
            entry.cost = entry.cost.filter(|_| place != 2);
        }
        board.correlations.truncate(2);
        for correlation in &mut board.correlations {
            correlation.interval = None;
            correlation.p = None;
            correlation.value = f64::NAN;
        }
        for pair in board.pairs.iter_mut().step_by(3) {
            pair.p = None;
            pair.interval = None;
        }
    }
    // All the same: no range to draw.
    for entry in &mut report.boards[2].entries {
        entry.value = Some(0.0);
        entry.interval = Some([0.0, 0.0]);
        entry.deviation = Some(0.0);
        entry.rank = 1;
        entry.tied_with_best = true;
    }
    for curve in &mut report.curves {
        curve.values[3] = None;
        curve.values[7] = Some(f64::NAN);
        curve.values[8] = Some(-1.0);
    }
    report.overall.backbones[0].ranks[1] = None;
    report.boards.iter_mut().for_each(texts::of_board);
    texts::of_overall(&mut report.overall);
    report
}

/// Single cells whose scores round to another number in every second way of rounding: halves that binary numbers hold exactly,
/// and such that they don't. The table has the same scores.
pub(crate) fn halves() -> ReportData {
    let mut report =
        sample::report(Sizes { backbones: 4, layers: 3, comparisons: 1, repetitions: 1, rows_per_cell: 1 });
    report.boards.truncate(1);
    let board = &mut report.boards[0];
    (board.metric, board.split) = ("metric_0".into(), "val/mean".into());
    for (index, entry) in board.entries.iter_mut().enumerate() {
        let value =
            [0.8125, 0.7125, 0.687_5, 0.685, 0.6125, 0.6005, 0.5625, 0.5155, 0.4375, 0.1875, 0.0625, -0.0004]
                [index];
        entry.value = Some(value);
        entry.interval = Some([value - 0.125, value + 0.125]);
    }
    texts::of_board(board);
    let column = |name: &str, text: &dyn Fn(&Entry) -> String| TableColumn::Texts {
        name: name.into(),
        texts: board.entries.iter().map(text).collect(),
        codes: (0..board.entries.len() as u32).collect(),
    };
    report.table = Table {
        rows: board.entries.len(),
        columns: vec![
            column("backbone", &|entry| report.networks[entry.network].label.clone()),
            column("cell", &|entry| entry.cells[0].clone()),
            TableColumn::Constant { name: "metric".into(), value: board.metric.clone() },
            TableColumn::Constant { name: "split".into(), value: board.split.clone() },
            TableColumn::Numbers {
                name: "value".into(),
                values: board.entries.iter().map(|entry| entry.value).collect(),
            },
        ],
    };
    report.overall.boards = vec![0];
    report.overall.between_boards.clear();
    report.curves.clear();
    report.panels.clear();
    report
}

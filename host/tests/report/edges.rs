//! Reports at the edges of what there can be.

use std::collections::BTreeMap;

use lossnet::report::data::{ReportData, TableColumn};

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

/// Values, intervals and facts that are missing here and there, or are no finite numbers; equal scores; one lone board.
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
    report
}

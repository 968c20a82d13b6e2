//! The report's page: what the file holds, and how it looks and behaves in a real headless Chromium.
//!
//! Needs Chromium, and a Python with the packages of `scripts/test-requirements.txt` in `LOSSNET_TEST_PYTHON`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod edges;
mod expect;
mod sample;
mod whole_file;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::Page;
use crate::sample::{LARGE, SMALL};

/// What every report over several tasks draws.
const FIGURES: [&str; 22] = [
    "overview-0",
    "overview-1",
    "overview-2",
    "overview-3",
    "overview-4",
    "figure-leaderboard",
    "figure-ranks",
    "figure-pairs",
    "figure-heatmap",
    "figure-depth",
    "figure-by-imagenet-top1",
    "figure-by-parameters",
    "figure-by-multiply-adds",
    "figure-by-depth",
    "figure-by-forward-seconds",
    "figure-by-backward-seconds",
    "figure-by-backward-memory",
    "figure-mean-rank-backbones",
    "figure-mean-rank-networks",
    "figure-mean-rank-layers",
    "figure-agreement",
    "figure-curves",
];

fn loads(data: &lossnet_analysis::report::data::ReportData, expected: &Value) -> Option<Value> {
    Page::of(data).check("loads", expected)
}

#[test]
fn a_report_loads_with_every_section_and_figure() {
    loads(
        &sample::report(SMALL),
        &json!({ "figures": FIGURES, "texts": ["1 problem to know of", "48 images omitted", "chance", "does not hold", "out of memory", "523 cells: 480 done, 3 failed, 40 to do"] }),
    );
}

#[test]
fn an_empty_report_loads_and_says_so() {
    let texts = ["There is no answer yet", "no finished cell"];
    loads(&edges::empty(), &json!({ "sections": ["overview"], "figures": [], "texts": texts }));
}

#[test]
fn a_report_of_one_cell_loads() {
    let figures = ["overview-0", "figure-leaderboard", "figure-heatmap"];
    let sections = ["overview", "leaderboard", "layers", "results", "provenance"];
    loads(
        &edges::one_cell(),
        &json!({ "sections": sections, "figures": figures, "texts": ["1 of 1 loss network"] }),
    );
}

#[test]
fn missing_and_infinite_values_are_shown_as_missing() {
    let figures =
        ["figure-leaderboard", "figure-heatmap", "figure-depth", "figure-by-parameters", "figure-curves"];
    loads(&edges::gaps(), &json!({ "figures": figures }));
}

#[test]
fn no_name_becomes_markup() {
    let texts = [edges::NAMES[0], edges::NAMES[1], edges::NAMES[3], edges::NAMES[5], edges::NAMES[6]];
    loads(&edges::hostile(), &json!({ "figures": FIGURES, "texts": texts }));
}

#[test]
fn tables_sort() {
    let data = sample::report(SMALL);
    Page::of(&data).check("sorts", &expect::orders(&data));
}

#[test]
fn filters_leave_what_fits() {
    let data = sample::report(SMALL);
    Page::of(&data).check("filters", &expect::filtered(&data));
}

#[test]
fn figures_and_tables_are_saved_as_they_are() {
    let data = sample::report(SMALL);
    let names = Page::of(&data).check("saves", &expect::saved(&data));
    if let Some(names) = names {
        assert_eq!(
            names.as_array().map(Vec::len),
            Some(FIGURES.len()),
            "each figure has a file name of its own: {names}"
        );
    }
}

#[test]
fn a_score_has_one_form_wherever_it_stands() {
    let data = edges::halves();
    Page::of(&data).check("one_form", &expect::forms(&data));
}

#[test]
fn what_is_read_first_is_in_view() {
    Page::of(&sample::report(SMALL)).check("in_view", &Value::Null);
}

#[test]
fn figures_of_many_contenders_can_be_read() {
    let data = edges::one_task();
    let comparisons: BTreeSet<&String> = data.networks.iter().map(|network| &network.comparison).collect();
    Page::of(&data).check("one_task", &json!({ "variants": comparisons, "backbones": 3 }));
}

#[test]
fn what_is_far_out_squeezes_nothing() {
    Page::of(&edges::far_out()).check("far", &Value::Null);
}

#[test]
fn main_boards_come_first() {
    let mut data = sample::report(SMALL);
    data.boards.swap(0, 3);
    (data.boards[0].main, data.boards[4].main) = (false, false);
    data.overall.boards = vec![1, 2, 3];
    data.overall.between_boards.clear();
    let groups = json!([
        ["Main boards", 3],
        ["super-resolution · factor=4 · set14 · psnr", 1],
        ["augmentation · bapps · rank_distance", 1]
    ]);
    Page::of(&data).check("grouped", &json!({ "groups": groups }));
}

#[test]
fn a_backbone_has_one_colour() {
    let data = sample::report(SMALL);
    let backbones: BTreeSet<&String> = data.networks.iter().map(|network| &network.backbone).collect();
    Page::of(&data).check("colours", &json!({ "backbones": backbones }));
}

#[test]
fn themes_follow_the_system_and_the_reader() {
    Page::of(&sample::report(SMALL)).check("themes", &Value::Null);
}

#[test]
fn the_address_holds_what_was_chosen() {
    let data = sample::report(SMALL);
    let board = &data.boards[1];
    let id = [&board.task, &board.variant, &board.dataset, &board.metric, &board.split]
        .map(String::as_str)
        .join("/");
    Page::of(&data).check("addresses", &json!({ "backbone": "vgg16", "board": id }));
}

#[test]
fn a_keyboard_is_enough() {
    Page::of(&sample::report(SMALL)).check("keyboard", &Value::Null);
}

#[test]
fn a_mouse_shows_what_is_under_it() {
    Page::of(&sample::report(SMALL)).check("points", &Value::Null);
}

#[test]
fn the_page_fits_on_phones() {
    for data in [sample::report(SMALL), edges::hostile(), edges::one_cell()] {
        Page::of(&data).check("fits", &Value::Null);
    }
}

#[test]
fn labels_neither_touch_nor_are_cut_off() {
    for data in [sample::report(SMALL), edges::hostile(), edges::gaps()] {
        Page::of(&data).check("labels_apart", &Value::Null);
    }
}

#[test]
fn the_page_prints() {
    Page::of(&sample::report(SMALL))
        .check("prints", &json!({ "rows": 25, "note": "24 more rows are not printed", "pages": 10 }));
}

#[test]
fn the_report_of_one_task_prints_on_few_pages() {
    let note = "36 more rows are not printed";
    Page::of(&edges::one_task()).check("prints", &json!({ "rows": 25, "note": note, "pages": 8 }));
}

#[test]
fn the_answer_can_be_read_without_scripts() {
    let data = sample::report(SMALL);
    let best = &data.networks[data.boards[3].entries[0].network].label;
    let texts = json!([
        data.answer[0],
        data.boards[3].answer,
        best,
        "psnr (dB, higher is better)",
        data.boards[0].method
    ]);
    Page::of(&data).check("without_scripts", &json!({ "texts": texts }));
}

#[test]
fn a_browser_that_cannot_unpack_large_data_is_told_so() {
    let text = "Figures and tables can't be shown: this browser is too old to unpack them. Open the report in a current \
                Firefox, Chrome, Edge or Safari.";
    let answer = &sample::report(SMALL).answer[0];
    Page::of(&sample::report(SMALL)).check("says_it_is_too_old", &json!({ "texts": [text, answer] }));
}

#[test]
fn damaged_data_is_told() {
    let page = Page::of(&sample::report(SMALL));
    page.damage();
    page.check("says_it_is_damaged", &json!({ "texts": ["Figures and tables can't be shown: "] }));
}

#[test]
fn the_page_is_accessible() {
    let page = Page::of(&sample::report(SMALL));
    page.check("structure", &Value::Null);
    page.check("accessible", &Value::Null);
}

#[test]
fn pictures_of_the_page_can_be_taken() {
    Page::of(&sample::report(SMALL)).check("screenshots", &Value::Null);
}

/// Times are bounds for a slow machine with other work; they are a tenth of these on a quiet one.
#[test]
fn ten_thousand_cells_stay_small_and_fast() {
    let data = sample::report(LARGE);
    assert_eq!(data.table.rows, 400_000);
    let page = Page::of(&data);
    assert!(page.size < 15_000_000, "{} bytes", page.size);
    let Some(times) = page.check("fast", &json!({ "all": format!("{} rows", data.table.rows) })) else {
        return;
    };
    for (name, milliseconds) in times.as_object().unwrap() {
        let bound = if name == "load" { 30_000.0 } else { 3_000.0 };
        assert!(milliseconds.as_f64().unwrap() < bound, "{name}: {milliseconds} ms");
    }
}

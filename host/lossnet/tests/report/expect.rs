//! What the page must show of a report, worked out from the report itself.

use lossnet_analysis::report::data::{Entry, Network, ReportData, Table, TableColumn};
use serde_json::{Value, json};

/// Rows of the leaderboard that are compared: those in view.
const IN_VIEW: usize = 12;

fn label<'a>(data: &'a ReportData, entry: &Entry) -> &'a str {
    &data.networks[entry.network].label
}

/// A column of numbers of the whole table.
fn numbers(table: &Table, wanted: &str) -> Vec<Option<f64>> {
    let column = table.columns.iter().find_map(|column| match column {
        TableColumn::Numbers { name, values } if name == wanted => Some(values.clone()),
        _ => None,
    });
    column.expect("a column of numbers")
}

/// A column of texts of the whole table.
fn texts(table: &Table, wanted: &str) -> Vec<String> {
    let column = table.columns.iter().find_map(|column| match column {
        TableColumn::Texts { name, texts, codes } if name == wanted => {
            Some(codes.iter().map(|code| texts[*code as usize].clone()).collect())
        }
        _ => None,
    });
    column.expect("a column of texts")
}

/// Orders of the first leaderboard and of the whole table.
pub(crate) fn orders(data: &ReportData) -> Value {
    let entries = &data.boards[0].entries;
    let mut slowest: Vec<&Entry> = entries.iter().collect();
    slowest.sort_by(|a, b| b.seconds.partial_cmp(&a.seconds).unwrap());
    let labels = |list: &[&Entry]| {
        list.iter().take(IN_VIEW).map(|entry| label(data, entry).to_owned()).collect::<Vec<_>>()
    };
    let slowest_first = labels(&slowest);
    slowest.reverse();
    let mut values: Vec<f64> = numbers(&data.table, "value").into_iter().flatten().collect();
    values.sort_by(f64::total_cmp);
    json!({
        "best_first": labels(&entries.iter().collect::<Vec<_>>()),
        "slowest_first": slowest_first,
        "slowest_first_reversed": labels(&slowest),
        "largest": values.iter().rev().take(20).collect::<Vec<_>>(),
        "smallest": values.iter().take(20).collect::<Vec<_>>(),
        "first_backbone": texts(&data.table, "backbone").iter().min(),
    })
}

/// Number of rows that filters leave.
pub(crate) fn filtered(data: &ReportData) -> Value {
    let entries = &data.boards[0].entries;
    let networks: Vec<&Network> = entries.iter().map(|entry| &data.networks[entry.network]).collect();
    let all = networks.len();
    let has = |network: &Network, word: &str| {
        [&network.label, &network.backbone, &network.weights, &network.layers, &network.comparison]
            .iter()
            .any(|text| text.contains(word))
    };
    let by_words = networks.iter().filter(|network| has(network, "vgg") && has(network, "4")).count();
    let facet = ["alexnet", "resnet50"];
    let by_facet = networks.iter().filter(|network| facet.contains(&network.backbone.as_str())).count();
    let (values, backbones) = (numbers(&data.table, "value"), texts(&data.table, "backbone"));
    let (tasks, layers) = (texts(&data.table, "task"), texts(&data.table, "layers"));
    let rows = |holds: &dyn Fn(usize) -> bool| {
        format!("{} of {} rows", (0..values.len()).filter(|row| holds(*row)).count(), values.len())
    };
    let queries = json!({
        "vgg": rows(&|row| backbones[row].contains("vgg")),
        "task=metric value>0.69": rows(&|row| tasks[row] == "metric" && values[row].is_some_and(|value| value > 0.69)),
        "layers>=7 backbone!=alexnet": rows(&|row| layers[row].parse::<u32>().unwrap() >= 7 && backbones[row] != "alexnet"),
        "value<=2.1": rows(&|row| values[row].is_some_and(|value| value <= 2.1)),
        "\"super-resolution\" resnet": rows(&|row| tasks[row] == "super-resolution" && backbones[row].contains("resnet")),
    });
    json!({
        "by_words": format!("{by_words} of {all} rows"),
        "facet": facet,
        "by_facet": format!("{by_facet} of {all} rows"),
        "board_answer": data.boards[3].answer,
        "queries": queries,
    })
}

/// What saved tables hold.
pub(crate) fn saved(data: &ReportData) -> Value {
    let entries = &data.boards[0].entries;
    let (values, backbones) = (numbers(&data.table, "value"), texts(&data.table, "backbone"));
    let rows: Vec<usize> = (0..values.len()).filter(|row| backbones[*row].contains("vgg16")).collect();
    json!({
        "labels": entries.iter().map(|entry| label(data, entry)).collect::<Vec<_>>(),
        "values": entries.iter().map(|entry| entry.value).collect::<Vec<_>>(),
        "scores": entries.iter().map(|entry| entry.text.with_interval()).collect::<Vec<_>>(),
        "lows": entries.iter().map(|entry| entry.interval.map(|[low, _]| low)).collect::<Vec<_>>(),
        "baselines": data.boards[0].baselines.iter().map(|baseline| &baseline.name).collect::<Vec<_>>(),
        "query": "vgg16",
        "table_backbones": rows.iter().map(|row| &backbones[*row]).collect::<Vec<_>>(),
        "table_values": rows.iter().map(|row| values[*row]).collect::<Vec<_>>(),
    })
}

/// The one form of each score of the first board, by the name of its loss network or baseline.
pub(crate) fn forms(data: &ReportData) -> Value {
    let board = &data.boards[0];
    let entries = board.entries.iter().map(|entry| (label(data, entry), &entry.text));
    let baselines = board.baselines.iter().map(|baseline| (baseline.name.as_str(), &baseline.text));
    let forms = entries
        .chain(baselines)
        .map(|(name, text)| json!({ "name": name, "value": text.value, "score": text.with_interval() }));
    json!({ "forms": forms.collect::<Vec<_>>() })
}

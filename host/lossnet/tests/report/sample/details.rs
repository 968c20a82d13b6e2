//! Made-up results of single cells: the whole table, curves, images.

use lossnet_analysis::report::data::{Board, Curve, Entry, Network, Panel, PanelImage, Table, TableColumn};

use super::{Sizes, TASKS, Task, backbone, noise};

/// A 16×16 image, as PNG.
const IMAGE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAANElEQVR4nGNkYLgjwMAAQ0uQ2DFYxVkYBBhIAnTRsASJG4PExi4+OP1A2N3I4oPTD0M+HgDG3Aqeo3nFpAAAAABJRU5ErkJggg==";

pub(super) fn table(boards: &[Board], networks: &[Network], sizes: Sizes) -> Table {
    let cells = boards.len() * networks.len() * sizes.repetitions;
    let rows = cells * sizes.rows_per_cell;
    let row = |row: usize| {
        let cell = row / sizes.rows_per_cell;
        (
            row % sizes.rows_per_cell,
            cell % boards.len(),
            cell / boards.len() % networks.len(),
            cell / boards.len() / networks.len(),
        )
    };
    let texts = |name: &str, texts: Vec<String>, code: &dyn Fn(usize) -> usize| TableColumn::Texts {
        name: name.into(),
        texts,
        codes: (0..rows).map(|index| code(index) as u32).collect(),
    };
    let layers: Vec<String> = (0..sizes.layers).map(|layer| (layer * 3 + 1).to_string()).collect();
    let per_backbone = sizes.layers * sizes.comparisons;
    let value = |index: usize| {
        let (metric, board, network, _) = row(index);
        let Task { typical, spread, .. } = TASKS[board];
        (index % 997 != 5)
            .then(|| typical + spread * (noise(network * 131 + board) - 0.5) + metric as f64 * spread * 0.01)
    };
    Table {
        rows,
        columns: vec![
            TableColumn::Constant { name: "lossnet_version".into(), value: "0.1.0".into() },
            texts("task", boards.iter().map(|board| board.task.clone()).collect(), &|index| row(index).1),
            texts("backbone", (0..sizes.backbones).map(backbone).collect(), &|index| {
                row(index).2 / per_backbone
            }),
            texts("layers", layers, &|index| row(index).2 % per_backbone / sizes.comparisons),
            texts(
                "comparison",
                networks[..sizes.comparisons].iter().map(|network| network.comparison.clone()).collect(),
                &|index| row(index).2 % sizes.comparisons,
            ),
            texts(
                "metric",
                (0..sizes.rows_per_cell).map(|metric| format!("metric_{metric}")).collect(),
                &|index| row(index).0,
            ),
            TableColumn::Numbers { name: "value".into(), values: (0..rows).map(value).collect() },
            TableColumn::Numbers {
                name: "repetition".into(),
                values: (0..rows).map(|index| Some(row(index).3 as f64)).collect(),
            },
            TableColumn::Numbers {
                name: "seconds".into(),
                values: (0..rows)
                    .map(|index| Some((noise(index / sizes.rows_per_cell) * 1e5).round() / 1e3))
                    .collect(),
            },
            texts(
                "cell",
                (0..cells).map(|cell| format!("{:016x}", cell * 2_654_435_761)).collect(),
                &|index| index / sizes.rows_per_cell,
            ),
        ],
    }
}

pub(super) fn curves(boards: &[Board], sizes: Sizes) -> Vec<Curve> {
    let mut curves = Vec::new();
    for board in boards.iter().skip(1).take(3) {
        for (place, entry) in board.entries.iter().take(10).enumerate() {
            for repetition in 0..sizes.repetitions {
                for name in ["train/loss", "val/score"] {
                    let steps: Vec<u64> = (0..60).map(|step| step * 50).collect();
                    let value = |step: &u64| {
                        let falling = (-(*step as f64) / 600.0).exp()
                            + 0.02 * noise(*step as usize + place * 977 + repetition * 31);
                        Some(if name == "train/loss" {
                            0.05 * (place + 1) as f64 + falling
                        } else {
                            0.9 - 0.4 * falling - 0.01 * place as f64
                        })
                    };
                    curves.push(Curve {
                        task: board.task.clone(),
                        network: entry.network,
                        cell: entry.cells.get(repetition).cloned().unwrap_or_default(),
                        repetition: repetition as u32,
                        name: name.into(),
                        values: steps.iter().map(value).collect(),
                        steps,
                    });
                }
            }
        }
    }
    curves
}

pub(super) fn panels(boards: &[Board]) -> Vec<Panel> {
    [(1, "reconstructions"), (3, "super-resolved crops"), (0, "disagreements")]
        .into_iter()
        .filter_map(|(board, title)| {
            let board = boards.get(board)?;
            let image = |entry: &Entry| PanelImage {
                network: entry.network,
                cell: entry.cells[0].clone(),
                caption: format!("{title} with rank {}", entry.rank),
                rows: match title {
                    "disagreements" => {
                        vec!["t1: the given answer is p0".into(), "t2: the given answer is p1".into()]
                    }
                    _ => Vec::new(),
                },
                size: [16, 16],
                source: IMAGE.into(),
            };
            Some(Panel {
                task: board.task.clone(),
                title: title.into(),
                caption: "Above the original, below what came out.".into(),
                images: board.entries.iter().take(6).map(image).collect(),
            })
        })
        .collect()
}

//! Parts of a plan: shards, conditions, a number of cells.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::collections::HashSet;

use config_fixture::{plan, swept};
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_plan::planner::{Condition, Selection};
use proptest::prelude::*;

fn whole() -> Plan {
    let text = "[sweep]\nloss_network.backbone = [\"alexnet\", \"vgg11\", \"vgg16\"]\nloss_network.layers = \"paper\"\n\
                task.variant = [\"baseline\", \"lin\"]\nrun.seed = [0, 1, 2]\n";
    plan(&swept(text)).unwrap()
}

fn ids(plan: &Plan) -> HashSet<String> {
    plan.cells.iter().map(|cell| cell.id.clone()).collect()
}

fn nothing_done(_: &Cell) -> CellState {
    CellState::ToDo
}

fn only(conditions: &[&str]) -> Result<Plan, String> {
    let only = conditions.iter().map(|text| Condition::parse(text).unwrap()).collect();
    let selection = Selection { only, ..Selection::default() };
    selection.select_from(&whole(), nothing_done).map_err(|error| error.to_string())
}

#[test]
fn conditions_select_cells_that_keep_their_ids_groups_and_seeds() {
    let all = whole();
    assert_eq!(all.cells.len(), 72);
    for (conditions, cells) in [
        (&["backbone=vgg16"][..], 24),
        (&["backbone!=vgg16", "task.variant=lin"], 24),
        (&["loss_network.backbone=[\"vgg16\", \"vgg11\"]", "run.seed>=1"], 32),
        (&["layers=4", "run.seed<2"], 8),
        (&["layers=features.29"], 6),
        // Layers are numbers: of 1, 4, 7, 11; 1, 4, 9, 19; 3, 8, 15, 29.
        (&["layers>4"], 42),
        (&["layers<=11"], 54),
        (&["backbone=alexnet", "layers>=11"], 6),
        (&["repetition=0"], 72),
        (&[&format!("cell={}", all.cells[5].id)], 1),
    ] {
        let part = only(conditions).unwrap();
        assert_eq!(part.cells.len(), cells, "{conditions:?}");
        for group in &part.groups {
            let whole = all.groups.iter().find(|whole| whole.seed == group.seed).unwrap();
            let of_whole: HashSet<&str> = all.group_cells(whole).map(|cell| cell.id.as_str()).collect();
            assert!(part.group_cells(group).all(|cell| of_whole.contains(cell.id.as_str())));
            assert_eq!(whole.name, group.name);
        }
        assert_eq!(part.groups.iter().map(|group| group.cells.len()).sum::<usize>(), cells);
    }
    assert_eq!(
        only(&["backbone=vgg19"]).unwrap_err(),
        "of 72 cells none is selected: no cell meets `loss_network.backbone=vgg19`; `loss_network.backbone` is `alexnet`, \
         `vgg11` or `vgg16`; did you mean `vgg11` or `vgg16`?"
    );
    assert_eq!(
        only(&["backbone=alexnet", "layers>29"]).unwrap_err(),
        "of 72 cells none is selected: no cell meets `loss_network.layers>29`; `loss_network.layers` is `1`, `11`, `15`, \
         `19`, `29`, `3`, `4`, `7` or one of 2 others"
    );
    assert_eq!(
        Condition::parse("backbone").unwrap_err().to_string(),
        "`backbone` is not a condition: write key=value, with =, !=, <, <=, > or >="
    );
    assert_eq!(
        Condition::parse("backbon=vgg16").unwrap_err().to_string(),
        "`backbon` is not a setting of a cell; did you mean `backbone`, `loss_network.backbone` or \
         `loss_network.backbone_config`?"
    );
}

#[test]
fn only_a_single_layer_by_its_index_is_greater_or_less() {
    let text = "[sweep]\nloss_network.layers = [2, 10, [11, 12], \"features.0.inner\"]\n";
    let of = |text: &str, condition: &str| {
        let only = vec![Condition::parse(condition).unwrap()];
        let part = Selection { only, ..Selection::default() }
            .select_from(&plan(&swept(text)).unwrap(), nothing_done);
        part.map(|part| {
            part.cells.iter().map(|cell| cell.config.loss_network.layers.join("+")).collect::<Vec<_>>()
        })
        .map_err(|error| error.to_string())
    };
    assert_eq!(of(text, "layers>2"), Ok(vec!["10".to_owned()]));
    assert_eq!(of(text, "layers<10"), Ok(vec!["2".to_owned()]));
    assert_eq!(of(text, "layers!=2").unwrap().len(), 3);
    assert_eq!(
        of("[sweep]\nloss_network.layers = [[11, 12], \"features.0.inner\"]\n", "layers>=0").unwrap_err(),
        "of 2 cells none is selected: no cell meets `loss_network.layers>=0`; `loss_network.layers` is `11,12` or \
         `features.0.inner`"
    );
}

#[test]
fn a_limit_counts_what_is_still_to_do_group_by_group() {
    let all = whole();
    let done: HashSet<String> = all.cells[..10].iter().map(|cell| cell.id.clone()).collect();
    let state = |cell: &Cell| if done.contains(&cell.id) { CellState::Done } else { CellState::ToDo };
    let some = Selection { limit: Some(7), ..Selection::default() }.select_from(&all, state).unwrap();
    assert_eq!(some.cells.len(), 7);
    assert!(some.cells.iter().all(|cell| !done.contains(&cell.id)));
    let running = |_: &Cell| CellState::Running;
    let none = Selection { limit: Some(7), ..Selection::default() }.select_from(&all, running).unwrap();
    assert_eq!((none.cells.len(), none.groups.len()), (0, 0));
}

#[test]
fn shards_are_written_as_fractions() {
    for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"] {
        assert_eq!(
            wrong.parse::<lossnet_plan::planner::Shard>().unwrap_err().to_string(),
            format!("`{wrong}` is not a shard: write i/n with i from 1 to n, such as 2/8")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn shards_are_disjoint_cover_everything_and_do_not_move_with_what_is_done(
        shards in 1usize..60, done in prop::collection::vec(any::<bool>(), 72)
    ) {
        let all = whole();
        let state = |cell: &Cell| {
            let position = all.cells.iter().position(|other| other.id == cell.id).unwrap();
            if done[position] { CellState::Done } else { CellState::ToDo }
        };
        let mut seen = HashSet::new();
        let mut sizes = Vec::new();
        for number in 1..=shards {
            let shard = Some(format!("{number}/{shards}").parse().unwrap());
            let selection = Selection { shard, ..Selection::default() };
            let part = selection.select_from(&all, state).unwrap();
            prop_assert_eq!(ids(&part), ids(&selection.select_from(&all, nothing_done).unwrap()));
            for id in ids(&part) {
                prop_assert!(seen.insert(id));
            }
            sizes.push(part.groups.len());
        }
        prop_assert_eq!(seen, ids(&all));
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
    }
}

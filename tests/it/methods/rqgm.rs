//! rqgm: who is judged, when a boundary is due, who is tested at it, and who wins.

use hyperagent::base::id::GenerationId;
use hyperagent::domain::judge::{AnchorState, EpochState};
use serde_json::json;

use super::states::{Script, Tree, field};

/// Four generations, two episodes measured of each of four, all judged; the first boundary is at 6 episodes.
fn judged() -> Tree {
    let mut tree = Tree::new("rqgm", &[0.2, 0.4, 0.3, 0.1]);
    for child in 1..4 {
        tree.push(Some(child - 1), &[Some(0.5), Some(0.3), None, None]);
    }
    for generation in &mut tree.gens {
        (generation.judged, generation.judged_n) = (0.4, 1);
    }
    tree.evals = (200, 5);
    tree
}

fn test(tree: &mut Tree, index: usize, agreement: f64) {
    tree.gens[index].anchor = AnchorState::of(&[agreement; 20]);
}

#[tokio::test]
async fn what_the_judge_in_office_has_not_read_is_read_first() {
    let mut script = Script::of("rqgm").await;
    let mut tree = judged();
    tree.epoch = EpochState { judge: GenerationId(1), ..EpochState::default() };
    tree.gens[2].judged_n = 0;
    let action = script.steps(&tree, 1).await.remove(0);
    assert_eq!(action, json!({"do": "judge", "by": "gen-00001", "of": "gen-00002", "n": 3}));
}

#[tokio::test]
async fn boundaries_are_spaced_exponentially() {
    let mut script = Script::of("rqgm").await;
    let mut boundaries = 0;
    for (index, due) in [(0, 6), (1, 12), (2, 24), (3, 48)] {
        for used in [due - 1, due] {
            let mut tree = judged();
            tree.evals = (200, used);
            tree.epoch = EpochState { index, ..EpochState::default() };
            let action = script.steps(&tree, 1).await.remove(0);
            let tests = action["do"] == "judge" && action["of"] == "anchor";
            assert_eq!(tests, used >= due, "epoch {index} after {used} episodes: {action}");
            boundaries += u32::from(tests);
        }
    }
    assert_eq!(boundaries, 4);
}

#[tokio::test]
async fn the_one_in_office_is_tested_first_and_keeps_it_unless_another_is_surely_better() {
    let mut script = Script::of("rqgm").await;
    let mut tree = judged();
    tree.evals = (200, 6);
    for (tested, next) in [(None, "gen-00000"), (Some(0), "gen-00002"), (Some(2), "gen-00003")] {
        if let Some(tested) = tested {
            test(&mut tree, tested, 0.7);
        }
        let action = script.steps(&tree, 1).await.remove(0);
        assert_eq!(action, json!({"do": "judge", "by": next, "of": "anchor", "n": 20}));
    }
    test(&mut tree, 3, 0.7);
    let action = script.steps(&tree, 1).await.remove(0);
    assert_eq!(action, json!({"do": "epoch", "judge": "gen-00000"}), "a tie stays in office");
    test(&mut tree, 3, 0.95);
    let action = script.steps(&tree, 1).await.remove(0);
    assert_eq!(action, json!({"do": "epoch", "judge": "gen-00003"}));
}

#[tokio::test]
async fn whom_to_measure_is_drawn_by_the_frozen_utility_and_the_pick_by_measurements() {
    let mut script = Script::of("rqgm").await;
    let mut tree = judged();
    tree.count.insert("expand", 90);
    for generation in &mut tree.gens {
        generation.rank_score = 0.1;
    }
    tree.gens[2].rank_score = 0.9;
    tree.gens[2].n = 40;
    tree.gens[1].n = 40;
    tree.gens[3].n = 40;
    let drawn = field(&script.steps(&tree, 40).await, "evaluate", "who");
    assert_eq!(drawn.len(), 40);
    assert!(drawn.iter().all(|who| who == "gen-00002"), "its utility is far higher: {drawn:?}");
    let mut spent = judged();
    spent.evals = (200, 200);
    spent.gens[1].judged = 1.0;
    spent.gens[1].rank_score = 1.0;
    spent.gens[3].k = 1.9;
    let action = script.steps(&spent, 1).await.remove(0);
    assert_eq!((&action["do"], &action["pick"]), (&json!("stop"), &json!("gen-00003")));
}

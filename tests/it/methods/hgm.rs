//! hgm and mgm: when an agent is made, whose descendants count, which kind of rewrite, what is picked at the end.

use std::collections::BTreeMap;

use hyperagent::domain::state::GenerationState;
use serde_json::json;

use super::states::{Script, Tree, assert_drawn, counted, field};

const DRAWS: u64 = 800;
/// Points of a numerical integral.
const GRID: usize = 4000;

/// Midpoints of 0 to 1 with the mass of Beta(a, b) in each cell.
fn beta(a: f64, b: f64) -> Vec<f64> {
    let log = |x: f64| (a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln();
    let points = (0..GRID).map(|cell| log((cell as f64 + 0.5) / GRID as f64));
    let points: Vec<f64> = points.collect();
    let top = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mass: Vec<f64> = points.iter().map(|log| (log - top).exp()).collect();
    let total: f64 = mass.iter().sum();
    mass.into_iter().map(|mass| mass / total).collect()
}

/// For each arm the probability that its draw is the largest.
fn largest(arms: &[(f64, f64)]) -> Vec<f64> {
    let masses: Vec<Vec<f64>> = arms.iter().map(|(a, b)| beta(*a, *b)).collect();
    let mut below = vec![0.0; arms.len()];
    let mut chances = vec![0.0; arms.len()];
    for cell in 0..GRID {
        let at: Vec<f64> =
            below.iter().zip(&masses).map(|(below, mass)| below + mass[cell] / 2.0).collect();
        for (arm, chance) in chances.iter_mut().enumerate() {
            let others = at.iter().enumerate().filter(|(other, _)| *other != arm);
            *chance += masses[arm][cell] * others.map(|(_, below)| below).product::<f64>();
        }
        below.iter_mut().zip(&masses).for_each(|(below, mass)| *below += mass[cell]);
    }
    chances
}

fn arms(tree: &Tree, counts: impl Fn(&GenerationState) -> (f64, u32)) -> BTreeMap<String, f64> {
    let (budget, used) = tree.evals;
    let tau = f64::from(budget) / f64::from((budget - used).max(1));
    let arm = |g| {
        let (k, n) = counts(g);
        (tau * (1.0 + k), tau * (1.0 + f64::from(n) - k))
    };
    let arms: Vec<(f64, f64)> = tree.gens.iter().map(arm).collect();
    tree.gens.iter().map(|g| g.id.to_string()).zip(largest(&arms)).collect()
}

#[tokio::test]
async fn an_agent_is_made_exactly_when_n_to_the_alpha_has_reached_those_made() {
    let mut script = Script::of("hgm").await;
    let mut made = 0;
    for used in 0..60 {
        let reached = |made: &u32| f64::from(used).powf(0.6) >= f64::from(*made);
        let bound = (0..60).take_while(reached).count();
        let bound = u32::try_from(bound).unwrap() - 1;
        for expanded in [bound.saturating_sub(1), bound, bound + 1] {
            let mut tree = Tree::new("hgm", &[0.5, 0.25]);
            tree.push(Some(0), &[Some(0.5), None]);
            tree.evals = (200, used);
            tree.count.insert("expand", expanded);
            let action = script.steps(&tree, 1).await.remove(0);
            let due = f64::from(used).powf(0.6) >= f64::from(expanded);
            let wanted = if due { "expand" } else { "evaluate" };
            assert_eq!(action["do"], wanted, "{used} episodes, {expanded} made: {action}");
            made += u32::from(due);
        }
    }
    assert_eq!(made, 120, "two of three, one on either side of the bound");
}

#[tokio::test]
async fn without_room_or_anything_to_measure_the_schedule_gives_way() {
    let mut script = Script::of("hgm").await;
    let mut tree = Tree::new("hgm", &[0.5, 0.25]);
    tree.count.insert("expand", 40);
    assert_eq!(script.steps(&tree, 1).await[0]["do"], "expand", "nothing is left to measure");
    tree.push(Some(0), &[Some(0.5), None]);
    tree.count.insert("expand", 0);
    tree.generations = (3, 3);
    let action = script.steps(&tree, 1).await.remove(0);
    assert_eq!(action, json!({"do": "evaluate", "who": "gen-00001", "cases": ["t#1"]}), "no room");
}

#[tokio::test]
async fn parents_are_drawn_by_clades_and_measurements_by_agents() {
    let mut script = Script::of("hgm").await;
    let mut tree = Tree::new("hgm", &[0.9, 0.2, 0.6, 0.5]);
    tree.push(Some(0), &[Some(0.3), Some(0.2), None, None]);
    tree.push(Some(1), &[Some(0.9), Some(0.8), Some(1.0), Some(0.9)]);
    tree.push(Some(0), &[Some(0.4), None, None, None]);
    for used in [20, 140] {
        tree.evals = (200, used);
        tree.count.insert("expand", 0);
        let actions = script.steps(&tree, DRAWS).await;
        let clades = arms(&tree, |g| (g.clade.k, g.clade.n));
        assert_drawn("clades", &counted(field(&actions, "expand", "parent")), &clades);
        assert!(clades["gen-00001"] > clades["gen-00003"], "its child is good: {clades:?}");
    }
    tree.count.insert("expand", 40);
    let actions = script.steps(&tree, DRAWS).await;
    let mut open = tree;
    open.gens.retain(|g| !g.todo.is_empty());
    let own = arms(&open, |g| (g.k, g.n));
    assert_drawn("agents", &counted(field(&actions, "evaluate", "who")), &own);
}

#[tokio::test]
async fn the_pick_has_the_best_cautious_mean_and_not_the_luckiest() {
    let mut script = Script::of("hgm").await;
    for (index, spent) in [(1, 200), (2, 200), (3, 250)] {
        let mut tree = Tree::random("hgm", index, 7);
        tree.push(Some(0), &[Some(1.0)]);
        tree.evals = (spent, spent);
        let low = |g: &GenerationState| {
            let mut below = 0.0;
            let mass = beta(1.0 + g.k, 1.0 + f64::from(g.n) - g.k);
            mass.iter().position(|mass| {
                below += mass;
                below >= 0.05
            })
        };
        let best = tree.gens.iter().max_by_key(|g| low(g)).unwrap();
        let action = script.steps(&tree, 1).await.remove(0);
        assert_eq!((&action["do"], &action["pick"]), (&json!("stop"), &json!(best.id)));
        assert!(best.n > 1, "a single lucky episode is no evidence");
    }
}

#[tokio::test]
async fn mgm_draws_its_operators_and_copies_the_better_of_another_line() {
    let mut script = Script::of("mgm").await;
    let mut tree = Tree::new("mgm", &[0.05, 0.05, 0.05]);
    let one = tree.push(Some(0), &[0.9, 0.8, 0.7].map(Some));
    tree.push(Some(one), &[0.6, 0.9, 0.5].map(Some));
    tree.push(Some(0), &[0.5, 0.6, 0.7].map(Some));
    let actions = script.steps(&tree, DRAWS).await;
    // The root is related to all, so it has no peers.
    let drawn: Vec<_> = actions
        .iter()
        .filter(|a| a["op"] == "hybrid" || a["parent"] != "gen-00000")
        .cloned()
        .collect();
    let weights = [("clonal", 0.1), ("norm", 0.45), ("hybrid", 0.45)];
    let weights = weights.map(|(name, weight)| (name.to_owned(), weight)).into();
    assert_drawn("operators", &counted(field(&drawn, "expand", "op")), &weights);

    let mean = |id: &serde_json::Value| tree.gens.iter().find(|g| json!(g.id) == *id).unwrap().mean;
    let mut pairs = std::collections::BTreeSet::new();
    for action in drawn.iter().filter(|action| action["op"] == "hybrid") {
        let (copied, shown) = (&action["parent"], &action["refs"][0]);
        assert!(mean(copied) >= mean(shown), "{action}");
        pairs.insert((copied.to_string(), shown.to_string()));
        assert_eq!(action["focus"].as_array().unwrap().len(), 1);
    }
    // gen-00001 and gen-00002 are of one line and never meet.
    let meet = [("gen-00001", "gen-00003"), ("gen-00002", "gen-00003")];
    assert_eq!(pairs, meet.map(|(a, b)| (json!(a).to_string(), json!(b).to_string())).into());
    assert!(
        drawn
            .iter()
            .filter(|a| a["op"] == "norm")
            .all(|a| a["focus"].as_array().unwrap().len() == 2)
    );
}

//! shinka: who is a parent on an island, which kind of change, and which model the bandit draws.

use std::collections::BTreeMap;

use hyperagent::domain::state::AttemptState;
use serde_json::{Value, json};

use super::states::{Script, assert_drawn, counted, field, params, sigmoid};

const DRAWS: u64 = 800;

/// An attempt on an island.
fn attempt(id: u32, score: Option<f64>, isl: u32, kids: u32, model: &str) -> AttemptState {
    AttemptState {
        id,
        base: Some(0),
        base_score: Some(0.3),
        gain: score.map_or(0.0, |score| score - 0.3),
        kids,
        model: Some(model.parse().unwrap()),
        tag: serde_json::Map::from_iter([("isl".into(), json!(isl))]),
        ..AttemptState::start(score)
    }
}

/// Six scores on two islands, one failure; the next attempt is on island `made % 2`.
fn population() -> Vec<AttemptState> {
    let mut attempts = vec![AttemptState { kids: 2, ..AttemptState::start(Some(0.3)) }];
    let scores =
        [Some(0.35), Some(0.5), Some(0.42), Some(0.1), None, Some(0.6), Some(0.38), Some(0.45)];
    for (place, score) in (1..).zip(scores) {
        let model = if place % 3 == 0 { "fast" } else { "slow" };
        attempts.push(attempt(place, score, (place - 1) % 2, place % 4, model));
    }
    attempts
}

fn episode(attempts: &[AttemptState], made: u32, change: &[(&str, f64)], models: &[&str]) -> Value {
    let mut numbers = params("shinka");
    numbers.insert("notes_every".into(), 0.0);
    numbers.extend(change.iter().map(|(name, number)| ((*name).to_owned(), *number)));
    json!({
        "task": {"id": "t", "metric": "m", "direction": "maximise", "perfect": null},
        "attempts": attempts, "best_id": 6, "incumbent_id": 6, "reviews": [], "stale": 0, "reflected": false, "pending": [],
        "params": numbers, "budget": {"attempts": 60}, "used": {"attempts": made},
        "left": {"attempts": 60 - made}, "models": models, "memory": {"memory/notes.md": 10},
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn weights(team: &[&AttemptState]) -> BTreeMap<String, f64> {
    let middle = median(team.iter().map(|a| a.score));
    let spread = median(team.iter().map(|a| (a.score - middle).abs())).max(1e-6);
    let weight =
        |a: &&AttemptState| sigmoid(10.0 * (a.score - middle) / spread) / f64::from(1 + a.kids);
    team.iter().map(|a| (a.id.to_string(), weight(a))).collect()
}

#[tokio::test]
async fn parents_are_drawn_around_the_median_of_their_island() {
    let mut script = Script::of("shinka").await;
    let all = population();
    // Attempt 9 is on island 0; attempt 20 + 1 too, in the tenth round, when parents come from the neighbour.
    for (made, home) in [(8, 0), (9, 1), (18, 1), (19, 0)] {
        let at_home =
            |a: &&AttemptState| a.ok && a.tag.get("isl").is_none_or(|isl| *isl == json!(home));
        let team: Vec<&AttemptState> = all.iter().filter(at_home).collect();
        let actions = script.attempts(episode(&all, made, &[], &["offline"]), DRAWS).await;
        assert_drawn("island", &counted(field(&actions, "propose", "base")), &weights(&team));
        assert!(actions.iter().all(|action| action["tag"]["isl"] == json!(made % 2)));
        let kinds = [("diff", 0.6), ("full", 0.3), ("cross", 0.1)];
        let kinds = kinds.map(|(name, share)| (name.to_owned(), share)).into();
        assert_drawn("kinds", &counted(field(&actions, "propose", "op")), &kinds);
        for action in &actions {
            assert_eq!(action["format"], if action["op"] == "full" { "full" } else { "edit" });
            assert!(!action["refs"].as_array().unwrap().contains(&action["base"]), "{action}");
        }
    }
}

/// The upper bounds of the bandit, by model.
fn bounds(attempts: &[AttemptState], arms: &[&str], fade: f64, c: f64) -> BTreeMap<String, f64> {
    let pulled = |arm: &str| {
        let mut sums = (0.0, 0.0);
        for (age, a) in (0..).zip(attempts[1..].iter().rev()) {
            if a.model.as_ref().is_some_and(|model| model.as_str() == arm) {
                let worth = fade.powi(age);
                let reward = if a.ok { (a.score - a.base_score.unwrap()).max(0.0) } else { 0.0 };
                sums = (sums.0 + worth, sums.1 + worth * reward);
            }
        }
        sums
    };
    let mean = |(n, gain): (f64, f64)| gain / n.max(1e-9);
    let cap = arms.iter().map(|arm| mean(pulled(arm))).fold(1e-9, f64::max);
    let total: f64 = arms.iter().map(|arm| pulled(arm).0).sum();
    let bound = |arm: &&str| {
        let (n, gain) = pulled(arm);
        mean((n, gain)) / cap + c * ((1.0 + total).ln() / (1.0 + n)).sqrt()
    };
    arms.iter().map(|arm| ((*arm).to_owned(), bound(arm))).collect()
}

#[tokio::test]
async fn the_bandit_takes_the_highest_bound_and_any_model_one_time_in_five() {
    let mut script = Script::of("shinka").await;
    let models = ["fast", "offline", "random", "slow", "third"];
    let arms = ["fast", "slow", "third"];
    let mut taken = Vec::new();
    for (fade, c) in [(0.95, 1.0), (0.95, 0.01), (0.95, 4.0)] {
        let all = population();
        let change = [("bandit", 1.0), ("explore", 0.0), ("fade", fade), ("ucb", c)];
        let bounds = bounds(&all, &arms, fade, c);
        let best = bounds.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0.clone();
        let actions = script.attempts(episode(&all, 8, &change, &models), 20).await;
        assert!(actions.iter().all(|a| a["model"] == json!(best)), "{bounds:?}: {:?}", actions[0]);
        taken.push(best.clone());

        let change = [("bandit", 1.0), ("explore", 0.2), ("fade", fade), ("ucb", c)];
        let actions = script.attempts(episode(&all, 8, &change, &models), DRAWS).await;
        let share = |arm: &str| 0.2 / 3.0 + if arm == best { 0.8 } else { 0.0 };
        let shares = arms.map(|arm| (arm.to_owned(), share(arm))).into();
        assert_drawn("bandit", &counted(field(&actions, "propose", "model")), &shares);
    }
    taken.dedup();
    assert!(taken.len() > 1, "the weight of what is unknown makes no difference: {taken:?}");
    let off = script.attempts(episode(&population(), 8, &[], &models), 20).await;
    assert!(
        off.iter().all(|action| action.get("model").is_none_or(Value::is_null)),
        "{:?}",
        off[0]
    );
}

#[tokio::test]
async fn a_note_is_asked_for_every_ten_attempts_and_once() {
    let mut script = Script::of("shinka").await;
    let mut state = episode(&population(), 10, &[("notes_every", 10.0)], &["offline"]);
    let asked = script.attempts(state.clone(), 1).await.remove(0);
    assert_eq!(asked, json!({"do": "reflect", "by": "diagnose", "to": "memory/episode-10.md"}));
    state["reflected"] = json!(true);
    assert_eq!(script.attempts(state, 1).await[0]["do"], "propose");
}

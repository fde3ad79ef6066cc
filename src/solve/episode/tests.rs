use std::collections::BTreeMap;

use super::*;
use crate::base::id::GenerationId;
use crate::domain::outcome::{Outcome, Usage};
use crate::domain::task::Task;

pub(in super::super) fn task(perfect: Option<f64>) -> Arc<Task> {
    let spec = r#"
        name = "toy"
        title = "A toy"
        metric = "points"
        direction = "maximise"
        language = "python"
        protocol = "isolated"
        prompt = "prompt.md"
        score = { floor = 0.0, target = 10.0 }
        solution = { initial = "solution", entry = "a.py", editable = ["a.py"] }
        benchmark = { program = "benchmark.py", functions = ["f"] }
        cases = {}
    "#;
    let mut spec: crate::domain::task::TaskSpec = toml::from_str(spec).expect("a task");
    spec.perfect = perfect;
    Arc::new(Task {
        spec,
        folder: "toy".into(),
        prompt: String::new(),
        initial: FileSet::from_iter([("a.py", "x = 0\n")]),
        benchmark: String::new(),
        ingredients: String::new(),
        adapter: Default::default(),
    })
}

fn episode(width: u32, attempts: u32, perfect: Option<f64>) -> Episode {
    let task = task(perfect);
    Episode::new(Setting {
        generation: GenerationId(0),
        episode: "toy#0".parse().expect("an episode"),
        start: task.initial.clone(),
        task,
        attempts,
        width,
        params: BTreeMap::new(),
        models: Vec::new(),
        memory: BTreeMap::new(),
        known: Arc::default(),
        suite: Vec::new(),
    })
}

fn result(metric: Option<f64>, accepted: bool) -> AttemptResult {
    AttemptResult {
        end: if accepted { AttemptEnd::Accepted } else { AttemptEnd::Rejected },
        outcome: metric.map(|_| Outcome::Graded),
        candidate: metric.map(|m| Digest::of(m.to_string().as_bytes())),
        files: None,
        metric,
        score: metric.map(|m| m / 10.0),
        gain: metric,
        cases: Vec::new(),
        lines: 1,
        reason: String::new(),
        error_class: if metric.is_none() { "answer".into() } else { String::new() },
        summary: "num+cross: a step".into(),
        model: None,
        violations: Vec::new(),
        usage: Usage::default(),
        trials: 2,
        handed_back: Vec::new(),
        features: Vec::new(),
        gate: None,
        quality: None,
    }
}

fn propose(base: u32) -> InnerAction {
    InnerAction::Propose {
        base,
        refs: Vec::new(),
        op: "edit".into(),
        role: "worker".into(),
        show: Vec::new(),
        vars: Default::default(),
        model: None,
        format: None,
        max_similarity: None,
        resample: None,
        tag: Tag::new(),
    }
}

/// An episode of one failed attempt.
pub fn started() -> Episode {
    let mut episode = episode(1, 3, None);
    episode.started(result(Some(1.0), false));
    episode.decided(propose(0)).expect("a proposal");
    episode.finished(1, None, result(None, false));
    episode
}

#[test]
fn at_width_one_decisions_and_results_alternate() {
    let mut episode = episode(1, 2, None);
    assert_eq!(episode.want(), Want::Start);
    episode.started(result(Some(1.0), false));
    for attempt in 1..=2 {
        assert_eq!(episode.want(), Want::Decide);
        assert_eq!(episode.decided(propose(0)), Ok(Some(attempt)));
        assert_eq!(episode.want(), Want::Settle { attempt });
        episode.finished(attempt, None, result(Some(2.0), attempt == 1));
    }
    assert_eq!(episode.want(), Want::Nothing);
    assert_eq!((episode.best_id(), episode.stale()), (1, 1), "an equal metric is not better");
}

#[test]
fn at_width_two_the_oldest_open_attempt_is_settled_first() {
    let mut episode = episode(2, 3, None);
    episode.started(result(Some(1.0), false));
    assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
    assert_eq!(episode.want(), Want::Decide);
    assert_eq!(episode.decided(propose(0)), Ok(Some(2)));
    assert_eq!(episode.want(), Want::Settle { attempt: 1 });
    episode.finished(1, None, result(None, false));
    assert_eq!(episode.want(), Want::Decide);
}

#[test]
fn a_perfect_solution_ends_the_episode_early() {
    let mut episode = episode(1, 5, Some(3.0));
    episode.started(result(Some(1.0), false));
    assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
    episode.finished(1, None, result(Some(3.0), true));
    assert_eq!(episode.want(), Want::Nothing);
}

#[test]
fn a_proposal_needs_a_measured_base() {
    let mut episode = episode(1, 5, None);
    episode.started(result(Some(1.0), false));
    assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
    episode.finished(1, None, result(None, false));
    assert_eq!(episode.decided(propose(1)), Err(Unusable::NoSuchAttempt(1)));
    assert_eq!(episode.decided(propose(7)), Err(Unusable::NoSuchAttempt(7)));
    assert_eq!(episode.used(), 1, "a refused action uses no attempt");
}

#[test]
fn the_result_credits_operators_and_counts_failures_and_trials() {
    let mut episode = episode(1, 2, None);
    episode.started(result(Some(1.0), false));
    assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
    episode.finished(1, None, result(Some(4.0), true));
    assert_eq!(episode.decided(propose(1)), Ok(Some(2)));
    episode.finished(2, None, result(None, false));
    let found = episode.result();
    assert_eq!((found.attempts, found.accepted, found.trials), (2, 1, 6));
    assert_eq!(found.metric, Some(4.0));
    assert_eq!(found.failures.get("answer").map(|f| f.count), Some(1));
    let num = found.credit.get("num").expect("credit for num");
    assert_eq!((num.tries, num.accepted, num.gain), (2, 1, 4.0));
    assert!(found.credit.contains_key("cross") && !found.credit.contains_key("cmp"));
}

#[test]
fn what_the_gate_refused_is_neither_best_nor_a_base() {
    let mut episode = episode(1, 5, None);
    episode.started(result(Some(1.0), false));
    assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
    let refused = AttemptResult { end: AttemptEnd::Refused, ..result(Some(9.0), false) };
    episode.finished(1, None, refused);
    assert_eq!((episode.best_id(), episode.incumbent_id(), episode.stale()), (0, 0, 1));
    assert_eq!(episode.decided(propose(1)), Err(Unusable::NoSuchAttempt(1)));
    assert_eq!(episode.result().metric, Some(1.0));
}

//! States of the inner loop to try hooks on: the awkward ones by name, and generated episodes.

use std::collections::BTreeMap;

use rand::RngExt;

use super::super::agent::Agent;
use super::super::guard::InnerFacts;
use super::super::submission::Rules;
use super::plain;
use crate::base::rng;
use crate::domain::consult::Review;
use crate::domain::state::{AttemptState, InnerBudget, InnerState, TaskState};
use crate::domain::task::Direction;
use crate::script::Hook;

/// Generated episodes, besides the named states.
const GENERATED: u64 = 6;
/// Attempts of an episode.
const ATTEMPTS: u32 = 24;

/// A state of the inner loop under a name.
pub(super) struct InnerTrial {
    pub name: String,
    pub state: InnerState,
    candidates: Vec<bool>,
    reviewed: Vec<u32>,
}

impl InnerTrial {
    pub(super) fn new(name: impl Into<String>, state: InnerState) -> Self {
        let candidates =
            state.attempts.iter().map(|attempt| attempt.ok || attempt.id == 0).collect();
        let reviewed = state.attempts.iter().filter(|a| a.reviewed).map(|a| a.id).collect();
        Self { name: name.into(), state, candidates, reviewed }
    }

    /// What an action on this state is held against.
    pub(super) fn facts<'a>(&'a self, agent: &'a Agent, rules: &'a Rules) -> InnerFacts<'a> {
        InnerFacts {
            candidates: &self.candidates,
            reviewed: &self.reviewed,
            reflected: self.state.reflected,
            roles: &agent.config.roles,
            aliases: &rules.aliases,
        }
    }
}

/// An episode at its first call; without a score the start could not be measured.
pub(super) fn first(agent: &Agent, rules: &Rules, score: Option<f64>) -> InnerState {
    let mut start = AttemptState::start(score);
    start.lines = 12;
    if agent.defines(Hook::Features) && score.is_some() {
        // How many the hook gives is its own affair.
        start.features = vec![0.5; 16];
    }
    start.ev = score.map(cases).unwrap_or_default();
    InnerState {
        task: TaskState {
            id: "mock".to_owned(),
            metric: "points".to_owned(),
            direction: Direction::Maximise,
            perfect: None,
        },
        attempts: vec![start],
        best_id: 0,
        incumbent_id: 0,
        reviews: Vec::new(),
        reflected: false,
        stale: 0,
        pending: Vec::new(),
        params: agent.config.params.clone(),
        budget: InnerBudget { attempts: ATTEMPTS },
        used: InnerBudget::default(),
        left: InnerBudget { attempts: ATTEMPTS },
        models: rules.aliases.iter().cloned().collect(),
        memory: agent.memory_sizes(),
    }
}

fn cases(score: f64) -> BTreeMap<String, f64> {
    (0..3).map(|case| (format!("seed-{case}"), score)).collect()
}

/// Adds an attempt made from `base`; without a score it was not measured. It is kept if told so.
pub(super) fn add(state: &mut InnerState, base: u32, score: Option<f64>, kept: bool) {
    let id = u32::try_from(state.attempts.len()).unwrap_or(u32::MAX);
    let at = usize::try_from(base).unwrap_or(usize::MAX);
    let from = state.attempts.get(at).map_or(0.0, |attempt| attempt.score);
    let attempt = AttemptState {
        id,
        base: Some(base),
        op: "improve".to_owned(),
        model: state.models.first().cloned(),
        error_class: if score.is_some() { String::new() } else { "TypeError".to_owned() },
        base_score: Some(from),
        gain: score.map_or(0.0, |score| score - from),
        ev: score.map(cases).unwrap_or_default(),
        lines: 10 + id % 5,
        features: match score {
            Some(_) => state.attempts.iter().map(|a| a.features.clone()).next().unwrap_or_default(),
            None => Vec::new(),
        },
        sim: if score.is_some() { 0.9 } else { 0.0 },
        accepted: false,
        ..AttemptState::start(score)
    };
    state.attempts.push(attempt);
    state.used.attempts += 1;
    state.left.attempts = state.budget.attempts.saturating_sub(state.used.attempts);
    if let Some(base) = state.attempts.get_mut(at) {
        base.kids += 1;
    }
    if kept {
        keep(state, id);
    }
    let best = usize::try_from(state.best_id).unwrap_or(0);
    let bar = state.attempts.get(best).filter(|best| best.ok).map(|best| best.score);
    match score {
        Some(score) if bar.is_none_or(|bar| score > bar) => {
            state.best_id = id;
            state.stale = 0;
        }
        _ => state.stale += 1,
    }
}

/// Adds a review of an attempt.
pub(super) fn review(state: &mut InnerState, of: u32) {
    let at = usize::try_from(of).unwrap_or(usize::MAX);
    if let Some(attempt) = state.attempts.get_mut(at) {
        attempt.reviewed = true;
    }
    let review = Review {
        attempt: of,
        issue: "wrong answer".to_owned(),
        severity: 0.5,
        fix: "look at the first failing case".to_owned(),
        confidence: 0.5,
        pattern: String::new(),
    };
    state.reviews.push(plain(&review));
}

/// Keeps a candidate.
pub(super) fn keep(state: &mut InnerState, candidate: u32) {
    state.incumbent_id = candidate;
    let at = usize::try_from(candidate).unwrap_or(usize::MAX);
    if let Some(candidate) = state.attempts.get_mut(at) {
        candidate.accepted = true;
    }
}

/// The states every hook of the inner loop must take.
pub(super) fn states(agent: &Agent, rules: &Rules) -> Vec<InnerTrial> {
    let changed = |name: &str, score: Option<f64>, change: &dyn Fn(&mut InnerState)| {
        let mut state = first(agent, rules, score);
        change(&mut state);
        InnerTrial::new(name, state)
    };
    let mut trials = vec![
        changed("the start only", Some(0.25), &|_| {}),
        changed("the start failed", None, &|_| {}),
        changed("the start scores 0", Some(0.0), &|_| {}),
        changed("all attempts failed", Some(0.25), &|state| {
            (0..5).for_each(|_| add(state, 0, None, false));
        }),
        changed("everything failed, the start too", None, &|state| {
            (0..5).for_each(|_| add(state, 0, None, false));
        }),
        changed("one kept", Some(0.25), &|state| add(state, 0, Some(0.5), true)),
        changed("everything equal", Some(0.25), &|state| {
            (0..6).for_each(|_| add(state, 0, Some(0.25), false));
        }),
        changed("everything worse", Some(0.75), &|state| {
            (0..6).for_each(|step| add(state, 0, Some(0.1 * f64::from(step)), false));
        }),
        changed("reviewed", Some(0.25), &|state| {
            add(state, 0, Some(0.5), true);
            review(state, 1);
        }),
        changed("a perfect one", Some(0.25), &|state| add(state, 0, Some(1.0), true)),
        changed("no attempts left", Some(0.25), &|state| {
            (0..ATTEMPTS).for_each(|_| add(state, 0, Some(0.25), false));
        }),
    ];
    for index in 0..GENERATED {
        let mut draw = rng::stream(rules.seed, "validation episode", &[index]);
        let mut state = first(agent, rules, Some(draw.random::<f64>() * 0.5));
        let size = draw.random_range(1..ATTEMPTS);
        for _ in 0..size {
            let measured = draw.random_bool(0.75);
            let score = measured.then(|| draw.random::<f64>());
            let base = state.best_id;
            let best =
                state.attempts.get(usize::try_from(base).unwrap_or(0)).map_or(0.0, |a| a.score);
            add(&mut state, base, score, score.is_some_and(|score| score > best));
        }
        trials.push(InnerTrial::new(format!("a generated episode of {size}"), state));
    }
    trials
}

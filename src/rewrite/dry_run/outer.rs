//! States of the outer loop to try hooks on: the awkward ones by name, and generated trees.

use std::collections::BTreeSet;

use rand::RngExt;

use super::super::agent::Agent;
use super::super::guard::{OuterFacts, Standing};
use super::super::submission::Rules;
use crate::base::id::{EpisodeId, GenerationId};
use crate::base::rng;
use crate::domain::event::{GenerationStatus, Stage};
use crate::domain::judge::{AnchorState, EpochState};
use crate::domain::state::{
    GenerationState, OuterBudget, OuterState, SuiteState, named_sets, no_actions,
};

/// Episodes of the named states.
const EPISODES: u32 = 3;
/// Generated trees, besides the named states.
const GENERATED: u64 = 6;

/// A state of the outer loop under a name.
pub(in super::super) struct OuterTrial {
    pub name: String,
    pub state: OuterState,
    standings: Vec<Standing>,
    cases: BTreeSet<EpisodeId>,
}

impl OuterTrial {
    pub(in super::super) fn new(name: impl Into<String>, state: OuterState) -> Self {
        let standing = |generation: &GenerationState| match generation.status {
            GenerationStatus::Valid if generation.retired || !generation.admitted => {
                Standing::Retired
            }
            GenerationStatus::Valid => Standing::Live,
            GenerationStatus::Rejected | GenerationStatus::Fault => Standing::Invalid,
        };
        let standings = state.gens.iter().map(standing).collect();
        let cases = state.cases.iter().cloned().collect();
        Self { name: name.into(), state, standings, cases }
    }

    /// What an action on this state is held against.
    pub(in super::super) fn facts<'a>(&'a self, rules: &'a Rules) -> OuterFacts<'a> {
        OuterFacts { generations: &self.standings, cases: &self.cases, aliases: &rules.aliases }
    }
}

/// The episodes of the mock worlds.
fn episodes(count: u32) -> Vec<EpisodeId> {
    let Ok(task) = "mock".parse::<crate::base::id::TaskName>() else { return Vec::new() };
    (0..count).map(|index| EpisodeId { task: task.clone(), index }).collect()
}

/// A run at its first call: generation 0 fully measured, nothing else.
pub(in super::super) fn first(
    agent: &Agent,
    rules: &Rules,
    budget: OuterBudget,
    count: u32,
) -> OuterState {
    let cases = episodes(count);
    let mut root = GenerationState::new(GenerationId(0), None, &cases);
    describe(&mut root, agent);
    score(&mut root, &[0.25, 0.5, 0.125]);
    root.turns = 1;
    OuterState {
        seed: rules.seed,
        step: 0,
        gens: vec![root],
        sets: named_sets(&cases),
        cases,
        pending: Vec::new(),
        params: agent.config.params.clone(),
        budget,
        used: OuterBudget::default(),
        left: budget,
        count: no_actions(),
        models: rules.aliases.iter().cloned().collect(),
        live_id: GenerationId(0),
        suite: SuiteState { open: true, ..Default::default() },
        epoch: EpochState::default(),
    }
}

/// Fills what depends on the agent's files.
pub(super) fn describe(generation: &mut GenerationState, agent: &Agent) {
    generation.files = agent
        .files
        .0
        .iter()
        .map(|(path, text)| {
            (path.clone(), crate::base::digest::Digest::of(text.as_bytes()).to_string())
        })
        .collect();
    generation.lines = u32::try_from(agent.files.lines()).unwrap_or(u32::MAX);
}

fn score(generation: &mut GenerationState, scores: &[f64]) {
    let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
    generation.measure(episodes(count).into_iter().zip(scores.iter().copied()));
}

/// Adds the child that an expand makes; without scores it is not measured.
pub(in super::super) fn add(
    state: &mut OuterState,
    parent: u32,
    status: GenerationStatus,
    scores: &[f64],
) {
    make(state, parent, status, scores);
    count(state, "expand");
}

/// Adds a child, however it is made.
pub(in super::super) fn make(
    state: &mut OuterState,
    parent: u32,
    status: GenerationStatus,
    scores: &[f64],
) {
    let id = GenerationId(u32::try_from(state.gens.len()).unwrap_or(u32::MAX));
    let mut child = GenerationState::new(id, Some(GenerationId(parent)), &state.cases);
    child.status = status;
    if status == GenerationStatus::Valid {
        score(&mut child, scores);
    } else {
        child.stage_failed = Some(Stage::Signature);
        child.todo.clear();
    }
    child.changed = vec!["agent.toml".to_owned()];
    if let Some(first) = state.gens.first() {
        child.files = first.files.clone();
        child.lines = first.lines;
    }
    if let Some(parent) = state.gens.get_mut(usize::try_from(parent).unwrap_or(usize::MAX)) {
        parent.kids += 1;
    }
    state.gens.push(child);
    state.used.generations += 1;
    state.left = state.budget.less(state.used);
    state.step += 1;
    sum_clades(state);
}

/// Counts an action.
pub(in super::super) fn count(state: &mut OuterState, action: &str) {
    if let Some(count) = state.count.get_mut(action) {
        *count += 1;
    }
}

/// Recomputes the sums over descendants; parents come before their children.
pub(in super::super) fn sum_clades(state: &mut OuterState) {
    for generation in &mut state.gens {
        generation.clade.n = generation.n;
        generation.clade.k = generation.k;
        generation.clade.best = generation.mean;
    }
    for index in (0..state.gens.len()).rev() {
        let Some((clade, parent)) =
            state.gens.get(index).and_then(|g| Some((g.clade, usize::try_from(g.parent?.0).ok()?)))
        else {
            continue;
        };
        if let Some(parent) = state.gens.get_mut(parent) {
            parent.clade.n += clade.n;
            parent.clade.k += clade.k;
            parent.clade.best = parent.clade.best.max(clade.best);
        }
    }
}

/// The states every hook of the outer loop must take.
pub(super) fn states(agent: &Agent, rules: &Rules) -> Vec<OuterTrial> {
    use GenerationStatus::{Rejected, Valid};
    let budget = OuterBudget { generations: 40, evals: 200 };
    let start = first(agent, rules, budget, EPISODES);
    let changed = |name: &str, change: &dyn Fn(&mut OuterState)| {
        let mut state = start.clone();
        change(&mut state);
        sum_clades(&mut state);
        OuterTrial::new(name, state)
    };
    let rescored = |state: &mut OuterState, scores: &[f64]| {
        if let Some(root) = state.gens.first_mut() {
            score(root, scores);
        }
    };
    let mut trials = vec![
        changed("gen 0 only", &|_| {}),
        changed("gen 0 not measured", &|state| {
            let mut root = GenerationState::new(GenerationId(0), None, &state.cases);
            describe(&mut root, agent);
            state.gens = vec![root];
        }),
        changed("nothing succeeded", &|state| rescored(state, &[0.0, 0.0, 0.0])),
        changed("all invalid", &|state| {
            rescored(state, &[0.0, 0.0, 0.0]);
            (0..4).for_each(|_| add(state, 0, Rejected, &[]));
        }),
        changed("a new generation", &|state| add(state, 0, Valid, &[])),
        changed("a generation partly measured", &|state| add(state, 0, Valid, &[0.75])),
        changed("everything equal", &|state| {
            (0..5).for_each(|_| add(state, 0, Valid, &[0.25, 0.5, 0.125]));
        }),
        changed("everything perfect", &|state| {
            rescored(state, &[1.0, 1.0, 1.0]);
            (0..3).for_each(|parent| add(state, parent, Valid, &[1.0, 1.0, 1.0]));
        }),
        changed("one generation left alive", &|state| {
            (0..3).for_each(|_| add(state, 0, Valid, &[0.5, 0.5, 0.5]));
            state.gens.iter_mut().skip(1).for_each(|generation| generation.retired = true);
        }),
        changed("everything judged", &|state| {
            (0..4).for_each(|parent| add(state, parent, Valid, &[0.4, 0.2]));
            state.epoch = EpochState { index: 1, judge: GenerationId(2), ..state.epoch };
            for generation in &mut state.gens {
                generation.anchor = AnchorState::of(&[0.9, 0.6, 0.8]);
                (generation.judged, generation.judged_n) = (0.5, generation.n);
            }
        }),
        changed("no budget left", &|state| {
            (0..6).for_each(|parent| add(state, parent, Valid, &[0.3, 0.6, 0.1]));
            state.used = state.budget;
            state.left = OuterBudget::default();
        }),
    ];
    for index in 0..GENERATED {
        let mut draw = rng::stream(rules.seed, "validation tree", &[index]);
        let mut state = start.clone();
        let size: u32 = if index == 0 { 39 } else { draw.random_range(1..20) };
        for _ in 0..size {
            let valid: Vec<u32> =
                state.gens.iter().filter(|g| g.status == Valid).map(|g| g.id.0).collect();
            let parent = valid.get(draw.random_range(0..valid.len())).copied().unwrap_or(0);
            if draw.random_bool(0.2) {
                add(&mut state, parent, Rejected, &[]);
            } else {
                let measured = draw.random_range(0..=3);
                let scores: Vec<f64> = (0..measured).map(|_| draw.random::<f64>()).collect();
                add(&mut state, parent, Valid, &scores);
            }
        }
        trials.push(OuterTrial::new(format!("a generated tree of {}", size + 1), state));
    }
    trials
}

//! A mock run: the outer loop with a meta role that always succeeds and scores drawn at random.

use rand::RngExt;

use super::super::agent::Agent;
use super::super::finding::finding;
use super::super::guard::guard_outer;
use super::super::submission::Rules;
use super::hooks::{of_action, on_state};
use super::outer::{self, OuterTrial};
use super::{Script, plain};
use crate::base::id::GenerationId;
use crate::base::rng;
use crate::domain::action::OuterAction;
use crate::domain::agent::STRATEGY;
use crate::domain::event::{Diagnostic, GenerationStatus};
use crate::domain::state::{GenerationState, OuterBudget};
use crate::script::{Arg, Hook, ScriptError, WorldKind};

/// Actions after which a run must have got somewhere.
const STEPS: u32 = 100;
/// New generations of the mock run.
const GENERATIONS: u32 = 6;
/// One in so many new generations is rejected.
const REJECTED_EVERY: usize = 4;

/// What the mock run came to.
#[derive(Default)]
struct Tally {
    steps: u32,
    made: u32,
    measured: u32,
    idle: u32,
    stopped: Option<u32>,
}

/// Plays the run.
pub(super) async fn play(
    agent: &Agent,
    rules: &Rules,
    script: &mut Script,
) -> Result<Vec<Diagnostic>, ScriptError> {
    let budget = OuterBudget { generations: GENERATIONS, evals: 3 * (GENERATIONS + 1) };
    let mut state = outer::first(agent, rules, budget);
    let mut draw = rng::stream(rules.seed, "validation run", &[]);
    let mut tally = Tally::default();
    for step in 0..STEPS {
        let name = format!("mock run, step {step}");
        state.step = step;
        tally.steps = step + 1;
        let trial = OuterTrial::new(name.clone(), state.clone());
        script.open(WorldKind::Outer, plain(&trial.state)).await?;
        let called = match script.call(Hook::NextStep, &[], u64::from(step), &name).await? {
            Ok(called) => called,
            Err(fault) => return Ok(vec![fault]),
        };
        let action = match OuterAction::read(&called.value) {
            Ok(action) => action,
            Err(fault) => return Ok(vec![of_action(Hook::NextStep, &fault, &name)]),
        };
        if let Err(fault) = guard_outer(&action, trial.facts(rules)) {
            return Ok(vec![on_state(Hook::NextStep, fault, &name)]);
        }
        let makes = action.makes();
        match action {
            // The kernel ends a run whose generations are made.
            _ if makes > 0 && state.left.generations == 0 => break,
            OuterAction::Expand { parent, op, focus, tag, .. } => {
                for _ in 0..makes.min(state.left.generations) {
                    let rejected = state.gens.len() % REJECTED_EVERY == REJECTED_EVERY - 1;
                    let status =
                        if rejected { GenerationStatus::Rejected } else { GenerationStatus::Valid };
                    outer::add(&mut state, parent.0, status, &[]);
                    if let Some(child) = state.gens.last_mut() {
                        child.tag = tag.clone();
                        child.op.clone_from(&op);
                        child.focus.clone_from(&focus);
                    }
                    tally.made += 1;
                }
            }
            OuterAction::Merge { a, b, tag, .. } => {
                outer::make(&mut state, a.0, GenerationStatus::Valid, &[]);
                outer::count(&mut state, "merge");
                if let Some(child) = state.gens.last_mut() {
                    child.tag = tag;
                    "merge".clone_into(&mut child.op);
                    child.parents.push(b);
                }
                tally.made += 1;
            }
            OuterAction::Reflect { about, .. } => {
                outer::make(&mut state, about.0, GenerationStatus::Valid, &[]);
                outer::count(&mut state, "reflect");
                tally.made += 1;
            }
            OuterAction::Retire { who } => {
                outer::count(&mut state, "retire");
                if let Some(generation) = at(&mut state.gens, who) {
                    generation.retired = true;
                }
                tally.idle += 1;
            }
            OuterAction::Attack { by, n, .. } => {
                outer::count(&mut state, "attack");
                state.suite.version += 1;
                state.suite.size += n;
                if let Some(generation) = at(&mut state.gens, by) {
                    generation.turns += 1;
                    generation.rank_score = draw.random::<f64>();
                }
            }
            OuterAction::Evaluate { who, cases, .. } => {
                let Some(generation) = at(&mut state.gens, who) else { break };
                let first = generation.turns == 0;
                let fresh: Vec<_> =
                    cases.into_iter().filter(|case| !generation.ev.contains_key(case)).collect();
                if fresh.is_empty() {
                    tally.idle += 1;
                    continue;
                }
                tally.measured += u32::from(who.0 > 0 && first);
                state.used.evals += u32::try_from(fresh.len()).unwrap_or(u32::MAX);
                generation.measure(fresh.into_iter().map(|case| (case, draw.random::<f64>())));
                generation.turns += 1;
                state.left = state.budget.less(state.used);
                outer::count(&mut state, "evaluate");
                outer::sum_clades(&mut state);
                if first && agent.defines(Hook::Admit) {
                    script.open(WorldKind::Outer, plain(&state)).await?;
                    let generation = [Arg::record(["gens".to_owned(), who.0.to_string()])];
                    match script.call(Hook::Admit, &generation, u64::from(step), &name).await? {
                        Ok(called) => {
                            if let Some(generation) = at(&mut state.gens, who) {
                                generation.admitted = called.value != false;
                            }
                        }
                        Err(fault) => return Ok(vec![fault]),
                    }
                }
            }
            OuterAction::Promote { .. } => tally.idle += 1,
            OuterAction::Stop { .. } => {
                tally.stopped = Some(step);
                break;
            }
        }
    }
    Ok(verdict(&tally).into_iter().collect())
}

fn at(generations: &mut [GenerationState], id: GenerationId) -> Option<&mut GenerationState> {
    generations.get_mut(usize::try_from(id.0).unwrap_or(usize::MAX))
}

fn verdict(tally: &Tally) -> Option<Diagnostic> {
    if tally.made > 0 && tally.measured > 0 {
        return None;
    }
    let stopped = tally.stopped.map_or(String::new(), |step| format!(", then stop at step {step}"));
    let what = format!(
        "no progress in {} mock steps: {} new generations, {} of them measured, {} actions without any new \
         measurement{stopped}; allowed: next_step expands, and evaluates what is new (`g.todo`)",
        tally.steps, tally.made, tally.measured, tally.idle
    );
    Some(finding("E309", STRATEGY, 0, what))
}

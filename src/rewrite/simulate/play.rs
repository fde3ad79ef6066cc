//! The play: the outer loop with a meta role that mostly succeeds, and a world instead of measurements.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::agent::Agent;
use super::super::dry_run::hooks::{of_action, on_state};
use super::super::dry_run::outer::{self, OuterTrial};
use super::super::dry_run::{Script, plain};
use super::super::guard::{guard_boundary, guard_outer, guard_role};
use super::super::submission::Rules;
use super::Played;
use super::judges::Judges;
use super::worlds::Nature;
use crate::base::id::{EpisodeId, GenerationId};
use crate::base::rng;
use crate::domain::action::OuterAction;
use crate::domain::event::GenerationStatus;
use crate::domain::simulated::{Simulated, Size, World};
use crate::domain::state::{GenerationState, OuterBudget, OuterState};
use crate::script::{Arg, Hook, LoadError, Pool, ScriptError, WorldKind};

/// One in so many new generations is rejected.
const REJECTED_EVERY: usize = 4;

/// Plays an agent's strategy in a world and tells what it did; the agent is a valid one.
pub async fn simulate(
    agent: &Agent,
    rules: &Rules,
    scripts: &Pool,
    world: World,
    size: Size,
) -> Result<Simulated, ScriptError> {
    let worker = match scripts.load(agent.strategy()).await {
        Ok(worker) => worker,
        Err(LoadError::Machine(error)) => return Err(error),
        Err(LoadError::Invalid { .. }) => {
            let reason = "the agent is not valid".to_owned();
            return Err(ScriptError::Refused { reason });
        }
    };
    let mut script = Script::new(worker, rules.seed);
    let played = play(agent, rules, &mut script, world, size).await?;
    Ok(played.told(world))
}

/// One play under way.
struct Play {
    state: OuterState,
    nature: Nature,
    judges: Judges,
    random: ChaCha8Rng,
    made: u32,
    measured: u32,
    idle: u32,
}

/// What an action came to.
enum Next {
    GoOn,
    /// The kernel asks `admit` about a generation that was measured for the first time.
    Admit(GenerationId),
    End(String),
}

/// Plays the outer loop until the script stops, fails, or the size is used up.
pub(in super::super) async fn play(
    agent: &Agent,
    rules: &Rules,
    script: &mut Script,
    world: World,
    size: Size,
) -> Result<Played, ScriptError> {
    let evals = size.episodes.saturating_mul(size.generations.saturating_add(1));
    let budget = OuterBudget { generations: size.generations, evals };
    let mut random = rng::stream(rules.seed, "simulated run", &[world as u64]);
    let nature = Nature::new(world);
    let mut state = outer::first(agent, rules, budget, size.episodes);
    let cases = state.cases.clone();
    if let (Some(root), true) = (state.gens.first_mut(), world != World::Even) {
        root.measure(cases.into_iter().map(|case| (case, nature.score(0, &mut random))));
    }
    let judges = Judges::default();
    let mut play = Play { state, nature, judges, random, made: 0, measured: 0, idle: 0 };
    let (mut steps, mut stopped, mut fault, mut end) = (0, None, None, None);
    for step in 0..size.steps {
        let name = format!("mock run, step {step}");
        play.state.step = step;
        steps = step + 1;
        let trial = OuterTrial::new(name.clone(), play.state.clone());
        script.open(WorldKind::Outer, plain(&trial.state)).await?;
        let asked = script.call(Hook::NextStep, &[], u64::from(step), &name).await?;
        let action = asked.and_then(|called| {
            let action = OuterAction::read(&called.value)
                .map_err(|fault| of_action(Hook::NextStep, &fault, &name))?;
            guard_outer(&action, trial.facts(rules))
                .and_then(|()| guard_role(&action, |_, role| agent.has_role(role)))
                .map_err(|fault| on_state(Hook::NextStep, fault, &name))?;
            Ok(action)
        });
        let action = match action {
            Ok(action) => action,
            Err(found) => {
                (fault, end) = (Some(found), Some("the script failed".to_owned()));
                break;
            }
        };
        if matches!(action, OuterAction::Stop { .. }) {
            stopped = Some(step);
        }
        let boundary = guard_boundary(&action, play.state.epoch, &play.judges.tests());
        if boundary.is_err() {
            // Refused, and free, as in a run.
            play.idle += 1;
            continue;
        }
        match play.perform(action) {
            Next::GoOn => {}
            Next::End(why) => {
                end = Some(why);
                break;
            }
            Next::Admit(who) if agent.defines(Hook::Admit) => {
                script.open(WorldKind::Outer, plain(&play.state)).await?;
                let generation = [Arg::record(["gens".to_owned(), who.0.to_string()])];
                match script.call(Hook::Admit, &generation, u64::from(step), &name).await? {
                    Ok(called) => {
                        if let Some(generation) = at(&mut play.state.gens, who) {
                            generation.admitted = called.value != false;
                        }
                    }
                    Err(found) => {
                        (fault, end) = (Some(found), Some("the script failed".to_owned()));
                        break;
                    }
                }
            }
            Next::Admit(_) => {}
        }
    }
    let end = end.unwrap_or_else(|| format!("{steps} actions"));
    let worth = (0..play.state.gens.len()).map(|at| play.nature.worth(at)).collect();
    let Play { state, made, measured, idle, .. } = play;
    Ok(Played { state, worth, steps, made, measured, idle, stopped, end, fault })
}

impl Play {
    fn perform(&mut self, action: OuterAction) -> Next {
        let makes = action.makes();
        if makes > 0 && self.state.left.generations == 0 {
            // The kernel ends a run whose generations are made.
            return Next::End("every rewrite is made".to_owned());
        }
        match action {
            OuterAction::Expand { parent, op, focus, tag, .. } => {
                for _ in 0..makes.min(self.state.left.generations) {
                    let rejected = self.state.gens.len() % REJECTED_EVERY == REJECTED_EVERY - 1;
                    let status =
                        if rejected { GenerationStatus::Rejected } else { GenerationStatus::Valid };
                    outer::add(&mut self.state, parent.0, status, &[]);
                    self.nature.child(parent.0 as usize, &mut self.random);
                    if let Some(child) = self.state.gens.last_mut() {
                        child.tag = tag.clone();
                        child.op.clone_from(&op);
                        child.focus.clone_from(&focus);
                    }
                    self.made += 1;
                }
                Next::GoOn
            }
            OuterAction::Merge { a, b, tag, .. } => {
                outer::make(&mut self.state, a.0, GenerationStatus::Valid, &[]);
                outer::count(&mut self.state, "merge");
                self.nature.merged(a.0 as usize, b.0 as usize);
                if let Some(child) = self.state.gens.last_mut() {
                    child.tag = tag;
                    "merge".clone_into(&mut child.op);
                    child.parents.push(b);
                }
                self.made += 1;
                Next::GoOn
            }
            OuterAction::Reflect { about, .. } => {
                outer::make(&mut self.state, about.0, GenerationStatus::Valid, &[]);
                outer::count(&mut self.state, "reflect");
                self.nature.child(about.0 as usize, &mut self.random);
                if let Some(child) = self.state.gens.last_mut() {
                    "reflect".clone_into(&mut child.op);
                }
                self.made += 1;
                Next::GoOn
            }
            OuterAction::Retire { who } => {
                outer::count(&mut self.state, "retire");
                if let Some(generation) = at(&mut self.state.gens, who) {
                    generation.retired = true;
                }
                self.idle += 1;
                Next::GoOn
            }
            OuterAction::Attack { by, n, .. } => {
                outer::count(&mut self.state, "attack");
                self.state.suite.version += 1;
                self.state.suite.size += n;
                self.nature.attacked();
                let hardness = self.random.random::<f64>();
                if let Some(generation) = at(&mut self.state.gens, by) {
                    generation.turns += 1;
                    generation.rank_score = hardness;
                }
                Next::GoOn
            }
            OuterAction::Evaluate { who, cases, .. } => self.evaluate(who, cases),
            OuterAction::Judge { by, of, n } => {
                outer::count(&mut self.state, "judge");
                let Self { state, nature, random, judges, .. } = self;
                let read = judges.read(state, nature, (by, of, n), random);
                self.idle += u32::from(read == 0);
                Next::GoOn
            }
            OuterAction::Epoch { judge, utility } => {
                outer::count(&mut self.state, "epoch");
                self.judges.begin(&mut self.state, judge, utility);
                Next::GoOn
            }
            OuterAction::Promote { .. } => {
                outer::count(&mut self.state, "promote");
                self.idle += 1;
                Next::GoOn
            }
            OuterAction::Stop { why, .. } => Next::End(format!(
                "the strategy stopped: {}",
                if why.is_empty() { "no reason given" } else { &why }
            )),
        }
    }

    fn evaluate(&mut self, who: GenerationId, cases: Vec<EpisodeId>) -> Next {
        let Some(generation) = at(&mut self.state.gens, who) else {
            return Next::End("a generation that is not there was measured".to_owned());
        };
        let first = generation.turns == 0;
        let fresh: Vec<_> =
            cases.into_iter().filter(|case| !generation.ev.contains_key(case)).collect();
        if fresh.is_empty() {
            self.idle += 1;
            return Next::GoOn;
        }
        self.measured += u32::from(who.0 > 0 && first);
        self.state.used.evals += u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        let (nature, random) = (&self.nature, &mut self.random);
        generation
            .measure(fresh.into_iter().map(|case| (case, nature.score(who.0 as usize, random))));
        generation.turns += 1;
        self.state.left = self.state.budget.less(self.state.used);
        self.judges.show(&mut self.state);
        outer::count(&mut self.state, "evaluate");
        outer::sum_clades(&mut self.state);
        if first { Next::Admit(who) } else { Next::GoOn }
    }
}

fn at(generations: &mut [GenerationState], id: GenerationId) -> Option<&mut GenerationState> {
    generations.get_mut(usize::try_from(id.0).unwrap_or(usize::MAX))
}

//! A strategy against made-up worlds: no model, no candidate, no money; milliseconds for a whole run.
//!
//! The kernel's part is played as it is in a run: what an action may refer to, what a rewrite uses, when a generation is
//! admitted. What generations are worth is drawn (`worlds`). The dry run of validation is one short such play.

mod judges;
mod play;
mod worlds;

use crate::base::id::GenerationId;
use crate::domain::event::{Diagnostic, GenerationStatus};
use crate::domain::simulated::{Simulated, SimulatedGeneration, World};
use crate::domain::state::OuterState;

pub(super) use play::play;
pub use play::simulate;

/// What a play came to, before it is told.
pub(super) struct Played {
    pub state: OuterState,
    pub worth: Vec<f64>,
    pub steps: u32,
    /// Generations made, of these measured, and actions that brought nothing.
    pub made: u32,
    pub measured: u32,
    pub idle: u32,
    pub stopped: Option<u32>,
    pub end: String,
    pub fault: Option<Diagnostic>,
}

impl Played {
    fn told(self, world: World) -> Simulated {
        let dead = self.dead();
        let Self { state, worth, steps, end, fault, .. } = self;
        let worth_of = |id: GenerationId| worth.get(id.0 as usize).copied().unwrap_or(0.0);
        let live = state
            .gens
            .iter()
            .filter(|g| g.status == GenerationStatus::Valid && !g.retired && g.admitted && g.n > 0);
        let picked = live.max_by(|a, b| a.mean.total_cmp(&b.mean).then(b.id.cmp(&a.id)));
        let valid = state.gens.iter().filter(|g| g.status == GenerationStatus::Valid);
        Simulated {
            world,
            steps,
            actions: state.count.iter().filter(|(_, n)| **n > 0).map(|(k, n)| (*k, *n)).collect(),
            picked: picked.map_or(0.0, |g| worth_of(g.id)),
            highest: valid.map(|g| worth_of(g.id)).fold(0.0, f64::max),
            evals: state.used.evals,
            end,
            fault,
            dead,
            generations: state
                .gens
                .into_iter()
                .map(|g| SimulatedGeneration {
                    id: g.id,
                    parents: g.parents,
                    op: g.op,
                    status: g.status,
                    n: g.n,
                    mean: g.mean,
                    worth: worth_of(g.id),
                    retired: g.retired || !g.admitted,
                })
                .collect(),
        }
    }

    fn dead(&self) -> Vec<String> {
        let made: Vec<_> = self
            .state
            .gens
            .iter()
            .filter(|g| g.id.0 > 0 && g.status == GenerationStatus::Valid)
            .collect();
        let untouched = |g: &&&crate::domain::state::GenerationState| g.turns == 0;
        let never = made.iter().filter(untouched).count();
        let early = made.iter().filter(|g| g.retired && g.turns == 0).count();
        let mut dead = Vec::new();
        if !made.is_empty() && early == made.len() {
            dead.push("retires every child before its first turn".to_owned());
        } else if !made.is_empty() && never == made.len() {
            dead.push("measures no child".to_owned());
        } else if never > 1 {
            dead.push(format!("{never} of {} children never got a turn", made.len()));
        }
        if made.is_empty() && self.fault.is_none() {
            dead.push("makes no new generation".to_owned());
        }
        if self.idle > self.steps / 2 && self.steps > 10 {
            dead.push(format!("{} of {} actions brought nothing", self.idle, self.steps));
        }
        let parents: std::collections::BTreeSet<_> = made.iter().map(|g| g.parent).collect();
        if made.len() >= 8 && parents.len() == 1 {
            dead.push(
                "copies one generation again and again, whatever the children are worth".to_owned(),
            );
        }
        if self.stopped.is_some() && self.state.left.generations > self.state.budget.generations / 2
        {
            dead.push(format!(
                "stops with {} of {} rewrites unused",
                self.state.left.generations, self.state.budget.generations
            ));
        }
        dead
    }
}

/// Two generations, each measured on two episodes.
#[cfg(test)]
fn empty_state() -> OuterState {
    use crate::base::id::EpisodeId;
    use crate::domain::judge::EpochState;
    use crate::domain::state::{GenerationState, OuterBudget, SuiteState, named_sets, no_actions};

    let cases: Vec<EpisodeId> =
        ["t#0", "t#1"].map(|episode| episode.parse().expect("an episode")).to_vec();
    let measured = |number, parent| {
        let mut generation = GenerationState::new(GenerationId(number), parent, &cases);
        generation.measure(cases.iter().cloned().map(|case| (case, 0.5)));
        generation
    };
    OuterState {
        seed: 1,
        step: 0,
        gens: vec![measured(0, None), measured(1, Some(GenerationId(0)))],
        sets: named_sets(&cases),
        cases: cases.clone(),
        pending: Vec::new(),
        params: std::collections::BTreeMap::new(),
        budget: OuterBudget::default(),
        used: OuterBudget::default(),
        left: OuterBudget::default(),
        count: no_actions(),
        models: Vec::new(),
        live_id: GenerationId(1),
        suite: SuiteState { open: true, ..Default::default() },
        epoch: EpochState::default(),
    }
}

//! A mock episode: the inner loop with a worker whose candidates gain or lose at random.

use rand::RngExt;

use super::super::agent::Agent;
use super::super::finding::finding;
use super::super::guard::guard_inner;
use super::super::submission::Rules;
use super::hooks::{of_action, on_state};
use super::inner::{self, InnerTrial};
use super::{Script, plain};
use crate::base::rng;
use crate::domain::action::InnerAction;
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;
use crate::domain::state::{AttemptState, InnerState};
use crate::script::{Arg, Delta, Hook, ScriptError, WorldKind};

/// Attempts of the mock episode.
const STEPS: u32 = 24;
/// The size of a mock note.
const NOTE_BYTES: u32 = 200;
/// So many clear gains, none of them kept, show that nothing ever will be.
const GAINS_REFUSED: u32 = 3;

/// What the mock episode came to.
#[derive(Default)]
struct Tally {
    proposed: u32,
    gains: u32,
    gains_kept: u32,
    losses: u32,
    losses_kept: u32,
}

/// Plays the episode; a script without hooks of the inner loop has the kernel's, which are known to work.
pub(super) async fn play(
    agent: &Agent,
    rules: &Rules,
    script: &mut Script,
) -> Result<Vec<Diagnostic>, ScriptError> {
    if !agent.defines(Hook::NextAttempt) && !agent.defines(Hook::Accept) {
        return Ok(Vec::new());
    }
    let mut state = inner::first(agent, rules, Some(0.25));
    let mut draw = rng::stream(rules.seed, "validation attempts", &[]);
    let mut tally = Tally::default();
    script.open(WorldKind::Inner, plain(&state)).await?;
    for step in 0..2 * STEPS {
        if state.left.attempts == 0 {
            break;
        }
        let name = format!("mock episode, attempt {}", state.used.attempts + 1);
        let base = if agent.defines(Hook::NextAttempt) {
            let called = match script.call(Hook::NextAttempt, &[], u64::from(step), &name).await? {
                Ok(called) => called,
                Err(fault) => return Ok(vec![fault]),
            };
            let action = match InnerAction::read(&called.value) {
                Ok(action) => action,
                Err(fault) => return Ok(vec![of_action(Hook::NextAttempt, &fault, &name)]),
            };
            let trial = InnerTrial::new(name.clone(), state.clone());
            if let Err(fault) = guard_inner(&action, trial.facts(agent, rules)) {
                return Ok(vec![on_state(Hook::NextAttempt, fault, &name)]);
            }
            match action {
                InnerAction::Propose { base, .. } => base,
                InnerAction::Review { of, .. } => {
                    inner::review(&mut state, of);
                    script.apply(&reviewed(&state, of)).await?;
                    continue;
                }
                InnerAction::Reflect { to, .. } => {
                    state.reflected = true;
                    state.memory.insert(to, NOTE_BYTES);
                    let told = [
                        Delta::set(["reflected"], plain(&state.reflected)),
                        Delta::set(["memory"], plain(&state.memory)),
                    ];
                    script.apply(&told).await?;
                    continue;
                }
                InnerAction::Stop { .. } => break,
            }
        } else {
            state.best_id
        };
        state.reflected = false;
        tally.proposed += 1;
        let made = state.used.attempts;
        let from = attempt(&state.attempts, base).map_or(0.0, |attempt| attempt.score);
        let score = outcome(made, &mut draw).map(|change| (from + change).clamp(0.0, 1.0));
        let bar = attempt(&state.attempts, state.incumbent_id).map_or(0.0, |kept| kept.score);
        inner::add(&mut state, base, score, false);
        script.apply(&added(&state, base)).await?;
        let Some(score) = score else { continue };
        let candidate = state.used.attempts;
        let kept = if agent.defines(Hook::Accept) {
            let at = |id: u32| Arg::record(["attempts".to_owned(), id.to_string()]);
            let offered = [at(candidate), at(state.incumbent_id)];
            match script.call(Hook::Accept, &offered, u64::from(step), &name).await? {
                Ok(called) => called.value == true,
                Err(fault) => return Ok(vec![fault]),
            }
        } else {
            score > from
        };
        tally.count(score > from && score > bar, score < from && score < bar, kept);
        if kept {
            inner::keep(&mut state, candidate);
            script.apply(&kept_changes(candidate)).await?;
        }
    }
    Ok(verdict(agent, &tally))
}

/// The change of score that an attempt brings; none when it cannot be measured. Every third is a clear gain, whatever is
/// drawn, so that an episode always holds some.
fn outcome(step: u32, draw: &mut impl rand::Rng) -> Option<f64> {
    if step % 3 == 2 {
        return Some(draw.random_range(0.02..0.08));
    }
    draw.random_bool(0.75).then(|| draw.random_range(-0.2..0.05))
}

/// The changes of the world that [`inner::add`] made.
fn added(state: &InnerState, base: u32) -> Vec<Delta> {
    let mut changes = vec![
        Delta::set(["used"], plain(&state.used)),
        Delta::set(["left"], plain(&state.left)),
        Delta::set(["best_id"], plain(&state.best_id)),
        Delta::set(["stale"], plain(&state.stale)),
        Delta::set(["reflected"], plain(&state.reflected)),
    ];
    if let Some(newest) = state.attempts.last() {
        changes.push(Delta::push(["attempts"], plain(newest)));
    }
    if let Some(attempt) = attempt(&state.attempts, base) {
        let kids = ["attempts".to_owned(), base.to_string(), "kids".to_owned()];
        changes.push(Delta::set(kids, plain(&attempt.kids)));
    }
    changes
}

/// The changes of the world that [`inner::review`] made.
fn reviewed(state: &InnerState, of: u32) -> [Delta; 2] {
    let path = ["attempts".to_owned(), of.to_string(), "reviewed".to_owned()];
    [Delta::set(path, plain(&true)), Delta::set(["reviews"], plain(&state.reviews))]
}

/// The changes of the world that [`inner::keep`] made.
fn kept_changes(candidate: u32) -> [Delta; 2] {
    let accepted = ["attempts".to_owned(), candidate.to_string(), "accepted".to_owned()];
    [Delta::set(accepted, plain(&true)), Delta::set(["incumbent_id"], plain(&candidate))]
}

fn attempt(attempts: &[AttemptState], id: u32) -> Option<&AttemptState> {
    attempts.get(usize::try_from(id).unwrap_or(usize::MAX))
}

impl Tally {
    fn count(&mut self, gain: bool, loss: bool, kept: bool) {
        self.gains += u32::from(gain);
        self.gains_kept += u32::from(gain && kept);
        self.losses += u32::from(loss);
        self.losses_kept += u32::from(loss && kept);
    }
}

fn verdict(agent: &Agent, tally: &Tally) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if tally.proposed == 0 {
        let what = "no progress: next_attempt stops before the first attempt; allowed: propose while T.left.attempts \
                    is above 0";
        found.push(finding("E309", STRATEGY, 0, what));
    }
    if tally.gains >= GAINS_REFUSED && tally.gains_kept == 0 {
        let what = format!(
            "no progress: accept refused all {} candidates that were better than their base and than the incumbent; \
             allowed: keep what gains",
            tally.gains
        );
        found.push(finding("E309", STRATEGY, 0, what));
    }
    let own = agent.defines(Hook::Accept);
    if own
        && tally.losses > 0
        && tally.losses == tally.losses_kept
        && tally.gains == tally.gains_kept
    {
        let what = "accept keeps everything, losses too: a search without selection, which only a population wants; \
                    allowed, and the best attempt is kept in any case";
        found.push(finding("W407", STRATEGY, 0, what));
    }
    found
}

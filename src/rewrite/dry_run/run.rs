//! A mock run: the outer loop in a world where nothing can be learnt, long enough to see whether a script gets anywhere.

use super::super::agent::Agent;
use super::super::finding::finding;
use super::super::simulate::{self, Played};
use super::super::submission::Rules;
use super::Script;
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;
use crate::domain::simulated::{Size, World};
use crate::script::ScriptError;

/// A run of few rewrites, and the actions after which it must have got somewhere.
const SIZE: Size = Size { generations: 6, episodes: 3, steps: 100 };

/// Plays the run.
pub(super) async fn play(
    agent: &Agent,
    rules: &Rules,
    script: &mut Script,
) -> Result<Vec<Diagnostic>, ScriptError> {
    let played = simulate::play(agent, rules, script, World::Even, SIZE).await?;
    Ok(played.fault.clone().or_else(|| verdict(&played)).into_iter().collect())
}

fn verdict(played: &Played) -> Option<Diagnostic> {
    let Played { steps, made, measured, idle, stopped, .. } = played;
    if *made > 0 && *measured > 0 {
        return None;
    }
    let stopped = stopped.map_or(String::new(), |step| format!(", then stop at step {step}"));
    let what = format!(
        "no progress in {steps} mock steps: {made} new generations, {measured} of them measured, {idle} actions without \
         any new measurement{stopped}; allowed: next_step expands, and evaluates what is new (`g.todo`)"
    );
    Some(finding("E309", STRATEGY, 0, what))
}

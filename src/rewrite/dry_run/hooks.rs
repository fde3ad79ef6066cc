//! Every hook on every state, twice: it must work, say the same again, and use the same number of steps.

use serde_json::json;

use super::super::agent::Agent;
use super::super::finding::finding;
use super::super::guard::{guard_inner, guard_outer, guard_role};
use super::super::submission::Rules;
use super::{Script, inner, outer, plain};
use crate::domain::action::{ActionFault, InnerAction, OuterAction};
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;
use crate::script::{Arg, Called, Hook, ScriptError, WorldKind};

/// Tries the hooks; at most one finding for each.
pub(super) async fn try_hooks(
    agent: &Agent,
    rules: &Rules,
    script: &mut Script,
) -> Result<Vec<Diagnostic>, ScriptError> {
    let mut found: Vec<(Hook, Diagnostic)> = Vec::new();
    for trial in outer::states(agent, rules) {
        script.open(WorldKind::Outer, plain(&trial.state)).await?;
        for hook in [Hook::NextStep, Hook::Admit, Hook::Utility, Hook::Vars] {
            if !agent.defines(hook) || found.iter().any(|(other, _)| *other == hook) {
                continue;
            }
            let newest = trial.state.gens.len() - 1;
            let args = match hook {
                Hook::Admit | Hook::Utility => {
                    vec![Arg::record(["gens".to_owned(), newest.to_string()])]
                }
                Hook::Vars => vec![Arg::Value(json!("meta"))],
                _ => Vec::new(),
            };
            let called = twice(script, hook, &args, &trial.name).await?;
            let checked = called.and_then(|called| match hook {
                Hook::NextStep => OuterAction::read(&called.value)
                    .map_err(|fault| of_action(hook, &fault, &trial.name))
                    .and_then(|action| {
                        guard_outer(&action, trial.facts(rules))
                            .and_then(|()| guard_role(&action, |_, role| agent.has_role(role)))
                            .map_err(|fault| on_state(hook, fault, &trial.name))
                    }),
                _ => Ok(()),
            });
            found.extend(checked.err().map(|fault| (hook, fault)));
            if !script.alive {
                return Ok(findings(found));
            }
        }
    }
    for trial in inner::states(agent, rules) {
        script.open(WorldKind::Inner, plain(&trial.state)).await?;
        for hook in [Hook::NextAttempt, Hook::Accept, Hook::Features, Hook::Vars] {
            if !agent.defines(hook) || found.iter().any(|(other, _)| *other == hook) {
                continue;
            }
            let newest = trial.state.attempts.len() - 1;
            let at = |index: usize| Arg::record(["attempts".to_owned(), index.to_string()]);
            let args = match hook {
                // Only a measured candidate is ever offered.
                Hook::Accept if trial.state.attempts.last().is_some_and(|last| !last.ok) => {
                    continue;
                }
                Hook::Accept => {
                    let kept = usize::try_from(trial.state.incumbent_id).unwrap_or(0);
                    vec![at(newest), at(kept)]
                }
                Hook::Features => vec![at(newest)],
                Hook::Vars => vec![Arg::Value(json!("worker"))],
                _ => Vec::new(),
            };
            let called = twice(script, hook, &args, &trial.name).await?;
            let checked = called.and_then(|called| match hook {
                Hook::NextAttempt => InnerAction::read(&called.value)
                    .map_err(|fault| of_action(hook, &fault, &trial.name))
                    .and_then(|action| {
                        guard_inner(&action, trial.facts(agent, rules))
                            .map_err(|fault| on_state(hook, fault, &trial.name))
                    }),
                _ => Ok(()),
            });
            found.extend(checked.err().map(|fault| (hook, fault)));
            if !script.alive {
                return Ok(findings(found));
            }
        }
    }
    Ok(findings(found))
}

fn findings(found: Vec<(Hook, Diagnostic)>) -> Vec<Diagnostic> {
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// Calls a hook twice with the same key; different results or steps are `E308`.
async fn twice(
    script: &mut Script,
    hook: Hook,
    args: &[Arg],
    state: &str,
) -> Result<Result<Called, Diagnostic>, ScriptError> {
    let first = match script.call(hook, args, 0, state).await? {
        Ok(called) => called,
        Err(fault) => return Ok(Err(fault)),
    };
    let second = script.call(hook, args, 0, state).await?;
    Ok(second.and_then(|second| same(first, second, hook, state)))
}

/// Holds two answers to one question against each other.
fn same(first: Called, second: Called, hook: Hook, state: &str) -> Result<Called, Diagnostic> {
    if first == second {
        return Ok(first);
    }
    let what = format!(
        "{hook} is not deterministic on \"{state}\": the same state and random stream gave {} after {} ticks, then {} \
         after {}; allowed: results that follow from the arguments",
        first.value, first.ticks, second.value, second.ticks
    );
    Err(finding("E308", STRATEGY, 0, what))
}

pub(in super::super) fn of_action(hook: Hook, fault: &ActionFault, state: &str) -> Diagnostic {
    let what = format!("{hook} on \"{state}\": {fault}");
    finding(fault.code(), STRATEGY, 0, what)
}

pub(in super::super) fn on_state(hook: Hook, mut fault: Diagnostic, state: &str) -> Diagnostic {
    fault.message = format!("{hook} on \"{state}\": {}", fault.message);
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The language has nothing that differs between two calls, so answers are made up.
    #[test]
    fn a_second_answer_that_differs_is_told() {
        let called = |value: f64, ticks| Called { value: json!(value), ticks };
        let held = |second| same(called(0.5, 9), second, Hook::Utility, "gen 0 only");
        assert_eq!(held(called(0.5, 9)), Ok(called(0.5, 9)));
        for other in [called(0.25, 9), called(0.5, 10)] {
            let fault = held(other).expect_err("a difference");
            assert_eq!((fault.code.as_str(), fault.file.as_str()), ("E308", STRATEGY));
            assert!(fault.message.contains("utility is not deterministic on \"gen 0 only\""));
            assert!(fault.message.contains("allowed: results that follow from the arguments"));
        }
    }
}

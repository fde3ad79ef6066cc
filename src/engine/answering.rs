//! Who answers in a run.

use std::collections::BTreeSet;

use super::EngineError;
use super::open::{Conditions, Order, World};
use super::recorded::Recorded;
use super::take_up::journal_folder;
use crate::base::id::RunName;
use crate::domain::agent::{AGENT_TOML, AgentConfig, AgentFiles};
use crate::domain::event::Event;
use crate::domain::settings::{Budgets, Identity, LabConfig};
use crate::journal;
use crate::model::{Limits, Models, Reply};
use crate::prompt;

/// The caps of a run: the process's own, where it has some, else the lab's.
pub(super) fn caps(config: &LabConfig, conditions: &Conditions) -> Budgets {
    conditions.caps.or(&config.budget)
}

/// Refuses a cap of a role that no agent of the run will have: it would cap nothing. A rewrite may add any role;
/// without rewrites there are those of the agent as given.
pub(super) fn check_caps(caps: &Budgets, order: &Order) -> Result<(), EngineError> {
    let own = own_roles(&order.agent).filter(|_| order.identity.generations == 0);
    let has = |role: &str| own.as_ref().is_none_or(|own| own.contains(role));
    let asked = prompt::ROLES.into_iter().map(|table| table.role);
    let known: Vec<&str> = asked.filter(|role| has(role)).collect();
    match caps.roles.keys().find(|role| !known.contains(&role.as_str())) {
        Some(role) => Err(EngineError::UnknownRole { role: role.clone(), known: known.join(", ") }),
        None => Ok(()),
    }
}

/// The roles an agent's `agent.toml` names; `None` when it does not read, which validation tells better.
fn own_roles(agent: &AgentFiles) -> Option<BTreeSet<String>> {
    let text = agent.get(AGENT_TOML)?;
    let config: AgentConfig = toml::from_str(text).ok()?;
    Some(config.roles.into_keys().collect())
}

/// The lab's models under these caps, with what the run has spent, and the recordings that some of them answer from.
pub(super) fn models(
    world: &World,
    caps: &Budgets,
    identity: &Identity,
    recorded: &Recorded,
) -> Result<Models, EngineError> {
    let lab = &world.lab;
    let limits = Limits { caps: caps.clone(), episodes: Some(identity.episodes) };
    let mut models = Models::new(&lab.config, lab.root(), &world.environment)?
        .with_budget(limits, recorded.spent())
        .with_costs(recorded.dearest());
    for run in models.replayed_runs() {
        let name: RunName = run.parse()?;
        if name == identity.run {
            continue;
        }
        let history = journal::read(&journal_folder(lab, &name))?;
        let answers = history
            .records
            .into_iter()
            .filter_map(|record| match record.event {
                Event::Answered { key, text, calls, kept, cost, unusable, .. } => {
                    Some((key, (Reply { text, calls, kept, cost }, unusable)))
                }
                _ => None,
            })
            .collect();
        models = models.with_replay(&run, answers);
    }
    Ok(models)
}

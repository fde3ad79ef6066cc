//! Who answers in a run.

use super::EngineError;
use super::open::{Conditions, World};
use super::recorded::Recorded;
use super::take_up::journal_folder;
use crate::base::id::RunName;
use crate::domain::event::Event;
use crate::domain::settings::{BudgetSpec, Identity, LabConfig};
use crate::journal;
use crate::model::{Models, Reply, Spent};

/// The caps of a run: the process's own, where it has some, else the lab's.
pub(super) fn caps(config: &LabConfig, conditions: &Conditions) -> BudgetSpec {
    let (lab, flags) = (config.budget, conditions.caps);
    BudgetSpec {
        max_usd: flags.max_usd.or(lab.max_usd),
        max_tokens: flags.max_tokens.or(lab.max_tokens),
        max_calls: flags.max_calls.or(lab.max_calls),
        max_minutes: flags.max_minutes.or(lab.max_minutes),
    }
}

/// The lab's models under these caps, with what the run has spent, and the recordings that some of them answer from.
pub(super) fn models(
    world: &World,
    conditions: &Conditions,
    identity: &Identity,
    recorded: &Recorded,
) -> Result<Models, EngineError> {
    let lab = &world.lab;
    let mut spent = Spent::default();
    for cost in recorded.spent() {
        if cost.requests > 0 {
            spent.add(cost);
        }
    }
    let mut models = Models::new(&lab.config, lab.root(), &world.environment)?
        .with_budget(&caps(&lab.config, conditions), spent);
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
                Event::Answered { key, text, cost, unusable, .. } => {
                    Some((key, (Reply { text, cost }, unusable)))
                }
                _ => None,
            })
            .collect();
        models = models.with_replay(&run, answers);
    }
    Ok(models)
}

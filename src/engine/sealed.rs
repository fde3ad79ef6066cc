//! Opening the sealed test split of a run: its best solution of each task against generation 0's and against the start,
//! in pairs over all test cases.
//!
//! The opening is on record before a case is measured, so none goes uncounted; one that was interrupted is finished, with
//! the solutions it was opened for, before there is another. Nothing of it reaches a script or a prompt, and the run stays
//! where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::grade::measure_with;
use super::machine::Machine;
use super::open::{Conditions, Order, World};
use super::recorded::{Opening, Recorded};
use super::take_up::{Taken, runs_folder, take_up};
use super::{EngineError, Stopped};
use crate::base::id::{Alias, GenerationId, TaskName};
use crate::domain::agent::AgentFiles;
use crate::domain::event::Event;
use crate::domain::files::FileSet;
use crate::domain::outcome::Measurement;
use crate::domain::report::PairedDifference;
use crate::domain::sealed::{SealedPair, SealedResult, SolutionPlace};
use crate::domain::settings::{Dialect, Identity, LabConfig};
use crate::domain::task::{Split, Task};
use crate::journal;
use crate::lab::Lab;

/// Opens the test split, or finishes the opening that was interrupted. `told` learns of the opening when it is durable and
/// before anything is measured; `true` says that it is the interrupted one.
///
/// # Errors
/// [`EngineError::NothingMeasured`] before every task has a solution with a select metric; a journal error while another
/// process works on the run. Cancelling leaves the opening on record, to be finished.
pub async fn open_test(
    world: &World,
    identity: &Identity,
    conditions: &Conditions,
    cancel: &CancellationToken,
    told: impl FnOnce(&Opening, bool),
) -> Result<Opening, Stopped> {
    let order = Order { identity: identity.clone(), agent: AgentFiles::default(), improver: None };
    let (nobody, _) = unbounded_channel();
    let Taken { tasks, journal, recorded, .. } = take_up(world, &order, None, &nobody)?;
    let journal = journal.ok_or_else(|| EngineError::Mismatch {
        run: identity.run.to_string(),
        what: "it has no journal".into(),
    })?;
    let interrupted = recorded.openings().last().filter(|opening| opening.results.is_none());
    let mut opening = match interrupted {
        Some(opening) => opening.clone(),
        None => next_opening(world, identity, &tasks, &recorded)?,
    };
    let machine = Machine::find(world, conditions).await?;
    let dialect = |alias: &Alias| dialect(&world.lab.config, alias);
    machine.check_authors(world, conditions, recorded.authors().iter(), dialect)?;

    if interrupted.is_none() {
        let pairs = opening.pairs.clone();
        journal.record(Event::TestOpened { opening: opening.number, pairs }).await?;
    }
    told(&opening, interrupted.is_some());
    let mut results = Vec::new();
    for pair in &opening.pairs {
        let Some(task) = tasks.get(&pair.task) else { continue };
        let measuring =
            Measuring { identity, recorded: &recorded, machine: &machine, cancel, task };
        results.push(measuring.compare(pair).await?);
    }
    let event = Event::Tested { opening: opening.number, results: results.clone() };
    journal.record(event).await?;
    opening.results = Some(results);
    Ok(opening)
}

/// Decides what a new opening compares.
fn next_opening(
    world: &World,
    identity: &Identity,
    tasks: &BTreeMap<TaskName, Arc<Task>>,
    recorded: &Recorded,
) -> Result<Opening, EngineError> {
    let earlier = openings_in_lab(&world.lab)?;
    let mut pairs = Vec::new();
    for task in identity.tasks.iter().filter_map(|name| tasks.get(name)) {
        let name = task.name();
        let better = |a, b| task.better(a, b);
        let seed = recorded.best_episode(name, Some(GenerationId(0)), better);
        let (Some(seed), Some(best)) = (seed, recorded.best_episode(name, None, better)) else {
            let (run, task) = (identity.run.to_string(), name.to_string());
            return Err(EngineError::NothingMeasured { run, task });
        };
        let opening_in_lab = earlier.get(name).copied().unwrap_or(0) + 1;
        pairs.push(SealedPair { task: name.clone(), opening_in_lab, seed, best });
    }
    let number = u32::try_from(recorded.openings().len()).unwrap_or(u32::MAX).saturating_add(1);
    Ok(Opening { number, pairs, results: None })
}

/// How often each task's test split was opened, over all runs of the lab.
fn openings_in_lab(lab: &Lab) -> Result<BTreeMap<TaskName, u32>, EngineError> {
    let mut counts = BTreeMap::new();
    for folder in journal::folders(&runs_folder(lab))? {
        for record in journal::of_kind(&folder, "test_opened")? {
            if let Event::TestOpened { pairs, .. } = record.event {
                for pair in pairs {
                    *counts.entry(pair.task).or_insert(0) += 1;
                }
            }
        }
    }
    Ok(counts)
}

/// Who answers for an alias; the built-in ones need no entry in the lab's settings.
fn dialect(config: &LabConfig, alias: &Alias) -> Option<Dialect> {
    match (config.models.get(alias), alias.as_str()) {
        (Some(spec), _) => Some(spec.dialect),
        (None, "offline") => Some(Dialect::Offline),
        (None, "random") => Some(Dialect::Random),
        (None, _) => None,
    }
}

/// One task on its test cases.
struct Measuring<'a> {
    identity: &'a Identity,
    recorded: &'a Recorded,
    machine: &'a Machine,
    cancel: &'a CancellationToken,
    task: &'a Task,
}

impl Measuring<'_> {
    async fn compare(&self, pair: &SealedPair) -> Result<SealedResult, Stopped> {
        let start = self.measure(&self.task.initial).await?;
        let seed = self.measure(&self.solution(&pair.seed)?).await?;
        let best = self.measure(&self.solution(&pair.best)?).await?;
        Ok(SealedResult {
            task: pair.task.clone(),
            start: start.metric,
            seed: seed.metric,
            best: best.metric,
            over_seed: difference(&seed, &best),
            over_start: difference(&start, &best),
            reason: best.reason,
        })
    }

    fn solution(&self, place: &SolutionPlace) -> Result<FileSet, EngineError> {
        let SolutionPlace { generation, episode } = place;
        match self.recorded.episode(&(*generation, episode.clone())) {
            Some(result) => Ok(result.best.files()),
            None => Err(EngineError::Mismatch {
                run: self.identity.run.to_string(),
                what: format!("the end of {episode} of {generation} is not recorded"),
            }),
        }
    }

    async fn measure(&self, files: &FileSet) -> Result<Measurement, Stopped> {
        let cases = self.task.cases(&Split::test(), self.identity.seed);
        measure_with(&self.machine.evaluator, self.cancel, self.task, files, &cases).await
    }
}

fn difference(before: &Measurement, after: &Measurement) -> Option<PairedDifference> {
    PairedDifference::of(&after.differences_from(before)?)
}

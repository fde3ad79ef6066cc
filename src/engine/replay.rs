//! A recorded run performed again, without any model: everything but the answers is done anew, and compared.
//!
//! The repetition is a run of its own in a folder of its own, with the recorded identity, agent and kernel version; the
//! recorded answers stand for the models', the recorded rollbacks for the person's. Scripts are asked, rewrites validated
//! and candidates measured as they were, so a difference is a defect, or a task or machine that is not what it was.

use tokio::sync::mpsc::unbounded_channel;

use super::EngineError;
use super::open::{Conditions, Order, Repeated, RunEnd, StandStill, World, work};
use super::recorded::Recorded;
use super::take_up::journal_folder;
use crate::base::id::RunName;
use crate::domain::event::{Event, Halt};
use crate::domain::meaning::{Difference, first_difference};
use crate::journal;

/// What came of performing a run again.
#[derive(Debug)]
pub struct Replayed {
    /// Records of the recording.
    pub records: u64,
    /// Whether the recording comes to the run's end.
    pub finished: bool,
    /// Where the repetition differs first, if it does.
    pub difference: Option<Difference>,
}

/// Performs a run again in a temporary folder. `None` when it was stopped before it came as far as its recording.
///
/// # Errors
/// When the run cannot be read or its tasks are not what they were, and as [`super::open::run`].
pub async fn replay(
    world: &World,
    run: &RunName,
    conditions: &Conditions,
    stop: StandStill,
) -> Result<Option<Replayed>, EngineError> {
    let recording = journal::read(&journal_folder(&world.lab, run))?.records;
    let Some(Event::RunStarted { identity, agent, improver, kernel, .. }) =
        recording.first().map(|record| record.event.clone())
    else {
        let what = "its first record does not start a run".into();
        return Err(EngineError::Mismatch { run: run.to_string(), what });
    };
    let folder = tempfile::Builder::new()
        .prefix("hyperagent-replay-")
        .tempdir_in(&world.temporary)
        .map_err(|error| EngineError::Internal(format!("no temporary folder: {error}")))?;
    let world = World {
        lab: world.lab.clone().with_generations(folder.path().to_owned()),
        ..world.clone()
    };
    let repeated = Repeated { kernel, recorded: Recorded::read(recording.iter().cloned()) };
    let finished = repeated.recorded.finished().is_some();
    let order = Order { identity, agent, improver };
    let (observer, _) = unbounded_channel();
    let ended = work(&world, &order, conditions, observer.into(), stop, Some(repeated)).await?;
    if matches!(ended, RunEnd::Halted { why: Halt::Interrupted | Halt::Environment, .. }) {
        return Ok(None);
    }
    let again = journal::read(&journal_folder(&world.lab, run))?.records;
    Ok(Some(Replayed {
        records: recording.len() as u64,
        finished,
        difference: first_difference(&recording, &again),
    }))
}

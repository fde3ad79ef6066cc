//! Moving a run back to an earlier generation. Nothing is deleted; numbers go on from the highest.

use std::sync::Arc;

use super::EngineError;
use super::recorded::Recorded;
use super::take_up::journal_folder;
use crate::archive::{Archive, Branch};
use crate::base::clock::Clock;
use crate::base::id::{GenerationId, RunName};
use crate::domain::event::{Event, GenerationStatus};
use crate::journal::Journal;
use crate::lab::Lab;

/// Lets a run go on from `to`: the next process that takes it up sets aside what does not lead there. Durable on
/// return; refused while another process works on the run.
pub async fn roll_back(
    lab: &Lab,
    clock: Arc<dyn Clock>,
    run: &RunName,
    to: GenerationId,
) -> Result<(), EngineError> {
    let opened = Journal::open(&journal_folder(lab, run), clock)?;
    let recorded = Recorded::read(opened.records);
    let commit = match (recorded.plan(to), recorded.commit(to)) {
        (Some(plan), Some(commit)) if plan.status == GenerationStatus::Valid => commit,
        (Some(_), Some(_)) => {
            return Err(EngineError::NoWayBack {
                run: run.to_string(),
                to: to.to_string(),
                why: "it was rejected, and a rejected generation is never a parent",
            });
        }
        _ => {
            return Err(EngineError::NoWayBack {
                run: run.to_string(),
                to: to.to_string(),
                why: "the run has no such generation",
            });
        }
    };
    let archive = Archive::open_or_create(&lab.generations())?;
    opened.journal.record(Event::RolledBack { to }).await?;
    let from = archive.branch(run, Branch::Latest)?;
    archive.set_branch(run, Branch::Latest, commit.parse()?, from)?;
    Ok(())
}

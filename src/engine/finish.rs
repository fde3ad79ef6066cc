//! The end of a run: the start against the best solution, in pairs over fresh cases, and the last word.

use super::Stopped;
use super::grade;
use super::outer::Finished;
use super::session::Session;
use crate::domain::event::Event;
use crate::domain::lineage::Lineage;
use crate::domain::report::{PairedDifference, SolutionReport};
use crate::domain::task::{Split, Task};

/// Compares the solutions, unless that was done, and ends the run.
pub async fn run(session: &Session, lineage: &Lineage, why: String) -> Result<Finished, Stopped> {
    for task in session.tasks.values() {
        if session.recorded.compared(task.name()).is_none()
            && let Some(report) = compare(session, lineage, task).await?
        {
            session.append(Event::SolutionCompared { report })?;
        }
    }
    let best = lineage.best();
    session.record(Event::RunFinished { best, why: why.clone() }).await?;
    Ok(Finished { best, why })
}

/// The task's initial solution against the one with the best select metric, on the report cases of this run.
async fn compare(
    session: &Session,
    lineage: &Lineage,
    task: &Task,
) -> Result<Option<SolutionReport>, Stopped> {
    let Some((best, from)) = lineage.best_solution(task.name(), |a, b| task.better(a, b)) else {
        return Ok(None);
    };
    let cases = task.cases(&Split::report(), session.identity.seed);
    let before = grade::measure(session, task, &task.initial, &cases).await?;
    let after = grade::measure(session, task, &best, &cases).await?;
    let (Some(seed), Some(metric)) = (before.metric, after.metric) else { return Ok(None) };
    let Some(differences) = after.differences_from(&before) else { return Ok(None) };
    let Some(PairedDifference { difference, low, high, n }) = PairedDifference::of(&differences)
    else {
        return Ok(None);
    };
    Ok(Some(SolutionReport {
        task: task.name().clone(),
        seed,
        best: metric,
        from,
        difference,
        low,
        high,
        n,
    }))
}

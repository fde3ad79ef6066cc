//! The control arm: the best agent and the frozen seed, in pairs, on episodes that neither was measured on before.
//!
//! Both get the same attempts, the same cases and the same random streams; what differs is the agent. The solutions
//! they find are measured on the report cases, which took no part in choosing the agent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Stopped;
use super::grade;
use super::hooks::Hooks;
use super::measure::{self, Wanted};
use super::session::Session;
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::Purpose;
use crate::domain::event::Event;
use crate::domain::files::FileSet;
use crate::domain::lineage::Lineage;
use crate::domain::report::{AgentReport, ArmMetrics, ControlResult, PairedDifference};
use crate::domain::stats;
use crate::domain::task::Split;

/// The agent that is never rewritten.
const FROZEN: GenerationId = GenerationId(0);

/// What an agent came to on the control episodes, in their order.
pub(super) type Arm = Vec<(EpisodeId, ControlResult)>;

/// Measures both agents, unless that was done or nobody asked for it.
pub async fn run(session: &Arc<Session>, lineage: &Lineage) -> Result<(), Stopped> {
    if session.identity.control == 0 || session.recorded.agents_compared() {
        return Ok(());
    }
    let best = lineage.best();
    let episodes = session.identity.control_episodes();
    let (frozen, evolved) = if best == FROZEN {
        let frozen = arm(session, lineage, FROZEN, &episodes).await?;
        (frozen.clone(), frozen)
    } else {
        let (frozen, evolved) = tokio::join!(
            arm(session, lineage, FROZEN, &episodes),
            arm(session, lineage, best, &episodes)
        );
        (frozen?, evolved?)
    };
    if let Some(report) = report(session, best, &frozen, &evolved) {
        session.append(Event::AgentsCompared { report })?;
    }
    Ok(())
}

/// What an agent comes to on these episodes; a failure that lets no work end ends the other arm too.
pub(super) async fn arm(
    session: &Arc<Session>,
    lineage: &Lineage,
    who: GenerationId,
    episodes: &[EpisodeId],
) -> Result<Arm, Stopped> {
    let found = measure_arm(session, lineage, who, episodes).await;
    if found.as_ref().is_err_and(|stopped| !stopped.lets_work_end()) {
        session.cancel.cancel();
    }
    found
}

/// Runs the episodes of one agent and measures what they found.
async fn measure_arm(
    session: &Arc<Session>,
    lineage: &Lineage,
    who: GenerationId,
    episodes: &[EpisodeId],
) -> Result<Arm, Stopped> {
    let files = lineage.get(who).map(|g| g.files.files()).unwrap_or_default();
    let hooks = Hooks::load(session.scripts.clone(), &files).await?;
    // Nothing an agent's run added may tell for it.
    let wanted = Wanted {
        generation: who,
        episodes,
        tries: None,
        purpose: Purpose::Measure,
        on_the_suite: false,
    };
    let measuring = measure::prepare(session, lineage, &hooks, &wanted);
    let found = measure::run(session.clone(), hooks, measuring).await?;
    let mut arm = Vec::with_capacity(found.episodes.len());
    for (episode, result, _) in found.episodes {
        let judged = match session.recorded.control(&(who, episode.clone())) {
            Some(judged) => *judged,
            None => judge(session, who, &episode, &result.best.files()).await?,
        };
        arm.push((episode, judged));
    }
    Ok(arm)
}

/// Measures an episode's solution on the report cases.
async fn judge(
    session: &Session,
    generation: GenerationId,
    episode: &EpisodeId,
    solution: &FileSet,
) -> Result<ControlResult, Stopped> {
    let mut result = ControlResult { metric: None, score: 0.0 };
    if let Some(task) = session.tasks.get(&episode.task) {
        let cases = task.cases(&Split::report(), session.identity.seed);
        let measured = grade::measure(session, task, solution, &cases).await?;
        result.metric = measured.metric;
        result.score = measured.metric.map_or(0.0, |metric| task.spec.score.score(metric));
    }
    let episode = episode.clone();
    session.record(Event::ControlMeasured { generation, episode, result }).await?;
    Ok(result)
}

/// The comparison in pairs; `None` without any. A pair is one index: its score is the mean over the tasks, which weigh the same.
fn report(
    session: &Session,
    best: GenerationId,
    frozen: &Arm,
    evolved: &Arm,
) -> Option<AgentReport> {
    let (before, after) = (by_index(frozen), by_index(evolved));
    let differences = differences(frozen, evolved);
    let PairedDifference { difference, low, high, n } = PairedDifference::of(&differences)?;
    let tasks = session.identity.tasks.iter().map(|task| ArmMetrics {
        task: task.clone(),
        frozen: metric(frozen, task),
        evolved: metric(evolved, task),
    });
    Some(AgentReport {
        best,
        frozen: stats::mean(&before),
        evolved: stats::mean(&after),
        difference,
        low,
        high,
        n,
        attempts: session.identity.attempts,
        tasks: tasks.collect(),
    })
}

/// The differences in score of the pairs, in order.
pub(super) fn differences(before: &Arm, after: &Arm) -> Vec<f64> {
    by_index(before).iter().zip(by_index(after)).map(|(before, after)| after - before).collect()
}

/// The score of each index in order; its tasks weigh the same.
fn by_index(arm: &Arm) -> Vec<f64> {
    let mut scores: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (episode, result) in arm {
        scores.entry(episode.index).or_default().push(result.score);
    }
    scores.values().map(|scores| stats::mean(scores)).collect()
}

fn metric(arm: &Arm, task: &crate::base::id::TaskName) -> Option<f64> {
    let own = arm.iter().filter(|(episode, _)| episode.task == *task);
    let metrics: Vec<f64> = own.filter_map(|(_, result)| result.metric).collect();
    (!metrics.is_empty()).then(|| stats::mean(&metrics))
}

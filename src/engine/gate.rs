//! The gate in front of the incumbent: no script has a say in it.
//!
//! What was measured of both decides; only the budget of CPU time needs a second look, because a clock is not the same
//! twice. A candidate over it is measured again in fresh processes, the incumbent beside it, and refused when it stays over.
//! The times are on record with the verdict: a resumed run reads it, and a repeated one reads the times.

use super::session::Session;
use super::{Stopped, grade};
use crate::domain::event::{AttemptEnd, AttemptResult};
use crate::domain::files::FileSet;
use crate::domain::gate::{Cpu, Gate};
use crate::domain::task::{Case, GateSpec};
use crate::solve::episode::{Attempt, Episode};

/// How often a candidate over its budget of CPU time is measured again.
const CONFIRMATIONS: usize = 2;

/// A measured candidate before the gate of its task.
pub struct Before<'a> {
    /// The episode it belongs to; its best candidate is the incumbent.
    pub episode: &'a Episode,
    /// The attempt.
    pub attempt: u32,
    /// The candidate.
    pub files: &'a FileSet,
    /// The train cases.
    pub cases: &'a [Case],
}

/// Judges a graded candidate and writes the verdict into its result. Whether it may take the incumbent's place: always
/// where the task has no gate.
pub async fn pass(
    session: &Session,
    before: &Before<'_>,
    result: &mut AttemptResult,
) -> Result<bool, Stopped> {
    let task = &before.episode.setting.task;
    let Some(spec) = &task.spec.gate else { return Ok(true) };
    let incumbent = before.episode.best();
    let held = (incumbent.id, &incumbent.result.cases[..]);
    let mut gate = Gate::judge(task, spec, held, &result.cases);
    if gate.is_open()
        && let Some(cpu) = cpu(session, before, spec, incumbent, result).await?
    {
        gate = gate.timed(cpu);
    }
    let open = gate.is_open();
    if !open {
        result.end = AttemptEnd::Refused;
        result.error_class = gate.class().to_owned();
        result.reason = gate.reason();
    }
    result.gate = Some(gate);
    Ok(open)
}

/// What the candidate's CPU time comes to beside its budget: as recorded where the run repeats another, else as measured
/// with it, and again if that is too much.
async fn cpu(
    session: &Session,
    before: &Before<'_>,
    spec: &GateSpec,
    incumbent: &Attempt,
    result: &AttemptResult,
) -> Result<Option<Cpu>, Stopped> {
    let setting = &before.episode.setting;
    if let Some(repeated) = &session.repeated {
        let key = (setting.generation, setting.episode.clone());
        let recorded = repeated.attempt(&key, before.attempt).and_then(|it| it.gate.as_ref());
        return Ok(recorded.and_then(|gate| gate.cpu.clone()));
    }
    if spec.cpu_ms.is_none() && spec.cpu_ratio.is_none() {
        return Ok(None);
    }
    let mut mine = vec![known_or_fresh(session, before, before.files, result).await?];
    let mut theirs = Vec::new();
    if let (Some(_), Some(files)) = (spec.cpu_ratio, &incumbent.files) {
        theirs.push(known_or_fresh(session, before, files, &incumbent.result).await?);
    }
    for _ in 0..CONFIRMATIONS {
        match Cpu::of(spec, mine.clone(), theirs.clone()) {
            Some(cpu) if cpu.is_over() => {}
            within => return Ok(within),
        }
        if spec.cpu_ratio.is_some()
            && let Some(files) = &incumbent.files
        {
            theirs.push(fresh(session, before, files).await?);
        }
        mine.push(fresh(session, before, before.files).await?);
    }
    Ok(Cpu::of(spec, mine, theirs))
}

/// The CPU time of the train cases as measured with a result, or in fresh processes where nothing ran for it.
async fn known_or_fresh(
    session: &Session,
    before: &Before<'_>,
    files: &FileSet,
    result: &AttemptResult,
) -> Result<u64, Stopped> {
    if result.usage.reused { fresh(session, before, files).await } else { Ok(result.usage.cpu_ms) }
}

/// The CPU time of the train cases in fresh processes, milliseconds.
async fn fresh(session: &Session, before: &Before<'_>, files: &FileSet) -> Result<u64, Stopped> {
    let task = &before.episode.setting.task;
    Ok(grade::measure_anew(session, task, files, before.cases).await?.usage.cpu_ms)
}

//! The four stages, one after the other.

use std::time::Instant;

use super::agent::Agent;
use super::finding::refuses;
use super::submission::{Rules, Submission};
use super::{dry_run, intake, parse, signature};
use crate::domain::agent::STRATEGY;
use crate::domain::event::{Diagnostic, Stage, StageReport};
use crate::script::{Pool, ScriptError};

/// What validation says of a submission.
#[derive(Debug, Clone)]
pub struct Report {
    /// The stages that ran, in order; the last is the one that refused, if any did.
    pub stages: Vec<StageReport>,
    /// The agent, if nothing refused it.
    pub agent: Option<Agent>,
}

impl Report {
    /// Whether the submission is a valid agent.
    pub fn valid(&self) -> bool {
        self.agent.is_some()
    }

    /// The stage that refused it.
    pub fn stage_failed(&self) -> Option<Stage> {
        self.stages.iter().find(|stage| !stage.ok).map(|stage| stage.stage)
    }

    /// Everything found, warnings included.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.stages.iter().flat_map(|stage| &stage.diagnostics)
    }
}

/// Takes a submission through the stages. Each runs only if the one before refused nothing; all findings of a stage are
/// collected. No model is asked and no candidate is run; what runs is the script, in a worker of `scripts`.
///
/// An error is one of the machine and says nothing about the submission.
pub async fn validate(
    submission: Submission<'_>,
    rules: &Rules,
    scripts: &Pool,
) -> Result<Report, ScriptError> {
    let mut stages = Vec::new();
    let agent = stages_until_refused(submission, rules, scripts, &mut stages).await?;
    Ok(Report { stages, agent })
}

async fn stages_until_refused(
    submission: Submission<'_>,
    rules: &Rules,
    scripts: &Pool,
    stages: &mut Vec<StageReport>,
) -> Result<Option<Agent>, ScriptError> {
    let started = Instant::now();
    let (screened, found) = intake::intake(submission, rules);
    stages.push(report(Stage::Intake, started, found));
    let Some(screened) = screened else { return Ok(None) };

    let started = Instant::now();
    let mut spare = scripts.take().await?;
    let source = screened.files.get(STRATEGY).unwrap_or_default();
    let script = spare.check(source).await?;
    let (parsed, found) = parse::parse(screened, script);
    stages.push(report(Stage::Parse, started, found));
    let Some(parsed) = parsed else { return Ok(None) };

    let started = Instant::now();
    let (agent, found) = signature::signature(parsed, rules);
    stages.push(report(Stage::Signature, started, found));
    let Some(agent) = agent else { return Ok(None) };

    let started = Instant::now();
    let found = dry_run::dry_run(&agent, rules, spare).await?;
    let valid = !found.iter().any(refuses);
    stages.push(report(Stage::DryRun, started, found));
    Ok(valid.then_some(agent))
}

fn report(stage: Stage, started: Instant, diagnostics: Vec<Diagnostic>) -> StageReport {
    let ok = !diagnostics.iter().any(refuses);
    StageReport { stage, ok, ms: started.elapsed().as_secs_f64() * 1000.0, diagnostics }
}

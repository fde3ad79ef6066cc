//! One attempt: prompt, answer, candidate, measurement. What comes of it is judged later, in the order of dispatch.

mod prepare;
mod propose;

use std::sync::Arc;

use super::rehearse::Rehearsal;
use super::session::Session;
use super::{EngineError, Stopped, grade};
use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::agent::Role;
use crate::domain::event::{AttemptEnd, AttemptResult, CallKey};
use crate::domain::files::FileSet;
use crate::domain::normal;
use crate::domain::outcome::{CaseResult, Usage};
use crate::domain::quality::Quality;
use crate::domain::task::{Case, LinterRule, Task};
use crate::model::WorkerBrief;
use crate::solve::candidate::Refusal;
use crate::solve::world;

pub use prepare::dispatch;
use propose::{Proposed, propose};

/// An attempt as dispatched: everything it needs, none of it changing any more.
pub struct Dispatch {
    generation: GenerationId,
    episode: EpisodeId,
    attempt: u32,
    task: Arc<Task>,
    cases: Arc<Vec<Case>>,
    role_name: String,
    role: Role,
    alias: Alias,
    prompt: Result<String, Refusal>,
    brief: WorkerBrief,
    /// What the base did on each case: what screens a candidate before its measurement is complete.
    base_results: Vec<CaseResult>,
    /// The episode's best metric: what a candidate must pass to be asked again.
    best: Option<f64>,
    /// What a command may read beside the candidate: the episode's other candidates.
    beside: Arc<FileSet>,
    /// The normal forms of the candidates met before.
    seen: Vec<Digest>,
    /// How alike a candidate may be to those met before, where the script says.
    likeness: Option<Likeness>,
    /// What its author may do before it answers.
    rehearsal: Rehearsal,
}

/// How alike a candidate may be to those met before.
struct Likeness {
    /// As similar as this is too similar, 0 to 1.
    most: f64,
    /// How often it goes back to its author for that.
    resample: u32,
    others: Vec<(u32, Arc<FileSet>)>,
}

/// What came of an attempt, before the script judges it.
pub struct Worked {
    /// Its candidate, if any.
    pub files: Option<Arc<FileSet>>,
    /// Its result; the end of a measured candidate is still open.
    pub result: AttemptResult,
    /// What was asked, turn by turn, for the evidence.
    pub prompts: Vec<String>,
    /// The answers, for the evidence.
    pub answers: Vec<String>,
}

/// Performs an attempt. What the journal has of it is read, not done again.
pub async fn work(session: &Session, dispatch: &Dispatch) -> Result<Worked, Stopped> {
    let recorded = session
        .recorded
        .attempt(&(dispatch.generation, dispatch.episode.clone()), dispatch.attempt)
        .cloned();
    let Proposed { prompts, answers, candidate, handed_back, trials } = match &dispatch.prompt {
        Ok(prompt) => propose(session, dispatch, prompt, recorded.is_some()).await?,
        Err(refusal) => Proposed::nothing(refusal.clone()),
    };
    let (files, mut result) = match candidate {
        Ok(candidate) => {
            let digest = candidate.files.digest();
            let result = match &recorded {
                Some(result) => result.clone(),
                None if dispatch.has_seen(&candidate.files) => unmeasured(
                    AttemptEnd::Duplicate,
                    Refusal {
                        class: "duplicate",
                        reason: "does the same as an earlier candidate of the episode".into(),
                    },
                ),
                None if dispatch.too_similar(&candidate.files).is_some() => unmeasured(
                    AttemptEnd::Duplicate,
                    Refusal {
                        class: "too_similar",
                        reason: "too similar to an earlier candidate of the episode".into(),
                    },
                ),
                None => {
                    let Dispatch { task, cases, base_results, best, .. } = dispatch;
                    let files = &candidate.files;
                    let looked = quality(session, task, files);
                    let base = grade::Base { cases: base_results, best: *best };
                    let measured = grade::screened(session, task, files, cases, base);
                    let (quality, measured) = tokio::join!(looked, measured);
                    AttemptResult { quality, ..measured? }
                }
            };
            let result = AttemptResult {
                candidate: Some(digest),
                summary: candidate.summary,
                lines: candidate.files.lines().try_into().unwrap_or(u32::MAX),
                ..result
            };
            (Some(Arc::new(candidate.files)), result)
        }
        Err(refusal) => {
            let end = match refusal.class {
                "not_editable" | "missing_file" | "bad_path" | "size" => AttemptEnd::Screened,
                _ => AttemptEnd::NoAnswer,
            };
            (None, unmeasured(end, refusal))
        }
    };
    result.model = Some(dispatch.alias.clone());
    if recorded.is_none() {
        result.trials = result.trials.saturating_add(trials);
        result.handed_back = handed_back;
    }
    if let Some(recorded) = recorded
        && recorded.candidate != result.candidate
    {
        return Err(EngineError::Mismatch {
            run: session.identity.run.to_string(),
            what: format!(
                "attempt {} of {} in {} led to another candidate than recorded",
                dispatch.attempt, dispatch.episode, dispatch.generation
            ),
        }
        .into());
    }
    Ok(Worked { files, result, prompts, answers })
}

impl Dispatch {
    fn key(&self, turn: u32) -> CallKey {
        let Self { generation, attempt, .. } = *self;
        CallKey::Attempt { generation, episode: self.episode.clone(), attempt, turn }
    }

    /// The earlier candidate that a candidate is too similar to.
    fn too_similar(&self, files: &FileSet) -> Option<u32> {
        let Likeness { most, others, .. } = self.likeness.as_ref()?;
        let alike = |other: &&(u32, Arc<FileSet>)| world::similarity(&other.1, files) >= *most;
        others.iter().find(alike).map(|(id, _)| *id)
    }

    /// Whether a candidate does the same as one met before.
    fn has_seen(&self, files: &FileSet) -> bool {
        self.seen.contains(&normal::digest(files))
    }
}

/// What a linter says of a candidate, unless its task wants none.
async fn quality(session: &Session, task: &Task, files: &FileSet) -> Option<Quality> {
    match task.spec.screening.linter {
        LinterRule::Off => None,
        LinterRule::Advice | LinterRule::Refuse => Some(session.checker.look(task, files).await),
    }
}

/// An attempt of which nothing was measured.
pub(super) fn unmeasured(end: AttemptEnd, refusal: Refusal) -> AttemptResult {
    AttemptResult {
        end,
        outcome: None,
        candidate: None,
        files: None,
        metric: None,
        score: None,
        gain: None,
        cases: Vec::new(),
        lines: 0,
        reason: refusal.reason,
        error_class: refusal.class.to_owned(),
        summary: String::new(),
        model: None,
        violations: Vec::new(),
        usage: Usage::default(),
        trials: 0,
        handed_back: Vec::new(),
        features: Vec::new(),
        gate: None,
        quality: None,
    }
}

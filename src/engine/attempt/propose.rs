//! The turns of an attempt: asked until the answer holds a candidate, or nothing more may be asked.

use std::sync::Arc;

use super::super::Stopped;
use super::super::ask::ask;
use super::super::rehearse::{Rehearsal, Rehearsed, Stage};
use super::super::session::Session;
use super::super::turns::{Talk, handed_in, turns_left};
use super::Dispatch;
use crate::domain::agent::AnswerFormat;
use crate::domain::edit;
use crate::domain::event::{CapScope, HandedBack};
use crate::domain::task::{LinterRule, Task};
use crate::domain::tool::{Called, written};
use crate::model::{Brief, Request, WorkerBrief};
use crate::solve::candidate::{self, Candidate, Refusal};

/// Answers of one attempt, look-ups apart: the first, a repair with the reason, then the whole file instead of an edit.
const TURNS: u32 = 3;
/// What the author of a candidate hears that was met before.
const SAME: &str = "a candidate that does the same was tried before (comments and blanks apart); propose something else";

/// What the turns of an attempt came to.
pub(super) struct Proposed {
    pub(super) prompts: Vec<String>,
    pub(super) answers: Vec<String>,
    pub(super) candidate: Result<Candidate, Refusal>,
    pub(super) handed_back: Vec<HandedBack>,
    /// Trials made of drafts.
    pub(super) trials: u32,
}

impl Proposed {
    /// Nothing was asked.
    pub(super) fn nothing(refusal: Refusal) -> Self {
        let (prompts, answers, handed_back, trials) = Default::default();
        Self { prompts, answers, candidate: Err(refusal), handed_back, trials }
    }
}

/// Asks until the answer holds a candidate or the turns are used up. A candidate that was met before is asked again
/// too: its author is told. Of an attempt that has finished, no turn is asked that was not asked then.
pub(super) async fn propose(
    session: &Session,
    dispatch: &Dispatch,
    prompt: &str,
    finished: bool,
) -> Result<Proposed, Stopped> {
    let Rehearsal { specs, card, .. } = &dispatch.rehearsal;
    let mut talk = Talk::new(prompt, specs.clone(), card.clone());
    let mut looks = dispatch.rehearsal.looks;
    let mut rehearsed = Rehearsed::default();
    let mut prompts = Vec::new();
    let mut answers = Vec::new();
    let mut handed_back = Vec::new();
    let mut format = dispatch.role.format;
    let (mut turn, mut tries) = (0, 0);
    loop {
        let request = request(session, dispatch, turn, format, &talk);
        let answer = ask(session, &request).await?;
        prompts.push(request.text());
        answers.push(written(&answer.text, &answer.calls));
        let base = &dispatch.brief.base;
        let cap = answer.cost.cap;
        let goes_on = !(finished && session.recorded.answer(&dispatch.key(turn + 1)).is_none());
        let calls = talk.calls(&answer);
        let read = |text: &str| candidate::from_answer(text, format, base, &dispatch.task);
        let submitted = rehearsed.draft.take_if(|_| calls.contains(&Called::Submit));
        if looks > 0 && !calls.is_empty() && submitted.is_none() && goes_on {
            looks -= 1;
            let Dispatch { task, cases, base_results, .. } = dispatch;
            let stage = Stage { key: &request.key, task, cases, base: base_results };
            let own = |draft: Option<&str>| read(draft.unwrap_or(&answer.text));
            let rehearsal = &dispatch.rehearsal;
            let results = rehearsal.serve(session, &stage, &calls, own, &mut rehearsed).await?;
            turn += 1;
            talk.go_on(answer, &results, turns_left(looks));
            continue;
        }
        let found = match (submitted, answer.unusable.clone()) {
            (Some(candidate), _) => Ok(candidate),
            (None, Some(why)) => {
                Err(Refusal { class: cap.map_or("no_answer", CapScope::class), reason: why })
            }
            (None, None) => read(&handed_in(&answer, &calls)),
        };
        let found = linted(session, &dispatch.task, found).await;
        turn += 1;
        tries += 1;
        let complaint = match &found {
            Ok(candidate) if dispatch.has_seen(&candidate.files) => {
                Some(("duplicate", SAME.to_owned()))
            }
            Ok(candidate) => dispatch.too_similar(&candidate.files).map(|id| {
                (
                    "too_similar",
                    format!("too similar to the candidate of attempt {id}; change more"),
                )
            }),
            Err(refusal) => Some((refusal.class, refusal.reason.clone())),
        };
        let alike = handed_back.iter().filter(|back: &&HandedBack| back.class == "too_similar");
        let may_repair = match (&complaint, &dispatch.likeness) {
            (Some(("too_similar", _)), Some(likeness)) => {
                alike.count() < likeness.resample as usize
            }
            _ => tries < TURNS,
        };
        let may_ask = cap.is_none() && may_repair && goes_on;
        let Some((class, complaint)) = complaint.filter(|_| may_ask) else {
            let trials = rehearsed.trials;
            return Ok(Proposed { prompts, answers, candidate: found, handed_back, trials });
        };
        handed_back.push(HandedBack { turn: turn - 1, class: class.to_owned() });
        if tries == TURNS - 1 && found.is_err() {
            format = AnswerFormat::Full;
        }
        let text = format!(
            "{complaint}\n\n{}",
            edit::candidate_contract(format, &dispatch.brief.editable)
        );
        talk.go_on(answer, &[], text);
    }
}

/// The candidate, unless its task refuses what the linter has something to say of. Where there is no linter, or it gave no
/// answer, nothing is refused.
async fn linted(
    session: &Session,
    task: &Task,
    found: Result<Candidate, Refusal>,
) -> Result<Candidate, Refusal> {
    let candidate = found?;
    if task.spec.screening.linter != LinterRule::Refuse {
        return Ok(candidate);
    }
    let quality = session.checker.look(task, &candidate.files).await;
    if quality.findings().is_empty() {
        return Ok(candidate);
    }
    let reason = format!("this task takes no code like this:\n{}", quality.told().join("\n"));
    Err(Refusal { class: "lint", reason })
}

fn request(
    session: &Session,
    dispatch: &Dispatch,
    turn: u32,
    format: AnswerFormat,
    talk: &Talk,
) -> Request {
    let indices = super::super::episode::stream_indices(
        session,
        dispatch.generation,
        &dispatch.episode,
        &[u64::from(dispatch.attempt), u64::from(turn)],
    );
    Request {
        key: dispatch.key(turn),
        role: dispatch.role_name.clone(),
        alias: dispatch.alias.clone(),
        messages: talk.messages.clone(),
        temperature: dispatch.role.temperature,
        top_p: dispatch.role.top_p,
        max_output_tokens: dispatch.role.max_output_tokens,
        seed: session.seed("worker", &indices),
        brief: Arc::new(Brief::Worker(WorkerBrief { format, ..dispatch.brief.clone() })),
        beside: dispatch.beside.clone(),
        tools: talk.tools.clone(),
    }
}

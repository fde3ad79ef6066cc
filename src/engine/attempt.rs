//! One attempt: prompt, answer, candidate, measurement. What comes of it is judged later, in the order of dispatch.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::ask;
use super::rehearse::{Rehearsal, Rehearsed, Stage};
use super::session::Session;
use super::turns::{Talk, handed_in, turns_left};
use super::{EngineError, Stopped, choice, grade};
use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::InnerAction;
use crate::domain::agent::{AnswerFormat, Role};
use crate::domain::edit;
use crate::domain::event::{AttemptEnd, AttemptResult, CallKey, CapScope, HandedBack};
use crate::domain::files::FileSet;
use crate::domain::normal;
use crate::domain::outcome::{CaseResult, Usage};
use crate::domain::task::{Case, Task};
use crate::domain::tool::{self, Called, written};
use crate::model::{Brief, Request, WorkerBrief};
use crate::rewrite::Agent;
use crate::solve::candidate::{self, Candidate, Refusal};
use crate::solve::context;
use crate::solve::episode::{Attempt, Episode};
use crate::solve::tools::{self, History};
use crate::solve::world;

/// Answers of one attempt, look-ups apart: the first, a repair with the reason, then the whole file instead of an edit.
const TURNS: u32 = 3;
/// What the author of a candidate hears that was met before.
const SAME: &str = "a candidate that does the same was tried before (comments and blanks apart); propose something else";
/// How often a candidate too similar to an earlier one goes back, unless the script says.
const RESAMPLE: u32 = 2;
/// References given to the optimiser besides those the script names.
const REFERENCES: usize = 4;

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

/// Prepares an attempt from the episode's state at this moment. `None` when the action is no proposal.
pub fn dispatch(
    session: &Session,
    agent: &Agent,
    episode: &Episode,
    cases: &Arc<Vec<Case>>,
    attempt: u32,
) -> Option<Dispatch> {
    let Some(InnerAction::Propose {
        base,
        refs,
        op,
        role,
        show,
        vars,
        model,
        format,
        max_similarity,
        resample,
        ..
    }) = episode.open_action(attempt)
    else {
        return None;
    };
    let setting = &episode.setting;
    let base = episode.attempt(*base)?;
    let (role_spec, prompt) = agent.role(role)?;
    let mut role_spec = role_spec.clone();
    role_spec.format = format.unwrap_or(role_spec.format);
    let references: Vec<&Attempt> = refs.iter().filter_map(|id| episode.attempt(*id)).collect();
    let vars = context::worker(
        episode,
        &context::Ask {
            op,
            base,
            references: references.clone(),
            show,
            extra: vars,
            contract: &edit::candidate_contract(
                role_spec.format,
                &setting.task.spec.solution.editable_paths(),
            ),
            memory: &agent.memory(),
        },
    );
    let rehearsal = rehearsal(&role_spec, episode);
    let prompt = prompt
        .render(&vars)
        .map(|text| text + &rehearsal.card)
        .map_err(|fault| Refusal { class: "prompt", reason: fault.to_string() });
    let alias = model
        .clone()
        .or_else(|| session.identity.model.clone())
        .unwrap_or_else(|| role_spec.model.clone());
    let key = CallKey::Attempt {
        generation: setting.generation,
        episode: setting.episode.clone(),
        attempt,
        turn: 0,
    };
    let ask = choice::Ask {
        key: &key,
        indices: &super::episode::stream_indices(
            session,
            setting.generation,
            &setting.episode,
            &[u64::from(attempt)],
        ),
        prompt_bytes: prompt.as_ref().map_or(0, String::len),
        max_output_tokens: role_spec.max_output_tokens,
    };
    let alias = choice::for_attempt(session, episode, alias, &ask);
    let wanted = session.models.is_command(&alias);
    let beside = if wanted { candidate::as_files(episode.attempts()) } else { FileSet::default() };
    Some(Dispatch {
        generation: setting.generation,
        episode: setting.episode.clone(),
        attempt,
        task: setting.task.clone(),
        cases: cases.clone(),
        role_name: role.clone(),
        alias,
        prompt,
        brief: WorkerBrief {
            base: base.files.as_deref().cloned().unwrap_or_default(),
            editable: setting.task.spec.solution.editable_paths(),
            references: reference_files(episode, &references, base.id),
            ingredients: setting.task.ingredients.clone(),
            operators: agent.config.operators.clone(),
            pieces: agent.config.pieces.clone(),
            op: op.clone(),
            failures: classes(base),
            format: role_spec.format,
        },
        role: role_spec,
        likeness: max_similarity.map(|most| Likeness {
            most,
            resample: resample.unwrap_or(RESAMPLE),
            others: episode
                .attempts()
                .iter()
                .filter_map(|a| Some((a.id, a.files.clone()?)))
                .collect(),
        }),
        base_results: base.result.cases.clone(),
        best: episode.best().result.metric,
        beside: Arc::new(beside),
        seen: episode.seen(),
        rehearsal,
    })
}

/// What a role may do before it answers: nothing unless it has tools and turns for them.
fn rehearsal(role: &Role, episode: &Episode) -> Rehearsal {
    let specs = if role.turns > 1 { tools::specs(&role.tools) } else { Vec::new() };
    let (card, looks, history) = match specs.is_empty() {
        true => (String::new(), 0, History::default()),
        false => (tool::card(role.turns, &specs), role.turns - 1, History::of(episode)),
    };
    Rehearsal { specs, card, looks, history: Arc::new(history) }
}

/// How often each class of failure occurred to a candidate, case by case.
fn classes(base: &Attempt) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for class in base.result.cases.iter().filter_map(CaseResult::class) {
        *counts.entry(class.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The candidates the optimiser may recombine: those the script names, then the best accepted ones.
fn reference_files(episode: &Episode, named: &[&Attempt], base: u32) -> Vec<FileSet> {
    let mut kept: Vec<&Attempt> = episode
        .attempts()
        .iter()
        .filter(|a| a.id != base && a.is_ok() && a.result.end == AttemptEnd::Accepted)
        .collect();
    kept.sort_by(|a, b| b.result.score.unwrap_or(0.0).total_cmp(&a.result.score.unwrap_or(0.0)));
    let named_ids: Vec<u32> = named.iter().map(|a| a.id).collect();
    kept.retain(|a| !named_ids.contains(&a.id));
    named
        .iter()
        .chain(kept.iter().take(REFERENCES))
        .filter_map(|attempt| attempt.files.as_deref().cloned())
        .collect()
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
                    let base = grade::Base { cases: base_results, best: *best };
                    grade::screened(session, task, &candidate.files, cases, base).await?
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

/// What the turns of an attempt came to.
struct Proposed {
    prompts: Vec<String>,
    answers: Vec<String>,
    candidate: Result<Candidate, Refusal>,
    handed_back: Vec<HandedBack>,
    /// Trials made of drafts.
    trials: u32,
}

impl Proposed {
    /// Nothing was asked.
    fn nothing(refusal: Refusal) -> Self {
        let (prompts, answers, handed_back, trials) = Default::default();
        Self { prompts, answers, candidate: Err(refusal), handed_back, trials }
    }
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

/// Asks until the answer holds a candidate or the turns are used up. A candidate that was met before is asked again
/// too: its author is told. Of an attempt that has finished, no turn is asked that was not asked then.
async fn propose(
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

fn request(
    session: &Session,
    dispatch: &Dispatch,
    turn: u32,
    format: AnswerFormat,
    talk: &Talk,
) -> Request {
    let indices = super::episode::stream_indices(
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
    }
}

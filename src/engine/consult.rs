//! Advice: a role that is asked about an episode, and what it says. It costs a call, no attempt and no trial.

use std::sync::Arc;

use super::episode::stream_indices;
use super::readable::ask_for;
use super::session::Session;
use super::{EngineError, Stopped};
use crate::domain::action::InnerAction;
use crate::domain::consult::{self, Advice, Review};
use crate::domain::event::CallKey;
use crate::domain::outcome::classes;
use crate::model::{AdviceBrief, Brief, Message, Request, Speaker, Toolbox};
use crate::rewrite::Agent;
use crate::solve::context;
use crate::solve::episode::{Attempt, Episode, Setting};

/// What was said, and what was asked for it, turn by turn.
pub struct Advised {
    /// What was said.
    pub advice: Advice,
    /// The prompts, for the evidence.
    pub prompts: Vec<String>,
    /// The answers, for the evidence.
    pub answers: Vec<String>,
}

/// Asks for the advice that `action` wants, the `number`-th of the episode. What the journal has of it is read.
pub async fn advise(
    session: &Session,
    agent: &Agent,
    episode: &Episode,
    number: u32,
    action: &InnerAction,
) -> Result<Advised, Stopped> {
    let request = match request(session, agent, episode, number, action)? {
        Ok(request) => request,
        Err(reason) => {
            let advice = Advice::Void { reason };
            return Ok(Advised { advice, prompts: Vec::new(), answers: Vec::new() });
        }
    };
    let at = |turn| (key(episode, number, turn), seed(session, episode, number, turn));
    let read = |answer: &str| read(action, answer);
    let heard = ask_for(session, request, contract(action), at, read).await?;
    let told = heard.turns.into_iter().map(|turn| (turn.prompt, turn.answer));
    let (prompts, answers) = told.unzip();
    let advice = heard.read.unwrap_or_else(|reason| Advice::Void { reason });
    Ok(Advised { advice, prompts, answers })
}

fn key(episode: &Episode, consult: u32, turn: u32) -> CallKey {
    let Setting { generation, episode, .. } = &episode.setting;
    CallKey::Consult { generation: *generation, episode: episode.clone(), consult, turn }
}

fn contract(action: &InnerAction) -> &'static str {
    match action {
        InnerAction::Review { .. } => consult::REVIEW_CONTRACT,
        _ => consult::NOTE_CONTRACT,
    }
}

fn read(action: &InnerAction, answer: &str) -> Result<Advice, String> {
    match action {
        InnerAction::Review { of, .. } => Review::read(*of, answer).map(Advice::Review),
        InnerAction::Reflect { to, .. } => {
            consult::read_note(answer).map(|text| Advice::Note { to: to.clone(), text })
        }
        InnerAction::Propose { .. } | InnerAction::Stop { .. } => {
            Err("nothing was to be advised".to_owned())
        }
    }
}

/// The first request; the reason when the role's prompt cannot be rendered.
fn request(
    session: &Session,
    agent: &Agent,
    episode: &Episode,
    number: u32,
    action: &InnerAction,
) -> Result<Result<Request, String>, Stopped> {
    let (role, about, vars) = match action {
        InnerAction::Review { of, role, show } => {
            let attempt = episode.attempt(*of);
            let vars = attempt.map(|of| context::reviewer(episode, of, show, contract(action)));
            (role, attempt, vars)
        }
        InnerAction::Reflect { by, about, .. } => {
            (by, None, Some(context::diagnose(episode, about, contract(action))))
        }
        InnerAction::Propose { .. } | InnerAction::Stop { .. } => (&String::new(), None, None),
    };
    let (Some(vars), Some((spec, prompt))) = (vars, agent.role(role)) else {
        return Err(EngineError::Internal("advice about nothing, or of nobody".into()).into());
    };
    let text = match prompt.render(&vars) {
        Ok(text) => text,
        Err(fault) => return Ok(Err(format!("the prompt of {role} cannot be rendered: {fault}"))),
    };
    Ok(Ok(Request {
        key: key(episode, number, 0),
        role: role.clone(),
        alias: session.identity.model.clone().unwrap_or_else(|| spec.model.clone()),
        messages: vec![Message { speaker: Speaker::User, text }],
        temperature: spec.temperature,
        top_p: spec.top_p,
        max_output_tokens: spec.max_output_tokens,
        seed: seed(session, episode, number, 0),
        brief: Arc::new(Brief::Advice(brief(episode, about))),
        beside: Arc::default(),
        tools: Toolbox::default(),
    }))
}

/// What the offline optimiser is given: of one attempt, or of the whole episode.
fn brief(episode: &Episode, of: Option<&Attempt>) -> AdviceBrief {
    let attempt = of.unwrap_or_else(|| episode.best());
    let mut failures = classes(&attempt.result.cases, &attempt.result.error_class);
    if of.is_none() {
        for (class, failed) in episode.result().failures {
            *failures.entry(class).or_insert(0) += failed.count;
        }
    }
    AdviceBrief {
        review: of.is_some(),
        files: attempt.files.as_deref().cloned().unwrap_or_default(),
        failures,
        cases: u32::try_from(attempt.result.cases.len()).unwrap_or(u32::MAX),
        credit: episode.result().credit,
    }
}

fn seed(session: &Session, episode: &Episode, number: u32, turn: u32) -> u64 {
    let setting = &episode.setting;
    let rest = [u64::from(number), u64::from(turn)];
    let indices = stream_indices(session, setting.generation, &setting.episode, &rest);
    session.seed("consult", &indices)
}

//! The turns of one rewrite: look-ups, the answer, repairs. Every turn is a call of the run with a key of its own, so a
//! resumed run asks none of them again.

use std::sync::Arc;

use super::{Draft, Order, TURNS, draft};
use crate::domain::edit;
use crate::domain::event::{CallKey, Diagnostic, HandedBack};
use crate::domain::tool::{Called, shown};
use crate::engine::Stopped;
use crate::engine::ask::ask;
use crate::engine::recorded::Answer;
use crate::engine::session::Session;
use crate::engine::turns::{Talk, handed_in, turns_left};
use crate::model::{Brief, MetaBrief, Request};
use crate::rewrite::{Library, context, tools};

/// What the turns of a rewrite came to.
pub(super) struct Made {
    /// What its last answer came to.
    pub draft: Draft,
    /// The prompts, for the evidence.
    pub prompts: Vec<String>,
    /// Answers that went back.
    pub handed_back: Vec<HandedBack>,
}

/// The conversation of one rewrite: look-ups as long as there are turns for them, the answer, and its repairs.
pub(super) async fn converse(
    session: &Session,
    order: &Order,
    prompt: &str,
) -> Result<Made, Stopped> {
    let (specs, card) = order.tools.clone();
    let mut talk = Talk::new(prompt, specs, card);
    let (mut prompts, mut handed_back) = (Vec::new(), Vec::new());
    let mut findings = Vec::new();
    let mut turn = 0;
    let mut looks = order.role.turns.saturating_sub(1);
    // The last changes that were checked and found well-formed.
    let mut checked = None;
    loop {
        let request = request(session, order, turn, &talk, findings.clone());
        let answer = ask(session, &request).await?;
        prompts.push(request.text());
        let calls = talk.calls(&answer);
        if calls.contains(&Called::Submit)
            && let Some(draft) = checked.take()
        {
            return Ok(Made { draft, prompts, handed_back });
        }
        let (results, rest) =
            match order.library.as_ref().filter(|_| looks > 0 && !calls.is_empty()) {
                Some(library) => {
                    looks -= 1;
                    let results =
                        serve(session, order, library, &calls, &answer, &mut checked).await?;
                    (results, turns_left(looks))
                }
                None => {
                    let draft = draft(session, order, &answer, &handed_in(&answer, &calls)).await?;
                    let repairs = u32::try_from(handed_back.len()).unwrap_or(u32::MAX);
                    let may_ask = repairs + 1 < TURNS && answer.cost.cap.is_none();
                    let Some(stage) = draft.stage.filter(|_| may_ask) else {
                        return Ok(Made { draft, prompts, handed_back });
                    };
                    handed_back.push(HandedBack { turn, class: stage.name().to_owned() });
                    findings = draft.diagnostics;
                    let repair = context::repair(&findings, edit::contract(order.role.format));
                    (Vec::new(), repair)
                }
            };
        turn += 1;
        talk.go_on(answer, &results, rest);
    }
}

/// What each call of one answer comes to, under its title.
async fn serve(
    session: &Session,
    order: &Order,
    library: &Library,
    calls: &[Called],
    answer: &Answer,
    checked: &mut Option<Draft>,
) -> Result<Vec<(String, String)>, Stopped> {
    let mut results = Vec::new();
    for call in calls {
        let result = match call {
            Called::Look(words) => tools::look_up(library, words),
            Called::Submit => "nothing was checked and found well-formed yet\n".to_owned(),
            Called::Refused { why, .. } => shown(Err(why.clone())),
            Called::Try { draft: own, .. } => {
                let changes = own.as_deref().unwrap_or(&answer.text);
                let draft = draft(session, order, answer, changes).await?;
                let found: Vec<String> =
                    draft.diagnostics.iter().map(|finding| format!("- {finding}\n")).collect();
                *checked = draft.stage.is_none().then_some(draft);
                match checked {
                    Some(_) => "well-formed; `submit` hands it in\n".to_owned(),
                    None => format!("not well-formed:\n{}", found.concat()),
                }
            }
        };
        results.push((call.title().to_owned(), result));
    }
    Ok(results)
}

fn request(
    session: &Session,
    order: &Order,
    turn: u32,
    talk: &Talk,
    findings: Vec<Diagnostic>,
) -> Request {
    Request {
        key: CallKey::Rewrite { generation: order.id, turn },
        role: "meta".into(),
        alias: order.alias.clone(),
        messages: talk.messages.clone(),
        temperature: order.role.temperature,
        top_p: order.role.top_p,
        max_output_tokens: order.role.max_output_tokens,
        seed: session.seed("meta", &[u64::from(order.id.0), u64::from(turn)]),
        brief: Arc::new(Brief::Meta(MetaBrief { findings, ..order.brief.clone() })),
        beside: order.beside.clone(),
        tools: talk.tools.clone(),
    }
}

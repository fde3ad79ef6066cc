//! The turns of one rewrite: look-ups, the answer, repairs. Every turn is a call of the run with a key of its own, so a
//! resumed run asks none of them again.

use std::sync::Arc;

use super::{Draft, Order, TURNS, draft};
use crate::domain::edit;
use crate::domain::event::{CallKey, Diagnostic, HandedBack};
use crate::engine::Stopped;
use crate::engine::ask::ask;
use crate::engine::recorded::Answer;
use crate::engine::session::Session;
use crate::model::{Brief, Message, MetaBrief, Request, Speaker};
use crate::rewrite::tools::{self, Call};
use crate::rewrite::{Library, context};

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
    let mut messages = vec![Message { speaker: Speaker::User, text: prompt.to_owned() }];
    let (mut prompts, mut handed_back) = (Vec::new(), Vec::new());
    let mut findings = Vec::new();
    let mut turn = 0;
    let mut looks = order.role.turns.saturating_sub(1);
    // The last changes that were checked and found well-formed.
    let mut checked = None;
    loop {
        let request = request(session, order, turn, messages.clone(), findings.clone());
        let answer = ask(session, &request).await?;
        prompts.push(request.text());
        let library = order.library.as_ref().filter(|_| answer.unusable.is_none());
        let calls = library.map(|_| tools::calls(&answer.text)).unwrap_or_default();
        if calls.contains(&Call::Submit)
            && let Some(draft) = checked.take()
        {
            return Ok(Made { draft, prompts, handed_back });
        }
        let text = match library.filter(|_| looks > 0 && !calls.is_empty()) {
            Some(library) => {
                looks -= 1;
                serve(session, order, library, &calls, &answer, &mut checked, looks).await?
            }
            None => {
                let draft = draft(session, order, &answer).await?;
                let repairs = u32::try_from(handed_back.len()).unwrap_or(u32::MAX);
                let may_ask = repairs + 1 < TURNS && answer.cost.cap.is_none();
                let Some(stage) = draft.stage.filter(|_| may_ask) else {
                    return Ok(Made { draft, prompts, handed_back });
                };
                handed_back.push(HandedBack { turn, class: stage.name().to_owned() });
                findings = draft.diagnostics;
                context::repair(&findings, edit::contract(order.role.format))
            }
        };
        turn += 1;
        messages.push(Message { speaker: Speaker::Assistant, text: answer.text });
        messages.push(Message { speaker: Speaker::User, text });
    }
}

/// What the calls of one answer come to, as its author reads it.
async fn serve(
    session: &Session,
    order: &Order,
    library: &Library,
    calls: &[Call],
    answer: &Answer,
    checked: &mut Option<Draft>,
    looks: u32,
) -> Result<String, Stopped> {
    let mut text = String::new();
    for call in calls {
        let (name, result) = match call {
            Call::Look(words) => (words.as_str(), tools::look(library, words)),
            Call::Submit => {
                ("submit", "nothing was checked and found well-formed yet\n".to_owned())
            }
            Call::Validate => {
                let draft = draft(session, order, answer).await?;
                let found: Vec<String> =
                    draft.diagnostics.iter().map(|finding| format!("- {finding}\n")).collect();
                *checked = draft.stage.is_none().then_some(draft);
                let told = match checked {
                    Some(_) => "well-formed; `TOOL submit` hands it in\n".to_owned(),
                    None => format!("not well-formed:\n{}", found.concat()),
                };
                ("validate", told)
            }
        };
        text.push_str(&format!("==== TOOL {name} ====\n{result}\n"));
    }
    text.push_str(&match looks {
        0 => {
            "This was the last look-up: answer with the changes now, or `TOOL submit`.\n".to_owned()
        }
        looks => format!("Turns for look-ups left: {looks}.\n"),
    });
    Ok(text)
}

fn request(
    session: &Session,
    order: &Order,
    turn: u32,
    messages: Vec<Message>,
    findings: Vec<Diagnostic>,
) -> Request {
    Request {
        key: CallKey::Rewrite { generation: order.id, turn },
        role: "meta".into(),
        alias: order.alias.clone(),
        messages,
        temperature: order.role.temperature,
        top_p: order.role.top_p,
        max_output_tokens: order.role.max_output_tokens,
        seed: session.seed("meta", &[u64::from(order.id.0), u64::from(turn)]),
        brief: Arc::new(Brief::Meta(MetaBrief { findings, ..order.brief.clone() })),
        beside: order.beside.clone(),
    }
}

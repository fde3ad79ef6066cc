//! The only way to a model: what was answered before is read from the journal, and a new answer is durable before it
//! is used.

use tokio::time::timeout_at;

use super::session::Session;
use super::{EngineError, Stopped, recorded::Answer};
use crate::base::digest::Digest;
use crate::base::failpoint::{self, Site};
use crate::domain::event::{CallCost, Event, Halt};
use crate::model::{Consequence, ModelError, Reply, Request};

/// Asks a model, unless the journal has the answer.
pub async fn ask(session: &Session, request: &Request) -> Result<Answer, Stopped> {
    if let Some(answer) = session.recorded.answer(&request.key) {
        return Ok(answer.clone());
    }
    session.check_going()?;
    let answer = match &session.repeated {
        Some(repeated) => {
            repeated.answer(&request.key).cloned().ok_or_else(|| recording_ends(request))?
        }
        None => ask_model(session, request).await?,
    };
    failpoint::pass(Site::AnswerReceived);
    tell(request, &answer);
    session
        .record(Event::Answered {
            key: request.key.clone(),
            role: request.role.clone(),
            alias: request.alias.clone(),
            prompt: Digest::of(request.text().as_bytes()),
            text: answer.text.clone(),
            calls: answer.calls.clone(),
            kept: answer.kept.clone(),
            unusable: answer.unusable.clone(),
            cost: answer.cost.clone(),
        })
        .await?;
    session.costs.add(&request.key, &answer.cost);
    failpoint::pass(Site::AnswerRecorded);
    Ok(answer)
}

/// One line of the log for each answer; no text of it, which may be long and is in the journal.
fn tell(request: &Request, answer: &Answer) {
    let CallCost { input_tokens, cached_tokens, output_tokens, usd, requests, wall_ms, .. } =
        &answer.cost;
    tracing::info!(
        role = request.role,
        alias = %request.alias,
        call = %request.key,
        input_tokens,
        cached_tokens,
        output_tokens,
        micro_usd = usd.map(|usd| usd.0),
        requests,
        wall_ms,
        unusable = answer.unusable,
        "answered"
    );
}

async fn ask_model(session: &Session, request: &Request) -> Result<Answer, Stopped> {
    failpoint::pass(Site::AnswerAsked);
    let answered = |text, unusable, cost| {
        let (alias, calls) = (request.alias.clone(), Vec::new());
        Answer { alias, text, calls, kept: None, unusable, cost }
    };
    Ok(match ask_in_time(session, request).await? {
        Ok(Reply { text, calls, kept, cost }) => {
            Answer { calls, kept, ..answered(text, None, cost) }
        }
        Err(ModelError::NotAnAnswer { fault, text, cost, .. }) => {
            answered(text, Some(fault.to_string()), *cost)
        }
        Err(failed) => match failed.consequence() {
            Consequence::SpendAttempt => {
                answered(String::new(), Some(failed.to_string()), CallCost::default())
            }
            Consequence::EndWork(scope) => {
                let cost = CallCost { cap: Some(scope), ..CallCost::default() };
                answered(String::new(), Some(failed.to_string()), cost)
            }
            Consequence::HaltAtBudget => return Err(halted(Halt::Budget, &failed)),
            Consequence::Pause => return Err(halted(Halt::Provider, &failed)),
            Consequence::Interrupted => return Err(Stopped::interrupted()),
            Consequence::MendSettings => return Err(EngineError::from(failed).into()),
        },
    })
}

/// The recording of a run that never ended has no answer to what it was about to ask.
fn recording_ends(request: &Request) -> Stopped {
    let detail = format!("no answer is recorded for {}", request.key);
    Stopped::Halted { why: Halt::Paused, detail }
}

/// Asks. A call that is under way when the time is up may still be answered, because it may be paid; one that waits for
/// a provider which answers nobody is given up.
async fn ask_in_time(
    session: &Session,
    request: &Request,
) -> Result<Result<Reply, ModelError>, Stopped> {
    let asking = session.models.ask(request, &session.cancel);
    let Some(deadline) = session.deadline else { return Ok(asking.await) };
    tokio::pin!(asking);
    if let Ok(answered) = timeout_at(deadline.into(), &mut asking).await {
        return Ok(answered);
    }
    let mut paused = session.models.paused();
    loop {
        if session.models.is_paused(&request.alias) {
            let detail = format!(
                "the time given by max_minutes is up while model `{}` waits for its provider",
                request.alias
            );
            return Err(Stopped::Halted { why: Halt::Provider, detail });
        }
        tokio::select! {
            answered = &mut asking => return Ok(answered),
            Ok(()) = paused.changed() => {}
        }
    }
}

fn halted(why: Halt, failed: &ModelError) -> Stopped {
    Stopped::Halted { why, detail: failed.to_string() }
}

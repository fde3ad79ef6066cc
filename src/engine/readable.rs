//! Asking for an answer in a form: one that does not read goes back to its author with the reason, a turn at a time.

use super::Stopped;
use super::ask::ask;
use super::session::Session;
use crate::domain::event::CallKey;
use crate::model::{Message, Request, Speaker};

/// Turns of one question: the answer, and a repair with the reason.
pub const TURNS: u32 = 2;

/// What came of a question.
pub struct Heard<T> {
    /// What was read; else why the last answer does not read.
    pub read: Result<T, String>,
    /// Turn by turn.
    pub turns: Vec<Turn>,
}

/// One turn.
pub struct Turn {
    /// What was asked.
    pub prompt: String,
    /// What was answered.
    pub answer: String,
    /// Why that does not read, if it does not.
    pub fault: Option<String>,
}

/// Asks until an answer reads, [`TURNS`] times at most. `at` has the key and the seed of each turn; what goes back is the
/// reason and `contract`, the form that was asked for.
pub async fn ask_for<T>(
    session: &Session,
    mut request: Request,
    contract: &str,
    at: impl Fn(u32) -> (CallKey, u64),
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Heard<T>, Stopped> {
    let mut heard = Heard { read: Err(String::new()), turns: Vec::new() };
    for turn in 0..TURNS {
        (request.key, request.seed) = at(turn);
        let answer = ask(session, &request).await?;
        heard.read = match answer.unusable {
            Some(why) => Err(why),
            None => read(&answer.text),
        };
        let fault = heard.read.as_ref().err().cloned();
        let prompt = request.text();
        if let Some(reason) = &fault {
            let text = format!("{reason}\n\n{contract}");
            request.messages.extend([
                Message { speaker: Speaker::Assistant, text: answer.text.clone() },
                Message { speaker: Speaker::User, text },
            ]);
        }
        heard.turns.push(Turn { prompt, answer: answer.text, fault });
        if heard.read.is_ok() {
            break;
        }
    }
    Ok(heard)
}

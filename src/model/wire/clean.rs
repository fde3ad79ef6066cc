//! A provider's words, fit to be kept and shown: without the key, without control characters, not endless.

use super::secret::Secret;
use super::{AnswerFault, Trouble, Verdict};
use crate::model::chat::{Answer, ToolCall};

/// The longest piece of a provider's words that is kept, characters.
const LONGEST_MESSAGE: usize = 600;

/// Cleans everything in a verdict. Answers are longer than messages, and only whole keys are taken out of them.
pub(super) fn verdict(verdict: Verdict, key: Option<&Secret>) -> Verdict {
    match verdict {
        Verdict::Answer(Answer { text, calls, model, tokens }) => Verdict::Answer(Answer {
            text: answer(text, key),
            calls: calls.into_iter().map(|call| tool_call(call, key)).collect(),
            model: model.map(|model| words(&model, key)),
            tokens,
        }),
        Verdict::NotAnAnswer { fault, text, tokens } => Verdict::NotAnAnswer {
            fault: answer_fault(fault, key),
            text: answer(text, key),
            tokens,
        },
        Verdict::Again(failed, after) => Verdict::Again(trouble(failed, key), after),
        Verdict::Down(failed) => Verdict::Down(trouble(failed, key)),
        Verdict::Refused { status, message } => {
            Verdict::Refused { status, message: words(&message, key) }
        }
    }
}

/// A failure without the key.
pub(super) fn trouble(trouble: Trouble, key: Option<&Secret>) -> Trouble {
    match trouble {
        Trouble::Status { status, message } => {
            Trouble::Status { status, message: words(&message, key) }
        }
        Trouble::Connect { reason } => Trouble::Connect { reason: words(&reason, key) },
        Trouble::Broken { reason } => Trouble::Broken { reason: words(&reason, key) },
        Trouble::Garbled { reason } => Trouble::Garbled { reason: words(&reason, key) },
        Trouble::Paused { reason } => Trouble::Paused { reason: words(&reason, key) },
        timed_out @ Trouble::TimedOut { .. } => timed_out,
    }
}

fn answer_fault(fault: AnswerFault, key: Option<&Secret>) -> AnswerFault {
    match fault {
        AnswerFault::Declined { reason } => AnswerFault::Declined { reason: words(&reason, key) },
        AnswerFault::PromptTooLong { reason } => {
            AnswerFault::PromptTooLong { reason: words(&reason, key) }
        }
        AnswerFault::Recorded { reason } => AnswerFault::Recorded { reason: words(&reason, key) },
        AnswerFault::BrokenToolCall { reason } => {
            AnswerFault::BrokenToolCall { reason: words(&reason, key) }
        }
        plain @ (AnswerFault::Truncated
        | AnswerFault::Empty
        | AnswerFault::Filtered
        | AnswerFault::ToolCall
        | AnswerFault::TookTooLong { .. }
        | AnswerFault::TooMuch { .. }) => plain,
    }
}

fn words(words: &str, key: Option<&Secret>) -> String {
    let words = key.map_or_else(|| words.to_owned(), |key| key.redact(words));
    let mut shown = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut clean: String = shown.by_ref().take(LONGEST_MESSAGE).collect();
    if shown.next().is_some() {
        clean.push('…');
    }
    clean
}

fn answer(text: String, key: Option<&Secret>) -> String {
    match key {
        Some(key) => key.redact_answer(text),
        None => text,
    }
}

/// A call whose arguments hold the key is read again from their cleaned text.
fn tool_call(call: ToolCall, key: Option<&Secret>) -> ToolCall {
    let given = call.arguments.to_string();
    let cleaned = answer(given.clone(), key);
    let arguments = match cleaned == given {
        true => call.arguments,
        false => serde_json::from_str(&cleaned).unwrap_or_default(),
    };
    let broken = call.broken.map(|why| words(&why, key));
    ToolCall { arguments, broken, ..call }
}

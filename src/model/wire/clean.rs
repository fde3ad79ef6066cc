//! A provider's words, fit to be kept and shown: without the key, without control characters, not endless.

use serde_json::Value;

use super::secret::Secret;
use super::{AnswerFault, Trouble, Verdict};
use crate::domain::kept::KeptPart;
use crate::model::chat::{Answer, Kept, ToolCall};

/// The longest piece of a provider's words that is kept, characters.
const LONGEST_MESSAGE: usize = 600;

/// Cleans everything in a verdict. Answers are longer than messages, and only whole keys are taken out of them.
pub(super) fn verdict(verdict: Verdict, key: Option<&Secret>) -> Verdict {
    match verdict {
        Verdict::Answer(Answer { text, calls, kept, model, tokens }) => Verdict::Answer(Answer {
            text: answer(text, key),
            calls: calls.into_iter().map(|call| tool_call(call, key)).collect(),
            kept: kept.map(|kept| unread(kept, key)),
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

/// A call without the key in its arguments.
fn tool_call(call: ToolCall, key: Option<&Secret>) -> ToolCall {
    let arguments = value(call.arguments, key);
    let broken = call.broken.map(|why| words(&why, key));
    ToolCall { arguments, broken, ..call }
}

/// What a provider wants back has no key in it either, even if the provider then refuses it.
fn unread(kept: Kept, key: Option<&Secret>) -> Kept {
    let part = |part| match part {
        KeptPart::Raw(piece) => KeptPart::Raw(value(piece, key)),
        call @ KeptPart::Call(_) => call,
    };
    Kept { parts: kept.parts.into_iter().map(part).collect(), ..kept }
}

/// A value that holds the key is read again from its cleaned text.
fn value(given: Value, key: Option<&Secret>) -> Value {
    let text = given.to_string();
    let cleaned = answer(text.clone(), key);
    match cleaned == text {
        true => given,
        false => serde_json::from_str(&cleaned).unwrap_or_default(),
    }
}

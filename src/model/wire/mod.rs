//! Models behind HTTP. A [`dialect::Dialect`] is a pure translator: a conversation becomes a [`WireRequest`], the events
//! of a stream or a whole body become a [`draft::Draft`], and that a [`Verdict`]. Sending happens in one place
//! (`transport`), asking again in another (`retry`), and what all calls to one model share - its rate limits, and
//! whether it answers at all - in a third (`gate`). `provider` ties them to an alias, a key and its time-outs.

mod anthropic;
mod clean;
mod dialect;
mod draft;
mod gate;
mod gemini;
mod judgement;
mod limits;
mod openai_chat;
mod openai_responses;
mod provider;
mod retry;
mod secret;
mod sse;
mod transport;

use std::time::Duration;

pub(super) use gate::Gates;
pub(super) use provider::{Asked, Provider};
pub(super) use retry::Patience;
#[cfg(feature = "otel")]
pub(super) use transport::client;

use super::chat::Answer;
use super::fault::{AnswerFault, Trouble};
use super::price::Tokens;

/// A request as a provider wants it, without the key.
#[derive(Debug)]
struct WireRequest {
    /// Where it goes.
    url: String,
    /// The header that carries the key, and what stands before the key in it.
    key_header: (&'static str, &'static str),
    /// Other headers.
    headers: &'static [(&'static str, &'static str)],
    /// The JSON body.
    body: Vec<u8>,
}

/// What a response means.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// An answer.
    Answer(Answer),
    /// Paid, but no answer.
    NotAnAnswer {
        /// What it is instead.
        fault: AnswerFault,
        /// The text there is.
        text: String,
        /// What it used.
        tokens: Tokens,
    },
    /// Asking again may help, and the body may say when.
    Again(Trouble, Option<Duration>),
    /// Asking again soon does not help, but later may.
    Down(Trouble),
    /// Asking again never helps.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's words.
        message: String,
    },
}

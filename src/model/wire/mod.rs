//! Models behind HTTP. A dialect is a pure translator: a request becomes a [`WireRequest`], a [`WireResponse`] becomes
//! a [`Verdict`]. Sending happens in one place (`transport`), asking again in another (`retry`); `provider` ties them
//! to an alias, a key and its time-outs.

mod openai_chat;
mod provider;
mod retry;
mod secret;
mod transport;

use std::time::Duration;

pub(super) use provider::Provider;

use super::fault::{AnswerFault, Trouble};
use super::price::Tokens;

/// A request as a provider wants it, without the key.
struct WireRequest {
    /// Where it goes.
    url: String,
    /// The header that carries the key, and what stands before the key in it.
    key_header: (&'static str, &'static str),
    /// The JSON body.
    body: Vec<u8>,
}

/// What a provider sent back.
struct WireResponse {
    /// The HTTP status.
    status: u16,
    /// How long it asks to wait.
    retry_after: Option<Duration>,
    /// The body.
    body: Vec<u8>,
}

/// What a response means.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// An answer.
    Answer {
        /// Its text.
        text: String,
        /// What it used.
        tokens: Tokens,
    },
    /// Paid, but no answer.
    NotAnAnswer {
        /// What it is instead.
        fault: AnswerFault,
        /// The text there is.
        text: String,
        /// What it used.
        tokens: Tokens,
    },
    /// Asking again may help.
    Again(Trouble),
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

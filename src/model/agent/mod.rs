//! Those who are no language model behind an API: a program of the person's that changes files, and the person.
//!
//! Both are asked once and give one text in the form of every answer, so whoever asks cannot tell the difference.

mod command;
mod manual;
mod said;
mod scratch;

pub(super) use command::Command;
pub(super) use manual::Manual;

use super::request::{Request, Speaker};

/// The conversation so far as one text.
fn conversation(request: &Request) -> String {
    let mut text = String::new();
    for (turn, message) in request.messages.iter().enumerate() {
        match (turn, message.speaker) {
            (0, _) => {}
            (_, Speaker::Assistant) => text.push_str("\n\n---- your earlier answer ----\n\n"),
            (_, Speaker::User) => text.push_str("\n\n---- what is to be said to it ----\n\n"),
        }
        text.push_str(&message.text);
    }
    text
}

//! A dialect: the language one kind of provider speaks, as pure functions.

use serde_json::{Map, Value};

use super::draft::Draft;
use super::judgement::{self, ProviderError};
use super::sse::SseEvent;
use super::{Trouble, Verdict, WireRequest};
use crate::domain::settings::{self, ModelSpec, WireParameter};
use crate::model::chat::Chat;

/// An answer that is not of the dialect, and in which way.
#[derive(Debug)]
pub(super) struct Garbled(pub String);

impl From<serde_json::Error> for Garbled {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<Garbled> for Verdict {
    fn from(Garbled(reason): Garbled) -> Self {
        Self::Again(Trouble::Garbled { reason }, None)
    }
}

/// A dialect. None of its functions waits, sends or remembers.
pub(super) trait Dialect: Sync {
    /// The request for a conversation.
    fn translate(&self, spec: &ModelSpec, chat: &Chat) -> WireRequest;

    /// Takes in an answer that came in one piece.
    fn whole(&self, body: &Value, draft: &mut Draft) -> Result<(), Garbled>;

    /// Takes in one event of a streamed answer.
    fn event(&self, event: &SseEvent, draft: &mut Draft) -> Result<(), Garbled>;
}

/// The dialect of these settings; `None` for what is not reached over HTTP.
pub(super) fn of(dialect: settings::Dialect) -> Option<&'static dyn Dialect> {
    match dialect {
        settings::Dialect::OpenaiChat => Some(&super::openai_chat::OpenaiChat),
        settings::Dialect::OpenaiResponses => Some(&super::openai_responses::OpenaiResponses),
        settings::Dialect::Anthropic => Some(&super::anthropic::Anthropic),
        settings::Dialect::Gemini => Some(&super::gemini::Gemini),
        settings::Dialect::Offline
        | settings::Dialect::Random
        | settings::Dialect::Scripted
        | settings::Dialect::Replay
        | settings::Dialect::Command
        | settings::Dialect::Manual => None,
    }
}

/// What a response in one piece means.
pub(super) fn judge(dialect: &dyn Dialect, status: u16, body: &[u8], offered: bool) -> Verdict {
    if !(200..300).contains(&status) {
        return judgement::failure(status, ProviderError::read(body));
    }
    let mut draft = Draft { ended: true, ..Draft::default() };
    let body = match serde_json::from_slice::<Value>(body) {
        Ok(body) => body,
        Err(error) => return Garbled::from(error).into(),
    };
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return inner_failure(error);
    }
    match dialect.whole(&body, &mut draft) {
        Ok(()) => draft.verdict(offered),
        Err(garbled) => garbled.into(),
    }
}

/// What an error inside a response of status 200 means.
pub(super) fn inner_failure(error: &Value) -> Verdict {
    let error = ProviderError::from_value(error);
    judgement::failure(judgement::status_of(&error), error)
}

/// The base URL, without a slash at its end.
pub(super) fn base<'a>(spec: &'a ModelSpec, default: &'a str) -> &'a str {
    spec.base_url.as_deref().unwrap_or(default).trim_end_matches('/')
}

/// The provider's name of the model.
pub(super) fn model(spec: &ModelSpec) -> &str {
    spec.model.as_deref().unwrap_or_default()
}

/// Puts the parameters into a body that have a value and that the server takes.
pub(super) fn parameters<const N: usize>(
    body: &mut Map<String, Value>,
    spec: &ModelSpec,
    parameters: [(WireParameter, &str, Option<Value>); N],
) {
    for (parameter, name, value) in parameters {
        if let Some(value) = value.filter(|_| !spec.omit.contains(&parameter)) {
            body.insert(name.into(), value);
        }
    }
}

/// The finished body: what the settings add wins over the kernel's own.
pub(super) fn finish(mut body: Map<String, Value>, spec: &ModelSpec) -> Vec<u8> {
    body.extend(spec.body.clone());
    Value::Object(body).to_string().into_bytes()
}

/// Some servers read the seed as a signed 32-bit number.
pub(super) fn narrow_seed(seed: u64) -> u64 {
    seed & 0x7fff_ffff
}

/// A text inside a value.
pub(super) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A number inside a value.
pub(super) fn count_at(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

#[cfg(test)]
pub(super) mod tests;

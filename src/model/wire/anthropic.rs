//! The dialect `anthropic`: Anthropic's messages.
//!
//! Source: Anthropic API reference, "Create a message", "Streaming messages", "Prompt caching"; "Extended thinking" on
//! what goes back in a tool loop: the thinking as it came, signatures and all.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::WireRequest;
use super::dialect::{self, Dialect, Garbled, base, count_at, finish, parameters, text_at};
use super::draft::{CallDraft, Draft, Stop};
use super::sse::SseEvent;
use crate::domain::settings::{Dialect as Name, ModelSpec, WireParameter};
use crate::model::chat::{Chat, ToolCall, Turn};

/// Where requests go when `base_url` is absent.
const ANTHROPIC: &str = "https://api.anthropic.com/v1";

/// The version of the API this dialect speaks.
const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

const NAME: Name = Name::Anthropic;

/// The highest temperature that is taken; elsewhere it is 2, and a script may ask for it.
const HOTTEST: f64 = 1.0;

/// The dialect.
pub(super) struct Anthropic;

impl Dialect for Anthropic {
    fn translate(&self, spec: &ModelSpec, chat: &Chat) -> WireRequest {
        WireRequest {
            url: format!("{}/messages", base(spec, ANTHROPIC)),
            key_header: ("x-api-key", ""),
            headers: HEADERS,
            body: finish(body(spec, chat), spec),
        }
    }

    fn whole(&self, body: &Value, draft: &mut Draft) -> Result<(), Garbled> {
        let message = Message::deserialize(body)?;
        for (place, block) in (0..).zip(message.content.unwrap_or_default()) {
            begin(&block, place, draft)?;
        }
        draft.model = message.model;
        stopped(message.stop_reason.as_deref(), draft);
        message.usage.unwrap_or_default().add_to(draft);
        Ok(())
    }

    fn event(&self, event: &SseEvent, draft: &mut Draft) -> Result<(), Garbled> {
        let value: Value = serde_json::from_str(&event.data)?;
        let kind = text_at(&value, "/type").unwrap_or_else(|| event.name.clone());
        let place = count_at(&value, "/index").unwrap_or_default();
        match kind.as_str() {
            "message_start" => {
                if let Some(message) = value.get("message") {
                    self.whole(message, draft)?;
                }
            }
            "content_block_start" => {
                if let Some(block) = value.get("content_block") {
                    begin(block, place, draft)?;
                }
            }
            "content_block_delta" => {
                draft.text.push_str(&text_at(&value, "/delta/text").unwrap_or_default());
                grow(&value, place, draft);
                if let Some(piece) = text_at(&value, "/delta/partial_json") {
                    let call = draft.calls.entry(place).or_default();
                    // A block begins with an empty object, which its pieces replace.
                    if call.arguments == "{}" {
                        call.arguments.clear();
                    }
                    call.arguments.push_str(&piece);
                }
            }
            "message_delta" => {
                stopped(text_at(&value, "/delta/stop_reason").as_deref(), draft);
                if let Some(usage) = value.get("usage") {
                    Usage::deserialize(usage)?.add_to(draft);
                }
            }
            "message_stop" => draft.ended = true,
            "error" => draft.fail(dialect::inner_failure(value.get("error").unwrap_or(&value))),
            _ => {}
        }
        Ok(())
    }
}

fn body(spec: &ModelSpec, chat: &Chat) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), dialect::model(spec).into());
    body.insert("messages".into(), chat.turns.iter().filter_map(message).collect());
    let temperature = chat.temperature.map(|wanted| wanted.min(HOTTEST));
    parameters(
        &mut body,
        spec,
        [
            (WireParameter::MaxTokens, "max_tokens", Some(chat.max_output_tokens.into())),
            (WireParameter::Temperature, "temperature", temperature.map(Value::from)),
            (WireParameter::TopP, "top_p", chat.top_p.map(Value::from)),
        ],
    );
    let mut output = Map::new();
    if let Some(effort) = spec.effort {
        output.insert("effort".into(), effort.name().into());
    }
    if let Some(form) = &chat.schema {
        let format = json!({ "type": "json_schema", "schema": form.schema });
        output.insert("format".into(), format);
    }
    if !output.is_empty() {
        body.insert("output_config".into(), output.into());
    }
    if spec.prompt_cache {
        body.insert("cache_control".into(), json!({ "type": "ephemeral" }));
    }
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(|tool| {
            json!({
                "name": tool.name, "description": tool.description,
                "input_schema": tool.parameters,
            })
        });
        body.insert("tools".into(), tools.collect());
    }
    if spec.stream {
        body.insert("stream".into(), true.into());
    }
    body
}

/// A turn; one without content is left out, because the provider refuses empty text.
fn message(turn: &Turn) -> Option<Value> {
    let (role, content): (&str, Vec<Value>) = match turn {
        Turn::User(text) => ("user", block_of(text).into_iter().collect()),
        Turn::Assistant { text, calls, kept } => {
            let kept = kept.as_ref().and_then(|kept| kept.pieces(NAME, calls, called));
            let told = || block_of(text).into_iter().chain(calls.iter().map(called)).collect();
            ("assistant", kept.unwrap_or_else(told))
        }
        Turn::Results(results) => {
            let results = results.iter().map(
                |one| json!({ "type": "tool_result", "tool_use_id": one.id, "content": one.text }),
            );
            ("user", results.collect())
        }
    };
    (!content.is_empty()).then(|| json!({ "role": role, "content": content }))
}

fn called(call: &ToolCall) -> Value {
    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments })
}

fn block_of(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }))
}

#[derive(Deserialize)]
struct Message {
    content: Option<Vec<Value>>,
    model: Option<String>,
    stop_reason: Option<String>,
    usage: Option<Usage>,
}

/// A block of text, of thinking, a call of a tool, or what else there may be. Thinking is not read.
#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Value>,
}

/// Counts are cumulative: a later one replaces an earlier one.
#[derive(Deserialize, Default)]
struct Usage {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl Usage {
    /// Anthropic counts uncached, read and written input tokens apart; here input is all of them.
    fn add_to(self, draft: &mut Draft) {
        let tokens = &mut draft.tokens;
        if let Some(plain) = self.input_tokens {
            let read = self.cache_read_input_tokens.unwrap_or(0);
            let written = self.cache_creation_input_tokens.unwrap_or(0);
            tokens.input = Some(plain.saturating_add(read).saturating_add(written));
            tokens.cached = self.cache_read_input_tokens;
            tokens.cache_write = self.cache_creation_input_tokens;
        }
        tokens.output = self.output_tokens.or(tokens.output);
        let thinking = self.output_tokens_details.and_then(|details| details.thinking_tokens);
        tokens.reasoning = thinking.or(tokens.reasoning);
    }
}

fn begin(given: &Value, place: u64, draft: &mut Draft) -> Result<(), Garbled> {
    let block = Block::deserialize(given)?;
    match block.kind.as_str() {
        "text" => {
            let text = block.text.unwrap_or_default();
            draft.text.push_str(&text);
            draft.beside.insert(place, json!({ "type": "text", "text": text }));
        }
        "thinking" | "redacted_thinking" => {
            draft.beside.insert(place, given.clone());
            draft.keeps = Some(NAME);
        }
        "tool_use" => {
            let call = CallDraft {
                id: block.id.unwrap_or_default(),
                name: block.name.unwrap_or_default(),
                arguments: block.input.map(|input| input.to_string()).unwrap_or_default(),
                signature: None,
            };
            draft.calls.insert(place, call);
        }
        _ => {}
    }
    Ok(())
}

/// A piece of a block that goes back as it came: more text, more thinking, or the signature at its end.
fn grow(event: &Value, place: u64, draft: &mut Draft) {
    let Some(block) = draft.beside.get_mut(&place).and_then(Value::as_object_mut) else { return };
    for member in ["text", "thinking", "signature"] {
        let Some(piece) = text_at(event, &format!("/delta/{member}")) else { continue };
        match block.get_mut(member) {
            Some(Value::String(text)) => text.push_str(&piece),
            _ => drop(block.insert(member.into(), piece.into())),
        }
    }
}

fn stopped(reason: Option<&str>, draft: &mut Draft) {
    draft.stop = match reason {
        None => draft.stop,
        // `pause_turn` ends a turn of the provider's own tools early; none is offered, so it is cut off all the same.
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn") => Some(Stop::Length),
        Some("refusal") => Some(Stop::Refusal),
        Some("tool_use") => Some(Stop::Tools),
        Some(_) => Some(Stop::End),
    };
}

//! The dialect `openai-responses`: OpenAI's responses. Nothing is stored at the provider (`store` is false).
//!
//! Source: OpenAI API reference, "Create a model response" and "Streaming events"; "Reasoning" on what goes back in a tool
//! loop when nothing is stored: the reasoning items with their encrypted content.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::dialect::{self, Dialect, Garbled, base, count_at, finish, parameters, text_at};
use super::draft::{CallDraft, Draft, Stop};
use super::openai_chat::OPENAI;
use super::sse::SseEvent;
use super::{Tokens, WireRequest};
use crate::domain::settings::{Dialect as Name, ModelSpec, WireParameter};
use crate::model::chat::{Chat, ToolCall, Turn};

const NAME: Name = Name::OpenaiResponses;

/// The least `max_output_tokens` that is taken.
const SHORTEST_LIMIT: u32 = 16;

/// The dialect.
pub(super) struct OpenaiResponses;

impl Dialect for OpenaiResponses {
    fn translate(&self, spec: &ModelSpec, chat: &Chat) -> WireRequest {
        WireRequest {
            url: format!("{}/responses", base(spec, OPENAI)),
            key_header: ("authorization", "Bearer "),
            headers: &[],
            body: finish(body(spec, chat), spec),
        }
    }

    fn whole(&self, body: &Value, draft: &mut Draft) -> Result<(), Garbled> {
        take(Response::deserialize(body)?, draft)
    }

    fn event(&self, event: &SseEvent, draft: &mut Draft) -> Result<(), Garbled> {
        if event.data.trim() == "[DONE]" {
            draft.ended = true;
            return Ok(());
        }
        let value: Value = serde_json::from_str(&event.data)?;
        let kind = text_at(&value, "/type").unwrap_or_else(|| event.name.clone());
        let place = count_at(&value, "/output_index").unwrap_or_default();
        let delta = || text_at(&value, "/delta").unwrap_or_default();
        match kind.as_str() {
            "response.output_text.delta" => draft.text.push_str(&delta()),
            "response.refusal.delta" => draft.refusal.push_str(&delta()),
            "response.function_call_arguments.delta" => {
                draft.calls.entry(place).or_default().arguments.push_str(&delta());
            }
            "response.output_item.added" => {
                if let Some(item) = value.get("item") {
                    take_call(&Item::deserialize(item)?, place, draft);
                }
            }
            // Only here a reasoning item is complete.
            "response.output_item.done" => {
                if let Some(item) = value.get("item") {
                    keep(item, &Item::deserialize(item)?, place, draft);
                }
            }
            // The last event holds the whole answer again.
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = value.get("response").ok_or(Garbled(format!("an empty {kind}")))?;
                take(Response::deserialize(response)?, draft)?;
                draft.ended = true;
            }
            "error" => draft.fail(dialect::inner_failure(value.get("error").unwrap_or(&value))),
            _ => {}
        }
        Ok(())
    }
}

fn body(spec: &ModelSpec, chat: &Chat) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), dialect::model(spec).into());
    body.insert("input".into(), chat.turns.iter().flat_map(items).collect());
    body.insert("store".into(), false.into());
    let longest = chat.max_output_tokens.max(SHORTEST_LIMIT);
    parameters(
        &mut body,
        spec,
        [
            (WireParameter::MaxTokens, "max_output_tokens", Some(longest.into())),
            (WireParameter::Temperature, "temperature", chat.temperature.map(Value::from)),
            (WireParameter::TopP, "top_p", chat.top_p.map(Value::from)),
        ],
    );
    if let Some(effort) = spec.effort {
        body.insert("reasoning".into(), json!({ "effort": effort.name() }));
    }
    if spec.prompt_cache {
        body.insert("prompt_cache_key".into(), chat.family.clone().into());
    }
    if let Some(form) = &chat.schema {
        let (name, schema) = (&form.name, &form.schema);
        let format = json!({
            "type": "json_schema", "name": name, "strict": true, "schema": schema,
        });
        body.insert("text".into(), json!({ "format": format }));
    }
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(|tool| {
            json!({
                "type": "function", "name": tool.name, "description": tool.description,
                "parameters": tool.parameters, "strict": false,
            })
        });
        body.insert("tools".into(), tools.collect());
    }
    if spec.stream {
        body.insert("stream".into(), true.into());
    }
    body
}

fn items(turn: &Turn) -> Vec<Value> {
    match turn {
        Turn::User(text) => vec![json!({ "role": "user", "content": text })],
        Turn::Assistant { text, calls, kept } => {
            let kept = kept.as_ref().and_then(|kept| kept.pieces(NAME, calls, called));
            let said = (!text.is_empty()).then(|| json!({ "role": "assistant", "content": text }));
            kept.unwrap_or_else(|| said.into_iter().chain(calls.iter().map(called)).collect())
        }
        Turn::Results(results) => results
            .iter()
            .map(|one| {
                json!({ "type": "function_call_output", "call_id": one.id, "output": one.text })
            })
            .collect(),
    }
}

fn called(call: &ToolCall) -> Value {
    let arguments = call.arguments.to_string();
    json!({
        "type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments,
    })
}

#[derive(Deserialize)]
struct Response {
    status: Option<String>,
    error: Option<Value>,
    incomplete_details: Option<Incomplete>,
    model: Option<String>,
    output: Option<Vec<Value>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

/// A message, a call of a function, reasoning, or what else there may be.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    encrypted_content: Option<String>,
    phase: Option<String>,
    content: Option<Vec<Content>>,
    call_id: Option<String>,
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    /// Billed apart since GPT-5.6.
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

fn take(response: Response, draft: &mut Draft) -> Result<(), Garbled> {
    if let Some(error) = response.error.as_ref().filter(|error| !error.is_null()) {
        draft.fail(dialect::inner_failure(error));
        return Ok(());
    }
    let reason = response.incomplete_details.and_then(|details| details.reason);
    draft.stop = match (response.status.as_deref(), reason.as_deref()) {
        (Some("incomplete"), Some("content_filter")) => Some(Stop::Filter),
        (Some("incomplete"), _) => Some(Stop::Length),
        (Some("failed" | "cancelled"), _) => {
            let error = json!({ "message": "the provider gave the answer up" });
            draft.fail(dialect::inner_failure(&error));
            return Ok(());
        }
        _ => Some(Stop::End),
    };
    draft.model = response.model.filter(|model| !model.is_empty());
    if let Some(usage) = response.usage {
        draft.tokens = read_usage(usage);
    }
    let output = response.output.unwrap_or_default();
    // Some compatible servers leave the output of the last event empty; then the pieces before it hold.
    if output.is_empty() {
        return Ok(());
    }
    draft.text.clear();
    draft.refusal.clear();
    draft.calls.clear();
    draft.beside.clear();
    for (place, item) in (0..).zip(output) {
        let whole = item;
        let item = Item::deserialize(&whole)?;
        take_call(&item, place, draft);
        keep(&whole, &item, place, draft);
        for content in item.content.into_iter().flatten().filter(|_| item.kind == "message") {
            match content.kind.as_str() {
                "output_text" => draft.text.push_str(&content.text.unwrap_or_default()),
                "refusal" => draft.refusal.push_str(&content.refusal.unwrap_or_default()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Keeps what goes back beside a call: reasoning that is sealed in it (what is only named is not stored anywhere), and the
/// words of a message, without the name of what is not stored.
fn keep(whole: &Value, item: &Item, place: u64, draft: &mut Draft) {
    match item.kind.as_str() {
        "reasoning" if item.encrypted_content.is_some() => {
            let members = whole.as_object().into_iter().flatten();
            let told = members.filter(|(_, value)| !value.is_null());
            draft.beside.insert(place, told.map(|(k, v)| (k.clone(), v.clone())).collect());
            draft.keeps = Some(NAME);
        }
        "message" => {
            let texts = item.content.iter().flatten().filter_map(|content| content.text.as_deref());
            let text: String = texts.collect();
            if text.trim().is_empty() {
                return;
            }
            let mut message = json!({ "type": "message", "role": "assistant", "content": text });
            if let (Some(phase), Some(message)) = (&item.phase, message.as_object_mut()) {
                message.insert("phase".into(), phase.as_str().into());
            }
            draft.beside.insert(place, message);
        }
        _ => {}
    }
}

fn take_call(item: &Item, place: u64, draft: &mut Draft) {
    if item.kind == "function_call" {
        let call = CallDraft {
            id: item.call_id.clone().unwrap_or_default(),
            name: item.name.clone().unwrap_or_default(),
            arguments: item.arguments.clone().unwrap_or_default(),
            signature: None,
        };
        draft.calls.insert(place, call);
    }
}

fn read_usage(usage: Usage) -> Tokens {
    let details = usage.input_tokens_details;
    Tokens {
        input: usage.input_tokens,
        cached: details.as_ref().and_then(|details| details.cached_tokens),
        cache_write: details.and_then(|details| details.cache_write_tokens),
        output: usage.output_tokens,
        reasoning: usage.output_tokens_details.and_then(|details| details.reasoning_tokens),
    }
}

//! The dialect `gemini`: Google's Gemini.
//!
//! Source: Gemini API reference, "models.generateContent" and "models.streamGenerateContent"; "Thought signatures" on what
//! goes back in a tool loop: each signature in the part it came in.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::dialect::{self, Dialect, Garbled, base, finish, narrow_seed, parameters};
use super::draft::{CallDraft, Draft, Stop};
use super::sse::SseEvent;
use super::{Tokens, WireRequest};
use crate::domain::settings::{Dialect as Name, ModelSpec, WireParameter};
use crate::model::chat::{Chat, ToolCall, ToolResult, Turn};

/// Where requests go when `base_url` is absent.
const GEMINI: &str = "https://generativelanguage.googleapis.com/v1beta";

const NAME: Name = Name::Gemini;

/// The dialect.
pub(super) struct Gemini;

impl Dialect for Gemini {
    fn translate(&self, spec: &ModelSpec, chat: &Chat) -> WireRequest {
        let method = if spec.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let model = dialect::model(spec);
        let model = model.strip_prefix("models/").unwrap_or(model);
        WireRequest {
            url: format!("{}/models/{model}:{method}", base(spec, GEMINI)),
            key_header: ("x-goog-api-key", ""),
            headers: &[],
            body: finish(body(spec, chat), spec),
        }
    }

    fn whole(&self, body: &Value, draft: &mut Draft) -> Result<(), Garbled> {
        take(Response::deserialize(body)?, draft);
        Ok(())
    }

    fn event(&self, event: &SseEvent, draft: &mut Draft) -> Result<(), Garbled> {
        take(serde_json::from_str(&event.data)?, draft);
        Ok(())
    }
}

fn body(spec: &ModelSpec, chat: &Chat) -> Map<String, Value> {
    let mut config = Map::new();
    parameters(
        &mut config,
        spec,
        [
            (WireParameter::MaxTokens, "maxOutputTokens", Some(chat.max_output_tokens.into())),
            (WireParameter::Temperature, "temperature", chat.temperature.map(Value::from)),
            (WireParameter::TopP, "topP", chat.top_p.map(Value::from)),
            (WireParameter::Seed, "seed", Some(narrow_seed(chat.seed).into())),
        ],
    );
    if let Some(effort) = spec.effort {
        config.insert(
            "thinkingConfig".into(),
            json!({ "thinkingLevel": effort.name().to_uppercase() }),
        );
    }
    if let Some(form) = &chat.schema {
        config.insert("responseMimeType".into(), "application/json".into());
        config.insert("responseJsonSchema".into(), form.schema.clone());
    }
    let mut body = Map::new();
    body.insert("contents".into(), chat.turns.iter().filter_map(content).collect());
    body.insert("generationConfig".into(), config.into());
    if !chat.tools.is_empty() {
        let tools: Vec<Value> = chat
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name, "description": tool.description,
                    "parametersJsonSchema": tool.parameters,
                })
            })
            .collect();
        body.insert("tools".into(), json!([{ "functionDeclarations": tools }]));
    }
    body
}

/// A turn; one without parts is left out, because the provider refuses it.
fn content(turn: &Turn) -> Option<Value> {
    let (role, parts): (&str, Vec<Value>) = match turn {
        Turn::User(text) => ("user", part_of(text).into_iter().collect()),
        Turn::Assistant { text, calls, kept } => {
            let kept = kept.as_ref().and_then(|kept| kept.pieces(NAME, calls, called));
            let told = || part_of(text).into_iter().chain(calls.iter().map(called)).collect();
            ("model", kept.unwrap_or_else(told))
        }
        Turn::Results(results) => ("user", results.iter().map(result).collect()),
    };
    (!parts.is_empty()).then(|| json!({ "role": role, "parts": parts }))
}

fn part_of(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({ "text": text }))
}

fn called(call: &ToolCall) -> Value {
    let mut part = json!({ "functionCall": { "name": call.name, "args": call.arguments } });
    if let (Some(signature), Some(part)) = (&call.signature, part.as_object_mut()) {
        part.insert("thoughtSignature".into(), signature.clone().into());
    }
    with_id(part, "functionCall", &call.id)
}

fn result(one: &ToolResult) -> Value {
    let response = json!({ "result": one.text });
    let part = json!({ "functionResponse": { "name": one.name, "response": response } });
    with_id(part, "functionResponse", &one.id)
}

/// Gemini names a call only where several of one tool could be mixed up.
fn with_id(mut part: Value, member: &str, id: &str) -> Value {
    if let Some(inner) = part.get_mut(member).and_then(Value::as_object_mut)
        && !id.is_empty()
    {
        inner.insert("id".into(), id.into());
    }
    part
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Usage>,
    model_version: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
    function_call: Option<FunctionCall>,
    thought_signature: Option<String>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: Option<String>,
    args: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

fn take(response: Response, draft: &mut Draft) {
    if let Some(error) = response.error.as_ref().filter(|error| !error.is_null()) {
        return draft.fail(dialect::inner_failure(error));
    }
    if let Some(usage) = response.usage_metadata {
        draft.tokens = read_usage(&usage);
    }
    draft.model = draft.model.take().or(response.model_version);
    if response.prompt_feedback.and_then(|feedback| feedback.block_reason).is_some() {
        draft.stop = Some(Stop::Filter);
    }
    let Some(candidate) = response.candidates.into_iter().flatten().next() else { return };
    if let Some(reason) = candidate.finish_reason.as_deref() {
        draft.stop = Some(stopped(reason));
    }
    for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
        if let Some(call) = part.function_call {
            let drafted = CallDraft {
                id: call.id.unwrap_or_default(),
                name: call.name.unwrap_or_default(),
                arguments: call.args.map(|args| args.to_string()).unwrap_or_default(),
                signature: part.thought_signature,
            };
            draft.calls.insert(next_place(draft), drafted);
            continue;
        }
        let (text, thought) = (part.text.unwrap_or_default(), part.thought == Some(true));
        if !thought {
            draft.text.push_str(&text);
        }
        match part.thought_signature {
            Some(signature) => {
                let mut piece = json!({ "text": text, "thoughtSignature": signature });
                if let (true, Some(piece)) = (thought, piece.as_object_mut()) {
                    piece.insert("thought".into(), true.into());
                }
                draft.beside.insert(next_place(draft), piece);
                draft.keeps = Some(NAME);
            }
            None if !thought => add_text(&text, draft),
            None => {}
        }
    }
}

/// The place after everything so far; parts have no numbers of their own.
fn next_place(draft: &Draft) -> u64 {
    let calls = draft.calls.keys().next_back();
    let beside = draft.beside.keys().next_back();
    calls.max(beside).map_or(0, |last| last + 1)
}

/// Text that carries no signature goes on where the part before was such text too.
fn add_text(text: &str, draft: &mut Draft) {
    let place = next_place(draft);
    let last = place.checked_sub(1).and_then(|last| draft.beside.get_mut(&last));
    match last.filter(|piece| piece.get("thoughtSignature").is_none()) {
        Some(Value::Object(piece)) => {
            if let Some(Value::String(before)) = piece.get_mut("text") {
                before.push_str(text);
            }
        }
        _ => drop(draft.beside.insert(place, json!({ "text": text }))),
    }
}

fn stopped(reason: &str) -> Stop {
    match reason {
        "MAX_TOKENS" => Stop::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
            Stop::Filter
        }
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" => {
            Stop::BrokenCall
        }
        _ => Stop::End,
    }
}

/// Gemini counts thoughts apart from the answer; here output is both.
fn read_usage(usage: &Usage) -> Tokens {
    let thoughts = usage.thoughts_token_count;
    let output = match (usage.candidates_token_count, thoughts) {
        (None, None) => None,
        (said, thought) => Some(said.unwrap_or(0).saturating_add(thought.unwrap_or(0))),
    };
    Tokens {
        input: usage.prompt_token_count,
        cached: usage.cached_content_token_count,
        cache_write: None,
        output,
        reasoning: thoughts,
    }
}

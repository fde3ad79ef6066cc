//! The dialect `openai-chat`: OpenAI's chat completions and every compatible server.
//!
//! Source: OpenAI API reference, "Create chat completion" and "Chat completion chunk"; where servers differ, the code
//! says how.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::dialect::{self, Dialect, Garbled, base, finish, narrow_seed, parameters};
use super::draft::{Draft, Stop};
use super::sse::SseEvent;
use super::{Tokens, WireRequest};
use crate::domain::settings::{ModelSpec, WireParameter};
use crate::model::chat::{Chat, ToolCall, Turn};

/// Where requests go when `base_url` is absent.
pub(super) const OPENAI: &str = "https://api.openai.com/v1";

/// The dialect.
pub(super) struct OpenaiChat;

impl Dialect for OpenaiChat {
    fn translate(&self, spec: &ModelSpec, chat: &Chat) -> WireRequest {
        let base = base(spec, OPENAI);
        WireRequest {
            url: format!("{base}/chat/completions"),
            key_header: ("authorization", "Bearer "),
            headers: &[],
            body: finish(body(spec, chat, base), spec),
        }
    }

    fn whole(&self, body: &Value, draft: &mut Draft) -> Result<(), Garbled> {
        take(Completion::deserialize(body)?, draft);
        Ok(())
    }

    fn event(&self, event: &SseEvent, draft: &mut Draft) -> Result<(), Garbled> {
        if event.data.trim() == "[DONE]" {
            draft.ended = true;
            return Ok(());
        }
        let chunk: Completion = serde_json::from_str(&event.data)?;
        take(chunk, draft);
        Ok(())
    }
}

fn body(spec: &ModelSpec, chat: &Chat, base: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), dialect::model(spec).into());
    body.insert("messages".into(), chat.turns.iter().flat_map(messages).collect());
    parameters(
        &mut body,
        spec,
        [
            (WireParameter::MaxTokens, limit_name(base), Some(chat.max_output_tokens.into())),
            (WireParameter::Temperature, "temperature", chat.temperature.map(Value::from)),
            (WireParameter::TopP, "top_p", chat.top_p.map(Value::from)),
            (WireParameter::Seed, "seed", Some(narrow_seed(chat.seed).into())),
        ],
    );
    if let Some(effort) = spec.effort {
        body.insert("reasoning_effort".into(), effort.name().into());
    }
    if spec.prompt_cache {
        body.insert("prompt_cache_key".into(), chat.family.clone().into());
    }
    if let Some(form) = &chat.schema {
        let schema = json!({ "name": form.name, "strict": true, "schema": form.schema });
        let format = json!({ "type": "json_schema", "json_schema": schema });
        body.insert("response_format".into(), format);
    }
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(|tool| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }})
        });
        body.insert("tools".into(), tools.collect());
    }
    if spec.stream {
        body.insert("stream".into(), true.into());
        let usage = json!({ "include_usage": true });
        parameters(
            &mut body,
            spec,
            [(WireParameter::StreamOptions, "stream_options", Some(usage))],
        );
    }
    body
}

fn messages(turn: &Turn) -> Vec<Value> {
    match turn {
        Turn::User(text) => vec![json!({ "role": "user", "content": text })],
        Turn::Assistant { text, calls, .. } if calls.is_empty() => {
            vec![json!({ "role": "assistant", "content": text })]
        }
        Turn::Assistant { text, calls, .. } => {
            let text = (!text.is_empty()).then_some(text);
            let calls: Vec<Value> = calls.iter().map(called).collect();
            vec![json!({ "role": "assistant", "content": text, "tool_calls": calls })]
        }
        Turn::Results(results) => results
            .iter()
            .map(|one| json!({ "role": "tool", "tool_call_id": one.id, "content": one.text }))
            .collect(),
    }
}

fn called(call: &ToolCall) -> Value {
    let arguments = call.arguments.to_string();
    json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": arguments },
    })
}

/// OpenAI's newer models know only the new name of the limit, many other servers only the old one.
fn limit_name(base: &str) -> &'static str {
    if base == OPENAI { "max_completion_tokens" } else { "max_tokens" }
}

/// An answer, or a chunk of one.
#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<Value>,
    model: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    delta: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Called>>,
}

/// Text as OpenAI sends it, or in parts as some servers do.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Called {
    index: Option<u64>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// The name DeepSeek gives to cached tokens.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    /// OpenAI bills these apart since GPT-5.6.
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

fn take(completion: Completion, draft: &mut Draft) {
    if let Some(error) = completion.error.as_ref().filter(|error| !error.is_null()) {
        return draft.fail(dialect::inner_failure(error));
    }
    if let Some(usage) = completion.usage {
        draft.tokens = read_usage(usage);
    }
    draft.model = draft.model.take().or(completion.model.filter(|model| !model.is_empty()));
    let Some(choice) = completion.choices.into_iter().flatten().next() else { return };
    match choice.finish_reason.as_deref() {
        None | Some("") => {}
        Some("length") => draft.stop = Some(Stop::Length),
        Some("content_filter") => draft.stop = Some(Stop::Filter),
        Some("tool_calls" | "function_call") => draft.stop = Some(Stop::Tools),
        // What OpenRouter writes when its provider broke off.
        Some("error") => {
            let error = json!({ "message": "the provider broke off", "code": 502 });
            draft.fail(dialect::inner_failure(&error));
        }
        Some(_) => draft.stop = Some(Stop::End),
    }
    let Some(message) = choice.message.or(choice.delta) else { return };
    match message.content {
        None => {}
        Some(Content::Text(text)) => draft.text.push_str(&text),
        Some(Content::Parts(parts)) => {
            draft.text.extend(parts.into_iter().filter_map(|part| part.text));
        }
    }
    draft.refusal.push_str(&message.refusal.unwrap_or_default());
    for (place, called) in (0..).zip(message.tool_calls.unwrap_or_default()) {
        let call = draft.calls.entry(called.index.unwrap_or(place)).or_default();
        if let Some(id) = called.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        let Some(function) = called.function else { continue };
        if let Some(name) = function.name.filter(|name| !name.is_empty()) {
            call.name = name;
        }
        match function.arguments {
            Some(Value::String(piece)) => call.arguments.push_str(&piece),
            // Some servers send the arguments as an object, at once.
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            _ => {}
        }
    }
}

fn read_usage(usage: Usage) -> Tokens {
    let details = usage.prompt_tokens_details;
    let cached = details.as_ref().and_then(|details| details.cached_tokens);
    Tokens {
        input: usage.prompt_tokens,
        cached: cached.or(usage.prompt_cache_hit_tokens),
        cache_write: details.and_then(|details| details.cache_write_tokens),
        output: usage.completion_tokens,
        reasoning: usage.completion_tokens_details.and_then(|details| details.reasoning_tokens),
    }
}

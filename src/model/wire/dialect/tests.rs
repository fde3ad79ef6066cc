//! Bodies against what providers document, and answers in all their odd shapes.

use serde_json::json;

use super::super::sse::SseReader;
use super::*;
use crate::domain::settings::{Dialect as Name, Effort};
use crate::model::chat::{Answer, Schema, Tool, ToolCall, ToolResult, Turn};
use crate::model::fault::AnswerFault;
use crate::model::price::Tokens;

mod answers;
mod bodies;
mod kept;
mod schemas;

const ALL: [Name; 4] = [Name::OpenaiChat, Name::OpenaiResponses, Name::Anthropic, Name::Gemini];

fn spec(dialect: Name) -> ModelSpec {
    ModelSpec { model: Some("m-1".into()), stream: false, ..ModelSpec::of(dialect) }
}

fn chat() -> Chat {
    Chat {
        turns: vec![Turn::User("write a player".into())],
        temperature: Some(0.7),
        top_p: Some(0.9),
        max_output_tokens: 100,
        seed: u64::MAX,
        family: "worker".into(),
        ..Chat::default()
    }
}

/// A conversation with everything a conversation can have.
fn rich_chat() -> Chat {
    let call = ToolCall {
        id: "c1".into(),
        name: "look".into(),
        arguments: json!({"at": 3}),
        signature: Some("sig".into()),
        broken: None,
    };
    let result = ToolResult { id: "c1".into(), name: "look".into(), text: "a wall".into() };
    let schema = json!({"type": "object", "properties": {"at": {"type": "integer"}}});
    let tool = Tool {
        name: "look".into(),
        description: "Looks at a place.".into(),
        parameters: schema.clone(),
    };
    Chat {
        turns: vec![
            Turn::User("play".into()),
            Turn::Assistant { text: "I look.".into(), calls: vec![call], kept: None },
            Turn::Results(vec![result]),
        ],
        tools: vec![tool],
        schema: Some(Schema { name: "move".into(), schema }),
        ..chat()
    }
}

fn dialect(name: Name) -> &'static dyn Dialect {
    of(name).expect("a dialect of the wire")
}

fn sent(spec: &ModelSpec, chat: &Chat) -> (WireRequest, Value) {
    let wire = dialect(spec.dialect).translate(spec, chat);
    let body = serde_json::from_slice(&wire.body).expect("JSON");
    (wire, body)
}

/// What a response in one piece means, without tools offered.
fn judged(name: Name, status: u16, body: &str) -> Verdict {
    judge(dialect(name), status, body.as_bytes(), false)
}

/// What a stream means, cut into pieces of `size` bytes.
fn streamed(name: Name, stream: &str, size: usize, offered: bool) -> Verdict {
    let (mut reader, mut draft) = (SseReader::default(), Draft::default());
    let mut events: Vec<SseEvent> =
        stream.as_bytes().chunks(size).flat_map(|piece| reader.take(piece)).collect();
    events.extend(reader.end());
    for event in events {
        if let Err(garbled) = dialect(name).event(&event, &mut draft) {
            return garbled.into();
        }
        if draft.ended {
            break;
        }
    }
    draft.verdict(offered)
}

/// Events as a server writes them: `event: NAME` only where the dialect has names.
fn stream(events: &[Value]) -> String {
    let line = |event: &Value| match event.get("type").and_then(Value::as_str) {
        Some(name) => format!("event: {name}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    };
    events.iter().map(line).collect()
}

//! What a provider wants back in a loop of calls: it comes back as it came, whole or streamed, and nobody else gets it.

use super::*;

const SEALED: &str = "RXhhbXBsZQ==";

/// An answer that thinks, speaks and calls twice: whole, and as events.
fn thinks(name: Name) -> (Value, Vec<Value>) {
    match name {
        Name::OpenaiResponses => {
            let item = |sealed: &str| {
                json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed,
                    "content": null, "status": "completed"})
            };
            let message = json!({"type": "message", "id": "msg_1", "role": "assistant",
                "status": "completed", "phase": "commentary",
                "content": [{"type": "output_text", "text": "I look.", "annotations": []}]});
            let call = |id: &str| {
                json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id,
                    "name": "look", "arguments": "{\"at\":1}", "status": "completed"})
            };
            let items = [item(SEALED), message, call("c1"), call("c2")];
            let mut events = vec![json!({"type": "response.output_item.added", "output_index": 0,
                "item": item("half")})];
            for (at, item) in items.iter().enumerate() {
                let kind = if item["type"] == "function_call" { "added" } else { "done" };
                events.push(
                    json!({"type": format!("response.output_item.{kind}"), "output_index": at,
                    "item": item}),
                );
            }
            events.push(json!({"type": "response.output_text.delta", "output_index": 1,
                "delta": "I look."}));
            events.push(json!({"type": "response.completed",
                "response": {"status": "completed", "output": []}}));
            (json!({"status": "completed", "output": items}), events)
        }
        Name::Anthropic => {
            let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "look", "input": {"at": 1}});
            let blocks = [
                json!({"type": "thinking", "thinking": "a wall?", "signature": SEALED}),
                json!({"type": "redacted_thinking", "data": "x"}),
                json!({"type": "text", "text": "I look."}),
                call("c1"),
                json!({"type": "thinking", "thinking": "", "signature": "later"}),
                call("c2"),
            ];
            let mut events = vec![json!({"type": "message_start", "message": {"content": []}})];
            let mut say = |at: usize, kind: &str, member: &str, value: Value| {
                events.push(json!({"type": format!("content_block_{kind}"), "index": at,
                    member: value}));
            };
            let delta =
                |kind: &str, member: &str, piece: &Value| json!({"type": kind, member: piece});
            for (at, block) in blocks.iter().enumerate() {
                match block["type"].as_str() {
                    Some("thinking") => {
                        let empty = json!({"type": "thinking", "thinking": "", "signature": ""});
                        say(at, "start", "content_block", empty);
                        let thinking = delta("thinking_delta", "thinking", &block["thinking"]);
                        say(at, "delta", "delta", thinking);
                        let seal = delta("signature_delta", "signature", &block["signature"]);
                        say(at, "delta", "delta", seal);
                    }
                    Some("text") => {
                        say(at, "start", "content_block", json!({"type": "text", "text": ""}));
                        say(at, "delta", "delta", delta("text_delta", "text", &block["text"]));
                    }
                    _ => say(at, "start", "content_block", block.clone()),
                }
            }
            events.push(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}));
            events.push(json!({"type": "message_stop"}));
            (json!({"content": blocks, "stop_reason": "tool_use"}), events)
        }
        _ => {
            let call = json!({"name": "look", "args": {"at": 1}});
            let parts = vec![
                json!({"text": "hm", "thought": true}),
                json!({"text": "I "}),
                json!({"text": "look."}),
                json!({"functionCall": call, "thoughtSignature": SEALED}),
                json!({"functionCall": call}),
                json!({"text": "", "thoughtSignature": "last"}),
            ];
            let chunk = |parts: Value, finish: Option<&str>| json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish}]});
            let mut events: Vec<Value> =
                parts.iter().map(|part| chunk(json!([part]), None)).collect();
            events.push(chunk(json!([]), Some("STOP")));
            (chunk(json!(parts), Some("STOP")), events)
        }
    }
}

/// The model's turn as it goes back.
fn wanted(name: Name) -> Value {
    match name {
        Name::OpenaiResponses => json!([
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SEALED,
                "status": "completed"},
            {"type": "message", "role": "assistant", "content": "I look.", "phase": "commentary"},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{\"at\":1}"},
            {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{\"at\":1}"},
        ]),
        Name::Anthropic => thinks(name).0["content"].clone(),
        _ => json!([
            {"text": "I look."},
            {"functionCall": {"name": "look", "args": {"at": 1}}, "thoughtSignature": SEALED},
            {"functionCall": {"name": "look", "args": {"at": 1}}},
            {"text": "", "thoughtSignature": "last"},
        ]),
    }
}

/// The next request: the turn, and what its calls came to.
fn goes_on(answer: Answer) -> Chat {
    let Answer { text, calls, kept, .. } = answer;
    let result = |call: &ToolCall| ToolResult {
        id: call.id.clone(),
        name: call.name.clone(),
        text: "a wall".into(),
    };
    let results = calls.iter().map(result).collect();
    let mut chat = rich_chat();
    chat.turns.truncate(1);
    chat.turns.extend([Turn::Assistant { text, calls, kept }, Turn::Results(results)]);
    chat
}

#[test]
fn thinking_goes_back_as_it_came_and_to_its_own_dialect_alone() {
    for name in [Name::OpenaiResponses, Name::Anthropic, Name::Gemini] {
        let (whole, events) = thinks(name);
        let text = stream(&events);
        let mut verdicts = vec![judge(dialect(name), 200, whole.to_string().as_bytes(), true)];
        verdicts.extend([3, 10_000].map(|size| streamed(name, &text, size, true)));
        for verdict in verdicts {
            let Verdict::Answer(answer) = verdict else { panic!("{name:?}: {verdict:?}") };
            assert_eq!((answer.text.as_str(), answer.calls.len()), ("I look.", 2), "{name:?}");
            // It survives the journal.
            let recorded = serde_json::to_string(&answer.kept).expect("JSON");
            assert_eq!(serde_json::from_str::<Option<_>>(&recorded).expect("read"), answer.kept);
            let chat = goes_on(answer);
            let (_, body) = sent(&spec(name), &chat);
            let turn = match name {
                Name::OpenaiResponses => json!(body["input"].as_array().expect("items")[1..5]),
                Name::Anthropic => body["messages"][1]["content"].clone(),
                _ => body["contents"][1]["parts"].clone(),
            };
            assert_eq!(turn, wanted(name), "{name:?}");
            for other in ALL.into_iter().filter(|other| *other != name) {
                let (_, body) = sent(&spec(other), &chat);
                let foreign = body.to_string();
                assert!(foreign.contains("I look.") && foreign.contains("a wall"), "{foreign}");
                // A call's own signature is Gemini's, and stays with the call.
                assert!(!foreign.contains(SEALED), "{other:?} gets {name:?}'s: {foreign}");
            }
        }
    }
}

#[test]
fn an_answer_without_calls_or_without_thinking_keeps_nothing() {
    for name in ALL {
        let thought = match name {
            Name::OpenaiResponses => json!({"status": "completed", "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SEALED},
                {"type": "message", "content": [{"type": "output_text", "text": "so"}]}]}),
            Name::Anthropic => json!({"stop_reason": "end_turn", "content": [
                {"type": "thinking", "thinking": "hm", "signature": SEALED},
                {"type": "text", "text": "so"}]}),
            Name::Gemini => json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
                {"text": "so", "thoughtSignature": SEALED}]}}]}),
            _ => json!({"choices": [{"message": {"content": "so"}, "finish_reason": "stop"}]}),
        };
        match judge(dialect(name), 200, thought.to_string().as_bytes(), true) {
            Verdict::Answer(answer) => {
                assert_eq!((answer.text.as_str(), answer.kept), ("so", None))
            }
            other => panic!("{name:?}: {other:?}"),
        }
    }
    // Reasoning that is only named is stored nowhere, so it cannot be referred to.
    let (mut whole, _) = thinks(Name::OpenaiResponses);
    whole["output"][0]["encrypted_content"] = Value::Null;
    match judge(dialect(Name::OpenaiResponses), 200, whole.to_string().as_bytes(), true) {
        Verdict::Answer(answer) => assert_eq!((answer.calls.len(), answer.kept), (2, None)),
        other => panic!("{other:?}"),
    }
}

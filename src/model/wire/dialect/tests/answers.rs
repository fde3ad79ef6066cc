//! Answers of every dialect, in one piece and streamed, sound and odd.

use super::*;

/// One answer as a provider's server sends it.
struct Sample {
    whole: Value,
    events: Vec<Value>,
}

/// The tokens every sample uses: 12 in, 8 of them cached and 3 written where the dialect says so, 7 out, 4 of them reasoning.
fn used(name: Name) -> Tokens {
    Tokens {
        input: Some(12),
        cached: Some(8),
        cache_write: (name != Name::Gemini).then_some(3),
        output: Some(7),
        reasoning: Some(4),
    }
}

fn usage(name: Name) -> Value {
    match name {
        Name::OpenaiChat => json!({
            "prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19,
            "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 4},
        }),
        Name::OpenaiResponses => json!({
            "input_tokens": 12, "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 3},
            "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 4},
        }),
        Name::Anthropic => json!({
            "input_tokens": 1, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 3,
            "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 4},
        }),
        _ => json!({
            "promptTokenCount": 12, "cachedContentTokenCount": 8, "candidatesTokenCount": 3,
            "thoughtsTokenCount": 4,
        }),
    }
}

/// An answer that says `text` and stops as the dialect's word `stop` says.
fn says(name: Name, text: &str, stop: &str) -> Sample {
    let (first, second) =
        text.split_at(text.char_indices().nth(1).map_or(text.len(), |(at, _)| at));
    match name {
        Name::OpenaiChat => {
            let chunk = |delta: Value, finish: Option<&str>| {
                json!({"object": "chat.completion.chunk", "model": "m-1",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
            };
            let message = json!({"role": "assistant", "content": text});
            Sample {
                whole: json!({"model": "m-1", "usage": usage(name),
                    "choices": [{"index": 0, "message": message, "finish_reason": stop}]}),
                events: vec![
                    chunk(json!({"role": "assistant", "content": ""}), None),
                    chunk(json!({"content": first}), None),
                    chunk(json!({"content": second}), None),
                    chunk(json!({}), Some(stop)),
                    json!({"model": "m-1", "choices": [], "usage": usage(name)}),
                ],
            }
        }
        Name::OpenaiResponses => {
            let (status, details) = match stop {
                "completed" => ("completed", Value::Null),
                reason => ("incomplete", json!({"reason": reason})),
            };
            let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
            let whole = json!({"status": status, "incomplete_details": details, "error": null, "model": "m-1",
                "output": [{"type": "reasoning", "summary": []},
                    {"type": "message", "role": "assistant", "content": content}],
                "usage": usage(name)});
            let delta = |text| json!({"type": "response.output_text.delta", "output_index": 1, "delta": text});
            Sample {
                events: vec![
                    json!({"type": "response.created", "response": {"status": "in_progress"}}),
                    delta(first),
                    delta(second),
                    json!({"type": format!("response.{status}"), "response": whole}),
                ],
                whole,
            }
        }
        Name::Anthropic => {
            let delta = |text| {
                json!({"type": "content_block_delta", "index": 1,
                    "delta": {"type": "text_delta", "text": text}})
            };
            let start = json!({"input_tokens": 1, "cache_read_input_tokens": 8,
                "cache_creation_input_tokens": 3, "output_tokens": 1});
            let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
            Sample {
                whole: json!({"type": "message", "model": "m-1", "stop_reason": stop,
                    "content": [thought, {"type": "text", "text": text}], "usage": usage(name)}),
                events: vec![
                    json!({"type": "message_start", "message": {"model": "m-1", "content": [],
                        "stop_reason": null, "usage": start}}),
                    json!({"type": "content_block_start", "index": 0,
                        "content_block": {"type": "thinking", "thinking": ""}}),
                    json!({"type": "content_block_delta", "index": 0,
                        "delta": {"type": "thinking_delta", "thinking": "hm"}}),
                    json!({"type": "content_block_start", "index": 1,
                        "content_block": {"type": "text", "text": ""}}),
                    json!({"type": "ping"}),
                    delta(first),
                    delta(second),
                    json!({"type": "content_block_stop", "index": 1}),
                    json!({"type": "message_delta", "delta": {"stop_reason": stop},
                        "usage": {"output_tokens": 7,
                            "output_tokens_details": {"thinking_tokens": 4}}}),
                    json!({"type": "message_stop"}),
                ],
            }
        }
        _ => {
            let chunk = |text: &str, finish: Option<&str>| {
                json!({"candidates": [{"content": {"role": "model", "parts": [
                        {"text": "hm", "thought": true}, {"text": text}]}, "finishReason": finish}],
                    "modelVersion": "m-1", "usageMetadata": usage(name)})
            };
            Sample {
                whole: chunk(text, Some(stop)),
                events: vec![chunk(first, None), chunk(second, Some(stop))],
            }
        }
    }
}

/// The dialect's words for: said everything, met the limit, held back.
fn stops(name: Name) -> [&'static str; 3] {
    match name {
        Name::OpenaiChat => ["stop", "length", "content_filter"],
        Name::OpenaiResponses => ["completed", "max_output_tokens", "content_filter"],
        Name::Anthropic => ["end_turn", "max_tokens", "refusal"],
        _ => ["STOP", "MAX_TOKENS", "SAFETY"],
    }
}

/// A sample in one piece, and streamed in pieces of one, seven and many bytes, with comments to keep the line open.
fn every_way(name: Name, sample: &Sample, offered: bool) -> Vec<Verdict> {
    let whole = sample.whole.to_string();
    let mut verdicts = vec![judge(dialect(name), 200, whole.as_bytes(), offered)];
    let mut text = format!(": keep-alive\n\n{}", stream(&sample.events));
    if name == Name::OpenaiChat {
        text.push_str("data: [DONE]\n\n");
    }
    verdicts.extend([1, 7, 10_000].map(|size| streamed(name, &text, size, offered)));
    verdicts
}

fn fault(verdict: &Verdict) -> &AnswerFault {
    match verdict {
        Verdict::NotAnAnswer { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_the_same_in_one_piece_and_streamed_however_its_bytes_are_cut() {
    for name in ALL {
        let text = "größer ✓ 日本";
        let wanted = Answer {
            text: text.into(),
            calls: Vec::new(),
            kept: None,
            model: Some("m-1".into()),
            tokens: used(name),
        };
        for verdict in every_way(name, &says(name, text, stops(name)[0]), false) {
            assert_eq!(verdict, Verdict::Answer(wanted.clone()), "{name:?}");
        }
    }
}

#[test]
fn a_cut_off_or_filtered_answer_is_no_answer_but_keeps_its_text_and_its_cost() {
    for name in ALL {
        let [_, cut, held] = stops(name);
        for verdict in every_way(name, &says(name, "half of", cut), false) {
            let text = "half of".to_owned();
            let wanted =
                Verdict::NotAnAnswer { fault: AnswerFault::Truncated, text, tokens: used(name) };
            assert_eq!(verdict, wanted, "{name:?}");
        }
        for verdict in every_way(name, &says(name, "x", held), false) {
            match name {
                Name::Anthropic => assert!(matches!(fault(&verdict), AnswerFault::Declined { .. })),
                _ => assert_eq!(fault(&verdict), &AnswerFault::Filtered, "{name:?}"),
            }
        }
    }
}

#[test]
fn an_answer_without_text_is_named() {
    for name in ALL {
        for text in ["", " \n"] {
            for verdict in every_way(name, &says(name, text, stops(name)[0]), false) {
                assert_eq!(fault(&verdict), &AnswerFault::Empty, "{name:?}");
            }
        }
    }
    for (name, body) in [
        (Name::OpenaiChat, r#"{"choices":[]}"#),
        (Name::OpenaiChat, r#"{"choices":null}"#),
        (Name::OpenaiChat, r#"{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#),
        (Name::OpenaiResponses, r#"{"status":"completed","output":[]}"#),
        (Name::OpenaiChat, r#"{"choices":[{"message":null,"finish_reason":"stop"}]}"#),
        (Name::OpenaiResponses, r#"{"status":"completed","output":null}"#),
        (Name::OpenaiResponses, r#"{"output":[{"type":"message","content":null}]}"#),
        (Name::Anthropic, r#"{"content":[],"stop_reason":"end_turn"}"#),
        (Name::Anthropic, r#"{"content":null,"stop_reason":"end_turn"}"#),
        (Name::Anthropic, r#"{"content":[{"type":"text","text":null}],"stop_reason":"end_turn"}"#),
        (Name::Gemini, r#"{"candidates":null}"#),
        (Name::Gemini, r#"{"candidates":[{"content":null,"finishReason":"STOP"}]}"#),
        (Name::Gemini, r#"{"candidates":[{"content":{"parts":null},"finishReason":"STOP"}]}"#),
        (Name::Gemini, r#"{"candidates":[]}"#),
        (Name::Gemini, r#"{"candidates":[{"content":{},"finishReason":"STOP"}]}"#),
    ] {
        assert_eq!(fault(&judged(name, 200, body)), &AnswerFault::Empty, "{body}");
    }
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    assert_eq!(fault(&judged(Name::Gemini, 200, blocked)), &AnswerFault::Filtered);
}

#[test]
fn a_refusal_is_told_in_the_models_words() {
    let chat = json!({"choices": [{"message": {"content": null, "refusal": "I will not"},
        "finish_reason": "stop"}]});
    let content = json!([{"type": "refusal", "refusal": "I will not"}]);
    let responses =
        json!({"status": "completed", "output": [{"type": "message", "content": content}]});
    let anthropic = json!({"content": [{"type": "text", "text": "I will not"}],
        "stop_reason": "refusal"});
    let wanted = AnswerFault::Declined { reason: "I will not".into() };
    for (name, body) in ALL.into_iter().zip([chat, responses, anthropic]) {
        assert_eq!(fault(&judged(name, 200, &body.to_string())), &wanted, "{name:?}");
    }
    let streamed_refusal = json!({"type": "response.refusal.delta", "delta": "I will not"});
    let completed =
        json!({"type": "response.completed", "response": {"status": "completed", "output": []}});
    let text = stream(&[streamed_refusal, completed]);
    assert_eq!(fault(&streamed(Name::OpenaiResponses, &text, 9, false)), &wanted);
}

/// An answer that calls `look` with these arguments, and nothing else.
fn calls(name: Name, arguments: &str) -> Sample {
    let (first, second) = arguments.split_at(arguments.len() / 2);
    let parsed: Value = serde_json::from_str(arguments).unwrap_or(json!("broken"));
    match name {
        Name::OpenaiChat => {
            let function = json!({"name": "look", "arguments": arguments});
            let whole = json!([{"id": "c1", "type": "function", "function": function}]);
            let chunk = |call: Value| json!({"choices": [{"delta": {"tool_calls": [call]}}]});
            Sample {
                whole: json!({"choices": [{"message": {"content": null, "tool_calls": whole},
                    "finish_reason": "tool_calls"}]}),
                events: vec![
                    chunk(json!({"index": 0, "id": "c1", "type": "function",
                        "function": {"name": "look", "arguments": ""}})),
                    chunk(json!({"index": 0, "function": {"arguments": first}})),
                    chunk(json!({"index": 0, "function": {"arguments": second}})),
                    json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
                ],
            }
        }
        Name::OpenaiResponses => {
            let item = |arguments: &str| {
                json!({"type": "function_call", "call_id": "c1", "name": "look",
                    "arguments": arguments})
            };
            let delta = |piece: &str| {
                json!({"type": "response.function_call_arguments.delta", "output_index": 0,
                    "delta": piece})
            };
            Sample {
                whole: json!({"status": "completed", "output": [item(arguments)]}),
                events: vec![
                    json!({"type": "response.output_item.added", "output_index": 0,
                        "item": item("")}),
                    delta(first),
                    delta(second),
                    json!({"type": "response.completed", "response": {"status": "completed",
                        "output": []}}),
                ],
            }
        }
        Name::Anthropic => {
            let block = |input: Value| json!({"type": "tool_use", "id": "c1", "name": "look", "input": input});
            let delta = |piece: &str| {
                json!({"type": "content_block_delta", "index": 0,
                    "delta": {"type": "input_json_delta", "partial_json": piece}})
            };
            Sample {
                whole: json!({"content": [block(parsed)], "stop_reason": "tool_use"}),
                events: vec![
                    json!({"type": "message_start", "message": {"content": []}}),
                    json!({"type": "content_block_start", "index": 0,
                        "content_block": block(json!({}))}),
                    delta(first),
                    delta(second),
                    json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
                    json!({"type": "message_stop"}),
                ],
            }
        }
        _ => {
            let call = json!({"functionCall": {"name": "look", "args": parsed, "id": "c1"}});
            let whole = json!({"candidates": [{"content": {"parts": [call]},
                "finishReason": "STOP"}]});
            Sample { events: vec![whole.clone()], whole }
        }
    }
}

#[test]
fn a_call_of_a_tool_is_read_where_one_was_offered() {
    for name in ALL {
        for verdict in every_way(name, &calls(name, r#"{"at": 3, "what": "✓"}"#), true) {
            match verdict {
                Verdict::Answer(Answer { text, calls, .. }) => {
                    assert_eq!((text.as_str(), calls.len()), ("", 1), "{name:?}");
                    let call = &calls[0];
                    assert_eq!((call.id.as_str(), call.name.as_str()), ("c1", "look"), "{name:?}");
                    assert_eq!(call.arguments, json!({"at": 3, "what": "✓"}), "{name:?}");
                }
                other => panic!("{name:?}: {other:?}"),
            }
        }
        for verdict in every_way(name, &calls(name, r#"{"at": "#), true) {
            match verdict {
                Verdict::Answer(Answer { calls, .. }) => {
                    assert_eq!((calls.len(), calls[0].id.as_str()), (1, "c1"), "{name:?}");
                    assert!(calls[0].broken.is_some(), "{name:?}: its author is told why");
                }
                other => panic!("{name:?}: {other:?}"),
            }
        }
        for verdict in every_way(name, &calls(name, "{}"), false) {
            assert_eq!(fault(&verdict), &AnswerFault::ToolCall, "{name:?}");
        }
        // Without arguments it is a call all the same.
        let mut bare = calls(name, "{}").whole.to_string();
        for given in [r#""arguments":"{}""#, r#""input":{}"#, r#""args":{}"#] {
            bare = bare.replace(given, r#""nothing":0"#);
        }
        match judge(dialect(name), 200, bare.as_bytes(), true) {
            Verdict::Answer(Answer { calls, .. }) => {
                assert_eq!((&calls[0].arguments, &calls[0].broken), (&json!({}), &None), "{bare}");
            }
            other => panic!("{name:?}: {other:?}"),
        }
    }
    for word in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"] {
        let malformed = json!({"candidates": [{"finishReason": word}]}).to_string();
        let verdict = judge(dialect(Name::Gemini), 200, malformed.as_bytes(), true);
        assert!(matches!(fault(&verdict), AnswerFault::BrokenToolCall { .. }), "{verdict:?}");
    }
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    let again = |verdict: &Verdict, wanted: u16| match verdict {
        Verdict::Again(Trouble::Status { status, message }, None) => {
            assert_eq!((*status, message.as_str()), (wanted, "busy"));
        }
        other => panic!("{other:?}"),
    };
    let chat = r#"{"error":{"message":"busy","code":503},"choices":[]}"#;
    again(&judged(Name::OpenaiChat, 200, chat), 503);
    again(&streamed(Name::OpenaiChat, &format!("data: {chat}\n\n"), 5, false), 503);
    let failed = json!({"type": "response.failed", "response": {"status": "failed",
        "error": {"code": "server_error", "message": "busy"}}});
    again(&streamed(Name::OpenaiResponses, &stream(&[failed]), 5, false), 500);
    let error = json!({"type": "error", "code": "rate_limit_exceeded", "message": "busy"});
    again(&streamed(Name::OpenaiResponses, &stream(&[error]), 5, false), 429);
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let mut begun = says(Name::Anthropic, "half of", "end_turn").events;
    begun.truncate(6);
    begun.push(error);
    again(&streamed(Name::Anthropic, &stream(&begun), 5, false), 529);
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    again(&streamed(Name::Gemini, &stream(&[error]), 5, false), 503);
}

#[test]
fn a_stream_that_ends_in_the_middle_is_asked_again() {
    for name in ALL {
        let events = says(name, "half of it", stops(name)[0]).events;
        let begun = events.len() - 2;
        let text = stream(&events[..begun.max(1)]);
        let verdict = streamed(name, &text, 10_000, false);
        assert!(
            matches!(verdict, Verdict::Again(Trouble::Broken { .. }, None)),
            "{name:?}: {verdict:?}"
        );
    }
}

#[test]
fn garbage_is_asked_again() {
    for name in ALL {
        for body in [
            "<html>",
            "{",
            "\"text\"",
            "{\"choices\":7,\"output\":7,\"content\":7,\"candidates\":7}",
        ] {
            for verdict in [
                judged(name, 200, body),
                streamed(name, &format!("event: message_start\ndata: {body}\n\n"), 9, false),
            ] {
                assert!(
                    matches!(
                        verdict,
                        Verdict::Again(Trouble::Garbled { .. } | Trouble::Broken { .. }, None)
                    ),
                    "{name:?} took {body}: {verdict:?}"
                );
            }
        }
    }
}

/// Takes the counts out of a value, wherever they are, and gives the model another name.
fn uncounted(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !["usage", "usageMetadata"].contains(&name.as_str()));
            members.values_mut().for_each(uncounted);
        }
        Value::Array(list) => list.iter_mut().for_each(uncounted),
        Value::String(text) if text == "m-1" => *text = "m-2".into(),
        _ => {}
    }
}

#[test]
fn without_counts_and_under_another_name_an_answer_is_one_whole_or_streamed() {
    for name in ALL {
        let mut sample = says(name, "so be it", stops(name)[0]);
        uncounted(&mut sample.whole);
        sample.events.iter_mut().for_each(uncounted);
        for verdict in every_way(name, &sample, false) {
            let Verdict::Answer(answer) = verdict else { panic!("{name:?}: {verdict:?}") };
            assert_eq!((answer.text.as_str(), answer.tokens), ("so be it", Tokens::default()));
            assert_eq!(answer.model.as_deref(), Some("m-2"), "{name:?}");
        }
    }
}

#[test]
fn parts_are_joined_and_a_pause_of_the_providers_own_tools_is_no_answer() {
    let parts = json!({"choices": [{"message": {"content": [{"type": "text", "text": "a"},
        {"type": "text", "text": "b"}]}, "finish_reason": "stop"}]});
    match judged(Name::OpenaiChat, 200, &parts.to_string()) {
        Verdict::Answer(answer) => assert_eq!(answer.text, "ab"),
        other => panic!("{other:?}"),
    }
    for verdict in every_way(Name::Anthropic, &says(Name::Anthropic, "x", "pause_turn"), false) {
        assert_eq!(fault(&verdict), &AnswerFault::Truncated);
    }
}

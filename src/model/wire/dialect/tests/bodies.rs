//! Request bodies: what each dialect makes of a conversation and of the settings.

use super::*;

#[test]
fn a_question_becomes_the_body_of_its_dialect() {
    let bodies = ALL.map(|name| sent(&spec(name), &chat()).1);
    assert_eq!(
        bodies,
        [
            json!({
                "model": "m-1",
                "messages": [{"role": "user", "content": "write a player"}],
                "max_completion_tokens": 100, "temperature": 0.7, "top_p": 0.9, "seed": 0x7fff_ffff,
            }),
            json!({
                "model": "m-1", "input": [{"role": "user", "content": "write a player"}],
                "max_output_tokens": 100, "temperature": 0.7, "top_p": 0.9, "store": false,
            }),
            json!({
                "model": "m-1", "max_tokens": 100, "temperature": 0.7, "top_p": 0.9,
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "write a player"}]}
                ],
            }),
            json!({
                "contents": [{"role": "user", "parts": [{"text": "write a player"}]}],
                "generationConfig": {
                    "maxOutputTokens": 100, "temperature": 0.7, "topP": 0.9, "seed": 0x7fff_ffff,
                },
            }),
        ]
    );
}

#[test]
fn address_and_headers_are_those_of_the_provider() {
    let streaming = |name| ModelSpec { stream: true, ..spec(name) };
    let gemini = "https://generativelanguage.googleapis.com/v1beta/models/m-1";
    for (spec, url, header) in [
        (spec(Name::OpenaiChat), "https://api.openai.com/v1/chat/completions", "authorization"),
        (spec(Name::OpenaiResponses), "https://api.openai.com/v1/responses", "authorization"),
        (spec(Name::Anthropic), "https://api.anthropic.com/v1/messages", "x-api-key"),
        (spec(Name::Gemini), &format!("{gemini}:generateContent"), "x-goog-api-key"),
        (
            streaming(Name::Gemini),
            &format!("{gemini}:streamGenerateContent?alt=sse"),
            "x-goog-api-key",
        ),
    ] {
        let (wire, _) = sent(&spec, &chat());
        assert_eq!((wire.url.as_str(), wire.key_header.0), (url, header));
        let versioned = wire.headers.contains(&("anthropic-version", "2023-06-01"));
        assert_eq!(versioned, spec.dialect == Name::Anthropic);
    }
}

#[test]
fn what_the_settings_say_comes_in_the_words_of_the_dialect() {
    let asked = |name| {
        let spec = ModelSpec { effort: Some(Effort::High), prompt_cache: true, ..spec(name) };
        sent(&spec, &rich_chat()).1
    };
    let [chat, responses, anthropic, gemini] = ALL.map(asked);
    assert_eq!(chat["reasoning_effort"], "high");
    assert_eq!(responses["reasoning"], json!({"effort": "high"}));
    assert_eq!(anthropic["output_config"]["effort"], "high");
    assert_eq!(gemini["generationConfig"]["thinkingConfig"], json!({"thinkingLevel": "HIGH"}));
    assert_eq!(
        (&chat["prompt_cache_key"], &responses["prompt_cache_key"]),
        (&json!("worker"), &json!("worker"))
    );
    assert_eq!(anthropic["cache_control"], json!({"type": "ephemeral"}));
    let schema = rich_chat().schema.expect("a schema").schema;
    assert_eq!(chat["response_format"]["json_schema"]["schema"], schema);
    assert_eq!(responses["text"]["format"]["schema"], schema);
    assert_eq!(anthropic["output_config"]["format"]["schema"], schema);
    assert_eq!(gemini["generationConfig"]["responseJsonSchema"], schema);
}

#[test]
fn what_goes_beyond_a_providers_range_is_sent_as_the_end_of_it() {
    let asked = Chat { temperature: Some(1.6), max_output_tokens: 3, ..chat() };
    let [chat, responses, anthropic, _] = ALL.map(|name| sent(&spec(name), &asked).1);
    let (hot, cool) = (&json!(1.6), &json!(1.0));
    assert_eq!((&chat["temperature"], &responses["temperature"]), (hot, hot));
    assert_eq!((&anthropic["temperature"], &responses["max_output_tokens"]), (cool, &json!(16)));
    assert_eq!(chat["max_completion_tokens"], 3);
}

#[test]
fn a_call_goes_back_with_its_result() {
    let [chat, responses, anthropic, gemini] = ALL.map(|name| sent(&spec(name), &rich_chat()).1);
    assert_eq!(chat["messages"][1]["tool_calls"][0]["function"]["arguments"], r#"{"at":3}"#);
    assert_eq!(chat["messages"][2]["tool_call_id"], "c1");
    assert_eq!(responses["input"][2]["arguments"], r#"{"at":3}"#);
    assert_eq!(responses["input"][3]["output"], "a wall");
    assert_eq!(anthropic["messages"][1]["content"][1]["input"], json!({"at": 3}));
    assert_eq!(anthropic["messages"][2]["content"][0]["tool_use_id"], "c1");
    assert_eq!(gemini["contents"][1]["parts"][1]["functionCall"]["args"], json!({"at": 3}));
    assert_eq!(gemini["contents"][1]["parts"][1]["thoughtSignature"], "sig");
    assert_eq!(
        gemini["contents"][2]["parts"][0]["functionResponse"]["response"],
        json!({"result": "a wall"})
    );
}

#[test]
fn an_answer_without_a_word_is_left_out_where_empty_turns_are_refused() {
    let mut asked = chat();
    asked.turns.push(Turn::Assistant { text: String::new(), calls: Vec::new(), kept: None });
    asked.turns.push(Turn::User("again".into()));
    for (name, turns) in ALL.into_iter().zip(["/messages", "/input", "/messages", "/contents"]) {
        let (_, body) = sent(&spec(name), &asked);
        let roles: Vec<&Value> = body
            .pointer(turns)
            .and_then(Value::as_array)
            .expect("turns")
            .iter()
            .map(|t| &t["role"])
            .collect();
        let kept = if name == Name::OpenaiChat {
            vec!["user", "assistant", "user"]
        } else {
            vec!["user", "user"]
        };
        assert_eq!(roles, kept, "{name:?}");
    }
}

#[test]
fn other_servers_get_the_old_limit_and_what_the_settings_add_or_omit() {
    let mut spec = spec(Name::OpenaiChat);
    spec.base_url = Some("http://127.0.0.1:11434/v1/".into());
    spec.stream = true;
    spec.omit = vec![WireParameter::Seed, WireParameter::Temperature, WireParameter::StreamOptions];
    spec.body.insert("top_k".into(), 40.into());
    let (wire, body) = sent(&spec, &chat());
    assert_eq!(wire.url, "http://127.0.0.1:11434/v1/chat/completions");
    assert_eq!((&body["max_tokens"], &body["top_k"]), (&json!(100), &json!(40)));
    for absent in ["seed", "temperature", "stream_options", "max_completion_tokens"] {
        assert!(body.get(absent).is_none(), "{absent} in {body}");
    }
}

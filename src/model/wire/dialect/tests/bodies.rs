//! Request bodies against the fields that providers document.

use super::*;

/// The members that the references name, as of November 2026, with `*` for those every request needs. A path has its
/// own row; a member without a row may hold anything. Sources are named in each dialect.
fn documented(name: Name) -> Vec<(&'static str, &'static str)> {
    match name {
        Name::OpenaiChat => vec![
            (
                "",
                "*model *messages audio frequency_penalty logit_bias logprobs max_completion_tokens max_tokens \
                 metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key \
                 prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop \
                 store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity \
                 web_search_options",
            ),
            ("/stream_options", "include_usage include_obfuscation"),
            ("/response_format", "*type json_schema"),
            ("/response_format/json_schema", "*name description schema strict"),
            ("/messages/0", "*role *content name"),
            ("/messages/1", "*role content refusal name audio tool_calls"),
            ("/messages/1/tool_calls/0", "*id *type *function"),
            ("/messages/1/tool_calls/0/function", "*name *arguments"),
            ("/messages/2", "*role *content *tool_call_id"),
            ("/tools/0", "*type *function"),
            ("/tools/0/function", "*name description parameters strict"),
        ],
        Name::OpenaiResponses => vec![
            (
                "",
                "*model *input background conversation include instructions max_output_tokens max_tool_calls \
                 metadata parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention \
                 reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice \
                 tools top_logprobs top_p truncation user",
            ),
            ("/reasoning", "effort summary"),
            ("/text", "format verbosity"),
            ("/text/format", "*type *name *schema description strict"),
            ("/input/0", "*role *content type"),
            ("/input/2", "*type *call_id *name *arguments id status"),
            ("/input/3", "*type *call_id *output id status"),
            ("/tools/0", "*type *name *parameters *strict description"),
        ],
        Name::Anthropic => vec![
            (
                "",
                "*model *messages *max_tokens cache_control container inference_geo metadata output_config \
                 service_tier stop_sequences stream system temperature thinking tool_choice tools top_k top_p",
            ),
            ("/output_config", "effort format"),
            ("/output_config/format", "*type *schema"),
            ("/cache_control", "*type ttl"),
            ("/messages/0", "*role *content"),
            ("/messages/1/content/0", "*type *text cache_control citations"),
            ("/messages/1/content/1", "*type *id *name *input cache_control caller"),
            ("/messages/2/content/0", "*type *tool_use_id content is_error cache_control"),
            ("/tools/0", "*name *input_schema description type cache_control strict"),
        ],
        Name::Gemini => vec![
            (
                "",
                "*contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent store \
                 serviceTier",
            ),
            (
                "/generationConfig",
                "stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount \
                 maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs \
                 logprobs speechConfig thinkingConfig imageConfig mediaResolution",
            ),
            ("/generationConfig/thinkingConfig", "includeThoughts thinkingBudget thinkingLevel"),
            ("/contents/0", "*parts role"),
            ("/contents/1/parts/1", "functionCall thoughtSignature"),
            ("/contents/1/parts/1/functionCall", "*name args id"),
            ("/contents/2/parts/0/functionResponse", "*name *response id willContinue scheduling"),
            ("/tools/0", "functionDeclarations"),
            (
                "/tools/0/functionDeclarations/0",
                "*name *description parameters parametersJsonSchema response behavior",
            ),
        ],
        other => panic!("{other:?}"),
    }
}

/// Members that are not documented, and documented ones that are missing though needed.
fn undocumented(name: Name, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, fields) in documented(name) {
        let Some(members) = body.pointer(path).and_then(Value::as_object) else { continue };
        let known =
            |member: &str| fields.split(' ').any(|field| field.trim_start_matches('*') == member);
        found.extend(
            members.keys().filter(|member| !known(member)).map(|member| format!("{path}/{member}")),
        );
        let needed = fields.split(' ').filter_map(|field| field.strip_prefix('*'));
        found.extend(
            needed.filter(|field| !members.contains_key(*field)).map(|f| format!("no {path}/{f}")),
        );
    }
    found
}

#[test]
fn every_body_holds_what_is_documented_and_nothing_else() {
    for name in ALL {
        for stream in [false, true] {
            let full =
                ModelSpec { effort: Some(Effort::Low), prompt_cache: true, stream, ..spec(name) };
            for chat in [chat(), rich_chat()] {
                let (_, body) = sent(&full, &chat);
                assert_eq!(undocumented(name, &body), Vec::<String>::new(), "{name:?}: {body}");
            }
            let (_, body) = sent(&full, &rich_chat());
            for (path, _) in documented(name) {
                let absent = body.pointer(path).is_none();
                let unneeded = path == "/stream_options" && !stream;
                assert!(!absent || unneeded, "{name:?} never sends {path}: {body}");
            }
        }
    }
    let (_, mut body) = sent(&spec(Name::Anthropic), &chat());
    body["seed"] = json!(1);
    assert_eq!(undocumented(Name::Anthropic, &body), ["/seed"], "the check finds what is foreign");
}

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
    assert_eq!(gemini["generationConfig"]["thinkingConfig"], json!({"thinkingLevel": "high"}));
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
    asked.turns.push(Turn::Assistant { text: String::new(), calls: Vec::new() });
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

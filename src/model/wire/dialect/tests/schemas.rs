//! Request bodies against schemas: ours of the documented fields (`tests/fixtures/schemas`), and the providers' own where
//! the folder `HYPERAGENT_OPENAPI_DIR` has them.

use std::io::Write as _;

use jsonschema::Validator;
use proptest::prelude::*;

use super::*;
use crate::domain::kept::{Kept, KeptPart};

fn documented(name: Name) -> Value {
    let text = match name {
        Name::OpenaiChat => include_str!("../../../../../tests/fixtures/schemas/openai-chat.json"),
        Name::OpenaiResponses => {
            include_str!("../../../../../tests/fixtures/schemas/openai-responses.json")
        }
        Name::Anthropic => include_str!("../../../../../tests/fixtures/schemas/anthropic.json"),
        Name::Gemini => include_str!("../../../../../tests/fixtures/schemas/gemini.json"),
        other => panic!("{other:?}"),
    };
    serde_json::from_str(text).expect("JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("a schema")
}

/// What is wrong with a body, and where.
fn wrong(validator: &Validator, body: &Value) -> Vec<String> {
    validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" \n".to_owned()), "[a-zA-Z ✓\n\"\\\\]{1,20}"]
}

/// What a provider of the dialect keeps of a turn with so many calls, as it would have come.
fn kept(name: Name, calls: usize) -> Option<Kept> {
    let raw = match name {
        Name::OpenaiChat => return None,
        Name::OpenaiResponses => vec![
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}),
            json!({"type": "message", "role": "assistant", "content": "so", "phase": "commentary"}),
        ],
        Name::Anthropic => vec![
            json!({"type": "thinking", "thinking": "", "signature": "s"}),
            json!({"type": "redacted_thinking", "data": "x"}),
            json!({"type": "text", "text": "so"}),
        ],
        _ => vec![json!({"text": "", "thoughtSignature": "s"})],
    };
    let parts = raw.into_iter().map(KeptPart::Raw).chain((0..calls).map(KeptPart::Call));
    Some(Kept { dialect: name, parts: parts.collect() })
}

/// A round: what the model said and called, what came of it, and what else it was told.
fn round(name: Name) -> impl Strategy<Value = Vec<Turn>> {
    (words(), 0..4_usize, any::<bool>(), words()).prop_map(move |(text, calls, keeps, rest)| {
        let call = |nth: usize| ToolCall {
            id: format!("call_{nth}"),
            name: "look".into(),
            arguments: json!({"at": nth, "what": text}),
            broken: (nth == 2).then(|| "no JSON".to_owned()),
            signature: (name == Name::Gemini && nth == 0).then(|| "sig".to_owned()),
        };
        let calls: Vec<ToolCall> = (0..calls).map(call).collect();
        let result = |call: &ToolCall| ToolResult {
            id: call.id.clone(),
            name: call.name.clone(),
            text: rest.clone(),
        };
        let results: Vec<ToolResult> = calls.iter().map(result).collect();
        let kept = kept(name, calls.len()).filter(|_| keeps && !calls.is_empty());
        let mut turns = vec![Turn::Assistant { text: text.clone(), calls, kept }];
        turns.extend((!results.is_empty()).then_some(Turn::Results(results)));
        turns.push(Turn::User(rest));
        turns
    })
}

/// A conversation of any shape.
fn any_chat(name: Name) -> impl Strategy<Value = Chat> {
    let tool = |nth: usize| Tool {
        name: format!("tool-{nth}"),
        description: String::new(),
        parameters: json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false}),
    };
    let form = Schema { name: "move".into(), schema: json!({"type": "object", "properties": {}}) };
    (
        prop::collection::vec(round(name), 0..4),
        0..3_usize,
        prop::option::of(Just(form)),
        prop::option::of(0.0..=2.0_f64),
        prop::option::of(0.01..=1.0_f64),
        1..200_000_u32,
        any::<u64>(),
    )
        .prop_map(move |(rounds, tools, schema, temperature, top_p, longest, seed)| Chat {
            turns: [vec![Turn::User("play".into())], rounds.concat()].concat(),
            tools: (0..tools).map(tool).collect(),
            schema,
            temperature,
            top_p,
            max_output_tokens: longest,
            seed,
            family: "worker".into(),
        })
}

/// Settings of any shape that the rules let pass.
fn any_spec(name: Name) -> impl Strategy<Value = ModelSpec> {
    let efforts = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::Xhigh,
        Effort::Max,
    ];
    let known: Vec<Effort> =
        efforts.into_iter().filter(|effort| effort.is_known_to(name)).collect();
    let omitted = [
        WireParameter::Temperature,
        WireParameter::TopP,
        WireParameter::Seed,
        WireParameter::StreamOptions,
    ];
    (
        any::<bool>(),
        any::<bool>(),
        prop::option::of(prop::sample::select(known)),
        prop::sample::subsequence(omitted.to_vec(), 0..=4),
        any::<bool>(),
    )
        .prop_map(move |(stream, prompt_cache, effort, omit, elsewhere)| ModelSpec {
            stream,
            prompt_cache,
            effort,
            omit,
            base_url: elsewhere.then(|| "http://127.0.0.1:1/v1".to_owned()),
            ..spec(name)
        })
}

/// The first bodies of the matrix that break a schema, each with what is wrong.
fn broken_bodies(name: Name, validator: &Validator) -> Result<(), String> {
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let asked = (any_spec(name), any_chat(name));
    let tried = runner.run(&asked, |(spec, chat)| {
        let (_, body) = sent(&spec, &chat);
        let found = wrong(validator, &body);
        prop_assert!(found.is_empty(), "{found:#?} in {body:#}");
        Ok(())
    });
    tried.map_err(|failed| failed.to_string())
}

#[test]
fn whatever_is_asked_the_body_is_as_documented() {
    for name in ALL {
        let schema = documented(name);
        if let Err(found) = broken_bodies(name, &validator(&schema)) {
            panic!("{name:?}: {found}");
        }
    }
}

/// Every object of our schemas that names members says that there are no others, so what is foreign is found at any depth.
#[test]
fn the_schemas_find_what_is_foreign_missing_or_of_another_type() {
    fn lenient(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (key, inner) in schema.as_object().into_iter().flatten() {
            lenient(inner, &format!("{path}/{key}"), found);
        }
        for inner in schema.as_array().into_iter().flatten() {
            lenient(inner, path, found);
        }
        if schema["type"] == "object" && schema["properties"] != json!({}) {
            let strict = schema["additionalProperties"] == false;
            found.extend((!strict && !path.ends_with("input_schema")).then(|| path.to_owned()));
        }
    }
    for name in ALL {
        let schema = documented(name);
        let mut found = Vec::new();
        lenient(&schema, "", &mut found);
        assert_eq!(found, Vec::<String>::new(), "{name:?}");
        assert!(schema["$comment"].as_str().expect("sources").contains("Looked up 20"));
        let validator = validator(&schema);
        let full =
            ModelSpec { effort: Some(Effort::Low), prompt_cache: true, stream: true, ..spec(name) };
        let (_, body) = sent(&full, &rich_chat());
        assert_eq!(wrong(&validator, &body), Vec::<String>::new(), "{name:?}");
        let objects = paths(&body);
        assert!(objects.len() > 8, "{name:?}: {objects:?}");
        for path in objects {
            let mut foreign = body.clone();
            let inside = foreign.pointer_mut(&path).and_then(Value::as_object_mut);
            inside.expect("an object").insert("wink".into(), 1.into());
            assert!(!wrong(&validator, &foreign).is_empty(), "{name:?} takes {path}/wink");
        }
        for (number, key) in body.as_object().expect("an object").keys().enumerate() {
            let mut other = body.clone();
            other[key] = json!({"of another": "type", "nth": number});
            assert!(!wrong(&validator, &other).is_empty(), "{name:?} takes any {key}");
        }
    }
}

/// Where the objects of a body are, but for what is the caller's own: arguments, results and schemas.
fn paths(body: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        let own = ["schema", "parameters", "input_schema", "input", "args", "response"];
        let own_schema = ["responseJsonSchema", "parametersJsonSchema"];
        if let Some(members) = value.as_object() {
            found.push(path.to_owned());
            for (key, inner) in members {
                let theirs = own.contains(&key.as_str()) && inner.is_object();
                if !theirs && !own_schema.contains(&key.as_str()) {
                    walk(inner, &format!("{path}/{key}"), found);
                }
            }
        }
        for (nth, inner) in value.as_array().into_iter().flatten().enumerate() {
            walk(inner, &format!("{path}/{nth}"), found);
        }
    }
    let mut found = Vec::new();
    walk(body, "", &mut found);
    found
}

/// A provider's own document in the folder, made into a schema of the request body: an OpenAPI document, or a discovery
/// document of Google's, whose references are bare names.
fn published(folder: &std::path::Path, name: Name) -> Option<(String, Value)> {
    let (file, request) = match name {
        Name::OpenaiChat => ("openai.json", "CreateChatCompletionRequest"),
        Name::OpenaiResponses => ("openai.json", "CreateResponse"),
        Name::Anthropic => ("anthropic.json", "CreateMessageParams"),
        _ => ("gemini.json", "GenerateContentRequest"),
    };
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    let document: Value = serde_json::from_str(&text).expect("a document in JSON");
    let openapi = document.pointer("/components/schemas");
    let mut schemas = openapi.or_else(|| document.get("schemas")).expect("schemas").clone();
    plain(&mut schemas);
    assert!(schemas.get(request).is_some(), "{file} has no {request}");
    let mut root = Map::new();
    root.insert("components".into(), json!({ "schemas": schemas }));
    root.insert("$ref".into(), format!("#/components/schemas/{request}").into());
    root.insert("unevaluatedProperties".into(), false.into());
    Some((file.to_owned(), root.into()))
}

/// Bare references become whole ones, and Google's type `any` is no type.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref")
                && !target.starts_with('#')
            {
                *target = format!("#/components/schemas/{target}");
            }
            if members.get("type").is_some_and(|kind| kind == "any") {
                members.remove("type");
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Past the harness, which shows nothing of a test that passes.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

#[test]
fn bodies_are_as_the_providers_own_documents_say() {
    let Some(folder) = std::env::var_os("HYPERAGENT_OPENAPI_DIR") else {
        say("skipped: HYPERAGENT_OPENAPI_DIR is not set");
        return;
    };
    let mut found = Vec::new();
    for name in ALL {
        match published(folder.as_ref(), name) {
            None => say(&format!("skipped: the folder has no document for {}", name.name())),
            Some((file, schema)) => {
                say(&format!("{}: against {file}", name.name()));
                let broken = broken_bodies(name, &validator(&schema));
                found.extend(broken.err().map(|why| format!("{}: {why}", name.name())));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

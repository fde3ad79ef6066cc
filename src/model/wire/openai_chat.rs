//! The dialect `openai-chat`: OpenAI's chat completions and every compatible server. Pure translation.
//!
//! Source: OpenAI API reference, "Create chat completion"; where servers differ, the code says how.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{AnswerFault, Tokens, Trouble, Verdict, WireRequest, WireResponse};
use crate::domain::settings::{ModelSpec, WireParameter};
use crate::model::request::{Request, Speaker};

/// Where requests go when `base_url` is absent.
const OPENAI: &str = "https://api.openai.com/v1";

/// The request for one question.
pub(super) fn translate(spec: &ModelSpec, request: &Request) -> WireRequest {
    let base = spec.base_url.as_deref().unwrap_or(OPENAI).trim_end_matches('/');
    WireRequest {
        url: format!("{base}/chat/completions"),
        key_header: ("authorization", "Bearer "),
        body: Value::Object(body(spec, request, base)).to_string().into_bytes(),
    }
}

fn body(spec: &ModelSpec, request: &Request, base: &str) -> Map<String, Value> {
    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| {
            let role = match message.speaker {
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            json!({ "role": role, "content": message.text })
        })
        .collect();
    let mut body = Map::new();
    body.insert("model".into(), spec.model.clone().into());
    body.insert("messages".into(), messages.into());
    let optional = [
        (WireParameter::MaxTokens, limit_name(base), Some(request.max_output_tokens.into())),
        (WireParameter::Temperature, "temperature", request.temperature.map(Value::from)),
        (WireParameter::TopP, "top_p", request.top_p.map(Value::from)),
        (WireParameter::Seed, "seed", Some(narrow_seed(request.seed).into())),
    ];
    for (parameter, name, value) in optional {
        if let Some(value) = value.filter(|_| !spec.omit.contains(&parameter)) {
            body.insert(name.into(), value);
        }
    }
    body.extend(spec.body.clone());
    body
}

/// OpenAI's newer models know only the new name of the limit, many other servers only the old one.
fn limit_name(base: &str) -> &'static str {
    if base == OPENAI { "max_completion_tokens" } else { "max_tokens" }
}

/// Some servers read the seed as a signed 32-bit number.
fn narrow_seed(seed: u64) -> u64 {
    seed & 0x7fff_ffff
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Value>>,
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

#[derive(Deserialize, Default)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    /// The name DeepSeek gives to cached tokens.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

/// What a response means.
pub(super) fn judge(response: &WireResponse) -> Verdict {
    if !(200..300).contains(&response.status) {
        return judge_failure(response.status, ProviderError::read(&response.body));
    }
    let completion: Completion = match serde_json::from_slice(&response.body) {
        Ok(completion) => completion,
        Err(error) => return Verdict::Again(Trouble::Garbled { reason: error.to_string() }),
    };
    if let Some(error) = completion.error.as_ref().filter(|error| !error.is_null()) {
        let error = ProviderError::from_value(error);
        // Without a number the failure is taken for a passing one, as behind a router whose provider broke off.
        let status = error.number.filter(|status| *status >= 400).unwrap_or(502);
        return judge_failure(status, error);
    }
    judge_completion(completion)
}

fn judge_completion(completion: Completion) -> Verdict {
    let tokens = completion.usage.map(read_usage).unwrap_or_default();
    let choice = completion.choices.into_iter().next();
    let (message, finish) = choice.map_or((None, None), |c| (c.message, c.finish_reason));
    let (text, refusal, called) = message.map_or((String::new(), None, false), |message| {
        let called = message.tool_calls.is_some_and(|calls| !calls.is_empty());
        (without_thinking(flatten(message.content)), message.refusal, called)
    });
    let fault = match finish.as_deref() {
        Some("length") => Some(AnswerFault::Truncated),
        Some("content_filter") => Some(AnswerFault::Filtered),
        _ => match refusal.filter(|refusal| !refusal.trim().is_empty()) {
            Some(reason) => Some(AnswerFault::Declined { reason }),
            None if !text.trim().is_empty() => None,
            None if called => Some(AnswerFault::ToolCall),
            None => Some(AnswerFault::Empty),
        },
    };
    match fault {
        None => Verdict::Answer { text, tokens },
        Some(fault) => Verdict::NotAnAnswer { fault, text, tokens },
    }
}

fn flatten(content: Option<Content>) -> String {
    match content {
        None => String::new(),
        Some(Content::Text(text)) => text,
        Some(Content::Parts(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
    }
}

/// The answer after a block of thinking, which some local servers leave at its head.
fn without_thinking(text: String) -> String {
    let after = text
        .trim_start()
        .strip_prefix("<think>")
        .and_then(|thinking| thinking.split_once("</think>"))
        .map(|(_, answer)| answer.trim_start().to_owned());
    after.unwrap_or(text)
}

fn read_usage(usage: Usage) -> Tokens {
    Tokens {
        input: usage.prompt_tokens,
        cached: usage
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens)
            .or(usage.prompt_cache_hit_tokens),
        output: usage.completion_tokens,
    }
}

fn judge_failure(status: u16, error: ProviderError) -> Verdict {
    let ProviderError { message, code, .. } = error;
    let unpaid = |fault| Verdict::NotAnAnswer {
        fault,
        text: String::new(),
        tokens: Tokens { input: Some(0), cached: None, output: Some(0) },
    };
    match (status, code.as_str()) {
        (429, "insufficient_quota" | "billing_hard_limit_reached") => {
            Verdict::Down(Trouble::Status { status, message })
        }
        (408 | 425 | 429 | 500..=599, _) => Verdict::Again(Trouble::Status { status, message }),
        (413, _) | (_, "context_length_exceeded") => {
            unpaid(AnswerFault::PromptTooLong { reason: message })
        }
        (400, "content_filter" | "content_policy_violation") => unpaid(AnswerFault::Filtered),
        (300..=399, _) => {
            let message = "the server redirects; set base_url to where it leads".into();
            Verdict::Refused { status, message }
        }
        _ => Verdict::Refused { status, message },
    }
}

/// What a provider says about a failure.
struct ProviderError {
    message: String,
    code: String,
    number: Option<u16>,
}

impl ProviderError {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(value.get("error").unwrap_or(&value)),
            Err(_) => Self {
                message: String::from_utf8_lossy(body).into_owned(),
                code: String::new(),
                number: None,
            },
        }
    }

    /// Reads `{"message", "code" or "type"}`, a bare text, or whatever else there is, as JSON.
    fn from_value(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let message = text("message")
            .or_else(|| text("detail"))
            .or_else(|| value.as_str().map(str::to_owned))
            .unwrap_or_else(|| value.to_string());
        let number = value
            .get("code")
            .and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()))
            .and_then(|code| u16::try_from(code).ok());
        Self { message, code: text("code").or_else(|| text("type")).unwrap_or_default(), number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Dialect;
    use crate::model::request::tests::question;

    fn judged(status: u16, body: &str) -> Verdict {
        judge(&WireResponse { status, retry_after: None, body: body.into() })
    }

    fn completion(message: &Value, finish: &str) -> Verdict {
        let usage = json!({"prompt_tokens": 9, "completion_tokens": 4});
        let choice = json!({"message": message, "finish_reason": finish});
        judged(200, &json!({"choices": [choice], "usage": usage}).to_string())
    }

    fn fault(verdict: Verdict) -> AnswerFault {
        match verdict {
            Verdict::NotAnAnswer { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    }

    fn spec() -> ModelSpec {
        ModelSpec { model: Some("m-1".into()), ..ModelSpec::of(Dialect::OpenaiChat) }
    }

    fn sent(spec: &ModelSpec) -> (String, Value) {
        let mut question = question("write a player");
        question.temperature = Some(0.7);
        question.seed = u64::MAX;
        let wire = translate(spec, &question);
        (wire.url, serde_json::from_slice(&wire.body).expect("JSON"))
    }

    #[test]
    fn a_question_becomes_the_documented_body() {
        let (url, body) = sent(&spec());
        assert_eq!(url, "https://api.openai.com/v1/chat/completions");
        assert_eq!(
            body,
            json!({
                "model": "m-1",
                "messages": [{"role": "user", "content": "write a player"}],
                "max_completion_tokens": 100,
                "temperature": 0.7,
                "seed": 0x7fff_ffff,
            })
        );
    }

    #[test]
    fn other_servers_get_the_old_limit_and_what_the_settings_add_or_omit() {
        let mut spec = spec();
        spec.base_url = Some("http://127.0.0.1:11434/v1/".into());
        spec.omit = vec![WireParameter::Seed, WireParameter::Temperature];
        spec.body.insert("reasoning_effort".into(), "low".into());
        let (url, body) = sent(&spec);
        assert_eq!(url, "http://127.0.0.1:11434/v1/chat/completions");
        assert_eq!(body.get("max_tokens"), Some(&json!(100)));
        assert_eq!(body.get("reasoning_effort"), Some(&json!("low")));
        assert!(body.get("seed").is_none() && body.get("temperature").is_none(), "{body}");
    }

    #[test]
    fn an_answer_comes_with_its_tokens() {
        let body = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}}"#;
        let tokens = Tokens { input: Some(12), cached: Some(8), output: Some(3) };
        assert_eq!(judged(200, body), Verdict::Answer { text: "ok".into(), tokens });
    }

    #[test]
    fn missing_usage_leaves_the_tokens_unknown() {
        let body = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}"#;
        let tokens = Tokens::default();
        assert_eq!(judged(200, body), Verdict::Answer { text: "ok".into(), tokens });
    }

    #[test]
    fn a_cut_off_answer_is_no_answer_but_keeps_its_text() {
        match completion(&json!({"content": "half of"}), "length") {
            Verdict::NotAnAnswer { fault: AnswerFault::Truncated, text, tokens } => {
                assert_eq!((text.as_str(), tokens.output), ("half of", Some(4)));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn odd_shapes_have_a_name_each() {
        assert_eq!(fault(judged(200, r#"{"choices":[]}"#)), AnswerFault::Empty);
        assert_eq!(fault(completion(&json!({"content": null}), "stop")), AnswerFault::Empty);
        assert_eq!(fault(completion(&json!({"content": " \n"}), "stop")), AnswerFault::Empty);
        assert_eq!(
            fault(completion(&json!({"content": null, "refusal": "no"}), "stop")),
            AnswerFault::Declined { reason: "no".into() }
        );
        let calls = json!({"content": null, "tool_calls": [{"id": "1"}]});
        assert_eq!(fault(completion(&calls, "tool_calls")), AnswerFault::ToolCall);
        assert_eq!(
            fault(completion(&json!({"content": "x"}), "content_filter")),
            AnswerFault::Filtered
        );
    }

    #[test]
    fn parts_are_joined_and_thinking_at_the_head_is_left_out() {
        let parts =
            json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
        let thinking = json!({"content": "<think>\nhm\n</think>\n\nab"});
        for message in [parts, thinking] {
            match completion(&message, "stop") {
                Verdict::Answer { text, .. } => assert_eq!(text, "ab"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_may_pass_is_told_from_what_never_will() {
        let error = |code: &str| json!({"error": {"message": "why", "code": code}}).to_string();
        let trouble = |status| Trouble::Status { status, message: "why".into() };
        for status in [408, 429, 500, 503, 529] {
            assert_eq!(judged(status, &error("x")), Verdict::Again(trouble(status)));
        }
        assert_eq!(judged(429, &error("insufficient_quota")), Verdict::Down(trouble(429)));
        for status in [400, 401, 403, 404] {
            let refused = Verdict::Refused { status, message: "why".into() };
            assert_eq!(judged(status, &error("x")), refused);
        }
        assert_eq!(
            fault(judged(400, &error("context_length_exceeded"))),
            AnswerFault::PromptTooLong { reason: "why".into() }
        );
    }

    #[test]
    fn an_error_inside_a_success_is_an_error() {
        let body = r#"{"error":{"message":"overloaded","code":503},"choices":[]}"#;
        let trouble = Trouble::Status { status: 503, message: "overloaded".into() };
        assert_eq!(judged(200, body), Verdict::Again(trouble));
    }

    #[test]
    fn garbage_is_asked_again() {
        for body in ["<html>", "{", "[]", r#"{"choices":[{"message":{"content":7}}]}"#] {
            assert!(
                matches!(judged(200, body), Verdict::Again(Trouble::Garbled { .. })),
                "{body} was taken"
            );
        }
    }

    #[test]
    fn an_error_page_that_is_no_json_is_quoted() {
        let trouble = Trouble::Status { status: 502, message: "<h1>Bad Gateway</h1>".into() };
        assert_eq!(judged(502, "<h1>Bad Gateway</h1>"), Verdict::Again(trouble));
    }
}

//! What a provider's failure means: whether it may pass, and whose fault it is.

use std::time::Duration;

use serde_json::Value;

use super::{AnswerFault, Tokens, Trouble, Verdict};

/// What a provider says about a failure.
#[derive(Debug, Default)]
pub(super) struct ProviderError {
    /// In words.
    pub message: String,
    /// Its code, or its kind where there is no code.
    pub code: String,
    /// A status given in the body.
    pub number: Option<u16>,
    /// How long the body asks to wait.
    pub after: Option<Duration>,
}

impl ProviderError {
    /// Reads a body: `{"error": …}`, a list of such (Gemini's streams), or whatever else it holds.
    pub fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Array(list)) => list.first().map(Self::inside).unwrap_or_default(),
            Ok(value) => Self::inside(&value),
            Err(_) => {
                Self { message: String::from_utf8_lossy(body).into_owned(), ..Self::default() }
            }
        }
    }

    fn inside(value: &Value) -> Self {
        Self::from_value(value.get("error").unwrap_or(value))
    }

    /// Reads `{"message", "code" or "type" or "status"}`, a bare text, or whatever else there is, as JSON.
    pub fn from_value(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let message = text("message")
            .or_else(|| text("detail"))
            .or_else(|| value.as_str().map(str::to_owned))
            .unwrap_or_else(|| value.to_string());
        let number = value
            .get("code")
            .and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()))
            .and_then(|code| u16::try_from(code).ok());
        let code = text("code").or_else(|| text("type")).or_else(|| text("status"));
        Self { message, code: code.unwrap_or_default(), number, after: retry_delay(value) }
    }
}

/// The wait that Google's errors ask for: `details: [{"retryDelay": "30s"}]`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

/// The status that an error inside a response of status 200 would have had, by its code.
pub(super) fn status_of(error: &ProviderError) -> u16 {
    if let Some(status) = error.number.filter(|status| *status >= 400) {
        return status;
    }
    match error.code.as_str() {
        "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" => 429,
        "insufficient_quota" => 429,
        "overloaded_error" => 529,
        "api_error" | "server_error" | "INTERNAL" => 500,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        "invalid_request_error" | "invalid_prompt" | "INVALID_ARGUMENT" => 400,
        "context_length_exceeded" => 400,
        "authentication_error" | "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "NOT_FOUND" => 404,
        "request_too_large" => 413,
        // Without a code the failure is taken for a passing one, as behind a router whose provider broke off.
        _ => 502,
    }
}

/// What a failed response means.
pub(super) fn failure(status: u16, error: ProviderError) -> Verdict {
    let ProviderError { message, code, after, .. } = error;
    let unpaid = |fault| Verdict::NotAnAnswer {
        fault,
        text: String::new(),
        tokens: Tokens { input: Some(0), output: Some(0), ..Tokens::default() },
    };
    match (status, code.as_str()) {
        (429, "insufficient_quota" | "billing_hard_limit_reached") => {
            Verdict::Down(Trouble::Status { status, message })
        }
        (408 | 425 | 429 | 500..=599, _) => {
            Verdict::Again(Trouble::Status { status, message }, after)
        }
        (413, _) | (_, "context_length_exceeded") => {
            unpaid(AnswerFault::PromptTooLong { reason: message })
        }
        (400, _) if is_too_long(&message) => unpaid(AnswerFault::PromptTooLong { reason: message }),
        (400, "content_filter" | "content_policy_violation") => unpaid(AnswerFault::Filtered),
        (300..=399, _) => {
            let message = "the server redirects; set base_url to where it leads".into();
            Verdict::Refused { status, message }
        }
        _ => Verdict::Refused { status, message },
    }
}

/// Anthropic and Gemini have no code of its own for a prompt that does not fit; these are their words.
fn is_too_long(message: &str) -> bool {
    message.starts_with("prompt is too long")
        || (message.starts_with("The input token count") && message.contains("exceeds"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(status: u16, body: &Value) -> Verdict {
        failure(status, ProviderError::read(body.to_string().as_bytes()))
    }

    #[test]
    fn what_may_pass_is_told_from_what_never_will() {
        let error = |code: &str| json!({"error": {"message": "why", "code": code}});
        let trouble = |status| Trouble::Status { status, message: "why".into() };
        for status in [408, 429, 500, 503, 529] {
            assert_eq!(judged(status, &error("x")), Verdict::Again(trouble(status), None));
        }
        assert_eq!(judged(429, &error("insufficient_quota")), Verdict::Down(trouble(429)));
        for status in [400, 401, 402, 403, 404] {
            let refused = Verdict::Refused { status, message: "why".into() };
            assert_eq!(judged(status, &error("x")), refused);
        }
    }

    #[test]
    fn a_prompt_that_does_not_fit_is_known_in_every_dialect() {
        let openai = json!({"error": {"message": "m", "code": "context_length_exceeded"}});
        let anthropic = json!({"type": "error", "error": {"type": "invalid_request_error",
            "message": "prompt is too long: 210000 tokens > 200000 maximum"}});
        let gemini = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT",
            "message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}});
        for body in [openai, anthropic, gemini] {
            match judged(400, &body) {
                Verdict::NotAnAnswer {
                    fault: AnswerFault::PromptTooLong { .. }, tokens, ..
                } => {
                    assert_eq!(tokens.output, Some(0));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_wait_that_google_asks_for_is_read() {
        let body = json!([{"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "…Help"}, {"@type": "…RetryInfo", "retryDelay": "1.5s"}]}}]);
        match judged(429, &body) {
            Verdict::Again(_, after) => assert_eq!(after, Some(Duration::from_millis(1500))),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_page_that_is_no_json_is_quoted() {
        let message = "<h1>Bad Gateway</h1>";
        let verdict = failure(502, ProviderError::read(message.as_bytes()));
        let trouble = Trouble::Status { status: 502, message: message.into() };
        assert_eq!(verdict, Verdict::Again(trouble, None));
    }
}

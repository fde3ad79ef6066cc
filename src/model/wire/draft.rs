//! An answer taking shape, piece by piece or at once, and what it is in the end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AnswerFault, Tokens, Trouble, Verdict};
use crate::domain::kept::KeptPart;
use crate::domain::settings::Dialect;
use crate::model::chat::{Answer, Kept, ToolCall};

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It had said everything.
    End,
    /// It wants its calls answered.
    Tools,
    /// It met the longest answer, or filled its context.
    Length,
    /// The provider's filter held it back.
    Filter,
    /// It declined.
    Refusal,
    /// It called a tool in a way the provider could not read.
    BrokenCall,
}

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Its text.
    pub text: String,
    /// Why the model declines, in its words.
    pub refusal: String,
    /// Calls by their place in the answer.
    pub calls: BTreeMap<u64, CallDraft>,
    /// What else the answer is made of, in the provider's words, by its place: thinking, and the text around it.
    pub beside: BTreeMap<u64, Value>,
    /// The dialect that wants all of this back with what the calls came to, as soon as there is something that text and
    /// calls do not say.
    pub keeps: Option<Dialect>,
    /// Why it stopped, once it did.
    pub stop: Option<Stop>,
    /// Whether the provider said that nothing more comes.
    pub ended: bool,
    /// What it used.
    pub tokens: Tokens,
    /// The model that answers.
    pub model: Option<String>,
    /// A failure reported in the midst of the answer.
    pub failure: Option<Verdict>,
}

/// A call taking shape.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CallDraft {
    /// The provider's name of it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as JSON text.
    pub arguments: String,
    /// What the provider wants back with it.
    pub signature: Option<String>,
}

impl Draft {
    /// A failure in the midst of the answer, which is then over.
    pub fn fail(&mut self, failure: Verdict) {
        self.failure = Some(failure);
        self.ended = true;
    }

    /// What it came to. `offered` says whether the model was given tools.
    pub fn verdict(self, offered: bool) -> Verdict {
        let kept = self.kept();
        if let Some(failure) = self.failure {
            return failure;
        }
        if self.stop.is_none() && !self.ended {
            let reason = "the stream ended in the middle of the answer".into();
            return Verdict::Again(Trouble::Broken { reason }, None);
        }
        let text = without_thinking(self.text);
        let tokens = self.tokens;
        let fault = match self.stop {
            Some(Stop::Length) => Some(AnswerFault::Truncated),
            Some(Stop::Filter) => Some(AnswerFault::Filtered),
            Some(Stop::BrokenCall) => {
                let reason = "the provider could not read it".into();
                Some(AnswerFault::BrokenToolCall { reason })
            }
            Some(Stop::Refusal) => Some(declined(&self.refusal, &text)),
            _ if !self.refusal.trim().is_empty() => Some(declined(&self.refusal, &text)),
            _ => None,
        };
        if let Some(fault) = fault {
            return Verdict::NotAnAnswer { fault, text, tokens };
        }
        let blank = text.trim().is_empty();
        let called = !self.calls.is_empty();
        if !offered {
            return match (blank, called) {
                (false, _) => {
                    let (calls, kept, model) = (Vec::new(), None, self.model);
                    Verdict::Answer(Answer { text, calls, kept, model, tokens })
                }
                (true, true) => Verdict::NotAnAnswer { fault: AnswerFault::ToolCall, text, tokens },
                (true, false) => Verdict::NotAnAnswer { fault: AnswerFault::Empty, text, tokens },
            };
        }
        match self.calls.into_values().map(CallDraft::read).collect::<Option<Vec<_>>>() {
            None => {
                let reason = "it names no tool".into();
                let fault = AnswerFault::BrokenToolCall { reason };
                Verdict::NotAnAnswer { fault, text, tokens }
            }
            Some(calls) if calls.is_empty() && blank => {
                Verdict::NotAnAnswer { fault: AnswerFault::Empty, text, tokens }
            }
            Some(calls) => Verdict::Answer(Answer { text, calls, kept, model: self.model, tokens }),
        }
    }

    /// All of it in its order, for an answer with calls whose dialect wants that back.
    fn kept(&self) -> Option<Kept> {
        let dialect = self.keeps.filter(|_| !self.calls.is_empty())?;
        let calls = self.calls.keys().enumerate().map(|(nth, at)| (*at, KeptPart::Call(nth)));
        let beside = self.beside.iter().filter(|(_, piece)| !is_blank(piece));
        let mut parts: Vec<(u64, KeptPart)> =
            beside.map(|(at, piece)| (*at, KeptPart::Raw(piece.clone()))).chain(calls).collect();
        parts.sort_by_key(|(at, _)| *at);
        Some(Kept { dialect, parts: parts.into_iter().map(|(_, part)| part).collect() })
    }
}

/// Whether a piece is text without a word, which providers refuse unless it carries a signature.
fn is_blank(piece: &Value) -> bool {
    let text = piece.get("text").and_then(Value::as_str);
    text.is_some_and(|text| text.trim().is_empty()) && piece.get("thoughtSignature").is_none()
}

impl CallDraft {
    /// The call, unless it names no tool. No arguments at all are no arguments, everything else has to be a JSON object; a
    /// call whose arguments cannot be read says so, for its author can be told.
    fn read(self) -> Option<ToolCall> {
        let Self { id, name, arguments, signature } = self;
        if name.is_empty() {
            return None;
        }
        let given = if arguments.trim().is_empty() { "{}" } else { &arguments };
        let (arguments, broken) = match serde_json::from_str::<Value>(given) {
            Ok(arguments @ Value::Object(_)) => (arguments, None),
            Ok(_) => (json!({}), Some(format!("the arguments of `{name}` are no object"))),
            Err(error) => {
                (json!({}), Some(format!("the arguments of `{name}` are no JSON: {error}")))
            }
        };
        Some(ToolCall { id, name, arguments, broken, signature })
    }
}

fn declined(refusal: &str, text: &str) -> AnswerFault {
    let words = [refusal, text].into_iter().map(str::trim).find(|words| !words.is_empty());
    AnswerFault::Declined { reason: words.unwrap_or("it gave no reason").to_owned() }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str, arguments: Option<&str>) -> Draft {
        let call = |arguments: &str| CallDraft {
            name: "look".into(),
            arguments: arguments.into(),
            ..CallDraft::default()
        };
        let calls = arguments.map(|arguments| (0, call(arguments)));
        Draft {
            text: text.into(),
            calls: calls.into_iter().collect(),
            ended: true,
            ..Draft::default()
        }
    }

    fn fault(verdict: Verdict) -> AnswerFault {
        match verdict {
            Verdict::NotAnAnswer { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_counts_when_a_tool_was_offered_and_its_arguments_can_be_read() {
        match draft("", Some(r#"{"at": 3}"#)).verdict(true) {
            Verdict::Answer(answer) => {
                assert_eq!(answer.calls[0].arguments, serde_json::json!({"at": 3}));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(draft("", Some("")).verdict(true), Verdict::Answer(_)));
        for broken in [r#"{"at": "#, "[1]", "three"] {
            match draft("", Some(broken)).verdict(true) {
                Verdict::Answer(answer) => assert!(answer.calls[0].broken.is_some(), "{broken}"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(fault(draft("", Some("{}")).verdict(false)), AnswerFault::ToolCall);
        assert!(matches!(draft("text", Some("{")).verdict(false), Verdict::Answer(_)));
    }

    #[test]
    fn a_stream_that_stops_before_the_model_did_is_asked_again() {
        let cut = Draft { ended: false, ..draft("half of", None) };
        assert!(matches!(cut.verdict(false), Verdict::Again(Trouble::Broken { .. }, None)));
        let stopped = Draft { ended: false, stop: Some(Stop::End), ..draft("all", None) };
        assert!(matches!(stopped.verdict(false), Verdict::Answer(_)));
    }

    #[test]
    fn thinking_at_the_head_is_left_out() {
        match draft("<think>\nhm\n</think>\n\nab", None).verdict(false) {
            Verdict::Answer(answer) => assert_eq!(answer.text, "ab"),
            other => panic!("{other:?}"),
        }
    }
}

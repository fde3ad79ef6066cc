//! The messages of a measurement: one JSON value a line. The kernel reads the envelope only; arguments and answers
//! pass through as they are, their number counted and their content unread.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::domain::task::Case;

/// What the kernel asks of a benchmark.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order<'a> {
    /// Measure these cases.
    Block(&'a [Case]),
    /// Play this case back, frame by frame.
    Play(&'a Case),
    /// Say of each proposed case whether it is one.
    Check(&'a [Value]),
    /// Draw a proposal from each seed.
    Draw(&'a [u64]),
}

/// The line that tells a benchmark that its candidate is gone.
pub(super) const ABANDON: &[u8] = b"\"abandon\"\n";

/// What a benchmark says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromBenchmark<'a> {
    /// Calls one function of the candidate once for each list of arguments; passed on unchanged.
    Call(#[serde(borrow)] Call<'a>),
    /// States one case's metric.
    Report(Report),
    /// One frame of a playback.
    Frame(String),
    /// What there is to say of each proposed case.
    Checked(Vec<Checked>),
    /// Proposals, a seed each.
    Drawn(Vec<Value>),
    /// The order is carried out.
    Done,
    /// The order was given up, because the kernel asked for it (`asked`) or because an answer could not be read.
    Abandoned(String),
}

/// What a benchmark says of a proposed case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Checked {
    /// The case, in the one form it has.
    Data(Value),
    /// Why it is none: a kind, and words its author can act on.
    Refused(String, String),
}

/// The envelope of a call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call<'a> {
    pub(super) id: u64,
    #[serde(rename = "fn")]
    pub(super) function: &'a str,
    pub(super) args: Count,
    /// The CPU time each call may use, milliseconds.
    #[serde(default)]
    #[expect(dead_code, reason = "kept by the candidate's host; here only its form matters")]
    cpu_ms: Option<NonZeroU64>,
}

/// One case's metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    pub(super) case: String,
    /// `None` stands for a number that is not finite.
    pub(super) metric: Option<f64>,
    pub(super) feedback: String,
    /// What the case cost, where the benchmark says; never held against a candidate unless its task has a gate.
    #[serde(default)]
    pub(super) cost: Option<f64>,
}

/// What a candidate's host says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromCandidate {
    /// Everything is compiled, imported and found.
    Ready,
    /// The candidate cannot be served: a class, and words its author can act on.
    Failed(String, String),
    /// The answers to one call; passed on unchanged.
    Answer(Answer),
}

/// The envelope of an answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) id: u64,
    pub(super) results: Count,
    /// By the index of the call: the class of what was raised, and its last line.
    pub(super) errors: BTreeMap<String, (String, String)>,
}

impl Answer {
    /// Whether this can be the answer to a call of that id with so many lists of arguments.
    pub(super) fn fits(&self, id: u64, calls: usize) -> bool {
        let names_a_call = |key: &String| key.parse::<usize>().is_ok_and(|index| index < calls);
        self.id == id && self.results.0 == calls && self.errors.keys().all(names_a_call)
    }
}

/// The length of a JSON array whose elements are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Option<Answer> {
        match serde_json::from_str(text) {
            Ok(FromCandidate::Answer(answer)) => Some(answer),
            _ => None,
        }
    }

    #[test]
    fn an_answer_must_match_its_call() {
        let good = r#"{"answer":{"id":3,"results":["UP",[1,{"a":2}]],"errors":{"1":["K","m"]}}}"#;
        let good = answer(good).expect("an answer");
        assert!(good.fits(3, 2));
        assert!(!good.fits(4, 2), "another call's answer");
        assert!(!good.fits(3, 1), "too many results");
        let stray = answer(r#"{"answer":{"id":3,"results":[1],"errors":{"1":["K","m"]}}}"#);
        assert!(!stray.expect("an answer").fits(3, 1), "an error for a call not made");
        assert!(answer(r#"{"answer":{"id":3,"results":[1],"errors":{},"metric":9}}"#).is_none());
    }

    #[test]
    fn deep_values_do_not_exhaust_the_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let text = format!(r#"{{"answer":{{"id":1,"results":[{deep}],"errors":{{}}}}}}"#);
        assert!(answer(&text).is_some_and(|answer| answer.fits(1, 1)));
    }
}

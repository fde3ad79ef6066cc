//! What a role says when a script asks it for advice: reviews and notes. Advice is never a score, and no candidate.

use serde::{Deserialize, Serialize};

/// The longest fix of a review and the longest note, bytes.
pub const MAX_ADVICE: usize = 4096;
/// The longest issue or pattern of a review, bytes.
const MAX_WORDS: usize = 256;

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// A review.
    Review(Review),
    /// A note, under its name in `memory/`.
    Note {
        /// The name.
        to: String,
        /// The note.
        text: String,
    },
    /// Nothing usable, after the repair.
    Void {
        /// Why.
        reason: String,
    },
}

/// What a reviewer says of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The attempt.
    pub attempt: u32,
    /// The kind of issue.
    pub issue: String,
    /// How much it matters, 0 to 1.
    pub severity: f64,
    /// The change proposed.
    pub fix: String,
    /// How sure the reviewer is, 0 to 1.
    pub confidence: f64,
    /// What to look for or to do in general; may be empty.
    #[serde(default)]
    pub pattern: String,
}

/// A review as a model writes it.
#[derive(Deserialize)]
struct Answered {
    #[serde(alias = "issue_type")]
    issue: String,
    severity: f64,
    fix: String,
    confidence: f64,
    #[serde(default)]
    pattern: String,
}

/// The form of a review, as its author is told.
pub const REVIEW_CONTRACT: &str = "Answer with one JSON object and nothing else:\n\
{\"issue\": \"the kind of issue, in a few words\", \"severity\": 0.0 to 1.0, \"fix\": \"the one change to make next\", \
\"confidence\": 0.0 to 1.0, \"pattern\": \"what to look for in general; may be empty\"}\n";

/// The form of a note, as its author is told.
pub const NOTE_CONTRACT: &str = "Answer with the note itself and nothing else: plain text, at most 4,096 bytes. It \
replaces the note of that name, and those who propose next will read it.\n";

impl Review {
    /// Reads an answer: one JSON object, whatever stands around it.
    pub fn read(attempt: u32, answer: &str) -> Result<Self, String> {
        let object = answer
            .find('{')
            .zip(answer.rfind('}'))
            .and_then(|(from, to)| answer.get(from..=to))
            .ok_or("the answer holds no JSON object")?;
        let Answered { issue, severity, fix, confidence, pattern } =
            serde_json::from_str(object)
                .map_err(|fault| format!("the review does not parse: {fault}"))?;
        for (name, share) in [("severity", severity), ("confidence", confidence)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("`{name}` is {share}; allowed: 0 to 1"));
            }
        }
        for (name, text, most) in [
            ("issue", &issue, MAX_WORDS),
            ("fix", &fix, MAX_ADVICE),
            ("pattern", &pattern, MAX_WORDS),
        ] {
            if text.len() > most {
                return Err(format!("`{name}` has {} bytes; allowed: {most}", text.len()));
            }
        }
        if issue.trim().is_empty() || fix.trim().is_empty() {
            return Err("`issue` and `fix` must not be empty".to_owned());
        }
        Ok(Self { attempt, issue, severity, fix, confidence, pattern })
    }
}

/// Reads a note.
pub fn read_note(answer: &str) -> Result<String, String> {
    let text = answer.trim();
    match text.len() {
        0 => Err("the note is empty".to_owned()),
        1..=MAX_ADVICE => Ok(text.to_owned()),
        bytes => Err(format!("the note has {bytes} bytes; allowed: {MAX_ADVICE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_read_out_of_what_stands_around_it() {
        let answer = "Here it is:\n```json\n{\"issue_type\": \"dead end\", \"severity\": 0.8, \"fix\": \"count the \
                      free cells\", \"confidence\": 1, \"pattern\": \"\"}\n```\n";
        let review = Review::read(3, answer).expect("a review");
        assert_eq!((review.attempt, review.issue.as_str(), review.severity), (3, "dead end", 0.8));
    }

    #[test]
    fn what_is_no_review_says_why() {
        for (answer, told) in [
            ("no idea", "no JSON object"),
            ("{\"issue\": \"x\"}", "missing field `severity`"),
            (r#"{"issue": "x", "severity": 7, "fix": "y", "confidence": 1}"#, "`severity` is 7"),
            (r#"{"issue": "x", "severity": 1, "fix": " ", "confidence": 1}"#, "must not be empty"),
        ] {
            let fault = Review::read(0, answer).expect_err(answer);
            assert!(fault.contains(told), "{fault}");
        }
        let long = format!(
            r#"{{"issue": "x", "severity": 1, "fix": "{}", "confidence": 1}}"#,
            "y".repeat(MAX_ADVICE + 1)
        );
        assert!(Review::read(0, &long).is_err_and(|fault| fault.contains("`fix` has 4097 bytes")));
        assert!(read_note("  \n").is_err() && read_note(&"n".repeat(5000)).is_err());
        assert_eq!(read_note(" keep tails short \n").as_deref(), Ok("keep tails short"));
    }
}

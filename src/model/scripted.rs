//! The dialect `scripted`: answers from a file, for tests. `docs/models.md` describes the file.
//!
//! The answer is a function of the question alone - its role, generation, episode, attempt, turn and text -, never of
//! the order in which questions arrive. So parallel episodes and resumed runs get the answers a plain run gets.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::fault::{AnswerFault, ModelError, Trouble};
use super::price::Tokens;
use super::request::{Reply, Request};
use crate::base::id::EpisodeId;
use crate::base::toml_text::{self, TomlFault};
use crate::domain::event::CallKey;
use crate::domain::settings::Price;

/// What is wrong with a file of answers.
#[derive(Debug, thiserror::Error)]
pub enum ScriptFault {
    /// It cannot be read.
    #[error("the scripted answers in {} cannot be read", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its name ends in neither `.toml` nor `.jsonl`.
    #[error("{} is no file of scripted answers; its name has to end in .toml or .jsonl", .file.display())]
    Kind {
        /// The file.
        file: PathBuf,
    },
    /// It is not TOML of the required form.
    #[error(transparent)]
    Toml(#[from] Box<TomlFault>),
    /// A line is not JSON of the required form.
    #[error("{}:{line}: {source}", .file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An answer does not say one thing.
    #[error("answer {entry} of {} {rule}", .file.display())]
    Entry {
        /// The file.
        file: PathBuf,
        /// The answer, from 1.
        entry: usize,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// No answer fits the question.
    #[error("{} has no answer for role `{role}`, {key}", .file.display())]
    RunOut {
        /// The file.
        file: PathBuf,
        /// The role that asks.
        role: String,
        /// The call.
        key: CallKey,
    },
}

/// A file of answers, read and checked.
pub(super) struct Script {
    file: PathBuf,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(default)]
    answer: Vec<Answer>,
}

/// One answer: what it fits, and what it says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    role: Option<String>,
    generation: Option<Numbers>,
    episode: Option<EpisodeId>,
    attempt: Option<Numbers>,
    turn: Option<Numbers>,
    contains: Option<String>,

    text: Option<String>,
    texts: Option<Vec<String>>,
    error: Option<PlannedError>,

    input_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number or a list of numbers")]
enum Numbers {
    One(u32),
    Many(Vec<u32>),
}

impl Numbers {
    fn contain(&self, number: u32) -> bool {
        match self {
            Self::One(one) => *one == number,
            Self::Many(many) => many.contains(&number),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PlannedError {
    Unavailable,
    Refused,
    Truncated,
    Empty,
    Declined,
}

impl Script {
    /// Reads a file of answers.
    pub fn load(file: &Path) -> Result<Self, ScriptFault> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ScriptFault::Read { file: file.to_owned(), source })?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, ScriptFault> {
        let answers = match file.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => toml_text::parse::<ScriptFile>(file, text)?.answer,
            Some("jsonl") => read_lines(file, text)?,
            _ => return Err(ScriptFault::Kind { file: file.to_owned() }),
        };
        for (at, answer) in answers.iter().enumerate() {
            if let Some(rule) = broken_rule(answer) {
                return Err(ScriptFault::Entry { file: file.to_owned(), entry: at + 1, rule });
            }
        }
        Ok(Self { file: file.to_owned(), answers })
    }

    /// The first answer of the file that fits the question.
    pub fn answer(&self, request: &Request, price: Option<&Price>) -> Result<Reply, ModelError> {
        let (answer, text) = self
            .answers
            .iter()
            .filter(|answer| answer.fits(request))
            .find_map(|answer| Some((answer, answer.text_for(&request.key)?)))
            .ok_or_else(|| ScriptFault::RunOut {
                file: self.file.clone(),
                role: request.role.clone(),
                key: request.key.clone(),
            })?;
        let tokens = Tokens {
            input: answer.input_tokens,
            cached: answer.cached_tokens,
            output: answer.output_tokens,
            ..Tokens::default()
        };
        let cost = tokens.cost(price, 1, 0);
        let alias = request.alias.clone();
        let message = "planned by the file of answers".to_owned();
        let fault = match answer.error {
            None => return Ok(Reply { text, calls: Vec::new(), kept: None, cost }),
            Some(PlannedError::Refused) => {
                return Err(ModelError::Refused { alias, status: 400, message });
            }
            Some(PlannedError::Unavailable) => {
                let last = Trouble::Status { status: 503, message };
                return Err(ModelError::Unavailable { alias, requests: 1, waited_ms: 0, last });
            }
            Some(PlannedError::Truncated) => AnswerFault::Truncated,
            Some(PlannedError::Empty) => AnswerFault::Empty,
            Some(PlannedError::Declined) => AnswerFault::Declined { reason: message },
        };
        Err(ModelError::NotAnAnswer { alias, fault, text, cost: Box::new(cost) })
    }
}

impl Answer {
    fn fits(&self, request: &Request) -> bool {
        let key = &request.key;
        let place = key.episode().map(|episode| (episode, key.number()));
        let number_fits = |wanted: &Option<Numbers>, number: Option<u32>| {
            wanted.as_ref().is_none_or(|wanted| number.is_some_and(|n| wanted.contain(n)))
        };
        let said = |words: &str| request.messages.iter().any(|m| m.text.contains(words));
        self.role.as_ref().is_none_or(|role| *role == request.role)
            && number_fits(&self.generation, Some(key.generation().0))
            && number_fits(&self.attempt, place.map(|(_, attempt)| attempt))
            && number_fits(&self.turn, Some(key.turn()))
            && self.episode.as_ref().is_none_or(|own| place.is_some_and(|(asked, _)| asked == own))
            && self.contains.as_ref().is_none_or(|words| said(words))
    }

    /// The text for a call; of `texts`, the n-th answers the n-th attempt of an episode or the n-th generation made.
    fn text_for(&self, key: &CallKey) -> Option<String> {
        let Some(texts) = &self.texts else {
            return Some(self.text.clone().unwrap_or_default());
        };
        texts.get(usize::try_from(key.number()).ok()?.checked_sub(1)?).cloned()
    }
}

fn read_lines(file: &Path, text: &str) -> Result<Vec<Answer>, ScriptFault> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|source| ScriptFault::Json {
                file: file.to_owned(),
                line: at + 1,
                source,
            })
        })
        .collect()
}

fn broken_rule(answer: &Answer) -> Option<&'static str> {
    match (&answer.text, &answer.texts, answer.error) {
        (Some(_), None, None | Some(PlannedError::Truncated)) | (None, None, Some(_)) => None,
        (None, Some(texts), None) if !texts.is_empty() => None,
        (None, Some(_), None) => Some("has an empty list `texts`"),
        (None, None, None) => Some("says nothing: give it `text`, `texts` or `error`"),
        _ => Some(
            "says two things: give it one of `text`, `texts` and `error` (a `text` may go with error = \"truncated\")",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::GenerationId;
    use crate::base::unit::MicroUsd;
    use crate::model::request::tests::{attempt, question};

    fn script(text: &str) -> Script {
        Script::parse(Path::new("answers.toml"), text).expect("a script")
    }

    fn rewrite(generation: u32, turn: u32) -> Request {
        let key = CallKey::Rewrite { generation: GenerationId(generation), turn };
        Request { key, role: "meta".into(), ..question("rewrite") }
    }

    fn text(script: &Script, request: &Request) -> String {
        script.answer(request, None).expect("an answer").text
    }

    #[test]
    fn the_first_answer_that_fits_is_given_whatever_was_asked_before() {
        let script = script(
            "[[answer]]\nrole = 'worker'\nepisode = 'snake#1'\nattempt = [2, 3]\ntext = 'late'\n\
             [[answer]]\nrole = 'worker'\nturn = 1\ntext = 'mended'\n\
             [[answer]]\nrole = 'worker'\ntext = 'plain'\n\
             [[answer]]\nrole = 'meta'\ngeneration = 2\ntext = 'second'\n\
             [[answer]]\ntext = 'anything'\n",
        );
        for _ in 0..2 {
            assert_eq!(text(&script, &attempt(0, "snake#1", 3, 0)), "late");
            assert_eq!(text(&script, &attempt(0, "snake#0", 3, 0)), "plain");
            assert_eq!(text(&script, &attempt(0, "snake#1", 1, 1)), "mended");
            assert_eq!(text(&script, &rewrite(2, 0)), "second");
            assert_eq!(text(&script, &rewrite(3, 0)), "anything");
        }
    }

    #[test]
    fn texts_answer_in_order_and_run_out_by_name() {
        let script = script(
            "[[answer]]\nrole = 'worker'\ntexts = ['one', 'two']\n\
             [[answer]]\nrole = 'meta'\ntexts = ['first']\n",
        );
        assert_eq!(text(&script, &attempt(4, "snake#0", 2, 0)), "two");
        assert_eq!(text(&script, &attempt(5, "snake#0", 1, 0)), "one");
        assert_eq!(text(&script, &rewrite(1, 0)), "first");
        let out = script.answer(&attempt(0, "snake#0", 3, 0), None).expect_err("it has run out");
        assert_eq!(
            out.to_string(),
            "answers.toml has no answer for role `worker`, gen-00000, episode snake#0, attempt 3, turn 0"
        );
    }

    #[test]
    fn an_answer_can_depend_on_the_prompt() {
        let script = script(
            "[[answer]]\ncontains = 'think of walls'\ntext = 'better'\n[[answer]]\ntext = 'as before'\n",
        );
        assert_eq!(text(&script, &question("Please think of walls.")), "better");
        assert_eq!(text(&script, &question("Please.")), "as before");
    }

    #[test]
    fn planned_errors_are_those_a_provider_gives() {
        let script = script(
            "[[answer]]\nattempt = 1\nerror = 'unavailable'\n\
             [[answer]]\nattempt = 2\nerror = 'truncated'\ntext = 'half'\noutput_tokens = 9\n",
        );
        let first = script.answer(&attempt(0, "snake#0", 1, 0), None);
        assert!(matches!(first, Err(ModelError::Unavailable { .. })), "{first:?}");
        match script.answer(&attempt(0, "snake#0", 2, 0), None) {
            Err(ModelError::NotAnAnswer { fault: AnswerFault::Truncated, text, cost, .. }) => {
                assert_eq!((text.as_str(), cost.output_tokens), ("half", Some(9)));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tokens_of_the_file_are_priced() {
        let script = script("[[answer]]\ntext = 'x'\ninput_tokens = 10\noutput_tokens = 2\n");
        let price = Price { input: 1.0, cached_input: None, cache_write: None, output: 5.0 };
        let reply = script.answer(&question("?"), Some(&price)).expect("an answer");
        assert_eq!(reply.cost.usd, Some(MicroUsd(20)));
    }

    #[test]
    fn lines_of_json_say_the_same() {
        let lines = "{\"role\": \"worker\", \"text\": \"a\\nb\"}\n\n{\"error\": \"refused\"}\n";
        let script = Script::parse(Path::new("a.jsonl"), lines).expect("a script");
        assert_eq!(text(&script, &question("?")), "a\nb");
        assert!(matches!(script.answer(&rewrite(1, 0), None), Err(ModelError::Refused { .. })));
    }

    #[test]
    fn faults_name_the_file_and_the_place() {
        let fault = |name: &str, text: &str| {
            Script::parse(Path::new(name), text).map(drop).expect_err("a fault").to_string()
        };
        assert!(fault("a.toml", "[[answer]]\ntxt = ''\n").starts_with("a.toml:2:1: unknown field"));
        assert!(fault("a.jsonl", "{\"text\":\"\"}\n{\n").starts_with("a.jsonl:2: "));
        assert_eq!(
            fault("a.toml", "[[answer]]\nrole = 'meta'\n"),
            "answer 1 of a.toml says nothing: give it `text`, `texts` or `error`"
        );
        assert!(fault("a.txt", "").contains("has to end in .toml or .jsonl"));
    }
}

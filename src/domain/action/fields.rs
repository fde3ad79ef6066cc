//! The fields of an action, taken one by one from the plain value a script returns.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::{ACTIONS, Tag};
use crate::base::id::{Alias, BadName};
use crate::domain::agent::AnswerFormat;

/// The most generations or attempts in `refs`.
pub(super) const MAX_REFS: usize = 8;
/// The most episodes in one `cases` or `focus`.
pub(super) const MAX_CASES: usize = 1000;
/// The most words in `show` and paths in `edit`.
const MAX_WORDS: usize = 32;
/// The most scalars in a `tag`.
const MAX_TAGS: usize = 8;
/// The most prompt variables in `vars`.
const MAX_VARS: usize = 16;
/// The most rewrites of one expand.
pub(super) const MAX_REWRITES: u32 = 8;
/// The most cases of one attack on a task.
pub(super) const MAX_PROPOSALS: u32 = 20;
/// The most candidates of one judge action.
pub(super) const MAX_JUDGED: u32 = 20;
/// The most answers handed back for being too similar.
pub(super) const MAX_RESAMPLE: u32 = 5;
/// The longest text in any field, bytes.
const MAX_TEXT: usize = 4096;

/// Why a returned value is not an action the kernel performs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionFault {
    code: &'static str,
    message: String,
}

impl ActionFault {
    /// `E304` not an action, or a field of the wrong type; `E305` unknown, or of the other loop; `E404` over a cap.
    pub fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn shape(message: String) -> Self {
        Self { code: "E304", message }
    }

    fn unknown(message: String) -> Self {
        Self { code: "E305", message }
    }

    fn cap(message: String) -> Self {
        Self { code: "E404", message }
    }
}

pub(super) const GENERATION: &str = "a generation id such as \"gen-00003\"";
pub(super) const EPISODE: &str = "an episode id such as \"snake#0\"";
const ATTEMPT: &str = "the number of an attempt such as 0";

/// The fields of one action, taken one by one; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    pub(super) action: &'a str,
    rest: Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn open(
        value: &'a Value,
        hook: &str,
        performed: &[&str],
    ) -> Result<Self, ActionFault> {
        let Value::Object(map) = value else {
            return Err(ActionFault::shape(format!(
                "{hook} returned {}, need an action: the result of one of {}",
                kind(value),
                performed.join(", ")
            )));
        };
        let Some(Value::String(action)) = map.get("do") else {
            return Err(ActionFault::shape(format!(
                "{hook} returned a dict without a name under \"do\", need an action: the result of one of {}",
                performed.join(", ")
            )));
        };
        if !performed.contains(&action.as_str()) {
            return Err(ActionFault::unknown(if ACTIONS.contains(&action.as_str()) {
                format!("`{action}` is no action of {hook}; allowed: {}", performed.join(", "))
            } else {
                format!("unknown action `{action}`; allowed: {}", performed.join(", "))
            }));
        }
        let mut rest = map.clone();
        rest.remove("do");
        rest.retain(|_, value| !value.is_null());
        Ok(Self { action, rest, known: Vec::new() })
    }

    pub(super) fn close<A>(self, action: A) -> Result<A, ActionFault> {
        match self.rest.keys().next() {
            None => Ok(action),
            Some(field) => Err(ActionFault::shape(format!(
                "{} has no field `{field}`; fields: {}",
                self.action,
                self.known.join(", ")
            ))),
        }
    }

    fn take(&mut self, field: &'static str) -> Option<Value> {
        self.known.push(field);
        self.rest.remove(field)
    }

    fn wrong(&self, field: &str, need: &str, given: &Value) -> ActionFault {
        ActionFault::shape(format!(
            "`{field}` of {} must be {need}, not {}",
            self.action,
            shown(given)
        ))
    }

    fn too_many(&self, field: &str, given: usize, cap: usize) -> ActionFault {
        ActionFault::cap(format!("`{field}` of {} has {given}, at most {cap}", self.action))
    }

    pub(super) fn required<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        need: &str,
    ) -> Result<T, ActionFault> {
        let action = self.action;
        self.optional(field, need)?
            .ok_or_else(|| ActionFault::shape(format!("{action} lacks `{field}`: {need}")))
    }

    pub(super) fn optional<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        need: &str,
    ) -> Result<Option<T>, ActionFault> {
        let Some(value) = self.take(field) else { return Ok(None) };
        self.parse(field, need, &value).map(Some)
    }

    fn parse<T: FromStr<Err = BadName>>(
        &self,
        field: &str,
        need: &str,
        value: &Value,
    ) -> Result<T, ActionFault> {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.wrong(field, need, value))
    }

    fn items(&mut self, field: &'static str, cap: usize) -> Result<Vec<Value>, ActionFault> {
        match self.take(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() > cap => {
                Err(self.too_many(field, items.len(), cap))
            }
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(field, "a list", &other)),
        }
    }

    pub(super) fn list<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        need: &str,
        cap: usize,
    ) -> Result<Vec<T>, ActionFault> {
        let need_list = format!("a list, each {need}");
        let items = self.items(field, cap)?;
        items.iter().map(|item| self.parse(field, &need_list, item)).collect()
    }

    pub(super) fn attempt(&mut self, field: &'static str) -> Result<u32, ActionFault> {
        let Some(value) = self.take(field) else {
            return Err(ActionFault::shape(format!("{} lacks `{field}`: {ATTEMPT}", self.action)));
        };
        whole(&value).ok_or_else(|| self.wrong(field, ATTEMPT, &value))
    }

    pub(super) fn attempts(&mut self, field: &'static str) -> Result<Vec<u32>, ActionFault> {
        let items = self.items(field, MAX_REFS)?;
        let need = format!("a list, each {ATTEMPT}");
        items.iter().map(|item| whole(item).ok_or_else(|| self.wrong(field, &need, item))).collect()
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<Option<String>, ActionFault> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > MAX_TEXT => Err(ActionFault::cap(format!(
                "`{field}` of {} has {} bytes, at most {MAX_TEXT}",
                self.action,
                text.len()
            ))),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(field, "text", &other)),
        }
    }

    /// A short word that ends up in commits: one line, 1 to 64 characters.
    pub(super) fn word(
        &mut self,
        field: &'static str,
        default: &str,
    ) -> Result<String, ActionFault> {
        let word = self.text(field)?.unwrap_or_else(|| default.to_owned());
        if word.trim() != word
            || word.is_empty()
            || word.chars().count() > 64
            || word.chars().any(char::is_control)
        {
            let given = Value::String(word);
            return Err(self.wrong(field, "a word of 1 to 64 characters on one line", &given));
        }
        Ok(word)
    }

    pub(super) fn words(&mut self, field: &'static str) -> Result<Vec<String>, ActionFault> {
        let items = self.items(field, MAX_WORDS)?;
        items
            .into_iter()
            .map(|item| match item {
                Value::String(word) if word.len() <= 200 => Ok(word),
                other => Err(self.wrong(field, "a list of texts of at most 200 bytes", &other)),
            })
            .collect()
    }

    pub(super) fn paths(&mut self, field: &'static str) -> Result<Vec<String>, ActionFault> {
        if self.rest.get(field).and_then(Value::as_str) == Some("all") {
            self.take(field);
            return Ok(Vec::new());
        }
        self.words(field)
    }

    pub(super) fn alias(&mut self) -> Result<Option<Alias>, ActionFault> {
        self.optional("model", "a model alias of `S.models` or `T.models`")
    }

    pub(super) fn tag(&mut self) -> Result<Tag, ActionFault> {
        let map = self.map("tag", MAX_TAGS)?;
        for (key, value) in &map {
            let scalar = match value {
                Value::Bool(_) | Value::Number(_) => true,
                Value::String(text) => text.len() <= 200,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            };
            if !scalar {
                let need = format!(
                    "scalars (bool, number, text of at most 200 bytes); `{key}` is wrong: it"
                );
                return Err(self.wrong("tag", &need, value));
            }
        }
        Ok(map)
    }

    pub(super) fn vars(&mut self) -> Result<Map<String, Value>, ActionFault> {
        self.map("vars", MAX_VARS)
    }

    fn map(&mut self, field: &'static str, cap: usize) -> Result<Map<String, Value>, ActionFault> {
        match self.take(field) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) if map.len() > cap => {
                Err(self.too_many(field, map.len(), cap))
            }
            Some(Value::Object(map)) => Ok(map),
            Some(other) => Err(self.wrong(field, "a dict", &other)),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn count(
        &mut self,
        field: &'static str,
        least: u32,
        most: u32,
    ) -> Result<Option<u32>, ActionFault> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let need = format!("a whole number from {least} to {most}");
        let number = whole(&value).filter(|number| *number >= least);
        let number = number.ok_or_else(|| self.wrong(field, &need, &value))?;
        if number > most {
            return Err(ActionFault::cap(format!(
                "`{field}` of {} is {number}, at most {most}",
                self.action
            )));
        }
        Ok(Some(number))
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&mut self, field: &'static str) -> Result<Option<f64>, ActionFault> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
        number.map(Some).ok_or_else(|| self.wrong(field, "a number from 0 to 1", &value))
    }

    /// One of a few words, and what it stands for.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        field: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ActionFault> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let need = format!("one of {}", known.join(", "));
        found.map(|(_, meant)| Some(*meant)).ok_or_else(|| self.wrong(field, &need, &value))
    }

    /// The form of an answer.
    pub(super) fn format(&mut self) -> Result<Option<AnswerFormat>, ActionFault> {
        self.one_of("format", &[("edit", AnswerFormat::Edit), ("full", AnswerFormat::Full)])
    }

    /// A name, or the word that stands for leaving it out.
    pub(super) fn or_word<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        word: &str,
        need: &str,
    ) -> Result<Option<T>, ActionFault> {
        if self.rest.get(field).and_then(Value::as_str) == Some(word) {
            self.take(field);
            return Ok(None);
        }
        self.optional(field, need)
    }

    /// A name, or the word that stands for something else; one of both is required.
    pub(super) fn id_or_word<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        word: &str,
        need: &str,
    ) -> Result<Option<T>, ActionFault> {
        if self.rest.contains_key(field) {
            return self.or_word(field, word, need);
        }
        Err(ActionFault::shape(format!("{} lacks `{field}`: {need}, or \"{word}\"", self.action)))
    }

    /// A number that exists in the language and is fixed at 1 in this version.
    pub(super) fn only_one(&mut self, field: &'static str) -> Result<(), ActionFault> {
        match self.rest.remove(field) {
            None => Ok(()),
            Some(value) if value.as_f64() == Some(1.0) => Ok(()),
            Some(value) => Err(ActionFault::cap(format!(
                "`{field}` of {} is 1 in this version, not {}",
                self.action,
                shown(&value)
            ))),
        }
    }

    /// Fields that exist in the language and that this version does not act on.
    pub(super) fn not_performed(&mut self, fields: &[&'static str]) -> Result<(), ActionFault> {
        match fields.iter().find(|field| self.rest.contains_key(**field)) {
            None => Ok(()),
            Some(field) => Err(ActionFault::cap(format!(
                "this version does not act on `{field}` of {}; leave it out",
                self.action
            ))),
        }
    }
}

/// Prompt variables as the hook `hook` returned them.
pub(super) fn variables(hook: &str, returned: Value) -> Result<Map<String, Value>, ActionFault> {
    match returned {
        Value::Object(map) if map.len() > MAX_VARS => {
            let given = map.len();
            Err(ActionFault::cap(format!("{hook} returned {given} variables, at most {MAX_VARS}")))
        }
        Value::Object(map) => Ok(map),
        other => {
            let given = kind(&other);
            Err(ActionFault::shape(format!("{hook} returned {given}, need a dict of variables")))
        }
    }
}

/// A whole number; scripts may compute it, so a whole float counts.
fn whole(value: &Value) -> Option<u32> {
    let number = value.as_f64().filter(|x| x.fract() == 0.0 && (0.0..=1e9).contains(x))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to a thousand million"
    )]
    Some(number as u32)
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(_) => "a bool".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a dict".to_owned(),
    }
}

fn shown(value: &Value) -> impl Display {
    let mut text = value.to_string();
    if text.chars().count() > 80 {
        text = text.chars().take(77).collect::<String>() + "...";
    }
    text
}

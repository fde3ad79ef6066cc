//! From the plain value a script returns to an action the kernel performs, or the reason why not.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::{ACTIONS, InnerAction, OuterAction, Tag};
use crate::base::id::{Alias, BadName};

/// The actions `next_step` may return in this version.
const OUTER: [&str; 4] = ["expand", "evaluate", "promote", "stop"];
/// The actions `next_attempt` may return in this version.
const INNER: [&str; 2] = ["propose", "stop"];

/// The most generations or attempts in `refs`.
const MAX_REFS: usize = 8;
/// The most episodes in one `cases` or `focus`.
const MAX_CASES: usize = 1000;
/// The most words in `show` and paths in `edit`.
const MAX_WORDS: usize = 32;
/// The most scalars in a `tag`.
const MAX_TAGS: usize = 8;
/// The most prompt variables in `vars`.
const MAX_VARS: usize = 16;
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
    /// `E304` not an action, or a field of the wrong type; `E305` unknown or not performed; `E404` over a cap.
    pub fn code(&self) -> &'static str {
        self.code
    }

    fn shape(message: String) -> Self {
        Self { code: "E304", message }
    }

    fn unknown(message: String) -> Self {
        Self { code: "E305", message }
    }

    fn cap(message: String) -> Self {
        Self { code: "E404", message }
    }
}

impl OuterAction {
    /// Reads what `next_step` returned.
    pub fn read(value: &Value) -> Result<Self, ActionFault> {
        let mut fields = Fields::open(value, "next_step", &OUTER)?;
        let action = match fields.action {
            "expand" => Self::Expand {
                parent: fields.required("parent", GENERATION)?,
                by: fields.optional("by", GENERATION)?,
                refs: fields.list("refs", GENERATION, MAX_REFS)?,
                op: fields.word("op", "rewrite")?,
                focus: fields.list("focus", EPISODE, MAX_CASES)?,
                show: fields.words("show")?,
                edit: fields.paths("edit")?,
                model: fields.alias()?,
                tag: fields.tag()?,
            },
            "evaluate" => {
                let cases = fields.list("cases", EPISODE, MAX_CASES)?;
                if cases.is_empty() {
                    return Err(ActionFault::shape(
                        "`cases` of evaluate is empty; give at least one episode of `S.cases`"
                            .to_owned(),
                    ));
                }
                fields.only_one("repeats")?;
                fields.not_performed(&["tries", "purpose"])?;
                Self::Evaluate { who: fields.required("who", GENERATION)?, cases }
            }
            "promote" => Self::Promote { who: fields.required("who", GENERATION)? },
            _ => Self::Stop {
                pick: fields.optional("pick", GENERATION)?,
                why: fields.text("why")?.unwrap_or_default(),
            },
        };
        fields.only_one("n")?;
        fields.close(action)
    }
}

impl InnerAction {
    /// Reads what `next_attempt` returned.
    pub fn read(value: &Value) -> Result<Self, ActionFault> {
        let mut fields = Fields::open(value, "next_attempt", &INNER)?;
        let action = match fields.action {
            "propose" => {
                fields.not_performed(&["format", "max_similarity", "resample"])?;
                Self::Propose {
                    base: fields.attempt("base")?,
                    refs: fields.attempts("refs")?,
                    op: fields.word("op", "edit")?,
                    role: fields.word("role", "worker")?,
                    show: fields.words("show")?,
                    vars: fields.vars()?,
                    model: fields.alias()?,
                    tag: fields.tag()?,
                }
            }
            _ => {
                fields.not_performed(&["pick"])?;
                Self::Stop { why: fields.text("why")?.unwrap_or_default() }
            }
        };
        fields.only_one("n")?;
        fields.close(action)
    }
}

const GENERATION: &str = "a generation id such as \"gen-00003\"";
const EPISODE: &str = "an episode id such as \"snake#0\"";
const ATTEMPT: &str = "the number of an attempt such as 0";

/// The fields of one action, taken one by one; what is left at the end is unknown.
struct Fields<'a> {
    action: &'a str,
    rest: Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn open(value: &'a Value, hook: &str, performed: &[&str]) -> Result<Self, ActionFault> {
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
                format!(
                    "this version does not perform `{action}` in {hook}; it performs {}",
                    performed.join(", ")
                )
            } else {
                format!("unknown action `{action}`; allowed: {}", performed.join(", "))
            }));
        }
        let mut rest = map.clone();
        rest.remove("do");
        rest.retain(|_, value| !value.is_null());
        Ok(Self { action, rest, known: Vec::new() })
    }

    fn close<A>(self, action: A) -> Result<A, ActionFault> {
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

    fn required<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        need: &str,
    ) -> Result<T, ActionFault> {
        let action = self.action;
        self.optional(field, need)?
            .ok_or_else(|| ActionFault::shape(format!("{action} lacks `{field}`: {need}")))
    }

    fn optional<T: FromStr<Err = BadName>>(
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

    fn list<T: FromStr<Err = BadName>>(
        &mut self,
        field: &'static str,
        need: &str,
        cap: usize,
    ) -> Result<Vec<T>, ActionFault> {
        let need_list = format!("a list, each {need}");
        let items = self.items(field, cap)?;
        items.iter().map(|item| self.parse(field, &need_list, item)).collect()
    }

    fn attempt(&mut self, field: &'static str) -> Result<u32, ActionFault> {
        let Some(value) = self.take(field) else {
            return Err(ActionFault::shape(format!("{} lacks `{field}`: {ATTEMPT}", self.action)));
        };
        attempt_number(&value).ok_or_else(|| self.wrong(field, ATTEMPT, &value))
    }

    fn attempts(&mut self, field: &'static str) -> Result<Vec<u32>, ActionFault> {
        let items = self.items(field, MAX_REFS)?;
        let need = format!("a list, each {ATTEMPT}");
        items
            .iter()
            .map(|item| attempt_number(item).ok_or_else(|| self.wrong(field, &need, item)))
            .collect()
    }

    fn text(&mut self, field: &'static str) -> Result<Option<String>, ActionFault> {
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
    fn word(&mut self, field: &'static str, default: &str) -> Result<String, ActionFault> {
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

    fn words(&mut self, field: &'static str) -> Result<Vec<String>, ActionFault> {
        let items = self.items(field, MAX_WORDS)?;
        items
            .into_iter()
            .map(|item| match item {
                Value::String(word) if word.len() <= 200 => Ok(word),
                other => Err(self.wrong(field, "a list of texts of at most 200 bytes", &other)),
            })
            .collect()
    }

    fn paths(&mut self, field: &'static str) -> Result<Vec<String>, ActionFault> {
        if self.rest.get(field).and_then(Value::as_str) == Some("all") {
            self.take(field);
            return Ok(Vec::new());
        }
        self.words(field)
    }

    fn alias(&mut self) -> Result<Option<Alias>, ActionFault> {
        self.optional("model", "a model alias of `S.models` or `T.models`")
    }

    fn tag(&mut self) -> Result<Tag, ActionFault> {
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

    fn vars(&mut self) -> Result<Map<String, Value>, ActionFault> {
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

    /// A number that exists in the language and is fixed at 1 in this version.
    fn only_one(&mut self, field: &'static str) -> Result<(), ActionFault> {
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
    fn not_performed(&mut self, fields: &[&'static str]) -> Result<(), ActionFault> {
        match fields.iter().find(|field| self.rest.contains_key(**field)) {
            None => Ok(()),
            Some(field) => Err(ActionFault::cap(format!(
                "this version does not act on `{field}` of {}; leave it out",
                self.action
            ))),
        }
    }
}

/// An attempt's number; scripts may compute it, so a whole float counts.
fn attempt_number(value: &Value) -> Option<u32> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outer(value: Value) -> Result<OuterAction, (&'static str, String)> {
        OuterAction::read(&value).map_err(|fault| (fault.code, fault.message))
    }

    fn inner(value: Value) -> Result<InnerAction, (&'static str, String)> {
        InnerAction::read(&value).map_err(|fault| (fault.code, fault.message))
    }

    #[test]
    fn a_full_expand_reads_field_for_field() {
        let read = outer(json!({
            "do": "expand", "parent": "gen-00003", "by": "gen-00001", "refs": ["gen-00002"], "op": "hybrid",
            "focus": ["snake#1"], "show": ["trace"], "edit": "all", "model": "fast", "n": 1, "tag": {"side": "a"},
        }))
        .unwrap();
        let OuterAction::Expand { parent, by, refs, op, focus, edit, tag, .. } = read else {
            panic!("not an expand")
        };
        assert_eq!(parent.to_string(), "gen-00003");
        assert_eq!(by.map(|id| id.0), Some(1));
        assert_eq!((refs.len(), focus.len(), edit.len(), tag.len()), (1, 1, 0, 1));
        assert_eq!(op, "hybrid");
    }

    #[test]
    fn defaults_fill_what_a_script_leaves_out() {
        let read = inner(json!({"do": "propose", "base": 0, "model": null})).unwrap();
        let InnerAction::Propose { op, role, model, .. } = read else { panic!("not a proposal") };
        assert_eq!((op.as_str(), role.as_str(), model), ("edit", "worker", None));
    }

    #[test]
    fn what_is_no_action_says_what_it_is() {
        for (value, told) in [
            (json!(null), "returned None"),
            (json!("expand"), "returned a string"),
            (json!({"parent": "gen-00000"}), "without a name under \"do\""),
        ] {
            let (code, message) = outer(value).unwrap_err();
            assert_eq!(code, "E304");
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn unknown_and_not_yet_performed_actions_are_told_apart() {
        let (code, message) = outer(json!({"do": "set_budget"})).unwrap_err();
        assert_eq!(
            (code, message.as_str()),
            ("E305", "unknown action `set_budget`; allowed: expand, evaluate, promote, stop")
        );
        let (code, message) = outer(json!({"do": "merge", "a": "gen-00001"})).unwrap_err();
        assert_eq!(code, "E305");
        assert!(message.contains("does not perform `merge` in next_step"), "{message}");
        let (_, message) = inner(json!({"do": "evaluate"})).unwrap_err();
        assert!(message.contains("it performs propose, stop"), "{message}");
    }

    #[test]
    fn field_errors_name_the_field_and_the_need() {
        let (code, message) = outer(json!({"do": "expand", "parent": 3})).unwrap_err();
        assert_eq!(
            (code, message.as_str()),
            ("E304", "`parent` of expand must be a generation id such as \"gen-00003\", not 3")
        );
        let (_, message) = outer(json!({"do": "evaluate", "who": "gen-00000"})).unwrap_err();
        assert!(message.contains("`cases` of evaluate is empty"), "{message}");
        let (_, message) =
            outer(json!({"do": "promote", "who": "gen-00000", "force": true})).unwrap_err();
        assert_eq!(message, "promote has no field `force`; fields: who");
        let (_, message) = inner(json!({"do": "propose", "base": 1.5})).unwrap_err();
        assert!(message.contains("`base` of propose must be the number"), "{message}");
        assert!(inner(json!({"do": "propose", "base": 2.0})).is_ok());
    }

    #[test]
    fn budgets_cannot_be_drained_by_numbers() {
        for value in [
            json!({"do": "expand", "parent": "gen-00000", "n": 10_000}),
            json!({"do": "evaluate", "who": "gen-00000", "cases": ["snake#0"], "repeats": 1_000_000}),
            json!({"do": "evaluate", "who": "gen-00000", "cases": vec!["snake#0"; 1001]}),
            json!({"do": "stop", "why": "x".repeat(5000)}),
        ] {
            assert_eq!(outer(value).unwrap_err().0, "E404");
        }
        let (code, message) =
            inner(json!({"do": "propose", "base": 0, "max_similarity": 0.99})).unwrap_err();
        assert_eq!(code, "E404");
        assert!(message.contains("does not act on `max_similarity`"), "{message}");
    }

    #[test]
    fn tags_hold_a_few_scalars() {
        assert!(outer(json!({"do": "expand", "parent": "gen-00000", "tag": {"a": [1]}})).is_err());
        let many: Map<String, Value> = (0..9).map(|i| (i.to_string(), json!(i))).collect();
        let (code, _) =
            outer(json!({"do": "expand", "parent": "gen-00000", "tag": many})).unwrap_err();
        assert_eq!(code, "E404");
    }
}

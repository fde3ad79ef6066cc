//! From a script's value to JSON, within bounds.

use serde_json::{Map, Number, Value as Json};
use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{UnpackValue, Value};

use super::state::list::StateList;
use super::state::node::Node;
use super::state::record::StateRecord;
use crate::script::hook::Returns;
use crate::script::limits;

/// Why a value is not a result.
#[derive(Debug, thiserror::Error)]
pub enum BadResult {
    /// JSON has no such value.
    #[error("{kind} `{shown}` cannot be returned; return bool, number, string, list, dict or None")]
    Kind { kind: String, shown: String },
    /// Infinite or not a number.
    #[error("the number {shown} cannot be returned; return a finite number")]
    Number { shown: String },
    /// A key that is not text.
    #[error("the dict key `{shown}` is not a string")]
    Key { shown: String },
    /// Too deep.
    #[error("the result is nested more than {} deep", limits::RESULT_DEPTH)]
    Deep,
    /// Too large.
    #[error("the result is over {} KiB", limits::RESULT_BYTES >> 10)]
    Large,
    /// The wrong type for the hook.
    #[error("returned {shown}, need {need}")]
    Type { shown: String, need: &'static str },
}

/// The JSON of a value. Bounded in depth and size, so a value built to explode does not.
pub fn to_json(value: Value<'_>) -> Result<Json, BadResult> {
    let mut room = limits::RESULT_BYTES;
    convert(value, limits::RESULT_DEPTH, &mut room)
}

fn spend(room: &mut usize, bytes: usize) -> Result<(), BadResult> {
    *room = room.checked_sub(bytes).ok_or(BadResult::Large)?;
    Ok(())
}

fn convert(value: Value<'_>, depth: usize, room: &mut usize) -> Result<Json, BadResult> {
    spend(room, 2)?;
    if value.is_none() {
        return Ok(Json::Null);
    }
    if let Some(truth) = value.unpack_bool() {
        return Ok(Json::Bool(truth));
    }
    if let Some(text) = value.unpack_str() {
        spend(room, text.len())?;
        return Ok(Json::String(text.to_owned()));
    }
    if let Some(number) = number(value)? {
        spend(room, 6)?;
        return Ok(Json::Number(number));
    }
    let depth = depth.checked_sub(1).ok_or(BadResult::Deep)?;
    if let Some(list) = ListRef::from_value(value) {
        return list.iter().map(|item| convert(item, depth, room)).collect();
    }
    if let Some(tuple) = TupleRef::from_value(value) {
        return tuple.iter().map(|item| convert(item, depth, room)).collect();
    }
    if let Some(dict) = DictRef::from_value(value) {
        let mut map = Map::new();
        for (key, item) in dict.iter() {
            let Some(name) = key.unpack_str() else {
                return Err(BadResult::Key { shown: shown(key) });
            };
            spend(room, name.len() + 4)?;
            map.insert(name.to_owned(), convert(item, depth, room)?);
        }
        return Ok(Json::Object(map));
    }
    let node = match (StateRecord::of(value), StateList::of(value)) {
        (Some(record), _) => Node::Record(record.fields.clone()),
        (None, Some(list)) => Node::List(list.items.clone()),
        (None, None) => {
            return Err(BadResult::Kind { kind: value.get_type().to_owned(), shown: shown(value) });
        }
    };
    measure(&node, room)?;
    Ok(node.to_json())
}

/// Charges a part of the state before it is copied.
fn measure(node: &Node, room: &mut usize) -> Result<(), BadResult> {
    match node {
        Node::Text(text) => spend(room, text.len() + 2),
        Node::List(items) => items.iter().try_for_each(|item| measure(item, room)),
        Node::Record(fields) => fields.iter().try_for_each(|(name, node)| {
            spend(room, name.len() + 4)?;
            measure(node, room)
        }),
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Wide(_) | Node::Float(_) => {
            spend(room, 8)
        }
    }
}

fn number(value: Value<'_>) -> Result<Option<Number>, BadResult> {
    let wrong = || BadResult::Number { shown: shown(value) };
    match value.get_type() {
        "int" => {
            let signed = i64::unpack_value(value).ok().flatten().map(Number::from);
            let number =
                signed.or_else(|| u64::unpack_value(value).ok().flatten().map(Number::from));
            number.map(Some).ok_or_else(wrong)
        }
        "float" => {
            let float = UnpackFloat::unpack_value(value).ok().flatten().map(|float| float.0);
            float.and_then(Number::from_f64).map(Some).ok_or_else(wrong)
        }
        _ => Ok(None),
    }
}

/// A value for a message: its beginning.
fn shown(value: Value<'_>) -> String {
    let text = value.to_repr();
    if text.chars().count() > 80 { text.chars().take(77).collect::<String>() + "..." } else { text }
}

/// The JSON of a hook's result, if it has the hook's type.
pub fn read(value: Value<'_>, returns: Returns) -> Result<Json, BadResult> {
    let wrong = |need| Err(BadResult::Type { shown: describe(value), need });
    let json = match (returns, value.get_type()) {
        (Returns::Action | Returns::Dict, "dict" | "record") | (Returns::Numbers, "list") => {
            to_json(value)?
        }
        (Returns::Bool, "bool") | (Returns::Number, "int" | "float") => to_json(value)?,
        (Returns::Action, _) => return wrong("an action such as expand(...)"),
        (Returns::Dict, _) => return wrong("a dict"),
        (Returns::Bool, _) => return wrong("True or False"),
        (Returns::Number, _) => return wrong("a number"),
        (Returns::Numbers, _) => return wrong("a list of numbers"),
    };
    match (returns, &json) {
        (Returns::Numbers, Json::Array(items)) if !items.iter().all(Json::is_number) => {
            wrong("a list of numbers")
        }
        _ => Ok(json),
    }
}

fn describe(value: Value<'_>) -> String {
    match value.get_type() {
        "NoneType" => "None".to_owned(),
        "string" => format!("the string {}", shown(value)),
        "function" => "a function; call it".to_owned(),
        other => format!("{other} `{}`", shown(value)),
    }
}

//! The data behind the values: JSON with shared parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use allocative::Allocative;
use serde_json::{Map, Number, Value as Json};
use starlark::values::float::UnpackFloat;
use starlark::values::list::ListRef;
use starlark::values::{Heap, UnpackValue, Value};

use super::list::StateList;
use super::record::StateRecord;

/// One value of the state. Cloning shares everything below.
#[derive(Debug, Clone, PartialEq, Allocative)]
pub enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// Whole numbers past `i64`, such as a seed.
    Wide(u64),
    Float(f64),
    Text(Arc<str>),
    List(Arc<Vec<Node>>),
    Record(Arc<Fields>),
}

/// The fields of a record, sorted by name.
#[derive(Debug, Clone, PartialEq, Default, Allocative)]
pub struct Fields(Vec<(Arc<str>, Node)>);

impl Fields {
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.place(name).ok().and_then(|place| self.0.get(place)).map(|(_, node)| node)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        let place = self.place(name).ok()?;
        self.0.get_mut(place).map(|(_, node)| node)
    }

    pub fn insert(&mut self, name: Arc<str>, node: Node) {
        match self.place(&name) {
            Ok(place) => {
                if let Some(slot) = self.0.get_mut(place) {
                    slot.1 = node;
                }
            }
            Err(place) => self.0.insert(place, (name, node)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        if let Ok(place) = self.place(name) {
            self.0.remove(place);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(name, node)| (&**name, node))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl FromIterator<(Arc<str>, Node)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Node)>>(fields: I) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        fields.dedup_by(|later, earlier| later.0 == earlier.0);
        Self(fields)
    }
}

/// The names of fields, each kept once per world.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<Arc<str>>);

impl Names {
    pub fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.0.insert(Arc::clone(&name));
        name
    }
}

impl Node {
    /// The node of a JSON value.
    pub fn from_json(json: &Json, names: &mut Names) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::from_number(number),
            Json::String(text) => Self::Text(Arc::from(text.as_str())),
            Json::Array(items) => Self::List(Arc::new(
                items.iter().map(|item| Self::from_json(item, names)).collect(),
            )),
            Json::Object(map) => {
                let fields: Fields = map
                    .iter()
                    .map(|(name, value)| (names.intern(name), Self::from_json(value, names)))
                    .collect();
                Self::Record(Arc::new(fields))
            }
        }
    }

    fn from_number(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Self::Int(whole),
            (None, Some(wide)) => Self::Wide(wide),
            (None, None) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The JSON value of a node.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Wide(value) => Json::from(*value),
            Self::Float(value) => Json::from(*value),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Record(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(name, node)| (name.to_owned(), node.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The node as a script's value. `label` says what a record is, or what a list is a list of.
    pub fn to_value<'v>(&self, label: &'static str, heap: Heap<'v>) -> Value<'v> {
        match self {
            Self::Null => Value::new_none(),
            Self::Bool(value) => Value::new_bool(*value),
            Self::Int(value) => heap.alloc(*value),
            Self::Wide(value) => heap.alloc(*value),
            Self::Float(value) => heap.alloc(*value),
            Self::Text(text) => heap.alloc_str(text).to_value(),
            Self::List(items) => {
                heap.alloc_complex_no_freeze(StateList { items: Arc::clone(items), label })
            }
            Self::Record(fields) => {
                heap.alloc_complex_no_freeze(StateRecord { fields: Arc::clone(fields), label })
            }
        }
    }

    /// Whether a script's value equals the node.
    pub fn equals(&self, value: Value<'_>) -> bool {
        let number = || UnpackFloat::unpack_value(value).ok().flatten().map(|float| float.0);
        match self {
            Self::Null => value.is_none(),
            Self::Bool(expected) => value.unpack_bool() == Some(*expected),
            Self::Int(expected) => match i64::unpack_value(value) {
                Ok(Some(whole)) => whole == *expected,
                _ => number().is_some_and(|float| float == to_float(*expected)),
            },
            Self::Wide(expected) => u64::unpack_value(value).ok().flatten() == Some(*expected),
            Self::Float(expected) => number() == Some(*expected),
            Self::Text(text) => value.unpack_str() == Some(text),
            Self::List(items) => match (StateList::of(value), ListRef::from_value(value)) {
                (Some(other), _) => Arc::ptr_eq(&other.items, items) || other.items == *items,
                (None, Some(other)) => {
                    other.len() == items.len()
                        && items.iter().zip(other.iter()).all(|(item, value)| item.equals(value))
                }
                (None, None) => false,
            },
            Self::Record(fields) => StateRecord::of(value)
                .is_some_and(|other| Arc::ptr_eq(&other.fields, fields) || other.fields == *fields),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "comparison with a float is inexact past 2^53 by nature"
)]
fn to_float(whole: i64) -> f64 {
    whole as f64
}

/// The label of `S.by`: a record whose parts are generations and whose own fields are their ids.
pub const BY_LABEL: &str = "S.by";

/// What the part `key` of a thing called `label` is called in messages.
pub fn part_label(label: &'static str, key: &str) -> &'static str {
    match (label, key) {
        ("S", "by") => BY_LABEL,
        ("S", "gens" | "live" | "root") | (BY_LABEL, _) => "generation",
        ("T", "attempts" | "best" | "incumbent") => "attempt",
        ("T", "reviews") => "review",
        (_, "pending") => "pending",
        (_, "task") => "task",
        (_, "tag") => "tag",
        (_, "ev") => "ev",
        (_, "params") => "params",
        (_, "files") => "files",
        (_, "sets") => "sets",
        (_, "budget") => "budget",
        (_, "used") => "used",
        (_, "left") => "left",
        (_, "count") => "count",
        (_, "cost") => "cost",
        (_, "clade") => "clade",
        (_, "memory") => "memory",
        (_, "todo_of") => "todo_of",
        (_, "suite") => "suite",
        (_, "epoch") => "epoch",
        (_, "anchor") => "anchor",
        _ => "record",
    }
}

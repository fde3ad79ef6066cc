//! Numbers in and out of the language.

use starlark::eval::Evaluator;
use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::{UnpackValue, Value};

use super::meter::charge;
use crate::script::worker::state::node::Node;
use crate::script::worker::state::record::StateRecord;

/// An argument that a library function cannot use.
#[derive(Debug, thiserror::Error)]
pub enum BadArgument {
    /// A number was needed.
    #[error("{function} needs numbers, not {kind} `{shown}`")]
    NotANumber { function: &'static str, kind: String, shown: String },
    /// The function has no value there.
    #[error("{function} {rule}")]
    Domain { function: &'static str, rule: String },
}

/// Fails a library function with its name and the rule it broke.
pub fn refuse<T>(function: &'static str, rule: impl Into<String>) -> starlark::Result<T> {
    Err(starlark::Error::new_other(BadArgument::Domain { function, rule: rule.into() }))
}

/// The result if it is a number, else an error that says where the function has one.
pub fn defined(function: &'static str, result: f64, rule: &str) -> starlark::Result<f64> {
    if result.is_nan() { refuse(function, rule) } else { Ok(result) }
}

/// A value as a number.
pub fn number(function: &'static str, value: Value<'_>) -> starlark::Result<f64> {
    match UnpackFloat::unpack_value(value)? {
        Some(UnpackFloat(number)) => Ok(number),
        None => Err(starlark::Error::new_other(BadArgument::NotANumber {
            function,
            kind: value.get_type().to_owned(),
            shown: value.to_string().chars().take(60).collect(),
        })),
    }
}

/// The items of anything that can be iterated, charged to the call.
pub fn items<'v>(
    values: Value<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<Value<'v>>> {
    let items: Vec<Value<'v>> = values.iterate(eval.heap())?.collect();
    charge(eval, items.len())?;
    Ok(items)
}

/// The numbers of anything that can be iterated, charged to the call.
pub fn numbers<'v>(
    function: &'static str,
    values: Value<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<f64>> {
    items(values, eval)?.into_iter().map(|item| number(function, item)).collect()
}

/// The numbers of a record or dict by key, sorted by key; `None` when the value is neither.
pub fn numbers_by_key<'v>(
    function: &'static str,
    value: Value<'v>,
    eval: &Evaluator<'v, '_, '_>,
) -> starlark::Result<Option<Vec<(String, f64)>>> {
    let mut pairs = Vec::new();
    if let Some(record) = StateRecord::of(value) {
        for (key, node) in record.fields.iter() {
            if let Some(number) = plain(node) {
                pairs.push((key.to_owned(), number));
            }
        }
    } else if let Some(dict) = DictRef::from_value(value) {
        for (key, value) in dict.iter() {
            pairs.push((key.to_str(), number(function, value)?));
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
    } else {
        return Ok(None);
    }
    charge(eval, pairs.len())?;
    Ok(Some(pairs))
}

/// A node as a number, if it is one.
#[expect(clippy::cast_precision_loss, reason = "scores and counts are far below 2^53")]
pub fn plain(node: &Node) -> Option<f64> {
    match node {
        Node::Float(number) => Some(*number),
        Node::Int(number) => Some(*number as f64),
        Node::Wide(number) => Some(*number as f64),
        _ => None,
    }
}

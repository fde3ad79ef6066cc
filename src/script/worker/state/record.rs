//! A record as scripts see it: fields by dot and by key.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_module;
use starlark::values::list::AllocList;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Trace, Value, ValueLike, starlark_value,
};

use super::node::{BY_LABEL, Fields, Node, part_label};

/// A read-only record.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative, Trace)]
pub struct StateRecord {
    /// The fields.
    #[trace(unsafe_ignore)]
    pub fields: Arc<Fields>,
    /// What the record is, for messages.
    #[trace(unsafe_ignore)]
    pub label: &'static str,
}

/// A read of a field that does not exist.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.text())]
pub struct MissingField {
    label: &'static str,
    /// The field asked for.
    pub field: String,
    fields: Arc<Fields>,
}

thread_local! {
    /// The last read by dot of a field that does not exist: the language's own error cannot list the fields.
    static LAST_MISSING: RefCell<Option<MissingField>> = const { RefCell::new(None) };
}

impl MissingField {
    /// The last read by dot that failed on this thread, if it was of a record; forgets it.
    pub fn take_last() -> Option<Self> {
        LAST_MISSING.take()
    }

    /// Whether the field is one that is kept from scripts on purpose.
    pub fn is_hidden(&self) -> bool {
        let word = self.field.split('_').next().unwrap_or_default();
        matches!(word, "select" | "test" | "report")
            && !matches!(self.label, "params" | "tag" | "ev" | "files")
    }

    fn text(&self) -> String {
        const SHOWN: usize = 48;
        let mut names: Vec<&str> = self.fields.iter().map(|(name, _)| name).take(SHOWN).collect();
        if self.fields.len() > SHOWN {
            names.push("…");
        }
        let listed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let why = if self.is_hidden() {
            "; measurements on select, test and report cases never reach scripts"
        } else {
            ""
        };
        match self.label {
            BY_LABEL => format!("no generation `{}`{why}", self.field),
            label => format!("{label} has no field `{}`{why}; fields: {listed}", self.field),
        }
    }
}

impl StateRecord {
    /// The record behind a value.
    pub fn of<'v>(value: Value<'v>) -> Option<&'v Self> {
        value.downcast_ref::<Self>()
    }

    fn show<'v>(&self, key: &str, node: &Node, heap: Heap<'v>) -> Value<'v> {
        node.to_value(part_label(self.label, key), heap)
    }

    fn missing(&self, field: &str) -> MissingField {
        MissingField {
            label: self.label,
            field: field.to_owned(),
            fields: Arc::clone(&self.fields),
        }
    }
}

impl fmt::Display for StateRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = match self.fields.get("id") {
            Some(Node::Text(id)) => id.to_string(),
            Some(Node::Int(id)) => id.to_string(),
            _ => format!("{} fields", self.fields.len()),
        };
        write!(f, "{}({id})", self.label)
    }
}

#[starlark_value(type = "record")]
impl<'v> StarlarkValue<'v> for StateRecord {
    fn get_methods() -> Option<&'static Methods> {
        Some(RECORD_METHODS.methods())
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        match self.fields.get(attribute) {
            Some(node) => Some(self.show(attribute, node, heap)),
            None => {
                LAST_MISSING.set(Some(self.missing(attribute)));
                None
            }
        }
    }

    fn has_attr(&self, attribute: &str, _heap: Heap<'v>) -> bool {
        self.fields.get(attribute).is_some()
    }

    fn dir_attr(&self) -> Vec<String> {
        self.fields.iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let key = index.unpack_str().map_or_else(|| index.to_string(), str::to_owned);
        match self.fields.get(&key) {
            Some(node) => Ok(self.show(&key, node, heap)),
            None => Err(starlark::Error::new_other(self.missing(&key))),
        }
    }

    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(other.unpack_str().is_some_and(|key| self.fields.get(key).is_some()))
    }

    fn length(&self) -> starlark::Result<i32> {
        Ok(i32::try_from(self.fields.len()).unwrap_or(i32::MAX))
    }

    fn to_bool(&self) -> bool {
        // `{}` is false in the language; a record with nothing in it is the same thing.
        self.fields.len() > 0
    }

    fn iterate_collect(&self, heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(self.fields.iter().map(|(name, _)| heap.alloc_str(name).to_value()).collect())
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Node::Record(Arc::clone(&self.fields)).equals(other))
    }
}

starlark::methods_static!(RECORD_METHODS = record_methods);

#[starlark_module]
fn record_methods(builder: &mut MethodsBuilder) {
    /// The field's value, or the default where there is no such field.
    fn get<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] key: &str,
        #[starlark(require = pos)] default: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let found = StateRecord::of(this)
            .and_then(|record| record.fields.get(key).map(|node| record.show(key, node, heap)));
        Ok(found.or(default).unwrap_or_else(Value::new_none))
    }

    /// The names of the fields, sorted.
    fn keys<'v>(this: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let names = StateRecord::of(this).into_iter().flat_map(|record| record.fields.iter());
        Ok(heap.alloc(AllocList(names.map(|(name, _)| name))))
    }

    /// The values of the fields, in the order of their names.
    fn values<'v>(this: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let Some(record) = StateRecord::of(this) else { return Ok(Value::new_none()) };
        let values = record.fields.iter().map(|(name, node)| record.show(name, node, heap));
        Ok(heap.alloc(AllocList(values)))
    }

    /// Pairs of name and value, in the order of their names.
    fn items<'v>(this: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let Some(record) = StateRecord::of(this) else { return Ok(Value::new_none()) };
        let pairs = record.fields.iter().map(|(name, node)| (name, record.show(name, node, heap)));
        Ok(heap.alloc(AllocList(pairs)))
    }
}

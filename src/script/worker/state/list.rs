//! A list as scripts see it.

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_module;
use starlark::values::list::{AllocList, ListRef};
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Trace, Value, ValueLike, starlark_value,
};

use super::node::Node;

/// A read-only list. Slices and sums of it are lists of the script's own.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative, Trace)]
pub struct StateList {
    /// The items.
    #[trace(unsafe_ignore)]
    pub items: Arc<Vec<Node>>,
    /// What the items are, for messages.
    #[trace(unsafe_ignore)]
    pub label: &'static str,
}

/// An index that is not in a list of the state.
#[derive(Debug, thiserror::Error)]
enum BadIndex {
    #[error("index {index} is outside a list of {length}; test the list first: `if xs:`")]
    Outside { index: i64, length: usize },
    #[error("a list is indexed by whole numbers, not by {kind}")]
    Kind { kind: String },
    #[error("{value} is not in the list")]
    Absent { value: String },
    #[error("the step of a slice must not be 0")]
    ZeroStep,
}

fn fail<T>(error: BadIndex) -> starlark::Result<T> {
    Err(starlark::Error::new_other(error))
}

impl StateList {
    /// The list behind a value.
    pub fn of<'v>(value: Value<'v>) -> Option<&'v Self> {
        value.downcast_ref::<Self>()
    }

    fn values<'v>(&self, heap: Heap<'v>) -> impl Iterator<Item = Value<'v>> {
        self.items.iter().map(move |item| item.to_value(self.label, heap))
    }
}

impl fmt::Display for StateList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        f.write_str("[")?;
        for (index, item) in self.items.iter().take(SHOWN).enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match item {
                Node::List(inner) => write!(f, "[{} items]", inner.len())?,
                Node::Record(fields) => match fields.get("id") {
                    Some(id) => write!(f, "{}({})", self.label, id.to_json())?,
                    None => write!(f, "{}", self.label)?,
                },
                scalar => write!(f, "{}", scalar.to_json())?,
            }
        }
        if self.items.len() > SHOWN {
            write!(f, ", … {} items", self.items.len())?;
        }
        f.write_str("]")
    }
}

/// The index meant by a script's value: negative ones count from the end.
fn whole(value: Value<'_>) -> starlark::Result<i64> {
    match value.unpack_i32() {
        Some(index) => Ok(i64::from(index)),
        None => fail(BadIndex::Kind { kind: value.get_type().to_owned() }),
    }
}

fn slice_bounds(
    start: Option<Value<'_>>,
    stop: Option<Value<'_>>,
    step: i64,
    length: i64,
) -> starlark::Result<(i64, i64)> {
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |value: Option<Value<'_>>, default: i64| match value {
        Some(value) if !value.is_none() => {
            let index = whole(value)?;
            Ok((if index < 0 { index + length } else { index }).clamp(lowest, highest))
        }
        _ => Ok::<_, starlark::Error>(default),
    };
    let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    Ok((bound(start, first)?, bound(stop, last)?))
}

#[starlark_value(type = "list")]
impl<'v> StarlarkValue<'v> for StateList {
    fn get_methods() -> Option<&'static Methods> {
        Some(LIST_METHODS.methods())
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let given = whole(index)?;
        let length = self.items.len();
        let from_start =
            if given < 0 { given + i64::try_from(length).unwrap_or(i64::MAX) } else { given };
        match usize::try_from(from_start).ok().and_then(|index| self.items.get(index)) {
            Some(item) => Ok(item.to_value(self.label, heap)),
            None => fail(BadIndex::Outside { index: given, length }),
        }
    }

    fn slice(
        &self,
        start: Option<Value<'v>>,
        stop: Option<Value<'v>>,
        stride: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let step = match stride {
            Some(stride) if !stride.is_none() => whole(stride)?,
            _ => 1,
        };
        if step == 0 {
            return fail(BadIndex::ZeroStep);
        }
        let length = i64::try_from(self.items.len()).unwrap_or(i64::MAX);
        let (mut at, stop) = slice_bounds(start, stop, step, length)?;
        let mut picked = Vec::new();
        while (step > 0 && at < stop) || (step < 0 && at > stop) {
            if let Some(item) = usize::try_from(at).ok().and_then(|index| self.items.get(index)) {
                picked.push(item.to_value(self.label, heap));
            }
            at += step;
        }
        Ok(heap.alloc(AllocList(picked)))
    }

    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(self.items.iter().any(|item| item.equals(other)))
    }

    fn length(&self) -> starlark::Result<i32> {
        Ok(i32::try_from(self.items.len()).unwrap_or(i32::MAX))
    }

    fn to_bool(&self) -> bool {
        !self.items.is_empty()
    }

    fn iterate_collect(&self, heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(self.values(heap).collect())
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Node::List(Arc::clone(&self.items)).equals(other))
    }

    fn add(&self, rhs: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        let mut joined: Vec<Value<'v>> = self.values(heap).collect();
        match (Self::of(rhs), ListRef::from_value(rhs)) {
            (Some(other), _) => joined.extend(other.values(heap)),
            (None, Some(other)) => joined.extend(other.iter()),
            (None, None) => return None,
        }
        Some(Ok(heap.alloc(AllocList(joined))))
    }

    fn radd(&self, lhs: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        let first = ListRef::from_value(lhs)?;
        let joined: Vec<Value<'v>> = first.iter().chain(self.values(heap)).collect();
        Some(Ok(heap.alloc(AllocList(joined))))
    }
}

starlark::methods_static!(LIST_METHODS = list_methods);

#[starlark_module]
fn list_methods(builder: &mut MethodsBuilder) {
    /// The index of the first item equal to the value.
    fn index<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] value: Value<'v>,
    ) -> starlark::Result<i32> {
        let place = StateList::of(this)
            .and_then(|list| list.items.iter().position(|item| item.equals(value)))
            .and_then(|place| i32::try_from(place).ok());
        match place {
            Some(place) => Ok(place),
            None => fail(BadIndex::Absent { value: value.to_string() }),
        }
    }
}

//! The count of work that the language does not count itself.

use std::cell::Cell;

use starlark::eval::Evaluator;
use starlark::values::ProvidesStaticType;

use crate::script::limits;

/// Ticks charged by library functions during one call.
#[derive(Debug, Default, ProvidesStaticType)]
pub struct Meter(Cell<u64>);

/// Too much work for one call.
#[derive(Debug, thiserror::Error)]
#[error("more than {} ticks in one call", limits::TICKS)]
pub struct WorkExceeded;

impl Meter {
    /// Ticks charged so far.
    pub fn spent(&self) -> u64 {
        self.0.get()
    }
}

/// Charges the elements a library function is about to read, so that long lists cost what they take.
pub fn charge(eval: &Evaluator<'_, '_, '_>, elements: usize) -> starlark::Result<()> {
    let Some(meter) = eval.extra.and_then(|extra| extra.downcast_ref::<Meter>()) else {
        return Ok(());
    };
    let elements = u64::try_from(elements).unwrap_or(u64::MAX);
    meter.0.set(meter.0.get().saturating_add(elements));
    if meter.0.get().saturating_add(eval.get_total_tick_count()) > limits::TICKS {
        return Err(starlark::Error::new_other(WorkExceeded));
    }
    Ok(())
}

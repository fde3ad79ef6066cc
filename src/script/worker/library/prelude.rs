//! Global functions that Python has and the language lacks.

use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::none::NoneOr;
use starlark::values::{Value, ValueLike};

use super::numbers::{items, number};

#[starlark_module]
pub fn prelude(builder: &mut GlobalsBuilder) {
    /// The sum of the items, from `start`; whole numbers stay whole.
    fn sum<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        start: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = eval.heap();
        let mut total = start.unwrap_or_else(|| heap.alloc(0));
        for item in items(values, eval)? {
            total = total.to_value().add(item, heap)?;
        }
        Ok(total)
    }

    /// The number rounded to `digits` decimals, halves away from zero; a float.
    fn round<'v>(
        #[starlark(require = pos)] value: Value<'v>,
        #[starlark(default = NoneOr::None)] digits: NoneOr<i32>,
    ) -> starlark::Result<f64> {
        let scale = 10.0_f64.powi(digits.into_option().unwrap_or(0).clamp(-300, 300));
        Ok((number("round", value)? * scale).round() / scale)
    }
}

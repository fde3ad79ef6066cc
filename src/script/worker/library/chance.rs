//! `rng`: draws from a keyed stream.
//!
//! A call's stream depends on the run's seed, the purpose and the call's indices, so equal calls draw equal numbers and
//! nothing a script does shifts another call's draws. `at` gives a stream that depends on its own key instead of the last
//! index: a plan that takes several calls is drawn the same in each of them.

use std::cell::RefCell;
use std::fmt;

use allocative::Allocative;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution as _, Gamma, StandardNormal};
use starlark::environment::{Methods, MethodsBuilder};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::float::UnpackFloat;
use starlark::values::list::AllocList;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Trace, Value, ValueLike, starlark_value,
};

use super::numbers::{items, numbers, refuse};
use crate::base::rng::stream;
use crate::script::wire::RngKey;
use crate::script::worker::result::to_json;

/// A stream of draws as scripts see it.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative, Trace)]
pub struct Chance {
    #[trace(unsafe_ignore)]
    #[allocative(skip)]
    stream: RefCell<ChaCha8Rng>,
    #[trace(unsafe_ignore)]
    #[allocative(skip)]
    key: RngKey,
}

impl Chance {
    /// The stream of a call.
    pub fn of(key: RngKey) -> Self {
        Self { stream: RefCell::new(stream(key.seed, &key.purpose, &key.indices)), key }
    }

    /// The stream of a plan: the words, and what the call belongs to, but not the call. The last index is replaced rather
    /// than left out, so that plans within plans keep their place.
    fn at(&self, words: &str) -> Self {
        let mut key = self.key.clone();
        key.purpose = format!("{} at {words}", key.purpose);
        if let Some(last) = key.indices.last_mut() {
            *last = 0;
        }
        Self::of(key)
    }

    /// A number from 0 up to and without 1, with 53 random bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn unit(&self) -> f64 {
        let bits = self.stream.borrow_mut().next_u64() >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `bound`, which is above 0: a 64-bit draw multiplied (the bias is below bound / 2^64).
    fn below(&self, bound: u64) -> u64 {
        let wide = u128::from(self.stream.borrow_mut().next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// An index drawn in proportion to the weights; uniformly when all are 0.
    fn weighted(&self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return self.index(weights.len());
        }
        let mut left = self.unit() * total;
        let mut last = 0;
        for (index, weight) in weights.iter().enumerate() {
            if *weight > 0.0 {
                last = index;
                if left < *weight {
                    return index;
                }
            }
            left -= weight;
        }
        // Rounding may leave a sliver beyond the last weight.
        last
    }

    /// The first `count` of a random order of `length` indices.
    fn order(&self, length: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for place in 0..count.min(length) {
            order.swap(place, place + self.index(length - place));
        }
        order.truncate(count);
        order
    }

    fn borrow<'v>(this: Value<'v>) -> starlark::Result<&'v Self> {
        match this.downcast_ref::<Self>() {
            Some(chance) => Ok(chance),
            None => refuse("rng", "is not a stream"),
        }
    }

    /// Lends the stream to a library function that draws.
    pub fn lend<R>(
        this: Value<'_>,
        draw: impl FnOnce(&mut ChaCha8Rng) -> R,
    ) -> starlark::Result<R> {
        let chance = Self::borrow(this)?;
        Ok(draw(&mut chance.stream.borrow_mut()))
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rng")
    }
}

#[starlark_value(type = "rng")]
impl<'v> StarlarkValue<'v> for Chance {
    fn get_methods() -> Option<&'static Methods> {
        Some(CHANCE_METHODS.methods())
    }
}

starlark::methods_static!(CHANCE_METHODS = chance_methods);

#[starlark_module]
fn chance_methods(builder: &mut MethodsBuilder) {
    /// A number from 0 up to and without 1.
    fn unit(this: Value<'_>) -> starlark::Result<f64> {
        Ok(Chance::borrow(this)?.unit())
    }

    /// A whole number from `low` to `high`, both included.
    fn int<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] low: i64,
        #[starlark(require = pos)] high: i64,
    ) -> starlark::Result<i64> {
        let Some(span) = high.checked_sub(low).and_then(|span| u64::try_from(span).ok()) else {
            return refuse("rng.int", format!("needs low <= high, not {low} and {high}"));
        };
        let offset = Chance::borrow(this)?.below(span.saturating_add(1));
        Ok(low.saturating_add_unsigned(offset))
    }

    /// One of the items, each as likely.
    fn choice<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let values = items(values, eval)?;
        let chance = Chance::borrow(this)?;
        match values.get(if values.is_empty() { 0 } else { chance.index(values.len()) }) {
            Some(value) => Ok(*value),
            None => refuse("rng.choice", "has nothing to choose from: the list is empty"),
        }
    }

    /// One of the items, in proportion to the weights; uniformly when all weights are 0.
    fn weighted<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] values: Value<'v>,
        #[starlark(require = pos)] weights: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let values = items(values, eval)?;
        let weights = numbers("rng.weighted", weights, eval)?;
        if values.len() != weights.len() {
            let rule = format!("has {} items and {} weights", values.len(), weights.len());
            return refuse("rng.weighted", rule);
        }
        if let Some(bad) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
            return refuse("rng.weighted", format!("needs weights of 0 or more, not {bad}"));
        }
        let chance = Chance::borrow(this)?;
        match values.get(if values.is_empty() { 0 } else { chance.weighted(&weights) }) {
            Some(value) => Ok(*value),
            None => refuse("rng.weighted", "has nothing to choose from: the list is empty"),
        }
    }

    /// `k` different items in random order; all of them when there are fewer.
    fn sample<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] values: Value<'v>,
        #[starlark(require = pos)] k: i32,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let values = items(values, eval)?;
        let Ok(count) = usize::try_from(k) else {
            return refuse("rng.sample", format!("cannot take {k} items"));
        };
        let order = Chance::borrow(this)?.order(values.len(), count);
        let drawn = order.into_iter().filter_map(|index| values.get(index).copied());
        Ok(eval.heap().alloc(AllocList(drawn)))
    }

    /// The items in random order, as a new list.
    fn shuffle<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let values = items(values, eval)?;
        let order = Chance::borrow(this)?.order(values.len(), values.len());
        let drawn = order.into_iter().filter_map(|index| values.get(index).copied());
        Ok(eval.heap().alloc(AllocList(drawn)))
    }

    /// A normal number.
    fn normal<'v>(
        this: Value<'v>,
        #[starlark(default = UnpackFloat(0.0))] mean: UnpackFloat,
        #[starlark(default = UnpackFloat(1.0))] sd: UnpackFloat,
    ) -> starlark::Result<f64> {
        if !(sd.0 >= 0.0 && sd.0.is_finite() && mean.0.is_finite()) {
            return refuse("rng.normal", "needs a finite mean and an sd of 0 or more");
        }
        let draw: f64 = Chance::lend(this, |stream| StandardNormal.sample(stream))?;
        Ok(mean.0 + sd.0 * draw)
    }

    /// A Beta(a, b) number, 0 to 1.
    fn beta<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] a: UnpackFloat,
        #[starlark(require = pos)] b: UnpackFloat,
    ) -> starlark::Result<f64> {
        match Beta::new(a.0, b.0) {
            Ok(beta) if a.0.is_finite() && b.0.is_finite() => {
                Chance::lend(this, |stream| beta.sample(stream))
            }
            _ => refuse("rng.beta", format!("needs a > 0 and b > 0, not {} and {}", a.0, b.0)),
        }
    }

    /// A Gamma(shape, scale) number, above 0.
    fn gamma<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] shape: UnpackFloat,
        #[starlark(default = UnpackFloat(1.0))] scale: UnpackFloat,
    ) -> starlark::Result<f64> {
        match Gamma::new(shape.0, scale.0) {
            Ok(gamma) if shape.0.is_finite() && scale.0.is_finite() => {
                Chance::lend(this, |stream| gamma.sample(stream))
            }
            _ => refuse("rng.gamma", "needs a shape and a scale above 0"),
        }
    }

    /// Another stream, the same whenever the key is the same, whatever the call.
    fn at<'v>(
        this: Value<'v>,
        #[starlark(args)] key: UnpackTuple<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let mut words = Vec::with_capacity(key.items.len());
        for part in key.items {
            match to_json(part) {
                Ok(json) => words.push(json),
                Err(fault) => return refuse("rng.at", format!("has a key it cannot use: {fault}")),
            }
        }
        let words = serde_json::Value::Array(words).to_string();
        Ok(heap.alloc_complex_no_freeze(Chance::borrow(this)?.at(&words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(index: u64) -> Chance {
        Chance::of(RngKey { seed: 7, purpose: "test".to_owned(), indices: vec![1, index] })
    }

    #[test]
    fn streams_repeat_by_key_and_plans_by_their_own() {
        assert_eq!(chance(1).unit(), chance(1).unit());
        assert_ne!(chance(1).unit(), chance(2).unit());
        assert_eq!(chance(1).at("[1]").unit(), chance(2).at("[1]").unit());
        assert_ne!(chance(1).at("[1]").unit(), chance(1).at("[2]").unit());
        assert_ne!(chance(1).at("[1]").at("[2]").unit(), chance(1).at("[2]").unit());
    }

    #[test]
    fn weights_are_frequencies() {
        let chance = chance(3);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[chance.weighted(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn an_order_is_a_permutation_and_every_place_is_as_likely() {
        let chance = chance(4);
        let mut first = [0; 4];
        for _ in 0..8_000 {
            let order = chance.order(4, 4);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
            first[order[0]] += 1;
        }
        assert!(first.iter().all(|count| (1_850..2_150).contains(count)), "{first:?}");
        assert_eq!(chance.order(3, 9).len(), 3);
    }
}

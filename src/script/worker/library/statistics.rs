//! `st`: mathematics and statistics over [`crate::domain::stats`].

use std::collections::{BTreeSet, VecDeque};

use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::dict::AllocDict;
use starlark::values::float::UnpackFloat;
use starlark::values::list::AllocList;
use starlark::values::{Heap, Value};

use super::chance::Chance;
use super::meter::charge;
use super::numbers::{defined, items, numbers, numbers_by_key, plain, refuse};
use crate::domain::stats;
use crate::script::worker::state::node::{Fields, Node};
use crate::script::worker::state::record::StateRecord;

#[starlark_module]
pub fn statistics(builder: &mut GlobalsBuilder) {
    /// The mean; 0 of nothing.
    fn mean<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        Ok(stats::mean(&numbers("st.mean", values, eval)?))
    }

    /// The sample standard deviation; 0 of fewer than two.
    fn sd<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        Ok(stats::sample_deviation(&numbers("st.sd", values, eval)?))
    }

    /// The median; 0 of nothing.
    fn median<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        Ok(stats::median(&numbers("st.median", values, eval)?))
    }

    /// The median absolute deviation, unscaled; 0 of nothing.
    fn mad<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        Ok(stats::mad(&numbers("st.mad", values, eval)?))
    }

    /// The quantile at q, 0 to 1, interpolated; 0 of nothing.
    fn quantile<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        #[starlark(require = pos)] q: UnpackFloat,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        Ok(stats::quantile(&numbers("st.quantile", values, eval)?, q.0))
    }

    /// The index of the largest number, the first of equals.
    fn argmax<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<i32> {
        let index = stats::argmax(&numbers("st.argmax", values, eval)?);
        match index.and_then(|index| i32::try_from(index).ok()) {
            Some(index) => Ok(index),
            None => refuse("st.argmax", "has no largest number: the list is empty"),
        }
    }

    /// e to the power x.
    fn exp(#[starlark(require = pos)] x: UnpackFloat) -> starlark::Result<f64> {
        defined("st.exp", x.0.exp(), "needs a number")
    }

    /// The natural logarithm of x > 0.
    fn log(#[starlark(require = pos)] x: UnpackFloat) -> starlark::Result<f64> {
        if x.0 > 0.0 { Ok(x.0.ln()) } else { refuse("st.log", format!("needs x > 0, not {}", x.0)) }
    }

    /// x to the power y.
    fn pow(
        #[starlark(require = pos)] x: UnpackFloat,
        #[starlark(require = pos)] y: UnpackFloat,
    ) -> starlark::Result<f64> {
        defined("st.pow", x.0.powf(y.0), "has no value for a negative base and a broken power")
    }

    /// The square root of x >= 0.
    fn sqrt(#[starlark(require = pos)] x: UnpackFloat) -> starlark::Result<f64> {
        defined("st.sqrt", x.0.sqrt(), "needs x >= 0")
    }

    /// 1 / (1 + e^-x).
    fn sigmoid(#[starlark(require = pos)] x: UnpackFloat) -> starlark::Result<f64> {
        defined("st.sigmoid", stats::sigmoid(x.0), "needs a number")
    }

    /// Weights e^(x / temperature), scaled to sum 1.
    fn softmax<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        #[starlark(default = UnpackFloat(1.0))] temperature: UnpackFloat,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        if temperature.0.is_nan() || temperature.0 <= 0.0 {
            return refuse("st.softmax", "needs a temperature above 0");
        }
        let weights = stats::softmax(&numbers("st.softmax", values, eval)?, temperature.0);
        Ok(eval.heap().alloc(AllocList(weights)))
    }

    /// Ranks from 1 (smallest); equals share the mean of their ranks.
    fn rank<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let ranks = stats::ranks(&numbers("st.rank", values, eval)?);
        Ok(eval.heap().alloc(AllocList(ranks)))
    }

    /// Wilson's interval (low, high) of k successes in n trials.
    fn wilson<'v>(
        #[starlark(require = pos)] k: UnpackFloat,
        #[starlark(require = pos)] n: UnpackFloat,
        #[starlark(default = UnpackFloat(1.96))] z: UnpackFloat,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        if !(k.0 >= 0.0 && k.0 <= n.0 && z.0 >= 0.0) {
            return refuse("st.wilson", format!("needs 0 <= k <= n, not {} of {}", k.0, n.0));
        }
        let interval = stats::wilson_interval(k.0, n.0, z.0);
        Ok(heap.alloc((interval.low, interval.high)))
    }

    /// The quantile at p of Beta(a, b).
    fn beta_q<'v>(
        #[starlark(require = pos)] p: UnpackFloat,
        #[starlark(require = pos)] a: UnpackFloat,
        #[starlark(require = pos)] b: UnpackFloat,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        // The bisection takes about fifty evaluations of a series.
        charge(eval, 50)?;
        let rule = "needs a > 0, b > 0 and p from 0 to 1";
        defined("st.beta_q", stats::beta_quantile(p.0, a.0, b.0), rule)
    }

    /// Compares two records by their shared keys, or two lists by place, first minus second: a dict with n, mean, sd,
    /// wins, losses, ties.
    fn paired<'v>(
        #[starlark(require = pos)] a: Value<'v>,
        #[starlark(require = pos)] b: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let first = numbers_by_key("st.paired", a, eval)?;
        let second = numbers_by_key("st.paired", b, eval)?;
        let pairs: Vec<(f64, f64)> = match (first, second) {
            (Some(first), Some(second)) => shared_keys(&first, &second),
            (None, None) => {
                let first = numbers("st.paired", a, eval)?;
                let second = numbers("st.paired", b, eval)?;
                if first.len() != second.len() {
                    return refuse("st.paired", "needs two lists of the same length");
                }
                first.into_iter().zip(second).collect()
            }
            _ => return refuse("st.paired", "needs two records, two dicts or two lists"),
        };
        let seen = stats::paired(&pairs);
        let heap = eval.heap();
        let whole = |n: usize| heap.alloc(i64::try_from(n).unwrap_or(i64::MAX));
        Ok(heap.alloc(AllocDict([
            ("n", whole(seen.n)),
            ("mean", heap.alloc(seen.mean)),
            ("sd", heap.alloc(seen.sd)),
            ("wins", whole(seen.wins)),
            ("losses", whole(seen.losses)),
            ("ties", whole(seen.ties)),
        ])))
    }

    /// The two-sided exact sign test: how likely a split this uneven is by chance.
    fn sign_test<'v>(
        #[starlark(require = pos)] wins: u32,
        #[starlark(require = pos)] losses: u32,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        charge(eval, usize::try_from(wins.min(losses)).unwrap_or(usize::MAX))?;
        Ok(stats::sign_test(wins.into(), losses.into()))
    }

    /// The bootstrap interval (low, high) of the mean.
    fn bootstrap<'v>(
        #[starlark(require = pos)] values: Value<'v>,
        #[starlark(require = pos)] rng: Value<'v>,
        #[starlark(default = 1000)] n: u32,
        #[starlark(default = UnpackFloat(0.95))] level: UnpackFloat,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let values = numbers("st.bootstrap", values, eval)?;
        let resamples = usize::try_from(n).unwrap_or(usize::MAX);
        charge(eval, resamples.saturating_mul(values.len()))?;
        let interval =
            Chance::lend(rng, |stream| stats::bootstrap_mean(&values, resamples, level.0, stream))?;
        match interval {
            Some(interval) => Ok(eval.heap().alloc((interval.low, interval.high))),
            None => refuse("st.bootstrap", "needs at least one value and n > 0"),
        }
    }

    /// For each generation that is a non-dominated best on some of the cases: how many; a dict by id.
    fn front<'v>(
        #[starlark(require = pos)] generations: Value<'v>,
        #[starlark(require = pos)] cases: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let members = items(generations, eval)?;
        let cases: Vec<String> =
            items(cases, eval)?.into_iter().map(|case| case.to_str()).collect();
        charge(eval, members.len().saturating_mul(cases.len().saturating_add(members.len())))?;
        let mut ids = Vec::with_capacity(members.len());
        let mut scores = Vec::with_capacity(members.len());
        for member in members {
            let Some(record) = StateRecord::of(member) else {
                return refuse("st.front", "needs generations, such as `S.live`");
            };
            ids.push(text(&record.fields, "id"));
            scores.push(cases.iter().map(|case| case_score(&record.fields, case)).collect());
        }
        let heap = eval.heap();
        let wins = ids.into_iter().zip(stats::front_wins(&scores)).filter(|(_, wins)| *wins > 0);
        let counted = wins.map(|(id, wins)| (id, i64::try_from(wins).unwrap_or(i64::MAX)));
        Ok(heap.alloc(AllocDict(counted.collect::<Vec<_>>())))
    }

    /// The volume that points dominate above a reference point, larger being better everywhere.
    fn hypervolume<'v>(
        #[starlark(require = pos)] points: Value<'v>,
        #[starlark(require = pos)] reference: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        let reference = numbers("st.hypervolume", reference, eval)?;
        let mut rows = Vec::new();
        for point in items(points, eval)? {
            rows.push(numbers("st.hypervolume", point, eval)?);
        }
        if reference.len() > 4 || rows.len() > 64 {
            return refuse("st.hypervolume", "takes at most 64 points of at most 4 coordinates");
        }
        if rows.iter().any(|row| row.len() != reference.len()) {
            return refuse(
                "st.hypervolume",
                "needs points with as many coordinates as the reference",
            );
        }
        let slices = u32::try_from(reference.len().saturating_sub(1)).unwrap_or(0);
        charge(eval, rows.len().saturating_pow(slices))?;
        Ok(stats::hypervolume(&rows, &reference))
    }

    /// mean + c * sqrt(log(total) / n); infinite for n = 0.
    fn ucb(
        #[starlark(require = pos)] mean: UnpackFloat,
        #[starlark(require = pos)] n: UnpackFloat,
        #[starlark(require = pos)] total: UnpackFloat,
        #[starlark(default = UnpackFloat(std::f64::consts::SQRT_2))] c: UnpackFloat,
    ) -> starlark::Result<f64> {
        defined("st.ucb", stats::ucb(mean.0, n.0, total.0, c.0), "needs numbers")
    }

    /// Whether two generations are the same or one is an ancestor of the other.
    fn related<'v>(
        #[starlark(require = pos)] state: Value<'v>,
        #[starlark(require = pos)] p: Value<'v>,
        #[starlark(require = pos)] q: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<bool> {
        let (Some(state), Some(p), Some(q)) =
            (StateRecord::of(state), StateRecord::of(p), StateRecord::of(q))
        else {
            return refuse("st.related", "needs `S` and two generations");
        };
        let Some(Node::Record(by)) = state.fields.get("by") else {
            return refuse("st.related", "needs `S` and two generations");
        };
        let (p_id, q_id) = (text(&p.fields, "id"), text(&q.fields, "id"));
        if p_id == q_id {
            return Ok(true);
        }
        let above_p = ancestors(&p.fields, by);
        let above_q = ancestors(&q.fields, by);
        charge(eval, above_p.len() + above_q.len())?;
        Ok(above_p.contains(&q_id) || above_q.contains(&p_id))
    }

    /// How alike two texts are, 0 to 1, by their pairs of neighbouring characters.
    fn sim<'v>(
        #[starlark(require = pos)] a: &str,
        #[starlark(require = pos)] b: &str,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<f64> {
        charge(eval, a.len() + b.len())?;
        Ok(stats::similarity(a, b))
    }
}

fn shared_keys(first: &[(String, f64)], second: &[(String, f64)]) -> Vec<(f64, f64)> {
    first
        .iter()
        .filter_map(|(key, value)| {
            let place = second.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
            Some((*value, second.get(place)?.1))
        })
        .collect()
}

fn text(fields: &Fields, name: &str) -> String {
    match fields.get(name) {
        Some(Node::Text(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn case_score(generation: &Fields, case: &str) -> Option<f64> {
    match generation.get("ev") {
        Some(Node::Record(ev)) => ev.get(case).and_then(plain),
        _ => None,
    }
}

fn ancestors(generation: &Fields, by: &Fields) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: VecDeque<String> = parents(generation).into();
    while let Some(id) = open.pop_front() {
        if let Some(Node::Record(parent)) = by.get(&id) {
            open.extend(parents(parent).into_iter().filter(|above| !found.contains(above)));
        }
        found.insert(id);
    }
    found
}

fn parents(generation: &Fields) -> Vec<String> {
    match generation.get("parents") {
        Some(Node::List(ids)) => ids
            .iter()
            .filter_map(|id| match id {
                Node::Text(id) => Some(id.to_string()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

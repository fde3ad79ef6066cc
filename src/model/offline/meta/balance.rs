//! The weights of all operators, or of all building blocks, in one rewrite: as much of each as it brought.

use std::collections::BTreeMap;

use rand_distr::{Distribution, Exp1};
use toml_edit::DocumentMut;

use super::numbers::{Number, numbers, read, rounded};
use crate::domain::event::OperatorCredit;
use crate::model::offline::draw::Stream;

/// Proposals that must be on record before the credit says anything.
const ENOUGH_TRIES: u32 = 40;
/// Proposals by which one's own record is drawn towards the mean of all.
const SHRINKAGE: f64 = 5.0;
/// The least weight, as a part of an even one: what is never tried cannot be credited.
const LEAST: f64 = 0.25;
/// Weights that differ by less than this share of their sum are not worth a rewrite.
const WORTH_IT: f64 = 0.1;

/// What is weighed against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// The operators that are on.
    Operators,
    /// The building blocks that were ever drawn.
    Pieces,
}

impl Family {
    pub(super) const ALL: [Self; 2] = [Self::Operators, Self::Pieces];

    /// How it is called in summaries.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Operators => "operators",
            Self::Pieces => "pieces",
        }
    }

    /// Its members with their weights, and what these add up to.
    fn members(
        self,
        document: &DocumentMut,
        credit: &BTreeMap<String, OperatorCredit>,
    ) -> (Vec<Number>, f64) {
        match self {
            Self::Operators => {
                let mut on = numbers(document);
                on.retain(|number| number.is_weight() && number.value > 0.0);
                (on, 10.0)
            }
            Self::Pieces => {
                let names = credit.keys().filter_map(|key| key.strip_prefix("pieces."));
                let weight = |name: &str| read(document, "pieces", name).unwrap_or(1.0);
                let drawn: Vec<Number> = names
                    .map(|name| Number { table: "pieces", key: name.into(), value: weight(name) })
                    .collect();
                let even = count(&drawn);
                (drawn, even)
            }
        }
    }
}

/// The weights by the gain for each proposal (adaptive pursuit's target, reached in one step). `None` when too little is
/// known, or when they are so already.
pub(super) fn by_credit(
    family: Family,
    document: &DocumentMut,
    credit: &BTreeMap<String, OperatorCredit>,
) -> Option<Vec<Number>> {
    let (members, sum) = family.members(document, credit);
    let known = |number: &Number| {
        let key = if number.table == "operators" { number.key.clone() } else { number.path() };
        credit.get(&key).copied().unwrap_or_default()
    };
    let tries: u32 = members.iter().map(|number| known(number).tries).sum();
    let gain: f64 = members.iter().map(|number| known(number).gain).sum();
    if tries < ENOUGH_TRIES || gain <= 0.0 || members.len() < 2 {
        return None;
    }
    let mean = gain / f64::from(tries);
    let values = members.iter().map(|number| {
        let own = known(number);
        (own.gain + SHRINKAGE * mean) / (f64::from(own.tries) + SHRINKAGE)
    });
    let balanced = weighted(&members, &values.collect::<Vec<f64>>(), sum);
    (distance(&members, &balanced) > WORTH_IT).then_some(balanced)
}

/// Weights drawn evenly among all divisions of the sum: the baseline's way.
pub(super) fn at_random(
    family: Family,
    document: &DocumentMut,
    credit: &BTreeMap<String, OperatorCredit>,
    rng: &mut Stream,
) -> Option<Vec<Number>> {
    let (members, sum) = family.members(document, credit);
    let values: Vec<f64> = members.iter().map(|_| Exp1.sample(rng)).collect();
    (members.len() >= 2).then(|| weighted(&members, &values, sum))
}

/// The members with weights in proportion to their values, none below the least.
fn weighted(members: &[Number], values: &[f64], sum: f64) -> Vec<Number> {
    let total: f64 = values.iter().sum();
    let even = 1.0 / count(members);
    let share = |value: &f64| LEAST * even + (1.0 - LEAST) * value / total.max(f64::MIN_POSITIVE);
    let balanced = members
        .iter()
        .zip(values)
        .map(|(number, value)| Number { value: rounded(sum * share(value)), ..number.clone() });
    balanced.collect()
}

/// Half the sum of the differences of the shares: 0 for equal ones, 1 for disjoint ones.
fn distance(before: &[Number], after: &[Number]) -> f64 {
    let sum = |numbers: &[Number]| numbers.iter().map(|number| number.value).sum::<f64>();
    let (old, new) = (sum(before), sum(after));
    let moved = before.iter().zip(after).map(|(a, b)| (a.value / old - b.value / new).abs());
    moved.sum::<f64>() / 2.0
}

fn count(numbers: &[Number]) -> f64 {
    f64::from(u32::try_from(numbers.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    const AGENT: &str = "[operators]\nnum = 1.0\ncmp = 1.0\narith = 0.0\nstmt_insert = 0.0\ncross = 0.0\nshrink = 0.0\n";

    fn agent(text: &str) -> DocumentMut {
        text.parse().expect("a document")
    }

    fn credit<const N: usize>(known: [(&str, u32, f64); N]) -> BTreeMap<String, OperatorCredit> {
        let of = |(name, tries, gain): (&str, u32, f64)| {
            (name.to_owned(), OperatorCredit { tries, accepted: 1, gain })
        };
        known.map(of).into()
    }

    fn values(numbers: &[Number]) -> Vec<(&str, f64)> {
        numbers.iter().map(|number| (number.key.as_str(), number.value)).collect()
    }

    #[test]
    fn weight_follows_the_gain_for_each_proposal_and_none_is_starved() {
        let known = credit([("num", 40, 0.8), ("cmp", 40, 0.0)]);
        let balanced = by_credit(Family::Operators, &agent(AGENT), &known).expect("weights");
        let [("num", num), ("cmp", cmp)] = values(&balanced)[..] else { panic!("{balanced:?}") };
        assert!(num > 8.0 && cmp >= 10.0 * LEAST / 2.0 && (num + cmp - 10.0).abs() < 0.02);
        let there = AGENT.replace("num = 1.0", &format!("num = {num}"));
        let there = there.replace("cmp = 1.0", &format!("cmp = {cmp}"));
        let again = by_credit(Family::Operators, &agent(&there), &known);
        assert!(again.is_none(), "nothing new to say: {again:?}");
    }

    #[test]
    fn building_blocks_weigh_one_on_average() {
        let known = credit([("pieces.lift", 30, 0.9), ("pieces.bend", 30, 0.1), ("num", 9, 9.0)]);
        let balanced = by_credit(Family::Pieces, &agent(AGENT), &known).expect("weights");
        let [("bend", bend), ("lift", lift)] = values(&balanced)[..] else {
            panic!("{balanced:?}")
        };
        assert!(lift > 1.5 && bend < 0.5 && (lift + bend - 2.0).abs() < 0.01);
    }

    #[test]
    fn too_little_evidence_changes_nothing() {
        let few = credit([("num", 20, 0.5)]);
        assert!(by_credit(Family::Operators, &agent(AGENT), &few).is_none());
        let fruitless = credit([("num", 200, 0.0)]);
        assert!(by_credit(Family::Operators, &agent(AGENT), &fruitless).is_none());
    }

    #[test]
    fn the_baseline_divides_the_sum_evenly_on_average() {
        let mut rng = stream(1, "test", &[]);
        let mut draw = || {
            let drawn = at_random(Family::Operators, &agent(AGENT), &BTreeMap::new(), &mut rng);
            drawn.expect("weights").first().expect("num").value
        };
        let draws: Vec<f64> = (0..400).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / 400.0;
        assert!((4.6..5.4).contains(&mean), "{mean}");
        assert!(draws.iter().any(|it| *it > 8.0) && draws.iter().any(|it| *it < 2.0));
    }
}

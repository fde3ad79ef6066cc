//! What was learnt, in one rewrite: as much of every operator and building block as it brought, and proposals of several
//! mutations as often as they paid.

use std::collections::BTreeMap;

use rand_distr::{Distribution, Exp1};
use toml_edit::DocumentMut;

use super::numbers::{Number, numbers, read, rounded, shown};
use super::worth::{self, ENOUGH_TRIES, shrunk};
use crate::domain::agent::Operators;
use crate::domain::credit::{self, Practice};
use crate::domain::event::OperatorCredit;
use crate::model::offline::draw::{Stream, unit};

/// The least weight, as a part of an even one: what is never tried cannot be credited.
const LEAST: f64 = 0.25;
/// Weights that differ by less than this share of their sum are not worth a rewrite.
const WORTH_IT: f64 = 0.1;
/// What `[operators] more` is kept within.
const MORE: std::ops::RangeInclusive<f64> = 0.1..=0.8;
/// The building blocks that a summary names.
const NAMED_PIECES: usize = 3;

/// The numbers as the record would have them. `None` when too little is known, or when they are so already.
pub(super) fn by_credit(
    document: &DocumentMut,
    credit: &BTreeMap<String, OperatorCredit>,
    practice: &[Practice],
) -> Option<Vec<Number>> {
    let mut changed = Vec::new();
    let operators = operators(document);
    let pieces = pieces(document, credit);
    let worth = [
        worth::of_operators(&operators.members, credit, practice),
        worth::of_pieces(&pieces.members, credit),
    ];
    for (family, values) in [operators, pieces].into_iter().zip(worth) {
        let Some(values) = values else { continue };
        let balanced = weighted(&family, &values);
        if distance(&family.members, &balanced) > WORTH_IT {
            changed.extend(balanced);
        }
    }
    if let Some(more) = more_by_credit(document, credit) {
        changed.push(more);
    }
    (!changed.is_empty()).then_some(changed)
}

/// The same numbers drawn evenly among all divisions of their sum: the baseline's way.
pub(super) fn at_random(
    document: &DocumentMut,
    credit: &BTreeMap<String, OperatorCredit>,
    rng: &mut Stream,
) -> Vec<Number> {
    let mut changed = Vec::new();
    for family in [operators(document), pieces(document, credit)] {
        let values: Vec<f64> = family.members.iter().map(|_| Exp1.sample(rng)).collect();
        changed.extend(weighted(&family, &values));
    }
    changed.push(more(MORE.start() + (MORE.end() - MORE.start()) * unit(rng)));
    changed
}

/// What changed, in words: every operator, and the building blocks that weigh most.
pub(super) fn summary(changed: &[Number]) -> String {
    let (mut pieces, others): (Vec<&Number>, Vec<&Number>) =
        changed.iter().partition(|number| number.table == "pieces");
    pieces.sort_by(|a, b| b.value.total_cmp(&a.value));
    let said = |number: &&Number| format!("{} {}", number.key, shown(number.value));
    let mut parts: Vec<String> = others.iter().map(said).collect();
    if !pieces.is_empty() {
        let most: Vec<String> = pieces.iter().take(NAMED_PIECES).map(said).collect();
        parts.push(format!("most of the pieces {}", most.join(", ")));
    }
    parts.join(", ")
}

/// Numbers that are weighed against each other.
struct Family {
    members: Vec<Number>,
    /// What they add up to.
    sum: f64,
}

/// The operators that are on.
fn operators(document: &DocumentMut) -> Family {
    let mut members = numbers(document);
    members.retain(|number| number.is_weight() && number.value > 0.0);
    Family { members, sum: 10.0 }
}

/// The building blocks that were ever drawn; on average they weigh 1.
fn pieces(document: &DocumentMut, credit: &BTreeMap<String, OperatorCredit>) -> Family {
    let names = credit.keys().filter_map(|key| key.strip_prefix("pieces."));
    let value = |name: &str| read(document, "pieces", name).unwrap_or(1.0);
    let members: Vec<Number> = names
        .map(|name| Number { table: "pieces", key: name.to_owned(), value: value(name) })
        .collect();
    let sum = count(&members);
    Family { members, sum }
}

/// The probability of one more mutation: the part of the gain for each proposal that comes with several.
fn more_by_credit(
    document: &DocumentMut,
    credit: &BTreeMap<String, OperatorCredit>,
) -> Option<Number> {
    let of = |key: &str| credit.get(key).copied().unwrap_or_default();
    let (one, several) = (of(credit::ONE), of(credit::SEVERAL));
    let (tries, gain) = (one.tries + several.tries, one.gain + several.gain);
    if tries < ENOUGH_TRIES || gain <= 0.0 {
        return None;
    }
    let mean = gain / f64::from(tries);
    let (one, several) = (shrunk(one, mean), shrunk(several, mean));
    let new = more(several / (one + several));
    let old = read(document, "operators", "more").unwrap_or(Operators::default().more);
    ((new.value - old).abs() > WORTH_IT).then_some(new)
}

fn more(value: f64) -> Number {
    let value = rounded(value.clamp(*MORE.start(), *MORE.end()));
    Number { table: "operators", key: "more".to_owned(), value }
}

/// The members with weights in proportion to their values, none below the least.
fn weighted(family: &Family, values: &[f64]) -> Vec<Number> {
    let total: f64 = values.iter().sum();
    let even = 1.0 / count(&family.members).max(1.0);
    let share = |value: &f64| LEAST * even + (1.0 - LEAST) * value / total.max(f64::MIN_POSITIVE);
    let balanced = family.members.iter().zip(values).map(|(number, value)| Number {
        value: rounded(family.sum * share(value)),
        ..number.clone()
    });
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

    /// Episodes of ten proposals, so many of them `num`, and what they came to.
    fn practice<const N: usize>(episodes: [(u32, f64); N]) -> Vec<Practice> {
        let of = |(num, score): (u32, f64)| Practice {
            group: "t".to_owned(),
            score,
            tries: [("num".to_owned(), num), ("cmp".to_owned(), 10 - num)].into(),
        };
        episodes.map(of).into()
    }

    fn two(found: Option<Vec<Number>>) -> (f64, f64) {
        let found = found.expect("weights");
        let [("num", num), ("cmp", cmp)] = values(&found)[..] else { panic!("{found:?}") };
        (num, cmp)
    }

    #[test]
    fn weight_follows_the_gain_for_each_proposal_and_none_is_starved() {
        let known = credit([("late.num", 400, 40.0), ("late.cmp", 400, 0.0)]);
        let even = practice([(5, 0.5), (5, 0.5)]);
        let (num, cmp) = two(by_credit(&agent(AGENT), &known, &even));
        assert!(num > 8.0 && cmp >= 10.0 * LEAST / 2.0 && (num + cmp - 10.0).abs() < 0.02);
        let there = AGENT.replace("num = 1.0", &format!("num = {num}"));
        let there = there.replace("cmp = 1.0", &format!("cmp = {cmp}"));
        let again = by_credit(&agent(&there), &known, &even);
        assert!(again.is_none(), "nothing new to say: {again:?}");
    }

    #[test]
    fn episodes_correct_what_the_gains_foretell() {
        let known = credit([("late.num", 400, 4.0), ("late.cmp", 400, 4.4)]);
        let worse = practice([(2, 0.7), (8, 0.3), (3, 0.65), (7, 0.35), (5, 0.5), (5, 0.51)]);
        let better = practice([(2, 0.3), (8, 0.7), (3, 0.35), (7, 0.65), (5, 0.5), (5, 0.51)]);
        let (num, cmp) = two(by_credit(&agent(AGENT), &known, &better));
        assert!(num > 1.5 * cmp, "{num} {cmp}");
        let (num, cmp) = two(by_credit(&agent(AGENT), &known, &worse));
        assert!(cmp > 1.5 * num, "{num} {cmp}");
        // Where only episodes of one group compare, one from each says nothing.
        let mut apart = better;
        for (index, episode) in apart.iter_mut().enumerate() {
            episode.group = index.to_string();
        }
        assert!(by_credit(&agent(AGENT), &known, &apart).is_none(), "the gains are about equal");
    }

    #[test]
    fn building_blocks_weigh_one_on_average() {
        let known = credit([("pieces.lift", 90, 2.7), ("pieces.bend", 90, 0.3)]);
        let balanced = by_credit(&agent(AGENT), &known, &[]).expect("weights");
        let [("bend", bend), ("lift", lift)] = values(&balanced)[..] else {
            panic!("{balanced:?}")
        };
        assert!(lift > 1.5 && bend < 0.5 && (lift + bend - 2.0).abs() < 0.01);
        assert_eq!(summary(&balanced), format!("most of the pieces lift {lift}, bend {bend}"));
    }

    #[test]
    fn several_mutations_are_made_as_often_as_they_pay() {
        let paid = |several| credit([(credit::ONE, 600, 3.0), (credit::SEVERAL, 300, several)]);
        let more = |several| {
            let changed = by_credit(&agent(AGENT), &paid(several), &[]).expect("a change");
            let [("more", value)] = values(&changed)[..] else { panic!("{changed:?}") };
            value
        };
        assert!(more(9.0) > 0.75 && more(0.0) < 0.2);
        assert!(by_credit(&agent(AGENT), &paid(0.6), &[]).is_none(), "0.3 is about right");
    }

    #[test]
    fn too_little_evidence_changes_nothing() {
        let even = practice([(5, 0.5), (5, 0.5)]);
        assert!(by_credit(&agent(AGENT), &credit([("late.num", 12, 0.5)]), &even).is_none());
        assert!(by_credit(&agent(AGENT), &credit([("late.num", 200, 0.0)]), &even).is_none());
    }

    #[test]
    fn the_baseline_divides_the_sum_evenly_on_average() {
        let mut rng = stream(1, "test", &[]);
        let mut draw = || {
            let drawn = at_random(&agent(AGENT), &BTreeMap::new(), &mut rng);
            drawn.first().expect("num").value
        };
        let draws: Vec<f64> = (0..400).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / 400.0;
        assert!((4.6..5.4).contains(&mean), "{mean}");
        assert!(draws.iter().any(|it| *it > 8.0) && draws.iter().any(|it| *it < 2.0));
    }
}

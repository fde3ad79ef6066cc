//! What one more proposal of an operator or a building block is worth.

use std::collections::BTreeMap;

use super::numbers::Number;
use crate::domain::credit::{self, Practice};
use crate::domain::event::OperatorCredit;
use crate::domain::stats::{mean, ridge};

/// Proposals that must be on record before the credit says anything.
pub(super) const ENOUGH_TRIES: u32 = 20;
/// Proposals by which one's own record is drawn towards the mean of all: the variance of a proposal's gain within an
/// operator over that of the mean gains between operators, about (0.03 / 0.006)² on the shipped tasks. Less lets the luck
/// of a few proposals starve what will be needed later.
const SHRINKAGE: f64 = 25.0;
/// How much the better of the building blocks is preferred: weights go with the gain for each proposal to this power,
/// between matching it and pursuing the best alone.
const PURSUIT: f64 = 2.0;
/// How far, in score, an episode of one operator alone is from what the operator's own gains foretell: the standard
/// deviation of what the episodes may correct.
const CORRECTION: f64 = 0.25;
/// The least standard deviation of an episode's score that is believed.
const LEAST_NOISE: f64 = 0.02;
/// How fast shares follow: an operator's is multiplied by e to this times the score it would add to a whole episode.
const RATE: f64 = 4.0;
/// The largest such exponent: no share grows or falls more than sevenfold in one step.
const LARGEST: f64 = 2.0;

/// The shares the operators deserve, up to a factor: those they had, moved the way the score grows (the exponentiated
/// gradient of Kivinen and Warmuth, 1997). The slope is at first each operator's own gain late in an episode; the
/// episodes that happened to make more of an operator correct it, since what a proposal prepares for others is no gain of
/// its own.
pub(super) fn of_operators(
    members: &[Number],
    credit: &BTreeMap<String, OperatorCredit>,
    practice: &[Practice],
) -> Option<Vec<f64>> {
    let late = known(members, |number| credit::late(&number.key), credit);
    let each = mean_gain(&late)?;
    let made = |episode: &Practice, number: &Number| {
        episode.tries.get(&number.key).copied().map_or(0.0, f64::from)
    };
    let all = |episode: &Practice| members.iter().map(|it| made(episode, it)).sum::<f64>();
    let worked: Vec<&Practice> = practice.iter().filter(|episode| all(episode) > 0.0).collect();
    if worked.is_empty() {
        return None;
    }
    let length = mean(&worked.iter().map(|episode| all(episode)).collect::<Vec<f64>>());
    let share = |episode: &Practice, number: &Number| made(episode, number) / all(episode);
    let prior: Vec<f64> = late.iter().map(|own| length * shrunk(*own, each)).collect();
    let columns: Vec<Vec<f64>> =
        members.iter().map(|number| centred(&worked, |episode| share(episode, number))).collect();
    let rows: Vec<Vec<f64>> = (0..worked.len())
        .map(|row| columns.iter().filter_map(|column| column.get(row).copied()).collect())
        .collect();
    let scores = centred(&worked, |episode| episode.score);
    let squares: Vec<f64> = scores.iter().map(|score| score * score).collect();
    let noise = mean(&squares).max(LEAST_NOISE * LEAST_NOISE);
    let slope = ridge(&rows, &scores, &centre(&prior), noise / (CORRECTION * CORRECTION))?;
    let middle = mean(&slope);
    let moved = members.iter().zip(slope).map(|(number, slope)| {
        let had = mean(&worked.iter().map(|episode| share(episode, number)).collect::<Vec<f64>>());
        had * (RATE * (slope - middle)).clamp(-LARGEST, LARGEST).exp()
    });
    Some(moved.collect())
}

/// What the building blocks deserve: their gain for each proposal, the better preferred.
pub(super) fn of_pieces(
    members: &[Number],
    credit: &BTreeMap<String, OperatorCredit>,
) -> Option<Vec<f64>> {
    let own = known(members, Number::path, credit);
    let each = mean_gain(&own)?;
    Some(own.into_iter().map(|own| shrunk(own, each).powf(PURSUIT)).collect())
}

/// The gain for each proposal, drawn towards the mean of all while the record is short.
pub(super) fn shrunk(own: OperatorCredit, mean: f64) -> f64 {
    (own.gain + SHRINKAGE * mean) / (f64::from(own.tries) + SHRINKAGE)
}

fn known(
    members: &[Number],
    key: impl Fn(&Number) -> String,
    credit: &BTreeMap<String, OperatorCredit>,
) -> Vec<OperatorCredit> {
    members.iter().map(|it| credit.get(&key(it)).copied().unwrap_or_default()).collect()
}

/// The mean gain of a proposal; `None` when the record is too short to say, or there is nothing to compare.
fn mean_gain(records: &[OperatorCredit]) -> Option<f64> {
    let tries: u32 = records.iter().map(|it| it.tries).sum();
    let gain: f64 = records.iter().map(|it| it.gain).sum();
    (tries >= ENOUGH_TRIES && gain > 0.0 && records.len() > 1).then(|| gain / f64::from(tries))
}

fn centre(values: &[f64]) -> Vec<f64> {
    let middle = mean(values);
    values.iter().map(|value| value - middle).collect()
}

/// A number of each episode, less its mean over the episodes it is comparable with.
fn centred(episodes: &[&Practice], of: impl Fn(&Practice) -> f64) -> Vec<f64> {
    let middle = |group: &str| {
        let same = episodes.iter().filter(|episode| episode.group == group);
        mean(&same.map(|episode| of(episode)).collect::<Vec<f64>>())
    };
    episodes.iter().map(|episode| of(episode) - middle(&episode.group)).collect()
}

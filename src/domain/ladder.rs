//! Who is reported as the best: a name that moves only when the select cases say so clearly.
//!
//! Every generation held against the best one asks the select cases a question, and after enough questions the highest
//! answer is luck. So the reported best moves only when the mean improves by more than the standard error of the paired
//! difference (A. Blum and M. Hardt, "The Ladder: A Reliable Leaderboard for Machine Learning Competitions", 2015, with
//! the step without parameters: the sample deviation over √n, n being the cases). Only results on the same block of cases
//! are compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::EpisodeResult;
use super::stats::{mean, sample_deviation};
use crate::base::id::{EpisodeId, GenerationId, TaskName};

/// What the solution of an episode is worth on a block of select cases; for the kernel only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectResult {
    /// The episode.
    pub episode: EpisodeId,
    /// The mean metric; `None` when it could not be measured.
    pub metric: Option<f64>,
    /// Its score.
    pub score: f64,
    /// The score of each case, in order; empty without a metric.
    pub cases: Vec<f64>,
}

impl SelectResult {
    /// Puts it in the place of what was measured on an earlier block.
    pub fn renew(&self, result: &mut EpisodeResult, block: u32) {
        result.select_metric = self.metric;
        result.select_score = Some(self.score);
        result.select_cases.clone_from(&self.cases);
        result.select_block = block;
    }
}

/// The block of select cases that the number-th measurement of a run takes, from 1; a `limit` of 0 has one block only.
pub fn block_of(measurement: u32, limit: u32) -> u32 {
    measurement.saturating_sub(1).checked_div(limit).unwrap_or(0)
}

/// The scores of the select cases by task, each the mean over a generation's episodes; a task whose episodes have
/// different numbers of cases, or none, is left out.
pub fn by_case<'a>(
    episodes: impl IntoIterator<Item = (&'a EpisodeId, &'a [f64])>,
) -> BTreeMap<&'a TaskName, Vec<f64>> {
    let mut lists: BTreeMap<&TaskName, Vec<&[f64]>> = BTreeMap::new();
    for (episode, cases) in episodes {
        lists.entry(&episode.task).or_default().push(cases);
    }
    let means = |episodes: Vec<&[f64]>| {
        let n = episodes.first().map_or(0, |cases| cases.len());
        let alike = n > 0 && episodes.iter().all(|cases| cases.len() == n);
        alike.then(|| {
            let case = |at| -> Vec<f64> {
                episodes.iter().filter_map(|cases| cases.get(at).copied()).collect()
            };
            (0..n).map(|at| mean(&case(at))).collect()
        })
    };
    lists.into_iter().filter_map(|(task, episodes)| Some((task, means(episodes)?))).collect()
}

/// By how much one must improve on the other: the standard error of the mean paired difference, every task weighing the
/// same. 0 where the results of cases are not on record.
pub fn step(one: &BTreeMap<&TaskName, Vec<f64>>, other: &BTreeMap<&TaskName, Vec<f64>>) -> f64 {
    let errors: Vec<f64> = one
        .iter()
        .filter_map(|(task, cases)| Some((cases, other.get(task)?)))
        .filter(|(cases, others)| cases.len() == others.len())
        .map(|(cases, others)| {
            let differences: Vec<f64> = cases.iter().zip(others).map(|(a, b)| a - b).collect();
            sample_deviation(&differences).powi(2) / differences.len() as f64
        })
        .collect();
    if errors.is_empty() { 0.0 } else { errors.iter().sum::<f64>().sqrt() / errors.len() as f64 }
}

/// The best of these, each a number with its select mean, in order: the first, until one improves on it by more than the
/// step between them.
pub fn climb(
    generations: impl IntoIterator<Item = (GenerationId, f64)>,
    step: impl Fn(GenerationId, GenerationId) -> f64,
) -> Option<(GenerationId, f64)> {
    let mut best: Option<(GenerationId, f64)> = None;
    for (id, mean) in generations {
        if best.is_none_or(|(known, highest)| mean > highest && mean > highest + step(id, known)) {
            best = Some((id, mean));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episodes(names: &[&str]) -> Vec<EpisodeId> {
        names.iter().map(|name| name.parse().expect("an episode")).collect()
    }

    #[test]
    fn the_step_is_the_standard_error_of_the_paired_difference() {
        let ids = episodes(&["a#0", "a#1", "b#0"]);
        let cases: [&[f64]; 3] = [&[0.2, 0.4, 0.6, 0.8], &[0.4, 0.6, 0.8, 1.0], &[0.5, 0.5]];
        let base: [&[f64]; 3] = [&[0.3; 4], &[0.3; 4], &[0.1, 0.1]];
        let (one, other) = (by_case(ids.iter().zip(cases)), by_case(ids.iter().zip(base)));
        // Task a differs by 0, 0.2, 0.4 and 0.6 (deviation 0.2582 over four cases), task b by 0.4 everywhere.
        let of_a = (0.2_f64.powi(2) * 5.0 / 3.0 / 4.0).sqrt();
        assert!((step(&one, &other) - of_a / 2.0).abs() < 1e-12);
        assert_eq!(step(&one, &BTreeMap::new()), 0.0, "nothing known of cases");
    }

    #[test]
    fn the_best_moves_only_by_more_than_a_step() {
        let of = |means: &[f64]| {
            let all = (0..).map(GenerationId).zip(means.iter().copied());
            climb(all, |_, _| 0.1).map(|(id, _)| id.0)
        };
        assert_eq!(of(&[0.5, 0.55, 0.59, 0.61, 0.65]), Some(3));
        assert_eq!(of(&[0.5, 0.4]), Some(0));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn every_so_many_measurements_have_a_block_of_their_own() {
        let blocks: Vec<u32> = (1..=6).map(|n| block_of(n, 2)).collect();
        assert_eq!(blocks, [0, 0, 1, 1, 2, 2]);
        assert_eq!(block_of(1000, 0), 0);
    }
}

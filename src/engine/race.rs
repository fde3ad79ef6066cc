//! Racing: a generation is measured in blocks, and no further once it cannot be expected to reach the leader.
//!
//! What is held against each other is an index: an episode of every task, the mean of their scores. The leader's are on
//! record when the measurement is dispatched, so whoever races is stopped at the same place at any width and in any
//! process. The order of the indices is drawn for each generation, which the bound of [`Race`] needs.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::measure::Measured;
use crate::base::id::{EpisodeId, GenerationId};
use crate::base::rng;
use crate::domain::lineage::Lineage;
use crate::domain::report::RaceReport;
use crate::domain::settings::Identity;
use crate::domain::stats::{self, RACE_BLOCK, RACE_RISK, Race};

/// A measurement that may be broken off.
pub struct Racing {
    against: GenerationId,
    /// The indices in the order of the race, each with its episodes.
    units: Vec<(u32, Vec<EpisodeId>)>,
    race: Race,
}

impl Racing {
    /// The race of a generation that was never measured, if the run has races, the leader was measured on all of these
    /// episodes and there is more than one block of them.
    pub fn of(
        identity: &Identity,
        lineage: &Lineage,
        who: GenerationId,
        episodes: &[EpisodeId],
    ) -> Option<Self> {
        let fresh = lineage.get(who).is_some_and(|generation| generation.measured.is_empty());
        if !identity.race || !fresh {
            return None;
        }
        let against = lineage.leader();
        if who == against {
            return None;
        }
        let leader = &lineage.get(against)?.measured;
        let mut units: BTreeMap<u32, Vec<EpisodeId>> = BTreeMap::new();
        for episode in episodes {
            units.entry(episode.index).or_default().push(episode.clone());
        }
        let mut units: Vec<(u32, Vec<EpisodeId>)> = units.into_iter().collect();
        if units.len() <= RACE_BLOCK {
            return None;
        }
        units.shuffle(&mut rng::stream(identity.seed, "race", &[u64::from(who.0)]));
        let score = |episode: &EpisodeId| leader.get(episode).map(|result| result.score);
        let scores = units.iter().map(|(_, episodes)| mean(episodes, score));
        let race = Race::against(scores.collect::<Option<_>>()?);
        Some(Self { against, units, race })
    }

    /// The episodes of the blocks, in order.
    pub fn blocks(&self) -> Vec<Vec<EpisodeId>> {
        let block = |units: &[(u32, Vec<EpisodeId>)]| {
            units.iter().flat_map(|(_, episodes)| episodes.clone()).collect()
        };
        self.units.chunks(RACE_BLOCK).map(block).collect()
    }

    /// Takes in a block; the report if the race is over.
    pub fn take(&mut self, block: usize, measured: &Measured) -> Option<RaceReport> {
        let scores: BTreeMap<&EpisodeId, f64> =
            measured.episodes.iter().map(|(id, result, _)| (id, result.score)).collect();
        for (_, episodes) in self.units.chunks(RACE_BLOCK).nth(block)? {
            self.race.see(mean(episodes, |episode| scores.get(episode).copied())?);
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.race.is_lost().then(|| RaceReport {
            against: self.against,
            measured: number(self.units.len() - self.race.left()),
            asked: number(self.units.len()),
            difference: self.race.difference(),
            evidence: self.race.evidence(),
            needed: 1.0 / RACE_RISK,
        })
    }
}

fn mean(episodes: &[EpisodeId], score: impl Fn(&EpisodeId) -> Option<f64>) -> Option<f64> {
    Some(stats::mean(&episodes.iter().map(score).collect::<Option<Vec<f64>>>()?))
}

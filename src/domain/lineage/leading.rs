//! Who is the best, and who drives: the generations held against each other.

use std::collections::BTreeMap;

use super::{Generation, Lineage};
use crate::base::id::{GenerationId, TaskName};
use crate::domain::ladder::{self, SelectResult};

impl Lineage {
    /// The reported best: by the [ladder] over the generations measured on the newest block of select
    /// cases, from the one that was the best before; generation 0 before anything is measured.
    pub fn best(&self) -> GenerationId {
        *self.best.get_or_init(|| self.find_best())
    }

    fn find_best(&self) -> GenerationId {
        let block = self.comparable().map(|g| g.standing.select_block).max();
        let on_block = |g: &&Generation| Some(g.standing.select_block) == block;
        let first = self.renewed.filter(|(renewed, _)| Some(*renewed) == block).map(|(_, id)| id);
        let (before, others): (Vec<&Generation>, Vec<&Generation>) =
            self.comparable().filter(on_block).partition(|g| Some(g.id()) == first);
        let means = before.into_iter().chain(others);
        let means = means.filter_map(|g| Some((g.id(), g.select_mean()?)));
        let step = |one, other| ladder::step(&self.select_cases(one), &self.select_cases(other));
        ladder::climb(means, step).map_or(GenerationId(0), |(id, _)| id)
    }

    fn select_cases(&self, id: GenerationId) -> BTreeMap<&TaskName, Vec<f64>> {
        let generation = self.get(id);
        let block = generation.map_or(0, |g| g.standing.select_block);
        let measured = generation.into_iter().flat_map(|g| &g.measured);
        let newest = measured.filter(|(_, result)| result.select_block == block);
        ladder::by_case(newest.map(|(episode, result)| (episode, result.select_cases.as_slice())))
    }

    /// The block of select cases that the results are compared on.
    pub fn select_block(&self) -> u32 {
        self.renewed.map_or(0, |(block, _)| block)
    }

    /// Begins a block of select cases: what the best generation is worth on it.
    pub fn renew_select(&mut self, block: u32, best: GenerationId, results: &[SelectResult]) {
        self.renewed = Some((block, best));
        let tasks = std::mem::take(&mut self.tasks);
        if let Some(generation) = self.get_mut(best) {
            for renewed in results {
                if let Some(result) = generation.measured.get_mut(&renewed.episode) {
                    result.change(|result| renewed.renew(result, block));
                }
            }
            generation.stand(&tasks);
        }
        self.tasks = tasks;
    }

    /// The generation whose script drives the outer loop: the live one with the highest mean score on the episodes
    /// (ties: the older). A rewrite of the outer strategy takes the wheel only after it was measured.
    pub fn leader(&self) -> GenerationId {
        *self.leader.get_or_init(|| self.highest(Generation::mean))
    }

    /// The live generations that were measured on every task, half of which may be the easier half, and to the end.
    fn comparable(&self) -> impl Iterator<Item = &Generation> {
        self.generations
            .iter()
            .filter(|g| g.is_live() && g.standing.on_every_task && g.raced_out.is_none())
    }

    fn highest(&self, of: impl Fn(&Generation) -> Option<f64>) -> GenerationId {
        let mut found: Option<(f64, GenerationId)> = None;
        for generation in self.comparable() {
            if let Some(value) = of(generation)
                && found.is_none_or(|(highest, _)| value > highest)
            {
                found = Some((value, generation.id()));
            }
        }
        found.map_or(GenerationId(0), |(_, id)| id)
    }
}

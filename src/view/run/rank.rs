//! The best generation so far, kept up to date as generations are measured.

use super::RunView;
use crate::base::id::GenerationId;
use crate::domain::event::GenerationStatus;
use crate::domain::ladder;
use crate::view::generation::GenerationView;

impl RunView {
    /// Holds a generation that was measured against the best one. The ladder is climbed in the order of numbers, so one
    /// that comes out of turn has all of them ranked again.
    pub(super) fn rank(&mut self, id: GenerationId) {
        let Some(mean) = self.select_mean(id) else { return };
        if self.ranked.is_some_and(|ranked| id <= ranked) {
            self.rank_all();
            return;
        }
        self.ranked = Some(id);
        let both = self.highest.into_iter().chain([(id, mean)]);
        self.highest = ladder::climb(both, |one, other| self.step(one, other));
    }

    pub(super) fn rank_all(&mut self) {
        let first = self.renewed.map(|(_, id)| id);
        let others = self.generations.keys().copied().filter(|id| Some(*id) != first);
        let order: Vec<GenerationId> = first.into_iter().chain(others).collect();
        let means = order.iter().filter_map(|id| Some((*id, self.select_mean(*id)?)));
        let highest = ladder::climb(means, |one, other| self.step(one, other));
        self.ranked = order.into_iter().filter(|id| self.select_mean(*id).is_some()).max();
        self.highest = highest;
    }

    /// The select mean of a generation that may be the best.
    fn select_mean(&self, id: GenerationId) -> Option<f64> {
        let generation = self.generations.get(&id)?;
        let measured = generation.admitted == Some(true)
            && !generation.retired
            && !generation.set_aside
            && generation.raced_out.is_none()
            && generation.status == GenerationStatus::Valid
            && generation.select_block() == self.select_block()
            && self.by_task(generation).iter().all(|task| task.n > 0);
        generation.select_mean().filter(|_| measured)
    }

    fn step(&self, one: GenerationId, other: GenerationId) -> f64 {
        let cases = |id| self.generations.get(&id).map(GenerationView::select_cases);
        let (one, other) = (cases(one).unwrap_or_default(), cases(other).unwrap_or_default());
        ladder::step(&one, &other)
    }
}

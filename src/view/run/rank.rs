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
        let order = first.into_iter().chain(others);
        let means: Vec<_> = order.filter_map(|id| Some((id, self.select_mean(id)?))).collect();
        self.ranked = means.iter().map(|(id, _)| *id).max();
        self.highest = ladder::climb(means, |one, other| self.step(one, other));
    }

    /// The select mean of a generation that may be the best.
    fn select_mean(&self, id: GenerationId) -> Option<f64> {
        let generation = self.generations.get(&id)?;
        // The block of cases comes first: once it is renewed, it rules out all the others.
        let measured = generation.select_block() == self.select_block()
            && generation.admitted == Some(true)
            && !generation.retired
            && !generation.set_aside
            && generation.raced_out.is_none()
            && generation.status == GenerationStatus::Valid
            && self.tasks().iter().all(|task| generation.has_measured(task));
        measured.then(|| generation.select_mean()).flatten()
    }

    fn step(&self, one: GenerationId, other: GenerationId) -> f64 {
        let cases = |id| self.generations.get(&id).map(GenerationView::select_cases);
        let (one, other) = (cases(one).unwrap_or_default(), cases(other).unwrap_or_default());
        ladder::step(&one, &other)
    }
}

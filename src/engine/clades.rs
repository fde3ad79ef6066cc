//! Sums over each generation and all that descend from it, kept up to date as generations are measured.
//!
//! A sum is the same to the last bit as one made anew: contributions are added in the order of the generations' numbers,
//! each descendant once. What comes out of that order (several actions under way) makes all sums anew.

use crate::base::id::GenerationId;
use crate::domain::lineage::{Generation, Lineage};
use crate::domain::state::CladeState;

/// The sums of a family tree, by the generations' numbers.
#[derive(Debug, Default)]
pub struct Clades {
    sums: Vec<Sum>,
    /// The tree's clock when these were right.
    seen: u64,
    /// The highest number added.
    last: Option<GenerationId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    state: CladeState,
    /// What it was before the last contribution, and whose that is: it may be measured again.
    before: CladeState,
    last: Option<GenerationId>,
    changed: u64,
}

impl Clades {
    /// The sums of a tree.
    #[cfg(test)]
    pub fn of(lineage: &Lineage) -> Self {
        let mut clades = Self::default();
        clades.catch_up(lineage);
        clades
    }

    /// The sum over a generation and its descendants.
    pub fn get(&self, id: GenerationId) -> CladeState {
        self.sums.get(id.0 as usize).map(|sum| sum.state).unwrap_or_default()
    }

    /// The tree's clock when that sum changed last.
    pub fn changed(&self, id: GenerationId) -> u64 {
        self.sums.get(id.0 as usize).map_or(0, |sum| sum.changed)
    }

    /// Takes in what was measured since.
    pub fn catch_up(&mut self, lineage: &Lineage) {
        self.sums.resize(lineage.generations().len(), Sum::default());
        let new = |g: &&Generation| g.measured_at() > self.seen;
        let first = lineage.generations().iter().find(new).map(Generation::id);
        match (first, self.last) {
            (Some(first), Some(last)) if first < last => self.renew(lineage),
            _ => {
                let since = self.seen;
                let new = lineage.generations().iter().filter(|g| g.measured_at() > since);
                new.for_each(|generation| self.add(lineage, generation));
            }
        }
        self.seen = lineage.clock();
    }

    fn renew(&mut self, lineage: &Lineage) {
        let old = std::mem::take(&mut self.sums);
        self.sums.resize(old.len(), Sum::default());
        let measured = lineage.generations().iter().filter(|g| !g.measured.is_empty());
        measured.for_each(|generation| self.add(lineage, generation));
        for (sum, old) in self.sums.iter_mut().zip(old) {
            if sum.state == old.state {
                sum.changed = old.changed;
            }
        }
    }

    fn add(&mut self, lineage: &Lineage, generation: &Generation) {
        let id = generation.id();
        let n = u32::try_from(generation.measured.len()).unwrap_or(u32::MAX);
        let k: f64 = generation.measured.values().map(|result| result.score).sum();
        let mean = generation.mean().unwrap_or(0.0);
        for ancestor in lineage.ancestors(id) {
            let Some(sum) = self.sums.get_mut(ancestor.0 as usize) else { continue };
            if sum.last == Some(id) {
                sum.state = sum.before;
            } else {
                (sum.before, sum.last) = (sum.state, Some(id));
            }
            sum.state.n += n;
            sum.state.k += k;
            sum.state.best = sum.state.best.max(mean);
            sum.changed = lineage.clock();
        }
        self.last = self.last.max(Some(id));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::world::tests::{measure, planned};

    /// A change of a tree: a child of some generation, or a measurement of some.
    fn change() -> impl Strategy<Value = (bool, usize, usize, f64)> {
        (any::<bool>(), any::<usize>(), 0..2usize, 0.0..1.0f64)
    }

    proptest! {
        #[test]
        fn sums_kept_up_to_date_are_those_made_anew(changes in prop::collection::vec(change(), 1..40)) {
            let mut tree = planned(&[None]);
            let mut kept = Clades::default();
            let mut seen: Vec<CladeState> = Vec::new();
            for (grows, which, episode, score) in changes {
                let of = GenerationId(u32::try_from(which % tree.generations().len()).unwrap());
                let before = tree.clock();
                if grows {
                    tree.plan(crate::engine::world::tests::plan(tree.next_id().0, Some(of.0)));
                } else {
                    measure(&mut tree, of.0, episode, score);
                }
                kept.catch_up(&tree);
                let anew = Clades::of(&tree);
                for generation in tree.generations() {
                    let id = generation.id();
                    prop_assert_eq!(kept.get(id), anew.get(id));
                    if seen.get(id.0 as usize).is_some_and(|old| *old != kept.get(id)) {
                        prop_assert!(kept.changed(id) > before, "a change of {} went unnoticed", id);
                    }
                }
                seen = tree.generations().iter().map(|g| kept.get(g.id())).collect();
            }
        }
    }
}

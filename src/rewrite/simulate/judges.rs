//! Judges in a made-up world: each has an error of its own, drawn with its generation, which only the anchor shows.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

use super::worlds::Nature;
use crate::base::id::GenerationId;
use crate::domain::judge::{ANCHOR, AnchorState};
use crate::domain::state::{GenerationState, OuterState};

/// The judges of a play.
#[derive(Debug, Default)]
pub(super) struct Judges {
    /// The standard deviation of each one's error, drawn when it is first asked.
    errors: BTreeMap<GenerationId, f64>,
    /// The agreements of each one's test on the anchor of the epoch.
    tests: BTreeMap<GenerationId, Vec<f64>>,
    /// What each said of a generation: the sum, and of how many.
    said: BTreeMap<(GenerationId, GenerationId), (f64, u32)>,
    /// Episodes measured before the epoch.
    before: u32,
}

impl Judges {
    /// Every test of this epoch.
    pub fn tests(&self) -> BTreeMap<GenerationId, AnchorState> {
        self.tests.iter().map(|(id, found)| (*id, AnchorState::of(found))).collect()
    }

    /// Lets a judge read so many candidates of the anchor, or solutions of a generation; how many there were to read.
    pub fn read(
        &mut self,
        state: &mut OuterState,
        nature: &Nature,
        (by, of, n): (GenerationId, Option<GenerationId>, u32),
        random: &mut impl Rng,
    ) -> u32 {
        let error = *self.errors.entry(by).or_insert_with(|| random.random_range(0.05..0.35));
        let Ok(error) = Normal::new(0.0, error) else { return 0 };
        let Some(of) = of else {
            let test = self.tests.entry(by).or_default();
            let left = ANCHOR.saturating_sub(test.len()).min(n as usize);
            test.extend((0..left).map(|_| 1.0 - error.sample(random).abs().min(1.0)));
            let anchor = AnchorState::of(test);
            if let Some(judge) = at(&mut state.gens, by) {
                judge.anchor = anchor;
            }
            return u32::try_from(left).unwrap_or(u32::MAX);
        };
        let worth = nature.worth(of.0 as usize);
        let measured = at(&mut state.gens, of).map_or(0, |generation| generation.n);
        let (sum, read) = self.said.entry((by, of)).or_default();
        let left = measured.saturating_sub(*read).min(n);
        *sum += (0..left).map(|_| (worth + error.sample(random)).clamp(0.0, 1.0)).sum::<f64>();
        *read += left;
        self.show(state);
        left
    }

    /// Begins an epoch, as the kernel does.
    pub fn begin(
        &mut self,
        state: &mut OuterState,
        judge: Option<GenerationId>,
        utility: Option<GenerationId>,
    ) {
        let old = state.epoch.judge;
        let new = judge.unwrap_or(old);
        if new != old {
            self.said.retain(|(by, _), _| *by != old);
        }
        self.tests.clear();
        self.before = state.used.evals;
        state.epoch.index += 1;
        state.epoch.judge = new;
        state.epoch.utility = utility.unwrap_or(state.epoch.utility);
        for generation in &mut state.gens {
            generation.anchor = AnchorState::default();
        }
        self.show(state);
    }

    /// Brings what scripts see up to date.
    pub fn show(&self, state: &mut OuterState) {
        let judge = state.epoch.judge;
        for generation in &mut state.gens {
            let (sum, read) = self.said.get(&(judge, generation.id)).copied().unwrap_or_default();
            generation.judged = if read == 0 { 0.0 } else { sum / f64::from(read) };
            generation.judged_n = read;
        }
        state.epoch.age = state.used.evals.saturating_sub(self.before);
    }
}

fn at(generations: &mut [GenerationState], id: GenerationId) -> Option<&mut GenerationState> {
    generations.get_mut(id.0 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;
    use crate::domain::simulated::World;

    #[test]
    fn an_anchor_is_read_once_and_replacing_a_judge_erases_its_words_alone() {
        let mut judges = Judges::default();
        let mut random = stream(1, "test", &[]);
        let nature = Nature::new(World::Noisy);
        let mut state = super::super::empty_state();
        let (zero, one) = (GenerationId(0), GenerationId(1));
        let mut read = |judges: &mut Judges, state: &mut OuterState, by, of, n| {
            judges.read(state, &nature, (by, of, n), &mut random)
        };
        assert_eq!(read(&mut judges, &mut state, one, None, 15), 15);
        assert_eq!(read(&mut judges, &mut state, one, None, 15), 5, "the rest of the anchor");
        assert_eq!((state.gens[1].anchor.n, state.gens[0].anchor.n), (20, 0));
        assert_eq!(read(&mut judges, &mut state, zero, Some(one), 9), state.gens[1].n);
        assert_eq!(read(&mut judges, &mut state, one, Some(zero), 1), 1);
        assert_eq!((state.gens[1].judged_n, state.gens[0].judged_n), (2, 0), "the one in office");
        judges.begin(&mut state, Some(one), None);
        assert_eq!((state.gens[1].judged_n, state.gens[0].judged_n), (0, 1));
        assert_eq!((state.epoch.index, state.gens[1].anchor.n), (1, 0));
    }
}

//! The worlds: what a child is worth, and what a measurement says of it.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

use crate::domain::simulated::World;

/// What is hidden of one generation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden {
    /// The hill climbed so far, or the worth itself.
    height: f64,
    /// Steps made on the long way.
    steps: u32,
}

/// The generations of a world.
#[derive(Debug)]
pub(super) struct Nature {
    world: World,
    hidden: Vec<Hidden>,
    /// What attacks have taken from every score, as a share.
    harder: f64,
}

impl Nature {
    pub fn new(world: World) -> Self {
        let start = Hidden { height: 0.25, steps: 0 };
        Self { world, hidden: vec![start], harder: 0.0 }
    }

    /// Adds a child of a generation.
    pub fn child(&mut self, parent: usize, random: &mut impl Rng) {
        let mut child =
            self.hidden.get(parent).copied().unwrap_or(Hidden { height: 0.0, steps: 0 });
        match self.world {
            World::Even => {}
            World::Noisy | World::Coevolving => {
                child.height = (child.height + drawn(0.01, 0.05, random)).clamp(0.0, 1.0);
            }
            World::Deceptive => {
                if random.random_bool(0.25) {
                    child.steps += 1;
                } else {
                    child.height = (child.height + drawn(0.03, 0.03, random)).clamp(0.0, 0.6);
                }
            }
            World::Plateau => child.steps += u32::from(random.random_bool(0.35)),
        }
        self.hidden.push(child);
    }

    /// A merge has the better of both.
    pub fn merged(&mut self, a: usize, b: usize) {
        let of =
            |at: usize| self.hidden.get(at).copied().unwrap_or(Hidden { height: 0.0, steps: 0 });
        let (a, b) = (of(a), of(b));
        self.hidden.push(Hidden { height: a.height.max(b.height), steps: a.steps.max(b.steps) });
    }

    /// An attack.
    pub fn attacked(&mut self) {
        if self.world == World::Coevolving {
            self.harder = (self.harder + 0.02).min(0.6);
        }
    }

    /// What a generation is truly worth.
    pub fn worth(&self, at: usize) -> f64 {
        let Some(Hidden { height, steps }) = self.hidden.get(at).copied() else { return 0.0 };
        let worth = match self.world {
            World::Even => 0.5,
            World::Noisy => height,
            World::Coevolving => height * (1.0 - self.harder),
            World::Deceptive if steps >= 4 => 0.95,
            World::Deceptive => height - 0.08 * f64::from(steps),
            World::Plateau => 0.2 + 0.2 * f64::from(steps / 3),
        };
        worth.clamp(0.0, 1.0)
    }

    /// What one episode says of it.
    pub fn score(&self, at: usize, random: &mut impl Rng) -> f64 {
        let noise = match self.world {
            World::Even => return random.random::<f64>(),
            World::Noisy => 0.2,
            World::Deceptive | World::Plateau | World::Coevolving => 0.05,
        };
        (self.worth(at) + drawn(0.0, noise, random)).clamp(0.0, 1.0)
    }
}

fn drawn(mean: f64, sd: f64, random: &mut impl Rng) -> f64 {
    Normal::new(mean, sd).map_or(mean, |normal| normal.sample(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng;

    #[test]
    fn the_deceptive_way_is_worse_until_it_is_better() {
        let mut nature = Nature::new(World::Deceptive);
        let at = |steps| Hidden { height: 0.5, steps };
        nature.hidden = (0..5).map(at).collect();
        let worth: Vec<f64> = (0..5).map(|at| nature.worth(at)).collect();
        assert!(worth[1] < worth[0] && worth[3] < worth[2], "{worth:?}");
        assert_eq!(worth[4], 0.95);
    }

    #[test]
    fn measurements_scatter_around_the_worth_and_attacks_take_from_it() {
        let mut nature = Nature::new(World::Coevolving);
        let mut random = rng::stream(1, "test", &[]);
        let mean = |nature: &Nature, random: &mut _| {
            (0..400).map(|_| nature.score(0, random)).sum::<f64>() / 400.0
        };
        assert!((mean(&nature, &mut random) - 0.25).abs() < 0.02);
        (0..10).for_each(|_| nature.attacked());
        assert!((mean(&nature, &mut random) - 0.2).abs() < 0.02);
    }
}

//! Whether measuring on would still put a newcomer above the one it is held against.
//!
//! Both are worth a mean over the same N units (of an agent: episodes), all of the opponent's are known, and the
//! newcomer's come in an order drawn at random. If the newcomer's full mean were to reach the opponent's, then by what
//! was seen so far the next difference would be at least -S / (units left) on average, S being the sum of the differences
//! seen. A gambler who bets against that is not expected to win, so the chance that a newcomer who would have reached the
//! opponent is ever stopped at a fortune of 1/alpha is at most alpha, however often one looks. See I. Waudby-Smith and
//! A. Ramdas, "Confidence sequences for sampling without replacement", 2020.

use super::summary::{as_float, mean};

/// A bound of the chance that a newcomer is stopped whose full mean would have reached the opponent's. It holds for any scores,
/// so it is far off for most: in the simulations of docs/evaluation.md one or two of a hundred are stopped.
pub const RACE_RISK: f64 = 0.5;
/// Units measured between two looks.
pub const RACE_BLOCK: usize = 2;

/// The stakes, as parts of the most that cannot be lost: values far from their bounds want high ones.
const STAKES: [f64; 2] = [0.5, 0.99];

/// The fortune of one who cannot lose any more, and the most that is ever told.
const CERTAIN: f64 = 1e9;
/// Differences below it are none.
const ROUNDING: f64 = 1e-9;

/// A race over units whose opponent's scores, in [0, 1], are known.
#[derive(Debug, Clone)]
pub struct Race {
    opponent: Vec<f64>,
    /// The largest difference there can be.
    ceiling: f64,
    total: f64,
    seen: usize,
    fortunes: [f64; STAKES.len()],
}

impl Race {
    /// A race against these scores, in the order in which the newcomer meets them. The order must be drawn at random: the
    /// mean over hard units, or over those where the opponent was lucky, is not the mean over all.
    pub fn against(opponent: Vec<f64>) -> Self {
        let lowest = opponent.iter().copied().fold(1.0, f64::min);
        Self { ceiling: 1.0 - lowest, opponent, total: 0.0, seen: 0, fortunes: [1.0; STAKES.len()] }
    }

    /// Takes in the newcomer's score on the next unit; beyond the last one nothing changes.
    pub fn see(&mut self, score: f64) {
        let Some(other) = self.opponent.get(self.seen) else { return };
        let difference = score - other;
        let expected = -self.total / as_float(self.left());
        let room = self.ceiling - expected;
        for (fortune, stake) in self.fortunes.iter_mut().zip(STAKES) {
            if room > ROUNDING {
                *fortune *= (1.0 + stake * (expected - difference) / room).max(0.0);
            } else if difference < expected - ROUNDING {
                // Nothing but the best possible score on all that is left would do, or not even that.
                *fortune = CERTAIN;
            }
        }
        self.total += difference;
        self.seen += 1;
    }

    /// Units the newcomer has not met.
    pub fn left(&self) -> usize {
        self.opponent.len().saturating_sub(self.seen)
    }

    /// The mean difference so far, newcomer minus opponent.
    pub fn difference(&self) -> f64 {
        self.total / as_float(self.seen.max(1))
    }

    /// Whether it is time to stop: units are left, and the evidence is enough.
    pub fn is_lost(&self) -> bool {
        self.left() > 0 && self.evidence() >= 1.0 / RACE_RISK
    }

    /// The evidence that the newcomer's full mean stays below the opponent's: expected to be at most 1 if it does not.
    pub fn evidence(&self) -> f64 {
        mean(&self.fortunes).min(CERTAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_that_cannot_be_won_any_more_is_lost_for_certain() {
        let mut race = Race::against(vec![0.9; 4]);
        for score in [0.0, 0.0, 0.5] {
            race.see(score);
        }
        assert!(race.evidence() > 1e6, "{race:?}");
        assert_eq!(race.left(), 1);
        assert!((race.difference() - (0.5 - 2.7) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_who_does_as_well_or_better_is_never_stopped() {
        for lead in [0.0, 0.05, 0.3] {
            let mut race = Race::against(vec![0.2, 0.5, 0.4, 0.6, 0.1, 0.3]);
            let mut perfect = Race::against(vec![1.0; 3]);
            (0..3).for_each(|_| perfect.see(1.0));
            assert!(perfect.evidence() <= 1.0, "{perfect:?}");
            for score in [0.2, 0.5, 0.4, 0.6, 0.1, 0.3, 0.9] {
                race.see(score + lead);
                assert!(race.evidence() <= 1.0 + 1e-9, "{race:?}");
            }
        }
    }

    #[test]
    fn of_all_orders_of_a_tie_few_are_stopped() {
        // Full means are equal, so at most alpha of the 720 orders may ever show the evidence 1/alpha.
        let scores = [(0.1, 0.5), (0.9, 0.5), (0.2, 0.4), (0.6, 0.4), (0.0, 0.3), (0.6, 0.3)];
        let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
        for _ in 0..scores.len() {
            let longer = |order: &Vec<usize>| {
                let order = order.clone();
                let next = (0..scores.len()).filter(move |unit| !order.contains(unit));
                next.collect::<Vec<_>>()
            };
            orders = orders
                .iter()
                .flat_map(|order| {
                    longer(order).into_iter().map(|unit| [order.as_slice(), &[unit]].concat())
                })
                .collect();
        }
        assert_eq!(orders.len(), 720);
        for alpha in [0.1, 0.2, 0.5] {
            let stopped = orders.iter().filter(|order| {
                let mut race = Race::against(order.iter().map(|unit| scores[*unit].1).collect());
                // The last look is over: there is nothing left to stop.
                order.iter().take(5).any(|unit| {
                    race.see(scores[*unit].0);
                    race.evidence() >= 1.0 / alpha
                })
            });
            let share = stopped.count() as f64 / 720.0;
            assert!(share <= alpha, "{share} at {alpha}");
        }
    }
}

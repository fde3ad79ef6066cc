//! Anytime-valid evidence that a mean is above 0, by betting.
//!
//! A gambler with one coin bets against "the mean is at most 0" before every value. If that is true, no way of betting is
//! expected to win, so the chance that the fortune ever reaches 1/alpha is at most alpha (Ville, 1939): one may look after
//! every value and stop whenever one likes. See I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
//! variables by betting", 2024.

use std::cmp::Ordering;

/// The chance that the promotions of a run together certify any agent that is no better than the one before.
pub const PROMOTION_RISK: f64 = 0.05;
/// Pairs measured between two looks at the evidence of a promotion: enough to keep the machine busy.
pub const PROMOTION_BLOCK: u32 = 5;

/// The stakes of the gamblers that share the coin evenly, as parts of their fortune for a value of 1. A mixture needs no
/// guess of the effect: it loses at most a factor of their number against the best of them.
const STAKES: [f64; 6] = [0.03, 0.1, 0.25, 0.5, 0.75, 0.95];

/// The fortunes after the values seen so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Bets {
    fortunes: [f64; STAKES.len()],
}

impl Default for Bets {
    fn default() -> Self {
        Self { fortunes: [1.0; STAKES.len()] }
    }
}

impl Bets {
    /// Takes in a value of [-1, 1]; what lies outside counts as the nearer end, NaN as 0.
    pub fn see(&mut self, value: f64) {
        let value = if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
        for (fortune, stake) in self.fortunes.iter_mut().zip(STAKES) {
            *fortune *= 1.0 + stake * value;
        }
    }

    /// The evidence: what the coin has become. Under "the mean is at most 0" it is expected to stay 1.
    pub fn evidence(&self) -> f64 {
        super::mean(&self.fortunes)
    }
}

/// Two agents in pairs: who is better is decided as soon as the evidence either way is enough, and it may never be.
#[derive(Debug, Clone)]
pub struct Duel {
    better: Bets,
    worse: Bets,
    needed: f64,
}

impl Duel {
    /// Duel number `index` of those of a run, from 1, which share the risk of all promotions.
    pub fn new(index: u32) -> Self {
        let needed = 1.0 / spent_on(index, PROMOTION_RISK);
        Self { better: Bets::default(), worse: Bets::default(), needed }
    }

    /// Takes in the difference of a pair, newcomer minus incumbent, in [-1, 1].
    pub fn see(&mut self, difference: f64) {
        self.better.see(difference);
        self.worse.see(-difference);
    }

    /// `Greater` if the newcomer is better, `Less` if it is worse; `None` while nobody can say.
    pub fn verdict(&self) -> Option<Ordering> {
        if self.better.evidence() >= self.needed {
            Some(Ordering::Greater)
        } else {
            (self.worse.evidence() >= self.needed).then_some(Ordering::Less)
        }
    }

    /// The evidence that the newcomer is better.
    pub fn evidence(&self) -> f64 {
        self.better.evidence()
    }

    /// The evidence that decides.
    pub fn needed(&self) -> f64 {
        self.needed
    }
}

/// What promotion number `index`, from 1, may spend of `alpha`: alpha · 6 / (pi² index²), which adds up to alpha however
/// many there are.
pub fn spent_on(index: u32, alpha: f64) -> f64 {
    let index = f64::from(index.max(1));
    alpha * 6.0 / (std::f64::consts::PI * index).powi(2)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::base::rng::stream;

    /// The share of 400 simulated experiments of `most` pairs that ever reach 1/alpha, and the mean number of pairs used.
    fn decided(effect: f64, noise: f64, most: u32, alpha: f64) -> (f64, f64) {
        let mut wins = 0.0;
        let mut used = 0.0;
        for run in 0..400 {
            let mut random = stream(7, "betting", &[run]);
            let mut bets = Bets::default();
            for _ in 0..most {
                used += 1.0;
                // A triangular draw: bounded, symmetric around the effect.
                let draw = random.random::<f64>() - random.random::<f64>();
                bets.see(effect + noise * draw);
                if bets.evidence() >= 1.0 / alpha {
                    wins += 1.0;
                    break;
                }
            }
        }
        (wins / 400.0, used / 400.0)
    }

    #[test]
    fn equal_agents_are_seldom_told_apart_however_long_one_looks() {
        for noise in [0.1, 0.5, 1.0] {
            let (wrong, _) = decided(0.0, noise, 400, 0.05);
            assert!(wrong <= 0.05, "{wrong} at noise {noise}");
        }
        let (wrong, _) = decided(-0.05, 0.5, 400, 0.05);
        assert!(wrong <= 0.01, "{wrong}");
    }

    #[test]
    fn better_agents_are_found_and_sooner_the_better_they_are() {
        let (clear, early) = decided(0.2, 0.5, 60, 0.05);
        let (slight, late) = decided(0.1, 0.5, 60, 0.05);
        assert!(clear > 0.95 && slight > 0.5, "{clear} {slight}");
        assert!(early < 0.8 * late, "{early} {late}");
    }

    #[test]
    fn the_fortune_is_the_mean_of_products() {
        let mut bets = Bets::default();
        for value in [1.0, -2.0, f64::NAN] {
            bets.see(value);
        }
        let products: Vec<f64> = STAKES.iter().map(|stake| (1.0 + stake) * (1.0 - stake)).collect();
        assert!((bets.evidence() - super::super::mean(&products)).abs() < 1e-12);
    }

    #[test]
    fn what_is_spent_adds_up_to_alpha() {
        let all: f64 = (1..=100_000).map(|index| spent_on(index, 0.05)).sum();
        assert!(all < 0.05 && all > 0.0499, "{all}");
        assert!((spent_on(1, 0.05) - 0.030_396).abs() < 1e-5);
    }
}

//! Which member of an ensemble is asked.
//!
//! A bandit over models with an asymmetric reward, the gain of a candidate over its base floored at 0, after
//! ShinkaEvolve (arXiv 2509.19349; its code has decay 0.95, a share of 0.2 drawn at random, and a price exponent of
//! 0.5). Older outcomes fade as in discounted UCB (Garivier and Moulines, arXiv 0805.3415):
//!
//! `worth(m) = (mean reward of m / largest reward + √(ln(2 + N) / (1 + n_m))) / (price_m / cheapest)^thrift`
//!
//! `n_m` is the faded number of outcomes of `m`, `N` their sum. Everything is a function of the outcomes, the prices
//! and the stream, so a resumed run chooses as it would have chosen.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use super::event::AttemptResult;
use super::settings::{Choose, EnsembleSpec, Tier};
use crate::base::id::Alias;

/// What is left of an outcome when the next one comes.
const DECAY: f64 = 0.95;
/// A price below this share of the dearest one counts as that, so that what is free does not outbid everything for ever.
const PRICE_FLOOR: f64 = 0.01;

/// What came of asking each model, older outcomes faded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    arms: BTreeMap<Alias, Arm>,
    largest: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Arm {
    count: f64,
    reward: f64,
}

impl Outcomes {
    /// Takes in the next outcome; a reward below 0 counts as 0.
    pub fn add(&mut self, model: &Alias, reward: f64) {
        for arm in self.arms.values_mut() {
            arm.count *= DECAY;
            arm.reward *= DECAY;
        }
        let reward = reward.max(0.0);
        let arm = self.arms.entry(model.clone()).or_default();
        arm.count += 1.0;
        arm.reward += reward;
        self.largest = self.largest.max(reward);
    }

    /// What a model is worth asking, its price apart.
    fn worth(&self, model: &Alias) -> f64 {
        let all: f64 = self.arms.values().map(|arm| arm.count).sum();
        let Arm { count, reward } = self.arms.get(model).copied().unwrap_or_default();
        let mean =
            if count > 0.0 && self.largest > 0.0 { reward / count / self.largest } else { 0.0 };
        mean + ((2.0 + all).ln() / (1.0 + count)).sqrt()
    }
}

/// The outcome of an attempt for the model that was asked; `None` when nobody was.
pub fn outcome(result: &AttemptResult) -> Option<(&Alias, f64)> {
    if result.error_class == "prompt" || result.error_class.starts_with("cap_") {
        return None;
    }
    let gain = result.metric.and(result.gain).unwrap_or(0.0);
    Some((result.model.as_ref()?, gain.max(0.0)))
}

/// The member asked next; `None` when the tier has none. `price` is what a call of a member costs, in any unit; prices
/// count only when all are known.
pub fn choose(
    spec: &EnsembleSpec,
    tier: Tier,
    outcomes: &Outcomes,
    price: impl Fn(&Alias) -> Option<f64>,
    stream: &mut impl Rng,
) -> Option<Alias> {
    let members: Vec<(&Alias, f64)> =
        spec.members(tier).iter().map(|(alias, weight)| (alias, *weight)).collect();
    let by_chance = stream.random::<f64>() < spec.explore;
    if spec.choose == Choose::Weights || by_chance {
        return draw(&members, stream);
    }
    let eligible = || members.iter().filter(|(_, weight)| *weight > 0.0);
    let prices: Option<Vec<f64>> = eligible().map(|(alias, _)| price(alias)).collect();
    let dearest = prices.iter().flatten().copied().fold(0.0, f64::max);
    let floored = |price: f64| price.max(dearest * PRICE_FLOOR);
    let cheapest = prices.iter().flatten().copied().map(floored).reduce(f64::min).unwrap_or(0.0);
    let worth = |place: usize, alias: &Alias| {
        let own = prices.as_ref().and_then(|prices| prices.get(place)).copied().map(floored);
        let factor = own.filter(|_| cheapest > 0.0).map_or(1.0, |own| own / cheapest);
        outcomes.worth(alias) / factor.powf(spec.thrift)
    };
    let rated: Vec<(&Alias, f64, f64)> = eligible()
        .enumerate()
        .map(|(place, (alias, weight))| (*alias, *weight, worth(place, alias)))
        .collect();
    let highest = rated.iter().map(|(_, _, worth)| *worth).fold(f64::NEG_INFINITY, f64::max);
    let best: Vec<(&Alias, f64)> = rated
        .into_iter()
        .filter(|(_, _, worth)| *worth >= highest)
        .map(|(alias, weight, _)| (alias, weight))
        .collect();
    draw(&best, stream)
}

/// A draw by the weights.
fn draw(members: &[(&Alias, f64)], stream: &mut impl Rng) -> Option<Alias> {
    let all: f64 = members.iter().map(|(_, weight)| weight).sum();
    let mut at = stream.random::<f64>() * all;
    for (alias, weight) in members {
        if at < *weight {
            return Some((*alias).clone());
        }
        at -= weight;
    }
    members.iter().rev().find(|(_, weight)| *weight > 0.0).map(|(alias, _)| (*alias).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng;

    fn ensemble(text: &str) -> EnsembleSpec {
        toml::from_str(text).expect("an ensemble")
    }

    fn alias(name: &str) -> Alias {
        name.parse().expect("an alias")
    }

    /// How often `name` is chosen in a thousand choices.
    fn share(
        spec: &EnsembleSpec,
        outcomes: &Outcomes,
        price: impl Fn(&Alias) -> Option<f64>,
        name: &str,
    ) -> usize {
        let chosen = |n| {
            let mut stream = rng::stream(1, "choice", &[n]);
            choose(spec, spec.tier(0), outcomes, &price, &mut stream)
        };
        (0..1000).filter(|n| chosen(*n) == Some(alias(name))).count()
    }

    #[test]
    fn fixed_weights_are_the_shares_and_a_weight_of_nought_is_never_drawn() {
        let spec = ensemble("fast = { a = 3, b = 1, c = 0 }");
        let unknown = |_: &Alias| None;
        let a = share(&spec, &Outcomes::default(), unknown, "a");
        assert!((710..790).contains(&a), "{a}");
        assert_eq!(share(&spec, &Outcomes::default(), unknown, "c"), 0);
    }

    #[test]
    fn a_bandit_goes_to_what_brings_more_and_looks_at_the_rest_now_and_then() {
        let spec = ensemble("choose = 'bandit'\nfast = { a = 1, b = 1 }");
        let mut outcomes = Outcomes::default();
        for _ in 0..30 {
            outcomes.add(&alias("a"), 0.0);
            outcomes.add(&alias("b"), 0.4);
        }
        let b = share(&spec, &outcomes, |_| None, "b");
        assert!((850..950).contains(&b), "80 % and half of the other 20 %: {b}");
    }

    #[test]
    fn a_model_nobody_asked_yet_is_asked() {
        let spec = ensemble("choose = 'bandit'\nfast = { a = 1, b = 1 }\nexplore = 0");
        let mut outcomes = Outcomes::default();
        for _ in 0..5 {
            outcomes.add(&alias("a"), 0.01);
        }
        assert_eq!(share(&spec, &outcomes, |_| None, "b"), 0, "a earns while b is unknown");
        let mut barren = Outcomes::default();
        barren.add(&alias("a"), 0.0);
        assert_eq!(share(&spec, &barren, |_| None, "b"), 1000);
    }

    #[test]
    fn of_two_that_bring_the_same_the_cheaper_is_asked_unless_a_price_is_unknown() {
        let spec = ensemble("choose = 'bandit'\nfast = { a = 1, b = 1 }\nexplore = 0");
        let price = |alias: &Alias| Some(if alias.as_str() == "a" { 9.0 } else { 1.0 });
        assert_eq!(share(&spec, &Outcomes::default(), price, "b"), 1000);
        let half = |alias: &Alias| (alias.as_str() == "a").then_some(9.0);
        let b = share(&spec, &Outcomes::default(), half, "b");
        assert!((450..550).contains(&b), "{b}");
        let spec = ensemble("choose = 'bandit'\nfast = { a = 1, b = 1 }\nexplore = 0\nthrift = 0");
        let b = share(&spec, &Outcomes::default(), price, "b");
        assert!((450..550).contains(&b), "{b}");
    }

    #[test]
    fn the_deep_tier_is_asked_when_progress_has_stopped() {
        let spec = ensemble("fast = { a = 1 }\ndeep = { b = 1 }\ndeep_after = 3");
        assert_eq!((spec.tier(2), spec.tier(3)), (Tier::Fast, Tier::Deep));
        let mut stream = rng::stream(1, "choice", &[]);
        let deep = choose(&spec, Tier::Deep, &Outcomes::default(), |_| None, &mut stream);
        assert_eq!(deep, Some(alias("b")));
    }
}

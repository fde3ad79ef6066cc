//! Draws from a keyed stream.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// The stream all draws of one answer come from.
pub(super) type Stream = ChaCha8Rng;

/// A number in [0, 1).
pub(super) fn unit(rng: &mut Stream) -> f64 {
    rng.random()
}

/// A draw from the standard normal distribution.
pub(super) fn normal(rng: &mut Stream) -> f64 {
    rng.sample(StandardNormal)
}

/// Whether something of probability `p` happens.
pub(super) fn chance(rng: &mut Stream, p: f64) -> bool {
    unit(rng) < p
}

/// One of several, all equally likely; `None` when there is none.
pub(super) fn one_of<T>(rng: &mut Stream, items: Vec<T>) -> Option<T> {
    if items.is_empty() {
        return None;
    }
    let at = rng.random_range(0..items.len());
    items.into_iter().nth(at)
}

/// One of several by weight; `None` when no weight is positive.
pub(super) fn one_by<T>(rng: &mut Stream, items: Vec<T>, weight: impl Fn(&T) -> f64) -> Option<T> {
    let weights: Vec<f64> = items.iter().map(weight).collect();
    let index = weighted(rng, &weights)?;
    items.into_iter().nth(index)
}

/// The index of one of several by weight; `None` when no weight is positive.
pub(super) fn weighted(rng: &mut Stream, weights: &[f64]) -> Option<usize> {
    let positive = |weight: &f64| if weight.is_finite() { weight.max(0.0) } else { 0.0 };
    let total: f64 = weights.iter().map(positive).sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = unit(rng) * total;
    let mut last = None;
    for (index, weight) in weights.iter().map(positive).enumerate() {
        if weight > 0.0 {
            last = Some(index);
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    #[test]
    fn weights_decide_how_often_an_index_comes() {
        let mut rng = stream(1, "test", &[]);
        let mut counts = [0; 3];
        for _ in 0..1000 {
            counts[weighted(&mut rng, &[1.0, 0.0, 3.0]).expect("an index")] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((650..850).contains(&counts[2]), "{counts:?}");
        assert_eq!(weighted(&mut rng, &[0.0, -1.0, f64::NAN]), None);
    }
}

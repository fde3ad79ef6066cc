//! Comparisons: intervals, pairs, tests, bounds.

use std::collections::BTreeMap;

use rand::Rng;

use super::special::ln_gamma;
use super::summary::{as_float, mean, quantile, sample_deviation};

/// An interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Wilson's score interval for `successes` of `trials` (both may be fractional), at `z` standard errors: Wilson,
/// "Probable Inference, the Law of Succession, and Statistical Inference", 1927. Without trials it is 0 to 1.
pub fn wilson_interval(successes: f64, trials: f64, z: f64) -> Interval {
    if trials <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let share = successes / trials;
    let scale = 1.0 + z * z / trials;
    let centre = (share + z * z / (2.0 * trials)) / scale;
    let half =
        z / scale * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// What a paired comparison saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Pairs compared.
    pub n: usize,
    /// The mean difference, first minus second; 0 without pairs.
    pub mean: f64,
    /// The sample standard deviation of the differences.
    pub sd: f64,
    /// Pairs in which the first is larger.
    pub wins: usize,
    /// Pairs in which the second is larger.
    pub losses: usize,
    /// Pairs that are equal.
    pub ties: usize,
}

/// Compares numbers in pairs, first minus second; what has no partner is left out.
pub fn paired(pairs: &[(f64, f64)]) -> Paired {
    let differences: Vec<f64> = pairs.iter().map(|(first, second)| first - second).collect();
    let wins = differences.iter().filter(|difference| **difference > 0.0).count();
    let losses = differences.iter().filter(|difference| **difference < 0.0).count();
    Paired {
        n: pairs.len(),
        mean: mean(&differences),
        sd: sample_deviation(&differences),
        wins,
        losses,
        ties: pairs.len() - wins - losses,
    }
}

/// The two-sided exact sign test: the probability, if wins and losses were equally likely, of a split at least as uneven.
/// Ties are left out by the caller. 1 without pairs.
pub fn sign_test(wins: u64, losses: u64) -> f64 {
    let n = wins.saturating_add(losses);
    let few = wins.min(losses);
    let total = as_f64(n);
    let tail: f64 = (0..=few)
        .map(|k| {
            let k = as_f64(k);
            let ln_choose = ln_gamma(total + 1.0) - ln_gamma(k + 1.0) - ln_gamma(total - k + 1.0);
            (ln_choose - total * std::f64::consts::LN_2).exp()
        })
        .sum();
    (2.0 * tail).min(1.0)
}

/// The percentile bootstrap interval of the mean: `resamples` draws with replacement, the quantiles at (1 − level) / 2
/// and (1 + level) / 2 of their means (Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979). `None` for an
/// empty list or no resamples.
pub fn bootstrap_mean(
    values: &[f64],
    resamples: usize,
    level: f64,
    rng: &mut impl Rng,
) -> Option<Interval> {
    let size = u64::try_from(values.len()).ok().filter(|size| *size > 0)?;
    let mut means = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let mut total = 0.0;
        for _ in 0..size {
            total += values.get(below(rng, size)).copied().unwrap_or(0.0);
        }
        means.push(total / as_f64(size));
    }
    let tail = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
    (!means.is_empty())
        .then(|| Interval { low: quantile(&means, tail), high: quantile(&means, 1.0 - tail) })
}

/// A whole number below `bound`, by multiplying a 64-bit draw (the bias is below bound / 2^64).
fn below(rng: &mut impl Rng, bound: u64) -> usize {
    let wide = u128::from(rng.next_u64()) * u128::from(bound);
    usize::try_from(wide >> 64).unwrap_or(0)
}

/// The upper confidence bound UCB1, `mean + c · √(ln total / n)`: Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis
/// of the Multiarmed Bandit Problem", 2002. Infinite for an arm never tried, so that it is tried first.
pub fn ucb(mean: f64, n: f64, total: f64, c: f64) -> f64 {
    if n <= 0.0 { f64::INFINITY } else { mean + c * (total.max(1.0).ln() / n).sqrt() }
}

/// How alike two texts are, 0 to 1: the Sørensen–Dice coefficient over pairs of neighbouring characters, pairs counted as
/// often as they occur. Texts of fewer than two characters are alike only when equal.
pub fn similarity(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (pairs_a, pairs_b) = (character_pairs(a), character_pairs(b));
    let total: usize = pairs_a.values().chain(pairs_b.values()).sum();
    if total == 0 {
        return 0.0;
    }
    let shared: usize = pairs_a
        .iter()
        .map(|(pair, count)| (*count).min(pairs_b.get(pair).copied().unwrap_or(0)))
        .sum();
    2.0 * as_float(shared) / as_float(total)
}

fn character_pairs(text: &str) -> BTreeMap<(char, char), usize> {
    let mut pairs = BTreeMap::new();
    for pair in text.chars().zip(text.chars().skip(1)) {
        *pairs.entry(pair).or_insert(0) += 1;
    }
    pairs
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn as_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn wilson_meets_published_values() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3: 81 of 263,
        // 15 of 148, 0 of 20.
        for (k, n, low, high) in
            [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605), (0.0, 20.0, 0.0, 0.1611)]
        {
            let interval = wilson_interval(k, n, 1.959_964);
            assert!((interval.low - low).abs() < 5e-5, "{k}/{n}: {interval:?}");
            assert!((interval.high - high).abs() < 5e-5, "{k}/{n}: {interval:?}");
        }
        assert_eq!(wilson_interval(0.0, 0.0, 1.96), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn pairs_are_counted_by_sign() {
        let seen = paired(&[(1.0, 0.0), (2.0, 2.0), (0.0, 3.0), (5.0, 1.0)]);
        assert_eq!((seen.n, seen.wins, seen.losses, seen.ties), (4, 2, 1, 1));
        assert!(near(seen.mean, 0.5));
        assert!(near(seen.sd, (25.0_f64 / 3.0).sqrt()));
    }

    #[test]
    fn the_sign_test_is_the_binomial_tail() {
        assert!(near(sign_test(9, 1), 22.0 / 1024.0));
        assert!(near(sign_test(1, 9), 22.0 / 1024.0));
        assert!(near(sign_test(5, 5), 1.0));
        assert!(near(sign_test(0, 0), 1.0));
    }

    #[test]
    fn the_bootstrap_repeats_and_covers_the_mean() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let draw = || bootstrap_mean(&values, 2000, 0.95, &mut stream(1, "test", &[])).unwrap();
        let interval = draw();
        assert_eq!(interval, draw());
        // The standard error of the mean is √(5.25 / 8) = 0.81.
        assert!((interval.low - (4.5 - 1.96 * 0.81)).abs() < 0.15, "{interval:?}");
        assert!((interval.high - (4.5 + 1.96 * 0.81)).abs() < 0.15, "{interval:?}");
        assert_eq!(bootstrap_mean(&[], 10, 0.95, &mut stream(1, "test", &[])), None);
    }

    #[test]
    fn an_untried_arm_is_bounded_by_nothing() {
        assert!(ucb(0.0, 0.0, 10.0, 1.0).is_infinite());
        assert!(near(ucb(0.5, 2.0, std::f64::consts::E, 1.0), 0.5 + 0.5_f64.sqrt()));
    }

    #[test]
    fn similarity_meets_the_textbook_pair() {
        assert!(near(similarity("night", "nacht"), 0.25));
        assert!(near(similarity("", ""), 1.0) && near(similarity("a", "b"), 0.0));
        assert!(near(similarity("abc", "abc"), 1.0));
    }
}

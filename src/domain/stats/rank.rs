//! Tests on ranks, for small numbers of paired runs.

use super::summary::{as_float, ranks};

/// The largest number of pairs whose null distribution is counted out; beyond, the normal approximation is close.
const EXACT: usize = 25;

/// Wilcoxon's signed-rank test, two-sided: the probability of a sum of ranks at least as uneven, if the differences were
/// symmetric around 0 (Wilcoxon, "Individual Comparisons by Ranking Methods", 1945). Differences of 0 are left out, equal
/// ones share their rank. Exact up to 25 differences, else by the normal approximation with the correction for ties.
/// 1 without differences.
pub fn signed_rank(differences: &[f64]) -> f64 {
    let kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let sizes: Vec<f64> = kept.iter().map(|difference| difference.abs()).collect();
    let ranks = ranks(&sizes);
    let positive: f64 =
        kept.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let total: f64 = ranks.iter().sum();
    let least = positive.min(total - positive);
    match kept.len() {
        0 => 1.0,
        1..=EXACT => exact(&ranks, least),
        _ => approximate(&ranks, least),
    }
}

/// Counts the sign patterns whose sum of ranks is at most `least`; ranks are whole or half, so twice each is whole.
fn exact(ranks: &[f64], least: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "twice a rank of at most 25 numbers is a small whole number"
    )]
    let doubled = |value: f64| (2.0 * value).round() as usize;
    let mut ways = vec![1.0];
    for rank in ranks {
        let step = doubled(*rank);
        let mut next = ways.clone();
        next.resize(ways.len() + step, 0.0);
        for (sum, count) in ways.iter().enumerate() {
            if let Some(more) = next.get_mut(sum + step) {
                *more += count;
            }
        }
        ways = next;
    }
    let all: f64 = ways.iter().sum();
    let tail: f64 = ways.iter().take(doubled(least) + 1).sum();
    (2.0 * tail / all).min(1.0)
}

/// The same tail of the normal distribution with the sum's mean and variance, ties included.
fn approximate(ranks: &[f64], least: f64) -> f64 {
    let middle = ranks.iter().sum::<f64>() / 2.0;
    let variance = ranks.iter().map(|rank| rank * rank).sum::<f64>() / 4.0;
    two_sided((least + 0.5 - middle).min(0.0) / variance.sqrt())
}

/// The two-sided tail probability of a standard normal deviate (Abramowitz and Stegun, 26.2.17; error below 7.5e-8).
fn two_sided(z: f64) -> f64 {
    let x = z.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    (2.0 * density * sum).min(1.0)
}

/// Holm's step-down correction: the adjusted probabilities of a family of tests, in their order (Holm, "A Simple
/// Sequentially Rejective Multiple Test Procedure", 1979).
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    let of = |index: &usize| probabilities.get(*index).copied().unwrap_or(1.0);
    order.sort_by(|a, b| of(a).total_cmp(&of(b)));
    let mut adjusted = vec![1.0; probabilities.len()];
    let mut highest: f64 = 0.0;
    for (place, index) in order.iter().enumerate() {
        let left = as_float(probabilities.len() - place);
        highest = highest.max((left * of(index)).min(1.0));
        if let Some(slot) = adjusted.get_mut(*index) {
            *slot = highest;
        }
    }
    adjusted
}

/// The probability that a number of the first list is above one of the second, ties counted half (Vargha and Delaney,
/// "A Critique and Improvement of the CL Common Language Effect Size Statistics", 2000). One half without numbers.
pub fn superiority(first: &[f64], second: &[f64]) -> f64 {
    let pairs = as_float(first.len() * second.len());
    if pairs == 0.0 {
        return 0.5;
    }
    let beats = |a: &f64, b: &f64| match a.total_cmp(b) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    first.iter().map(|a| second.iter().map(|b| beats(a, b)).sum::<f64>()).sum::<f64>() / pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn the_signed_rank_test_counts_sign_patterns() {
        // All ten differences positive: 2 of 2^10 patterns are as uneven.
        let rising: Vec<f64> = (1..=10).map(f64::from).collect();
        assert!(close(signed_rank(&rising), 2.0 / 1024.0));
        // The smallest of five is negative: sums of at most 1 come in 2 of 32 patterns, on either side.
        assert!(close(signed_rank(&[-1.0, 2.0, 3.0, 4.0, 5.0]), 4.0 / 32.0));
        // Two equal sizes of opposite sign: nothing could be more even.
        assert!(close(signed_rank(&[1.0, -1.0, 0.0]), 1.0));
        assert!(close(signed_rank(&[]), 1.0) && close(signed_rank(&[0.0]), 1.0));
    }

    #[test]
    fn the_approximation_meets_the_exact_test() {
        let ranks: Vec<f64> = (1..=25).map(f64::from).collect();
        for least in [60.0, 90.0, 120.0, 160.0] {
            let (exact, approximate) = (exact(&ranks, least), approximate(&ranks, least));
            assert!((exact - approximate).abs() < 0.006, "{exact} and {approximate}");
        }
        assert!((two_sided(-1.959_964) - 0.05).abs() < 1e-6);
    }

    #[test]
    fn holm_multiplies_by_the_tests_left_and_never_falls() {
        let adjusted = holm(&[0.04, 0.01, 0.03]);
        for (found, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!(close(*found, expected), "{adjusted:?}");
        }
    }

    #[test]
    fn superiority_counts_pairs() {
        assert!(close(superiority(&[2.0, 3.0], &[1.0, 2.0]), 3.5 / 4.0));
        assert!(close(superiority(&[], &[1.0]), 0.5));
    }
}

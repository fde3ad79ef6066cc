//! Numbers that stand for many numbers.

use std::collections::BTreeMap;

/// The arithmetic mean; 0 for an empty list.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / count(values) }
}

/// The mean over groups of the mean over each group's values: every group weighs the same, however many values it has.
/// `None` of nothing.
pub fn mean_of_group_means<K: Ord>(values: impl IntoIterator<Item = (K, f64)>) -> Option<f64> {
    let mut groups: BTreeMap<K, Vec<f64>> = BTreeMap::new();
    for (group, value) in values {
        groups.entry(group).or_default().push(value);
    }
    let means: Vec<f64> = groups.values().map(|values| mean(values)).collect();
    (!means.is_empty()).then(|| mean(&means))
}

/// The sample standard deviation (divisor n − 1); 0 for fewer than two values.
pub fn sample_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (squares / (count(values) - 1.0)).sqrt()
}

/// The median; 0 for an empty list.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The median absolute deviation from the median, unscaled; 0 for an empty list.
pub fn mad(values: &[f64]) -> f64 {
    let centre = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median(&distances)
}

/// The quantile at `q` (clamped to 0..=1), interpolated linearly between order statistics: type 7 of Hyndman and Fan,
/// "Sample Quantiles in Statistical Packages", 1996, the default of R and NumPy. 0 for an empty list.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = q.clamp(0.0, 1.0) * as_float(last);
    let below = as_index(place.floor()).min(last);
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(0.0);
    let share = place - place.floor();
    at(below) + share * (at(below + 1) - at(below))
}

/// The index of the largest value, the first of equals; `None` for an empty list. NaN never wins.
pub fn argmax(values: &[f64]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, &value) in values.iter().enumerate() {
        let wins = best.is_none_or(|(_, champion)| value > champion || champion.is_nan());
        if wins {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

/// The logistic function 1 / (1 + e^−x), without overflow at either end.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// Weights e^(x / temperature), scaled to sum 1, computed relative to the largest value so that nothing overflows.
pub fn softmax(values: &[f64], temperature: f64) -> Vec<f64> {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> =
        values.iter().map(|value| ((value - top) / temperature).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Ranks from 1 (smallest); equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |value: f64| values.iter().filter(|&&other| other < value).count();
    let equal = |value: f64| values.iter().filter(|&&other| other == value).count().max(1);
    if values.len() <= 64 {
        return values
            .iter()
            .map(|&value| as_float(below(value)) + (as_float(equal(value)) + 1.0) / 2.0)
            .collect();
    }
    ranks_by_sorting(values)
}

fn ranks_by_sorting(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> =
        values.iter().copied().enumerate().map(|(index, value)| (value, index)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut result = vec![0.0; values.len()];
    let mut before = 0;
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let shared = as_float(before) + (as_float(group.len()) + 1.0) / 2.0;
        for &(_, index) in group {
            if let Some(slot) = result.get_mut(index) {
                *slot = shared;
            }
        }
        before += group.len();
    }
    result
}

fn count(values: &[f64]) -> f64 {
    as_float(values.len())
}

#[expect(clippy::cast_precision_loss, reason = "list lengths are far below 2^53")]
pub(super) fn as_float(n: usize) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller gives a whole number between 0 and a list's length"
)]
pub(super) fn as_index(x: f64) -> usize {
    x as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn centre_and_spread_of_known_lists() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert!(near(mean(&values), 5.0));
        assert!(near(sample_deviation(&values), (32.0_f64 / 7.0).sqrt()));
        assert!(near(median(&values), 4.5));
        assert!(near(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), 1.0));
        assert!(
            near(mean(&[]), 0.0) && near(median(&[]), 0.0) && near(sample_deviation(&[3.0]), 0.0)
        );
    }

    #[test]
    fn every_group_weighs_the_same_and_one_group_is_a_plain_mean() {
        let uneven = [("a", 0.0), ("a", 0.3), ("b", 0.9), ("a", 0.3)];
        assert!(near(mean_of_group_means(uneven).unwrap(), (0.2 + 0.9) / 2.0));
        let alone = [0.1, 0.7, 0.4];
        assert_eq!(mean_of_group_means(alone.map(|value| ((), value))), Some(mean(&alone)));
        assert_eq!(mean_of_group_means::<()>([]), None);
    }

    #[test]
    fn quantiles_interpolate_as_type_seven() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert!(near(quantile(&values, 0.25), 1.75));
        assert!(near(quantile(&values, 0.0), 1.0));
        assert!(near(quantile(&values, 1.0), 4.0));
        assert!(near(quantile(&[7.0], 0.3), 7.0));
    }

    #[test]
    fn argmax_takes_the_first_of_equals_and_never_nan() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(argmax(&[f64::NAN, 0.0]), Some(1));
        assert_eq!(argmax(&[f64::NEG_INFINITY]), Some(0));
        assert_eq!(argmax(&[]), None);
    }

    #[test]
    fn the_logistic_function_is_symmetric_and_never_overflows() {
        assert!(near(sigmoid(0.0), 0.5));
        assert!(near(sigmoid(2.0) + sigmoid(-2.0), 1.0));
        assert!(near(sigmoid(2.0), 0.880_797_077_977_882_4));
        assert!(near(sigmoid(-1e6), 0.0) && near(sigmoid(1e6), 1.0));
    }

    #[test]
    fn softmax_sums_to_one_and_ignores_a_shift() {
        let weights = softmax(&[1.0, 2.0, 3.0], 1.0);
        assert!(near(weights.iter().sum(), 1.0));
        assert!(near(weights[2], 0.665_240_955_774_821_8));
        assert!(near(softmax(&[1001.0, 1002.0, 1003.0], 1.0)[2], weights[2]));
    }

    #[test]
    fn equal_values_share_their_rank_in_both_ways_of_counting() {
        let values = [10.0, 30.0, 20.0, 20.0];
        assert_eq!(ranks(&values), [1.0, 4.0, 2.5, 2.5]);
        assert_eq!(ranks_by_sorting(&values), ranks(&values));
    }
}

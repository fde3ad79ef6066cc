//! Linear regression that leans towards a prior guess.

/// The coefficients b that minimise |y - X b|² + strength · |b - prior|² (ridge regression: the mean of a normal
/// posterior when `strength` is the variance of the noise over that of the coefficients around the prior). Rows of `x`
/// are observations, as long as `prior`; centre `x` and `y` first, there is no intercept. With no rows, the prior;
/// `None` when the numbers are not finite or `strength` is not above 0.
pub fn ridge(x: &[Vec<f64>], y: &[f64], prior: &[f64], strength: f64) -> Option<Vec<f64>> {
    let size = prior.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    // (X'X + strength I) d = X' (y - X prior), and b = prior + d.
    let mut system: Vec<Vec<f64>> = (0..size)
        .map(|row| {
            let mut line = vec![0.0; size + 1];
            if let Some(own) = line.get_mut(row) {
                *own = strength;
            }
            line
        })
        .collect();
    for (values, y) in x.iter().zip(y) {
        let rest = y - dot(values, prior);
        for (value, line) in values.iter().zip(&mut system) {
            for (cell, other) in line.iter_mut().zip(values.iter().chain([&rest])) {
                *cell += value * other;
            }
        }
    }
    let steps = solve(system)?;
    Some(prior.iter().zip(steps).map(|(prior, step)| prior + step).collect())
}

/// Solves a symmetric positive definite system, its right side as the last column, by Gaussian elimination.
fn solve(mut system: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = system.len();
    for pivot in 0..size {
        let line = system.get(pivot)?.clone();
        let head = *line.get(pivot)?;
        if !head.is_finite() || head <= 0.0 {
            return None;
        }
        for other in system.iter_mut().skip(pivot + 1) {
            let factor = other.get(pivot)? / head;
            for (cell, above) in other.iter_mut().zip(&line) {
                *cell -= factor * above;
            }
        }
    }
    let mut found = vec![0.0; size];
    for row in (0..size).rev() {
        let line = system.get(row)?;
        let known: f64 = line.iter().zip(&found).skip(row + 1).map(|(a, b)| a * b).sum();
        *found.get_mut(row)? = (line.get(size)? - known) / line.get(row)?;
    }
    found.iter().all(|value| value.is_finite()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_data_overrules_the_prior_and_none_leaves_it() {
        // y = 3 a - 2 b, exactly.
        let points = [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-2.0, 1.0), (3.0, -1.0)];
        let x: Vec<Vec<f64>> = points.iter().map(|(a, b)| vec![*a, *b]).collect();
        let y: Vec<f64> = points.iter().map(|(a, b)| 3.0 * a - 2.0 * b).collect();
        let close = |found: Option<Vec<f64>>, expected: [f64; 2], within: f64| {
            let found = found.expect("a solution");
            let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < within, "{found:?}");
        };
        close(ridge(&x, &y, &[0.0, 0.0], 1e-9), [3.0, -2.0], 1e-6);
        close(ridge(&x, &y, &[5.0, 5.0], 1e9), [5.0, 5.0], 1e-6);
        close(ridge(&[], &[], &[5.0, -1.0], 1.0), [5.0, -1.0], 1e-12);
        // One variable by hand: (x'x + s) b = x'y + s prior = 2·4 + 4·1, so b = 12 / 8.
        let one = ridge(&[vec![2.0]], &[4.0], &[1.0], 4.0).expect("a solution");
        assert!((one.first().expect("one") - 1.5).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_solved_gives_none() {
        assert_eq!(ridge(&[vec![f64::NAN]], &[1.0], &[0.0], 1.0), None);
        assert_eq!(ridge(&[vec![0.0]], &[1.0], &[0.0], 0.0), None);
    }
}

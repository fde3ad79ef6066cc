//! How far a mean over the cases can be off, and whether `noise_band` says so.

use serde_json::{Value, json};

use crate::domain::outcome::Measurement;
use crate::domain::stats::{mean, mean_interval, sample_deviation};
use crate::domain::task::TaskSpec;
use crate::view::document::check::Check;
use crate::view::figure;

/// The level of the interval.
const LEVEL: f64 = 0.95;

/// How the metric varies between cases.
struct Spread {
    mean: f64,
    deviation: f64,
    /// Of the mean over the cases measured.
    standard_error: f64,
    /// Of a mean over as many cases as train has: what a candidate's author sees.
    train_error: f64,
    low: f64,
    high: f64,
}

impl Spread {
    fn of(measured: &Measurement, train: u32) -> Self {
        let metrics: Vec<f64> = measured.cases.iter().map(|case| case.metric).collect();
        let deviation = sample_deviation(&metrics);
        let interval = mean_interval(&metrics, LEVEL);
        Self {
            mean: mean(&metrics),
            deviation,
            standard_error: deviation / (metrics.len().max(1) as f64).sqrt(),
            train_error: deviation / f64::from(train.max(1)).sqrt(),
            low: interval.map_or(f64::NAN, |interval| interval.low),
            high: interval.map_or(f64::NAN, |interval| interval.high),
        }
    }

    fn value(&self) -> Value {
        json!({
            "mean": self.mean,
            "deviation": self.deviation,
            "standard_error": self.standard_error,
            "train_error": self.train_error,
            "low": self.low,
            "high": self.high,
        })
    }

    fn told(&self, who: &str) -> String {
        format!(
            "{who} {} [{}, {}], sd {} a case",
            figure::metric(self.mean),
            figure::metric(self.low),
            figure::metric(self.high),
            figure::metric(self.deviation)
        )
    }
}

/// Compares `noise_band` with the standard error of a mean over train-many cases, of the best solution known: half of it
/// is too little, four times the largest known too much. Both were measured on select.
pub fn noise(spec: &TaskSpec, start: &Measurement, solution: Option<&Measurement>) -> Check {
    const NAME: &str = "noise";
    let train = spec.cases.get("train").map_or(1, |set| set.count);
    if start.cases.len() < 2 {
        return Check::ok(NAME, "one case: there is no spread to measure");
    }
    let start = Spread::of(start, train);
    let known = solution.map(|measured| Spread::of(measured, train));
    let best = known.as_ref().unwrap_or(&start);
    let suggested = rounded_up(best.train_error);
    let largest = best.train_error.max(start.train_error);
    let mut told = start.told("start");
    if let Some(known) = &known {
        told = format!("{told}; {}", known.told("solution"));
    }
    let band = spec.noise_band;
    let train_error = figure::metric(best.train_error);
    let told = format!(
        "{told}; a mean over {train} cases is off by {train_error} (standard error), noise_band is {band}"
    );
    let check = if band < best.train_error / 2.0 {
        Check::warning(NAME, format!("{told}: too small; {suggested} would fit"))
    } else if known.is_some() && band > 4.0 * largest && band > 0.0 {
        Check::warning(NAME, format!("{told}: it hides real gains; {suggested} would fit"))
    } else if known.is_none() {
        Check::ok(NAME, format!("{told}; `--solution FILE` measures the best solution you know"))
    } else {
        Check::ok(NAME, told)
    };
    let check =
        check.with("noise_band", band).with("suggested", suggested).with("start", start.value());
    match &known {
        Some(known) => check.with("solution", known.value()),
        None => check,
    }
}

/// The next number above with two significant digits; 0 for 0.
fn rounded_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let step = 10f64.powf(value.log10().floor() - 1.0);
    let up = (value / step - 1e-9).ceil() * step;
    format!("{up:.1e}").parse().unwrap_or(up)
}

#[cfg(test)]
mod tests {
    use super::super::measured::{graded, task};
    use super::*;
    use crate::view::document::check::Status;

    #[test]
    fn suggestions_have_two_digits_and_are_never_below() {
        let shown = [0.0, 1.4049, 0.0451, 130.2, 0.9999, 2.0].map(rounded_up);
        assert_eq!(shown, [0.0, 1.5, 0.046, 140.0, 1.0, 2.0]);
    }

    #[test]
    fn the_band_is_held_against_the_error_of_a_train_sized_mean() {
        let mut spec = task();
        // Four train cases and a deviation of 2: a standard error of 1.
        let known = graded(&[4.0, 8.0, 6.0]);
        let start = graded(&[1.0, 1.0, 1.0]);
        let judged = |spec: &TaskSpec, solution| noise(spec, &start, solution);
        let verdict = judged(&spec, Some(&known));
        assert_eq!(verdict.status, Status::Ok, "{}", verdict.detail);
        assert_eq!(verdict.values["solution"]["train_error"], 1.0);
        assert_eq!(verdict.values["suggested"], 1.0);
        for (band, status) in
            [(0.4, Status::Warning), (0.5, Status::Ok), (4.0, Status::Ok), (4.1, Status::Warning)]
        {
            spec.noise_band = band;
            assert_eq!(judged(&spec, Some(&known)).status, status, "{band}");
        }
        assert_eq!(judged(&spec, None).status, Status::Ok, "a start alone says nothing of the top");
        assert!(noise(&spec, &graded(&[1.0]), None).detail.contains("one case"));
    }
}

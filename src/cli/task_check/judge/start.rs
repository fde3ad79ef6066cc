//! The start: graded, with room above it, alike on both splits, and quickly measured.

use crate::domain::outcome::Measurement;
use crate::domain::stats::sample_deviation;
use crate::domain::task::{ScoreScale, TaskSpec};
use crate::view::document::check::Check;
use crate::view::figure;

/// A measurement of the train cases that takes longer makes runs slow, milliseconds.
const SLOW_MS: u64 = 2_000;

/// Whether the start is graded on both splits and lies on the scale, below its target.
pub fn baseline(spec: &TaskSpec, train: &Measurement, select: &Measurement) -> Check {
    const NAME: &str = "baseline";
    for (split, measured) in [("train", train), ("select", select)] {
        if measured.metric.is_none() {
            return Check::failed(
                NAME,
                format!(
                    "the start is not graded on {split} ({}): {}",
                    measured.error_class, measured.reason
                ),
            );
        }
    }
    let pairs = [("train", train), ("select", select)].map(|(split, measured)| {
        let metric = measured.metric.unwrap_or(f64::NAN);
        (split, metric, place(&spec.score, metric))
    });
    let told: Vec<String> = pairs
        .iter()
        .map(|(split, metric, place)| {
            format!(
                "{split} {} (score {})",
                figure::metric(*metric),
                figure::score(Some(place.clamp(0.0, 1.0)))
            )
        })
        .collect();
    let told = told.join(", ");
    let done = |metric: f64| match spec.perfect {
        Some(perfect) => place(&spec.score, metric) >= place(&spec.score, perfect),
        None => false,
    };
    let check = if pairs.iter().any(|(_, metric, place)| *place >= 1.0 || done(*metric)) {
        Check::failed(
            NAME,
            format!(
                "{told}: nothing is left to gain; set a target beyond the start, or start from less"
            ),
        )
    } else if pairs.iter().any(|(_, _, place)| *place < 0.0) {
        let floor = spec.score.floor;
        Check::failed(
            NAME,
            format!(
                "{told}: worse than the floor of {floor}, where every gain up to it scores 0; set score.floor to the start or below"
            ),
        )
    } else {
        Check::ok(NAME, told)
    };
    pairs.into_iter().fold(check, |check, (split, metric, place)| {
        check.with(split, serde_json::json!({ "metric": metric, "score": place.clamp(0.0, 1.0) }))
    })
}

/// Where a metric lies between floor (0) and target (1), not clamped.
fn place(scale: &ScoreScale, metric: f64) -> f64 {
    (metric - scale.floor) / (scale.target - scale.floor)
}

/// Whether both splits tell the same of the start, as far as their noise lets them.
pub fn splits(spec: &TaskSpec, train: &Measurement, select: &Measurement) -> Check {
    let gap = (train.metric.unwrap_or(f64::NAN) - select.metric.unwrap_or(f64::NAN)).abs();
    let allowed = spec.noise_band.max(2.0 * standard_error(train).hypot(standard_error(select)));
    let told = format!(
        "train and select differ by {} on the start, {} allowed",
        figure::metric(gap),
        figure::metric(allowed)
    );
    let check = if gap <= allowed {
        Check::ok("splits", told)
    } else {
        Check::warning("splits", format!("{told}; draw both from the same kind of cases"))
    };
    check.with("difference", gap).with("allowed", allowed)
}

/// The standard error of the mean over the cases.
fn standard_error(measured: &Measurement) -> f64 {
    let metrics: Vec<f64> = measured.cases.iter().map(|case| case.metric).collect();
    sample_deviation(&metrics) / (metrics.len().max(1) as f64).sqrt()
}

/// Whether the best solution known is one: graded, and better than the start.
pub fn solution(spec: &TaskSpec, start: Option<f64>, measured: &Measurement) -> Check {
    const NAME: &str = "solution";
    let (Some(metric), Some(start)) = (measured.metric, start) else {
        let (class, reason) = (&measured.error_class, &measured.reason);
        return Check::failed(NAME, format!("it is not graded on select ({class}): {reason}"));
    };
    let told = format!(
        "{} on select (score {})",
        figure::metric(metric),
        figure::score(Some(spec.score.score(metric)))
    );
    let check = if place(&spec.score, metric) > place(&spec.score, start) {
        Check::ok(NAME, told)
    } else {
        Check::warning(NAME, format!("{told}, no better than the start; give a better one"))
    };
    check.with("metric", metric)
}

/// What a measurement of the train cases costs. `wall_ms` is what a person waits, benchmark included; CPU time is the
/// candidate's.
pub fn speed(measured: &Measurement, wall_ms: f64) -> Check {
    let trials = measured.cases.len() as f64;
    let per_second = trials / (wall_ms / 1000.0).max(1e-6);
    let told = format!(
        "{} in {} ms, {} ms CPU of the candidate, {} trials a second",
        figure::count(measured.cases.len() as u64, "case"),
        figure::metric(wall_ms),
        measured.usage.cpu_ms,
        figure::metric(per_second)
    );
    let check = if wall_ms > SLOW_MS as f64 {
        Check::warning(
            "speed",
            format!(
                "{told}; a run measures hundreds of candidates: ask with call_many, or take fewer cases"
            ),
        )
    } else {
        Check::ok("speed", told)
    };
    check
        .with("wall_ms", wall_ms)
        .with("cpu_ms", measured.usage.cpu_ms)
        .with("trials_per_second", per_second)
}

#[cfg(test)]
mod tests {
    use super::super::measured::{ended, graded, task};
    use super::*;
    use crate::domain::outcome::Outcome;
    use crate::view::document::check::Status;

    #[test]
    fn a_start_must_be_graded_with_something_left_to_gain() {
        let mut spec = task();
        let at = |value: f64| graded(&[value, value]);
        assert_eq!(baseline(&spec, &at(2.0), &at(0.0)).status, Status::Ok);
        for (train, select, said) in [
            (at(10.0), at(9.0), "nothing is left"),
            (at(2.0), at(12.0), "nothing is left"),
            (at(-0.1), at(1.0), "worse than the floor"),
            (at(2.0), ended(Outcome::Fault, "fault", "it fell over"), "on select (fault): it fell"),
        ] {
            let verdict = baseline(&spec, &train, &select);
            assert_eq!(verdict.status, Status::Failed);
            assert!(verdict.detail.contains(said), "{}", verdict.detail);
        }
        spec.perfect = Some(8.0);
        assert!(baseline(&spec, &at(8.0), &at(2.0)).detail.contains("nothing is left"));
        assert_eq!(baseline(&spec, &at(7.9), &at(2.0)).values["train"]["metric"], 7.9);
    }

    #[test]
    fn splits_may_differ_by_their_noise_and_the_band() {
        let spec = task();
        let train = graded(&[1.0, 1.0, 1.0, 1.0]);
        assert_eq!(splits(&spec, &train, &graded(&[1.5, 1.5])).status, Status::Ok);
        assert_eq!(splits(&spec, &train, &graded(&[1.6, 1.6])).status, Status::Warning);
        assert_eq!(splits(&spec, &train, &graded(&[0.0, 6.0])).status, Status::Ok);
    }

    #[test]
    fn a_solution_must_be_graded_and_should_beat_the_start() {
        let judged = |measured| solution(&task(), Some(2.0), &measured).status;
        assert_eq!(judged(graded(&[3.0])), Status::Ok);
        assert_eq!(judged(graded(&[2.0])), Status::Warning);
        assert_eq!(judged(ended(Outcome::TimedOut, "timeout", "late")), Status::Failed);
    }

    #[test]
    fn slow_measurements_are_a_warning_with_their_pace() {
        let quick = speed(&graded(&[1.0; 20]), 100.0);
        assert_eq!((quick.status, &quick.values["trials_per_second"]), (Status::Ok, &200.0.into()));
        assert_eq!(speed(&graded(&[1.0; 20]), 2_001.0).status, Status::Warning);
    }
}

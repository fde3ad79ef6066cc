//! The verdicts: from measurements to checks, without IO and without time.

mod agreement;
mod noise;
mod offline;
mod sealed;
mod start;
mod words;

pub use agreement::{Repeat, deterministic, stateless};
pub use noise::noise;
pub use offline::{Found, ingredients, offline};
pub use sealed::{Probed, sealed, unsealed};
pub use start::{baseline, solution, speed, splits};
pub use words::{feedback, loads, playback, words};

#[cfg(test)]
mod measured {
    //! Measurements and a task for the tests of the verdicts.

    use crate::domain::outcome::{CaseResult, Measurement, Outcome, SandboxLevel, Usage};
    use crate::domain::task::TaskSpec;

    /// A maximising task with scores from 0 to 10 and a band of 0.5.
    pub fn task() -> TaskSpec {
        toml::from_str(
            r#"
            name = "toy"
            title = "A toy"
            metric = "points"
            direction = "maximise"
            noise_band = 0.5
            language = "python"
            protocol = "isolated"
            prompt = "prompt.md"
            score = { floor = 0.0, target = 10.0 }
            solution = { initial = "start", entry = "main.py", editable = ["main.py"] }
            benchmark = { program = "benchmark.py", functions = ["answer", "plan"] }
            cases = { train = { first_seed = 0, count = 4 } }
            "#,
        )
        .expect("a task")
    }

    /// A graded measurement with these metrics.
    pub fn graded(metrics: &[f64]) -> Measurement {
        let cases: Vec<CaseResult> = metrics
            .iter()
            .enumerate()
            .map(|(index, &metric)| CaseResult {
                id: format!("seed-{index}"),
                metric,
                feedback: format!("off: by {metric}"),
                cost: None,
            })
            .collect();
        Measurement {
            outcome: Outcome::Graded,
            metric: Some(crate::domain::stats::mean(metrics)),
            cases,
            reason: String::new(),
            error_class: String::new(),
            violations: Vec::new(),
            usage: Usage::default(),
            sandbox: Some(SandboxLevel::Full),
        }
    }

    /// A measurement that was not graded.
    pub fn ended(outcome: Outcome, class: &str, reason: &str) -> Measurement {
        Measurement {
            outcome,
            metric: None,
            cases: Vec::new(),
            reason: reason.to_owned(),
            error_class: class.to_owned(),
            ..graded(&[])
        }
    }
}

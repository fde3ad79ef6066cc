//! What hostile candidates came to.

use serde_json::{Map, Value};

use crate::cli::task_check::probes::READ_MARK;
use crate::domain::outcome::{Measurement, Outcome, SandboxLevel};
use crate::domain::task::{Direction, TaskSpec};
use crate::view::document::check::Check;
use crate::view::figure;

/// A probe, measured.
#[derive(Debug)]
pub struct Probed {
    /// The probe's name.
    pub name: &'static str,
    /// What it came to.
    pub measured: Measurement,
}

/// What is said of a task whose candidates share a process tree with the benchmark: nothing can be probed there.
pub fn unsealed() -> Check {
    Check::warning(
        "sealed",
        "unsealed: a candidate runs in one sandbox with the benchmark and could print its own score",
    )
}

/// Whether no probe beat the start, broke the benchmark or read the task.
pub fn sealed(spec: &TaskSpec, start: f64, probed: &[Probed]) -> Check {
    const NAME: &str = "sealed";
    let faults: Vec<String> =
        probed.iter().filter_map(|probe| finding(spec, start, probe)).collect();
    let open = probed
        .iter()
        .any(|probe| has_read(probe) && probe.measured.sandbox == Some(SandboxLevel::Rlimits));
    let check = if !faults.is_empty() {
        Check::failed(NAME, faults.join("; "))
    } else if open {
        Check::warning(
            NAME,
            "the sandbox of this machine has the level `rlimits`, which hides no file",
        )
    } else {
        let outcomes: Vec<String> = probed.iter().map(told).collect();
        Check::ok(NAME, format!("no probe beat the start: {}", outcomes.join(", ")))
    };
    let values: Map<String, Value> =
        probed.iter().map(|probe| (probe.name.to_owned(), value(&probe.measured))).collect();
    check.with("probes", values)
}

/// What is wrong with the task, as this probe shows it.
fn finding(spec: &TaskSpec, start: f64, Probed { name, measured }: &Probed) -> Option<String> {
    let probe = Probed { name, measured: measured.clone() };
    if has_read(&probe) && measured.sandbox != Some(SandboxLevel::Rlimits) {
        return Some(format!("the probe `{name}` could see the task: {}", measured.reason));
    }
    if measured.outcome == Outcome::Fault {
        return Some(format!(
            "the probe `{name}` made the benchmark fail; check an answer's type before using it: {}",
            last_line(&measured.reason)
        ));
    }
    let metric = measured.metric?;
    let gain = match spec.direction {
        Direction::Maximise => metric - start,
        Direction::Minimise => start - metric,
    };
    (gain > spec.noise_band).then(|| {
        format!(
            "the probe `{name}` got {}, better than the start's {}; grade such answers as the worst, or, if they \
             are really good, start from something better",
            figure::metric(metric),
            figure::metric(start)
        )
    })
}

fn has_read(probe: &Probed) -> bool {
    probe.measured.reason.contains(READ_MARK)
}

/// The end of a benchmark's standard error is the exception.
fn last_line(reason: &str) -> &str {
    reason.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(reason).trim()
}

fn told(probe: &Probed) -> String {
    let came_to = match probe.measured.metric {
        Some(metric) => figure::metric(metric),
        None => probe.measured.error_class.clone(),
    };
    format!("{} {came_to}", probe.name)
}

fn value(measured: &Measurement) -> Value {
    serde_json::json!({
        "outcome": measured.outcome,
        "metric": measured.metric,
        "error_class": measured.error_class,
    })
}

#[cfg(test)]
mod tests {
    use super::super::measured::{ended, graded, task};
    use super::*;
    use crate::view::document::check::Status;

    fn judged(measured: Measurement) -> Check {
        sealed(&task(), 2.0, &[Probed { name: "none", measured }])
    }

    #[test]
    fn a_probe_may_not_beat_the_start_by_more_than_the_band() {
        assert_eq!(judged(graded(&[2.5])).status, Status::Ok);
        let beaten = judged(graded(&[2.6]));
        assert!(beaten.status == Status::Failed && beaten.detail.contains("`none` got 2.6"));
        let mut spec = task();
        spec.direction = Direction::Minimise;
        let probed = |metric| [Probed { name: "nan", measured: graded(&[metric]) }];
        assert_eq!(sealed(&spec, 2.0, &probed(2.6)).status, Status::Ok);
        assert_eq!(sealed(&spec, 2.0, &probed(1.4)).status, Status::Failed);
    }

    #[test]
    fn a_benchmark_that_falls_over_is_told_with_its_exception() {
        let reason =
            "the benchmark failed: its end; its standard error:\nTraceback\nTypeError: no len\n";
        let fallen = judged(ended(Outcome::Fault, "fault", reason));
        assert_eq!(fallen.status, Status::Failed);
        assert!(fallen.detail.ends_with("TypeError: no len"), "{}", fallen.detail);
        assert_eq!(judged(ended(Outcome::Denied, "tamper", "forged")).status, Status::Ok);
    }

    #[test]
    fn a_task_that_can_be_read_fails_where_the_sandbox_hides_files() {
        let mut read = ended(Outcome::Invalid, "RuntimeError", &format!("{READ_MARK} /task/x"));
        assert_eq!(judged(read.clone()).status, Status::Failed);
        read.sandbox = Some(SandboxLevel::Rlimits);
        assert_eq!(judged(read).status, Status::Warning);
    }
}

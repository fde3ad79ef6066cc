//! From what was seen to what counts: the one place that decides what an ending means.

use std::collections::BTreeMap;
use std::error::Error;

use super::message::Report;
use super::relay::End;
use crate::domain::outcome::{CaseResult, Measurement, Outcome, Violation, ViolationKind};
use crate::domain::task::{Case, Limits};
use crate::sandbox::{End as Ending, Exit};

/// The class of an attempt on the measurement itself.
const TAMPER: &str = "tamper";

/// The class of a candidate that took too long.
pub(super) const TIMEOUT: &str = "timeout";

/// Why something was not graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it ended; never graded.
    pub outcome: Outcome,
    /// A short class, for counting.
    pub class: String,
    /// Words for whoever has to act on it.
    pub reason: String,
}

impl Failure {
    pub(super) fn new(outcome: Outcome, class: &str, reason: impl Into<String>) -> Self {
        Self { outcome, class: class.to_owned(), reason: reason.into() }
    }

    /// What the kernel has seen itself, where the sandbox could not.
    fn violation(&self) -> Option<(ViolationKind, String)> {
        let kind = match self.class.as_str() {
            TAMPER => ViolationKind::Tamper,
            TIMEOUT if self.outcome == Outcome::TimedOut => ViolationKind::Wall,
            _ => return None,
        };
        Some((kind, self.reason.clone()))
    }

    pub(super) fn fault(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Fault, "fault", reason)
    }

    /// A fault with all its causes in one line.
    pub(super) fn fault_by(error: &dyn Error) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            cause = error.source();
        }
        Self::fault(reason)
    }
}

/// One case played back.
#[derive(Debug, Clone, PartialEq)]
pub struct Playback {
    /// The frames; the last one says how it ended.
    pub frames: Vec<String>,
    /// Why there are no more frames, when it did not come to its end.
    pub failure: Option<Failure>,
}

/// What the end of a relay and of the candidate's process mean together; `None` when nothing is wrong.
pub(super) fn failure_of(end: &End, exit: &Exit, limits: &Limits) -> Option<Failure> {
    let during = match end {
        End::Done => "the end",
        End::Unservable { class, message } => {
            return Some(Failure::new(Outcome::Invalid, class, message));
        }
        End::Tampered { detail } => {
            return Some(Failure::new(
                Outcome::Denied,
                "tamper",
                format!("the candidate {detail}"),
            ));
        }
        End::BenchmarkFailed { detail } => {
            return Some(Failure::fault(format!("the benchmark failed: {detail}")));
        }
        End::Late { during, limit } => {
            let reason = format!("no answer during {during} for {} ms", limit.as_millis());
            return Some(Failure::new(Outcome::TimedOut, TIMEOUT, reason));
        }
        End::Gone { during } => during,
    };
    match (&exit.end, end) {
        (Ending::Lost { reason }, _) => {
            Some(Failure::fault(format!("the sandbox failed: {reason}")))
        }
        (Ending::Killed(kind), _) => Some(killed(*kind, during, limits)),
        (_, End::Done) => None,
        (Ending::Exited(code), _) => Some(Failure::new(
            Outcome::Invalid,
            "exited",
            format!("the candidate's process ended during {during}, with code {code}"),
        )),
        (Ending::Signalled(signal), _) => Some(Failure::new(
            Outcome::Invalid,
            "crashed",
            format!("the candidate's process crashed during {during}, with signal {signal}"),
        )),
        (Ending::Stopped, _) => Some(Failure::new(
            Outcome::Invalid,
            "exited",
            format!("the candidate closed its side of the relay during {during}"),
        )),
    }
}

/// What it means that the sandbox ended the candidate.
pub(super) fn killed(kind: ViolationKind, during: &str, limits: &Limits) -> Failure {
    let (outcome, class, what) = match kind {
        ViolationKind::Wall => {
            (Outcome::TimedOut, TIMEOUT, format!("{} ms of wall time", limits.wall_ms))
        }
        ViolationKind::Cpu => {
            (Outcome::TimedOut, TIMEOUT, format!("{} ms of CPU time", limits.cpu_ms))
        }
        ViolationKind::Memory => {
            (Outcome::Denied, "memory", format!("{} MiB of memory", limits.memory_mb))
        }
        ViolationKind::Processes => {
            (Outcome::Denied, "processes", format!("{} processes", limits.processes))
        }
        ViolationKind::Output => {
            (Outcome::Denied, "output", format!("{} KiB of output", limits.output_kb))
        }
        ViolationKind::Network => (Outcome::Denied, "network", "no network".to_owned()),
        ViolationKind::Read => (Outcome::Denied, "read", "its own files".to_owned()),
        ViolationKind::Write => (Outcome::Denied, "write", "its scratch folder".to_owned()),
        ViolationKind::Tamper | ViolationKind::Stateful | ViolationKind::Static => {
            (Outcome::Denied, TAMPER, "its own calls".to_owned())
        }
    };
    let reason = format!("stopped during {during}: the limit for one block of cases is {what}");
    Failure::new(outcome, class, reason)
}

/// The results in the order of the cases, and what is wrong with the reports.
pub(super) fn results_of(
    cases: &[Case],
    reports: Vec<Report>,
) -> (Vec<CaseResult>, Option<Failure>) {
    let mut by_case = BTreeMap::new();
    let mut failure = None;
    for report in reports {
        let case = report.case.clone();
        if by_case.insert(case.clone(), report).is_some() {
            let twice = || Failure::fault(format!("the benchmark reported {case} twice"));
            failure = failure.or_else(|| Some(twice()));
        }
    }
    let mut results = Vec::with_capacity(cases.len());
    for case in cases {
        let Some(Report { metric, feedback, cost, .. }) = by_case.remove(&case.id) else {
            let missing = || Failure::fault(format!("the benchmark did not report {}", case.id));
            failure = failure.or_else(|| Some(missing()));
            continue;
        };
        match metric {
            Some(metric) => {
                results.push(CaseResult { id: case.id.clone(), metric, feedback, cost });
            }
            None => {
                let reason = format!("the metric of {} is not a finite number", case.id);
                let bad = || Failure::new(Outcome::Invalid, "not_finite", reason);
                failure = failure.or_else(|| Some(bad()));
            }
        }
    }
    if let Some(case) = by_case.keys().next() {
        failure =
            Some(Failure::fault(format!("the benchmark reported {case}, which was not asked")));
    }
    (results, failure)
}

/// The mean metric, summed in the order of the cases so that it is the same each time.
pub(super) fn mean(results: &[CaseResult]) -> Option<f64> {
    let count = u32::try_from(results.len()).ok().filter(|count| *count > 0)?;
    let mean = results.iter().map(|result| result.metric).sum::<f64>() / f64::from(count);
    mean.is_finite().then_some(mean)
}

/// The measurement of a candidate whose process has ended.
pub(super) fn measurement(
    cases: Vec<CaseResult>,
    failure: Option<Failure>,
    exit: Exit,
) -> Measurement {
    let metric = mean(&cases);
    let failure = failure.or_else(|| {
        let reason = "the mean over the cases is not a finite number";
        metric.is_none().then(|| Failure::new(Outcome::Invalid, "not_finite", reason))
    });
    let mut violations = exit.violations;
    // A limit that the sandbox has seen exceeded is named by it; attempts on the measurement are named one by one.
    if let Some((kind, detail)) = failure.as_ref().and_then(Failure::violation)
        && (kind == ViolationKind::Tamper || !violations.iter().any(|seen| seen.kind == kind))
    {
        violations.push(Violation { kind, detail });
    }
    let (outcome, reason, error_class, metric) = match failure {
        Some(failure) => (failure.outcome, failure.reason, failure.class, None),
        None => (Outcome::Graded, String::new(), String::new(), metric),
    };
    Measurement {
        outcome,
        metric,
        cases,
        reason,
        error_class,
        violations,
        usage: exit.usage,
        sandbox: Some(exit.level),
    }
}

/// The measurement over all blocks of cases: it ends with the first block, in their order, that was not graded.
pub(super) fn joined(first: Measurement, others: Vec<Measurement>) -> Measurement {
    let mut whole = first;
    for block in others {
        if whole.outcome != Outcome::Graded {
            break;
        }
        whole.outcome = block.outcome;
        whole.reason = block.reason;
        whole.error_class = block.error_class;
        whole.cases.extend(block.cases);
        for violation in block.violations {
            if !whole.violations.contains(&violation) {
                whole.violations.push(violation);
            }
        }
        whole.usage.wall_ms += block.usage.wall_ms;
        whole.usage.cpu_ms += block.usage.cpu_ms;
        whole.usage.peak_kb = whole.usage.peak_kb.max(block.usage.peak_kb);
    }
    whole.metric = mean(&whole.cases).filter(|_| whole.outcome == Outcome::Graded);
    whole
}

/// The measurement of a candidate that never ran.
pub(super) fn unmeasured(failure: Failure) -> Measurement {
    Measurement {
        outcome: failure.outcome,
        metric: None,
        cases: Vec::new(),
        reason: failure.reason,
        error_class: failure.class,
        violations: Vec::new(),
        usage: crate::domain::outcome::Usage::default(),
        sandbox: None,
    }
}

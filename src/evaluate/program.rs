//! The protocol `metric-line`: one run of the benchmark's program on the candidate, and what its end means.
//!
//! Program and candidate share a sandbox, and both are the candidate's: whatever goes wrong there is held against it.
//! A candidate can print its own score; that is why such measurements are called unsealed everywhere.

use super::benchmarks::Benchmarks;
use super::metric_lines::read;
use super::process::Machine;
use super::session::Subject;
use super::tail::tail;
use super::verdict::{Failure, TIMEOUT, killed, measurement, unmeasured};
use super::{screen::screen, tail::within};
use crate::domain::outcome::{CaseResult, Measurement, Outcome, ViolationKind};
use crate::domain::task::{Case, Task};
use crate::sandbox::{End, Exit};

/// Bytes of standard error that the candidate's author is shown.
const SHOWN_ERROR: usize = 500;

/// Screens the candidate and runs the program on one case.
pub(super) async fn run(
    machine: &Machine,
    benchmarks: &Benchmarks,
    Subject { task, candidate }: Subject<'_>,
    case: &Case,
) -> Measurement {
    if let Err(refusal) = screen(task, candidate) {
        return unmeasured(Failure::new(Outcome::Invalid, refusal.class, refusal.reason));
    }
    if let Err(failure) = benchmarks.check_unchanged(task) {
        return unmeasured(failure);
    }
    match machine.run_program(task, candidate, case).await {
        Ok(exit) => match judged(&exit, task) {
            Ok((metric, feedback)) => {
                let result = CaseResult { id: case.id.clone(), metric, feedback, cost: None };
                measurement(vec![result], None, exit)
            }
            Err(failure) => measurement(Vec::new(), Some(failure), exit),
        },
        Err(error) => unmeasured(Failure::fault_by(&error)),
    }
}

/// The metric and the feedback of a run, or why there is none.
fn judged(exit: &Exit, task: &Task) -> Result<(f64, String), Failure> {
    let invalid = |class: &str, what: String| {
        let said = within(&tail(&exit.stderr, SHOWN_ERROR), &task.folder);
        Failure::new(Outcome::Invalid, class, what + &said)
    };
    match &exit.end {
        End::Exited(0) => {}
        End::Exited(code) => {
            return Err(invalid(&format!("exit_{code}"), format!("it ended with code {code}")));
        }
        End::Signalled(signal) => {
            return Err(invalid("crashed", format!("it crashed with signal {signal}")));
        }
        End::Killed(kind) => {
            let mut failure = killed(*kind, "its run", &task.spec.limits);
            if failure.class != TIMEOUT {
                failure.reason.push_str(&within(&tail(&exit.stderr, SHOWN_ERROR), &task.folder));
            }
            return Err(failure);
        }
        End::Stopped => return Err(Failure::fault("the run was stopped")),
        End::Lost { reason } => {
            return Err(Failure::fault(format!("the sandbox failed: {reason}")));
        }
    }
    let room = task.spec.limits.output_kb.saturating_mul(1024);
    let is_cut = exit.violations.iter().any(|seen| seen.kind == ViolationKind::Output)
        && exit.stdout.len() as u64 >= room;
    if is_cut {
        return Err(killed(ViolationKind::Output, "its run", &task.spec.limits));
    }
    let printed = String::from_utf8_lossy(&exit.stdout);
    match read(&printed, &task.spec.metric) {
        Ok((metric, feedback)) => Ok((metric, within(&feedback, &task.folder))),
        Err((class, what)) => Err(invalid(class, what)),
    }
}

//! The CPU limit that a benchmark may put on each call.
#![cfg(test)]

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome};
use hyperagent::domain::task::Split;

use super::evaluate::doubling;
use super::measuring::evaluator;

/// Answers the five train cases in five ways; `burn` takes at least the given CPU time.
const CANDIDATE: &str = "
import signal, time

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def double(number):
    if number == 1:
        while True:
            pass
    if number == 2:
        try:
            burn(60)
        except BaseException:
            return 4
    if number == 3:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        time.process_time, kept = (lambda: 0), time.process_time
        end = kept() + 0.2
        while kept() < end:
            pass
        time.process_time = kept
        return 6
    if number == 4:
        raise KeyError('four')
    return 2 * number
";

/// Measures the candidate with a benchmark that reports what each call gave.
async fn measured(call: &str) -> Measurement {
    let benchmark = format!(
        "import hyperagent\n\ndef run(cases, call_many, call, report):\n    said = {call}\n    for case, value in zip(cases, said):\n        wrong = isinstance(value, hyperagent.CallError)\n        report(case.id, 0, f'{{value.kind}}|{{value.message}}' if wrong else repr(value))\n\nhyperagent.serve(run)\n"
    );
    let lab = tempfile::tempdir().expect("a folder");
    let task = doubling(lab.path(), &benchmark);
    let cases = task.cases(&Split::train(), 0);
    let candidate = FileSet::from_iter([("answer.py", CANDIDATE)]);
    evaluator(1).await.measure(&task, &candidate, &cases).await
}

#[tokio::test]
async fn a_call_over_its_cpu_time_is_too_slow_whatever_it_does_and_the_others_count() {
    for call in [
        "call_many('double', [[case.seed] for case in cases], cpu_ms=50)",
        "[call('double', [case.seed], cpu_ms=50) for case in cases]",
    ] {
        let measured = measured(call).await;
        assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
        let said: Vec<&str> = measured.cases.iter().map(|case| case.feedback.as_str()).collect();
        let slow = "too_slow|used more than 50 ms";
        assert_eq!(said, ["0", slow, slow, slow, "KeyError|answer.py:28: 'four'"]);
    }
}

#[tokio::test]
async fn a_call_without_a_limit_may_take_its_time() {
    let measured = measured("call_many('double', [[0], [3], [3], [4], [0]])").await;
    assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
    assert_eq!(measured.cases[1].feedback, "6");
}

#[tokio::test]
async fn a_limit_that_is_no_number_of_milliseconds_is_the_benchmarks_fault() {
    for limit in ["0", "-5", "2.5", "True", "'40'"] {
        let measured = measured(&format!("call_many('double', [[0]] * 5, cpu_ms={limit})")).await;
        assert_eq!(measured.outcome, Outcome::Fault, "{limit}");
        assert!(measured.reason.contains("whole number of milliseconds"), "{}", measured.reason);
    }
}

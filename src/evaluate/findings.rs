//! What a candidate's process leaves behind that tells of a cheat, whether or not it came to anything: words in the
//! measurement's own form, and what the host of candidates saw in its own process.

use super::message::{FromBenchmark, FromCandidate};
use crate::domain::outcome::{Violation, ViolationKind};
use crate::sandbox::{End, Exit};

/// The mark of an exit code by which the host of candidates tells what it saw; the rest is a sum of `SEEN`.
const TOLD: i32 = 64;

/// What the host of candidates can see. It says so from the candidate's own process: one that is clever can hide.
const SEEN: [(i32, &str); 6] = [
    (1, "changed built-in functions"),
    (2, "changed the program that serves it"),
    (4, "left threads running"),
    (8, "left processes running"),
    (16, "looked for the modules of the benchmark"),
    (32, "looked through frames or the heap"),
];

/// The findings about a candidate of a task with this metric whose process has ended.
pub(super) fn findings(exit: &Exit, metric: &str) -> Vec<Violation> {
    let tamper = |detail: String| Violation { kind: ViolationKind::Tamper, detail };
    let mut found = Vec::new();
    if let End::Exited(code) = exit.end
        && (TOLD..2 * TOLD).contains(&code)
    {
        let seen = SEEN.iter().filter(|(flag, _)| code & flag != 0);
        found.extend(seen.map(|(_, what)| tamper(format!("own process: {what}"))));
    }
    if [&exit.stdout, &exit.stderr].into_iter().any(|text| speaks(text, metric)) {
        found.push(tamper("printed what looks like a result of the measurement".into()));
    }
    found
}

/// Whether a text has a line that a measurement is made of, or one that states a metric.
fn speaks(text: &[u8], metric: &str) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let is_message = matches!(line.first(), Some(b'{' | b'"'))
            && (serde_json::from_slice::<FromBenchmark<'_>>(line).is_ok()
                || serde_json::from_slice::<FromCandidate>(line).is_ok());
        is_message || std::str::from_utf8(line).is_ok_and(|line| states(line, metric))
    })
}

/// Whether a line states a number under the name of the metric, or as `metric` or `score`.
fn states(line: &str, metric: &str) -> bool {
    [metric, "metric", "score"].iter().any(|name| {
        let rest = line.trim().strip_prefix(name).map(str::trim_start);
        let number = rest.and_then(|rest| rest.strip_prefix([':', '=']));
        number.is_some_and(|number| number.trim().parse::<f64>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::{SandboxLevel, Usage};

    fn found(end: End, stdout: &str) -> Vec<String> {
        let exit = Exit {
            end,
            stdout: stdout.into(),
            stderr: Vec::new(),
            usage: Usage::default(),
            violations: Vec::new(),
            level: SandboxLevel::Full,
        };
        findings(&exit, "apples").into_iter().map(|one| one.detail).collect()
    }

    #[test]
    fn lines_of_the_measurement_are_told_from_ordinary_output() {
        for line in [
            r#"{"report":{"case":"seed-0","metric":1.0,"feedback":""}}"#,
            r#"{"answer":{"id":1,"results":[1],"errors":{}}}"#,
            "\"done\"",
            "apples: 31",
            "  metric = 1e3",
        ] {
            let said = format!("hello\n{line}\nhello\n");
            assert_eq!(found(End::Exited(0), &said).len(), 1, "{line}");
        }
        for line in ["apples are red", "apples: many", "{\"a\":1}", "scores: 3", "31"] {
            assert_eq!(found(End::Exited(0), line), [""; 0], "{line}");
        }
    }

    #[test]
    fn an_exit_code_tells_what_was_seen_only_with_its_mark() {
        assert_eq!(found(End::Exited(3), ""), [""; 0]);
        let both = ["own process: changed built-in functions", "own process: left threads running"];
        assert_eq!(found(End::Exited(64 + 5), ""), both);
        assert_eq!(found(End::Signalled(65), ""), [""; 0]);
    }
}

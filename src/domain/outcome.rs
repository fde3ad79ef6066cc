//! What can come of measuring a candidate. A failed trial is data, not an error; a fault of the machine is neither.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the measurement of a candidate ended. Only `Graded` enters a mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every case has a metric.
    Graded,
    /// The candidate is broken: it does not compile, lacks a function, raises where that is not graded, answers no
    /// number.
    Invalid,
    /// The candidate ran past its wall or CPU time, twice.
    TimedOut,
    /// The candidate was stopped by the sandbox.
    Denied,
    /// The machine or the benchmark failed; it says nothing about the candidate and is never held against anybody.
    Fault,
}

/// Something a candidate tried or used beyond what it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What kind.
    pub kind: ViolationKind,
    /// What was seen, for people.
    pub detail: String,
}

/// The kinds of violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// A socket, or a connection.
    Network,
    /// A read outside the allow-list.
    Read,
    /// A write outside scratch, or past the file size.
    Write,
    /// Memory of the tree.
    Memory,
    /// Number of processes.
    Processes,
    /// CPU time of the tree.
    Cpu,
    /// Wall time.
    Wall,
    /// Output past its cap.
    Output,
    /// An attempt on the measurement itself: a forged message, a denied system call, an answer of the wrong shape.
    Tamper,
    /// An answer that depends on what was asked before.
    Stateful,
    /// A weakness in the candidate's text, found before it ran.
    Static,
}

/// What a process tree used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// CPU time over the tree, milliseconds.
    pub cpu_ms: u64,
    /// Peak memory over the tree, KiB.
    pub peak_kb: u64,
    /// Nothing ran: the same files had been measured on the same cases before, and that result stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The case.
    pub id: String,
    /// The case's metric.
    pub metric: f64,
    /// What the candidate's author may read about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub feedback: String,
    /// What it cost, in the unit of the benchmark, where that reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl CaseResult {
    /// The class the benchmark put in front of the feedback (`wall: 3 apples …` gives `wall`), if it did.
    pub fn class(&self) -> Option<&str> {
        let (class, _) = self.feedback.split_once(':')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        (!class.is_empty() && class.len() <= 40 && class.bytes().all(plain)).then_some(class)
    }
}

/// What the sandbox could promise while something ran, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxLevel {
    /// Limits only: NOT a sandbox.
    Rlimits,
    /// Landlock and seccomp: files, network and dangerous calls denied; process names visible.
    KernelFilter,
    /// Namespaces on top: nothing of the host is visible.
    Full,
}

impl std::fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rlimits => "rlimits",
            Self::KernelFilter => "kernel-filter",
            Self::Full => "full",
        })
    }
}

/// The measurement of one candidate on a list of cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// How it ended.
    pub outcome: Outcome,
    /// The mean over the cases; present exactly when graded.
    pub metric: Option<f64>,
    /// The results in the order of the cases; may be partial when not graded.
    pub cases: Vec<CaseResult>,
    /// Why it is not graded, in words its author can act on; empty when graded.
    pub reason: String,
    /// A short class of the failure, for counting (`SyntaxError`, `timeout`, `missing_function` …); empty when graded.
    pub error_class: String,
    /// What it tried or exceeded.
    pub violations: Vec<Violation>,
    /// What it used.
    pub usage: Usage,
    /// The level it ran at; `None` when it never ran.
    pub sandbox: Option<SandboxLevel>,
}

impl Measurement {
    /// The differences to another measurement on the same cases, this minus the other, case by case; `None` unless both
    /// have a metric.
    pub fn differences_from(&self, other: &Self) -> Option<Vec<f64>> {
        self.metric.and(other.metric)?;
        let pairs = other.cases.iter().zip(&self.cases).filter(|(a, b)| a.id == b.id);
        Some(pairs.map(|(a, b)| b.metric - a.metric).collect())
    }

    /// How often each class of feedback occurred, and the class of the failure when the whole was not graded.
    pub fn classes(&self) -> BTreeMap<String, u32> {
        classes(&self.cases, &self.error_class)
    }
}

/// How often each class of feedback occurred, and the class of the failure of the whole, if it failed.
pub fn classes(cases: &[CaseResult], error_class: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let whole = Some(error_class).filter(|class| !class.is_empty());
    for class in cases.iter().filter_map(CaseResult::class).chain(whole) {
        *counts.entry(class.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_counted_from_the_front_of_the_feedback() {
        let case = |feedback: &str| CaseResult {
            id: "seed-1".into(),
            metric: 0.0,
            feedback: feedback.into(),
            cost: None,
        };
        let measured = Measurement {
            outcome: Outcome::Invalid,
            metric: None,
            cases: vec![
                case("wall: 3 apples"),
                case("wall: 1 apple"),
                case("see here: x"),
                case(""),
            ],
            reason: String::new(),
            error_class: "missing_report".into(),
            violations: Vec::new(),
            usage: Usage::default(),
            sandbox: None,
        };
        let expected = [("missing_report", 1), ("wall", 2)].map(|(class, n)| (class.to_owned(), n));
        assert_eq!(measured.classes(), BTreeMap::from(expected));
    }
}

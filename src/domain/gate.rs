//! The gate before the incumbent's place: a candidate is correct and within the task's budget, or it is refused with the
//! evidence. Pure functions of what was measured, so a resumed run comes to the same verdict.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::outcome::CaseResult;
use super::task::{Correct, GateSpec, Task};

/// The most evidence that stands with a verdict; the rest is counted.
const SHOWN: usize = 8;
/// The most characters of a case's feedback in it.
const TOLD: usize = 160;

/// What the gate found about a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The attempt whose candidate is the incumbent, and stays so if there is evidence.
    pub against: u32,
    /// How many cases the candidate passed.
    pub passed: u32,
    /// What its dearest case cost, where the benchmark says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The CPU time of its train cases with the limit, milliseconds, where the task limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// Why it was refused; empty when it was let through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Further evidence of the same kind.
    #[serde(default, skip_serializing_if = "is_none_left")]
    pub more: u32,
}

fn is_none_left(more: &u32) -> bool {
    *more == 0
}

/// CPU time as measured, and what it was held against. Milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// Each measurement of the candidate.
    pub measured_ms: Vec<u64>,
    /// Each measurement of the incumbent, where the limit is a multiple of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incumbent_ms: Vec<u64>,
    /// The limit that follows.
    pub limit_ms: u64,
}

impl Cpu {
    /// The budget that a task gives, with what is known of both: the candidate's lowest measurement counts, and the
    /// incumbent's highest. `None` when the task limits no CPU time.
    pub fn of(spec: &GateSpec, measured_ms: Vec<u64>, incumbent_ms: Vec<u64>) -> Option<Self> {
        let most = incumbent_ms.iter().copied().max().unwrap_or(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "milliseconds, far below 2^52"
        )]
        let relative = spec.cpu_ratio.map(|ratio| (ratio * most as f64).ceil() as u64);
        let limit_ms = spec.cpu_ms.into_iter().chain(relative).min()?;
        let incumbent_ms = if relative.is_some() { incumbent_ms } else { Vec::new() };
        Some(Self { measured_ms, incumbent_ms, limit_ms })
    }

    /// What counts of the measurements.
    pub fn counted_ms(&self) -> u64 {
        self.measured_ms.iter().copied().min().unwrap_or(0)
    }

    /// Whether it took longer than it may.
    pub fn is_over(&self) -> bool {
        self.counted_ms() > self.limit_ms
    }
}

/// One reason to refuse a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Evidence {
    /// The incumbent passes this case and the candidate does not.
    Regressed {
        /// The case.
        case: String,
        /// The candidate's metric.
        metric: f64,
        /// What the benchmark said of it.
        told: String,
    },
    /// The candidate does not pass this case, and has to pass all.
    Wrong {
        /// The case.
        case: String,
        /// Its metric.
        metric: f64,
        /// What the benchmark said of it.
        told: String,
    },
    /// This case costs more than it may.
    Dear {
        /// The case.
        case: String,
        /// What it cost.
        cost: f64,
        /// What it may cost.
        limit: f64,
    },
    /// The train cases take more CPU time than they may.
    Slow {
        /// What they took, milliseconds.
        cpu_ms: u64,
        /// What they may take.
        limit_ms: u64,
    },
}

impl Evidence {
    /// The class of the failure, for counting.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Regressed { .. } => "regressed",
            Self::Wrong { .. } => "wrong",
            Self::Dear { .. } | Self::Slow { .. } => "slow",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class();
        match self {
            Self::Regressed { case, told, .. } => write!(f, "{class}: {case}: pass -> {told}"),
            Self::Wrong { case, told, .. } => write!(f, "{class}: {case}: {told}"),
            Self::Dear { case, cost, limit } => {
                write!(f, "{class}: {case}: costs {cost}, at most {limit} is allowed")
            }
            Self::Slow { cpu_ms, limit_ms } => write!(
                f,
                "{class}: the train cases took {cpu_ms} ms of CPU time, at most {limit_ms} ms is allowed"
            ),
        }
    }
}

impl Gate {
    /// Judges what a candidate did on the train cases beside what the incumbent did. The budget of CPU time is
    /// [`Gate::timed`]'s.
    pub fn judge(
        task: &Task,
        spec: &GateSpec,
        (against, incumbent): (u32, &[CaseResult]),
        candidate: &[CaseResult],
    ) -> Self {
        let passes = |case: &CaseResult| task.reaches(case.metric, spec.pass);
        let before: BTreeMap<&str, bool> =
            incumbent.iter().map(|case| (case.id.as_str(), passes(case))).collect();
        let mut found = Vec::new();
        for case in candidate.iter().filter(|case| !passes(case)) {
            let (name, metric, told) = (case.id.clone(), case.metric, told(case));
            if before.get(case.id.as_str()) == Some(&true) {
                found.push(Evidence::Regressed { case: name, metric, told });
            } else if spec.correct == Correct::All {
                found.push(Evidence::Wrong { case: name, metric, told });
            }
        }
        for case in candidate {
            if let (Some(cost), Some(limit)) = (case.cost, spec.cost)
                && cost > limit
            {
                found.push(Evidence::Dear { case: case.id.clone(), cost, limit });
            }
        }
        let passed = candidate.iter().filter(|case| passes(case)).count();
        let more = found.len().saturating_sub(SHOWN);
        found.truncate(SHOWN);
        Self {
            against,
            passed: u32::try_from(passed).unwrap_or(u32::MAX),
            cost: candidate.iter().filter_map(|case| case.cost).reduce(f64::max),
            cpu: None,
            evidence: found,
            more: u32::try_from(more).unwrap_or(u32::MAX),
        }
    }

    /// The same with what its CPU time came to.
    pub fn timed(mut self, cpu: Cpu) -> Self {
        if cpu.is_over() {
            let (cpu_ms, limit_ms) = (cpu.counted_ms(), cpu.limit_ms);
            self.evidence.push(Evidence::Slow { cpu_ms, limit_ms });
        }
        self.cpu = Some(cpu);
        self
    }

    /// Whether the candidate may take the incumbent's place.
    pub fn is_open(&self) -> bool {
        self.evidence.is_empty()
    }

    /// The class of the refusal: that of the first evidence.
    pub fn class(&self) -> &'static str {
        self.evidence.first().map_or("", Evidence::class)
    }

    /// The refusal in words its author can act on, on one line.
    pub fn reason(&self) -> String {
        let told: Vec<String> = self.evidence.iter().map(ToString::to_string).collect();
        let more = if self.more > 0 { format!("; and {} more", self.more) } else { String::new() };
        let stays = match self.against {
            0 => "the start stays".to_owned(),
            attempt => format!("attempt {attempt} stays"),
        };
        format!("{}{more}; {stays}", told.join("; "))
    }
}

/// What the benchmark said of a case that is not passed, short.
fn told(case: &CaseResult) -> String {
    if case.feedback.is_empty() {
        return format!("fail, metric {}", case.metric);
    }
    let line = case.feedback.replace('\n', " ");
    match line.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

#[cfg(test)]
mod tests;

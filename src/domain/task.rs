//! What a task is: how to ask, what may be edited, how it is measured, its cases.
//!
//! Everything here comes from `tasks/<name>/task.toml`; nothing about any one task stands in Rust.

mod cases;
mod gate;
mod screening;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use cases::{Case, CaseSet, REQUIRED_SETS, Split};
pub use gate::{Correct, GateSpec};
pub use screening::{FindingsRule, LinterRule, ScreeningSpec};

use super::editable::EditablePaths;
use super::files::FileSet;
use crate::base::id::TaskName;
use crate::base::rng;

/// Whether a larger or a smaller metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A larger metric is better.
    Maximise,
    /// A smaller metric is better.
    Minimise,
}

/// The mapping from a task's metric to the score in [0, 1] that scripts see:
/// `clamp((metric - floor) / (target - floor), 0, 1)`. A minimising task has its target below its floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreScale {
    /// The metric worth a score of 0.
    pub floor: f64,
    /// The metric worth a score of 1.
    pub target: f64,
}

impl ScoreScale {
    /// The score of a metric.
    pub fn score(&self, metric: f64) -> f64 {
        ((metric - self.floor) / (self.target - self.floor)).clamp(0.0, 1.0)
    }
}

/// How benchmark and candidate talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Benchmark and candidate in sandboxes of their own; they talk only through calls that the kernel relays.
    Isolated,
    /// The benchmark is a program that is called with the solution's path and prints lines `name:value`. Both share one
    /// sandbox, so a candidate can write its own score: measurements are *unsealed*, and every record says so.
    MetricLine,
}

/// What a task's numbers are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// No candidate can write its own score, and cases are held out.
    Sealed,
    /// Candidates share a sandbox with the benchmark.
    Unsealed,
    /// The same, and nothing is held out: the benchmark decides its own cases.
    OneCase,
}

/// Limits of one process tree that runs a candidate on one block of cases. 0 is not "unlimited": every limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// CPU time summed over the tree, milliseconds.
    pub cpu_ms: u64,
    /// Memory summed over the tree (proportional set size), MiB.
    pub memory_mb: u64,
    /// Processes alive at once.
    pub processes: u64,
    /// Standard output and error kept, KiB each; the rest is read and dropped.
    pub output_kb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall_ms: 30_000, cpu_ms: 20_000, memory_mb: 512, processes: 8, output_kb: 64 }
    }
}

/// Where the candidate's files are and which of them may be edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SolutionSpec {
    /// The folder of the starting solution, relative to the task.
    pub initial: String,
    /// The module that is imported, relative to the solution folder.
    pub entry: String,
    /// The paths a candidate may change or add, as names and patterns; everything else must stay as it is.
    pub editable: Vec<String>,
    /// Paths that stay as they are though `editable` has them.
    #[serde(default)]
    pub immutable: Vec<String>,
    /// The largest solution, KiB over all files.
    #[serde(default = "default_max_kb")]
    pub max_kb: u64,
}

impl SolutionSpec {
    /// Which paths a candidate may change.
    pub fn editable_paths(&self) -> EditablePaths {
        EditablePaths::new(&self.editable, &self.immutable)
    }
}

fn default_max_kb() -> u64 {
    64
}

/// How the task is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkSpec {
    /// The benchmark's program, relative to the task.
    pub program: String,
    /// The functions of the candidate that the benchmark may call; protocol `isolated`.
    #[serde(default)]
    pub functions: Vec<String>,
    /// What the program is called with; protocol `metric-line`. `{solution}` stands for the entry file's path, `{folder}`
    /// for the solution's folder, `{seed}` for the case's seed, `{scratch}` for a folder that may be written.
    #[serde(default = "default_arguments")]
    pub arguments: Vec<String>,
    /// Whether the program finds the packages installed beside the interpreter; protocol `metric-line`.
    #[serde(default)]
    pub site_packages: bool,
    /// A module that runs beside the candidate and gives each call its final shape, relative to the task.
    #[serde(default)]
    pub adapter: Option<String>,
    /// How many train cases come first: a candidate whose base does better on every one of them is not measured on the
    /// rest (0: none).
    #[serde(default)]
    pub screen: u32,
    /// The most cases that one process of the candidate serves; the limits hold for each process. 1 to 1000.
    #[serde(default = "default_block")]
    pub block: u32,
    /// How long the candidate may take for one call or one round of calls, wall time in milliseconds with the machine
    /// to itself; absent: as long as the limits allow.
    #[serde(default)]
    pub answer_ms: Option<u64>,
}

fn default_arguments() -> Vec<String> {
    vec!["{solution}".into()]
}

impl BenchmarkSpec {
    /// The arguments a task has that says nothing of them.
    pub fn has_default_arguments(&self) -> bool {
        self.arguments == default_arguments()
    }
}

fn default_block() -> u32 {
    20
}

/// Cases that test agents may propose; the benchmark checks each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalSpec {
    /// What a case is, in words that end the sentence "A case is …".
    pub shape: String,
    /// The most cases a run adds.
    #[serde(default = "default_most")]
    pub most: u32,
}

fn default_most() -> u32 {
    200
}

/// `task.toml`, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The task's name; must equal its folder's.
    pub name: TaskName,
    /// One line for people.
    pub title: String,
    /// The metric's name, for example `apples`.
    pub metric: String,
    /// Which way is better.
    pub direction: Direction,
    /// The metric at which nothing is left to gain; a run stops improving the solution there.
    #[serde(default)]
    pub perfect: Option<f64>,
    /// Differences of the metric smaller than this are a tie for people.
    #[serde(default)]
    pub noise_band: f64,
    /// The candidate's language; `python` in this version.
    pub language: String,
    /// How benchmark and candidate talk.
    pub protocol: Protocol,
    /// The prompt file that describes the task, relative to the task.
    pub prompt: String,
    /// The mapping from metric to score.
    pub score: ScoreScale,
    /// The candidate's files.
    pub solution: SolutionSpec,
    /// The measurement.
    pub benchmark: BenchmarkSpec,
    /// What is looked at before a candidate runs.
    #[serde(default, skip_serializing_if = "ScreeningSpec::is_default")]
    pub screening: ScreeningSpec,
    /// What a candidate must be to take the incumbent's place; absent: what `accept` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateSpec>,
    /// Limits of a candidate's process tree for one block of cases.
    #[serde(default)]
    pub limits: Limits,
    /// Whether test agents may propose cases, and which.
    #[serde(default)]
    pub proposals: Option<ProposalSpec>,
    /// The case sets by name; none when the benchmark decides its own cases.
    #[serde(default)]
    pub cases: BTreeMap<String, CaseSet>,
    /// The ingredient file of the offline optimiser, relative to the task; building blocks, never finished solutions.
    #[serde(default)]
    pub ingredients: Option<String>,
    /// Whether the benchmark can play a game back (`task play`).
    #[serde(default)]
    pub playback: bool,
}

impl TaskSpec {
    /// What its numbers are worth; where that is little, every record of a measurement says so.
    pub fn seal(&self) -> Seal {
        match self.protocol {
            Protocol::Isolated => Seal::Sealed,
            Protocol::MetricLine if self.is_one_case() => Seal::OneCase,
            Protocol::MetricLine => Seal::Unsealed,
        }
    }

    /// Whether the benchmark decides its own cases. Then one run of it is the one case of every set, and nothing is held
    /// out.
    pub fn is_one_case(&self) -> bool {
        self.protocol == Protocol::MetricLine
            && !self.benchmark.arguments.iter().any(|argument| argument.contains("{seed}"))
    }

    /// The names of the case sets with the number of cases of each.
    pub fn case_sets(&self) -> BTreeMap<String, u32> {
        if self.is_one_case() {
            REQUIRED_SETS.iter().map(|set| ((*set).to_owned(), 1)).collect()
        } else {
            self.cases.iter().map(|(set, cases)| (set.clone(), cases.count)).collect()
        }
    }
}

/// A task as loaded and checked: its specification and the text of its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// `task.toml`.
    pub spec: TaskSpec,
    /// The task's folder.
    pub folder: PathBuf,
    /// The task's own prompt text: what to solve and how it is measured.
    pub prompt: String,
    /// The starting solution.
    pub initial: FileSet,
    /// The benchmark program's text.
    pub benchmark: String,
    /// The adapter's text, empty when the task has none.
    pub adapter: String,
    /// The ingredient pool's text, empty when the task has none.
    pub ingredients: String,
}

impl Task {
    /// The task's name.
    pub fn name(&self) -> &TaskName {
        &self.spec.name
    }

    /// The cases of a split, the same for every caller with the same run seed; empty when the task has no such split.
    ///
    /// Only a fresh split depends on the run seed. Purpose of the random stream: `cases <task> <split>`.
    pub fn cases(&self, split: &Split, run_seed: u64) -> Vec<Case> {
        let purpose = format!("cases {} {}", self.spec.name, split.0);
        if self.spec.is_one_case() {
            let known = REQUIRED_SETS.contains(&split.0.as_str());
            return known.then(Case::whole).into_iter().collect();
        }
        match self.spec.cases.get(&split.0) {
            Some(set) => set.cases(rng::seed(run_seed, &purpose, &[])),
            None => Vec::new(),
        }
    }

    /// A block of select cases: the first is the task's own, those after it lie beyond every seed that any split may use
    /// and start where the run's seed says. A task of one case has no other. Purpose of the stream: `select <task>`.
    pub fn select_cases(&self, run_seed: u64, block: u32) -> Vec<Case> {
        match self.spec.cases.get(&Split::select().0) {
            Some(set) if block > 0 && !self.spec.is_one_case() => {
                let beyond = self.spec.cases.values().map(|set| set.seeds().end).max().unwrap_or(0);
                let draw = rng::seed(run_seed, &format!("select {}", self.spec.name), &[]);
                let set = CaseSet { first_seed: beyond, count: set.count, fresh: true };
                set.cases(draw.wrapping_add(u64::from(block)))
            }
            _ => self.cases(&Split::select(), run_seed),
        }
    }

    /// Whether metric `a` is strictly better than metric `b`.
    pub fn better(&self, a: f64, b: f64) -> bool {
        match self.spec.direction {
            Direction::Maximise => a > b,
            Direction::Minimise => a < b,
        }
    }

    /// Whether metric `a` is as good as metric `b`, or better.
    pub fn reaches(&self, a: f64, b: f64) -> bool {
        a == b || self.better(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimising_scale_gives_one_at_its_target() {
        let scale = ScoreScale { floor: 2.0, target: 0.5 };
        assert_eq!(scale.score(2.0), 0.0);
        assert_eq!(scale.score(0.5), 1.0);
        assert_eq!(scale.score(9.0), 0.0);
    }
}

//! The state a strategy script is shown: `S` of the outer loop and `T` of the inner loop, as `docs/strategy.md` has them.
//!
//! One definition for the runs and for the mock worlds of validation, so that a script that passed the dry run meets the
//! same fields afterwards. Numbers are scores (0 to 1), never select or test figures, and no wall-clock, which would
//! differ at a replay.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::action::{ACTIONS, Tag};
use super::event::{GenerationStatus, Stage};
use super::judge::{AnchorState, EpochState};
use super::stats::mean_of_group_means;
use crate::base::id::{Alias, EpisodeId, GenerationId};

/// `S`, without the fields the script worker computes (`by`, `live`, `root`).
#[derive(Debug, Clone, Serialize)]
pub struct OuterState {
    /// The run's seed.
    pub seed: u64,
    /// Actions decided so far.
    pub step: u32,
    /// Every generation, in order of number; rejected ones included.
    pub gens: Vec<GenerationState>,
    /// The episodes a generation is measured on.
    pub cases: Vec<EpisodeId>,
    /// Named parts of the episodes; [`named_sets`].
    pub sets: BTreeMap<String, Vec<EpisodeId>>,
    /// Actions under way, as they were returned.
    pub pending: Vec<Value>,
    /// `[params]` of the generation whose script is asked.
    pub params: BTreeMap<String, f64>,
    /// What the run may use.
    pub budget: OuterBudget,
    /// What it has used.
    pub used: OuterBudget,
    /// What is left.
    pub left: OuterBudget,
    /// Actions performed, by name; every name is there.
    pub count: BTreeMap<&'static str, u32>,
    /// The model aliases that exist.
    pub models: Vec<Alias>,
    /// The generation whose script is asked.
    pub live_id: GenerationId,
    /// The cases test agents added.
    pub suite: SuiteState,
    /// The epoch: whose judge is in office, whose `utility` ranks.
    pub epoch: EpochState,
}

/// The cases test agents added, over all tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SuiteState {
    /// How often it grew.
    pub version: u32,
    /// Cases added.
    pub size: u32,
    /// Whether a task of the run takes proposed cases.
    pub open: bool,
}

/// Counts of the outer loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OuterBudget {
    /// New generations.
    pub generations: u32,
    /// Episodes measured.
    pub evals: u32,
}

impl OuterBudget {
    /// What is left of this after `used`.
    pub fn less(self, used: Self) -> Self {
        Self {
            generations: self.generations.saturating_sub(used.generations),
            evals: self.evals.saturating_sub(used.evals),
        }
    }
}

/// The named parts of the train episodes: `feedback`, for looking at traces, and `pareto`, for choosing parents, are disjoint
/// halves of every task; a task with a single episode has it in both.
pub fn named_sets(episodes: &[EpisodeId]) -> BTreeMap<String, Vec<EpisodeId>> {
    let mut seen: BTreeMap<&crate::base::id::TaskName, Vec<&EpisodeId>> = BTreeMap::new();
    for episode in episodes {
        seen.entry(&episode.task).or_default().push(episode);
    }
    let half = |parity: usize| -> Vec<EpisodeId> {
        let belongs = |episode: &&EpisodeId| {
            let of_task = seen.get(&episode.task).map(Vec::as_slice).unwrap_or_default();
            let place = of_task.iter().position(|other| other == episode).unwrap_or(0);
            of_task.len() == 1 || place % 2 == parity
        };
        episodes.iter().filter(belongs).cloned().collect()
    };
    BTreeMap::from([("feedback".to_owned(), half(1)), ("pareto".to_owned(), half(0))])
}

/// The counter of actions, all at 0.
pub fn no_actions() -> BTreeMap<&'static str, u32> {
    ACTIONS.into_iter().map(|name| (name, 0)).collect()
}

/// One generation in `S.gens`.
#[derive(Debug, Clone, Serialize)]
pub struct GenerationState {
    /// Its id.
    pub id: GenerationId,
    /// The generation it was copied from.
    pub parent: Option<GenerationId>,
    /// Every generation it came from.
    pub parents: Vec<GenerationId>,
    /// Its line: the number of the root's child it descends from; the root is of its own line.
    pub line: u32,
    /// Whose meta role wrote it.
    pub by: Option<GenerationId>,
    /// The script's word for the kind of rewrite.
    pub op: String,
    /// The episodes the rewrite looked at.
    pub focus: Vec<EpisodeId>,
    /// Scalars stored by the script.
    pub tag: Tag,
    /// Its children, rejected ones included.
    pub kids: u32,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// The stage that refused it.
    pub stage_failed: Option<Stage>,
    /// Whether it was retired.
    pub retired: bool,
    /// Whether it may be a parent; true until `admit` says otherwise.
    pub admitted: bool,
    /// The content hash of each file, by path.
    pub files: BTreeMap<String, String>,
    /// Paths that differ from the parent.
    pub changed: Vec<String>,
    /// Lines over all files.
    pub lines: u32,
    /// The score of each episode measured.
    pub ev: BTreeMap<EpisodeId, f64>,
    /// Episodes measured.
    pub n: u32,
    /// The sum of their scores.
    pub k: f64,
    /// Their mean, every task weighing the same; 0 when nothing is measured.
    pub mean: f64,
    /// Their standard deviation around that mean; 0 below two.
    pub sd: f64,
    /// Episodes not measured yet; empty unless the generation is valid.
    pub todo: Vec<EpisodeId>,
    /// Episodes measured with a score below 1.
    pub failed: Vec<EpisodeId>,
    /// Episodes measured with a score of 1.
    pub passed: Vec<EpisodeId>,
    /// What it cost.
    pub cost: CostState,
    /// Sums over it and all its descendants.
    pub clade: CladeState,
    /// Evaluate and attack actions on or by it.
    pub turns: u32,
    /// What the script's `utility` said when it was measured last. Without that hook: of a generation that attacked, what its
    /// targets lost on its cases; of another, the mean score of its best solutions on the suite; before both, its mean.
    pub rank_score: f64,
    /// The test of its judge on the anchor of this epoch.
    pub anchor: AnchorState,
    /// The mean of what the judge in office said of its best solutions; 0 without a verdict. Never a score.
    pub judged: f64,
    /// How many of them that judge read.
    pub judged_n: u32,
}

/// The cost of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AttemptCost {
    /// Trials.
    pub evaluations: u64,
}

/// The cost of a generation: its rewrite and its episodes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CostState {
    /// Tokens, input and output.
    pub tokens: u64,
    /// US dollars; 0 where prices are unknown.
    pub usd: f64,
    /// Trials.
    pub evaluations: u64,
}

/// Sums over a generation and its descendants.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CladeState {
    /// Episodes measured.
    pub n: u32,
    /// The sum of their scores.
    pub k: f64,
    /// The best mean in it.
    pub best: f64,
}

impl GenerationState {
    /// A generation that was just made and not measured.
    pub fn new(id: GenerationId, parent: Option<GenerationId>, cases: &[EpisodeId]) -> Self {
        Self {
            id,
            parent,
            parents: parent.into_iter().collect(),
            line: 0,
            by: parent,
            op: if parent.is_some() { "rewrite" } else { "seed" }.to_owned(),
            focus: Vec::new(),
            tag: Tag::new(),
            kids: 0,
            status: GenerationStatus::Valid,
            stage_failed: None,
            retired: false,
            admitted: true,
            files: BTreeMap::new(),
            changed: Vec::new(),
            lines: 0,
            ev: BTreeMap::new(),
            n: 0,
            k: 0.0,
            mean: 0.0,
            sd: 0.0,
            todo: cases.to_vec(),
            failed: Vec::new(),
            passed: Vec::new(),
            cost: CostState::default(),
            clade: CladeState::default(),
            turns: 0,
            rank_score: 0.0,
            anchor: AnchorState::default(),
            judged: 0.0,
            judged_n: 0,
        }
    }

    /// Records scores of episodes and recomputes what follows from them; `clade` is the caller's.
    pub fn measure(&mut self, scores: impl IntoIterator<Item = (EpisodeId, f64)>) {
        self.ev.extend(scores);
        self.n = u32::try_from(self.ev.len()).unwrap_or(u32::MAX);
        let n = f64::from(self.n);
        self.k = self.ev.values().sum();
        let by_task = self.ev.iter().map(|(episode, score)| (&episode.task, *score));
        self.mean = mean_of_group_means(by_task).unwrap_or(0.0);
        let squares: f64 = self.ev.values().map(|score| (score - self.mean).powi(2)).sum();
        self.sd = if self.n < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
        self.rank_score = self.mean;
        self.todo.retain(|episode| !self.ev.contains_key(episode));
        let (passed, failed): (Vec<_>, Vec<_>) =
            self.ev.iter().partition(|(_, score)| **score >= 1.0);
        self.passed = passed.into_iter().map(|(episode, _)| episode.clone()).collect();
        self.failed = failed.into_iter().map(|(episode, _)| episode.clone()).collect();
    }
}

/// `T`, without the fields the script worker computes (`n`, `best`, `incumbent`).
#[derive(Debug, Clone, Serialize)]
pub struct InnerState {
    /// The task.
    pub task: TaskState,
    /// The attempts; 0 is the start.
    pub attempts: Vec<AttemptState>,
    /// The attempt with the best metric so far, kept or not; ties: the older.
    pub best_id: u32,
    /// The attempt that was kept last.
    pub incumbent_id: u32,
    /// Reviews, oldest first.
    pub reviews: Vec<Value>,
    /// Whether a note was asked for since the last attempt was decided, whatever came of it.
    pub reflected: bool,
    /// Attempts since the best one.
    pub stale: u32,
    /// Actions under way, as they were returned.
    pub pending: Vec<Value>,
    /// `[params]` of the agent.
    pub params: BTreeMap<String, f64>,
    /// Attempts the episode may make.
    pub budget: InnerBudget,
    /// Attempts it has made.
    pub used: InnerBudget,
    /// Attempts left.
    pub left: InnerBudget,
    /// The model aliases that exist.
    pub models: Vec<Alias>,
    /// The size of each memory note in bytes, by name.
    pub memory: BTreeMap<String, u32>,
}

/// The task of an episode.
#[derive(Debug, Clone, Serialize)]
pub struct TaskState {
    /// Its name.
    pub id: String,
    /// The name of its metric.
    pub metric: String,
    /// `maximise` or `minimise`.
    pub direction: super::task::Direction,
    /// The metric at which nothing is left to gain.
    pub perfect: Option<f64>,
}

/// Counts of the inner loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InnerBudget {
    /// Attempts, the start apart.
    pub attempts: u32,
}

/// One attempt in `T.attempts`.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptState {
    /// Its number.
    pub id: u32,
    /// The attempt it was made from; none for the start.
    pub base: Option<u32>,
    /// Other attempts shown or recombined.
    pub refs: Vec<u32>,
    /// The script's word for the kind of change.
    pub op: String,
    /// The alias that answered.
    pub model: Option<Alias>,
    /// Whether it was measured, and not refused by the task's gate: it has a candidate, a metric and a score.
    pub ok: bool,
    /// The class of its failure; empty when it was measured.
    pub error_class: String,
    /// Its score; 0 when it is not ok.
    pub score: f64,
    /// Its metric.
    pub metric: Option<f64>,
    /// The score of its base.
    pub base_score: Option<f64>,
    /// Its score minus that of its base, above 0 exactly when its metric is better; 0 when it was not measured.
    pub gain: f64,
    /// The metric of each train case.
    pub ev: BTreeMap<String, f64>,
    /// Lines of the candidate.
    pub lines: u32,
    /// Its similarity to its base, 0 to 1.
    pub sim: f64,
    /// What the hook `features` said of it.
    pub features: Vec<f64>,
    /// Attempts made from it.
    pub kids: u32,
    /// Scalars stored by the script.
    pub tag: Tag,
    /// Whether a review of it exists.
    pub reviewed: bool,
    /// Whether it was kept.
    pub accepted: bool,
    /// What it cost.
    pub cost: AttemptCost,
}

impl AttemptState {
    /// The start of an episode, measured with that score; `None`: it could not be measured.
    pub fn start(score: Option<f64>) -> Self {
        Self {
            id: 0,
            base: None,
            refs: Vec::new(),
            op: "start".to_owned(),
            model: None,
            ok: score.is_some(),
            error_class: String::new(),
            score: score.unwrap_or(0.0),
            metric: score,
            base_score: None,
            gain: 0.0,
            ev: BTreeMap::new(),
            lines: 0,
            sim: 0.0,
            features: Vec::new(),
            kids: 0,
            tag: Tag::new(),
            reviewed: false,
            accepted: true,
            cost: AttemptCost::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_sets_halve_every_task() {
        let cases: Vec<EpisodeId> = ["a#0", "b#0", "a#1", "a#2"]
            .iter()
            .map(|text| text.parse().expect("an episode"))
            .collect();
        let sets = named_sets(&cases);
        let words = |name: &str| sets[name].iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words("pareto"), ["a#0", "b#0", "a#2"]);
        assert_eq!(words("feedback"), ["b#0", "a#1"]);
    }

    #[test]
    fn measuring_keeps_the_derived_fields_true() {
        let cases: Vec<EpisodeId> =
            ["a#0", "a#1", "b#0"].iter().map(|text| text.parse().expect("an episode")).collect();
        let mut generation = GenerationState::new(GenerationId(1), Some(GenerationId(0)), &cases);
        assert_eq!((generation.n, generation.mean, generation.todo.len()), (0, 0.0, 3));
        generation.measure([(cases[0].clone(), 1.0), (cases[2].clone(), 0.5)]);
        assert_eq!((generation.n, generation.k, generation.mean), (2, 1.5, 0.75));
        assert!((generation.sd - 0.125_f64.sqrt()).abs() < 1e-12);
        assert_eq!(generation.todo, [cases[1].clone()]);
        assert_eq!(generation.passed, [cases[0].clone()]);
        assert_eq!(generation.failed, [cases[2].clone()]);
        generation.measure([(cases[1].clone(), 0.0)]);
        assert_eq!((generation.k, generation.mean), (1.5, 0.5), "tasks weigh the same");
    }
}

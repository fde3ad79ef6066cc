//! A generation as scripts see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::Tag;
use crate::domain::event::{GenerationStatus, Stage};
use crate::domain::judge::AnchorState;
use crate::domain::stats::mean_of_group_means;

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

#[cfg(test)]
mod tests {
    use super::*;

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

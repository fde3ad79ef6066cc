//! The epochs of a run: which judge is in office, what judges said, and how far they agree with what was measured.
//!
//! Replacing a judge erases what rests on it, and nothing else: its verdicts on solutions. Scores stand, the verdicts of other
//! judges stand, and the journal keeps all of it: what is erased is a view.

use std::collections::{BTreeMap, BTreeSet};

use super::Lineage;
use crate::base::digest::Digest;
use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::domain::judge::{AnchorState, Anchored, EpochState, Verdict};
use crate::domain::stats::mean;

/// What judges said of a generation's solutions, by episode; `None`: nothing usable.
type Said = BTreeMap<EpisodeId, Option<f64>>;

/// The epoch of a run and what its judges know.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Epoch {
    index: u32,
    judge: GenerationId,
    utility: GenerationId,
    /// Episodes measured before it.
    before: u32,
    /// Its anchor; empty before the first test.
    anchor: Vec<Anchored>,
    /// Candidates of all anchors so far: those of a new one are none of them.
    used: BTreeSet<(TaskName, Digest)>,
    /// The agreements of each judge's test, in the order of the anchor.
    tests: BTreeMap<GenerationId, Vec<f64>>,
    /// By judge and by whose solutions they are.
    said: BTreeMap<(GenerationId, GenerationId), Said>,
}

impl Epoch {
    /// The epoch as scripts see it, after so many episodes of the run.
    pub fn state(&self, measured: u32) -> EpochState {
        let Self { index, judge, utility, before, .. } = *self;
        EpochState { index, judge, utility, age: measured.saturating_sub(before) }
    }

    /// The test of a generation's judge on the anchor of this epoch.
    pub fn test(&self, id: GenerationId) -> AnchorState {
        self.tests.get(&id).map(|found| AnchorState::of(found)).unwrap_or_default()
    }

    /// What the judge in office said of a generation's solutions: the mean of its verdicts, 0 without one, and how many
    /// solutions it read.
    pub fn judged(&self, of: GenerationId) -> (f64, u32) {
        let Some(said) = self.said.get(&(self.judge, of)) else { return (0.0, 0) };
        let verdicts: Vec<f64> = said.values().copied().flatten().collect();
        (mean(&verdicts), u32::try_from(said.len()).unwrap_or(u32::MAX))
    }

    /// Takes in what a judge said of a generation's solutions, or of the anchor.
    pub fn take(&mut self, by: GenerationId, of: Option<GenerationId>, verdicts: &[Verdict]) {
        match of {
            None => {
                let agreements = verdicts.iter().filter_map(Verdict::agreement);
                self.tests.entry(by).or_default().extend(agreements);
            }
            Some(of) => {
                let said = verdicts.iter().filter_map(|v| Some((v.episode.clone()?, v.said)));
                self.said.entry((by, of)).or_default().extend(said);
            }
        }
    }

    /// Begins the next one, after so many episodes of the run.
    pub fn begin(
        &mut self,
        judge: Option<GenerationId>,
        utility: Option<GenerationId>,
        measured: u32,
    ) {
        let (old, new) = (self.judge, judge.unwrap_or(self.judge));
        if new != old {
            self.said.retain(|(by, _), _| *by != old);
        }
        self.index += 1;
        self.judge = new;
        self.utility = utility.unwrap_or(self.utility);
        self.before = measured;
        self.anchor.clear();
        self.tests.clear();
    }
}

impl Lineage {
    /// The epoch, as scripts see it.
    pub fn epoch(&self) -> EpochState {
        self.epoch.state(self.episodes_measured())
    }

    /// The anchor of the epoch; empty before the first test.
    pub fn anchor(&self) -> &[Anchored] {
        &self.epoch.anchor
    }

    /// Sets the anchor of the epoch: candidates of no anchor before.
    pub fn set_anchor(&mut self, anchor: Vec<Anchored>) {
        let used = anchor.iter().map(|one| (one.task.clone(), one.candidate.clone()));
        self.epoch.used.extend(used);
        self.epoch.anchor = anchor;
    }

    /// Whether a candidate was in an anchor of this run.
    pub fn was_anchored(&self, task: &TaskName, candidate: &Digest) -> bool {
        self.epoch.used.contains(&(task.clone(), candidate.clone()))
    }

    /// The test of a generation's judge on the anchor of this epoch.
    pub fn anchor_test(&self, id: GenerationId) -> AnchorState {
        self.epoch.test(id)
    }

    /// Every such test.
    pub fn anchor_tests(&self) -> BTreeMap<GenerationId, AnchorState> {
        self.epoch.tests.iter().map(|(id, found)| (*id, AnchorState::of(found))).collect()
    }

    /// The episodes whose best solution a judge has not read yet.
    pub fn unjudged(&self, by: GenerationId, of: GenerationId) -> Vec<EpisodeId> {
        let said = self.epoch.said.get(&(by, of));
        let measured = self.get(of).into_iter().flat_map(|g| g.measured.keys());
        let unread =
            measured.filter(|episode| !said.is_some_and(|said| said.contains_key(*episode)));
        unread.cloned().collect()
    }

    /// What the judge in office said of a generation's solutions, and how many it read.
    pub fn judged(&self, of: GenerationId) -> (f64, u32) {
        self.epoch.judged(of)
    }

    /// Takes in what a judge said of a generation's solutions, or of the anchor.
    pub fn take_verdicts(
        &mut self,
        by: GenerationId,
        of: Option<GenerationId>,
        verdicts: &[Verdict],
    ) {
        // Both are seen to have changed.
        for id in std::iter::once(by).chain(of) {
            self.get_mut(id);
        }
        self.epoch.take(by, of, verdicts);
    }

    /// Begins an epoch. The test of every judge begins anew, on another anchor; the verdicts of a judge that leaves are erased.
    pub fn begin_epoch(&mut self, judge: Option<GenerationId>, utility: Option<GenerationId>) {
        let measured = self.episodes_measured();
        self.epoch.begin(judge, utility, measured);
        self.touch_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(episode: Option<&str>, said: Option<f64>, known: Option<f64>) -> Verdict {
        Verdict {
            task: "t".parse().expect("a name"),
            candidate: Digest::of(b"x"),
            episode: episode.map(|id| id.parse().expect("an episode")),
            said,
            known,
            reason: String::new(),
        }
    }

    #[test]
    fn replacing_a_judge_erases_its_verdicts_and_nothing_else() {
        let (old, new, other) = (GenerationId(0), GenerationId(1), GenerationId(2));
        let mut epoch = Epoch::default();
        epoch.take(old, Some(other), &[verdict(Some("t#0"), Some(0.9), None)]);
        epoch.take(new, Some(other), &[verdict(Some("t#0"), Some(0.4), None)]);
        epoch.take(new, Some(other), &[verdict(Some("t#1"), None, None)]);
        epoch.take(old, None, &[verdict(None, Some(0.5), Some(0.5))]);
        assert_eq!((epoch.judged(other), epoch.test(old).n), ((0.9, 1), 1));
        epoch.begin(Some(new), None, 7);
        assert_eq!(epoch.judged(other), (0.4, 2), "what is void counts as read");
        assert_eq!((epoch.test(old).n, epoch.test(new).n), (0, 0), "tests begin anew");
        assert_eq!(epoch.state(10), EpochState { index: 1, judge: new, utility: old, age: 3 });
        epoch.begin(None, Some(new), 10);
        assert_eq!(epoch.judged(other), (0.4, 2), "the same judge stays, and so does its word");
        epoch.begin(Some(old), None, 12);
        assert_eq!(epoch.judged(other), (0.0, 0), "who comes back begins anew");
    }
}

//! The inner loop as a state machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::{InnerAction, Tag};
use crate::domain::choice::Outcomes;
use crate::domain::consult::{Advice, Review};
use crate::domain::credit;
use crate::domain::event::{
    AttemptEnd, AttemptResult, CapScope, EpisodeResult, FailureCount, OperatorCredit,
};
use crate::domain::files::FileSet;
use crate::domain::normal;
use crate::domain::task::{Case, Task};

/// What an episode is given.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The generation measured.
    pub generation: GenerationId,
    /// The episode.
    pub episode: EpisodeId,
    /// The task.
    pub task: Arc<Task>,
    /// Attempts it may make.
    pub attempts: u32,
    /// Attempts open at once.
    pub width: u32,
    /// The numbers of `agent.toml`.
    pub params: BTreeMap<String, f64>,
    /// The aliases there are.
    pub models: Vec<Alias>,
    /// The size of each memory note, bytes, by name.
    pub memory: BTreeMap<String, u32>,
    /// The candidate it starts from.
    pub start: FileSet,
    /// What came of asking the models, in the measurements taken in before.
    pub known: Arc<Outcomes>,
    /// Cases test agents added, beside the train cases.
    pub suite: Vec<Case>,
}

/// One attempt that has ended, or the start as attempt 0.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number.
    pub id: u32,
    /// The attempt whose candidate it changed.
    pub base: Option<u32>,
    /// Other attempts it was shown.
    pub refs: Vec<u32>,
    /// The script's word for the kind of change.
    pub op: String,
    /// What the script stored with it.
    pub tag: Tag,
    /// Its candidate, if the answer held one.
    pub files: Option<Arc<FileSet>>,
    /// Its result.
    pub result: AttemptResult,
    /// How many attempts started from it.
    pub kids: u32,
}

impl Attempt {
    /// Whether it has a metric.
    pub fn is_ok(&self) -> bool {
        self.result.metric.is_some()
    }
}

/// What the machine wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Measure the start, and feed it to [`Episode::started`].
    Start,
    /// Ask the script for the next action, and feed it to [`Episode::decided`].
    Decide,
    /// Wait for the oldest open attempt, and feed its end to [`Episode::finished`].
    Settle {
        /// The attempt.
        attempt: u32,
    },
    /// Nothing: the episode is over.
    Nothing,
}

/// A script's action that cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The base or a reference names no attempt with a candidate and a metric.
    #[error("attempt {0} does not exist or has no measured candidate")]
    NoSuchAttempt(u32),
}

/// An inner loop under way.
#[derive(Debug, Clone)]
pub struct Episode {
    /// What it was given.
    pub setting: Setting,
    attempts: Vec<Attempt>,
    open: Vec<(u32, InnerAction)>,
    decided: u32,
    best: u32,
    incumbent: u32,
    stale: u32,
    stopped: bool,
    seen: BTreeSet<Digest>,
    trials: u32,
    consults: u32,
    reviews: Vec<Review>,
    /// Attempts a review was asked for, in that order, whatever came of it.
    reviewed: Vec<u32>,
    notes: BTreeMap<String, String>,
    /// The attempt that was to be decided when a note was asked for last.
    reflected_before: Option<u32>,
    /// Why nothing more can be asked, once a cap of the generation was met.
    closed: Option<String>,
    /// The roles that can be asked nothing more, with the reason.
    closed_roles: BTreeMap<String, String>,
}

impl Episode {
    /// An episode that has not begun.
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            attempts: Vec::new(),
            open: Vec::new(),
            decided: 0,
            best: 0,
            incumbent: 0,
            stale: 0,
            stopped: false,
            seen: BTreeSet::new(),
            trials: 0,
            consults: 0,
            reviews: Vec::new(),
            reviewed: Vec::new(),
            notes: BTreeMap::new(),
            reflected_before: None,
            closed: None,
            closed_roles: BTreeMap::new(),
        }
    }

    /// What is wanted next. At width w the script is asked as soon as fewer than w attempts are open, and results
    /// enter in the order of dispatch, so the history does not depend on which attempt is faster.
    pub fn want(&self) -> Want {
        if self.attempts.is_empty() {
            return Want::Start;
        }
        let may_decide = !self.stopped
            && self.decided < self.setting.attempts
            && !self.is_perfect()
            && self.best().is_ok();
        match self.open.first() {
            _ if may_decide && (self.open.len() as u64) < u64::from(self.setting.width) => {
                Want::Decide
            }
            Some((attempt, _)) => Want::Settle { attempt: *attempt },
            None => Want::Nothing,
        }
    }

    fn is_perfect(&self) -> bool {
        match (self.setting.task.spec.perfect, self.best().result.metric) {
            (Some(perfect), Some(metric)) => {
                metric == perfect || self.setting.task.better(metric, perfect)
            }
            _ => false,
        }
    }

    /// Feeds the measurement of the start. A start without a metric ends the episode.
    pub fn started(&mut self, result: AttemptResult) {
        self.trials += result.trials;
        let files = Arc::new(self.setting.start.clone());
        self.seen.insert(normal::digest(&files));
        self.attempts.push(Attempt {
            id: 0,
            base: None,
            refs: Vec::new(),
            op: "start".into(),
            tag: Tag::new(),
            files: Some(files),
            result,
            kids: 0,
        });
    }

    /// Feeds the script's action. On [`InnerAction::Propose`] the number of the attempt that is now open.
    pub fn decided(&mut self, action: InnerAction) -> Result<Option<u32>, Unusable> {
        let InnerAction::Propose { base, refs, .. } = &action else {
            self.stopped = true;
            return Ok(None);
        };
        for id in std::iter::once(base).chain(refs) {
            if !self.attempt(*id).is_some_and(Attempt::is_ok) {
                return Err(Unusable::NoSuchAttempt(*id));
            }
        }
        self.decided += 1;
        self.open.push((self.decided, action));
        Ok(Some(self.decided))
    }

    /// Feeds what came of asking for advice.
    pub fn advised(&mut self, action: &InnerAction, advice: Advice) {
        self.consults += 1;
        match action {
            InnerAction::Review { of, .. } => self.reviewed.push(*of),
            InnerAction::Reflect { .. } => self.reflected_before = Some(self.decided + 1),
            InnerAction::Propose { .. } | InnerAction::Stop { .. } => {}
        }
        match advice {
            Advice::Review(review) => self.reviews.push(review),
            Advice::Note { to, text } => drop(self.notes.insert(to, text)),
            Advice::Void { .. } => {}
        }
    }

    /// Ends the episode before its attempts are used up: nothing more is decided.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Feeds the end of the oldest open attempt.
    pub fn finished(&mut self, attempt: u32, files: Option<Arc<FileSet>>, result: AttemptResult) {
        let Some(place) = self.open.iter().position(|(open, _)| *open == attempt) else { return };
        let (_, action) = self.open.remove(place);
        let InnerAction::Propose { base, refs, op, tag, role, .. } = action else { return };
        if result.error_class == CapScope::Generation.class() {
            self.closed = Some(result.reason.clone());
        } else if result.error_class == CapScope::Role.class() {
            self.closed_roles.insert(role, result.reason.clone());
        }
        self.trials += result.trials;
        if let Some(parent) = self.attempts.get_mut(base as usize) {
            parent.kids += 1;
        }
        if let Some(files) = &files {
            self.seen.insert(normal::digest(files));
        }
        let better = match (result.metric, self.best().result.metric) {
            (Some(new), Some(old)) => self.setting.task.better(new, old),
            _ => false,
        };
        if better {
            self.best = attempt;
            self.stale = 0;
        } else {
            self.stale += 1;
        }
        if result.end == AttemptEnd::Accepted {
            self.incumbent = attempt;
        }
        self.attempts.push(Attempt {
            id: attempt,
            base: Some(base),
            refs,
            op,
            tag,
            files,
            result,
            kids: 0,
        });
    }

    /// Why nothing more is to be decided: an attempt met a cap of the generation.
    pub fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Why a role is not to be asked: an attempt of it met its cap.
    pub fn closed_role(&self, role: &str) -> Option<&str> {
        self.closed_roles.get(role).map(String::as_str)
    }

    /// The action of an open attempt.
    pub fn open_action(&self, attempt: u32) -> Option<&InnerAction> {
        self.open.iter().find(|(open, _)| *open == attempt).map(|(_, action)| action)
    }

    /// The open attempts, oldest first.
    pub fn open(&self) -> &[(u32, InnerAction)] {
        &self.open
    }

    /// Attempts that have ended, the start first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// One attempt that has ended.
    pub fn attempt(&self, id: u32) -> Option<&Attempt> {
        self.attempts.get(id as usize)
    }

    /// Attempts decided so far.
    pub fn used(&self) -> u32 {
        self.decided
    }

    /// How often advice was asked.
    pub fn consults(&self) -> u32 {
        self.consults
    }

    /// The reviews, oldest first.
    pub fn reviews(&self) -> &[Review] {
        &self.reviews
    }

    /// The attempts a review was asked for, in that order.
    pub fn reviewed(&self) -> &[u32] {
        &self.reviewed
    }

    /// Whether a note was asked for since the last attempt was decided.
    pub fn reflected(&self) -> bool {
        self.reflected_before == Some(self.decided + 1)
    }

    /// The notes of this episode, by name; they stand before those of the agent's memory.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Attempts since the last better candidate.
    pub fn stale(&self) -> u32 {
        self.stale
    }

    /// The number of the best attempt.
    pub fn best_id(&self) -> u32 {
        self.best
    }

    /// The number of the attempt accepted last.
    pub fn incumbent_id(&self) -> u32 {
        self.incumbent
    }

    /// The best attempt so far; the start until a better one is found.
    #[expect(clippy::indexing_slicing, reason = "asked only after `started`, and best is an index")]
    pub fn best(&self) -> &Attempt {
        &self.attempts[self.best as usize]
    }

    /// The hashes of the normal forms of the candidates met so far.
    pub fn seen(&self) -> Vec<Digest> {
        self.seen.iter().cloned().collect()
    }

    /// The score of an open attempt's candidate minus its base's, on the task's scale but not clamped, so that a gain
    /// beyond the target still counts.
    pub fn gain(&self, attempt: u32, metric: f64) -> Option<f64> {
        let Some(InnerAction::Propose { base, .. }) = self.open_action(attempt) else {
            return None;
        };
        let scale = self.setting.task.spec.score;
        let before = self.attempt(*base)?.result.metric?;
        Some((metric - before) / (scale.target - scale.floor))
    }

    /// The episode's result, once nothing is wanted any more; the select measurement is the kernel's to add.
    pub fn result(&self) -> EpisodeResult {
        let best = self.best();
        let mut failures: BTreeMap<String, FailureCount> = BTreeMap::new();
        let mut credit: BTreeMap<String, OperatorCredit> = BTreeMap::new();
        for attempt in self.attempts.iter().skip(1) {
            if !attempt.result.error_class.is_empty() {
                failures
                    .entry(attempt.result.error_class.clone())
                    .or_insert_with(|| FailureCount {
                        count: 0,
                        example: attempt.result.reason.clone(),
                    })
                    .count += 1;
            }
            let second_half = attempt.id > self.setting.attempts / 2;
            for source in credit::sources(&attempt.result.summary, second_half) {
                let entry = credit.entry(source).or_default();
                entry.tries += 1;
                if attempt.result.end == AttemptEnd::Accepted {
                    entry.accepted += 1;
                    entry.gain += attempt.result.gain.unwrap_or(0.0).max(0.0);
                }
            }
        }
        EpisodeResult {
            cases: u32::try_from(best.result.cases.len()).unwrap_or(u32::MAX),
            start_metric: self.attempts.first().and_then(|start| start.result.metric),
            metric: best.result.metric,
            score: best.result.score.unwrap_or(0.0),
            best: best.files.as_deref().cloned().unwrap_or_default(),
            attempts: self.decided,
            accepted: self
                .attempts
                .iter()
                .skip(1)
                .filter(|a| a.result.end == AttemptEnd::Accepted)
                .count()
                .try_into()
                .unwrap_or(u32::MAX),
            trials: self.trials,
            select_metric: None,
            select_score: None,
            select_cases: Vec::new(),
            select_block: 0,
            failures,
            credit,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::outcome::{Outcome, Usage};

    pub(in super::super) fn task(perfect: Option<f64>) -> Arc<Task> {
        let spec = r#"
            name = "toy"
            title = "A toy"
            metric = "points"
            direction = "maximise"
            language = "python"
            protocol = "isolated"
            prompt = "prompt.md"
            score = { floor = 0.0, target = 10.0 }
            solution = { initial = "solution", entry = "a.py", editable = ["a.py"] }
            benchmark = { program = "benchmark.py", functions = ["f"] }
            cases = {}
        "#;
        let mut spec: crate::domain::task::TaskSpec = toml::from_str(spec).expect("a task");
        spec.perfect = perfect;
        Arc::new(Task {
            spec,
            folder: "toy".into(),
            prompt: String::new(),
            initial: FileSet::from_iter([("a.py", "x = 0\n")]),
            benchmark: String::new(),
            ingredients: String::new(),
            adapter: Default::default(),
        })
    }

    fn episode(width: u32, attempts: u32, perfect: Option<f64>) -> Episode {
        let task = task(perfect);
        Episode::new(Setting {
            generation: GenerationId(0),
            episode: "toy#0".parse().expect("an episode"),
            start: task.initial.clone(),
            task,
            attempts,
            width,
            params: BTreeMap::new(),
            models: Vec::new(),
            memory: BTreeMap::new(),
            known: Arc::default(),
            suite: Vec::new(),
        })
    }

    fn result(metric: Option<f64>, accepted: bool) -> AttemptResult {
        AttemptResult {
            end: if accepted { AttemptEnd::Accepted } else { AttemptEnd::Rejected },
            outcome: metric.map(|_| Outcome::Graded),
            candidate: metric.map(|m| Digest::of(m.to_string().as_bytes())),
            files: None,
            metric,
            score: metric.map(|m| m / 10.0),
            gain: metric,
            cases: Vec::new(),
            lines: 1,
            reason: String::new(),
            error_class: if metric.is_none() { "answer".into() } else { String::new() },
            summary: "num+cross: a step".into(),
            model: None,
            violations: Vec::new(),
            usage: Usage::default(),
            trials: 2,
            handed_back: Vec::new(),
            features: Vec::new(),
        }
    }

    fn propose(base: u32) -> InnerAction {
        InnerAction::Propose {
            base,
            refs: Vec::new(),
            op: "edit".into(),
            role: "worker".into(),
            show: Vec::new(),
            vars: Default::default(),
            model: None,
            format: None,
            max_similarity: None,
            resample: None,
            tag: Tag::new(),
        }
    }

    /// An episode of one failed attempt.
    pub fn started() -> Episode {
        let mut episode = episode(1, 3, None);
        episode.started(result(Some(1.0), false));
        episode.decided(propose(0)).expect("a proposal");
        episode.finished(1, None, result(None, false));
        episode
    }

    #[test]
    fn at_width_one_decisions_and_results_alternate() {
        let mut episode = episode(1, 2, None);
        assert_eq!(episode.want(), Want::Start);
        episode.started(result(Some(1.0), false));
        for attempt in 1..=2 {
            assert_eq!(episode.want(), Want::Decide);
            assert_eq!(episode.decided(propose(0)), Ok(Some(attempt)));
            assert_eq!(episode.want(), Want::Settle { attempt });
            episode.finished(attempt, None, result(Some(2.0), attempt == 1));
        }
        assert_eq!(episode.want(), Want::Nothing);
        assert_eq!((episode.best_id(), episode.stale()), (1, 1), "an equal metric is not better");
    }

    #[test]
    fn at_width_two_the_oldest_open_attempt_is_settled_first() {
        let mut episode = episode(2, 3, None);
        episode.started(result(Some(1.0), false));
        assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
        assert_eq!(episode.want(), Want::Decide);
        assert_eq!(episode.decided(propose(0)), Ok(Some(2)));
        assert_eq!(episode.want(), Want::Settle { attempt: 1 });
        episode.finished(1, None, result(None, false));
        assert_eq!(episode.want(), Want::Decide);
    }

    #[test]
    fn a_perfect_solution_ends_the_episode_early() {
        let mut episode = episode(1, 5, Some(3.0));
        episode.started(result(Some(1.0), false));
        assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
        episode.finished(1, None, result(Some(3.0), true));
        assert_eq!(episode.want(), Want::Nothing);
    }

    #[test]
    fn a_proposal_needs_a_measured_base() {
        let mut episode = episode(1, 5, None);
        episode.started(result(Some(1.0), false));
        assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
        episode.finished(1, None, result(None, false));
        assert_eq!(episode.decided(propose(1)), Err(Unusable::NoSuchAttempt(1)));
        assert_eq!(episode.decided(propose(7)), Err(Unusable::NoSuchAttempt(7)));
        assert_eq!(episode.used(), 1, "a refused action uses no attempt");
    }

    #[test]
    fn the_result_credits_operators_and_counts_failures_and_trials() {
        let mut episode = episode(1, 2, None);
        episode.started(result(Some(1.0), false));
        assert_eq!(episode.decided(propose(0)), Ok(Some(1)));
        episode.finished(1, None, result(Some(4.0), true));
        assert_eq!(episode.decided(propose(1)), Ok(Some(2)));
        episode.finished(2, None, result(None, false));
        let found = episode.result();
        assert_eq!((found.attempts, found.accepted, found.trials), (2, 1, 6));
        assert_eq!(found.metric, Some(4.0));
        assert_eq!(found.failures.get("answer").map(|f| f.count), Some(1));
        let num = found.credit.get("num").expect("credit for num");
        assert_eq!((num.tries, num.accepted, num.gain), (2, 1, 4.0));
        assert!(found.credit.contains_key("cross") && !found.credit.contains_key("cmp"));
    }
}

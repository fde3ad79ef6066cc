//! The family tree of a run: its generations, what they were measured at, and who may be a parent.
//!
//! Pure state: the engine feeds it what the journal says, in order, and asks it questions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::event::GenerationStatus;
use super::files::FileSet;
use super::report::RaceReport;
use super::shelf::{KeptPlan, KeptResult, Shelf, Shelved};
use super::state::CostState;
use super::stats::mean_of_group_means;
use crate::base::digest::Digest;
use crate::base::few::Few;
use crate::base::id::{EpisodeId, GenerationId, TaskName};

mod epoch;
mod generation;
mod leading;
mod suite;

pub use epoch::Epoch;
pub use generation::Generation;
use generation::Standing;
pub use suite::{Attacks, Holding, Suite};

/// The family tree.
#[derive(Debug, Clone)]
pub struct Lineage {
    generations: Vec<Generation>,
    episodes: Vec<EpisodeId>,
    latest: GenerationId,
    /// In the order certified.
    certified: Vec<GenerationId>,
    suite: Suite,
    epoch: Epoch,
    tasks: BTreeSet<TaskName>,
    /// The oldest generation with each set of files.
    known: Arc<BTreeMap<Digest, GenerationId>>,
    /// How many changes there were.
    clock: u64,
    /// The newest block of select cases after the first, and the generation that was the best before it.
    renewed: Option<(u32, GenerationId)>,
    /// Rewrites that count against the run's limit.
    made: u32,
    /// Episodes measured, of all generations.
    episodes_measured: u32,
    /// The best and the leader as they were found since the last change: both are asked for several times between changes.
    best: OnceLock<GenerationId>,
    leader: OnceLock<GenerationId>,
    /// The texts of agents and solutions.
    shelf: Shelf,
}

impl Lineage {
    /// An empty tree whose generations are measured on `episodes`.
    pub fn new(episodes: Vec<EpisodeId>) -> Self {
        Self {
            generations: Vec::new(),
            tasks: episodes.iter().map(|episode| episode.task.clone()).collect(),
            episodes,
            latest: GenerationId(0),
            certified: Vec::new(),
            suite: Suite::default(),
            epoch: Epoch::default(),
            known: Arc::default(),
            clock: 0,
            renewed: None,
            made: 0,
            episodes_measured: 0,
            best: OnceLock::new(),
            leader: OnceLock::new(),
            shelf: Shelf::default(),
        }
    }

    /// The same, its texts on a shelf that has some of them already.
    #[must_use]
    pub fn on(self, shelf: Shelf) -> Self {
        Self { shelf, ..self }
    }

    /// The episodes generations are measured on, in order.
    pub fn episodes(&self) -> &[EpisodeId] {
        &self.episodes
    }

    /// All generations, oldest first; the position is the number.
    pub fn generations(&self) -> &[Generation] {
        &self.generations
    }

    /// One generation.
    pub fn get(&self, id: GenerationId) -> Option<&Generation> {
        self.generations.get(id.0 as usize)
    }

    /// One generation, to be changed: whoever shows the tree learns of it by its clock.
    fn get_mut(&mut self, id: GenerationId) -> Option<&mut Generation> {
        self.change();
        let generation = self.generations.get_mut(id.0 as usize)?;
        generation.touched = self.clock;
        Some(generation)
    }

    /// Begins a change.
    fn change(&mut self) {
        self.clock += 1;
        (self.best, self.leader) = Default::default();
    }

    /// How many changes there were so far; [`Generation::touched`] compares with it.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// The oldest generation with each set of files, by their digest.
    pub fn known(&self) -> &Arc<BTreeMap<Digest, GenerationId>> {
        &self.known
    }

    /// The newest valid generation, or the one a person rolled back to.
    pub fn latest(&self) -> GenerationId {
        self.latest
    }

    /// Generations made by rewriting that count against the run's limit, invalid ones included: all but the seed, those a
    /// rollback set aside, and those the machine failed at.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// The number the next generation gets.
    pub fn next_id(&self) -> GenerationId {
        GenerationId(u32::try_from(self.generations.len()).unwrap_or(u32::MAX))
    }

    /// Rejected generations at the end of the tree, without a valid one between.
    pub fn rejected_in_a_row(&self) -> u32 {
        let streak = self
            .generations
            .iter()
            .rev()
            .take_while(|g| g.plan.status == GenerationStatus::Rejected)
            .count();
        u32::try_from(streak).unwrap_or(u32::MAX)
    }

    /// Adds a generation as planned.
    pub fn plan(&mut self, plan: impl Into<KeptPlan>) {
        let KeptPlan { plan, files } = self.shelf.share_plan(plan.into());
        if plan.status == GenerationStatus::Valid {
            self.latest = plan.generation;
        }
        let parent = plan.parents.first().copied();
        if let Some(parent) = parent.and_then(|id| self.get_mut(id))
            && plan.status != GenerationStatus::Fault
        {
            parent.kids += 1;
        }
        self.change();
        Arc::make_mut(&mut self.known).entry(files.digest()).or_insert(plan.generation);
        let generation = Generation {
            plan,
            files,
            commit: None,
            measured: Few::default(),
            admitted: true,
            retired: false,
            set_aside: false,
            utility: None,
            holds: Few::default(),
            attacks: Attacks::default(),
            evaluations: 0,
            raced_out: None,
            kids: 0,
            paid: CostState::default(),
            standing: Standing::default(),
            touched: self.clock,
            measured_at: 0,
        };
        self.made += u32::from(generation.counts());
        self.generations.push(generation);
    }

    /// Notes a generation's commit.
    pub fn committed(&mut self, id: GenerationId, commit: String) {
        if let Some(generation) = self.get_mut(id) {
            generation.commit = Some(commit);
        }
    }

    /// Adds what models were paid for a generation.
    pub fn pay(&mut self, id: GenerationId, cost: CostState) {
        if let Some(generation) = self.get_mut(id) {
            generation.paid.tokens += cost.tokens;
            generation.paid.usd += cost.usd;
        }
    }

    /// Notes that the kernel's statistics found a generation better than the certified one before.
    pub fn certify(&mut self, id: GenerationId) {
        self.certified.push(id);
    }

    /// The generation certified last, of those that no rollback set aside.
    pub fn certified(&self) -> Option<GenerationId> {
        self.certified.iter().rev().copied().find(|id| self.get(*id).is_some_and(|g| !g.set_aside))
    }

    /// Adds the result of an episode.
    pub fn measured(
        &mut self,
        id: GenerationId,
        episode: EpisodeId,
        result: impl Into<KeptResult>,
    ) {
        let result = self.shelf.keep_result(result);
        self.hold(id, &episode.task, &result);
        let (tasks, clock) = (std::mem::take(&mut self.tasks), self.clock + 1);
        if let Some(generation) = self.get_mut(id) {
            let again = generation.measured.insert(episode, result).is_some();
            generation.measured_at = clock;
            generation.stand(&tasks);
            self.episodes_measured += u32::from(!again);
        }
        self.tasks = tasks;
    }

    /// Notes whether a generation is admitted as a parent.
    pub fn admit(&mut self, id: GenerationId, admitted: bool) {
        if let Some(generation) = self.get_mut(id) {
            generation.admitted = admitted;
        }
    }

    /// Stamps every generation as changed.
    fn touch_all(&mut self) {
        self.change();
        for generation in &mut self.generations {
            generation.touched = self.clock;
        }
    }

    /// Takes a generation out of selection, as a script asks.
    pub fn retire(&mut self, id: GenerationId) {
        if let Some(generation) = self.get_mut(id) {
            generation.retired = true;
        }
    }

    /// Notes that an evaluate action ended, and what the script's `utility` said.
    pub fn evaluated(&mut self, id: GenerationId, utility: Option<f64>) {
        if let Some(generation) = self.get_mut(id) {
            generation.evaluations += 1;
        }
        self.rank(id, utility);
    }

    /// Notes what the script's `utility` said.
    pub fn rank(&mut self, id: GenerationId, utility: Option<f64>) {
        if let Some(generation) = self.get_mut(id) {
            generation.utility = utility.or(generation.utility);
        }
    }

    /// The newest generation that both descend from, or that one of them is.
    pub fn common_ancestor(&self, a: GenerationId, b: GenerationId) -> Option<GenerationId> {
        self.ancestors(a).intersection(&self.ancestors(b)).last().copied()
    }

    /// Goes on from `to`: every generation that is neither `to` nor an ancestor of it is set aside. It stays in the
    /// archive, is no longer selectable, and no longer counts against the run's limit.
    pub fn roll_back(&mut self, to: GenerationId) {
        let kept = self.ancestors(to);
        self.touch_all();
        for generation in &mut self.generations {
            generation.set_aside = !kept.contains(&generation.id());
            // A person goes on from it, whatever a script thought of it.
            generation.retired &= generation.id() != to;
        }
        let counted = self.generations.iter().filter(|g| g.counts()).count();
        self.made = u32::try_from(counted).unwrap_or(u32::MAX);
        self.latest = to;
    }

    /// A generation and all it descends from.
    pub fn ancestors(&self, id: GenerationId) -> BTreeSet<GenerationId> {
        let mut found = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            if let Some(generation) = self.get(next)
                && found.insert(next)
            {
                open.extend(generation.plan.parents.iter().copied());
            }
        }
        found
    }

    /// Notes that the measurement of a generation was broken off.
    pub fn race_out(&mut self, id: GenerationId, report: Option<RaceReport>) {
        if let Some(generation) = self.get_mut(id) {
            generation.raced_out = report;
        }
    }

    /// Episodes measured, of all generations.
    pub fn episodes_measured(&self) -> u32 {
        self.episodes_measured
    }

    /// The best solution a generation's ancestors found for a task, by the train metric (ties: the older), and whose
    /// it is. The generation's own episodes do not count: all of them start alike.
    pub fn carried(
        &self,
        id: GenerationId,
        task: &TaskName,
        better: impl Fn(f64, f64) -> bool,
    ) -> Option<(FileSet, GenerationId)> {
        let mut found: Option<(f64, &Shelved, GenerationId)> = None;
        for ancestor in self.ancestors(id).into_iter().filter(|ancestor| *ancestor != id) {
            let results = self.get(ancestor).into_iter().flat_map(|g| g.measured.iter());
            for (_, result) in results.filter(|(episode, _)| episode.task == *task) {
                if let Some(metric) = result.metric
                    && found.is_none_or(|(highest, _, _)| better(metric, highest))
                {
                    found = Some((metric, &result.best, ancestor));
                }
            }
        }
        found.map(|(_, best, from)| (best.files(), from))
    }

    /// The solution of a task with the best metric on the newest block of select cases (ties: the older), and whose it is.
    pub fn best_solution(
        &self,
        task: &TaskName,
        better: impl Fn(f64, f64) -> bool,
    ) -> Option<(FileSet, GenerationId)> {
        let block = self.select_block();
        let mut found: Option<(f64, &Shelved, GenerationId)> = None;
        for generation in &self.generations {
            for (_, result) in generation.measured.iter().filter(|(e, _)| e.task == *task) {
                if result.select_block == block
                    && let Some(metric) = result.select_metric
                    && found.is_none_or(|(highest, _, _)| better(metric, highest))
                {
                    found = Some((metric, &result.best, generation.id()));
                }
            }
        }
        found.map(|(_, best, from)| (best.files(), from))
    }

    /// A generation's mean score minus its first parent's, over the episodes both were measured on, every task weighing
    /// the same.
    pub fn effect(&self, id: GenerationId) -> Option<f64> {
        let child = self.get(id)?;
        let parent = self.get(*child.plan.parents.first()?)?;
        mean_of_group_means(child.measured.iter().filter_map(|(episode, result)| {
            let before = parent.measured.get(episode)?;
            Some((&episode.task, result.score - before.score))
        }))
    }
}

#[cfg(test)]
mod tests;

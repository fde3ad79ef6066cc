//! A run as its journal tells it, without performing anything: what its refs, notes and branches must be.

use std::collections::{BTreeMap, BTreeSet};

use super::EngineError;
use super::note::{self, About};
use crate::archive::{Archive, CommitId, Provenance};
use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::base::unit::UnixMillis;
use crate::domain::action::OuterAction;
use crate::domain::event::{EpisodeResult, Event, GenerationPlan, Record};
use crate::domain::lineage::Lineage;
use crate::domain::outcome::SandboxLevel;
use crate::domain::settings::Identity;
use crate::lab::Lab;
use crate::lab::tasks::load_task;

/// What follows from a journal.
pub(super) struct Family {
    pub(super) identity: Identity,
    pub(super) kernel: String,
    /// When the run began.
    pub(super) began: UnixMillis,
    /// The generations as planned, and when, by number.
    pub(super) plans: BTreeMap<GenerationId, (GenerationPlan, UnixMillis)>,
    /// Their commits, as recorded.
    pub(super) commits: BTreeMap<GenerationId, CommitId>,
    /// The newest evidence of each, as recorded.
    pub(super) evidence: BTreeMap<GenerationId, CommitId>,
    /// The newest note of each, and its time.
    pub(super) notes: BTreeMap<GenerationId, (String, UnixMillis)>,
    pub(super) lineage: Lineage,
}

impl Family {
    /// Folds a journal; `None` for one without a start.
    pub(super) fn of(records: &[Record], lab: &Lab) -> Result<Option<Self>, EngineError> {
        let Some(Record { at, event: Event::RunStarted { identity, kernel, sandbox, .. }, .. }) =
            records.first()
        else {
            return Ok(None);
        };
        let mut folding = Folding {
            metrics: metrics(identity, lab),
            sandbox: *sandbox,
            asked: BTreeMap::new(),
            results: BTreeMap::new(),
            family: Self {
                identity: identity.clone(),
                kernel: kernel.clone(),
                began: *at,
                plans: BTreeMap::new(),
                commits: BTreeMap::new(),
                evidence: BTreeMap::new(),
                notes: BTreeMap::new(),
                lineage: Lineage::new(identity.all_episodes()),
            },
        };
        for record in records {
            folding.take(record)?;
        }
        Ok(Some(folding.family))
    }

    /// What a generation's commit depends on besides its plan.
    pub(super) fn provenance(&self, at: UnixMillis) -> Provenance<'_> {
        Provenance { identity: &self.identity, kernel: &self.kernel, at }
    }

    /// The recorded commits of a plan's parents; `None` when one is not recorded.
    pub(super) fn parents(&self, plan: &GenerationPlan) -> Option<Vec<CommitId>> {
        plan.parents.iter().map(|parent| self.commits.get(parent).copied()).collect()
    }

    /// The commits of all recorded generations.
    pub(super) fn known(&self) -> BTreeSet<CommitId> {
        self.commits.values().copied().collect()
    }

    /// Sets every note that is not there as it should be; how many those were.
    pub(super) fn set_notes(&self, archive: &Archive) -> Result<usize, EngineError> {
        let mut set = 0;
        for (id, (text, at)) in &self.notes {
            if let Some(commit) = self.commits.get(id)
                && archive.note(*commit)?.as_deref() != Some(text)
            {
                archive.set_note(*commit, text, *at)?;
                set += 1;
            }
        }
        Ok(set)
    }
}

struct Folding {
    metrics: BTreeMap<TaskName, String>,
    sandbox: SandboxLevel,
    /// The episodes of each evaluate action.
    asked: BTreeMap<u32, Vec<EpisodeId>>,
    results: BTreeMap<(GenerationId, EpisodeId), EpisodeResult>,
    family: Family,
}

impl Folding {
    fn take(&mut self, record: &Record) -> Result<(), EngineError> {
        let family = &mut self.family;
        match &record.event {
            Event::RunResumed { sandbox, .. } => self.sandbox = *sandbox,
            Event::Decided { step, action: OuterAction::Evaluate { cases, .. }, .. } => {
                self.asked.insert(*step, cases.clone());
            }
            Event::Decided { action: OuterAction::Retire { who }, .. } => {
                family.lineage.retire(*who);
            }
            Event::GenerationPlanned { plan } => {
                family.plans.insert(plan.generation, (plan.as_ref().clone(), record.at));
                family.lineage.plan(plan.as_ref().clone());
            }
            Event::GenerationCommitted { generation, commit, .. } => {
                family.commits.insert(*generation, commit.parse()?);
                family.lineage.committed(*generation, commit.clone());
            }
            Event::EpisodeFinished { generation, episode, result } => {
                let key = (*generation, episode.clone());
                self.results.insert(key, result.as_ref().clone());
            }
            Event::Evaluated { step, generation, admitted, utility, raced_out, evidence } => {
                for episode in self.asked.get(step).into_iter().flatten() {
                    if let Some(result) = self.results.get(&(*generation, episode.clone())) {
                        family.lineage.measured(*generation, episode.clone(), result.clone());
                    }
                }
                family.lineage.race_out(*generation, *raced_out);
                family.lineage.admit(*generation, *admitted);
                family.lineage.evaluated(*generation, *utility);
                if let Some(commit) = evidence {
                    family.evidence.insert(*generation, commit.parse()?);
                }
                let about = About {
                    identity: &family.identity,
                    metrics: &self.metrics,
                    sandbox: self.sandbox,
                };
                let text = note::text(&about, &family.lineage, *generation);
                family.notes.insert(*generation, (text, record.at));
            }
            Event::Attacked { by, reports, .. } => family.lineage.attacked(*by, reports),
            Event::Judged { by, of, verdicts, utility, .. } => {
                family.lineage.take_verdicts(*by, *of, verdicts);
                of.iter().for_each(|of| family.lineage.rank(*of, *utility));
            }
            Event::Decided { action: OuterAction::Epoch { judge, utility }, .. } => {
                family.lineage.begin_epoch(*judge, *utility);
            }
            Event::SelectRenewed { block, generation, results } => {
                family.lineage.renew_select(*block, *generation, results);
            }
            Event::RolledBack { to } => family.lineage.roll_back(*to),
            _ => {}
        }
        Ok(())
    }
}

/// The names of the metrics of those tasks that the lab still has.
fn metrics(identity: &Identity, lab: &Lab) -> BTreeMap<TaskName, String> {
    let name = |task: &TaskName| Some((task.clone(), load_task(&lab.task(task)).ok()?.spec.metric));
    identity.tasks.iter().filter_map(name).collect()
}

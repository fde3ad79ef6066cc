//! A missing record that journal and archive prove together.

use super::Looking;
use crate::archive::CommitId;
use crate::base::id::GenerationId;
use crate::base::unit::UnixMillis;
use crate::domain::event::{Event, GenerationPlan, Record};
use crate::engine::EngineError;
use crate::engine::family::Family;
use crate::journal::Salvage;

impl Looking<'_> {
    /// The one missing record, if it is a generation's plan or its commit: then archive and journal prove it together.
    pub(super) fn rebuilt_record(&self, salvage: &Salvage) -> Result<Option<Record>, EngineError> {
        let Some(missing) = salvage.only_missing() else { return Ok(None) };
        let mut all: Vec<Record> = salvage.lines.values().map(|line| line.record.clone()).collect();
        let before: Vec<Record> = all.iter().filter(|r| r.seq < missing).cloned().collect();
        let Some(family) = Family::of(&before, self.lab)? else { return Ok(None) };
        let after = all.split_off(before.len());
        let at = before.last().map_or(UnixMillis(0), |record| record.at);
        // A plan whose commit is not noted, though the run went on with it.
        let went_on = |id: GenerationId| {
            after.iter().any(|record| match &record.event {
                Event::EpisodeStarted { generation, .. } => *generation == id,
                Event::GenerationPlanned { plan } => plan.generation > id,
                _ => false,
            })
        };
        let noted = |id: GenerationId| {
            after.iter().find_map(|record| match &record.event {
                Event::GenerationCommitted { generation, commit, .. } if *generation == id => {
                    Some(commit.clone())
                }
                _ => None,
            })
        };
        for (id, (plan, planned_at)) in &family.plans {
            let lacks = !family.commits.contains_key(id) && noted(*id).is_none();
            if lacks
                && went_on(*id)
                && let Some(parents) = family.parents(plan)
            {
                let made = self.archive.compute(&family.provenance(*planned_at), plan, &parents)?;
                let event = Event::GenerationCommitted {
                    generation: *id,
                    commit: made.commit.to_string(),
                    tree: made.tree.to_string(),
                };
                return Ok(Some(Record { seq: missing, at, event }));
            }
        }
        // A commit without its plan: the archive has the plan too.
        let next = family.lineage.next_id();
        let is_planned = |record: &Record| match &record.event {
            Event::GenerationPlanned { plan } => plan.generation == next,
            _ => false,
        };
        if after.iter().any(is_planned) {
            return Ok(None);
        }
        let Some(commit) = noted(next) else { return Ok(None) };
        let Some((plan, at)) = self.plan_of(commit.parse()?) else { return Ok(None) };
        let Some(parents) = family.parents(&plan) else { return Ok(None) };
        let made = self.archive.compute(&family.provenance(at), &plan, &parents)?;
        let event = Event::GenerationPlanned { plan: Box::new(plan) };
        let proven = made.commit.to_string() == commit;
        Ok(proven.then_some(Record { seq: missing, at, event }))
    }

    /// A generation's plan as its commit tells it, to the second.
    fn plan_of(&self, commit: CommitId) -> Option<(GenerationPlan, UnixMillis)> {
        let record = self.archive.record(commit).ok()?;
        let files = self.archive.agent_files(commit).ok()?;
        let (_, _, seconds) = self.archive.told_by(commit).ok()??;
        let plan = GenerationPlan {
            generation: record.generation,
            parents: record.parents,
            by: record.by,
            op: record.op,
            status: record.status,
            files,
            changed: record.changed,
            summary: record.summary,
            diagnostics: record.diagnostics,
            stage_failed: record.stage_failed,
            model: record.models.meta,
            repairs: record.repairs,
            tag: record.tag,
            handed_back: record.handed_back,
            focus: Vec::new(),
        };
        Some((plan, UnixMillis(seconds.saturating_mul(1000))))
    }
}

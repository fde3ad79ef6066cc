//! What the outer loop takes in: a generation is written, a measurement enters the family tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evidence::add_prompt;
use super::expand::Rewritten;
use super::measure::Measured;
use super::note::About;
use super::outer::Outer;
use super::{EngineError, Stopped, grade, note};
use crate::archive::{Branch, CommitId, Provenance};
use crate::base::id::GenerationId;
use crate::base::unit::UnixMillis;
use crate::domain::event::{Event, GenerationPlan, GenerationStatus, Halt};
use crate::domain::files::FileSet;
use crate::domain::ladder::SelectResult;
use crate::domain::shelf::KeptPlan;

/// Rewrites that stay invalid in a row before the run pauses.
const INVALID_STREAK: u32 = 5;

impl Outer {
    /// Writes a rewrite and what was asked for it.
    pub(super) async fn take_rewritten(&mut self, rewritten: Rewritten) -> Result<(), Stopped> {
        let Rewritten { plan, prompts } = rewritten;
        let id = plan.generation;
        let mut files = BTreeMap::new();
        for prompt in &prompts {
            add_prompt(&mut files, prompt);
        }
        let measured_later = plan.status == GenerationStatus::Valid;
        self.take_generation(plan).await?;
        self.lineage.pay(id, self.session.costs.take_rewrite(id));
        if measured_later {
            self.asked.insert(id, files);
        } else {
            let at = self.planned_at.get(id.0 as usize).copied().unwrap_or_default();
            let run = &self.session.identity.run;
            self.session.archive.write_evidence(run, id, &FileSet(files), at)?;
        }
        if self.streak >= INVALID_STREAK {
            let detail = format!(
                "{INVALID_STREAK} rewrites in a row stayed invalid; the last is {id} (`show {id}`)"
            );
            return Err(Stopped::Halted { why: Halt::InvalidStreak, detail });
        }
        Ok(())
    }

    /// Writes a generation: intent, objects and ref, done. One that the journal calls done is only looked at when the
    /// machine has started anew since.
    pub(super) async fn take_generation(&mut self, plan: KeptPlan) -> Result<(), Stopped> {
        let id = plan.generation;
        let session = self.session.clone();
        let at = match session.recorded.planned_at(id) {
            Some(at) => at,
            None => {
                session.record(Event::GenerationPlanned { plan: plan.whole().into() }).await?.at
            }
        };
        let recorded = session.recorded.commit(id);
        let commit = match recorded {
            Some(commit) if !session.restarted => commit.to_owned(),
            _ => self.write(&plan.whole(), at, recorded)?,
        };
        let rejected = plan.status == GenerationStatus::Rejected;
        self.lineage.plan(plan);
        self.lineage.committed(id, commit);
        self.planned_at.push(at);
        let counts = id >= session.source().streak_from();
        self.streak = if rejected && counts { self.streak + 1 } else { 0 };
        Ok(())
    }

    fn write(
        &self,
        plan: &GenerationPlan,
        at: UnixMillis,
        recorded: Option<&str>,
    ) -> Result<String, Stopped> {
        let session = &self.session;
        let provenance = Provenance { identity: &session.identity, kernel: &session.kernel, at };
        if let Some(recorded) = recorded {
            let recorded: CommitId = recorded.parse().map_err(EngineError::from)?;
            let verified = session.archive.verify(&provenance, plan, Some(recorded))?;
            return Ok(verified.committed.commit.to_string());
        }
        let written = session.archive.commit_generation(&provenance, plan)?;
        session.append(Event::GenerationCommitted {
            generation: plan.generation,
            commit: written.commit.to_string(),
            tree: written.tree.to_string(),
        })?;
        Ok(written.commit.to_string())
    }

    /// Takes in a measurement: the family tree, the script's word on the newcomer, evidence and note.
    pub(super) async fn take_measured(
        &mut self,
        step: u32,
        who: GenerationId,
        measured: Measured,
    ) -> Result<(), Stopped> {
        let Measured { episodes, raced_out } = measured;
        let block = episodes.iter().map(|(_, result, _)| result.select_block).max();
        if let Some(block) = block.filter(|block| *block > self.lineage.select_block()) {
            self.renew_select(block).await?;
        }
        let session = self.session.clone();
        let recorded = session.recorded.evaluated(step).copied();
        let first = self.lineage.get(who).is_some_and(|g| g.measured.is_empty());
        let mut files = FileSet(self.asked.remove(&who).unwrap_or_default());
        for (episode, result, evidence) in episodes {
            for (model, gain) in evidence.outcomes() {
                Arc::make_mut(&mut self.known).add(model, *gain);
            }
            // What is on record has its evidence.
            if recorded.is_none() {
                files.0.extend(evidence.into_files(&result.best));
            }
            let paid = self.session.costs.take_episode((who, episode.clone()));
            self.lineage.pay(who, paid);
            self.lineage.measured(who, episode, result);
        }
        self.lineage.race_out(who, raced_out);
        let admitted = match &recorded {
            Some(recorded) => recorded.admitted,
            None if first && who.0 > 0 => self.ask_admission(who).await?,
            None => self.lineage.get(who).is_none_or(|g| g.admitted),
        };
        self.lineage.admit(who, admitted);
        let utility = match &recorded {
            Some(recorded) => recorded.utility,
            None => self.ask_utility(who).await?,
        };
        self.lineage.evaluated(who, utility);
        let at = match recorded {
            Some(recorded) => {
                if session.restarted {
                    self.restore_evidence(who)?;
                }
                recorded.at
            }
            None => {
                // The plan's time, so that evidence written again after a crash is the same commit.
                let at = self.planned_at.get(who.0 as usize).copied().unwrap_or_default();
                let run = &session.identity.run;
                let evidence = session.archive.write_evidence(run, who, &files, at)?;
                session
                    .record(Event::Evaluated {
                        step,
                        generation: who,
                        admitted,
                        utility,
                        raced_out,
                        evidence: Some(evidence.to_string()),
                    })
                    .await?
                    .at
            }
        };
        // A process that was killed may have left out the last one; a machine that started anew, any.
        if session.restarted || !session.recorded.evaluated_after(step) {
            self.note(who, at)?;
            session.archive.compact_when_due()?;
        }
        self.keep_hooks();
        Ok(())
    }

    /// Begins a block of select cases: the best generation's solutions are measured on it before anybody else's count.
    async fn renew_select(&mut self, block: u32) -> Result<(), Stopped> {
        let session = self.session.clone();
        let (generation, results) = match session.recorded.renewed(block) {
            Some(renewed) => renewed.clone(),
            None => {
                let generation = self.lineage.best();
                let results = self.select_again(generation, block).await?;
                let event = Event::SelectRenewed { block, generation, results: results.clone() };
                session.record(event).await?;
                (generation, results)
            }
        };
        self.lineage.renew_select(block, generation, &results);
        Ok(())
    }

    async fn select_again(
        &self,
        who: GenerationId,
        block: u32,
    ) -> Result<Vec<SelectResult>, Stopped> {
        let measured = self.lineage.get(who).into_iter().flat_map(|g| &g.measured);
        let mut results = Vec::new();
        for (episode, result) in measured {
            if let Some(task) = self.session.tasks.get(&episode.task) {
                let selected =
                    grade::select(&self.session, task, episode, &result.best.files(), block)
                        .await?;
                results.push(selected.0);
            }
        }
        Ok(results)
    }

    /// Sets the ref of a generation's evidence again, if a power cut took it.
    fn restore_evidence(&self, who: GenerationId) -> Result<(), Stopped> {
        let (archive, run) = (&self.session.archive, &self.session.identity.run);
        if let Some(commit) = self.session.recorded.evidence(who)
            && archive.evidence(run, who)?.is_none()
        {
            archive.restore_evidence(run, who, commit.parse().map_err(EngineError::from)?)?;
        }
        Ok(())
    }

    /// Writes the note of a generation, unless it has the text already.
    fn note(&self, who: GenerationId, at: UnixMillis) -> Result<(), Stopped> {
        let Some(commit) = self.commit(who)? else { return Ok(()) };
        let metrics = self.session.metrics();
        let (identity, sandbox) = (&self.session.identity, self.session.sandbox);
        let about = About { identity, metrics: &metrics, sandbox };
        let note = note::text(&about, &self.lineage, who);
        if self.session.archive.note(commit)?.as_deref() != Some(&note) {
            self.session.archive.set_note(commit, &note, at)?;
        }
        Ok(())
    }

    fn commit(&self, id: GenerationId) -> Result<Option<CommitId>, Stopped> {
        let commit = self.lineage.get(id).and_then(|g| g.commit.as_deref());
        Ok(commit.map(str::parse).transpose().map_err(EngineError::from)?)
    }

    /// Points the run's branches at where the family tree stands.
    pub(super) fn point_branches(&mut self) -> Result<(), Stopped> {
        let run = self.session.identity.run.clone();
        let always = [(Branch::Latest, self.lineage.latest()), (Branch::Best, self.lineage.best())];
        let certified = self.lineage.certified().map(|id| (Branch::Certified, id));
        for (branch, to) in always.into_iter().chain(certified) {
            if self.pointed.get(branch.as_str()) == Some(&to) {
                continue;
            }
            if let Some(commit) = self.commit(to)? {
                let archive = &self.session.archive;
                let from = archive.branch(&run, branch)?;
                archive.set_branch(&run, branch, commit, from)?;
                self.pointed.insert(branch.as_str(), to);
            }
        }
        Ok(())
    }
}

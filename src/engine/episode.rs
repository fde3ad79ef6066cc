//! The driver of the inner loop: it performs what the episode's machine wants and feeds it what came of it.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::{self, Worked};
use super::evidence::EpisodeEvidence;
use super::hooks::{Call, EpisodeMirror, Hooks};
use super::session::Session;
use super::{EngineError, Stopped, grade};
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::{InnerAction, add_variables};
use crate::domain::event::{EpisodeResult, Event};
use crate::domain::settings::Start;
use crate::domain::task::Case;
use crate::script::{Arg, Hook, RngKey};
use crate::solve::episode::{Episode, Setting, Want};

mod verdict;

/// The numbers behind a random stream of an episode. Episodes of two generations share their streams when both start
/// from the initial solution, so they are compared in pairs; in carry mode the generation is part of the stream, or a
/// child that starts where its parent ended would repeat the parent's proposals.
pub fn stream_indices(
    session: &Session,
    generation: GenerationId,
    episode: &EpisodeId,
    rest: &[u64],
) -> Vec<u64> {
    let mut indices = vec![session.task_index(&episode.task), u64::from(episode.index)];
    if session.identity.start == Start::Carry {
        indices.push(u64::from(generation.0));
    }
    indices.extend_from_slice(rest);
    indices
}

/// An episode as dispatched.
pub struct Begun {
    /// The number of its state in a worker.
    pub world: u64,
    /// What it is about.
    pub setting: Setting,
    /// Where its start came from.
    pub from: Option<GenerationId>,
    /// The block of select cases its solution is measured on.
    pub select_block: u32,
}

/// An episode under way.
struct Drive {
    session: Arc<Session>,
    mirror: EpisodeMirror,
    episode: Episode,
    cases: Arc<Vec<Case>>,
    open: VecDeque<(u32, AbortOnDropHandle<Result<Worked, Stopped>>)>,
    evidence: EpisodeEvidence,
    select_block: u32,
}

/// Runs one episode to its end.
pub async fn run(
    session: Arc<Session>,
    hooks: Hooks,
    begun: Begun,
) -> Result<(EpisodeResult, EpisodeEvidence), Stopped> {
    let Begun { world, setting, from, select_block } = begun;
    let key = (setting.generation, setting.episode.clone());
    if session.recorded.start(&key).is_none() {
        session
            .record(Event::EpisodeStarted {
                generation: setting.generation,
                episode: setting.episode.clone(),
                start: setting.start.clone(),
                from,
                suite: setting.suite.clone(),
            })
            .await?;
    }
    let mut cases = grade::train_cases(&session, &setting.task);
    cases.extend(setting.suite.iter().cloned());
    let cases = Arc::new(cases);
    let evidence = EpisodeEvidence::new(setting.episode.clone());
    let mut drive = Drive {
        mirror: EpisodeMirror::new(hooks, world),
        episode: Episode::new(setting),
        session,
        cases,
        open: VecDeque::new(),
        evidence,
        select_block,
    };
    loop {
        let done = match drive.episode.want() {
            Want::Start => drive.start().await,
            Want::Decide => drive.decide().await,
            Want::Settle { attempt } => drive.settle(attempt).await,
            Want::Nothing => break,
        };
        if done.as_ref().is_err_and(Stopped::lets_work_end) {
            // What they are answered is on record then, and is not asked again.
            for (_, work) in drive.open.drain(..) {
                let _ = work.await;
            }
        }
        done?;
    }
    drive.finish().await
}

impl Drive {
    fn key(&self) -> (GenerationId, EpisodeId) {
        (self.episode.setting.generation, self.episode.setting.episode.clone())
    }

    async fn start(&mut self) -> Result<(), Stopped> {
        let setting = &self.episode.setting;
        let (generation, episode) = self.key();
        let recorded = self.session.recorded.measured_start(&self.key()).cloned();
        let result = match recorded {
            Some(result) => result,
            None => {
                let files = &setting.start;
                let measured =
                    grade::measure(&self.session, &setting.task, files, &self.cases).await?;
                let mut result = grade::from_measurement(&setting.task, files, measured);
                result.gain = Some(0.0);
                self.session.append(Event::StartMeasured {
                    generation,
                    episode,
                    result: Box::new(result.clone()),
                })?;
                result
            }
        };
        if result.metric.is_none() {
            let task = setting.task.name().to_string();
            return Err(EngineError::NothingToMeasure { task, reason: result.reason }.into());
        }
        self.episode.started(result);
        Ok(())
    }

    async fn decide(&mut self) -> Result<(), Stopped> {
        self.session.check_going()?;
        let (generation, episode) = self.key();
        let number = self.episode.used() + 1;
        let consult = self.episode.consults() + 1;
        let recorded = &self.session.recorded;
        let advised = recorded.consult(&self.key(), consult);
        if let Some((_, action)) = advised.filter(|(before, _)| *before == number) {
            let action = action.clone();
            return self.advise(consult, action).await;
        }
        let action = match recorded.decision(&self.key(), number) {
            Some(action) => action.clone(),
            None => {
                self.session.check_beginning()?;
                let action = self.next_action(number).await?;
                let (attempt, action_is) = (number, action.clone());
                if matches!(action, InnerAction::Review { .. } | InnerAction::Reflect { .. }) {
                    let decided = Event::ConsultDecided {
                        generation,
                        episode,
                        consult,
                        attempt,
                        action: action_is,
                    };
                    self.session.record(decided).await?;
                    return self.advise(consult, action).await;
                }
                let decided =
                    Event::AttemptDecided { generation, episode, attempt, action: action_is };
                self.session.record(decided).await?;
                action
            }
        };
        match self.episode.decided(action) {
            Ok(None) => Ok(()),
            Ok(Some(attempt)) => {
                self.dispatch(attempt);
                Ok(())
            }
            Err(unusable) => Err(self.mismatch(&unusable.to_string())),
        }
    }

    /// Asks for advice; nothing else of the episode is decided meanwhile.
    async fn advise(&mut self, consult: u32, action: InnerAction) -> Result<(), Stopped> {
        let agent = self.mirror.hooks().agent().clone();
        let advised =
            super::consult::advise(&self.session, &agent, &self.episode, consult, &action).await?;
        let (generation, episode) = self.key();
        if self.session.recorded.advice(&self.key(), consult).is_none() {
            let advice = advised.advice.clone();
            self.session.append(Event::Consulted { generation, episode, consult, advice })?;
        }
        self.evidence.add_advice(consult, &advised);
        self.episode.advised(&action, advised.advice);
        Ok(())
    }

    /// Asks the script. A script that fails or asks for the impossible ends its episode: the attempts it did not make
    /// are its own loss, and the reason is on record. A cap of the generation that an attempt met ends it too, and one of
    /// a role as soon as that role is wanted again.
    async fn next_action(&mut self, number: u32) -> Result<InnerAction, Stopped> {
        if let Some(why) = self.episode.closed() {
            return Ok(InnerAction::Stop { why: why.to_owned() });
        }
        let action = self.wanted(number).await?;
        let InnerAction::Propose { role, .. } = &action else { return Ok(action) };
        let closed = self.episode.closed_role(role).map(str::to_owned);
        Ok(closed.map_or(action, |why| InnerAction::Stop { why }))
    }

    /// What the script wants.
    async fn wanted(&mut self, number: u32) -> Result<InnerAction, Stopped> {
        let hooks = self.mirror.hooks().clone();
        if !hooks.has(Hook::NextAttempt) {
            return Ok(self.default_action());
        }
        let call = Call { hook: Hook::NextAttempt, args: &[], rng: self.rng("inner", number) };
        let value = match self.mirror.call(&self.episode, call).await? {
            Ok(value) => value,
            Err(diagnostic) => return Ok(InnerAction::Stop { why: diagnostic.to_string() }),
        };
        let action = match InnerAction::read(&value) {
            Ok(action) => action,
            Err(fault) => return Ok(InnerAction::Stop { why: fault.to_string() }),
        };
        let checked = super::guard::inner(&self.session, hooks.agent(), &self.episode, &action);
        if let Err(diagnostic) = checked {
            return Ok(InnerAction::Stop { why: diagnostic.to_string() });
        }
        self.with_variables(number, action).await
    }

    /// A proposal with the prompt variables that the hook `vars` gives; those of the action itself come first.
    async fn with_variables(
        &mut self,
        number: u32,
        mut action: InnerAction,
    ) -> Result<InnerAction, Stopped> {
        let InnerAction::Propose { role, vars, .. } = &mut action else { return Ok(action) };
        if !self.mirror.hooks().has(Hook::Vars) {
            return Ok(action);
        }
        let args = [Arg::Value(json!(role))];
        let call = Call { hook: Hook::Vars, args: &args, rng: self.rng("vars", number) };
        match self.mirror.call(&self.episode, call).await? {
            Ok(value) => match add_variables(vars, value) {
                Ok(()) => Ok(action),
                Err(fault) => Ok(InnerAction::Stop { why: fault.to_string() }),
            },
            Err(diagnostic) => Ok(InnerAction::Stop { why: diagnostic.to_string() }),
        }
    }

    /// The kernel's `next_attempt`: change the best candidate.
    fn default_action(&self) -> InnerAction {
        InnerAction::Propose {
            base: self.episode.best_id(),
            refs: Vec::new(),
            op: "edit".into(),
            role: "worker".into(),
            show: Vec::new(),
            vars: serde_json::Map::new(),
            model: None,
            format: None,
            max_similarity: None,
            resample: None,
            tag: serde_json::Map::new(),
        }
    }

    fn dispatch(&mut self, attempt: u32) {
        let agent = self.mirror.hooks().agent().clone();
        let dispatched =
            attempt::dispatch(&self.session, &agent, &self.episode, &self.cases, attempt);
        let session = self.session.clone();
        let work = async move {
            match dispatched {
                Some(dispatch) => attempt::work(&session, &dispatch).await,
                None => Err(EngineError::Internal("an attempt without a proposal".into()).into()),
            }
        };
        self.open.push_back((attempt, AbortOnDropHandle::new(tokio::spawn(work))));
    }

    async fn settle(&mut self, attempt: u32) -> Result<(), Stopped> {
        let Some((number, handle)) = self.open.pop_front() else {
            return Err(self.mismatch("an open attempt has no work"));
        };
        if number != attempt {
            return Err(self.mismatch("attempts are settled out of order"));
        }
        let mut worked = handle.await.map_err(|e| EngineError::Internal(e.to_string()))??;
        let (generation, episode) = self.key();
        if self.session.recorded.attempt(&self.key(), attempt).is_none() {
            self.judge(attempt, &mut worked).await?;
            self.session.append(Event::AttemptFinished {
                generation,
                episode,
                attempt,
                result: Box::new(worked.result.clone()),
            })?;
        }
        self.evidence.add(attempt, &worked);
        self.episode.finished(attempt, worked.files, worked.result);
        Ok(())
    }

    fn rng(&self, purpose: &str, number: u32) -> RngKey {
        let (generation, episode) = self.key();
        RngKey {
            seed: self.session.identity.seed,
            purpose: purpose.to_owned(),
            indices: stream_indices(&self.session, generation, &episode, &[u64::from(number)]),
        }
    }

    fn mismatch(&self, what: &str) -> Stopped {
        let (generation, episode) = self.key();
        EngineError::Mismatch {
            run: self.session.identity.run.to_string(),
            what: format!("{episode} of {generation}: {what}"),
        }
        .into()
    }

    /// Measures the best candidate on the select cases, which no script and no model ever sees; what compares agents
    /// has a measurement of its own.
    async fn finish(self) -> Result<(EpisodeResult, EpisodeEvidence), Stopped> {
        let key = self.key();
        let result = match self.session.recorded.episode(&key) {
            Some(result) => result.whole(),
            None => {
                let mut result = self.episode.result();
                if !self.session.identity.is_comparison(&key.1) {
                    self.select(&mut result).await?;
                }
                self.session
                    .record(Event::EpisodeFinished {
                        generation: key.0,
                        episode: key.1,
                        result: Box::new(result.clone()),
                    })
                    .await?;
                result
            }
        };
        self.mirror.close().await?;
        Ok((result, self.evidence))
    }

    async fn select(&self, result: &mut EpisodeResult) -> Result<(), Stopped> {
        let task = &self.episode.setting.task;
        let (episode, block) = (&self.episode.setting.episode, self.select_block);
        let (selected, trials) =
            grade::select(&self.session, task, episode, &result.best, block).await?;
        result.trials += trials;
        selected.renew(result, block);
        Ok(())
    }
}

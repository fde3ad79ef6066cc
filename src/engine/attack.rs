//! The attack action: the tester of a generation proposes cases, the task's own oracle lets them in or not, and
//! everybody's best solution is measured on what was let in. The suite grows, and nobody's word but the oracle's counts.

use std::sync::Arc;

use serde_json::Value;

use super::readable::{TURNS, ask_for};
use super::session::Session;
use super::{EngineError, Stopped, grade};
use crate::base::id::{Alias, GenerationId};
use crate::domain::agent::Role;
use crate::domain::event::{CallKey, Halt};
use crate::domain::lineage::{Generation, Holding, Lineage};
use crate::domain::suite::{AttackReport, Intake, Refusal, Rescored, read_proposals};
use crate::domain::task::{Case, Task};
use crate::model::{Brief, CasesBrief, Message, Request, Speaker, Toolbox};
use crate::prompt::Prompt;
use crate::rewrite::Agent;
use crate::solve::context;

/// The name of the role.
pub const TESTER: &str = "tester";
/// The offline tester chooses among so many times what it may propose.
const DRAWN: u32 = 4;
/// Cases shown to the tester, the newest.
pub const SHOWN: usize = 20;

/// An attack as decided.
pub struct Attack<'a> {
    /// The step that decided it.
    pub step: u32,
    /// Whose tester proposes.
    pub by: GenerationId,
    /// Those to break; empty: all other live ones.
    pub targets: &'a [GenerationId],
    /// Cases of each task.
    pub n: u32,
}

/// Performs an attack on every task that takes proposals.
pub async fn run(
    session: &Arc<Session>,
    lineage: &Lineage,
    agent: &Agent,
    attack: &Attack<'_>,
) -> Result<Vec<AttackReport>, Stopped> {
    let (role, prompt) = agent
        .role(TESTER)
        .ok_or_else(|| EngineError::Internal("an attack by an agent without a tester".into()))?;
    let mut reports = Vec::new();
    for task in session.tasks.values().filter(|task| task.spec.proposals.is_some()) {
        reports.push(One { session, lineage, attack, task, role, prompt }.run().await?);
    }
    Ok(reports)
}

/// What an answer has to be: so many cases of the task's shape.
pub fn contract(task: &Task, n: u32) -> String {
    let shape = task.spec.proposals.as_ref().map_or("", |spec| spec.shape.as_str());
    format!("Answer with one JSON list of {n} new cases and nothing else. A case is {shape}.\n")
}

/// The attack on one task.
struct One<'a> {
    session: &'a Session,
    lineage: &'a Lineage,
    attack: &'a Attack<'a>,
    task: &'a Task,
    role: &'a Role,
    prompt: &'a Prompt,
}

impl One<'_> {
    async fn run(&self) -> Result<AttackReport, Stopped> {
        let mut intake = Intake::default();
        let known = self.lineage.suite().of(self.task.name());
        let proposals = self.propose(&mut intake).await?;
        let proposed = u32::try_from(proposals.len()).unwrap_or(u32::MAX).max(self.attack.n);
        for _ in proposals.len()..self.attack.n as usize {
            intake.refuse("missing", "fewer cases than were asked for".to_owned());
        }
        let room = self.task.spec.proposals.as_ref().map_or(0, |spec| spec.most as usize);
        let most = (self.attack.n as usize).min(room.saturating_sub(known.len()));
        let prefix = format!("step{}", self.attack.step);
        for checked in self.check(&proposals).await? {
            intake.take(checked, known, most, &prefix);
        }
        let Intake { accepted, refused } = intake;
        let (rescored, hardness, trials) = self.rescore(&accepted).await?;
        let task = self.task.name().clone();
        Ok(AttackReport { task, accepted, refused, proposed, hardness, rescored, trials })
    }

    /// Asks the tester; an answer that stays unreadable is no proposal at all.
    async fn propose(&self, intake: &mut Intake) -> Result<Vec<Value>, Stopped> {
        let request = match self.request().await? {
            Ok(request) => request,
            Err(reason) => {
                intake.refuse("shape", reason);
                return Ok(Vec::new());
            }
        };
        let at = |turn| (self.key(turn), self.seed(turn));
        let heard = ask_for(self.session, request, &self.contract(), at, read_proposals).await?;
        for reason in heard.turns.into_iter().filter_map(|turn| turn.fault) {
            intake.refuse("shape", reason);
        }
        Ok(heard.read.unwrap_or_default())
    }

    fn key(&self, turn: u32) -> CallKey {
        let (generation, step) = (self.attack.by, self.attack.step);
        CallKey::Attack { generation, task: self.task.name().clone(), step, turn }
    }

    fn seed(&self, turn: u32) -> u64 {
        let task = self.session.task_index(self.task.name());
        self.session.seed(TESTER, &[u64::from(self.attack.step), task, u64::from(turn)])
    }

    fn contract(&self) -> String {
        contract(self.task, self.attack.n)
    }

    /// The first request; the reason when the tester's prompt cannot be rendered.
    async fn request(&self) -> Result<Result<Request, String>, Stopped> {
        let known = self.lineage.suite().of(self.task.name());
        let shown: Vec<&Case> = known.iter().rev().take(SHOWN).rev().collect();
        let best = self.targets().into_iter().max_by(|a, b| a.1.score.total_cmp(&b.1.score));
        let files = best.map_or_else(|| self.task.initial.clone(), |(_, held)| held.files.files());
        let vars = context::tester(self.task, &files, &shown, &self.contract());
        let text = match self.prompt.render(&vars) {
            Ok(text) => text,
            Err(fault) => {
                return Ok(Err(format!("the tester's prompt cannot be rendered: {fault}")));
            }
        };
        let alias: Alias =
            self.session.identity.model.clone().unwrap_or_else(|| self.role.model.clone());
        let pool =
            if self.session.models.is_offline(&alias) { self.drawn().await? } else { Vec::new() };
        Ok(Ok(Request {
            key: self.key(0),
            role: TESTER.to_owned(),
            alias,
            messages: vec![Message { speaker: Speaker::User, text }],
            temperature: self.role.temperature,
            top_p: self.role.top_p,
            max_output_tokens: self.role.max_output_tokens,
            seed: self.seed(0),
            brief: Arc::new(Brief::Cases(CasesBrief {
                pool,
                n: self.attack.n,
                files: files.clone(),
            })),
            beside: Arc::default(),
            tools: Toolbox::default(),
        }))
    }

    /// What the task's own `draw` offers, for a tester without a language model.
    async fn drawn(&self) -> Result<Vec<Value>, Stopped> {
        let seeds: Vec<u64> = (0..self.attack.n.saturating_mul(DRAWN))
            .map(|index| self.seed(TURNS + index) % (1 << 32))
            .collect();
        let drawn = self.session.evaluator.draw(self.task, &seeds).await;
        drawn.map_err(|reason| self.broken(&reason))
    }

    /// What the task's own check says of each proposal.
    async fn check(&self, proposals: &[Value]) -> Result<Vec<Result<Value, Refusal>>, Stopped> {
        if proposals.is_empty() {
            return Ok(Vec::new());
        }
        let checked = self.session.evaluator.check(self.task, proposals).await;
        checked.map_err(|reason| self.broken(&reason))
    }

    /// A benchmark that cannot check is the machine's affair or the task author's, nobody else's.
    fn broken(&self, reason: &str) -> Stopped {
        let detail = format!("{} cannot take proposals: {reason}", self.task.name());
        Stopped::Halted { why: Halt::Environment, detail }
    }

    /// Everybody who holds a solution.
    fn holders(&self) -> impl Iterator<Item = (&Generation, &Holding)> {
        let live = self.lineage.generations().iter().filter(|generation| generation.is_live());
        live.filter_map(|generation| Some((generation, generation.holds.get(self.task.name())?)))
    }

    /// Those to break.
    fn targets(&self) -> Vec<(&Generation, &Holding)> {
        let Attack { by, targets, .. } = self.attack;
        let meant = |id: GenerationId| match targets.is_empty() {
            true => id != *by,
            false => targets.contains(&id),
        };
        self.holders().filter(|(generation, _)| meant(generation.id())).collect()
    }

    /// Measures everybody's best solution on the new cases: what it is worth now, and what the targets lost.
    async fn rescore(&self, accepted: &[Case]) -> Result<(Vec<Rescored>, f64, u32), Stopped> {
        let (mut rescored, mut lost, mut trials) = (Vec::new(), Vec::new(), 0);
        if accepted.is_empty() {
            return Ok((rescored, 0.0, 0));
        }
        let targets: Vec<GenerationId> = self.targets().iter().map(|(g, _)| g.id()).collect();
        let scale = self.task.spec.score;
        for (generation, held) in self.holders() {
            let measured =
                grade::measure(self.session, self.task, &held.files.files(), accepted).await?;
            trials += u32::try_from(measured.cases.len()).unwrap_or(u32::MAX);
            let n = u32::try_from(accepted.len()).unwrap_or(u32::MAX);
            // Where no metric came of it, each case is worth what the scale calls nothing.
            let metric = measured.metric.unwrap_or(scale.floor);
            if targets.contains(&generation.id()) {
                lost.push(1.0 - scale.score(metric));
            }
            let all = f64::from(held.cases + n);
            let after = (held.metric * f64::from(held.cases) + metric * f64::from(n)) / all;
            rescored.push(Rescored {
                generation: generation.id(),
                before: held.metric,
                after,
                score: scale.score(after),
            });
        }
        Ok((rescored, crate::domain::stats::mean(&lost), trials))
    }
}

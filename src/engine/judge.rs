//! The judge action: a generation's judge reads candidates and says what they are worth; nothing is measured. On the anchor its
//! words are held against scores the kernel knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::seq::SliceRandom;

use super::readable::ask_for;
use super::session::Session;
use super::{EngineError, Stopped};
use crate::base::digest::Digest;
use crate::base::id::{Alias, GenerationId, TaskName};
use crate::base::rng;
use crate::domain::agent::Role;
use crate::domain::event::CallKey;
use crate::domain::files::FileSet;
use crate::domain::judge::{ANCHOR, Anchored, VERDICT_CONTRACT, Verdict, read_verdict};
use crate::domain::lineage::Lineage;
use crate::model::{Brief, JudgeBrief, Message, Request, Speaker, Toolbox};
use crate::prompt::Prompt;
use crate::rewrite::Agent;
use crate::solve::context;

/// The name of the role.
const JUDGE: &str = "judge";

/// A judge action as decided.
#[derive(Debug, Clone, Copy)]
pub struct Judging {
    /// The step that decided it.
    pub step: u32,
    /// Whose judge reads.
    pub by: GenerationId,
    /// Whose best solutions; `None`: candidates of the anchor.
    pub of: Option<GenerationId>,
    /// The most candidates.
    pub n: u32,
}

/// The candidates an anchor may be made of, with what they were measured at: the start of every task, and the best solution of
/// every episode so far.
pub fn pool(session: &Session, lineage: &Lineage) -> Vec<Anchored> {
    let mut found = BTreeMap::new();
    let mut add = |task: &TaskName, files: &FileSet, score: f64| {
        let candidate = files.digest();
        let one = Anchored { task: task.clone(), candidate: candidate.clone(), score };
        found.entry((task.clone(), candidate)).or_insert(one);
    };
    for (episode, result) in lineage.get(GenerationId(0)).into_iter().flat_map(|g| &g.measured) {
        // Generation 0 begins every task at its own start.
        if let (0, Some(task), Some(metric)) =
            (episode.index, session.tasks.get(&episode.task), result.start_metric)
        {
            add(&episode.task, &task.initial, task.spec.score.score(metric));
        }
    }
    for generation in lineage.generations() {
        for (episode, result) in &generation.measured {
            if result.metric.is_some() {
                add(&episode.task, &result.best.files(), result.score);
            }
        }
    }
    found.into_values().collect()
}

/// The anchor of an epoch that has none yet: so many of the pool, drawn. Those of earlier anchors are left out, unless there are
/// no others.
pub fn draw_anchor(session: &Session, lineage: &Lineage) -> Vec<Anchored> {
    let (known, fresh): (Vec<Anchored>, Vec<Anchored>) = pool(session, lineage)
        .into_iter()
        .partition(|one| lineage.was_anchored(&one.task, &one.candidate));
    let mut pool = if fresh.is_empty() { known } else { fresh };
    let epoch = u64::from(lineage.epoch().index);
    pool.shuffle(&mut rng::stream(session.identity.seed, "anchor", &[epoch]));
    pool.truncate(ANCHOR);
    pool
}

/// Performs the action. The anchor of the epoch is drawn before.
pub async fn run(
    session: &Arc<Session>,
    lineage: &Lineage,
    agent: &Agent,
    judging: Judging,
) -> Result<Vec<Verdict>, Stopped> {
    let read = candidates(lineage, session, judging);
    let Some((role, prompt)) = agent.role(JUDGE) else {
        let reason = "the agent has no [roles.judge]";
        let void = |(verdict, _)| Verdict { reason: reason.to_owned(), ..verdict };
        return Ok(read.into_iter().map(void).collect());
    };
    let mut verdicts = Vec::new();
    for (place, (verdict, files)) in (0..).zip(read) {
        let one = One { session, judging, place, role, prompt, agent };
        verdicts.push(one.run(verdict, &files).await?);
    }
    Ok(verdicts)
}

/// What is read: verdicts without what is said, and the candidates.
fn candidates(lineage: &Lineage, session: &Session, judging: Judging) -> Vec<(Verdict, FileSet)> {
    let Judging { by, of, n, .. } = judging;
    let n = n as usize;
    let blank = |task: &TaskName, files: &FileSet| Verdict {
        task: task.clone(),
        candidate: files.digest(),
        episode: None,
        said: None,
        known: None,
        reason: String::new(),
    };
    let Some(of) = of else {
        let read = lineage.anchor_test(by).n as usize;
        let files = anchored_files(session, lineage);
        let next = lineage.anchor().iter().skip(read).take(n);
        let with_files = next.filter_map(|one| {
            let files = files.get(&(one.task.clone(), one.candidate.clone()))?;
            Some((Verdict { known: Some(one.score), ..blank(&one.task, files) }, files.clone()))
        });
        return with_files.collect();
    };
    let measured = lineage.get(of).map(|generation| &generation.measured);
    let next = lineage.unjudged(by, of).into_iter().take(n);
    let with_files = next.filter_map(|episode| {
        let files = measured?.get(&episode)?.best.files();
        let verdict = blank(&episode.task, &files);
        Some((Verdict { episode: Some(episode), ..verdict }, files))
    });
    with_files.collect()
}

/// The files of the candidates of the anchor.
fn anchored_files(session: &Session, lineage: &Lineage) -> BTreeMap<(TaskName, Digest), FileSet> {
    let wanted: BTreeSet<(&TaskName, &Digest)> =
        lineage.anchor().iter().map(|one| (&one.task, &one.candidate)).collect();
    let starts = session.tasks.values().map(|task| (task.name(), task.initial.clone()));
    let measured = lineage.generations().iter().flat_map(|generation| &generation.measured);
    let bests = measured.map(|(episode, result)| (&episode.task, result.best.files()));
    let mut found = BTreeMap::new();
    for (task, files) in starts.chain(bests) {
        let candidate = files.digest();
        if wanted.contains(&(task, &candidate)) {
            found.entry((task.clone(), candidate)).or_insert(files);
        }
    }
    found
}

/// The verdict on one candidate.
struct One<'a> {
    session: &'a Session,
    judging: Judging,
    place: u32,
    role: &'a Role,
    prompt: &'a Prompt,
    agent: &'a Agent,
}

impl One<'_> {
    async fn run(&self, verdict: Verdict, files: &FileSet) -> Result<Verdict, Stopped> {
        let request = match self.request(&verdict.task, files)? {
            Ok(request) => request,
            Err(reason) => return Ok(Verdict { reason, ..verdict }),
        };
        let at = |turn| (self.key(turn), self.seed(turn));
        let heard = ask_for(self.session, request, VERDICT_CONTRACT, at, read_verdict).await?;
        Ok(match heard.read {
            Ok((said, reason)) => Verdict { said: Some(said), reason, ..verdict },
            Err(reason) => Verdict { reason, ..verdict },
        })
    }

    fn key(&self, turn: u32) -> CallKey {
        let Judging { by, step, .. } = self.judging;
        CallKey::Judge { generation: by, step, place: self.place, turn }
    }

    fn seed(&self, turn: u32) -> u64 {
        let indices = [self.judging.step, self.place, turn].map(u64::from);
        self.session.seed(JUDGE, &indices)
    }

    /// The first request; the reason when the judge's prompt cannot be rendered.
    fn request(
        &self,
        task: &TaskName,
        files: &FileSet,
    ) -> Result<Result<Request, String>, Stopped> {
        let task = self
            .session
            .tasks
            .get(task)
            .ok_or_else(|| EngineError::Internal("a verdict on no task of the run".into()))?;
        let text = match self.prompt.render(&context::judge(task, files, VERDICT_CONTRACT)) {
            Ok(text) => text,
            Err(fault) => {
                return Ok(Err(format!("the judge's prompt cannot be rendered: {fault}")));
            }
        };
        let alias: Alias =
            self.session.identity.model.clone().unwrap_or_else(|| self.role.model.clone());
        Ok(Ok(Request {
            key: self.key(0),
            role: JUDGE.to_owned(),
            alias,
            messages: vec![Message { speaker: Speaker::User, text }],
            temperature: self.role.temperature,
            top_p: self.role.top_p,
            max_output_tokens: self.role.max_output_tokens,
            seed: self.seed(0),
            brief: Arc::new(Brief::Judge(JudgeBrief {
                files: files.clone(),
                start: task.initial.clone(),
                ingredients: task.ingredients.clone(),
                params: self.agent.config.params.clone(),
            })),
            beside: Arc::default(),
            tools: Toolbox::default(),
        }))
    }
}

//! A small run for the tests of this module: a start, two valid rewrites in a line, and a rejected one beside them.

use std::collections::BTreeMap;

use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::base::unit::UnixMillis;
use crate::domain::action::OuterAction;
use crate::domain::event::{
    AttemptEnd, AttemptResult, CallCost, CallKey, Diagnostic, EpisodeResult, Event, GenerationPlan,
    GenerationStatus, Record, Stage,
};
use crate::domain::files::FileSet;
use crate::domain::outcome::{Outcome, SandboxLevel, Usage};
use crate::domain::report::SolutionReport;
use crate::domain::settings::Identity;

/// A journal under construction, one record a second from second 1000 on.
#[derive(Default)]
pub(crate) struct Recording {
    pub records: Vec<Record>,
    next_at: Option<UnixMillis>,
}

impl Recording {
    pub fn at(&mut self, at: UnixMillis) -> &mut Self {
        self.next_at = Some(at);
        self
    }

    pub fn say(&mut self, event: Event) {
        let seq = self.records.last().map_or(1, |last| last.seq + 1);
        let at = self.next_at.take().unwrap_or_else(|| {
            self.records.last().map_or(UnixMillis(1_000_000), |last| UnixMillis(last.at.0 + 1000))
        });
        self.records.push(Record { seq, at, event });
    }

    pub fn start(&mut self) {
        self.say(Event::RunStarted {
            identity: identity(),
            agent: FileSet::default(),
            improver: None,
            kernel: "0.1.0".into(),
            sandbox: SandboxLevel::Full,
            interpreter: None,
        });
    }

    fn answered(&mut self, key: CallKey, role: &str) {
        self.say(Event::Answered {
            key,
            role: role.into(),
            alias: alias(),
            prompt: Digest::of(b"prompt"),
            text: "answer".into(),
            calls: Vec::new(),
            kept: None,
            unusable: None,
            cost: CallCost { requests: 1, wall_ms: 2, ..CallCost::default() },
        });
    }

    pub fn rewrite(&mut self, plan: GenerationPlan) {
        if let Some(parent) = plan.parents.first() {
            self.say(Event::Decided {
                step: 0,
                by: Some(*parent),
                action: OuterAction::Expand {
                    parent: *parent,
                    by: None,
                    refs: Vec::new(),
                    op: plan.op.clone(),
                    focus: Vec::new(),
                    show: Vec::new(),
                    edit: Vec::new(),
                    model: None,
                    vars: serde_json::Map::new(),
                    n: 1,
                    tag: serde_json::Map::new(),
                },
                settled: 0,
            });
            self.answered(CallKey::Rewrite { generation: plan.generation, turn: 0 }, "meta");
        }
        let generation = plan.generation;
        self.say(Event::GenerationPlanned { plan: Box::new(plan) });
        self.say(Event::GenerationCommitted {
            generation,
            commit: format!("{:040x}", 0xabc_0000 + u64::from(generation.0)),
            tree: format!("{:040x}", 0xdef_0000 + u64::from(generation.0)),
        });
    }

    /// One episode of two attempts, the first kept and the second not.
    pub fn measure(&mut self, generation: u32, start: f64, best: f64, select: f64) {
        let (generation, episode) = (GenerationId(generation), episode(0));
        self.say(Event::EpisodeStarted {
            generation,
            episode: episode.clone(),
            start: FileSet::default(),
            from: None,
            suite: Vec::new(),
        });
        self.say(Event::StartMeasured {
            generation,
            episode: episode.clone(),
            result: Box::new(attempt(AttemptEnd::Accepted, start)),
        });
        for (number, end, score) in
            [(1, AttemptEnd::Accepted, best), (2, AttemptEnd::Rejected, 0.01)]
        {
            self.answered(
                CallKey::Attempt { generation, episode: episode.clone(), attempt: number, turn: 0 },
                "worker",
            );
            self.say(Event::AttemptFinished {
                generation,
                episode: episode.clone(),
                attempt: number,
                result: Box::new(attempt(end, score)),
            });
        }
        self.say(Event::EpisodeFinished {
            generation,
            episode,
            result: Box::new(EpisodeResult {
                cases: 5,
                start_metric: Some(start * 40.0),
                metric: Some(best * 40.0),
                score: best,
                best: FileSet::default(),
                attempts: 2,
                accepted: 1,
                trials: 15,
                select_metric: Some(select * 40.0),
                select_score: Some(select),
                select_cases: Vec::new(),
                select_block: 0,
                failures: BTreeMap::new(),
                credit: BTreeMap::new(),
            }),
        });
        self.say(Event::Evaluated {
            step: 0,
            generation,
            admitted: true,
            utility: None,
            raced_out: None,
            evidence: None,
        });
    }
}

pub(crate) fn alias() -> Alias {
    "offline".parse().expect("an alias")
}

pub(crate) fn episode(index: u32) -> EpisodeId {
    EpisodeId { task: "snake".parse().expect("a task"), index }
}

pub(crate) fn identity() -> Identity {
    Identity {
        agent_digest: "d".into(),
        task_digests: std::iter::once(("snake".parse().expect("a task"), "t".into())).collect(),
        generations: 3,
        attempts: 2,
        episodes: 1,
        select_queries: 0,
        ..Identity::plain("run-1".parse().expect("a run"), vec!["snake".parse().expect("a task")])
    }
}

pub(crate) fn attempt(end: AttemptEnd, score: f64) -> AttemptResult {
    AttemptResult {
        end,
        outcome: Some(Outcome::Graded),
        candidate: Some(Digest::of(b"candidate")),
        files: None,
        metric: Some(score * 40.0),
        score: Some(score),
        gain: None,
        cases: Vec::new(),
        lines: 3,
        reason: String::new(),
        error_class: String::new(),
        summary: "num: a step".into(),
        model: Some(alias()),
        violations: Vec::new(),
        usage: Usage::default(),
        trials: 5,
        handed_back: Vec::new(),
        features: Vec::new(),
        gate: None,
        quality: None,
    }
}

/// A valid rewrite of `parent`, or the start.
pub(crate) fn plan(generation: u32, parent: Option<u32>, summary: &str) -> GenerationPlan {
    GenerationPlan {
        generation: GenerationId(generation),
        parents: parent.map(GenerationId).into_iter().collect(),
        by: parent.map(GenerationId),
        op: if parent.is_some() { "rewrite".into() } else { "seed".into() },
        status: GenerationStatus::Valid,
        files: FileSet::default(),
        changed: if parent.is_some() { vec!["agent.toml".into()] } else { Vec::new() },
        summary: summary.into(),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: parent.map(|_| alias()),
        repairs: 0,
        tag: serde_json::Map::new(),
        handed_back: Vec::new(),
        focus: Vec::new(),
    }
}

/// A rewrite that stayed invalid.
pub(crate) fn rejected(generation: u32, parent: u32) -> GenerationPlan {
    GenerationPlan {
        status: GenerationStatus::Rejected,
        diagnostics: vec![Diagnostic {
            code: "E301".into(),
            file: "strategy.star".into(),
            line: 12,
            message: "tick limit in next_step".into(),
        }],
        stage_failed: Some(Stage::DryRun),
        changed: vec!["strategy.star".into()],
        ..plan(generation, Some(parent), "fragment: next_step <- endless")
    }
}

/// The records of the small run.
pub(crate) fn small_run() -> Vec<Record> {
    let mut recording = Recording::default();
    recording.start();
    recording.rewrite(plan(0, None, "seed/hyperagent"));
    recording.measure(0, 0.05, 0.1, 0.08);
    recording.rewrite(plan(1, Some(0), "param: operators.num 1.0 -> 1.4"));
    recording.measure(1, 0.1, 0.2, 0.18);
    recording.rewrite(rejected(2, 0));
    recording.rewrite(plan(3, Some(1), "param: operators.sigma 0.3 -> 0.2"));
    recording.measure(3, 0.2, 0.3, 0.28);
    recording.say(Event::SolutionCompared {
        report: SolutionReport {
            task: "snake".parse().expect("a task"),
            seed: 0.05,
            best: 11.5,
            from: GenerationId(3),
            difference: 11.45,
            low: 10.2,
            high: 12.7,
            n: 60,
        },
    });
    recording
        .say(Event::RunFinished { best: GenerationId(3), why: "all generations are made".into() });
    recording.records
}

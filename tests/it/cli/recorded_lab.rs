//! A lab with a small finished run, recorded through the library: a start, a valid rewrite, a rejected one.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyperagent::archive::{Archive, Branch, Provenance};
use hyperagent::base::clock::SteppingClock;
use hyperagent::base::digest::Digest;
use hyperagent::base::id::{Alias, EpisodeId, GenerationId, RunName, TaskName};
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::action::InnerAction;
use hyperagent::domain::agent::RawContent;
use hyperagent::domain::event::{
    AttemptEnd, AttemptResult, CallCost, CallKey, Diagnostic, EpisodeResult, Event, GenerationPlan,
    GenerationStatus, Stage,
};
use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Outcome, SandboxLevel, Usage};
use hyperagent::domain::settings::Identity;
use hyperagent::journal::Journal;
use hyperagent::lab::agents::load_agent;
use hyperagent::lab::tasks::task_digest;

use super::bench::Bench;

pub const AT: UnixMillis = UnixMillis(1_700_000_000_000);
pub const BEST_PLAYER: &str = "def next_move(snake, food, width, height):\n    return 'UP'\n";

fn task() -> TaskName {
    "snake".parse().expect("a task")
}

fn offline() -> Alias {
    "offline".parse().expect("an alias")
}

fn episode() -> EpisodeId {
    EpisodeId { task: task(), index: 0 }
}

/// A recording under way.
pub struct Recorder {
    archive: Archive,
    journal: Journal,
    identity: Identity,
}

impl Recorder {
    pub fn begin(bench: &Bench, run: &str) -> Self {
        let run: RunName = run.parse().expect("a run");
        let archive = Archive::open_or_create(&bench.path("lab/generations")).expect("an archive");
        let journal =
            Journal::create(&archive.journal_folder(&run), &run, Arc::new(SteppingClock::new(AT)))
                .expect("a journal");
        archive.begin_run(&run).expect("the newest run");
        let digest = task_digest(&bench.path("lab/tasks/snake")).expect("a digest").to_string();
        let identity = Identity {
            agent_digest: seed_files(bench).digest().to_string(),
            task_digests: std::iter::once((task(), digest)).collect(),
            generations: 2,
            attempts: 1,
            episodes: 1,
            select_queries: 0,
            ..Identity::plain(run, vec![task()])
        };
        let recorder = Self { archive, journal, identity };
        recorder.say(Event::RunStarted {
            identity: recorder.identity.clone(),
            agent: seed_files(bench),
            improver: None,
            kernel: "0.1.0".into(),
            sandbox: SandboxLevel::Full,
            interpreter: None,
        });
        recorder
    }

    pub fn say(&self, event: Event) {
        self.journal.append(event).expect("appended");
    }

    pub fn generation(&self, plan: &GenerationPlan) {
        let provenance = Provenance { identity: &self.identity, kernel: "0.1.0", at: AT };
        let committed = self.archive.commit_generation(&provenance, plan).expect("a commit");
        self.say(Event::GenerationPlanned { plan: Box::new(plan.clone()) });
        self.say(Event::GenerationCommitted {
            generation: plan.generation,
            commit: committed.commit.to_string(),
            tree: committed.tree.to_string(),
        });
        if plan.status == GenerationStatus::Valid {
            let run = &self.identity.run;
            for branch in [Branch::Best, Branch::Latest] {
                let from = self.archive.branch(run, branch).expect("a branch");
                self.archive.set_branch(run, branch, committed.commit, from).expect("moved");
            }
        }
    }

    pub fn measure(&self, generation: u32, score: f64) {
        let generation = GenerationId(generation);
        let prompt = format!("please improve, says {generation}");
        let digest = Digest::of(prompt.as_bytes());
        self.say(Event::EpisodeStarted {
            generation,
            episode: episode(),
            start: FileSet::default(),
            from: None,
            suite: Vec::new(),
        });
        self.say(Event::AttemptDecided {
            generation,
            episode: episode(),
            attempt: 1,
            action: InnerAction::Propose {
                base: 0,
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
            },
        });
        self.say(Event::Answered {
            key: CallKey::Attempt { generation, episode: episode(), attempt: 1, turn: 0 },
            role: "worker".into(),
            alias: "fast".parse().expect("an alias"),
            prompt: digest.clone(),
            text: "summary: num: a step".into(),
            calls: Vec::new(),
            kept: None,
            unusable: None,
            cost: CallCost { requests: 1, ..CallCost::default() },
        });
        self.say(Event::AttemptFinished {
            generation,
            episode: episode(),
            attempt: 1,
            result: Box::new(kept(score)),
        });
        self.say(Event::EpisodeFinished {
            generation,
            episode: episode(),
            result: Box::new(EpisodeResult {
                cases: 5,
                start_metric: Some(0.05),
                metric: Some(score * 40.0),
                score,
                best: FileSet::from_iter([("player.py", BEST_PLAYER)]),
                attempts: 1,
                accepted: 1,
                trials: 20,
                select_metric: Some(score * 40.0),
                select_score: Some(score),
                select_cases: Vec::new(),
                select_block: 0,
                failures: BTreeMap::new(),
                credit: BTreeMap::new(),
            }),
        });
        let files = FileSet::from_iter([(format!("prompts/{digest}.md"), prompt)]);
        let run = &self.identity.run;
        let evidence = self.archive.write_evidence(run, generation, &files, AT).expect("evidence");
        self.say(Event::Evaluated {
            step: generation.0,
            generation,
            admitted: true,
            utility: None,
            raced_out: None,
            evidence: Some(evidence.to_string()),
        });
    }
}

fn kept(score: f64) -> AttemptResult {
    AttemptResult {
        end: AttemptEnd::Accepted,
        outcome: Some(Outcome::Graded),
        candidate: None,
        files: None,
        metric: Some(score * 40.0),
        score: Some(score),
        gain: None,
        cases: Vec::new(),
        lines: 2,
        reason: String::new(),
        error_class: String::new(),
        summary: "num: a step".into(),
        model: Some(offline()),
        violations: Vec::new(),
        usage: Usage::default(),
        trials: 20,
        handed_back: Vec::new(),
        features: Vec::new(),
        gate: None,
        quality: None,
    }
}

/// The agent of a new lab.
pub fn seed_files(bench: &Bench) -> FileSet {
    load_agent(&bench.path("lab/agent_config"))
        .expect("an agent")
        .into_iter()
        .map(|file| match file.content {
            RawContent::Bytes(bytes) => (file.path, String::from_utf8(bytes).expect("text")),
            other => panic!("{}: {other:?}", file.path),
        })
        .collect()
}

pub fn plan(bench: &Bench, generation: u32, parent: Option<u32>) -> GenerationPlan {
    let mut files = seed_files(bench);
    if parent.is_some() {
        files.0.insert("memory/notes.md".into(), format!("written by {generation}\n"));
    }
    GenerationPlan {
        generation: GenerationId(generation),
        parents: parent.map(GenerationId).into_iter().collect(),
        by: parent.map(GenerationId),
        op: if parent.is_some() { "rewrite".into() } else { "seed".into() },
        status: GenerationStatus::Valid,
        files,
        changed: parent.map(|_| "memory/notes.md".to_owned()).into_iter().collect(),
        summary: parent.map_or("the start".into(), |_| format!("memory: note {generation}")),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: parent.map(|_| offline()),
        repairs: 0,
        tag: serde_json::Map::new(),
        handed_back: Vec::new(),
        focus: Vec::new(),
    }
}

/// A bench with a finished run `run-1`: gen-00000, gen-00001 better than it, gen-00002 rejected.
pub fn recorded() -> Bench {
    let bench = Bench::with_lab();
    let recorder = Recorder::begin(&bench, "run-1");
    recorder.generation(&plan(&bench, 0, None));
    recorder.measure(0, 0.1);
    recorder.generation(&plan(&bench, 1, Some(0)));
    recorder.measure(1, 0.3);
    recorder.generation(&GenerationPlan {
        status: GenerationStatus::Rejected,
        stage_failed: Some(Stage::DryRun),
        diagnostics: vec![Diagnostic {
            code: "E301".into(),
            file: "strategy.star".into(),
            line: 12,
            message: "tick limit in next_step".into(),
        }],
        ..plan(&bench, 2, Some(0))
    });
    recorder.say(Event::RunFinished { best: GenerationId(1), why: "all made".into() });
    bench
}

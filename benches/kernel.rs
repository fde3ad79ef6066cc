//! What the kernel itself costs: a generation committed, a rewrite validated, a run begun. `cargo bench --bench kernel`.
//!
//! Commits are CPU time of this thread, as the kernel's scheduler counts it. The last block starts the built program in
//! a new lab, with the sandbox and Python already proven, as they are in every run but a lab's first.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyperagent::archive::{Archive, Branch, Provenance};
use hyperagent::base::clock::SystemClock;
use hyperagent::base::id::GenerationId;
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::action::InnerAction;
use hyperagent::domain::agent::AgentFiles;
use hyperagent::domain::event::{Event, GenerationPlan, GenerationStatus};
use hyperagent::domain::outcome::SandboxLevel;
use hyperagent::domain::settings::Identity;
use hyperagent::journal::Journal;
use hyperagent::lab::agents::load_agent;
use hyperagent::rewrite::{Rules, Submission, read_folder, validate};
use hyperagent::sandbox::Host;
use hyperagent::script::Pool;

fn main() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let agent = read_folder(load_agent(&checkout.join("seed/hyperagent")).unwrap()).unwrap();
    commits(&agent);
    records();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(validations(&agent));
    beginnings();
}

/// The CPU time of this thread so far.
fn cpu() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(counted.split_whitespace().next().unwrap().parse().unwrap())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).unwrap().as_secs_f64() * 1000.0
}

fn identity() -> Identity {
    Identity {
        generations: 1000,
        ..Identity::plain("run-1".parse().unwrap(), vec!["snake".parse().unwrap()])
    }
}

/// Generations with a branch moved and a note each: CPU of the first and of the last hundred of a thousand.
fn commits(agent: &AgentFiles) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open_or_create(&folder.path().join("generations")).unwrap();
    let identity = identity();
    let mut times = Vec::new();
    let mut latest = None;
    for number in 0..1000u32 {
        let mut files = agent.clone();
        files.0.insert("memory/notes.md".into(), format!("Note {number}.\n"));
        let plan = GenerationPlan {
            generation: GenerationId(number),
            parents: number
                .checked_sub(1)
                .map(|above| GenerationId(above / 2))
                .into_iter()
                .collect(),
            by: None,
            op: "rewrite".into(),
            status: GenerationStatus::Valid,
            files,
            changed: vec!["memory/notes.md".into()],
            summary: format!("note {number}"),
            diagnostics: Vec::new(),
            stage_failed: None,
            model: None,
            repairs: 0,
            handed_back: Vec::new(),
            tag: serde_json::Map::new(),
            focus: Vec::new(),
        };
        let at = UnixMillis(1_700_000_000_000 + u64::from(number));
        let provenance = Provenance { identity: &identity, kernel: "bench", at };
        let began = cpu();
        let commit = archive.commit_generation(&provenance, &plan).unwrap().commit;
        archive.set_branch(&identity.run, Branch::Latest, commit, latest).unwrap();
        archive.set_note(commit, "Score: 0.5\n", at).unwrap();
        times.push(cpu() - began);
        latest = Some(commit);
    }
    let first = median(times.iter().take(100).copied().collect());
    let last = median(times.iter().rev().take(100).copied().collect());
    println!(
        "generation committed, branch and note included: {first:.2} ms CPU, median of the first 100"
    );
    println!("  of generations 900 to 999: {last:.2} ms CPU, {:.2} times the first", last / first);
}

/// Events a second of a journal: those that wait for the disk, by how many wait at once, and those that do not.
fn records() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for waiting in [1_u32, 8, 32] {
        let folder = tempfile::tempdir().unwrap();
        let run = "run-1".parse().unwrap();
        let journal = Journal::create(folder.path(), &run, Arc::new(SystemClock)).unwrap();
        let each = 200_u32;
        let began = Instant::now();
        runtime.block_on(async {
            let mut open = tokio::task::JoinSet::new();
            for episode in 0..waiting {
                let journal = journal.clone();
                open.spawn(async move {
                    for attempt in 1..=each {
                        journal.record(decision(episode, attempt)).await.unwrap();
                    }
                });
            }
            while let Some(ended) = open.join_next().await {
                ended.unwrap();
            }
        });
        let seconds = began.elapsed().as_secs_f64();
        let rate = f64::from(waiting * each) / seconds;
        println!("decisions made durable, {waiting} open at once: {rate:.0} a second");
    }
}

fn decision(episode: u32, attempt: u32) -> Event {
    Event::AttemptDecided {
        generation: GenerationId(1),
        episode: format!("snake#{episode}").parse().unwrap(),
        attempt,
        action: InnerAction::Propose {
            base: 0,
            refs: vec![1, 2],
            op: "improve".into(),
            role: "worker".into(),
            show: Vec::new(),
            vars: Default::default(),
            model: None,
            format: None,
            max_similarity: None,
            resample: None,
            tag: Default::default(),
        },
    }
}

/// A valid rewrite through all stages, and an invalid one of stage 3, with a warm worker.
async fn validations(agent: &AgentFiles) {
    let pool = Pool::new(Host {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        level: SandboxLevel::Full,
        temporary: std::env::temp_dir(),
    });
    let rules = Rules {
        aliases: BTreeSet::from(["offline".parse().unwrap()]),
        known: Default::default(),
        seed: 1,
    };
    let mut stages: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
    let mut whole = Vec::new();
    for _ in 0..30 {
        pool.warm().await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        let began = Instant::now();
        let report = validate(Submission::of_agent(agent), &rules, &pool).await.unwrap();
        whole.push(began.elapsed());
        assert!(report.valid());
        for (place, stage) in report.stages.iter().enumerate() {
            stages.entry(place).or_default().push(Duration::from_secs_f64(stage.ms / 1000.0));
        }
    }
    println!("a valid rewrite validated, warm worker: {:.1} ms, median of 30", median(whole));
    for (name, times) in
        ["intake", "parse", "signature", "dry run"].iter().zip(stages.into_values())
    {
        println!("  {name}: {:.2} ms", median(times));
    }
    let mut endless = agent.clone();
    let text = "def next_step(S, rng):\n    for a in range(100000):\n        for b in range(100000):\n            pass\n";
    endless.0.insert("strategy.star".into(), text.into());
    let began = Instant::now();
    let report = validate(Submission::of_agent(&endless), &rules, &pool).await.unwrap();
    assert!(!report.valid());
    println!(
        "  a rewrite with endless loops refused: {:.0} ms",
        began.elapsed().as_secs_f64() * 1000.0
    );
}

/// From the start of the program to the first attempt of a run, and what the program holds at its end.
fn beginnings() {
    let folder = tempfile::tempdir().unwrap();
    let lab = folder.path().join("lab");
    let program = env!("CARGO_BIN_EXE_hyperagent");
    assert!(Command::new(program).arg("init").arg(&lab).output().unwrap().status.success());
    let mut times = Vec::new();
    let mut peaks = Vec::new();
    for _ in 0..7 {
        let began = Instant::now();
        let mut run = Command::new(program)
            .args(["--lab".as_ref(), lab.as_os_str(), "run".as_ref(), "--fresh".as_ref()])
            .args(["--generations", "1", "--attempts", "4", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = None;
        for line in BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if first.is_none() && line.contains("\"attempt_decided\"") {
                first = Some(began.elapsed());
            }
            if line.contains("\"solution_compared\"") {
                peaks.extend(peak(run.id()));
            }
        }
        run.wait().unwrap();
        times.extend(first);
    }
    times.remove(0);
    println!("start-up to the first attempt: {:.0} ms, median of 6", median(times));
    println!(
        "peak memory of the program, children apart: {:.1} MB",
        peaks.into_iter().max().unwrap() as f64 / 1024.0
    );
}

/// The peak of a process's resident memory, KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

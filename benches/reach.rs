//! How far a run may go: what a generation, a resume and a look cost after thousands of generations.
//! `cargo bench --bench reach -- --generations 10000 --folder DIR`.
//!
//! The lab has the cheapest agent and task there are, and answers from a file. Its first generations are performed by the
//! program; those up to the number asked for are copies of the third, written into journal and archive as the program
//! writes them; the next ones (`--steps`) are performed again, and measured. With `--folder` the lab stays and a later
//! call goes on from there, so that a long run can be built in parts; `--perform` builds nothing and performs everything.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyperagent::archive::{Archive, Branch, CommitId, Provenance};
use hyperagent::base::clock::SystemClock;
use hyperagent::base::id::{GenerationId, RunName};
use hyperagent::domain::action::OuterAction;
use hyperagent::domain::event::{Event, Record};
use hyperagent::domain::files::FileSet;
use hyperagent::domain::settings::Identity;
use hyperagent::journal::{self, Journal};
use serde_json::Value;

#[path = "support/flag.rs"]
mod flag;
#[path = "support/tiny.rs"]
mod tiny;

use flag::flag;

/// Generations the program makes before any is copied.
const PERFORMED: usize = 4;
/// The generation that is copied.
const PATTERN: u32 = 3;

fn main() {
    let generations: u32 = flag("generations", 1000);
    let steps: usize = flag("steps", 20);
    let temporary = tempfile::tempdir().unwrap();
    let folder: PathBuf = flag("folder", temporary.path().to_owned());
    let lab = folder.join("lab");
    if !lab.exists() {
        tiny::lab(&lab, 20_000);
        let made = Measured::of(tiny::run(&lab), PERFORMED);
        println!("made by the program: {PERFORMED} generations, {:.1} ms each", made.kernel_ms());
    }
    let began = Instant::now();
    let built = extend(&lab, generations);
    println!("{built} generations copied in {:.1} s", began.elapsed().as_secs_f64());
    let found = Measured::of(tiny::resume(&lab), steps);
    println!("after {} generations, {steps} more:", found.before);
    println!("  resume to the first action: {:.0} ms", found.first.as_secs_f64() * 1000.0);
    println!("  a generation: {:.1} ms CPU of the program", found.kernel_ms());
    println!("  and {:.1} ms CPU of its children", found.children_ms());
    println!("  wall time of a generation: {:.1} ms", found.wall_ms());
    println!("  peak memory of the program: {:.1} MB", found.peak_kib as f64 / 1024.0);
    looks(&lab, found.before);
    sizes(&lab);
}

/// What performing some generations cost.
struct Measured {
    before: u32,
    generations: usize,
    first: Duration,
    wall: Duration,
    own: Duration,
    children: Duration,
    peak_kib: u64,
}

impl Measured {
    /// Watches the program until it has decided to make so many generations, then kills it.
    fn of(mut run: Child, generations: usize) -> Self {
        let began = Instant::now();
        let lines = BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut start: Option<(Instant, Duration, Duration)> = None;
        let mut first = Duration::ZERO;
        let (mut before, mut seen) = (None, 0);
        let mut last = (Instant::now(), Duration::ZERO, Duration::ZERO);
        for line in lines {
            let decided = line.contains("\"event\":\"decided\"");
            if decided && first.is_zero() {
                first = began.elapsed();
            }
            if decided && line.contains("\"do\":\"expand\"") {
                let (own, children) = cpu(run.id());
                last = (Instant::now(), own, children);
                if start.is_none() {
                    start = Some(last);
                } else {
                    seen += 1;
                }
                if seen == generations {
                    break;
                }
            }
            if before.is_none() && line.contains("\"event\":\"generation_planned\"") {
                let event: Value = serde_json::from_str(&line).unwrap();
                let id = event.pointer("/plan/generation").and_then(Value::as_str).unwrap();
                before = Some(id.parse::<GenerationId>().unwrap().0);
            }
        }
        let peak_kib = peak(run.id());
        run.kill().unwrap();
        run.wait().unwrap();
        let (wall, own, children) = start.unwrap();
        Self {
            before: before.unwrap_or(0),
            generations: seen.max(1),
            first,
            wall: last.0 - wall,
            own: last.1 - own,
            children: last.2.saturating_sub(children),
            peak_kib,
        }
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0 / self.generations as f64
    }

    fn kernel_ms(&self) -> f64 {
        self.each(self.own)
    }

    fn children_ms(&self) -> f64 {
        self.each(self.children)
    }

    fn wall_ms(&self) -> f64 {
        self.each(self.wall)
    }
}

/// CPU of a process in all its threads, and of its children that have ended.
fn cpu(pid: u32) -> (Duration, Duration) {
    let mut own = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let counted = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        own += counted.split_whitespace().next().map_or(0, |ns| ns.parse::<u64>().unwrap());
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    // Fields 16 and 17 of proc(5): ticks of 10 ms; the list begins with field 3.
    let ticks = fields.get(13).unwrap_or(&0) + fields.get(14).unwrap_or(&0);
    (Duration::from_nanos(own), Duration::from_millis(ticks * 10))
}

fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let of = |line: &str| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok();
    status.lines().find_map(of).unwrap_or(0)
}

/// Copies the pattern until there are so many generations; how many were added.
fn extend(lab: &Path, generations: u32) -> u32 {
    let name: RunName = "run-1".parse().unwrap();
    let folder = lab.join("generations/.git/hyperagent/run-1");
    let records = cut_to_whole_generations(&folder);
    let Event::RunStarted { identity, kernel, .. } = &records.first().unwrap().event else {
        panic!("no run");
    };
    let made = records.iter().filter(|r| matches!(r.event, Event::GenerationPlanned { .. }));
    let made = u32::try_from(made.count()).unwrap();
    let archive = Archive::open(&lab.join("generations")).unwrap();
    let pattern = Pattern::of(&records, &archive, &name);
    let journal = open(&folder);
    for number in made..generations {
        pattern.copy(number, &archive, &journal, identity, kernel);
    }
    drop(journal);
    let latest = archive.branch(&name, Branch::Latest).unwrap();
    let to = archive.resolve(&format!("gen-{:05}", generations.max(made) - 1), Some(&name));
    archive.set_branch(&name, Branch::Latest, to.unwrap().commit, latest).unwrap();
    generations.saturating_sub(made)
}

/// The journal; a child of the killed program may hold it a moment longer.
fn open(folder: &Path) -> Journal {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match Journal::open(folder, Arc::new(SystemClock)) {
            Ok(opened) => return opened.journal,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::yield_now();
    }
}

/// The journal's records, the file cut after the last generation that was measured.
fn cut_to_whole_generations(folder: &Path) -> Vec<Record> {
    let mut records = journal::read(folder).unwrap().records;
    let whole = records.iter().rposition(|r| matches!(r.event, Event::Evaluated { .. })).unwrap();
    records.truncate(whole + 1);
    let path = folder.join(journal::FILE);
    let text = fs::read(&path).unwrap();
    let length: usize =
        text.split_inclusive(|b| *b == b'\n').take(whole + 2).map(<[u8]>::len).sum();
    fs::File::options().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
    records
}

/// The records of one generation, from the decision to make it to its measurement.
struct Pattern {
    events: Vec<Value>,
    evidence: FileSet,
}

impl Pattern {
    fn of(records: &[Record], archive: &Archive, run: &RunName) -> Self {
        let wanted = GenerationId(PATTERN);
        let planned = |r: &Record| matches!(&r.event, Event::GenerationPlanned { plan } if plan.generation == wanted);
        let place = records.iter().position(planned).unwrap();
        let decided = |r: &Record| matches!(r.event, Event::Decided { .. });
        let first = records.get(..place).unwrap().iter().rposition(decided).unwrap();
        let ended = |r: &Record| matches!(r.event, Event::Evaluated { generation, .. } if generation == wanted);
        let last = records.iter().position(ended).unwrap();
        let events = records.get(first..=last).unwrap();
        let read = archive.evidence(run, wanted).unwrap().unwrap();
        let text = |path: &str| (path.to_owned(), read.read(path).unwrap().unwrap());
        Self {
            events: events.iter().map(|r| serde_json::to_value(&r.event).unwrap()).collect(),
            evidence: FileSet(read.paths().map(text).collect()),
        }
    }

    fn copy(
        &self,
        number: u32,
        archive: &Archive,
        journal: &Journal,
        identity: &Identity,
        kernel: &str,
    ) {
        let run = &identity.run;
        let mut commit: Option<CommitId> = None;
        let mut steps = (number - 1) * 2 + 1..;
        for event in &self.events {
            let mut value = event.clone();
            rename(
                &mut value,
                &GenerationId(PATTERN).to_string(),
                &GenerationId(number).to_string(),
            );
            if let Some(step) = value.get_mut("step") {
                *step = match event.get("event").and_then(Value::as_str) {
                    Some("evaluated") => (number * 2).into(),
                    _ => steps.next().unwrap().into(),
                };
            }
            if let Some(settled) = value.get_mut("settled") {
                let step = value_step(event);
                *settled = (number * 2 - 1 + u32::from(step > PATTERN * 2 - 1)).into();
            }
            let mut event: Event = serde_json::from_value(value).unwrap();
            match &mut event {
                Event::GenerationPlanned { plan } => {
                    plan.files.0.insert("memory/notes.md".into(), tiny::note(number));
                    plan.parents = vec![GenerationId(parent(number))];
                    plan.by = plan.parents.first().copied();
                    let record = journal.append(event.clone()).unwrap();
                    let provenance = Provenance { identity, kernel, at: record.at };
                    let Event::GenerationPlanned { plan } = &event else { return };
                    let made = archive.commit_generation(&provenance, plan).unwrap();
                    commit = Some(made.commit);
                    let (commit, tree) = (made.commit.to_string(), made.tree.to_string());
                    let generation = GenerationId(number);
                    journal
                        .append(Event::GenerationCommitted { generation, commit, tree })
                        .unwrap();
                    continue;
                }
                Event::GenerationCommitted { .. } => continue,
                Event::Decided { action: OuterAction::Expand { parent: of, .. }, .. } => {
                    *of = GenerationId(parent(number));
                }
                Event::Answered { text, .. } if text.contains("memory/notes.md") => {
                    *text = tiny::answer(number);
                }
                Event::Evaluated { evidence, .. } => {
                    let mut files = self.evidence.clone();
                    for (path, text) in &mut files.0 {
                        // What was asked for a rewrite differs from generation to generation.
                        if path.starts_with("prompts/") {
                            *text = text.replace(&tiny::note(PATTERN), &tiny::note(number));
                        }
                    }
                    let at = hyperagent::base::unit::UnixMillis(1_700_000_000_000);
                    let written =
                        archive.write_evidence(run, GenerationId(number), &files, at).unwrap();
                    archive
                        .set_note(commit.unwrap(), "Score: 0.5000 over 1 episodes\n", at)
                        .unwrap();
                    *evidence = Some(written.to_string());
                }
                _ => {}
            }
            journal.append(event).unwrap();
        }
        archive.compact_when_due().unwrap();
    }
}

fn value_step(event: &Value) -> u32 {
    event.get("step").and_then(Value::as_u64).and_then(|s| u32::try_from(s).ok()).unwrap_or(0)
}

/// A tree as a script that draws its parents makes it: some generations have many children, and lines grow slowly.
fn parent(number: u32) -> u32 {
    number.wrapping_mul(2_654_435_761) % number
}

fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => *text = to.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, from, to)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, from, to)),
        _ => {}
    }
}

/// What people ask of a run.
fn looks(lab: &Path, generations: u32) {
    let last = format!("gen-{:05}", generations - 1);
    let middle = format!("gen-{:05}", generations / 2);
    for words in [
        vec!["log"],
        vec!["status"],
        vec!["show", &last],
        vec!["diff", "gen-00001", &middle],
        vec!["diff", &middle, &last],
    ] {
        let mut times = Vec::new();
        let before = cpu(std::process::id()).1;
        for _ in 0..3 {
            let began = Instant::now();
            let done = Command::new(env!("CARGO_BIN_EXE_hyperagent"))
                .arg("--lab")
                .arg(lab)
                .args(&words)
                .output()
                .unwrap();
            times.push(began.elapsed());
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        times.sort();
        let used = (cpu(std::process::id()).1 - before) / 3;
        let middle = times.get(1).unwrap().as_secs_f64() * 1000.0;
        println!("  {}: {middle:.0} ms, {} ms CPU", words.join(" "), used.as_millis());
    }
}

/// What the archive and the journal take on disk, and of how many files they consist.
fn sizes(lab: &Path) {
    let git = lab.join("generations/.git");
    let journal = fs::metadata(git.join("hyperagent/run-1/journal.jsonl")).unwrap().len();
    println!("  journal: {:.1} MB", journal as f64 / 1e6);
    for part in ["objects/pack", "objects", "refs"] {
        let (mut files, mut bytes, mut blocks) = (0_u64, 0, 0);
        for entry in walkdir::WalkDir::new(git.join(part)).into_iter().flatten() {
            if entry.file_type().is_file() {
                use std::os::unix::fs::MetadataExt as _;
                let metadata = entry.metadata().unwrap();
                files += 1;
                bytes += metadata.len();
                blocks += metadata.blocks() * 512;
            }
        }
        println!(
            "  {part}: {files} files, {:.1} MB, {:.1} MB of disk",
            bytes as f64 / 1e6,
            blocks as f64 / 1e6
        );
    }
}

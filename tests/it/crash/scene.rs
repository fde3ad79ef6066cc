//! A run small enough to be killed many times, and what must be the same afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hyperagent::archive::Archive;
use hyperagent::base::id::GenerationId;
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::event::{Event, Record};
use hyperagent::domain::files::FileSet;
use hyperagent::domain::meaning::meaning;
use hyperagent::journal;

use crate::cli::bench::{Bench, Ended};
use crate::engine::toy::{self, git};

/// The variable that arms a failpoint.
pub const ARM: &str = "HYPERAGENT_FAILPOINT";

/// How long the processes of a killed run may take to end.
const LINGER: Duration = Duration::from_secs(20);

/// The flags of the run: a rewrite that needs a repair, one that stays invalid, two episodes, answers from a file.
pub const RUN: [&str; 17] = [
    "--lab",
    "lab",
    "run",
    "--name",
    "run-1",
    "--task",
    "dial",
    "--generations",
    "2",
    "--attempts",
    "2",
    "--episodes",
    "2",
    "--model",
    "script",
    "--parallel",
    "2",
];

const WORKER: &str = r#"
[[answer]]
role = "worker"
text = '''
summary: a better line

dial.py
<<<<<<< SEARCH
    return 1 * x + 1
=======
    return 3 * x + 10
>>>>>>> REPLACE
'''
"#;

/// A bench with a lab, a scripted model, and a copy of the program of its own: so its processes can be told from those
/// of tests beside it.
pub struct Scene {
    pub bench: Bench,
    program: PathBuf,
    flags: Vec<String>,
}

impl Scene {
    /// A lab that has seen no run yet.
    pub fn new() -> Self {
        let scene = Self::around(toy::with_task(Bench::with_lab()), &RUN);
        scene.bench.write(
            "lab/hyperagent.toml",
            "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n",
        );
        scene.bench.write("lab/answers.toml", &answers(&scene.bench));
        scene
    }

    /// A lab in which a process came as far as finding out about the machine, which takes most of a short run's time.
    pub fn warm() -> Self {
        let scene = Self::new();
        assert!(scene.dies_at("lock-taken:1"), "no run was begun");
        scene
    }

    /// A copy of the lab of another scene.
    pub fn like(other: &Self) -> Self {
        let bench = Bench::outside_any_lab();
        copy(&other.bench.path("lab"), &bench.path("lab"));
        let flags: Vec<&str> = other.flags.iter().map(String::as_str).collect();
        Self::around(bench, &flags)
    }

    /// The same with another build of the program.
    pub fn by(self, program: &Path) -> Self {
        fs::remove_file(&self.program).expect("removed");
        fs::copy(program, &self.program).expect("a copy of the program");
        self
    }

    /// The same with more flags.
    pub fn with(mut self, more: &[&str]) -> Self {
        self.flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// A scene of another lab and another run.
    pub fn around(bench: Bench, flags: &[&str]) -> Self {
        let program = bench.path("hyperagent");
        let built = Path::new(env!("CARGO_BIN_EXE_hyperagent"));
        if fs::hard_link(built, &program).is_err() {
            fs::copy(built, &program).expect("a copy of the program");
        }
        Self { bench, program, flags: flags.iter().map(|flag| (*flag).to_owned()).collect() }
    }

    /// Fills the archive with as many small packs as are packed together, of objects that are nobody's.
    pub fn pile_up(&self) {
        let other = tempfile::tempdir().expect("a folder");
        let archive = Archive::open_or_create(other.path()).expect("an archive");
        let run = "other".parse().expect("a name");
        for number in 0..130 {
            let files = FileSet::from_iter([("note.md", format!("{number}\n"))]);
            let at = UnixMillis(u64::from(number) * 1000);
            archive.write_evidence(&run, GenerationId(number), &files, at).expect("a pack");
        }
        let packs = "objects/pack";
        copy(&archive.path().join(packs), &self.packs());
    }

    /// The folder of the archive's packs.
    pub fn packs(&self) -> PathBuf {
        self.bench.path("lab/generations/.git/objects/pack")
    }

    /// The run's command, in the copy of the program.
    pub fn command(&self) -> Command {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        self.command_of(&flags)
    }

    pub fn command_of(&self, arguments: &[&str]) -> Command {
        let own = self.bench.command(arguments);
        let mut command = Command::new(&self.program);
        command.args(own.get_args()).env_clear().stdin(std::process::Stdio::null());
        if let Some(folder) = own.get_current_dir() {
            command.current_dir(folder);
        }
        for (name, value) in own.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }

    /// Performs the run, or goes on with it, armed or not.
    pub fn perform(&self, armed: Option<&str>) -> Ended {
        let mut command = self.command();
        if let Some(armed) = armed {
            command.env(ARM, armed);
        }
        let output = command.output().expect("the program starts");
        Ended {
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            code: output.status.code(),
        }
    }

    /// Performs the run until it dies at a failpoint; false when it came to its end before.
    pub fn dies_at(&self, armed: &str) -> bool {
        let ended = self.perform(Some(armed));
        assert!(
            matches!(ended.code, None | Some(0)),
            "{armed}: {:?}\n{}",
            ended.code,
            ended.stderr
        );
        ended.code.is_none()
    }

    /// Performs the run until the disk is full at a failpoint; false when it came to its end before.
    pub fn fills_up_at(&self, armed: &str) -> bool {
        let ended = self.perform(Some(&format!("{armed}:enospc")));
        if ended.code == Some(0) {
            return false;
        }
        assert_eq!(ended.code, Some(9), "{armed}: {}", ended.stderr);
        for words in ["error: ", "No space left on device", "once the cause is gone"] {
            assert!(ended.stderr.contains(words), "{armed}: no `{words}` in:\n{}", ended.stderr);
        }
        true
    }

    /// The records of the journal; none before there is one.
    pub fn records(&self) -> Vec<Record> {
        let folder = self.bench.path("lab/generations/.git/hyperagent/run-1");
        match journal::read(&folder) {
            Ok(history) => history.records,
            Err(journal::JournalError::Missing { .. }) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until no process of this bench is left.
    #[track_caller]
    pub fn leaves_no_process(&self, when: &str) {
        let until = Instant::now() + LINGER;
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "{when}: processes are left: {left:?}");
            std::thread::yield_now();
        }
    }

    /// The processes that run the copy of the program: the kernel, supervisors and script workers. A supervisor ends the
    /// programs below it before itself.
    fn processes(&self) -> Vec<String> {
        let program = fs::canonicalize(&self.program).expect("the program");
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        entries
            .filter(|entry| fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Everything that a run must come to, however often it was killed.
    pub fn outcome(&self) -> Outcome {
        let mut meant = BTreeMap::new();
        for record in self.records() {
            if let Some((key, event)) = meaning(&record.event) {
                let text = serde_json::to_string(&event).expect("JSON");
                if let Some(before) = meant.insert(key.clone(), text) {
                    panic!("{key} is recorded twice: {before}");
                }
            }
        }
        Outcome { journal: meant, refs: refs(&self.bench), evidence: evidence(&self.bench) }
    }

    /// How many answers the journal has.
    pub fn answers(&self) -> usize {
        let records = self.records();
        records.iter().filter(|record| matches!(record.event, Event::Answered { .. })).count()
    }
}

/// What a run came to.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What each event says, by key; no key occurs twice.
    journal: BTreeMap<String, String>,
    /// The tree of every ref of the run but the evidence, which knows what measurements used.
    refs: BTreeMap<String, String>,
    /// The files of the evidence, with the hash of those that know nothing of that.
    evidence: Vec<String>,
}

impl Outcome {
    /// Says where it differs from another first.
    #[track_caller]
    pub fn is_that_of(&self, other: &Self, when: &str) {
        for (key, text) in &other.journal {
            let own = self.journal.get(key).unwrap_or_else(|| panic!("{when}: lost: {key}"));
            assert_eq!(own, text, "{when}: {key}");
        }
        let more: Vec<_> =
            self.journal.keys().filter(|key| !other.journal.contains_key(*key)).collect();
        assert!(more.is_empty(), "{when}: made besides: {more:?}");
        assert_eq!(self.refs, other.refs, "{when}");
        assert_eq!(self.evidence, other.evidence, "{when}");
    }
}

fn refs(bench: &Bench) -> BTreeMap<String, String> {
    assert_eq!(git(bench, &["fsck", "--strict", "--no-dangling"]), "");
    let listed = git(bench, &["for-each-ref", "--format=%(refname) %(tree)"]);
    let mut refs: BTreeMap<String, String> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(name, _)| !name.contains("/evidence/") && !name.starts_with("refs/notes/"))
        .map(|(name, tree)| (name.to_owned(), tree.to_owned()))
        .collect();
    // A note hangs at a commit, whose id knows the time; so its text is compared, by the generation it is on.
    for name in refs.keys().filter(|name| name.contains("/tags/")).cloned().collect::<Vec<_>>() {
        let note = git(bench, &["log", "-1", "--format=%N", &name]);
        refs.insert(format!("{name} note"), note);
    }
    refs.insert("HEAD".into(), git(bench, &["symbolic-ref", "HEAD"]));
    refs
}

fn evidence(bench: &Bench) -> Vec<String> {
    let refs = git(bench, &["for-each-ref", "--format=%(refname)", "refs/hyperagent"]);
    let mut files = Vec::new();
    for name in refs.lines().filter(|name| name.contains("/evidence/")) {
        for line in git(bench, &["ls-tree", "-r", name]).lines() {
            let (about, path) = line.split_once('\t').expect("a file");
            let hash = if path.ends_with("attempts.jsonl") { "" } else { about };
            files.push(format!("{name} {path} {hash}"));
        }
    }
    files
}

fn answers(bench: &Bench) -> String {
    let prompt = bench.read("lab/agent_config/prompts/worker.md");
    let plain = |line: &&str| {
        line.len() > 20 && !line.contains(['{', '%']) && prompt.matches(line).count() == 1
    };
    let body = prompt.split("+++").nth(2).expect("a body");
    let line = body.lines().find(plain).expect("a plain line");
    let rewrite = |generation: u32, turn: u32, replace: &str| {
        format!(
            "\n[[answer]]\nrole = \"meta\"\ngeneration = {generation}\nturn = {turn}\ntext = \
             '''\nsummary: rewrite {generation}\n\nprompts/worker.md\n<<<<<<< SEARCH\n{line}\n\
             =======\n{replace}\n>>>>>>> REPLACE\n'''\n"
        )
    };
    let broken = "{{ code";
    [
        WORKER.to_owned(),
        rewrite(1, 0, broken),
        rewrite(1, 1, "Better words."),
        rewrite(2, 0, broken),
        rewrite(2, 1, broken),
        rewrite(2, 2, broken),
    ]
    .concat()
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}

//! The archive as plain git sees it, and as a crash leaves it.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hyperagent::archive::{
    Archive, ArchiveError, Branch, Change, CommitId, Committed, FORMAT_VERSION, Provenance,
};
use hyperagent::base::id::{GenerationId, RunName};
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::event::{Diagnostic, GenerationPlan, GenerationStatus, Stage};
use hyperagent::domain::files::FileSet;
use hyperagent::domain::settings::Identity;
use tempfile::TempDir;

const START: u64 = 1_700_000_000_000;

fn run() -> RunName {
    "run-1".parse().expect("a name")
}

fn identity() -> Identity {
    Identity {
        agent_digest: "0".repeat(32),
        generations: 3,
        attempts: 8,
        episodes: 1,
        seed: 42,
        ..Identity::plain(run(), vec!["snake".parse().expect("a name")])
    }
}

fn agent(strategy: &str) -> FileSet {
    FileSet::from_iter([
        ("agent.toml", "[params]\ntemperature = 1\n"),
        ("memory/notes.md", "nothing yet\n"),
        ("prompts/meta.md", "improve the agent\n"),
        ("prompts/worker.md", "improve the code\n"),
        ("strategy.star", strategy),
    ])
}

fn plan(generation: u32, parents: &[u32], strategy: &str) -> GenerationPlan {
    GenerationPlan {
        generation: GenerationId(generation),
        parents: parents.iter().copied().map(GenerationId).collect(),
        by: parents.first().copied().map(GenerationId),
        op: "rewrite".to_owned(),
        status: GenerationStatus::Valid,
        files: agent(strategy),
        changed: parents.first().map(|_| "strategy.star".to_owned()).into_iter().collect(),
        summary: format!("try {}", strategy.trim()),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: parents.first().map(|_| "offline".parse().expect("an alias")),
        repairs: 0,
        tag: serde_json::Map::new(),
        handed_back: Vec::new(),
        focus: Vec::new(),
    }
}

fn rejected(generation: u32, parent: u32) -> GenerationPlan {
    let mut plan = plan(generation, &[parent], "def broken(:\n");
    plan.status = GenerationStatus::Rejected;
    plan.stage_failed = Some(Stage::Parse);
    plan.diagnostics = vec![Diagnostic {
        code: "E104".to_owned(),
        file: "strategy.star".to_owned(),
        line: 1,
        message: "syntax".to_owned(),
    }];
    plan.files.0.insert("../escape".to_owned(), "x".to_owned());
    plan
}

fn at(generation: u32) -> UnixMillis {
    UnixMillis(START + u64::from(generation) * 60_000)
}

fn commit(archive: &Archive, plan: &GenerationPlan) -> Committed {
    let identity = identity();
    let provenance = Provenance { identity: &identity, kernel: "0.1.0", at: at(plan.generation.0) };
    archive.commit_generation(&provenance, plan).expect("a commit")
}

/// A family of four: 0 -> 1, 0 -> 2, and 3 from both; 4 was rejected.
fn family(generations: &Path) -> (Archive, Vec<Committed>) {
    let archive = Archive::open_or_create(generations).expect("an archive");
    archive.begin_run(&run()).expect("a run");
    let plans = [
        plan(0, &[], "seed\n"),
        plan(1, &[0], "wider\n"),
        plan(2, &[0], "deeper\n"),
        plan(3, &[1, 2], "both\n"),
        rejected(4, 3),
    ];
    let made: Vec<Committed> = plans.iter().map(|plan| commit(&archive, plan)).collect();
    archive.set_branch(&run(), Branch::Latest, made[3].commit, None).expect("a branch");
    archive.set_branch(&run(), Branch::Best, made[2].commit, None).expect("a branch");
    for (index, committed) in (0_u32..).zip(&made) {
        let note = format!("Score: 0.{index} over 2 episodes\nCost: n/a");
        archive.set_note(committed.commit, &note, at(index)).expect("a note");
    }
    archive
        .write_evidence(
            &run(),
            GenerationId(1),
            &FileSet::from_iter([
                ("snake-0/attempts.jsonl", "{\"attempt\":1}\n"),
                ("snake-0/best/player.py", "def next_move(): pass\n"),
            ]),
            at(1),
        )
        .expect("evidence");
    (archive, made)
}

/// Runs git as on a machine where nobody ever configured it.
fn git(folder: &Path, args: &[&str]) -> String {
    let home = TempDir::new().expect("a home");
    let output = Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LC_ALL", "C")
        .current_dir(folder)
        .args(args)
        .output()
        .expect("git");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let complaint = text(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {complaint}");
    assert!(!complaint.contains("warning") && !complaint.contains("error"), "{complaint}");
    text(&output.stdout)
}

fn loose_file(archive: &Archive, id: CommitId) -> PathBuf {
    let id = id.to_string();
    archive.path().join("objects").join(&id[..2]).join(&id[2..])
}

#[test]
fn plain_git_reads_the_family_tree_and_finds_nothing_wrong() {
    let lab = TempDir::new().expect("a lab");
    let generations = lab.path().join("generations");
    let (_archive, made) = family(&generations);

    assert_eq!(git(&generations, &["fsck", "--strict", "--no-dangling"]), "");
    let graph = git(&generations, &["log", "--graph", "--all", "--format=%s%d"]);
    for subject in
        ["gen 0: try seed", "gen 3: try both", "gen 4: try def broken(:", "evidence of gen 1"]
    {
        assert!(graph.contains(subject), "{subject} is missing in\n{graph}");
    }
    assert_eq!(graph.matches("scores").count(), 1, "notes clutter the graph:\n{graph}");
    let merge = git(&generations, &["log", "-1", "--format=%P", "run-1/gen-00003"]);
    assert_eq!(merge.trim(), format!("{} {}", made[1].commit, made[2].commit));

    let log = git(&generations, &["log", "-1", "run-1/best"]);
    assert!(log.contains("Author: hyperagent <hyperagent@localhost>"), "{log}");
    assert!(log.contains("Notes:\n    Score: 0.2 over 2 episodes\n    Cost: n/a"), "{log}");
    let head = git(&generations, &["log", "-1", "--format=%H"]);
    assert_eq!(head.trim(), made[2].commit.to_string(), "HEAD is not the newest run's best");
    let trailers =
        git(&generations, &["log", "-1", "--format=%(trailers:unfold)", "run-1/gen-00003"]);
    assert_eq!(
        trailers.trim(),
        "Run: run-1\nGeneration: gen-00003\nParent-Generation: gen-00001\nParent-Generation: gen-00002\n\
         Op: rewrite\nValidation: valid\nSeed: 42\nModel: offline\nChanged: strategy.star"
    );
    let refused = git(
        &generations,
        &[
            "log",
            "-1",
            "--format=%(trailers:key=Validation)",
            "refs/hyperagent/run-1/rejected/gen-00004",
        ],
    );
    assert_eq!(refused.trim(), "Validation: rejected at parse (E104)");

    let changed =
        git(&generations, &["diff", "--stat", "run-1/gen-00000", "run-1/best", "--", "agent"]);
    assert!(changed.contains("agent/strategy.star | 2 +-"), "{changed}");
    git(&generations, &["worktree", "add", "../gen1", "run-1/gen-00001"]);
    let strategy = fs::read_to_string(lab.path().join("gen1/agent/strategy.star")).expect("a file");
    assert_eq!(strategy, "wider\n");

    git(&generations, &["gc", "--prune=now"]);
    git(lab.path(), &["clone", "--mirror", "generations/.git", "copy"]);
    assert_eq!(git(&lab.path().join("copy"), &["fsck", "--strict"]), "");
}

#[test]
fn what_was_written_is_read_back_also_after_git_packed_it() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    for packed in [false, true] {
        if packed {
            git(lab.path(), &["gc"]);
        }
        assert_eq!(archive.runs().expect("runs"), [run()]);
        let entries = archive.generations(&run()).expect("generations");
        let told: Vec<_> =
            entries.iter().map(|entry| (entry.id.0, entry.status, entry.commit)).collect();
        let (valid, refused) = (GenerationStatus::Valid, GenerationStatus::Rejected);
        let expected: Vec<_> = [valid, valid, valid, valid, refused]
            .into_iter()
            .zip(0..)
            .zip(&made)
            .map(|((status, index), made)| (index, status, made.commit))
            .collect();
        assert_eq!(told, expected);
        assert_eq!(entries[3].parents, [GenerationId(1), GenerationId(2)]);
        assert_eq!(entries[3].changed, ["strategy.star"]);
        assert_eq!(entries[3].time, at(3));

        assert_eq!(archive.agent_files(made[1].commit).expect("files"), agent("wider\n"));
        let record = archive.record(made[4].commit).expect("a record");
        assert_eq!(record.left_out, ["../escape"]);
        assert_eq!((record.version, record.seed), (FORMAT_VERSION, 42));
        assert_eq!(record.diagnostics, rejected(4, 3).diagnostics);
        let note = archive.note(made[0].commit).expect("notes");
        assert_eq!(note.as_deref(), Some("Score: 0.0 over 2 episodes\nCost: n/a\n"));

        let evidence = archive.evidence(&run(), GenerationId(1)).expect("a ref").expect("evidence");
        let paths: Vec<&str> = evidence.paths().collect();
        assert_eq!(paths, ["snake-0/attempts.jsonl", "snake-0/best/player.py"]);
        let text = evidence.read("snake-0/attempts.jsonl").expect("a file");
        assert_eq!(text.as_deref(), Some("{\"attempt\":1}\n"));
        assert_eq!(evidence.read("none").expect("no file"), None);
        assert!(archive.evidence(&run(), GenerationId(2)).expect("no ref").is_none());

        let comparison = archive.diff(made[0].commit, made[3].commit, None).expect("a diff");
        let [file] = comparison.files.as_slice() else { panic!("{:?}", comparison.files) };
        assert_eq!((file.path.as_str(), file.change), ("strategy.star", Change::Modified));
        assert_eq!((file.added, file.deleted), (1, 1));
        assert!(
            comparison
                .text
                .contains("--- a/strategy.star\n+++ b/strategy.star\n@@ -1 +1 @@\n-seed\n+both\n")
        );
        let elsewhere =
            archive.diff(made[0].commit, made[3].commit, Some("prompts")).expect("a diff");
        assert_eq!((elsewhere.files.len(), elsewhere.text.as_str()), (0, ""));
    }
}

#[test]
fn names_lead_to_generations_and_unknown_ones_list_what_there_is() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    let id = made[1].commit.to_string();
    for (name, current, generation) in [
        ("gen-00003", None, 3),
        ("gen-3", None, 3),
        ("gen-00004", Some(run()), 4),
        ("run-1/gen-00001", Some("other".parse().expect("a name")), 1),
        ("best", None, 2),
        ("latest", None, 3),
        ("run-1/latest", None, 3),
        (&id, None, 1),
        (&id[..8], None, 1),
    ] {
        let found = archive.resolve(name, current.as_ref()).expect(name);
        assert_eq!((found.run, found.generation.0), (run(), generation), "{name}");
        assert_eq!(found.commit, made[generation as usize].commit, "{name}");
    }
    for (name, expected) in [
        ("gen-00009", "run-1 has gen-00000 to gen-00004, best, latest"),
        ("certified", "run-1 has gen-00000 to gen-00004, best, latest"),
        ("run-2/best", "the runs are run-1; write RUN/gen-00007 or RUN/best"),
        ("0000000000", "run-1 has gen-00000 to gen-00004, best, latest"),
        ("../x", "the runs are run-1; write RUN/gen-00007 or RUN/best"),
    ] {
        let error = archive.resolve(name, None).expect_err(name);
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn a_generation_made_twice_is_the_same_commit_here_and_in_another_archive() {
    let (one, two) = (TempDir::new().expect("a lab"), TempDir::new().expect("a lab"));
    let (archive, made) = family(one.path());
    assert_eq!(commit(&archive, &plan(3, &[1, 2], "both\n")), made[3]);
    let (_, again) = family(two.path());
    assert_eq!(made, again);
    assert_eq!(
        fs::read(one.path().join(".git/refs/hyperagent/run-1/evidence/gen-00001")).expect("a ref"),
        fs::read(two.path().join(".git/refs/hyperagent/run-1/evidence/gen-00001")).expect("a ref"),
    );

    let identity = identity();
    let provenance = Provenance { identity: &identity, kernel: "0.1.0", at: at(3) };
    let other = archive.commit_generation(&provenance, &plan(3, &[1], "other\n"));
    assert!(
        matches!(other, Err(ArchiveError::Moved { .. })),
        "a number was given twice: {other:?}"
    );
    let orphan = archive.commit_generation(&provenance, &plan(6, &[4], "x\n"));
    assert!(
        matches!(orphan, Err(ArchiveError::MissingParent { .. })),
        "a rejected generation became a parent: {orphan:?}"
    );
}

#[test]
fn what_a_crash_took_is_written_again() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    let tag = archive.path().join("refs/tags/run-1/gen-00003");
    let (tree, commit_file) =
        (loose_file(&archive, made[3].tree), loose_file(&archive, made[3].commit));
    drop(archive);
    // Cut short, gone, and an empty ref: what a power cut makes of files that were never flushed.
    let whole = fs::read(&tree).expect("an object");
    fs::remove_file(&tree).expect("an object");
    fs::write(&tree, &whole[..whole.len() / 2]).expect("an object");
    fs::remove_file(&commit_file).expect("an object");
    fs::write(&tag, "").expect("a ref");

    let archive = Archive::open(lab.path()).expect("an archive");
    let identity = identity();
    let plan = plan(3, &[1, 2], "both\n");
    let provenance = Provenance { identity: &identity, kernel: "0.1.0", at: at(3) };
    let verified = archive.verify(&provenance, &plan, Some(made[3].commit)).expect("a repair");
    assert_eq!(verified.committed, made[3]);
    assert_eq!(verified.rewritten, [made[3].tree.to_string(), made[3].commit.to_string()]);
    let again = archive.verify(&provenance, &plan, Some(made[3].commit)).expect("a check");
    assert_eq!(again.rewritten, Vec::<String>::new());
    assert_eq!(git(lab.path(), &["fsck", "--strict", "--no-dangling"]), "");

    let wrong = archive.verify(&provenance, &plan, Some(made[1].commit));
    assert!(matches!(wrong, Err(ArchiveError::Different { .. })), "{wrong:?}");
}

#[test]
fn reading_an_object_cut_short_anywhere_is_refused_and_ends() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    for id in [made[3].commit, made[3].tree] {
        let file = loose_file(&archive, id);
        let whole = fs::read(&file).expect("an object");
        fs::remove_file(&file).expect("an object");
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).expect("an object");
            let read = archive.agent_files(made[3].commit);
            assert!(matches!(read, Err(ArchiveError::DamagedObject { .. })), "{length}: {read:?}");
        }
        fs::write(&file, &whole).expect("an object");
        archive.agent_files(made[3].commit).expect("files");
    }
    let commit_file = loose_file(&archive, made[3].commit);
    fs::remove_file(&commit_file).expect("an object");
    fs::write(&commit_file, "x").expect("an object");
    for result in [
        archive.generations(&run()).map(drop),
        archive.resolve("latest", None).map(drop),
        archive.diff(made[0].commit, made[3].commit, None).map(drop),
        archive.set_branch(&run(), Branch::Certified, made[3].commit, None),
    ] {
        let error = result.expect_err("a damaged commit was taken");
        assert!(error.to_string().contains("doctor --repair"), "{error}");
    }
}

#[test]
fn damaged_notes_are_dropped_and_can_be_set_again() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    assert!(archive.verify_notes().expect("a check"));
    let listed = git(lab.path(), &["notes", "list", &made[1].commit.to_string()]);
    let file = loose_file(&archive, listed.trim().parse().expect("an id"));
    fs::remove_file(&file).expect("a note");
    assert!(!archive.verify_notes().expect("a check"), "a lost note went unseen");
    assert_eq!(archive.note(made[0].commit).expect("notes"), None);
    archive.set_note(made[0].commit, "Score: 1", at(9)).expect("a note");
    assert!(archive.verify_notes().expect("a check"));
}

#[test]
fn two_writers_at_once_lose_nothing() {
    let lab = TempDir::new().expect("a lab");
    let (_archive, made) = family(lab.path());
    std::thread::scope(|scope| {
        for writer in 0..2_usize {
            let (folder, made) = (lab.path(), &made);
            scope.spawn(move || {
                let archive = Archive::open(folder).expect("an archive");
                for round in 0..20 {
                    let note = format!("Round: {round}");
                    archive.set_note(made[writer].commit, &note, at(round)).expect("a note");
                }
            });
        }
    });
    let archive = Archive::open(lab.path()).expect("an archive");
    for committed in &made[..2] {
        let note = archive.note(committed.commit).expect("notes");
        assert_eq!(note.as_deref(), Some("Round: 19\n"));
    }
    assert_eq!(git(lab.path(), &["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn lost_evidence_is_found_again_by_the_commit_the_journal_names() {
    let lab = TempDir::new().expect("a lab");
    let (archive, _) = family(lab.path());
    let first =
        archive.evidence(&run(), GenerationId(1)).expect("a ref").expect("evidence").commit();
    let more = FileSet::from_iter([("prompts/a.md", "ask\n"), ("snake-0/attempts.jsonl", "{}\n")]);
    let second = archive.write_evidence(&run(), GenerationId(1), &more, at(2)).expect("evidence");
    assert_ne!(first, second);
    let again = archive.write_evidence(&run(), GenerationId(1), &more, at(2)).expect("evidence");
    assert_eq!(again, second, "the same evidence twice is another commit");

    fs::remove_file(archive.path().join("refs/hyperagent/run-1/evidence/gen-00001"))
        .expect("a ref");
    archive.restore_evidence(&run(), GenerationId(1), second).expect("a ref");
    let evidence = archive.evidence(&run(), GenerationId(1)).expect("a ref").expect("evidence");
    let paths: Vec<&str> = evidence.paths().collect();
    assert_eq!(paths, ["prompts/a.md", "snake-0/attempts.jsonl", "snake-0/best/player.py"]);
    assert_eq!(evidence.read("snake-0/attempts.jsonl").expect("a file").as_deref(), Some("{}\n"));
}

#[test]
fn a_branch_moves_only_from_where_it_is_known_to_be() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    let (old, new) = (made[2].commit, made[3].commit);
    let lost = archive.set_branch(&run(), Branch::Best, new, Some(made[0].commit));
    assert!(
        matches!(lost, Err(ArchiveError::Moved { found: Some(found), .. }) if found == old),
        "{lost:?}"
    );
    archive.set_branch(&run(), Branch::Best, new, Some(old)).expect("a move");
    archive.set_branch(&run(), Branch::Best, new, Some(old)).expect("the same move again");
    assert_eq!(archive.branch(&run(), Branch::Best).expect("a branch"), Some(new));
    assert_eq!(archive.branch(&run(), Branch::Certified).expect("no branch"), None);
}

#[test]
fn a_process_killed_while_it_moved_a_ref_is_not_in_the_way() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    let best = "refs/heads/run-1/best";
    let guard = archive.path().join(format!("{best}.lock"));
    let (old, new) = (made[2].commit, made[3].commit);

    fs::write(&guard, "").expect("a lock");
    let locked = archive.set_branch(&run(), Branch::Best, new, Some(old));
    assert!(
        matches!(locked, Err(ArchiveError::RefLocked { .. })),
        "a git command's lock was taken away: {locked:?}"
    );
    fs::write(archive.path().join("hyperagent/refs.lock"), best).expect("a trace");
    archive.set_branch(&run(), Branch::Best, new, Some(old)).expect("a move");
    assert!(!guard.exists());
}

#[test]
fn a_note_set_with_git_is_replaced_and_others_are_kept() {
    let lab = TempDir::new().expect("a lab");
    let (archive, made) = family(lab.path());
    let id = made[0].commit.to_string();
    let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
    git(lab.path(), &[&who[..], &["notes", "add", "-f", "-m", "mine", &id]].concat());
    assert_eq!(archive.note(made[0].commit).expect("notes").as_deref(), Some("mine\n"));
    archive.set_note(made[0].commit, "Score: 1", at(9)).expect("a note");
    assert_eq!(git(lab.path(), &["notes", "show", &id]), "Score: 1\n");
    assert_eq!(git(lab.path(), &["notes", "list"]).lines().count(), made.len());
}

#[test]
fn the_repository_around_the_lab_is_never_touched() {
    let checkout = TempDir::new().expect("a checkout");
    let generations = checkout.path().join("generations");
    git(checkout.path(), &["init", "-q"]);
    fs::create_dir(&generations).expect("a folder");
    fs::write(generations.join("README.md"), "the checkout's own\n").expect("a file");
    fs::write(checkout.path().join(".gitignore"), "/generations/*\n!/generations/README.md\n")
        .expect("a file");
    git(checkout.path(), &["add", "."]);
    let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
    git(checkout.path(), &[&who[..], &["commit", "-q", "-m", "lab"]].concat());
    let state = || {
        (
            git(checkout.path(), &["status", "--porcelain"]),
            git(checkout.path(), &["log", "--all", "--format=%H"]),
            fs::read(checkout.path().join(".git/index")).expect("an index"),
        )
    };
    let before = state();
    assert_eq!(before.0, "");
    family(&generations);
    assert_eq!(state(), before);
    assert_eq!(
        fs::read_to_string(generations.join("README.md")).expect("a file"),
        "the checkout's own\n"
    );
    git(checkout.path(), &["clean", "-fdxq"]);
    assert!(generations.join(".git/hyperagent").is_dir(), "git clean reached the archive");
}

#[test]
fn what_is_no_archive_or_a_newer_one_is_refused() {
    let lab = TempDir::new().expect("a lab");
    assert!(matches!(Archive::open(lab.path()), Err(ArchiveError::Missing { .. })));
    assert!(!lab.path().join(".git").exists(), "looking for an archive made one");

    let foreign = TempDir::new().expect("a folder");
    git(foreign.path(), &["init", "-q"]);
    assert!(matches!(Archive::open_or_create(foreign.path()), Err(ArchiveError::Foreign { .. })));

    drop(Archive::open_or_create(lab.path()).expect("an archive"));
    assert!(
        fs::read_to_string(lab.path().join("README.md"))
            .expect("a file")
            .contains("log --graph --all")
    );
    let config = lab.path().join(".git/config");
    let usual = fs::read_to_string(&config).expect("a config");
    fs::write(&config, format!("{usual}[extensions]\n\trefStorage = reftable\n"))
        .expect("a config");
    assert!(matches!(Archive::open(lab.path()), Err(ArchiveError::Storage { .. })));
    fs::write(&config, usual.replace("formatVersion = 1", "formatVersion = 2")).expect("a config");
    assert!(matches!(Archive::open(lab.path()), Err(ArchiveError::Newer { found: 2, .. })));
    fs::write(&config, usual).expect("a config");
    drop(Archive::open(lab.path()).expect("an archive"));
}

#[test]
fn what_has_piled_up_becomes_one_pack_and_nothing_of_it_is_lost() {
    let folder = TempDir::new().expect("a lab");
    let generations = folder.path().join("generations");
    let archive = Archive::open_or_create(&generations).expect("an archive");
    let identity = identity();
    let mut notes = Vec::new();
    for number in 0..130_u32 {
        let parents: Vec<u32> = number.checked_sub(1).into_iter().collect();
        let plan = plan(number, &parents, &format!("# {number}\n"));
        let at = UnixMillis(START + u64::from(number) * 1000);
        let provenance = Provenance { identity: &identity, kernel: "0.1.0", at };
        let commit = archive.commit_generation(&provenance, &plan).expect("a commit").commit;
        let text = format!("what was asked for {number}\n");
        let files = FileSet::from_iter([("prompts/a.md", text)]);
        archive.write_evidence(&run(), GenerationId(number), &files, at).expect("evidence");
        archive.set_note(commit, &format!("Score: {number}\n"), at).expect("a note");
        notes.push(commit);
    }
    let objects = archive.path().join("objects");
    let files = |folder: &str| {
        let walk = walkdir::WalkDir::new(objects.join(folder)).into_iter().flatten();
        walk.filter(|entry| entry.file_type().is_file()).count()
    };
    assert!(files("") > 1000, "{} files", files(""));
    archive.compact_when_due().expect("packed");
    assert_eq!((files(""), files("pack")), (2, 2), "one pack and its index");
    let before = fs::read_dir(objects.join("pack")).expect("packs").count();
    archive.compact_when_due().expect("nothing to do");
    assert_eq!(fs::read_dir(objects.join("pack")).expect("packs").count(), before);
    // The handle that packed, and one that is opened anew.
    for archive in [archive, Archive::open(&generations).expect("it")] {
        for (number, commit) in (0..).zip(&notes) {
            let evidence =
                archive.evidence(&run(), GenerationId(number)).expect("read").expect("it");
            let asked = evidence.read("prompts/a.md").expect("read").expect("it");
            assert_eq!(asked, format!("what was asked for {number}\n"));
            let files = archive.agent_files(*commit).expect("read");
            assert_eq!(files.get("strategy.star"), Some(format!("# {number}\n").as_str()));
            assert_eq!(archive.note(*commit).expect("read"), Some(format!("Score: {number}\n")));
        }
    }
}

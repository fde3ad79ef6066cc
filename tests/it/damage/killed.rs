//! Repairs and imports that are killed, or find the disk full: to do them again ends the same.

use std::fs;
use std::path::Path;

use hyperagent::archive::Archive;
use hyperagent::base::clock::SystemClock;
use hyperagent::base::failpoint::Site;
use hyperagent::base::id::GenerationId;
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::event::Event;
use hyperagent::domain::files::FileSet;
use hyperagent::journal::{self, Journal};

use super::finished;
use super::repair::{JOURNAL, found, harm, lines, place};
use crate::cli::bench::Ended;
use crate::crash::matrix::passages;
use crate::crash::scene::{ARM, Scene};
use crate::engine::toy::git;
use crate::slow;

const REPAIR: [&str; 4] = ["--lab", "lab", "doctor", "--repair"];
const SET_ASIDE: &str = "refs/hyperagent/run-1/set-aside";

fn armed(scene: &Scene, verb: &[&str], arming: &str) -> Ended {
    let output = scene.command_of(verb).env(ARM, arming).output().expect("the program starts");
    Ended {
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        code: output.status.code(),
    }
}

/// Passages of every site that a verb passes in such a lab: a later one for a kill and, where something is written, the first
/// for a full disk; in the short form one of the two, in turns.
fn armings(scene: &Scene, verb: &[&str]) -> Vec<String> {
    let told = armed(scene, verb, "count").stderr;
    let counts = passages(&told);
    let writes = |site: &str| Site::ALL.iter().any(|s| s.as_str() == site && s.writes());
    let mut armings = Vec::new();
    for (place, (site, count)) in counts.iter().filter(|(_, count)| **count > 0).enumerate() {
        let (killed, full) = (format!("{site}:{}", 1 + count / 2), format!("{site}:1:enospc"));
        if slow::is_on("damage") {
            armings.extend([format!("{site}:1"), format!("{site}:{count}")]);
        }
        let full_too = writes(site) && (slow::is_on("damage") || place.is_multiple_of(2));
        armings.extend((slow::is_on("damage") || !full_too).then_some(killed));
        armings.extend(full_too.then_some(full));
    }
    assert!(armings.len() > 5, "{armings:?}");
    armings
}

/// Does it in labs that are alike, disturbed at one place after the other, and once more to the end; each lab's end is
/// looked at.
fn disturb(
    labs: impl Fn() -> Scene,
    verb: &[&str],
    armings: &[String],
    end: impl Fn(&Scene, &str),
) {
    let mut left = armings.iter().peekable();
    while left.peek().is_some() {
        let scene = labs();
        let mut suffered = Vec::new();
        // Until it is over before it gets there: nothing is left to do.
        for arming in left.by_ref() {
            let ended = armed(&scene, verb, arming);
            match ended.code {
                None | Some(9) => suffered.push(arming.as_str()),
                Some(2) if ended.stderr.contains("already") => break,
                Some(0 | 8) => break,
                code => panic!("{arming}: {code:?}\n{}", ended.stderr),
            }
        }
        let when = suffered.join(" ");
        let code = scene.command_of(verb).output().expect("a start").status.code();
        assert!(matches!(code, Some(0 | 2 | 8)), "{when}: {code:?}");
        end(&scene, &when);
    }
}

fn set_aside(scene: &Scene) -> Vec<String> {
    let refs = git(&scene.bench, &["for-each-ref", "--format=%(refname)", SET_ASIDE]);
    refs.lines().map(str::to_owned).collect()
}

/// The journals that repairs kept, beside the present one.
fn kept(scene: &Scene) -> Vec<String> {
    let folder = scene.bench.path(JOURNAL);
    let folder = folder.parent().expect("a folder");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".damaged-"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_repair_that_is_killed_at_any_write_and_done_again_ends_as_one_that_was_not() {
    let sound = finished();
    let (expected, whole) = (sound.outcome(), sound.bench.read(JOURNAL));
    let labs = || {
        let scene = Scene::like(&sound);
        harm(&scene);
        scene
    };
    let (harmed, _) = harm(&Scene::like(&sound));
    disturb(labs, &REPAIR, &armings(&labs(), &REPAIR), |scene, when| {
        assert_eq!(scene.bench.read(JOURNAL), whole, "{when}");
        assert_eq!(kept(scene), ["journal.jsonl.damaged-1"], "{when}");
        assert_eq!(scene.bench.read(&format!("{JOURNAL}.damaged-1")), harmed, "{when}");
        let aside = set_aside(scene);
        assert_eq!(aside.len(), 1, "{when}: {aside:?}");
        git(&scene.bench, &["update-ref", "-d", &aside[0]]);
        scene.outcome().is_that_of(&expected, when);
        assert_eq!(found(scene, false), [], "{when}");
    });
}

#[test]
fn a_repair_that_sets_aside_and_is_killed_keeps_all_it_would_have_kept() {
    let sound = finished();
    let labs = || {
        let scene = Scene::like(&sound);
        let mut lines = lines(&scene);
        let lost = place(&lines, "attempt_finished", "gen-00001");
        lines.remove(lost);
        scene.bench.write(JOURNAL, &lines.concat());
        scene
    };
    let undisturbed = labs();
    undisturbed.bench.run(&REPAIR).fails_with(8);
    let (records, aside) = (undisturbed.bench.read(JOURNAL), set_aside(&undisturbed));
    assert!(!aside.is_empty(), "nothing was set aside");
    disturb(labs, &REPAIR, &armings(&labs(), &REPAIR), |scene, when| {
        assert_eq!(scene.bench.read(JOURNAL), records, "{when}");
        assert_eq!(kept(scene), ["journal.jsonl.damaged-1"], "{when}");
        assert_eq!(set_aside(scene), aside, "{when}");
        scene.outcome().is_that_of(&undisturbed.outcome(), when);
    });
}

/// A file of a run whose start was measured twice, so that one evidence commit builds on another.
fn carried(to: &Path) {
    let scene = finished();
    let run = "run-1".parse().expect("a name");
    let archive = Archive::open(&scene.bench.path("lab/generations")).expect("an archive");
    let start = GenerationId(0);
    let files = FileSet::from_iter([("dial-0/advice.jsonl", "more\n".to_owned())]);
    let newer = archive.write_evidence(&run, start, &files, UnixMillis(5000)).expect("evidence");
    let clock = std::sync::Arc::new(SystemClock);
    let opened = Journal::open(&archive.journal_folder(&run), clock).expect("a journal");
    let measured = opened.records.iter().find_map(|record| match &record.event {
        Event::Evaluated { step, generation, admitted, utility, .. } if *generation == start => {
            Some((*step, *admitted, *utility))
        }
        _ => None,
    });
    let (step, admitted, utility) = measured.expect("a measurement");
    let evidence = Some(newer.to_string());
    let event =
        Event::Evaluated { step, generation: start, admitted, utility, evidence, raced_out: None };
    opened.journal.append(event).expect("a record");
    drop(opened);
    let to = to.to_str().expect("a path");
    scene.bench.run(&["--lab", "lab", "export", "run-1", to]).succeeds();
}

#[test]
fn an_import_under_another_name_that_is_killed_and_done_again_maps_every_commit_as_one_that_was_not()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.hyperagent");
    carried(&file);
    let file = file.to_str().expect("a path");
    let import = ["--lab", "lab", "import", file, "--as", "copy"];
    let lab = Scene::warm();
    let labs = || Scene::like(&lab);
    let journal = |scene: &Scene| {
        let copy = scene.bench.path("lab/generations/.git/hyperagent/copy");
        journal::read(&copy).expect("a journal").records
    };
    let undisturbed = labs();
    undisturbed.bench.run(&import).succeeds();
    let expected = journal(&undisturbed);
    let evidence: Vec<&str> = expected
        .iter()
        .filter_map(|record| match &record.event {
            Event::Evaluated { generation: GenerationId(0), evidence, .. } => evidence.as_deref(),
            _ => None,
        })
        .collect();
    let [first, second] = evidence[..] else { panic!("{evidence:?}") };
    let parent = git(&undisturbed.bench, &["rev-parse", &format!("{second}^")]);
    assert_eq!(parent.trim(), first, "one builds on the other");
    let refs = |scene: &Scene| {
        git(&scene.bench, &["for-each-ref"]) + &git(&scene.bench, &["symbolic-ref", "HEAD"])
    };
    disturb(labs, &import, &armings(&labs(), &import), |scene, when| {
        assert!(journal(scene) == expected, "{when}: another journal");
        assert_eq!(refs(scene), refs(&undisturbed), "{when}");
        assert_eq!(git(&scene.bench, &["fsck", "--strict", "--no-dangling"]), "", "{when}");
    });
}

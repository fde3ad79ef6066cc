//! Every kind of damage: refused with its place, listed, and put right as far as anything still proves it.

use std::fs;
use std::path::PathBuf;

use hyperagent::engine::repair::{Found, State, examine};
use hyperagent::lab::Lab;

use super::finished;
use crate::crash::scene::Scene;
use crate::engine::toy::git;

pub(super) const JOURNAL: &str = "lab/generations/.git/hyperagent/run-1/journal.jsonl";

fn lab(scene: &Scene) -> Lab {
    Lab::open(&scene.bench.path("lab")).expect("a lab")
}

pub(super) fn found(scene: &Scene, repair: bool) -> Vec<Found> {
    examine(&lab(scene), repair).expect("a look")
}

pub(super) fn lines(scene: &Scene) -> Vec<String> {
    scene.bench.read(JOURNAL).split_inclusive('\n').map(str::to_owned).collect()
}

/// The position of the first line of a kind that holds a text.
pub(super) fn place(lines: &[String], kind: &str, text: &str) -> usize {
    let kind = format!("\"event\":\"{kind}\"");
    let is = |line: &String| line.contains(&kind) && line.contains(text);
    lines.iter().position(is).expect("a line")
}

fn object_file(scene: &Scene, name: &str) -> PathBuf {
    let id = git(&scene.bench, &["rev-parse", name]);
    let (folder, file) = id.trim().split_at(2);
    scene.bench.path("lab/generations/.git/objects").join(folder).join(file)
}

fn read(scene: &Scene, verb: &[&str]) -> crate::cli::bench::Ended {
    scene.bench.run(&[&["--lab", "lab"], verb].concat())
}

/// Harms a run in every way that leaves proof of what was; the journal as it is then, and its first damaged line, from 0.
pub(super) fn harm(scene: &Scene) -> (String, usize) {
    let mut harmed = lines(scene);
    let answer = place(&harmed, "answered", "gen-00001");
    harmed[answer] = harmed[answer].replacen("summary", "summarx", 1);
    harmed.swap(answer + 1, answer + 2);
    harmed.insert(answer + 4, "{\"a\":\"line of another program\"}\n".to_owned());
    let harmed = harmed.concat();
    scene.bench.write(JOURNAL, &harmed);
    fs::write(object_file(scene, "run-1/gen-00001:record.json"), b"x\x9c").expect("cut short");
    fs::remove_file(object_file(scene, "run-1/gen-00000:agent/agent.toml")).expect("an object");
    let moved = git(&scene.bench, &["rev-parse", "run-1/gen-00001"]);
    git(&scene.bench, &["update-ref", "refs/tags/run-1/gen-00000", moved.trim()]);
    git(&scene.bench, &["update-ref", "-d", "refs/hyperagent/run-1/rejected/gen-00002"]);
    git(&scene.bench, &["update-ref", "-d", "refs/hyperagent/run-1/evidence/gen-00001"]);
    git(&scene.bench, &["update-ref", "-d", "refs/notes/commits"]);
    fs::remove_file(scene.bench.path("lab/generations/.git/refs/heads/run-1/best")).expect("a ref");
    scene.bench.write("lab/generations/.git/refs/tags/run-1/gen-00001", "no commit at all\n");
    (harmed, answer)
}

#[test]
fn a_sound_lab_has_nothing_to_repair() {
    let scene = finished();
    let before = scene.bench.read(JOURNAL);
    assert_eq!(found(&scene, false), []);
    assert_eq!(found(&scene, true), []);
    assert_eq!(scene.bench.read(JOURNAL), before);
}

#[test]
fn much_damage_at_once_is_refused_listed_without_a_change_and_put_right_without_a_loss() {
    let scene = finished();
    let expected = scene.outcome();
    let whole = scene.bench.read(JOURNAL);
    let (harmed, answer) = harm(&scene);
    for verb in [&["log"][..], &["resume", "run-1"], &["replay"], &["test"]] {
        let line = format!("line {}", answer + 1);
        read(&scene, verb).fails_with(8).tells(&line).tells("doctor --repair");
    }
    let listed = read(&scene, &["doctor", "--json"]).fails_with(8).json();
    let damage = listed["archive"]["damage"].as_array().expect("damage");
    assert!(damage.iter().all(|found| found["state"] == "rebuildable"), "{damage:#?}");
    for words in [
        "one byte was changed",
        "stands after",
        "no record that could be read",
        "gen-00000: its ref was moved",
        "gen-00001: its ref is gone",
        "gen-00002: its ref is gone",
        "gen-00001: the ref of its evidence is gone",
        "gen-00000: damaged or missing objects",
        "gen-00001: damaged or missing objects",
        "the branch run-1/best is gone",
        "lack their note",
    ] {
        let says =
            |found: &serde_json::Value| found["what"].as_str().is_some_and(|w| w.contains(words));
        assert!(damage.iter().any(says), "nobody says `{words}`: {damage:#?}");
    }
    assert_eq!(scene.bench.read(JOURNAL), harmed, "a look changed the journal");

    let told = read(&scene, &["doctor", "--repair"]).succeeds();
    assert!(told.stdout.contains("kept as journal.jsonl.damaged-1"), "{}", told.stdout);
    assert_eq!(scene.bench.read(JOURNAL), whole);
    assert_eq!(scene.bench.read(&format!("{JOURNAL}.damaged-1")), harmed);
    // What stood at a ref that was moved is kept.
    let aside = git(
        &scene.bench,
        &["for-each-ref", "--format=%(refname)", "refs/hyperagent/run-1/set-aside"],
    );
    assert_eq!(aside.lines().count(), 1, "{aside}");
    git(&scene.bench, &["update-ref", "-d", aside.trim()]);
    scene.outcome().is_that_of(&expected, "after the repair");
    assert_eq!(found(&scene, false), []);
}

#[test]
fn a_lost_plan_or_commit_of_a_generation_follows_from_what_is_left() {
    for (kind, text) in [
        ("generation_planned", "\"generation\":\"gen-00001\""),
        ("generation_planned", "\"generation\":\"gen-00002\""),
        ("generation_committed", "gen-00001"),
    ] {
        let scene = finished();
        let expected = scene.outcome();
        let mut lines = lines(&scene);
        let lost = place(&lines, kind, text);
        lines.remove(lost);
        scene.bench.write(JOURNAL, &lines.concat());
        read(&scene, &["log"]).fails_with(8).tells("where record");
        let repaired = found(&scene, true);
        assert!(repaired.iter().all(|f| f.state == State::Rebuilt), "{kind} {text}: {repaired:#?}");
        scene.outcome().is_that_of(&expected, kind);
        assert_eq!(found(&scene, false), []);
    }
}

#[test]
fn what_nothing_proves_is_named_kept_and_the_run_goes_on_before_it() {
    let scene = finished();
    let expected = scene.outcome();
    let mut lines = lines(&scene);
    let lost = place(&lines, "attempt_finished", "gen-00001");
    lines.remove(lost);
    let harmed = lines.concat();
    scene.bench.write(JOURNAL, &harmed);
    let listed = found(&scene, false);
    assert!(listed.iter().any(|found| found.state == State::Gone), "{listed:#?}");
    assert_eq!(scene.bench.read(JOURNAL), harmed, "a look changed the journal");
    let told = read(&scene, &["doctor", "--repair", "--json"]).fails_with(8).json().to_string();
    assert!(told.contains("do not count any more") && told.contains("generations"), "{told}");
    assert_eq!(scene.bench.read(&format!("{JOURNAL}.damaged-1")), harmed);
    assert_eq!(scene.records().len(), lost - 1);

    scene.perform(None).succeeds();
    let aside = git(
        &scene.bench,
        &["for-each-ref", "--format=%(refname)", "refs/hyperagent/run-1/set-aside"],
    );
    // The second rewrite and its evidence, and the evidence of the measurement that is not on record any more.
    assert_eq!(aside.lines().count(), 3, "{aside}");
    for name in aside.lines() {
        git(&scene.bench, &["update-ref", "-d", name]);
    }
    scene.outcome().is_that_of(&expected, "after a repair that lost something");
    assert_eq!(found(&scene, false), []);
}

#[test]
fn what_is_another_programs_or_has_no_copy_is_left_as_it_is() {
    let scene = finished();
    let whole = scene.bench.read(JOURNAL);
    let newer = |text: &str| {
        let body = text.replace("\"version\":1", "\"version\":7");
        let (body, _) = body.split_once(",\"crc\"").expect("a header");
        format!("{body},\"crc\":\"{:08x}\"}}\n", crc(body.as_bytes()))
    };
    let (header, rest) = whole.split_once('\n').expect("lines");
    let theirs = format!("{}{rest}", newer(header));
    scene.bench.write(JOURNAL, &theirs);
    read(&scene, &["log"]).fails_with(8).tells("format version 7").tells("newer program");
    let listed = found(&scene, true);
    assert!(
        matches!(&listed[..], [Found { state: State::Refused, what, .. }] if what.contains("newer")),
        "{listed:#?}"
    );
    assert_eq!(scene.bench.read(JOURNAL), theirs);
    scene.bench.write(JOURNAL, &whole);

    // Evidence in a pack: named file by file.
    let packs = scene.bench.path("lab/generations/.git/objects/pack");
    let packs = fs::read_dir(packs).expect("packs").flatten().map(|entry| entry.path());
    let pack = packs
        .filter(|path| path.extension().is_some_and(|e| e == "pack"))
        .max_by_key(|path| fs::metadata(path).expect("a pack").len());
    let pack = pack.expect("a pack");
    let mut permissions = fs::metadata(&pack).expect("a pack").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
    permissions.set_readonly(false);
    fs::set_permissions(&pack, permissions).expect("ours");
    let mut bytes = fs::read(&pack).expect("a pack");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&pack, bytes).expect("damaged");
    let listed = found(&scene, true);
    let gone =
        |found: &Found| found.state == State::Gone && found.what.contains("has no other copy");
    assert!(listed.iter().any(gone), "{listed:#?}");

    fs::remove_file(scene.bench.path(JOURNAL)).expect("a journal");
    let listed = found(&scene, true);
    let gone = |found: &Found| found.state == State::Gone && found.what.contains("journal");
    assert!(listed.iter().any(gone), "{listed:#?}");
    assert!(git(&scene.bench, &["show", "run-1/gen-00001:record.json"]).contains("gen-00001"));
}

/// CRC-32 (IEEE), as the format says.
fn crc(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for byte in bytes {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            register = (register >> 1) ^ if register & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !register
}

#[test]
fn a_deleted_ref_is_told_from_a_generation_that_never_was() {
    let scene = finished();
    git(&scene.bench, &["update-ref", "-d", "refs/tags/run-1/gen-00001"]);
    read(&scene, &["show", "gen-00001"]).fails_with(8).tells("is gone").tells("doctor --repair");
    read(&scene, &["show", "gen-00077"]).fails_with(2).tells("names no generation");
}

#[test]
fn notes_that_a_power_cut_took_are_set_again_for_every_run_of_the_lab() {
    let scene = finished();
    let note = |scene: &Scene| git(&scene.bench, &["notes", "show", "run-1/gen-00001^{commit}"]);
    let before = note(&scene);
    let second = Scene::like(&scene).with(&["--name", "run-2", "--generations", "0"]);
    assert!(second.dies_at("pack-written:1"), "a run that measures its start");
    git(&second.bench, &["update-ref", "-d", "refs/notes/commits"]);
    let lock = "lab/generations/.git/hyperagent/run-2/lock";
    let mut text: serde_json::Value = serde_json::from_str(&second.bench.read(lock)).expect("JSON");
    text["boot"] = "an earlier start".into();
    text["verified"] = "an earlier start".into();
    second.bench.write(lock, &text.to_string());
    second.perform(None).succeeds();
    assert_eq!(note(&second), before);
}

//! What people do to `generations/` with plain git, at any moment.

use std::process::{Command, Stdio};

use super::finished;
use crate::crash::scene::Scene;
use crate::engine::toy::git;

#[test]
fn packing_checking_cloning_and_bundling_are_safe_while_a_run_is_under_way() {
    let expected = finished().outcome();
    let scene = Scene::warm();
    let mut child = scene
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut rounds = 0;
    let at = |name: &str| scene.bench.path(name).to_string_lossy().into_owned();
    while child.try_wait().expect("a child").is_none() {
        if git(&scene.bench, &["for-each-ref"]).is_empty() {
            continue;
        }
        rounds += 1;
        git(&scene.bench, &["gc", "--quiet"]);
        assert_eq!(git(&scene.bench, &["fsck", "--strict", "--no-dangling"]), "");
        git(
            &scene.bench,
            &["clone", "--quiet", "--mirror", ".git", &at(&format!("clone-{rounds}"))],
        );
        git(
            &scene.bench,
            &["bundle", "create", "--quiet", &at(&format!("{rounds}.bundle")), "--all"],
        );
    }
    assert!(child.wait().expect("an end").success());
    assert!(rounds > 0, "the run was over before anything was done to it");
    scene.outcome().is_that_of(&expected, "a run under other people's hands");
    // The last copies hold whole generations.
    for copy in [format!("clone-{rounds}"), format!("{rounds}.bundle")] {
        let listed = git(&scene.bench, &["ls-remote", &at(&copy)]);
        assert!(listed.contains("refs/tags/run-1/gen-00000"), "{listed}");
    }
    git(&scene.bench, &["bundle", "verify", "--quiet", &at(&format!("{rounds}.bundle"))]);
}

#[test]
fn a_checkout_that_is_cleaned_and_packed_loses_nothing_of_a_run() {
    let scene = finished();
    let expected = scene.outcome();
    let outer = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(scene.bench.path("lab"))
            .args(["-c", "user.name=x", "-c", "user.email=x@localhost"])
            .args(arguments)
            .env("HOME", scene.bench.path("."))
            .output()
            .expect("git starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    scene.bench.write("lab/.gitignore", "/generations/*\n!/generations/README.md\n");
    for arguments in [
        &["init", "-q", "."][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "a lab"],
        &["clean", "-fdxq"],
    ] {
        outer(arguments);
    }
    git(&scene.bench, &["gc", "--quiet", "--prune=now"]);
    scene.outcome().is_that_of(&expected, "cleaned and packed");
    scene.bench.run(&["--lab", "lab", "trace", "gen-00001"]).succeeds();
    let lab = hyperagent::lab::Lab::open(&scene.bench.path("lab")).expect("a lab");
    assert_eq!(hyperagent::engine::repair::examine(&lab, false).expect("a look"), []);
}

#[test]
fn an_older_generation_is_adopted_and_the_newer_one_again() {
    let scene = finished();
    let on = |verb: &[&str]| scene.bench.run(&[&["--lab", "lab"], verb].concat());
    let prompt = || scene.bench.read("lab/agent_config/prompts/worker.md");
    let (oldest, rewritten) = {
        let file = |generation: u32| {
            git(
                &scene.bench,
                &["show", &format!("run-1/gen-0000{generation}:agent/prompts/worker.md")],
            )
        };
        (file(0), file(1))
    };
    assert_ne!(oldest, rewritten);
    on(&["adopt", "gen-00001"]).succeeds();
    assert_eq!(prompt(), rewritten);
    on(&["adopt", "gen-00000"]).succeeds();
    assert_eq!(prompt(), oldest);
    on(&["adopt", "gen-00001"]).succeeds();
    assert_eq!(prompt(), rewritten);
    // And a run that goes on from an older generation keeps the newer ones.
    let answers = scene.bench.read("lab/answers.toml");
    let refusing = "\n[[answer]]\nrole = \"meta\"\ntext = \"I would rather not.\"\n";
    scene.bench.write("lab/answers.toml", &format!("{answers}{refusing}"));
    on(&["rollback", "gen-00000"]).succeeds();
    on(&["resume", "run-1"]).succeeds();
    let log = on(&["log", "--json"]).succeeds().json();
    let ids: Vec<String> = log["generations"]
        .as_array()
        .expect("generations")
        .iter()
        .map(|g| g["id"].to_string())
        .collect();
    assert!(ids.len() > 3, "{ids:?}");
    let parents = |place: usize| log["generations"][place]["parents"].to_string();
    assert_eq!(parents(3), "[\"gen-00000\"]");
    assert_eq!(git(&scene.bench, &["fsck", "--strict", "--no-dangling"]), "");
}

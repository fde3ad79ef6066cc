//! Resources that run out: the run ends with the machine's code, and goes on after the cause is gone.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use super::finished;
use crate::crash::scene::{RUN, Scene};

/// Runs a shell script in the bench's folder, in name spaces of its own where it is root and may mount. `None`, said aloud,
/// where the machine does not allow that to this user.
fn with_mounts(scene: &Scene, script: &str) -> Option<Output> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
    let probe = command.arg("mount -t tmpfs tmpfs /mnt && touch /mnt/x").output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: this machine lets nobody mount in a name space of his own");
        return None;
    }
    let run = scene.command();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-eu", "-c", script, "sh"]);
    command.arg(run.get_program()).args(RUN).arg("--i-accept-no-sandbox");
    command.current_dir(scene.bench.path(".")).env_clear();
    for (name, value) in run.get_envs() {
        command.envs(value.map(|value| (name, value)));
    }
    Some(command.output().expect("a shell"))
}

fn words(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// What a run comes to without the sandbox's name spaces around it.
fn expected(lab: &Scene) -> crate::crash::scene::Outcome {
    let scene = Scene::like(lab).with(&["--i-accept-no-sandbox"]);
    scene.perform(None).succeeds();
    scene.outcome()
}

#[test]
fn a_disk_that_fills_up_at_any_write_ends_the_run_and_room_lets_it_go_on() {
    let lab = Scene::warm();
    let scene = Scene::like(&lab);
    // Ever more room: the run ends at ever other writes, each time with the machine's code, until it comes to its end.
    let script = r#"
        rm -rf lab/generations
        mkdir lab/generations
        mount -t tmpfs -o size=64k tmpfs lab/generations
        ends=0
        for room in 64 128 200 280 400 800 16000; do
            mount -o remount,size=${room}k lab/generations
            code=0
            "$@" >out 2>&1 || code=$?
            if [ $code = 0 ]; then break; fi
            if [ $code != 9 ]; then echo "code $code with ${room}k"; cat out; exit 1; fi
            ends=$((ends + 1))
        done
        echo "ended $ends times"
        [ $code = 0 ]
        mkdir copy
        cp -a lab/generations/. copy/
    "#;
    let Some(output) = with_mounts(&scene, script) else { return };
    let told = words(&output);
    assert!(output.status.success(), "{told}");
    let ends: u32 = told
        .lines()
        .find_map(|line| line.strip_prefix("ended ")?.strip_suffix(" times")?.parse().ok())
        .expect("a count");
    assert!(ends >= 3, "the disk was full only {ends} times");
    let _ = fs::remove_dir_all(scene.bench.path("lab/generations"));
    fs::rename(scene.bench.path("copy"), scene.bench.path("lab/generations")).expect("moved");
    scene.outcome().is_that_of(&expected(&lab), "after a full disk");
}

#[test]
fn a_folder_that_may_only_be_read_ends_the_run_and_the_next_goes_on() {
    let lab = Scene::warm();
    let scene = Scene::like(&lab);
    assert!(scene.dies_at("pack-written:2"), "a rewrite is measured");
    let script = r#"
        mount --bind lab/generations lab/generations
        mount -o remount,ro,bind lab/generations
        code=0
        "$@" || code=$?
        [ $code = 9 ]
        umount lab/generations
        "$@"
    "#;
    let Some(output) = with_mounts(&scene, script) else { return };
    let told = words(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("Read-only file system"), "{told}");
    scene.outcome().is_that_of(&expected(&lab), "after a read-only folder");
}

#[test]
fn too_few_descriptors_end_the_run_and_enough_let_it_go_on() {
    let lab = Scene::warm();
    let scene = Scene::like(&lab);
    let limited = |limit: u32| {
        let run = scene.command();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n $0; exec \"$@\"", &limit.to_string()]);
        command.arg(run.get_program()).args(run.get_args()).env_clear();
        command.current_dir(scene.bench.path("."));
        for (name, value) in run.get_envs() {
            command.envs(value.map(|value| (name, value)));
        }
        command.output().expect("a shell")
    };
    let mut ends = 0;
    for limit in [8, 24, 52, 64, 80] {
        let output = limited(limit);
        match output.status.code() {
            Some(0) => break,
            Some(9) => ends += 1,
            other => panic!("{other:?} with {limit}: {}", words(&output)),
        }
    }
    assert!(ends > 0, "so few descriptors were enough");
    scene.perform(None).succeeds();
    let undisturbed = Scene::like(&lab);
    undisturbed.perform(None).succeeds();
    scene.outcome().is_that_of(&undisturbed.outcome(), "after too few descriptors");
}

#[test]
fn a_child_that_cannot_start_ends_the_run_and_the_next_goes_on() {
    let scene = Scene::warm();
    assert!(scene.dies_at("pack-written:2"), "a rewrite is measured");
    // The interpreter is gone: no candidate can be measured, and none is blamed.
    let missing = scene.command().env("PATH", "/nonexistent").output().expect("a start");
    assert_eq!(missing.status.code(), Some(9), "{}", words(&missing));
    scene.perform(None).succeeds();
    scene.outcome().is_that_of(&finished().outcome(), "after a missing interpreter");
}

#[test]
fn what_a_killed_process_left_half_made_is_gone_at_a_later_start_and_what_is_young_stays() {
    let scene = finished();
    let generations = scene.bench.path("lab/generations");
    let old = SystemTime::now() - Duration::from_secs(600);
    let places =
        [".new-abc", ".tmpabc", ".git/hyperagent/run-1/.tmpabc", ".git/objects/pack/pack_git2_abc"];
    for place in places {
        for (name, when) in [(place.to_owned(), old), (format!("{place}-young"), SystemTime::now())]
        {
            let file = fs::File::create(generations.join(name)).expect("a file");
            file.set_modified(when).expect("a time");
        }
    }
    let strays = || {
        let stands = |name: &&&str| generations.join(name).exists();
        let young: Vec<String> = places.iter().map(|place| format!("{place}-young")).collect();
        let young = young.iter().filter(|name| generations.join(name).exists()).count();
        (places.iter().filter(stands).count(), young)
    };
    assert_eq!(strays(), (4, 4));
    // Reading changes nothing; who writes tidies up.
    scene.bench.run(&["--lab", "lab", "log"]).succeeds();
    assert_eq!(strays(), (4, 4));
    scene.bench.run(&["--lab", "lab", "rollback", "gen-00000"]).succeeds();
    assert_eq!(strays(), (0, 4));
}

//! Runs that are asked to stand still: by signals, and from another terminal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::paid::Server;
use super::scene::{RUN, Scene};

/// A person is promised two seconds; a machine that does much else may add to them.
const SOON: Duration = Duration::from_secs(4);
/// Well before the end of the time that a process has to come to rest by itself.
const AT_ONCE: Duration = Duration::from_secs(1);

fn send(signal: &str, child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
    assert!(sent.success());
}

fn end(mut child: Child) -> (ExitStatus, String, Duration) {
    let asked = Instant::now();
    let status = child.wait().expect("an end");
    let took = asked.elapsed();
    let mut told = String::new();
    child.stderr.take().expect("an output").read_to_string(&mut told).expect("text");
    (status, told, took)
}

/// Starts the run and waits until it has recorded so many events.
fn start(scene: &Scene, events: usize) -> Child {
    let mut command = scene.command();
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    assert_eq!(lines.by_ref().take(events).filter(Result::is_ok).count(), events);
    // Whatever comes is read, so that the process never waits for its reader.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

#[test]
fn a_first_signal_ends_a_run_soon_and_leaves_no_process() {
    let lab = Scene::warm().with(&["--generations", "1", "--attempts", "8"]);
    let undisturbed = Scene::like(&lab);
    undisturbed.perform(None).succeeds();
    let expected = undisturbed.outcome();
    for (signal, events) in [("-INT", 1), ("-TERM", 12)] {
        let scene = Scene::like(&lab);
        let child = start(&scene, events);
        send(signal, &child);
        let (status, told, took) = end(child);
        assert_eq!(status.code(), Some(7), "{signal}: {told}");
        assert!(told.contains("hyperagent resume run-1"), "{told}");
        assert!(took < SOON, "{signal}: {took:?}");
        scene.leaves_no_process(signal);
        scene.perform(None).succeeds();
        scene.outcome().is_that_of(&expected, signal);
    }
}

/// Starts the run with an output that takes nothing more, so that it stalls at its first event.
fn start_stalled(scene: &Scene) -> (Child, std::io::PipeReader) {
    const PIPE: usize = 1 << 16;
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(&[b'\n'; PIPE]).expect("as much as a pipe holds");
    let mut command = scene.command();
    command.arg("--json").stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // The first words on standard error come with the first event.
    let stderr = child.stderr.as_mut().expect("an output");
    stderr.read_exact(&mut [0]).expect("a word");
    (child, reader)
}

#[test]
fn a_run_whose_reader_has_stalled_ends_all_the_same_and_at_once_at_the_second_signal() {
    let scene = Scene::warm();
    let (child, _reader) = start_stalled(&scene);
    send("-TERM", &child);
    let (status, told, took) = end(child);
    assert_eq!(status.code(), Some(7), "{told}");
    assert!(took < SOON, "{took:?}");

    let (child, _reader) = start_stalled(&scene);
    send("-INT", &child);
    send("-TERM", &child);
    let (status, told, took) = end(child);
    assert_eq!(status.code(), Some(7), "{told}");
    assert!(took < AT_ONCE, "{took:?}");
    scene.leaves_no_process("the second signal");
    scene.bench.run(&["--lab", "lab", "status"]).succeeds();
}

#[test]
fn stop_and_resume_work_from_another_terminal() {
    // Long enough that the other terminal comes in time.
    let scene = Scene::warm().with(&["--generations", "0", "--attempts", "40"]);
    let child = start(&scene, 6);
    let told = scene.bench.run(&["--lab", "lab", "stop"]).succeeds().stdout;
    assert!(told.contains("run-1 stopped") && told.contains("resume run-1"), "{told}");
    let (status, told, _) = end(child);
    assert_eq!(status.code(), Some(7), "{told}");
    scene.bench.run(&["--lab", "lab", "resume"]).succeeds();
    let told = scene.bench.run(&["--lab", "lab", "pause"]).succeeds().stdout;
    assert!(told.contains("no process works on run-1"), "{told}");
}

#[test]
fn a_paused_run_takes_in_the_answers_it_waits_for_and_asks_none_of_them_again() {
    let server = Server::start(Duration::from_millis(800));
    let scene = server.scene();
    // One question at a time: while one episode waits for its answer, the other has its own and comes to its next decision.
    let settings = scene.bench.read("lab/hyperagent.toml") + "max_in_flight = 1\n";
    scene.bench.write("lab/hyperagent.toml", &settings);
    let child = start(&scene, 5);
    while server.requests() < 2 {
        std::thread::yield_now();
    }
    scene.bench.run(&["--lab", "lab", "pause"]).succeeds();
    let (status, told, _) = end(child);
    assert_eq!(status.code(), Some(7), "{told}");
    assert!(told.contains("what is under way is finished"), "{told}");
    let asked = server.requests();
    assert_eq!(asked, scene.answers(), "an answer was paid for and thrown away");
    let status = scene.bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "paused");
    assert_eq!(status["why"], "paused from another terminal");

    scene.perform(None).succeeds();
    assert_eq!(server.requests(), scene.answers());
    assert!(scene.answers() > asked, "it was over when it was paused");
}

#[test]
fn two_runs_side_by_side_do_not_disturb_each_other() {
    let scene = Scene::warm().with(&["--generations", "1", "--attempts", "1"]);
    let mut other: Vec<&str> = RUN.to_vec();
    let name = other.iter().position(|word| *word == "run-1").expect("a name");
    other[name] = "run-2";
    other.extend(["--seed", "2", "--model", "offline", "--generations", "1", "--attempts", "1"]);
    let quiet = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a start")
    };
    let mut first = quiet(&mut scene.command());
    let mut second = quiet(&mut scene.command_of(&other));
    assert!(first.wait().expect("an end").success() && second.wait().expect("an end").success());
    for run in ["run-1", "run-2"] {
        scene.bench.run(&["--lab", "lab", "replay", run]).succeeds();
    }
}

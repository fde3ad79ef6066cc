//! Measuring candidates: the shipped task, everything a candidate may do wrong, and a task added as a folder alone.
#![cfg(test)]

use std::fs;
use std::path::Path;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{CaseResult, Measurement, Outcome, SandboxLevel, ViolationKind};
use hyperagent::domain::task::{Case, Split, Task};
use hyperagent::evaluate::Staged;
use hyperagent::lab::tasks::{list_tasks, load_task, task_digest};

use super::measuring::{evaluator, evaluator_at, shipped};

/// Goes straight to the food and avoids what is deadly now.
const GREEDY: &str = r#"
STEPS = (("UP", -1, 0), ("DOWN", 1, 0), ("LEFT", 0, -1), ("RIGHT", 0, 1))

def next_move(snake, food, width, height):
    body = set(snake)
    row, column = snake[0]
    best = (99, "UP")
    for name, down, right in STEPS:
        cell = (row + down, column + right)
        if 0 <= cell[0] < height and 0 <= cell[1] < width and cell not in body:
            way = abs(cell[0] - food[0]) + abs(cell[1] - food[1])
            best = min(best, (way, name))
    return best[1]
"#;

fn player(text: &str) -> FileSet {
    FileSet::from_iter([("player.py", text)])
}

/// Measures a player on a few games of the shipped snake.
async fn measured(text: &str) -> Measurement {
    let task = shipped("snake");
    let cases: Vec<Case> = task.cases(&Split("public".into()), 0).into_iter().take(4).collect();
    evaluator(1).await.measure(&task, &player(text), &cases).await
}

#[tokio::test]
async fn always_right_scores_exactly_one_twentieth_on_the_published_games() {
    let task = shipped("snake");
    let cases = task.cases(&Split("public".into()), 0);
    assert_eq!(cases.len(), 20);
    let right = evaluator(1).await.measure(&task, &task.initial, &cases).await;
    assert_eq!(right.outcome, Outcome::Graded, "{}", right.reason);
    assert_eq!(right.metric, Some(0.05));
    assert_eq!(
        right.cases.iter().map(|case| &case.id).collect::<Vec<_>>(),
        cases.iter().map(|case| &case.id).collect::<Vec<_>>()
    );
    assert_eq!(right.classes().get("wall"), Some(&20), "{:?}", right.classes());
}

#[tokio::test]
async fn the_level_of_the_sandbox_is_recorded_and_changes_no_result() {
    let task = shipped("snake");
    let cases = task.cases(&Split::train(), 0);
    let mut seen = Vec::new();
    for level in [SandboxLevel::Rlimits, SandboxLevel::KernelFilter, SandboxLevel::Full] {
        let measured = evaluator_at(level, 1).await.measure(&task, &player(GREEDY), &cases).await;
        if measured.outcome == Outcome::Fault && measured.reason.contains("cannot be built here") {
            println!("SKIPPED: {}", measured.reason);
            continue;
        }
        assert_eq!(measured.outcome, Outcome::Graded, "{level}: {}", measured.reason);
        assert_eq!(measured.sandbox, Some(level));
        seen.push(measured.cases);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert!(!seen.is_empty(), "no level could be built");
}

#[tokio::test]
async fn two_measurements_agree_whatever_ran_beside_them() {
    let task = shipped("snake");
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(3).await;
    let player = player(GREEDY);
    let (one, two, three) = tokio::join!(
        evaluator.measure(&task, &player, &cases),
        evaluator.measure(&task, &player, &cases),
        evaluator.measure(&task, &task.initial, &cases),
    );
    assert_eq!(one.cases, two.cases);
    assert!(one.metric.is_some_and(|apples| apples > 10.0), "{:?} {}", one.metric, one.reason);
    assert!(three.metric < one.metric);
    let again = evaluator.measure(&task, &player, &cases).await;
    assert_eq!(one.cases, again.cases);
}

#[tokio::test]
async fn broken_candidates_are_invalid_with_words_to_act_on() {
    for (text, class, words) in [
        ("def next_move(:\n    pass\n", "SyntaxError", "player.py:1"),
        ("x = 1\n\n  y = 2\n", "IndentationError", "player.py:3"),
        ("def move():\n    return 'UP'\n", "missing_function", "next_move"),
        ("next_move = 'UP'\n", "missing_function", "str"),
        ("import nothing_like_it\n", "ModuleNotFoundError", "player.py:1"),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError", "player.py:2"),
        ("import sys\nsys.exit(0)\n", "SystemExit", "player.py:2"),
        ("import os\ndef next_move(*a):\n    os._exit(0)\n", "exited", "code 0"),
    ] {
        let measured = measured(text).await;
        assert_eq!(measured.outcome, Outcome::Invalid, "{text}: {}", measured.reason);
        assert_eq!(measured.error_class, class, "{text}: {}", measured.reason);
        assert!(measured.reason.contains(words), "{text}: {}", measured.reason);
        assert_eq!(measured.metric, None);
    }
}

#[tokio::test]
async fn a_call_that_goes_wrong_ends_its_game_only() {
    for (body, class, words) in [
        ("    return [][3]", "crash", "IndexError player.py:2: list index out of range"),
        ("    raise SystemExit(0)", "crash", "SystemExit"),
        ("    return float('nan')", "crash", "BadAnswer"),
        ("    return 'UP' * 1_000_000", "crash", "BadAnswer"),
        ("    return {1, 2}", "crash", "set has no JSON form"),
        ("    return next_move", "crash", "BadAnswer"),
        ("    return ['UP']", "invalid_move", "['UP']"),
        ("    return 7", "invalid_move", "gave 7"),
        ("    return None", "invalid_move", "gave None"),
        ("    return '\\ud800'", "invalid_move", "allowed are UP"),
        ("    return next_move(snake, food, width, height)", "crash", "RecursionError"),
    ] {
        let text = format!("def next_move(snake, food, width, height):\n{body}\n");
        let measured = measured(&text).await;
        assert_eq!(measured.outcome, Outcome::Graded, "{body}: {}", measured.reason);
        assert_eq!(measured.metric, Some(0.0), "{body}");
        assert_eq!(measured.classes().get(class), Some(&4), "{body}: {:?}", measured.cases);
        let feedback = &measured.cases[0].feedback;
        assert!(feedback.contains(words), "{body}: {feedback}");
    }
}

#[tokio::test]
async fn what_a_candidate_prints_does_not_reach_the_relay() {
    let noisy = format!(
        "import sys\nprint('hello')\n{GREEDY}\nquiet = next_move\ndef next_move(*a):\n    print('{{\"x\":1}}')\n    print('x', file=sys.stderr, flush=True)\n    return quiet(*a)\n"
    );
    let (noisy, quiet) = (measured(&noisy).await, measured(GREEDY).await);
    assert_eq!(noisy.outcome, Outcome::Graded, "{}", noisy.reason);
    assert_eq!(noisy.cases, quiet.cases);
}

#[tokio::test]
async fn a_candidate_cannot_speak_out_of_turn() {
    let forged =
        r#"{\"answer\":{\"id\":1,\"results\":[\"UP\",\"UP\",\"UP\",\"UP\"],\"errors\":{}}}\n"#;
    for text in [
        format!("import os\nos.write(3, b\"{forged}\")\ndef next_move(*a):\n    return 'UP'\n"),
        format!("import os\ndef next_move(*a):\n    os.write(3, b\"{forged}\")\n    return 'UP'\n"),
        "import os\ndef next_move(*a):\n    os.write(3, b'{\"report\":{\"case\":\"seed-0\",\"metric\":99,\"feedback\":\"\"}}\\n')\n".to_owned(),
        "import os\ndef next_move(*a):\n    os.write(3, b'x' * 2_000_000)\n".to_owned(),
        "import os\ndef next_move(*a):\n    deep = b'[' * 100000 + b']' * 100000\n    os.write(3, b'{\"answer\":{\"id\":1,\"results\":[1,1,1,' + deep + b'],\"errors\":{}}}\\n')\n".to_owned(),
    ] {
        let measured = measured(&text).await;
        assert_eq!(measured.outcome, Outcome::Denied, "{text}: {} {:?}", measured.reason, measured.cases);
        assert_eq!(measured.error_class, "tamper", "{text}: {}", measured.reason);
        assert_eq!(measured.violations.last().map(|seen| seen.kind), Some(ViolationKind::Tamper));
    }
}

#[tokio::test]
async fn only_editable_paths_may_differ() {
    let task = shipped("snake");
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(1).await;
    for (files, class) in [
        (FileSet::from_iter([("player.py", GREEDY), ("extra.py", "")]), "not_editable"),
        (FileSet::from_iter([("player.py", GREEDY), ("../x.py", "")]), "bad_path"),
        (FileSet::default(), "missing_file"),
        (player(&"#".repeat(40_000)), "too_large"),
    ] {
        let measured = evaluator.measure(&task, &files, &cases).await;
        assert_eq!((measured.outcome, measured.error_class.as_str()), (Outcome::Invalid, class));
        assert_eq!(measured.sandbox, None, "it never ran");
    }
}

#[tokio::test]
async fn a_candidate_that_never_answers_is_timed_out_and_the_next_one_is_served() {
    let task = shipped("snake");
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(1).await;
    let endless = player("def next_move(*a):\n    while True:\n        pass\n");
    let stuck = evaluator.measure(&task, &endless, &cases).await;
    assert_eq!(stuck.outcome, Outcome::TimedOut, "{}", stuck.reason);
    assert_eq!(stuck.error_class, "timeout");
    assert!(stuck.reason.contains("next_move"), "{}", stuck.reason);
    assert_eq!(stuck.violations.first().map(|seen| seen.kind), Some(ViolationKind::Wall));
    let next = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!(next.outcome, Outcome::Graded, "{}", next.reason);
}

#[tokio::test]
async fn a_candidate_that_takes_too_much_memory_is_stopped() {
    let hoard = "kept = []\ndef next_move(*a):\n    try:\n        while True:\n            kept.append(bytearray(1 << 20))\n    except MemoryError:\n        return 'UP'\n";
    let measured = measured(hoard).await;
    let stopped = measured.outcome == Outcome::Denied && measured.error_class == "memory";
    let refused = measured.outcome == Outcome::Graded;
    assert!(stopped || refused, "{measured:?}");
    assert!(measured.usage.peak_kb < 400 * 1024, "{:?}", measured.usage);
}

#[tokio::test]
async fn a_candidate_cannot_read_the_benchmark_or_the_lab() {
    let task = shipped("snake");
    let text = format!(
        "import os\nfor path in ({:?}, {:?}, '/etc/passwd'):\n    try:\n        open(path).read()\n    except OSError:\n        continue\n    raise RuntimeError('read ' + path)\ndef next_move(*a):\n    return 'RIGHT'\n",
        task.folder.join("benchmark.py"),
        task.folder.join("task.toml"),
    );
    let measured = measured(&text).await;
    if measured.sandbox == Some(SandboxLevel::Rlimits) {
        println!("SKIPPED: this machine offers no sandbox that denies reading");
        return;
    }
    assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
}

#[tokio::test]
async fn blocks_and_stages_give_the_results_of_one_piece() {
    let mut task = shipped("snake");
    let cases = task.cases(&Split("public".into()), 0);
    let evaluator = evaluator(2).await;
    let player = player(GREEDY);
    let whole = evaluator.measure(&task, &player, &cases).await;
    task.spec.benchmark.block = 7;
    let blocks = evaluator.measure(&task, &player, &cases).await;
    assert_eq!(whole.cases, blocks.cases);
    assert_eq!(whole.metric, blocks.metric);
    for screening in [0, 4, 7, 9, 20] {
        let staged = evaluator.measure_staged(&task, &player, &cases, screening, |_| true).await;
        let Staged::Complete(staged) = staged else { panic!("screening by {screening} stopped") };
        assert_eq!((staged.metric, &staged.cases), (whole.metric, &whole.cases));
    }
    let few = |seen: &[CaseResult]| seen.len() > 4;
    let staged = evaluator.measure_staged(&task, &player, &cases, 4, few).await;
    let Staged::ScreenedOut(staged) = staged else { panic!("not stopped") };
    assert_eq!(staged.cases.as_slice(), &whole.cases[..4]);
    let staged = evaluator.measure_staged(&task, &player, &cases, 9, |_| false).await;
    let Staged::ScreenedOut(staged) = staged else { panic!("not stopped after two blocks") };
    assert_eq!(staged.cases.as_slice(), &whole.cases[..9]);
}

#[tokio::test]
async fn a_playback_ends_with_the_result_of_the_same_case() {
    let task = shipped("snake");
    let case = Case::seeded("seed-3", 3);
    let evaluator = evaluator(1).await;
    let player = player(GREEDY);
    let measured = evaluator.measure(&task, &player, std::slice::from_ref(&case)).await;
    let played = evaluator.play(&task, &player, &case).await;
    assert_eq!(played.failure, None);
    let result = &measured.cases[0];
    let last = played.frames.last().expect("a frame");
    assert_eq!(last, &format!("{}\napples:{}", result.feedback, result.metric));
    assert!(
        played.frames[0].contains('@') && played.frames[0].contains('*'),
        "{}",
        played.frames[0]
    );
    let broken = evaluator.play(&task, &self::player("x ="), &case).await;
    assert_eq!(broken.failure.map(|failure| failure.class), Some("SyntaxError".into()));
}

#[tokio::test]
async fn the_apples_of_the_published_games_lie_where_they_were() {
    // The first four pairs of ten-sided draws of seeds 0, 1 and 2; a player that names the food gets it into the
    // feedback.
    let teller =
        "def next_move(snake, food, width, height):\n    return [food, snake, width, height]\n";
    let measured = measured(teller).await;
    for (case, food) in measured.cases.iter().zip(["[6, 6]", "[2, 9]", "[0, 1]"]) {
        let wanted = format!("gave [{food}, [[5, 5]], 10, 10]");
        assert!(case.feedback.contains(&wanted), "{}: {}", case.id, case.feedback);
    }
}

/// A task written as a folder alone: guess the double of the case's seed.
pub(super) fn doubling(tasks: &Path, benchmark: &str) -> Task {
    let folder = tasks.join("doubling");
    fs::create_dir_all(folder.join("start")).expect("a folder");
    let toml = r#"
name = "doubling"
title = "Say the double of a number"
metric = "error"
direction = "minimise"
language = "python"
protocol = "isolated"
prompt = "prompt.md"
score = { floor = 100.0, target = 0.0 }
solution = { initial = "start", entry = "answer.py", editable = ["answer.py"] }
benchmark = { program = "benchmark.py", functions = ["double"] }
limits = { wall_ms = 4000, cpu_ms = 2000, memory_mb = 128, processes = 4, output_kb = 8 }
[cases]
train = { first_seed = 0, count = 5 }
select = { first_seed = 10, count = 5 }
test = { first_seed = 20, count = 5 }
report = { first_seed = 100, count = 5, fresh = true }
"#;
    for (path, text) in [
        ("task.toml", toml),
        ("prompt.md", "Write `double(number)`.\n"),
        ("start/answer.py", "def double(number):\n    return 0\n"),
        ("answers.py", "def right(seed):\n    return 2 * seed\n"),
        ("benchmark.py", benchmark),
    ] {
        fs::write(folder.join(path), text).expect("a file");
    }
    load_task(&folder).expect("a task")
}

const DOUBLING: &str = r#"
import hyperagent
from answers import right

def run(cases, call_many, call, report):
    for case in cases:
        said = call("double", [case.seed])
        if isinstance(said, hyperagent.CallError):
            report(case.id, 100.0, f"crash: {said.kind} {said.message}")
        else:
            report(case.id, abs(said - right(case.seed)), f"said {said}")

hyperagent.serve(run)
"#;

#[tokio::test]
async fn a_task_that_is_only_a_folder_is_measured() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = doubling(lab.path(), DOUBLING);
    assert_eq!(list_tasks(lab.path()).expect("tasks"), [task.name().clone()]);
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(1).await;
    let start = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!((start.outcome, start.metric), (Outcome::Graded, Some(4.0)), "{}", start.reason);
    let better =
        FileSet::from_iter([("answer.py", "def double(number):\n    return number * 2\n")]);
    let better = evaluator.measure(&task, &better, &cases).await;
    assert_eq!((better.outcome, better.metric), (Outcome::Graded, Some(0.0)));
    assert!(task.better(0.0, 4.0) && task.spec.score.score(0.0) == 1.0);
}

#[tokio::test]
async fn a_benchmark_that_fails_is_a_fault_and_says_so() {
    let every = |body: &str| {
        format!(
            "import hyperagent\ndef run(cases, call_many, call, report):\n    for case in cases:\n        {body}\nhyperagent.serve(run)\n"
        )
    };
    for (benchmark, words) in [
        (every("raise RuntimeError('no oracle')"), "RuntimeError: no oracle"),
        (every("call('other', [])"), "task.toml lists double"),
        (every("pass"), "did not report seed-0"),
        (every("report(case.id, 1); report(case.id, 1)"), "reported seed-0 twice"),
        (every("report('x', 1)"), "reported x, which was not asked"),
        ("import hyperagent\n".to_owned(), "it ended before"),
        ("import nothing_like_it\n".to_owned(), "ModuleNotFoundError"),
    ] {
        let lab = tempfile::tempdir().expect("a folder");
        let task = doubling(lab.path(), &benchmark);
        let cases = task.cases(&Split::train(), 0);
        let measured = evaluator(1).await.measure(&task, &task.initial, &cases).await;
        assert_eq!(measured.outcome, Outcome::Fault, "{benchmark}: {}", measured.reason);
        assert!(measured.reason.contains(words), "{benchmark}: {}", measured.reason);
    }
}

#[tokio::test]
async fn a_metric_that_is_no_number_is_never_a_score() {
    for metric in ["float('nan')", "float('inf')", "1e400"] {
        let lab = tempfile::tempdir().expect("a folder");
        let benchmark = format!(
            "import hyperagent\ndef run(cases, call_many, call, report):\n    for case in cases:\n        report(case.id, {metric})\nhyperagent.serve(run)\n"
        );
        let task = doubling(lab.path(), &benchmark);
        let cases = task.cases(&Split::train(), 0);
        let measured = evaluator(1).await.measure(&task, &task.initial, &cases).await;
        assert_eq!((measured.outcome, measured.metric), (Outcome::Invalid, None));
        assert_eq!(measured.error_class, "not_finite");
    }
}

#[tokio::test]
async fn a_task_edited_under_way_is_refused() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = doubling(lab.path(), DOUBLING);
    let before = task_digest(&task.folder).expect("a digest");
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(1).await;
    let first = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!(first.outcome, Outcome::Graded, "{}", first.reason);
    fs::write(task.folder.join("answers.py"), "def right(seed):\n    return 0\n").expect("a file");
    assert_ne!(before, task_digest(&task.folder).expect("a digest"));
    // The kept benchmark still is the old one; a second, started beside it, would be the new one.
    let both = tokio::join!(
        evaluator.measure(&task, &task.initial, &cases),
        evaluator.play(&task, &task.initial, &cases[0]),
    );
    assert_eq!(both.0.metric, first.metric);
    let failure = both.1.failure.expect("the old benchmark has no playback");
    assert!(failure.reason.contains("no playback"), "{}", failure.reason);
    let after = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!(after.outcome, Outcome::Fault);
    assert!(after.reason.contains("was changed"), "{}", after.reason);
}

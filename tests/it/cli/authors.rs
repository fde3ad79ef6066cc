//! What an author of a task meets: a new task, its check, and what the check says of tasks that are not sound.

use serde_json::Value;

use super::bench::{Bench, Ended};

/// A lab; what these tests learn about the sandbox they learn once.
fn with_lab() -> Bench {
    Bench::with_lab().with("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
}

/// A lab with the task `toy` as `task new` writes it, with few cases.
fn with_toy() -> Bench {
    let bench = with_lab();
    on(&bench, &["task", "new", "toy"]).succeeds();
    change(&bench, "task.toml", &[("count = 20", "count = 6"), ("count = 40", "count = 8")]);
    bench
}

fn on(bench: &Bench, arguments: &[&str]) -> Ended {
    bench.run(&[&["--lab", "lab"], arguments].concat())
}

/// Replaces text in a file of the task, which must hold it.
fn change(bench: &Bench, file: &str, changes: &[(&str, &str)]) {
    let path = format!("lab/tasks/toy/{file}");
    let mut text = bench.read(&path);
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in {file}:\n{text}");
        text = text.replacen(from, to, 1);
    }
    bench.write(&path, &text);
}

/// The document of a check that fails, and the names of the checks that failed.
fn refused(bench: &Bench) -> (Value, Vec<String>) {
    let document = on(bench, &["task", "check", "toy", "--json"]).fails_with(1).json();
    assert_eq!(document["ok"], false);
    let checks = document["checks"].as_array().expect("checks");
    let failed = checks.iter().filter(|check| check["status"] == "failed");
    let names = failed.map(|check| check["name"].as_str().expect("a name").to_owned()).collect();
    (document, names)
}

fn detail(document: &Value, name: &str) -> String {
    let checks = document["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name).expect("the check");
    check["detail"].as_str().expect("words").to_owned()
}

/// The packer that takes the items of most value for their weight first.
const DENSE: &str = "\
def choose(weights, values, room):
    chosen = []
    for item in sorted(range(len(weights)), key=lambda item: -values[item] / weights[item]):
        if weights[item] <= room:
            chosen.append(item)
            room -= weights[item]
    return chosen
";

#[test]
fn a_new_task_is_checked_measured_and_worked_on_as_it_stands() {
    let bench = with_lab();
    let made = on(&bench, &["task", "new", "routes"]).succeeds().stdout;
    assert!(made.contains("lab/tasks/routes/solution/packer.py"), "{made}");
    assert!(made.contains("hyperagent task check routes "), "{made}");
    on(&bench, &["task", "new", "routes"]).fails_with(2).tells("exists already");
    on(&bench, &["task", "new", "../up"]).fails_with(2).tells("is not a task name");
    on(&bench, &["task", "new", "x", "--metric", "a b"]).fails_with(2).tells("a letter");

    bench.write("dense.py", DENSE);
    let checked = on(&bench, &["task", "check", "routes", "--solution", "dense.py"]).succeeds();
    assert!(!checked.stdout.contains("warning"), "{}", checked.stdout);
    assert!(checked.stdout.contains("routes: 14 checks passed"), "{}", checked.stdout);
    let measured = on(&bench, &["task", "eval", "routes", "dense.py", "--json"]).succeeds().json();
    let start = on(&bench, &["task", "eval", "routes", "--json"]).succeeds().json();
    assert!(measured["metric"].as_f64() > start["metric"].as_f64(), "{measured}");

    on(&bench, &["task", "new", "less", "--minimise", "--metric", "loss"]).succeeds();
    let less = on(&bench, &["task", "check", "less", "--quick", "--json"]).succeeds().json();
    assert_eq!((&less["ok"], &less["quick"]), (&true.into(), &true.into()));
    on(&bench, &["run", "--task", "less", "--generations", "0", "--attempts", "2"]).succeeds();
}

#[test]
fn the_shipped_tasks_pass_their_check() {
    let bench = with_lab();
    let tasks = on(&bench, &["task", "list", "--json"]).succeeds().json();
    for task in tasks["tasks"].as_array().expect("tasks") {
        let name = task["name"].as_str().expect("a name");
        let checked = on(&bench, &["task", "check", name, "--json"]).succeeds().json();
        assert_eq!(checked["ok"], true, "{checked}");
    }
}

#[test]
fn chance_that_no_seed_fixes_is_not_deterministic() {
    let bench = with_toy();
    change(&bench, "benchmark.py", &[("Random(seed)", "Random()")]);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["deterministic"], "{document}");
    assert!(detail(&document, "deterministic").contains("Random(case.seed)"));
    assert!(detail(&document, "stateless").contains("cannot be told"));
}

#[test]
fn a_benchmark_that_falls_over_a_wrong_answer_is_told_the_probe() {
    let bench = with_toy();
    let unguarded = ("type(answer) is not list or not", "answer is not None and not");
    change(&bench, "benchmark.py", &[unguarded]);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["sealed"], "{document}");
    let told = detail(&document, "sealed");
    assert!(told.contains("the probe `none`") && told.contains("TypeError"), "{told}");
    assert!(!told.contains("the probe `raises`"), "{told}");
}

#[test]
fn a_benchmark_that_rewards_nonsense_is_told_the_probe() {
    let bench = with_toy();
    change(&bench, "benchmark.py", &[("return 0.0, f\"crash:", "return 0.9, f\"crash:")]);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["sealed"], "{document}");
    assert!(detail(&document, "sealed").contains("the probe `raises` got 0.9"));
}

#[test]
fn a_benchmark_that_remembers_candidates_is_not_stateless() {
    let bench = with_toy();
    let remembered = [
        ("ITEMS = 12\n", "ITEMS = 12\nCRASHES = []\n"),
        ("return 0.0, f\"crash:", "CRASHES.append(answer)\n        return 0.0, f\"crash:"),
        ("report(case.id, share,", "report(case.id, share / (1 + len(CRASHES)),"),
    ];
    change(&bench, "benchmark.py", &remembered);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["stateless"], "{document}");
    assert!(detail(&document, "stateless").contains("after other candidates"));
}

#[test]
fn a_start_at_its_target_leaves_nothing_to_gain() {
    let bench = with_toy();
    let easy = [("perfect = 1.0", "perfect = 0.3"), ("target = 1.0", "target = 0.3")];
    change(&bench, "task.toml", &easy);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["baseline"], "{document}");
    assert!(detail(&document, "baseline").contains("nothing is left to gain"));
}

#[test]
fn what_the_files_say_wrong_is_found_before_anything_is_measured() {
    let bench = with_toy();
    change(&bench, "prompt.md", &[("def choose", "def pick"), ("`choose` must", "It must")]);
    change(&bench, "ingredients.py", &[("def density(", "def density((")]);
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["prompt", "ingredients"], "{document}");
    assert!(detail(&document, "prompt").contains("never names choose"));

    let overlap = ("{ first_seed = 1000, count = 8 }", "{ first_seed = 4, count = 8 }");
    change(&bench, "task.toml", &[overlap]);
    let toml = bench.read("lab/tasks/toy/task.toml");
    let line = 1 + toml.lines().position(|line| line.starts_with("train =")).expect("a line");
    let (document, failed) = refused(&bench);
    assert_eq!(failed, ["loads"]);
    let told = detail(&document, "loads");
    assert!(told.contains("task.toml:") && told.contains("has 0 to 5"), "{told}");
    let named: usize = told
        .split("task.toml:")
        .nth(1)
        .and_then(|rest| rest.split(':').next())
        .and_then(|digits| digits.parse().ok())
        .expect("a line");
    assert!(named.abs_diff(line) <= 1, "line {named} of\n{toml}");
    on(&bench, &["task", "check", "chess"]).fails_with(2).tells("no task `chess`");
}

//! Benchmarks that print `name:value`: what they may print, what a candidate may do to them, and multi-file candidates.
#![cfg(test)]

use std::fs;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome};
use hyperagent::domain::task::{Seal, Split, Task};
use hyperagent::evaluate::Staged;
use hyperagent::lab::tasks::load_task;
use tempfile::TempDir;

use super::measuring::evaluator;

const TOML: &str = r#"
name = "printed"
title = "A benchmark that prints"
metric = "points"
direction = "maximise"
language = "python"
protocol = "metric-line"
prompt = "prompt.md"
score = { floor = 0.0, target = 10.0 }
solution = { initial = "start", entry = "answer.py", editable = ["*.py", "rules/**"], immutable = ["fixed.py"] }
benchmark = { program = "benchmark.py" }
limits = { wall_ms = 2000, cpu_ms = 2000, memory_mb = 128, processes = 4, output_kb = 8 }
"#;

/// A task whose benchmark is this program; the folder lives as long as the first value.
fn task(benchmark: &str, toml: &str) -> (TempDir, Task) {
    let lab = tempfile::tempdir().expect("a folder");
    let folder = lab.path().join("printed");
    fs::create_dir_all(folder.join("start/rules")).expect("folders");
    for (path, text) in [
        ("task.toml", toml),
        ("prompt.md", "Score.\n"),
        ("benchmark.py", benchmark),
        ("data.txt", "7\n"),
        ("start/answer.py", "POINTS = 3\n"),
        ("start/fixed.py", "LIMIT = 9\n"),
        ("start/rules/one.txt", "1\n"),
    ] {
        fs::write(folder.join(path), text).expect("a file");
    }
    let task = load_task(&folder).unwrap_or_else(|error| panic!("{error}"));
    (lab, task)
}

async fn measured(benchmark: &str) -> Measurement {
    let (_lab, task) = task(benchmark, TOML);
    let cases = task.cases(&Split::train(), 0);
    evaluator(1).await.measure(&task, &task.initial, &cases).await
}

#[tokio::test]
async fn a_program_runs_in_the_tasks_folder_and_its_lines_are_read() {
    let benchmark = r#"
import os, pickle, runpy, sys, tempfile
class Kept: pass
pickle.loads(pickle.dumps(Kept()))
points = runpy.run_path(sys.argv[1])["POINTS"]
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
try:
    open("data.txt", "a")
except OSError:
    pass
else:
    raise SystemExit("the task's folder can be written")
print("reading", open("data.txt").read().strip())
print(f"points = {points}")
print("games:20")
print('failures:["wall at 3"]')
"#;
    let (_lab, task) = task(benchmark, TOML);
    assert_eq!(task.spec.seal(), Seal::OneCase);
    let cases = task.cases(&Split::train(), 0);
    assert_eq!(cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["whole"]);
    assert_eq!(cases, task.cases(&Split::report(), 5), "nothing is held out");
    assert!(task.cases(&Split("public".into()), 0).is_empty());
    let measured = evaluator(1).await.measure(&task, &task.initial, &cases).await;
    assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
    assert_eq!(measured.metric, Some(3.0));
    assert_eq!(measured.cases[0].feedback, "failures: wall at 3 games=20");
}

#[tokio::test]
async fn whatever_gives_no_metric_is_the_candidates_fault_and_never_a_score() {
    for (benchmark, outcome, class, words) in [
        ("print('garbage')", Outcome::Invalid, "no_metric", "its last line is `garbage`"),
        ("print('points:1'); print('points:2')", Outcome::Invalid, "two_metrics", "1 and as 2"),
        ("print('points:nan')", Outcome::Invalid, "not_finite", "nan"),
        ("print('points:1'); raise ValueError('no')", Outcome::Invalid, "exit_1", "ValueError: no"),
        ("import sys; print('points:1'); sys.exit(3)", Outcome::Invalid, "exit_3", "code 3"),
        ("import os; os.abort()", Outcome::Invalid, "crashed", "signal 6"),
        ("import time; time.sleep(60)", Outcome::TimedOut, "timeout", "wall time"),
        ("print('x' * 100000); print('points:1')", Outcome::Denied, "output", "KiB of output"),
        (
            "import socket; socket.create_connection(('127.0.0.1', 9))",
            Outcome::Invalid,
            "exit_1",
            "Error",
        ),
    ] {
        let measured = measured(benchmark).await;
        let told = format!("{benchmark}: {measured:?}");
        assert_eq!((measured.outcome, measured.error_class.as_str()), (outcome, class), "{told}");
        assert!(measured.reason.contains(words), "{told}");
        assert_eq!((measured.metric, measured.cases.len()), (None, 0), "{told}");
    }
}

#[tokio::test]
async fn an_error_names_files_without_the_machines_folders() {
    let broken = measured("import sys, runpy; runpy.run_path(sys.argv[1])['MISSING']").await;
    assert!(broken.reason.contains("\"benchmark.py\", line 1"), "{}", broken.reason);
    let (_lab, task) = task("import sys, runpy; runpy.run_path(sys.argv[1])", TOML);
    let cases = task.cases(&Split::train(), 0);
    let files = FileSet::from_iter(
        task.initial.0.clone().into_iter().chain([("answer.py".into(), "1 / 0\n".into())]),
    );
    let measured = evaluator(1).await.measure(&task, &files, &cases).await;
    assert!(measured.reason.contains("File \"answer.py\", line 1"), "{}", measured.reason);
}

#[tokio::test]
async fn installed_packages_are_found_only_where_the_task_says_so() {
    let benchmark = "import sys; print('points:', 1 + sys.flags.no_site); print('site:', 'site' in sys.modules)";
    let plain = measured(benchmark).await;
    assert_eq!((plain.metric, plain.cases[0].feedback.as_str()), (Some(2.0), "site=False"));
    let toml = TOML.replace("\"benchmark.py\"", "\"benchmark.py\", site_packages = true");
    let (_lab, task) = task(benchmark, &toml);
    let cases = task.cases(&Split::train(), 0);
    let with = evaluator(1).await.measure(&task, &task.initial, &cases).await;
    assert_eq!((with.metric, with.cases[0].feedback.as_str()), (Some(1.0), "site=True"));
}

#[tokio::test]
async fn with_seeds_every_case_has_a_process_of_its_own() {
    let toml = TOML.replace(
        r#"program = "benchmark.py""#,
        r#"program = "benchmark.py", arguments = ["--of", "{folder}", "--seed={seed}"], screen = 2"#,
    ) + "[cases]\ntrain = { first_seed = 0, count = 4 }\nselect = { first_seed = 10, count = 2 }\n\
         test = { first_seed = 20, count = 2 }\nreport = { first_seed = 100, count = 2, fresh = true }\n";
    let benchmark = r#"
import os, sys
assert os.listdir(sys.argv[2]) and sys.argv[1] == "--of"
seed = int(sys.argv[3].partition("=")[2])
if seed == 3 and "STRICT" in open(sys.argv[2] + "/answer.py").read():
    sys.exit("seed 3 fails")
print("points:", seed)
"#;
    let (_lab, task) = task(benchmark, &toml);
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(2).await;
    let whole = evaluator.measure(&task, &task.initial, &cases).await;
    let metrics: Vec<f64> = whole.cases.iter().map(|case| case.metric).collect();
    assert_eq!((whole.metric, metrics), (Some(1.5), vec![0.0, 1.0, 2.0, 3.0]), "{}", whole.reason);
    let mut strict = task.initial.clone();
    strict.0.insert("answer.py".into(), "STRICT = 1\n".into());
    let broken = evaluator.measure(&task, &strict, &cases).await;
    assert_eq!((broken.error_class.as_str(), broken.cases.len()), ("exit_1", 3));
    let staged = evaluator.measure_staged(&task, &strict, &cases, 2, |_| false).await;
    let Staged::ScreenedOut(staged) = staged else { panic!("not screened out: {staged:?}") };
    assert_eq!(staged.metric, Some(0.5));
    let staged = evaluator.measure_staged(&task, &task.initial, &cases, 2, |_| true).await;
    assert_eq!(staged, Staged::Complete(Measurement { usage: usage(&staged), ..whole }));
}

fn usage(staged: &Staged) -> hyperagent::domain::outcome::Usage {
    match staged {
        Staged::Complete(measured) | Staged::ScreenedOut(measured) => measured.usage,
    }
}

#[tokio::test]
async fn candidates_may_add_files_that_match_and_touch_nothing_else() {
    let benchmark = r#"
import os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
import answer
print("points:", answer.POINTS)
"#;
    let (_lab, task) = task(benchmark, TOML);
    let evaluator = evaluator(1).await;
    let cases = task.cases(&Split::train(), 0);
    let with = |changes: &[(&str, Option<&str>)]| {
        let mut files = task.initial.clone();
        for (path, text) in changes {
            match text {
                Some(text) => files.0.insert((*path).into(), (*text).into()),
                None => files.0.remove(*path),
            };
        }
        files
    };
    let split = [
        ("answer.py", Some("from helper import points\nPOINTS = points()\n")),
        ("helper.py", Some("def points():\n    return 8\n")),
        ("rules/deep/two.txt", Some("2\n")),
    ];
    let measured = evaluator.measure(&task, &with(&split), &cases).await;
    assert_eq!(measured.metric, Some(8.0), "{}", measured.reason);
    for (path, text, class) in [
        ("notes.txt", Some("x"), "not_editable"),
        ("fixed.py", Some("LIMIT = 99\n"), "not_editable"),
        ("sub/helper.py", Some("x"), "not_editable"),
        ("answer.py", None, "missing_file"),
        ("rules/one.txt", None, "missing_file"),
        ("rules/../../x.py", Some("x"), "bad_path"),
        ("rules/one.txt/x", Some("x"), "bad_path"),
    ] {
        let measured = evaluator.measure(&task, &with(&[(path, text)]), &cases).await;
        assert_eq!(
            (measured.outcome, measured.error_class.as_str()),
            (Outcome::Invalid, class),
            "{path}"
        );
        assert_eq!(measured.sandbox, None, "it never ran");
    }
}

#[test]
fn a_task_says_what_its_protocol_needs_and_no_more() {
    let lab = tempfile::tempdir().expect("a folder");
    let folder = lab.path().join("printed");
    let refusal = |from: &str, to: &str| {
        assert!(TOML.contains(from), "{from}");
        fs::create_dir_all(folder.join("start/rules")).expect("folders");
        for path in
            ["prompt.md", "benchmark.py", "start/answer.py", "start/fixed.py", "start/rules/a"]
        {
            fs::write(folder.join(path), "").expect("a file");
        }
        fs::write(folder.join("task.toml"), TOML.replacen(from, to, 1)).expect("a file");
        load_task(&folder).expect_err("a refusal").to_string()
    };
    let program = "program = \"benchmark.py\"";
    for (from, to, said) in [
        (program, "program = \"benchmark.py\", functions = [\"f\"]", "for the protocol `isolated`"),
        ("metric-line", "isolated", "benchmark.functions is empty"),
        (program, "program = \"benchmark.py\", arguments = [\"{seed}\"]", "cases lacks the set"),
        (
            "processes = 4, output_kb = 8 }",
            "processes = 4, output_kb = 8 }\n[cases]\ntrain = { first_seed = 0, count = 4 }",
            "no argument of the benchmark holds `{seed}`",
        ),
        ("\"points\"", "\"my points\"", "which no line can begin with"),
        ("[\"fixed.py\"]", "[\"**\"]", "leaves nothing to change"),
        ("[\"*.py\", \"rules/**\"]", "[\"*.js\"]", "names `*.js`"),
    ] {
        let told = refusal(from, to);
        assert!(told.contains(said), "wanted {said}\ngot {told}");
    }
}

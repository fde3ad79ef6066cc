//! Tasks made for other programs: tiny lookalikes of each kind, imported and measured, and a run on one of them.
#![cfg(test)]

use serde_json::Value;

use crate::cli::bench::{Bench, Ended};

const SQUARE: &str =
    "# EVOLVE-BLOCK-START\ndef best_x():\n    return 1 * 1.5\n# EVOLVE-BLOCK-END\n";

const EVALUATOR: &str = r#"
import importlib.util
from openevolve.evaluation_result import EvaluationResult
from limits import TOP

def evaluate(program_path):
    print("combined_score: 99")
    spec = importlib.util.spec_from_file_location("program", program_path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    x = program.best_x()
    return EvaluationResult(
        metrics={"combined_score": 1.0 / (1.0 + (x - TOP) ** 2), "distance": abs(x - TOP)},
        artifacts={"hint": "x is\ntoo small"},
    )
"#;

const CONFIG: &str = "prompt:\n  system_message: |\n    Find the x of the top.\n  top: 1\n";

const SHINKA: &str = r#"
import argparse
from shinka.core import run_shinka_eval

def aggregate(results):
    mean = sum(results) / len(results)
    return {"combined_score": mean, "public": {"runs": len(results)}, "private": {"secret": 1}, "text_feedback": "go on"}

def validate(result):
    return (result < 100, "above 100")

def main(program_path, results_dir):
    run_shinka_eval(
        program_path=program_path, results_dir=results_dir, experiment_fn_name="run_experiment", num_runs=3,
        get_experiment_kwargs=lambda index: {"index": index}, aggregate_metrics_fn=aggregate, validate_fn=validate,
    )

parser = argparse.ArgumentParser()
parser.add_argument("--program_path")
parser.add_argument("--results_dir")
arguments = parser.parse_args()
main(arguments.program_path, arguments.results_dir)
"#;

const TRAIN: &str = r#"
from prepare import loss
RATE = 1 * 0.5
for step in range(3):
    print(f"\rval_bpb: {step}", end="")
print()
print("---")
print(f"val_bpb:          {loss(RATE):.6f}")
print("num_steps:        3")
"#;

/// A bench with a lab and a folder `foreign` of these files.
fn lab_beside(files: &[(&str, &str)]) -> Bench {
    let bench = Bench::with_lab();
    std::fs::create_dir_all(bench.path("foreign/__pycache__")).expect("a folder");
    bench.write("foreign/__pycache__/x.pyc", "stale");
    for (path, text) in files {
        bench.write(&format!("foreign/{path}"), text);
    }
    bench
}

fn import(bench: &Bench, more: &[&str]) -> Ended {
    let order = ["--lab", "lab", "task", "new", "made", "--from", "foreign"];
    bench.run(&[&order[..], more].concat())
}

fn eval(bench: &Bench, more: &[&str]) -> Value {
    let order = ["--lab", "lab", "task", "eval", "made"];
    bench.run(&[&order[..], more, &["--json"]].concat()).succeeds().json()
}

fn openevolve() -> Bench {
    lab_beside(&[
        ("initial_program.py", SQUARE),
        ("evaluator.py", EVALUATOR),
        ("limits.py", "TOP = 2.5\n"),
        ("config.yaml", CONFIG),
    ])
}

#[test]
fn an_openevolve_example_is_measured_by_its_own_evaluator() {
    let bench = openevolve();
    let told = import(&bench, &[]).succeeds().stdout;
    assert!(told.contains("an OpenEvolve example") && told.contains("unsealed"), "{told}");
    assert!(told.contains("start: 0.5 combined_score"), "{told}");
    for path in ["initial_program.py", "evaluator.py", "limits.py", "config.yaml"] {
        let original = bench.read(&format!("lab/tasks/made/original/{path}"));
        assert_eq!(original, bench.read(&format!("foreign/{path}")), "{path} is unchanged");
    }
    assert!(!bench.path("lab/tasks/made/original/__pycache__").exists());
    let prompt = bench.read("lab/tasks/made/prompt.md");
    assert!(
        prompt.contains("Find the x of the top.") && prompt.contains("EVOLVE-BLOCK"),
        "{prompt}"
    );
    let measured = eval(&bench, &[]);
    assert_eq!((&measured["metric"], &measured["sealed"]), (&0.5.into(), &false.into()));
    assert_eq!(measured["cases"][0]["feedback"], "distance=1.0 hint=x is too small");
    let listed = bench.run(&["--lab", "lab", "task", "list", "--json"]).succeeds().json();
    let tasks = listed["tasks"].as_array().expect("tasks");
    let sealed =
        |name: &str| &tasks.iter().find(|task| task["name"] == name).expect(name)["sealed"];
    assert_eq!((sealed("made"), sealed("snake")), (&false.into(), &true.into()));
    let listed = bench.run(&["--lab", "lab", "task", "list"]).succeeds().stdout;
    assert_eq!(listed.lines().filter(|line| line.contains("unsealed")).count(), 1, "{listed}");
    import(&bench, &[]).fails_with(2).tells("exists");
}

#[test]
fn an_evaluator_without_the_usual_metric_needs_a_name_or_gives_its_first_number() {
    let plain = "def evaluate(path):\n    return {'error': 'none', 'speed': 4, 'size': 2}\n";
    let bench = lab_beside(&[("initial_program.py", "x = 1\n"), ("evaluator.py", plain)]);
    let told = import(&bench, &["--metric", "size", "--minimise"]).succeeds().stdout;
    assert!(told.contains("start: 2 size") && told.contains("from 4 to 0"), "{told}");
    std::fs::remove_dir_all(bench.path("lab/tasks/made")).expect("removed");
    let told = import(&bench, &[]).succeeds().stdout;
    assert!(told.contains("start: 4 combined_score"), "{told}");
    assert!(eval(&bench, &[])["cases"][0]["feedback"].as_str().expect("text").contains("speed"));
}

#[test]
fn a_shinka_example_runs_without_its_framework_and_what_is_not_correct_has_no_metric() {
    let initial = "def run_experiment(index):\n    return 10 + index\n";
    let bench = lab_beside(&[("initial.py", initial), ("evaluate.py", SHINKA)]);
    let told = import(&bench, &[]).succeeds().stdout;
    assert!(told.contains("a ShinkaEvolve example"), "{told}");
    let measured = eval(&bench, &[]);
    assert_eq!(measured["metric"], 11.0);
    assert_eq!(measured["cases"][0]["feedback"], "runs=3.0 text_feedback=go on");
    bench.write("wrong.py", "def run_experiment(index):\n    return 100\n");
    let order = ["--lab", "lab", "task", "eval", "made", "wrong.py", "--json"];
    let wrong = bench.run(&order).fails_with(6).json();
    assert_eq!((&wrong["error_class"], &wrong["metric"]), (&"exit_1".into(), &Value::Null));
    assert!(
        wrong["reason"].as_str().expect("text").contains("not correct: run 0: above 100"),
        "{wrong}"
    );
}

#[test]
fn an_autoresearch_repository_is_measured_by_the_summary_of_its_training() {
    let bench = lab_beside(&[
        ("train.py", TRAIN),
        ("prepare.py", "def loss(rate):\n    return 1.0 + (rate - 0.3) ** 2\n"),
        ("program.md", "Lower val_bpb.\n"),
        ("pyproject.toml", "[project]\n"),
    ]);
    let told = import(&bench, &[]).succeeds().stdout;
    assert!(told.contains("start: 1.04 val_bpb"), "{told}");
    assert!(bench.read("lab/tasks/made/prompt.md").contains("Lower val_bpb."));
    assert_eq!(eval(&bench, &[])["cases"][0]["feedback"], "num_steps=3");
    std::fs::create_dir_all(bench.path("mine")).expect("a folder");
    bench.write("mine/prepare.py", "def loss(rate):\n    return 0.0\n");
    let tampered =
        bench.run(&["--lab", "lab", "task", "eval", "made", "mine", "--json"]).fails_with(6);
    assert_eq!(tampered.json()["error_class"], "not_editable");
}

#[test]
fn a_script_needs_its_metrics_name_and_is_called_as_it_is() {
    let script = "import runpy, sys\nprint('seconds =', runpy.run_path(sys.argv[1])['SECONDS'])\n";
    let bench = lab_beside(&[("benchmark.py", script), ("quick.py", "SECONDS = 4\n")]);
    import(&bench, &[]).fails_with(2).tells("--metric NAME");
    let told = import(&bench, &["--metric", "seconds", "--minimise"]).succeeds().stdout;
    assert!(told.contains("start: 4 seconds"), "{told}");
    assert!(!bench.path("lab/tasks/made/hyperagent_shim.py").exists());
    let unknown = lab_beside(&[("notes.txt", "nothing\n")]);
    import(&unknown, &[]).fails_with(2).tells("no task that can be imported");
    let broken = lab_beside(&[("benchmark.py", "print('hello')\n"), ("quick.py", "x = 1\n")]);
    import(&broken, &["--metric", "seconds"]).fails_with(6).tells("no_metric");
    let several = lab_beside(&[("benchmark.py", ""), ("a.py", ""), ("b.py", "")]);
    import(&several, &["--metric", "x"]).fails_with(2).tells("a.py, b.py");
}

#[test]
fn a_run_on_an_imported_task_improves_it_and_says_that_it_is_unsealed() {
    let bench = openevolve();
    import(&bench, &[]).succeeds();
    let order = [
        "--lab",
        "lab",
        "run",
        "--task",
        "made",
        "--generations",
        "1",
        "--attempts",
        "5",
        "--episodes",
        "1",
    ];
    let ended = bench.run(&order).succeeds();
    assert!(ended.stdout.contains("made unsealed: "), "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing is held out"), "{}", ended.stdout);
    let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    assert_eq!(log["sealed"], false);
    let told = bench.run(&["--lab", "lab", "log"]).succeeds().stdout;
    assert!(told.contains("made (unsealed)"), "{told}");
    for verb in [vec!["status"], vec!["show", "best"], vec!["trace", "best"]] {
        let document =
            bench.run(&[&["--lab", "lab"], &verb[..], &["--json"]].concat()).succeeds().json();
        assert_eq!(document["sealed"], false, "{verb:?}");
    }
    let record = crate::engine::toy::git(&bench, &["show", "run-1/gen-00000:record.json"]);
    assert!(record.contains("\"unsealed\": [\n    \"made\"\n  ]"), "{record}");
    let note = crate::engine::toy::git(&bench, &["notes", "show", "run-1/gen-00000^{commit}"]);
    assert!(note.contains("made#0 unsealed combined_score"), "{note}");
    bench.run(&["--lab", "lab", "best", "--solution", "made", "-o", "found.py"]).succeeds();
    let found = eval(&bench, &["found.py"]);
    assert!(found["metric"].as_f64().expect("a metric") > 0.5, "{found}");
}

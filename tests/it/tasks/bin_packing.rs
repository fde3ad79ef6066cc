//! Online bin packing: the references, the bound, and what a rule may answer.

use std::path::PathBuf;
use std::process::Command;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::Measurement;
use hyperagent::domain::task::Split;

use super::super::measuring::{evaluator, shipped};

/// Runs Python beside the task's own modules and reads the JSON it prints.
fn python(program: &str) -> serde_json::Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tasks/bin_packing");
    let done = Command::new("python3")
        .args(["-B", "-c", program])
        .current_dir(folder)
        .output()
        .expect("python3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

async fn measured(rule: &str, count: usize) -> Measurement {
    let task = shipped("bin_packing");
    let cases = task.cases(&Split::train(), 1);
    let candidate = FileSet::from_iter([("packer.py", rule)]);
    evaluator(1).await.measure(&task, &candidate, cases.get(..count).expect("cases")).await
}

#[tokio::test]
async fn the_start_is_best_fit_and_first_fit_is_worse() {
    let references = python(
        "import json\n\
         from instances import instance\n\
         from references import best_fit, first_fit, l2_bound\n\
         def excess(rule, seed):\n\
         \x20   kind, capacity, items = instance(seed)\n\
         \x20   bound = l2_bound(items, capacity)\n\
         \x20   return 100 * (rule(items, capacity) - bound) / bound\n\
         print(json.dumps([[excess(best_fit, seed), excess(first_fit, seed)] for seed in range(1000, 1024)]))",
    );
    let task = shipped("bin_packing");
    let start = task.initial.get("packer.py").expect("the start");
    let start = measured(start, 24).await;
    let mut means = [0.0, 0.0];
    for (case, reference) in start.cases.iter().zip(references.as_array().expect("pairs")) {
        let [best_fit, first_fit] = [0, 1].map(|i| reference[i].as_f64().expect("a number"));
        assert!((case.metric - best_fit).abs() < 1e-9, "{}: {}", case.id, case.metric);
        means = [means[0] + best_fit / 24.0, means[1] + first_fit / 24.0];
    }
    assert!((3.9..4.6).contains(&means[0]), "best fit leaves {} %", means[0]);
    assert!((0.1..1.0).contains(&(means[1] - means[0])), "first fit leaves {} %", means[1]);
    assert!((start.metric.expect("a metric") - means[0]).abs() < 1e-9);
}

#[test]
fn the_bound_is_that_of_martello_and_toth() {
    let bounds = python(
        "import json\n\
         from references import l2_bound as bound\n\
         print(json.dumps([bound([6, 6, 6], 10), bound([5, 5, 5, 5], 10), bound([7, 7, 3, 3, 3], 10),\n\
         \x20   bound([8, 4, 4, 4], 10), bound([1] * 25, 10), bound([6, 4, 4, 4, 4], 10), bound([], 10)]))",
    );
    assert_eq!(bounds, serde_json::json!([3, 2, 3, 3, 3, 3, 0]));
}

#[tokio::test]
async fn a_rule_that_refuses_middling_gaps_beats_best_fit_by_far() {
    let rule = "def priority(item, residual, capacity):\n    gap = residual - item\n    return -100 - gap if 4 < gap < 20 else -gap\n";
    let metric = measured(rule, 24).await.metric.expect("a metric");
    assert!((1.8..2.8).contains(&metric), "{metric}");
}

#[tokio::test]
async fn what_is_no_finite_number_costs_its_kind_of_instance() {
    for (answer, class) in [
        ("1 / (residual - item)", "crash"),
        ("float('nan')", "crash"),
        ("10 ** 400", "crash"),
        ("True", "wrong_type"),
        ("'9'", "wrong_type"),
        ("[residual]", "wrong_type"),
    ] {
        let rule = format!(
            "def priority(item, residual, capacity):\n    return {answer} if capacity == 150 else item - residual\n"
        );
        let found = measured(&rule, 2).await;
        let metrics: Vec<f64> = found.cases.iter().map(|case| case.metric).collect();
        assert!(metrics[0] < 5.0 && metrics[1] == 100.0, "{answer}: {metrics:?}");
        assert_eq!(found.cases[1].class(), Some(class), "{answer}");
    }
}

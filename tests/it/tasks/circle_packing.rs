//! Circle packing: the known sum of the start, and the exact check.
#![cfg(test)]

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome};
use hyperagent::domain::task::{Case, Split};

use super::super::measuring::{evaluator, shipped};

/// Answers with one packing for each seed: circles of radius 1/16 that touch exactly, and every way to spoil them.
const ANSWERS: &str = r#"
def touching():
    return [[(2 * (n % 8) + 1) / 16, (2 * (n // 8) + 1) / 16, 1 / 16] for n in range(26)]

def changed(circle, place, value):
    circles = touching()
    circles[circle][place] = value
    return circles

def pack(seed):
    if seed == 10:
        raise ValueError("no idea")
    answers = [
        touching(),
        changed(9, 2, 1 / 16 + 1e-15),
        changed(0, 0, 1 / 16 - 2**-30),
        touching()[:25],
        changed(3, 2, float("nan")),
        changed(3, 2, True),
        changed(3, 2, "0.1"),
        changed(3, 2, -0.01),
        "circles",
        changed(3, 0, 10**400),
    ]
    return answers[seed]
"#;

async fn measured(text: &str, cases: &[Case]) -> Measurement {
    let files = FileSet::from_iter([("packing.py", text)]);
    let measured = evaluator(2).await.measure(&shipped("circle_packing"), &files, cases).await;
    assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
    measured
}

#[tokio::test]
async fn the_start_has_the_sum_of_its_grid_for_every_seed() {
    let task = shipped("circle_packing");
    let cases = task.cases(&Split::train(), 1);
    let start = task.initial.get("packing.py").expect("the start");
    for case in measured(start, &cases).await.cases {
        assert!((case.metric - 26.0 * (1.0 / 12.0 - 1e-12)).abs() < 1e-14, "{case:?}");
        assert_eq!(case.class(), Some("packed"));
    }
}

#[tokio::test]
async fn touching_circles_count_and_every_spoilt_packing_is_worth_nothing() {
    let said = [
        "packed: 1.625000,",
        "overlap: circles 9 and 17 by 1e-15; 4 in all",
        "outside: circle 0 by 9.3e-10; 1 in all",
        "count: 25 circles",
        "crash: BadAnswer",
        "wrong_type: circle 3 holds True",
        "wrong_type: circle 3 holds '0.1'",
        "negative: the radius of circle 3 is -0.01",
        "wrong_type: expected a list",
        "outside: circle 3 by more than 1e308",
        "crash: ValueError packing.py:12: no idea",
    ];
    let cases: Vec<Case> =
        (0..said.len() as u64).map(|seed| Case::seeded(format!("answer-{seed}"), seed)).collect();
    let found = measured(ANSWERS, &cases).await.cases;
    assert_eq!(found.len(), said.len());
    for (case, said) in found.iter().zip(said) {
        let metric = if said.starts_with("packed") { 1.625 } else { 0.0 };
        assert!(case.metric == metric && case.feedback.starts_with(said), "{case:?}: {said}");
    }
}

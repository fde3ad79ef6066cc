use super::*;
use crate::domain::files::FileSet;
use crate::domain::task::Direction;

fn task(direction: Direction) -> Task {
    let text = r#"
        name = "toy"
        title = "A toy"
        metric = "points"
        direction = "maximise"
        language = "python"
        protocol = "isolated"
        prompt = "prompt.md"
        score = { floor = 0.0, target = 10.0 }
        solution = { initial = "solution", entry = "a.py", editable = ["a.py"] }
        benchmark = { program = "benchmark.py", functions = ["f"] }
        gate = { pass = 1.0, cost = 50.0 }
    "#;
    let mut spec: crate::domain::task::TaskSpec = toml::from_str(text).expect("a task");
    spec.direction = direction;
    Task {
        spec,
        folder: "toy".into(),
        prompt: String::new(),
        initial: FileSet::default(),
        benchmark: String::new(),
        adapter: String::new(),
        ingredients: String::new(),
    }
}

fn case(id: &str, metric: f64, feedback: &str, cost: Option<f64>) -> CaseResult {
    CaseResult { id: id.into(), metric, feedback: feedback.into(), cost }
}

fn judged(change: impl Fn(&mut GateSpec), candidate: &[CaseResult]) -> Gate {
    let task = task(Direction::Maximise);
    let mut spec = task.spec.gate.expect("a gate");
    change(&mut spec);
    let before = [case("a", 1.0, "", None), case("b", 0.0, "wrong: 3", None)];
    Gate::judge(&task, &spec, (4, &before), candidate)
}

#[test]
fn a_case_that_passed_before_is_named_with_what_became_of_it() {
    let gate =
        judged(|_| (), &[case("a", 0.0, "wrong_type: got 'x'", None), case("b", 1.0, "", None)]);
    assert!(!gate.is_open());
    assert_eq!((gate.class(), gate.passed), ("regressed", 1));
    assert_eq!(gate.reason(), "regressed: a: pass -> wrong_type: got 'x'; attempt 4 stays");
}

#[test]
fn a_case_that_failed_before_may_fail_unless_all_must_pass() {
    let candidate = [case("a", 1.0, "", None), case("b", 0.5, "", None)];
    assert!(judged(|_| (), &candidate).is_open());
    let gate = judged(|spec| spec.correct = Correct::All, &candidate);
    assert_eq!(gate.reason(), "wrong: b: fail, metric 0.5; attempt 4 stays");
}

#[test]
fn what_costs_exactly_the_limit_is_let_through_and_the_dearest_case_is_on_record() {
    let at = |cost: f64| {
        judged(|_| (), &[case("a", 1.0, "", Some(2.0)), case("b", 1.0, "", Some(cost))])
    };
    assert!(at(50.0).is_open());
    let gate = at(50.5);
    assert_eq!((gate.class(), gate.cost), ("slow", Some(50.5)));
    assert_eq!(gate.reason(), "slow: b: costs 50.5, at most 50 is allowed; attempt 4 stays");
}

#[test]
fn the_lowest_time_of_a_candidate_counts_and_the_highest_of_the_incumbent() {
    let spec =
        GateSpec { cpu_ratio: Some(2.0), ..task(Direction::Maximise).spec.gate.expect("a gate") };
    let cpu = |mine: &[u64]| Cpu::of(&spec, mine.to_vec(), vec![90, 100]).expect("a budget");
    assert_eq!(cpu(&[400]).limit_ms, 200);
    assert!(cpu(&[400]).is_over() && cpu(&[400, 201]).is_over() && !cpu(&[400, 200]).is_over());
    let both = GateSpec { cpu_ms: Some(150), ..spec };
    assert_eq!(
        Cpu::of(&both, vec![1], vec![100]).map(|cpu| cpu.limit_ms),
        Some(150),
        "the stricter"
    );
    let none = GateSpec { cpu_ratio: None, ..spec };
    assert_eq!(Cpu::of(&none, vec![1], vec![1]), None);
    let gate = judged(|_| (), &[case("a", 1.0, "", None)]).timed(cpu(&[400, 300]));
    let told = "slow: the train cases took 300 ms of CPU time, at most 200 ms is allowed";
    assert_eq!(gate.reason(), format!("{told}; attempt 4 stays"));
}

#[test]
fn where_less_is_better_a_case_is_passed_from_below() {
    let task = task(Direction::Minimise);
    let spec = task.spec.gate.expect("a gate");
    let before = [case("a", 0.5, "", None)];
    let judged = |metric| Gate::judge(&task, &spec, (0, &before), &[case("a", metric, "", None)]);
    assert!(judged(1.0).is_open());
    assert_eq!(judged(1.5).reason(), "regressed: a: pass -> fail, metric 1.5; the start stays");
}

#[test]
fn evidence_without_end_is_counted() {
    let many: Vec<CaseResult> = (0..20).map(|n| case(&n.to_string(), 0.0, "", None)).collect();
    let gate = judged(|spec| spec.correct = Correct::All, &many);
    assert_eq!((gate.evidence.len(), gate.more), (8, 12));
    assert!(gate.reason().ends_with("; and 12 more; attempt 4 stays"), "{}", gate.reason());
}

//! The gate of a task in whole runs: right and slow, fast and wrong, a regression, and a good one; and a budget of CPU time.

use serde_json::Value;

use super::toy::{self, git, run_small};
use crate::cli::bench::{Bench, Ended};

/// A line as the sum of a list of numbers; the list's length is what a case costs.
const BENCHMARK: &str = r#"
import hyperagent


def run(cases, call_many, call, report):
    answers = call_many("level", [[case.seed % 7] for case in cases])
    for case, answer in zip(cases, answers):
        if type(answer) is not list:
            report(case.id, -100.0, "wrong_type: expected a list of numbers")
            continue
        off = abs(sum(answer) - 3 * (case.seed % 7) - 11)
        report(case.id, max(-100.0, -off), "passed" if off == 0 else f"off: by {off}", cost=len(answer))


hyperagent.serve(run)
"#;

/// Measures, and keeps whatever comes along.
const STRATEGY: &str = "
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    if len(S.live) < 2:
        return expand(S.live[0].id, op = \"rewrite\")
    return stop(why = \"measured\")

def accept(c, inc, T, rng):
    return True
";

/// A lab whose worker answers these lines in turn, each in the place of the one that is best then; with this gate.
fn lab(benchmark: &str, gate: &str, lines: &[(&str, &str)]) -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    let settings = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";
    bench.write("lab/hyperagent.toml", settings);
    let spec = bench.read("lab/tasks/dial/task.toml");
    bench.write(
        "lab/tasks/dial/task.toml",
        &spec.replace("[cases]", &format!("[gate]\n{gate}\n\n[cases]")),
    );
    bench.write("lab/tasks/dial/benchmark.py", benchmark);
    let first = lines.first().expect("a line").0;
    bench.write(
        "lab/tasks/dial/solution/dial.py",
        &format!("import time\n\n\ndef level(x):\n    return {first}\n"),
    );
    let answers = lines.iter().zip(1..).map(|((old, new), attempt): (_, u32)| {
        format!(
            "\n[[answer]]\nrole = \"worker\"\nattempt = {attempt}\ntext = '''\nsummary: step {attempt}\n\ndial.py\n\
             <<<<<<< SEARCH\n    return {old}\n=======\n    return {new}\n>>>>>>> REPLACE\n'''\n"
        )
    });
    bench.write("lab/answers.toml", &answers.collect::<String>());
    bench
}

fn run(bench: &Bench, attempts: &str, more: &[&str]) -> Ended {
    let sizes =
        ["--generations", "0", "--episodes", "1", "--model", "script", "--attempts", attempts];
    run_small(bench, &[&sizes[..], more].concat()).succeeds()
}

/// The fields of the results of the attempts, in order.
fn results(ended: &Ended) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let ends = events.filter(|event: &Value| event["event"] == "attempt_finished");
    ends.map(|event| event["result"].clone()).collect()
}

#[track_caller]
fn is_the_same_again(bench: &Bench) {
    let again = bench.run(&["--lab", "lab", "replay", "run-1", "--json"]).succeeds().json();
    assert_eq!((&again["same"], &again["finished"]), (&true.into(), &true.into()), "{again}");
}

#[test]
fn what_is_wrong_slow_or_breaks_a_case_is_refused_with_the_evidence_whatever_accept_says() {
    let lines = [
        ("[11]", "[12.5 + 2.5 * x]"),
        ("[11]", "[1] * (3 * x + 11)"),
        ("[11]", "[3 * x + 11]"),
        ("[3 * x + 11]", "\"x\" if x == 2 else [3 * x + 11]"),
    ];
    let bench = lab(BENCHMARK, "pass = 0.0\ncost = 4.0", &lines);
    let ended = run(&bench, "4", &[]);
    let told = results(&ended);
    let field = |name: &str| told.iter().map(|result| result[name].clone()).collect::<Vec<_>>();
    assert_eq!(field("end"), ["refused", "refused", "accepted", "refused"]);
    // The first and the second would have been better by their mean: -0.7 and 0 after -6.
    assert_eq!(field("metric")[..2], [Value::from(-0.7), Value::from(0.0)]);
    let reasons: Vec<String> = field("reason")
        .iter()
        .map(|reason| reason.as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(reasons[0], "regressed: seed-0: pass -> off: by 1.5; the start stays");
    assert!(
        reasons[1]
            .starts_with("slow: seed-0: costs 11, at most 4 is allowed; slow: seed-1: costs 14,")
    );
    let last = "regressed: seed-2: pass -> wrong_type: expected a list of numbers; attempt 3 stays";
    assert_eq!((reasons[2].as_str(), reasons[3].as_str()), ("", last));
    let good = &told[2]["gate"];
    assert_eq!(
        (&good["against"], &good["passed"], &good["cost"]),
        (&0.into(), &5.into(), &1.0.into())
    );

    // The next author reads why, a person does, and the commit of the evidence holds it.
    let on = |flags: &[&str]| {
        bench.run(&[&["--lab", "lab", "trace", "gen-00000"], flags].concat()).succeeds().stdout
    };
    assert!(on(&["--attempt", "2"]).contains(&reasons[0]), "the prompt of attempt 2");
    assert!(
        on(&["--short"]).contains("gate: regressed: seed-2: pass -> wrong_type"),
        "{}",
        on(&["--short"])
    );
    let attempts = "refs/hyperagent/run-1/evidence/gen-00000:dial-0/attempts.jsonl";
    assert_eq!(git(&bench, &["show", attempts]).matches("\"found\":\"regressed\"").count(), 2);
    let best =
        git(&bench, &["show", "refs/hyperagent/run-1/evidence/gen-00000:dial-0/best/dial.py"]);
    assert!(best.contains("    return [3 * x + 11]\n"), "{best}");
    is_the_same_again(&bench);
}

#[test]
fn where_every_case_is_passed_the_mean_decides() {
    let bench = lab(BENCHMARK, "pass = -100.0", &[("[11]", "[12.5 + 2.5 * x]")]);
    let ended = run(&bench, "1", &[]);
    let [result] = &results(&ended)[..] else { panic!("{}", ended.stdout) };
    assert_eq!(result["end"], "accepted", "every case is passed: {result}");
}

#[test]
fn cpu_time_over_the_budget_is_confirmed_in_fresh_processes_and_on_record() {
    let slow = "(3 * x + 11, [time.process_time() < until for until in [time.process_time() + 0.1] \
                for turn in iter(lambda: time.process_time() < until, False)])[0]";
    let lines = [("1 * x + 1", slow), ("1 * x + 1", "3 * x + 11")];
    let spec = toy::lab().read("lab/tasks/dial/benchmark.py");
    let bench = lab(&spec, "pass = -100.0\ncpu_ms = 300", &lines);
    let ended = run(&bench, "2", &[]);
    let told = results(&ended);
    let [slow, quick] = &told[..] else { panic!("{}", ended.stdout) };
    assert_eq!((&slow["end"], &slow["error_class"]), (&"refused".into(), &"slow".into()), "{slow}");
    let measured = slow["gate"]["cpu"]["measured_ms"].as_array().expect("times");
    assert_eq!(measured.len(), 3, "with the result and twice more: {measured:?}");
    assert!(measured.iter().all(|ms| ms.as_u64().is_some_and(|ms| ms > 300)), "{measured:?}");
    let reason = slow["reason"].as_str().expect("a reason");
    assert!(
        reason.ends_with("ms of CPU time, at most 300 ms is allowed; the start stays"),
        "{reason}"
    );
    assert_eq!(
        (&quick["end"], &quick["gate"]["cpu"]["limit_ms"]),
        (&"accepted".into(), &300.into())
    );
    is_the_same_again(&bench);
}

//! Races and blocks of select cases in whole runs.

use std::collections::BTreeSet;

use hyperagent::lab::tasks::load_task;
use serde_json::Value;

use crate::cli::bench::{Bench, Ended};
use crate::engine::toy::{self, last_event, run_small};

/// Rewrites once, measures what is to be measured, and stops.
const STRATEGY: &str = "
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    if len(S.live) < 2:
        return expand(S.live[0].id, op = \"rewrite\")
    return stop(why = \"measured\")
";

fn events(ended: &Ended, name: &str) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events.filter(|event: &Value| event["event"] == name).collect()
}

fn answer(role: &str, generation: u32, path: &str, search: &str, replace: &str) -> String {
    format!(
        "\n[[answer]]\nrole = \"{role}\"\ngeneration = {generation}\ntext = '''\nsummary: \
         a step\n\n{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n'''\n"
    )
}

/// The flags of a race of two agents.
pub const RACE: [&str; 9] =
    ["--attempts", "1", "--episodes", "8", "--start", "initial", "--model", "script", "--race"];

/// A lab for a race of two agents whose workers find these lines.
pub fn race_lab(lines: [&str; 2]) -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    let settings = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";
    bench.write("lab/hyperagent.toml", settings);
    let worker = |(generation, line): (u32, &&str)| {
        let new = format!("    return {line}");
        answer("worker", generation, "dial.py", "    return 1 * x + 1", &new)
    };
    let workers: String = (0..).zip(&lines).map(worker).collect();
    let meta = answer("meta", 1, "memory/notes.md", "No notes yet.", "Looked at.");
    bench.write("lab/answers.toml", &(workers + &meta));
    bench
}

/// That race.
fn race(lines: [&str; 2], more: &[&str]) -> (Bench, Ended) {
    let bench = race_lab(lines);
    let ended = run_small(&bench, &[&RACE[..], more].concat()).succeeds();
    (bench, ended)
}

#[test]
fn a_race_that_is_lost_is_broken_off_and_held_against_nobody() {
    let (bench, ended) = race(["3 * x + 10", "1 * x - 60"], &[]);
    let measured = events(&ended, "evaluated");
    let report = &measured[1]["raced_out"];
    assert_eq!((&report["against"], &report["asked"]), (&"gen-00000".into(), &8.into()));
    let stopped = report["measured"].as_u64().expect("a count");
    assert!((2..8).contains(&stopped) && stopped.is_multiple_of(2), "{report}");
    assert!(report["evidence"].as_f64() >= report["needed"].as_f64(), "{report}");
    let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    let loser = &log["generations"][1];
    assert_eq!(loser["score"]["n"], stopped, "{loser}");
    // The mean is over what was measured: -65 or so on the scale from -100 to 0.
    assert!(loser["score"]["mean"].as_f64().is_some_and(|mean| mean > 0.1), "{loser}");
    assert!(loser["raced_out"].as_str().is_some_and(|why| why.contains("raced out")), "{loser}");
    assert_eq!(log["best"], "gen-00000");
    assert_eq!(events(&ended, "decided").last().expect("a decision")["action"]["why"], "measured");
    // The same at another width of the machine, and again from the journal.
    let (_, alone) = race(["3 * x + 10", "1 * x - 60"], &["--parallel", "1"]);
    assert_eq!(&events(&alone, "evaluated")[1]["raced_out"], report);
    let again = bench.run(&["--lab", "lab", "replay", "run-1", "--json"]).succeeds().json();
    assert_eq!((&again["same"], &again["finished"]), (&true.into(), &true.into()), "{again}");
}

#[test]
fn a_weakness_in_the_text_stands_with_the_result() {
    let (_, ended) = race(["eval(\"3\") * x + 11", "3 * x + 11"], &[]);
    let attempts = events(&ended, "attempt_finished");
    let seen = |generation: &str| {
        let own = attempts.iter().find(|event| event["generation"] == generation);
        own.map(|event| event["result"]["violations"].clone()).expect("an attempt")
    };
    let told = seen("gen-00000");
    assert_eq!(told[0]["kind"], "static", "{told}");
    let detail = told[0]["detail"].as_str().expect("a detail");
    assert!(detail.starts_with("dial.py:2: eval: `eval` runs text as code; "), "{detail}");
    assert_eq!(seen("gen-00001").as_array().map_or(0, Vec::len), 0);
}

#[test]
fn who_wins_or_ties_is_measured_to_the_end() {
    for lines in [["1 * x + 2", "3 * x + 11"], ["3 * x + 11", "3 * x + 11"]] {
        let (_, ended) = race(lines, &[]);
        let measured = events(&ended, "evaluated");
        assert_eq!(measured[1]["raced_out"], Value::Null, "{lines:?}");
        assert_eq!(events(&ended, "episode_finished").len(), 16, "{lines:?}");
    }
    let refused = run_small(&toy::lab(), &["--race"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--start initial"), "{}", refused.stderr);
}

#[test]
fn a_lab_may_race_by_default_and_a_flag_says_otherwise() {
    let bench = toy::lab();
    bench.write("lab/hyperagent.toml", "[run]\nrace = true\n");
    let races = |flags: &[&str]| {
        let least = ["--fresh", "--generations", "0", "--episodes", "1", "--attempts", "1"];
        let ended = run_small(&bench, &[&least[..], flags].concat()).succeeds();
        events(&ended, "run_started")[0]["identity"]["race"] == true
    };
    assert!(races(&["--start", "initial"]));
    assert!(!races(&["--start", "initial", "--race=false"]));
    assert!(!races(&[]), "agents that start from their ancestors' solutions cannot race");
}

#[test]
fn no_block_of_select_cases_meets_another_or_any_other_split() {
    let bench = toy::lab();
    let mut tasks = 0;
    for entry in std::fs::read_dir(bench.path("lab/tasks")).expect("tasks") {
        let folder = entry.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        let task = load_task(&folder).expect("a task");
        let sets = task.spec.cases.iter().filter(|(name, _)| *name != "select");
        let reserved: Vec<_> = sets.map(|(_, set)| set.seeds()).collect();
        let mut seen = BTreeSet::new();
        for block in 0..4 {
            let cases = task.select_cases(7, block);
            assert_eq!(cases, task.select_cases(7, block), "the same for every caller");
            for case in cases.iter().filter(|_| !task.spec.is_one_case()) {
                assert!(seen.insert(case.seed), "{} meets itself", case.id);
                assert!(!reserved.iter().any(|set| set.contains(&case.seed)), "{}", case.id);
                tasks += 1;
            }
        }
    }
    assert!(tasks > 100, "{tasks} cases were looked at");
}

#[test]
fn select_cases_that_were_asked_enough_are_drawn_anew_for_everybody() {
    let bench = toy::lab();
    let ended = run_small(&bench, &["--select-queries", "2", "--start", "initial"]).succeeds();
    let queries = events(&ended, "evaluated").len() as u64;
    let renewed = events(&ended, "select_renewed");
    assert!(queries >= 3, "{queries}");
    let blocks: Vec<u64> = renewed.iter().filter_map(|event| event["block"].as_u64()).collect();
    assert_eq!(blocks, (1..=(queries - 1) / 2).collect::<Vec<_>>());
    // The incumbent is measured again, every episode of it, case by case.
    let results = renewed[0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    assert!(results.iter().all(|result| result["cases"].as_array().is_some_and(|c| c.len() == 5)));
    let last = &events(&ended, "episode_finished")[4]["result"];
    assert_eq!(last["select_block"], 1, "the third measurement takes the second block: {last}");
    let told = &last_event(&ended)["select"];
    assert_eq!((&told["queries"], &told["limit"]), (&queries.into(), &2.into()));
    let status = bench.run(&["--lab", "lab", "status"]).succeeds();
    assert!(status.stdout.contains(&format!("{queries} queries")), "{}", status.stdout);
    let again = bench.run(&["--lab", "lab", "replay", "run-1", "--json"]).succeeds().json();
    assert_eq!((&again["same"], &again["finished"]), (&true.into(), &true.into()), "{again}");
}

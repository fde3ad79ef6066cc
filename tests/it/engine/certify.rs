//! Promotions: what the kernel certifies, on which evidence, and what that may cost.

use serde_json::Value;

use super::toy::{self, git, last_event, run_small};
use crate::cli::bench::{Bench, Ended};

/// Rewrites once, measures, and asks twice for a promotion.
const STRATEGY: &str = "
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    if len(S.live) < 2:
        return expand(S.live[0].id, op = \"rewrite\")
    if S.count[\"promote\"] < 2:
        return promote(S.live[1].id)
    return stop(why = \"asked twice\")
";

fn answer(role: &str, generation: u32, path: &str, search: &str, replace: &str) -> String {
    format!(
        "\n[[answer]]\nrole = \"{role}\"\ngeneration = {generation}\ntext = '''\nsummary: \
         a step\n\n{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n'''\n"
    )
}

/// A run of two generations whose workers find these lines.
fn run(lines: [&str; 2], certify: &str) -> (Bench, Ended) {
    let bench = toy::lab();
    let task = bench.read("lab/tasks/dial/task.toml").replace("floor = -100.0", "floor = -20.0");
    bench.write("lab/tasks/dial/task.toml", &task);
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
    let sizes = ["--attempts", "1", "--episodes", "1", "--start", "initial", "--certify", certify];
    let ended = run_small(&bench, &[&["--model", "script"], &sizes[..]].concat()).succeeds();
    (bench, ended)
}

fn promotions(ended: &Ended) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events.filter(|event: &Value| event["event"] == "promotion_decided").collect()
}

#[test]
fn a_better_agent_is_certified_as_soon_as_the_evidence_is_there() {
    let (bench, ended) = run(["1 * x + 2", "3 * x + 11"], "60");
    let [first, second] = &promotions(&ended)[..] else { panic!("{}", ended.stdout) };
    let report = &first["report"];
    assert_eq!(
        (&first["generation"], &report["verdict"]),
        (&"gen-00001".into(), &"certified".into())
    );
    assert_eq!(report["against"], "gen-00000");
    let number = |field: &str| report[field].as_f64().expect("a number");
    assert!(number("evidence") >= number("needed") && number("needed") > 20.0, "{report}");
    assert!(number("difference") > 0.5 && number("pairs") < 60.0, "{report}");
    assert_eq!(second["report"]["pairs"], 0, "it is compared with itself: {second}");
    assert_eq!(last_event(&ended)["certified"], "gen-00001");
    let at = |name: &str| git(&bench, &["rev-parse", name]);
    assert_eq!(at("run-1/certified"), at("run-1/gen-00001"));
    let shown = bench.run(&["--lab", "lab", "show", "certified", "--json"]).succeeds().json();
    assert_eq!(shown["id"], "gen-00001", "{shown}");
    // A second look at the run repeats nothing and says the same.
    let again = bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
    assert!(!again.stdout.contains("differ"), "{}", again.stdout);
}

#[test]
fn equal_agents_stay_undecided_and_use_no_more_than_was_set_aside() {
    let (bench, ended) = run(["3 * x + 11", "3 * x + 11"], "7");
    let [first, second] = &promotions(&ended)[..] else { panic!("{}", ended.stdout) };
    assert_eq!(first["report"]["verdict"], "undecided");
    assert_eq!((&first["report"]["pairs"], &first["report"]["evidence"]), (&7.into(), &1.0.into()));
    assert_eq!(
        (&second["report"]["verdict"], &second["report"]["pairs"]),
        (&"undecided".into(), &0.into())
    );
    assert!(second["report"]["why"].as_str().is_some_and(|why| why.contains("used up")));
    assert_eq!(last_event(&ended)["certified"], Value::Null);
    let refused = bench.run(&["--lab", "lab", "show", "certified"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("no generation is certified"), "{}", refused.stderr);
    // The episodes of promotions are no part of the family tree.
    let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    assert_eq!(log["generations"][0]["score"]["n"], 1);
}

#[test]
fn a_worse_agent_is_told_and_nothing_is_certified_without_episodes() {
    let (_, ended) = run(["3 * x + 11", "1 * x + 2"], "60");
    assert_eq!(promotions(&ended)[0]["report"]["verdict"], "worse");
    let (_, ended) = run(["1 * x + 2", "3 * x + 11"], "0");
    let report = &promotions(&ended)[0]["report"];
    assert_eq!((&report["verdict"], &report["pairs"]), (&"undecided".into(), &0.into()));
    let bench = toy::lab();
    let refused = run_small(&bench, &["--certify", "5"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--start initial"), "{}", refused.stderr);
}

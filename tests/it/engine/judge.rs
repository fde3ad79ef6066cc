//! Judges and epochs: verdicts beside scores, tests on an anchor, a boundary that has to be earned, and what it erases.

use serde_json::{Value, json};

use super::toy::{self, last_event, run_small, trees};
use crate::cli::bench::{Bench, Ended};

const STRATEGY: &str = r#"
def utility(g, S):
    return g.mean + (10 if g.judged_n else 0)

def next_step(S, rng):
    if S.step == 1: return epoch()
    for g in S.live:
        if g.todo: return evaluate(g.id, g.todo)
    if S.count.expand == 0: return expand(S.root.id)
    root, child = S.gens[0], S.gens[1]
    if child.status != "valid": return stop(why = "no child")
    if S.epoch.index == 0:
        if not child.judged_n: return judge(root.id, of = child.id)
        if S.count.judge == 1: return judge(child.id, of = root.id, n = 1)
        for g in [root, child]:
            if not g.anchor.n: return judge(g.id, of = "anchor", n = 20)
        return epoch(judge = child.id, utility = child.id)
    facts = [S.epoch.index, S.epoch.judge, S.epoch.utility, S.epoch.age, child.judged_n, root.judged_n, root.judged, root.anchor.n]
    return stop(why = "%s, rank %s" % (facts, child.rank_score > 10))
"#;

const JUDGE: &str = "+++\nrequires = [\"task\", \"answer\", \"contract\"]\nmay_use = [\"rubric\"]\noutput = \"verdict\"\n+++\n\
                     {{ task.name }}: {{ rubric }}\n{{ answer }}\n{{ contract }}\n";

/// The first judge is far off; the second says nothing usable at first, and is close then.
const ANSWERS: &str = r#"
[[answer]]
role = "judge"
generation = 0
text = '{"score": 0.1, "reason": "it looks poor"}'

[[answer]]
role = "judge"
generation = 1
turn = 0
text = 'I would rather not say.'

[[answer]]
role = "judge"
generation = 1
turn = 1
text = 'Well: {"score": 0.9}'
"#;

fn lab(judge: &str) -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    bench.write("lab/agent_config/prompts/judge.md", JUDGE);
    let role = format!(
        "[roles.judge]\nprompt = \"prompts/judge.md\"\nmodel = \"{judge}\"\nformat = \"full\"\n\n"
    );
    let toml = bench.read("lab/agent_config/agent.toml");
    let toml = toml.replacen("[params]", &format!("{role}[params]"), 1);
    bench.write("lab/agent_config/agent.toml", &toml);
    bench.write(
        "lab/hyperagent.toml",
        "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n",
    );
    bench.write("lab/answers.toml", ANSWERS);
    bench
}

fn events(ended: &Ended, named: &str) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events.filter(|event: &Value| event["event"] == named).collect()
}

fn judged(ended: &Ended) -> Vec<Value> {
    let mut found = events(ended, "judged");
    for event in &mut found {
        let event = event.as_object_mut().expect("an event");
        event.retain(|field, _| field != "at" && field != "seq");
    }
    found
}

#[test]
fn a_judge_is_tested_replaced_and_forgotten_and_no_score_holds_a_verdict() {
    let bench = lab("script");
    let ended = run_small(&bench, &["--parallel", "1"]).succeeds();
    let [refused] = &events(&ended, "refused")[..] else { panic!("one refusal: {}", ended.stdout) };
    assert_eq!(refused["diagnostic"]["code"], "E405");
    let told = refused["diagnostic"]["message"].as_str().expect("a message");
    assert!(told.contains("gen-00000 was not tested on the anchor of epoch 0"), "{told}");

    let verdicts = judged(&ended);
    let places: Vec<[&Value; 2]> = verdicts.iter().map(|e| [&e["by"], &e["of"]]).collect();
    let (zero, one) = (json!("gen-00000"), json!("gen-00001"));
    let none = Value::Null;
    assert_eq!(places, [[&zero, &one], [&one, &zero], [&zero, &none], [&one, &none]]);
    let of_child = verdicts[0]["verdicts"].as_array().expect("verdicts");
    assert_eq!(of_child.len(), 2, "both episodes of the child");
    assert!(of_child.iter().all(|v| v["said"] == 0.1 && v.get("known").is_none()), "{of_child:?}");
    assert!(verdicts[0]["utility"].as_f64().is_some_and(|worth| worth > 10.0), "{}", verdicts[0]);
    let anchor = |event: &Value| -> Vec<(String, f64)> {
        let of = event["verdicts"].as_array().expect("verdicts").iter();
        of.map(|v| (v["candidate"].to_string(), v["known"].as_f64().expect("known"))).collect()
    };
    assert_eq!(anchor(&verdicts[2]), anchor(&verdicts[3]), "one anchor for both");
    assert!(anchor(&verdicts[2]).len() >= 2, "the start, and what was found");
    // The answer that was no verdict went back once each time.
    let asked = events(&ended, "answered");
    let second = asked.iter().filter(|e| e["role"] == "judge" && e["key"]["generation"] == one);
    assert_eq!(second.count(), 2 * (1 + anchor(&verdicts[3]).len()));

    // The displaced judge's words are erased, its successor's stand; the journal has both.
    let why = last_event(&ended)["why"].as_str().expect("why").to_owned();
    let facts = "[1, \"gen-00001\", \"gen-00001\", 0, 0, 1, 0.9, 0], rank True";
    assert!(why.contains(facts), "{why}");

    let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    assert_eq!(log["generations"][0]["judged"], json!({"mean": 0.9, "n": 1}));
    assert!(log["generations"][1].get("judged").is_none(), "{log}");
    let status = bench.run(&["--lab", "lab", "status"]).succeeds().stdout;
    assert!(
        status.contains("1, judge of gen-00001: not tested in it; read 1 generation"),
        "{status}"
    );
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00001"]).succeeds().stdout;
    assert!(trace.contains("I would rather not say."), "{trace}");
    let again = bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
    assert!(!again.stdout.contains("differ"), "{}", again.stdout);
    bench.run(&["--lab", "lab", "doctor"]).succeeds();
}

#[test]
fn offline_judges_say_the_same_at_any_parallelism() {
    let (one, many) = (lab("offline"), lab("offline"));
    let ended = run_small(&one, &["--parallel", "1"]).succeeds();
    let verdicts = judged(&ended);
    assert_eq!(verdicts, judged(&run_small(&many, &["--parallel", "4"]).succeeds()));
    assert_eq!(trees(&one, "run-1"), trees(&many, "run-1"));
    let said = |v: &Value| v["said"].as_f64().is_some_and(|said| said > 0.0 && said < 1.0);
    for event in &verdicts {
        assert!(event["verdicts"].as_array().expect("verdicts").iter().all(said), "{event}");
    }
    // Both judges read alike, so neither is better: the tie stays in office, and the run says why.
    let refused = events(&ended, "refused");
    let ties = refused.iter().filter(|e| e.to_string().contains("whose lower bound is higher"));
    assert!(ties.count() > 0, "{refused:?}");
}

#[test]
fn an_estimate_has_the_judge_from_nothing_to_all_that_may_be_read() {
    let estimate = run_small(&lab("script"), &["--estimate"]).succeeds().json();
    let roles = estimate["roles"].as_array().expect("roles");
    let judge = roles.iter().find(|role| role["role"] == "judge").expect("a judge");
    // Two solutions and an anchor of twenty for each of 4 generations; two answers to each.
    assert_eq!(judge["calls"], json!({"low": 0, "high": 2 * 22 * 4}));
}

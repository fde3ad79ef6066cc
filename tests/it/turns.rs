//! Roles that look things up and try drafts before they answer: in words, and by the calls of each provider.
#![cfg(test)]

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::bench::Bench;
use crate::engine::toy::{self, git, trees};
use crate::mock::{Mock, Reaction, Received, SEALED};

const DIALECTS: [&str; 4] = ["openai-chat", "openai-responses", "anthropic", "gemini"];
const STEEPER: &str = "summary: steeper\n\ndial.py\n<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    return 3 * x + 10\n>>>>>>> REPLACE";
const LONGER: &str = "summary: one more turn\n\nagent.toml\n<<<<<<< SEARCH\nturns = 4\n=======\nturns = 5\n>>>>>>> REPLACE";
const ORDER: [&str; 15] = [
    "--lab",
    "lab",
    "run",
    "--task",
    "dial",
    "--model",
    "model",
    "--generations",
    "1",
    "--attempts",
    "1",
    "--episodes",
    "1",
    "--start",
    "initial",
];

/// A lab whose worker has three turns and all tools, and whose meta role has four turns.
fn lab(settings: &str) -> Bench {
    let bench = toy::lab().with("PLANTED_KEY", "sk-planted");
    bench.write("lab/hyperagent.toml", settings);
    let agent = bench.read("lab/agent_config/agent.toml");
    let one = "turns = 1                          # 1 to 32\n";
    let meta = "max_output_tokens = 16384\nturns = 1\n";
    assert_eq!((agent.matches(one).count(), agent.matches(meta).count()), (1, 1));
    let turned = agent
        .replace(one, "turns = 3\ntools = [\"history\", \"test\"]\n")
        .replace(meta, "max_output_tokens = 16384\nturns = 4\n");
    bench.write("lab/agent_config/agent.toml", &turned);
    bench
}

fn journal(bench: &Bench) -> Vec<Value> {
    let text = bench.read("lab/generations/.git/hyperagent/run-1/journal.jsonl");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn of(records: &[Value], event: &str) -> Vec<Value> {
    records.iter().filter(|record| record["event"] == event).cloned().collect()
}

/// Kills the run when its `answers`-th answer is on record, and goes on.
fn killed_and_resumed(bench: &Bench, answers: usize) {
    let armed = format!("answer-recorded:{answers}");
    let died = bench.command(&ORDER).env("HYPERAGENT_FAILPOINT", &armed).output();
    assert_eq!(died.expect("it starts").status.code(), None, "it was not killed");
    bench.run(&["--lab", "lab", "resume"]).succeeds();
}

const SCRIPT: &str = "[models.model]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";

fn scripted(worker: &[&str]) -> Bench {
    let bench = lab(SCRIPT);
    let mut answers = String::new();
    for (turn, text) in worker.iter().enumerate() {
        answers +=
            &format!("[[answer]]\nrole = 'worker'\nturn = {turn}\ntext = '''\n{text}\n'''\n");
    }
    answers += &format!("[[answer]]\nrole = 'meta'\ntext = '''\n{LONGER}\n'''\n");
    bench.write("lab/answers.toml", &answers);
    bench
}

#[test]
fn a_worker_reads_the_history_and_tests_its_draft_in_words() {
    let first = format!("TOOL attempts\nTOOL read 0\nTOOL wink\nTOOL test\n{STEEPER}");
    let turns = [first.as_str(), "TOOL submit"];
    let bench = scripted(&turns);
    bench.run(&ORDER).succeeds();
    let records = journal(&bench);
    let tests = of(&records, "draft_tested");
    assert_eq!(tests.len(), 2, "one of each generation: {tests:?}");
    let cases = tests[0]["result"]["cases"].as_array().expect("cases").len();
    assert!(cases > 0 && cases < 5, "a few of the five: {}", tests[0]);
    let finished = &of(&records, "attempt_finished")[0]["result"];
    assert_eq!(finished["end"], "accepted", "{finished}");
    assert_eq!(finished["trials"], 5 + cases, "a test is charged to its attempt");
    assert_eq!(finished["handed_back"], Value::Null, "a look-up is no repair");
    let asked = git(
        &bench,
        &["grep", "-h", "", "refs/hyperagent/run-1/evidence/gen-00000", "--", "prompts/"],
    );
    for told in [
        "You have 3 turns.",
        "attempt base op end metric gain summary; reason",
        "return 1 * x + 1",
        "not served: there is no tool `wink`",
        "mean of these cases: ",
        "Turns for look-ups left: 1.",
    ] {
        assert!(asked.contains(told), "no {told:?}");
    }
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00000"]).succeeds().stdout;
    assert!(trace.contains(&format!("draft of turn 0 tested on {cases} cases: ")), "{trace}");
    bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();

    // Killed between the test and the answer that follows it, the run makes neither again.
    let other = scripted(&turns);
    killed_and_resumed(&other, 2);
    let again = journal(&other);
    assert_eq!(of(&again, "draft_tested").len(), 2);
    assert_eq!(of(&again, "answered").len(), of(&records, "answered").len());
    assert_eq!(of(&again, "attempt_finished")[0]["result"]["trials"], finished["trials"]);
    assert_eq!(trees(&other, "run-1"), trees(&bench, "run-1"));
}

#[test]
fn turns_used_up_leave_the_repairs_and_unknown_tools_are_refused() {
    let look = "TOOL attempts";
    let bench = scripted(&[look, look, look, STEEPER]);
    bench.run(&ORDER).succeeds();
    let finished = &of(&journal(&bench), "attempt_finished")[0]["result"];
    // The third answer is read as final and holds no change: it goes back, and the fourth is taken.
    assert_eq!(finished["handed_back"], json!([{"turn": 2, "class": "answer"}]), "{finished}");
    assert_eq!(finished["end"], "accepted");
    let agent = bench.read("lab/agent_config/agent.toml");
    for (tools, told) in [
        ("[\"history\", \"shell\"]", "unknown tool `shell`; allowed: history, test"),
        ("[\"test\"]\nturns = 1", "tools without a turn for them"),
    ] {
        let broken = agent
            .replace("turns = 3\ntools = [\"history\", \"test\"]", &format!("tools = {tools}"));
        bench.write("lab/agent_config/agent.toml", &broken);
        let refused = bench.run(&["--lab", "lab", "validate"]).fails_with(3);
        assert!((refused.stdout + &refused.stderr).contains(told), "{told}");
    }
}

/// A model that looks and tries in its first answer, one call of it broken, and hands in with its second.
fn hands_in(request: &Received) -> Reaction {
    let body = request.body.to_string();
    let call = |name: &str, arguments: Value| (name.to_owned(), arguments.to_string());
    let broken = |name: &str| (name.to_owned(), "{\"gen\": ".to_owned());
    if body.contains("mean of these cases: ") || body.contains("well-formed; ") {
        return Reaction::Call(String::new(), vec![call("submit", json!({}))]);
    }
    let calls = if body.contains("generations") && body.contains("\"validate\"") {
        vec![
            call("generations", json!({})),
            broken("read"),
            call("validate", json!({"answer": LONGER})),
        ]
    } else {
        vec![
            call("read", json!({"attempt": "0"})),
            broken("diff"),
            call("test", json!({"answer": STEEPER})),
        ]
    };
    Reaction::Call("I look first.".into(), calls)
}

fn native(dialect: &str, address: &str) -> Bench {
    let path = if dialect == "gemini" { "v1beta" } else { "v1" };
    lab(&format!(
        "[models.model]\ndialect = '{dialect}'\nbase_url = '{address}/{path}'\nmodel = 'm-1'\n\
         key_env = 'PLANTED_KEY'\ntools = 'native'\n"
    ))
}

/// What stands in a conversation's second request of a worker: the calls, the results under their names, and the words.
fn told_in(dialect: &str, body: &Value) -> (usize, String, bool) {
    let text = body.to_string();
    let count = |mark: &str| text.matches(mark).count();
    let results = match dialect {
        "openai-chat" => count("\"role\":\"tool\""),
        "openai-responses" => count("\"function_call_output\""),
        "anthropic" => count("\"tool_result\""),
        _ => count("\"functionResponse\""),
    };
    (results, text.clone(), text.contains("I look first."))
}

#[test]
fn every_dialect_calls_natively_is_told_what_is_broken_and_comes_to_the_same_after_a_kill() {
    for dialect in DIALECTS {
        let mock = Mock::start(Duration::ZERO, |_, request| hands_in(request));
        let bench = native(dialect, &mock.address);
        bench.run(&ORDER).succeeds();
        let records = journal(&bench);
        let plan = &of(&records, "generation_planned")[1]["plan"];
        let made = (&plan["status"], &plan["summary"], &plan["repairs"]);
        assert_eq!(
            made,
            (&"valid".into(), &"one more turn".into(), &0.into()),
            "{dialect}: {plan}"
        );
        let finished = &of(&records, "attempt_finished")[0]["result"];
        assert_eq!(
            (&finished["end"], &finished["summary"]),
            (&"accepted".into(), &"steeper".into())
        );
        let answers = of(&records, "answered");
        assert_eq!(answers[0]["calls"].as_array().map(Vec::len), Some(3), "{dialect}");
        let received = mock.received();
        assert_eq!(received.len(), answers.len(), "{dialect}");
        assert!(!received[0].body.to_string().contains("TOOL attempts"), "the card stays away");
        let (results, text, beside) = told_in(dialect, &received[1].body);
        assert_eq!((results, beside), (3, true), "{dialect}: {text}");
        assert!(text.contains("not served: the arguments of `diff` are no "), "{dialect}: {text}");
        assert!(text.contains("Turns for look-ups left: 1."), "{dialect}");
        let sealed = text.matches(SEALED).count();
        let wanted = match dialect {
            "openai-chat" => 0,
            "gemini" => 3,
            _ => 1,
        };
        assert_eq!(sealed, wanted, "{dialect}: what it wants back with its calls: {text}");
        let recorded = answers[0].to_string();
        assert_eq!(recorded.contains(SEALED), wanted > 0, "{dialect}: it is on record");

        if dialect == "anthropic" || dialect == "gemini" {
            bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
            assert_eq!(mock.received().len(), answers.len(), "a replay asks nobody");
            let other = native(dialect, &mock.address);
            killed_and_resumed(&other, 1);
            assert_eq!(mock.received().len(), 2 * answers.len(), "nothing was asked again");
            assert_eq!(trees(&other, "run-1"), trees(&bench, "run-1"), "{dialect}");
        }
    }
}

#[test]
fn a_server_at_an_unknown_address_gets_words_unless_it_is_said_to_take_calls() {
    let mock = Mock::start(Duration::ZERO, |number, _| {
        Reaction::Say(if number == 0 {
            format!("TOOL test\n{STEEPER}")
        } else {
            "TOOL submit".into()
        })
    });
    let settings = native("openai-chat", &mock.address).read("lab/hyperagent.toml");
    let bench = lab(&settings.replace("tools = 'native'\n", ""));
    let order: Vec<&str> =
        ORDER.iter().map(|flag| if *flag == "--generations" { "--seed" } else { flag }).collect();
    bench.run(&[&order[..], &["--generations", "0"]].concat()).succeeds();
    let finished = &of(&journal(&bench), "attempt_finished")[0]["result"];
    assert_eq!(finished["end"], "accepted", "{finished}");
    let received = mock.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|one| one.body.get("tools").is_none()));
    assert!(received[0].body.to_string().contains("TOOL attempts"));
    bench.write("lab/hyperagent.toml", "[models.model]\ndialect = 'manual'\ntools = 'native'\n");
    bench
        .run(&["--lab", "lab", "model", "check", "model"])
        .fails_with(2)
        .tells("has no meaning for dialect `manual`");
}

//! Agents as models: programs that change files, rewrites that look things up, and what answers wasted.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::cli::bench::Bench;
use crate::engine::toy::{self, git, run_small, trees};

/// A coding agent in four lines: a worker finds `dial.py` in its folder, a meta role `agent.toml`.
const AGENT: &str = r#"#!/bin/sh
cat > asked.txt
echo started >> "$STARTS"
ls ../archive >> "$SEEN"
if test -f dial.py; then
    sed -i 's/1 \* x + 1/3 * x + 10/' dial.py
    echo 'summary: steeper'
else
    echo 'from the archive' >> prompts/worker.md
    echo ignored > strategy.txt
    cat ../archive/generations.txt >> "$SEEN"
    echo 'summary: a remark'
fi
"#;

fn lab_with_agent() -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent.sh", AGENT);
    bench.write(
        "lab/hyperagent.toml",
        "[models.coder]\ndialect = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\nenv = [\"PATH\", \"STARTS\", \"SEEN\"]\n",
    );
    let script = bench.path("lab/agent.sh");
    let settings = bench.read("lab/hyperagent.toml").replace("agent.sh", &script.to_string_lossy());
    bench.write("lab/hyperagent.toml", &settings);
    let (starts, seen) = (bench.path("starts"), bench.path("seen"));
    bench.with("STARTS", &starts.to_string_lossy()).with("SEEN", &seen.to_string_lossy())
}

const COMMANDED: [&str; 8] =
    ["--model", "coder", "--generations", "1", "--attempts", "1", "--episodes", "1"];

fn journal(bench: &Bench) -> Vec<Value> {
    let text = bench.read("lab/generations/.git/hyperagent/run-1/journal.jsonl");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn of(records: &[Value], event: &str) -> Vec<Value> {
    records.iter().filter(|record| record["event"] == event).cloned().collect()
}

fn starts(bench: &Bench) -> usize {
    bench.read("starts").lines().count()
}

#[test]
fn a_command_answers_both_roles_and_what_it_must_not_touch_is_on_record() {
    let bench = lab_with_agent();
    bench.run(&[&["--lab", "lab", "run", "--task", "dial"][..], &COMMANDED].concat()).succeeds();
    let records = journal(&bench);
    let answers = of(&records, "answered");
    assert_eq!(starts(&bench), answers.len(), "a start for each answer");
    let meta: Vec<&Value> = answers.iter().filter(|answer| answer["role"] == "meta").collect();
    assert_eq!(meta[0]["cost"]["restored"], serde_json::json!(["asked.txt", "strategy.txt"]));
    assert!(meta[0]["cost"].get("usd").is_none(), "an unknown price");
    let plan = &of(&records, "generation_planned")[1]["plan"];
    assert_eq!((&plan["status"], &plan["summary"]), (&"valid".into(), &"a remark".into()));
    assert!(
        plan["files"]["prompts/worker.md"].as_str().expect("text").ends_with("from the archive\n")
    );
    let kept = of(&records, "attempt_finished");
    assert_eq!(kept[0]["result"]["end"], "accepted", "{}", kept[0]);
    let seen = bench.read("seen");
    assert!(seen.contains("attempts.txt") && seen.contains("gen-00000 - "), "{seen}");

    let before = starts(&bench);
    bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
    assert_eq!(starts(&bench), before, "a replay starts nothing");
}

#[test]
fn a_killed_run_does_not_start_a_command_again_for_what_is_on_record() {
    let undisturbed = lab_with_agent();
    let order = [&["--lab", "lab", "run", "--task", "dial"][..], &COMMANDED].concat();
    undisturbed.run(&order).succeeds();
    let bench = lab_with_agent();
    let killed = bench.command(&order).env("HYPERAGENT_FAILPOINT", "answer-recorded:2").output();
    assert_eq!(killed.expect("it starts").status.code(), None, "it was not killed");
    assert_eq!(starts(&bench), 2);
    bench.run(&["--lab", "lab", "resume"]).succeeds();
    assert_eq!(starts(&bench), starts(&undisturbed));
    assert_eq!(trees(&bench, "run-1"), trees(&undisturbed, "run-1"));
}

#[test]
fn a_command_that_keeps_failing_lets_the_run_stand_still_until_it_works() {
    let bench = lab_with_agent();
    let works = bench.read("lab/agent.sh");
    bench.write("lab/agent.sh", "echo please log in >&2\nexit 9\n");
    let settings = bench.read("lab/hyperagent.toml");
    bench.write(
        "lab/hyperagent.toml",
        &(settings + "retry = { requests = 2, first_wait_ms = 1 }\n"),
    );
    let order = [&["--lab", "lab", "run", "--task", "dial"][..], &COMMANDED].concat();
    bench.run(&order).fails_with(4).tells("please log in");
    bench.write("lab/agent.sh", &works);
    bench.run(&["--lab", "lab", "resume"]).succeeds();
}

const WORKER: &str = "[[answer]]\nrole = \"worker\"\ntext = '''\nsummary: steeper\n\ndial.py\n<<<<<<< SEARCH\n    \
    return 1 * x + 1\n=======\n    return 3 * x + 10\n>>>>>>> REPLACE\n'''\n";

/// A lab whose meta role has four turns and answers from a file.
fn lab_in_turns(meta: &[&str]) -> Bench {
    let bench = toy::lab();
    let settings = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";
    bench.write("lab/hyperagent.toml", settings);
    let mut answers = WORKER.to_owned();
    for (turn, text) in meta.iter().enumerate() {
        answers +=
            &format!("[[answer]]\nrole = \"meta\"\nturn = {turn}\ntext = '''\n{text}\n'''\n");
    }
    bench.write("lab/answers.toml", &answers);
    let agent = bench.read("lab/agent_config/agent.toml");
    let one_turn = "max_output_tokens = 16384\nturns = 1\n";
    assert_eq!(agent.matches(one_turn).count(), 1);
    let turned = agent.replace(one_turn, "max_output_tokens = 16384\nturns = 4\n");
    bench.write("lab/agent_config/agent.toml", &turned);
    bench
}

const LOOK: &str = "I look first.\nTOOL generations\nTOOL episodes gen-00000\nTOOL grep all steeper\nTOOL trace gen-00000 dial#0 1";
const BROKEN: &str = "TOOL validate\n\nWRITE prompts/worker.md\n```\n+++\n+++\n{{ nothing\n```";
const NOTED: &str =
    "TOOL validate\nsummary: a note\n\nWRITE memory/found.md\n```\nSteeper is better.\n```";

#[test]
fn a_meta_role_looks_up_checks_and_hands_in_without_a_repair() {
    let rewrite = "TOOL validate\nsummary: a note\n\nagent.toml\n<<<<<<< SEARCH\nturns = 4\n=======\nturns = 5\n>>>>>>> REPLACE";
    let lab = || lab_in_turns(&[LOOK, BROKEN, rewrite, "TOOL submit"]);
    let flags = ["--model", "script", "--generations", "1", "--attempts", "1"];
    let bench = lab();
    run_small(&bench, &flags).succeeds();
    let records = journal(&bench);
    let plan = &of(&records, "generation_planned")[1]["plan"];
    assert_eq!((&plan["status"], &plan["summary"]), (&"valid".into(), &"a note".into()), "{plan}");
    assert_eq!(
        (&plan["repairs"], &plan["changed"]),
        (&0.into(), &serde_json::json!(["agent.toml"]))
    );
    let evidence = "refs/hyperagent/run-1/evidence/gen-00001";
    let names = git(&bench, &["ls-tree", "-r", "--name-only", evidence]);
    let asked: String = names
        .lines()
        .filter(|name| name.contains("prompts/"))
        .map(|name| git(&bench, &["show", &format!("{evidence}:{name}")]))
        .collect();
    for told in [
        "TOOL read GEN PATH",
        "generation parent op status mean_score effect summary",
        "dial#0 ",
        "not served: no line holds `steeper`",
        "summary: steeper",
        "not well-formed:\n- E",
        "well-formed; `submit` hands it in",
    ] {
        assert!(asked.contains(told), "no {told:?}");
    }
    assert!(!asked.contains("select"), "a select number is shown");

    // Killed in the middle of the turns, it asks none of them again and comes to the same.
    let killed = lab();
    let order = [&toy::SMALL[..], &flags].concat();
    let turn = of(&records, "answered")
        .iter()
        .position(|answer| answer["key"]["turn"] == 2)
        .expect("a third turn");
    let armed = format!("answer-recorded:{}", turn + 1);
    let died =
        killed.command(&order).env("HYPERAGENT_FAILPOINT", &armed).output().expect("it starts");
    assert_eq!(died.status.code(), None, "it was not killed");
    killed.run(&["--lab", "lab", "resume"]).succeeds();
    assert_eq!(trees(&killed, "run-1"), trees(&bench, "run-1"));
    let mut keys = BTreeMap::new();
    for answer in of(&journal(&killed), "answered") {
        let key = ["call", "generation", "episode", "attempt", "turn"]
            .map(|part| answer["key"][part].to_string());
        *keys.entry(key).or_insert(0) += 1;
    }
    assert!(keys.values().all(|times| *times == 1), "{keys:?}");
}

#[test]
fn turns_used_up_are_followed_by_an_answer_or_its_repairs() {
    let bench = lab_in_turns(&[LOOK, LOOK, LOOK, NOTED, LOOK, LOOK]);
    run_small(&bench, &["--model", "script", "--generations", "1", "--attempts", "1"]).succeeds();
    let plan = &of(&journal(&bench), "generation_planned")[1]["plan"];
    // The fourth answer is read as final: nobody may add files here, so it goes back, and so do look-ups after it.
    assert_eq!((&plan["status"], &plan["repairs"]), (&"rejected".into(), &2.into()), "{plan}");
    assert_eq!(plan["handed_back"][0], serde_json::json!({"turn": 3, "class": "intake"}));
}

#[test]
fn a_candidate_that_does_the_same_is_asked_again_and_the_waste_is_told_by_kind() {
    let bench = toy::lab();
    bench.write(
        "lab/hyperagent.toml",
        "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n",
    );
    let answer = |turn: u32, line: &str| {
        format!(
            "[[answer]]\nrole = \"worker\"\nturn = {turn}\ninput_tokens = 5\noutput_tokens = 7\ntext = '''\nWRITE \
             dial.py\n```\ndef level(x):\n    {line}\n```\n'''\n"
        )
    };
    let answers = answer(0, "return  1*x + 1  # the start") + &answer(1, "return 3 * x + 10");
    bench.write("lab/answers.toml", &answers);
    let flags =
        ["--lab", "lab", "run", "--task", "dial", "--model", "script", "--generations", "0"];
    bench.run(&[&flags[..], &["--attempts", "1", "--episodes", "1"]].concat()).succeeds();
    let finished = &of(&journal(&bench), "attempt_finished")[0]["result"];
    assert_eq!(finished["end"], "accepted", "{finished}");
    let back = serde_json::json!([{"turn": 0, "class": "duplicate"}]);
    assert_eq!((&finished["handed_back"], finished["trials"].as_u64()), (&back, Some(5)));
    let cost = bench.run(&["--lab", "lab", "cost", "--json"]).succeeds().json();
    let wasted = &cost["waste"]["duplicate"];
    assert_eq!((&wasted["calls"], &wasted["tokens"]), (&1.into(), &12.into()), "{cost}");
    assert!(wasted["usd"].is_null(), "an unknown price is never 0");
    let table = bench.run(&["--lab", "lab", "cost"]).succeeds().stdout;
    assert!(table.contains("wasted: duplicate"), "{table}");
}

#[test]
fn a_person_answers_at_the_standard_input() {
    let bench = toy::lab();
    bench.write("lab/hyperagent.toml", "[models.me]\ndialect = \"manual\"\n");
    let typed = bench.path("typed");
    let text = "dial.py\n<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    return 3 * x + 11\n>>>>>>> REPLACE\n.\n";
    fs::write(&typed, text).expect("written");
    let flags = ["--lab", "lab", "run", "--task", "dial", "--model", "me", "--generations", "0"];
    let order = [&flags[..], &["--attempts", "2", "--episodes", "1"]].concat();
    let input = fs::File::open(&typed).expect("open");
    let ended = bench.command(&order).stdin(input).output().expect("it starts");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(told.contains("==== worker asks"), "{told}");
    let finished = of(&journal(&bench), "attempt_finished");
    assert_eq!(finished[0]["result"]["end"], "accepted", "{told}");
    // The second question meets the end of the input: nobody is there, and the run waits for somebody.
    assert_eq!(ended.status.code(), Some(4), "{told}");
}

#[test]
fn the_log_tells_of_calls_when_it_is_asked_for_and_of_nothing_else() {
    let bench = toy::lab().with("RUST_LOG", "trace");
    let order = ["--lab", "lab", "run", "--task", "dial", "--generations", "0"];
    let order = [&order[..], &["--attempts", "1", "--episodes", "1"]].concat();
    let told = bench.run(&order).succeeds().stderr;
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].contains("role=\"worker\"") && lines[0].contains("alias=offline"), "{told}");
    let foreign =
        told.lines().find(|line| line.contains(" TRACE ") && !line.contains("hyperagent"));
    assert_eq!(foreign, None);
    let bench = bench.with("RUST_LOG", "hyperagent=loud");
    bench.run(&order).fails_with(2).tells("RUST_LOG");
    let quiet = toy::lab().run(&order).succeeds().stderr;
    assert!(!quiet.contains("answered"), "{quiet}");
}

//! Runs on scripted answers: what a language model would do, word for word.

use std::fs;
use std::path::Path;

use super::toy::{self, git, git_bytes, last_event, run_small, trees};
use crate::cli::bench::Bench;

const MODEL: &str = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";

const WORKER: &str = r#"
[[answer]]
role = "worker"
text = '''
summary: a better line

dial.py
<<<<<<< SEARCH
    return 1 * x + 1
=======
    return 3 * x + 10
>>>>>>> REPLACE
'''
"#;

fn lab(answers: &str) -> Bench {
    let bench = toy::lab();
    bench.write("lab/hyperagent.toml", MODEL);
    bench.write("lab/answers.toml", answers);
    bench
}

/// A line of the shipped worker prompt that a rewrite can take hold of.
pub(super) fn a_line_of_the_prompt(bench: &Bench) -> String {
    let prompt = bench.read("lab/agent_config/prompts/worker.md");
    let body = prompt.split("+++").nth(2).expect("a body").to_owned();
    let lines: Vec<&str> = body.lines().collect();
    let plain = |line: &&&str| line.len() > 20 && !line.contains(['{', '%']);
    let line = lines.iter().find(plain).expect("a plain line");
    assert_eq!(prompt.matches(*line).count(), 1);
    (*line).to_owned()
}

pub(super) fn rewrite(
    generation: u32,
    turn: u32,
    path: &str,
    search: &str,
    replace: &str,
) -> String {
    format!(
        "\n[[answer]]\nrole = \"meta\"\ngeneration = {generation}\nturn = {turn}\ntext = '''\nsummary: \
         rewrite {generation}\n\n{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n'''\n"
    )
}

#[test]
fn a_rewritten_prompt_is_what_the_next_generation_asks_with() {
    let bench = lab("");
    let line = a_line_of_the_prompt(&bench);
    let sentence = "Think of slope and offset apart from each other.";
    let answers = WORKER.to_owned()
        + &rewrite(1, 0, "prompts/worker.md", &line, &format!("{line}\n{sentence}"));
    bench.write("lab/answers.toml", &answers);
    let ended = run_small(
        &bench,
        &["--model", "script", "--generations", "1", "--attempts", "1", "--start", "initial"],
    )
    .succeeds();
    assert_eq!(last_event(&ended)["rejected"], 0, "{}", ended.stderr);

    let diff = bench.run(&["--lab", "lab", "diff", "gen-00000", "gen-00001"]).succeeds().stdout;
    assert!(diff.contains(&format!("+{sentence}")), "{diff}");
    let prompts = |generation: u32| {
        let evidence = format!("refs/hyperagent/run-1/evidence/gen-0000{generation}");
        let names = git(&bench, &["ls-tree", "-r", "--name-only", &evidence]);
        let of_prompts = names.lines().filter(|name| name.contains("prompts/"));
        of_prompts
            .map(|name| git(&bench, &["show", &format!("{evidence}:{name}")]))
            .collect::<String>()
    };
    assert!(prompts(0).contains("level(x)") && !prompts(0).contains(sentence));
    assert!(prompts(1).contains(sentence));
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00001"]).succeeds().stdout;
    assert!(trace.contains(sentence) && trace.contains("3 * x + 10"), "{trace}");
}

#[test]
fn a_rewrite_is_repaired_with_the_findings_in_hand() {
    let bench = lab("");
    let line = a_line_of_the_prompt(&bench);
    let broken = rewrite(1, 0, "prompts/worker.md", &line, "{{ code");
    let mended = rewrite(1, 1, "prompts/worker.md", &line, "Better words.");
    bench.write("lab/answers.toml", &(WORKER.to_owned() + &broken + &mended));
    run_small(&bench, &["--model", "script", "--generations", "1", "--attempts", "1"]).succeeds();
    let record = git(&bench, &["show", "run-1/gen-00001:record.json"]);
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    assert_eq!((&record["status"], &record["repairs"]), (&"valid".into(), &1.into()));
}

#[test]
fn a_rewrite_that_stays_invalid_is_kept_apart_and_the_last_valid_one_goes_on() {
    let bench = lab("");
    let line = a_line_of_the_prompt(&bench);
    let mut answers = WORKER.to_owned();
    for turn in 0..3 {
        answers += &rewrite(1, turn, "prompts/worker.md", &line, "{{ code");
    }
    answers += &rewrite(2, 0, "prompts/worker.md", &line, "Better words.");
    bench.write("lab/answers.toml", &answers);
    let ended = run_small(&bench, &["--model", "script", "--generations", "2", "--attempts", "1"])
        .succeeds();
    assert_eq!(last_event(&ended)["rejected"], 1);
    let trees = trees(&bench, "run-1");
    assert!(trees.contains_key("refs/hyperagent/run-1/rejected/gen-00001"), "{trees:?}");
    let parent = "--format=%(trailers:key=Parent-Generation,valueonly)";
    assert_eq!(git(&bench, &["log", "-1", parent, "run-1/gen-00002"]).trim(), "gen-00000");
    let rejected = bench.run(&["--lab", "lab", "log", "--rejected"]).succeeds().stdout;
    assert!(rejected.contains("gen-00001"), "{rejected}");
    let shown = bench.run(&["--lab", "lab", "show", "gen-00001"]).succeeds().stdout;
    assert!(shown.contains("E103"), "{shown}");
}

#[test]
fn five_invalid_rewrites_in_a_row_pause_the_run() {
    let bench =
        lab(&(WORKER.to_owned()
            + "\n[[answer]]\nrole = \"meta\"\ntext = \"I would rather not.\"\n"));
    run_small(&bench, &["--model", "script", "--generations", "9", "--attempts", "1"])
        .fails_with(3)
        .tells("5 rewrites in a row");
    let status = bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "paused");
}

#[test]
fn an_answer_that_holds_no_code_is_asked_again_and_then_spent() {
    let bench = lab("[[answer]]\nrole = \"worker\"\ntext = \"Here is what I think.\"\n");
    run_small(&bench, &["--model", "script", "--generations", "0", "--attempts", "2"]).succeeds();
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00000", "--json"]).succeeds().json();
    let text = trace.to_string();
    let answers = text.matches("\"answer\":\"Here is what I think.\"").count();
    assert_eq!(answers, 2 * 2 * 3, "three turns each: {text}");
}

#[test]
fn a_replayed_run_leads_to_the_same_agents() {
    let bench = lab("");
    let line = a_line_of_the_prompt(&bench);
    let answers =
        WORKER.to_owned() + &rewrite(1, 0, "prompts/worker.md", &line, "Other words entirely.");
    bench.write("lab/answers.toml", &answers);
    let flags = ["--generations", "1", "--attempts", "2"];
    run_small(&bench, &[&flags[..], &["--name", "first", "--model", "script"]].concat()).succeeds();
    bench.write(
        "lab/hyperagent.toml",
        &format!("{MODEL}[models.again]\ndialect = \"replay\"\nsource = \"first\"\n"),
    );
    fs::remove_file(bench.path("lab/answers.toml")).expect("removed");
    bench.write("lab/answers.toml", "");
    run_small(&bench, &[&flags[..], &["--name", "second", "--model", "again"]].concat()).succeeds();
    for n in 0..2 {
        let agent = |run| git(&bench, &["rev-parse", &format!("{run}/gen-0000{n}:agent")]);
        assert_eq!(agent("first"), agent("second"));
    }
}

#[test]
fn a_key_in_the_environment_is_nowhere_in_what_a_run_leaves() {
    let key = "sk-planted-0123456789abcdef0123456789abcdef";
    let bench = lab(WORKER).with("OPENAI_API_KEY", key);
    bench.write(
        "lab/tasks/dial/solution/dial.py",
        "import os\n\ndef level(x):\n    print(dict(os.environ))\n    return 1 * x + 1\n",
    );
    let ended = run_small(&bench, &["--model", "script", "--generations", "0", "--attempts", "1"])
        .succeeds();
    assert!(!ended.stdout.contains(key) && !ended.stderr.contains(key));
    let mut searched = 0;
    search(&bench.path("lab"), key, &mut searched);
    assert!(searched > 30, "only {searched} files were searched");
    let objects = git_bytes(&bench, &["cat-file", "--batch", "--batch-all-objects"]);
    let objects = String::from_utf8_lossy(&objects);
    assert!(objects.contains("def level") && !objects.contains(key));
}

fn search(folder: &Path, key: &str, searched: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            search(&path, key, searched);
        } else if let Ok(bytes) = fs::read(&path) {
            *searched += 1;
            assert!(!String::from_utf8_lossy(&bytes).contains(key), "the key is in {path:?}");
        }
    }
}

#[test]
fn a_candidate_worse_on_every_screening_case_is_not_measured_on_the_rest() {
    let trials = |screen: u32, new: &str| {
        let bench = lab(&WORKER.replace("3 * x + 10", new));
        let task = bench.read("lab/tasks/dial/task.toml");
        let functions = "functions = [\"level\"]";
        let screened = task.replace(functions, &format!("{functions}\nscreen = {screen}"));
        bench.write("lab/tasks/dial/task.toml", &screened);
        let sizes = ["--generations", "0", "--episodes", "1", "--attempts", "1"];
        let ended = run_small(&bench, &[&["--model", "script"], &sizes[..]].concat()).succeeds();
        let trace = bench.run(&["--lab", "lab", "trace", "gen-00000"]).succeeds().stdout;
        let told = trace.contains("worse than its base on each of the first 2 cases");
        (last_event(&ended)["trials"].as_u64().expect("a count"), told)
    };
    let worse = "1 * x + 0";
    let (whole, told) = trials(0, worse);
    assert!(!told);
    assert_eq!(trials(2, worse), (whole - 3, true), "the three other train cases");
    // Better on the first case alone.
    assert_eq!(trials(2, "0 * x + 2"), (whole, false));
    assert_eq!(trials(2, "3 * x + 10"), (whole, false));
}

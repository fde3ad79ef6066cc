//! Code quality by a linter: a stand-in program proves the protocol and the sandbox, and without one that is said.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::toy::{self, run_small};
use crate::cli::bench::Bench;

/// What the real one would print for an unused import, for each file named; it says too if it got out of its sandbox.
const STAND_IN: &str = r#"#!/usr/bin/env python3
import json, os, socket, sys

assert sys.argv[1] == "check" and "--isolated" in sys.argv and "--ignore-noqa" in sys.argv, sys.argv
free = []
for name, attempt in [("network", lambda: socket.socket()), ("write", lambda: open(files[0], "a")),
                      ("read", lambda: open("/etc/passwd"))]:
    files = [word for word in sys.argv[2:] if not word.startswith("--")]
    try:
        attempt()
        free.append(name)
    except OSError:
        pass
for path in files:
    for number, line in enumerate(open(path), 1):
        if line.startswith("import os"):
            message = "`os` imported but unused" + "".join(free)
            print(json.dumps({"code": "F401", "filename": path, "message": message, "location": {"row": number, "column": 1},
                              "fix": {"message": "Remove unused import: `os`", "edits": []}}))
sys.exit(0 if not free else 3)
"#;

/// A lab on a machine with the stand-in before everything else on the PATH.
fn lab() -> Bench {
    let bench = toy::lab();
    std::fs::create_dir_all(bench.path("bin")).expect("a folder");
    bench.write("bin/ruff", STAND_IN);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(bench.path("bin/ruff"), mode).expect("a mode");
    let path =
        format!("{}:{}", bench.path("bin").display(), std::env::var("PATH").expect("a PATH"));
    let bench = bench.with("PATH", &path);
    bench.write("untidy.py", "import os\n\n\ndef level(x):\n    return eval(\"1\") * x + 2\n");
    bench
}

fn eval(bench: &Bench) -> Value {
    bench.run(&["--lab", "lab", "task", "eval", "dial", "untidy.py", "--json"]).succeeds().json()
}

#[test]
fn a_finding_stands_with_the_result_with_line_rule_and_suggestion() {
    let bench = lab();
    let finding = &eval(&bench)["quality"]["checked"];
    assert_eq!(finding["by"], "ruff", "{finding}");
    let expected = serde_json::json!([{"path": "dial.py", "line": 1, "rule": "F401",
        "what": "`os` imported but unused", "fix": "Remove unused import: `os`"}]);
    assert_eq!(finding["findings"], expected);
    let told = bench.run(&["--lab", "lab", "task", "eval", "dial", "untidy.py"]).succeeds().stdout;
    assert!(told.contains("lint: ruff: dial.py:1: F401 `os` imported"), "{told}");
    assert!(told.contains("violation: dial.py:5: eval: "), "{told}");
    // What the start says too is not the candidate's doing; and a task may want none of it.
    bench.write(
        "lab/tasks/dial/solution/dial.py",
        "import os\n\n\ndef level(x):\n    return 1 * x + 1\n",
    );
    assert_eq!(eval(&bench)["quality"]["checked"]["findings"], serde_json::json!([]));
    let spec = bench.read("lab/tasks/dial/task.toml");
    bench.write("lab/tasks/dial/task.toml", &(spec + "\n[screening]\nlinter = \"off\"\n"));
    assert_eq!(eval(&bench)["quality"], Value::Null);
}

#[test]
fn a_linter_that_fails_is_no_clean_bill_and_refuses_nobody() {
    let bench = lab();
    bench.write("bin/ruff", "#!/usr/bin/env python3\nprint('All checks passed!')\n");
    let quality = eval(&bench)["quality"].clone();
    assert!(quality["failed"].as_str().is_some_and(|why| why.contains("no finding")), "{quality}");
}

#[test]
fn without_a_linter_that_is_said() {
    let bench = toy::lab();
    let question = ["-c", "import sys; print(sys.executable)"];
    let python = std::process::Command::new("python3").args(question).output().expect("a Python");
    let python = String::from_utf8(python.stdout).expect("a path");
    bench.write("lab/hyperagent.toml", &format!("[python]\npath = \"{}\"\n", python.trim()));
    let path = bench.path("bin").display().to_string();
    let bench = bench.with("PATH", &path);
    bench.write("untidy.py", "import os\n\n\ndef level(x):\n    return 1 * x + 2\n");
    match &eval(&bench)["quality"] {
        Value::String(word) => {
            assert_eq!(word, "unavailable");
            let told = bench.run(&["--lab", "lab", "task", "eval", "dial"]).succeeds().stdout;
            assert!(told.contains("lint: unavailable"), "{told}");
            let doctor = bench.run(&["--lab", "lab", "doctor", "--json"]).json();
            assert_eq!(doctor["linter"], serde_json::json!({"name": "unavailable", "path": null}));
        }
        real => {
            let findings = &real["checked"]["findings"];
            assert_eq!(
                (&real["checked"]["by"], &findings[0]["line"]),
                (&"pyflakes".into(), &1.into()),
                "{real}"
            );
        }
    }
}

#[test]
fn where_the_task_says_so_the_answer_goes_back_to_its_author() {
    let bench = lab();
    let spec = bench.read("lab/tasks/dial/task.toml");
    bench.write("lab/tasks/dial/task.toml", &(spec + "\n[screening]\nlinter = \"refuse\"\n"));
    let settings = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n";
    bench.write("lab/hyperagent.toml", settings);
    let answer = |turn: u32, import: &str| {
        format!(
            "\n[[answer]]\nrole = \"worker\"\nturn = {turn}\ntext = '''\nsummary: a line\n\ndial.py\n<<<<<<< SEARCH\n\
             def level(x):\n    return 1 * x + 1\n=======\n{import}def level(x):\n    return 3 * x + 10\n>>>>>>> REPLACE\n'''\n"
        )
    };
    bench.write("lab/answers.toml", &(answer(0, "import os\n") + &answer(1, "")));
    let sizes = ["--generations", "0", "--episodes", "1", "--attempts", "1", "--model", "script"];
    let ended = run_small(&bench, &sizes).succeeds();
    let mut events =
        ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let result = events.find(|event| event["event"] == "attempt_finished").expect("an end");
    let result = &result["result"];
    assert_eq!(
        result["handed_back"],
        serde_json::json!([{"turn": 0, "class": "lint"}]),
        "{result}"
    );
    assert_eq!(
        (&result["end"], &result["quality"]["checked"]["by"]),
        (&"accepted".into(), &"ruff".into())
    );
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00000"]).succeeds().stdout;
    assert!(trace.contains("ruff: dial.py:1: F401 `os` imported but unused; Remove"), "{trace}");
}

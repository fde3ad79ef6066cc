//! A key planted in a run must not come out of it anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::{KEY, QUICK, table};
use crate::cli::bench::Bench;
use crate::engine::toy::{self, git, git_bytes};
use crate::mock::{Mock, Reaction};

/// A candidate that looks for the key wherever a process can look, and scores worse where it finds it.
const SPY: &str = "summary: look around\n\ndial.py\n<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    import os\n    seen = [str(dict(os.environ))]\n    for pid in os.listdir('/proc') if os.path.isdir('/proc') else []:\n        try:\n            seen.append(open('/proc/' + pid + '/environ').read())\n        except OSError:\n            pass\n    if any('planted' in words.lower() for words in seen):\n        return 'the key is here'\n    return 3 * x + 11\n>>>>>>> REPLACE\n";

/// What a provider does that gives the key back wherever it can.
fn echoes(number: usize) -> Reaction {
    let words = format!("key {KEY} and {}", &KEY[..19]);
    match number {
        0 => Reaction::Fail(500, vec![format!("x-echo: {KEY}")], words),
        1 => Reaction::Fail(429, Vec::new(), format!(r#"{{"error": {{"message": "{words}"}}}}"#)),
        2 => Reaction::Garbage,
        _ => Reaction::Say(format!("# {KEY}\n{SPY}")),
    }
}

/// Every file below a folder that holds the key, links not followed.
fn holding(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut read = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            read += holding(&entry.path(), found);
        } else if kind.is_file() {
            read += 1;
            if holds(&fs::read(entry.path()).expect("read")) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    read
}

/// Whether bytes hold the key, or so much of it that the rest could be guessed.
fn holds(bytes: &[u8]) -> bool {
    let piece = KEY.get(11..).expect("the secret half").as_bytes();
    [KEY.as_bytes(), piece].iter().any(|key| bytes.windows(key.len()).any(|window| window == *key))
}

/// The descendants of a process, and those of them whose environment or arguments hold the key.
fn children(of: u32, seen: &mut BTreeSet<u32>, holding: &mut BTreeSet<u32>) {
    let mut family = BTreeSet::from([of]);
    let mut processes: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("processes")
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    processes.sort_unstable();
    for (pid, parent) in processes {
        if !family.contains(&parent) {
            continue;
        }
        family.insert(pid);
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let program = read("cmdline");
        // Between fork and exec a child still shows its parent's memory, and so its environment.
        let own = fs::read(format!("/proc/{of}/cmdline")).unwrap_or_default();
        if program.is_empty() || program == own {
            continue;
        }
        seen.insert(pid);
        if holds(&read("environ")) || holds(&program) {
            holding.insert(pid);
        }
    }
}

fn run_watched(bench: &Bench, arguments: &[&str]) -> (String, BTreeSet<u32>) {
    let (out, err) = (bench.path("out"), bench.path("err"));
    let file = |path| Stdio::from(fs::File::create(path).expect("a file"));
    let mut child = bench
        .command(arguments)
        .stdout(file(&out))
        .stderr(file(&err))
        .env("RUST_LOG", "trace")
        .spawn()
        .expect("the program starts");
    let (mut seen, mut guilty) = (BTreeSet::new(), BTreeSet::new());
    let pid = child.id();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait().expect("an end").code()));
    let code = loop {
        children(pid, &mut seen, &mut guilty);
        if let Ok(code) = told.recv_timeout(Duration::from_millis(2)) {
            break code;
        }
    };
    let told = fs::read_to_string(&out).expect("text") + &fs::read_to_string(&err).expect("text");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(guilty, BTreeSet::new(), "processes that were given the key");
    (told, seen)
}

#[test]
fn no_file_object_log_or_child_of_a_run_holds_the_key() {
    for dialect in ["openai-chat", "anthropic"] {
        let mock = Mock::start(Duration::ZERO, |number, _| echoes(number));
        let bench = toy::lab().with("PLANTED_KEY", KEY);
        bench.write("lab/hyperagent.toml", &table("fast", dialect, &mock.address, QUICK));
        let run = [
            "--lab",
            "lab",
            "run",
            "--task",
            "dial",
            "--generations",
            "1",
            "--attempts",
            "2",
            "--episodes",
            "1",
            "--model",
            "fast",
            "--json",
        ];
        let (told, children) = run_watched(&bench, &run);
        assert!(!holds(told.as_bytes()), "{told}");
        assert!(children.len() > 1, "the run had no children to look at");
        let sent = mock.received();
        assert!(sent.iter().all(|request| request.head.contains(KEY)), "the key was never used");

        let mut found = Vec::new();
        assert!(holding(&bench.path("."), &mut found) > 20, "too few files were searched");
        assert_eq!(found, Vec::<String>::new(), "files that hold the key");
        let objects = git_bytes(&bench, &["cat-file", "--batch-all-objects", "--batch"]);
        assert!(objects.len() > 1000 && !holds(&objects), "an object of the archive holds the key");
        assert!(!git(&bench, &["log", "--all", "--format=%B%N"]).contains(KEY));

        let verbs: [&[&str]; 4] = [&["status"], &["log"], &["trace", "gen-00000"], &["cost"]];
        let shown = verbs
            .map(|verb| bench.run(&[&["--lab", "lab"], verb].concat()).succeeds())
            .map(|ended| ended.stdout + &ended.stderr)
            .concat();
        assert!(shown.contains("[key]") && !holds(shown.as_bytes()), "{shown}");
        let best = bench.run(&["--lab", "lab", "best", "--json"]).succeeds().json();
        assert_eq!(best["score"], 1.0, "a candidate saw the key: {best}");
    }
}

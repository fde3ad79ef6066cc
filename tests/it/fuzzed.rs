//! The fuzzer's entry points on mutated samples, the same in every run; `fuzz/` drives them with more, and
//! `HYPERAGENT_SLOW_TESTS=fuzz` fifty times as long.
#![cfg(test)]

#[path = "../../fuzz/entries/mod.rs"]
mod entries;

use hyperagent::base::rng;
use rand::RngExt as _;

use crate::slow;

/// What the long form does more.
const LONGER: u64 = 50;

/// Drives an entry point with the samples, and with samples of which something was changed: parts of themselves, of other
/// samples, or words that mean something to the reader.
fn drive(purpose: &str, samples: &[Vec<u8>], words: &[&str], times: u64, entry: fn(&[u8])) {
    let times = if slow::is_on("fuzz") { LONGER * times } else { times };
    for (place, sample) in (0..).zip(samples) {
        entry(sample);
        for time in 0..times {
            let mut random = rng::stream(7, purpose, &[place, time]);
            let mut bytes = sample.clone();
            for _ in 0..random.random_range(1..4) {
                let other = &samples[random.random_range(0..samples.len())];
                mutate(&mut bytes, other, words, &mut random);
            }
            let shown = bytes.clone();
            let ended = std::panic::catch_unwind(|| entry(&shown));
            if let Err(panic) = ended {
                println!("{purpose}, sample {place}, time {time}:\n{}", bytes.escape_ascii());
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// A range of the bytes, of at most 400; whole lines as often as not.
fn part(bytes: &[u8], random: &mut impl rand::Rng) -> (usize, usize) {
    let end = bytes.len();
    let (a, b) = (random.random_range(0..=end), random.random_range(0..=end));
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 400));
    if random.random_bool(0.5) {
        return (from, to);
    }
    let line = |at: usize| bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    (line(from), line(to))
}

/// Changes, cuts, doubles, moves or inserts some bytes, or takes some from elsewhere.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut impl rand::Rng) {
    let (from, to) = part(bytes, random);
    let own = bytes[from..to].to_vec();
    match random.random_range(0..9) {
        0 if from < bytes.len() => bytes[from] ^= 1 << random.random_range(0..8),
        1 => drop(bytes.drain(from..to)),
        2 => bytes.truncate(from),
        3 => drop(bytes.splice(from..from, own)),
        4 => bytes.extend(own),
        5 => {
            let (start, end) = part(other, random);
            drop(bytes.splice(from..to, other[start..end].iter().copied()));
        }
        6 | 7 if !words.is_empty() => {
            let word = words[random.random_range(0..words.len())];
            let to = if random.random_bool(0.5) { from } else { to.min(from + word.len()) };
            drop(bytes.splice(from..to, word.bytes()));
        }
        _ => bytes.insert(from, random.random_range(0..=255)),
    }
}

fn root() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/fixtures").join(path)).expect("a fixture")
}

/// The files of that name in the folders below one.
fn all(folder: &str, file: &str) -> Vec<Vec<u8>> {
    let mut folders: Vec<_> = std::fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path().join(file))
        .collect();
    folders.sort();
    let found: Vec<Vec<u8>> = folders.iter().filter_map(|path| std::fs::read(path).ok()).collect();
    assert!(found.len() > 2, "{folder} {file}");
    found
}

#[test]
fn no_journal_whatever_befell_it_is_read_as_what_it_is_not() {
    let whole = fixture("version-1/generations.git/hyperagent/old/journal.jsonl");
    let start: Vec<u8> =
        whole.split_inclusive(|b| *b == b'\n').skip(1).take(6).flatten().copied().collect();
    let header: Vec<u8> =
        whole.split_inclusive(|b| *b == b'\n').take(1).flatten().copied().collect();
    drive(
        "fuzz journal",
        &[[header.clone(), start].concat(), header, Vec::new()],
        &[],
        150,
        entries::journal,
    );
}

#[test]
fn no_prompt_renders_without_bounds_or_twice_differently() {
    let words = [
        "{{ ",
        " }}",
        "{% for a in history %}",
        "{% endfor %}",
        "{% if a is defined %}",
        "{% endif %}",
        "{#",
        "#}",
        "|tail(",
        "|indent(99999999)",
        "{% raw %}",
        "+++\n",
        "requires = [\"code\"]\n",
        "a[-1]",
        "range(9)",
        "\u{202e}",
        "é",
        "9999999999999999999999",
        "(((((((((((((((((((((((((((((((",
        "~",
    ];
    let mut samples = all("seed", "prompts/worker.md");
    samples.truncate(2);
    samples.extend(all("seed", "prompts/meta.md").into_iter().take(2));
    drive("fuzz templates", &samples, &words, 12, entries::templates);
}

#[test]
fn no_settings_are_read_without_a_place_for_their_faults() {
    let words = [
        "[models.x]\n",
        "dialect = \"scripted\"\n",
        "[budget]\n",
        "nan",
        "-1",
        "1e999",
        "[[",
        "]]",
        " = ",
        "{",
        "}",
        "\"\"\"",
        "\\u0000",
        "[roles.worker]\n",
        "[params]\n",
        "[cases]\n",
        "99999999999999999999",
        "é",
        "\r",
        "prompt = \"../x\"\n",
        "1979-05-27T07:32:00Z",
        "inf",
    ];
    let lab = vec![
        std::fs::read(root().join("hyperagent.toml")).expect("settings"),
        b"[models.fast]\ndialect = \"openai-chat\"\nmodel = \"m\"\nmax_in_flight = 2\n[budget]\nmax_usd = 1.0\n\
          [ensembles.both]\nfast = { random = 1 }\n"
            .to_vec(),
    ];
    drive("fuzz lab settings", &lab, &words, 300, entries::lab_settings);
    drive("fuzz agent settings", &all("seed", "agent.toml"), &words, 40, entries::agent_settings);
    drive("fuzz task settings", &all("tasks", "task.toml"), &words, 25, entries::task_settings);
}

#[test]
fn no_script_is_read_two_ways_or_breaks_its_reader() {
    let words = [
        "def f(x):\n    return x\n",
        "lambda x: ",
        " if x else ",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "\"\"\"",
        "'",
        "#",
        " for a in b",
        "load(\"x\", \"y\")\n",
        "while True:\n",
        "    ",
        "\t",
        "not ",
        "-",
        "**",
        "*",
        "f\"{x}\"",
        "999999999999999999999",
        "1e999",
        "0x",
        "\\",
        "\u{202e}",
        "S.gens[0]",
        "= ",
        ": list[int]",
        "next_step",
    ];
    // A parser is recursive: the stack of a worker, not that of a test.
    let drive =
        move || drive("fuzz scripts", &all("seed", "strategy.star"), &words, 6, entries::scripts);
    let driver = std::thread::Builder::new().stack_size(64 << 20).spawn(drive).expect("a thread");
    driver.join().expect("no script breaks its reader");
}

#[test]
fn no_answer_changes_what_it_may_not_or_cannot_be_said_again() {
    let words = [
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "```python\n",
        "```\n",
        "~~~\n",
        "WRITE solution.py\n",
        "DELETE notes/a.md\n",
        "--- a/solution.py\n",
        "+++ b/solution.py\n",
        "@@ -1,2 +1,2 @@\n",
        "solution.py\n",
        "frozen.py\n",
        "../x.py\n",
        "notes/b.md\n",
        "\r\n",
        "summary: a\n",
        "    return x\n",
        "\u{feff}",
        "&lt;",
        "two\n",
        "{\"issue\": \"x\", \"severity\": 1, \"fix\": \"y\", \"confidence\": 1}",
        "[",
        "]",
        "TOOL ",
        "\\n",
    ];
    let samples: Vec<Vec<u8>> = [
        "summary: twice as much\n\nsolution.py\n<<<<<<< SEARCH\n        return x * 2\n=======\n        return x * 4\n\
         >>>>>>> REPLACE\n\nnotes/b.md\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n",
        "All of it:\n\nWRITE solution.py\n```python\ndef f(x):\n    return 3\n```\nDELETE notes/a.md\n",
        "```diff\n--- a/solution.py\n+++ b/solution.py\n@@ -1,4 +1,4 @@\n def f(x):\n-    if x > 1:\n+    if x > 2:\n \
         \x20       return x * 2\n     return x\n```\n",
        "`notes/a.md`\n````\none\n```\n````\nand so on\n",
        "{\"issue\": \"x\", \"severity\": 0.5, \"fix\": \"y\", \"confidence\": 1, \"pattern\": \"\"}\n[{\"email\": \"a@b\"}]\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    drive("fuzz answers", &samples, &words, 800, entries::answers);
}

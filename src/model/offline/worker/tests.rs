use std::collections::BTreeMap;

use super::*;
use crate::base::rng::stream;
use crate::domain::agent::AnswerFormat;
use crate::domain::edit::{apply, parse};

const POOL: &str = "\
def clamp(n, low, high):
    return max(low, min(high, n))


def _bound(total):
    \"\"\"Against overflow.\"\"\"
    total = clamp(total, 0, 100)


def _skip_negative(item):
    if item < 0:
        continue
";
const BASE: &str = "\
def solve(items):
    total = 0
    for item in items:
        total += item * 2
    return total
";
const OTHER: &str = "\
def weight(n):
    return n * n


def solve(items):
    total = 1
    for item in items:
        total += weight(item)
    return total
";

fn brief() -> WorkerBrief {
    WorkerBrief {
        base: FileSet::from_iter([("main.py", BASE), ("notes.txt", "left alone")]),
        editable: (&vec!["main.py".to_owned()]).into(),
        references: vec![FileSet::from_iter([("main.py", OTHER), ("notes.txt", "left alone")])],
        ingredients: POOL.to_owned(),
        operators: Operators::default(),
        pieces: BTreeMap::new(),
        op: "improve".to_owned(),
        failures: BTreeMap::new(),
        format: AnswerFormat::Edit,
    }
}

fn proposal(brief: &WorkerBrief, manner: Manner, seed: u64) -> (String, String) {
    let mut rng = stream(seed, "test", &[]);
    let text = answer(brief, manner, &mut rng).expect("an answer");
    let parsed = parse(&text, brief.format, &brief.editable).expect("a readable answer");
    let after = apply(&brief.base, &parsed).expect("an answer that fits");
    assert_eq!(after.changed_from(&brief.base), ["main.py"]);
    (parsed.summary, after.get("main.py").expect("the file").to_owned())
}

#[test]
fn every_proposal_parses_is_new_and_names_its_operators() {
    for format in [AnswerFormat::Edit, AnswerFormat::Full] {
        let brief = WorkerBrief { format, ..brief() };
        let mut seen = BTreeSet::new();
        for seed in 0..80 {
            let (summary, text) = proposal(&brief, Manner::Guided, seed);
            assert!(Source::parse(&text).is_some() && text != OTHER, "{text}");
            let (operators, _) = summary.split_once(": ").expect("operators first");
            seen.extend(operators.split('+').map(str::to_owned));
            assert_eq!(proposal(&brief, Manner::Guided, seed), (summary, text));
        }
        let all = Operator::ALL.map(|operator| operator.name().to_owned());
        // Nothing in the base is a comparison; pieces and the reference bring one at times.
        assert!(
            all.iter().filter(|name| *name != "cmp").all(|name| seen.contains(name)),
            "{seen:?}"
        );
    }
}

#[test]
fn weights_and_the_word_of_the_script_restrict_the_draw() {
    let operators = Operators {
        num: 1.0,
        cmp: 0.0,
        arith: 0.0,
        stmt_insert: 0.0,
        cross: 0.0,
        shrink: 0.0,
        ..Operators::default()
    };
    let only_numbers = WorkerBrief { operators, ..brief() };
    let named = WorkerBrief { op: "cross".to_owned(), ..brief() };
    for seed in 0..40 {
        assert!(proposal(&only_numbers, Manner::Guided, seed).0.starts_with("num: "));
        assert!(proposal(&named, Manner::Guided, seed).0.starts_with("cross"));
    }
    let alone = WorkerBrief { references: Vec::new(), ..named };
    assert!(!proposal(&alone, Manner::Guided, 1).0.starts_with("cross"));
    let operators = Operators { num: 0.0, ..only_numbers.operators };
    let off = WorkerBrief { operators, ..brief() };
    let mut rng = stream(1, "test", &[]);
    assert_eq!(answer(&off, Manner::Guided, &mut rng), Err(OfflineError::AllOff));
}

#[test]
fn pieces_stand_where_their_names_exist_and_matter() {
    let brief = WorkerBrief { op: "stmt_insert".to_owned(), references: Vec::new(), ..brief() };
    let mut good = 0;
    for seed in 0..80 {
        let (_, text) = proposal(&brief, Manner::Guided, seed);
        assert_eq!(text.contains(" = clamp("), text.contains("def clamp"), "{text}");
        let in_loop = "    for item in items:\n        if item < 0:\n            continue\n";
        let before_result = "        total = clamp(total, 0, 100)\n    return total\n";
        good += usize::from(text.contains(in_loop) || text.contains(before_result));
    }
    assert!(good > 24, "{good}");
}

#[test]
fn a_crossed_statement_brings_what_it_calls() {
    let brief = WorkerBrief { op: "cross".to_owned(), ..brief() };
    for seed in 0..40 {
        let (_, text) = proposal(&brief, Manner::Guided, seed);
        assert_eq!(text.contains("weight(item)"), text.contains("def weight"), "{text}");
    }
}

#[test]
fn failures_draw_the_pieces_that_name_them() {
    let calm = WorkerBrief { op: "stmt_insert".to_owned(), ..brief() };
    let failing =
        WorkerBrief { failures: BTreeMap::from([("overflow".to_owned(), 5)]), ..calm.clone() };
    let bounds = |brief: &WorkerBrief, manner| {
        (0..80).filter(|seed| proposal(brief, manner, *seed).0.contains("bound into")).count()
    };
    assert!(bounds(&failing, Manner::Guided) > bounds(&calm, Manner::Guided) + 8);
    assert_eq!(bounds(&failing, Manner::Uniform), bounds(&calm, Manner::Uniform));
}

#[test]
fn failures_draw_the_files_that_they_name() {
    let files = ["a.py", "b.py", "c.py", "d.py"];
    let changed = |classes: &[&str], manner: Manner| {
        let brief = WorkerBrief {
            base: files.iter().map(|path| (*path, BASE)).collect(),
            editable: (&files.map(str::to_owned).to_vec()).into(),
            references: Vec::new(),
            failures: classes.iter().map(|class| ((*class).to_owned(), 1)).collect(),
            ..brief()
        };
        let path = |seed: u64| {
            let text = answer(&brief, manner, &mut stream(seed, "test", &[])).expect("an answer");
            let parsed = parse(&text, brief.format, &brief.editable).expect("a readable answer");
            let after = apply(&brief.base, &parsed).expect("an answer that fits");
            after.changed_from(&brief.base).concat()
        };
        (0..60).map(path).collect::<Vec<_>>()
    };
    let count = |paths: &[String], path: &str| paths.iter().filter(|it| *it == path).count();
    let named = changed(&["b", "d", "wall"], Manner::Guided);
    assert!(count(&named, "b.py") > 15 && count(&named, "d.py") > 15, "{named:?}");
    assert!(count(&named, "a.py") + count(&named, "c.py") < 15, "{named:?}");
    let free = changed(&[], Manner::Guided);
    assert_eq!(changed(&["wall", "solve"], Manner::Guided), free, "no failure names a file");
    assert!(files.iter().all(|path| count(&free, path) > 5), "{free:?}");
    assert_eq!(changed(&["b"], Manner::Uniform), changed(&[], Manner::Uniform));
}

#[test]
fn a_piece_for_another_file_stays_out_of_one_that_a_failure_names() {
    let pool = "def _elsewhere(other):\n    other += 1\n";
    let op = "stmt_insert".to_owned();
    let calm = WorkerBrief { ingredients: pool.to_owned(), references: Vec::new(), op, ..brief() };
    let named = WorkerBrief { failures: BTreeMap::from([("main".to_owned(), 3)]), ..calm.clone() };
    let inserts = |brief: &WorkerBrief| {
        (0..40)
            .filter(|seed| proposal(brief, Manner::Guided, *seed).0.contains("elsewhere"))
            .count()
    };
    assert!((1..20).contains(&inserts(&calm)), "seldom where no failure names a file");
    assert_eq!(inserts(&named), 0);
}

#[test]
fn the_baseline_ignores_weights_and_references() {
    let operators = Operators { stmt_insert: 0.0, num: 0.0, ..Operators::default() };
    let steered = WorkerBrief { operators, op: "shrink".to_owned(), ..brief() };
    let plain = WorkerBrief { references: Vec::new(), ..brief() };
    for seed in 0..40 {
        let free = proposal(&plain, Manner::Uniform, seed);
        assert!(!free.0.contains("cross"));
        assert_eq!(proposal(&steered, Manner::Uniform, seed), free);
    }
}

#[test]
fn what_is_not_python_is_left_to_other_models() {
    let mut rng = stream(1, "test", &[]);
    for (path, text) in [("main.rs", "fn main() {}"), ("main.py", "def solve(:\n")] {
        let brief = WorkerBrief {
            base: FileSet::from_iter([(path, text)]),
            editable: (&vec![path.to_owned()]).into(),
            ..brief()
        };
        let fault = answer(&brief, Manner::Guided, &mut rng);
        assert_eq!(fault, Err(OfflineError::NotPython { editable: brief.editable.to_string() }));
    }
}

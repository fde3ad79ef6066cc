use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::domain::editable::EditablePaths;
use crate::domain::files::FileSet;

/// One fixture: an answer, the files it is for, and what comes of it.
///
/// The text is cut at lines `==> head`. Heads: `format edit|full`, `editable PATH…`, `file PATH` (before), `answer`
/// (`answer crlf` ends its lines in CR LF), then `summary TEXT`, `after PATH`, `gone PATH`, or `fault TEXT` (the message
/// contains it).
struct Fixture {
    format: AnswerFormat,
    editable: Vec<String>,
    before: FileSet,
    answer: String,
    expected: Expected,
}

#[derive(Debug, PartialEq, Default)]
struct Expected {
    summary: Option<String>,
    after: Option<FileSet>,
    faults: Vec<String>,
}

fn read_fixture(text: &str) -> Fixture {
    let mut fixture = Fixture {
        format: AnswerFormat::Edit,
        editable: Vec::new(),
        before: FileSet::default(),
        answer: String::new(),
        expected: Expected::default(),
    };
    for section in text.split("==> ").skip(1) {
        let (head, body) = section.split_once('\n').expect("a head line");
        let (kind, rest) = head.split_once(' ').unwrap_or((head, ""));
        let expected = &mut fixture.expected;
        match kind {
            "format" if rest == "full" => fixture.format = AnswerFormat::Full,
            "format" => assert_eq!(rest, "edit"),
            "editable" => fixture.editable = rest.split(' ').map(str::to_owned).collect(),
            "file" => {
                fixture.before.0.insert(rest.to_owned(), body.to_owned());
            }
            "answer" if rest == "crlf" => fixture.answer = body.replace('\n', "\r\n"),
            "answer" => fixture.answer = body.to_owned(),
            "summary" => expected.summary = Some(rest.to_owned()),
            "fault" => expected.faults.push(rest.to_owned()),
            "after" => {
                let after = expected.after.get_or_insert_with(|| fixture.before.clone());
                after.0.insert(rest.to_owned(), body.to_owned());
            }
            "gone" => {
                let after = expected.after.get_or_insert_with(|| fixture.before.clone());
                after.0.remove(rest);
            }
            other => panic!("unknown head {other}"),
        }
    }
    fixture
}

fn fixtures(folder: &str) -> Vec<(String, Fixture)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let paths =
        fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            (path.display().to_string(), read_fixture(&fs::read_to_string(&path).expect("a text")))
        })
        .collect()
}

/// What is wrong with the reading of a fixture, and whether its answer was understood.
fn read_as_expected(fixture: &Fixture) -> (bool, Option<String>) {
    let result = parse(&fixture.answer, fixture.format, &(&fixture.editable).into())
        .and_then(|answer| Ok((answer.summary.clone(), apply(&fixture.before, &answer)?)));
    let expected = &fixture.expected;
    let wrong = match &result {
        Ok((_, after)) if Some(after) != expected.after.as_ref() => {
            Some(format!("read as {after:?}"))
        }
        Ok((said, _)) if expected.summary.as_ref().is_some_and(|summary| summary != said) => {
            Some(format!("summary {said:?}"))
        }
        Ok(_) => None,
        Err(fault) => {
            let message = fault.to_string();
            let told = expected.faults.iter().all(|part| message.contains(part));
            (expected.faults.is_empty() || !told).then_some(message)
        }
    };
    (result.is_ok(), wrong)
}

fn all_as_expected(folder: &str) -> (usize, usize) {
    let (mut understood, mut wrong) = (0, Vec::new());
    let fixtures = fixtures(folder);
    for (name, fixture) in &fixtures {
        let (read, amiss) = read_as_expected(fixture);
        understood += usize::from(read);
        wrong.extend(amiss.map(|why| format!("{name}: {why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    (understood, fixtures.len())
}

#[test]
fn answers_in_the_fixtures_are_read_or_refused_as_written_there() {
    assert!(all_as_expected("answers").1 >= 50);
}

/// The corpus of answers that are not as asked, and the share of them that is understood: docs/models.md says it.
#[test]
fn malformed_answers_are_read_where_there_is_no_doubt_and_refused_with_the_reason_elsewhere() {
    let (understood, all) = all_as_expected("answers/malformed");
    assert!(all >= 60, "only {all} answers");
    let page = include_str!("../../../docs/models.md");
    let share = format!("{understood} of {all} answers");
    assert!(page.contains(&share), "docs/models.md does not say {share:?}");
}

#[test]
fn the_examples_of_the_contract_are_answers() {
    let before = FileSet::from_iter([("words.py", "def count(words):\n    total = len(words)\n")]);
    for format in [AnswerFormat::Edit, AnswerFormat::Full] {
        let answer = parse(contract(format), format, &(&vec!["words.py".to_owned()]).into())
            .expect("an answer");
        assert_eq!(answer.summary, "count each word once, since repeats inflated the total");
        let after = apply(&before, &answer).expect("files");
        assert!(after.get("words.py").is_some_and(|text| text.contains("len(set(words))")));
    }
}

#[test]
fn a_candidates_contract_says_which_files_may_be_added() {
    let names = EditablePaths::from(&vec!["a.py".to_owned()]);
    let patterns = EditablePaths::new(&["src/*.py".to_owned()], &["src/b.py".to_owned()]);
    for format in [AnswerFormat::Edit, AnswerFormat::Full] {
        assert_eq!(candidate_contract(format, &names), contract(format));
        let told = candidate_contract(format, &patterns);
        assert!(told.ends_with("and add: src/*.py (but not src/b.py).\n"), "{told}");
    }
}

/// Texts made of the lines that could confuse the forms, with and without a line feed at the end.
fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[a-c]{0,2}",
        1 => " {0,4}[a-c]",
        1 => any::<String>(),
        1 => prop::sample::select(vec![
            "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "```", "````text", "~~~", "a.py", "WRITE a.py",
            "DELETE a.py", "summary: x", "a\r", "\r", "File: b.md",
        ]).prop_map(str::to_owned),
    ];
    (prop::collection::vec(line, 0..12), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        text
    })
}

fn any_files() -> impl Strategy<Value = FileSet> {
    let path = prop::sample::select(vec!["a.py", "prompts/b.md", "Makefile"]);
    prop::collection::btree_map(path.prop_map(str::to_owned), any_text(), 0..4).prop_map(FileSet)
}

proptest! {
    #[test]
    fn a_rendered_answer_gives_the_same_files(before in any_files(), after in any_files(), full: bool) {
        if before == after {
            return Ok(());
        }
        let format = if full { AnswerFormat::Full } else { AnswerFormat::Edit };
        let text = render(&before, &after, format, "what and why");
        let editable: Vec<String> = after.changed_from(&before);
        for editable in [editable, Vec::new()] {
            let answer = parse(&text, format, &(&editable).into()).map_err(|fault| {
                TestCaseError::fail(format!("{fault}\n{text}"))
            })?;
            prop_assert_eq!(&answer.summary, "what and why");
            let applied = apply(&before, &answer);
            prop_assert_eq!(applied.as_ref(), Ok(&after), "{}", text);
        }
    }
}

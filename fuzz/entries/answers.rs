//! Answers of models: edits in both forms, reviews, notes, proposed cases, tool calls.

use hyperagent::domain::agent::AnswerFormat;
use hyperagent::domain::consult::{self, Review};
use hyperagent::domain::edit;
use hyperagent::domain::editable::EditablePaths;
use hyperagent::domain::files::FileSet;
use hyperagent::domain::suite;
use hyperagent::domain::tool;

/// The files that answers are about.
const FILES: [(&str, &str); 3] = [
    ("solution.py", "def f(x):\n    if x > 1:\n        return x * 2\n    return x\n"),
    ("notes/a.md", "one\ntwo\ntwo\n\nthree"),
    ("frozen.py", "KEEP = 1\n"),
];

/// Reads the bytes as an answer. An edit changes no file that may not change, and what it made can be said again; whatever
/// else an answer is read as holds to its bounds.
pub fn answers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let before: FileSet = FILES.into_iter().collect();
    let editable = EditablePaths::new(
        &["solution.py".to_owned(), "notes/*.md".to_owned()],
        &["frozen.py".to_owned()],
    );
    for format in [AnswerFormat::Edit, AnswerFormat::Full] {
        let Ok(answer) = edit::parse(text, format, &editable) else { continue };
        assert!(!answer.edits.is_empty() && !answer.summary.contains('\n'), "{answer:?}");
        let Ok(after) = edit::apply(&before, &answer) else { continue };
        for path in after.changed_from(&before) {
            assert!(editable.allows(&path), "{path} was changed");
        }
        for format in [AnswerFormat::Edit, AnswerFormat::Full] {
            if after == before {
                continue;
            }
            let said = edit::render(&before, &after, format, &answer.summary);
            let read = edit::parse(&said, format, &EditablePaths::default());
            let read = read.unwrap_or_else(|fault| panic!("{fault}\n{said}"));
            let again = edit::apply(&before, &read);
            assert_eq!(again.as_ref(), Ok(&after), "{said}");
        }
    }
    if let Ok(review) = Review::read(0, text) {
        assert!((0.0..=1.0).contains(&review.severity) && (0.0..=1.0).contains(&review.confidence));
        assert!(!review.fix.trim().is_empty() && review.fix.len() <= text.len());
    }
    if let Ok(note) = consult::read_note(text) {
        assert!(!note.is_empty() && note.len() <= 4096);
    }
    if let Ok(cases) = suite::read_proposals(text) {
        assert!(!cases.is_empty());
    }
    assert!(tool::calls(&[], text, &[]).len() <= text.lines().count());
}

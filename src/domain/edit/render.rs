//! Writing an answer, so that the optimiser speaks as a model does.

use std::ops::Range;

use similar::{Algorithm, DiffOp};

use super::apply::apply;
use super::fit::lines;
use super::marks::looks_like_mark;
use super::parse::{NO_FINAL_NEWLINE, parse};
use crate::domain::agent::AnswerFormat;
use crate::domain::editable::EditablePaths;
use crate::domain::files::FileSet;

/// An answer that turns `before` into `after`: the summary line, then blocks with just enough context to be unique, or
/// whole files. `apply(parse(render(a, b)))` is `b` for every text; where blocks cannot say a change (the text contains
/// the marks of a block, the end of the file gains or loses its line feed), the file is written whole.
pub fn render(before: &FileSet, after: &FileSet, format: AnswerFormat, summary: &str) -> String {
    let mut answer = format!("summary: {}\n", summary.replace('\n', " "));
    for path in after.changed_from(before) {
        answer.push('\n');
        match (before.get(&path), after.get(&path)) {
            (_, None) => answer.push_str(&format!("DELETE {path}\n")),
            (old, Some(new)) => answer.push_str(&change(&path, old, new, format)),
        }
    }
    answer
}

/// The change of one file, in the first form that reads back as meant.
fn change(path: &str, old: Option<&str>, new: &str, format: AnswerFormat) -> String {
    let first = match (format, old) {
        (AnswerFormat::Edit, None) => format!("{}{}", label(path), block("", new)),
        (AnswerFormat::Edit, Some(old)) => format!("{}{}", label(path), blocks(old, new)),
        (AnswerFormat::Full, _) => format!("{}{}", label(path), fenced(new)),
    };
    let before: FileSet = old.map(|old| (path, old)).into_iter().collect();
    let read_back =
        parse(&first, format, &EditablePaths::default()).and_then(|answer| apply(&before, &answer));
    if read_back.is_ok_and(|files| files.get(path) == Some(new) && files.0.len() == 1) {
        first
    } else {
        format!("WRITE {path}\n{}", fenced(new))
    }
}

fn label(path: &str) -> String {
    if path.contains('.') { format!("{path}\n") } else { format!("`{path}`\n") }
}

fn fenced(text: &str) -> String {
    let mut run = 0;
    let mut longest = 2;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    if text.is_empty() || text.ends_with('\n') {
        format!("{fence}\n{text}{fence}\n")
    } else {
        format!("{fence} {NO_FINAL_NEWLINE}\n{text}\n{fence}\n")
    }
}

fn block(search: &str, replace: &str) -> String {
    format!("<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

/// One block for each run of changed lines; each is unique in the text that the blocks before it leave.
fn blocks(old: &str, new: &str) -> String {
    let new_lines = lines(new);
    let mut current: Vec<&str> = lines(old);
    if current.iter().chain(&new_lines).any(|line| looks_like_mark(line)) {
        return String::new();
    }
    let mut written = String::new();
    for op in similar::capture_diff_slices(Algorithm::Myers, &current.clone(), &new_lines) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        // All changes before this one are made, so its place in the current text is its place in the new one.
        let target = op.new_range();
        let removed = target.start..target.start + op.old_range().len();
        let inserted = new_lines.get(target.clone()).unwrap_or_default();
        let shown = unique_around(&current, removed.clone());
        let context = |range: Range<usize>| joined(current.get(range).unwrap_or_default());
        let head = context(shown.start..removed.start);
        let tail = context(removed.end..shown.end);
        let search = context(shown.clone());
        written.push_str(&block(&search, &format!("{head}{}{tail}", joined(inserted))));
        current.splice(removed, inserted.iter().copied());
    }
    written
}

/// The smallest range around `range`, grown a line at a time on both sides, whose lines stand nowhere else.
fn unique_around(lines: &[&str], range: Range<usize>) -> Range<usize> {
    let mut shown = range;
    loop {
        let passage = lines.get(shown.clone()).unwrap_or_default();
        let said = passage.iter().any(|line| !line.trim().is_empty());
        let unique =
            || lines.windows(passage.len()).filter(|window| *window == passage).count() == 1;
        if said && unique() || shown.start == 0 && shown.end == lines.len() {
            return shown;
        }
        shown = shown.start.saturating_sub(1)..(shown.end + 1).min(lines.len());
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

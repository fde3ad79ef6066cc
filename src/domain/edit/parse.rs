//! Reading an answer.

use std::borrow::Cow;

use super::diff;
use super::label::{self, Label};
use super::marks::{Fence, Opening, fence, is_closing, is_separator, opening};
use super::{Answer, Edit, EditFault};
use crate::domain::agent::AnswerFormat;
use crate::domain::editable::EditablePaths;

/// The longest summary kept, characters.
const SUMMARY_CHARS: usize = 200;

/// The word after an opening fence that says the file has no line feed at its end.
pub(super) const NO_FINAL_NEWLINE: &str = "no-final-newline";

/// Reads an answer. `editable` are the paths that may change.
///
/// Both forms are understood whatever was asked for, except that a fenced file counts as a change only where whole files
/// were asked for or the line before it says `WRITE path`: elsewhere it may be an excerpt.
pub fn parse(
    answer: &str,
    format: AnswerFormat,
    editable: &EditablePaths,
) -> Result<Answer, EditFault> {
    let plain = unescaped(answer.trim_start_matches('\u{feff}'));
    let answer = plain.as_ref();
    let unix = answer.replace("\r\n", "\n");
    let line_feeds = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
    let crlf = answer.len() - unix.len() == line_feeds(answer);
    let text = if crlf { unix.as_str() } else { answer };
    let mut reader = Reader::new(text.split('\n').collect(), format, editable);
    reader.read()?;
    reader.finish()
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
    format: AnswerFormat,
    editable: &'a EditablePaths,
    summary: Option<String>,
    first_words: String,
    edits: Vec<Edit>,
    /// The file the next block is for, when it does not say.
    current: Option<String>,
    /// A path named since the last fenced file.
    pending: Option<Label>,
    /// A path that may not change, in the line just read.
    stray: Option<String>,
    /// Fenced files without a path: the line and the text.
    nameless: Vec<(usize, String)>,
    /// The fence around blocks that is open.
    wrapper: Option<(char, usize)>,
    fenced: bool,
}

impl<'a> Reader<'a> {
    fn new(lines: Vec<&'a str>, format: AnswerFormat, editable: &'a EditablePaths) -> Self {
        Self {
            lines,
            at: 0,
            format,
            editable,
            summary: None,
            first_words: String::new(),
            edits: Vec::new(),
            current: None,
            pending: None,
            stray: None,
            nameless: Vec::new(),
            wrapper: None,
            fenced: false,
        }
    }

    fn read(&mut self) -> Result<(), EditFault> {
        while let Some(line) = self.next_line() {
            if let Some(opening) = opening(line) {
                self.block(&opening)?;
            } else if diff::starts(line, self.lines.get(self.at).copied()) {
                let rest = self.lines.get(self.at - 1..).unwrap_or_default();
                let found = diff::read(rest, false);
                self.at += found.lines.saturating_sub(1);
                self.diff(found.edits, None)?;
            } else if let Some(fence) = fence(line) {
                self.fenced = true;
                self.fence(fence)?;
            } else if let Some(path) = label::deleted_path(line) {
                let path = self.resolved(path)?;
                self.edits.push(Edit::Delete { path });
            } else if !line.trim().is_empty() {
                self.prose(line);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Answer, EditFault> {
        if self.edits.is_empty() {
            let line = self.nameless.last().map(|(line, _)| *line);
            match (self.editable.only(), self.nameless.pop(), self.nameless.is_empty()) {
                (Some(only), Some((_, text)), true) => {
                    self.edits.push(Edit::Write { path: only.to_owned(), text });
                }
                (_, Some(_), _) => {
                    let line = line.unwrap_or_default();
                    return Err(EditFault::NoPath { line, editable: self.editable.to_string() });
                }
                (_, None, _) => return Err(EditFault::empty(self.format, self.fenced)),
            }
        }
        let summary = self.summary.unwrap_or(self.first_words);
        Ok(Answer { summary, edits: self.edits })
    }

    fn next_line(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.at).copied()?;
        self.at += 1;
        Some(line)
    }

    fn prose(&mut self, line: &str) {
        self.stray = None;
        let words = line.trim().trim_matches('*');
        if let Some(said) = summary_line(words) {
            self.summary.get_or_insert(said);
            return;
        }
        if let Some(named) = label::path_line(line, self.editable) {
            match label::resolve(&named.path, self.editable) {
                Some(path) => {
                    self.current = Some(path.clone());
                    self.pending = Some(Label { path, ..named });
                }
                None => self.stray = Some(named.path),
            }
        } else if self.first_words.is_empty() {
            self.first_words = words.chars().take(SUMMARY_CHARS).collect();
        }
    }

    /// Reads a block after its first mark.
    fn block(&mut self, mark: &Opening<'_>) -> Result<(), EditFault> {
        let line = self.at;
        let path = self.path_of_block(mark.after, line)?;
        let separates = |line: &str| is_separator(line, mark.run);
        let search = self.until(separates, line, "=======")?;
        let replace = self.until(is_closing, line, ">>>>>>> REPLACE")?;
        if replace.lines().any(separates) {
            return Err(EditFault::TwoSeparators { line });
        }
        self.current = Some(path.clone());
        self.pending = None;
        self.edits.push(Edit::Replace { path, search, replace });
        Ok(())
    }

    /// Takes in what a diff says; `named` is the path given before it.
    fn diff(&mut self, edits: Vec<Edit>, named: Option<String>) -> Result<(), EditFault> {
        let line = self.at;
        for mut edit in edits {
            let (Edit::Replace { path, .. } | Edit::Write { path, .. } | Edit::Delete { path }) =
                &mut edit;
            *path = match (path.as_str(), &named) {
                ("", Some(named)) => named.clone(),
                ("", None) => self.path_of_block("", line)?,
                (path, _) => self.resolved(path)?,
            };
            self.current = Some(path.clone());
            self.edits.push(edit);
        }
        self.pending = None;
        Ok(())
    }

    fn path_of_block(&mut self, after_mark: &str, line: usize) -> Result<String, EditFault> {
        if let Some(named) = label::path_line(after_mark, self.editable) {
            return self.resolved(&named.path);
        }
        if let Some(path) = self.stray.take() {
            return Err(EditFault::NotEditable { path, editable: self.editable.to_string() });
        }
        match (&self.current, self.editable.only()) {
            (Some(path), _) => Ok(path.clone()),
            (None, Some(only)) => Ok(only.to_owned()),
            (None, _) => Err(EditFault::NoPath { line, editable: self.editable.to_string() }),
        }
    }

    fn until(
        &mut self,
        ends: impl Fn(&str) -> bool,
        start: usize,
        missing: &str,
    ) -> Result<String, EditFault> {
        let mut text = String::new();
        while let Some(line) = self.next_line() {
            if ends(line) {
                return Ok(text);
            }
            if opening(line).is_some() {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        Err(EditFault::Unclosed { what: "block", line: start, missing: missing.to_owned() })
    }

    /// Reads a fenced file; a fence that only wraps blocks or excerpts is passed over.
    fn fence(&mut self, fence: Fence<'a>) -> Result<(), EditFault> {
        let named = label::path_in_fence(fence.info, self.editable)
            .and_then(|named| {
                Some(Label { path: label::resolve(&named.path, self.editable)?, ..named })
            })
            .or_else(|| self.pending.clone());
        let closes = |(mark, length)| mark == fence.mark && length <= fence.length;
        if fence.info.is_empty() && self.wrapper.is_some_and(closes) {
            self.wrapper = None;
            return Ok(());
        }
        if matches!(fence.info.split(' ').next(), Some("diff" | "patch")) && !self.wraps_block() {
            let text = self.fenced_text(&fence)?;
            let lines: Vec<&str> = text.lines().collect();
            return self.diff(diff::read(&lines, true).edits, named.map(|named| named.path));
        }
        let announced = named.as_ref().is_some_and(|named| named.whole);
        if !announced && (self.format == AnswerFormat::Edit || self.wraps_block()) {
            self.current = named.map(|named| named.path).or(self.current.take());
            self.wrapper = Some((fence.mark, fence.length));
            return Ok(());
        }
        if let Some(path) = self.stray.take() {
            return Err(EditFault::NotEditable { path, editable: self.editable.to_string() });
        }
        let line = self.at;
        let text = self.fenced_text(&fence)?;
        self.pending = None;
        let told = || label::path_in_comment(text.lines().next()?, self.editable);
        match named.map(|named| named.path).or_else(told) {
            Some(path) => self.edits.push(Edit::Write { path, text }),
            None => self.nameless.push((line, text)),
        }
        Ok(())
    }

    /// Whether the fence just opened holds a block: its first line is the mark, or the second after a path.
    fn wraps_block(&self) -> bool {
        let mut inside = self.lines.iter().skip(self.at).filter(|line| !line.trim().is_empty());
        match inside.next() {
            Some(line) if opening(line).is_some() => true,
            Some(line) if label::path_line(line, self.editable).is_some() => {
                inside.next().is_some_and(|second| opening(second).is_some())
            }
            _ => false,
        }
    }

    fn fenced_text(&mut self, open: &Fence<'a>) -> Result<String, EditFault> {
        let start = self.at;
        let mut text = String::new();
        let mut inner = 0u32;
        while let Some(line) = self.next_line() {
            match fence(line).filter(|it| it.mark == open.mark && it.length >= open.length) {
                Some(closing) if closing.info.is_empty() && inner == 0 => {
                    if open.info.split(' ').any(|word| word == NO_FINAL_NEWLINE) {
                        text.pop();
                    }
                    return Ok(text);
                }
                Some(closing) if closing.info.is_empty() => inner -= 1,
                Some(_) => inner += 1,
                None => {}
            }
            text.push_str(line);
            text.push('\n');
        }
        let missing = open.mark.to_string().repeat(open.length);
        Err(EditFault::Unclosed { what: "fenced file", line: start, missing })
    }

    fn resolved(&self, path: &str) -> Result<String, EditFault> {
        label::resolve(path, self.editable).ok_or_else(|| EditFault::NotEditable {
            path: path.to_owned(),
            editable: self.editable.to_string(),
        })
    }
}

/// An answer whose marks were escaped for HTML on the way, as it was written.
fn unescaped(answer: &str) -> Cow<'_, str> {
    if !answer.contains("&lt;&lt;&lt;&lt;&lt;") {
        return Cow::Borrowed(answer);
    }
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    Cow::Owned(plain.iter().fold(answer.to_owned(), |text, (from, to)| text.replace(from, to)))
}

/// What a line `summary: …` says.
fn summary_line(line: &str) -> Option<String> {
    let (word, said) = line.split_once(':')?;
    let is_summary = word.trim_matches(['*', '#', ' ']).eq_ignore_ascii_case("summary");
    let said = said.trim_matches(['*', ' ']);
    (is_summary && !said.is_empty()).then(|| said.chars().take(SUMMARY_CHARS).collect())
}

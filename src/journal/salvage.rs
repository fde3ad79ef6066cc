//! What a damaged journal still proves.
//!
//! Every line carries its number and its checksum, so a sound line proves itself wherever it stands. Lines out of order
//! are put in order, doubled and foreign ones left out, and one changed byte is put back ([`super::mend`]). What is left
//! is a set of numbered records; the whole part of it, from 1 to the first missing number, is a journal again.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Damage, JournalError};
use super::line::{self, HeaderLine, VERSION};
use super::mend;
use crate::base::id::RunName;
use crate::domain::event::Record;

/// A line as it stands in the file, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The record.
    pub record: Record,
    /// Its text, without the newline.
    text: Vec<u8>,
}

/// What is wrong at one place, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, in words.
    pub what: String,
    /// Whether nothing is lost by it.
    pub mended: bool,
}

/// Everything that could be read of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Salvage {
    /// The sound records, by number.
    pub lines: BTreeMap<u64, Line>,
    /// What is wrong; empty for a sound journal, whose torn end, if it has one, is nothing wrong.
    pub wrong: Vec<Wrong>,
    /// The first number that two different records claim, if any do: from there on it is not clear which is true.
    disputed: Option<u64>,
}

impl Salvage {
    /// What a sound journal of these records would give; they are numbered anew.
    ///
    /// # Errors
    /// As [`super::Journal::append`].
    pub fn of(records: impl IntoIterator<Item = Record>) -> Result<Self, JournalError> {
        let mut salvage = Self { lines: BTreeMap::new(), wrong: Vec::new(), disputed: None };
        for (seq, record) in (1..).zip(records) {
            salvage.fill(Record { seq, ..record })?;
        }
        Ok(salvage)
    }

    /// Drops what comes after the first missing record, and gives it back.
    pub fn cut(&mut self) -> Vec<Record> {
        let beyond = self.lines.split_off(&self.first_missing());
        self.disputed = None;
        beyond.into_values().map(|line| line.record).collect()
    }

    /// The records from 1 to the first that is missing or disputed.
    pub fn intact(&self) -> Vec<Record> {
        (1..self.first_missing())
            .filter_map(|seq| self.lines.get(&seq).map(|line| line.record.clone()))
            .collect()
    }

    /// The number of the first record that is missing or disputed.
    pub fn first_missing(&self) -> u64 {
        let limit = self.disputed.unwrap_or(u64::MAX);
        (1..limit).find(|seq| !self.lines.contains_key(seq)).unwrap_or(limit)
    }

    /// The one missing number, if sound records follow it and no other is missing.
    pub fn only_missing(&self) -> Option<u64> {
        let first = self.first_missing();
        let last = self.lines.last_key_value().map_or(0, |(seq, _)| *seq);
        let whole = (first + 1..=last).all(|seq| self.lines.contains_key(&seq));
        (first < last && whole && self.disputed.is_none()).then_some(first)
    }

    /// Puts a record in the place of a missing one.
    ///
    /// # Errors
    /// As [`super::Journal::append`].
    pub fn fill(&mut self, record: Record) -> Result<(), JournalError> {
        let mut text = Vec::new();
        line::write(&mut text, record.seq, record.at, &line::encode(&record.event)?);
        text.truncate(text.len().saturating_sub(1));
        self.lines.insert(record.seq, Line { record, text });
        Ok(())
    }

    /// The records after the first missing one.
    pub fn beyond(&self) -> impl Iterator<Item = &Record> {
        self.lines.range(self.first_missing()..).map(|(_, line)| &line.record)
    }

    /// The text of the journal that the intact records make.
    ///
    /// # Errors
    /// [`JournalError::Unfaithful`] when the header cannot be written.
    pub fn text(&self, run: &RunName) -> Result<Vec<u8>, JournalError> {
        let mut text = line::header(run)?;
        for (_, line) in self.lines.range(..self.first_missing()) {
            text.extend_from_slice(&line.text);
            text.push(b'\n');
        }
        Ok(text)
    }
}

/// Reads what a journal's bytes still prove.
///
/// # Errors
/// [`JournalError::Newer`], and [`JournalError::Damaged`] for a sound line that this version does not know: both are
/// another program's, not damaged.
pub fn salvage(path: &Path, bytes: &[u8]) -> Result<Salvage, JournalError> {
    let mut reading = Reading {
        path,
        salvage: Salvage { lines: BTreeMap::new(), wrong: Vec::new(), disputed: None },
        number: 0,
        highest: 0,
    };
    let bytes = reading.header(bytes)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let next = lines.peek().copied();
        if reading.take(line, next, last)? {
            lines.next();
            reading.number += 1;
        }
    }
    let salvage = &mut reading.salvage;
    let missing = salvage.first_missing();
    let beyond = salvage.beyond().count();
    if beyond > 0 {
        let what = match salvage.disputed {
            Some(_) => format!("two different records have the number {missing}"),
            None => {
                format!("record {missing} is missing, and {beyond} sound records come after it")
            }
        };
        salvage.wrong.push(Wrong { line: missing + 1, what, mended: false });
    }
    Ok(reading.salvage)
}

/// A header as it was written: one whose version was changed by damage is not a newer one.
fn read_header(line: &[u8]) -> HeaderLine {
    match line::read_header(line) {
        HeaderLine::Newer(found) if line::checked(line).is_err() => {
            let known = |line: &Vec<u8>| matches!(line::read_header(line), HeaderLine::Known(_));
            match mend::candidates(line).iter().any(known) {
                true => HeaderLine::Foreign,
                false => HeaderLine::Newer(found),
            }
        }
        other => other,
    }
}

struct Reading<'a> {
    path: &'a Path,
    salvage: Salvage,
    number: u64,
    highest: u64,
}

impl Reading<'_> {
    /// Looks at the header; what comes after it.
    fn header<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], JournalError> {
        let end_of = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| from + at)
        };
        let upto = |end: usize| bytes.get(..end).unwrap_or_default();
        let after = |end: usize| bytes.get(end + 1..).unwrap_or_default();
        let is_header = |line: &[u8]| matches!(read_header(line), HeaderLine::Known(_));
        let mends = |line: &[u8]| mend::candidates(line).iter().any(|line| is_header(line));
        let first = end_of(0);
        match read_header(upto(first)) {
            HeaderLine::Newer(found) => {
                let path = self.path.to_owned();
                return Err(JournalError::Newer { path, found, supported: VERSION });
            }
            HeaderLine::Known(_) => {
                self.number = 1;
                return Ok(after(first));
            }
            HeaderLine::Foreign => {}
        }
        let what = "the header is damaged or missing; the run's folder has its name";
        self.wrong(1, what.to_owned(), true);
        if line::read_any(upto(first)).is_ok() {
            return Ok(bytes);
        }
        if let Some(length) = line::leading_sound_line(upto(first))
            && is_header(upto(length))
        {
            // The newline after it was changed.
            return Ok(after(length));
        }
        self.number = 1;
        let second = end_of(first + 1);
        if !mends(upto(first)) && second > first && mends(upto(second)) {
            // A byte of it became a newline.
            self.number = 2;
            return Ok(after(second));
        }
        Ok(after(first))
    }

    /// Takes in one line; true when the next one was part of it.
    fn take(&mut self, raw: &[u8], next: Option<&[u8]>, last: bool) -> Result<bool, JournalError> {
        self.number += 1;
        let text = strip(raw);
        match line::read_any(text) {
            Ok(record) => {
                self.sound(record, text.to_vec());
                return Ok(false);
            }
            Err(damage @ Damage::Unknown { .. }) => {
                return Err(JournalError::Damaged {
                    path: self.path.to_owned(),
                    line: self.number,
                    byte: 0,
                    intact: self.highest,
                    damage,
                });
            }
            Err(_) => {}
        }
        if let Some((record, text)) = mended(text) {
            self.wrong(self.number, "one byte was changed, and is put back".to_owned(), true);
            self.sound(record, text);
            return Ok(false);
        }
        if let Some(length) = line::leading_sound_line(text) {
            self.wrong(self.number, "the newline after its record was changed".to_owned(), true);
            let (before, after) = text.split_at_checked(length).unwrap_or((text, &[]));
            if let Ok(record) = line::read_any(before) {
                self.sound(record, before.to_vec());
            }
            let after = after.get(1..).unwrap_or_default();
            self.number -= 1;
            return if after.is_empty() { Ok(false) } else { self.take(after, next, last) };
        }
        if let Some((record, text)) = next.and_then(|next| mended(&[raw, strip(next)].concat())) {
            self.wrong(self.number, "a byte of it became a newline".to_owned(), true);
            self.sound(record, text);
            return Ok(true);
        }
        if !last {
            self.wrong(self.number, "it holds no record that could be read".to_owned(), false);
        }
        Ok(false)
    }

    fn sound(&mut self, record: Record, text: Vec<u8>) {
        let seq = record.seq;
        match self.salvage.lines.get(&seq) {
            Some(known) if known.text == text => {
                self.wrong(self.number, format!("record {seq} stands there again"), true);
            }
            Some(_) => {
                let disputed = self.salvage.disputed.map_or(seq, |known| known.min(seq));
                self.salvage.disputed = Some(disputed);
            }
            None => {
                if seq < self.highest {
                    let after = self.highest;
                    self.wrong(self.number, format!("record {seq} stands after {after}"), true);
                }
                self.highest = self.highest.max(seq);
                self.salvage.lines.insert(seq, Line { record, text });
            }
        }
    }

    fn wrong(&mut self, line: u64, what: String, mended: bool) {
        self.salvage.wrong.push(Wrong { line, what, mended });
    }
}

/// A line with one changed byte put back, if that makes it a record.
fn mended(text: &[u8]) -> Option<(Record, Vec<u8>)> {
    mend::candidates(text).into_iter().find_map(|text| Some((line::read_any(&text).ok()?, text)))
}

fn strip(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

//! Reading a journal from its first line to its last, with or without being its writer.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::FILE;
use super::error::{Damage, JournalError};
use super::line::{self, HeaderLine, VERSION};
use crate::base::failpoint::{self, Site};
use crate::base::id::RunName;
use crate::domain::event::Record;

mod ahead;

/// A whole journal.
#[derive(Debug)]
pub struct History {
    /// The run it belongs to.
    pub run: RunName,
    /// Its records, in order.
    pub records: Vec<Record>,
    /// How many bytes of the file they and the header are.
    pub length: u64,
    /// An unfinished end, which is no part of the records. While a process writes the journal this is nothing bad: its
    /// next line was caught halfway.
    pub torn: Option<TornTail>,
}

/// An end of a journal that was not written out: the last line lacks its newline, or its checksum does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The journal.
    pub path: PathBuf,
    /// Where the sound part ends.
    pub byte: u64,
    /// How many bytes come after it.
    pub bytes: u64,
    /// The number of the last sound record; 0: none.
    pub after: u64,
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the last line of {} was not written out when its process ended: cut {} bytes after record {} (byte {}); \
             nothing had been done because of them",
            self.path.display(),
            self.bytes,
            self.after,
            self.byte
        )
    }
}

impl TornTail {
    /// Cuts it off; durable on return.
    pub(super) fn cut(&self) -> Result<(), JournalError> {
        let cut = |file: File| file.set_len(self.byte).and_then(|()| file.sync_all());
        failpoint::write(Site::JournalCut)
            .and_then(|()| OpenOptions::new().write(true).open(&self.path))
            .and_then(cut)
            .map_err(JournalError::io("cut the torn end of", &self.path))
    }
}

/// Reads the journal in `folder`; its writer, if there is one, is not disturbed.
///
/// # Errors
/// [`JournalError::Missing`], [`JournalError::NoHeader`], [`JournalError::Newer`], [`JournalError::Damaged`].
pub fn read(folder: &Path) -> Result<History, JournalError> {
    let mut lines = Records::open(folder)?;
    let mut records = Vec::new();
    lines.each(|record| records.push(record))?;
    Ok(History { run: lines.run, records, length: lines.byte, torn: lines.torn })
}

/// How far a journal was read; a later reading goes on from there.
#[derive(Debug, Clone)]
pub struct Mark {
    line_number: u64,
    byte: u64,
    seq: u64,
    /// What ends the last line read: its checksum.
    end: Vec<u8>,
}

impl Mark {
    /// The number of the last record read; 0: none.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

/// The records of a journal, read one at a time.
pub struct Records {
    path: PathBuf,
    file: BufReader<File>,
    run: RunName,
    line: Vec<u8>,
    line_number: u64,
    byte: u64,
    seq: u64,
    /// What ends the last sound line.
    end: Vec<u8>,
    torn: Option<TornTail>,
    over: bool,
    /// The one kind of event that is read, if not all are.
    kind: Option<String>,
}

impl Records {
    /// Opens the journal in `folder` and reads its header.
    ///
    /// # Errors
    /// As [`read`].
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(JournalError::Missing { path });
            }
            Err(error) => return Err(JournalError::io("open", &path)(error)),
        };
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).map_err(JournalError::io("read", &path))?;
        let Some(text) = line.strip_suffix(b"\n") else {
            return Err(JournalError::NoHeader { path });
        };
        match line::read_header(text) {
            HeaderLine::Known(run) => {
                let byte = line.len() as u64;
                let end = line::end(text).to_vec();
                Ok(Self {
                    path,
                    file,
                    run,
                    line,
                    line_number: 1,
                    byte,
                    seq: 0,
                    end,
                    torn: None,
                    over: false,
                    kind: None,
                })
            }
            HeaderLine::Newer(found) => {
                Err(JournalError::Newer { path, found, supported: VERSION })
            }
            HeaderLine::Foreign => Err(JournalError::NoHeader { path }),
        }
    }

    /// Opens it where an earlier reading ended. What was read then is not read again, only that the last line of it still
    /// stands there; what is written is never changed but by repairs.
    ///
    /// # Errors
    /// As [`read`], and [`JournalError::Replaced`].
    pub fn open_after(folder: &Path, mark: &Mark) -> Result<Self, JournalError> {
        let mut records = Self::open(folder)?;
        let length = mark.end.len() as u64 + 1;
        let from = SeekFrom::Start(mark.byte.saturating_sub(length));
        records.file.seek(from).map_err(JournalError::io("read", &records.path))?;
        let mut end = Vec::new();
        let last = records.file.by_ref().take(length).read_to_end(&mut end);
        last.map_err(JournalError::io("read", &records.path))?;
        if end.strip_suffix(b"\n") != Some(mark.end.as_slice()) {
            return Err(JournalError::Replaced { path: records.path });
        }
        let Mark { line_number, byte, seq, end } = mark.clone();
        Ok(Self { line_number, byte, seq, end, ..records })
    }

    /// How far it was read.
    pub fn mark(&self) -> Mark {
        let Self { line_number, byte, seq, end, .. } = self;
        // A torn end was looked at, and belongs to nothing.
        let line_number = line_number - u64::from(self.torn.is_some());
        Mark { line_number, byte: *byte, seq: *seq, end: end.clone() }
    }

    /// The run the journal belongs to.
    pub fn run(&self) -> &RunName {
        &self.run
    }

    /// The unfinished end, known once all records are read.
    pub fn torn(&self) -> Option<&TornTail> {
        self.torn.as_ref()
    }

    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        loop {
            match self.next_line()? {
                None => return Ok(None),
                Some(Some(record)) => return Ok(Some(record)),
                Some(None) => {}
            }
        }
    }

    /// Reads a line's text, as far as it is wanted.
    fn read_text(&self, text: &[u8]) -> Result<Option<Record>, Damage> {
        match &self.kind {
            None => line::read(text, self.seq + 1).map(Some),
            Some(kind) if line::is_of_kind(text, kind) => line::read_any(text).map(Some),
            Some(_) => line::checked(text).map(|()| None),
        }
    }

    /// The next line: its record, unless it is of a kind that is not wanted. `None` at the end.
    fn next_line(&mut self) -> Result<Option<Option<Record>>, JournalError> {
        self.line.clear();
        let length = self
            .file
            .read_until(b'\n', &mut self.line)
            .map_err(JournalError::io("read", &self.path))? as u64;
        if length == 0 {
            return Ok(None);
        }
        self.line_number += 1;
        let ended = self.line.strip_suffix(b"\n");
        let damage = match ended.map(|text| self.read_text(text)) {
            Some(Ok(record)) => {
                self.seq = record.as_ref().map_or(self.seq + 1, |record| record.seq);
                self.byte += length;
                self.end.clear();
                self.end.extend_from_slice(line::end(ended.unwrap_or_default()));
                return Ok(Some(record));
            }
            Some(Err(damage)) => damage,
            None => Damage::Foreign,
        };
        let damage = match damage {
            Damage::Foreign | Damage::Checksum if self.at_end()? => {
                let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
                if !line::begins_with_sound_line(text) {
                    self.torn = Some(TornTail {
                        path: self.path.clone(),
                        byte: self.byte,
                        bytes: length,
                        after: self.seq,
                    });
                    return Ok(None);
                }
                Damage::Joined
            }
            other => other,
        };
        Err(JournalError::Damaged {
            path: self.path.clone(),
            line: self.line_number,
            byte: self.byte,
            intact: self.seq,
            damage,
        })
    }

    fn at_end(&mut self) -> Result<bool, JournalError> {
        let rest = self.file.fill_buf().map_err(JournalError::io("read", &self.path))?;
        Ok(rest.is_empty())
    }
}

impl Iterator for Records {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.next_record().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The records of one kind (as it is written: `test_opened`), with every line's checksum compared and no other line read:
/// a search over many journals costs about as much as reading their bytes.
///
/// # Errors
/// As [`read`]; numbers that are missing between other lines go unseen.
pub fn of_kind(folder: &Path, kind: &str) -> Result<Vec<Record>, JournalError> {
    let mut lines = Records::open(folder)?;
    lines.kind = Some(kind.to_owned());
    lines.collect()
}

/// The folders below `above` that hold a journal, in the order of their names; none when there is no such folder.
///
/// # Errors
/// [`JournalError::Io`] when the folder cannot be read.
pub fn folders(above: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let failed = || JournalError::io("list the journals in", above);
    let entries = match std::fs::read_dir(above) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let folder = entry.map_err(failed())?.path();
        if folder.join(FILE).is_file() {
            found.push(folder);
        }
    }
    found.sort();
    Ok(found)
}

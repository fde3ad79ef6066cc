//! Results on disk, so that a process that takes a run up does not measure again what an earlier one has.
//!
//! One file beside the journal, which may be removed at any time: it costs trials, and nothing else. The first line names
//! what everything was measured with (interpreter, sandbox, our programs inside); where that is another, the file begins
//! anew. Then a result a line: its key, how far it goes, a checksum, and the measurement. Lines are appended and not
//! flushed; a line that is torn, or does not bear its checksum, counts as absent.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::results::Stage;
use crate::base::digest::Digest;
use crate::base::failpoint::{self, Site};
use crate::domain::outcome::Measurement;

/// The name of the file.
pub(super) const KEPT: &str = "results";

/// Of a run with very many results the later ones are kept by its process alone, bytes.
const MOST: u64 = 256 << 20;

/// The file, and where in it the results of each key are.
#[derive(Debug)]
pub(super) struct Store {
    file: File,
    /// Offset and length of the lines of a key, in their order.
    places: BTreeMap<String, Vec<(u64, usize)>>,
    end: u64,
}

impl Store {
    /// Opens the file for results of this machine; what was measured on another is let go.
    pub(super) fn open(path: &Path, machine: &Digest) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let header = format!("hyperagent-results 1 {machine}\n");
        let mut store = Self { file, places: BTreeMap::new(), end: 0 };
        if !store.find_lines(&header)? {
            store.places.clear();
            store.end = 0;
            store.file.set_len(0)?;
            store.append(header.as_bytes())?;
        }
        // What was torn off goes, or the next line would begin in its middle.
        store.file.set_len(store.end)?;
        Ok(store)
    }

    /// Notes where the lines are; whether the file is one of this machine.
    fn find_lines(&mut self, header: &str) -> io::Result<bool> {
        let mut lines = BufReader::new(&self.file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            if self.end == 0 && line != header.as_bytes() {
                return Ok(false);
            }
            let key = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            if let (true, Ok(key)) = (self.end > 0, std::str::from_utf8(key)) {
                self.places.entry(key.to_owned()).or_default().push((self.end, line.len()));
            }
            self.end += line.len() as u64;
            line.clear();
        }
        Ok(self.end > 0)
    }

    /// What is on disk under a key, in the order in which it was written.
    pub(super) fn read(&mut self, key: &Digest) -> Vec<(Stage, Measurement)> {
        let places = self.places.get(key.as_str()).cloned().unwrap_or_default();
        places.into_iter().filter_map(|(at, length)| self.read_line(at, length)).collect()
    }

    fn read_line(&mut self, at: u64, length: usize) -> Option<(Stage, Measurement)> {
        let mut line = vec![0; length];
        self.file.seek(SeekFrom::Start(at)).ok()?;
        self.file.read_exact(&mut line).ok()?;
        let line = std::str::from_utf8(&line).ok()?.trim_end_matches('\n');
        let (_, rest) = line.split_once(' ')?;
        let (sum, told) = rest.split_once(' ')?;
        if sum != checksum(told) {
            return None;
        }
        let (stage, measured) = told.split_once(' ')?;
        Some((Stage::parse(stage)?, serde_json::from_str(measured).ok()?))
    }

    /// Adds a result. An error leaves the file without it; the results before it stand.
    pub(super) fn write(
        &mut self,
        key: &Digest,
        stage: Stage,
        measured: &Measurement,
    ) -> io::Result<()> {
        let told = format!("{stage} {}", serde_json::to_string(measured)?);
        let line = format!("{key} {} {told}\n", checksum(&told));
        if self.end + line.len() as u64 > MOST {
            return Ok(());
        }
        let at = self.end;
        self.append(line.as_bytes())?;
        self.places.entry(key.to_string()).or_default().push((at, line.len()));
        Ok(())
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        failpoint::pass(Site::ResultKept);
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(line)?;
        self.end += line.len() as u64;
        Ok(())
    }
}

fn checksum(told: &str) -> String {
    Digest::of(told.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::{CaseResult, Outcome, Usage};

    fn measured(metric: f64) -> Measurement {
        Measurement {
            outcome: Outcome::Graded,
            metric: Some(metric),
            cases: vec![CaseResult {
                id: "seed-0".into(),
                metric,
                feedback: "a\nb".into(),
                cost: None,
            }],
            reason: String::new(),
            error_class: String::new(),
            violations: Vec::new(),
            usage: Usage::default(),
            sandbox: None,
        }
    }

    #[test]
    fn damage_costs_the_damaged_line_and_another_machine_costs_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(KEPT);
        let machine = Digest::of(b"this machine");
        let [one, two, three] = [b"1", b"2", b"3"].map(|name| Digest::of(name));
        let mut store = Store::open(&path, &machine).expect("opened");
        store.write(&one, Stage::Whole, &measured(0.1 + 0.2)).expect("written");
        store.write(&one, Stage::Screened(4), &measured(7.0)).expect("written");
        store.write(&two, Stage::Confirmed, &measured(2.0)).expect("written");
        drop(store);

        let mut text = std::fs::read(&path).expect("a file");
        let place = text.windows(5).position(|bytes| bytes == b":7.0,").expect("a metric");
        *text.get_mut(place + 1).expect("its digit") = b'8';
        text.extend(b"half a li");
        std::fs::write(&path, text).expect("written");
        let mut store = Store::open(&path, &machine).expect("opened");
        assert_eq!(store.read(&one), [(Stage::Whole, measured(0.1 + 0.2))]);
        assert_eq!(store.read(&two), [(Stage::Confirmed, measured(2.0))]);
        store.write(&three, Stage::Whole, &measured(3.0)).expect("written");
        drop(store);
        let mut store = Store::open(&path, &machine).expect("opened");
        assert_eq!(store.read(&three), [(Stage::Whole, measured(3.0))], "after a torn line");
        drop(store);

        let mut store = Store::open(&path, &Digest::of(b"another")).expect("opened");
        assert_eq!(store.read(&two), []);
    }
}

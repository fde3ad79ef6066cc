use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::tests::{answered, clock, written};
use super::*;

/// Reads so many records, and where that ended.
fn read_some(folder: &Path, count: usize) -> (Vec<Record>, Mark) {
    let mut records = Records::open(folder).expect("a journal");
    let some = records.by_ref().take(count).collect::<Result<_, _>>().expect("records");
    (some, records.mark())
}

fn read_on(folder: &Path, mark: &Mark) -> Result<Vec<Record>, JournalError> {
    Records::open_after(folder, mark)?.collect()
}

#[test]
fn reading_goes_on_where_it_ended_at_every_record() {
    let dir = TempDir::new().expect("a folder");
    let records = written(dir.path());
    for count in 0..=records.len() {
        let (mut seen, mark) = read_some(dir.path(), count);
        seen.extend(read_on(dir.path(), &mark).expect("the rest"));
        assert_eq!(seen, records, "after {count}");
    }
}

#[test]
fn a_writer_goes_on_after_what_was_read_and_what_was_written_since() {
    let dir = TempDir::new().expect("a folder");
    let mut records = written(dir.path());
    let (_, mark) = read_some(dir.path(), records.len());
    let open = |mark: &Mark| {
        let mut rest = Vec::new();
        let opened = Journal::open_after(dir.path(), clock(), Some(mark), |r| rest.push(r));
        (opened.expect("a journal"), rest)
    };
    let (opened, rest) = open(&mark);
    assert_eq!(rest, []);
    records.push(opened.journal.append(answered(7, "since")).expect("a record"));
    drop(opened);
    // A torn end is no part of what was read, and is cut.
    let path = dir.path().join(FILE);
    let mut file = fs::File::options().append(true).open(&path).expect("the file");
    file.write_all(b"{\"seq\":6,\"at\":").expect("a write");
    let (seen, mark_at_torn_end) = read_some(dir.path(), usize::MAX);
    assert_eq!(seen, records);
    let (opened, rest) = open(&mark_at_torn_end);
    assert_eq!((rest, opened.torn.map(|torn| torn.after)), (Vec::new(), Some(5)));
    drop(opened.journal);
    let (opened, rest) = open(&mark);
    assert_eq!((rest.as_slice(), opened.torn), (&records[4..], None));
}

#[test]
fn another_file_in_its_place_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let records = written(dir.path());
    let (_, mark) = read_some(dir.path(), records.len());
    let path = dir.path().join(FILE);
    let whole = fs::read(&path).expect("the file");
    for shorter in [whole.len() - 1, whole.len() - 30, whole.len() / 2] {
        fs::write(&path, &whole[..shorter]).expect("a write");
        let error = read_on(dir.path(), &mark).expect_err("a shorter file was read on");
        assert!(matches!(error, JournalError::Replaced { .. }), "{error}");
    }
    let mut changed = whole.clone();
    let last = changed.len() - 6;
    changed[last] ^= 1;
    fs::write(&path, changed).expect("a write");
    let opened = Journal::open_after(dir.path(), clock(), Some(&mark), drop);
    assert!(matches!(opened, Err(JournalError::Replaced { .. })));
}

//! Reading blocks in several threads comes to what reading line by line comes to.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use tempfile::TempDir;

use super::damage_tests::{harm, harmed};
use super::tests::{answered, clock, run};
use super::*;

/// A journal of lines of very different lengths.
static WHOLE: LazyLock<(Vec<u8>, Vec<Record>)> = LazyLock::new(|| {
    let dir = TempDir::new().expect("a folder");
    let journal = Journal::create(dir.path(), &run(), clock()).expect("a journal");
    let event = |turn: u32| answered(turn, &"long \u{1F40D}\n".repeat(turn as usize * 37 % 101));
    let records = (0..60).map(|turn| journal.append(event(turn)).expect("a record")).collect();
    drop(journal);
    (fs::read(dir.path().join(FILE)).expect("a text"), records)
});

/// Everything a reading comes to: the records, how far it came, the torn end, and the damage with its place and words.
type Found = (Vec<Record>, String);

fn found(
    folder: &Path,
    read: impl FnOnce(&mut Records, &mut Vec<Record>) -> Option<JournalError>,
) -> Found {
    let mut records = Vec::new();
    let end = match Records::open(folder) {
        Ok(mut journal) => {
            let error = read(&mut journal, &mut records);
            let said = error.as_ref().map(ToString::to_string);
            format!("{:?} {:?} {error:?} {said:?}", journal.mark(), journal.torn())
        }
        Err(error) => format!("{error:?}"),
    };
    (records, end)
}

fn by_lines(folder: &Path) -> Found {
    found(folder, |journal, records| {
        journal.try_for_each(|record| record.map(|record| records.push(record))).err()
    })
}

fn by_blocks(folder: &Path, size: usize) -> Found {
    found(folder, |journal, records| {
        journal.each_by_blocks(size, |record| records.push(record)).err()
    })
}

#[test]
fn a_sound_journal_is_read_in_blocks_of_any_size() {
    let (text, records) = &*WHOLE;
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join(FILE), text).expect("a file");
    let lines = by_lines(dir.path());
    assert_eq!(&lines.0, records);
    for size in [1, 300, 4096, text.len() - 1, text.len(), 10 * text.len()] {
        assert_eq!(by_blocks(dir.path(), size), lines, "blocks of {size}");
    }
    assert_eq!(read(dir.path()).expect("a history").records, *records);
}

#[test]
fn a_long_journal_is_looked_through_as_it_is_read() {
    let dir = TempDir::new().expect("a folder");
    let journal = Journal::create(dir.path(), &run(), clock()).expect("a journal");
    let text = "several blocks\n".repeat(100);
    for turn in 0..200 {
        journal.append(answered(turn, &text)).expect("a record");
    }
    drop(journal);
    let whole = by_lines(dir.path());
    assert_eq!(whole.0.len(), 200);
    let looked = found(dir.path(), |journal, records| {
        journal.look(|record| records.push(record.clone())).err()
    });
    let read =
        found(dir.path(), |journal, records| journal.each(|record| records.push(record)).err());
    assert_eq!((&looked, &read), (&whole, &whole));
}

#[test]
fn reading_in_blocks_goes_on_behind_a_mark_and_ends_once() {
    let (text, records) = &*WHOLE;
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join(FILE), text).expect("a file");
    let mut first = Records::open(dir.path()).expect("a journal");
    let mut seen: Vec<Record> = first.by_ref().take(17).map(|r| r.expect("a record")).collect();
    let mut rest = Records::open_after(dir.path(), &first.mark()).expect("the rest");
    for _ in 0..2 {
        rest.each_by_blocks(500, |record| seen.push(record)).expect("sound lines");
    }
    assert_eq!(&seen, records);
    assert_eq!(rest.mark().seq(), 60);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_befell_a_journal_both_readings_come_to_the_same(
        harms in prop::collection::vec(harm(), 0..3),
        size in 1..5000_usize,
    ) {
        let text = harms.iter().fold(WHOLE.0.clone(), |text, harm| {
            if text.is_empty() { text } else { harmed(&text, harm) }
        });
        let dir = TempDir::new().expect("a folder");
        fs::write(dir.path().join(FILE), text).expect("a file");
        prop_assert_eq!(by_blocks(dir.path(), size), by_lines(dir.path()));
    }
}

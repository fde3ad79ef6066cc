//! Damage of every kind to a journal: nothing false is ever read, and a salvage never invents.

use std::fs;

use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use super::tests::{run, written};
use super::*;

/// Reads, and says what kept it from reading if anything did.
fn reading(folder: &Path) -> Result<History, JournalError> {
    read(folder)
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// One thing that can befall a file.
#[derive(Debug, Clone)]
pub(super) enum Harm {
    Change(Index, u8),
    Cut(Index),
    Lose(Index),
    Double(Index),
    Swap(Index, Index),
    Insert(Index, Vec<u8>),
}

pub(super) fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<Index>(), 1_u8..=255).prop_map(|(place, change)| Harm::Change(place, change)),
        any::<Index>().prop_map(Harm::Cut),
        any::<Index>().prop_map(Harm::Lose),
        any::<Index>().prop_map(Harm::Double),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Harm::Swap(a, b)),
        (any::<Index>(), any::<Vec<u8>>()).prop_map(|(place, bytes)| Harm::Insert(place, bytes)),
    ]
}

pub(super) fn harmed(text: &[u8], harm: &Harm) -> Vec<u8> {
    let mut lines = lines(text);
    let mut bytes = text.to_vec();
    match harm {
        Harm::Change(place, change) => {
            bytes[place.index(text.len())] ^= change;
            return bytes;
        }
        Harm::Cut(place) => {
            bytes.truncate(place.index(text.len() + 1));
            return bytes;
        }
        Harm::Lose(line) => {
            lines.remove(line.index(lines.len()));
        }
        Harm::Double(line) => {
            let line = line.index(lines.len());
            lines.insert(line, lines[line].clone());
        }
        Harm::Swap(a, b) => {
            let count = lines.len();
            lines.swap(a.index(count), b.index(count));
        }
        Harm::Insert(place, line) => {
            let line = [line.clone(), b"\n".to_vec()].concat();
            lines.insert(place.index(lines.len() + 1), line);
        }
    }
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_befell_a_journal_is_refused_with_its_place_or_cut_as_a_torn_end(harms in prop::collection::vec(harm(), 1..4)) {
        let dir = TempDir::new().expect("a folder");
        let records = written(dir.path());
        let path = dir.path().join(FILE);
        let whole = fs::read(&path).expect("a text");
        let text = harms.iter().fold(whole.clone(), |text, harm| {
            if text.is_empty() { text } else { harmed(&text, harm) }
        });
        fs::write(&path, &text).expect("a file");
        match reading(dir.path()) {
            // What reads is what was written, as far as it goes.
            Ok(history) => {
                prop_assert!(records.starts_with(&history.records));
                let cut = usize::try_from(history.length).expect("a length");
                prop_assert_eq!(&text[..cut], &whole[..cut]);
                prop_assert_eq!(history.torn.is_some(), cut < text.len());
            }
            Err(JournalError::Damaged { line, byte, intact, .. }) => {
                let before = text[..usize::try_from(byte).expect("a place")].to_vec();
                prop_assert_eq!(lines(&before).len() as u64 + 1, line);
                prop_assert_eq!(intact + 2, line);
                prop_assert!(whole.starts_with(&before));
            }
            Err(JournalError::NoHeader { .. } | JournalError::Newer { .. }) => {
                let (now, was) = (lines(&text), lines(&whole));
                prop_assert_ne!(now.first(), was.first());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
        // Whatever is salvaged was written, under its own number, and a journal of it reads.
        let Ok(mut salvage) = salvage(&path, &text) else { return Ok(()) };
        for (seq, line) in &salvage.lines {
            prop_assert_eq!(Some(&line.record), records.get(usize::try_from(*seq).expect("a number") - 1));
        }
        salvage.cut();
        prop_assert!(records.starts_with(&salvage.intact()));
        let held = Damaged::hold(dir.path()).expect("the journal");
        let kept = held.replace(&run(), &salvage).expect("rewritten");
        prop_assert_eq!(fs::read(kept).expect("the kept file"), text);
        prop_assert_eq!(read(dir.path()).expect("a sound journal").records, salvage.intact());
    }

    #[test]
    fn one_changed_byte_anywhere_is_put_back_to_the_last_bit(place in any::<Index>(), change in 1_u8..=255) {
        let dir = TempDir::new().expect("a folder");
        written(dir.path());
        let path = dir.path().join(FILE);
        let whole = fs::read(&path).expect("a text");
        let text = harmed(&whole, &Harm::Change(place, change));
        let salvage = salvage(&path, &text).expect("a journal");
        if salvage.wrong.is_empty() {
            // The last newline: a torn end, whose record stands.
            prop_assert_eq!(place.index(whole.len()), whole.len() - 1);
        }
        prop_assert!(salvage.wrong.iter().all(|wrong| wrong.mended), "{:?}", salvage.wrong);
        let held = Damaged::hold(dir.path()).expect("the journal");
        held.write(&run(), &salvage).expect("rewritten");
        prop_assert_eq!(fs::read(&path).expect("a text"), whole);
    }
}

#[test]
fn what_no_line_proves_any_more_is_named_and_the_rest_stays() {
    let dir = TempDir::new().expect("a folder");
    let records = written(dir.path());
    let path = dir.path().join(FILE);
    let whole = lines(&fs::read(&path).expect("a text"));
    let lost = [whole[0].clone(), whole[1].clone(), whole[3].clone(), whole[4].clone()].concat();
    let salvage = salvage(&path, &lost).expect("a journal");
    assert_eq!((salvage.only_missing(), salvage.beyond().count()), (Some(2), 2));
    assert_eq!(salvage.intact(), records[..1]);
    assert!(salvage.wrong.iter().any(|wrong| wrong.what.contains("record 2 is missing")));

    // Two histories in one file: from where they differ on, neither is believed.
    let other = TempDir::new().expect("a folder");
    let journal =
        Journal::create(other.path(), &run(), std::sync::Arc::new(crate::base::clock::SystemClock))
            .expect("a journal");
    journal.append(records[0].event.clone()).expect("a record");
    drop(journal);
    let theirs = lines(&fs::read(other.path().join(FILE)).expect("a text"));
    let both = [whole.concat(), theirs[1].clone()].concat();
    let salvage = super::salvage(&path, &both).expect("a journal");
    assert_eq!((salvage.first_missing(), salvage.intact().len()), (1, 0));
}

#[test]
fn openings_are_found_without_reading_the_rest_and_damage_is_seen_all_the_same() {
    let dir = TempDir::new().expect("a folder");
    written(dir.path());
    let path = dir.path().join(FILE);
    let halted = of_kind(dir.path(), "run_halted").expect("records");
    assert_eq!(halted.iter().map(|record| record.seq).collect::<Vec<_>>(), [3]);
    assert!(of_kind(dir.path(), "test_opened").expect("records").is_empty());
    let mut text = fs::read(&path).expect("a text");
    let middle = text.len() / 2;
    text[middle] ^= 1;
    fs::write(&path, text).expect("a file");
    assert!(matches!(of_kind(dir.path(), "test_opened"), Err(JournalError::Damaged { .. })));
}

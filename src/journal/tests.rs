use std::fs;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::base::clock::SteppingClock;
use crate::base::digest::Digest;
use crate::base::id::GenerationId;
use crate::base::unit::{MicroUsd, UnixMillis};
use crate::domain::event::{CallCost, CallKey, EpisodeResult, Halt};
use crate::domain::files::FileSet;

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(SteppingClock::new(UnixMillis(1_700_000_000_000)))
}

pub(super) fn run() -> RunName {
    "run-1".parse().expect("a name")
}

pub(super) fn answered(turn: u32, text: &str) -> Event {
    Event::Answered {
        key: CallKey::Attempt {
            generation: GenerationId(3),
            episode: "snake#0".parse().expect("an episode"),
            attempt: 7,
            turn,
        },
        role: "worker".to_owned(),
        alias: "offline".parse().expect("an alias"),
        prompt: Digest::of(b"prompt"),
        text: text.to_owned(),
        calls: Vec::new(),
        kept: None,
        unusable: None,
        cost: CallCost { usd: Some(MicroUsd(1)), requests: 1, ..CallCost::default() },
    }
}

fn finished(score: f64, select: Option<f64>) -> Event {
    Event::EpisodeFinished {
        generation: GenerationId(1),
        episode: "snake#1".parse().expect("an episode"),
        result: Box::new(EpisodeResult {
            cases: 5,
            start_metric: None,
            metric: Some(score),
            score,
            best: FileSet::from_iter([("player.py", "def f():\n\treturn \"\u{1F40D}\"\n")]),
            attempts: 1,
            accepted: 0,
            trials: 4,
            select_metric: select,
            select_score: None,
            select_cases: Vec::new(),
            select_block: 0,
            failures: Default::default(),
            credit: Default::default(),
        }),
    }
}

/// A journal of a few records, and the records.
pub(super) fn written(folder: &Path) -> Vec<Record> {
    let journal = Journal::create(folder, &run(), clock()).expect("a journal");
    let events = [
        answered(0, "line one\nline two, \"crc\":\"00000000\"}"),
        finished(0.1 + 0.2, Some(1e-7)),
        Event::RunHalted { why: Halt::Budget, detail: String::new() },
        answered(1, ""),
    ];
    events.into_iter().map(|event| journal.append(event).expect("a record")).collect()
}

#[test]
fn what_is_written_is_read_back_and_numbers_go_on() {
    let dir = TempDir::new().expect("a folder");
    let records = written(dir.path());
    assert_eq!(records.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);

    let history = read(dir.path()).expect("a history");
    assert_eq!((history.run, &history.records, history.torn), (run(), &records, None));

    let opened = Journal::open(dir.path(), clock()).expect("a journal");
    assert_eq!(opened.records, records);
    assert!(!opened.restarted, "the machine has not started anew since");
    let next = opened.journal.append(answered(2, "more")).expect("a record");
    assert_eq!(next.seq, 5);
    drop(opened);
    assert_eq!(read(dir.path()).expect("a history").records.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_event_is_in_the_file_when_the_call_returns() {
    let dir = TempDir::new().expect("a folder");
    let journal = Journal::create(dir.path(), &run(), clock()).expect("a journal");
    let tasks: Vec<_> = (0..64)
        .map(|turn| {
            let (journal, folder) = (journal.clone(), dir.path().to_owned());
            tokio::spawn(async move {
                let record = journal.record(answered(turn, "x")).await.expect("a record");
                let seen = read(&folder).expect("a history").records;
                assert!(seen.contains(&record), "record {} is not in the file", record.seq);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    let seqs: Vec<_> =
        read(dir.path()).expect("a history").records.iter().map(|record| record.seq).collect();
    assert_eq!(seqs, (1..=64).collect::<Vec<_>>());
}

#[test]
fn a_second_writer_is_refused_with_the_pid_and_a_dead_one_is_not_in_the_way() {
    let dir = TempDir::new().expect("a folder");
    let journal = Journal::create(dir.path(), &run(), clock()).expect("a journal");
    let Err(error) = Journal::open(dir.path(), clock()) else { panic!("two writers") };
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(holder(dir.path()).is_some_and(|holder| holder.is_alive()));
    drop(journal);
    assert!(holder(dir.path()).is_some_and(|holder| !holder.is_alive()));

    // What a killed process leaves: its text, and no lock. Our own id with another start is another process.
    let left =
        format!(r#"{{"pid":{},"start_ticks":1,"boot":"b","released":false}}"#, std::process::id());
    fs::write(dir.path().join("lock"), left).expect("a lock");
    let opened = Journal::open(dir.path(), clock()).expect("a stale lock was in the way");
    assert!(opened.restarted, "another boot id is another start of the machine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_outlives_its_holder_for_a_moment_is_waited_for_and_no_program_inherits_one() {
    let dir = TempDir::new().expect("a folder");
    drop(Journal::create(dir.path(), &run(), clock()).expect("a journal"));
    let path = dir.path().join("lock");
    // As a child that was forked by a killed process and has not yet executed its program.
    let child = fs::File::open(&path).expect("a lock");
    child.lock().expect("the lock");
    let (tries, tried) = std::sync::mpsc::channel();
    let opened = std::thread::scope(|scope| {
        let opening = scope.spawn(move || {
            tries.send(()).expect("a listener");
            Journal::open(dir.path(), clock()).map(|opened| (opened, dir))
        });
        tried.recv().expect("a try");
        let early = tried.recv_timeout(std::time::Duration::from_millis(50));
        assert!(early.is_err() && !opening.is_finished(), "the lock was no lock");
        drop(child);
        opening.join().expect("a thread")
    });
    let (_opened, _dir) = opened.expect("the lock was not waited for");

    let descriptors = fs::read_dir("/proc/self/fd").expect("/proc").flatten();
    let locks = descriptors.filter(|fd| fs::read_link(fd.path()).is_ok_and(|at| at == path));
    let flags: Vec<String> = locks
        .filter_map(|fd| {
            let info =
                fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.file_name().display()));
            let info = info.ok()?;
            Some(info.lines().find_map(|line| line.strip_prefix("flags:"))?.trim().to_owned())
        })
        .collect();
    assert_eq!(flags.len(), 1, "{flags:?}");
    const O_CLOEXEC: u32 = 0o2_000_000;
    let flags = u32::from_str_radix(&flags[0], 8).expect("an octal number");
    assert_ne!(flags & O_CLOEXEC, 0, "the lock would be inherited: {flags:o}");
}

#[test]
fn a_journal_is_begun_once() {
    let dir = TempDir::new().expect("a folder");
    drop(Journal::create(dir.path(), &run(), clock()).expect("a journal"));
    assert!(matches!(
        Journal::create(dir.path(), &run(), clock()),
        Err(JournalError::Exists { .. })
    ));
    let other = dir.path().join("none");
    assert!(matches!(Journal::open(&other, clock()), Err(JournalError::Missing { .. })));
    assert!(!other.exists(), "looking for a journal made its folder");
}

#[test]
fn numbers_that_json_cannot_hold_are_refused_before_they_are_written() {
    let dir = TempDir::new().expect("a folder");
    let journal = Journal::create(dir.path(), &run(), clock()).expect("a journal");
    for event in [finished(f64::NAN, None), finished(1.0, Some(f64::INFINITY))] {
        assert!(matches!(journal.append(event), Err(JournalError::Unfaithful { .. })));
    }
    assert_eq!(journal.append(answered(0, "")).expect("a record").seq, 1);
}

#[test]
fn a_newer_version_a_missing_line_and_a_foreign_line_are_told_apart() {
    let dir = TempDir::new().expect("a folder");
    written(dir.path());
    let path = dir.path().join(FILE);
    let text = fs::read_to_string(&path).expect("a text");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();

    fs::write(&path, text.replace("\"version\":1", "\"version\":2")).expect("a file");
    assert!(matches!(read(dir.path()), Err(JournalError::Newer { found: 2, supported: 1, .. })));

    fs::write(&path, [lines[0], lines[1], lines[3], lines[4]].concat()).expect("a file");
    let error = read(dir.path()).expect_err("a gap went unseen");
    let place = (lines[0].len() + lines[1].len()) as u64;
    assert!(
        matches!(
            &error,
            JournalError::Damaged { line: 3, byte, intact: 1, damage: Damage::Gap { expected: 2, found: 3 }, .. }
                if *byte == place
        ),
        "{error}"
    );
    assert!(error.to_string().contains(&format!("byte {place}")), "{error}");
    assert!(error.to_string().contains("doctor --repair"), "{error}");

    fs::write(&path, [lines[0], "hello\n", lines[1]].concat()).expect("a file");
    assert!(matches!(
        read(dir.path()),
        Err(JournalError::Damaged { line: 2, damage: Damage::Foreign, .. })
    ));

    fs::write(&path, lines[1..].concat()).expect("a file");
    assert!(matches!(read(dir.path()), Err(JournalError::NoHeader { .. })));
}

#[test]
fn opening_cuts_a_torn_end_and_says_so() {
    let dir = TempDir::new().expect("a folder");
    let records = written(dir.path());
    let path = dir.path().join(FILE);
    let whole = fs::read(&path).expect("a text");
    fs::write(&path, &whole[..whole.len() - 5]).expect("a file");
    let opened = Journal::open(dir.path(), clock()).expect("a journal");
    assert_eq!(opened.records, records[..3]);
    let torn = opened.torn.expect("a torn end");
    assert_eq!(torn.after, 3);
    assert_eq!(fs::metadata(&path).expect("a file").len(), torn.byte);
    assert_eq!(opened.journal.append(answered(9, "again")).expect("a record").seq, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_prefix_of_the_file_is_a_prefix_of_the_records(cut in any::<prop::sample::Index>()) {
        let dir = TempDir::new().expect("a folder");
        let records = written(dir.path());
        let path = dir.path().join(FILE);
        let whole = fs::read(&path).expect("a text");
        let cut = cut.index(whole.len() + 1);
        fs::write(&path, &whole[..cut]).expect("a file");
        let header = whole.iter().position(|byte| *byte == b'\n').expect("a header") + 1;
        match read(dir.path()) {
            Err(JournalError::NoHeader { .. }) => prop_assert!(cut < header),
            Err(error) => prop_assert!(false, "{error}"),
            Ok(history) => {
                let lines = whole[header..cut].iter().filter(|byte| **byte == b'\n').count();
                prop_assert_eq!(&history.records, &records[..lines]);
                let clean = cut == header || whole[cut - 1] == b'\n';
                prop_assert_eq!(history.torn.is_none(), clean);
            }
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_in_the_last_line_torn(
        place in any::<prop::sample::Index>(),
        change in 1_u8..=255,
    ) {
        let dir = TempDir::new().expect("a folder");
        let records = written(dir.path());
        let path = dir.path().join(FILE);
        let mut text = fs::read(&path).expect("a text");
        let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("lines") + 1;
        let place = place.index(text.len());
        text[place] ^= change;
        fs::write(&path, &text).expect("a file");
        match read(dir.path()) {
            Err(_) => {}
            Ok(history) => {
                prop_assert!(place >= last, "a change at byte {} of {} went unseen", place, text.len());
                prop_assert!(history.torn.is_some());
                prop_assert_eq!(&history.records, &records[..records.len() - 1]);
            }
        }
    }

    #[test]
    fn every_finite_number_comes_back_to_the_last_bit(bits in any::<u64>(), text in ".*") {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        for event in [finished(number, Some(number)), answered(0, &text)] {
            let line_text = line::encode(&event).expect("a text");
            let mut out = Vec::new();
            line::write(&mut out, 1, UnixMillis(u64::MAX), &line_text);
            let line_bytes = out.strip_suffix(b"\n").expect("a line");
            let back = line::read(line_bytes, 1).expect("a record");
            prop_assert_eq!(back.event, event);
        }
    }
}

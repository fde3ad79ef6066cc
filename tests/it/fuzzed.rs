//! The fuzzer's entry points on mutated samples, the same in every run; `fuzz/` drives them with more.
#![cfg(test)]

#[path = "../../fuzz/entries/mod.rs"]
mod entries;

use hyperagent::base::rng;
use rand::RngExt as _;

/// Drives an entry point with the sample, and with samples of which something was changed.
fn drive(purpose: &str, samples: &[Vec<u8>], times: u64, entry: fn(&[u8])) {
    for (place, sample) in (0..).zip(samples) {
        entry(sample);
        for time in 0..times {
            let mut random = rng::stream(7, purpose, &[place, time]);
            let mut bytes = sample.clone();
            for _ in 0..random.random_range(1..4) {
                mutate(&mut bytes, &mut random);
            }
            entry(&bytes);
        }
    }
}

/// Changes, cuts, doubles, moves or inserts some bytes; whole lines as often as not.
fn mutate(bytes: &mut Vec<u8>, random: &mut impl rand::Rng) {
    let end = bytes.len();
    let (a, b) = (random.random_range(0..=end), random.random_range(0..=end));
    let (mut from, mut to) = (a.min(b), a.max(b).min(a.min(b) + 400));
    if random.random_bool(0.5) {
        let line = |at: usize| bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        (from, to) = (line(from), line(to));
    }
    let part = bytes[from..to].to_vec();
    match random.random_range(0..6) {
        0 if from < end => bytes[from] ^= 1 << random.random_range(0..8),
        1 => drop(bytes.drain(from..to)),
        2 => bytes.truncate(from),
        3 => drop(bytes.splice(from..from, part)),
        4 => bytes.extend(part),
        _ => bytes.insert(from, random.random_range(0..=255)),
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(path)).expect("a fixture")
}

#[test]
fn no_journal_whatever_befell_it_is_read_as_what_it_is_not() {
    let whole = fixture("version-1/generations.git/hyperagent/old/journal.jsonl");
    let start: Vec<u8> =
        whole.split_inclusive(|b| *b == b'\n').skip(1).take(6).flatten().copied().collect();
    let header: Vec<u8> =
        whole.split_inclusive(|b| *b == b'\n').take(1).flatten().copied().collect();
    drive(
        "fuzz journal",
        &[[header.clone(), start].concat(), header, Vec::new()],
        150,
        entries::journal,
    );
}

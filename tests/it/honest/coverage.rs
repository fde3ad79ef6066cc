//! How often a printed 95 % interval holds the true mean.

use hyperagent::base::rng::stream;
use hyperagent::domain::report::PairedDifference;
use rand::RngExt;

use super::{Draw, normal, on_the_page};

/// Simulated lists for each cell.
const LISTS: u64 = 2000;

/// What differences look like: a name and a draw with its true mean taken off.
const KINDS: [(&str, Draw); 6] = [
    ("normal", |random| normal(random)),
    ("exponential", |random| -(1.0 - random.random::<f64>()).ln() - 1.0),
    ("log-normal, shape 0.8", |random| (0.8 * normal(random)).exp() - 0.32_f64.exp()),
    ("lost 10 %, tied 70 %, won 20 %", |random| match random.random::<f64>() {
        draw if draw < 0.1 => -1.1,
        draw if draw < 0.8 => -0.1,
        _ => 0.9,
    }),
    ("tied 70 %, won 30 %", |random| if random.random::<f64>() < 0.7 { -0.3 } else { 0.7 }),
    ("tied 70 %, else uniform", |random| {
        if random.random::<f64>() < 0.7 { -0.15 } else { random.random::<f64>() - 0.15 }
    }),
];

fn covered(kind: usize, n: u32) -> f64 {
    let mut random = stream(20, "coverage", &[kind as u64, u64::from(n)]);
    let held = (0..LISTS).filter(|_| {
        let list: Vec<f64> = (0..n).map(|_| KINDS[kind].1(&mut random)).collect();
        let found = PairedDifference::of(&list).expect("an interval");
        found.low <= 0.0 && found.high >= 0.0
    });
    100.0 * held.count() as f64 / LISTS as f64
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let mut rows = Vec::new();
    let mut off: Vec<f64> = Vec::new();
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let cells = [20, 40, 100].map(|n| covered(kind, n));
        // Two standard errors of 2,000 lists are 1 point.
        off.extend(cells.iter().filter(|share| !(92.0..=98.0).contains(*share)));
        rows.push(format!("| {name} | {:.1} | {:.1} | {:.1} |", cells[0], cells[1], cells[2]));
    }
    assert!(off.is_empty(), "{off:?} of\n{}", rows.join("\n"));
    on_the_page(&rows);
}

/// How often the interval of `n` pairs holds the truth where each is won with this chance and tied otherwise: exactly, since
/// the list is known by the number of wins.
fn covered_exactly(n: u32, chance: f64) -> f64 {
    let mut weight = (1.0 - chance).powi(i32::try_from(n).expect("few"));
    let mut held = 0.0;
    for wins in 0..=n {
        let list: Vec<f64> = (0..n).map(|pair| f64::from(u8::from(pair < wins))).collect();
        let found = PairedDifference::of(&list).expect("an interval");
        if found.low <= chance && chance <= found.high {
            held += weight;
        }
        weight *= f64::from(n - wins) / f64::from(wins + 1) * chance / (1.0 - chance);
    }
    100.0 * held
}

#[test]
fn where_pairs_are_won_or_tied_the_share_jumps_with_the_chance_and_is_not_too_small() {
    let sizes = [20, 40, 100];
    let row = |name: String, cells: [f64; 3]| {
        format!("| {name} | {:.1} | {:.1} | {:.1} |", cells[0], cells[1], cells[2])
    };
    let mut rows: Vec<String> = [20, 30, 40, 50]
        .map(|won| {
            let cells = sizes.map(|n| covered_exactly(n, f64::from(won) / 100.0));
            row(format!("won {won} %, tied {} %", 100 - won), cells)
        })
        .into();
    // Rarer wins than 20 % of 20 pairs are often none at all, and then there is no width.
    let over_all = sizes.map(|n| {
        let chances = 200..=500;
        let count = f64::from(u32::try_from(chances.clone().count()).expect("few"));
        chances.map(|won| covered_exactly(n, f64::from(won) / 1000.0)).sum::<f64>() / count
    });
    assert!(over_all.iter().all(|share| (94.0..=98.0).contains(share)), "{over_all:?}");
    rows.push(row("on average from 20 to 50 %".into(), over_all));
    on_the_page(&rows);
}

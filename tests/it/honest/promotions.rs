//! What a run certifies: of agents that are no better, and of agents that are.

use std::cmp::Ordering;

use hyperagent::base::rng::stream;
use hyperagent::domain::stats::{Duel, PROMOTION_BLOCK};
use rand::RngExt;

use super::{Draw, Random, normal, on_the_page};

const RUNS: u64 = 200;

/// The verdict on a newcomer whose differences are drawn so, and the pairs it took.
fn decide(
    index: u32,
    most: u32,
    random: &mut Random,
    draw: impl Fn(&mut Random) -> f64,
) -> (Option<Ordering>, u32) {
    let mut duel = Duel::new(index);
    let mut pairs = 0;
    while pairs < most && duel.verdict().is_none() {
        for _ in 0..PROMOTION_BLOCK {
            duel.see(draw(random));
        }
        pairs += PROMOTION_BLOCK;
    }
    (duel.verdict(), pairs)
}

/// Two measurements of agents of equal worth: a rewrite that changes a comment only, on streams of its own, so that every
/// difference is noise. With shared streams every difference is 0.
const NOISE: [(&str, Draw); 3] = [
    ("scores with sd 0.14", |random| {
        let mut score = || (0.5 + 0.14 * normal(random)).clamp(0.0, 1.0);
        score() - score()
    }),
    ("solved or not, half of the time", |random| {
        f64::from(u8::from(random.random::<bool>())) - f64::from(u8::from(random.random::<bool>()))
    }),
    ("rare success, 1 in 20", |random| {
        let mut score = || f64::from(u8::from(random.random::<f64>() < 0.05));
        score() - score()
    }),
];

#[test]
fn agents_that_are_no_better_are_seldom_certified() {
    let mut rows = Vec::new();
    for (kind, (name, draw)) in NOISE.iter().enumerate() {
        let fooled = (0..RUNS).filter(|run| {
            let mut random = stream(*run, "equal agents", &[kind as u64]);
            (1..=8).any(|index| decide(index, 60, &mut random, draw).0 == Some(Ordering::Greater))
        });
        let share = 100.0 * fooled.count() as f64 / RUNS as f64;
        assert!(share <= 5.0, "{share} % of the runs certify an equal agent: {name}");
        rows.push(format!("| {name} | {share:.1} % |"));
    }
    on_the_page(&rows);
}

#[test]
fn agents_that_are_better_are_found_the_more_often_the_better_they_are() {
    let mut rows = Vec::new();
    let mut found: Vec<f64> = Vec::new();
    for effect in [0.02, 0.05, 0.1, 0.2] {
        let cells = [60, 200].map(|most| {
            let runs = (0..RUNS).map(|run| {
                let mut random = stream(run, "better agent", &[u64::from(most)]);
                decide(1, most, &mut random, |random| {
                    let mut score = |worth: f64| (worth + 0.14 * normal(random)).clamp(0.0, 1.0);
                    score(0.5 + effect) - score(0.5)
                })
            });
            let (mut certified, mut pairs) = (0.0, 0.0);
            for (verdict, used) in runs {
                certified += f64::from(u8::from(verdict == Some(Ordering::Greater)));
                pairs += f64::from(used);
            }
            (100.0 * certified / RUNS as f64, pairs / RUNS as f64)
        });
        found.push(cells[0].0);
        let [(short, few), (long, many)] = cells;
        rows.push(format!("| {effect:+.2} | {short:.0} % | {few:.0} | {long:.0} % | {many:.0} |"));
    }
    assert!(found.is_sorted() && found[3] >= 95.0, "{found:?}");
    on_the_page(&rows);
}

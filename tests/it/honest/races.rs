//! Racing against measuring everything: who is picked, and at what price.

use hyperagent::base::rng::stream;
use hyperagent::domain::stats::{RACE_BLOCK, Race};
use rand::seq::SliceRandom;

use super::{normal, on_the_page};

/// Simulated runs for each row.
const RUNS: u64 = 300;
/// Rewrites of a run.
const REWRITES: u64 = 10;

/// What a run came to.
#[derive(Default)]
struct Outcome {
    /// How much better than the start the agent is that leads in the end.
    gain: f64,
    /// Episodes measured.
    measured: f64,
    /// Rewrites that led, or would have led after all episodes.
    leading: f64,
    /// Of these, stopped.
    missed: f64,
}

/// A run of rewrites that are better by `mean` on average.
fn run(seed: u64, episodes: usize, (mean, sd): (f64, f64), racing: bool) -> Outcome {
    let mut random = stream(seed, "simulated run", &[]);
    let mut shuffling = stream(seed, "race", &[]);
    let ease: Vec<f64> = (0..episodes).map(|_| 0.12 * normal(&mut random)).collect();
    let mut measure = |worth: f64| -> Vec<f64> {
        let score = |ease: &f64| (worth + ease + 0.08 * normal(&mut random)).clamp(0.0, 1.0);
        ease.iter().map(score).collect()
    };
    let start = 0.55;
    let (mut worth, mut leader) = (start, measure(start));
    let mut outcome = Outcome::default();
    for rewrite in 0..REWRITES {
        let effect = mean + sd * normal(&mut stream(seed, "effect", &[rewrite]));
        let scores = measure(worth + effect);
        let mut order: Vec<usize> = (0..episodes).collect();
        order.shuffle(&mut shuffling);
        let mut race = Race::against(order.iter().map(|episode| leader[*episode]).collect());
        let mut stopped = false;
        for (place, episode) in order.iter().enumerate() {
            race.see(scores[*episode]);
            outcome.measured += 1.0;
            stopped = racing && (place + 1) % RACE_BLOCK == 0 && race.is_lost();
            if stopped {
                break;
            }
        }
        if scores.iter().sum::<f64>() > leader.iter().sum::<f64>() {
            outcome.leading += 1.0;
            if stopped {
                outcome.missed += 1.0;
            } else {
                (worth, leader) = (worth + effect, scores);
            }
        }
    }
    Outcome { gain: worth - start, ..outcome }
}

/// The sums over all runs.
fn runs(episodes: usize, effects: (f64, f64), racing: bool) -> Outcome {
    (0..RUNS).fold(Outcome::default(), |sum, seed| {
        let one = run(seed, episodes, effects, racing);
        Outcome {
            gain: sum.gain + one.gain,
            measured: sum.measured + one.measured,
            leading: sum.leading + one.leading,
            missed: sum.missed + one.missed,
        }
    })
}

#[test]
fn racing_picks_as_well_as_measuring_everything_for_less() {
    let mut rows = Vec::new();
    for (what, effects) in [("slight", (-0.05, 0.08)), ("large", (-0.15, 0.15))] {
        for episodes in [8, 20, 40] {
            let (all, raced) = (runs(episodes, effects, false), runs(episodes, effects, true));
            let (full, kept) = (all.gain / RUNS as f64, raced.gain / RUNS as f64);
            let share = 100.0 * raced.measured / all.measured;
            let missed = 100.0 * raced.missed / raced.leading;
            assert!((full - kept).abs() < 0.002, "{full} {kept}: {what}, {episodes} episodes");
            assert!(missed < 5.0, "{missed}: {what}, {episodes} episodes");
            assert!(share < 85.0, "{share}: {what}, {episodes} episodes");
            rows.push(format!(
                "| {what} | {episodes} | {full:+.4} | {kept:+.4} | {share:.0} % | {missed:.1} % |"
            ));
        }
    }
    on_the_page(&rows);
}

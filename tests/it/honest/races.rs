//! Racing against measuring everything: who is picked, and at what price.

use hyperagent::base::rng::stream;
use hyperagent::domain::stats::{RACE_BLOCK, Race};
use rand::seq::SliceRandom;

use super::{normal, on_the_page};

/// Simulated runs for each row.
const RUNS: u64 = 300;
/// Rewrites of a run.
const REWRITES: u64 = 10;

/// A run: how much better than the start the agent is that leads in the end, and the share of episodes measured.
fn run(seed: u64, episodes: usize, (mean, sd): (f64, f64), racing: bool) -> (f64, f64) {
    let mut random = stream(seed, "simulated run", &[]);
    let mut shuffling = stream(seed, "race", &[]);
    let ease: Vec<f64> = (0..episodes).map(|_| 0.12 * normal(&mut random)).collect();
    let mut measure = |worth: f64| -> Vec<f64> {
        let score = |ease: &f64| (worth + ease + 0.08 * normal(&mut random)).clamp(0.0, 1.0);
        ease.iter().map(score).collect()
    };
    let start = 0.55;
    let (mut worth, mut leader) = (start, measure(start));
    let mut measured = 0.0;
    for rewrite in 0..REWRITES {
        let effect = mean + sd * normal(&mut stream(seed, "effect", &[rewrite]));
        let scores = measure(worth + effect);
        let mut order: Vec<usize> = (0..episodes).collect();
        order.shuffle(&mut shuffling);
        let mut race = Race::against(order.iter().map(|episode| leader[*episode]).collect());
        let mut stopped = false;
        for (place, episode) in order.iter().enumerate() {
            race.see(scores[*episode]);
            measured += 1.0;
            stopped = racing && (place + 1) % RACE_BLOCK == 0 && race.is_lost();
            if stopped {
                break;
            }
        }
        if !stopped && scores.iter().sum::<f64>() > leader.iter().sum::<f64>() {
            (worth, leader) = (worth + effect, scores);
        }
    }
    (worth - start, measured / (episodes as f64 * REWRITES as f64))
}

#[test]
fn racing_picks_as_well_as_measuring_everything_for_less() {
    let mut rows = Vec::new();
    for (what, effects) in [("slight", (-0.05, 0.08)), ("large", (-0.15, 0.15))] {
        for episodes in [8, 20, 40] {
            let all = |racing| {
                let runs = (0..RUNS).map(|seed| run(seed, episodes, effects, racing));
                let (gain, share) =
                    runs.fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
                (gain / RUNS as f64, 100.0 * share / RUNS as f64)
            };
            let ((full, _), (raced, share)) = (all(false), all(true));
            assert!((full - raced).abs() < 0.002, "{full} {raced}: {what}, {episodes} episodes");
            assert!(share < 97.0, "{share}: {what}, {episodes} episodes");
            rows.push(format!("| {what} | {episodes} | {full:+.4} | {raced:+.4} | {share:.0} % |"));
        }
    }
    on_the_page(&rows);
}

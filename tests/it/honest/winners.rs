//! The best of many is worth less than its number says, until it is measured again.

use hyperagent::base::rng::stream;
use hyperagent::domain::stats::argmax;
use rand::RngExt;

use super::on_the_page;

/// The mean, over simulations, of the best agent's number, and of the same agent measured again on as many fresh cases.
fn best_of(agents: u32, cases: u32) -> (f64, f64) {
    const TIMES: u64 = 1000;
    let (mut first, mut again) = (0.0, 0.0);
    for time in 0..TIMES {
        let mut random = stream(time, "best of", &[u64::from(agents), u64::from(cases)]);
        let mut measure = || {
            let solved = (0..cases).filter(|_| random.random::<bool>()).count();
            solved as f64 / f64::from(cases)
        };
        let found: Vec<f64> = (0..agents).map(|_| measure()).collect();
        first += found[argmax(&found).expect("an agent")];
        again += measure();
    }
    (first / TIMES as f64, again / TIMES as f64)
}

#[test]
fn measuring_the_best_again_takes_its_luck_away() {
    let mut rows = Vec::new();
    for (agents, cases) in [(10, 20), (40, 20), (40, 100)] {
        let (first, again) = best_of(agents, cases);
        assert!(first > 0.55 && (again - 0.5).abs() < 0.01, "{first} {again}");
        rows.push(format!("| {agents} | {cases} | {first:.3} | {again:.3} |"));
    }
    on_the_page(&rows);
}

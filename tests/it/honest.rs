//! What the statistics promise, held against simulated agents. Every number of the tables in `docs/evaluation.md` is
//! computed here, from fixed seeds, and the page is compared with it.
#![cfg(test)]

mod coverage;
mod promotions;
mod races;
pub(crate) mod runs;
mod weaknesses;
mod winners;

use rand::RngExt;

type Random = rand_chacha::ChaCha8Rng;
/// One draw of a quantity.
type Draw = fn(&mut Random) -> f64;

/// A standard normal draw (Box and Muller, 1958).
fn normal(random: &mut impl RngExt) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// The page has these rows of a table, one after the other.
fn on_the_page(rows: &[String]) {
    let page = std::fs::read_to_string("docs/evaluation.md").expect("the page on evaluation");
    let rows = rows.join("\n");
    assert!(page.contains(&rows), "docs/evaluation.md must say:\n{rows}");
}

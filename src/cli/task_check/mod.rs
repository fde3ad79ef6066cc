//! `task check`: whether the numbers a task gives can be trusted.
//!
//! `examine` measures the start, the best known solution, a program of the offline optimiser and hostile `probes` under
//! circumstances that must not matter. `judge` turns what was measured into verdicts and does nothing else. `told` shows
//! them as they come.

mod examine;
mod judge;
mod probes;
mod proposal;
mod told;

pub use examine::{Subject, examine};
pub use judge::{loads, words};
pub use told::{Manner, Told};

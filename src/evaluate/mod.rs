//! Layer 3: measuring candidates. It never sees a model.
//!
//! Benchmark and candidate run in two sandboxes and talk only through calls that this module relays, so a candidate
//! can neither read the answers nor write its own score: it can answer what it is asked, and the benchmark judges.
//!
//! Benchmarks that people already have (`program`) are the exception: they are called with the candidate's path and run
//! it themselves. What they say is read from their output (`metric_lines`), and every record calls it unsealed.
//!
//! A measurement depends on the task, the candidate and the cases alone. Time enters in one place, the limits, and a
//! candidate that ran past one is measured again, alone, before that counts. The same holds for faults.
//!
//! A run measures through `grading`: nothing twice (`results`), and what looks good again, so that a candidate which
//! remembers earns nothing by it. What a cheat leaves behind is named (`findings`).

mod evaluator;
mod grading;
mod results;
mod session;
mod store;

mod metric_lines;
mod program;
mod proposals;

mod benchmarks;
mod process;

mod message;
mod relay;
mod wire;

mod findings;
mod screen;
mod tail;
mod together;
mod verdict;

pub use evaluator::{Evaluator, Staged};
pub use grading::Grading;
pub use screen::{Refusal, screen};
pub use verdict::{Failure, Playback};

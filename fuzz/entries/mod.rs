//! What a fuzzer drives: a function of bytes for each reader of what others wrote, which panics when a law is broken.
//!
//! The targets of `fuzz_targets/` call these with what the fuzzer makes up, the ordinary suite with mutated samples
//! (`tests/it/fuzzed.rs`). A new reader gets a file here, a target of three lines, and a line in that test.

#![allow(dead_code, unused_imports, reason = "each target drives one of them")]

mod answers;
mod journal;
mod scripts;
mod settings;
mod templates;

pub use answers::answers;
pub use journal::journal;
pub use scripts::scripts;
pub use settings::{agent_settings, lab_settings, task_settings};
pub use templates::templates;

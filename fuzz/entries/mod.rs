//! What a fuzzer drives: a function of bytes for each reader of what others wrote, which panics when a law is broken.
//!
//! The targets of `fuzz_targets/` call these with what the fuzzer makes up, the ordinary suite with mutated samples
//! (`tests/it/fuzzed.rs`). A new reader gets a file here, a target of three lines, and a line in that test.

mod journal;

pub use journal::journal;

//! Any bytes as hyperagent.toml.
#![no_main]

#[path = "../entries/mod.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::lab_settings(bytes));

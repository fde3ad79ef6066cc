//! Tests that take minutes have a short form, which always runs, and a long one.
#![cfg(test)]

/// Whether `HYPERAGENT_SLOW_TESTS=1` asks for the long forms.
pub fn is_on() -> bool {
    std::env::var("HYPERAGENT_SLOW_TESTS").is_ok_and(|value| value == "1")
}

//! Tests that take minutes have a short form, which always runs, and a long one.
#![cfg(test)]

/// Whether `HYPERAGENT_SLOW_TESTS` asks for the long forms of a group: it names groups with commas between, or is `1` for all.
pub fn is_on(group: &str) -> bool {
    let asked = std::env::var("HYPERAGENT_SLOW_TESTS").unwrap_or_default();
    asked == "1" || asked.split(',').any(|named| named == group)
}

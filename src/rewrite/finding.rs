//! Findings, as every stage collects them.

use crate::domain::event::Diagnostic;

/// Makes a finding. The message says what is wrong and then, after `allowed:`, what would be right.
pub(super) fn finding(code: &str, file: &str, line: u32, message: impl Into<String>) -> Diagnostic {
    Diagnostic { code: code.to_owned(), file: shown(file), line, message: message.into() }
}

/// A name from outside, made safe to print: no control characters, not endless.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(120).flat_map(char::escape_debug).collect();
    if name.chars().count() > 120 {
        shown.push('…');
    }
    shown
}

/// Whether a finding refuses the rewrite; warnings (`W…`) do not.
pub(super) fn refuses(finding: &Diagnostic) -> bool {
    finding.code.starts_with('E')
}

/// The line of a byte offset, from 1.
pub(super) fn line_at(text: &[u8], offset: usize) -> u32 {
    let breaks = text.iter().take(offset).filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

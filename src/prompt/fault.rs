//! What can be wrong with a prompt.

/// A finding about a prompt: a code of the validation, the line of the file, and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} line {line}: {message}")]
pub struct PromptFault {
    /// The code: `E1..` not in the language, `E2..` against the role's table, `E310` fails when rendered.
    pub code: &'static str,
    /// The line of the prompt file, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl PromptFault {
    pub(super) fn new(code: &'static str, line: u32, message: impl Into<String>) -> Self {
        Self { code, line, message: message.into() }
    }

    /// The same fault, `lines` further down.
    pub(super) fn moved_down(mut self, lines: u32) -> Self {
        if self.line > 0 {
            self.line += lines;
        }
        self
    }
}

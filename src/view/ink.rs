//! Emphasis that a rendering may use: colour on a terminal, nothing anywhere else.

/// Whether emphasis is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Bare text: pipes, files, `NO_COLOR`.
    Plain,
    /// Terminal escapes.
    Colour,
}

/// What a rendering is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Whether emphasis is written.
    pub ink: Ink,
    /// Columns available; `None` when lines may be as long as they are.
    pub width: Option<usize>,
}

impl Page {
    /// A page without colour or margin: a pipe or a file.
    pub const PLAIN: Self = Self { ink: Ink::Plain, width: None };

    /// The columns left after `used`, at least 20.
    pub fn rest(self, used: usize) -> Option<usize> {
        self.width.map(|width| width.saturating_sub(used).max(20))
    }
}

impl Ink {
    /// Something to find at a glance.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Something beside the point.
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// A gain.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// A loss or a refusal.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// A name to refer to.
    pub fn name(self, text: &str) -> String {
        self.wrap("33", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Colour if !text.trim().is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ink_leaves_no_trace_and_blanks_are_never_wrapped() {
        assert_eq!(Ink::Plain.good("+0.1"), "+0.1");
        assert_eq!(Ink::Colour.good("+0.1"), "\u{1b}[32m+0.1\u{1b}[0m");
        assert_eq!(Ink::Colour.good("   "), "   ");
    }
}

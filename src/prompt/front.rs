//! The front matter of a prompt: what it needs and what it promises.

use serde::Deserialize;

use super::fault::PromptFault;
use crate::domain::agent::AnswerFormat;

const FENCE: &str = "+++";

/// What a prompt declares between its `+++` lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontMatter {
    /// Variables the template uses and cannot do without.
    pub requires: Vec<String>,
    /// Further variables the template may use.
    #[serde(default)]
    pub may_use: Vec<String>,
    /// The form of the answer, as written; [`FrontMatter::output`] reads it.
    pub output: String,
}

/// The form of the answer a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// SEARCH/REPLACE blocks.
    Edit,
    /// Whole files.
    Full,
    /// A review record.
    Review,
    /// A note in plain words.
    Note,
    /// A list of proposed cases.
    Cases,
    /// A verdict on what is judged.
    Verdict,
}

impl Output {
    /// The word a prompt writes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Full => "full",
            Self::Review => "review",
            Self::Note => "note",
            Self::Cases => "cases",
            Self::Verdict => "verdict",
        }
    }

    const ALL: [Self; 6] =
        [Self::Edit, Self::Full, Self::Review, Self::Note, Self::Cases, Self::Verdict];
}

impl From<AnswerFormat> for Output {
    fn from(format: AnswerFormat) -> Self {
        match format {
            AnswerFormat::Edit => Self::Edit,
            AnswerFormat::Full => Self::Full,
        }
    }
}

impl FrontMatter {
    /// The form of the answer; `None` for a word that no parser of answers knows.
    pub fn output(&self) -> Option<Output> {
        Output::ALL.into_iter().find(|o| o.word() == self.output)
    }

    /// Every declared variable: `requires`, then `may_use`.
    pub fn declared(&self) -> impl Iterator<Item = &str> {
        self.requires.iter().chain(&self.may_use).map(String::as_str)
    }
}

/// A prompt file in its two parts.
pub(super) struct Parts<'a> {
    pub front: FrontMatter,
    pub template: &'a str,
    /// The lines above the template.
    pub lines_above: u32,
}

/// Splits a prompt file and reads its front matter.
pub(super) fn split(text: &str) -> Result<Parts<'_>, PromptFault> {
    let missing = |line: u32, what: &str| {
        let form = "a prompt starts with a line `+++`, then requires = [...], may_use = [...], \
                    output = \"edit\" or \"full\", then a line `+++`";
        PromptFault::new("E107", line, format!("{what}; allowed: {form}"))
    };
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != FENCE {
        return Err(missing(1, "no front matter"));
    }
    let mut end_of_front = first.len();
    for (count, line) in (2..).zip(lines) {
        if line.trim_end() == FENCE {
            let toml = text.get(first.len()..end_of_front).unwrap_or_default();
            let template = text.get(end_of_front + line.len()..).unwrap_or_default();
            return Ok(Parts { front: read(toml)?, template, lines_above: count });
        }
        end_of_front += line.len();
    }
    Err(missing(1, "the front matter has no closing `+++` line"))
}

fn read(toml: &str) -> Result<FrontMatter, PromptFault> {
    let line_of = |error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let breaks = toml.bytes().take(at).filter(|byte| *byte == b'\n').count();
        u32::try_from(breaks + 2).unwrap_or(u32::MAX)
    };
    toml::from_str::<toml::Table>(toml)
        .map_err(|error| PromptFault::new("E101", line_of(&error), error.message()))?;
    toml::from_str(toml).map_err(|error| {
        let code = if error.message().starts_with("unknown field") { "E102" } else { "E107" };
        let message = format!("{}; allowed: requires, may_use, output", error.message());
        PromptFault::new(code, line_of(&error), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_parts_are_told_apart_and_lines_counted() {
        let parts =
            split("+++\nrequires = [\"code\"]\noutput = \"edit\"\n+++\nHello\n").expect("parts");
        assert_eq!(parts.front.requires, ["code"]);
        assert_eq!(parts.front.output(), Some(Output::Edit));
        assert_eq!((parts.template, parts.lines_above), ("Hello\n", 4));
    }

    #[test]
    fn each_way_to_get_it_wrong_has_its_code_and_line() {
        for (text, code, line) in [
            ("Hello", "E107", 1),
            ("+++\nrequires = []\n", "E107", 1),
            ("+++\nrequires = [\n+++\n", "E101", 2),
            ("+++\nrequires = []\noutput = \"edit\"\nwrites = 1\n+++\n", "E102", 4),
            ("+++\nrequires = []\n+++\n", "E107", 2),
        ] {
            let fault = split(text).err().expect("a fault");
            assert_eq!((fault.code, fault.line), (code, line), "{text:?}: {fault}");
        }
    }
}

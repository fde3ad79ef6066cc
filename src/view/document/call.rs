//! One answer of a model, as documents and texts show it.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::ink::Page;
use crate::domain::event::CallCost;

/// One answer of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallDocument {
    /// The role asked.
    pub role: String,
    /// The alias asked.
    pub model: String,
    /// The turn: 0 the first answer, then repairs.
    pub turn: u32,
    /// The content hash of the prompt.
    pub prompt_digest: String,
    /// The prompt; null when the archive does not hold it (yet).
    pub prompt: Option<String>,
    /// The answer.
    pub answer: String,
    /// What it used.
    pub cost: CallCost,
}

impl CallDocument {
    /// The answer in a line.
    pub fn told(&self, page: Page) -> String {
        if matches!(self.model.as_str(), "offline" | "random") {
            return page.ink.faint(&format!("{} asked {}", self.role, self.model));
        }
        let tokens = match (self.cost.input_tokens, self.cost.output_tokens) {
            (Some(input), Some(output)) => format!("{input} + {output} tokens"),
            _ => "tokens n/a".to_owned(),
        };
        let price = self.cost.usd.map_or("price n/a".to_owned(), |usd| usd.to_string());
        let turn = if self.turn == 0 { String::new() } else { format!(", repair {}", self.turn) };
        page.ink.faint(&format!("{} asked {}{turn}: {tokens}, {price}", self.role, self.model))
    }

    /// Writes prompt and answer out.
    pub fn spell_out(&self, text: &mut String, page: Page) {
        let missing = "(the archive does not hold this prompt)".to_owned();
        for (title, body) in
            [("prompt", self.prompt.as_ref().unwrap_or(&missing)), ("answer", &self.answer)]
        {
            let _ = writeln!(text, "  {}", page.ink.strong(title));
            for line in body.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
}

//! One answer of a model, as documents and texts show it.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::figure;
use super::super::ink::Page;
use super::super::spend::thousands;
use crate::domain::event::CallCost;
use crate::domain::tool::{ToolCall, written};

/// One answer of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallDocument {
    /// The role asked.
    pub role: String,
    /// The alias asked.
    pub model: String,
    /// The turn: 0 the first answer, then look-ups and repairs.
    pub turn: u32,
    /// The content hash of the prompt.
    pub prompt_digest: String,
    /// The prompt; null when the archive does not hold it (yet).
    pub prompt: Option<String>,
    /// The answer.
    pub answer: String,
    /// The tools it called natively.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// Why the text is no answer, if it is none.
    pub unusable: Option<String>,
    /// What was wrong with it, in a word, when it went back to its author.
    pub handed_back: Option<String>,
    /// Whether the provider had some of the prompt cached; null when it did not say.
    pub cache_hit: Option<bool>,
    /// What it used, and the requests that failed before.
    pub cost: CallCost,
}

impl CallDocument {
    /// The answer in a line.
    pub fn told(&self, page: Page) -> String {
        if matches!(self.model.as_str(), "offline" | "random") {
            return page.ink.faint(&format!("{} asked {}", self.role, self.model));
        }
        let cost = &self.cost;
        let turn = if self.turn == 0 { String::new() } else { format!(", turn {}", self.turn) };
        let asked = format!("{} asked {}{turn}", self.role, self.model);
        if cost.cap.is_some() {
            return page.ink.faint(&format!("{asked}: nobody, for want of budget"));
        }
        let count = |tokens: Option<u64>| tokens.map_or("n/a".to_owned(), thousands);
        let cached = match cost.cached_tokens {
            Some(cached) if cached > 0 => format!(" ({} cached)", thousands(cached)),
            _ => String::new(),
        };
        let mut told = format!(
            "{asked}: {}{cached} + {} tokens, {}, {}",
            count(cost.input_tokens),
            count(cost.output_tokens),
            cost.usd.map_or("price n/a".to_owned(), |usd| usd.to_string()),
            figure::duration(cost.wall_ms),
        );
        if cost.requests > 1 {
            let _ = write!(told, ", {} requests", cost.requests);
        }
        if let Some(other) = &cost.answered_by {
            let _ = write!(told, "; answered by {other}");
        }
        if let Some(served) = &cost.served_model {
            let _ = write!(told, "; served as {served}");
        }
        page.ink.faint(&told)
    }

    /// The answer with its calls, as text.
    fn written(&self) -> String {
        written(&self.answer, &self.calls)
    }

    /// What happened to the call, then the prompt and the answer. Of a prompt that goes on from the turn `before`, only
    /// what is new is spelt out.
    pub fn spell_out(&self, text: &mut String, before: Option<&Self>, page: Page) {
        for retry in &self.cost.retries {
            let after = figure::duration(retry.at_ms);
            let _ = writeln!(
                text,
                "  {}",
                page.ink.faint(&format!("failed after {after}: {}", retry.why))
            );
        }
        let missing = "(the archive does not hold this prompt)".to_owned();
        let prompt = self.prompt.as_ref().unwrap_or(&missing);
        let new = before.and_then(|before| {
            let known = format!("{}\n{}\n", before.prompt.as_ref()?, before.written());
            prompt.strip_prefix(&known)
        });
        let title = if new.is_some() { "what was said to it" } else { "prompt" };
        let answer = self.written();
        for (title, body) in [(title, new.unwrap_or(prompt)), ("answer", &answer)] {
            let _ = writeln!(text, "  {}", page.ink.strong(title));
            for line in body.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        if let Some(why) = &self.unusable {
            let _ = writeln!(text, "  {}: {why}", page.ink.bad("no answer"));
        }
        if !self.cost.restored.is_empty() {
            let files = self.cost.restored.join(", ");
            let _ =
                writeln!(text, "  {}: it changed {files} and must not", page.ink.bad("restored"));
        }
        if let Some(class) = &self.handed_back {
            let _ = writeln!(text, "  {}: {class}", page.ink.bad("handed back"));
        }
    }
}

//! `diff`: what differs between the agents of two generations.

use crate::archive::Found;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded;
use crate::view::document::comparison::DiffDocument;
use crate::view::ink::{Ink, Page};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent diff gen-00000 best
  hyperagent diff gen-00002 gen-00005 -- prompts/meta.md
  hyperagent diff run-1/best run-2/best --json

Plain git: git -C generations diff run-1/gen-00000 run-1/best -- agent")]
pub struct Args {
    /// The first generation.
    #[arg(value_name = "A")]
    pub from: String,
    /// The second generation.
    #[arg(value_name = "B")]
    pub to: String,
    /// One file or folder of the agent.
    #[arg(last = true)]
    pub path: Option<String>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes the differences.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let (archive, from) = recorded::find(&lab, edge, &args.from)?;
    let (_, to) = recorded::find(&lab, edge, &args.to)?;
    let comparison = archive.diff(from.commit, to.commit, args.path.as_deref())?;
    if args.json {
        let name = |found: &Found| format!("{}/{}", found.run, found.generation);
        return output::document(&DiffDocument::of(name(&from), name(&to), comparison));
    }
    if comparison.files.is_empty() {
        output::note("no difference");
    }
    output::answer(&coloured(&comparison.text, edge.page))
}

fn coloured(text: &str, page: Page) -> String {
    if page.ink == Ink::Plain {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let drawn = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => page.ink.strong(line),
            [b'+', ..] => page.ink.good(line),
            [b'-', ..] => page.ink.bad(line),
            [b'@', ..] => page.ink.faint(line),
            [b'd', b'i', b'f', b'f', ..] => page.ink.strong(line),
            _ => line.to_owned(),
        };
        shown.push_str(&drawn);
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_changes_no_character_of_a_plain_diff() {
        let text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c\n";
        assert_eq!(coloured(text, Page::PLAIN), text);
        let drawn = coloured(text, Page { ink: Ink::Colour, width: None });
        assert!(drawn.contains("\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n c\n"), "{drawn}");
    }
}

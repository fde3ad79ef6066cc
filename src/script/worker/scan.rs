//! What must be known of a source before a parser may see it.

use crate::script::fault::Finding;
use crate::script::limits;

/// Refuses sources that are too large, nested too deep for a recursive parser, or not a script at all.
pub fn scan(source: &str) -> Option<Finding> {
    if source.len() > limits::SOURCE_BYTES {
        return Some(Finding {
            code: "E004".to_owned(),
            line: 0,
            message: format!(
                "the script has {} bytes, at most {}",
                source.len(),
                limits::SOURCE_BYTES
            ),
        });
    }
    fence(source).or_else(|| too_deep(source))
}

/// A Markdown fence around or in front of the script.
fn fence(source: &str) -> Option<Finding> {
    let (index, line) =
        source.lines().enumerate().find(|(_, line)| line.trim_start().starts_with("```"))?;
    Some(Finding {
        code: "E106".to_owned(),
        line: line_number(index),
        message: format!(
            "`{}` is Markdown, not the script language; remove the fence and any text around the code",
            line.trim().chars().take(40).collect::<String>()
        ),
    })
}

/// Counts brackets, indentation and prefix operators. Brackets in texts and comments count too: a source that nests a
/// hundred of them is refused all the same, which is no loss.
fn too_deep(source: &str) -> Option<Finding> {
    let mut brackets: usize = 0;
    for (index, line) in source.lines().enumerate() {
        let mut prefixes: usize = 0;
        for word in line.split_whitespace() {
            prefixes = if matches!(word, "not" | "-" | "+" | "~" | "lambda:" | "if" | "else") {
                prefixes + 1
            } else {
                prefixes
            };
        }
        let mut run: usize = 0;
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => brackets += 1,
                b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            run = if matches!(byte, b'-' | b'+' | b'~') { run + 1 } else { 0 };
            if brackets.max(run) > limits::SOURCE_DEPTH {
                return Some(deep(index));
            }
        }
        let indent = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let blank = line.trim().is_empty();
        if prefixes > limits::SOURCE_DEPTH || (indent > 4 * limits::SOURCE_DEPTH && !blank) {
            return Some(deep(index));
        }
    }
    None
}

fn deep(index: usize) -> Finding {
    Finding {
        code: "E106".to_owned(),
        line: line_number(index),
        message: format!(
            "nested more than {} deep; build the value in steps, or move parts into functions",
            limits::SOURCE_DEPTH
        ),
    }
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sources_pass() {
        assert_eq!(scan("def f(x):\n    return -x if not x else [(x, {\"a\": (1,)})]\n"), None);
        assert_eq!(scan(&"# a comment line (with brackets)\n".repeat(1000)), None);
    }

    #[test]
    fn what_would_overflow_a_parser_is_refused_with_its_line() {
        for source in [
            format!("x = 1\ny = {}", "(".repeat(101)),
            format!("x = 1\ny = {}1", "-".repeat(5000)),
            format!("x = 1\ny = {}1", "not ".repeat(5000)),
            format!("x = 1\ny = {}1", "lambda: ".repeat(5000)),
            format!("x = 1\n{}y = 1", " ".repeat(500)),
        ] {
            let finding = scan(&source).expect("a finding");
            assert_eq!((finding.code.as_str(), finding.line), ("E106", 2));
        }
        assert_eq!(scan(&"x".repeat(70_000)).expect("a finding").code, "E004");
    }

    #[test]
    fn a_fence_is_named_as_such() {
        let finding = scan("Here you go:\n```python\ndef next_step(S, rng): pass\n```").unwrap();
        assert_eq!((finding.code.as_str(), finding.line), ("E106", 2));
        assert!(finding.message.contains("remove the fence"));
    }
}

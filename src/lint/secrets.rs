//! Secrets written into the text: values of well-known shapes, and random-looking ones under a telling name.

use tree_sitter::Node;

use super::{Seen, Source, Weakness};

const FIX: &str = "read it from the environment when the program starts";
/// Names, or their ends, that say what a value is.
const NAMES: [&str; 8] =
    ["password", "passwd", "secret", "api_key", "apikey", "access_key", "private_key", "token"];
/// Beginnings of tokens that providers give out, and how long those are at least.
const SHAPES: [(&str, usize); 6] =
    [("AKIA", 20), ("ghp_", 36), ("github_pat_", 40), ("sk-", 32), ("xoxb-", 24), ("glpat-", 24)];

/// Whether a node writes a secret down.
pub(super) fn look(source: Source<'_>, node: Node<'_>) -> Option<Seen> {
    let told = |what: String| Some((Weakness::Secret, what, FIX));
    match node.kind() {
        "string" => {
            let text = source.literal(node)?;
            let named = named_by(source, node).filter(|_| looks_random(text));
            if has_known_shape(text) {
                told("a key or token is written into the text".to_owned())
            } else {
                told(format!("the value of `{}` is written into the text", named?))
            }
        }
        _ => None,
    }
}

/// The telling name that a string is given to: by assignment, as a default, as an argument, or in a dict.
fn named_by<'a>(source: Source<'a>, node: Node<'_>) -> Option<&'a str> {
    let parent = node.parent()?;
    let field = match parent.kind() {
        "assignment" => "left",
        "keyword_argument" | "default_parameter" => "name",
        "pair" => "key",
        _ => return None,
    };
    let key = parent.child_by_field_name(field)?;
    if key == node {
        return None;
    }
    let name = source.literal(key).unwrap_or(source.of(key));
    let plain = name.to_ascii_lowercase().replace('-', "_");
    NAMES.iter().any(|telling| plain.ends_with(telling)).then_some(name)
}

/// Letters and digits mixed, long enough, and no words between blanks.
fn looks_random(text: &str) -> bool {
    text.len() >= 12
        && !text.contains(char::is_whitespace)
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_alphabetic())
}

fn has_known_shape(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let known = |(start, length): &(&str, usize)| {
        text.starts_with(start) && text.len() >= *length && text.chars().all(is_token)
    };
    SHAPES.iter().any(known) || (text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----"))
}

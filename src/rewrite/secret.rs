//! Text that looks like a credential. An agent's files are committed and shown to models, so none may enter.

/// One shape of credential: a fixed start and the characters that follow it.
struct Shape {
    name: &'static str,
    start: &'static str,
    /// The fewest characters after the start.
    least: usize,
    follows: fn(char) -> bool,
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn capital(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn token(c: char) -> bool {
    word(c) || c == '.'
}

const SHAPES: [Shape; 20] = [
    Shape { name: "an API key", start: "sk-", least: 20, follows: word },
    Shape { name: "an API key", start: "sk_live_", least: 16, follows: plain },
    Shape { name: "an API key", start: "gsk_", least: 32, follows: plain },
    Shape { name: "an API key", start: "xai-", least: 32, follows: plain },
    Shape { name: "an API key", start: "AIza", least: 30, follows: word },
    Shape { name: "an access key id", start: "AKIA", least: 16, follows: capital },
    Shape { name: "an access key id", start: "ASIA", least: 16, follows: capital },
    Shape { name: "an access token", start: "ghp_", least: 30, follows: plain },
    Shape { name: "an access token", start: "gho_", least: 30, follows: plain },
    Shape { name: "an access token", start: "ghs_", least: 30, follows: plain },
    Shape { name: "an access token", start: "ghu_", least: 30, follows: plain },
    Shape { name: "an access token", start: "github_pat_", least: 22, follows: word },
    Shape { name: "an access token", start: "glpat-", least: 20, follows: word },
    Shape { name: "an access token", start: "hf_", least: 30, follows: plain },
    Shape { name: "an access token", start: "npm_", least: 30, follows: plain },
    Shape { name: "an access token", start: "pypi-", least: 40, follows: word },
    Shape { name: "an access token", start: "ya29.", least: 20, follows: token },
    Shape { name: "a chat token", start: "xoxb-", least: 20, follows: word },
    Shape { name: "a chat token", start: "xoxp-", least: 20, follows: word },
    Shape { name: "a signed token", start: "eyJ", least: 60, follows: token },
];

/// The places that look like credentials: line and name of the shape. The text itself is never repeated.
pub(super) fn find(text: &str) -> Vec<(u32, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            found.push((number, "a private key"));
        }
        for shape in &SHAPES {
            if line.match_indices(shape.start).any(|(at, _)| matches(shape, line, at)) {
                found.push((number, shape.name));
                break;
            }
        }
    }
    found
}

/// Whether a credential of this shape starts at `at`: on a word boundary, long enough, and mixing letters with
/// digits, as random text does and names in kebab case do not.
fn matches(shape: &Shape, line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|head| head.chars().next_back());
    if before.is_some_and(word) {
        return false;
    }
    let tail = line.get(at + shape.start.len()..).unwrap_or_default();
    let body: Vec<char> = tail.chars().take_while(|c| (shape.follows)(*c)).collect();
    body.len() >= shape.least
        && body.iter().any(char::is_ascii_digit)
        && body.iter().any(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_and_names_are_not() {
        for (start, tail) in [
            ("sk-", "proj-a1B2c3D4e5F6g7H8i9J0"),
            ("AKIA", "Q3EXAMPLE7654321"),
            ("ghp_", "0123456789abcdefghijABCDEFGHIJ012345"),
        ] {
            let text = format!("fine\nuse {start}{tail} here");
            assert_eq!(find(&text).first().map(|(line, _)| *line), Some(2), "{text}");
        }
        let key = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
        assert_eq!(find(&key), [(1, "a private key")]);
        for fine in [
            "sk-learn-classification-with-many-words",
            "task-12345678901234567890abc",
            "hf_hub",
            "eyJust a word",
        ] {
            assert_eq!(find(fine), [], "{fine}");
        }
    }
}

//! Keys, which no output may show.

use crate::base::environment::Environment;

/// What stands where a key stood.
const REDACTED: &str = "[key]";
/// Pieces of a key at least this long are taken out of a provider's words.
const PIECE: usize = 8;
/// Keys at least this long are no ordinary words, so they are taken out of answers too.
const REAL_KEY: usize = 16;

/// A key. It has neither `Debug`, `Display` nor `Serialize`, so it cannot slip into a log, an event or an error.
pub(crate) struct Secret(String);

impl Secret {
    /// The key in an environment variable; `None` when the variable has no value.
    pub fn from_environment(environment: &Environment, variable: &str) -> Option<Self> {
        environment.get(variable).map(|key| Self(key.to_owned()))
    }

    /// The key itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A provider's words without the key or any longer piece of it; some providers echo it in part.
    pub fn redact(&self, text: &str) -> String {
        let whole = text.replace(&self.0, REDACTED);
        let mut clean = String::with_capacity(whole.len());
        let mut rest = whole.as_str();
        while let Some(first) = rest.chars().next() {
            let piece = self.piece_at_start(rest);
            if piece >= PIECE {
                clean.push_str(REDACTED);
                rest = rest.get(piece..).unwrap_or_default();
            } else {
                clean.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        clean
    }

    /// An answer without the key, should a server have put it there; short stand-ins such as `ollama` are left alone,
    /// because they may be words of the answer.
    pub fn redact_answer(&self, text: String) -> String {
        if self.0.len() >= REAL_KEY && text.contains(&self.0) {
            text.replace(&self.0, REDACTED)
        } else {
            text
        }
    }

    /// The length of the longest piece of the key that `text` begins with, bytes.
    fn piece_at_start(&self, text: &str) -> usize {
        self.0
            .char_indices()
            .filter_map(|(at, _)| self.0.get(at..))
            .map(|tail| {
                tail.chars()
                    .zip(text.chars())
                    .take_while(|(a, b)| a == b)
                    .map(|(a, _)| a.len_utf8())
            })
            .map(Iterator::sum)
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(key: &str) -> Secret {
        Secret::from_environment(&[("K", key)].into_iter().collect(), "K").expect("a key")
    }

    #[test]
    fn a_key_is_taken_out_whole_or_in_pieces() {
        let key = secret("sk-proj-0123456789abcdef");
        assert_eq!(key.redact("bad key sk-proj-0123456789abcdef!"), "bad key [key]!");
        assert_eq!(key.redact("bad key sk-proj-0123…cdef"), "bad key [key]…cdef");
        assert_eq!(key.redact("…6789abcdef is wrong"), "…[key] is wrong");
        assert_eq!(key.redact("nothing of it here"), "nothing of it here");
    }

    #[test]
    fn an_answer_keeps_words_that_are_only_a_stand_in_for_a_key() {
        assert_eq!(secret("ollama").redact_answer("run ollama".into()), "run ollama");
        let key = secret("sk-0123456789abcdef");
        assert_eq!(key.redact_answer("k=sk-0123456789abcdef".into()), "k=[key]");
    }
}

//! The normal form of a candidate: what two texts have in common that differ in nothing a program does.
//!
//! Of a Python file it keeps the tokens: no comments, no blank lines, no blanks between tokens but where they divide
//! two words or two operators, and what stands in brackets on one line. Strings stay as they are, indentation too. Any
//! other file stays as it is. It is for comparing alone and never measured.

use super::files::FileSet;
use crate::base::digest::Digest;

/// The content hash of the normal form of these files.
pub fn digest(files: &FileSet) -> Digest {
    let normal = |(path, text): (&String, &String)| {
        let text = if path.ends_with(".py") { python(text) } else { text.clone() };
        (path.clone(), text)
    };
    FileSet(files.0.iter().map(normal).collect()).digest()
}

/// The normal form of a Python text.
fn python(text: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' => {
                let end = string_end(rest, c);
                writer.token(rest.get(..end).unwrap_or(rest));
                end
            }
            '\n' => {
                writer.line_end();
                1
            }
            c if c.is_whitespace() => {
                writer.blank(c);
                c.len_utf8()
            }
            c => {
                writer.sign(c);
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    writer.line_end();
    writer.done
}

/// Where a string that begins here ends, in bytes; one that is never closed goes to the end of its line or the text.
fn string_end(text: &str, quote: char) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let long = text.starts_with(&triple);
    let (start, close) = if long { (3, triple) } else { (1, quote.to_string()) };
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if text.get(at..).is_some_and(|rest| rest.starts_with(&close)) {
            return at + close.len();
        } else if c == '\n' && !long {
            return at;
        }
    }
    text.len()
}

#[derive(Default)]
struct Writer {
    done: String,
    line: String,
    indent: String,
    gap: bool,
    depth: u32,
}

impl Writer {
    fn blank(&mut self, c: char) {
        if self.line.is_empty() && self.depth == 0 {
            self.indent.push(c);
        } else {
            self.gap = true;
        }
    }

    fn sign(&mut self, c: char) {
        match c {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.token(c.encode_utf8(&mut [0; 4]));
    }

    /// Writes what stands together, after a blank where one is needed to keep it apart.
    fn token(&mut self, text: &str) {
        if self.line.is_empty() {
            self.line.push_str(&self.indent);
            self.line.push('\u{0}');
        } else if std::mem::take(&mut self.gap)
            && let (Some(before), Some(after)) =
                (self.line.chars().next_back(), text.chars().next())
            && divides(before, after)
        {
            self.line.push(' ');
        }
        self.gap = false;
        self.line.push_str(text);
    }

    fn line_end(&mut self) {
        if self.depth > 0 {
            self.gap = true;
            return;
        }
        if !self.line.is_empty() {
            self.done.push_str(&self.line);
            self.done.push('\n');
        }
        self.line.clear();
        self.indent.clear();
        self.gap = false;
    }
}

/// Whether a blank between two signs means something: between words, and between operators that could grow together.
fn divides(before: char, after: char) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '.' | '\\');
    let alone = |c: char| matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';');
    !alone(before) && !alone(after) && word(before) == word(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let files = |text: &str| FileSet::from_iter([("a.py", text)]);
        digest(&files(a)) == digest(&files(b))
    }

    #[test]
    fn comments_blanks_and_blank_lines_make_no_difference() {
        let plain = "def f(x):\n    return g(x, 1)\n";
        for other in [
            "def f(x):  # doc\n\n    return g(x,1)\n",
            "# head\ndef f( x ) :\n    return g(\n        x,  # it\n        1)",
            "def f(x):\r\n    return g(x, 1)   \r\n",
        ] {
            assert!(same(plain, other), "{other}");
        }
    }

    #[test]
    fn what_a_program_does_makes_a_difference() {
        for (a, b) in [
            ("x = 'a b'\n", "x = 'a  b'\n"),
            ("x = '#1'\n", "x = '#2'\n"),
            ("if x:\n    y = 1\nz = 2\n", "if x:\n    y = 1\n    z = 2\n"),
            ("x = '''a\n# b'''\n", "x = '''a\n# c'''\n"),
            ("a = not b\n", "a = notb\n"),
            ("a = b < - c\n", "a = b <- d\n"),
            ("a == b\n", "a = = b\n"),
            ("x = 1\ny = 2\n", "x = 1 y = 2\n"),
            ("s = \"it's\" # a\n", "s = \"it's # a\"\n"),
            ("x = 'a\\'#b'\n", "x = 'a\\'#c'\n"),
        ] {
            assert!(!same(a, b), "{a}{b}");
        }
    }

    #[test]
    fn other_files_are_compared_as_they_are() {
        let files = |text: &str| FileSet::from_iter([("a.md", text)]);
        assert_ne!(digest(&files("# a\n")), digest(&files("# b\n")));
    }
}

//! The last way to fit a passage: blanks and blank lines do not count, typographic signs are plain ones.
//!
//! Indentation is carried over by what the lines that fit say of it: where the passage has one blank string the file
//! has another, always the same.

/// How a passage's indentation reads in the file: pairs of the passage's and the file's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Indents(Vec<(String, String)>);

/// Where the lines of a passage stand, blank ones apart: the first line and the number of lines, every such place.
pub(super) fn places(lines: &[&str], search: &[&str]) -> Vec<(usize, usize, Indents)> {
    let bare = |lines: &[&str]| -> Vec<(usize, String)> {
        let told =
            |(at, line): (usize, &&str)| Some((at, squeezed(line))).filter(|(_, s)| !s.is_empty());
        lines.iter().enumerate().filter_map(told).collect()
    };
    let (file, wanted) = (bare(lines), bare(search));
    file.windows(wanted.len().max(1))
        .filter(|window| window.iter().zip(&wanted).all(|(a, b)| a.1 == b.1) && !wanted.is_empty())
        .filter_map(|window| {
            let (first, last) = (window.first()?.0, window.last()?.0);
            let pair = |(have, want): (&(usize, String), &(usize, String))| {
                Some((indent(search.get(want.0)?), indent(lines.get(have.0)?)))
            };
            let pairs: Vec<(String, String)> =
                window.iter().zip(&wanted).filter_map(pair).collect();
            Some((first, last + 1 - first, Indents::of(pairs)?))
        })
        .collect()
}

impl Indents {
    /// `None` when the same indentation of the passage stands for two of the file.
    fn of(pairs: Vec<(String, String)>) -> Option<Self> {
        let mut known: Vec<(String, String)> = Vec::new();
        for (want, have) in pairs {
            match known.iter().find(|(from, _)| *from == want) {
                Some((_, to)) if *to != have => return None,
                Some(_) => {}
                None => known.push((want, have)),
            }
        }
        Some(Self(known))
    }

    /// A line of the replacement with the file's indentation.
    pub(super) fn moved(&self, line: &str) -> String {
        if line.trim().is_empty() {
            return String::new();
        }
        let own = indent(line);
        let rest = plain(line.trim_start_matches([' ', '\t', '\u{a0}']));
        let nearest = self
            .0
            .iter()
            .filter(|(from, _)| own.starts_with(from.as_str()))
            .max_by_key(|(from, _)| from.len());
        let deeper = |from: &str| own.get(from.len()..).unwrap_or_default().to_owned();
        match nearest {
            Some((from, to)) => format!("{to}{}{rest}", self.scaled(&deeper(from))),
            None => format!("{}{rest}", self.scaled(&own)),
        }
    }

    /// Blanks of the passage in the file's measure, as far as an indented line that fits tells it.
    fn scaled(&self, blanks: &str) -> String {
        match self.0.iter().find(|(from, to)| !from.is_empty() && !to.is_empty()) {
            Some((from, to)) => {
                let sign = if to.starts_with('\t') { "\t" } else { " " };
                sign.repeat(blanks.len() * to.len() / from.len())
            }
            None => blanks.to_owned(),
        }
    }
}

fn indent(line: &str) -> String {
    let blank = |c: &char| matches!(c, ' ' | '\t' | '\u{a0}');
    line.chars().take_while(blank).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect()
}

/// A line without any blanks.
fn squeezed(line: &str) -> String {
    plain(line).chars().filter(|c| !c.is_whitespace()).collect()
}

/// Typographic signs as a keyboard has them.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200b}' | '\u{feff}'))
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
            '\u{a0}' | '\u{202f}' => ' ',
            other => other,
        })
        .collect()
}

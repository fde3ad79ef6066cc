//! Where a passage stands in a file.

use super::loose::{self, Indents};

/// The place of a passage, and what the replacement must copy from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The first line, from 0.
    pub start: usize,
    /// How many lines.
    pub len: usize,
    /// How the indentation of the file differs from the passage's.
    pub shift: Shift,
    /// Whether the file's lines end in a carriage return that the passage lacks.
    pub carriage_return: bool,
    /// Whether the passage's lines end in a carriage return that the file lacks.
    pub bare: bool,
}

impl Place {
    fn of(lines: &[&str], search: &[&str], start: usize, len: usize, shift: Shift) -> Self {
        let returns = |line: &&str| line.ends_with('\r');
        let in_file = lines.get(start).is_some_and(returns);
        let carriage_return = in_file && !search.iter().any(returns);
        Self { start, len, shift, carriage_return, bare: !in_file && search.iter().any(returns) }
    }
}

/// A difference in indentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shift {
    /// None.
    Same,
    /// The file has this in front of every line.
    Deeper(String),
    /// The passage has this in front of every line.
    Shallower(String),
    /// Each indentation of the passage is another of the file.
    Mapped(Indents),
}

impl Shift {
    /// A line of the replacement, moved to the file's indentation.
    pub(super) fn moved(&self, line: &str) -> String {
        match self {
            Self::Deeper(indent) if !line.trim().is_empty() => format!("{indent}{line}"),
            Self::Shallower(indent) => {
                line.strip_prefix(indent.as_str()).unwrap_or(line.trim_start()).to_owned()
            }
            Self::Mapped(indents) => indents.moved(line),
            _ => line.to_owned(),
        }
    }
}

/// Why a passage has no place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// It is nowhere.
    Nowhere,
    /// It is at several lines, from 0.
    Several(Vec<usize>),
}

/// A way to fit a passage on as many lines of the file.
type Tier<'a> = dyn Fn(&[&str]) -> Option<Shift> + 'a;

/// Finds the one place of a passage: exactly, then with blanks at line ends ignored, then with the whole passage shifted
/// in indentation. The first of these that fits anywhere decides. Lines come without their line feed.
pub(super) fn locate(lines: &[&str], search: &[&str]) -> Result<Place, Miss> {
    let exact = |window: &[&str]| (window == search).then_some(Shift::Same);
    let ragged = |window: &[&str]| {
        let same = |(a, b): (&&str, &&str)| a.trim_end() == b.trim_end();
        window.iter().zip(search).all(same).then_some(Shift::Same)
    };
    let shifted = |window: &[&str]| shift_between(window, search);
    let tiers: [&Tier<'_>; 3] = [&exact, &ragged, &shifted];
    for tier in tiers {
        let mut places = lines
            .windows(search.len().max(1))
            .enumerate()
            .filter_map(|(start, window)| Some((start, tier(window)?)));
        let Some((start, shift)) = places.next() else { continue };
        let more: Vec<usize> = places.map(|(start, _)| start).collect();
        if !more.is_empty() {
            return Err(Miss::Several([vec![start], more].concat()));
        }
        return Ok(Place::of(lines, search, start, search.len(), shift));
    }
    Err(Miss::Nowhere)
}

/// Finds the one place of a passage with blanks of no account.
pub(super) fn locate_loosely(lines: &[&str], search: &[&str]) -> Result<Place, Miss> {
    let mut places = loose::places(lines, search);
    match (places.pop(), places.len()) {
        (Some((start, len, indents)), 0) => {
            Ok(Place::of(lines, search, start, len, Shift::Mapped(indents)))
        }
        (Some((last, ..)), _) => {
            Err(Miss::Several(places.iter().map(|(at, ..)| *at).chain([last]).collect()))
        }
        (None, _) => Err(Miss::Nowhere),
    }
}

/// The one difference in indentation that makes two passages equal up to blanks at line ends.
fn shift_between(window: &[&str], search: &[&str]) -> Option<Shift> {
    let mut found: Option<Shift> = None;
    for (have, want) in window.iter().zip(search) {
        let (have, want) = (have.trim_end(), want.trim_end());
        if have.is_empty() && want.is_empty() {
            continue;
        }
        let shift = if let Some(indent) = have.strip_suffix(want) {
            Shift::Deeper(indent.to_owned())
        } else {
            Shift::Shallower(want.strip_suffix(have)?.to_owned())
        };
        let (Shift::Deeper(indent) | Shift::Shallower(indent)) = &shift else { return None };
        let blank = !have.is_empty() && !want.is_empty() && indent.trim().is_empty();
        if !blank || found.as_ref().is_some_and(|known| *known != shift) {
            return None;
        }
        found = Some(shift);
    }
    found
}

/// The lines of a file most similar to a passage, numbered from 1, for the author of the passage.
pub(super) fn nearest(lines: &[&str], search: &[&str]) -> String {
    let wanted: Vec<&str> =
        search.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let score = |window: &[&str]| -> usize {
        window
            .iter()
            .map(|line| wanted.iter().map(|want| likeness(line.trim(), want)).max().unwrap_or(0))
            .sum()
    };
    let length = search.len().clamp(1, 8).min(lines.len().max(1));
    let best = lines
        .windows(length)
        .enumerate()
        .max_by_key(|(start, window)| (score(window), std::cmp::Reverse(*start)));
    let Some((start, window)) = best else { return "(the file is empty)".to_owned() };
    let numbered =
        window.iter().zip(start + 1..).map(|(line, number)| format!("{number:>4}| {line}"));
    numbered.collect::<Vec<_>>().join("\n")
}

/// How alike two lines are, 0 to 1000: 1000 when equal, else by shared words.
fn likeness(a: &str, b: &str) -> usize {
    if a == b {
        return 1000;
    }
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let shared = a.iter().filter(|word| b.contains(word)).count();
    1800 * shared / (a.len() + b.len()).max(1) / 2
}

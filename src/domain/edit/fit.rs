//! The tries at placing a passage: as written, then without what authors put around the lines by mistake.

use super::place::{self, Miss, Place};

/// Lines that stay, at either end of a passage, which may be left out to find it.
const FUZZ: usize = 2;

/// A passage and what stands instead of it, as lines.
#[derive(Clone)]
struct Pair<'a> {
    search: Vec<&'a str>,
    replace: Vec<&'a str>,
}

/// The text with the one place of `search` replaced. Later tries are taken only when the passage is nowhere: without
/// blank lines around it, with blanks of no account, without fences inside the block, without line numbers, and without lines at its ends that
/// stay as they are and are quoted wrongly.
pub(super) fn replaced(text: &str, search: &str, replace: &str) -> Result<String, Miss> {
    let written = Pair { search: lines(search), replace: lines(replace) };
    let unpadded = written.unpadded();
    let sound: [(&Pair<'_>, &Locate); 3] = [
        (&written, &place::locate),
        (&unpadded, &place::locate),
        (&unpadded, &place::locate_loosely),
    ];
    for (pair, locate) in sound {
        match pair.put(text, locate) {
            Err(Miss::Nowhere) => {}
            done => return done,
        }
    }
    let tries = [unpadded.without(unfenced), unpadded.without(unnumbered)];
    let tries = tries.into_iter().flatten().map(|pair| pair.unpadded()).chain(unpadded.trimmed());
    for pair in tries {
        for locate in [&place::locate as &Locate, &place::locate_loosely] {
            if let Ok(done) = pair.put(text, locate) {
                return Ok(done);
            }
        }
    }
    Err(Miss::Nowhere)
}

/// A way to find a passage among the lines of a file.
type Locate = dyn Fn(&[&str], &[&str]) -> Result<Place, Miss>;

impl<'a> Pair<'a> {
    fn put(&self, text: &str, locate: &Locate) -> Result<String, Miss> {
        let place = locate(&lines(text), &self.search)?;
        let kept: Vec<&str> = text.split_inclusive('\n').collect();
        let end = place.start + place.len;
        let before = kept.iter().take(place.start).copied();
        let after = kept.iter().skip(end).copied();
        let mut middle = String::new();
        for line in &self.replace {
            let line = if place.bare { line.trim_end_matches('\r') } else { line };
            middle.push_str(&place.shift.moved(line));
            middle.push_str(if place.carriage_return { "\r\n" } else { "\n" });
        }
        // The file keeps its own ending: a last line without a line feed is replaced by one without.
        if end == kept.len() && !text.ends_with('\n') && middle.ends_with('\n') {
            middle.pop();
        }
        Ok(before.chain([middle.as_str()]).chain(after).collect())
    }

    fn unpadded(&self) -> Self {
        Self { search: unpadded(&self.search), replace: unpadded(&self.replace) }
    }

    /// Both passages without something; `None` when the first has nothing of it.
    fn without(&self, what: impl Fn(&[&'a str]) -> Option<Vec<&'a str>>) -> Option<Self> {
        let search = what(&self.search)?;
        let replace = what(&self.replace).unwrap_or_else(|| self.replace.clone());
        Some(Self { search, replace })
    }

    /// The pair without lines at its ends that stay, the fewest first; a passage that keeps no line is left out.
    fn trimmed(&self) -> Vec<Self> {
        let same = |a: &&&str, b: &&&str| a.trim() == b.trim();
        let zip = self.search.iter().zip(&self.replace);
        let head = zip.take_while(|(a, b)| same(a, b)).count().min(FUZZ);
        let zip = self.search.iter().rev().zip(self.replace.iter().rev());
        let tail = zip.take_while(|(a, b)| same(a, b)).count().min(FUZZ);
        let mut cuts: Vec<(usize, usize)> =
            (0..=head).flat_map(|h| (0..=tail).map(move |t| (h, t))).skip(1).collect();
        cuts.sort_by_key(|(h, t)| h + t);
        cuts.into_iter()
            .filter_map(|(h, t)| {
                let cut =
                    |lines: &[&'a str]| Some(lines.get(h..lines.len().checked_sub(t)?)?.to_vec());
                let pair = Self { search: cut(&self.search)?, replace: cut(&self.replace)? };
                pair.search.iter().any(|line| !line.trim().is_empty()).then_some(pair)
            })
            .collect()
    }
}

/// The lines of a text, without their line feeds.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line)).collect()
}

fn unpadded<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let blank = |line: &&str| line.trim().is_empty();
    let start = lines.iter().take_while(|line| blank(line)).count();
    let end = lines.len() - lines.iter().rev().take_while(|line| blank(line)).count();
    lines.get(start..end).unwrap_or_default().to_vec()
}

/// Without a fence as the first or last line.
fn unfenced<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    let is_fence =
        |line: Option<&&str>| line.is_some_and(|line| super::marks::fence(line).is_some());
    let lines = unpadded(lines);
    let start = usize::from(is_fence(lines.first()));
    let end = lines.len() - usize::from(lines.len() > start && is_fence(lines.last()));
    (start > 0 || end < lines.len()).then(|| lines.get(start..end).unwrap_or_default().to_vec())
}

/// Without the line numbers in front of every line: `12| x`, `12: x`, or a tab.
fn unnumbered<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    unpadded(lines)
        .into_iter()
        .map(|line| {
            let rest = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
            let numbered = rest.len() < line.trim_start().len();
            let rest =
                rest.trim_start_matches(' ').strip_prefix(['|', ':']).or(rest.strip_prefix('\t'))?;
            numbered.then(|| rest.strip_prefix(' ').unwrap_or(rest))
        })
        .collect()
}

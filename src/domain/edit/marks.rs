//! The lines that mark out a block or a fenced file, in every spelling that leaves no doubt.

/// What authors write after the first mark besides SEARCH.
const FIRST_WORDS: [&str; 5] = ["SEARCH", "ORIGINAL", "BEFORE", "HEAD", "OLD"];
/// What they write after the last one besides REPLACE.
const LAST_WORDS: [&str; 5] = ["REPLACE", "UPDATED", "AFTER", "NEW", "SEARCH/REPLACE"];

/// The first mark of a block.
pub(super) struct Opening<'a> {
    /// How many characters its run has; the separator may have as many.
    pub run: usize,
    /// What stands after its word.
    pub after: &'a str,
}

/// A first mark: `<<<<<<< SEARCH`, five to nine of the sign with any word, three or four with a known one;
/// `------- SEARCH`.
pub(super) fn opening(line: &str) -> Option<Opening<'_>> {
    let (run, after) = match run_of(line, '<') {
        Some((run, rest)) => {
            let word = FIRST_WORDS.iter().find_map(|word| after_word(rest, word));
            (run, if run < 5 { word? } else { word.unwrap_or(rest) })
        }
        None => {
            let (run, rest) = run_of(line, '-').filter(|(run, _)| *run >= 5)?;
            (run, after_word(rest, "SEARCH")?)
        }
    };
    (3..=9).contains(&run).then(|| Opening { run, after: after.trim_start_matches(':').trim() })
}

/// The mark between the passages: seven signs, or as many as the first mark has.
pub(super) fn is_separator(line: &str, run: usize) -> bool {
    let line = line.trim();
    (line.len() == 7 || line.len() == run) && is_rule(line)
}

/// A last mark: `>>>>>>> REPLACE`, `+++++++ REPLACE`, or five to nine of the first sign and at most one word.
pub(super) fn is_closing(line: &str) -> bool {
    let plus = run_of(line, '+')
        .is_some_and(|(run, rest)| (5..=9).contains(&run) && after_word(rest, "REPLACE").is_some());
    let sign = run_of(line, '>').is_some_and(|(run, rest)| {
        let known = LAST_WORDS.iter().any(|word| after_word(rest, word).is_some());
        (3..=9).contains(&run) && (known || run >= 5 && !rest.contains(' '))
    });
    plus || sign
}

/// Whether a line could be taken for one of the three marks of a block.
pub(super) fn looks_like_mark(line: &str) -> bool {
    opening(line).is_some()
        || is_closing(line)
        || (3..=9).contains(&line.trim().len()) && is_rule(line.trim())
}

fn is_rule(line: &str) -> bool {
    !line.is_empty() && line.chars().all(|c| c == '=')
}

/// The length of the run of `sign` at the start of a line, at least three, and what follows.
fn run_of(line: &str, sign: char) -> Option<(usize, &str)> {
    let line = line.trim();
    let rest = line.trim_start_matches(sign);
    let run = line.len() - rest.len();
    (run >= 3).then(|| (run, rest.trim()))
}

/// What follows a word, whatever its case; `None` when it is not there or goes on.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends =
        !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'));
    (head.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// A line that opens or closes a fenced block.
#[derive(Clone, Copy)]
pub(super) struct Fence<'a> {
    /// The sign.
    pub mark: char,
    /// How many of it.
    pub length: usize,
    /// What follows.
    pub info: &'a str,
}

/// Reads a line as a fence.
pub(super) fn fence(line: &str) -> Option<Fence<'_>> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !info.contains('`')).then(|| Fence { mark, length, info: info.trim() })
}

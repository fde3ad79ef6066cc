//! The end of what a process wrote to its standard error, for people and for authors of candidates.

use std::path::Path;

/// The folder of a candidate's files inside the folder of inputs.
pub(super) const SOLUTION: &str = "solution";

/// The last `kept` bytes of a standard error, as the end of a sentence; empty when there is none.
pub(super) fn tail(stderr: &[u8], kept: usize) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    let mut start = text.len().saturating_sub(kept);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    match text.get(start..) {
        None | Some("") => String::new(),
        Some(last) => format!("; its standard error:\n{last}"),
    }
}

/// A text whose paths begin where the task's folder and the solution's folder do: what is above them differs between
/// machines and runs, and is nobody's business.
pub(super) fn within(text: &str, folder: &Path) -> String {
    let text = text.replace(&format!("{}/", folder.display()), "");
    let inputs = format!("/inputs/{SOLUTION}/");
    let mut kept = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(&inputs) {
        let begins = |c: char| c.is_whitespace() || "\"'`(=,".contains(c);
        let end = before.rfind(begins).and_then(|at| before.get(..=at));
        kept.push_str(end.unwrap_or_default());
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_long_error_is_its_end_and_whole_characters() {
        let long = "ä".repeat(3_000) + "the end";
        let tail = tail(long.as_bytes(), 2_000);
        assert!(tail.ends_with("äthe end") && tail.len() < 2_100, "{} bytes", tail.len());
        assert_eq!(super::tail(b" \n", 2_000), "");
    }

    #[test]
    fn paths_lose_what_differs_between_machines() {
        let said = "File \"/tmp/x1/inputs/solution/a.py\", line 2\nFile \"/lab/tasks/t/b.py\" and \
                    /inputs/solution/c/d.py: no";
        assert_eq!(
            within(said, Path::new("/lab/tasks/t")),
            "File \"a.py\", line 2\nFile \"b.py\" and c/d.py: no"
        );
    }
}

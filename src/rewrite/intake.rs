//! Stage 0: is this a folder of readable text with nothing in it that must not be there?

use std::collections::BTreeSet;

use super::finding::{finding, line_at, shown};
use super::secret;
use super::submission::{Rules, Submission};
use crate::domain::agent::{AGENT_TOML, AgentFiles, RawContent, RawFile, STRATEGY};
use crate::domain::editable::EditablePaths;
use crate::domain::event::Diagnostic;

/// The largest file.
pub const MAX_FILE_BYTES: usize = 64 * 1024;
/// The largest folder.
pub const MAX_FOLDER_BYTES: usize = 256 * 1024;
/// The most files.
pub const MAX_FILES: usize = 64;

/// Without these there is no agent, or none that could be rewritten again.
const REQUIRED: [&str; 4] = [AGENT_TOML, STRATEGY, "prompts/worker.md", "prompts/meta.md"];

const PATHS: &str = "agent.toml, strategy.star, README.md, prompts/NAME.md, memory/NAME.md";

/// A folder of plain text files, each where an agent may have one.
#[derive(Debug, Clone)]
pub struct Screened {
    /// The files.
    pub files: AgentFiles,
}

/// The files of a folder as read from disk, or why they cannot be an agent's: stage 0 alone, held against nothing
/// earlier.
pub fn read_folder(files: Vec<RawFile>) -> Result<AgentFiles, Vec<Diagnostic>> {
    let (screened, found) = intake(Submission::of_folder(files), &Rules::default());
    screened.map(|screened| screened.files).ok_or(found)
}

/// Takes a submission in.
pub(super) fn intake(
    submission: Submission<'_>,
    rules: &Rules,
) -> (Option<Screened>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut files = AgentFiles::default();
    let mut folded = BTreeSet::new();
    if submission.files.len() > MAX_FILES {
        let count = submission.files.len();
        found.push(finding("E004", ".", 0, format!("{count} files; allowed: {MAX_FILES}")));
    }
    for file in submission.files.iter().take(MAX_FILES) {
        found.extend(path_fault(&file.path));
        if !folded.insert(file.path.to_lowercase()) {
            let what = "two paths that differ at most in case; allowed: one of them";
            found.push(finding("E008", &file.path, 0, what));
        }
        match text(file) {
            Ok(text) => {
                files.0.insert(file.path.clone(), text);
            }
            Err(faults) => found.extend(faults),
        }
    }
    let bytes: usize = files.0.values().map(String::len).sum();
    if bytes > MAX_FOLDER_BYTES {
        let what = format!("{bytes} bytes in all; allowed: {MAX_FOLDER_BYTES}");
        found.push(finding("E004", ".", 0, what));
    }
    found.extend(required_faults(&submission));
    if let Some(parent) = submission.parent {
        found.extend(edit_faults(&files, parent, submission.editable));
    }
    if found.is_empty() {
        found.extend(duplicate_fault(&files, submission.parent, rules));
    }
    (found.is_empty().then_some(Screened { files }), found)
}

pub(super) fn path_fault(path: &str) -> Option<Diagnostic> {
    let leaves = path.starts_with('/')
        || path.contains(['\\', '\0', ':'])
        || path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if leaves {
        let what = format!("path leaves the agent's folder; allowed: {PATHS}");
        return Some(finding("E001", path, 0, what));
    }
    let name = path
        .strip_prefix("prompts/")
        .or_else(|| path.strip_prefix("memory/"))
        .and_then(|name| name.strip_suffix(".md"));
    let plain = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && !name.starts_with(['.', '-'])
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let declared = matches!(path, AGENT_TOML | STRATEGY | "README.md") || name.is_some_and(plain);
    (!declared).then(|| {
        let what =
            format!("an agent has no such file; allowed: {PATHS}, names of a-z A-Z 0-9 - _ .");
        finding("E008", path, 0, what)
    })
}

/// The text of a file, if it is readable text and holds nothing forbidden.
fn text(file: &RawFile) -> Result<String, Vec<Diagnostic>> {
    let path = &file.path;
    let too_large = |bytes: u64| {
        let what = format!("{bytes} bytes; allowed: {MAX_FILE_BYTES} a file");
        vec![finding("E004", path, 0, what)]
    };
    let bytes = match &file.content {
        RawContent::Bytes(bytes) if bytes.len() > MAX_FILE_BYTES => {
            return Err(too_large(bytes.len() as u64));
        }
        RawContent::Bytes(bytes) => bytes,
        RawContent::TooLarge { bytes } => return Err(too_large(*bytes)),
        RawContent::Link => {
            return Err(vec![finding(
                "E002",
                path,
                0,
                "links are refused; allowed: regular files",
            )]);
        }
        RawContent::Special => {
            return Err(vec![finding("E002", path, 0, "not a file; allowed: regular files")]);
        }
    };
    let text = std::str::from_utf8(bytes).map_err(|fault| {
        let at = fault.valid_up_to();
        let what = format!("bad text at byte {at}: not UTF-8; allowed: UTF-8");
        vec![finding("E005", path, line_at(bytes, at), what)]
    })?;
    let mut found = Vec::new();
    if let Some((at, bad)) = text.char_indices().find(|(_, c)| hidden(*c)) {
        let what = format!(
            "bad text at byte {at}: the character U+{:04X} is invisible or reorders what is read; allowed: \
             printable text, tabs and line ends",
            u32::from(bad)
        );
        found.push(finding("E005", path, line_at(bytes, at), what));
    }
    for (line, name) in secret::find(text) {
        let what =
            format!("looks like {name} (secret pattern); allowed: no credentials in an agent");
        found.push(finding("E006", path, line, what));
    }
    if found.is_empty() { Ok(text.to_owned()) } else { Err(found) }
}

/// Characters that are not seen where they act: controls, bidirectional formatting, tags, byte order marks.
fn hidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

fn required_faults(submission: &Submission<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for path in REQUIRED {
        match submission.files.iter().find(|file| file.path == path).map(|file| &file.content) {
            None => {
                let what = "required file missing; allowed: change it, but keep it";
                found.push(finding("E007", path, 0, what));
            }
            Some(RawContent::Bytes(bytes)) if bytes.trim_ascii().is_empty() => {
                let what = "required file empty; allowed: change it, but keep it";
                found.push(finding("E003", path, 0, what));
            }
            Some(_) => {}
        }
    }
    found
}

fn edit_faults(files: &AgentFiles, parent: &AgentFiles, editable: &[String]) -> Vec<Diagnostic> {
    let allows = EditablePaths::from(&editable.to_vec());
    files
        .changed_from(parent)
        .into_iter()
        .filter(|path| !allows.allows(path))
        .map(|path| {
            let allowed = editable.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ");
            let what = format!("this rewrite may not change it; allowed: {allowed}");
            finding("E010", &path, 0, what)
        })
        .collect()
}

fn duplicate_fault(
    files: &AgentFiles,
    parent: Option<&AgentFiles>,
    rules: &Rules,
) -> Option<Diagnostic> {
    let what = match rules.known.get(&files.digest()) {
        Some(generation) => format!("a duplicate of {generation}, not evaluated"),
        None if parent == Some(files) => "nothing changed".to_owned(),
        None => return None,
    };
    Some(finding("E009", ".", 0, format!("{what}; allowed: a folder no generation had yet")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(path: &str) -> Option<String> {
        path_fault(path).map(|fault| fault.code)
    }

    #[test]
    fn only_declared_paths_are_taken() {
        for path in ["agent.toml", "README.md", "prompts/worker.md", "memory/a-b_c.d.md"] {
            assert_eq!(codes(path), None, "{path}");
        }
        for path in ["../x", "/etc/x", "prompts/../../x.md", "prompts//x.md", "C:x", "a\\b", ""] {
            assert_eq!(codes(path).as_deref(), Some("E001"), "{path}");
        }
        for path in [
            "kernel.toml",
            ".git/hooks/post-commit",
            "prompts/.hidden.md",
            "prompts/a/b.md",
            "prompts/worker.txt",
            "memory/.md",
            "prompts/w\u{f6}rker.md",
        ] {
            assert_eq!(codes(path).as_deref(), Some("E008"), "{path}");
        }
    }

    #[test]
    fn several_findings_come_together() {
        let file = |path: &str, bytes: &[u8]| RawFile {
            path: path.to_owned(),
            content: RawContent::Bytes(bytes.to_vec()),
        };
        let submission = Submission::of_folder(vec![
            file("agent.toml", b" \n"),
            file("strategy.star", b"x\n\xff"),
            file("prompts/worker.md", "a\nb\u{202e}".as_bytes()),
            RawFile { path: "memory/x.md".to_owned(), content: RawContent::Link },
        ]);
        let (screened, found) = intake(submission, &Rules::default());
        let found: Vec<_> =
            found.iter().map(|f| (f.code.as_str(), f.file.as_str(), f.line)).collect();
        assert!(screened.is_none());
        let expected = [
            ("E005", "strategy.star", 2),
            ("E005", "prompts/worker.md", 2),
            ("E002", "memory/x.md", 0),
            ("E003", "agent.toml", 0),
            ("E007", "prompts/meta.md", 0),
        ];
        assert_eq!(found, expected);
    }
}

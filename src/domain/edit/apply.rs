//! Putting an answer into files.

use super::place::{self, Miss};
use super::{Answer, Edit, EditFault};
use crate::domain::files::FileSet;

/// The files after an answer; its changes apply one after the other, all or none.
pub fn apply(files: &FileSet, answer: &Answer) -> Result<FileSet, EditFault> {
    let mut files = files.clone();
    for (block, edit) in (1..).zip(&answer.edits) {
        match edit {
            Edit::Write { path, text } => {
                files.0.insert(path.clone(), text.clone());
            }
            Edit::Delete { path } => {
                if files.0.remove(path).is_none() {
                    return Err(no_such_file(path, &files));
                }
            }
            Edit::Replace { path, search, replace } => {
                let text = match files.get(path) {
                    None if search.trim().is_empty() => replace.clone(),
                    None => return Err(no_such_file(path, &files)),
                    Some(text) if search.trim().is_empty() && text.trim().is_empty() => {
                        replace.clone()
                    }
                    Some(_) if search.trim().is_empty() => {
                        return Err(EditFault::EmptySearch { block, path: path.clone() });
                    }
                    Some(text) => replaced(text, search, replace)
                        .map_err(|miss| fault(miss, block, path, text, search))?,
                };
                files.0.insert(path.clone(), text);
            }
        }
    }
    Ok(files)
}

/// The text with the one place of `search` replaced; blank lines around the passage count only as a second try.
fn replaced(text: &str, search: &str, replace: &str) -> Result<String, Miss> {
    let search: Vec<&str> = lines(search);
    let replace: Vec<&str> = lines(replace);
    match replaced_lines(text, &search, &replace) {
        Err(Miss::Nowhere) => replaced_lines(text, unpadded(&search), unpadded(&replace)),
        done => done,
    }
}

fn replaced_lines(text: &str, search: &[&str], replace: &[&str]) -> Result<String, Miss> {
    let place = place::locate(&lines(text), search)?;
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    let end = place.start + place.len;
    let before = kept.iter().take(place.start).copied();
    let after = kept.iter().skip(end).copied();
    let mut middle = String::new();
    for line in replace {
        middle.push_str(&place.shift.moved(line));
        middle.push_str(if place.carriage_return { "\r\n" } else { "\n" });
    }
    // The file keeps its own ending: a last line without a line feed is replaced by one without.
    if end == kept.len() && !text.ends_with('\n') && middle.ends_with('\n') {
        middle.pop();
    }
    Ok(before.chain([middle.as_str()]).chain(after).collect())
}

/// The lines of a text, without their line feeds.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line)).collect()
}

fn unpadded<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let blank = |line: &&str| line.trim().is_empty();
    let start = lines.iter().take_while(|line| blank(line)).count();
    let end = lines.len() - lines.iter().rev().take_while(|line| blank(line)).count();
    lines.get(start..end).unwrap_or_default()
}

fn no_such_file(path: &str, files: &FileSet) -> EditFault {
    EditFault::NoSuchFile { path: path.to_owned(), known: files.0.keys().cloned().collect() }
}

fn fault(miss: Miss, block: usize, path: &str, text: &str, search: &str) -> EditFault {
    let path = path.to_owned();
    match miss {
        Miss::Several(starts) => {
            EditFault::Ambiguous { block, path, lines: starts.iter().map(|at| at + 1).collect() }
        }
        Miss::Nowhere => {
            let search = lines(search);
            let shown = search.iter().take(4).map(|line| format!("    | {line}"));
            EditFault::NotFound {
                block,
                path,
                search: shown.collect::<Vec<_>>().join("\n"),
                nearest: place::nearest(&lines(text), &search),
            }
        }
    }
}

//! Putting an answer into files.

use super::fit::{lines, replaced};
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

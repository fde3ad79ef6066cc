//! Taking back an answer that the validation refused.

use crate::domain::edit::{Answer, Edit, apply, parse};
use crate::domain::editable::EditablePaths;
use crate::domain::files::FileSet;
use crate::model::{MetaBrief, Request, Speaker};

/// What was answered before in this conversation.
pub(super) fn earlier(request: &Request, brief: &MetaBrief) -> Vec<Answer> {
    let said = request.messages.iter().filter(|message| message.speaker == Speaker::Assistant);
    said.filter_map(|message| parse(&message.text, brief.format, &EditablePaths::default()).ok())
        .collect()
}

/// The files without the changes of the answers: each passage that stands as an answer put it is put back. Files that
/// hold none of them come back as they are.
pub(super) fn taken_back(files: &FileSet, answers: &[Answer]) -> FileSet {
    let mut files = files.clone();
    for edit in answers.iter().rev().flat_map(|answer| answer.edits.iter().rev()) {
        let Edit::Replace { path, search, replace } = edit else { continue };
        let text = files.get(path).unwrap_or_default();
        let is_new = search.is_empty();
        let stands = text.contains(replace.as_str())
            && (is_new || !text.contains(search.as_str()) || replace.contains(search.as_str()));
        if is_new && text == replace {
            files.0.remove(path);
        } else if stands && !is_new {
            let (search, replace) = (replace.clone(), search.clone());
            let back = Edit::Replace { path: path.clone(), search, replace };
            let answer = Answer { summary: String::new(), edits: vec![back] };
            files = apply(&files, &answer).unwrap_or(files);
        }
    }
    files
}

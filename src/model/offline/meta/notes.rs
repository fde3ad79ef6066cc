//! The memory of an agent: one line for a rewrite that was measured.

use crate::domain::files::FileSet;
use crate::model::Lesson;

/// The notes when the agent has none.
const NOTES: &str = "memory/notes.md";
/// The most lines of measured rewrites that are kept.
const MOST_LINES: usize = 40;

/// The path of the notes.
pub(super) fn path(files: &FileSet) -> String {
    let existing = files.0.keys().find(|path| path.starts_with("memory/") && path.ends_with(".md"));
    existing.map_or(NOTES, String::as_str).to_owned()
}

/// The newest measured rewrite that the notes do not have yet.
pub(super) fn unwritten<'a>(notes: &str, lessons: &'a [Lesson]) -> Option<&'a Lesson> {
    lessons
        .iter()
        .rev()
        .find(|lesson| lesson.effect.is_some() && !notes.contains(&lesson.generation.to_string()))
}

/// The notes with one more line, the oldest lines dropped.
pub(super) fn with_line(notes: &str, lesson: &Lesson) -> String {
    let effect = lesson.effect.unwrap_or_default();
    let line = format!("- {}, {}: score {effect:+.4}", lesson.generation, lesson.summary);
    let is_entry = |line: &&str| line.starts_with("- gen-");
    let entries = notes.lines().filter(is_entry).count();
    let mut surplus = (entries + 1).saturating_sub(MOST_LINES);
    let mut kept: Vec<&str> = Vec::new();
    for old in notes.lines() {
        if is_entry(&old) && surplus > 0 {
            surplus -= 1;
        } else {
            kept.push(old);
        }
    }
    while kept.last().is_some_and(|line| line.trim().is_empty()) {
        kept.pop();
    }
    kept.push(&line);
    kept.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::GenerationId;
    use crate::domain::event::GenerationStatus;

    #[test]
    fn notes_keep_a_bounded_number_of_lines_and_what_people_wrote() {
        let mut notes = "# Notes\n\nBy hand.\n".to_owned();
        for number in 1..=50 {
            let lessons = [Lesson {
                generation: GenerationId(number),
                parent: GenerationId(0),
                summary: "param: operators.num 1.0 -> 2.0".to_owned(),
                status: GenerationStatus::Valid,
                effect: Some(0.01),
            }];
            let lesson = unwritten(&notes, &lessons).expect("a new lesson");
            notes = with_line(&notes, lesson);
            assert!(unwritten(&notes, &lessons).is_none());
        }
        assert_eq!(notes.lines().count(), 3 + 40);
        assert!(notes.starts_with("# Notes\n\nBy hand.\n- gen-00011, param:"));
        assert!(notes.ends_with("- gen-00050, param: operators.num 1.0 -> 2.0: score +0.0100\n"));
    }
}

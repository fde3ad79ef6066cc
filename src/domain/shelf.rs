//! Texts of many file sets, each kept once: generations of one run differ in a few of their files, and thousands of them
//! are held at a time.

use std::collections::HashSet;
use std::sync::Arc;

use super::event::{EpisodeResult, FailureCount, GenerationPlan};
use super::files::FileSet;
use crate::base::digest::Digest;

/// Every path and text that was kept, once.
#[derive(Debug, Clone, Default)]
pub struct Shelf(HashSet<Arc<str>>);

/// A file set whose paths and texts it shares with others of its shelf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shelved(Arc<[(Arc<str>, Arc<str>)]>);

/// The result of an episode, its texts on a shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptResult {
    /// The result; its own `best` and `failures` are empty.
    result: Arc<EpisodeResult>,
    /// The best candidate's files.
    pub best: Shelved,
    /// Failures of its attempts.
    pub failures: Failures,
}

/// Failures by class: how often, and the first one in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failures(Arc<[Failed]>);

/// One class of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failed {
    class: Arc<str>,
    count: u32,
    first: Arc<str>,
}

/// A generation as planned, its agent on a shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPlan {
    /// The plan; its own `files` are empty.
    pub(super) plan: Arc<GenerationPlan>,
    /// The agent's files.
    pub files: Shelved,
}

impl Shelf {
    /// Keeps a file set.
    pub fn keep(&mut self, files: &FileSet) -> Shelved {
        Shelved(files.0.iter().map(|(path, text)| (self.one(path), self.one(text))).collect())
    }

    /// Keeps the result of an episode.
    pub fn keep_result(&mut self, result: impl Into<KeptResult>) -> KeptResult {
        let KeptResult { result, best, failures } = result.into();
        let on_it = |failed: &Failed| self.has(&failed.class) && self.has(&failed.first);
        let failures = if failures.0.iter().all(on_it) {
            failures
        } else {
            let one = |(class, count, first)| Failed {
                class: self.one(class),
                count,
                first: self.one(first),
            };
            Failures(failures.iter().map(one).collect())
        };
        KeptResult { result, best: self.share(best), failures }
    }

    /// Keeps a generation as planned.
    pub fn keep_plan(&mut self, mut plan: GenerationPlan) -> KeptPlan {
        let files = self.keep(&std::mem::take(&mut plan.files));
        KeptPlan { plan: Arc::new(plan), files }
    }

    /// Keeps a generation that may be on another shelf.
    pub fn share_plan(&mut self, KeptPlan { plan, files }: KeptPlan) -> KeptPlan {
        KeptPlan { plan, files: self.share(files) }
    }

    /// The same files on this shelf; those that are there already are shared as a whole.
    fn share(&mut self, files: Shelved) -> Shelved {
        if files.0.iter().all(|(path, text)| self.has(path) && self.has(text)) {
            return files;
        }
        Shelved(files.iter().map(|(path, text)| (self.one(path), self.one(text))).collect())
    }

    /// Whether this very text is on it.
    fn has(&self, text: &Arc<str>) -> bool {
        self.0.get(text).is_some_and(|known| Arc::ptr_eq(known, text))
    }

    fn one(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.0.insert(text.clone());
        text
    }
}

impl Shelved {
    /// The files by path, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_ref(), text.as_ref()))
    }

    /// The text of one file.
    pub fn get(&self, path: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(path)).ok()?;
        self.0.get(place).map(|(_, text)| text.as_ref())
    }

    /// The content hash of the whole set, as that of a [`FileSet`].
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.iter().map(|(path, text)| (path, text.as_bytes())))
    }

    /// The number of lines over all files.
    pub fn lines(&self) -> usize {
        self.iter().map(|(_, text)| text.lines().count()).sum()
    }

    /// A file set of its own.
    pub fn files(&self) -> FileSet {
        self.iter().collect()
    }

    /// The paths at which two sets differ, in order.
    pub fn changed_from(&self, other: &Self) -> Vec<String> {
        self.files().changed_from(&other.files())
    }
}

impl Failures {
    /// Class, how often, and the first one, in the order of classes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.0.iter().map(|failed| (failed.class.as_ref(), failed.count, failed.first.as_ref()))
    }
}

impl KeptResult {
    /// The result as it was.
    pub fn whole(&self) -> EpisodeResult {
        let failed = self.failures.iter().map(|(class, count, example)| {
            (class.to_owned(), FailureCount { count, example: example.to_owned() })
        });
        let (best, failures) = (self.best.files(), failed.collect());
        EpisodeResult { best, failures, ..(*self.result).clone() }
    }

    /// Changes what was measured; others that share it keep it as it was.
    pub fn change(&mut self, change: impl FnOnce(&mut EpisodeResult)) {
        change(Arc::make_mut(&mut self.result));
    }
}

impl KeptPlan {
    /// The plan as it was.
    pub fn whole(&self) -> GenerationPlan {
        GenerationPlan { files: self.files.files(), ..(*self.plan).clone() }
    }
}

impl From<FileSet> for Shelved {
    fn from(files: FileSet) -> Self {
        Self(files.0.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

impl From<EpisodeResult> for KeptResult {
    fn from(mut result: EpisodeResult) -> Self {
        let best = std::mem::take(&mut result.best).into();
        let failed = std::mem::take(&mut result.failures).into_iter();
        let failed = failed.map(|(class, FailureCount { count, example })| Failed {
            class: class.into(),
            count,
            first: example.into(),
        });
        let failures = Failures(failed.collect());
        Self { result: Arc::new(result), best, failures }
    }
}

impl From<GenerationPlan> for KeptPlan {
    fn from(mut plan: GenerationPlan) -> Self {
        let files = std::mem::take(&mut plan.files).into();
        Self { plan: Arc::new(plan), files }
    }
}

impl std::ops::Deref for KeptPlan {
    type Target = GenerationPlan;

    fn deref(&self) -> &GenerationPlan {
        &self.plan
    }
}

impl std::ops::Deref for KeptResult {
    type Target = EpisodeResult;

    fn deref(&self) -> &EpisodeResult {
        &self.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(note: &str) -> FileSet {
        FileSet::from_iter([("strategy.star", "def f(): pass\n"), ("memory/notes.md", note)])
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let mut shelf = Shelf::default();
        let (one, other) = (shelf.keep(&agent("a\n")), shelf.keep(&agent("b\nc\n")));
        assert_eq!((one.files(), other.files()), (agent("a\n"), agent("b\nc\n")));
        assert_eq!((other.get("memory/notes.md"), other.get("none")), (Some("b\nc\n"), None));
        assert_eq!((one.lines(), other.lines()), (2, 3));
        assert_eq!(other.changed_from(&one), ["memory/notes.md"]);
        assert_eq!(one.digest(), agent("a\n").digest());
    }

    #[test]
    fn results_come_back_as_they_were_and_share_what_was_said_of_failures() {
        let said = serde_json::json!({
            "start_metric": 1.0, "metric": 2.0, "score": 0.5, "best": {"a.py": "x = 1\n"}, "attempts": 3,
            "accepted": 1, "trials": 9, "select_metric": null, "select_score": null,
            "failures": {"answer": {"count": 2, "example": "no block"}, "syntax": {"count": 1, "example": "line 3"}},
        });
        let result: EpisodeResult = serde_json::from_value(said).unwrap();
        let mut shelf = Shelf::default();
        let kept: Vec<KeptResult> = (0..2).map(|_| shelf.keep_result(result.clone())).collect();
        assert!(kept.iter().all(|kept| kept.whole() == result));
        let first =
            |kept: &KeptResult| kept.failures.iter().next().map(|(_, n, said)| (n, said.as_ptr()));
        assert_eq!(first(&kept[0]), first(&kept[1]));
        assert_eq!(
            kept[0].failures.iter().map(|(class, ..)| class).collect::<Vec<_>>(),
            ["answer", "syntax"]
        );
    }

    #[test]
    fn a_text_is_kept_once() {
        let mut shelf = Shelf::default();
        let kept: Vec<Shelved> = (0..3).map(|_| shelf.keep(&agent("a\n"))).collect();
        let text = |set: &Shelved| set.get("strategy.star").map(str::as_ptr);
        assert!(kept.iter().all(|set| text(set) == text(&kept[0])));
        assert_eq!(shelf.0.len(), 4);
        let again = shelf.clone().share(kept[0].clone());
        assert!(Arc::ptr_eq(&again.0, &kept[0].0), "a set on the shelf was copied");
        let elsewhere = Shelved::from(agent("a\n"));
        assert_eq!(text(&shelf.share(elsewhere)), text(&kept[0]));
    }
}

//! A set of text files: what a candidate and an agent are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;

/// Files by their path, relative, with `/` between parts; the order of paths is the order of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileSet(pub BTreeMap<String, String>);

impl FileSet {
    /// The text of one file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The content hash of the whole set: paths and texts.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.0.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
    }

    /// The number of lines over all files.
    pub fn lines(&self) -> usize {
        self.0.values().map(|text| text.lines().count()).sum()
    }

    /// The paths at which two sets differ, in order.
    pub fn changed_from(&self, other: &FileSet) -> Vec<String> {
        let mut paths: Vec<String> = self
            .0
            .keys()
            .chain(other.0.keys())
            .filter(|path| self.0.get(*path) != other.0.get(*path))
            .cloned()
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for FileSet {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

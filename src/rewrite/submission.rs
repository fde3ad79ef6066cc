//! What is submitted, and the rules it is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::id::{Alias, GenerationId};
use crate::domain::agent::{AgentFiles, RawContent, RawFile};
use crate::domain::lineage::Lineage;

/// A folder submitted as an agent, nothing about it known yet.
#[derive(Debug, Clone)]
pub struct Submission<'a> {
    /// Its files, in any order.
    pub files: Vec<RawFile>,
    /// The agent it was copied from; `None` for a folder of a person's.
    pub parent: Option<&'a AgentFiles>,
    /// The paths the rewrite was allowed to change; empty: all.
    pub editable: &'a [String],
}

impl Submission<'static> {
    /// A folder as read from disk, held against nothing earlier.
    pub fn of_folder(files: Vec<RawFile>) -> Self {
        Self { files, parent: None, editable: &[] }
    }

    /// An agent held against nothing earlier.
    pub fn of_agent(files: &AgentFiles) -> Self {
        Self::of_folder(raw(files))
    }
}

impl<'a> Submission<'a> {
    /// A rewrite of `parent`: the whole folder after the change.
    pub fn of_rewrite(files: &AgentFiles, parent: &'a AgentFiles, editable: &'a [String]) -> Self {
        Self { files: raw(files), parent: Some(parent), editable }
    }
}

fn raw(files: &AgentFiles) -> Vec<RawFile> {
    let bytes = |text: &String| RawContent::Bytes(text.clone().into_bytes());
    let files = files.0.iter();
    files.map(|(path, text)| RawFile { path: path.clone(), content: bytes(text) }).collect()
}

/// What a run allows its agents.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The model aliases that exist.
    pub aliases: BTreeSet<Alias>,
    /// The content of every earlier generation of the run, valid or not.
    pub known: Arc<BTreeMap<Digest, GenerationId>>,
    /// The seed of the states and worlds that the dry run makes.
    pub seed: u64,
}

impl Rules {
    /// Those of a run at this moment.
    pub fn of_run(aliases: BTreeSet<Alias>, lineage: &Lineage, seed: u64) -> Self {
        Self { aliases, known: lineage.known().clone(), seed }
    }
}

//! What a generation's measurement leaves in the archive: attempts with prompts and answers, and solutions.

use std::collections::BTreeMap;

use serde_json::json;

use super::attempt::Worked;
use super::consult::Advised;
use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId};
use crate::domain::choice::outcome;
use crate::domain::shelf::Shelved;

/// The evidence of one episode, collected while it runs.
#[derive(Debug)]
pub struct EpisodeEvidence {
    episode: EpisodeId,
    lines: Vec<String>,
    advice: Vec<String>,
    files: BTreeMap<String, String>,
    outcomes: Vec<(Alias, f64)>,
}

impl EpisodeEvidence {
    /// Nothing yet.
    pub fn new(episode: EpisodeId) -> Self {
        Self {
            episode,
            lines: Vec::new(),
            advice: Vec::new(),
            files: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }

    /// One whose attempts are on record and in the archive already.
    pub fn told(episode: EpisodeId, outcomes: &[(Alias, f64)]) -> Self {
        Self { outcomes: outcomes.to_vec(), ..Self::new(episode) }
    }

    fn folder(&self) -> String {
        format!("{}-{}", self.episode.task, self.episode.index)
    }

    /// Adds one attempt.
    pub fn add(&mut self, attempt: u32, worked: &Worked) {
        self.outcomes.extend(outcome(&worked.result).map(|(model, gain)| (model.clone(), gain)));
        let prompts: Vec<String> =
            worked.prompts.iter().map(|text| add_prompt(&mut self.files, text)).collect();
        let mut line = json!({
            "attempt": attempt,
            "prompts": prompts,
            "answers": worked.answers,
            "result": worked.result,
        });
        if let Some(result) = line.get_mut("result").and_then(|r| r.as_object_mut()) {
            result.remove("files");
        }
        self.lines.push(line.to_string());
        for (path, text) in worked.files.iter().flat_map(|files| &files.0) {
            let folder = self.folder();
            self.files.insert(format!("{folder}/candidates/{attempt:05}/{path}"), text.clone());
        }
    }

    /// Adds a piece of advice.
    pub fn add_advice(&mut self, consult: u32, advised: &Advised) {
        let prompts: Vec<String> =
            advised.prompts.iter().map(|text| add_prompt(&mut self.files, text)).collect();
        let line = json!({
            "consult": consult,
            "prompts": prompts,
            "answers": advised.answers,
            "advice": advised.advice,
        });
        self.advice.push(line.to_string());
    }

    /// What came of asking each model, in the order of the attempts.
    pub fn outcomes(&self) -> &[(Alias, f64)] {
        &self.outcomes
    }

    /// The files of the evidence commit, given the episode's solution.
    pub fn into_files(mut self, best: &Shelved) -> BTreeMap<String, String> {
        let folder = self.folder();
        let mut text = self.lines.join("\n");
        text.push('\n');
        self.files.insert(format!("{folder}/attempts.jsonl"), text);
        if !self.advice.is_empty() {
            let text = self.advice.join("\n") + "\n";
            self.files.insert(format!("{folder}/advice.jsonl"), text);
        }
        for (path, text) in best.iter() {
            self.files.insert(format!("{folder}/best/{path}"), text.to_owned());
        }
        self.files
    }
}

/// Adds what was asked to the files of an evidence commit, under its hash; its path.
pub fn add_prompt(files: &mut BTreeMap<String, String>, text: &str) -> String {
    let path = format!("prompts/{}.md", Digest::of(text.as_bytes()));
    files.insert(path.clone(), text.to_owned());
    path
}

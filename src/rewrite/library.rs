//! What a meta role may look up of its run: every generation, what it was measured at, and the attempts behind that.
//!
//! All of it is filled in by the kernel from the family tree as it stood when the rewrite was dispatched, so a resumed
//! run reads the same. Numbers are those of the train cases; select and test numbers are not in it. The same pages are
//! tools for a model that asks in turns, and files for a command.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use crate::archive::Archive;
use crate::base::id::{EpisodeId, GenerationId, RunName};
use crate::domain::event::EpisodeResult;
use crate::domain::files::FileSet;
use crate::domain::lineage::{Generation, Lineage};

/// The family tree at one moment, and where the attempts are kept.
pub struct Library {
    /// The tree.
    pub lineage: Arc<Lineage>,
    /// The generations' evidence.
    pub archive: Archive,
    /// The run.
    pub run: RunName,
}

impl Library {
    /// All generations, oldest first: parent, kind, state, mean score, measured effect, summary.
    pub fn generations(&self) -> String {
        let mut text = String::from("generation parent op status mean_score effect summary\n");
        for g in self.lineage.generations() {
            let parent = g.plan.parents.first().map_or("-".to_owned(), ToString::to_string);
            let status = serde_json::to_value(g.plan.status).ok();
            let _ = writeln!(
                text,
                "{} {parent} {} {} {} {} {}",
                g.id(),
                g.plan.op,
                status.as_ref().and_then(Value::as_str).unwrap_or("-"),
                number(g.mean()),
                number(self.lineage.effect(g.id())),
                g.plan.summary
            );
        }
        text
    }

    /// The paths of a generation's files with their sizes.
    pub fn files(&self, id: GenerationId) -> Result<String, String> {
        let lines = self.generation(id)?.files.iter();
        Ok(lines.map(|(path, text)| format!("{path} {} bytes\n", text.len())).collect())
    }

    /// One file of a generation.
    pub fn read(&self, id: GenerationId, path: &str) -> Result<String, String> {
        let generation = self.generation(id)?;
        let text = generation.files.get(path).map(str::to_owned);
        text.ok_or_else(|| format!("{id} has no file `{path}`; `files {id}` lists them"))
    }

    /// The lines that hold a text, in one generation or all.
    pub fn grep(&self, id: Option<GenerationId>, words: &str) -> Result<String, String> {
        if let Some(id) = id {
            self.generation(id)?;
        }
        let mut found = String::new();
        let chosen = |g: &&Generation| id.is_none_or(|id| id == g.id());
        for g in self.lineage.generations().iter().filter(chosen) {
            for (path, text) in g.files.iter() {
                for (line, number) in text.lines().zip(1..).filter(|(line, _)| line.contains(words))
                {
                    let _ = writeln!(found, "{} {path}:{number}: {line}", g.id());
                }
            }
        }
        if found.is_empty() { Err(format!("no line holds `{words}`")) } else { Ok(found) }
    }

    /// What differs between two generations.
    pub fn diff(&self, old: GenerationId, new: GenerationId) -> Result<String, String> {
        let (a, b) = (self.generation(old)?, self.generation(new)?);
        let mut text = String::new();
        for path in b.files.changed_from(&a.files) {
            let side = |g: &Generation| g.files.get(&path).unwrap_or_default().to_owned();
            let (before, after) = (side(a), side(b));
            let diff = similar::TextDiff::from_lines(before.as_str(), after.as_str());
            let names = (format!("{old}/{path}"), format!("{new}/{path}"));
            let _ = write!(text, "{}", diff.unified_diff().header(&names.0, &names.1));
        }
        Ok(if text.is_empty() { "they are equal\n".to_owned() } else { text })
    }

    /// What a generation was measured at, an episode a line, and its failures by class.
    pub fn episodes(&self, id: GenerationId) -> Result<String, String> {
        let mut text = String::from("episode start_metric best_metric score attempts accepted\n");
        for (episode, result) in &self.generation(id)?.measured {
            let EpisodeResult { start_metric, metric, score, attempts, accepted, .. } = &**result;
            let (start, metric) = (number(*start_metric), number(*metric));
            let _ = writeln!(text, "{episode} {start} {metric} {score:.4} {attempts} {accepted}");
        }
        Ok(text)
    }

    /// A generation's failures by class: how often, and the first.
    pub fn failures(&self, id: GenerationId) -> Result<String, String> {
        let mut text = String::from("episode class count first\n");
        for (episode, result) in &self.generation(id)?.measured {
            for (class, count, example) in result.failures.iter() {
                let _ = writeln!(text, "{episode} {class} {count} {}", example.replace('\n', " "));
            }
        }
        Ok(text)
    }

    /// The attempts of an episode, a line each; or one of them with its answers.
    pub fn trace(
        &self,
        id: GenerationId,
        episode: &EpisodeId,
        attempt: Option<u64>,
    ) -> Result<String, String> {
        if !self.generation(id)?.measured.contains_key(episode) {
            return Err(format!("{id} was not measured on {episode}"));
        }
        let path = format!("{}-{}/attempts.jsonl", episode.task, episode.index);
        let evidence = self.archive.evidence(&self.run, id).ok().flatten();
        let lines = evidence.and_then(|evidence| evidence.read(&path).ok().flatten());
        let lines = lines.ok_or_else(|| format!("the attempts of {id} are not at hand"))?;
        let records = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut text = String::from("attempt end metric score reason summary\n");
        for record in records {
            let number = record.get("attempt").and_then(Value::as_u64);
            let told = |key: &str| match record.get("result").and_then(|result| result.get(key)) {
                Some(Value::String(words)) => words.replace('\n', " "),
                Some(Value::Number(number)) => number.to_string(),
                _ => "-".to_owned(),
            };
            let columns = ["end", "metric", "score", "reason", "summary"].map(told).join(" ");
            let line = format!("{} {columns}\n", number.unwrap_or_default());
            if attempt.is_none() {
                text.push_str(&line);
            } else if attempt == number {
                text.push_str(&line);
                let answers = record.get("answers").and_then(Value::as_array);
                for answer in answers.into_iter().flatten().filter_map(Value::as_str) {
                    let _ = write!(text, "\n---- answer ----\n{answer}\n");
                }
                return Ok(text);
            }
        }
        match attempt {
            Some(attempt) => Err(format!("{episode} of {id} has no attempt {attempt}")),
            None => Ok(text),
        }
    }

    /// The same as files, for a command: the table, and of each generation its files and measurements.
    pub fn as_files(&self) -> FileSet {
        let mut files = FileSet::default();
        files.0.insert("generations.txt".into(), self.generations());
        for g in self.lineage.generations() {
            let id = g.id();
            for (path, text) in g.files.iter() {
                files.0.insert(format!("{id}/agent/{path}"), text.to_owned());
            }
            for (name, page) in [("episodes", self.episodes(id)), ("failures", self.failures(id))] {
                files.0.extend(page.ok().map(|page| (format!("{id}/{name}.txt"), page)));
            }
        }
        files
    }

    fn generation(&self, id: GenerationId) -> Result<&Generation, String> {
        self.lineage
            .get(id)
            .ok_or_else(|| format!("there is no {id} yet; `generations` lists them"))
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}

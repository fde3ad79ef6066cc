//! The run as the meta role's prompt sees it. docs/prompts.md lists the variables: they are contract.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::domain::credit::Practice;
use crate::domain::event::{Diagnostic, GenerationStatus, OperatorCredit};
use crate::domain::lineage::{Generation, Lineage};
use crate::domain::settings::{Identity, Start};
use crate::domain::task::Task;
use crate::model::Lesson;
use crate::prompt;

/// Earlier rewrites shown, the newest ones.
const HISTORY: usize = 40;

/// What the kernel adds to what the family tree knows.
pub struct Ask<'a> {
    /// The run.
    pub identity: &'a Identity,
    /// Its tasks.
    pub tasks: &'a BTreeMap<TaskName, Arc<Task>>,
    /// The generation copied.
    pub parent: GenerationId,
    /// The script's word for the kind of rewrite.
    pub op: &'a str,
    /// Episodes to look at.
    pub focus: &'a [EpisodeId],
    /// Other generations to learn from.
    pub references: &'a [GenerationId],
    /// The script's own variables.
    pub extra: &'a Map<String, Value>,
    /// What the prompt shows, as the script asks; empty: everything.
    pub show: &'a [String],
    /// What the answer must look like.
    pub contract: &'a str,
    /// The card of the strategy language.
    pub card: &'a str,
}

/// The variables of the meta role's prompt.
pub fn meta(lineage: &Lineage, ask: &Ask<'_>) -> Value {
    let parent = lineage.get(ask.parent);
    let files: Vec<Value> = parent
        .map(|g| g.files.iter().map(|(path, text)| json!({"path": path, "text": text})).collect())
        .unwrap_or_default();
    let episodes: Vec<Value> = parent
        .map(|g| {
            g.measured
                .iter()
                .map(|(id, result)| {
                    json!({
                        "id": id, "task": id.task, "start": result.start_metric,
                        "metric": result.metric, "score": result.score,
                        "attempts": result.attempts, "accepted": result.accepted,
                    })
                })
                .collect()
        })
        .unwrap_or_default();
    let made = lineage.made();
    let mut variables = json!({
        "generation": {
            "id": ask.parent,
            "mean": parent.and_then(|g| g.mean()),
            "n": parent.map_or(0, |g| g.measured.len()),
        },
        "files": files,
        "episodes": episodes,
        "failures": failures(lineage, ask.parent),
        "history": history(lineage),
        "credit": credit(lineage).into_iter().map(|(operator, credit)| json!({
            "operator": operator, "tries": credit.tries, "accepted": credit.accepted,
            "gain": credit.gain,
        })).collect::<Vec<_>>(),
        "budget": {
            "generations_left": ask.identity.generations.saturating_sub(made),
            "attempts_per_episode": ask.identity.attempts,
            "episodes": lineage.episodes().len(),
            "usd_left": null,
        },
        "tasks": ask.tasks.values().map(|task| json!({
            "name": task.spec.name, "title": task.spec.title, "metric": task.spec.metric,
            "direction": task.spec.direction,
        })).collect::<Vec<_>>(),
        "card": ask.card,
        "contract": ask.contract,
        "op": ask.op,
        "focus": ask.focus,
        "findings": [],
        "extra": ask.extra,
        "references": ask.references.iter().filter_map(|id| reference(lineage, ask.parent, *id))
            .collect::<Vec<_>>(),
        "traces": traces(lineage, ask),
    });
    if let Some(table) = prompt::role("meta") {
        prompt::narrow(table, &mut variables, ask.show);
    }
    variables
}

/// Another generation: what it reached, and its files as far as they differ from the parent's.
fn reference(lineage: &Lineage, parent: GenerationId, id: GenerationId) -> Option<Value> {
    let (other, parent) = (lineage.get(id)?, lineage.get(parent)?);
    let own = |path: String| Some(json!({"path": path, "text": other.files.get(&path)?}));
    let files: Vec<Value> =
        other.files.changed_from(&parent.files).into_iter().filter_map(own).collect();
    Some(json!({"id": id, "mean": other.mean(), "files": files}))
}

/// What the parent and the references did on the episodes in focus.
fn traces(lineage: &Lineage, ask: &Ask<'_>) -> Vec<Value> {
    let generations = std::iter::once(&ask.parent).chain(ask.references);
    let measured = generations.filter_map(|id| lineage.get(*id)).flat_map(|generation| {
        let found = |episode| Some((episode, generation.measured.get(episode)?));
        ask.focus
            .iter()
            .filter_map(found)
            .map(move |(episode, result)| (generation, episode, result))
    });
    measured
        .map(|(generation, episode, result)| {
            let best: Vec<Value> = result
                .best
                .iter()
                .map(|(path, text)| json!({"path": path, "text": text}))
                .collect();
            json!({
                "generation": generation.id(), "episode": episode, "start": result.start_metric,
                "metric": result.metric, "score": result.score, "attempts": result.attempts,
                "accepted": result.accepted, "best": best,
                "failures": result.failures.iter().map(|(class, count, example)| json!({
                    "class": class, "count": count, "example": example,
                })).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn failures(lineage: &Lineage, id: GenerationId) -> Vec<Value> {
    let mut classes: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
    let results = lineage.get(id).into_iter().flat_map(|g| g.measured.values());
    for (class, count, example) in results.flat_map(|result| result.failures.iter()) {
        classes.entry(class).or_insert((0, example)).0 += count;
    }
    classes
        .into_iter()
        .map(
            |(class, (count, example))| json!({"class": class, "count": count, "example": example}),
        )
        .collect()
}

fn history(lineage: &Lineage) -> Vec<Value> {
    let skip = 1.max(lineage.generations().len().saturating_sub(HISTORY));
    lineage
        .generations()
        .iter()
        .skip(skip)
        .map(|g| {
            json!({
                "id": g.id(), "parent": g.plan.parents.first(), "op": g.plan.op,
                "summary": g.plan.summary, "changed": g.plan.changed, "status": g.plan.status,
                "mean": g.mean(), "effect": lineage.effect(g.id()),
            })
        })
        .collect()
}

/// Earlier rewrites with their measured effect, oldest first.
pub fn lessons(lineage: &Lineage) -> Vec<Lesson> {
    lineage
        .generations()
        .iter()
        .filter_map(|g| {
            Some(Lesson {
                generation: g.id(),
                parent: *g.plan.parents.first()?,
                summary: g.plan.summary.clone(),
                status: g.plan.status,
                effect: lineage.effect(g.id()),
            })
        })
        .collect()
}

/// What each operator brought, over every measured generation.
pub fn credit(lineage: &Lineage) -> BTreeMap<String, OperatorCredit> {
    let mut sums: BTreeMap<String, OperatorCredit> = BTreeMap::new();
    let valid = |status| status == GenerationStatus::Valid;
    for generation in lineage.generations().iter().filter(|g| valid(g.plan.status)) {
        for (operator, credit) in generation.measured.values().flat_map(|r| &r.credit) {
            let sum = sums.entry(operator.clone()).or_default();
            sum.tries += credit.tries;
            sum.accepted += credit.accepted;
            sum.gain += credit.gain;
        }
    }
    sums
}

/// The episodes behind the credit, one by one. Those that start where their ancestors ended are comparable within a
/// generation only.
pub fn practice(lineage: &Lineage, start: Start) -> Vec<Practice> {
    let valid = lineage.generations().iter().filter(|g| g.plan.status == GenerationStatus::Valid);
    let of = |generation: &Generation| {
        let from = match start {
            Start::Initial => String::new(),
            Start::Carry => generation.id().to_string(),
        };
        let episodes = generation.measured.iter().map(|(episode, result)| Practice {
            group: format!("{} {from}", episode.task),
            score: result.score,
            tries: result.credit.iter().map(|(key, credit)| (key.clone(), credit.tries)).collect(),
        });
        episodes.collect::<Vec<_>>()
    };
    valid.flat_map(of).collect()
}

/// What goes back to the author of a rewrite that did not pass.
pub fn repair(findings: &[Diagnostic], contract: &str) -> String {
    let mut text = String::from(
        "Your rewrite was not accepted. Nothing was run and nothing was spent. Findings:\n",
    );
    for finding in findings {
        let _ = writeln!(text, "- {finding}");
    }
    let _ = write!(
        text,
        "\nAnswer again with edits to the files as they were given to you (not to your last \
         answer).\n\n{contract}"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::AgentFiles;
    use crate::domain::event::{EpisodeResult, FailureCount, GenerationPlan};
    use crate::domain::settings::Start;

    fn plan(number: u32, parent: Option<u32>) -> GenerationPlan {
        GenerationPlan {
            generation: GenerationId(number),
            parents: parent.map(GenerationId).into_iter().collect(),
            by: parent.map(GenerationId),
            op: "rewrite".into(),
            status: GenerationStatus::Valid,
            files: AgentFiles::from_iter([("agent.toml", "[params]\n")]),
            changed: vec!["agent.toml".into()],
            summary: "a step".into(),
            diagnostics: Vec::new(),
            stage_failed: None,
            model: None,
            repairs: 0,
            tag: Default::default(),
            handed_back: Vec::new(),
            focus: Vec::new(),
        }
    }

    fn lineage() -> Lineage {
        let episode: EpisodeId = "toy#0".parse().unwrap();
        let mut lineage = Lineage::new(vec![episode.clone()]);
        lineage.plan(plan(0, None));
        lineage.plan(plan(1, Some(0)));
        let failure = FailureCount { count: 2, example: "at line 3".into() };
        let credit = OperatorCredit { tries: 4, accepted: 1, gain: 0.1 };
        let result = EpisodeResult {
            cases: 5,
            start_metric: Some(1.0),
            metric: Some(2.0),
            score: 0.2,
            best: AgentFiles::default(),
            attempts: 5,
            accepted: 1,
            trials: 10,
            select_metric: Some(9.0),
            select_score: Some(0.9),
            select_cases: Vec::new(),
            select_block: 0,
            failures: BTreeMap::from([("TypeError".into(), failure)]),
            credit: BTreeMap::from([("num".into(), credit)]),
        };
        lineage.measured(GenerationId(1), episode, result);
        lineage
    }

    fn variables(show: &[String]) -> Value {
        let identity = Identity {
            agent: "seed".into(),
            generations: 4,
            attempts: 24,
            episodes: 1,
            start: Start::Initial,
            ..Identity::plain("run-1".parse().unwrap(), Vec::new())
        };
        let ask = Ask {
            identity: &identity,
            tasks: &BTreeMap::new(),
            parent: GenerationId(1),
            op: "rewrite",
            focus: &["toy#0".parse().unwrap()],
            references: &[GenerationId(0)],
            extra: &Map::new(),
            show,
            contract: "edits",
            card: "the card",
        };
        meta(&lineage(), &ask)
    }

    #[test]
    fn the_meta_role_gets_exactly_the_variables_of_its_table() {
        let variables = variables(&[]);
        prompt::assert_fills(prompt::role("meta").unwrap(), &variables, "the kernel's");
        for filled in ["files", "episodes", "failures", "history", "credit", "focus"] {
            assert_eq!(variables[filled].as_array().unwrap().len(), 1, "{filled}");
        }
    }

    #[test]
    fn show_narrows_what_is_shown_and_select_scores_never_are() {
        let narrowed = variables(&["history".to_owned()]);
        assert_eq!(narrowed["history"].as_array().unwrap().len(), 1);
        assert_eq!(narrowed["episodes"], json!([]));
        assert!(!variables(&[]).to_string().contains("0.9"), "a select score is shown");
    }
}

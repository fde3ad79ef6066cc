//! One generation in full, for `show`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figure;
use super::generation::{GenerationView, TaskScore};
use super::ink::Page;
use super::listing;
use super::per_task;
use super::run::RunView;
use super::seal;
use super::spend::CostDocument;
use crate::domain::event::{Diagnostic, GenerationStatus, Stage};

/// `show --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShowDocument {
    /// The run.
    pub run: String,
    /// Whether no candidate of the run could have written its own score.
    pub sealed: bool,
    /// The generation.
    pub id: String,
    /// Its commit.
    pub commit: Option<String>,
    /// The generations it came from.
    pub parents: Vec<String>,
    /// Whose meta role wrote it.
    pub by: Option<String>,
    /// A word for the kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// What changed, in a line.
    pub summary: String,
    /// Paths that differ from the first parent.
    pub files_changed: Vec<String>,
    /// The stage that refused it.
    pub stage_failed: Option<Stage>,
    /// What the validation found last.
    pub diagnostics: Vec<Diagnostic>,
    /// Repairs it took.
    pub repairs: u32,
    /// The mean score over its episodes.
    pub score: Option<f64>,
    /// The mean score and the number of episodes of each task, in the order given.
    pub tasks: Vec<TaskScore>,
    /// Its mean score minus the parent's, in pairs.
    pub effect: Option<f64>,
    /// Its episodes.
    pub episodes: Vec<EpisodeDocument>,
    /// What calls used.
    pub cost: CostDocument,
    /// The commit of its evidence.
    pub evidence: Option<String>,
}

/// One episode in `show --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpisodeDocument {
    /// The episode.
    pub id: String,
    /// The generation whose solution it started from; null: the task's initial solution.
    pub from: Option<String>,
    /// The train metric of the start.
    pub start_metric: Option<f64>,
    /// The train metric of the best candidate.
    pub metric: Option<f64>,
    /// Its score.
    pub score: Option<f64>,
    /// Attempts that ended.
    pub attempts: u32,
    /// Of these, kept.
    pub accepted: u32,
    /// Of these, never measured.
    pub unmeasured: u32,
    /// Of these, measured without a metric.
    pub failed: u32,
    /// Trials made.
    pub trials: u32,
    /// Whether it ended.
    pub ended: bool,
}

/// The document of one generation.
pub fn document(view: &RunView, generation: &GenerationView) -> ShowDocument {
    let run = view.identity.as_ref().map(|identity| identity.run.to_string()).unwrap_or_default();
    ShowDocument {
        run,
        sealed: view.is_sealed(),
        id: generation.id.to_string(),
        commit: generation.commit.clone(),
        parents: generation.parents.iter().map(ToString::to_string).collect(),
        by: generation.by.map(|by| by.to_string()),
        op: generation.op.clone(),
        status: generation.status,
        summary: generation.summary.clone(),
        files_changed: generation.changed.clone(),
        stage_failed: generation.stage_failed,
        diagnostics: generation.diagnostics.clone(),
        repairs: generation.repairs,
        score: generation.mean(),
        tasks: view.by_task(generation),
        effect: view.effect(generation),
        episodes: generation
            .episodes
            .iter()
            .map(|(id, episode)| EpisodeDocument {
                id: id.to_string(),
                from: episode.from.map(|from| from.to_string()),
                start_metric: episode.start_metric,
                metric: episode.metric,
                score: episode.score,
                attempts: episode.attempts,
                accepted: episode.accepted,
                unmeasured: episode.unmeasured,
                failed: episode.failed,
                trials: episode.trials,
                ended: episode.ended,
            })
            .collect(),
        cost: CostDocument::from(&generation.spend),
        evidence: generation.evidence.clone(),
    }
}

/// One generation, in words.
pub fn portrait(view: &RunView, generation: &GenerationView, page: Page) -> String {
    let mut text = format!(
        "{}{}  {}\n",
        page.ink.name(&generation.id.to_string()),
        page.ink.strong(&listing::labels(view, generation.id)),
        listing::what(generation)
    );
    let mut fact = |name: &str, value: &str| {
        text.push_str(&format!("  {}{value}\n", page.ink.faint(&format!("{name:<9}"))));
    };
    fact("commit", generation.commit.as_deref().unwrap_or("none yet"));
    match generation.parents.split_first() {
        None => fact("parent", "none: the agent the run started from"),
        Some((first, [])) => fact("parent", &first.to_string()),
        Some((first, others)) => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            fact("parents", &format!("{first}, {}", others.join(", ")));
        }
    }
    if generation.is_rewrite() {
        let by = view.author(generation);
        let by = by.map(|by| format!(" by the meta role of {by}")).unwrap_or_default();
        let model =
            generation.model.as_ref().map(|alias| format!(" ({alias})")).unwrap_or_default();
        fact("made", &format!("{}{by}{model}, {} repairs", generation.op, generation.repairs));
        fact("changed", &generation.changed.join(", "));
    }
    match generation.status {
        GenerationStatus::Valid => {
            fact("score", &figure::score(generation.mean()));
            if let Some(scores) = per_task::scores(view, generation) {
                fact("tasks", &scores);
            }
            if let Some(effect) = view.effect(generation) {
                let told = figure::effect(Some(effect), page.ink);
                fact("effect", &format!("{} against its parent, in pairs", told.trim()));
            }
        }
        status => fact("status", &page.ink.bad(listing::status_word(status))),
    }
    for words in seal::lines(view) {
        fact("task", &words);
    }
    for found in &generation.diagnostics {
        fact("found", &found.to_string());
    }
    for (id, episode) in &generation.episodes {
        let from = episode.from.map_or_else(
            || "from the initial solution".to_owned(),
            |from| format!("from the solution of {from}"),
        );
        let number = |metric: Option<f64>| metric.map_or("-".to_owned(), figure::metric);
        fact(
            "episode",
            &format!(
                "{id} {from}: {} -> {}  score {}  {}, {} kept, {} failed, {} unmeasured{}",
                number(episode.start_metric),
                number(episode.metric),
                figure::score(episode.score),
                figure::count(u64::from(episode.attempts), "attempt"),
                episode.accepted,
                episode.failed,
                episode.unmeasured,
                if episode.ended { "" } else { ", not ended" },
            ),
        );
    }
    let nameless = BTreeMap::new();
    let mut tested =
        view.tests.iter().rev().map(|test| test.briefly(&nameless, Some(generation.id)));
    for line in tested.find(|lines| !lines.is_empty()).unwrap_or_default() {
        fact("test", &line);
    }
    let spend = &generation.spend;
    fact(
        "cost",
        &format!(
            "{}, {} tokens, {}",
            figure::count(spend.calls, "answer"),
            spend.token_count(),
            spend.price()
        ),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::small_run;
    use super::*;
    use crate::base::id::GenerationId;

    #[test]
    fn a_generation_is_shown_with_its_episodes() {
        let view = RunView::of(&small_run());
        insta::assert_snapshot!(portrait(&view, &view.generations[&GenerationId(1)], Page::PLAIN), @r"
            gen-00001  param: operators.num 1.0 -> 1.4
              commit   000000000000000000000000000000000abc0001
              parent   gen-00000
              made     rewrite by the meta role of gen-00000 (offline), 0 repairs
              changed  agent.toml
              score    0.200
              effect   +0.100 against its parent, in pairs
              episode  snake#0 from the initial solution: 4 -> 8  score 0.200  2 attempts, 1 kept, 0 failed, 0 unmeasured
              cost     3 answers, 0 tokens, $0.0000
            ");
    }

    #[test]
    fn a_rejected_one_shows_what_was_found_and_has_no_score() {
        let view = RunView::of(&small_run());
        let rejected = &view.generations[&GenerationId(2)];
        let text = portrait(&view, rejected, Page::PLAIN);
        assert!(text.contains("found    E301 strategy.star:12"), "{text}");
        assert_eq!(document(&view, rejected).score, None);
    }
}

//! The episode as a script sees it: `T`, as a base and as the changes that follow.
//!
//! [`crate::domain::state`] has the fields. Nothing here knows of select or test cases.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::episode::{Attempt, Episode};
use crate::domain::action::{InnerAction, Tag};
use crate::domain::event::{AttemptEnd, AttemptResult};
use crate::domain::files::FileSet;
use crate::domain::state::{AttemptCost, AttemptState, InnerBudget, InnerState, TaskState};

/// The whole state, for a worker that has not seen the episode yet.
pub fn state(episode: &Episode) -> InnerState {
    let setting = &episode.setting;
    let spec = &setting.task.spec;
    InnerState {
        task: TaskState {
            id: spec.name.to_string(),
            metric: spec.metric.clone(),
            direction: spec.direction,
            perfect: spec.perfect,
        },
        attempts: episode.attempts().iter().map(|attempt| ended(episode, attempt)).collect(),
        best_id: episode.best_id(),
        incumbent_id: episode.incumbent_id(),
        reviews: reviews(episode),
        reflected: episode.reflected(),
        stale: episode.stale(),
        pending: pending(episode),
        params: setting.params.clone(),
        budget: InnerBudget { attempts: setting.attempts },
        used: used(episode),
        left: left(episode),
        models: setting.models.clone(),
        memory: memory(episode),
    }
}

/// The top-level fields that change with every decision or result; the worker sets them as they are.
pub fn changing(episode: &Episode) -> Vec<(&'static str, Value)> {
    vec![
        ("best_id", json!(episode.best_id())),
        ("incumbent_id", json!(episode.incumbent_id())),
        ("reflected", json!(episode.reflected())),
        ("stale", json!(episode.stale())),
        ("pending", json!(pending(episode))),
        ("used", json!(used(episode))),
        ("left", json!(left(episode))),
        ("reviews", json!(reviews(episode))),
        ("memory", json!(memory(episode))),
    ]
}

fn reviews(episode: &Episode) -> Vec<Value> {
    episode.reviews().iter().map(|review| json!(review)).collect()
}

/// The sizes of the notes, those of the episode in place of the agent's of the same name.
fn memory(episode: &Episode) -> BTreeMap<String, u32> {
    let size = |text: &String| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let own = episode.notes().iter().map(|(name, text)| (name.clone(), size(text)));
    episode.setting.memory.clone().into_iter().chain(own).collect()
}

fn used(episode: &Episode) -> InnerBudget {
    InnerBudget { attempts: episode.used() }
}

fn left(episode: &Episode) -> InnerBudget {
    InnerBudget { attempts: episode.setting.attempts.saturating_sub(episode.used()) }
}

fn pending(episode: &Episode) -> Vec<Value> {
    episode.open().iter().map(|(_, action)| json!(action)).collect()
}

/// One attempt that has ended, as `T.attempts` holds it.
pub fn ended(episode: &Episode, attempt: &Attempt) -> AttemptState {
    let action = Action {
        base: attempt.base,
        refs: &attempt.refs,
        op: &attempt.op,
        tag: &attempt.tag,
        kids: attempt.kids,
    };
    state_of(episode, attempt.id, &action, attempt.files.as_deref(), &attempt.result)
}

/// A measured candidate as `accept` sees it, before it is one of `T.attempts`.
pub fn judged(
    episode: &Episode,
    id: u32,
    files: Option<&FileSet>,
    result: &AttemptResult,
) -> AttemptState {
    let none = Tag::new();
    let action = match episode.open_action(id) {
        Some(InnerAction::Propose { base, refs, op, tag, .. }) => {
            Action { base: Some(*base), refs, op, tag, kids: 0 }
        }
        _ => Action { base: None, refs: &[], op: "", tag: &none, kids: 0 },
    };
    state_of(episode, id, &action, files, result)
}

struct Action<'a> {
    base: Option<u32>,
    refs: &'a [u32],
    op: &'a str,
    tag: &'a Tag,
    kids: u32,
}

fn state_of(
    episode: &Episode,
    id: u32,
    action: &Action<'_>,
    files: Option<&FileSet>,
    result: &AttemptResult,
) -> AttemptState {
    let base = action.base.and_then(|id| episode.attempt(id));
    let ok = result.metric.is_some() && result.end != AttemptEnd::Refused;
    let sim = base.and_then(|base| Some(similarity(base.files.as_deref()?, files?)));
    AttemptState {
        id,
        base: action.base,
        refs: action.refs.to_vec(),
        op: action.op.to_owned(),
        model: result.model.clone(),
        ok,
        error_class: result.error_class.clone(),
        score: result.score.filter(|_| ok).unwrap_or(0.0),
        metric: result.metric,
        base_score: base.and_then(|base| base.result.score),
        gain: result.gain.unwrap_or(0.0),
        ev: result.cases.iter().map(|case| (case.id.clone(), case.metric)).collect(),
        lines: result.lines,
        sim: sim.unwrap_or(0.0),
        features: result.features.clone(),
        kids: action.kids,
        tag: action.tag.clone(),
        reviewed: episode.reviewed().contains(&id),
        accepted: id == 0 || result.end == AttemptEnd::Accepted,
        cost: AttemptCost { evaluations: u64::from(result.trials) },
    }
}

/// How alike two sets of files are: 1 for equal, 0 for nothing in common; the share of lines kept in order.
pub fn similarity(a: &FileSet, b: &FileSet) -> f64 {
    let text =
        |files: &FileSet| files.0.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    f64::from(similar::TextDiff::from_lines(text(a), text(b)).ratio())
}

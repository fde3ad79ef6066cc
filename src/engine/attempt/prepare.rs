//! What an attempt is given when it is dispatched: a copy of everything it reads of the episode.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::choice;
use super::super::rehearse::Rehearsal;
use super::super::session::Session;
use super::{Dispatch, Likeness};
use crate::domain::action::InnerAction;
use crate::domain::agent::Role;
use crate::domain::edit;
use crate::domain::event::{AttemptEnd, CallKey};
use crate::domain::files::FileSet;
use crate::domain::outcome::CaseResult;
use crate::domain::task::Case;
use crate::domain::tool;
use crate::model::WorkerBrief;
use crate::rewrite::Agent;
use crate::solve::candidate::{self, Refusal};
use crate::solve::context;
use crate::solve::episode::{Attempt, Episode};
use crate::solve::tools::{self, History};

/// How often a candidate too similar to an earlier one goes back, unless the script says.
const RESAMPLE: u32 = 2;
/// References given to the optimiser besides those the script names.
const REFERENCES: usize = 4;

/// Prepares an attempt from the episode's state at this moment. `None` when the action is no proposal.
pub fn dispatch(
    session: &Session,
    agent: &Agent,
    episode: &Episode,
    cases: &Arc<Vec<Case>>,
    attempt: u32,
) -> Option<Dispatch> {
    let Some(InnerAction::Propose {
        base,
        refs,
        op,
        role,
        show,
        vars,
        model,
        format,
        max_similarity,
        resample,
        ..
    }) = episode.open_action(attempt)
    else {
        return None;
    };
    let setting = &episode.setting;
    let base = episode.attempt(*base)?;
    let (role_spec, prompt) = agent.role(role)?;
    let mut role_spec = role_spec.clone();
    role_spec.format = format.unwrap_or(role_spec.format);
    let references: Vec<&Attempt> = refs.iter().filter_map(|id| episode.attempt(*id)).collect();
    let vars = context::worker(
        episode,
        &context::Ask {
            op,
            base,
            references: references.clone(),
            show,
            extra: vars,
            contract: &edit::candidate_contract(
                role_spec.format,
                &setting.task.spec.solution.editable_paths(),
            ),
            memory: &agent.memory(),
        },
    );
    let rehearsal = rehearsal(&role_spec, episode);
    let prompt = prompt
        .render(&vars)
        .map(|text| text + &rehearsal.card)
        .map_err(|fault| Refusal { class: "prompt", reason: fault.to_string() });
    let alias = model
        .clone()
        .or_else(|| session.identity.model.clone())
        .unwrap_or_else(|| role_spec.model.clone());
    let key = CallKey::Attempt {
        generation: setting.generation,
        episode: setting.episode.clone(),
        attempt,
        turn: 0,
    };
    let ask = choice::Ask {
        key: &key,
        indices: &super::super::episode::stream_indices(
            session,
            setting.generation,
            &setting.episode,
            &[u64::from(attempt)],
        ),
        prompt_bytes: prompt.as_ref().map_or(0, String::len),
        max_output_tokens: role_spec.max_output_tokens,
    };
    let alias = choice::for_attempt(session, episode, alias, &ask);
    let wanted = session.models.is_command(&alias);
    let beside = if wanted { candidate::as_files(episode.attempts()) } else { FileSet::default() };
    Some(Dispatch {
        generation: setting.generation,
        episode: setting.episode.clone(),
        attempt,
        task: setting.task.clone(),
        cases: cases.clone(),
        role_name: role.clone(),
        alias,
        prompt,
        brief: WorkerBrief {
            base: base.files.as_deref().cloned().unwrap_or_default(),
            editable: setting.task.spec.solution.editable_paths(),
            references: reference_files(episode, &references, base.id),
            ingredients: setting.task.ingredients.clone(),
            operators: agent.config.operators.clone(),
            pieces: agent.config.pieces.clone(),
            op: op.clone(),
            failures: classes(base),
            format: role_spec.format,
        },
        role: role_spec,
        likeness: max_similarity.map(|most| Likeness {
            most,
            resample: resample.unwrap_or(RESAMPLE),
            others: episode
                .attempts()
                .iter()
                .filter_map(|a| Some((a.id, a.files.clone()?)))
                .collect(),
        }),
        base_results: base.result.cases.clone(),
        best: episode.best().result.metric,
        beside: Arc::new(beside),
        seen: episode.seen(),
        rehearsal,
    })
}

/// What a role may do before it answers: nothing unless it has tools and turns for them.
fn rehearsal(role: &Role, episode: &Episode) -> Rehearsal {
    let specs = if role.turns > 1 { tools::specs(&role.tools) } else { Vec::new() };
    let (card, looks, history) = match specs.is_empty() {
        true => (String::new(), 0, History::default()),
        false => (tool::card(role.turns, &specs), role.turns - 1, History::of(episode)),
    };
    Rehearsal { specs, card, looks, history: Arc::new(history) }
}

/// How often each class of failure occurred to a candidate, case by case.
fn classes(base: &Attempt) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for class in base.result.cases.iter().filter_map(CaseResult::class) {
        *counts.entry(class.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The candidates the optimiser may recombine: those the script names, then the best accepted ones.
fn reference_files(episode: &Episode, named: &[&Attempt], base: u32) -> Vec<FileSet> {
    let mut kept: Vec<&Attempt> = episode
        .attempts()
        .iter()
        .filter(|a| a.id != base && a.is_ok() && a.result.end == AttemptEnd::Accepted)
        .collect();
    kept.sort_by(|a, b| b.result.score.unwrap_or(0.0).total_cmp(&a.result.score.unwrap_or(0.0)));
    let named_ids: Vec<u32> = named.iter().map(|a| a.id).collect();
    kept.retain(|a| !named_ids.contains(&a.id));
    named
        .iter()
        .chain(kept.iter().take(REFERENCES))
        .filter_map(|attempt| attempt.files.as_deref().cloned())
        .collect()
}

//! The guard on actions: what an action may refer to. The dry run holds mock actions against it, the engine every real
//! one (stage 4), so the two cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::finding;
use super::intake;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::{InnerAction, OuterAction};
use crate::domain::agent::{Role, STRATEGY};
use crate::domain::event::Diagnostic;
use crate::prompt;

/// How a generation stands to the scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Valid: it can be a parent, measured, picked.
    Live,
    /// Retired by a script, or not admitted.
    Retired,
    /// Rejected, or a fault of the machine.
    Invalid,
}

/// What an outer action is held against.
#[derive(Debug, Clone, Copy)]
pub struct OuterFacts<'a> {
    /// The generations that exist.
    pub generations: &'a BTreeMap<GenerationId, Standing>,
    /// The episodes of the run.
    pub cases: &'a BTreeSet<EpisodeId>,
    /// The model aliases that exist.
    pub aliases: &'a BTreeSet<Alias>,
}

/// What an inner action is held against.
#[derive(Debug, Clone, Copy)]
pub struct InnerFacts<'a> {
    /// For each attempt from 0 on, whether it has a candidate.
    pub candidates: &'a [bool],
    /// The agent's roles.
    pub roles: &'a BTreeMap<String, Role>,
    /// The model aliases that exist.
    pub aliases: &'a BTreeSet<Alias>,
}

/// Refuses an outer action that refers to what it may not.
pub fn guard_outer(action: &OuterAction, facts: OuterFacts<'_>) -> Result<(), Diagnostic> {
    match action {
        OuterAction::Expand { parent, by, refs, focus, show, edit, model, .. } => {
            facts.live("parent", *parent)?;
            if let Some(by) = by {
                facts.live("by", *by)?;
            }
            for generation in refs {
                facts.known("refs", *generation)?;
            }
            facts.episodes("focus", focus)?;
            guard_show(show, "meta")?;
            guard_alias(model.as_ref(), facts.aliases)?;
            edit.iter().find_map(|path| intake::path_fault(path)).map_or(Ok(()), Err)
        }
        OuterAction::Evaluate { who, cases } => {
            facts.live("who", *who)?;
            facts.episodes("cases", cases)
        }
        OuterAction::Promote { who } => facts.live("who", *who),
        OuterAction::Stop { pick, .. } => pick.map_or(Ok(()), |pick| facts.live("pick", pick)),
    }
}

/// Refuses an inner action that refers to what it may not.
pub fn guard_inner(action: &InnerAction, facts: InnerFacts<'_>) -> Result<(), Diagnostic> {
    let InnerAction::Propose { base, refs, role, show, model, .. } = action else {
        return Ok(());
    };
    for (field, attempt) in
        std::iter::once(("base", base)).chain(refs.iter().map(|attempt| ("refs", attempt)))
    {
        let index = usize::try_from(*attempt).unwrap_or(usize::MAX);
        match facts.candidates.get(index) {
            Some(true) => {}
            Some(false) => {
                let what = format!(
                    "`{field}` = {attempt}: that attempt has no candidate; allowed: attempts with `ok`"
                );
                return Err(refusal("E403", what));
            }
            None => {
                let last = facts.candidates.len().saturating_sub(1);
                let what = format!("`{field}` = {attempt}: no such attempt; allowed: 0 to {last}");
                return Err(refusal("E403", what));
            }
        }
    }
    if !facts.roles.contains_key(role) {
        let known: Vec<&str> = facts.roles.keys().map(String::as_str).collect();
        let what = format!("the agent has no role `{role}`; allowed: {}", known.join(", "));
        return Err(refusal("E403", what));
    }
    if role != "worker" {
        let what = format!("propose asks the role `{role}`; allowed in this version: worker");
        return Err(refusal("E305", what));
    }
    guard_show(show, role)?;
    guard_alias(model.as_ref(), facts.aliases)
}

impl OuterFacts<'_> {
    fn known(&self, field: &str, generation: GenerationId) -> Result<Standing, Diagnostic> {
        self.generations.get(&generation).copied().ok_or_else(|| {
            let last = self.generations.keys().next_back().copied().unwrap_or_default();
            let what = format!(
                "`{field}` = {generation}: no such generation; allowed: the ids of S.gens, up to {last}"
            );
            refusal("E403", what)
        })
    }

    fn live(&self, field: &str, generation: GenerationId) -> Result<(), Diagnostic> {
        let why = match self.known(field, generation)? {
            Standing::Live => return Ok(()),
            Standing::Retired => "it is retired",
            Standing::Invalid => "it is not valid",
        };
        let what = format!("`{field}` = {generation}: {why}; allowed: the ids of S.live");
        Err(refusal("E403", what))
    }

    fn episodes(&self, field: &str, episodes: &[EpisodeId]) -> Result<(), Diagnostic> {
        let strange = episodes.iter().find(|episode| !self.cases.contains(*episode));
        strange.map_or(Ok(()), |episode| {
            let what =
                format!("`{field}` holds {episode}: no train episode; allowed: the ids of S.cases");
            Err(refusal("E402", what))
        })
    }
}

fn guard_show(show: &[String], role: &str) -> Result<(), Diagnostic> {
    let known: Vec<&str> =
        prompt::role(role).map(prompt::show_names).into_iter().flatten().collect();
    let strange = show.iter().find(|name| !known.contains(&name.as_str()));
    strange.map_or(Ok(()), |name| {
        let what = format!("`show` names `{name}`; allowed for {role}: {}", known.join(", "));
        Err(refusal("E404", what))
    })
}

fn guard_alias(model: Option<&Alias>, aliases: &BTreeSet<Alias>) -> Result<(), Diagnostic> {
    model.filter(|model| !aliases.contains(*model)).map_or(Ok(()), |model| {
        let known: Vec<&str> = aliases.iter().map(|alias| alias.as_str()).collect();
        let what = format!("unknown model alias `{model}`; allowed: {}", known.join(", "));
        Err(refusal("E205", what))
    })
}

fn refusal(code: &str, what: String) -> Diagnostic {
    finding(code, STRATEGY, 0, what)
}

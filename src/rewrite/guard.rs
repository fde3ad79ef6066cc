//! The guard on actions: what an action may refer to. The dry run holds mock actions against it, the engine every real
//! one (stage 4), so the two cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::finding;
use super::intake;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::{InnerAction, OuterAction};
use crate::domain::agent::{Role, STRATEGY};
use crate::domain::event::Diagnostic;
use crate::domain::judge::{AnchorState, EpochState, boundary};
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
    /// The generations that exist, by number.
    pub generations: &'a [Standing],
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
    /// The attempts a review was asked for.
    pub reviewed: &'a [u32],
    /// Whether a note was asked for since the last attempt was decided.
    pub reflected: bool,
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
        OuterAction::Merge { a, b, base, .. } => {
            facts.live("a", *a)?;
            facts.live("b", *b)?;
            if a == b {
                let what = format!("`a` and `b` are both {a}; allowed: two generations");
                return Err(refusal("E403", what));
            }
            base.map_or(Ok(()), |base| facts.known("base", base).map(drop))
        }
        OuterAction::Reflect { by, about, to } => {
            facts.live("by", *by)?;
            facts.live("about", *about)?;
            guard_note(to)
        }
        OuterAction::Retire { who } => {
            facts.live("who", *who)?;
            if facts.generations.iter().filter(|s| **s == Standing::Live).count() > 1 {
                return Ok(());
            }
            let what = format!("`who` = {who}: the last live one; allowed: keep one to go on from");
            Err(refusal("E403", what))
        }
        OuterAction::Attack { by, targets, .. } => {
            facts.live("by", *by)?;
            targets.iter().try_for_each(|target| facts.live("targets", *target))
        }
        // A judge reads on when its generation has left the selection: it is in office until a boundary.
        OuterAction::Judge { by, of, .. } => {
            facts.valid("by", *by)?;
            of.map_or(Ok(()), |of| facts.valid("of", of))
        }
        OuterAction::Epoch { judge, utility } => {
            judge.map_or(Ok(()), |judge| facts.valid("judge", judge))?;
            utility.map_or(Ok(()), |utility| facts.valid("utility", utility))
        }
        OuterAction::Evaluate { who, cases, .. } => {
            facts.live("who", *who)?;
            facts.episodes("cases", cases)
        }
        OuterAction::Promote { who } => facts.live("who", *who),
        OuterAction::Stop { pick, .. } => pick.map_or(Ok(()), |pick| facts.live("pick", pick)),
    }
}

/// Refuses an outer action that asks a role which the generation does not have.
pub fn guard_role(
    action: &OuterAction,
    has: impl Fn(GenerationId, &str) -> bool,
) -> Result<(), Diagnostic> {
    let (by, role) = match action {
        OuterAction::Attack { by, .. } => (*by, "tester"),
        OuterAction::Judge { by, .. } => (*by, "judge"),
        _ => return Ok(()),
    };
    if has(by, role) {
        return Ok(());
    }
    let what = format!(
        "`by` = {by}: its agent.toml has no [roles.{role}]; allowed: generations that have one"
    );
    Err(refusal("E403", what))
}

/// Refuses a boundary that no test has earned.
pub fn guard_boundary(
    action: &OuterAction,
    epoch: EpochState,
    tests: &BTreeMap<GenerationId, AnchorState>,
) -> Result<(), Diagnostic> {
    let OuterAction::Epoch { judge, .. } = action else { return Ok(()) };
    boundary(epoch, judge.unwrap_or(epoch.judge), tests).map_err(|what| refusal("E405", what))
}

/// Refuses an inner action that refers to what it may not.
pub fn guard_inner(action: &InnerAction, facts: InnerFacts<'_>) -> Result<(), Diagnostic> {
    let (base, refs, role, show, model) = match action {
        InnerAction::Stop { .. } => return Ok(()),
        InnerAction::Review { of, role, show } => {
            facts.ended("of", *of)?;
            if facts.reviewed.contains(of) {
                let what =
                    format!("`of` = {of}: reviewed before; allowed: attempts without `reviewed`");
                return Err(refusal("E404", what));
            }
            facts.role("review", role, "reviewer")?;
            return guard_show(show, role);
        }
        InnerAction::Reflect { by, about, to } => {
            about.iter().try_for_each(|attempt| facts.ended("about", *attempt).map(drop))?;
            if facts.reflected {
                let what =
                    "a second note without an attempt between; allowed: propose, then reflect";
                return Err(refusal("E404", what.to_owned()));
            }
            facts.role("reflect", by, "diagnose")?;
            return guard_note(to);
        }
        InnerAction::Propose { base, refs, role, show, model, .. } => {
            (base, refs, role, show, model)
        }
    };
    for (field, attempt) in
        std::iter::once(("base", base)).chain(refs.iter().map(|attempt| ("refs", attempt)))
    {
        if !facts.ended(field, *attempt)? {
            let what = format!(
                "`{field}` = {attempt}: that attempt has no candidate; allowed: attempts with `ok`"
            );
            return Err(refusal("E403", what));
        }
    }
    facts.role("propose", role, "worker")?;
    guard_show(show, role)?;
    guard_alias(model.as_ref(), facts.aliases)
}

impl InnerFacts<'_> {
    /// Whether an attempt that has ended has a candidate.
    fn ended(&self, field: &str, attempt: u32) -> Result<bool, Diagnostic> {
        let index = usize::try_from(attempt).unwrap_or(usize::MAX);
        self.candidates.get(index).copied().ok_or_else(|| {
            let last = self.candidates.len().saturating_sub(1);
            let what = format!("`{field}` = {attempt}: no such attempt; allowed: 0 to {last}");
            refusal("E403", what)
        })
    }

    /// An action asks one role, which the agent must have.
    fn role(&self, action: &str, role: &str, asked: &str) -> Result<(), Diagnostic> {
        if !self.roles.contains_key(role) {
            let known: Vec<&str> = self.roles.keys().map(String::as_str).collect();
            let what = format!("the agent has no role `{role}`; allowed: {}", known.join(", "));
            return Err(refusal("E403", what));
        }
        if role == asked {
            return Ok(());
        }
        let what = format!("{action} asks the role `{role}`; allowed: {asked}");
        Err(refusal("E305", what))
    }
}

/// A note is a file of `memory/`.
fn guard_note(to: &str) -> Result<(), Diagnostic> {
    if to.starts_with("memory/") && intake::path_fault(to).is_none() {
        return Ok(());
    }
    Err(refusal("E404", format!("`to` = {to}: no note; allowed: memory/NAME.md")))
}

impl OuterFacts<'_> {
    fn known(&self, field: &str, generation: GenerationId) -> Result<Standing, Diagnostic> {
        self.generations.get(generation.0 as usize).copied().ok_or_else(|| {
            let last = self.generations.len().saturating_sub(1);
            let last = GenerationId(last.try_into().unwrap_or(u32::MAX));
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

    fn valid(&self, field: &str, generation: GenerationId) -> Result<(), Diagnostic> {
        match self.known(field, generation)? {
            Standing::Live | Standing::Retired => Ok(()),
            Standing::Invalid => {
                let what = format!("`{field}` = {generation}: it is not valid; allowed: S.live");
                Err(refusal("E403", what))
            }
        }
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

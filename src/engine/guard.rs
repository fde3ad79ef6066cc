//! Stage 4: the rules of validation on every real action. A refused action costs nothing.

use std::collections::BTreeSet;

use super::judge;
use super::session::Session;
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::{InnerAction, OuterAction};
use crate::domain::agent::{AGENT_TOML, AgentConfig, STRATEGY};
use crate::domain::event::{Diagnostic, GenerationStatus};
use crate::domain::lineage::{Generation, Lineage};
use crate::rewrite::{
    Agent, InnerFacts, OuterFacts, Standing, guard_boundary, guard_inner, guard_outer, guard_role,
};
use crate::solve::episode::{Attempt, Episode};

/// Refuses an inner action that cannot be performed.
pub fn inner(
    session: &Session,
    agent: &Agent,
    episode: &Episode,
    action: &InnerAction,
) -> Result<(), Diagnostic> {
    let candidates: Vec<bool> = episode.attempts().iter().map(Attempt::is_ok).collect();
    let facts = InnerFacts {
        candidates: &candidates,
        reviewed: episode.reviewed(),
        reflected: episode.reflected(),
        roles: &agent.config.roles,
        aliases: &session.aliases,
    };
    guard_inner(action, facts)
}

/// Refuses an outer action that cannot be performed.
pub fn outer(session: &Session, lineage: &Lineage, action: &OuterAction) -> Result<(), Diagnostic> {
    let generations: Vec<Standing> = lineage.generations().iter().map(standing).collect();
    let cases: BTreeSet<EpisodeId> = lineage.episodes().iter().cloned().collect();
    let facts = OuterFacts { generations: &generations, cases: &cases, aliases: &session.aliases };
    guard_outer(action, facts)?;
    // A judge that a rewrite did away with says nothing, and loses its next test.
    guard_role(action, |id, role| role == "judge" || has_role(lineage, id, role))?;
    guard_boundary(action, lineage.epoch(), &lineage.anchor_tests())?;
    match action {
        OuterAction::Judge { by, of, .. } => unread(session, lineage, *by, *of),
        OuterAction::Evaluate { who, cases, .. } => unmeasured(lineage, *who, cases),
        OuterAction::Attack { .. } => takes_proposals(session),
        _ => Ok(()),
    }
}

fn standing(generation: &Generation) -> Standing {
    match generation.plan.status {
        GenerationStatus::Valid if generation.is_live() => Standing::Live,
        GenerationStatus::Valid => Standing::Retired,
        GenerationStatus::Rejected | GenerationStatus::Fault => Standing::Invalid,
    }
}

/// Whether a generation's agent.toml has a role.
fn has_role(lineage: &Lineage, id: GenerationId, role: &str) -> bool {
    let text = lineage.get(id).and_then(|generation| generation.files.get(AGENT_TOML));
    let config = text.and_then(|text| toml::from_str::<AgentConfig>(text).ok());
    config.is_some_and(|config| config.roles.contains_key(role))
}

/// Nothing is read twice by the same judge.
fn unread(
    session: &Session,
    lineage: &Lineage,
    by: GenerationId,
    of: Option<GenerationId>,
) -> Result<(), Diagnostic> {
    let anchor = lineage.anchor().len();
    let (left, message) = match of {
        Some(of) => (
            !lineage.unjudged(by, of).is_empty(),
            format!("the judge of {by} has read every solution of {of}; allowed: `judged_n` < `n`"),
        ),
        None if anchor == 0 => (
            !judge::pool(session, lineage).is_empty(),
            "nothing is measured that could be an anchor; allowed: evaluate first".to_owned(),
        ),
        None => (
            (lineage.anchor_test(by).n as usize) < anchor,
            format!("the judge of {by} has read all {anchor} candidates of this epoch's anchor"),
        ),
    };
    if left {
        return Ok(());
    }
    Err(Diagnostic { code: "E404".into(), file: STRATEGY.into(), line: 0, message })
}

/// An attack needs a task that takes proposals.
fn takes_proposals(session: &Session) -> Result<(), Diagnostic> {
    if session.takes_proposals() {
        return Ok(());
    }
    let message =
        "no task of this run takes proposed cases; allowed: attack where a task has `[proposals]`";
    let (code, file, message) = ("E404".into(), STRATEGY.into(), message.into());
    Err(Diagnostic { code, file, line: 0, message })
}

/// A measurement is never made twice.
fn unmeasured(lineage: &Lineage, who: GenerationId, cases: &[EpisodeId]) -> Result<(), Diagnostic> {
    let measured = lineage.get(who).map(|generation| &generation.measured);
    if cases.iter().any(|episode| !measured.is_some_and(|m| m.contains_key(episode))) {
        return Ok(());
    }
    let message = format!("{who} was measured on all of these; allowed: episodes of its `todo`");
    Err(Diagnostic { code: "E404".into(), file: STRATEGY.into(), line: 0, message })
}

//! The merge action: two generations' folders made one, without a model; validated and committed like a rewrite.

use std::sync::Arc;

use super::expand::Rewritten;
use super::session::Session;
use super::{EngineError, Stopped};
use crate::base::id::GenerationId;
use crate::domain::action::{OuterAction, Prefer, Tag};
use crate::domain::agent::AgentFiles;
use crate::domain::event::{GenerationPlan, GenerationStatus};
use crate::domain::lineage::Lineage;
use crate::domain::merge::{Merged, merge};
use crate::rewrite::{self, Rules, Submission};

/// A merge as dispatched.
pub struct Order {
    id: GenerationId,
    parents: [GenerationId; 2],
    base: GenerationId,
    first: Arc<AgentFiles>,
    merged: Merged,
    tag: Tag,
    rules: Rules,
}

/// Prepares a merge from the family tree at this moment.
pub fn prepare(
    session: &Session,
    lineage: &Lineage,
    id: GenerationId,
    action: &OuterAction,
) -> Result<Order, Stopped> {
    let OuterAction::Merge { a, b, base, prefer, tag } = action else {
        return Err(EngineError::Internal("a merge without a merge action".into()).into());
    };
    let base = base.or_else(|| lineage.common_ancestor(*a, *b)).unwrap_or_default();
    let files =
        |id: GenerationId| lineage.get(id).map(|g| Arc::new(g.files.files())).unwrap_or_default();
    let mean = |id: GenerationId| lineage.get(id).and_then(|g| g.mean());
    let prefer_b = match prefer {
        Prefer::A => false,
        Prefer::B => true,
        Prefer::HigherScore => mean(*b) > mean(*a),
    };
    let first = files(*a);
    Ok(Order {
        id,
        parents: [*a, *b],
        base,
        merged: merge(&files(base), &first, &files(*b), prefer_b),
        first,
        tag: tag.clone(),
        rules: Rules::of_run(session.aliases.clone(), lineage, session.identity.seed),
    })
}

/// Validates what was merged. What is not well-formed becomes a rejected generation: there is nobody to repair it.
pub async fn run(session: &Session, order: Order) -> Result<Rewritten, Stopped> {
    if let Some(plan) = session.recorded.plan(order.id) {
        return Ok(Rewritten { plan: plan.clone(), prompts: Vec::new() });
    }
    let Order { id, parents, base, first, merged, tag, rules } = order;
    let submission = Submission::of_rewrite(&merged.files, &first, &[]);
    let report = rewrite::validate(submission, &rules, &session.scripts).await?;
    let failed = report.stages.into_iter().find(|stage| !stage.ok);
    let [a, b] = parents;
    let conflicts = match merged.conflicts.len() {
        0 => String::new(),
        _ => format!(", one side's {}", merged.conflicts.join(" and ")),
    };
    let plan = GenerationPlan {
        generation: id,
        parents: parents.to_vec(),
        by: None,
        op: "merge".into(),
        status: match &failed {
            None => GenerationStatus::Valid,
            Some(_) => GenerationStatus::Rejected,
        },
        changed: merged.files.changed_from(&first),
        files: merged.files,
        summary: format!("{a} and {b} merged over {base}{conflicts}"),
        stage_failed: failed.as_ref().map(|stage| stage.stage),
        diagnostics: failed.map(|stage| stage.diagnostics).unwrap_or_default(),
        model: None,
        repairs: 0,
        handed_back: Vec::new(),
        tag,
        focus: Vec::new(),
    };
    Ok(Rewritten { plan: plan.into(), prompts: Vec::new() })
}

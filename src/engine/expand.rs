//! The expand action: a meta role rewrites a copy of an agent; the copy is proven well-formed before anything of it
//! is used.

use std::sync::Arc;

use super::ask::ask;
use super::recorded::Answer;
use super::session::Session;
use super::{EngineError, Stopped};
use crate::base::id::{Alias, GenerationId};
use crate::domain::action::OuterAction;
use crate::domain::agent::{AgentFiles, Role};
use crate::domain::edit;
use crate::domain::event::{
    CallKey, Diagnostic, GenerationPlan, GenerationStatus, HandedBack, Stage,
};
use crate::domain::lineage::Lineage;
use crate::model::{Brief, Message, MetaBrief, Request, Speaker};
use crate::rewrite::{self, Agent, Rules, Submission, context};

/// Turns of one rewrite: the answer, then at most two repairs.
const TURNS: u32 = 3;

/// A rewrite as dispatched.
pub struct Order {
    id: GenerationId,
    parent: GenerationId,
    by: GenerationId,
    op: String,
    tag: crate::domain::action::Tag,
    edit: Vec<String>,
    files: Arc<AgentFiles>,
    role: Role,
    alias: Alias,
    prompt: Result<String, Diagnostic>,
    brief: MetaBrief,
    rules: Rules,
}

/// Prepares a rewrite from the family tree at this moment.
pub fn prepare(
    session: &Session,
    lineage: &Lineage,
    improver: &Agent,
    id: GenerationId,
    action: &OuterAction,
) -> Result<Order, Stopped> {
    let OuterAction::Expand { parent, by, op, focus, show, edit, model, tag, .. } = action else {
        return Err(EngineError::Internal("a rewrite without an expand action".into()).into());
    };
    let files = lineage.get(*parent).map(|g| g.files.clone()).unwrap_or_default();
    let (role, prompt) = improver
        .role("meta")
        .ok_or_else(|| EngineError::Internal("a valid agent without a meta role".into()))?;
    let vars = context::meta(
        lineage,
        &context::Ask {
            identity: &session.identity,
            tasks: &session.tasks,
            parent: *parent,
            op,
            focus,
            show,
            contract: edit::contract(role.format),
            card: crate::script::CARD,
        },
    );
    let prompt = prompt.render(&vars).map_err(|fault| Diagnostic {
        code: fault.code.into(),
        file: role.prompt.clone(),
        line: fault.line,
        message: format!("the meta prompt cannot be rendered: {fault}"),
    });
    let alias = model
        .clone()
        .or_else(|| session.identity.model.clone())
        .unwrap_or_else(|| role.model.clone());
    Ok(Order {
        id,
        parent: *parent,
        by: by.unwrap_or(*parent),
        op: op.clone(),
        tag: tag.clone(),
        edit: edit.clone(),
        brief: MetaBrief {
            files: (*files).clone(),
            editable: edit.clone(),
            lessons: context::lessons(lineage),
            credit: context::credit(lineage),
            practice: context::practice(lineage, session.identity.start),
            findings: Vec::new(),
            format: role.format,
        },
        files,
        role: role.clone(),
        alias,
        prompt,
        rules: Rules {
            aliases: session.aliases.clone(),
            known: lineage.generations().iter().rev().map(|g| (g.files.digest(), g.id())).collect(),
            seed: session.identity.seed,
        },
    })
}

/// A rewrite, and what was asked for it, turn by turn.
pub struct Rewritten {
    /// The generation as decided.
    pub plan: GenerationPlan,
    /// The prompts, for the evidence.
    pub prompts: Vec<String>,
}

/// What one answer came to.
struct Draft {
    files: AgentFiles,
    summary: String,
    diagnostics: Vec<Diagnostic>,
    stage: Option<Stage>,
}

/// Asks, applies, validates; hands the findings back at most twice. A rewrite that stays invalid becomes a rejected
/// generation.
pub async fn run(session: &Session, order: Order) -> Result<Rewritten, Stopped> {
    let recorded = session.recorded.plan(order.id).map(|(plan, _)| plan.clone());
    if let Some(plan) = &recorded
        && session.archive.evidence(&session.identity.run, order.id)?.is_some()
    {
        // What was asked is in the evidence.
        return Ok(Rewritten { plan: plan.clone(), prompts: Vec::new() });
    }
    let mut prompts = Vec::new();
    let mut handed_back = Vec::new();
    let mut turn = 0;
    let draft = match &order.prompt {
        Err(diagnostic) => Draft {
            files: (*order.files).clone(),
            summary: "the meta prompt cannot be rendered".into(),
            diagnostics: vec![diagnostic.clone()],
            stage: Some(Stage::DryRun),
        },
        Ok(prompt) => {
            let mut messages = vec![Message { speaker: Speaker::User, text: prompt.clone() }];
            let mut findings = Vec::new();
            loop {
                let request = request(session, &order, turn, messages.clone(), findings);
                let answer = ask(session, &request).await?;
                prompts.push(request.text());
                let draft = draft(session, &order, &answer).await?;
                let Some(stage) = draft.stage.filter(|_| turn + 1 < TURNS) else { break draft };
                let class = stage.name().to_owned();
                handed_back.push(HandedBack { turn, class });
                turn += 1;
                let text = context::repair(&draft.diagnostics, edit::contract(order.role.format));
                messages.push(Message { speaker: Speaker::Assistant, text: answer.text });
                messages.push(Message { speaker: Speaker::User, text });
                findings = draft.diagnostics;
            }
        }
    };
    if let Some(plan) = recorded {
        // The way to it was gone again only for the prompts of its repairs, which no record holds.
        return Ok(Rewritten { plan, prompts });
    }
    let plan = GenerationPlan {
        generation: order.id,
        parents: vec![order.parent],
        by: Some(order.by),
        op: order.op,
        status: match draft.stage {
            None => GenerationStatus::Valid,
            Some(_) => GenerationStatus::Rejected,
        },
        changed: draft.files.changed_from(&order.files),
        files: draft.files,
        summary: draft.summary,
        diagnostics: draft.diagnostics,
        stage_failed: draft.stage,
        model: Some(order.alias),
        repairs: turn,
        handed_back,
        tag: order.tag,
    };
    Ok(Rewritten { plan, prompts })
}

fn request(
    session: &Session,
    order: &Order,
    turn: u32,
    messages: Vec<Message>,
    findings: Vec<Diagnostic>,
) -> Request {
    Request {
        key: CallKey::Rewrite { generation: order.id, turn },
        role: "meta".into(),
        alias: order.alias.clone(),
        messages,
        temperature: order.role.temperature,
        top_p: order.role.top_p,
        max_output_tokens: order.role.max_output_tokens,
        seed: session.seed("meta", &[u64::from(order.id.0), u64::from(turn)]),
        brief: Arc::new(Brief::Meta(MetaBrief { findings, ..order.brief.clone() })),
    }
}

/// From an answer to a draft: what does not fit the form of an answer is a finding of stage 0 like any other.
async fn draft(session: &Session, order: &Order, answer: &Answer) -> Result<Draft, Stopped> {
    let refused = |message: String| Draft {
        files: (*order.files).clone(),
        summary: "no usable answer".into(),
        diagnostics: vec![Diagnostic {
            code: "E010".into(),
            file: "answer".into(),
            line: 0,
            message,
        }],
        stage: Some(Stage::Intake),
    };
    if let Some(why) = &answer.unusable {
        return Ok(refused(why.clone()));
    }
    let editable: Vec<String> = if order.edit.is_empty() {
        order.files.0.keys().cloned().collect()
    } else {
        order.edit.clone()
    };
    let parsed = match edit::parse(&answer.text, order.role.format, &(&editable).into()) {
        Ok(parsed) => parsed,
        Err(fault) => return Ok(refused(fault.to_string())),
    };
    let files = match edit::apply(&order.files, &parsed) {
        Ok(files) => files,
        Err(fault) => return Ok(refused(fault.to_string())),
    };
    let submission = Submission::of_rewrite(&files, &order.files, &order.edit);
    let report = rewrite::validate(submission, &order.rules, &session.scripts).await?;
    let failed = report.stages.iter().find(|stage| !stage.ok);
    Ok(Draft {
        summary: parsed.summary,
        diagnostics: failed.map(|stage| stage.diagnostics.clone()).unwrap_or_default(),
        stage: failed.map(|stage| stage.stage),
        files,
    })
}

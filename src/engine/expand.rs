//! The expand action: a meta role rewrites a copy of an agent; the copy is proven well-formed before anything of it
//! is used.

mod converse;

use std::sync::Arc;

use super::recorded::Answer;
use super::session::Session;
use super::{EngineError, Stopped, choice};
use serde_json::{Map, Value};

use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::{OuterAction, Tag};
use crate::domain::agent::{AgentFiles, Role};
use crate::domain::edit;
use crate::domain::event::{CallKey, Diagnostic, GenerationPlan, GenerationStatus, Stage};
use crate::domain::files::FileSet;
use crate::domain::lineage::Lineage;
use crate::domain::shelf::KeptPlan;
use crate::domain::tool::{self, ToolSpec};
use crate::model::MetaBrief;
use crate::rewrite::tools;
use crate::rewrite::{self, Agent, Library, Rules, Submission, context};

use converse::{Made, converse};

/// Answers of one rewrite, look-ups apart: the first, then at most two repairs.
const TURNS: u32 = 3;

/// A rewrite as dispatched.
pub struct Order {
    id: GenerationId,
    parent: GenerationId,
    by: Option<GenerationId>,
    op: String,
    focus: Vec<EpisodeId>,
    tag: Tag,
    edit: Vec<String>,
    files: Arc<AgentFiles>,
    role: Role,
    alias: Alias,
    prompt: Result<String, Diagnostic>,
    brief: MetaBrief,
    rules: Rules,
    /// What may be called, for a role that works in turns, and what its prompt says about it.
    tools: (Vec<&'static ToolSpec>, String),
    /// What may be looked up then.
    library: Option<Library>,
    /// The same as files, for a command.
    beside: Arc<FileSet>,
}

/// Who rewrites.
pub struct Author {
    /// The generation; absent: an agent that is none of the run's.
    pub id: Option<GenerationId>,
    /// The agent.
    pub agent: Arc<Agent>,
}

/// What an action wants rewritten.
struct Wanted {
    parent: GenerationId,
    refs: Vec<GenerationId>,
    op: String,
    focus: Vec<EpisodeId>,
    show: Vec<String>,
    edit: Vec<String>,
    model: Option<Alias>,
    vars: Map<String, Value>,
    tag: Tag,
}

impl Wanted {
    /// Reads it off an expand; a reflect is a rewrite of a single note.
    fn of(action: &OuterAction) -> Option<Self> {
        match action.clone() {
            OuterAction::Expand {
                parent, refs, op, focus, show, edit, model, vars, tag, ..
            } => Some(Self { parent, refs, op, focus, show, edit, model, vars, tag }),
            OuterAction::Reflect { about, to, .. } => Some(Self {
                parent: about,
                refs: Vec::new(),
                op: "reflect".into(),
                focus: Vec::new(),
                show: Vec::new(),
                edit: vec![to],
                model: None,
                vars: Map::new(),
                tag: Tag::new(),
            }),
            _ => None,
        }
    }
}

/// Prepares a rewrite from the family tree at this moment.
pub fn prepare(
    session: &Session,
    lineage: &Lineage,
    author: &Author,
    id: GenerationId,
    action: &OuterAction,
) -> Result<Order, Stopped> {
    let Wanted { parent, refs, op, focus, show, edit, model, vars, tag } = Wanted::of(action)
        .ok_or_else(|| EngineError::Internal("a rewrite that nobody writes".into()))?;
    let files = Arc::new(lineage.get(parent).map(|g| g.files.files()).unwrap_or_default());
    let (role, prompt) = author
        .agent
        .role("meta")
        .ok_or_else(|| EngineError::Internal("a valid agent without a meta role".into()))?;
    let vars = context::meta(
        lineage,
        &context::Ask {
            identity: &session.identity,
            tasks: &session.tasks,
            parent,
            op: &op,
            focus: &focus,
            references: &refs,
            show: &show,
            extra: &vars,
            contract: edit::contract(role.format),
            card: crate::script::CARD,
        },
    );
    let in_turns = role.turns > 1;
    let specs = if in_turns { tools::specs() } else { Vec::new() };
    let card = if in_turns { tool::card(role.turns, &specs) } else { String::new() };
    let prompt = prompt.render(&vars).map(|text| text + &card).map_err(|fault| Diagnostic {
        code: fault.code.into(),
        file: role.prompt.clone(),
        line: fault.line,
        message: format!("the meta prompt cannot be rendered: {fault}"),
    });
    let alias =
        model.or_else(|| session.identity.model.clone()).unwrap_or_else(|| role.model.clone());
    let key = CallKey::Rewrite { generation: id, turn: 0 };
    let ask = choice::Ask {
        key: &key,
        indices: &[u64::from(id.0)],
        prompt_bytes: prompt.as_ref().map_or(0, String::len),
        max_output_tokens: role.max_output_tokens,
    };
    let alias = choice::for_rewrite(session, lineage, alias, &ask);
    let by_command = session.models.is_command(&alias);
    let library = (in_turns || by_command).then(|| Library {
        lineage: Arc::new(lineage.clone()),
        archive: session.archive.clone(),
        run: session.identity.run.clone(),
    });
    let beside = library.as_ref().filter(|_| by_command).map(Library::as_files).unwrap_or_default();
    // Nobody else reads what all earlier rewrites brought, and to gather it takes longer with every generation.
    let (lessons, credit, practice) = match session.models.is_offline(&alias) {
        true => (
            context::lessons(lineage),
            context::credit(lineage),
            context::practice(lineage, session.identity.start),
        ),
        false => Default::default(),
    };
    Ok(Order {
        id,
        parent,
        by: author.id,
        op,
        focus,
        tag,
        edit: edit.clone(),
        brief: MetaBrief {
            files: (*files).clone(),
            params: author.agent.config.params.clone(),
            editable: edit,
            lessons,
            credit,
            practice,
            findings: Vec::new(),
            format: role.format,
        },
        tools: (specs, card),
        library: library.filter(|_| in_turns),
        beside: Arc::new(beside),
        files,
        role: role.clone(),
        alias,
        prompt,
        rules: Rules::of_run(session.aliases.clone(), lineage, session.identity.seed),
    })
}

/// A rewrite that is on record with everything that was asked for it: nothing of it need be gone through again.
pub fn done(session: &Session, id: GenerationId) -> Result<Option<Rewritten>, Stopped> {
    let Some(plan) = session.recorded.plan(id) else { return Ok(None) };
    let (archive, run) = (&session.archive, &session.identity.run);
    // What was asked is in the evidence.
    let kept = session.recorded.evidence(id).is_some() || archive.has_evidence(run, id)?;
    Ok(kept.then(|| Rewritten { plan: plan.clone(), prompts: Vec::new() }))
}

/// A rewrite, and what was asked for it, turn by turn.
pub struct Rewritten {
    /// The generation as decided.
    pub plan: KeptPlan,
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
    let recorded = session.recorded.plan(order.id);
    let Made { draft, prompts, handed_back } = match &order.prompt {
        Err(diagnostic) => Made {
            draft: Draft {
                files: (*order.files).clone(),
                summary: "the meta prompt cannot be rendered".into(),
                diagnostics: vec![diagnostic.clone()],
                stage: Some(Stage::DryRun),
            },
            prompts: Vec::new(),
            handed_back: Vec::new(),
        },
        Ok(prompt) => converse(session, &order, prompt).await?,
    };
    if let Some(plan) = recorded {
        // The way to it was gone again only for the prompts of its repairs, which no record holds.
        return Ok(Rewritten { plan: plan.clone(), prompts });
    }
    let plan = GenerationPlan {
        generation: order.id,
        parents: vec![order.parent],
        by: order.by,
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
        repairs: handed_back.len().try_into().unwrap_or(u32::MAX),
        handed_back,
        focus: order.focus,
        tag: order.tag,
    };
    Ok(Rewritten { plan: plan.into(), prompts })
}

/// From an answer to a draft: what does not fit the form of an answer is a finding of stage 0 like any other.
async fn draft(
    session: &Session,
    order: &Order,
    answer: &Answer,
    changes: &str,
) -> Result<Draft, Stopped> {
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
    let parsed = match edit::parse(changes, order.role.format, &(&editable).into()) {
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

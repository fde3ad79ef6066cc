//! From a lab to a session: a new run, or one to go on with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::hooks::Hooks;
use super::machine::Machine;
use super::outer::Finished;
use super::recorded::Recorded;
use super::session::Session;
use super::take_up::{Taken, journal_folder, take_up};
use super::{EngineError, Stopped, outer};
use crate::archive::Archive;
use crate::base::clock::Clock;
use crate::base::environment::Environment;
use crate::base::id::{Alias, GenerationId, RunName};
use crate::domain::agent::AgentFiles;
use crate::domain::event::{Event, GenerationPlan, GenerationStatus, Halt, Record};
use crate::domain::lineage::Lineage;
use crate::domain::settings::{BudgetSpec, Identity, LabConfig};
use crate::journal::{self, Journal};
use crate::lab::Lab;
use crate::model::{Models, Reply, Spent};
use crate::rewrite::{self, Agent, Rules, Submission};
use crate::script::Pool;

/// What the engine needs from the world, as values.
#[derive(Clone)]
pub struct World {
    /// The lab.
    pub lab: Lab,
    /// This binary.
    pub executable: PathBuf,
    /// The process's variables, the lab's `.env` included.
    pub environment: Environment,
    /// Where temporary folders may be made.
    pub temporary: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Which run to work on.
#[derive(Debug, Clone)]
pub struct Order {
    /// What the run is; a run that exists must be just that.
    pub identity: Identity,
    /// The agent a new run starts from; an existing run has its own.
    pub agent: AgentFiles,
}

/// How a process works on a run; none of it is part of the run's identity.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Caps; they override the lab's.
    pub caps: BudgetSpec,
    /// Candidates measured at once; absent: the machine's cores.
    pub parallel: Option<usize>,
    /// Whether the person accepts to run models' code without a sandbox.
    pub accept_no_sandbox: bool,
}

/// How a process left a run.
#[derive(Debug)]
pub enum RunEnd {
    /// It is over.
    Finished(Finished),
    /// It stands still and can be resumed.
    Halted {
        /// Why.
        why: Halt,
        /// In words.
        detail: String,
    },
}

/// Works on a run until it is over or stands still; `observer` gets every record, those of earlier processes first.
pub async fn run(
    world: &World,
    order: &Order,
    conditions: &Conditions,
    observer: UnboundedSender<Record>,
    cancel: CancellationToken,
) -> Result<RunEnd, EngineError> {
    let archive = Archive::open_or_create(&world.lab.generations())?;
    let taken = take_up(world, order, &observer)?;
    if let Some((best, why)) = taken.recorded.finished() {
        return Ok(RunEnd::Finished(Finished { best: *best, why: why.clone() }));
    }
    let Assembled { session, lineage, seed } =
        assemble(world, &order.identity, conditions, archive, taken, observer, cancel).await?;
    match outer::run(session.clone(), lineage, seed).await {
        Ok(finished) => Ok(RunEnd::Finished(finished)),
        Err(Stopped::Halted { why, detail }) => {
            session.cancel.cancel();
            let event = Event::RunHalted { why: why.clone(), detail: detail.clone() };
            match session.record(event).await {
                Err(Stopped::Failed(failed)) => Err(failed),
                _ => Ok(RunEnd::Halted { why, detail }),
            }
        }
        Err(Stopped::Failed(failed)) => {
            session.cancel.cancel();
            Err(failed)
        }
    }
}

struct Assembled {
    session: Arc<Session>,
    lineage: Lineage,
    seed: GenerationPlan,
}

async fn assemble(
    world: &World,
    identity: &Identity,
    conditions: &Conditions,
    archive: Archive,
    taken: Taken,
    observer: UnboundedSender<Record>,
    cancel: CancellationToken,
) -> Result<Assembled, EngineError> {
    let Taken { agent, kernel, tasks, journal, recorded, resumed, restarted } = taken;
    let machine = Machine::find(world, conditions).await?;
    let scripts = Arc::new(Pool::new(machine.host.clone()));
    scripts.warm().await;
    let models = models(world, conditions, identity, &recorded)?;
    let aliases: BTreeSet<Alias> = models.aliases().cloned().collect();
    let seed = seed_plan(identity, &agent);
    let roles = if resumed {
        Hooks::load(scripts.clone(), &agent).await?.agent().config.roles.clone()
    } else {
        check_agent(identity, &agent, &aliases, &scripts).await?.config.roles
    };
    let asked: Vec<Alias> = match &identity.model {
        Some(alias) => vec![alias.clone()],
        None => roles.into_values().map(|role| role.model).collect(),
    };
    models.check(&asked)?;
    let dialect = |alias: &Alias| models.spec(alias).map(|spec| spec.dialect);
    machine.check_authors(world, conditions, asked.iter(), dialect)?;
    let caps = caps(&world.lab.config, conditions);
    let journal = match journal {
        Some(journal) => journal,
        None => {
            let folder = journal_folder(&world.lab, &identity.run);
            Journal::create(&folder, &identity.run, world.clock.clone())?
        }
    };
    archive.begin_run(&identity.run)?;
    let session = Arc::new(Session {
        identity: identity.clone(),
        tasks,
        kernel,
        restarted,
        journal,
        recorded,
        archive,
        models,
        aliases,
        evaluator: machine.evaluator,
        scripts,
        deadline: caps
            .max_minutes
            .and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok())
            .map(|time| Instant::now() + time),
        sandbox: machine.host.level,
        cancel,
        observer: Mutex::new(observer),
    });
    begin(&session, agent, resumed).await?;
    Ok(Assembled { session, lineage: Lineage::new(identity.all_episodes()), seed })
}

fn caps(config: &LabConfig, conditions: &Conditions) -> BudgetSpec {
    let (lab, flags) = (config.budget, conditions.caps);
    BudgetSpec {
        max_usd: flags.max_usd.or(lab.max_usd),
        max_tokens: flags.max_tokens.or(lab.max_tokens),
        max_calls: flags.max_calls.or(lab.max_calls),
        max_minutes: flags.max_minutes.or(lab.max_minutes),
    }
}

fn models(
    world: &World,
    conditions: &Conditions,
    identity: &Identity,
    recorded: &Recorded,
) -> Result<Models, EngineError> {
    let lab = &world.lab;
    let mut spent = Spent::default();
    for cost in recorded.spent() {
        if cost.requests > 0 {
            spent.add(cost);
        }
    }
    let mut models = Models::new(&lab.config, lab.root(), &world.environment)?
        .with_budget(&caps(&lab.config, conditions), spent);
    for run in models.replayed_runs() {
        let name: RunName = run.parse()?;
        if name == identity.run {
            continue;
        }
        let history = journal::read(&journal_folder(lab, &name))?;
        let answers = history
            .records
            .into_iter()
            .filter_map(|record| match record.event {
                Event::Answered { key, text, cost, unusable: None, .. } => {
                    Some((key, Reply { text, cost }))
                }
                _ => None,
            })
            .collect();
        models = models.with_replay(&run, answers);
    }
    Ok(models)
}

/// The agent a run starts from must pass what every rewrite must pass.
async fn check_agent(
    identity: &Identity,
    agent: &AgentFiles,
    aliases: &BTreeSet<Alias>,
    scripts: &Pool,
) -> Result<Agent, EngineError> {
    let rules = Rules { aliases: aliases.clone(), known: BTreeMap::new(), seed: identity.seed };
    let report = rewrite::validate(Submission::of_agent(agent), &rules, scripts).await?;
    let diagnostics = report.diagnostics().cloned().collect();
    report
        .agent
        .ok_or_else(|| EngineError::InvalidAgent { agent: identity.agent.clone(), diagnostics })
}

fn seed_plan(identity: &Identity, agent: &AgentFiles) -> GenerationPlan {
    GenerationPlan {
        generation: GenerationId(0),
        parents: Vec::new(),
        by: None,
        op: "seed".into(),
        status: GenerationStatus::Valid,
        files: agent.clone(),
        changed: Vec::new(),
        summary: format!("the agent as given: {}", identity.agent),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: None,
        repairs: 0,
        tag: serde_json::Map::new(),
    }
}

/// The first record of a new run, or the record that a process took it up again.
async fn begin(session: &Session, agent: AgentFiles, resumed: bool) -> Result<(), EngineError> {
    let event = if resumed {
        Event::RunResumed { sandbox: session.sandbox }
    } else {
        Event::RunStarted {
            identity: session.identity.clone(),
            agent,
            kernel: session.kernel.clone(),
            sandbox: session.sandbox,
        }
    };
    match session.record(event).await {
        Ok(_) => Ok(()),
        Err(Stopped::Failed(failed)) => Err(failed),
        Err(Stopped::Halted { detail, .. }) => Err(EngineError::Internal(detail)),
    }
}

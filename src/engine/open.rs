//! From a lab to a session: a new run, or one to go on with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::answering::{caps, check_caps, models};
use super::costs::Costs;
use super::hooks::Hooks;
use super::machine::Machine;
use super::outer::Finished;
use super::recorded::Recorded;
use super::session::Session;
use super::take_up::{Reading, Taken, journal_folder, take_up};
use super::{EngineError, Stopped, outer, pauses};
use crate::archive::Archive;
use crate::base::clock::Clock;
use crate::base::environment::Environment;
use crate::base::id::{Alias, GenerationId};
use crate::domain::agent::AgentFiles;
use crate::domain::event::{Event, GenerationPlan, GenerationStatus, Halt, Record};
use crate::domain::lineage::Lineage;
use crate::domain::settings::{Budgets, Identity, Improver};
use crate::journal::Journal;
use crate::lab::Lab;
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
    /// The agent whose meta role rewrites, where a new run has another for that.
    pub improver: Option<AgentFiles>,
}

/// How a process works on a run; none of it is part of the run's identity.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Caps; they override the lab's.
    pub caps: Budgets,
    /// Candidates measured at once; absent: the machine's cores.
    pub parallel: Option<usize>,
    /// Whether the person accepts to run models' code without a sandbox.
    pub accept_no_sandbox: bool,
}

/// Whoever watches a run.
#[derive(Debug)]
pub struct Observer {
    /// Where the records go, in order.
    pub records: UnboundedSender<Record>,
    /// What it has read of the journal; the engine goes on from there. Without it, it gets all records.
    pub read: Option<Reading>,
}

impl From<UnboundedSender<Record>> for Observer {
    fn from(records: UnboundedSender<Record>) -> Self {
        Self { records, read: None }
    }
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

/// How a process is asked to let a run stand still.
#[derive(Debug, Clone, Default)]
pub struct StandStill {
    /// At once: what is being written is finished, work under way is given up.
    pub now: CancellationToken,
    /// When the attempts and rewrites under way have ended, and what was asked of models is answered.
    pub after_work: CancellationToken,
}

/// Works on a run until it is over or stands still; `observer` gets every record it has not read, those of earlier
/// processes first.
pub async fn run(
    world: &World,
    order: &Order,
    conditions: &Conditions,
    observer: Observer,
    stop: StandStill,
) -> Result<RunEnd, EngineError> {
    work(world, order, conditions, observer, stop, None).await
}

/// The same; with a recorded run to repeat, no model is asked.
pub(super) async fn work(
    world: &World,
    order: &Order,
    conditions: &Conditions,
    observer: Observer,
    stop: StandStill,
    repeated: Option<Repeated>,
) -> Result<RunEnd, EngineError> {
    if repeated.is_none() {
        check_caps(&caps(&world.lab.config, conditions), order)?;
    }
    let archive = Archive::open_or_create(&world.lab.generations())?;
    let Observer { records: observer, read } = observer;
    let mut taken = take_up(world, order, read, &observer)?;
    if let Some(repeated) = &repeated {
        taken.kernel.clone_from(&repeated.kernel);
    }
    if let Some((best, why)) = taken.recorded.finished() {
        return Ok(RunEnd::Finished(Finished { best: *best, why: why.clone() }));
    }
    let assembling = assemble(
        world,
        &order.identity,
        conditions,
        Parts { archive, taken, observer, stop: stop.clone(), repeated },
    );
    let assembled = tokio::select! {
        biased;
        () = stop.now.cancelled() => None,
        assembled = assembling => Some(assembled?),
    };
    let Some(Assembled { session, lineage, seed }) = assembled else {
        // Nothing was begun, so there is nothing to write down.
        return Ok(RunEnd::Halted { why: Halt::Interrupted, detail: "interrupted".into() });
    };
    let working = outer::run(session.clone(), lineage, seed);
    let worked = tokio::select! {
        worked = working => worked,
        failed = pauses::tell(&session) => Err(failed),
    };
    session.models.flush().await;
    match worked {
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

/// A recorded run that is performed again.
pub(super) struct Repeated {
    /// The kernel that recorded it.
    pub(super) kernel: String,
    /// What its journal says.
    pub(super) recorded: Recorded,
}

/// What a session is put together from.
struct Parts {
    archive: Archive,
    taken: Taken,
    observer: UnboundedSender<Record>,
    stop: StandStill,
    repeated: Option<Repeated>,
}

async fn assemble(
    world: &World,
    identity: &Identity,
    conditions: &Conditions,
    parts: Parts,
) -> Result<Assembled, EngineError> {
    let Parts { archive, taken, observer, stop, repeated } = parts;
    let repeated = repeated.map(|repeated| repeated.recorded);
    let Taken { agent, improver, kernel, tasks, journal, recorded, resumed, restarted } = taken;
    let machine = Machine::find(world, conditions).await?;
    let scripts = Arc::new(Pool::new(machine.host.clone()));
    scripts.warm().await;
    // Nothing of a repetition is paid, so no cap holds it.
    let caps = match &repeated {
        Some(_) => Budgets::default(),
        None => caps(&world.lab.config, conditions),
    };
    let models = models(world, &caps, identity, &recorded)?;
    let authors = repeated.iter().flat_map(|repeated| repeated.authors());
    let aliases: BTreeSet<Alias> = models.aliases().chain(authors).cloned().collect();
    let seed = seed_plan(identity, &agent);
    let load = async |name: &str, files: &AgentFiles| -> Result<Arc<Agent>, EngineError> {
        match resumed {
            true => Ok(Hooks::load(scripts.clone(), files).await?.agent().clone()),
            false => {
                check_agent(name, identity.seed, files, &aliases, &scripts).await.map(Arc::new)
            }
        }
    };
    let mut roles = load(&identity.agent, &agent).await?.config.roles.clone();
    let transferred = match (&improver, &identity.improver) {
        (Some(files), Some(Improver::Transferred { agent, .. })) => Some(load(agent, files).await?),
        _ => None,
    };
    let foreign = transferred.iter().filter_map(|agent| agent.config.roles.get_key_value("meta"));
    roles.extend(foreign.map(|(name, role)| (name.clone(), role.clone())));
    let asked: Vec<Alias> = match (&repeated, &identity.model) {
        (Some(repeated), _) => repeated.authors().iter().cloned().collect(),
        (None, Some(alias)) => vec![alias.clone()],
        (None, None) => roles.into_values().map(|role| role.model).collect(),
    };
    if repeated.is_none() {
        models.check(&asked)?;
    }
    let dialect = |alias: &Alias| models.spec(alias).map(|spec| spec.dialect);
    let authors = asked.iter().flat_map(|alias| models.members(alias));
    machine.check_authors(world, conditions, authors, dialect)?;
    let journal = match journal {
        Some(journal) => journal,
        None => {
            let folder = journal_folder(&world.lab, &identity.run);
            Journal::create(&folder, &identity.run, world.clock.clone())?
        }
    };
    let mut evaluator = machine.evaluator;
    if repeated.is_none() {
        evaluator.keep_in(&journal_folder(&world.lab, &identity.run));
    }
    archive.begin_run(&identity.run)?;
    let session = Arc::new(Session {
        identity: identity.clone(),
        tasks,
        kernel,
        restarted,
        journal,
        costs: Costs::of(&recorded),
        recorded,
        repeated,
        lab: world.lab.clone(),
        archive,
        models,
        aliases,
        evaluator,
        checker: machine.checker,
        scripts,
        deadline: caps
            .max_minutes
            .and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok())
            .map(|time| Instant::now() + time),
        sandbox: machine.host.level,
        transferred,
        cancel: stop.now,
        pause: stop.after_work,
        observer: Mutex::new(observer),
    });
    begin(&session, (agent, improver), resumed, caps).await?;
    let lineage = Lineage::new(identity.all_episodes()).on(session.recorded.shelf().clone());
    Ok(Assembled { session, lineage, seed })
}

/// The agent a run starts from must pass what every rewrite must pass.
pub(super) async fn check_agent(
    name: &str,
    seed: u64,
    agent: &AgentFiles,
    aliases: &BTreeSet<Alias>,
    scripts: &Pool,
) -> Result<Agent, EngineError> {
    let rules = Rules { aliases: aliases.clone(), known: Arc::default(), seed };
    let report = rewrite::validate(Submission::of_agent(agent), &rules, scripts).await?;
    let diagnostics = report.diagnostics().cloned().collect();
    report.agent.ok_or_else(|| EngineError::InvalidAgent { agent: name.to_owned(), diagnostics })
}

/// Generation 0, as the person gave it.
pub(super) fn seed_plan(identity: &Identity, agent: &AgentFiles) -> GenerationPlan {
    GenerationPlan {
        generation: GenerationId(0),
        parents: Vec::new(),
        by: None,
        op: "seed".into(),
        status: GenerationStatus::Valid,
        files: agent.clone(),
        changed: Vec::new(),
        summary: format!("the agent as given: {}", identity.agent_as_given()),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: None,
        repairs: 0,
        tag: serde_json::Map::new(),
        handed_back: Vec::new(),
        focus: Vec::new(),
    }
}

/// The first record of a new run, or the record that a process took it up again; then the caps, where they are others
/// than before.
async fn begin(
    session: &Session,
    (agent, improver): (AgentFiles, Option<AgentFiles>),
    resumed: bool,
    caps: Budgets,
) -> Result<(), EngineError> {
    let interpreter = session.evaluator.interpreter();
    let event = if resumed {
        let is_another = session.recorded.interpreter() != Some(interpreter.as_str());
        let interpreter = is_another.then_some(interpreter);
        Event::RunResumed { sandbox: session.sandbox, interpreter }
    } else {
        Event::RunStarted {
            identity: session.identity.clone(),
            agent,
            improver,
            kernel: session.kernel.clone(),
            sandbox: session.sandbox,
            interpreter: Some(interpreter),
        }
    };
    let caps = (caps != *session.recorded.caps()).then_some(Event::CapsSet { budget: caps });
    for event in [event].into_iter().chain(caps) {
        match session.record(event).await {
            Ok(_) => {}
            Err(Stopped::Failed(failed)) => return Err(failed),
            Err(Stopped::Halted { detail, .. }) => return Err(EngineError::Internal(detail)),
        }
    }
    Ok(())
}

//! From flags to an order the engine can carry out: which run, which settings, which caps.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::agent_folder;
use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::recorded::{self, Recorded};
use super::verb::run::Args;
use crate::archive::Archive;
use crate::base::id::{RunName, TaskName};
use crate::domain::agent::{AGENT_TOML, AgentFiles};
use crate::domain::settings::{Identity, Improver, Start};
use crate::domain::task::{Seal, Task};
use crate::engine::open::Order;
use crate::journal;
use crate::lab::Lab;
use crate::lab::params::set_params;
use crate::lab::tasks::{list_tasks, load_task, task_digest};
use crate::view::RunState;

mod caps;
mod changes;

pub use caps::{Caps, caps};
use changes::refuse_changes;

/// The task, when not said and there are several.
const TASK: &str = "snake";
/// Which run `run` is about.
#[derive(Debug)]
pub enum Choice {
    /// A new run of this name.
    New(RunName),
    /// An unfinished run, with the identity it has.
    Continue(Box<Identity>),
    /// A run that is over; there is nothing left to do.
    Over(RunName),
}

/// Decides which run the flags mean.
pub fn choose(args: &Args, lab: &Lab, edge: &Edge) -> Result<Choice, Failure> {
    let archive = match Archive::open(&lab.generations()) {
        Ok(archive) => archive,
        Err(crate::archive::ArchiveError::Missing { .. }) => {
            return Ok(Choice::New(args.name.clone().map_or_else(|| numbered(1), Ok)?));
        }
        Err(error) => return Err(error.into()),
    };
    let runs = recorded::runs(&archive)?;
    let named = match &args.name {
        Some(name) if args.fresh && runs.contains(name) => {
            return Err(Failure::usage(format!("there is a run `{name}` already"))
                .next("choose another name, or leave out --name for the next free one"));
        }
        Some(name) if runs.contains(name) => Some(name.clone()),
        Some(name) => return Ok(Choice::New(name.clone())),
        None if args.fresh => None,
        None => archive.newest_run()?.filter(|run| runs.contains(run)),
    };
    if let Some(run) = named {
        let recorded = Recorded::open(lab, edge, Some(&run))?;
        match recorded.view.state(recorded.held) {
            RunState::Finished if args.name.is_some() => return Ok(Choice::Over(run)),
            RunState::Finished => {}
            _ => {
                refuse_held(&recorded, edge)?;
                if let Some(identity) = recorded.view.identity {
                    refuse_changes(args, &identity, edge)?;
                    return Ok(Choice::Continue(Box::new(identity)));
                }
                return Ok(Choice::New(run));
            }
        }
    }
    let highest = runs
        .iter()
        .filter(|run| has_begun(&archive, run))
        .filter_map(|run| run.as_str().strip_prefix("run-")?.parse::<u64>().ok())
        .max()
        .unwrap_or(0);
    Ok(Choice::New(numbered(highest + 1)?))
}

/// Whether a run has its first record. A process that was killed before that leaves a name that is still free.
fn has_begun(archive: &Archive, run: &RunName) -> bool {
    let records = journal::Records::open(&archive.journal_folder(run));
    !records.is_ok_and(|mut records| records.next().is_none())
}

/// A new run, from flags and defaults.
pub fn new_run(args: &Args, run: RunName, lab: &Lab, edge: &Edge) -> Result<Order, Failure> {
    let tasks = if args.task.is_empty() { vec![default_task(lab)?] } else { args.task.clone() };
    refuse_twice(&tasks)?;
    let plain = Identity::plain(run, tasks);
    let agent = args.agent.clone().unwrap_or_else(|| plain.agent.clone());
    let mut files = agent_folder::read(&agent_path(&agent, lab, edge))?;
    let params = args.params();
    set_params(&mut files, &params)?;
    let improver = improver(args, lab, edge)?;
    let identity = Identity {
        agent,
        agent_digest: files.digest().to_string(),
        params,
        task_digests: task_digests(&plain.tasks, lab)?,
        unsealed: unsealed(&plain.tasks, lab)?,
        generations: args.generations.unwrap_or(plain.generations),
        attempts: args.attempts.unwrap_or(plain.attempts),
        episodes: args.episodes.unwrap_or(plain.episodes),
        start: args.start.unwrap_or(plain.start),
        model: args.model.clone(),
        seed: args.seed.unwrap_or(plain.seed),
        width: args.width.unwrap_or(plain.width),
        control: args.control.unwrap_or(plain.control),
        certify: args.certify.unwrap_or(plain.certify),
        race: args.race.unwrap_or(lab.config.run.race && args.start == Some(Start::Initial)),
        select_queries: args.select_queries.unwrap_or(plain.select_queries),
        improver: improver.as_ref().map(|(improver, _)| improver.clone()),
        ..plain
    };
    if identity.control > 0 && identity.start == Start::Carry {
        return Err(Failure::usage("--control needs --start initial")
            .because("agents that start from their ancestors' solutions cannot be compared")
            .next("add --start initial, or leave out --control"));
    }
    if identity.certify > 0 && identity.start == Start::Carry {
        return Err(Failure::usage("--certify needs --start initial")
            .because("agents that start from their ancestors' solutions cannot be compared")
            .next("add --start initial, or leave out --certify"));
    }
    if identity.race && identity.start == Start::Carry {
        return Err(Failure::usage("--race needs --start initial")
            .because("agents that start from their ancestors' solutions cannot be compared")
            .next("add --start initial, or leave out --race"));
    }
    Ok(Order { identity, agent: files, improver: improver.and_then(|(_, files)| files) })
}

/// A run to go on with; its agent is on record.
pub fn go_on(identity: Identity) -> Order {
    Order { identity, agent: AgentFiles::default(), improver: None }
}

/// The one who makes every rewrite, if the flags name one, and its files where they are not the agent's own.
fn improver(
    args: &Args,
    lab: &Lab,
    edge: &Edge,
) -> Result<Option<(Improver, Option<AgentFiles>)>, Failure> {
    let Some(agent) = args.transfer.clone() else {
        return Ok(args.no_self_improve.then_some((Improver::Seed, None)));
    };
    let files = agent_folder::read(&agent_path(&agent, lab, edge))?;
    let agent_digest = files.digest().to_string();
    Ok(Some((Improver::Transferred { agent, agent_digest }, Some(files))))
}

/// The folder an agent is read from: a seed's name wins over a path of the same name.
pub fn agent_path(agent: &str, lab: &Lab, edge: &Edge) -> PathBuf {
    if agent == "agent_config" {
        return lab.agent_config();
    }
    let seed = lab.seed(agent);
    let is_name = !agent.contains('/') && seed.join(AGENT_TOML).is_file();
    if is_name { seed } else { edge.cwd.join(agent) }
}

/// The content hash of each task.
pub fn task_digests(tasks: &[TaskName], lab: &Lab) -> Result<BTreeMap<TaskName, String>, Failure> {
    tasks
        .iter()
        .map(|name| {
            open_task(lab, name)?;
            Ok((name.clone(), task_digest(&lab.task(name))?.to_string()))
        })
        .collect()
}

/// The tasks that are not sealed, with what their numbers are worth.
fn unsealed(tasks: &[TaskName], lab: &Lab) -> Result<BTreeMap<TaskName, Seal>, Failure> {
    let mut unsealed = BTreeMap::new();
    for name in tasks {
        let seal = open_task(lab, name)?.spec.seal();
        if seal != Seal::Sealed {
            unsealed.insert(name.clone(), seal);
        }
    }
    Ok(unsealed)
}

/// The task of that name, or a failure that lists those there are.
pub fn open_task(lab: &Lab, name: &TaskName) -> Result<Task, Failure> {
    let folder = lab.task(name);
    if folder.is_dir() {
        return Ok(load_task(&folder)?);
    }
    let names: Vec<String> = list_tasks(&lab.tasks())?.iter().map(ToString::to_string).collect();
    Err(Failure::usage(format!("there is no task `{name}` in this lab"))
        .because(format!("tasks: {}", names.join(", "))))
}

/// Refuses to go on with tasks that are not what they were when the run began.
pub fn refuse_changed_tasks(identity: &Identity, lab: &Lab, edge: &Edge) -> Result<(), Failure> {
    for (task, digest) in task_digests(&identity.tasks, lab)? {
        if identity.task_digests.get(&task) != Some(&digest) {
            return Err(Failure::usage(format!(
                "task `{task}` changed since {} began",
                identity.run
            ))
            .because("scores before and after the change could not be compared")
            .next(format!("undo the change, or {} starts anew", edge.hint("run --fresh"))));
        }
    }
    Ok(())
}

/// The task of the main job, else the only one.
fn default_task(lab: &Lab) -> Result<TaskName, Failure> {
    let tasks = list_tasks(&lab.tasks())?;
    match (tasks.iter().find(|task| task.as_str() == TASK), tasks.as_slice()) {
        (Some(main), _) | (None, [main]) => Ok(main.clone()),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(TaskName::as_str).collect();
            Err(Failure::usage("which task?")
                .because(format!("tasks of this lab: {}", names.join(", ")))
                .next("name it: --task NAME"))
        }
    }
}

/// Every task weighs the same, so naming one twice would mean nothing.
fn refuse_twice(tasks: &[TaskName]) -> Result<(), Failure> {
    let twice = tasks
        .iter()
        .enumerate()
        .find(|(place, task)| tasks.iter().take(*place).any(|t| t == *task));
    match twice {
        None => Ok(()),
        Some((_, task)) => Err(Failure::usage(format!("--task {task} is given twice"))
            .because("the tasks of a run weigh the same")
            .next("name each task once; --episodes N measures each of them more often")),
    }
}

/// The name of a run nobody named.
pub fn numbered(number: u64) -> Result<RunName, Failure> {
    format!("run-{number}")
        .parse()
        .map_err(|error| Failure::from_error(Exit::Defect, &error as &dyn std::error::Error))
}

/// Refuses a run that a process works on.
pub fn refuse_held(recorded: &Recorded, edge: &Edge) -> Result<(), Failure> {
    if !recorded.held {
        return Ok(());
    }
    let pid = journal::holder(&recorded.folder).map(|holder| format!(" {}", holder.pid));
    Err(Failure::new(
        Exit::Environment,
        format!("process{} works on {}", pid.unwrap_or_default(), recorded.run),
    )
    .next(format!(
        "{} looks on, {} ends it, {} starts another",
        edge.hint(&format!("status {}", recorded.run)),
        edge.hint(&format!("stop {}", recorded.run)),
        edge.hint("run --fresh"),
    )))
}

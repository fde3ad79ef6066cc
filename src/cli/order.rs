//! From flags to an order the engine can carry out: which run, which settings, which caps.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use super::agent_folder;
use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::recorded::{self, Recorded};
use super::verb::run::Args;
use crate::archive::Archive;
use crate::base::id::{RunName, TaskName};
use crate::domain::agent::{AGENT_TOML, AgentFiles};
use crate::domain::settings::{BudgetSpec, Budgets, Identity, Start};
use crate::domain::task::{Seal, Task};
use crate::engine::open::Order;
use crate::journal;
use crate::lab::Lab;
use crate::lab::params::set_params;
use crate::lab::tasks::{list_tasks, load_task, task_digest};
use crate::view::RunState;

/// The size of the main job: what `run` does without arguments.
pub const GENERATIONS: u32 = 6;
/// Attempts of one episode, when not said.
pub const ATTEMPTS: u32 = 12;
/// Episodes of each task, when not said.
pub const EPISODES: u32 = 2;
/// The task, when not said and there are several.
const TASK: &str = "snake";
/// The seed of every draw, when not said.
pub const SEED: u64 = 1;
/// Measurements that one block of select cases answers.
const SELECT_QUERIES: u32 = 50;

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
    let agent = args.agent.clone().unwrap_or_else(|| "agent_config".to_owned());
    let mut files = agent_folder::read(&agent_path(&agent, lab, edge))?;
    let params = args.params();
    set_params(&mut files, &params)?;
    let tasks = if args.task.is_empty() { vec![default_task(lab)?] } else { args.task.clone() };
    refuse_twice(&tasks)?;
    let identity = Identity {
        run,
        agent,
        agent_digest: files.digest().to_string(),
        params,
        task_digests: task_digests(&tasks, lab)?,
        unsealed: unsealed(&tasks, lab)?,
        tasks,
        generations: args.generations.unwrap_or(GENERATIONS),
        attempts: args.attempts.unwrap_or(ATTEMPTS),
        episodes: args.episodes.unwrap_or(EPISODES),
        start: args.start.unwrap_or(Start::Carry),
        model: args.model.clone(),
        seed: args.seed.unwrap_or(SEED),
        width: args.width.unwrap_or(1),
        control: args.control.unwrap_or(0),
        certify: args.certify.unwrap_or(0),
        race: args.race.unwrap_or(lab.config.run.race && args.start == Some(Start::Initial)),
        select_queries: args.select_queries.unwrap_or(SELECT_QUERIES),
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
    Ok(Order { identity, agent: files })
}

/// A run to go on with; its agent is on record.
pub fn go_on(identity: Identity) -> Order {
    Order { identity, agent: AgentFiles::default() }
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

/// The caps of a run: the lab's, where no flag says otherwise.
pub fn caps(args: &Caps, lab: &Lab) -> Budgets {
    let Caps { max_usd, max_tokens, max_calls, max_minutes, .. } = *args;
    let mut caps = Budgets::default();
    caps.set_run(BudgetSpec { max_usd, max_tokens, max_calls, max_minutes });
    for cap in &args.cap {
        // Each was read when the line was; what does not read never comes here.
        let _ = caps.set(cap);
    }
    caps.or(&lab.config.budget)
}

/// The flags that bound a run without changing its results; `run` and `resume` take them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Caps {
    /// Work on this many candidates at once; never changes results [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub parallel: Option<u32>,
    /// Stop before the run has cost more than this many US dollars.
    #[arg(long, value_name = "X", value_parser = positive)]
    pub max_usd: Option<f64>,
    /// Stop before the run has used more than this many tokens.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,
    /// Stop before the run has made more than this many model calls.
    #[arg(long, value_name = "N")]
    pub max_calls: Option<u64>,
    /// Stop after this many minutes.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_minutes: Option<f64>,
    /// A cap for each generation or for a role: generation.max_usd=0.5 or roles.meta.max_calls=40; may be repeated.
    #[arg(long, value_name = "CAP", value_parser = cap)]
    pub cap: Vec<String>,
    /// Run code written by models even where no sandbox can be built. Its files, network and keys are yours to lose.
    #[arg(long)]
    pub i_accept_no_sandbox: bool,
}

/// A cap that reads as one.
fn cap(text: &str) -> Result<String, String> {
    Budgets::default().set(text).map(|()| text.to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number above 0 is needed".to_owned()),
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

/// Refuses flags that say something else than the run they would continue.
fn refuse_changes(args: &Args, identity: &Identity, edge: &Edge) -> Result<(), Failure> {
    let changed = changes(args, identity);
    if changed.is_empty() {
        return Ok(());
    }
    let run = &identity.run;
    Err(Failure::usage(format!("{run} is unfinished and was started with other settings"))
        .because(changed.join("; "))
        .next(format!(
            "{} goes on with its own settings, {} starts a new run with yours",
            edge.hint(&format!("resume {run}")),
            edge.hint("run --fresh …"),
        )))
}

/// The flags given that differ from a run's identity.
pub fn changes(args: &Args, identity: &Identity) -> Vec<String> {
    let mut changed = Vec::new();
    let mut compare = |flag: &str, given: Option<String>, has: String| {
        if let Some(given) = given.filter(|given| *given != has) {
            changed.push(format!("--{flag} {given}, but the run has {has}"));
        }
    };
    let words = |names: &[crate::base::id::TaskName]| {
        names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    compare("agent", args.agent.clone(), identity.agent.clone());
    let given = args.params();
    compare("param", (!given.is_empty()).then(|| set(&given)), set(&identity.params));
    let tasks = (!args.task.is_empty()).then(|| words(&args.task));
    compare("task", tasks, words(&identity.tasks));
    compare("generations", shown(args.generations), identity.generations.to_string());
    compare("attempts", shown(args.attempts), identity.attempts.to_string());
    compare("episodes", shown(args.episodes), identity.episodes.to_string());
    compare("start", args.start.map(start_word), start_word(identity.start));
    let model = identity.model.as_ref().map_or("none".to_owned(), ToString::to_string);
    compare("model", shown(args.model.as_ref()), model);
    compare("seed", shown(args.seed), identity.seed.to_string());
    compare("width", shown(args.width), identity.width.to_string());
    compare("control", shown(args.control), identity.control.to_string());
    compare("certify", shown(args.certify), identity.certify.to_string());
    compare("race", shown(args.race), identity.race.to_string());
    let queries = identity.select_queries.to_string();
    compare("select-queries", shown(args.select_queries), queries);
    changed
}

/// Numbers as they are set: `a=0.5 b=2`, or `none`.
fn set(params: &BTreeMap<String, f64>) -> String {
    let words: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(" ") }
}

fn shown<T: Display>(given: Option<T>) -> Option<String> {
    given.map(|value| value.to_string())
}

fn start_word(start: Start) -> String {
    match start {
        Start::Carry => "carry".to_owned(),
        Start::Initial => "initial".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            run: "run-1".parse().expect("a run"),
            agent: "agent_config".into(),
            agent_digest: "d".into(),
            params: Default::default(),
            tasks: vec!["snake".parse().expect("a task")],
            task_digests: std::collections::BTreeMap::new(),
            unsealed: Default::default(),
            generations: 6,
            attempts: 24,
            episodes: 2,
            start: Start::Carry,
            model: None,
            seed: 1,
            width: 1,
            control: 0,
            certify: 0,
            race: false,
            select_queries: 0,
        }
    }

    #[test]
    fn flags_left_out_change_nothing_and_flags_given_are_compared() {
        assert_eq!(changes(&Args::default(), &identity()), [""; 0]);
        let same = Args { attempts: Some(24), start: Some(Start::Carry), ..Args::default() };
        assert_eq!(changes(&same, &identity()), [""; 0]);
        let other = Args {
            attempts: Some(30),
            task: vec!["packing".parse().expect("a task")],
            model: Some("fast".parse().expect("an alias")),
            ..Args::default()
        };
        assert_eq!(
            changes(&other, &identity()),
            [
                "--task packing, but the run has snake",
                "--attempts 30, but the run has 24",
                "--model fast, but the run has none"
            ]
        );
    }

    #[test]
    fn caps_are_above_zero() {
        assert_eq!(positive("2.5"), Ok(2.5));
        for bad in ["0", "-1", "NaN", "inf", "x"] {
            assert!(positive(bad).is_err(), "{bad} was taken");
        }
    }
}

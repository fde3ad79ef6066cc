//! A generation's script at work: its worker process, and the mirrors of the states it is shown.
//!
//! A script can kill its worker (that is what the worker is for). The next call then loads a new one, and every mirror
//! finds that its state is no longer there and opens it again.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::Stopped;
use super::failure::EngineError;
use crate::domain::agent::{AgentFiles, STRATEGY};
use crate::domain::event::Diagnostic;
use crate::domain::state::GenerationState;
use crate::rewrite::Agent;
use crate::script::{Arg, CallFault, Delta, Hook, LoadError, Pool, RngKey, Worker, WorldKind};
use crate::solve::episode::Episode;
use crate::solve::world;

/// The list of `S` that generations are added to.
pub const GENERATIONS: &str = "gens";

/// The script of one generation, shared by its episodes; calls take turns.
#[derive(Clone)]
pub struct Hooks {
    slot: Arc<Mutex<Slot>>,
    pool: Arc<Pool>,
    agent: Arc<Agent>,
}

struct Slot {
    worker: Option<Worker>,
    /// Which worker this is; a mirror made for another one is void.
    number: u64,
}

/// What a mirror has to tell a worker before a call.
pub enum Show<'a> {
    /// The whole state: the worker does not know it yet. Generations follow the base part by part, so that no side ever
    /// holds all of a large state as text.
    Whole(WorldKind, Value, Box<dyn Iterator<Item = Vec<GenerationState>> + Send + 'a>),
    /// What changed.
    Changes(Vec<Delta>),
}

impl Hooks {
    /// Loads a generation's script into a warm worker.
    pub async fn load(pool: Arc<Pool>, files: &AgentFiles) -> Result<Self, EngineError> {
        let worker = start(&pool, files.get(STRATEGY).unwrap_or_default()).await?;
        let hooks = worker.checked().hooks.clone();
        let agent = Agent::recorded(files, hooks).map_err(no_longer_valid)?;
        let slot = Arc::new(Mutex::new(Slot { worker: Some(worker), number: 0 }));
        Ok(Self { slot, pool, agent: Arc::new(agent) })
    }

    /// Whether the script defines a hook.
    pub fn has(&self, hook: Hook) -> bool {
        self.agent.defines(hook)
    }

    /// The agent whose script this is.
    pub fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// Brings a state up to date and calls a hook on it. `known` is the worker that the state was last shown to; `show`
    /// is asked whether that one is still there. The outer error is the machine's, the inner one the script's.
    pub async fn call<'a>(
        &self,
        known: &mut Option<u64>,
        world: u64,
        show: impl FnOnce(bool) -> Show<'a>,
        call: Call<'_>,
    ) -> Result<Result<Value, Diagnostic>, Stopped> {
        let mut slot = self.slot.lock().await;
        let number = slot.number;
        let worker = match &mut slot.worker {
            Some(worker) => worker,
            none => none.insert(start(&self.pool, self.agent.strategy()).await?),
        };
        match show(*known == Some(number)) {
            Show::Whole(kind, base, parts) => {
                worker.open(world, kind, base).await?;
                for part in parts {
                    worker.extend(world, GENERATIONS, &part).await?;
                }
            }
            Show::Changes(deltas) => worker.apply(world, &deltas).await?,
        }
        *known = Some(number);
        match worker.call(call.hook, world, call.args, call.rng).await {
            Ok(called) => Ok(Ok(called.value)),
            Err(CallFault::Machine(failed)) => Err(failed.into()),
            Err(CallFault::Script(fault)) => {
                if fault.died {
                    slot.worker = None;
                    slot.number += 1;
                }
                Ok(Err(fault.into()))
            }
        }
    }

    /// Forgets a state in the worker, if it still knows it.
    pub async fn close(&self, known: Option<u64>, world: u64) -> Result<(), Stopped> {
        let mut slot = self.slot.lock().await;
        if known == Some(slot.number)
            && let Some(worker) = &mut slot.worker
        {
            worker.close(world).await?;
        }
        Ok(())
    }
}

/// One call of a hook.
pub struct Call<'a> {
    /// Which.
    pub hook: Hook,
    /// The arguments before the state.
    pub args: &'a [Arg],
    /// The random stream.
    pub rng: RngKey,
}

async fn start(pool: &Pool, source: &str) -> Result<Worker, EngineError> {
    match pool.load(source).await {
        Ok(worker) => Ok(worker),
        Err(LoadError::Machine(failed)) => Err(failed.into()),
        Err(LoadError::Invalid { checked }) => {
            Err(no_longer_valid(checked.findings.into_iter().map(Into::into).collect()))
        }
    }
}

/// A generation passed validation once; that it does not any more means another kernel recorded it.
fn no_longer_valid(diagnostics: Vec<Diagnostic>) -> EngineError {
    EngineError::InvalidAgent { agent: "a recorded generation".into(), diagnostics }
}

/// An episode's state inside its generation's worker, kept up to date by what changed.
pub struct EpisodeMirror {
    hooks: Hooks,
    world: u64,
    known: Option<u64>,
    shown: usize,
    /// Attempts shown as reviewed.
    reviewed: usize,
}

impl EpisodeMirror {
    /// A mirror that is opened when the script is first asked: a resumed episode may never need it.
    pub fn new(hooks: Hooks, world: u64) -> Self {
        Self { hooks, world, known: None, shown: 0, reviewed: 0 }
    }

    /// The script.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Calls a hook on the episode as it is now.
    pub async fn call(
        &mut self,
        episode: &Episode,
        call: Call<'_>,
    ) -> Result<Result<Value, Diagnostic>, Stopped> {
        let (shown, reviewed) = (self.shown, self.reviewed);
        let show = |known| match known {
            true => Show::Changes(changes(episode, shown, reviewed)),
            false => {
                let nothing_more = Box::new(std::iter::empty());
                Show::Whole(WorldKind::Inner, json!(world::state(episode)), nothing_more)
            }
        };
        let called = self.hooks.call(&mut self.known, self.world, show, call).await;
        self.shown = episode.attempts().len();
        self.reviewed = episode.reviewed().len();
        called
    }

    /// Forgets the state in the worker.
    pub async fn close(self) -> Result<(), Stopped> {
        self.hooks.close(self.known, self.world).await
    }
}

/// What changed in an episode since `shown` of its attempts had ended and `reviewed` of them were reviewed.
fn changes(episode: &Episode, shown: usize, reviewed: usize) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for attempt in episode.attempts().iter().skip(shown) {
        if let Some(base) = attempt.base.and_then(|id| episode.attempt(id)) {
            let path = ["attempts".to_owned(), base.id.to_string(), "kids".to_owned()];
            deltas.push(Delta::set(path, base.kids.into()));
        }
        deltas.push(Delta::push(["attempts"], json!(world::ended(episode, attempt))));
    }
    for of in episode.reviewed().iter().skip(reviewed) {
        let path = ["attempts".to_owned(), of.to_string(), "reviewed".to_owned()];
        deltas.push(Delta::set(path, true.into()));
    }
    for (field, value) in world::changing(episode) {
        deltas.push(Delta::set([field], value));
    }
    deltas
}

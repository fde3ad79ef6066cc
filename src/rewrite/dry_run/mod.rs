//! Stage 3: does it work? Everything is tried on recorded and made-up material, without a model and without Python.

mod episode;
pub(super) mod hooks;
mod inner;
pub(super) mod outer;
mod run;

use serde_json::Value;

use super::agent::Agent;
use super::finding::{finding, refuses};
use super::submission::Rules;
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;
use crate::prompt;
use crate::script::{
    Arg, CallFault, Called, Delta, FaultKind, Hook, LoadError, RngKey, ScriptError, Spare, Worker,
    WorldKind,
};

/// Renders every prompt, calls every hook twice, and plays a mock run and a mock episode.
pub(super) async fn dry_run(
    agent: &Agent,
    rules: &Rules,
    spare: Spare,
) -> Result<Vec<Diagnostic>, ScriptError> {
    let mut found = render_prompts(agent);
    let worker = match spare.load(agent.strategy()).await {
        Ok(worker) => worker,
        Err(LoadError::Invalid { checked }) => {
            found.extend(checked.findings.into_iter().map(Diagnostic::from));
            return Ok(found);
        }
        Err(LoadError::Machine(error)) => return Err(error),
    };
    let mut script = Script::new(worker, rules.seed);
    found.extend(hooks::try_hooks(agent, rules, &mut script).await?);
    if found.iter().any(refuses) {
        return Ok(found);
    }
    found.extend(run::play(agent, rules, &mut script).await?);
    if script.alive {
        found.extend(episode::play(agent, rules, &mut script).await?);
    }
    Ok(found)
}

fn render_prompts(agent: &Agent) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, prompt) in &agent.prompts {
        let Some((table, role)) = prompt::role(name).zip(agent.config.roles.get(name)) else {
            continue;
        };
        for mut sample in prompt::samples(table) {
            if let Some(params) = sample.variables.get_mut("params") {
                *params = serde_json::json!(agent.config.params);
            }
            if let Err(fault) = prompt.render(&sample.variables) {
                let what = format!("failed on \"{}\": {}", sample.name, fault.message);
                found.push(finding(fault.code, &role.prompt, fault.line, what));
                break;
            }
        }
    }
    found
}

/// The script under trial. Once its process has died of it, nothing more is asked.
pub(super) struct Script {
    worker: Worker,
    seed: u64,
    alive: bool,
}

/// The world every trial uses, one after the other.
const WORLD: u64 = 1;

impl Script {
    pub(super) fn new(worker: Worker, seed: u64) -> Self {
        Self { worker, seed, alive: true }
    }

    pub(super) async fn open(&mut self, kind: WorldKind, base: Value) -> Result<(), ScriptError> {
        self.worker.open(WORLD, kind, base).await
    }

    pub(super) async fn apply(&mut self, changes: &[Delta]) -> Result<(), ScriptError> {
        self.worker.apply(WORLD, changes).await
    }

    /// Calls a hook; what the script did wrong comes back as a finding that names the state.
    pub(super) async fn call(
        &mut self,
        hook: Hook,
        args: &[Arg],
        step: u64,
        state: &str,
    ) -> Result<Result<Called, Diagnostic>, ScriptError> {
        let rng = RngKey { seed: self.seed, purpose: "validation".to_owned(), indices: vec![step] };
        match self.worker.call(hook, WORLD, args, rng).await {
            Ok(called) => Ok(Ok(called)),
            Err(CallFault::Script(fault)) => {
                self.alive &= !fault.died;
                let (code, line) = (fault.kind.code(), fault.line);
                let mut what = format!("{hook} failed on \"{state}\": {}", fault.message);
                if fault.kind == FaultKind::Failed && !fault.died {
                    what.push_str("; test for that first, a hook has to work on every state");
                }
                Ok(Err(finding(code, STRATEGY, line, what)))
            }
            Err(CallFault::Machine(error)) => Err(error),
        }
    }
}

/// A value as a world's base or a part of it; what is shown to scripts always has one.
pub(super) fn plain(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

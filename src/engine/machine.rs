//! What this machine offers: the sandbox's level, an interpreter, candidates measured side by side.

use super::EngineError;
use super::open::{Conditions, World};
use super::take_up::runs_folder;
use crate::base::id::Alias;
use crate::domain::outcome::SandboxLevel;
use crate::domain::settings::Dialect;
use crate::evaluate::Evaluator;
use crate::lint::linter::Checker;
use crate::sandbox::{self, Host};

/// The machine, looked at once.
pub(super) struct Machine {
    /// Where sandboxes are built, and how strong they are.
    pub(super) host: Host,
    /// Who measures.
    pub(super) evaluator: Evaluator,
    /// Who looks at code quality.
    pub(super) checker: Checker,
}

impl Machine {
    /// Probes the sandbox and finds the interpreter.
    pub(super) async fn find(world: &World, conditions: &Conditions) -> Result<Self, EngineError> {
        let cache = runs_folder(&world.lab).join("cache");
        let probe =
            sandbox::probe(&world.executable, &world.temporary, &cache.join("sandbox.json"))
                .await?;
        let host = Host {
            executable: world.executable.clone(),
            level: probe.level,
            temporary: world.temporary.clone(),
        };
        let path_env = world.environment.get("PATH").unwrap_or_default();
        let python = sandbox::python::find(
            world.lab.config.python.path.as_deref(),
            path_env,
            &cache.join("python.json"),
        )
        .await?;
        let parallel = conditions
            .parallel
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1);
        let checker = Checker::new(host.clone(), python.clone(), path_env);
        Ok(Self { evaluator: Evaluator::new(host.clone(), python, parallel), checker, host })
    }

    /// Refuses to run code of these authors where the sandbox is weaker than the person wants, unless it is accepted.
    /// What the built-in optimisers write is built from a grammar and is no danger.
    pub(super) fn check_authors<'a>(
        &self,
        world: &World,
        conditions: &Conditions,
        mut authors: impl Iterator<Item = &'a Alias>,
        dialect: impl Fn(&Alias) -> Option<Dialect>,
    ) -> Result<(), EngineError> {
        let (level, needed): (SandboxLevel, SandboxLevel) =
            (self.host.level, world.lab.config.sandbox.min_level);
        if level >= needed || conditions.accept_no_sandbox {
            return Ok(());
        }
        let grammar_built =
            |alias: &&Alias| matches!(dialect(alias), Some(Dialect::Offline | Dialect::Random));
        match authors.find(|alias| !grammar_built(alias)) {
            None => Ok(()),
            Some(alias) => {
                Err(EngineError::SandboxTooWeak { level, needed, alias: alias.to_string() })
            }
        }
    }
}

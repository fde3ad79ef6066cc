//! The requests of the kernel, carried out one by one.

use std::collections::BTreeMap;

use starlark::environment::Globals;

use super::check::check;
use super::library::globals;
use super::program::{CallFailure, Program};
use super::state::world::World;
use crate::script::wire::{Answer, Request};

/// Everything a worker knows.
pub struct Desk {
    globals: Globals,
    program: Option<Program>,
    worlds: BTreeMap<u64, Result<World, String>>,
}

impl Desk {
    /// A worker that knows the language and nothing else.
    pub fn new() -> Self {
        Self { globals: globals(), program: None, worlds: BTreeMap::new() }
    }

    /// Carries out one request; `None` for those without an answer.
    pub fn handle(&mut self, request: Request) -> Option<Answer> {
        match request {
            Request::Check { source } => Some(Answer::Checked(check(&source, &self.globals))),
            Request::Load { source } => Some(self.load(&source)),
            Request::Open { world, kind, base } => {
                self.worlds
                    .insert(world, World::open(kind, &base).map_err(|fault| fault.to_string()));
                None
            }
            Request::Apply { world, deltas } => {
                match self.worlds.get_mut(&world) {
                    Some(slot @ Ok(_)) => {
                        if let Ok(mirror) = slot
                            && let Err(fault) = mirror.apply(&deltas)
                        {
                            *slot = Err(fault.to_string());
                        }
                    }
                    Some(Err(_)) => {}
                    None => {
                        self.worlds.insert(world, Err("it was never opened".to_owned()));
                    }
                }
                None
            }
            Request::Close { world } => {
                self.worlds.remove(&world);
                None
            }
            Request::Call { hook, world, args, rng } => {
                let refused = |reason: String| Some(Answer::Refused { reason });
                let Some(program) = &self.program else {
                    return refused("no script is loaded".to_owned());
                };
                let world = match self.worlds.get_mut(&world) {
                    Some(Ok(mirror)) => mirror,
                    Some(Err(reason)) => return refused(format!("world {world}: {reason}")),
                    None => return refused(format!("world {world} is not open")),
                };
                Some(match program.call(hook, world, &args, rng) {
                    Ok(called) => Answer::Called(called),
                    Err(CallFailure::Fault(fault)) => Answer::Fault(fault),
                    Err(CallFailure::Refused(reason)) => Answer::Refused { reason },
                })
            }
        }
    }

    fn load(&mut self, source: &str) -> Answer {
        let mut checked = check(source, &self.globals);
        if !checked.passes() {
            return Answer::Checked(checked);
        }
        match Program::load(source, &self.globals) {
            Ok(program) => {
                self.program = Some(program);
                Answer::Loaded(checked)
            }
            Err(finding) => {
                checked.findings.push(finding);
                Answer::Checked(checked)
            }
        }
    }
}

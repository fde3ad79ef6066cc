//! A loaded script, and the calls of its hooks.

use std::time::Instant;

use starlark::ErrorKind;
use starlark::environment::{FrozenModule, Globals, Module};
use starlark::eval::Evaluator;
use starlark::values::{Value, ValueError};

use super::check::{line_of, parse};
use super::library::chance::Chance;
use super::library::meter::{Meter, WorkExceeded};
use super::result::read;
use super::state::node::{Names, Node};
use super::state::record::MissingField;
use super::state::world::World;
use crate::script::fault::{FaultKind, Finding, ScriptFault};
use crate::script::hook::Hook;
use crate::script::limits;
use crate::script::wire::{Arg, Called, RngKey};

/// A script whose top level has run, with its constants frozen.
pub struct Program {
    module: FrozenModule,
    source: String,
}

/// What a failed evaluation was.
struct Failure {
    kind: FaultKind,
    line: u32,
    message: String,
}

/// Why a call was not made.
#[derive(Debug)]
pub enum CallFailure {
    /// The script's fault.
    Fault(ScriptFault),
    /// The kernel's: the call does not fit the world.
    Refused(String),
}

impl Program {
    /// Runs the top level of a checked script.
    pub fn load(source: &str, globals: &Globals) -> Result<Self, Finding> {
        let refuse = |code: &str, line, message| Finding { code: code.to_owned(), line, message };
        let ast = parse(source).map_err(|error| {
            refuse("E106", line_of(&error), brief(error.without_diagnostic().to_string()))
        })?;
        let module = Module::with_temp_heap(|module| {
            let meter = Meter::default();
            {
                let mut evaluator = evaluator(&module, &meter)?;
                if let Err(error) = evaluator.eval_module(ast, globals) {
                    return Err(classify(&error, &evaluator, &meter));
                }
            }
            module.freeze().map_err(|error| Failure {
                kind: FaultKind::Failed,
                line: 0,
                message: error.err_msg,
            })
        });
        match module {
            Ok(module) => Ok(Self { module, source: source.to_owned() }),
            Err(failure) => {
                // A name that the linter let pass is found when scopes are resolved.
                let code = if failure.message.starts_with("Variable `") {
                    "E207"
                } else {
                    failure.kind.code()
                };
                Err(refuse(code, failure.line, failure.message))
            }
        }
    }

    /// Calls a hook on a fresh heap.
    pub fn call(
        &self,
        hook: Hook,
        world: &mut World,
        args: &[Arg],
        rng: RngKey,
    ) -> Result<Called, CallFailure> {
        let fault = |kind, line, message| {
            CallFailure::Fault(ScriptFault { kind, hook, line, message, died: false })
        };
        if hook.world().is_some_and(|kind| kind != world.kind()) {
            return Err(CallFailure::Refused(format!("{hook} is not called on {}", world.label())));
        }
        let mut nodes = Vec::with_capacity(args.len() + 1);
        for arg in args {
            nodes.push(argument(arg, world).ok_or_else(|| {
                CallFailure::Refused(format!("{hook} has an argument that is not in the world"))
            })?);
        }
        let draws = hook.parameters().last() == Some(&"rng");
        let expected = hook.parameters().len() - usize::from(draws);
        if nodes.len() + 1 == expected {
            nodes.push((Node::Record(world.root()), world.label()));
        }
        if nodes.len() != expected {
            return Err(CallFailure::Refused(format!("{hook} takes other arguments")));
        }
        let Ok(Some(function)) = self.module.get_option(hook.name()) else {
            let message = format!("the script does not define {hook}");
            return Err(fault(FaultKind::NoHook, 0, message));
        };
        MissingField::take_last();
        let outcome = Module::with_temp_heap(|module| {
            let meter = Meter::default();
            let mut evaluator = evaluator(&module, &meter)?;
            let heap = module.heap();
            let function = heap.access_owned_frozen_value(&function);
            let mut values: Vec<Value<'_>> =
                nodes.iter().map(|(node, label)| node.to_value(label, heap)).collect();
            if draws {
                values.push(heap.alloc_complex_no_freeze(Chance::of(rng)));
            }
            match evaluator.eval_function(function, &values, &[]) {
                Ok(value) => {
                    let ticks = evaluator.get_total_tick_count().saturating_add(meter.spent());
                    Ok((read(value, hook.returns()), ticks))
                }
                Err(error) => Err(classify(&error, &evaluator, &meter)),
            }
        });
        match outcome {
            Ok((Ok(value), ticks)) => Ok(Called { value, ticks }),
            Ok((Err(wrong), _)) => Err(fault(FaultKind::Result, 0, wrong.to_string())),
            Err(Failure { kind, line, message }) => {
                let message = match self.line(line) {
                    Some(text) => format!("{message}; in `{text}`"),
                    None => message,
                };
                Err(fault(kind, line, message))
            }
        }
    }

    fn line(&self, line: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.source.lines().nth(index)?.trim();
        Some(text.chars().take(160).collect())
    }
}

fn argument(arg: &Arg, world: &mut World) -> Option<(Node, &'static str)> {
    match arg {
        Arg::Record(path) => world.part(path),
        Arg::Value(json) => Some((Node::from_json(json, &mut Names::default()), "record")),
    }
}

fn evaluator<'v, 'a, 'e>(
    module: &'a Module<'v>,
    meter: &'a Meter,
) -> Result<Evaluator<'v, 'a, 'e>, Failure>
where
    'e: 'a,
{
    let mut evaluator = Evaluator::new(module);
    evaluator.extra = Some(meter);
    let began = Instant::now();
    evaluator.set_check_cancelled(Box::new(move || began.elapsed() > limits::CALL_WALL));
    let set = evaluator
        .set_max_callstack_size(limits::CALL_DEPTH)
        .and_then(|()| evaluator.set_max_heap_size(limits::HEAP_BYTES))
        .and_then(|()| evaluator.set_max_tick_count(limits::TICKS));
    match set {
        Ok(()) => Ok(evaluator),
        Err(error) => Err(Failure { kind: FaultKind::Failed, line: 0, message: error.to_string() }),
    }
}

fn classify(error: &starlark::Error, evaluator: &Evaluator<'_, '_, '_>, meter: &Meter) -> Failure {
    let line = line_of(error);
    let text = brief(error.without_diagnostic().to_string());
    let failure = |kind, message: String| Failure { kind, line, message };
    let heap = evaluator.heap().peak_allocated_bytes() + evaluator.frozen_heap().allocated_bytes();
    if meter.spent().saturating_add(evaluator.get_total_tick_count()) > limits::TICKS {
        let message = format!(
            "more than {} steps (calls and loop rounds); use fewer or shorter loops",
            limits::TICKS
        );
        return failure(FaultKind::Ticks, message);
    }
    if heap > limits::HEAP_BYTES {
        let message = format!(
            "more than {} MiB of values; build smaller lists and texts",
            limits::HEAP_BYTES >> 20
        );
        return failure(FaultKind::Memory, message);
    }
    if text == "Evaluation cancelled" {
        let message = format!(
            "ran longer than {} s; use fewer or shorter loops",
            limits::CALL_WALL.as_secs()
        );
        return failure(FaultKind::Ticks, message);
    }
    let inner = match error.kind() {
        ErrorKind::StackOverflow(_) => {
            let message = format!(
                "calls nested more than {} deep; use a loop instead of recursion",
                limits::CALL_DEPTH
            );
            return failure(FaultKind::Depth, message);
        }
        ErrorKind::Value(inner) | ErrorKind::Other(inner) | ErrorKind::Native(inner) => inner,
        _ => return failure(FaultKind::Failed, text),
    };
    if inner.downcast_ref::<WorkExceeded>().is_some() {
        return failure(FaultKind::Ticks, text);
    }
    if let Some(ValueError::CannotMutateImmutableValue) = inner.downcast_ref::<ValueError>() {
        return failure(FaultKind::Mutated, unchanging());
    }
    if let Some(missing) = inner.downcast_ref::<MissingField>() {
        let kind = if missing.is_hidden() { FaultKind::Hidden } else { FaultKind::Failed };
        return failure(kind, text);
    }
    if text.contains("`record`")
        && let Some(missing) = MissingField::take_last()
        && text.contains(&format!("{}`", missing.field))
    {
        let kind = if missing.is_hidden() { FaultKind::Hidden } else { FaultKind::Failed };
        return failure(kind, missing.to_string());
    }
    if text.contains("`.") && text.contains("=` not supported") {
        return failure(FaultKind::Mutated, unchanging());
    }
    failure(FaultKind::Failed, text)
}

/// A message of the interpreter, which may quote values of the script.
fn brief(mut text: String) -> String {
    if text.len() > limits::MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(limits::MESSAGE_BYTES));
        text.push('…');
    }
    text
}

fn unchanging() -> String {
    "constants and the state cannot be changed, and nothing is remembered between calls; build a new value, or keep \
     small facts in `tag`"
        .to_owned()
}

//! The outer state as the driving script's worker knows it: shown once, part by part, and then what changed.
//!
//! What a call costs on this side is a look at the stamp of every generation and the JSON of those that changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::clades::Clades;
use super::hooks::GENERATIONS;
use super::world;
use crate::base::id::GenerationId;
use crate::domain::lineage::{Generation, Lineage};
use crate::domain::state::GenerationState;
use crate::script::Delta;

/// Generations told at a time: about as many as make a message of 200 kB.
const PART: usize = 128;

/// Everything of the state but the generations.
pub(super) type Around = BTreeMap<String, Value>;

/// What a worker was shown.
pub(super) struct Mirror {
    /// Whose script the worker runs.
    pub(super) by: GenerationId,
    /// Which worker knows the state; `None`: none does.
    pub(super) known: Option<u64>,
    /// The tree's clock then.
    clock: u64,
    generations: usize,
    around: Around,
    /// The generations then, in debug builds: a change that left no stamp is a defect of the tree.
    #[cfg(debug_assertions)]
    shown: Vec<Value>,
}

impl Mirror {
    /// What a worker knows that is shown the state as it is now.
    pub(super) fn of(
        by: GenerationId,
        known: Option<u64>,
        lineage: &Lineage,
        clades: &Clades,
        around: Around,
    ) -> Self {
        #[cfg(not(debug_assertions))]
        let _ = clades;
        Self {
            by,
            known,
            clock: lineage.clock(),
            generations: lineage.generations().len(),
            around,
            #[cfg(debug_assertions)]
            shown: generations(lineage, clades).collect(),
        }
    }

    /// What a worker that was shown this has to be told.
    pub(super) fn changes(
        &self,
        lineage: &Lineage,
        clades: &Clades,
        around: &Around,
    ) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for (place, generation) in lineage.generations().iter().enumerate() {
            let id = generation.id();
            if place >= self.generations {
                let state = world::generation(lineage, generation, clades.get(id));
                deltas.push(Delta::push([GENERATIONS], json!(state)));
            } else if generation.touched() > self.clock {
                let state = world::generation(lineage, generation, clades.get(id));
                deltas.push(Delta::set([GENERATIONS.to_owned(), place.to_string()], json!(state)));
            } else if clades.changed(id) > self.clock {
                let path = [GENERATIONS.to_owned(), place.to_string(), "clade".to_owned()];
                deltas.push(Delta::set(path, json!(clades.get(id))));
            } else {
                #[cfg(debug_assertions)]
                assert_eq!(
                    self.shown.get(place),
                    Some(&json!(world::generation(lineage, generation, clades.get(id)))),
                    "{id} changed without a stamp"
                );
            }
        }
        for (field, value) in around {
            if self.around.get(field) != Some(value) {
                deltas.push(Delta::set([field.as_str()], value.clone()));
            }
        }
        deltas
    }
}

/// The state without its generations.
pub(super) fn base(around: &Around) -> Value {
    let mut base: Map<String, Value> =
        around.iter().map(|(field, value)| (field.clone(), value.clone())).collect();
    base.insert(GENERATIONS.into(), Value::Array(Vec::new()));
    Value::Object(base)
}

/// The generations, added to the base part by part.
pub(super) fn parts<'a>(
    lineage: &'a Lineage,
    clades: &'a Clades,
) -> impl Iterator<Item = Vec<GenerationState>> + use<'a> {
    let state = move |g: &Generation| world::generation(lineage, g, clades.get(g.id()));
    lineage.generations().chunks(PART).map(move |part| part.iter().map(state).collect())
}

#[cfg(debug_assertions)]
fn generations<'a>(
    lineage: &'a Lineage,
    clades: &'a Clades,
) -> impl Iterator<Item = Value> + use<'a> {
    let generations = lineage.generations().iter();
    generations.map(|g| json!(world::generation(lineage, g, clades.get(g.id()))))
}

//! One mirror of the kernel's state: built from a base, changed by deltas, completed by computed fields.

use std::sync::Arc;

use serde_json::Value as Json;

use super::node::{Fields, Names, Node, part_label};
use crate::script::wire::{Delta, WorldKind};

/// The mirror of one `S` or `T`.
///
/// Computed fields are rebuilt when the state was changed since the last call: for `S` `by` (id to generation), `live`
/// (valid and not retired) and `root` (the first generation); for `T` `n` (attempts made, the start apart), `best` and
/// `incumbent` (the attempts of `best_id` and `incumbent_id`).
#[derive(Debug)]
pub struct World {
    kind: WorldKind,
    root: Arc<Fields>,
    complete: bool,
    names: Names,
}

/// A base or delta that does not fit; the kernel's mistake, never the script's.
#[derive(Debug, thiserror::Error)]
pub enum WorldFault {
    /// The base is not an object.
    #[error("the base of a world must be an object")]
    Base,
    /// Nothing stands at the path.
    #[error("nothing to change at `{path}`")]
    Path {
        /// The path, its parts joined by dots.
        path: String,
    },
}

/// The computed fields of a kind of world.
fn computed(kind: WorldKind) -> &'static [&'static str] {
    match kind {
        WorldKind::Outer => &["by", "live", "root"],
        WorldKind::Inner => &["n", "best", "incumbent"],
    }
}

impl World {
    /// A world with the given base.
    pub fn open(kind: WorldKind, base: &Json) -> Result<Self, WorldFault> {
        let mut names = Names::default();
        match Node::from_json(base, &mut names) {
            Node::Record(root) => Ok(Self { kind, root, complete: false, names }),
            _ => Err(WorldFault::Base),
        }
    }

    /// The world's kind.
    pub fn kind(&self) -> WorldKind {
        self.kind
    }

    /// What the root is called in scripts.
    pub fn label(&self) -> &'static str {
        match self.kind {
            WorldKind::Outer => "S",
            WorldKind::Inner => "T",
        }
    }

    /// Changes the state, one delta after the other; stops at the first that does not fit.
    pub fn apply(&mut self, deltas: &[Delta]) -> Result<(), WorldFault> {
        // The computed fields share parts of the state; without them a change finds its part unshared and copies nothing.
        if self.complete {
            let root = Arc::make_mut(&mut self.root);
            for name in computed(self.kind) {
                root.remove(name);
            }
            self.complete = false;
        }
        deltas.iter().try_for_each(|delta| self.apply_one(delta))
    }

    fn apply_one(&mut self, delta: &Delta) -> Result<(), WorldFault> {
        let (Delta::Push { path, value } | Delta::Set { path, value }) = delta;
        let missing = || WorldFault::Path { path: path.join(".") };
        let node = Node::from_json(value, &mut self.names);
        let root = Arc::make_mut(&mut self.root);
        let (last, folders) = path.split_last().ok_or_else(missing)?;
        let Some((first, rest)) = folders.split_first() else {
            return match delta {
                Delta::Set { .. } => {
                    root.insert(self.names.intern(last), node);
                    Ok(())
                }
                Delta::Push { .. } => match root.get_mut(last) {
                    Some(Node::List(items)) => {
                        Arc::make_mut(items).push(node);
                        Ok(())
                    }
                    _ => Err(missing()),
                },
            };
        };
        let mut at = root.get_mut(first).ok_or_else(missing)?;
        for part in rest {
            at = inside(at, part).ok_or_else(missing)?;
        }
        match delta {
            Delta::Push { .. } => match inside(at, last) {
                Some(Node::List(items)) => Arc::make_mut(items).push(node),
                _ => return Err(missing()),
            },
            Delta::Set { .. } => match at {
                Node::Record(fields) => {
                    Arc::make_mut(fields).insert(self.names.intern(last), node);
                }
                list => *inside(list, last).ok_or_else(missing)? = node,
            },
        }
        Ok(())
    }

    /// The whole state with its computed fields.
    pub fn root(&mut self) -> Arc<Fields> {
        if !self.complete {
            let additions = match self.kind {
                WorldKind::Outer => outer_fields(&self.root),
                WorldKind::Inner => inner_fields(&self.root),
            };
            let root = Arc::make_mut(&mut self.root);
            for (name, node) in additions {
                root.insert(self.names.intern(name), node);
            }
            self.complete = true;
        }
        Arc::clone(&self.root)
    }

    /// The part of the state at a path, with what it is called.
    pub fn part(&mut self, path: &[String]) -> Option<(Node, &'static str)> {
        let mut label = self.label();
        let mut node = Node::Record(self.root());
        for part in path {
            label = match &node {
                Node::Record(_) => part_label(label, part),
                _ => label,
            };
            node = match &node {
                Node::Record(fields) => fields.get(part)?.clone(),
                Node::List(items) => items.get(part.parse::<usize>().ok()?)?.clone(),
                _ => return None,
            };
        }
        Some((node, label))
    }
}

fn inside<'a>(node: &'a mut Node, part: &str) -> Option<&'a mut Node> {
    match node {
        Node::Record(fields) => Arc::make_mut(fields).get_mut(part),
        Node::List(items) => Arc::make_mut(items).get_mut(part.parse::<usize>().ok()?),
        _ => None,
    }
}

fn items(root: &Fields, name: &str) -> Arc<Vec<Node>> {
    match root.get(name) {
        Some(Node::List(items)) => Arc::clone(items),
        _ => Arc::default(),
    }
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match node {
        Node::Record(fields) => fields.get(name),
        _ => None,
    }
}

fn outer_fields(root: &Fields) -> Vec<(&'static str, Node)> {
    let gens = items(root, "gens");
    let live = gens.iter().filter(|generation| {
        matches!(field(generation, "status"), Some(Node::Text(status)) if &**status == "valid")
            && field(generation, "retired") != Some(&Node::Bool(true))
    });
    let by = gens.iter().filter_map(|generation| match field(generation, "id") {
        Some(Node::Text(id)) => Some((Arc::clone(id), generation.clone())),
        _ => None,
    });
    vec![
        ("live", Node::List(Arc::new(live.cloned().collect()))),
        ("by", Node::Record(Arc::new(by.collect()))),
        ("root", gens.first().cloned().unwrap_or(Node::Null)),
    ]
}

fn inner_fields(root: &Fields) -> Vec<(&'static str, Node)> {
    let attempts = items(root, "attempts");
    let find = |name: &str| {
        let id = root.get(name).cloned().unwrap_or(Node::Null);
        attempts
            .iter()
            .find(|attempt| id != Node::Null && field(attempt, "id") == Some(&id))
            .cloned()
            .unwrap_or(Node::Null)
    };
    let made = attempts.len().saturating_sub(1);
    vec![
        ("n", Node::Int(i64::try_from(made).unwrap_or(i64::MAX))),
        ("best", find("best_id")),
        ("incumbent", find("incumbent_id")),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outer() -> World {
        let base = json!({
            "gens": [
                {"id": "gen-00000", "status": "valid", "retired": false, "kids": 0},
                {"id": "gen-00001", "status": "rejected", "retired": false, "kids": 0},
            ],
            "step": 0,
        });
        World::open(WorldKind::Outer, &base).unwrap()
    }

    fn shown(world: &mut World, path: &[&str]) -> Json {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        world.part(&path).map_or(Json::Null, |(node, _)| node.to_json())
    }

    #[test]
    fn live_holds_what_is_valid_and_not_retired() {
        let mut world = outer();
        let ids = |world: &mut World| -> Vec<Json> {
            shown(world, &["live"]).as_array().unwrap().iter().map(|g| g["id"].clone()).collect()
        };
        assert_eq!(ids(&mut world), ["gen-00000"]);
        let third = json!({"id": "gen-00002", "status": "valid", "retired": false, "kids": 0});
        world.apply(&[Delta::push(["gens"], third)]).unwrap();
        assert_eq!(ids(&mut world), ["gen-00000", "gen-00002"]);
        world.apply(&[Delta::set(["gens", "0", "retired"], json!(true))]).unwrap();
        assert_eq!(ids(&mut world), ["gen-00002"]);
        assert_eq!(shown(&mut world, &["root", "id"]), json!("gen-00000"));
    }

    #[test]
    fn computed_fields_follow_what_they_are_computed_from() {
        let mut world = outer();
        assert_eq!(shown(&mut world, &["by", "gen-00000", "kids"]), json!(0));
        world.apply(&[Delta::set(["gens", "0", "kids"], json!(3))]).unwrap();
        assert_eq!(shown(&mut world, &["by", "gen-00000", "kids"]), json!(3));
        assert_eq!(world.part(&["by".to_owned(), "gen-00000".to_owned()]).unwrap().1, "generation");
    }

    #[test]
    fn the_inner_world_knows_its_best_and_its_count() {
        let base = json!({"attempts": [{"id": 0}, {"id": 1}], "best_id": 1, "incumbent_id": 0});
        let mut world = World::open(WorldKind::Inner, &base).unwrap();
        assert_eq!(shown(&mut world, &["n"]), json!(1));
        assert_eq!(shown(&mut world, &["best"]), json!({"id": 1}));
        assert_eq!(shown(&mut world, &["incumbent"]), json!({"id": 0}));
        world.apply(&[Delta::set(["best_id"], json!(null))]).unwrap();
        assert_eq!(shown(&mut world, &["best"]), json!(null));
    }

    #[test]
    fn a_delta_without_a_place_is_a_fault() {
        let mut world = outer();
        for delta in [
            Delta::push(["nothing"], json!(1)),
            Delta::push(["step"], json!(1)),
            Delta::set(["gens", "9", "kids"], json!(1)),
            Delta::set(["gens", "x", "kids"], json!(1)),
            Delta::set(["step", "deep"], json!(1)),
            Delta::set(Vec::<String>::new(), json!(1)),
        ] {
            assert!(world.apply(std::slice::from_ref(&delta)).is_err(), "{delta:?} was taken");
        }
        assert!(World::open(WorldKind::Outer, &json!([])).is_err());
    }
}

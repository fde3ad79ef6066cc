//! What a strategy did in made-up worlds, in words: `simulate`.

use std::fmt::Write as _;

use super::super::figure;
use super::super::ink::Page;
use super::super::tree::{self, Node};
use crate::domain::event::GenerationStatus;
use crate::domain::simulated::{Simulated, Size};

/// A chapter for each world: the actions, the tree, and what nothing can come of.
pub fn told(played: &[Simulated], size: Size, page: Page) -> String {
    let mut text = String::new();
    for one in played {
        let _ = writeln!(text, "{}", page.ink.strong(one.world.name()));
        let actions: Vec<String> =
            one.actions.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let _ = writeln!(
            text,
            "  {} in {} actions; {} of {} episodes measured",
            actions.join(", "),
            one.steps,
            one.evals,
            size.episodes * (size.generations + 1),
        );
        let _ = writeln!(text, "  ended: {}", one.end);
        let _ = writeln!(
            text,
            "  picked a generation worth {:.2}, of the {:.2} that the best it made is worth",
            one.picked, one.highest
        );
        for found in &one.dead {
            let _ = writeln!(text, "  {} {found}", page.ink.bad("dead:"));
        }
        if let Some(fault) = &one.fault {
            let _ = writeln!(text, "  {} {fault}", page.ink.bad("fault:"));
        }
        text.push_str(&grown(one, page));
    }
    text
}

/// The tree it grew, newest first.
fn grown(one: &Simulated, page: Page) -> String {
    let nodes: Vec<Node> = one
        .generations
        .iter()
        .map(|generation| Node {
            id: generation.id.0,
            parents: generation.parents.iter().map(|id| id.0).collect(),
            mark: match (generation.status, generation.retired) {
                (GenerationStatus::Valid, false) => '●',
                (GenerationStatus::Valid, true) => '○',
                _ => '×',
            },
        })
        .collect();
    let mut text = String::new();
    for line in tree::draw(&nodes) {
        let generation = line.id.and_then(|id| one.generations.get(id as usize));
        let told = generation.map_or(String::new(), |generation| {
            let mean = match generation.n {
                0 => "not measured".to_owned(),
                n => format!(
                    "{:.2} over {}",
                    generation.mean,
                    figure::count(u64::from(n), "episode")
                ),
            };
            format!(
                "{}  {}  {}",
                page.ink.name(&generation.id.to_string()),
                figure::cut(&generation.op, Some(12)),
                page.ink.faint(&format!("worth {:.2}, {mean}", generation.worth)),
            )
        });
        let _ = writeln!(text, "    {}  {told}", line.lanes);
    }
    text
}

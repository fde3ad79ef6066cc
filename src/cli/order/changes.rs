//! Flags held against the run they would continue.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::verb::run::Args;
use crate::domain::settings::{Identity, Improver, Start};

/// Refuses flags that say something else than the run they would continue.
pub fn refuse_changes(args: &Args, identity: &Identity, edge: &Edge) -> Result<(), Failure> {
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
fn changes(args: &Args, identity: &Identity) -> Vec<String> {
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
    compare("transfer", args.transfer.clone(), transferred(identity));
    let own = identity.improver == Some(Improver::Seed);
    compare("no-self-improve", args.no_self_improve.then(|| true.to_string()), own.to_string());
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

/// The agent that makes every rewrite, or `none`.
fn transferred(identity: &Identity) -> String {
    match &identity.improver {
        Some(Improver::Transferred { agent, .. }) => agent.clone(),
        _ => "none".to_owned(),
    }
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
            attempts: 24,
            ..Identity::plain(
                "run-1".parse().expect("a run"),
                vec!["snake".parse().expect("a task")],
            )
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
}

//! What a foreign folder is, and how its benchmark is called.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ImportError, Wishes};
use crate::domain::task::{Direction, Limits};

/// Where the foreign files are, below the task.
pub(super) const ORIGINAL: &str = "original";
/// Where the starting solution is.
pub(super) const START: &str = "start";
/// Our program that calls a foreign benchmark.
pub(super) const SHIM: &str = "hyperagent_shim.py";

/// The metric of OpenEvolve and ShinkaEvolve.
const COMBINED: &str = "combined_score";

/// Limits that suit programs which were never limited; people tighten them.
const ROOMY: Limits =
    Limits { wall_ms: 300_000, cpu_ms: 300_000, memory_mb: 4096, processes: 64, output_kb: 256 };

/// How a foreign folder becomes a task.
#[derive(Debug)]
pub(super) struct Plan {
    /// What it was recognised as.
    pub(super) kind: &'static str,
    pub(super) metric: String,
    pub(super) direction: Direction,
    /// The files of the solution.
    pub(super) solution: Vec<String>,
    /// The one of them that is run, and the only one that may change.
    pub(super) entry: String,
    /// Relative to the task.
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) limits: Limits,
    /// Our program's text.
    pub(super) shim: Option<&'static str>,
    /// The file that describes the task to models, where there is one.
    pub(super) description: &'static str,
    /// The foreign file that judges, which describes the task when nothing else does.
    pub(super) judge: String,
}

/// Says what the files of a folder are.
pub(super) fn recognise(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    wishes: &Wishes,
) -> Result<Plan, ImportError> {
    let has = |path: &str| files.contains_key(path);
    let says = |path: &str, words: &str| {
        files.get(path).is_some_and(|bytes| String::from_utf8_lossy(bytes).contains(words))
    };
    if has("train.py") && has("prepare.py") {
        Ok(autoresearch(files, wishes))
    } else if has("initial_program.py") && says("evaluator.py", "def evaluate") {
        Ok(shimmed(
            "an OpenEvolve example",
            ["initial_program.py", "evaluator.py"],
            &["{solution}"],
            OPENEVOLVE,
            wishes,
        ))
    } else if has("initial.py") && says("evaluate.py", "results_dir") {
        Ok(shimmed(
            "a ShinkaEvolve example",
            ["initial.py", "evaluate.py"],
            &["{solution}", "{scratch}"],
            SHINKA,
            wishes,
        ))
    } else {
        script(folder, files, wishes)
    }
}

const OPENEVOLVE: &str = include_str!("python/openevolve.py");
const SHINKA: &str = include_str!("python/shinka.py");
const AUTORESEARCH: &str = include_str!("python/autoresearch.py");

/// A benchmark that our program calls, with the metric's name as the last argument.
fn shimmed(
    kind: &'static str,
    [entry, judge]: [&str; 2],
    arguments: &[&str],
    shim: &'static str,
    wishes: &Wishes,
) -> Plan {
    let metric = wishes.metric.clone().unwrap_or_else(|| COMBINED.to_owned());
    let arguments = arguments.iter().map(|argument| (*argument).to_owned());
    Plan {
        kind,
        direction: direction(wishes),
        solution: vec![entry.to_owned()],
        entry: entry.to_owned(),
        program: SHIM.to_owned(),
        arguments: arguments.chain([metric.clone()]).collect(),
        metric,
        limits: ROOMY,
        shim: Some(shim),
        description: "config.yaml",
        judge: judge.to_owned(),
    }
}

/// A training script that prints its own validation loss: all modules are the solution, one of them may change.
fn autoresearch(files: &BTreeMap<String, Vec<u8>>, wishes: &Wishes) -> Plan {
    let is_module = |path: &&String| {
        path.ends_with(".py")
            && files.get(*path).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok())
    };
    Plan {
        kind: "an autoresearch repository",
        metric: wishes.metric.clone().unwrap_or_else(|| "val_bpb".to_owned()),
        direction: Direction::Minimise,
        solution: files.keys().filter(is_module).cloned().collect(),
        entry: "train.py".to_owned(),
        program: SHIM.to_owned(),
        arguments: vec!["{solution}".to_owned()],
        // Its own budget is five minutes of training; what runs twice as long is stopped.
        limits: Limits { wall_ms: 600_000, cpu_ms: 3_600_000, memory_mb: 16_384, ..ROOMY },
        shim: Some(AUTORESEARCH),
        description: "program.md",
        judge: "prepare.py".to_owned(),
    }
}

/// A script that prints metric lines itself, with one solution beside it.
fn script(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    wishes: &Wishes,
) -> Result<Plan, ImportError> {
    let named = |names: &[&str]| {
        names.iter().find(|name| files.contains_key(**name)).map(|name| (*name).to_owned())
    };
    let program = named(&["benchmark.py", "bench.py", "evaluate.py", "evaluator.py"])
        .ok_or_else(|| ImportError::Unknown { folder: folder.to_owned() })?;
    let known = named(&["solution.py", "initial_solution.py", "initial.py", "program.py"]);
    let mut others: Vec<String> = files
        .keys()
        .filter(|path| path.ends_with(".py") && !path.contains('/') && **path != program)
        .cloned()
        .collect();
    let entry = match (known, others.pop(), others.is_empty()) {
        (Some(known), _, _) => known,
        (None, Some(only), true) => only,
        (None, None, _) => return Err(ImportError::Unknown { folder: folder.to_owned() }),
        (None, Some(last), false) => {
            others.push(last);
            return Err(ImportError::WhichSolution { folder: folder.to_owned(), found: others });
        }
    };
    let metric = wishes
        .metric
        .clone()
        .ok_or_else(|| ImportError::WhichMetric { program: program.clone() })?;
    Ok(Plan {
        kind: "a script that prints its metric",
        metric,
        direction: direction(wishes),
        solution: vec![entry.clone()],
        entry,
        program: format!("{ORIGINAL}/{program}"),
        arguments: vec!["{solution}".to_owned()],
        limits: ROOMY,
        shim: None,
        description: "README.md",
        judge: program,
    })
}

fn direction(wishes: &Wishes) -> Direction {
    if wishes.minimise { Direction::Minimise } else { Direction::Maximise }
}

//! What `task.toml` must say beyond its shape. Every finding names the line, the key and what would be right.

mod protocol;

use std::path::{Component, Path, PathBuf};

use super::{TaskError, line_at};
use crate::domain::files::FileSet;
use crate::domain::glob;
use crate::domain::task::{CaseSet, Direction, Limits, REQUIRED_SETS, TaskSpec};

/// Seeds stay below this, so that every JSON reader keeps them exactly.
const SEED_END: u64 = 1 << 53;

/// A path of keys from the top of the file.
type Key<'a> = &'a [&'a str];

/// `task.toml` with the places of its keys.
pub(super) struct Sheet {
    path: PathBuf,
    text: String,
    keys: Option<toml_edit::Document<String>>,
}

impl Sheet {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            keys: toml_edit::Document::parse(text.to_owned()).ok(),
        }
    }

    /// The line of a key, or of the innermost table around it that exists.
    fn line(&self, key: Key<'_>) -> usize {
        let mut item = match &self.keys {
            Some(document) => document.as_item(),
            None => return 1,
        };
        let mut place = None;
        for part in key {
            match item.get(part) {
                Some(inner) => item = inner,
                None => break,
            }
            place = item.span().or(place);
        }
        place.map_or(1, |span| line_at(&self.text, span.start))
    }

    pub(super) fn unusable(&self, key: Key<'_>, what: String, allowed: &str) -> TaskError {
        TaskError::Unusable {
            path: self.path.clone(),
            line: self.line(key),
            key: key.join("."),
            what,
            allowed: allowed.to_owned(),
        }
    }

    pub(super) fn missing(&self, key: Key<'_>, relative: &str) -> TaskError {
        self.unusable(
            key,
            format!("names `{relative}`, which cannot be read"),
            "a UTF-8 text file of the task",
        )
    }

    fn require(
        &self,
        holds: bool,
        key: Key<'_>,
        what: impl FnOnce() -> String,
        allowed: &str,
    ) -> Result<(), TaskError> {
        if holds { Ok(()) } else { Err(self.unusable(key, what(), allowed)) }
    }
}

/// Checks that a path stays inside the task's folder.
pub(super) fn inside(sheet: &Sheet, key: Key<'_>, relative: &str) -> Result<(), TaskError> {
    sheet.require(
        stays_inside(relative),
        key,
        || format!("names `{relative}`, which leaves the folder"),
        "a relative path without `..`",
    )
}

/// Checks everything that `task.toml` and the folder's name decide alone.
pub(super) fn values(sheet: &Sheet, folder: &Path, spec: &TaskSpec) -> Result<(), TaskError> {
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let folder_name = folder_name.unwrap_or_default();
    sheet.require(
        folder_name == spec.name.as_str(),
        &["name"],
        || format!("is `{}` in the folder `{folder_name}`", spec.name),
        "the folder's name",
    )?;
    sheet.require(
        spec.language == "python",
        &["language"],
        || format!("is `{}`", spec.language),
        "python",
    )?;
    sheet.require(!spec.metric.is_empty(), &["metric"], || "is empty".into(), "a word")?;
    sheet.require(
        spec.noise_band.is_finite() && spec.noise_band >= 0.0,
        &["noise_band"],
        || format!("is {}", spec.noise_band),
        "a number of at least 0",
    )?;
    score(sheet, spec)?;
    limits(sheet, &spec.limits)?;
    protocol::values(sheet, spec)?;
    screen(sheet, spec)?;
    gate(sheet, spec)?;
    case_sets(sheet, spec)
}

/// A limit of 0 would refuse everything.
fn gate(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    let Some(gate) = &spec.gate else { return Ok(()) };
    let is = |value: f64| move || format!("is {value}");
    let finite = gate.pass.is_finite();
    sheet.require(
        finite,
        &["gate", "pass"],
        is(gate.pass),
        "the metric of a case that is passed",
    )?;
    for (key, limit, least) in
        [("cost", gate.cost, f64::MIN_POSITIVE), ("cpu_ratio", gate.cpu_ratio, 1.0)]
    {
        let Some(limit) = limit else { continue };
        let holds = limit.is_finite() && limit >= least;
        let allowed = if key == "cost" { "a number above 0" } else { "a number of at least 1" };
        sheet.require(holds, &["gate", key], is(limit), allowed)?;
    }
    let some = gate.cpu_ms != Some(0);
    sheet.require(some, &["gate", "cpu_ms"], || "is 0".into(), "whole milliseconds from 1")
}

/// Checks the starting solution against what `task.toml` says of it.
pub(super) fn solution(sheet: &Sheet, spec: &TaskSpec, initial: &FileSet) -> Result<(), TaskError> {
    let exists = |path: &str| initial.get(path).is_some();
    let entry = &spec.solution.entry;
    sheet.require(
        entry.strip_suffix(".py").is_some_and(is_identifier) && exists(entry),
        &["solution", "entry"],
        || format!("names `{entry}`, which is no module at the top of the starting solution"),
        "a file of the starting solution such as player.py",
    )?;
    let key = ["solution", "editable"];
    let editable = &spec.solution.editable;
    sheet.require(!editable.is_empty(), &key, || "is empty".into(), "at least one path")?;
    for path in editable {
        let covered = |held: &String| glob::matches(path, held);
        sheet.require(
            exists(path) || glob::is_pattern(path) && initial.0.keys().any(covered),
            &key,
            || format!("names `{path}`, which the starting solution does not hold"),
            "paths of the starting solution, or patterns that fit some",
        )?;
    }
    let allowed = spec.solution.editable_paths();
    sheet.require(
        initial.0.keys().any(|path| allowed.allows(path)),
        &["solution", "immutable"],
        || "leaves nothing to change".into(),
        "patterns that leave a file of the starting solution editable",
    )?;
    let bytes: usize = initial.0.values().map(String::len).sum();
    sheet.require(
        u64::try_from(bytes).is_ok_and(|bytes| bytes <= spec.solution.max_kb.saturating_mul(1024)),
        &["solution", "max_kb"],
        || format!("is {} and the starting solution has {bytes} bytes", spec.solution.max_kb),
        "room for the starting solution",
    )
}

fn score(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    let (floor, target) = (spec.score.floor, spec.score.target);
    let (holds, allowed) = match spec.direction {
        Direction::Maximise => (target > floor, "finite numbers with the target above the floor"),
        Direction::Minimise => (target < floor, "finite numbers with the target below the floor"),
    };
    sheet.require(
        holds && floor.is_finite() && target.is_finite(),
        &["score", "target"],
        || format!("is {target} with a floor of {floor}"),
        allowed,
    )?;
    let perfect = spec.perfect.unwrap_or(target);
    sheet.require(
        perfect.is_finite() && spec.score.score(perfect) > 0.0,
        &["perfect"],
        || format!("is {perfect}, no better than the floor of {floor}"),
        "a number better than the floor",
    )
}

fn limits(sheet: &Sheet, limits: &Limits) -> Result<(), TaskError> {
    let Limits { wall_ms, cpu_ms, memory_mb, processes, output_kb } = *limits;
    for (name, value, least, most) in [
        ("wall_ms", wall_ms, 100, 3_600_000),
        ("cpu_ms", cpu_ms, 100, 3_600_000),
        ("memory_mb", memory_mb, 32, 65_536),
        ("processes", processes, 1, 256),
        ("output_kb", output_kb, 1, 65_536),
    ] {
        sheet.require(
            (least..=most).contains(&value),
            &["limits", name],
            || format!("is {value}"),
            &format!("{least} to {most}"),
        )?;
    }
    Ok(())
}

fn screen(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    let train = spec.case_sets().get("train").copied().unwrap_or(0);
    sheet.require(
        spec.benchmark.screen <= train,
        &["benchmark", "screen"],
        || format!("is {} of {train} train cases", spec.benchmark.screen),
        "at most the number of train cases",
    )
}

fn case_sets(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    if spec.is_one_case() {
        return Ok(());
    }
    for name in REQUIRED_SETS {
        sheet.require(
            spec.cases.contains_key(name),
            &["cases"],
            || format!("lacks the set `{name}`"),
            "train, select, report, test and any public sets",
        )?;
    }
    for (name, set) in &spec.cases {
        let key = ["cases", name.as_str()];
        sheet.require(set.count > 0, &key, || "has no cases".into(), "a count of at least 1")?;
        sheet.require(
            set.fresh == (name == "report"),
            &key,
            || format!("has fresh = {}", set.fresh),
            "fresh = true in `report` and nowhere else",
        )?;
        sheet.require(
            set.seeds().end <= SEED_END,
            &key,
            || format!("reaches seed {}", set.seeds().end),
            "seeds below 2^53, a fresh set's reserve of 2^31 blocks included",
        )?;
    }
    for (name, set) in &spec.cases {
        let overlapping =
            spec.cases.iter().find(|(other, second)| *other > name && overlap(set, second));
        if let Some((other, second)) = overlapping {
            let (first, second) = (set.seeds(), second.seeds());
            let what = format!(
                "has the seeds {} to {} and `{other}` has {} to {}",
                first.start,
                first.end - 1,
                second.start,
                second.end - 1
            );
            return Err(sheet.unusable(
                &["cases", name],
                what,
                "sets that share no seed, a fresh set's reserve of 2^31 blocks included",
            ));
        }
    }
    Ok(())
}

fn overlap(one: &CaseSet, other: &CaseSet) -> bool {
    let (one, other) = (one.seeds(), other.seeds());
    one.start < other.end && other.start < one.end
}

fn stays_inside(relative: &str) -> bool {
    let mut parts = Path::new(relative).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

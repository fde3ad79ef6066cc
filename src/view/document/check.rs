//! `task check --json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What the examination of a task found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskCheckDocument {
    /// The task.
    pub task: String,
    /// Whether no check failed; warnings are allowed.
    pub ok: bool,
    /// Whether a few cases only were measured.
    pub quick: bool,
    /// The checks in the order they were made.
    pub checks: Vec<Check>,
}

impl TaskCheckDocument {
    /// The document of the checks made.
    pub fn of(task: String, quick: bool, checks: Vec<Check>) -> Self {
        let ok = checks.iter().all(|check| check.status != Status::Failed);
        Self { task, ok, quick, checks }
    }
}

/// How a check ended, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Ok,
    /// Worth a look; the task can be used.
    Warning,
    /// Numbers measured with this task cannot be trusted, or the task cannot be used.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// A short name that stays the same.
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was seen, and what to do when it is not well.
    pub detail: String,
    /// What was measured.
    pub values: BTreeMap<&'static str, Value>,
}

impl Check {
    /// A check without values.
    pub fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, detail: detail.into(), values: BTreeMap::new() }
    }

    /// A check that went well.
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, detail)
    }

    /// A check with something to look at.
    pub fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, detail)
    }

    /// A check that answered no.
    pub fn failed(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Failed, detail)
    }

    /// The same check with one more value; a number that is not finite becomes null.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.values.insert(key, value.into());
        self
    }
}

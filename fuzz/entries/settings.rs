//! The files of settings: a person's, an agent's, a task's.

use std::path::{Path, PathBuf};

use hyperagent::base::toml_text;
use hyperagent::domain::agent::AgentFiles;
use hyperagent::domain::settings::LabConfig;
use hyperagent::domain::settings_rule;
use hyperagent::lab::tasks::load_task;
use hyperagent::rewrite::Agent;

const PROMPT: &str = "+++\nrequires = []\nmay_use = []\noutput = \"edit\"\n+++\nwords\n";

/// Reads the bytes as `hyperagent.toml`: a fault points into the text, and no rule panics on what the types let pass.
pub fn lab_settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match toml_text::parse::<LabConfig>(Path::new("hyperagent.toml"), text) {
        Ok(config) => {
            for fault in settings_rule::faults(&config) {
                let keys: Vec<&str> = fault.keys.iter().map(String::as_str).collect();
                let name = Path::new("hyperagent.toml");
                let shown = toml_text::fault_at_key(name, text, &keys, fault.to_string());
                assert!(shown.line <= text.split('\n').count());
            }
        }
        Err(fault) => {
            assert!(fault.line >= 1 && fault.line <= text.split('\n').count().max(1), "{fault}");
            assert!(!fault.message.is_empty());
        }
    }
}

/// Reads the bytes as `agent.toml`: every fault has a code, a line of the text, and says what is allowed.
pub fn agent_settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let prompts = ["worker", "meta", "reviewer"].map(|role| (format!("prompts/{role}.md"), PROMPT));
    let mut files: AgentFiles = prompts.into_iter().collect();
    files.0.insert("agent.toml".to_owned(), text.to_owned());
    let lines = u32::try_from(text.split('\n').count()).expect("few lines");
    match Agent::recorded(&files, Vec::new()) {
        Ok(agent) => assert_eq!(agent.config.roles.len(), agent.prompts.len()),
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in faults {
                assert!(fault.code.starts_with("E1"), "{fault}");
                assert!(fault.line <= lines, "{fault}");
                assert!(
                    fault.file != "agent.toml" || fault.message.contains("allowed:"),
                    "{fault}"
                );
            }
        }
    }
}

/// Reads the bytes as the `task.toml` of a task that is otherwise whole: it loads, or the fault is told; the same twice.
pub fn task_settings(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let task = PathBuf::from(env!("CARGO_MANIFEST_DIR").trim_end_matches("/fuzz"));
    let task = task.join("tasks/bin_packing");
    for entry in std::fs::read_dir(task).expect("a task") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        if name != "task.toml" {
            std::os::unix::fs::symlink(&path, folder.path().join(name)).expect("a link");
        }
    }
    std::fs::write(folder.path().join("task.toml"), bytes).expect("written");
    let told = |task: Result<hyperagent::domain::task::Task, _>| match task {
        Ok(task) => {
            let seen = format!("{:?}", task.spec);
            assert!(!task.initial.0.is_empty(), "a task without a solution");
            seen
        }
        Err(fault) => {
            let fault: hyperagent::lab::tasks::TaskError = fault;
            assert!(!fault.to_string().is_empty());
            fault.to_string()
        }
    };
    let first = told(load_task(folder.path()));
    assert_eq!(first, told(load_task(folder.path())));
}

//! Stage 1: does every file say something in its language?

use std::collections::BTreeMap;

use super::config;
use super::finding::{finding, refuses};
use super::intake::Screened;
use crate::domain::agent::{AGENT_TOML, AgentConfig, AgentFiles};
use crate::domain::event::Diagnostic;
use crate::prompt::Prompt;
use crate::script::Checked;

/// An agent whose files are read, each by itself.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The files.
    pub files: AgentFiles,
    /// `agent.toml`.
    pub config: AgentConfig,
    /// The prompts by path.
    pub prompts: BTreeMap<String, Prompt>,
    /// What is known of the script.
    pub script: Checked,
}

/// Parses what was screened; `script` is what the strategy worker says of `strategy.star`.
pub(super) fn parse(screened: Screened, script: Checked) -> (Option<Parsed>, Vec<Diagnostic>) {
    let Screened { files } = screened;
    let mut found = Vec::new();
    let config = config::read(files.get(AGENT_TOML).unwrap_or_default())
        .map_err(|faults| found.extend(faults))
        .ok();
    let mut prompts = BTreeMap::new();
    for (path, text) in files.0.iter().filter(|(path, _)| path.starts_with("prompts/")) {
        match Prompt::parse(text) {
            Ok(prompt) => {
                prompts.insert(path.clone(), prompt);
            }
            Err(fault) => found.push(finding(fault.code, path, fault.line, fault.message)),
        }
    }
    let of_this_stage = |code: &str| code.starts_with("E1") || code.starts_with("W1");
    let findings = script.findings.iter().filter(|finding| of_this_stage(&finding.code));
    found.extend(findings.cloned().map(Diagnostic::from));
    let parsed = config.filter(|_| !found.iter().any(refuses)).map(|config| Parsed {
        files,
        config,
        prompts,
        script,
    });
    (parsed, found)
}

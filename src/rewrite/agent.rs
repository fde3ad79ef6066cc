//! An agent that passed validation: what the loops work with.

use std::collections::BTreeMap;

use super::config;
use super::finding::finding;
use crate::domain::agent::{AGENT_TOML, AgentConfig, AgentFiles, Role, STRATEGY};
use crate::domain::event::Diagnostic;
use crate::prompt::Prompt;
use crate::script::{Hook, Signature};

/// A valid agent.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its files.
    pub files: AgentFiles,
    /// `agent.toml`.
    pub config: AgentConfig,
    /// The prompt of each role.
    pub prompts: BTreeMap<String, Prompt>,
    /// The hooks its script defines.
    pub hooks: Vec<Signature>,
}

impl Agent {
    /// Reads an agent that was valid before: the recorded files of a generation, and the hooks its script is known to
    /// define. What cannot be read any more is named as validation would name it.
    pub fn recorded(files: &AgentFiles, hooks: Vec<Signature>) -> Result<Self, Vec<Diagnostic>> {
        let config = config::read(files.get(AGENT_TOML).unwrap_or_default())?;
        let mut prompts = BTreeMap::new();
        for (name, role) in &config.roles {
            let text = files.get(&role.prompt).unwrap_or_default();
            let prompt = Prompt::parse(text).map_err(|fault| {
                vec![finding(fault.code, &role.prompt, fault.line, fault.message)]
            })?;
            prompts.insert(name.clone(), prompt);
        }
        Ok(Self { files: files.clone(), config, prompts, hooks })
    }

    /// The agent's notes, by path.
    pub fn memory(&self) -> BTreeMap<String, String> {
        self.notes().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
    }

    /// The size of each note, bytes, by path.
    pub fn memory_sizes(&self) -> BTreeMap<String, u32> {
        let size = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.notes().map(|(path, text)| (path.to_owned(), size(text))).collect()
    }

    fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.0.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        files.filter(|(path, text)| path.starts_with("memory/") && !text.trim().is_empty())
    }

    /// The text of its strategy script.
    pub fn strategy(&self) -> &str {
        self.files.get(STRATEGY).unwrap_or_default()
    }

    /// A role and its prompt.
    pub fn role(&self, name: &str) -> Option<(&Role, &Prompt)> {
        Some((self.config.roles.get(name)?, self.prompts.get(name)?))
    }

    /// Whether it has a role.
    pub fn has_role(&self, name: &str) -> bool {
        self.config.roles.contains_key(name)
    }

    /// Whether the script defines a hook.
    pub fn defines(&self, hook: Hook) -> bool {
        self.hooks.iter().any(|signature| signature.hook == hook)
    }
}

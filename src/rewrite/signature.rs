//! Stage 2: do the files fit each other and the kernel?

use std::collections::BTreeMap;

use super::agent::Agent;
use super::config::{self, Places};
use super::finding::{finding, refuses};
use super::parse::Parsed;
use super::submission::Rules;
use crate::domain::agent::{AGENT_TOML, AgentConfig, Role};
use crate::domain::event::Diagnostic;
use crate::domain::tool::WORKER_TOOLS;
use crate::prompt::{self, Output, Prompt, RoleVariables};

/// The roles without which an agent can neither work nor be rewritten.
const REQUIRED: [&str; 2] = ["worker", "meta"];

/// Checks what the parts say of each other.
pub(super) fn signature(parsed: Parsed, rules: &Rules) -> (Option<Agent>, Vec<Diagnostic>) {
    let Parsed { files, config, prompts: by_path, script } = parsed;
    let places = Places::of(files.get(AGENT_TOML).unwrap_or_default());
    let mut found = Vec::new();
    for role in REQUIRED.into_iter().filter(|role| !config.roles.contains_key(*role)) {
        let what = format!("required role [roles.{role}] missing; allowed: change it, but keep it");
        found.push(finding("E211", AGENT_TOML, 0, what));
    }
    found.extend(config::ranges(&config, &places));
    let mut prompts = BTreeMap::new();
    for (name, role) in &config.roles {
        found.extend(role_faults(name, role, rules, &places));
        let Some(table) = prompt::role(name) else { continue };
        match by_path.get(&role.prompt) {
            Some(prompt) => {
                found.extend(prompt_faults(prompt, role, table));
                prompts.insert(name.clone(), prompt.clone());
            }
            None => {
                let known: Vec<&str> = by_path.keys().map(String::as_str).collect();
                let what =
                    format!("no prompt file `{}`; allowed: {}", role.prompt, known.join(", "));
                let line = places.line(&["roles", name, "prompt"]);
                found.push(finding("E213", AGENT_TOML, line, what));
            }
        }
    }
    found.extend(unused_prompts(&by_path, &config));
    let of_this_stage = |code: &str| !code.starts_with("E1") && !code.starts_with("W1");
    let findings = script.findings.into_iter().filter(|finding| of_this_stage(&finding.code));
    found.extend(findings.map(Diagnostic::from));
    let valid = !found.iter().any(refuses);
    (valid.then_some(Agent { files, config, prompts, hooks: script.hooks }), found)
}

fn role_faults(name: &str, role: &Role, rules: &Rules, places: &Places<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if !rules.aliases.contains(&role.model) {
        let known: Vec<&str> = rules.aliases.iter().map(|alias| alias.as_str()).collect();
        let what = format!("unknown model alias `{}`; allowed: {}", role.model, known.join(", "));
        found.push(finding("E205", AGENT_TOML, places.line(&["roles", name, "model"]), what));
    }
    if let Some(what) = tools_fault(name, role) {
        found.push(finding("E212", AGENT_TOML, places.line(&["roles", name, "tools"]), what));
    }
    found
}

/// What is wrong with a role's tools.
fn tools_fault(name: &str, role: &Role) -> Option<String> {
    let known: &[&str] = if name == "worker" { &WORKER_TOOLS } else { &[] };
    let unknown = role.tools.iter().find(|tool| !known.contains(&tool.as_str()));
    match (unknown, role.turns) {
        (Some(tool), _) if known.is_empty() => Some(format!(
            "tool `{tool}` of role `{name}`; allowed: none, only `worker` names tools"
        )),
        (Some(tool), _) => Some(format!("unknown tool `{tool}`; allowed: {}", known.join(", "))),
        (None, 1) if !role.tools.is_empty() => {
            Some("tools without a turn for them; allowed: turns = 2 to 32, or no tools".to_owned())
        }
        _ => None,
    }
}

fn prompt_faults(prompt: &Prompt, role: &Role, table: &'static RoleVariables) -> Vec<Diagnostic> {
    // Only answers of the roles that write files have a format of their own.
    let output = match table.role {
        "reviewer" => Output::Review,
        "diagnose" => Output::Note,
        "tester" => Output::Cases,
        "judge" => Output::Verdict,
        _ => Output::from(role.format),
    };
    prompt
        .check(table, output)
        .into_iter()
        .map(|fault| finding(fault.code, &role.prompt, fault.line, fault.message))
        .collect()
}

fn unused_prompts(prompts: &BTreeMap<String, Prompt>, config: &AgentConfig) -> Vec<Diagnostic> {
    prompts
        .keys()
        .filter(|path| !config.roles.values().any(|role| role.prompt == **path))
        .map(|path| finding("W213", path, 0, "no role uses this prompt"))
        .collect()
}

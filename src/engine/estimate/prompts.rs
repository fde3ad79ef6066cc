//! How long the first prompts of a run would be, rendered as they would be sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::domain::consult;
use crate::domain::edit;
use crate::domain::event::AttemptEnd;
use crate::domain::judge::VERDICT_CONTRACT;
use crate::domain::lineage::Lineage;
use crate::domain::settings::Identity;
use crate::domain::task::Task;
use crate::engine::attack;
use crate::engine::attempt::unmeasured;
use crate::engine::open::{Order, seed_plan};
use crate::rewrite::{Agent, context as meta_context};
use crate::script::CARD;
use crate::solve::candidate::Refusal;
use crate::solve::context;
use crate::solve::episode::{Episode, Setting};

/// An episode that has just begun.
fn first_episode(identity: &Identity, agent: &Agent, task: &Arc<Task>) -> Episode {
    let mut episode = Episode::new(Setting {
        generation: GenerationId(0),
        episode: EpisodeId { task: task.name().clone(), index: 0 },
        task: task.clone(),
        attempts: identity.attempts,
        width: identity.width,
        params: agent.config.params.clone(),
        models: Vec::new(),
        memory: agent.memory_sizes(),
        start: task.initial.clone(),
        known: Arc::default(),
        suite: Vec::new(),
    });
    episode.started(unmeasured(AttemptEnd::Accepted, Refusal { class: "", reason: String::new() }));
    episode
}

/// The length of the prompt of a role that advises, bytes, as it would be first; 0 when it cannot be rendered.
pub fn advice_prompt(identity: &Identity, agent: &Agent, task: &Arc<Task>, name: &str) -> usize {
    let episode = first_episode(identity, agent, task);
    let Some((_, prompt)) = agent.role(name) else { return 0 };
    let vars = match name {
        "reviewer" => context::reviewer(&episode, episode.best(), &[], consult::REVIEW_CONTRACT),
        _ => context::diagnose(&episode, &[], consult::NOTE_CONTRACT),
    };
    prompt.render(&vars).map_or(0, |text| text.len())
}

/// The length of the first prompt of an episode, bytes; 0 when it cannot be rendered.
pub fn worker_prompt(identity: &Identity, agent: &Agent, task: &Arc<Task>) -> usize {
    let episode = first_episode(identity, agent, task);
    let (Some((role, prompt)), Some(base)) = (agent.role("worker"), episode.attempt(0)) else {
        return 0;
    };
    let ask = context::Ask {
        op: "edit",
        base,
        references: Vec::new(),
        show: &[],
        extra: &serde_json::Map::new(),
        contract: &edit::candidate_contract(role.format, &task.spec.solution.editable_paths()),
        memory: &agent.memory(),
    };
    prompt.render(&context::worker(&episode, &ask)).map_or(0, |text| text.len())
}

/// The length of the prompt of the tester, bytes, before any case was added; 0 when it cannot be rendered.
pub fn tester_prompt(agent: &Agent, task: &Task) -> usize {
    let Some((_, prompt)) = agent.role(attack::TESTER) else { return 0 };
    let vars = context::tester(task, &task.initial, &[], &attack::contract(task, 1));
    prompt.render(&vars).map_or(0, |text| text.len())
}

/// The length of the prompt of the judge who reads a task's start, bytes; 0 when it cannot be rendered.
pub fn judge_prompt(agent: &Agent, task: &Task) -> usize {
    let Some((_, prompt)) = agent.role("judge") else { return 0 };
    let vars = context::judge(task, &task.initial, VERDICT_CONTRACT);
    prompt.render(&vars).map_or(0, |text| text.len())
}

/// The length of the first prompt of the meta role, bytes; 0 when it cannot be rendered.
pub fn meta_prompt(order: &Order, agent: &Agent, tasks: &BTreeMap<TaskName, Arc<Task>>) -> usize {
    let mut lineage = Lineage::new(order.identity.all_episodes());
    lineage.plan(seed_plan(&order.identity, &order.agent));
    let Some((role, prompt)) = agent.role("meta") else { return 0 };
    let vars = meta_context::meta(
        &lineage,
        &meta_context::Ask {
            identity: &order.identity,
            tasks,
            parent: GenerationId(0),
            op: "rewrite",
            focus: &[],
            references: &[],
            extra: &serde_json::Map::new(),
            show: &[],
            contract: edit::contract(role.format),
            card: CARD,
        },
    );
    prompt.render(&vars).map_or(0, |text| text.len())
}

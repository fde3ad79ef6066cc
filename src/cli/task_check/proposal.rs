//! A program of the offline optimiser, asked for as an agent's worker would.

use std::sync::Arc;

use crate::base::id::GenerationId;
use crate::base::rng;
use crate::domain::agent::{AnswerFormat, Operators};
use crate::domain::event::CallKey;
use crate::domain::files::FileSet;
use crate::domain::outcome::Measurement;
use crate::domain::settings::SEED;
use crate::domain::task::Task;
use crate::model::{Brief, Message, Request, Speaker, WorkerBrief, offline};
use crate::solve::candidate;

/// The optimiser's change to the task's start, different for each `attempt`; otherwise why there is none.
pub fn proposal(task: &Task, start: &Measurement, attempt: u32) -> Result<FileSet, String> {
    let brief = WorkerBrief {
        base: task.initial.clone(),
        editable: task.spec.solution.editable_paths(),
        references: Vec::new(),
        ingredients: task.ingredients.clone(),
        operators: Operators::default(),
        pieces: Default::default(),
        op: String::new(),
        failures: start.classes(),
        format: AnswerFormat::Edit,
    };
    let episode = format!("{}#0", task.name()).parse();
    let request = Request {
        key: CallKey::Attempt {
            generation: GenerationId(0),
            episode: episode.map_err(|error: crate::base::id::BadName| error.to_string())?,
            attempt,
            turn: 0,
        },
        role: "worker".into(),
        alias: "offline".parse().map_err(|error: crate::base::id::BadName| error.to_string())?,
        messages: vec![Message { speaker: Speaker::User, text: task.prompt.clone() }],
        temperature: None,
        top_p: None,
        max_output_tokens: 0,
        seed: rng::seed(SEED, "task check", &[u64::from(attempt)]),
        brief: Arc::new(Brief::Worker(brief)),
        beside: Arc::default(),
        tools: Default::default(),
    };
    let reply = offline::answer(&request).map_err(|error| error.to_string())?;
    candidate::from_answer(&reply.text, AnswerFormat::Edit, &task.initial, task)
        .map(|candidate| candidate.files)
        .map_err(|refusal| refusal.reason)
}

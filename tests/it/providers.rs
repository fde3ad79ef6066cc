//! Providers of every dialect, sound, busy and away: what the bench makes of them, and what it never lets out.
#![cfg(test)]

mod away;
mod key;
mod killed;
mod spoken;
mod told;

use std::path::Path;
use std::sync::Arc;

use hyperagent::base::environment::Environment;
use hyperagent::base::id::GenerationId;
use hyperagent::domain::agent::{AnswerFormat, Operators};
use hyperagent::domain::event::CallKey;
use hyperagent::domain::settings::LabConfig;
use hyperagent::model::{Brief, Message, Models, Request, Speaker, WorkerBrief};

/// A key as a provider would give it; no output may hold it.
const KEY: &str = "sk-planted-4f1d9c0b7a6e5d2c";

/// Quick to ask again, and patient for a minute.
const QUICK: &str =
    "retry = { requests = 10, first_wait_ms = 1, longest_wait_ms = 5, total_ms = 60000 }";

/// The table of one model at a provider.
fn table(alias: &str, dialect: &str, address: &str, more: &str) -> String {
    let path = if dialect == "gemini" { "v1beta" } else { "v1" };
    format!(
        "[models.{alias}]\ndialect = '{dialect}'\nbase_url = '{address}/{path}'\nmodel = 'm-1'\n\
         key_env = 'PLANTED_KEY'\n{more}\n"
    )
}

fn models(config: &str) -> Models {
    let config: LabConfig = toml::from_str(config).expect("settings");
    let environment: Environment = [("PLANTED_KEY", KEY)].into_iter().collect();
    Models::new(&config, Path::new("/nowhere"), &environment).expect("models")
}

fn question(alias: &str, attempt: u32) -> Request {
    let brief = WorkerBrief {
        base: Default::default(),
        editable: Default::default(),
        references: Vec::new(),
        ingredients: String::new(),
        operators: Operators::default(),
        pieces: Default::default(),
        op: String::new(),
        failures: Default::default(),
        format: AnswerFormat::Edit,
    };
    Request {
        key: CallKey::Attempt {
            generation: GenerationId(0),
            episode: "snake#0".parse().expect("an episode"),
            attempt,
            turn: 0,
        },
        role: "worker".into(),
        alias: alias.parse().expect("an alias"),
        messages: vec![Message { speaker: Speaker::User, text: "write a player".into() }],
        temperature: Some(0.5),
        top_p: None,
        max_output_tokens: 100,
        seed: u64::from(attempt),
        brief: Arc::new(Brief::Worker(brief)),
        beside: Arc::default(),
        tools: Default::default(),
    }
}

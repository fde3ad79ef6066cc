//! `model check`: one real call.

use serde_json::{Value, json};

use crate::base::id::Alias;
use crate::base::unit::MicroUsd;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{output, session};
use crate::model::{Answer, Chat, ModelError, Models, Schema, Tool, Turn};
use crate::view::document::model::{ModelCheckDocument, TokenCounts};

/// The longest answer of a check, tokens: a word, with room for a model that reasons first.
const LONGEST_ANSWER: u32 = 4096;

/// Arguments of `model check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent model check fast
  hyperagent model check fast --tool --json

The call is paid as any other, but belongs to no run: no cap holds, and nothing is recorded.")]
pub struct Args {
    /// The model's alias in hyperagent.toml.
    pub alias: Alias,
    /// Offer a tool, and demand that it is called.
    #[arg(long, conflicts_with = "schema")]
    pub tool: bool,
    /// Demand an answer of a JSON schema, where the provider offers that.
    #[arg(long)]
    pub schema: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Asks, and tells what came of it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let environment = lab.environment(edge.environment.clone())?;
    let models = Models::new(&lab.config, lab.root(), &environment)?;
    let asked = session::runtime()?.block_on(models.converse(&args.alias, &question(args)));
    let Some((answer, cost)) = asked.map_err(|error| refusal(error, args, edge))? else {
        return Err(Failure::usage(format!("model `{}` is not reached over HTTP", args.alias))
            .because("there is no provider to call")
            .next(format!("{} tells whether it can answer", edge.hint("doctor"))));
    };
    let spec = models.spec(&args.alias);
    let called: Vec<String> = answer.calls.iter().map(|call| call.name.clone()).collect();
    let document = ModelCheckDocument {
        alias: args.alias.to_string(),
        dialect: spec.map_or("", |spec| spec.dialect.name()).to_owned(),
        model: spec.and_then(|spec| spec.model.clone()).unwrap_or_default(),
        served_model: cost.served_model.clone(),
        answer: answer.text.clone(),
        called: args.tool.then_some(called),
        requests: cost.requests,
        wall_ms: cost.wall_ms,
        tokens: TokenCounts::of(&cost),
        usd: cost.usd.map(|MicroUsd(micro)| dollars(micro)),
    };
    if args.json {
        output::document(&document)?;
    } else {
        output::answer(&document.told(edge.page))?;
    }
    match lacking(args, &answer) {
        Some(lacking) => Err(Failure::new(Exit::AnsweredNo, lacking)),
        None => Ok(()),
    }
}

fn question(args: &Args) -> Chat {
    let object = |name: &str| -> Value {
        json!({
            "type": "object",
            "properties": { name: { "type": "string" } },
            "required": [name],
            "additionalProperties": false,
        })
    };
    let words = match (args.tool, args.schema) {
        (true, _) => "Call the tool `report` with the word `ready`.",
        (_, true) => "Answer with a JSON object whose member `word` is `ready`.",
        _ => "Answer with the one word `ready`.",
    };
    let tool = || Tool {
        name: "report".into(),
        description: "Takes a word.".into(),
        parameters: object("word"),
    };
    Chat {
        turns: vec![Turn::User(words.into())],
        tools: args.tool.then(tool).into_iter().collect(),
        schema: args.schema.then(|| Schema { name: "word".into(), schema: object("word") }),
        max_output_tokens: LONGEST_ANSWER,
        seed: 1,
        family: "check".into(),
        ..Chat::default()
    }
}

/// What the answer lacks of what was demanded.
fn lacking(args: &Args, answer: &Answer) -> Option<String> {
    let alias = &args.alias;
    if args.tool && answer.calls.is_empty() {
        return Some(format!("model `{alias}` answers, but did not call the tool it was offered"));
    }
    if let Some(why) = answer.calls.iter().find_map(|call| call.broken.as_ref()) {
        return Some(format!("model `{alias}` calls the tool, but {why}"));
    }
    let word = || serde_json::from_str::<Value>(&answer.text).ok()?.get("word").cloned();
    if args.schema && word().is_none() {
        return Some(format!("model `{alias}` answers, but not in the form demanded"));
    }
    None
}

fn refusal(error: ModelError, args: &Args, edge: &Edge) -> Failure {
    let answered = matches!(error, ModelError::NotAnAnswer { .. });
    let next = match &error {
        ModelError::UnknownAlias { .. } => return error.into(),
        ModelError::Refused { .. } => {
            format!("mend models.{} in hyperagent.toml; docs/models.md has an example", args.alias)
        }
        ModelError::Unavailable { .. } => edge.hint(&format!("model check {}", args.alias)),
        _ => String::new(),
    };
    let failure = Failure::from(error).next(next);
    // It was reached, and what it said is no answer.
    if answered { Failure { code: Exit::AnsweredNo, ..failure } } else { failure }
}

fn dollars(micro_usd: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below nine thousand million dollars")]
    let micro_usd = micro_usd as f64;
    micro_usd / 1e6
}

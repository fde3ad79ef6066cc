//! What a new run may ask and cost: its plan, the first prompts rendered as they would be sent, the limits of the roles,
//! the prices of the models, and what the newest run of the lab measured. Nothing is asked and nothing is measured.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::EngineError;
use super::answering::check_caps;
use super::attack;
use super::open::{Order, World, check_agent};
use super::readable;
use crate::archive::Archive;
use crate::base::id::{Alias, TaskName};
use crate::domain::agent::Role;
use crate::domain::estimate::{Estimate, Range, RoleEstimate, Seen, UsdRange};
use crate::domain::event::Event;
use crate::domain::judge::ANCHOR;
use crate::domain::settings::{Dialect, Identity, Improver, ModelSpec, Price};
use crate::domain::suite::MAX_PROPOSAL;
use crate::domain::task::Task;
use crate::domain::tool::{CALLS, RESULT_CHARS};
use crate::journal;
use crate::lab::tasks::load_task;
use crate::model::Models;
use crate::rewrite::Agent;
use crate::script::{Hook, Pool};
use crate::solve::context;

mod prompts;

use prompts::{advice_prompt, judge_prompt, meta_prompt, tester_prompt, worker_prompt};

/// Answers an attempt or a rewrite takes at most, look-ups apart: the first and two repairs.
const TURNS: u64 = 3;
/// Answers that advice, a proposal of cases or a verdict takes at most.
const FORM_TURNS: u64 = readable::TURNS as u64;
/// Bytes of a token of code, as is usual.
const TOKEN_BYTES: usize = 4;

/// Reckons a new run; its agent is validated first, by these workers.
pub async fn estimate(
    world: &World,
    order: &Order,
    scripts: &Pool,
) -> Result<Estimate, EngineError> {
    let identity = &order.identity;
    let lab = &world.lab;
    let models = Models::new(&lab.config, lab.root(), &world.environment)?;
    let aliases: BTreeSet<Alias> = models.aliases().cloned().collect();
    let check =
        async |name, files| check_agent(name, identity.seed, files, &aliases, scripts).await;
    let agent = check(&identity.agent, &order.agent).await?;
    let author = match (&order.improver, &identity.improver) {
        (Some(files), Some(Improver::Transferred { agent, .. })) => check(agent, files).await?,
        _ => agent.clone(),
    };
    let tasks = identity
        .tasks
        .iter()
        .map(|name| Ok((name.clone(), Arc::new(load_task(&lab.task(name))?))))
        .collect::<Result<BTreeMap<_, _>, EngineError>>()?;
    let prompts: Vec<usize> =
        tasks.values().map(|task| worker_prompt(identity, &agent, task)).collect();
    let shortest = prompts.iter().copied().min().unwrap_or(0);
    // The history of an episode grows with its attempts.
    let shown = context::HISTORY.min(identity.attempts as usize);
    let longest = prompts.iter().copied().max().unwrap_or(0) + shown * context::REASON;
    check_caps(&lab.config.budget, order)?;
    let rewrite = meta_prompt(order, &author, &tasks);
    let (attempts, pairs) = attempts(identity);
    let most = attempts.saturating_add(pairs);
    let rewrites = u64::from(identity.generations);
    // Each attempt can be reviewed once, and a note asked for once before each; only a script asks for either.
    let asks = if agent.defines(Hook::NextAttempt) { most } else { 0 };
    let advised = |name: &str| {
        let lengths = tasks.values().map(|task| advice_prompt(identity, &agent, task, name));
        let longest = lengths.max().unwrap_or(0);
        (longest, longest + shown * context::REASON)
    };
    let proposed = tasks.values().map(|task| tester_prompt(&agent, task));
    let tested = (0, proposed.max().unwrap_or(0) + attack::SHOWN * MAX_PROPOSAL);
    let judged = tasks.values().map(|task| judge_prompt(&agent, task)).max().unwrap_or(0);
    // What is read may be as long as an answer of the worker.
    let written = agent.role("worker").map_or(0, |(role, _)| role.max_output_tokens as usize);
    let judged = (judged, judged + written * TOKEN_BYTES);
    let plans = [
        ("worker", attempts, most, TURNS, (shortest, longest)),
        ("meta", rewrites, rewrites, TURNS, (rewrite, rewrite)),
        ("reviewer", 0, asks, FORM_TURNS, advised("reviewer")),
        ("diagnose", 0, asks, FORM_TURNS, advised("diagnose")),
        ("tester", 0, attacks(&agent, &tasks, rewrites), FORM_TURNS, tested),
        ("judge", 0, verdicts(&agent, identity), FORM_TURNS, judged),
    ];
    let roles = plans.into_iter().filter_map(|(name, low, times, answers, prompt)| {
        let (role, _) = if name == "meta" { &author } else { &agent }.role(name)?;
        let looks = looks(name, role);
        let calls = Range { low, high: times.saturating_mul(answers + looks) };
        let named = identity.model.clone().unwrap_or_else(|| role.model.clone());
        let members = models.members(&named).into_iter().cloned().collect::<Vec<_>>();
        let output = role.max_output_tokens;
        let asked = Asked { role: name, calls, prompt, output, answers, looks };
        let specs = members.iter().filter_map(|alias| models.spec(alias)).collect::<Vec<_>>();
        Some(of_role(&asked, members.clone(), &specs, seen(world, name, &members)))
    });
    Ok(Estimate::of(roles.collect()))
}

/// Attempts of the whole plan, and those that promotions may add.
fn attempts(identity: &Identity) -> (u64, u64) {
    let each = u64::from(identity.attempts).saturating_mul(identity.tasks.len() as u64);
    let measured = u64::from(identity.episodes) * (u64::from(identity.generations) + 1);
    let compared = 2 * u64::from(identity.control);
    (each.saturating_mul(measured + compared), each.saturating_mul(2 * u64::from(identity.certify)))
}

/// Attacks that are reckoned with: one after each generation, on every task that takes proposals. Only a script attacks, and
/// nothing but a cap keeps it from doing so more often.
fn attacks(agent: &Agent, tasks: &BTreeMap<TaskName, Arc<Task>>, rewrites: u64) -> u64 {
    let open = tasks.values().filter(|task| task.spec.proposals.is_some()).count() as u64;
    match agent.strategy().contains("attack(") {
        true => open.saturating_mul(rewrites + 1),
        false => 0,
    }
}

/// Verdicts that are reckoned with: of each generation one on every solution, and a test on an anchor of its own judge.
fn verdicts(agent: &Agent, identity: &Identity) -> u64 {
    let solutions = u64::from(identity.episodes).saturating_mul(identity.tasks.len() as u64);
    let of_one = solutions.saturating_add(ANCHOR as u64);
    match agent.strategy().contains("judge(") {
        true => of_one.saturating_mul(u64::from(identity.generations) + 1),
        false => 0,
    }
}

/// What a role asks.
struct Asked<'a> {
    role: &'a str,
    calls: Range,
    /// The shortest and the longest first prompt, bytes.
    prompt: (usize, usize),
    /// The longest answer, tokens.
    output: u32,
    /// Answers it takes at most, look-ups apart.
    answers: u64,
    /// Turns that may be look-ups.
    looks: u64,
}

/// Turns that a role may spend on look-ups.
fn looks(name: &str, role: &Role) -> u64 {
    match name {
        "meta" => u64::from(role.turns.saturating_sub(1)),
        "worker" if !role.tools.is_empty() => u64::from(role.turns.saturating_sub(1)),
        _ => 0,
    }
}

fn of_role(
    asked: &Asked<'_>,
    models: Vec<Alias>,
    specs: &[&ModelSpec],
    seen: Option<Seen>,
) -> RoleEstimate {
    let free = specs.iter().all(|spec| is_free(spec.dialect));
    let output = u64::from(asked.output);
    // Four bytes a token is usual for text and code, two is the reckoning of the caps; a repair sends what was answered
    // before once more, and so does a look-up, with all that it may bring.
    let input = Range {
        low: asked.prompt.0 as u64 / 4,
        high: asked.prompt.1 as u64 / 2
            + (asked.answers - 1).saturating_mul(output)
            + asked.looks.saturating_mul(output + (CALLS * RESULT_CHARS / 2) as u64),
    };
    let output = Range { low: 0, high: output };
    let prices: Option<Vec<Price>> = specs
        .iter()
        .map(|spec| if is_free(spec.dialect) { Some(FREE) } else { spec.price_usd_per_mtok })
        .collect();
    let usd = prices.as_ref().map(|prices| {
        let each = |input: u64, output: u64| {
            prices.iter().map(move |price| cost(price, real(input), real(output)))
        };
        UsdRange {
            low: real(asked.calls.low)
                * each(input.low, output.low).reduce(f64::min).unwrap_or(0.0),
            high: real(asked.calls.high)
                * each(input.high, output.high).reduce(f64::max).unwrap_or(0.0),
        }
    });
    let mean = |prices: &Vec<Price>, seen: &Seen| {
        let sum: f64 =
            prices.iter().map(|price| cost(price, seen.input_tokens, seen.output_tokens)).sum();
        real(asked.calls.low) * sum / real(prices.len().max(1) as u64)
    };
    RoleEstimate {
        role: asked.role.to_owned(),
        models,
        calls: asked.calls,
        input_tokens: (!free).then_some(input),
        output_tokens: (!free).then_some(output),
        usd,
        likely_usd: match (&prices, &seen) {
            (Some(_), _) if free => Some(0.0),
            (Some(prices), Some(seen)) => Some(mean(prices, seen)),
            _ => None,
        },
        seen,
    }
}

const FREE: Price = Price { input: 0.0, cached_input: None, cache_write: None, output: 0.0 };

fn is_free(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Offline | Dialect::Random | Dialect::Replay | Dialect::Manual)
}

fn cost(price: &Price, input: f64, output: f64) -> f64 {
    (input * price.input + output * price.output) / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls and tokens stay far below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

/// What the newest run measured for this role, of answers of these models alone. A run that cannot be read says nothing.
fn seen(world: &World, role: &str, models: &[Alias]) -> Option<Seen> {
    let archive = Archive::open(&world.lab.generations()).ok()?;
    let run = archive.newest_run().ok()??;
    let history = journal::read(&archive.journal_folder(&run)).ok()?;
    let (mut answers, mut input, mut output) = (0, 0, 0);
    for record in &history.records {
        if let Event::Answered { role: own, alias, cost, .. } = &record.event
            && own == role
            && models.contains(cost.answered_by.as_ref().unwrap_or(alias))
            && let (Some(asked), Some(answered)) = (cost.input_tokens, cost.output_tokens)
        {
            answers += 1;
            input += asked;
            output += answered;
        }
    }
    (answers > 0).then(|| Seen {
        run: run.to_string(),
        answers,
        input_tokens: real(input) / real(answers),
        output_tokens: real(output) / real(answers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(specs: &[&ModelSpec], seen: Option<Seen>) -> RoleEstimate {
        let calls = Range { low: 10, high: 30 };
        let prompt = (400, 800);
        let asked = Asked { role: "worker", calls, prompt, output: 100, answers: TURNS, looks: 0 };
        of_role(&asked, Vec::new(), specs, seen)
    }

    #[test]
    fn the_price_is_a_range_from_the_shortest_prompt_alone_to_every_limit() {
        let price = Price { input: 1.0, cached_input: None, cache_write: None, output: 10.0 };
        let mut spec = ModelSpec::of(Dialect::OpenaiChat);
        spec.price_usd_per_mtok = Some(price);
        let seen =
            Seen { run: "run-1".into(), answers: 4, input_tokens: 200.0, output_tokens: 30.0 };
        let found = role(&[&spec], Some(seen));
        assert_eq!(found.input_tokens, Some(Range { low: 100, high: 400 + 200 }));
        let usd = found.usd.expect("priced");
        assert!((usd.low - 10.0 * 100.0 / 1e6).abs() < 1e-12, "{usd:?}");
        assert!((usd.high - 30.0 * (600.0 + 1000.0) / 1e6).abs() < 1e-12, "{usd:?}");
        let likely = found.likely_usd.expect("measured before");
        assert!((likely - 10.0 * (200.0 + 300.0) / 1e6).abs() < 1e-12, "{likely}");
    }

    #[test]
    fn an_unknown_price_is_unknown_and_the_optimiser_is_free() {
        let spec = ModelSpec::of(Dialect::OpenaiChat);
        assert_eq!((role(&[&spec], None).usd, role(&[&spec], None).likely_usd), (None, None));
        let offline = role(&[&ModelSpec::of(Dialect::Offline)], None);
        assert_eq!(offline.usd, Some(UsdRange { low: 0.0, high: 0.0 }));
        assert_eq!((offline.input_tokens, offline.likely_usd), (None, Some(0.0)));
    }
}

//! What is worth a line of its own.

use crate::domain::event::{Event, GenerationStatus, Record};
use crate::domain::settings::{Identity, Start};
use crate::view::figure;
use crate::view::ink::Page;
use crate::view::{GenerationView, RunView, listing, per_task, seal};

/// The line that a record is worth, if any; the view has taken the record in.
pub fn news(record: &Record, view: &RunView, page: Page) -> Option<String> {
    match &record.event {
        Event::RunStarted { identity, sandbox, .. } => {
            Some(format!("{}, sandbox {sandbox}", opening(identity, page)))
        }
        Event::RunResumed { interpreter, .. } => {
            let identity = view.identity.as_ref()?;
            let under = interpreter.as_ref().map_or_else(String::new, |other| {
                format!(
                    "; candidates run under {other} from here on, nothing kept from before is used"
                )
            });
            Some(format!(
                "{} goes on: {} of {} made, {} behind it{under}",
                page.ink.strong(identity.run.as_str()),
                view.rewrites(),
                figure::count(u64::from(identity.generations), "rewrite"),
                figure::count(u64::from(view.attempts()), "attempt"),
            ))
        }
        Event::GenerationPlanned { plan } if plan.status != GenerationStatus::Valid => {
            view.generations.get(&plan.generation).map(|generation| refused(generation, page))
        }
        Event::Evaluated { generation, .. } => {
            view.generations.get(generation).map(|generation| measured(view, generation, page))
        }
        Event::Refused { diagnostic, .. } => {
            Some(format!("action refused: {}", page.ink.bad(&diagnostic.to_string())))
        }
        Event::PromotionDecided { generation, report, .. } => {
            Some(format!("promotion of {generation}: {}, {}", report.verdict.as_str(), report.why))
        }
        Event::SolutionCompared { report } => Some(format!(
            "{}{}: start {} -> best {} over {}",
            report.task,
            view.identity.as_ref().map_or("", |identity| seal::mark(identity, &report.task)),
            figure::metric(report.seed),
            figure::metric(report.best),
            figure::count(u64::from(report.n), "fresh case"),
        )),
        Event::ProviderPaused { alias, why } => {
            let why = page.ink.bad(why);
            Some(format!(
                "paused: model {alias} waits for its provider, which is asked again: {why}"
            ))
        }
        Event::ProviderBack { alias } => Some(format!("model {alias} answers again")),
        Event::RunHalted { detail, .. } => Some(format!("halted: {}", page.ink.bad(detail))),
        _ => None,
    }
}

/// How far the generation under measurement is, in a line; `None` when none is.
pub fn heartbeat(view: &RunView) -> Option<String> {
    let generation = view
        .generations
        .values()
        .rev()
        .find(|generation| generation.episodes.values().any(|episode| !episode.ended))?;
    let best = generation.episodes.values().filter_map(|episode| episode.score).reduce(f64::max);
    Some(format!(
        "  measuring {}: {} of {}, {} kept, best score {}",
        generation.id,
        generation.attempts(),
        figure::count(attempts_of_a_generation(view), "attempt"),
        generation.accepted(),
        figure::score(best),
    ))
}

/// The metric that each episode under measurement has reached, with the episode's name where there are several tasks.
pub fn metrics_now(view: &RunView, generation: &GenerationView) -> Vec<String> {
    let named = view.tasks().len() > 1;
    let reached = generation.episodes.iter().filter_map(|(id, episode)| {
        let metric = figure::metric(episode.metric?);
        Some(if named { format!("{id} {metric}") } else { metric })
    });
    reached.collect()
}

/// The attempts that measuring one generation takes at most.
pub fn attempts_of_a_generation(view: &RunView) -> u64 {
    view.identity.as_ref().map_or(0, |identity| {
        u64::from(identity.attempts) * u64::from(identity.episodes) * identity.tasks.len() as u64
    })
}

fn opening(identity: &Identity, page: Page) -> String {
    let tasks: Vec<&str> = identity.tasks.iter().map(|task| task.as_str()).collect();
    format!(
        "{}: {} on {}; {}{}, each measured by {} of {}, {}, seed {}",
        page.ink.strong(identity.run.as_str()),
        identity.agent_as_given(),
        tasks.join(", "),
        figure::count(u64::from(identity.generations), "rewrite"),
        identity.improver.iter().map(|one| format!(" by {}", one.shown())).collect::<String>(),
        figure::count(u64::from(identity.episodes) * identity.tasks.len() as u64, "episode"),
        figure::count(u64::from(identity.attempts), "attempt"),
        match identity.start {
            Start::Carry => "carrying solutions on",
            Start::Initial => "each from the initial solution",
        },
        identity.seed,
    )
}

fn measured(view: &RunView, generation: &GenerationView, page: Page) -> String {
    let measured = per_task::scores(view, generation).unwrap_or_else(|| {
        let metrics = generation
            .episodes
            .iter()
            .filter_map(|(id, episode)| Some(format!("{id} {}", figure::metric(episode.metric?))));
        metrics.collect::<Vec<_>>().join(", ")
    });
    let best =
        if view.best() == Some(generation.id) { page.ink.strong(" ★") } else { String::new() };
    let told = format!(
        "{}  {}",
        listing::what(generation),
        page.ink.faint(&format!(
            "[{measured}; {}/{} kept]",
            generation.accepted(),
            generation.attempts()
        )),
    );
    format!(
        "{}  {:>5}  {}  {told}{best}",
        page.ink.name(&generation.id.to_string()),
        figure::score(generation.mean()),
        figure::effect(view.effect(generation), page.ink),
    )
}

fn refused(generation: &GenerationView, page: Page) -> String {
    let found = generation.diagnostics.first().map(ToString::to_string).unwrap_or_default();
    format!(
        "{}  {}: {found}",
        page.ink.name(&generation.id.to_string()),
        page.ink.bad(listing::status_word(generation.status)),
    )
}

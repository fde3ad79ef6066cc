//! `task eval`: one solution, measured case by case.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::machine::{self, Cache};
use crate::cli::order;
use crate::cli::output;
use crate::cli::session;
use crate::domain::outcome::Outcome;
use crate::domain::quality::Quality;
use crate::domain::settings::SEED;
use crate::domain::task::{LinterRule, Split, Task};
use crate::engine::grade;
use crate::evaluate::Evaluator;
use crate::lab::Lab;
use crate::lint::linter::Checker;
use crate::sandbox::Host;
use crate::sandbox::python::Python;
use crate::view::document::evaluation::EvaluationDocument;
use crate::view::{figure, seal};

/// Arguments of `task eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent task eval snake                                  the task's own start, on train
  hyperagent task eval snake player.py --split public         on the published games
  hyperagent task eval snake player.py --json")]
pub struct Args {
    /// The task.
    pub task: TaskName,
    /// The solution: a file, or a folder [default: the task's initial solution].
    pub file: Option<PathBuf>,
    /// The case set: train, report, or a public one of the task.
    #[arg(long, value_name = "SET", default_value = "train")]
    pub split: String,
    /// The seed that fresh case sets are drawn from.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u64,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Measures, tells every case, and fails when there is no metric.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let task = order::open_task(&lab, &args.task)?;
    let split = split(&task, &args.split, edge)?;
    let candidate = super::solution::read(&task, args.file.as_deref(), edge)?;
    let cases = task.cases(&split, args.seed);
    let (measured, identity, quality) = session::runtime()?.block_on(async {
        let (host, python) = bench(edge, &lab).await?;
        let path_env = edge.environment.get("PATH").unwrap_or_default();
        let checker = Checker::new(host.clone(), python.clone(), path_env);
        let evaluator = Evaluator::new(host, python, 1);
        let measured = evaluator.measure(&task, &candidate, &cases).await;
        let quality = match task.spec.screening.linter {
            LinterRule::Off => None,
            LinterRule::Advice | LinterRule::Refuse => Some(checker.look(&task, &candidate).await),
        };
        Ok::<_, Failure>((measured, evaluator.identity(&task).ok(), quality))
    })?;
    let mut document = EvaluationDocument {
        evaluator: identity.map(|digest| digest.to_string()),
        quality,
        ..EvaluationDocument::of(&task.spec, args.split.clone(), measured)
    };
    document.violations.extend(grade::weaknesses(&task, &candidate));
    if args.json {
        output::document(&document)?;
    } else {
        output::answer(&told(&document, &task, edge))?;
    }
    match document.outcome {
        Outcome::Graded => Ok(()),
        Outcome::Fault => Err(Failure::silent(Exit::Environment)),
        Outcome::Invalid | Outcome::TimedOut | Outcome::Denied => {
            Err(Failure::silent(Exit::NothingEvaluated))
        }
    }
}

/// An evaluator for a person's own solution, at the strongest level that holds here.
pub async fn evaluator(edge: &Edge, lab: &Lab) -> Result<Evaluator, Failure> {
    let (host, python) = bench(edge, lab).await?;
    Ok(Evaluator::new(host, python, 1))
}

/// What an evaluator is made of; says when the sandbox is weaker than the lab wants it.
pub async fn bench(edge: &Edge, lab: &Lab) -> Result<(Host, Python), Failure> {
    let cache = Cache::of(edge)?;
    let probe = machine::probe(edge, &cache).await?;
    if probe.level < lab.config.sandbox.min_level {
        output::note(&format!(
            "note: the sandbox reaches `{}` only; run only solutions you trust",
            probe.level
        ));
    }
    let python = machine::interpreter(edge, &lab.config, &cache).await?;
    Ok((machine::host(edge, &probe), python))
}

/// The case set, if a person may see its cases.
fn split(task: &Task, name: &str, edge: &Edge) -> Result<Split, Failure> {
    let sets = task.spec.case_sets();
    let known: Vec<&str> =
        sets.keys().map(String::as_str).filter(|set| !matches!(*set, "select" | "test")).collect();
    match name {
        "test" => Err(Failure::usage("the test set is sealed")
            .because("a look at it would make every later result on it worthless")
            .next(edge.hint(&format!("task eval {} --split report", task.name())))),
        "select" => Err(Failure::usage("the select set is for the kernel alone")
            .because("it decides which generation is best; nobody may aim at it")
            .next(edge.hint(&format!("task eval {} --split report", task.name())))),
        name if known.contains(&name) => Ok(Split(name.to_owned())),
        name => Err(Failure::usage(format!("task `{}` has no case set `{name}`", task.name()))
            .because(format!("sets: {}", known.join(", ")))),
    }
}

fn told(document: &EvaluationDocument, task: &Task, edge: &Edge) -> String {
    let ink = edge.page.ink;
    let mut text = String::new();
    let width = document.cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
    for case in &document.cases {
        let _ = writeln!(
            text,
            "  {:<width$}  {:>8}  {}",
            case.id,
            figure::metric(case.metric),
            ink.faint(&figure::cut(&case.feedback, edge.page.rest(width + 14)))
        );
    }
    match document.metric {
        Some(metric) => {
            let _ = writeln!(
                text,
                "{}: {} {} on {} ({} cases), score {}",
                ink.strong(&document.task),
                figure::metric(metric),
                task.spec.metric,
                document.split,
                document.cases.len(),
                figure::score(document.score),
            );
        }
        None => {
            let _ = writeln!(
                text,
                "{}: {} ({}): {}",
                ink.strong(&document.task),
                ink.bad("no metric"),
                document.error_class,
                document.reason
            );
        }
    }
    if let Some(words) = seal::words(task.spec.seal()) {
        let _ = writeln!(text, "  {}", ink.bad(words));
    }
    for violation in &document.violations {
        let _ = writeln!(text, "  {} {}", ink.bad("violation:"), violation.detail);
    }
    for advice in document.quality.iter().flat_map(Quality::told) {
        let _ = writeln!(text, "  {}", ink.faint(&format!("lint: {advice}")));
    }
    let level = document.sandbox.map_or("none".to_owned(), |level| level.to_string());
    let evaluator = document.evaluator.as_ref().and_then(|it| it.get(..12)).unwrap_or("unknown");
    let _ = writeln!(
        text,
        "  {}",
        ink.faint(&format!(
            "{} wall, {} CPU, {} KiB at the peak, sandbox {level}, evaluator {evaluator}",
            figure::duration(document.usage.wall_ms),
            figure::duration(document.usage.cpu_ms),
            crate::view::spend::thousands(document.usage.peak_kb),
        ))
    );
    text
}

//! `doctor`: the health of this machine and lab.

use std::fmt::Write as _;

use crate::base::environment::Environment;
use crate::cli::archive_health::{REBUILT, archive_health};
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::machine::{self, Cache};
use crate::cli::output;
use crate::cli::session;
use crate::domain::outcome::SandboxLevel;
use crate::domain::settings::{Dialect, LabConfig, ModelSpec};
use crate::lab::{Lab, LabError};
use crate::lint::linter::Linter;
use crate::sandbox::python::Python;
use crate::sandbox::{self, Probe};
use crate::view::document::doctor::{
    AttackHealth, DoctorDocument, LinterHealth, ModelHealth, PythonHealth, SandboxHealth,
};
use crate::view::ink::Page;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent doctor
  hyperagent doctor --repair
  hyperagent doctor --json

Works outside a lab too, and then leaves out models and archive. The sandbox is attacked anew each time. \
Without --repair nothing is changed: it says what is damaged, and what of that journal or archive still \
prove. With it that is rebuilt; a damaged journal is kept beside the new one.")]
pub struct Args {
    /// Rebuild what journal or archive alone still prove, and say what is gone.
    #[arg(long)]
    pub repair: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Examines everything, tells it, and fails with the code of the worst finding.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let (document, worst) = examine(args, edge)?;
    if args.json {
        output::document(&document)?;
    } else {
        output::answer(&told(&document, edge.page))?;
    }
    match worst {
        Some(code) => Err(Failure::silent(code)),
        None => Ok(()),
    }
}

fn examine(args: &Args, edge: &Edge) -> Result<(DoctorDocument, Option<Exit>), Failure> {
    let lab = match edge.open_lab() {
        Ok(lab) => Some(lab),
        Err(_) if edge.lab.is_none() && outside_any_lab(edge) => None,
        Err(failure) => return Err(failure),
    };
    let config = lab.as_ref().map(|lab| lab.config.clone()).unwrap_or_default();
    let cache = Cache::of(edge)?;
    let (probe, python) = session::runtime()?.block_on(async {
        (attack_anew(edge, &cache).await, machine::interpreter(edge, &config, &cache).await)
    });

    let mut problems = Vec::new();
    let mut worst = None;
    let mut found = |code: Exit, problem: String| {
        worst = worst.or(Some(code));
        problems.push(problem);
    };
    let sandbox = sandbox_health(&probe, &config, &mut found);
    let linter = linter_health(python.as_ref().ok(), edge);
    let python = match python {
        Ok(python) => {
            Some(PythonHealth { path: python.path.display().to_string(), version: python.version })
        }
        Err(failure) => {
            found(Exit::Environment, format!("{}: install CPython 3.11 or later", failure.what));
            None
        }
    };
    let models = match &lab {
        Some(lab) => models(lab, edge, &mut found)?,
        None => Vec::new(),
    };
    let archive = lab.as_ref().and_then(|lab| archive_health(lab, args.repair, edge, &mut found));
    Ok((DoctorDocument { sandbox, python, linter, models, archive, problems }, worst))
}

/// Who looks at code quality; to have nobody is no problem, but it is said.
fn linter_health(python: Option<&Python>, edge: &Edge) -> LinterHealth {
    let path_env = edge.environment.get("PATH").unwrap_or_default();
    match python.and_then(|python| Linter::find(path_env, python)) {
        Some(linter) => LinterHealth {
            name: linter.name().to_owned(),
            path: Some(linter.path().display().to_string()),
        },
        None => LinterHealth { name: "unavailable".to_owned(), path: None },
    }
}

/// The strongest level, never from the cache, with every attack at that level.
async fn attack_anew(edge: &Edge, cache: &Cache) -> Result<Probe, Failure> {
    let probe = machine::probe(edge, cache).await?;
    let attacks = sandbox::attacks(&machine::host(edge, &probe)).await?;
    Ok(Probe { attacks, ..probe })
}

fn outside_any_lab(edge: &Edge) -> bool {
    matches!(Lab::find(&edge.cwd), Err(LabError::NotFound { .. }))
}

fn sandbox_health(
    probe: &Result<Probe, Failure>,
    config: &LabConfig,
    found: &mut impl FnMut(Exit, String),
) -> SandboxHealth {
    let probe = match probe {
        Ok(probe) => probe,
        Err(failure) => {
            found(Exit::SandboxTooWeak, format!("{} {}", failure.what, failure.why));
            return SandboxHealth { level: None, attacks: Vec::new() };
        }
    };
    if probe.level < config.sandbox.min_level {
        let lacking = probe.lacking.join("; ");
        found(
            Exit::SandboxTooWeak,
            format!(
                "the sandbox reaches `{}` only, and code written by models needs `{}`: {lacking}",
                probe.level, config.sandbox.min_level
            ),
        );
    }
    SandboxHealth {
        level: Some(probe.level),
        attacks: probe
            .attacks
            .iter()
            .map(|attack| AttackHealth {
                name: attack.name.clone(),
                stopped: attack.stopped,
                detail: attack.detail.clone(),
            })
            .collect(),
    }
}

fn models(
    lab: &Lab,
    edge: &Edge,
    found: &mut impl FnMut(Exit, String),
) -> Result<Vec<ModelHealth>, Failure> {
    let environment = lab.environment(edge.environment.clone())?;
    let mut models: Vec<ModelHealth> = ["offline", "random"]
        .into_iter()
        .map(|alias| ModelHealth {
            alias: alias.to_owned(),
            ok: true,
            detail: "built in: no key, no network; prompts have no effect".to_owned(),
        })
        .collect();
    for (alias, spec) in &lab.config.models {
        let (ok, detail) = model_health(spec, lab, &environment);
        if !ok {
            found(Exit::Usage, format!("model `{alias}`: {detail}"));
        }
        models.push(ModelHealth { alias: alias.to_string(), ok, detail });
    }
    Ok(models)
}

/// Whether a call could be tried; nothing is sent.
fn model_health(spec: &ModelSpec, lab: &Lab, environment: &Environment) -> (bool, String) {
    match (spec.dialect, &spec.key_env, &spec.source) {
        (dialect, _, _) if dialect.is_wire() && !cfg!(feature = "http") => {
            (false, "this build has no HTTP; build it with the feature `http`".to_owned())
        }
        (dialect, Some(name), _) if dialect.is_wire() && environment.get(name).is_none() => {
            (false, format!("{name} is not set, neither in the environment nor in the lab's .env"))
        }
        (Dialect::Scripted, _, Some(source)) if !lab.root().join(source).is_file() => {
            (false, format!("there is no file {source}"))
        }
        (Dialect::Scripted, ..) => (true, "answers from a file".to_owned()),
        (Dialect::Replay, ..) => (true, "answers of a recorded run".to_owned()),
        (Dialect::Offline | Dialect::Random, ..) => (true, "built in".to_owned()),
        (Dialect::Command, ..) => (true, "a command; not started".to_owned()),
        (Dialect::Manual, ..) => (true, "a person at the terminal".to_owned()),
        (_, Some(name), _) => (true, format!("key present in {name}; not called")),
        (_, None, _) => (true, "no key configured; not called".to_owned()),
    }
}

fn told(document: &DoctorDocument, page: Page) -> String {
    let mut text = String::new();
    let mark = |ok: bool| if ok { page.ink.good("ok  ") } else { page.ink.bad("FAIL") };
    let level = document.sandbox.level.map_or("none".to_owned(), |level| level.to_string());
    let _ = writeln!(text, "{} {level}", page.ink.strong("sandbox"));
    if document.sandbox.level == Some(SandboxLevel::Rlimits) {
        let _ = writeln!(text, "  {}", page.ink.bad("limits only: this is NOT a sandbox"));
    }
    for attack in &document.sandbox.attacks {
        let word = if attack.stopped { page.ink.good("stopped") } else { page.ink.bad("THROUGH") };
        let _ = writeln!(text, "  {word}  {:<22} {}", attack.name, page.ink.faint(&attack.detail));
    }
    match &document.python {
        Some(python) => {
            let _ = writeln!(
                text,
                "{} {} {}",
                page.ink.strong("python "),
                python.version,
                page.ink.faint(&python.path)
            );
        }
        None => {
            let _ = writeln!(text, "{} {}", page.ink.strong("python "), page.ink.bad("none"));
        }
    }
    let _ = writeln!(
        text,
        "{} {} {}",
        page.ink.strong("linter "),
        document.linter.name,
        page.ink.faint(
            document
                .linter
                .path
                .as_deref()
                .unwrap_or("install ruff or pyflakes to have candidates linted")
        )
    );
    if !document.models.is_empty() {
        let _ = writeln!(text, "{}", page.ink.strong("models"));
    }
    for model in &document.models {
        let _ = writeln!(text, "  {}  {:<22} {}", mark(model.ok), model.alias, model.detail);
    }
    if let Some(archive) = &document.archive {
        let _ = writeln!(
            text,
            "{}\n  {}  {:<22} {}",
            page.ink.strong("archive"),
            mark(archive.ok),
            archive.runs.join(", "),
            archive.detail
        );
        for damage in archive.damage.iter().filter(|found| found.state == REBUILT) {
            let run = damage.run.as_deref().unwrap_or("archive");
            let _ = writeln!(text, "  {}  {run}: {}", page.ink.good(REBUILT), damage.what);
        }
    }
    if document.problems.is_empty() {
        let _ = writeln!(text, "{}", page.ink.good("all is well"));
    }
    for problem in &document.problems {
        let _ = writeln!(text, "{} {problem}", page.ink.bad("problem:"));
    }
    text
}

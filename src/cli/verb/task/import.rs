//! `task import`: a task made for another program becomes one of this lab.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::session;
use crate::domain::task::Split;
use crate::lab::Lab;
use crate::lab::foreign::{self, ImportError, Wishes};
use crate::lab::tasks::load_task;
use crate::view::{figure, seal};

/// Arguments of `task import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent task import packing --from openevolve/examples/circle_packing
  hyperagent task import gpt --from ../autoresearch
  hyperagent task import sorting --from bench/ --metric seconds --minimise")]
pub struct Args {
    /// The new task's name.
    pub name: TaskName,
    /// The folder of an OpenEvolve or ShinkaEvolve example, of an autoresearch repository, or of a benchmark script with
    /// one solution.
    #[arg(long, value_name = "PATH")]
    pub from: PathBuf,
    /// The metric's name [default: `combined_score`; autoresearch: `val_bpb`].
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// Less of the metric is better.
    #[arg(long)]
    pub minimise: bool,
}

/// Imports, measures the start, and says what to look at.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let wishes = Wishes { metric: args.metric.clone(), minimise: args.minimise };
    import(&edge.open_lab()?, &args.name, &args.from, &wishes, edge)
}

/// Makes the task `name` of the foreign one at `from`, and measures its start once to see whether that works.
pub fn import(
    lab: &Lab,
    name: &TaskName,
    from: &Path,
    wishes: &Wishes,
    edge: &Edge,
) -> Result<(), Failure> {
    let imported = foreign::import(&edge.cwd.join(from), name, wishes)?;
    let folder = lab.task(name);
    foreign::write(&imported, &folder)?;
    let task = load_task(&folder)?;
    let mut text = format!("{name}: {} in {}\n", imported.kind, folder.display());
    for (path, why) in &imported.left_out {
        let _ = writeln!(text, "  left out: {path}: {why}");
    }
    if let Some(words) = seal::words(task.spec.seal()) {
        let _ = writeln!(text, "  {words}");
    }
    let cases = task.cases(&Split::train(), 0);
    let measured = session::runtime()?.block_on(async {
        let evaluator = super::eval::evaluator(edge, lab).await?;
        Ok::<_, Failure>(evaluator.measure(&task, &task.initial, &cases).await)
    })?;
    let Some(metric) = measured.metric else {
        output::answer(&text)?;
        return Err(Failure::new(
            Exit::NothingEvaluated,
            format!("the task is written, but its start has no metric: {}", measured.error_class),
        )
        .because(measured.reason)
        .next(format!(
            "mend {}, then {}",
            folder.join(crate::lab::tasks::TASK_TOML).display(),
            edge.hint(&format!("task eval {name}"))
        )));
    };
    let scale = foreign::set_scale(&folder, task.spec.direction, metric)?;
    let _ = writeln!(
        text,
        "  start: {} {}, a score of {}; the scale from {} to {} is a guess: see [score] in task.toml\n  \
         read prompt.md: it is all that models are told",
        figure::metric(metric),
        task.spec.metric,
        figure::score(Some(scale.score(metric))),
        figure::metric(scale.floor),
        figure::metric(scale.target),
    );
    let _ = writeln!(text, "  next: {}", edge.hint(&format!("run --task {name}")));
    output::answer(&text)
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let code = match &error {
            ImportError::Write { .. } => Exit::Environment,
            _ => Exit::Usage,
        };
        Self::from_error(code, &error)
    }
}

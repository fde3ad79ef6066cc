//! `task new --from`: a task made for another program becomes one of this lab.

use std::fmt::Write as _;
use std::path::Path;

use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::session;
use crate::domain::task::Split;
use crate::lab::Lab;
use crate::lab::foreign::{self, ImportError, Wishes};
use crate::lab::tasks::{load_task, write_task};
use crate::view::{figure, seal};

/// Makes the task `name` of the foreign one at `from`, and measures its start once to see whether that works.
pub(super) fn import(
    lab: &Lab,
    name: &TaskName,
    from: &Path,
    wishes: &Wishes,
    edge: &Edge,
) -> Result<(), Failure> {
    let imported = foreign::import(&edge.cwd.join(from), name, wishes)?;
    let folder = write_task(&lab.tasks(), name, &imported.files)?;
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

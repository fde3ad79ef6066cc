//! Whether the offline optimiser can work on the task.

use crate::domain::task::Task;
use crate::view::document::check::Check;
use crate::view::figure;

/// What the optimiser's tries came to.
#[derive(Debug, Default)]
pub struct Found {
    /// How many programs were asked for.
    pub tries: u32,
    /// The metric of the first that was graded.
    pub metric: Option<f64>,
    /// Why the others were not.
    pub refused: Vec<String>,
}

/// Whether the ingredients can be read; `pieces` is how many the optimiser found, `None` when it could not read them.
pub fn ingredients(task: &Task, pieces: Option<usize>) -> Check {
    const NAME: &str = "ingredients";
    match (&task.spec.ingredients, pieces) {
        (None, _) => Check::warning(
            NAME,
            "none: offline runs change numbers and operators only; docs/ingredients.md says how to offer more",
        ),
        (Some(file), None) => Check::failed(
            NAME,
            format!("{file} is no pool: it must be Python that parses, with a function `_name` for each piece"),
        ),
        (Some(file), Some(pieces)) => {
            Check::ok(NAME, format!("{file} has {}", figure::count(pieces as u64, "piece")))
        }
    }
    .with("pieces", pieces)
}

/// Whether one of the optimiser's programs could be measured. A task without ingredients promises nothing offline.
pub fn offline(task: &Task, found: &Found) -> Check {
    const NAME: &str = "offline";
    let tries = u64::from(found.tries);
    match found.metric {
        Some(metric) => Check::ok(
            NAME,
            format!("a new valid program after {}: {}", count_tries(tries), figure::metric(metric)),
        ),
        None => {
            let last = found.refused.last().map_or("", String::as_str);
            let told = format!("no valid program in {}; the last: {last}", count_tries(tries));
            if task.spec.ingredients.is_some() {
                Check::failed(
                    NAME,
                    format!("{told}; use the names of the start in the pieces, so that they find a place"),
                )
            } else {
                Check::warning(NAME, told)
            }
        }
    }
    .with("tries", tries)
    .with("metric", found.metric)
}

fn count_tries(tries: u64) -> String {
    if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") }
}

//! The note on a measured generation: what people read in `git log`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::id::{GenerationId, TaskName};
use crate::domain::lineage::Lineage;
use crate::domain::outcome::SandboxLevel;
use crate::domain::settings::Identity;
use crate::domain::stats;
use crate::domain::task::Seal;

/// What a note says besides what the family tree knows.
pub(super) struct About<'a> {
    /// The run.
    pub(super) identity: &'a Identity,
    /// The names of the tasks' metrics; `metric` for a task that is not here.
    pub(super) metrics: &'a BTreeMap<TaskName, String>,
    /// The level candidates ran at.
    pub(super) sandbox: SandboxLevel,
}

/// The note's text.
pub(super) fn text(about: &About<'_>, lineage: &Lineage, id: GenerationId) -> String {
    let About { identity, metrics, sandbox } = about;
    let mut text = String::new();
    let Some(generation) = lineage.get(id) else { return text };
    if let Some(mean) = generation.mean() {
        let _ = writeln!(text, "Score: {mean:.4} over {} episodes", generation.measured.len());
    }
    if identity.tasks.len() > 1 {
        for task in &identity.tasks {
            let of_task = generation.measured.iter().filter(|(episode, _)| episode.task == *task);
            let scores: Vec<f64> = of_task.map(|(_, result)| result.score).collect();
            if !scores.is_empty() {
                let (mean, n) = (stats::mean(&scores), scores.len());
                let _ = writeln!(text, "Task: {task} {mean:.4} over {n} episodes");
            }
        }
    }
    if let Some(effect) = lineage.effect(id) {
        let _ = writeln!(text, "Effect: {effect:+.4} against its parent, same episodes");
    }
    if let Some(report) = &generation.raced_out {
        let _ = writeln!(text, "Race: {}", report.why());
    }
    if let Some(select) = generation.select_mean() {
        let _ = writeln!(text, "Select: {select:.4}");
    }
    for (episode, result) in &generation.measured {
        let metric = metrics.get(&episode.task).map_or("metric", String::as_str);
        let is_sealed = identity.seal(&episode.task) == Seal::Sealed;
        let seal = if is_sealed { "" } else { "unsealed " };
        let show = |value: Option<f64>| value.map_or("n/a".to_owned(), |v| format!("{v:.3}"));
        let _ = writeln!(
            text,
            "Episode: {episode} {seal}{metric} {} -> {}, {} of {} attempts accepted, {} trials",
            show(result.start_metric),
            show(result.metric),
            result.accepted,
            result.attempts,
            result.trials
        );
    }
    let _ = writeln!(text, "Sandbox: {}", sandbox);
    text
}

//! What becomes of a candidate that was measured.

use serde_json::{Value, json};

use super::Drive;
use crate::domain::event::{AttemptEnd, Diagnostic};
use crate::domain::outcome::Outcome;
use crate::engine::attempt::Worked;
use crate::engine::hooks::Call;
use crate::engine::{Stopped, gate};
use crate::script::{Arg, Hook};
use crate::solve::world;

/// The most coordinates of a candidate.
const MAX_FEATURES: usize = 16;

impl Drive {
    /// Whether a measured candidate is kept: the task's gate first, then the script's word, or strictly better.
    pub(super) async fn judge(&mut self, attempt: u32, worked: &mut Worked) -> Result<(), Stopped> {
        let result = &mut worked.result;
        let (Some(Outcome::Graded), Some(metric)) = (result.outcome, result.metric) else {
            return Ok(());
        };
        if let Some(files) = &worked.files {
            let (episode, cases) = (&self.episode, &self.cases);
            let before = gate::Before { episode, attempt, files, cases };
            if !gate::pass(&self.session, &before, result).await? {
                return Ok(());
            }
        }
        result.gain = self.episode.gain(attempt, metric);
        let hooks = self.mirror.hooks().clone();
        if let Err(diagnostic) = self.place(attempt, worked).await? {
            worked.result.reason = diagnostic.to_string();
            worked.result.error_class = "script".into();
            return Ok(());
        }
        let result = &mut worked.result;
        let accepted = if hooks.has(Hook::Accept) {
            let incumbent = ["attempts".to_owned(), self.episode.incumbent_id().to_string()];
            let judged =
                world::judged(&self.episode, attempt, worked.files.as_deref(), &worked.result);
            let args = [Arg::Value(json!(judged)), Arg::record(incumbent)];
            let rng = self.rng("accept", attempt);
            let call = Call { hook: Hook::Accept, args: &args, rng };
            match self.mirror.call(&self.episode, call).await? {
                Ok(value) => value == json!(true),
                Err(diagnostic) => {
                    worked.result.reason = diagnostic.to_string();
                    worked.result.error_class = "script".into();
                    false
                }
            }
        } else {
            result.gain.is_some_and(|gain| gain > 0.0)
        };
        if accepted {
            worked.result.end = AttemptEnd::Accepted;
            worked.result.files = worked.files.as_deref().cloned();
        }
        Ok(())
    }

    /// Where the script's `features` puts a measured candidate among others.
    async fn place(
        &mut self,
        attempt: u32,
        worked: &mut Worked,
    ) -> Result<Result<(), Diagnostic>, Stopped> {
        if !self.mirror.hooks().has(Hook::Features) {
            return Ok(Ok(()));
        }
        let judged = world::judged(&self.episode, attempt, worked.files.as_deref(), &worked.result);
        let args = [Arg::Value(json!(judged))];
        let call = Call { hook: Hook::Features, args: &args, rng: self.rng("features", attempt) };
        Ok(self.mirror.call(&self.episode, call).await?.map(|value| {
            let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
            worked.result.features =
                numbers.iter().take(MAX_FEATURES).filter_map(Value::as_f64).collect();
        }))
    }
}

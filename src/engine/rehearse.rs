//! What a worker does before it answers: it looks at the episode's earlier attempts, and tests a draft on a few of the
//! train cases. A test is a measurement like any other, its cases are trials of the attempt, and it is on record, so no
//! resumed run makes it again.

use std::sync::Arc;

use super::session::Session;
use super::{Stopped, grade};
use crate::domain::event::{CallKey, DraftTest, Event};
use crate::domain::files::FileSet;
use crate::domain::outcome::CaseResult;
use crate::domain::task::{Case, Task};
use crate::domain::tool::{Called, ToolSpec, shown};
use crate::solve::candidate::{Candidate, Refusal};
use crate::solve::tools::{self, History};

/// What a worker may use.
pub(super) struct Rehearsal {
    /// The tools; none: it answers at once.
    pub specs: Vec<&'static ToolSpec>,
    /// What the prompt says about them.
    pub card: String,
    /// Turns that may be look-ups.
    pub looks: u32,
    /// What may be looked up.
    pub history: Arc<History>,
}

/// What a draft is tested on.
pub(super) struct Stage<'a> {
    pub key: &'a CallKey,
    pub task: &'a Task,
    pub cases: &'a [Case],
    /// What its base did on each case.
    pub base: &'a [CaseResult],
}

/// What tests came to so far.
#[derive(Default)]
pub(super) struct Rehearsed {
    /// Trials made.
    pub trials: u32,
    /// The draft tested last.
    pub draft: Option<Candidate>,
}

impl Rehearsal {
    /// What each call of one answer comes to, under its title. `read` makes a candidate of changes; `None` stands for
    /// those beside the calls.
    pub async fn serve(
        &self,
        session: &Session,
        stage: &Stage<'_>,
        calls: &[Called],
        read: impl Fn(Option<&str>) -> Result<Candidate, Refusal>,
        so_far: &mut Rehearsed,
    ) -> Result<Vec<(String, String)>, Stopped> {
        let mut results = Vec::new();
        let mut tested = false;
        for call in calls {
            let result = match call {
                Called::Look(words) => self.history.look_up(words),
                Called::Submit => "nothing had been tested before this turn\n".to_owned(),
                Called::Refused { why, .. } => shown(Err(why.clone())),
                Called::Try { .. } if tested => shown(Err("a turn tests one draft".to_owned())),
                Called::Try { draft, .. } => match read(draft.as_deref()) {
                    Err(Refusal { reason, .. }) => shown(Err(reason)),
                    Ok(candidate) => {
                        tested = true;
                        let test = test(session, stage, &candidate.files).await?;
                        let trials = u32::try_from(test.cases.len()).unwrap_or(u32::MAX);
                        so_far.trials = so_far.trials.saturating_add(trials);
                        so_far.draft = Some(candidate);
                        shown(Ok(tools::told(&test, stage.base)))
                    }
                },
            };
            results.push((call.title().to_owned(), result));
        }
        Ok(results)
    }
}

/// Tests a draft, unless the journal has what came of it.
async fn test(session: &Session, stage: &Stage<'_>, files: &FileSet) -> Result<DraftTest, Stopped> {
    if let Some(test) = session.recorded.draft_test(stage.key) {
        return Ok(test.clone());
    }
    let few = tools::test_cases(stage.task.spec.benchmark.screen).min(stage.cases.len());
    let cases = stage.cases.get(..few).unwrap_or(stage.cases);
    let measured = grade::draft(session, stage.task, files, cases).await?;
    let test = DraftTest {
        metric: measured.metric,
        cases: measured.cases,
        reason: measured.reason,
        error_class: measured.error_class,
    };
    let tested = Event::DraftTested { key: stage.key.clone(), result: test.clone() };
    session.append(tested)?;
    Ok(test)
}

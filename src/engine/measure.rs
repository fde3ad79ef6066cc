//! The evaluate action: a generation on its episodes, side by side; then its evidence, its note and the best ref.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::episode::{self, Begun};
use super::evidence::EpisodeEvidence;
use super::hooks::Hooks;
use super::race::Racing;
use super::recorded::Started;
use super::session::Session;
use super::{EngineError, Stopped};
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::Purpose;
use crate::domain::choice::Outcomes;
use crate::domain::files::FileSet;
use crate::domain::lineage::Lineage;
use crate::domain::report::RaceReport;
use crate::domain::settings::Start;
use crate::domain::shelf::KeptResult;
use crate::solve::episode::Setting;

/// What came of one evaluate action.
#[derive(Default)]
pub struct Measured {
    /// The episodes measured, in the order asked.
    pub episodes: Vec<(EpisodeId, KeptResult, EpisodeEvidence)>,
    /// Why the others were not, if some were left out.
    pub raced_out: Option<RaceReport>,
}

/// An evaluate action as dispatched.
pub struct Measuring {
    generation: GenerationId,
    settings: Vec<(Setting, Option<GenerationId>)>,
    /// The block of select cases its solutions are measured on.
    select_block: u32,
    race: Option<Racing>,
}

/// What is to be measured.
pub struct Wanted<'a> {
    /// The generation.
    pub generation: GenerationId,
    /// The episodes; those measured before are left out.
    pub episodes: &'a [EpisodeId],
    /// Attempts of each; absent: the run's.
    pub tries: Option<u32>,
    /// What they start from.
    pub purpose: Purpose,
    /// Whether the cases test agents added are among those measured on.
    pub on_the_suite: bool,
}

impl Measuring {
    /// The same, with what is known of the models' answers; ensembles choose by it.
    #[must_use]
    pub fn knowing(mut self, known: &Arc<Outcomes>) -> Self {
        for (setting, _) in &mut self.settings {
            setting.known = known.clone();
        }
        self
    }

    /// The same, measured on a block of select cases.
    #[must_use]
    pub fn on_select(mut self, block: u32) -> Self {
        self.select_block = block;
        self
    }

    /// The same, broken off when a race is lost.
    #[must_use]
    pub fn racing(mut self, race: Option<Racing>) -> Self {
        self.race = race;
        self
    }
}

/// A measurement that is on record to its end: nothing of it need be gone through again.
pub fn done(
    session: &Session,
    lineage: &Lineage,
    step: u32,
    who: GenerationId,
    cases: &[EpisodeId],
) -> Option<Measured> {
    let raced_out = session.recorded.evaluated(step)?.raced_out;
    let measured = lineage.get(who).map(|generation| &generation.measured);
    let key = |episode: &EpisodeId| (who, episode.clone());
    let episodes = cases
        .iter()
        .filter(|episode| !measured.is_some_and(|measured| measured.contains_key(*episode)))
        .filter(|episode| session.tasks.contains_key(&episode.task))
        .filter(|episode| raced_out.is_none() || session.recorded.episode(&key(episode)).is_some())
        .map(|episode| {
            let key = key(episode);
            let result = session.recorded.episode(&key)?.clone();
            let outcomes = session.recorded.outcomes(&key);
            Some((episode.clone(), result, EpisodeEvidence::told(episode.clone(), outcomes)))
        })
        .collect::<Option<_>>()?;
    Some(Measured { episodes, raced_out })
}

/// Prepares the episodes from the family tree at this moment.
pub fn prepare(
    session: &Session,
    lineage: &Lineage,
    hooks: &Hooks,
    wanted: &Wanted<'_>,
) -> Measuring {
    let Wanted { generation, episodes, tries, purpose, on_the_suite } = *wanted;
    let measured = lineage.get(generation).map(|g| &g.measured);
    let settings = episodes
        .iter()
        .filter(|episode| !measured.is_some_and(|measured| measured.contains_key(*episode)))
        .filter_map(|episode| {
            let task = session.tasks.get(&episode.task)?.clone();
            let key = (generation, episode.clone());
            let Started { start, from, suite } = match session.recorded.start(&key) {
                Some(recorded) => recorded.clone(),
                None => {
                    let (start, from) = start(session, lineage, generation, purpose, &task);
                    let suite = if on_the_suite { lineage.suite().of(task.name()) } else { &[] };
                    Started { start, from, suite: suite.to_vec() }
                }
            };
            let agent = hooks.agent();
            let setting = Setting {
                generation,
                episode: episode.clone(),
                task,
                attempts: session.identity.attempts.min(tries.unwrap_or(u32::MAX)),
                width: session.identity.width,
                params: agent.config.params.clone(),
                models: session.aliases.iter().cloned().collect(),
                memory: agent.memory_sizes(),
                start,
                known: Arc::default(),
                suite,
            };
            Some((setting, from))
        })
        .collect();
    Measuring { generation, settings, select_block: 0, race: None }
}

fn start(
    session: &Session,
    lineage: &Lineage,
    generation: GenerationId,
    purpose: Purpose,
    task: &crate::domain::task::Task,
) -> (FileSet, Option<GenerationId>) {
    let held = lineage.get(generation).and_then(|g| g.holds.get(task.name()));
    if let (Purpose::Continue, Some(held)) = (purpose, held) {
        return (held.files.files(), Some(generation));
    }
    let carried = match session.identity.start {
        Start::Initial => None,
        Start::Carry => lineage.carried(generation, task.name(), |a, b| task.better(a, b)),
    };
    match carried {
        Some((files, from)) => (files, Some(from)),
        None => (task.initial.clone(), None),
    }
}

/// Runs the episodes, those of a race block by block.
pub async fn run(
    session: Arc<Session>,
    hooks: Hooks,
    measuring: Measuring,
) -> Result<Measured, Stopped> {
    let Measuring { generation, settings, select_block, race } = measuring;
    let order: Vec<EpisodeId> =
        settings.iter().map(|(setting, _)| setting.episode.clone()).collect();
    let mut begun: Vec<Begun> = (1u64..)
        .zip(settings)
        .map(|(world, (setting, from))| Begun {
            world: u64::from(generation.0) << 32 | world,
            setting,
            from,
            select_block,
        })
        .collect();
    let Some(mut race) = race else { return side_by_side(&session, &hooks, begun).await };
    let mut all = Measured::default();
    for (number, block) in race.blocks().into_iter().enumerate() {
        let of_block = |begun: &mut Begun| block.contains(&begun.setting.episode);
        let next = begun.extract_if(.., of_block).collect();
        let mut measured = side_by_side(&session, &hooks, next).await?;
        all.raced_out = race.take(number, &measured);
        all.episodes.append(&mut measured.episodes);
        if all.raced_out.is_some() {
            break;
        }
    }
    all.episodes.sort_by_key(|(id, ..)| order.iter().position(|asked| asked == id));
    Ok(all)
}

/// Runs these at once; how many candidates are measured at once is the evaluator's affair.
async fn side_by_side(
    session: &Arc<Session>,
    hooks: &Hooks,
    begun: Vec<Begun>,
) -> Result<Measured, Stopped> {
    let mut episodes = JoinSet::new();
    let order: Vec<EpisodeId> = begun.iter().map(|begun| begun.setting.episode.clone()).collect();
    for begun in begun {
        let (session, hooks) = (session.clone(), hooks.clone());
        episodes.spawn(async move {
            let id = begun.setting.episode.clone();
            episode::run(session, hooks, begun).await.map(|found| (id, found))
        });
    }
    let mut found = BTreeMap::new();
    let mut standing = None;
    while let Some(joined) = episodes.join_next().await {
        match joined.map_err(|e| EngineError::Internal(e.to_string()))? {
            Ok((id, outcome)) => drop(found.insert(id, outcome)),
            Err(stopped) if stopped.lets_work_end() => standing = Some(stopped),
            Err(stopped) => return Err(stopped),
        }
    }
    if let Some(stopped) = standing {
        return Err(stopped);
    }
    let episodes = order
        .into_iter()
        .filter_map(|id| {
            let (result, evidence) = found.remove(&id)?;
            Some((id, result.into(), evidence))
        })
        .collect();
    Ok(Measured { episodes, raced_out: None })
}

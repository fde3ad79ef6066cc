//! What is damaged in a lab's runs, and putting right what journal or archive alone still prove.
//!
//! The journal comes first: what of it is sound decides everything else. Refs, objects, notes and branches of a run follow
//! from its journal and are made again. One missing record of a generation follows from the archive, and counts only if
//! the commit it gives is the one there is. What comes after a record that nothing proves is set aside, never deleted: the
//! file as it was stays beside the journal, and refs of what it alone tells move to `refs/hyperagent/<run>/set-aside/`.

mod prove;
mod standing;

use std::collections::BTreeSet;

use super::EngineError;
use super::family::Family;
use super::take_up::{journal_folder, runs_folder};
use crate::archive::Archive;
use crate::base::id::RunName;
use crate::domain::event::{Event, GenerationStatus, Record};
use crate::journal::{self, Damaged, JournalError, Salvage};
use crate::lab::Lab;

/// What becomes of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// `doctor --repair` can put it right.
    Rebuildable,
    /// It is put right.
    Rebuilt,
    /// Nothing proves what stood there.
    Gone,
    /// It is not for this program, or not now, to touch.
    Refused,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The run; `None`: the whole archive.
    pub run: Option<RunName>,
    /// What, in words, with its place.
    pub what: String,
    /// What becomes of it.
    pub state: State,
}

/// Looks at every run of a lab that no process works on, and with `repair` puts right what can be.
///
/// # Errors
/// When there is no archive that could be opened, or the disk refuses.
pub fn examine(lab: &Lab, repair: bool) -> Result<Vec<Found>, EngineError> {
    let archive = Archive::open(&lab.generations())?;
    let mut all = Vec::new();
    let mut families = Vec::new();
    for run in runs(lab, &archive)? {
        let mut looking = Looking { lab, archive: &archive, run, repair, found: Vec::new() };
        families.extend(looking.look()?);
        all.append(&mut looking.found);
    }
    let mut found = |what: String| {
        let state = if repair { State::Rebuilt } else { State::Rebuildable };
        all.push(Found { run: None, what, state });
    };
    if !archive.notes_are_whole()? {
        found("the notes with scores and costs are damaged; the journals tell them again".into());
        if repair {
            archive.verify_notes()?;
        }
    } else if let Some(lacking) = lacking_notes(&archive, &families)? {
        found(lacking);
    }
    if repair {
        for family in &families {
            family.set_notes(&archive)?;
        }
    }
    let newest = families.iter().max_by_key(|family| family.began);
    if let Some(newest) = newest
        && archive.newest_run().ok().flatten().is_none()
    {
        found("HEAD names no run".into());
        if repair {
            archive.begin_run(&newest.identity.run)?;
        }
    }
    Ok(all)
}

/// Everything that has a journal or a generation.
fn runs(lab: &Lab, archive: &Archive) -> Result<BTreeSet<RunName>, EngineError> {
    let mut runs: BTreeSet<RunName> = archive.runs().unwrap_or_default().into_iter().collect();
    for folder in journal::folders(&runs_folder(lab))? {
        runs.extend(folder.file_name().and_then(|name| name.to_str()?.parse::<RunName>().ok()));
    }
    Ok(runs)
}

/// Says how many generations lack a note, if any do whose run went on since.
fn lacking_notes(archive: &Archive, families: &[Family]) -> Result<Option<String>, EngineError> {
    let mut lacking = 0;
    for family in families {
        let last = family.notes.values().map(|(_, at)| *at).max();
        for (id, (_, at)) in &family.notes {
            let Some(commit) = family.commits.get(id) else { continue };
            if Some(*at) != last && archive.note(*commit)?.is_none() {
                lacking += 1;
            }
        }
    }
    Ok((lacking > 0).then(|| format!("{lacking} generations lack their note of scores and costs")))
}

struct Looking<'a> {
    lab: &'a Lab,
    archive: &'a Archive,
    run: RunName,
    repair: bool,
    found: Vec<Found>,
}

impl Looking<'_> {
    fn say(&mut self, what: String, state: State) {
        let state = match state {
            State::Rebuildable if self.repair => State::Rebuilt,
            other => other,
        };
        self.found.push(Found { run: Some(self.run.clone()), what, state });
    }

    /// Looks at one run; what its journal tells, if it is to be believed.
    fn look(&mut self) -> Result<Option<Family>, EngineError> {
        let folder = journal_folder(self.lab, &self.run);
        let path = folder.join(journal::FILE);
        if journal::holder(&folder).is_some_and(|holder| holder.is_alive()) {
            if self.repair {
                self.say("a process works on it; stop it first".into(), State::Refused);
            }
            return Ok(None);
        }
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let kept = self.archive.numbers(&self.run)?.len();
                let what = format!(
                    "the journal {} is gone; {kept} refs of its generations and evidence stay, and git reads them \
                     (`git -C generations log --all`), but nothing tells the run's settings, answers and scores",
                    path.display()
                );
                self.say(what, State::Gone);
                return Ok(None);
            }
            Err(source) => {
                return Err(JournalError::Io { doing: "read", path, source }.into());
            }
        };
        let held = if self.repair { Some(Damaged::hold(&folder)?) } else { None };
        let mut salvage = match journal::salvage(&path, &bytes) {
            Ok(salvage) => salvage,
            Err(error) => {
                self.say(error.to_string(), State::Refused);
                return Ok(None);
            }
        };
        if !salvage.wrong.is_empty() && !self.put_journal_right(&mut salvage, held.as_ref())? {
            return Ok(None);
        }
        let Some(family) = Family::of(&salvage.intact(), self.lab)? else { return Ok(None) };
        self.look_at_archive(&family)?;
        Ok(Some(family))
    }

    /// False when nothing of the journal can be gone on with.
    fn put_journal_right(
        &mut self,
        salvage: &mut Salvage,
        held: Option<&Damaged>,
    ) -> Result<bool, EngineError> {
        if let Some(record) = self.rebuilt_record(salvage)? {
            let what = format!("journal: record {} follows from the archive", record.seq);
            salvage.fill(record)?;
            self.say(what, State::Rebuildable);
        }
        let complete = salvage.beyond().next().is_none();
        for wrong in salvage.wrong.clone() {
            let state = if wrong.mended || complete { State::Rebuildable } else { State::Gone };
            self.say(format!("journal, line {}: {}", wrong.line, wrong.what), state);
        }
        if salvage.first_missing() == 1 {
            let what = "journal: its first record is gone, without which the others mean nothing";
            self.say(what.into(), State::Gone);
            return Ok(false);
        }
        if !complete {
            self.cut(salvage)?;
        }
        if let Some(held) = held {
            let kept = held.replace(&self.run, salvage)?;
            let name = kept.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.say(
                format!("journal: rewritten; as it was, it is kept as {name}"),
                State::Rebuilt,
            );
        }
        Ok(true)
    }

    /// Cuts what comes after a record that nothing proves. Openings of the test split that came to their end stay: they
    /// count, and change nothing else.
    fn cut(&mut self, salvage: &mut Salvage) -> Result<(), EngineError> {
        let from = salvage.first_missing();
        let beyond = salvage.cut();
        let count = |is: fn(&Event) -> bool| beyond.iter().filter(|r| is(&r.event)).count();
        let answers = count(|event| matches!(event, Event::Answered { .. }));
        let generations = count(|event| matches!(event, Event::GenerationPlanned { .. }));
        let ended: BTreeSet<u32> = beyond
            .iter()
            .filter_map(|record| match &record.event {
                Event::Tested { opening, .. } => Some(*opening),
                _ => None,
            })
            .collect();
        self.say(
            format!(
                "journal: {} records after record {} do not count any more, with {answers} answers and {generations} \
                 generations; the run goes on from there, and they stay in the kept file",
                beyond.len(),
                from - 1
            ),
            State::Gone,
        );
        let mut seq = from;
        for record in beyond {
            let stays = match &record.event {
                Event::TestOpened { opening, .. } | Event::Tested { opening, .. } => {
                    ended.contains(opening)
                }
                _ => false,
            };
            if stays {
                salvage.fill(Record { seq, ..record })?;
                seq += 1;
            }
        }
        self.set_refs_aside(salvage)
    }

    /// Puts refs of what the journal does not tell any more out of the way of what the run makes anew.
    fn set_refs_aside(&mut self, salvage: &Salvage) -> Result<(), EngineError> {
        let (mut planned, mut measured) = (BTreeSet::new(), BTreeSet::new());
        for record in salvage.intact() {
            match record.event {
                Event::GenerationPlanned { plan } => {
                    if plan.status != GenerationStatus::Valid {
                        measured.insert(plan.generation);
                    }
                    planned.insert(plan.generation);
                }
                Event::Evaluated { generation, .. } => {
                    measured.insert(generation);
                }
                _ => {}
            }
        }
        for (id, name) in self.archive.numbers(&self.run)? {
            let known = if name.contains("/evidence/") { &measured } else { &planned };
            if !known.contains(&id) {
                self.say(
                    format!("{name} is set aside: the journal tells it no more"),
                    State::Rebuildable,
                );
                if self.repair {
                    self.archive.set_aside(&self.run, &name)?;
                }
            }
        }
        Ok(())
    }
}

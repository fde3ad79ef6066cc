//! Recorded runs, opened for reading.

use std::path::PathBuf;

use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::output;
use crate::archive::{Archive, CommitId, Found};
use crate::base::id::{GenerationId, RunName};
use crate::engine::take_up::Reading;
use crate::journal::{self, Mark, Records, TornTail};
use crate::lab::Lab;
use crate::view::{GenerationView, RunView};

/// One recorded run.
pub struct Recorded {
    /// The archive it is in.
    pub archive: Archive,
    /// Its name.
    pub run: RunName,
    /// The folder of its journal.
    pub folder: PathBuf,
    /// What its journal says.
    pub view: RunView,
    /// Whether a process works on it now.
    pub held: bool,
}

/// One generation of a recorded run.
pub struct Target {
    /// The run it belongs to.
    pub recorded: Recorded,
    /// Its number.
    pub generation: GenerationId,
    /// Its commit.
    pub commit: CommitId,
}

/// Opens the archive of a lab that has seen a run.
pub fn archive(lab: &Lab, edge: &Edge) -> Result<Archive, Failure> {
    if !lab.generations().join(".git").exists() {
        return Err(Failure::usage("this lab has no run yet").next(edge.hint("run")));
    }
    Ok(Archive::open(&lab.generations())?)
}

/// The runs that have a journal, in the order of their names.
pub fn runs(archive: &Archive) -> Result<Vec<RunName>, Failure> {
    let folders = journal::folders(&archive.path().join("hyperagent"))?;
    let names = folders.iter().filter_map(|folder| folder.file_name()?.to_str()?.parse().ok());
    let mut runs: Vec<RunName> = names.collect();
    runs.sort();
    Ok(runs)
}

impl Recorded {
    /// Opens a run, by default the newest.
    pub fn open(lab: &Lab, edge: &Edge, run: Option<&RunName>) -> Result<Self, Failure> {
        let (archive, run) = Self::choose(lab, edge, run)?;
        Self::read(archive, run, None).map(|(recorded, _)| recorded)
    }

    /// Opens a run to go on with it: its journal is read once, for people and for the engine.
    pub fn open_to_go_on(
        lab: &Lab,
        edge: &Edge,
        run: Option<&RunName>,
    ) -> Result<(Self, Reading), Failure> {
        let (archive, run) = Self::choose(lab, edge, run)?;
        let mut reading = Reading::default();
        let (recorded, mark) = Self::read(archive, run, Some(&mut reading))?;
        Ok((recorded, reading.until(mark)))
    }

    fn choose(
        lab: &Lab,
        edge: &Edge,
        run: Option<&RunName>,
    ) -> Result<(Archive, RunName), Failure> {
        let archive = archive(lab, edge)?;
        let run = match run {
            Some(run) => run.clone(),
            None => archive
                .newest_run()?
                .ok_or_else(|| Failure::usage("this lab has no run yet").next(edge.hint("run")))?,
        };
        Ok((archive, run))
    }

    /// Reads a run's journal; who goes on with the run gets every record after the view.
    fn read(
        archive: Archive,
        run: RunName,
        engine: Option<&mut Reading>,
    ) -> Result<(Self, Mark), Failure> {
        let folder = archive.journal_folder(&run);
        if !folder.join(journal::FILE).exists() {
            return Err(unknown_run(&archive, &run)?);
        }
        let mut records = Records::open(&folder)?;
        let mut view = RunView::default();
        match engine {
            None => records.look(|record| view.apply(record))?,
            Some(reading) => records.each(|record| {
                view.apply(&record);
                reading.take(record);
            })?,
        }
        let held = journal::holder(&folder).is_some_and(|holder| holder.is_alive());
        if let Some(torn) = records.torn().filter(|_| !held) {
            say_torn(torn);
        }
        Ok((Self { archive, run, folder, view, held }, records.mark()))
    }

    /// What the run says of a generation.
    pub fn generation(&self, id: GenerationId) -> Result<&GenerationView, Failure> {
        self.view.generations.get(&id).ok_or_else(|| {
            Failure::new(
                Exit::Damaged,
                format!("{id} is in the archive but not in the journal of {}", self.run),
            )
            .because("the archive and the journal come from different histories")
        })
    }
}

/// Finds a generation as [`Target::find`] does, without reading the journal of its run: that takes long in a long run.
pub fn find(lab: &Lab, edge: &Edge, text: &str) -> Result<(Archive, Found), Failure> {
    let archive = archive(lab, edge)?;
    let found = archive.resolve(text, None).map_err(|error| {
        if text == "certified" || text.ends_with("/certified") {
            return Failure::usage("no generation is certified")
                .because(
                    "a strategy's `promote` does it, in a run with --start initial --certify N",
                )
                .next(edge.hint("show best"));
        }
        match lost(&archive, text) {
            Some(lost) => lost.next(edge.hint("doctor --repair")),
            None => Failure::from(error).next(edge.hint("log")),
        }
    })?;
    Ok((archive, found))
}

impl Target {
    /// Finds a generation by `gen-00007`, `RUN/gen-00007`, `best`, `latest`, `certified` or a commit id.
    pub fn find(lab: &Lab, edge: &Edge, text: &str) -> Result<Self, Failure> {
        let (archive, found) = find(lab, edge, text)?;
        let recorded = Recorded::read(archive, found.run, None)?.0;
        Ok(Self { recorded, generation: found.generation, commit: found.commit })
    }

    /// What its run says of it.
    pub fn view(&self) -> Result<&GenerationView, Failure> {
        self.recorded.generation(self.generation)
    }
}

/// A generation that the journal names and no ref leads to.
fn lost(archive: &Archive, text: &str) -> Option<Failure> {
    let (run, name) = match text.split_once('/') {
        Some((run, name)) => (run.parse().ok()?, name),
        None => (archive.newest_run().ok()??, text),
    };
    let id: GenerationId = name.parse().ok()?;
    let records = journal::read(&archive.journal_folder(&run)).ok()?.records;
    RunView::of(&records).generations.get(&id)?.commit.as_ref()?;
    let what = format!("the ref of {id} of {run} is gone, though its journal names the commit");
    Some(Failure::new(Exit::Damaged, what).because("somebody deleted it, or a disk lost it"))
}

fn unknown_run(archive: &Archive, run: &RunName) -> Result<Failure, Failure> {
    let known: Vec<String> = runs(archive)?.iter().map(ToString::to_string).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Ok(Failure::usage(format!("there is no run `{run}`"))
        .because(format!("runs in this lab: {known}")))
}

fn say_torn(torn: &TornTail) {
    output::note(&format!("note: {torn}"));
}

//! A run as one file: its journal, and what no journal can tell again, its evidence.
//!
//! Generations, refs, notes and branches follow from the journal and are made again on import. Under another name the run
//! has other commits, for they name it: the journal is then told anew with those.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EngineError;
use super::family::Family;
use super::take_up::journal_folder;
use crate::archive::{Archive, Branch, CommitId, Place};
use crate::base::digest::Digest;
use crate::base::id::{GenerationId, RunName};
use crate::domain::event::{Event, Record};
use crate::journal::{self, Damaged, Salvage};
use crate::lab::Lab;

/// The version of the file's format.
pub const VERSION: u64 = 1;
/// The word that tells such a file from others.
const FORMAT: &str = "hyperagent-run";

/// The first line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u64,
    run: RunName,
    /// Bytes of the journal, which follows.
    journal: usize,
    /// Bytes of the pack with the evidence, which follows the journal.
    pack: usize,
    /// The evidence commits in the pack, by generation.
    evidence: BTreeMap<GenerationId, CommitId>,
}

/// What a file holds, or what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The run's name.
    pub run: RunName,
    /// Records of its journal.
    pub records: usize,
    /// Its generations, rejected ones included.
    pub generations: usize,
}

/// The bytes of a run's file. A process may work on the run: what is on record by now is what the file has.
///
/// # Errors
/// When the journal or the evidence cannot be read.
pub fn export(lab: &Lab, run: &RunName) -> Result<(Vec<u8>, Carried), EngineError> {
    let archive = Archive::open(&lab.generations())?;
    let folder = journal_folder(lab, run);
    let history = journal::read(&folder)?;
    let mut text = std::fs::read(folder.join(journal::FILE)).map_err(|source| {
        let path = folder.join(journal::FILE);
        journal::JournalError::Io { doing: "read", path, source }
    })?;
    text.truncate(usize::try_from(history.length).unwrap_or(usize::MAX));
    let evidence = archive.all_evidence(run)?;
    let pack = archive.pack(evidence.values().copied())?;
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        run: run.clone(),
        journal: text.len(),
        pack: pack.len(),
        evidence,
    };
    let mut bytes = serde_json::to_vec(&header)
        .map_err(|error| EngineError::Internal(format!("the header of an export: {error}")))?;
    bytes.push(b'\n');
    bytes.append(&mut text);
    bytes.extend_from_slice(&pack);
    let digest = Digest::of(&bytes);
    bytes.extend_from_slice(format!("{digest}\n").as_bytes());
    Ok((bytes, carried(run, &history.records)))
}

/// Takes in a run from the bytes of its file, under its own name or another. The journal comes last, in one step: an import
/// that was killed has left nothing that counts, and can be made again.
///
/// # Errors
/// [`EngineError::NotARun`], [`EngineError::NewerFile`], [`EngineError::Taken`], and when the disk refuses.
pub fn import(lab: &Lab, bytes: &[u8], name: Option<&RunName>) -> Result<Carried, EngineError> {
    let (header, text, pack) = parts(bytes)?;
    let run = name.unwrap_or(&header.run);
    let folder = journal_folder(lab, run);
    let mut salvage = journal::salvage(&folder.join(journal::FILE), text)?;
    if let Some(wrong) = salvage.wrong.first() {
        return Err(not_a_run(&format!("its journal is damaged at line {}", wrong.line)));
    }
    if folder.join(journal::FILE).exists() {
        return Err(EngineError::Taken { run: run.to_string() });
    }
    let archive = Archive::open_or_create(&lab.generations())?;
    let held = Damaged::hold(&folder)?;
    if *run == header.run {
        archive.take_pack(pack)?;
        for (generation, commit) in &header.evidence {
            archive.set_evidence(run, *generation, *commit)?;
        }
    } else {
        salvage = Salvage::of(Renaming::of(lab, &archive, run)?.records(&header, pack, &salvage)?)?;
    }
    let records = salvage.intact();
    let Some(family) = Family::of(&records, lab)? else {
        return Err(not_a_run("its journal has no start"));
    };
    if family.identity.run != *run {
        return Err(not_a_run("its journal is that of another run"));
    }
    settle(&archive, &family)?;
    if archive.newest_run()?.is_none() {
        archive.begin_run(run)?;
    }
    held.write(run, &salvage)?;
    Ok(carried(run, &records))
}

/// Makes everything that follows from the journal.
fn settle(archive: &Archive, family: &Family) -> Result<(), EngineError> {
    let run = &family.identity.run;
    for (id, (plan, at)) in &family.plans {
        let (Some(commit), Some(parents)) = (family.commits.get(id), family.parents(plan)) else {
            continue;
        };
        let provenance = family.provenance(*at);
        if archive.compute(&provenance, plan, &parents)?.commit != *commit {
            return Err(not_a_run(&format!("the plan of {id} does not give its commit {commit}")));
        }
        if matches!(archive.inspect(&provenance, plan, &parents, false)?.place, Place::Elsewhere(_))
        {
            return Err(EngineError::Taken { run: run.to_string() });
        }
        archive.inspect(&provenance, plan, &parents, true)?;
    }
    for (branch, id) in
        [(Branch::Latest, family.lineage.latest()), (Branch::Best, family.lineage.best())]
    {
        if let Some(commit) = family.commits.get(&id) {
            archive.inspect_branch(run, branch, *commit, true)?;
        }
    }
    family.set_notes(archive)?;
    Ok(())
}

/// Header, journal and pack of a file whose digest fits.
fn parts(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), EngineError> {
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u64,
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<Version>(line) {
        Ok(head) if head.format == FORMAT && head.version > VERSION => {
            return Err(EngineError::NewerFile { found: head.version, supported: VERSION });
        }
        Ok(head) if head.format == FORMAT => {}
        _ => return Err(not_a_run("it does not begin as an export does")),
    }
    let digits = Digest::of(&[]).to_string().len() + 1;
    let (body, digest) = bytes
        .len()
        .checked_sub(digits)
        .and_then(|at| bytes.split_at_checked(at))
        .ok_or_else(|| not_a_run("it is cut short"))?;
    if digest != format!("{}\n", Digest::of(body)).as_bytes() {
        return Err(not_a_run("it is cut short or damaged: its digest does not fit"));
    }
    let header: Header = serde_json::from_slice(line)
        .map_err(|error| not_a_run(&format!("its header does not read: {error}")))?;
    let rest = body.get(line.len() + 1..).unwrap_or_default();
    match rest.split_at_checked(header.journal) {
        Some((text, pack)) if pack.len() == header.pack => Ok((header, text, pack)),
        _ => Err(not_a_run("its parts are not as long as its header says")),
    }
}

/// A run that gets another name, and with it other commits.
struct Renaming<'a> {
    run: &'a RunName,
    archive: &'a Archive,
    /// An archive of its own that holds the evidence under the old name.
    old: Archive,
    _folder: tempfile::TempDir,
}

impl<'a> Renaming<'a> {
    fn of(lab: &Lab, archive: &'a Archive, run: &'a RunName) -> Result<Self, EngineError> {
        let folder = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(lab.generations())
            .map_err(|error| not_a_run(&format!("no folder for it: {error}")))?;
        let old = Archive::open_or_create(folder.path())?;
        Ok(Self { run, archive, old, _folder: folder })
    }

    /// The records under the new name, with the evidence written for it.
    fn records(
        &self,
        header: &Header,
        pack: &[u8],
        salvage: &Salvage,
    ) -> Result<Vec<Record>, EngineError> {
        self.old.take_pack(pack)?;
        let mut renamed: BTreeMap<String, CommitId> = BTreeMap::new();
        for (generation, commit) in &header.evidence {
            let (was, history): (Vec<CommitId>, Vec<_>) = self
                .old
                .evidence_history(*commit)?
                .into_iter()
                .map(|(was, at, files)| (was, (at, files)))
                .unzip();
            let now = self.archive.write_evidence_history(self.run, *generation, &history)?;
            renamed.extend(was.iter().map(CommitId::to_string).zip(now));
        }
        let mut commits: BTreeMap<GenerationId, CommitId> = BTreeMap::new();
        let mut plans = BTreeMap::new();
        let mut start = None;
        let mut records = salvage.intact();
        for record in &mut records {
            match &mut record.event {
                Event::RunStarted { identity, kernel, .. } => {
                    identity.run = self.run.clone();
                    start = Some((identity.clone(), kernel.clone()));
                }
                Event::GenerationPlanned { plan } => {
                    plans.insert(plan.generation, (plan.clone(), record.at));
                }
                Event::GenerationCommitted { generation, commit, tree } => {
                    let (Some((plan, at)), Some((identity, kernel))) =
                        (plans.get(generation), &start)
                    else {
                        return Err(not_a_run(&format!("{generation} has no plan")));
                    };
                    let parents = plan.parents.iter().map(|id| commits.get(id).copied());
                    let parents: Vec<CommitId> =
                        parents.collect::<Option<_>>().ok_or_else(|| {
                            not_a_run(&format!("a parent of {generation} was never committed"))
                        })?;
                    let provenance = crate::archive::Provenance { identity, kernel, at: *at };
                    let made = self.archive.compute(&provenance, plan, &parents)?;
                    commits.insert(*generation, made.commit);
                    *commit = made.commit.to_string();
                    *tree = made.tree.to_string();
                }
                Event::Evaluated { evidence: Some(evidence), .. } => {
                    let now = renamed
                        .get(evidence)
                        .ok_or_else(|| not_a_run(&format!("evidence {evidence} is not in it")))?;
                    *evidence = now.to_string();
                }
                _ => {}
            }
        }
        Ok(records)
    }
}

fn carried(run: &RunName, records: &[Record]) -> Carried {
    let is_plan = |record: &&Record| matches!(record.event, Event::GenerationPlanned { .. });
    Carried {
        run: run.clone(),
        records: records.len(),
        generations: records.iter().filter(is_plan).count(),
    }
}

fn not_a_run(why: &str) -> EngineError {
    EngineError::NotARun { why: why.to_owned() }
}

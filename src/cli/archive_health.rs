//! The runs of a lab as `doctor` sees them: every journal held against the archive.

use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::recorded;
use crate::archive::Archive;
use crate::engine::repair::{State, examine};
use crate::journal;
use crate::lab::Lab;
use crate::view::document::doctor::{ArchiveHealth, DamageFound};

/// Holds every journal against the archive, and repairs what is damaged if that is asked.
pub fn archive_health(
    lab: &Lab,
    repair: bool,
    edge: &Edge,
    found: &mut impl FnMut(Exit, String),
) -> Option<ArchiveHealth> {
    if !lab.generations().join(".git").exists() {
        return None;
    }
    let examined = Archive::open(&lab.generations())
        .map_err(Failure::from)
        .and_then(|archive| Ok((examine_runs(lab, repair)?, archive)));
    let (damage, archive) = match examined {
        Ok(examined) => examined,
        Err(failure) => {
            let detail = format!("{} {}", failure.what, failure.why).trim_end().to_owned();
            found(failure.code, detail.clone());
            let runs = Vec::new();
            return Some(ArchiveHealth { ok: false, runs, detail, damage: Vec::new() });
        }
    };
    let runs = recorded::runs(&archive).unwrap_or_default();
    let (mut records, mut generations) = (0, 0);
    for run in &runs {
        records += journal::read(&archive.journal_folder(run)).map_or(0, |h| h.records.len());
        generations += archive.generations(run).map_or(0, |entries| entries.len());
    }
    let left: Vec<&DamageFound> = damage.iter().filter(|found| found.state != REBUILT).collect();
    for damage in &left {
        let run = damage.run.as_ref().map_or_else(String::new, |run| format!("{run}: "));
        let next = match damage.state {
            REBUILDABLE => format!("; {} rebuilds it", edge.hint("doctor --repair")),
            GONE => "; it is gone".to_owned(),
            _ => String::new(),
        };
        found(Exit::Damaged, format!("{run}{}{next}", damage.what));
    }
    let ok = left.is_empty();
    let detail = if ok {
        format!("{generations} generations, {records} records, every checksum fits")
    } else {
        format!("{generations} generations, {records} records; damaged, see below")
    };
    let runs = runs.iter().map(ToString::to_string).collect();
    Some(ArchiveHealth { ok, runs, detail, damage })
}

const REBUILDABLE: &str = "rebuildable";
pub const REBUILT: &str = "rebuilt";
const GONE: &str = "gone";

fn examine_runs(lab: &Lab, repair: bool) -> Result<Vec<DamageFound>, Failure> {
    let found = examine(lab, repair)?.into_iter().map(|found| DamageFound {
        run: found.run.map(|run| run.to_string()),
        what: found.what,
        state: match found.state {
            State::Rebuildable => REBUILDABLE,
            State::Rebuilt => REBUILT,
            State::Gone => GONE,
            State::Refused => "refused",
        },
    });
    Ok(found.collect())
}

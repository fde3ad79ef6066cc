//! Whether refs and objects of a run are what its journal says.

use std::collections::BTreeMap;

use super::{Looking, State};
use crate::archive::{Branch, Place};
use crate::base::id::GenerationId;
use crate::engine::EngineError;
use crate::engine::family::Family;

impl Looking<'_> {
    pub(super) fn look_at_archive(&mut self, family: &Family) -> Result<(), EngineError> {
        for (id, (plan, at)) in &family.plans {
            let Some(commit) = family.commits.get(id) else { continue };
            let Some(parents) = family.parents(plan) else { continue };
            let provenance = family.provenance(*at);
            if self.archive.compute(&provenance, plan, &parents)?.commit != *commit {
                let what = format!(
                    "{id}: its plan does not give the commit {commit} that the journal names; another version of this \
                     program made it"
                );
                self.say(what, State::Refused);
                continue;
            }
            let seen = self.archive.inspect(&provenance, plan, &parents, self.repair)?;
            if !seen.objects.is_empty() {
                let what = format!("{id}: damaged or missing objects: {}", seen.objects.join(", "));
                self.say(what, State::Rebuildable);
            }
            self.say_place(&format!("{id}: its ref"), seen.place);
        }
        for (id, commit) in &family.evidence {
            let (place, files) =
                self.archive.inspect_evidence(&self.run, *id, *commit, self.repair)?;
            if !files.is_empty() {
                let what = format!(
                    "{id}: evidence that cannot be read and has no other copy: {}; answers and scores are in the journal",
                    files.join(", ")
                );
                self.say(what, State::Gone);
            }
            self.say_place(&format!("{id}: the ref of its evidence"), place);
        }
        self.look_at_branches(family)
    }

    fn look_at_branches(&mut self, family: &Family) -> Result<(), EngineError> {
        let known = family.known();
        let stand: BTreeMap<&str, (Branch, GenerationId)> = [
            ("latest", (Branch::Latest, family.lineage.latest())),
            ("best", (Branch::Best, family.lineage.best())),
        ]
        .into();
        // The first branches are set at the second decision.
        if family.notes.is_empty() {
            return Ok(());
        }
        for (name, (branch, id)) in stand {
            let Some(commit) = family.commits.get(&id) else { continue };
            let place = self.archive.inspect_branch(&self.run, branch, *commit, false)?;
            if matches!(place, Place::Elsewhere(found) if known.contains(&found)) {
                continue;
            }
            self.say_place(&format!("the branch {}/{name}", self.run), place);
            if self.repair {
                self.archive.inspect_branch(&self.run, branch, *commit, true)?;
            }
        }
        Ok(())
    }

    fn say_place(&mut self, subject: &str, place: Place) {
        match place {
            Place::Right => {}
            Place::Nowhere => self.say(format!("{subject} is gone"), State::Rebuildable),
            Place::Elsewhere(found) => {
                self.say(format!("{subject} was moved to {found}"), State::Rebuildable);
            }
        }
    }
}

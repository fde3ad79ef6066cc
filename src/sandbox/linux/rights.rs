//! Landlock: what the program may do with files, with TCP and to other processes, whatever tree it sees.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus,
    Scope,
};

use super::allow::{AllowList, Kind};
use super::places::Places;

/// The newest version whose rights are asked for; an older kernel gives those it knows.
const NEWEST: ABI = ABI::V6;

/// What the kernel has granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restricted {
    /// Whether signals reach processes of this sandbox only.
    pub signals_stay_inside: bool,
}

/// Restricts this process and all it starts, for good. `own_processes` says that `/proc` shows no others and may be
/// read.
pub(super) fn restrict(
    allowed: &AllowList,
    places: &Places,
    own_processes: bool,
) -> io::Result<Restricted> {
    build(allowed, places, own_processes).map_err(io::Error::other).and_then(|restricted| {
        restricted.ok_or_else(|| io::Error::other("this kernel does not offer Landlock"))
    })
}

fn build(
    allowed: &AllowList,
    places: &Places,
    own_processes: bool,
) -> Result<Option<Restricted>, landlock::RulesetError> {
    let read_file = BitFlags::from(AccessFs::ReadFile);
    let read = read_file | AccessFs::ReadDir;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (path, kind) in &allowed.paths {
        let access = match kind {
            Kind::Folder => read | AccessFs::Execute,
            Kind::File => read_file | AccessFs::Execute,
        };
        rules = allow(rules, path, access)?;
    }
    let not_in_scratch =
        AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock;
    rules = allow(rules, &places.scratch, AccessFs::from_all(NEWEST) & !not_in_scratch)?;
    rules = allow(rules, &places.inputs, read)?;
    rules = allow(rules, Path::new("/dev/null"), read_file | AccessFs::WriteFile)?;
    rules = allow(rules, Path::new("/dev/zero"), read_file)?;
    rules = allow(rules, Path::new("/dev/urandom"), read_file)?;
    if own_processes {
        rules = allow(rules, Path::new("/proc"), read)?;
    }
    let status = rules.restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Ok(None);
    }
    let signals_stay_inside = matches!(
        status.landlock,
        LandlockStatus::Available { effective_abi, .. } if effective_abi >= ABI::V6
    );
    Ok(Some(Restricted { signals_stay_inside }))
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, landlock::RulesetError> {
    match PathFd::new(path) {
        Ok(fd) => rules.add_rule(PathBeneath::new(fd, access)),
        // What does not exist needs no right; the program will be told so when it looks.
        Err(_) => Ok(rules),
    }
}

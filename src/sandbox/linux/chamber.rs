//! The file tree of level `full`: an empty one, into which the allow-list is mounted read-only.
//!
//! Runs in the first process of the new namespaces. The old tree is out of sight afterwards, for good.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use super::allow::{AllowList, Kind};
use super::identity::Identity;
use super::places::{Places, place_inputs};
use super::sys;
use super::wire::Order;

/// The devices a program finds; the rest of `/dev` does not exist.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/urandom"];
/// A folder that every system has and that nothing is taken from: the new tree is built on top of it.
const BUILDING_SITE: &str = "/proc";
/// Files and folders that may exist in a scratch folder.
const SCRATCH_ENTRIES: u64 = 16 * 1024;

const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const DEVICE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;

/// A place in the new tree and what will be mounted there.
struct Fitting {
    at: PathBuf,
    tree: OwnedFd,
    kind: Kind,
}

/// Builds the tree and moves into it. The program's folders are `/scratch` and `/inputs`.
pub(super) fn enter(
    order: &Order,
    contents: &[Vec<u8>],
    allowed: &AllowList,
    identity: Identity,
) -> io::Result<Places> {
    sys::unshare(libc::CLONE_NEWNS)?;
    sys::change_mount(Path::new("/"), libc::MS_REC | libc::MS_PRIVATE)?;
    let fittings = take_fittings(allowed)?;

    let bytes: u64 = contents.iter().map(|content| content.len() as u64).sum();
    let options = format!("size={},mode=755", bytes + (4 << 20));
    sys::mount_new(c"tmpfs", Path::new(BUILDING_SITE), libc::MS_NOSUID, &options)?;
    std::env::set_current_dir(BUILDING_SITE)?;
    for fitting in &fittings {
        let at = below_here(&fitting.at);
        match fitting.kind {
            Kind::Folder => make_folder(&at)?,
            Kind::File => {
                make_parent(&at)?;
                fs::File::create(&at)?;
            }
        }
        sys::attach_tree(fitting.tree.as_fd(), &at)?;
    }
    for (link, target) in &allowed.links {
        let link = below_here(link);
        make_parent(&link)?;
        symlink(target, &link)?;
    }
    place_inputs(Path::new("inputs"), &order.inputs, contents)?;
    make_scratch(order.scratch_mb, identity)?;
    mount_processes()?;
    sys::enter_current_folder_as_root()?;
    let read_only = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID;
    sys::change_mount(Path::new("/"), read_only)?;
    Ok(places())
}

/// Where a program finds its folders in its tree.
pub(super) fn places() -> Places {
    Places { scratch: "/scratch".into(), inputs: "/inputs".into() }
}

/// Copies what will be mounted while the old tree is still in sight.
fn take_fittings(allowed: &AllowList) -> io::Result<Vec<Fitting>> {
    let shown = allowed.paths.iter().map(|(path, kind)| (path.as_path(), *kind, READ_ONLY));
    let devices = DEVICES.iter().map(|path| (Path::new(path), Kind::File, DEVICE));
    let mut fittings = Vec::new();
    for (path, kind, attributes) in shown.chain(devices) {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("mounting `{}`: {error}", path.display()))
        };
        let tree = sys::copy_tree(path).map_err(named)?;
        sys::restrict_tree(tree.as_fd(), attributes).map_err(named)?;
        fittings.push(Fitting { at: path.to_owned(), tree, kind });
    }
    Ok(fittings)
}

fn make_scratch(scratch_mb: u64, identity: Identity) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create("scratch")?;
    let owner = identity.owner().unwrap_or(0);
    let options = format!(
        "size={}m,nr_inodes={SCRATCH_ENTRIES},mode=700,uid={owner},gid={owner}",
        scratch_mb.max(1)
    );
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    sys::mount_new(c"tmpfs", Path::new("scratch"), flags, &options)
}

/// Mounts a view of the new namespace's processes, of which a program sees its own; nothing about the machine. A container that masks its own view does not let anybody mount a
/// full one: then there is none at all, and programs see even less.
fn mount_processes() -> io::Result<()> {
    make_folder(Path::new("proc"))?;
    let flags = libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    match sys::mount_new(c"proc", Path::new("proc"), flags, "subset=pid,hidepid=ptraceable") {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
        other => other,
    }
}

fn below_here(path: &Path) -> PathBuf {
    path.strip_prefix("/").unwrap_or(path).to_owned()
}

fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o755).recursive(true).create(path)
}

fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => make_folder(parent),
        _ => Ok(()),
    }
}

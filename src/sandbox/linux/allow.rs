//! The allow-list: which paths of the host the program may read and execute.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use super::spec::Program;
use super::wire::Order;

/// Where the system keeps shared libraries; those that a machine lacks are passed over.
const SYSTEM_LIBRARIES: [&str; 6] =
    ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf"];

/// Real paths to show, and links by which they are also known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AllowList {
    /// Existing paths without links in them; none is below another.
    pub paths: BTreeMap<PathBuf, Kind>,
    /// Links from a path as it was given to where it really is; none is below one of `paths`.
    pub links: BTreeMap<PathBuf, PathBuf>,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder, readable with all below it.
    Folder,
    /// A single file.
    File,
}

/// Resolves an order's allow-list on this machine; `own` is this binary.
pub(super) fn resolve(order: &Order, own: &Path) -> io::Result<AllowList> {
    let mut given: BTreeSet<PathBuf> = order.readable.iter().cloned().collect();
    let mut system_libraries = order.system_libraries;
    match &order.program {
        Program::Own { .. } => {
            given.insert(own.to_owned());
            system_libraries = true;
        }
        Program::Path { path, .. } => {
            given.insert(path.clone());
        }
    }
    if system_libraries {
        given.extend(SYSTEM_LIBRARIES.iter().map(PathBuf::from).filter(|path| path.exists()));
    }
    collect(&given)
}

fn collect(given: &BTreeSet<PathBuf>) -> io::Result<AllowList> {
    let mut list = AllowList::default();
    let mut links = BTreeMap::new();
    for path in given {
        let plain = path.components().all(|part| !matches!(part, Component::ParentDir));
        if !path.is_absolute() || !plain {
            let said = format!("`{}` is not an absolute path without `..`", path.display());
            return Err(io::Error::other(said));
        }
        let named = |error: io::Error| io::Error::other(format!("`{}`: {error}", path.display()));
        let real = path.canonicalize().map_err(named)?;
        let kind = if real.metadata().map_err(named)?.is_dir() { Kind::Folder } else { Kind::File };
        if real != *path {
            links.insert(path.clone(), real.clone());
        }
        list.paths.insert(real, kind);
    }
    let all: Vec<PathBuf> = list.paths.keys().cloned().collect();
    list.paths.retain(|path, _| !all.iter().any(|other| path != other && path.starts_with(other)));
    // A link inside a shown folder is shown with it. One whose folders are themselves reached through a link needs
    // none of its own either.
    let outer: Vec<PathBuf> = links.keys().cloned().collect();
    links.retain(|link, _| {
        !list.paths.keys().any(|path| link.starts_with(path))
            && !outer.iter().any(|other| link != other && link.starts_with(other))
    });
    list.links = links;
    Ok(list)
}

/// Whether a user without any privilege can get at a path, judged by the permissions on the way to it.
pub(super) fn open_to_anyone(path: &Path) -> bool {
    path.ancestors().all(|part| {
        part.metadata().is_ok_and(|found| {
            let needed = if part == path && !found.is_dir() { 0o4 } else { 0o1 };
            found.permissions().mode() & needed == needed
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nested_paths_fold_and_links_lead_to_what_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("its real path");
        fs::create_dir_all(root.join("usr/lib/deep")).expect("folders");
        symlink("usr/lib", root.join("lib")).expect("a link");
        fs::write(root.join("file"), "x").expect("a file");
        let given =
            ["lib", "usr/lib", "usr/lib/deep", "file"].iter().map(|name| root.join(name)).collect();
        let list = collect(&given).expect("a list");
        let shown: Vec<_> = list.paths.into_iter().collect();
        assert_eq!(shown, [(root.join("file"), Kind::File), (root.join("usr/lib"), Kind::Folder)]);
        assert_eq!(
            list.links.into_iter().collect::<Vec<_>>(),
            [(root.join("lib"), root.join("usr/lib"))]
        );
    }

    #[test]
    fn paths_that_are_relative_climb_or_do_not_exist_are_refused_by_name() {
        for bad in ["relative", "/usr/../etc", "/no/such/place"] {
            let refused = collect(&BTreeSet::from([PathBuf::from(bad)])).expect_err(bad);
            assert!(refused.to_string().contains(bad), "{refused}");
        }
    }

    #[test]
    fn a_closed_folder_on_the_way_closes_what_is_below() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "x").expect("a file");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("a mode");
        assert!(!open_to_anyone(&file));
        assert!(open_to_anyone(Path::new("/usr/lib")));
    }
}

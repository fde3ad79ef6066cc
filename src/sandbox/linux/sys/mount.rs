//! Namespaces and mounts.

use std::ffi::{CStr, CString, c_int, c_uint, c_ulong, c_void};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{check, check_long};

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// Leaves the given namespaces (`CLONE_NEW…`) for fresh ones.
pub fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

/// Names the machine inside this process's UTS namespace.
pub fn set_host_name(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length describe the live string.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// Mounts a new filesystem of a kind at a folder.
pub fn mount_new(kind: &CStr, at: &Path, flags: c_ulong, options: &str) -> io::Result<()> {
    let (at, options) = (c_path(at)?, CString::new(options)?);
    let data: *const c_void = options.as_ptr().cast();
    // SAFETY: all pointers are to strings that outlive the call.
    check(unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), flags, data) }).map(drop)
}

/// Changes flags of the mount at a folder.
pub fn change_mount(at: &Path, flags: c_ulong) -> io::Result<()> {
    let at = c_path(at)?;
    // SAFETY: `at` outlives the call; the other pointers may be null here.
    let result = unsafe {
        libc::mount(std::ptr::null(), at.as_ptr(), std::ptr::null(), flags, std::ptr::null())
    };
    check(result).map(drop)
}

/// A copy of the tree of mounts at a path, not yet in sight anywhere.
pub fn copy_tree(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | c_uint::try_from(libc::AT_RECURSIVE).unwrap_or(0);
    // SAFETY: the path outlives the call; on success the kernel gives us the descriptor.
    unsafe {
        let fd =
            check_long(libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags))?;
        Ok(OwnedFd::from_raw_fd(RawFd::try_from(fd).map_err(io::Error::other)?))
    }
}

/// Adds attributes (`MOUNT_ATTR_…`) to all mounts of a copied tree.
pub fn restrict_tree(tree: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    let attributes =
        libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the structure and its size are passed together; the empty path means the descriptor itself.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check_long(result).map(drop)
}

/// Puts a copied tree in sight at a path.
pub fn attach_tree(tree: BorrowedFd<'_>, at: &Path) -> io::Result<()> {
    let at = c_path(at)?;
    // SAFETY: both paths outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            at.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    check_long(result).map(drop)
}

/// Makes the current folder, which must be a mount point, the root, and drops the old root with all its mounts.
pub fn enter_current_folder_as_root() -> io::Result<()> {
    let here = c".".as_ptr();
    // SAFETY: constant strings.
    unsafe {
        check_long(libc::syscall(libc::SYS_pivot_root, here, here))?;
        check(libc::umount2(here, libc::MNT_DETACH))?;
    }
    std::env::set_current_dir("/")
}

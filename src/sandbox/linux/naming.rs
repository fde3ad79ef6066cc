//! The names of what a program tried: a denied call, a file outside what it was given.
//!
//! Nothing in a name may differ between two runs of the same program: numbers of processes and names of temporary
//! files are left out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::allow::AllowList;
use super::calls::OPENING;
use super::denied::{Area, EVERYWHERE, HERE, NAMESPACES, SOMETIMES};
use super::places::Places;
use super::sys::Call;
use crate::domain::outcome::ViolationKind;

/// The longest path that is shown, bytes.
const LONGEST_PATH: usize = 120;

/// Families of sockets, by the names of their constants.
const FAMILIES: [(i32, &str); 7] = [
    (libc::AF_UNIX, "AF_UNIX"),
    (libc::AF_INET, "AF_INET"),
    (libc::AF_INET6, "AF_INET6"),
    (libc::AF_NETLINK, "AF_NETLINK"),
    (libc::AF_PACKET, "AF_PACKET"),
    (libc::AF_VSOCK, "AF_VSOCK"),
    (libc::AF_ALG, "AF_ALG"),
];

/// What libraries and the interpreter look for by themselves, on some machines in vain.
const LOOKED_FOR: [&str; 19] = [
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/lib",
    "/lib64",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
    "/usr/lib",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
];
/// Files by which Python finds out where it is installed; it looks for them beside itself.
const LANDMARKS: [&str; 3] = ["pyvenv.cfg", "pybuilddir.txt", "._pth"];
/// The archive in which Python expects modules, existing or not: `python311.zip`.
const ARCHIVE: (&str, &str) = ("python3", ".zip");
/// Folders in which programs try to make temporary files, under names drawn at random.
const TEMPORARY: [&str; 3] = ["/tmp", "/var/tmp", "/usr/tmp"];

/// A kind of violation, and what was seen.
pub(super) type Name = (ViolationKind, String);

/// What a program was given: all else is outside.
pub(super) struct Given {
    readable: Vec<PathBuf>,
    writable: PathBuf,
}

impl Given {
    /// What is listed, and the program's two folders.
    pub(super) fn new(allowed: &AllowList, places: Places) -> Self {
        let mut readable: Vec<PathBuf> =
            allowed.paths.keys().chain(allowed.links.keys()).cloned().collect();
        readable.extend(LOOKED_FOR.map(PathBuf::from));
        readable.push(places.inputs);
        Self { readable, writable: places.scratch }
    }

    /// The name of opening or executing (`what`) a file by this path, if it is none of the program's.
    pub(super) fn outside(&self, given: &Path, what: &str, writes: bool) -> Option<Name> {
        let path = plain(&self.writable.join(given));
        if let Some(name) = process_file(&path) {
            return Some((ViolationKind::Tamper, format!("other processes: {what}({name})")));
        }
        if path.starts_with(&self.writable) {
            return None;
        }
        let is_allowed = self.readable.iter().any(|allowed| path.starts_with(allowed));
        if let Some(folder) =
            TEMPORARY.iter().find(|folder| path.starts_with(folder) && !is_allowed)
        {
            let kind = if writes { ViolationKind::Write } else { ViolationKind::Read };
            return Some((kind, format!("outside: {what} in {folder}")));
        }
        let is_looked_for = || {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_archive = |part: Component<'_>| {
                let part = part.as_os_str().to_string_lossy();
                part.starts_with(ARCHIVE.0) && part.ends_with(ARCHIVE.1)
            };
            name.contains(".so")
                || LANDMARKS.iter().any(|landmark| name.ends_with(landmark))
                || path.components().any(is_archive)
        };
        let shown = shown(&path);
        if writes {
            let is_device = path == Path::new("/dev/null");
            return (!is_device)
                .then(|| (ViolationKind::Write, format!("outside: write({shown})")));
        }
        (!is_allowed && !is_looked_for())
            .then(|| (ViolationKind::Read, format!("outside: {what}({shown})")))
    }
}

/// What a call opens, and where its path is.
pub(super) fn opening(call: &Call) -> Option<(&'static str, u64)> {
    let (_, what, argument) = OPENING.iter().find(|(number, ..)| *number == call.number)?;
    call.arguments.get(*argument).map(|address| (*what, *address))
}

/// Whether a file is opened to be changed, as far as the arguments tell.
pub(super) fn writes(call: &Call) -> bool {
    let flags = match call.number {
        libc::SYS_openat => call.arguments.get(2),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => call.arguments.get(1),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => return true,
        _ => None,
    };
    let changing = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC;
    flags.is_some_and(|flags| flags & u64::from(changing.unsigned_abs()) != 0)
}

/// The path without `.` and `..`, read off its letters alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    plain
}

/// The name of a file that shows another process, or the memory of one, without the process's number.
fn process_file(path: &Path) -> Option<String> {
    let below = path.strip_prefix("/proc").ok()?;
    let whose = below.components().next()?.as_os_str();
    let rest = below.strip_prefix(whose).unwrap_or(Path::new("")).display().to_string();
    if whose.as_bytes().iter().all(u8::is_ascii_digit) {
        return Some(format!("/proc/*/{rest}"));
    }
    let is_memory = below.file_name() == Some(OsStr::new("mem"));
    is_memory.then(|| format!("/proc/{}/{rest}", whose.display()))
}

/// A path as it is shown: short, and on one line.
fn shown(path: &Path) -> String {
    let text: String =
        path.to_string_lossy().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.len() <= LONGEST_PATH {
        return text;
    }
    let end = (0..=LONGEST_PATH).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The name of a denied call; `None` for what ordinary programs do without a thought.
pub(super) fn denied(call: &Call) -> Option<Name> {
    let known = EVERYWHERE.iter().chain(HERE).chain(SOMETIMES);
    let (_, name, area) = known.into_iter().find(|(number, ..)| *number == call.number)?;
    let [first, ..] = call.arguments;
    let (kind, area) = match area {
        Area::Network => (ViolationKind::Network, "network"),
        Area::Processes => (ViolationKind::Tamper, "other processes"),
        Area::Views => (ViolationKind::Tamper, "mounts and namespaces"),
        Area::Files => return None,
        Area::Shared => (ViolationKind::Tamper, "shared memory"),
        Area::Kernel => (ViolationKind::Tamper, "kernel"),
        Area::Machine => (ViolationKind::Tamper, "machine"),
    };
    let details = match call.number {
        libc::SYS_socket | libc::SYS_socketpair => {
            let family =
                FAMILIES.iter().find(|(family, _)| u64::from(family.unsigned_abs()) == first);
            family.map_or_else(|| first.to_string(), |(_, name)| (*name).to_owned())
        }
        libc::SYS_clone | libc::SYS_unshare => NAMESPACES
            .iter()
            .filter(|(flag, _)| first & u64::from(flag.unsigned_abs()) != 0)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(" | "),
        _ => String::new(),
    };
    Some((kind, format!("{area}: {name}({details})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::linux::allow::Kind;

    fn given() -> Given {
        let allowed = AllowList {
            paths: [(PathBuf::from("/opt/python/lib"), Kind::Folder)].into(),
            links: [(PathBuf::from("/opt/py"), PathBuf::from("/opt/python/lib"))].into(),
        };
        let places = Places { inputs: "/inputs".into(), scratch: "/scratch".into() };
        Given::new(&allowed, places)
    }

    fn named(path: &str, writes: bool) -> Option<String> {
        given().outside(Path::new(path), "open", writes).map(|(_, detail)| detail)
    }

    #[test]
    fn what_a_program_was_given_and_what_its_libraries_look_for_has_no_name() {
        for path in [
            "/opt/python/lib/os.py",
            "/opt/py/os.py",
            "/inputs/solution/a.py",
            "seen",
            "./a/../b",
            "/scratch/x",
            "/etc/localtime",
            "/opt/python/bin/pyvenv.cfg",
            "/opt/python/libpython3.11.so.1.0",
            "/opt/python311.zip/module.py",
            "/proc/self/maps",
        ] {
            assert_eq!(named(path, false), None, "{path}");
        }
        assert_eq!(named("here", true), None);
        assert_eq!(named("/dev/null", true), None);
    }

    #[test]
    fn what_is_outside_is_named_the_same_each_time() {
        let cases = [
            ("/etc/passwd", false, "outside: open(/etc/passwd)"),
            ("../etc/passwd", false, "outside: open(/etc/passwd)"),
            ("/inputs/../root", false, "outside: open(/root)"),
            ("/inputs/solution/a.py", true, "outside: write(/inputs/solution/a.py)"),
            ("/tmp/q1w2e3", true, "outside: open in /tmp"),
            ("/proc/71/environ", false, "other processes: open(/proc/*/environ)"),
            ("/proc/self/mem", false, "other processes: open(/proc/self/mem)"),
            ("/a\nb", false, "outside: open(/a?b)"),
        ];
        for (path, writes, expected) in cases {
            assert_eq!(named(path, writes).as_deref(), Some(expected), "{path}");
        }
    }
}

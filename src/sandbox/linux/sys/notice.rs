//! Seccomp's notices: calls of a filtered process that wait until this one has answered.

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::process::page_size;
use super::{Pid, check, check_long};

/// A call that waits.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    id: u64,
    /// Whose it is.
    pub pid: Pid,
    /// Its number.
    pub number: libc::c_long,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It fails with EPERM.
    Refuse,
    /// The kernel carries it out as if nobody had asked. What it points to may have changed by then.
    LetThrough,
}

/// Installs a filter on this process and all it starts, for good; the calls it asks about wait at what comes back.
pub fn install_listening(filter: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    let length = u16::try_from(filter.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
    let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: the program points to the live filter, which the kernel copies; the result is a fresh descriptor.
    unsafe {
        let listener = libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program);
        let listener = RawFd::try_from(check_long(listener)?).map_err(io::Error::other)?;
        Ok(OwnedFd::from_raw_fd(listener))
    }
}

/// The next waiting call; `None` when it was given up. No process that could make one is left: `UnexpectedEof`.
pub fn next_call(listener: BorrowedFd<'_>) -> io::Result<Option<Call>> {
    let mut polled = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one live entry.
    check(unsafe { libc::poll(&raw mut polled, 1, 0) })?;
    if polled.revents & libc::POLLIN == 0 {
        let is_over = polled.revents != 0;
        return if is_over { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(None) };
    }
    // SAFETY: the kernel wants the structure zeroed, and zeroed is a valid one; it lives through the call.
    let (notice, result) = unsafe {
        let mut notice: libc::seccomp_notif = zeroed();
        let received =
            libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notice);
        (notice, check(received))
    };
    match result {
        Ok(_) => Ok(Some(Call {
            id: notice.id,
            pid: Pid::try_from(notice.pid).unwrap_or(0),
            number: notice.data.nr.into(),
            arguments: notice.data.args,
        })),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Answers a call; one whose process is gone needs no answer.
pub fn answer_call(listener: BorrowedFd<'_>, call: &Call, answer: Answer) -> io::Result<()> {
    let (error, flags) = match answer {
        Answer::Refuse => (-libc::EPERM, 0),
        Answer::LetThrough => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE),
    };
    let flags = u32::try_from(flags).unwrap_or(0);
    let mut response = libc::seccomp_notif_resp { id: call.id, val: 0, error, flags };
    let sent = {
        let response = &raw mut response;
        // SAFETY: the structure lives through the call.
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, response) }
    };
    match check(sent) {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
        _ => Ok(()),
    }
}

/// The text that an argument of a waiting call points to, up to 4 KiB; `None` when it cannot be read.
pub fn text_of_call(listener: BorrowedFd<'_>, call: &Call, address: u64) -> Option<Vec<u8>> {
    const LONGEST: usize = 4096;
    let page = page_size();
    let mut text = Vec::new();
    while text.len() < LONGEST {
        let from = address.checked_add(u64::try_from(text.len()).ok()?)?;
        // The page after this one may not exist.
        let room = usize::try_from(page - from % page).ok()?.min(256);
        let mut piece = [0u8; 256];
        let local = libc::iovec { iov_base: piece.as_mut_ptr().cast(), iov_len: room };
        let base = ptr::without_provenance_mut(usize::try_from(from).ok()?);
        let remote = libc::iovec { iov_base: base, iov_len: room };
        // SAFETY: the local part describes live memory of ours; the kernel checks the other.
        let count = unsafe {
            libc::process_vm_readv(call.pid, &raw const local, 1, &raw const remote, 1, 0)
        };
        let read = piece.get(..usize::try_from(count).ok().filter(|count| *count > 0)?)?;
        match read.iter().position(|byte| *byte == 0) {
            Some(end) => {
                text.extend_from_slice(read.get(..end)?);
                break;
            }
            None => text.extend_from_slice(read),
        }
    }
    is_waiting(listener, call).then_some(text)
}

/// Whether a call still waits: otherwise its process's id may be another's by now.
fn is_waiting(listener: BorrowedFd<'_>, call: &Call) -> bool {
    let id = call.id;
    // SAFETY: the number lives through the call.
    check(unsafe {
        libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id)
    })
    .is_ok()
}

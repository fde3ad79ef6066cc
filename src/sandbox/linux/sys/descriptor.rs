//! Descriptors: where they are, what closes them, and how they travel over a socket.

use std::ffi::c_uint;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use super::{check, check_long};

/// Makes `to` another name of `from`, one that survives exec; what `to` named before is closed.
pub fn place_fd(from: BorrowedFd<'_>, to: RawFd) -> io::Result<()> {
    // SAFETY: the caller of this file's users owns the numbers it names; nothing here reads memory.
    unsafe {
        if from.as_raw_fd() == to {
            check(libc::fcntl(to, libc::F_SETFD, 0)).map(drop)
        } else {
            check(libc::dup2(from.as_raw_fd(), to)).map(drop)
        }
    }
}

/// A copy of a descriptor with a number of at least `lowest`, closed by exec.
pub fn move_fd_up(fd: OwnedFd, lowest: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the result is a fresh descriptor that nobody else owns.
    unsafe {
        let copy = check(libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest))?;
        Ok(OwnedFd::from_raw_fd(copy))
    }
}

/// Closes every descriptor from `first` on, or with `at_exec` marks them to be closed by exec.
pub fn close_from(first: RawFd, at_exec: bool) -> io::Result<()> {
    let flags = if at_exec { libc::CLOSE_RANGE_CLOEXEC } else { 0 };
    let from = c_uint::try_from(first).unwrap_or(0);
    // SAFETY: no pointers. Only called where descriptors from `first` on have no owner that will use them again.
    let result = unsafe { libc::syscall(libc::SYS_close_range, from, c_uint::MAX, flags) };
    if check_long(result).is_ok() {
        return Ok(());
    }
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd >= first)
        .collect();
    for fd in open {
        // SAFETY: as above; the folder's own descriptor is closed already, and a second close does no harm.
        unsafe {
            if at_exec {
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            } else {
                libc::close(fd);
            }
        }
    }
    Ok(())
}

/// Takes over a descriptor that this process inherited.
pub fn inherited_socket(number: RawFd) -> io::Result<UnixStream> {
    // SAFETY: fcntl only asks whether the number is open; the copy is ours alone.
    unsafe {
        let copy = check(libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3))?;
        Ok(UnixStream::from(OwnedFd::from_raw_fd(copy)))
    }
}

/// A pipe, both ends closed by exec: (read, write).
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the array has the two entries the kernel fills.
    unsafe {
        check(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        let [read, write] = ends;
        Ok((OwnedFd::from_raw_fd(read), OwnedFd::from_raw_fd(write)))
    }
}

/// Reads what is there, at most as much as fits.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: pointer and length describe the live buffer.
    let count = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

const ONE_FD: usize = size_of::<RawFd>();

#[repr(align(8))]
struct AncillaryBuffer([u8; 64]);

/// Sends one byte, and with it possibly a descriptor.
pub fn send_fd(socket: &UnixStream, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut byte = [u8::from(fd.is_some())];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut ancillary = AncillaryBuffer([0; 64]);
    // SAFETY: the message points to live locals; the buffer is large enough and aligned for one descriptor's header.
    let sent = unsafe {
        let mut message: libc::msghdr = zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        if let Some(fd) = fd {
            let length = c_uint::try_from(ONE_FD).unwrap_or(0);
            message.msg_control = ancillary.0.as_mut_ptr().cast();
            message.msg_controllen = libc::CMSG_SPACE(length) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(length) as _;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd.as_raw_fd());
        }
        libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    if sent == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receives what `send_fd` sent, or the first byte of something else: the byte, and the descriptor if there was one.
pub fn receive_fd(socket: &UnixStream) -> io::Result<(u8, Option<OwnedFd>)> {
    let mut byte = [0u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut ancillary = AncillaryBuffer([0; 64]);
    // SAFETY: as in `send_fd`; a descriptor the kernel hands over is owned by nobody else.
    unsafe {
        let mut message: libc::msghdr = zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = ancillary.0.as_mut_ptr().cast();
        message.msg_controllen = 64;
        match libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) {
            1 => {}
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => return Err(io::Error::last_os_error()),
        }
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let [byte] = byte;
        if header.is_null() || (*header).cmsg_type != libc::SCM_RIGHTS {
            return Ok((byte, None));
        }
        let fd = libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned();
        Ok((byte, Some(OwnedFd::from_raw_fd(fd))))
    }
}

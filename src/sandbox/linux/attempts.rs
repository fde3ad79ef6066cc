//! What a program tried and may not: the calls that its filter hands over are refused here and named for the record.
//!
//! A name is for people. What is refused is decided by the filter and by Landlock, whatever is read here of paths: a
//! program may change a path after it was read. A kind is named once, `MOST` kinds at all.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::naming::{Given, Name, denied, opening, writes};
use super::sys::{self, Answer, Call};
use crate::domain::outcome::{Violation, ViolationKind};

/// Kinds that are named; what else is tried is refused all the same.
const MOST: usize = 8;
/// What one program and all it starts have tried.
pub(super) struct Attempts {
    listener: Option<OwnedFd>,
    given: Given,
    seen: Vec<Violation>,
    unnamed: bool,
}

impl Attempts {
    /// Of a program that was given this, whose denied calls are yet to wait anywhere.
    pub(super) fn new(given: Given) -> Self {
        Self { listener: None, given, seen: Vec::new(), unnamed: false }
    }

    /// Denied calls wait here from now on.
    pub(super) fn listen(&mut self, listener: OwnedFd) {
        self.listener = Some(listener);
    }

    /// Becomes readable when a call waits; `None` when none will.
    pub(super) fn waiting(&self) -> Option<BorrowedFd<'_>> {
        self.listener.as_ref().map(AsFd::as_fd)
    }

    /// Answers one waiting call, if there is one.
    pub(super) fn answer(&mut self) -> io::Result<()> {
        let Some(listener) = self.listener.take() else { return Ok(()) };
        match sys::next_call(listener.as_fd()) {
            Ok(Some(call)) => {
                let (answer, name) = match opening(&call) {
                    Some((what, path)) => {
                        let path = path_of(listener.as_fd(), &call, path);
                        let name = path.and_then(|it| self.given.outside(&it, what, writes(&call)));
                        (Answer::LetThrough, name)
                    }
                    None => (Answer::Refuse, denied(&call)),
                };
                sys::answer_call(listener.as_fd(), &call, answer)?;
                self.note(name);
            }
            Ok(None) => {}
            // Nobody is left who could call.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        self.listener = Some(listener);
        Ok(())
    }

    /// What was tried, the same whichever of several threads came first.
    pub(super) fn into_violations(mut self) -> Vec<Violation> {
        self.seen.sort_by(|a, b| a.detail.cmp(&b.detail));
        if self.unnamed {
            let detail = format!("and more than these {MOST} kinds");
            self.seen.push(Violation { kind: ViolationKind::Tamper, detail });
        }
        self.seen
    }

    fn note(&mut self, name: Option<Name>) {
        let Some((kind, detail)) = name else { return };
        if self.seen.iter().any(|seen| seen.detail == detail) {
            return;
        }
        if self.seen.len() < MOST {
            self.seen.push(Violation { kind, detail });
        } else {
            self.unnamed = true;
        }
    }
}

/// The path that an argument of a call points to, as it is at this moment.
fn path_of(listener: BorrowedFd<'_>, call: &Call, address: u64) -> Option<PathBuf> {
    let text = sys::text_of_call(listener, call, address)?;
    Some(PathBuf::from(OsString::from_vec(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::linux::allow::AllowList;
    use crate::sandbox::linux::places::Places;

    #[test]
    fn kinds_are_named_once_in_order_and_not_without_end() {
        let places = Places { inputs: "/inputs".into(), scratch: "/scratch".into() };
        let mut attempts = Attempts::new(Given::new(&AllowList::default(), places));
        for index in (0..20).chain(0..20) {
            attempts.note(Some((ViolationKind::Read, format!("{index:02}"))));
        }
        let details: Vec<_> =
            attempts.into_violations().into_iter().map(|seen| seen.detail).collect();
        assert_eq!(details.len(), MOST + 1);
        assert_eq!(details.first().map(String::as_str), Some("00"));
        assert_eq!(details.last().map(String::as_str), Some("and more than these 8 kinds"));
    }
}

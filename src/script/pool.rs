//! Keeping one worker warm, so that no rewrite waits for a process to start.

use std::mem;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::fault::{LoadError, ScriptError};
use super::session::{Spare, Worker};
use crate::sandbox::Host;

/// At most one start under way or done; dropping it gives the start up.
type Starting = JoinSet<Result<Spare, ScriptError>>;

/// A source of workers that keeps one started ahead of need. Needs a tokio runtime around every call.
#[derive(Debug)]
pub struct Pool {
    host: Host,
    next: Mutex<Starting>,
}

impl Pool {
    /// A pool whose workers run in the host's sandbox. Nothing starts before the first [`Pool::warm`] or [`Pool::take`].
    pub fn new(host: Host) -> Self {
        Self { host, next: Mutex::default() }
    }

    /// Starts a spare, if there is none.
    pub async fn warm(&self) {
        let mut next = self.next.lock().await;
        if next.is_empty() {
            self.start(&mut next);
        }
    }

    /// Takes the spare and starts the next. A spare that could not be started is tried once more, in the foreground.
    pub async fn take(&self) -> Result<Spare, ScriptError> {
        let mut waiting = {
            let mut next = self.next.lock().await;
            let waiting = mem::take(&mut *next);
            self.start(&mut next);
            waiting
        };
        match waiting.join_next().await {
            Some(Ok(Ok(spare))) => Ok(spare),
            _ => Spare::start(&self.host).await,
        }
    }

    /// Takes a spare and loads a script into it.
    pub async fn load(&self, source: &str) -> Result<Worker, LoadError> {
        self.take().await?.load(source).await
    }

    fn start(&self, next: &mut Starting) {
        let host = self.host.clone();
        next.spawn(async move { Spare::start(&host).await });
    }
}

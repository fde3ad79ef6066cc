//! Reading lines in a thread of its own, ahead of whoever takes the records in: of a long journal, one core reads text
//! while another makes of it what is wanted.

use std::sync::mpsc::{SyncSender, sync_channel};

use super::error::JournalError;
use super::read::Records;
use crate::domain::event::Record;

/// Records handed over at a time.
const BATCH: usize = 128;
/// Batches read ahead at most.
const AHEAD: usize = 4;

impl Records {
    /// Hands over every record that is left, in order.
    ///
    /// # Errors
    /// As [`super::read()`]; the records before the damage are handed over then.
    pub fn each(&mut self, take: impl FnMut(Record)) -> Result<(), JournalError> {
        let path = self.path().to_owned();
        std::thread::scope(|scope| {
            let (batches, read) = sync_channel(AHEAD);
            let reading = std::thread::Builder::new()
                .name("journal reader".to_owned())
                .spawn_scoped(scope, move || self.read_ahead(&batches))
                .map_err(JournalError::io("start the reader of", &path))?;
            read.into_iter().flatten().for_each(take);
            // A defect there is one here.
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_ahead(&mut self, batches: &SyncSender<Vec<Record>>) -> Result<(), JournalError> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut ended = Ok(());
        for record in self.by_ref() {
            match record {
                Ok(record) => batch.push(record),
                Err(error) => ended = Err(error),
            }
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                // Nobody listens any more only when the listener panicked.
                let _ = batches.send(full);
            }
        }
        let _ = batches.send(batch);
        ended
    }
}

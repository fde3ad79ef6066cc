//! Reading a long journal with several threads. Blocks of whole lines are checked and parsed side by side; whoever asked
//! gets the records in order, in its own thread, while the next blocks are under way.
//!
//! Only lines that are what they should be are read here. From the first one that is not, the journal is read line by
//! line, so what damage is, and what a torn end, is said in one place.

use std::collections::VecDeque;
use std::io::{BufRead as _, Read as _, Seek as _, SeekFrom};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Records;
use crate::domain::event::Record;
use crate::journal::error::JournalError;
use crate::journal::line;

/// Bytes of a block, up to the end of its last line. A journal that is shorter is read line by line.
const BLOCK: usize = 64 << 10;
/// Threads at most: more of them would wait for the one that takes the records in.
const THREADS: usize = 3;
/// Blocks under way for each thread, which bounds what is held of the journal at a time.
const AHEAD: usize = 2;

/// A block, and where it is wanted once it is parsed.
type Job = (Block, SyncSender<Block>);

/// Some lines. It goes round: what is left of its records is let go by the thread that made them, and its room is used again.
#[derive(Default)]
struct Block {
    text: Vec<u8>,
    /// The records of its first lines, numbered one after the other.
    records: Vec<Record>,
    /// How many bytes these lines are.
    bytes: usize,
}

impl Records {
    /// Hands over every record that is left, in order.
    ///
    /// # Errors
    /// As [`super::read()`]; the records before the damage are handed over then.
    pub fn each(&mut self, take: impl FnMut(Record)) -> Result<(), JournalError> {
        self.each_by_blocks(BLOCK, take)
    }

    /// Shows every record that is left, in order, to who needs none of them for its own.
    ///
    /// # Errors
    /// As [`Records::each`].
    pub fn look(&mut self, mut look: impl FnMut(&Record)) -> Result<(), JournalError> {
        self.by_blocks(BLOCK, |records| records.iter().for_each(&mut look))
    }

    /// Hands them over, with blocks of at least so many bytes.
    pub(in crate::journal) fn each_by_blocks(
        &mut self,
        size: usize,
        mut take: impl FnMut(Record),
    ) -> Result<(), JournalError> {
        self.by_blocks(size, |records| records.drain(..).for_each(&mut take))
    }

    fn by_blocks(
        &mut self,
        size: usize,
        mut take: impl FnMut(&mut Vec<Record>),
    ) -> Result<(), JournalError> {
        if !self.over && self.kind.is_none() {
            match self.fill(size, Block::default()) {
                Some(first) if first.text.len() >= size => self.sound(size, first, &mut take),
                _ => {}
            }
            let from = SeekFrom::Start(self.byte);
            self.file.seek(from).map_err(JournalError::io("read", &self.path))?;
        }
        let mut one = Vec::with_capacity(1);
        self.try_for_each(|record| {
            one.push(record?);
            take(&mut one);
            one.clear();
            Ok(())
        })
    }

    /// Hands over records as long as their lines are sound and follow each other. What else keeps it from going on, a
    /// thread that cannot be started or a block that cannot be read, is left to the reading of single lines.
    fn sound(&mut self, size: usize, first: Block, take: &mut impl FnMut(&mut Vec<Record>)) {
        thread::scope(|scope| {
            let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
            let start = |_| {
                let (jobs, waiting) = sync_channel::<Job>(AHEAD);
                let thread = thread::Builder::new().name("journal reader".to_owned());
                thread.spawn_scoped(scope, move || parse_all(&waiting)).map(|_| jobs).ok()
            };
            // When these are gone, the threads end.
            let desks: Vec<SyncSender<Job>> = (0..threads).map_while(start).collect();
            let mut turns = desks.iter().cycle();
            let (mut first, mut spare) = (Some(first), Block::default());
            let mut under_way = VecDeque::new();
            loop {
                while under_way.len() < desks.len() * AHEAD
                    && let Some(desk) = turns.next()
                    && let Some(block) =
                        first.take().or_else(|| self.fill(size, std::mem::take(&mut spare)))
                {
                    let (done, parsed) = sync_channel(1);
                    // One that is gone shows when the block does not come back.
                    let _ = desk.send((block, done));
                    under_way.push_back(parsed);
                }
                let Some(Ok(mut block)) = under_way.pop_front().map(|parsed| parsed.recv()) else {
                    return;
                };
                let goes_on = self.pass_by(&mut block);
                take(&mut block.records);
                if !goes_on {
                    return;
                }
                spare = block;
            }
        });
    }

    /// Fills a block with the next whole lines, of so many bytes or as few as there are.
    fn fill(&mut self, size: usize, mut block: Block) -> Option<Block> {
        let text = &mut block.text;
        text.clear();
        self.file.by_ref().take(size as u64).read_to_end(text).ok()?;
        if text.len() == size && !text.ends_with(b"\n") {
            self.file.read_until(b'\n', text).ok()?;
        }
        let last = text.iter().rposition(|byte| *byte == b'\n')?;
        text.truncate(last + 1);
        Some(block)
    }

    /// Moves on behind the lines that were read of a block, if they are the next ones; false when there is more to be said of
    /// what comes after them.
    fn pass_by(&mut self, block: &mut Block) -> bool {
        let Block { text, records, bytes } = block;
        let next = self.seq + 1;
        let Some(last) = records.last().filter(|_| records.first().is_some_and(|r| r.seq == next))
        else {
            records.clear();
            return false;
        };
        self.seq = last.seq;
        self.line_number += records.len() as u64;
        self.byte += *bytes as u64;
        self.end.clear();
        self.end.extend_from_slice(line::end(text.get(..*bytes - 1).unwrap_or_default()));
        *bytes == text.len()
    }
}

/// Parses blocks until no more are given.
fn parse_all(waiting: &Receiver<Job>) {
    while let Ok((mut block, done)) = waiting.recv() {
        block.parse();
        // Nobody waits for what comes after damage.
        let _ = done.send(block);
    }
}

impl Block {
    /// Reads its lines as far as they are sound and follow each other.
    fn parse(&mut self) {
        let Self { text, records, bytes } = self;
        records.clear();
        *bytes = 0;
        while let Some(line) = first_line(text.get(*bytes..).unwrap_or_default())
            && let Ok(record) = line::read_any(line)
            && records.last().is_none_or(|last| record.seq.checked_sub(1) == Some(last.seq))
        {
            *bytes += line.len() + 1;
            records.push(record);
        }
    }
}

/// The first line, if it is whole, without its newline.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    let length = { text }.skip_until(b'\n').ok()?;
    text.get(..length)?.strip_suffix(b"\n")
}

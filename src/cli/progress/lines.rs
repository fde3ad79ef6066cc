//! Plain lines: for logs, pipes and people who read them later.

use super::line;
use crate::cli::output;
use crate::view::RunView;

/// Lines on standard error.
#[derive(Debug, Default)]
pub struct Lines {
    /// The last heartbeat; one that says nothing new is left out.
    last_beat: Option<String>,
    /// Beats so far, and beats since the last line.
    beats: u32,
    silent: u32,
}

/// Beats between two lines at most.
const LONGEST_SILENCE: u32 = 24;

impl Lines {
    /// Writes what is worth a line.
    pub fn show(&mut self, news: Option<&str>) {
        if let Some(news) = news {
            output::note(news);
            self.last_beat = None;
            self.silent = 0;
        }
    }

    /// Writes how far the measurement is, unless that was said already; less and less often the longer a run takes.
    pub fn beat(&mut self, view: &RunView) {
        self.beats += 1;
        self.silent += 1;
        if self.silent < (self.beats / 12).clamp(1, LONGEST_SILENCE) {
            return;
        }
        let beat = line::heartbeat(view);
        if beat != self.last_beat {
            if let Some(text) = &beat {
                output::note(text);
            }
            self.silent = 0;
            self.last_beat = beat;
        }
    }
}

//! What a person sees while a run works, on standard error: bars on a terminal, plain lines anywhere else.
//!
//! Both read the same stream of records and the same [`RunView`] as `log` and `status`; nothing here is known only to
//! the display.

mod bars;
mod line;
mod lines;

use crate::domain::event::Record;
use crate::view::RunView;
use crate::view::ink::Page;

use bars::Bars;
use lines::Lines;

/// A display of a run under way.
pub enum Progress {
    /// Bars that move, with a line for everything that is over.
    Bars(Bars),
    /// A line for everything that is over, and a heartbeat while something is measured.
    Lines(Lines),
}

impl Progress {
    /// The display that fits: bars on a page, which is a terminal, else lines.
    pub fn on(terminal: Option<Page>) -> Self {
        match terminal {
            Some(page) => Self::Bars(Bars::new(page)),
            None => Self::Lines(Lines::default()),
        }
    }

    /// Shows a record that the view has taken in.
    pub fn show(&mut self, record: &Record, view: &RunView) {
        let page = match self {
            Self::Bars(bars) => bars.page(),
            Self::Lines(_) => Page::PLAIN,
        };
        let news = line::news(record, view, page);
        match self {
            Self::Bars(bars) => bars.show(news.as_deref(), view),
            Self::Lines(lines) => lines.show(news.as_deref()),
        }
    }

    /// Shows that time goes by; called every few seconds.
    pub fn beat(&mut self, view: &RunView) {
        if let Self::Lines(lines) = self {
            lines.beat(view);
        }
    }

    /// Says something beside the records.
    pub fn say(&mut self, text: &str) {
        match self {
            Self::Bars(bars) => bars.say(text),
            Self::Lines(lines) => lines.show(Some(text)),
        }
    }

    /// Takes the display away; what was said stays.
    pub fn end(self) {
        if let Self::Bars(bars) = self {
            bars.end();
        }
    }
}

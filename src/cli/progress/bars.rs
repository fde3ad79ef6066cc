//! Bars on a terminal: the whole run, and the generation under measurement.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line;
use crate::domain::event::GenerationStatus;
use crate::view::RunView;
use crate::view::ink::Page;
use crate::view::run::Doing;

/// How often a bar is drawn at most, a second.
const DRAWS_A_SECOND: u8 = 12;

/// The bar of the whole run before anything is known about its pace, and after.
const STARTING: &str = "{prefix:>9} [{bar:28}] {pos}/{len} attempts  {elapsed}";
const RUNNING: &str =
    "{prefix:>9} [{bar:28}] {pos}/{len} attempts  {elapsed} so far, about {eta} to go";
const NOW: &str = "{prefix:>9} [{bar:28}] {msg}";

/// Two bars below the lines of what is over.
pub struct Bars {
    page: Page,
    all: MultiProgress,
    run: ProgressBar,
    now: ProgressBar,
}

impl Bars {
    /// Bars on a terminal.
    pub fn new(page: Page) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(DRAWS_A_SECOND);
        let all = MultiProgress::with_draw_target(target);
        let run = all.add(ProgressBar::new(1).with_style(style(STARTING)));
        let now = all.add(ProgressBar::new(1).with_style(style(NOW)));
        run.set_prefix("run");
        run.enable_steady_tick(Duration::from_millis(250));
        Self { page, all, run, now }
    }

    /// The page the lines above the bars are drawn on.
    pub fn page(&self) -> Page {
        self.page
    }

    /// Says what is worth a line, and moves the bars.
    pub fn show(&mut self, news: Option<&str>, view: &RunView) {
        if let Some(news) = news {
            self.say(news);
        }
        let each = line::attempts_of_a_generation(view);
        let planned = view.identity.as_ref().map_or(0, |identity| u64::from(identity.generations));
        let unmeasured = view
            .generations
            .values()
            .filter(|generation| generation.status != GenerationStatus::Valid)
            .count() as u64;
        self.run.set_length((planned + 1).saturating_sub(unmeasured) * each);
        let attempts = u64::from(view.attempts());
        if self.run.position() == 0 && attempts > 0 {
            self.run.set_style(style(RUNNING));
        }
        self.run.set_position(attempts);

        match view.doing {
            Doing::Measuring(id) => {
                let Some(generation) = view.generations.get(&id) else { return };
                let best: Vec<String> = line::metrics_now(view, generation);
                self.now.set_length(each);
                self.now.set_position(u64::from(generation.attempts()));
                self.now.set_prefix(id.to_string());
                self.now.set_message(format!(
                    "{}/{each}  {} kept, now at {}",
                    generation.attempts(),
                    generation.accepted(),
                    best.join(", ")
                ));
            }
            Doing::Rewriting(parent) => {
                self.now.set_position(0);
                self.now.set_prefix("rewrite");
                self.now.set_message(format!("of a copy of {parent}"));
            }
            Doing::Comparing => {
                let (done, planned) = view.control_attempts();
                self.now.set_length(u64::from(planned));
                self.now.set_position(u64::from(done));
                self.now.set_prefix("control");
                self.now.set_message(format!("{done}/{planned}  best against frozen"));
            }
            Doing::Certifying => {
                let done: u32 = view.compared.values().map(|episode| episode.attempts).sum();
                self.now.set_position(0);
                self.now.set_prefix("promotion");
                self.now.set_message(format!("{done} attempts on fresh episodes, in pairs"));
            }
            Doing::Attacking => {
                self.now.set_position(0);
                self.now.set_prefix("attack");
                self.now.set_message("proposed cases, and everybody measured on them".to_owned());
            }
            Doing::Judging(by) => {
                self.now.set_position(0);
                self.now.set_prefix("judge");
                self.now.set_message(format!("the judge of {by} reads candidates"));
            }
            Doing::Deciding => {}
        }
    }

    /// Writes a line above the bars.
    pub fn say(&mut self, text: &str) {
        // A terminal that went away takes its lines with it; the run goes on.
        let _ = self.all.println(text);
    }

    /// Takes the bars away.
    pub fn end(self) {
        self.now.finish_and_clear();
        self.run.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸·")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [STARTING, RUNNING, NOW] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

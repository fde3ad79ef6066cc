//! Actions of the outer loop: begun here, taken in in the order they were begun.

use super::Outer;
use crate::base::id::GenerationId;
use crate::domain::action::{OuterAction, Purpose};
use crate::domain::event::Event;
use crate::domain::ladder;
use crate::domain::report::Verdict;
use crate::engine::attack::{self, Attack};
use crate::engine::expand::Author;
use crate::engine::judge::{self, Judging};
use crate::engine::measure::{self, Wanted};
use crate::engine::race::Racing;
use crate::engine::under_way::{Open, Work};
use crate::engine::{Stopped, certify, expand, merge};

impl Outer {
    /// Generations being made.
    pub(super) fn making(&self) -> u32 {
        let open = self.open.iter().filter(|open| matches!(open, Open::Make { .. })).count();
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    fn count(&mut self, action: &'static str) {
        *self.counts.entry(action).or_default() += 1;
    }

    /// Begins an action; the reason when it ends the run.
    pub(super) async fn perform(&mut self, action: OuterAction) -> Result<Option<String>, Stopped> {
        match &action {
            OuterAction::Expand { parent, by, n, .. } => {
                let by = by.unwrap_or(*parent);
                for _ in 0..(*n).min(self.left()) {
                    self.count("expand");
                    self.begin_rewrite(by, &action).await?;
                }
            }
            OuterAction::Reflect { by, .. } => {
                self.count("reflect");
                self.begin_rewrite(*by, &action).await?;
            }
            OuterAction::Merge { .. } => {
                self.count("merge");
                self.idle = 0;
                let order = merge::prepare(&self.session, &self.lineage, self.next_id(), &action);
                let session = self.session.clone();
                let work = Work::begin(async move { merge::run(&session, order?).await });
                self.open.push_back(Open::Make { action, work });
            }
            OuterAction::Retire { who } => {
                self.count("retire");
                self.idle += 1;
                self.lineage.retire(*who);
            }
            OuterAction::Evaluate { who, cases, tries, purpose } => {
                let who = *who;
                let wanted = Wanted {
                    generation: who,
                    episodes: cases,
                    tries: *tries,
                    purpose: *purpose,
                    on_the_suite: true,
                };
                self.count("evaluate");
                self.idle = 0;
                let session = self.session.clone();
                let number = self.counts.get("evaluate").copied().unwrap_or_default();
                let block = ladder::block_of(number, session.identity.select_queries);
                let work = match measure::done(&session, &self.lineage, self.step, who, cases) {
                    Some(done) => Work::OnRecord(Box::new(done)),
                    None => {
                        let hooks = self.hooks(who).await?;
                        // Only measurements of the same kind can be held against each other.
                        let comparable = *purpose == Purpose::Measure && tries.is_none();
                        let race = Racing::of(&session.identity, &self.lineage, who, cases)
                            .filter(|_| comparable);
                        let measuring = measure::prepare(&session, &self.lineage, &hooks, &wanted)
                            .knowing(&self.known)
                            .on_select(block)
                            .racing(race);
                        Work::begin(measure::run(session, hooks, measuring))
                    }
                };
                self.open.push_back(Open::Evaluate { step: self.step, action, who, work });
            }
            OuterAction::Attack { by, targets, n } => {
                self.count("attack");
                self.idle = 0;
                self.attack(&Attack { step: self.step, by: *by, targets, n: *n }).await?;
            }
            OuterAction::Judge { by, of, n } => {
                self.count("judge");
                self.idle = 0;
                self.judge(Judging { step: self.step, by: *by, of: *of, n: *n }).await?;
            }
            OuterAction::Epoch { judge, utility } => {
                self.count("epoch");
                self.idle += 1;
                self.lineage.begin_epoch(*judge, *utility);
            }
            OuterAction::Promote { who } => {
                self.count("promote");
                self.promote(*who).await?;
            }
            OuterAction::Stop { why, .. } => {
                let why = if why.is_empty() { "no reason given" } else { why };
                return Ok(Some(format!("the strategy stopped: {why}")));
            }
        }
        Ok(None)
    }

    /// Whose meta role rewrites: that of `by`, unless the run has one improver for all.
    async fn author(&mut self, by: GenerationId) -> Result<Author, Stopped> {
        if let Some(agent) = self.session.transferred.clone() {
            return Ok(Author { id: None, agent });
        }
        let id = if self.session.identity.improver.is_some() { GenerationId(0) } else { by };
        Ok(Author { id: Some(id), agent: self.hooks(id).await?.agent().clone() })
    }

    /// Begins a rewrite by the meta role of `by`.
    async fn begin_rewrite(
        &mut self,
        by: GenerationId,
        action: &OuterAction,
    ) -> Result<(), Stopped> {
        self.idle = 0;
        let id = self.next_id();
        let work = match expand::done(&self.session, id)? {
            Some(done) => Work::OnRecord(Box::new(done)),
            None => {
                let author = self.author(by).await?;
                let session = self.session.clone();
                let order = expand::prepare(&session, &self.lineage, &author, id, action);
                Work::begin(async move { expand::run(&session, order?).await })
            }
        };
        self.open.push_back(Open::Make { action: action.clone(), work });
        Ok(())
    }

    /// The number of the generation begun next.
    fn next_id(&self) -> GenerationId {
        GenerationId(self.lineage.next_id().0 + self.making())
    }

    /// Generations that may still be begun.
    pub(super) fn left(&self) -> u32 {
        let begun = self.lineage.made() + self.making();
        self.session.identity.generations.saturating_sub(begun)
    }

    /// Performs an attack; nothing else is under way meanwhile, so everybody is measured on the same suite.
    async fn attack(&mut self, attack: &Attack<'_>) -> Result<(), Stopped> {
        let session = self.session.clone();
        let reports = match session.recorded.attack(self.step) {
            Some(reports) => reports.to_vec(),
            None => {
                let agent = self.hooks(attack.by).await?.agent().clone();
                let reports = attack::run(&session, &self.lineage, &agent, attack).await?;
                let (step, by) = (attack.step, attack.by);
                session.record(Event::Attacked { step, by, reports: reports.clone() }).await?;
                reports
            }
        };
        self.lineage.attacked(attack.by, &reports);
        Ok(())
    }

    /// Asks a judge; nothing else is under way meanwhile. The first test of an epoch draws its anchor, which follows from the
    /// family tree as it stands.
    async fn judge(&mut self, judging: Judging) -> Result<(), Stopped> {
        let session = self.session.clone();
        let Judging { step, by, of, .. } = judging;
        if of.is_none() && self.lineage.anchor().is_empty() {
            self.lineage.set_anchor(judge::draw_anchor(&session, &self.lineage));
        }
        let utility = if let Some((verdicts, utility)) = session.recorded.verdicts(step) {
            self.lineage.take_verdicts(by, of, verdicts);
            *utility
        } else {
            let agent = self.hooks(by).await?.agent().clone();
            let verdicts = judge::run(&session, &self.lineage, &agent, judging).await?;
            self.lineage.take_verdicts(by, of, &verdicts);
            let utility = match of {
                Some(of) => self.ask_utility(of).await?,
                None => None,
            };
            session.record(Event::Judged { step, by, of, verdicts, utility }).await?;
            utility
        };
        of.into_iter().for_each(|of| self.lineage.rank(of, utility));
        Ok(())
    }

    /// Answers a promotion.
    async fn promote(&mut self, who: GenerationId) -> Result<(), Stopped> {
        let report = match self.session.recorded.promotion(self.step) {
            Some(report) => report.clone(),
            None => {
                let report =
                    certify::decide(&self.session, &self.lineage, who, self.certifying).await?;
                let (step, generation) = (self.step, who);
                let event = Event::PromotionDecided { step, generation, report: report.clone() };
                self.session.record(event).await?;
                report
            }
        };
        self.idle = if report.pairs > 0 { 0 } else { self.idle + 1 };
        self.certifying.add(&report);
        if report.verdict == Verdict::Certified {
            self.lineage.certify(who);
        }
        Ok(())
    }

    /// Takes in the oldest open action.
    pub(super) async fn settle(&mut self) -> Result<(), Stopped> {
        let Some(oldest) = self.open.pop_front() else { return Ok(()) };
        self.settled += 1;
        match oldest {
            Open::Make { work, .. } => match work.join().await {
                Ok(rewritten) => self.take_rewritten(rewritten).await,
                Err(stopped) => Err(stopped),
            },
            Open::Evaluate { step, who, work, .. } => match work.join().await {
                Ok(measured) => self.take_measured(step, who, measured).await,
                Err(stopped) => Err(stopped),
            },
        }
    }
}

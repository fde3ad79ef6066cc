//! What the rewrites of a run brought: `growth --json` and its text.
//!
//! imp@k, improvement at k, is the gain of the best agent among the first k rewrites over the one they started from
//! (HyperAgents, arXiv 2603.19461); growth is the part of it that the second half of the rewrites brought. What touches
//! the improver, the part of an agent that rewrites, is told apart from what does not.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::figure;
use super::super::generation::GenerationView;
use super::super::ink::Page;
use super::super::run::RunView;
use crate::base::id::GenerationId;
use crate::domain::event::GenerationStatus;
use crate::domain::settings::Start;
use crate::domain::stats::mean;

/// `growth --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GrowthDocument {
    /// The run.
    pub run: String,
    /// Whether children start where their ancestors ended: then a gain is not the agent's alone.
    pub carry: bool,
    /// imp@k, k from 1 on; empty before generation 0 is measured.
    pub improvement: Vec<Improvement>,
    /// What the second half of the rewrites brought beyond the first; null below two.
    pub growth: Option<f64>,
    /// The rewrites that changed what rewrites: the meta prompt or the strategy.
    pub improver: Touched,
    /// The others.
    pub rest: Touched,
}

/// The gain after so many rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Improvement {
    /// Rewrites made, rejected ones included.
    pub k: u32,
    /// The best mean select score among them, or generation 0's if that is higher, minus generation 0's.
    pub gain: f64,
}

/// Rewrites of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Touched {
    /// How many were made.
    pub made: usize,
    /// Of these, valid ones.
    pub valid: usize,
    /// The mean effect of those measured: the score minus the parent's, in pairs; null when none is.
    pub effect: Option<f64>,
}

/// Whether a generation changed the part of its agent that rewrites.
pub fn touches_the_improver(generation: &GenerationView) -> bool {
    generation.changed.iter().any(|path| path == "prompts/meta.md" || path == "strategy.star")
}

impl GrowthDocument {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        let start = view.generations.get(&GenerationId(0)).and_then(GenerationView::select_mean);
        let rewrites: Vec<&GenerationView> =
            view.generations.values().filter(|generation| generation.id.0 > 0).collect();
        let improvement: Vec<Improvement> = start.map_or_else(Vec::new, |start| {
            let mut best = start;
            let after = rewrites.iter().zip(1u32..).map(|(generation, k)| {
                best = generation.select_mean().map_or(best, |mean| best.max(mean));
                Improvement { k, gain: best - start }
            });
            after.collect()
        });
        let gain = |at: usize| improvement.get(at.checked_sub(1)?).map(|point| point.gain);
        let growth = match (gain(improvement.len()), gain(improvement.len() / 2)) {
            (Some(all), Some(half)) => Some(all - half),
            _ => None,
        };
        let kind = |touches: bool| {
            let of_kind = rewrites.iter().filter(|one| touches_the_improver(one) == touches);
            let of_kind: Vec<&&GenerationView> = of_kind.collect();
            let effects: Vec<f64> = of_kind.iter().filter_map(|one| view.effect(one)).collect();
            Touched {
                made: of_kind.len(),
                valid: of_kind.iter().filter(|g| g.status == GenerationStatus::Valid).count(),
                effect: (!effects.is_empty()).then(|| mean(&effects)),
            }
        };
        let identity = view.identity.as_ref();
        Self {
            run: identity.map(|identity| identity.run.to_string()).unwrap_or_default(),
            carry: identity.is_some_and(|identity| identity.start == Start::Carry),
            improver: kind(true),
            rest: kind(false),
            improvement,
            growth,
        }
    }

    /// The same in words: the gain where it changes, then the two kinds of rewrites.
    pub fn told(&self, page: Page) -> String {
        let mut text = format!("{}\n", page.ink.name(&self.run));
        if self.improvement.is_empty() {
            text.push_str("  no rewrite is made yet, or generation 0 is not measured\n");
        }
        let mut shown = f64::NEG_INFINITY;
        for (place, point) in self.improvement.iter().enumerate() {
            if point.gain > shown || place + 1 == self.improvement.len() {
                let gain = figure::effect(Some(point.gain), page.ink);
                let _ = writeln!(text, "  imp@{:<5} {gain}", point.k);
                shown = point.gain;
            }
        }
        if let Some(growth) = self.growth {
            let _ = writeln!(
                text,
                "  of it {} in the second half",
                figure::effect(Some(growth), page.ink)
            );
        }
        for (name, touched) in [("of the improver", self.improver), ("of the rest", self.rest)] {
            let _ = writeln!(
                text,
                "  rewrites {name}: {}, {} valid, mean effect {}",
                touched.made,
                touched.valid,
                figure::effect(touched.effect, page.ink).trim(),
            );
        }
        if self.carry {
            text.push_str(&page.ink.faint(
                "  children started where their ancestors ended: what is gained is not the agents' alone\n",
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{Recording, plan};
    use super::*;

    #[test]
    fn the_gain_counts_rejected_rewrites_and_never_falls() {
        let mut recording = Recording::default();
        recording.start();
        recording.rewrite(plan(0, None, "the start"));
        recording.measure(0, 0.1, 0.5, 0.5);
        let mut changed = plan(1, Some(0), "a step");
        changed.changed = vec!["prompts/meta.md".into()];
        recording.rewrite(changed);
        recording.measure(1, 0.1, 0.4, 0.4);
        let mut rejected = plan(2, Some(0), "refused");
        rejected.status = GenerationStatus::Rejected;
        recording.rewrite(rejected);
        recording.rewrite(plan(3, Some(0), "a leap"));
        recording.measure(3, 0.1, 0.7, 0.7);
        let view = RunView::of(&recording.records);
        let growth = GrowthDocument::of(&view);
        let gains: Vec<f64> = growth.improvement.iter().map(|point| point.gain).collect();
        assert_eq!(gains.len(), 3);
        assert!(gains[0] == 0.0 && gains[1] == 0.0 && gains[2] > 0.15, "{gains:?}");
        assert_eq!(growth.growth, Some(gains[2]));
        assert_eq!((growth.improver.made, growth.rest.made, growth.rest.valid), (1, 2, 1));
        assert!(growth.improver.effect.is_some_and(|effect| effect < 0.0));
        let text = growth.told(Page::PLAIN);
        assert!(text.contains("imp@3") && text.contains("rewrites of the improver: 1"), "{text}");
    }
}

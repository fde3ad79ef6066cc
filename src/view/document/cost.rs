//! What a run used, by role, model and generation: `cost --json` and its text.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::figure;
use super::super::generation::GenerationView;
use super::super::ink::Page;
use super::super::run::RunView;
use super::super::spend::{CostDocument, Spend};
use crate::base::id::GenerationId;

/// `cost --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostReport {
    /// The run.
    pub run: String,
    /// All calls.
    pub total: CostDocument,
    /// By the role asked.
    pub roles: BTreeMap<String, CostDocument>,
    /// By the alias that answered.
    pub models: BTreeMap<String, CostDocument>,
    /// By the generation made and measured.
    pub generations: BTreeMap<String, CostDocument>,
    /// Answers that brought nothing, by what was wrong with them.
    pub waste: BTreeMap<String, CostDocument>,
    /// What the total comes to for each point gained; null while nothing is gained.
    pub per_point: Option<PerPoint>,
}

/// What a point of improvement cost: a hundredth of the mean select score, the best generation's above the first one's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PerPoint {
    /// Points gained.
    pub points: f64,
    /// Answers for each.
    pub calls: f64,
    /// Tokens for each; null where any call did not say.
    pub tokens: Option<f64>,
    /// US dollars for each; null where any price is unknown.
    pub usd: Option<f64>,
}

impl PerPoint {
    fn of(view: &RunView) -> Option<Self> {
        let select = |id| view.generations.get(&id).and_then(GenerationView::select_mean);
        let points = 100.0 * (select(view.best()?)? - select(GenerationId(0))?);
        let spend = view.spend();
        let each = |amount: u64| super::super::spend::real(amount) / points;
        (points > 0.0).then(|| Self {
            points,
            calls: each(spend.calls),
            tokens: spend.tokens().total().map(each),
            usd: CostDocument::from(&spend).usd.map(|usd| usd / points),
        })
    }

    fn told(self) -> String {
        let number = |amount: Option<f64>| amount.map_or("n/a".to_owned(), |a| format!("{a:.1}"));
        let usd = self.usd.map_or("n/a".to_owned(), |usd| format!("${usd:.4}"));
        format!(
            "{:.1} points gained (a point is 0.01 of the select score); each cost {:.1} answers, {} tokens, {usd}\n",
            self.points,
            self.calls,
            number(self.tokens),
        )
    }
}

impl CostReport {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        Self {
            run: view
                .identity
                .as_ref()
                .map(|identity| identity.run.to_string())
                .unwrap_or_default(),
            total: CostDocument::from(&view.spend()),
            roles: documents(view.spend_by_role.iter()),
            models: documents(view.spend_by_model.iter()),
            generations: documents(view.generations.iter().map(|(id, known)| (id, &known.spend))),
            waste: documents(view.waste.kinds.iter()),
            per_point: PerPoint::of(view),
        }
    }
}

fn documents<'a, N: ToString + 'a>(
    sums: impl Iterator<Item = (&'a N, &'a Spend)>,
) -> BTreeMap<String, CostDocument> {
    sums.map(|(name, spend)| (name.to_string(), CostDocument::from(spend))).collect()
}

/// The same as a table.
pub fn table(view: &RunView, page: Page) -> String {
    let mut text = page.ink.faint(&format!(
        "{:<22} {:>8} {:>9} {:>16} {:>12} {:>10}\n",
        "", "answers", "requests", "tokens", "price", "waiting"
    ));
    let mut row = |name: &str, spend: &Spend| {
        text.push_str(&format!(
            "{name:<22} {:>8} {:>9} {:>16} {:>12} {:>10}\n",
            spend.calls,
            spend.requests,
            spend.token_count(),
            spend.price(),
            figure::duration(spend.wall_ms)
        ));
    };
    for (role, spend) in &view.spend_by_role {
        row(&format!("role {role}"), spend);
    }
    for (alias, spend) in &view.spend_by_model {
        row(&format!("model {alias}"), spend);
    }
    for (id, generation) in &view.generations {
        row(&id.to_string(), &generation.spend);
    }
    for (kind, spend) in &view.waste.kinds {
        row(&format!("wasted: {kind}"), spend);
    }
    row("total", &view.spend());
    if let Some(each) = PerPoint::of(view) {
        text.push_str(&each.told());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::small_run;
    use super::*;

    #[test]
    fn roles_models_and_generations_each_add_up_to_the_total() {
        let report = CostReport::of(&RunView::of(&small_run()));
        for parts in [&report.roles, &report.models, &report.generations] {
            assert_eq!(parts.values().map(|part| part.calls).sum::<u64>(), report.total.calls);
        }
        assert_eq!(report.roles["meta"].calls, 3);
    }

    #[test]
    fn the_table_has_a_row_for_each_and_a_total() {
        let text = table(&RunView::of(&small_run()), Page::PLAIN);
        for name in ["role worker", "model offline", "gen-00002", "total"] {
            assert!(text.lines().any(|line| line.starts_with(name)), "{text}");
        }
    }
}

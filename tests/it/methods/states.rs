//! States to ask a seed's script on, its answers, and how to hold frequencies against probabilities.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hyperagent::base::id::{EpisodeId, GenerationId};
use hyperagent::base::rng;
use hyperagent::domain::judge::EpochState;
use hyperagent::domain::state::{CladeState, GenerationState, named_sets, no_actions};
use hyperagent::script::{Hook, RngKey, Worker, WorldKind};
use rand::RngExt;
use serde_json::{Value, json};

use crate::script::load;

/// A file of a seed.
pub fn file(seed: &str, path: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seed").join(seed);
    std::fs::read_to_string(folder.join(path)).unwrap()
}

/// The numbers of a seed's `[params]`.
pub fn params(seed: &str) -> BTreeMap<String, f64> {
    let document: toml::Table = toml::from_str(&file(seed, "agent.toml")).unwrap();
    let table = document["params"].as_table().unwrap();
    table.iter().map(|(name, value)| (name.clone(), value.as_float().unwrap())).collect()
}

/// A run as a script sees it.
pub struct Tree {
    pub gens: Vec<GenerationState>,
    pub cases: Vec<EpisodeId>,
    pub params: BTreeMap<String, f64>,
    pub count: BTreeMap<&'static str, u32>,
    pub generations: (u32, u32),
    pub evals: (u32, u32),
    pub epoch: EpochState,
}

impl Tree {
    /// A root with these scores, one an episode, under a seed's numbers; room for 50 generations, a tenth of the episodes used.
    pub fn new(seed: &str, scores: &[f64]) -> Self {
        let cases: Vec<EpisodeId> =
            (0..scores.len()).map(|index| format!("t#{index}").parse().unwrap()).collect();
        let mut tree = Self {
            gens: Vec::new(),
            cases,
            params: params(seed),
            count: no_actions(),
            generations: (50, 0),
            evals: (200, 20),
            epoch: EpochState::default(),
        };
        let scores: Vec<Option<f64>> = scores.iter().copied().map(Some).collect();
        tree.push(None, &scores);
        tree
    }

    /// A random tree of `size` fully measured generations.
    pub fn random(seed: &str, index: u32, size: usize) -> Self {
        let mut draw = rng::stream(7, "test tree", &[u64::from(index)]);
        let mut scores = || (0..6).map(|_| draw.random::<f64>()).collect::<Vec<f64>>();
        let mut tree = Self::new(seed, &scores());
        for child in 1..size {
            let scores: Vec<Option<f64>> = scores().into_iter().map(Some).collect();
            // Skewed to the older, so that some have many children.
            tree.push(Some((child * child * 7 + index as usize) % child.div_ceil(2)), &scores);
        }
        tree
    }

    /// Adds a child with these scores; what is `None` is not measured.
    pub fn push(&mut self, parent: Option<usize>, scores: &[Option<f64>]) -> usize {
        let id = GenerationId(u32::try_from(self.gens.len()).unwrap());
        let above = parent.map(|parent| self.gens[parent].id);
        let mut child = GenerationState::new(id, above, &self.cases);
        let measured = self.cases.iter().cloned().zip(scores.iter().copied());
        child.measure(measured.filter_map(|(case, score)| Some((case, score?))));
        child.files = BTreeMap::from([("agent.toml".into(), format!("{}", id.0))]);
        self.gens.push(child);
        if let Some(parent) = parent {
            self.gens[parent].kids += 1;
        }
        self.sum_clades();
        id.0 as usize
    }

    fn sum_clades(&mut self) {
        for generation in &mut self.gens {
            let (n, k, best) = (generation.n, generation.k, generation.mean);
            generation.clade = CladeState { n, k, best };
        }
        for index in (1..self.gens.len()).rev() {
            let clade = self.gens[index].clade;
            let above = self.gens[index].parent.unwrap().0 as usize;
            self.gens[above].clade.n += clade.n;
            self.gens[above].clade.k += clade.k;
        }
    }

    pub fn json(&self) -> Value {
        let budget = |(of, used): (u32, u32)| (of, used, of - used);
        let ((generations, made, room), (evals, spent, left)) =
            (budget(self.generations), budget(self.evals));
        json!({
            "seed": 1, "step": 5, "live_id": self.gens.last().unwrap().id, "gens": self.gens,
            "cases": self.cases, "sets": named_sets(&self.cases), "pending": [], "params": self.params,
            "budget": {"generations": generations, "evals": evals},
            "used": {"generations": made, "evals": spent}, "left": {"generations": room, "evals": left},
            "epoch": self.epoch, "count": self.count, "models": ["offline", "random"],
        })
    }
}

/// A seed's script, asked again and again.
pub struct Script {
    worker: Worker,
    world: u64,
}

impl Script {
    pub async fn of(seed: &str) -> Self {
        Self { worker: load(&file(seed, "strategy.star")).await, world: 0 }
    }

    /// The next action on a run, for each of so many random streams.
    pub async fn steps(&mut self, tree: &Tree, draws: u64) -> Vec<Value> {
        self.ask(WorldKind::Outer, Hook::NextStep, tree.json(), draws).await
    }

    /// The next action on an episode.
    pub async fn attempts(&mut self, episode: Value, draws: u64) -> Vec<Value> {
        self.ask(WorldKind::Inner, Hook::NextAttempt, episode, draws).await
    }

    async fn ask(&mut self, kind: WorldKind, hook: Hook, state: Value, draws: u64) -> Vec<Value> {
        self.world += 1;
        self.worker.open(self.world, kind, state).await.unwrap();
        let mut answers = Vec::new();
        for seed in 0..draws {
            let rng = RngKey { seed, purpose: "test".into(), indices: vec![] };
            match self.worker.call(hook, self.world, &[], rng).await {
                Ok(called) => answers.push(called.value),
                Err(fault) => panic!("{fault}"),
            }
        }
        self.worker.close(self.world).await.unwrap();
        answers
    }
}

/// How often each value was seen.
pub fn counted(values: impl IntoIterator<Item = String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// Pearson's statistic of counts against weights, and its degrees of freedom; what is expected less than 5 times is one class.
fn chi_square(counts: &BTreeMap<String, u32>, weights: &BTreeMap<String, f64>) -> (f64, f64) {
    let draws = f64::from(counts.values().sum::<u32>());
    let total: f64 = weights.values().sum();
    let (mut statistic, mut classes, mut rare) = (0.0, 0.0, (0.0, 0.0));
    for (name, weight) in weights {
        let (seen, due) =
            (f64::from(counts.get(name).copied().unwrap_or(0)), draws * weight / total);
        if due < 5.0 {
            rare = (rare.0 + seen, rare.1 + due);
        } else {
            statistic += (seen - due).powi(2) / due;
            classes += 1.0;
        }
    }
    if rare.1 > 1.0 {
        statistic += (rare.0 - rare.1).powi(2) / rare.1;
        classes += 1.0;
    } else {
        assert!(rare.0 < 8.0, "{} draws of what is expected {} times", rare.0, rare.1);
    }
    (statistic, classes - 1.0)
}

/// Whether counts are such as draws with these weights give, but for one sample in some ten thousand.
pub fn fits(counts: &BTreeMap<String, u32>, weights: &BTreeMap<String, f64>) -> bool {
    let strange = counts.keys().any(|name| !weights.contains_key(name));
    let (statistic, freedom) = chi_square(counts, weights);
    // Wilson and Hilferty's cube root, 3.7 standard deviations out.
    let spread = 2.0 / (9.0 * freedom.max(1.0));
    !strange && statistic <= freedom.max(1.0) * (1.0 - spread + 3.7 * spread.sqrt()).powi(3)
}

/// Holds counts against weights; what is drawn must also be told from even draws, or the test could not fail.
#[track_caller]
pub fn assert_drawn(what: &str, counts: &BTreeMap<String, u32>, weights: &BTreeMap<String, f64>) {
    assert!(fits(counts, weights), "{what}: {counts:?} are no draws with {weights:?}");
    let even = weights.keys().map(|name| (name.clone(), 1.0)).collect();
    assert!(!fits(counts, &even), "{what}: {counts:?} could be even draws; the test says nothing");
}

/// A text field of each action that has this name.
pub fn field(actions: &[Value], action: &str, field: &str) -> Vec<String> {
    let named = actions.iter().filter(|value| value["do"] == action);
    named
        .map(|value| value[field].as_str().map_or_else(|| value[field].to_string(), str::to_owned))
        .collect()
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

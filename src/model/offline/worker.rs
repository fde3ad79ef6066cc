//! The worker role: one step of a search over programs.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::OfflineError;
use super::draw::{Stream, chance, one_by, one_of, weighted};
use super::focus::Focus;
use super::insert::{self, Guide};
use super::names::definition_around;
use super::number;
use super::pool::Pool;
use super::shrink;
use super::syntax::Source;
use super::tweak::{self, Tweak};
use crate::base::digest::Digest;
use crate::domain::agent::Operators;
use crate::domain::edit::render;
use crate::domain::files::FileSet;
use crate::model::WorkerBrief;

/// How many proposals are drawn before the search gives up finding one that parses and is new.
const DRAWS: u32 = 40;
/// The most mutations of one proposal.
const MOST_MUTATIONS: usize = 8;

/// How much likelier a file is changed that a class of failures names than one that none names.
const NAMED_FILE: f64 = 20.0;

/// How draws are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// By the agent's weights, the references and the failures.
    Guided,
    /// All operators and places alike; the baseline.
    Uniform,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Num,
    Cmp,
    Arith,
    StmtInsert,
    Cross,
    Shrink,
}

impl Operator {
    const ALL: [Self; 6] =
        [Self::Num, Self::Cmp, Self::Arith, Self::StmtInsert, Self::Cross, Self::Shrink];

    fn name(self) -> &'static str {
        match self {
            Self::Num => "num",
            Self::Cmp => "cmp",
            Self::Arith => "arith",
            Self::StmtInsert => "stmt_insert",
            Self::Cross => "cross",
            Self::Shrink => "shrink",
        }
    }

    fn weight(self, operators: &Operators) -> f64 {
        match self {
            Self::Num => operators.num,
            Self::Cmp => operators.cmp,
            Self::Arith => operators.arith,
            Self::StmtInsert => operators.stmt_insert,
            Self::Cross => operators.cross,
            Self::Shrink => operators.shrink,
        }
    }
}

/// An answer with a changed program, in the form asked for.
pub(super) fn answer(
    brief: &WorkerBrief,
    manner: Manner,
    rng: &mut Stream,
) -> Result<String, OfflineError> {
    let search = Search::new(brief, manner)?;
    for _ in 0..DRAWS {
        let Some((files, summary)) = search.draw(rng) else { continue };
        let digest = files.digest();
        if digest != search.base && !search.known.contains(&digest) {
            return Ok(render(&brief.base, &files, brief.format, &summary));
        }
    }
    Err(OfflineError::NoChange { draws: DRAWS })
}

struct Search<'a> {
    brief: &'a WorkerBrief,
    manner: Manner,
    /// The editable files that are Python and parse.
    sources: Vec<(&'a str, Source)>,
    pool: Option<Rc<Pool>>,
    weights: Vec<f64>,
    /// The operator the script named; the others are drawn only when it finds no place.
    named: Option<Operator>,
    base: Digest,
    known: BTreeSet<Digest>,
}

impl<'a> Search<'a> {
    fn new(brief: &'a WorkerBrief, manner: Manner) -> Result<Self, OfflineError> {
        let parsed = |(path, text): (&'a String, &String)| {
            let is_python = path.ends_with(".py") && brief.editable.allows(path);
            let source = if is_python { Source::parse(text) } else { None };
            Some((path.as_str(), source?))
        };
        let sources: Vec<(&str, Source)> = brief.base.0.iter().filter_map(parsed).collect();
        if sources.is_empty() {
            return Err(OfflineError::NotPython { editable: brief.editable.to_string() });
        }
        let references =
            if manner == Manner::Guided { brief.references.as_slice() } else { Default::default() };
        let by_name = |operator: &Operator| operator.name() == brief.op;
        let named = Operator::ALL.into_iter().find(by_name).filter(|_| manner == Manner::Guided);
        let weight = |operator: Operator| match manner {
            Manner::Guided => operator.weight(&brief.operators),
            Manner::Uniform => 1.0,
        };
        let weights: Vec<f64> = Operator::ALL.into_iter().map(weight).collect();
        if named.is_none() && weights.iter().all(|weight| *weight <= 0.0) {
            return Err(OfflineError::AllOff);
        }
        Ok(Self {
            brief,
            manner,
            sources,
            pool: Pool::of(&brief.ingredients),
            weights,
            named,
            base: brief.base.digest(),
            known: references.iter().map(FileSet::digest).collect(),
        })
    }

    fn steps(&self) -> (f64, f64) {
        let defaults = Operators::default();
        match self.manner {
            Manner::Guided => (self.brief.operators.sigma, self.brief.operators.more),
            Manner::Uniform => (defaults.sigma, defaults.more),
        }
    }

    /// One proposal: some mutations of one file. `None` when no operator found a place.
    fn draw(&self, rng: &mut Stream) -> Option<(FileSet, String)> {
        let (_, more) = self.steps();
        let (path, base) = self.file(rng)?;
        let mut changed: Option<Source> = None;
        let mut used: Vec<&str> = Vec::new();
        let mut said: Vec<String> = Vec::new();
        while said.is_empty() || said.len() < MOST_MUTATIONS && chance(rng, more) {
            let source = changed.as_ref().unwrap_or(base);
            let Some((operator, text, what)) = self.mutation(path, source, rng) else { break };
            changed = Some(Source::parse(&text)?);
            if !used.contains(&operator.name()) {
                used.push(operator.name());
            }
            said.push(what);
        }
        let mut files = self.brief.base.clone();
        files.0.insert((*path).to_owned(), changed?.text().to_owned());
        Some((files, format!("{}: {}", used.join("+"), said.join("; "))))
    }

    /// The file to change: rather one that the failures name; any, where they name none.
    fn file(&self, rng: &mut Stream) -> Option<&(&'a str, Source)> {
        let files = self.sources.iter();
        let is_named = |path: &str| !self.failures_of(path).is_empty();
        if !files.clone().any(|(path, _)| is_named(path)) {
            return one_of(rng, files.collect());
        }
        one_by(rng, files.collect(), |(path, _)| if is_named(path) { NAMED_FILE } else { 1.0 })
    }

    /// The failures whose class is the stem of a file: those that name it.
    fn failures_of(&self, path: &str) -> BTreeMap<String, u32> {
        let file = path.rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".py").unwrap_or(file);
        let count = self.brief.failures.get(stem).filter(|_| self.manner == Manner::Guided);
        count.map(|count| (stem.to_owned(), *count)).into_iter().collect()
    }

    /// One mutation by the named operator, else by one drawn among those that find a place.
    fn mutation(
        &self,
        path: &str,
        source: &Source,
        rng: &mut Stream,
    ) -> Option<(Operator, String, String)> {
        if let Some(named) = self.named
            && let Some((text, what)) = self.apply(named, path, source, rng)
        {
            return Some((named, text, what));
        }
        let mut weights = self.weights.clone();
        while let Some(index) = weighted(rng, &weights) {
            let operator = *Operator::ALL.get(index)?;
            if let Some((text, what)) = self.apply(operator, path, source, rng) {
                return Some((operator, text, what));
            }
            *weights.get_mut(index)? = 0.0;
        }
        None
    }

    /// A file as other candidates have it.
    fn references(&self, path: &str) -> impl Iterator<Item = Source> {
        self.brief.references.iter().filter_map(move |files| Source::parse(files.get(path)?))
    }

    fn apply(
        &self,
        operator: Operator,
        path: &str,
        source: &Source,
        rng: &mut Stream,
    ) -> Option<(String, String)> {
        let (sigma, more) = self.steps();
        let evenly = self.manner == Manner::Uniform;
        let none = BTreeSet::new();
        let brought = self.pool.as_ref().map_or(&none, |pool| &pool.globals);
        let focus =
            if evenly { Focus::everywhere() } else { Focus::away_from(source, brought, rng) };
        match operator {
            Operator::Num => {
                let others: Vec<Source> = match self.manner {
                    Manner::Guided => self.references(path).collect(),
                    Manner::Uniform => Vec::new(),
                };
                tweaked(source, number::number(source, &others, &focus, sigma, rng)?)
            }
            Operator::Cmp => tweaked(source, tweak::comparison(source, &focus, rng)?),
            Operator::Arith => tweaked(source, tweak::arithmetic(source, &focus, rng)?),
            Operator::StmtInsert => {
                let pool = self.pool.as_ref()?;
                if evenly {
                    insert::uniformly_from_pool(source, pool, more, rng)
                } else {
                    let own = self.failures_of(path);
                    let only_home = !own.is_empty();
                    let failures = if only_home { &own } else { &self.brief.failures };
                    let weights = &self.brief.pieces;
                    let guide = Guide { pool, failures, focus: &focus, weights, more, only_home };
                    insert::from_pool(source, &guide, rng)
                }
            }
            Operator::Cross if evenly => None,
            Operator::Cross => {
                let reference = one_of(rng, self.references(path).collect())?;
                insert::from_reference(source, &reference, &focus, rng)
            }
            Operator::Shrink => {
                let shrunk = shrink::shrink(source, &focus, brought, rng)?;
                Some((shrunk.text, format!("no `{}` in {}", shrunk.gone, shrunk.function)))
            }
        }
    }
}

fn tweaked(source: &Source, tweak: Tweak) -> Option<(String, String)> {
    let place = definition_around(source, tweak.range.start);
    let place = place.map_or(String::new(), |(name, _)| format!(" in {name}"));
    let old = source.slice(tweak.range.clone());
    let what = format!("{old} -> {}{place}", tweak.new);
    Some((source.with(tweak.range, &tweak.new), what))
}

#[cfg(test)]
mod tests;

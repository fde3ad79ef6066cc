//! The meta role: one typed change of an agent, chosen by the measured effect of earlier ones.
//!
//! The moves are those a language model would make in the same files, less the prompts, which have no effect here: weigh
//! the operators by what each brought, step a number, switch an operator off or on, swap a hook of the strategy for a
//! fragment of the library, note what was measured. Which kind, and which move of a kind, is drawn by Thompson sampling over the lessons: every summary begins
//! with its kind, so the record of a run is the memory of this role. Its own step size is one of the numbers.

mod balance;
mod fragments;
mod lessons;
mod notes;
mod numbers;
mod repair;
mod worth;

use toml_edit::DocumentMut;

use super::OfflineError;
use super::draw::{Stream, one_of, unit};
use super::worker::Manner;
use crate::domain::agent::{AGENT_TOML, STRATEGY};
use crate::domain::edit::render;
use crate::domain::editable::EditablePaths;
use crate::domain::files::FileSet;
use crate::model::{MetaBrief, Request};
use fragments::{FRAGMENTS, Fragment};
use lessons::{Odds, odds};
use numbers::{Number, goes_up, meta_step, shown, stepped};

/// How many moves are drawn before the role gives up finding one that is new.
const DRAWS: u32 = 40;

/// One move, not made yet.
enum Move {
    Balance,
    Step(Number),
    Switch(Number),
    Swap(&'static Fragment),
    Note,
}

impl Move {
    /// The kinds as summaries begin.
    const KINDS: [&str; 5] = ["balance", "param", "switch", "fragment", "memory"];

    fn kind(&self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Step(_) => "param",
            Self::Switch(_) => "switch",
            Self::Swap(_) => "fragment",
            Self::Note => "memory",
        }
    }

    /// What is assumed of it before anything was measured: a number that the inner loop never reads cannot change what a
    /// generation is measured on.
    fn prior(&self, script: &str) -> Odds {
        match self {
            Self::Step(number) if !number.is_read_by_attempts(script) => {
                Odds { helped: 0.5, failed: 9.0 }
            }
            _ => Odds::EVEN,
        }
    }

    /// How its summary begins, whatever it does in detail.
    fn start(&self) -> String {
        match self {
            Self::Balance => "balance: ".to_owned(),
            Self::Step(number) => format!("param: {} ", number.path()),
            Self::Switch(number) => format!("switch: {} ", number.path()),
            Self::Swap(fragment) => format!("fragment: {} <- {}", fragment.hook, fragment.name),
            Self::Note => "memory:".to_owned(),
        }
    }
}

/// What is assumed of a kind before anything was measured: the operators' credit is evidence already, notes alone
/// cannot help the next generation.
fn prior(kind: &str) -> Odds {
    match kind {
        "balance" => Odds { helped: 12.0, failed: 1.0 },
        "memory" => Odds { helped: 0.5, failed: 9.0 },
        "switch" => Odds { helped: 1.0, failed: 3.0 },
        _ => Odds::EVEN,
    }
}

/// An answer with one change of the agent, in the form asked for.
pub(super) fn answer(
    request: &Request,
    brief: &MetaBrief,
    manner: Manner,
    rng: &mut Stream,
) -> Result<String, OfflineError> {
    let earlier = repair::earlier(request, brief);
    let files = if brief.findings.is_empty() {
        brief.files.clone()
    } else {
        repair::taken_back(&brief.files, &earlier)
    };
    let refused = |start: &str| earlier.iter().any(|answer| answer.summary.starts_with(start));
    let agent = Agent::new(brief, files)?;
    for _ in 0..DRAWS {
        let mut moves = agent.moves(manner);
        moves.retain(|step| !refused(step.start().trim_end()));
        let Some(chosen) = choose(moves, brief, manner, rng) else { break };
        let Some((files, summary)) = agent.make(&chosen, manner, rng) else { continue };
        if files != brief.files && files != agent.files {
            return Ok(render(&brief.files, &files, brief.format, &summary));
        }
    }
    Err(OfflineError::NothingToRewrite { editable: brief.editable.clone() })
}

/// Draws a kind among those that have a move, then a move of it.
fn choose(moves: Vec<Move>, brief: &MetaBrief, manner: Manner, rng: &mut Stream) -> Option<Move> {
    let kinds = Move::KINDS.into_iter().filter(|kind| moves.iter().any(|it| it.kind() == *kind));
    let kinds: Vec<&str> = kinds.collect();
    if manner == Manner::Uniform {
        let kind = one_of(rng, kinds)?;
        return one_of(rng, moves.into_iter().filter(|it| it.kind() == kind).collect());
    }
    let script = brief.files.get(STRATEGY).unwrap_or_default();
    let promise = |kind: &&str, rng: &mut Stream| {
        odds(&brief.lessons, &format!("{kind}:"), prior(kind)).draw(rng)
    };
    let kind = most(kinds, |kind| promise(kind, rng))?;
    let moves = moves.into_iter().filter(|it| it.kind() == kind).collect();
    most(moves, |it| odds(&brief.lessons, it.start().trim_end(), it.prior(script)).draw(rng))
}

/// The one with the highest value; each value is asked for once.
fn most<T>(items: Vec<T>, mut value: impl FnMut(&T) -> f64) -> Option<T> {
    let mut best: Option<(f64, T)> = None;
    for item in items {
        let value = value(&item);
        if best.as_ref().is_none_or(|(highest, _)| value > *highest) {
            best = Some((value, item));
        }
    }
    best.map(|(_, item)| item)
}

/// An agent as the moves see it.
struct Agent<'a> {
    brief: &'a MetaBrief,
    files: FileSet,
    document: DocumentMut,
}

impl<'a> Agent<'a> {
    fn new(brief: &'a MetaBrief, files: FileSet) -> Result<Self, OfflineError> {
        let text = files.get(AGENT_TOML).unwrap_or_default();
        let document = text.parse().map_err(|source: toml_edit::TomlError| {
            OfflineError::UnreadableAgent { reason: source.message().to_owned() }
        })?;
        Ok(Self { brief, files, document })
    }

    fn may_edit(&self, path: &str) -> bool {
        EditablePaths::from(&self.brief.editable).allows(path)
    }

    /// Every move that is possible now.
    fn moves(&self, manner: Manner) -> Vec<Move> {
        let mut moves = Vec::new();
        if self.may_edit(AGENT_TOML) {
            if manner == Manner::Uniform
                || balance::by_credit(&self.document, &self.brief.credit, &self.brief.practice)
                    .is_some()
            {
                moves.push(Move::Balance);
            }
            for number in numbers::numbers(&self.document) {
                if number.is_weight() {
                    moves.push(Move::Switch(number.clone()));
                }
                if number.is_on() {
                    moves.push(Move::Step(number));
                }
            }
        }
        if self.may_edit(STRATEGY) {
            let strategy = self.files.get(STRATEGY).unwrap_or_default();
            let new = FRAGMENTS.iter().filter(|fragment| !fragments::is_in(strategy, fragment));
            moves.extend(new.map(Move::Swap));
        }
        if self.may_edit(&notes::path(&self.files)) && self.lesson_to_note().is_some() {
            moves.push(Move::Note);
        }
        moves
    }

    fn lesson_to_note(&self) -> Option<&'a crate::model::Lesson> {
        let text = self.files.get(&notes::path(&self.files)).unwrap_or_default();
        notes::unwritten(text, &self.brief.lessons)
    }

    /// Makes a move: the files after it and its summary. `None` when it would change nothing or leave no operator on.
    fn make(&self, chosen: &Move, manner: Manner, rng: &mut Stream) -> Option<(FileSet, String)> {
        let mut files = self.files.clone();
        let mut document = self.document.clone();
        let start = chosen.start();
        let summary = match chosen {
            Move::Balance => {
                let credit = &self.brief.credit;
                let changed = match manner {
                    Manner::Guided => balance::by_credit(&document, credit, &self.brief.practice)?,
                    Manner::Uniform => balance::at_random(&document, credit, rng),
                };
                for number in &changed {
                    numbers::set(&mut document, number.table, &number.key, number.value);
                }
                format!("{start}{}", balance::summary(&changed))
            }
            Move::Step(number) => {
                let up = match manner {
                    Manner::Guided => goes_up(number, &self.brief.lessons, &self.brief.credit, rng),
                    Manner::Uniform => unit(rng) < 0.5,
                };
                let new = stepped(number, up, meta_step(&self.brief.params), rng);
                numbers::set(&mut document, number.table, &number.key, new);
                format!("{start}{} -> {}", shown(number.value), shown(new))
            }
            Move::Switch(number) => {
                let new = if number.value > 0.0 { 0.0 } else { 1.0 };
                let others = numbers::numbers(&self.document);
                let left_on = others
                    .iter()
                    .any(|it| it.is_weight() && it.value > 0.0 && it.key != number.key);
                if !left_on {
                    return None;
                }
                numbers::set(&mut document, number.table, &number.key, new);
                format!("{start}{} -> {}", shown(number.value), shown(new))
            }
            Move::Swap(fragment) => {
                let strategy = files.get(STRATEGY)?;
                files.0.insert(STRATEGY.to_owned(), fragments::put(strategy, fragment));
                for (key, default) in fragment.params {
                    let known = self.document.get("params").and_then(|params| params.get(key));
                    if known.is_none() && self.may_edit(AGENT_TOML) {
                        numbers::set(&mut document, "params", key, *default);
                    }
                }
                start
            }
            Move::Note => {
                let path = notes::path(&files);
                let lesson = self.lesson_to_note()?;
                let text = notes::with_line(files.get(&path).unwrap_or_default(), lesson);
                files.0.insert(path, text);
                format!("{start} noted the effect of {}", lesson.generation)
            }
        };
        let text = document.to_string();
        if self.files.get(AGENT_TOML) != Some(&text) && self.may_edit(AGENT_TOML) {
            files.0.insert(AGENT_TOML.to_owned(), text);
        }
        Some((files, summary))
    }
}

#[cfg(test)]
mod tests;

//! What stands behind an alias.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::agent::{Command, Manual};
use super::budget::Reservation;
use super::chat::{Answer, Chat};
use super::fault::{AnswerFault, ModelError};
use super::offline;
use super::pauses::Pauses;
use super::request::{Reply, Request};
use super::scripted::Script;
#[cfg(feature = "http")]
pub(super) use super::wire::Patience;
#[cfg(feature = "http")]
use super::wire::{Asked, Gates, Provider};
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::event::{CallCost, CallKey};
use crate::domain::settings::{Dialect, ModelSpec};

/// The replies of a recorded run, each with the reason why it was no answer, if it was none.
pub type Recording = BTreeMap<CallKey, (Reply, Option<String>)>;

/// Who answers.
pub(super) enum Backend {
    /// The offline optimiser.
    Offline,
    /// Its uniform baseline.
    Random,
    /// A file of answers.
    Scripted(Script),
    /// A recorded run.
    Replay {
        /// The run.
        run: String,
        /// Its answers, once at hand.
        recorded: Option<Arc<Recording>>,
    },
    /// A program.
    Command(Box<Command>),
    /// A person.
    Manual(Manual),
    /// A provider.
    #[cfg(feature = "http")]
    Http(Box<Provider>),
    /// A provider, in a build that cannot reach it.
    NoHttp,
}

/// Whether a call waits for a provider that answers nobody; without HTTP there is none.
#[cfg(not(feature = "http"))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// It waits.
    Wait,
    /// It leaves.
    Leave,
}

/// What backends are made from.
pub(super) struct Workshop<'a> {
    lab: &'a Path,
    environment: &'a Environment,
    #[cfg(feature = "http")]
    gates: Gates,
}

impl<'a> Workshop<'a> {
    /// Relative paths start at `lab`, keys come from `environment`; models that wait for a provider tell `pauses`.
    #[cfg(feature = "http")]
    pub fn new(lab: &'a Path, environment: &'a Environment, pauses: &Pauses) -> Self {
        Self { lab, environment, gates: Gates::new(pauses.clone()) }
    }

    /// Relative paths start at `lab`.
    #[cfg(not(feature = "http"))]
    pub fn new(lab: &'a Path, environment: &'a Environment, _: &Pauses) -> Self {
        Self { lab, environment }
    }

    /// The backend of an alias.
    pub fn backend(&mut self, alias: &Alias, spec: &ModelSpec) -> Result<Backend, ModelError> {
        let source = spec.source.as_deref().unwrap_or_default();
        Ok(match spec.dialect {
            Dialect::Offline => Backend::Offline,
            Dialect::Random => Backend::Random,
            Dialect::Scripted => Backend::Scripted(Script::load(&self.lab.join(source))?),
            Dialect::Replay => Backend::Replay { run: source.to_owned(), recorded: None },
            Dialect::Command => {
                Backend::Command(Box::new(Command::new(alias, spec, self.lab, self.environment)))
            }
            Dialect::Manual => Backend::Manual(Manual::at_the_terminal()),
            Dialect::OpenaiChat
            | Dialect::OpenaiResponses
            | Dialect::Anthropic
            | Dialect::Gemini => self.provider(alias, spec).unwrap_or(Backend::NoHttp),
        })
    }

    #[cfg(feature = "http")]
    fn provider(&mut self, alias: &Alias, spec: &ModelSpec) -> Option<Backend> {
        let gate = self.gates.of(alias, spec);
        let provider = Provider::new(alias, spec, self.environment, gate)?;
        Some(Backend::Http(Box::new(provider)))
    }

    #[cfg(not(feature = "http"))]
    fn provider(&mut self, _: &Alias, _: &ModelSpec) -> Option<Backend> {
        None
    }
}

impl Backend {
    /// Whether its calls count against the budget.
    pub fn is_metered(&self) -> bool {
        !matches!(self, Self::Offline | Self::Random | Self::Manual(_) | Self::Replay { .. })
    }

    /// Whether calls wait for its provider.
    pub fn is_paused(&self) -> bool {
        match self {
            #[cfg(feature = "http")]
            Self::Http(provider) => provider.is_paused(),
            _ => false,
        }
    }

    /// Whether it could be asked.
    pub fn check(&self, alias: &Alias) -> Result<(), ModelError> {
        match self {
            Self::Offline | Self::Random | Self::Manual(_) | Self::Scripted(_) => Ok(()),
            Self::Command(command) => command.check(),
            Self::Replay { run, recorded } => match recorded {
                Some(_) => Ok(()),
                None => Err(ModelError::NoRecording { alias: alias.clone(), run: run.clone() }),
            },
            #[cfg(feature = "http")]
            Self::Http(provider) => provider.check(),
            Self::NoHttp => Err(ModelError::NoHttp { alias: alias.clone() }),
        }
    }

    /// Answers a call of a run; `reservation` is what is set aside for it.
    #[cfg_attr(
        not(feature = "http"),
        expect(unused_variables, reason = "only a provider is waited for and paid")
    )]
    pub async fn ask(
        &self,
        model: (&Alias, &ModelSpec),
        request: &Request,
        patience: Patience,
        reservation: Option<&Reservation<'_>>,
    ) -> Result<Reply, ModelError> {
        let (alias, spec) = model;
        let unanswered = |source| ModelError::Offline { alias: request.alias.clone(), source };
        match self {
            Self::Offline => offline::answer(request).map_err(unanswered),
            Self::Random => offline::random(request).map_err(unanswered),
            Self::Scripted(script) => script.answer(request, spec.price_usd_per_mtok.as_ref()),
            Self::Command(command) => command.ask(request).await,
            Self::Manual(person) => person.ask(request).await,
            Self::Replay { run, recorded } => {
                let Some(recorded) = recorded else {
                    return Err(ModelError::NoRecording {
                        alias: request.alias.clone(),
                        run: run.clone(),
                    });
                };
                match recorded.get(&request.key).cloned() {
                    Some((reply, None)) => Ok(reply),
                    Some((Reply { text, cost, .. }, Some(reason))) => {
                        Err(ModelError::NotAnAnswer {
                            alias: request.alias.clone(),
                            fault: AnswerFault::Recorded { reason },
                            text,
                            cost: Box::new(cost),
                        })
                    }
                    None => {
                        Err(ModelError::NotRecorded { run: run.clone(), key: request.key.clone() })
                    }
                }
            }
            #[cfg(feature = "http")]
            Self::Http(provider) => {
                let tokens = reservation.map_or(0, Reservation::tokens);
                let lost = || reservation.map_or(Ok(()), Reservation::lose);
                let chat = request.chat(alias, spec.calls_natively());
                let asked = provider.ask(&chat, tokens, patience, lost).await?;
                let (answer, cost) = settle(asked, spec, &request.alias)?;
                let Answer { text, calls, kept, .. } = answer;
                Ok(Reply { text, calls, kept, cost })
            }
            Self::NoHttp => Err(ModelError::NoHttp { alias: request.alias.clone() }),
        }
    }

    /// Answers a conversation outside any run, without waiting for a provider that is away; `None` when it is not
    /// reached over HTTP.
    #[cfg_attr(
        not(feature = "http"),
        expect(unused_variables, clippy::unused_async, reason = "only a provider converses")
    )]
    pub async fn converse(
        &self,
        spec: &ModelSpec,
        alias: &Alias,
        chat: &Chat,
    ) -> Result<Option<(Answer, CallCost)>, ModelError> {
        match self {
            #[cfg(feature = "http")]
            Self::Http(provider) => {
                let asked = provider.ask(chat, 0, Patience::Leave, || Ok(())).await?;
                settle(asked, spec, alias).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The answer of a settled call and its cost, or what came instead.
#[cfg(feature = "http")]
fn settle(asked: Asked, spec: &ModelSpec, alias: &Alias) -> Result<(Answer, CallCost), ModelError> {
    let Asked { outcome, tokens, effort } = asked;
    let price = spec.price_usd_per_mtok.as_ref();
    let mut cost = tokens.cost(price, effort.requests, effort.wall_ms);
    cost.retries = effort.retries;
    match outcome {
        Ok(answer) => {
            let other = |served: &&String| Some(served.as_str()) != spec.model.as_deref();
            cost.served_model = answer.model.as_ref().filter(other).cloned();
            Ok((answer, cost))
        }
        Err((fault, text)) => {
            Err(ModelError::NotAnAnswer { alias: alias.clone(), fault, text, cost: Box::new(cost) })
        }
    }
}

//! One alias behind HTTP: its key, its client, its time-outs.

use std::sync::OnceLock;

use reqwest::Client;
use reqwest::header::HeaderValue;

use super::retry::{Effort, Sent, persist};
use super::secret::Secret;
use super::{AnswerFault, Tokens, Trouble, Verdict, WireRequest, openai_chat, transport};
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::settings::ModelSpec;
use crate::model::fault::ModelError;
use crate::model::request::{Reply, Request};

/// The longest piece of a provider's words that is kept, characters.
const LONGEST_MESSAGE: usize = 600;

/// A model behind HTTP.
pub(in crate::model) struct Provider {
    alias: Alias,
    spec: ModelSpec,
    key: Option<Secret>,
    environment: Environment,
    /// Made at the first question: reading the machine's certificates takes time an offline run need not spend.
    client: OnceLock<Client>,
}

/// A settled question.
struct Settled {
    outcome: Result<String, (AnswerFault, String)>,
    tokens: Tokens,
}

impl Provider {
    /// A provider with its key, if it needs one and the environment has it.
    pub fn new(alias: &Alias, spec: &ModelSpec, environment: &Environment) -> Self {
        let key = spec.key_env.as_deref();
        Self {
            alias: alias.clone(),
            spec: spec.clone(),
            key: key.and_then(|variable| Secret::from_environment(environment, variable)),
            environment: environment.clone(),
            client: OnceLock::new(),
        }
    }

    /// Whether a question could be sent: the key is there, if one is needed, and fits into a header.
    pub fn check(&self) -> Result<(), ModelError> {
        self.key_header("").map(drop)
    }

    /// Asks, and asks again as the settings allow.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ModelError> {
        let wire = openai_chat::translate(&self.spec, request);
        let key = self.key_header(wire.key_header.1)?;
        let client = self.client(&wire.url)?;
        let send = || self.send_once(client, &wire, key.as_ref());
        let (outcome, effort) = persist(&self.spec.retry, request.seed, send).await;
        let alias = self.alias.clone();
        let Effort { requests, wall_ms } = effort;
        let settled = match outcome {
            Ok(Ok(settled)) => settled,
            Ok(Err((status, message))) => {
                return Err(ModelError::Refused { alias, status, message });
            }
            Err(last) => {
                return Err(ModelError::Unavailable { alias, requests, waited_ms: wall_ms, last });
            }
        };
        let cost = settled.tokens.cost(self.spec.price_usd_per_mtok.as_ref(), requests, wall_ms);
        match settled.outcome {
            Ok(text) => Ok(Reply { text, cost }),
            Err((fault, text)) => {
                Err(ModelError::NotAnAnswer { alias, fault, text, cost: Box::new(cost) })
            }
        }
    }

    /// One request. Everything a provider said passes through [`Self::clean`] here, before anyone else sees it.
    async fn send_once(
        &self,
        client: &Client,
        wire: &WireRequest,
        key: Option<&HeaderValue>,
    ) -> Sent<Result<Settled, (u16, String)>> {
        let response = match transport::send(client, wire, key, &self.spec.timeouts_ms).await {
            Ok(response) => response,
            Err(trouble) => return Sent::Again(self.clean_trouble(trouble), None),
        };
        match openai_chat::judge(&response) {
            Verdict::Answer { text, tokens } => {
                Sent::Done(Ok(Settled { outcome: Ok(self.clean_answer(text)), tokens }))
            }
            Verdict::NotAnAnswer { fault, text, tokens } => {
                let outcome = Err((self.clean_fault(fault), self.clean_answer(text)));
                Sent::Done(Ok(Settled { outcome, tokens }))
            }
            Verdict::Again(trouble) => {
                Sent::Again(self.clean_trouble(trouble), response.retry_after)
            }
            Verdict::Down(trouble) => Sent::Down(self.clean_trouble(trouble)),
            Verdict::Refused { status, message } => Sent::Done(Err((status, self.clean(&message)))),
        }
    }

    fn client(&self, url: &str) -> Result<&Client, ModelError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = transport::client(url, &self.spec.timeouts_ms, &self.environment).map_err(
            |source| ModelError::Client {
                alias: self.alias.clone(),
                source: Box::new(source.without_url()),
            },
        )?;
        Ok(self.client.get_or_init(|| client))
    }

    fn key_header(&self, prefix: &str) -> Result<Option<HeaderValue>, ModelError> {
        let Some(variable) = self.spec.key_env.clone() else { return Ok(None) };
        let alias = self.alias.clone();
        match &self.key {
            None => Err(ModelError::MissingKey { alias, variable }),
            Some(key) => transport::key_value(prefix, key)
                .map(Some)
                .ok_or(ModelError::BadKey { alias, variable }),
        }
    }

    /// A provider's words, fit to be shown: without the key, without control characters, not endless.
    fn clean(&self, words: &str) -> String {
        let words = match &self.key {
            Some(key) => key.redact(words),
            None => words.to_owned(),
        };
        let mut shown = words.chars().map(|c| if c.is_control() { ' ' } else { c });
        let mut clean: String = shown.by_ref().take(LONGEST_MESSAGE).collect();
        if shown.next().is_some() {
            clean.push('…');
        }
        clean
    }

    fn clean_answer(&self, text: String) -> String {
        match &self.key {
            Some(key) => key.redact_answer(text),
            None => text,
        }
    }

    fn clean_trouble(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Status { status, message } => {
                Trouble::Status { status, message: self.clean(&message) }
            }
            Trouble::Connect { reason } => Trouble::Connect { reason: self.clean(&reason) },
            Trouble::Broken { reason } => Trouble::Broken { reason: self.clean(&reason) },
            Trouble::Garbled { reason } => Trouble::Garbled { reason: self.clean(&reason) },
            timed_out @ Trouble::TimedOut { .. } => timed_out,
        }
    }

    fn clean_fault(&self, fault: AnswerFault) -> AnswerFault {
        match fault {
            AnswerFault::Declined { reason } => {
                AnswerFault::Declined { reason: self.clean(&reason) }
            }
            AnswerFault::PromptTooLong { reason } => {
                AnswerFault::PromptTooLong { reason: self.clean(&reason) }
            }
            AnswerFault::Recorded { reason } => {
                AnswerFault::Recorded { reason: self.clean(&reason) }
            }
            plain @ (AnswerFault::Truncated
            | AnswerFault::Empty
            | AnswerFault::Filtered
            | AnswerFault::ToolCall) => plain,
        }
    }
}

//! One alias behind HTTP: its key, its client, its time-outs.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderValue;
use tokio::time::timeout;

use super::dialect::{self, Dialect};
use super::draft::Draft;
use super::gate::Gate;
use super::limits::Told;
use super::retry::{Call, Effort, Failed, GivenUp, Patience, Sent, persist};
use super::secret::Secret;
use super::sse::SseReader;
use super::transport::{self, Incoming};
use super::{AnswerFault, Tokens, Trouble, Verdict, WireRequest, clean};
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::settings::ModelSpec;
use crate::model::chat::{Answer, Chat};
use crate::model::fault::{ModelError, Phase};

/// A model behind HTTP.
pub(in crate::model) struct Provider {
    alias: Alias,
    spec: ModelSpec,
    dialect: &'static dyn Dialect,
    key: Option<Secret>,
    environment: Environment,
    gate: Arc<Gate>,
    /// Made at the first question: reading the machine's certificates takes time an offline run need not spend.
    client: OnceLock<Client>,
}

/// What came of a call that reached its provider.
pub(in crate::model) struct Asked {
    /// The answer, or what came instead and its text.
    pub outcome: Result<Answer, (AnswerFault, String)>,
    /// What it used.
    pub tokens: Tokens,
    /// What it took.
    pub effort: Effort,
}

/// A settled call, or the status and words of a refusal.
type Settled = Result<(Result<Answer, (AnswerFault, String)>, Tokens), (u16, String)>;

impl Provider {
    /// A provider with its key, if it needs one and the environment has it; `None` when its dialect needs no HTTP.
    pub fn new(
        alias: &Alias,
        spec: &ModelSpec,
        environment: &Environment,
        gate: Arc<Gate>,
    ) -> Option<Self> {
        let key = spec.key_env.as_deref();
        Some(Self {
            alias: alias.clone(),
            spec: spec.clone(),
            dialect: dialect::of(spec.dialect)?,
            key: key.and_then(|variable| Secret::from_environment(environment, variable)),
            environment: environment.clone(),
            gate,
            client: OnceLock::new(),
        })
    }

    /// Whether a question could be sent: the key is there, if one is needed, and fits into a header.
    pub fn check(&self) -> Result<(), ModelError> {
        self.key_header("").map(drop)
    }

    /// Whether calls wait for the provider now.
    pub fn is_paused(&self) -> bool {
        self.gate.is_paused()
    }

    /// Asks, and asks again as the settings allow. `tokens` is about what one request takes; `lost` is told of each
    /// request that may be billed for nothing.
    pub async fn ask(
        &self,
        chat: &Chat,
        tokens: u64,
        patience: Patience,
        lost: impl FnMut() -> Result<(), ModelError>,
    ) -> Result<Asked, ModelError> {
        let wire = self.dialect.translate(&self.spec, chat);
        let key = self.key_header(wire.key_header.1)?;
        let client = self.client(&wire.url)?;
        let offered = !chat.tools.is_empty();
        let send = || self.send_once(client, &wire, key.as_ref(), offered);
        let spec = &self.spec.retry;
        let call = Call { spec, gate: &self.gate, seed: chat.seed, tokens, patience };
        let (outcome, effort) = persist(&call, lost, send).await;
        let alias = self.alias.clone();
        match outcome {
            Ok(Ok((outcome, tokens))) => Ok(Asked { outcome, tokens, effort }),
            Ok(Err((status, message))) => Err(ModelError::Refused { alias, status, message }),
            Err(GivenUp::NoRoom(full)) => Err(full),
            Err(GivenUp::Unavailable(last)) => {
                let Effort { requests, wall_ms, .. } = effort;
                Err(ModelError::Unavailable { alias, requests, waited_ms: wall_ms, last })
            }
        }
    }

    /// One request. Everything a provider said is cleaned here, before anyone else sees it.
    async fn send_once(
        &self,
        client: &Client,
        wire: &WireRequest,
        key: Option<&HeaderValue>,
        offered: bool,
    ) -> (Sent<Settled>, Told) {
        let mut told = Told::default();
        let total = Duration::from_millis(self.spec.timeouts_ms.total);
        let received = timeout(total, async {
            let incoming = transport::send(client, wire, key, &self.spec.timeouts_ms).await?;
            told = incoming.told;
            self.receive(incoming, offered).await
        });
        let verdict = match received.await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(trouble)) => Verdict::Again(trouble, None),
            Err(_) => Verdict::Again(Trouble::TimedOut { phase: Phase::Total }, None),
        };
        let sent = match clean::verdict(verdict, self.key.as_ref()) {
            Verdict::Answer(answer) => {
                let tokens = answer.tokens;
                Sent::Done(Ok((Ok(answer), tokens)))
            }
            Verdict::NotAnAnswer { fault, text, tokens } => {
                Sent::Done(Ok((Err((fault, text)), tokens)))
            }
            Verdict::Again(trouble, after) => Sent::Again(Failed { trouble, after }),
            Verdict::Down(trouble) => Sent::Down(trouble),
            Verdict::Refused { status, message } => Sent::Done(Err((status, message))),
        };
        (sent, told)
    }

    /// Reads a response to its end. A server that was asked for a stream may answer in one piece all the same.
    async fn receive(&self, mut incoming: Incoming, offered: bool) -> Result<Verdict, Trouble> {
        let status = incoming.status;
        if !incoming.is_stream || !(200..300).contains(&status) {
            let body = incoming.whole().await?;
            return Ok(dialect::judge(self.dialect, status, &body, offered));
        }
        let mut reader = SseReader::default();
        let mut draft = Draft::default();
        while let Some(piece) = incoming.next().await? {
            for event in reader.take(piece.as_ref()) {
                if let Err(garbled) = self.dialect.event(&event, &mut draft) {
                    return Ok(garbled.into());
                }
            }
            if draft.ended {
                incoming.finish().await;
                return Ok(draft.verdict(offered));
            }
        }
        if let Some(event) = reader.end()
            && let Err(garbled) = self.dialect.event(&event, &mut draft)
        {
            return Ok(garbled.into());
        }
        Ok(draft.verdict(offered))
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
}

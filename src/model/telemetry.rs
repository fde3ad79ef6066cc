//! Every model call as a span of OpenTelemetry, named by its conventions for generative AI.
//!
//! A span is made after the call, from what is known of it then; nothing of the run waits for the collector, and a
//! collector that is away costs spans, never answers. Prompts and answers are sent only where the settings ask for it.
//! The exporter's thread has no runtime of its own, so requests are handed to the one that asks models.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request as HttpRequest, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tokio::runtime::Handle;

use super::fault::ModelError;
use super::request::{Message, Reply, Request, Speaker};
use super::wire;
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::event::CallCost;
use crate::domain::settings::{Dialect, ModelSpec, TelemetrySpec, Timeouts};
use crate::domain::tool::written;

/// How long the end of a run waits for the collector.
const FAREWELL: Duration = Duration::from_secs(2);

/// The way to a collector.
pub(super) struct Telemetry {
    spec: TelemetrySpec,
    environment: Environment,
    /// Made at the first call, inside the runtime that sends; `None`: it could not be made, which was told.
    provider: OnceLock<Option<SdkTracerProvider>>,
}

impl Telemetry {
    /// A way to the collector that the settings name; `None` without one.
    pub fn new(spec: &TelemetrySpec, environment: &Environment) -> Option<Self> {
        spec.endpoint.as_ref()?;
        let (spec, environment) = (spec.clone(), environment.clone());
        Some(Self { spec, environment, provider: OnceLock::new() })
    }

    /// Tells of a call that was asked at `start` and has just ended.
    pub fn tell(
        &self,
        model: (&Alias, &ModelSpec),
        request: &Request,
        answered: &Result<Reply, ModelError>,
        start: SystemTime,
    ) {
        let Some(provider) = self.provider.get_or_init(|| self.provider()) else { return };
        let (alias, spec) = model;
        let mut attributes = asked(alias, spec, request);
        let (text, cost, fault) = match answered {
            Ok(Reply { text, calls, cost, .. }) => (Some(written(text, calls)), Some(cost), None),
            Err(ModelError::NotAnAnswer { text, cost, fault, .. }) => {
                (Some(text.clone()), Some(&**cost), Some(("no_answer", fault.to_string())))
            }
            Err(error) => (None, None, Some((kind(error), error.to_string()))),
        };
        attributes.extend(cost.into_iter().flat_map(used));
        if let Some((kind, _)) = &fault {
            attributes.push(KeyValue::new("error.type", *kind));
        }
        if self.spec.prompts {
            attributes.push(KeyValue::new("gen_ai.input.messages", input(&request.messages)));
            let output = text.map(|text| KeyValue::new("gen_ai.output.messages", output(&text)));
            attributes.extend(output);
        }
        let name = format!("chat {}", spec.model.as_deref().unwrap_or(alias.as_str()));
        let tracer = provider.tracer("hyperagent");
        let mut span = tracer
            .span_builder(name)
            .with_kind(SpanKind::Client)
            .with_start_time(start)
            .with_attributes(attributes)
            .start_with_context(&tracer, &Context::new());
        if let Some((_, words)) = fault {
            span.set_status(Status::error(words));
        }
        span.end();
    }

    /// Waits, a little, until the collector has what it was told.
    pub async fn flush(&self) {
        let Some(Some(provider)) = self.provider.get() else { return };
        let provider = provider.clone();
        let flushing =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FAREWELL));
        match flushing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "not every span reached the collector"),
            Err(error) => tracing::warn!(%error, "not every span reached the collector"),
        }
    }

    fn provider(&self) -> Option<SdkTracerProvider> {
        let endpoint = self.spec.endpoint.as_deref()?;
        let value = |(header, variable): (&String, &String)| {
            Some((header.clone(), self.environment.get(variable)?.to_owned()))
        };
        let headers: HashMap<String, String> =
            self.spec.header_env.iter().filter_map(value).collect();
        let client = wire::client(endpoint, &Timeouts::default(), &self.environment)
            .map_err(|error| tracing::warn!(%error, "no way to the collector"))
            .ok()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime: Handle::try_current().ok()? })
            .with_endpoint(endpoint)
            .with_headers(headers)
            .build()
            .map_err(|error| tracing::warn!(%error, "no way to the collector"))
            .ok()?;
        let resource = Resource::builder_empty()
            .with_service_name("hyperagent")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
        Some(provider.build())
    }
}

/// What is known before a call.
fn asked(alias: &Alias, spec: &ModelSpec, request: &Request) -> Vec<KeyValue> {
    let model = spec.model.clone().unwrap_or_else(|| alias.to_string());
    let optional = [
        request.temperature.map(|t| KeyValue::new("gen_ai.request.temperature", t)),
        request.top_p.map(|p| KeyValue::new("gen_ai.request.top_p", p)),
    ];
    let mut known = vec![
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", provider_name(spec.dialect)),
        KeyValue::new("gen_ai.request.model", model),
        KeyValue::new("gen_ai.request.max_tokens", i64::from(request.max_output_tokens)),
        KeyValue::new("hyperagent.alias", alias.to_string()),
        KeyValue::new("hyperagent.role", request.role.clone()),
        KeyValue::new("hyperagent.call", request.key.to_string()),
    ];
    known.extend(optional.into_iter().flatten());
    known
}

/// What a call used; nothing of what is unknown.
fn used(cost: &CallCost) -> Vec<KeyValue> {
    let counts = [
        ("gen_ai.usage.input_tokens", cost.input_tokens),
        ("gen_ai.usage.output_tokens", cost.output_tokens),
        ("gen_ai.usage.cache_read.input_tokens", cost.cached_tokens),
        ("gen_ai.usage.cache_creation.input_tokens", cost.cache_write_tokens),
        ("hyperagent.reasoning_tokens", cost.reasoning_tokens),
        ("hyperagent.micro_usd", cost.usd.map(|usd| usd.0)),
        ("hyperagent.requests", Some(u64::from(cost.requests))),
    ];
    let count = |(name, count): (&'static str, Option<u64>)| {
        Some(KeyValue::new(name, i64::try_from(count?).unwrap_or(i64::MAX)))
    };
    let served = cost.served_model.clone().map(|name| KeyValue::new("gen_ai.response.model", name));
    counts.into_iter().filter_map(count).chain(served).collect()
}

/// The convention's name of who provides a model.
fn provider_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => "openai",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gcp.gemini",
        other => other.name(),
    }
}

fn kind(error: &ModelError) -> &'static str {
    match error {
        ModelError::Refused { .. } => "refused",
        ModelError::Unavailable { .. } => "unavailable",
        ModelError::BudgetSpent { .. } => "budget",
        _ => "_OTHER",
    }
}

fn input(messages: &[Message]) -> String {
    let message = |message: &Message| {
        let role = match message.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        json!({"role": role, "parts": [{"type": "text", "content": message.text}]})
    };
    json!(messages.iter().map(message).collect::<Vec<_>>()).to_string()
}

fn output(text: &str) -> String {
    json!([{"role": "assistant", "parts": [{"type": "text", "content": text}]}]).to_string()
}

/// The HTTP client of this process as the exporter wants it.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'life, 'out>(&'life self, request: HttpRequest<Bytes>) -> Sending<'out>
    where
        'life: 'out,
        Self: 'out,
    {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let answered = client.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answered.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answered.headers());
            }
            Ok::<_, HttpError>(response.body(answered.bytes().await?)?)
        });
        Box::pin(async move { sending.await? })
    }
}

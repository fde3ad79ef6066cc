//! The one place that speaks HTTP.

use std::error::Error as _;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, NoProxy, Proxy, Response, Url, redirect};
use tokio::time::timeout;

use super::limits::Told;
use super::secret::Secret;
use super::{Trouble, WireRequest};
use crate::base::environment::Environment;
use crate::domain::settings::Timeouts;
use crate::model::fault::Phase;

/// No answer is longer; what goes on past it is taken for garbage.
const LONGEST_BODY: usize = 32 << 20;
/// How long the end of a stream is waited for after its last event.
const LONGEST_FAREWELL: Duration = Duration::from_millis(100);

/// The value of the header that carries `key`; `None` when no header can.
pub(super) fn key_value(prefix: &str, key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A client for one provider. Redirects are not followed, so a key goes nowhere but to the host that was named.
/// Proxies are taken from `environment` (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case), and
/// never stand between this machine and itself.
pub(in crate::model) fn client(
    url: &str,
    timeouts: &Timeouts,
    environment: &Environment,
) -> Result<Client, reqwest::Error> {
    install_tls();
    let mut builder = Client::builder()
        .user_agent(concat!("hyperagent/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_millis(timeouts.connect))
        .no_proxy();
    if let Some(proxy) = proxy_for(url, environment) {
        let either = |name: &str| variable(environment, name).unwrap_or_default();
        builder =
            builder.proxy(Proxy::all(proxy)?.no_proxy(NoProxy::from_string(either("no_proxy"))));
    }
    builder.build()
}

/// TLS needs its provider of ciphers once in a process; another part may have installed one already.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a provider of ciphers was installed already");
        }
    });
}

fn proxy_for<'a>(url: &str, environment: &'a Environment) -> Option<&'a str> {
    let url = Url::parse(url).ok()?;
    if matches!(url.host_str()?, "localhost" | "127.0.0.1" | "[::1]") {
        return None;
    }
    let by_scheme = if url.scheme() == "https" { "https_proxy" } else { "http_proxy" };
    variable(environment, by_scheme).or_else(|| variable(environment, "all_proxy"))
}

/// A variable that is spelt in lower or in upper case.
fn variable<'a>(environment: &'a Environment, lower: &str) -> Option<&'a str> {
    environment.get(lower).or_else(|| environment.get(&lower.to_ascii_uppercase()))
}

/// A response whose head is there and whose body is still to be read.
pub(super) struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// What the head says of the provider's limits.
    pub told: Told,
    /// Whether the body is a stream of events.
    pub is_stream: bool,
    response: Response,
    read: usize,
    idle: Duration,
}

/// Sends one request and waits for the head of the response.
pub(super) async fn send(
    client: &Client,
    request: &WireRequest,
    key: Option<&HeaderValue>,
    timeouts: &Timeouts,
) -> Result<Incoming, Trouble> {
    let mut post = client
        .post(&request.url)
        .header(CONTENT_TYPE, "application/json")
        .body(request.body.clone());
    for (name, value) in request.headers {
        post = post.header(*name, *value);
    }
    if let Some(key) = key {
        post = post.header(request.key_header.0, key);
    }
    let first_byte = Duration::from_millis(timeouts.connect.saturating_add(timeouts.first_byte));
    let response = timeout(first_byte, post.send())
        .await
        .map_err(|_| Trouble::TimedOut { phase: Phase::FirstByte })?
        .map_err(trouble)?;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_stream = kind.is_some_and(|kind| {
        kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
    });
    Ok(Incoming {
        status: response.status().as_u16(),
        told: Told::read(response.headers()),
        is_stream,
        response,
        read: 0,
        idle: Duration::from_millis(timeouts.idle),
    })
}

impl Incoming {
    /// The next piece of the body; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Trouble> {
        let piece = timeout(self.idle, self.response.chunk())
            .await
            .map_err(|_| Trouble::TimedOut { phase: Phase::Idle })?
            .map_err(trouble)?;
        self.read += piece.as_ref().map_or(0, |piece| piece.len());
        if self.read > LONGEST_BODY {
            return Err(Trouble::Garbled { reason: format!("longer than {LONGEST_BODY} bytes") });
        }
        Ok(piece)
    }

    /// Reads what is left after the last event, which is nothing but the end itself: a connection that is read to its
    /// end serves the next request too. A server that keeps the stream open is left soon.
    pub async fn finish(mut self) {
        let reading = async { while let Ok(Some(_)) = self.next().await {} };
        let _ = timeout(LONGEST_FAREWELL, reading).await;
    }

    /// The whole body.
    pub async fn whole(mut self) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            body.extend_from_slice(piece.as_ref());
        }
        Ok(body)
    }
}

fn trouble(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    if error.is_connect() {
        return if error.is_timeout() {
            Trouble::TimedOut { phase: Phase::Connect }
        } else {
            Trouble::Connect { reason: innermost(&error) }
        };
    }
    Trouble::Broken { reason: innermost(&error) }
}

/// The error's deepest cause, which is the one that tells something: `Connection refused` and the like.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut words = error.to_string();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_taken_from_the_given_environment_but_never_to_this_machine() {
        let environment: Environment =
            [("HTTPS_PROXY", "http://proxy:1"), ("all_proxy", "http://proxy:2")]
                .into_iter()
                .collect();
        assert_eq!(proxy_for("https://host/v1", &environment), Some("http://proxy:1"));
        assert_eq!(proxy_for("http://host/v1", &environment), Some("http://proxy:2"));
        for own in ["http://127.0.0.1:1/v1", "http://localhost:1/v1", "http://[::1]:1/v1"] {
            assert_eq!(proxy_for(own, &environment), None, "{own}");
        }
    }
}

//! The one place that speaks HTTP.

use std::error::Error as _;
use std::sync::Once;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, NoProxy, Proxy, Url, redirect};
use tokio::time::timeout;

use super::secret::Secret;
use super::{Trouble, WireRequest, WireResponse};
use crate::base::environment::Environment;
use crate::domain::settings::Timeouts;
use crate::model::fault::Phase;

/// No answer is longer; what goes on past it is taken for garbage.
const LONGEST_BODY: usize = 32 << 20;

/// The value of the header that carries `key`; `None` when no header can.
pub(super) fn key_value(prefix: &str, key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A client for one provider. Redirects are not followed, so a key goes nowhere but to the host that was named.
/// Proxies are taken from `environment` (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case), and
/// never stand between this machine and itself.
pub(super) fn client(
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

/// Sends one request and reads the whole response.
pub(super) async fn send(
    client: &Client,
    request: &WireRequest,
    key: Option<&HeaderValue>,
    timeouts: &Timeouts,
) -> Result<WireResponse, Trouble> {
    let total = Duration::from_millis(timeouts.total);
    timeout(total, send_in_time(client, request, key, timeouts))
        .await
        .unwrap_or(Err(Trouble::TimedOut { phase: Phase::Total }))
}

async fn send_in_time(
    client: &Client,
    request: &WireRequest,
    key: Option<&HeaderValue>,
    timeouts: &Timeouts,
) -> Result<WireResponse, Trouble> {
    let mut post = client
        .post(&request.url)
        .header(CONTENT_TYPE, "application/json")
        .body(request.body.clone());
    if let Some(key) = key {
        post = post.header(request.key_header.0, key);
    }
    let first_byte = Duration::from_millis(timeouts.connect.saturating_add(timeouts.first_byte));
    let mut response = timeout(first_byte, post.send())
        .await
        .map_err(|_| Trouble::TimedOut { phase: Phase::FirstByte })?
        .map_err(trouble)?;
    let mut body = Vec::new();
    let idle = Duration::from_millis(timeouts.idle);
    while let Some(piece) = timeout(idle, response.chunk())
        .await
        .map_err(|_| Trouble::TimedOut { phase: Phase::Idle })?
        .map_err(trouble)?
    {
        if body.len() + piece.len() > LONGEST_BODY {
            return Err(Trouble::Garbled { reason: format!("longer than {LONGEST_BODY} bytes") });
        }
        body.extend_from_slice(&piece);
    }
    let status = response.status().as_u16();
    Ok(WireResponse { status, retry_after: retry_after(response.headers()), body })
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

/// How long the provider asks to wait: seconds, or a date, which is read against the response's own `Date` because
/// the clocks of two machines differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| -> Option<SystemTime> { httpdate::parse_http_date(text).ok() };
    let until = date(asked)?;
    let now = date(headers.get(DATE)?.to_str().ok()?)?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
            .collect();
        retry_after(&headers)
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        assert_eq!(waits(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(waits(&[("retry-after", "0.25")]), Some(Duration::from_millis(250)));
        let dates = [
            ("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"),
            ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ];
        assert_eq!(waits(&dates), Some(Duration::from_secs(30)));
        assert_eq!(waits(&[("retry-after", "soon")]), None);
        assert_eq!(waits(&[("retry-after", "-1")]), None);
    }

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

//! Rate limits as providers tell them in the headers of every response: requests and tokens a minute.
//!
//! Sources: OpenAI, "Rate limits in headers" (`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as
//! `6m0s`); Anthropic, "Rate limits: response headers" (`anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`,
//! resets as RFC 3339 times). Both fill up again evenly, and the reset is when they are full.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// What the headers of one response say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Told {
    /// Of requests.
    pub requests: Option<Level>,
    /// Of tokens.
    pub tokens: Option<Level>,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
}

/// How full one allowance is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// What it holds when full.
    pub limit: f64,
    /// What is left.
    pub remaining: f64,
    /// When it is full again.
    pub reset: Duration,
}

impl Told {
    /// Reads the headers of a response.
    pub fn read(headers: &HeaderMap) -> Self {
        let date = || date(text(headers, DATE.as_str())?);
        let level = |kind: &str| {
            let openai = |what: &str| text(headers, &format!("x-ratelimit-{what}-{kind}"));
            let anthropic =
                |what: &str| text(headers, &format!("anthropic-ratelimit-{kind}-{what}"));
            let told = |what: &str| openai(what).or_else(|| anthropic(what));
            let reset = told("reset")?;
            let reset = duration(reset)
                .or_else(|| Some(rfc3339(reset)?.duration_since(date()?).unwrap_or_default()))?;
            let level = Level {
                limit: number(told("limit")?)?,
                remaining: number(told("remaining")?)?,
                reset,
            };
            (level.limit > 0.0 && level.remaining >= 0.0).then_some(level)
        };
        Self {
            requests: level("requests"),
            tokens: level("tokens"),
            retry_after: retry_after(headers),
        }
    }
}

/// An allowance that fills up evenly, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance(Option<Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    limit: f64,
    left: f64,
    /// What it gains in a second.
    gain: f64,
    at: Instant,
}

impl Allowance {
    /// Takes over what a response said; `under_way` is what calls not yet answered will take of it.
    pub fn learn(&mut self, level: Level, under_way: f64, now: Instant) {
        let seconds = level.reset.as_secs_f64();
        let missing = (level.limit - level.remaining).max(0.0);
        let gain = if seconds > 0.0 { missing / seconds } else { f64::INFINITY };
        let left = level.remaining - under_way;
        self.0 = Some(Known { limit: level.limit, left, gain, at: now });
    }

    /// How long until `amount` is there. What is more than the limit needs a full allowance, not for ever.
    pub fn wait(&self, amount: f64, now: Instant) -> Duration {
        let Some(known) = self.0 else { return Duration::ZERO };
        let lacking = amount.min(known.limit) - known.left_at(now);
        if lacking <= 0.0 || known.gain.is_infinite() {
            return Duration::ZERO;
        }
        // An allowance that gains nothing was full when it was told of; it is not waited for.
        Duration::try_from_secs_f64(lacking / known.gain).unwrap_or_default()
    }

    /// Takes `amount` out.
    pub fn take(&mut self, amount: f64, now: Instant) {
        if let Some(known) = &mut self.0 {
            known.left = known.left_at(now) - amount;
            known.at = now;
        }
    }
}

impl Known {
    fn left_at(&self, now: Instant) -> f64 {
        let gained = self.gain * now.saturating_duration_since(self.at).as_secs_f64();
        // Nought seconds times an infinite gain is no number, and then the allowance is full.
        if gained.is_nan() { self.limit } else { (self.left + gained).min(self.limit) }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// How long the provider asks to wait: seconds, or a date, which is read against the response's own `Date` because
/// the clocks of two machines differ; `retry-after-ms` is more exact where there is one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(ms) = text(headers, "retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    let asked = text(headers, RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(asked) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = date(asked)?;
    Some(until.duration_since(date(text(headers, DATE.as_str())?)?).unwrap_or_default())
}

/// A duration as Go writes it (`1h2m3.5s`, `12ms`), or seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, after) = rest.split_at(end);
        let units = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, scale) = units.into_iter().find(|(unit, _)| after.starts_with(*unit))?;
        seconds += number(digits)? * scale;
        rest = after.strip_prefix(unit)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// A time such as `2025-01-31T12:00:05Z`, as HTTP would write it; fractions of a second are left out.
fn rfc3339(text: &str) -> Option<SystemTime> {
    let (day, time) = text.split_once(['T', 't'])?;
    let mut day = day.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (day.next()?.ok()?, day.next()?.ok()?, day.next()?.ok()?);
    let time = time.strip_suffix(['Z', 'z'])?;
    let mut time = time.split('.').next()?.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Days of the Gregorian calendar from 1970-01-01 on. Years begin in March, so that the leap day is their last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_1970 = 719_468;
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - before_1970
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn told(headers: &[(&'static str, &'static str)]) -> Told {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
            .collect();
        Told::read(&headers)
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let waits = |headers: &[_]| told(headers).retry_after;
        assert_eq!(waits(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(waits(&[("retry-after", "0.25")]), Some(Duration::from_millis(250)));
        let exact = [("retry-after", "1"), ("retry-after-ms", "420")];
        assert_eq!(waits(&exact), Some(Duration::from_millis(420)));
        let dates = [
            ("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"),
            ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ];
        assert_eq!(waits(&dates), Some(Duration::from_secs(30)));
        assert_eq!(waits(&[("retry-after", "soon")]), None);
        assert_eq!(waits(&[("retry-after", "-1")]), None);
    }

    #[test]
    fn both_families_of_headers_are_read() {
        let openai = told(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-remaining-tokens", "-1"),
            ("x-ratelimit-reset-tokens", "0"),
        ]);
        let level = Level { limit: 60.0, remaining: 59.0, reset: Duration::from_secs(1) };
        assert_eq!((openai.requests, openai.tokens), (Some(level), None));
        let anthropic = told(&[
            ("date", "Fri, 01 Mar 2024 00:00:00 GMT"),
            ("anthropic-ratelimit-tokens-limit", "80000"),
            ("anthropic-ratelimit-tokens-remaining", "20000"),
            ("anthropic-ratelimit-tokens-reset", "2024-03-01T00:00:45Z"),
        ]);
        let level = Level { limit: 80e3, remaining: 20e3, reset: Duration::from_secs(45) };
        assert_eq!((anthropic.requests, anthropic.tokens), (None, Some(level)));
    }

    #[test]
    fn durations_and_times_are_read_in_every_form() {
        for (text, ms) in [("12ms", 12), ("6m0s", 360_000), ("1h0m1.5s", 3_601_500), ("3", 3_000)] {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(duration("soon"), None);
        for (time, http) in [
            ("2024-02-29T12:00:05Z", "Thu, 29 Feb 2024 12:00:05 GMT"),
            ("2026-11-21T23:59:59.25Z", "Sat, 21 Nov 2026 23:59:59 GMT"),
        ] {
            assert_eq!(rfc3339(time), date(http), "{time}");
        }
        assert_eq!(rfc3339("2024-13-01T00:00:00Z"), None);
    }

    #[test]
    fn an_allowance_fills_up_evenly() {
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        let mut allowance = Allowance::default();
        assert_eq!(allowance.wait(1e9, start), Duration::ZERO, "what is unknown holds nobody up");
        let level = Level { limit: 60.0, remaining: 1.0, reset: Duration::from_secs(59) };
        allowance.learn(level, 0.0, start);
        assert_eq!(allowance.wait(1.0, start), Duration::ZERO);
        allowance.take(1.0, start);
        assert_eq!(allowance.wait(1.0, start), Duration::from_secs(1));
        assert_eq!(allowance.wait(1.0, later(600)), Duration::from_millis(400));
        assert_eq!(allowance.wait(1e9, start), Duration::from_secs(60), "no more than a full one");
        allowance.learn(level, 3.0, start);
        assert_eq!(allowance.wait(1.0, start), Duration::from_secs(3), "calls under way count");
        allowance.learn(Level { reset: Duration::ZERO, ..level }, 5.0, start);
        assert_eq!(allowance.wait(60.0, start), Duration::ZERO);
    }
}

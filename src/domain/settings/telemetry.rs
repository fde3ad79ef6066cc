//! Where calls are told about: the table `[telemetry]` of `hyperagent.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A collector of OpenTelemetry. Only builds with the feature `otel` can tell it anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySpec {
    /// Where spans are sent, as OTLP over HTTP: the whole address, such as `http://127.0.0.1:4318/v1/traces`; absent:
    /// nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Headers the collector wants, each with the environment variable that holds its value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header_env: BTreeMap<String, String>,
    /// Whether prompts and answers are sent too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prompts: bool,
}

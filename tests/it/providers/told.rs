//! What a collector of OpenTelemetry is told of calls.

#[cfg(feature = "otel")]
mod collector;

use super::KEY;
use hyperagent::base::environment::Environment;
use hyperagent::domain::settings::LabConfig;
use hyperagent::model::{ModelError, Models};

fn models(config: &str) -> Result<Models, ModelError> {
    let config: LabConfig = toml::from_str(config).expect("settings");
    let environment: Environment =
        [("PLANTED_KEY", KEY), ("COLLECTOR_KEY", "let-me-in")].into_iter().collect();
    Models::new(&config, std::path::Path::new("/nowhere"), &environment)
}

#[test]
fn a_build_that_can_tell_nobody_says_so_instead_of_keeping_silent() {
    let asked = models("[telemetry]\nendpoint = 'http://127.0.0.1:4318/v1/traces'\n");
    if cfg!(feature = "otel") {
        asked.expect("it can");
    } else {
        let words = asked.expect_err("refused").to_string();
        assert!(words.contains("cargo feature `otel`"), "{words}");
    }
}

//! What the program says of its inner work, to standard error, when `RUST_LOG` asks for it; otherwise nothing.
//!
//! Only events of this program are written, never those of a library: an HTTP client's own words may hold a key.

use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::edge::Edge;
use super::failure::Failure;

const VARIABLE: &str = "RUST_LOG";

/// Installs the log, if the environment asks for one.
pub fn begin(edge: &Edge) -> Result<(), Failure> {
    let Some(directives) = edge.environment.get(VARIABLE) else { return Ok(()) };
    let filter = EnvFilter::try_new(directives).map_err(|fault| {
        Failure::usage(format!("{VARIABLE} is no filter: {fault}"))
            .next(format!("unset {VARIABLE}, or write {VARIABLE}=hyperagent=debug"))
    })?;
    let own = FilterFn::new(|event| event.target().split("::").next() == Some("hyperagent"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(own);
    // A second log in one process is none: the first goes on.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Ok(())
}

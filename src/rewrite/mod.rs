//! Layer 3: the meta role's rewrites and their validation.
//!
//! A rewrite is text from a model. Before a token is spent on it, [`validate`] takes it through four stages, each only
//! when the one before found nothing, and each collecting everything it finds:
//!
//! | stage | consumes | gives | looks at |
//! |---|---|---|---|
//! | 0 intake | [`Submission`] | [`Screened`] | paths, links, sizes, encoding, secrets, duplicates |
//! | 1 parse | [`Screened`] | [`Parsed`] | TOML and its keys, templates, the script's syntax |
//! | 2 signature | [`Parsed`] | [`Agent`] | roles, ranges, aliases, variables, hooks and names |
//! | 3 dry run | [`Agent`] | [`Agent`] | every prompt rendered, every hook run twice, a mock world |
//!
//! The findings go back to the meta role for a repair, so each names the file, the line, and what is allowed.
//! `docs/validation.md` lists every code. Stage 4 is the guard on real actions: [`guard_outer`] and [`guard_inner`].

mod agent;
mod config;
pub mod context;
mod dry_run;
mod finding;
mod guard;
mod intake;
mod library;
mod parse;
mod secret;
mod signature;
pub mod simulate;
mod submission;
pub mod tools;
mod validate;

pub use agent::Agent;
pub use guard::{
    InnerFacts, OuterFacts, Standing, guard_boundary, guard_inner, guard_outer, guard_role,
};
pub use intake::{MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_BYTES, Screened, read_folder};
pub use library::Library;
pub use parse::Parsed;
pub use submission::{Rules, Submission};
pub use validate::{Report, validate};

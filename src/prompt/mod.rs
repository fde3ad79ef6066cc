//! Layer 2: prompt files as strict templates.
//!
//! A prompt file is front matter between `+++` lines - what the prompt `requires`, what it `may_use`, the form of the
//! answer it asks for - and then a template. Agents write prompts, so a prompt is checked like code: [`Prompt::parse`]
//! refuses what is not in the language, [`Prompt::check`] compares it with the table of variables of its role, and
//! [`Prompt::render`] fails on anything undefined instead of leaving a hole.
//!
//! The language is the part of Jinja that cannot grow its input: output, conditions, loops, a list of filters, and
//! no assignment, macro, call, concatenation or inclusion. So the time and memory of a rendering are bounded by the
//! template's text times its context, and a hostile prompt cannot exhaust the process that renders it.

mod fault;
mod filters;
mod front;
mod language;
mod narrow;
mod samples;
mod template;
mod variables;

pub use fault::PromptFault;
pub use filters::FILTERS;
pub use front::{FrontMatter, Output};
pub use narrow::narrow;
#[cfg(test)]
pub(crate) use samples::assert_fills;
pub use samples::{Sample, samples};
pub use template::{MAX_RENDERED_BYTES, Prompt};
pub use variables::{Field, Kind, ROLES, RoleVariables, Shape, Variable, role, show_names};

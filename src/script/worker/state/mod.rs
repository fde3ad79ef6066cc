//! The state as scripts see it: shared nodes behind read-only Starlark values.
//!
//! [`node`] holds the data, [`world`] changes it by deltas, [`record`] and [`list`] show it to a script. A script's value
//! is a pointer to a node; numbers and texts are copied to the call's heap when they are read, nothing else is.

pub mod list;
pub mod node;
pub mod record;
pub mod world;

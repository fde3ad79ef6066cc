//! Layer 0: the ground everything stands on, free of any idea of agents or tasks.
//!
//! Nothing here knows the domain. Time, randomness and files come in as values, so the layers above stay
//! deterministic and testable.

pub mod clock;
pub mod digest;
pub mod durable;
pub mod environment;
pub mod failpoint;
pub mod few;
pub mod id;
pub mod rng;
pub mod tagged;
pub mod toml_text;
pub mod unit;

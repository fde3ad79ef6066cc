//! The sandbox of Linux. The design is told in the parent module.

mod output;
mod probe;
mod start;
pub mod supervisor;
mod wire;

mod allow;
mod bounds;
mod calls;
mod chamber;
mod child;
mod identity;
mod places;
mod rights;
mod tree;
mod watch;

mod attack;
mod sys;

use super::{error, report, spec};

pub use probe::{attacks, probe};
pub use start::{Running, start};

//! Layer 2: who answers. One request, one reply; the dialects translate.
//!
//! [`Models`] knows every alias of a lab and asks whoever stands behind it: the offline optimiser, a file of answers, a
//! recorded run, or a provider over HTTP. Keys, prices, caps, time-outs and asking again are settled here, so that
//! those who ask see a [`Reply`] or a [`ModelError`], and what that means for the run is its [`Consequence`].

mod brief;
mod request;

mod fault;

mod budget;
mod price;

pub mod offline;
mod scripted;
#[cfg(feature = "http")]
mod wire;

mod registry;

pub use crate::domain::event::OperatorCredit;
pub use brief::{Brief, Lesson, MetaBrief, WorkerBrief};
pub use budget::{Cap, Spent};
pub use fault::{AnswerFault, Consequence, ModelError, Phase, Trouble};
pub use registry::{Models, Recording};
pub use request::{Message, Reply, Request, Speaker};
pub use scripted::ScriptFault;

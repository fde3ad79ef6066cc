//! Layer 2: who answers. One request, one reply; the dialects translate.
//!
//! [`Models`] knows every alias of a lab and asks whoever stands behind it: the offline optimiser, a file of answers, a
//! recorded run, or a provider over HTTP. Keys, prices, caps, time-outs and asking again are settled here, so that
//! those who ask see a [`Reply`] or a [`ModelError`], and what that means for the run is its [`Consequence`].
//!
//! A [`Request`] is a call of a run. What of it goes over a wire is a [`Chat`], and what comes back an [`Answer`]: text,
//! calls of tools, why the model stopped, what it used. Dialects know only these two.

mod brief;
mod chat;
mod request;

mod fault;

mod budget;
mod pauses;
mod price;
#[cfg(feature = "otel")]
mod telemetry;

pub mod offline;
mod scripted;
#[cfg(feature = "http")]
mod wire;

mod agent;
mod backend;
mod registry;

pub use crate::domain::event::OperatorCredit;
pub use backend::Recording;
pub use brief::{AdviceBrief, Brief, CasesBrief, JudgeBrief, Lesson, MetaBrief, WorkerBrief};
pub use budget::{Caller, Cap, Limits, Scope, Spent};
pub use chat::{Answer, Chat, Schema, Tool, ToolCall, ToolResult, Turn};
pub use fault::{AnswerFault, Consequence, ModelError, Phase, Trouble};
pub use pauses::Paused;
pub use price::Tokens;
pub use registry::Models;
pub use request::{Message, NativeTurn, Reply, Request, Speaker, Toolbox};
pub use scripted::ScriptFault;

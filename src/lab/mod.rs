//! Layer 2: a lab on disk: its settings, its tasks and its agents.
//!
//! A lab is a folder with `hyperagent.toml`. [`Lab`] finds and opens one and knows where everything in it is; [`init()`]
//! writes a new one from files inside the binary.

pub mod agents;
mod config;
mod dotenv;
mod folder;
pub mod foreign;
mod init;
pub mod params;
pub mod tasks;

pub use config::ConfigFault;
pub use dotenv::DotenvFault;
pub use folder::{Lab, LabError};
pub use init::{Created, InitError, init};

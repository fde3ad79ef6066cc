//! Layer 1: the words of the trade as plain data and pure functions. No IO.

pub mod action;
pub mod agent;
pub mod choice;
pub mod consult;
pub mod credit;
pub mod edit;
pub mod editable;
pub mod estimate;
pub mod event;
pub mod files;
pub mod glob;
pub mod lineage;
pub mod meaning;
pub mod merge;
pub mod normal;
pub mod outcome;
pub mod report;
pub mod sealed;
pub mod settings;
pub mod settings_rule;
pub mod simulated;
pub mod state;
pub mod stats;
pub mod suite;
pub mod task;
pub mod tool;

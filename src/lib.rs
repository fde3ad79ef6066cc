//! A bench for self-improving agents. `ARCHITECTURE.md` has the layers, the invariants and the path of one attempt.

pub mod base;
pub mod domain;

pub mod sandbox;

pub mod archive;
pub mod journal;
pub mod lab;
pub mod lint;
pub mod model;
pub mod prompt;
pub mod script;

pub mod evaluate;
pub mod rewrite;
pub mod solve;

pub mod engine;

pub mod view;

pub mod cli;

//! Runs that are killed: at every place where a process writes, moves, starts or is answered, and at any moment.
#![cfg(test)]

mod again;
pub(crate) mod matrix;
mod paid;
mod random;
mod restart;
pub(crate) mod scene;
mod still;

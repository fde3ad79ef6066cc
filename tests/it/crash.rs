//! Runs that are killed: at every place where a process writes, moves, starts or is answered, and at any moment; runs whose
//! disk is full at every place where a process writes; and a clock that jumps.
#![cfg(test)]

mod again;
mod clock;
pub(crate) mod matrix;
mod paid;
mod race;
mod random;
mod restart;
pub(crate) mod scene;
mod still;

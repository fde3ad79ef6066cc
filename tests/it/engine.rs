//! Whole runs of the built program, on a task small enough that a run takes seconds.
#![cfg(test)]

mod actions;
mod advice;
mod arena;
mod budget;
mod certify;
mod control;
mod ensemble;
mod fields;
mod gate;
mod improver;
mod interrupted;
mod judge;
mod linter;
mod offline;
mod refund;
mod scripted;
mod several;
pub(crate) mod toy;

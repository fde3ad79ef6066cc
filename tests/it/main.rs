//! Everything that needs the built binary: one test program, a module per subject.

mod agents;
mod archive;
mod cheats;
mod cli;
mod cpu_limit;
mod crash;
mod damage;
mod engine;
mod evaluate;
mod foreign;
mod fuzzed;
mod grading;
mod layers;
mod leftovers;
mod measuring;
mod methods;
mod metric_line;
mod mock;
mod model;
mod providers;
mod sandbox;
mod script;
mod simulate;
mod slow;
mod tasks;
mod validation;

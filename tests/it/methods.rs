//! The seeds as methods: what each draws and decides, held against the formulas of its publication, and what runs of it do.
#![cfg(test)]

mod gepa;
mod hgm;
mod levels;
mod parents;
mod rqgm;
mod shinka;
mod shipped;
mod states;

/// The seeds, by name.
const SEEDS: [&str; 10] = [
    "autoresearch",
    "dgm",
    "feedback",
    "gepa",
    "hgm",
    "hyperagent",
    "mgm",
    "rqgm",
    "shinka",
    "sica",
];

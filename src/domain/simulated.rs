//! A strategy in a made-up world: how large, what kind, and what it did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Diagnostic, GenerationStatus};
use crate::base::id::GenerationId;

/// What kind of world a strategy is played against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// Every measurement is a draw of its own: nothing can be learnt.
    Even,
    /// Children differ a little from their parents, and measurements tell little: noise of 0.2 on steps of 0.05.
    Noisy,
    /// Most steps climb a hill of 0.6; the way to 0.95 leads through four steps that cost 0.08 each.
    Deceptive,
    /// Nothing changes for a while, then it jumps by 0.2: several children in a row are worth the same.
    Plateau,
    /// Each attack makes the suite harder, and what generations were worth with it.
    Coevolving,
}

impl World {
    /// All of them, the even one apart: in it nothing can be told about a strategy.
    pub const TELLING: [Self; 4] = [Self::Noisy, Self::Deceptive, Self::Plateau, Self::Coevolving];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Noisy => "noisy",
            Self::Deceptive => "deceptive",
            Self::Plateau => "plateau",
            Self::Coevolving => "coevolving",
        }
    }
}

/// How large a made-up run is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// New generations it may make.
    pub generations: u32,
    /// Episodes a generation is measured on.
    pub episodes: u32,
    /// Actions after which it ends.
    pub steps: u32,
}

/// What a strategy did in a world.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulated {
    /// The world.
    pub world: World,
    /// Actions decided.
    pub steps: u32,
    /// Actions by name; those never taken are left out.
    pub actions: BTreeMap<&'static str, u32>,
    /// The tree it grew, oldest first.
    pub generations: Vec<SimulatedGeneration>,
    /// Episodes measured.
    pub evals: u32,
    /// Why it ended.
    pub end: String,
    /// What the script did wrong, if it did.
    pub fault: Option<Diagnostic>,
    /// States from which nothing can come, and habits that waste a run.
    pub dead: Vec<String>,
    /// The true worth of the generation it would call the best: the live one with the highest mean.
    pub picked: f64,
    /// The true worth of the best generation it made.
    pub highest: f64,
}

/// A generation of a made-up run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulatedGeneration {
    /// Its number.
    pub id: GenerationId,
    /// Where it came from.
    pub parents: Vec<GenerationId>,
    /// The script's word.
    pub op: String,
    /// Valid, or rejected by the play.
    pub status: GenerationStatus,
    /// Episodes measured.
    pub n: u32,
    /// Their mean score.
    pub mean: f64,
    /// What it is truly worth.
    pub worth: f64,
    /// Whether it is out of selection.
    pub retired: bool,
}

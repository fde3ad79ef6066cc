//! Layer 3: the inner loop. It never sees a grader.
//!
//! [`episode::Episode`] is a machine without IO: it says what is wanted next and is fed what came of it. The engine
//! drives it: scripts, models and measurements happen there. [`world`] is the episode as a script sees it,
//! [`context`] as a prompt sees it, and [`candidate`] turns an answer into a candidate or a reason.

pub mod candidate;
pub mod context;
pub mod episode;
pub mod tools;
pub mod world;

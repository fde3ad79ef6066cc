//! The verbs, a file each: what it takes, what it does.

pub mod adopt;
pub mod best;
pub mod completions;
pub mod cost;
pub mod diff;
pub mod doctor;
pub mod export;
pub mod import;
pub mod init;
pub mod log;
pub mod model;
pub mod pause;
pub mod replay;
pub mod resume;
pub mod rollback;
pub mod run;
pub mod seed;
pub mod show;
pub mod simulate;
pub mod status;
pub mod stop;
pub mod suite;
pub mod task;
pub mod test;
pub mod trace;
pub mod validate;

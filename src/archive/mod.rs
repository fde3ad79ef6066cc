//! Layer 2: generations as git commits. The only user of git2.

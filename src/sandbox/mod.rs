//! Layer 1.5: the only place that starts a process.

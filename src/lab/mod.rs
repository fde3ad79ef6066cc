//! Layer 2: a lab on disk: its settings, its tasks and its agents.

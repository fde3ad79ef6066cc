//! Layer 2: prompt files as strict templates.

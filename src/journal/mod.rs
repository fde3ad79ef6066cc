//! Layer 2: the append-only record that a run is rebuilt from.

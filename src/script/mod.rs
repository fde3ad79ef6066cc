//! Layer 2: strategy scripts, in a worker process of their own.

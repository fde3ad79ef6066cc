//! Layer 3: the inner loop. It never sees a grader.

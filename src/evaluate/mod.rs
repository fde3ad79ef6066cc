//! Layer 3: measuring candidates. It never sees a model.

//! Layer 3: the meta role's rewrites and their validation.

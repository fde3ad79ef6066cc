//! Answers to edits: placeholder until the parser lands.

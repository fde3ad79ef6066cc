//! Tests of the subject named by this file.

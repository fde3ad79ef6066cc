//! Layer 4: the outer loop's driver, the only writer of journal and archive.

//! Read side: what a journal and an archive say, folded for people and programs.

//! Plans: files of command lines that are done as a whole. So far their text: no command carries one out yet.

pub mod text;

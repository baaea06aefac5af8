//! Plans: files of command lines that are done as a whole, as few messages and system calls as the kernel allows.
//!
//! [`text`] reads the lines; `world` runs them against a kernel that only writes down what would change; `run` carries
//! that out, in bulk; `journal` remembers how it is taken back.

pub(crate) mod journal;
pub(crate) mod run;
mod same;
pub mod text;
pub(crate) mod wait;
pub(crate) mod world;

//! Linux network namespaces from the command line.
//!
//! Words → [`grammar`] → a typed request ([`cmd::Command`]) → netlink or system calls → [`out`].
//! Parsing touches nothing: a request is complete and checked before anything is done.
#![forbid(unsafe_code)]

pub mod cmd;
pub mod failure;
#[cfg(feature = "firewall")]
pub mod fw;
pub mod grammar;
pub mod names;
pub mod out;
#[cfg(feature = "plans")]
pub mod plan;

pub use cmd::run;
pub use failure::Failure;

//! Linux network namespaces in safe Rust: made, named, entered, asked; programs started in them; netlink spoken inside.
//!
//! # The model
//! A namespace is an [`Ns`]: a descriptor that keeps it alive and was itself asked whether it is one. A [`Dir`] holds names:
//! files that namespaces are mounted on, in iproute2's layout. A [`Spawn`] is a program to run in new namespaces or inside
//! one; what it becomes is a [`Child`]. A [`netlink::Conn`] talks to the kernel from inside the namespace it was opened in.
//!
//! # What is guaranteed
//! - The caller's thread is where it was, also after a failure: what has to be done in another namespace is done by a thread
//!   or a child that ends there. But [`Ns::enter`], [`Spawn::exec`] and two functions of [`process`], which say so.
//! - What fails leaves nothing behind: no file, mount, directory, process or descriptor that was made on the way.
//! - A namespace is known by its descriptor, never by a path, a process by its pidfd, never by a number.
//! - No descriptor survives an exec, and dispositions reach a program as this one got them (with [`main!`]).
//! - All `unsafe` code is in `sys.rs`, one system call a function.
//!
//! Linux 5.4 (`waitid` by pidfd) is needed for processes; all else asks for what it wants and does without what is missing.
//!
//! ```no_run
//! use netns_sys::{Dir, Spawn};
//! use std::ffi::OsStr;
//!
//! let name = OsStr::new("blue");
//! let ns = Dir::default().add(name)?;
//! let exit = Spawn::new("ip").args(["address"]).inside(&ns, Some(name))?.spawn()?.wait()?;
//! Dir::default().remove(name)?;
//! std::process::exit(exit.status());
//! # Ok::<(), netns_sys::Error>(())
//! ```
pub mod bpf;
pub mod bulk;
pub mod error;
mod helper;
pub mod holders;
mod inside;
pub mod maps;
pub mod mount;
pub mod named;
pub mod netlink;
pub mod ns;
pub mod probe;
pub mod process;
pub mod rootless;
pub mod sort;
pub mod spawn;
mod steps;
mod sys;
#[cfg(test)]
extern crate self as netns_sys;
#[cfg(test)]
#[path = "../tests/sandbox/mod.rs"]
mod sandbox;
pub mod tun;
pub mod vrf;

pub use error::{Errno, Error, Kind, NameRule, Result};
pub use maps::Maps;
pub use named::Dir;
pub use ns::{Ns, NsFlags, NsId};
pub use process::{Child, Exit, Held};
pub use spawn::Spawn;
pub use sys::{LocalTime, PollFd, Stdio, local_time, poll, start, terminal_width};

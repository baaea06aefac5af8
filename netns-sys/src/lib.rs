//! Linux network namespaces in safe Rust.
pub mod error;
pub mod netlink;
pub mod ns;
pub mod process;
mod sys;
pub use error::{Errno, Error, Kind, NameRule, Result};
pub use ns::{Ns, NsFlags, NsId};
pub use sys::{PollFd, Stdio, poll, restore_sigpipe};

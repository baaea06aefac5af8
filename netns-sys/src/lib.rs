//! Linux network namespaces in safe Rust.
pub mod error;
pub mod holders;
pub mod mount;
pub mod named;
pub mod netlink;
pub mod ns;
pub mod probe;
pub mod process;
mod sys;
pub use error::{Errno, Error, Kind, NameRule, Result};
pub use named::Dir;
pub use ns::{Ns, NsFlags, NsId};
pub use process::{Child, Exit, Spawn};
pub use sys::{PollFd, Stdio, poll, restore_sigpipe};

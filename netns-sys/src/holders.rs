//! The namespaces there are, and what keeps each alive, as far as /proc shows it: processes and single threads in it, open
//! descriptors of it, sockets that live in it, places where it is mounted, and namespaces that it owns.
//!
//! Nobody can see: descriptors on their way through a socket or registered with an io_uring, files of its /proc/net that are
//! open, what the kernel itself does in it (NFS), and what belongs to processes that the caller may not look into; how many
//! these are is [`Hidden`]. Processes that come and go meanwhile may be missed.

mod fds;
mod scan;

use crate::error::{At, Errno, Error, Result};
use crate::ns::{Ns, NsFlags, NsId};
use crate::process;
use crate::sys::CWD;
use scan::Scan;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// One that keeps a namespace alive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A process (its first thread) is in it.
    Process {
        /// Its id.
        pid: u32,
    },
    /// A thread is in it, and its process is not.
    Thread {
        /// Its process.
        pid: u32,
        /// Its id.
        tid: u32,
    },
    /// A process is not in it, and its next child will be (PID and time namespaces).
    ForChildren {
        /// The process.
        pid: u32,
    },
    /// A process has a descriptor of it open.
    Fd {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// A process that is not in it has a socket (or a descriptor of /dev/net/tun) that lives in it.
    Socket {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// It is mounted somewhere.
    Mount {
        /// A process that sees the mount.
        pid: u32,
        /// The inode number of that process' mount namespace.
        namespace: u64,
        /// Where, as that process sees it.
        path: PathBuf,
    },
    /// It is the owner or the parent of another namespace (user and PID namespaces).
    Namespace {
        /// The inode number of the other one.
        ino: u64,
    },
}

impl Holder {
    /// The process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match *self {
            Holder::Process { pid }
            | Holder::Thread { pid, .. }
            | Holder::ForChildren { pid }
            | Holder::Fd { pid, .. }
            | Holder::Socket { pid, .. }
            | Holder::Mount { pid, .. } => Some(pid),
            Holder::Namespace { .. } => None,
        }
    }
}

/// What to look for besides processes. Each costs a look at every thread, descriptor or mount namespace of the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Single threads.
    pub threads: bool,
    /// Descriptors of namespaces.
    pub fds: bool,
    /// Sockets. To ask one where it lives it is duplicated (pidfd_getfd(2), Linux 5.6); where control groups of version 1
    /// class sockets (net_cls, net_prio) that would move it into the caller's class, and they are left alone.
    pub sockets: bool,
    /// Mounts, through one process of each mount namespace.
    pub mounts: bool,
    /// Owners and parents, whoever keeps them.
    pub owners: bool,
}

impl Look {
    /// Everything.
    pub const ALL: Look = Look { threads: true, fds: true, sockets: true, mounts: true, owners: true };
}

/// What could not be looked into for lack of privilege.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hidden {
    /// Processes.
    pub processes: usize,
    /// Sockets of processes that could.
    pub sockets: usize,
    /// Sockets that were left alone, see [`Look::sockets`].
    pub classed: usize,
    /// Mount namespaces.
    pub mounts: usize,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// Those that keep it alive, by process id.
    pub found: Vec<Holder>,
    /// What could not be looked into.
    pub hidden: Hidden,
}

/// A namespace that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its type.
    pub kind: NsFlags,
    /// What tells it from others; the id that is never used again is `None` also where it could not be opened.
    pub id: NsId,
    /// The inode number of the user namespace that owns it (of a user namespace: its parent), if that is the caller's or below.
    pub owner: Option<u64>,
    /// The user who made that user namespace (of a user namespace: this one).
    pub owner_uid: Option<u32>,
    /// The inode number of the PID namespace it was made in, if it is one and that can be seen.
    pub parent: Option<u64>,
    /// What keeps it alive, by process id.
    pub holders: Vec<Holder>,
}

impl Namespace {
    /// Opens it, if it is a network namespace, through one of those that keep it alive.
    ///
    /// # Errors
    /// `ESRCH`: it is gone, or out of reach.
    pub fn open(&self) -> Result<Ns> {
        let same =
            |ns: &Ns| ns.id().is_ok_and(|id| id == self.id && (self.id.id64.is_none() || id.id64 == self.id.id64));
        let open = |holder: &Holder| holder.open().ok().filter(same);
        self.holders.iter().find_map(open).ok_or_else(|| Errno::ESRCH.at("open namespace", self.id.ino.to_string()))
    }
}

impl Holder {
    /// The network namespace that is there now.
    fn open(&self) -> Result<Ns> {
        match self {
            Holder::Process { pid } => Ns::open(format!("/proc/{pid}/ns/net").as_ref()),
            Holder::Thread { pid, tid } => Ns::open(format!("/proc/{pid}/task/{tid}/ns/net").as_ref()),
            Holder::Fd { pid, fd } => Ns::open(format!("/proc/{pid}/fd/{fd}").as_ref()),
            Holder::Socket { pid, fd } => Ns::of_socket(process::open(*pid)?.as_fd(), *fd),
            Holder::Mount { pid, path, .. } => {
                let mut at = OsString::from(format!("/proc/{pid}/root"));
                at.push(path);
                Ns::open(at.as_ref())
            }
            Holder::ForChildren { .. } | Holder::Namespace { .. } => Err(Errno::ENOENT.at("open", "a namespace")),
        }
    }
}

/// Looks through /proc for holders of a network namespace.
///
/// # Errors
/// [`Error::NoProc`]; those of reading /proc.
pub fn holders(id: &NsId, look: Look) -> Result<Holders> {
    let known =
        Namespace { kind: NsFlags::NET, id: *id, owner: None, owner_uid: None, parent: None, holders: Vec::new() };
    let (found, hidden) = Scan::of(known, look).run()?;
    Ok(Holders { found: found.into_iter().flat_map(|ns| ns.holders).collect(), hidden })
}

/// All namespaces of these types that can be found.
///
/// # Errors
/// Those of [`holders`].
pub fn namespaces(kinds: NsFlags, look: Look) -> Result<(Vec<Namespace>, Hidden)> {
    Scan::new(kinds, look).run()
}

/// Where namespaces are mounted, in the caller's mount namespace: type, inode number, mount point.
///
/// # Errors
/// [`Error::NoProc`]; those of reading `/proc/self/mountinfo`.
pub fn mounts() -> Result<Vec<(NsFlags, u64, PathBuf)>> {
    let mut text = Vec::new();
    match scan::slurp(CWD, c"/proc/self/mountinfo", &mut text) {
        Err(Errno::ENOENT) => Err(Error::NoProc { op: "look for mounts" }),
        done => done.at("read", "/proc/self/mountinfo"),
    }?;
    Ok(scan::nsfs_mounts(&text).collect())
}

//! Who keeps a network namespace alive, as far as /proc shows it: processes and threads in it, and open descriptors of it.
//! Sockets in it, bind mounts in other mount namespaces and child user namespaces can hold one too, and are not looked for.

use crate::error::{Errno, Error, Result};
use crate::ns::NsId;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One that keeps a namespace alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A process (its first thread) is in it.
    Process {
        /// Its id.
        pid: u32,
    },
    /// A thread other than the first is in it.
    Thread {
        /// Its process.
        pid: u32,
        /// Its id.
        tid: u32,
    },
    /// A process has a descriptor of it open.
    Fd {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
}

impl Holder {
    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let (Holder::Process { pid } | Holder::Thread { pid, .. } | Holder::Fd { pid, .. }) = *self;
        pid
    }
}

/// What to look for besides processes. Each costs a look at every thread or descriptor of the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Threads other than the first.
    pub threads: bool,
    /// Descriptors.
    pub fds: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// Those that keep it alive, by process id.
    pub found: Vec<Holder>,
    /// Processes that could not be looked into for lack of privilege.
    pub hidden: usize,
}

/// Looks through /proc for holders of a network namespace. Processes that come and go meanwhile may be missed.
///
/// # Errors
/// [`Error::NoProc`]; `EACCES` and others of reading /proc.
pub fn holders(id: &NsId, look: Look) -> Result<Holders> {
    let pids = numbers(Path::new("/proc")).map_err(|e| match e {
        Errno::ENOENT => Error::NoProc { op: "look for processes" },
        e => e.at("read directory", "/proc"),
    })?;
    if pids.is_empty() {
        return Err(Error::NoProc { op: "look for processes" });
    }
    let mut holders = Holders::default();
    for pid in pids {
        match of_process(id, pid, look, &mut holders.found) {
            Ok(()) | Err(Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR) => {} // it ended meanwhile
            Err(Errno::EACCES | Errno::EPERM) => holders.hidden = holders.hidden.saturating_add(1),
            Err(e) => return Err(e.at("read", format!("/proc/{pid}"))),
        }
    }
    Ok(holders)
}

fn of_process(id: &NsId, pid: u32, look: Look, found: &mut Vec<Holder>) -> std::result::Result<(), Errno> {
    let dir = Path::new("/proc").join(pid.to_string());
    match is(id, &dir.join("ns/net")) {
        Ok(true) => found.push(Holder::Process { pid }),
        // A process that ended and was not waited for has no namespaces, but may have threads.
        Ok(false) | Err(Errno::ENOENT) => {}
        Err(e) => return Err(e),
    }
    if look.threads {
        for tid in numbers(&dir.join("task"))?.into_iter().filter(|tid| *tid != pid) {
            if is(id, &dir.join(format!("task/{tid}/ns/net"))).unwrap_or(false) {
                found.push(Holder::Thread { pid, tid });
            }
        }
    }
    if look.fds {
        for fd in numbers(&dir.join("fd"))? {
            // The descriptor's own record has the inode's number (5.14), and reading it cannot hang on a dead file system.
            let info = fs::read_to_string(dir.join(format!("fdinfo/{fd}"))).unwrap_or_default();
            let ino = info.lines().find_map(|line| line.strip_prefix("ino:")).map(|ino| ino.trim().parse());
            let path = dir.join(format!("fd/{fd}"));
            let alike = match ino {
                Some(ino) => ino == Ok(id.ino),
                None => fs::read_link(&path).is_ok_and(|to| to.as_os_str().as_encoded_bytes().starts_with(b"net:[")),
            };
            if alike && is(id, &path).unwrap_or(false) {
                found.push(Holder::Fd { pid, fd });
            }
        }
    }
    Ok(())
}

/// Whether the file at `path` (followed, not opened) is this namespace.
fn is(id: &NsId, path: &Path) -> std::result::Result<bool, Errno> {
    let st = fs::metadata(path)?;
    Ok((st.dev(), st.ino()) == (id.dev, id.ino))
}

/// The names of a directory's entries that are numbers, sorted.
fn numbers(dir: &Path) -> std::result::Result<Vec<u32>, Errno> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        match entry {
            Ok(entry) => numbers.extend(entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok())),
            Err(e) if e.kind() == ErrorKind::NotFound => break,
            Err(e) => return Err(e.into()),
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

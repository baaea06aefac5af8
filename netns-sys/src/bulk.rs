//! Many names at once: namespaces made, named and filled by threads that end in them, and taken away together.
//!
//! A namespace costs the kernel about 400 µs; what is done here besides is kept to four system calls a name (unshare, the
//! file, close, mount). Names that are taken away together let the kernel free all namespaces in one go: each is held open until
//! the last is unmounted, since the first that is let go starts the kernel's cleaner.

use crate::error::{At, Errno, Error, Result};
use crate::mount;
use crate::named::{Dir, Ready, c_name};
use crate::ns::{Ns, NsFlags, NsId, proc_fd};
use crate::sort::sort_by_key;
use crate::sys;
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// How many threads take names away at most, and how many names are worth one. Each unmount waits for all processors to pass
/// through a quiet state, and those of several threads wait together.
const REMOVERS: usize = 8;
const NAMES_A_THREAD: usize = 32;

/// What [`Dir::add_all`] did.
#[derive(Debug, Default)]
pub struct Added {
    /// The positions of the names that were made, in no order.
    pub made: Vec<usize>,
    /// The positions of those that failed, or whose work failed (these are made too).
    pub failed: Vec<(usize, Error)>,
}

impl Dir {
    /// Makes a network namespace for each of `names`, and gives it that name. `workers` threads do that; each calls `inside`
    /// with the name's position, in the new namespace, and ends there. After the first failure no more are made. The caller's
    /// thread stays where it is; nobody else can make a name meanwhile.
    ///
    /// # Errors
    /// Those of [`Dir::add`] that are not of one name.
    pub fn add_all(
        &self,
        names: &[&OsStr],
        workers: usize,
        inside: impl Fn(usize) -> Result<()> + Sync,
    ) -> Result<Added> {
        let ready = self.ready()?;
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            let mut added = Added::default();
            while !stop.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(at) else { break };
                let made = make(&ready, name);
                if made.is_ok() {
                    added.made.push(at);
                }
                if let Err(error) = made.and_then(|()| inside(at)) {
                    stop.store(true, Ordering::Relaxed);
                    added.failed.push((at, error));
                }
            }
            added
        };
        let mut all = Added::default();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..workers.clamp(1, names.len().max(1)))
                .map(|_| thread::Builder::new().spawn_scoped(scope, work).at("start a thread", ""))
                .collect();
            let mut unstarted = None;
            let mut started = 0_usize;
            for thread in threads {
                match thread {
                    Ok(thread) => {
                        let added = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                        all.made.extend(added.made);
                        all.failed.extend(added.failed);
                        started = started.saturating_add(1);
                    }
                    Err(error) => unstarted = Some(error),
                }
            }
            // One that runs does all the work.
            unstarted.filter(|_| started == 0).map_or(Ok(()), Err)
        })?;
        if !all.made.is_empty() {
            ready.keep();
        }
        Ok(all)
    }

    /// Takes names away, each of them once, as [`Dir::remove`] does. Gives back those that failed, by position.
    ///
    /// # Errors
    /// Those of [`Dir::remove`] that are not of one name.
    pub fn remove_all(&self, names: &[&OsStr]) -> Result<Vec<(usize, Error)>> {
        let missing = |name: &OsStr| Error::NoSuchName { name: name.to_owned() };
        let _lock = match self.lock() {
            Err(e) if e.errno() == Some(Errno::ENOENT) => {
                return Ok(names.iter().map(|n| missing(n)).enumerate().collect());
            }
            lock => lock?,
        };
        let dir = self.open_own()?;
        let _ = sys::raise_descriptor_limit();
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut held, mut failed) = (Vec::new(), Vec::new());
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(at) else { break (held, failed) };
                if let Err(error) = c_name(name).and_then(|c| dir.remove(&c, &mut held)) {
                    failed.push((at, error));
                }
            }
        };
        let more = names.len().checked_div(NAMES_A_THREAD).unwrap_or(0).min(REMOVERS.saturating_sub(1));
        // Where threads share it, the table of descriptors grows slowly: once is enough.
        let last = u32::try_from(names.len()).unwrap_or(u32::MAX).saturating_add(64);
        let number = u32::try_from(dir.fd.as_raw_fd()).unwrap_or(0);
        let _ = (more > 0).then(|| sys::dup_number(number, last));
        let done = thread::scope(|scope| {
            let start = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (0..more).filter_map(start).collect();
            let mut done = vec![work()];
            let ended = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            done.extend(ended);
            done
        });
        // Only here is let go what they hold.
        let mut failed: Vec<_> = done.into_iter().flat_map(|(_held, failed)| failed).collect();
        sort_by_key(&mut failed, |(at, _)| *at);
        Ok(failed)
    }
}

/// Unmounts the namespace at `path`, if it is still this one.
///
/// # Errors
/// `ESTALE`: it is not; those of umount2(2).
pub fn unmount(path: &Path, id: &NsId) -> Result<()> {
    let there = Ns::open(path)?;
    if there.id()? != *id {
        return Err(Errno::ESTALE.at("unmount", path));
    }
    let flags = libc::MNT_DETACH | libc::UMOUNT_NOFOLLOW;
    mount::c_path(path).and_then(|path| sys::umount(&path, flags)).at("unmount", path)
}

/// Flags of open(2) for a file that may be anything: no link is followed, and nothing waited for.
pub const NO_SURPRISE: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;

/// Locks an open file, flock(2), if nobody else has: false.
///
/// # Errors
/// None on a sane system.
pub fn try_lock(file: BorrowedFd<'_>) -> Result<bool> {
    match sys::flock_exclusive(file, false) {
        Err(Errno::EAGAIN) => Ok(false),
        done => done.map(|()| true).at("lock a file", ""),
    }
}

/// Makes a namespace, in which the calling thread then is, and names it.
fn make(ready: &Ready<'_>, name: &OsStr) -> Result<()> {
    let c = c_name(name)?;
    sys::unshare(NsFlags::NET).map_err(|e| Error::making(NsFlags::NET, "make a network namespace", e))?;
    let fresh = ready.placeholder(&c)?;
    let dir = ready.dir.fd.as_fd();
    let bound = match sys::mount(Some(c"/proc/thread-self/ns/net"), &proc_fd(dir, &c), None, libc::MS_BIND) {
        Err(Errno::ENOENT) => match Ns::current() {
            Ok(ns) => mount::bind_ns(ns.as_fd(), dir, &c), // no /proc
            Err(_) => Err(Errno::ENOENT),
        },
        bound => bound,
    };
    ready.bound(&c, fresh, bound)
}

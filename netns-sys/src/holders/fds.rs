//! The descriptors of all processes: which are of namespaces, and where sockets live. Work for several threads.

use super::Look;
use super::scan::{last_part, number, numbers, parse, path, slurp};
use crate::error::Errno;
use crate::ns::{self, NsFlags, NsId};
use crate::sys::{self, NsFd};
use libc::{O_DIRECTORY, O_PATH};
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

type R<T> = std::result::Result<T, Errno>;

/// What a descriptor is of.
pub(super) enum Seen {
    /// A namespace: its type and inode number.
    Namespace(NsFlags, u64),
    /// A socket that lives in the network namespace with this inode number.
    Socket(u64),
    /// A file with a path, of which this is the last part. A namespace that was opened where it is mounted has that path.
    File(u64),
}

/// What to look at, shared by the threads.
pub(super) struct Ask<'a> {
    proc: BorrowedFd<'a>,
    pids: &'a [u32],
    /// The next of `pids` to look at.
    next: AtomicUsize,
    /// The kernel tells how many descriptors a process has (6.2).
    counts_fds: bool,
    look: Look,
    /// Sockets have a class that duplicating them would change.
    pub(super) classed: bool,
    /// Network namespaces by their `SO_NETNS_COOKIE`.
    cookies: BTreeMap<u64, u64>,
    /// With another cookie than these, a socket is none that is looked for.
    only: bool,
}

/// What one thread saw.
#[derive(Default)]
pub(super) struct Fds {
    /// Process, descriptor, and what that is of.
    pub(super) seen: Vec<(u32, u32, Seen)>,
    /// Processes that could not be looked into.
    pub(super) hidden: BTreeSet<u32>,
    /// The network namespaces (`None`: it would not say) of sockets, by their inode number.
    pub(super) sockets: BTreeMap<u64, Option<u64>>,
    /// Network namespaces that were found by a socket.
    pub(super) met: Vec<(u64, NsFd)>,
    cookies: BTreeMap<u64, u64>,
}

/// Whether control groups of version 1 class sockets, see [`Look::sockets`].
fn are_classed(proc: BorrowedFd<'_>) -> bool {
    let mut text = Vec::new();
    let _ = slurp(proc, c"self/cgroup", &mut text);
    // 4:net_cls,net_prio:/
    let classes = |line: &[u8]| line.split(|b| *b == b':').nth(1).is_some_and(|c| c.windows(4).any(|c| c == b"net_"));
    text.split(|b| *b == b'\n').any(classes)
}

impl<'a> Ask<'a> {
    /// `own`: the network namespace of this thread; `target`: the one that is looked for, if it is one.
    pub(super) fn new(
        proc: BorrowedFd<'a>,
        pids: &'a [u32],
        counts_fds: bool,
        look: Look,
        own: Option<NsId>,
        target: Option<NsId>,
    ) -> Ask<'a> {
        let mut cookies = BTreeMap::new();
        let mut only = false;
        if look.sockets {
            let cookie = sys::netlink_socket(0).and_then(|socket| sys::socket_net_cookie(socket.as_fd())).ok();
            cookies.extend(cookie.zip(own.map(|id| id.ino)));
            // Cookies are the ids (6.18).
            if let Some(target) = target.filter(|_| cookie.is_some() && cookie == own.and_then(|id| id.id64)) {
                cookies.extend(target.id64.map(|id| (id, target.ino)));
                only = target.id64.is_some();
            }
        }
        let classed = look.sockets && are_classed(proc);
        Ask { proc, pids, next: AtomicUsize::new(0), counts_fds, look, classed, cookies, only }
    }

    /// Looks at processes until none is left.
    pub(super) fn run(&self) -> Fds {
        let mut fds = self.start();
        while let Some(pid) = self.pids.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            self.look(*pid, self.counts_fds, &mut fds);
        }
        fds
    }

    /// Looks at these processes. This one opens more meanwhile, so its are not counted.
    pub(super) fn these(&self, pids: &[u32]) -> Fds {
        let mut fds = self.start();
        let me = std::process::id();
        pids.iter().for_each(|pid| self.look(*pid, self.counts_fds && *pid != me, &mut fds));
        fds
    }

    fn look(&self, pid: u32, guess: bool, fds: &mut Fds) {
        if matches!(self.look_at(pid, guess, fds), Err(Errno::EACCES | Errno::EPERM)) {
            fds.hidden.insert(pid);
        }
    }

    fn start(&self) -> Fds {
        Fds { cookies: self.cookies.clone(), ..Fds::default() }
    }

    /// Looks at a process. To try the first numbers (`guess`) is cheaper than to list the directory; as a rule they are all.
    fn look_at(&self, pid: u32, guess: bool, fds: &mut Fds) -> R<()> {
        let dir = sys::openat(self.proc, path(&mut [0; 64], format_args!("{pid}/fd")), O_PATH | O_DIRECTORY, 0)?;
        let dir = dir.as_fd();
        let count = if guess { sys::statx(dir, c"")?.size } else { u64::MAX };
        let (mut first, mut pidfd) = (0_u32, None);
        while guess && u64::from(first) < count {
            match self.descriptor(dir, pid, first, &mut pidfd, fds) {
                Err(Errno::ENOENT) => break,
                done => done?,
            }
            first = first.saturating_add(1);
        }
        if u64::from(first) < count {
            for fd in numbers(dir, c".")?.into_iter().filter(|fd| *fd >= first) {
                match self.descriptor(dir, pid, fd, &mut pidfd, fds) {
                    Err(Errno::ENOENT) => {} // closed meanwhile
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// Looks at one descriptor. `pidfd` is opened for the first socket.
    fn descriptor(&self, dir: BorrowedFd<'_>, pid: u32, fd: u32, pidfd: &mut Option<OwnedFd>, fds: &mut Fds) -> R<()> {
        let (mut at, mut link) = ([0; 64], [0; 4096]);
        let at = path(&mut at, format_args!("{fd}"));
        let link = sys::readlinkat(dir, at, &mut link)?;
        let seen = if let Some((kind, ino)) = parse(link) {
            Some(Seen::Namespace(kind, ino)).filter(|_| self.look.fds)
        } else if link.starts_with(b"socket:[") || link == b"/dev/net/tun" {
            let inode = link.strip_prefix(b"socket:[").and_then(number);
            if self.look.sockets && pidfd.is_none() {
                *pidfd = Some(sys::pidfd_open(pid)?);
                sys::readlinkat(dir, at, &mut [0; 64])?; // still there: so the pidfd is of no other
            }
            pidfd.as_ref().and_then(|pidfd| self.socket(pidfd.as_fd(), fd, inode, fds)).map(Seen::Socket)
        } else if link.starts_with(b"/") && self.look.fds {
            Some(Seen::File(last_part(link)))
        } else {
            None
        };
        fds.seen.extend(seen.map(|seen| (pid, fd, seen)));
        Ok(())
    }

    /// The network namespace that this socket, with this inode number, lives in.
    fn socket(&self, pidfd: BorrowedFd<'_>, fd: u32, inode: Option<u64>, fds: &mut Fds) -> Option<u64> {
        if let Some(known) = inode.and_then(|inode| fds.sockets.get(&inode)) {
            return *known;
        }
        let lives = if self.classed { Err(Errno::EPERM) } else { self.ask_socket(pidfd, fd, fds) };
        let refused = matches!(lives, Err(Errno::EPERM | Errno::EACCES | Errno::ENOSYS));
        fds.sockets.extend(inode.filter(|_| refused || lives.is_ok()).map(|inode| (inode, lives.ok())));
        lives.ok()
    }

    fn ask_socket(&self, pidfd: BorrowedFd<'_>, fd: u32, fds: &mut Fds) -> R<u64> {
        let socket = sys::pidfd_getfd(pidfd, fd)?;
        let cookie = sys::socket_net_cookie(socket.as_fd()).ok();
        if let Some(ino) = cookie.and_then(|cookie| fds.cookies.get(&cookie)) {
            return Ok(*ino);
        }
        if self.only && cookie.is_some() {
            return Ok(0); // elsewhere
        }
        let ns = NsFd::new(sys::socket_net_ns(socket.as_fd())?).map_err(|_| Errno::EBADF)?;
        let ino = ns::id(&ns)?.ino;
        fds.cookies.extend(cookie.map(|cookie| (cookie, ino)));
        fds.met.push((ino, ns));
        Ok(ino)
    }
}

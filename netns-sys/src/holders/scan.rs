//! The walk through /proc.

use super::{Hidden, Holder, Look, Namespace};
use crate::error::{At, Errno, Error, Result};
use crate::named::each_entry;
use crate::ns::{self, Ns, NsFlags, NsId};
use crate::sys::{self, CWD, NsFd};
use libc::{O_DIRECTORY, O_PATH, O_RDONLY};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

type R<T> = std::result::Result<T, Errno>;

/// The links of /proc/PID/ns; the first two are asked for by what they are.
const LINKS: [(NsFlags, &CStr); 8] = [
    (NsFlags::NET, c"ns/net"),
    (NsFlags::MOUNT, c"ns/mnt"),
    (NsFlags::USER, c"ns/user"),
    (NsFlags::PID, c"ns/pid"),
    (NsFlags::UTS, c"ns/uts"),
    (NsFlags::IPC, c"ns/ipc"),
    (NsFlags::CGROUP, c"ns/cgroup"),
    (NsFlags::TIME, c"ns/time"),
];

/// Those of them where the next child may go elsewhere.
const FOR_CHILDREN: [(NsFlags, &CStr); 2] =
    [(NsFlags::PID, c"ns/pid_for_children"), (NsFlags::TIME, c"ns/time_for_children")];

/// The kernel's first thread, the parent of the others.
const KTHREADD: u32 = 2;

/// The smallest inode number a namespace has (linux/nsfs.h, proc_ns.h: the initial ones are below `0xf0000000`).
const FIRST_INO: u64 = 0xefff_fff0;

/// A walk through /proc.
pub(super) struct Scan {
    kinds: NsFlags,
    look: Look,
    /// Nothing is added to `found`.
    only: bool,
    found: Vec<Namespace>,
    /// Where in `found` a namespace is, by inode number: those of all types have different ones.
    places: BTreeMap<u64, usize>,
    /// The network namespaces (`None`: it would not say) of sockets, by their inode number.
    sockets: BTreeMap<u64, Option<u64>>,
    /// Network namespaces by their `SO_NETNS_COOKIE`.
    cookies: BTreeMap<u64, u64>,
    /// These are their ids (6.18).
    cookies_are_ids: bool,
    /// Whether the mounts could be read, by mount namespace.
    mounts: BTreeMap<u64, bool>,
    /// The last parts of the paths that namespaces are mounted on.
    mount_points: BTreeSet<u64>,
    /// Descriptors (process, number) whose files have paths, by their last parts.
    files: Vec<(u32, u32, u64)>,
    /// The device of nsfs.
    dev: u64,
    /// The kernel tells how many descriptors a process has (6.2).
    counts_fds: bool,
    /// Sockets have a class that duplicating them would change.
    classed: bool,
    hidden: Hidden,
    text: Vec<u8>,
}

impl Scan {
    /// For all namespaces of these types.
    pub(super) fn new(kinds: NsFlags, look: Look) -> Scan {
        Scan {
            kinds,
            look: Look { sockets: look.sockets && kinds.contains(NsFlags::NET), ..look },
            only: false,
            found: Vec::new(),
            places: BTreeMap::new(),
            sockets: BTreeMap::new(),
            cookies: BTreeMap::new(),
            cookies_are_ids: false,
            mounts: BTreeMap::new(),
            mount_points: BTreeSet::from([last_part(b"/")]), // of a mount that was taken away
            files: Vec::new(),
            dev: 0,
            counts_fds: false,
            classed: false,
            hidden: Hidden::default(),
            text: Vec::new(),
        }
    }

    /// For one network namespace.
    pub(super) fn of(known: Namespace, look: Look) -> Scan {
        let mut scan = Scan::new(NsFlags::NET, Look { owners: false, ..look });
        scan.places.insert(known.id.ino, 0);
        scan.found.push(known);
        scan.only = true;
        scan
    }

    pub(super) fn run(mut self) -> Result<(Vec<Namespace>, Hidden)> {
        let none = || Error::NoProc { op: "look for processes" };
        let proc = match sys::openat(CWD, c"/proc", O_RDONLY | O_DIRECTORY, 0) {
            Err(Errno::ENOENT) => return Err(none()),
            proc => proc.at("open directory", "/proc")?,
        };
        let own = Ns::current().and_then(|ns| ns.id());
        self.dev = own.as_ref().map_or(0, |id| id.dev);
        if self.look.sockets {
            let cookie = sys::netlink_socket(0).and_then(|socket| sys::socket_net_cookie(socket.as_fd())).ok();
            self.cookies_are_ids = cookie.is_some() && cookie == own.as_ref().ok().and_then(|id| id.id64);
            self.cookies.extend(cookie.zip(own.ok().map(|id| id.ino)));
            let known = self.found.iter().filter(|_| self.cookies_are_ids);
            self.cookies.extend(known.filter_map(|ns| Some((ns.id.id64?, ns.id.ino))));
            let _ = slurp(proc.as_fd(), c"self/cgroup", &mut self.text);
            // 4:net_cls,net_prio:/
            let classes =
                |line: &[u8]| line.split(|b| *b == b':').nth(1).is_some_and(|c| c.windows(4).any(|c| c == b"net_"));
            self.classed = self.text.split(|b| *b == b'\n').any(classes);
        }
        let pids = numbers(proc.as_fd(), c".").at("read directory", "/proc")?;
        if pids.is_empty() {
            return Err(none());
        }
        let threads = self.kernel_threads(proc.as_fd());
        let mut kernel = None;
        for pid in pids {
            let looked = match kernel.filter(|_| threads.binary_search(&pid).is_ok() && !has_fds(proc.as_fd(), pid)) {
                Some(all) => {
                    for ((kind, _), ino) in LINKS.iter().zip(all) {
                        self.note(*kind, ino, Holder::Process { pid }, || Err(Errno::ENOENT));
                    }
                    Ok(all)
                }
                None => self.process(proc.as_fd(), pid),
            };
            if pid == KTHREADD {
                kernel = looked.ok();
            }
            match looked {
                Ok(_) | Err(Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR) => {} // it ended meanwhile
                Err(Errno::EACCES | Errno::EPERM) => count(&mut self.hidden.processes),
                Err(e) => return Err(e.at("read", format!("/proc/{pid}"))),
            }
        }
        for (pid, fd, name) in std::mem::take(&mut self.files) {
            if !self.look.mounts || self.mount_points.contains(&name) {
                self.file(proc.as_fd(), pid, fd);
            }
        }
        self.found.iter_mut().for_each(|ns| ns.holders.sort_by_key(Holder::pid));
        self.hidden.mounts = self.mounts.values().filter(|read| !**read).count();
        Ok((self.found, self.hidden))
    }

    /// The kernel's own threads, on most machines most of the processes: children of kthreadd, in the namespaces that it is
    /// in (but one, kdevtmpfs, which has mounts to itself), and without descriptors; sorted.
    fn kernel_threads(&mut self, proc: BorrowedFd<'_>) -> Vec<u32> {
        const PF_KTHREAD: u32 = 0x0020_0000; // linux/sched.h
        self.counts_fds = has_fds(proc, std::process::id());
        let mut threads = Vec::new();
        if self.counts_fds && !self.kinds.contains(NsFlags::MOUNT) && slurp(proc, c"2/stat", &mut self.text).is_ok() {
            // 2 (kthreadd) S 0 0 0 0 -1 FLAGS ...
            let behind = self.text.rsplit(|b| *b == b')').next().unwrap_or_default();
            let flags: Option<u32> = behind.split(|b| *b == b' ').nth(7).and_then(number);
            let is_kernel = flags.is_some_and(|flags| flags & PF_KTHREAD != 0);
            if is_kernel && slurp(proc, c"2/task/2/children", &mut self.text).is_ok() {
                threads.extend(self.text.split(|b| *b == b' ').filter_map(number::<u32>));
                threads.sort_unstable();
            }
        }
        threads
    }

    /// Looks at a process; gives back the namespaces it is in.
    fn process(&mut self, proc: BorrowedFd<'_>, pid: u32) -> R<[u64; LINKS.len()]> {
        let mut all = [0_u64; LINKS.len()];
        if self.look == Look::default() && self.kinds == NsFlags::NET {
            // One link, and no need for a descriptor of the directory.
            let mut link = [0; 64];
            let link = path(&mut link, format_args!("{pid}/ns/net"));
            all[0] = follow(proc, link)?.unwrap_or(0);
            self.note(NsFlags::NET, all[0], Holder::Process { pid }, || ns_at(proc, link));
            return Ok(all);
        }
        let dir = sys::openat(proc, path(&mut [0; 64], format_args!("{pid}")), O_PATH | O_DIRECTORY, 0)?;
        let dir = dir.as_fd();
        for ((kind, link), own) in LINKS.iter().zip(&mut all) {
            if self.kinds.contains(*kind) || self.look.mounts && *kind == NsFlags::MOUNT {
                // A process that ended and was not waited for has no namespaces, but may have threads.
                *own = follow(dir, link)?.unwrap_or(0);
                self.note(*kind, *own, Holder::Process { pid }, || ns_at(dir, link));
            }
        }
        for (kind, link) in FOR_CHILDREN {
            let own = LINKS.iter().zip(all).find(|l| l.0.0 == kind).map(|l| l.1);
            if self.kinds.contains(kind) {
                if let Some(ino) = follow(dir, link)?.filter(|ino| Some(*ino) != own) {
                    self.note(kind, ino, Holder::ForChildren { pid }, || ns_at(dir, link));
                }
            }
        }
        if self.look.threads && sys::statx(dir, c"task")?.links != 3 {
            self.threads(dir, pid, &all)?;
        }
        let [net, mnt, ..] = all;
        if self.look.fds || self.look.sockets {
            self.descriptors(dir, pid, net)?;
        }
        if self.look.mounts && mnt != 0 && self.mounts.get(&mnt) != Some(&true) {
            self.mounts_of(dir, pid, mnt);
        }
        Ok(all)
    }

    fn threads(&mut self, dir: BorrowedFd<'_>, pid: u32, all: &[u64; LINKS.len()]) -> R<()> {
        let kinds = self.kinds;
        for tid in numbers(dir, c"task")?.into_iter().filter(|tid| *tid != pid) {
            for ((kind, link), own) in LINKS.iter().zip(all).filter(|l| kinds.contains(l.0.0)) {
                let mut buf = [0; 64];
                let link = path(&mut buf, format_args!("task/{tid}/{}", link.to_str().unwrap_or_default()));
                if let Some(ino) = follow(dir, link).unwrap_or_default().filter(|ino| ino != own) {
                    self.note(*kind, ino, Holder::Thread { pid, tid }, || ns_at(dir, link));
                }
            }
        }
        Ok(())
    }

    /// Looks at the descriptors of a process that is in network namespace `net`.
    fn descriptors(&mut self, dir: BorrowedFd<'_>, pid: u32, net: u64) -> R<()> {
        // As a rule they are the first numbers: to try them is cheaper than to list the directory.
        let count = if self.counts_fds { sys::statx(dir, c"fd")?.size } else { u64::MAX };
        let (mut first, mut pidfd) = (0_u32, None);
        while self.counts_fds && u64::from(first) < count {
            match self.descriptor(dir, pid, first, net, &mut pidfd) {
                Err(Errno::ENOENT) => break,
                done => done?,
            }
            first = first.saturating_add(1);
        }
        if u64::from(first) < count {
            for fd in numbers(dir, c"fd")?.into_iter().filter(|fd| *fd >= first) {
                match self.descriptor(dir, pid, fd, net, &mut pidfd) {
                    Err(Errno::ENOENT) => {} // closed meanwhile
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// Looks at one descriptor. `pidfd` is opened for the first socket.
    fn descriptor(&mut self, dir: BorrowedFd<'_>, pid: u32, fd: u32, net: u64, pidfd: &mut Option<OwnedFd>) -> R<()> {
        let (mut at, mut link) = ([0; 64], [0; 4096]);
        let at = path(&mut at, format_args!("fd/{fd}"));
        let link = sys::readlinkat(dir, at, &mut link)?;
        if let Some((kind, ino)) = parse(link) {
            if self.look.fds {
                self.note(kind, ino, Holder::Fd { pid, fd }, || ns_at(dir, at));
            }
        } else if (link.starts_with(b"socket:[") || link == b"/dev/net/tun") && self.look.sockets {
            let inode = link.strip_prefix(b"socket:[").and_then(number);
            if pidfd.is_none() {
                *pidfd = Some(sys::pidfd_open(pid)?);
                sys::statx(dir, c"fd")?; // still there: so the pidfd is of no other
            }
            let lives = pidfd.as_ref().and_then(|pidfd| self.socket(pidfd.as_fd(), fd, inode));
            if let Some(ino) = lives.filter(|ino| *ino != net) {
                self.note(NsFlags::NET, ino, Holder::Socket { pid, fd }, || Err(Errno::ENOENT));
            }
        } else if link.starts_with(b"/") && self.look.fds {
            // A namespace that was opened where it is mounted has the path of that mount.
            self.files.push((pid, fd, last_part(link)));
        }
        Ok(())
    }

    /// Looks whether this descriptor, of a file with a path, is of a namespace. Its own record has the inode's number (5.14),
    /// and reading it cannot hang on a dead file system.
    fn file(&mut self, proc: BorrowedFd<'_>, pid: u32, fd: u32) {
        let mut record = [0; 64];
        let record = path(&mut record, format_args!("{pid}/fdinfo/{fd}"));
        let ino = slurp(proc, record, &mut self.text)
            .ok()
            .and_then(|()| self.text.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(b"ino:\t").and_then(number)));
        if let Some(ino) = ino.filter(|ino| *ino >= FIRST_INO && (!self.only || self.places.contains_key(ino))) {
            let mut file = [0; 64];
            let file = path(&mut file, format_args!("{pid}/fd/{fd}"));
            if let Ok(ns) = ns::open_any(proc, file, OsStr::new("")) {
                let kind = ns.kind().unwrap_or(NsFlags::empty());
                self.note(kind, ino, Holder::Fd { pid, fd }, || Ok(Some(ns)));
            }
        }
    }

    /// The network namespace that this socket, with this inode number, lives in.
    fn socket(&mut self, pidfd: BorrowedFd<'_>, fd: u32, inode: Option<u64>) -> Option<u64> {
        if let Some(known) = inode.and_then(|inode| self.sockets.get(&inode)) {
            return *known;
        }
        let lives = if self.classed { Err(Errno::EPERM) } else { self.ask_socket(pidfd, fd) };
        if matches!(lives, Err(Errno::EPERM | Errno::EACCES | Errno::ENOSYS)) {
            count(if self.classed { &mut self.hidden.classed } else { &mut self.hidden.sockets });
        }
        self.sockets.extend(inode.map(|inode| (inode, lives.ok())));
        lives.ok()
    }

    fn ask_socket(&mut self, pidfd: BorrowedFd<'_>, fd: u32) -> R<u64> {
        let socket = sys::pidfd_getfd(pidfd, fd)?;
        let cookie = sys::socket_net_cookie(socket.as_fd()).ok();
        if let Some(ino) = cookie.and_then(|cookie| self.cookies.get(&cookie)) {
            return Ok(*ino);
        }
        if self.only && self.cookies_are_ids && cookie.is_some() {
            return Ok(0); // elsewhere
        }
        let ns = NsFd::new(sys::socket_net_ns(socket.as_fd())?).map_err(|_| Errno::EBADF)?;
        let ino = ns::id(&ns)?.ino;
        self.cookies.extend(cookie.map(|cookie| (cookie, ino)));
        self.meet(NsFlags::NET, ino, Some(ns));
        Ok(ino)
    }

    /// Looks at the mounts that a process in this mount namespace sees.
    fn mounts_of(&mut self, dir: BorrowedFd<'_>, pid: u32, namespace: u64) {
        let mut text = std::mem::take(&mut self.text);
        let read = slurp(dir, c"mountinfo", &mut text).is_ok();
        for (kind, ino, path) in nsfs_mounts(&text).filter(|_| read) {
            let open = || {
                let at = CString::new([b"root", path.as_os_str().as_bytes()].concat()).map_err(|_| Errno::EINVAL)?;
                Ok(ns::open_any(dir, &at, path.as_os_str()).ok()) // it may be covered
            };
            self.mount_points.insert(last_part(path.as_os_str().as_bytes()));
            self.note(kind, ino, Holder::Mount { pid, namespace, path: path.clone() }, open);
        }
        self.mounts.insert(namespace, read);
        self.text = text;
    }

    /// Takes down that `holder` keeps this namespace. `open` gives nothing if it cannot be opened, an error if it is gone.
    fn note(&mut self, kind: NsFlags, ino: u64, holder: Holder, open: impl FnOnce() -> R<Option<NsFd>>) {
        if ino == 0 || kind.is_empty() || !self.kinds.contains(kind) {
            return;
        }
        let place = match self.places.get(&ino) {
            Some(place) => Some(*place),
            None if self.only => None,
            None => open().ok().and_then(|ns| self.meet(kind, ino, ns)),
        };
        if let Some(ns) = place.and_then(|place| self.found.get_mut(place)) {
            ns.holders.push(holder);
        }
    }

    /// The place of this namespace; what is not known yet is asked.
    fn meet(&mut self, kind: NsFlags, ino: u64, ns: Option<NsFd>) -> Option<usize> {
        if let Some(place) = self.places.get(&ino) {
            return Some(*place);
        }
        if self.only {
            return None;
        }
        let id = ns.as_ref().and_then(|ns| ns::id(ns).ok());
        if id.is_some_and(|id| id.ino != ino) {
            return None; // another one took its place meanwhile
        }
        let related = |fd: R<OwnedFd>| {
            let ns = NsFd::new(fd.ok()?).ok()?;
            Some((ns::id(&ns).ok()?.ino, ns))
        };
        let owner = ns.as_ref().and_then(|ns| related(ns.user_ns()));
        let parent = ns.as_ref().filter(|_| kind == NsFlags::PID).and_then(|ns| related(ns.parent()));
        let user = if kind == NsFlags::USER { ns.as_ref() } else { owner.as_ref().map(|o| &o.1) };
        let place = self.found.len();
        self.places.insert(ino, place);
        if kind == NsFlags::NET && self.cookies_are_ids {
            self.cookies.extend(id.and_then(|id| Some((id.id64?, ino))));
        }
        self.found.push(Namespace {
            kind,
            id: id.unwrap_or(NsId { dev: self.dev, ino, id64: None }),
            owner: owner.as_ref().map(|o| o.0),
            owner_uid: user.and_then(|ns| ns.owner_uid().ok()),
            parent: parent.as_ref().map(|p| p.0),
            holders: Vec::new(),
        });
        if self.look.owners {
            for (kind, other) in [(NsFlags::USER, owner), (NsFlags::PID, parent)] {
                if let Some((other, ns)) = other {
                    self.note(kind, other, Holder::Namespace { ino }, || Ok(Some(ns)));
                }
            }
        }
        Some(place)
    }
}

/// A number for what is behind the last slash of a path; others may have the same (FNV-1a).
fn last_part(path: &[u8]) -> u64 {
    let part = path.iter().rev().take_while(|b| **b != b'/');
    part.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

fn count(counter: &mut usize) {
    *counter = counter.saturating_add(1);
}

/// The path that `args` write, with a NUL behind it.
fn path<'b>(buf: &'b mut [u8; 64], args: fmt::Arguments<'_>) -> &'b CStr {
    let _ = buf.as_mut_slice().write_fmt(args); // the longest has 48 bytes
    CStr::from_bytes_until_nul(buf).unwrap_or_default()
}

/// The inode number of the namespace that a link of /proc/PID/ns leads to.
fn follow(dir: BorrowedFd<'_>, link: &CStr) -> R<Option<u64>> {
    match sys::readlinkat(dir, link, &mut [0; 64]) {
        Err(Errno::ENOENT) => Ok(None),
        link => Ok(parse(link?).map(|l| l.1)),
    }
}

/// Whether a process has descriptors; `false` also where the kernel does not tell (before 6.2).
fn has_fds(proc: BorrowedFd<'_>, pid: u32) -> bool {
    sys::statx(proc, path(&mut [0; 64], format_args!("{pid}/fd"))).is_ok_and(|st| st.size > 0)
}

/// The namespace at a link into nsfs.
fn ns_at(dir: BorrowedFd<'_>, link: &CStr) -> R<Option<NsFd>> {
    Ok(NsFd::new(sys::openat(dir, link, O_RDONLY, 0)?).ok())
}

/// A namespace as the kernel writes it: `net:[4026531833]`.
fn parse(link: &[u8]) -> Option<(NsFlags, u64)> {
    let (name, ino) = link.split_at_checked(link.iter().position(|b| *b == b':')?)?;
    let kind = NsFlags::NAMES.iter().find(|n| n.0.as_bytes() == name)?.1;
    Some((kind, number(ino.strip_prefix(b":[")?)?))
}

/// The digits that these bytes begin with.
fn number<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    let digits = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()
}

/// The names of a directory's entries that are numbers, in its order.
fn numbers(dir: BorrowedFd<'_>, path: &CStr) -> R<Vec<u32>> {
    let dir = sys::openat(dir, path, O_RDONLY | O_DIRECTORY, 0)?;
    let mut numbers = Vec::new();
    match each_entry(dir.as_fd(), &mut [0; 8192], |name| numbers.extend(number::<u32>(name))) {
        Ok(()) | Err(Errno::ENOENT) => Ok(numbers), // it ended meanwhile
        Err(e) => Err(e),
    }
}

/// Reads a whole file into `text`, in place of what was there.
pub(super) fn slurp(dir: BorrowedFd<'_>, path: &CStr, text: &mut Vec<u8>) -> R<()> {
    text.clear();
    let file = sys::openat(dir, path, O_RDONLY, 0)?;
    loop {
        let have = text.len();
        text.resize(have.saturating_add(8192), 0);
        let got = sys::read(file.as_fd(), text.get_mut(have..).unwrap_or_default());
        text.truncate(have.saturating_add(*got.as_ref().unwrap_or(&0)));
        if got? == 0 {
            return Ok(());
        }
    }
}

/// The namespaces among the lines of a mountinfo, proc(5): `36 35 0:4 net:[4026532008] /run/netns/a rw - nsfs nsfs rw`.
pub(super) fn nsfs_mounts(text: &[u8]) -> impl Iterator<Item = (NsFlags, u64, PathBuf)> {
    text.split(|b| *b == b'\n').filter_map(|line| {
        let mut fields = line.split(|b| *b == b' ').skip(3);
        let (kind, ino) = parse(fields.next()?)?;
        Some((kind, ino, unescaped(fields.next()?)))
    })
}

/// A path of mountinfo, where `\ooo` is the byte of that octal number.
fn unescaped(field: &[u8]) -> PathBuf {
    let (mut bytes, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some((first, more)) = rest.split_first() {
        let octal = more.split_at_checked(3).filter(|_| *first == b'\\');
        let byte = octal.and_then(|o| u8::from_str_radix(std::str::from_utf8(o.0).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = match (byte, octal) {
            (Some(_), Some((_, behind))) => behind,
            _ => more,
        };
    }
    OsString::from_vec(bytes).into()
}

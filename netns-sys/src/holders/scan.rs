//! The walk through /proc.

use super::fds::{Ask, Fds, Seen};
use super::{Hidden, Holder, Look, Namespace};
use crate::error::{At, Errno, Error, Result};
use crate::named::each_entry;
use crate::ns::{self, Ns, NsFlags, NsId};
use crate::sort::{gather, sort_by_key};
use crate::sys::{self, CWD, NsFd};
use libc::{O_DIRECTORY, O_RDONLY};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};

type R<T> = std::result::Result<T, Errno>;

/// The links of /proc/PID/ns; the first two are asked for by what they are.
const LINKS: [(NsFlags, &str); 8] = [
    (NsFlags::NET, "ns/net"),
    (NsFlags::MOUNT, "ns/mnt"),
    (NsFlags::USER, "ns/user"),
    (NsFlags::PID, "ns/pid"),
    (NsFlags::UTS, "ns/uts"),
    (NsFlags::IPC, "ns/ipc"),
    (NsFlags::CGROUP, "ns/cgroup"),
    (NsFlags::TIME, "ns/time"),
];

/// Those of them where the next child may go elsewhere.
const FOR_CHILDREN: [(NsFlags, &str); 2] =
    [(NsFlags::PID, "ns/pid_for_children"), (NsFlags::TIME, "ns/time_for_children")];

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
    /// The network namespaces of processes.
    nets: BTreeMap<u32, u64>,
    /// Processes that could not be looked into.
    hidden: BTreeSet<u32>,
    /// Whether the mounts could be read, by mount namespace.
    mounts: BTreeMap<u64, bool>,
    /// The last parts of the paths that namespaces are mounted on.
    mount_points: BTreeSet<u64>,
    /// The device of nsfs.
    dev: u64,
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
            nets: BTreeMap::new(),
            hidden: BTreeSet::new(),
            mounts: BTreeMap::new(),
            mount_points: gather([last_part(b"/")]), // of a mount that was taken away
            dev: 0,
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
        let proc = proc.as_fd();
        let own = Ns::current().and_then(|ns| ns.id()).ok();
        self.dev = own.map_or(0, |id| id.dev);
        let mut pids = numbers(proc, c".").at("read directory", "/proc")?;
        if pids.is_empty() {
            return Err(none());
        }
        // This process goes first, before what is done here shows in it.
        let me = std::process::id();
        pids.retain(|pid| *pid != me);
        self.processes(proc, &[me], &[])?;
        let counts_fds = has_fds(proc, me);
        let kernel = if counts_fds { self.kernel_threads(proc) } else { Vec::new() };
        let (mut fds, mut classed) = (Vec::new(), false);
        if self.look.fds || self.look.sockets {
            let target = self.found.first().filter(|_| self.only).map(|ns| ns.id);
            let users: Vec<u32> = pids.iter().copied().filter(|pid| kernel.binary_search(pid).is_err()).collect();
            let ask = Ask::new(proc, &users, counts_fds, self.look, own, target);
            classed = ask.classed;
            fds.push(ask.these(&[me]));
            // Nearly all of the time is the kernel's, so two threads take little more than half.
            thread::scope(|scope| -> Result<()> {
                let other = thread::Builder::new().spawn_scoped(scope, || ask.run());
                let others = self.processes(proc, &pids, &kernel)?;
                fds.push(ask.these(&others));
                fds.push(ask.run());
                let join = |other: ScopedJoinHandle<'_, Fds>| other.join().unwrap_or_else(|panic| resume_unwind(panic));
                fds.extend(other.ok().map(join)); // where there is no other, all is done already
                Ok(())
            })?;
        } else {
            self.processes(proc, &pids, &kernel)?;
        }
        let mut hidden = Hidden::default();
        let mut sockets = BTreeMap::new();
        for fds in fds {
            self.hidden.extend(fds.hidden);
            sockets.extend(fds.sockets);
            for (ino, ns) in fds.met {
                self.meet(NsFlags::NET, ino, Some(ns));
            }
            for (pid, fd, seen) in fds.seen {
                self.descriptor(proc, pid, fd, seen);
            }
        }
        let asked = if classed { &mut hidden.classed } else { &mut hidden.sockets };
        *asked = sockets.values().filter(|ino| ino.is_none()).count();
        hidden.processes = self.hidden.len();
        hidden.mounts = self.mounts.values().filter(|read| !**read).count();
        self.found.iter_mut().for_each(|ns| sort_by_key(&mut ns.holders, Holder::pid));
        Ok((self.found, hidden))
    }

    /// The kernel's own threads, on most machines most of the processes: children of kthreadd, in the namespaces that it is
    /// in (but one, kdevtmpfs, which has mounts to itself), and without descriptors; sorted.
    fn kernel_threads(&mut self, proc: BorrowedFd<'_>) -> Vec<u32> {
        const PF_KTHREAD: u32 = 0x0020_0000; // linux/sched.h
        let mut threads = Vec::new();
        if !self.kinds.contains(NsFlags::MOUNT) && slurp(proc, c"2/stat", &mut self.text).is_ok() {
            // 2 (kthreadd) S 0 0 0 0 -1 FLAGS ...
            let behind = self.text.rsplit(|b| *b == b')').next().unwrap_or_default();
            let flags: Option<u32> = behind.split(|b| *b == b' ').nth(7).and_then(number);
            let is_kernel = flags.is_some_and(|flags| flags & PF_KTHREAD != 0);
            if is_kernel && slurp(proc, c"2/task/2/children", &mut self.text).is_ok() {
                threads.extend(self.text.split(|b| *b == b' ').filter_map(number::<u32>));
                sort_by_key(&mut threads, |pid| *pid);
            }
        }
        threads
    }

    /// Looks at these processes. Gives back those of `kernel` that have descriptors: programs that the kernel started.
    fn processes(&mut self, proc: BorrowedFd<'_>, pids: &[u32], kernel: &[u32]) -> Result<Vec<u32>> {
        let (mut of_kernel, mut programs) = (None, Vec::new());
        for pid in pids.iter().copied() {
            let mut is_thread = kernel.binary_search(&pid).is_ok();
            if is_thread && has_fds(proc, pid) {
                is_thread = false;
                programs.push(pid);
            }
            let looked = match of_kernel.filter(|_| is_thread) {
                Some(all) => {
                    for ((kind, _), ino) in LINKS.iter().zip(all) {
                        self.note(*kind, ino, Holder::Process { pid }, || Err(Errno::ENOENT));
                    }
                    Ok(all)
                }
                None => self.process(proc, pid),
            };
            if pid == KTHREADD {
                of_kernel = looked.ok();
            }
            match looked {
                Ok([net, ..]) => {
                    self.nets.insert(pid, net);
                }
                Err(Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR) => {} // it ended meanwhile
                Err(Errno::EACCES | Errno::EPERM) => {
                    self.hidden.insert(pid);
                }
                Err(e) => return Err(e.at("read", format!("/proc/{pid}"))),
            }
        }
        Ok(programs)
    }

    /// Looks at a process; gives back the namespaces it is in.
    fn process(&mut self, proc: BorrowedFd<'_>, pid: u32) -> R<[u64; LINKS.len()]> {
        let (mut all, mut buf, kinds) = ([0_u64; LINKS.len()], [0; 64], self.kinds);
        for ((kind, link), own) in LINKS.iter().zip(&mut all) {
            if kinds.contains(*kind) || self.look.mounts && *kind == NsFlags::MOUNT {
                let link = path(&mut buf, format_args!("{pid}/{link}"));
                // A process that ended and was not waited for has no namespaces, but may have threads.
                *own = follow(proc, link)?.unwrap_or(0);
                self.note(*kind, *own, Holder::Process { pid }, || ns_at(proc, link));
            }
        }
        for (kind, link) in FOR_CHILDREN.into_iter().filter(|l| kinds.contains(l.0)) {
            let own = LINKS.iter().zip(all).find(|l| l.0.0 == kind).map(|l| l.1);
            let link = path(&mut buf, format_args!("{pid}/{link}"));
            if let Some(ino) = follow(proc, link)?.filter(|ino| Some(*ino) != own) {
                self.note(kind, ino, Holder::ForChildren { pid }, || ns_at(proc, link));
            }
        }
        if self.look.threads && sys::statx(proc, path(&mut buf, format_args!("{pid}/task")))?.links != 3 {
            self.threads(proc, pid, &all)?;
        }
        let [_, mnt, ..] = all;
        if self.look.mounts && mnt != 0 && self.mounts.get(&mnt) != Some(&true) {
            self.mounts_of(proc, pid, mnt);
        }
        Ok(all)
    }

    fn threads(&mut self, proc: BorrowedFd<'_>, pid: u32, all: &[u64; LINKS.len()]) -> R<()> {
        let (kinds, mut buf) = (self.kinds, [0; 64]);
        let tids = numbers(proc, path(&mut buf, format_args!("{pid}/task")))?;
        for tid in tids.into_iter().filter(|tid| *tid != pid) {
            for ((kind, link), own) in LINKS.iter().zip(all).filter(|l| kinds.contains(l.0.0)) {
                let link = path(&mut buf, format_args!("{pid}/task/{tid}/{link}"));
                if let Some(ino) = follow(proc, link).unwrap_or_default().filter(|ino| ino != own) {
                    self.note(*kind, ino, Holder::Thread { pid, tid }, || ns_at(proc, link));
                }
            }
        }
        Ok(())
    }

    /// Takes down what a descriptor is of.
    fn descriptor(&mut self, proc: BorrowedFd<'_>, pid: u32, fd: u32, seen: Seen) {
        let mut buf = [0; 64];
        let file = path(&mut buf, format_args!("{pid}/fd/{fd}"));
        match seen {
            Seen::Namespace(kind, ino) => self.note(kind, ino, Holder::Fd { pid, fd }, || ns_at(proc, file)),
            Seen::Socket(ino) if self.nets.get(&pid) == Some(&ino) => {}
            Seen::Socket(ino) => self.note(NsFlags::NET, ino, Holder::Socket { pid, fd }, || Err(Errno::ENOENT)),
            Seen::File(name) if self.look.mounts && !self.mount_points.contains(&name) => {}
            Seen::File(_) => {
                // The descriptor's own record has the inode's number (5.14), and reading it cannot hang on a dead file system.
                let mut record = [0; 64];
                let read = slurp(proc, path(&mut record, format_args!("{pid}/fdinfo/{fd}")), &mut self.text);
                let ino = |line: &[u8]| line.strip_prefix(b"ino:\t").and_then(number);
                let ino = read.ok().and_then(|()| self.text.split(|b| *b == b'\n').find_map(ino));
                let known = |ino: &u64| *ino >= FIRST_INO && (!self.only || self.places.contains_key(ino));
                if let Some(ino) = ino.filter(known) {
                    if let Ok(ns) = ns::open_any(proc, file, OsStr::new("")) {
                        let kind = ns.kind().unwrap_or(NsFlags::empty());
                        self.note(kind, ino, Holder::Fd { pid, fd }, || Ok(Some(ns)));
                    }
                }
            }
        }
    }

    /// Looks at the mounts that a process in this mount namespace sees.
    fn mounts_of(&mut self, proc: BorrowedFd<'_>, pid: u32, namespace: u64) {
        let mut text = std::mem::take(&mut self.text);
        let read = slurp(proc, path(&mut [0; 64], format_args!("{pid}/mountinfo")), &mut text).is_ok();
        let root = format!("{pid}/root");
        for (kind, ino, path) in nsfs_mounts(&text).filter(|_| read) {
            let open = || {
                let at =
                    CString::new([root.as_bytes(), path.as_os_str().as_bytes()].concat()).map_err(|_| Errno::EINVAL)?;
                Ok(ns::open_any(proc, &at, path.as_os_str()).ok()) // it may be covered
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
pub(super) fn last_part(path: &[u8]) -> u64 {
    let part = path.iter().rev().take_while(|b| **b != b'/');
    part.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// The path that `args` write, with a NUL behind it.
pub(super) fn path<'b>(buf: &'b mut [u8; 64], args: fmt::Arguments<'_>) -> &'b CStr {
    let mut rest = buf.as_mut_slice();
    let _ = rest.write_fmt(args); // the longest has 48 bytes
    rest.iter_mut().take(1).for_each(|end| *end = 0);
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
pub(super) fn has_fds(proc: BorrowedFd<'_>, pid: u32) -> bool {
    sys::statx(proc, path(&mut [0; 64], format_args!("{pid}/fd"))).is_ok_and(|st| st.size > 0)
}

/// The namespace at a link into nsfs.
fn ns_at(dir: BorrowedFd<'_>, link: &CStr) -> R<Option<NsFd>> {
    Ok(NsFd::new(sys::openat(dir, link, O_RDONLY, 0)?).ok())
}

/// A namespace as the kernel writes it: `net:[4026531833]`.
pub(super) fn parse(link: &[u8]) -> Option<(NsFlags, u64)> {
    let (name, ino) = link.split_at_checked(link.iter().position(|b| *b == b':')?)?;
    let kind = NsFlags::NAMES.iter().find(|n| n.0.as_bytes() == name)?.1;
    Some((kind, number(ino.strip_prefix(b":[")?)?))
}

/// The digits that these bytes begin with.
pub(super) fn number<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    let digits = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()
}

/// The names of a directory's entries that are numbers, in its order.
pub(super) fn numbers(dir: BorrowedFd<'_>, path: &CStr) -> R<Vec<u32>> {
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

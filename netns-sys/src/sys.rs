//! The system calls: one safe function each, and every `unsafe` block of the workspace.
//!
//! How to audit this file: descriptors come in borrowed (`BorrowedFd`: open for the length of the call) and leave owned;
//! paths are `&CStr` (NUL-terminated, alive for the call); the kernel writes only where a function lends it a local or a
//! `&mut` slice, and is told that size. [`check`] turns -1 into `errno`, [`own`] turns a new descriptor into an `OwnedFd`;
//! [`retry`] wraps the calls that a signal can interrupt before they have done anything.

#![allow(unsafe_code)]

use crate::error::Errno;
use crate::ns::NsFlags;
use crate::steps::Step;
use libc::{c_char, c_int, c_long, c_uint, c_ulong};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io::IoSlice;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr::{from_mut, from_ref, null};
use std::time::{Duration, Instant};

type R<T> = std::result::Result<T, Errno>;

/// The return value of a call that reports failure as -1 and `errno`.
fn check<T: TryInto<usize>>(ret: T) -> R<usize> {
    ret.try_into().map_err(|_| Errno::last())
}

/// As [`check`], for a call that returns a new descriptor.
fn own<T: TryInto<usize>>(ret: T) -> R<OwnedFd> {
    let fd: RawFd = fit(check(ret)?)?;
    // SAFETY: private to this file, whose callers all pass the untouched return value of a call that made a new
    // descriptor (open, socket, dup-like ioctls, …); so nothing else owns `fd`.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Repeats a call that a signal handler interrupted before it did anything (signal(7)).
fn retry<T>(mut call: impl FnMut() -> R<T>) -> R<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// Plain C structures for which all bytes zero is a value.
///
/// # Safety
/// Implementors hold integers, arrays of them and nullable raw pointers only.
unsafe trait Zero {}
// SAFETY: sockaddr_nl(7): integers.
unsafe impl Zero for libc::sockaddr_nl {}
// SAFETY: recvmsg(2): integers and pointers that may be null.
unsafe impl Zero for libc::msghdr {}
// SAFETY: statx(2): integers.
unsafe impl Zero for libc::statx {}
// SAFETY: statfs(2): integers.
unsafe impl Zero for libc::statfs {}
// SAFETY: statvfs(3): integers.
unsafe impl Zero for libc::statvfs {}
// SAFETY: clone(2): integers.
unsafe impl Zero for CloneArgs {}
// SAFETY: socket(7): an integer and characters.
unsafe impl Zero for libc::sockaddr {}
// SAFETY: netdevice(7): characters, and a union of integers, characters and a pointer that may be null.
unsafe impl Zero for libc::ifreq {}
// SAFETY: ioctl_tty(2): integers.
unsafe impl Zero for libc::winsize {}
// SAFETY: waitid(2): integers and pointers that may be null.
unsafe impl Zero for libc::siginfo_t {}
// SAFETY: ctime(3): integers and a pointer that may be null.
unsafe impl Zero for libc::tm {}
// SAFETY: unix(7): integers.
unsafe impl Zero for libc::ucred {}
// SAFETY: getrlimit(2): integers.
unsafe impl Zero for libc::rlimit {}

fn zeroed<T: Zero>() -> T {
    // SAFETY: `Zero` promises that all bytes zero is a valid `T`.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// An integer as the type a C structure has for it on this target: they differ between C libraries and word sizes.
fn fit<T: TryInto<U>, U>(value: T) -> R<U> {
    value.try_into().map_err(|_| Errno::EOVERFLOW)
}

fn len32<T>() -> libc::socklen_t {
    fit(size_of::<T>()).unwrap_or(0)
}

// ---- files -----------------------------------------------------------------------------------------------------------

/// `AT_FDCWD`: the directory that paths are relative to when there is no other.
// SAFETY: never closed, and not -1: every call that takes a directory descriptor knows this value, open(2).
pub(crate) const CWD: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) };

/// openat(2), always close-on-exec; `mode` counts when `O_CREAT` is among `flags`.
pub(crate) fn openat(dir: BorrowedFd<'_>, path: &CStr, flags: c_int, mode: c_uint) -> R<OwnedFd> {
    retry(|| {
        // SAFETY: `dir` is open and `path` NUL-terminated for the call; the kernel writes no memory.
        own(unsafe { libc::openat(dir.as_raw_fd(), path.as_ptr(), flags | libc::O_CLOEXEC, mode) })
    })
}

/// mknodat(2) of an empty regular file that nobody may open, for which nobody needs a right: `EEXIST` if anything has the name.
pub(crate) fn make_file(dir: BorrowedFd<'_>, name: &CStr) -> R<()> {
    // SAFETY: `dir` is open and `name` NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::mknodat(dir.as_raw_fd(), name.as_ptr(), libc::S_IFREG, 0) }).map(drop)
}

/// unlinkat(2) of something that is not a directory.
pub(crate) fn unlinkat(dir: BorrowedFd<'_>, name: &CStr) -> R<()> {
    // SAFETY: `dir` is open and `name` NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), 0) }).map(drop)
}

/// What statx(2) says of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) uid: u32,
    /// The number of its names; of a directory of /proc, that of its entries that are directories, and 2.
    pub(crate) links: u32,
    /// Of a device file: which device.
    pub(crate) rdev: u64,
    /// It is the root of a mount; kernels before 5.8 do not tell, and say no.
    pub(crate) mount_root: bool,
}

/// statx(2), never following a link in the last component. An empty `name` means `dir` itself, of whatever type it is.
pub(crate) fn statx(dir: BorrowedFd<'_>, name: &CStr) -> R<Stat> {
    let flags = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    let (mut st, fd, mask): (libc::statx, _, _) = (zeroed(), dir.as_raw_fd(), libc::STATX_BASIC_STATS);
    // By number, as older musl has no name for it.
    // SAFETY: `dir` is open and `name` NUL-terminated for the call; the kernel writes one `struct statx`, into `st`.
    check(unsafe { libc::syscall(libc::SYS_statx, fd, name.as_ptr(), flags, mask, from_mut(&mut st)) })?;
    Ok(Stat {
        dev: libc::makedev(st.stx_dev_major, st.stx_dev_minor),
        ino: st.stx_ino,
        mode: st.stx_mode.into(),
        size: st.stx_size,
        uid: st.stx_uid,
        links: st.stx_nlink,
        rdev: libc::makedev(st.stx_rdev_major, st.stx_rdev_minor),
        mount_root: st.stx_attributes & 0x2000 != 0, // STATX_ATTR_MOUNT_ROOT
    })
}

/// readlinkat(2): where a symbolic link leads to; what does not fit `buf` is cut off.
pub(crate) fn readlinkat<'b>(dir: BorrowedFd<'_>, path: &CStr, buf: &'b mut [u8]) -> R<&'b [u8]> {
    let (to, size) = (buf.as_mut_ptr().cast(), buf.len());
    // SAFETY: `dir` is open and `path` NUL-terminated for the call; the kernel writes at most `size` bytes of `buf`.
    let len = check(unsafe { libc::readlinkat(dir.as_raw_fd(), path.as_ptr(), to, size) })?;
    Ok(buf.get(..len).unwrap_or_default())
}

/// fstatfs(2): the magic number of the file system, `None` where it does not fit 32 bits.
pub(crate) fn fstatfs_type(fd: BorrowedFd<'_>) -> R<Option<u32>> {
    let mut st: libc::statfs = zeroed();
    // SAFETY: `fd` is open for the call; the kernel writes one `struct statfs`, into `st`.
    retry(|| check(unsafe { libc::fstatfs(fd.as_raw_fd(), &mut st) }))?;
    Ok(fit(st.f_type).ok())
}

/// statvfs(3): is the mount at this path read-only? Async-signal-safe.
pub(crate) fn is_read_only(path: &CStr) -> R<bool> {
    let mut st: libc::statvfs = zeroed();
    // SAFETY: `path` is NUL-terminated for the call; one `struct statvfs` is written, into `st`.
    check(unsafe { libc::statvfs(path.as_ptr(), &mut st) })?;
    Ok(st.f_flag & libc::ST_RDONLY != 0)
}

/// flock(2), exclusive; waits for it, or says `EAGAIN`.
pub(crate) fn flock_exclusive(fd: BorrowedFd<'_>, wait: bool) -> R<()> {
    let how = if wait { libc::LOCK_EX } else { libc::LOCK_EX | libc::LOCK_NB };
    // SAFETY: `fd` is open for the call; no memory is involved.
    retry(|| check(unsafe { libc::flock(fd.as_raw_fd(), how) })).map(drop)
}

/// utimensat(2) to the present time, not following a link: tells inotify watchers to look again.
pub(crate) fn touch(dir: BorrowedFd<'_>, name: &CStr) -> R<()> {
    // SAFETY: `dir` is open and `name` NUL-terminated for the call; null times mean now.
    check(unsafe { libc::utimensat(dir.as_raw_fd(), name.as_ptr(), null(), libc::AT_SYMLINK_NOFOLLOW) }).map(drop)
}

/// pipe2(2), close-on-exec: (read end, write end).
pub(crate) fn pipe() -> R<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: the kernel writes two ints, into `ends`.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((own(ends[0])?, own(ends[1])?))
}

/// read(2) into `buf`; async-signal-safe.
pub(crate) fn read(fd: BorrowedFd<'_>, buf: &mut [u8]) -> R<usize> {
    // SAFETY: `fd` is open for the call; the kernel writes at most `buf.len()` bytes of `buf`.
    retry(|| check(unsafe { libc::read(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len()) }))
}

/// write(2) of `buf`; async-signal-safe.
pub(crate) fn write(fd: BorrowedFd<'_>, buf: &[u8]) -> R<usize> {
    // SAFETY: `fd` is open for the call; the kernel reads `buf.len()` bytes of `buf`.
    retry(|| check(unsafe { libc::write(fd.as_raw_fd(), buf.as_ptr().cast(), buf.len()) }))
}

/// getdents64(2): entries of a directory, as many as fit `buf`; 0 at its end.
pub(crate) fn getdents(fd: BorrowedFd<'_>, buf: &mut [u8]) -> R<usize> {
    // SAFETY: `fd` is open for the call; the kernel writes at most `buf.len()` bytes of `buf`.
    check(unsafe { libc::syscall(libc::SYS_getdents64, fd.as_raw_fd(), buf.as_mut_ptr(), buf.len()) })
}

/// chdir(2).
pub(crate) fn chdir(path: &CStr) -> R<()> {
    // SAFETY: `path` is NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::chdir(path.as_ptr()) }).map(drop)
}

/// fchdir(2).
pub(crate) fn fchdir(dir: BorrowedFd<'_>) -> R<()> {
    // SAFETY: `dir` is open for the call; no memory is involved.
    check(unsafe { libc::fchdir(dir.as_raw_fd()) }).map(drop)
}

/// chroot(2).
pub(crate) fn chroot(path: &CStr) -> R<()> {
    // SAFETY: `path` is NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::chroot(path.as_ptr()) }).map(drop)
}

/// close_range(2), `CLOSE_RANGE_CLOEXEC`: marks the descriptors from `first` to `last` close-on-exec. Linux 5.11.
pub(crate) fn close_range_on_exec(first: c_uint, last: c_uint) -> R<()> {
    // SAFETY: closes nothing; no memory is involved.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// fcntl(2) `F_SETFD`: whether this descriptor is closed on exec. `EBADF`: it is not open.
pub(crate) fn set_close_on_exec(fd: u32, on: bool) -> R<()> {
    let fd: c_int = fit(fd)?;
    // SAFETY: closes nothing and changes no memory; a number that is no descriptor is refused.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, if on { libc::FD_CLOEXEC } else { 0 }) }).map(drop)
}

/// dup2(2) onto standard input, output or error. `from` is none of these itself: the caller duplicated it above 2.
pub(crate) fn dup_stdio(from: BorrowedFd<'_>, onto: Stdio) -> R<()> {
    let onto = match onto {
        Stdio::In => 0,
        Stdio::Out => 1,
        Stdio::Err => 2,
    };
    // SAFETY: `from` is open for the call. Descriptors 0 to 2 are nobody's `OwnedFd`: the runtime opened them at start and
    // std lends them only for single calls.
    retry(|| check(unsafe { libc::dup2(from.as_raw_fd(), onto) })).map(drop)
}

/// fcntl(2) `F_DUPFD_CLOEXEC`: a duplicate, with the number `least` or above, of a descriptor known by its number only.
pub(crate) fn dup_number(number: u32, least: u32) -> R<OwnedFd> {
    let (number, least): (c_int, c_int) = (fit(number)?, fit(least)?);
    // SAFETY: whoever owns the descriptor keeps it as it is; `EBADF` if there is none; returns a new descriptor.
    own(unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, least) })
}

/// ioctl_tty(2) `TIOCGWINSZ`: how many columns the terminal that is standard output has; `None`: it does not know, or is none.
#[must_use]
pub fn terminal_width() -> Option<u16> {
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return None;
    }
    let mut size: libc::winsize = zeroed();
    // SAFETY: standard output is a terminal; the kernel writes one `struct winsize`, into `size`.
    check(unsafe { libc::ioctl(1, libc::TIOCGWINSZ, from_mut(&mut size)) }).ok()?;
    Some(size.ws_col).filter(|columns| *columns > 0)
}

/// One of the three standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// Standard input, descriptor 0.
    In,
    /// Standard output, descriptor 1.
    Out,
    /// Standard error, descriptor 2.
    Err,
}

/// A descriptor to [`poll`], and what came of it.
#[derive(Debug)]
#[repr(transparent)]
pub struct PollFd<'fd>(libc::pollfd, PhantomData<BorrowedFd<'fd>>);

impl<'fd> PollFd<'fd> {
    /// Waits for something to read (`POLLIN`). Hang-ups and errors are always reported, poll(2).
    #[must_use]
    pub fn readable(fd: BorrowedFd<'fd>) -> Self {
        PollFd(libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 }, PhantomData)
    }
    /// Anything was reported: data, end of file, or an error that the next read will name.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.revents != 0
    }
}

/// poll(2): waits until one of `fds` is ready, or the time is over. Returns how many are.
///
/// # Errors
/// `EINVAL`: more descriptors than may be open; `ENOMEM`.
pub fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> R<usize> {
    let count: libc::nfds_t = fit(fds.len())?;
    let end = timeout.and_then(|t| Instant::now().checked_add(t));
    retry(|| {
        // Rounded up, so that a wait never ends early; recomputed when a signal interrupted it.
        let left = end.map(|end| end.saturating_duration_since(Instant::now()).as_nanos().div_ceil(1_000_000));
        let ms = left.map_or(-1, |ms| c_int::try_from(ms).unwrap_or(c_int::MAX));
        // SAFETY: `PollFd` is `repr(transparent)`, so this is `count` pollfds, whose `revents` the kernel writes; the
        // descriptors in them are borrowed for longer than the call.
        check(unsafe { libc::poll(fds.as_mut_ptr().cast(), count, ms) })
    })
}

/// inotify_init1(2), close-on-exec.
pub(crate) fn inotify_init() -> R<OwnedFd> {
    // SAFETY: no memory is involved.
    own(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) })
}

/// inotify_add_watch(2).
pub(crate) fn inotify_add_watch(fd: BorrowedFd<'_>, path: &CStr, mask: u32) -> R<()> {
    // SAFETY: `fd` is open and `path` NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::inotify_add_watch(fd.as_raw_fd(), path.as_ptr(), mask) }).map(drop)
}

// ---- namespaces ------------------------------------------------------------------------------------------------------

/// A descriptor of a namespace (of any type). That it is one is what makes the ioctls below safe to send.
#[derive(Debug)]
pub(crate) struct NsFd(OwnedFd);

impl NsFd {
    /// Takes a descriptor that fstatfs(2) says is on nsfs; gives back any other.
    pub(crate) fn new(fd: OwnedFd) -> std::result::Result<NsFd, OwnedFd> {
        // NSFS_MAGIC, linux/magic.h
        if fstatfs_type(std::os::fd::AsFd::as_fd(&fd)) == Ok(Some(0x6e73_6673)) { Ok(NsFd(fd)) } else { Err(fd) }
    }
    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.0
    }
    pub(crate) fn into_fd(self) -> OwnedFd {
        self.0
    }
    /// `NS_GET_NSTYPE`, ioctl_ns(2): the type, as its `CLONE_NEW*` flag.
    pub(crate) fn kind(&self) -> R<NsFlags> {
        // SAFETY: an nsfs descriptor, open while `self` lives; this request has no argument.
        let kind = check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::NS_GET_NSTYPE) })?;
        Ok(c_int::try_from(kind).map_or(NsFlags::empty(), NsFlags::from_bits_truncate))
    }
    /// `NS_GET_USERNS`, ioctl_ns(2): the user namespace that owns it.
    pub(crate) fn user_ns(&self) -> R<OwnedFd> {
        // SAFETY: an nsfs descriptor, open while `self` lives; no argument; returns a new descriptor.
        own(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::NS_GET_USERNS) })
    }
    /// `NS_GET_PARENT`, ioctl_ns(2): of a user or PID namespace, the one it was made in.
    pub(crate) fn parent(&self) -> R<OwnedFd> {
        // SAFETY: an nsfs descriptor, open while `self` lives; no argument; returns a new descriptor.
        own(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::NS_GET_PARENT) })
    }
    /// `NS_GET_OWNER_UID`, ioctl_ns(2): of a user namespace, the user who made it, as seen from the caller's.
    pub(crate) fn owner_uid(&self) -> R<u32> {
        let mut uid: libc::uid_t = 0;
        // SAFETY: an nsfs descriptor, open while `self` lives; the kernel writes one uid_t, into `uid`.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::NS_GET_OWNER_UID, from_mut(&mut uid)) })?;
        Ok(uid)
    }
    /// `NS_GET_ID`, `_IOR(0xb7, 13, __u64)`, linux/nsfs.h of 6.18: the id, unique since boot.
    pub(crate) fn id(&self) -> R<u64> {
        let mut id: u64 = 0;
        // SAFETY: an nsfs descriptor, open while `self` lives; the kernel writes one u64, into `id`.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::_IOR::<u64>(0xb7, 13), from_mut(&mut id)) })?;
        Ok(id)
    }
}

/// `SIOCGSKNS`, linux/sockios.h: the network namespace that a socket, or a descriptor of /dev/net/tun, lives in. `ENOTSOCK`:
/// it is neither.
pub(crate) fn socket_net_ns(fd: BorrowedFd<'_>) -> R<OwnedFd> {
    let st = statx(fd, c"")?;
    if st.mode & libc::S_IFMT != libc::S_IFSOCK && !is_tun(&st) {
        return Err(Errno::ENOTSOCK);
    }
    // SAFETY: a socket or of tun, which know the request, and open for the call; no argument; returns a new descriptor.
    own(unsafe { libc::ioctl(fd.as_raw_fd(), 0x894c) })
}

/// `SO_NETNS_COOKIE`, asm-generic/socket.h: the number of the network namespace that a socket lives in. Linux 5.14.
pub(crate) fn socket_net_cookie(fd: BorrowedFd<'_>) -> R<u64> {
    let (mut cookie, mut len): (u64, _) = (0, len32::<u64>());
    let (to, option) = (from_mut(&mut cookie).cast(), libc::SO_NETNS_COOKIE);
    // SAFETY: `fd` is open for the call; the kernel writes at most `len` bytes, the size of `cookie`, and the length.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, to, &mut len) })?;
    Ok(cookie)
}

/// `SIOCSIFFLAGS`, netdevice(7): sets those of the interface `lo` of the calling thread's network namespace to "up".
pub(crate) fn lo_up() -> R<()> {
    // SAFETY: no memory is involved; returns a new descriptor. Any socket does; Unix sockets are everywhere.
    let socket = own(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    let mut request = ifreq(OsStr::new("lo"))?;
    request.ifr_ifru.ifru_flags = fit(libc::IFF_UP)?;
    // SAFETY: a socket, open while `socket` lives; the kernel reads one ifreq, `request`.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), 0x8914, from_ref(&request)) }).map(drop)
}

/// sethostname(2).
pub(crate) fn sethostname(name: &[u8]) -> R<()> {
    // SAFETY: the kernel reads `name.len()` bytes of `name`.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// setns(2) of the calling thread into a namespace, or into those of a process (pidfd, 5.8).
pub(crate) fn setns(fd: BorrowedFd<'_>, kinds: NsFlags) -> R<()> {
    // SAFETY: `fd` is open for the call; no memory is involved.
    check(unsafe { libc::setns(fd.as_raw_fd(), kinds.bits()) }).map(drop)
}

/// unshare(2) of the calling thread. `NsFlags` has no flag that would change its view of memory or descriptors.
pub(crate) fn unshare(kinds: NsFlags) -> R<()> {
    // SAFETY: only namespaces change; no memory is involved.
    check(unsafe { libc::unshare(kinds.bits()) }).map(drop)
}

// ---- mounts ----------------------------------------------------------------------------------------------------------

fn ptr_or_null(s: Option<&CStr>) -> *const c_char {
    s.map_or(null(), CStr::as_ptr)
}

/// mount(2) without data.
pub(crate) fn mount(source: Option<&CStr>, target: &CStr, fs: Option<&CStr>, flags: c_ulong) -> R<()> {
    // SAFETY: the strings are null or NUL-terminated and alive for the call; the kernel writes no memory.
    check(unsafe { libc::mount(ptr_or_null(source), target.as_ptr(), ptr_or_null(fs), flags, null()) }).map(drop)
}

/// umount2(2).
pub(crate) fn umount(target: &CStr, flags: c_int) -> R<()> {
    // SAFETY: `target` is NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::umount2(target.as_ptr(), flags) }).map(drop)
}

/// open_tree(2) of a clone of the mount at `dir`/`path` (`dir` itself if empty), detached, close-on-exec. Linux 5.2.
pub(crate) fn open_tree_clone(dir: BorrowedFd<'_>, path: &CStr, recursive: bool) -> R<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | libc::AT_EMPTY_PATH.unsigned_abs()
        | if recursive { libc::AT_RECURSIVE.unsigned_abs() } else { 0 };
    // SAFETY: `dir` is open and `path` NUL-terminated for the call; the kernel writes no memory; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_open_tree, dir.as_raw_fd(), path.as_ptr(), flags) })
}

/// move_mount(2): attaches the detached `mount` at `dir`/`path` (`dir` itself if empty), following no link. Linux 5.2.
pub(crate) fn move_mount(mount: BorrowedFd<'_>, dir: BorrowedFd<'_>, path: &CStr) -> R<()> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | if path.is_empty() { libc::MOVE_MOUNT_T_EMPTY_PATH } else { 0 };
    let (from, to) = (mount.as_raw_fd(), dir.as_raw_fd());
    // SAFETY: both descriptors are open and `path` is NUL-terminated for the call; the kernel writes no memory.
    check(unsafe { libc::syscall(libc::SYS_move_mount, from, c"".as_ptr(), to, path.as_ptr(), flags) }).map(drop)
}

/// mount_setattr(2) of the propagation type (`MS_SHARED`, `MS_PRIVATE`, `MS_SLAVE`) of the mount `fd` is the root of. Linux 5.12.
pub(crate) fn mount_set_propagation(fd: BorrowedFd<'_>, propagation: c_ulong, recursive: bool) -> R<()> {
    // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }, linux/mount.h
    let attr: [u64; 4] = [0, 0, fit(propagation)?, 0];
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let (raw, size) = (fd.as_raw_fd(), size_of_val(&attr));
    // SAFETY: `fd` is open for the call; the kernel reads `size` bytes of `attr` and writes no memory.
    check(unsafe { libc::syscall(libc::SYS_mount_setattr, raw, c"".as_ptr(), flags, attr.as_ptr(), size) }).map(drop)
}

/// fsopen(2): a context to make a file system of this type in. Linux 5.2.
pub(crate) fn fsopen(fs: &CStr) -> R<OwnedFd> {
    // SAFETY: `fs` is NUL-terminated for the call; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_fsopen, fs.as_ptr(), libc::FSOPEN_CLOEXEC) })
}

/// fsconfig(2), `FSCONFIG_CMD_CREATE`. Linux 5.2.
pub(crate) fn fsconfig_create(context: BorrowedFd<'_>) -> R<()> {
    let (fd, none) = (context.as_raw_fd(), null::<c_char>());
    // SAFETY: `context` is open for the call; this command (6) takes no key and no value.
    check(unsafe { libc::syscall(libc::SYS_fsconfig, fd, 6, none, none, 0) }).map(drop)
}

/// fsmount(2): the file system made in the context as a detached mount, close-on-exec. Linux 5.2.
pub(crate) fn fsmount(context: BorrowedFd<'_>, attrs: u64) -> R<OwnedFd> {
    let attrs: c_uint = fit(attrs)?;
    // SAFETY: `context` is open for the call; no memory is involved; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), libc::FSMOUNT_CLOEXEC, attrs) })
}

// ---- processes -------------------------------------------------------------------------------------------------------

/// geteuid(2).
pub(crate) fn geteuid() -> u32 {
    // SAFETY: cannot fail, touches no memory.
    unsafe { libc::geteuid() }
}

/// getegid(2).
pub(crate) fn getegid() -> u32 {
    // SAFETY: cannot fail, touches no memory.
    unsafe { libc::getegid() }
}

/// pidfd_open(2), close-on-exec: a descriptor of a process. Linux 5.3.
pub(crate) fn pidfd_open(pid: u32) -> R<OwnedFd> {
    let pid: libc::pid_t = fit(pid)?;
    // SAFETY: no memory is involved; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

/// pidfd_send_signal(2); signal 0 only asks whether the process is there. Linux 5.1.
pub(crate) fn pidfd_signal(pidfd: BorrowedFd<'_>, signal: c_int) -> R<()> {
    let info = null::<libc::siginfo_t>();
    // SAFETY: `pidfd` is open for the call; a null siginfo means the kernel makes one, as kill(2) would.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, 0) }).map(drop)
}

/// waitid(2) for this child, with `options` (`WEXITED`, …): (`CLD_EXITED` or other code, exit status or signal); `None`:
/// nothing yet (`WNOHANG`). Linux 5.4.
pub(crate) fn pidfd_wait(pidfd: BorrowedFd<'_>, options: c_int) -> R<Option<(c_int, c_int)>> {
    let id: libc::id_t = fit(pidfd.as_raw_fd())?;
    let mut info: libc::siginfo_t = zeroed();
    // SAFETY: `pidfd` is open for the call; the kernel writes one siginfo_t, into `info`.
    retry(|| check(unsafe { libc::waitid(libc::P_PIDFD, id, &mut info, options) }))?;
    // SAFETY: waitid succeeded, so `info` is that of a SIGCHLD, which has a status; or still zero, and so is what is read.
    let status = unsafe { info.si_status() };
    Ok((info.si_signo != 0).then_some((info.si_code, status)))
}

// Where the first numbers took 16 bits only, the calls have a second one. The C library's functions would have every thread
// make the call, by signals and locks: not for a child between clone and exec.
#[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
use libc::{SYS_setgid, SYS_setgroups, SYS_setuid};
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
use libc::{SYS_setgid32 as SYS_setgid, SYS_setgroups32 as SYS_setgroups, SYS_setuid32 as SYS_setuid};

/// setgroups(2) of the calling thread, to none.
pub(crate) fn drop_groups() -> R<()> {
    // SAFETY: a null list of length 0.
    check(unsafe { libc::syscall(SYS_setgroups, 0_usize, null::<libc::gid_t>()) }).map(drop)
}

/// setgid(2) of the calling thread.
pub(crate) fn setgid(gid: u32) -> R<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::syscall(SYS_setgid, gid) }).map(drop)
}

/// setuid(2) of the calling thread.
pub(crate) fn setuid(uid: u32) -> R<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::syscall(SYS_setuid, uid) }).map(drop)
}

/// `struct __user_cap_header_struct`, linux/capability.h: version 3, the calling thread.
const CAP_HEADER: [u32; 2] = [0x2008_0522, 0];

/// capget(2) of the calling thread: effective, permitted and inheritable capabilities, as masks.
pub(crate) fn capget() -> R<[u64; 3]> {
    let (mut head, mut data) = (CAP_HEADER, [[0_u32; 3]; 2]);
    // SAFETY: the kernel reads and may write the 8 bytes of `head`; version 3 writes two structs of three u32, `data`.
    check(unsafe { libc::syscall(libc::SYS_capget, head.as_mut_ptr(), data.as_mut_ptr()) })?;
    let [low, high] = data.map(|half| half.map(u64::from));
    Ok([0, 1, 2].map(|i| low.get(i).unwrap_or(&0) | high.get(i).unwrap_or(&0) << 32))
}

/// capset(2) of the calling thread, as [`capget`] gives them.
pub(crate) fn capset(sets: [u64; 3]) -> R<()> {
    let half = |shift: u32| sets.map(|set| u32::try_from(set >> shift & 0xffff_ffff).unwrap_or_default());
    let (mut head, data) = (CAP_HEADER, [half(0), half(32)]);
    // SAFETY: the kernel reads and may write the 8 bytes of `head`; version 3 reads two structs of three u32, `data`.
    check(unsafe { libc::syscall(libc::SYS_capset, head.as_mut_ptr(), data.as_ptr()) }).map(drop)
}

/// prctl(2) `PR_CAPBSET_DROP`: no program executed from now on can gain this capability. `EINVAL`: there is none.
pub(crate) fn cap_drop_bounding(capability: u32) -> R<()> {
    // SAFETY: this option takes an integer; no memory is involved.
    check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, c_ulong::from(capability), 0, 0, 0) }).map(drop)
}

/// prctl(2) `PR_CAP_AMBIENT_RAISE`: programs executed from now on have this capability, whoever runs them.
pub(crate) fn cap_raise_ambient(capability: u32) -> R<()> {
    let (raise, capability) = (fit(libc::PR_CAP_AMBIENT_RAISE)?, c_ulong::from(capability));
    let (raise, none): (c_ulong, c_ulong) = (raise, 0);
    // SAFETY: this option takes integers; no memory is involved.
    check(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, raise, capability, none, none) }).map(drop)
}

/// The size of the kernel's signal set: bit N - 1 is signal N.
const SIGSET: usize = size_of::<u64>();

/// rt_sigprocmask(2) of the calling thread, `SIG_SETMASK`: gives back the mask before. Async-signal-safe.
pub(crate) fn set_signal_mask(mask: u64) -> R<u64> {
    let (mut old, set) = (0_u64, libc::SIG_SETMASK);
    // SAFETY: the kernel reads `SIGSET` bytes of `mask`, and writes as many, into `old`.
    check(unsafe { libc::syscall(libc::SYS_rt_sigprocmask, set, from_ref(&mask), from_mut(&mut old), SIGSET) })?;
    Ok(old)
}

/// rt_sigtimedwait(2): takes a signal of `mask`, all of which are blocked: its number, where it comes from (`si_code`) and,
/// if from a process, which.
pub(crate) fn take_signal(mask: u64) -> R<(c_int, c_int, u32)> {
    let (mut info, forever): (libc::siginfo_t, _) = (zeroed(), null::<libc::timespec>());
    let (set, to) = (from_ref(&mask), from_mut(&mut info));
    // SAFETY: the kernel reads `SIGSET` bytes of `mask` and writes one siginfo_t, into `info`; null means no time-out.
    retry(|| check(unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, set, to, forever, SIGSET) }))?;
    // SAFETY: the field is an integer at the same place in all kinds of siginfo that have it; in others it is another's bytes.
    let pid = unsafe { info.si_pid() };
    Ok((info.si_signo, info.si_code, u32::try_from(pid).unwrap_or(0)))
}

/// rt_sigpending(2): the blocked signals that wait for the calling thread or its process.
pub(crate) fn pending_signals() -> R<u64> {
    let mut set = 0_u64;
    // SAFETY: the kernel writes `SIGSET` bytes, into `set`.
    check(unsafe { libc::syscall(libc::SYS_rt_sigpending, from_mut(&mut set), SIGSET) })?;
    Ok(set)
}

fn descriptor_limit() -> R<libc::rlimit> {
    let mut limit: libc::rlimit = zeroed();
    // SAFETY: the kernel writes one rlimit, into `limit`.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    Ok(limit)
}

/// getrlimit(2): the number that the next descriptors are all below.
pub(crate) fn descriptors() -> R<u32> {
    Ok(u32::try_from(descriptor_limit()?.rlim_cur).unwrap_or(u32::MAX))
}

/// setrlimit(2): as many open descriptors as the hard limit of this process allows.
pub(crate) fn raise_descriptor_limit() -> R<()> {
    let mut limit = descriptor_limit()?;
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the kernel reads one rlimit, from `limit`.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).map(drop)
}

/// rt_sigaction(2): the default action for this signal, also for those the C library keeps to itself. Async-signal-safe.
pub(crate) fn default_action(signal: c_int) -> R<()> {
    // On every architecture its structure is no longer, and all zero is SIG_DFL, no flags and an empty mask.
    let (default, old) = ([0_u64; 8], null::<u64>());
    // SAFETY: the kernel reads its `struct sigaction` of at most the bytes of `default`: installs no code.
    check(unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), old, SIGSET) }).map(drop)
}

/// kill(2) of this process.
pub(crate) fn raise(signal: c_int) -> R<()> {
    let this: libc::pid_t = fit(std::process::id())?;
    // SAFETY: no memory is involved; what the signal does is the caller's to want.
    check(unsafe { libc::kill(this, signal) }).map(drop)
}

/// prctl(2) `PR_SET_DUMPABLE`: no core file of this process.
pub(crate) fn no_core_file() -> R<()> {
    let no: c_ulong = 0;
    // SAFETY: this option takes an integer; no memory is involved.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, no) }).map(drop)
}

/// pidfd_getfd(2): a duplicate of a descriptor of another process, close-on-exec. Linux 5.6.
pub(crate) fn pidfd_getfd(pidfd: BorrowedFd<'_>, fd: u32) -> R<OwnedFd> {
    let fd: c_int = fit(fd)?;
    // SAFETY: `pidfd` is open for the call; no memory is involved; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })
}

/// `PIDFD_GET_NET_NAMESPACE`, linux/pidfd.h: the network namespace of a process. Linux 6.11; before: `ENOTTY`.
pub(crate) fn pidfd_net_ns(fd: BorrowedFd<'_>) -> R<OwnedFd> {
    // The kernels that know the request have pidfds on pidfs (PID_FS_MAGIC, linux/magic.h): send it to nothing else.
    if fstatfs_type(fd)? != Some(0x5049_4446) {
        return Err(Errno::ENOTTY);
    }
    // SAFETY: `fd` is a pidfd and open for the call; the argument must be 0; returns a new descriptor.
    own(unsafe { libc::ioctl(fd.as_raw_fd(), libc::PIDFD_GET_NET_NAMESPACE, 0) })
}

/// prctl(2) `PR_SET_PDEATHSIG`: the signal the calling process gets when the thread that made it ends.
pub(crate) fn set_parent_death_signal(signal: c_int) -> R<()> {
    let signal: c_ulong = fit(signal)?;
    // SAFETY: this option takes an integer; no memory is involved.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) }).map(drop)
}

unsafe extern "C" {
    /// environ(7).
    static environ: *const *const c_char;
}

/// What execve(2) needs, laid out before a clone, so that the child allocates nothing.
pub(crate) struct Image {
    /// The files to try, in order.
    paths: Vec<CString>,
    /// Owns what the pointers below point to; never changed after `new`.
    _strings: Vec<CString>,
    /// `/bin/sh`, argument 0, 1, …, null. Run directly: from element 1 on. As a script: element 1 := its path, from 0 on.
    argv: Vec<*const c_char>,
    /// The environment, null-terminated; `None`: this process's, untouched.
    envp: Option<Vec<*const c_char>>,
}

impl Image {
    pub(crate) fn new(paths: Vec<CString>, args: Vec<CString>, env: Option<Vec<CString>>) -> Image {
        let ptrs = |v: &[CString]| v.iter().map(|s| s.as_ptr()).collect::<Vec<_>>();
        let mut argv = vec![c"/bin/sh".as_ptr()];
        argv.extend(ptrs(&args));
        argv.extend(args.is_empty().then_some(c"".as_ptr()));
        argv.push(null());
        let envp = env.as_deref().map(|env| ptrs(env).into_iter().chain([null()]).collect());
        Image { paths, _strings: args.into_iter().chain(env.into_iter().flatten()).collect(), argv, envp }
    }

    fn execve(path: &CStr, argv: &[*const c_char], envp: Option<&[*const c_char]>) -> Errno {
        // SAFETY: set by the C library before `main`; changing it is unsafe (std::env::set_var) because of readers like us.
        let inherited = unsafe { environ };
        let envp = envp.map_or(inherited, <[_]>::as_ptr);
        // SAFETY: `path` is NUL-terminated; both arrays end in a null and point to strings that `Image` owns ('static ones
        // aside) or the C library does. On success nothing of this program is left.
        unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp) };
        Errno::last()
    }

    /// Becomes the program, by execvp(3)'s rules: the next file if one is not there, /bin/sh for a script without `#!`.
    /// Returns only on failure. Async-signal-safe.
    pub(crate) fn exec(&mut self) -> Errno {
        let mut result = Errno::ENOENT;
        for path in &self.paths {
            let run = self.argv.get(1..).unwrap_or_default();
            match Self::execve(path, run, self.envp.as_deref()) {
                Errno::ENOENT | Errno::ENOTDIR => {}
                Errno::EACCES => result = Errno::EACCES,
                Errno::ENOEXEC => {
                    if let Some(arg0) = self.argv.get_mut(1) {
                        *arg0 = path.as_ptr();
                    }
                    Self::execve(c"/bin/sh", &self.argv, self.envp.as_deref());
                    return Errno::ENOEXEC;
                }
                other => return other,
            }
        }
        result
    }
}

/// `struct clone_args` up to and including `cgroup` (`CLONE_ARGS_SIZE_VER2`), linux/sched.h.
#[repr(C, align(8))]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: [u64; 2],
    tls: u64,
    set_tid: [u64; 2],
    cgroup: u64,
}

/// clone3(2), or clone(2) where that is not to be had: makes a child in new namespaces (and in a cgroup, Linux 5.7), which
/// takes the `steps`, becomes the program, or ends; every step's failure goes into the pipe `report` (see
/// [`Step::run_all`]). Returns its pid.
pub(crate) fn clone_exec(
    kinds: NsFlags,
    cgroup: Option<BorrowedFd<'_>>,
    steps: &[Step],
    image: Option<&mut Image>,
    report: BorrowedFd<'_>,
) -> R<(u32, OwnedFd)> {
    let mut pidfd: c_int = -1;
    let flags = kinds.bits() | libc::CLONE_PIDFD;
    let mut args: CloneArgs = zeroed();
    args.flags = u64::from(flags.unsigned_abs());
    args.exit_signal = u64::from(libc::SIGCHLD.unsigned_abs());
    args.pidfd = fit(from_mut(&mut pidfd).expose_provenance())?;
    let mut size = std::mem::offset_of!(CloneArgs, set_tid); // CLONE_ARGS_SIZE_VER0, all that older kernels know
    if let Some(cgroup) = cgroup {
        args.flags |= 0x2_0000_0000; // CLONE_INTO_CGROUP
        (args.cgroup, size) = (fit(cgroup.as_raw_fd())?, size_of::<CloneArgs>());
    }
    // SAFETY: the kernel reads `size` bytes of `args`, no more than it has, and writes one int, into `pidfd`. Without CLONE_VM
    // the child has a copy of this memory, and of this stack, to itself. It is the copy of one thread: a lock that another
    // thread held stays locked for ever. So the child calls nothing but `run_all`, `exec` and `_exit`: raw system calls on
    // what was made before, no allocation, no lock, no unwinding (nothing in them panics).
    let mut pid = check(unsafe { libc::syscall(libc::SYS_clone3, from_ref(&args), size) });
    // Time namespaces share clone(2)'s bits with the exit signal, cgroups came later: clone3 only.
    if pid == Err(Errno::ENOSYS) && !kinds.contains(NsFlags::TIME) && cgroup.is_none() {
        let (flags, pidfd, unused) = (c_long::from(flags | libc::SIGCHLD), from_mut(&mut pidfd), c_long::from(0));
        let (first, second) = if cfg!(target_arch = "s390x") { (0, flags) } else { (flags, 0) };
        // SAFETY: as above; a null stack means a copy of this one. clone(2) puts the pidfd where CLONE_PARENT_SETTID would
        // put the pid: the third argument on every architecture; s390x swaps the first two.
        pid = check(unsafe { libc::syscall(libc::SYS_clone, first, second, pidfd, unused, unused) });
    }
    if pid? == 0 {
        let tell = |record: [u8; 8]| match write(report, &record) {
            Ok(_) | Err(_) => {} // nobody listens any more: nothing to be done
        };
        match (Step::run_all(steps, tell), image) {
            (Ok(()), None) => exit_now(0),
            (Ok(()), Some(image)) => tell(Step::record(steps.len(), image.exec())),
            (Err(_), _) => {}
        }
        exit_now(127);
    }
    Ok((u32::try_from(pid?).unwrap_or(0), own(pidfd)?))
}

/// _exit(2): the end of a child that executes nothing.
pub(crate) fn exit_now(code: c_int) -> ! {
    // SAFETY: does not return, and runs none of the parent's exit handlers.
    unsafe { libc::_exit(code) }
}

/// clone(2) by a child made by [`clone_exec`], which goes on as another child of the same parent: its pid; 0 in that.
/// For what only counts for children (a PID namespace that was entered).
pub(crate) fn fork_sibling() -> R<u32> {
    let (flags, none) = (c_long::from(libc::CLONE_PARENT | libc::SIGCHLD), c_long::from(0));
    let (first, second) = if cfg!(target_arch = "s390x") { (none, flags) } else { (flags, none) };
    // SAFETY: without CLONE_VM the new process has a copy of this memory and stack to itself; it goes on with what
    // `clone_exec` allows, as this process has one thread.
    fit(check(unsafe { libc::syscall(libc::SYS_clone, first, second, none, none, none) })?)
}

// ---- the kernel's virtual machine ------------------------------------------------------------------------------------

/// bpf(2) `BPF_PROG_LOAD` of a program that is run when a socket is made (`BPF_PROG_TYPE_CGROUP_SOCK`), close-on-exec.
pub(crate) fn bpf_load_sock(instructions: &[[u8; 8]]) -> R<OwnedFd> {
    #[repr(C, align(8))]
    struct Load {
        kind: u32,
        count: u32,
        instructions: u64,
        license: u64,
    }
    let address = |p: *const u8| fit(p.expose_provenance());
    let (code, license) = (address(instructions.as_ptr().cast())?, address(c"GPL".as_ptr().cast())?);
    let load = Load { kind: 9, count: fit(instructions.len())?, instructions: code, license };
    // SAFETY: the kernel reads `size_of::<Load>()` bytes of `load`, `count` instructions of 8 bytes each and the NUL-terminated
    // license, which all live for the call; it verifies the program before it takes it. Returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_bpf, 5, from_ref(&load), size_of::<Load>()) })
}

/// bpf(2) `BPF_PROG_ATTACH` of such a program to a control group (`BPF_CGROUP_INET_SOCK_CREATE`), in the place of another.
pub(crate) fn bpf_attach_sock_create(group: BorrowedFd<'_>, program: BorrowedFd<'_>) -> R<()> {
    // target_fd, attach_bpf_fd, attach_type, attach_flags
    let attach: [u32; 4] = [fit(group.as_raw_fd())?, fit(program.as_raw_fd())?, 2, 0];
    // SAFETY: both descriptors are open for the call; the kernel reads the bytes of `attach` and writes no memory.
    check(unsafe { libc::syscall(libc::SYS_bpf, 8, attach.as_ptr(), size_of_val(&attach)) }).map(drop)
}

// ---- questions that change nothing: what the errno of a refusal tells -----------------------------------------------------

/// clone3(2) with arguments that no kernel takes. Too few bytes of them: `EINVAL` (5.3). With `into_cgroup`, a cgroup
/// descriptor out of range: `EINVAL` (5.7), or `E2BIG` before.
pub(crate) fn clone3_refusal(into_cgroup: bool) -> R<()> {
    let mut args = [0_u64; 11]; // struct clone_args up to and including `cgroup` (CLONE_ARGS_SIZE_VER2), linux/sched.h
    (args[0], args[10]) = (0x2_0000_0000, u64::MAX); // CLONE_INTO_CGROUP
    let size = if into_cgroup { size_of_val(&args) } else { 0 };
    // SAFETY: the kernel reads `size` bytes of `args`. It makes no process: it checks size and range before all else.
    check(unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), size) }).map(drop)
}

/// name_to_handle_at(2) of an open file, with no room for the handle: `EOVERFLOW`, or `EOPNOTSUPP` where its file system
/// has none.
pub(crate) fn handle_refusal(fd: BorrowedFd<'_>) -> R<()> {
    let mut handle = [0_u32; 2]; // struct file_handle { handle_bytes, handle_type, f_handle[handle_bytes] }
    let (mut mount, flags): (c_int, _) = (0, libc::AT_EMPTY_PATH);
    let (raw, to) = (fd.as_raw_fd(), handle.as_mut_ptr());
    // SAFETY: `fd` is open for the call; the kernel writes the 8 bytes of `handle`, no more as `handle_bytes` is 0, and one
    // int, into `mount`.
    check(unsafe { libc::syscall(libc::SYS_name_to_handle_at, raw, c"".as_ptr(), to, from_mut(&mut mount), flags) })
        .map(drop)
}

/// listns(2) with flags that it does not take: `EINVAL` (6.19).
pub(crate) fn listns_refusal() -> R<()> {
    // pidfd_open is 434, listns 470: the newer calls have the same distance on every architecture.
    const LISTNS: c_long = libc::SYS_pidfd_open + 36;
    // SAFETY: null pointers and no room: the kernel reads and writes no memory of ours.
    check(unsafe { libc::syscall(LISTNS, null::<u8>(), null::<u64>(), 0_usize, c_uint::MAX) }).map(drop)
}

// ---- time ------------------------------------------------------------------------------------------------------------

/// A time by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Year.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: i32,
    /// Day of the month, 1 to 31.
    pub day: i32,
    /// Day of the week, 0 (Sunday) to 6.
    pub weekday: i32,
    /// Hour, 0 to 23.
    pub hour: i32,
    /// Minute, 0 to 59.
    pub minute: i32,
    /// Second, 0 to 60.
    pub second: i32,
}

/// localtime_r(3): a number of seconds since 1970 in the time zone of this process. `None`: too far away.
#[must_use]
pub fn local_time(seconds: i64) -> Option<LocalTime> {
    let (seconds, mut tm): (_, libc::tm) = (fit(seconds).ok()?, zeroed());
    // SAFETY: one time_t is read, and one `struct tm` written, into `tm`; the environment, which is read for the time zone,
    // is changed by nobody.
    let done = unsafe { libc::localtime_r(&seconds, &mut tm) };
    (!done.is_null()).then_some(LocalTime {
        year: tm.tm_year.checked_add(1900)?,
        month: tm.tm_mon.checked_add(1)?,
        day: tm.tm_mday,
        weekday: tm.tm_wday,
        hour: tm.tm_hour,
        minute: tm.tm_min,
        second: tm.tm_sec,
    })
}

// ---- the program's start ---------------------------------------------------------------------------------------------

/// Declares the program's `main`, which calls `$run`, a `fn(std::vec::IntoIter<OsString>) -> u8`, with its arguments and ends
/// with the exit code that gives back. The crate has to say `#![no_main]`.
///
/// Rust's own `main` would first ignore SIGPIPE (which programs that are executed would inherit, and with which a closed pipe
/// is an error instead of a quiet end), read /proc/self/maps and install handlers: a tenth of the life of a short command.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        /// Called by the C library.
        // SAFETY: no other symbol has this name: whoever says `no_main` has no other `main`.
        #[unsafe(no_mangle)]
        extern "C" fn main(argc: i32, argv: *const *const std::ffi::c_char) -> i32 {
            // SAFETY: these are the C library's arguments of `main`.
            unsafe { $crate::start(argc, argv, $run) }
        }
    };
}

/// What [`main!`] calls.
///
/// # Safety
/// `argv` points to `argc` pointers to NUL-terminated strings that live as long as the program.
#[doc(hidden)]
pub unsafe fn start(argc: c_int, argv: *const *const c_char, run: fn(std::vec::IntoIter<OsString>) -> u8) -> c_int {
    // What is opened later must not become a standard stream.
    for fd in 0..3 {
        // SAFETY: asks only; no memory is involved.
        if check(unsafe { libc::fcntl(fd, libc::F_GETFD) }) == Err(Errno::EBADF) {
            // SAFETY: the path is NUL-terminated; the kernel writes no memory. The new descriptor is `fd`, the lowest free one.
            let _ = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        }
    }
    // SAFETY: the caller promises `argc` pointers.
    let args = unsafe { std::slice::from_raw_parts(argv, fit(argc).unwrap_or(0)) };
    let args = args.iter().map(|arg| {
        // SAFETY: the caller promises that they point to NUL-terminated strings.
        OsStr::from_bytes(unsafe { CStr::from_ptr(*arg) }.to_bytes()).to_owned()
    });
    let args: Vec<OsString> = args.collect();
    run(args.into_iter()).into()
}

// ---- netlink sockets -------------------------------------------------------------------------------------------------

/// socket(2): `AF_NETLINK`, raw, close-on-exec, of this protocol, in the calling thread's network namespace.
pub(crate) fn netlink_socket(protocol: c_int) -> R<OwnedFd> {
    // SAFETY: no memory is involved; returns a new descriptor.
    own(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) })
}

/// bind(2) to a port id of the kernel's choice and these of the first 32 groups, netlink(7).
pub(crate) fn netlink_bind(fd: BorrowedFd<'_>, groups: u32) -> R<()> {
    let mut addr: libc::sockaddr_nl = zeroed();
    addr.nl_family = libc::sa_family_t::try_from(libc::AF_NETLINK).unwrap_or(0);
    addr.nl_groups = groups;
    // SAFETY: `fd` is open for the call; the kernel reads one sockaddr_nl, `addr`.
    check(unsafe { libc::bind(fd.as_raw_fd(), from_ref(&addr).cast(), len32::<libc::sockaddr_nl>()) }).map(drop)
}

/// getsockname(2): the socket's port id (`nl_pid`).
pub(crate) fn netlink_port(fd: BorrowedFd<'_>) -> R<u32> {
    let mut addr: libc::sockaddr_nl = zeroed();
    let mut len = len32::<libc::sockaddr_nl>();
    // SAFETY: `fd` is open for the call; the kernel writes at most `len` bytes, the size of `addr`, and the length.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), from_mut(&mut addr).cast(), &mut len) })?;
    Ok(addr.nl_pid)
}

/// setsockopt(2) of an int.
pub(crate) fn setsockopt(fd: BorrowedFd<'_>, level: c_int, option: c_int, value: c_int) -> R<()> {
    // SAFETY: `fd` is open for the call; the kernel reads one int, `value`.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, from_ref(&value).cast(), len32::<c_int>()) })
        .map(drop)
}

/// getsockopt(2) of an int.
pub(crate) fn getsockopt(fd: BorrowedFd<'_>, level: c_int, option: c_int) -> R<c_int> {
    let (mut value, mut len): (c_int, _) = (0, len32::<c_int>());
    // SAFETY: `fd` is open for the call; the kernel writes at most `len` bytes, the size of `value`, and the length.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, from_mut(&mut value).cast(), &mut len) })?;
    Ok(value)
}

/// `SO_PEERCRED`, unix(7): the process that listens at the other end of a socket.
pub(crate) fn peer_pid(fd: BorrowedFd<'_>) -> R<u32> {
    let mut peer: libc::ucred = zeroed();
    let (mut len, option) = (len32::<libc::ucred>(), libc::SO_PEERCRED);
    let to = from_mut(&mut peer).cast();
    // SAFETY: `fd` is open for the call; the kernel writes at most `len` bytes, the size of `peer`, and the length.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, to, &mut len) })?;
    fit(peer.pid)
}

/// setsid(2): a session of its own, without a terminal.
pub(crate) fn setsid() -> R<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setsid() }).map(drop)
}

/// sendmsg(2) of the concatenated `parts` to the socket's peer: the kernel, for a netlink socket that was not connected.
pub(crate) fn send(fd: BorrowedFd<'_>, parts: &[IoSlice<'_>], flags: c_int) -> R<usize> {
    let mut msg: libc::msghdr = zeroed();
    msg.msg_iov = parts.as_ptr().cast_mut().cast();
    msg.msg_iovlen = fit(parts.len())?;
    // SAFETY: `fd` is open for the call. `IoSlice` is an iovec by std's promise, `parts` and what it borrows outlive the
    // call, and sendmsg only reads them; there is no address and no control data.
    retry(|| check(unsafe { libc::sendmsg(fd.as_raw_fd(), &msg, flags) }))
}

/// sendto(2) to the netlink socket with this port id: what a process that forges answers would do.
#[cfg(test)]
pub(crate) fn netlink_send_to(fd: BorrowedFd<'_>, port: u32, bytes: &[u8]) -> R<usize> {
    let mut addr: libc::sockaddr_nl = zeroed();
    addr.nl_family = libc::sa_family_t::try_from(libc::AF_NETLINK).unwrap_or(0);
    addr.nl_pid = port;
    let (to, len) = (from_ref(&addr).cast(), len32::<libc::sockaddr_nl>());
    // SAFETY: `fd` is open for the call; the kernel reads `bytes.len()` bytes of `bytes` and one sockaddr_nl, `addr`.
    check(unsafe { libc::sendto(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0, to, len) })
}

/// What [`recv`] got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Bytes in the buffer; with `MSG_TRUNC` asked for, the datagram's true length, which may be more than the buffer's.
    pub(crate) len: usize,
    /// `MSG_TRUNC`: the datagram was longer than the buffer, and its rest is gone (unless `MSG_PEEK`).
    pub(crate) flags: c_int,
    /// The sender's port id: 0 is the kernel.
    pub(crate) pid: u32,
    /// The groups it was sent to, as a mask.
    pub(crate) groups: u32,
    /// `NETLINK_LISTEN_ALL_NSID`: the id of the namespace it comes from; `None` for the socket's own.
    pub(crate) nsid: Option<i32>,
}

/// recvmsg(2) of one netlink datagram.
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8], flags: c_int) -> R<Received> {
    let mut control = [0_u8; 64];
    let mut iov = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut addr: libc::sockaddr_nl = zeroed();
    let mut msg: libc::msghdr = zeroed();
    let len = retry(|| {
        (msg.msg_name, msg.msg_namelen) = (from_mut(&mut addr).cast(), len32::<libc::sockaddr_nl>());
        (msg.msg_iov, msg.msg_iovlen) = (&mut iov, 1);
        msg.msg_control = control.as_mut_ptr().cast();
        msg.msg_controllen = fit(size_of_val(&control))?;
        // SAFETY: `fd` is open for the call. The kernel writes at most `buf.len()` bytes of `buf`, one sockaddr_nl, the
        // size of `control`, and the lengths and flags in `msg`; all of them live, and are borrowed by nothing else.
        check(unsafe { libc::recvmsg(fd.as_raw_fd(), &mut msg, flags) })
    })?;
    let got = fit(msg.msg_controllen)?;
    Ok(Received { len, flags: msg.msg_flags, pid: addr.nl_pid, groups: addr.nl_groups, nsid: nsid(&control, got) })
}

/// The int of the `NETLINK_LISTEN_ALL_NSID` message in `len` bytes of control data: `{ size_t len, int level, int type }`
/// and the data, each message padded to a size_t (cmsg(3)).
fn nsid(control: &[u8], len: usize) -> Option<i32> {
    const WORD: usize = size_of::<usize>();
    let mut rest = control.get(..len)?;
    while let Some((head, tail)) = rest.split_first_chunk::<WORD>() {
        let int = |at: usize| Some(i32::from_ne_bytes(*tail.get(at..)?.first_chunk()?));
        // level SOL_NETLINK, type NETLINK_LISTEN_ALL_NSID, linux/netlink.h
        if (int(0), int(4)) == (Some(libc::SOL_NETLINK), Some(8)) {
            return int(8);
        }
        rest = rest.get(usize::from_ne_bytes(*head).max(WORD).checked_next_multiple_of(WORD)?..)?;
    }
    None
}

// ---- interfaces ------------------------------------------------------------------------------------------------------

/// A request about the interface of this name.
fn ifreq(name: &OsStr) -> R<libc::ifreq> {
    let mut request: libc::ifreq = zeroed();
    let name = name.as_bytes();
    if name.len() >= request.ifr_name.len() {
        return Err(Errno::ENAMETOOLONG);
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = c_char::from_ne_bytes([*from]);
    }
    Ok(request)
}

/// `SIOCADDMULTI`, `SIOCDELMULTI`, netdevice(7): of an interface in the namespace of the socket `fd`.
pub(crate) fn multicast(fd: BorrowedFd<'_>, add: bool, name: &OsStr, addr: [u8; 6]) -> R<()> {
    let mut request = ifreq(name)?;
    let mut to: libc::sockaddr = zeroed();
    for (to, from) in to.sa_data.iter_mut().zip(addr) {
        *to = c_char::from_ne_bytes([from]);
    }
    request.ifr_ifru.ifru_hwaddr = to;
    let number = if add { 0x8931 } else { 0x8932 };
    // SAFETY: `fd` is open for the call, and a socket (`Socket` is the one caller); the kernel reads and writes one ifreq,
    // `request`.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), number, from_mut(&mut request)) }).map(drop)
}

// ---- tun -------------------------------------------------------------------------------------------------------------

/// A descriptor of /dev/net/tun. That it is one is what makes the ioctls below safe to send.
#[derive(Debug)]
pub(crate) struct TunFd(OwnedFd);

/// A character device, MISC_MAJOR (linux/major.h) and TUN_MINOR (linux/miscdevice.h).
fn is_tun(st: &Stat) -> bool {
    st.mode & libc::S_IFMT == libc::S_IFCHR && st.rdev == libc::makedev(10, 200)
}

/// The settings of a tun device that are an integer, linux/if_tun.h.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TunSet {
    /// `TUNSETPERSIST`: whether it stays when the descriptor is closed.
    Persist,
    /// `TUNSETOWNER`: the user who may attach to it.
    Owner,
    /// `TUNSETGROUP`: the group whose members may attach to it.
    Group,
}

impl TunFd {
    /// Opens /dev/net/tun in the calling thread's network namespace. `ENOTTY`: that is something else there.
    pub(crate) fn open() -> R<TunFd> {
        let fd = openat(CWD, c"/dev/net/tun", libc::O_RDWR | libc::O_NONBLOCK | libc::O_NOCTTY, 0)?;
        let st = statx(std::os::fd::AsFd::as_fd(&fd), c"")?;
        if is_tun(&st) { Ok(TunFd(fd)) } else { Err(Errno::ENOTTY) }
    }
    /// `TUNSETIFF`: makes or attaches to the device of this name (empty: one of the kernel's choice), with these `IFF_*` flags
    /// of linux/if_tun.h.
    pub(crate) fn set_iff(&self, name: &OsStr, flags: u16) -> R<()> {
        let mut request = ifreq(name)?;
        request.ifr_ifru.ifru_flags = libc::c_short::from_ne_bytes(flags.to_ne_bytes());
        // SAFETY: a descriptor of tun, open while `self` lives; the kernel reads and writes one ifreq, `request`.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::_IOW::<c_int>(0x54, 202), from_mut(&mut request)) })
            .map(drop)
    }
    /// One of the settings, of the device that [`TunFd::set_iff`] attached to.
    pub(crate) fn set(&self, what: TunSet, value: u32) -> R<()> {
        let number = match what {
            TunSet::Persist => 203,
            TunSet::Owner => 204,
            TunSet::Group => 206,
        };
        let value: c_ulong = fit(value)?;
        // SAFETY: a descriptor of tun, open while `self` lives; the argument is an integer, no memory is involved.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::_IOW::<c_int>(0x54, number), value) }).map(drop)
    }
}

// ---- BPF -------------------------------------------------------------------------------------------------------------

/// bpf(2), `BPF_OBJ_GET`: the object pinned at `path`. Linux 4.4.
pub(crate) fn bpf_pinned(path: &CStr) -> R<OwnedFd> {
    // union bpf_attr { u64 pathname; … }, linux/bpf.h
    let attr: [u64; 1] = [fit(path.as_ptr().expose_provenance())?];
    // SAFETY: the kernel reads the 8 bytes of `attr` and the string they point to, `path`, NUL-terminated and alive for the
    // call; it writes no memory; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_bpf, 7, attr.as_ptr(), size_of_val(&attr)) })
}

/// bpf(2), `BPF_PROG_GET_FD_BY_ID`. Linux 4.13.
pub(crate) fn bpf_program(id: u32) -> R<OwnedFd> {
    let attr = [id];
    // SAFETY: the kernel reads the 4 bytes of `attr` and writes no memory; returns a new descriptor.
    own(unsafe { libc::syscall(libc::SYS_bpf, 13, attr.as_ptr(), size_of_val(&attr)) })
}

/// What is asked of a program: the beginning of `struct bpf_prog_info`, in `u64`s since it is to be aligned to them.
pub(crate) type BpfInfo = [u64; 17];

/// bpf(2), `BPF_OBJ_GET_INFO_BY_FD` of a program. Linux 4.13.
pub(crate) fn bpf_info(program: BorrowedFd<'_>) -> R<BpfInfo> {
    let mut info = BpfInfo::default();
    // union bpf_attr { u32 bpf_fd, info_len; u64 info; }, linux/bpf.h
    #[repr(C, align(8))]
    struct Attr(u32, u32, u64);
    let to = from_mut(&mut info).expose_provenance();
    let mut attr = Attr(fit(program.as_raw_fd())?, fit(size_of::<BpfInfo>())?, fit(to)?);
    // SAFETY: `program` is open for the call. The kernel reads `attr`, writes its `info_len`, and reads and writes that many
    // bytes of `info`: all zero, so that it has no further pointers to follow.
    check(unsafe { libc::syscall(libc::SYS_bpf, 15, from_mut(&mut attr), size_of::<Attr>()) })?;
    Ok(info)
}

/// bpf(2), `BPF_PROG_LOAD`: an XDP program called `name` that lets all packets pass.
#[cfg(test)]
pub(crate) fn bpf_load(name: [u8; 16]) -> R<OwnedFd> {
    // r0 = XDP_PASS; exit
    let program: [u64; 2] = [0xb7 | 2 << 32, 0x95];
    #[repr(C, align(8))]
    struct Attr(u32, u32, u64, u64, [u32; 2], u64, u32, u32, [u8; 16]);
    let [program, license] = [from_ref(&program).expose_provenance(), c"GPL".as_ptr().expose_provenance()];
    let attr = Attr(6, 2, fit(program)?, fit(license)?, [0; 2], 0, 0, 0, name);
    // SAFETY: the kernel reads `attr`, and the 16 bytes and the string it points to, which outlive the call.
    own(unsafe { libc::syscall(libc::SYS_bpf, 5, from_ref(&attr), size_of_val(&attr)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsFd;

    #[test]
    fn every_descriptor_is_close_on_exec() {
        let (ns, pipe) = (openat(CWD, c"/proc/self/ns/net", libc::O_RDONLY, 0).unwrap(), pipe().unwrap());
        let pidfd = pidfd_open(std::process::id()).unwrap();
        let mut all = vec![pipe.0, pipe.1, inotify_init().unwrap(), netlink_socket(0).unwrap()];
        all.extend(pidfd_net_ns(pidfd.as_fd()));
        all.extend(pidfd_getfd(pidfd.as_fd(), 0));
        let ns = NsFd::new(ns).unwrap();
        all.extend([ns.user_ns().unwrap(), pidfd, ns.into_fd()]);
        all.extend(socket_net_ns(all[3].as_fd())); // only root may ask
        let (pid, child) =
            clone_exec(NsFlags::empty(), None, &[], Some(&mut Image::new(vec![], vec![], None)), all[1].as_fd())
                .unwrap();
        let end = pidfd_wait(child.as_fd(), libc::WEXITED);
        assert_eq!((end, pid > 0), (Ok(Some((libc::CLD_EXITED, 127))), true));
        all.push(child);
        for fd in all {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
            let flags = info.lines().find_map(|l| l.strip_prefix("flags:")).unwrap().trim();
            let flags = c_int::from_str_radix(flags, 8).unwrap();
            assert_ne!(flags & libc::O_CLOEXEC, 0, "{:?}", fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())));
        }
    }

    /// The kernel acknowledges an empty message (NLMSG_NOOP = 1) that asks for it (NLM_F_ACK = 4): struct nlmsghdr { u32 len;
    /// u16 type, flags; u32 seq, pid; } comes back in an NLMSG_ERROR (2) after an errno of 0.
    #[test]
    fn netlink_datagrams_are_sent_received_and_measured() {
        let socket = netlink_socket(0).unwrap();
        netlink_bind(socket.as_fd(), 0).unwrap();
        let port = netlink_port(socket.as_fd()).unwrap();
        assert_ne!(port, 0);
        let (head, tail) = (
            [16_u32.to_ne_bytes(), [[1_u16, 4].map(u16::to_ne_bytes)].concat().concat().try_into().unwrap()],
            [7_u32, 0],
        );
        let (head, tail) = (head.concat(), tail.map(u32::to_ne_bytes).concat());
        let no_wait = libc::MSG_DONTWAIT;
        assert_eq!(recv(socket.as_fd(), &mut [0; 64], no_wait), Err(Errno::EAGAIN));
        assert_eq!(send(socket.as_fd(), &[IoSlice::new(&head), IoSlice::new(&tail)], 0), Ok(16));
        assert_eq!(poll(&mut [PollFd::readable(socket.as_fd())], Some(Duration::ZERO)), Ok(1));
        let from_kernel = Received { len: 36, flags: libc::MSG_TRUNC, pid: 0, groups: 0, nsid: None };
        let peek = no_wait | libc::MSG_PEEK | libc::MSG_TRUNC;
        assert_eq!(recv(socket.as_fd(), &mut [], peek), Ok(from_kernel), "the true length, into no buffer");
        let mut buf = [0xaa; 64];
        assert_eq!(recv(socket.as_fd(), &mut buf, no_wait), Ok(Received { flags: 0, ..from_kernel }));
        assert_eq!(u32::from_ne_bytes(buf[12..16].try_into().unwrap()), port);
        assert_eq!((&buf[16..20], &buf[20..36]), (&[0; 4][..], &[head, tail].concat()[..]));
        assert_eq!(buf[36..], [0xaa; 28]);
        setsockopt(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, 65536).unwrap();
    }

    #[test]
    fn the_nsid_is_found_among_control_messages() {
        fn cmsg(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
            let word = size_of::<usize>();
            let mut m = (word + 8 + data.len()).to_ne_bytes().to_vec();
            m.extend([level.to_ne_bytes(), kind.to_ne_bytes()].concat());
            m.extend(data);
            m.resize(m.len().next_multiple_of(word), 0xaa);
            m
        }
        let other = cmsg(libc::SOL_NETLINK, 3, &[1; 4]);
        let id = cmsg(libc::SOL_NETLINK, 8, &(-5_i32).to_ne_bytes());
        let both = [other.clone(), id.clone()].concat();
        assert_eq!(
            (nsid(&id, id.len()), nsid(&both, both.len()), nsid(&other, other.len())),
            (Some(-5), Some(-5), None)
        );
        for cut in 0..id.len() - 4 {
            assert_eq!(nsid(&id[..cut], cut), None);
        }
        assert_eq!((nsid(&[0; 64], 64), nsid(&[0xff; 64], 64), nsid(&[], 0), nsid(&[], 9)), (None, None, None, None));
    }

    #[test]
    fn poll_waits_no_less_than_told() {
        let (quiet, start) = (pipe().unwrap(), Instant::now());
        assert_eq!(poll(&mut [PollFd::readable(quiet.0.as_fd())], Some(Duration::from_micros(1500))), Ok(0));
        assert!(start.elapsed() >= Duration::from_micros(1500));
        write(quiet.1.as_fd(), b"x").unwrap();
        assert_eq!(poll(&mut [PollFd::readable(quiet.0.as_fd())], None), Ok(1));
    }
}

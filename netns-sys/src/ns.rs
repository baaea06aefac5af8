//! A network namespace, held by a descriptor that was checked to be one.

use crate::error::{At, Errno, Error, Kind, Result};
use crate::process;
use crate::sys::{self, CWD, NsFd, Stat};
use libc::{O_NOCTTY, O_NONBLOCK, O_PATH, O_RDONLY};
use std::ffi::{CStr, CString, OsStr};
use std::hash::{Hash, Hasher};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

bitflags::bitflags! {
    /// Types of namespaces, with the values of clone(2)'s `CLONE_NEW*` flags.
    #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct NsFlags: i32 {
        /// Interfaces, addresses, routes: `CLONE_NEWNET`.
        const NET = libc::CLONE_NEWNET;
        /// Users, groups and capabilities: `CLONE_NEWUSER`.
        const USER = libc::CLONE_NEWUSER;
        /// Mounts: `CLONE_NEWNS`.
        const MOUNT = libc::CLONE_NEWNS;
        /// Process ids: `CLONE_NEWPID`.
        const PID = libc::CLONE_NEWPID;
        /// Host and domain name: `CLONE_NEWUTS`.
        const UTS = libc::CLONE_NEWUTS;
        /// System V IPC and POSIX message queues: `CLONE_NEWIPC`.
        const IPC = libc::CLONE_NEWIPC;
        /// The cgroup root: `CLONE_NEWCGROUP`.
        const CGROUP = libc::CLONE_NEWCGROUP;
        /// Boot and monotonic clocks: `CLONE_NEWTIME`. Linux 5.6.
        const TIME = libc::CLONE_NEWTIME;
    }
}

impl NsFlags {
    /// Each type with its name, as in /proc/PID/ns.
    pub const NAMES: [(&'static str, NsFlags); 8] = [
        ("mnt", NsFlags::MOUNT),
        ("net", NsFlags::NET),
        ("pid", NsFlags::PID),
        ("uts", NsFlags::UTS),
        ("ipc", NsFlags::IPC),
        ("user", NsFlags::USER),
        ("cgroup", NsFlags::CGROUP),
        ("time", NsFlags::TIME),
    ];

    /// The name of a single type; empty for several, or none.
    #[must_use]
    pub fn name(self) -> &'static str {
        NsFlags::NAMES.iter().find(|n| n.1 == self).map_or("", |n| n.0)
    }
}

/// What tells one namespace from another. Equal if device and inode are, as long as somebody holds both namespaces: the
/// kernel may give the inode number of a dead one to a new one.
#[derive(Debug, Clone, Copy)]
pub struct NsId {
    /// The device of nsfs, the same for all namespaces.
    pub dev: u64,
    /// The inode number, as in `net:[4026531833]`.
    pub ino: u64,
    /// The id that is never used again, on kernels that have it (6.18).
    pub id64: Option<u64>,
}
impl PartialEq for NsId {
    fn eq(&self, other: &NsId) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }
}
impl Eq for NsId {}
impl Hash for NsId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dev, self.ino).hash(state);
    }
}

/// A network namespace: an open descriptor that keeps it alive. That it is one was asked of the descriptor itself
/// (fstatfs(2): nsfs; ioctl_ns(2): a network namespace), never of a path.
#[derive(Debug)]
pub struct Ns(NsFd);

impl AsFd for Ns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd().as_fd()
    }
}

impl From<Ns> for OwnedFd {
    fn from(ns: Ns) -> OwnedFd {
        ns.0.into_fd()
    }
}

impl Ns {
    /// The calling thread's.
    ///
    /// # Errors
    /// [`Error::NoProc`]: neither /proc nor the right (`CAP_NET_ADMIN`) to ask a socket is there.
    pub fn current() -> Result<Ns> {
        let fd = match sys::openat(CWD, c"/proc/thread-self/ns/net", O_RDONLY, 0) {
            Err(Errno::ENOENT) => {
                let socket = sys::netlink_socket(0).and_then(|socket| sys::socket_net_ns(socket.as_fd()));
                socket.map_err(|_| Error::NoProc { op: "open the current namespace" })?
            }
            fd => fd.at("open", "/proc/thread-self/ns/net")?,
        };
        Ns::checked(fd, "/proc/thread-self/ns/net")
    }

    /// A new one. The caller stays where it is: it is made by a thread that then ends.
    ///
    /// # Errors
    /// [`Error::Limit`]; `EPERM` without `CAP_SYS_ADMIN`; those of [`Ns::current`].
    pub fn create() -> Result<Ns> {
        on_a_thread(|| {
            sys::unshare(NsFlags::NET).map_err(|e| Error::making(NsFlags::NET, "make a network namespace", e))?;
            Ns::current()
        })
    }

    /// The one this path leads to: a mounted name, `/proc/PID/ns/net`, or a link to either. Nothing else is really opened.
    ///
    /// # Errors
    /// [`Error::NotNetns`] says what is there instead; those of open(2).
    pub fn open(path: &Path) -> Result<Ns> {
        let c = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL.at("open", path))?;
        Ns::open_following(CWD, &c, path.as_os_str())
    }

    /// [`Ns::open`] relative to a directory.
    pub(crate) fn open_following(dir: BorrowedFd<'_>, path: &CStr, about: &OsStr) -> Result<Ns> {
        Ns::of_type(open_any(dir, path, about)?, about)
    }

    /// The entry `name` itself (a link is not followed), which statx(2) just said is a regular file.
    pub(crate) fn open_entry(dir: BorrowedFd<'_>, name: &CStr) -> Result<Ns> {
        let about = OsStr::from_bytes(name.to_bytes());
        let fd = sys::openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | libc::O_NOFOLLOW, 0).at("open", about)?;
        Ns::checked(fd, about)
    }

    /// That of a process, by its id.
    ///
    /// # Errors
    /// `ESRCH`: no such process; `EACCES`, `EPERM`: not ours to look into; [`Error::NoProc`] (before Linux 6.11).
    pub fn of_pid(pid: u32) -> Result<Ns> {
        Ns::of_pidfd(process::open(pid)?.as_fd())
    }

    /// That of a process, by a descriptor of it (pidfd_open(2)).
    ///
    /// # Errors
    /// `EBADF`: not a pidfd; otherwise those of [`Ns::of_pid`].
    pub fn of_pidfd(pidfd: BorrowedFd<'_>) -> Result<Ns> {
        let op = "open the network namespace of a process";
        match sys::pidfd_net_ns(pidfd) {
            Err(Errno::ENOTTY | Errno::EINVAL) => {}
            fd => return Ns::checked(fd.at(op, "")?, "pidfd"),
        }
        Ns::of_pidfd_by_number(pidfd)
    }

    /// That which a socket of a process (by a descriptor of it) lives in, or a descriptor of /dev/net/tun. The socket is duplicated
    /// for it (pidfd_getfd(2), Linux 5.6).
    ///
    /// # Errors
    /// `EBADF`: it has no such descriptor; `ENOTSOCK`: that is of something else; `EPERM`.
    pub fn of_socket(pidfd: BorrowedFd<'_>, fd: u32) -> Result<Ns> {
        let ns = sys::pidfd_getfd(pidfd, fd).and_then(|socket| sys::socket_net_ns(socket.as_fd()));
        Ns::from_fd(ns.at("find the network namespace of socket", fd.to_string())?)
    }

    /// Before Linux 6.11: if the process is not reaped after the open, the number was its own during the open.
    fn of_pidfd_by_number(pidfd: BorrowedFd<'_>) -> Result<Ns> {
        let pid = process::pid_of(pidfd)?;
        let ns = Ns::open(Path::new(&format!("/proc/{pid}/ns/net")));
        match sys::pidfd_signal(pidfd, 0) {
            Ok(()) | Err(Errno::EPERM) => ns,
            Err(e) => Err(e.at("open the network namespace of a process", pid.to_string())),
        }
    }

    /// This descriptor, if it is of a network namespace.
    ///
    /// # Errors
    /// [`Error::NotNetns`] says what it is of.
    pub fn from_fd(fd: OwnedFd) -> Result<Ns> {
        let about = format!("descriptor {}", fd.as_raw_fd());
        Ns::checked(fd, about)
    }

    fn checked(fd: OwnedFd, about: impl AsRef<OsStr>) -> Result<Ns> {
        let about = about.as_ref();
        Ns::of_type(nsfs(fd, about)?, about)
    }

    fn of_type(fd: NsFd, about: &OsStr) -> Result<Ns> {
        match fd.kind().at("ask the type of the namespace", about)? {
            NsFlags::NET => Ok(Ns(fd)),
            other => Err(Error::NotNetns { about: about.to_owned(), seen: Kind::OtherNs(other) }),
        }
    }

    /// Its identity.
    ///
    /// # Errors
    /// Those of statx(2): none on a sane system.
    pub fn id(&self) -> Result<NsId> {
        id(&self.0).at("stat", "a namespace")
    }

    /// The number of its descriptor, for attributes that name a namespace by one (`IFLA_NET_NS_FD`, `NETNSA_FD`): the
    /// kernel looks it up when the request is sent, so `self` has to live until then.
    #[must_use]
    pub fn fd_number(&self) -> u32 {
        u32::try_from(self.as_fd().as_raw_fd()).unwrap_or(u32::MAX) // never negative
    }

    /// The user namespace it belongs to, whose capabilities count in it.
    ///
    /// # Errors
    /// `EPERM`: that is neither the caller's nor below it.
    pub fn owner_user_ns(&self) -> Result<OwnedFd> {
        self.0.user_ns().at("open the owner of a namespace", "")
    }

    /// The user who made the user namespace it belongs to.
    ///
    /// # Errors
    /// Those of [`Ns::owner_user_ns`].
    pub fn owner_uid(&self) -> Result<u32> {
        let user =
            NsFd::new(self.owner_user_ns()?).map_err(|_| Errno::EBADF.at("open the owner of a namespace", ""))?;
        user.owner_uid().at("ask the owner of a namespace", "")
    }

    /// Runs `f` inside: on a new thread, which ends with it, so that no thread is ever left in the wrong namespace. Sockets
    /// opened there stay there wherever they are used. A panic of `f` goes on in the caller.
    ///
    /// # Errors
    /// `EPERM` without `CAP_SYS_ADMIN` here and there; `EAGAIN`, `ENOMEM`: no thread to be had.
    pub fn run<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T> {
        on_a_thread(|| {
            self.enter()?;
            Ok(f())
        })
    }

    /// Takes the calling thread there, for good: for one that has nothing to do elsewhere any more.
    ///
    /// # Errors
    /// `EPERM` without `CAP_SYS_ADMIN` here and there.
    pub fn enter(&self) -> Result<()> {
        sys::setns(self.as_fd(), NsFlags::NET).at("enter the network namespace", "")
    }
}

/// The identity of a namespace of any type.
pub(crate) fn id(ns: &NsFd) -> std::result::Result<NsId, Errno> {
    let st = sys::statx(ns.fd().as_fd(), c"")?;
    Ok(NsId { dev: st.dev, ino: st.ino, id64: ns.id().ok() })
}

/// The namespace of any type at this path. What is found is first only referred to (`O_PATH`), and really opened once
/// fstatfs says nsfs: a FIFO does not hang, a device is not set off, and no link changes under us.
pub(crate) fn open_any(dir: BorrowedFd<'_>, path: &CStr, about: &OsStr) -> Result<NsFd> {
    let seen = nsfs(sys::openat(dir, path, O_PATH, 0).at("open", about)?, about)?;
    let fd = match sys::openat(CWD, &proc_fd(seen.fd().as_fd(), c""), O_RDONLY, 0) {
        // No /proc: then this is a mounted name and no link into /proc. Go by the path once more, and check once more.
        Err(Errno::ENOENT) => sys::openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0),
        fd => fd,
    };
    nsfs(fd.at("open", about)?, about)
}

/// This descriptor, if it is on nsfs.
fn nsfs(fd: OwnedFd, about: &OsStr) -> Result<NsFd> {
    NsFd::new(fd).map_err(|other| match sys::statx(other.as_fd(), c"") {
        Ok(st) => Error::NotNetns { about: about.to_owned(), seen: kind(&st) },
        Err(e) => e.at("stat", about),
    })
}

/// Runs `f` inside each of these, in turn, on one thread that then ends: for many, where [`Ns::run`] starts a thread each.
///
/// # Errors
/// `EAGAIN`, `ENOMEM`: no thread to be had; for each, those of entering it.
pub fn run_in_each<T: Send>(
    all: impl Iterator<Item = Result<Ns>> + Send,
    mut f: impl FnMut() -> T + Send,
) -> Result<Vec<Result<T>>> {
    let mut run = |ns: Result<Ns>| {
        ns?.enter()?;
        Ok(f())
    };
    on_a_thread(|| Ok(all.map(&mut run).collect()))
}

/// Runs `f` on a thread of its own and waits for its end.
pub(crate) fn on_a_thread<T: Send>(f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let (mut f, mut result) = (Some(f), None);
    thread_for(&mut || result = f.take().map(|f| f()))?;
    result.unwrap_or(Err(Error::NoAnswer)) // it has run, or its panic went on here
}

fn thread_for(f: &mut (dyn FnMut() + Send)) -> Result<()> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, f).at("start a thread", "")?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(())
    })
}

/// `/proc/self/fd/N`, and `/name` if there is one: the path of an open file, or of an entry of an open directory.
pub(crate) fn proc_fd(fd: BorrowedFd<'_>, name: &CStr) -> CString {
    let mut path = format!("/proc/self/fd/{}", fd.as_raw_fd()).into_bytes();
    if !name.is_empty() {
        path.push(b'/');
        path.extend_from_slice(name.to_bytes());
    }
    CString::new(path).unwrap_or_default() // a CStr has no NUL inside
}

/// What a file is that is not on nsfs.
pub(crate) fn kind(st: &Stat) -> Kind {
    match st.mode & libc::S_IFMT {
        libc::S_IFREG if st.size == 0 && !st.mount_root => Kind::Stale,
        libc::S_IFDIR => Kind::Dir,
        libc::S_IFLNK => Kind::Link,
        libc::S_IFIFO => Kind::Fifo,
        libc::S_IFSOCK => Kind::Socket,
        libc::S_IFCHR | libc::S_IFBLK => Kind::Device,
        _ => Kind::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_number_only_while_it_lives() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let pidfd = sys::pidfd_open(child.id()).unwrap();
        let ns = Ns::of_pidfd_by_number(pidfd.as_fd()).unwrap();
        assert_eq!(ns.id(), Ns::current().unwrap().id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(Ns::of_pidfd_by_number(pidfd.as_fd()).unwrap_err().errno(), Some(Errno::ESRCH));
        let null = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(Ns::of_pidfd_by_number(null.as_fd()).unwrap_err().errno(), Some(Errno::EBADF));
    }
}

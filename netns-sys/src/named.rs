//! The directory of named namespaces: `name` is a file that a namespace is mounted on, which keeps it alive with no process
//! in it. The layout is iproute2's (ip-netns(8)), and so is the lock (flock(2) on the directory, which anybody who can open
//! it can hold). Work goes through a descriptor of the directory; what an entry is, is asked of the opened entry.

use crate::error::{At, Errno, Error, Kind, NameRule, Result};
use crate::mount;
use crate::ns::{self, Ns, NsId};
use crate::process::Held;
use crate::sys::{self, CWD, Stat};
use libc::{O_DIRECTORY, O_RDONLY};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where iproute2 keeps its names; `/var/run` commonly is a link to `/run`.
pub const DEFAULT_DIR: &str = "/var/run/netns";

/// A directory of named namespaces. One that does not exist is an empty one, and is made when the first name is.
#[derive(Debug, Clone)]
pub struct Dir {
    path: PathBuf,
}

impl Default for Dir {
    fn default() -> Dir {
        Dir::at(DEFAULT_DIR)
    }
}

/// An entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: any bytes but `/` and NUL.
    pub name: OsString,
    /// What it is.
    pub state: State,
}

/// What an entry of the directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// A network namespace.
    Ns(NsId),
    /// The empty file of a name whose namespace is gone.
    Stale,
    /// A link to a network namespace; `None`: to nothing or something else, or not to be trusted ([`Error::NotOurs`]).
    Link(Option<NsId>),
    /// Something else.
    Other(Kind),
    /// It could not be looked at.
    Failed(Error),
}

impl State {
    /// The namespace that the name leads to.
    #[must_use]
    pub fn id(&self) -> Option<&NsId> {
        match self {
            State::Ns(id) | State::Link(Some(id)) => Some(id),
            _ => None,
        }
    }
}

/// What [`Opened::look`] finds.
pub(crate) enum Found {
    Ns(Ns),
    Link(Stat),
    Other(Kind),
}

/// The directory, opened once for many questions.
#[derive(Debug)]
pub struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) fd: OwnedFd,
    stat: Stat,
}

/// What [`Dir::attach`] made on its way, undone in reverse when dropped, unless kept.
struct Made<'a> {
    path: &'a Path,
    dir: bool,
    mount: bool,
}

/// A [`Dir`] that names are about to be put into. Dropped in this order: the directory is closed, what was made in vain is
/// undone, the lock is let go.
pub(crate) struct Ready<'a> {
    pub(crate) dir: Opened,
    made: Made<'a>,
    lock: Locked,
}

/// The lock on a directory, until dropped: then the signals come that came meanwhile. One that ends the process in between
/// would leave a file without its namespace.
pub(crate) struct Locked {
    _lock: OwnedFd,
    _signals: Held,
}

impl Ready<'_> {
    /// Makes the empty file that a namespace is to be mounted on, or takes over that of a name whose namespace is gone: false.
    pub(crate) fn placeholder(&self, name: &CStr) -> Result<bool> {
        let dir = &self.dir;
        let os = || OsStr::from_bytes(name.to_bytes()).to_owned();
        let fresh = match sys::make_file(dir.fd.as_fd(), name) {
            Err(Errno::EEXIST) => match dir.look(name)? {
                Found::Other(Kind::Stale) => sys::touch(dir.fd.as_fd(), name).map(|()| false),
                Found::Ns(_) => return Err(Error::Exists { name: os(), seen: Kind::Netns }),
                Found::Link(_) => return Err(Error::Exists { name: os(), seen: Kind::Link }),
                Found::Other(seen) => return Err(Error::Exists { name: os(), seen }),
            },
            made => made.map(|()| true),
        };
        fresh.at("make file", dir.path.join(os()))
    }

    /// The outcome of mounting a namespace on that file, which goes again where it was made in vain.
    pub(crate) fn bound(&self, name: &CStr, fresh: bool, bound: std::result::Result<(), Errno>) -> Result<()> {
        bound.map_err(|e| {
            if fresh {
                let _ = sys::unlinkat(self.dir.fd.as_fd(), name);
            }
            e.at("mount the namespace on", self.dir.path.join(OsStr::from_bytes(name.to_bytes())))
        })
    }

    /// There are names in it now: nothing was made in vain.
    pub(crate) fn keep(mut self) {
        (self.made.dir, self.made.mount) = (false, false);
        drop(self.lock);
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        // Not lazily: if somebody put a name there meanwhile, it stays, and so does the directory.
        if self.mount && mount::c_path(self.path).and_then(|p| sys::umount(&p, 0)).is_err() {
            return;
        }
        if self.dir {
            let _ = fs::remove_dir(self.path);
        }
    }
}

impl Dir {
    /// The directory at this path. Nothing is looked at yet.
    pub fn at(path: impl Into<PathBuf>) -> Dir {
        Dir { path: path.into() }
    }
    /// Its path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a network namespace and gives it a name. The caller stays where it is. The namespace is made first and named
    /// last, and on failure everything is undone: there is no half-made name.
    ///
    /// # Errors
    /// [`Error::BadName`]; [`Error::Exists`]; [`Error::Limit`]; [`Error::NotOurs`]; `EPERM` without `CAP_SYS_ADMIN`; those
    /// of mount(2).
    pub fn add(&self, name: &OsStr) -> Result<Ns> {
        c_name(name)?;
        let ns = Ns::create()?;
        self.attach(name, &ns)?;
        Ok(ns)
    }

    /// Gives a namespace a name (or another name). The empty file of a name whose namespace is gone is taken over.
    ///
    /// # Errors
    /// Those of [`Dir::add`].
    pub fn attach(&self, name: &OsStr, ns: &Ns) -> Result<()> {
        let c = c_name(name)?;
        let ready = self.ready()?;
        let fresh = ready.placeholder(&c)?;
        let bound = mount::bind_ns(ns.as_fd(), ready.dir.fd.as_fd(), &c);
        ready.bound(&c, fresh, bound)?;
        ready.keep();
        Ok(())
    }

    /// The directory, locked, shared with other mount namespaces, and ready for names; made if it is not there.
    pub(crate) fn ready(&self) -> Result<Ready<'_>> {
        let mut made = Made { path: &self.path, dir: self.make()?, mount: false };
        let lock = self.lock()?;
        let mut dir = self.open_own()?;
        match mount::share(dir.fd.as_fd(), &self.path) {
            Err(Errno::EINVAL) => {
                mount::mount_on_itself(dir.fd.as_fd(), &self.path).at("make a shared mount of", &self.path)?;
                made.mount = true;
                dir = self.open_own()?;
            }
            done => done.at("share the mount: mount --make-shared", &self.path)?,
        }
        Ok(Ready { dir, made, lock })
    }

    /// Takes a name away: every namespace mounted on it, and its file; of a link, only the link. The namespace lives on
    /// while a process, a socket or another name is in it. What is no namespace's name stays untouched.
    ///
    /// # Errors
    /// [`Error::NoSuchName`]; [`Error::NotNetns`]: the name is something else's; [`Error::NotOurs`]; `EPERM`; `EBUSY`: it is
    /// in use as a mount point otherwise.
    pub fn remove(&self, name: &OsStr) -> Result<()> {
        let c = c_name(name)?;
        let _lock = match self.lock() {
            Err(e) if e.errno() == Some(Errno::ENOENT) => return Err(Error::NoSuchName { name: name.to_owned() }),
            lock => lock?,
        };
        self.open_own()?.remove(&c, &mut Vec::new())
    }

    /// The namespace of this name, see [`Opened::open`].
    ///
    /// # Errors
    /// Those of [`Opened::open`].
    pub fn open(&self, name: &OsStr) -> Result<Ns> {
        c_name(name)?;
        self.opened()?.ok_or_else(|| Error::NoSuchName { name: name.to_owned() })?.open(name)
    }

    /// Opens the directory; `None`: there is none.
    ///
    /// # Errors
    /// `ENOTDIR`, `EACCES` and others of opening a directory.
    pub fn opened(&self) -> Result<Option<Opened>> {
        let fd = match self.open_fd() {
            Err(Errno::ENOENT) => return Ok(None),
            fd => fd.at("open directory", &self.path)?,
        };
        let stat = sys::statx(fd.as_fd(), c"").at("stat", &self.path)?;
        Ok(Some(Opened { path: self.path.clone(), fd, stat }))
    }

    /// Hands all names to `each`, in the directory's order, without a look at what they are. False: there is no directory.
    ///
    /// # Errors
    /// `ENOTDIR`, `EACCES` and others of reading a directory.
    pub fn each_name(&self, mut each: impl FnMut(&OsStr)) -> Result<bool> {
        let fd = match self.open_fd() {
            Err(Errno::ENOENT) => return Ok(false),
            fd => fd.at("read directory", &self.path)?,
        };
        let all = each_entry(fd.as_fd(), &mut [0; 32 * 1024], |name| each(OsStr::from_bytes(name)));
        all.at("read directory", &self.path).map(|()| true)
    }

    /// All names, in the directory's order, without a look at what they are.
    ///
    /// # Errors
    /// Those of [`Dir::each_name`].
    pub fn names(&self) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.each_name(|name| names.push(name.to_owned()))?;
        Ok(names)
    }

    /// All entries and what they are, sorted by name. One odd entry does not fail the others.
    ///
    /// # Errors
    /// Those of [`Dir::each_name`].
    pub fn list(&self) -> Result<Vec<Entry>> {
        let Some(dir) = self.opened()? else { return Ok(Vec::new()) };
        let mut names = self.names()?;
        names.sort_unstable();
        let entry = |name: OsString| dir.state(&name).map(|state| Entry { name, state });
        Ok(names.into_iter().filter_map(entry).collect())
    }

    /// All names of a namespace, in the directory's order.
    ///
    /// # Errors
    /// Those of [`Dir::each_name`].
    pub fn identify(&self, id: &NsId) -> Result<Vec<OsString>> {
        let Some(dir) = self.opened()? else { return Ok(Vec::new()) };
        let mut names = self.names()?;
        names.retain(|name| dir.identity(name).as_ref() == Some(id));
        Ok(names)
    }

    /// Watches names come and go, from now on. The directory is made if it is not there.
    ///
    /// # Errors
    /// `ENOTDIR`; `EACCES`; `EMFILE`, `ENOSPC`: no inotify(7) instance or watch to be had.
    pub fn watch(&self) -> Result<Watch> {
        self.make()?;
        let fd = sys::inotify_init().at("watch directory", &self.path)?;
        let mask = ADDED | REMOVED | GONE | libc::IN_ONLYDIR;
        mount::c_path(&self.path)
            .and_then(|path| sys::inotify_add_watch(fd.as_fd(), &path, mask))
            .at("watch directory", &self.path)?;
        Ok(Watch { file: fd.into(), buf: Box::new([0; 4096]), from: 0, to: 0, ended: false })
    }

    /// Makes the directory; false if it was there.
    fn make(&self) -> Result<bool> {
        match fs::DirBuilder::new().mode(0o755).create(&self.path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
            done => done.map(|()| true).at("make directory", &self.path),
        }
    }

    fn open_fd(&self) -> std::result::Result<OwnedFd, Errno> {
        sys::openat(CWD, &mount::c_path(&self.path)?, O_RDONLY | O_DIRECTORY, 0)
    }

    /// The lock on the directory's inode, which is the same before and after it is mounted on itself. What it was opened
    /// through is not: whoever has the lock opens the directory anew.
    pub(crate) fn lock(&self) -> Result<Locked> {
        let lock = || {
            let fd = self.open_fd()?;
            sys::flock_exclusive(fd.as_fd(), true)?;
            Ok(fd)
        };
        let lock: std::result::Result<OwnedFd, Errno> = lock();
        let lock = lock.at("lock directory", &self.path)?;
        Ok(Locked { _lock: lock, _signals: Held::all()? })
    }

    /// The directory, to change it: it must be root's or the caller's.
    pub(crate) fn open_own(&self) -> Result<Opened> {
        let dir = self.opened()?.ok_or_else(|| Errno::ENOENT.at("open directory", &self.path))?;
        trusted(&dir.stat, &self.path)?;
        Ok(dir)
    }
}

impl Opened {
    /// The namespace of this name. A link is followed if the link and the directory are root's or the caller's.
    ///
    /// # Errors
    /// [`Error::BadName`]; [`Error::NoSuchName`]; [`Error::Stale`]; [`Error::NotNetns`]; [`Error::NotOurs`].
    pub fn open(&self, name: &OsStr) -> Result<Ns> {
        let c = c_name(name)?;
        match self.look(&c)? {
            Found::Ns(ns) => Ok(ns),
            Found::Link(link) => self.follow(&c, &link),
            Found::Other(Kind::Stale) => Err(Error::Stale { name: name.to_owned() }),
            Found::Other(seen) => Err(Error::NotNetns { about: self.path.join(name).into(), seen }),
        }
    }

    /// What tells the namespace of this name from others. Where it is mounted there is no look inside: it may be one of
    /// another type. `None`: there is nothing that could be one.
    #[must_use]
    pub fn identity(&self, name: &OsStr) -> Option<NsId> {
        let c = c_name(name).ok()?;
        let st = sys::statx(self.fd.as_fd(), &c).ok()?;
        match self.kind(&st) {
            None => Some(NsId { dev: st.dev, ino: st.ino, id64: None }),
            Some(Kind::Link) => self.follow(&c, &st).and_then(|ns| ns.id()).ok(),
            Some(_) => None,
        }
    }

    /// What this name is; `None`: it is not there.
    #[must_use]
    pub fn state(&self, name: &OsStr) -> Option<State> {
        let state = || {
            let c = c_name(name)?;
            Ok(match self.look(&c)? {
                Found::Ns(ns) => State::Ns(ns.id()?),
                Found::Link(link) => State::Link(self.follow(&c, &link).and_then(|ns| ns.id()).ok()),
                Found::Other(Kind::Stale) => State::Stale,
                Found::Other(kind) => State::Other(kind),
            })
        };
        match state() {
            Err(Error::NoSuchName { .. }) => None,
            state => Some(state.unwrap_or_else(State::Failed)),
        }
    }

    /// What an entry is that is no namespace. `None`: it can be one, an empty file on another file system.
    fn kind(&self, st: &Stat) -> Option<Kind> {
        let empty = st.mode & libc::S_IFMT == libc::S_IFREG && st.size == 0;
        if empty && st.dev != self.stat.dev { None } else { Some(ns::kind(st)) }
    }

    /// What this entry is. Only what statx(2) says is an empty file on another file system than the directory's is opened:
    /// a namespace is one, and to open an empty file does nothing.
    pub(crate) fn look(&self, name: &CStr) -> Result<Found> {
        let os = || OsStr::from_bytes(name.to_bytes()).to_owned();
        let st = match sys::statx(self.fd.as_fd(), name) {
            Err(Errno::ENOENT) => return Err(Error::NoSuchName { name: os() }),
            st => st.at("stat", self.path.join(os()))?,
        };
        match self.kind(&st) {
            Some(Kind::Link) => return Ok(Found::Link(st)),
            Some(kind) => return Ok(Found::Other(kind)),
            None => {}
        }
        match Ns::open_entry(self.fd.as_fd(), name) {
            Ok(ns) => Ok(Found::Ns(ns)),
            Err(Error::NotNetns { seen: Kind::Stale, .. }) => Ok(Found::Other(Kind::File)), // mounted, before 5.8
            Err(Error::NotNetns { seen, .. }) => Ok(Found::Other(seen)),
            Err(e) if e.errno() == Some(Errno::ENOENT) => Err(Error::NoSuchName { name: os() }),
            Err(e) => Err(e),
        }
    }

    /// Takes a name away, as [`Dir::remove`] does; the namespaces unmounted are put to those `held`. Where the file cannot be
    /// removed, they are mounted on it again.
    pub(crate) fn remove(&self, name: &CStr, held: &mut Vec<Ns>) -> Result<()> {
        let path = self.path.join(OsStr::from_bytes(name.to_bytes()));
        let dir = self.fd.as_fd();
        let mut others = held.len();
        let result = loop {
            match self.look(name) {
                Ok(Found::Ns(ns)) => {
                    if let Err(e) = mount::unmount(dir, name, &path) {
                        break Err(e.at("unmount", &path));
                    }
                    held.push(ns);
                    // Where nothing else is mounted on it, which as good as always is so, there is no need to look again.
                    match sys::unlinkat(dir, name) {
                        Err(Errno::EBUSY) => {}
                        done => break done.at("remove file", &path),
                    }
                }
                Ok(Found::Link(_) | Found::Other(Kind::Stale)) => {
                    break sys::unlinkat(dir, name).at("remove file", &path);
                }
                Ok(Found::Other(seen)) => break Err(Error::NotNetns { about: path.into(), seen }),
                Err(error) if error.errno() == Some(Errno::EMFILE) && others > 0 => {
                    held.drain(..others);
                    others = 0;
                }
                Err(error) => break Err(error),
            }
        };
        if result.is_err() {
            for ns in held.drain(others..) {
                let _ = mount::bind_ns(ns.as_fd(), dir, name);
            }
        }
        result
    }

    fn follow(&self, name: &CStr, link: &Stat) -> Result<Ns> {
        let path = self.path.join(OsStr::from_bytes(name.to_bytes()));
        trusted(&self.stat, &self.path)?;
        trusted(link, &path)?;
        Ns::open_following(self.fd.as_fd(), name, path.as_os_str())
    }
}

/// Hands the names of an open directory's entries to `each`, but for itself and the one above.
pub(crate) fn each_entry(
    dir: BorrowedFd<'_>,
    buf: &mut [u8],
    mut each: impl FnMut(&[u8]),
) -> std::result::Result<(), Errno> {
    loop {
        let len = sys::getdents(dir, buf)?;
        if len == 0 {
            return Ok(());
        }
        // struct linux_dirent64 { u64 ino; i64 off; u16 reclen; u8 type; char name[]; }, getdents(2)
        let mut rest = buf.get(..len).unwrap_or_default();
        while let Some(len) = rest.get(16..).and_then(|b| b.first_chunk()) {
            let (entry, more) = rest.split_at_checked(u16::from_ne_bytes(*len).into()).unwrap_or_default();
            let name = entry.get(19..).and_then(|b| b.split(|b| *b == 0).next()).unwrap_or_default();
            if !matches!(name, b"" | b"." | b"..") {
                each(name);
            }
            rest = if entry.is_empty() { &[] } else { more };
        }
    }
}

/// Root's or the caller's own.
fn trusted(stat: &Stat, path: &Path) -> Result<()> {
    if stat.uid == 0 || stat.uid == sys::geteuid() {
        return Ok(());
    }
    Err(Error::NotOurs { path: path.into(), uid: stat.uid })
}

pub(crate) fn c_name(name: &OsStr) -> Result<CString> {
    NameRule::lenient(name)
        .and_then(|()| CString::new(name.as_bytes()).map_err(|_| NameRule::Nul))
        .map_err(|rule| Error::BadName { name: name.to_owned(), rule })
}

const ADDED: u32 = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_ATTRIB; // IN_ATTRIB: a stale file is taken over
const REMOVED: u32 = libc::IN_DELETE | libc::IN_MOVED_FROM;
const GONE: u32 = libc::IN_DELETE_SELF | libc::IN_MOVE_SELF;

/// A change of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A name appeared. Its namespace is mounted a moment later; until then it looks stale.
    Added(OsString),
    /// A name went away.
    Removed(OsString),
    /// The kernel dropped events: list anew.
    Overflow,
    /// The directory itself was removed or renamed; nothing more will come.
    Gone,
}

/// The changes of a directory, as they come: `next` waits for one. Ends after [`Change::Gone`] or an error. Its descriptor
/// (`AsFd`) is readable when more have come than were read; drain with `next` until [`Watch::is_empty`].
#[derive(Debug)]
pub struct Watch {
    file: fs::File,
    buf: Box<[u8; 4096]>,
    from: usize,
    to: usize,
    ended: bool,
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Watch {
    /// Nothing is left of what was read so far: the next `next` asks the kernel, and waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// The next event of the buffer: `struct inotify_event { int wd; u32 mask, cookie, len; char name[len]; }`, inotify(7).
    /// `Some(None)`: an event that is no change.
    fn parse(&mut self) -> Option<Option<Change>> {
        let rest = self.buf.get(self.from..self.to)?;
        let field = |at: usize| Some(u32::from_ne_bytes(*rest.get(at..)?.first_chunk()?));
        let (mask, len) = (field(4)?, usize::try_from(field(12)?).ok()?);
        let padded = rest.get(16..)?.get(..len)?;
        let name = OsStr::from_bytes(padded.split(|b| *b == 0).next()?).to_owned();
        self.from = self.from.checked_add(16)?.checked_add(len)?;
        Some(if mask & libc::IN_Q_OVERFLOW != 0 {
            Some(Change::Overflow)
        } else if mask & (GONE | libc::IN_IGNORED) != 0 {
            Some(Change::Gone)
        } else if name.is_empty() {
            None
        } else if mask & REMOVED != 0 {
            Some(Change::Removed(name))
        } else {
            Some(Change::Added(name))
        })
    }
}

impl Iterator for Watch {
    type Item = Result<Change>;
    fn next(&mut self) -> Option<Result<Change>> {
        while !self.ended {
            if let Some(event) = self.parse() {
                self.ended = event == Some(Change::Gone);
                match event {
                    Some(change) => return Some(Ok(change)),
                    None => continue,
                }
            }
            match self.file.read(&mut *self.buf) {
                Ok(n) => (self.from, self.to) = (0, n),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    return Some(Err(Errno::from(e).at("read", "inotify")));
                }
            }
        }
        None
    }
}

//! A namespace, said in one of many ways: a name, a path, `pid:N`, `fd:N`, `id:N`, `socket:N@PID`.

use super::{Session, done, netns};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words, show};
use netns_sys::holders::{Look, namespaces};
use netns_sys::rootless::Home;
use netns_sys::{Errno, Error, Ns, NsFlags, process};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// For the help of commands that take one.
macro_rules! target_help {
    () => {
        "\
TARGET  := NAME | PATH (has a slash in it) | pid:PID | fd:N (that we were started with) | socket:N@PID |
           id:N (the inode number, or the id that is never used again, Linux 6.18)
"
    };
}
pub(super) use target_help;

/// Which namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// That of a name; with a slash in it, that at a path.
    Name(OsString),
    /// That of a process.
    Pid(u32),
    /// That of a descriptor we were started with: of a namespace, a process, or a socket.
    Fd(u32),
    /// That with this inode number, or this id.
    Id(u64),
    /// That which a socket lives in.
    Socket {
        /// The socket's descriptor.
        fd: u32,
        /// In this process.
        pid: u32,
    },
}

/// A namespace that was opened.
#[derive(Debug)]
pub struct Found {
    /// It.
    pub ns: Ns,
    /// The process that was named (of a name of the user's own, its keeper), and a descriptor of it.
    pub process: Option<(u32, OwnedFd)>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => f.write_str(&show(name)),
            Target::Pid(pid) => write!(f, "pid:{pid}"),
            Target::Fd(fd) => write!(f, "fd:{fd}"),
            Target::Id(id) => write!(f, "id:{id}"),
            Target::Socket { fd, pid } => write!(f, "socket:{fd}@{pid}"),
        }
    }
}

/// Takes a target.
pub(super) fn parse(words: &mut Words<'_>) -> Parsed<Target> {
    let word = words.peek().ok_or_else(|| words.error("a namespace is missing: a name, a path, pid:PID, id:N, …"))?;
    let (kind, value) = word.to_str().and_then(|w| w.split_once(':')).unwrap_or_default();
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
    let small = |text: &str| number(text).and_then(|n| u32::try_from(n).ok()).filter(|n| i32::try_from(*n).is_ok());
    let target = match kind {
        "pid" => small(value).map(Target::Pid),
        "fd" => small(value).map(Target::Fd),
        "id" => number(value).map(Target::Id),
        "socket" => {
            value.split_once('@').and_then(|(fd, pid)| Some(Target::Socket { fd: small(fd)?, pid: small(pid)? }))
        }
        _ if is_path(word) => Some(Target::Name(word.to_owned())),
        _ => return netns::name(words).map(|name| Target::Name(name.to_owned())),
    };
    let target = target.ok_or_else(|| {
        let form = if kind == "socket" { "socket:N@PID" } else { "a number behind the colon" };
        words.error(format!("{} is no namespace: {form} (a name like this: by its path)", show(word)))
    })?;
    let _ = words.next();
    Ok(target)
}

/// Where names are mounted.
pub(super) struct NameDirs {
    /// The inode number of our mount namespace.
    pub(super) mount_ns: u64,
    /// In it.
    here: Option<PathBuf>,
    /// An ordinary user's, in the mount namespace of their keeper.
    own: Option<PathBuf>,
}

impl NameDirs {
    pub(super) fn of(session: &Session) -> NameDirs {
        let mount_ns = fs::metadata("/proc/self/ns/mnt").map_or(0, |m| m.ino());
        NameDirs { mount_ns, here: fs::canonicalize(session.dir.path()).ok(), own: own_names() }
    }

    /// The name that is mounted at this path, in this mount namespace.
    pub(super) fn name<'p>(&self, path: &'p Path, mount_ns: u64) -> Option<&'p OsStr> {
        let dir = path.parent();
        let is_name = dir == self.own.as_deref() || dir == self.here.as_deref() && mount_ns == self.mount_ns;
        path.file_name().filter(|_| is_name && dir.is_some())
    }
}

impl Target {
    /// Opens it. A process is held first and asked then, so that its number cannot have come to mean another.
    ///
    /// # Errors
    /// There is no such namespace; it is not ours to look into.
    pub fn open(&self, session: &Session) -> Result<Found> {
        let found = match *self {
            Target::Name(ref name) => match own_name(name) {
                Err(Error::NoSuchName { .. }) => session.open(name).map(|ns| (ns, None)),
                own => own,
            },
            Target::Pid(pid) => {
                process::open(pid).and_then(|pidfd| Ok((Ns::of_pidfd(pidfd.as_fd())?, Some((pid, pidfd)))))
            }
            Target::Fd(fd) => descriptor(fd),
            Target::Id(id) => return by_id(id),
            Target::Socket { fd, pid } => {
                process::open(pid).and_then(|pidfd| Ok((Ns::of_socket(pidfd.as_fd(), fd)?, Some((pid, pidfd)))))
            }
        };
        done(&format!("open namespace {self}"), found).map(|(ns, process)| Found { ns, process })
    }
}

fn is_path(word: &OsStr) -> bool {
    word.as_encoded_bytes().contains(&b'/')
}

/// Where an ordinary user's names are, as their keeper sees it.
fn own_names() -> Option<PathBuf> {
    Home::of_user().filter(|_| !process::is_root()).map(|home| home.path().join("netns"))
}

/// The namespace of a name of the user's own, and its keeper, whose user namespace it belongs to. Nothing is entered.
fn own_name(name: &OsStr) -> netns_sys::Result<(Ns, Option<(u32, OwnedFd)>)> {
    let none = || Error::NoSuchName { name: name.to_owned() };
    let names = own_names().filter(|_| !is_path(name)).ok_or_else(none)?;
    let keeper = Home::of_user().ok_or_else(none)?.keeper()?.ok_or_else(none)?;
    let pidfd = process::open(keeper.pid())?;
    let mut path = OsString::from(format!("/proc/{}/root", keeper.pid()));
    path.push(names.join(name));
    match Ns::open(path.as_ref()) {
        Err(Error::Sys { errno: Errno::ENOENT, .. }) => Err(none()),
        ns => Ok((ns?, Some((keeper.pid(), pidfd)))),
    }
}

fn descriptor(number: u32) -> netns_sys::Result<(Ns, Option<(u32, OwnedFd)>)> {
    let fd = process::inherited(number)?;
    let other = match Ns::from_fd(process::inherited(number)?) {
        Err(other @ Error::NotNetns { .. }) => other,
        ns => return Ok((ns?, None)),
    };
    if let Ok(pid) = process::pid_of(fd.as_fd()) {
        return Ok((Ns::of_pidfd(fd.as_fd())?, Some((pid, fd))));
    }
    let own = process::open(std::process::id())?;
    Ns::of_socket(own.as_fd(), number).map(|ns| (ns, None)).map_err(|_| other)
}

fn by_id(id: u64) -> Result<Found> {
    let (all, _) = done("look for namespaces", namespaces(NsFlags::NET, Look { owners: false, ..Look::ALL }))?;
    let found = all.iter().find(|ns| ns.id.ino == id).or_else(|| all.iter().find(|ns| ns.id.id64 == Some(id)));
    let Some(found) = found else {
        let message = format!("there is no network namespace with id {id}, or none that can be seen from here");
        return Err(Failure::new(code::USAGE, message).hint("  `netnsctl ls` shows those there are"));
    };
    let ns = done(&format!("open namespace id:{id}"), found.open())?;
    Ok(Found { ns, process: None })
}

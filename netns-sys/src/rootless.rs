//! Names for an ordinary user: a directory of names that only this user's commands see, kept by one process that does nothing.
//!
//! ```text
//! $XDG_RUNTIME_DIR/netnsctl     0700, the user's; locked (flock(2)) by who starts or ends the keeper
//!   ├─ keeper                   a socket(7) that the keeper listens on: who is behind it, the kernel says (SO_PEERCRED)
//!   └─ netns                    the names: a tmpfs in the keeper's mount namespace, empty anywhere else
//! ```
//!
//! The keeper has a user namespace (the user is root there), a mount namespace and a network namespace. A command enters the
//! first two, and then does with the directory what root would do with root's. When the keeper ends, the kernel takes the
//! names away, and with them every namespace that has no process.

use crate::error::{At, Errno, Error, Result};
use crate::mount::{self, Propagation};
use crate::named::Dir;
use crate::ns::NsFlags;
use crate::process::Spawn;
use crate::sys::{self, CWD, Stdio};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Where a user's names are.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
}

/// A lock on a [`Home`], let go when dropped.
#[derive(Debug)]
pub struct Lock {
    _fd: OwnedFd,
}

/// A keeper that runs: its number cannot come to mean another process.
#[derive(Debug)]
pub struct Keeper {
    pid: u32,
    pidfd: OwnedFd,
    home: PathBuf,
}

/// The first argument of the program that [`Home::start`] starts: then it has to call [`keep`].
pub const KEEP: &str = "--keep-names";

impl Home {
    /// That of the calling user. `None`: there is no `XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn of_user() -> Option<Home> {
        let dir = std::env::var_os("XDG_RUNTIME_DIR").filter(|d| d.as_encoded_bytes().starts_with(b"/"))?;
        Some(Home { path: Path::new(&dir).join("netnsctl") })
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keeper, if there is one.
    ///
    /// # Errors
    /// [`Error::NotOurs`]: the directory is somebody else's; those of connect(2).
    pub fn keeper(&self) -> Result<Option<Keeper>> {
        if !self.is_own()? {
            return Ok(None);
        }
        let ask = || match UnixStream::connect(self.path.join("keeper")) {
            Ok(socket) => sys::peer_pid(socket.as_fd()).map(Some),
            // Nobody listens any more.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
            Err(e) => Err(e.into()),
        };
        let op = "ask the keeper of names";
        let Some(pid) = ask().at(op, &self.path)? else { return Ok(None) };
        let pidfd = match sys::pidfd_open(pid) {
            Err(Errno::ESRCH) => return Ok(None),
            pidfd => pidfd.at("find the keeper of names", pid.to_string())?,
        };
        // It still answers: so the number was its own when the descriptor was opened.
        let still = ask().at(op, &self.path)? == Some(pid);
        Ok(still.then(|| Keeper { pid, pidfd, home: self.path.clone() }))
    }

    /// The lock: nobody else starts or ends a keeper meanwhile. The directory is made if it is not there.
    ///
    /// # Errors
    /// [`Error::NotOurs`]; those of mkdir(2) and flock(2).
    pub fn lock(&self) -> Result<Lock> {
        match fs::DirBuilder::new().mode(0o700).create(&self.path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e).at("make directory", &self.path),
            _ => {}
        }
        self.is_own()?;
        let path = mount::c_path(&self.path).at("open directory", &self.path)?;
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
        let fd = sys::openat(CWD, &path, flags, 0).at("open directory", &self.path)?;
        sys::flock_exclusive(fd.as_fd(), true).at("lock directory", &self.path)?;
        Ok(Lock { _fd: fd })
    }

    /// The keeper; starts one if there is none: this program, with [`KEEP`] and the directory as its arguments.
    ///
    /// # Errors
    /// Those of [`Home::keeper`] and [`Spawn::spawn`]; what the keeper says went wrong.
    pub fn start(&self, _lock: &Lock) -> Result<Keeper> {
        if let Some(keeper) = self.keeper()? {
            return Ok(keeper);
        }
        match fs::remove_file(self.path.join("keeper")) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e).at("remove file", self.path.join("keeper")),
            _ => {}
        }
        let op = "start the keeper of names";
        let (mut hear, tell) = UnixStream::pair().at(op, "")?;
        let null = File::options().read(true).write(true).open("/dev/null").at("open", "/dev/null")?;
        let program = std::env::current_exe().at("find this program", "")?;
        let spawn = Spawn::new(program).args([OsStr::new(KEEP), self.path.as_os_str()]).map_ids(0, 0);
        let spawn = spawn.namespaces(NsFlags::USER | NsFlags::MOUNT | NsFlags::NET).current_dir("/");
        // It outlives us: nobody is to wait for the end of a pipe that it has no use for.
        let spawn = spawn.close_fds().default_signals();
        let spawn = spawn.stdio(Stdio::In, &null)?.stdio(Stdio::Err, &null)?.stdio(Stdio::Out, &tell)?;
        drop(tell);
        let child = spawn.spawn()?;
        let mut said = String::new();
        hear.read_to_string(&mut said).at(op, "")?;
        match said.as_str() {
            READY => self.keeper()?.ok_or(Errno::ESRCH.at(op, "")),
            _ => {
                let _ = child.wait(); // it has ended, or is about to
                Err(Error::Keeper { said })
            }
        }
    }

    /// The directory is there, and the caller's.
    fn is_own(&self) -> Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e).at("stat", &self.path),
            Ok(found) if found.uid() == sys::geteuid() && found.is_dir() => Ok(true),
            Ok(found) => Err(Error::NotOurs { path: self.path.clone().into(), uid: found.uid() }),
        }
    }
}

/// What a keeper says when it is ready.
const READY: &str = "ready";

impl Keeper {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Takes this process, which must have one thread only, into the keeper's user and mount namespace, and gives back its
    /// directory of names. There is no way back. The working directory stays, if it is still there. `None`: the keeper was
    /// about to end, and now has.
    ///
    /// # Errors
    /// `EINVAL`: there is another thread, or Linux is older than 5.8; `EPERM`.
    pub fn join(&self) -> Result<Option<Dir>> {
        let before = std::env::current_dir();
        match sys::setns(self.pidfd.as_fd(), NsFlags::USER | NsFlags::MOUNT) {
            // One that was killed answers until the kernel has closed its socket.
            Err(Errno::ESRCH) => return self.wait().map(|()| None),
            done => done.at("enter the namespaces of the keeper", "")?,
        }
        if let Ok(dir) = before {
            let _ = std::env::set_current_dir(dir);
        }
        Ok(Some(Dir::at(self.home.join("netns"))))
    }

    fn wait(&self) -> Result<()> {
        sys::poll(&mut [sys::PollFd::readable(self.pidfd.as_fd())], None)
            .map(drop)
            .at("wait for the keeper of names", "")
    }

    /// Ends it: the names are gone.
    ///
    /// # Errors
    /// Those of pidfd_send_signal(2).
    pub fn end(self, _lock: &Lock) -> Result<()> {
        match sys::pidfd_signal(self.pidfd.as_fd(), libc::SIGKILL) {
            Err(Errno::ESRCH) => {}
            done => done.at("end the keeper of names", "")?,
        }
        // Until it is gone, so that nobody meets it on its way.
        self.wait()?;
        let _ = fs::remove_file(self.home.join("keeper"));
        Ok(())
    }
}

/// What the keeper does, in namespaces of its own: makes the directory of names in `home`, says on standard output that it is
/// ready (or what is wrong), and waits. It answers whoever connects by hanging up.
#[must_use]
pub fn keep(home: &OsStr) -> u8 {
    let listener = match settle(Path::new(home)) {
        Ok(listener) => listener,
        Err(e) => {
            let _ = write!(std::io::stdout(), "{e}");
            return 1;
        }
    };
    loop {
        // Fails only for want of memory or descriptors, of which this takes one at a time.
        let _ = listener.accept();
    }
}

fn settle(home: &Path) -> Result<UnixListener> {
    let names = home.join("netns");
    // Its parent's terminal is none of its concern; what it is called, people see in a list of processes.
    sys::setsid().at("begin a session", "")?;
    let _ = fs::write("/proc/self/comm", "netns-keeper");
    mount::set_propagation(Path::new("/"), Propagation::Private)?;
    match fs::DirBuilder::new().mode(0o700).create(&names) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e).at("make directory", &names),
        _ => {}
    }
    mount::mount_new(c"tmpfs", &names)?;
    fs::set_permissions(&names, fs::Permissions::from_mode(0o755)).at("set the mode of", &names)?;
    let listener = UnixListener::bind(home.join("keeper")).at("listen at", home.join("keeper"))?;
    std::io::stdout().write_all(READY.as_bytes()).and_then(|()| std::io::stdout().flush()).at("say so", "")?;
    let null = File::options().read(true).write(true).open("/dev/null").at("open", "/dev/null")?;
    sys::dup_stdio(null.as_fd(), Stdio::Out).at("let go of standard output", "")?;
    Ok(listener)
}

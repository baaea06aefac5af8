//! Processes: found, held, waited for; and this one, replaced by a program.

use crate::error::{At, Errno, Error, Result};
pub use crate::inside::enter_for_exec;
use crate::maps::{Maps, Task, tasks};
use crate::ns::NsFlags;
pub use crate::spawn::Spawn;
use crate::spawn::unshare_steps;
use crate::steps::{c_string, take};
use crate::sys::{self, Image};
use libc::c_int;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A descriptor of the process with this id (pidfd_open(2)), which no other will have however often the id is given away.
///
/// # Errors
/// `ESRCH`: no such process.
pub fn open(pid: u32) -> Result<OwnedFd> {
    sys::pidfd_open(pid).at("find process", pid.to_string())
}

/// The id of the process that a pidfd is of.
///
/// # Errors
/// `EBADF`: it is none; `ESRCH`: the process is gone, or not to be seen from here; [`Error::NoProc`].
pub fn pid_of(pidfd: BorrowedFd<'_>) -> Result<u32> {
    let op = "find the id of a process";
    let info =
        fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).map_err(|_| Error::NoProc { op })?;
    let pid = info.lines().find_map(|l| l.strip_prefix("Pid:")).ok_or(Errno::EBADF.at(op, ""))?;
    pid.trim().parse().ok().filter(|pid| *pid != 0).ok_or(Errno::ESRCH.at(op, ""))
}

/// A duplicate of a descriptor that this program was started with.
///
/// # Errors
/// `EBADF`: there is none of this number.
pub fn inherited(number: u32) -> Result<OwnedFd> {
    sys::dup_number(number, 3).at("find descriptor", number.to_string())
}

/// Replaces this process by a program, searched in `PATH` as execvp(3) does, with its environment, signal mask and
/// dispositions as they are. Returns only if that fails; see [`exec_failure_status`].
pub fn exec<A: AsRef<OsStr>>(program: &OsStr, args: impl IntoIterator<Item = A>) -> Error {
    Spawn::new(program).args(args.into_iter().map(|a| a.as_ref().to_owned())).exec(|_| ())
}

/// Whether the calling process is root, in its user namespace.
#[must_use]
pub fn is_root() -> bool {
    user() == 0
}

/// The effective user id, in the user namespace of the process.
#[must_use]
pub fn user() -> u32 {
    sys::geteuid()
}

/// The program's file and its alternatives, its arguments and its environment, for execve(2).
pub(crate) fn image(
    program: &OsStr,
    arg0: &OsStr,
    args: impl Iterator<Item = OsString>,
    env: Option<Vec<(OsString, OsString)>>,
) -> Result<Image> {
    let args = std::iter::once(arg0.to_owned()).chain(args).map(c_string).collect::<Result<_>>()?;
    let mut paths = Vec::new();
    if program.as_bytes().contains(&b'/') {
        paths.push(c_string(program)?);
    } else if !program.is_empty() {
        let var = match &env {
            Some(env) => env.iter().find(|(k, _)| k == "PATH").map(|(_, v)| v.clone()),
            None => std::env::var_os("PATH"),
        };
        // An empty element of PATH is the current directory, which is what joining gives.
        for dir in std::env::split_paths(&var.unwrap_or_else(|| "/bin:/usr/bin".into())) {
            paths.push(c_string(dir.join(program))?);
        }
    }
    let line = |(mut k, v): (OsString, OsString)| {
        k.push("=");
        k.push(v);
        c_string(k)
    };
    let env = env.map(|env| env.into_iter().map(line).collect::<Result<_>>()).transpose()?;
    Ok(Image::new(paths, args, env))
}

/// Takes this process, which must have one thread only, into a new user namespace where its user and group are root and
/// there are no others, and into new namespaces of these types that belong to it. There is no way back.
///
/// # Errors
/// [`Error::Limit`]; `EPERM`: forbidden by a setting, a security module or a filter, or the root directory was changed
/// (chroot); `EINVAL`: there is another thread, or no such namespaces. From [`op::MAP`](crate::spawn::op::MAP) on, the process is in.
pub fn become_root_in_user_ns(more: NsFlags) -> Result<()> {
    let (maps, kinds) = (Maps::own(0, 0), NsFlags::USER | more);
    let mut steps = unshare_steps(kinds);
    for task in tasks(&maps, &|| "self".into(), "self")? {
        match task {
            Task::Within(own) | Task::Outside(own) => steps.push(own),
            Task::Program(..) => {}
        }
    }
    take(&steps, &mut Vec::new()).map_err(|e| e.limits(kinds))
}

/// A running child, held by its pidfd: its number cannot come to mean another process. Not waiting for it leaves a zombie.
#[derive(Debug)]
pub struct Child {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
    /// It is the first process of its PID namespace.
    pub(crate) init: bool,
    pub(crate) warnings: Vec<Error>,
}

/// The pidfd: readable once the child has ended (poll), and what `Ns::of_pidfd` takes.
impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Child {
    /// Its process id, in the caller's PID namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
    /// What was left undone on the way: files of /etc/netns/NAME with nothing to be put over.
    #[must_use]
    pub fn warnings(&self) -> &[Error] {
        &self.warnings
    }
    /// Sends it a signal.
    ///
    /// # Errors
    /// `ESRCH`: it is gone; `EINVAL`: no such signal; `EPERM`: it became somebody else.
    pub fn signal(&self, signal: i32) -> Result<()> {
        sys::pidfd_signal(self.as_fd(), signal).at("signal process", self.pid.to_string())
    }
    /// Waits for its end.
    ///
    /// # Errors
    /// `ECHILD`: somebody else waited for it.
    pub fn wait(&self) -> Result<Exit> {
        wait(self.as_fd()).at("wait for process", self.pid.to_string())
    }
    /// Waits for its end as a shell's foreground job: signals that were [held](Held) are passed on, but those that a terminal
    /// sent to all; while it is stopped, so is this process. A child that is the first process of a PID namespace has no default
    /// actions of signals; of those it neither catches nor ignores, it is ended or stopped all the same.
    ///
    /// # Errors
    /// As [`Child::wait`].
    pub fn attend(&self, _held: &Held) -> Result<Exit> {
        let op = "wait for process";
        let mut killed_for = None;
        loop {
            let (signal, code, sender) = sys::take_signal(u64::MAX).at(op, self.pid.to_string())?;
            if signal != libc::SIGCHLD {
                // Of a terminal's, the child got its own; and what it sends to all of its group it need not get twice.
                if code <= 0 && sender != self.pid {
                    let _ = sys::pidfd_signal(self.as_fd(), signal); // it may just have ended
                }
                if self.init && self.drops(signal) {
                    let stop = matches!(signal, libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU);
                    killed_for = killed_for.or((!stop).then_some(signal));
                    let _ = sys::pidfd_signal(self.as_fd(), if stop { libc::SIGSTOP } else { libc::SIGKILL });
                }
                continue;
            }
            let options = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG;
            while let Some(change) = sys::pidfd_wait(self.as_fd(), options).at(op, self.pid.to_string())? {
                match change {
                    (libc::CLD_EXITED, code) => return Ok(Exit::Code(code)),
                    (libc::CLD_STOPPED, _) => {
                        let _ = sys::raise(libc::SIGSTOP);
                        let _ = sys::pidfd_signal(self.as_fd(), libc::SIGCONT);
                    }
                    (libc::CLD_TRAPPED | libc::CLD_CONTINUED, _) => {}
                    (_, libc::SIGKILL) => return Ok(Exit::Signal(killed_for.unwrap_or(libc::SIGKILL))),
                    (_, signal) => return Ok(Exit::Signal(signal)),
                }
            }
        }
    }

    /// Whether the child, as the first process of a PID namespace, does not notice a signal that would end or stop others.
    fn drops(&self, signal: c_int) -> bool {
        if matches!(signal, libc::SIGCHLD | libc::SIGCONT | libc::SIGURG | libc::SIGWINCH) {
            return false;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let heeded = |line: &&str| ["SigBlk:\t", "SigIgn:\t", "SigCgt:\t"].iter().any(|name| line.starts_with(name));
        let masks = status.lines().filter(heeded).filter_map(|line| u64::from_str_radix(line.get(8..)?, 16).ok());
        let bit = signal.checked_sub(1).and_then(|bit| 1_u64.checked_shl(bit.unsigned_abs())).unwrap_or(0);
        masks.filter(|mask| mask & bit == 0).count() == 3
    }
}

pub(crate) fn wait(pidfd: BorrowedFd<'_>) -> std::result::Result<Exit, Errno> {
    match sys::pidfd_wait(pidfd, libc::WEXITED)?.ok_or(Errno::ECHILD)? {
        (libc::CLD_EXITED, code) => Ok(Exit::Code(code)),
        (_, signal) => Ok(Exit::Signal(signal)),
    }
}

/// All signals of this thread, held back until [`Child::attend`] passes them on, and let go when dropped; for a process with
/// one thread.
#[derive(Debug)]
pub struct Held {
    pub(crate) before: u64,
}

impl Held {
    /// From now on; before the child is started, so that it misses none.
    ///
    /// # Errors
    /// None on a sane system.
    pub fn signals() -> Result<Held> {
        // Ignored, it would not be sent, and the child's end not be waited for.
        hear_children()?;
        Held::all()
    }

    /// As [`Held::signals`], where there is no child.
    pub(crate) fn all() -> Result<Held> {
        Ok(Held { before: sys::set_signal_mask(u64::MAX).at("hold signals", "")? })
    }

    /// Whether one has come meanwhile that asks the process to end: `SIGINT`, `SIGTERM`, `SIGHUP` or `SIGQUIT`.
    #[must_use]
    pub fn asked_to_end(&self) -> bool {
        let bit = |signal: c_int| u32::try_from(signal.saturating_sub(1)).ok().and_then(|n| 1_u64.checked_shl(n));
        let ends = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
        let mask = ends.into_iter().filter_map(bit).fold(0, |mask, bit| mask | bit);
        sys::pending_signals().is_ok_and(|pending| pending & mask != 0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = sys::set_signal_mask(self.before);
    }
}

/// The default action for `SIGCHLD`: where it is ignored, which a program can be started with, children cannot be waited for.
///
/// # Errors
/// None on a sane system.
pub fn hear_children() -> Result<()> {
    sys::default_action(libc::SIGCHLD).at("hear of children", "")
}

/// The number of a signal, by name with or without SIG, in any case; the real-time ones: RTMIN+N, RTMAX-N; or by number.
#[must_use]
pub fn signal(name: &str) -> Option<i32> {
    const NAMES: &[(&str, c_int)] = &[
        ("HUP", libc::SIGHUP),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("ILL", libc::SIGILL),
        ("TRAP", libc::SIGTRAP),
        ("ABRT", libc::SIGABRT),
        ("IOT", libc::SIGIOT),
        ("BUS", libc::SIGBUS),
        ("FPE", libc::SIGFPE),
        ("KILL", libc::SIGKILL),
        ("USR1", libc::SIGUSR1),
        ("SEGV", libc::SIGSEGV),
        ("USR2", libc::SIGUSR2),
        ("PIPE", libc::SIGPIPE),
        ("ALRM", libc::SIGALRM),
        ("TERM", libc::SIGTERM),
        ("CHLD", libc::SIGCHLD),
        ("CONT", libc::SIGCONT),
        ("STOP", libc::SIGSTOP),
        ("TSTP", libc::SIGTSTP),
        ("TTIN", libc::SIGTTIN),
        ("TTOU", libc::SIGTTOU),
        ("URG", libc::SIGURG),
        ("XCPU", libc::SIGXCPU),
        ("XFSZ", libc::SIGXFSZ),
        ("VTALRM", libc::SIGVTALRM),
        ("PROF", libc::SIGPROF),
        ("WINCH", libc::SIGWINCH),
        ("IO", libc::SIGIO),
        ("POLL", libc::SIGPOLL),
        ("PWR", libc::SIGPWR),
        ("SYS", libc::SIGSYS),
    ];
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let number = |text: &str| text.parse::<i32>().ok().filter(|n| *n >= 0 && !text.starts_with('+'));
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    if let Some(real_time) = name.strip_prefix("RT") {
        let from_end = real_time.strip_prefix("MAX-").and_then(number).map(|n| last.saturating_sub(n));
        let from_start =
            || number(real_time.strip_prefix("MIN+").unwrap_or(real_time)).map(|n| first.saturating_add(n));
        return from_end.or_else(from_start).filter(|n| (first..=last).contains(n));
    }
    let named = NAMES.iter().find(|n| n.0 == name).map(|n| n.1);
    named.or_else(|| number(name).filter(|n| (1..=last).contains(n)))
}

/// Whether the calling thread has a capability, linux/capability.h, in its user namespace.
#[must_use]
pub fn is_capable(capability: u32) -> bool {
    sys::capget().is_ok_and(|[effective, ..]| effective.checked_shr(capability).is_some_and(|bits| bits & 1 == 1))
}

/// Whether the process that a pidfd is of is still there: not waited for.
///
/// # Errors
/// `ESRCH`: it is gone.
pub fn is_there(pidfd: BorrowedFd<'_>) -> Result<()> {
    match sys::pidfd_signal(pidfd, 0) {
        Ok(()) | Err(Errno::EPERM) => Ok(()),
        Err(e) => Err(e.at("find the process", "")),
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code (0 to 255).
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

impl Exit {
    /// It ended with code 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Exit::Code(0)
    }
    /// The exit code to pass on, as shells do: its own, or 128 + the signal.
    #[must_use]
    pub fn status(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => signal.saturating_add(128),
        }
    }
    /// Ends this process in the same way, without a core file. Gives back the status if that is to be done by an exit code,
    /// or the signal does not end this process.
    pub fn follow(self) -> i32 {
        if let Exit::Signal(signal) = self {
            let ended =
                sys::no_core_file().and_then(|()| sys::default_action(signal)).and_then(|()| sys::raise(signal));
            let _ = ended.and_then(|()| sys::set_signal_mask(0));
        }
        self.status()
    }
}

/// The exit code for a program that could not be executed, as shells give it: 127 not found, 126 anything else.
#[must_use]
pub fn exec_failure_status(error: &Error) -> i32 {
    if error.errno() == Some(Errno::ENOENT) { 127 } else { 126 }
}

//! What is done between clone and exec: prepared as data, one action each, and taken in order by a child or by the process
//! itself.
//!
//! Between clone and exec a child of a multi-threaded program may only make system calls: any lock, the allocator's
//! included, may be held by a thread it does not have. So everything that allocates or searches is done before, and what
//! fails comes back (through a pipe, from a child) as the number of the step and its errno.

use crate::error::{Errno, Error, Result};
use crate::ns::NsFlags;
use crate::spawn::op;
use crate::sys::{self, CWD, PollFd, Stdio};
use crate::vrf::Group;
use libc::{MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, c_int, c_ulong};
use std::cell::Cell;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

/// One thing to do between clone and exec: async-signal-safe, on what was made before.
pub(crate) enum Act<'a> {
    /// Wait for the parent (its pidfd is second) to write `1` into a pipe; anything else, or its end, is a failure.
    Wait(BorrowedFd<'a>, BorrowedFd<'a>),
    /// Write `1` into this pipe, which a helper [waits](Act::Wait) for, and wait for its end (its pidfd).
    Let(BorrowedFd<'a>, BorrowedFd<'a>),
    /// Tell the parent, through this pipe, that what is before this is done.
    Ready(BorrowedFd<'a>),
    /// Get this signal when the parent (its pidfd) ends, even if it just did.
    DieWith(c_int, BorrowedFd<'a>),
    Enter(&'a Entry),
    Unshare(NsFlags),
    Mount {
        source: Option<CString>,
        target: CString,
        fs: Option<&'static CStr>,
        flags: c_ulong,
    },
    /// Replace /sys by one that shows the network namespace this is done in, mounted under this name.
    FreshSysfs(CString),
    Chdir(CString),
    ChdirTo(BorrowedFd<'a>),
    Chroot(CString),
    ChrootTo(BorrowedFd<'a>),
    Stdio(BorrowedFd<'a>, Stdio),
    /// Enter a control group.
    Join(&'a Group),
    /// Write this into a file (relative to an open directory, if there is one), in one go.
    Write(Option<BorrowedFd<'a>>, CString, String),
    Hostname(OsString),
    LoUp,
    /// Whether that was done once, and need not be again.
    DropGroups(&'a Cell<bool>),
    SetGid(u32),
    SetUid(u32),
    /// Programs to be executed have the capabilities that this process has, but those of this mask.
    KeepCaps(u64),
    /// No program to be executed can have these.
    DropCaps(u64),
    /// Go on as another child of the parent, and tell it, through this pipe, which.
    Fork(BorrowedFd<'a>),
    SignalMask(u64),
    DefaultActions,
    /// Go into the time namespace that was made for children: until some version, execve(2) did not.
    JoinTime,
    KeepFd(u32),
    /// All descriptors from 3 on are close-on-exec but these, in ascending order.
    CloseBut(&'a [u32]),
}

/// A namespace to enter (or, by pidfd, several of a process); whether that was done already.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) fd: OwnedFd,
    pub(crate) kinds: NsFlags,
    pub(crate) done: Cell<bool>,
}

impl Entry {
    /// The names of its types, as in /proc/PID/ns.
    pub(crate) fn names(&self) -> String {
        let names = NsFlags::NAMES.iter().filter(|(_, kind)| self.kinds.contains(*kind));
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl Act<'_> {
    fn run(&self) -> std::result::Result<(), Errno> {
        match self {
            Act::Wait(ready, parent) => {
                sys::poll(&mut [PollFd::readable(*ready), PollFd::readable(*parent)], None)?;
                let mut word = [0];
                // If only the parent's end woke us, there is nothing to read and never will be.
                let mut again = [PollFd::readable(*ready)];
                sys::poll(&mut again, Some(Duration::ZERO))?;
                let told = again.iter().any(PollFd::is_ready) && sys::read(*ready, &mut word)? == 1 && word == [1];
                if told { Ok(()) } else { Err(Errno::ECANCELED) }
            }
            Act::Let(gate, helper) => {
                sys::write(*gate, &[1])?;
                match sys::pidfd_wait(*helper, libc::WEXITED | libc::WNOWAIT)? {
                    Some((libc::CLD_EXITED, 0)) => sys::pidfd_wait(*helper, libc::WEXITED).map(drop),
                    // Why, it is asked when it is waited for.
                    _ => Err(Errno::ECANCELED),
                }
            }
            Act::Ready(parent) => sys::write(*parent, &Step::record(READY, Errno(0))).map(drop),
            Act::DieWith(signal, parent) => {
                sys::set_parent_death_signal(*signal)?;
                // Whoever ended before that sent no signal; but its pidfd is readable.
                let gone = sys::poll(&mut [PollFd::readable(*parent)], Some(Duration::ZERO))? > 0;
                if gone { Err(Errno::ECANCELED) } else { Ok(()) }
            }
            Act::Enter(entry) if entry.done.get() => Ok(()),
            Act::Enter(entry) => {
                sys::setns(entry.fd.as_fd(), entry.kinds)?;
                entry.done.set(true);
                Ok(())
            }
            Act::Unshare(kinds) => sys::unshare(*kinds),
            Act::Mount { source, target, fs, flags } => sys::mount(source.as_deref(), target, *fs, *flags),
            Act::FreshSysfs(name) => fresh_sysfs(name),
            Act::Chdir(path) => sys::chdir(path),
            Act::ChdirTo(dir) => sys::fchdir(*dir),
            Act::Chroot(path) => sys::chroot(path).and_then(|()| sys::chdir(c"/")),
            Act::ChrootTo(dir) => {
                sys::fchdir(*dir)?;
                sys::chroot(c".")
            }
            Act::Join(group) => group.join(),
            Act::Stdio(fd, which) => sys::dup_stdio(*fd, *which),
            Act::Write(dir, path, text) => {
                let file = sys::openat(dir.unwrap_or(CWD), path, libc::O_WRONLY, 0)?;
                match sys::write(file.as_fd(), text.as_bytes())? {
                    n if n == text.len() => Ok(()),
                    _ => Err(Errno::EIO),
                }
            }
            Act::Hostname(name) => sys::sethostname(name.as_encoded_bytes()),
            Act::LoUp => sys::lo_up(),
            Act::DropGroups(done) => match sys::drop_groups() {
                Err(e) if !done.get() => Err(e),
                dropped => {
                    done.set(done.get() || dropped.is_ok());
                    Ok(())
                }
            },
            Act::SetGid(gid) => sys::setgid(*gid),
            Act::SetUid(uid) => sys::setuid(*uid),
            Act::KeepCaps(but) => keep_caps(*but),
            Act::DropCaps(caps) => drop_caps(*caps),
            Act::Fork(report) => match sys::fork_sibling()? {
                0 => Ok(()),
                pid => {
                    let told = sys::write(*report, &Step::record(FORKED, Errno(c_int::try_from(pid).unwrap_or(0))));
                    sys::exit_now(c_int::from(told.is_err()))
                }
            },
            Act::SignalMask(mask) => sys::set_signal_mask(*mask).map(drop),
            Act::DefaultActions => {
                // Of SIGHUP ignored, nohup(1) means the program to know. To ask /proc which are ignored takes longer.
                let changeable = |s: &c_int| !matches!(*s, libc::SIGHUP | libc::SIGKILL | libc::SIGSTOP);
                (1..=64).filter(changeable).try_for_each(sys::default_action)
            }
            Act::JoinTime => {
                let time = sys::openat(CWD, c"/proc/self/ns/time_for_children", libc::O_RDONLY, 0)?;
                sys::setns(time.as_fd(), NsFlags::TIME)
            }
            Act::KeepFd(fd) => sys::set_close_on_exec(*fd, false),
            Act::CloseBut(keep) => close_but(keep),
        }
    }
}

fn fresh_sysfs(name: &CStr) -> std::result::Result<(), Errno> {
    const SYS: &CStr = c"/sys";
    let mut flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    // Not detached: nothing was mounted there, or (in a user namespace) it is locked, and one that is read-only may only be
    // covered by one that is.
    if sys::umount(SYS, MNT_DETACH).is_err() && sys::is_read_only(SYS) == Ok(true) {
        flags |= MS_RDONLY;
    }
    match sys::mount(Some(name), SYS, Some(c"sysfs"), flags) {
        Err(Errno::ENOENT) => Ok(()), // no /sys: nothing there that would show the wrong namespace
        done => done,
    }
}

/// The numbers of the capabilities in a mask.
fn capabilities(mask: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |bit| mask >> bit & 1 == 1)
}

fn keep_caps(but: u64) -> std::result::Result<(), Errno> {
    let [effective, permitted, _] = sys::capget()?;
    sys::capset([effective, permitted, permitted & !but])?;
    capabilities(effective & !but).try_for_each(sys::cap_raise_ambient)
}

fn drop_caps(caps: u64) -> std::result::Result<(), Errno> {
    for capability in capabilities(caps) {
        match sys::cap_drop_bounding(capability) {
            Err(Errno::EINVAL) => break, // past the last one
            done => done?,
        }
    }
    // What is not inheritable is not ambient either. What is permitted, exec recomputes from these.
    let [effective, permitted, inheritable] = sys::capget()?;
    sys::capset([effective, permitted, inheritable & !caps])
}

fn close_but(keep: &[u32]) -> std::result::Result<(), Errno> {
    let mut first = 3;
    for kept in keep.iter().filter(|kept| **kept > 2) {
        if *kept > first {
            close_range(first, kept.saturating_sub(1), keep)?;
        }
        first = kept.saturating_add(1);
    }
    close_range(first, u32::MAX, keep)
}

fn close_range(first: u32, last: u32, keep: &[u32]) -> std::result::Result<(), Errno> {
    match sys::close_range_on_exec(first, last) {
        Err(Errno::ENOSYS | Errno::EINVAL | Errno::EPERM) => close_listed(keep),
        done => done,
    }
}

/// Before Linux 5.11: all but these that /proc lists; without /proc, behind another root, all that there may be.
fn close_listed(keep: &[u32]) -> std::result::Result<(), Errno> {
    let dir = match sys::openat(CWD, c"/proc/self/fd", libc::O_RDONLY | libc::O_DIRECTORY, 0) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => {
            for fd in (3..sys::descriptors()?).filter(|fd| !keep.contains(fd)) {
                let _ = sys::set_close_on_exec(fd, true); // most are not open
            }
            return Ok(());
        }
        dir => dir?,
    };
    let mut buf = [0; 1024];
    loop {
        let len = sys::getdents(dir.as_fd(), &mut buf)?;
        let mut rest = buf.get(..len).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        // struct linux_dirent64 { u64 d_ino; s64 d_off; u16 d_reclen; u8 d_type; char d_name[]; }
        while let Some(size) = rest.get(16..).and_then(|r| r.first_chunk()).map(|b| u16::from_ne_bytes(*b)) {
            let (entry, next) = rest.split_at_checked(size.max(19).into()).unwrap_or((rest, &[]));
            let name = entry.get(19..).and_then(|name| CStr::from_bytes_until_nul(name).ok());
            let fd = name.and_then(|name| name.to_str().ok()).and_then(|name| name.parse::<u32>().ok());
            if let Some(fd) = fd.filter(|fd| *fd > 2 && !keep.contains(fd)) {
                sys::set_close_on_exec(fd, true)?;
            }
            rest = next;
        }
    }
}

/// What a failed step means to the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// It was all for nothing.
    Must,
    /// They go on, and the user is told.
    May,
    /// They go on; a later one tries again, or nothing is lost.
    Try,
}

/// The words for a step's failure, and whether the rest can go on without it.
pub(crate) struct Label {
    op: &'static str,
    about: OsString,
    need: Need,
}

/// An action with its label.
pub(crate) struct Step<'a> {
    act: Act<'a>,
    pub(crate) label: Label,
}

/// Stand for the number of a step in records that tell no failure: which process goes on in the child's place; that the child
/// waits.
const FORKED: usize = 0xffff_ffff;
pub(crate) const READY: usize = 0xffff_fffe;

impl<'a> Step<'a> {
    pub(crate) fn new(act: Act<'a>, op: &'static str, about: impl Into<OsString>) -> Step<'a> {
        Step { act, label: Label { op, about: about.into(), need: Need::Must } }
    }
    /// The others go on without it, and its failure is a warning.
    pub(crate) fn optional(mut self) -> Step<'a> {
        self.label.need = Need::May;
        self
    }
    /// The others go on without it.
    pub(crate) fn attempt(mut self) -> Step<'a> {
        self.label.need = Need::Try;
        self
    }
    /// Takes the steps in order and reports failures as records; stops at the first that had to be done.
    pub(crate) fn run_all(steps: &[Step<'_>], mut report: impl FnMut([u8; 8])) -> std::result::Result<(), Errno> {
        for (number, step) in steps.iter().enumerate() {
            match (step.act.run(), step.label.need) {
                (Ok(()), _) | (Err(_), Need::Try) => {}
                (Err(errno), Need::May) => report(Step::record(number, errno)),
                (Err(errno), Need::Must) => {
                    report(Step::record(number, errno));
                    return Err(errno);
                }
            }
        }
        Ok(())
    }
    /// A failure as it goes through the pipe: the number of the step (that after the last: the exec) and the errno.
    pub(crate) fn record(number: usize, errno: Errno) -> [u8; 8] {
        let [a, b, c, d] = u32::try_from(number).unwrap_or(u32::MAX).to_ne_bytes();
        let [e, f, g, h] = errno.0.to_ne_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

/// Reads the records back: those of optional steps are warnings, any other is the error. Gives back the process that went on
/// in the child's place, if one did.
pub(crate) fn outcome<'l>(
    label: impl Fn(usize) -> Option<&'l Label>,
    program: &OsStr,
    records: &[u8],
    warnings: &mut Vec<Error>,
) -> (Result<()>, Option<u32>) {
    let mut forked = None;
    for record in records.chunks_exact(8) {
        let Some((number, value)) = record.split_first_chunk::<4>() else { continue };
        let value = value.first_chunk().map_or(libc::EIO, |e| i32::from_ne_bytes(*e));
        let number = usize::try_from(u32::from_ne_bytes(*number)).unwrap_or(FORKED);
        let error = match label(number) {
            None if number == FORKED => {
                forked = u32::try_from(value).ok();
                continue;
            }
            Some(Label { op, about, need: Need::May }) => {
                warnings.push(Errno(value).at(op, about));
                continue;
            }
            Some(Label { op: op::MAP, .. }) if value == libc::ENOENT => Error::NoProc { op: op::MAP },
            Some(Label { op, about, .. }) => Errno(value).at(op, about),
            None => Errno(value).at(op::EXECUTE, program),
        };
        return (Err(error), forked);
    }
    (Ok(()), forked)
}

/// Takes steps in this process.
pub(crate) fn take(steps: &[Step<'_>], warnings: &mut Vec<Error>) -> Result<()> {
    let mut records = Vec::new();
    let _ = Step::run_all(steps, |record| records.extend_from_slice(&record));
    outcome(|n| Some(&steps.get(n)?.label), OsStr::new(""), &records, warnings).0
}

pub(crate) fn c_string(s: impl Into<OsString>) -> Result<CString> {
    CString::new(s.into().into_vec())
        .map_err(|e| Errno::EINVAL.at("pass on a string with a NUL byte", OsString::from_vec(e.into_vec())))
}

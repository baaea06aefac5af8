//! Programs run inside: a plan of steps is made first, as data, and then taken by a child or by the process itself.
//!
//! Between clone and exec a child of a multi-threaded program may only make system calls: any lock, the allocator's
//! included, may be held by a thread it does not have. So everything that allocates or searches (paths, strings, the
//! listing of /etc/netns/NAME) is done before, into `Step`s of one action each, and what fails comes back through a pipe as
//! the number of the step and its errno. No helper thread stands in for the child: it would end before the child does, and
//! a parent-death signal is sent when the *thread* that cloned ends.

use crate::error::{At, Errno, Error, NameRule, Result};
use crate::ns::{Ns, NsFlags};
use crate::sys::{self, Image, PollFd, Stdio};
use crate::vrf::Group;
use libc::{MNT_DETACH, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_SLAVE, c_int, c_ulong};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt::Display;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::Duration;

/// One thing to do between clone and exec: async-signal-safe, on what was made before.
enum Act<'a> {
    /// Wait for the parent (its pidfd is second) to write `1` into a pipe; anything else, or its end, is a failure.
    Wait(BorrowedFd<'a>, BorrowedFd<'a>),
    /// Get this signal when the parent (its pidfd) ends, even if it just did.
    DieWith(c_int, BorrowedFd<'a>),
    Enter(BorrowedFd<'a>),
    Unshare(NsFlags),
    Mount {
        source: Option<CString>,
        target: CString,
        flags: c_ulong,
    },
    /// Replace /sys by one that shows the network namespace this is done in, mounted under this name.
    FreshSysfs(CString),
    Chdir(CString),
    Stdio(BorrowedFd<'a>, Stdio),
    /// Enter a control group.
    Join(Group),
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
            Act::DieWith(signal, parent) => {
                sys::set_parent_death_signal(*signal)?;
                // Whoever ended before that sent no signal; but its pidfd is readable.
                let gone = sys::poll(&mut [PollFd::readable(*parent)], Some(Duration::ZERO))? > 0;
                if gone { Err(Errno::ECANCELED) } else { Ok(()) }
            }
            Act::Enter(ns) => sys::setns(*ns, NsFlags::NET),
            Act::Unshare(kinds) => sys::unshare(*kinds),
            Act::Mount { source, target, flags } => sys::mount(source.as_deref(), target, None, *flags),
            Act::FreshSysfs(name) => fresh_sysfs(name),
            Act::Chdir(path) => sys::chdir(path),
            Act::Stdio(fd, which) => sys::dup_stdio(*fd, *which),
            Act::Join(group) => group.join(),
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

/// An action, the words for its failure, and whether the rest can go on without it.
pub(crate) struct Step<'a> {
    act: Act<'a>,
    op: &'static str,
    about: OsString,
    optional: bool,
}

impl<'a> Step<'a> {
    fn new(act: Act<'a>, op: &'static str, about: impl Into<OsString>) -> Step<'a> {
        Step { act, op, about: about.into(), optional: false }
    }
    /// Takes the steps in order and reports each failure as a record; stops at the first that is not optional.
    pub(crate) fn run_all(steps: &[Step<'_>], mut report: impl FnMut([u8; 8])) -> std::result::Result<(), Errno> {
        for (number, step) in steps.iter().enumerate() {
            if let Err(errno) = step.act.run() {
                report(Step::record(number, errno));
                if !step.optional {
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
    /// Reads the records back: those of optional steps are warnings, any other is the error.
    fn outcome(steps: &[Step<'_>], program: &OsStr, records: &[u8], warnings: &mut Vec<Error>) -> Result<()> {
        for record in records.chunks_exact(8) {
            let Some((number, errno)) = record.split_first_chunk::<4>() else { continue };
            let errno = Errno(errno.first_chunk().map_or(libc::EIO, |e| i32::from_ne_bytes(*e)));
            let step = usize::try_from(u32::from_ne_bytes(*number)).ok().and_then(|n| steps.get(n));
            match step {
                Some(step) if step.optional => warnings.push(errno.at(step.op, &step.about)),
                Some(step) => return Err(errno.at(step.op, &step.about)),
                None => return Err(errno.at("execute", program)),
            }
        }
        Ok(())
    }
}

fn c_string(s: impl Into<OsString>) -> Result<CString> {
    CString::new(s.into().into_vec())
        .map_err(|e| Errno::EINVAL.at("pass on a string with a NUL byte", OsString::from_vec(e.into_vec())))
}

/// The step into a control group.
fn join<'a>(group: Group) -> Step<'a> {
    let about = group.dir.clone();
    Step::new(Act::Join(group), "enter control group", about)
}

/// The steps to where a program run in this namespace should find itself: in no VRF, in it, in a mount namespace of its own
/// that tells the host nothing, with a /sys that shows it and the files of /etc/netns/NAME in the place of /etc's.
fn steps_inside<'a>(ns: BorrowedFd<'a>, name: Option<&OsStr>, warnings: &mut Vec<Error>) -> Result<Vec<Step<'a>>> {
    let slave = Act::Mount { source: None, target: c"/".into(), flags: MS_SLAVE | MS_REC };
    let mut steps = Vec::new();
    match Group::outside() {
        Ok(outside) => steps.extend(outside.map(|group| Step { optional: true, ..join(group) })),
        Err(e) => warnings.push(e),
    }
    steps.extend([
        Step::new(Act::Enter(ns), "enter the network namespace", name.unwrap_or_default()),
        Step::new(Act::Unshare(NsFlags::MOUNT), "make a mount namespace", ""),
        Step::new(slave, "stop mounts from reaching the host: mount --make-rslave", "/"),
        Step::new(Act::FreshSysfs(c_string(name.unwrap_or(OsStr::new("sysfs")))?), "mount a fresh sysfs on", "/sys"),
    ]);
    let Some(name) = name else { return Ok(steps) };
    NameRule::lenient(name).map_err(|rule| Error::BadName { name: name.to_owned(), rule })?;
    let dir = Path::new("/etc/netns").join(name);
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) => {
            if e.kind() != std::io::ErrorKind::NotFound {
                warnings.push(Errno::from(e).at("read directory", &dir));
            }
            return Ok(steps);
        }
    };
    for entry in entries {
        let file = entry.at("read directory", &dir)?.file_name();
        let (source, target) = (dir.join(&file), Path::new("/etc").join(&file));
        // mount(2) follows a link to where the file really is (/etc/resolv.conf likes to be one).
        let act = Act::Mount { source: Some(c_string(source)?), target: c_string(&target)?, flags: MS_BIND };
        steps.push(Step { optional: true, ..Step::new(act, "put a file of /etc/netns over", target) });
    }
    Ok(steps)
}

/// Takes the calling thread where `netns exec` runs programs: into `ns`, and into a mount namespace of its own with a fresh
/// /sys and, if the namespace has a name, the files of /etc/netns/NAME bound over those of /etc. There is no way back: for a
/// process about to [`exec`]. Returns warnings: files that could not be put in place.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`; [`Error::BadName`]; those of mount(2). The thread may then be halfway.
pub fn enter_for_exec(ns: &Ns, name: Option<&OsStr>) -> Result<Vec<Error>> {
    let mut warnings = Vec::new();
    let steps = steps_inside(ns.as_fd(), name, &mut warnings)?;
    let mut records = Vec::new();
    let _ = Step::run_all(&steps, |record| records.extend_from_slice(&record));
    Step::outcome(&steps, OsStr::new(""), &records, &mut warnings)?;
    Ok(warnings)
}

/// Replaces this process by a program, searched in `PATH` as execvp(3) does, with its environment, signal mask and
/// dispositions as they are. Returns only if that fails; see [`exec_failure_status`].
pub fn exec<A: AsRef<OsStr>>(program: &OsStr, args: impl IntoIterator<Item = A>) -> Error {
    let args = args.into_iter().map(|a| a.as_ref().to_owned());
    match image(program, args, None) {
        Ok(mut image) => image.exec().at("execute", program),
        Err(e) => e,
    }
}

/// The program's file and its alternatives, its arguments and its environment, for execve(2).
fn image(
    program: &OsStr,
    args: impl Iterator<Item = OsString>,
    env: Option<Vec<(OsString, OsString)>>,
) -> Result<Image> {
    let args = std::iter::once(program.to_owned()).chain(args).map(c_string).collect::<Result<_>>()?;
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
    sys::dup_number(number).at("find descriptor", number.to_string())
}

/// A program to start: in new namespaces, or inside a network namespace.
///
/// The child gets the caller's environment, streams, signal mask and dispositions unless told otherwise, and no other
/// descriptor that is close-on-exec (all of this crate's and of std's are).
#[derive(Debug)]
pub struct Spawn {
    program: OsString,
    args: Vec<OsString>,
    env: Option<Vec<(OsString, OsString)>>,
    kinds: NsFlags,
    ids: Option<(u32, u32)>,
    death: Option<c_int>,
    stdio: Vec<(Stdio, OwnedFd)>,
    dir: Option<OsString>,
    inside: Option<(OwnedFd, Option<OsString>)>,
    group: Option<Group>,
}

impl Spawn {
    /// This program, searched in `PATH` if it has no slash.
    pub fn new(program: impl Into<OsString>) -> Spawn {
        Spawn {
            program: program.into(),
            args: Vec::new(),
            env: None,
            kinds: NsFlags::empty(),
            ids: None,
            death: None,
            stdio: Vec::new(),
            dir: None,
            inside: None,
            group: None,
        }
    }
    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Spawn {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
    /// An environment variable set (`Some`) or removed (`None`); the others are the caller's.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: Option<&OsStr>) -> Spawn {
        let (key, env) = (key.into(), self.env.get_or_insert_with(|| std::env::vars_os().collect()));
        env.retain(|(k, _)| *k != key);
        env.extend(value.map(|v| (key, v.to_owned())));
        self
    }
    /// New namespaces of these types.
    #[must_use]
    pub fn namespaces(mut self, kinds: NsFlags) -> Spawn {
        self.kinds = kinds;
        self
    }
    /// In its new user namespace, the caller's effective user and group appear as these (0, 0: as root); there are no others.
    #[must_use]
    pub fn map_ids(mut self, uid: u32, gid: u32) -> Spawn {
        self.ids = Some((uid, gid));
        self
    }
    /// The child gets this signal when the thread that starts it ends, however it ends.
    #[must_use]
    pub fn kill_child(mut self, signal: i32) -> Spawn {
        self.death = Some(signal);
        self
    }
    /// Another file for a standard stream.
    ///
    /// # Errors
    /// `EMFILE`: no descriptor to be had.
    pub fn stdio(mut self, which: Stdio, file: impl AsFd) -> Result<Spawn> {
        // A duplicate is never 0, 1 or 2, so that the child can put them in place in any order.
        self.stdio.push((which, file.as_fd().try_clone_to_owned().at("duplicate a descriptor", "")?));
        Ok(self)
    }
    /// Another working directory.
    #[must_use]
    pub fn current_dir(mut self, dir: impl Into<OsString>) -> Spawn {
        self.dir = Some(dir.into());
        self
    }
    /// Inside this network namespace, as [`enter_for_exec`] goes there.
    ///
    /// # Errors
    /// `EMFILE`: no descriptor to be had.
    pub fn inside(mut self, ns: &Ns, name: Option<&OsStr>) -> Result<Spawn> {
        let ns = ns.as_fd().try_clone_to_owned().at("duplicate a descriptor", "")?;
        self.inside = Some((ns, name.map(OsStr::to_owned)));
        Ok(self)
    }

    /// In this control group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Spawn {
        self.group = Some(group);
        self
    }

    /// Starts it, and returns once it runs: whatever went wrong up to its first instruction is an error here.
    ///
    /// # Errors
    /// [`Error::Limit`]; `EPERM`: not allowed to make these namespaces; "execute": see [`exec_failure_status`]; any step's.
    pub fn spawn(self) -> Result<Child> {
        let mut warnings = Vec::new();
        let pipe = || sys::pipe().at("make a pipe", "");
        let (report_read, report_write) = pipe()?;
        let (ready_read, ready_write) = pipe()?;
        let parent = sys::pidfd_open(std::process::id()).at("open a descriptor of this process", "")?;

        let mut steps = Vec::new();
        if let Some(signal) = self.death {
            steps.push(Step::new(Act::DieWith(signal, parent.as_fd()), "tie the child to this process", ""));
        }
        if self.ids.is_some() {
            steps.push(Step::new(Act::Wait(ready_read.as_fd(), parent.as_fd()), "wait for the parent", ""));
        }
        if let Some((ns, name)) = &self.inside {
            steps.extend(steps_inside(ns.as_fd(), name.as_deref(), &mut warnings)?);
        }
        steps.extend(self.group.map(join));
        if let Some(dir) = &self.dir {
            steps.push(Step::new(Act::Chdir(c_string(dir)?), "change to directory", dir));
        }
        for (which, fd) in &self.stdio {
            steps.push(Step::new(Act::Stdio(fd.as_fd(), *which), "redirect a standard stream", ""));
        }
        let mut image = image(&self.program, self.args.into_iter(), self.env)?;

        let (pid, pidfd) = sys::clone_exec(self.kinds, &steps, &mut image, report_write.as_fd())
            .map_err(|e| Error::making(self.kinds, "start a process in these namespaces", e))?;
        drop(report_write);
        let mapped = self.ids.map_or(Ok(()), |ids| {
            let mapped = write_maps(pid, ids, (sys::geteuid(), sys::getegid()));
            sys::write(ready_write.as_fd(), &[u8::from(mapped.is_ok())]).at("tell the child", "")?;
            mapped
        });
        // The pipe ends when the child executes the program (it is close-on-exec) or ends itself.
        let mut records = Vec::new();
        let read =
            std::io::Read::read_to_end(&mut fs::File::from(report_read), &mut records).at("hear from the child", "");
        let outcome = mapped.and(read).and_then(|_| Step::outcome(&steps, &self.program, &records, &mut warnings));
        let child = Child { pid, pidfd, warnings };
        match outcome {
            Ok(()) => Ok(child),
            Err(e) => {
                let _ = child.wait(); // it has ended, or is about to
                Err(e)
            }
        }
    }
}

/// The id maps of a process ("self": the calling one): inside, the user and group `outside` appear as `inside`;
/// user_namespaces(7). `setgroups` first: who may not map arbitrary groups must give it up.
fn write_maps(pid: impl Display, inside: (u32, u32), outside: (u32, u32)) -> Result<()> {
    let write = |file: &str, text: String| match fs::write(format!("/proc/{pid}/{file}"), text) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::NoProc { op: "map user and group ids" }),
        done => done.at("map user and group ids: write", file),
    };
    write("setgroups", "deny".into())?;
    write("uid_map", format!("{} {} 1", inside.0, outside.0))?;
    write("gid_map", format!("{} {} 1", inside.1, outside.1))
}

/// Takes this process, which must have one thread only, into a new user namespace where its user and group are root and
/// there are no others, and into new namespaces of these types that belong to it. There is no way back.
///
/// # Errors
/// [`Error::Limit`]; `EPERM`: forbidden by a setting, a security module or a filter, or the root directory was changed
/// (chroot); `EINVAL`: there is another thread, or no such namespaces. From "map user and group ids" on, the process is in.
pub fn become_root_in_user_ns(more: NsFlags) -> Result<()> {
    let (ids, kinds) = ((sys::geteuid(), sys::getegid()), NsFlags::USER | more);
    sys::unshare(kinds).map_err(|e| Error::making(kinds, "make a user namespace", e))?;
    write_maps("self", (0, 0), ids)
}

/// Whether the calling process is root, in its user namespace.
#[must_use]
pub fn is_root() -> bool {
    sys::geteuid() == 0
}

/// A running child, held by its pidfd: its number cannot come to mean another process. Not waiting for it leaves a zombie.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
    warnings: Vec<Error>,
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
        match sys::pidfd_wait(self.as_fd()).at("wait for process", self.pid.to_string())? {
            (libc::CLD_EXITED, code) => Ok(Exit::Code(code)),
            (_, signal) => Ok(Exit::Signal(signal)),
        }
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
}

/// The exit code for a program that could not be executed, as shells give it: 127 not found, 126 anything else.
#[must_use]
pub fn exec_failure_status(error: &Error) -> i32 {
    if error.errno() == Some(Errno::ENOENT) { 127 } else { 126 }
}

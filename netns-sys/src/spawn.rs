//! Programs run in namespaces: a [`Spawn`] says in which and how, and is taken by a child ([`Spawn::spawn`]) or by this
//! process itself ([`Spawn::exec`]), in the same steps (steps.rs).
//!
//! No helper thread stands in for the child: it would end before the child does, and a parent-death signal is sent when the
//! *thread* that cloned ends. Of what a process cannot do once it is inside (map ids for which it has no right there, mount
//! its namespaces where it was), a child that stayed outside does its part when let.

use crate::error::{At, Errno, Error, Result};
use crate::helper::{Helper, Part, own_pidfd, pipe, tell};
use crate::inside::{Inside, join, steps_inside};
use crate::maps::{Maps, Task, tasks};
use crate::mount::Propagation;
use crate::ns::{Ns, NsFlags};
use crate::process::{Child, Held, image, open};
use crate::sort::sort_by_key;
use crate::steps::{Act, Entry, Label, READY, Step, c_string, outcome, take};
use crate::sys::{self, Image, Stdio};
use crate::vrf::Group;
use libc::{MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC, c_int};
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What was being done when an [`Error::Sys`] of this module came up.
pub mod op {
    /// Making namespaces.
    pub const MAKE: &str = "make new namespaces";
    /// Entering them; about: which, as in /proc/PID/ns.
    pub const ENTER: &str = "enter the namespace";
    /// Mapping ids; about: the file of /proc/PID.
    pub const MAP: &str = "map user and group ids: write";
    /// Executing a program; about: which.
    pub const EXECUTE: &str = "execute";
    /// Moving clocks of a time namespace.
    pub const CLOCKS: &str = "set the clocks of the time namespace";
    /// Setting the propagation of mounts; about: from where on.
    pub const PROPAGATION: &str = "set the propagation of mounts from";
    /// Changing the root directory; about: to what.
    pub const ROOT: &str = "change the root directory to";
    /// Changing the working directory; about: to what.
    pub const DIR: &str = "change to directory";
    /// Mounting a proc; about: where.
    pub const PROC: &str = "mount a proc on";
    /// Keeping a namespace by a bind mount; about: the file.
    pub const PIN: &str = "mount the namespace on";
    /// Giving up groups.
    pub const GROUPS: &str = "give up supplementary groups";
    /// Becoming a group.
    pub const GID: &str = "become group";
    /// Becoming a user.
    pub const UID: &str = "become user";
    /// Keeping or dropping capabilities.
    pub const CAPABILITIES: &str = "set capabilities";
    /// Going into a cgroup.
    pub const CGROUP: &str = "go into the cgroup";
    /// Passing on a descriptor; about: its number.
    pub const KEEP: &str = "pass on descriptor";
    /// Putting a file of /etc/netns/NAME in place; about: over which of /etc.
    pub const ETC: &str = "put a file of /etc/netns over";
    /// Setting the host name.
    pub const HOSTNAME: &str = "set the host name";
    /// Setting the loopback interface up.
    pub const LO: &str = "set up the interface lo";
    pub(crate) const WAIT: &str = "wait for the parent";
}

/// A directory, by path or by descriptor.
#[derive(Debug)]
enum Place {
    Path(OsString),
    Fd(OwnedFd),
}

/// A program to start: in new namespaces, in those of others, or both.
///
/// It gets the caller's environment, streams, signal mask and dispositions unless told otherwise, and no other descriptor that
/// is close-on-exec (all of this crate's and of std's are). Namespaces are entered first; then new ones are made, a user
/// namespace before the others, which belong to it; then come mounts, the root, the working directory, user and group.
///
/// ```no_run
/// use netns_sys::{Maps, NsFlags, Spawn};
///
/// // As root of a user namespace, alone in a network and in a PID namespace that ends with this thread.
/// let kinds = NsFlags::USER | NsFlags::NET | NsFlags::PID | NsFlags::MOUNT;
/// let spawn = Spawn::new("ip").args(["link"]).namespaces(kinds).maps(Maps::own(0, 0));
/// let exit = spawn.lo_up().mount_proc("/proc").kill_child(9).close_fds().spawn()?.wait()?;
/// # Ok::<(), netns_sys::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Spawn {
    program: OsString,
    arg0: Option<OsString>,
    args: Vec<OsString>,
    env: Option<Vec<(OsString, OsString)>>,
    kinds: NsFlags,
    maps: Maps,
    clocks: Vec<(&'static str, i64)>,
    entries: Vec<Entry>,
    inside: Option<Inside>,
    group: Option<Group>,
    cgroup: Option<OwnedFd>,
    pins: Vec<(NsFlags, OsString)>,
    propagation: Option<Propagation>,
    hostname: Option<OsString>,
    lo_up: bool,
    root: Option<Place>,
    dir: Option<Place>,
    proc: Option<OsString>,
    gid: Option<u32>,
    uid: Option<u32>,
    keep_caps: bool,
    drop_caps: u64,
    death: Option<c_int>,
    stdio: Vec<(Stdio, OwnedFd)>,
    /// Those that are kept, where all others are closed.
    fds: Option<Vec<u32>>,
    /// The signal mask; `None`: as it is.
    mask: Option<u64>,
    default_actions: bool,
    /// Whether supplementary groups were given up.
    groups: Cell<bool>,
}

impl Spawn {
    /// This program, searched in `PATH` if it has no slash.
    pub fn new(program: impl Into<OsString>) -> Spawn {
        Spawn { program: program.into(), ..Spawn::default() }
    }
    /// Another argument 0 than the program as it was given.
    #[must_use]
    pub fn arg0(mut self, arg0: impl Into<OsString>) -> Spawn {
        self.arg0 = Some(arg0.into());
        self
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
    /// This environment, and not the caller's.
    #[must_use]
    pub fn envs(mut self, all: impl IntoIterator<Item = (OsString, OsString)>) -> Spawn {
        self.env = Some(all.into_iter().collect());
        self
    }

    /// New namespaces of these types. [`Spawn::exec`] makes a PID namespace for the program's children.
    #[must_use]
    pub fn namespaces(mut self, kinds: NsFlags) -> Spawn {
        self.kinds = kinds;
        self
    }
    /// In its new user namespace, the caller's effective user and group are these (0, 0: root); there are no others.
    #[must_use]
    pub fn map_ids(self, uid: u32, gid: u32) -> Spawn {
        self.maps(Maps::own(uid, gid))
    }
    /// The ids of its new user namespace. It does not run before these are written, by newuidmap(1) and newgidmap(1) if the
    /// caller may not.
    #[must_use]
    pub fn maps(mut self, maps: Maps) -> Spawn {
        self.maps = maps;
        self
    }
    /// The clock "monotonic" or "boottime" of its new time namespace is so many seconds ahead of the caller's.
    #[must_use]
    pub fn clock(mut self, clock: &'static str, seconds: i64) -> Spawn {
        self.clocks.push((clock, seconds));
        self
    }
    /// The new namespace of this type is mounted on a file, which keeps it.
    #[must_use]
    pub fn pin(mut self, kind: NsFlags, file: impl Into<OsString>) -> Spawn {
        self.pins.push((kind, file.into()));
        self
    }
    /// In this namespace, or, if `fd` is that of a process (pidfd_open(2)), in its namespaces of these types (Linux 5.8). In a
    /// PID namespace are only the children of [`Spawn::exec`]'s program.
    #[must_use]
    pub fn enter(mut self, fd: impl Into<OwnedFd>, kinds: NsFlags) -> Spawn {
        self.entries.push(Entry { fd: fd.into(), kinds, done: Cell::new(false) });
        self
    }
    /// Inside this network namespace as `netns exec` is: in a mount namespace of its own with a fresh /sys and, if the namespace
    /// has a name, the files of /etc/netns/NAME bound over those of /etc. Of these, those that cannot be put in place are
    /// warnings.
    ///
    /// # Errors
    /// `EMFILE`: no descriptor to be had.
    pub fn inside(mut self, ns: &Ns, name: Option<&OsStr>) -> Result<Spawn> {
        self.inside = Some(Inside::of(ns, name)?);
        Ok(self)
    }
    /// In this control group of a VRF.
    #[must_use]
    pub fn group(mut self, group: Group) -> Spawn {
        self.group = Some(group);
        self
    }
    /// In this cgroup (its directory); of version 2, and for a child Linux 5.7. A new cgroup namespace begins there.
    #[must_use]
    pub fn cgroup(mut self, cgroup: OwnedFd) -> Spawn {
        self.cgroup = Some(cgroup);
        self
    }

    /// In its new mount namespace, the propagation of all mounts. The kernel's default is to share with the caller's.
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Spawn {
        self.propagation = Some(propagation);
        self
    }
    /// The name of its new UTS namespace.
    #[must_use]
    pub fn hostname(mut self, name: impl Into<OsString>) -> Spawn {
        self.hostname = Some(name.into());
        self
    }
    /// The interface `lo` of its network namespace is up.
    #[must_use]
    pub fn lo_up(mut self) -> Spawn {
        self.lo_up = true;
        self
    }
    /// Another root directory; the working directory is there, too, unless another is given.
    #[must_use]
    pub fn root(mut self, dir: impl Into<OsString>) -> Spawn {
        self.root = Some(Place::Path(dir.into()));
        self
    }
    /// As [`Spawn::root`], an open directory.
    #[must_use]
    pub fn root_fd(mut self, dir: OwnedFd) -> Spawn {
        self.root = Some(Place::Fd(dir));
        self
    }
    /// Another working directory, below the root directory.
    #[must_use]
    pub fn current_dir(mut self, dir: impl Into<OsString>) -> Spawn {
        self.dir = Some(Place::Path(dir.into()));
        self
    }
    /// As [`Spawn::current_dir`], an open directory.
    #[must_use]
    pub fn current_dir_fd(mut self, dir: OwnedFd) -> Spawn {
        self.dir = Some(Place::Fd(dir));
        self
    }
    /// A proc of its PID namespace is mounted there.
    #[must_use]
    pub fn mount_proc(mut self, at: impl Into<OsString>) -> Spawn {
        self.proc = Some(at.into());
        self
    }

    /// As this group, without supplementary ones.
    #[must_use]
    pub fn gid(mut self, gid: u32) -> Spawn {
        self.gid = Some(gid);
        self
    }
    /// As this user.
    #[must_use]
    pub fn uid(mut self, uid: u32) -> Spawn {
        self.uid = Some(uid);
        self
    }
    /// The program has the capabilities that it would lose at exec because it is not root's (as "ambient" ones).
    #[must_use]
    pub fn keep_caps(mut self) -> Spawn {
        self.keep_caps = true;
        self
    }
    /// Neither the program nor any it executes can have these capabilities; bit N is that with number N, linux/capability.h.
    #[must_use]
    pub fn drop_caps(mut self, mask: u64) -> Spawn {
        self.drop_caps = mask;
        self
    }
    /// The child gets this signal when the thread that starts it ends, however it ends. (Not any more once it executes a
    /// program that is set-user-id.)
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
    /// No descriptors but the three streams.
    #[must_use]
    pub fn close_fds(mut self) -> Spawn {
        self.fds.get_or_insert_default();
        self
    }
    /// No descriptors but the three streams and this one, by number.
    ///
    /// # Errors
    /// `EBADF`: it is not open.
    pub fn keep_fd(mut self, fd: u32) -> Result<Spawn> {
        // Of those we open ourselves none may be taken for it.
        sys::dup_number(fd, 3).at(op::KEEP, fd.to_string())?;
        let fds = self.fds.get_or_insert_default();
        fds.push(fd);
        sort_by_key(fds, |fd| *fd);
        Ok(self)
    }
    /// No signal is blocked, and none ignored but SIGHUP if it is (nohup(1)).
    #[must_use]
    pub fn default_signals(mut self) -> Spawn {
        (self.mask, self.default_actions) = (Some(0), true);
        self
    }
    /// If not said otherwise, those signals are blocked that were before they were held.
    #[must_use]
    pub fn signals_before(mut self, held: &Held) -> Spawn {
        self.mask.get_or_insert(held.before);
        self
    }

    /// What is not made by clone(2) but by the child: a cgroup namespace begins where its maker is, and clocks can be set
    /// before the first process is there.
    fn made_late(&self) -> NsFlags {
        let mut late = NsFlags::empty();
        late.set(NsFlags::CGROUP, self.cgroup.is_some());
        late.set(NsFlags::TIME, !self.clocks.is_empty());
        late & self.kinds
    }

    /// Into the namespaces of others.
    fn enter_steps<'a>(&'a self, warnings: &mut Vec<Error>) -> Result<Vec<Step<'a>>> {
        let mut steps = Vec::new();
        let user = |e: &&Entry| e.kinds.contains(NsFlags::USER);
        if self.gid.is_some() && self.entries.iter().any(|e| user(&e)) {
            // In a user namespace that may be forbidden.
            steps.push(Step::new(Act::DropGroups(&self.groups), op::GROUPS, "").attempt());
        }
        let enter = |entry: &'a Entry| Step::new(Act::Enter(entry), op::ENTER, entry.names());
        // A user namespace gives rights or takes them: so, all others first, and behind it those that were refused.
        if self.entries.iter().any(|e| user(&e)) {
            steps.extend(self.entries.iter().filter(|e| !user(e)).map(|e| enter(e).attempt()));
        }
        steps.extend(self.entries.iter().filter(user).map(enter));
        steps.extend(self.entries.iter().filter(|e| !user(e)).map(enter));
        if let Some(inside) = &self.inside {
            steps.extend(steps_inside(inside, warnings)?);
        }
        steps.extend(self.group.iter().map(join));
        Ok(steps)
    }

    fn clock_steps<'a>(&self, kinds: NsFlags) -> Result<Vec<Step<'a>>> {
        let mut steps = Vec::new();
        for (clock, seconds) in &self.clocks {
            let write = Act::Write(None, c_string("/proc/self/timens_offsets")?, format!("{clock} {seconds} 0"));
            steps.push(Step::new(write, op::CLOCKS, ""));
        }
        if kinds.contains(NsFlags::TIME) {
            steps.push(Step::new(Act::JoinTime, op::ENTER, "time").attempt());
        }
        Ok(steps)
    }

    /// All that follows when the namespaces are there.
    fn settle_steps(&self) -> Result<Vec<Step<'_>>> {
        let mut steps = Vec::new();
        let mount = |source: Option<&str>, target: &OsStr, fs, flags| -> Result<Act<'_>> {
            Ok(Act::Mount { source: source.map(c_string).transpose()?, target: c_string(target)?, fs, flags })
        };
        if let Some(propagation) = self.propagation.filter(|_| self.kinds.contains(NsFlags::MOUNT)) {
            let flags = propagation.flag() | MS_REC;
            steps.push(Step::new(mount(None, "/".as_ref(), None, flags)?, op::PROPAGATION, "/"));
        }
        if let Some(name) = &self.hostname {
            steps.push(Step::new(Act::Hostname(name.clone()), op::HOSTNAME, name));
        }
        if self.lo_up {
            steps.push(Step::new(Act::LoUp, op::LO, ""));
        }
        match &self.root {
            Some(Place::Path(path)) => steps.push(Step::new(Act::Chroot(c_string(path)?), op::ROOT, path)),
            Some(Place::Fd(fd)) => steps.push(Step::new(Act::ChrootTo(fd.as_fd()), op::ROOT, "")),
            None => {}
        }
        match &self.dir {
            Some(Place::Path(path)) => steps.push(Step::new(Act::Chdir(c_string(path)?), op::DIR, path)),
            Some(Place::Fd(fd)) => steps.push(Step::new(Act::ChdirTo(fd.as_fd()), op::DIR, "")),
            None => {}
        }
        if let Some(at) = &self.proc {
            // Else it would show in the mount namespace this one was copied from.
            steps.push(Step::new(mount(None, at, None, MS_PRIVATE | MS_REC)?, op::PROC, at).attempt());
            let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
            steps.push(Step::new(mount(Some("proc"), at, Some(c"proc"), flags)?, op::PROC, at));
        }
        Ok(steps)
    }

    /// The last ones: user and group, descriptors, signals.
    fn last_steps<'a>(&'a self, parent: Option<BorrowedFd<'a>>) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        if self.drop_caps != 0 {
            steps.push(Step::new(Act::DropCaps(self.drop_caps), op::CAPABILITIES, ""));
        }
        if let Some(gid) = self.gid {
            steps.push(Step::new(Act::DropGroups(&self.groups), op::GROUPS, ""));
            steps.push(Step::new(Act::SetGid(gid), op::GID, gid.to_string()));
        }
        if let Some(uid) = self.uid {
            steps.push(Step::new(Act::SetUid(uid), op::UID, uid.to_string()));
        }
        if self.keep_caps {
            steps.push(Step::new(Act::KeepCaps(self.drop_caps), op::CAPABILITIES, ""));
        }
        for (which, fd) in &self.stdio {
            steps.push(Step::new(Act::Stdio(fd.as_fd(), *which), "redirect a standard stream", ""));
        }
        if let Some(fds) = &self.fds {
            steps.push(Step::new(Act::CloseBut(fds), "close descriptors", ""));
            steps.extend(fds.iter().map(|fd| Step::new(Act::KeepFd(*fd), op::KEEP, fd.to_string())));
        }
        let signals = self.default_actions.then_some(Act::DefaultActions);
        let signals = signals.into_iter().chain(self.mask.map(Act::SignalMask));
        steps.extend(signals.map(|act| Step::new(act, "set signals", "")));
        // Behind what becomes another user: that would undo it.
        if let (Some(signal), Some(parent)) = (self.death, parent) {
            steps.push(Step::new(Act::DieWith(signal, parent), "tie the child to this process", ""));
        }
        steps
    }

    fn image(&mut self) -> Result<Image> {
        let args = std::mem::take(&mut self.args).into_iter();
        image(&self.program, self.arg0.as_ref().unwrap_or(&self.program), args, self.env.take())
    }

    /// Mounts namespaces of process `pid` on their files.
    fn pin_steps(&self, pid: impl Fn() -> String) -> Result<Vec<Step<'static>>> {
        let pin = |(kind, file): &(NsFlags, OsString)| {
            let source = Some(c_string(format!("/proc/{}/ns/{}", pid(), name_for_children(*kind)))?);
            let act = Act::Mount { source, target: c_string(file)?, fs: None, flags: MS_BIND };
            Ok(Step::new(act, op::PIN, file))
        };
        self.pins.iter().map(pin).collect()
    }

    /// Starts it, and returns once it runs: whatever went wrong up to its first instruction is an error here.
    ///
    /// # Errors
    /// [`Error::Limit`]; `EPERM`: not allowed to make these namespaces; [`op::EXECUTE`]: see [`process::exec_failure_status`](crate::process::exec_failure_status); any
    /// step's; [`Error::Helper`].
    pub fn spawn(mut self) -> Result<Child> {
        let mut warnings = Vec::new();
        let mut image = self.image()?;
        let (report_read, report_write) = pipe()?;
        let (gate, parent) = (pipe()?, own_pidfd()?);
        let (late, waits) = (self.made_late(), self.maps != Maps::default() || !self.pins.is_empty());

        let mut steps = unshare_steps(late);
        steps.extend(self.clock_steps(late)?);
        if waits {
            steps.push(Step::new(Act::Ready(report_write.as_fd()), "tell the parent", ""));
            steps.push(Step::new(Act::Wait(gate.0.as_fd(), parent.as_fd()), op::WAIT, ""));
        }
        steps.extend(self.enter_steps(&mut warnings)?);
        steps.extend(self.settle_steps()?);
        if self.entries.iter().any(|e| e.kinds.contains(NsFlags::PID)) {
            steps.push(Step::new(Act::Fork(report_write.as_fd()), "start a process in the PID namespace", ""));
        }
        steps.extend(self.last_steps(Some(parent.as_fd())));

        let (kinds, cgroup) = (self.kinds.difference(late), self.cgroup.as_ref().map(AsFd::as_fd));
        let cloned = sys::clone_exec(kinds, cgroup, &steps, Some(&mut image), report_write.as_fd());
        let (pid, pidfd) = cloned.map_err(|e| match e {
            Errno::EBADF | Errno::EACCES | Errno::EBUSY | Errno::EOPNOTSUPP | Errno::ENODEV | Errno::E2BIG
                if cgroup.is_some() =>
            {
                e.at(op::CGROUP, "")
            }
            e => Error::making(kinds, op::MAKE, e),
        })?;
        let labels: Vec<Label> = steps.into_iter().map(|step| step.label).collect();
        drop(report_write);
        let mut report = File::from(report_read);
        let (mut records, mut prepared) = (Vec::new(), Ok(()));
        if waits {
            let mut first = [0; 8];
            let _ = report.read_exact(&mut first); // its end before that shows below
            if first == Step::record(READY, Errno(0)) {
                prepared = self.prepare(pid);
            } else {
                records.extend_from_slice(&first);
            }
            tell(&gate.1, prepared.is_ok());
        }
        // The pipe ends when the child executes the program (it is close-on-exec) or ends itself.
        let heard = report.read_to_end(&mut records).at("hear from the child", "");
        let (outcome, forked) = outcome(|n| labels.get(n), &self.program, &records, &mut warnings);
        let mut child = Child { pid, pidfd, init: kinds.contains(NsFlags::PID), warnings };
        if let Some(pid) = forked {
            let _ = child.wait();
            // The number is the process' own until it is waited for.
            child = Child { pid, pidfd: open(pid)?, ..child };
        }
        match prepared.and(heard).and(outcome) {
            Ok(()) => Ok(child),
            Err(e) => {
                let _ = child.wait(); // it has ended, or is about to
                Err(e.limits(late))
            }
        }
    }

    /// Does for a child what it cannot do itself.
    fn prepare(&self, pid: u32) -> Result<()> {
        let mut none = Vec::new();
        let pid = pid.to_string();
        for task in tasks(&self.maps, &|| pid.clone(), &pid)? {
            match task {
                Task::Within(step) | Task::Outside(step) => take(&[step], &mut none)?,
                Task::Program(program, args) => Helper::start(program, args, Vec::new(), None)?.end()?,
            }
        }
        take(&self.pin_steps(|| pid.clone())?, &mut none)
    }

    /// Becomes the program: takes the same steps in this process, which must have one thread only. Gives back only what went
    /// wrong; the process may then be halfway. What is left undone that can be, `warn` is told. There is no child to kill.
    pub fn exec(mut self, mut warn: impl FnMut(&Error)) -> Error {
        match self.take_place(&mut warn) {
            Ok(()) => Errno::ENOEXEC.at(op::EXECUTE, self.program),
            Err(e) => e,
        }
    }

    fn take_place(&mut self, warn: &mut dyn FnMut(&Error)) -> Result<()> {
        let (mut image, mut warnings) = (self.image()?, Vec::new());
        // What has to be done from outside is begun before this process goes in.
        let outside = |program, args, steps| -> Result<Part> {
            let gate = (pipe()?, own_pidfd()?);
            Ok(Part::Outside(Helper::start(program, args, steps, Some(&gate))?, gate))
        };
        let this = || std::process::id().to_string();
        let maps = tasks(&self.maps, &this, "self")?.into_iter().map(|task| match task {
            Task::Within(step) => Ok(Part::Within(Some(step))),
            Task::Outside(step) => outside("", Vec::new(), vec![step]),
            Task::Program(program, args) => outside(program, args, Vec::new()),
        });
        let mut maps = maps.collect::<Result<Vec<_>>>()?;
        let pins = self.pin_steps(this)?;
        let mut pins = if pins.is_empty() { None } else { Some(outside("", Vec::new(), pins)?) };

        let mut steps = Vec::new();
        if let Some(cgroup) = &self.cgroup {
            let write = Act::Write(Some(cgroup.as_fd()), c"cgroup.procs".into(), "0".into());
            steps.push(Step::new(write, op::CGROUP, ""));
        }
        steps.extend(self.enter_steps(&mut warnings)?);
        steps.extend(unshare_steps(self.kinds));
        steps.extend(maps.iter_mut().filter_map(Part::step));
        steps.extend(self.clock_steps(self.kinds)?);
        steps.extend(pins.iter_mut().filter_map(Part::step));
        steps.extend(self.settle_steps()?);
        steps.extend(self.last_steps(None));
        let taken = take(&steps, &mut warnings);
        drop(steps);
        warnings.iter().for_each(warn);
        if let Err(e) = taken {
            // A helper knows better what went wrong; those that still wait are let go to end.
            let mut ended = maps.into_iter().chain(pins).filter_map(|part| part.end().err());
            let why = ended.find(|e| !matches!(e, Error::Sys { op: op::WAIT, .. }));
            ended.for_each(drop);
            return Err(why.unwrap_or(e).limits(self.kinds));
        }
        Err(image.exec().at(op::EXECUTE, &self.program))
    }
}

/// The file of /proc/PID/ns for the namespace that children to come are in.
#[must_use]
pub fn name_for_children(kind: NsFlags) -> &'static str {
    match kind {
        NsFlags::PID => "pid_for_children",
        NsFlags::TIME => "time_for_children",
        kind => kind.name(),
    }
}

pub(crate) fn unshare_steps<'a>(kinds: NsFlags) -> Vec<Step<'a>> {
    if kinds.is_empty() { Vec::new() } else { vec![Step::new(Act::Unshare(kinds), op::MAKE, "")] }
}

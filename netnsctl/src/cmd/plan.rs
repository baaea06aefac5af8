//! How a program is to be run in namespaces: what `run`, `enter`, `unshare` and `nsenter` have in common. Their options fill a
//! [`Plan`], which becomes a [`Spawn`].

use super::face::{self, Failed, Opt};
use super::proc::user_name;
use crate::failure::explain;
use crate::grammar::{Result as Parsed, Words};
use netns_sys::maps::{self, Maps, Range};
use netns_sys::mount::Propagation;
use netns_sys::process::{exec_failure_status, signal};
use netns_sys::spawn::{name_for_children, op};
use netns_sys::{Errno, Error, Exit, Held, NsFlags, Result, Spawn};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::Path;

/// What options stand for. Namespaces, with a file: where a new one is kept (`unshare`), or which one is entered (`nsenter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Type(NsFlags),
    All,
    Target,
    NoLo,
    Fork,
    NoFork,
    MapUser,
    MapGroup,
    MapRoot,
    MapCurrent,
    MapUsers,
    MapGroups,
    MapAuto,
    Setgroups,
    KillChild,
    MountProc,
    NoMountProc,
    Propagation,
    Hostname,
    Root,
    Wd,
    WdInside,
    SetUid,
    SetGid,
    PreserveCredentials,
    KeepCaps,
    DropCaps,
    Cgroup,
    KeepFd,
    Env,
    Monotonic,
    Boottime,
    EtcNetns,
    FollowContext,
    Verbose,
    Help,
    Version,
}

/// A command to run, where, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New namespaces, or those of a process.
    pub(super) kinds: Vec<(NsFlags, Option<OsString>)>,
    pub(super) all: bool,
    pub(super) target: Option<u32>,
    pub(super) no_lo: bool,
    pub(super) fork: Option<bool>,
    pub(super) map_user: Option<u32>,
    pub(super) map_group: Option<u32>,
    users: Vec<Range>,
    groups: Vec<Range>,
    pub(super) setgroups: Option<bool>,
    pub(super) kill: Option<i32>,
    pub(super) proc: Option<OsString>,
    pub(super) no_proc: bool,
    /// `Some(None)`: as it is.
    pub(super) propagation: Option<Option<Propagation>>,
    hostname: Option<OsString>,
    /// `Some(None)`: that of the target.
    pub(super) root: Option<Option<OsString>>,
    pub(super) wd: Option<Option<OsString>>,
    pub(super) wd_inside: Option<OsString>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) preserve: bool,
    pub(super) keep_caps: bool,
    drop_caps: u64,
    cgroup: Option<OsString>,
    fds: Vec<u32>,
    env: Vec<(OsString, Option<OsString>)>,
    pub(super) env_of_target: bool,
    clocks: Vec<(&'static str, i64)>,
    pub(super) etc_netns: bool,
    pub(super) context: bool,
    pub(super) verbose: bool,
    /// The program and its arguments; empty: a shell.
    pub(super) command: Vec<OsString>,
}

/// The options of namespaces that all have.
pub(super) const fn types(arg: super::face::Arg) -> [Opt<Word>; 7] {
    [
        (b'm', "mount", arg, Word::Type(NsFlags::MOUNT)),
        (b'u', "uts", arg, Word::Type(NsFlags::UTS)),
        (b'i', "ipc", arg, Word::Type(NsFlags::IPC)),
        (b'p', "pid", arg, Word::Type(NsFlags::PID)),
        (b'U', "user", arg, Word::Type(NsFlags::USER)),
        (b'C', "cgroup", arg, Word::Type(NsFlags::CGROUP)),
        (b'T', "time", arg, Word::Type(NsFlags::TIME)),
    ]
}

/// A number without sign, as strtoul(3) takes one, but none that would be cut off.
pub(super) fn number(text: &OsStr, what: &str) -> std::result::Result<u32, String> {
    let shown = text.to_string_lossy();
    let number = shown.trim_start().parse::<u128>().map_err(|_| format!("{what}: '{shown}'"))?;
    u32::try_from(number).map_err(|_| format!("{what}: '{shown}': {}", Errno::ERANGE.words()))
}

/// The id of a user or group that is said by name, as `file` knows it, or by number.
fn id_of(text: &OsStr, file: &str, what: &str) -> std::result::Result<u32, String> {
    let known = fs::read(file).unwrap_or_default();
    let named =
        |line: &&str| text.to_str().is_some_and(|name| line.split(':').next() == Some(name) && !name.is_empty());
    let known =
        String::from_utf8_lossy(&known).lines().find(named).and_then(|line| line.split(':').nth(2)?.parse().ok());
    known.map_or_else(|| number(text, what), Ok)
}

/// The first range that a file like /etc/subuid gives to the caller.
fn subordinate(file: &str) -> std::result::Result<Vec<Range>, String> {
    let uid = maps::own_ids().0;
    let name = user_name(uid);
    let found = maps::subordinate(Path::new(file), uid, Some(&name));
    let found =
        found.map_err(|e| format!("could not open '{file}': {}", e.errno().map_or_else(String::new, Errno::words)))?;
    match found.first() {
        Some(first) => Ok(vec![*first]),
        None => Err(format!("no line matching user \"{name}\" in {file}")),
    }
}

fn ranges(text: &OsStr, file: &str) -> std::result::Result<Vec<Range>, String> {
    if text == "auto" {
        return subordinate(file);
    }
    let shown = text.to_string_lossy();
    let numbers: Vec<&str> = shown.split(',').collect();
    match numbers.as_slice() {
        odd if odd.contains(&"") => Err(format!("too many elements for mapping '{shown}'")),
        [outside, inside, count] => {
            let number = |text: &str| number(text.as_ref(), "could not parse ID");
            Ok(vec![Range { outside: number(outside)?, inside: number(inside)?, count: number(count)? }])
        }
        less if less.len() < 3 => Err(format!("mapping '{shown}' contains only {} elements", less.len())),
        _ => Err(format!("too many elements for mapping '{shown}'")),
    }
}

/// The names of capabilities in the order of their numbers, linux/capability.h.
const CAPABILITIES: &str = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable \
    net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct \
    sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap \
    mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore";

fn capabilities(text: &str) -> std::result::Result<u64, String> {
    text.split(',').try_fold(0, |mask, name| {
        let short = name.to_ascii_lowercase();
        let short = short.strip_prefix("cap_").unwrap_or(&short);
        let position = CAPABILITIES.split_ascii_whitespace().position(|known| known == short);
        let bit = position.and_then(|p| u32::try_from(p).ok()).or_else(|| short.parse().ok());
        let bit = bit.and_then(|bit| 1_u64.checked_shl(bit)).ok_or_else(|| format!("{name:?} is no capability"))?;
        Ok(mask | bit)
    })
}

impl Plan {
    /// New namespaces of this type; kept by a mount on `file`.
    pub(super) fn add(&mut self, kind: NsFlags, file: Option<OsString>) {
        self.kinds.push((kind, file));
    }

    /// The types of namespaces that were asked for.
    pub(super) fn types(&self) -> NsFlags {
        self.kinds.iter().fold(NsFlags::empty(), |all, (kind, _)| all | *kind)
    }

    /// Takes an option.
    ///
    /// # Errors
    /// What is wrong with its argument, in the words of util-linux.
    pub(super) fn set(&mut self, word: Word, value: Option<OsString>) -> std::result::Result<(), String> {
        let text = value.clone().unwrap_or_default();
        match word {
            Word::Type(kind) => self.add(kind, value),
            Word::All => self.all = true,
            Word::Target => self.target = Some(number(&text, "failed to parse pid")?).filter(|pid| *pid != 0),
            Word::NoLo => self.no_lo = true,
            Word::Fork => self.fork = Some(true),
            Word::NoFork => self.fork = Some(false),
            Word::MapUser => self.map(Some(id_of(&text, "/etc/passwd", "failed to parse uid")?), None),
            Word::MapGroup => self.map(None, Some(id_of(&text, "/etc/group", "failed to parse gid")?)),
            Word::MapRoot => self.map(Some(0), Some(0)),
            Word::MapCurrent => {
                let (uid, gid) = maps::own_ids();
                self.map(Some(uid), Some(gid));
            }
            Word::MapUsers => self.map_ranges(Some(ranges(&text, SUBUID)?), None),
            Word::MapGroups => self.map_ranges(None, Some(ranges(&text, SUBGID)?)),
            Word::MapAuto => self.map_ranges(Some(subordinate(SUBUID)?), Some(subordinate(SUBGID)?)),
            Word::Setgroups => match text.to_str() {
                Some("allow") => self.setgroups = Some(true),
                Some("deny") => self.setgroups = Some(false),
                _ => return Err(format!("unsupported --setgroups argument '{}'", text.to_string_lossy())),
            },
            Word::KillChild => {
                let number = value.as_ref().map_or(Some(9), |name| signal(name.to_str().unwrap_or_default()));
                self.kill = Some(number.ok_or_else(|| format!("unknown signal: {}", text.to_string_lossy()))?);
            }
            Word::MountProc => {
                self.add(NsFlags::MOUNT, None);
                self.proc = Some(value.unwrap_or_else(|| "/proc".into()));
            }
            Word::NoMountProc => self.no_proc = true,
            Word::Propagation => {
                self.propagation = Some(match text.to_str() {
                    Some("slave") => Some(Propagation::Slave),
                    Some("private") => Some(Propagation::Private),
                    Some("shared") => Some(Propagation::Shared),
                    Some("unchanged") => None,
                    _ => return Err(format!("unsupported propagation mode: {}", text.to_string_lossy())),
                });
            }
            Word::Hostname => {
                self.add(NsFlags::UTS, None);
                self.hostname = value;
            }
            Word::Root => self.root = Some(value),
            Word::Wd => self.wd = Some(value),
            Word::WdInside => self.wd_inside = value,
            Word::SetUid => self.uid = Some(number(&text, "failed to parse uid")?),
            Word::SetGid => self.gid = Some(number(&text, "failed to parse gid")?),
            Word::PreserveCredentials => self.preserve = true,
            Word::KeepCaps => self.keep_caps = true,
            Word::DropCaps => {
                self.drop_caps |= match &value {
                    Some(names) => capabilities(&names.to_string_lossy())?,
                    None => u64::MAX,
                }
            }
            Word::Cgroup => self.cgroup = value,
            Word::KeepFd => self.fds.push(number(&text, "failed to parse the number of a descriptor")?),
            Word::Env => match text.as_encoded_bytes().split_first() {
                None => self.env_of_target = true,
                Some(_) => self.env.push(variable(text)),
            },
            Word::Monotonic => self.clock("monotonic", &text)?,
            Word::Boottime => self.clock("boottime", &text)?,
            Word::EtcNetns => self.etc_netns = true,
            Word::FollowContext => self.context = true,
            Word::Verbose => self.verbose = true,
            Word::Help | Word::Version => {}
        }
        Ok(())
    }

    fn map(&mut self, user: Option<u32>, group: Option<u32>) {
        self.add(NsFlags::USER, None);
        (self.map_user, self.map_group) = (user.or(self.map_user), group.or(self.map_group));
    }

    fn map_ranges(&mut self, users: Option<Vec<Range>>, groups: Option<Vec<Range>>) {
        self.add(NsFlags::USER, None);
        users.into_iter().for_each(|users| self.users = users);
        groups.into_iter().for_each(|groups| self.groups = groups);
    }

    fn clock(&mut self, clock: &'static str, text: &OsStr) -> std::result::Result<(), String> {
        let shown = text.to_string_lossy();
        let seconds = shown.trim_start().parse().map_err(|_| format!("failed to parse {clock} offset: '{shown}'"))?;
        self.clocks.push((clock, seconds));
        Ok(())
    }

    pub(super) fn has_clocks(&self) -> bool {
        !self.clocks.is_empty()
    }

    /// Whether of groups, only the caller's own is there.
    pub(super) fn maps_own_group(&self) -> bool {
        self.map_group.is_some() && self.groups.is_empty()
    }

    /// Whether ids are mapped.
    pub(super) fn has_maps(&self) -> bool {
        self.map_user.or(self.map_group).is_some() || !self.users.is_empty() || !self.groups.is_empty()
    }

    /// The program, as whom, and with what: all but the namespaces.
    ///
    /// # Errors
    /// A descriptor to keep that is not open; a cgroup that is not there.
    pub(super) fn program(&mut self, login: bool) -> Result<Spawn> {
        let mut command = std::mem::take(&mut self.command).into_iter();
        let mut spawn = match command.next() {
            Some(program) => Spawn::new(program).args(command),
            None => {
                let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
                let name = Path::new(&shell).file_name().unwrap_or_default().to_owned();
                let mut arg0 = OsString::from(if login { "-" } else { "" });
                arg0.push(name);
                Spawn::new(shell).arg0(arg0)
            }
        };
        for fd in &self.fds {
            spawn = spawn.keep_fd(*fd)?;
        }
        if let Some(path) = &self.cgroup {
            let dir = File::open(path).map_err(|e| Errno::from(e).at("open the cgroup", path))?;
            spawn = spawn.cgroup(dir.into());
        }
        if self.keep_caps {
            spawn = spawn.keep_caps();
        }
        spawn = self.uid.iter().fold(spawn, |spawn, uid| spawn.uid(*uid));
        spawn = self.gid.iter().fold(spawn, |spawn, gid| spawn.gid(*gid));
        Ok(spawn.drop_caps(self.drop_caps))
    }

    /// With changes to the environment.
    pub(super) fn environment(&self, spawn: Spawn) -> Spawn {
        self.env.iter().fold(spawn, |spawn, (key, value)| spawn.env(key, value.as_deref()))
    }

    /// In its new namespaces.
    pub(super) fn make(&self, spawn: Spawn) -> Spawn {
        let mut maps = Maps::of(self.map_user, &self.users, self.map_group, &self.groups);
        maps.setgroups = self.setgroups;
        let mut spawn = self.environment(spawn).namespaces(self.types()).maps(maps);
        for (kind, file) in self.kinds.iter().filter_map(|(kind, file)| Some((kind, file.as_ref()?))) {
            spawn = spawn.pin(*kind, file);
        }
        for (clock, seconds) in &self.clocks {
            spawn = spawn.clock(clock, *seconds);
        }
        spawn = self.propagation.unwrap_or(Some(Propagation::Private)).into_iter().fold(spawn, Spawn::propagation);
        spawn = self.hostname.iter().fold(spawn, Spawn::hostname);
        spawn = self.root.iter().flatten().fold(spawn, Spawn::root);
        spawn = self.wd.iter().flatten().fold(spawn, Spawn::current_dir);
        spawn = self.proc.iter().fold(spawn, Spawn::mount_proc);
        self.kill.into_iter().fold(spawn, Spawn::kill_child)
    }
}

const SUBUID: &str = "/etc/subuid";
const SUBGID: &str = "/etc/subgid";

/// `NAME=VALUE`, or `NAME`: without it.
fn variable(text: OsString) -> (OsString, Option<OsString>) {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = text.as_bytes();
    match bytes.iter().position(|b| *b == b'=').and_then(|at| bytes.split_at_checked(at)) {
        Some((name, value)) => {
            let value = OsStr::from_bytes(value.get(1..).unwrap_or_default());
            (OsStr::from_bytes(name).to_owned(), Some(value.to_owned()))
        }
        None => (text, None),
    }
}

/// Takes the options of `table`, and the command behind them; `None`: help is asked for.
///
/// # Errors
/// The option at fault.
pub(super) fn options(words: &mut Words<'_>, table: &[Opt<Word>]) -> Parsed<Option<Plan>> {
    let mut plan = Plan::default();
    let first = words.at();
    let parsed = face::parse(words.rest(), table, false);
    let wrong = |place: Option<&usize>, message: String| {
        let at = first.saturating_add(place.copied().unwrap_or_default());
        words.error(message).at(at)
    };
    for ((word, value), place) in parsed.options.into_iter().zip(&parsed.places) {
        if word == Word::Help {
            return Ok(None);
        }
        plan.set(word, value).map_err(|message| wrong(Some(place), message))?;
    }
    if let Some(message) = parsed.error {
        return Err(wrong(parsed.places.last(), message));
    }
    plan.command = parsed.operands;
    Ok(Some(plan))
}

/// Runs it: as a child, or in the place of this process, where none needs to stay.
///
/// # Errors
/// Those of [`Spawn::spawn`] and [`Spawn::exec`].
pub(super) fn start(spawn: Spawn, child: bool, warn: impl FnMut(&Error)) -> Result<Exit> {
    if !child {
        return Err(spawn.exec(warn));
    }
    let held = Held::signals()?;
    let child = spawn.signals_before(&held).spawn()?;
    child.warnings().iter().for_each(warn);
    child.attend(&held)
}

/// A failure in the words of util-linux, and what explains it; `kinds`: the namespaces that were asked for, and their files.
pub(super) fn failed(error: &Error, kinds: &[(NsFlags, Option<OsString>)]) -> Failed {
    let (op, about, errno) = match error {
        Error::Sys { op, about, errno } => (*op, about.to_string_lossy().into_owned(), *errno),
        Error::Limit { .. } => (op::MAKE, String::new(), Errno::ENOSPC),
        // It has said why itself.
        Error::Helper { exit, .. } => return (u8::try_from(exit.status()).unwrap_or(1), String::new()),
        other => return (1, other.to_string()),
    };
    let said = match op {
        op::MAKE => "unshare failed".into(),
        op::ENTER => format!("reassociate to namespace 'ns/{about}' failed"),
        op::EXECUTE => format!("failed to execute {about}"),
        op::MAP => format!("write failed /proc/self/{about}"),
        op::CLOCKS => "failed to write to /proc/self/timens_offsets".into(),
        op::PROPAGATION => "cannot change root filesystem propagation".into(),
        op::ROOT if about.is_empty() => "chroot failed".into(),
        op::ROOT => format!("cannot change root directory to '{about}'"),
        op::DIR if about.is_empty() => "change directory by working directory file descriptor failed".into(),
        op::DIR => format!("cannot chdir to '{about}'"),
        op::PROC => format!("mount {about} failed"),
        op::PIN => {
            let of = kinds.iter().find(|(_, file)| file.as_ref().is_some_and(|file| *file == *about));
            let name = of.map_or("", |(kind, _)| name_for_children(*kind));
            format!("mount /proc/{}/ns/{name} on {about} failed", std::process::id())
        }
        op::GROUPS => "setgroups failed".into(),
        op::GID => "setgid failed".into(),
        op::UID => "setuid failed".into(),
        _ => return (1, error.to_string()),
    };
    let code = if op == op::EXECUTE { u8::try_from(exec_failure_status(error)).unwrap_or(1) } else { 1 };
    let kinds = kinds.iter().fold(NsFlags::empty(), |all, (kind, _)| all | *kind);
    let why = explain(error, kinds).map_or_else(String::new, |why| format!("\n  {why}"));
    (code, format!("{said}: {}{why}", errno.words()))
}

//! `enter`: a program where another is: in a network namespace, and in other namespaces of a process.

use super::face::{Arg, Opt};
use super::plan::{Plan, Word, options, types};
use super::run::{COMMON, finish};
use super::target::{self, Found, Target};
use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words};
use netns_sys::{Errno, NsFlags, Spawn, process};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;

/// What to run, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    target: Target,
    plan: Plan,
}

/// The help.
const HELP: &str = concat!(
    "\
Usage: netnsctl enter TARGET [ OPTIONS ] [ -- ] [ COMMAND... ]
Runs COMMAND (a shell) in a network namespace that is there. No mount namespace is made, unless asked for.
",
    target::target_help!(),
    "\
OPTIONS := -a --all  -m --mount  -u --uts  -i --ipc  -p --pid  -U --user  -C --cgroup  -T --time
                                  in other namespaces of the process too
           -R --root[=DIR]  -w --wd[=DIR]     there; without DIR those of the process
           -S --setuid UID  -G --setgid GID   (0 in another user namespace);  --preserve-credentials  neither
           --env                  with the environment of the process;  --env=NAME[=VALUE] (without a value: not)
           --no-fork              in a PID namespace are only the command's children
           --etc-netns            in a mount namespace of its own with another /sys, and the files of /etc/netns/NAME over
                                  those of /etc, as `netns exec` does
           --keep-caps  --drop-caps[=NAME,...]  --into-cgroup DIR  --keep-fd N  -v --verbose     as of `run`
"
);

const TABLE: &[Opt<Word>] = &[
    (b'a', "all", Arg::No, Word::All),
    (b'R', "root", Arg::Optional, Word::Root),
    (b'w', "wd", Arg::Optional, Word::Wd),
    (0, "env", Arg::Optional, Word::Env),
    (0, "no-fork", Arg::No, Word::NoFork),
    (0, "preserve-credentials", Arg::No, Word::PreserveCredentials),
    (0, "etc-netns", Arg::No, Word::EtcNetns),
];

pub(super) fn parse(words: &mut Words<'_>, settings: &Options) -> Parsed<Command> {
    if matches!(words.peek().and_then(OsStr::to_str), Some("help" | "--help" | "-h")) {
        return Ok(Command::Help(HELP));
    }
    if settings.ns.is_some() {
        return Err(words.error_before("enter says itself which namespace: -n cannot be used with it"));
    }
    if words.peek().is_some_and(|word| word.as_encoded_bytes().starts_with(b"-")) {
        return Err(words.error("the namespace goes before the options"));
    }
    let target = target::parse(words)?;
    let at = words.at();
    let Some(plan) = options(words, &[TABLE, &COMMON, &types(Arg::No)].concat())? else {
        return Ok(Command::Help(HELP));
    };
    let of_process = plan.all || !plan.kinds.is_empty() || plan.env_of_target;
    let of_process = of_process || [&plan.root, &plan.wd].iter().any(|dir| **dir == Some(None));
    if of_process && !matches!(target, Target::Pid(_) | Target::Fd(_) | Target::Socket { .. }) {
        let message = "this is known of a process only: enter pid:PID";
        return Err(words.error(message).at(at));
    }
    Ok(Command::Enter(Request { target, plan }))
}

const TASK: &str = "run a command in the namespace";

pub(super) fn run(session: &mut Session, Request { target, mut plan }: Request) -> Result<()> {
    if session.options.dry_run {
        session.would(&format!("run the command in the namespace {target}"));
        return Ok(());
    }
    let mut spawn = done(TASK, plan.program(false))?;
    let Found { ns, process } = target.open(session)?;
    let mut kinds = plan.types();
    if let Some((pid, pidfd)) = &process {
        if plan.all {
            // Those that it shares with this process need no rights to be left alone.
            for (name, kind) in NsFlags::NAMES {
                kinds.set(kind, kinds.contains(kind) || !is_own(*pid, name));
            }
        }
        // It cannot be entered by who is in it.
        kinds.set(NsFlags::USER, kinds.contains(NsFlags::USER) && !is_own(*pid, "user"));
        if kinds.is_empty() && !process::is_capable(CAP_SYS_ADMIN) && !is_own(*pid, "user") {
            (kinds, plan.preserve) = (NsFlags::USER, true);
            if plan.verbose {
                session.warn("without the right to enter namespaces: in the user namespace of the process as well");
            }
        }
        spawn = of_process(spawn, &plan, *pid, pidfd.as_fd())?;
    }
    if plan.etc_netns {
        let name = if let Target::Name(name) = &target { Some(name.as_os_str()) } else { None };
        let name = name.filter(|name| !name.as_encoded_bytes().contains(&b'/'));
        spawn = done(TASK, spawn.inside(&ns, name))?;
    } else if matches!(target, Target::Pid(_)) && !kinds.is_empty() {
        kinds |= NsFlags::NET;
    } else {
        kinds.remove(NsFlags::NET);
        spawn = spawn.enter(ns, NsFlags::NET);
    }
    if let Some((_, pidfd)) = process.filter(|_| !kinds.is_empty()) {
        spawn = spawn.enter(pidfd, kinds);
    }
    if kinds.contains(NsFlags::USER) && !plan.preserve {
        spawn = spawn.uid(plan.uid.unwrap_or(0)).gid(plan.gid.unwrap_or(0));
    }
    spawn = plan.environment(spawn);
    spawn = plan.root.iter().flatten().fold(spawn, Spawn::root);
    spawn = plan.wd.iter().flatten().fold(spawn, Spawn::current_dir);
    let child = kinds.contains(NsFlags::PID) && plan.fork != Some(false);
    finish(session, TASK, kinds, spawn, child)
}

const CAP_SYS_ADMIN: u32 = 21;

/// Whether this is the namespace of this process too; one that this kernel does not have is.
fn is_own(pid: u32, name: &str) -> bool {
    let id = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/{name}")).map(|m| (m.dev(), m.ino())).ok();
    id("self") == id(&pid.to_string())
}

/// What the process has that is no namespace.
fn of_process(mut spawn: Spawn, plan: &Plan, pid: u32, pidfd: BorrowedFd<'_>) -> Result<Spawn> {
    let path = |file: &str| format!("/proc/{pid}/{file}");
    let failed = |file: &str, e: std::io::Error| Failure::of(TASK, &Errno::from(e).at("open", path(file)));
    let dir = |file: &str| -> Result<OwnedFd> { Ok(File::open(path(file)).map_err(|e| failed(file, e))?.into()) };
    if plan.root == Some(None) {
        spawn = spawn.root_fd(dir("root")?);
    }
    if plan.wd == Some(None) {
        spawn = spawn.current_dir_fd(dir("cwd")?);
    }
    if plan.env_of_target {
        let text = fs::read(path("environ")).map_err(|e| failed("environ", e))?;
        let variables = text.split(|b| *b == 0).filter_map(|line| {
            let at = line.iter().position(|b| *b == b'=')?;
            let (name, value) = line.split_at_checked(at)?;
            Some((OsString::from_vec(name.to_vec()), OsString::from_vec(value.get(1..)?.to_vec())))
        });
        spawn = spawn.envs(variables);
    }
    // Its number was its own while these were looked at, if it is there still.
    process::is_there(pidfd).map_err(|e| Failure::of(TASK, &e).code(code::FAILED))?;
    Ok(spawn)
}

//! `run`: a program in a network namespace of its own.

use super::face::{Arg, Opt};
use super::netns::status;
use super::plan::{Plan, Word, options, start, types};
use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result};
use crate::grammar::{Result as Parsed, Words};
use netns_sys::{NsFlags, Spawn, process};

/// What to run, and how.
pub type Request = Plan;

/// The help.
const HELP: &str = "\
Usage: netnsctl run [ OPTIONS ] [ -- ] [ COMMAND... ]
Runs COMMAND (a shell) in a network namespace of its own, which is gone when nothing is in it any more.
Whoever is not root is root inside, in a user namespace of its own.
OPTIONS := --no-lo                leave the interface lo down
           -m --mount  -u --uts  -i --ipc  -C --cgroup  -T --time     in new namespaces of these types too;
           -p --pid               of processes, with a /proc of its own (--mount-proc=DIR: elsewhere; --no-mount-proc)
           -U --user              of users: as root, unless said otherwise with
           -r --map-root  -c --map-current  --map-user USER  --map-group GROUP     whom the caller is inside,
           --map-users OUTSIDE,INSIDE,COUNT  --map-groups ...     and who else is there (`auto`: those of /etc/subuid,
           --map-auto             /etc/subgid), with the help of newuidmap and newgidmap; --setgroups { allow | deny }
           --kill-child[=SIGNAL]  end with this program, however it ends, and all below it (makes a PID namespace)
           --propagation { private | slave | shared | unchanged }     of mounts;  --hostname NAME
           --monotonic SECONDS  --boottime SECONDS     how far the clocks of the time namespace are ahead
           -R --root DIR  -w --wd DIR  -S --setuid UID  -G --setgid GID
           --keep-caps            also for programs that are not root's;  --drop-caps[=NAME,...] (all)
           --into-cgroup DIR  --keep-fd N (else none but 0, 1 and 2)  --env NAME[=VALUE] (without a value: not)
           -v --verbose
";

/// Options that are `enter`'s too.
pub(super) const COMMON: [Opt<Word>; 8] = [
    (b'S', "setuid", Arg::Required, Word::SetUid),
    (b'G', "setgid", Arg::Required, Word::SetGid),
    (0, "keep-caps", Arg::No, Word::KeepCaps),
    (0, "drop-caps", Arg::Optional, Word::DropCaps),
    (0, "into-cgroup", Arg::Required, Word::Cgroup),
    (0, "keep-fd", Arg::Required, Word::KeepFd),
    (b'v', "verbose", Arg::No, Word::Verbose),
    (b'h', "help", Arg::No, Word::Help),
];

const TABLE: &[Opt<Word>] = &[
    (0, "no-lo", Arg::No, Word::NoLo),
    (0, "mount-proc", Arg::Optional, Word::MountProc),
    (0, "no-mount-proc", Arg::No, Word::NoMountProc),
    (b'r', "map-root", Arg::No, Word::MapRoot),
    (b'c', "map-current", Arg::No, Word::MapCurrent),
    (0, "map-user", Arg::Required, Word::MapUser),
    (0, "map-group", Arg::Required, Word::MapGroup),
    (0, "map-users", Arg::Required, Word::MapUsers),
    (0, "map-groups", Arg::Required, Word::MapGroups),
    (0, "map-auto", Arg::No, Word::MapAuto),
    (0, "setgroups", Arg::Required, Word::Setgroups),
    (0, "kill-child", Arg::Optional, Word::KillChild),
    (0, "propagation", Arg::Required, Word::Propagation),
    (0, "hostname", Arg::Required, Word::Hostname),
    (0, "monotonic", Arg::Required, Word::Monotonic),
    (0, "boottime", Arg::Required, Word::Boottime),
    (0, "env", Arg::Required, Word::Env),
    (b'R', "root", Arg::Required, Word::Root),
    (b'w', "wd", Arg::Required, Word::Wd),
];

pub(super) fn parse(words: &mut Words<'_>, settings: &Options) -> Parsed<Command> {
    if words.eat("help") && words.is_end() {
        return Ok(Command::Help(HELP));
    }
    if settings.ns.is_some() {
        return Err(words.error_before("the namespace of run is a new one: -n cannot be used with it (see `enter`)"));
    }
    let table = [TABLE, &COMMON, &types(Arg::No)].concat();
    let Some(mut plan) = options(words, &table)? else { return Ok(Command::Help(HELP)) };
    plan.add(NsFlags::NET, None);
    if plan.kill.is_some() {
        // Else only the child itself would be killed.
        plan.add(NsFlags::PID, None);
    }
    if plan.types().contains(NsFlags::PID) && !plan.no_proc && plan.proc.is_none() {
        plan.set(Word::MountProc, None).map_err(|e| words.error(e))?;
    }
    if plan.has_clocks() {
        plan.add(NsFlags::TIME, None);
    }
    Ok(Command::Run(plan))
}

const CAP_SYS_ADMIN: u32 = 21;

pub(super) fn run(session: &mut Session, mut plan: Request) -> Result<()> {
    if session.options.dry_run {
        session.would("run the command");
        return Ok(());
    }
    if !plan.types().contains(NsFlags::USER) && !process::is_capable(CAP_SYS_ADMIN) {
        plan.add(NsFlags::USER, None);
        if plan.verbose {
            session.warn("without the right to make namespaces: as root of a user namespace of its own");
        }
    }
    if plan.types().contains(NsFlags::USER) && !plan.has_maps() {
        (plan.map_user, plan.map_group) = (Some(0), Some(0));
    }
    let spawn = done(TASK, plan.program(false))?;
    let spawn = plan.make(spawn);
    let spawn = if plan.no_lo { spawn } else { spawn.lo_up() };
    let child = plan.types().contains(NsFlags::PID) || plan.kill.is_some();
    finish(session, TASK, plan.types(), spawn, child)
}

const TASK: &str = "run a command in new namespaces";

/// Runs it, and ends as it ends.
pub(super) fn finish(session: &Session, task: &str, kinds: NsFlags, spawn: Spawn, child: bool) -> Result<()> {
    let spawn = spawn.default_signals().close_fds();
    let exit = start(spawn, child || session.in_batch, |warning| session.warn(&warning.to_string()));
    let exit = exit.map_err(|e| Failure::of_start(task, &e, kinds))?;
    status(if session.in_batch { exit.status() } else { exit.follow() })
}

//! Called `unshare`: what `unshare` of util-linux does.

use super::face::{self, Arg, Failed, Opt};
use super::plan::{Plan, Word, failed, start, types};
use netns_sys::NsFlags;
use std::ffi::{OsStr, OsString};

const NAME: &str = "unshare";

const HELP: &str = "
Usage:
 unshare [options] [<program> [<argument>...]]

Runs a program (a shell) in new namespaces.

Options:
 -m, --mount[=<file>]   new namespaces: of mounts
 -u, --uts[=<file>]       of the host name
 -i, --ipc[=<file>]       of System V IPC and message queues
 -n, --net[=<file>]       of the network
 -p, --pid[=<file>]       of processes (with --fork, the program is in it too)
 -U, --user[=<file>]      of users
 -C, --cgroup[=<file>]    of control groups
 -T, --time[=<file>]      of clocks; with a file, kept by a mount on it

 -f, --fork             run the program as a child
 --kill-child[=<signal>]
                        which ends with this program (implies --fork)
 --map-user=<user>      who the caller is inside (these imply --user)
 --map-group=<group>    in which group
 -r, --map-root-user    both: root
 -c, --map-current-user
                        both: as outside
 --map-users=<outside>,<inside>,<count>, --map-groups=...
                        who else is there, by newuidmap(1) and newgidmap(1) if need be
 --map-auto             those of /etc/subuid and /etc/subgid (--map-users=auto ...)
 --setgroups allow|deny
 --keep-caps            keep capabilities when the program is executed

 --mount-proc[=<dir>]   mount a proc (implies --mount)
 --propagation slave|shared|private|unchanged
                        of mounts (private)
 -R, --root=<dir>       another root directory
 -w, --wd=<dir>         another working directory
 -S, --setuid <uid>     become a user
 -G, --setgid <gid>     become a group, without others
 --monotonic <offset>   how many seconds a clock is ahead inside (with --time)
 --boottime <offset>

 -h, --help             this help
 -V, --version          the version
";

const TABLE: &[Opt<Word>] = &[
    (b'h', "help", Arg::No, Word::Help),
    (b'V', "version", Arg::No, Word::Version),
    (0, "mount", Arg::Optional, Word::Type(NsFlags::MOUNT)),
    (0, "uts", Arg::Optional, Word::Type(NsFlags::UTS)),
    (0, "ipc", Arg::Optional, Word::Type(NsFlags::IPC)),
    (0, "net", Arg::Optional, Word::Type(NsFlags::NET)),
    (0, "pid", Arg::Optional, Word::Type(NsFlags::PID)),
    (0, "user", Arg::Optional, Word::Type(NsFlags::USER)),
    (0, "cgroup", Arg::Optional, Word::Type(NsFlags::CGROUP)),
    (0, "time", Arg::Optional, Word::Type(NsFlags::TIME)),
    (b'f', "fork", Arg::No, Word::Fork),
    (0, "kill-child", Arg::Optional, Word::KillChild),
    (0, "mount-proc", Arg::Optional, Word::MountProc),
    (0, "map-user", Arg::Required, Word::MapUser),
    (0, "map-users", Arg::Required, Word::MapUsers),
    (0, "map-group", Arg::Required, Word::MapGroup),
    (0, "map-groups", Arg::Required, Word::MapGroups),
    (b'r', "map-root-user", Arg::No, Word::MapRoot),
    (b'c', "map-current-user", Arg::No, Word::MapCurrent),
    (0, "map-auto", Arg::No, Word::MapAuto),
    (0, "propagation", Arg::Required, Word::Propagation),
    (0, "setgroups", Arg::Required, Word::Setgroups),
    (0, "keep-caps", Arg::No, Word::KeepCaps),
    (b'S', "setuid", Arg::Required, Word::SetUid),
    (b'G', "setgid", Arg::Required, Word::SetGid),
    (b'R', "root", Arg::Required, Word::Root),
    (b'w', "wd", Arg::Required, Word::Wd),
    (0, "monotonic", Arg::Required, Word::Monotonic),
    (0, "boottime", Arg::Required, Word::Boottime),
    (b'n', "", Arg::No, Word::Type(NsFlags::NET)),
];

/// Runs with these arguments; gives back the exit code.
pub(super) fn main(program: &OsStr, args: Vec<OsString>) -> u8 {
    face::end(NAME, run(program, &args))
}

fn run(program: &OsStr, args: &[OsString]) -> Result<Vec<u8>, Failed> {
    // Only behind their long names, namespaces may have a file.
    let letters = types(Arg::No).map(|(letter, _, arg, word)| (letter, "", arg, word));
    let parsed = face::parse(args, &[TABLE, &letters].concat(), false);
    let mut plan = Plan::default();
    for (word, value) in parsed.options {
        match word {
            Word::Help => return Ok(HELP.into()),
            Word::Version => return Ok(face::version(NAME).into()),
            word => plan.set(word, value).map_err(|e| (1, e))?,
        }
    }
    if let Some(error) = parsed.error {
        return Err(face::misused(program, NAME, &error));
    }
    if plan.has_clocks() && !plan.types().contains(NsFlags::TIME) {
        let message = "options --monotonic and --boottime require unsharing of a time namespace (-t)";
        return Err((1, message.into()));
    }
    if plan.setgroups == Some(true) && plan.maps_own_group() {
        return Err((1, "options --setgroups=allow and --map-group are mutually exclusive".into()));
    }
    plan.keep_caps &= plan.types().contains(NsFlags::USER);
    plan.command = parsed.operands;
    let spawn = plan.program(true).map(|spawn| plan.make(spawn));
    let child = plan.fork.is_some() || plan.kill.is_some();
    spawn.and_then(|spawn| start(spawn, child, |_| ())).map_or_else(|e| Err(failed(&e, &plan.kinds)), face::exit)
}

//! Called `nsenter`: what `nsenter` of util-linux does.

use super::face::{self, Arg, Failed, Opt};
use super::plan::{Plan, Word, failed, start, types};
use netns_sys::sort::sort_by_key;
use netns_sys::spawn::op;
use netns_sys::{Errno, Error, NsFlags, Spawn, process};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

const NAME: &str = "nsenter";

const HELP: &str = "
Usage:
 nsenter [options] [<program> [<argument>...]]

Runs a program (a shell) in namespaces that are there.

Options:
 -t, --target <pid>     those of this process
 -a, --all              all of them
 -m, --mount[=<file>]   or, each of them that of a file: of mounts
 -u, --uts[=<file>]       of the host name
 -i, --ipc[=<file>]       of System V IPC and message queues
 -n, --net[=<file>]       of the network
 -p, --pid[=<file>]       of processes (for a child, unless --no-fork)
 -C, --cgroup[=<file>]    of control groups
 -U, --user[=<file>]      of users
 -T, --time[=<file>]      of clocks
 -S, --setuid <uid>     become a user (in another user namespace: root)
 -G, --setgid <gid>     become a group, without others
     --preserve-credentials
                        stay who you are in another user namespace
 -r, --root[=<dir>]     the root directory of the process, or another
 -w, --wd[=<dir>]       its working directory, or another
 -W, --wdns <dir>       another working directory, as seen inside
 -F, --no-fork          run the program in the place of this one
 -Z, --follow-context   with the SELinux context of the process

 -h, --help             this help
 -V, --version          the version
";

const TABLE: &[Opt<Word>] = &[
    (b'a', "all", Arg::No, Word::All),
    (b'h', "help", Arg::No, Word::Help),
    (b'V', "version", Arg::No, Word::Version),
    (b't', "target", Arg::Required, Word::Target),
    (b'n', "net", Arg::Optional, Word::Type(NsFlags::NET)),
    (b'S', "setuid", Arg::Required, Word::SetUid),
    (b'G', "setgid", Arg::Required, Word::SetGid),
    (b'r', "root", Arg::Optional, Word::Root),
    (b'w', "wd", Arg::Optional, Word::Wd),
    (b'W', "", Arg::Required, Word::WdInside),
    (0, "wdns", Arg::Optional, Word::WdInside),
    (b'F', "no-fork", Arg::No, Word::NoFork),
    (0, "preserve-credentials", Arg::No, Word::PreserveCredentials),
    (b'Z', "follow-context", Arg::No, Word::FollowContext),
];

/// In the order in which they are opened and entered.
const TYPES: [NsFlags; 8] = [
    NsFlags::USER,
    NsFlags::CGROUP,
    NsFlags::IPC,
    NsFlags::UTS,
    NsFlags::NET,
    NsFlags::PID,
    NsFlags::MOUNT,
    NsFlags::TIME,
];

/// Runs with these arguments; gives back the exit code.
pub(super) fn main(args: Vec<OsString>) -> u8 {
    face::end(NAME, run(&args))
}

fn open(path: impl AsRef<OsStr>) -> Result<File, Failed> {
    let path = path.as_ref();
    File::open(path).map_err(|e| (1, format!("cannot open {}: {}", path.to_string_lossy(), Errno::from(e).words())))
}

fn run(args: &[OsString]) -> Result<Vec<u8>, Failed> {
    let parsed = face::parse(args, &[TABLE, &types(Arg::Optional)].concat(), false);
    let mut plan = Plan::default();
    let (mut files, mut root, mut wd) = (Vec::<(NsFlags, File)>::new(), None, None);
    for (word, value) in parsed.options {
        if matches!(word, Word::Wd) && plan.wd_inside.is_some() || word == Word::WdInside && plan.wd.is_some() {
            return Err((1, "mutually exclusive arguments: --wdns --wd".into()));
        }
        match (word, &value) {
            (Word::Help, _) => return Ok(HELP.into()),
            (Word::Version, _) => return Ok(face::version(NAME).into()),
            // The last one counts.
            (Word::Type(kind), Some(file)) => {
                let file = open(file)?;
                files.retain(|(other, _)| *other != kind);
                files.push((kind, file));
                continue;
            }
            (Word::Root, Some(dir)) => root = Some(open(dir)?),
            (Word::Wd, Some(dir)) => wd = Some(open(dir)?),
            _ => {}
        }
        plan.set(word, value).map_err(|e| (1, e))?;
    }
    if let Some(error) = parsed.error {
        return Err(face::misused(NAME, &error));
    }
    let mut kinds = plan.types();
    if plan.context {
        follow_context(plan.target)?;
    }
    if plan.all {
        let pid = plan.target.ok_or_else(|| (1, "no target PID specified for --all".into()))?;
        for kind in TYPES {
            kinds.set(kind, kinds.contains(kind) || is_other(pid, kind)?);
        }
        kinds &= files.iter().fold(NsFlags::all(), |rest, (kind, _)| rest.difference(*kind));
    }
    // Held first, asked by number then, and seen to be there still: so that the number was its own.
    let pidfd = plan.target.and_then(|pid| process::open(pid).ok());
    let of_target = |file: &str| match plan.target {
        Some(pid) => open(format!("/proc/{pid}/{file}")),
        None => Err((1, format!("neither filename nor target pid supplied for {file}"))),
    };
    for kind in TYPES.iter().filter(|kind| kinds.contains(**kind)) {
        let file = of_target(&format!("ns/{}", kind.name()))?;
        files.retain(|(other, _)| other != kind);
        files.push((*kind, file));
    }
    sort_by_key(&mut files, |(kind, _)| TYPES.iter().position(|other| other == kind));
    if plan.root == Some(None) {
        root = Some(of_target("root")?);
    }
    if plan.wd == Some(None) {
        wd = Some(of_target("cwd")?);
    }
    if let Some(pidfd) = &pidfd {
        process::is_there(pidfd.as_fd()).map_err(|e| failed(&e, &[]))?;
    }
    plan.command = parsed.operands;
    let child = files.iter().any(|(kind, _)| *kind == NsFlags::PID) && plan.fork.is_none();
    let spawn = into(plan, files, root, wd);
    let exit = spawn.and_then(|spawn| start(spawn, child, |_| ()));
    exit.map_or_else(|e| Err(said(&e)), face::exit)
}

fn into(mut plan: Plan, files: Vec<(NsFlags, File)>, root: Option<File>, wd: Option<File>) -> netns_sys::Result<Spawn> {
    let has = |kind| files.iter().any(|(other, _)| *other == kind);
    if has(NsFlags::USER) && !plan.preserve {
        (plan.uid, plan.gid) = (plan.uid.or(Some(0)), plan.gid.or(Some(0)));
    }
    // Where it is now, it stays, in another mount namespace aside.
    let here = root.is_some() && wd.is_none() && plan.wd_inside.is_none() && !has(NsFlags::MOUNT);
    let wd = if here { File::open(".").ok() } else { wd };
    let mut spawn = files.into_iter().fold(plan.program(true)?, |spawn, (kind, file)| spawn.enter(file, kind));
    spawn = root.into_iter().fold(spawn, |spawn, root| spawn.root_fd(root.into()));
    spawn = wd.into_iter().fold(spawn, |spawn, wd| spawn.current_dir_fd(wd.into()));
    Ok(plan.wd_inside.iter().fold(spawn, Spawn::current_dir))
}

fn said(error: &Error) -> Failed {
    match error {
        Error::Sys { op: op::DIR, about, errno } if !about.is_empty() => {
            (1, format!("cannot open current working directory: {}", errno.words()))
        }
        other => failed(other, &[]),
    }
}

/// Whether a process' namespace can be entered: this kernel has the type, and a user namespace is not this process' own.
fn is_other(pid: u32, kind: NsFlags) -> Result<bool, Failed> {
    let path = |pid: String| format!("/proc/{pid}/ns/{}", kind.name());
    let id = |path: &str| fs::metadata(path).map(|m| (m.dev(), m.ino()));
    let Ok(own) = id(&path("self".into())) else { return Ok(false) };
    if kind != NsFlags::USER {
        return Ok(true);
    }
    let path = path(pid.to_string());
    let other = id(&path).map_err(|e| (1, format!("stat of {path} failed: {}", Errno::from(e).words())))?;
    Ok(own != other)
}

/// What is executed next gets the SELinux context of a process.
fn follow_context(target: Option<u32>) -> Result<(), Failed> {
    if fs::metadata("/sys/fs/selinux/enforce").is_err() {
        return Ok(());
    }
    let pid = target.ok_or_else(|| (1, "no target PID specified for --follow-context".into()))?;
    let context = fs::read(format!("/proc/{pid}/attr/current"));
    let context = context.map_err(|_| (1, format!("failed to get {pid} SELinux context")))?;
    let set = fs::write("/proc/thread-self/attr/exec", &context);
    set.map_err(|_| (1, format!("failed to set exec context to '{}'", String::from_utf8_lossy(&context))))
}

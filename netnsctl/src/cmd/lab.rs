//! `lab`: a plan in a world of its own, for as long as a command runs.

use super::apply::{self, Request as Plan};
use super::netns::status;
use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Usage, Words};
use netns_sys::mount::{Propagation, mount_new};
use netns_sys::{Errno, Held, NsFlags, Spawn, process};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A plan, and the command to run in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    plan: Plan,
    /// Empty: a shell.
    command: Vec<OsString>,
    /// All words, for the process inside.
    words: Vec<OsString>,
}

const HELP: &str = "\
Usage: netnsctl lab FILE [ --set NAME=VALUE ]... [ --jobs N ] [ --keep-going ] [ --wait[=SECONDS] ] [ [ -- ] COMMAND... ]
Carries out a plan (see apply) in network, mount and process namespaces of its own, where COMMAND (a shell) is then run. All
is gone when that ends, however it ends. Whoever is not root is root inside, in a user namespace of its own. The plan's
namespaces have names there, and only there.
";

/// The first argument of the process inside.
pub(super) const INSIDE: &str = "--inside-lab";

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    if words.eat("help") && words.is_end() {
        return Ok(Command::Help(HELP));
    }
    let all = words.clone().rest().to_vec();
    let plan = apply::take(words, options, true)?;
    Ok(Command::Lab(Request { plan, command: words.rest().to_vec(), words: all }))
}

const TASK: &str = "make a lab";

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    if session.options.dry_run {
        return apply::run(session, request.plan);
    }
    // What is wrong with the plan is said before anything is made.
    apply::check(&request.plan)?;
    let program = std::env::current_exe().map_err(|e| Failure::of(TASK, &Errno::from(e).at("find", "this program")))?;
    let mut kinds = NsFlags::NET | NsFlags::MOUNT | NsFlags::PID;
    let mut spawn = Spawn::new(program).args(std::iter::once(OsString::from(INSIDE)).chain(request.words));
    if !process::is_root() {
        kinds |= NsFlags::USER;
        spawn = spawn.map_ids(0, 0);
    }
    const SIGKILL: i32 = 9;
    let spawn =
        spawn.namespaces(kinds).propagation(Propagation::Private).mount_proc("/proc").lo_up().kill_child(SIGKILL);
    super::run::finish(session, TASK, kinds, spawn, true)
}

/// What the process inside does: `words` are those behind `lab`.
pub(super) fn inside(words: &[OsString]) -> Result<()> {
    let options = Options::default();
    let mut session = Session::new(options.clone());
    let parsed = parse(&mut Words::new(words), &options);
    let wrong = |usage: Usage| Failure::usage(words, &usage, false);
    let Command::Lab(request) = parsed.map_err(wrong)? else { return Err(Failure::new(code::USAGE, "no lab")) };
    names(session.dir.path())?;
    apply::inside(&mut session, &request.plan)?;
    let shell = || std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let mut command = request.command.into_iter();
    let spawn = Spawn::new(command.next().unwrap_or_else(shell)).args(command).default_signals().close_fds();
    let held = done(TASK, Held::signals())?;
    let run = || spawn.signals_before(&held).spawn()?.attend(&held);
    let exit = run().map_err(|e| Failure::of_start("run the command", &e, NsFlags::empty()))?;
    status(exit.status())
}

/// An empty directory of names, that only this mount namespace sees. Where there is none, and none can be made, what is around
/// it is hidden.
fn names(dir: &Path) -> Result<()> {
    let parent = dir.parent().unwrap_or(dir);
    let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_owned());
    let dir = parent.join(dir.file_name().unwrap_or(OsStr::new("netns")));
    if !dir.is_dir() && std::fs::create_dir(&dir).is_err() {
        done(TASK, mount_new(c"tmpfs", &parent))?;
        std::fs::create_dir(&dir).map_err(|e| Failure::of(TASK, &Errno::from(e).at("make directory", &dir)))?;
    }
    done(TASK, mount_new(c"tmpfs", &dir))
}

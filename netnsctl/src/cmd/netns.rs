//! `netns`: named namespaces.

use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Words, show};
use crate::out::Escaped;
use netns_sys::holders::{Hidden, Holder, Look, holders};
use netns_sys::named::{Change, State};
use netns_sys::netlink::Conn;
use netns_sys::{Error, NameRule, Ns, NsFlags, Spawn};
use nl_core::route::{self, NSID_NOT_ASSIGNED, Nsid, RTM_GETNSID, RTM_NEWNSID, RtGenMsg, netnsa};
use nl_core::{Flags, Reply};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

mod wait;

/// What `netns` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show the names.
    List,
    /// Make a namespace with this name.
    Add(OsString),
    /// Remove a name (`None`: all).
    Delete {
        /// The name.
        name: Option<OsString>,
        /// Wait at most so long until the peers' links are gone.
        wait: Option<Duration>,
    },
    /// Give the namespace of a process a name.
    Attach {
        /// The name.
        name: OsString,
        /// The process.
        pid: u32,
    },
    /// Give a namespace an id, as seen from here.
    Set {
        /// The name.
        name: OsString,
        /// The id; `None`: the kernel chooses.
        nsid: Option<i32>,
    },
    /// Show the names of a process' namespace (`None`: ours).
    Identify(Option<u32>),
    /// Show the processes in a namespace.
    Pids {
        /// The name.
        name: OsString,
        /// What else to look for.
        look: Look,
    },
    /// Run a program in a namespace (`None`: in each).
    Exec {
        /// The name.
        name: Option<OsString>,
        /// The program and its arguments.
        command: Vec<OsString>,
    },
    /// Show names as they come and go.
    Monitor,
    /// Show the ids given to namespaces.
    ListId {
        /// As seen from the namespace with this id.
        target: Option<i32>,
        /// This one only.
        nsid: Option<i32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    List,
    Add,
    Delete,
    Attach,
    Set,
    Identify,
    Pids,
    Exec,
    Monitor,
    ListId,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("list", Verb::List),
    ("show", Verb::List),
    ("lst", Verb::List),
    ("add", Verb::Add),
    ("delete", Verb::Delete),
    ("attach", Verb::Attach),
    ("set", Verb::Set),
    ("identify", Verb::Identify),
    ("pids", Verb::Pids),
    ("exec", Verb::Exec),
    ("monitor", Verb::Monitor),
    ("list-id", Verb::ListId),
    ("help", Verb::Help),
    // Where a few letters could mean several, these are what iproute2 takes them for.
    ("a", Verb::Add),
    ("l", Verb::List),
    ("li", Verb::List),
    ("lis", Verb::List),
    ("s", Verb::List),
];

/// The help.
const HELP: &str = "\
Usage: netnsctl netns [list]
       netnsctl netns add NAME
       netnsctl netns delete NAME [--wait[=SECONDS]]      (-all: every name)
       netnsctl netns attach NAME PID
       netnsctl netns set NAME { NSID | auto }
       netnsctl netns identify [PID]
       netnsctl netns pids NAME [--threads] [--fds]
       netnsctl netns exec NAME COMMAND...                (-all: in every namespace)
       netnsctl netns monitor
       netnsctl netns list-id [target-nsid NSID] [nsid NSID]
";

/// Takes the name of a namespace.
///
/// # Errors
/// It is missing, or cannot be one.
pub fn name<'a>(words: &mut Words<'a>) -> Parsed<&'a OsStr> {
    named(words, NameRule::lenient)
}

fn named<'a>(words: &mut Words<'a>, rule: fn(&OsStr) -> std::result::Result<(), NameRule>) -> Parsed<&'a OsStr> {
    let word = words.need("the name of a namespace")?;
    match rule(word) {
        Ok(()) => Ok(word),
        Err(rule) => Err(words.error_before(Error::BadName { name: word.to_owned(), rule }.to_string())),
    }
}

fn pid(words: &mut Words<'_>) -> Parsed<u32> {
    let pid = words.number("the id of a process", 1..=i32::MAX.unsigned_abs().into())?;
    Ok(u32::try_from(pid).unwrap_or(u32::MAX))
}

fn nsid(words: &mut Words<'_>) -> Parsed<i32> {
    let nsid = words.number("the id of a namespace", 0..=i32::MAX.unsigned_abs().into())?;
    Ok(i32::try_from(nsid).unwrap_or(i32::MAX))
}

/// Parses what follows `netns`.
pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::List } else { words.keyword("a command of netns", VERBS)? };
    let request = match verb {
        Verb::List => Request::List,
        Verb::Add => Request::Add(named(words, NameRule::strict)?.to_owned()),
        Verb::Delete => delete(words, options)?,
        Verb::Attach => Request::Attach { name: named(words, NameRule::strict)?.to_owned(), pid: pid(words)? },
        Verb::Set => {
            let name = name(words)?.to_owned();
            let nsid = if words.eat("auto") { None } else { Some(nsid(words)?) };
            Request::Set { name, nsid }
        }
        Verb::Identify => Request::Identify(if words.is_end() || words.eat("self") { None } else { Some(pid(words)?) }),
        Verb::Pids => {
            let (name, mut look) = (name(words)?.to_owned(), Look::default());
            while !words.is_end() {
                match words.keyword("an option of netns pids", &[("--threads", true), ("--fds", false)])? {
                    true => look.threads = true,
                    false => look.fds = true,
                }
            }
            Request::Pids { name, look }
        }
        Verb::Exec => {
            let name = if options.all { None } else { Some(name(words)?.to_owned()) };
            let _ = words.eat("--");
            words.peek().ok_or_else(|| words.error("the command to run is missing"))?;
            Request::Exec { name, command: words.rest().to_vec() }
        }
        Verb::Monitor => Request::Monitor,
        Verb::ListId => {
            let (mut target, mut one) = (None, None);
            while !words.is_end() {
                let is_target =
                    words.keyword("an option of netns list-id", &[("target-nsid", true), ("nsid", false)])?;
                let nsid = Some(nsid(words)?);
                if is_target { target = nsid } else { one = nsid }
            }
            Request::ListId { target, nsid: one }
        }
        Verb::Help => return Ok(Command::Help(HELP)),
    };
    words.end()?;
    Ok(Command::Netns(request))
}

fn delete(words: &mut Words<'_>, options: &Options) -> Parsed<Request> {
    const DEFAULT_WAIT: u64 = 60;
    let (mut found, mut wait, mut plain) = (None, None, false);
    while let Some(word) = words.peek() {
        let option = word.to_str().filter(|w| !plain && w.starts_with("--"));
        match option.map(|o| o.split_once('=').unwrap_or((o, ""))) {
            Some(("--", _)) => {
                plain = true;
                let _ = words.next();
            }
            Some(("--wait", seconds)) => {
                let seconds = if seconds.is_empty() { Some(DEFAULT_WAIT) } else { seconds.parse().ok() };
                let seconds = seconds.ok_or_else(|| words.error("--wait=SECONDS takes a whole number of seconds"))?;
                wait = Some(Duration::from_secs(seconds));
                let _ = words.next();
            }
            Some(_) => return Err(words.error("not an option of netns delete: --wait is (put -- before such a name)")),
            None if found.is_none() && !options.all => found = Some(name(words)?.to_owned()),
            None => break,
        }
    }
    if found.is_none() && !options.all {
        return Err(words.error("the name of a namespace is missing (all of them: netnsctl -all netns delete)"));
    }
    Ok(Request::Delete { name: found, wait })
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::List => list(session),
        Request::Add(name) => {
            session.forget_conns();
            done(&format!("add namespace {}", show(&name)), session.dir.add(&name)).map(drop)
        }
        Request::Delete { name: Some(name), wait } => {
            session.forget_conns();
            remove(session, &name, wait)
        }
        Request::Delete { name: None, wait } => {
            session.forget_conns();
            let names = done("list namespaces", session.dir.names())?;
            each(session.options.ip, names, |name| remove(session, name, wait))
        }
        Request::Attach { name, pid } => {
            session.forget_conns();
            let ns = done(&format!("find the namespace of process {pid}"), Ns::of_pid(pid))?;
            done(&format!("attach namespace {}", show(&name)), session.dir.attach(&name, &ns))
        }
        Request::Set { name, nsid } => set(session, &name, nsid),
        Request::Identify(pid) => identify(session, pid),
        Request::Pids { name, look } => pids(session, &name, look),
        Request::Exec { name: Some(name), command } => exec(session, &name, &command),
        Request::Exec { name: None, command } => exec_all(session, &command),
        Request::Monitor => monitor(session),
        Request::ListId { target, nsid } => list_id(session, target, nsid),
    }
}

/// Does `f` for each name, and goes on where it fails: each failure is shown, the last decides the exit code.
fn each(ip: bool, names: Vec<OsString>, mut f: impl FnMut(&OsStr) -> Result<()>) -> Result<()> {
    let mut result = Ok(());
    for name in names {
        if let Err(failure) = f(&name) {
            failure.print(ip);
            result = Err(Failure::new(failure.code, ""));
        }
    }
    result
}

fn remove(session: &mut Session, name: &OsStr, wait: Option<Duration>) -> Result<()> {
    let task = format!("delete namespace {}", show(name));
    let peers = match wait {
        Some(_) => wait::Peers::of(session, name)?,
        None => None,
    };
    done(&task, session.dir.remove(name))?;
    match (peers, wait) {
        (Some(peers), Some(wait)) => peers.wait(name, wait),
        _ => Ok(()),
    }
}

/// How many namespaces are asked about at once: each takes a descriptor.
const CHUNK: usize = 256;

/// The ids that the namespace of `conn` has given to `count` others, each opened by `open`; `None`: it would not say, or
/// there is no such namespace.
pub(super) fn nsids_of(
    conn: &mut Conn,
    count: usize,
    open: impl Fn(usize) -> Option<Ns>,
    target: Option<i32>,
) -> Result<Vec<Option<i32>>> {
    let mut ids = vec![None; count];
    for first in (0..count).step_by(CHUNK) {
        let chunk = first..count.min(first.saturating_add(CHUNK));
        let opened: Vec<(usize, Ns)> = chunk.filter_map(|i| Some((i, open(i)?))).collect();
        let asked = conn.batch_with(
            |requests| {
                opened.iter().try_for_each(|(_, ns)| {
                    requests.request(RTM_GETNSID, Flags::empty(), |m| {
                        m.fixed(&RtGenMsg::default());
                        m.u32(netnsa::FD, ns.fd_number());
                        target.iter().for_each(|target| m.i32(netnsa::TARGET_NSID, *target));
                    })
                })
            },
            |request, reply| {
                let id = opened.get(request).and_then(|(i, _)| ids.get_mut(*i));
                if let (Ok(Reply::Data(message)), Some(id)) = (reply, id) {
                    *id = Nsid::parse(&message)?.nsid()?;
                }
                Ok(())
            },
        );
        done("ask for namespace ids", asked)?;
    }
    Ok(ids)
}

/// As [`nsids_of`], of those named `names`; `None` also where it gave none.
pub(super) fn nsids(
    session: &Session,
    conn: &mut Conn,
    names: &[&OsStr],
    target: Option<i32>,
) -> Result<Vec<Option<i32>>> {
    let ids = nsids_of(conn, names.len(), |i| session.dir.open(names.get(i)?).ok(), target)?;
    Ok(ids.into_iter().map(|id| id.filter(|id| *id != NSID_NOT_ASSIGNED)).collect())
}

/// The ids given in the namespace of `conn` (or in that with id `target`): id, and with a target the id here.
fn all_nsids(conn: &mut Conn, target: Option<i32>) -> netns_sys::Result<Vec<(i32, Option<i32>)>> {
    conn.dump(
        RTM_GETNSID,
        |m| {
            m.fixed(&RtGenMsg::default());
            target.iter().for_each(|target| m.i32(netnsa::TARGET_NSID, *target));
        },
        |all: &mut Vec<_>, message| {
            let view = Nsid::parse(message)?;
            all.extend(view.nsid()?.map(|nsid| (nsid, view.current_nsid().ok().flatten())));
            Ok(())
        },
    )
}

/// Whether the namespace of `conn` has given any id.
pub(super) fn any_nsid(conn: &mut Conn) -> bool {
    all_nsids(conn, None).is_ok_and(|ids| !ids.is_empty())
}

fn list(session: &mut Session) -> Result<()> {
    let entries = done("list namespaces", session.dir.list())?;
    let names: Vec<&OsStr> = entries.iter().filter(|e| e.state.id().is_some()).map(|e| e.name.as_os_str()).collect();
    // One question tells whether there is any id at all; most systems have none. Without privilege there are none to see.
    let mut conn = done("open a netlink socket", Conn::open(&route::FAMILY))?;
    let any = !names.is_empty() && any_nsid(&mut conn);
    let ids = if any { nsids(session, &mut conn, &names, None)? } else { Vec::new() };
    let mut ids = ids.into_iter();
    session.out.list("", |out| {
        for entry in &entries {
            let id = entry.state.id().and_then(|_| ids.next().flatten());
            out.object("", |out| {
                let name = entry.name.as_os_str();
                out.field("name", name, format_args!("{}", Escaped(name.as_bytes())));
                if let Some(id) = id {
                    out.field("id", id, format_args!(" (id: {id})"));
                }
                match &entry.state {
                    State::Stale => out.field("state", "stale", format_args!(" (stale: its namespace is gone)")),
                    State::Link(None) => {
                        out.field("state", "dangling", format_args!(" (a link that leads to no namespace)"))
                    }
                    State::Other(kind) => {
                        out.field("state", &kind.to_string(), format_args!(" (not a namespace: {kind})"));
                    }
                    State::Failed(error) => out.field("state", &error.to_string(), format_args!(" ({error})")),
                    _ => {}
                }
                out.text(format_args!("\n"));
            });
        }
    });
    Ok(())
}

fn set(session: &mut Session, name: &OsStr, nsid: Option<i32>) -> Result<()> {
    let task = format!("set the id of namespace {}", show(name));
    let ns = done(&task, session.dir.open(name))?;
    let result = session.conn()?.request(RTM_NEWNSID, Flags::empty(), |m| {
        m.fixed(&RtGenMsg::default());
        m.i32(netnsa::NSID, nsid.unwrap_or(NSID_NOT_ASSIGNED));
        m.u32(netnsa::FD, ns.fd_number());
    });
    done(&task, result).map(drop)
}

fn identify(session: &mut Session, pid: Option<u32>) -> Result<()> {
    let ns = match pid {
        Some(pid) => done(&format!("find the namespace of process {pid}"), Ns::of_pid(pid))?,
        None => done("find this namespace", Ns::current())?,
    };
    let names = done("list namespaces", ns.id().and_then(|id| session.dir.identify(&id)))?;
    session.out.list("", |out| {
        for name in &names {
            out.object("", |out| {
                out.field("name", name.as_os_str(), format_args!("{}\n", Escaped(name.as_bytes())));
            });
        }
    });
    Ok(())
}

fn pids(session: &mut Session, name: &OsStr, look: Look) -> Result<()> {
    let task = format!("find the processes in namespace {}", show(name));
    let id = done(&task, session.dir.open(name).and_then(|ns| ns.id()))?;
    let found = done(&task, holders(&id, look))?;
    let me = std::process::id();
    session.out.list("", |out| {
        // Our own descriptors of it are gone in a moment.
        let others = |h: &&Holder| !matches!(h, Holder::Fd { pid, .. } if *pid == me);
        for holder in found.found.iter().filter(others) {
            let Some(pid) = holder.pid() else { continue };
            out.object("", |out| {
                out.field("pid", pid, format_args!("{pid}"));
                match holder {
                    Holder::Thread { tid, .. } => out.field("tid", *tid, format_args!(" thread {tid}")),
                    Holder::Fd { fd, .. } => out.field("fd", *fd, format_args!(" fd {fd}")),
                    _ => {}
                }
                out.text(format_args!("\n"));
            });
        }
    });
    warn_hidden(session, &found.hidden);
    Ok(())
}

/// Says what could not be looked into.
pub(super) fn warn_hidden(session: &Session, hidden: &Hidden) {
    let counts = [(hidden.processes, "processes"), (hidden.sockets, "sockets"), (hidden.mounts, "mount namespaces")];
    let counts: Vec<String> = counts.iter().filter(|c| c.0 > 0).map(|c| format!("{}: {}", c.1, c.0)).collect();
    if !counts.is_empty() {
        session.warn(&format!("without privilege not looked into: {}", counts.join(", ")));
    }
    if hidden.classed > 0 {
        let count = hidden.classed;
        session.warn(&format!("sockets left alone, as looking would change their net_cls class: {count}"));
    }
}

fn exec(session: &mut Session, name: &OsStr, command: &[OsString]) -> Result<()> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let task = format!("enter namespace {}", show(name));
    let ns = done(&task, session.dir.open(name))?;
    if session.in_batch {
        return status(spawn(session, &ns, name, command)?);
    }
    let spawn = done(&task, Spawn::new(program).args(args).inside(&ns, Some(name)))?;
    Err(Failure::of_start(&task, &spawn.exec(|warning| session.warn(&warning.to_string())), NsFlags::empty()))
}

/// Runs `command` as a child in `ns` and gives back its exit code.
fn spawn(session: &Session, ns: &Ns, name: &OsStr, command: &[OsString]) -> Result<u8> {
    let Some((program, args)) = command.split_first() else { return Ok(code::OK) };
    let task = format!("enter namespace {}", show(name));
    let inside = done(&task, Spawn::new(program).args(args).inside(ns, Some(name)))?;
    let child = inside.spawn().map_err(|e| Failure::of_start(&task, &e, NsFlags::empty()))?;
    child.warnings().iter().for_each(|w| session.warn(&w.to_string()));
    let exit = done("wait for the command", child.wait())?;
    Ok(u8::try_from(exit.status()).unwrap_or(code::FAILED))
}

/// The exit code of a command, which has said itself what went wrong.
pub(super) fn status(status: u8) -> Result<()> {
    if status == code::OK { Ok(()) } else { Err(Failure::new(status, "")) }
}

fn exec_all(session: &mut Session, command: &[OsString]) -> Result<()> {
    let mut names = done("list namespaces", session.dir.list())?;
    names.retain(|e| e.state.id().is_some());
    each(session.options.ip, names.into_iter().map(|e| e.name).collect(), |name| {
        session.out.text(format_args!("\nnetns: {}\n", Escaped(name.as_bytes())));
        session.flush()?;
        let ns = done(&format!("enter namespace {}", show(name)), session.dir.open(name))?;
        status(spawn(session, &ns, name, command)?)
    })
}

fn monitor(session: &mut Session) -> Result<()> {
    let watch = done("watch namespaces", session.dir.watch())?;
    for change in watch {
        let (event, name) = match done("watch namespaces", change)? {
            Change::Added(name) => ("add", name),
            Change::Removed(name) => ("delete", name),
            Change::Overflow => ("overflow", OsString::new()),
            Change::Gone => return Err(Failure::new(code::FAILED, "the directory of names was removed")),
        };
        session.out.object("", |out| {
            out.field("event", event, format_args!("{event}"));
            if !name.is_empty() {
                out.field("name", name.as_os_str(), format_args!(" {}", Escaped(name.as_bytes())));
            }
            out.text(format_args!("\n"));
        });
        session.flush()?;
    }
    Ok(())
}

fn list_id(session: &mut Session, target: Option<i32>, one: Option<i32>) -> Result<()> {
    let mut all = done("list namespace ids", all_nsids(session.conn()?, target))?;
    all.retain(|(id, _)| one.is_none_or(|one| one == *id));
    all.sort_unstable();
    let entries = done("list namespaces", session.dir.list())?;
    let names: Vec<&OsStr> = entries.iter().filter(|e| e.state.id().is_some()).map(|e| e.name.as_os_str()).collect();
    let named = if all.is_empty() || names.is_empty() {
        Vec::new()
    } else {
        let mut conn = done("open a netlink socket", Conn::open(&route::FAMILY))?;
        nsids(session, &mut conn, &names, target)?
    };
    session.out.list("", |out| {
        for (id, current) in all {
            let name = named.iter().zip(&names).find(|(n, _)| **n == Some(id)).map(|(_, name)| *name);
            out.object("", |out| {
                out.field("nsid", id, format_args!("nsid {id} "));
                if let Some(current) = current {
                    out.field("current-nsid", current, format_args!("current-nsid {current} "));
                }
                if let Some(name) = name {
                    out.field("name", name, format_args!("(iproute2 netns name: {})", Escaped(name.as_bytes())));
                }
                out.text(format_args!("\n"));
            });
        }
    });
    Ok(())
}

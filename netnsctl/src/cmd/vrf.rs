//! `vrf`: virtual routing and forwarding: devices with a routing table of their own, and processes that use it.

use super::links::{self, device};
use super::*;
use crate::grammar::Result as Parsed;
use crate::out::Escaped;
use netns_sys::process::{self, Spawn};
use netns_sys::vrf::{self, Group};
use nl_core::Msg;
use nl_core::route::{IfInfoMsg, Link, RTM_GETLINK, ifla, info, rtext_filter};
use std::os::unix::ffi::OsStrExt;

/// What `vrf` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show all, or this one.
    Show(Option<OsString>),
    /// Show that of a process (`None`: of this one).
    Identify(Option<u32>),
    /// Show the processes in one.
    Pids(OsString),
    /// Run a program in one.
    Exec {
        /// The name; `default` is none.
        name: OsString,
        /// The program and its arguments.
        command: Vec<OsString>,
    },
}

const HELP: &str = "\
Usage: netnsctl vrf [ show ] [ NAME ]
       netnsctl vrf identify [ PID ]
       netnsctl vrf pids NAME
       netnsctl vrf exec { NAME | default } COMMAND...
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Identify,
    Pids,
    Exec,
    Show,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("identify", Verb::Identify),
    ("pids", Verb::Pids),
    ("exec", Verb::Exec),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("help", Verb::Help),
];

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("vrf", VERBS)? };
    let count = words.clone().rest().len();
    let name = |words: &mut Words<'_>| device(words, "the name of a VRF").map(OsStr::to_owned);
    Ok(Command::Vrf(match verb {
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Show if count > 1 => return Ok(Command::Help(HELP)),
        Verb::Show => Request::Show(if count == 0 { None } else { Some(name(words)?) }),
        Verb::Identify if count == 0 => Request::Identify(None),
        Verb::Identify => {
            let mut second = words.clone();
            let _ = second.next();
            second.end().map_err(|e| second.wrong(e, "Extra arguments specified\n"))?;
            let pid = words.uint("the id of a process");
            Request::Identify(Some(pid.map_err(|e| words.wrong(e, "Invalid pid\n"))?))
        }
        Verb::Pids if count == 1 => Request::Pids(name(words)?),
        Verb::Pids => return Err(words.error("the name of one VRF goes here").ip("Invalid arguments").ip_code(1)),
        Verb::Exec => {
            let missing = |words: &Words<'_>, what: &str, said: &str| {
                Err(words.error(format!("{what} is missing")).ip(said).ip_code(1))
            };
            match count {
                0 => return missing(words, "the name of a VRF", "No VRF name specified"),
                1 => return missing(words, "the command to run", "No command specified"),
                _ => Request::Exec { name: name(words)?, command: words.rest().to_vec() },
            }
        }
    }))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Show(None) => list(session),
        Request::Show(Some(name)) => {
            let found = links::vrf(session.conn()?, &name);
            let (_, table) = found.map_err(|failure| failure.ip("Invalid VRF"))?;
            session.out.list("", |out| {
                out.object("", |out| {
                    out.field("name", name.as_os_str(), format_args!("{} ", Escaped(name.as_bytes())));
                    out.field("table", table, format_args!("{table}\n"));
                })
            });
            Ok(())
        }
        Request::Identify(pid) => {
            let name = vrf::identify(pid).map_err(|error| {
                let words = error.errno().map(netns_sys::Errno::words).unwrap_or_default();
                Failure::of("find the VRF of the process", &error)
                    .ip(format!("Failed to lookup vrf association: {words}"))
            })?;
            session.out.list("", |out| {
                name.iter().for_each(|name| {
                    out.object("", |out| {
                        out.field("name", name.as_os_str(), format_args!("{}\n", Escaped(name.as_bytes())));
                    })
                })
            });
            Ok(())
        }
        Request::Pids(name) => pids(session, &name),
        Request::Exec { name, command } => exec(session, &name, &command),
    }
}

fn list(session: &mut Session) -> Result<()> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, b"vrf"));
    };
    let vrfs = session.conn()?.dump(RTM_GETLINK, fill, |vrfs: &mut Vec<(Vec<u8>, u32)>, message| {
        let link = Link::whole(message)?;
        // A kernel that does not know VRFs lists all links.
        if let (Some(name), Some((_, table))) = (link.name()?, links::as_vrf(&link)?) {
            vrfs.push((name.to_vec(), table));
        }
        Ok(())
    });
    let vrfs = done("list VRFs", vrfs)?;
    let out = &mut session.out;
    out.text(format_args!("{:<16}  {:>5}\n{}\n", "Name", "Table", "-".repeat(23)));
    out.list("", |out| {
        for (name, table) in &vrfs {
            out.object("", |out| {
                let text = Escaped(name).to_string();
                out.field("name", &**name, format_args!("{text:<16}"));
                out.field("table", *table, format_args!(" {table:>5}\n"));
            });
        }
    });
    if vrfs.is_empty() {
        out.push("No VRF has been configured\n");
    }
    Ok(())
}

/// The index of the device.
fn index(session: &mut Session, name: &OsStr) -> Result<u32> {
    links::find_vrf(session.conn()?, name).map_err(|failure| failure.ip("Invalid VRF name").code(code::FAILED))
}

/// The namespace we are about, and its name.
fn netns(session: &Session) -> Result<(Ns, Option<OsString>)> {
    let ns = match &session.options.ns {
        Some(name) => session.open(name),
        None => Ns::current(),
    };
    let ns = done("find the network namespace", ns)?;
    let names = ns.id().and_then(|id| session.dir.identify(&id));
    Ok((ns, done("list namespaces", names)?.pop()))
}

fn pids(session: &mut Session, name: &OsStr) -> Result<()> {
    index(session, name)?;
    let (_, netns) = netns(session)?;
    let pids = done("find the processes in the VRF", vrf::pids(name, netns.as_deref()))?;
    session.out.list("", |out| {
        for pid in pids {
            let comm = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_else(|_| b"<terminated?>".into());
            let comm = comm.trim_ascii_end();
            out.object("", |out| {
                out.field("pid", pid, format_args!("{pid:>5}  "));
                out.field("name", comm, format_args!("{}\n", Escaped(comm)));
            });
        }
    });
    Ok(())
}

fn exec(session: &mut Session, name: &OsStr, command: &[OsString]) -> Result<()> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let ip = session.options.ip;
    let coded = |failure: Failure| if ip { failure.code(code::USAGE) } else { failure };
    let task = format!("enter VRF {}", show(name));
    let failed = |error: &Error| coded(Failure::of(&task, error));
    let index = if name == "default" { None } else { Some(index(session, name).map_err(coded)?) };
    if session.options.dry_run {
        session.would(&format!(
            "run {} in VRF {}",
            command.iter().map(|w| show(w)).collect::<Vec<_>>().join(" "),
            show(name)
        ));
        return Ok(());
    }
    let (ns, netns) = netns(session)?;
    let (inside, netns) = (session.options.ns.is_some(), netns.as_deref());
    let group = Group::make(index.map(|index| (name, index)), netns).map_err(|e| failed(&e))?;
    if session.in_batch {
        let spawn = Spawn::new(program).args(args).group(group);
        let spawn = if inside { spawn.inside(&ns, netns) } else { Ok(spawn) };
        let child = spawn.and_then(Spawn::spawn).map_err(|error| match &error {
            Error::Sys { op: "execute", .. } => netns::not_executed(session, &error, program),
            error => failed(error),
        })?;
        return netns::status(done("wait for the command", child.wait())?.status());
    }
    if inside {
        let warnings = process::enter_for_exec(&ns, netns).map_err(|e| failed(&e))?;
        warnings.iter().for_each(|w| session.warn(&w.to_string()));
    }
    group.enter().map_err(|e| failed(&e))?;
    drop((group, ns));
    Err(netns::not_executed(session, &process::exec(program, args), program))
}

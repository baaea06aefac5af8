//! `link`: interfaces.
//!
//! A link is made in place by one request: both ends of a veth, each in its namespace, with name, address and MTU. What the
//! kernel does not take at birth (a peer that is up, anything of a tun) is a second one, and what was made is deleted if it
//! fails: a command is done in full or not at all.

mod change;
mod kinds;
pub(super) mod show;

use super::{Command, Options, Session, done, links};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Words, show};
use change::{Change, Ready, conn_in, namespace};
use kinds::{ADD, SET};
use netns_sys::netlink::Conn;
use netns_sys::tun::Tun;
use netns_sys::{Errno, Error};
use nl_core::route::{self, IfInfoMsg, Link, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, ifla, rtext_filter};
use nl_core::{Flags, Msg};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub use show::Filter;

/// What `link` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make a link.
    Add(Change),
    /// Change a link, or all of a group.
    Set(Change),
    /// Delete.
    Delete {
        /// Which.
        target: Target,
        /// Only if it is of this kind.
        kind: Option<OsString>,
    },
    /// Show.
    Show(Filter),
}

/// One link or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one of this name.
    Name(OsString),
    /// All of this group.
    Group(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Set,
    Delete,
    Show,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Add),
    ("set", Verb::Set),
    ("delete", Verb::Delete),
    ("show", Verb::Show),
    ("list", Verb::Show),
    ("lst", Verb::Show),
    ("help", Verb::Help),
    // Where a letter could mean several, this is what iproute2 takes it for.
    ("s", Verb::Set),
];

/// The help.
const HELP: &str = "\
Usage: netnsctl link add [ link DEV ] [ name ] NAME [ OPTION... ] type KIND [ KIND'S OPTION... ]
       netnsctl link set { [ dev ] NAME | group GROUP } OPTION... [ type KIND[_slave] KIND'S OPTION... ]
       netnsctl link delete { [ dev ] NAME | group GROUP } [ type KIND ]
       netnsctl link [ show ] [ [ dev ] NAME ] [ up ] [ group GROUP ] [ master DEV ] [ vrf NAME ] [ nomaster ]
                              [ type KIND[_slave] ]
OPTION := { up | down | mtu BYTES | address MAC | broadcast MAC | txqueuelen PACKETS | group GROUP |
            netns { NAME | PID | PATH } | master DEV | arp { on | off } | multicast { on | off } |
            allmulticast { on | off } | promisc { on | off } }
   add:     index N | numtxqueues N | numrxqueues N | link-netns { NAME | PID | PATH }
   set:     name NEWNAME | nomaster | alias TEXT | addrgenmode { eui64 | none | stable_secret | random } |
            carrier { on | off } | protodown { on | off }
KIND  := bond, bridge, dummy, geneve, ifb, ipvlan, macvlan, macvtap, netkit, tap, tun, veth, vlan, vrf, vxlan, ...
veth:  peer [ name ] NAME [ OPTION... ]
tun, tap: [ user UID ] [ group GID ] [ pi ] [ vnet_hdr ] [ multi_queue ]
";

/// Parses what follows `link`.
pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.keyword("a command of link", VERBS)? };
    let request = match verb {
        Verb::Add => Request::Add(add_words(words)?),
        Verb::Set => Request::Set(set_words(words)?),
        Verb::Delete => delete_words(words)?,
        Verb::Show => Request::Show(show_words(words)?),
        Verb::Help => return Ok(Command::Help(HELP)),
    };
    words.end()?;
    Ok(Command::Link(request))
}

fn add_words(words: &mut Words<'_>) -> Parsed<Change> {
    let change = Change::parse(words, ADD)?;
    if change.kind.is_none() && change.tun.is_none() {
        return Err(words.error("the kind of device is missing: type KIND"));
    }
    if change.peer().is_some_and(|p| !p.mask.is_empty() && p.name.is_none()) {
        return Err(words.error("a peer needs a name to be set up: peer name NAME"));
    }
    if change.tun.is_some() {
        if change.name.is_none() {
            return Err(words.error("the name of the device is missing"));
        }
        let at_birth = [ifla::LINK, ifla::LINK_NETNSID, ifla::NUM_TX_QUEUES, ifla::NUM_RX_QUEUES];
        if change.index != 0 || change.attrs.iter().any(|a| at_birth.contains(&a.0)) {
            return Err(words.error("a tun or tap takes no link, index or number of queues"));
        }
    }
    Ok(change)
}

fn set_words(words: &mut Words<'_>) -> Parsed<Change> {
    let change = Change::parse(words, SET)?;
    if change.name.is_none() && !change.attrs.iter().any(|a| a.0 == ifla::GROUP) {
        return Err(words.error("the name of the interface (or a group) is missing"));
    }
    if change.name.is_none() && change.rename.is_some() {
        return Err(words.error("a group of links cannot have one name"));
    }
    Ok(change)
}

fn group(words: &mut Words<'_>) -> Parsed<u32> {
    if words.eat("default") { Ok(0) } else { words.uint("the number of a group (or default)") }
}

fn delete_words(words: &mut Words<'_>) -> Parsed<Request> {
    let (mut target, mut kind) = (None, None);
    while let Some(word) = words.peek() {
        match word.to_str() {
            Some("group") if target.is_none() => {
                let _ = words.next();
                target = Some(Target::Group(group(words)?));
            }
            Some("type") if target.is_some() => {
                let _ = words.next();
                kind = Some(words.need("the kind of device")?.to_owned());
            }
            _ if target.is_none() => {
                let _ = words.eat("dev");
                target = Some(Target::Name(links::device(words, "an interface name")?.to_owned()));
            }
            _ => break,
        }
    }
    let target = target.ok_or_else(|| words.error("the name of the interface (or group GROUP) is missing"))?;
    Ok(Request::Delete { target, kind })
}

fn show_words(words: &mut Words<'_>) -> Parsed<Filter> {
    const WORDS: &[Keyword<u8>] =
        &[("dev", 0), ("up", 1), ("group", 2), ("master", 3), ("vrf", 3), ("nomaster", 4), ("type", 5)];
    let mut filter = Filter::default();
    while let Some(word) = words.peek() {
        if filter.name.is_none() && !WORDS.iter().any(|k| word == k.0) {
            filter.name = Some(links::device(words, "an interface name")?.to_owned());
            continue;
        }
        match words.keyword("an option of link show", WORDS)? {
            0 => filter.name = Some(links::device(words, "an interface name")?.to_owned()),
            1 => filter.up = true,
            2 => filter.group = Some(group(words)?),
            3 => filter.master = Some(links::device(words, "an interface name")?.to_owned()),
            4 => filter.nomaster = true,
            _ => filter.kind = Some(words.need("the kind of device")?.to_owned()),
        }
    }
    Ok(filter)
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Add(change) => add(session, &change),
        Request::Set(change) => set(session, &change),
        Request::Delete { target, kind } => delete(session, &target, kind.as_deref()),
        Request::Show(filter) => show::run(session, &filter),
    }
}

/// What failed, by the name of a link.
fn task(verb: &str, name: Option<&OsStr>) -> String {
    name.map_or_else(|| format!("{verb} a link"), |name| format!("{verb} link {}", show(name)))
}

/// A failed request, with what to do about it.
fn explain(task: &str, change: &Change, error: &Error) -> Failure {
    let failure = Failure::of(task, error);
    let Error::Kernel(kernel) = error else { return failure };
    let kind = change.kind.as_deref();
    let unknown = kernel.message.as_deref().is_some_and(|m| m.starts_with("Unknown device type"));
    match kernel.errno {
        Errno::EEXIST => failure.hint("  that name (or index) is taken there: `netnsctl link show` shows what has it"),
        Errno::EOPNOTSUPP if change.port => {
            failure.hint("  it is no port of such a device yet: set its master first, in a command of its own")
        }
        Errno::EOPNOTSUPP if unknown || kernel.message.is_none() => {
            let Some(kind) = kind else { return failure };
            let option = kind.to_str().and_then(kinds::find).map(|k| k.0.config);
            let option = option.map_or_else(String::new, |o| format!(" ({o})"));
            failure.hint(format!("  {} may not be in this kernel{option}, or its module is not loaded", show(kind)))
        }
        _ => failure,
    }
}

fn add(session: &mut Session, change: &Change) -> Result<()> {
    if let (Some(tun), Some(name)) = (change.tun, &change.name) {
        return add_tun(session, tun, name, change);
    }
    let (dir, task) = (session.dir.clone(), task("add", change.name.as_deref()));
    let conn = session.conn()?;
    let mut ready = Ready::new(&dir, conn, change)?;
    ready.name(change.name.as_deref());
    // A peer's flags are set when it is there: all that takes is opened before.
    let peer = change.peer().filter(|p| !p.mask.is_empty()).and_then(|p| Some((p, p.name.as_deref()?)));
    let mut there = match peer.and_then(|p| p.0.netns()) {
        Some(ns) => Some(conn_in(&namespace(&dir, ns)?)?),
        None => None,
    };
    let added = conn.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, |m| ready.write(m));
    added.map_err(|e| explain(&task, change, &e))?;
    let Some((peer, name)) = peer else { return Ok(()) };
    let flags = Change { flags: peer.flags, mask: peer.mask, ..Change::default() };
    let there = there.as_mut().unwrap_or(conn);
    let ready = Ready::new(&dir, there, &flags)?;
    finish(there, name, &format!("set up peer {}", show(name)), &ready)
}

/// Carries out the second request for the link `name`, which was just made; deletes it if that fails.
fn finish(conn: &mut Conn, name: &OsStr, task: &str, ready: &Ready) -> Result<()> {
    let done = conn.request(RTM_NEWLINK, Flags::empty(), |m| {
        ready.write(m);
        links::by_name(m, name);
    });
    let Err(error) = done else { return Ok(()) };
    let failure = explain(task, &Change::default(), &error);
    match delete_one(conn, name) {
        Ok(_) => Err(failure),
        Err(undo) => Err(failure.hint(format!("  and what was made is left behind: {undo}"))),
    }
}

/// Makes a tun or tap in the namespace where it is to be, then sets the rest.
fn add_tun(session: &mut Session, tun: Tun, name: &OsStr, change: &Change) -> Result<()> {
    let (dir, task) = (session.dir.clone(), task("add", Some(name)));
    let ns = match (change.netns(), &session.options.ns) {
        (Some(word), _) => Some(namespace(&dir, word)?),
        (None, Some(name)) => Some(done(&task, dir.open(name))?),
        (None, None) => None,
    };
    let mut there = match &ns {
        Some(ns) => conn_in(ns)?,
        None => done(&task, Conn::open(&route::FAMILY))?,
    };
    let rest = change.rest();
    let ready = Ready::new(&dir, &mut there, &rest)?;
    tun.add(ns.as_ref(), name).map_err(|e| {
        let failure = Failure::of(&task, &e);
        match e.errno() {
            Some(Errno::ENOENT | Errno::ENXIO | Errno::ENODEV) => failure
                .hint("  /dev/net/tun is not there: this kernel has no tun (CONFIG_TUN), or its module is not loaded"),
            Some(Errno::EBUSY | Errno::EEXIST) => failure.hint("  that name is taken there"),
            _ => failure,
        }
    })?;
    if rest == Change::default() { Ok(()) } else { finish(&mut there, name, &task, &ready) }
}

fn set(session: &mut Session, change: &Change) -> Result<()> {
    let dir = session.dir.clone();
    let conn = session.conn()?;
    let mut ready = Ready::new(&dir, conn, change)?;
    let name = change.name.as_deref();
    let task = task("change", name);
    // A link that is given a new name has to be found by its index: the name is what it gets.
    if let (Some(old), Some(new)) = (name, &change.rename) {
        ready.header.index = i32::try_from(links::find(conn, old)?).unwrap_or(0).into();
        ready.name(Some(new));
    }
    let by_name = name.filter(|_| change.rename.is_none());
    let result = conn.request(RTM_NEWLINK, Flags::empty(), |m| {
        ready.write(m);
        by_name.iter().for_each(|name| links::by_name(m, name));
    });
    match (result, by_name) {
        (Err(Error::Kernel(e)), Some(name)) if e.errno == Errno::ENODEV => {
            links::explain(conn, &task, name, Err(Error::Kernel(e)))
        }
        (result, _) => result.map(drop).map_err(|e| explain(&task, change, &e)),
    }
}

fn delete_one(conn: &mut Conn, name: &OsStr) -> netns_sys::Result<Option<String>> {
    conn.request(RTM_DELLINK, Flags::empty(), |m| {
        m.fixed(&IfInfoMsg::default());
        links::by_name(m, name);
    })
}

fn delete(session: &mut Session, target: &Target, kind: Option<&OsStr>) -> Result<()> {
    let conn = session.conn()?;
    let (name, group) = match target {
        Target::Name(name) => (Some(name.as_os_str()), None),
        Target::Group(group) => (None, Some(*group)),
    };
    let task = group.map_or_else(|| task("delete", name), |group| format!("delete the links of group {group}"));
    // The kernel does not look at the kind, so that is done here.
    let result = match (name, group, kind) {
        (Some(name), _, None) => delete_one(conn, name).map(drop),
        (Some(name), _, Some(kind)) => {
            let index = links::find(conn, name)?;
            return delete_of_kind(conn, kind, &task, |link| links::index_of(link) == index);
        }
        (_, Some(group), Some(kind)) => {
            return delete_of_kind(conn, kind, &task, |link| link.group() == Ok(Some(group)));
        }
        (_, group, None) => conn
            .request(RTM_DELLINK, Flags::empty(), |m| {
                m.fixed(&IfInfoMsg::default());
                group.iter().for_each(|group| m.u32(ifla::GROUP, *group));
            })
            .map(drop),
        _ => return Ok(()),
    };
    match (result, name) {
        (Err(error), Some(name)) if error.errno() == Some(Errno::ENODEV) => {
            links::explain(conn, &task, name, Err(error))
        }
        (result, _) => result.map_err(|e| explain(&task, &Change::default(), &e)),
    }
}

/// Deletes the links of this kind that `is` says yes to.
fn delete_of_kind(conn: &mut Conn, kind: &OsStr, task: &str, is: impl Fn(&Link<'_>) -> bool) -> Result<()> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
    };
    let dump = conn.dump(RTM_GETLINK, fill, |found: &mut Vec<i32>, message| {
        let link = Link::parse(message)?;
        let of_kind = link.info()?.and_then(|i| i.kind().ok().flatten()) == Some(kind.as_bytes());
        found.extend((of_kind && is(&link)).then(|| link.index()));
        Ok(())
    });
    let found = done(task, dump)?;
    if found.is_empty() {
        return Err(Failure::new(code::FAILED, format!("cannot {task}: there is none of kind {}", show(kind))));
    }
    let failed = conn.batch(|requests| {
        found.iter().try_for_each(|index| {
            let header = IfInfoMsg { index: (*index).into(), ..IfInfoMsg::default() };
            requests.request(RTM_DELLINK, Flags::empty(), |m| m.fixed(&header))
        })
    });
    // Both ends of a veth may be among them: the second is gone with the first.
    let gone = |e: &&(usize, Error)| e.1.errno() != Some(Errno::ENODEV);
    match done(task, failed)?.iter().find(gone) {
        Some((_, error)) => Err(explain(task, &Change::default(), error)),
        None => Ok(()),
    }
}

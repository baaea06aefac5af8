//! `link`: interfaces.
//!
//! A link is made in place by one request: both ends of a veth, each in its namespace, with name, address and MTU. What the
//! kernel does not take at birth (a peer that is up, anything of a tun) is a second one, and what was made is deleted if it
//! fails: a command is done in full or not at all.

mod change;
pub(super) mod filter;
mod kinds;
mod programs;
mod ready;
pub(super) mod show;
mod stats;
#[cfg(test)]
mod tests;
mod vf;

use super::{Command, Options, Session, done, links};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Usage, Words, show};
use change::{Bytes, Change, DELETE, Value, name, second};
use filter::{WORDS, Word};
use kinds::{ADD, SET};
use netns_sys::netlink::Conn;
use netns_sys::tun::Tun;
use netns_sys::{Errno, Error};
use nl_core::route::{
    IfInfoMsg, Link, LinkFlags, RTM_DELLINK, RTM_DELLINKPROP, RTM_GETLINK, RTM_NEWLINK, RTM_NEWLINKPROP, ifla,
    rtext_filter,
};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Flags, Msg};
use ready::{Ready, conn_in, namespace};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub use filter::Filter;
#[cfg(feature = "plans")]
pub(crate) use ready::bytes_of;

/// What `link` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make a link, which must not be there (`EXCL`) or be replaced.
    Add(Change, Flags),
    /// Change a link, or all of a group.
    Set(Change),
    /// Delete a link, or all of a group.
    Delete(Change),
    /// Alternative names: whether to give or to take them, whose, which.
    Names(bool, OsString, Vec<OsString>),
    /// Show.
    Show(Filter),
    /// The words of this kind of device.
    Help(OsString),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Set,
    Replace,
    Delete,
    Show,
    /// One of `ip` that is not here.
    Not,
    Property,
    Help,
}

/// In the order of `ip`.
const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Add),
    ("set", Verb::Set),
    ("change", Verb::Set),
    ("replace", Verb::Replace),
    ("delete", Verb::Delete),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("xstats", Verb::Not),
    ("afstats", Verb::Not),
    ("property", Verb::Property),
    ("help", Verb::Help),
    // Where a letter could mean several, this is what iproute2 takes it for.
    ("s", Verb::Set),
    ("a", Verb::Add),
];

/// The help.
const HELP: &str = "\
Usage: netnsctl link { add | replace } [ link DEV | parentdev NAME ] [ name ] NAME [ OPTION... ] type KIND [ WORD... ]
       netnsctl link set { [ dev ] NAME | group GROUP } OPTION... [ type KIND[_slave] WORD... ]
       netnsctl link delete { [ dev ] NAME | group GROUP } [ type KIND ]
       netnsctl link [ show ] [ [ dev ] NAME ] [ up ] [ group GROUP ] [ master DEV ] [ vrf NAME ] [ nomaster ]
                              [ type KIND[_slave] ]
       netnsctl link property { add | del } [ dev ] NAME [ altname NAME ]...
       netnsctl link help KIND
OPTION := { up | down | mtu BYTES | address LLADDR | broadcast LLADDR | txqueuelen PACKETS | index N |
            netns { NAME | PID | PATH } | group GROUP | master DEV | vrf NAME | mode { default | dormant } | state STATE |
            gso_max_size BYTES | gso_max_segs N | gro_max_size BYTES | FLAG { on | off } }
   add:     numtxqueues N | numrxqueues N | link-netns { NAME | PID | PATH } | link-netnsid ID
   set:     name NEWNAME | nomaster | alias TEXT | addrgenmode { eui64 | none | stable_secret | random } |
            carrier { on | off } | protodown { on | off } | protodown_reason REASON { on | off } |
            { xdp | xdpgeneric | xdpdrv | xdpoffload } { pinned PATH | off } | vf N VF-OPTION...
FLAG      := { arp | multicast | allmulticast | promisc | dynamic | trailers }
VF-OPTION := { mac LLADDR | vlan ID [ qos N ] [ proto { 802.1Q | 802.1ad } ] | rate MBIT | min_tx_rate MBIT |
               max_tx_rate MBIT | state { auto | enable | disable } | node_guid EUI64 | port_guid EUI64 |
               { spoofchk | trust | query_rss } { on | off } }
KIND  := amt, bareudp, batadv, bond, bridge, can, dsa, dummy, erspan, geneve, gre, gretap, gtp, hsr, ifb, ip6erspan,
         ip6gre, ip6gretap, ip6tnl, ipip, ipoib, ipvlan, ipvtap, macsec, macvlan, macvtap, netdevsim, netkit, nlmon,
         rmnet, sit, tap, team, tun, vcan, veth, virt_wifi, vlan, vrf, vti, vti6, vxcan, vxlan, wireguard, wwan, xfrm
         (words of each: `netnsctl link help KIND`), and of ports bond_slave, bridge_slave
tun, tap: [ user UID ] [ group GID ] [ pi ] [ vnet_hdr ] [ multi_queue ]
";

/// Parses what follows `link`.
pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("link", VERBS)? };
    let request = match verb {
        Verb::Add => Request::Add(add_words(words)?, Flags::CREATE | Flags::EXCL),
        Verb::Replace => Request::Add(add_words(words)?, Flags::CREATE | Flags::REPLACE),
        Verb::Set => Request::Set(set_words(words)?),
        Verb::Delete => Request::Delete(Change::parse(words, DELETE)?),
        Verb::Show => Request::Show(show_words(words)?),
        Verb::Property => names_words(words)?,
        Verb::Not => {
            let said = format!("{:?} is not supported", format!("link {}", words.before()));
            return Err(words.error_before(format!("{said} here")).ip(said));
        }
        Verb::Help => match words.next() {
            Some(kind) if kind.to_str().is_some_and(|k| kinds::find(k).is_some()) => Request::Help(kind.to_owned()),
            _ => return Ok(Command::Help(HELP)),
        },
    };
    words.end()?;
    Ok(Command::Link(request))
}

fn add_words(words: &mut Words<'_>) -> Parsed<Change> {
    let change = Change::parse(words, ADD)?;
    if change.kind.is_none() && change.tun.is_none() {
        let usage = words.error("the kind of device is missing: type KIND").ip_code(1);
        return Err(usage.ip("Not enough information: \"type\" argument is required"));
    }
    if change.peer().is_some_and(|p| p.is_up() && p.name.is_none()) {
        return Err(words.error("a peer needs a name to be set up: peer name NAME"));
    }
    if change.tun.is_some() {
        if change.name.is_none() {
            return Err(words.error("the name of the device is missing"));
        }
        let at_birth = [ifla::LINK_NETNSID, ifla::NUM_TX_QUEUES, ifla::NUM_RX_QUEUES];
        if change.index != 0 || change.link.is_some() || change.attrs.iter().any(|a| at_birth.contains(&a.0)) {
            return Err(words.error("a tun or tap takes no link, index or number of queues"));
        }
    }
    Ok(change)
}

fn set_words(words: &mut Words<'_>) -> Parsed<Change> {
    let change = Change::parse(words, SET)?;
    if change.name.is_none() && change.rename.is_some() {
        return Err(words.error("a group of links cannot have one name"));
    }
    Ok(change)
}

/// What `ip` says who asks for help among other words.
fn help_asked(words: &Words<'_>) -> Usage {
    words.error_before("see `link help`").ip(HELP.trim_end().replace("netnsctl", "ip"))
}

fn names_words(words: &mut Words<'_>) -> Parsed<Request> {
    const OPERATORS: &[Keyword<Option<bool>>] = &[("add", Some(true)), ("del", Some(false)), ("help", None)];
    const WORDS: &[Keyword<bool>] = &[("altname", true), ("help", false)];
    if words.is_end() {
        return Err(help_asked(words));
    }
    let operator = words.keyword("an operator", OPERATORS).map_err(|usage| usage.ip("Operator required"))?;
    let Some(add) = operator else { return Err(help_asked(words)) };
    let (mut dev, mut names) = (None, Vec::new());
    while !words.is_end() {
        match words.try_keyword(WORDS)? {
            Some(true) => names.push(name(words, false, usize::MAX, "not a valid altname")?),
            Some(false) => return Err(help_asked(words)),
            None => {
                let _ = words.eat("dev");
                if dev.is_some() && !words.is_end() {
                    return Err(second(words, "a word of link property", WORDS));
                }
                dev = Some(name(words, false, usize::MAX, "\"dev\" not a valid ifname")?);
            }
        }
    }
    match dev {
        Some(dev) => Ok(Request::Names(add, dev, names)),
        None => {
            let usage = words.error("the name of the interface is missing");
            Err(usage.ip("Not enough of information: \"dev\" argument is required."))
        }
    }
}

fn show_words(words: &mut Words<'_>) -> Parsed<Filter> {
    let mut filter = Filter::default();
    while let Some(word) = words.peek() {
        // A word that is no keyword in full is the name, as long as there is none.
        let known = words.is_ip() || filter.name.is_some() || WORDS.iter().any(|k| word == k.0);
        let found = if known { words.try_words(&WORDS, &[("help", Word::Help)])? } else { None };
        match found.unwrap_or(Word::Name) {
            Word::Help => return Err(help_asked(words)),
            Word::Name if filter.name.is_some() && !words.is_end() => {
                return Err(second(words, "an option of link show", &WORDS));
            }
            word => filter.take(words, word)?,
        }
    }
    Ok(filter)
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Add(change, flags) => add(session, &change, flags),
        Request::Set(change) => set(session, &change, RTM_NEWLINK, &task("change", change.name.as_deref())),
        Request::Delete(change) => delete(session, &change),
        Request::Names(add, dev, names) => alternative_names(session, add, &dev, &names),
        Request::Show(filter) => show::run(session, &filter),
        Request::Help(kind) => {
            let kind = kind.to_str().and_then(kinds::find);
            kind.iter().for_each(|kind| session.out.text(format_args!("{}\n", kinds::usage(kind))));
            Ok(())
        }
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
        Errno::EOPNOTSUPP if kind.is_some_and(change::is_port) => {
            failure.hint("  it is no port of such a device yet: set its master first, in a command of its own")
        }
        Errno::EOPNOTSUPP if unknown || kernel.message.is_none() => {
            let Some(kind) = kind else { return failure };
            let option = kind.to_str().and_then(kinds::find).map(|k| k.config);
            let option = option.map_or_else(String::new, |o| format!(" ({o})"));
            failure.hint(format!("  {} may not be in this kernel{option}, or its module is not loaded", show(kind)))
        }
        _ => failure,
    }
}

/// Sends a request, in namespace `ns`; with `-echo` shows what the kernel tells of it.
fn send(
    session: &mut Session,
    ns: Option<&OsStr>,
    kind: u16,
    mut flags: Flags,
    fill: impl Fn(&mut Msg<'_>),
) -> Result<netns_sys::Result<()>> {
    flags.set(Flags::ECHO, session.options.echo);
    let mut told = Vec::new();
    let keep = |message: &nl_core::Message<'_>| {
        told.extend_from_slice(message.bytes());
        told.resize(nl_core::wire::align4(told.len()), 0);
        Ok(())
    };
    let result = conn_in(session, ns)?.request_with(kind, flags, fill, keep).map(drop);
    let nothing = told.is_empty() && !(session.options.ip && session.options.json);
    if session.options.echo && result.is_ok() && !session.options.dry_run && !nothing {
        show::echo(session, &told)?;
    }
    Ok(result)
}

fn add(session: &mut Session, change: &Change, flags: Flags) -> Result<()> {
    if let (Some(tun), Some(name)) = (change.tun, &change.name) {
        return add_tun(session, tun, name, change);
    }
    let task = task("add", change.name.as_deref());
    let ready = Ready::new(session, None, change, true)?;
    // A peer is switched on when it is there: all that takes is opened before.
    let peer = change.peer().filter(|p| p.is_up()).and_then(|p| Some((p.netns(), p.name.as_deref()?)));
    session.conn()?;
    if let Some((ns, _)) = peer {
        conn_in(session, ns)?;
    }
    let added = send(session, None, RTM_NEWLINK, flags, |m| ready.write(m))?;
    added.map_err(|e| explain(&task, change, &e))?;
    let Some((ns, name)) = peer else { return Ok(()) };
    let up = Change { flags: LinkFlags::UP, mask: LinkFlags::UP, ..Change::default() };
    let up = Ready::new(session, ns, &up, false)?;
    finish(session, ns, name, &format!("set up peer {}", show(name)), &up)
}

/// Carries out the second request for the link `name`, which was just made; deletes it if that fails.
fn finish(session: &mut Session, ns: Option<&OsStr>, name: &OsStr, task: &str, ready: &Ready) -> Result<()> {
    let done = send(session, ns, RTM_NEWLINK, Flags::empty(), |m| {
        ready.write(m);
        links::by_name(m, name);
    })?;
    let Err(error) = done else { return Ok(()) };
    let failure = explain(task, &Change::default(), &error);
    let undone = conn_in(session, ns)?.request(RTM_DELLINK, Flags::empty(), |m| {
        m.fixed(&IfInfoMsg::default());
        links::by_name(m, name);
    });
    match undone {
        Ok(_) => Err(failure),
        Err(undo) => Err(failure.hint(format!("  and what was made is left behind: {undo}"))),
    }
}

/// Makes a tun or tap in the namespace where it is to be, then sets the rest.
fn add_tun(session: &mut Session, tun: Tun, name: &OsStr, change: &Change) -> Result<()> {
    session.not_in_a_plan("a tun device")?;
    let task = task("add", Some(name));
    let there = change.netns().or(session.options.ns.as_deref()).map(OsStr::to_owned);
    let ns = match &there {
        Some(ns) => Some(done(&task, namespace(session, ns))?),
        None => None,
    };
    let rest = change.rest();
    let ready = Ready::new(session, there.as_deref(), &rest, false)?;
    if session.options.dry_run {
        session.would(&format!("make {} {}", if tun.tap { "tap" } else { "tun" }, show(name)));
    } else {
        tun.add(ns.as_ref(), name).map_err(|e| {
            let failure = Failure::of(&task, &e);
            match e.errno() {
                Some(Errno::ENOENT | Errno::ENXIO | Errno::ENODEV) => failure.hint(
                    "  /dev/net/tun is not there: this kernel has no tun (CONFIG_TUN), or its module is not loaded",
                ),
                Some(Errno::EBUSY | Errno::EEXIST) => failure.hint("  that name is taken there"),
                _ => failure,
            }
        })?;
    }
    match rest == Change::default() {
        true => Ok(()),
        false => finish(session, there.as_deref(), name, &task, &ready),
    }
}

/// Changes a link, or all of a group, by a message of type `kind`.
fn set(session: &mut Session, change: &Change, kind: u16, task: &str) -> Result<()> {
    let mut ready = Ready::new(session, None, change, false)?;
    if let Some(name) = &change.name {
        ready.header.index = i32::try_from(index(session, name, &change.lengths)?).unwrap_or(0).into();
    }
    let done = send(session, None, kind, Flags::empty(), |m| ready.write(m))?;
    done.map_err(|e| explain(task, change, &e))
}

/// The index of the link `name`, whose address has to have these lengths.
fn index(session: &mut Session, name: &OsStr, lengths: &[usize]) -> Result<u32> {
    let conn = session.conn()?;
    if lengths.is_empty() {
        return links::find(conn, name);
    }
    let (index, own) = links::get(conn, name, rtext_filter::SKIP_STATS, |message| {
        let link = Link::whole(message)?;
        Ok((links::index_of(&link), link.address()?.map(<[u8]>::len)))
    })?;
    match own.and_then(|own| Some((own, lengths.iter().find(|len| **len != own)?))) {
        Some((own, len)) => {
            let message = format!("the address of {} has {own} bytes, not {len}", show(name));
            Err(Failure::new(code::FAILED, message).ip(format!("Invalid address length {len} - must be {own} bytes")))
        }
        None => Ok(index),
    }
}

fn delete(session: &mut Session, change: &Change) -> Result<()> {
    let task = task("delete", change.name.as_deref());
    let Some(kind) = change.kind.as_deref().filter(|_| !session.options.ip) else {
        return set(session, change, RTM_DELLINK, &task);
    };
    // The kernel, and so `ip`, does not look at the kind.
    let group = change.attrs.iter().find(|a| a.0 == ifla::GROUP);
    let group = group.and_then(|a| if let Value::Bytes(Bytes::Plain(bytes)) = &a.1 { Some(bytes) } else { None });
    let conn = session.conn()?;
    let index = match &change.name {
        Some(name) => Some(links::find(conn, name)?),
        None => None,
    };
    delete_of_kind(conn, kind, &task, |link| match index {
        Some(index) => links::index_of(link) == index,
        None => link.group().ok().flatten().map(|g| g.to_ne_bytes().to_vec()).as_ref() == group,
    })
}

/// Gives a link alternative names, or takes them away.
fn alternative_names(session: &mut Session, add: bool, dev: &OsStr, names: &[OsString]) -> Result<()> {
    let (kind, flags, verb) = match add {
        true => (RTM_NEWLINKPROP, Flags::CREATE | Flags::EXCL | Flags::APPEND, "give"),
        false => (RTM_DELLINKPROP, Flags::empty(), "take"),
    };
    let family = session.options.family.unwrap_or_default();
    let conn = session.conn()?;
    let index = i32::try_from(links::find(conn, dev)?).unwrap_or(0).into();
    let done = conn.request(kind, flags, |m| {
        m.fixed(&IfInfoMsg { family, index, ..IfInfoMsg::default() });
        m.nest(ifla::PROP_LIST | NLA_F_NESTED, |m| names.iter().for_each(|n| m.str(ifla::ALT_IFNAME, n.as_bytes())));
    });
    done.map(drop).map_err(|e| Failure::of(&format!("{verb} alternative names of link {}", show(dev)), &e))
}

/// Deletes the links of this kind that `is` says yes to.
fn delete_of_kind(conn: &mut Conn, kind: &OsStr, task: &str, is: impl Fn(&Link<'_>) -> bool) -> Result<()> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
    };
    let dump = conn.dump(RTM_GETLINK, fill, |found: &mut Vec<i32>, message| {
        let link = Link::whole(message)?;
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

//! `bridge mdb`: which multicast groups are wanted at which ports.

use super::*;
use crate::cmd::inet::{Addr, Octets, got};
use crate::cmd::link::bytes_of;
use crate::names;
use crate::out::Color;
use nl_core::route::{
    BrMdbEntry, BrPortMsg, Mdb, MdbFlags, RTM_DELMDB, RTM_GETMDB, RTM_NEWMDB, mdb_eattr, mdb_pattr, mdb_srcattr,
    mdba_get, mdba_set, mdbe, mdbe_srcattr, mdbe_srclist,
};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Attr, Attrs, DecodeError, Message, Msg};
use std::net::IpAddr;

/// What `bridge mdb` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those that match.
    Show(Shown),
    /// Add, change, delete or get one: the message's type and flags, and the group.
    One(u16, Flags, Spec),
}

/// A group at a port; of many, what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    dev: OsString,
    port: Option<OsString>,
    entry: BrMdbEntry,
    source: Option<IpAddr>,
    sources: Vec<IpAddr>,
    /// `MCAST_EXCLUDE`, `MCAST_INCLUDE`.
    mode: Option<u8>,
    proto: Option<u8>,
    /// Of a flush: that the state counts.
    state: bool,
}

pub(super) const HELP: &str = "\
Usage: netnsctl bridge mdb [ show ] [ dev BRIDGE ] [ vid VID ]
       netnsctl bridge mdb { add | replace | del } dev BRIDGE port NAME grp GROUP [ src ADDRESS ]
              [ permanent | temp ] [ vid VID ] [ filter_mode { include | exclude } ]
              [ source_list ADDRESS[,ADDRESS]... ] [ proto PROTO ]
       netnsctl bridge mdb get dev BRIDGE grp GROUP [ src ADDRESS ] [ vid VID ]
       netnsctl bridge mdb flush dev BRIDGE [ port NAME ] [ vid VID ] [ proto PROTO ] [ [no]permanent ]
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    One(u16, Flags),
    Show,
    Help,
}

const WHOLE: &[Keyword<Verb>] = &[
    ("replace", Verb::One(RTM_NEWMDB, Flags::CREATE.union(Flags::REPLACE))),
    ("get", Verb::One(RTM_GETMDB, Flags::empty())),
    ("flush", Verb::One(RTM_DELMDB, Flags::BULK)),
];
const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::One(RTM_NEWMDB, Flags::CREATE.union(Flags::EXCL))),
    ("delete", Verb::One(RTM_DELMDB, Flags::empty())),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("help", Verb::Help),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Dev,
    Port,
    Group,
    Source,
    Vid,
    Permanent(bool),
    Mode,
    Sources,
    Proto,
    Help,
}

const SPEC: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("grp", Word::Group),
    ("port", Word::Port),
    ("permanent", Word::Permanent(true)),
    ("nopermanent", Word::Permanent(false)),
    ("temp", Word::Permanent(false)),
    ("vid", Word::Vid),
    ("src", Word::Source),
    ("filter_mode", Word::Mode),
    ("source_list", Word::Sources),
    ("proto", Word::Proto),
];

pub(super) fn parse(words: &mut Words<'_>) -> Parsed<Option<Request>> {
    Ok(match verb(words, "mdb", WHOLE, VERBS, Verb::Show)? {
        Verb::Show => Some(Request::Show(show_words(words, Some("vid"))?)),
        Verb::One(kind, flags) => spec(words, kind, flags)?.map(|spec| Request::One(kind, flags, spec)),
        Verb::Help => None,
    })
}

/// Takes a group; `None` is a question for help.
fn spec(words: &mut Words<'_>, kind: u16, flags: Flags) -> Parsed<Option<Spec>> {
    let (mut spec, mut dev, mut group, mut source) = (Spec::default(), None, None, None);
    let one = flags != Flags::BULK;
    while !words.is_end() {
        match passed(words, "a word of a group", SPEC, &[("help", Word::Help)])? {
            Some(Word::Dev) => dev = Some(device(words, "the name of a bridge")?.to_owned()),
            Some(Word::Port) => spec.port = Some(device(words, "the name of a port")?.to_owned()),
            Some(Word::Group) => {
                group = Some(words.clone());
                words.need("a group")?;
            }
            Some(Word::Source) => {
                source = Some(words.clone());
                words.need("an address")?;
            }
            Some(Word::Vid) => spec.entry.vid = words.uint::<u16>("a VLAN id")?.into(),
            Some(Word::Permanent(is)) => {
                spec.state = true;
                spec.entry.state = u8::from(is && (kind == RTM_NEWMDB || !one));
            }
            Some(Word::Mode) => {
                spec.mode = Some(words.keyword("a mode", &[("include", MCAST_INCLUDE), ("exclude", MCAST_EXCLUDE)])?);
            }
            Some(Word::Sources) => {
                let list = words.need("addresses with commas between them")?.to_str().unwrap_or_default();
                let sources: std::result::Result<_, _> = list.split(',').map(str::parse).collect();
                spec.sources = sources.map_err(|_| words.error_before("addresses have commas between them"))?;
            }
            Some(Word::Proto) => spec.proto = Some(words.named("a protocol", &names::PROTOS)?),
            Some(Word::Help) => return Ok(None),
            None => {}
        }
    }
    let required = match (&dev, &group, &spec.port) {
        (Some(_), None, _) if !one => Ok(()),
        (Some(_), Some(_), Some(_)) if one => Ok(()),
        (Some(_), Some(_), None) if kind == RTM_GETMDB => Ok(()),
        (None, ..) => Err("the name of the bridge is missing: dev NAME"),
        (_, None, _) => Err("the group is missing: grp ADDRESS"),
        (_, Some(_), _) if !one => Err("what is flushed is not one group"),
        _ => Err("the name of the port is missing: port NAME"),
    };
    let required = required.map_err(|missing| words.error(missing));
    required.map_err(|usage| usage.ip("Device, group address and port name are required arguments."))?;
    spec.dev = dev.unwrap_or_default();
    if let Some(mut words) = group {
        let typed = words.typed();
        (spec.entry.addr, spec.entry.proto) = address(&mut words, &typed)?;
    }
    if let Some(mut words) = source {
        let said = format!("Invalid source address \"{}\"", words.typed());
        spec.source =
            Some(words.address("the address of a source", None).map_err(|usage| usage.ip(said).ip_code(255))?);
    }
    Ok(Some(spec))
}

/// `MCAST_EXCLUDE`, `MCAST_INCLUDE` (linux/in.h).
const MCAST_EXCLUDE: u8 = 0;
const MCAST_INCLUDE: u8 = 1;

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

/// Takes a group: its bytes, and the EtherType.
fn address(words: &mut Words<'_>, typed: &str) -> Parsed<([u8; 16], nl_core::wire::Be16)> {
    let mut all = [0; 16];
    let parsed = typed.parse::<IpAddr>();
    let proto = match parsed {
        Ok(addr) => {
            all.iter_mut().zip(Octets::of(addr).bytes()).for_each(|(to, byte)| *to = *byte);
            if addr.is_ipv4() { ETH_P_IP } else { ETH_P_IPV6 }
        }
        Err(_) => {
            let usage = words.mac("a group: an IPv4, IPv6 or link-layer address");
            let mac = usage
                .map_err(|usage| usage.ip(format!("\"{typed}\" is invalid lladdr.\nInvalid address \"{typed}\"")))?;
            all.iter_mut().zip(mac).for_each(|(to, byte)| *to = byte);
            0
        }
    };
    Ok((all, proto.into()))
}

pub(super) fn run(session: &mut Session, request: &Request) -> Result<()> {
    match request {
        Request::Show(filter) => show(session, filter),
        Request::One(RTM_GETMDB, _, spec) => get(session, spec),
        Request::One(kind, flags, spec) => {
            let (header, mut entry) = header(session, spec)?;
            entry.index = find_or_0(session, spec.port.as_ref(), "Cannot find device")?.into();
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&header);
                m.bytes(mdba_set::SET_ENTRY, &padded(&entry));
                let mask = (*kind, *flags) == (RTM_DELMDB, Flags::BULK) && spec.state;
                if spec.has_attrs() || mask {
                    m.nest(mdba_set::SET_ENTRY_ATTRS | NLA_F_NESTED, |m| {
                        spec.write_attrs(m);
                        if mask {
                            m.u8(mdbe::STATE_MASK, 1);
                        }
                    });
                }
            };
            let task = match *flags {
                Flags::BULK => "flush groups",
                _ if *kind == RTM_DELMDB => "delete a group",
                _ => "set a group",
            };
            let done = inet::request(session, task, *kind, *flags, fill, |_| Ok(()));
            said(session, done)
        }
    }
}

/// As the C compiler lays it out.
fn padded(entry: &BrMdbEntry) -> Vec<u8> {
    [bytes_of(entry), &[0; 2]].concat()
}

fn header(session: &mut Session, spec: &Spec) -> Result<(BrPortMsg, BrMdbEntry)> {
    let index = find(session, &spec.dev, "Cannot find device")?;
    Ok((BrPortMsg { family: af::BRIDGE, index: index.into(), ..BrPortMsg::default() }, spec.entry))
}

impl Spec {
    fn has_attrs(&self) -> bool {
        self.source.is_some() || !self.sources.is_empty() || self.mode.is_some() || self.proto.is_some()
    }

    fn write_attrs(&self, m: &mut Msg<'_>) {
        self.source.iter().for_each(|source| m.bytes(mdbe::SOURCE, Octets::of(*source).bytes()));
        if !self.sources.is_empty() {
            m.nest(mdbe::SRC_LIST | NLA_F_NESTED, |m| {
                for source in &self.sources {
                    m.nest(mdbe_srclist::ENTRY | NLA_F_NESTED, |m| {
                        m.bytes(mdbe_srcattr::ADDRESS, Octets::of(*source).bytes());
                    });
                }
            });
        }
        self.mode.iter().for_each(|mode| m.u8(mdbe::GROUP_MODE, *mode));
        self.proto.iter().for_each(|proto| m.u8(mdbe::RTPROT, *proto));
    }
}

fn get(session: &mut Session, spec: &Spec) -> Result<()> {
    let (header, entry) = header(session, spec)?;
    let links = Links::load(session.conn()?)?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        m.bytes(mdba_get::GET_ENTRY, &padded(&entry));
        if spec.has_attrs() {
            m.nest(mdba_get::GET_ENTRY_ATTRS | NLA_F_NESTED, |m| spec.write_attrs(m));
        }
    };
    let answer = session.conn()?.get(RTM_GETMDB, fill, |m| Ok(m.bytes().to_vec()));
    let answer = answer.map_err(|e| inet::refused("get a group", &e));
    let answer = said(session, answer)?;
    let style = Style::new(&links, &session.options);
    let filter = Shown::default();
    done("show the group", inet::show(&mut session.out, &answer, |out, m| style.groups(out, m, 0, &filter)))
}

fn show(session: &mut Session, filter: &Shown) -> Result<()> {
    let dev = find_or_0(session, filter.dev.as_ref(), "Cannot find device")?;
    let links = Links::load(session.conn()?)?;
    let style = Style::new(&links, &session.options);
    let ask = |m: &mut Msg<'_>| m.fixed(&BrPortMsg { family: af::BRIDGE, ..BrPortMsg::default() });
    // Both parts of the one object come with each message.
    let kept = inet::dump(session.conn()?, RTM_GETMDB, ask, |_| Ok(true));
    let kept = done("list groups", kept).map_err(|failure| failure.code(code::USAGE));
    let kept = kept.map_err(|failure| {
        let said = failure.ip.clone().unwrap_or_default();
        failure.ip(format!("{said}\nDump terminated"))
    })?;
    let mut shown = Ok(());
    session.out.list("", |out| {
        out.object("", |out| {
            out.list("mdb", |out| shown = each(&kept, |message| style.groups(out, message, dev, filter)));
            out.object("router", |out| {
                shown = shown.clone().and(each(&kept, |message| style.routers(out, message, dev)));
            });
        });
    });
    done("show groups", shown)
}

fn each(
    kept: &[u8],
    mut show: impl FnMut(&Message<'_>) -> std::result::Result<(), DecodeError>,
) -> netns_sys::Result<()> {
    Ok(nl_core::Messages::new(kept).try_for_each(|message| show(&message?))?)
}

/// How groups are shown.
pub(in crate::cmd) struct Style<'l> {
    links: &'l Links,
    details: bool,
    statistics: bool,
}

impl<'l> Style<'l> {
    pub(in crate::cmd) fn new(links: &'l Links, options: &Options) -> Self {
        Self { links, details: options.details, statistics: options.statistics > 0 }
    }

    /// Shows what an event tells.
    pub(in crate::cmd) fn event(&self, out: &mut Out, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
        if message.kind() == RTM_DELMDB {
            out.push("Deleted ");
        }
        self.groups(out, message, 0, &Shown::default())?;
        let mut shown = Ok(());
        if let Ok(Some(_)) = Mdb::parse(message)?.router() {
            out.object("", |out| shown = self.routers(out, message, 0));
        }
        shown
    }

    /// Shows the groups of a message, if it is about the bridge `dev` (0: any).
    fn groups(
        &self,
        out: &mut Out,
        message: &Message<'_>,
        dev: u32,
        filter: &Shown,
    ) -> std::result::Result<(), DecodeError> {
        let mdb = Mdb::parse(message)?;
        let index = mdb.header.index.get();
        if dev != 0 && dev != index {
            return Ok(());
        }
        let groups = got(mdb.groups()).into_iter().flatten().map_while(std::result::Result::ok);
        for attr in groups.flat_map(|group| group.attrs()).map_while(std::result::Result::ok) {
            let Ok(entry) = attr.prefix::<BrMdbEntry>() else { continue };
            if filter.vid == 0 || filter.vid == entry.vid.get() {
                out.object("", |out| {
                    if message.kind() == RTM_DELMDB {
                        out.json("deleted", true);
                    }
                    self.group(out, index, entry, &attr.attrs_from(ENTRY_LEN));
                });
            }
        }
        Ok(())
    }

    fn group(&self, out: &mut Out, index: u32, entry: &BrMdbEntry, attrs: &Attrs<'_>) {
        out.json("index", index);
        out.paint(Some(Color::Ifname), |out| put_link(out, "dev", "dev ", self.links, index, ""));
        put_link(out, "port", " port ", self.links, entry.index.get(), "");
        let (family, len) = match entry.proto.get() {
            0 => (af::PACKET, 6),
            ETH_P_IP => (af::INET, 4),
            _ => (af::INET6, 16),
        };
        put_address(out, family, "grp", " grp ", entry.addr.get(..len).unwrap_or_default());
        if let Some(source) = attrs.find(mdb_eattr::SOURCE) {
            put_address(out, family, "src", " src ", source.bytes());
        }
        let state = if entry.state & 1 != 0 { "permanent" } else { "temp" };
        out.parts("state", state, &[" ", state]);
        if self.details {
            details(out, attrs, family);
        }
        out.list("flags", |out| {
            let flags = MdbFlags::from_bits_retain(entry.flags);
            for (flag, word) in [
                (MdbFlags::OFFLOAD, "offload"),
                (MdbFlags::FAST_LEAVE, "fast_leave"),
                (MdbFlags::STAR_EXCL, "added_by_star_ex"),
                (MdbFlags::BLOCKED, "blocked"),
            ] {
                if flags.contains(flag) {
                    out.parts("", word, &[" ", word]);
                }
            }
        });
        let vid = entry.vid.get();
        if vid != 0 {
            out.field("vid", vid, format_args!(" vid {vid}"));
        }
        timer(out, attrs, mdb_eattr::TIMER, self.statistics);
        out.push(out.newline());
    }

    /// Shows the ports with routers: all of them, where that is asked for.
    fn routers(&self, out: &mut Out, message: &Message<'_>, dev: u32) -> std::result::Result<(), DecodeError> {
        let mdb = Mdb::parse(message)?;
        let index = mdb.header.index.get();
        let Some(router) = got(mdb.router()).filter(|_| dev == 0 || dev == index) else { return Ok(()) };
        let mut ports = router.map_while(std::result::Result::ok);
        let bridge = self.links.text(index);
        if message.kind() != RTM_GETMDB {
            let port = ports.next().map_or(0, |port| port_index(&port));
            out.list(&bridge, |out| {
                out.object("", |out| put_link(out, "port", "router port dev ", self.links, port, ""));
            });
            out.text(format_args!(" master {bridge}\n"));
        } else if self.details {
            if !self.statistics {
                out.text(format_args!("router ports on {bridge}: "));
            }
            out.list(&bridge, |out| ports.for_each(|port| out.object("", |out| self.router(out, &bridge, &port))));
            if !self.statistics {
                out.push(out.newline());
            }
        }
        Ok(())
    }

    fn router(&self, out: &mut Out, bridge: &str, port: &Attr<'_>) {
        let index = port_index(port);
        if !self.statistics {
            return put_link(out, "port", "", self.links, index, " ");
        }
        out.text(format_args!("router ports on {bridge}: "));
        put_link(out, "port", "", self.links, index, "");
        router_stats(out, port);
        out.push("\n");
    }
}

fn put_address(out: &mut Out, family: u8, key: &str, before: &str, bytes: &[u8]) {
    let text = Addr(bytes).to_string();
    out.paint(Color::of_family(family), |out| out.parts(key, &text, &[before, &text]));
}

fn details(out: &mut Out, attrs: &Attrs<'_>, family: u8) {
    if let Some(mode) = attrs.find(mdb_eattr::GROUP_MODE).and_then(|a| a.u8().ok()) {
        let mode = if mode == MCAST_INCLUDE { "include" } else { "exclude" };
        out.parts("filter_mode", mode, &[" filter_mode ", mode]);
    }
    if let Some(list) = attrs.find(mdb_eattr::SRC_LIST) {
        out.push(" source_list");
        out.list("source_list", |out| {
            let mut before = " ";
            for source in list.attrs().map_while(std::result::Result::ok).map(|source| source.attrs()) {
                let found = (source.find(mdb_srcattr::ADDRESS), source.find(mdb_srcattr::TIMER));
                let (Some(bytes), Some(left)) = found else { continue };
                out.object("", |out| {
                    out.push(before);
                    put_address(out, family, "address", "", bytes.bytes());
                    let left = ticks(&left, 0);
                    out.parts("timer", &left, &["/", &left]);
                });
                before = ",";
            }
        });
    }
    if let Some(proto) = attrs.find(mdb_eattr::RTPROT).and_then(|a| a.u8().ok()) {
        let proto = out.named(proto, &names::PROTOS).to_string();
        out.parts("protocol", &proto, &[" proto ", &proto, " "]);
    }
}

/// Bytes of a `br_mdb_entry` with its padding.
const ENTRY_LEN: usize = 28;

/// The interface index that a port with a router begins with.
pub(super) fn port_index(port: &Attr<'_>) -> u32 {
    port.bytes().first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

/// What is left of a port's router, and whether it stays.
pub(super) fn router_stats(out: &mut Out, port: &Attr<'_>) {
    let attrs = port.attrs_from(size_of::<u32>());
    timer(out, &attrs, mdb_pattr::TIMER, true);
    if let Some(kind) = attrs.find(mdb_pattr::TYPE).and_then(|a| a.u8().ok()) {
        // Those that queries made, or that were set for a time.
        let kind = if matches!(kind, 1 | 3) { "temp" } else { "permanent" };
        out.parts("type", kind, &[" ", kind]);
    }
}

fn timer(out: &mut Out, attrs: &Attrs<'_>, attr: u16, wanted: bool) {
    if let Some(left) = attrs.find(attr).filter(|_| wanted) {
        let left = ticks(&left, 7);
        out.parts("timer", &left, &[" ", &left]);
    }
}

/// A time in seconds.
fn ticks(attr: &Attr<'_>, width: usize) -> String {
    let ticks = attr.u32().unwrap_or_default();
    let text = format!("{}.{:02}", ticks / 100, ticks % 100);
    format!("{text:>width$}")
}

//! `bridge fdb`: the forwarding database, whose entries are neighbours of the family of bridges.

use super::*;
use crate::cmd::inet::{Octets, got, put_dev, put_lladdr, put_name};
use crate::out::Color;
use nl_core::route::{NdMsg, Neigh, NeighFlags, NeighState, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH, nda};
use nl_core::{DecodeError, Message, Msg};
use std::net::IpAddr;

/// What `bridge fdb` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those that match.
    Show(Filter),
    /// Show one.
    Get(Spec),
    /// Add, change or delete one: the message's type and flags, and the entry.
    Change(u16, Flags, Spec),
    /// Delete those that match.
    Flush(Spec),
}

/// Which entries to show: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    dev: Option<OsString>,
    br: Option<OsString>,
    /// 0: of any.
    vlan: u16,
    /// Any of these states; 0: of any.
    state: u32,
    dynamic: bool,
}

/// An entry that is to be or whose it is; of many, what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    header: NdMsg,
    lladdr: Option<[u8; 6]>,
    dev: Option<OsString>,
    /// The bridge; of a flush, the port.
    other: Option<OsString>,
    via: Option<OsString>,
    dst: Option<IpAddr>,
    vlan: Option<u16>,
    nhid: u32,
    port: u16,
    vni: Option<u32>,
    src_vni: Option<u32>,
    state_mask: u16,
    flags_mask: u8,
    dynamic: bool,
}

pub(super) const HELP: &str = "\
Usage: netnsctl bridge fdb [ show ] [ br BRIDGE ] [ brport NAME ] [ vlan VID ] [ state STATE ] [ dynamic ]
       netnsctl bridge fdb { add | append | replace | del } LLADDR dev NAME [ self ] [ master ]
              [ local | static | dynamic ] [ use ] [ router ] [ extern_learn ] [ sticky ] [ vlan VID ]
              [ { [ dst ADDRESS ] [ port PORT ] [ vni VNI ] | nhid ID } ] [ via NAME ] [ src_vni VNI ]
       netnsctl bridge fdb get LLADDR [ br BRIDGE ] { brport | dev } NAME [ vlan VID ] [ vni VNI ] [ self ]
              [ master ] [ dynamic ]
       netnsctl bridge fdb flush dev NAME [ brport NAME ] [ vlan VID ] [ self ] [ master ]
              [ [no]permanent | [no]static | [no]dynamic ] [ [no]added_by_user ] [ [no]extern_learn ]
              [ [no]sticky ] [ [no]offloaded ]
STATE := permanent | static | stale | reachable | all | NUMBER
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Get,
    Show,
    Flush,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWNEIGH, Flags::CREATE.union(Flags::EXCL))),
    ("append", Verb::Change(RTM_NEWNEIGH, Flags::CREATE.union(Flags::APPEND))),
    ("replace", Verb::Change(RTM_NEWNEIGH, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELNEIGH, Flags::empty())),
    ("get", Verb::Get),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("help", Verb::Help),
];

/// States of a filter.
const STATES: &[Keyword<u32>] =
    &[("permanent", 0x80), ("static", 0x40), ("temp", 0x40), ("stale", 0x04), ("reachable", 0x02), ("dynamic", 0x02)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    To,
    Dev,
    Br,
    Vlan,
    State,
    Dynamic,
    Dst,
    Nhid,
    Port,
    Vni,
    SrcVni,
    Via,
    Is(NeighFlags),
    /// These states too, and without those.
    Be(NeighState, NeighState),
    /// Of a flush: these flags, or (false) none of them.
    Flags(NeighFlags, bool),
    /// Of a flush: these states, without those, which count.
    States(NeighState, NeighState, NeighState),
    Help,
}

const FILTER_WHOLE: &[Keyword<Word>] = &[
    ("brport", Word::Dev),
    ("dev", Word::Dev),
    ("br", Word::Br),
    ("vlan", Word::Vlan),
    ("state", Word::State),
    ("dynamic", Word::Dynamic),
];
const FILTER: &[Keyword<Word>] = &[("help", Word::Help)];

const NONE: NeighState = NeighState::empty();
const SPEC_WHOLE: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("dst", Word::Dst),
    ("nhid", Word::Nhid),
    ("port", Word::Port),
    ("vni", Word::Vni),
    ("src_vni", Word::SrcVni),
    ("via", Word::Via),
    ("self", Word::Is(NeighFlags::SELF)),
    ("to", Word::To),
];
const SPEC: &[Keyword<Word>] = &[
    ("master", Word::Is(NeighFlags::MASTER)),
    ("router", Word::Is(NeighFlags::ROUTER)),
    ("local", Word::Be(NeighState::PERMANENT, NONE)),
    ("permanent", Word::Be(NeighState::PERMANENT, NONE)),
    ("temp", Word::Be(NeighState::REACHABLE, NONE)),
    ("static", Word::Be(NeighState::REACHABLE, NONE)),
    ("dynamic", Word::Be(NeighState::REACHABLE, NeighState::NOARP)),
    ("vlan", Word::Vlan),
    ("use", Word::Is(NeighFlags::USE)),
    ("extern_learn", Word::Is(NeighFlags::EXT_LEARNED)),
    ("sticky", Word::Is(NeighFlags::STICKY)),
    ("help", Word::Help),
];

const GET_WHOLE: &[Keyword<Word>] = &[
    ("brport", Word::Dev),
    ("dev", Word::Dev),
    ("br", Word::Br),
    ("vni", Word::Vni),
    ("self", Word::Is(NeighFlags::SELF)),
    ("to", Word::To),
];
const GET: &[Keyword<Word>] =
    &[("master", Word::Is(NeighFlags::MASTER)), ("vlan", Word::Vlan), ("dynamic", Word::Dynamic), ("help", Word::Help)];

const NOARP: NeighState = NeighState::NOARP;
const PERMANENT: NeighState = NeighState::PERMANENT;
const FLUSH: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("brport", Word::Br),
    ("vlan", Word::Vlan),
    ("master", Word::Is(NeighFlags::MASTER)),
    ("self", Word::Is(NeighFlags::SELF)),
    ("permanent", Word::States(PERMANENT, NONE, PERMANENT)),
    ("nopermanent", Word::States(NONE, PERMANENT, PERMANENT)),
    ("static", Word::States(NOARP, NONE, NOARP.union(PERMANENT))),
    ("nostatic", Word::States(NONE, NOARP, NOARP)),
    ("dynamic", Word::States(NONE, NOARP, NOARP.union(PERMANENT))),
    ("nodynamic", Word::States(NOARP, NONE, NOARP)),
    ("added_by_user", Word::Flags(NeighFlags::USE, true)),
    ("noadded_by_user", Word::Flags(NeighFlags::USE, false)),
    ("extern_learn", Word::Flags(NeighFlags::EXT_LEARNED, true)),
    ("noextern_learn", Word::Flags(NeighFlags::EXT_LEARNED, false)),
    ("sticky", Word::Flags(NeighFlags::STICKY, true)),
    ("nosticky", Word::Flags(NeighFlags::STICKY, false)),
    ("offloaded", Word::Flags(NeighFlags::OFFLOADED, true)),
    ("nooffloaded", Word::Flags(NeighFlags::OFFLOADED, false)),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Option<Request>> {
    Ok(match verb(words, "fdb", &[("flush", Verb::Flush)], VERBS, Verb::Show)? {
        Verb::Show => filter(words)?.map(Request::Show),
        Verb::Change(kind, flags) => {
            let spec = spec(words, options, SPEC_WHOLE, SPEC)?;
            let Some((mut spec, to)) = spec else { return Ok(None) };
            if spec.dev.is_none() || to.is_none() {
                let usage = words.error("the link-layer address and dev NAME are both needed");
                return Err(usage.ip("Device and address are required arguments."));
            }
            if spec.nhid != 0 && (spec.dst.is_some() || spec.port != 0 || spec.vni.is_some()) {
                let usage = words.error("a next hop (nhid) has its own dst, port and vni");
                return Err(usage.ip("dst, port, vni are mutually exclusive with nhid"));
            }
            spec.lladdr = to.map(lladdr).transpose()?;
            let mut state = NeighState::from_bits_retain(spec.header.state.get());
            if !state.intersects(NeighState::PERMANENT | NeighState::REACHABLE) {
                state |= NeighState::PERMANENT;
            }
            spec.header.state = state.bits().into();
            spec.assume_self();
            Some(Request::Change(kind, flags, spec))
        }
        Verb::Get => {
            let Some((mut spec, to)) = spec(words, options, GET_WHOLE, GET)? else { return Ok(None) };
            if spec.dev.is_none() && spec.other.is_none() || to.is_none() {
                let usage = words.error("the link-layer address and dev NAME or br BRIDGE are needed");
                return Err(usage.ip("Device or master and address are required arguments."));
            }
            spec.lladdr = to.map(lladdr).transpose()?;
            spec.header.state = 0.into();
            Some(Request::Get(spec))
        }
        Verb::Flush => Some(Request::Flush(flush(words)?)),
        Verb::Help => None,
    })
}

/// The address that these words begin with.
fn lladdr(mut words: Words<'_>) -> Parsed<[u8; 6]> {
    let said = format!("Invalid mac address {}", words.typed());
    words.mac("a link-layer address").map_err(|usage| usage.ip(said))
}

fn filter(words: &mut Words<'_>) -> Parsed<Option<Filter>> {
    let mut filter = Filter::default();
    while !words.is_end() {
        match passed(words, "a word of a filter", FILTER_WHOLE, FILTER)? {
            Some(Word::Dev) => filter.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Br) => filter.br = Some(device(words, "the name of a bridge")?.to_owned()),
            Some(Word::Vlan) if filter.vlan != 0 && !words.is_end() => return Err(words.twice("vlan")),
            Some(Word::Vlan) => filter.vlan = words.uint("a VLAN id")?,
            Some(Word::State) if words.eat("all") => filter.state = u32::MAX,
            Some(Word::State) => {
                let digit = words.peek().is_some_and(|w| w.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit));
                let state = if digit { words.uint("a state") } else { words.keyword("a state", STATES) };
                filter.state |= state.map_err(|usage| words.wrong(usage, "invalid state"))?;
            }
            Some(Word::Dynamic) => filter.dynamic = true,
            Some(Word::Help) => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(filter))
}

/// Takes an entry, and the words that its address is the first of; `None` is a question for help.
fn spec<'w>(
    words: &mut Words<'w>,
    options: &Options,
    whole: &[Keyword<Word>],
    table: &[Keyword<Word>],
) -> Parsed<Option<(Spec, Option<Words<'w>>)>> {
    let (mut spec, mut to) = (Spec::default(), None);
    let (mut state, mut flags) = (NeighState::NOARP, NeighFlags::empty());
    while !words.is_end() {
        match inet::word_or_prefix(words, "a word of an entry", whole, table)?.unwrap_or(Word::To) {
            Word::Dev => spec.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Br => spec.other = Some(device(words, "the name of a bridge")?.to_owned()),
            Word::Via => spec.via = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Dst if spec.dst.is_some() && !words.is_end() => return Err(words.again("dst")),
            Word::Dst => spec.dst = Some(words.address("an address", options.family)?),
            Word::Nhid => {
                let id = words.uint("the id of a next hop");
                spec.nhid = id.map_err(|usage| words.wrong(usage, "\"id\" value is invalid\n"))?;
            }
            Word::Port => {
                spec.port = words.uint("a port").map_err(|usage| words.wrong(usage, "invalid port\n"))?;
            }
            Word::Vni => spec.vni = Some(vni(words, "invalid VNI\n")?),
            Word::SrcVni => spec.src_vni = Some(vni(words, "invalid src VNI\n")?),
            Word::Vlan if spec.vlan.is_some() => {
                words.back();
                return Err(words.again("vlan"));
            }
            Word::Vlan => spec.vlan = Some(words.uint("a VLAN id")?),
            Word::Dynamic => spec.dynamic = true,
            Word::Is(flag) => flags |= flag,
            Word::Be(more, less) => state = (state | more).difference(less),
            Word::Help => return Ok(None),
            _ if to.is_some() && !words.is_end() => return Err(words.again("to")),
            _ => {
                to = Some(words.clone());
                words.need("a link-layer address")?;
            }
        }
    }
    spec.header = NdMsg { family: af::BRIDGE, state: state.bits().into(), flags: flags.bits(), ..NdMsg::default() };
    Ok(Some((spec, to)))
}

fn vni(words: &mut Words<'_>, says: &str) -> Parsed<u32> {
    let vni = words.number("a VNI", 0..=0xff_ffff).map_err(|usage| words.wrong(usage, says))?;
    Ok(u32::try_from(vni).unwrap_or_default())
}

fn flush(words: &mut Words<'_>) -> Parsed<Spec> {
    let mut spec = Spec::default();
    let (mut state, mut flags) = (NeighState::empty(), NeighFlags::empty());
    while !words.is_end() {
        match passed(words, "a word of a flush", FLUSH, &[])? {
            Some(Word::Dev) => spec.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Br) if spec.other.is_some() => {
                words.back();
                return Err(words.again("brport"));
            }
            Some(Word::Br) => spec.other = Some(device(words, "the name of a port")?.to_owned()),
            Some(Word::Vlan) if spec.vlan.is_some() => {
                words.back();
                return Err(words.again("vlan"));
            }
            Some(Word::Vlan) => spec.vlan = Some(words.uint("a VLAN id")?),
            Some(Word::Is(flag)) => flags |= flag,
            Some(Word::Flags(flag, on)) => {
                flags.set(flag, on);
                spec.flags_mask |= flag.bits();
            }
            Some(Word::States(more, less, mask)) => {
                state = (state | more).difference(less);
                spec.state_mask |= mask.bits();
            }
            _ => {}
        }
    }
    if spec.dev.is_none() {
        return Err(words.error("the name of the bridge is missing: dev NAME").ip("Device is a required argument."));
    }
    if let Some(vid) = spec.vlan.filter(|vid| *vid >= 4096) {
        return Err(words.error("a VLAN id is less than 4096").ip(format!("Invalid VLAN ID \"{vid}\"")));
    }
    spec.header = NdMsg { family: af::BRIDGE, state: state.bits().into(), flags: flags.bits(), ..NdMsg::default() };
    spec.assume_self();
    Ok(spec)
}

impl Spec {
    /// It is the device's own, where nothing is said of whose.
    fn assume_self(&mut self) {
        let whose = NeighFlags::SELF | NeighFlags::MASTER;
        if !NeighFlags::from_bits_retain(self.header.flags).intersects(whose) {
            self.header.flags |= NeighFlags::SELF.bits();
        }
    }
}

pub(super) fn run(session: &mut Session, request: &Request) -> Result<()> {
    match request {
        Request::Show(filter) => show(session, filter),
        Request::Get(spec) => get(session, spec),
        Request::Change(kind, flags, spec) => change(session, *kind, *flags, spec),
        Request::Flush(spec) => {
            let header = header(session, spec, "Cannot find bridge device")?;
            let port = find_or_0(session, spec.other.as_ref(), "Cannot find bridge port device")?;
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&header);
                if port != 0 {
                    m.u32(nda::IFINDEX, port);
                }
                spec.vlan.iter().for_each(|vlan| m.u16(nda::VLAN, *vlan));
                if spec.flags_mask != 0 {
                    m.u8(nda::NDM_FLAGS_MASK, spec.flags_mask);
                }
                if spec.state_mask != 0 {
                    m.u16(nda::NDM_STATE_MASK, spec.state_mask);
                }
            };
            let done = inet::request(session, "flush entries", RTM_DELNEIGH, Flags::BULK, fill, |_| Ok(()));
            said(session, done)
        }
    }
}

/// The header, with the index of the link.
fn header(session: &mut Session, spec: &Spec, cannot: &str) -> Result<NdMsg> {
    let index = find_or_0(session, spec.dev.as_ref(), cannot)?;
    Ok(NdMsg { index: i32::try_from(index).unwrap_or_default().into(), ..spec.header })
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: &Spec) -> Result<()> {
    let via = find_or_0(session, spec.via.as_ref(), "Cannot find device")?;
    let header = header(session, spec, "Cannot find device")?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        spec.lladdr.iter().for_each(|lladdr| m.bytes(nda::LLADDR, lladdr));
        spec.dst.iter().for_each(|dst| m.bytes(nda::DST, Octets::of(*dst).bytes()));
        spec.vlan.iter().for_each(|vlan| m.u16(nda::VLAN, *vlan));
        if spec.nhid != 0 {
            m.u32(nda::NH_ID, spec.nhid);
        }
        if spec.port != 0 {
            m.be16(nda::PORT, spec.port);
        }
        spec.vni.iter().for_each(|vni| m.u32(nda::VNI, *vni));
        spec.src_vni.iter().for_each(|vni| m.u32(nda::SRC_VNI, *vni));
        if via != 0 {
            m.u32(nda::IFINDEX, via);
        }
    };
    let verb = if kind == RTM_DELNEIGH { "delete" } else { "set" };
    let task = session.task(|| format!("{verb} entry {}", inet::Lladdr(&spec.lladdr.unwrap_or_default())));
    let done = inet::request(session, &task, kind, flags, fill, |_| Ok(()));
    said(session, done)
}

fn get(session: &mut Session, spec: &Spec) -> Result<()> {
    let header = header(session, spec, "Cannot find device")?;
    let br = find_or_0(session, spec.other.as_ref(), "Cannot find bridge device")?;
    let links = Links::load(session.conn()?)?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        spec.lladdr.iter().for_each(|lladdr| m.bytes(nda::LLADDR, lladdr));
        spec.vlan.iter().for_each(|vlan| m.u16(nda::VLAN, *vlan));
        spec.vni.iter().for_each(|vni| m.u32(nda::VNI, *vni));
        if br != 0 {
            m.u32(nda::MASTER, br);
        }
    };
    let answer = session.conn()?.get(RTM_GETNEIGH, fill, |m| Ok(m.bytes().to_vec()));
    let ours = session.options.bridge;
    let answer = answer.map_err(|e| {
        let failure = inet::refused("get an entry", &e);
        if ours { failure.code(254) } else { failure }
    })?;
    let filter = Filter { dynamic: spec.dynamic, ..Filter::default() };
    let style = Style { links: &links, dev: 0, statistics: session.options.statistics > 0 };
    done("show the entry", inet::show(&mut session.out, &answer, |out, m| style.message(out, m, &filter)))
}

fn show(session: &mut Session, filter: &Filter) -> Result<()> {
    let br = find_or_0(session, filter.br.as_ref(), "Cannot find bridge device")?;
    let dev = find_or_0(session, filter.dev.as_ref(), "Cannot find device")?;
    let links = Links::load(session.conn()?)?;
    let style = Style { links: &links, dev, statistics: session.options.statistics > 0 };
    let index = i32::try_from(dev).unwrap_or_default().into();
    let ask = |m: &mut Msg<'_>| {
        m.fixed(&NdMsg { family: af::BRIDGE, index, ..NdMsg::default() });
        if br != 0 {
            m.u32(nda::MASTER, br);
        }
    };
    let shown =
        inet::stream(session, "list entries", RTM_GETNEIGH, ask, |out, message| style.message(out, message, filter));
    dumped(session, shown)
}

/// How entries are shown.
pub(in crate::cmd) struct Style<'l> {
    pub(in crate::cmd) links: &'l Links,
    /// The link that is shown only; 0: all.
    pub(in crate::cmd) dev: u32,
    pub(in crate::cmd) statistics: bool,
}

impl Style<'_> {
    /// Shows an entry, if it matches.
    pub(in crate::cmd) fn message(
        &self,
        out: &mut Out,
        message: &Message<'_>,
        filter: &Filter,
    ) -> std::result::Result<(), DecodeError> {
        let entry = Neigh::parse(message)?;
        let state = entry.state();
        let index = u32::try_from(entry.header.index.get()).unwrap_or_default();
        let vlan = got(entry.vlan()).unwrap_or_default();
        let matches = entry.header.family == af::BRIDGE
            && (self.dev == 0 || self.dev == index)
            && (filter.state == 0 || u32::from(state.bits()) & filter.state != 0)
            && (filter.vlan == 0 || filter.vlan == vlan)
            && !(filter.dynamic && state.contains(NeighState::PERMANENT));
        if matches {
            out.object("", |out| {
                if message.kind() == RTM_DELNEIGH {
                    out.field("deleted", true, format_args!("Deleted "));
                }
                self.entry(out, &entry, index, vlan);
            });
        }
        Ok(())
    }

    fn entry(&self, out: &mut Out, entry: &Neigh<'_>, index: u32, vlan: u16) {
        if let Some(lladdr) = got(entry.lladdr()) {
            put_lladdr(out, "mac", self.links.kind(index), lladdr, " ");
        }
        if self.dev == 0 && index != 0 {
            put_dev(out, "ifname", "dev ", self.links, index);
        }
        if let Some(dst) = got(entry.dst()) {
            out.push("dst ");
            let color = Color::of_family(if dst.len() == 16 { af::INET6 } else { af::INET });
            out.paint(color, |out| out.written("dst", "", |text| inet::Addr(dst).write(text)));
        }
        let mut number = |key, before, value: Option<u32>| {
            value.iter().for_each(|value| out.number(key, before, *value));
        };
        number("vlan", "vlan ", Some(vlan.into()).filter(|vlan| *vlan != 0));
        number("port", "port ", got(entry.port()).map(u32::from));
        number("vni", "vni ", got(entry.vni()));
        number("src_vni", "src_vni ", got(entry.src_vni()));
        let elsewhere = got(entry.link_netnsid());
        match (got(entry.via_ifindex()), elsewhere) {
            (Some(via), Some(_)) => number("viaIfIndex", "via ifindex ", Some(via)),
            (Some(via), None) => put_name(out, "viaIf", "via ", self.links, via),
            (None, _) => {}
        }
        if let Some(id) = got(entry.nh_id()) {
            out.number("nhid", "nhid ", id);
        }
        if let Some(id) = elsewhere {
            out.field("linkNetNsId", u32::from_ne_bytes(id.to_ne_bytes()), format_args!("link-netnsid {id} "));
        }
        if let Some(info) = got(entry.cacheinfo()).filter(|_| self.statistics) {
            let [used, updated] = [info.used, info.updated].map(|t| t.get() / 100);
            out.field("used", used, format_args!("used {used}"));
            out.field("updated", updated, format_args!("/{updated} "));
        }
        out.list("flags", |out| {
            for (flag, word) in [
                (NeighFlags::SELF, "self"),
                (NeighFlags::ROUTER, "router"),
                (NeighFlags::EXT_LEARNED, "extern_learn"),
                (NeighFlags::OFFLOADED, "offload"),
                (NeighFlags::MASTER, "master"),
                (NeighFlags::STICKY, "sticky"),
            ] {
                if entry.flags().contains(flag) {
                    out.string("", "", word);
                }
            }
        });
        if let Some(master) = got(entry.master()) {
            put_name(out, "master", "master ", self.links, master);
        }
        let state = entry.state();
        let text = [
            (NeighState::PERMANENT, "permanent"),
            (NeighState::NOARP, "static"),
            (NeighState::STALE, "stale"),
            (NeighState::REACHABLE, ""),
        ];
        match text.iter().find(|known| state.contains(known.0)) {
            Some((_, name)) => out.parts("state", *name, &[name, "\n"]),
            None => {
                let state = if state.is_empty() { "0".into() } else { format!("{:#x}", state.bits()) };
                out.parts("state", &state, &["state=", &state, "\n"]);
            }
        }
    }
}

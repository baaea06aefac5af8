//! `route`: routes, what leads where.

mod show;

use super::inet::{self, Addr, Named, Net, Octets, TYPES, code, got, index_or_0, put, put_addr, put_dev, tos};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of};
use crate::names;
use crate::out::{Escaped, Value};
use nl_core::route::{
    RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE, Route, RouteFlags, RtMsg, RtNextHop, RtaCacheInfo, af, rt_scope,
    rt_table, rta, rtax, rtn, rtprot, via,
};
use nl_core::wire::MSG_HDRLEN;
use nl_core::{Attrs, Batch, DecodeError, EncodeError, Flags, Message, Msg};
use show::Style;
use std::net::IpAddr;

/// What `route` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make, change or delete one: the message's type and flags, and the route.
    Change(u16, Flags, Box<Spec>),
    /// Show those that match.
    Show(Filter),
    /// Delete those that match.
    Flush(Filter),
    /// Ask which would be taken.
    Get(Box<Lookup>),
}

/// A route that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    family: u8,
    /// `None`: the default route.
    dst: Option<Prefix>,
    from: Option<Prefix>,
    kind: u8,
    /// `None`: what goes with the type and the hop.
    scope: Option<u8>,
    table: Option<u32>,
    proto: u8,
    tos: u8,
    hop: Hop,
    hops: Vec<Hop>,
    src: Option<IpAddr>,
    metric: Option<u32>,
    nhid: Option<u32>,
    expires: Option<u32>,
    pref: Option<u8>,
    /// What TCP is told: [`rtax`] and value; the bits of those that are locked.
    path: Vec<(u16, u32)>,
    lock: u32,
    congctl: Option<OsString>,
}

/// Where it leads next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    via: Option<IpAddr>,
    dev: Option<OsString>,
    onlink: bool,
    /// Less one, as it is on the wire.
    weight: u8,
}

/// Which routes to show: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    family: Option<u8>,
    /// `None`: all.
    table: Option<u32>,
    dev: Option<OsString>,
    proto: Option<u8>,
    scope: Option<u8>,
    kind: Option<u8>,
    metric: Option<u32>,
    via: Option<IpAddr>,
    src: Option<IpAddr>,
    /// The destination is this prefix, or within it.
    root: Option<Prefix>,
    /// The destination is this prefix, or around it.
    around: Option<Prefix>,
}

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    dst: IpAddr,
    from: Option<IpAddr>,
    iif: Option<OsString>,
    oif: Option<OsString>,
    tos: u8,
    mark: Option<u32>,
    uid: Option<u32>,
    ip_proto: Option<u8>,
    sport: Option<u16>,
    dport: Option<u16>,
    fib_match: bool,
}

const HELP: &str = "\
Usage: netnsctl route { add | append | prepend | replace | change | delete } ROUTE
       netnsctl route [ show ] [ FILTER ]
       netnsctl route flush FILTER
       netnsctl route get [ fibmatch ] ADDRESS [ from ADDRESS ] [ iif NAME ] [ oif NAME | vrf NAME ] [ tos TOS ]
                [ mark MARK ] [ uid UID ] [ ipproto PROTO ] [ sport PORT ] [ dport PORT ]
ROUTE  := [ TYPE ] { PREFIX | default } [ HOP | nhid ID | { nexthop HOP [ weight N ] }... ] [ from PREFIX ]
          [ src ADDRESS ] [ metric N ] [ table TABLE ] [ proto PROTO ] [ scope SCOPE ] [ tos TOS ]
          [ expires SECONDS ] [ pref { low | medium | high } ] [ PATH [ lock ] N ]... [ congctl NAME ]
HOP    := [ via [ inet | inet6 ] ADDRESS ] [ dev NAME ] [ onlink ]
FILTER := [ root PREFIX ] [ match PREFIX ] [ exact PREFIX ] [ table { TABLE | all } ] [ dev NAME ] [ proto PROTO ]
          [ scope SCOPE ] [ type TYPE ] [ via ADDRESS ] [ src ADDRESS ] [ metric N ]
TYPE   := unicast | local | broadcast | anycast | multicast | blackhole | unreachable | prohibit | throw
PATH   := mtu | window | ssthresh | cwnd | advmss | reordering | hoplimit | initcwnd | initrwnd | quickack |
          fastopen_no_cookie
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Flush,
    Get,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::EXCL))),
    ("append", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::APPEND))),
    ("prepend", Verb::Change(RTM_NEWROUTE, Flags::CREATE)),
    ("change", Verb::Change(RTM_NEWROUTE, Flags::REPLACE)),
    ("chg", Verb::Change(RTM_NEWROUTE, Flags::REPLACE)),
    ("replace", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELROUTE, Flags::empty())),
    ("show", Verb::Show),
    ("list", Verb::Show),
    ("lst", Verb::Show),
    ("flush", Verb::Flush),
    ("get", Verb::Get),
    ("help", Verb::Help),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.keyword("a command", VERBS)? };
    Ok(Command::Route(match verb {
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Change(kind, flags) => Request::Change(kind, flags, Box::new(spec(words, options, kind)?)),
        Verb::Show => Request::Show(filter(words, options)?),
        Verb::Flush if words.is_end() => return Err(words.error("which routes? `table all` for all of them")),
        Verb::Flush => Request::Flush(filter(words, options)?),
        Verb::Get => Request::Get(Box::new(lookup(words, options)?)),
    }))
}

/// The words of a route, a filter and a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    To,
    From,
    Via,
    Dev,
    Src,
    Metric,
    Table,
    Proto,
    Scope,
    Type,
    Tos,
    Onlink,
    Nhid,
    Expires,
    Pref,
    Nexthop,
    Weight,
    Path(u16),
    Congctl,
    Root,
    Match,
    Exact,
    Iif,
    Mark,
    Uid,
    IpProto,
    Sport,
    Dport,
    FibMatch,
}

const ROUTE: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("from", Word::From),
    ("via", Word::Via),
    ("dev", Word::Dev),
    ("oif", Word::Dev),
    ("src", Word::Src),
    ("metric", Word::Metric),
    ("priority", Word::Metric),
    ("preference", Word::Metric),
    ("table", Word::Table),
    ("proto", Word::Proto),
    ("protocol", Word::Proto),
    ("scope", Word::Scope),
    ("tos", Word::Tos),
    ("dsfield", Word::Tos),
    ("onlink", Word::Onlink),
    ("nhid", Word::Nhid),
    ("expires", Word::Expires),
    ("pref", Word::Pref),
    ("nexthop", Word::Nexthop),
    ("mtu", Word::Path(rtax::MTU)),
    ("window", Word::Path(rtax::WINDOW)),
    ("ssthresh", Word::Path(rtax::SSTHRESH)),
    ("cwnd", Word::Path(rtax::CWND)),
    ("advmss", Word::Path(rtax::ADVMSS)),
    ("reordering", Word::Path(rtax::REORDERING)),
    ("hoplimit", Word::Path(rtax::HOPLIMIT)),
    ("initcwnd", Word::Path(rtax::INITCWND)),
    ("initrwnd", Word::Path(rtax::INITRWND)),
    ("quickack", Word::Path(rtax::QUICKACK)),
    ("fastopen_no_cookie", Word::Path(rtax::FASTOPEN_NO_COOKIE)),
    ("congctl", Word::Congctl),
];

const HOP: &[Keyword<Word>] =
    &[("via", Word::Via), ("dev", Word::Dev), ("oif", Word::Dev), ("weight", Word::Weight), ("onlink", Word::Onlink)];

const FILTER: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("root", Word::Root),
    ("match", Word::Match),
    ("exact", Word::Exact),
    ("table", Word::Table),
    ("dev", Word::Dev),
    ("oif", Word::Dev),
    ("proto", Word::Proto),
    ("protocol", Word::Proto),
    ("scope", Word::Scope),
    ("type", Word::Type),
    ("via", Word::Via),
    ("src", Word::Src),
    ("metric", Word::Metric),
];

const LOOKUP: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("fibmatch", Word::FibMatch),
    ("from", Word::From),
    ("iif", Word::Iif),
    ("oif", Word::Dev),
    ("dev", Word::Dev),
    ("vrf", Word::Dev),
    ("tos", Word::Tos),
    ("dsfield", Word::Tos),
    ("mark", Word::Mark),
    ("uid", Word::Uid),
    ("ipproto", Word::IpProto),
    ("sport", Word::Sport),
    ("dport", Word::Dport),
];

const PREFS: &[Keyword<u8>] = &[("medium", 0), ("high", 1), ("low", 3)];

/// Takes a word of `table`, or sees that a destination comes, which is [`Word::To`] too.
fn word(words: &mut Words<'_>, table: &[Keyword<Word>]) -> Parsed<Word> {
    Ok(inet::word_or_prefix(words, "a word of a route", &[], table)?.unwrap_or(Word::To))
}

/// Takes a destination; `None` is the default route of a family that is not said.
fn destination(words: &mut Words<'_>, family: Option<u8>) -> Parsed<Option<Prefix>> {
    let any = inet::is_any(words);
    let prefix = words.prefix("a destination", family)?;
    Ok(if any && family.is_none() { None } else { Some(prefix) })
}

fn spec(words: &mut Words<'_>, options: &Options, message: u16) -> Parsed<Spec> {
    let adding = message == RTM_NEWROUTE;
    let (kind, proto) = if adding { (rtn::UNICAST, rtprot::BOOT) } else { (rtn::UNSPEC, rtprot::UNSPEC) };
    let mut family = options.family;
    let mut dst = None;
    let mut spec = Spec {
        family: af::INET,
        dst: None,
        from: None,
        kind,
        scope: None,
        table: None,
        proto,
        tos: 0,
        hop: Hop::default(),
        hops: Vec::new(),
        src: None,
        metric: None,
        nhid: None,
        expires: None,
        pref: None,
        path: Vec::new(),
        lock: 0,
        congctl: None,
    };
    while !words.is_end() {
        let is_first = dst.is_none();
        if is_first {
            if let Some(kind) = types(words)? {
                spec.kind = kind;
            }
        }
        match word(words, ROUTE)? {
            Word::To if is_first => {
                let to = destination(words, family)?;
                family = family.or(to.map(|p| family_of(p.addr)));
                dst = Some(to);
            }
            Word::To => return Err(words.error("there is a destination already")),
            Word::From => spec.from = Some(words.prefix("a source prefix", family)?),
            Word::Via => spec.hop.via = Some(gateway(words, &mut family)?),
            Word::Dev => spec.hop.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Onlink => spec.hop.onlink = true,
            Word::Src => {
                let src = words.address("a source address", family)?;
                family = family.or(Some(family_of(src)));
                spec.src = Some(src);
            }
            Word::Metric => spec.metric = Some(words.uint("a metric")?),
            Word::Table => spec.table = Some(words.named("a table", &names::TABLES)?),
            Word::Proto => spec.proto = words.named("a protocol", &names::PROTOS)?,
            Word::Scope => spec.scope = Some(words.named("a scope", &names::SCOPES)?),
            Word::Tos => spec.tos = tos(words)?,
            Word::Nhid => spec.nhid = Some(words.uint("the id of a next hop")?),
            Word::Expires => spec.expires = Some(words.uint("a number of seconds")?),
            Word::Pref => spec.pref = Some(words.keyword("a preference", PREFS)?),
            Word::Nexthop => spec.hops.push(next_hop(words, &mut family)?),
            Word::Path(number) => {
                if words.eat("lock") {
                    spec.lock |= 1_u32.checked_shl(number.into()).unwrap_or_default();
                }
                spec.path.push((number, words.uint("its value")?));
            }
            Word::Congctl => spec.congctl = Some(words.need("a congestion control algorithm")?.to_owned()),
            _ => return Err(words.error_before("not here")),
        }
    }
    let Some(dst) = dst else { return Err(words.error("the destination is missing: a prefix, or `default`")) };
    spec.family = family.unwrap_or(af::INET);
    spec.dst = dst;
    Ok(spec)
}

/// Takes a type, if there is one. It goes before the destination, and is written out.
fn types(words: &mut Words<'_>) -> Parsed<Option<u8>> {
    match words.peek().and_then(OsStr::to_str) {
        Some(word) if TYPES.iter().any(|t| t.0 == word) => words.try_keyword(TYPES),
        _ => Ok(None),
    }
}

/// Takes a gateway; one of another family than the route's is announced by its family.
fn gateway(words: &mut Words<'_>, family: &mut Option<u8>) -> Parsed<IpAddr> {
    const FAMILIES: &[Keyword<u8>] = &[("inet", af::INET), ("inet6", af::INET6)];
    let said = match words.peek().and_then(OsStr::to_str) {
        Some("inet" | "inet6") => words.try_keyword(FAMILIES)?,
        _ => None,
    };
    let via = words.address("a gateway", said.or(*family)).map_err(|mut usage| {
        if said.is_none() && family.is_some() {
            usage.message.push_str("; for one of the other family write `via inet6` or `via inet`");
        }
        usage
    })?;
    *family = family.or(Some(family_of(via)));
    Ok(via)
}

fn next_hop(words: &mut Words<'_>, family: &mut Option<u8>) -> Parsed<Hop> {
    let mut hop = Hop::default();
    let start = words.at();
    while let Some(word) = words.try_keyword(HOP)? {
        match word {
            Word::Via => hop.via = Some(gateway(words, family)?),
            Word::Dev => hop.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Weight => {
                let weight = words.number("a weight", 1..=256)?;
                hop.weight = u8::try_from(weight.saturating_sub(1)).unwrap_or(u8::MAX);
            }
            _ => hop.onlink = true,
        }
    }
    match words.at() == start {
        true => Err(words.error("a next hop is missing: `via ADDRESS`, `dev NAME`")),
        false => Ok(hop),
    }
}

fn filter(words: &mut Words<'_>, options: &Options) -> Parsed<Filter> {
    let mut filter = Filter { family: options.family, table: Some(rt_table::MAIN), ..Filter::default() };
    let mut family = options.family;
    while !words.is_end() {
        match word(words, FILTER)? {
            how @ (Word::To | Word::Root | Word::Match | Word::Exact) => {
                let how = match how {
                    Word::To => words
                        .try_keyword(&[("root", Word::Root), ("match", Word::Match), ("exact", Word::Exact)])?
                        .unwrap_or(Word::Exact),
                    how => how,
                };
                let prefix = words.prefix("a destination", family)?;
                // `default` is of any family.
                if prefix.len > 0 || !prefix.addr.is_unspecified() {
                    family = Some(family_of(prefix.addr));
                }
                if how != Word::Match {
                    filter.root = Some(prefix);
                }
                if how != Word::Root {
                    filter.around = Some(prefix);
                }
            }
            Word::Table if words.eat("all") => filter.table = None,
            Word::Table => filter.table = Some(words.named("a table, or all", &names::TABLES)?).filter(|t| *t != 0),
            Word::Dev => filter.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Proto => filter.proto = Some(words.named("a protocol", &names::PROTOS)?),
            Word::Scope => filter.scope = Some(words.named("a scope", &names::SCOPES)?),
            Word::Type => filter.kind = Some(code(words, "a type", TYPES)?),
            Word::Metric => filter.metric = Some(words.uint("a metric")?),
            Word::Via => filter.via = Some(words.address("a gateway", None)?),
            Word::Src => filter.src = Some(words.address("a source address", None)?),
            _ => return Err(words.error_before("not here")),
        }
    }
    // As ip: IPv4 unless told, but all there is of all tables.
    filter.family = family.or(filter.table.map(|_| af::INET));
    Ok(filter)
}

fn lookup(words: &mut Words<'_>, options: &Options) -> Parsed<Lookup> {
    let mut family = options.family;
    let mut dst = None;
    let mut lookup = Lookup {
        dst: IpAddr::from([0; 4]),
        from: None,
        iif: None,
        oif: None,
        tos: 0,
        mark: None,
        uid: None,
        ip_proto: None,
        sport: None,
        dport: None,
        fib_match: false,
    };
    while !words.is_end() {
        match word(words, LOOKUP)? {
            Word::To if dst.is_none() => {
                let to = words.address("a destination address", family)?;
                family = Some(family_of(to));
                dst = Some(to);
            }
            Word::FibMatch => lookup.fib_match = true,
            Word::From => lookup.from = Some(words.address("a source address", family)?),
            Word::Iif => lookup.iif = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Dev => lookup.oif = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Tos => lookup.tos = tos(words)?,
            Word::Mark => lookup.mark = Some(words.uint("a mark")?),
            Word::Uid => lookup.uid = Some(words.uint("a user id")?),
            Word::IpProto => lookup.ip_proto = Some(words.named("an IP protocol", &names::IP_PROTOS)?),
            Word::Sport => lookup.sport = Some(words.uint("a port")?),
            Word::Dport => lookup.dport = Some(words.uint("a port")?),
            _ => return Err(words.error("there is a destination already")),
        }
    }
    lookup.dst = dst.ok_or_else(|| words.error("the destination address is missing"))?;
    Ok(lookup)
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, spec) => change(session, kind, flags, &spec),
        Request::Show(filter) => show(session, &filter),
        Request::Flush(filter) => {
            let oif = index_or_0(session, filter.dev.as_ref())?;
            let find = |conn: &mut Conn, _| dump(conn, &filter, oif);
            inet::flush(session, "flush routes", "entries", RTM_DELROUTE, find, repeat, |_, _| Ok(()))
        }
        Request::Get(lookup) => get(session, &lookup),
    }
}

/// The scope `ip` chooses where none is given.
fn scope(spec: &Spec, adding: bool) -> u8 {
    match spec.kind {
        _ if spec.family == af::INET6 => rt_scope::UNIVERSE,
        rtn::LOCAL => rt_scope::HOST,
        rtn::BROADCAST | rtn::MULTICAST | rtn::ANYCAST => rt_scope::LINK,
        _ if !adding => rt_scope::NOWHERE,
        rtn::UNICAST if spec.hop.via.is_none() && spec.hops.is_empty() && spec.nhid.is_none() => rt_scope::LINK,
        _ => rt_scope::UNIVERSE,
    }
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: &Spec) -> Result<()> {
    let oif = index_or_0(session, spec.hop.dev.as_ref())?;
    let mut hops = Vec::new();
    for hop in &spec.hops {
        hops.push((hop, index_or_0(session, hop.dev.as_ref())?));
    }
    let local = matches!(spec.kind, rtn::LOCAL | rtn::BROADCAST | rtn::ANYCAST);
    let table = spec.table.unwrap_or(if local { rt_table::LOCAL } else { rt_table::MAIN });
    let mut route_flags = RouteFlags::empty();
    route_flags.set(RouteFlags::ONLINK, spec.hop.onlink);
    let header = RtMsg {
        family: spec.family,
        dst_len: spec.dst.map_or(0, |p| p.len),
        src_len: spec.from.map_or(0, |p| p.len),
        tos: spec.tos,
        table: u8::try_from(table).unwrap_or_default(),
        protocol: spec.proto,
        scope: spec.scope.unwrap_or_else(|| scope(spec, kind == RTM_NEWROUTE)),
        kind: spec.kind,
        flags: route_flags.bits().into(),
    };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        let number = |m: &mut Msg<'_>, kind, value: Option<u32>| value.into_iter().for_each(|v| m.u32(kind, v));
        let addr = |m: &mut Msg<'_>, kind, value: Option<IpAddr>| value.into_iter().for_each(|a| put_addr(m, kind, a));
        addr(m, rta::DST, spec.dst.map(|p| p.addr));
        addr(m, rta::SRC, spec.from.map(|p| p.addr));
        put_gateway(m, spec.family, spec.hop.via);
        addr(m, rta::PREFSRC, spec.src);
        number(m, rta::PRIORITY, spec.metric);
        number(m, rta::TABLE, Some(table).filter(|t| *t > 255));
        number(m, rta::OIF, Some(oif).filter(|i| *i != 0));
        number(m, rta::NH_ID, spec.nhid);
        number(m, rta::EXPIRES, spec.expires);
        spec.pref.into_iter().for_each(|p| m.u8(rta::PREF, p));
        if !spec.path.is_empty() || spec.congctl.is_some() {
            m.nest(rta::METRICS, |m| {
                spec.path.iter().for_each(|(number, value)| m.u32(*number, *value));
                spec.congctl.iter().for_each(|c| m.bytes(rtax::CC_ALGO, c.as_encoded_bytes()));
                number(m, rtax::LOCK, Some(spec.lock).filter(|l| *l != 0));
            });
        }
        if !hops.is_empty() {
            m.nest(rta::MULTIPATH, |m| hops.iter().for_each(|(hop, index)| put_hop(m, spec.family, hop, *index)));
        }
    };
    let verb = if kind == RTM_DELROUTE { "delete" } else { "set" };
    let warning = session.conn()?.request(kind, flags, fill);
    let dst = spec.dst.map_or("default".into(), |p| p.to_string());
    let warning = warning.map_err(|e| inet::refused(&format!("{verb} route {dst}"), &e))?;
    warning.iter().for_each(|w| session.warn(w));
    Ok(())
}

/// `RTA_GATEWAY`, or `RTA_VIA` (family, address) where it is of another family than the route.
fn put_gateway(m: &mut Msg<'_>, family: u8, gateway: Option<IpAddr>) {
    match gateway {
        Some(gateway) if family_of(gateway) != family => {
            let via = u16::from(family_of(gateway)).to_ne_bytes();
            m.bytes(rta::VIA, &[&via, Octets::of(gateway).bytes()].concat());
        }
        Some(gateway) => put_addr(m, rta::GATEWAY, gateway),
        None => {}
    }
}

/// A hop of `RTA_MULTIPATH`: its head says how long it is with what follows, which is measured first.
fn put_hop(m: &mut Msg<'_>, family: u8, hop: &Hop, index: u32) {
    let measured = Batch::new(&mut []).message(RTM_NEWROUTE, Flags::empty(), 0, |m| put_gateway(m, family, hop.via));
    let Err(EncodeError::NoSpace { need, .. }) = measured else { return };
    let len = need.saturating_sub(MSG_HDRLEN).saturating_add(size_of::<RtNextHop>());
    let flags = if hop.onlink { RouteFlags::ONLINK } else { RouteFlags::empty() };
    m.fixed(&RtNextHop {
        len: u16::try_from(len).unwrap_or(u16::MAX).into(),
        flags: u8::try_from(flags.bits()).unwrap_or_default(),
        hops: hop.weight,
        index: i32::try_from(index).unwrap_or_default().into(),
    });
    put_gateway(m, family, hop.via);
}

/// The routes that match.
fn dump(conn: &mut Conn, filter: &Filter, oif: u32) -> netns_sys::Result<Vec<u8>> {
    let keep = |message: &Message<'_>| matches(filter, oif, &Route::parse(message)?);
    inet::dump(conn, RTM_GETROUTE, question(filter, oif), keep)
}

/// The question for the routes that match. The kernel (from 4.20 on) answers with no more than that; it is checked.
fn question(filter: &Filter, oif: u32) -> impl Fn(&mut Msg<'_>) {
    let header = RtMsg {
        family: filter.family.unwrap_or(af::UNSPEC),
        table: filter.table.and_then(|t| u8::try_from(t).ok()).unwrap_or_default(),
        protocol: filter.proto.unwrap_or_default(),
        kind: filter.kind.unwrap_or_default(),
        ..RtMsg::default()
    };
    let table = filter.table;
    move |m| {
        m.fixed(&header);
        table.into_iter().for_each(|t| m.u32(rta::TABLE, t));
        if oif != 0 {
            m.u32(rta::OIF, oif);
        }
    }
}

fn matches(filter: &Filter, oif: u32, route: &Route<'_>) -> std::result::Result<bool, DecodeError> {
    fn is<T: PartialEq>(want: Option<T>, have: impl FnOnce() -> Option<T>) -> bool {
        want.is_none() || want == have()
    }
    let header = route.header;
    let is_addr = |want: Option<IpAddr>, have: Option<&[u8]>| want.is_none_or(|w| have == Some(Octets::of(w).bytes()));
    let len = header.dst_len;
    let starts = |prefix: &Prefix, len: u8| match (got(route.dst()), prefix.addr.is_ipv4()) {
        (Some(dst), _) => inet::is_in(dst, &Prefix { addr: prefix.addr, len }),
        (None, v4) => len == 0 && (v4 == (header.family == af::INET) || prefix.len == 0),
    };
    Ok(matches!(header.family, af::INET | af::INET6)
        && !route.flags().contains(RouteFlags::ROUTE_CLONED)
        && is(filter.table, || got(route.table().map(Some)))
        && is(Some(oif).filter(|i| *i != 0), || got(route.oif()))
        && is(filter.proto, || Some(header.protocol))
        && is(filter.scope, || Some(header.scope))
        && is(filter.kind, || Some(header.kind))
        && is(filter.metric, || got(route.priority()))
        && is_addr(filter.via, got(route.gateway()).or(got(route.via()).map(|v| v.1)))
        && is_addr(filter.src, got(route.prefsrc()))
        && filter.root.as_ref().is_none_or(|p| len >= p.len && starts(p, p.len))
        && filter.around.as_ref().is_none_or(|p| len <= p.len && starts(p, len)))
}

/// The request to delete a route that was listed. What its next hop object says is not to be said again.
fn repeat(m: &mut Msg<'_>, found: &Message<'_>) {
    let Ok(route) = Route::parse(found) else { return };
    let nhid = got(route.nh_id()).is_some();
    m.fixed(route.header);
    for attr in route.attrs.flatten() {
        if !(nhid && matches!(attr.kind(), rta::GATEWAY | rta::VIA | rta::OIF | rta::MULTIPATH)) {
            m.bytes(attr.raw_kind(), attr.bytes());
        }
    }
}

fn show(session: &mut Session, filter: &Filter) -> Result<()> {
    let oif = index_or_0(session, filter.dev.as_ref())?;
    let links = Links::load(session.conn()?)?;
    let style = Style { links: &links, filter, details: session.options.details, oneline: session.options.oneline };
    let question = question(filter, oif);
    inet::stream(session, "list routes", RTM_GETROUTE, question, |out, message| {
        if matches(filter, oif, &Route::parse(message)?)? { style.show(out, message) } else { Ok(()) }
    })
}

fn get(session: &mut Session, lookup: &Lookup) -> Result<()> {
    let iif = index_or_0(session, lookup.iif.as_ref())?;
    let oif = index_or_0(session, lookup.oif.as_ref())?;
    let bits = |addr: IpAddr| if addr.is_ipv4() { 32 } else { 128 };
    // IPv6 answers with the table anyway, and refuses to be asked for it.
    let mut flags = RouteFlags::empty();
    flags.set(RouteFlags::ROUTE_LOOKUP_TABLE, lookup.dst.is_ipv4());
    flags.set(RouteFlags::ROUTE_FIB_MATCH, lookup.fib_match);
    let header = RtMsg {
        family: family_of(lookup.dst),
        dst_len: bits(lookup.dst),
        src_len: lookup.from.map_or(0, bits),
        tos: lookup.tos,
        flags: flags.bits().into(),
        ..RtMsg::default()
    };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        put_addr(m, rta::DST, lookup.dst);
        lookup.from.into_iter().for_each(|a| put_addr(m, rta::SRC, a));
        for (kind, value) in [(rta::IIF, iif), (rta::OIF, oif)] {
            if value != 0 {
                m.u32(kind, value);
            }
        }
        lookup.mark.into_iter().for_each(|v| m.u32(rta::MARK, v));
        lookup.uid.into_iter().for_each(|v| m.u32(rta::UID, v));
        lookup.ip_proto.into_iter().for_each(|v| m.u8(rta::IP_PROTO, v));
        lookup.sport.into_iter().for_each(|v| m.be16(rta::SPORT, v));
        lookup.dport.into_iter().for_each(|v| m.be16(rta::DPORT, v));
    };
    let conn = session.conn()?;
    let answer = conn.get(RTM_GETROUTE, fill, |m| Ok(m.bytes().to_vec()));
    let answer = answer.map_err(|e| Failure::of(&format!("find a route to {}", lookup.dst), &e))?;
    let links = Links::load(conn)?;
    let filter = Filter::default();
    let style =
        Style { links: &links, filter: &filter, details: session.options.details, oneline: session.options.oneline };
    done("show the route", inet::show(&mut session.out, &answer, |out, m| style.show(out, m)))
}

pub(super) fn event(
    out: &mut Out,
    message: &Message<'_>,
    links: &Links,
    options: &Options,
    dev: u32,
) -> std::result::Result<(), DecodeError> {
    let filter = Filter { dev: (dev != 0).then(OsString::new), ..Filter::default() };
    if message.kind() == RTM_DELROUTE {
        out.push("Deleted ");
    }
    Style { links, filter: &filter, details: options.details, oneline: options.oneline }.show(out, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::Messages;

    /// Kernels before 4.20 do not filter: what they send too much is left out here.
    #[test]
    fn what_the_kernel_did_not_filter_is() {
        let mut space = [0; 256];
        let mut batch = Batch::new(&mut space);
        let header = RtMsg { family: af::INET, dst_len: 16, protocol: rtprot::STATIC, ..RtMsg::default() };
        let header = RtMsg { table: 254, kind: rtn::UNICAST, ..header };
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&header);
            m.bytes(rta::DST, &[10, 2, 0, 0]);
            m.u32(rta::OIF, 3);
        };
        batch.message(RTM_NEWROUTE, Flags::empty(), 1, fill).unwrap();
        let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
        let route = Route::parse(&message).unwrap();
        let is = |line: &str, oif| {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let filter = filter(&mut Words::new(&words), &Options::default()).unwrap();
            matches(&filter, oif, &route).unwrap()
        };
        for line in
            ["", "table all", "proto static", "type unicast", "root 10.0.0.0/8", "match 10.2.3.4", "10.2.0.0/16"]
        {
            assert!(is(line, 0) && is(line, 3) && !is(line, 4), "{line}");
        }
        for line in
            ["table 7", "proto boot", "type local", "root 10.2.0.0/24", "match 10.3.0.1", "match ::1", "10.2.0.0/15"]
        {
            assert!(!is(line, 0), "{line}");
        }
    }
}

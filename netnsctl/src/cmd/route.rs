//! `route`: routes, what leads where.

mod encap;
mod filter;
mod show;
mod spec;

use super::inet::{self, Attr, Made, Net, address, got, index_or_0, tos};
use super::links::{self, Links, device};
use super::*;
use crate::grammar::{FAMILIES, Result as Parsed, Usage};
use crate::names;
use crate::out::Escaped;
pub(super) use encap::{parse as parse_encap, show_encap};
use filter::Filter;
use netns_sys::Errno;
use nl_core::route::{
    NhMsg, RTM_DELROUTE, RTM_GETNEXTHOP, RTM_GETROUTE, RTM_NEWROUTE, Route, RouteFlags, RtMsg, af, nha, rt_table, rta,
    rtn, via,
};
use nl_core::{Attrs, DecodeError, Flags, Message, Messages, Msg};
use show::Style;
pub(super) use show::{flags as show_flags, put_addr};
use spec::{PREFS, Spec, family_or, wants_help};
use std::os::unix::ffi::OsStrExt;

/// What `route` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make, change or delete one: the message's type and flags, and the route.
    Change(u16, Flags, Box<Spec>),
    /// Show those that match.
    Show(Box<Filter>),
    /// Delete those that match.
    Flush(Box<Filter>),
    /// Write those that match as the kernel sends them.
    Save(Box<Filter>),
    /// Make those that were saved.
    Restore,
    /// Show those that were saved.
    ShowDump,
    /// Ask which would be taken.
    Get(Box<Lookup>),
}

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    header: RtMsg,
    attrs: Vec<Attr>,
    iif: Option<OsString>,
    oif: Option<OsString>,
    /// `oif` has to be a VRF.
    vrf: bool,
    mark: u32,
    /// As a connected socket would.
    connected: bool,
    warning: Option<String>,
}

const HELP: &str = "\
Usage: netnsctl route { add | append | prepend | replace | change | delete | test } ROUTE
       netnsctl route [ show | flush | save ] [ FILTER ]
       netnsctl route { restore | showdump } < FILE
       netnsctl route get [ fibmatch ] [ to ] ADDRESS [ from ADDRESS ] [ iif NAME ] [ oif NAME | vrf NAME ] [ tos TOS ]
                [ mark MARK ] [ uid UID ] [ ipproto PROTO ] [ sport PORT ] [ dport PORT ] [ as ADDRESS ] [ notify ]
                [ connected ]
ROUTE  := [ TYPE ] { PREFIX | default } [ HOP | nhid ID | { nexthop HOP [ weight N ] }... ] [ from PREFIX ]
          [ src ADDRESS ] [ metric N ] [ table TABLE | vrf NAME ] [ proto PROTO ] [ scope SCOPE ] [ tos TOS ]
          [ expires SECONDS ] [ pref { low | medium | high } ] [ PATH [ lock ] N ]... [ congctl [ lock ] NAME ]
          [ features ecn ] [ ttl-propagate { enabled | disabled } ]
HOP    := [ encap TUNNEL ] [ as LABELS ] [ via [ FAMILY ] ADDRESS ] [ dev NAME ] [ onlink ] [ realms [ FROM/ ]TO ]
TUNNEL := mpls LABELS [ ttl N ] | { ip | ip6 } [ id N ] [ src ADDRESS ] [ dst ADDRESS ] [ { ttl | hoplimit } N ]
          [ { tos | tc } TOS ] [ key ] [ csum ] [ seq ] | seg6 mode MODE SEGMENTS | rpl segs ADDRESS,... |
          seg6local action ACTION [ { table | vrftable } TABLE ] [ { nh4 | nh6 } ADDRESS ] [ { iif | oif } NAME ]
          [ srh SEGMENTS ] [ flavors FLAVOR,... ] [ count ] | xfrm if_id N [ link_dev NAME ]
SEGMENTS := segs ADDRESS,... [ hmac KEY ]
FILTER := [ [ from ] [ root | match | exact ] PREFIX ] [ table { TABLE | all | cache } | vrf NAME ] [ cached ]
          [ { dev | iif } NAME ] [ proto PROTO ] [ scope SCOPE ] [ type TYPE ] [ tos TOS ] [ via [ FAMILY ] PREFIX ]
          [ src PREFIX ] [ metric N ] [ mark N ] [ realms [ FROM/ ]TO ]
TYPE   := unicast | local | broadcast | anycast | multicast | blackhole | unreachable | prohibit | throw
PATH   := mtu | window | rtt | rttvar | rto_min | ssthresh | cwnd | advmss | reordering | hoplimit | initcwnd |
          initrwnd | quickack | fastopen_no_cookie
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Flush,
    Save,
    Restore,
    ShowDump,
    Get,
    Help,
}

/// In the order of `ip`: of those that begin alike, the first is meant.
const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::EXCL))),
    ("change", Verb::Change(RTM_NEWROUTE, Flags::REPLACE)),
    ("replace", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::REPLACE))),
    ("prepend", Verb::Change(RTM_NEWROUTE, Flags::CREATE)),
    ("append", Verb::Change(RTM_NEWROUTE, Flags::CREATE.union(Flags::APPEND))),
    ("test", Verb::Change(RTM_NEWROUTE, Flags::EXCL)),
    ("delete", Verb::Change(RTM_DELROUTE, Flags::empty())),
    ("list", Verb::Show),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("get", Verb::Get),
    ("flush", Verb::Flush),
    ("save", Verb::Save),
    ("restore", Verb::Restore),
    ("showdump", Verb::ShowDump),
    ("help", Verb::Help),
];
const WHOLE_VERBS: &[Keyword<Verb>] = &[("chg", Verb::Change(RTM_NEWROUTE, Flags::REPLACE))];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = match words.try_words(WHOLE_VERBS, VERBS)? {
        Some(verb) => verb,
        None if words.is_end() => Verb::Show,
        None => words.verb("route", VERBS)?,
    };
    let boxed = |filter: Option<Filter>| filter.map(Box::new);
    let request = match verb {
        Verb::Help => None,
        Verb::Change(kind, flags) => {
            Spec::parse(words, options, kind)?.map(|spec| Request::Change(kind, flags, Box::new(spec)))
        }
        Verb::Show => boxed(Filter::parse(words, options)?).map(Request::Show),
        Verb::Save => boxed(Filter::parse(words, options)?).map(Request::Save),
        Verb::Flush if words.is_end() => {
            let usage = words.error("which routes? `table all` for all of them");
            return Err(usage.ip("\"ip route flush\" requires arguments.").ip_code(1));
        }
        Verb::Flush => boxed(Filter::parse(words, options)?).map(Request::Flush),
        Verb::Restore => Some(Request::Restore),
        Verb::ShowDump => Some(Request::ShowDump),
        Verb::Get => lookup(words, options)?.map(|lookup| Request::Get(Box::new(lookup))),
    };
    match request {
        Some(request) => Ok(Command::Route(request)),
        None if verb == Verb::Help || words.is_ip() || !words.is_end() => Ok(Command::Help(HELP)),
        None => Err(words.error("the destination is missing: a prefix, or `default`")),
    }
}

/// The words of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    To,
    From,
    As,
    Iif,
    Oif,
    Vrf,
    Tos,
    Mark,
    Notify,
    Connected,
    FibMatch,
    Uid,
    IpProto,
    Port(u16, &'static str),
}

/// Words that `ip` wants written out, and those it takes abbreviated, in its order.
const WHOLE: &[Keyword<Word>] = &[("to", Word::To), ("tos", Word::Tos), ("dev", Word::Oif), ("as", Word::As)];
const SHORT: &[Keyword<Word>] = &[
    ("dsfield", Word::Tos),
    ("from", Word::From),
    ("iif", Word::Iif),
    ("mark", Word::Mark),
    ("oif", Word::Oif),
    ("notify", Word::Notify),
    ("connected", Word::Connected),
    ("vrf", Word::Vrf),
    ("uid", Word::Uid),
    ("fibmatch", Word::FibMatch),
    ("sport", Word::Port(rta::SPORT, "invalid sport\n")),
    ("dport", Word::Port(rta::DPORT, "invalid dport\n")),
    ("ipproto", Word::IpProto),
];

fn lookup(words: &mut Words<'_>, options: &Options) -> Parsed<Option<Lookup>> {
    let header = RtMsg { family: options.family.unwrap_or_default(), ..RtMsg::default() };
    let mut lookup = Lookup {
        header,
        attrs: Vec::new(),
        iif: None,
        oif: None,
        vrf: false,
        mark: 0,
        connected: false,
        warning: None,
    };
    let (mut flags, mut has_dst, mut has_from) = (RouteFlags::empty(), false, false);
    let header = &mut lookup.header;
    while !words.is_end() {
        match words.try_words(WHOLE, SHORT)?.unwrap_or(Word::To) {
            word @ (Word::To | Word::From) => {
                if wants_help(words) {
                    return Ok(None);
                }
                let known = WHOLE.iter().chain(SHORT).map(|k| k.0);
                let dest = spec::destination(words, header.family, known)?;
                header.family = family_or(header.family, dest.family);
                let kind = if word == Word::To { rta::DST } else { rta::SRC };
                if !dest.addr.is_empty() {
                    lookup.attrs.push((kind, Made::Bytes(dest.addr)));
                }
                if word == Word::From {
                    (header.src_len, has_from) = (dest.len, true);
                    continue;
                }
                if has_dst && !words.is_ip() {
                    return Err(words.error_before("there is a destination already"));
                }
                has_dst = true;
                let all = inet::host_len(header.family);
                header.dst_len = all;
                if dest.len != all {
                    let said = format!("/{} as prefix is invalid, only /{all} (or none) is supported.", dest.len);
                    if !words.is_ip() {
                        return Err(words.error_before(said));
                    }
                    lookup.warning = Some(format!("Warning: {said}"));
                }
            }
            Word::As => {
                let _ = words.eat("to");
                let (family, addr) = address(words, "a new destination", header.family)?;
                header.family = family_or(header.family, family);
                lookup.attrs.push((rta::NEWDST, Made::Bytes(addr)));
            }
            Word::Iif => lookup.iif = Some(device(words, "the name of an interface")?.to_owned()),
            word @ (Word::Oif | Word::Vrf) => {
                lookup.oif = Some(device(words, "the name of an interface")?.to_owned());
                lookup.vrf |= word == Word::Vrf;
            }
            Word::Tos => header.tos = tos(words).map_err(|e| words.wrong(e, "TOS value is invalid\n"))?,
            Word::Mark => lookup.mark = words.uint("a mark").map_err(|e| words.wrong(e, "invalid mark value"))?,
            Word::Notify => flags |= RouteFlags::ROUTE_NOTIFY,
            Word::Connected => lookup.connected = true,
            Word::FibMatch => flags |= RouteFlags::ROUTE_FIB_MATCH,
            Word::Uid => {
                let uid: u32 = words.uint("a user id").map_err(|e| words.wrong(e, "invalid UID\n"))?;
                lookup.attrs.push((rta::UID, uid.into()));
            }
            Word::IpProto => {
                let proto = words.named("an IP protocol", &names::IP_PROTOS);
                let proto: u8 = proto.map_err(|e| words.wrong(e, "Invalid \"ipproto\" value\n"))?;
                lookup.attrs.push((rta::IP_PROTO, Made::Bytes(vec![proto])));
            }
            Word::Port(kind, says) => {
                let port: u16 = words.uint("a port").map_err(|e| words.wrong(e, says))?;
                lookup.attrs.push((kind, Made::Bytes(port.to_be_bytes().into())));
            }
        }
    }
    if !has_dst {
        let usage = words.error("the destination address is missing");
        return Err(usage.ip("need at least a destination address").ip_code(1));
    }
    lookup.connected &= !has_from;
    header.family = family_or(header.family, af::INET);
    // IPv6 answers with the table anyway, and refuses to be asked for it.
    flags.set(RouteFlags::ROUTE_LOOKUP_TABLE, header.family == af::INET);
    header.flags = flags.bits().into();
    Ok(Some(lookup))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, spec) => change(session, kind, flags, *spec),
        Request::Show(filter) => list(session, *filter),
        Request::Flush(filter) => flush(session, *filter),
        Request::Save(filter) => save(session, *filter),
        Request::Restore => restore(session),
        Request::ShowDump => show_saved(session),
        Request::Get(lookup) => get(session, *lookup),
    }
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: Spec) -> Result<()> {
    let verb = if kind == RTM_DELROUTE { "delete" } else { "set" };
    let task = session.task(|| format!("{verb} route {}", spec.dst()));
    let fill = spec.message(session)?;
    let filter = Filter::default();
    let links = if session.options.echo { Links::load(session.conn()?)? } else { Links::default() };
    let style = style(session, &links, &filter)?;
    inet::change(session, &task, kind, flags, fill, |out, message| style.show(out, message))
}

/// How to show routes, with the next hop objects there are, if they are to be shown.
fn style<'s>(session: &mut Session, links: &'s Links, filter: &'s Filter) -> Result<Style<'s>> {
    let mut style = Style::new(&session.options, links, filter);
    if session.options.details && !links.is_empty() {
        style.objects = objects(session.conn()?);
    }
    Ok(style)
}

/// Next hop objects by their ids.
pub(super) type Objects = Vec<(u32, Vec<u8>)>;

/// All there are; a kernel before 5.3 has none.
pub(super) fn objects(conn: &mut Conn) -> Objects {
    let each = |objects: &mut Objects, message: &Message<'_>| {
        objects.extend(object(message)?);
        Ok(())
    };
    conn.dump(RTM_GETNEXTHOP, |m| m.fixed(&NhMsg::default()), each).unwrap_or_default()
}

/// The one that `message` carries.
pub(super) fn object(message: &Message<'_>) -> std::result::Result<Option<(u32, Vec<u8>)>, DecodeError> {
    let (_, attrs) = message.fixed::<NhMsg>()?;
    let id = attrs.find(nha::ID).and_then(|a| a.u32().ok());
    Ok(id.map(|id| (id, message.bytes().to_vec())))
}

/// Shows what happened to a route, if that leads out of link `dev` (0: out of any).
pub(super) fn event(
    out: &mut Out,
    message: &Message<'_>,
    links: &Links,
    options: &Options,
    dev: u32,
    objects: &Objects,
) -> std::result::Result<(), DecodeError> {
    let mut filter = Filter::default();
    filter.oif_index = dev;
    let mut style = Style::new(options, links, &filter);
    let object = got(Route::parse(message)?.nh_id());
    style.objects.extend(objects.iter().find(|o| Some(o.0) == object).cloned());
    style.show(out, message)
}

fn list(session: &mut Session, mut filter: Filter) -> Result<()> {
    filter.resolve(session)?;
    let links = Links::load(session.conn()?)?;
    let style = style(session, &links, &filter)?;
    let shown = inet::try_stream(session, RTM_GETROUTE, filter.question(), |out, message| style.show(out, message))?;
    match shown {
        Err(error) if is_no_table(&filter, &error) => Ok(()),
        shown => inet::dumped("list routes", "Dump terminated", shown),
    }
}

/// Where nothing was ever in the main table, the kernel says that it is not there.
fn is_no_table(filter: &Filter, error: &Error) -> bool {
    filter.table == rt_table::MAIN && error.errno() == Some(Errno::ENOENT)
}

/// The routes that match.
fn dump(conn: &mut Conn, filter: &Filter) -> netns_sys::Result<Vec<u8>> {
    let found =
        inet::dump(conn, RTM_GETROUTE, filter.question(), |message| Ok(filter.matches(&Route::whole(message)?)));
    match found {
        Err(error) if is_no_table(filter, &error) => Ok(Vec::new()),
        found => found,
    }
}

fn flush(session: &mut Session, mut filter: Filter) -> Result<()> {
    filter.resolve(session)?;
    filter.spare_last = true;
    let family = filter.dump_family();
    let statistics = session.options.statistics;
    // As ip has it, also where JSON is asked for.
    session.out = Out::new(Format::Text, session.out.style());
    if filter.cloned && family != af::INET6 {
        flush_cache(session)?;
        if statistics > 0 {
            session.out.push("*** IPv4 routing cache is flushed.\n");
        }
        if family == af::INET {
            return Ok(());
        }
    }
    let links = if statistics > 1 { Links::load(session.conn()?)? } else { Links::default() };
    let style = Style::new(&session.options, &links, &filter);
    let (find, show) = (|conn: &mut Conn, _| dump(conn, &filter), |out: &mut Out, m: &Message<'_>| style.show(out, m));
    inet::flush(session, "flush routes", "entries", RTM_DELROUTE, find, repeat, show).map_err(|failure| {
        let said = failure.ip.clone().unwrap_or_default();
        failure.ip(format!("{said}\nFlush terminated"))
    })
}

fn flush_cache(session: &mut Session) -> Result<()> {
    const FILE: &str = "/proc/sys/net/ipv4/route/flush";
    if session.options.dry_run {
        session.would(&format!("write -1 to {FILE}"));
        return Ok(());
    }
    let write = || std::fs::write(FILE, "-1");
    let written = match session.options.ns.clone() {
        None => write(),
        Some(name) => done("flush the cache", session.open(&name).and_then(|ns| ns.run(write)))?,
    };
    written.map_err(|e| Failure::new(code::FAILED, format!("cannot write {FILE}: {e}")))
}

/// The request to delete a route that was listed. What its next hop object says is not to be said again.
fn repeat(m: &mut Msg<'_>, found: &Message<'_>) {
    let Ok(route) = Route::whole(found) else { return };
    let nhid = got(route.nh_id()).is_some();
    m.fixed(route.header);
    for attr in route.attrs.flatten() {
        if !(nhid && matches!(attr.kind(), rta::GATEWAY | rta::VIA | rta::OIF | rta::MULTIPATH)) {
            m.bytes(attr.raw_kind(), attr.bytes());
        }
    }
}

fn get(session: &mut Session, lookup: Lookup) -> Result<()> {
    lookup.warning.iter().for_each(|w| session.warn(w));
    let iif = index_or_0(session, lookup.iif.as_ref())?;
    let oif = match &lookup.oif {
        Some(name) if lookup.vrf => links::vrf(session.conn()?, name)?.0,
        name => index_or_0(session, name.as_ref())?,
    };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&lookup.header);
        Made::write(m, &lookup.attrs);
        for (kind, value) in [(rta::IIF, iif), (rta::OIF, oif), (rta::MARK, lookup.mark)] {
            if value != 0 {
                m.u32(kind, value);
            }
        }
    };
    let dst = lookup.attrs.iter().find(|a| a.0 == rta::DST).map(|a| a.1.clone());
    let dst = match &dst {
        Some(Made::Bytes(dst)) => Net(Some(dst), lookup.header.dst_len).to_string(),
        _ => "default".into(),
    };
    let filter = Filter::any();
    let links = Links::load(session.conn()?)?;
    let style = style(session, &links, &filter)?;
    for again in [true, false] {
        let answer = session.conn()?.get(RTM_GETROUTE, fill, |m| Ok(m.bytes().to_vec()));
        let answer = answer.map_err(|e| Failure::of(&format!("find a route to {dst}"), &e))?;
        done("show the route", inet::show(&mut session.out, &answer, |out, message| style.show(out, message)))?;
        let route = Messages::new(&answer).next().and_then(|m| Route::whole(&m.ok()?).ok());
        let has_source = route.is_some_and(|r| r.attrs.find(rta::PREFSRC).or(r.attrs.find(rta::SRC)).is_some());
        if !again || !lookup.connected {
            break;
        }
        if !has_source {
            return Err(
                Failure::new(code::FAILED, "the answer has no source address").ip("Failed to connect the route")
            );
        }
    }
    Ok(())
}

/// What a file of saved routes begins with.
const MAGIC: u32 = 0x4531_1224;

fn save(session: &mut Session, mut filter: Filter) -> Result<()> {
    filter.resolve(session)?;
    let found = inet::dumped("list routes", "Dump terminated", dump(session.conn()?, &filter))?;
    inet::save("save routes", MAGIC, &found)
}

fn saved() -> Result<Vec<u8>> {
    inet::saved("restore route dump", MAGIC, RTM_NEWROUTE, [code::FAILED, code::KERNEL])
}

/// Makes what was saved: local addresses first, then networks on links, then what leads through these.
fn restore(session: &mut Session) -> Result<()> {
    let saved = saved()?;
    for pass in 0..3 {
        for message in Messages::new(&saved).flatten() {
            let Ok(route) = Route::whole(&message) else { continue };
            let (src, dst) = (got(route.prefsrc()), got(route.dst()));
            let when = match got(route.gateway()) {
                Some(_) => 2,
                None if src.is_none() || src == dst => 0,
                None => 1,
            };
            if when != pass {
                continue;
            }
            let flags = message.flags() | Flags::CREATE;
            match session.conn()?.request(RTM_NEWROUTE, flags, |m| m.raw(message.payload())) {
                // It is there: so much the better.
                Err(error) if error.errno() == Some(Errno::EEXIST) => {}
                result => drop(done("restore a route", result)?),
            }
        }
    }
    Ok(())
}

fn show_saved(session: &mut Session) -> Result<()> {
    let saved = saved()?;
    session.out = Out::new(Format::Text, session.out.style());
    let filter = Filter::default();
    let links = Links::load(session.conn()?)?;
    let style = style(session, &links, &filter)?;
    done("show routes", inet::show(&mut session.out, &saved, |out, message| style.show(out, message)))
}

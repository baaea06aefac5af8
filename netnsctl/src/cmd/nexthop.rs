//! `nexthop`: next hop objects, and groups of them, which routes lead through.

use super::inet::{self, Attr, Look, Made, address, general, got, put_dev};
use super::links::{self, Links, device};
use super::route::{parse_encap, put_addr, show_encap, show_flags};
use super::*;
use crate::grammar::{Bounded, FAMILIES, Result as Parsed};
use crate::names;
use crate::out::{Escaped, Value};
use nl_core::route::{
    NextHopObject, NhMsg, RTM_DELNEXTHOP, RTM_DELNEXTHOPBUCKET, RTM_GETNEXTHOP, RTM_GETNEXTHOPBUCKET, RTM_NEWNEXTHOP,
    RouteFlags, nexthop_grp_type, nha, nha_res_bucket, nha_res_group, rt_scope, rtprot,
};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Attrs, DecodeError, Message, Messages, Msg};
use std::os::unix::ffi::OsStrExt;

/// What `nexthop` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make, change or delete one: the message's type and flags, and what it says.
    Change(u16, Flags, Spec),
    /// Show what there is of this type of message (next hops, buckets) and matches.
    Show(u16, Filter),
    /// Delete those that match; all: groups first.
    Flush(Filter, bool),
    /// Delete the one with this id.
    Delete(u32),
    /// Ask for one, or a bucket of it: the message's type, and what it says.
    Get(u16, Spec),
}

/// What a message says: header and attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    header: NhMsg,
    attrs: Vec<Attr>,
}

/// Which ones: the question to the kernel, and who made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    question: Spec,
    proto: Option<u8>,
}

const HELP: &str = "\
Usage: netnsctl nexthop { add | replace } id ID { HOP | GROUP } [ fdb ] [ proto PROTO ]
       netnsctl nexthop { delete | get } id ID
       netnsctl nexthop [ show | flush ] [ id ID | [ dev NAME ] [ master NAME | vrf NAME ] [ groups ] [ fdb ] [ proto N ] ]
       netnsctl nexthop bucket [ show ] [ id ID ] [ nhid ID ] [ dev NAME ] [ master NAME | vrf NAME ]
       netnsctl nexthop bucket get id ID index N
HOP   := blackhole | [ via [ FAMILY ] ADDRESS ] [ dev NAME ] [ onlink ] [ encap TUNNEL ] (see `netnsctl route help`)
GROUP := group ID[,WEIGHT][/ID[,WEIGHT]]... [ type { mpath | resilient RESILIENT } ]
RESILIENT := [ buckets N ] [ idle_timer SECONDS ] [ unbalanced_timer SECONDS ]
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Get,
    Flush,
    Bucket,
    Help,
}

/// In the order of `ip`: of those that begin alike, the first is meant.
const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWNEXTHOP, Flags::CREATE.union(Flags::EXCL))),
    ("replace", Verb::Change(RTM_NEWNEXTHOP, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELNEXTHOP, Flags::empty())),
    ("list", Verb::Show),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("get", Verb::Get),
    ("flush", Verb::Flush),
    ("bucket", Verb::Bucket),
    ("help", Verb::Help),
];
const BUCKET_VERBS: &[Keyword<Verb>] =
    &[("list", Verb::Show), ("show", Verb::Show), ("lst", Verb::Show), ("get", Verb::Get), ("help", Verb::Help)];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let header = NhMsg { family: options.family.unwrap_or_default(), ..NhMsg::default() };
    let mut verb = |verbs| if words.is_end() { Ok(Verb::Show) } else { words.verb("nexthop", verbs) };
    let (verb, bucket) = match verb(VERBS)? {
        Verb::Bucket => (verb(BUCKET_VERBS)?, true),
        verb => (verb, false),
    };
    let request = match verb {
        Verb::Change(kind, flags) => spec(words, header)?.map(|spec| Request::Change(kind, flags, spec)),
        Verb::Get => get(words, header, bucket)?,
        Verb::Show | Verb::Flush => filter(words, header, verb == Verb::Flush, bucket)?,
        Verb::Bucket | Verb::Help => None,
    };
    Ok(request.map_or(Command::Help(HELP), Command::Nexthop))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Id,
    Index,
    Nhid,
    Dev,
    Master,
    Vrf,
    Via,
    Encap,
    Flag(u16),
    Onlink,
    Group,
    Type,
    Proto,
    Help,
}

/// Words of a next hop that `ip` wants written out, and those it takes abbreviated.
const WHOLE: &[Keyword<Word>] = &[
    ("id", Word::Id),
    ("dev", Word::Dev),
    ("via", Word::Via),
    ("encap", Word::Encap),
    ("blackhole", Word::Flag(nha::BLACKHOLE)),
    ("fdb", Word::Flag(nha::FDB)),
    ("onlink", Word::Onlink),
    ("group", Word::Group),
    ("type", Word::Type),
    ("help", Word::Help),
];
const SHORT: &[Keyword<Word>] = &[("protocol", Word::Proto)];

/// The same of a filter of next hops, and of one of buckets.
const WHOLE_FILTER: &[Keyword<Word>] = &[("id", Word::Id)];
const SHORT_FILTER: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("groups", Word::Flag(nha::GROUPS)),
    ("master", Word::Master),
    ("vrf", Word::Vrf),
    ("protocol", Word::Proto),
    ("fdb", Word::Flag(nha::FDB)),
    ("help", Word::Help),
];
const WHOLE_BUCKET: &[Keyword<Word>] = &[("id", Word::Id), ("nhid", Word::Nhid)];
const SHORT_BUCKET: &[Keyword<Word>] =
    &[("dev", Word::Dev), ("master", Word::Master), ("vrf", Word::Vrf), ("help", Word::Help)];

/// Takes one of these words.
fn word(words: &mut Words<'_>, whole: &[Keyword<Word>], short: &[Keyword<Word>]) -> Parsed<Word> {
    words.keyword_of("a word of a next hop", whole, short).map_err(|e| words.wrong(e, ""))
}

fn number<T: TryFrom<u64> + Bounded>(words: &mut Words<'_>, what: &str, says: &str) -> Parsed<T> {
    words.uint(what).map_err(|e| words.wrong(e, says))
}

fn id(words: &mut Words<'_>) -> Parsed<u32> {
    number(words, "an id", "invalid id value")
}

fn link(words: &mut Words<'_>) -> Parsed<Made> {
    Ok(Made::Link(device(words, "the name of an interface")?.to_owned()))
}

fn spec(words: &mut Words<'_>, mut header: NhMsg) -> Parsed<Option<Spec>> {
    let mut attrs = Vec::new();
    while !words.is_end() {
        let mut family = None;
        match word(words, WHOLE, SHORT)? {
            Word::Id => attrs.push((nha::ID, id(words)?.into())),
            Word::Dev => {
                attrs.push((nha::OIF, link(words)?));
                family = Some(AF_INET);
            }
            Word::Via => {
                let said = FAMILIES.iter().find(|f| words.eat(f.0)).map_or(header.family, |f| f.1);
                let (other, addr) = address(words, "a gateway", said)?;
                if !matches!(header.family, af::UNSPEC) && header.family != other {
                    let usage = words.error_before("it is of another family than the next hop");
                    return Err(words.wrong(usage, "address family mismatch\n"));
                }
                family = Some(other);
                attrs.push((nha::GATEWAY, Made::Bytes(addr)));
            }
            Word::Encap => attrs.extend(parse_encap(words, nha::ENCAP, nha::ENCAP_TYPE)?),
            Word::Flag(kind) => {
                attrs.push((kind, Made::Bytes(Vec::new())));
                family = Some(AF_INET).filter(|_| kind == nha::BLACKHOLE);
            }
            Word::Onlink => header.flags = RouteFlags::ONLINK.bits().into(),
            Word::Group => attrs.push((nha::GROUP, Made::Bytes(group(words)?))),
            Word::Type => attrs.extend(group_type(words)?),
            Word::Proto => {
                let proto = words.named("a protocol", &names::PROTOS);
                header.protocol = proto.map_err(|e| words.wrong(e, "\"protocol\" value is invalid\n"))?;
            }
            _ => return Ok(None),
        }
        if header.family == af::UNSPEC {
            header.family = family.unwrap_or_default();
        }
    }
    Ok(Some(Spec { header, attrs }))
}

/// Takes the members of a group: each its id and its weight less one, as `struct nexthop_grp`.
fn group(words: &mut Words<'_>) -> Parsed<Vec<u8>> {
    let word = words.need("the members of a group")?.to_str().unwrap_or_default();
    let number = |text: &str| grammar::number(text, words.is_ip()).and_then(|n| u32::try_from(n).ok());
    let mut bytes = Vec::new();
    for member in word.split('/') {
        let (id, weight) = member.split_once(',').unwrap_or((member, "1"));
        let Some(id) = number(id) else {
            let usage = words.error_before(format!("{word:?} is not a group: ID[,WEIGHT][/ID[,WEIGHT]]..."));
            return Err(words.wrong(usage, "\"group\" value is invalid\n"));
        };
        let less = number(weight).and_then(|w| u8::try_from(w.checked_sub(1)?).ok());
        let less = less.ok_or_else(|| {
            let said = format!("Error: argument \"{}\" is wrong: \"weight\" is invalid\n", Escaped(weight.as_bytes()));
            words.error_before(format!("{weight:?} is not a weight from 1 to 256")).ip(said)
        })?;
        bytes.extend(id.to_ne_bytes().into_iter().chain([less, 0, 0, 0]));
    }
    Ok(bytes)
}

fn group_type(words: &mut Words<'_>) -> Parsed<Vec<Attr>> {
    const KINDS: &[Keyword<u16>] = &[("mpath", nexthop_grp_type::MPATH), ("resilient", nexthop_grp_type::RES)];
    /// Word, attribute, and what is wrong with a value that is none.
    const SETTINGS: &[(&str, u16, &str)] = &[
        ("buckets", nha_res_group::BUCKETS, "invalid buckets value"),
        ("idle_timer", nha_res_group::IDLE_TIMER, "invalid idle timer value"),
        ("unbalanced_timer", nha_res_group::UNBALANCED_TIMER, "invalid unbalanced timer value"),
    ];
    let kind =
        words.keyword_of("a type of group", KINDS, &[]).map_err(|e| words.wrong(e, "\"type\" value is invalid\n"))?;
    let mut attrs = Vec::new();
    if kind == nexthop_grp_type::RES && !words.is_end() {
        let mut settings: Vec<Attr> = Vec::new();
        while let Some((_, attr, says)) = SETTINGS.iter().find(|s| words.eat(s.0)) {
            let made = if *attr == nha_res_group::BUCKETS {
                Made::Bytes(number::<u16>(words, "a number of buckets", says)?.to_ne_bytes().into())
            } else {
                let seconds = words.number("a number of seconds", 0..=u64::from(u32::MAX / 100 - 1));
                let hundredths = seconds.map_err(|e| words.wrong(e, says))?.saturating_mul(100);
                u32::try_from(hundredths).unwrap_or(u32::MAX).into()
            };
            settings.push((*attr, made));
        }
        attrs.push((nha::RES_GROUP | NLA_F_NESTED, Made::Nest(settings)));
    }
    attrs.push((nha::GROUP_TYPE, Made::Bytes(kind.to_ne_bytes().into())));
    Ok(attrs)
}

/// Takes which one to get; `None`: that does not become clear.
fn get(words: &mut Words<'_>, header: NhMsg, bucket: bool) -> Parsed<Option<Request>> {
    let whole: &[Keyword<Word>] =
        if bucket { &[("id", Word::Id), ("index", Word::Index)] } else { &[("id", Word::Id)] };
    let (mut wanted, mut index) = (0, None);
    while !words.is_end() {
        match words.try_words(whole, &[])? {
            Some(Word::Id) => wanted = id(words)?,
            Some(_) => index = Some(number::<u16>(words, "a number", "invalid bucket index value")?),
            None => return Ok(None),
        }
    }
    if wanted == 0 || bucket && index.is_none() {
        return Ok(None);
    }
    Ok(Some(one(header, wanted, index)))
}

/// The question for the next hop with this id, or for a bucket of it.
fn one(header: NhMsg, id: u32, index: Option<u16>) -> Request {
    let mut attrs = vec![(nha::ID, id.into())];
    attrs.extend(index.map(|index| {
        let index = Made::Bytes(index.to_ne_bytes().into());
        (nha::RES_BUCKET | NLA_F_NESTED, Made::Nest(vec![(nha_res_bucket::INDEX, index)]))
    }));
    Request::Get(if index.is_some() { RTM_GETNEXTHOPBUCKET } else { RTM_GETNEXTHOP }, Spec { header, attrs })
}

fn filter(words: &mut Words<'_>, header: NhMsg, flush: bool, bucket: bool) -> Parsed<Option<Request>> {
    let all = words.is_end();
    let (mut attrs, mut proto) = (Vec::new(), None);
    let (whole, short) = if bucket { (WHOLE_BUCKET, SHORT_BUCKET) } else { (WHOLE_FILTER, SHORT_FILTER) };
    while !words.is_end() {
        match word(words, whole, short)? {
            Word::Id if bucket => attrs.push((nha::ID, id(words)?.into())),
            Word::Id => {
                let id = id(words)?;
                return Ok(Some(if flush { Request::Delete(id) } else { one(header, id, None) }));
            }
            Word::Nhid => {
                let nhid = (nha_res_bucket::NH_ID, id(words)?.into());
                attrs.push((nha::RES_BUCKET | NLA_F_NESTED, Made::Nest(vec![nhid])));
            }
            Word::Dev => attrs.push((nha::OIF, link(words)?)),
            Word::Master => attrs.push((nha::MASTER, link(words)?)),
            Word::Vrf => attrs.push((nha::MASTER, Made::Vrf(words.need("the name of a VRF")?.to_owned()))),
            Word::Flag(kind) => attrs.push((kind, Made::Bytes(Vec::new()))),
            Word::Proto if words.is_ip() => {
                let number: u32 = number(words, "a protocol", "invalid protocol value")?;
                // Over 255: one that there cannot be.
                proto = Some(u8::try_from(number).unwrap_or(u8::MAX)).filter(|p| *p != 0);
            }
            Word::Proto => proto = Some(words.named("a protocol", &names::PROTOS)?),
            _ => return Ok(None),
        }
    }
    let filter = Filter { question: Spec { header, attrs }, proto };
    Ok(Some(match (flush, bucket) {
        (true, _) => Request::Flush(filter, all),
        (_, true) => Request::Show(RTM_GETNEXTHOPBUCKET, filter),
        (_, false) => Request::Show(RTM_GETNEXTHOP, filter),
    }))
}

impl Spec {
    /// Asks for the numbers behind the names.
    fn resolve(&mut self, session: &mut Session) -> Result<()> {
        for (_, made) in &mut self.attrs {
            *made = match made {
                Made::Link(name) => {
                    let index = inet::index(session, name);
                    let word = Escaped(name.as_bytes());
                    let said = format!("Error: argument \"{word}\" is wrong: Device does not exist\n");
                    index.map_err(|f| f.ip(said).code(code::USAGE))?.into()
                }
                Made::Vrf(name) => links::vrf(session.conn()?, name)?.0.into(),
                _ => continue,
            };
        }
        Made::resolve(session, &mut self.attrs)
    }

    fn write(&self, m: &mut Msg<'_>) {
        m.fixed(&self.header);
        Made::write(m, &self.attrs);
    }
}

impl Filter {
    fn matches(&self, message: &Message<'_>) -> std::result::Result<bool, DecodeError> {
        let (header, _) = message.fixed::<NhMsg>()?;
        Ok(self.proto.is_none_or(|p| p == header.protocol))
    }
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, mut spec) => {
            spec.resolve(session)?;
            let verb = if kind == RTM_DELNEXTHOP { "delete" } else { "set" };
            let links = if session.options.echo { Links::load(session.conn()?)? } else { Links::default() };
            let look = Look::new(&session.options, &links);
            let task = format!("{verb} a next hop");
            inet::change(session, &task, kind, flags, |m| spec.write(m), |out, m| show_line(out, look, m))
        }
        Request::Show(kind, mut filter) => {
            filter.question.resolve(session)?;
            let links = Links::load(session.conn()?)?;
            let look = Look::new(&session.options, &links);
            let fill = |m: &mut Msg<'_>| filter.question.write(m);
            inet::stream(session, "list next hops", kind, fill, |out, message| match filter.matches(message)? {
                true => show_line(out, look, message),
                false => Ok(()),
            })
        }
        Request::Get(kind, spec) => {
            let answer = session.conn()?.get(kind, |m| spec.write(m), |m| Ok(m.bytes().to_vec()));
            let answer = done("get a next hop", answer)?;
            let links = Links::load(session.conn()?)?;
            let look = Look::new(&session.options, &links);
            done("show the next hop", inet::show(&mut session.out, &answer, |out, m| show_line(out, look, m)))
        }
        Request::Delete(id) => {
            let deleted = session.conn()?.request(RTM_DELNEXTHOP, Flags::empty(), |m| delete(m, id));
            done("delete a next hop", deleted).map(drop).map_err(|f| f.code(code::FAILED))
        }
        Request::Flush(filter, all) => flush(session, filter, all),
    }
}

fn delete(m: &mut Msg<'_>, id: u32) {
    m.fixed(&NhMsg::default());
    m.u32(nha::ID, id);
}

fn flush(session: &mut Session, mut filter: Filter, all: bool) -> Result<()> {
    filter.question.resolve(session)?;
    let conn = session.conn()?;
    let mut count = 0_usize;
    // Groups first: they would go with their members.
    for groups in [true, false] {
        if groups && !all {
            continue;
        }
        let fill = |m: &mut Msg<'_>| {
            filter.question.write(m);
            if groups {
                m.flag(nha::GROUPS);
            }
        };
        let found = inet::dump(conn, RTM_GETNEXTHOP, fill, |message| filter.matches(message));
        let found = inet::dumped("list next hops", "Dump terminated. Failed to flush nexthops", found)?;
        let write = |m: &mut Msg<'_>, found: &Message<'_>| {
            let id = NextHopObject::parse(found).ok().and_then(|o| got(o.id()));
            delete(m, id.unwrap_or_default());
        };
        let gone = inet::delete(conn, "flush next hops", RTM_DELNEXTHOP, &found, write)?;
        count = count.saturating_add(Messages::new(&found).count()).saturating_sub(gone);
    }
    session.out = Out::new(Format::Text, session.out.style());
    match count {
        0 => session.out.push("Nothing to flush\n"),
        _ => session.out.text(format_args!("Flushed {count} nexthops\n")),
    }
    Ok(())
}

/// Shows what happened to a next hop, or to a bucket.
pub(super) fn event(
    out: &mut Out,
    message: &Message<'_>,
    links: &Links,
    options: &Options,
) -> std::result::Result<(), DecodeError> {
    show_line(out, Look::new(options, links), message)
}

fn show_line(out: &mut Out, look: Look<'_>, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
    show(out, "", look, message)?;
    out.push("\n");
    Ok(())
}

/// Shows the next hop, or the bucket, that `message` carries, as member `key`.
pub(super) fn show(
    out: &mut Out,
    key: &str,
    look: Look<'_>,
    message: &Message<'_>,
) -> std::result::Result<(), DecodeError> {
    let hop = NextHopObject::parse(message)?;
    out.object(key, |out| {
        if matches!(message.kind(), RTM_DELNEXTHOP | RTM_DELNEXTHOPBUCKET) {
            out.field("deleted", true, format_args!("Deleted "));
        }
        if let Some(id) = got(hop.id()) {
            out.number("id", "id ", id);
        }
        match got(hop.res_bucket()) {
            Some(bucket) => show_bucket(out, &bucket),
            None => show_hop(out, look, &hop),
        }
        show_flags(out, hop.header.flags.get());
        if got(hop.fdb()).is_some() {
            out.field("fdb", Value::Null, format_args!("fdb"));
        }
    });
    Ok(())
}

fn show_hop(out: &mut Out, look: Look<'_>, hop: &NextHopObject<'_>) {
    let header = hop.header;
    if let Some(group) = got(hop.group()) {
        show_group(out, group);
    }
    match got(hop.group_type()) {
        None | Some(nexthop_grp_type::MPATH) => {}
        Some(nexthop_grp_type::RES) => out.string("type", "type ", "resilient"),
        Some(_) => out.string("type", "type ", "<unknown type>"),
    }
    if let Some(settings) = got(hop.res_group()) {
        let find = |kind| settings.find(kind);
        let timer = |kind| find(kind).and_then(|a| a.u32().ok()).unwrap_or_default().into();
        out.object("resilient_args", |out| {
            let buckets = find(nha_res_group::BUCKETS).and_then(|a| a.u16().ok());
            out.number("buckets", "buckets ", buckets.unwrap_or_default());
            put_time(out, "idle_timer", timer(nha_res_group::IDLE_TIMER));
            put_time(out, "unbalanced_timer", timer(nha_res_group::UNBALANCED_TIMER));
            let time = find(nha_res_group::UNBALANCED_TIME).and_then(|a| a.u64().ok());
            put_time(out, "unbalanced_time", time.unwrap_or_default());
        });
    }
    show_encap(out, look, got(hop.encap_type()), got(hop.encap()));
    if let Some(gateway) = got(hop.gateway()) {
        put_addr(out, "gateway", "via ", header.family, gateway);
    }
    if let Some(oif) = got(hop.oif()) {
        put_dev(out, "dev", "dev ", look.links, oif);
    }
    if header.scope != rt_scope::UNIVERSE || look.details {
        let scope = out.named(header.scope, &names::SCOPES);
        out.code("scope", "scope ", scope);
    }
    if got(hop.blackhole()).is_some() {
        out.field("blackhole", Value::Null, format_args!("blackhole "));
    }
    if header.protocol != rtprot::UNSPEC || look.details {
        let proto = out.named(header.protocol, &names::PROTOS);
        out.code("protocol", "proto ", proto);
    }
}

fn show_group(out: &mut Out, group: &[u8]) {
    out.push("group ");
    out.list("group", |out| {
        for (i, member) in group.chunks_exact(8).enumerate() {
            let [a, b, c, d, low, high, ..] = *member else { continue };
            let (id, less) = (u32::from_ne_bytes([a, b, c, d]), u16::from_le_bytes([low, high]));
            out.object("", |out| {
                out.field("id", id, format_args!("{}{id}", if i == 0 { "" } else { "/" }));
                if less != 0 {
                    let weight = u32::from(less).saturating_add(1);
                    out.field("weight", weight, format_args!(",{weight}"));
                }
            });
        }
    });
    out.push(" ");
}

fn show_bucket(out: &mut Out, bucket: &Attrs<'_>) {
    let find = |kind| bucket.find(kind);
    out.object("bucket", |out| {
        if let Some(index) = find(nha_res_bucket::INDEX).and_then(|a| a.u16().ok()) {
            out.number("index", "index ", index);
        }
        if let Some(time) = find(nha_res_bucket::IDLE_TIME).and_then(|a| a.u64().ok()) {
            put_time(out, "idle_time", time);
        }
        if let Some(id) = find(nha_res_bucket::NH_ID).and_then(|a| a.u32().ok()) {
            out.number("nhid", "nhid ", id);
        }
    });
}

/// A time in 1/100 s, in seconds.
fn put_time(out: &mut Out, key: &str, hundredths: u64) {
    let text = general(f64::from(u32::try_from(hundredths).unwrap_or(u32::MAX)) / 100.0);
    out.field(key, Value::Number(&text), format_args!("{key} {text} "));
}

//! `addr`: addresses of links.

use super::inet::{self, Named, got, index_or_0, put, put_addr};
use super::link::show::{Context, ext_mask};
use super::links::{Links, device, index_of};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of, show as quoted};
use crate::names;
use crate::out::Escaped;
use nl_core::route::{
    Addr, AddrFlags, IfAddrMsg, IfInfoMsg, IfaCacheInfo, Link, LinkFlags, RTM_DELADDR, RTM_GETADDR, RTM_GETLINK,
    RTM_NEWADDR, af, ifa, ifaprot, ifla, info, rt_scope, rtext_filter,
};
use nl_core::{Flags, Message, Messages, Msg};
use std::net::{IpAddr, Ipv4Addr};

/// What `addr` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Add, change or delete one: the message's type and flags, and the address.
    Change(u16, Flags, Box<Spec>),
    /// Show those that match.
    Show(Filter),
    /// Delete those that match.
    Flush(Filter),
}

/// An address that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    local: Prefix,
    /// The other end's; `None`: the same, and not sent.
    peer: Option<IpAddr>,
    dev: OsString,
    broadcast: Option<IpAddr>,
    anycast: Option<IpAddr>,
    label: Option<OsString>,
    scope: u8,
    flags: AddrFlags,
    /// Seconds it is preferred and valid.
    lifetimes: Option<(u32, u32)>,
    metric: Option<u32>,
    proto: Option<u8>,
}

/// Which addresses: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    family: Option<u8>,
    dev: Option<OsString>,
    scope: Option<u8>,
    to: Option<Prefix>,
    /// A pattern with `*` and `?`.
    label: Option<OsString>,
    up: bool,
    master: Option<OsString>,
    no_master: bool,
    kind: Option<OsString>,
    /// Of the flags in `mask`, just these are set.
    flags: AddrFlags,
    mask: AddrFlags,
}

const HELP: &str = "\
Usage: netnsctl addr { add | change | replace | delete } ADDRESS[/LENGTH] dev NAME [ peer ADDRESS[/LENGTH] ]
                [ broadcast { ADDRESS | + | - } ] [ anycast ADDRESS ] [ label LABEL ] [ scope SCOPE ] [ metric N ]
                [ proto PROTO ] [ valid_lft LIFETIME ] [ preferred_lft LIFETIME ]
                [ home | nodad | mngtmpaddr | noprefixroute | autojoin ]...
       netnsctl addr [ show ] [ [ dev ] NAME ] [ FILTER ]
       netnsctl addr flush [ dev NAME ] [ FILTER ]
FILTER   := [ scope SCOPE ] [ to PREFIX ] [ label PATTERN ] [ up ] [ master NAME | nomaster ] [ type KIND ]
            [ [ - ]{ permanent | dynamic | secondary | primary | temporary | deprecated | tentative | dadfailed |
            optimistic | home | nodad | mngtmpaddr | noprefixroute | autojoin | stable-privacy } ]...
SCOPE    := global | site | link | host | NUMBER
LIFETIME := forever | SECONDS
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Flush,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWADDR, Flags::CREATE.union(Flags::EXCL))),
    ("change", Verb::Change(RTM_NEWADDR, Flags::REPLACE)),
    ("chg", Verb::Change(RTM_NEWADDR, Flags::REPLACE)),
    ("replace", Verb::Change(RTM_NEWADDR, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELADDR, Flags::empty())),
    ("show", Verb::Show),
    ("list", Verb::Show),
    ("lst", Verb::Show),
    ("flush", Verb::Flush),
    ("help", Verb::Help),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.keyword("a command", VERBS)? };
    Ok(Command::Addr(match verb {
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Change(kind, flags) => Request::Change(kind, flags, Box::new(spec(words, options, kind)?)),
        Verb::Show => Request::Show(filter(words, options)?),
        Verb::Flush if words.is_end() => return Err(words.error("which addresses? `dev NAME` for those of a link")),
        Verb::Flush => Request::Flush(filter(words, options)?),
    }))
}

/// The words of an address and of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Local,
    Peer,
    Broadcast,
    Anycast,
    Dev,
    Label,
    Scope,
    Metric,
    Proto,
    Valid,
    Preferred,
    To,
    Up,
    Master,
    NoMaster,
    Type,
    /// With the flag, whether it is to be set.
    Flag(AddrFlags, bool),
}

const SPEC: &[Keyword<Word>] = &[
    ("local", Word::Local),
    ("peer", Word::Peer),
    ("remote", Word::Peer),
    ("broadcast", Word::Broadcast),
    ("brd", Word::Broadcast),
    ("anycast", Word::Anycast),
    ("dev", Word::Dev),
    ("label", Word::Label),
    ("scope", Word::Scope),
    ("metric", Word::Metric),
    ("priority", Word::Metric),
    ("preference", Word::Metric),
    ("proto", Word::Proto),
    ("valid_lft", Word::Valid),
    ("preferred_lft", Word::Preferred),
    ("home", Word::Flag(AddrFlags::HOMEADDRESS, true)),
    ("nodad", Word::Flag(AddrFlags::NODAD, true)),
    ("mngtmpaddr", Word::Flag(AddrFlags::MANAGETEMPADDR, true)),
    ("noprefixroute", Word::Flag(AddrFlags::NOPREFIXROUTE, true)),
    ("autojoin", Word::Flag(AddrFlags::MCAUTOJOIN, true)),
    ("optimistic", Word::Flag(AddrFlags::OPTIMISTIC, true)),
];

const FILTER: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("scope", Word::Scope),
    ("to", Word::To),
    ("label", Word::Label),
    ("up", Word::Up),
    ("master", Word::Master),
    ("vrf", Word::Master),
    ("nomaster", Word::NoMaster),
    ("type", Word::Type),
    ("dynamic", Word::Flag(AddrFlags::PERMANENT, false)),
    ("primary", Word::Flag(AddrFlags::SECONDARY, false)),
    ("secondary", Word::Flag(AddrFlags::SECONDARY, true)),
    ("temporary", Word::Flag(AddrFlags::SECONDARY, true)),
    ("permanent", Word::Flag(AddrFlags::PERMANENT, true)),
    ("deprecated", Word::Flag(AddrFlags::DEPRECATED, true)),
    ("tentative", Word::Flag(AddrFlags::TENTATIVE, true)),
    ("dadfailed", Word::Flag(AddrFlags::DADFAILED, true)),
    ("optimistic", Word::Flag(AddrFlags::OPTIMISTIC, true)),
    ("home", Word::Flag(AddrFlags::HOMEADDRESS, true)),
    ("nodad", Word::Flag(AddrFlags::NODAD, true)),
    ("mngtmpaddr", Word::Flag(AddrFlags::MANAGETEMPADDR, true)),
    ("noprefixroute", Word::Flag(AddrFlags::NOPREFIXROUTE, true)),
    ("autojoin", Word::Flag(AddrFlags::MCAUTOJOIN, true)),
    ("stable-privacy", Word::Flag(AddrFlags::STABLE_PRIVACY, true)),
];

fn lifetime(words: &mut Words<'_>) -> Parsed<u32> {
    if words.eat("forever") { Ok(u32::MAX) } else { words.uint("a number of seconds, or forever") }
}

/// A broadcast address that is to be.
#[derive(Clone, Copy)]
enum Broadcast {
    /// All host bits 1, or 0; none where there are less than two of them.
    Host(bool),
    Is(IpAddr),
}

impl Broadcast {
    fn of(self, net: Prefix) -> Option<IpAddr> {
        match (self, net.addr) {
            (Self::Is(addr), _) => Some(addr),
            (Self::Host(ones), IpAddr::V4(addr)) if net.len <= 30 => {
                let hosts = u32::MAX.checked_shr(net.len.into()).unwrap_or_default();
                let bits = if ones { addr.to_bits() | hosts } else { addr.to_bits() & !hosts };
                Some(Ipv4Addr::from_bits(bits).into())
            }
            _ => None,
        }
    }
}

fn spec(words: &mut Words<'_>, options: &Options, kind: u16) -> Parsed<Spec> {
    let mut family = options.family;
    let (mut local, mut peer, mut has_len) = (None, None, false);
    let (mut dev, mut label, mut broadcast, mut anycast) = (None, None, None, None);
    let (mut scope, mut metric, mut proto, mut flags) = (None, None, None, AddrFlags::empty());
    let (mut valid, mut preferred) = (None, None);
    while !words.is_end() {
        match inet::word_or_prefix(words, "a word of an address", SPEC)?.unwrap_or(Word::Local) {
            what @ (Word::Local | Word::Peer) => {
                has_len |= words.peek().is_some_and(|w| w.as_encoded_bytes().contains(&b'/'));
                let prefix = words.prefix("an address", family)?;
                family = Some(family_of(prefix.addr));
                let slot = if what == Word::Peer { &mut peer } else { &mut local };
                if slot.replace(prefix).is_some() {
                    return Err(words.error_before("there is an address already"));
                }
            }
            Word::Broadcast if words.eat("+") => broadcast = Some(Broadcast::Host(true)),
            Word::Broadcast if words.eat("-") => broadcast = Some(Broadcast::Host(false)),
            Word::Broadcast => {
                broadcast = Some(Broadcast::Is(words.address("a broadcast address (or + or -)", Some(af::INET))?));
            }
            Word::Anycast => anycast = Some(words.address("an anycast address", family)?),
            Word::Dev => dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Label => label = Some(words.need("a label")?.to_owned()),
            Word::Scope => scope = Some(words.named("a scope", &names::SCOPES)?),
            Word::Metric => metric = Some(words.uint("a metric")?),
            Word::Proto => proto = Some(words.named("a protocol", &names::PROTOS)?),
            Word::Valid => valid = Some(lifetime(words)?),
            Word::Preferred => preferred = Some(lifetime(words)?),
            Word::Flag(flag, _) => flags |= flag,
            _ => return Err(words.error_before("it is for `show` and `flush`")),
        }
    }
    let Some(local) = local else { return Err(words.error("the address is missing")) };
    let Some(dev) = dev else { return Err(words.error("the interface is missing: dev NAME")) };
    if broadcast.is_some() && family == Some(af::INET6) {
        return Err(words.error("IPv6 has no broadcast addresses"));
    }
    if label.as_ref().is_some_and(|l| !l.as_encoded_bytes().starts_with(dev.as_encoded_bytes())) {
        return Err(words.error(format!("a label begins with the name of its interface, {}", quoted(&dev))));
    }
    let lifetimes = match (preferred, valid.unwrap_or(u32::MAX)) {
        (None, u32::MAX) if valid.is_none() => None,
        (Some(preferred), valid) if preferred > valid => {
            return Err(words.error("an address cannot be preferred for longer than it is valid"));
        }
        (preferred, valid) => Some((preferred.unwrap_or(valid), valid)),
    };
    let net = peer.unwrap_or(local);
    // Without a length, `delete` takes the first with this address, of whatever length, as ip does.
    let any_len = kind == RTM_DELADDR && family == Some(af::INET) && !has_len && peer.is_none();
    let loopback = matches!(local.addr, IpAddr::V4(addr) if addr.is_loopback()) && kind == RTM_NEWADDR;
    Ok(Spec {
        local: Prefix { addr: local.addr, len: net.len },
        peer: if any_len { None } else { Some(net.addr) },
        // To delete one, only what was said is sent.
        broadcast: broadcast.filter(|b| kind == RTM_NEWADDR || matches!(b, Broadcast::Is(_))).and_then(|b| b.of(net)),
        scope: scope.unwrap_or(if loopback { rt_scope::HOST } else { rt_scope::UNIVERSE }),
        dev,
        anycast,
        label,
        flags,
        lifetimes,
        metric,
        proto,
    })
}

fn filter(words: &mut Words<'_>, options: &Options) -> Parsed<Filter> {
    let mut filter = Filter { family: options.family, ..Filter::default() };
    let interface = "the name of an interface";
    while let Some(next) = words.peek() {
        // A word that is none of these is the name of the interface.
        let word = match (not_flag(next), &filter.dev) {
            (Some(word), _) => {
                let _ = words.next();
                word
            }
            (None, Some(_)) => words.keyword("a word of a filter", FILTER)?,
            (None, None) => words.try_keyword(FILTER)?.unwrap_or(Word::Dev),
        };
        match word {
            Word::Dev => filter.dev = Some(device(words, interface)?.to_owned()),
            Word::Scope => filter.scope = Some(words.named("a scope", &names::SCOPES)?),
            Word::To => {
                let to = words.prefix("an address or prefix", filter.family)?;
                filter.family = Some(family_of(to.addr));
                filter.to = Some(to);
            }
            Word::Label => filter.label = Some(words.need("a label, or a pattern")?.to_owned()),
            Word::Up => filter.up = true,
            Word::Master => filter.master = Some(device(words, interface)?.to_owned()),
            Word::NoMaster => filter.no_master = true,
            Word::Type => filter.kind = Some(words.need("a kind of link")?.to_owned()),
            Word::Flag(flag, set) => {
                filter.mask |= flag;
                filter.flags.set(flag, set);
            }
            _ => return Err(words.error_before("it is for `add`")),
        }
    }
    Ok(filter)
}

/// What `-tentative` and the like say: the flag is not to be set.
fn not_flag(word: &OsStr) -> Option<Word> {
    let flag = word.to_str()?.strip_prefix('-')?;
    FILTER.iter().find(|k| k.0 == flag).and_then(|k| match k.1 {
        Word::Flag(flag, set) => Some(Word::Flag(flag, !set)),
        _ => None,
    })
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, spec) => change(session, kind, flags, &spec),
        Request::Show(filter) => show(session, &filter),
        Request::Flush(filter) => flush(session, &filter),
    }
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: &Spec) -> Result<()> {
    let header = IfAddrMsg {
        family: family_of(spec.local.addr),
        prefix_len: spec.local.len,
        flags: u8::try_from(spec.flags.bits()).unwrap_or_default(),
        scope: spec.scope,
        index: inet::index(session, &spec.dev)?.into(),
    };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        put_addr(m, ifa::LOCAL, spec.local.addr);
        spec.peer.into_iter().for_each(|a| put_addr(m, ifa::ADDRESS, a));
        spec.broadcast.into_iter().for_each(|a| put_addr(m, ifa::BROADCAST, a));
        spec.anycast.into_iter().for_each(|a| put_addr(m, ifa::ANYCAST, a));
        spec.label.iter().for_each(|l| m.str(ifa::LABEL, l.as_encoded_bytes()));
        spec.metric.into_iter().for_each(|v| m.u32(ifa::RT_PRIORITY, v));
        spec.proto.into_iter().for_each(|v| m.u8(ifa::PROTO, v));
        if let Some((preferred, valid)) = spec.lifetimes {
            let info = IfaCacheInfo { preferred: preferred.into(), valid: valid.into(), ..IfaCacheInfo::default() };
            m.value(ifa::CACHEINFO, &info);
        }
        // What the header has no room for.
        if spec.flags.bits() > u8::MAX.into() {
            m.u32(ifa::FLAGS, spec.flags.bits());
        }
    };
    let verb = if kind == RTM_DELADDR { "delete" } else { "set" };
    let task = format!("{verb} address {} on {}", spec.local, quoted(&spec.dev));
    let warning = session.conn()?.request(kind, flags, fill).map_err(|e| inet::refused(&task, &e))?;
    warning.iter().for_each(|w| session.warn(w));
    Ok(())
}

/// The addresses that match what is said of addresses; those of link `index` only, if it is not 0.
fn dump(conn: &mut Conn, filter: &Filter, index: u32, links: &Links) -> netns_sys::Result<Vec<u8>> {
    let header = IfAddrMsg { family: filter.family.unwrap_or(af::UNSPEC), index: index.into(), ..IfAddrMsg::default() };
    let keep = |message: &Message<'_>| {
        let addr = Addr::parse(message)?;
        Ok((index == 0 || addr.header.index == header.index) && matches(filter, &addr, links))
    };
    inet::dump(conn, RTM_GETADDR, |m| m.fixed(&header), keep)
}

fn matches(filter: &Filter, addr: &Addr<'_>, links: &Links) -> bool {
    // An address without a label has its link's name.
    let label = || got(addr.label()).or(links.name(addr.header.index.get())).unwrap_or_default();
    matches!(addr.header.family, af::INET | af::INET6)
        && filter.family.is_none_or(|f| f == addr.header.family)
        && filter.scope.is_none_or(|s| s == addr.header.scope)
        && addr.flags().is_ok_and(|f| f & filter.mask == filter.flags)
        && filter.to.as_ref().is_none_or(|p| got(addr.own()).is_some_and(|a| inet::is_in(a, p)))
        && filter.label.as_ref().is_none_or(|pattern| glob(pattern.as_encoded_bytes(), label()))
}

/// Whether `text` is as `pattern` says: `*` is any bytes, `?` any one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'*', after)), rest) => glob(after, text) || rest.is_some_and(|(_, text)| glob(pattern, text)),
        (Some((p, after)), Some((t, text))) => (p == t || *p == b'?') && glob(after, text),
        (Some(_), None) => false,
    }
}

/// The links that match what is said of links.
fn dump_links(conn: &mut Conn, filter: &Filter, index: u32, master: u32, mask: u32) -> netns_sys::Result<Vec<u8>> {
    let header = IfInfoMsg { index: i32::try_from(index).unwrap_or_default().into(), ..IfInfoMsg::default() };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        m.u32(ifla::EXT_MASK, mask);
        if index == 0 {
            if master != 0 {
                m.u32(ifla::MASTER, master);
            }
            // Of a slave's kind the kernel knows no filter.
            if let Some(kind) = filter.kind.as_ref().filter(|k| !k.as_encoded_bytes().ends_with(b"_slave")) {
                m.nest(ifla::LINKINFO, |m| m.str(info::KIND, kind.as_encoded_bytes()));
            }
        }
    };
    let keep = |message: &Message<'_>| Ok(is_link(filter, master, &Link::parse(message)?));
    if index == 0 {
        return inet::dump(conn, RTM_GETLINK, fill, keep);
    }
    // A dump cannot be of one link.
    conn.get(RTM_GETLINK, fill, |message| Ok(if keep(message)? { message.bytes().to_vec() } else { Vec::new() }))
}

fn is_link(filter: &Filter, master: u32, link: &Link<'_>) -> bool {
    let of = got(link.master()).unwrap_or_default();
    let kind = |want: &OsString| {
        let want = want.as_encoded_bytes();
        let info = got(link.info());
        info.is_some_and(|i| {
            got(i.kind()) == Some(want) || want.strip_suffix(b"_slave").is_some_and(|k| got(i.slave_kind()) == Some(k))
        })
    };
    (!filter.up || link.flags().contains(LinkFlags::UP))
        && (master == 0 || of == master)
        && (!filter.no_master || of == 0)
        && filter.kind.as_ref().is_none_or(kind)
}

fn flush(session: &mut Session, filter: &Filter) -> Result<()> {
    let index = index_or_0(session, filter.dev.as_ref())?;
    let master = index_or_0(session, filter.master.as_ref())?;
    let conn = session.conn()?;
    let links = if filter.label.is_some() { Links::load(conn)? } else { Links::default() };
    // Which links, where something is said of them.
    let mut only = None;
    if filter.up || master != 0 || filter.no_master || filter.kind.is_some() {
        let found = done("list links", dump_links(conn, filter, index, master, rtext_filter::SKIP_STATS))?;
        let found = Messages::new(&found).map_while(std::result::Result::ok);
        only = Some(found.filter_map(|m| Link::parse(&m).ok().map(|l| index_of(&l))).collect::<Vec<_>>());
    }
    let find = |conn: &mut Conn| {
        let found = dump(conn, filter, index, &links)?;
        let Some(only) = &only else { return Ok(found) };
        let mut kept = Vec::new();
        for message in Messages::new(&found) {
            let message = message?;
            if only.contains(&Addr::parse(&message)?.header.index.get()) {
                kept.extend_from_slice(message.bytes());
            }
        }
        Ok(kept)
    };
    inet::flush(conn, "flush addresses", RTM_DELADDR, find, |m, found| m.raw(found.payload()))
}

fn show(session: &mut Session, filter: &Filter) -> Result<()> {
    let index = index_or_0(session, filter.dev.as_ref())?;
    let master = index_or_0(session, filter.master.as_ref())?;
    let options = session.options.clone();
    let conn = session.conn()?;
    let links = done("list links", dump_links(conn, filter, index, master, ext_mask(&options)))?;
    let names = Links::load(conn)?;
    let everything = Filter { family: filter.family, ..Filter::default() };
    let addrs = done("list addresses", dump(conn, &everything, index, &names))?;
    // By link, in the kernel's order.
    let mut addrs: Vec<Addr<'_>> =
        done("read addresses", Messages::new(&addrs).map(|m| Ok(Addr::parse(&m?)?)).collect::<netns_sys::Result<_>>())?;
    addrs.sort_by_key(|a| a.header.index.get());
    let elsewhere = Messages::new(&links).flatten().filter_map(|m| Link::parse(&m).ok());
    let elsewhere = elsewhere.into_iter().any(|l| matches!(l.link_netnsid(), Ok(Some(_))));
    let mut context = Context::new(session, names.clone(), elsewhere)?;
    context.of_addresses = Some(filter.family);
    let style = Style { names: &names, links: context, filter, options: &options };
    let each = |out: &mut Out, message: &Message<'_>| {
        let link = Link::parse(message)?;
        let index = index_of(&link);
        let start = addrs.partition_point(|a| a.header.index.get() < index);
        let of_link = addrs.get(start..).unwrap_or_default().iter().take_while(|a| a.header.index.get() == index);
        style.link(out, &link, of_link);
        Ok(())
    };
    done("list addresses", inet::show(&mut session.out, &links, each))
}

/// How addresses are shown.
struct Style<'s> {
    names: &'s Links,
    links: Context,
    filter: &'s Filter,
    options: &'s Options,
}

const FLAGS: &[(AddrFlags, &str)] = &[
    (AddrFlags::SECONDARY, "secondary"),
    (AddrFlags::NODAD, "nodad"),
    (AddrFlags::OPTIMISTIC, "optimistic"),
    (AddrFlags::DADFAILED, "dadfailed"),
    (AddrFlags::HOMEADDRESS, "home"),
    (AddrFlags::DEPRECATED, "deprecated"),
    (AddrFlags::TENTATIVE, "tentative"),
    (AddrFlags::PERMANENT, "dynamic"),
    (AddrFlags::MANAGETEMPADDR, "mngtmpaddr"),
    (AddrFlags::NOPREFIXROUTE, "noprefixroute"),
    (AddrFlags::MCAUTOJOIN, "autojoin"),
    (AddrFlags::STABLE_PRIVACY, "stable-privacy"),
];

impl Style<'_> {
    /// A link with those of its addresses that match. Where none does it is left out, unless it has none at all and
    /// was not asked for by family.
    fn link<'a>(&self, out: &mut Out, link: &Link<'_>, addrs: impl Iterator<Item = &'a Addr<'a>> + Clone) {
        let (filter, options) = (self.filter, self.options);
        let bare = filter.family.is_none() && filter.label.is_none() && !options.oneline;
        let mut matching = addrs.clone().filter(|a| matches(filter, a, self.names)).peekable();
        if matching.peek().is_none() && !(bare && addrs.clone().next().is_none()) {
            return;
        }
        out.object("", |out| {
            if options.brief {
                self.links.brief_head(out, link);
            } else if out.is_json() || !(options.oneline || filter.label.is_some()) {
                self.links.full(out, link);
            }
            out.list("addr_info", |out| {
                for addr in matching {
                    if options.oneline && !options.brief {
                        let name = got(link.name()).unwrap_or_default();
                        out.text(format_args!("{}: {}", index_of(link), Escaped(name)));
                    }
                    out.object("", |out| self.addr(out, addr));
                }
            });
            if !options.brief && (out.is_json() || !options.oneline) {
                self.links.stats(out, link, "");
            }
            if options.brief || options.statistics > 0 {
                out.text(format_args!("\n"));
            }
        });
    }

    fn addr(&self, out: &mut Out, addr: &Addr<'_>) {
        let (header, brief) = (addr.header, self.options.brief);
        let v6 = header.family == af::INET6;
        if !brief {
            let family = if v6 { "inet6" } else { "inet" };
            out.field("family", family, format_args!("    {family} "));
        }
        let own = got(addr.own()).unwrap_or_default();
        let text = inet::Addr(own).to_string();
        out.field("local", &text, format_args!("{text}"));
        if let Some(peer) = got(addr.address()).filter(|a| *a != own) {
            let text = inet::Addr(peer).to_string();
            out.field("address", &text, format_args!(" peer {text}"));
        }
        out.field("prefixlen", header.prefix_len, format_args!("/{} ", header.prefix_len));
        if let Some(metric) = got(addr.rt_priority()) {
            out.field("metric", metric, format_args!("metric {metric} "));
        }
        if brief {
            return;
        }
        if let Some(broadcast) = got(addr.broadcast()) {
            put(out, "broadcast", "brd ", inet::Addr(broadcast));
        }
        if let Some(anycast) = got(addr.anycast()) {
            put(out, "anycast", "any ", inet::Addr(anycast));
        }
        let scope = out.named(header.scope, &names::SCOPES);
        put(out, "scope", "scope ", scope);
        let flags = addr.flags().unwrap_or_default();
        for (flag, name) in FLAGS {
            let word = if v6 && *flag == AddrFlags::SECONDARY { "temporary" } else { name };
            if flags.contains(*flag) != (*flag == AddrFlags::PERMANENT) {
                out.field(word, true, format_args!("{word} "));
            }
        }
        if let Some(proto) = got(addr.proto()).filter(|_| self.options.details) {
            out.json("protocol", &Named(proto, IFA_PROTOS).to_string());
        }
        if let Some(label) = got(addr.label()) {
            out.field("label", label, format_args!("{}", Escaped(label)));
        }
        if let Some(info) = got(addr.cacheinfo()) {
            out.text(format_args!("{}       ", if self.options.oneline { "\\" } else { "\n" }));
            lifetime_left(out, "valid_life_time", "valid_lft ", info.valid.get());
            out.text(format_args!(" "));
            lifetime_left(out, "preferred_life_time", "preferred_lft ", info.preferred.get());
        }
        out.text(format_args!("\n"));
    }
}

/// Who made an address, where not by hand.
const IFA_PROTOS: &[Keyword<u8>] =
    &[("kernel_lo", ifaprot::KERNEL_LO), ("kernel_ra", ifaprot::KERNEL_RA), ("kernel_ll", ifaprot::KERNEL_LL)];

fn lifetime_left(out: &mut Out, key: &str, word: &str, seconds: u32) {
    match seconds {
        u32::MAX => out.field(key, seconds, format_args!("{word}forever")),
        _ => out.field(key, seconds, format_args!("{word}{seconds}sec")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_all_of_a_label() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("v0", "v0", true),
            ("v0", "v0:x", false),
            ("v0*", "v0", true),
            ("v?:*", "v0:x", true),
            ("v?", "v", false),
            ("*x*", "axb", true),
            ("*x", "xb", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn a_broadcast_address_takes_two_host_bits() {
        let of =
            |len| Broadcast::Host(true).of(Prefix { addr: IpAddr::from([10, 1, 2, 5]), len }).map(|a| a.to_string());
        assert_eq!(of(0).as_deref(), Some("255.255.255.255"));
        assert_eq!(of(24).as_deref(), Some("10.1.2.255"));
        assert_eq!(of(30).as_deref(), Some("10.1.2.7"));
        assert_eq!((of(31), of(32)), (None, None));
        let zeros = Broadcast::Host(false).of(Prefix { addr: IpAddr::from([10, 1, 2, 5]), len: 24 });
        assert_eq!(zeros, Some(IpAddr::from([10, 1, 2, 0])));
    }
}

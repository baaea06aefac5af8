//! `addr`: addresses of links.

mod filter;
pub(in crate::cmd) mod show;

use super::inet::{self, Octets, index};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of, show as quoted};
use crate::names;
use filter::Filter;
use netns_sys::Errno;
use nl_core::route::{AddrFlags, IfAddrMsg, RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR, af, ifa, rt_scope};
use nl_core::{Flags, Message, Messages, Msg};
use show::Style;
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
    /// Write those that match for `Restore`.
    Save(Filter),
    /// Add those that were saved.
    Restore,
    /// Show those that were saved.
    ShowDump,
}

/// An address that is to be, or not to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Without the link's index.
    header: IfAddrMsg,
    dev: OsString,
    /// In the order of the words.
    attrs: Vec<(u16, Vec<u8>)>,
    /// The address for people.
    text: String,
    /// What `ip` only warns of.
    warnings: Vec<String>,
}

const HELP: &str = "\
Usage: netnsctl addr { add | change | replace | delete } ADDRESS[/LENGTH] dev NAME [ peer ADDRESS[/LENGTH] ]
                [ broadcast { ADDRESS | + | - } ] [ anycast ADDRESS ] [ label LABEL ] [ scope SCOPE ] [ metric N ]
                [ proto PROTO ] [ valid_lft LIFETIME ] [ preferred_lft LIFETIME ]
                [ home | nodad | optimistic | mngtmpaddr | noprefixroute | autojoin ]...
       netnsctl addr [ show ] [ [ dev ] NAME ] [ FILTER ]
       netnsctl addr { flush | save } [ dev NAME ] [ FILTER ]
       netnsctl addr { restore | showdump }      what was saved, from standard input
FILTER   := [ scope SCOPE ] [ to PREFIX ] [ label PATTERN ] [ up ] [ master NAME | vrf NAME | nomaster ]
            [ type KIND[_slave] ] [ group GROUP ]
            [ [ - ]{ permanent | dynamic | secondary | primary | temporary | deprecated | tentative | dadfailed |
            optimistic | home | nodad | mngtmpaddr | noprefixroute | autojoin | stable-privacy } ]...
SCOPE    := global | site | link | host | NUMBER
LIFETIME := forever | SECONDS
";

/// What saved addresses begin with.
const MAGIC: u32 = 0x4736_1222;
const RESTORE: &str = "restore address dump";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Flush,
    Save,
    Restore,
    ShowDump,
    Help,
}

/// In the order of `ip`; `r` and `s` mean what they mean to it.
const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWADDR, Flags::CREATE.union(Flags::EXCL))),
    ("change", Verb::Change(RTM_NEWADDR, Flags::REPLACE)),
    ("chg", Verb::Change(RTM_NEWADDR, Flags::REPLACE)),
    ("replace", Verb::Change(RTM_NEWADDR, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELADDR, Flags::empty())),
    ("list", Verb::Show),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("s", Verb::Show),
    ("sh", Verb::Show),
    ("flush", Verb::Flush),
    ("save", Verb::Save),
    ("showdump", Verb::ShowDump),
    ("restore", Verb::Restore),
    ("r", Verb::Change(RTM_NEWADDR, Flags::CREATE.union(Flags::REPLACE))),
    ("help", Verb::Help),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("address", VERBS)? };
    if verb == Verb::Flush && (words.is_end() || options.family == Some(af::PACKET)) {
        let (message, says) = match words.is_end() {
            true => ("which addresses? `dev NAME` for those of a link", "Flush requires arguments."),
            false => ("the address of a link itself stays", "Cannot flush link addresses."),
        };
        return Err(words.error(message).ip(says).ip_code(1));
    }
    let of = |request: fn(Filter) -> Request, words: &mut Words<'_>| Ok(filter::parse(words, options)?.map(request));
    let request = match verb {
        Verb::Help => None,
        Verb::Change(kind, flags) => {
            spec(words, options, kind)?.map(|spec| Request::Change(kind, flags, Box::new(spec)))
        }
        Verb::Show => of(Request::Show, words)?,
        Verb::Flush => of(Request::Flush, words)?,
        Verb::Save => of(Request::Save, words)?,
        Verb::Restore => Some(Request::Restore),
        Verb::ShowDump => Some(Request::ShowDump),
    };
    Ok(request.map_or(Command::Help(HELP), Command::Addr))
}

/// The words of an address.
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
    Help,
}

/// These `ip` takes abbreviated.
const SHORT: &[Keyword<Word>] = &[
    ("broadcast", Word::Broadcast),
    ("metric", Word::Metric),
    ("priority", Word::Metric),
    ("preference", Word::Metric),
    ("valid_lft", Word::Valid),
    ("preferred_lft", Word::Preferred),
    ("help", Word::Help),
];
const WHOLE: &[Keyword<Word>] = &[
    ("local", Word::Local),
    ("peer", Word::Peer),
    ("remote", Word::Peer),
    ("brd", Word::Broadcast),
    ("anycast", Word::Anycast),
    ("dev", Word::Dev),
    ("label", Word::Label),
    ("scope", Word::Scope),
    ("proto", Word::Proto),
];

/// Who sets a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    User,
    /// Of IPv6 addresses only.
    UserOfV6,
    Kernel,
}

/// In the order they are shown; of a flag's two names IPv6 has the second.
const FLAGS: &[(&str, AddrFlags, By)] = &[
    ("secondary", AddrFlags::SECONDARY, By::Kernel),
    ("temporary", AddrFlags::SECONDARY, By::Kernel),
    ("nodad", AddrFlags::NODAD, By::UserOfV6),
    ("optimistic", AddrFlags::OPTIMISTIC, By::UserOfV6),
    ("dadfailed", AddrFlags::DADFAILED, By::Kernel),
    ("home", AddrFlags::HOMEADDRESS, By::UserOfV6),
    ("deprecated", AddrFlags::DEPRECATED, By::Kernel),
    ("tentative", AddrFlags::TENTATIVE, By::Kernel),
    ("permanent", AddrFlags::PERMANENT, By::Kernel),
    ("mngtmpaddr", AddrFlags::MANAGETEMPADDR, By::UserOfV6),
    ("noprefixroute", AddrFlags::NOPREFIXROUTE, By::User),
    ("autojoin", AddrFlags::MCAUTOJOIN, By::User),
    ("stable-privacy", AddrFlags::STABLE_PRIVACY, By::Kernel),
];

fn lifetime(words: &mut Words<'_>, says: &str) -> Parsed<u32> {
    if words.eat("forever") {
        return Ok(u32::MAX);
    }
    let seconds = words.uint("a number of seconds, or forever");
    seconds.map_err(|e| words.wrong(e, says))
}

/// The broadcast address of `net`: all host bits 1, or 0; none where there are less than two of them.
fn broadcast(net: Prefix, ones: bool) -> Option<IpAddr> {
    let IpAddr::V4(addr) = net.addr else { return None };
    let hosts = u32::MAX.checked_shr(net.len.into()).unwrap_or_default();
    let bits = if ones { addr.to_bits() | hosts } else { addr.to_bits() & !hosts };
    (net.len <= 30).then(|| Ipv4Addr::from_bits(bits).into())
}

/// What is said of an address; `None`: help is asked for.
fn spec(words: &mut Words<'_>, options: &Options, kind: u16) -> Parsed<Option<Spec>> {
    let ip = words.is_ip();
    let (mut family, mut has_len, mut dev, mut flags) = (options.family, false, None, AddrFlags::empty());
    let (mut local, mut peer): (Option<Prefix>, Option<Prefix>) = (None, None);
    // Of a broadcast address that is to be found: whether its host bits are ones.
    let (mut host_bits, mut has_broadcast, mut label, mut scope) = (None, false, None, None);
    let (mut valid, mut preferred) = (None, None);
    let (mut attrs, mut warnings): (Vec<(u16, Vec<u8>)>, _) = (Vec::new(), Vec::new());
    let put = |attrs: &mut Vec<_>, kind, addr| attrs.push((kind, Octets::of(addr).bytes().to_vec()));
    while let Some(typed) = words.peek() {
        if let Some((name, flag, by)) = FLAGS.iter().find(|f| typed == f.0) {
            let _ = words.next();
            match by {
                By::Kernel if ip => warnings.push(format!("Warning: {name} option is not mutable from userspace")),
                By::Kernel => return Err(words.error_before("this is for the kernel to set")),
                By::UserOfV6 if ip && family != Some(af::INET6) => {
                    warnings.push(format!("Warning: {name} option can be set only for IPv6 addresses"));
                }
                By::User | By::UserOfV6 => flags |= *flag,
            }
            continue;
        }
        let word = inet::word_or_prefix(words, "a word of an address", WHOLE, SHORT)?.unwrap_or(Word::Local);
        let twice = match word {
            Word::Local => local.map(|_| "local"),
            Word::Peer => peer.map(|_| "peer"),
            Word::Broadcast => has_broadcast.then_some("broadcast"),
            Word::Anycast => attrs.iter().any(|a| a.0 == ifa::ANYCAST).then_some("anycast"),
            Word::Valid => valid.map(|_| "valid_lft"),
            Word::Preferred => preferred.map(|_| "preferred_lft"),
            _ => None,
        };
        if let Some(what) = twice.filter(|_| !words.is_end()) {
            // Of a lifetime, ip has not yet taken the value.
            let lifetime = matches!(word, Word::Valid | Word::Preferred);
            let value = if lifetime { typed.to_string_lossy().into_owned() } else { words.typed() };
            let (message, says) = match word {
                Word::Local => (
                    "there is an address already",
                    format!("either \"local\" is duplicate, or \"{value}\" is a garbage"),
                ),
                _ => ("this is said already", format!("duplicate \"{what}\": \"{value}\" is the second value")),
            };
            return Err(words.error(message).ip(format!("Error: {says}.")));
        }
        match word {
            Word::Help => return Ok(None),
            // ip sends them as an address of no bytes.
            Word::Local | Word::Peer if family.is_none() && inet::is_any(words) => {
                let usage = words.error("this is a destination of routes, and no address");
                return Err(usage.ip("RTNETLINK answers: Operation not supported").ip_code(2));
            }
            Word::Local | Word::Peer => {
                has_len |= words.peek().is_some_and(|w| w.as_encoded_bytes().contains(&b'/'));
                let prefix = words.prefix("an address", family)?;
                family = Some(family_of(prefix.addr));
                let is_peer = word == Word::Peer;
                put(&mut attrs, if is_peer { ifa::ADDRESS } else { ifa::LOCAL }, prefix.addr);
                *(if is_peer { &mut peer } else { &mut local }) = Some(prefix);
            }
            Word::Broadcast => {
                has_broadcast = true;
                if words.eat("+") {
                    host_bits = Some(true);
                } else if words.eat("-") {
                    host_bits = Some(false);
                } else {
                    let addr = words.address("a broadcast address (or + or -)", family)?;
                    family = Some(family_of(addr));
                    put(&mut attrs, ifa::BROADCAST, addr);
                }
            }
            Word::Anycast => {
                let addr = words.address("an anycast address", family)?;
                family = Some(family_of(addr));
                put(&mut attrs, ifa::ANYCAST, addr);
            }
            Word::Dev => dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Label => {
                let text = words.need("a label")?;
                label = Some(text);
                attrs.push((ifa::LABEL, [text.as_encoded_bytes(), b"\0"].concat()));
            }
            Word::Scope => {
                let value = words.named("a scope", &names::SCOPES);
                scope = Some(value.map_err(|e| words.wrong(e, "invalid scope value."))?);
            }
            Word::Metric => {
                let metric = words.uint::<u32>("a metric");
                let metric = metric.map_err(|e| words.wrong(e, "\"metric\" value is invalid\n"))?;
                attrs.push((ifa::RT_PRIORITY, metric.to_ne_bytes().to_vec()));
            }
            Word::Proto => attrs.push((ifa::PROTO, vec![words.named("a protocol", &names::ADDR_PROTOS)?])),
            Word::Valid => valid = Some(lifetime(words, "valid_lft value")?),
            Word::Preferred => preferred = Some(lifetime(words, "preferred_lft value")?),
        }
    }
    let mut header = IfAddrMsg { family: family.unwrap_or(af::UNSPEC), ..IfAddrMsg::default() };
    match u8::try_from(flags.bits()) {
        Ok(flags) => header.flags = flags,
        Err(_) => attrs.push((ifa::FLAGS, flags.bits().to_ne_bytes().to_vec())),
    }
    if local.is_none() && !ip {
        return Err(words.error("the address is missing"));
    }
    let Some(dev) = dev else {
        let says = "Not enough information: \"dev\" argument is required.";
        return Err(words.error("the interface is missing: dev NAME").ip(says).ip_code(1));
    };
    if label.is_some_and(|l| !ip && !l.as_encoded_bytes().starts_with(dev.as_encoded_bytes())) {
        return Err(words.error(format!("a label begins with the name of its interface, {}", quoted(&dev))));
    }
    if let (Some(local), None) = (local, peer) {
        // Without a length, `delete` takes the first with this address, of whatever length, as ip does.
        if kind == RTM_DELADDR && local.addr.is_ipv4() && !has_len {
            let more = format!("  not only {local}: write the length to delete just that");
            let says = "Warning: Executing wildcard deletion to stay compatible with old scripts.";
            warnings.extend(ip.then(|| format!("{says}\n{more}")));
        } else {
            put(&mut attrs, ifa::ADDRESS, local.addr);
        }
    }
    let net = peer.or(local);
    header.prefix_len = net.map(|n| n.len).filter(|l| *l != 0).or(local.map(|l| l.len)).unwrap_or_default();
    // To delete one, only what was said is sent.
    if kind == RTM_NEWADDR {
        if has_broadcast && (host_bits.is_some() && family != Some(af::INET) || !ip && family == Some(af::INET6)) {
            let usage = words.error("IPv6 has no broadcast addresses");
            return Err(usage.ip("Broadcast can be set only for IPv4 addresses").ip_code(1));
        }
        let found = net.zip(host_bits).and_then(|(net, ones)| broadcast(net, ones));
        found.into_iter().for_each(|addr| put(&mut attrs, ifa::BROADCAST, addr));
        let loopback = matches!(local, Some(Prefix { addr: IpAddr::V4(addr), .. }) if addr.is_loopback());
        header.scope = scope.unwrap_or(if loopback { rt_scope::HOST } else { rt_scope::UNIVERSE });
    } else {
        header.scope = scope.unwrap_or_default();
    }
    if valid.is_some() || preferred.is_some() {
        let valid = valid.unwrap_or(u32::MAX);
        // ip takes what is not said for ever.
        let preferred = preferred.unwrap_or(if ip { u32::MAX } else { valid });
        let (message, says) = match valid {
            0 => ("an address is valid for a second at least", "valid_lft is zero"),
            _ => (
                "an address cannot be preferred for longer than it is valid",
                "preferred_lft is greater than valid_lft",
            ),
        };
        if valid == 0 || preferred > valid {
            return Err(words.error(message).ip(says).ip_code(1));
        }
        // struct ifa_cacheinfo: the ages are the kernel's.
        attrs.push((ifa::CACHEINFO, [preferred, valid, 0, 0].map(u32::to_ne_bytes).concat()));
    }
    if flags.contains(AddrFlags::MCAUTOJOIN) && !local.is_some_and(|l| l.addr.is_multicast()) {
        let says = "autojoin needs multicast address";
        return Err(words.error("only a multicast address is joined").ip(says).ip_code(1));
    }
    let text = local.or(net).map_or_else(String::new, |p| p.to_string());
    Ok(Some(Spec { header, dev, attrs, text, warnings }))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, spec) => change(session, kind, flags, &spec),
        Request::Show(filter) => show::run(session, &filter),
        Request::Flush(filter) => flush(session, &filter),
        Request::Save(filter) => {
            let lookup = filter.resolve(session)?;
            let keep = lookup.keep(session.conn()?)?;
            let found = inet::dump(session.conn()?, RTM_GETADDR, |m| lookup.ask(m), keep);
            inet::save("save addresses", MAGIC, &done("list addresses", found)?)
        }
        Request::Restore => restore(session),
        Request::ShowDump => show::saved(session, &inet::saved(RESTORE, MAGIC, RTM_NEWADDR, [code::USAGE; 2])?),
    }
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: &Spec) -> Result<()> {
    spec.warnings.iter().for_each(|w| session.warn(w));
    let header = IfAddrMsg { index: index(session, &spec.dev)?.into(), ..spec.header };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        spec.attrs.iter().for_each(|(kind, value)| m.bytes(*kind, value));
    };
    let verb = if kind == RTM_DELADDR { "delete" } else { "set" };
    let task = session.task(|| format!("{verb} address {} on {}", spec.text, quoted(&spec.dev)));
    let links = if session.options.echo { Links::load(session.conn()?)? } else { Links::default() };
    let options = session.options.clone();
    let style = Style { links: &links, options: &options, with_dev: true };
    inet::change(session, &task, kind, flags, fill, |out, said| style.message(out, said))
}

/// Deletes those that match. `primary` is for one round: behind it, what were secondaries are primaries.
fn flush(session: &mut Session, filter: &Filter) -> Result<()> {
    let lookup = filter.resolve(session)?;
    let options = session.options.clone();
    let conn = session.conn()?;
    let keep = lookup.keep(conn)?;
    let links = if options.statistics > 1 { Links::load(conn)? } else { Links::default() };
    let style = Style { links: &links, options: &options, with_dev: true };
    let find = |conn: &mut Conn, round| match round {
        1.. if filter.only_primary() => Ok(Vec::new()),
        _ => inet::dump(conn, RTM_GETADDR, |m| lookup.ask(m), &keep),
    };
    let write = |m: &mut Msg<'_>, found: &Message<'_>| m.raw(found.payload());
    inet::flush(session, "flush addresses", "addresses", RTM_DELADDR, find, write, |out, m| style.message(out, m))
}

/// Adds those that are not there.
fn restore(session: &mut Session) -> Result<()> {
    let found = inet::saved(RESTORE, MAGIC, RTM_NEWADDR, [code::USAGE; 2])?;
    let ip = session.options.ip;
    let conn = session.conn()?;
    for message in Messages::new(&found).map_while(std::result::Result::ok) {
        match conn.request(RTM_NEWADDR, message.flags() | Flags::CREATE, |m| m.raw(message.payload())) {
            Err(error) if error.errno() != Some(Errno::EEXIST) => {
                let failure = Failure::of("restore an address", &error);
                return Err(if ip { failure.code(code::USAGE) } else { failure });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_address_takes_two_host_bits() {
        let of = |len, ones| {
            broadcast(Prefix { addr: IpAddr::from([10, 1, 2, 5]), len }, ones)
                .map(|a| a.to_string())
                .unwrap_or_default()
        };
        assert_eq!([0, 24, 30, 31, 32].map(|l| of(l, true)), ["255.255.255.255", "10.1.2.255", "10.1.2.7", "", ""]);
        assert_eq!(of(24, false), "10.1.2.0");
    }
}

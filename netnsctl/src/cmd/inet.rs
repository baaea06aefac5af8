//! What addresses, routes, neighbours and rules share: numbers that have names, addresses as text, dumps that are kept,
//! and flushing.

use super::links::{self, Links};
use super::*;
use crate::grammar::{Bounded, Prefix, family_of};
use crate::names;
use crate::out::{Color, Escaped, Text};
use netns_sys::Errno;
use nl_core::route::rtn;
use nl_core::wire::{ATTR_HDRLEN, align4};
use nl_core::{DecodeError, Flags, Message, Messages, Msg};
use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr};

/// What a route does; those of [`WHOLE_TYPES`] `ip` wants written out.
pub(super) const TYPES: &[Keyword<u8>] = &[
    ("broadcast", rtn::BROADCAST),
    ("brd", rtn::BROADCAST),
    ("anycast", rtn::ANYCAST),
    ("multicast", rtn::MULTICAST),
    ("prohibit", rtn::PROHIBIT),
    ("unreachable", rtn::UNREACHABLE),
    ("blackhole", rtn::BLACKHOLE),
    ("xresolve", rtn::XRESOLVE),
    ("unicast", rtn::UNICAST),
];
pub(super) const WHOLE_TYPES: &[Keyword<u8>] = &[("local", rtn::LOCAL), ("nat", rtn::NAT), ("throw", rtn::THROW)];

pub(super) const IP_PROTOS: &[Keyword<u8>] = &[("icmp", 1), ("tcp", 6), ("udp", 17), ("ipv6-icmp", 58), ("sctp", 132)];

/// Takes a word of `table`; `None`: what comes is an address or a prefix, which needs no word before it.
pub(super) fn word_or_prefix<T: Copy + PartialEq>(
    words: &mut Words<'_>,
    what: &str,
    table: &[Keyword<T>],
) -> grammar::Result<Option<T>> {
    if let Some(word) = words.try_keyword(table)? {
        return Ok(Some(word));
    }
    let next = words.peek().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let digit = next.first().is_some_and(u8::is_ascii_digit);
    if digit || next.iter().any(|b| b".:/".contains(b)) || matches!(next, b"default" | b"any" | b"all") {
        return Ok(None);
    }
    words.keyword(what, table).map(Some)
}

/// Takes a number, or its name in `names`.
pub(super) fn code<T>(words: &mut Words<'_>, what: &str, names: &[Keyword<T>]) -> grammar::Result<T>
where
    T: Copy + PartialEq + TryFrom<u64> + Bounded,
{
    let number = words.peek().is_some_and(|w| w.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit));
    if number { words.uint(what) } else { words.keyword(what, names) }
}

/// Takes a type of service: a name, or a hexadecimal number, which outside of `ip` has to say so.
pub(super) fn tos(words: &mut Words<'_>) -> grammar::Result<u8> {
    let word = words.need("a type of service")?.to_str().unwrap_or_default();
    let digits = word.strip_prefix("0x").or_else(|| Some(word).filter(|_| words.is_ip()));
    let hex = || digits.filter(|d| !d.starts_with('+')).and_then(|d| u8::from_str_radix(d, 16).ok());
    let name = names::DSFIELDS.value(word).and_then(|v| u8::try_from(v).ok());
    name.or_else(hex).ok_or_else(|| {
        words.error_before(format!("{word:?} is not a type of service: a name, or hexadecimal, written as 0x…"))
    })
}

/// A number that may have a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<T: 'static>(pub(super) T, pub(super) &'static [Keyword<T>]);

impl<T: fmt::Display + PartialEq> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.iter().find(|k| k.1 == self.0) {
            Some((name, _)) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// An address off the wire: IPv4 of 4 bytes, IPv6 of 16, a link-layer one of any other length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addr<'a>(pub(super) &'a [u8]);

impl fmt::Display for Addr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Text::default();
        self.write(&mut text);
        f.write_str(std::str::from_utf8(text.bytes()).unwrap_or_default())
    }
}

impl Addr<'_> {
    /// Writes it, as the C library does.
    #[inline]
    pub(super) fn write(self, text: &mut Text) {
        match (self.0, <[u8; 16]>::try_from(self.0)) {
            ([_, _, _, _], _) => text.octets(self.0),
            (_, Ok(octets)) => write_v6(text, octets),
            _ => write!(text, "{}", Lladdr(self.0)).unwrap_or_default(), // a Text takes all
        }
    }
}

fn write_v6(text: &mut Text, octets: [u8; 16]) {
    let groups = Ipv6Addr::from(octets).segments();
    // The first of the longest runs of zeros, if longer than one, is `::`.
    let (mut start, mut best) = (0, 0..0);
    for (i, group) in (1..).zip(groups) {
        match group {
            0 if best.len().max(1).saturating_add(start) < i => best = start..i,
            0 => {}
            _ => start = i,
        }
    }
    let has_v4 = best == (0..6) || best == (0..5) && groups.get(5) == Some(&0xffff);
    for (i, group) in groups.into_iter().enumerate() {
        if best.contains(&i) {
            if i == best.start {
                text.byte(b':');
            }
            continue;
        }
        if i > 0 {
            text.byte(b':');
        }
        if i == 6 && has_v4 {
            return text.octets(octets.get(12..).unwrap_or_default());
        }
        for shift in [12, 8, 4, 0] {
            if shift == 0 || group >> shift != 0 {
                let digit = u8::try_from(group >> shift & 0xf).unwrap_or_default();
                text.byte(if digit < 10 { b'0' | digit } else { digit.saturating_add(b'a' - 10) });
            }
        }
    }
    if best.end == 8 {
        text.byte(b':');
    }
}

/// A link-layer address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lladdr<'a>(pub(super) &'a [u8]);

impl fmt::Display for Lladdr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, b)| write!(f, "{}{b:02x}", if i == 0 { "" } else { ":" }))
    }
}

/// A destination or source: the address, without its length where that is all of it; none of length 0 is `default`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Net<'a>(pub(super) Option<&'a [u8]>, pub(super) u8);

impl fmt::Display for Net<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (None, 0) => f.write_str("default"),
            (None, len) => write!(f, "0/{len}"),
            (Some(addr), len) if usize::from(len) == addr.len().saturating_mul(8) => Addr(addr).fmt(f),
            (Some(addr), len) => write!(f, "{}/{len}", Addr(addr)),
        }
    }
}

/// Whether the address starts with the bits of `prefix`.
pub(super) fn is_in(addr: &[u8], prefix: &Prefix) -> bool {
    let octets = Octets::of(prefix.addr);
    addr.len() == octets.bytes().len() && same_bits(addr, octets.bytes(), prefix.len)
}

/// Whether both begin with the same bits; what is missing is 0.
pub(super) fn same_bits(a: &[u8], b: &[u8], bits: u8) -> bool {
    let differ = |at: usize| a.get(at).copied().unwrap_or_default() ^ b.get(at).copied().unwrap_or_default();
    let whole = usize::from(bits / 8);
    (0..whole).all(|at| differ(at) == 0)
        && differ(whole).checked_shr(8_u32.saturating_sub(u32::from(bits % 8))).unwrap_or_default() == 0
}

/// The bytes of an address, as they go on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Octets {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Octets {
    pub(super) fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(a) => Self::V4(a.octets()),
            IpAddr::V6(a) => Self::V6(a.octets()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(b) => b,
            Self::V6(b) => b,
        }
    }
}

/// An address family that was said; 0, `AF_UNSPEC`, was not.
fn said(family: u8) -> Option<u8> {
    Some(family).filter(|f| *f != 0)
}

/// Takes an address of `family` (0: of any): its family, and its bytes. Those of MPLS are labels.
pub(super) fn address(words: &mut Words<'_>, what: &str, family: u8) -> grammar::Result<(u8, Vec<u8>)> {
    match family {
        af::MPLS => Ok((family, labels(words, what, "address")?)),
        af::PACKET => Ok((family, words.mac(what)?.to_vec())),
        _ => words.address(what, said(family)).map(|a| (family_of(a), Octets::of(a).bytes().to_vec())),
    }
}

fn labels(words: &mut Words<'_>, what: &str, kind: &str) -> grammar::Result<Vec<u8>> {
    let word = words.need(what)?.to_str().unwrap_or_default();
    let label =
        |l: &str| grammar::number(l, words.is_ip()).and_then(|l| u32::try_from(l).ok()).filter(|l| *l < 1 << 20);
    let mut entries: Vec<u32> = word.split('/').map_while(label).map(|l| l << 12).collect();
    if entries.len() != word.split('/').count() {
        let usage = words.error_before(format!("{} is not {what}: labels, like 100/200", grammar::show(word.as_ref())));
        return Err(words.expected(usage, Some(af::MPLS), kind));
    }
    // The bottom of the stack.
    entries.last_mut().into_iter().for_each(|l| *l |= 0x100);
    Ok(entries.into_iter().flat_map(u32::to_be_bytes).collect())
}

/// A destination as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dest {
    /// 0 where it is `default`, `any` or `all`, and no family was said.
    pub(super) family: u8,
    /// Empty for `any` and `all`.
    pub(super) addr: Vec<u8>,
    /// Length of the prefix in bits.
    pub(super) len: u8,
    pub(super) is_default: bool,
}

impl Dest {
    /// Takes one of `family` (0: of any).
    pub(super) fn parse(words: &mut Words<'_>, what: &str, family: u8) -> grammar::Result<Self> {
        match words.peek().and_then(OsStr::to_str) {
            Some("default") if family != af::MPLS => {
                let _ = words.next();
                Ok(Self { family, addr: vec![0; usize::from(host_len(family) / 8)], len: 0, is_default: true })
            }
            Some("any" | "all") if family != af::MPLS => {
                let _ = words.next();
                Ok(Self { family, addr: Vec::new(), len: 0, is_default: false })
            }
            Some(word) if family == af::PACKET => {
                let said = format!(
                    "Error: \"{}\" may be inet prefix, but it is not allowed in this context.",
                    Escaped(word.as_bytes())
                );
                Err(words.error("routes of links there are none").ip(said).ip_code(1))
            }
            _ if family == af::MPLS => {
                Ok(Self { family, addr: labels(words, what, "prefix")?, len: 20, is_default: false })
            }
            _ => words.prefix(what, said(family)).map(|p| {
                let addr = Octets::of(p.addr).bytes().to_vec();
                Self { family: family_of(p.addr), addr, len: p.len, is_default: false }
            }),
        }
    }
}

/// The bits of an address of `family`.
pub(super) fn host_len(family: u8) -> u8 {
    match family {
        af::INET => 32,
        af::INET6 => 128,
        af::MPLS => 20,
        _ => 0,
    }
}

/// An attribute made of words: its type and value.
pub(super) type Attr = (u16, Made);

/// A value; what is a name becomes a number when the command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The index of the link of this name.
    Link(OsString),
    /// The table of the VRF of this name.
    Vrf(OsString),
    /// Attributes.
    Nest(Vec<Attr>),
}

impl From<u32> for Made {
    fn from(value: u32) -> Self {
        Self::Bytes(value.to_ne_bytes().into())
    }
}

impl Made {
    /// Its bytes on the wire, padding included.
    pub(super) fn size(attrs: &[Attr]) -> usize {
        let of = |made: &Made| match made {
            Made::Bytes(bytes) => bytes.len(),
            Made::Nest(attrs) => Made::size(attrs),
            Made::Link(_) | Made::Vrf(_) => size_of::<u32>(),
        };
        attrs.iter().fold(0, |len, a| len.saturating_add(align4(of(&a.1).saturating_add(ATTR_HDRLEN))))
    }

    /// Asks for the numbers.
    pub(super) fn resolve(session: &mut Session, attrs: &mut [Attr]) -> Result<()> {
        for (_, made) in attrs {
            *made = match made {
                Self::Link(name) => index(session, name)?.into(),
                Self::Vrf(name) => links::vrf(session.conn()?, name)?.1.into(),
                Self::Nest(attrs) => {
                    // Where an address leads is a word of the route; this is one of a tunnel.
                    Self::resolve(session, attrs).map_err(|f| f.code(code::USAGE))?;
                    continue;
                }
                Self::Bytes(_) => continue,
            };
        }
        Ok(())
    }

    /// Writes attributes.
    pub(super) fn write(m: &mut Msg<'_>, attrs: &[Attr]) {
        for (kind, made) in attrs {
            match made {
                Self::Bytes(bytes) => m.bytes(*kind, bytes),
                Self::Nest(attrs) => m.nest(*kind, |m| Self::write(m, attrs)),
                Self::Link(_) | Self::Vrf(_) => {}
            }
        }
    }
}

/// An attribute with an address.
pub(super) fn put_addr(m: &mut Msg<'_>, kind: u16, addr: IpAddr) {
    m.bytes(kind, Octets::of(addr).bytes());
}

/// What an accessor got: an odd value is as good as none, and no reason not to show the rest.
pub(super) fn got<T>(value: std::result::Result<Option<T>, DecodeError>) -> Option<T> {
    value.ok().flatten()
}

/// Puts `word` (with its space) and a value with a space behind it; in JSON the value as a string.
pub(super) fn put(out: &mut Out, key: &str, word: &str, value: impl fmt::Display) {
    if out.is_json() {
        out.json(key, &value.to_string());
    } else {
        out.text(format_args!("{word}{value} "));
    }
}

/// Puts the name of an interface behind `before`.
pub(super) fn put_dev(out: &mut Out, key: &str, before: &str, links: &Links, index: u32) {
    match links.name(index) {
        Some(name) => out.name(key, before, name),
        None => out.string(key, before, &links.text(index)),
    }
}

/// What of an object is shown, and by what names of links.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'l> {
    pub(super) links: &'l Links,
    pub(super) details: bool,
    pub(super) statistics: bool,
}

impl<'l> Look<'l> {
    pub(super) fn new(options: &Options, links: &'l Links) -> Self {
        Self { links, details: options.details, statistics: options.statistics > 0 }
    }

    /// Puts the name of an interface, in its colour, behind `before`.
    pub(super) fn dev(&self, out: &mut Out, key: &str, before: &str, index: u32) {
        out.push(before);
        out.paint(Some(Color::Ifname), |out| put_dev(out, key, "", self.links, index));
    }
}

/// A number as printf(3) writes it with `%g`: six digits.
pub(super) fn general(value: f64) -> String {
    let scientific = format!("{value:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or_default();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let plain = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match usize::try_from(5_i32.saturating_sub(exponent)) {
        Ok(decimals @ 0..=9) => plain(&format!("{value:.decimals$}")),
        _ => format!("{}e{}{:02}", plain(digits), if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs()),
    }
}

/// Carries out a request that changes something; with `-echo`, gives back the message that the kernel made of it.
pub(super) fn change(
    session: &mut Session,
    task: &str,
    kind: u16,
    flags: Flags,
    fill: impl Fn(&mut Msg<'_>),
) -> Result<Vec<u8>> {
    let mut made = Vec::new();
    let echo = if session.options.echo { Flags::ECHO } else { Flags::empty() };
    let warning = session.conn()?.request_with(kind, flags | echo, fill, |message| {
        if made.is_empty() {
            made = message.bytes().to_vec();
        }
        Ok(())
    });
    let warning = warning.map_err(|e| refused(task, &e))?;
    warning.iter().for_each(|w| session.warn(w));
    Ok(made)
}

/// Carries out a dump and keeps, one behind the other, the messages that `keep` wants.
pub(super) fn dump(
    conn: &mut Conn,
    kind: u16,
    fill: impl Fn(&mut Msg<'_>),
    keep: impl Fn(&Message<'_>) -> std::result::Result<bool, DecodeError>,
) -> netns_sys::Result<Vec<u8>> {
    conn.dump(kind, fill, |kept: &mut Vec<u8>, message| {
        if keep(message)? {
            kept.extend_from_slice(message.bytes());
            kept.resize(align4(kept.len()), 0);
        }
        Ok(())
    })
}

/// Shows the messages as a list.
pub(super) fn show(
    out: &mut Out,
    messages: &[u8],
    mut each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> netns_sys::Result<()> {
    let mut result = Ok(());
    out.list("", |out| result = Messages::new(messages).try_for_each(|m| each(out, &m?)));
    Ok(result?)
}

/// Shows the objects of a dump as a list, as they come. What was shown of a dump that has to be run again is taken back, as
/// long as it was not yet written: then the dump has failed.
pub(super) fn stream(
    session: &mut Session,
    kind: u16,
    fill: impl Fn(&mut Msg<'_>),
    mut each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> Result<netns_sys::Result<()>> {
    let (conn, out) = session.conn_and_out()?;
    let mut result = Ok(());
    out.list("", |out| {
        let start = out.mark();
        result = conn.stream(kind, fill, |event| match event {
            None if out.rewind(start) => Ok(()),
            None => Err(Error::Interrupted),
            Some(message) => {
                each(out, message)?;
                out.spill();
                Ok(())
            }
        });
    });
    Ok(result)
}

/// The result of a dump; `ip` says of a failed one what is `terminated`.
pub(super) fn dumped<T>(task: &str, terminated: &str, result: netns_sys::Result<T>) -> Result<T> {
    done(task, result).map_err(|failure| {
        let said = failure.ip.clone().unwrap_or_default();
        failure.ip(format!("{said}\n{terminated}"))
    })
}

/// How often a flush looks whether there is still something.
const ROUNDS: u32 = 10;

/// Deletes all that `find` finds, in one batch, until it finds nothing; `write` makes the request of what was found.
pub(super) fn flush(
    conn: &mut Conn,
    task: &str,
    kind: u16,
    find: impl Fn(&mut Conn) -> netns_sys::Result<Vec<u8>>,
    write: impl Fn(&mut Msg<'_>, &Message<'_>),
) -> Result<()> {
    for _ in 0..ROUNDS {
        let found = done(task, find(conn))?;
        if found.is_empty() {
            return Ok(());
        }
        delete(conn, task, kind, &found, &write)?;
    }
    Err(Failure::new(code::FAILED, format!("cannot {task}: still some left after {ROUNDS} rounds")))
}

/// Deletes what was found, in one batch; `write` makes the request. Gives back how many were still there.
pub(super) fn delete(
    conn: &mut Conn,
    task: &str,
    kind: u16,
    found: &[u8],
    write: impl Fn(&mut Msg<'_>, &Message<'_>),
) -> Result<usize> {
    let failed = conn.batch(|requests| {
        Messages::new(found).try_for_each(|m| {
            let found = m?;
            requests.request(kind, Flags::empty(), |m| write(m, &found))
        })
    });
    let failed = done(task, failed)?;
    for (_, error) in &failed {
        match error.errno() {
            // Gone by itself, or with another: an IPv4 address takes its secondaries along.
            Some(Errno::ESRCH | Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ENOENT) => {}
            _ => return Err(Failure::of(task, error)),
        }
    }
    Ok(Messages::new(found).count().saturating_sub(failed.len()))
}

/// The index of the interface `name`.
pub(super) fn index(session: &mut Session, name: &OsStr) -> Result<u32> {
    let ns = &session.options.ns;
    let known = session.indices.iter().find(|i| i.0 == *ns && i.1 == name);
    if let Some((.., index)) = known.filter(|_| session.waiting) {
        return Ok(*index);
    }
    let index = match links::find(session.conn()?, name) {
        // How `ip` shows one without a name.
        Err(failure) if session.options.ip => numbered(name).ok_or(failure)?,
        index => index?,
    };
    if session.waiting {
        session.indices.push((session.options.ns.clone(), name.to_owned(), index));
    }
    Ok(index)
}

/// The number in `if7`.
fn numbered(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.strip_prefix("if")?;
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    digits.get(..end)?.parse().ok().filter(|n| *n != 0)
}

/// As [`index`]; 0 where there is no name.
pub(super) fn index_or_0(session: &mut Session, name: Option<&OsString>) -> Result<u32> {
    name.map_or(Ok(0), |name| index(session, name))
}

/// A failure to change `what`, with what to do about the usual ones.
pub(super) fn refused(task: &str, error: &Error) -> Failure {
    let failure = Failure::of(task, error);
    let advice = match error.errno() {
        Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH) => {
            "the gateway is on no network of a link that is up: bring the link up and give it an address first"
        }
        Some(Errno::ENETDOWN) => "the link is down: bring it up first",
        Some(Errno::EEXIST) => "it exists already: `replace` changes what there is",
        Some(Errno::ESRCH | Errno::EADDRNOTAVAIL) => "there is no such one: `show` shows what there is",
        _ => return failure,
    };
    failure.hint(format!("  {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_c_library_does() {
        let text = |addr: &str| Addr(Octets::of(addr.parse().unwrap()).bytes()).to_string();
        for addr in ["0.0.0.0", "255.255.255.255", "10.9.100.99", "1.10.101.0", "::", "::1", "2001:db8::1:0:0:1"] {
            assert_eq!(text(addr), addr);
        }
        assert_eq!(text("::1.2.3.4"), "::1.2.3.4");
        assert_eq!(text("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
        assert_eq!(text("::0:5"), "::5");
        assert_eq!(Addr(&[2, 0, 0xff]).to_string(), "02:00:ff");
        assert_eq!((Net(None, 0).to_string(), Net(None, 4).to_string()), ("default".into(), "0/4".into()));
        assert_eq!(Net(Some(&[10, 0, 0, 0]), 8).to_string(), "10.0.0.0/8");
        assert_eq!(Net(Some(&[10, 0, 0, 0]), 32).to_string(), "10.0.0.0");
    }

    #[test]
    fn an_address_is_in_a_prefix_by_its_leading_bits() {
        let is = |addr: &str, prefix: &str, len| {
            is_in(Octets::of(addr.parse().unwrap()).bytes(), &Prefix { addr: prefix.parse().unwrap(), len })
        };
        assert!(is("10.1.2.3", "0.0.0.0", 0));
        assert!(is("10.1.2.3", "10.1.2.3", 32));
        assert!(!is("10.1.2.2", "10.1.2.3", 32));
        assert!(is("10.1.2.127", "10.1.2.0", 25));
        assert!(!is("10.1.2.128", "10.1.2.0", 25));
        assert!(is("2001:db8::1", "2001:db0::", 28));
        assert!(!is("2001:db8::1", "2001:dc0::", 28));
        assert!(!is("10.1.2.3", "::", 0), "another family");
        assert!(!is_in(&[10], &Prefix { addr: IpAddr::from([10, 0, 0, 0]), len: 8 }), "cut short");
    }
}

//! What addresses, routes, neighbours and rules share: numbers that have names, addresses as text, dumps that are kept,
//! and flushing.

use super::links::{self, Links};
use super::*;
use crate::grammar::{Prefix, family_of, number};
use crate::names;
use crate::out::{Color, Escaped, Text};
use netns_sys::Errno;
use nl_core::route::{arphrd, rtn};
use nl_core::wire::{ATTR_HDRLEN, align4};
use nl_core::{DecodeError, Flags, Message, Messages, Msg};
use std::fmt;
use std::io::{IsTerminal, Read as _, Write as _};
use std::net::{IpAddr, Ipv6Addr};

/// What a route or a rule does, in the order of `ip`.
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
    ("local", rtn::LOCAL),
    ("nat", rtn::NAT),
    ("throw", rtn::THROW),
    ("none", rtn::UNSPEC),
];

/// Takes a word of `table`, or of `whole` (those are written out for `ip`); `None`: what comes is an address or a prefix, which
/// needs no word before it.
pub(super) fn word_or_prefix<T: Copy + PartialEq>(
    words: &mut Words<'_>,
    what: &str,
    whole: &[Keyword<T>],
    table: &[Keyword<T>],
) -> grammar::Result<Option<T>> {
    if let Some(word) = words.try_words(whole, table)? {
        return Ok(Some(word));
    }
    let next = words.peek().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let digit = next.first().is_some_and(u8::is_ascii_digit);
    if words.is_ip() || digit || next.iter().any(|b| b".:/".contains(b)) || is_any(words) {
        return Ok(None);
    }
    words.keyword_of(what, whole, table).map(Some)
}

/// Whether the next word is a prefix of length 0, of whatever family.
pub(super) fn is_any(words: &Words<'_>) -> bool {
    words.peek().and_then(OsStr::to_str).is_some_and(|w| matches!(w, "default" | "any" | "all"))
}

/// Takes a type of service: a name, or a hexadecimal number; `ip` reads it as that without `0x`, too.
pub(super) fn tos(words: &mut Words<'_>) -> grammar::Result<u8> {
    let word = words.need("a type of service")?.to_str().unwrap_or_default();
    let hex = word.strip_prefix("0x").or(Some(word).filter(|w| w.len() < 2 || words.is_ip()));
    let number = || hex.and_then(|h| u8::from_str_radix(h, 16).ok());
    let value = names::DSFIELDS.value(word).and_then(|v| u8::try_from(v).ok()).or_else(number);
    value.ok_or_else(|| words.error_before("a type of service is a name, or hexadecimal: write it as 0x…"))
}

/// A type of service by its name, or as a hexadecimal number.
pub(super) fn tos_text(out: &Out, tos: u8) -> String {
    out.named(tos, &names::DSFIELDS).name.map_or_else(|| format!("0x{tos:02x}"), str::to_owned)
}

/// Takes realms, `[FROM/]TO`, or the number that is both.
pub(super) fn realms(words: &mut Words<'_>) -> grammar::Result<u32> {
    let word = words.need("realms")?.to_str().unwrap_or_default();
    let number = |text| number(text, words.is_ip()).and_then(|n| u32::try_from(n).ok());
    let realm = |text| names::REALMS.value(text).or_else(|| number(text).filter(|n| *n <= 255));
    let value = match word.split_once('/') {
        Some((from, "")) => realm(from).map(|from| from << 16),
        Some((from, to)) => realm(from).zip(realm(to)).map(|(from, to)| from << 16 | to),
        None => realm(word).or_else(|| number(word)),
    };
    value.ok_or_else(|| words.error_before("realms are [FROM/]TO: names, or numbers from 0 to 255"))
}

/// What a route or a rule does, by its name unless numbers are asked for.
pub(super) fn type_name(out: &Out, kind: u8) -> Named<u8> {
    Named(kind, if out.style().numeric { &[] } else { TYPES })
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
            _ => Lladdr(self.0).write(text),
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
        let mut text = Text::default();
        self.write(&mut text);
        f.write_str(std::str::from_utf8(text.bytes()).unwrap_or_default())
    }
}

impl Lladdr<'_> {
    fn write(self, text: &mut Text) {
        for byte in self.0 {
            let [high, low] =
                [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' | digit } else { b'W'.wrapping_add(digit) });
            text.ascii(&[high, low, b':']);
        }
        text.truncate(text.len().saturating_sub(1));
    }
}

/// A link-layer address, of a link of this type; of a tunnel, an IP address.
pub(super) fn lladdr(kind: u16, bytes: &[u8]) -> String {
    let mut text = Text::default();
    write_lladdr(&mut text, kind, bytes);
    text.into()
}

fn write_lladdr(text: &mut Text, kind: u16, bytes: &[u8]) {
    match (kind, bytes.len()) {
        (arphrd::TUNNEL | arphrd::SIT | arphrd::IPGRE, 4) | (arphrd::TUNNEL6 | arphrd::IP6GRE, 16) => {
            Addr(bytes).write(text);
        }
        _ => Lladdr(bytes).write(text),
    }
}

/// Puts a link-layer address, and what is `after` it, in its colour.
pub(super) fn put_lladdr(out: &mut Out, key: &str, kind: u16, bytes: &[u8], after: &str) {
    out.paint(Some(Color::Mac), |out| {
        out.bare(key, |text| write_lladdr(text, kind, bytes));
        out.push(after);
    });
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

/// Puts a value of this colour, with a space, behind `word`; in JSON the value as a string.
pub(super) fn put_color(out: &mut Out, color: Option<Color>, key: &str, word: &str, value: impl fmt::Display) {
    out.push(word);
    let value = value.to_string();
    out.color(color, key, &value, format_args!("{value} "));
}

/// Puts the name of an interface, in its colour, behind `word`.
pub(super) fn put_dev(out: &mut Out, key: &str, word: &str, links: &Links, index: u32) {
    out.push(word);
    out.paint(Some(Color::Ifname), |out| put_name(out, key, "", links, index));
}

/// Puts the name of an interface, of an unknown one its number, behind `word`.
pub(super) fn put_name(out: &mut Out, key: &str, word: &str, links: &Links, index: u32) {
    match links.name(index) {
        Some(name) => out.name(key, word, name),
        None => out.string(key, word, &links.text(index)),
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
    task: &str,
    kind: u16,
    fill: impl Fn(&mut Msg<'_>),
    each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> Result<()> {
    dumped(task, "Dump terminated", try_stream(session, kind, fill, each)?)
}

/// As [`stream`], with the error as it is.
pub(super) fn try_stream(
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

/// How often a flush looks whether there is still something, unless told.
const ROUNDS: u32 = 10;

/// Deletes all that `find` finds in a round (counted from 0), until it finds nothing; `write` makes the request of what was
/// found. Counts `things` for those who ask for statistics, and for those who ask twice has `each` show them.
pub(super) fn flush(
    session: &mut Session,
    task: &str,
    things: &str,
    kind: u16,
    find: impl Fn(&mut Conn, u32) -> netns_sys::Result<Vec<u8>>,
    write: impl Fn(&mut Msg<'_>, &Message<'_>),
    mut each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> Result<()> {
    let Options { statistics, dry_run, ip, .. } = session.options;
    let most = session.options.loops.unwrap_or(ROUNDS);
    let (conn, out) = session.conn_and_out()?;
    let mut round = 0_u32;
    loop {
        let found = done(task, find(conn, round))?;
        if found.is_empty() {
            if statistics > 0 && round == 0 {
                out.push("Nothing to flush.\n");
            } else if statistics > 0 {
                let plural = if round > 1 { "s" } else { "" };
                out.text(format_args!("*** Flush is complete after {round} round{plural} ***\n"));
            }
            return Ok(());
        }
        if statistics > 1 && !out.is_json() {
            done(task, show(out, &found, &mut each))?;
        }
        round = round.saturating_add(1);
        delete(conn, task, kind, &found, &write)?;
        if statistics > 0 {
            let count = Messages::new(&found).count();
            out.text(format_args!("\n*** Round {round}, deleting {count} {things} ***\n"));
        }
        if dry_run {
            return Ok(());
        }
        if round == most {
            let said = format!("*** Flush remains incomplete after {round} rounds. ***");
            let failure = Failure::new(code::FAILED, format!("cannot {task}: still some left after {round} rounds"));
            return Err(if ip { failure.ip(said).code(code::USAGE) } else { failure });
        }
    }
}

/// Deletes what was found, in one batch; `write` makes the request. Gives back how many were gone already.
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
    Ok(failed.len())
}

/// Carries out a change, which is called `task`; `on` gets what is echoed, if `flags` ask for that.
pub(super) fn request(
    session: &mut Session,
    task: &str,
    kind: u16,
    flags: Flags,
    fill: impl Fn(&mut Msg<'_>),
    on: impl FnMut(&Message<'_>) -> netns_sys::Result<()>,
) -> Result<()> {
    let warning = session.conn()?.request_with(kind, flags, fill, on).map_err(|e| refused(task, &e))?;
    session.warned(warning);
    Ok(())
}

/// Carries out a change, which is called `task`. With `-echo`, `each` shows what the kernel made of it.
pub(super) fn change(
    session: &mut Session,
    task: &str,
    kind: u16,
    mut flags: Flags,
    fill: impl Fn(&mut Msg<'_>),
    each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> Result<()> {
    flags.set(Flags::ECHO, session.options.echo);
    let mut made = Vec::new();
    let keep = |message: &Message<'_>| {
        made.extend_from_slice(message.bytes());
        Ok(())
    };
    let warning = session.conn()?.request_with(kind, flags, fill, keep).map_err(|e| refused(task, &e))?;
    session.warned(warning);
    match made.is_empty() {
        // It does not tell of all changes.
        true if session.options.echo && !session.options.dry_run => {
            session.out.list("", |out| out.object("", |_| {}));
            Ok(())
        }
        true => Ok(()),
        false => done(task, show(&mut session.out, &made, each)),
    }
}

/// Writes messages as they are, behind `magic`.
pub(super) fn save(task: &str, magic: u32, messages: &[u8]) -> Result<()> {
    if std::io::stdout().is_terminal() {
        let failure = Failure::new(code::FAILED, "what is saved is no text: send it into a file");
        return Err(failure.ip("Not sending a binary stream to stdout"));
    }
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(&magic.to_ne_bytes()).and_then(|()| stdout.write_all(messages));
    written.and_then(|()| stdout.flush()).map_err(|e| Failure::new(code::FAILED, format!("cannot {task}: {e}")))
}

/// The messages that [`save`] wrote, from standard input: all of them of type `kind`. The exit codes are for another file, and
/// for one that is broken.
pub(super) fn saved(task: &str, magic: u32, kind: u16, codes: [u8; 2]) -> Result<Vec<u8>> {
    let [other, broken] = codes;
    let failure = |message: String| Failure::new(other, format!("cannot {task}: {message}"));
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        return Err(failure("what was saved is no text: take it from a file".into())
            .ip(format!("Can't {task} from a terminal")));
    }
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes).map_err(|e| failure(e.to_string()))?;
    let mut first = [0; size_of::<u32>()];
    first.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
    let messages = bytes.get(first.len()..);
    let said = u32::from_ne_bytes(first);
    let Some(messages) = messages.filter(|_| said == magic) else {
        let elems = u8::from(messages.is_some());
        return Err(
            failure("it is not what `save` wrote".into()).ip(format!("Magic mismatch ({elems} elems, {said:x} magic)"))
        );
    };
    for message in Messages::new(messages) {
        match message {
            Ok(message) if message.kind() == kind => {}
            Ok(_) => return Err(failure("there is something else in it".into()).code(broken)),
            Err(e) => return Err(failure(e.to_string()).ip("rtnl-from_file: truncated message").code(broken)),
        }
    }
    Ok(messages.to_vec())
}

/// The index of the interface `name`.
pub(super) fn index(session: &mut Session, name: &OsStr) -> Result<u32> {
    let ns = &session.options.ns;
    let known = session.indices.iter().find(|i| i.0 == *ns && i.1 == name);
    if let Some((.., index)) = known.filter(|_| session.waiting) {
        return Ok(*index);
    }
    let index = links::find(session.conn()?, name)?;
    if session.waiting {
        session.indices.push((session.options.ns.clone(), name.to_owned(), index));
    }
    Ok(index)
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
    fn numbers_have_six_digits_as_printf_writes_them() {
        let text = |value: f64| general(value);
        assert_eq!([0.0, 0.02, 1.0, 1.5, 60.0, 100.0].map(text), ["0", "0.02", "1", "1.5", "60", "100"]);
        assert_eq!(
            [1234.567, 123_456.7, 999_999.9, 1_234_567.8].map(text),
            ["1234.57", "123457", "1e+06", "1.23457e+06"]
        );
        assert_eq!([0.0001, 0.000_012_3].map(text), ["0.0001", "1.23e-05"]);
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

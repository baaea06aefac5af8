//! What addresses, routes, neighbours and rules share: numbers that have names, addresses as text, dumps that are kept,
//! and flushing.

use super::links::{self, Links};
use super::*;
use crate::grammar::{Bounded, Prefix};
use crate::out::Escaped;
use netns_sys::Errno;
use nl_core::route::rtn;
use nl_core::wire::align4;
use nl_core::{DecodeError, Flags, Message, Messages, Msg};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a route does.
pub(super) const TYPES: &[Keyword<u8>] = &[
    ("unicast", rtn::UNICAST),
    ("local", rtn::LOCAL),
    ("broadcast", rtn::BROADCAST),
    ("anycast", rtn::ANYCAST),
    ("multicast", rtn::MULTICAST),
    ("blackhole", rtn::BLACKHOLE),
    ("unreachable", rtn::UNREACHABLE),
    ("prohibit", rtn::PROHIBIT),
    ("throw", rtn::THROW),
];
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
        if let Ok(octets) = <[u8; 4]>::try_from(self.0) {
            return dotted(octets, f);
        }
        let Ok(octets) = <[u8; 16]>::try_from(self.0) else { return Lladdr(self.0).fmt(f) };
        match octets {
            // As the C library, and unlike Rust's, writes the IPv4-compatible ones.
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
                write!(f, "::{}", Ipv4Addr::new(a, b, c, d))
            }
            octets => Ipv6Addr::from(octets).fmt(f),
        }
    }
}

/// IPv4 is most of what long lists are made of: written in one piece, not integer by integer.
fn dotted(octets: [u8; 4], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 16];
    let mut len = 0_usize;
    let mut put = |byte| {
        text.get_mut(len).into_iter().for_each(|to| *to = byte);
        len = len.saturating_add(1);
    };
    for octet in octets {
        if octet >= 100 {
            put(b'0' | (octet / 100));
        }
        if octet >= 10 {
            put(b'0' | (octet / 10 % 10));
        }
        put(b'0' | (octet % 10));
        put(b'.');
    }
    let text = text.get(..len.saturating_sub(1)).unwrap_or_default();
    f.write_str(std::str::from_utf8(text).unwrap_or_default())
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
    let (whole, bits) = (usize::from(prefix.len / 8), prefix.len % 8);
    let mask = u8::MAX.checked_shl(u32::from(8_u8.saturating_sub(bits))).unwrap_or_default();
    let last = |b: &[u8]| b.get(whole).map_or(0, |b| b & mask);
    let octets = octets.bytes();
    addr.len() == octets.len() && addr.get(..whole) == octets.get(..whole) && (bits == 0 || last(addr) == last(octets))
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

/// Puts the name of an interface behind `word`.
pub(super) fn put_dev(out: &mut Out, key: &str, word: &str, links: &Links, index: u32) {
    match links.name(index) {
        Some(name) => out.field(key, name, format_args!("{word}{} ", Escaped(name))),
        None => put(out, key, word, format_args!("if{index}")),
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
    mut each: impl FnMut(&mut Out, &Message<'_>) -> std::result::Result<(), DecodeError>,
) -> Result<()> {
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
    done(task, result)
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
        let failed = conn.batch(|requests| {
            Messages::new(&found).try_for_each(|m| {
                let found = m?;
                requests.request(kind, Flags::empty(), |m| write(m, &found))
            })
        });
        for (_, error) in done(task, failed)? {
            match error.errno() {
                // Gone by itself, or with another: an IPv4 address takes its secondaries along.
                Some(Errno::ESRCH | Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ENOENT) => {}
                _ => return Err(Failure::of(task, &error)),
            }
        }
    }
    Err(Failure::new(code::FAILED, format!("cannot {task}: still some left after {ROUNDS} rounds")))
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

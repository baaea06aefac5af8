//! What addresses, routes, neighbours and rules share: numbers that have names, addresses as text, dumps that are kept,
//! and flushing.

use super::links::{self, Links};
use super::*;
use crate::grammar::{Bounded, Prefix, number};
use crate::names;
use crate::out::{Color, Escaped};
use netns_sys::Errno;
use nl_core::route::{arphrd, rtn};
use nl_core::wire::align4;
use nl_core::{DecodeError, Flags, Message, Messages, Msg};
use std::fmt;
use std::io::{IsTerminal, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
        // In one piece: long lists of links are made of them.
        let mut text = Vec::with_capacity(self.0.len().saturating_mul(3));
        for byte in self.0 {
            let digits =
                [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' | digit } else { b'W'.wrapping_add(digit) });
            text.extend_from_slice(&[b':', digits[0], digits[1]]);
        }
        let text = std::str::from_utf8(text.get(1..).unwrap_or_default()).unwrap_or_default();
        f.write_str(text)
    }
}

/// A link-layer address, of a link of this type; of a tunnel, an IP address.
pub(super) fn lladdr(kind: u16, bytes: &[u8]) -> String {
    match (kind, bytes.len()) {
        (arphrd::TUNNEL | arphrd::SIT | arphrd::IPGRE, 4) | (arphrd::TUNNEL6 | arphrd::IP6GRE, 16) => {
            Addr(bytes).to_string()
        }
        _ => Lladdr(bytes).to_string(),
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

/// Puts a value of this colour, with a space, behind `word`; in JSON the value as a string.
pub(super) fn put_color(out: &mut Out, color: Option<Color>, key: &str, word: &str, value: impl fmt::Display) {
    out.push(word);
    let value = value.to_string();
    out.color(color, key, &value, format_args!("{value} "));
}

/// Puts the name of an interface behind `word`.
pub(super) fn put_dev(out: &mut Out, key: &str, word: &str, links: &Links, index: u32) {
    match links.name(index) {
        Some(name) => {
            out.push(word);
            out.color(Some(Color::Ifname), key, name, format_args!("{} ", Escaped(name)));
        }
        None => put_color(out, Some(Color::Ifname), key, word, format_args!("if{index}")),
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
        let count = delete(conn, task, kind, &found, &write)?;
        if statistics > 0 {
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

/// Deletes what was found, in one batch; `write` makes the request. Gives back how many there were.
pub(super) fn delete(
    conn: &mut Conn,
    task: &str,
    kind: u16,
    found: &[u8],
    write: impl Fn(&mut Msg<'_>, &Message<'_>),
) -> Result<usize> {
    let mut count = 0_usize;
    let failed = conn.batch(|requests| {
        Messages::new(found).try_for_each(|m| {
            let found = m?;
            count = count.saturating_add(1);
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
    Ok(count)
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
    warning.iter().for_each(|w| session.warn(w));
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
    warning.iter().for_each(|w| session.warn(w));
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

/// Writes the messages of a dump as they are, behind `magic`.
pub(super) fn save(
    session: &mut Session,
    task: &str,
    magic: u32,
    kind: u16,
    fill: impl Fn(&mut Msg<'_>),
    keep: impl Fn(&Message<'_>) -> std::result::Result<bool, DecodeError>,
) -> Result<()> {
    if std::io::stdout().is_terminal() {
        let failure = Failure::new(code::FAILED, "what is saved is no text: send it into a file");
        return Err(failure.ip("Not sending a binary stream to stdout"));
    }
    let found = done(task, dump(session.conn()?, kind, fill, keep))?;
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(&magic.to_ne_bytes()).and_then(|()| stdout.write_all(&found));
    written.and_then(|()| stdout.flush()).map_err(|e| Failure::new(code::FAILED, format!("cannot {task}: {e}")))
}

/// The messages that [`save`] wrote, from standard input: all of them of type `kind`.
pub(super) fn saved(task: &str, magic: u32, kind: u16) -> Result<Vec<u8>> {
    let failure = |message: String| Failure::new(code::USAGE, format!("cannot {task}: {message}"));
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
            Ok(_) => return Err(failure("there is something else in it".into())),
            Err(e) => return Err(failure(e.to_string()).ip("rtnl-from_file: truncated message")),
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

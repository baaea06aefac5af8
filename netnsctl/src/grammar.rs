//! Words to values: a cursor over the words of a command.
//!
//! Keywords match by unambiguous prefix. What does not fit is an error that knows its word, so
//! that the user sees which one it was, what would have been right, and what was perhaps meant.

use crate::names::Names;
use crate::out::Escaped;
use nl_core::route::af;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{Deref, DerefMut};
use std::os::unix::ffi::OsStrExt;

/// What is wrong with the words of a command. As small as can be: every `?` moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(pub Box<Wrong>);

/// What a [`Usage`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// In words: what is wrong, and what would be right.
    pub message: String,
    /// Which word it is about; one past the last where one is missing.
    pub at: usize,
    /// How `ip` says it, where that is not `argument "WORD" is wrong: MESSAGE`.
    pub ip: Option<String>,
    /// The exit code of `ip` in this case, where it is not 255.
    pub ip_code: u8,
}

impl Deref for Usage {
    type Target = Wrong;

    fn deref(&self) -> &Wrong {
        &self.0
    }
}

impl DerefMut for Usage {
    fn deref_mut(&mut self) -> &mut Wrong {
        &mut self.0
    }
}

impl Usage {
    /// This is wrong with word `at`.
    #[must_use]
    pub fn new(at: usize, message: String) -> Self {
        Self(Box::new(Wrong { message, at, ip: None, ip_code: 255 }))
    }

    /// With another message.
    #[must_use]
    pub fn message(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    /// About word `at`.
    #[must_use]
    pub fn at(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    /// With the exit code of `ip` in this case.
    #[must_use]
    pub fn ip_code(mut self, code: u8) -> Self {
        self.ip_code = code;
        self
    }

    /// With what `ip` says in this case: its whole line.
    #[must_use]
    pub fn ip(mut self, line: impl Into<String>) -> Self {
        self.ip = Some(line.into());
        self
    }
}

/// Parsing's results.
pub type Result<T> = std::result::Result<T, Usage>;

/// A cursor over words.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    words: &'a [OsString],
    at: usize,
    /// As `ip` reads them: of several keywords that begin alike the first of its table, octal numbers, `10/8`.
    ip: bool,
}

/// A keyword and what it stands for. Several keywords may stand for the same.
pub type Keyword<T> = (&'static str, T);

/// An address with the length of its prefix in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address, host bits included.
    pub addr: IpAddr,
    /// Bits of the prefix: at most 32 (IPv4) or 128 (IPv6).
    pub len: u8,
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.len)
    }
}

/// What `ip` says where a word is missing.
pub const INCOMPLETE: &str = "Command line is not complete. Try option \"help\"";

/// The longest name an interface can have, in bytes (`IFNAMSIZ` less the NUL).
pub const IFNAME_MAX: usize = 15;

impl<'a> Words<'a> {
    /// A cursor at the first of `words`.
    #[must_use]
    pub fn new(words: &'a [OsString]) -> Self {
        Self { words, at: 0, ip: false }
    }

    /// The same, read as `ip` reads words, if `ip` is true.
    #[must_use]
    pub fn like_ip(self, ip: bool) -> Self {
        Self { ip, ..self }
    }

    /// Whether words are read as `ip` reads them.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        self.ip
    }

    /// Steps back by a word.
    pub fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// Position of the next word.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next word, which stays the next.
    #[must_use]
    pub fn peek(&self) -> Option<&'a OsStr> {
        self.words.get(self.at).map(OsString::as_os_str)
    }

    /// The next word as it may be shown between quotes of ours.
    #[must_use]
    pub fn typed(&self) -> String {
        Escaped(self.peek().unwrap_or_default().as_bytes()).to_string()
    }

    /// Whether there is no word left.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.peek().is_none()
    }

    /// All words that are left.
    pub fn rest(&mut self) -> &'a [OsString] {
        let rest = self.words.get(self.at..).unwrap_or_default();
        self.at = self.words.len();
        rest
    }

    /// Takes the next word.
    #[expect(clippy::should_implement_trait, reason = "a cursor: peeked at and stepped back, not iterated over")]
    pub fn next(&mut self) -> Option<&'a OsStr> {
        let word = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(word)
    }

    /// The word just taken; empty if it is not UTF-8.
    #[must_use]
    pub fn before(&self) -> &'a str {
        let before = self.at.checked_sub(1).and_then(|at| self.words.get(at));
        before.and_then(|w| w.to_str()).unwrap_or_default()
    }

    /// Takes the next word, which has to be there.
    ///
    /// # Errors
    /// There is none; `what` says what was expected: "an interface name".
    pub fn need(&mut self, what: &str) -> Result<&'a OsStr> {
        match self.next() {
            Some(word) => Ok(word),
            None => Err(self.error(format!("{what} is missing")).ip(INCOMPLETE)),
        }
    }

    /// An error about the next word.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> Usage {
        Usage::new(self.at, message.into())
    }

    /// An error about the next word: it would be the second value of `what`, as `ip` calls that.
    #[must_use]
    pub fn twice(&self, what: &str) -> Usage {
        let said = format!("Error: duplicate \"{what}\": \"{}\" is the second value.", self.typed());
        self.error("that is said already").ip(said)
    }

    /// As [`Words::twice`], where `ip` is not sure.
    #[must_use]
    pub fn again(&self, what: &str) -> Usage {
        let said = format!("Error: either \"{what}\" is duplicate, or \"{}\" is a garbage.", self.typed());
        self.error("that is said already").ip(said)
    }

    /// An error about the word just taken.
    #[must_use]
    pub fn error_before(&self, message: impl Into<String>) -> Usage {
        Usage::new(self.at.saturating_sub(1), message.into())
    }

    /// `usage`, where `ip` says of the word that its argument is wrong, and `says`.
    #[must_use]
    pub fn wrong(&self, usage: Usage, says: impl fmt::Display) -> Usage {
        match (&usage.ip, self.words.get(usage.at)) {
            (None, Some(word)) => {
                let word = Escaped(word.as_bytes());
                usage.ip(format!("Error: argument \"{word}\" is wrong: {says}"))
            }
            _ => usage,
        }
    }

    /// `usage`, where `ip` says that it wants another kind of word: "inet prefix".
    #[must_use]
    pub fn expected(&self, usage: Usage, family: Option<u8>, what: &str) -> Usage {
        let word = Escaped(self.words.get(usage.at).map(|w| w.as_bytes()).unwrap_or_default());
        match usage.ip {
            None => {
                let family = family.map_or("any valid", family_name);
                usage.ip(format!("Error: {family} {what} is expected rather than \"{word}\".")).ip_code(1)
            }
            Some(_) => usage,
        }
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(&self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(self.error(format!("{} is too much here", show(word)))),
        }
    }

    /// Takes the next word if it is exactly `word` (not a prefix of it).
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|w| w == word);
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    /// Takes the next word if it is a keyword of `table`, or a prefix of one and of no other (to `ip`: of one).
    ///
    /// # Errors
    /// It is a prefix of several, which the error names.
    pub fn try_keyword<T: Copy + PartialEq>(&mut self, table: &[(&str, T)]) -> Result<Option<T>> {
        self.try_words(&[], table)
    }

    /// As [`Words::try_keyword`], with more keywords: those of `whole` have to be written out for `ip`.
    ///
    /// # Errors
    /// As [`Words::try_keyword`].
    pub fn try_words<T: Copy + PartialEq>(&mut self, whole: &[(&str, T)], table: &[(&str, T)]) -> Result<Option<T>> {
        let table = Tables(whole, table);
        Ok(self.position(&table, whole.len())?.and_then(|at| table.get(at)).map(|k| k.1))
    }

    /// Takes the next word if it is a keyword of `table`, of which to `ip` the first `whole` have to be written out.
    fn position(&mut self, table: &dyn Keywords, whole: usize) -> Result<Option<usize>> {
        let Some(word) = self.peek().and_then(OsStr::to_str).filter(|w| !w.is_empty()) else { return Ok(None) };
        let mut found = all(table).position(|k| k == word);
        if found.is_none() {
            let long = if self.ip { whole } else { 0 };
            let mut matching = all(table).enumerate().skip(long).filter(|k| k.1.starts_with(word));
            if let Some((at, first)) = matching.next() {
                found = Some(at);
                if let Some((_, other)) = matching.find(|k| !self.ip && !table.same(at, k.0)) {
                    return Err(self.error(format!("{word:?} can be {first:?} or {other:?}: write more of it")));
                }
            }
        }
        if found.is_some() {
            self.at = self.at.saturating_add(1);
        }
        Ok(found)
    }

    /// Takes the next word, which has to be a keyword of `table`; `what` says what it stands for: "a command".
    ///
    /// # Errors
    /// It is not there, not known (the nearest keyword is suggested), or a prefix of several.
    pub fn keyword<T: Copy + PartialEq>(&mut self, what: &str, table: &[(&str, T)]) -> Result<T> {
        self.keyword_of(what, &[], table)
    }

    /// As [`Words::keyword`], with more keywords: those of `whole` have to be written out for `ip`.
    ///
    /// # Errors
    /// As [`Words::keyword`].
    pub fn keyword_of<T: Copy + PartialEq>(
        &mut self,
        what: &str,
        whole: &[(&str, T)],
        table: &[(&str, T)],
    ) -> Result<T> {
        if let Some(found) = self.try_words(whole, table)? {
            return Ok(found);
        }
        Err(self.unknown(what, &Tables(whole, table)))
    }

    /// The next word is none of `table`.
    fn unknown(&self, what: &str, table: &dyn Keywords) -> Usage {
        let Some(word) = self.peek() else {
            return self.error(format!("{what} is missing: {}", list(all(table)))).ip(INCOMPLETE);
        };
        let known = match nearest(word, all(table)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known are {}", list(all(table))),
        };
        self.error(format!("{} is not {what}; {known}", show(word)))
    }

    /// Takes what is to be done to an `object`: a keyword of `table`.
    ///
    /// # Errors
    /// As [`Words::keyword`].
    pub fn verb<T: Copy + PartialEq>(&mut self, object: &str, table: &[Keyword<T>]) -> Result<T> {
        let word = self.typed();
        self.keyword("a command", table).map_err(|usage| match usage.ip {
            Some(_) => usage,
            None => usage.ip(format!("Command \"{word}\" is unknown, try \"ip {object} help\".")),
        })
    }

    /// As [`Words::keyword`]; of several that begin alike the first is meant, and `ip` says `unknown` of a word that is none, and
    /// ends with 1.
    ///
    /// # Errors
    /// As [`Words::keyword`].
    pub fn keyword_of_ip<T: Copy + PartialEq>(
        &mut self,
        what: &str,
        table: &[Keyword<T>],
        unknown: impl FnOnce(&str) -> String,
    ) -> Result<T> {
        let ip = std::mem::replace(&mut self.ip, true);
        let result = self.keyword(what, table);
        self.ip = ip;
        result.map_err(|usage| if usage.ip.is_some() { usage } else { usage.ip(unknown(&self.typed())).ip_code(1) })
    }

    /// Takes a number, or its name in `names`.
    ///
    /// # Errors
    /// It is missing; it is neither (the nearest name is suggested).
    pub fn named<T: TryFrom<u64> + TryFrom<u32> + Bounded>(&mut self, what: &str, names: &Names) -> Result<T> {
        let word = self.need(what)?;
        if let Some(value) = word.to_str().and_then(|w| names.value(w)).and_then(|v| T::try_from(v).ok()) {
            return Ok(value);
        }
        let value = word.to_str().and_then(|w| number(w, self.ip));
        if let Some(value) = value.filter(|v| *v <= T::MAX).and_then(|v| T::try_from(v).ok()) {
            return Ok(value);
        }
        let known = match nearest(word, names.all()) {
            Some(near) => format!("; did you mean {near:?}?"),
            None => format!(": a number from 0 to {}, or a name", T::MAX),
        };
        Err(self.error_before(format!("{} is not {what}{known}", show(word))))
    }

    /// Takes an unsigned number: decimal, or hexadecimal behind `0x`.
    ///
    /// # Errors
    /// It is missing, not a number, or not within `range`; one with a leading 0 is refused, since elsewhere it is octal.
    pub fn number(&mut self, what: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64> {
        let word = self.need(what)?;
        let value = word.to_str().and_then(|w| number(w, self.ip));
        value.filter(|v| range.contains(v)).ok_or_else(|| {
            let octal =
                word.len() > 1 && word.as_bytes().starts_with(b"0") && word.as_bytes().iter().all(u8::is_ascii_digit);
            let why = if octal { " (a leading 0 is octal to some tools: leave it out)" } else { "" };
            self.error_before(format!(
                "{} is not {what}: a number from {} to {}{why}",
                show(word),
                range.start(),
                range.end()
            ))
        })
    }

    /// [`Words::number`], as any unsigned type.
    ///
    /// # Errors
    /// As [`Words::number`], within the type's range.
    pub fn uint<T: TryFrom<u64> + Bounded>(&mut self, what: &str) -> Result<T> {
        let value = self.number(what, 0..=T::MAX)?;
        T::try_from(value).map_err(|_| self.error_before(format!("{value} is too large for {what}")))
    }

    /// Takes an integer of 32 bits; a negative one only as `ip` reads words.
    ///
    /// # Errors
    /// It is missing, not a number, or too large.
    pub fn int(&mut self, what: &str) -> Result<i32> {
        let text = self.peek().and_then(OsStr::to_str).unwrap_or_default();
        if let Some(digits) = text.strip_prefix('-').filter(|_| self.ip) {
            let value = number(digits, true).and_then(|n| i32::try_from(n).ok());
            if let Some(value) = value.and_then(i32::checked_neg) {
                let _ = self.next();
                return Ok(value);
            }
        }
        let value = self.number(what, 0..=i32::MAX.unsigned_abs().into())?;
        Ok(i32::try_from(value).unwrap_or(i32::MAX))
    }

    /// Takes `on` or `off`.
    ///
    /// # Errors
    /// It is neither.
    pub fn on_off(&mut self, what: &str) -> Result<bool> {
        self.keyword(&format!("{what}: on or off"), &[("on", true), ("off", false)])
    }

    /// Takes an interface name.
    ///
    /// # Errors
    /// No interface can have it: empty, over 15 bytes, `.`, `..`, or with a slash, colon or white space.
    pub fn ifname(&mut self, what: &str) -> Result<&'a OsStr> {
        let word = self.need(what)?;
        let bytes = word.as_bytes();
        let why = match bytes {
            b"" => "it is empty".to_owned(),
            b"." | b".." => "it is a directory entry of its own".to_owned(),
            // The kernel's isspace() knows Latin-1: 0xa0 is a space to it.
            _ if bytes.iter().any(|b| matches!(b, b'/' | b':' | b' ' | 9..=13 | 0xa0 | 0)) => {
                "it has a slash, a colon or white space in it".to_owned()
            }
            _ if bytes.len() > IFNAME_MAX => format!("it has {} bytes, {IFNAME_MAX} is the most", bytes.len()),
            _ => return Ok(word),
        };
        Err(self.error_before(format!("{} cannot name an interface: {why}", show(word))))
    }

    /// Takes an IPv4 or IPv6 address, of `family` (`AF_INET`, `AF_INET6`) if one is given.
    ///
    /// # Errors
    /// It is none, or of the other family.
    pub fn address(&mut self, what: &str, family: Option<u8>) -> Result<IpAddr> {
        let word = self.need(what)?;
        self.parse_address(word, what, family).map_err(|e| self.expected(e, family, "address"))
    }

    fn parse_address(&self, word: &OsStr, what: &str, family: Option<u8>) -> Result<IpAddr> {
        let text = word.to_str().unwrap_or_default();
        let parsed = text.parse::<IpAddr>().ok();
        let parsed = parsed.or_else(|| if self.ip { short_v4(text).map(IpAddr::V4) } else { None });
        let Some(addr) = parsed else {
            let octets = || text.split('.');
            let v4 = octets().count() == 4 && octets().all(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_digit()));
            let why = if v4 && octets().any(|o| o.len() > 1 && o.starts_with('0')) {
                ": a leading 0 is octal to some tools and decimal to others, leave it out"
            } else if v4 {
                ": each part is 0 to 255"
            } else {
                ", like 192.0.2.1 or 2001:db8::1"
            };
            return Err(self.error_before(format!("{} is not {what}{why}", show(word))));
        };
        match family {
            Some(want) if want != family_of(addr) => {
                let name = if want == AF_INET { "IPv4" } else { "IPv6" };
                Err(self.error_before(format!("{} is not an {name} address", show(word))))
            }
            _ => Ok(addr),
        }
    }

    /// Takes an address with or without the length of a prefix; without, it is the whole address. `default`, `any` and
    /// `all` are the prefix of length 0.
    ///
    /// # Errors
    /// The address or the length is none.
    pub fn prefix(&mut self, what: &str, family: Option<u8>) -> Result<Prefix> {
        let word = self.need(what)?;
        if family == Some(af::PACKET) {
            let says = format!(
                "Error: \"{}\" may be inet prefix, but it is not allowed in this context.",
                Escaped(word.as_bytes())
            );
            return Err(self
                .error_before(format!("{what} has no place among link-layer addresses"))
                .ip(says)
                .ip_code(1));
        }
        self.parse_prefix(word, what, family).map_err(|e| self.expected(e, family, "prefix"))
    }

    fn parse_prefix(&self, word: &OsStr, what: &str, family: Option<u8>) -> Result<Prefix> {
        let text = word.to_str().unwrap_or_default();
        if matches!(text, "default" | "any" | "all") {
            let v6 = family == Some(AF_INET6);
            let addr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { IpAddr::from(Ipv4Addr::UNSPECIFIED) };
            return Ok(Prefix { addr, len: 0 });
        }
        let (addr, len) = text.split_once('/').map_or((word, None), |(a, l)| (OsStr::new(a), Some(l)));
        let addr = self.parse_address(addr, what, family)?;
        let most = if addr.is_ipv4() { 32 } else { 128 };
        let mask = || len.filter(|l| self.ip && l.contains('.')).and_then(short_v4).map(Ipv4Addr::to_bits);
        let len = match len {
            None => Some(most),
            // A mask of leading ones.
            Some(_) if mask().is_some_and(|m| m.leading_ones() == m.count_ones()) && addr.is_ipv4() => {
                mask().and_then(|m| u8::try_from(m.count_ones()).ok())
            }
            Some(len) => number(len, self.ip).and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= most),
        };
        let len = len.ok_or_else(|| {
            self.error_before(format!("{}: the length of the prefix is a number from 0 to {most}", show(word)))
        })?;
        Ok(Prefix { addr, len })
    }

    /// Takes a number, or two with `between` between them.
    ///
    /// # Errors
    /// It is missing, or none of the two.
    pub fn pair<T: TryFrom<u64>>(&mut self, what: &str, between: char) -> Result<(T, Option<T>)> {
        let word = self.need(what)?;
        let text = word.to_str().unwrap_or_default();
        let (first, second) = text.split_once(between).map_or((text, None), |(a, b)| (a, Some(b)));
        // To ip, a mark and its mask may be octal, and a range is decimal.
        let read = |text| number(text, self.ip && between == '/').and_then(|n| T::try_from(n).ok());
        match (read(first), second.map(read)) {
            (Some(first), None) => Ok((first, None)),
            (Some(first), Some(Some(second))) => Ok((first, Some(second))),
            _ => Err(self.error_before(format!("{} is not {what}: N, or N{between}N", show(word)))),
        }
    }

    /// Takes a link-layer address: up to 32 bytes in hexadecimal between colons, or an IPv4 address.
    ///
    /// # Errors
    /// It is neither.
    pub fn lladdr(&mut self, what: &str) -> Result<Vec<u8>> {
        let word = self.need(what)?;
        let text = word.to_str().unwrap_or_default();
        let bytes = match short_v4(text).filter(|_| text.contains('.')) {
            Some(addr) => Ok(addr.octets().to_vec()),
            None => hex_bytes(text),
        };
        bytes.map_err(|part| {
            let usage = self.error_before(format!("{} is not {what}, like 02:00:00:00:00:01", show(word)));
            usage.ip(format!("\"{}\" is invalid lladdr.", Escaped(part.as_bytes()))).ip_code(1)
        })
    }

    /// Takes an Ethernet address, `02:00:00:00:00:01`.
    ///
    /// # Errors
    /// It is not six pairs of hexadecimal digits between colons.
    pub fn mac(&mut self, what: &str) -> Result<[u8; 6]> {
        let word = self.need(what)?;
        mac(word.to_str().unwrap_or_default())
            .ok_or_else(|| self.error_before(format!("{} is not {what}, like 02:00:00:00:00:01", show(word))))
    }
}

/// `AF_INET` (linux/socket.h).
pub const AF_INET: u8 = 2;
/// `AF_INET6` (linux/socket.h).
pub const AF_INET6: u8 = 10;

/// The address family of `addr`.
#[must_use]
pub fn family_of(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// The name of an address family.
#[must_use]
pub fn family_name(family: u8) -> &'static str {
    FAMILIES.iter().find(|f| f.1 == family).map_or("???", |f| f.0)
}

/// Address families (`AF_*`, linux/socket.h) by their names.
pub const FAMILIES: &[Keyword<u8>] =
    &[("inet", AF_INET), ("inet6", AF_INET6), ("mpls", af::MPLS), ("bridge", af::BRIDGE), ("link", af::PACKET)];

/// The largest value of an unsigned type.
pub trait Bounded {
    /// It.
    const MAX: u64;
}
impl Bounded for u8 {
    const MAX: u64 = 0xff;
}
impl Bounded for u16 {
    const MAX: u64 = 0xffff;
}
impl Bounded for u32 {
    const MAX: u64 = 0xffff_ffff;
}

/// A number without sign: decimal without leading zeros (with one, octal, if that is known), or hexadecimal behind `0x`.
pub(crate) fn number(text: &str, octal: bool) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if octal && text.len() > 1 && text.starts_with('0') => (text, 8),
        None if text.len() > 1 && text.starts_with('0') => return None,
        None => (text, 10),
    };
    // from_str_radix takes a sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// An IPv4 address as `ip` takes it too: one to four numbers between dots, octal or hexadecimal ones as well; what is
/// missing at the end is 0.
pub(crate) fn short_v4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = text.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        let Some(part) = parts.next() else { break };
        *octet = number(part, true).and_then(|n| u8::try_from(n).ok())?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// Up to 32 bytes (`MAX_ADDR_LEN`) in hexadecimal between colons; or the part that is none.
fn hex_bytes(text: &str) -> std::result::Result<Vec<u8>, &str> {
    let byte = |(at, part): (usize, &'_ str)| {
        let digits = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_hexdigit()) && at < 32;
        u8::from_str_radix(part, 16).ok().filter(|_| digits)
    };
    text.split(':').enumerate().map(|part| byte(part).ok_or(part.1)).collect()
}

fn mac(text: &str) -> Option<[u8; 6]> {
    hex_bytes(text).ok()?.try_into().ok()
}

/// A word as it may be shown: in quotes, what is not printable escaped.
#[must_use]
pub fn show(word: &OsStr) -> String {
    format!("{word:?}")
}

/// The words of a batch file's line: parted by white space; single and double quotes keep words together, a backslash
/// takes the next character as it is, and a `#` at the start of a word begins a comment. To `ip` a backslash is nothing
/// special, any `#` outside of quotes begins a comment, and a quote that closes ends the word.
///
/// # Errors
/// A quote without its other half; `at` is the word it begins.
pub fn split_line(line: &[u8], ip: bool) -> Result<Vec<OsString>> {
    let mut words = Vec::new();
    split_into(&mut words, line, ip)?;
    Ok(words)
}

/// As [`split_line`], into the words of another line, whose room they take.
///
/// # Errors
/// As [`split_line`].
pub fn split_into(words: &mut Vec<OsString>, line: &[u8], ip: bool) -> Result<()> {
    let mut to = Split { words, whole: 0, begun: false };
    let mut quote: Option<u8> = None;
    let mut rest = line;
    let special = |b: &u8| matches!(b, b'\'' | b'"' | b'\\' | b'#' | b' ' | b'\t' | b'\r' | b'\n');
    loop {
        // As a rule a word is its plain part.
        let plain = rest.iter().position(special).unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        if !head.is_empty() {
            to.add(head);
        }
        let Some((&b, tail)) = tail.split_first() else { break };
        rest = tail;
        match (quote, b) {
            (Some(q), _) if b == q => {
                quote = None;
                if ip {
                    to.end();
                }
            }
            (None, b'\'' | b'"') if !ip || !to.begun => {
                quote = Some(b);
                to.add(b"");
            }
            (None | Some(b'"'), b'\\') if !ip => {
                let (escaped, tail) = rest.split_at_checked(1).unwrap_or_default();
                to.add(escaped);
                rest = tail;
            }
            (None, b'#') if ip || !to.begun => break,
            (None, b' ' | b'\t' | b'\r' | b'\n') => to.end(),
            _ => to.add(&[b]),
        }
    }
    if let Some(quote) = quote {
        let message = format!("the quote {} has no other half", char::from(quote));
        return Err(Usage::new(to.whole, message).ip("Unterminated quoted string").ip_code(1));
    }
    to.end();
    let whole = to.whole;
    words.truncate(whole);
    Ok(())
}

/// Words being made of a line.
struct Split<'w> {
    words: &'w mut Vec<OsString>,
    /// How many are whole.
    whole: usize,
    /// Whether there is more, of the next.
    begun: bool,
}

impl Split<'_> {
    fn add(&mut self, bytes: &[u8]) {
        match self.words.get_mut(self.whole) {
            None => self.words.push(OsStr::from_bytes(bytes).to_owned()),
            Some(word) => {
                if !self.begun {
                    word.clear();
                }
                word.push(OsStr::from_bytes(bytes));
            }
        }
        self.begun = true;
    }

    fn end(&mut self) {
        self.whole = self.whole.saturating_add(usize::from(std::mem::take(&mut self.begun)));
    }
}

fn list<'k>(words: impl Iterator<Item = &'k str>) -> String {
    words.filter(|w| w.len() > 1).collect::<Vec<_>>().join(", ")
}

/// Keywords, whatever they mean: what is done with them is compiled once.
trait Keywords {
    fn word(&self, at: usize) -> Option<&str>;
    /// Whether both mean the same.
    fn same(&self, a: usize, b: usize) -> bool;
}

fn all(table: &dyn Keywords) -> impl Iterator<Item = &str> {
    (0..).map_while(|at| table.word(at))
}

/// One table behind the other.
struct Tables<'t, T>(&'t [(&'t str, T)], &'t [(&'t str, T)]);

impl<'t, T> Tables<'t, T> {
    fn get(&self, at: usize) -> Option<&'t (&'t str, T)> {
        self.0.get(at).or_else(|| self.1.get(at.checked_sub(self.0.len())?))
    }
}

impl<T: PartialEq> Keywords for Tables<'_, T> {
    fn word(&self, at: usize) -> Option<&str> {
        self.get(at).map(|k| k.0)
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.get(a).map(|k| &k.1) == self.get(b).map(|k| &k.1)
    }
}

/// The one of `known` that is nearest to what was typed, if it is near enough to be meant.
#[must_use]
pub fn nearest<'k>(word: &OsStr, mut known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest_of(word, &mut known)
}

fn nearest_of<'k>(word: &OsStr, known: &mut dyn Iterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_str().filter(|w| w.len() <= 32)?;
    let close = known.filter(|k| k.len() > 1).map(|k| (distance(word.as_bytes(), k.as_bytes()), k));
    close.filter(|(d, k)| *d <= 1.max(k.len() / 3)).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// How many letters to insert, leave out, change or swap with their neighbour to make one word the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, &y) in b.iter().enumerate() {
            let of = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let mut best = of(&last, j).saturating_add(usize::from(x != y));
            best = best.min(of(&last, j.saturating_add(1)).saturating_add(1)).min(of(&row, j).saturating_add(1));
            if let (Some(pi), Some(pj)) = (i.checked_sub(1), j.checked_sub(1)) {
                if a.get(pi) == Some(&y) && b.get(pj) == Some(&x) {
                    best = best.min(of(&before, pj).saturating_add(1));
                }
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        split_line(line.as_bytes(), false).unwrap()
    }

    #[test]
    fn keywords_match_by_unambiguous_prefix() {
        const TABLE: &[Keyword<u8>] = &[("add", 1), ("addr", 2), ("address", 2), ("show", 3), ("set", 4)];
        let take = |w: &str| Words::new(&words(w)).keyword("a command", TABLE);
        assert_eq!((take("add"), take("addre"), take("addr"), take("sh")), (Ok(1), Ok(2), Ok(2), Ok(3)));
        assert!(take("s").unwrap_err().message.contains("\"show\" or \"set\""));
        assert!(take("ad").is_err());
        assert!(take("shwo").unwrap_err().message.contains("did you mean \"show\""));
        assert!(take("quux").unwrap_err().message.contains("known are add"));
        assert!(take("").unwrap_err().message.contains("is missing"));
        let like_ip = |w: &str| Words::new(&words(w)).like_ip(true).keyword("a command", TABLE);
        assert_eq!((like_ip("s"), like_ip("ad"), like_ip("addr")), (Ok(3), Ok(1), Ok(2)));
    }

    #[test]
    fn numbers_are_decimal_or_hex_within_their_range() {
        let take = |w: &str| Words::new(&words(w)).number("a size", 68..=65535);
        assert_eq!((take("68"), take("0xffff")), (Ok(68), Ok(65535)));
        for bad in ["67", "65536", "-1", "+70", "0x", "0x+70", "1e3", "99999999999999999999", "abc"] {
            assert!(take(bad).unwrap_err().message.contains("68 to 65535"), "{bad}");
        }
        assert!(take("0100").unwrap_err().message.contains("octal"));
        assert_eq!(Words::new(&words("256")).uint::<u8>("a byte").unwrap_err().at, 0);
        assert_eq!(Words::new(&words("0100")).like_ip(true).uint::<u8>("a byte"), Ok(64));
        let int = |w: &str, ip| Words::new(&words(w)).like_ip(ip).int("x").ok();
        assert_eq!((int("2147483647", false), int("2147483648", true), int("-5", false)), (Some(i32::MAX), None, None));
        assert_eq!(
            (int("-5", true), int("-0x10", true), int("--5", true), int("-", true)),
            (Some(-5), Some(-16), None, None)
        );
    }

    #[test]
    fn addresses_and_prefixes() {
        let take = |w: &str| Words::new(&words(w)).prefix("a prefix", None);
        assert_eq!(take("10.0.0.1/24").unwrap().to_string(), "10.0.0.1/24");
        assert_eq!(take("::1").unwrap().to_string(), "::1/128");
        assert_eq!(take("default").unwrap().to_string(), "0.0.0.0/0");
        assert!(take("010.0.0.1").unwrap_err().message.contains("octal"));
        assert!(take("10.0.0.256").unwrap_err().message.contains("0 to 255"));
        for bad in ["10.0.0.1/33", "::/129", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/024"] {
            assert!(take(bad).unwrap_err().message.contains("length"), "{bad}");
        }
        for bad in ["", "10", "10.0.0", "1::2::3", "fe80::1%eth0"] {
            assert!(take(bad).is_err(), "{bad}");
        }
        assert!(Words::new(&words("::1")).address("x", Some(AF_INET)).is_err());
        let like_ip = |w: &str| Words::new(&words(w)).like_ip(true).prefix("x", None).map(|p| p.to_string()).ok();
        assert_eq!(like_ip("10/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(like_ip("010.0.0.0/255.128.0.0").as_deref(), Some("8.0.0.0/9"));
        for bad in ["10.0.0.0/255.0.255.0", "1.2.3.4.5", "1..2", "256", "08.0.0.1", "::/255.0.0.0"] {
            assert_eq!(like_ip(bad), None, "{bad}");
        }
    }

    #[test]
    fn interface_names_are_what_the_kernel_takes() {
        let take = |w: &str| Words::new(&[OsString::from(w)]).ifname("a name").map(OsStr::to_owned);
        assert!(take("abcdefghijklmno").is_ok());
        for bad in ["abcdefghijklmnop", "", ".", "..", "a/b", "a b", "a:b", "a\tb", "a\0b"] {
            assert!(take(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ethernet_addresses() {
        assert_eq!(mac("02:00:0:00:00:a1"), Some([2, 0, 0, 0, 0, 0xa1]));
        for bad in ["", "02:00:00:00:00", "02:00:00:00:00:00:00", "02:00:00:00:00:+1", "02:00:00:00:00:001", "g::::"] {
            assert_eq!(mac(bad), None, "{bad}");
        }
        let take = |w: &str| Words::new(&[OsString::from(w)]).lladdr("an address");
        assert_eq!((take("1:a2"), take("10.0.0.1")), (Ok(vec![1, 0xa2]), Ok(vec![10, 0, 0, 1])));
        assert_eq!(take("1:zz:3").unwrap_err().0.ip.unwrap(), "\"zz\" is invalid lladdr.");
        assert!(take(&["1"; 32].join(":")).is_ok() && take(&["1"; 33].join(":")).is_err() && take("").is_err());
    }

    #[test]
    fn lines_split_into_words_with_quotes_and_comments() {
        assert_eq!(words("a  'b c' \"d \\\" e\" f\\ g # h"), ["a", "b c", "d \" e", "f g"]);
        assert_eq!(words("a '' b#c"), ["a", "", "b#c"]);
        assert_eq!(split_line(b"a 'b", false).unwrap_err().at, 1);
        assert_eq!(split_line(b"a  'b \\'c d\\ e'f g#h", true).unwrap(), ["a", "b \\", "c", "d\\", "e'f", "g"]);
    }
}

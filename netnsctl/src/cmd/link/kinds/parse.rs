//! Settings: words → attributes.

use super::super::super::links;
use super::super::change::{Attr, Bytes, Change, Value, off_or_on, on_off};
use super::{ADD, Alias, Given, Kind, PEER, PROTOS, Rule, Sent, Setting, Shape, aliases, codes, spelled};
use crate::grammar::{AF_INET6, Keyword, Result as Parsed, Words, nearest, show};
use crate::names::{DSFIELDS, TABLES};
use nl_core::Attrs;
use nl_core::route::{PortRange, af};
use nl_core::wire::Wire;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;

/// The lowest `size` bytes of `value`, in host byte order, or in network byte order.
fn integer(value: u64, size: u8, network: bool) -> Bytes {
    let mut bytes = value.to_le_bytes().to_vec();
    bytes.resize(size.into(), 0);
    if network || cfg!(target_endian = "big") {
        bytes.reverse();
    }
    Bytes::Plain(bytes)
}

pub(super) fn number(value: u64, size: u8, network: bool) -> Value {
    Value::Bytes(integer(value, size, network))
}

pub(super) fn struct_of<T: Wire>(value: &T) -> Bytes {
    Bytes::Plain(value.as_bytes().to_vec())
}

pub(super) fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// Takes a number in hexadecimal.
fn hexadecimal(words: &mut Words<'_>, what: &str, most: u64) -> Parsed<u64> {
    let word = words.need(what)?;
    let text = word.to_str().unwrap_or_default();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let value = u64::from_str_radix(digits, 16).ok().filter(|v| *v <= most && !digits.starts_with('+'));
    value.ok_or_else(|| words.error_before(format!("{} is not {what}: hexadecimal, at most {most:x}", show(word))))
}

/// The same, as a number of so many bytes in network byte order.
pub(super) fn hex(words: &mut Words<'_>, what: &str, size: u8) -> Parsed<Value> {
    Ok(number(hexadecimal(words, what, largest(size))?, size, true))
}

/// The largest number of so many bytes.
fn largest(size: u8) -> u64 {
    u64::MAX.checked_shr(64_u32.saturating_sub(u32::from(size).saturating_mul(8))).unwrap_or(0)
}

/// Puts a change of some bits of an attribute's bytes: onto one that is there, or as one.
fn patch(attrs: &mut Vec<Attr<Value>>, attr: u16, value: Vec<u8>, mask: Vec<u8>) {
    if let Some((_, Value::Bytes(Bytes::Patch(bytes, bits)))) = attrs.iter_mut().find(|a| a.0 == attr) {
        apply(bytes, &value, &mask);
        bits.iter_mut().zip(mask).for_each(|(bit, more)| *bit |= more);
    } else {
        attrs.push((attr, Value::Bytes(Bytes::Patch(value, mask))));
    }
}

/// Changes those bits of `bytes` that are in `mask`.
fn apply(bytes: &mut [u8], value: &[u8], mask: &[u8]) {
    bytes.iter_mut().zip(value.iter().zip(mask)).for_each(|(b, (value, mask))| *b = *b & !mask | value & mask);
}

/// Puts a number of 4 bytes into a struct of so many.
pub(super) fn field(attrs: &mut Vec<Attr<Value>>, attr: u16, value: u32, at: usize, size: usize) {
    let place = |number: u32| {
        let mut bytes = vec![0; size];
        bytes.iter_mut().skip(at).zip(number.to_ne_bytes()).for_each(|(to, b)| *to = b);
        bytes
    };
    patch(attrs, attr, place(value), place(u32::MAX));
}

/// Puts bits of two numbers: values, at byte `at` of 8, and which of them change, at the other place.
pub(super) fn masked(attrs: &mut Vec<Attr<Value>>, attr: u16, (value, mask): (u32, u32), at: usize) {
    let place = |values: u32, masks: u32| {
        let (values, masks) = (values.to_ne_bytes(), masks.to_ne_bytes());
        if at == 0 { [values, masks].concat() } else { [masks, values].concat() }
    };
    patch(attrs, attr, place(value, mask), place(mask, mask));
}

impl Setting {
    /// The first word.
    pub(super) fn word(&self) -> &'static str {
        aliases(self.words).next().map_or("", |a| a.plain)
    }

    /// Reads the value of this setting, one of whose words, or the opposite of one, was just taken.
    pub(super) fn parse(&self, words: &mut Words<'_>, no: bool, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
        self.value(words, no, attrs).map_err(|usage| words.wrong(usage, format_args!("invalid {}", self.word())))
    }

    fn value(&self, words: &mut Words<'_>, no: bool, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
        let what = &format!("the value of {}", self.word());
        let host = |value, size| number(value, size, false);
        let bits = |attrs: &mut _, size: u8, value: u64, mask: u64, network| {
            let bytes = |v| if let Bytes::Plain(bytes) = integer(v, size, network) { bytes } else { Vec::new() };
            patch(attrs, self.attr, bytes(value), bytes(mask));
            Ok(())
        };
        let value = match self.shape {
            Shape::Num(size) | Shape::Hex(size) => host(self.number(words, what, size)?, size),
            Shape::Be(size) | Shape::BeHex(size) => number(self.number(words, what, size)?, size, true),
            Shape::Or(size, names) | Shape::Code(size, names) | Shape::BeOr(size, names) => {
                match self.coded(words, what, size, names)? {
                    value if value > largest(size) => return Ok(()),
                    value => number(value, size, matches!(self.shape, Shape::BeOr(..))),
                }
            }
            Shape::Is(size, value) => host(value, size),
            Shape::If(word, size) => match words.next().is_some_and(|w| w == word) {
                true => host(1, size),
                false => return Ok(()),
            },
            Shape::OnOff => host(off_or_on(words, self.word(), 1)?.into(), 1),
            Shape::Switch(_) => host((!no).into(), 1),
            Shape::Flag if no => return Ok(()),
            Shape::Flag => host(0, 0),
            Shape::Bits(size, mask) => return bits(attrs, size, if no { 0 } else { mask.into() }, mask.into(), false),
            Shape::BeBits(mask) => return bits(attrs, 2, if no { 0 } else { mask.into() }, mask.into(), true),
            Shape::BitsIf(word, mask) => {
                let is = words.next().is_some_and(|w| w == word);
                return bits(attrs, 4, if is { mask.into() } else { 0 }, mask.into(), false);
            }
            Shape::BitOf(size, names) => {
                let bit = words.keyword(what, &codes(names).collect::<Vec<_>>())?;
                return bits(attrs, size, bit, bit, false);
            }
            Shape::Masked(bit, at) => {
                let number = words.peek().is_some_and(|w| w.as_bytes().iter().all(u8::is_ascii_digit));
                let on = if number { words.uint::<u8>(what)? != 0 } else { on_off(words, self.word(), false)? };
                masked(attrs, self.attr, (if on { bit } else { 0 }, bit), at);
                return Ok(());
            }
            Shape::Part(mask) => {
                let least = mask.trailing_zeros();
                let value = match words.eat("inherit") {
                    true => 0,
                    false => hexadecimal(words, what, (mask >> least).into())?,
                };
                return bits(attrs, 4, value.checked_shl(least).unwrap_or(0), mask.into(), true);
            }
            Shape::Field(at, size) => {
                field(attrs, self.attr, words.uint(what)?, at, size);
                return Ok(());
            }
            Shape::Int => Value::Bytes(Bytes::Plain(words.int(what)?.to_ne_bytes().to_vec())),
            Shape::Tos if words.eat("inherit") => host(1, 1),
            Shape::Tos => match words.peek().and_then(OsStr::to_str).and_then(|w| DSFIELDS.value(w)) {
                Some(value) => {
                    let _ = words.next();
                    host(value.into(), 1)
                }
                None => host(hexadecimal(words, what, 0xff)?, 1),
            },
            Shape::Table => host(words.named::<u32>("a routing table", &TABLES)?.into(), 4),
            Shape::Key(_) => match words.peek().is_some_and(|w| w.as_bytes().contains(&b'.')) {
                true => Value::Bytes(Bytes::Plain(octets(words.address(what, Some(af::INET))?))),
                false => number(self.number(words, what, 4)?, 4, true),
            },
            Shape::Proto => {
                let name = words.peek().and_then(OsStr::to_str).unwrap_or_default();
                match codes(PROTOS).find(|p| p.0.eq_ignore_ascii_case(name)) {
                    Some((_, value)) => {
                        let _ = words.next();
                        number(value, 2, true)
                    }
                    None => number(self.number(words, what, 2)?, 2, true),
                }
            }
            Shape::Mac => Value::Bytes(Bytes::Plain(words.lladdr(what)?)),
            Shape::Str => Value::Bytes(Bytes::Str(words.need(what)?.as_bytes().to_vec())),
            Shape::Dev => Value::Dev(links::device(words, "an interface")?.to_owned()),
            Shape::Ip(v6, group) => {
                let addr = words.address(what, None)?;
                if addr.is_multicast() != group {
                    let is = if group { "is not" } else { "is" };
                    let usage = words.error_before(format!("{addr} {is} a multicast address"));
                    return Err(words.wrong(usage, format_args!("invalid {} address", self.word())));
                }
                attrs.push((if addr.is_ipv4() { self.attr } else { v6 }, Value::Bytes(Bytes::Plain(octets(addr)))));
                return Ok(());
            }
            Shape::End(family) => {
                let any = ["any", "all", "default"].iter().any(|any| words.eat(any));
                let none = if family == AF_INET6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
                let addr = if any { none } else { words.address(what, Some(family))? };
                Value::Bytes(Bytes::Plain(octets(addr)))
            }
            Shape::Ports => {
                let (low, high) = (words.uint::<u16>("the first port")?, words.uint::<u16>("the last port")?);
                if (low, high) == (0, 0) {
                    return Ok(());
                }
                Value::Bytes(struct_of(&PortRange { low: low.into(), high: high.into() }))
            }
            Shape::Peer => Value::Peer(Box::new(Change::parse(words, PEER)?)),
            Shape::Parse(parse) => return parse(words, attrs),
            Shape::Timer | Shape::BridgeId | Shape::Print(_) => return Err(words.error_before("this is shown only")),
        };
        attrs.push((self.attr, value));
        Ok(())
    }

    fn number(&self, words: &mut Words<'_>, what: &str, size: u8) -> Parsed<u64> {
        let (least, most) = self.range;
        words.number(what, least..=most.min(largest(size)))
    }

    /// Takes a number of `size` bytes, or a word for one.
    fn coded(&self, words: &mut Words<'_>, what: &str, size: u8, names: &'static str) -> Parsed<u64> {
        let names: Vec<Keyword<u64>> = codes(names).collect();
        let known = names.iter().any(|c| words.peek().is_some_and(|w| w == c.0));
        if !known && words.peek().and_then(|w| w.as_bytes().first()).is_some_and(u8::is_ascii_digit) {
            let value = self.number(words, what, size)?;
            if !matches!(self.shape, Shape::Code(..)) || names.iter().any(|n| n.1 == value) {
                return Ok(value);
            }
            words.back();
        }
        words.keyword(what, &names)
    }
}

/// Reads the options of a kind, to the end of the words.
pub(in super::super) fn options(kind: &'static Kind, words: &mut Words<'_>, on: u8) -> Parsed<Vec<Attr<Value>>> {
    let (mut attrs, mut seen) = (Vec::new(), Vec::new());
    while let Some(word) = words.peek() {
        let Some(word) = option(kind, words, word.to_str().unwrap_or_default(), on)? else { continue };
        let mut rows = kind.settings(on).filter_map(|s| Some((s, spelled(s.words, &word)?)));
        let first = rows.clone().next().map_or("", |(s, _)| s.word());
        // All rows of a word begin to read at the same place.
        let (start, mut end) = (words.clone(), words.clone());
        rows.try_for_each(|(row, no)| {
            *words = start.clone();
            row.parse(words, no, &mut attrs).map_err(|usage| match row.shape {
                Shape::Code(..) | Shape::BitOf(..) | Shape::OnOff | Shape::Masked(..) if usage.at == start.at() => {
                    let code = if start.is_end() { usage.ip_code } else { kind.code };
                    usage.ip_code(code)
                }
                _ => usage,
            })?;
            if words.at() > end.at() {
                end = words.clone();
            }
            Ok(())
        })?;
        let alone = end.at() == start.at();
        *words = end;
        if kind.once && seen.contains(&first) {
            let usage = words.error_before(format!("{first} is given twice"));
            let (what, arg) = (if alone { &word } else { first }, words.before());
            return Err(usage.ip(format!("Error: either \"{what}\" is duplicate, or \"{arg}\" is a garbage.")));
        }
        seen.push(first);
    }
    match (kind.check)(&mut Given { attrs: &mut attrs, add: on == ADD }) {
        None => Ok(attrs),
        Some(wrong) => Err(match wrong.strip_prefix("Error: ") {
            Some(message) => words.error(message).ip(wrong),
            None => words.error(wrong).ip(format!("{}: {wrong}", kind.name)).ip_code(1),
        }),
    }
}

/// Takes the next word, an option, and writes it out. `None`: it is passed over.
fn option<'w>(kind: &'static Kind, words: &mut Words<'_>, word: &'w str, on: u8) -> Parsed<Option<Cow<'w, str>>> {
    if kind.settings(on).any(|s| spelled(s.words, word).is_some()) {
        let _ = words.next();
        return Ok(Some(word.into()));
    }
    let names = kind.settings(on).flat_map(|s| aliases(s.words)).flat_map(|a| {
        let no = a.no.then(|| (format!("no{}", a.plain), a.whole));
        [(a.plain.to_owned(), a.whole)].into_iter().chain(no)
    });
    let names: Vec<(String, bool)> = names.collect();
    let of = |whole| names.iter().filter(move |n| n.1 == whole).map(|n| (&*n.0, &*n.0)).collect::<Vec<_>>();
    if let Some(name) = words.try_words(&of(true), &of(false))? {
        return Ok(Some(name.to_owned().into()));
    }
    if !word.is_empty() && "help".starts_with(word) && !names.is_empty() {
        let usage = words.error(format!("`link help {}` shows what there is", kind.name)).ip(usage(kind));
        return Err(usage.ip_code(1));
    }
    if kind.lax && words.is_ip() {
        let _ = words.next();
        return Ok(None);
    }
    let near = nearest(OsStr::new(word), names.iter().map(|n| &*n.0));
    let known = near.map_or_else(|| format!("see `link help {}`", kind.name), |near| format!("did you mean {near:?}?"));
    let usage = words.error(format!("{word:?} is not an option of {}; {known}", kind.name));
    Err(usage.ip(format!("{}: unknown command \"{word}\"?", kind.name)).ip_code(1))
}

/// The attributes of a request: those `given`, some of them in a place of their own, and what always goes along; where it is
/// not given, as in `current`, what the link has now.
pub(in super::super) fn arrange(
    kind: &Kind,
    given: &[Attr<Bytes>],
    current: &Attrs<'_>,
    add: bool,
    family: Option<u8>,
) -> Vec<Attr<Bytes>> {
    let rows = || kind.sent.iter().copied().flatten();
    let stays = |attr: u16| rows().all(|r| !r.attrs.contains(&attr) || r.rule == Rule::Missing);
    let mut all: Vec<_> = given.iter().filter(|a| stays(a.0)).cloned().collect();
    for (attr, Sent { rule, default, beside, .. }) in rows().flat_map(|row| row.attrs.iter().map(move |a| (*a, row))) {
        let mine = || given.iter().filter(|a| a.0 == attr);
        let now = current.find(attr).map(|a| a.bytes().to_vec());
        let (is_given, is_there) = (mine().next().is_some(), now.is_some());
        let mut value = now.map_or_else(|| integer(default.1, default.0, false), Bytes::Plain);
        for (_, given) in mine() {
            match (&mut value, given) {
                (Bytes::Plain(bytes), Bytes::Patch(value, mask)) => {
                    bytes.resize(value.len(), 0);
                    apply(bytes, value, mask);
                }
                (value, given) => *value = given.clone(),
            }
        }
        let zero = matches!(&value, Bytes::Plain(bytes) if bytes.iter().all(|b| *b == 0));
        let sent = match rule {
            Rule::Given | Rule::Alone => is_given || is_there,
            Rule::NotZero => !zero,
            Rule::Wanted => is_given || !zero,
            Rule::Always | Rule::First => true,
            Rule::ToAdd => add || is_given,
            Rule::Missing => !is_given,
            Rule::With(other) => given.iter().any(|a| a.0 == *other),
            Rule::Of(of, others) => family == Some(*of) && !given.iter().any(|a| others.contains(&a.0)),
        };
        let here = |(other, is): &(u16, u8)| all.contains(&(*other, Bytes::Plain(vec![*is])));
        if sent && beside.as_ref().is_none_or(here) {
            let at = if *rule == Rule::First { 0 } else { all.len() };
            all.insert(at, (attr, value));
            if *rule == Rule::Alone {
                break;
            }
        }
    }
    all
}

/// A kind's help.
pub(in super::super) fn usage(kind: &Kind) -> String {
    let (mut text, mut line, mut seen) = (format!("Usage: ... {}", kind.name), 0_usize, Vec::new());
    for setting in kind.settings(ADD | super::SET) {
        let Some(Alias { plain, no, .. }) = aliases(setting.words).next().filter(|a| !seen.contains(&a.plain)) else {
            continue;
        };
        seen.push(plain);
        let value = match setting.shape {
            Shape::Or(_, names) | Shape::BeOr(_, names) | Shape::Code(_, names) | Shape::BitOf(_, names) => {
                let number = Some("NUMBER").filter(|_| !matches!(setting.shape, Shape::Code(..) | Shape::BitOf(..)));
                let names: Vec<_> = number.into_iter().chain(codes(names).map(|c| c.0)).collect();
                format!(" {{ {} }}", names.join(" | "))
            }
            Shape::OnOff | Shape::Masked(..) => " { on | off }".into(),
            Shape::Tos | Shape::Part(_) => " { HEX | inherit }".into(),
            Shape::Mac => " LLADDR".into(),
            Shape::Ip(..) | Shape::End(_) => " ADDRESS".into(),
            Shape::Dev => " DEV".into(),
            Shape::Is(..) | Shape::Switch(_) | Shape::Flag | Shape::Bits(..) | Shape::BeBits(_) => String::new(),
            Shape::Peer | Shape::Parse(_) | Shape::Ports => " ...".into(),
            _ => " VALUE".into(),
        };
        let item = format!(" [ {}{plain}{value} ]", if no { "[no]" } else { "" });
        line = line.saturating_add(item.len());
        if line > 100 {
            text.push_str("\n      ");
            line = item.len();
        }
        text.push_str(&item);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{KINDS, SET};
    use super::*;
    use crate::grammar::split_line;
    use nl_core::route::{can, vlan, vxlan};

    fn data(line: &str) -> Parsed<Vec<Attr<Value>>> {
        Ok(Change::parse(&mut Words::new(&split_line(line.as_bytes(), false)?), ADD)?.data.unwrap_or_default())
    }
    fn plain(bytes: &[u8]) -> Value {
        Value::Bytes(Bytes::Plain(bytes.to_vec()))
    }

    #[test]
    fn bits_of_one_attribute_add_up() {
        let data = data("v5 type vlan id 5 gvrp on reorder_hdr off mvrp on mvrp off").unwrap();
        let flags = data.iter().filter(|a| a.0 == vlan::FLAGS).collect::<Vec<_>>();
        let bytes = |value: u32| [value.to_ne_bytes(), 0b1011_u32.to_ne_bytes()].concat();
        assert_eq!(flags, [&(vlan::FLAGS, Value::Bytes(Bytes::Patch(bytes(0b0010), bytes(0b1011))))]);
    }

    #[test]
    fn numbers_have_the_size_and_order_of_their_attribute() {
        assert_eq!(number(0x1234, 2, false), plain(&0x1234_u16.to_ne_bytes()));
        assert_eq!(number(0x1234, 8, false), plain(&0x1234_u64.to_ne_bytes()));
        assert_eq!(number(0x1234, 2, true), plain(&[0x12, 0x34]));
        assert!(data("b type bridge priority 65535").is_ok());
        assert!(data("b type bridge priority 65536").unwrap_err().message.contains("from 0 to 65535"));
        assert_eq!(data("v5 type vlan protocol 802.1ad").unwrap(), [(vlan::PROTOCOL, plain(&[0x88, 0xa8]))]);
        assert!(data("c type can sample-point 0.x").is_err() && data("c type can sample-point -0.5").is_err());
        let point = data("c type can sample-point .8754").unwrap();
        assert!(
            matches!(&point[..], [(can::BITTIMING, Value::Bytes(Bytes::Patch(b, _)))] if b[4..8] == 875_u32.to_ne_bytes())
        );
    }

    #[test]
    fn a_word_that_stands_for_two_settings_sets_both() {
        let data = data("x type vxlan external").unwrap();
        assert_eq!(data, [(vxlan::COLLECT_METADATA, plain(&[1])), (vxlan::LEARNING, plain(&[0]))]);
    }

    #[test]
    fn every_word_means_itself() {
        for kind in KINDS.iter().copied().flatten() {
            for word in kind.settings(ADD | SET).flat_map(|s| aliases(s.words)).map(|a| a.plain) {
                assert!(!word.is_empty() && !word.contains(['=', '[']), "{}: {word:?}", kind.name);
                let line = [word.into()];
                let taken = option(kind, &mut Words::new(&line), word, ADD | SET).unwrap();
                assert_eq!(taken.as_deref(), Some(word), "{}", kind.name);
            }
        }
    }
}

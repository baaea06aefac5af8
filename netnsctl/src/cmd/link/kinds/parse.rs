//! Settings: words → attributes.

use super::super::super::links;
use super::super::change::{Attr, Bytes, Change, Value};
use super::{PEER, PROTOS, Setting, Shape};
use crate::grammar::{Keyword, Result as Parsed, Words};
use nl_core::route::{PortRange, VlanQosMapping, vlan_qos};
use nl_core::wire::Wire;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

/// The lowest `size` bytes of `value`, in host byte order, or in network byte order.
fn number(value: u64, size: u8, network: bool) -> Bytes {
    let mut bytes = value.to_be_bytes();
    if !network {
        bytes.reverse();
    }
    let size = usize::from(size).min(bytes.len());
    let low = if network { bytes.len().saturating_sub(size)..bytes.len() } else { 0..size };
    let mut bytes = bytes.get(low).unwrap_or_default().to_vec();
    if !network && cfg!(target_endian = "big") {
        bytes.reverse();
    }
    Bytes::Plain(bytes)
}

/// Takes a number of `size` bytes, or a word for one.
fn coded(words: &mut Words<'_>, what: &str, size: u8, codes: &[Keyword<u64>]) -> Parsed<u64> {
    let most = u64::MAX >> 8_u8.saturating_sub(size).saturating_mul(8);
    let is_number = words.peek().and_then(|w| w.as_bytes().first()).is_some_and(u8::is_ascii_digit);
    let named = codes.iter().any(|c| words.peek().is_some_and(|w| w == c.0));
    if codes.is_empty() || is_number && !named { words.number(what, 0..=most) } else { words.keyword(what, codes) }
}

impl Setting {
    /// Reads the value of this setting, whose word was just taken.
    pub(in super::super) fn parse(&self, words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
        let what = &format!("the value of {}", self.word);
        let plain = |value, size| (self.attr, Value::Bytes(number(value, size, false)));
        let attr = match self.shape {
            Shape::Num(size) | Shape::Hex(size) => plain(coded(words, what, size, &[])?, size),
            Shape::Code(size, codes) => plain(coded(words, what, size, codes)?, size),
            Shape::Be(size) => (self.attr, Value::Bytes(number(coded(words, what, size, &[])?, size, true))),
            Shape::Proto => (self.attr, Value::Bytes(number(coded(words, what, 2, PROTOS)?, 2, true))),
            Shape::Is(size, value) => plain(value, size),
            Shape::OnOff => plain(words.on_off(what)?.into(), 1),
            Shape::Switch(_) => plain(1, 1),
            Shape::Flag => (self.attr, Value::Bytes(Bytes::Plain(Vec::new()))),
            Shape::Tos => plain(coded(words, what, 1, &[("inherit", 1)])?, 1),
            Shape::Ttl(inherit) => match words.eat("inherit") {
                true => (inherit, Value::Bytes(Bytes::Plain(Vec::new()))),
                false => plain(coded(words, what, 1, &[("auto", 0)])?, 1),
            },
            Shape::Mac => (self.attr, Value::Bytes(Bytes::Plain(words.mac(what)?.to_vec()))),
            Shape::Dev => (self.attr, Value::Dev(links::device(words, "an interface")?.to_owned())),
            Shape::Ip(v6, multicast) => self.address(words, v6, multicast)?,
            Shape::Ports => {
                let (low, high) = (words.uint::<u16>("the first port")?, words.uint::<u16>("the last port")?);
                (self.attr, Value::Bytes(struct_of(&PortRange { low: low.into(), high: high.into() })))
            }
            Shape::Bit(bit) => {
                let on = coded(words, what, 1, &[("on", 1), ("off", 0)])? != 0;
                let now = if on { bit } else { 0 };
                if let Some((_, Value::Bytes(Bytes::Bits(value, mask)))) = attrs.iter_mut().find(|a| a.0 == self.attr) {
                    (*value, *mask) = (*value & !bit | now, *mask | bit);
                    return Ok(());
                }
                (self.attr, Value::Bytes(Bytes::Bits(now, bit)))
            }
            Shape::Qos => (self.attr, Value::Bytes(Bytes::Nest(qos(words)?))),
            Shape::Peer => (self.attr, Value::Peer(Box::new(Change::parse(words, PEER)?))),
            Shape::Timer | Shape::BridgeId | Shape::Names(_) => return Err(words.error_before("this is shown only")),
        };
        attrs.push(attr);
        Ok(())
    }

    fn address(&self, words: &mut Words<'_>, v6: u16, multicast: Option<bool>) -> Parsed<Attr<Value>> {
        let addr = words.address(&format!("the value of {}", self.word), None)?;
        match multicast {
            Some(true) if !addr.is_multicast() => Err(words.error_before(format!("{addr} is not a multicast address"))),
            Some(false) if addr.is_multicast() => Err(words.error_before(format!("{addr} is a multicast address"))),
            _ => Ok(match addr {
                IpAddr::V4(addr) => (self.attr, Value::Bytes(Bytes::Plain(addr.octets().to_vec()))),
                IpAddr::V6(addr) => (v6, Value::Bytes(Bytes::Plain(addr.octets().to_vec()))),
            }),
        }
    }
}

/// FROM:TO pairs, as many as there are.
fn qos(words: &mut Words<'_>) -> Parsed<Vec<Attr<Bytes>>> {
    let mut pairs = Vec::new();
    while let Some((from, to)) = words.peek().and_then(OsStr::to_str).and_then(|w| w.split_once(':')) {
        let (Ok(from), Ok(to)) = (from.parse::<u32>(), to.parse::<u32>()) else {
            return Err(words.error("a pair of priorities is FROM:TO"));
        };
        pairs.push((vlan_qos::MAPPING, struct_of(&VlanQosMapping { from: from.into(), to: to.into() })));
        let _ = words.next();
    }
    if pairs.is_empty() { Err(words.error("a pair of priorities, FROM:TO, is missing")) } else { Ok(pairs) }
}

fn struct_of<T: Wire>(value: &T) -> Bytes {
    Bytes::Plain(value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::ADD;
    use super::*;
    use nl_core::route;
    use std::ffi::OsString;

    fn parse(line: &str) -> Parsed<Change> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Change::parse(&mut Words::new(&words), ADD)
    }

    #[test]
    fn bits_of_one_attribute_add_up() {
        let change = parse("v5 type vlan id 5 gvrp on reorder_hdr off mvrp on mvrp off").unwrap();
        let flags = change.data.iter().filter(|a| a.0 == route::vlan::FLAGS).collect::<Vec<_>>();
        assert_eq!(flags, [&(route::vlan::FLAGS, Value::Bytes(Bytes::Bits(0b0010, 0b1011)))]);
    }

    #[test]
    fn numbers_have_the_size_and_order_of_their_attribute() {
        assert_eq!(number(0x1234, 2, false), Bytes::Plain(0x1234_u16.to_ne_bytes().to_vec()));
        assert_eq!(number(0x1234, 8, false), Bytes::Plain(0x1234_u64.to_ne_bytes().to_vec()));
        assert_eq!(number(0x1234, 2, true), Bytes::Plain(vec![0x12, 0x34]));
        assert!(parse("b type bridge priority 65535").is_ok());
        assert!(parse("b type bridge priority 65536").unwrap_err().message.contains("from 0 to 65535"));
        let protocol = parse("v5 type vlan protocol 802.1ad").unwrap().data;
        assert_eq!(protocol, [(route::vlan::PROTOCOL, Value::Bytes(Bytes::Plain(vec![0x88, 0xa8])))]);
    }

    #[test]
    fn a_word_that_stands_for_two_settings_sets_both() {
        let data = parse("x type vxlan external").unwrap().data;
        let one = |value| Value::Bytes(Bytes::Plain(vec![value]));
        assert_eq!(data, [(route::vxlan::COLLECT_METADATA, one(1)), (route::vxlan::LEARNING, one(0))]);
    }
}

//! What is to be made of a link: words → [`Change`] → attributes.

use super::super::{done, links};
use super::kinds::{self, ADD, FLAGS, LINK, PEER, SET, Setting, Shape};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Words, show};
use netns_sys::netlink::Conn;
use netns_sys::tun::Tun;
use netns_sys::{Dir, Errno, Error, Ns};
use nl_core::route::{
    self, IfInfoMsg, LinkFlags, NSID_NOT_ASSIGNED, Nsid, PortRange, RTM_GETNSID, RTM_NEWNSID, RtGenMsg, VlanQosMapping,
    af, ifla, inet6, info, netnsa, vlan_qos,
};
use nl_core::wire::Wire;
use nl_core::{Flags, Msg};
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// An attribute's type and its value.
pub(super) type Attr<V> = (u16, V);

/// A value as it goes onto the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// These.
    Plain(Vec<u8>),
    /// A text; the NUL behind it is added.
    Str(Vec<u8>),
    /// `{ u32 value, u32 mask }`.
    Bits(u32, u32),
    /// Attributes.
    Nest(Vec<(u16, Bytes)>),
    /// The other end: a header and attributes.
    Peer(IfInfoMsg, Vec<(u16, Bytes)>),
}

/// A value as the words have it: what they name becomes a number when the request is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Ready.
    Bytes(Bytes),
    /// The index of the link of this name.
    Dev(OsString),
    /// A descriptor of this namespace.
    Netns(OsString),
    /// The id of this namespace.
    NsId(OsString),
    /// The other end.
    Peer(Box<Change>),
}

/// A link to be made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The link; of one to be made, the name it gets.
    pub(super) name: Option<OsString>,
    /// `link set`: the name it gets.
    pub(super) rename: Option<OsString>,
    /// The index it gets; 0: the next that is free.
    pub(super) index: i32,
    /// Flags, and which of them to change.
    pub(super) flags: LinkFlags,
    pub(super) mask: LinkFlags,
    /// Attributes.
    pub(super) attrs: Vec<Attr<Value>>,
    /// The kind of device.
    pub(super) kind: Option<OsString>,
    /// `kind` is that of the master, of which it is a port.
    pub(super) port: bool,
    /// Settings of the kind.
    pub(super) data: Vec<Attr<Value>>,
    /// A tun or tap to be made, which goes another way.
    pub(super) tun: Option<Tun>,
}

/// A word of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    Dev,
    Name,
    Index,
    Up(bool),
    /// The flag, and whether the word means its absence.
    Flag(u32, bool),
    Type,
    /// A position in [`LINK`].
    Setting(usize),
}

/// The words that mean something where `on` says.
fn vocabulary(on: u8) -> Vec<Keyword<Word>> {
    let mut words = vec![("dev", Word::Dev), ("name", Word::Name), ("up", Word::Up(true)), ("down", Word::Up(false))];
    words.extend(FLAGS.iter().map(|f| (f.0, Word::Flag(f.1, f.2))));
    words.extend((on & (ADD | PEER) != 0).then_some(("index", Word::Index)));
    words.extend((on & (ADD | SET) != 0).then_some(("type", Word::Type)));
    words.extend(LINK.iter().enumerate().filter(|(_, s)| s.on & on != 0).map(|(i, s)| (s.word, Word::Setting(i))));
    words
}

impl Change {
    /// Reads the rest of the words, for what `on` says: [`ADD`], [`SET`] or [`PEER`].
    pub(super) fn parse(words: &mut Words<'_>, on: u8) -> Parsed<Change> {
        let vocabulary = vocabulary(on);
        let mut change = Change::default();
        while let Some(word) = words.peek() {
            // A word that is no keyword in full is the name, as long as there is none.
            let known = vocabulary.iter().any(|k| word == k.0);
            if !known && change.name.is_none() {
                change.name = Some(name(words, on)?);
                continue;
            }
            match words.keyword("an option of a link", &vocabulary)? {
                Word::Dev => change.name = Some(name(words, on)?),
                Word::Name if on == SET => change.rename = Some(words.ifname("the new name")?.to_owned()),
                Word::Name => change.name = Some(name(words, on)?),
                Word::Index => {
                    let index = words.number("an interface index", 1..=i32::MAX.unsigned_abs().into())?;
                    change.index = i32::try_from(index).unwrap_or(i32::MAX);
                }
                Word::Up(up) => change.flag(LinkFlags::UP, up),
                Word::Flag(flag, absent) => {
                    let on = words.on_off("a flag")?;
                    change.flag(LinkFlags::from_bits_retain(flag), on != absent);
                }
                Word::Type => {
                    change.parse_kind(words, on)?;
                    break;
                }
                Word::Setting(at) => {
                    LINK.get(at).into_iter().try_for_each(|s| s.parse(words, &mut change.attrs))?;
                }
            }
        }
        Ok(change)
    }

    fn flag(&mut self, flag: LinkFlags, on: bool) {
        self.mask |= flag;
        self.flags.set(flag, on);
    }

    /// Reads what follows `type`: the kind, and its settings to the end.
    fn parse_kind(&mut self, words: &mut Words<'_>, on: u8) -> Parsed<()> {
        let word = words.need("the kind of device")?;
        if on == ADD && (word == "tun" || word == "tap") {
            self.tun = Some(tun(words, word == "tap")?);
            return words.end();
        }
        let known = word.to_str().and_then(kinds::find);
        self.port = known.is_some_and(|k| k.1);
        if self.port && on == ADD {
            return Err(
                words.error_before(format!("{} is for `link set`: a port is a link of another kind", show(word)))
            );
        }
        self.kind = Some(known.map_or(word.to_owned(), |k| k.0.name.into()));
        let settings = known.map_or(&[][..], |k| k.0.settings);
        let takes = |(_, s): &(usize, &Setting)| s.on & on != 0;
        let vocabulary: Vec<Keyword<usize>> =
            settings.iter().enumerate().filter(takes).map(|(i, s)| (s.word, i)).collect();
        while !words.is_end() {
            if vocabulary.is_empty() {
                return Err(words.error(format!("no options of {} are known here", show(word))));
            }
            let at = words.keyword(&format!("an option of {}", word.to_string_lossy()), &vocabulary)?;
            // A word may stand for several settings.
            let same = settings.get(at).map_or("", |s| s.word);
            for setting in settings.iter().filter(|s| s.word == same && s.on & on != 0) {
                setting.parse(words, &mut self.data)?;
            }
        }
        Ok(())
    }

    /// Where the words say it will be: the last one counts, as in the kernel.
    pub(super) fn netns(&self) -> Option<&OsStr> {
        self.attrs.iter().rev().find_map(|a| if let Value::Netns(ns) = &a.1 { Some(ns.as_os_str()) } else { None })
    }

    /// Whether all of it will be in namespaces that the words name: the link, and its peer, if it has one.
    pub(in crate::cmd) fn is_elsewhere(&self) -> bool {
        self.netns().is_some() && self.peer().is_none_or(|peer| peer.netns().is_some())
    }

    /// All but the name and the way to it: what there is to do for a link that was made where it is to be.
    pub(super) fn rest(&self) -> Change {
        let mut attrs = self.attrs.clone();
        attrs.retain(|a| !matches!(a.1, Value::Netns(_)));
        Change { attrs, flags: self.flags, mask: self.mask, ..Change::default() }
    }

    /// The other end, where the words say something of it.
    pub(super) fn peer(&self) -> Option<&Change> {
        self.data.iter().find_map(|a| if let Value::Peer(peer) = &a.1 { Some(&**peer) } else { None })
    }
}

/// The name of a link to be made, or of one that is there.
fn name(words: &mut Words<'_>, on: u8) -> Parsed<OsString> {
    let what = "an interface name";
    if on == SET { links::device(words, what) } else { words.ifname(what) }.map(OsStr::to_owned)
}

fn tun(words: &mut Words<'_>, tap: bool) -> Parsed<Tun> {
    let mut tun = Tun { tap, ..Tun::default() };
    let vocabulary = [("user", 0), ("group", 1), ("pi", 2), ("vnet_hdr", 3), ("multi_queue", 4)];
    while !words.is_end() {
        match words.keyword("an option of tun and tap", &vocabulary)? {
            0 => tun.user = Some(words.uint("the number of a user")?),
            1 => tun.group = Some(words.uint("the number of a group")?),
            2 => tun.pi = true,
            3 => tun.vnet_hdr = true,
            _ => tun.multi_queue = true,
        }
    }
    Ok(tun)
}

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
    fn parse(&self, words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
        let what = &format!("the value of {}", self.word);
        let plain = |value, size| (self.attr, Value::Bytes(number(value, size, false)));
        let attr = match self.shape {
            Shape::Num(size) | Shape::Hex(size) => plain(coded(words, what, size, &[])?, size),
            Shape::Code(size, codes) => plain(coded(words, what, size, codes)?, size),
            Shape::Be(size) => (self.attr, Value::Bytes(number(coded(words, what, size, &[])?, size, true))),
            Shape::Proto => (self.attr, Value::Bytes(number(coded(words, what, 2, kinds::PROTOS)?, 2, true))),
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
            Shape::Str => (self.attr, Value::Bytes(Bytes::Str(words.need(what)?.as_bytes().to_vec()))),
            Shape::Dev => (self.attr, Value::Dev(links::device(words, "an interface")?.to_owned())),
            Shape::Netns => (self.attr, Value::Netns(words.need("a namespace: name, process id or path")?.to_owned())),
            Shape::NsId => (self.attr, Value::NsId(words.need("a namespace: name, process id or path")?.to_owned())),
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
            Shape::AddrGen => {
                let mode = number(coded(words, what, 1, kinds::ADDR_GEN)?, 1, false);
                let inet6 = Bytes::Nest(vec![(inet6::ADDR_GEN_MODE, mode)]);
                (self.attr, Value::Bytes(Bytes::Nest(vec![(af::INET6.into(), inet6)])))
            }
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

fn bytes_of<T: Wire>(value: &T) -> &[u8] {
    value.as_bytes()
}

fn struct_of<T: Wire>(value: &T) -> Bytes {
    Bytes::Plain(bytes_of(value).to_vec())
}

/// The namespace of this name, of the process of this number, or at this path.
pub(super) fn namespace(dir: &Dir, word: &OsStr) -> Result<Ns> {
    let path = word.as_bytes().contains(&b'/');
    let found = if path { Ns::open(Path::new(word)) } else { dir.open(word) };
    let pid = word.to_str().and_then(|w| w.parse::<u32>().ok());
    let found = match (found, pid) {
        (Err(Error::NoSuchName { .. }), Some(pid)) => Ns::of_pid(pid),
        (found, _) => found,
    };
    done(&format!("open namespace {}", show(word)), found)
}

/// The id that the namespace of `conn` has for `ns`; gives it one if it has none.
fn nsid(conn: &mut Conn, ns: &Ns) -> netns_sys::Result<i32> {
    let named = |m: &mut Msg<'_>| {
        m.fixed(&RtGenMsg::default());
        m.u32(netnsa::FD, ns.fd_number());
    };
    for last in [false, true] {
        let id = conn.get(RTM_GETNSID, named, |m| Ok(Nsid::parse(m)?.nsid()?.unwrap_or(NSID_NOT_ASSIGNED)))?;
        if id != NSID_NOT_ASSIGNED || last {
            return Ok(id);
        }
        let assigned = conn.request(RTM_NEWNSID, Flags::empty(), |m| {
            named(m);
            m.i32(netnsa::NSID, NSID_NOT_ASSIGNED);
        });
        match assigned {
            Err(Error::Kernel(e)) if e.errno == Errno::EEXIST => {} // somebody was faster
            assigned => drop(assigned?),
        }
    }
    Ok(NSID_NOT_ASSIGNED)
}

/// A change with numbers for all its names, in a request over one connection. The namespaces are held open until it is sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) header: IfInfoMsg,
    pub(super) attrs: Vec<Attr<Bytes>>,
    held: Vec<Ns>,
}

impl Ready {
    /// Turns what `change` names into numbers. Names of links are those of the namespace of `conn`; that of the link
    /// below (`link DEV`) is one of the namespace `link-netns`.
    pub(super) fn new(dir: &Dir, conn: &mut Conn, change: &Change) -> Result<Ready> {
        let mut ready = Ready { header: IfInfoMsg::default(), attrs: Vec::new(), held: Vec::new() };
        let below = change.attrs.iter().find_map(|a| if let Value::NsId(ns) = &a.1 { Some(ns) } else { None });
        let mut below = match below {
            Some(ns) => Some(conn_in(&namespace(dir, ns)?)?),
            None => None,
        };
        ready.header = change.header();
        let mut attrs = Vec::new();
        for (kind, value) in &change.attrs {
            let value = match (value, &mut below) {
                (Value::Dev(name), Some(below)) if *kind == ifla::LINK => index(links::find(below, name)?),
                (Value::NsId(ns), _) => {
                    let ns = namespace(dir, ns)?;
                    let id = match change.netns() {
                        Some(target) => nsid(&mut conn_in(&namespace(dir, target)?)?, &ns),
                        None => nsid(conn, &ns),
                    };
                    Bytes::Plain(done("give a namespace an id", id)?.to_ne_bytes().to_vec())
                }
                (value, _) => ready.value(dir, conn, value)?,
            };
            attrs.push((*kind, value));
        }
        if let Some(kind) = &change.kind {
            let (name, data) = match change.port {
                true => (info::SLAVE_KIND, info::SLAVE_DATA),
                false => (info::KIND, info::DATA),
            };
            let mut link_info = vec![(name, Bytes::Str(kind.as_bytes().to_vec()))];
            if !change.data.is_empty() {
                let values = change.data.iter().map(|(kind, value)| Ok((*kind, ready.value(dir, conn, value)?)));
                link_info.push((data, Bytes::Nest(values.collect::<Result<_>>()?)));
            }
            attrs.push((ifla::LINKINFO, Bytes::Nest(link_info)));
        }
        ready.attrs = attrs;
        Ok(ready)
    }

    fn value(&mut self, dir: &Dir, conn: &mut Conn, value: &Value) -> Result<Bytes> {
        Ok(match value {
            Value::Bytes(bytes) => bytes.clone(),
            Value::Dev(name) => index(links::find(conn, name)?),
            Value::Netns(ns) => {
                let ns = namespace(dir, ns)?;
                let number = ns.fd_number();
                self.held.push(ns);
                index(number)
            }
            Value::NsId(_) => return Err(Failure::new(code::USAGE, "link-netns has no meaning here")),
            Value::Peer(peer) => {
                let mut attrs: Vec<Attr<Bytes>> =
                    peer.name.iter().map(|n| (ifla::IFNAME, Bytes::Str(n.as_bytes().to_vec()))).collect();
                for (kind, value) in &peer.attrs {
                    attrs.push((*kind, self.value(dir, conn, value)?));
                }
                // The kernel refuses flags of a peer: they are set later.
                Bytes::Peer(IfInfoMsg { index: peer.index.into(), ..IfInfoMsg::default() }, attrs)
            }
        })
    }

    /// With this name, if there is one.
    pub(super) fn name(&mut self, name: Option<&OsStr>) {
        self.attrs.extend(name.map(|n| (ifla::IFNAME, Bytes::Str(n.as_bytes().to_vec()))));
    }

    /// Writes header and attributes.
    pub(super) fn write(&self, m: &mut Msg<'_>) {
        m.fixed(&self.header);
        put(m, &self.attrs);
    }
}

impl Change {
    fn header(&self) -> IfInfoMsg {
        IfInfoMsg {
            index: self.index.into(),
            flags: self.flags.bits().into(),
            change: self.mask.bits().into(),
            ..IfInfoMsg::default()
        }
    }
}

fn index(number: u32) -> Bytes {
    Bytes::Plain(number.to_ne_bytes().to_vec())
}

/// A connection in `ns`.
pub(super) fn conn_in(ns: &Ns) -> Result<Conn> {
    done("open a netlink socket in a namespace", Conn::open_in(ns, &route::FAMILY))
}

fn put(m: &mut Msg<'_>, attrs: &[Attr<Bytes>]) {
    for (kind, value) in attrs {
        match value {
            Bytes::Plain(bytes) => m.bytes(*kind, bytes),
            Bytes::Str(text) => m.str(*kind, text),
            Bytes::Bits(value, mask) => m.bytes(*kind, &[value.to_ne_bytes(), mask.to_ne_bytes()].concat()),
            Bytes::Nest(attrs) => m.nest(*kind, |m| put(m, attrs)),
            Bytes::Peer(header, attrs) => m.nest_with(*kind, bytes_of(header), |m| put(m, attrs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! What is to be made of a link: words → [`Change`] → attributes.

use super::super::links;
use super::kinds::{self, ADD, PEER, SET};
use super::vf::Vf;
use crate::grammar::{IFNAME_MAX, Keyword, Result as Parsed, Usage, Words, show};
use crate::names::{GROUPS, Names};
use crate::out::Escaped;
use netns_sys::tun::Tun;
use nl_core::route::{IfInfoMsg, LinkFlags, af, ifla, inet6, proto_down_reason, xdp_flags};
use nl_core::wire::NLA_F_NESTED;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// An attribute's type and its value.
pub(super) type Attr<V> = (u16, V);

/// A value as it goes onto the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// These.
    Plain(Vec<u8>),
    /// A text; the NUL behind it is added.
    Str(Vec<u8>),
    /// A value, and which bits of it there are; the others are as they were, or 0.
    Patch(Vec<u8>, Vec<u8>),
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
    /// The same, of a master; `true`: of a VRF.
    Master(OsString, bool),
    /// A descriptor of this namespace, or the number of a process in it.
    Netns(OsString),
    /// The id of this namespace.
    NsId(OsString),
    /// The BPF program pinned at this path, or none any more, of those that these flags are about.
    Xdp(u32, Option<OsString>),
    /// Settings of a virtual function.
    Vf(Vf),
    /// The other end.
    Peer(Box<Change>),
}

/// A link to be made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The link; of one to be made, the name it gets.
    pub(in crate::cmd) name: Option<OsString>,
    /// `link set`: the name it gets.
    pub(super) rename: Option<OsString>,
    /// The index it gets; 0: the next that is free.
    pub(super) index: i32,
    /// The link below one to be made.
    pub(super) link: Option<OsString>,
    /// Flags, and which of them to change.
    pub(super) flags: LinkFlags,
    pub(super) mask: LinkFlags,
    /// Attributes.
    pub(super) attrs: Vec<Attr<Value>>,
    /// How long addresses are that have to be as long as the link's.
    pub(super) lengths: Vec<usize>,
    /// The kind of device; with `_slave` behind it, that of the master of which it is a port.
    pub(super) kind: Option<OsString>,
    /// Settings of the kind, if words follow it.
    pub(super) data: Option<Vec<Attr<Value>>>,
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
    Flag(LinkFlags, bool),
    Lladdr(u16),
    Link,
    /// A number, said once; `ip` knows it by this word.
    Int(u16, &'static str),
    /// A number, and the largest it can be.
    Uint(u16, u32),
    /// `on` or `off`: a byte.
    OnOff(u16),
    /// The position of one of these words: a byte.
    OneOf(u16, &'static [&'static str], &'static str),
    AddrGenMode,
    Text(u16),
    Alias,
    Group,
    Netns,
    LinkNetns,
    LinkNetnsId,
    /// It has to be a VRF.
    Master(bool),
    NoMaster,
    Reason,
    Xdp(u32),
    Vf,
    Type,
    Help,
}

/// In `link delete`.
pub(super) const DELETE: u8 = 16;
const ANY: u8 = ADD | SET | PEER;

/// Where the kernel heeds them (`ip` takes all of them everywhere), and the words that `ip` wants whole.
const WHOLE: &[(u8, &str, Word)] = &[
    (ANY, "up", Word::Up(true)),
    (ANY, "down", Word::Up(false)),
    (ANY, "name", Word::Name),
    (ANY, "index", Word::Index),
    (ANY, "brd", Word::Lladdr(ifla::BROADCAST)),
    (ANY, "qlen", Word::Int(ifla::TXQLEN, "txqueuelen")),
    (ANY, "mtu", Word::Int(ifla::MTU, "mtu")),
    (SET, "xdpgeneric", Word::Xdp(xdp_flags::SKB_MODE)),
    (SET, "xdpdrv", Word::Xdp(xdp_flags::DRV_MODE)),
    (SET, "xdpoffload", Word::Xdp(xdp_flags::HW_MODE)),
    (SET, "xdp", Word::Xdp(0)),
    (ANY, "netns", Word::Netns),
    (ANY, "multicast", Word::Flag(LinkFlags::MULTICAST, false)),
    (ANY, "allmulticast", Word::Flag(LinkFlags::ALLMULTI, false)),
    (ANY, "promisc", Word::Flag(LinkFlags::PROMISC, false)),
    (ANY, "trailers", Word::Flag(LinkFlags::NOTRAILERS, true)),
    (ANY, "arp", Word::Flag(LinkFlags::NOARP, true)),
    (SET, "carrier", Word::OnOff(ifla::CARRIER)),
    (SET, "vf", Word::Vf),
    (ADD | SET, "vrf", Word::Master(true)),
    (ANY | DELETE, "group", Word::Group),
    (ANY, "mode", Word::OneOf(ifla::LINKMODE, &["default", "dormant"], "link mode")),
    (ANY, "state", Word::OneOf(ifla::OPERSTATE, STATES, "operstate")),
    (SET, "protodown", Word::OnOff(ifla::PROTO_DOWN)),
    (SET, "protodown_reason", Word::Reason),
    (ANY, "gso_max_size", Word::Uint(ifla::GSO_MAX_SIZE, u32::MAX)),
    (ANY, "gso_max_segs", Word::Uint(ifla::GSO_MAX_SEGS, 65535)),
    (ANY, "gro_max_size", Word::Uint(ifla::GRO_MAX_SIZE, u32::MAX)),
    (ADD, "parentdev", Word::Text(ifla::PARENT_DEV_NAME)),
    (ANY | DELETE, "dev", Word::Dev),
];

/// Those that `ip` takes shortened, in its order.
const SHORT: &[(u8, &str, Word)] = &[
    (ADD, "link", Word::Link),
    (ANY, "address", Word::Lladdr(ifla::ADDRESS)),
    (ANY, "broadcast", Word::Lladdr(ifla::BROADCAST)),
    (ANY, "txqueuelen", Word::Int(ifla::TXQLEN, "txqueuelen")),
    (ANY, "txqlen", Word::Int(ifla::TXQLEN, "txqueuelen")),
    (ADD | SET, "master", Word::Master(false)),
    (SET, "nomaster", Word::NoMaster),
    (ANY, "dynamic", Word::Flag(LinkFlags::DYNAMIC, false)),
    (ADD | SET | DELETE, "type", Word::Type),
    (SET, "alias", Word::Alias),
    (ADD | PEER, "numtxqueues", Word::Int(ifla::NUM_TX_QUEUES, "numtxqueues")),
    (ADD | PEER, "numrxqueues", Word::Int(ifla::NUM_RX_QUEUES, "numrxqueues")),
    (SET, "addrgenmode", Word::AddrGenMode),
    (ADD, "link-netns", Word::LinkNetns),
    (ADD, "link-netnsid", Word::LinkNetnsId),
    (0, "help", Word::Help),
];

/// Operational states, by number.
pub(super) const STATES: &[&str] = &["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];

/// How IPv6 link-local addresses are made, by number.
pub(super) const ADDR_GEN_MODES: &[&str] = &["eui64", "none", "stable_secret", "random"];

/// Why a protocol keeps a link down.
pub(super) static REASONS: Names = Names::new("protodown_reasons", &[]);

impl Change {
    /// Reads the rest of the words, for what `on` says: [`ADD`], [`SET`], [`DELETE`] or [`PEER`].
    pub(super) fn parse(words: &mut Words<'_>, on: u8) -> Parsed<Change> {
        let keywords = |table: &[(u8, &'static str, Word)]| -> Vec<Keyword<Word>> {
            table.iter().filter(|w| words.is_ip() || w.0 & on != 0).map(|w| (w.1, w.2)).collect()
        };
        let (whole, short) = (keywords(WHOLE), keywords(SHORT));
        let create = on & (ADD | PEER) != 0;
        let mut change = Change::default();
        let mut dev = None;
        while let Some(word) = words.peek() {
            // A word that is no keyword in full is the name, as long as there is none.
            let known = words.is_ip() || dev.is_some() || whole.iter().chain(&short).any(|k| word == k.0);
            let found = if known { words.try_words(&whole, &short)? } else { None };
            match found {
                None | Some(Word::Dev) => {
                    if dev.is_some() && !words.is_end() {
                        return Err(second(words, "an option of a link", &[whole, short].concat()));
                    }
                    dev = Some(name(words, create, usize::MAX, "\"dev\" not a valid ifname")?);
                }
                Some(Word::Name) => {
                    once(words, change.name.is_some(), "name")?;
                    change.name = Some(name(words, true, IFNAME_MAX, "\"name\" not a valid ifname")?);
                }
                Some(Word::Type) => {
                    change.kind = Some(words.need("the kind of device")?.to_owned());
                    break;
                }
                Some(Word::Vf) => {
                    let number = words.int("the number of a virtual function");
                    let number = number.map_err(|u| invalid(words, u, "vf"))?;
                    if dev.is_none() && change.name.is_none() {
                        let usage = words.error_before("the name of the interface goes before a virtual function");
                        return Err(usage.ip("Error: argument \"dev\" is required"));
                    }
                    let vf = Vf::parse(words, u32::from_ne_bytes(number.to_ne_bytes()), &mut change.lengths)?;
                    change.attrs.push((ifla::VFINFO_LIST, Value::Vf(vf)));
                }
                Some(word) => change.parse_word(words, word)?,
            }
        }
        change.complete(words, on, dev)?;
        if let Some(kind) = change.kind.take() {
            change.parse_kind(words, on, kind)?;
        }
        Ok(change)
    }

    /// Reads what follows a word that was just taken.
    fn parse_word(&mut self, words: &mut Words<'_>, word: Word) -> Parsed<()> {
        let plain = |attr, bytes: &[u8]| (attr, Value::Bytes(Bytes::Plain(bytes.to_vec())));
        let attr = match word {
            Word::Up(up) => {
                self.flag(LinkFlags::UP, up);
                return Ok(());
            }
            Word::Flag(flag, absent) => {
                let on = on_off(words, words.before(), false)?;
                self.flag(flag, on != absent);
                return Ok(());
            }
            Word::Index => {
                once(words, self.index != 0, "index")?;
                let index = words.number("an interface index", 1..=i32::MAX.unsigned_abs().into());
                let index = index.map_err(|u| words.wrong(u, "Invalid \"index\" value"))?;
                self.index = i32::try_from(index).unwrap_or(i32::MAX);
                return Ok(());
            }
            Word::Link => {
                self.link = Some(links::device(words, "the interface below")?.to_owned());
                return Ok(());
            }
            Word::Lladdr(attr) => {
                let addr = words.lladdr("a link-layer address")?;
                if attr == ifla::ADDRESS {
                    self.lengths.push(addr.len());
                }
                plain(attr, &addr)
            }
            Word::Int(attr, word) => {
                once(words, self.has(attr), word)?;
                let value = words.int(&format!("the value of {word}")).map_err(|u| invalid(words, u, word))?;
                plain(attr, &value.to_ne_bytes())
            }
            Word::Uint(attr, most) => {
                let word = words.before();
                let value = words.number(&format!("the value of {word}"), 0..=most.into());
                let value = value.map_err(|u| invalid(words, u, word))?;
                plain(attr, &u32::try_from(value).unwrap_or(most).to_ne_bytes())
            }
            Word::OnOff(attr) => {
                let word = words.before();
                plain(attr, &[off_or_on(words, word, 22)?.into()])
            }
            Word::OneOf(attr, known, what) => plain(attr, &[one_of(words, known, what)?]),
            Word::AddrGenMode => {
                let mode = one_of(words, ADDR_GEN_MODES, "address generation mode")?;
                let mode = vec![(inet6::ADDR_GEN_MODE, Bytes::Plain(vec![mode]))];
                (ifla::AF_SPEC, Value::Bytes(Bytes::Nest(vec![(af::INET6.into(), Bytes::Nest(mode))])))
            }
            Word::Text(attr) => (attr, Value::Bytes(Bytes::Str(words.need("a text")?.as_bytes().to_vec()))),
            Word::Alias => {
                let text = words.need("a text")?.as_bytes();
                if text.len() > ALIAS_MAX {
                    let usage = words.error_before(format!("an alias has {ALIAS_MAX} bytes at most"));
                    return Err(words.wrong(usage, "alias too long\n"));
                }
                plain(ifla::IFALIAS, text)
            }
            Word::Group => {
                once(words, self.has(ifla::GROUP), "group")?;
                plain(ifla::GROUP, &group(words)?.to_ne_bytes())
            }
            Word::Netns => {
                once(words, self.netns().is_some(), "netns")?;
                let ns = words.need("a namespace: name, process id or path")?;
                (ifla::NET_NS_FD, Value::Netns(ns.to_owned()))
            }
            Word::LinkNetns => {
                once(words, self.has(ifla::LINK_NETNSID), "link-netns/link-netnsid")?;
                let ns = words.need("a namespace: name, process id or path")?;
                (ifla::LINK_NETNSID, Value::NsId(ns.to_owned()))
            }
            Word::LinkNetnsId => {
                once(words, self.has(ifla::LINK_NETNSID), "link-netns/link-netnsid")?;
                let id = words.int("the id of a namespace").map_err(|u| invalid(words, u, "link-netnsid"))?;
                plain(ifla::LINK_NETNSID, &id.to_ne_bytes())
            }
            Word::Master(vrf) => (ifla::MASTER, Value::Master(links::device(words, "an interface")?.to_owned(), vrf)),
            Word::NoMaster => plain(ifla::MASTER, &[0; 4]),
            Word::Reason => {
                let number = words.named::<u8>("a reason", &REASONS);
                let number = number.map_err(|u| words.wrong(u, "invalid protodown reason\n"))?;
                let Some(bit) = 1_u32.checked_shl(number.into()) else {
                    let usage = words.error_before("reasons are numbers from 0 to 31");
                    return Err(words.wrong(usage, "invalid protodown reason\n"));
                };
                let value = if on_off(words, "protodown_reason", true)? { bit } else { 0 };
                let word = |attr, value: u32| (attr, Bytes::Plain(value.to_ne_bytes().to_vec()));
                let words = vec![word(proto_down_reason::MASK, bit), word(proto_down_reason::VALUE, value)];
                (ifla::PROTO_DOWN_REASON | NLA_F_NESTED, Value::Bytes(Bytes::Nest(words)))
            }
            Word::Xdp(flags) => (ifla::XDP, Value::Xdp(flags, xdp_program(words)?)),
            Word::Help => return Err(super::help_asked(words)),
            Word::Dev | Word::Name | Word::Type | Word::Vf => return Ok(()),
        };
        self.attrs.push(attr);
        Ok(())
    }

    fn flag(&mut self, flag: LinkFlags, on: bool) {
        self.mask |= flag;
        self.flags.set(flag, on);
    }

    /// What the words before those of the kind have to say together; `dev` is the name that has no word before it, or `dev`.
    fn complete(&mut self, words: &Words<'_>, on: u8, dev: Option<OsString>) -> Parsed<()> {
        let (create, group) = (on & (ADD | PEER) != 0, self.has(ifla::GROUP));
        // Either of the two is the link; of one that is there, the second is its new name.
        let named = self.name.take();
        self.rename = named.clone().filter(|_| dev.is_some() && named != dev);
        self.name = dev.or(named);
        let refuse = |message: &str, ip: &str| Err(words.error(message).ip(ip));
        if self.index != 0 && !create && self.netns().is_none() {
            let ip = "index can be used only when creating devices or when moving device to another netns.";
            return refuse("an index is given to what is made, or goes to another namespace (netns)", ip);
        }
        if self.name.is_none() && group {
            if let Some(word) = words.peek().filter(|_| words.is_ip()) {
                return Err(garbage(word, words.error("a whole group has no kind")));
            }
            if create {
                return refuse("the name of the device is missing", "group cannot be used when creating devices.");
            }
            if words.is_ip() {
                self.kind = None;
            }
        } else if self.name.is_none() && !create {
            let ip = "Not enough information: \"dev\" argument is required.";
            return refuse("the name of the interface (or a group) is missing", ip);
        }
        if create && self.rename.is_some() {
            let ip = "both \"name\" and \"dev\" cannot be used when creating devices.";
            return refuse("what is made has one name", ip);
        }
        Ok(())
    }

    fn has(&self, attr: u16) -> bool {
        self.attrs.iter().any(|a| a.0 == attr)
    }

    /// Reads what follows the `kind`: its settings, to the end.
    fn parse_kind(&mut self, words: &mut Words<'_>, on: u8, kind: OsString) -> Parsed<()> {
        if on == ADD && (kind == "tun" || kind == "tap") {
            self.tun = Some(tun(words, kind == "tap")?);
            return words.end();
        }
        if on == PEER {
            let usage = words.error_before("a peer is of the same kind");
            let kind = Escaped(kind.as_bytes());
            return Err(usage.ip(format!("Error: duplicate \"type\": \"{kind}\" is the second value.")));
        }
        if is_port(&kind) && on == ADD && !words.is_ip() {
            let message = format!("{} is for `link set`: a port is a link of another kind", show(&kind));
            return Err(words.error_before(message));
        }
        let known = kind.to_str().and_then(kinds::find).filter(|k| k.takes_words(words.is_ip()));
        match (words.peek(), known) {
            (Some(_), Some(known)) => {
                self.data = Some(kinds::options(known, words, if on == ADD { ADD } else { SET })?)
            }
            (Some(next), None) => {
                let usage = words.error(format!("no options of {} are known here", show(&kind)));
                return Err(garbage(next, usage).ip_code(1));
            }
            _ => {}
        }
        self.kind = Some(kind);
        Ok(())
    }

    /// Where the words say it will be.
    pub(in crate::cmd) fn netns(&self) -> Option<&OsStr> {
        self.attrs.iter().find_map(|a| if let Value::Netns(ns) = &a.1 { Some(ns.as_os_str()) } else { None })
    }

    #[cfg(feature = "processes")]
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

    /// Whether it is to be switched on.
    pub(super) fn is_up(&self) -> bool {
        self.flags.contains(LinkFlags::UP)
    }

    /// The other end, where the words say something of it.
    pub(super) fn peer(&self) -> Option<&Change> {
        self.data.iter().flatten().find_map(|a| if let Value::Peer(peer) = &a.1 { Some(&**peer) } else { None })
    }
}

/// Bytes of an alias (`IFALIASZ` less the NUL).
const ALIAS_MAX: usize = 255;

/// The name of a link to be made (`new`), or of one that is there. `ip` takes one of `most` bytes, and `says` of others what is
/// wrong.
pub(super) fn name(words: &mut Words<'_>, new: bool, most: usize, says: &str) -> Parsed<OsString> {
    let what = "an interface name";
    if !words.is_ip() {
        return if new { words.ifname(what) } else { links::device(words, what) }.map(OsStr::to_owned);
    }
    let name = words.need(what)?;
    let bad = |b: &u8| matches!(b, b'/' | b' ' | 9..=13);
    if name.is_empty() || name.as_bytes().iter().any(bad) || name.len() > most {
        let usage = words.error_before("a name has no slash and no white space in it");
        return Err(words.wrong(usage, says));
    }
    Ok(name.to_owned())
}

/// What is wrong with the next word, where there is a name already: it is none of `known` either.
pub(super) fn second<T: Copy + PartialEq>(words: &Words<'_>, what: &str, known: &[Keyword<T>]) -> Usage {
    let usage = words.clone().like_ip(false).keyword(what, known).err();
    let said = format!("Error: either \"dev\" is duplicate, or \"{}\" is a garbage.", words.typed());
    usage.unwrap_or_else(|| words.error("there is a name already")).ip(said)
}

/// A value that is said a second time, `again`, is an error.
fn once(words: &mut Words<'_>, again: bool, word: &str) -> Parsed<()> {
    if !again {
        return Ok(());
    }
    let second = words.typed();
    words.need("a value")?;
    let usage = words.error_before(format!("{word} was said already"));
    Err(usage.ip(format!("Error: duplicate \"{word}\": \"{second}\" is the second value.")))
}

/// `usage`, where `ip` says that `word` means nothing there.
fn garbage(word: &OsStr, usage: Usage) -> Usage {
    let word = Escaped(word.as_bytes());
    usage.ip(format!("Garbage instead of arguments \"{word} ...\". Try \"ip link help\"."))
}

/// What `ip` says of a value of `word` that is none.
pub(super) fn invalid(words: &Words<'_>, usage: Usage, word: &str) -> Usage {
    words.wrong(usage, format!("Invalid \"{word}\" value\n"))
}

/// The number or the name of a group.
pub(super) fn group(words: &mut Words<'_>) -> Parsed<u32> {
    words.named("a group of links", &GROUPS).map_err(|u| invalid(words, u, "group"))
}

/// Takes `on` or `off`, the value of `word`; `short`: or the beginning of one.
pub(super) fn on_off(words: &mut Words<'_>, word: &str, short: bool) -> Parsed<bool> {
    const VALUES: &[Keyword<bool>] = &[("on", true), ("off", false)];
    let found = if short { words.try_keyword(VALUES)? } else { words.try_words(VALUES, &[])? };
    if found.is_some() || words.is_end() {
        return found.map_or_else(|| words.need("on or off").map(|_| false), Ok);
    }
    let said = format!("Error: argument of \"{word}\" must be \"on\" or \"off\", not \"{}\"", words.typed());
    Err(words.error(format!("{word} is on or off")).ip(said).ip_code(1))
}

/// As [`on_off`]; `ip` says it in other words, and ends with `code`.
pub(super) fn off_or_on(words: &mut Words<'_>, word: &str, code: u8) -> Parsed<bool> {
    let value = words.typed();
    words.keyword("a value: on or off", &[("off", false), ("on", true)]).map_err(|usage| match usage.ip {
        Some(_) => usage,
        None => {
            let said = format!("Error: argument of \"{word}\" must be one of \"off\", \"on\", not \"{value}\"");
            usage.ip(said).ip_code(code)
        }
    })
}

/// Takes one of `known`, in capital letters or not; gives back its position.
fn one_of(words: &mut Words<'_>, known: &[&str], what: &str) -> Parsed<u8> {
    let word = words.need(what)?;
    let found = known.iter().position(|k| word.eq_ignore_ascii_case(k)).and_then(|p| u8::try_from(p).ok());
    found.ok_or_else(|| {
        let usage = words.error_before(format!("{} is not a known {what}: {}", show(word), known.join(", ")));
        words.wrong(usage, format!("Invalid {what}\n"))
    })
}

/// Takes `off`, as the last word, or where a BPF program is pinned.
fn xdp_program(words: &mut Words<'_>) -> Parsed<Option<OsString>> {
    const WORDS: &[Keyword<bool>] = &[("object-file", false), ("object-pinned", true), ("pinned", true), ("fd", true)];
    let start = words.clone();
    if (words.eat("off") || words.eat("none")) && words.is_end() {
        return Ok(None);
    }
    *words = start;
    let word = words.typed();
    let pinned = words.keyword("a BPF program: pinned PATH, or off as the last word", WORDS);
    let none = |usage: Usage| if words.is_end() { usage } else { usage.ip(format!("What mode is \"{word}\"?")) };
    match pinned.map_err(none)? {
        true => words.need("the path where the program is pinned").map(|path| Some(path.to_owned())),
        false => {
            let said = "\"xdp object\" is not supported";
            Err(words.error_before(format!("{said} here: pin the program first")).ip(said))
        }
    }
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

/// Whether `kind` is for the ports of a master.
pub(super) fn is_port(kind: &OsStr) -> bool {
    kind.as_bytes().ends_with(b"_slave")
}

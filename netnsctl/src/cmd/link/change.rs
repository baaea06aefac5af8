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
    /// No BPF program any more, of those that these flags are about.
    Xdp(u32),
    /// Settings of a virtual function.
    Vf(Vf),
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
        let mut change = Change::default();
        let mut dev = None;
        while let Some(word) = words.peek() {
            // A word that is no keyword in full is the name, as long as there is none.
            let known = words.is_ip() || dev.is_some() || whole.iter().chain(&short).any(|k| word == k.0);
            let found = if known { words.try_words(&whole, &short)? } else { None };
            match found {
                None | Some(Word::Dev) => {
                    if let Some(word) = words.peek().filter(|_| dev.is_some()) {
                        let known = [whole, short].concat();
                        let usage = words.clone().like_ip(false).keyword("an option of a link", &known).err();
                        let usage = usage.unwrap_or_else(|| words.error("there is a name already"));
                        let word = Escaped(word.as_bytes());
                        return Err(
                            usage.ip(format!("Error: either \"dev\" is duplicate, or \"{word}\" is a garbage."))
                        );
                    }
                    dev = Some(ifname(words, on, "dev")?);
                }
                Some(Word::Name) => {
                    once(words, change.name.is_some(), "name")?;
                    change.name = Some(ifname(words, on, "name")?);
                }
                Some(Word::Type) => {
                    change.parse_kind(words, on)?;
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
        change.complete(words, on, dev)
    }

    /// Reads what follows a word that was just taken.
    fn parse_word(&mut self, words: &mut Words<'_>, word: Word) -> Parsed<()> {
        let has = |change: &Self, attr| change.attrs.iter().any(|a| a.0 == attr);
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
                let index = index.map_err(|u| invalid(words, u, "index"))?;
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
                once(words, has(self, attr), word)?;
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
                plain(attr, &[off_or_on(words, word).map_err(|usage| usage.ip_code(22))?.into()])
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
                    return Err(words.wrong(usage, "alias too long"));
                }
                plain(ifla::IFALIAS, text)
            }
            Word::Group => {
                once(words, has(self, ifla::GROUP), "group")?;
                plain(ifla::GROUP, &group(words)?.to_ne_bytes())
            }
            Word::Netns => {
                once(words, self.netns().is_some(), "netns")?;
                let ns = words.need("a namespace: name, process id or path")?;
                (ifla::NET_NS_FD, Value::Netns(ns.to_owned()))
            }
            Word::LinkNetns => {
                once(words, has(self, ifla::LINK_NETNSID), "link-netns/link-netnsid")?;
                let ns = words.need("a namespace: name, process id or path")?;
                (ifla::LINK_NETNSID, Value::NsId(ns.to_owned()))
            }
            Word::LinkNetnsId => {
                once(words, has(self, ifla::LINK_NETNSID), "link-netns/link-netnsid")?;
                let id = words.int("the id of a namespace").map_err(|u| invalid(words, u, "link-netnsid"))?;
                plain(ifla::LINK_NETNSID, &id.to_ne_bytes())
            }
            Word::Master(vrf) => (ifla::MASTER, Value::Master(links::device(words, "an interface")?.to_owned(), vrf)),
            Word::NoMaster => plain(ifla::MASTER, &[0; 4]),
            Word::Reason => {
                let number = words.named::<u8>("a reason", &REASONS);
                let number = number.map_err(|u| words.wrong(u, "invalid protodown reason"))?;
                let Some(bit) = 1_u32.checked_shl(number.into()) else {
                    let usage = words.error_before("reasons are numbers from 0 to 31");
                    return Err(words.wrong(usage, "invalid protodown reason"));
                };
                let value = if on_off(words, "protodown_reason", true)? { bit } else { 0 };
                let word = |attr, value: u32| (attr, Bytes::Plain(value.to_ne_bytes().to_vec()));
                let words = vec![word(proto_down_reason::MASK, bit), word(proto_down_reason::VALUE, value)];
                (ifla::PROTO_DOWN_REASON | NLA_F_NESTED, Value::Bytes(Bytes::Nest(words)))
            }
            Word::Xdp(flags) => {
                let what = words.need("a BPF program")?;
                if !(what == "off" || what == "none") || !words.is_end() {
                    let usage =
                        words.error_before("BPF programs can be taken off a link only: `off`, as the last word");
                    let known = ["obj", "object", "object-file", "pinned", "object-pinned", "fd"];
                    let what = what.to_string_lossy();
                    return Err(usage.ip(match known.contains(&&*what) {
                        true => format!("xdp: \"{what}\" is not supported"),
                        false => format!("What mode is \"{}\"?", Escaped(what.as_bytes())),
                    }));
                }
                (ifla::XDP, Value::Xdp(flags))
            }
            Word::Help => return Err(words.error_before("see `link help`").ip(super::HELP.replace("netnsctl", "ip"))),
            Word::Dev | Word::Name | Word::Type | Word::Vf => return Ok(()),
        };
        self.attrs.push(attr);
        Ok(())
    }

    fn flag(&mut self, flag: LinkFlags, on: bool) {
        self.mask |= flag;
        self.flags.set(flag, on);
    }

    /// What the words together have to say; `dev` is the name that has no word before it, or `dev`.
    fn complete(mut self, words: &Words<'_>, on: u8, dev: Option<OsString>) -> Parsed<Change> {
        let has_group = self.attrs.iter().any(|a| a.0 == ifla::GROUP);
        let create = on & (ADD | PEER) != 0;
        // Either of the two is the link; of one that is there, the second is its new name.
        let (named, dev) = (self.name.take(), dev);
        let both = named.is_some() && dev.is_some() && named != dev;
        self.rename = named.clone().filter(|_| both);
        self.name = dev.or(named);
        let refuse = |message: &str, ip: &str| Err(words.error(message).ip(ip));
        if self.index != 0 && !create && self.netns().is_none() {
            let ip = "index can be used only when creating devices or when moving device to another netns.";
            return refuse("an index is given to what is made, or goes to another namespace (netns)", ip);
        }
        if has_group && self.name.is_none() && create {
            return refuse("the name of the device is missing", "group cannot be used when creating devices.");
        }
        if !create && !has_group && self.name.is_none() {
            let ip = "Not enough information: \"dev\" argument is required.";
            return refuse("the name of the interface (or a group) is missing", ip);
        }
        if create && both {
            let ip = "both \"name\" and \"dev\" cannot be used when creating devices.";
            return refuse("what is made has one name", ip);
        }
        // All of a group: what they are is not asked.
        if self.name.is_none() && words.is_ip() && has_group {
            self.kind = None;
        }
        Ok(self)
    }

    /// Reads what follows `type`: the kind, and its settings to the end.
    fn parse_kind(&mut self, words: &mut Words<'_>, on: u8) -> Parsed<()> {
        let word = words.need("the kind of device")?;
        if on == ADD && (word == "tun" || word == "tap") {
            self.tun = Some(tun(words, word == "tap")?);
            return words.end();
        }
        if on == PEER {
            let usage = words.error_before("a peer is of the same kind");
            return Err(usage.ip(format!("Error: duplicate \"type\": \"{}\" is the second value.", show(word))));
        }
        let known = word.to_str().and_then(kinds::find);
        if is_port(word) && on == ADD && !words.is_ip() {
            return Err(
                words.error_before(format!("{} is for `link set`: a port is a link of another kind", show(word)))
            );
        }
        self.kind = Some(word.to_owned());
        let Some(next) = words.peek() else { return Ok(()) };
        let Some(kind) = known.filter(|k| k.takes_words(words.is_ip())) else {
            let next = Escaped(next.as_bytes());
            let garbage = format!("Garbage instead of arguments \"{next} ...\". Try \"ip link help\".");
            let usage = words.error(format!("no options of {} are known here", show(word)));
            return Err(usage.ip(garbage).ip_code(1));
        };
        self.data = Some(kinds::options(kind, words, if on == ADD { ADD } else { SET })?);
        Ok(())
    }

    /// Where the words say it will be.
    pub(super) fn netns(&self) -> Option<&OsStr> {
        self.attrs.iter().find_map(|a| if let Value::Netns(ns) = &a.1 { Some(ns.as_os_str()) } else { None })
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

/// The name of a link to be made, or of one that is there; `word` is the one before it, or could be.
fn ifname(words: &mut Words<'_>, on: u8, word: &str) -> Parsed<OsString> {
    let (what, is_new) = ("an interface name", word == "name");
    if !words.is_ip() {
        let there = !is_new && on & (SET | DELETE) != 0;
        return if there { links::device(words, what) } else { words.ifname(what) }.map(OsStr::to_owned);
    }
    let name = words.need(what)?;
    let bad = |b: &u8| matches!(b, b'/' | b' ' | 9..=13);
    if name.is_empty() || name.as_bytes().iter().any(bad) || is_new && name.len() > IFNAME_MAX {
        let usage = words.error_before("a name has no slash and no white space in it, and 15 bytes at most");
        return Err(words.wrong(usage, format!("\"{word}\" not a valid ifname")));
    }
    Ok(name.to_owned())
}

/// A value that is said a second time, `again`, is an error.
fn once(words: &mut Words<'_>, again: bool, word: &str) -> Parsed<()> {
    if !again {
        return Ok(());
    }
    let second = Escaped(words.need("a value")?.as_bytes()).to_string();
    let usage = words.error_before(format!("{word} was said already"));
    Err(usage.ip(format!("Error: duplicate \"{word}\": \"{second}\" is the second value.")))
}

/// What `ip` says of a value of `word` that is none.
pub(super) fn invalid(words: &Words<'_>, usage: Usage, word: &str) -> Usage {
    words.wrong(usage, format!("Invalid \"{word}\" value"))
}

/// The number or the name of a group.
pub(super) fn group(words: &mut Words<'_>) -> Parsed<u32> {
    words.named("a group of links", &GROUPS).map_err(|u| invalid(words, u, "group"))
}

/// Takes `on` or `off`, the value of `word`; `short`: or the beginning of one.
pub(super) fn on_off(words: &mut Words<'_>, word: &str, short: bool) -> Parsed<bool> {
    const VALUES: &[Keyword<bool>] = &[("on", true), ("off", false)];
    let found = if short { words.try_keyword(VALUES)? } else { words.try_words(VALUES, &[])? };
    let (Some(value), None) = (words.peek(), found) else {
        return found.map_or_else(|| words.need("on or off").map(|_| false), Ok);
    };
    let value = Escaped(value.as_bytes());
    let said = format!("Error: argument of \"{word}\" must be \"on\" or \"off\", not \"{value}\"");
    Err(words.error(format!("{word} is on or off")).ip(said).ip_code(1))
}

/// As [`on_off`], in the other words that `ip` has for it.
pub(super) fn off_or_on(words: &mut Words<'_>, word: &str) -> Parsed<bool> {
    let taken = words.peek().map(|w| Escaped(w.as_bytes()).to_string());
    words.keyword("a value: on or off", &[("off", false), ("on", true)]).map_err(|usage| match taken {
        Some(taken) => {
            let ip = format!("Error: argument of \"{word}\" must be one of \"off\", \"on\", not \"{taken}\"");
            usage.ip(ip).ip_code(1)
        }
        None => usage,
    })
}

/// Takes one of `known`, in capital letters or not; gives back its position.
fn one_of(words: &mut Words<'_>, known: &[&str], what: &str) -> Parsed<u8> {
    let word = words.need(what)?;
    let found = known.iter().position(|k| word.eq_ignore_ascii_case(k)).and_then(|p| u8::try_from(p).ok());
    found.ok_or_else(|| {
        let usage = words.error_before(format!("{} is not a known {what}: {}", show(word), known.join(", ")));
        words.wrong(usage, format!("Invalid {what}"))
    })
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

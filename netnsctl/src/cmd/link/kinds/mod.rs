//! The kinds of devices and their settings, as data: each row is an option's words, the attribute it is about and how its
//! value is written and shown. Reading the words ([`parse`]), showing what is set ([`print`]) and a kind's help go by them.
//!
//! | file | kinds |
//! | --- | --- |
//! | `bridge.rs` | bridge, its ports |
//! | `bond.rs` | bond, its ports |
//! | `vlan.rs` | what sits on a link or is one half of a pair: vlan, macvlan, ipvlan, macsec, hsr, netkit, … |
//! | `udp.rs` | tunnels by UDP: vxlan, geneve, bareudp, amt, gtp |
//! | `ip.rs` | tunnels by IP: gre, erspan, ipip, sit, ip6tnl, vti, xfrm |
//! | `can.rs` | can |

mod bond;
mod bridge;
mod can;
mod ip;
mod parse;
mod print;
mod udp;
mod vlan;

pub(super) use parse::{arrange, options, usage};
#[cfg(feature = "bridge")]
pub(super) use parse::{setting, words_of};

use super::change::{Attr, Bytes, Value};
use crate::grammar::{Result as Parsed, Words};
use crate::out::Out;
use nl_core::Attrs;

/// How the value of an attribute is written in words, and shown.
///
/// Where there are words for numbers they are in one text, `"a b d=3"`: each is one more than the one before, the first 0,
/// unless it says otherwise; `-` is a number that has none.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Num(u8),   // a number of so many bytes
    Be(u8),    // a number of so many bytes in network byte order
    Hex(u8),   // a number of so many bytes, shown in hexadecimal
    BeHex(u8), // the same in network byte order
    // a number of so many bytes, or a word for it, which only text shows; a word for more than they hold: it is not sent
    Or(u8, &'static str),
    BeOr(u8, &'static str),    // the same in network byte order
    Code(u8, &'static str),    // a word for a number of so many bytes, or that number
    Is(u8, u64),               // the word alone stands for this number of so many bytes
    If(&'static str, u8),      // if this is the argument, the number 1 of so many bytes; with none, being there
    OnOff,                     // `on` or `off`: a byte
    Switch(When),              // `WORD` or `noWORD`: a byte of 1 or 0
    Flag,                      // `WORD`: being there says it; `noWORD` nothing
    Bits(u8, u32),             // `WORD` or `noWORD`: these bits of a number of so many bytes, which keeps its others
    BeBits(u16),               // the same of two bytes in network byte order
    BitsIf(&'static str, u32), // if this is the argument, these bits of 4 bytes; otherwise without them
    BitOf(u8, &'static str),   // any of these words: its bit of a number of so many bytes
    // `on` or `off`, 1 or 0: a bit of two numbers, of values (at byte 0, or at byte 4) and of what changes
    Masked(u32, usize),
    Part(u32), // a number in hexadecimal in these bits of 4 bytes in network byte order; or `inherit`, 0
    Field(usize, usize), // a number of 4 bytes at this place of a struct of so many bytes
    Mac,       // a link-layer address
    Ip(u16, bool), // an IPv4 address; an IPv6 one goes into the attribute given. A multicast address, or none
    End(u8),   // an address of this family; one that is not there is `any`
    Str,       // a text, with a NUL behind it
    Dev,       // an interface's name: its index
    Ports,     // the first and the last port
    Proto,     // an EtherType
    Tos,       // a TOS, or `inherit`
    Table,     // a routing table
    Key(u16),  // a key: an IPv4 address or a number. Shown if the flags in this attribute say so; 0: if there is one
    Peer,      // the other end: a link of its own
    Int,       // an integer of 4 bytes with a sign
    Timer,     // shown only: hundredths of a second
    BridgeId,  // shown only: a priority and an address
    Print(fn(&mut Out, &Attrs<'_>)), // shown only: in a way of its own
    Parse(fn(&mut Words<'_>, &mut Vec<Attr<Value>>) -> Parsed<()>), // read in a way of its own
}

/// When a switch is shown in text; JSON has it always but for `On`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,    // always, its opposite with `no` in front
    On,        // if it is on, and in JSON too
    OnInText,  // if it is on
    OffInText, // if it is off
}

/// On what else it depends that a setting is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    There,           // nothing but that it is there
    Anywhere,        // nothing; what is not there is 0
    NotZero,         // that it is not 0
    NotZeroInText,   // that it is not 0 or the output is JSON
    Set(u16, u32),   // that one of these bits of that attribute is set
    Unset(u16, u32), // that none is
}

/// One setting of a kind.
#[derive(Clone, Copy, Debug)]
struct Setting {
    /// The option, and other words for it; of one behind `=`, `ip` takes no part for the whole, and `[no]` is a word with
    /// and one without. Rows of the same words are all meant by them.
    words: &'static str,
    /// The key in JSON: the first word unless given. Empty: it is in text only.
    json: Option<&'static str>,
    /// What text shows in front of the value, or of a switch all of it: the first word and a space unless given.
    text: Option<&'static str>,
    /// The attribute.
    attr: u16,
    /// Its value.
    shape: Shape,
    /// Where it has a meaning: [`ADD`], [`SET`], [`SHOW`].
    on: u8,
    /// The least and the largest number, as far as its size holds them.
    range: (u64, u64),
    shown: Where,
}

/// In `link add`.
pub(super) const ADD: u8 = 1;
/// In `link set`.
pub(super) const SET: u8 = 2;
/// Behind `peer`.
pub(super) const PEER: u8 = 4;
/// In `link show`.
const SHOW: u8 = 8;
/// In `bridge link` only, which sets and shows it.
pub(super) const TOOL: u8 = 32;

const fn on(on: u8, words: &'static str, attr: u16, shape: Shape) -> Setting {
    Setting { words, json: None, text: None, attr, shape, on, range: (0, u64::MAX), shown: Where::There }
}
/// Can be set, and is shown.
const fn both(words: &'static str, attr: u16, shape: Shape) -> Setting {
    on(ADD | SET | SHOW, words, attr, shape)
}
/// Can be set.
const fn write(words: &'static str, attr: u16, shape: Shape) -> Setting {
    on(ADD | SET, words, attr, shape)
}
/// Is shown.
const fn read(words: &'static str, attr: u16, shape: Shape) -> Setting {
    on(SHOW, words, attr, shape)
}
/// Is shown in a way of its own.
const fn print(print: fn(&mut Out, &Attrs<'_>)) -> Setting {
    read("", 0, Print(print)).shown(Where::Anywhere)
}
impl Setting {
    const fn json(self, json: &'static str) -> Setting {
        Setting { json: Some(json), ..self }
    }
    const fn text(self, text: &'static str) -> Setting {
        Setting { text: Some(text), ..self }
    }
    const fn range(self, least: u64, most: u64) -> Setting {
        Setting { range: (least, most), ..self }
    }
    const fn shown(self, shown: Where) -> Setting {
        Setting { shown, ..self }
    }
}

/// One of [`Setting::words`].
struct Alias {
    plain: &'static str,
    whole: bool,
    /// There is one with `no` in front.
    no: bool,
}

fn aliases(words: &'static str) -> impl Iterator<Item = Alias> {
    words.split(' ').map(|word| {
        let (word, whole) = word.strip_prefix('=').map_or((word, false), |word| (word, true));
        let (plain, no) = word.strip_prefix("[no]").map_or((word, false), |word| (word, true));
        Alias { plain, whole, no }
    })
}

/// Whether `word`, written out, is one of `words`; and whether with `no` in front.
fn spelled(words: &'static str, word: &str) -> Option<bool> {
    let (mut all, opposite) = (aliases(words), word.strip_prefix("no"));
    all.find_map(|a| if a.plain == word { Some(false) } else { (a.no && opposite == Some(a.plain)).then_some(true) })
}

/// The numbers that have words in `names`, see [`Shape`].
fn codes(names: &'static str) -> impl Iterator<Item = (&'static str, u64)> {
    let mut next = 0;
    names.split_ascii_whitespace().filter_map(move |name| {
        let (name, value) = name.split_once('=').map_or((name, next), |(name, value)| {
            let hex = value.strip_prefix("0x").map(|v| u64::from_str_radix(v, 16));
            (name, hex.unwrap_or_else(|| value.parse()).unwrap_or_default())
        });
        next = value.saturating_add(1);
        (name != "-").then_some((name, value))
    })
}

use Shape::*;

/// EtherTypes.
const PROTOS: &str = "\
    loop=0x60 pup=0x200 pupat=0x201 ip=0x800 x25=0x805 arp=0x806 bpq=0x8ff ieeepup=0xa00 ieeepupat=0xa01 dec=0x6000 \
    dna_dl=0x6001 dna_rc=0x6002 dna_rt=0x6003 lat=0x6004 diag=0x6005 cust=0x6006 sca=0x6007 rarp=0x8035 atalk=0x809b \
    aarp=0x80f3 ipx=0x8137 ipv6=0x86dd ppp_disc=0x8863 ppp_ses=0x8864 atmmpoa=0x884c atmfate=0x8884 802_3=1 ax25=2 all=3 \
    802_2=4 snap=5 ddcmp=6 wan_ppp=7 ppp_mp=8 localtalk=9 can=0xc ppptalk=0x10 tr_802_2=0x11 mobitex=0x15 control=0x16 \
    irda=0x17 econet=0x18 tipc=0x88ca profinet=0x8892 aoe=0x88a2 ethercat=0x88a4 802.1Q=0x8100 802.1ad=0x88a8 \
    mpls_uc=0x8847 mpls_mc=0x8848 teb=0x6558 LLDP=0x88cc ipv4=0x800";

/// Attributes that have their place at the end of a request's settings.
#[derive(Clone, Copy, Debug)]
struct Sent {
    rule: Rule,
    /// Size in bytes and value, where neither the words nor the link as it is have one.
    default: (u8, u64),
    attrs: &'static [u16],
    /// Only where that attribute, which is sent before them, has this value.
    beside: Option<(u16, u8)>,
}

/// When an attribute is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Given,                  // if the words or the link as it is have it
    NotZero,                // if it is not 0
    Wanted,                 // if the words have it, or it is not 0
    Always,                 // always
    ToAdd,                  // always to make a link; to change one, if the words have it
    Alone,                  // if it is given, and nothing behind it is
    Missing,                // if it is not given; otherwise it is where the words have it
    With(u16),              // if the words have that other one
    Of(u8, &'static [u16]), // if this address family is asked for, and the words have none of those
    First,                  // always, before what the words have
}

/// By this rule, else of this size and value.
const fn sent(rule: Rule, default: (u8, u64), attrs: &'static [u16]) -> Sent {
    Sent { rule, default, attrs, beside: None }
}
const fn given(attrs: &'static [u16]) -> Sent {
    sent(Rule::Given, (0, 0), attrs)
}
const fn not_zero(attrs: &'static [u16]) -> Sent {
    sent(Rule::NotZero, (0, 0), attrs)
}
const fn always(size: u8, value: u64, attrs: &'static [u16]) -> Sent {
    sent(Rule::Always, (size, value), attrs)
}
impl Sent {
    const fn beside(self, attr: u16, value: u8) -> Sent {
        Sent { beside: Some((attr, value)), ..self }
    }
}

/// A kind of device; or of ports, `MASTER_slave`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Its name (`IFLA_INFO_KIND`).
    pub(super) name: &'static str,
    /// The option of the kernel's build that has it.
    pub(super) config: &'static str,
    /// Its settings, in the order they are shown; of words that begin alike, the first counts.
    settings: &'static [&'static [Setting]],
    /// What has its place at the end of a request.
    sent: &'static [&'static [Sent]],
    /// What is wrong with settings that do not go together.
    check: fn(&mut Given<'_>) -> Option<&'static str>,
    /// No setting may be given twice.
    once: bool,
    /// To change a link, all that it has is sent again.
    pub(super) all_again: bool,
    /// `ip` passes over words it does not know here.
    lax: bool,
    /// The exit code of `ip` where a value is none of the known words.
    code: u8,
    /// Shows its statistics.
    xstats: Option<fn(&mut Out, &[u8])>,
}

const fn kind(name: &'static str, config: &'static str, settings: &'static [&'static [Setting]]) -> Kind {
    Kind {
        name,
        config,
        settings,
        sent: &[],
        check: |_| None,
        once: false,
        all_again: false,
        lax: false,
        code: 255,
        xstats: None,
    }
}
impl Kind {
    const fn sends(self, sent: &'static [&'static [Sent]]) -> Kind {
        Kind { sent, ..self }
    }
    const fn checks(self, check: fn(&mut Given<'_>) -> Option<&'static str>) -> Kind {
        Kind { check, ..self }
    }
    const fn once(self) -> Kind {
        Kind { once: true, ..self }
    }
    const fn code(self, code: u8) -> Kind {
        Kind { code, ..self }
    }
    const fn lax(self) -> Kind {
        Kind { lax: true, ..self }
    }
    const fn all_again(self) -> Kind {
        Kind { all_again: true, ..self }
    }
    /// Whether words may follow it.
    pub(super) fn takes_words(&self, ip: bool) -> bool {
        ip && self.lax || self.settings(ADD | SET).next().is_some()
    }
    fn settings(&self, on: u8) -> impl Iterator<Item = &'static Setting> + Clone + use<> {
        self.settings.iter().copied().flatten().filter(move |s| s.on & on != 0)
    }
}

/// What the words say of a kind's settings.
struct Given<'a> {
    attrs: &'a mut Vec<Attr<Value>>,
    add: bool,
}
impl Given<'_> {
    fn has(&self, attr: u16) -> bool {
        self.value(attr).is_some()
    }
    fn value(&self, attr: u16) -> Option<&Value> {
        self.attrs.iter().rev().find(|a| a.0 == attr).map(|a| &a.1)
    }
    fn on(&self, attr: u16) -> bool {
        self.bytes(attr) == Some(&[1])
    }
    fn bytes(&self, attr: u16) -> Option<&[u8]> {
        match self.value(attr) {
            Some(Value::Bytes(Bytes::Plain(bytes) | Bytes::Patch(bytes, _))) => Some(bytes),
            _ => None,
        }
    }
}

/// The kinds whose settings are known, or at least the option that has them.
const KINDS: &[&[Kind]] = &[bridge::KINDS, bond::KINDS, vlan::KINDS, udp::KINDS, ip::KINDS, can::KINDS];

/// The kind of this name; for the ports of a master `MASTER_slave`.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().flatten().find(|k| k.name == name)
}

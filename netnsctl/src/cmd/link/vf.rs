//! Virtual functions of a link: `link set … vf N`, and what `link show` says of them.

use super::super::inet::{lladdr, put_lladdr};
use super::change::{Attr, Bytes, invalid, off_or_on};
use super::show::{Context, broadcast, type_name};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Words, show};
use crate::out::Out;
use netns_sys::netlink::Conn;
use nl_core::Attrs;
use nl_core::route::{Link, arphrd, rtext_filter, vf, vf_list, vf_stats, vf_vlan};
use std::ffi::OsStr;

/// What is to be set of one virtual function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Vf {
    number: u32,
    attrs: Vec<Attr<Bytes>>,
    /// The least and the most it may send, where one of them is given: the other stays.
    rates: Option<(Option<u32>, Option<u32>)>,
}

/// In the order of `ip`.
const WORDS: &[Keyword<u16>] = &[
    ("mac", vf::MAC),
    ("vlan", vf::VLAN),
    ("rate", vf::TX_RATE),
    ("max_tx_rate", MOST),
    ("min_tx_rate", LEAST),
    ("spoofchk", vf::SPOOFCHK),
    ("query_rss", vf::RSS_QUERY_EN),
    ("trust", vf::TRUST),
    ("state", vf::LINK_STATE),
    ("node_guid", vf::IB_NODE_GUID),
    ("port_guid", vf::IB_PORT_GUID),
];
/// No attributes of their own.
const MOST: u16 = 0xffff;
const LEAST: u16 = 0xfffe;

const STATES: &[Keyword<u32>] = &[("auto", 0), ("enable", 1), ("disable", 2)];

const VLAN_PROTOS: &[Keyword<u16>] = &[("802.1Q", 0x8100), ("802.1ad", 0x88a8)];

fn plain(numbers: &[u32]) -> Bytes {
    Bytes::Plain(numbers.iter().flat_map(|n| n.to_ne_bytes()).collect())
}

impl Vf {
    /// Reads what is to be set of number `number`: the words that follow, as far as they are of virtual functions. `lengths`
    /// gets those of addresses.
    pub(super) fn parse(words: &mut Words<'_>, number: u32, lengths: &mut Vec<usize>) -> Parsed<Vf> {
        let mut set = Vf { number, ..Vf::default() };
        // Where one of the new rates is given, the old one is another name of the most, and does not count beside it.
        let given = |what: &str| {
            let rest = words.clone().rest();
            rest.iter().any(|w| !w.is_empty() && w.to_str().is_some_and(|w| what.starts_with(w)))
        };
        let (most, least) = (given("max_tx_rate"), given("min_tx_rate"));
        let start = words.at();
        while let Some(kind) = words.try_keyword(WORDS)? {
            let word = WORDS.iter().find(|w| w.1 == kind).map_or("", |w| w.0);
            let value = match kind {
                vf::MAC => {
                    let mut addr = words.lladdr("a link-layer address")?;
                    lengths.push(addr.len());
                    addr.resize(32, 0);
                    Bytes::Plain([&number.to_ne_bytes()[..], &addr].concat())
                }
                vf::VLAN => {
                    let (vlan, proto) = set.vlan(words)?;
                    if proto == VLAN_PROTOS.first().map_or(0, |p| p.1) {
                        plain(&vlan)
                    } else {
                        let mut list = vec![vlan_info(&vlan, proto)];
                        while words
                            .peek()
                            .and_then(OsStr::to_str)
                            .is_some_and(|w| !w.is_empty() && "vlan".starts_with(w))
                        {
                            words.next();
                            let (vlan, proto) = set.vlan(words)?;
                            list.push(vlan_info(&vlan, proto));
                        }
                        set.attrs.push((vf::VLAN_LIST, Bytes::Nest(list)));
                        continue;
                    }
                }
                vf::TX_RATE | MOST | LEAST => {
                    let rate = words.uint::<u32>("a rate in Mbit/s");
                    let rate = rate.map_err(|u| invalid(words, u, &word.replace('_', " ")))?;
                    if kind == vf::TX_RATE && !most && !least {
                        plain(&[number, rate])
                    } else {
                        let rates = set.rates.get_or_insert_default();
                        match kind {
                            LEAST => rates.0 = Some(rate),
                            vf::TX_RATE if most => {}
                            _ => rates.1 = Some(rate),
                        }
                        continue;
                    }
                }
                vf::LINK_STATE => {
                    let state = words.keyword("a state", STATES);
                    plain(&[number, state.map_err(|u| invalid(words, u, "state"))?])
                }
                vf::IB_NODE_GUID | vf::IB_PORT_GUID => {
                    let text = words.need("a GUID")?.to_str().unwrap_or_default();
                    let mut parts = text.split(':').map(|p| u8::from_str_radix(p, 16).ok().filter(|_| p.len() == 2));
                    let guid = parts.try_fold(0_u64, |guid, byte| Some(guid << 8 | u64::from(byte?)));
                    let guid = guid.filter(|_| text.len() == 23).ok_or_else(|| {
                        let usage = words.error_before("a GUID is eight bytes, like 00:11:22:33:44:55:66:77");
                        words.wrong(usage, "Invalid GUID format\n")
                    })?;
                    // The number is padded to 8.
                    Bytes::Plain([&number.to_ne_bytes()[..], &[0; 4], &guid.to_ne_bytes()].concat())
                }
                _ => plain(&[number, off_or_on(words, word, 1)?.into()]),
            };
            set.attrs.push((kind, value));
        }
        if words.at() == start {
            return Err(words.error("what to set of the virtual function is missing").ip(crate::grammar::INCOMPLETE));
        }
        Ok(set)
    }

    /// `ID [ qos PRIORITY ] [ proto PROTOCOL ]`: the number of the function, id, priority; protocol.
    fn vlan(&self, words: &mut Words<'_>) -> Parsed<([u32; 3], u16)> {
        let number = |words: &mut Words<'_>, most: u32, word| {
            let value = words.number(&format!("a {word}"), 0..=most.into()).map_err(|u| invalid(words, u, word))?;
            Ok(u32::try_from(value).unwrap_or(most))
        };
        let (mut vlan, mut proto) = ([self.number, number(words, 4095, "vlan")?, 0], 0x8100);
        if words.try_keyword(&[("qos", ())])?.is_some() {
            vlan[2] = number(words, u32::MAX, "qos")?;
        }
        if words.try_keyword(&[("proto", ())])?.is_some() {
            let word = words.need("a protocol")?;
            let known = VLAN_PROTOS.iter().find(|p| word.eq_ignore_ascii_case(p.0));
            proto = known.map(|p| p.1).ok_or_else(|| {
                let usage = words.error_before(format!("{} is not 802.1Q or 802.1ad", show(word)));
                words.wrong(usage, "Invalid \"vlan protocol\" value - supported 802.1Q, 802.1ad\n")
            })?;
        }
        Ok((vlan, proto))
    }

    /// As the value of `IFLA_VFINFO_LIST`, for the link `name`.
    pub(super) fn bytes(&self, conn: &mut Conn, name: Option<&OsStr>) -> Result<Bytes> {
        let mut attrs = self.attrs.clone();
        if let Some((least, most)) = self.rates {
            let now = match name {
                Some(name) if least.is_none() || most.is_none() => self.rates_now(conn, name)?,
                _ => [0; 2],
            };
            let [least, most] = [least.unwrap_or(now[0]), most.unwrap_or(now[1])];
            if most != 0 && least > most {
                let message = format!("the least rate ({least}) is above the most ({most})");
                let said = format!("Invalid min_tx_rate {least} - must be <= max_tx_rate {most}");
                return Err(Failure::new(code::FAILED, message).ip(said));
            }
            attrs.push((vf::RATE, plain(&[self.number, least, most])));
        }
        Ok(Bytes::Nest(vec![(vf_list::VF_INFO, Bytes::Nest(attrs))]))
    }

    /// The least and the most that the function may send now.
    fn rates_now(&self, conn: &mut Conn, name: &OsStr) -> Result<[u32; 2]> {
        let mask = rtext_filter::VF | rtext_filter::SKIP_STATS;
        let found = super::super::links::get(conn, name, mask, |message| {
            // A link without functions: the kernel will say so.
            let Some(list) = Link::whole(message)?.vfinfo_list()? else { return Ok(Some([0; 2])) };
            let rates = list.map_while(std::result::Result::ok).filter_map(|f| f.attrs().find(vf::RATE));
            let mut rates = rates.map(|r| [0, 1, 2].map(|at| u32_at(r.bytes(), at)));
            Ok(rates.find(|r| r.first() == Some(&self.number)).map(|[_, least, most]| [least, most]))
        })?;
        let message = format!("cannot find virtual function {}", self.number);
        found.ok_or_else(|| Failure::new(code::FAILED, message).ip(format!("Cannot find VF {}", self.number)))
    }
}

/// One of the VLANs of a list, whose last number is in network byte order and padded.
fn vlan_info(vlan: &[u32; 3], proto: u16) -> Attr<Bytes> {
    let numbers = vlan.iter().flat_map(|n| n.to_ne_bytes());
    (vf_vlan::VLAN_INFO, Bytes::Plain(numbers.chain(proto.to_be_bytes()).chain([0; 2]).collect()))
}

/// The number at place `at` of a struct of them; 0 if it is shorter.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.chunks_exact(4).nth(at).and_then(|b| <[u8; 4]>::try_from(b).ok());
    bytes.map_or(0, u32::from_ne_bytes)
}

impl Context {
    /// The virtual functions of `link`, a line each.
    pub(super) fn functions(&self, out: &mut Out, link: &Link<'_>, list: &Attrs<'_>) {
        out.list("vfinfo_list", |out| {
            let functions = list.clone().map_while(std::result::Result::ok);
            functions.for_each(|function| out.object("", |out| self.function(out, link, &function.attrs())));
        });
    }

    fn function(&self, out: &mut Out, link: &Link<'_>, attrs: &Attrs<'_>) {
        let kind = link.header.kind.get();
        let number = |kind, at| attrs.find(kind).map(|a| u32_at(a.bytes(), at));
        let addr = |kind_of: u16, skip: usize| {
            let size = if kind == arphrd::ETHER { 6 } else { 20 };
            let bytes = attrs.find(kind_of)?.bytes().get(skip..)?;
            Some(bytes.get(..size).unwrap_or(bytes))
        };
        let index = number(vf::MAC, 0).unwrap_or_default();
        out.field("vf", index, format_args!("{}    vf {index} ", self.newline));
        let name = type_name(out, kind);
        out.field("link_type", &*name, format_args!("    link/{name} "));
        put_lladdr(out, "address", kind, addr(vf::MAC, 4).unwrap_or_default(), "");
        if let Some(addr) = addr(vf::BROADCAST, 0) {
            broadcast(out, link, addr);
        }
        match attrs.find(vf::VLAN_LIST) {
            Some(list) => out.list("vlan_list", |out| {
                for vlan in list.attrs().map_while(std::result::Result::ok) {
                    let bytes = vlan.bytes();
                    let proto = bytes.get(12..14).and_then(|b| Some(u16::from_be_bytes(b.try_into().ok()?)));
                    out.object("", |out| {
                        vlan_fields(out, u32_at(bytes, 1), u32_at(bytes, 2));
                        if let Some(proto) = proto.filter(|p| !matches!(p, 0 | 0x8100)) {
                            let known = VLAN_PROTOS.iter().find(|p| p.1 == proto && !out.style().numeric);
                            let text = known.map_or_else(|| format!("[{proto}]"), |p| p.0.to_owned());
                            out.field("protocol", &text, format_args!(", vlan protocol {text}"));
                        }
                    });
                }
            }),
            None => vlan_fields(out, number(vf::VLAN, 1).unwrap_or_default(), number(vf::VLAN, 2).unwrap_or_default()),
        }
        if let Some(rate) = number(vf::TX_RATE, 1).filter(|r| *r != 0) {
            out.field("tx_rate", rate, format_args!(", tx rate {rate} (Mbps)"));
        }
        if let (Some(least), Some(most)) = (number(vf::RATE, 1), number(vf::RATE, 2)) {
            out.object("rate", |out| {
                for (key, word, rate) in [("max_tx", "max_tx_rate", most), ("min_tx", "min_tx_rate", least)] {
                    out.json(key, rate);
                    if rate != 0 {
                        out.text(format_args!(", {word} {rate}Mbps"));
                    }
                }
            });
        }
        let switch = |out: &mut Out, kind, key, word| {
            if let Some(setting) = number(kind, 1).filter(|s| *s != u32::MAX) {
                let on = if setting != 0 { "on" } else { "off" };
                out.field(key, setting != 0, format_args!(", {word} {on}"));
            }
        };
        switch(out, vf::SPOOFCHK, "spoofchk", "spoof checking");
        for (kind, key, word) in
            [(vf::IB_NODE_GUID, "node guid", "NODE_GUID"), (vf::IB_PORT_GUID, "port guid", "PORT_GUID")]
        {
            let guid = attrs.find(kind).and_then(|a| a.bytes().get(8..16)?.try_into().ok()).map(u64::from_ne_bytes);
            if let Some(guid) = guid {
                let text = lladdr(arphrd::INFINIBAND, &guid.to_be_bytes());
                out.field(key, &text, format_args!(", {word} {text}"));
            }
        }
        if let Some(state) = number(vf::LINK_STATE, 1) {
            let state = STATES.iter().find(|s| s.1 == state).map_or("disable", |s| s.0);
            out.field("link_state", state, format_args!(", link-state {state}"));
        }
        switch(out, vf::TRUST, "trust", "trust");
        switch(out, vf::RSS_QUERY_EN, "query_rss_en", "query_rss");
        if let Some(stats) = attrs.find(vf::STATS).filter(|_| self.statistics > 0) {
            self.function_stats(out, &stats.attrs());
        }
    }

    fn function_stats(&self, out: &mut Out, stats: &Attrs<'_>) {
        /// Key, attribute, title, width of the number.
        type Column = (&'static str, u16, &'static str, usize);
        const RX: &[Column] = &[
            ("bytes", vf_stats::RX_BYTES, "bytes ", 10),
            ("packets", vf_stats::RX_PACKETS, "packets ", 8),
            ("multicast", vf_stats::MULTICAST, "mcast  ", 7),
            ("broadcast", vf_stats::BROADCAST, "bcast", 7),
            ("dropped", vf_stats::RX_DROPPED, "  dropped", 8),
        ];
        const TX: &[Column] = &[
            ("tx_bytes", vf_stats::TX_BYTES, "bytes ", 10),
            ("tx_packets", vf_stats::TX_PACKETS, "packets", 8),
            ("dropped", vf_stats::TX_DROPPED, "  dropped", 8),
        ];
        out.object("stats", |out| {
            for (key, head, columns) in [("rx", "RX:", RX), ("tx", "TX:", TX)] {
                let value = |c: &Column| stats.find(c.1).and_then(|a| a.u64().ok());
                // What is dropped is not known of all.
                let shown: Vec<_> = columns.iter().filter(|c| c.0 != "dropped" || value(c).is_some()).collect();
                out.object(key, |out| {
                    out.text(format_args!("{}    {head} ", self.newline));
                    shown.iter().for_each(|c| out.text(format_args!("{} ", c.2)));
                    out.text(format_args!("{}    ", self.newline));
                    for column in &shown {
                        let (value, width) = (value(column).unwrap_or_default(), column.3);
                        let text = self.count(value);
                        out.field(column.0, value, format_args!("{text:>width$} "));
                    }
                });
            }
        });
    }
}

fn vlan_fields(out: &mut Out, vlan: u32, qos: u32) {
    for (key, value) in [("vlan", vlan), ("qos", qos)].into_iter().filter(|f| f.1 != 0) {
        out.field(key, value, format_args!(", {key} {value}"));
    }
}

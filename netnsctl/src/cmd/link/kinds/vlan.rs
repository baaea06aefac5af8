//! What sits on a link, is one half of a pair, or has few settings.

use super::super::super::inet::Lladdr;
use super::super::change::{Attr, Bytes, Change, Value};
use super::Shape::*;
use super::When::OnInText;
use super::Where::{Anywhere, Set};
use super::parse::{hex, number, struct_of};
use super::print::{flag_list, uint};
use super::{Given, Kind, PEER, Rule, Setting, always, both, given, kind, print, read, sent, write};
use crate::grammar::{Result as Parsed, Words};
use crate::out::{Escaped, Out};
use nl_core::Attrs;
use nl_core::route::{
    VlanFlagsMask, VlanQosMapping, batadv, dsa, hsr, ipoib, ipvlan, macsec, macvlan, netkit, rmnet, tun, veth, vlan,
    vlan_qos, vrf, vrf_port, wwan,
};
use std::ffi::OsStr;

pub(super) const KINDS: &[Kind] = &[
    kind("batadv", "CONFIG_BATMAN_ADV", &[&[write("ra", batadv::ALGO_NAME, Str)]]),
    kind("dsa", "CONFIG_NET_DSA", &[&[both("=conduit =master", dsa::MASTER, Dev)]]),
    kind("dummy", "CONFIG_DUMMY", &[]).lax(),
    kind("hsr", "CONFIG_HSR", &[HSR]),
    kind("ifb", "CONFIG_IFB", &[]).lax(),
    kind("ipoib", "CONFIG_INFINIBAND_IPOIB", &[IPOIB]).code(1),
    kind("ipvlan", "CONFIG_IPVLAN", &[IPVLAN]).sends(&[&[always(2, 0, &[ipvlan::FLAGS])]]).code(1),
    kind("ipvtap", "CONFIG_IPVTAP", &[IPVLAN]).sends(&[&[always(2, 0, &[ipvlan::FLAGS])]]).code(1),
    kind("macsec", "CONFIG_MACSEC", &[MACSEC]).sends(&[MACSEC_SENT]).checks(macsec_check).code(1),
    kind("macvlan", "CONFIG_MACVLAN", &[MACVLAN]).sends(&[MACVLAN_SENT]).checks(macvlan_check).code(1),
    kind("macvtap", "CONFIG_MACVTAP", &[MACVLAN]).sends(&[MACVLAN_SENT]).checks(macvlan_check).code(1),
    kind("netdevsim", "CONFIG_NETDEVSIM", &[]).lax(),
    kind("netkit", "CONFIG_NETKIT", &[NETKIT]),
    kind("nlmon", "CONFIG_NLMON", &[]).lax(),
    kind("rmnet", "CONFIG_RMNET", &[&[both("mux_id", rmnet::MUX_ID, Num(2))]]),
    kind("team", "CONFIG_NET_TEAM", &[]).lax(),
    kind("tun", "CONFIG_TUN", &[TUN]).lax(),
    kind("vcan", "CONFIG_CAN_VCAN", &[]).lax(),
    kind("veth", "CONFIG_VETH", &[PAIR]),
    kind("virt_wifi", "CONFIG_VIRT_WIFI", &[]).lax(),
    kind("vlan", "CONFIG_VLAN_8021Q", &[VLAN]).sends(&[&[given(&[vlan::FLAGS])]]).code(1),
    kind("vrf", "CONFIG_NET_VRF", &[&[both("table", vrf::TABLE, Table)]]),
    kind("vrf_slave", "CONFIG_NET_VRF", &[&[read("table", vrf_port::TABLE, Num(4))]]).lax(),
    kind("vxcan", "CONFIG_CAN_VXCAN", &[PAIR]),
    kind("wireguard", "CONFIG_WIREGUARD", &[]),
    kind("wwan", "CONFIG_WWAN", &[&[both("linkid", wwan::LINK_ID, Num(4))]]),
];

const PAIR: &[Setting] = &[write("=peer", veth::PEER, Peer)];

const VLAN: &[Setting] = &[
    both("protocol", vlan::PROTOCOL, Proto),
    both("id", vlan::ID, Num(2)),
    write("reorder_hdr", vlan::FLAGS, Masked(1, 0)),
    write("gvrp", vlan::FLAGS, Masked(2, 0)),
    write("mvrp", vlan::FLAGS, Masked(8, 0)),
    write("loose_binding", vlan::FLAGS, Masked(4, 0)),
    write("bridge_binding", vlan::FLAGS, Masked(16, 0)),
    print(|out, data| {
        if let Some(flags) = data.find(vlan::FLAGS) {
            let flags = flags.zero_extended::<VlanFlagsMask>().flags.get();
            flag_list(out, "flags", flags.into(), "REORDER_HDR=1 GVRP=2 MVRP=8 LOOSE_BINDING=4 BRIDGE_BINDING=16");
        }
    }),
    write("ingress-qos-map", vlan::INGRESS_QOS, Parse(|words, attrs| qos(words, attrs, vlan::INGRESS_QOS))),
    write("egress-qos-map", vlan::EGRESS_QOS, Parse(|words, attrs| qos(words, attrs, vlan::EGRESS_QOS))),
    print(|out, data| show_qos(out, data, "ingress", vlan::INGRESS_QOS)),
    print(|out, data| show_qos(out, data, "egress", vlan::EGRESS_QOS)),
];

/// FROM:TO pairs, as many as there are.
fn qos(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>, kind: u16) -> Parsed<()> {
    let mut pairs = Vec::new();
    while let Some((from, to)) = words.peek().and_then(OsStr::to_str).and_then(|w| w.split_once(':')) {
        let pair = [from.into(), to.into()];
        let mut pair = Words::new(&pair).like_ip(words.is_ip());
        let (Ok(from), Ok(to)) = (pair.uint::<u32>("a priority"), pair.uint::<u32>("a priority")) else {
            return Err(words.error("a pair of priorities is FROM:TO"));
        };
        pairs.push((vlan_qos::MAPPING, struct_of(&VlanQosMapping { from: from.into(), to: to.into() })));
        let _ = words.next();
    }
    if pairs.is_empty() && (words.is_end() || !words.is_ip()) {
        return Err(words.need("a pair of priorities, FROM:TO,").err().unwrap_or_else(|| words.error("FROM:TO")));
    }
    attrs.push((kind, Value::Bytes(Bytes::Nest(pairs))));
    Ok(())
}

fn show_qos(out: &mut Out, data: &Attrs<'_>, way: &str, kind: u16) {
    let Some(map) = data.find(kind) else { return };
    out.text(format_args!("{}      {way}-qos-map {{ ", out.newline()));
    out.list(&format!("{way}_qos"), |out| {
        for pair in map.attrs().map_while(Result::ok) {
            let VlanQosMapping { from, to } = pair.zero_extended();
            out.object("", |out| {
                out.field("from", from.get(), format_args!("{from}:"));
                out.field("to", to.get(), format_args!("{to} "));
            });
        }
    });
    out.push("} ");
}

const MACVLAN_SENT: &[super::Sent] = &[given(&[macvlan::MODE, macvlan::FLAGS])];
const MACVLAN: &[Setting] = &[
    both("mode", macvlan::MODE, Code(4, "- private vepa bridge=4 passthru=8 source=16")),
    write("flag", macvlan::FLAGS, BitOf(2, "null nopromisc nodst")),
    write("macaddr", macvlan::MACADDR_MODE, Parse(macaddr)),
    both("nopromisc", macvlan::FLAGS, Bits(2, 1)),
    both("nodst", macvlan::FLAGS, Bits(2, 2)),
    both("bcqueuelen", macvlan::BC_QUEUE_LEN, Num(4)),
    read("usedbcqueuelen", macvlan::BC_QUEUE_LEN_USED, Num(4)),
    print(|out, data| {
        let source = data.find(macvlan::MODE).is_some_and(|m| uint(&m) == 16);
        let Some(count) = data.find(macvlan::MACADDR_COUNT).filter(|_| source).and_then(|a| a.u32().ok()) else {
            return;
        };
        out.field("macaddr_count", count, format_args!("remotes ({count}) "));
        if let Some(list) = data.find(macvlan::MACADDR_DATA) {
            out.list("macaddr_data", |out| {
                for addr in list.attrs().map_while(Result::ok) {
                    let text = Lladdr(addr.bytes()).to_string();
                    out.field("", &text, format_args!("{text} "));
                }
            });
        }
    }),
];

fn macvlan_check(given: &mut Given<'_>) -> Option<&'static str> {
    let nopromisc = given.bytes(macvlan::FLAGS).is_some_and(|f| f.iter().any(|b| b & 1 != 0));
    let passthru = given.bytes(macvlan::MODE).is_some_and(|m| m.contains(&8));
    (nopromisc && !passthru).then_some("nopromisc flag only valid in passthru mode")
}

/// What to do with source addresses, and which.
fn macaddr(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
    let what = "what to do with source addresses";
    let mode: u8 = words.keyword(what, &[("add", 0), ("del", 1), ("flush", 2), ("set", 3)])?;
    attrs.push((macvlan::MACADDR_MODE, number(mode.into(), 4, false)));
    if mode == 3 {
        let (mut list, mut ahead) = (Vec::new(), words.clone());
        while let Ok(mac) = ahead.mac("a source address") {
            list.push((macvlan::MACADDR, Bytes::Plain(mac.to_vec())));
            *words = ahead.clone();
        }
        attrs.push((macvlan::MACADDR_DATA, Value::Bytes(Bytes::Nest(list))));
    } else if mode < 2 {
        let mac = words.mac("a source address")?;
        attrs.push((macvlan::MACADDR, Value::Bytes(Bytes::Plain(mac.to_vec()))));
    }
    Ok(())
}

const IPVLAN: &[Setting] = &[
    both("mode", ipvlan::MODE, Code(2, "l2 l3 l3s")).text(" mode "),
    both("private", ipvlan::FLAGS, Is(2, 1)),
    both("vepa", ipvlan::FLAGS, Is(2, 2)),
    both("bridge", ipvlan::FLAGS, Is(2, 0)),
];

const NETKIT: &[Setting] = &[
    both("=mode", netkit::MODE, Code(4, "l2 l3")),
    read("type", netkit::PRIMARY, Code(1, "peer primary")),
    write("=forward", netkit::POLICY, Is(4, 0)),
    write("=blackhole", netkit::POLICY, Is(4, 2)),
    read("policy", netkit::POLICY, Code(4, POLICIES)),
    read("peer_policy", netkit::PEER_POLICY, Code(4, POLICIES)).text("peer policy "),
    both("=scrub", netkit::SCRUB, Code(4, SCRUBS)),
    read("peer_scrub", netkit::PEER_SCRUB, Code(4, SCRUBS)).text("peer scrub "),
    read("headroom", netkit::HEADROOM, Num(2)),
    read("tailroom", netkit::TAILROOM, Num(2)),
    write("=peer", netkit::PEER_INFO, Parse(netkit_peer)),
];
const POLICIES: &str = "forward blackhole=2";
const SCRUBS: &str = "none default";

/// The other end: its policy and scrubbing, then a link of its own.
fn netkit_peer(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
    const PEERS: &[Setting] = &[
        write("=forward", netkit::PEER_POLICY, Is(4, 0)),
        write("=blackhole", netkit::PEER_POLICY, Is(4, 2)),
        write("=scrub", netkit::PEER_SCRUB, Code(4, SCRUBS)),
    ];
    while let Some(setting) = PEERS.iter().find(|s| words.eat(s.word())) {
        setting.parse(words, false, attrs)?;
    }
    if !words.is_end() {
        attrs.push((netkit::PEER_INFO, Value::Peer(Box::new(Change::parse(words, PEER)?))));
    }
    Ok(())
}

const MACSEC_SENT: &[super::Sent] = &[
    given(&[macsec::CIPHER_SUITE, macsec::ICV_LEN]),
    sent(Rule::With(macsec::REPLAY_PROTECT), (4, 0xffff_ffff), &[macsec::WINDOW]),
    given(&[macsec::REPLAY_PROTECT, macsec::ENCODING_SA]),
];
const MACSEC: &[Setting] = &[
    write("=address", macsec::SCI, Parse(macsec_address)),
    write("=port", macsec::PORT, Be(2)).range(1, u64::MAX),
    write("=sci", macsec::SCI, Parse(macsec_sci)),
    print(|out, data| {
        if let Some(sci) = data.find(macsec::SCI).and_then(|a| a.be64().ok()) {
            let text = format!("{sci:016x}");
            out.field("sci", &text, format_args!("sci {text} "));
        }
    }),
    both("=protect", macsec::PROTECT, OnOff),
    // The first word for a number is shown, the first number of a word is meant.
    both(
        "=cipher",
        macsec::CIPHER_SUITE,
        Code(
            8,
            "GCM-AES-128=0x0080C20001000001 GCM-AES-256 GCM-AES-XPN-128 GCM-AES-XPN-256 GCM-AES-128=0x0080020001000001 \
             gcm-aes-128=0x0080C20001000001 gcm-aes-256 gcm-aes-xpn-128 gcm-aes-xpn-256 default=0x0080020001000001",
        ),
    )
    .json("cipher_suite"),
    both("=icvlen", macsec::ICV_LEN, Num(1)).json("icv_len").range(0, 16),
    both("=encodingsa", macsec::ENCODING_SA, Num(1)).json("encoding_sa").range(0, 3),
    both("=validate", macsec::VALIDATION, Code(1, "disabled check strict")).json("validation"),
    both("=offload", macsec::OFFLOAD, Code(1, "off phy mac")),
    both("=encrypt", macsec::ENCRYPT, OnOff),
    both("=send_sci", macsec::INC_SCI, OnOff).json("inc_sci"),
    both("=end_station", macsec::ES, OnOff).json("es"),
    both("=scb", macsec::SCB, OnOff),
    both("=replay", macsec::REPLAY_PROTECT, OnOff).json("replay_protect"),
    write("=window", macsec::WINDOW, Num(4)),
    read("window", macsec::WINDOW, Int),
];

fn macsec_sci(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
    attrs.push((macsec::SCI, hex(words, "an SCI", 8)?));
    Ok(())
}

/// The SCI made of an address and a port.
fn macsec_address(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>) -> Parsed<()> {
    let mac = words.mac("the address of an SCI")?;
    if !words.eat("port") {
        return Err(words.error("the port of the SCI is missing: port NUMBER"));
    }
    let port: u16 = words.uint("a port")?;
    let sci = [&mac[..], &port.to_be_bytes()].concat();
    attrs.push((macsec::SCI, Value::Bytes(Bytes::Plain(sci))));
    Ok(())
}

fn macsec_check(given: &mut Given<'_>) -> Option<&'static str> {
    let (sci, es, scb) = (given.on(macsec::INC_SCI), given.on(macsec::ES), given.on(macsec::SCB));
    match (given.has(macsec::WINDOW), given.has(macsec::REPLAY_PROTECT)) {
        _ if sci && (es || scb) || es && scb => Some("only one of send_sci, end_station and scb can be on"),
        (true, false) => Some("a window needs replay on"),
        (false, _) if given.on(macsec::REPLAY_PROTECT) => Some("replay on needs a window: window PACKETS"),
        _ => None,
    }
}

const HSR: &[Setting] = &[
    write("supervision", hsr::MULTICAST_SPEC, Num(1)),
    write("version", hsr::VERSION, Num(1)),
    write("proto", hsr::PROTOCOL, Num(1)),
    both("slave1", hsr::SLAVE1, Dev).shown(Anywhere),
    both("slave2", hsr::SLAVE2, Dev).shown(Anywhere),
    read("sequence", hsr::SEQ_NR, Num(2)).json("seq_nr"),
    read("supervision", hsr::SUPERVISION_ADDR, Mac).json("supervision_addr"),
    read("proto", hsr::PROTOCOL, Num(1)),
];

const IPOIB: &[Setting] = &[
    write("pkey", ipoib::PKEY, Num(2)),
    print(|out, data| digits(out, data, ("pkey 0x", "key", "0x"), ipoib::PKEY)),
    both("mode", ipoib::MODE, Code(2, "datagram connected")),
    write("umcast", ipoib::UMCAST, Num(2)),
    print(|out, data| digits(out, data, ("umcast ", "umcast", ""), ipoib::UMCAST)),
];

/// Four hexadecimal digits.
fn digits(out: &mut Out, data: &Attrs<'_>, (word, key, mark): (&str, &str, &str), kind: u16) {
    if let Some(value) = data.find(kind).and_then(|a| a.u16().ok()) {
        out.field(key, &format!("{mark}{value:04x}"), format_args!("{word}{value:04x} "));
    }
}

const TUN: &[Setting] = &[
    read("type", tun::TYPE, Code(1, "- tun tap")),
    read("pi", tun::PI, OnOff),
    read("vnet_hdr", tun::VNET_HDR, OnOff),
    read("multi_queue", tun::MULTI_QUEUE, Switch(OnInText)),
    read("numqueues", tun::NUM_QUEUES, Num(4)).shown(Set(tun::MULTI_QUEUE, 1)),
    read("numdisabled", tun::NUM_DISABLED_QUEUES, Num(4)).shown(Set(tun::MULTI_QUEUE, 1)),
    read("persist", tun::PERSIST, OnOff),
    print(|out, data| owner(out, data, ("user", "/etc/passwd"), tun::OWNER)),
    print(|out, data| owner(out, data, ("group", "/etc/group"), tun::GROUP)),
];

/// A user or a group, by the name that a file of lines `NAME:…:NUMBER:…` has for it.
fn owner(out: &mut Out, data: &Attrs<'_>, (key, file): (&str, &str), kind: u16) {
    let Some(id) = data.find(kind).and_then(|a| a.u32().ok()) else { return };
    let names = std::fs::read(file).unwrap_or_default();
    let of = |line: &&[u8]| line.split(|b| *b == b':').nth(2) == Some(id.to_string().as_bytes());
    let line = names.split(|b| *b == b'\n').find(of);
    match line.and_then(|line| line.split(|b| *b == b':').next()) {
        Some(name) => out.field(key, name, format_args!("{key} {} ", Escaped(name))),
        None => out.field(key, id, format_args!("{key} {id} ")),
    }
}

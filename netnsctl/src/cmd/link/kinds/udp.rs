//! Tunnels by UDP.

use super::Shape::*;
use super::When::{Always, OffInText, On};
use super::Where::{Anywhere, NotZero, NotZeroInText, Unset};
use super::parse::number;
use super::{ADD, Given, Kind, Rule, Setting, always, both, given, kind, not_zero, on, read, sent, write};
use crate::grammar::{AF_INET, AF_INET6};
use nl_core::route::{amt, bareudp, geneve, gtp, vxlan};

pub(super) const KINDS: &[Kind] = &[
    kind("amt", "CONFIG_AMT", &[AMT]).code(1),
    kind("bareudp", "CONFIG_BAREUDP", &[BAREUDP]).sends(&[BAREUDP_SENT]).checks(bareudp_check).once(),
    kind("geneve", "CONFIG_GENEVE", &[GENEVE]).sends(&[GENEVE_SENT]).checks(geneve_check).once(),
    kind("gtp", "CONFIG_GTP", &[GTP]).sends(&[GTP_SENT]).checks(gtp_check).once().lax(),
    kind("vxlan", "CONFIG_VXLAN", &[VXLAN]).sends(&[VXLAN_SENT]).checks(vxlan_check).once(),
];

/// Largest VNI.
const VNI: u64 = 0xff_ffff;
/// Largest flow label.
const LABEL: u64 = 0xf_ffff;
const DF: &str = "unset set inherit";

const VXLAN_ADDRESSES: &[u16] = &[vxlan::LOCAL, vxlan::LOCAL6, vxlan::GROUP, vxlan::GROUP6];
const VXLAN_SENT: &[super::Sent] = &[
    given(&[vxlan::ID, vxlan::LOCAL, vxlan::LOCAL6, vxlan::GROUP, vxlan::GROUP6]),
    sent(Rule::Of(AF_INET, VXLAN_ADDRESSES), (4, 0), &[vxlan::GROUP]),
    sent(Rule::Of(AF_INET6, VXLAN_ADDRESSES), (16, 0), &[vxlan::GROUP6]),
    sent(Rule::ToAdd, (1, 1), &[vxlan::LEARNING]),
    not_zero(&[vxlan::PORT]),
];
const VXLAN: &[Setting] = &[
    read("external", vxlan::COLLECT_METADATA, Switch(On)),
    read("vnifilter", vxlan::VNIFILTER, Switch(On)).text("vnifilter"),
    both("id vni", vxlan::ID, Num(4)).range(0, VNI),
    both("group", vxlan::GROUP, Ip(vxlan::GROUP6, true)),
    both("remote", vxlan::GROUP, Ip(vxlan::GROUP6, false)),
    both("local", vxlan::LOCAL, Ip(vxlan::LOCAL6, false)),
    both("dev", vxlan::LINK, Dev).json("link").shown(NotZero),
    write("ttl hoplimit", vxlan::TTL, Or(1, "auto inherit=0x100")),
    write("ttl hoplimit", vxlan::TTL_INHERIT, If("inherit", 0)),
    write("tos dsfield", vxlan::TOS, Tos),
    both("srcport port", vxlan::PORT_RANGE, Ports).json("port_range"),
    both("dstport", vxlan::PORT, Be(2)).json("port"),
    both("[no]learning", vxlan::LEARNING, Switch(OffInText)),
    both("[no]proxy", vxlan::PROXY, Switch(On)),
    both("[no]rsc", vxlan::RSC, Switch(On)),
    both("[no]l2miss", vxlan::L2MISS, Switch(On)),
    both("[no]l3miss", vxlan::L3MISS, Switch(On)),
    read("tos", vxlan::TOS, Tos),
    read("ttl", vxlan::TTL_INHERIT, Switch(On)).text("ttl inherit ").json(""),
    read("ttl", vxlan::TTL, Or(1, "auto")).shown(Unset(vxlan::TTL_INHERIT, 1)),
    both("df", vxlan::DF, Code(1, DF)).shown(NotZeroInText),
    both("flowlabel label", vxlan::LABEL, BeHex(4)).json("label").range(0, LABEL).shown(NotZero),
    both("ageing", vxlan::AGEING, Or(4, "none")),
    both("maxaddress", vxlan::LIMIT, Or(4, "unlimited")).text("maxaddr ").json("limit").shown(NotZero),
    both("[no]udpcsum", vxlan::UDP_CSUM, Switch(Always)).json("udp_csum"),
    both("[no]udp6zerocsumtx", vxlan::UDP_ZERO_CSUM6_TX, Switch(Always)).json("udp_zero_csum6_tx"),
    both("[no]udp6zerocsumrx", vxlan::UDP_ZERO_CSUM6_RX, Switch(Always)).json("udp_zero_csum6_rx"),
    both("[no]remcsumtx", vxlan::REMCSUM_TX, Switch(On)).json("remcsum_tx"),
    both("[no]remcsumrx", vxlan::REMCSUM_RX, Switch(On)).json("remcsum_rx"),
    write("[no]external", vxlan::COLLECT_METADATA, Switch(On)),
    // What arrives says nothing of where the way back begins, so nothing is learned unless asked for.
    on(ADD, "external", vxlan::LEARNING, Is(1, 0)),
    both("gbp", vxlan::GBP, Flag),
    both("gpe", vxlan::GPE, Flag),
    write("=[no]vnifilter", vxlan::VNIFILTER, Switch(On)),
];

fn vxlan_check(given: &mut Given<'_>) -> Option<&'static str> {
    let (external, id) = (given.on(vxlan::COLLECT_METADATA), given.has(vxlan::ID));
    let groups = given.attrs.iter().filter(|a| a.0 == vxlan::GROUP || a.0 == vxlan::GROUP6).count();
    let group = given.bytes(vxlan::GROUP).is_some_and(|a| a.first().is_some_and(|b| (0xe0..0xf0).contains(b)))
        || given.bytes(vxlan::GROUP6).is_some_and(|a| a.first() == Some(&0xff));
    if given.has(vxlan::GPE) && !given.has(vxlan::PORT) {
        given.attrs.push((vxlan::PORT, number(4790, 2, true)));
    }
    match () {
        () if groups > 1 => Some("it is either a group or a remote"),
        () if given.on(vxlan::VNIFILTER) && !external => Some("vnifilter needs external"),
        () if external && id => Some("external and an id do not go together"),
        () if !external && !id && given.add => Some("the id is missing: id VNI"),
        () if group && !given.has(vxlan::LINK) => Some("a group needs a device: dev DEV"),
        () => None,
    }
}

const GENEVE_SENT: &[super::Sent] = &[
    always(4, 0, &[geneve::ID]),
    given(&[geneve::REMOTE, geneve::REMOTE6]),
    sent(Rule::ToAdd, (4, 0), &[geneve::LABEL]),
    sent(Rule::ToAdd, (1, 0), &[geneve::TTL, geneve::TOS]),
    not_zero(&[geneve::PORT]),
    given(&[geneve::COLLECT_METADATA, geneve::INNER_PROTO_INHERIT]),
    given(&[geneve::UDP_CSUM, geneve::UDP_ZERO_CSUM6_TX, geneve::UDP_ZERO_CSUM6_RX]),
];
const GENEVE: &[Setting] = &[
    both("[no]external", geneve::COLLECT_METADATA, Flag),
    both("id vni", geneve::ID, Num(4)).range(0, VNI),
    both("remote", geneve::REMOTE, Ip(geneve::REMOTE6, false)),
    write("ttl hoplimit", geneve::TTL, Or(1, "auto inherit=0")),
    write("ttl hoplimit", geneve::TTL_INHERIT, If("inherit", 1)),
    read("ttl", geneve::TTL_INHERIT, Switch(On)).text("ttl inherit ").json(""),
    read("ttl", geneve::TTL, Or(1, "auto")).shown(Unset(geneve::TTL_INHERIT, 1)),
    both("tos dsfield", geneve::TOS, Tos),
    both("df", geneve::DF, Code(1, DF)).shown(NotZeroInText),
    both("flowlabel label", geneve::LABEL, BeHex(4)).json("label").range(0, LABEL).shown(NotZero),
    both("dstport", geneve::PORT, Be(2)).json("port"),
    both("[no]udpcsum", geneve::UDP_CSUM, Switch(Always)).json("udp_csum"),
    both("[no]udp6zerocsumtx", geneve::UDP_ZERO_CSUM6_TX, Switch(Always)).json("udp_zero_csum6_tx"),
    both("[no]udp6zerocsumrx", geneve::UDP_ZERO_CSUM6_RX, Switch(Always)).json("udp_zero_csum6_rx"),
    both("=innerprotoinherit", geneve::INNER_PROTO_INHERIT, Flag).json("inner_proto_inherit"),
];

fn geneve_check(given: &mut Given<'_>) -> Option<&'static str> {
    match (given.has(geneve::COLLECT_METADATA), given.has(geneve::ID)) {
        (true, true) => Some("external and an id do not go together"),
        (false, false) => Some("the id is missing: id VNI"),
        (false, true) if given.add && !given.has(geneve::REMOTE) && !given.has(geneve::REMOTE6) => {
            Some("the other end is missing: remote ADDRESS")
        }
        _ => None,
    }
}

const BAREUDP_SENT: &[super::Sent] =
    &[given(&[bareudp::PORT, bareudp::ETHERTYPE, bareudp::SRCPORT_MIN, bareudp::MULTIPROTO_MODE])];
const BAREUDP: &[Setting] = &[
    both("dstport", bareudp::PORT, Be(2)),
    both("ethertype", bareudp::ETHERTYPE, Proto),
    both("srcportmin", bareudp::SRCPORT_MIN, Num(2)),
    both("[no]multiproto", bareudp::MULTIPROTO_MODE, Flag).shown(Anywhere),
];

fn bareudp_check(given: &mut Given<'_>) -> Option<&'static str> {
    match (given.has(bareudp::PORT), given.has(bareudp::ETHERTYPE)) {
        (false, _) => Some("Error: argument \"dstport\" is required"),
        (_, false) => Some("Error: argument \"ethertype\" is required"),
        _ => None,
    }
}

const GTP_SENT: &[super::Sent] =
    &[sent(Rule::First, (1, 1), &[gtp::CREATE_SOCKETS]), sent(Rule::Missing, (4, 1024), &[gtp::PDP_HASHSIZE])];
const GTP: &[Setting] = &[
    both("=role", gtp::ROLE, Code(4, "ggsn sgsn")),
    both("=hsize", gtp::PDP_HASHSIZE, Num(4)).range(0, 0x1_ffff),
    both("=restart_count", gtp::RESTART_COUNT, Num(1)),
];

fn gtp_check(given: &mut Given<'_>) -> Option<&'static str> {
    (!given.has(gtp::ROLE)).then_some("the role is missing: role { sgsn | ggsn }")
}

const AMT: &[Setting] = &[
    both("=mode", amt::MODE, Code(4, "gateway relay")).text(""),
    both("=gateway_port", amt::GATEWAY_PORT, Be(2)),
    both("=relay_port", amt::RELAY_PORT, Be(2)),
    both("=local", amt::LOCAL_IP, End(AF_INET)),
    read("remote", amt::REMOTE_IP, End(AF_INET)),
    both("=discovery", amt::DISCOVERY_IP, End(AF_INET)),
    both("=dev", amt::LINK, Dev).json("link"),
    both("=max_tunnels", amt::MAX_TUNNELS, Num(4)),
];

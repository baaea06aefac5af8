//! The kinds of devices and their settings, as data: each row is an option's word, the attribute it is about and how its
//! value is written and shown. Reading the words ([`parse`]) and showing what is set ([`print`]) go by them.

mod parse;
mod print;

use nl_core::route::{bond, br, br_boolopt, brport, geneve, ipvlan, macvlan, netkit, tun, veth, vlan, vrf, vxlan};

/// How the value of an attribute is written in words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A number of so many bytes.
    Num(u8),
    /// A number of so many bytes in network byte order.
    Be(u8),
    /// A number of so many bytes, shown in hexadecimal.
    Hex(u8),
    /// A number of so many bytes, or the word for it.
    Code(u8, &'static [(&'static str, u64)]),
    /// The word alone stands for this number of so many bytes.
    Is(u8, u64),
    /// `on` or `off`: a byte.
    OnOff,
    /// The word alone: a byte of 1. Its opposite is an [`Shape::Is`] of 0.
    Switch(When),
    /// The word alone: being there says it.
    Flag,
    /// `on` or `off`, 1 or 0: one bit of `{ u32 value, u32 mask }`.
    Bit(u32),
    /// An Ethernet address.
    Mac,
    /// An IPv4 address; an IPv6 one goes into the attribute given. A multicast address, or none, or either.
    Ip(u16, Option<bool>),
    /// An interface's name: its index.
    Dev,
    /// The first and the last port.
    Ports,
    /// An EtherType.
    Proto,
    /// A TTL, `auto`, or `inherit`, which is the attribute given.
    Ttl(u16),
    /// A TOS, or `inherit`.
    Tos,
    /// Pairs of priorities, FROM:TO.
    Qos,
    /// The other end: a link of its own.
    Peer,
    /// Shown only: hundredths of a second.
    Timer,
    /// Shown only: a priority and an address.
    BridgeId,
    /// Shown only: the bits that are set, by name.
    Names(&'static [(&'static str, u32)]),
}

/// When a switch is shown in text; JSON has it always but for `On`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Always, its opposite with `no` in front.
    Always,
    /// If it is on, and in JSON too.
    On,
    /// If it is on.
    OnInText,
    /// If it is off.
    OffInText,
}

/// One setting of a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// The option.
    pub(super) word: &'static str,
    /// The key in JSON.
    pub(super) json: &'static str,
    /// The attribute.
    pub(super) attr: u16,
    /// Its value.
    pub(super) shape: Shape,
    /// Where it has a meaning: [`ADD`], [`SET`], [`PEER`], [`SHOW`].
    pub(super) on: u8,
    /// Not shown in text where it is 0.
    pub(super) quiet: bool,
}

/// In `link add`.
pub(super) const ADD: u8 = 1;
/// In `link set`.
pub(super) const SET: u8 = 2;
/// Behind `peer`.
pub(super) const PEER: u8 = 4;
/// In `link show`.
pub(super) const SHOW: u8 = 8;

const fn on(on: u8, word: &'static str, attr: u16, shape: Shape) -> Setting {
    Setting { word, json: word, attr, shape, on, quiet: false }
}
/// Can be set, and is shown.
const fn both(word: &'static str, attr: u16, shape: Shape) -> Setting {
    on(ADD | SET | SHOW, word, attr, shape)
}
/// Can be set.
const fn write(word: &'static str, attr: u16, shape: Shape) -> Setting {
    on(ADD | SET, word, attr, shape)
}
/// Is shown.
const fn read(word: &'static str, attr: u16, shape: Shape) -> Setting {
    on(SHOW, word, attr, shape)
}
impl Setting {
    const fn json(self, json: &'static str) -> Setting {
        Setting { json, ..self }
    }
    const fn quiet(self) -> Setting {
        Setting { quiet: true, ..self }
    }
}

use Shape::*;

/// EtherTypes of VLANs.
pub(super) const PROTOS: &[(&str, u64)] = &[("802.1Q", 0x8100), ("802.1ad", 0x88a8)];

/// A kind of device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Its name (`IFLA_INFO_KIND`).
    pub(super) name: &'static str,
    /// The option of the kernel's build that has it.
    pub(super) config: &'static str,
    /// Its settings, in the order they are shown.
    pub(super) settings: &'static [Setting],
}

const fn kind(name: &'static str, config: &'static str, settings: &'static [Setting]) -> Kind {
    Kind { name, config, settings }
}

/// The kinds whose settings are known, or at least the option that has them.
pub(super) const KINDS: &[Kind] = &[
    kind("bond", "CONFIG_BONDING", BOND),
    kind("bridge", "CONFIG_BRIDGE", BRIDGE),
    kind("dummy", "CONFIG_DUMMY", &[]),
    kind("geneve", "CONFIG_GENEVE", GENEVE),
    kind("gre", "CONFIG_NET_IPGRE", &[]),
    kind("gretap", "CONFIG_NET_IPGRE", &[]),
    kind("ifb", "CONFIG_IFB", &[]),
    kind("ip6tnl", "CONFIG_IPV6_TUNNEL", &[]),
    kind("ipip", "CONFIG_NET_IPIP", &[]),
    kind("ipvlan", "CONFIG_IPVLAN", IPVLAN),
    kind("ipvtap", "CONFIG_IPVTAP", IPVLAN),
    kind("macsec", "CONFIG_MACSEC", &[]),
    kind("macvlan", "CONFIG_MACVLAN", MACVLAN),
    kind("macvtap", "CONFIG_MACVTAP", MACVLAN),
    kind("netkit", "CONFIG_NETKIT", NETKIT),
    kind("sit", "CONFIG_IPV6_SIT", &[]),
    kind("tun", "CONFIG_TUN", TUN),
    kind("vcan", "CONFIG_CAN_VCAN", &[]),
    kind("veth", "CONFIG_VETH", &[write("peer", veth::PEER, Peer)]),
    kind("vlan", "CONFIG_VLAN_8021Q", VLAN),
    kind("vrf", "CONFIG_NET_VRF", &[both("table", vrf::TABLE, Code(4, &[("main", 254), ("local", 255)]))]),
    kind("vxcan", "CONFIG_CAN_VXCAN", &[write("peer", veth::PEER, Peer)]),
    kind("vxlan", "CONFIG_VXLAN", VXLAN),
    kind("wireguard", "CONFIG_WIREGUARD", &[]),
];

/// What a master's kind lets be set of its ports; words call it KIND_slave.
pub(super) const PORTS: &[Kind] = &[kind("bridge", "CONFIG_BRIDGE", BRIDGE_PORT)];

const BOND: &[Setting] = &[
    both(
        "mode",
        bond::MODE,
        Code(
            1,
            &[
                ("balance-rr", 0),
                ("active-backup", 1),
                ("balance-xor", 2),
                ("broadcast", 3),
                ("802.3ad", 4),
                ("balance-tlb", 5),
                ("balance-alb", 6),
            ],
        ),
    ),
    both("miimon", bond::MIIMON, Num(4)),
    both("updelay", bond::UPDELAY, Num(4)),
    both("downdelay", bond::DOWNDELAY, Num(4)),
    write("primary", bond::PRIMARY, Dev),
];

const BRIDGE: &[Setting] = &[
    both("forward_delay", br::FORWARD_DELAY, Num(4)),
    both("hello_time", br::HELLO_TIME, Num(4)),
    both("max_age", br::MAX_AGE, Num(4)),
    both("ageing_time", br::AGEING_TIME, Num(4)),
    both("stp_state", br::STP_STATE, Num(4)),
    both("priority", br::PRIORITY, Num(2)),
    both("vlan_filtering", br::VLAN_FILTERING, Num(1)),
    both("vlan_protocol", br::VLAN_PROTOCOL, Proto),
    read("bridge_id", br::BRIDGE_ID, BridgeId),
    read("designated_root", br::ROOT_ID, BridgeId).json("root_id"),
    read("root_port", br::ROOT_PORT, Num(2)),
    read("root_path_cost", br::ROOT_PATH_COST, Num(4)),
    read("topology_change", br::TOPOLOGY_CHANGE, Num(1)),
    read("topology_change_detected", br::TOPOLOGY_CHANGE_DETECTED, Num(1)),
    read("hello_timer", br::HELLO_TIMER, Timer),
    read("tcn_timer", br::TCN_TIMER, Timer),
    read("topology_change_timer", br::TOPOLOGY_CHANGE_TIMER, Timer),
    read("gc_timer", br::GC_TIMER, Timer),
    both("vlan_default_pvid", br::VLAN_DEFAULT_PVID, Num(2)),
    both("vlan_stats_enabled", br::VLAN_STATS_ENABLED, Num(1)),
    both("vlan_stats_per_port", br::VLAN_STATS_PER_PORT, Num(1)),
    both("group_fwd_mask", br::GROUP_FWD_MASK, Hex(2)),
    both("group_address", br::GROUP_ADDR, Mac).json("group_addr"),
    write("fdb_flush", br::FDB_FLUSH, Flag),
    both("mcast_snooping", br::MCAST_SNOOPING, Num(1)),
    both("no_linklocal_learn", br::MULTI_BOOLOPT, Bit(1 << br_boolopt::NO_LL_LEARN)),
    both("mcast_vlan_snooping", br::MULTI_BOOLOPT, Bit(1 << br_boolopt::MCAST_VLAN_SNOOPING)),
    both("mcast_router", br::MCAST_ROUTER, Num(1)),
    both("mcast_query_use_ifaddr", br::MCAST_QUERY_USE_IFADDR, Num(1)),
    both("mcast_querier", br::MCAST_QUERIER, Num(1)),
    both("mcast_hash_elasticity", br::MCAST_HASH_ELASTICITY, Num(4)),
    both("mcast_hash_max", br::MCAST_HASH_MAX, Num(4)),
    both("mcast_last_member_count", br::MCAST_LAST_MEMBER_CNT, Num(4)).json("mcast_last_member_cnt"),
    both("mcast_startup_query_count", br::MCAST_STARTUP_QUERY_CNT, Num(4)).json("mcast_startup_query_cnt"),
    both("mcast_last_member_interval", br::MCAST_LAST_MEMBER_INTVL, Num(8)).json("mcast_last_member_intvl"),
    both("mcast_membership_interval", br::MCAST_MEMBERSHIP_INTVL, Num(8)).json("mcast_membership_intvl"),
    both("mcast_querier_interval", br::MCAST_QUERIER_INTVL, Num(8)).json("mcast_querier_intvl"),
    both("mcast_query_interval", br::MCAST_QUERY_INTVL, Num(8)).json("mcast_query_intvl"),
    both("mcast_query_response_interval", br::MCAST_QUERY_RESPONSE_INTVL, Num(8)).json("mcast_query_response_intvl"),
    both("mcast_startup_query_interval", br::MCAST_STARTUP_QUERY_INTVL, Num(8)).json("mcast_startup_query_intvl"),
    both("mcast_stats_enabled", br::MCAST_STATS_ENABLED, Num(1)),
    both("mcast_igmp_version", br::MCAST_IGMP_VERSION, Num(1)),
    both("mcast_mld_version", br::MCAST_MLD_VERSION, Num(1)),
    both("nf_call_iptables", br::NF_CALL_IPTABLES, Num(1)),
    both("nf_call_ip6tables", br::NF_CALL_IP6TABLES, Num(1)),
    both("nf_call_arptables", br::NF_CALL_ARPTABLES, Num(1)),
];

const BRIDGE_PORT: &[Setting] = &[
    both(
        "state",
        brport::STATE,
        Code(1, &[("disabled", 0), ("listening", 1), ("learning", 2), ("forwarding", 3), ("blocking", 4)]),
    ),
    both("priority", brport::PRIORITY, Num(2)),
    both("cost", brport::COST, Num(4)),
    both("hairpin", brport::MODE, OnOff),
    both("guard", brport::GUARD, OnOff),
    both("root_block", brport::PROTECT, OnOff),
    both("fastleave", brport::FAST_LEAVE, OnOff),
    both("learning", brport::LEARNING, OnOff),
    both("flood", brport::UNICAST_FLOOD, OnOff),
    read("port_id", brport::ID, Hex(2)).json("id"),
    read("port_no", brport::NO, Hex(2)).json("no"),
    read("designated_port", brport::DESIGNATED_PORT, Num(2)),
    read("designated_cost", brport::DESIGNATED_COST, Num(2)),
    read("designated_bridge", brport::BRIDGE_ID, BridgeId).json("bridge_id"),
    read("designated_root", brport::ROOT_ID, BridgeId).json("root_id"),
    read("hold_timer", brport::HOLD_TIMER, Timer),
    read("message_age_timer", brport::MESSAGE_AGE_TIMER, Timer),
    read("forward_delay_timer", brport::FORWARD_DELAY_TIMER, Timer),
    read("topology_change_ack", brport::TOPOLOGY_CHANGE_ACK, Num(1)),
    read("config_pending", brport::CONFIG_PENDING, Num(1)),
    both("proxy_arp", brport::PROXYARP, OnOff),
    both("proxy_arp_wifi", brport::PROXYARP_WIFI, OnOff),
    both("mcast_router", brport::MULTICAST_ROUTER, Num(1)).json("multicast_router"),
    write("mcast_fast_leave", brport::FAST_LEAVE, OnOff),
    both("mcast_flood", brport::MCAST_FLOOD, OnOff),
    both("bcast_flood", brport::BCAST_FLOOD, OnOff),
    both("mcast_to_unicast", brport::MCAST_TO_UCAST, OnOff),
    both("neigh_suppress", brport::NEIGH_SUPPRESS, OnOff),
    both("group_fwd_mask", brport::GROUP_FWD_MASK, Hex(2)),
    both("vlan_tunnel", brport::VLAN_TUNNEL, OnOff),
    both("isolated", brport::ISOLATED, OnOff),
    both("locked", brport::LOCKED, OnOff),
    both("backup_port", brport::BACKUP_PORT, Dev),
    write("nobackup_port", brport::BACKUP_PORT, Is(4, 0)),
    write("fdb_flush", brport::FLUSH, Flag),
];

const GENEVE: &[Setting] = &[
    both("id", geneve::ID, Num(4)),
    both("remote", geneve::REMOTE, Ip(geneve::REMOTE6, None)),
    both("ttl", geneve::TTL, Ttl(geneve::TTL_INHERIT)),
    both("tos", geneve::TOS, Tos),
    both("dstport", geneve::PORT, Be(2)).json("port"),
    both("external", geneve::COLLECT_METADATA, Flag),
];

const IPVLAN: &[Setting] = &[
    both("mode", ipvlan::MODE, Code(2, &[("l2", 0), ("l3", 1), ("l3s", 2)])),
    both("bridge", ipvlan::FLAGS, Is(2, 0)),
    both("private", ipvlan::FLAGS, Is(2, 1)),
    both("vepa", ipvlan::FLAGS, Is(2, 2)),
];

const MACVLAN: &[Setting] = &[
    both(
        "mode",
        macvlan::MODE,
        Code(4, &[("private", 1), ("vepa", 2), ("bridge", 4), ("passthru", 8), ("source", 16)]),
    ),
    both("nopromisc", macvlan::FLAGS, Is(2, 1)),
    both("bcqueuelen", macvlan::BC_QUEUE_LEN, Num(4)),
    read("usedbcqueuelen", macvlan::BC_QUEUE_LEN_USED, Num(4)),
];

const NETKIT: &[Setting] = &[
    both("mode", netkit::MODE, Code(4, &[("l2", 0), ("l3", 1)])),
    write("forward", netkit::POLICY, Is(4, 0)),
    write("blackhole", netkit::POLICY, Is(4, 2)),
    write("peer", netkit::PEER_INFO, Peer),
];

const TUN: &[Setting] = &[
    read("type", tun::TYPE, Code(1, &[("tun", 1), ("tap", 2)])),
    read("pi", tun::PI, OnOff),
    read("vnet_hdr", tun::VNET_HDR, OnOff),
    read("multi_queue", tun::MULTI_QUEUE, Switch(When::OnInText)),
    read("numqueues", tun::NUM_QUEUES, Num(4)),
    read("numdisabled", tun::NUM_DISABLED_QUEUES, Num(4)),
    read("persist", tun::PERSIST, OnOff),
    read("user", tun::OWNER, Num(4)),
    read("group", tun::GROUP, Num(4)),
];

const VLAN: &[Setting] = &[
    both("protocol", vlan::PROTOCOL, Proto),
    both("id", vlan::ID, Num(2)),
    read(
        "flags",
        vlan::FLAGS,
        Names(&[("REORDER_HDR", 1), ("GVRP", 2), ("LOOSE_BINDING", 4), ("MVRP", 8), ("BRIDGE_BINDING", 16)]),
    ),
    write("reorder_hdr", vlan::FLAGS, Bit(1)),
    write("gvrp", vlan::FLAGS, Bit(2)),
    write("loose_binding", vlan::FLAGS, Bit(4)),
    write("mvrp", vlan::FLAGS, Bit(8)),
    write("bridge_binding", vlan::FLAGS, Bit(16)),
    write("ingress-qos-map", vlan::INGRESS_QOS, Qos),
    write("egress-qos-map", vlan::EGRESS_QOS, Qos),
];

const VXLAN: &[Setting] = &[
    both("external", vxlan::COLLECT_METADATA, Switch(When::On)),
    // What arrives says nothing of where the way back begins, so nothing is learned unless asked for.
    write("external", vxlan::LEARNING, Is(1, 0)),
    write("noexternal", vxlan::COLLECT_METADATA, Is(1, 0)),
    both("id", vxlan::ID, Num(4)),
    write("vni", vxlan::ID, Num(4)),
    both("group", vxlan::GROUP, Ip(vxlan::GROUP6, Some(true))),
    both("remote", vxlan::GROUP, Ip(vxlan::GROUP6, Some(false))),
    both("local", vxlan::LOCAL, Ip(vxlan::LOCAL6, Some(false))),
    both("dev", vxlan::LINK, Dev).json("link"),
    both("srcport", vxlan::PORT_RANGE, Ports).json("port_range"),
    both("dstport", vxlan::PORT, Be(2)).json("port"),
    both("learning", vxlan::LEARNING, Switch(When::OffInText)),
    write("nolearning", vxlan::LEARNING, Is(1, 0)),
    both("proxy", vxlan::PROXY, Switch(When::On)),
    write("noproxy", vxlan::PROXY, Is(1, 0)),
    both("rsc", vxlan::RSC, Switch(When::On)),
    write("norsc", vxlan::RSC, Is(1, 0)),
    both("l2miss", vxlan::L2MISS, Switch(When::On)),
    write("nol2miss", vxlan::L2MISS, Is(1, 0)),
    both("l3miss", vxlan::L3MISS, Switch(When::On)),
    write("nol3miss", vxlan::L3MISS, Is(1, 0)),
    both("tos", vxlan::TOS, Tos),
    both("ttl", vxlan::TTL, Ttl(vxlan::TTL_INHERIT)),
    both("df", vxlan::DF, Code(1, &[("unset", 0), ("set", 1), ("inherit", 2)])).quiet(),
    write("flowlabel", vxlan::LABEL, Be(4)),
    both("ageing", vxlan::AGEING, Num(4)),
    write("maxaddress", vxlan::LIMIT, Num(4)),
    both("udpcsum", vxlan::UDP_CSUM, Switch(When::Always)).json("udp_csum"),
    write("noudpcsum", vxlan::UDP_CSUM, Is(1, 0)),
    both("udp6zerocsumtx", vxlan::UDP_ZERO_CSUM6_TX, Switch(When::Always)).json("udp_zero_csum6_tx"),
    write("noudp6zerocsumtx", vxlan::UDP_ZERO_CSUM6_TX, Is(1, 0)),
    both("udp6zerocsumrx", vxlan::UDP_ZERO_CSUM6_RX, Switch(When::Always)).json("udp_zero_csum6_rx"),
    write("noudp6zerocsumrx", vxlan::UDP_ZERO_CSUM6_RX, Is(1, 0)),
    both("gbp", vxlan::GBP, Flag),
    both("gpe", vxlan::GPE, Flag),
];

/// The kind of this name; for the ports of a master `KIND_slave`, whose second part of the answer is true.
pub(super) fn find(name: &str) -> Option<(&'static Kind, bool)> {
    match name.strip_suffix("_slave") {
        Some(master) => PORTS.iter().find(|k| k.name == master).map(|k| (k, true)),
        None => KINDS.iter().find(|k| k.name == name).map(|k| (k, false)),
    }
}

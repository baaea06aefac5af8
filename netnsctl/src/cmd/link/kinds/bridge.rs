//! Bridges and their ports.

use super::Shape::*;
use super::{Kind, Setting, TOOL, both, given, kind, on, print, read, write};
use nl_core::Attrs;
use nl_core::route::{br, br_boolopt, brport};

pub(super) const KINDS: &[Kind] = &[
    kind("bridge", "CONFIG_BRIDGE", &[BRIDGE]).sends(&[&[given(&[br::MULTI_BOOLOPT])]]),
    kind("bridge_slave", "CONFIG_BRIDGE", &[PORT]).code(1),
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
    write("mcast_router", br::MCAST_ROUTER, Num(1)),
    both("mcast_snooping", br::MCAST_SNOOPING, Num(1)),
    both("=no_linklocal_learn", br::MULTI_BOOLOPT, Masked(1 << br_boolopt::NO_LL_LEARN, 0)),
    both("=mcast_vlan_snooping", br::MULTI_BOOLOPT, Masked(1 << br_boolopt::MCAST_VLAN_SNOOPING, 0)),
    read("mcast_router", br::MCAST_ROUTER, Num(1)),
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

const STATES: &str = "disabled listening learning forwarding blocking";
const PORT: &[Setting] = &[
    write("fdb_flush", brport::FLUSH, Flag),
    write("state", brport::STATE, Or(1, STATES)),
    read("state", brport::STATE, Code(1, STATES)),
    both("priority", brport::PRIORITY, Num(2)),
    both("cost", brport::COST, Num(4)),
    both("hairpin", brport::MODE, OnOff),
    both("guard", brport::GUARD, OnOff),
    both("root_block", brport::PROTECT, OnOff),
    both("fastleave", brport::FAST_LEAVE, OnOff),
    both("learning", brport::LEARNING, OnOff),
    on(TOOL, "learning_sync", brport::LEARNING_SYNC, OnOff),
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
    write("mcast_flood", brport::MCAST_FLOOD, OnOff),
    both("proxy_arp", brport::PROXYARP, OnOff),
    both("proxy_arp_wifi", brport::PROXYARP_WIFI, OnOff),
    both("mcast_router", brport::MULTICAST_ROUTER, Num(1)).json("multicast_router"),
    both("mcast_fast_leave", brport::FAST_LEAVE, OnOff).json(""),
    read("mcast_flood", brport::MCAST_FLOOD, OnOff),
    both("bcast_flood", brport::BCAST_FLOOD, OnOff),
    both("mcast_to_unicast", brport::MCAST_TO_UCAST, OnOff),
    both("neigh_suppress", brport::NEIGH_SUPPRESS, OnOff),
    both("group_fwd_mask", brport::GROUP_FWD_MASK, Hex(2)),
    print(forwarded),
    both("vlan_tunnel", brport::VLAN_TUNNEL, OnOff),
    both("isolated", brport::ISOLATED, OnOff),
    both("locked", brport::LOCKED, OnOff),
    both("backup_port", brport::BACKUP_PORT, Dev),
    write("nobackup_port", brport::BACKUP_PORT, Is(4, 0)),
];

/// The link-local groups that are forwarded, by name or bit.
fn forwarded(out: &mut crate::out::Out, data: &Attrs<'_>) {
    let Some(mask) = data.find(brport::GROUP_FWD_MASK).and_then(|a| a.u16().ok()) else { return };
    let name = |bit: u16| match bit {
        0x1 => "stp".to_owned(),
        0x4 => "lacp".to_owned(),
        0x4000 => "lldp".to_owned(),
        bit => format!("{bit:#x}"),
    };
    let bits = (0..16).map(|at| mask & (1 << at)).filter(|bit| *bit != 0);
    let names = if mask == 0 { "0x0".to_owned() } else { bits.map(name).collect::<Vec<_>>().join(",") };
    out.field("group_fwd_mask_str", &names, format_args!("group_fwd_mask_str {names} "));
}

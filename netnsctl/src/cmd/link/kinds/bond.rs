//! Bonds and their ports.

use super::super::super::inet::{Addr, Lladdr};
use super::super::change::{Attr, Bytes, Value};
use super::Shape::*;
use super::Where::NotZero;
use super::print::{flag_list, uint};
use super::{Kind, Setting, both, codes, kind, print, read, write};
use crate::grammar::{AF_INET, AF_INET6, Result as Parsed, Words};
use crate::out::{Out, Value as Json};
use nl_core::Attrs;
use nl_core::route::{bond, bond_ad_info, bond_slave};
use std::ffi::OsStr;

pub(super) const KINDS: &[Kind] =
    &[kind("bond", "CONFIG_BONDING", &[BOND]), kind("bond_slave", "CONFIG_BONDING", &[PORT])];

const VALIDATE: &str = "none active backup all filter filter_active filter_backup";
const BOND: &[Setting] = &[
    both("mode", bond::MODE, Code(1, "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb")),
    both("active_slave", bond::ACTIVE_SLAVE, Dev).shown(NotZero),
    write("clear_active_slave", bond::ACTIVE_SLAVE, Is(4, 0)),
    both("miimon", bond::MIIMON, Num(4)),
    both("updelay", bond::UPDELAY, Num(4)),
    both("downdelay", bond::DOWNDELAY, Num(4)),
    both("peer_notify_delay", bond::PEER_NOTIF_DELAY, Num(4)),
    both("use_carrier", bond::USE_CARRIER, Num(1)),
    both("arp_interval", bond::ARP_INTERVAL, Num(4)),
    both("=arp_missed_max", bond::MISSED_MAX, Num(1)),
    write("arp_ip_target", bond::ARP_IP_TARGET, Parse(|words, attrs| targets(words, attrs, AF_INET))),
    print(|out, data| show_targets(out, data, "arp_ip_target", bond::ARP_IP_TARGET)),
    write("=ns_ip6_target", bond::NS_IP6_TARGET, Parse(|words, attrs| targets(words, attrs, AF_INET6))),
    print(|out, data| show_targets(out, data, "ns_ip6_target", bond::NS_IP6_TARGET)),
    write("arp_validate", bond::ARP_VALIDATE, Code(4, VALIDATE)),
    print(|out, data| match data.find(bond::ARP_VALIDATE).map(|v| uint(&v)) {
        Some(0) if out.is_json() => out.json("arp_validate", Json::Null),
        Some(value) => {
            let name = codes(VALIDATE).find(|c| c.1 == value).map_or("UNKNOWN", |c| c.0);
            out.field("arp_validate", name, format_args!("arp_validate {name} "));
        }
        None => {}
    }),
    both("arp_all_targets", bond::ARP_ALL_TARGETS, Code(4, "any all")),
    both("primary", bond::PRIMARY, Dev).shown(NotZero),
    both("primary_reselect", bond::PRIMARY_RESELECT, Code(1, "always better failure")),
    both("fail_over_mac", bond::FAIL_OVER_MAC, Code(1, "none active follow")),
    both("xmit_hash_policy", bond::XMIT_HASH_POLICY, Code(1, "layer2 layer3+4 layer2+3 encap2+3 encap3+4 vlan+srcmac")),
    both("resend_igmp", bond::RESEND_IGMP, Num(4)),
    both("num_grat_arp num_unsol_na", bond::NUM_PEER_NOTIF, Num(1)).json("num_peer_notif"),
    both("all_slaves_active", bond::ALL_SLAVES_ACTIVE, Num(1)),
    both("min_links", bond::MIN_LINKS, Num(4)),
    both("lp_interval", bond::LP_INTERVAL, Num(4)),
    both("packets_per_slave", bond::PACKETS_PER_SLAVE, Num(4)),
    both("=lacp_active", bond::AD_LACP_ACTIVE, Code(1, "off on")).json("ad_lacp_active"),
    both("lacp_rate", bond::AD_LACP_RATE, Code(1, "slow fast")).json("ad_lacp_rate"),
    both("ad_select", bond::AD_SELECT, Code(1, "stable bandwidth count")),
    print(show_ad_info),
    both("ad_actor_sys_prio", bond::AD_ACTOR_SYS_PRIO, Num(2)),
    both("ad_user_port_key", bond::AD_USER_PORT_KEY, Num(2)),
    both("ad_actor_system", bond::AD_ACTOR_SYSTEM, Mac),
    both("tlb_dynamic_lb", bond::TLB_DYNAMIC_LB, Num(1)),
];

const PORT: &[Setting] = &[
    read("state", bond_slave::STATE, Code(1, "ACTIVE BACKUP")),
    read("mii_status", bond_slave::MII_STATUS, Code(1, "UP GOING_DOWN DOWN GOING_BACK")),
    read("link_failure_count", bond_slave::LINK_FAILURE_COUNT, Num(4)),
    read("perm_hwaddr", bond_slave::PERM_HWADDR, Mac),
    both("queue_id", bond_slave::QUEUE_ID, Num(2)),
    both("=prio", bond_slave::PRIO, Int),
    read("ad_aggregator_id", bond_slave::AD_AGGREGATOR_ID, Num(2)),
    read("ad_actor_oper_port_state", bond_slave::AD_ACTOR_OPER_PORT_STATE, Num(1)),
    print(|out, data| lacp(out, data, "ad_actor_oper_port_state_str", bond_slave::AD_ACTOR_OPER_PORT_STATE)),
    read("ad_partner_oper_port_state", bond_slave::AD_PARTNER_OPER_PORT_STATE, Num(1)),
    print(|out, data| lacp(out, data, "ad_partner_oper_port_state_str", bond_slave::AD_PARTNER_OPER_PORT_STATE)),
];

/// Most addresses to probe.
const TARGETS: usize = 16;

/// Addresses between commas, if any: attributes by position.
fn targets(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>, family: u8) -> Parsed<()> {
    let kind = if family == AF_INET { bond::ARP_IP_TARGET } else { bond::NS_IP6_TARGET };
    let list = words.next().and_then(OsStr::to_str).unwrap_or_default();
    let mut nest = Vec::new();
    for (at, target) in (0..).zip(list.split(',').filter(|t| !t.is_empty()).take(TARGETS)) {
        let target = [target.into()];
        let addr = Words::new(&target).like_ip(words.is_ip()).address("an address to probe", Some(family));
        let addr = addr.map_err(|e| e.at(words.at().saturating_sub(1)))?;
        nest.push((at, Bytes::Plain(super::parse::octets(addr))));
    }
    attrs.push((kind, Value::Bytes(Bytes::Nest(nest))));
    Ok(())
}

fn show_targets(out: &mut Out, data: &Attrs<'_>, key: &str, kind: u16) {
    let Some(list) = data.find(kind).map(|a| a.attrs()).filter(|l| l.find(0).is_some()) else { return };
    let addrs: Vec<String> = list.map_while(Result::ok).map(|a| Addr(a.bytes()).to_string()).collect();
    out.list(key, |out| addrs.iter().for_each(|a| out.json("", a)));
    out.text(format_args!("{key} {} ", addrs.join(",")));
}

fn show_ad_info(out: &mut Out, data: &Attrs<'_>) {
    let Some(info) = data.find(bond::AD_INFO).map(|a| a.attrs()) else { return };
    out.object("ad_info", |out| {
        for (key, kind) in ["aggregator", "num_ports", "actor_key", "partner_key"].into_iter().zip(1..) {
            if let Some(value) = info.find(kind).and_then(|a| a.u16().ok()) {
                out.field(key, value, format_args!("ad_{key} {value} "));
            }
        }
        if let Some(mac) = info.find(bond_ad_info::PARTNER_MAC) {
            let text = Lladdr(mac.bytes()).to_string();
            out.field("partner_mac", &text, format_args!("ad_partner_mac {text} "));
        }
    });
}

/// State of LACP, by its bits.
fn lacp(out: &mut Out, data: &Attrs<'_>, key: &str, kind: u16) {
    const NAMES: &str = "active=1 short_timeout=2 aggregating=4 in_sync=8 collecting=16 distributing=32 defaulted=64 \
                         expired=128";
    if let Some(state) = data.find(kind).map(|a| uint(&a)) {
        out.text(format_args!("{key} "));
        flag_list(out, key, state & 0xff, NAMES);
    }
}

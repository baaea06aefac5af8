//! The route family (`NETLINK_ROUTE`, rtnetlink(7)): links, addresses, routes, rules, neighbours
//! and namespace ids. One file a family of objects: fixed header, attributes, typed view.
//!
//! ```text
//! nlmsghdr │ fixed header of the object │ attributes …
//!            link  ifinfomsg    16   ifla     route/link.rs, the kinds of devices route/kinds.rs
//!            addr  ifaddrmsg     8   ifa      route/addr.rs
//!            route rtmsg        12   rta      route/route.rs, lightweight tunnels route/lwtunnel.rs
//!            rule  fib_rule_hdr 12   fra      route/rule.rs
//!            neigh ndmsg        12   nda      route/neigh.rs
//!            nsid  rtgenmsg   1 + 3  netnsa   route/nsid.rs
//!            mdb   br_port_msg  8    mdba     route/bridges.rs, a bridge's VLANs too
//! ```
//!
//! Integers are in host byte order; what is not (ports, VLAN protocols, addresses) says so.

mod addr;
mod bridges;
mod kinds;
mod link;
mod lwtunnel;
mod neigh;
mod netconf;
mod nexthop;
mod nsid;
mod prefix;
#[expect(clippy::module_inception, reason = "the object is called a route too")]
mod route;
mod rule;
mod vfs;

pub use addr::*;
pub use bridges::*;
pub use kinds::*;
pub use link::*;
pub use lwtunnel::*;
pub use neigh::*;
pub use netconf::*;
pub use nexthop::*;
pub use nsid::*;
pub use prefix::*;
pub use route::*;
pub use rule::*;
pub use vfs::*;

use crate::spec::{CodeSpec, codes, messages};

messages! {
    /// All of the route family that is described here. Traffic control is not.
    pub const FAMILY: Family("NETLINK_ROUTE", 0) {
        RTM_NEWLINK = 16, IfInfoMsg, ifla, "Make or change a link; a link.";
        RTM_DELLINK = 17, IfInfoMsg, ifla, "Delete a link, or a whole group.";
        RTM_GETLINK = 18, IfInfoMsg, ifla, "Get links.";
        RTM_SETLINK = 19, IfInfoMsg, ifla, "Change a link; also moves it to another namespace.";
        RTM_NEWADDR = 20, IfAddrMsg, ifa, "Add an address; an address.";
        RTM_DELADDR = 21, IfAddrMsg, ifa, "Delete an address.";
        RTM_GETADDR = 22, IfAddrMsg, ifa, "Get addresses.";
        RTM_NEWROUTE = 24, RtMsg, rta, "Make or change a route; a route.";
        RTM_DELROUTE = 25, RtMsg, rta, "Delete a route.";
        RTM_GETROUTE = 26, RtMsg, rta, "Get routes, or what a destination would be routed by.";
        RTM_NEWNEIGH = 28, NdMsg, nda, "Add or change a neighbour; a neighbour.";
        RTM_DELNEIGH = 29, NdMsg, nda, "Delete a neighbour.";
        RTM_GETNEIGH = 30, NdMsg, nda, "Get neighbours; from the kernel, a request to resolve one.";
        RTM_NEWRULE = 32, FibRuleHdr, fra, "Add a routing rule; a rule.";
        RTM_DELRULE = 33, FibRuleHdr, fra, "Delete a rule.";
        RTM_GETRULE = 34, FibRuleHdr, fra, "Get rules.";
        RTM_NEWPREFIX = 52, PrefixMsg, prefixa, "A prefix that an IPv6 router announced.";
        RTM_NEWMULTICAST = 56, IfAddrMsg, ifa, "A multicast address was joined.";
        RTM_DELMULTICAST = 57, IfAddrMsg, ifa, "A multicast address was left.";
        RTM_GETMULTICAST = 58, IfAddrMsg, ifa, "Get multicast addresses.";
        RTM_NEWANYCAST = 60, IfAddrMsg, ifa, "An anycast address was joined.";
        RTM_DELANYCAST = 61, IfAddrMsg, ifa, "An anycast address was left.";
        RTM_GETANYCAST = 62, IfAddrMsg, ifa, "Get anycast addresses.";
        RTM_NEWNEIGHTBL = 64, NdtMsg, ndta, "A table of neighbours, or a link's settings in it.";
        RTM_GETNEIGHTBL = 66, NdtMsg, ndta, "Get the tables of neighbours.";
        RTM_SETNEIGHTBL = 67, NdtMsg, ndta, "Change a table of neighbours.";
        RTM_NEWNETCONF = 80, NetConfMsg, netconfa, "A link's forwarding settings.";
        RTM_DELNETCONF = 81, NetConfMsg, netconfa, "A link's forwarding settings are gone.";
        RTM_GETNETCONF = 82, NetConfMsg, netconfa, "Get forwarding settings.";
        RTM_NEWMDB = 84, BrPortMsg, mdba_set, "Make or change a multicast group of a bridge; groups ([`mdba`]).";
        RTM_DELMDB = 85, BrPortMsg, mdba_set, "Delete a multicast group, or many; groups ([`mdba`]).";
        RTM_GETMDB = 86, BrPortMsg, mdba_get, "Get multicast groups, or one.";
        RTM_NEWNSID = 88, RtGenMsg, netnsa, "Give a namespace an id; an id.";
        RTM_DELNSID = 89, RtGenMsg, netnsa, "A namespace that had an id is gone.";
        RTM_GETNSID = 90, RtGenMsg, netnsa, "Get the id of a namespace, or all ids.";
        RTM_NEWSTATS = 92, IfStatsMsg, ifla_stats, "A link's statistics.";
        RTM_GETSTATS = 94, IfStatsMsg, ifla_stats_getset, "Get statistics.";
        RTM_SETSTATS = 95, IfStatsMsg, ifla_stats_getset, "Switch statistics on or off.";
        RTM_NEWNEXTHOP = 104, NhMsg, nha, "Make or change a next hop object; a next hop.";
        RTM_DELNEXTHOP = 105, NhMsg, nha, "Delete a next hop object.";
        RTM_GETNEXTHOP = 106, NhMsg, nha, "Get next hop objects.";
        RTM_NEWLINKPROP = 108, IfInfoMsg, ifla, "Give a link alternative names.";
        RTM_DELLINKPROP = 109, IfInfoMsg, ifla, "Take alternative names away.";
        RTM_NEWVLAN = 112, BrVlanMsg, vlandb, "Change a VLAN's settings at a bridge; a bridge's VLANs.";
        RTM_DELVLAN = 113, BrVlanMsg, vlandb, "A VLAN of a bridge is gone.";
        RTM_GETVLAN = 114, BrVlanMsg, vlandb_dump, "Get the VLANs of bridges.";
        RTM_GETNEXTHOPBUCKET = 118, NhMsg, nha, "Get a bucket of a resilient next hop group.";
        RTM_NEWNEXTHOPBUCKET = 116, NhMsg, nha, "A bucket of a resilient next hop group.";
        RTM_DELNEXTHOPBUCKET = 117, NhMsg, nha, "A bucket is gone.";
    }
}

/// Groups of numbers that no header or attribute above points to, for checks.
pub const CODES: &[&CodeSpec] = &[
    &rtnlgrp::SPEC,
    &rtext_filter::SPEC,
    &macvlan_macaddr_mode::SPEC,
    &br_boolopt::SPEC,
    &CacheFlags::SPEC,
    &BridgeFlags::SPEC,
    &bridge_mode::SPEC,
];

codes! {
    /// Address families (`AF_*`), those of netlink's own included.
    pub mod af(u8, "AF_", "sys/socket.h") {
        UNSPEC = 0, "None in particular.";
        INET = 2, "IPv4.";
        BRIDGE = 7, "Bridges: forwarding database, ports, VLANs.";
        INET6 = 10, "IPv6.";
        PACKET = 17, "Packets, link-layer addresses.";
        MPLS = 28, "MPLS.";
        MCTP = 45, "Management component transport.";
        IPMR as "RTNL_FAMILY_IPMR" = 128, "IPv4 multicast routing.";
        IP6MR as "RTNL_FAMILY_IP6MR" = 129, "IPv6 multicast routing.";
    }
}

codes! {
    /// Multicast groups: what a monitor joins (`enum rtnetlink_groups`).
    pub mod rtnlgrp(u32, "RTNLGRP_", "linux/rtnetlink.h") {
        LINK = 1, "Links.";
        NOTIFY = 2, "Unused.";
        NEIGH = 3, "Neighbours.";
        TC = 4, "Traffic control.";
        IPV4_IFADDR = 5, "IPv4 addresses.";
        IPV4_MROUTE = 6, "IPv4 multicast routes.";
        IPV4_ROUTE = 7, "IPv4 routes.";
        IPV4_RULE = 8, "IPv4 rules.";
        IPV6_IFADDR = 9, "IPv6 addresses.";
        IPV6_MROUTE = 10, "IPv6 multicast routes.";
        IPV6_ROUTE = 11, "IPv6 routes.";
        IPV6_IFINFO = 12, "IPv6's share of links.";
        IPV6_PREFIX = 18, "Prefixes learned from IPv6 routers.";
        IPV6_RULE = 19, "IPv6 rules.";
        ND_USEROPT = 20, "Neighbour discovery options for user space.";
        DCB = 23, "Data centre bridging.";
        IPV4_NETCONF = 24, "IPv4 forwarding settings.";
        IPV6_NETCONF = 25, "IPv6 forwarding settings.";
        MDB = 26, "Bridge multicast database.";
        MPLS_ROUTE = 27, "MPLS routes.";
        NSID = 28, "Namespace ids.";
        MPLS_NETCONF = 29, "MPLS forwarding settings.";
        IPV4_MROUTE_R = 30, "IPv4 multicast packets for user space.";
        IPV6_MROUTE_R = 31, "IPv6 multicast packets for user space.";
        NEXTHOP = 32, "Next hop objects.";
        BRVLAN = 33, "Bridge VLANs.";
        MCTP_IFADDR = 34, "MCTP addresses.";
        TUNNEL = 35, "VXLAN's VNI filter.";
        STATS = 36, "Statistics switched on or off.";
        IPV4_MCADDR = 37, "IPv4 multicast addresses.";
        IPV6_MCADDR = 38, "IPv6 multicast addresses.";
        IPV6_ACADDR = 39, "IPv6 anycast addresses.";
    }
}

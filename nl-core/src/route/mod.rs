//! The route family (`NETLINK_ROUTE`, rtnetlink(7)): links, addresses, routes, rules, neighbours
//! and namespace ids. One file a family of objects: fixed header, attributes, typed view.
//!
//! ```text
//! nlmsghdr │ fixed header of the object │ attributes …
//!            link  ifinfomsg    16   ifla     route/link.rs, the kinds of devices route/kinds.rs
//!            addr  ifaddrmsg     8   ifa      route/addr.rs
//!            route rtmsg        12   rta      route/route.rs
//!            rule  fib_rule_hdr 12   fra      route/rule.rs
//!            neigh ndmsg        12   nda      route/neigh.rs
//!            nsid  rtgenmsg   1 + 3  netnsa   route/nsid.rs
//! ```
//!
//! Integers are in host byte order; what is not (ports, VLAN protocols, addresses) says so.

mod addr;
mod kinds;
mod link;
mod neigh;
mod netconf;
mod nexthop;
mod nsid;
#[expect(clippy::module_inception, reason = "the object is called a route too")]
mod route;
mod rule;

pub use addr::*;
pub use kinds::*;
pub use link::*;
pub use neigh::*;
pub use netconf::*;
pub use nexthop::*;
pub use nsid::*;
pub use route::*;
pub use rule::*;

use crate::spec::{CodeSpec, codes, messages};

messages! {
    /// All of the route family that is described here. Traffic control and the bridge's own
    /// tables are not.
    pub const FAMILY: Family("NETLINK_ROUTE", 0) {
        /// Make or change a link; a link.
        RTM_NEWLINK = 16, IfInfoMsg, ifla::SPEC;
        /// Delete a link, or with `IFLA_GROUP` all of a group.
        RTM_DELLINK = 17, IfInfoMsg, ifla::SPEC;
        /// Get links.
        RTM_GETLINK = 18, IfInfoMsg, ifla::SPEC;
        /// Change a link; also moves it to another namespace.
        RTM_SETLINK = 19, IfInfoMsg, ifla::SPEC;
        /// Add an address; an address.
        RTM_NEWADDR = 20, IfAddrMsg, ifa::SPEC;
        /// Delete an address.
        RTM_DELADDR = 21, IfAddrMsg, ifa::SPEC;
        /// Get addresses.
        RTM_GETADDR = 22, IfAddrMsg, ifa::SPEC;
        /// Make or change a route; a route.
        RTM_NEWROUTE = 24, RtMsg, rta::SPEC;
        /// Delete a route.
        RTM_DELROUTE = 25, RtMsg, rta::SPEC;
        /// Get routes, or what a destination would be routed by.
        RTM_GETROUTE = 26, RtMsg, rta::SPEC;
        /// Add or change a neighbour; a neighbour.
        RTM_NEWNEIGH = 28, NdMsg, nda::SPEC;
        /// Delete a neighbour.
        RTM_DELNEIGH = 29, NdMsg, nda::SPEC;
        /// Get neighbours; from the kernel, a request to resolve one.
        RTM_GETNEIGH = 30, NdMsg, nda::SPEC;
        /// Add a routing rule; a rule.
        RTM_NEWRULE = 32, FibRuleHdr, fra::SPEC;
        /// Delete a rule.
        RTM_DELRULE = 33, FibRuleHdr, fra::SPEC;
        /// Get rules.
        RTM_GETRULE = 34, FibRuleHdr, fra::SPEC;
        /// A multicast address was joined.
        RTM_NEWMULTICAST = 56, IfAddrMsg, ifa::SPEC;
        /// A multicast address was left.
        RTM_DELMULTICAST = 57, IfAddrMsg, ifa::SPEC;
        /// Get multicast addresses.
        RTM_GETMULTICAST = 58, IfAddrMsg, ifa::SPEC;
        /// An anycast address was joined.
        RTM_NEWANYCAST = 60, IfAddrMsg, ifa::SPEC;
        /// An anycast address was left.
        RTM_DELANYCAST = 61, IfAddrMsg, ifa::SPEC;
        /// Get anycast addresses.
        RTM_GETANYCAST = 62, IfAddrMsg, ifa::SPEC;
        /// A table of neighbours, or a link's settings in it.
        RTM_NEWNEIGHTBL = 64, NdtMsg, ndta::SPEC;
        /// Get the tables of neighbours.
        RTM_GETNEIGHTBL = 66, NdtMsg, ndta::SPEC;
        /// Change a table of neighbours.
        RTM_SETNEIGHTBL = 67, NdtMsg, ndta::SPEC;
        /// A link's forwarding settings.
        RTM_NEWNETCONF = 80, NetConfMsg, netconfa::SPEC;
        /// A link's forwarding settings are gone.
        RTM_DELNETCONF = 81, NetConfMsg, netconfa::SPEC;
        /// Get forwarding settings.
        RTM_GETNETCONF = 82, NetConfMsg, netconfa::SPEC;
        /// Give a namespace an id; an id.
        RTM_NEWNSID = 88, RtGenMsg, netnsa::SPEC;
        /// A namespace that had an id is gone.
        RTM_DELNSID = 89, RtGenMsg, netnsa::SPEC;
        /// Get the id of a namespace, or all ids.
        RTM_GETNSID = 90, RtGenMsg, netnsa::SPEC;
        /// A link's statistics.
        RTM_NEWSTATS = 92, IfStatsMsg, ifla_stats::SPEC;
        /// Get statistics.
        RTM_GETSTATS = 94, IfStatsMsg, ifla_stats_getset::SPEC;
        /// Switch the collection of statistics on or off.
        RTM_SETSTATS = 95, IfStatsMsg, ifla_stats_getset::SPEC;
        /// Make or change a next hop object; a next hop.
        RTM_NEWNEXTHOP = 104, NhMsg, nha::SPEC;
        /// Delete a next hop object.
        RTM_DELNEXTHOP = 105, NhMsg, nha::SPEC;
        /// Get next hop objects.
        RTM_GETNEXTHOP = 106, NhMsg, nha::SPEC;
        /// Give a link alternative names.
        RTM_NEWLINKPROP = 108, IfInfoMsg, ifla::SPEC;
        /// Take alternative names away.
        RTM_DELLINKPROP = 109, IfInfoMsg, ifla::SPEC;
        /// Get a bucket of a resilient next hop group.
        RTM_GETNEXTHOPBUCKET = 118, NhMsg, nha::SPEC;
        /// A bucket of a resilient next hop group.
        RTM_NEWNEXTHOPBUCKET = 116, NhMsg, nha::SPEC;
        /// A bucket is gone.
        RTM_DELNEXTHOPBUCKET = 117, NhMsg, nha::SPEC;
    }
}

/// Groups of numbers that no header or attribute above points to, for checks.
pub const CODES: &[&CodeSpec] =
    &[&rtnlgrp::SPEC, &rtext_filter::SPEC, &macvlan_macaddr_mode::SPEC, &br_boolopt::SPEC];

codes! {
    /// Address families (`AF_*`), those of netlink's own included.
    pub mod af(u8, "AF_", "sys/socket.h") {
        /// None in particular.
        UNSPEC = 0;
        /// IPv4.
        INET = 2;
        /// Bridges: forwarding database, ports, VLANs.
        BRIDGE = 7;
        /// IPv6.
        INET6 = 10;
        /// Packets, link-layer addresses.
        PACKET = 17;
        /// MPLS.
        MPLS = 28;
        /// Management component transport.
        MCTP = 45;
        /// IPv4 multicast routing.
        IPMR as "RTNL_FAMILY_IPMR" = 128;
        /// IPv6 multicast routing.
        IP6MR as "RTNL_FAMILY_IP6MR" = 129;
    }
}

codes! {
    /// Multicast groups: what a monitor joins (`enum rtnetlink_groups`).
    pub mod rtnlgrp(u32, "RTNLGRP_", "linux/rtnetlink.h") {
        /// Links.
        LINK = 1;
        /// Unused.
        NOTIFY = 2;
        /// Neighbours.
        NEIGH = 3;
        /// Traffic control.
        TC = 4;
        /// IPv4 addresses.
        IPV4_IFADDR = 5;
        /// IPv4 multicast routes.
        IPV4_MROUTE = 6;
        /// IPv4 routes.
        IPV4_ROUTE = 7;
        /// IPv4 rules.
        IPV4_RULE = 8;
        /// IPv6 addresses.
        IPV6_IFADDR = 9;
        /// IPv6 multicast routes.
        IPV6_MROUTE = 10;
        /// IPv6 routes.
        IPV6_ROUTE = 11;
        /// IPv6's share of links.
        IPV6_IFINFO = 12;
        /// Prefixes learned from IPv6 routers.
        IPV6_PREFIX = 18;
        /// IPv6 rules.
        IPV6_RULE = 19;
        /// Neighbour discovery options for user space.
        ND_USEROPT = 20;
        /// Data centre bridging.
        DCB = 23;
        /// IPv4 forwarding settings.
        IPV4_NETCONF = 24;
        /// IPv6 forwarding settings.
        IPV6_NETCONF = 25;
        /// Bridge multicast database.
        MDB = 26;
        /// MPLS routes.
        MPLS_ROUTE = 27;
        /// Namespace ids.
        NSID = 28;
        /// MPLS forwarding settings.
        MPLS_NETCONF = 29;
        /// IPv4 multicast packets for user space.
        IPV4_MROUTE_R = 30;
        /// IPv6 multicast packets for user space.
        IPV6_MROUTE_R = 31;
        /// Next hop objects.
        NEXTHOP = 32;
        /// Bridge VLANs.
        BRVLAN = 33;
        /// MCTP addresses.
        MCTP_IFADDR = 34;
        /// VXLAN's VNI filter.
        TUNNEL = 35;
        /// Statistics switched on or off.
        STATS = 36;
        /// IPv4 multicast addresses.
        IPV4_MCADDR = 37;
        /// IPv6 multicast addresses.
        IPV6_MCADDR = 38;
        /// IPv6 anycast addresses.
        IPV6_ACADDR = 39;
    }
}

//! Forwarding settings of links: `RTM_*NETCONF`.

use super::af;
use crate::spec::{Shape, attrs, view, wire};

wire! {
    /// The fixed header of forwarding settings, `struct netconfmsg` (linux/netconf.h).
    pub struct NetConfMsg("netconfmsg", "linux/netconf.h") {
        /// Address family.
        family: u8 = "ncm_family" => Shape::Code(&af::SPEC),
    }
}

attrs! {
    /// Forwarding settings; each an `i32`, 0 or 1 unless said otherwise.
    pub mod netconfa("NETCONFA_", "linux/netconf.h") {
        IFINDEX = 1, Int, "Interface index; -1: all, -2: the default of new ones.";
        FORWARDING = 2, Int, "Packets are forwarded.";
        RP_FILTER = 3, Int, "Reverse path filter: 0, 1 strict, 2 loose.";
        MC_FORWARDING = 4, Int, "Multicast packets are forwarded.";
        PROXY_NEIGH = 5, Int, "Answers for neighbours.";
        IGNORE_ROUTES_WITH_LINKDOWN = 6, Int, "Routes over links without carrier do not count.";
        INPUT = 7, Int, "MPLS packets are taken.";
        BC_FORWARDING = 8, Int, "Directed broadcasts are forwarded.";
        FORCE_FORWARDING = 9, Int, "IPv6 packets are forwarded whatever the other settings.";
    }
}

view! {
    /// Forwarding settings, as `RTM_NEWNETCONF` carries them.
    pub struct NetConf(NetConfMsg, netconfa, "NETCONFA_") {
        ifindex: i32 = i32(IFINDEX);
        forwarding: i32 = i32(FORWARDING);
        rp_filter: i32 = i32(RP_FILTER);
        mc_forwarding: i32 = i32(MC_FORWARDING);
        proxy_neigh: i32 = i32(PROXY_NEIGH);
        ignore_routes_with_linkdown: i32 = i32(IGNORE_ROUTES_WITH_LINKDOWN);
    }
}

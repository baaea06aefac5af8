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
        /// Interface index; -1: all, -2: the default of new ones.
        IFINDEX = 1, Int;
        /// Packets are forwarded.
        FORWARDING = 2, Int;
        /// Reverse path filter: 0, 1 strict, 2 loose.
        RP_FILTER = 3, Int;
        /// Multicast packets are forwarded.
        MC_FORWARDING = 4, Int;
        /// Answers for neighbours.
        PROXY_NEIGH = 5, Int;
        /// Routes over links without carrier do not count.
        IGNORE_ROUTES_WITH_LINKDOWN = 6, Int;
        /// MPLS packets are taken.
        INPUT = 7, Int;
        /// Directed broadcasts are forwarded.
        BC_FORWARDING = 8, Int;
        /// IPv6 packets are forwarded whatever the other settings.
        FORCE_FORWARDING = 9, Int;
    }
}

view! {
    /// Forwarding settings, as `RTM_NEWNETCONF` carries them.
    pub struct NetConf(NetConfMsg, netconfa, "NETCONFA_", 9) {
        /// Interface index; -1: all, -2: the default of new ones.
        ifindex: i32 = i32(IFINDEX);
        /// Whether packets are forwarded.
        forwarding: i32 = i32(FORWARDING);
        /// Reverse path filter.
        rp_filter: i32 = i32(RP_FILTER);
        /// Whether multicast packets are forwarded.
        mc_forwarding: i32 = i32(MC_FORWARDING);
        /// Whether it answers for neighbours.
        proxy_neigh: i32 = i32(PROXY_NEIGH);
        /// Whether routes over links without carrier do not count.
        ignore_routes_with_linkdown: i32 = i32(IGNORE_ROUTES_WITH_LINKDOWN);
    }
}

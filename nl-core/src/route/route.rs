//! Routes: `RTM_*ROUTE`.

use crate::spec::{attrs, view, wire};
use crate::wire::U32;

/// Make or change a route (`RTM_NEWROUTE`).
pub const RTM_NEWROUTE: u16 = 24;

wire! {
    /// The fixed header of a route, `struct rtmsg` (linux/rtnetlink.h).
    pub struct RtMsg("rtmsg", "linux/rtnetlink.h") {
        /// Address family.
        family: u8 = "rtm_family",
        /// Length of the destination prefix, in bits.
        dst_len: u8 = "rtm_dst_len",
        /// Length of the source prefix, in bits.
        src_len: u8 = "rtm_src_len",
        /// Type of service.
        tos: u8 = "rtm_tos",
        /// Routing table, `RT_TABLE_COMPAT` where it is over 255.
        table: u8 = "rtm_table",
        /// Who made it (`RTPROT_*`).
        protocol: u8 = "rtm_protocol",
        /// How far it reaches (`RT_SCOPE_*`).
        scope: u8 = "rtm_scope",
        /// What it does (`RTN_*`).
        kind: u8 = "rtm_type",
        /// `RTM_F_*` and `RTNH_F_*`.
        flags: U32 = "rtm_flags",
    }
}

attrs! {
    /// Attributes of a route (`enum rtattr_type_t`).
    pub mod rta("RTA_", "linux/rtnetlink.h") {
        /// Destination.
        DST = 1, Ip;
        /// Interface index out of which it leads.
        OIF = 4, Uint;
        /// Next hop.
        GATEWAY = 5, Ip;
        /// Metric: the lowest wins.
        PRIORITY = 6, Uint;
    }
}

view! {
    /// A route, as `RTM_NEWROUTE` and `RTM_DELROUTE` carry it.
    pub struct Route(RtMsg, rta, "RTA_") {
        /// Destination: 4 or 16 bytes.
        dst: &'a [u8] = bytes(DST);
        /// Next hop: 4 or 16 bytes.
        gateway: &'a [u8] = bytes(GATEWAY);
        /// Interface index.
        oif: u32 = u32(OIF);
        /// Metric.
        priority: u32 = u32(PRIORITY);
    }
}

//! Routes: `RTM_*ROUTE`.
//!
//! ```text
//! 0       1        2        3    4      5         6      7     8       12
//! │family │dst_len │src_len │tos │table │protocol │scope │type │ flags │ RTA_*
//!
//! RTA_MULTIPATH, one hop behind the other:
//! 0       2      3     4         8
//! │length │flags │hops │ ifindex │ RTA_GATEWAY, RTA_ENCAP, … │ the next hop …
//! ```

use super::{ENCAP_KINDS, af};
use crate::decode::{Attr, Attrs};
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{ATTR_HDRLEN, I32, U16, U32, U64, align4};
use zerocopy::FromBytes;

wire! {
    /// The fixed header of a route, `struct rtmsg` (linux/rtnetlink.h).
    pub struct RtMsg("rtmsg", "linux/rtnetlink.h") {
        /// Address family.
        family: u8 = "rtm_family" => Shape::Code(&af::SPEC),
        /// Length of the destination prefix, in bits.
        dst_len: u8 = "rtm_dst_len",
        /// Length of the source prefix, in bits.
        src_len: u8 = "rtm_src_len",
        /// Type of service.
        tos: u8 = "rtm_tos",
        /// Routing table, [`rt_table::COMPAT`] where it is over 255; see [`Route::table`].
        table: u8 = "rtm_table" => Shape::Code(&rt_table::SPEC),
        /// Who made it ([`rtprot`]).
        protocol: u8 = "rtm_protocol" => Shape::Code(&rtprot::SPEC),
        /// How far it reaches ([`rt_scope`]).
        scope: u8 = "rtm_scope" => Shape::Code(&rt_scope::SPEC),
        /// What it does ([`rtn`]).
        kind: u8 = "rtm_type" => Shape::Code(&rtn::SPEC),
        /// Bits of [`RouteFlags`].
        flags: U32 = "rtm_flags" => Shape::Bits(&RouteFlags::SPEC),
    }
}

attrs! {
    /// Attributes of a route (`enum rtattr_type_t`).
    pub mod rta("RTA_", "linux/rtnetlink.h") {
        DST = 1, Ip, "Destination.";
        SRC = 2, Ip, "Source.";
        IIF = 3, Uint, "Interface index the packet came in by.";
        OIF = 4, Uint, "Interface index out of which it leads.";
        GATEWAY = 5, Ip, "Next hop.";
        PRIORITY = 6, Uint, "Metric: the lowest wins.";
        PREFSRC = 7, Ip, "Source address to prefer.";
        METRICS = 8, Nest(&super::rtax::SPEC), "What TCP is told about the path.";
        MULTIPATH = 9, NextHops(&SPEC), "Several next hops.";
        PROTOINFO = 10, Bytes, "No longer used.";
        FLOW = 11, Uint, "Realms: from in the upper half, to in the lower.";
        CACHEINFO = 12, Struct(super::RtaCacheInfo::SPEC), "Age and use.";
        SESSION = 13, Bytes, "No longer used.";
        MP_ALGO = 14, Bytes, "No longer used.";
        TABLE = 15, Code(&super::rt_table::SPEC), "Routing table.";
        MARK = 16, Uint, "Firewall mark.";
        MFC_STATS = 17, Struct(super::RtaMfcStats::SPEC), "Packets of a multicast route.";
        /// Next hop of another address family: [`super::RtVia`], then the address.
        VIA = 18, Struct(super::RtVia::SPEC);
        NEWDST = 19, Bytes, "MPLS: the labels to send with.";
        PREF = 20, Uint, "Preference of a router (RFC 4191).";
        ENCAP_TYPE = 21, Code(&crate::route::lwtunnel_encap::SPEC), "Kind of lightweight tunnel.";
        ENCAP = 22, ByCode(ENCAP_TYPE, &super::ENCAP_KINDS), "Settings of the lightweight tunnel.";
        EXPIRES = 23, Uint, "Seconds until it expires.";
        PAD = 24, Bytes, "Padding.";
        UID = 25, Uint, "User id to look up for.";
        TTL_PROPAGATE = 26, Uint, "MPLS: whether the TTL is copied.";
        IP_PROTO = 27, Uint, "IP protocol to look up for.";
        SPORT = 28, Be, "Source port to look up for, in network byte order.";
        DPORT = 29, Be, "Destination port to look up for, in network byte order.";
        NH_ID = 30, Uint, "Id of a next hop object.";
        FLOWLABEL = 31, Be, "IPv6 flow label to look up for, in network byte order.";
        DEL_REASON = 32, Uint, "Why it was deleted.";
    }
}

attrs! {
    /// What TCP is told about a path, in `RTA_METRICS`.
    pub mod rtax("RTAX_", "linux/rtnetlink.h") {
        LOCK = 1, Uint, "Which of these do not change: bit n for number n.";
        MTU = 2, Uint, "Largest packet, in bytes.";
        WINDOW = 3, Uint, "Largest window to advertise, in bytes.";
        RTT = 4, Uint, "Round trip time, in 1/8 ms.";
        RTTVAR = 5, Uint, "Variance of the round trip time, in 1/4 ms.";
        SSTHRESH = 6, Uint, "Slow start threshold, in packets.";
        CWND = 7, Uint, "Largest congestion window, in packets.";
        ADVMSS = 8, Uint, "Segment size to advertise, in bytes.";
        REORDERING = 9, Uint, "Largest reordering, in packets.";
        HOPLIMIT = 10, Uint, "Hop limit.";
        INITCWND = 11, Uint, "First congestion window, in packets.";
        FEATURES = 12, Bits(&super::RouteFeatures::SPEC), "Bits of `RTAX_FEATURE_*`.";
        RTO_MIN = 13, Uint, "Shortest retransmission timeout, in ms.";
        INITRWND = 14, Uint, "First window to advertise, in packets.";
        QUICKACK = 15, Uint, "Acknowledge at once.";
        CC_ALGO = 16, Str, "Congestion control algorithm.";
        FASTOPEN_NO_COOKIE = 17, Uint, "Fast open needs no cookie.";
    }
}

wire! {
    /// The head of a hop of `RTA_MULTIPATH`, `struct rtnexthop` (linux/rtnetlink.h).
    pub struct RtNextHop("rtnexthop", "linux/rtnetlink.h") {
        /// Length in bytes, this head included.
        len: U16 = "rtnh_len",
        /// The lower 8 bits of [`RouteFlags`].
        flags: u8 = "rtnh_flags" => Shape::Bits(&RouteFlags::SPEC),
        /// Weight less one.
        hops: u8 = "rtnh_hops",
        /// Interface index.
        index: I32 = "rtnh_ifindex",
    }
}

wire! {
    /// The head of `RTA_VIA`, `struct rtvia` (linux/rtnetlink.h); the address follows.
    pub struct RtVia("rtvia", "linux/rtnetlink.h") {
        /// Address family.
        family: U16 = "rtvia_family" => Shape::Code(&af::SPEC),
    }
}

wire! {
    /// Age and use of a route, `struct rta_cacheinfo` (linux/rtnetlink.h).
    pub struct RtaCacheInfo("rta_cacheinfo", "linux/rtnetlink.h") {
        /// References to it.
        clntref: U32 = "rta_clntref",
        /// Since it was used, in 1/100 s.
        last_use: U32 = "rta_lastuse",
        /// Until it expires, in 1/100 s; 0: never.
        expires: I32 = "rta_expires",
        /// The error it gives, a negative errno.
        error: U32 = "rta_error",
        /// Times it was used.
        used: U32 = "rta_used",
        /// Unused, 0.
        id: U32 = "rta_id",
        /// Unused, 0.
        ts: U32 = "rta_ts",
        /// Unused, 0.
        ts_age: U32 = "rta_tsage",
    }
}

wire! {
    /// Packets of a multicast route, `struct rta_mfc_stats` (linux/rtnetlink.h).
    pub struct RtaMfcStats("rta_mfc_stats", "linux/rtnetlink.h") {
        /// Packets forwarded.
        packets: U64 = "mfcs_packets",
        /// Bytes forwarded.
        bytes: U64 = "mfcs_bytes",
        /// Packets that came in by the wrong interface.
        wrong_if: U64 = "mfcs_wrong_if",
    }
}

codes! {
    /// What a route does (`rtm_type`).
    pub mod rtn(u8, "RTN_", "linux/rtnetlink.h") {
        UNSPEC = 0, "Not said.";
        UNICAST = 1, "Leads to a gateway or a link.";
        LOCAL = 2, "Is an address of this host.";
        BROADCAST = 3, "Taken, and sent, as broadcast.";
        ANYCAST = 4, "Taken as broadcast, sent as unicast.";
        MULTICAST = 5, "Multicast.";
        BLACKHOLE = 6, "Drops.";
        UNREACHABLE = 7, "Fails with EHOSTUNREACH.";
        PROHIBIT = 8, "Fails with EACCES.";
        THROW = 9, "Goes on with the next rule.";
        NAT = 10, "No longer used.";
        XRESOLVE = 11, "No longer used.";
    }
}

codes! {
    /// Who made a route or a rule (`rtm_protocol`). The kernel looks at the first five only.
    pub mod rtprot(u8, "RTPROT_", "linux/rtnetlink.h") {
        UNSPEC = 0, "Not said.";
        REDIRECT = 1, "An ICMP redirect.";
        KERNEL = 2, "The kernel.";
        BOOT = 3, "At boot.";
        STATIC = 4, "By hand.";
        GATED = 8, "GateD.";
        RA = 9, "Router advertisements.";
        MRT = 10, "Merit MRT.";
        ZEBRA = 11, "Zebra.";
        BIRD = 12, "BIRD.";
        DNROUTED = 13, "DECnet.";
        XORP = 14, "XORP.";
        NTK = 15, "Netsukuku.";
        DHCP = 16, "A DHCP client.";
        MROUTED = 17, "A multicast daemon.";
        KEEPALIVED = 18, "Keepalived.";
        BABEL = 42, "Babel.";
        OVN = 84, "OVN.";
        OPENR = 99, "Open/R.";
        BGP = 186, "BGP.";
        ISIS = 187, "IS-IS.";
        OSPF = 188, "OSPF.";
        RIP = 189, "RIP.";
        EIGRP = 192, "EIGRP.";
    }
}

codes! {
    /// How far an address or a route reaches (`enum rt_scope_t`): the higher, the nearer.
    pub mod rt_scope(u8, "RT_SCOPE_", "linux/rtnetlink.h") {
        UNIVERSE = 0, "Everywhere.";
        SITE = 200, "Inside of this site.";
        LINK = 253, "On this link.";
        HOST = 254, "On this host.";
        NOWHERE = 255, "Nowhere.";
    }
}

codes! {
    /// Routing tables with names (`enum rt_class_t`).
    pub mod rt_table(u32, "RT_TABLE_", "linux/rtnetlink.h") {
        UNSPEC = 0, "Not said.";
        COMPAT = 252, "In a header: over 255, an attribute says it.";
        DEFAULT = 253, "Looked into last.";
        MAIN = 254, "Where routes go.";
        LOCAL = 255, "Local and broadcast addresses, kept by the kernel.";
    }
}

codes! {
    /// Flags of a route and of its hops; those of hops fit 8 bits.
    pub flags RouteFlags(u32, "RTNH_F_", "linux/rtnetlink.h") {
        DEAD = 0x01, "The hop cannot be used.";
        PERVASIVE = 0x02, "The gateway is looked up again.";
        ONLINK = 0x04, "The gateway is on the link, whatever the routes say.";
        OFFLOAD = 0x08, "The hop is in hardware.";
        LINKDOWN = 0x10, "The link has no carrier.";
        UNRESOLVED = 0x20, "The multicast route is not resolved.";
        TRAP = 0x40, "Packets are trapped.";
        ROUTE_NOTIFY as "RTM_F_NOTIFY" = 0x100, "The user is told of changes.";
        ROUTE_CLONED as "RTM_F_CLONED" = 0x200, "An entry of a cache.";
        ROUTE_EQUALIZE as "RTM_F_EQUALIZE" = 0x400, "Unused.";
        ROUTE_PREFIX as "RTM_F_PREFIX" = 0x800, "A prefix's.";
        ROUTE_LOOKUP_TABLE as "RTM_F_LOOKUP_TABLE" = 0x1000, "Get: answer with the table.";
        ROUTE_FIB_MATCH as "RTM_F_FIB_MATCH" = 0x2000, "Get: answer with the route as is.";
        ROUTE_OFFLOAD as "RTM_F_OFFLOAD" = 0x4000, "The route is in hardware.";
        ROUTE_TRAP as "RTM_F_TRAP" = 0x8000, "Packets of the route are trapped.";
        ROUTE_OFFLOAD_FAILED as "RTM_F_OFFLOAD_FAILED" = 0x2000_0000, "Hardware refused it.";
    }
}

codes! {
    /// Bits of `RTAX_FEATURES`.
    pub flags RouteFeatures(u32, "RTAX_FEATURE_", "linux/rtnetlink.h") {
        ECN = 0x01, "Explicit congestion notification.";
        SACK = 0x02, "Unused.";
        TIMESTAMP = 0x04, "Unused.";
        ALLFRAG = 0x08, "Unused.";
        TCP_USEC_TS = 0x10, "TCP timestamps in microseconds.";
    }
}

codes! {
    /// Flags of a looked up IPv4 route, beside [`RouteFlags`] and in part the same bits.
    pub flags CacheFlags(u32, "RTCF_", "linux/in_route.h") {
        NOTIFY = 0x0001_0000, "The user is told of changes.";
        DIRECTDST = 0x0002_0000, "Unused.";
        REDIRECTED = 0x0004_0000, "An ICMP redirect made it.";
        TPROXY = 0x0008_0000, "Unused.";
        FAST = 0x0020_0000, "Unused.";
        MASQ = 0x0040_0000, "Unused.";
        SNAT = 0x0080_0000, "Unused.";
        DOREDIRECT = 0x0100_0000, "The sender is to be sent a redirect.";
        DIRECTSRC = 0x0400_0000, "Unused.";
        DNAT = 0x0800_0000, "Unused.";
        BROADCAST = 0x1000_0000, "To a broadcast address.";
        MULTICAST = 0x2000_0000, "To a multicast address.";
        REJECT = 0x4000_0000, "Unused.";
        LOCAL = 0x8000_0000, "To an address of this host.";
    }
}

view! {
    /// A route, as `RTM_NEWROUTE` and `RTM_DELROUTE` carry it.
    pub struct Route(RtMsg, rta, "RTA_") {
        /// Destination: 4 or 16 bytes.
        dst: &'a [u8] = bytes(DST);
        /// Source: 4 or 16 bytes.
        src: &'a [u8] = bytes(SRC);
        iif: u32 = u32(IIF);
        oif: u32 = u32(OIF);
        /// Next hop: 4 or 16 bytes.
        gateway: &'a [u8] = bytes(GATEWAY);
        priority: u32 = u32(PRIORITY);
        /// Source address to prefer: 4 or 16 bytes.
        prefsrc: &'a [u8] = bytes(PREFSRC);
        /// What TCP is told, see [`rtax`].
        metrics: Attrs<'a> = attrs(METRICS);
        flow: u32 = u32(FLOW);
        /// Age and use; grew over time.
        cacheinfo: RtaCacheInfo = zero_extended(CACHEINFO);
        mark: u32 = u32(MARK);
        newdst: &'a [u8] = bytes(NEWDST);
        /// Preference of a router: 0 medium, 1 high, 3 low.
        pref: u8 = u8(PREF);
        /// Over 255 too, where the header has no room.
        wide_table: u32 = u32(TABLE);
        /// Kind of lightweight tunnel, see [`super::lwtunnel_encap`].
        encap_type: u16 = u16(ENCAP_TYPE);
        encap: Attrs<'a> = attrs(ENCAP);
        multipath: NextHops<'a> = fn next_hops(MULTIPATH);
        /// Address family and address.
        via: (u16, &'a [u8]) = fn via(VIA);
        expires: u32 = u32(EXPIRES);
        uid: u32 = u32(UID);
        ttl_propagate: u8 = u8(TTL_PROPAGATE);
        nh_id: u32 = u32(NH_ID);
    }
}

impl Route<'_> {
    /// The routing table: `RTA_TABLE`, else the header's.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn table(&self) -> Result<u32, DecodeError> {
        Ok(self.wide_table()?.unwrap_or_else(|| self.header.table.into()))
    }

    /// Bits of the header.
    #[must_use]
    pub fn flags(&self) -> RouteFlags {
        RouteFlags::from_bits_retain(self.header.flags.get())
    }
}

/// Address family and address of an `RTA_VIA`.
///
/// # Errors
/// The value is too short for a family.
pub fn via<'a>(attr: &Attr<'a>) -> Result<(u16, &'a [u8]), DecodeError> {
    let head = attr.prefix::<RtVia>()?;
    Ok((head.family.get(), attr.bytes().get(size_of::<RtVia>()..).unwrap_or_default()))
}

fn next_hops<'a>(attr: &Attr<'a>) -> Result<NextHops<'a>, DecodeError> {
    Ok(NextHops::new(attr))
}

/// One hop of `RTA_MULTIPATH`.
#[derive(Clone, Debug)]
pub struct NextHop<'a> {
    /// The head.
    pub header: &'a RtNextHop,
    /// The attributes, those of [`rta`].
    pub attrs: Attrs<'a>,
}

/// The hops of `RTA_MULTIPATH`. Ends after the first error.
#[derive(Clone, Debug)]
pub struct NextHops<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> NextHops<'a> {
    /// The hops in the value of `attr`.
    #[must_use]
    pub const fn new(attr: &Attr<'a>) -> Self {
        Self { rest: attr.bytes(), at: attr.at().wrapping_add(ATTR_HDRLEN) }
    }
}

impl<'a> Iterator for NextHops<'a> {
    type Item = Result<NextHop<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (at, rest) = (self.at, core::mem::take(&mut self.rest));
        let fail = |kind| Some(Err(DecodeError { what: "rtnexthop", at, kind }));
        let (need, have) = (size_of::<RtNextHop>(), rest.len());
        let Ok((header, _)) = RtNextHop::ref_from_prefix(rest) else {
            return fail(Kind::Truncated { need, have });
        };
        let len = usize::from(header.len.get());
        let Some(attrs) = rest.get(need..len) else {
            return fail(Kind::BadLength { len, have });
        };
        self.rest = rest.get(align4(len)..).unwrap_or_default();
        self.at = at.wrapping_add(align4(len)); // at most the message's length
        Some(Ok(NextHop { header, attrs: Attrs::new(attrs, at.wrapping_add(need)) }))
    }
}

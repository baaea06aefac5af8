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

use super::af;
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
        /// Destination.
        DST = 1, Ip;
        /// Source.
        SRC = 2, Ip;
        /// Interface index the packet came in by.
        IIF = 3, Uint;
        /// Interface index out of which it leads.
        OIF = 4, Uint;
        /// Next hop.
        GATEWAY = 5, Ip;
        /// Metric: the lowest wins.
        PRIORITY = 6, Uint;
        /// Source address to prefer.
        PREFSRC = 7, Ip;
        /// What TCP is told about the path.
        METRICS = 8, Nest(&super::rtax::SPEC);
        /// Several next hops.
        MULTIPATH = 9, NextHops(&SPEC);
        /// No longer used.
        PROTOINFO = 10, Bytes;
        /// Realms: from in the upper half, to in the lower.
        FLOW = 11, Uint;
        /// Age and use.
        CACHEINFO = 12, Struct(super::RtaCacheInfo::SPEC);
        /// No longer used.
        SESSION = 13, Bytes;
        /// No longer used.
        MP_ALGO = 14, Bytes;
        /// Routing table.
        TABLE = 15, Code(&super::rt_table::SPEC);
        /// Firewall mark.
        MARK = 16, Uint;
        /// Packets of a multicast route.
        MFC_STATS = 17, Struct(super::RtaMfcStats::SPEC);
        /// Next hop of another address family: [`super::RtVia`], then the address.
        VIA = 18, Struct(super::RtVia::SPEC);
        /// MPLS: the labels to send with.
        NEWDST = 19, Bytes;
        /// Preference of a router (RFC 4191).
        PREF = 20, Uint;
        /// Kind of lightweight tunnel.
        ENCAP_TYPE = 21, Code(&super::lwtunnel_encap::SPEC);
        /// Settings of the lightweight tunnel.
        ENCAP = 22, Bytes;
        /// Seconds until it expires.
        EXPIRES = 23, Uint;
        /// Padding.
        PAD = 24, Bytes;
        /// User id to look up for.
        UID = 25, Uint;
        /// MPLS: whether the TTL is copied.
        TTL_PROPAGATE = 26, Uint;
        /// IP protocol to look up for.
        IP_PROTO = 27, Uint;
        /// Source port to look up for, in network byte order.
        SPORT = 28, Be;
        /// Destination port to look up for, in network byte order.
        DPORT = 29, Be;
        /// Id of a next hop object.
        NH_ID = 30, Uint;
        /// IPv6 flow label to look up for, in network byte order.
        FLOWLABEL = 31, Be;
        /// Why it was deleted.
        DEL_REASON = 32, Uint;
    }
}

attrs! {
    /// What TCP is told about a path, in `RTA_METRICS`.
    pub mod rtax("RTAX_", "linux/rtnetlink.h") {
        /// Which of these do not change: bit n for number n.
        LOCK = 1, Uint;
        /// Largest packet, in bytes.
        MTU = 2, Uint;
        /// Largest window to advertise, in bytes.
        WINDOW = 3, Uint;
        /// Round trip time, in 1/8 ms.
        RTT = 4, Uint;
        /// Variance of the round trip time, in 1/4 ms.
        RTTVAR = 5, Uint;
        /// Slow start threshold, in packets.
        SSTHRESH = 6, Uint;
        /// Largest congestion window, in packets.
        CWND = 7, Uint;
        /// Segment size to advertise, in bytes.
        ADVMSS = 8, Uint;
        /// Largest reordering, in packets.
        REORDERING = 9, Uint;
        /// Hop limit.
        HOPLIMIT = 10, Uint;
        /// First congestion window, in packets.
        INITCWND = 11, Uint;
        /// Bits of `RTAX_FEATURE_*`.
        FEATURES = 12, Bits(&super::RouteFeatures::SPEC);
        /// Shortest retransmission timeout, in ms.
        RTO_MIN = 13, Uint;
        /// First window to advertise, in packets.
        INITRWND = 14, Uint;
        /// Acknowledge at once.
        QUICKACK = 15, Uint;
        /// Congestion control algorithm.
        CC_ALGO = 16, Str;
        /// Fast open needs no cookie.
        FASTOPEN_NO_COOKIE = 17, Uint;
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
        /// Not said.
        UNSPEC = 0;
        /// Leads to a gateway or a link.
        UNICAST = 1;
        /// Is an address of this host.
        LOCAL = 2;
        /// Taken, and sent, as broadcast.
        BROADCAST = 3;
        /// Taken as broadcast, sent as unicast.
        ANYCAST = 4;
        /// Multicast.
        MULTICAST = 5;
        /// Drops.
        BLACKHOLE = 6;
        /// Fails with EHOSTUNREACH.
        UNREACHABLE = 7;
        /// Fails with EACCES.
        PROHIBIT = 8;
        /// Goes on with the next rule.
        THROW = 9;
        /// No longer used.
        NAT = 10;
        /// No longer used.
        XRESOLVE = 11;
    }
}

codes! {
    /// Who made a route or a rule (`rtm_protocol`). The kernel looks at the first five only.
    pub mod rtprot(u8, "RTPROT_", "linux/rtnetlink.h") {
        /// Not said.
        UNSPEC = 0;
        /// An ICMP redirect.
        REDIRECT = 1;
        /// The kernel.
        KERNEL = 2;
        /// At boot.
        BOOT = 3;
        /// By hand.
        STATIC = 4;
        /// GateD.
        GATED = 8;
        /// Router advertisements.
        RA = 9;
        /// Merit MRT.
        MRT = 10;
        /// Zebra.
        ZEBRA = 11;
        /// BIRD.
        BIRD = 12;
        /// DECnet.
        DNROUTED = 13;
        /// XORP.
        XORP = 14;
        /// Netsukuku.
        NTK = 15;
        /// A DHCP client.
        DHCP = 16;
        /// A multicast daemon.
        MROUTED = 17;
        /// Keepalived.
        KEEPALIVED = 18;
        /// Babel.
        BABEL = 42;
        /// OVN.
        OVN = 84;
        /// Open/R.
        OPENR = 99;
        /// BGP.
        BGP = 186;
        /// IS-IS.
        ISIS = 187;
        /// OSPF.
        OSPF = 188;
        /// RIP.
        RIP = 189;
        /// EIGRP.
        EIGRP = 192;
    }
}

codes! {
    /// How far an address or a route reaches (`enum rt_scope_t`): the higher, the nearer.
    pub mod rt_scope(u8, "RT_SCOPE_", "linux/rtnetlink.h") {
        /// Everywhere.
        UNIVERSE = 0;
        /// Inside of this site.
        SITE = 200;
        /// On this link.
        LINK = 253;
        /// On this host.
        HOST = 254;
        /// Nowhere.
        NOWHERE = 255;
    }
}

codes! {
    /// Routing tables with names (`enum rt_class_t`).
    pub mod rt_table(u32, "RT_TABLE_", "linux/rtnetlink.h") {
        /// Not said.
        UNSPEC = 0;
        /// In a header: over 255, an attribute says it.
        COMPAT = 252;
        /// Looked into last.
        DEFAULT = 253;
        /// Where routes go.
        MAIN = 254;
        /// Local and broadcast addresses, kept by the kernel.
        LOCAL = 255;
    }
}

codes! {
    /// Flags of a route and of its hops; those of hops fit 8 bits.
    pub flags RouteFlags(u32, "RTNH_F_", "linux/rtnetlink.h") {
        /// The hop cannot be used.
        DEAD = 0x01;
        /// The gateway is looked up again.
        PERVASIVE = 0x02;
        /// The gateway is on the link, whatever the routes say.
        ONLINK = 0x04;
        /// The hop is in hardware.
        OFFLOAD = 0x08;
        /// The link has no carrier.
        LINKDOWN = 0x10;
        /// The multicast route is not resolved.
        UNRESOLVED = 0x20;
        /// Packets are trapped.
        TRAP = 0x40;
        /// The user is told of changes.
        ROUTE_NOTIFY as "RTM_F_NOTIFY" = 0x100;
        /// An entry of a cache.
        ROUTE_CLONED as "RTM_F_CLONED" = 0x200;
        /// Unused.
        ROUTE_EQUALIZE as "RTM_F_EQUALIZE" = 0x400;
        /// A prefix's.
        ROUTE_PREFIX as "RTM_F_PREFIX" = 0x800;
        /// Get: answer with the table it was found in.
        ROUTE_LOOKUP_TABLE as "RTM_F_LOOKUP_TABLE" = 0x1000;
        /// Get: answer with the route as it is in the table.
        ROUTE_FIB_MATCH as "RTM_F_FIB_MATCH" = 0x2000;
        /// The route is in hardware.
        ROUTE_OFFLOAD as "RTM_F_OFFLOAD" = 0x4000;
        /// Packets of the route are trapped.
        ROUTE_TRAP as "RTM_F_TRAP" = 0x8000;
        /// Hardware did not take the route.
        ROUTE_OFFLOAD_FAILED as "RTM_F_OFFLOAD_FAILED" = 0x2000_0000;
    }
}

codes! {
    /// Bits of `RTAX_FEATURES`.
    pub flags RouteFeatures(u32, "RTAX_FEATURE_", "linux/rtnetlink.h") {
        /// Explicit congestion notification.
        ECN = 0x01;
        /// Unused.
        SACK = 0x02;
        /// Unused.
        TIMESTAMP = 0x04;
        /// Unused.
        ALLFRAG = 0x08;
        /// TCP timestamps in microseconds.
        TCP_USEC_TS = 0x10;
    }
}

codes! {
    /// Kinds of lightweight tunnels (`enum lwtunnel_encap_types`).
    pub mod lwtunnel_encap(u16, "LWTUNNEL_ENCAP_", "linux/lwtunnel.h") {
        /// None.
        NONE = 0;
        /// MPLS.
        MPLS = 1;
        /// IPv4 tunnels that take their settings from the route.
        IP = 2;
        /// Identifier-locator addressing.
        ILA = 3;
        /// IPv6 tunnels that take their settings from the route.
        IP6 = 4;
        /// Segment routing.
        SEG6 = 5;
        /// A BPF program.
        BPF = 6;
        /// A segment's end.
        SEG6_LOCAL = 7;
        /// RPL source routing.
        RPL = 8;
        /// In-situ OAM.
        IOAM6 = 9;
        /// IPsec.
        XFRM = 10;
    }
}

view! {
    /// A route, as `RTM_NEWROUTE` and `RTM_DELROUTE` carry it.
    pub struct Route(RtMsg, rta, "RTA_", 32) {
        /// Destination: 4 or 16 bytes.
        dst: &'a [u8] = bytes(DST);
        /// Source: 4 or 16 bytes.
        src: &'a [u8] = bytes(SRC);
        /// Interface index the packet came in by.
        iif: u32 = u32(IIF);
        /// Interface index.
        oif: u32 = u32(OIF);
        /// Next hop: 4 or 16 bytes.
        gateway: &'a [u8] = bytes(GATEWAY);
        /// Metric.
        priority: u32 = u32(PRIORITY);
        /// Source address to prefer: 4 or 16 bytes.
        prefsrc: &'a [u8] = bytes(PREFSRC);
        /// What TCP is told, see [`rtax`].
        metrics: Attrs<'a> = attrs(METRICS);
        /// Realms.
        flow: u32 = u32(FLOW);
        /// Age and use; grew over time.
        cacheinfo: RtaCacheInfo = zero_extended(CACHEINFO);
        /// Firewall mark.
        mark: u32 = u32(MARK);
        /// MPLS: the labels to send with.
        newdst: &'a [u8] = bytes(NEWDST);
        /// Preference of a router: 0 medium, 1 high, 3 low.
        pref: u8 = u8(PREF);
        /// Kind of lightweight tunnel, see [`lwtunnel_encap`].
        encap_type: u16 = u16(ENCAP_TYPE);
        /// Settings of the lightweight tunnel.
        encap: Attrs<'a> = attrs(ENCAP);
        /// Seconds until it expires.
        expires: u32 = u32(EXPIRES);
        /// User id.
        uid: u32 = u32(UID);
        /// Id of a next hop object.
        nh_id: u32 = u32(NH_ID);
    }
}

impl<'a> Route<'a> {
    /// The routing table: `RTA_TABLE`, else the header's.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn table(&self) -> Result<u32, DecodeError> {
        let table = self.attrs.read(rta::TABLE, "RTA_TABLE", |a| a.u32())?;
        Ok(table.unwrap_or_else(|| self.header.table.into()))
    }

    /// Bits of the header.
    #[must_use]
    pub fn flags(&self) -> RouteFlags {
        RouteFlags::from_bits_retain(self.header.flags.get())
    }

    /// The hops of `RTA_MULTIPATH`; none where absent.
    #[must_use]
    pub fn next_hops(&self) -> NextHops<'a> {
        self.attrs.get(rta::MULTIPATH).map_or(NextHops { rest: &[], at: 0 }, |a| NextHops::new(&a))
    }

    /// `RTA_VIA`: address family and address of a next hop of another family.
    ///
    /// # Errors
    /// The value is too short for a family.
    pub fn via(&self) -> Result<Option<(u16, &'a [u8])>, DecodeError> {
        self.attrs.read(rta::VIA, "RTA_VIA", via)
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

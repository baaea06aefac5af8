//! Next hop objects: `RTM_*NEXTHOP`, `RTM_*NEXTHOPBUCKET`.

use super::{ENCAP_KINDS, RouteFlags, af, rt_scope, rtprot};
use crate::decode::Attrs;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{U16, U32};

wire! {
    /// The fixed header of a next hop object, `struct nhmsg` (linux/nexthop.h).
    pub struct NhMsg("nhmsg", "linux/nexthop.h") {
        /// Address family.
        family: u8 = "nh_family" => Shape::Code(&af::SPEC),
        /// How far it reaches ([`rt_scope`]); answers only.
        scope: u8 = "nh_scope" => Shape::Code(&rt_scope::SPEC),
        /// Who made it ([`rtprot`]).
        protocol: u8 = "nh_protocol" => Shape::Code(&rtprot::SPEC),
        /// Unused, 0.
        reserved: u8 = "resvd",
        /// `RTNH_F_*` of [`RouteFlags`].
        flags: U32 = "nh_flags" => Shape::Bits(&RouteFlags::SPEC),
    }
}

wire! {
    /// A member of a group, `struct nexthop_grp` (linux/nexthop.h).
    pub struct NextHopGrp("nexthop_grp", "linux/nexthop.h") {
        /// Id of the next hop.
        id: U32 = "id",
        /// Weight less one, the lower 8 bits.
        weight: u8 = "weight",
        /// Weight, the upper 8 bits; `resvd1` and 0 before 6.12.
        weight_high: u8 = "weight_high",
        /// Unused, 0.
        reserved: U16 = "resvd2",
    }
}

attrs! {
    /// Attributes of a next hop object.
    pub mod nha("NHA_", "linux/nexthop.h") {
        ID = 1, Uint, "Id; 0: the kernel chooses.";
        GROUP = 2, Bytes, "Members, each a [`super::NextHopGrp`].";
        GROUP_TYPE = 3, Code(&super::nexthop_grp_type::SPEC), "Kind of group.";
        BLACKHOLE = 4, Flag, "Packets are dropped.";
        OIF = 5, Uint, "Interface index out of which it leads.";
        GATEWAY = 6, Ip, "Address of the gateway.";
        ENCAP_TYPE = 7, Code(&crate::route::lwtunnel_encap::SPEC), "Kind of lightweight tunnel.";
        ENCAP = 8, ByCode(ENCAP_TYPE, &super::ENCAP_KINDS), "Settings of the lightweight tunnel.";
        GROUPS = 9, Flag, "Dump: groups only.";
        MASTER = 10, Uint, "Dump: those over ports of this master only.";
        FDB = 11, Flag, "For a bridge's forwarding database.";
        RES_GROUP = 12, Nest(&super::nha_res_group::SPEC), "Settings of a resilient group.";
        RES_BUCKET = 13, Nest(&super::nha_res_bucket::SPEC), "A bucket of a resilient group.";
        OP_FLAGS = 14, Uint, "What a request asks for beside.";
        GROUP_STATS = 15, Bytes, "Statistics of a group.";
        HW_STATS_ENABLE = 16, Uint, "Whether hardware statistics are collected.";
        HW_STATS_USED = 17, Uint, "Whether hardware collects them.";
    }
}

codes! {
    /// Kinds of groups of next hops.
    pub mod nexthop_grp_type(u16, "NEXTHOP_GRP_TYPE_", "linux/nexthop.h") {
        MPATH = 0, "By hash threshold.";
        RES = 1, "Resilient: flows keep their hop.";
    }
}

attrs! {
    /// Settings of a resilient group. Times are in 1/100 s.
    pub mod nha_res_group("NHA_RES_GROUP_", "linux/nexthop.h") {
        BUCKETS = 1, Uint, "Number of buckets.";
        IDLE_TIMER = 2, Uint, "How long a bucket has to be idle to be moved.";
        UNBALANCED_TIMER = 3, Uint, "How long the group may be unbalanced until buckets are moved by force.";
        UNBALANCED_TIME = 4, Uint, "How long it has been unbalanced.";
    }
}

attrs! {
    /// A bucket of a resilient group.
    pub mod nha_res_bucket("NHA_RES_BUCKET_", "linux/nexthop.h") {
        INDEX = 1, Uint, "Which one.";
        IDLE_TIME = 2, Uint, "Since it was used, in 1/100 s.";
        NH_ID = 3, Uint, "Id of the next hop it leads to.";
    }
}

view! {
    /// A next hop object, as `RTM_NEWNEXTHOP` carries it.
    pub struct NextHopObject(NhMsg, nha, "NHA_") {
        id: u32 = u32(ID);
        /// Members, each a [`NextHopGrp`].
        group: &'a [u8] = bytes(GROUP);
        group_type: u16 = u16(GROUP_TYPE);
        blackhole: &'a [u8] = bytes(BLACKHOLE);
        oif: u32 = u32(OIF);
        /// Address of the gateway: 4 or 16 bytes.
        gateway: &'a [u8] = bytes(GATEWAY);
        /// Kind of lightweight tunnel, see [`super::lwtunnel_encap`].
        encap_type: u16 = u16(ENCAP_TYPE);
        encap: Attrs<'a> = attrs(ENCAP);
        fdb: &'a [u8] = bytes(FDB);
        res_group: Attrs<'a> = attrs(RES_GROUP);
        res_bucket: Attrs<'a> = attrs(RES_BUCKET);
    }
}

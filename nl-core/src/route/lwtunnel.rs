//! Lightweight tunnels: what is in `RTA_ENCAP` and `NHA_ENCAP`, by `RTA_ENCAP_TYPE` and `NHA_ENCAP_TYPE`.

use crate::spec::{NestSpec, attrs, codes};

codes! {
    /// Kinds of lightweight tunnels (`enum lwtunnel_encap_types`).
    pub mod lwtunnel_encap(u16, "LWTUNNEL_ENCAP_", "linux/lwtunnel.h") {
        NONE = 0, "None.";
        MPLS = 1, "MPLS.";
        IP = 2, "IPv4 tunnels that take their settings from the route.";
        ILA = 3, "Identifier-locator addressing.";
        IP6 = 4, "IPv6 tunnels that take their settings from the route.";
        SEG6 = 5, "Segment routing.";
        BPF = 6, "A BPF program.";
        SEG6_LOCAL = 7, "A segment's end.";
        RPL = 8, "RPL source routing.";
        IOAM6 = 9, "In-situ OAM.";
        XFRM = 10, "IPsec.";
    }
}

/// What `RTA_ENCAP` is, by kind of tunnel.
pub(super) static ENCAP_KINDS: [(u16, &NestSpec); 10] = [
    (lwtunnel_encap::MPLS, &mpls_iptunnel::SPEC),
    (lwtunnel_encap::IP, &lwtunnel_ip::SPEC),
    (lwtunnel_encap::ILA, &ila::SPEC),
    (lwtunnel_encap::IP6, &lwtunnel_ip6::SPEC),
    (lwtunnel_encap::SEG6, &seg6_iptunnel::SPEC),
    (lwtunnel_encap::BPF, &lwt_bpf::SPEC),
    (lwtunnel_encap::SEG6_LOCAL, &seg6_local::SPEC),
    (lwtunnel_encap::RPL, &rpl_iptunnel::SPEC),
    (lwtunnel_encap::IOAM6, &ioam6_iptunnel::SPEC),
    (lwtunnel_encap::XFRM, &lwt_xfrm::SPEC),
];

attrs! {
    /// Labels that MPLS pushes.
    pub mod mpls_iptunnel("MPLS_IPTUNNEL_", "linux/mpls_iptunnel.h") {
        DST = 1, Bytes, "Label stack entries, in network byte order.";
        TTL = 2, Uint, "TTL of the labels.";
    }
}

attrs! {
    /// Settings of a packet's IPv4 tunnel (`enum lwtunnel_ip_t`).
    pub mod lwtunnel_ip("LWTUNNEL_IP_", "linux/lwtunnel.h") {
        ID = 1, Be, "Key, VNI, ….";
        DST = 2, Ip, "To where.";
        SRC = 3, Ip, "From where.";
        TTL = 4, Uint, "TTL.";
        TOS = 5, Uint, "Type of service.";
        FLAGS = 6, Be, "`TUNNEL_*` (linux/if_tunnel.h).";
        PAD = 7, Bytes, "Padding.";
        OPTS = 8, Nest(&super::lwtunnel_ip_opts::SPEC), "Options of the kind of tunnel.";
    }
}

attrs! {
    /// Settings of a packet's IPv6 tunnel (`enum lwtunnel_ip6_t`).
    pub mod lwtunnel_ip6("LWTUNNEL_IP6_", "linux/lwtunnel.h") {
        ID = 1, Be, "Key, VNI, ….";
        DST = 2, Ip, "To where.";
        SRC = 3, Ip, "From where.";
        HOPLIMIT = 4, Uint, "Hop limit.";
        TC = 5, Uint, "Traffic class.";
        FLAGS = 6, Be, "`TUNNEL_*` (linux/if_tunnel.h).";
        PAD = 7, Bytes, "Padding.";
        OPTS = 8, Nest(&super::lwtunnel_ip_opts::SPEC), "Options of the kind of tunnel.";
    }
}

attrs! {
    /// Options of the kind of tunnel, of GENEVE one nest an option.
    pub mod lwtunnel_ip_opts("LWTUNNEL_IP_OPTS_", "linux/lwtunnel.h") {
        GENEVE = 1, Nest(&super::lwtunnel_ip_opt_geneve::SPEC), "An option of GENEVE.";
        VXLAN = 2, Nest(&super::lwtunnel_ip_opt_vxlan::SPEC), "Options of VXLAN.";
        ERSPAN = 3, Nest(&super::lwtunnel_ip_opt_erspan::SPEC), "Options of ERSPAN.";
    }
}

attrs! {
    /// An option of GENEVE.
    pub mod lwtunnel_ip_opt_geneve("LWTUNNEL_IP_OPT_GENEVE_", "linux/lwtunnel.h") {
        CLASS = 1, Be, "Who defined it.";
        TYPE = 2, Uint, "Which of theirs.";
        DATA = 3, Bytes, "Its value.";
    }
}

attrs! {
    /// Options of VXLAN.
    pub mod lwtunnel_ip_opt_vxlan("LWTUNNEL_IP_OPT_VXLAN_", "linux/lwtunnel.h") {
        GBP = 1, Uint, "Group based policy.";
    }
}

attrs! {
    /// Options of ERSPAN.
    pub mod lwtunnel_ip_opt_erspan("LWTUNNEL_IP_OPT_ERSPAN_", "linux/lwtunnel.h") {
        VER = 1, Uint, "Version.";
        INDEX = 2, Be, "Version 1: index.";
        DIR = 3, Uint, "Version 2: direction.";
        HWID = 4, Uint, "Version 2: hardware.";
    }
}

attrs! {
    /// Identifier-locator addressing.
    pub mod ila("ILA_ATTR_", "linux/ila.h") {
        LOCATOR = 1, Be, "The upper half of the address.";
        IDENTIFIER = 2, Be, "The lower half of the address.";
        LOCATOR_MATCH = 3, Be, "Which to replace.";
        IFINDEX = 4, Int, "Interface index.";
        DIR = 5, Uint, "Direction.";
        PAD = 6, Bytes, "Padding.";
        CSUM_MODE = 7, Uint, "How checksums are kept right.";
        IDENT_TYPE = 8, Uint, "Type of the identifiers.";
        HOOK_TYPE = 9, Uint, "On input or on output.";
    }
}

attrs! {
    /// Segment routing.
    pub mod seg6_iptunnel("SEG6_IPTUNNEL_", "linux/seg6_iptunnel.h") {
        SRH = 1, Bytes, "The mode (an `int`), then a `struct ipv6_sr_hdr` and segments, the last one first.";
    }
}

attrs! {
    /// What the end of a segment does.
    pub mod seg6_local("SEG6_LOCAL_", "linux/seg6_local.h") {
        ACTION = 1, Code(&super::seg6_local_action::SPEC), "What is done.";
        SRH = 2, Bytes, "A `struct ipv6_sr_hdr` and segments, the last one first.";
        TABLE = 3, Uint, "Routing table to look into.";
        NH4 = 4, Ip, "IPv4 next hop.";
        NH6 = 5, Ip, "IPv6 next hop.";
        IIF = 6, Uint, "Interface index to come in by.";
        OIF = 7, Uint, "Interface index to go out by.";
        BPF = 8, Nest(&super::lwt_bpf_prog::SPEC), "A BPF program.";
        VRFTABLE = 9, Uint, "Routing table of a VRF.";
        COUNTERS = 10, Nest(&super::seg6_local_cnt::SPEC), "Packets and bytes.";
        FLAVORS = 11, Nest(&super::seg6_local_flv::SPEC), "Variants of the action.";
    }
}

codes! {
    /// Actions at the end of a segment (RFC 8986).
    pub mod seg6_local_action(u32, "SEG6_LOCAL_ACTION_", "linux/seg6_local.h") {
        UNSPEC = 0, "Not said.";
        END = 1, "On to the next segment.";
        END_X = 2, "… by a next hop.";
        END_T = 3, "… by a table.";
        END_DX2 = 4, "Decapsulate, out by a link.";
        END_DX6 = 5, "Decapsulate, to an IPv6 next hop.";
        END_DX4 = 6, "Decapsulate, to an IPv4 next hop.";
        END_DT6 = 7, "Decapsulate, by an IPv6 table.";
        END_DT4 = 8, "Decapsulate, by an IPv4 table.";
        END_B6 = 9, "Insert a header.";
        END_B6_ENCAP = 10, "Encapsulate.";
        END_BM = 11, "By MPLS.";
        END_S = 12, "Search in a list.";
        END_AS = 13, "A proxy that knows the segments.";
        END_AM = 14, "A proxy that hides them.";
        END_BPF = 15, "A BPF program.";
        END_DT46 = 16, "Decapsulate, by tables.";
    }
}

attrs! {
    /// Counters of a segment's end.
    pub mod seg6_local_cnt("SEG6_LOCAL_CNT_", "linux/seg6_local.h") {
        PAD = 1, Bytes, "Padding.";
        PACKETS = 2, Uint, "Packets.";
        BYTES = 3, Uint, "Bytes.";
        ERRORS = 4, Uint, "Errors.";
    }
}

attrs! {
    /// Variants of a segment's end.
    pub mod seg6_local_flv("SEG6_LOCAL_FLV_", "linux/seg6_local.h") {
        OPERATION = 1, Uint, "Bit n for the variant of number n.";
        LCBLOCK_BITS = 2, Uint, "Bits of the locator's block.";
        LCNODE_FN_BITS = 3, Uint, "Bits of the locator's node and function.";
    }
}

attrs! {
    /// RPL source routing.
    pub mod rpl_iptunnel("RPL_IPTUNNEL_", "linux/rpl_iptunnel.h") {
        SRH = 1, Bytes, "8 bytes of header, then segments.";
    }
}

attrs! {
    /// In-situ OAM.
    pub mod ioam6_iptunnel("IOAM6_IPTUNNEL_", "linux/ioam6_iptunnel.h") {
        MODE = 1, Uint, "Inline 1, with an outer header 2, or as needed 3.";
        DST = 2, Ip, "To where the outer header leads.";
        TRACE = 3, Bytes, "The head of the trace (`struct ioam6_trace_hdr`).";
        FREQ_K = 4, Uint, "So many …";
        FREQ_N = 5, Uint, "… of so many packets.";
    }
}

attrs! {
    /// BPF programs along a packet's way.
    pub mod lwt_bpf("LWT_BPF_", "linux/lwtunnel.h") {
        IN = 1, Nest(&super::lwt_bpf_prog::SPEC), "On input.";
        OUT = 2, Nest(&super::lwt_bpf_prog::SPEC), "On output.";
        XMIT = 3, Nest(&super::lwt_bpf_prog::SPEC), "On transmission.";
        XMIT_HEADROOM = 4, Uint, "Bytes to keep free in front of the packet.";
    }
}

attrs! {
    /// A BPF program.
    pub mod lwt_bpf_prog("LWT_BPF_PROG_", "linux/lwtunnel.h") {
        FD = 1, Uint, "File descriptor.";
        NAME = 2, Str, "Name.";
    }
}

attrs! {
    /// IPsec.
    pub mod lwt_xfrm("LWT_XFRM_", "linux/lwtunnel.h") {
        IF_ID = 1, Uint, "Id of the interface.";
        LINK = 2, Uint, "Interface index.";
    }
}

//! Expressions: what a rule consists of. Each loads something into a register, changes a
//! register, compares one (and ends the rule where it differs), or does something.
//!
//! ```text
//! registers: NFT_REG_VERDICT 0 │ 1 … 4 of 16 bytes │ 8 … 23, the same memory in pieces of 4 bytes
//! ```
//!
//! [`EXPRESSIONS`] has a row for each: its name and its attributes. One that is not in it is
//! still yielded, shown and copied as it is.

use super::Data;
use crate::spec::{CodeSpec, NestSpec, attrs, codes, view};
use crate::wire::NLA_F_NESTED;
use crate::{DecodeError, Msg};

/// Every expression that is described here: its name and its attributes.
pub static EXPRESSIONS: &[(&str, &NestSpec)] = &[
    ("bitwise", &nfta_bitwise::SPEC),
    ("byteorder", &nfta_byteorder::SPEC),
    ("cmp", &nfta_cmp::SPEC),
    ("connlimit", &nfta_connlimit::SPEC),
    ("counter", &nfta_counter::SPEC),
    ("ct", &nfta_ct::SPEC),
    ("dup", &nfta_dup::SPEC),
    ("dynset", &nfta_dynset::SPEC),
    ("exthdr", &nfta_exthdr::SPEC),
    ("fib", &nfta_fib::SPEC),
    ("fwd", &nfta_fwd::SPEC),
    ("hash", &nfta_hash::SPEC),
    ("immediate", &nfta_immediate::SPEC),
    ("limit", &nfta_limit::SPEC),
    ("log", &nfta_log::SPEC),
    ("lookup", &nfta_lookup::SPEC),
    ("masq", &nfta_masq::SPEC),
    ("match", &nfta_match::SPEC),
    ("meta", &nfta_meta::SPEC),
    ("nat", &nfta_nat::SPEC),
    ("notrack", &nfta_notrack::SPEC),
    ("numgen", &nfta_ng::SPEC),
    ("objref", &nfta_objref::SPEC),
    ("payload", &nfta_payload::SPEC),
    ("queue", &nfta_queue::SPEC),
    ("quota", &nfta_quota::SPEC),
    ("range", &nfta_range::SPEC),
    ("redir", &nfta_redir::SPEC),
    ("reject", &nfta_reject::SPEC),
    ("rt", &nfta_rt::SPEC),
    ("socket", &nfta_socket::SPEC),
    ("target", &nfta_target::SPEC),
    ("tproxy", &nfta_tproxy::SPEC),
];

/// What a stateful object's data is, by its type ([`super::nft_object`]).
pub static OBJECTS: &[(u16, &NestSpec)] =
    &[(1, &nfta_counter::SPEC), (2, &nfta_quota::SPEC), (4, &nfta_limit::SPEC), (5, &nfta_connlimit::SPEC)];

/// Writes an expression into a list of them (`NFTA_RULE_EXPRESSIONS`).
pub fn write(m: &mut Msg<'_>, name: &[u8], fill: impl FnOnce(&mut Msg<'_>)) {
    super::nest(m, super::nfta_list::ELEM, |m| {
        m.str(nfta_expr::NAME, name);
        super::nest(m, nfta_expr::DATA, fill);
    });
}

/// Writes an expression whose attributes are these bytes: one that is copied as it is.
pub fn write_raw(m: &mut Msg<'_>, name: &[u8], attrs: &[u8]) {
    super::nest(m, super::nfta_list::ELEM, |m| {
        m.str(nfta_expr::NAME, name);
        m.bytes(nfta_expr::DATA | NLA_F_NESTED, attrs);
    });
}

/// The register of verdicts (`NFT_REG_VERDICT`).
pub const NFT_REG_VERDICT: u32 = 0;
/// The first register of 16 bytes (`NFT_REG_1`).
pub const NFT_REG_1: u32 = 1;
/// The first register of 4 bytes (`NFT_REG32_00`), the start of [`NFT_REG_1`].
pub const NFT_REG32_00: u32 = 8;

attrs! {
    /// Attributes of an expression (`enum nft_expr_attributes`).
    pub mod nfta_expr("NFTA_EXPR_", "linux/netfilter/nf_tables.h") {
        NAME = 1, Str, "Which.";
        DATA = 2, ByName(NAME, super::EXPRESSIONS), "Its attributes.";
    }
}

attrs! {
    /// Load a value, or with register 0 give a verdict (`enum nft_immediate_attributes`).
    pub mod nfta_immediate("NFTA_IMMEDIATE_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        DATA = 2, Nest(&super::super::nfta_data::SPEC), "The value or verdict.";
    }
}

view! {
    /// Load a value, or give a verdict.
    pub struct Immediate(nfta_immediate, "NFTA_IMMEDIATE_") {
        dreg: u32 = be32(DREG);
        data: Data<'a> = fn data(DATA);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a view's accessor calls")]
fn data<'a>(attr: &crate::Attr<'a>) -> Result<Data<'a>, DecodeError> {
    Ok(Data::read(attr.attrs()))
}

attrs! {
    /// Change bits of a register (`enum nft_bitwise_attributes`).
    pub mod nfta_bitwise("NFTA_BITWISE_", "linux/netfilter/nf_tables.h") {
        SREG = 1, Be, "Register to read.";
        DREG = 2, Be, "Register to load.";
        LEN = 3, Be, "Length in bytes.";
        MASK = 4, Nest(&super::super::nfta_data::SPEC), "Bits to keep.";
        XOR = 5, Nest(&super::super::nfta_data::SPEC), "Bits to turn, after that.";
        OP = 6, BeCode(&super::nft_bitwise::SPEC), "What to do.";
        DATA = 7, Nest(&super::super::nfta_data::SPEC), "By how many bits to shift.";
    }
}

codes! {
    /// What to do with bits (`enum nft_bitwise_ops`).
    pub mod nft_bitwise(u32, "NFT_BITWISE_", "linux/netfilter/nf_tables.h") {
        MASK_XOR = 0, "Keep some, turn some.";
        LSHIFT = 1, "Shift left.";
        RSHIFT = 2, "Shift right.";
    }
}

view! {
    /// Change bits of a register.
    pub struct Bitwise(nfta_bitwise, "NFTA_BITWISE_") {
        sreg: u32 = be32(SREG);
        dreg: u32 = be32(DREG);
        len: u32 = be32(LEN);
        mask: Data<'a> = fn data(MASK);
        xor: Data<'a> = fn data(XOR);
        /// See [`nft_bitwise`]; 0 where absent.
        op: u32 = be32(OP);
        data: Data<'a> = fn data(DATA);
    }
}

attrs! {
    /// Change the byte order of a register (`enum nft_byteorder_attributes`).
    pub mod nfta_byteorder("NFTA_BYTEORDER_", "linux/netfilter/nf_tables.h") {
        SREG = 1, Be, "Register to read.";
        DREG = 2, Be, "Register to load.";
        OP = 3, Be, "0: network to host; 1: host to network.";
        LEN = 4, Be, "Length in bytes.";
        SIZE = 5, Be, "Bytes of each number in it.";
    }
}

view! {
    /// Change the byte order of a register.
    pub struct ByteOrder(nfta_byteorder, "NFTA_BYTEORDER_") {
        sreg: u32 = be32(SREG);
        dreg: u32 = be32(DREG);
        op: u32 = be32(OP);
        len: u32 = be32(LEN);
        size: u32 = be32(SIZE);
    }
}

attrs! {
    /// Compare a register with a value (`enum nft_cmp_attributes`).
    pub mod nfta_cmp("NFTA_CMP_", "linux/netfilter/nf_tables.h") {
        SREG = 1, Be, "Register to read.";
        OP = 2, BeCode(&super::nft_cmp::SPEC), "How.";
        DATA = 3, Nest(&super::super::nfta_data::SPEC), "The value.";
    }
}

codes! {
    /// How to compare (`enum nft_cmp_ops`); of ranges [`nft_cmp::EQ`] and [`nft_cmp::NEQ`] only.
    pub mod nft_cmp(u32, "NFT_CMP_", "linux/netfilter/nf_tables.h") {
        EQ = 0, "Equal; within.";
        NEQ = 1, "Different; outside.";
        LT = 2, "Less, in network byte order.";
        LTE = 3, "Less or equal.";
        GT = 4, "Greater.";
        GTE = 5, "Greater or equal.";
    }
}

view! {
    /// Compare a register with a value.
    pub struct Cmp(nfta_cmp, "NFTA_CMP_") {
        sreg: u32 = be32(SREG);
        /// See [`nft_cmp`].
        op: u32 = be32(OP);
        data: Data<'a> = fn data(DATA);
    }
}

attrs! {
    /// Compare a register with a range, in network byte order (`enum nft_range_attributes`).
    pub mod nfta_range("NFTA_RANGE_", "linux/netfilter/nf_tables.h") {
        SREG = 1, Be, "Register to read.";
        OP = 2, Be, "0: within; 1: outside.";
        FROM_DATA = 3, Nest(&super::super::nfta_data::SPEC), "The first value.";
        TO_DATA = 4, Nest(&super::super::nfta_data::SPEC), "The last value.";
    }
}

view! {
    /// Compare a register with a range.
    pub struct Range(nfta_range, "NFTA_RANGE_") {
        sreg: u32 = be32(SREG);
        /// See [`nft_cmp`].
        op: u32 = be32(OP);
        from: Data<'a> = fn data(FROM_DATA);
        to: Data<'a> = fn data(TO_DATA);
    }
}

attrs! {
    /// Look a register up in a set (`enum nft_lookup_attributes`).
    pub mod nfta_lookup("NFTA_LOOKUP_", "linux/netfilter/nf_tables.h") {
        SET = 1, Str, "Name of the set.";
        SREG = 2, Be, "Register with the key.";
        DREG = 3, Be, "Register to load with what it maps to; 0: a verdict.";
        SET_ID = 4, Be, "The set, by number within the transaction.";
        FLAGS = 5, Be, "1: not in it.";
    }
}

view! {
    /// Look a register up in a set.
    pub struct Lookup(nfta_lookup, "NFTA_LOOKUP_") {
        set: &'a [u8] = name(SET);
        sreg: u32 = be32(SREG);
        dreg: u32 = be32(DREG);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Add a register to a set (`enum nft_dynset_attributes`).
    pub mod nfta_dynset("NFTA_DYNSET_", "linux/netfilter/nf_tables.h") {
        SET_NAME = 1, Str, "Name of the set.";
        SET_ID = 2, Be, "The set, by number within the transaction.";
        OP = 3, Be, "0: add; 1: or renew; 2: delete.";
        SREG_KEY = 4, Be, "Register with the key.";
        SREG_DATA = 5, Be, "Register with what it maps to.";
        TIMEOUT = 6, Be, "How long it lives, in milliseconds.";
        EXPR = 7, Nest(&super::nfta_expr::SPEC), "Its expression.";
        PAD = 8, Bytes, "Padding.";
        FLAGS = 9, Be, "1: match where it could not be; 2: it has expressions.";
        EXPRESSIONS = 10, Nest(&super::super::nfta_list::SPEC), "Its expressions.";
    }
}

view! {
    /// Add a register to a set.
    pub struct DynSet(nfta_dynset, "NFTA_DYNSET_") {
        set: &'a [u8] = name(SET_NAME);
        op: u32 = be32(OP);
        sreg_key: u32 = be32(SREG_KEY);
        sreg_data: u32 = be32(SREG_DATA);
        timeout: u64 = be64(TIMEOUT);
        expr: crate::Attrs<'a> = attrs(EXPR);
        exprs: crate::Attrs<'a> = attrs(EXPRESSIONS);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Load bytes of the packet, or write them (`enum nft_payload_attributes`).
    pub mod nfta_payload("NFTA_PAYLOAD_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        BASE = 2, BeCode(&super::nft_payload::SPEC), "Of what header.";
        OFFSET = 3, Be, "From what byte of it on.";
        LEN = 4, Be, "How many bytes.";
        SREG = 5, Be, "Register to write from.";
        CSUM_TYPE = 6, Be, "0: no checksum; 1: of the internet protocols; 2: SCTP's.";
        CSUM_OFFSET = 7, Be, "Where it is.";
        CSUM_FLAGS = 8, Be, "1: the transport header has one over this too.";
    }
}

codes! {
    /// Headers of a packet (`enum nft_payload_bases`).
    pub mod nft_payload(u32, "NFT_PAYLOAD_", "linux/netfilter/nf_tables.h") {
        LL_HEADER = 0, "Of the link layer.";
        NETWORK_HEADER = 1, "IPv4, IPv6, ARP.";
        TRANSPORT_HEADER = 2, "TCP, UDP, ICMP, ….";
        INNER_HEADER = 3, "What comes behind that.";
    }
}

view! {
    /// Load bytes of the packet, or write them.
    pub struct Payload(nfta_payload, "NFTA_PAYLOAD_") {
        dreg: u32 = be32(DREG);
        /// See [`nft_payload`].
        base: u32 = be32(BASE);
        offset: u32 = be32(OFFSET);
        len: u32 = be32(LEN);
        sreg: u32 = be32(SREG);
        csum_type: u32 = be32(CSUM_TYPE);
        csum_offset: u32 = be32(CSUM_OFFSET);
        csum_flags: u32 = be32(CSUM_FLAGS);
    }
}

attrs! {
    /// Load a field of an extension header or option, or write it (`enum nft_exthdr_attributes`).
    pub mod nfta_exthdr("NFTA_EXTHDR_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        TYPE = 2, Uint, "Type of the header or option.";
        OFFSET = 3, Be, "From what byte of it on.";
        LEN = 4, Be, "How many bytes.";
        FLAGS = 5, Be, "1: whether it is there.";
        OP = 6, Be, "0: IPv6; 1: TCP; 2: IPv4; 3: SCTP; 4: DCCP.";
        SREG = 7, Be, "Register to write from.";
    }
}

view! {
    /// Load a field of an extension header or option, or write it.
    pub struct ExtHdr(nfta_exthdr, "NFTA_EXTHDR_") {
        dreg: u32 = be32(DREG);
        kind: u8 = u8(TYPE);
        offset: u32 = be32(OFFSET);
        len: u32 = be32(LEN);
        flags: u32 = be32(FLAGS);
        op: u32 = be32(OP);
        sreg: u32 = be32(SREG);
    }
}

attrs! {
    /// Load what is known of a packet, or set it (`enum nft_meta_attributes`).
    pub mod nfta_meta("NFTA_META_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        KEY = 2, BeCode(&super::nft_meta::SPEC), "What.";
        SREG = 3, Be, "Register to set it from.";
    }
}

codes! {
    /// What is known of a packet (`enum nft_meta_keys`).
    pub mod nft_meta(u32, "NFT_META_", "linux/netfilter/nf_tables.h") {
        LEN = 0, "Its length.";
        PROTOCOL = 1, "Its ethernet protocol.";
        PRIORITY = 2, "Its priority.";
        MARK = 3, "Its mark.";
        IIF = 4, "Index of the interface it came from.";
        OIF = 5, "Index of the interface it goes to.";
        IIFNAME = 6, "Name of the interface it came from.";
        OIFNAME = 7, "Name of the interface it goes to.";
        IIFTYPE = 8, "Type of the interface it came from.";
        OIFTYPE = 9, "Type of the interface it goes to.";
        SKUID = 10, "User id of the socket.";
        SKGID = 11, "Group id of the socket.";
        NFTRACE = 12, "Whether it is traced.";
        RTCLASSID = 13, "Its realm.";
        SECMARK = 14, "Its security mark.";
        NFPROTO = 15, "Its netfilter family.";
        L4PROTO = 16, "Its transport protocol.";
        BRI_IIFNAME = 17, "Name of the bridge it came from.";
        BRI_OIFNAME = 18, "Name of the bridge it goes to.";
        PKTTYPE = 19, "To whom it is: us, all, many, others.";
        CPU = 20, "The processor.";
        IIFGROUP = 21, "Group of the interface it came from.";
        OIFGROUP = 22, "Group of the interface it goes to.";
        CGROUP = 23, "Control group of the socket.";
        PRANDOM = 24, "A random number.";
        SECPATH = 25, "Whether it came by IPsec.";
        IIFKIND = 26, "Kind of the interface it came from.";
        OIFKIND = 27, "Kind of the interface it goes to.";
        BRI_IIFPVID = 28, "Default VLAN of the bridge port.";
        BRI_IIFVPROTO = 29, "VLAN protocol of the bridge.";
        TIME_NS = 30, "Time in nanoseconds since 1970.";
        TIME_DAY = 31, "Day of the week.";
        TIME_HOUR = 32, "Time of day in seconds.";
        SDIF = 33, "Index of the interface behind the VRF.";
        SDIFNAME = 34, "Name of the interface behind the VRF.";
    }
}

view! {
    /// Load what is known of a packet, or set it.
    pub struct Meta(nfta_meta, "NFTA_META_") {
        dreg: u32 = be32(DREG);
        /// See [`nft_meta`].
        key: u32 = be32(KEY);
        sreg: u32 = be32(SREG);
    }
}

attrs! {
    /// Load what is known of a packet's route (`enum nft_rt_attributes`).
    pub mod nfta_rt("NFTA_RT_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        KEY = 2, BeCode(&super::nft_rt::SPEC), "What.";
    }
}

codes! {
    /// What is known of a packet's route (`enum nft_rt_keys`).
    pub mod nft_rt(u32, "NFT_RT_", "linux/netfilter/nf_tables.h") {
        CLASSID = 0, "Realm.";
        NEXTHOP4 = 1, "Next hop, IPv4.";
        NEXTHOP6 = 2, "Next hop, IPv6.";
        TCPMSS = 3, "Largest TCP segment.";
        XFRM = 4, "Whether it goes by IPsec.";
    }
}

view! {
    /// Load what is known of a packet's route.
    pub struct Rt(nfta_rt, "NFTA_RT_") {
        dreg: u32 = be32(DREG);
        /// See [`nft_rt`].
        key: u32 = be32(KEY);
    }
}

attrs! {
    /// Load what is known of a packet's socket (`enum nft_socket_attributes`).
    pub mod nfta_socket("NFTA_SOCKET_", "linux/netfilter/nf_tables.h") {
        KEY = 1, BeCode(&super::nft_socket::SPEC), "What.";
        DREG = 2, Be, "Register to load.";
        LEVEL = 3, Be, "Level of the control group.";
    }
}

codes! {
    /// What is known of a packet's socket (`enum nft_socket_keys`).
    pub mod nft_socket(u32, "NFT_SOCKET_", "linux/netfilter/nf_tables.h") {
        TRANSPARENT = 0, "Whether it is transparent.";
        MARK = 1, "Its mark.";
        WILDCARD = 2, "Whether it is bound to any address.";
        CGROUPV2 = 3, "Its control group.";
    }
}

view! {
    /// Load what is known of a packet's socket.
    pub struct Socket(nfta_socket, "NFTA_SOCKET_") {
        /// See [`nft_socket`].
        key: u32 = be32(KEY);
        dreg: u32 = be32(DREG);
        level: u32 = be32(LEVEL);
    }
}

attrs! {
    /// Load what connection tracking knows, or set it (`enum nft_ct_attributes`).
    pub mod nfta_ct("NFTA_CT_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        KEY = 2, BeCode(&super::nft_ct::SPEC), "What.";
        DIRECTION = 3, Uint, "0: of the connection's first direction; 1: of its answers.";
        SREG = 4, Be, "Register to set it from.";
    }
}

codes! {
    /// What connection tracking knows (`enum nft_ct_keys`).
    pub mod nft_ct(u32, "NFT_CT_", "linux/netfilter/nf_tables.h") {
        STATE = 0, "State, see [`super::CtState`].";
        DIRECTION = 1, "Direction.";
        STATUS = 2, "Status, see [`super::CtStatus`].";
        MARK = 3, "Mark.";
        SECMARK = 4, "Security mark.";
        EXPIRATION = 5, "How long it still lives.";
        HELPER = 6, "Name of its helper.";
        L3PROTOCOL = 7, "Network protocol.";
        SRC = 8, "Source address.";
        DST = 9, "Destination address.";
        PROTOCOL = 10, "Transport protocol.";
        PROTO_SRC = 11, "Source port.";
        PROTO_DST = 12, "Destination port.";
        LABELS = 13, "Labels.";
        PKTS = 14, "Packets.";
        BYTES = 15, "Bytes.";
        AVGPKT = 16, "Bytes of a packet on average.";
        ZONE = 17, "Zone.";
        EVENTMASK = 18, "Events that are told.";
        SRC_IP = 19, "Source address, IPv4.";
        DST_IP = 20, "Destination address, IPv4.";
        SRC_IP6 = 21, "Source address, IPv6.";
        DST_IP6 = 22, "Destination address, IPv6.";
        ID = 23, "Id.";
    }
}

codes! {
    /// States of a connection, as bits (`enum ip_conntrack_info`).
    pub flags CtState(u32, "NF_CT_STATE_", "linux/netfilter/nf_conntrack_common.h") {
        INVALID as "NF_CT_STATE_INVALID_BIT" = 0x1, "Of no connection.";
        ESTABLISHED as "NF_CT_STATE_BIT(IP_CT_ESTABLISHED)" = 0x2, "Both sides were heard.";
        RELATED as "NF_CT_STATE_BIT(IP_CT_RELATED)" = 0x4, "Another connection expected it.";
        NEW as "NF_CT_STATE_BIT(IP_CT_NEW)" = 0x8, "The first of its connection.";
        UNTRACKED as "NF_CT_STATE_UNTRACKED_BIT" = 0x40, "It is not tracked.";
    }
}

codes! {
    /// Status of a connection (`enum ip_conntrack_status`).
    pub flags CtStatus(u32, "IPS_", "linux/netfilter/nf_conntrack_common.h") {
        EXPECTED = 0x1, "Another connection expected it.";
        SEEN_REPLY = 0x2, "Both sides were heard.";
        ASSURED = 0x4, "It is not to be dropped early.";
        CONFIRMED = 0x8, "Its first packet left.";
        SRC_NAT = 0x10, "Its source is changed.";
        DST_NAT = 0x20, "Its destination is changed.";
        DYING = 0x200, "It is being removed.";
    }
}

view! {
    /// Load what connection tracking knows, or set it.
    pub struct Ct(nfta_ct, "NFTA_CT_") {
        dreg: u32 = be32(DREG);
        /// See [`nft_ct`].
        key: u32 = be32(KEY);
        direction: u8 = u8(DIRECTION);
        sreg: u32 = be32(SREG);
    }
}

attrs! {
    /// Ask the routing tables (`enum nft_fib_attributes`).
    pub mod nfta_fib("NFTA_FIB_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        RESULT = 2, BeCode(&super::nft_fib_result::SPEC), "What.";
        FLAGS = 3, BeBits(&super::FibFlags::SPEC), "By what.";
    }
}

codes! {
    /// What to ask the routing tables (`enum nft_fib_result`).
    pub mod nft_fib_result(u32, "NFT_FIB_RESULT_", "linux/netfilter/nf_tables.h") {
        OIF = 1, "Index of the interface.";
        OIFNAME = 2, "Name of the interface.";
        ADDRTYPE = 3, "Type of the address (`RTN_*`).";
    }
}

codes! {
    /// By what to ask the routing tables (`enum nft_fib_flags`).
    pub flags FibFlags(u32, "NFTA_FIB_F_", "linux/netfilter/nf_tables.h") {
        SADDR = 0x1, "Source address.";
        DADDR = 0x2, "Destination address.";
        MARK = 0x4, "Mark.";
        IIF = 0x8, "The interface it came from.";
        OIF = 0x10, "The interface it goes to.";
        PRESENT = 0x20, "Only whether there is a route.";
    }
}

view! {
    /// Ask the routing tables.
    pub struct Fib(nfta_fib, "NFTA_FIB_") {
        dreg: u32 = be32(DREG);
        /// See [`nft_fib_result`].
        result: u32 = be32(RESULT);
        /// See [`FibFlags`].
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Match up to a rate (`enum nft_limit_attributes`).
    pub mod nfta_limit("NFTA_LIMIT_", "linux/netfilter/nf_tables.h") {
        RATE = 1, Be, "How many in each unit of time.";
        UNIT = 2, Be, "The unit, in seconds.";
        BURST = 3, Be, "How many at once.";
        TYPE = 4, Be, "0: packets; 1: bytes.";
        FLAGS = 5, Be, "1: beyond the rate.";
        PAD = 6, Bytes, "Padding.";
    }
}

view! {
    /// Match up to a rate.
    pub struct Limit(nfta_limit, "NFTA_LIMIT_") {
        rate: u64 = be64(RATE);
        unit: u64 = be64(UNIT);
        burst: u32 = be32(BURST);
        kind: u32 = be32(TYPE);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Match up to so many connections (`enum nft_connlimit_attributes`).
    pub mod nfta_connlimit("NFTA_CONNLIMIT_", "linux/netfilter/nf_tables.h") {
        COUNT = 1, Be, "How many.";
        FLAGS = 2, Be, "1: beyond so many.";
    }
}

view! {
    /// Match up to so many connections.
    pub struct ConnLimit(nfta_connlimit, "NFTA_CONNLIMIT_") {
        count: u32 = be32(COUNT);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Count (`enum nft_counter_attributes`).
    pub mod nfta_counter("NFTA_COUNTER_", "linux/netfilter/nf_tables.h") {
        BYTES = 1, Be, "Bytes so far.";
        PACKETS = 2, Be, "Packets so far.";
        PAD = 3, Bytes, "Padding.";
    }
}

view! {
    /// Count.
    pub struct Counter(nfta_counter, "NFTA_COUNTER_") {
        bytes: u64 = be64(BYTES);
        packets: u64 = be64(PACKETS);
    }
}

attrs! {
    /// Match up to so many bytes in all (`enum nft_quota_attributes`).
    pub mod nfta_quota("NFTA_QUOTA_", "linux/netfilter/nf_tables.h") {
        BYTES = 1, Be, "How many.";
        FLAGS = 2, Be, "1: beyond so many; 2: used up.";
        PAD = 3, Bytes, "Padding.";
        CONSUMED = 4, Be, "Bytes so far.";
    }
}

view! {
    /// Match up to so many bytes in all.
    pub struct Quota(nfta_quota, "NFTA_QUOTA_") {
        bytes: u64 = be64(BYTES);
        flags: u32 = be32(FLAGS);
        consumed: u64 = be64(CONSUMED);
    }
}

attrs! {
    /// Log the packet (`enum nft_log_attributes`).
    pub mod nfta_log("NFTA_LOG_", "linux/netfilter/nf_tables.h") {
        GROUP = 1, Be, "For programs: their group.";
        PREFIX = 2, Str, "What to write in front.";
        SNAPLEN = 3, Be, "For programs: bytes of the packet.";
        QTHRESHOLD = 4, Be, "For programs: packets to wait for.";
        LEVEL = 5, BeCode(&super::nft_loglevel::SPEC), "In the kernel's log: how grave.";
        FLAGS = 6, BeBits(&super::LogFlags::SPEC), "In the kernel's log: what more.";
    }
}

codes! {
    /// How grave a line of the log is (`enum nft_log_level`).
    pub mod nft_loglevel(u32, "NFT_LOGLEVEL_", "linux/netfilter/nf_tables.h") {
        EMERG = 0, "Unusable.";
        ALERT = 1, "Act now.";
        CRIT = 2, "Critical.";
        ERR = 3, "Error.";
        WARNING = 4, "Warning.";
        NOTICE = 5, "Normal but significant.";
        INFO = 6, "Information.";
        DEBUG = 7, "For debugging.";
        AUDIT = 8, "For the audit.";
    }
}

codes! {
    /// What more is in the log (linux/netfilter/nf_log.h).
    pub flags LogFlags(u32, "NF_LOG_", "linux/netfilter/nf_log.h") {
        TCPSEQ = 0x1, "TCP's sequence numbers.";
        TCPOPT = 0x2, "TCP's options.";
        IPOPT = 0x4, "IP's options.";
        UID = 0x8, "The socket's user.";
        MACDECODE = 0x20, "The link-layer header.";
    }
}

view! {
    /// Log the packet.
    pub struct Log(nfta_log, "NFTA_LOG_") {
        group: u16 = be16(GROUP);
        prefix: &'a [u8] = name(PREFIX);
        snaplen: u32 = be32(SNAPLEN);
        qthreshold: u16 = be16(QTHRESHOLD);
        level: u32 = be32(LEVEL);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Let a program decide (`enum nft_queue_attributes`).
    pub mod nfta_queue("NFTA_QUEUE_", "linux/netfilter/nf_tables.h") {
        NUM = 1, Be, "The first queue.";
        TOTAL = 2, Be, "How many there are.";
        FLAGS = 3, Be, "1: accept where nobody listens; 2: a queue for each processor.";
        SREG_QNUM = 4, Be, "Register with the queue.";
    }
}

view! {
    /// Let a program decide.
    pub struct Queue(nfta_queue, "NFTA_QUEUE_") {
        num: u16 = be16(NUM);
        total: u16 = be16(TOTAL);
        flags: u16 = be16(FLAGS);
        sreg: u32 = be32(SREG_QNUM);
    }
}

attrs! {
    /// Drop it and say so (`enum nft_reject_attributes`).
    pub mod nfta_reject("NFTA_REJECT_", "linux/netfilter/nf_tables.h") {
        TYPE = 1, BeCode(&super::nft_reject::SPEC), "How.";
        ICMP_CODE = 2, Uint, "The ICMP code, or of both families [`super::nft_reject_icmpx`].";
    }
}

codes! {
    /// How to say that a packet was dropped (`enum nft_reject_types`).
    pub mod nft_reject(u32, "NFT_REJECT_", "linux/netfilter/nf_tables.h") {
        ICMP_UNREACH = 0, "An ICMP message.";
        TCP_RST = 1, "A TCP reset.";
        ICMPX_UNREACH = 2, "An ICMP message of either family.";
    }
}

codes! {
    /// Codes that both families have (`enum nft_reject_inet_code`).
    pub mod nft_reject_icmpx(u8, "NFT_REJECT_ICMPX_", "linux/netfilter/nf_tables.h") {
        NO_ROUTE = 0, "No route.";
        PORT_UNREACH = 1, "No such port.";
        HOST_UNREACH = 2, "No such host.";
        ADMIN_PROHIBITED = 3, "Not allowed.";
    }
}

view! {
    /// Drop it and say so.
    pub struct Reject(nfta_reject, "NFTA_REJECT_") {
        /// See [`nft_reject`].
        kind: u32 = be32(TYPE);
        code: u8 = u8(ICMP_CODE);
    }
}

attrs! {
    /// Change the source or destination of a connection (`enum nft_nat_attributes`).
    pub mod nfta_nat("NFTA_NAT_", "linux/netfilter/nf_tables.h") {
        TYPE = 1, BeCode(&super::nft_nat::SPEC), "Which.";
        FAMILY = 2, Be, "Family of the addresses.";
        REG_ADDR_MIN = 3, Be, "Register with the first address.";
        REG_ADDR_MAX = 4, Be, "Register with the last address.";
        REG_PROTO_MIN = 5, Be, "Register with the first port.";
        REG_PROTO_MAX = 6, Be, "Register with the last port.";
        FLAGS = 7, BeBits(&super::NatFlags::SPEC), "Flags.";
    }
}

codes! {
    /// What to change of a connection (`enum nft_nat_types`).
    pub mod nft_nat(u32, "NFT_NAT_", "linux/netfilter/nf_tables.h") {
        SNAT = 0, "Its source.";
        DNAT = 1, "Its destination.";
    }
}

codes! {
    /// How to choose addresses and ports.
    pub flags NatFlags(u32, "NF_NAT_RANGE_", "linux/netfilter/nf_nat.h") {
        MAP_IPS = 0x1, "Addresses are given.";
        PROTO_SPECIFIED = 0x2, "Ports are given.";
        PROTO_RANDOM = 0x4, "Ports at random.";
        PERSISTENT = 0x8, "A client keeps its address.";
        PROTO_RANDOM_FULLY = 0x10, "Ports quite at random.";
        PROTO_OFFSET = 0x20, "Ports by their distance to the base.";
        NETMAP = 0x40, "Only the prefix is changed.";
    }
}

view! {
    /// Change the source or destination of a connection.
    pub struct Nat(nfta_nat, "NFTA_NAT_") {
        /// See [`nft_nat`].
        kind: u32 = be32(TYPE);
        family: u32 = be32(FAMILY);
        addr_min: u32 = be32(REG_ADDR_MIN);
        addr_max: u32 = be32(REG_ADDR_MAX);
        proto_min: u32 = be32(REG_PROTO_MIN);
        proto_max: u32 = be32(REG_PROTO_MAX);
        /// See [`NatFlags`].
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Take the outgoing interface's address as source (`enum nft_masq_attributes`).
    pub mod nfta_masq("NFTA_MASQ_", "linux/netfilter/nf_tables.h") {
        FLAGS = 1, BeBits(&super::NatFlags::SPEC), "Flags.";
        REG_PROTO_MIN = 2, Be, "Register with the first port.";
        REG_PROTO_MAX = 3, Be, "Register with the last port.";
    }
}

view! {
    /// Take the outgoing interface's address as source.
    pub struct Masq(nfta_masq, "NFTA_MASQ_") {
        flags: u32 = be32(FLAGS);
        proto_min: u32 = be32(REG_PROTO_MIN);
        proto_max: u32 = be32(REG_PROTO_MAX);
    }
}

attrs! {
    /// Take this host as destination (`enum nft_redir_attributes`).
    pub mod nfta_redir("NFTA_REDIR_", "linux/netfilter/nf_tables.h") {
        REG_PROTO_MIN = 1, Be, "Register with the first port.";
        REG_PROTO_MAX = 2, Be, "Register with the last port.";
        FLAGS = 3, BeBits(&super::NatFlags::SPEC), "Flags.";
    }
}

view! {
    /// Take this host as destination.
    pub struct Redir(nfta_redir, "NFTA_REDIR_") {
        proto_min: u32 = be32(REG_PROTO_MIN);
        proto_max: u32 = be32(REG_PROTO_MAX);
        flags: u32 = be32(FLAGS);
    }
}

attrs! {
    /// Give the packet to a local socket (`enum nft_tproxy_attributes`).
    pub mod nfta_tproxy("NFTA_TPROXY_", "linux/netfilter/nf_tables.h") {
        FAMILY = 1, Be, "Family of the address.";
        REG_ADDR = 2, Be, "Register with the address.";
        REG_PORT = 3, Be, "Register with the port.";
    }
}

view! {
    /// Give the packet to a local socket.
    pub struct Tproxy(nfta_tproxy, "NFTA_TPROXY_") {
        family: u32 = be32(FAMILY);
        addr: u32 = be32(REG_ADDR);
        port: u32 = be32(REG_PORT);
    }
}

attrs! {
    /// Send a copy (`enum nft_dup_attributes`).
    pub mod nfta_dup("NFTA_DUP_", "linux/netfilter/nf_tables.h") {
        SREG_ADDR = 1, Be, "Register with the address to send it to.";
        SREG_DEV = 2, Be, "Register with the interface.";
    }
}

view! {
    /// Send a copy.
    pub struct Dup(nfta_dup, "NFTA_DUP_") {
        addr: u32 = be32(SREG_ADDR);
        dev: u32 = be32(SREG_DEV);
    }
}

attrs! {
    /// Send it out of another device (`enum nft_fwd_attributes`).
    pub mod nfta_fwd("NFTA_FWD_", "linux/netfilter/nf_tables.h") {
        SREG_DEV = 1, Be, "Register with the interface.";
        SREG_ADDR = 2, Be, "Register with the next hop.";
        NFPROTO = 3, Be, "Family of that.";
    }
}

view! {
    /// Send it out of another device.
    pub struct Fwd(nfta_fwd, "NFTA_FWD_") {
        dev: u32 = be32(SREG_DEV);
        addr: u32 = be32(SREG_ADDR);
        nfproto: u32 = be32(NFPROTO);
    }
}

attrs! {
    /// Leave it out of connection tracking. It has no attributes.
    pub mod nfta_notrack("", "linux/netfilter/nf_tables.h") {}
}

attrs! {
    /// Use a stateful object (`enum nft_objref_attributes`).
    pub mod nfta_objref("NFTA_OBJREF_", "linux/netfilter/nf_tables.h") {
        IMM_TYPE = 1, BeCode(&super::super::nft_object::SPEC), "What it is.";
        IMM_NAME = 2, Str, "Its name.";
        SET_SREG = 3, Be, "Register with the key in a map of objects.";
        SET_NAME = 4, Str, "Name of that map.";
        SET_ID = 5, Be, "That map, by number within the transaction.";
    }
}

view! {
    /// Use a stateful object.
    pub struct ObjRef(nfta_objref, "NFTA_OBJREF_") {
        /// See [`super::nft_object`].
        kind: u32 = be32(IMM_TYPE);
        name: &'a [u8] = name(IMM_NAME);
        sreg: u32 = be32(SET_SREG);
        set: &'a [u8] = name(SET_NAME);
    }
}

attrs! {
    /// Load a number that counts or is random (`enum nft_ng_attributes`).
    pub mod nfta_ng("NFTA_NG_", "linux/netfilter/nf_tables.h") {
        DREG = 1, Be, "Register to load.";
        MODULUS = 2, Be, "It stays below.";
        TYPE = 3, Be, "0: it counts; 1: it is random.";
        OFFSET = 4, Be, "What is added.";
    }
}

view! {
    /// Load a number that counts or is random.
    pub struct NumGen(nfta_ng, "NFTA_NG_") {
        dreg: u32 = be32(DREG);
        modulus: u32 = be32(MODULUS);
        kind: u32 = be32(TYPE);
        offset: u32 = be32(OFFSET);
    }
}

attrs! {
    /// Load a hash of a register (`enum nft_hash_attributes`).
    pub mod nfta_hash("NFTA_HASH_", "linux/netfilter/nf_tables.h") {
        SREG = 1, Be, "Register to read.";
        DREG = 2, Be, "Register to load.";
        LEN = 3, Be, "Length in bytes.";
        MODULUS = 4, Be, "It stays below.";
        SEED = 5, Be, "Seed.";
        OFFSET = 6, Be, "What is added.";
        TYPE = 7, Be, "0: Jenkins'; 1: the same in both directions.";
    }
}

attrs! {
    /// A match of iptables' (`enum nft_match_attributes`).
    pub mod nfta_match("NFTA_MATCH_", "linux/netfilter/nf_tables_compat.h") {
        NAME = 1, Str, "Which.";
        REV = 2, Be, "Revision of its struct.";
        INFO = 3, Bytes, "Its struct.";
    }
}

attrs! {
    /// A target of iptables' (`enum nft_target_attributes`).
    pub mod nfta_target("NFTA_TARGET_", "linux/netfilter/nf_tables_compat.h") {
        NAME = 1, Str, "Which.";
        REV = 2, Be, "Revision of its struct.";
        INFO = 3, Bytes, "Its struct.";
    }
}

view! {
    /// A match or a target of iptables': both have the same attributes.
    pub struct Xt(nfta_match, "NFTA_MATCH_") {
        name: &'a [u8] = name(NAME);
        rev: u32 = be32(REV);
        info: &'a [u8] = bytes(INFO);
    }
}

/// Groups of numbers that no attribute above points to, for checks.
pub(super) const CODES: [&CodeSpec; 3] = [&CtState::SPEC, &CtStatus::SPEC, &nft_reject_icmpx::SPEC];

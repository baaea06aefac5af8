//! Types of values as nft(8) has them: numbers, names, sizes, how they print. A type is a row.

use crate::names::{IP_PROTOS, Names};

/// How a value of a type prints.
#[derive(Clone, Copy, Debug)]
pub enum Show {
    /// In decimal digits.
    Number,
    /// In hexadecimal digits, all of them.
    Hex,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// A link-layer address.
    Mac,
    /// A name between quotes.
    Quoted,
    /// A name of a link by its index, between quotes.
    Link,
    /// Bits, by their names.
    Bits,
    /// Two numbers of a traffic class.
    Class,
    /// A length of time in milliseconds.
    Millis,
    /// By the names of a file of the system's.
    File(&'static Names),
    /// As [`Show::File`], between quotes.
    QuotedFile(&'static Names),
}

/// A type.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// nft's number (nftables, datatype.h).
    pub number: u32,
    /// nft's name.
    pub name: &'static str,
    /// Bytes of a value; 0: any.
    pub size: usize,
    /// Whether numbers are in host byte order; else as in the packet.
    pub host: bool,
    /// How it prints where no name is known.
    pub show: Show,
    /// Names of values.
    pub names: &'static [(&'static str, u64)],
    /// How many elements of a set go on a line.
    pub per_line: usize,
}

macro_rules! types {
    ($($(#[doc = $doc:literal])* $id:ident = $number:literal, $name:literal, $size:literal, $host:literal, $show:expr, $per:literal, [$($value:literal $text:literal),*];)*) => {
        $($(#[doc = $doc])* pub static $id: Type = Type {
            number: $number, name: $name, size: $size, host: $host, show: $show, per_line: $per,
            names: &[$(($text, $value)),*],
        };)*
        /// All of them.
        pub static TYPES: &[&Type] = &[$(&$id),*];
    };
}

use Show::*;

types! {
    /// An unknown one.
    UNKNOWN = 0, "invalid", 0, false, Number, 1, [];
    /// A verdict.
    VERDICT = 1, "verdict", 0, true, Number, 1, [];
    /// A family of netfilter's.
    NFPROTO = 2, "nf_proto", 1, true, Number, 5, [2 "ipv4", 10 "ipv6"];
    /// Bits.
    BITMASK = 3, "bitmask", 0, true, Hex, 1, [];
    /// A number.
    INTEGER = 4, "integer", 0, false, Number, 5, [];
    /// A string.
    STRING = 5, "string", 0, true, Quoted, 1, [];
    /// A link-layer address.
    LL_ADDR = 6, "ll_addr", 0, false, Mac, 1, [];
    /// An IPv4 address.
    IPV4_ADDR = 7, "ipv4_addr", 4, false, Ip4, 2, [];
    /// An IPv6 address.
    IPV6_ADDR = 8, "ipv6_addr", 16, false, Ip6, 1, [];
    /// A MAC address.
    ETHER_ADDR = 9, "ether_addr", 6, false, Mac, 1, [];
    /// A protocol of ethernet's.
    ETHER_TYPE = 10, "ether_type", 2, false, Hex, 1,
        [0x0800 "ip", 0x0806 "arp", 0x86dd "ip6", 0x8100 "8021q", 0x88a8 "8021ad"];
    /// What an ARP packet does.
    ARP_OP = 11, "arp_op", 2, false, Number, 1,
        [1 "request", 2 "reply", 3 "rrequest", 4 "rreply", 8 "inrequest", 9 "inreply", 10 "nak"];
    /// A protocol of IP.
    INET_PROTO = 12, "inet_proto", 1, false, File(&IP_PROTOS), 5, [];
    /// A port.
    INET_SERVICE = 13, "inet_service", 2, false, Number, 5, [];
    /// A type of ICMP.
    ICMP_TYPE = 14, "icmp_type", 1, false, Number, 1, [
        0 "echo-reply", 3 "destination-unreachable", 4 "source-quench", 5 "redirect", 8 "echo-request",
        9 "router-advertisement", 10 "router-solicitation", 11 "time-exceeded", 12 "parameter-problem",
        13 "timestamp-request", 14 "timestamp-reply", 15 "info-request", 16 "info-reply", 17 "address-mask-request",
        18 "address-mask-reply"];
    /// Flags of TCP.
    TCP_FLAG = 15, "tcp_flag", 1, false, Bits, 1,
        [1 "fin", 2 "syn", 4 "rst", 8 "psh", 16 "ack", 32 "urg", 64 "ecn", 128 "cwr"];
    /// A length of time.
    TIME = 18, "time", 4, true, Millis, 1, [];
    /// A mark.
    MARK = 19, "mark", 4, true, Hex, 5, [];
    /// A link, by its index.
    IFINDEX = 20, "iface_index", 4, true, Link, 1, [];
    /// A type of links.
    ARPHRD = 21, "iface_type", 2, true, Number, 1, [
        1 "ether", 512 "ppp", 768 "ipip", 769 "ipip6", 772 "loopback", 776 "sit", 778 "ipgre"];
    /// A realm.
    REALM = 22, "realm", 4, true, Number, 1, [];
    /// A traffic class.
    CLASSID = 23, "classid", 4, true, Class, 1, [0 "none"];
    /// A user.
    UID = 24, "uid", 4, true, Number, 1, [];
    /// A group of users.
    GID = 25, "gid", 4, true, Number, 1, [];
    /// States of a connection.
    CT_STATE = 26, "ct_state", 4, true, Bits, 1,
        [1 "invalid", 2 "established", 4 "related", 8 "new", 64 "untracked"];
    /// A direction of a connection.
    CT_DIR = 27, "ct_dir", 1, true, Number, 1, [0 "original", 1 "reply"];
    /// Status of a connection.
    CT_STATUS = 28, "ct_status", 4, true, Bits, 1, [
        1 "expected", 2 "seen-reply", 4 "assured", 8 "confirmed", 16 "snat", 32 "dnat", 512 "dying"];
    /// A type of ICMP of IPv6.
    ICMPV6_TYPE = 29, "icmpv6_type", 1, false, Number, 1, [
        1 "destination-unreachable", 2 "packet-too-big", 3 "time-exceeded", 4 "parameter-problem", 128 "echo-request",
        129 "echo-reply", 130 "mld-listener-query", 131 "mld-listener-report", 132 "mld-listener-done",
        133 "nd-router-solicit", 134 "nd-router-advert", 135 "nd-neighbor-solicit", 136 "nd-neighbor-advert",
        137 "nd-redirect", 138 "router-renumbering", 141 "ind-neighbor-solicit", 142 "ind-neighbor-advert",
        143 "mld2-listener-report"];
    /// To whom a packet is.
    PKTTYPE = 31, "pkt_type", 1, true, Number, 1, [0 "host", 1 "broadcast", 2 "multicast", 3 "other"];
    /// A code of ICMP.
    ICMP_CODE = 32, "icmp_code", 1, false, Number, 1, [
        0 "net-unreachable", 1 "host-unreachable", 2 "prot-unreachable", 3 "port-unreachable", 9 "net-prohibited",
        10 "host-prohibited", 13 "admin-prohibited", 4 "frag-needed"];
    /// A code of ICMP of IPv6.
    ICMPV6_CODE = 33, "icmpv6_code", 1, false, Number, 1, [
        0 "no-route", 1 "admin-prohibited", 3 "addr-unreachable", 4 "port-unreachable", 5 "policy-fail",
        6 "reject-route"];
    /// A code of ICMP of both.
    ICMPX_CODE = 34, "icmpx_code", 1, false, Number, 1,
        [1 "port-unreachable", 3 "admin-prohibited", 0 "no-route", 2 "host-unreachable"];
    /// A group of links.
    DEVGROUP = 35, "devgroup", 4, true, QuotedFile(&crate::names::GROUPS), 1, [];
    /// A DSCP.
    DSCP = 36, "dscp", 1, false, Hex, 1, [
        0x00 "cs0", 0x08 "cs1", 0x10 "cs2", 0x18 "cs3", 0x20 "cs4", 0x28 "cs5", 0x30 "cs6", 0x38 "cs7", 0x01 "lephb",
        0x0a "af11", 0x0c "af12", 0x0e "af13", 0x12 "af21", 0x14 "af22", 0x16 "af23", 0x1a "af31", 0x1c "af32",
        0x1e "af33", 0x22 "af41", 0x24 "af42", 0x26 "af43", 0x2c "va", 0x2e "ef"];
    /// Congestion of a packet's way.
    ECN = 37, "ecn", 1, false, Number, 1, [0 "not-ect", 1 "ect1", 2 "ect0", 3 "ce"];
    /// A type of addresses.
    FIB_ADDR = 38, "fib_addrtype", 4, true, Number, 1, [
        0 "unspec", 1 "unicast", 2 "local", 3 "broadcast", 4 "anycast", 5 "multicast", 6 "blackhole",
        7 "unreachable", 8 "prohibit"];
    /// Whether something is there.
    BOOLEAN = 39, "boolean", 1, true, Number, 1, [1 "exists", 0 "missing"];
    /// A link, by its name.
    IFNAME = 41, "ifname", 16, true, Quoted, 1, [];
    /// A type of IGMP.
    IGMP_TYPE = 42, "igmp_type", 1, false, Number, 1, [
        17 "membership-query", 18 "membership-report-v1", 22 "membership-report-v2", 34 "membership-report-v3",
        23 "leave-group"];
    /// A number of the host's.
    HOST_INTEGER = 4096, "integer", 0, true, Number, 5, [];
}

/// The type of this number of nft's.
#[must_use]
pub fn by_number(number: u32) -> &'static Type {
    TYPES.iter().find(|t| t.number == number).copied().unwrap_or(&UNKNOWN)
}

/// The fields of a key: of several, each has six bits of the number, the last in the lowest.
#[must_use]
pub fn fields(number: u32) -> Vec<&'static Type> {
    let mut all: Vec<_> = [24, 18, 12, 6, 0].map(|shift| by_number(number.wrapping_shr(shift) & 0x3f)).into();
    let first = all.iter().position(|t| t.number != 0).unwrap_or(4);
    all.drain(..first);
    all
}

/// A field of a header: name, offset and length in bits, type.
pub type Field = (&'static str, u32, u32, &'static Type);

/// A header, and its fields.
#[derive(Debug)]
pub struct Header {
    /// nft's name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

macro_rules! headers {
    ($($(#[doc = $doc:literal])* $id:ident = $name:literal { $($field:literal $at:literal $len:literal $ty:ident),* $(,)? })*) => {
        $($(#[doc = $doc])* pub static $id: Header = Header {
            name: $name,
            fields: &[$(($field, $at, $len, &$ty)),*],
        };)*
    };
}

headers! {
    /// Ethernet.
    ETHER = "ether" { "daddr" 0 48 ETHER_ADDR, "saddr" 48 48 ETHER_ADDR, "type" 96 16 ETHER_TYPE }
    /// VLAN tag, behind ethernet's addresses.
    VLAN = "vlan" { "pcp" 112 3 INTEGER, "dei" 115 1 INTEGER, "id" 116 12 INTEGER, "type" 128 16 ETHER_TYPE }
    /// ARP.
    ARP = "arp" {
        "htype" 0 16 INTEGER, "ptype" 16 16 ETHER_TYPE, "hlen" 32 8 INTEGER, "plen" 40 8 INTEGER,
        "operation" 48 16 ARP_OP, "saddr ether" 64 48 ETHER_ADDR, "daddr ether" 144 48 ETHER_ADDR,
        "saddr ip" 112 32 IPV4_ADDR, "daddr ip" 192 32 IPV4_ADDR,
    }
    /// IPv4.
    IP = "ip" {
        "version" 0 4 INTEGER, "hdrlength" 4 4 INTEGER, "dscp" 8 6 DSCP, "ecn" 14 2 ECN, "length" 16 16 INTEGER,
        "id" 32 16 INTEGER, "frag-off" 48 16 INTEGER, "ttl" 64 8 INTEGER, "protocol" 72 8 INET_PROTO,
        "checksum" 80 16 INTEGER, "saddr" 96 32 IPV4_ADDR, "daddr" 128 32 IPV4_ADDR,
    }
    /// IPv6.
    IP6 = "ip6" {
        "version" 0 4 INTEGER, "dscp" 4 6 DSCP, "ecn" 10 2 ECN, "flowlabel" 12 20 INTEGER, "length" 32 16 INTEGER,
        "nexthdr" 48 8 INET_PROTO, "hoplimit" 56 8 INTEGER, "saddr" 64 128 IPV6_ADDR, "daddr" 192 128 IPV6_ADDR,
    }
    /// ICMP.
    ICMP = "icmp" {
        "type" 0 8 ICMP_TYPE, "code" 8 8 ICMP_CODE, "checksum" 16 16 INTEGER, "id" 32 16 INTEGER,
        "sequence" 48 16 INTEGER, "gateway" 32 32 INTEGER, "mtu" 48 16 INTEGER,
    }
    /// ICMP of IPv6.
    ICMPV6 = "icmpv6" {
        "type" 0 8 ICMPV6_TYPE, "code" 8 8 ICMPV6_CODE, "checksum" 16 16 INTEGER, "id" 32 16 INTEGER,
        "sequence" 48 16 INTEGER, "parameter-problem" 32 32 INTEGER, "mtu" 32 32 INTEGER, "max-delay" 32 16 INTEGER,
    }
    /// IGMP.
    IGMP = "igmp" { "type" 0 8 IGMP_TYPE, "mrt" 8 8 INTEGER, "checksum" 16 16 INTEGER, "group" 32 32 IPV4_ADDR }
    /// TCP.
    TCP = "tcp" {
        "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE, "sequence" 32 32 INTEGER, "ackseq" 64 32 INTEGER,
        "doff" 96 4 INTEGER, "reserved" 100 4 INTEGER, "flags" 104 8 TCP_FLAG, "window" 112 16 INTEGER,
        "checksum" 128 16 INTEGER, "urgptr" 144 16 INTEGER,
    }
    /// UDP.
    UDP = "udp" {
        "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE, "length" 32 16 INTEGER, "checksum" 48 16 INTEGER,
    }
    /// UDP-Lite.
    UDPLITE = "udplite" {
        "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE, "csumcov" 32 16 INTEGER, "checksum" 48 16 INTEGER,
    }
    /// DCCP.
    DCCP = "dccp" { "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE }
    /// SCTP.
    SCTP = "sctp" {
        "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE, "vtag" 32 32 INTEGER, "checksum" 64 32 INTEGER,
    }
    /// ESP.
    ESP = "esp" { "spi" 0 32 INTEGER, "sequence" 32 32 INTEGER }
    /// AH.
    AH = "ah" {
        "nexthdr" 0 8 INET_PROTO, "hdrlength" 8 8 INTEGER, "reserved" 16 16 INTEGER, "spi" 32 32 INTEGER,
        "sequence" 64 32 INTEGER,
    }
    /// IPComp.
    COMP = "comp" { "nexthdr" 0 8 INET_PROTO, "flags" 8 8 INTEGER, "cpi" 16 16 INTEGER }
    /// A transport header of no protocol in particular.
    TH = "th" { "sport" 0 16 INET_SERVICE, "dport" 16 16 INET_SERVICE }
}

/// The transport header of a protocol.
#[must_use]
pub fn transport(proto: Option<u8>) -> &'static Header {
    match proto {
        Some(1) => &ICMP,
        Some(2) => &IGMP,
        Some(6) => &TCP,
        Some(17) => &UDP,
        Some(33) => &DCCP,
        Some(50) => &ESP,
        Some(51) => &AH,
        Some(58) => &ICMPV6,
        Some(108) => &COMP,
        Some(132) => &SCTP,
        Some(136) => &UDPLITE,
        _ => &TH,
    }
}

/// What is known of a packet: name and type, by number (`NFT_META_*`).
pub static META: &[(&str, &Type)] = &[
    ("length", &HOST_INTEGER),
    ("protocol", &ETHER_TYPE),
    ("priority", &CLASSID),
    ("mark", &MARK),
    ("iif", &IFINDEX),
    ("oif", &IFINDEX),
    ("iifname", &IFNAME),
    ("oifname", &IFNAME),
    ("iiftype", &ARPHRD),
    ("oiftype", &ARPHRD),
    ("skuid", &UID),
    ("skgid", &GID),
    ("nftrace", &HOST_INTEGER),
    ("rtclassid", &REALM),
    ("secmark", &HOST_INTEGER),
    ("nfproto", &NFPROTO),
    ("l4proto", &INET_PROTO),
    ("ibrname", &IFNAME),
    ("obrname", &IFNAME),
    ("pkttype", &PKTTYPE),
    ("cpu", &HOST_INTEGER),
    ("iifgroup", &DEVGROUP),
    ("oifgroup", &DEVGROUP),
    ("cgroup", &HOST_INTEGER),
    ("random", &INTEGER),
    ("ipsec", &BOOLEAN),
    ("iifkind", &IFNAME),
    ("oifkind", &IFNAME),
    ("ibrpvid", &HOST_INTEGER),
    ("ibrvproto", &ETHER_TYPE),
    ("time", &HOST_INTEGER),
    ("day", &HOST_INTEGER),
    ("hour", &HOST_INTEGER),
    ("sdif", &IFINDEX),
    ("sdifname", &IFNAME),
];

/// What connection tracking knows: name and type, by number (`NFT_CT_*`).
pub static CT: &[(&str, &Type)] = &[
    ("state", &CT_STATE),
    ("direction", &CT_DIR),
    ("status", &CT_STATUS),
    ("mark", &MARK),
    ("secmark", &HOST_INTEGER),
    ("expiration", &TIME),
    ("helper", &STRING),
    ("l3proto", &NFPROTO),
    ("saddr", &UNKNOWN),
    ("daddr", &UNKNOWN),
    ("protocol", &INET_PROTO),
    ("proto-src", &INET_SERVICE),
    ("proto-dst", &INET_SERVICE),
    ("label", &BITMASK),
    ("packets", &HOST_INTEGER),
    ("bytes", &HOST_INTEGER),
    ("avgpkt", &HOST_INTEGER),
    ("zone", &HOST_INTEGER),
    ("event", &BITMASK),
    ("ip saddr", &IPV4_ADDR),
    ("ip daddr", &IPV4_ADDR),
    ("ip6 saddr", &IPV6_ADDR),
    ("ip6 daddr", &IPV6_ADDR),
    ("id", &INTEGER),
];

//! Links: `RTM_*LINK`, `RTM_*LINKPROP`, `RTM_*STATS`.
//!
//! ```text
//! 0       1    2      4       8       12       16
//! │family │ –  │ type │ index │ flags │ change │ IFLA_IFNAME, IFLA_MTU, …
//!
//! IFLA_LINKINFO → IFLA_INFO_KIND "vxlan", IFLA_INFO_DATA → IFLA_VXLAN_* (kinds.rs)
//!                 IFLA_INFO_SLAVE_KIND "bridge", IFLA_INFO_SLAVE_DATA → IFLA_BRPORT_*
//! ```

use super::{DATA_KINDS, SLAVE_KINDS, af, bridge, brport};
use crate::decode::{Attr, Attrs};
use crate::error::DecodeError;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{I32, U16, U32, U64};

wire! {
    /// The fixed header of a link, `struct ifinfomsg` (linux/rtnetlink.h).
    pub struct IfInfoMsg("ifinfomsg", "linux/rtnetlink.h") {
        /// Address family; `AF_UNSPEC` unless it is about one family's share of the link.
        family: u8 = "ifi_family" => Shape::Code(&af::SPEC),
        /// Unused, 0.
        pad: u8 = "__ifi_pad",
        /// Link-layer type ([`arphrd`]).
        kind: U16 = "ifi_type" => Shape::Code(&arphrd::SPEC),
        /// Interface index; 0: not given.
        index: I32 = "ifi_index",
        /// Bits of [`LinkFlags`].
        flags: U32 = "ifi_flags" => Shape::Bits(&LinkFlags::SPEC),
        /// Which flags a change is about; 0 with flags set: all of them.
        change: U32 = "ifi_change" => Shape::Bits(&LinkFlags::SPEC),
    }
}

attrs! {
    /// Attributes of a link.
    pub mod ifla("IFLA_", "linux/if_link.h") {
        /// Link-layer address.
        ADDRESS = 1, Mac;
        /// Link-layer broadcast address, or the other end's address.
        BROADCAST = 2, Mac;
        /// Name.
        IFNAME = 3, Str;
        /// Largest payload of a packet, in bytes.
        MTU = 4, Uint;
        /// Interface index of the device below or, for a veth, of the other end.
        LINK = 5, Uint;
        /// Name of the root queueing discipline.
        QDISC = 6, Str;
        /// Statistics of 32 bits.
        STATS = 7, Struct(super::Stats::SPEC);
        /// Unused.
        COST = 8, Bytes;
        /// Unused.
        PRIORITY = 9, Bytes;
        /// Interface index of the master; 0: none.
        MASTER = 10, Uint;
        /// An event of the wireless extensions.
        WIRELESS = 11, Bytes;
        /// The address family's share of the link.
        PROTINFO = 12, ByFamily(&super::PROTINFO);
        /// Packets that may wait to be sent.
        TXQLEN = 13, Uint;
        /// Hardware addresses.
        MAP = 14, Struct(super::IfMap::SPEC);
        /// Packets taken per poll.
        WEIGHT = 15, Uint;
        /// Operational state (RFC 2863).
        OPERSTATE = 16, Code(&super::OperState::SPEC);
        /// Where the operational state goes by itself.
        LINKMODE = 17, Code(&super::link_mode::SPEC);
        /// Kind and its settings.
        LINKINFO = 18, Nest(&super::info::SPEC);
        /// The namespace to be in, by a process in it.
        NET_NS_PID = 19, Uint;
        /// A text of the user's.
        IFALIAS = 20, Str;
        /// Number of virtual functions.
        NUM_VF = 21, Uint;
        /// Virtual functions.
        VFINFO_LIST = 22, Bytes;
        /// Statistics of 64 bits.
        STATS64 = 23, Struct(super::Stats64::SPEC);
        /// Port profiles of the virtual functions.
        VF_PORTS = 24, Bytes;
        /// Port profile of the link.
        PORT_SELF = 25, Bytes;
        /// The address families' shares of the link.
        AF_SPEC = 26, ByFamily(&super::AF_SPEC);
        /// Group, a number of the user's.
        GROUP = 27, Uint;
        /// The namespace to be in, by an open file.
        NET_NS_FD = 28, Uint;
        /// What else to answer with.
        EXT_MASK = 29, Bits(&super::rtext_filter::SPEC);
        /// How many want all packets.
        PROMISCUITY = 30, Uint;
        /// Number of queues to send by.
        NUM_TX_QUEUES = 31, Uint;
        /// Number of queues to receive by.
        NUM_RX_QUEUES = 32, Uint;
        /// Whether there is a carrier.
        CARRIER = 33, Uint;
        /// Id of the physical port.
        PHYS_PORT_ID = 34, Bytes;
        /// Times the carrier changed.
        CARRIER_CHANGES = 35, Uint;
        /// Id of the switch the port is of.
        PHYS_SWITCH_ID = 36, Bytes;
        /// Namespace id of what `IFLA_LINK` is in; absent: this one.
        LINK_NETNSID = 37, Int;
        /// Name of the physical port.
        PHYS_PORT_NAME = 38, Str;
        /// Kept down by a protocol.
        PROTO_DOWN = 39, Uint;
        /// Most segments of an offloaded packet.
        GSO_MAX_SEGS = 40, Uint;
        /// Largest offloaded packet, in bytes.
        GSO_MAX_SIZE = 41, Uint;
        /// Padding.
        PAD = 42, Bytes;
        /// BPF programs that see packets first.
        XDP = 43, Nest(&super::xdp::SPEC);
        /// What a message tells of.
        EVENT = 44, Code(&super::ifla_event::SPEC);
        /// Namespace id the link goes to.
        NEW_NETNSID = 45, Int;
        /// Namespace id to act in (`IFLA_IF_NETNSID`).
        TARGET_NETNSID = 46, Int;
        /// Times the carrier came.
        CARRIER_UP_COUNT = 47, Uint;
        /// Times the carrier went.
        CARRIER_DOWN_COUNT = 48, Uint;
        /// Interface index in the namespace the link goes to.
        NEW_IFINDEX = 49, Int;
        /// Smallest MTU, in bytes.
        MIN_MTU = 50, Uint;
        /// Largest MTU, in bytes; 0: no limit.
        MAX_MTU = 51, Uint;
        /// Properties of which there may be several: `IFLA_ALT_IFNAME`s.
        PROP_LIST = 52, Nest(&SPEC);
        /// Alternative name.
        ALT_IFNAME = 53, Str;
        /// Link-layer address the device was made with.
        PERM_ADDRESS = 54, Mac;
        /// Why it is kept down.
        PROTO_DOWN_REASON = 55, Nest(&super::proto_down_reason::SPEC);
        /// Name of the device it is made of.
        PARENT_DEV_NAME = 56, Str;
        /// Bus of the device it is made of.
        PARENT_DEV_BUS_NAME = 57, Str;
        /// Largest packet put together on receipt, in bytes.
        GRO_MAX_SIZE = 58, Uint;
        /// Largest packet the device takes apart, in bytes.
        TSO_MAX_SIZE = 59, Uint;
        /// Most segments the device takes apart.
        TSO_MAX_SEGS = 60, Uint;
        /// How many want all multicast packets.
        ALLMULTI = 61, Uint;
        /// Port of devlink.
        DEVLINK_PORT = 62, Bytes;
        /// Largest offloaded IPv4 packet, in bytes.
        GSO_IPV4_MAX_SIZE = 63, Uint;
        /// Largest IPv4 packet put together on receipt, in bytes.
        GRO_IPV4_MAX_SIZE = 64, Uint;
        /// Pin of the clock.
        DPLL_PIN = 65, Bytes;
        /// How far ahead the device paces, in nanoseconds.
        MAX_PACING_OFFLOAD_HORIZON = 66, Uint;
        /// It cannot go to another namespace.
        NETNS_IMMUTABLE = 67, Uint;
        /// Bytes to keep free in front of a packet.
        HEADROOM = 68, Uint;
        /// Bytes to keep free behind a packet.
        TAILROOM = 69, Uint;
    }
}

/// What `IFLA_PROTINFO` is, by address family.
static PROTINFO: [(u8, &crate::spec::NestSpec); 2] =
    [(af::BRIDGE, &brport::SPEC), (af::INET6, &inet6::SPEC)];

/// What `IFLA_AF_SPEC` is, by address family.
static AF_SPEC: [(u8, &crate::spec::NestSpec); 2] =
    [(af::UNSPEC, &af_spec::SPEC), (af::BRIDGE, &bridge::SPEC)];

attrs! {
    /// What is in `IFLA_LINKINFO`.
    pub mod info("IFLA_INFO_", "linux/if_link.h") {
        /// Kind of device.
        KIND = 1, Str;
        /// Settings of the kind.
        DATA = 2, ByName(KIND, &super::DATA_KINDS);
        /// Statistics of the kind.
        XSTATS = 3, Bytes;
        /// Kind of the master.
        SLAVE_KIND = 4, Str;
        /// Settings of the port that it is of its master.
        SLAVE_DATA = 5, ByName(SLAVE_KIND, &super::SLAVE_KINDS);
    }
}

attrs! {
    /// What is in `IFLA_AF_SPEC`, by address family.
    pub mod af_spec("AF_", "sys/socket.h") {
        /// IPv4.
        INET = 2, Nest(&super::inet::SPEC);
        /// IPv6.
        INET6 = 10, Nest(&super::inet6::SPEC);
        /// MPLS.
        MPLS = 28, Bytes;
        /// MCTP.
        MCTP = 45, Nest(&super::mctp::SPEC);
    }
}

attrs! {
    /// IPv4's share of a link.
    pub mod inet("IFLA_INET_", "linux/if_link.h") {
        /// Settings: `u32`s by `IPV4_DEVCONF_*` less one; in a request a nest of them.
        CONF = 1, Bytes;
    }
}

attrs! {
    /// IPv6's share of a link.
    pub mod inet6("IFLA_INET6_", "linux/if_link.h") {
        /// `IF_READY`, `IF_RA_RCVD`, … of the kernel's own.
        FLAGS = 1, Uint;
        /// Settings: `i32`s by `DEVCONF_*`.
        CONF = 2, Bytes;
        /// Statistics: `u64`s.
        STATS = 3, Bytes;
        /// Unused.
        MCAST = 4, Bytes;
        /// Times.
        CACHEINFO = 5, Struct(super::IflaCacheInfo::SPEC);
        /// Statistics of ICMPv6: `u64`s.
        ICMP6STATS = 6, Bytes;
        /// Interface identifier to make addresses of.
        TOKEN = 7, Ip;
        /// How link-local addresses are made.
        ADDR_GEN_MODE = 8, Code(&super::in6_addr_gen_mode::SPEC);
        /// MTU a router advertised, in bytes.
        RA_MTU = 9, Uint;
    }
}

attrs! {
    /// MCTP's share of a link.
    pub mod mctp("IFLA_MCTP_", "linux/if_link.h") {
        /// Network.
        NET = 1, Uint;
        /// Physical medium.
        PHYS_BINDING = 2, Uint;
    }
}

attrs! {
    /// What is in `IFLA_XDP`.
    pub mod xdp("IFLA_XDP_", "linux/if_link.h") {
        /// Program to attach; -1: none.
        FD = 1, Int;
        /// Where one is attached.
        ATTACHED = 2, Code(&super::xdp_attached::SPEC);
        /// `XDP_FLAGS_*`.
        FLAGS = 3, Uint;
        /// Id of the program.
        PROG_ID = 4, Uint;
        /// Id of the driver's program.
        DRV_PROG_ID = 5, Uint;
        /// Id of the generic program.
        SKB_PROG_ID = 6, Uint;
        /// Id of the hardware's program.
        HW_PROG_ID = 7, Uint;
        /// The program to replace.
        EXPECTED_FD = 8, Int;
    }
}

attrs! {
    /// What is in `IFLA_PROTO_DOWN_REASON`.
    pub mod proto_down_reason("IFLA_PROTO_DOWN_REASON_", "linux/if_link.h") {
        /// Which reasons change.
        MASK = 1, Uint;
        /// Reasons, a bit each.
        VALUE = 2, Uint;
    }
}

codes! {
    /// Flags of a link (`enum net_device_flags`).
    pub flags LinkFlags(u32, "IFF_", "linux/if.h") {
        /// Switched on.
        UP = 0x1;
        /// Has a broadcast address.
        BROADCAST = 0x2;
        /// Debugging.
        DEBUG = 0x4;
        /// A loopback.
        LOOPBACK = 0x8;
        /// Has one other end.
        POINTOPOINT = 0x10;
        /// Unused.
        NOTRAILERS = 0x20;
        /// Operational.
        RUNNING = 0x40;
        /// Neighbours are not resolved.
        NOARP = 0x80;
        /// Takes all packets.
        PROMISC = 0x100;
        /// Takes all multicast packets.
        ALLMULTI = 0x200;
        /// Balances over others.
        MASTER = 0x400;
        /// Is balanced over.
        SLAVE = 0x800;
        /// Can send multicast packets.
        MULTICAST = 0x1000;
        /// Its medium can be chosen.
        PORTSEL = 0x2000;
        /// Its medium is found.
        AUTOMEDIA = 0x4000;
        /// Its addresses change.
        DYNAMIC = 0x8000;
        /// The driver sees a carrier.
        LOWER_UP = 0x1_0000;
        /// The driver waits for something.
        DORMANT = 0x2_0000;
        /// Echoes what it sends.
        ECHO = 0x4_0000;
    }
}

codes! {
    /// Operational state (RFC 2863).
    pub struct OperState(u8, "IF_OPER_", "linux/if.h") {
        /// Not said.
        UNKNOWN = 0;
        /// There is no device.
        NOTPRESENT = 1;
        /// Down.
        DOWN = 2;
        /// What is below is down.
        LOWERLAYERDOWN = 3;
        /// Testing.
        TESTING = 4;
        /// Waits for something.
        DORMANT = 5;
        /// Up.
        UP = 6;
    }
}

codes! {
    /// Where the operational state goes by itself.
    pub mod link_mode(u8, "IF_LINK_MODE_", "linux/if.h") {
        /// Up.
        DEFAULT = 0;
        /// Dormant at most.
        DORMANT = 1;
        /// Testing at most.
        TESTING = 2;
    }
}

codes! {
    /// Link-layer types, the commoner ones.
    pub mod arphrd(u16, "ARPHRD_", "linux/if_arp.h") {
        /// NET/ROM.
        NETROM = 0;
        /// Ethernet.
        ETHER = 1;
        /// InfiniBand.
        INFINIBAND = 32;
        /// CAN.
        CAN = 280;
        /// MCTP.
        MCTP = 290;
        /// PPP.
        PPP = 512;
        /// Bare IP.
        RAWIP = 519;
        /// IPv4 in IPv4.
        TUNNEL = 768;
        /// IP in IPv6.
        TUNNEL6 = 769;
        /// Loopback.
        LOOPBACK = 772;
        /// IPv6 in IPv4.
        SIT = 776;
        /// GRE over IPv4.
        IPGRE = 778;
        /// PIM register.
        PIMREG = 779;
        /// Wireless.
        IEEE80211 = 801;
        /// Wireless, with radiotap headers.
        IEEE80211_RADIOTAP = 803;
        /// IEEE 802.15.4.
        IEEE802154 = 804;
        /// GRE over IPv6.
        IP6GRE = 823;
        /// A tap on netlink.
        NETLINK = 824;
        /// 6LoWPAN.
        SIXLOWPAN as "ARPHRD_6LOWPAN" = 825;
        /// A tap on vsock.
        VSOCKMON = 826;
        /// No header.
        NONE = 0xfffe;
        /// Nothing is known.
        VOID = 0xffff;
    }
}

codes! {
    /// What else to answer with (`IFLA_EXT_MASK`).
    pub mod rtext_filter(u32, "RTEXT_FILTER_", "linux/rtnetlink.h") {
        /// Virtual functions.
        VF = 0x01;
        /// A bridge's VLANs.
        BRVLAN = 0x02;
        /// A bridge's VLANs, as ranges.
        BRVLAN_COMPRESSED = 0x04;
        /// No statistics.
        SKIP_STATS = 0x08;
        /// Media redundancy.
        MRP = 0x10;
        /// Settings of fault management.
        CFM_CONFIG = 0x20;
        /// State of fault management.
        CFM_STATUS = 0x40;
        /// Spanning trees.
        MST = 0x80;
    }
}

codes! {
    /// What a message tells of (`IFLA_EVENT`).
    pub mod ifla_event(u32, "IFLA_EVENT_", "linux/if_link.h") {
        /// Nothing in particular.
        NONE = 0;
        /// The device was reset.
        REBOOT = 1;
        /// Offloads changed.
        FEATURES = 2;
        /// Another member of a bond is active.
        BONDING_FAILOVER = 3;
        /// Neighbours are told again.
        NOTIFY_PEERS = 4;
        /// Groups are joined again.
        IGMP_RESEND = 5;
        /// A bond's settings changed.
        BONDING_OPTIONS = 6;
    }
}

codes! {
    /// How IPv6 link-local addresses are made.
    pub mod in6_addr_gen_mode(u8, "IN6_ADDR_GEN_MODE_", "linux/if_link.h") {
        /// Of the link-layer address.
        EUI64 = 0;
        /// Not at all.
        NONE = 1;
        /// Of a secret that stays.
        STABLE_PRIVACY = 2;
        /// Of a secret that is drawn anew.
        RANDOM = 3;
    }
}

codes! {
    /// Where a BPF program is attached.
    pub mod xdp_attached(u8, "XDP_ATTACHED_", "linux/if_link.h") {
        /// Nowhere.
        NONE = 0;
        /// In the driver.
        DRV = 1;
        /// In the stack.
        SKB = 2;
        /// In hardware.
        HW = 3;
        /// Several.
        MULTI = 4;
    }
}

wire! {
    /// Hardware addresses, `struct rtnl_link_ifmap` (linux/if_link.h) without its padding.
    pub struct IfMap("rtnl_link_ifmap", "linux/if_link.h") {
        /// First address of the memory.
        mem_start: U64 = "mem_start",
        /// Last address of the memory.
        mem_end: U64 = "mem_end",
        /// Port address.
        base_addr: U64 = "base_addr",
        /// Interrupt.
        irq: U16 = "irq",
        /// DMA channel.
        dma: u8 = "dma",
        /// Connector.
        port: u8 = "port",
    }
}

wire! {
    /// IPv6's times of a link, `struct ifla_cacheinfo` (linux/if_link.h).
    pub struct IflaCacheInfo("ifla_cacheinfo", "linux/if_link.h") {
        /// Largest packet put together again, in bytes.
        max_reasm_len: U32 = "max_reasm_len",
        /// When it was changed, in 1/100 s since boot.
        updated: U32 = "tstamp",
        /// How long a neighbour is reachable, in ms.
        reachable_time: U32 = "reachable_time",
        /// Between solicitations, in ms.
        retrans_time: U32 = "retrans_time",
    }
}

/// The statistics in both widths; the wider one has grown a field more.
macro_rules! stats {
    ({ $($fields:tt)* } { $($more:tt)* }) => {
        stats!(@u32 $($fields)*);
        stats!(@u64 $($fields)* $($more)*);
    };
    (@u32 $($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        wire! {
            /// Statistics of 32 bits, `struct rtnl_link_stats` (linux/if_link.h).
            pub struct Stats("rtnl_link_stats", "linux/if_link.h") {
                $($(#[$doc])* $field: U32 = $name,)*
            }
        }
    };
    (@u64 $($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        wire! {
            /// Statistics of 64 bits, `struct rtnl_link_stats64` (linux/if_link.h).
            pub struct Stats64("rtnl_link_stats64", "linux/if_link.h") {
                $($(#[$doc])* $field: U64 = $name,)*
            }
        }
    };
}

stats! {
    {
        /// Packets received.
        rx_packets = "rx_packets",
        /// Packets sent.
        tx_packets = "tx_packets",
        /// Bytes received.
        rx_bytes = "rx_bytes",
        /// Bytes sent.
        tx_bytes = "tx_bytes",
        /// Bad packets received, of all sorts.
        rx_errors = "rx_errors",
        /// Failures to send, of all sorts.
        tx_errors = "tx_errors",
        /// Packets received but dropped.
        rx_dropped = "rx_dropped",
        /// Packets dropped on their way out.
        tx_dropped = "tx_dropped",
        /// Multicast packets received.
        multicast = "multicast",
        /// Collisions.
        collisions = "collisions",
        /// Of the wrong length.
        rx_length_errors = "rx_length_errors",
        /// The ring overflowed.
        rx_over_errors = "rx_over_errors",
        /// With a wrong checksum.
        rx_crc_errors = "rx_crc_errors",
        /// Not aligned.
        rx_frame_errors = "rx_frame_errors",
        /// The queue overflowed.
        rx_fifo_errors = "rx_fifo_errors",
        /// The host was too slow.
        rx_missed_errors = "rx_missed_errors",
        /// Given up.
        tx_aborted_errors = "tx_aborted_errors",
        /// Without carrier.
        tx_carrier_errors = "tx_carrier_errors",
        /// The queue ran empty.
        tx_fifo_errors = "tx_fifo_errors",
        /// Without heartbeat.
        tx_heartbeat_errors = "tx_heartbeat_errors",
        /// Collided late.
        tx_window_errors = "tx_window_errors",
        /// Compressed packets received.
        rx_compressed = "rx_compressed",
        /// Compressed packets sent.
        tx_compressed = "tx_compressed",
        /// Dropped because the link does not take part.
        rx_nohandler = "rx_nohandler",
    }
    {
        /// Dropped because they were for another host.
        rx_otherhost_dropped = "rx_otherhost_dropped",
    }
}

view! {
    /// A link, as `RTM_NEWLINK` and `RTM_DELLINK` carry it.
    pub struct Link(IfInfoMsg, ifla, "IFLA_", 69) {
        /// Link-layer address.
        address: &'a [u8] = bytes(ADDRESS);
        /// Link-layer broadcast address, or the other end's address.
        broadcast: &'a [u8] = bytes(BROADCAST);
        /// Name.
        name: &'a [u8] = name(IFNAME);
        /// Largest payload, in bytes.
        mtu: u32 = u32(MTU);
        /// Interface index of the device below or, for a veth, of the other end; 0: none.
        link: u32 = u32(LINK);
        /// Name of the root queueing discipline.
        qdisc: &'a [u8] = name(QDISC);
        /// Statistics of 32 bits; grew over time.
        stats: Stats = zero_extended(STATS);
        /// Statistics of 64 bits; grew over time.
        stats64: Stats64 = zero_extended(STATS64);
        /// Interface index of the master; 0: none.
        master: u32 = u32(MASTER);
        /// The header's address family's share: of a bridge's port [`brport`].
        protinfo: Attrs<'a> = attrs(PROTINFO);
        /// Packets that may wait to be sent.
        txqlen: u32 = u32(TXQLEN);
        /// Hardware addresses.
        map: IfMap = zero_extended(MAP);
        /// Where the operational state goes by itself, see [`link_mode`].
        linkmode: u8 = u8(LINKMODE);
        /// A text of the user's.
        alias: &'a [u8] = name(IFALIAS);
        /// Number of virtual functions.
        num_vf: u32 = u32(NUM_VF);
        /// Virtual functions.
        vfinfo_list: Attrs<'a> = attrs(VFINFO_LIST);
        /// The address families' shares: [`af_spec`], of a bridge's port [`bridge`].
        af_spec: Attrs<'a> = attrs(AF_SPEC);
        /// Group.
        group: u32 = u32(GROUP);
        /// How many want all packets.
        promiscuity: u32 = u32(PROMISCUITY);
        /// Number of queues to send by.
        num_tx_queues: u32 = u32(NUM_TX_QUEUES);
        /// Number of queues to receive by.
        num_rx_queues: u32 = u32(NUM_RX_QUEUES);
        /// Whether there is a carrier.
        carrier: u8 = u8(CARRIER);
        /// Id of the physical port.
        phys_port_id: &'a [u8] = bytes(PHYS_PORT_ID);
        /// Times the carrier changed.
        carrier_changes: u32 = u32(CARRIER_CHANGES);
        /// Id of the switch.
        phys_switch_id: &'a [u8] = bytes(PHYS_SWITCH_ID);
        /// Namespace id of what [`Link::link`] is in; absent: this one.
        link_netnsid: i32 = i32(LINK_NETNSID);
        /// Name of the physical port.
        phys_port_name: &'a [u8] = name(PHYS_PORT_NAME);
        /// Whether a protocol keeps it down.
        proto_down: u8 = u8(PROTO_DOWN);
        /// Why it is kept down.
        proto_down_reason: Attrs<'a> = attrs(PROTO_DOWN_REASON);
        /// Most segments of an offloaded packet.
        gso_max_segs: u32 = u32(GSO_MAX_SEGS);
        /// Largest offloaded packet, in bytes.
        gso_max_size: u32 = u32(GSO_MAX_SIZE);
        /// BPF programs, see [`xdp`].
        xdp: Attrs<'a> = attrs(XDP);
        /// What the message tells of, see [`ifla_event`].
        event: u32 = u32(EVENT);
        /// Namespace id the link goes to.
        new_netnsid: i32 = i32(NEW_NETNSID);
        /// The namespace id that was asked for.
        target_netnsid: i32 = i32(TARGET_NETNSID);
        /// Times the carrier came.
        carrier_up_count: u32 = u32(CARRIER_UP_COUNT);
        /// Times the carrier went.
        carrier_down_count: u32 = u32(CARRIER_DOWN_COUNT);
        /// Interface index in the namespace the link goes to.
        new_ifindex: i32 = i32(NEW_IFINDEX);
        /// Smallest MTU, in bytes.
        min_mtu: u32 = u32(MIN_MTU);
        /// Largest MTU, in bytes; 0: no limit.
        max_mtu: u32 = u32(MAX_MTU);
        /// Alternative names among other properties, see [`Link::alt_names`].
        prop_list: Attrs<'a> = attrs(PROP_LIST);
        /// Link-layer address the device was made with.
        perm_address: &'a [u8] = bytes(PERM_ADDRESS);
        /// Name of the device it is made of.
        parent_dev_name: &'a [u8] = name(PARENT_DEV_NAME);
        /// Bus of the device it is made of.
        parent_dev_bus_name: &'a [u8] = name(PARENT_DEV_BUS_NAME);
        /// Largest packet put together on receipt, in bytes.
        gro_max_size: u32 = u32(GRO_MAX_SIZE);
        /// Largest packet the device takes apart, in bytes.
        tso_max_size: u32 = u32(TSO_MAX_SIZE);
        /// Most segments the device takes apart.
        tso_max_segs: u32 = u32(TSO_MAX_SEGS);
        /// How many want all multicast packets.
        allmulti: u32 = u32(ALLMULTI);
        /// Largest offloaded IPv4 packet, in bytes.
        gso_ipv4_max_size: u32 = u32(GSO_IPV4_MAX_SIZE);
        /// Largest IPv4 packet put together on receipt, in bytes.
        gro_ipv4_max_size: u32 = u32(GRO_IPV4_MAX_SIZE);
        /// Whether it cannot go to another namespace.
        netns_immutable: u8 = u8(NETNS_IMMUTABLE);
        /// Bytes kept free in front of a packet.
        headroom: u16 = u16(HEADROOM);
        /// Bytes kept free behind a packet.
        tailroom: u16 = u16(TAILROOM);
    }
}

impl<'a> Link<'a> {
    /// Interface index of the header.
    #[must_use]
    pub fn index(&self) -> i32 {
        self.header.index.get()
    }

    /// Flags of the header.
    #[must_use]
    pub fn flags(&self) -> LinkFlags {
        LinkFlags::from_bits_retain(self.header.flags.get())
    }

    /// `IFLA_OPERSTATE`.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn operstate(&self) -> Result<Option<OperState>, DecodeError> {
        Ok(self.attrs.read(ifla::OPERSTATE, "IFLA_OPERSTATE", |a| a.u8())?.map(OperState))
    }

    /// `IFLA_LINKINFO`: kind and settings.
    ///
    /// # Errors
    /// The list in it is broken.
    pub fn info(&self) -> Result<Option<LinkInfo<'a>>, DecodeError> {
        self.attrs.read(ifla::LINKINFO, "IFLA_LINKINFO", |a| LinkInfo::parse(a.attrs()))
    }

    /// The `IFLA_ALT_IFNAME`s in `IFLA_PROP_LIST`, up to an error in the list.
    pub fn alt_names(&self) -> impl Iterator<Item = &'a [u8]> {
        let list = self.attrs.get(ifla::PROP_LIST).map(|a| a.attrs());
        let names = |a: Attr<'a>| (a.kind() == ifla::ALT_IFNAME).then(|| a.name());
        list.into_iter().flatten().map_while(Result::ok).filter_map(names)
    }
}

view! {
    /// What is in `IFLA_LINKINFO`.
    pub struct LinkInfo(info, "IFLA_INFO_", 5) {
        /// Kind of device: `veth`, `bridge`, …
        kind: &'a [u8] = name(KIND);
        /// Settings of the kind.
        data: Attrs<'a> = attrs(DATA);
        /// Statistics of the kind.
        xstats: &'a [u8] = bytes(XSTATS);
        /// Kind of the master.
        slave_kind: &'a [u8] = name(SLAVE_KIND);
        /// Settings of the port that it is of its master.
        slave_data: Attrs<'a> = attrs(SLAVE_DATA);
    }
}

wire! {
    /// The fixed header of statistics, `struct if_stats_msg` (linux/if_link.h).
    pub struct IfStatsMsg("if_stats_msg", "linux/if_link.h") {
        /// Address family.
        family: u8 = "family" => Shape::Code(&af::SPEC),
        /// Unused, 0.
        pad1: u8 = "pad1",
        /// Unused, 0.
        pad2: U16 = "pad2",
        /// Interface index; 0: all.
        index: U32 = "ifindex",
        /// Which of [`ifla_stats`]: bit n - 1 for number n.
        filter_mask: U32 = "filter_mask",
    }
}

attrs! {
    /// Statistics of a link.
    pub mod ifla_stats("IFLA_STATS_", "linux/if_link.h") {
        /// Those of 64 bits.
        LINK_64 = 1, Struct(super::Stats64::SPEC);
        /// Those of the kind.
        LINK_XSTATS = 2, Bytes;
        /// Those of the kind of the master.
        LINK_XSTATS_SLAVE = 3, Bytes;
        /// Those of hardware.
        LINK_OFFLOAD_XSTATS = 4, Bytes;
        /// Those of address families.
        AF_SPEC = 5, Bytes;
    }
}

attrs! {
    /// What a request for statistics says.
    pub mod ifla_stats_getset("IFLA_STATS_", "linux/if_link.h") {
        /// Filters, a `u32` for each of [`super::ifla_stats`].
        GET_FILTERS = 1, Bytes;
        /// Whether hardware collects layer 3 statistics.
        SET_OFFLOAD_XSTATS_L3_STATS = 2, Uint;
    }
}

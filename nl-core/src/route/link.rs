//! Links: `RTM_*LINK`, `RTM_*LINKPROP`, `RTM_*STATS`.
//!
//! ```text
//! 0       1    2      4       8       12       16
//! │family │ –  │ type │ index │ flags │ change │ IFLA_IFNAME, IFLA_MTU, …
//!
//! IFLA_LINKINFO → IFLA_INFO_KIND "vxlan", IFLA_INFO_DATA → IFLA_VXLAN_* (kinds.rs)
//!                 IFLA_INFO_SLAVE_KIND "bridge", IFLA_INFO_SLAVE_DATA → IFLA_BRPORT_*
//! ```

use super::{DATA_KINDS, SLAVE_KINDS, af, bridge, brport, port_profile, vf_list, vf_port_list};
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
        ADDRESS = 1, Mac, "Link-layer address.";
        BROADCAST = 2, Mac, "Link-layer broadcast address, or the other end's address.";
        IFNAME = 3, Str, "Name.";
        MTU = 4, Uint, "Largest payload of a packet, in bytes.";
        LINK = 5, Uint, "Interface index of the device below or, for a veth, of the other end.";
        QDISC = 6, Str, "Name of the root queueing discipline.";
        STATS = 7, Struct(super::Stats::SPEC), "Statistics of 32 bits.";
        COST = 8, Bytes, "Unused.";
        PRIORITY = 9, Bytes, "Unused.";
        MASTER = 10, Uint, "Interface index of the master; 0: none.";
        WIRELESS = 11, Bytes, "An event of the wireless extensions.";
        PROTINFO = 12, ByFamily(&super::PROTINFO), "The address family's share of the link.";
        TXQLEN = 13, Uint, "Packets that may wait to be sent.";
        MAP = 14, Struct(super::IfMap::SPEC), "Hardware addresses.";
        WEIGHT = 15, Uint, "Packets taken per poll.";
        OPERSTATE = 16, Code(&super::OperState::SPEC), "Operational state (RFC 2863).";
        LINKMODE = 17, Code(&super::link_mode::SPEC), "Where the operational state goes by itself.";
        LINKINFO = 18, Nest(&super::info::SPEC), "Kind and its settings.";
        NET_NS_PID = 19, Uint, "The namespace to be in, by a process in it.";
        IFALIAS = 20, Str, "A text of the user's.";
        NUM_VF = 21, Uint, "Number of virtual functions.";
        VFINFO_LIST = 22, Nest(&super::vf_list::SPEC), "Virtual functions.";
        STATS64 = 23, Struct(super::Stats64::SPEC), "Statistics of 64 bits.";
        VF_PORTS = 24, Nest(&super::vf_port_list::SPEC), "Port profiles of the virtual functions.";
        PORT_SELF = 25, Nest(&super::port_profile::SPEC), "Port profile of the link.";
        AF_SPEC = 26, ByFamily(&super::AF_SPEC), "The address families' shares of the link.";
        GROUP = 27, Uint, "Group, a number of the user's.";
        NET_NS_FD = 28, Uint, "The namespace to be in, by an open file.";
        EXT_MASK = 29, Bits(&super::rtext_filter::SPEC), "What else to answer with.";
        PROMISCUITY = 30, Uint, "How many want all packets.";
        NUM_TX_QUEUES = 31, Uint, "Number of queues to send by.";
        NUM_RX_QUEUES = 32, Uint, "Number of queues to receive by.";
        CARRIER = 33, Uint, "Whether there is a carrier.";
        PHYS_PORT_ID = 34, Bytes, "Id of the physical port.";
        CARRIER_CHANGES = 35, Uint, "Times the carrier changed.";
        PHYS_SWITCH_ID = 36, Bytes, "Id of the switch the port is of.";
        LINK_NETNSID = 37, Int, "Namespace id of what `IFLA_LINK` is in; absent: this one.";
        PHYS_PORT_NAME = 38, Str, "Name of the physical port.";
        PROTO_DOWN = 39, Uint, "Kept down by a protocol.";
        GSO_MAX_SEGS = 40, Uint, "Most segments of an offloaded packet.";
        GSO_MAX_SIZE = 41, Uint, "Largest offloaded packet, in bytes.";
        PAD = 42, Bytes, "Padding.";
        XDP = 43, Nest(&super::xdp::SPEC), "BPF programs that see packets first.";
        EVENT = 44, Code(&super::ifla_event::SPEC), "What a message tells of.";
        NEW_NETNSID = 45, Int, "Namespace id the link goes to.";
        TARGET_NETNSID = 46, Int, "Namespace id to act in (`IFLA_IF_NETNSID`).";
        CARRIER_UP_COUNT = 47, Uint, "Times the carrier came.";
        CARRIER_DOWN_COUNT = 48, Uint, "Times the carrier went.";
        NEW_IFINDEX = 49, Int, "Interface index in the namespace the link goes to.";
        MIN_MTU = 50, Uint, "Smallest MTU, in bytes.";
        MAX_MTU = 51, Uint, "Largest MTU, in bytes; 0: no limit.";
        /// Properties of which there may be several: `IFLA_ALT_IFNAME`s.
        PROP_LIST = 52, Nest(&SPEC);
        ALT_IFNAME = 53, Str, "Alternative name.";
        PERM_ADDRESS = 54, Mac, "Link-layer address the device was made with.";
        PROTO_DOWN_REASON = 55, Nest(&super::proto_down_reason::SPEC), "Why it is kept down.";
        PARENT_DEV_NAME = 56, Str, "Name of the device it is made of.";
        PARENT_DEV_BUS_NAME = 57, Str, "Bus of the device it is made of.";
        GRO_MAX_SIZE = 58, Uint, "Largest packet put together on receipt, in bytes.";
        TSO_MAX_SIZE = 59, Uint, "Largest packet the device takes apart, in bytes.";
        TSO_MAX_SEGS = 60, Uint, "Most segments the device takes apart.";
        ALLMULTI = 61, Uint, "How many want all multicast packets.";
        DEVLINK_PORT = 62, Bytes, "Port of devlink.";
        GSO_IPV4_MAX_SIZE = 63, Uint, "Largest offloaded IPv4 packet, in bytes.";
        GRO_IPV4_MAX_SIZE = 64, Uint, "Largest IPv4 packet put together on receipt, in bytes.";
        DPLL_PIN = 65, Nest(&super::dpll_pin::SPEC), "Pin of the clock.";
        MAX_PACING_OFFLOAD_HORIZON = 66, Uint, "How far ahead the device paces, in nanoseconds.";
        NETNS_IMMUTABLE = 67, Uint, "It cannot go to another namespace.";
        HEADROOM = 68, Uint, "Bytes to keep free in front of a packet.";
        TAILROOM = 69, Uint, "Bytes to keep free behind a packet.";
    }
}

/// What `IFLA_PROTINFO` is, by address family.
static PROTINFO: [(u8, &crate::spec::NestSpec); 2] = [(af::BRIDGE, &brport::SPEC), (af::INET6, &inet6::SPEC)];

/// What `IFLA_AF_SPEC` is, by address family.
static AF_SPEC: [(u8, &crate::spec::NestSpec); 2] = [(af::UNSPEC, &af_spec::SPEC), (af::BRIDGE, &bridge::SPEC)];

attrs! {
    /// What is in `IFLA_LINKINFO`.
    pub mod info("IFLA_INFO_", "linux/if_link.h") {
        KIND = 1, Str, "Kind of device.";
        DATA = 2, ByName(KIND, super::DATA_KINDS), "Settings of the kind.";
        XSTATS = 3, Bytes, "Statistics of the kind.";
        SLAVE_KIND = 4, Str, "Kind of the master.";
        /// Settings of the port that it is of its master.
        SLAVE_DATA = 5, ByName(SLAVE_KIND, super::SLAVE_KINDS);
    }
}

attrs! {
    /// What is in `IFLA_AF_SPEC`, by address family.
    pub mod af_spec("AF_", "sys/socket.h") {
        INET = 2, Nest(&super::inet::SPEC), "IPv4.";
        INET6 = 10, Nest(&super::inet6::SPEC), "IPv6.";
        MPLS = 28, Bytes, "MPLS.";
        MCTP = 45, Nest(&super::mctp::SPEC), "MCTP.";
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
        FLAGS = 1, Uint, "`IF_READY`, `IF_RA_RCVD`, … of the kernel's own.";
        CONF = 2, Bytes, "Settings: `i32`s by `DEVCONF_*`.";
        STATS = 3, Bytes, "Statistics: `u64`s.";
        MCAST = 4, Bytes, "Unused.";
        CACHEINFO = 5, Struct(super::IflaCacheInfo::SPEC), "Times.";
        ICMP6STATS = 6, Bytes, "Statistics of ICMPv6: `u64`s.";
        TOKEN = 7, Ip, "Interface identifier to make addresses of.";
        /// How link-local addresses are made.
        ADDR_GEN_MODE = 8, Code(&super::in6_addr_gen_mode::SPEC);
        RA_MTU = 9, Uint, "MTU a router advertised, in bytes.";
    }
}

attrs! {
    /// MCTP's share of a link.
    pub mod mctp("IFLA_MCTP_", "linux/if_link.h") {
        NET = 1, Uint, "Network.";
        PHYS_BINDING = 2, Uint, "Physical medium.";
    }
}

attrs! {
    /// What is in `IFLA_XDP`.
    pub mod xdp("IFLA_XDP_", "linux/if_link.h") {
        FD = 1, Int, "Program to attach; -1: none.";
        ATTACHED = 2, Code(&super::xdp_attached::SPEC), "Where one is attached.";
        FLAGS = 3, Bits(&super::xdp_flags::SPEC), "How to attach it.";
        PROG_ID = 4, Uint, "Id of the program.";
        DRV_PROG_ID = 5, Uint, "Id of the driver's program.";
        SKB_PROG_ID = 6, Uint, "Id of the generic program.";
        HW_PROG_ID = 7, Uint, "Id of the hardware's program.";
        EXPECTED_FD = 8, Int, "The program to replace.";
    }
}

attrs! {
    /// What is in `IFLA_PROTO_DOWN_REASON`.
    pub mod proto_down_reason("IFLA_PROTO_DOWN_REASON_", "linux/if_link.h") {
        MASK = 1, Uint, "Which reasons change.";
        VALUE = 2, Uint, "Reasons, a bit each.";
    }
}

attrs! {
    /// What is in `IFLA_DPLL_PIN`.
    pub mod dpll_pin("DPLL_A_PIN_", "linux/dpll.h") { ID = 1, Uint, "Id of the pin."; }
}

codes! {
    /// Flags of a link (`enum net_device_flags`).
    pub flags LinkFlags(u32, "IFF_", "linux/if.h") {
        UP = 0x1, "Switched on.";
        BROADCAST = 0x2, "Has a broadcast address.";
        DEBUG = 0x4, "Debugging.";
        LOOPBACK = 0x8, "A loopback.";
        POINTOPOINT = 0x10, "Has one other end.";
        NOTRAILERS = 0x20, "Unused.";
        RUNNING = 0x40, "Operational.";
        NOARP = 0x80, "Neighbours are not resolved.";
        PROMISC = 0x100, "Takes all packets.";
        ALLMULTI = 0x200, "Takes all multicast packets.";
        MASTER = 0x400, "Balances over others.";
        SLAVE = 0x800, "Is balanced over.";
        MULTICAST = 0x1000, "Can send multicast packets.";
        PORTSEL = 0x2000, "Its medium can be chosen.";
        AUTOMEDIA = 0x4000, "Its medium is found.";
        DYNAMIC = 0x8000, "Its addresses change.";
        LOWER_UP = 0x1_0000, "The driver sees a carrier.";
        DORMANT = 0x2_0000, "The driver waits for something.";
        ECHO = 0x4_0000, "Echoes what it sends.";
    }
}

codes! {
    /// Operational state (RFC 2863).
    pub struct OperState(u8, "IF_OPER_", "linux/if.h") {
        UNKNOWN = 0, "Not said.";
        NOTPRESENT = 1, "There is no device.";
        DOWN = 2, "Down.";
        LOWERLAYERDOWN = 3, "What is below is down.";
        TESTING = 4, "Testing.";
        DORMANT = 5, "Waits for something.";
        UP = 6, "Up.";
    }
}

codes! {
    /// Where the operational state goes by itself.
    pub mod link_mode(u8, "IF_LINK_MODE_", "linux/if.h") {
        DEFAULT = 0, "Up.";
        DORMANT = 1, "Dormant at most.";
        TESTING = 2, "Testing at most.";
    }
}

codes! {
    /// Link-layer types, the commoner ones.
    pub mod arphrd(u16, "ARPHRD_", "linux/if_arp.h") {
        NETROM = 0, "NET/ROM.";
        ETHER = 1, "Ethernet.";
        INFINIBAND = 32, "InfiniBand.";
        CAN = 280, "CAN.";
        MCTP = 290, "MCTP.";
        PPP = 512, "PPP.";
        RAWIP = 519, "Bare IP.";
        TUNNEL = 768, "IPv4 in IPv4.";
        TUNNEL6 = 769, "IP in IPv6.";
        LOOPBACK = 772, "Loopback.";
        SIT = 776, "IPv6 in IPv4.";
        IPGRE = 778, "GRE over IPv4.";
        PIMREG = 779, "PIM register.";
        IEEE80211 = 801, "Wireless.";
        IEEE80211_RADIOTAP = 803, "Wireless, with radiotap headers.";
        IEEE802154 = 804, "IEEE 802.15.4.";
        IP6GRE = 823, "GRE over IPv6.";
        NETLINK = 824, "A tap on netlink.";
        SIXLOWPAN as "ARPHRD_6LOWPAN" = 825, "6LoWPAN.";
        VSOCKMON = 826, "A tap on vsock.";
        NONE = 0xfffe, "No header.";
        VOID = 0xffff, "Nothing is known.";
    }
}

codes! {
    /// What else to answer with (`IFLA_EXT_MASK`).
    pub mod rtext_filter(u32, "RTEXT_FILTER_", "linux/rtnetlink.h") {
        VF = 0x01, "Virtual functions.";
        BRVLAN = 0x02, "A bridge's VLANs.";
        BRVLAN_COMPRESSED = 0x04, "A bridge's VLANs, as ranges.";
        SKIP_STATS = 0x08, "No statistics.";
        MRP = 0x10, "Media redundancy.";
        CFM_CONFIG = 0x20, "Settings of fault management.";
        CFM_STATUS = 0x40, "State of fault management.";
        MST = 0x80, "Spanning trees.";
    }
}

codes! {
    /// What a message tells of (`IFLA_EVENT`).
    pub mod ifla_event(u32, "IFLA_EVENT_", "linux/if_link.h") {
        NONE = 0, "Nothing in particular.";
        REBOOT = 1, "The device was reset.";
        FEATURES = 2, "Offloads changed.";
        BONDING_FAILOVER = 3, "Another member of a bond is active.";
        NOTIFY_PEERS = 4, "Neighbours are told again.";
        IGMP_RESEND = 5, "Groups are joined again.";
        BONDING_OPTIONS = 6, "A bond's settings changed.";
    }
}

codes! {
    /// How IPv6 link-local addresses are made.
    pub mod in6_addr_gen_mode(u8, "IN6_ADDR_GEN_MODE_", "linux/if_link.h") {
        EUI64 = 0, "Of the link-layer address.";
        NONE = 1, "Not at all.";
        STABLE_PRIVACY = 2, "Of a secret that stays.";
        RANDOM = 3, "Of a secret that is drawn anew.";
    }
}

codes! {
    /// Where a BPF program is attached.
    pub mod xdp_attached(u8, "XDP_ATTACHED_", "linux/if_link.h") {
        NONE = 0, "Nowhere.";
        DRV = 1, "In the driver.";
        SKB = 2, "In the stack.";
        HW = 3, "In hardware.";
        MULTI = 4, "Several.";
    }
}

codes! {
    /// How to attach a BPF program.
    pub mod xdp_flags(u32, "XDP_FLAGS_", "linux/if_link.h") {
        UPDATE_IF_NOEXIST = 1, "Only where there is none.";
        SKB_MODE = 2, "In the stack.";
        DRV_MODE = 4, "In the driver.";
        HW_MODE = 8, "In hardware.";
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
    pub struct Link(IfInfoMsg, ifla, "IFLA_") {
        address: &'a [u8] = bytes(ADDRESS);
        broadcast: &'a [u8] = bytes(BROADCAST);
        name: &'a [u8] = name(IFNAME);
        mtu: u32 = u32(MTU);
        link: u32 = u32(LINK);
        qdisc: &'a [u8] = name(QDISC);
        /// Statistics of 32 bits; grew over time.
        stats: Stats = zero_extended(STATS);
        /// Statistics of 64 bits; grew over time.
        stats64: Stats64 = zero_extended(STATS64);
        master: u32 = u32(MASTER);
        /// The header's address family's share: of a bridge's port [`brport`].
        protinfo: Attrs<'a> = attrs(PROTINFO);
        txqlen: u32 = u32(TXQLEN);
        map: IfMap = zero_extended(MAP);
        /// Where the operational state goes by itself, see [`link_mode`].
        linkmode: u8 = u8(LINKMODE);
        alias: &'a [u8] = name(IFALIAS);
        num_vf: u32 = u32(NUM_VF);
        vfinfo_list: Attrs<'a> = attrs(VFINFO_LIST);
        /// The address families' shares: [`af_spec`], of a bridge's port [`bridge`].
        af_spec: Attrs<'a> = attrs(AF_SPEC);
        operstate: OperState = fn operstate(OPERSTATE);
        /// Kind and settings.
        info: LinkInfo<'a> = fn link_info(LINKINFO);
        group: u32 = u32(GROUP);
        promiscuity: u32 = u32(PROMISCUITY);
        num_tx_queues: u32 = u32(NUM_TX_QUEUES);
        num_rx_queues: u32 = u32(NUM_RX_QUEUES);
        carrier: u8 = u8(CARRIER);
        phys_port_id: &'a [u8] = bytes(PHYS_PORT_ID);
        carrier_changes: u32 = u32(CARRIER_CHANGES);
        phys_switch_id: &'a [u8] = bytes(PHYS_SWITCH_ID);
        link_netnsid: i32 = i32(LINK_NETNSID);
        phys_port_name: &'a [u8] = name(PHYS_PORT_NAME);
        proto_down: u8 = u8(PROTO_DOWN);
        proto_down_reason: Attrs<'a> = attrs(PROTO_DOWN_REASON);
        gso_max_segs: u32 = u32(GSO_MAX_SEGS);
        gso_max_size: u32 = u32(GSO_MAX_SIZE);
        /// BPF programs, see [`xdp`].
        xdp: Attrs<'a> = attrs(XDP);
        /// What the message tells of, see [`ifla_event`].
        event: u32 = u32(EVENT);
        new_netnsid: i32 = i32(NEW_NETNSID);
        target_netnsid: i32 = i32(TARGET_NETNSID);
        carrier_up_count: u32 = u32(CARRIER_UP_COUNT);
        carrier_down_count: u32 = u32(CARRIER_DOWN_COUNT);
        new_ifindex: i32 = i32(NEW_IFINDEX);
        min_mtu: u32 = u32(MIN_MTU);
        max_mtu: u32 = u32(MAX_MTU);
        /// Alternative names among other properties, see [`Link::alt_names`].
        prop_list: Attrs<'a> = attrs(PROP_LIST);
        perm_address: &'a [u8] = bytes(PERM_ADDRESS);
        parent_dev_name: &'a [u8] = name(PARENT_DEV_NAME);
        parent_dev_bus_name: &'a [u8] = name(PARENT_DEV_BUS_NAME);
        gro_max_size: u32 = u32(GRO_MAX_SIZE);
        tso_max_size: u32 = u32(TSO_MAX_SIZE);
        tso_max_segs: u32 = u32(TSO_MAX_SEGS);
        allmulti: u32 = u32(ALLMULTI);
        gso_ipv4_max_size: u32 = u32(GSO_IPV4_MAX_SIZE);
        gro_ipv4_max_size: u32 = u32(GRO_IPV4_MAX_SIZE);
        netns_immutable: u8 = u8(NETNS_IMMUTABLE);
        headroom: u16 = u16(HEADROOM);
        tailroom: u16 = u16(TAILROOM);
    }
}

fn operstate(attr: &Attr<'_>) -> Result<OperState, DecodeError> {
    attr.u8().map(OperState)
}

fn link_info<'a>(attr: &Attr<'a>) -> Result<LinkInfo<'a>, DecodeError> {
    LinkInfo::parse(attr.attrs())
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

    /// The `IFLA_ALT_IFNAME`s in `IFLA_PROP_LIST`, up to an error in the list.
    pub fn alt_names(&self) -> impl Iterator<Item = &'a [u8]> {
        let list = self.prop_list().ok().flatten();
        let names = |a: Attr<'a>| (a.kind() == ifla::ALT_IFNAME).then(|| a.name());
        list.into_iter().flatten().map_while(Result::ok).filter_map(names)
    }
}

view! {
    /// What is in `IFLA_LINKINFO`.
    pub struct LinkInfo(info, "IFLA_INFO_") {
        kind: &'a [u8] = name(KIND);
        data: Attrs<'a> = attrs(DATA);
        xstats: &'a [u8] = bytes(XSTATS);
        slave_kind: &'a [u8] = name(SLAVE_KIND);
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
        LINK_64 = 1, Struct(super::Stats64::SPEC), "Those of 64 bits.";
        LINK_XSTATS = 2, Nest(&crate::route::link_xstats::SPEC), "Those of the kind.";
        LINK_XSTATS_SLAVE = 3, Nest(&crate::route::link_xstats::SPEC), "Those of the kind of the master.";
        LINK_OFFLOAD_XSTATS = 4, Nest(&super::offload_xstats::SPEC), "Those of hardware.";
        AF_SPEC = 5, Bytes, "Those of address families.";
    }
}

attrs! {
    /// Statistics of hardware.
    pub mod offload_xstats("IFLA_OFFLOAD_XSTATS_", "linux/if_link.h") {
        CPU_HIT = 1, Struct(super::Stats64::SPEC), "Packets that the host forwarded all the same.";
        HW_S_INFO = 2, Array(&super::offload_xstats_info::SPEC), "What is known, by kind of statistics.";
        L3_STATS = 3, Bytes, "Those of layer 3 (`struct rtnl_hw_stats64`).";
    }
}

attrs! {
    /// What is known of statistics of hardware.
    pub mod offload_xstats_info("IFLA_OFFLOAD_XSTATS_HW_S_INFO_", "linux/if_link.h") {
        REQUEST = 1, Uint, "Whether they are asked for.";
        USED = 2, Uint, "Whether hardware collects them.";
    }
}

attrs! {
    /// What a request for statistics says.
    pub mod ifla_stats_getset("IFLA_STATS_", "linux/if_link.h") {
        GET_FILTERS = 1, Bytes, "Filters, a `u32` for each of [`super::ifla_stats`].";
        SET_OFFLOAD_XSTATS_L3_STATS = 2, Uint, "Whether hardware collects layer 3 statistics.";
    }
}

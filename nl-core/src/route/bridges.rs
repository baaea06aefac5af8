//! A bridge's own tables: multicast groups (`RTM_*MDB`) and VLANs (`RTM_*VLAN`). Its forwarding database is of neighbours.
//!
//! ```text
//! 0       1     4         8
//! │family │ pad │ ifindex │ MDBA_MDB { MDBA_MDB_ENTRY { MDBA_MDB_ENTRY_INFO: br_mdb_entry, MDBA_MDB_EATTR_* … } … }
//!                         │ MDBA_ROUTER { MDBA_ROUTER_PORT: ifindex, MDBA_ROUTER_PATTR_* … }
//!                         │ or BRIDGE_VLANDB_ENTRY { … } …, BRIDGE_VLANDB_GLOBAL_OPTIONS { … } …
//! ```

use super::{BridgeVlanFlags, af};
use crate::decode::Attrs;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{Be16, U16, U32, U64};

wire! {
    /// The fixed header of multicast groups, `struct br_port_msg` (linux/if_bridge.h).
    pub struct BrPortMsg("br_port_msg", "linux/if_bridge.h") {
        /// Address family, [`af::BRIDGE`].
        family: u8 = "family" => Shape::Code(&af::SPEC),
        /// A hole, 0.
        hole: [u8; 3] = "",
        /// Interface index of the bridge.
        index: U32 = "ifindex",
    }
}

wire! {
    /// A multicast group at a port, `struct br_mdb_entry` (linux/if_bridge.h), without the two bytes of padding at its end.
    pub struct BrMdbEntry("br_mdb_entry", "linux/if_bridge.h") {
        /// Interface index of the port.
        index: U32 = "ifindex",
        /// Whether it stays: 1, or is forgotten in time.
        state: u8 = "state",
        /// Bits of [`MdbFlags`].
        flags: u8 = "flags" => Shape::Bits(&MdbFlags::SPEC),
        /// VLAN id; 0: none.
        vid: U16 = "vid",
        /// The group: the first 4 bytes of it, all, or 6, by [`BrMdbEntry::proto`].
        addr: [u8; 16] = "addr.u",
        /// EtherType of the group, in network byte order: IPv4, IPv6; 0: link-layer.
        proto: Be16 = "addr.proto",
    }
}

codes! {
    /// Flags of a multicast group.
    pub flags MdbFlags(u8, "MDB_FLAGS_", "linux/if_bridge.h") {
        OFFLOAD = 0x01, "In hardware.";
        FAST_LEAVE = 0x02, "Given up at once.";
        STAR_EXCL = 0x04, "There because of a group for any source.";
        BLOCKED = 0x08, "Not forwarded.";
    }
}

attrs! {
    /// Attributes of multicast groups and routers.
    pub mod mdba("MDBA_", "linux/if_bridge.h") {
        MDB = 1, Nest(&super::mdba_mdb::SPEC), "Groups.";
        ROUTER = 2, Nest(&super::mdba_router::SPEC), "Ports with multicast routers.";
    }
}

attrs! {
    /// What is in `MDBA_MDB`.
    pub mod mdba_mdb("MDBA_MDB_", "linux/if_bridge.h") {
        ENTRY = 1, Nest(&super::mdba_entry::SPEC), "A group at all its ports.";
    }
}

attrs! {
    /// What is in `MDBA_MDB_ENTRY`.
    pub mod mdba_entry("MDBA_MDB_ENTRY_", "linux/if_bridge.h") {
        /// A group at a port.
        INFO = 1, Headed(super::BrMdbEntry::SPEC, &super::mdb_eattr::SPEC);
    }
}

attrs! {
    /// What is behind [`BrMdbEntry`]; times in 1/100 s.
    pub mod mdb_eattr("MDBA_MDB_EATTR_", "linux/if_bridge.h") {
        TIMER = 1, Uint, "Time until it is forgotten.";
        SRC_LIST = 2, Nest(&super::mdb_srclist::SPEC), "Sources.";
        GROUP_MODE = 3, Uint, "Whether these are the ones that are wanted, 1, or that are not, 0.";
        SOURCE = 4, Ip, "The one source it is of.";
        RTPROT = 5, Code(&crate::route::rtprot::SPEC), "Who made it.";
    }
}

attrs! {
    /// What is in `MDBA_MDB_EATTR_SRC_LIST`.
    pub mod mdb_srclist("MDBA_MDB_SRCLIST_", "linux/if_bridge.h") {
        ENTRY = 1, Nest(&super::mdb_srcattr::SPEC), "A source.";
    }
}

attrs! {
    /// What is in `MDBA_MDB_SRCLIST_ENTRY`.
    pub mod mdb_srcattr("MDBA_MDB_SRCATTR_", "linux/if_bridge.h") {
        ADDRESS = 1, Ip, "Its address.";
        TIMER = 2, Uint, "Time until it is forgotten, in 1/100 s.";
    }
}

attrs! {
    /// What is in `MDBA_ROUTER`.
    pub mod mdba_router("MDBA_ROUTER_", "linux/if_bridge.h") {
        /// A port: its interface index, then attributes.
        PORT = 1, Bytes;
    }
}

attrs! {
    /// What is behind the interface index of a port with a multicast router; times in 1/100 s.
    pub mod mdb_pattr("MDBA_ROUTER_PATTR_", "linux/if_bridge.h") {
        TIMER = 1, Uint, "Time until it is forgotten.";
        TYPE = 2, Uint, "0: none, 1: until queries cease, 2: for ever, 3: for a time.";
        INET_TIMER = 3, Uint, "Time until the one of IPv4 is forgotten.";
        INET6_TIMER = 4, Uint, "Time until the one of IPv6 is forgotten.";
        VID = 5, Uint, "VLAN id.";
    }
}

attrs! {
    /// Attributes of a request about a multicast group (`RTM_NEWMDB`, `RTM_DELMDB`).
    pub mod mdba_set("MDBA_", "linux/if_bridge.h") {
        SET_ENTRY = 1, Struct(super::BrMdbEntry::SPEC), "The group.";
        SET_ENTRY_ATTRS = 2, Nest(&super::mdbe::SPEC), "More of it.";
    }
}

attrs! {
    /// Attributes of a question for a multicast group (`RTM_GETMDB`).
    pub mod mdba_get("MDBA_", "linux/if_bridge.h") {
        GET_ENTRY = 1, Struct(super::BrMdbEntry::SPEC), "The group.";
        GET_ENTRY_ATTRS = 2, Nest(&super::mdbe::SPEC), "More of it.";
    }
}

attrs! {
    /// What is in `MDBA_SET_ENTRY_ATTRS` and `MDBA_GET_ENTRY_ATTRS`.
    pub mod mdbe("MDBE_ATTR_", "linux/if_bridge.h") {
        SOURCE = 1, Ip, "The one source it is of.";
        SRC_LIST = 2, Nest(&super::mdbe_srclist::SPEC), "Sources.";
        GROUP_MODE = 3, Uint, "Whether these are the ones that are wanted, 1, or that are not, 0.";
        RTPROT = 4, Code(&crate::route::rtprot::SPEC), "Who makes it.";
        DST = 5, Ip, "VXLAN: the other end.";
        DST_PORT = 6, Uint, "VXLAN: UDP port of the other end.";
        VNI = 7, Uint, "VXLAN: VNI of the other end.";
        IFINDEX = 8, Uint, "VXLAN: interface index of the lower device.";
        SRC_VNI = 9, Uint, "VXLAN: VNI it is for.";
        STATE_MASK = 10, Uint, "Delete many: which bits of the state count.";
    }
}

attrs! {
    /// What is in `MDBE_ATTR_SRC_LIST`.
    pub mod mdbe_srclist("MDBE_SRC_LIST_", "linux/if_bridge.h") {
        ENTRY = 1, Nest(&super::mdbe_srcattr::SPEC), "A source.";
    }
}

attrs! {
    /// What is in `MDBE_SRC_LIST_ENTRY`.
    pub mod mdbe_srcattr("MDBE_SRCATTR_", "linux/if_bridge.h") {
        ADDRESS = 1, Ip, "Its address.";
    }
}

view! {
    /// Multicast groups and routers of a bridge, as `RTM_NEWMDB`, `RTM_DELMDB` and answers to `RTM_GETMDB` carry them.
    pub struct Mdb(BrPortMsg, mdba, "MDBA_") {
        groups: Attrs<'a> = attrs(MDB);
        router: Attrs<'a> = attrs(ROUTER);
    }
}

wire! {
    /// The fixed header of VLANs, `struct br_vlan_msg` (linux/if_bridge.h).
    pub struct BrVlanMsg("br_vlan_msg", "linux/if_bridge.h") {
        /// Address family, [`af::BRIDGE`].
        family: u8 = "family" => Shape::Code(&af::SPEC),
        /// Unused, 0.
        reserved1: u8 = "reserved1",
        /// Unused, 0.
        reserved2: U16 = "reserved2",
        /// Interface index of the bridge, or of a port.
        index: U32 = "ifindex",
    }
}

attrs! {
    /// Attributes of VLANs.
    pub mod vlandb("BRIDGE_VLANDB_", "linux/if_bridge.h") {
        ENTRY = 1, Nest(&super::vlandb_entry::SPEC), "A VLAN, or a range of them, at a port.";
        GLOBAL_OPTIONS = 2, Nest(&super::vlandb_gopts::SPEC), "Settings of the bridge's for a VLAN, or a range of them.";
    }
}

attrs! {
    /// Attributes of a question for VLANs.
    pub mod vlandb_dump("BRIDGE_VLANDB_DUMP_", "linux/if_bridge.h") {
        FLAGS = 1, Bits(&super::VlanDumpFlags::SPEC), "What to answer with.";
    }
}

codes! {
    /// What to answer a question for VLANs with.
    pub flags VlanDumpFlags(u32, "BRIDGE_VLANDB_DUMPF_", "linux/if_bridge.h") {
        STATS = 0x1, "Counters too.";
        GLOBAL = 0x2, "Settings of the bridge's only.";
    }
}

attrs! {
    /// What is in `BRIDGE_VLANDB_ENTRY`.
    pub mod vlandb_entry("BRIDGE_VLANDB_ENTRY_", "linux/if_bridge.h") {
        INFO = 1, Struct(crate::route::BridgeVlanInfo::SPEC), "VLAN id and flags.";
        RANGE = 2, Uint, "The last VLAN id of a range.";
        STATE = 3, Code(&crate::route::br_state::SPEC), "State of the spanning tree.";
        TUNNEL_INFO = 4, Bytes, "The tunnel it is mapped to.";
        STATS = 5, Nest(&super::vlandb_stats::SPEC), "Counters.";
        MCAST_ROUTER = 6, Uint, "Multicast router: 0 never, 1 found, 2 always.";
        MCAST_N_GROUPS = 7, Uint, "Multicast groups joined.";
        MCAST_MAX_GROUPS = 8, Uint, "Most multicast groups; 0: no limit.";
        NEIGH_SUPPRESS = 9, Uint, "Whether ARP and neighbour discovery are answered, not flooded.";
    }
}

attrs! {
    /// What is in `BRIDGE_VLANDB_ENTRY_STATS`.
    pub mod vlandb_stats("BRIDGE_VLANDB_STATS_", "linux/if_bridge.h") {
        RX_BYTES = 1, Uint, "Bytes received.";
        RX_PACKETS = 2, Uint, "Packets received.";
        TX_BYTES = 3, Uint, "Bytes sent.";
        TX_PACKETS = 4, Uint, "Packets sent.";
        PAD = 5, Bytes, "Padding.";
    }
}

attrs! {
    /// What is in `BRIDGE_VLANDB_GLOBAL_OPTIONS`; times in 1/100 s.
    pub mod vlandb_gopts("BRIDGE_VLANDB_GOPTS_", "linux/if_bridge.h") {
        ID = 1, Uint, "VLAN id.";
        RANGE = 2, Uint, "The last VLAN id of a range.";
        MCAST_SNOOPING = 3, Uint, "Whether IGMP and MLD are listened to.";
        MCAST_IGMP_VERSION = 4, Uint, "Version of IGMP.";
        MCAST_MLD_VERSION = 5, Uint, "Version of MLD.";
        MCAST_LAST_MEMBER_CNT = 6, Uint, "Queries before a group is given up.";
        MCAST_STARTUP_QUERY_CNT = 7, Uint, "Queries at the start.";
        MCAST_LAST_MEMBER_INTVL = 8, Uint, "Time between queries for a last member.";
        PAD = 9, Bytes, "Padding.";
        MCAST_MEMBERSHIP_INTVL = 10, Uint, "Time after which a group is forgotten.";
        MCAST_QUERIER_INTVL = 11, Uint, "Time after which another querier is forgotten.";
        MCAST_QUERY_INTVL = 12, Uint, "Time between queries.";
        MCAST_QUERY_RESPONSE_INTVL = 13, Uint, "Time an answer may take.";
        MCAST_STARTUP_QUERY_INTVL = 14, Uint, "Time between queries at the start.";
        MCAST_QUERIER = 15, Uint, "Whether it sends queries.";
        MCAST_ROUTER_PORTS = 16, Nest(&super::mdba::SPEC), "Ports with multicast routers.";
        MCAST_QUERIER_STATE = 17, Bytes, "Who sends queries.";
        MSTI = 18, Uint, "The spanning tree it belongs to.";
    }
}

attrs! {
    /// What is in `IFLA_BRIDGE_VLAN_TUNNEL_INFO`.
    pub mod vlan_tunnel("IFLA_BRIDGE_VLAN_TUNNEL_", "linux/if_bridge.h") {
        ID = 1, Uint, "The tunnel, or an end of a range.";
        VID = 2, Uint, "The VLAN, or an end of a range.";
        FLAGS = 3, Bits(&crate::route::BridgeVlanFlags::SPEC), "Which end of a range it is.";
    }
}

attrs! {
    /// Statistics of a kind: what is in `IFLA_STATS_LINK_XSTATS` and `IFLA_STATS_LINK_XSTATS_SLAVE`.
    pub mod link_xstats("LINK_XSTATS_TYPE_", "linux/if_link.h") {
        BRIDGE = 1, Nest(&super::bridge_xstats::SPEC), "A bridge's, a port's of one.";
        BOND = 2, Bytes, "A bond's.";
    }
}

attrs! {
    /// What is in `LINK_XSTATS_TYPE_BRIDGE`.
    pub mod bridge_xstats("BRIDGE_XSTATS_", "linux/if_bridge.h") {
        VLAN = 1, Struct(super::BridgeVlanXstats::SPEC), "Those of a VLAN.";
        MCAST = 2, Bytes, "Those of IGMP and MLD.";
        PAD = 3, Bytes, "Padding.";
        STP = 4, Bytes, "Those of the spanning tree.";
    }
}

wire! {
    /// Statistics of a VLAN, `struct bridge_vlan_xstats` (linux/if_bridge.h).
    pub struct BridgeVlanXstats("bridge_vlan_xstats", "linux/if_bridge.h") {
        /// Bytes received.
        rx_bytes: U64 = "rx_bytes",
        /// Packets received.
        rx_packets: U64 = "rx_packets",
        /// Bytes sent.
        tx_bytes: U64 = "tx_bytes",
        /// Packets sent.
        tx_packets: U64 = "tx_packets",
        /// VLAN id.
        vid: U16 = "vid",
        /// Bits of [`BridgeVlanFlags`].
        flags: U16 = "flags" => Shape::Bits(&BridgeVlanFlags::SPEC),
        /// Unused.
        pad2: U32 = "pad2",
    }
}

codes! {
    /// Whom `IFLA_BRIDGE_FLAGS` says a request is for.
    pub flags BridgeFlags(u16, "BRIDGE_FLAGS_", "linux/if_bridge.h") {
        MASTER = 1, "The bridge the link is a port of.";
        SELF = 2, "The link itself.";
    }
}

codes! {
    /// Modes of a bridge in hardware.
    pub mod bridge_mode(u16, "BRIDGE_MODE_", "linux/if_bridge.h") {
        VEB = 0, "It switches.";
        VEPA = 1, "A switch outside does.";
    }
}

//! What `IFLA_INFO_DATA` and `IFLA_INFO_SLAVE_DATA` hold, by kind of device, and the bridge's
//! share of a link. What is on or off is a byte of 0 or 1 unless said otherwise.

use super::{IfInfoMsg, ifla};
use crate::spec::{NestSpec, Shape, attrs, codes, wire};
use crate::wire::{Be16, U16, U32};

macro_rules! by_kind {
    ($($nest:ident: $($kind:literal)*;)*) => { &[$($(($kind, &$nest::SPEC),)*)*] };
}

/// What `IFLA_INFO_DATA` is, by `IFLA_INFO_KIND`.
pub static DATA_KINDS: &[(&str, &NestSpec)] = by_kind! {
    veth: "veth" "vxcan"; netkit: "netkit"; br: "bridge"; vlan: "vlan"; macvlan: "macvlan" "macvtap";
    ipvlan: "ipvlan" "ipvtap"; vrf: "vrf"; bond: "bond"; tun: "tun"; vxlan: "vxlan"; geneve: "geneve";
    gre: "gre" "gretap" "erspan" "ip6gre" "ip6gretap" "ip6erspan"; iptun: "ipip" "sit" "ip6tnl"; vti: "vti" "vti6";
    xfrm: "xfrm"; hsr: "hsr"; macsec: "macsec"; bareudp: "bareudp"; amt: "amt"; gtp: "gtp"; can: "can"; ipoib: "ipoib";
    rmnet: "rmnet"; dsa: "dsa"; batadv: "batadv"; wwan: "wwan"; ovpn: "ovpn"; none: "dummy" "ifb" "nlmon" "vcan" "wireguard" "team";
};

/// What `IFLA_INFO_SLAVE_DATA` is, by `IFLA_INFO_SLAVE_KIND`.
pub static SLAVE_KINDS: &[(&str, &NestSpec)] = by_kind! { brport: "bridge"; bond_slave: "bond"; vrf_port: "vrf"; };

attrs! {
    /// The settings of kinds that have none.
    pub mod none("", "linux/if_link.h") {}
}

attrs! {
    /// Settings of a `veth` or `vxcan`.
    pub mod veth("VETH_INFO_", "linux/veth.h") {
        /// The other end: a fixed header of its own, then its attributes.
        PEER = 1, Headed(super::IfInfoMsg::SPEC, &super::ifla::SPEC);
    }
}

attrs! {
    /// Settings of a `netkit`.
    pub mod netkit("IFLA_NETKIT_", "linux/if_link.h") {
        /// The other end: a fixed header of its own, then its attributes.
        PEER_INFO = 1, Headed(super::IfInfoMsg::SPEC, &super::ifla::SPEC);
        PRIMARY = 2, Uint, "Whether it is the end that decides.";
        POLICY = 3, Code(&super::netkit_policy::SPEC), "What happens to packets without a program.";
        PEER_POLICY = 4, Code(&super::netkit_policy::SPEC), "The same, of the other end.";
        MODE = 5, Code(&super::netkit_mode::SPEC), "Whether it has link-layer addresses.";
        SCRUB = 6, Uint, "Whether packets lose mark and priority on the way (`NETKIT_SCRUB_*`).";
        PEER_SCRUB = 7, Uint, "The same, of the other end.";
        HEADROOM = 8, Uint, "Bytes to keep free in front of a packet.";
        TAILROOM = 9, Uint, "Bytes to keep free behind a packet.";
        PAIRING = 10, Uint, "Whether there is another end (`NETKIT_DEVICE_*`).";
    }
}

codes! {
    /// What happens to packets without a program.
    pub mod netkit_policy(u32, "NETKIT_", "linux/if_link.h") {
        PASS = 0, "They pass.";
        DROP = 2, "They are dropped.";
    }
}

codes! {
    /// Whether a netkit has link-layer addresses.
    pub mod netkit_mode(u32, "NETKIT_", "linux/if_link.h") {
        L2 = 0, "It has.";
        L3 = 1, "It has not.";
    }
}

attrs! {
    /// Settings of a `bridge`; times in 1/100 s.
    pub mod br("IFLA_BR_", "linux/if_link.h") {
        FORWARD_DELAY = 1, Uint, "Time in each of the states before forwarding.";
        HELLO_TIME = 2, Uint, "Time between hellos.";
        MAX_AGE = 3, Uint, "Time without hellos after which a bridge counts as gone.";
        AGEING_TIME = 4, Uint, "Time after which an address is forgotten.";
        STP_STATE = 5, Uint, "Spanning tree: 0 off, 1 by the kernel, 2 by user space.";
        PRIORITY = 6, Uint, "Priority: the lowest becomes root.";
        VLAN_FILTERING = 7, Uint, "Whether VLANs are told apart.";
        VLAN_PROTOCOL = 8, Be, "EtherType of VLANs, in network byte order.";
        /// Which link-local groups 01:80:c2:00:00:0X are forwarded, a bit each.
        GROUP_FWD_MASK = 9, Uint;
        ROOT_ID = 10, Struct(super::BridgeId::SPEC), "Id of the root.";
        BRIDGE_ID = 11, Struct(super::BridgeId::SPEC), "Its own id.";
        ROOT_PORT = 12, Uint, "Number of the port to the root.";
        ROOT_PATH_COST = 13, Uint, "Cost of the path to the root.";
        TOPOLOGY_CHANGE = 14, Uint, "Whether the topology is changing.";
        TOPOLOGY_CHANGE_DETECTED = 15, Uint, "Whether it saw a change of topology itself.";
        HELLO_TIMER = 16, Uint, "What is left of the hello timer.";
        TCN_TIMER = 17, Uint, "What is left of the topology change notification timer.";
        TOPOLOGY_CHANGE_TIMER = 18, Uint, "What is left of the topology change timer.";
        GC_TIMER = 19, Uint, "What is left of the timer that forgets addresses.";
        GROUP_ADDR = 20, Mac, "Address of the spanning tree's group.";
        FDB_FLUSH = 21, Flag, "Forget all addresses.";
        MCAST_ROUTER = 22, Uint, "Multicast routers: 0 none, 1 found, 2 always.";
        MCAST_SNOOPING = 23, Uint, "Whether IGMP and MLD are listened to.";
        MCAST_QUERY_USE_IFADDR = 24, Uint, "Whether queries carry the bridge's address.";
        MCAST_QUERIER = 25, Uint, "Whether it sends queries.";
        MCAST_HASH_ELASTICITY = 26, Uint, "Unused.";
        MCAST_HASH_MAX = 27, Uint, "Most multicast groups.";
        MCAST_LAST_MEMBER_CNT = 28, Uint, "Queries before a group is given up.";
        MCAST_STARTUP_QUERY_CNT = 29, Uint, "Queries at the start.";
        MCAST_LAST_MEMBER_INTVL = 30, Uint, "Time between queries for a last member.";
        MCAST_MEMBERSHIP_INTVL = 31, Uint, "Time after which a group is forgotten.";
        MCAST_QUERIER_INTVL = 32, Uint, "Time after which another querier is forgotten.";
        MCAST_QUERY_INTVL = 33, Uint, "Time between queries.";
        MCAST_QUERY_RESPONSE_INTVL = 34, Uint, "Time an answer may take.";
        MCAST_STARTUP_QUERY_INTVL = 35, Uint, "Time between queries at the start.";
        NF_CALL_IPTABLES = 36, Uint, "Whether iptables sees bridged packets.";
        NF_CALL_IP6TABLES = 37, Uint, "Whether ip6tables sees bridged packets.";
        NF_CALL_ARPTABLES = 38, Uint, "Whether arptables sees bridged packets.";
        VLAN_DEFAULT_PVID = 39, Uint, "VLAN of packets without one; 0: none.";
        PAD = 40, Bytes, "Padding.";
        VLAN_STATS_ENABLED = 41, Uint, "Whether there are statistics per VLAN.";
        MCAST_STATS_ENABLED = 42, Uint, "Whether there are statistics of IGMP and MLD.";
        MCAST_IGMP_VERSION = 43, Uint, "Version of IGMP.";
        MCAST_MLD_VERSION = 44, Uint, "Version of MLD.";
        VLAN_STATS_PER_PORT = 45, Uint, "Whether there are statistics per VLAN and port.";
        /// Options of a bit each (`BR_BOOLOPT_*`).
        MULTI_BOOLOPT = 46, Struct(super::BrBoolOptMulti::SPEC);
        MCAST_QUERIER_STATE = 47, Bytes, "Who sends queries (`BRIDGE_QUERIER_*`).";
        FDB_N_LEARNED = 48, Uint, "Addresses learned.";
        FDB_MAX_LEARNED = 49, Uint, "Most addresses to learn; 0: no limit.";
        STP_MODE = 50, Uint, "Who runs the spanning tree.";
    }
}

wire! {
    /// Id of a bridge, `struct ifla_bridge_id` (linux/if_link.h).
    pub struct BridgeId("ifla_bridge_id", "linux/if_link.h") {
        /// Priority, in network byte order.
        prio: Be16 = "prio",
        /// Link-layer address.
        addr: [u8; 6] = "addr" => Shape::Mac,
    }
}

wire! {
    /// Options of a bridge, `struct br_boolopt_multi` (linux/if_bridge.h).
    pub struct BrBoolOptMulti("br_boolopt_multi", "linux/if_bridge.h") {
        /// Values, a bit for each of [`br_boolopt`].
        value: U32 = "optval",
        /// Which of them change.
        mask: U32 = "optmask",
    }
}

codes! {
    /// Numbers of the bits of [`BrBoolOptMulti`].
    pub mod br_boolopt(u32, "BR_BOOLOPT_", "linux/if_bridge.h") {
        NO_LL_LEARN = 0, "Link-local packets teach no addresses.";
        MCAST_VLAN_SNOOPING = 1, "IGMP and MLD are listened to per VLAN.";
        MST_ENABLE = 2, "Several spanning trees.";
        MDB_OFFLOAD_FAIL_NOTIFICATION = 3, "Multicast entries that hardware did not take are told.";
        FDB_LOCAL_VLAN_0 = 4, "The bridge's own addresses are kept for VLAN 0 only.";
    }
}

attrs! {
    /// Settings of a bridge's port; times in 1/100 s.
    pub mod brport("IFLA_BRPORT_", "linux/if_link.h") {
        STATE = 1, Code(&super::br_state::SPEC), "State of the spanning tree.";
        PRIORITY = 2, Uint, "Priority.";
        COST = 3, Uint, "Cost of the path.";
        MODE = 4, Uint, "Whether packets may leave where they came in (hairpin).";
        GUARD = 5, Uint, "Whether a bridge behind it blocks it.";
        PROTECT = 6, Uint, "Whether it may not become the port to the root.";
        FAST_LEAVE = 7, Uint, "Whether groups are given up at once.";
        LEARNING = 8, Uint, "Whether addresses are learned.";
        UNICAST_FLOOD = 9, Uint, "Whether packets for unknown addresses leave by it.";
        PROXYARP = 10, Uint, "Whether it answers ARP for others.";
        LEARNING_SYNC = 11, Uint, "Whether addresses the device learned are taken over.";
        PROXYARP_WIFI = 12, Uint, "Whether it answers ARP for wireless stations.";
        ROOT_ID = 13, Struct(super::BridgeId::SPEC), "Id of the root, as designated.";
        BRIDGE_ID = 14, Struct(super::BridgeId::SPEC), "Id of the bridge, as designated.";
        DESIGNATED_PORT = 15, Uint, "The designated port.";
        DESIGNATED_COST = 16, Uint, "Cost of the designated path.";
        ID = 17, Uint, "Id of the port.";
        NO = 18, Uint, "Number of the port.";
        TOPOLOGY_CHANGE_ACK = 19, Uint, "Whether a change of topology is to be acknowledged.";
        CONFIG_PENDING = 20, Uint, "Whether a configuration is to be sent.";
        MESSAGE_AGE_TIMER = 21, Uint, "What is left of the message age timer.";
        FORWARD_DELAY_TIMER = 22, Uint, "What is left of the forward delay timer.";
        HOLD_TIMER = 23, Uint, "What is left of the hold timer.";
        FLUSH = 24, Flag, "Forget the port's addresses.";
        MULTICAST_ROUTER = 25, Uint, "Multicast router behind it: 0 never, 1 found, 2 always.";
        PAD = 26, Bytes, "Padding.";
        MCAST_FLOOD = 27, Uint, "Whether packets for unknown groups leave by it.";
        MCAST_TO_UCAST = 28, Uint, "Whether multicast packets are sent to each receiver.";
        VLAN_TUNNEL = 29, Uint, "Whether VLANs are mapped to tunnels.";
        BCAST_FLOOD = 30, Uint, "Whether broadcasts leave by it.";
        GROUP_FWD_MASK = 31, Uint, "Which link-local groups are forwarded, a bit each.";
        NEIGH_SUPPRESS = 32, Uint, "Whether ARP and neighbour discovery are answered, not flooded.";
        ISOLATED = 33, Uint, "Whether it talks to ports that are not isolated only.";
        BACKUP_PORT = 34, Uint, "Interface index of the port to use while it has no carrier.";
        MRP_RING_OPEN = 35, Uint, "Whether the media redundancy ring is open.";
        MRP_IN_OPEN = 36, Uint, "Whether the media redundancy interconnection is open.";
        MCAST_EHT_HOSTS_LIMIT = 37, Uint, "Most hosts whose groups are followed.";
        MCAST_EHT_HOSTS_CNT = 38, Uint, "Hosts whose groups are followed.";
        LOCKED = 39, Uint, "Whether only known addresses may send.";
        MAB = 40, Uint, "Whether a locked port notes who tried to send.";
        MCAST_N_GROUPS = 41, Uint, "Multicast groups joined.";
        MCAST_MAX_GROUPS = 42, Uint, "Most multicast groups; 0: no limit.";
        NEIGH_VLAN_SUPPRESS = 43, Uint, "Whether `NEIGH_SUPPRESS` is per VLAN.";
        BACKUP_NHID = 44, Uint, "Id of the next hop object for the backup port.";
        NEIGH_FORWARD_GRAT = 45, Uint, "Whether gratuitous announcements are flooded all the same.";
    }
}

codes! {
    /// States of a bridge's port.
    pub mod br_state(u8, "BR_STATE_", "linux/if_bridge.h") {
        DISABLED = 0, "Off.";
        LISTENING = 1, "Listens for bridges.";
        LEARNING = 2, "Learns addresses.";
        FORWARDING = 3, "Forwards.";
        BLOCKING = 4, "Blocked, for there would be a loop.";
    }
}

attrs! {
    /// The bridge's share of a link: `IFLA_AF_SPEC` of family `AF_BRIDGE`.
    pub mod bridge("IFLA_BRIDGE_", "linux/if_bridge.h") {
        FLAGS = 0, Uint, "Whom it is for: 1 the master, 2 the device.";
        MODE = 1, Uint, "Mode of the embedded bridge (`BRIDGE_MODE_*`).";
        VLAN_INFO = 2, Struct(super::BridgeVlanInfo::SPEC), "A VLAN, or an end of a range.";
        VLAN_TUNNEL_INFO = 3, Nest(&crate::route::vlan_tunnel::SPEC), "A VLAN's tunnel, or an end of a range.";
        MRP = 4, Bytes, "Media redundancy.";
        CFM = 5, Bytes, "Fault management.";
        MST = 6, Bytes, "Spanning trees.";
    }
}

wire! {
    /// A VLAN of a bridge's port, `struct bridge_vlan_info` (linux/if_bridge.h).
    pub struct BridgeVlanInfo("bridge_vlan_info", "linux/if_bridge.h") {
        /// Bits of [`BridgeVlanFlags`].
        flags: U16 = "flags" => Shape::Bits(&BridgeVlanFlags::SPEC),
        /// VLAN id.
        vid: U16 = "vid",
    }
}

codes! {
    /// Flags of a bridge's VLAN.
    pub flags BridgeVlanFlags(u16, "BRIDGE_VLAN_INFO_", "linux/if_bridge.h") {
        MASTER = 0x01, "For the bridge itself as well.";
        PVID = 0x02, "Packets without a VLAN are of this one.";
        UNTAGGED = 0x04, "Packets leave without it.";
        RANGE_BEGIN = 0x08, "First of a range.";
        RANGE_END = 0x10, "Last of a range.";
        BRENTRY = 0x20, "An entry of the bridge itself.";
        ONLY_OPTS = 0x40, "Change options only.";
    }
}

attrs! {
    /// Settings of a `vlan`.
    pub mod vlan("IFLA_VLAN_", "linux/if_link.h") {
        ID = 1, Uint, "VLAN id.";
        FLAGS = 2, Struct(super::VlanFlagsMask::SPEC), "Flags and which of them change.";
        EGRESS_QOS = 3, Nest(&super::vlan_qos::SPEC), "Priority of packets to that of frames.";
        INGRESS_QOS = 4, Nest(&super::vlan_qos::SPEC), "Priority of frames to that of packets.";
        PROTOCOL = 5, Be, "EtherType, in network byte order.";
    }
}

attrs! {
    /// What is in `IFLA_VLAN_EGRESS_QOS` and `IFLA_VLAN_INGRESS_QOS`.
    pub mod vlan_qos("IFLA_VLAN_QOS_", "linux/if_link.h") {
        MAPPING = 1, Struct(super::VlanQosMapping::SPEC), "One of several mappings.";
    }
}

wire! {
    /// Flags of a VLAN device, `struct ifla_vlan_flags` (linux/if_link.h).
    pub struct VlanFlagsMask("ifla_vlan_flags", "linux/if_link.h") {
        /// Bits of [`VlanFlags`].
        flags: U32 = "flags" => Shape::Bits(&VlanFlags::SPEC),
        /// Which of them change.
        mask: U32 = "mask" => Shape::Bits(&VlanFlags::SPEC),
    }
}

wire! {
    /// A mapping of priorities, `struct ifla_vlan_qos_mapping` (linux/if_link.h).
    pub struct VlanQosMapping("ifla_vlan_qos_mapping", "linux/if_link.h") {
        /// This one
        from: U32 = "from",
        /// becomes that one.
        to: U32 = "to",
    }
}

codes! {
    /// Flags of a VLAN device (`enum vlan_flags`).
    pub flags VlanFlags(u32, "VLAN_FLAG_", "linux/if_vlan.h") {
        REORDER_HDR = 0x01, "The VLAN's header is taken off.";
        GVRP = 0x02, "Registers by GVRP.";
        LOOSE_BINDING = 0x04, "Stays up when what is below is down.";
        MVRP = 0x08, "Registers by MVRP.";
        BRIDGE_BINDING = 0x10, "Follows the bridge's ports of the VLAN.";
    }
}

attrs! {
    /// Settings of a `macvlan` or `macvtap`.
    pub mod macvlan("IFLA_MACVLAN_", "linux/if_link.h") {
        MODE = 1, Code(&super::macvlan_mode::SPEC), "Whom it may talk to.";
        /// `MACVLAN_FLAG_*`: 1 take no packets for others, 2 look at sources only.
        FLAGS = 2, Uint;
        /// What to do with source addresses.
        MACADDR_MODE = 3, Code(&super::macvlan_macaddr_mode::SPEC);
        MACADDR = 4, Mac, "A source address.";
        MACADDR_DATA = 5, Nest(&SPEC), "Source addresses, each a `MACADDR`.";
        MACADDR_COUNT = 6, Uint, "Number of source addresses.";
        BC_QUEUE_LEN = 7, Uint, "Broadcasts that may wait, as asked for.";
        BC_QUEUE_LEN_USED = 8, Uint, "Broadcasts that may wait.";
        BC_CUTOFF = 9, Int, "Receivers above which a multicast packet waits; negative: none waits.";
    }
}

codes! {
    /// Whom a macvlan may talk to (`enum macvlan_mode`).
    pub mod macvlan_mode(u32, "MACVLAN_MODE_", "linux/if_link.h") {
        PRIVATE = 1, "Not to others on the device.";
        VEPA = 2, "To others by way of a switch.";
        BRIDGE = 4, "To others directly.";
        PASSTHRU = 8, "It is alone on the device.";
        SOURCE = 16, "To listed addresses.";
    }
}

codes! {
    /// What to do with source addresses (`enum macvlan_macaddr_mode`).
    pub mod macvlan_macaddr_mode(u32, "MACVLAN_MACADDR_", "linux/if_link.h") {
        ADD = 0, "Add one.";
        DEL = 1, "Delete one.";
        FLUSH = 2, "Delete all.";
        SET = 3, "Replace all.";
    }
}

attrs! {
    /// Settings of an `ipvlan` or `ipvtap`.
    pub mod ipvlan("IFLA_IPVLAN_", "linux/if_link.h") {
        MODE = 1, Code(&super::ipvlan_mode::SPEC), "At which layer it works.";
        FLAGS = 2, Uint, "`IPVLAN_F_*`: 1 private, 2 VEPA, 0 bridge.";
    }
}

codes! {
    /// At which layer an ipvlan works (`enum ipvlan_mode`).
    pub mod ipvlan_mode(u16, "IPVLAN_MODE_", "linux/if_link.h") {
        L2 = 0, "Layer 2.";
        L3 = 1, "Layer 3.";
        L3S = 2, "Layer 3, with netfilter.";
    }
}

attrs! {
    /// Settings of a `vrf`.
    pub mod vrf("IFLA_VRF_", "linux/if_link.h") {
        TABLE = 1, Uint, "Routing table.";
    }
}

attrs! {
    /// Settings of a VRF's port.
    pub mod vrf_port("IFLA_VRF_PORT_", "linux/if_link.h") {
        TABLE = 1, Uint, "Routing table of the VRF.";
    }
}

attrs! {
    /// Settings of a `bond`; times in ms.
    pub mod bond("IFLA_BOND_", "linux/if_link.h") {
        MODE = 1, Code(&super::bond_mode::SPEC), "How it chooses its ports.";
        ACTIVE_SLAVE = 2, Uint, "Interface index of the active port.";
        MIIMON = 3, Uint, "Time between looks at the carrier.";
        UPDELAY = 4, Uint, "Time until a carrier counts.";
        DOWNDELAY = 5, Uint, "Time until a lost carrier counts.";
        USE_CARRIER = 6, Uint, "Unused, 1.";
        ARP_INTERVAL = 7, Uint, "Time between ARP probes.";
        ARP_IP_TARGET = 8, Bytes, "Addresses to probe: attributes by position, IPv4 each.";
        ARP_VALIDATE = 9, Uint, "Which ARP answers count.";
        ARP_ALL_TARGETS = 10, Uint, "Whether all targets have to answer.";
        PRIMARY = 11, Uint, "Interface index of the port to prefer.";
        PRIMARY_RESELECT = 12, Uint, "When the primary is taken again.";
        FAIL_OVER_MAC = 13, Uint, "Whose link-layer address it has.";
        XMIT_HASH_POLICY = 14, Uint, "What flows are told apart by (`BOND_XMIT_POLICY_*`).";
        RESEND_IGMP = 15, Uint, "Times groups are joined again after a change.";
        NUM_PEER_NOTIF = 16, Uint, "Times neighbours are told after a change.";
        ALL_SLAVES_ACTIVE = 17, Uint, "Whether ports that are not active receive.";
        MIN_LINKS = 18, Uint, "Ports it takes to have a carrier.";
        LP_INTERVAL = 19, Uint, "Seconds between learning packets.";
        PACKETS_PER_SLAVE = 20, Uint, "Packets by a port before the next one's turn.";
        AD_LACP_RATE = 21, Uint, "LACP: 0 slow, 1 fast.";
        AD_SELECT = 22, Uint, "LACP: how an aggregator is chosen.";
        AD_INFO = 23, Nest(&super::bond_ad_info::SPEC), "LACP: state.";
        AD_ACTOR_SYS_PRIO = 24, Uint, "LACP: priority of the system.";
        AD_USER_PORT_KEY = 25, Uint, "LACP: the user's part of keys.";
        AD_ACTOR_SYSTEM = 26, Mac, "LACP: address of the system.";
        TLB_DYNAMIC_LB = 27, Uint, "Whether flows move to ports with less load.";
        PEER_NOTIF_DELAY = 28, Uint, "Time between tellings of neighbours.";
        AD_LACP_ACTIVE = 29, Uint, "LACP: whether it begins.";
        MISSED_MAX = 30, Uint, "Probes that may go unanswered.";
        NS_IP6_TARGET = 31, Bytes, "Addresses to probe: attributes by position, IPv6 each.";
        COUPLED_CONTROL = 32, Uint, "LACP: whether sending and receiving go together.";
        BROADCAST_NEIGH = 33, Uint, "Whether neighbours are told on all ports.";
        LACP_STRICT = 34, Uint, "LACP: whether it needs a partner to have a carrier.";
    }
}

codes! {
    /// How a bond chooses its ports.
    pub mod bond_mode(u8, "BOND_MODE_", "linux/if_bonding.h") {
        ROUNDROBIN = 0, "In turn.";
        ACTIVEBACKUP = 1, "One, the others wait.";
        XOR = 2, "By hash.";
        BROADCAST = 3, "All.";
        LACP as "BOND_MODE_8023AD" = 4, "LACP.";
        TLB = 5, "By load, to send.";
        ALB = 6, "By load, to send and to receive.";
    }
}

attrs! {
    /// State of LACP.
    pub mod bond_ad_info("IFLA_BOND_AD_INFO_", "linux/if_link.h") {
        AGGREGATOR = 1, Uint, "Id of the aggregator.";
        NUM_PORTS = 2, Uint, "Ports.";
        ACTOR_KEY = 3, Uint, "Key of this end.";
        PARTNER_KEY = 4, Uint, "Key of the other end.";
        PARTNER_MAC = 5, Mac, "Address of the other end.";
    }
}

attrs! {
    /// State of a bond's port.
    pub mod bond_slave("IFLA_BOND_SLAVE_", "linux/if_link.h") {
        STATE = 1, Uint, "0 active, 1 waiting.";
        MII_STATUS = 2, Uint, "Carrier (`BOND_LINK_*`).";
        LINK_FAILURE_COUNT = 3, Uint, "Times the carrier was lost.";
        PERM_HWADDR = 4, Mac, "Link-layer address the device was made with.";
        QUEUE_ID = 5, Uint, "Queue.";
        AD_AGGREGATOR_ID = 6, Uint, "LACP: id of the aggregator.";
        AD_ACTOR_OPER_PORT_STATE = 7, Uint, "LACP: state of this end.";
        AD_PARTNER_OPER_PORT_STATE = 8, Uint, "LACP: state of the other end.";
        PRIO = 9, Int, "Priority.";
        ACTOR_PORT_PRIO = 10, Uint, "LACP: priority of the port.";
        AD_CHURN_ACTOR_STATE = 11, Uint, "LACP: churn of this end.";
        AD_CHURN_PARTNER_STATE = 12, Uint, "LACP: churn of the other end.";
    }
}

attrs! {
    /// Settings of a `tun`, as the kernel tells them.
    pub mod tun("IFLA_TUN_", "linux/if_link.h") {
        OWNER = 1, Uint, "User id of who may attach.";
        GROUP = 2, Uint, "Group id of who may attach.";
        TYPE = 3, Uint, "1 tun, 2 tap.";
        PI = 4, Uint, "Whether packets carry a header.";
        VNET_HDR = 5, Uint, "Whether packets carry a virtio header.";
        PERSIST = 6, Uint, "Whether it stays when nobody is attached.";
        MULTI_QUEUE = 7, Uint, "Whether there may be several queues.";
        NUM_QUEUES = 8, Uint, "Queues.";
        NUM_DISABLED_QUEUES = 9, Uint, "Queues that are off.";
    }
}

attrs! {
    /// Settings of a `vxlan`.
    pub mod vxlan("IFLA_VXLAN_", "linux/if_link.h") {
        ID = 1, Uint, "VNI.";
        GROUP = 2, Ip, "IPv4 address of the other end or of the group.";
        LINK = 3, Uint, "Interface index of the device below.";
        LOCAL = 4, Ip, "IPv4 address of this end.";
        TTL = 5, Uint, "TTL; 0: that of the packet.";
        TOS = 6, Uint, "TOS; 1: that of the packet.";
        LEARNING = 7, Uint, "Whether addresses are learned.";
        AGEING = 8, Uint, "Seconds after which an address is forgotten.";
        LIMIT = 9, Uint, "Most addresses; 0: no limit.";
        PORT_RANGE = 10, Struct(super::PortRange::SPEC), "Source ports.";
        PROXY = 11, Uint, "Whether it answers ARP.";
        RSC = 12, Uint, "Whether packets for routers are routed at once.";
        L2MISS = 13, Uint, "Whether unknown link-layer addresses are told.";
        L3MISS = 14, Uint, "Whether unknown addresses are told.";
        PORT = 15, Be, "Destination port, in network byte order.";
        GROUP6 = 16, Ip, "IPv6 address of the other end or of the group.";
        LOCAL6 = 17, Ip, "IPv6 address of this end.";
        UDP_CSUM = 18, Uint, "Whether UDP has a checksum over IPv4.";
        UDP_ZERO_CSUM6_TX = 19, Uint, "Whether UDP is sent without checksum over IPv6.";
        UDP_ZERO_CSUM6_RX = 20, Uint, "Whether UDP is taken without checksum over IPv6.";
        REMCSUM_TX = 21, Uint, "Remote checksum offload, sending.";
        REMCSUM_RX = 22, Uint, "Remote checksum offload, receiving.";
        GBP = 23, Flag, "Group based policy.";
        REMCSUM_NOPARTIAL = 24, Flag, "Remote checksum offload on whole packets only.";
        COLLECT_METADATA = 25, Uint, "Whether routes and programs say where to.";
        LABEL = 26, Be, "IPv6 flow label, in network byte order.";
        GPE = 27, Flag, "Generic protocol extension.";
        TTL_INHERIT = 28, Flag, "The TTL is that of the packet.";
        DF = 29, Uint, "Whether packets may be fragmented (`VXLAN_DF_*`).";
        VNIFILTER = 30, Uint, "Whether VNIs are filtered.";
        LOCALBYPASS = 31, Uint, "Whether packets to this host are delivered at once.";
        LABEL_POLICY = 32, Uint, "0 the label above, 1 that of the packet.";
        /// Bits of the header that have to be 0: 8 bytes, in network byte order.
        RESERVED_BITS = 33, Be;
        MC_ROUTE = 34, Uint, "Whether multicast is routed.";
    }
}

wire! {
    /// Ports, `struct ifla_vxlan_port_range` (linux/if_link.h).
    pub struct PortRange("ifla_vxlan_port_range", "linux/if_link.h") {
        /// The first, in network byte order.
        low: Be16 = "low",
        /// The last, in network byte order.
        high: Be16 = "high",
    }
}

attrs! {
    /// Settings of a `geneve`.
    pub mod geneve("IFLA_GENEVE_", "linux/if_link.h") {
        ID = 1, Uint, "VNI.";
        REMOTE = 2, Ip, "IPv4 address of the other end.";
        TTL = 3, Uint, "TTL; 0: of the route.";
        TOS = 4, Uint, "TOS; 1: that of the packet.";
        PORT = 5, Be, "Destination port, in network byte order.";
        COLLECT_METADATA = 6, Flag, "Routes and programs say where to.";
        REMOTE6 = 7, Ip, "IPv6 address of the other end.";
        UDP_CSUM = 8, Uint, "Whether UDP has a checksum over IPv4.";
        UDP_ZERO_CSUM6_TX = 9, Uint, "Whether UDP is sent without checksum over IPv6.";
        UDP_ZERO_CSUM6_RX = 10, Uint, "Whether UDP is taken without checksum over IPv6.";
        LABEL = 11, Be, "IPv6 flow label, in network byte order.";
        TTL_INHERIT = 12, Uint, "Whether the TTL is that of the packet.";
        DF = 13, Uint, "Whether packets may be fragmented (`GENEVE_DF_*`).";
        INNER_PROTO_INHERIT = 14, Flag, "The protocol inside is that of the packet.";
        PORT_RANGE = 15, Struct(super::PortRange::SPEC), "Source ports.";
        GRO_HINT = 16, Flag, "Packets carry a hint for offloads.";
        LOCAL = 17, Ip, "IPv4 address of this end.";
        LOCAL6 = 18, Ip, "IPv6 address of this end.";
    }
}

attrs! {
    /// Settings of a `gre`, `gretap` or `erspan`, over IPv4 or IPv6.
    pub mod gre("IFLA_GRE_", "linux/if_tunnel.h") {
        LINK = 1, Uint, "Interface index of the device below.";
        IFLAGS = 2, Be, "`GRE_*` of packets received, in network byte order.";
        OFLAGS = 3, Be, "`GRE_*` of packets sent, in network byte order.";
        IKEY = 4, Be, "Key of packets received, in network byte order.";
        OKEY = 5, Be, "Key of packets sent, in network byte order.";
        LOCAL = 6, Ip, "Address of this end.";
        REMOTE = 7, Ip, "Address of the other end.";
        TTL = 8, Uint, "TTL; 0: that of the packet.";
        TOS = 9, Uint, "TOS; 1: that of the packet.";
        PMTUDISC = 10, Uint, "Whether the path's MTU is found.";
        ENCAP_LIMIT = 11, Uint, "IPv6: how deep tunnels may go.";
        FLOWINFO = 12, Be, "IPv6 traffic class and flow label, in network byte order.";
        FLAGS = 13, Bits(&super::ip6_tnl_f::SPEC), "IPv6.";
        ENCAP_TYPE = 14, Code(&super::tunnel_encap::SPEC), "Encapsulation.";
        ENCAP_FLAGS = 15, Bits(&super::tunnel_encap_flag::SPEC), "Flags of the encapsulation.";
        ENCAP_SPORT = 16, Be, "Source port of the encapsulation, in network byte order.";
        ENCAP_DPORT = 17, Be, "Destination port of the encapsulation, in network byte order.";
        COLLECT_METADATA = 18, Flag, "Routes and programs say where to.";
        IGNORE_DF = 19, Uint, "Whether the packet's 'don't fragment' is ignored.";
        FWMARK = 20, Uint, "Firewall mark.";
        ERSPAN_INDEX = 21, Uint, "ERSPAN: index.";
        ERSPAN_VER = 22, Uint, "ERSPAN: version.";
        ERSPAN_DIR = 23, Uint, "ERSPAN: direction.";
        ERSPAN_HWID = 24, Uint, "ERSPAN: id of the hardware.";
    }
}

attrs! {
    /// Settings of an `ipip`, `sit` or `ip6tnl`.
    pub mod iptun("IFLA_IPTUN_", "linux/if_tunnel.h") {
        LINK = 1, Uint, "Interface index of the device below.";
        LOCAL = 2, Ip, "Address of this end.";
        REMOTE = 3, Ip, "Address of the other end.";
        TTL = 4, Uint, "TTL; 0: that of the packet.";
        TOS = 5, Uint, "TOS; 1: that of the packet.";
        ENCAP_LIMIT = 6, Uint, "IPv6: how deep tunnels may go.";
        FLOWINFO = 7, Be, "IPv6 traffic class and flow label, in network byte order.";
        FLAGS = 8, Bytes, "`sit`: 2 bytes in network byte order; `ip6tnl`: `IP6_TNL_F_*`, 4 bytes.";
        PROTO = 9, Uint, "IP protocol inside.";
        PMTUDISC = 10, Uint, "Whether the path's MTU is found.";
        SIXRD_PREFIX as "IFLA_IPTUN_6RD_PREFIX" = 11, Ip, "6rd: prefix.";
        SIXRD_RELAY_PREFIX as "IFLA_IPTUN_6RD_RELAY_PREFIX" = 12, Ip, "6rd: prefix of relays.";
        /// 6rd: length of the prefix, in bits.
        SIXRD_PREFIXLEN as "IFLA_IPTUN_6RD_PREFIXLEN" = 13, Uint;
        /// 6rd: length of the prefix of relays, in bits.
        SIXRD_RELAY_PREFIXLEN as "IFLA_IPTUN_6RD_RELAY_PREFIXLEN" = 14, Uint;
        ENCAP_TYPE = 15, Code(&super::tunnel_encap::SPEC), "Encapsulation.";
        ENCAP_FLAGS = 16, Bits(&super::tunnel_encap_flag::SPEC), "Flags of the encapsulation.";
        ENCAP_SPORT = 17, Be, "Source port of the encapsulation, in network byte order.";
        ENCAP_DPORT = 18, Be, "Destination port of the encapsulation, in network byte order.";
        COLLECT_METADATA = 19, Flag, "Routes and programs say where to.";
        FWMARK = 20, Uint, "Firewall mark.";
    }
}

attrs! {
    /// Settings of a `vti` or `vti6`.
    pub mod vti("IFLA_VTI_", "linux/if_tunnel.h") {
        LINK = 1, Uint, "Interface index of the device below.";
        IKEY = 2, Be, "Key of packets received, in network byte order.";
        OKEY = 3, Be, "Key of packets sent, in network byte order.";
        LOCAL = 4, Ip, "Address of this end.";
        REMOTE = 5, Ip, "Address of the other end.";
        FWMARK = 6, Uint, "Firewall mark.";
    }
}

attrs! {
    /// Settings of an `xfrm`.
    pub mod xfrm("IFLA_XFRM_", "linux/if_link.h") {
        LINK = 1, Uint, "Interface index of the device below.";
        IF_ID = 2, Uint, "Id that policies and states refer to.";
        COLLECT_METADATA = 3, Flag, "Routes and programs say which policy.";
    }
}

attrs! {
    /// Settings of an `hsr`.
    pub mod hsr("IFLA_HSR_", "linux/if_link.h") {
        SLAVE1 = 1, Uint, "Interface index of the first ring port.";
        SLAVE2 = 2, Uint, "Interface index of the second ring port.";
        MULTICAST_SPEC = 3, Uint, "Last byte of the supervision frames' address.";
        SUPERVISION_ADDR = 4, Mac, "Address of supervision frames.";
        SEQ_NR = 5, Uint, "Sequence number.";
        VERSION = 6, Uint, "Version of HSR.";
        PROTOCOL = 7, Uint, "0 HSR, 1 PRP.";
        INTERLINK = 8, Uint, "Interface index of the interlink.";
    }
}

attrs! {
    /// Settings of a `macsec`.
    pub mod macsec("IFLA_MACSEC_", "linux/if_link.h") {
        SCI = 1, Be, "Secure channel id, in network byte order.";
        PORT = 2, Be, "Port, in network byte order.";
        ICV_LEN = 3, Uint, "Bytes of the integrity check value.";
        CIPHER_SUITE = 4, Uint, "Cipher suite.";
        WINDOW = 5, Uint, "Replay window, in packets.";
        ENCODING_SA = 6, Uint, "Number of the association to send by.";
        ENCRYPT = 7, Uint, "Whether packets are encrypted.";
        PROTECT = 8, Uint, "Whether packets are protected.";
        INC_SCI = 9, Uint, "Whether packets carry the channel id.";
        ES = 10, Uint, "Whether the end station bit is set.";
        SCB = 11, Uint, "Whether the single copy broadcast bit is set.";
        REPLAY_PROTECT = 12, Uint, "Whether replayed packets are dropped.";
        VALIDATION = 13, Uint, "`MACSEC_VALIDATE_*`.";
        PAD = 14, Bytes, "Padding.";
        OFFLOAD = 15, Uint, "`MACSEC_OFFLOAD_*`.";
    }
}

attrs! {
    /// Settings of a `bareudp`.
    pub mod bareudp("IFLA_BAREUDP_", "linux/if_link.h") {
        PORT = 1, Be, "Destination port, in network byte order.";
        ETHERTYPE = 2, Be, "EtherType inside, in network byte order.";
        SRCPORT_MIN = 3, Uint, "The lowest source port.";
        MULTIPROTO_MODE = 4, Flag, "Whether related protocols are taken as well.";
    }
}

codes! {
    /// Flags of tunnels over IPv6.
    pub mod ip6_tnl_f(u32, "IP6_TNL_F_", "linux/ip6_tunnel.h") {
        IGN_ENCAP_LIMIT = 0x01, "No limit to how deep tunnels may go.";
        USE_ORIG_TCLASS = 0x02, "The traffic class is that of the packet.";
        USE_ORIG_FLOWLABEL = 0x04, "The flow label is that of the packet.";
        MIP6_DEV = 0x08, "Of mobile IPv6.";
        RCV_DSCP_COPY = 0x10, "The packet inside gets the DSCP of that outside.";
        USE_ORIG_FWMARK = 0x20, "The firewall mark is that of the packet.";
        ALLOW_LOCAL_REMOTE = 0x40, "The other end may be on this host.";
    }
}

codes! {
    /// Encapsulations of a tunnel's packets.
    pub mod tunnel_encap(u16, "TUNNEL_ENCAP_", "linux/if_tunnel.h") {
        NONE = 0, "None.";
        FOU = 1, "UDP.";
        GUE = 2, "UDP and a header.";
    }
}

codes! {
    /// Flags of the encapsulation.
    pub mod tunnel_encap_flag(u32, "TUNNEL_ENCAP_FLAG_", "linux/if_tunnel.h") {
        CSUM = 1, "UDP has a checksum over IPv4.";
        CSUM6 = 2, "UDP has a checksum over IPv6.";
        REMCSUM = 4, "Remote checksum offload.";
    }
}

attrs! {
    /// Settings of an `amt`.
    pub mod amt("IFLA_AMT_", "linux/amt.h") {
        MODE = 1, Uint, "0 gateway, 1 relay.";
        RELAY_PORT = 2, Be, "Port of the relay, in network byte order.";
        GATEWAY_PORT = 3, Be, "Port of the gateway, in network byte order.";
        LINK = 4, Uint, "Interface index of the device below.";
        LOCAL_IP = 5, Ip, "Address of this end.";
        REMOTE_IP = 6, Ip, "Address of the relay found.";
        DISCOVERY_IP = 7, Ip, "Address to look for relays at.";
        MAX_TUNNELS = 8, Uint, "Most tunnels.";
    }
}

attrs! {
    /// Settings of a `gtp`.
    pub mod gtp("IFLA_GTP_", "linux/if_link.h") {
        FD0 = 1, Uint, "Socket for version 0.";
        FD1 = 2, Uint, "Socket for version 1.";
        PDP_HASHSIZE = 3, Uint, "Buckets of the table of contexts.";
        ROLE = 4, Uint, "0 GGSN, 1 SGSN.";
        CREATE_SOCKETS = 5, Uint, "The kernel makes the sockets.";
        RESTART_COUNT = 6, Uint, "Number in echo answers.";
    }
}

attrs! {
    /// Settings of an `ipoib`.
    pub mod ipoib("IFLA_IPOIB_", "linux/if_link.h") {
        PKEY = 1, Uint, "Key of the partition.";
        MODE = 2, Uint, "0 datagram, 1 connected.";
        UMCAST = 3, Uint, "Whether user space may join groups.";
    }
}

attrs! {
    /// Settings of a `rmnet`.
    pub mod rmnet("IFLA_RMNET_", "linux/if_link.h") {
        MUX_ID = 1, Uint, "Id among those on the device.";
        FLAGS = 2, Bytes, "Flags and which of them change.";
    }
}

attrs! {
    /// Settings of a `dsa`.
    pub mod dsa("IFLA_DSA_", "linux/if_link.h") { MASTER = 1, Uint, "Interface index of the conduit."; }
}

attrs! {
    /// Settings of a `batadv`.
    pub mod batadv("IFLA_BATADV_", "linux/batman_adv.h") { ALGO_NAME = 1, Str, "Routing algorithm."; }
}

attrs! {
    /// Settings of a `wwan`.
    pub mod wwan("IFLA_WWAN_", "linux/wwan.h") { LINK_ID = 1, Uint, "Id of the link."; }
}

attrs! {
    /// Settings of an `ovpn`.
    pub mod ovpn("IFLA_OVPN_", "linux/if_link.h") { MODE = 1, Uint, "0 point to point, 1 one to many."; }
}

attrs! {
    /// Settings of a `can`.
    pub mod can("IFLA_CAN_", "linux/can/netlink.h") {
        BITTIMING = 1, Bytes, "Timing of bits: `struct can_bittiming`.";
        BITTIMING_CONST = 2, Bytes, "What the hardware can: `struct can_bittiming_const`.";
        CLOCK = 3, Uint, "Frequency of the clock.";
        STATE = 4, Uint, "State (`CAN_STATE_*`).";
        CTRLMODE = 5, Bytes, "Modes: which of them change, and which are on, 4 bytes each.";
        RESTART_MS = 6, Uint, "Time until a restart, in ms.";
        RESTART = 7, Uint, "Restart now.";
        BERR_COUNTER = 8, Bytes, "Counters of errors, sending and receiving, 2 bytes each.";
        DATA_BITTIMING = 9, Bytes, "CAN FD: timing of data bits.";
        DATA_BITTIMING_CONST = 10, Bytes, "CAN FD: what the hardware can.";
        TERMINATION = 11, Uint, "Resistance that ends the bus, in Ohm.";
        TERMINATION_CONST = 12, Bytes, "Resistances to choose from, 2 bytes each.";
        BITRATE_CONST = 13, Bytes, "Bit rates to choose from, 4 bytes each.";
        DATA_BITRATE_CONST = 14, Bytes, "CAN FD: bit rates to choose from.";
        BITRATE_MAX = 15, Uint, "The highest bit rate.";
        TDC = 16, Nest(&super::can_tdc::SPEC), "CAN FD: compensation of the transmitter's delay.";
        CTRLMODE_EXT = 17, Nest(&super::can_ctrlmode_ext::SPEC), "Modes the hardware can.";
    }
}

attrs! {
    /// Compensation of the transmitter's delay.
    pub mod can_tdc("IFLA_CAN_TDC_", "linux/can/netlink.h") {
        TDCV_MIN = 1, Uint, "The least value.";
        TDCV_MAX = 2, Uint, "The largest value.";
        TDCO_MIN = 3, Uint, "The least offset.";
        TDCO_MAX = 4, Uint, "The largest offset.";
        TDCF_MIN = 5, Uint, "The least filter window.";
        TDCF_MAX = 6, Uint, "The largest filter window.";
        TDCV = 7, Uint, "Value.";
        TDCO = 8, Uint, "Offset.";
        TDCF = 9, Uint, "Filter window.";
    }
}

attrs! {
    /// Modes of a CAN controller.
    pub mod can_ctrlmode_ext("IFLA_CAN_CTRLMODE_", "linux/can/netlink.h") { SUPPORTED = 1, Uint, "What it can."; }
}

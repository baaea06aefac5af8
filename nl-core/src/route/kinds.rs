//! What `IFLA_INFO_DATA` and `IFLA_INFO_SLAVE_DATA` hold, by kind of device, and the bridge's
//! share of a link. What is on or off is a byte of 0 or 1 unless said otherwise.

use super::{IfInfoMsg, ifla};
use crate::spec::{NestSpec, Shape, attrs, codes, wire};
use crate::wire::{Be16, U16, U32};

/// What `IFLA_INFO_DATA` is, by `IFLA_INFO_KIND`.
pub static DATA_KINDS: [(&str, &NestSpec); 31] = [
    ("veth", &veth::SPEC),
    ("vxcan", &veth::SPEC),
    ("netkit", &netkit::SPEC),
    ("bridge", &br::SPEC),
    ("vlan", &vlan::SPEC),
    ("macvlan", &macvlan::SPEC),
    ("macvtap", &macvlan::SPEC),
    ("ipvlan", &ipvlan::SPEC),
    ("ipvtap", &ipvlan::SPEC),
    ("vrf", &vrf::SPEC),
    ("bond", &bond::SPEC),
    ("tun", &tun::SPEC),
    ("vxlan", &vxlan::SPEC),
    ("geneve", &geneve::SPEC),
    ("gre", &gre::SPEC),
    ("gretap", &gre::SPEC),
    ("ip6gre", &gre::SPEC),
    ("ip6gretap", &gre::SPEC),
    ("erspan", &gre::SPEC),
    ("ip6erspan", &gre::SPEC),
    ("ipip", &iptun::SPEC),
    ("sit", &iptun::SPEC),
    ("ip6tnl", &iptun::SPEC),
    ("vti", &vti::SPEC),
    ("vti6", &vti::SPEC),
    ("xfrm", &xfrm::SPEC),
    ("hsr", &hsr::SPEC),
    ("macsec", &macsec::SPEC),
    ("bareudp", &bareudp::SPEC),
    ("dummy", &EMPTY),
    ("ifb", &EMPTY),
];

/// What `IFLA_INFO_SLAVE_DATA` is, by `IFLA_INFO_SLAVE_KIND`.
pub static SLAVE_KINDS: [(&str, &NestSpec); 3] =
    [("bridge", &brport::SPEC), ("bond", &bond_slave::SPEC), ("vrf", &vrf_port::SPEC)];

/// The settings of kinds that have none.
static EMPTY: NestSpec = NestSpec { prefix: "", header: "linux/if_link.h", attrs: &[] };

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
        /// Whether it is the end that decides.
        PRIMARY = 2, Uint;
        /// What happens to packets without a program.
        POLICY = 3, Code(&super::netkit_policy::SPEC);
        /// The same, of the other end.
        PEER_POLICY = 4, Code(&super::netkit_policy::SPEC);
        /// Whether it has link-layer addresses.
        MODE = 5, Code(&super::netkit_mode::SPEC);
        /// Whether packets lose mark and priority on the way (`NETKIT_SCRUB_*`).
        SCRUB = 6, Uint;
        /// The same, of the other end.
        PEER_SCRUB = 7, Uint;
        /// Bytes to keep free in front of a packet.
        HEADROOM = 8, Uint;
        /// Bytes to keep free behind a packet.
        TAILROOM = 9, Uint;
        /// Whether there is another end (`NETKIT_DEVICE_*`).
        PAIRING = 10, Uint;
    }
}

codes! {
    /// What happens to packets without a program.
    pub mod netkit_policy(u32, "NETKIT_", "linux/if_link.h") {
        /// They pass.
        PASS = 0;
        /// They are dropped.
        DROP = 2;
    }
}

codes! {
    /// Whether a netkit has link-layer addresses.
    pub mod netkit_mode(u32, "NETKIT_", "linux/if_link.h") {
        /// It has.
        L2 = 0;
        /// It has not.
        L3 = 1;
    }
}

attrs! {
    /// Settings of a `bridge`; times in 1/100 s.
    pub mod br("IFLA_BR_", "linux/if_link.h") {
        /// Time in each of the states before forwarding.
        FORWARD_DELAY = 1, Uint;
        /// Time between hellos.
        HELLO_TIME = 2, Uint;
        /// Time without hellos after which a bridge counts as gone.
        MAX_AGE = 3, Uint;
        /// Time after which an address is forgotten.
        AGEING_TIME = 4, Uint;
        /// Spanning tree: 0 off, 1 by the kernel, 2 by user space.
        STP_STATE = 5, Uint;
        /// Priority: the lowest becomes root.
        PRIORITY = 6, Uint;
        /// Whether VLANs are told apart.
        VLAN_FILTERING = 7, Uint;
        /// EtherType of VLANs, in network byte order.
        VLAN_PROTOCOL = 8, Be;
        /// Which link-local groups 01:80:c2:00:00:0X are forwarded, a bit each.
        GROUP_FWD_MASK = 9, Uint;
        /// Id of the root.
        ROOT_ID = 10, Struct(super::BridgeId::SPEC);
        /// Its own id.
        BRIDGE_ID = 11, Struct(super::BridgeId::SPEC);
        /// Number of the port to the root.
        ROOT_PORT = 12, Uint;
        /// Cost of the path to the root.
        ROOT_PATH_COST = 13, Uint;
        /// Whether the topology is changing.
        TOPOLOGY_CHANGE = 14, Uint;
        /// Whether it saw a change of topology itself.
        TOPOLOGY_CHANGE_DETECTED = 15, Uint;
        /// What is left of the hello timer.
        HELLO_TIMER = 16, Uint;
        /// What is left of the topology change notification timer.
        TCN_TIMER = 17, Uint;
        /// What is left of the topology change timer.
        TOPOLOGY_CHANGE_TIMER = 18, Uint;
        /// What is left of the timer that forgets addresses.
        GC_TIMER = 19, Uint;
        /// Address of the spanning tree's group.
        GROUP_ADDR = 20, Mac;
        /// Forget all addresses.
        FDB_FLUSH = 21, Flag;
        /// Multicast routers: 0 none, 1 found, 2 always.
        MCAST_ROUTER = 22, Uint;
        /// Whether IGMP and MLD are listened to.
        MCAST_SNOOPING = 23, Uint;
        /// Whether queries carry the bridge's address.
        MCAST_QUERY_USE_IFADDR = 24, Uint;
        /// Whether it sends queries.
        MCAST_QUERIER = 25, Uint;
        /// Unused.
        MCAST_HASH_ELASTICITY = 26, Uint;
        /// Most multicast groups.
        MCAST_HASH_MAX = 27, Uint;
        /// Queries before a group is given up.
        MCAST_LAST_MEMBER_CNT = 28, Uint;
        /// Queries at the start.
        MCAST_STARTUP_QUERY_CNT = 29, Uint;
        /// Time between queries for a last member.
        MCAST_LAST_MEMBER_INTVL = 30, Uint;
        /// Time after which a group is forgotten.
        MCAST_MEMBERSHIP_INTVL = 31, Uint;
        /// Time after which another querier is forgotten.
        MCAST_QUERIER_INTVL = 32, Uint;
        /// Time between queries.
        MCAST_QUERY_INTVL = 33, Uint;
        /// Time an answer may take.
        MCAST_QUERY_RESPONSE_INTVL = 34, Uint;
        /// Time between queries at the start.
        MCAST_STARTUP_QUERY_INTVL = 35, Uint;
        /// Whether iptables sees bridged packets.
        NF_CALL_IPTABLES = 36, Uint;
        /// Whether ip6tables sees bridged packets.
        NF_CALL_IP6TABLES = 37, Uint;
        /// Whether arptables sees bridged packets.
        NF_CALL_ARPTABLES = 38, Uint;
        /// VLAN of packets without one; 0: none.
        VLAN_DEFAULT_PVID = 39, Uint;
        /// Padding.
        PAD = 40, Bytes;
        /// Whether there are statistics per VLAN.
        VLAN_STATS_ENABLED = 41, Uint;
        /// Whether there are statistics of IGMP and MLD.
        MCAST_STATS_ENABLED = 42, Uint;
        /// Version of IGMP.
        MCAST_IGMP_VERSION = 43, Uint;
        /// Version of MLD.
        MCAST_MLD_VERSION = 44, Uint;
        /// Whether there are statistics per VLAN and port.
        VLAN_STATS_PER_PORT = 45, Uint;
        /// Options of a bit each (`BR_BOOLOPT_*`).
        MULTI_BOOLOPT = 46, Struct(super::BrBoolOptMulti::SPEC);
        /// Who sends queries (`BRIDGE_QUERIER_*`).
        MCAST_QUERIER_STATE = 47, Bytes;
        /// Addresses learned.
        FDB_N_LEARNED = 48, Uint;
        /// Most addresses to learn; 0: no limit.
        FDB_MAX_LEARNED = 49, Uint;
        /// Who runs the spanning tree.
        STP_MODE = 50, Uint;
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
        /// Link-local packets teach no addresses.
        NO_LL_LEARN = 0;
        /// IGMP and MLD are listened to per VLAN.
        MCAST_VLAN_SNOOPING = 1;
        /// Several spanning trees.
        MST_ENABLE = 2;
        /// Multicast entries that hardware did not take are told.
        MDB_OFFLOAD_FAIL_NOTIFICATION = 3;
        /// The bridge's own addresses are kept for VLAN 0 only.
        FDB_LOCAL_VLAN_0 = 4;
    }
}

attrs! {
    /// Settings of a bridge's port; times in 1/100 s.
    pub mod brport("IFLA_BRPORT_", "linux/if_link.h") {
        /// State of the spanning tree.
        STATE = 1, Code(&super::br_state::SPEC);
        /// Priority.
        PRIORITY = 2, Uint;
        /// Cost of the path.
        COST = 3, Uint;
        /// Whether packets may leave where they came in (hairpin).
        MODE = 4, Uint;
        /// Whether a bridge behind it blocks it.
        GUARD = 5, Uint;
        /// Whether it may not become the port to the root.
        PROTECT = 6, Uint;
        /// Whether groups are given up at once.
        FAST_LEAVE = 7, Uint;
        /// Whether addresses are learned.
        LEARNING = 8, Uint;
        /// Whether packets for unknown addresses leave by it.
        UNICAST_FLOOD = 9, Uint;
        /// Whether it answers ARP for others.
        PROXYARP = 10, Uint;
        /// Whether addresses the device learned are taken over.
        LEARNING_SYNC = 11, Uint;
        /// Whether it answers ARP for wireless stations.
        PROXYARP_WIFI = 12, Uint;
        /// Id of the root, as designated.
        ROOT_ID = 13, Struct(super::BridgeId::SPEC);
        /// Id of the bridge, as designated.
        BRIDGE_ID = 14, Struct(super::BridgeId::SPEC);
        /// The designated port.
        DESIGNATED_PORT = 15, Uint;
        /// Cost of the designated path.
        DESIGNATED_COST = 16, Uint;
        /// Id of the port.
        ID = 17, Uint;
        /// Number of the port.
        NO = 18, Uint;
        /// Whether a change of topology is to be acknowledged.
        TOPOLOGY_CHANGE_ACK = 19, Uint;
        /// Whether a configuration is to be sent.
        CONFIG_PENDING = 20, Uint;
        /// What is left of the message age timer.
        MESSAGE_AGE_TIMER = 21, Uint;
        /// What is left of the forward delay timer.
        FORWARD_DELAY_TIMER = 22, Uint;
        /// What is left of the hold timer.
        HOLD_TIMER = 23, Uint;
        /// Forget the port's addresses.
        FLUSH = 24, Flag;
        /// Multicast router behind it: 0 never, 1 found, 2 always.
        MULTICAST_ROUTER = 25, Uint;
        /// Padding.
        PAD = 26, Bytes;
        /// Whether packets for unknown groups leave by it.
        MCAST_FLOOD = 27, Uint;
        /// Whether multicast packets are sent to each receiver.
        MCAST_TO_UCAST = 28, Uint;
        /// Whether VLANs are mapped to tunnels.
        VLAN_TUNNEL = 29, Uint;
        /// Whether broadcasts leave by it.
        BCAST_FLOOD = 30, Uint;
        /// Which link-local groups are forwarded, a bit each.
        GROUP_FWD_MASK = 31, Uint;
        /// Whether ARP and neighbour discovery are answered, not flooded.
        NEIGH_SUPPRESS = 32, Uint;
        /// Whether it talks to ports that are not isolated only.
        ISOLATED = 33, Uint;
        /// Interface index of the port to use while it has no carrier.
        BACKUP_PORT = 34, Uint;
        /// Whether the media redundancy ring is open.
        MRP_RING_OPEN = 35, Uint;
        /// Whether the media redundancy interconnection is open.
        MRP_IN_OPEN = 36, Uint;
        /// Most hosts whose groups are followed.
        MCAST_EHT_HOSTS_LIMIT = 37, Uint;
        /// Hosts whose groups are followed.
        MCAST_EHT_HOSTS_CNT = 38, Uint;
        /// Whether only known addresses may send.
        LOCKED = 39, Uint;
        /// Whether a locked port notes who tried to send.
        MAB = 40, Uint;
        /// Multicast groups joined.
        MCAST_N_GROUPS = 41, Uint;
        /// Most multicast groups; 0: no limit.
        MCAST_MAX_GROUPS = 42, Uint;
        /// Whether `NEIGH_SUPPRESS` is per VLAN.
        NEIGH_VLAN_SUPPRESS = 43, Uint;
        /// Id of the next hop object for the backup port.
        BACKUP_NHID = 44, Uint;
        /// Whether gratuitous announcements are flooded all the same.
        NEIGH_FORWARD_GRAT = 45, Uint;
    }
}

codes! {
    /// States of a bridge's port.
    pub mod br_state(u8, "BR_STATE_", "linux/if_bridge.h") {
        /// Off.
        DISABLED = 0;
        /// Listens for bridges.
        LISTENING = 1;
        /// Learns addresses.
        LEARNING = 2;
        /// Forwards.
        FORWARDING = 3;
        /// Blocked, for there would be a loop.
        BLOCKING = 4;
    }
}

attrs! {
    /// The bridge's share of a link: `IFLA_AF_SPEC` of family `AF_BRIDGE`.
    pub mod bridge("IFLA_BRIDGE_", "linux/if_bridge.h") {
        /// Whom it is for: 1 the master, 2 the device.
        FLAGS = 0, Uint;
        /// Mode of the embedded bridge (`BRIDGE_MODE_*`).
        MODE = 1, Uint;
        /// A VLAN, or an end of a range.
        VLAN_INFO = 2, Struct(super::BridgeVlanInfo::SPEC);
        /// A VLAN's tunnel.
        VLAN_TUNNEL_INFO = 3, Bytes;
        /// Media redundancy.
        MRP = 4, Bytes;
        /// Fault management.
        CFM = 5, Bytes;
        /// Spanning trees.
        MST = 6, Bytes;
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
        /// For the bridge itself as well.
        MASTER = 0x01;
        /// Packets without a VLAN are of this one.
        PVID = 0x02;
        /// Packets leave without it.
        UNTAGGED = 0x04;
        /// First of a range.
        RANGE_BEGIN = 0x08;
        /// Last of a range.
        RANGE_END = 0x10;
        /// An entry of the bridge itself.
        BRENTRY = 0x20;
        /// Change options only.
        ONLY_OPTS = 0x40;
    }
}

attrs! {
    /// Settings of a `vlan`.
    pub mod vlan("IFLA_VLAN_", "linux/if_link.h") {
        /// VLAN id.
        ID = 1, Uint;
        /// Flags and which of them change.
        FLAGS = 2, Struct(super::VlanFlagsMask::SPEC);
        /// Priority of packets to that of frames.
        EGRESS_QOS = 3, Nest(&super::vlan_qos::SPEC);
        /// Priority of frames to that of packets.
        INGRESS_QOS = 4, Nest(&super::vlan_qos::SPEC);
        /// EtherType, in network byte order.
        PROTOCOL = 5, Be;
    }
}

attrs! {
    /// What is in `IFLA_VLAN_EGRESS_QOS` and `IFLA_VLAN_INGRESS_QOS`.
    pub mod vlan_qos("IFLA_VLAN_QOS_", "linux/if_link.h") {
        /// One of several mappings.
        MAPPING = 1, Struct(super::VlanQosMapping::SPEC);
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
        /// The VLAN's header is taken off.
        REORDER_HDR = 0x01;
        /// Registers by GVRP.
        GVRP = 0x02;
        /// Stays up when what is below is down.
        LOOSE_BINDING = 0x04;
        /// Registers by MVRP.
        MVRP = 0x08;
        /// Follows the bridge's ports of the VLAN.
        BRIDGE_BINDING = 0x10;
    }
}

attrs! {
    /// Settings of a `macvlan` or `macvtap`.
    pub mod macvlan("IFLA_MACVLAN_", "linux/if_link.h") {
        /// Whom it may talk to.
        MODE = 1, Code(&super::macvlan_mode::SPEC);
        /// `MACVLAN_FLAG_*`: 1 do not make the device take all packets, 2 do not look at destinations.
        FLAGS = 2, Uint;
        /// What to do with source addresses.
        MACADDR_MODE = 3, Code(&super::macvlan_macaddr_mode::SPEC);
        /// A source address.
        MACADDR = 4, Mac;
        /// Source addresses, each a `MACADDR`.
        MACADDR_DATA = 5, Nest(&SPEC);
        /// Number of source addresses.
        MACADDR_COUNT = 6, Uint;
        /// Broadcasts that may wait, as asked for.
        BC_QUEUE_LEN = 7, Uint;
        /// Broadcasts that may wait.
        BC_QUEUE_LEN_USED = 8, Uint;
        /// Receivers above which a multicast packet waits; negative: none waits.
        BC_CUTOFF = 9, Int;
    }
}

codes! {
    /// Whom a macvlan may talk to (`enum macvlan_mode`).
    pub mod macvlan_mode(u32, "MACVLAN_MODE_", "linux/if_link.h") {
        /// Not to others on the device.
        PRIVATE = 1;
        /// To others by way of a switch.
        VEPA = 2;
        /// To others directly.
        BRIDGE = 4;
        /// It is alone on the device.
        PASSTHRU = 8;
        /// To listed addresses.
        SOURCE = 16;
    }
}

codes! {
    /// What to do with source addresses (`enum macvlan_macaddr_mode`).
    pub mod macvlan_macaddr_mode(u32, "MACVLAN_MACADDR_", "linux/if_link.h") {
        /// Add one.
        ADD = 0;
        /// Delete one.
        DEL = 1;
        /// Delete all.
        FLUSH = 2;
        /// Replace all.
        SET = 3;
    }
}

attrs! {
    /// Settings of an `ipvlan` or `ipvtap`.
    pub mod ipvlan("IFLA_IPVLAN_", "linux/if_link.h") {
        /// At which layer it works.
        MODE = 1, Code(&super::ipvlan_mode::SPEC);
        /// `IPVLAN_F_*`: 1 private, 2 VEPA, 0 bridge.
        FLAGS = 2, Uint;
    }
}

codes! {
    /// At which layer an ipvlan works (`enum ipvlan_mode`).
    pub mod ipvlan_mode(u16, "IPVLAN_MODE_", "linux/if_link.h") {
        /// Layer 2.
        L2 = 0;
        /// Layer 3.
        L3 = 1;
        /// Layer 3, with netfilter.
        L3S = 2;
    }
}

attrs! {
    /// Settings of a `vrf`.
    pub mod vrf("IFLA_VRF_", "linux/if_link.h") {
        /// Routing table.
        TABLE = 1, Uint;
    }
}

attrs! {
    /// Settings of a VRF's port.
    pub mod vrf_port("IFLA_VRF_PORT_", "linux/if_link.h") {
        /// Routing table of the VRF.
        TABLE = 1, Uint;
    }
}

attrs! {
    /// Settings of a `bond`; times in ms.
    pub mod bond("IFLA_BOND_", "linux/if_link.h") {
        /// How it chooses its ports.
        MODE = 1, Code(&super::bond_mode::SPEC);
        /// Interface index of the active port.
        ACTIVE_SLAVE = 2, Uint;
        /// Time between looks at the carrier.
        MIIMON = 3, Uint;
        /// Time until a carrier counts.
        UPDELAY = 4, Uint;
        /// Time until a lost carrier counts.
        DOWNDELAY = 5, Uint;
        /// Unused, 1.
        USE_CARRIER = 6, Uint;
        /// Time between ARP probes.
        ARP_INTERVAL = 7, Uint;
        /// Addresses to probe: attributes by position, IPv4 each.
        ARP_IP_TARGET = 8, Bytes;
        /// Which ARP answers count.
        ARP_VALIDATE = 9, Uint;
        /// Whether all targets have to answer.
        ARP_ALL_TARGETS = 10, Uint;
        /// Interface index of the port to prefer.
        PRIMARY = 11, Uint;
        /// When the primary is taken again.
        PRIMARY_RESELECT = 12, Uint;
        /// Whose link-layer address it has.
        FAIL_OVER_MAC = 13, Uint;
        /// What flows are told apart by (`BOND_XMIT_POLICY_*`).
        XMIT_HASH_POLICY = 14, Uint;
        /// Times groups are joined again after a change.
        RESEND_IGMP = 15, Uint;
        /// Times neighbours are told after a change.
        NUM_PEER_NOTIF = 16, Uint;
        /// Whether ports that are not active receive.
        ALL_SLAVES_ACTIVE = 17, Uint;
        /// Ports it takes to have a carrier.
        MIN_LINKS = 18, Uint;
        /// Seconds between learning packets.
        LP_INTERVAL = 19, Uint;
        /// Packets by a port before the next one's turn.
        PACKETS_PER_SLAVE = 20, Uint;
        /// LACP: 0 slow, 1 fast.
        AD_LACP_RATE = 21, Uint;
        /// LACP: how an aggregator is chosen.
        AD_SELECT = 22, Uint;
        /// LACP: state.
        AD_INFO = 23, Nest(&super::bond_ad_info::SPEC);
        /// LACP: priority of the system.
        AD_ACTOR_SYS_PRIO = 24, Uint;
        /// LACP: the user's part of keys.
        AD_USER_PORT_KEY = 25, Uint;
        /// LACP: address of the system.
        AD_ACTOR_SYSTEM = 26, Mac;
        /// Whether flows move to ports with less load.
        TLB_DYNAMIC_LB = 27, Uint;
        /// Time between tellings of neighbours.
        PEER_NOTIF_DELAY = 28, Uint;
        /// LACP: whether it begins.
        AD_LACP_ACTIVE = 29, Uint;
        /// Probes that may go unanswered.
        MISSED_MAX = 30, Uint;
        /// Addresses to probe: attributes by position, IPv6 each.
        NS_IP6_TARGET = 31, Bytes;
        /// LACP: whether sending and receiving go together.
        COUPLED_CONTROL = 32, Uint;
        /// Whether neighbours are told on all ports.
        BROADCAST_NEIGH = 33, Uint;
        /// LACP: whether it needs a partner to have a carrier.
        LACP_STRICT = 34, Uint;
    }
}

codes! {
    /// How a bond chooses its ports.
    pub mod bond_mode(u8, "BOND_MODE_", "linux/if_bonding.h") {
        /// In turn.
        ROUNDROBIN = 0;
        /// One, the others wait.
        ACTIVEBACKUP = 1;
        /// By hash.
        XOR = 2;
        /// All.
        BROADCAST = 3;
        /// LACP.
        LACP as "BOND_MODE_8023AD" = 4;
        /// By load, to send.
        TLB = 5;
        /// By load, to send and to receive.
        ALB = 6;
    }
}

attrs! {
    /// State of LACP.
    pub mod bond_ad_info("IFLA_BOND_AD_INFO_", "linux/if_link.h") {
        /// Id of the aggregator.
        AGGREGATOR = 1, Uint;
        /// Ports.
        NUM_PORTS = 2, Uint;
        /// Key of this end.
        ACTOR_KEY = 3, Uint;
        /// Key of the other end.
        PARTNER_KEY = 4, Uint;
        /// Address of the other end.
        PARTNER_MAC = 5, Mac;
    }
}

attrs! {
    /// State of a bond's port.
    pub mod bond_slave("IFLA_BOND_SLAVE_", "linux/if_link.h") {
        /// 0 active, 1 waiting.
        STATE = 1, Uint;
        /// Carrier (`BOND_LINK_*`).
        MII_STATUS = 2, Uint;
        /// Times the carrier was lost.
        LINK_FAILURE_COUNT = 3, Uint;
        /// Link-layer address the device was made with.
        PERM_HWADDR = 4, Mac;
        /// Queue.
        QUEUE_ID = 5, Uint;
        /// LACP: id of the aggregator.
        AD_AGGREGATOR_ID = 6, Uint;
        /// LACP: state of this end.
        AD_ACTOR_OPER_PORT_STATE = 7, Uint;
        /// LACP: state of the other end.
        AD_PARTNER_OPER_PORT_STATE = 8, Uint;
        /// Priority.
        PRIO = 9, Int;
        /// LACP: priority of the port.
        ACTOR_PORT_PRIO = 10, Uint;
        /// LACP: churn of this end.
        AD_CHURN_ACTOR_STATE = 11, Uint;
        /// LACP: churn of the other end.
        AD_CHURN_PARTNER_STATE = 12, Uint;
    }
}

attrs! {
    /// Settings of a `tun`, as the kernel tells them.
    pub mod tun("IFLA_TUN_", "linux/if_link.h") {
        /// User id of who may attach.
        OWNER = 1, Uint;
        /// Group id of who may attach.
        GROUP = 2, Uint;
        /// 1 tun, 2 tap.
        TYPE = 3, Uint;
        /// Whether packets carry a header.
        PI = 4, Uint;
        /// Whether packets carry a virtio header.
        VNET_HDR = 5, Uint;
        /// Whether it stays when nobody is attached.
        PERSIST = 6, Uint;
        /// Whether there may be several queues.
        MULTI_QUEUE = 7, Uint;
        /// Queues.
        NUM_QUEUES = 8, Uint;
        /// Queues that are off.
        NUM_DISABLED_QUEUES = 9, Uint;
    }
}

attrs! {
    /// Settings of a `vxlan`.
    pub mod vxlan("IFLA_VXLAN_", "linux/if_link.h") {
        /// VNI.
        ID = 1, Uint;
        /// IPv4 address of the other end or of the group.
        GROUP = 2, Ip;
        /// Interface index of the device below.
        LINK = 3, Uint;
        /// IPv4 address of this end.
        LOCAL = 4, Ip;
        /// TTL; 0: that of the packet.
        TTL = 5, Uint;
        /// TOS; 1: that of the packet.
        TOS = 6, Uint;
        /// Whether addresses are learned.
        LEARNING = 7, Uint;
        /// Seconds after which an address is forgotten.
        AGEING = 8, Uint;
        /// Most addresses; 0: no limit.
        LIMIT = 9, Uint;
        /// Source ports.
        PORT_RANGE = 10, Struct(super::PortRange::SPEC);
        /// Whether it answers ARP.
        PROXY = 11, Uint;
        /// Whether packets for routers are routed at once.
        RSC = 12, Uint;
        /// Whether unknown link-layer addresses are told.
        L2MISS = 13, Uint;
        /// Whether unknown addresses are told.
        L3MISS = 14, Uint;
        /// Destination port, in network byte order.
        PORT = 15, Be;
        /// IPv6 address of the other end or of the group.
        GROUP6 = 16, Ip;
        /// IPv6 address of this end.
        LOCAL6 = 17, Ip;
        /// Whether UDP has a checksum over IPv4.
        UDP_CSUM = 18, Uint;
        /// Whether UDP is sent without checksum over IPv6.
        UDP_ZERO_CSUM6_TX = 19, Uint;
        /// Whether UDP is taken without checksum over IPv6.
        UDP_ZERO_CSUM6_RX = 20, Uint;
        /// Remote checksum offload, sending.
        REMCSUM_TX = 21, Uint;
        /// Remote checksum offload, receiving.
        REMCSUM_RX = 22, Uint;
        /// Group based policy.
        GBP = 23, Flag;
        /// Remote checksum offload on whole packets only.
        REMCSUM_NOPARTIAL = 24, Flag;
        /// Whether routes and programs say where to.
        COLLECT_METADATA = 25, Uint;
        /// IPv6 flow label, in network byte order.
        LABEL = 26, Be;
        /// Generic protocol extension.
        GPE = 27, Flag;
        /// The TTL is that of the packet.
        TTL_INHERIT = 28, Flag;
        /// Whether packets may be fragmented (`VXLAN_DF_*`).
        DF = 29, Uint;
        /// Whether VNIs are filtered.
        VNIFILTER = 30, Uint;
        /// Whether packets to this host are delivered at once.
        LOCALBYPASS = 31, Uint;
        /// 0 the label above, 1 that of the packet.
        LABEL_POLICY = 32, Uint;
        /// Bits of the header that have to be 0: 8 bytes, in network byte order.
        RESERVED_BITS = 33, Be;
        /// Whether multicast is routed.
        MC_ROUTE = 34, Uint;
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
        /// VNI.
        ID = 1, Uint;
        /// IPv4 address of the other end.
        REMOTE = 2, Ip;
        /// TTL; 0: of the route.
        TTL = 3, Uint;
        /// TOS; 1: that of the packet.
        TOS = 4, Uint;
        /// Destination port, in network byte order.
        PORT = 5, Be;
        /// Routes and programs say where to.
        COLLECT_METADATA = 6, Flag;
        /// IPv6 address of the other end.
        REMOTE6 = 7, Ip;
        /// Whether UDP has a checksum over IPv4.
        UDP_CSUM = 8, Uint;
        /// Whether UDP is sent without checksum over IPv6.
        UDP_ZERO_CSUM6_TX = 9, Uint;
        /// Whether UDP is taken without checksum over IPv6.
        UDP_ZERO_CSUM6_RX = 10, Uint;
        /// IPv6 flow label, in network byte order.
        LABEL = 11, Be;
        /// Whether the TTL is that of the packet.
        TTL_INHERIT = 12, Uint;
        /// Whether packets may be fragmented (`GENEVE_DF_*`).
        DF = 13, Uint;
        /// The protocol inside is that of the packet.
        INNER_PROTO_INHERIT = 14, Flag;
        /// Source ports.
        PORT_RANGE = 15, Struct(super::PortRange::SPEC);
        /// Packets carry a hint for offloads.
        GRO_HINT = 16, Flag;
        /// IPv4 address of this end.
        LOCAL = 17, Ip;
        /// IPv6 address of this end.
        LOCAL6 = 18, Ip;
    }
}

attrs! {
    /// Settings of a `gre`, `gretap` or `erspan`, over IPv4 or IPv6.
    pub mod gre("IFLA_GRE_", "linux/if_tunnel.h") {
        /// Interface index of the device below.
        LINK = 1, Uint;
        /// `GRE_*` of packets received, in network byte order.
        IFLAGS = 2, Be;
        /// `GRE_*` of packets sent, in network byte order.
        OFLAGS = 3, Be;
        /// Key of packets received, in network byte order.
        IKEY = 4, Be;
        /// Key of packets sent, in network byte order.
        OKEY = 5, Be;
        /// Address of this end.
        LOCAL = 6, Ip;
        /// Address of the other end.
        REMOTE = 7, Ip;
        /// TTL; 0: that of the packet.
        TTL = 8, Uint;
        /// TOS; 1: that of the packet.
        TOS = 9, Uint;
        /// Whether the path's MTU is found.
        PMTUDISC = 10, Uint;
        /// IPv6: how deep tunnels may go.
        ENCAP_LIMIT = 11, Uint;
        /// IPv6 traffic class and flow label, in network byte order.
        FLOWINFO = 12, Be;
        /// IPv6: `IP6_TNL_F_*`.
        FLAGS = 13, Uint;
        /// Encapsulation (`TUNNEL_ENCAP_*`).
        ENCAP_TYPE = 14, Uint;
        /// Flags of the encapsulation.
        ENCAP_FLAGS = 15, Uint;
        /// Source port of the encapsulation, in network byte order.
        ENCAP_SPORT = 16, Be;
        /// Destination port of the encapsulation, in network byte order.
        ENCAP_DPORT = 17, Be;
        /// Routes and programs say where to.
        COLLECT_METADATA = 18, Flag;
        /// Whether the packet's "don't fragment" is ignored.
        IGNORE_DF = 19, Uint;
        /// Firewall mark.
        FWMARK = 20, Uint;
        /// ERSPAN: index.
        ERSPAN_INDEX = 21, Uint;
        /// ERSPAN: version.
        ERSPAN_VER = 22, Uint;
        /// ERSPAN: direction.
        ERSPAN_DIR = 23, Uint;
        /// ERSPAN: id of the hardware.
        ERSPAN_HWID = 24, Uint;
    }
}

attrs! {
    /// Settings of an `ipip`, `sit` or `ip6tnl`.
    pub mod iptun("IFLA_IPTUN_", "linux/if_tunnel.h") {
        /// Interface index of the device below.
        LINK = 1, Uint;
        /// Address of this end.
        LOCAL = 2, Ip;
        /// Address of the other end.
        REMOTE = 3, Ip;
        /// TTL; 0: that of the packet.
        TTL = 4, Uint;
        /// TOS; 1: that of the packet.
        TOS = 5, Uint;
        /// IPv6: how deep tunnels may go.
        ENCAP_LIMIT = 6, Uint;
        /// IPv6 traffic class and flow label, in network byte order.
        FLOWINFO = 7, Be;
        /// `sit`: 2 bytes in network byte order; `ip6tnl`: `IP6_TNL_F_*`, 4 bytes.
        FLAGS = 8, Bytes;
        /// IP protocol inside.
        PROTO = 9, Uint;
        /// Whether the path's MTU is found.
        PMTUDISC = 10, Uint;
        /// 6rd: prefix.
        SIXRD_PREFIX as "IFLA_IPTUN_6RD_PREFIX" = 11, Ip;
        /// 6rd: prefix of relays.
        SIXRD_RELAY_PREFIX as "IFLA_IPTUN_6RD_RELAY_PREFIX" = 12, Ip;
        /// 6rd: length of the prefix, in bits.
        SIXRD_PREFIXLEN as "IFLA_IPTUN_6RD_PREFIXLEN" = 13, Uint;
        /// 6rd: length of the prefix of relays, in bits.
        SIXRD_RELAY_PREFIXLEN as "IFLA_IPTUN_6RD_RELAY_PREFIXLEN" = 14, Uint;
        /// Encapsulation (`TUNNEL_ENCAP_*`).
        ENCAP_TYPE = 15, Uint;
        /// Flags of the encapsulation.
        ENCAP_FLAGS = 16, Uint;
        /// Source port of the encapsulation, in network byte order.
        ENCAP_SPORT = 17, Be;
        /// Destination port of the encapsulation, in network byte order.
        ENCAP_DPORT = 18, Be;
        /// Routes and programs say where to.
        COLLECT_METADATA = 19, Flag;
        /// Firewall mark.
        FWMARK = 20, Uint;
    }
}

attrs! {
    /// Settings of a `vti` or `vti6`.
    pub mod vti("IFLA_VTI_", "linux/if_tunnel.h") {
        /// Interface index of the device below.
        LINK = 1, Uint;
        /// Key of packets received, in network byte order.
        IKEY = 2, Be;
        /// Key of packets sent, in network byte order.
        OKEY = 3, Be;
        /// Address of this end.
        LOCAL = 4, Ip;
        /// Address of the other end.
        REMOTE = 5, Ip;
        /// Firewall mark.
        FWMARK = 6, Uint;
    }
}

attrs! {
    /// Settings of an `xfrm`.
    pub mod xfrm("IFLA_XFRM_", "linux/if_link.h") {
        /// Interface index of the device below.
        LINK = 1, Uint;
        /// Id that policies and states refer to.
        IF_ID = 2, Uint;
        /// Routes and programs say which policy.
        COLLECT_METADATA = 3, Flag;
    }
}

attrs! {
    /// Settings of an `hsr`.
    pub mod hsr("IFLA_HSR_", "linux/if_link.h") {
        /// Interface index of the first ring port.
        SLAVE1 = 1, Uint;
        /// Interface index of the second ring port.
        SLAVE2 = 2, Uint;
        /// Last byte of the supervision frames' address.
        MULTICAST_SPEC = 3, Uint;
        /// Address of supervision frames.
        SUPERVISION_ADDR = 4, Mac;
        /// Sequence number.
        SEQ_NR = 5, Uint;
        /// Version of HSR.
        VERSION = 6, Uint;
        /// 0 HSR, 1 PRP.
        PROTOCOL = 7, Uint;
        /// Interface index of the interlink.
        INTERLINK = 8, Uint;
    }
}

attrs! {
    /// Settings of a `macsec`.
    pub mod macsec("IFLA_MACSEC_", "linux/if_link.h") {
        /// Secure channel id, in network byte order.
        SCI = 1, Be;
        /// Port, in network byte order.
        PORT = 2, Be;
        /// Bytes of the integrity check value.
        ICV_LEN = 3, Uint;
        /// Cipher suite.
        CIPHER_SUITE = 4, Uint;
        /// Replay window, in packets.
        WINDOW = 5, Uint;
        /// Number of the association to send by.
        ENCODING_SA = 6, Uint;
        /// Whether packets are encrypted.
        ENCRYPT = 7, Uint;
        /// Whether packets are protected.
        PROTECT = 8, Uint;
        /// Whether packets carry the channel id.
        INC_SCI = 9, Uint;
        /// Whether the end station bit is set.
        ES = 10, Uint;
        /// Whether the single copy broadcast bit is set.
        SCB = 11, Uint;
        /// Whether replayed packets are dropped.
        REPLAY_PROTECT = 12, Uint;
        /// `MACSEC_VALIDATE_*`.
        VALIDATION = 13, Uint;
        /// Padding.
        PAD = 14, Bytes;
        /// `MACSEC_OFFLOAD_*`.
        OFFLOAD = 15, Uint;
    }
}

attrs! {
    /// Settings of a `bareudp`.
    pub mod bareudp("IFLA_BAREUDP_", "linux/if_link.h") {
        /// Destination port, in network byte order.
        PORT = 1, Be;
        /// EtherType inside, in network byte order.
        ETHERTYPE = 2, Be;
        /// The lowest source port.
        SRCPORT_MIN = 3, Uint;
        /// Whether related protocols are taken as well.
        MULTIPROTO_MODE = 4, Flag;
    }
}

//! The virtual functions of a link: what is in `IFLA_VFINFO_LIST` and `IFLA_VF_PORTS`.
//!
//! ```text
//! IFLA_VFINFO_LIST → IFLA_VF_INFO → IFLA_VF_MAC  │ vf │ address … 32 │
//!                                   IFLA_VF_RATE │ vf │ min │ max │
//!                                   …            │ vf │ value │
//!                    IFLA_VF_INFO → …  the next function
//! ```
//!
//! The values are structs of `u32`s, the first of which is the number of the function.

use crate::spec::attrs;

attrs! {
    /// One for each function.
    pub mod vf_list("IFLA_", "linux/if_link.h") {
        VF_INFO = 1, Nest(&super::vf::SPEC), "One of them.";
    }
}

attrs! {
    /// What is known of a virtual function. Each begins with its number.
    pub mod vf("IFLA_VF_", "linux/if_link.h") {
        MAC = 1, Bytes, "Link-layer address, in 32 bytes.";
        VLAN = 2, Bytes, "VLAN id and priority.";
        TX_RATE = 3, Bytes, "Most it may send, in Mbit/s.";
        SPOOFCHK = 4, Bytes, "Whether its sender addresses are checked; -1: not known.";
        LINK_STATE = 5, Bytes, "Link state: that of the device (0), up (1), down (2).";
        RATE = 6, Bytes, "Least and most it may send, in Mbit/s.";
        RSS_QUERY_EN = 7, Bytes, "Whether it may ask how packets are spread over queues; -1: not known.";
        STATS = 8, Nest(&super::vf_stats::SPEC), "Statistics.";
        TRUST = 9, Bytes, "Whether it is trusted; -1: not known.";
        IB_NODE_GUID = 10, Bytes, "InfiniBand node; padded to 8, then a `u64`.";
        IB_PORT_GUID = 11, Bytes, "InfiniBand port; padded to 8, then a `u64`.";
        VLAN_LIST = 12, Nest(&super::vf_vlan::SPEC), "VLANs.";
        BROADCAST = 13, Bytes, "Broadcast address, in 32 bytes, without a number.";
    }
}

attrs! {
    /// What is in `IFLA_VF_VLAN_LIST`.
    pub mod vf_vlan("IFLA_VF_", "linux/if_link.h") {
        VLAN_INFO = 1, Bytes, "Number of the function, VLAN id, priority, EtherType.";
    }
}

attrs! {
    /// Statistics of a virtual function.
    pub mod vf_stats("IFLA_VF_STATS_", "linux/if_link.h") {
        RX_PACKETS = 0, Uint, "Packets received.";
        TX_PACKETS = 1, Uint, "Packets sent.";
        RX_BYTES = 2, Uint, "Bytes received.";
        TX_BYTES = 3, Uint, "Bytes sent.";
        BROADCAST = 4, Uint, "Broadcast packets received.";
        MULTICAST = 5, Uint, "Multicast packets received.";
        PAD = 6, Bytes, "Padding.";
        RX_DROPPED = 7, Uint, "Packets dropped on receipt.";
        TX_DROPPED = 8, Uint, "Packets dropped on their way out.";
    }
}

attrs! {
    /// What is in `IFLA_VF_PORTS`: one for each function.
    pub mod vf_port_list("IFLA_", "linux/if_link.h") { VF_PORT = 1, Nest(&super::port_profile::SPEC), "One of them."; }
}

attrs! {
    /// The port profile of a link or of a virtual function.
    pub mod port_profile("IFLA_PORT_", "linux/if_link.h") {
        VF = 1, Uint, "Number of the function.";
        PROFILE = 2, Str, "Name of the profile.";
        VSI_TYPE = 3, Bytes, "Type of the virtual station interface.";
        INSTANCE_UUID = 4, Bytes, "Whose it is: a UUID.";
        HOST_UUID = 5, Bytes, "Whose host's it is: a UUID.";
        REQUEST = 6, Uint, "What is asked of the switch (`PORT_REQUEST_*`).";
        RESPONSE = 7, Uint, "What it answered (`PORT_VDP_RESPONSE_*`, `PORT_PROFILE_RESPONSE_*`).";
    }
}

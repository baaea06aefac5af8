//! Links: `RTM_*LINK`.

use crate::decode::Attrs;
use crate::spec::{attrs, view, wire};
use crate::wire::{I32, U16, U32};

/// Make or change a link (`RTM_NEWLINK`).
pub const RTM_NEWLINK: u16 = 16;

wire! {
    /// The fixed header of a link, `struct ifinfomsg` (linux/rtnetlink.h).
    pub struct IfInfoMsg("ifinfomsg", "linux/rtnetlink.h") {
        /// Address family; `AF_UNSPEC` unless it is about one family's share of the link.
        family: u8 = "ifi_family",
        /// Unused, 0.
        pad: u8 = "__ifi_pad",
        /// Link-layer type (`ARPHRD_*`).
        kind: U16 = "ifi_type",
        /// Interface index; 0: not given.
        index: I32 = "ifi_index",
        /// `IFF_*`.
        flags: U32 = "ifi_flags",
        /// Which flags a change is about.
        change: U32 = "ifi_change",
    }
}

attrs! {
    /// Attributes of a link.
    pub mod ifla("IFLA_", "linux/if_link.h") {
        /// Link-layer address.
        ADDRESS = 1, Mac;
        /// Name.
        IFNAME = 3, Str;
        /// Largest payload of a packet, in bytes.
        MTU = 4, Uint;
        /// Kind and its settings.
        LINKINFO = 18, Nest(&super::info::SPEC);
    }
}

attrs! {
    /// What is in `IFLA_LINKINFO`.
    pub mod info("IFLA_INFO_", "linux/if_link.h") {
        /// Kind of device.
        KIND = 1, Str;
        /// Settings of the kind.
        DATA = 2, ByName(KIND, &[]);
    }
}

view! {
    /// A link, as `RTM_NEWLINK` and `RTM_DELLINK` carry it.
    pub struct Link(IfInfoMsg, ifla, "IFLA_") {
        /// Name.
        name: &'a [u8] = name(IFNAME);
        /// Largest payload, in bytes.
        mtu: u32 = u32(MTU);
        /// Kind and its settings, see [`info`].
        info: Attrs<'a> = attrs(LINKINFO);
    }
}

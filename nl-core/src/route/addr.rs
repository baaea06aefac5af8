//! Addresses: `RTM_*ADDR`.
//!
//! ```text
//! 0       1          2      3      4        8
//! │family │prefixlen │flags │scope │ index  │ IFA_LOCAL, IFA_ADDRESS, IFA_FLAGS, …
//! ```

use super::{af, rt_scope};
use crate::error::DecodeError;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::U32;

wire! {
    /// The fixed header of an address, `struct ifaddrmsg` (linux/if_addr.h).
    pub struct IfAddrMsg("ifaddrmsg", "linux/if_addr.h") {
        /// Address family.
        family: u8 = "ifa_family" => Shape::Code(&af::SPEC),
        /// Length of the prefix, in bits.
        prefix_len: u8 = "ifa_prefixlen",
        /// The lower 8 bits of [`AddrFlags`]; see [`Addr::flags`].
        flags: u8 = "ifa_flags" => Shape::Bits(&AddrFlags::SPEC),
        /// How far it is valid ([`rt_scope`]).
        scope: u8 = "ifa_scope" => Shape::Code(&rt_scope::SPEC),
        /// Interface index.
        index: U32 = "ifa_index",
    }
}

attrs! {
    /// Attributes of an address.
    pub mod ifa("IFA_", "linux/if_addr.h") {
        ADDRESS = 1, Ip, "The prefix's address; on a point-to-point link the other end's.";
        LOCAL = 2, Ip, "The address itself. IPv6 has it only where there is a peer.";
        LABEL = 3, Str, "Label, an alias name of the link. IPv4 only.";
        BROADCAST = 4, Ip, "Broadcast address. IPv4 only.";
        ANYCAST = 5, Ip, "Anycast address.";
        CACHEINFO = 6, Struct(super::IfaCacheInfo::SPEC), "Lifetimes and age.";
        MULTICAST = 7, Ip, "Multicast address.";
        FLAGS = 8, Bits(&super::AddrFlags::SPEC), "All flags; counts more than the header's.";
        RT_PRIORITY = 9, Uint, "Metric of the prefix's route.";
        TARGET_NETNSID = 10, Int, "Namespace id to act in; ignored by `RTM_NEWADDR`.";
        PROTO = 11, Code(&super::ifaprot::SPEC), "Who made it.";
        MC_USERS = 12, Uint, "How many hold the multicast address.";
    }
}

wire! {
    /// Lifetimes and age of an address, `struct ifa_cacheinfo` (linux/if_addr.h).
    pub struct IfaCacheInfo("ifa_cacheinfo", "linux/if_addr.h") {
        /// Seconds it is preferred; `u32::MAX`: for ever.
        preferred: U32 = "ifa_prefered",
        /// Seconds it is valid; `u32::MAX`: for ever.
        valid: U32 = "ifa_valid",
        /// When it was made, in 1/100 s since boot.
        created: U32 = "cstamp",
        /// When it was changed, in 1/100 s since boot.
        updated: U32 = "tstamp",
    }
}

codes! {
    /// Flags of an address.
    pub flags AddrFlags(u32, "IFA_F_", "linux/if_addr.h") {
        SECONDARY = 0x01, "IPv4: not the first of its prefix. IPv6: temporary (`IFA_F_TEMPORARY`).";
        NODAD = 0x02, "No duplicate address detection.";
        OPTIMISTIC = 0x04, "Usable while duplicates are looked for.";
        DADFAILED = 0x08, "A duplicate was found.";
        HOMEADDRESS = 0x10, "Mobile IPv6 home address.";
        DEPRECATED = 0x20, "Past its preferred lifetime.";
        TENTATIVE = 0x40, "Duplicates are still looked for.";
        PERMANENT = 0x80, "Valid for ever.";
        MANAGETEMPADDR = 0x100, "Temporary addresses are made of it.";
        NOPREFIXROUTE = 0x200, "No route is made for its prefix.";
        MCAUTOJOIN = 0x400, "Its multicast group is joined.";
        STABLE_PRIVACY = 0x800, "A stable private address (RFC 7217).";
    }
}

codes! {
    /// Who made an address (`IFA_PROTO`).
    pub mod ifaprot(u8, "IFAPROT_", "linux/if_addr.h") {
        UNSPEC = 0, "Not said.";
        KERNEL_LO = 1, "The kernel, for the loopback.";
        KERNEL_RA = 2, "The kernel, of a router's advertisement.";
        KERNEL_LL = 3, "The kernel, a link-local address.";
    }
}

view! {
    /// An address, as `RTM_NEWADDR` and `RTM_DELADDR` carry it.
    pub struct Addr(IfAddrMsg, ifa, "IFA_") {
        /// The prefix's address; on a point-to-point link the other end's. 4 or 16 bytes.
        address: &'a [u8] = bytes(ADDRESS);
        /// The address itself; IPv6 has it only where there is a peer, see [`Addr::own`].
        local: &'a [u8] = bytes(LOCAL);
        label: &'a [u8] = name(LABEL);
        /// Broadcast address: 4 bytes.
        broadcast: &'a [u8] = bytes(BROADCAST);
        /// Anycast address: 16 bytes.
        anycast: &'a [u8] = bytes(ANYCAST);
        cacheinfo: &'a IfaCacheInfo = prefix(CACHEINFO);
        /// Multicast address: 16 bytes.
        multicast: &'a [u8] = bytes(MULTICAST);
        all_flags: u32 = u32(FLAGS);
        rt_priority: u32 = u32(RT_PRIORITY);
        target_netnsid: i32 = i32(TARGET_NETNSID);
        /// Who made it, see [`ifaprot`].
        proto: u8 = u8(PROTO);
    }
}

impl<'a> Addr<'a> {
    /// All flags: `IFA_FLAGS`, else the header's.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn flags(&self) -> Result<AddrFlags, DecodeError> {
        Ok(AddrFlags::from_bits_retain(self.all_flags()?.unwrap_or_else(|| self.header.flags.into())))
    }

    /// The link's own address (`IFA_LOCAL`, else `IFA_ADDRESS`): 4 or 16 bytes.
    ///
    /// # Errors
    /// None today.
    pub fn own(&self) -> Result<Option<&'a [u8]>, DecodeError> {
        Ok(self.local()?.or(self.address()?))
    }
}

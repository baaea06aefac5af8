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
        /// The prefix's address; on a point-to-point link the other end's.
        ADDRESS = 1, Ip;
        /// The address itself. IPv6 has it only where there is a peer.
        LOCAL = 2, Ip;
        /// Label, an alias name of the link. IPv4 only.
        LABEL = 3, Str;
        /// Broadcast address. IPv4 only.
        BROADCAST = 4, Ip;
        /// Anycast address.
        ANYCAST = 5, Ip;
        /// Lifetimes and age.
        CACHEINFO = 6, Struct(super::IfaCacheInfo::SPEC);
        /// Multicast address.
        MULTICAST = 7, Ip;
        /// All flags; counts more than the header's.
        FLAGS = 8, Bits(&super::AddrFlags::SPEC);
        /// Metric of the prefix's route.
        RT_PRIORITY = 9, Uint;
        /// Namespace id to act in; ignored by `RTM_NEWADDR`.
        TARGET_NETNSID = 10, Int;
        /// Who made it.
        PROTO = 11, Code(&super::ifaprot::SPEC);
        /// How many hold the multicast address.
        MC_USERS = 12, Uint;
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
        /// IPv4: not the first of its prefix. IPv6: temporary (`IFA_F_TEMPORARY`).
        SECONDARY = 0x01;
        /// No duplicate address detection.
        NODAD = 0x02;
        /// Usable while duplicates are looked for.
        OPTIMISTIC = 0x04;
        /// A duplicate was found.
        DADFAILED = 0x08;
        /// Mobile IPv6 home address.
        HOMEADDRESS = 0x10;
        /// Past its preferred lifetime.
        DEPRECATED = 0x20;
        /// Duplicates are still looked for.
        TENTATIVE = 0x40;
        /// Valid for ever.
        PERMANENT = 0x80;
        /// Temporary addresses are made of it.
        MANAGETEMPADDR = 0x100;
        /// No route is made for its prefix.
        NOPREFIXROUTE = 0x200;
        /// Its multicast group is joined.
        MCAUTOJOIN = 0x400;
        /// A stable private address (RFC 7217).
        STABLE_PRIVACY = 0x800;
    }
}

codes! {
    /// Who made an address (`IFA_PROTO`).
    pub mod ifaprot(u8, "IFAPROT_", "linux/if_addr.h") {
        /// Not said.
        UNSPEC = 0;
        /// The kernel, for the loopback.
        KERNEL_LO = 1;
        /// The kernel, of a router's advertisement.
        KERNEL_RA = 2;
        /// The kernel, a link-local address.
        KERNEL_LL = 3;
    }
}

view! {
    /// An address, as `RTM_NEWADDR` and `RTM_DELADDR` carry it.
    pub struct Addr(IfAddrMsg, ifa, "IFA_", 12) {
        /// The prefix's address; on a point-to-point link the other end's. 4 or 16 bytes.
        address: &'a [u8] = bytes(ADDRESS);
        /// The address itself; IPv6 has it only where there is a peer, see [`Addr::own`].
        local: &'a [u8] = bytes(LOCAL);
        /// Label.
        label: &'a [u8] = name(LABEL);
        /// Broadcast address: 4 bytes.
        broadcast: &'a [u8] = bytes(BROADCAST);
        /// Anycast address: 16 bytes.
        anycast: &'a [u8] = bytes(ANYCAST);
        /// Lifetimes and age.
        cacheinfo: &'a IfaCacheInfo = prefix(CACHEINFO);
        /// Multicast address: 16 bytes.
        multicast: &'a [u8] = bytes(MULTICAST);
        /// Metric of the prefix's route.
        rt_priority: u32 = u32(RT_PRIORITY);
        /// The namespace id that was asked for.
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
        let all = self.attrs.read(ifa::FLAGS, "IFA_FLAGS", |a| a.u32())?;
        Ok(AddrFlags::from_bits_retain(all.unwrap_or_else(|| self.header.flags.into())))
    }

    /// The link's own address (`IFA_LOCAL`, else `IFA_ADDRESS`): 4 or 16 bytes.
    ///
    /// # Errors
    /// None today.
    pub fn own(&self) -> Result<Option<&'a [u8]>, DecodeError> {
        Ok(self.local()?.or(self.address()?))
    }
}

//! Prefixes that IPv6 routers announce: `RTM_NEWPREFIX`.
//!
//! ```text
//! 0       1     4        8      9     10      11    12
//! │family │ pad │ index  │ type │ len │ flags │ pad │ PREFIX_ADDRESS, PREFIX_CACHEINFO
//! ```

use super::af;
use crate::spec::{Shape, attrs, view, wire};
use crate::wire::{I32, U16, U32};

wire! {
    /// The fixed header of a prefix, `struct prefixmsg` (linux/rtnetlink.h).
    pub struct PrefixMsg("prefixmsg", "linux/rtnetlink.h") {
        /// Address family.
        family: u8 = "prefix_family" => Shape::Code(&af::SPEC),
        /// Zero.
        pad1: u8 = "prefix_pad1",
        /// Zero.
        pad2: U16 = "prefix_pad2",
        /// Interface index.
        index: I32 = "prefix_ifindex",
        /// The option of neighbour discovery that it came in: 3, `ND_OPT_PREFIX_INFO`.
        kind: u8 = "prefix_type",
        /// Length of the prefix, in bits.
        len: u8 = "prefix_len",
        /// `IF_PREFIX_ONLINK` (1), `IF_PREFIX_AUTOCONF` (2), net/if_inet6.h of the kernel.
        flags: u8 = "prefix_flags",
        /// Zero.
        pad3: u8 = "prefix_pad3",
    }
}

wire! {
    /// Lifetimes of a prefix, `struct prefix_cacheinfo` (linux/rtnetlink.h).
    pub struct PrefixCacheInfo("prefix_cacheinfo", "linux/rtnetlink.h") {
        /// Seconds that addresses of it are preferred.
        preferred: U32 = "preferred_time",
        /// Seconds that they are valid.
        valid: U32 = "valid_time",
    }
}

attrs! {
    /// Attributes of a prefix.
    pub mod prefixa("PREFIX_", "linux/rtnetlink.h") {
        ADDRESS = 1, Ip, "The prefix's address.";
        CACHEINFO = 2, Struct(super::PrefixCacheInfo::SPEC), "Lifetimes.";
    }
}

view! {
    /// A prefix, as `RTM_NEWPREFIX` carries it.
    pub struct RouterPrefix(PrefixMsg, prefixa, "PREFIX_") {
        address: &'a [u8] = bytes(ADDRESS);
        cacheinfo: &'a PrefixCacheInfo = prefix(CACHEINFO);
    }
}

//! The structs every netlink message begins with, as they lie in memory.
//!
//! ```text
//! 0        4     6      8        12       16
//! ┌────────┬─────┬──────┬────────┬────────┬─────────── … ─┐
//! │ length │type │flags │sequence│port id │ payload       │  nlmsghdr + payload, padded to 4
//! └────────┴─────┴──────┴────────┴────────┴─────────── … ─┘
//!                                         ┌──────┬──────┬─── … ─┐
//!                 an attribute (nlattr):  │length│ type │ value │  padded to 4
//!                                         └──────┴──────┴─── … ─┘
//! ```
//!
//! Every struct here has alignment 1: the kernel aligns attributes to 4 bytes only, so an
//! 8-byte value can sit at any multiple of 4, and a receive buffer may start anywhere.
//! All of `nlmsghdr` and `nlattr` is in the byte order of the machine.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Integers of a message with alignment 1. Big-endian ones carry network byte order.
pub use zerocopy::byteorder::{
    big_endian::{U16 as Be16, U32 as Be32, U64 as Be64},
    native_endian::{I32, U16, U32, U64},
};

use crate::spec::wire;

/// What a fixed header or an attribute's struct has to be: plain bytes, alignment 1, no padding.
pub trait Wire: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy + 'static {
    /// The struct's name and fields, for listings and checks against the UAPI headers.
    const SPEC: &'static crate::spec::StructSpec;
}

/// Messages and attributes start at multiples of this (`NLMSG_ALIGNTO`, `NLA_ALIGNTO`).
pub const ALIGN_TO: usize = 4;

/// Bytes in a message header (`NLMSG_HDRLEN`).
pub const MSG_HDRLEN: usize = size_of::<NlMsgHdr>();

/// Bytes in an attribute header (`NLA_HDRLEN`).
pub const ATTR_HDRLEN: usize = size_of::<NlAttr>();

/// `n` rounded up to [`ALIGN_TO`] (`NLMSG_ALIGN`, `NLA_ALIGN`); saturates at the top.
#[must_use]
#[inline]
pub const fn align4(n: usize) -> usize {
    n.saturating_add(ALIGN_TO - 1) & !(ALIGN_TO - 1)
}

wire! {
    /// The header of every message, `struct nlmsghdr` (linux/netlink.h).
    pub struct NlMsgHdr("nlmsghdr", "linux/netlink.h") {
        /// Length of the message in bytes, this header included, without the padding behind it.
        len: U32 = "nlmsg_len",
        /// Message type: below [`MIN_TYPE`] a control message, else the family's.
        kind: U16 = "nlmsg_type",
        /// Bits of [`Flags`].
        flags: U16 = "nlmsg_flags",
        /// Sequence number: an answer carries its request's.
        seq: U32 = "nlmsg_seq",
        /// Port id: whose request this answers, 0 for the kernel's own.
        pid: U32 = "nlmsg_pid",
    }
}

wire! {
    /// The header of every attribute, `struct nlattr` (linux/netlink.h).
    pub struct NlAttr("nlattr", "linux/netlink.h") {
        /// Length in bytes, this header included, without the padding behind it.
        len: U16 = "nla_len",
        /// The type in the low 14 bits; [`NLA_F_NESTED`] and [`NLA_F_NET_BYTEORDER`] above.
        kind: U16 = "nla_type",
    }
}

wire! {
    /// What follows the header of an `NLMSG_ERROR`, `struct nlmsgerr` (linux/netlink.h).
    pub struct NlMsgErr("nlmsgerr", "linux/netlink.h") {
        /// 0 for an acknowledgement, else a negative errno.
        error: I32 = "error",
        /// The header of the request this answers.
        msg: NlMsgHdr = "msg",
    }
}

wire! {
    /// The fixed header of generic netlink, `struct genlmsghdr` (linux/genetlink.h).
    pub struct GenlMsgHdr("genlmsghdr", "linux/genetlink.h") {
        /// Command, of the family's own numbering.
        cmd: u8 = "cmd",
        /// Version of the family's interface.
        version: u8 = "version",
        /// Unused, 0.
        reserved: U16 = "reserved",
    }
}

/// The attribute's value is a list of attributes (`NLA_F_NESTED`).
pub const NLA_F_NESTED: u16 = 1 << 15;
/// The attribute's value is in network byte order (`NLA_F_NET_BYTEORDER`).
pub const NLA_F_NET_BYTEORDER: u16 = 1 << 14;
/// The bits of `nla_type` that are the type (`NLA_TYPE_MASK`).
pub const NLA_TYPE_MASK: u16 = !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);

/// Nothing to do, skip it (`NLMSG_NOOP`).
pub const NLMSG_NOOP: u16 = 1;
/// An error, or with error 0 an acknowledgement (`NLMSG_ERROR`).
pub const NLMSG_ERROR: u16 = 2;
/// The end of a dump (`NLMSG_DONE`); carries an `int` error.
pub const NLMSG_DONE: u16 = 3;
/// Data was lost (`NLMSG_OVERRUN`).
pub const NLMSG_OVERRUN: u16 = 4;
/// The first type that belongs to the families (`NLMSG_MIN_TYPE`).
pub const MIN_TYPE: u16 = 0x10;

bitflags::bitflags! {
    /// `nlmsg_flags` (linux/netlink.h). The upper byte's meaning depends on what is asked.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Flags: u16 {
        /// It is a request (`NLM_F_REQUEST`).
        const REQUEST = 0x01;
        /// One of several messages, ended by `NLMSG_DONE` (`NLM_F_MULTI`).
        const MULTI = 0x02;
        /// Answer with an acknowledgement, also on success (`NLM_F_ACK`).
        const ACK = 0x04;
        /// Send the resulting notification back too (`NLM_F_ECHO`).
        const ECHO = 0x08;
        /// The dump is inconsistent: something changed under it (`NLM_F_DUMP_INTR`).
        const DUMP_INTR = 0x10;
        /// The dump was filtered as asked (`NLM_F_DUMP_FILTERED`).
        const DUMP_FILTERED = 0x20;

        /// Get: the whole table (`NLM_F_ROOT`).
        const ROOT = 0x100;
        /// Get: all that match (`NLM_F_MATCH`).
        const MATCH = 0x200;
        /// Get: a snapshot (`NLM_F_ATOMIC`).
        const ATOMIC = 0x400;
        /// Get: all objects (`NLM_F_DUMP`).
        const DUMP = Self::ROOT.bits() | Self::MATCH.bits();

        /// New: override what exists (`NLM_F_REPLACE`).
        const REPLACE = 0x100;
        /// New: fail if it exists (`NLM_F_EXCL`).
        const EXCL = 0x200;
        /// New: create it if it does not exist (`NLM_F_CREATE`).
        const CREATE = 0x400;
        /// New: add at the end of a list (`NLM_F_APPEND`).
        const APPEND = 0x800;

        /// Delete: not recursively (`NLM_F_NONREC`).
        const NONREC = 0x100;
        /// Delete: several objects (`NLM_F_BULK`).
        const BULK = 0x200;

        /// Error or acknowledgement: the request's payload is left out (`NLM_F_CAPPED`).
        const CAPPED = 0x100;
        /// Error or acknowledgement: extended acknowledgement attributes follow (`NLM_F_ACK_TLVS`).
        const ACK_TLVS = 0x200;

        /// Bits that have no name yet are kept.
        const _ = !0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn align4_rounds_up_and_saturates() {
        assert_eq!([0, 1, 3, 4, 5].map(align4), [0, 4, 4, 4, 8]);
        assert_eq!(align4(usize::MAX), usize::MAX & !3);
    }
}

//! Routing rules: `RTM_*RULE`.
//!
//! ```text
//! 0       1        2        3    4      5     6     7       8       12
//! │family │dst_len │src_len │tos │table │  –  │  –  │action │ flags │ FRA_*
//! ```

use super::{af, rt_table};
use crate::error::DecodeError;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{U16, U32};

wire! {
    /// The fixed header of a rule, `struct fib_rule_hdr` (linux/fib_rules.h).
    pub struct FibRuleHdr("fib_rule_hdr", "linux/fib_rules.h") {
        /// Address family.
        family: u8 = "family" => Shape::Code(&af::SPEC),
        /// Length of the destination prefix, in bits.
        dst_len: u8 = "dst_len",
        /// Length of the source prefix, in bits.
        src_len: u8 = "src_len",
        /// Type of service to match.
        tos: u8 = "tos",
        /// Routing table, [`rt_table::COMPAT`] where it is over 255; see [`Rule::table`].
        table: u8 = "table" => Shape::Code(&rt_table::SPEC),
        /// Unused, 0.
        reserved1: u8 = "res1",
        /// Unused, 0.
        reserved2: u8 = "res2",
        /// What it does ([`fr_act`]).
        action: u8 = "action" => Shape::Code(&fr_act::SPEC),
        /// Bits of [`RuleFlags`].
        flags: U32 = "flags" => Shape::Bits(&RuleFlags::SPEC),
    }
}

attrs! {
    /// Attributes of a rule.
    pub mod fra("FRA_", "linux/fib_rules.h") {
        DST = 1, Ip, "Destination.";
        SRC = 2, Ip, "Source.";
        IIFNAME = 3, Str, "Interface the packet came in by.";
        GOTO = 4, Uint, "Priority of the rule to go on with.";
        PRIORITY = 6, Uint, "Priority: the lowest is looked at first.";
        FWMARK = 10, Uint, "Firewall mark.";
        FLOW = 11, Uint, "Realms: from in the upper half, to in the lower.";
        TUN_ID = 12, Be, "Tunnel id, in network byte order.";
        SUPPRESS_IFGROUP = 13, Uint, "A route out of an interface of this group does not count.";
        /// A route with a prefix of this length or shorter does not count.
        SUPPRESS_PREFIXLEN = 14, Uint;
        TABLE = 15, Code(&crate::route::rt_table::SPEC), "Routing table.";
        FWMASK = 16, Uint, "Mask of the firewall mark.";
        OIFNAME = 17, Str, "Interface the packet is to go out by.";
        PAD = 18, Bytes, "Padding.";
        L3MDEV = 19, Uint, "Table of the VRF the interface belongs to.";
        UID_RANGE = 20, Struct(super::FibRuleUidRange::SPEC), "User ids.";
        PROTOCOL = 21, Code(&crate::route::rtprot::SPEC), "Who made it.";
        IP_PROTO = 22, Uint, "IP protocol.";
        /// Source ports, in host byte order.
        SPORT_RANGE = 23, Struct(super::FibRulePortRange::SPEC);
        /// Destination ports, in host byte order.
        DPORT_RANGE = 24, Struct(super::FibRulePortRange::SPEC);
        DSCP = 25, Uint, "DSCP.";
        FLOWLABEL = 26, Be, "IPv6 flow label, in network byte order.";
        FLOWLABEL_MASK = 27, Be, "Mask of the flow label, in network byte order.";
        SPORT_MASK = 28, Uint, "Mask of the source port.";
        DPORT_MASK = 29, Uint, "Mask of the destination port.";
        DSCP_MASK = 30, Uint, "Mask of the DSCP.";
    }
}

wire! {
    /// User ids, both ends included, `struct fib_rule_uid_range` (linux/fib_rules.h).
    pub struct FibRuleUidRange("fib_rule_uid_range", "linux/fib_rules.h") {
        /// The first.
        start: U32 = "start",
        /// The last.
        end: U32 = "end",
    }
}

wire! {
    /// Ports, both ends included, `struct fib_rule_port_range` (linux/fib_rules.h).
    pub struct FibRulePortRange("fib_rule_port_range", "linux/fib_rules.h") {
        /// The first, in host byte order.
        start: U16 = "start",
        /// The last, in host byte order.
        end: U16 = "end",
    }
}

codes! {
    /// What a rule does.
    pub mod fr_act(u8, "FR_ACT_", "linux/fib_rules.h") {
        UNSPEC = 0, "Not said.";
        TO_TBL = 1, "Look into a table.";
        GOTO = 2, "Go on with another rule.";
        NOP = 3, "Nothing.";
        BLACKHOLE = 6, "Drop.";
        UNREACHABLE = 7, "Fail with ENETUNREACH.";
        PROHIBIT = 8, "Fail with EACCES.";
    }
}

codes! {
    /// Flags of a rule.
    pub flags RuleFlags(u32, "FIB_RULE_", "linux/fib_rules.h") {
        PERMANENT = 0x01, "Cannot be deleted.";
        INVERT = 0x02, "What does not match, matches.";
        UNRESOLVED = 0x04, "The rule to go on with does not exist.";
        IIF_DETACHED = 0x08, "The incoming interface does not exist.";
        OIF_DETACHED = 0x10, "The outgoing interface does not exist.";
        FIND_SADDR = 0x10000, "Look for a source address too.";
    }
}

view! {
    /// A rule, as `RTM_NEWRULE` and `RTM_DELRULE` carry it.
    pub struct Rule(FibRuleHdr, fra, "FRA_") {
        /// Destination: 4 or 16 bytes.
        dst: &'a [u8] = bytes(DST);
        /// Source: 4 or 16 bytes.
        src: &'a [u8] = bytes(SRC);
        iifname: &'a [u8] = name(IIFNAME);
        oifname: &'a [u8] = name(OIFNAME);
        goto: u32 = u32(GOTO);
        /// Priority; 0 where absent.
        priority: u32 = u32(PRIORITY);
        fwmark: u32 = u32(FWMARK);
        fwmask: u32 = u32(FWMASK);
        flow: u32 = u32(FLOW);
        tun_id: u64 = be64(TUN_ID);
        /// Group of interfaces that do not count; `u32::MAX`: none.
        suppress_ifgroup: u32 = u32(SUPPRESS_IFGROUP);
        /// Length of prefix that does not count; `u32::MAX`: none.
        suppress_prefixlen: u32 = u32(SUPPRESS_PREFIXLEN);
        l3mdev: u8 = u8(L3MDEV);
        uid_range: &'a FibRuleUidRange = prefix(UID_RANGE);
        /// Who made it, see [`super::rtprot`].
        protocol: u8 = u8(PROTOCOL);
        ip_proto: u8 = u8(IP_PROTO);
        sport_range: &'a FibRulePortRange = prefix(SPORT_RANGE);
        dport_range: &'a FibRulePortRange = prefix(DPORT_RANGE);
        sport_mask: u16 = u16(SPORT_MASK);
        /// Over 255 too, where the header has no room.
        wide_table: u32 = u32(TABLE);
        dport_mask: u16 = u16(DPORT_MASK);
        dscp: u8 = u8(DSCP);
        dscp_mask: u8 = u8(DSCP_MASK);
        flowlabel: u32 = be32(FLOWLABEL);
        flowlabel_mask: u32 = be32(FLOWLABEL_MASK);
    }
}

impl Rule<'_> {
    /// The routing table: `FRA_TABLE`, else the header's.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn table(&self) -> Result<u32, DecodeError> {
        Ok(self.wide_table()?.unwrap_or_else(|| self.header.table.into()))
    }

    /// Bits of the header.
    #[must_use]
    pub fn flags(&self) -> RuleFlags {
        RuleFlags::from_bits_retain(self.header.flags.get())
    }
}

//! Netfilter (`NETLINK_NETFILTER`, nfnetlink): nftables. Tables hold chains, sets and stateful
//! objects; chains hold rules; rules hold expressions, which are in [`expr`].
//!
//! ```text
//! nlmsghdr │ family │ version │ res_id (network byte order) │ NFTA_TABLE_*, NFTA_CHAIN_*, …
//!
//! one send = one transaction: all of it happens, or nothing
//!   NFNL_MSG_BATCH_BEGIN (res_id: whose) │ changes … │ NFNL_MSG_BATCH_END
//!
//! a rule:  NFTA_RULE_EXPRESSIONS { NFTA_LIST_ELEM { NFTA_EXPR_NAME "cmp", NFTA_EXPR_DATA { NFTA_CMP_* } }, … }
//! ```
//!
//! Integers of attributes are in network byte order; data in registers and sets is as the packet
//! or the kernel has it. Nests carry [`NLA_F_NESTED`]: write them with [`nest`].
//!
//! ```
//! use nl_core::{Batch, Flags, netfilter::*};
//! let mut buf = [0; 512];
//! let mut batch = Batch::new(&mut buf);
//! let of = |family, res_id: u16| NfGenMsg { family, version: 0, res_id: res_id.into() };
//! batch.message(NFNL_MSG_BATCH_BEGIN, Flags::REQUEST, 1, |m| m.fixed(&of(0, NFNL_SUBSYS_NFTABLES)))?;
//! batch.message(NFT_MSG_NEWRULE, Flags::REQUEST | Flags::CREATE | Flags::APPEND, 2, |m| {
//!     m.fixed(&of(nfproto::INET, 0));
//!     m.str(nfta_rule::TABLE, b"filter");
//!     m.str(nfta_rule::CHAIN, b"input");
//!     nest(m, nfta_rule::EXPRESSIONS, |m| {
//!         expr::write(m, b"meta", |m| {
//!             m.be32(expr::nfta_meta::KEY, expr::nft_meta::L4PROTO);
//!             m.be32(expr::nfta_meta::DREG, 1);
//!         });
//!         expr::write(m, b"cmp", |m| {
//!             m.be32(expr::nfta_cmp::SREG, 1);
//!             m.be32(expr::nfta_cmp::OP, expr::nft_cmp::EQ);
//!             nest(m, expr::nfta_cmp::DATA, |m| m.bytes(nfta_data::VALUE, &[6]));
//!         });
//!         expr::write(m, b"counter", |_| {});
//!     });
//! })?;
//! batch.message(NFNL_MSG_BATCH_END, Flags::REQUEST, 3, |m| m.fixed(&of(0, NFNL_SUBSYS_NFTABLES)))?;
//!
//! let rule = nl_core::Messages::new(batch.bytes()).nth(1).unwrap()?;
//! let names: Vec<_> = Rule::parse(&rule)?.expressions().map(|e| e.unwrap().0).collect();
//! assert_eq!(names, [&b"meta"[..], b"cmp", b"counter"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod expr;
mod set;

pub use set::*;

use crate::spec::{CodeSpec, Shape, attrs, codes, messages, view, wire};
use crate::wire::{Be16, NLA_F_NESTED};
use crate::{Attrs, DecodeError, Msg};

messages! {
    /// What is described here of netfilter.
    pub const FAMILY: Family("NETLINK_NETFILTER", 12) {
        NFNL_MSG_BATCH_BEGIN = 16, NfGenMsg, nfnl_batch, "Changes follow; `res_id` says whose.";
        NFNL_MSG_BATCH_END = 17, NfGenMsg, nfnl_batch, "The changes are to be made.";
        NFT_MSG_NEWTABLE = 0x0a00, NfGenMsg, nfta_table, "Make a table; a table.";
        NFT_MSG_GETTABLE = 0x0a01, NfGenMsg, nfta_table, "Get tables.";
        NFT_MSG_DELTABLE = 0x0a02, NfGenMsg, nfta_table, "Delete a table and all in it.";
        NFT_MSG_NEWCHAIN = 0x0a03, NfGenMsg, nfta_chain, "Make or change a chain; a chain.";
        NFT_MSG_GETCHAIN = 0x0a04, NfGenMsg, nfta_chain, "Get chains.";
        NFT_MSG_DELCHAIN = 0x0a05, NfGenMsg, nfta_chain, "Delete a chain and its rules.";
        NFT_MSG_NEWRULE = 0x0a06, NfGenMsg, nfta_rule, "Add a rule, or replace one; a rule.";
        NFT_MSG_GETRULE = 0x0a07, NfGenMsg, nfta_rule, "Get rules, of one table or chain where named.";
        NFT_MSG_DELRULE = 0x0a08, NfGenMsg, nfta_rule, "Delete a rule, or all of a chain or table.";
        NFT_MSG_NEWSET = 0x0a09, NfGenMsg, nfta_set, "Make a set or map; one.";
        NFT_MSG_GETSET = 0x0a0a, NfGenMsg, nfta_set, "Get sets and maps.";
        NFT_MSG_DELSET = 0x0a0b, NfGenMsg, nfta_set, "Delete a set or map.";
        NFT_MSG_NEWSETELEM = 0x0a0c, NfGenMsg, nfta_set_elem_list, "Add elements to a set; elements.";
        NFT_MSG_GETSETELEM = 0x0a0d, NfGenMsg, nfta_set_elem_list, "Get the elements of a set.";
        NFT_MSG_DELSETELEM = 0x0a0e, NfGenMsg, nfta_set_elem_list, "Delete elements of a set.";
        NFT_MSG_NEWGEN = 0x0a0f, NfGenMsg, nfta_gen, "The generation of the rules.";
        NFT_MSG_GETGEN = 0x0a10, NfGenMsg, nfta_gen, "Get the generation.";
        NFT_MSG_TRACE = 0x0a11, NfGenMsg, nfta_trace, "A packet's way through the rules.";
        NFT_MSG_NEWOBJ = 0x0a12, NfGenMsg, nfta_obj, "Make a stateful object; one.";
        NFT_MSG_GETOBJ = 0x0a13, NfGenMsg, nfta_obj, "Get stateful objects.";
        NFT_MSG_DELOBJ = 0x0a14, NfGenMsg, nfta_obj, "Delete a stateful object.";
        NFT_MSG_GETOBJ_RESET = 0x0a15, NfGenMsg, nfta_obj, "Get stateful objects and reset them.";
        NFT_MSG_NEWFLOWTABLE = 0x0a16, NfGenMsg, nfta_flowtable, "Make a flow table; one.";
        NFT_MSG_GETFLOWTABLE = 0x0a17, NfGenMsg, nfta_flowtable, "Get flow tables.";
        NFT_MSG_DELFLOWTABLE = 0x0a18, NfGenMsg, nfta_flowtable, "Delete a flow table.";
        NFT_MSG_GETRULE_RESET = 0x0a19, NfGenMsg, nfta_rule, "Get rules and reset their counters.";
    }
}

/// nftables: the upper byte of its messages' types, and `res_id` of a batch
/// (`NFNL_SUBSYS_NFTABLES`, linux/netfilter/nfnetlink.h).
pub const NFNL_SUBSYS_NFTABLES: u16 = 10;

/// An attribute with others nested in it, marked as one.
#[inline]
pub fn nest(m: &mut Msg<'_>, kind: u16, fill: impl FnOnce(&mut Msg<'_>)) {
    m.nest(kind | NLA_F_NESTED, fill);
}

wire! {
    /// The fixed header of netfilter, `struct nfgenmsg` (linux/netfilter/nfnetlink.h).
    pub struct NfGenMsg("nfgenmsg", "linux/netfilter/nfnetlink.h") {
        /// Address family, see [`nfproto`].
        family: u8 = "nfgen_family" => Shape::Code(&nfproto::SPEC),
        /// Version, 0 (`NFNETLINK_V0`).
        version: u8 = "version",
        /// Resource, in network byte order; of a dump the generation's lower half.
        res_id: Be16 = "res_id",
    }
}

codes! {
    /// Address families of netfilter.
    pub mod nfproto(u8, "NFPROTO_", "linux/netfilter.h") {
        UNSPEC = 0, "Any.";
        INET = 1, "IPv4 and IPv6.";
        IPV4 = 2, "IPv4.";
        ARP = 3, "ARP.";
        NETDEV = 5, "A device's packets, before all else.";
        BRIDGE = 7, "Bridges.";
        IPV6 = 10, "IPv6.";
    }
}

codes! {
    /// Where in a packet's way a chain of an IP family sits (`enum nf_inet_hooks`).
    pub mod nf_inet(u32, "NF_INET_", "linux/netfilter.h") {
        PRE_ROUTING = 0, "As it comes in.";
        LOCAL_IN = 1, "For this host.";
        FORWARD = 2, "Through this host.";
        LOCAL_OUT = 3, "From this host.";
        POST_ROUTING = 4, "As it goes out.";
        INGRESS = 5, "As the device gets it.";
    }
}

codes! {
    /// What becomes of a packet. Those of netfilter itself; negative ones are nftables' own.
    pub mod verdict(i32, "", "linux/netfilter/nf_tables.h") {
        DROP as "NF_DROP" = 0, "It is gone.";
        ACCEPT as "NF_ACCEPT" = 1, "It goes on behind this hook.";
        QUEUE as "NF_QUEUE" = 3, "A program decides.";
    }
}

/// Go on with the rule's next expression (`NFT_CONTINUE`).
pub const NFT_CONTINUE: i32 = -1;
/// Go on with the next rule (`NFT_BREAK`).
pub const NFT_BREAK: i32 = -2;
/// Go through another chain, and come back (`NFT_JUMP`).
pub const NFT_JUMP: i32 = -3;
/// Go on with another chain (`NFT_GOTO`).
pub const NFT_GOTO: i32 = -4;
/// Back to where the chain was jumped to from (`NFT_RETURN`).
pub const NFT_RETURN: i32 = -5;

attrs! {
    /// Attributes of a batch (`enum nfnl_batch_attributes`).
    pub mod nfnl_batch("NFNL_BATCH_", "linux/netfilter/nfnetlink.h") {
        GENID = 1, Be, "Fail unless this is the generation of the rules.";
    }
}

attrs! {
    /// Attributes of a generation (`enum nft_gen_attributes`).
    pub mod nfta_gen("NFTA_GEN_", "linux/netfilter/nf_tables.h") {
        ID = 1, Be, "It grows with every change.";
        PROC_PID = 2, Be, "Who changed it: process id.";
        PROC_NAME = 3, Str, "Who changed it: name.";
    }
}

attrs! {
    /// Attributes of a table (`enum nft_table_attributes`).
    pub mod nfta_table("NFTA_TABLE_", "linux/netfilter/nf_tables.h") {
        NAME = 1, Str, "Name.";
        FLAGS = 2, BeBits(&super::NftTableFlags::SPEC), "Flags.";
        USE = 3, Be, "Chains in it.";
        HANDLE = 4, Be, "Handle.";
        PAD = 5, Bytes, "Padding.";
        USERDATA = 6, Bytes, "The user's own.";
        OWNER = 7, Be, "Port id of who owns it.";
    }
}

codes! {
    /// Flags of a table (`enum nft_table_flags`).
    pub flags NftTableFlags(u32, "NFT_TABLE_F_", "linux/netfilter/nf_tables.h") {
        DORMANT = 0x1, "Its chains see no packets.";
        OWNER = 0x2, "It goes with the socket that made it.";
        PERSIST = 0x4, "It stays when its owner goes.";
    }
}

attrs! {
    /// Attributes of a chain (`enum nft_chain_attributes`).
    pub mod nfta_chain("NFTA_CHAIN_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of its table.";
        HANDLE = 2, Be, "Handle.";
        NAME = 3, Str, "Name.";
        HOOK = 4, Nest(&super::nfta_hook::SPEC), "Where packets come from; only a base chain has it.";
        POLICY = 5, Be, "Verdict of a packet that comes to its end, see [`super::verdict`].";
        USE = 6, Be, "References to it.";
        TYPE = 7, Str, "`filter`, `nat` or `route`.";
        COUNTERS = 8, Nest(&super::expr::nfta_counter::SPEC), "What came to its end.";
        PAD = 9, Bytes, "Padding.";
        FLAGS = 10, BeBits(&super::NftChainFlags::SPEC), "Flags.";
        ID = 11, Be, "Number of it within its transaction.";
        USERDATA = 12, Bytes, "The user's own.";
    }
}

codes! {
    /// Flags of a chain (`enum nft_chain_flags`).
    pub flags NftChainFlags(u32, "NFT_CHAIN_", "linux/netfilter/nf_tables.h") {
        BASE = 0x1, "Packets come to it from a hook.";
        HW_OFFLOAD = 0x2, "The device does it.";
        BINDING = 0x4, "It has no name and goes with its rule.";
    }
}

attrs! {
    /// Attributes of a base chain's hook (`enum nft_hook_attributes`).
    pub mod nfta_hook("NFTA_HOOK_", "linux/netfilter/nf_tables.h") {
        HOOKNUM = 1, Be, "Which, see [`super::nf_inet`]; of the device family 0 is ingress and 1 egress.";
        PRIORITY = 2, Be, "Order among the chains of a hook, signed.";
        DEV = 3, Str, "The device.";
        DEVS = 4, Nest(&super::nfta_device::SPEC), "The devices.";
    }
}

attrs! {
    /// A list of devices (`enum nft_devices_attributes`).
    pub mod nfta_device("NFTA_DEVICE_", "linux/netfilter/nf_tables.h") {
        NAME = 1, Str, "A device.";
    }
}

attrs! {
    /// Attributes of a rule (`enum nft_rule_attributes`).
    pub mod nfta_rule("NFTA_RULE_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of its table.";
        CHAIN = 2, Str, "Name of its chain.";
        HANDLE = 3, Be, "Handle.";
        EXPRESSIONS = 4, Nest(&super::nfta_list::SPEC), "Its expressions.";
        COMPAT = 5, Nest(&super::nfta_rule_compat::SPEC), "What iptables' extensions have to know.";
        POSITION = 6, Be, "Handle of the rule behind (`APPEND`) or in front of which it is added.";
        USERDATA = 7, Bytes, "The user's own.";
        PAD = 8, Bytes, "Padding.";
        ID = 9, Be, "Number of it within its transaction.";
        POSITION_ID = 10, Be, "As `POSITION`, by number within the transaction.";
        CHAIN_ID = 11, Be, "Its chain, by number within the transaction.";
    }
}

attrs! {
    /// What iptables' extensions have to know of a rule (`enum nft_rule_compat_attributes`).
    pub mod nfta_rule_compat("NFTA_RULE_COMPAT_", "linux/netfilter/nf_tables.h") {
        PROTO = 1, Be, "IP protocol.";
        FLAGS = 2, Be, "2: any other protocol.";
    }
}

attrs! {
    /// A list of expressions (`enum nft_list_attributes`).
    pub mod nfta_list("NFTA_LIST_", "linux/netfilter/nf_tables.h") {
        ELEM = 1, Nest(&super::expr::nfta_expr::SPEC), "An expression.";
    }
}

attrs! {
    /// Attributes of data (`enum nft_data_attributes`).
    pub mod nfta_data("NFTA_DATA_", "linux/netfilter/nf_tables.h") {
        VALUE = 1, Bytes, "A value.";
        VERDICT = 2, Nest(&super::nfta_verdict::SPEC), "A verdict.";
    }
}

attrs! {
    /// Attributes of a verdict (`enum nft_verdict_attributes`).
    pub mod nfta_verdict("NFTA_VERDICT_", "linux/netfilter/nf_tables.h") {
        CODE = 1, Be, "Which, signed, see [`super::verdict`].";
        CHAIN = 2, Str, "Where to.";
        CHAIN_ID = 3, Be, "Where to, by number within the transaction.";
    }
}

attrs! {
    /// Attributes of a stateful object (`enum nft_object_attributes`).
    pub mod nfta_obj("NFTA_OBJ_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of its table.";
        NAME = 2, Str, "Name.";
        TYPE = 3, BeCode(&super::nft_object::SPEC), "What it is.";
        DATA = 4, ByCode(TYPE, super::expr::OBJECTS), "Its settings and state, as of the expression.";
        USE = 5, Be, "References to it.";
        HANDLE = 6, Be, "Handle.";
        PAD = 7, Bytes, "Padding.";
        USERDATA = 8, Bytes, "The user's own.";
    }
}

codes! {
    /// Types of stateful objects.
    pub mod nft_object(u32, "NFT_OBJECT_", "linux/netfilter/nf_tables.h") {
        COUNTER = 1, "Counter.";
        QUOTA = 2, "Quota.";
        CT_HELPER = 3, "Helper of connection tracking.";
        LIMIT = 4, "Limit.";
        CONNLIMIT = 5, "Limit of connections.";
        TUNNEL = 6, "Tunnel.";
        CT_TIMEOUT = 7, "Time outs of connection tracking.";
        SECMARK = 8, "Security mark.";
        CT_EXPECT = 9, "Expectation of connection tracking.";
        SYNPROXY = 10, "SYN proxy.";
    }
}

attrs! {
    /// Attributes of a flow table (`enum nft_flowtable_attributes`).
    pub mod nfta_flowtable("NFTA_FLOWTABLE_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of its table.";
        NAME = 2, Str, "Name.";
        HOOK = 3, Nest(&super::nfta_flowtable_hook::SPEC), "Where it sits.";
        USE = 4, Be, "References to it.";
        HANDLE = 5, Be, "Handle.";
        PAD = 6, Bytes, "Padding.";
        FLAGS = 7, Be, "1: the device does it; 2: it counts.";
    }
}

attrs! {
    /// Attributes of a flow table's hook (`enum nft_flowtable_hook_attributes`).
    pub mod nfta_flowtable_hook("NFTA_FLOWTABLE_HOOK_", "linux/netfilter/nf_tables.h") {
        NUM = 1, Be, "Which; 0 is ingress.";
        PRIORITY = 2, Be, "Order, signed.";
        DEVS = 3, Nest(&super::nfta_device::SPEC), "The devices.";
    }
}

attrs! {
    /// Attributes of a traced packet (`enum nft_trace_attributes`).
    pub mod nfta_trace("NFTA_TRACE_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of the table.";
        CHAIN = 2, Str, "Name of the chain.";
        RULE_HANDLE = 3, Be, "Handle of the rule.";
        TYPE = 4, Be, "1 policy, 2 return, 3 rule.";
        VERDICT = 5, Nest(&super::nfta_verdict::SPEC), "What became of it.";
        ID = 6, Be, "The packet's.";
        LL_HEADER = 7, Bytes, "Its link-layer header.";
        NETWORK_HEADER = 8, Bytes, "Its network header.";
        TRANSPORT_HEADER = 9, Bytes, "Its transport header.";
        IIF = 10, Be, "Index of the interface it came from.";
        IIFTYPE = 11, Be, "Type of that.";
        OIF = 12, Be, "Index of the interface it goes to.";
        OIFTYPE = 13, Be, "Type of that.";
        MARK = 14, Be, "Mark.";
        NFPROTO = 15, Be, "Family.";
        POLICY = 16, Be, "The chain's policy.";
    }
}

codes! {
    /// Multicast groups: what a monitor joins (`enum nfnetlink_groups`).
    pub mod nfnlgrp(u32, "NFNLGRP_", "linux/netfilter/nfnetlink.h") {
        NFTABLES = 7, "Changes of nftables.";
        NFTRACE = 9, "Traced packets.";
    }
}

view! {
    /// A generation, as `NFT_MSG_NEWGEN` carries it.
    pub struct Gen(NfGenMsg, nfta_gen, "NFTA_GEN_") {
        id: u32 = be32(ID);
        pid: u32 = be32(PROC_PID);
        process: &'a [u8] = name(PROC_NAME);
    }
}

view! {
    /// A table, as `NFT_MSG_NEWTABLE` and `NFT_MSG_DELTABLE` carry it.
    pub struct Table(NfGenMsg, nfta_table, "NFTA_TABLE_") {
        name: &'a [u8] = name(NAME);
        flags: u32 = be32(FLAGS);
        handle: u64 = be64(HANDLE);
        userdata: &'a [u8] = bytes(USERDATA);
        owner: u32 = be32(OWNER);
    }
}

view! {
    /// A chain, as `NFT_MSG_NEWCHAIN` and `NFT_MSG_DELCHAIN` carry it.
    pub struct Chain(NfGenMsg, nfta_chain, "NFTA_CHAIN_") {
        table: &'a [u8] = name(TABLE);
        name: &'a [u8] = name(NAME);
        handle: u64 = be64(HANDLE);
        /// See [`Hook`].
        hook: crate::Attrs<'a> = attrs(HOOK);
        policy: u32 = be32(POLICY);
        kind: &'a [u8] = name(TYPE);
        flags: u32 = be32(FLAGS);
        userdata: &'a [u8] = bytes(USERDATA);
        /// See [`expr::Counter`].
        counters: crate::Attrs<'a> = attrs(COUNTERS);
        uses: u32 = be32(USE);
    }
}

view! {
    /// A base chain's hook.
    pub struct Hook(nfta_hook, "NFTA_HOOK_") {
        hooknum: u32 = be32(HOOKNUM);
        /// A signed number.
        priority: u32 = be32(PRIORITY);
        dev: &'a [u8] = name(DEV);
        /// See [`nfta_device`].
        devs: crate::Attrs<'a> = attrs(DEVS);
    }
}

view! {
    /// A rule, as `NFT_MSG_NEWRULE` and `NFT_MSG_DELRULE` carry it.
    pub struct Rule(NfGenMsg, nfta_rule, "NFTA_RULE_") {
        table: &'a [u8] = name(TABLE);
        chain: &'a [u8] = name(CHAIN);
        handle: u64 = be64(HANDLE);
        /// Handle of the rule in front of it.
        position: u64 = be64(POSITION);
        userdata: &'a [u8] = bytes(USERDATA);
        /// See [`nfta_rule_compat`].
        compat: crate::Attrs<'a> = attrs(COMPAT);
        list: crate::Attrs<'a> = attrs(EXPRESSIONS);
    }
}

impl<'a> Rule<'a> {
    /// Its expressions, in their order.
    pub fn expressions(&self) -> impl Iterator<Item = Result<Expr<'a>, DecodeError>> + use<'a> {
        expressions(self.list().ok().flatten().unwrap_or(Attrs::new(&[], 0)))
    }
}

view! {
    /// A stateful object, as `NFT_MSG_NEWOBJ` and `NFT_MSG_DELOBJ` carry it.
    pub struct Object(NfGenMsg, nfta_obj, "NFTA_OBJ_") {
        table: &'a [u8] = name(TABLE);
        name: &'a [u8] = name(NAME);
        kind: u32 = be32(TYPE);
        data: crate::Attrs<'a> = attrs(DATA);
        handle: u64 = be64(HANDLE);
        userdata: &'a [u8] = bytes(USERDATA);
    }
}

view! {
    /// A flow table, as `NFT_MSG_NEWFLOWTABLE` and `NFT_MSG_DELFLOWTABLE` carry it.
    pub struct FlowTable(NfGenMsg, nfta_flowtable, "NFTA_FLOWTABLE_") {
        table: &'a [u8] = name(TABLE);
        name: &'a [u8] = name(NAME);
        handle: u64 = be64(HANDLE);
        /// See [`nfta_flowtable_hook`].
        hook: crate::Attrs<'a> = attrs(HOOK);
        flags: u32 = be32(FLAGS);
    }
}

/// An expression: its name and its attributes, which [`expr::EXPRESSIONS`] describes.
pub type Expr<'a> = (&'a [u8], Attrs<'a>);

/// The expressions of a list (`NFTA_RULE_EXPRESSIONS`, `NFTA_SET_EXPRESSIONS`, …).
pub fn expressions(list: Attrs<'_>) -> impl Iterator<Item = Result<Expr<'_>, DecodeError>> {
    list.map(|elem| expression(elem?.attrs()))
}

/// One expression (`NFTA_LIST_ELEM`, `NFTA_SET_ELEM_EXPR`, …).
///
/// # Errors
/// The list is broken.
pub fn expression(attrs: Attrs<'_>) -> Result<Expr<'_>, DecodeError> {
    let (mut name, mut data) = (&[][..], Attrs::new(&[], 0));
    for attr in attrs {
        let attr = attr?;
        match attr.kind() {
            expr::nfta_expr::NAME => name = attr.name(),
            expr::nfta_expr::DATA => data = attr.attrs(),
            _ => {}
        }
    }
    Ok((name, data))
}

/// A value to compare with, to load, or to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Bytes.
    Value(&'a [u8]),
    /// A verdict: its code and where to.
    Verdict(i32, &'a [u8]),
}

impl<'a> Data<'a> {
    /// The data in a nest of [`nfta_data`]; no bytes where it has none.
    #[must_use]
    pub fn read(attrs: Attrs<'a>) -> Self {
        let mut data = Self::Value(&[]);
        for attr in attrs.map_while(Result::ok) {
            match attr.kind() {
                nfta_data::VALUE => data = Self::Value(attr.bytes()),
                nfta_data::VERDICT => {
                    let code = attr.attrs().find(nfta_verdict::CODE).and_then(|a| a.be32().ok());
                    let chain = attr.attrs().find(nfta_verdict::CHAIN).map_or(&[][..], |a| a.name());
                    data = Self::Verdict(code.map_or(NFT_CONTINUE, signed), chain);
                }
                _ => {}
            }
        }
        data
    }

    /// Writes an attribute of type `kind` with it.
    pub fn write(&self, m: &mut Msg<'_>, kind: u16) {
        nest(m, kind, |m| match *self {
            Self::Value(bytes) => m.bytes(nfta_data::VALUE, bytes),
            Self::Verdict(code, chain) => nest(m, nfta_data::VERDICT, |m| {
                m.be32(nfta_verdict::CODE, unsigned(code));
                if !chain.is_empty() {
                    m.str(nfta_verdict::CHAIN, chain);
                }
            }),
        });
    }
}

/// A signed number that an attribute carries: a verdict's code, a hook's priority.
#[must_use]
pub const fn signed(number: u32) -> i32 {
    i32::from_ne_bytes(number.to_ne_bytes())
}

/// What carries a signed number.
#[must_use]
pub const fn unsigned(number: i32) -> u32 {
    u32::from_ne_bytes(number.to_ne_bytes())
}

/// Groups of numbers that no header or attribute above points to, for checks.
pub const CODES: &[&CodeSpec] = &{
    let [state, status, icmpx] = expr::CODES;
    [&nf_inet::SPEC, &verdict::SPEC, &nfnlgrp::SPEC, state, status, icmpx]
};

//! The little of netfilter (`NETLINK_NETFILTER`, nfnetlink) that it takes to ask whether the
//! kernel lets us use nftables: make a table, look at it, delete it.
//!
//! ```text
//! nlmsghdr │ family │ version │ res_id (network byte order) │ NFTA_TABLE_*
//! ```
//!
//! Changes go between `NFNL_MSG_BATCH_BEGIN` and `NFNL_MSG_BATCH_END`, in one send. All integers
//! of attributes are in network byte order.

use crate::route::af;
use crate::spec::{CodeSpec, Shape, attrs, codes, messages, wire};
use crate::wire::Be16;

messages! {
    /// What is described here of netfilter.
    pub const FAMILY: Family("NETLINK_NETFILTER", 12) {
        NFNL_MSG_BATCH_BEGIN = 16, NfGenMsg, nfnl_batch, "Changes follow; `res_id` says whose.";
        NFNL_MSG_BATCH_END = 17, NfGenMsg, nfnl_batch, "The changes are to be made.";
        NFT_MSG_NEWTABLE = 0x0a00, NfGenMsg, nfta_table, "Make a table; a table.";
        NFT_MSG_GETTABLE = 0x0a01, NfGenMsg, nfta_table, "Get tables.";
        NFT_MSG_DELTABLE = 0x0a02, NfGenMsg, nfta_table, "Delete a table and all in it.";
    }
}

/// nftables: the upper byte of its messages' types, and `res_id` of a batch
/// (`NFNL_SUBSYS_NFTABLES`, linux/netfilter/nfnetlink.h).
pub const NFNL_SUBSYS_NFTABLES: u16 = 10;

wire! {
    /// The fixed header of netfilter, `struct nfgenmsg` (linux/netfilter/nfnetlink.h).
    pub struct NfGenMsg("nfgenmsg", "linux/netfilter/nfnetlink.h") {
        /// Address family (`NFPROTO_*`, which are `AF_*` but for `inet`, 1).
        family: u8 = "nfgen_family" => Shape::Code(&af::SPEC),
        /// Version, 0 (`NFNETLINK_V0`).
        version: u8 = "version",
        /// Resource, in network byte order.
        res_id: Be16 = "res_id",
    }
}

attrs! {
    /// Attributes of a batch (`enum nfnl_batch_attributes`).
    pub mod nfnl_batch("NFNL_BATCH_", "linux/netfilter/nfnetlink.h") {
        GENID = 1, Be, "Fail unless this is the generation of the rules.";
    }
}

attrs! {
    /// Attributes of a table (`enum nft_table_attributes`).
    pub mod nfta_table("NFTA_TABLE_", "linux/netfilter/nf_tables.h") {
        NAME = 1, Str, "Name.";
        FLAGS = 2, Be, "Bits of `NFT_TABLE_F_*`.";
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

/// Groups of numbers that no header or attribute above points to, for checks.
pub const CODES: &[&CodeSpec] = &[&NftTableFlags::SPEC];

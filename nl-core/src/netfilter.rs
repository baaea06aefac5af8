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
use crate::spec::{Shape, attrs, codes, messages, wire};
use crate::wire::Be16;

messages! {
    /// What is described here of netfilter.
    pub const FAMILY: Family("NETLINK_NETFILTER", 12) {
        /// Changes follow; `res_id` says whose.
        NFNL_MSG_BATCH_BEGIN = 16, NfGenMsg, nfnl_batch::SPEC;
        /// The changes are to be made.
        NFNL_MSG_BATCH_END = 17, NfGenMsg, nfnl_batch::SPEC;
        /// Make a table; a table.
        NFT_MSG_NEWTABLE = 0x0a00, NfGenMsg, nfta_table::SPEC;
        /// Get tables.
        NFT_MSG_GETTABLE = 0x0a01, NfGenMsg, nfta_table::SPEC;
        /// Delete a table and all in it.
        NFT_MSG_DELTABLE = 0x0a02, NfGenMsg, nfta_table::SPEC;
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
        /// Fail unless this is the generation of the rules.
        GENID = 1, Be;
    }
}

attrs! {
    /// Attributes of a table (`enum nft_table_attributes`).
    pub mod nfta_table("NFTA_TABLE_", "linux/netfilter/nf_tables.h") {
        /// Name.
        NAME = 1, Str;
        /// Bits of `NFT_TABLE_F_*`.
        FLAGS = 2, Be;
        /// Chains in it.
        USE = 3, Be;
        /// Handle.
        HANDLE = 4, Be;
        /// Padding.
        PAD = 5, Bytes;
        /// The user's own.
        USERDATA = 6, Bytes;
        /// Port id of who owns it.
        OWNER = 7, Be;
    }
}

codes! {
    /// Flags of a table (`enum nft_table_flags`).
    pub flags NftTableFlags(u32, "NFT_TABLE_F_", "linux/netfilter/nf_tables.h") {
        /// Its chains see no packets.
        DORMANT = 0x1;
        /// It goes with the socket that made it.
        OWNER = 0x2;
        /// It stays when its owner goes.
        PERSIST = 0x4;
    }
}

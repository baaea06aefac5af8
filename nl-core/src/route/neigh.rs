//! Neighbours (`RTM_*NEIGH`), bridges' forwarding databases, and the tables neighbours are in
//! (`RTM_*NEIGHTBL`).
//!
//! ```text
//! 0       1     4         8      10      11     12
//! │family │ pad │ ifindex │state │ flags │ type │ NDA_DST, NDA_LLADDR, …
//! ```

use super::{af, rtn};
use crate::error::DecodeError;
use crate::spec::{Shape, attrs, codes, view, wire};
use crate::wire::{I32, U16, U32, U64};

wire! {
    /// The fixed header of a neighbour, `struct ndmsg` (linux/neighbour.h).
    pub struct NdMsg("ndmsg", "linux/neighbour.h") {
        /// Address family; [`af::BRIDGE`] for a forwarding database.
        family: u8 = "ndm_family" => Shape::Code(&af::SPEC),
        /// Unused, 0.
        pad1: u8 = "ndm_pad1",
        /// Unused, 0.
        pad2: U16 = "ndm_pad2",
        /// Interface index.
        index: I32 = "ndm_ifindex",
        /// Bits of [`NeighState`].
        state: U16 = "ndm_state" => Shape::Bits(&NeighState::SPEC),
        /// Bits of [`NeighFlags`].
        flags: u8 = "ndm_flags" => Shape::Bits(&NeighFlags::SPEC),
        /// Type of address ([`rtn`]).
        kind: u8 = "ndm_type" => Shape::Code(&rtn::SPEC),
    }
}

attrs! {
    /// Attributes of a neighbour.
    pub mod nda("NDA_", "linux/neighbour.h") {
        DST = 1, Ip, "Its address.";
        LLADDR = 2, Mac, "Its link-layer address.";
        CACHEINFO = 3, Struct(super::NdaCacheInfo::SPEC), "Age.";
        PROBES = 4, Uint, "Probes sent.";
        VLAN = 5, Uint, "VLAN id.";
        PORT = 6, Be, "UDP port of the tunnel's other end, in network byte order.";
        VNI = 7, Uint, "VNI of the tunnel's other end.";
        IFINDEX = 8, Uint, "Interface index of the tunnel's lower device.";
        MASTER = 9, Uint, "Interface index of the master.";
        LINK_NETNSID = 10, Int, "Namespace id of the lower device.";
        SRC_VNI = 11, Uint, "VNI it came from.";
        PROTOCOL = 12, Code(&crate::route::rtprot::SPEC), "Who made it.";
        NH_ID = 13, Uint, "Id of a next hop object.";
        /// Activity of an entry of a forwarding database.
        FDB_EXT_ATTRS = 14, Nest(&super::nfea::SPEC);
        FLAGS_EXT = 15, Bits(&super::NeighExtFlags::SPEC), "More flags.";
        NDM_STATE_MASK = 16, Bits(&super::NeighState::SPEC), "Delete many: mask of the states.";
        NDM_FLAGS_MASK = 17, Bits(&super::NeighFlags::SPEC), "Delete many: mask of the flags.";
    }
}

attrs! {
    /// What is in `NDA_FDB_EXT_ATTRS`.
    pub mod nfea("NFEA_", "linux/neighbour.h") {
        ACTIVITY_NOTIFY = 1, Uint, "Which activity is told (`FDB_NOTIFY_*`).";
        DONT_REFRESH = 2, Flag, "A change does not make it younger.";
    }
}

wire! {
    /// Age of a neighbour, `struct nda_cacheinfo` (linux/neighbour.h).
    pub struct NdaCacheInfo("nda_cacheinfo", "linux/neighbour.h") {
        /// Since it was confirmed, in 1/100 s.
        confirmed: U32 = "ndm_confirmed",
        /// Since it was used, in 1/100 s.
        used: U32 = "ndm_used",
        /// Since it was changed, in 1/100 s.
        updated: U32 = "ndm_updated",
        /// References to it.
        refcnt: U32 = "ndm_refcnt",
    }
}

codes! {
    /// States of a neighbour; one, or several in a filter.
    pub flags NeighState(u16, "NUD_", "linux/neighbour.h") {
        INCOMPLETE = 0x01, "Being resolved.";
        REACHABLE = 0x02, "Confirmed lately.";
        STALE = 0x04, "Not confirmed lately.";
        DELAY = 0x08, "Used while stale; a probe follows.";
        PROBE = 0x10, "Being probed.";
        FAILED = 0x20, "Did not answer.";
        NOARP = 0x40, "Needs no resolution.";
        PERMANENT = 0x80, "Set by hand, for ever.";
    }
}

codes! {
    /// Flags of a neighbour.
    pub flags NeighFlags(u8, "NTF_", "linux/neighbour.h") {
        USE = 0x01, "Resolve it now.";
        SELF = 0x02, "The device's own forwarding database.";
        MASTER = 0x04, "The master's forwarding database.";
        PROXY = 0x08, "Answered for another.";
        EXT_LEARNED = 0x10, "Learned by other means.";
        OFFLOADED = 0x20, "In hardware.";
        STICKY = 0x40, "Never moves to another port.";
        ROUTER = 0x80, "A router.";
    }
}

codes! {
    /// More flags of a neighbour (`NDA_FLAGS_EXT`).
    pub flags NeighExtFlags(u32, "NTF_EXT_", "linux/neighbour.h") {
        MANAGED = 0x01, "Kept resolved by the kernel.";
        LOCKED = 0x02, "Seen on a locked port, not let through.";
        EXT_VALIDATED = 0x04, "Known to be valid, is not dropped for age.";
    }
}

view! {
    /// A neighbour, as `RTM_NEWNEIGH` and `RTM_DELNEIGH` carry it.
    pub struct Neigh(NdMsg, nda, "NDA_") {
        flags_ext: u32 = u32(FLAGS_EXT);
        /// Its address: 4 or 16 bytes, of a forwarding database the tunnel's other end.
        dst: &'a [u8] = bytes(DST);
        lladdr: &'a [u8] = bytes(LLADDR);
        cacheinfo: &'a NdaCacheInfo = prefix(CACHEINFO);
        probes: u32 = u32(PROBES);
        vlan: u16 = u16(VLAN);
        port: u16 = be16(PORT);
        vni: u32 = u32(VNI);
        via_ifindex: u32 = u32(IFINDEX);
        master: u32 = u32(MASTER);
        link_netnsid: i32 = i32(LINK_NETNSID);
        src_vni: u32 = u32(SRC_VNI);
        /// Who made it, see [`super::rtprot`].
        protocol: u8 = u8(PROTOCOL);
        nh_id: u32 = u32(NH_ID);
    }
}

impl Neigh<'_> {
    /// State of the header.
    #[must_use]
    pub fn state(&self) -> NeighState {
        NeighState::from_bits_retain(self.header.state.get())
    }

    /// Flags of the header.
    #[must_use]
    pub fn flags(&self) -> NeighFlags {
        NeighFlags::from_bits_retain(self.header.flags)
    }

    /// Flags of `NDA_FLAGS_EXT`; none where absent.
    ///
    /// # Errors
    /// The value has the wrong size.
    pub fn ext_flags(&self) -> Result<NeighExtFlags, DecodeError> {
        Ok(NeighExtFlags::from_bits_retain(self.flags_ext()?.unwrap_or_default()))
    }
}

wire! {
    /// The fixed header of a table of neighbours, `struct ndtmsg` (linux/neighbour.h).
    pub struct NdtMsg("ndtmsg", "linux/neighbour.h") {
        /// Address family.
        family: u8 = "ndtm_family" => Shape::Code(&af::SPEC),
        /// Unused, 0.
        pad1: u8 = "ndtm_pad1",
        /// Unused, 0.
        pad2: U16 = "ndtm_pad2",
    }
}

attrs! {
    /// Attributes of a table of neighbours.
    pub mod ndta("NDTA_", "linux/neighbour.h") {
        NAME = 1, Str, "Name: `arp_cache`, `ndisc_cache`.";
        THRESH1 = 2, Uint, "Entries below which nothing is collected.";
        THRESH2 = 3, Uint, "Entries that are tolerated for 5 seconds.";
        THRESH3 = 4, Uint, "Entries at most.";
        CONFIG = 5, Struct(super::NdtConfig::SPEC), "Its size and state.";
        PARMS = 6, Nest(&super::ndtpa::SPEC), "A link's settings.";
        STATS = 7, Struct(super::NdtStats::SPEC), "Statistics.";
        GC_INTERVAL = 8, Uint, "Milliseconds between collections.";
        PAD = 9, Bytes, "Padding.";
    }
}

attrs! {
    /// A link's settings in a table of neighbours; times in milliseconds.
    pub mod ndtpa("NDTPA_", "linux/neighbour.h") {
        IFINDEX = 1, Uint, "Interface index; absent: the default.";
        REFCNT = 2, Uint, "References.";
        REACHABLE_TIME = 3, Uint, "How long a neighbour is reachable, as drawn.";
        BASE_REACHABLE_TIME = 4, Uint, "How long a neighbour is reachable, on average.";
        RETRANS_TIME = 5, Uint, "Between solicitations.";
        GC_STALETIME = 6, Uint, "After which a stale one may go.";
        DELAY_PROBE_TIME = 7, Uint, "Until the first probe.";
        QUEUE_LEN = 8, Uint, "Packets that wait for resolution.";
        APP_PROBES = 9, Uint, "Probes by user space.";
        UCAST_PROBES = 10, Uint, "Unicast probes.";
        MCAST_PROBES = 11, Uint, "Multicast probes.";
        ANYCAST_DELAY = 12, Uint, "Before an anycast answer.";
        PROXY_DELAY = 13, Uint, "Before a proxy's answer.";
        PROXY_QLEN = 14, Uint, "Packets that wait for a proxy's answer.";
        LOCKTIME = 15, Uint, "Between changes of an entry.";
        QUEUE_LENBYTES = 16, Uint, "Bytes that wait for resolution.";
        MCAST_REPROBES = 17, Uint, "Multicast probes after unicast ones.";
        PAD = 18, Bytes, "Padding.";
        INTERVAL_PROBE_TIME_MS = 19, Uint, "Between probes of managed ones.";
    }
}

wire! {
    /// Size and state of a table, `struct ndt_config` (linux/neighbour.h).
    pub struct NdtConfig("ndt_config", "linux/neighbour.h") {
        /// Bytes of a key.
        key_len: U16 = "ndtc_key_len",
        /// Bytes of an entry.
        entry_size: U16 = "ndtc_entry_size",
        /// Entries there are.
        entries: U32 = "ndtc_entries",
        /// Milliseconds since the last flush.
        last_flush: U32 = "ndtc_last_flush",
        /// Milliseconds since times were drawn.
        last_rand: U32 = "ndtc_last_rand",
        /// Seed of the hash.
        hash_rnd: U32 = "ndtc_hash_rnd",
        /// Mask of the hash.
        hash_mask: U32 = "ndtc_hash_mask",
        /// Unused, 0.
        hash_chain_gc: U32 = "ndtc_hash_chain_gc",
        /// Packets that wait for a proxy's answer.
        proxy_qlen: U32 = "ndtc_proxy_qlen",
    }
}

wire! {
    /// Statistics of a table, `struct ndt_stats` (linux/neighbour.h).
    pub struct NdtStats("ndt_stats", "linux/neighbour.h") {
        /// Entries made.
        allocs: U64 = "ndts_allocs",
        /// Entries freed.
        destroys: U64 = "ndts_destroys",
        /// Times the hash grew.
        hash_grows: U64 = "ndts_hash_grows",
        /// Resolutions that failed.
        res_failed: U64 = "ndts_res_failed",
        /// Look-ups.
        lookups: U64 = "ndts_lookups",
        /// Look-ups that found one.
        hits: U64 = "ndts_hits",
        /// Multicast probes received.
        rcv_probes_mcast: U64 = "ndts_rcv_probes_mcast",
        /// Unicast probes received.
        rcv_probes_ucast: U64 = "ndts_rcv_probes_ucast",
        /// Collections by time.
        periodic_gc_runs: U64 = "ndts_periodic_gc_runs",
        /// Collections for want of space.
        forced_gc_runs: U64 = "ndts_forced_gc_runs",
        /// Times there was no space.
        table_fulls: U64 = "ndts_table_fulls",
    }
}

//! Namespace ids: `RTM_*NSID`. An id is what the namespace of the socket calls another one.
//!
//! ```text
//! 0       1     4
//! │family │ pad │ NETNSA_NSID, and of a request NETNSA_FD or NETNSA_PID
//! ```

use super::af;
use crate::spec::{Shape, attrs, view, wire};

wire! {
    /// A fixed header that says the address family only, `struct rtgenmsg` (linux/rtnetlink.h).
    pub struct RtGenMsg("rtgenmsg", "linux/rtnetlink.h") {
        /// Address family.
        family: u8 = "rtgen_family" => Shape::Code(&af::SPEC),
    }
}

/// The id of a namespace that has none (`NETNSA_NSID_NOT_ASSIGNED`, linux/net_namespace.h).
/// Asked to assign it, the kernel chooses one.
pub const NSID_NOT_ASSIGNED: i32 = -1;

attrs! {
    /// Attributes of a namespace id.
    pub mod netnsa("NETNSA_", "linux/net_namespace.h") {
        NSID = 1, Int, "The id; -1: none.";
        PID = 2, Uint, "The namespace, by a process in it.";
        FD = 3, Uint, "The namespace, by an open file.";
        TARGET_NSID = 4, Int, "Get: act as if in the namespace with this id.";
        CURRENT_NSID = 5, Int, "With a target: the id from the caller's view.";
    }
}

view! {
    /// A namespace id, as `RTM_NEWNSID` and `RTM_DELNSID` carry it.
    pub struct Nsid(RtGenMsg, netnsa, "NETNSA_") {
        /// The id; [`NSID_NOT_ASSIGNED`]: none.
        nsid: i32 = i32(NSID);
        current_nsid: i32 = i32(CURRENT_NSID);
    }
}

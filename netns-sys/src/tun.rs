//! Tun and tap devices. The kernel makes them through /dev/net/tun only, not through netlink; all else about them, deleting
//! included, is as with any link.

use crate::error::{At, Errno, Result};
use crate::ns::Ns;
use crate::sys::{TunFd, TunSet};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

/// What a tun or tap device is to be like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tun {
    /// A tap, with Ethernet headers; else a tun, with bare IP packets.
    pub tap: bool,
    /// Packets come with a header in front (`struct tun_pi`).
    pub pi: bool,
    /// Packets come with a virtio header in front.
    pub vnet_hdr: bool,
    /// Several descriptors may attach, a queue each.
    pub multi_queue: bool,
    /// The user who may attach.
    pub user: Option<u32>,
    /// The group whose members may attach.
    pub group: Option<u32>,
}

impl Tun {
    /// `IFF_*` of linux/if_tun.h.
    fn flags(&self) -> u16 {
        let kind = if self.tap { 0x0002 } else { 0x0001 };
        let bit = |on, bit| if on { bit } else { 0 };
        // IFF_TUN_EXCL: a device of that name that is there already is an error, not ours.
        kind | 0x8000 | bit(!self.pi, 0x1000) | bit(self.vnet_hdr, 0x4000) | bit(self.multi_queue, 0x0100)
    }

    /// Makes the device `name` in namespace `ns` (`None`: the calling thread's), to stay until it is deleted. On failure
    /// there is none: it goes with the descriptor.
    ///
    /// # Errors
    /// `EBUSY`, `EEXIST`: the name is taken; `EPERM` without `CAP_NET_ADMIN` there; `ENOENT`, `ENXIO`, `ENODEV`: no
    /// /dev/net/tun, or a kernel without; `ENOTTY`: something else is there; `EACCES`: not ours to open.
    pub fn add(&self, ns: Option<&Ns>, name: &OsStr) -> Result<()> {
        let (op, about) = ("make a tun device through", "/dev/net/tun");
        let c = CString::new(name.as_bytes()).map_err(|_| Errno::EINVAL.at(op, about))?;
        let make = || {
            let tun = TunFd::open()?;
            tun.set_iff(&c, self.flags())?;
            for (what, value) in [(TunSet::Owner, self.user), (TunSet::Group, self.group), (TunSet::Persist, Some(1))] {
                if let Some(value) = value {
                    tun.set(what, value)?;
                }
            }
            Ok::<_, Errno>(())
        };
        match ns {
            Some(ns) => ns.run(make)?.at(op, about),
            None => make().at(op, about),
        }
    }
}

//! Tun and tap devices. The kernel makes them through /dev/net/tun only, not through netlink; all else about them is as with
//! any link.

use crate::error::{At, Result};
use crate::ns::Ns;
use crate::sys::{TunFd, TunSet};
use std::ffi::OsStr;

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
    /// Without effect since Linux 3.8, and remembered.
    pub one_queue: bool,
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
        let more = bit(self.multi_queue, 0x0100) | bit(self.one_queue, 0x2000) | bit(self.vnet_hdr, 0x4000);
        kind | more | bit(!self.pi, 0x1000)
    }

    /// Makes the device `name` (empty: the kernel names it) in namespace `ns` (`None`: the calling thread's), to stay until
    /// it is deleted. On failure there is none: it goes with the descriptor.
    ///
    /// # Errors
    /// `EBUSY`, `EEXIST`: the name is taken; `EPERM` without `CAP_NET_ADMIN` there; `ENOENT`, `ENXIO`, `ENODEV`: no
    /// /dev/net/tun, or a kernel without; `ENOTTY`: something else is there; `EACCES`: not ours to open.
    pub fn add(&self, ns: Option<&Ns>, name: &OsStr) -> Result<()> {
        // IFF_TUN_EXCL: a device of that name that is there already is an error, not ours.
        self.set(ns, name, self.flags() | 0x8000, 1)
    }

    /// Deletes the device `name` of this kind and these settings in namespace `ns` (`None`: the calling thread's), unless
    /// somebody is attached: then it goes when they do. That there is none is no error.
    ///
    /// # Errors
    /// `EINVAL`: it is of another kind, or no tun device; `EBUSY`: the one that may attach to it is; those of [`Tun::add`].
    pub fn delete(&self, ns: Option<&Ns>, name: &OsStr) -> Result<()> {
        self.set(ns, name, self.flags(), 0)
    }

    fn set(&self, ns: Option<&Ns>, name: &OsStr, flags: u16, persist: u32) -> Result<()> {
        let about = "/dev/net/tun";
        let set = || {
            let tun = TunFd::open().at("open", about)?;
            tun.set_iff(name, flags).at("ioctl(TUNSETIFF)", about)?;
            for (op, what, value) in [
                ("ioctl(TUNSETOWNER)", TunSet::Owner, self.user),
                ("ioctl(TUNSETGROUP)", TunSet::Group, self.group),
                ("ioctl(TUNSETPERSIST)", TunSet::Persist, Some(persist)),
            ] {
                if let Some(value) = value {
                    tun.set(what, value).at(op, about)?;
                }
            }
            Ok(())
        };
        match ns {
            Some(ns) => ns.run(set)?,
            None => set(),
        }
    }
}

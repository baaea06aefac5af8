//! Mounts: the descriptor-based calls (Linux 5.2, 5.12) first, mount(2) where they are missing or a seccomp filter that does
//! not know them says `EPERM`.

use crate::error::{At, Errno, Result};
use crate::ns::proc_fd;
use crate::sys;
use libc::{MNT_DETACH, MS_BIND, MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, UMOUNT_NOFOLLOW, c_ulong};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

type R<T> = std::result::Result<T, Errno>;

/// A path for the kernel. (`EINVAL`: it contains a NUL byte.)
pub(crate) fn c_path(path: &Path) -> R<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)
}

/// The old call, if the new one is not to be had. (`ENOSPC`: a detached mount counts as a mount namespace of its own, and
/// there are enough, `/proc/sys/user/max_mnt_namespaces`; mount(2) needs none.)
fn or_old<T>(new: R<T>, old: impl FnOnce() -> R<T>) -> R<T> {
    match new {
        Err(Errno::ENOSYS | Errno::EPERM | Errno::ENOSPC) => old(),
        done => done,
    }
}

/// Mounts a namespace on the file `dir`/`name`. All or nothing.
pub(crate) fn bind_ns(ns: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CStr) -> R<()> {
    let new = sys::open_tree_clone(ns, c"", false).and_then(|tree| sys::move_mount(tree.as_fd(), dir, name));
    or_old(new, || sys::mount(Some(&proc_fd(ns, c"")), &proc_fd(dir, name), None, MS_BIND))
}

/// Makes the mount that the directory `dir`, which `path` leads to, is the root of shared, so that names made later reach
/// the mount namespaces that copied it. `EINVAL`: it is not the root of a mount.
pub(crate) fn share(dir: BorrowedFd<'_>, path: &Path) -> R<()> {
    let new = sys::mount_set_propagation(dir, MS_SHARED, false);
    or_old(new, || sys::mount(None, &c_path(path)?, None, MS_SHARED))
}

/// Mounts the directory `dir`, which `path` leads to, on itself, shared. In a peer group of its own, that is, private first:
/// else it shares with the mount around it, and everything mounted in it shows up twice.
pub(crate) fn mount_on_itself(dir: BorrowedFd<'_>, path: &Path) -> R<()> {
    let new = sys::open_tree_clone(dir, c"", true).and_then(|tree| {
        sys::mount_set_propagation(tree.as_fd(), MS_PRIVATE, true)?;
        sys::mount_set_propagation(tree.as_fd(), MS_SHARED, true)?;
        sys::move_mount(tree.as_fd(), dir, c"")
    });
    or_old(new, || {
        let path = c_path(path)?;
        sys::mount(Some(&path), &path, None, MS_BIND | MS_REC)?;
        let shared = [MS_PRIVATE, MS_SHARED].into_iter().try_for_each(|p| sys::mount(None, &path, None, p | MS_REC));
        if shared.is_err() {
            let _ = sys::umount(&path, MNT_DETACH);
        }
        shared
    })
}

/// Unmounts what is on top of `dir`/`name` (`path`), following no link; who uses it keeps it until done.
pub(crate) fn unmount(dir: BorrowedFd<'_>, name: &CStr, path: &Path) -> R<()> {
    match sys::umount(&proc_fd(dir, name), MNT_DETACH | UMOUNT_NOFOLLOW) {
        Err(Errno::ENOENT) => sys::umount(&c_path(path)?, MNT_DETACH | UMOUNT_NOFOLLOW), // no /proc
        done => done,
    }
}

/// A sysfs, read-only and mounted nowhere, that shows the calling thread's network namespace (see `Ns::run`): a directory
/// for [`open_at`]. Gone with the descriptor. Linux 5.2.
///
/// # Errors
/// `ENOSYS`; `EPERM` without `CAP_SYS_ADMIN`, or where the /sys of a container is covered in part.
pub fn sysfs() -> Result<OwnedFd> {
    let attrs = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
    let make = || {
        let context = sys::fsopen(c"sysfs")?;
        sys::fsconfig_create(context.as_fd())?;
        sys::fsmount(context.as_fd(), attrs)
    };
    make().at("make a sysfs", "")
}

/// Opens a file for reading, relative to an open directory.
///
/// # Errors
/// Those of open(2).
pub fn open_at(dir: BorrowedFd<'_>, path: &Path) -> Result<File> {
    let open = || sys::openat(dir, &c_path(path)?, libc::O_RDONLY | libc::O_NOCTTY, 0);
    open().map(File::from).at("open", path)
}

/// Where mounts made later on or below a mount show up, mount_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// In its peers, and theirs in it: `MS_SHARED`.
    Shared,
    /// Nowhere else: `MS_PRIVATE`.
    Private,
    /// Those of its master show up in it: `MS_SLAVE`.
    Slave,
}

impl Propagation {
    pub(crate) fn flag(self) -> c_ulong {
        match self {
            Propagation::Shared => MS_SHARED,
            Propagation::Private => MS_PRIVATE,
            Propagation::Slave => MS_SLAVE,
        }
    }
}

/// Sets the propagation of the mount at `path` and of all below it.
///
/// # Errors
/// `EINVAL`: no mount point; `EPERM` without `CAP_SYS_ADMIN`.
pub fn set_propagation(path: &Path, propagation: Propagation) -> Result<()> {
    let set = || sys::mount(None, &c_path(path)?, None, propagation.flag() | MS_REC);
    set().at("set the propagation of mounts at", path)
}

/// Mounts a new file system of a type that needs no source ("proc", "tmpfs", "sysfs"), without devices or set-user-id.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`; `ENODEV`: no such type; those of mount(2).
pub fn mount_new(fs: &CStr, path: &Path) -> Result<()> {
    let mount = || sys::mount(Some(fs), &c_path(path)?, Some(fs), libc::MS_NOSUID | libc::MS_NODEV);
    mount().at("mount a file system on", path)
}

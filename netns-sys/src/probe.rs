//! What the running kernel knows, asked by calls that change nothing: never by its version, for distributions port back.

use crate::error::Errno;
use crate::ns::{Ns, NsFlags, on_a_thread};
use crate::sys::{self, CWD};
use std::os::fd::{AsFd, OwnedFd};

/// Whether the kernel has it. An error: it would not say (`EPERM`: a seccomp filter forbids the call, most likely).
pub type Answer = std::result::Result<bool, Errno>;

/// It has it if it did it, or refused it for another reason than not knowing it; `no`: what it says then beside `ENOSYS`.
fn known<T>(result: std::result::Result<T, Errno>, no: &[Errno]) -> Answer {
    match result {
        Err(Errno::ENOSYS) => Ok(false),
        Err(e) if no.contains(&e) => Ok(false),
        Err(e @ (Errno::EPERM | Errno::EACCES | Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM)) => Err(e),
        _ => Ok(true),
    }
}

fn own_pidfd() -> std::result::Result<OwnedFd, Errno> {
    sys::pidfd_open(std::process::id())
}

/// clone3(2), which takes `CLONE_PIDFD` from the start. Linux 5.3.
///
/// # Errors
/// See [`Answer`].
pub fn clone3() -> Answer {
    known(sys::clone3_refusal(false), &[])
}

/// clone3(2) with `CLONE_INTO_CGROUP`. Linux 5.7.
///
/// # Errors
/// See [`Answer`].
pub fn clone_into_cgroup() -> Answer {
    known(sys::clone3_refusal(true), &[Errno::E2BIG])
}

/// open_tree(2) and move_mount(2); what is opened is attached nowhere. Linux 5.2.
///
/// # Errors
/// See [`Answer`].
pub fn mount_by_descriptor(ns: &Ns) -> Answer {
    let tree = sys::open_tree_clone(ns.as_fd(), c"", false);
    let moved = sys::move_mount(ns.as_fd(), CWD, c"/proc/self/not-there");
    Ok(known(tree, &[])? && known(moved, &[])?)
}

/// pidfd_getfd(2). Linux 5.6.
///
/// # Errors
/// See [`Answer`].
pub fn pidfd_getfd() -> Answer {
    // There is no such descriptor: `EBADF`.
    known(own_pidfd().and_then(|own| sys::pidfd_getfd(own.as_fd(), i32::MAX.unsigned_abs())), &[])
}

/// setns(2) by pidfd. Linux 5.8.
///
/// # Errors
/// See [`Answer`].
pub fn setns_by_pidfd() -> Answer {
    let own = match own_pidfd() {
        Ok(own) => own,
        refused => return known(refused, &[]),
    };
    // A thread that ends enters the namespace it is in.
    let entered = on_a_thread(|| Ok(sys::setns(own.as_fd(), NsFlags::NET)));
    known(entered.map_err(|e| e.errno().unwrap_or(Errno::EAGAIN))?, &[Errno::EINVAL])
}

/// `PIDFD_GET_NET_NAMESPACE`: the namespace of a process without /proc. Linux 6.11.
///
/// # Errors
/// See [`Answer`].
pub fn pidfd_net_ns() -> Answer {
    known(own_pidfd().and_then(|own| sys::pidfd_net_ns(own.as_fd())), &[Errno::ENOTTY, Errno::EINVAL])
}

/// File handles of namespaces, name_to_handle_at(2). Linux 6.18.
///
/// # Errors
/// See [`Answer`].
pub fn ns_handles(ns: &Ns) -> Answer {
    known(sys::handle_refusal(ns.as_fd()), &[Errno::EOPNOTSUPP])
}

/// listns(2): the namespaces there are. Linux 6.19.
///
/// # Errors
/// See [`Answer`].
pub fn listns() -> Answer {
    known(sys::listns_refusal(), &[])
}

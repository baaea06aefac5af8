//! What the kernel has beyond the first network namespaces, asked of the kernel: never told by its version.
//!
//! Where a request cannot be made without an effect, the effect is in the [`World`] only. Where an older kernel would
//! ignore an attribute, it is given a value that cannot be right: the refusal says that it is known.

use super::world::{Shown, World, exchange};
use netns_sys::netlink::Socket;
use netns_sys::{Errno, Error, probe};
use nl_core::route::{
    self, IfInfoMsg, Link, RTM_DELROUTE, RTM_GETLINK, RTM_GETNSID, RTM_NEWLINK, RTM_NEWLINKPROP, RTM_SETLINK, RtGenMsg,
    RtMsg, af, ifla, info, netnsa, rt_table, rta,
};
use nl_core::wire::{GenlMsgHdr, NLA_F_NESTED, U16};
use nl_core::{Batch, Flags, Message, Msg};

/// What the kernel says; `Err`: it cannot be asked, and why.
pub(super) type Answer = std::result::Result<bool, String>;

/// A feature, the release of Linux that brought it, and the question.
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) since: &'static str,
    pub(super) has: fn(&mut World) -> Answer,
}

const fn feature(since: &'static str, name: &'static str, has: fn(&mut World) -> Answer) -> Feature {
    Feature { name, since, has }
}

/// By age.
#[rustfmt::skip]
pub(super) const FEATURES: &[Feature] = &[
    feature("3.0", "IFLA_NET_NS_FD", |w| {
        refuses(&[Errno::EBADF, Errno::EINVAL], link(w, RTM_SETLINK, |m| m.u32(ifla::NET_NS_FD, u32::MAX)))
    }),
    feature("4.0", "RTM_GETNSID, RTM_NEWNSID", |w| known(nsid(w, None), &[Errno::EOPNOTSUPP])),
    feature("4.2", "NETLINK_LISTEN_ALL_NSID", |w| {
        let socket = Socket::open_in(&w.a.ns, route::FAMILY.protocol).map_err(told)?;
        known(socket.listen_all_nsid(), &[Errno::ENOPROTOOPT])
    }),
    feature("4.9", "NS_GET_USERNS", |w| known(w.a.ns.owner_user_ns(), &[Errno::ENOTTY])),
    // What this program opens as a namespace, it asked that: without it there is no world to be in.
    feature("4.11", "NS_GET_NSTYPE", |_| Ok(true)),
    feature("4.11", "NS_GET_OWNER_UID", |w| known(w.a.ns.owner_uid(), &[Errno::ENOTTY])),
    feature("4.12", "NETLINK_EXT_ACK", |w| Ok(w.a.conn.socket().is_some_and(Socket::has_ext_ack))),
    feature("4.16", "IFLA_TARGET_NETNSID", |w| {
        refuses(&[Errno::EINVAL], link(w, RTM_GETLINK, |m| m.i32(ifla::TARGET_NETNSID, i32::MAX)))
    }),
    feature("4.20", "NETLINK_GET_STRICT_CHK", |w| Ok(w.a.conn.socket().is_some_and(Socket::has_strict_check))),
    feature("5.0", "NETNSA_TARGET_NSID", |w| refuses(&[Errno::EINVAL], nsid(w, Some(i32::MAX)))),
    feature("5.2", "open_tree(2), move_mount(2)", |w| called(probe::mount_by_descriptor(&w.a.ns))),
    feature("5.2", "CLONE_PIDFD", |_| match called(probe::clone3()) {
        Ok(false) => Err("is asked of clone3(2), which is not there".into()),
        answer => answer,
    }),
    feature("5.3", "clone3(2)", |_| called(probe::clone3())),
    feature("5.5", "alternative names of links", |w| {
        let names = |m: &mut Msg<'_>| m.nest(ifla::PROP_LIST | NLA_F_NESTED, |m| {
            m.str(ifla::ALT_IFNAME, b"netnsctl-check-alternative");
        });
        known(link_with(w, RTM_NEWLINKPROP, Flags::CREATE | Flags::EXCL, names), &[Errno::EOPNOTSUPP])
    }),
    feature("5.6", "pidfd_getfd(2)", |_| called(probe::pidfd_getfd())),
    feature("5.7", "CLONE_INTO_CGROUP", |_| called(probe::clone_into_cgroup())),
    feature("5.8", "setns(2) by pidfd", |_| called(probe::setns_by_pidfd())),
    feature("5.10", "NLMSGERR_ATTR_POLICY", |w| match link(w, RTM_SETLINK, |m| m.u8(ifla::MTU, 1)) {
        Err(Error::Kernel(e)) => Ok(e.policy.is_some()),
        other => Err(format!("too short an IFLA_MTU gave {other:?}")),
    }),
    feature("5.19", "NLM_F_BULK", |w| {
        let fill = |m: &mut Msg<'_>| {
            let table = u8::try_from(rt_table::MAIN).unwrap_or_default();
            m.fixed(&RtMsg { family: af::INET, dst_len: 32, table, ..RtMsg::default() });
            m.bytes(rta::DST, &[203, 0, 113, 7]);
        };
        // Deleting routes in bulk is refused where bulk is known; that this route is not there, where it is not.
        match w.a.conn.request(RTM_DELROUTE, Flags::BULK, fill).map_err(|e| e.errno()) {
            Err(Some(Errno::EOPNOTSUPP)) => Ok(true),
            Err(Some(Errno::ESRCH)) => Ok(false),
            other => Err(format!("deleting routes in bulk gave {other:?}")),
        }
    }),
    feature("6.1", "NLMSGERR_ATTR_MISS_TYPE", |w| {
        missing(w).unwrap_or_else(|_| Err("is asked of generic netlink, which does not answer".into()))
    }),
    feature("6.7", "netkit devices", |w| {
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg::default());
            m.str(ifla::IFNAME, b"chk-netkit");
            m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"netkit"));
        };
        known(w.a.conn.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, fill), &[Errno::EOPNOTSUPP])
    }),
    feature("6.11", "PIDFD_GET_NET_NAMESPACE", |_| called(probe::pidfd_net_ns())),
    feature("6.15", "IFLA_NETNS_IMMUTABLE", |w| {
        let read = |m: &Message<'_>| Ok(Link::whole(m)?.netns_immutable()?.is_some());
        w.a.conn.get(RTM_GETLINK, |m| loopback(m, |_| ()), read).map_err(told)
    }),
    feature("6.18", "file handles of namespaces", |w| called(probe::ns_handles(&w.a.ns))),
    feature("6.18", "NS_GET_ID", |w| Ok(w.a.ns.id().map_err(told)?.id64.is_some())),
    feature("6.19", "listns(2)", |_| called(probe::listns())),
];

fn told(e: Error) -> String {
    e.to_string()
}

/// It has it unless it answered one of `no`.
fn known<T>(result: netns_sys::Result<T>, no: &[Errno]) -> Answer {
    match result {
        Ok(_) => Ok(true),
        Err(e) if e.errno().is_some_and(|e| no.contains(&e)) => Ok(false),
        Err(e) => Err(told(e)),
    }
}

/// It has it if it refused what cannot be right with one of `yes`, and not if it took it.
fn refuses<T>(yes: &[Errno], result: netns_sys::Result<T>) -> Answer {
    match result {
        Ok(_) => Ok(false),
        Err(e) if e.errno().is_some_and(|e| yes.contains(&e)) => Ok(true),
        Err(e) => Err(told(e)),
    }
}

fn called(answer: probe::Answer) -> Answer {
    answer.map_err(|e| match e {
        Errno::EPERM | Errno::EACCES => format!("the call is forbidden here, by a seccomp filter or the like: {e}"),
        e => e.to_string(),
    })
}

fn loopback(m: &mut Msg<'_>, fill: impl FnOnce(&mut Msg<'_>)) {
    m.fixed(&IfInfoMsg::default());
    m.str(ifla::IFNAME, b"lo");
    fill(m);
}

fn link(w: &mut World, kind: u16, fill: fn(&mut Msg<'_>)) -> netns_sys::Result<()> {
    link_with(w, kind, Flags::empty(), fill)
}

/// A request about a loopback.
fn link_with(w: &mut World, kind: u16, flags: Flags, fill: fn(&mut Msg<'_>)) -> netns_sys::Result<()> {
    w.a.conn.request(kind, flags, |m| loopback(m, fill)).map(drop)
}

/// The id that one side has for the other.
fn nsid(w: &mut World, target: Option<i32>) -> netns_sys::Result<()> {
    let fd = w.b.ns.fd_number();
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&RtGenMsg::default());
        m.u32(netnsa::FD, fd);
        target.iter().for_each(|target| m.i32(netnsa::TARGET_NSID, *target));
    };
    w.a.conn.get(RTM_GETNSID, fill, |_| Ok(()))
}

/// Asks ethtool's family of generic netlink for a link without saying which: the first place where the kernel names a
/// missing attribute (both since 6.1).
fn missing(w: &World) -> Shown<Answer> {
    const GENERIC: u8 = 16; // NETLINK_GENERIC, linux/netlink.h
    const ID_CTRL: u16 = 0x10; // GENL_ID_CTRL and below: linux/genetlink.h
    const GET_FAMILY: GenlMsgHdr = header(3); // CTRL_CMD_GETFAMILY
    const FAMILY_ID: u16 = 1; // CTRL_ATTR_FAMILY_ID
    const FAMILY_NAME: u16 = 2; // CTRL_ATTR_FAMILY_NAME
    const GET_LINKINFO: GenlMsgHdr = header(2); // ETHTOOL_MSG_LINKINFO_GET, linux/ethtool_netlink.h
    let flags = Flags::REQUEST | Flags::ACK;
    let socket = Socket::open_in(&w.a.ns, GENERIC)?;
    let mut family = None;
    exchange(
        &socket,
        |batch| {
            batch.message(ID_CTRL, flags, 1, |m| {
                m.fixed(&GET_FAMILY);
                m.str(FAMILY_NAME, b"ethtool");
            })
        },
        |message| {
            let attrs = message.fixed::<GenlMsgHdr>().map(|(_, attrs)| attrs);
            family = attrs.ok().and_then(|attrs| attrs.find(FAMILY_ID)).and_then(|id| id.u16().ok());
        },
        |_, _| (),
    )?;
    let Some(family) = family else {
        return Ok(Err("is asked of ethtool's netlink family (CONFIG_ETHTOOL_NETLINK), which is not there".into()));
    };
    let ask = |batch: &mut Batch<'_>| batch.message(family, flags, 1, |m| m.fixed(&GET_LINKINFO));
    exchange(&socket, ask, |_| (), |_, ext| Ok(ext.missing_type.is_some()))
}

const fn header(cmd: u8) -> GenlMsgHdr {
    GenlMsgHdr { cmd, version: 1, reserved: U16::ZERO }
}

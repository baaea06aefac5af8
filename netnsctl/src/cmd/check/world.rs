//! Where sentences are shown: three namespaces, what is done in them, and what comes of it.

use netns_sys::netlink::{Conn, Socket};
use netns_sys::{Errno, Error, Ns, PollFd, poll};
use nl_core::route::{
    self, Addr, AddrFlags, IfAddrMsg, IfInfoMsg, Link, LinkFlags, RTM_GETLINK, RTM_NEWADDR, RTM_NEWLINK, RTM_SETLINK,
    af, br_state, brport, ifa, ifla, info, rtnlgrp, veth,
};
use nl_core::{Batch, EncodeError, ExtAck, Flags, Message, Messages, Msg, Replies, Reply};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long a packet or an event may take on a busy machine: on an idle one it takes a millisecond.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a namespace may take to die. The kernel does that one batch after the other, for the whole machine.
pub(super) const LAST_RITES: Duration = Duration::from_secs(60);

/// Why a sentence was not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not hold.
    Failed {
        /// What should have been.
        expected: String,
        /// What was.
        seen: String,
    },
    /// The kernel was built without it, or its module cannot be loaded.
    Missing,
    /// It cannot be shown here, for this reason.
    Skipped(String),
}

/// What a proof comes to.
pub type Shown<T = ()> = std::result::Result<T, Trouble>;

/// An answer that says: I do not know what this is.
pub(super) fn is_missing(errno: Option<Errno>) -> bool {
    matches!(errno, Some(Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT))
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Self {
        match is_missing(e.errno()) {
            true => Self::Missing,
            false => Self::Failed { expected: "the kernel does it".into(), seen: e.to_string() },
        }
    }
}

pub(super) fn failed(expected: impl Into<String>, seen: impl Into<String>) -> Trouble {
    Trouble::Failed { expected: expected.into(), seen: seen.into() }
}

pub(super) fn expect(holds: bool, expected: &str, seen: impl Into<String>) -> Shown {
    if holds { Ok(()) } else { Err(failed(expected, seen)) }
}

/// The result of a call of std's; `expected`: what it was to do.
pub(super) fn io<T>(expected: &str, result: io::Result<T>) -> Shown<T> {
    result.map_err(|e| {
        let errno = Errno::from(e);
        if is_missing(Some(errno)) { Trouble::Missing } else { failed(expected, errno.to_string()) }
    })
}

/// The call has to be refused with this errno.
pub(super) fn refused<T>(expected: &str, errno: Errno, result: io::Result<T>) -> Shown {
    match result.map_err(Errno::from) {
        Ok(_) => Err(failed(format!("{expected}: {errno}"), "it worked")),
        Err(seen) => expect(seen == errno, &format!("{expected}: {errno}"), seen.to_string()),
    }
}

/// A namespace, a connection and a listener in it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) ns: Ns,
    pub(super) conn: Conn,
    /// Hears of links and IPv6 addresses, from before there were any.
    pub(super) events: Socket,
}

/// What is asked of a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) index: i32,
    pub(super) mtu: u32,
    pub(super) running: bool,
    pub(super) forwarding: bool,
    pub(super) rx_bytes: u64,
}

impl State {
    pub(super) fn read(message: &Message<'_>) -> netns_sys::Result<State> {
        let link = Link::whole(message)?;
        let port = link.info()?.and_then(|i| i.slave_data().ok().flatten()).and_then(|port| port.find(brport::STATE));
        Ok(State {
            index: link.index(),
            mtu: link.mtu()?.unwrap_or_default(),
            running: link.flags().contains(LinkFlags::UP | LinkFlags::RUNNING | LinkFlags::LOWER_UP),
            forwarding: port.is_some_and(|state| state.u8() == Ok(br_state::FORWARDING)),
            rx_bytes: link.stats64()?.unwrap_or_default().rx_bytes.get(),
        })
    }
}

impl Side {
    fn new(ns: Ns) -> netns_sys::Result<Side> {
        let mut side = Side {
            conn: Conn::open_in(&ns, &route::FAMILY)?,
            events: Socket::open_in(&ns, route::FAMILY.protocol)?,
            ns,
        };
        side.events.join(rtnlgrp::LINK)?;
        side.events.join(rtnlgrp::IPV6_IFADDR)?;
        side.set("lo", |_| ())?;
        Ok(side)
    }

    /// Runs `f` in it.
    pub(super) fn inside<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Shown<T> {
        Ok(self.ns.run(f)?)
    }

    /// Switches a link on, and sets what `fill` says.
    pub(super) fn set(&mut self, name: &str, fill: impl Fn(&mut Msg<'_>)) -> netns_sys::Result<()> {
        let request = |m: &mut Msg<'_>| {
            m.fixed(&up());
            m.str(ifla::IFNAME, name.as_bytes());
            fill(m);
        };
        self.conn.request(RTM_SETLINK, Flags::empty(), request).map(drop)
    }

    /// The link of this name; `None`: there is none.
    pub(super) fn link(&mut self, name: &str) -> netns_sys::Result<Option<State>> {
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg::default());
            m.str(ifla::IFNAME, name.as_bytes());
        };
        match self.conn.get(RTM_GETLINK, fill, State::read) {
            Err(e) if e.errno() == Some(Errno::ENODEV) => Ok(None),
            state => state.map(Some),
        }
    }

    /// The link, which has to be there.
    pub(super) fn need(&mut self, name: &str) -> Shown<State> {
        self.link(name)?.ok_or_else(|| failed(format!("link {name} is where it was born"), "it is not there"))
    }

    /// Waits until a link is as it should be: looks, and looks again when the kernel tells of a change.
    pub(super) fn until(&mut self, name: &str, what: &str, ready: impl Fn(&State) -> bool) -> Shown<State> {
        let end = Instant::now().checked_add(PATIENCE);
        loop {
            let state = self.need(name)?;
            if ready(&state) {
                return Ok(state);
            }
            hear(&self.events, end, |_| true)
                .map_err(|_| failed(format!("link {name} is {what}"), format!("{state:?}")))?;
        }
    }

    pub(super) fn address(&mut self, link: &str, address: IpAddr, prefix_len: u8) -> Shown {
        let index = u32::try_from(self.need(link)?.index).unwrap_or(0);
        let (family, flags) = match address {
            IpAddr::V4(_) => (af::INET, AddrFlags::empty()),
            // So that it can be used at once: nobody else is there to have the same.
            IpAddr::V6(_) => (af::INET6, AddrFlags::NODAD),
        };
        let added = self.conn.request(RTM_NEWADDR, Flags::CREATE | Flags::EXCL, |m| {
            m.fixed(&IfAddrMsg { family, prefix_len, index: index.into(), ..IfAddrMsg::default() });
            let octets = |kind, m: &mut Msg<'_>| match address {
                IpAddr::V4(v4) => m.bytes(kind, &v4.octets()),
                IpAddr::V6(v6) => m.bytes(kind, &v6.octets()),
            };
            octets(ifa::LOCAL, m);
            octets(ifa::ADDRESS, m);
            m.u32(ifa::FLAGS, flags.bits());
        });
        match added {
            Err(e) if e.errno() == Some(Errno::EACCES) && address.is_ipv6() => {
                Err(Trouble::Skipped("IPv6 is switched off here (sysctl net.ipv6.conf.*.disable_ipv6)".into()))
            }
            added => {
                added?;
                // An IPv6 address is announced when its multicast group is joined: before, neighbours do not find it.
                if let IpAddr::V6(v6) = address {
                    let is_it = |m: &Message<'_>| {
                        m.kind() == RTM_NEWADDR && Addr::whole(m).is_ok_and(|a| a.address() == Ok(Some(&v6.octets())))
                    };
                    hear(&self.events, Instant::now().checked_add(PATIENCE), is_it)?;
                }
                Ok(())
            }
        }
    }
}

pub(super) fn up() -> IfInfoMsg {
    let up = LinkFlags::UP.bits();
    IfInfoMsg { flags: up.into(), change: up.into(), ..IfInfoMsg::default() }
}

/// Waits for something to read.
pub(super) fn readable(fd: BorrowedFd<'_>, end: Option<Instant>) -> Shown {
    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
    let ready = poll(&mut [PollFd::readable(fd)], left).map_err(|e| e.at("poll", ""))?;
    expect(ready > 0, "an event", "nothing came in time")
}

/// Waits for a message that `is_it`, and drops those before it and with it.
pub(super) fn hear(socket: &Socket, end: Option<Instant>, mut is_it: impl FnMut(&Message<'_>) -> bool) -> Shown {
    let mut buf = vec![0; 32 * 1024];
    loop {
        readable(socket.as_fd(), end)?;
        let datagram = socket.recv(&mut buf)?;
        if Messages::new(datagram.bytes).map_while(std::result::Result::ok).any(|m| is_it(&m)) {
            return Ok(());
        }
    }
}

/// Sends messages with sequence numbers 1 to 3, of which not all need be acknowledged, and hands the objects that come
/// back to `data`, up to the first acknowledgement or error: what `Conn`, where each request is answered, cannot do.
pub(super) fn exchange<T>(
    socket: &Socket,
    fill: impl FnOnce(&mut Batch<'_>) -> std::result::Result<(), EncodeError>,
    mut data: impl FnMut(&Message<'_>),
    end: impl FnOnce(Errno, ExtAck<'_>) -> T,
) -> Shown<T> {
    let mut buf = [0; 256];
    let mut batch = Batch::new(&mut buf);
    fill(&mut batch).map_err(Error::from)?;
    socket.send(batch.bytes())?;
    let mut replies = Replies::new(1, 3, socket.port());
    let mut answers = vec![0; 32 * 1024];
    loop {
        readable(socket.as_fd(), Instant::now().checked_add(PATIENCE))?;
        for message in Messages::new(socket.recv(&mut answers)?.bytes) {
            let reply = message.and_then(|m| replies.accept(m)).map_err(Error::from)?.1;
            match reply {
                Reply::Data(message) => data(&message),
                Reply::Ack(ext) => return Ok(end(Errno(0), ext)),
                Reply::Error { errno, ext } => return Ok(end(Errno(errno), ext)),
                _ => {}
            }
        }
    }
}

/// Three new namespaces, known to nobody else: gone with their descriptors, however this process ends.
#[derive(Debug)]
pub struct World {
    pub(super) a: Side,
    pub(super) b: Side,
    pub(super) hub: Side,
}

impl World {
    /// New ones.
    ///
    /// # Errors
    /// Those of [`Ns::create`] and of opening connections.
    pub fn create() -> netns_sys::Result<World> {
        World::of(Ns::create()?, Ns::create()?, Ns::create()?)
    }

    /// These.
    ///
    /// # Errors
    /// Those of opening connections.
    pub fn of(a: Ns, b: Ns, hub: Ns) -> netns_sys::Result<World> {
        Ok(World { a: Side::new(a)?, b: Side::new(b)?, hub: Side::new(hub)? })
    }
}

/// One RTM_NEWLINK for a veth pair, each end born in its namespace. The far one is down: the driver cannot switch it on as
/// long as it has no other end (`ENOTCONN`).
pub(super) fn pair(via: &mut Conn, near: (&Ns, &str), far: (&Ns, &str), master: Option<i32>) -> netns_sys::Result<()> {
    let end = |m: &mut Msg<'_>, header, (ns, name): (&Ns, &str)| {
        m.fixed(&header);
        m.u32(ifla::NET_NS_FD, ns.fd_number());
        m.str(ifla::IFNAME, name.as_bytes());
    };
    let fill = |m: &mut Msg<'_>| {
        end(m, up(), near);
        master.iter().for_each(|index| m.i32(ifla::MASTER, *index));
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| m.nest(veth::PEER, |m| end(m, IfInfoMsg::default(), far)));
        });
    };
    via.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, fill).map(drop)
}

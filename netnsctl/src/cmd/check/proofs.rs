//! What network_namespaces(7) says, sentence by sentence: each is a [`Proof`], shown in a small [`World`].
//!
//! ```text
//!   a ──────── veth ──────── b        devices are born where they belong, over a connection in another
//!   └─ veth ── bridge ─ veth ─┘       namespace of the three; none is ever in the caller's
//!               hub
//! ```
//!
//! What isolates is shown by doing something in `a` and looking for it in `a`, where it has to be, and in `b`, where it
//! must not be. So each of these fails where `a` and `b` are one namespace; a test sees to that.

use netns_sys::netlink::{Conn, Socket};
use netns_sys::{Errno, Error, Ns, PollFd, mount, poll};
use nl_core::netfilter::{self, NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, NfGenMsg, nfta_table};
use nl_core::route::{
    self, AddrFlags, IfAddrMsg, IfInfoMsg, Link, LinkFlags, RTM_DELLINK, RTM_GETLINK, RTM_GETROUTE, RTM_NEWADDR,
    RTM_NEWLINK, RTM_NEWROUTE, RTM_SETLINK, Route, RtMsg, af, br_state, brport, ifa, ifla, info, rt_scope, rt_table,
    rta, rtn, rtnlgrp, rtprot, veth,
};
use nl_core::{Batch, ExtAck, Flags, Message, Messages, Replies, Reply};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a packet or an event may take on a busy machine: on an idle one it takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a namespace may take to die. The kernel does that one batch after the other, for the whole machine.
const LAST_RITES: Duration = Duration::from_secs(60);

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
fn is_missing(errno: Option<Errno>) -> bool {
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

fn failed(expected: impl Into<String>, seen: impl Into<String>) -> Trouble {
    Trouble::Failed { expected: expected.into(), seen: seen.into() }
}

fn expect(holds: bool, expected: &str, seen: impl Into<String>) -> Shown {
    if holds { Ok(()) } else { Err(failed(expected, seen)) }
}

/// The result of a call of std's; `expected`: what it was to do.
fn io<T>(expected: &str, result: io::Result<T>) -> Shown<T> {
    result.map_err(|e| {
        let errno = Errno::from(e);
        if is_missing(Some(errno)) { Trouble::Missing } else { failed(expected, errno.to_string()) }
    })
}

/// The call has to be refused with this errno.
fn refused<T>(expected: &str, errno: Errno, result: io::Result<T>) -> Shown {
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
    /// Hears of links, from before there were any.
    events: Socket,
}

/// What is asked of a link.
#[derive(Clone, Copy, Debug)]
struct State {
    index: i32,
    mtu: u32,
    running: bool,
    forwarding: bool,
    rx_bytes: u64,
}

impl State {
    fn read(message: &Message<'_>) -> netns_sys::Result<State> {
        let link = Link::parse(message)?;
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
        side.set("lo", |_| ())?;
        Ok(side)
    }

    /// Runs `f` in it.
    fn inside<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Shown<T> {
        Ok(self.ns.run(f)?)
    }

    /// Switches a link on, and sets what `fill` says.
    fn set(&mut self, name: &str, fill: impl Fn(&mut nl_core::Msg<'_>)) -> netns_sys::Result<()> {
        let request = |m: &mut nl_core::Msg<'_>| {
            m.fixed(&up());
            m.str(ifla::IFNAME, name.as_bytes());
            fill(m);
        };
        self.conn.request(RTM_SETLINK, Flags::empty(), request).map(drop)
    }

    /// The link of this name; `None`: there is none.
    fn link(&mut self, name: &str) -> netns_sys::Result<Option<State>> {
        let fill = |m: &mut nl_core::Msg<'_>| {
            m.fixed(&IfInfoMsg::default());
            m.str(ifla::IFNAME, name.as_bytes());
        };
        match self.conn.get(RTM_GETLINK, fill, State::read) {
            Err(e) if e.errno() == Some(Errno::ENODEV) => Ok(None),
            state => state.map(Some),
        }
    }

    /// The link, which has to be there.
    fn need(&mut self, name: &str) -> Shown<State> {
        self.link(name)?.ok_or_else(|| failed(format!("link {name} is where it was born"), "it is not there"))
    }

    /// Waits until a link is as it should be: looks, and looks again when the kernel tells of a change.
    fn until(&mut self, name: &str, what: &str, ready: impl Fn(&State) -> bool) -> Shown<State> {
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

    fn address(&mut self, link: &str, address: IpAddr, prefix_len: u8) -> Shown {
        let index = u32::try_from(self.need(link)?.index).unwrap_or(0);
        let (family, flags) = match address {
            IpAddr::V4(_) => (af::INET, AddrFlags::empty()),
            // So that it can be used at once: nobody else is there to have the same.
            IpAddr::V6(_) => (af::INET6, AddrFlags::NODAD),
        };
        let added = self.conn.request(RTM_NEWADDR, Flags::CREATE | Flags::EXCL, |m| {
            m.fixed(&IfAddrMsg { family, prefix_len, index: index.into(), ..IfAddrMsg::default() });
            let octets = |kind, m: &mut nl_core::Msg<'_>| match address {
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
            added => Ok(added.map(drop)?),
        }
    }
}

fn up() -> IfInfoMsg {
    let up = LinkFlags::UP.bits();
    IfInfoMsg { flags: up.into(), change: up.into(), ..IfInfoMsg::default() }
}

/// Waits for something to read.
fn readable(fd: BorrowedFd<'_>, end: Option<Instant>) -> Shown {
    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
    let ready = poll(&mut [PollFd::readable(fd)], left).map_err(|e| e.at("poll", ""))?;
    expect(ready > 0, "an event", "nothing came in time")
}

/// Waits for a message that `is_it`, and drops those before it and with it.
fn hear(socket: &Socket, end: Option<Instant>, mut is_it: impl FnMut(&Message<'_>) -> bool) -> Shown {
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
    fill: impl FnOnce(&mut Batch<'_>) -> std::result::Result<(), nl_core::EncodeError>,
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
    hub: Side,
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
fn pair(via: &mut Conn, near: (&Ns, &str), far: (&Ns, &str), master: Option<i32>) -> netns_sys::Result<()> {
    let end = |m: &mut nl_core::Msg<'_>, header, (ns, name): (&Ns, &str)| {
        m.fixed(&header);
        m.u32(ifla::NET_NS_FD, ns.fd_number());
        m.str(ifla::IFNAME, name.as_bytes());
    };
    let fill = |m: &mut nl_core::Msg<'_>| {
        end(m, up(), near);
        master.iter().for_each(|index| m.i32(ifla::MASTER, *index));
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| m.nest(veth::PEER, |m| end(m, IfInfoMsg::default(), far)));
        });
    };
    via.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, fill).map(drop)
}

/// A sentence and how it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// What it is about.
    pub name: &'static str,
    /// What was shown if it holds.
    pub sentence: &'static str,
    /// What the kernel needs for it.
    pub option: &'static str,
    /// That what is done in `a` is not seen in `b`.
    pub isolation: bool,
    /// Shows it.
    pub show: fn(&mut World) -> Shown,
}

const fn proof(
    isolation: bool,
    name: &'static str,
    option: &'static str,
    show: fn(&mut World) -> Shown,
    sentence: &'static str,
) -> Proof {
    Proof { name, sentence, option, isolation, show }
}

/// All of them, in the order of network_namespaces(7).
#[rustfmt::skip]
pub const PROOFS: &[Proof] = &[
    proof(true, "network devices", "CONFIG_NET_NS", devices, "each side has its own, and a loopback of its own"),
    proof(true, "IPv4 stack", "CONFIG_INET", ipv4, "an address of one side is nobody's on the other"),
    proof(true, "IPv6 stack", "CONFIG_IPV6", ipv6, "an address of one side is nobody's on the other"),
    proof(true, "routing tables", "CONFIG_INET", routes, "a route made on one side is not on the other"),
    proof(true, "firewall rules", "CONFIG_NF_TABLES", firewall, "a table of nftables made on one side is not on the other"),
    proof(true, "/proc/net", "CONFIG_PROC_FS", proc_net, "it shows the sockets of one side only"),
    proof(true, "/sys/class/net", "CONFIG_SYSFS (and Linux 5.2)", sys_class_net, "it shows the devices of one side only"),
    proof(true, "/proc/sys/net", "CONFIG_SYSCTL", proc_sys_net, "a setting changed on one side is as it was on the other"),
    proof(true, "TCP ports", "CONFIG_INET", tcp_ports, "the same port was taken on both sides at once, but not twice"),
    proof(true, "UDP ports", "CONFIG_INET", udp_ports, "the same port was taken on both sides at once, but not twice"),
    proof(true, "abstract UNIX sockets", "CONFIG_UNIX", abstract_sockets, "the same name was taken on both sides, and connects to its own"),
    proof(true, "one place for a device", "CONFIG_VETH", one_place, "moved to the other side, it is there and no longer here"),
    proof(false, "physical devices", "CONFIG_NET_NS", physical, "they go back to the initial namespace"),
    proof(false, "veth pair", "CONFIG_VETH", veth_pair, "bytes went both ways between two namespaces, by TCP and UDP"),
    proof(false, "bridge", "CONFIG_BRIDGE, CONFIG_VETH", bridge, "bytes went both ways through a bridge in a third namespace"),
    proof(false, "end of a namespace", "CONFIG_VETH", end_of_namespace, "its veth devices were destroyed, and their other ends"),
];

fn devices(w: &mut World) -> Shown {
    let before = w.b.need("lo")?.mtu;
    w.a.set("lo", |m| m.u32(ifla::MTU, 4321))?;
    expect(w.a.need("lo")?.mtu == 4321, "lo takes an MTU of 4321 on one side", "it did not change")?;
    let after = w.b.need("lo")?.mtu;
    expect(after == before, &format!("lo of the other side keeps its MTU of {before}"), format!("it has {after}"))?;
    match pair(&mut w.hub.conn, (&w.a.ns, "chk-dev0"), (&w.a.ns, "chk-dev1"), None) {
        Err(e) if is_missing(e.errno()) => return Ok(()), // no veth: the loopbacks have shown it
        made => made?,
    }
    w.a.need("chk-dev0")?;
    expect(w.b.link("chk-dev0")?.is_none(), "a device made on one side is not on the other", "it is")
}

fn stack(w: &World, address: IpAddr) -> Shown {
    let bind = || UdpSocket::bind((address, 0));
    io("an address of one side can be bound there", w.a.inside(bind)?)?;
    refused("binding it on the other side is refused", Errno::EADDRNOTAVAIL, w.b.inside(bind)?)
}

fn ipv4(w: &mut World) -> Shown {
    let address = Ipv4Addr::new(192, 0, 2, 1).into();
    w.a.address("lo", address, 32)?;
    stack(w, address)
}

fn ipv6(w: &mut World) -> Shown {
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into();
    w.a.address("lo", address, 128)?;
    stack(w, address)
}

fn routes(w: &mut World) -> Shown {
    let dst = [198, 51, 100, 0];
    let table = u8::try_from(rt_table::MAIN).unwrap_or_default();
    let header = RtMsg {
        family: af::INET,
        dst_len: 24,
        table,
        protocol: rtprot::STATIC,
        scope: rt_scope::UNIVERSE,
        kind: rtn::BLACKHOLE,
        ..RtMsg::default()
    };
    w.a.conn.request(RTM_NEWROUTE, Flags::CREATE | Flags::EXCL, |m| {
        m.fixed(&header);
        m.bytes(rta::DST, &dst);
    })?;
    let has = |side: &mut Side| {
        side.conn.dump(
            RTM_GETROUTE,
            |m| m.fixed(&RtMsg { family: af::INET, ..RtMsg::default() }),
            |found: &mut bool, message| {
                let route = Route::parse(message)?;
                *found |= (route.dst()?, route.header.dst_len, route.header.kind) == (Some(&dst), 24, rtn::BLACKHOLE);
                Ok(())
            },
        )
    };
    expect(has(&mut w.a)?, "the route is listed where it was made", "it is not")?;
    expect(!has(&mut w.b)?, "the route is not listed on the other side", "it is")
}

fn firewall(w: &mut World) -> Shown {
    const TABLE: &[u8] = b"netnsctl-check";
    const INET: u8 = 1; // NFPROTO_INET, linux/netfilter.h
    let open = |side: &Side| Socket::open_in(&side.ns, netfilter::FAMILY.protocol);
    let header = NfGenMsg { family: INET, ..NfGenMsg::default() };
    let whose = NfGenMsg { res_id: netfilter::NFNL_SUBSYS_NFTABLES.into(), ..NfGenMsg::default() };
    let make = |batch: &mut Batch<'_>| {
        // Only newer kernels (6.10) acknowledge the beginning and the end of a transaction: not asked for.
        batch.message(netfilter::NFNL_MSG_BATCH_BEGIN, Flags::REQUEST, 1, |m| m.fixed(&whose))?;
        batch.message(NFT_MSG_NEWTABLE, Flags::REQUEST | Flags::CREATE | Flags::EXCL | Flags::ACK, 2, |m| {
            m.fixed(&header);
            m.str(nfta_table::NAME, TABLE);
        })?;
        batch.message(netfilter::NFNL_MSG_BATCH_END, Flags::REQUEST, 3, |m| m.fixed(&whose))
    };
    match exchange(&open(&w.a)?, make, |_| (), |errno, _| errno)? {
        Errno(0) => {}
        // EINVAL: nfnetlink is there, nftables is not.
        e if is_missing(Some(e)) || e == Errno::EINVAL => return Err(Trouble::Missing),
        e => return Err(failed("a table can be made", e.to_string())),
    }
    let has = |side: &Side| {
        let fill = |m: &mut nl_core::Msg<'_>| {
            m.fixed(&header);
            m.str(nfta_table::NAME, TABLE);
        };
        match Conn::over(open(side)?, &netfilter::FAMILY).get(NFT_MSG_GETTABLE, fill, |_| Ok(())) {
            Err(e) if e.errno() == Some(Errno::ENOENT) => Ok(false),
            found => found.map(|()| true),
        }
    };
    expect(has(&w.a)?, "the table is there where it was made", "it is not")?;
    expect(!has(&w.b)?, "the table is not on the other side", "it is")
}

/// A socket's name without a file.
fn bind_abstract(name: &str) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&UnixAddr::from_abstract_name(name)?)
}

fn proc_net(w: &mut World) -> Shown {
    const NAME: &str = "netnsctl-check-proc";
    let _listener = io("a UNIX socket can be bound", w.a.inside(|| bind_abstract(NAME))?)?;
    let has = |side: &Side| -> Shown<bool> {
        // Not /proc/net, which is the first thread's.
        let read = side.inside(|| fs::read("/proc/thread-self/net/unix"))?;
        let text = io("/proc/thread-self/net/unix can be read", read)?;
        Ok(text.windows(NAME.len()).any(|w| w == NAME.as_bytes()))
    };
    expect(has(&w.a)?, "the socket is listed on its side", "it is not")?;
    expect(!has(&w.b)?, "the socket is not listed on the other side", "it is")
}

fn sys_class_net(w: &mut World) -> Shown {
    const ALIAS: &str = "netnsctl check";
    w.a.set("lo", |m| m.str(ifla::IFALIAS, ALIAS.as_bytes()))?;
    let alias = |side: &Side| {
        let sysfs = match side.inside(mount::sysfs)? {
            Err(e) if matches!(e.errno(), Some(Errno::ENOSYS | Errno::ENODEV)) => return Err(Trouble::Missing),
            Err(e) if e.errno() == Some(Errno::EPERM) => {
                let why =
                    "a sysfs cannot be made here: the /sys at hand is covered in part, or read-only (a container)";
                return Err(Trouble::Skipped(why.into()));
            }
            sysfs => sysfs?,
        };
        let mut text = String::new();
        let mut file = mount::open_at(sysfs.as_fd(), Path::new("class/net/lo/ifalias"))?;
        io("class/net/lo/ifalias can be read", file.read_to_string(&mut text))?;
        Ok(text.trim_end().to_owned())
    };
    let (own, other) = (alias(&w.a)?, alias(&w.b)?);
    expect(own == ALIAS, &format!("lo has the alias {ALIAS:?} on its side"), format!("{own:?}"))?;
    expect(other.is_empty(), "lo has no alias on the other side", format!("{other:?}"))
}

fn proc_sys_net(w: &mut World) -> Shown {
    // A number that the kernel keeps and never uses.
    const TAG: &str = "/proc/sys/net/ipv4/conf/lo/tag";
    let read = |side: &Side| io("the setting can be read", side.inside(|| fs::read_to_string(TAG))?);
    let before = match read(&w.b) {
        Err(_) if !Path::new("/proc/sys/net").exists() => return Err(Trouble::Missing),
        before => before?,
    };
    match w.a.inside(|| fs::write(TAG, "77"))?.map_err(Errno::from) {
        Err(e @ (Errno::EROFS | Errno::EACCES | Errno::EPERM)) => {
            return Err(Trouble::Skipped(format!("/proc/sys cannot be written here (a container): {e}")));
        }
        Err(e) => return Err(failed("the setting can be changed", e.to_string())),
        Ok(()) => {}
    }
    let (own, other) = (read(&w.a)?, read(&w.b)?);
    expect(own.trim() == "77", "the setting is 77 on its side", own.trim())?;
    expect(other == before, &format!("the setting is {} on the other side", before.trim()), other.trim())
}

/// A port taken on one side is free on the other, and taken.
fn ports<S: Send>(w: &World, bind: fn(SocketAddr) -> io::Result<S>, port: fn(&S) -> io::Result<SocketAddr>) -> Shown {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let first = io("a port can be bound", w.a.inside(|| bind(any))?)?;
    let same = io("a socket has an address", port(&first))?;
    let what = format!("port {} can be bound on the other side too", same.port());
    let _second = io(&what, w.b.inside(|| bind(same))?)?;
    refused("binding it a second time is refused", Errno::EADDRINUSE, w.a.inside(|| bind(same))?)
}

fn tcp_ports(w: &mut World) -> Shown {
    ports(w, TcpListener::bind, TcpListener::local_addr)
}

fn udp_ports(w: &mut World) -> Shown {
    ports(w, UdpSocket::bind, UdpSocket::local_addr)
}

fn abstract_sockets(w: &mut World) -> Shown {
    const NAME: &str = "netnsctl-check";
    let connect = || UnixStream::connect_addr(&UnixAddr::from_abstract_name(NAME)?);
    let _first = io("a name can be bound", w.a.inside(|| bind_abstract(NAME))?)?;
    refused("connecting from the other side is refused", Errno::ECONNREFUSED, w.b.inside(connect)?)?;
    let second = io("the name can be bound on the other side too", w.b.inside(|| bind_abstract(NAME))?)?;
    let mut client = io("connecting on the other side works", w.b.inside(connect)?)?;
    io("its own listener is told", second.set_nonblocking(true))?;
    readable(second.as_fd(), Instant::now().checked_add(PATIENCE))?;
    let (mut server, _) = io("its own listener accepts", second.accept())?;
    let mut byte = [0];
    io("a byte is sent", client.write_all(b"x"))?;
    io("a byte is received", server.read_exact(&mut byte))
}

fn one_place(w: &mut World) -> Shown {
    const NAME: &str = "chk-move";
    pair(&mut w.a.conn, (&w.a.ns, NAME), (&w.hub.ns, "chk-stay"), None)?;
    w.a.need(NAME)?;
    expect(w.b.link(NAME)?.is_none(), "before, the device is not on the other side", "it is")?;
    let to = w.b.ns.fd_number();
    w.a.set(NAME, |m| m.u32(ifla::NET_NS_FD, to))?;
    expect(w.b.link(NAME)?.is_some(), "the device is where it was moved", "it is not")?;
    expect(w.a.link(NAME)?.is_none(), "the device is no longer where it was", "it is")
}

fn physical(_: &mut World) -> Shown {
    let has_hardware = |name: &str| Path::new("/sys/class/net").join(name).join("device").exists();
    let names = fs::read_dir("/sys/class/net").into_iter().flatten().flatten().map(|e| e.file_name());
    let names: Vec<String> = names.filter_map(|n| n.into_string().ok()).filter(|n| has_hardware(n)).collect();
    Err(Trouble::Skipped(match names.is_empty() {
        true => "this takes a physical device to give away, and there is none here".into(),
        false => format!("this would take {} away from here for a while: not done", names.join(", ")),
    }))
}

/// Bytes that differ by `seed`.
fn payload(seed: u8, len: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().skip(seed.into()).step_by(3).take(len).collect()
}

/// How much the proofs send each way by TCP.
const STREAM: usize = 8000;

/// Sends bytes from `a` to an address of `b`'s and back, by TCP and by UDP, and compares.
fn carry(a: &Side, b: &Side, to: IpAddr) -> Shown {
    let listener = io("listening works", b.inside(|| TcpListener::bind((to, 0)))?)?;
    let at = io("a socket has an address", listener.local_addr())?;
    let client = io("a TCP connection is made", a.inside(|| TcpStream::connect_timeout(&at, PATIENCE))?)?;
    readable(listener.as_fd(), Instant::now().checked_add(PATIENCE))?;
    let (server, _) = io("a TCP connection is accepted", listener.accept())?;
    for (mut from, mut to, seed) in [(&client, &server, 1), (&server, &client, 2)] {
        let (sent, mut got) = (payload(seed, STREAM), vec![0; STREAM]);
        io("reading can be bounded in time", to.set_read_timeout(Some(PATIENCE)))?;
        io("bytes are sent by TCP", from.write_all(&sent))?;
        io("bytes come by TCP", to.read_exact(&mut got))?;
        expect(sent == got, "the bytes that were sent by TCP", "others")?;
    }
    let any = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    let server = io("a UDP socket is bound", b.inside(|| UdpSocket::bind((to, 0)))?)?;
    let client = io("a UDP socket is bound", a.inside(|| UdpSocket::bind((any, 0)))?)?;
    let mut dest = io("a socket has an address", server.local_addr())?;
    for (from, to, seed) in [(&client, &server, 3), (&server, &client, 4)] {
        let (sent, mut got) = (payload(seed, 1000), vec![0; 2000]);
        io("reading can be bounded in time", to.set_read_timeout(Some(PATIENCE)))?;
        io("a datagram is sent", from.send_to(&sent, dest))?;
        let (len, source) = io("a datagram comes", to.recv_from(&mut got))?;
        expect(got.get(..len) == Some(&sent), "the bytes that were sent by UDP", "others")?;
        dest = source;
    }
    Ok(())
}

/// Gives both ends an address each, IPv4 and (if there is IPv6) IPv6, carries bytes, and looks whether they went by there.
fn carry_over(w: &mut World, net: u8, near: &str, far: &str) -> Shown {
    let v4 = |host| Ipv4Addr::new(10, 0, net, host).into();
    w.a.address(near, v4(1), 24)?;
    w.b.address(far, v4(2), 24)?;
    carry(&w.a, &w.b, v4(2))?;
    let v6 = |host| Ipv6Addr::new(0xfd00, 0, 0, net.into(), 0, 0, 0, host).into();
    match w.a.address(near, v6(1), 64) {
        Err(Trouble::Missing | Trouble::Skipped(_)) => {} // said elsewhere
        added => {
            added?;
            w.b.address(far, v6(2), 64)?;
            carry(&w.a, &w.b, v6(2))?;
        }
    }
    for (side, name) in [(&mut w.a, near), (&mut w.b, far)] {
        let got = side.need(name)?.rx_bytes;
        let least = u64::try_from(STREAM).unwrap_or_default();
        expect(got >= least, &format!("{name} has received at least {least} bytes"), format!("{got}"))?;
    }
    Ok(())
}

fn veth_pair(w: &mut World) -> Shown {
    let (near, far) = ("chk-a", "chk-b");
    pair(&mut w.hub.conn, (&w.a.ns, near), (&w.b.ns, far), None)?;
    w.b.set(far, |_| ())?;
    w.a.until(near, "up", |l| l.running)?;
    w.b.until(far, "up", |l| l.running)?;
    carry_over(w, 1, near, far)
}

fn bridge(w: &mut World) -> Shown {
    let (near, far, name) = ("chk-bra", "chk-brb", "chk-br");
    w.hub.conn.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, |m| {
        m.fixed(&up());
        m.str(ifla::IFNAME, name.as_bytes());
        m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"bridge"));
    })?;
    let master = Some(w.hub.need(name)?.index);
    for (side, port, end) in [(&mut w.a, "chk-port0", near), (&mut w.b, "chk-port1", far)] {
        pair(&mut w.hub.conn, (&w.hub.ns, port), (&side.ns, end), master)?;
        side.set(end, |_| ())?;
        side.until(end, "up", |l| l.running)?;
        w.hub.until(port, "up and a port that forwards", |l| l.running && l.forwarding)?;
    }
    carry_over(w, 2, near, far)
}

fn end_of_namespace(w: &mut World) -> Shown {
    const NAME: &str = "chk-left";
    let doomed = Ns::create()?;
    pair(&mut w.hub.conn, (&w.a.ns, NAME), (&doomed, "chk-doomed"), None)?;
    let index = w.a.need(NAME)?.index;
    drop(doomed);
    let end = Instant::now().checked_add(LAST_RITES);
    hear(&w.a.events, end, |m| m.kind() == RTM_DELLINK && State::read(m).is_ok_and(|l| l.index == index))
        .map_err(|_| failed(format!("the kernel tells that {NAME} is gone"), "it was not told in time"))?;
    expect(w.a.link(NAME)?.is_none(), "the other end is gone", "it is there")
}

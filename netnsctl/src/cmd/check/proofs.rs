//! What network_namespaces(7) says, sentence by sentence: each is a [`Proof`], shown in a small [`World`].
//!
//! ```text
//!   a ──────── veth ──────── b        devices are born where they belong, over a connection in another
//!   └─ veth ── bridge ─ veth ┘        namespace of the three; none is ever in the caller's
//!               hub
//! ```
//!
//! What isolates is shown by doing something in `a` and looking for it in `a`, where it has to be, and in `b`, where it
//! must not be; bytes are carried from one to the other over a device that has to count them. So each of these fails where
//! `a` and `b` are one namespace: a test sees to that.

use super::world::{LAST_RITES, PATIENCE, Shown, Side, State, Trouble, World};
use super::world::{exchange, expect, failed, hear, io, is_missing, pair, readable, refused, up};
use netns_sys::netlink::{Conn, Socket};
use netns_sys::{Errno, Ns, mount};
use nl_core::netfilter::{self, NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, NfGenMsg, nfta_table};
use nl_core::route::{
    RTM_DELLINK, RTM_GETROUTE, RTM_NEWLINK, RTM_NEWROUTE, Route, RtMsg, af, ifla, info, rt_table, rta, rtn, rtprot,
};
use nl_core::{Batch, Flags, Msg};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::path::Path;
use std::time::Instant;

/// A sentence and how it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// What it is about.
    pub name: &'static str,
    /// What was shown if it holds.
    pub sentence: &'static str,
    /// What the kernel needs for it.
    pub option: &'static str,
    /// It fails where `a` and `b` are one namespace.
    pub two_sides: bool,
    /// Shows it.
    pub show: fn(&mut World) -> Shown,
}

const fn proof(
    two_sides: bool,
    name: &'static str,
    option: &'static str,
    show: fn(&mut World) -> Shown,
    sentence: &'static str,
) -> Proof {
    Proof { name, sentence, option, two_sides, show }
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
    proof(true, "/sys/class/net", "CONFIG_SYSFS (and Linux 5.2)", sys_class_net, "each side has one that shows its own devices"),
    proof(true, "/proc/sys/net", "CONFIG_SYSCTL", proc_sys_net, "a setting changed on one side is as it was on the other"),
    proof(true, "TCP ports", "CONFIG_INET", tcp_ports, "the same port was taken on both sides at once, but not twice"),
    proof(true, "UDP ports", "CONFIG_INET", udp_ports, "the same port was taken on both sides at once, but not twice"),
    proof(true, "abstract UNIX sockets", "CONFIG_UNIX", abstract_sockets, "the same name was taken on both sides, and connects to its own"),
    proof(true, "one place for a device", "CONFIG_VETH", one_place, "moved to the other side, it is there and no longer here"),
    proof(false, "physical devices", "CONFIG_NET_NS", physical, "they go back to the initial namespace"),
    proof(true, "veth pair", "CONFIG_VETH", veth_pair, "bytes went both ways between two namespaces, by TCP and UDP"),
    proof(true, "bridge", "CONFIG_BRIDGE, CONFIG_VETH", bridge, "bytes went both ways through a bridge in a third namespace"),
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
                let route = Route::whole(message)?;
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
        let fill = |m: &mut Msg<'_>| {
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

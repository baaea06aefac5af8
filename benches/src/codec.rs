//! What is measured of the codec: tasks over real captures, each done by several, who all have to find the same.
//!
//! A run of a task reads or writes a hundred messages or so; figures are for one message.

use nl_core::pretty::Pretty;
use nl_core::route::{
    Addr, FAMILY, IfAddrMsg, IfInfoMsg, Link, NdMsg, Neigh, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE,
    Route, RtMsg, ifla, info, rta, veth,
};
use nl_core::wire::NLMSG_ERROR;
use nl_core::{Batch, Flags, Message, Messages, Replies, Reply};
use std::fmt::{self, Write};
use std::hint::black_box;

/// A dump of 100 IPv4 routes: 60 bytes and 4 attributes each.
pub const ROUTES: &[u8] = include_bytes!("../../nl-core/tests/golden/route.bin");
/// A dump of 24 links: 1,491 bytes and 40 attributes each.
pub const LINKS: &[u8] = include_bytes!("../../nl-core/tests/golden/link.bin");
/// A dump of 60 IPv4 addresses.
pub const ADDRS: &[u8] = include_bytes!("../../nl-core/tests/golden/addr.bin");
/// A dump of 60 neighbours.
pub const NEIGHS: &[u8] = include_bytes!("../../nl-core/tests/golden/neigh.bin");

/// How many messages a run writes.
pub const WRITTEN: u32 = 100;

/// One who does a task. What comes back is what was found, or a checksum of what was written.
pub struct Runner {
    /// Its name.
    pub who: &'static str,
    /// A whole run.
    pub run: Box<dyn FnMut() -> u64>,
}

/// Something to do.
pub struct Task {
    /// What.
    pub name: &'static str,
    /// Messages in a run.
    pub messages: u32,
    /// Who does it: floors first, then the codec (called [`OURS`]), then others.
    pub runners: Vec<Runner>,
}

/// The codec that all this is about.
pub const OURS: &str = "nl-core";
/// The floor that parsing has to come near to.
pub const TOUCH: &str = "floor: touch every attribute";

impl Task {
    fn new(name: &'static str, messages: u32) -> Self {
        Self { name, messages, runners: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, who: &'static str, run: impl FnMut() -> u64 + 'static) {
        self.runners.push(Runner { who, run: Box::new(run) });
    }

    fn with(mut self, who: &'static str, run: impl FnMut() -> u64 + 'static) -> Self {
        self.push(who, run);
        self
    }

    /// The codec's.
    #[must_use]
    pub fn ours(&mut self) -> &mut Runner {
        self.runners.iter_mut().find(|r| r.who == OURS).expect("one of ours")
    }
}

/// All tasks.
#[must_use]
pub fn tasks() -> Vec<Task> {
    let parse = |name, capture: &'static [u8], header: usize, ours: fn(&[u8]) -> u64| {
        Task::new(name, u32::try_from(Messages::new(capture).count() - 1).expect("few"))
            .with("floor: sum of u64", || sum(black_box(capture)))
            .with(TOUCH, move || touch(black_box(capture), header))
            .with(OURS, move || ours(black_box(capture)))
    };
    let write = |name, floor: fn(&mut [u8]) -> usize, ours: fn(&mut [u8]) -> usize| {
        Task::new(name, WRITTEN).with("floor: fixed layout", written(floor)).with(OURS, written(ours))
    };
    let answers = acks();
    let listed = |what: &[u8]| Pretty::new(what, &FAMILY).to_string();
    let (text, mut copy) = (listed(ROUTES), Buf::default());
    let mut out = Buf::default();
    vec![
        parse("parse route", ROUTES, size_of::<RtMsg>(), routes),
        parse("parse link", LINKS, size_of::<IfInfoMsg>(), links),
        parse("parse addr", ADDRS, size_of::<IfAddrMsg>(), addrs),
        parse("parse neigh", NEIGHS, size_of::<NdMsg>(), neighs),
        write("encode NEWROUTE", route_fixed, route),
        write("encode NEWLINK veth", veth_fixed, veth_pair),
        Task::new("reply machine", WRITTEN)
            .with("floor: number of each", {
                let answers = answers.clone();
                move || acked(black_box(&answers))
            })
            .with(OURS, move || replied(black_box(&answers))),
        Task::new("pretty, route", 101)
            .with("floor: copy of the text", move || {
                copy.len = 0;
                copy.write_str(black_box(&text)).map_or(0, |()| copy.len as u64)
            })
            .with(OURS, move || {
                out.len = 0;
                write!(out, "{}", Pretty::new(black_box(ROUTES), &FAMILY)).map_or(0, |()| out.len as u64)
            }),
    ]
}

/// Text in memory that is there already.
struct Buf {
    bytes: Vec<u8>,
    len: usize,
}

impl Default for Buf {
    fn default() -> Self {
        Self { bytes: vec![0; 1 << 16], len: 0 }
    }
}

impl Write for Buf {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let end = self.len + s.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// A run that writes [`WRITTEN`] messages, one over the other; a checksum of the last comes back.
pub fn written(mut one: impl FnMut(&mut [u8]) -> usize) -> impl FnMut() -> u64 {
    let mut buf = vec![0; 512];
    move || {
        let mut len = 0;
        for _ in 0..WRITTEN {
            len = one(black_box(&mut buf));
        }
        fingerprint(buf.get(..len).unwrap_or_default())
    }
}

/// Tells written messages apart, whatever the order of their attributes and whether nests are marked as such; cheap.
#[must_use]
pub fn fingerprint(message: &[u8]) -> u64 {
    message.iter().map(|b| u64::from(*b & 0x7f)).sum::<u64>() + (message.len() as u64) * 65_536
}

/// The memory floor.
#[must_use]
pub fn sum(buf: &[u8]) -> u64 {
    buf.chunks_exact(8).fold(0, |s, c| s.wrapping_add(c.first_chunk().map_or(0, |c| u64::from_ne_bytes(*c))))
}

/// The floor of parsing: every message's length, and of every attribute length, type and the
/// value's first byte, added up. `fixed` is the size of the fixed header.
#[must_use]
pub fn touch(mut buf: &[u8], fixed: usize) -> u64 {
    let mut sum = 0;
    while let Some(head) = buf.first_chunk::<4>() {
        let len = u32::from_ne_bytes(*head) as usize;
        let mut attrs = buf.get(16 + fixed..len).unwrap_or_default();
        while let Some(&[a, b, c, d]) = attrs.first_chunk::<4>() {
            let alen = usize::from(u16::from_ne_bytes([a, b]));
            let Some(value) = attrs.get(4..alen) else { break };
            sum += u64::from(u16::from_ne_bytes([c, d])) + u64::from(value.first().copied().unwrap_or(0));
            attrs = attrs.get((alen + 3) & !3..).unwrap_or_default();
        }
        buf = buf.get((len + 3) & !3..).unwrap_or_default();
    }
    sum
}

/// The first four bytes as a big-endian number: what is summed up of an address.
#[must_use]
pub fn be(bytes: Option<&[u8]>) -> u64 {
    bytes.and_then(|b| b.first_chunk::<4>()).map_or(0, |b| u64::from(u32::from_be_bytes(*b)))
}

/// The first byte: what is summed up of a name.
#[must_use]
pub fn first(bytes: Option<&[u8]>) -> u64 {
    u64::from(bytes.and_then(|b| b.first()).copied().unwrap_or(0))
}

fn parsed(buf: &[u8], kind: u16, one: impl Fn(&Message<'_>) -> Result<u64, nl_core::DecodeError>) -> u64 {
    let mut sum = 0;
    for message in Messages::new(buf) {
        let message = message.expect("a message");
        if message.kind() == kind {
            sum += one(&message).expect("values of their sizes");
        }
    }
    sum
}

/// Four fields of each route: all it has.
#[must_use]
pub fn routes(buf: &[u8]) -> u64 {
    parsed(buf, RTM_NEWROUTE, |message| {
        let route = Route::parse(message)?;
        Ok(be(route.dst()?)
            + be(route.gateway()?)
            + u64::from(route.oif()?.unwrap_or(0))
            + u64::from(route.priority()?.unwrap_or(0)))
    })
}

/// Ten fields of each link: the ones a listing shows.
#[must_use]
pub fn links(buf: &[u8]) -> u64 {
    parsed(buf, RTM_NEWLINK, |message| {
        let link = Link::parse(message)?;
        Ok(first(link.name()?)
            + first(link.address()?)
            + first(link.qdisc()?)
            + u64::from(link.mtu()?.unwrap_or(0))
            + u64::from(link.link()?.unwrap_or(0))
            + u64::from(link.txqlen()?.unwrap_or(0))
            + u64::from(link.group()?.unwrap_or(0))
            + u64::from(link.operstate()?.unwrap_or_default().0)
            + u64::from(link.linkmode()?.unwrap_or(0))
            + u64::from(link.carrier()?.unwrap_or(0)))
    })
}

/// Four fields of each address.
#[must_use]
pub fn addrs(buf: &[u8]) -> u64 {
    parsed(buf, RTM_NEWADDR, |message| {
        let addr = Addr::parse(message)?;
        Ok(be(addr.local()?)
            + be(addr.address()?)
            + first(addr.label()?)
            + u64::from(addr.cacheinfo()?.map_or(0, |c| c.valid.get())))
    })
}

/// Three fields of each neighbour.
#[must_use]
pub fn neighs(buf: &[u8]) -> u64 {
    parsed(buf, RTM_NEWNEIGH, |message| {
        let neigh = Neigh::parse(message)?;
        Ok(be(neigh.dst()?) + first(neigh.lladdr()?) + u64::from(neigh.probes()?.unwrap_or(0)))
    })
}

/// Of a new route: flags, header, attributes.
const NEW: Flags = Flags::REQUEST.union(Flags::CREATE).union(Flags::EXCL);

fn route(buf: &mut [u8]) -> usize {
    let mut batch = Batch::new(buf);
    let header = RtMsg { family: 2, dst_len: 24, table: 254, protocol: 3, kind: 1, ..RtMsg::default() };
    let done = batch.message(RTM_NEWROUTE, NEW, 7, |m| {
        m.fixed(&header);
        m.bytes(rta::DST, &[10, 1, 2, 0]);
        m.bytes(rta::GATEWAY, &[10, 0, 0, 1]);
        m.u32(rta::OIF, 3);
        m.u32(rta::PRIORITY, 100);
    });
    done.expect("space");
    batch.bytes().len()
}

/// The floor of encoding: the same bytes at fixed places.
fn route_fixed(buf: &mut [u8]) -> usize {
    let Some(b) = buf.first_chunk_mut::<60>() else { return 0 };
    b[0..4].copy_from_slice(&60_u32.to_ne_bytes());
    b[4..6].copy_from_slice(&24_u16.to_ne_bytes());
    b[6..8].copy_from_slice(&0x601_u16.to_ne_bytes());
    b[8..12].copy_from_slice(&7_u32.to_ne_bytes());
    b[12..16].fill(0);
    b[16..28].copy_from_slice(&[2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]);
    let attrs = [(1_u16, [10, 1, 2, 0]), (5, [10, 0, 0, 1]), (4, 3_u32.to_ne_bytes()), (6, 100_u32.to_ne_bytes())];
    for (i, (kind, value)) in attrs.into_iter().enumerate() {
        let at = 28 + 8 * i;
        b[at..at + 2].copy_from_slice(&8_u16.to_ne_bytes());
        b[at + 2..at + 4].copy_from_slice(&kind.to_ne_bytes());
        b[at + 4..at + 8].copy_from_slice(&value);
    }
    60
}

/// Names and open files of the namespaces of both ends.
const ENDS: [(&str, u32); 2] = [("v0", 5), ("w0", 6)];

fn veth_pair(buf: &mut [u8]) -> usize {
    let mut batch = Batch::new(buf);
    let [(name, ns), (peer, peer_ns)] = ENDS;
    let done = batch.message(RTM_NEWLINK, NEW, 7, |m| {
        m.fixed(&IfInfoMsg::default());
        m.str(ifla::IFNAME, name.as_bytes());
        m.u32(ifla::NET_NS_FD, ns);
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| {
                m.nest(veth::PEER, |m| {
                    m.fixed(&IfInfoMsg::default());
                    m.str(ifla::IFNAME, peer.as_bytes());
                    m.u32(ifla::NET_NS_FD, peer_ns);
                });
            });
        });
    });
    done.expect("space");
    batch.bytes().len()
}

/// The same at fixed places.
fn veth_fixed(buf: &mut [u8]) -> usize {
    let Some(b) = buf.first_chunk_mut::<104>() else { return 0 };
    b.fill(0);
    b[0..4].copy_from_slice(&104_u32.to_ne_bytes());
    b[4..6].copy_from_slice(&16_u16.to_ne_bytes());
    b[6..8].copy_from_slice(&0x601_u16.to_ne_bytes());
    b[8..12].copy_from_slice(&7_u32.to_ne_bytes());
    let mut attr = |at: usize, len: u16, kind: u16, value: &[u8]| {
        b[at..at + 2].copy_from_slice(&len.to_ne_bytes());
        b[at + 2..at + 4].copy_from_slice(&kind.to_ne_bytes());
        b[at + 4..at + 4 + value.len()].copy_from_slice(value);
    };
    attr(32, 7, 3, b"v0");
    attr(40, 8, 28, &5_u32.to_ne_bytes());
    attr(48, 56, 18, &[]);
    attr(52, 9, 1, b"veth");
    attr(64, 40, 2, &[]);
    attr(68, 36, 1, &[]);
    attr(88, 7, 3, b"w0");
    attr(96, 8, 28, &6_u32.to_ne_bytes());
    104
}

/// [`WRITTEN`] acknowledgements, one behind the other.
fn acks() -> Vec<u8> {
    let mut buf = vec![0; 40 * WRITTEN as usize];
    let mut batch = Batch::new(&mut buf);
    for seq in 0..WRITTEN {
        let done = batch.message(NLMSG_ERROR, Flags::CAPPED, seq, |m| {
            m.raw(&0_i32.to_ne_bytes());
            m.raw(&[0; 16]); // the request's header
        });
        done.expect("space");
    }
    batch.bytes().to_vec()
}

/// The floor of classifying answers: how many are acknowledgements of what was sent.
fn acked(mut buf: &[u8]) -> u64 {
    let mut count = 0;
    while let Some((head, rest)) = buf.split_first_chunk::<20>() {
        let word = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let kind = u16::from_ne_bytes([head[4], head[5]]);
        count += u64::from(kind == NLMSG_ERROR && word(8) < WRITTEN && word(16) == 0);
        let Some(next) = (word(0) as usize).checked_sub(20) else { break };
        buf = rest.get(next..).unwrap_or_default();
    }
    count
}

fn replied(buf: &[u8]) -> u64 {
    let mut replies = Replies::new(0, WRITTEN, 0);
    let mut count = 0;
    for message in Messages::new(buf) {
        if let Ok((_, Reply::Ack(_))) = replies.accept(message.expect("a message")) {
            count += 1;
        }
    }
    assert!(replies.is_complete());
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::wire::NLMSG_DONE;

    #[test]
    fn what_is_compared_is_the_same() {
        for mut task in tasks() {
            let ours = (task.ours().run)();
            assert_ne!(ours, 0, "{}", task.name);
            for runner in &mut task.runners {
                let same = (runner.run)() == ours;
                assert!(same || task.name.starts_with("parse"), "{}: {}", task.name, runner.who);
            }
        }
    }

    #[test]
    fn floors_of_encoding_write_the_same_bytes() {
        for (ours, floor) in
            [(route as fn(&mut [u8]) -> usize, route_fixed as fn(&mut [u8]) -> usize), (veth_pair, veth_fixed)]
        {
            let (mut a, mut b) = ([0xaa; 512], [0xaa; 512]);
            let (len, same) = (ours(&mut a), floor(&mut b));
            assert_eq!(a[..len], b[..same]);
        }
    }

    #[test]
    fn captures_are_dumps_to_their_end() {
        for capture in [ROUTES, LINKS, ADDRS, NEIGHS] {
            assert_eq!(Messages::new(capture).last().unwrap().unwrap().kind(), NLMSG_DONE);
        }
    }
}

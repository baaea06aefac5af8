//! `netns delete --wait`: until the other ends of the namespace's links are really gone.
//!
//! Removing a name returns at once; the kernel takes the namespace down later. What shows that it
//! is done is the `RTM_DELLINK` of each peer, in the namespace the peer is in. So before the name
//! is removed, the peers are found, and a socket in each of their namespaces listens.

use crate::cmd::{Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::show;
use netns_sys::holders::{Look, holders};
use netns_sys::netlink::{Conn, Socket};
use netns_sys::sort::gather;
use netns_sys::{Error, Ns, NsId, PollFd, poll};
use nl_core::Messages;
use nl_core::route::{
    self, IfInfoMsg, Link, NSID_NOT_ASSIGNED, Nsid, RTM_DELLINK, RTM_GETLINK, RTM_GETNSID, RtGenMsg, netnsa, rtnlgrp,
};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The kinds of links that are one of a pair, and die with the other.
const PAIRED: [&[u8]; 3] = [b"veth", b"netkit", b"vxcan"];

/// The links that will go with a namespace, and sockets that will hear of it.
#[derive(Debug)]
pub(super) struct Peers {
    id: NsId,
    places: Vec<Place>,
    /// Peers in namespaces that have no name: they cannot be watched.
    unseen: usize,
}

/// Peers in one namespace.
#[derive(Debug)]
struct Place {
    conn: Conn,
    events: Socket,
    pending: BTreeSet<i32>,
}

impl Peers {
    /// Finds the peers of the links in namespace `name`. `None`: it leads to no namespace.
    pub(super) fn of(session: &Session, name: &OsStr) -> Result<Option<Peers>> {
        let task = format!("find the peers of namespace {}", show(name));
        match session.dir.open(name) {
            Err(Error::Stale { .. } | Error::NotNetns { .. }) => Ok(None), // its removal will say what it is
            Ok(ns) => done(&task, Peers::find(session, &ns)).map(Some),
            Err(error) => Err(Failure::of(&task, &error)),
        }
    }

    fn find(session: &Session, ns: &Ns) -> netns_sys::Result<Peers> {
        let id = ns.id()?;
        let mut conn = Conn::open_in(ns, &route::FAMILY)?;
        // (the namespace's id as seen from `ns`, the peer's index there)
        let mut peers: Vec<(i32, i32)> = conn.dump(
            RTM_GETLINK,
            |m| m.fixed(&IfInfoMsg::default()),
            |peers: &mut Vec<_>, message| {
                let link = Link::whole(message)?;
                let kind = link.info()?.and_then(|info| info.kind().ok().flatten()).unwrap_or_default();
                let index = link.link()?.and_then(|i| i32::try_from(i).ok());
                peers.extend(link.link_netnsid()?.zip(index).filter(|_| PAIRED.contains(&kind)));
                Ok(())
            },
        )?;
        let mut places = Vec::new();
        let named = session.dir.list()?.into_iter().filter(|e| e.state.id().is_some_and(|other| *other != id));
        let candidates = std::iter::once(Ns::current()).chain(named.map(|e| session.dir.open(&e.name)));
        for candidate in candidates {
            if peers.is_empty() {
                break;
            }
            let Ok(candidate) = candidate else { continue };
            let nsid = conn.get(
                RTM_GETNSID,
                |m| {
                    m.fixed(&RtGenMsg::default());
                    m.u32(netnsa::FD, candidate.fd_number());
                },
                |message| Ok(Nsid::parse(message)?.nsid()?.unwrap_or(NSID_NOT_ASSIGNED)),
            )?;
            let pending: BTreeSet<i32> = gather(peers.iter().filter(|p| p.0 == nsid).map(|p| p.1));
            if !pending.is_empty() {
                peers.retain(|p| p.0 != nsid);
                let events = Socket::open_in(&candidate, route::FAMILY.protocol)?;
                events.join(rtnlgrp::LINK)?;
                places.push(Place { conn: Conn::open_in(&candidate, &route::FAMILY)?, events, pending });
            }
        }
        Ok(Peers { id, places, unseen: peers.len() })
    }

    /// Waits until they are gone, at most `limit`. `name` was the namespace's.
    pub(super) fn wait(mut self, name: &OsStr, limit: Duration) -> Result<()> {
        let name = show(name);
        let held = holders(&self.id, Look { threads: true, ..Look::default() }).ok();
        if let Some(pid) = held.as_ref().and_then(|h| h.found.first()?.pid()) {
            let message = format!("the name {name} is deleted, but process {pid} keeps the namespace and its links");
            return Err(Failure::new(code::FAILED, message).hint("  end that process, and the namespace goes with it"));
        }
        let end = Instant::now().checked_add(limit);
        while !self.places.is_empty() {
            for place in &mut self.places {
                done("hear of links that go", place.hear())?;
            }
            self.places.retain(|place| !place.pending.is_empty());
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if self.places.is_empty() || left.is_some_and(|left| left.is_zero()) {
                break;
            }
            let mut fds: Vec<PollFd<'_>> = self.places.iter().map(|p| PollFd::readable(p.events.as_fd())).collect();
            if let Err(errno) = poll(&mut fds, left) {
                return Err(Failure::of("wait for links to go", &errno.at("wait for events", "")));
            }
        }
        let left = self.places.iter().map(|place| place.pending.len()).fold(self.unseen, usize::saturating_add);
        if left == 0 {
            return Ok(());
        }
        let message = match self.unseen {
            0 => format!(
                "the name {name} is deleted, but after {} s {left} peers of its links are still there",
                limit.as_secs()
            ),
            n => format!(
                "the name {name} is deleted, but {n} peers of its links are in namespaces without a name: not waited for"
            ),
        };
        Err(Failure::new(code::FAILED, message))
    }
}

impl Place {
    /// Takes note of the links that went since.
    fn hear(&mut self) -> netns_sys::Result<()> {
        let mut buf = vec![0; 32 * 1024];
        loop {
            let bytes = match self.events.try_recv(&mut buf) {
                Ok(None) => return Ok(()),
                Ok(Some(datagram)) => datagram.bytes,
                // Something was missed: look what is still there.
                Err(Error::Overrun | Error::Truncated { .. }) => {
                    let there: BTreeSet<i32> = self.conn.dump(
                        RTM_GETLINK,
                        |m| m.fixed(&IfInfoMsg::default()),
                        |there: &mut BTreeSet<i32>, message| {
                            there.insert(Link::whole(message)?.index());
                            Ok(())
                        },
                    )?;
                    self.pending.retain(|index| there.contains(index));
                    continue;
                }
                Err(error) => return Err(error),
            };
            for message in Messages::new(bytes) {
                let message = message?;
                if message.kind() == RTM_DELLINK {
                    self.pending.remove(&Link::whole(&message)?.index());
                }
            }
        }
    }
}

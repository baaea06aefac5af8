//! `fw monitor`: what changes, as `nft monitor` shows it.

use super::failed;
use crate::cmd::Session;
use crate::failure::{Failure, Result, code};
use crate::fw::ruleset::Ruleset;
use crate::fw::show::{Links, event};
use crate::out::{Format, Out};
use netns_sys::Error;
use netns_sys::netlink::Socket;
use nl_core::Messages;
use nl_core::netfilter::{self, nfnlgrp};

/// Room for a notification: the kernel puts a transaction's into datagrams of at most this, where it can.
const ROOM: usize = 64 * 1024;

pub(super) fn run(session: &mut Session) -> Result<()> {
    let task = "watch the rules";
    let open = || Socket::open_for(netfilter::FAMILY.protocol, &[nfnlgrp::NFTABLES]);
    let socket = session.inside(open)?.map_err(|e| failed(task, &e))?;
    if let Some(bytes) = session.options.rcvbuf {
        socket.set_receive_buffer(bytes).map_err(|e| failed(task, &e))?;
    }
    // Sets that rules to come use: an anonymous one is told before its rule.
    let mut known = Ruleset::read(session.netfilter()?, Default::default()).map_err(|e| failed(task, &e))?;
    if session.options.json {
        session.out = Out::new(Format::JsonSpaced, session.out.style());
    }
    let mut buf = vec![0; ROOM];
    loop {
        let datagram = match socket.recv(&mut buf) {
            Ok(datagram) => datagram.bytes.to_vec(),
            Err(Error::Overrun) => {
                session.warn("the kernel had no room for some changes, which are not shown: -rcvbuf BYTES");
                continue;
            }
            Err(Error::Truncated { need, .. }) => {
                session.warn("a change was too large to be shown");
                buf.resize(need, 0);
                continue;
            }
            Err(error) => return Err(failed(task, &error)),
        };
        for message in Messages::new(&datagram) {
            let message = message.map_err(|e| Failure::new(code::FAILED, format!("cannot {task}: {e}")))?;
            known.note(&message);
            let (conn, out) = session.conn_and_out()?;
            event(out, &known, &mut Links::new(Some(conn)), &message).map_err(|e| failed(task, &e))?;
        }
        session.flush()?;
    }
}

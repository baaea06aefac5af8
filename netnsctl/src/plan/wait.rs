//! Until what was made can be used: links that are set up are up, and IPv6 addresses are not tentative any more.

use crate::failure::{Failure, Result, code};
use netns_sys::netlink::{Conn, Socket};
use netns_sys::{Dir, PollFd, poll};
use nl_core::route::{
    Addr, AddrFlags, FAMILY, IfAddrMsg, IfInfoMsg, Link, LinkFlags, OperState, RTM_GETADDR, RTM_GETLINK, ifla,
    rtext_filter,
};
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

/// linux/rtnetlink.h: `RTNLGRP_LINK`, `RTNLGRP_IPV6_IFADDR`.
const GROUPS: [u32; 2] = [1, 9];

/// Waits until all is usable in these namespaces (an empty name: where the program is), `limit` long at most.
///
/// # Errors
/// Something is not: which.
pub(crate) fn until_usable(dir: &Dir, names: &[OsString], limit: Duration) -> Result<()> {
    let until = Instant::now().checked_add(limit);
    for name in names {
        let wait = || wait_here(until);
        let waited = match name.is_empty() {
            true => wait(),
            false => dir.open(name).and_then(|ns| ns.run(wait)?),
        };
        if let Some(what) = waited.map_err(|e| Failure::of("wait until all is usable", &e))? {
            let place = if name.is_empty() { String::new() } else { format!(" of namespace {}", show(name)) };
            let message = format!("{what}{place} cannot be used yet, after {} s", limit.as_secs());
            return Err(Failure::new(code::FAILED, message));
        }
    }
    Ok(())
}

fn show(name: &OsStr) -> String {
    crate::grammar::show(name)
}

/// In the calling thread's namespace. Gives back what is not usable when the time is over.
fn wait_here(until: Option<Instant>) -> netns_sys::Result<Option<String>> {
    // Before the first look, so that nothing is missed.
    let socket = Socket::open_for(FAMILY.protocol, &GROUPS)?;
    let mut conn = Conn::open(&FAMILY)?;
    let mut buf = vec![0; 1 << 16];
    loop {
        let Some(what) = unusable(&mut conn)? else { return Ok(None) };
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(Some(what));
        }
        if poll(&mut [PollFd::readable(socket.as_fd())], left).is_ok_and(|ready| ready > 0) {
            // What it says is looked at anew; an overrun too.
            while let Ok(Some(_)) = socket.try_recv(&mut buf) {}
        }
    }
}

/// One thing that is not yet usable.
fn unusable(conn: &mut Conn) -> netns_sys::Result<Option<String>> {
    let fill = |m: &mut nl_core::Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
    };
    let link = conn.dump(RTM_GETLINK, fill, |found: &mut Option<String>, message| {
        let link = Link::whole(message)?;
        let state = link.operstate()?;
        // The state of a new link comes later than its carrier.
        let ready = link.flags().contains(LinkFlags::LOWER_UP)
            && state.is_none_or(|s| matches!(s, OperState::UP | OperState::UNKNOWN));
        if link.flags().contains(LinkFlags::UP) && !ready {
            *found = Some(format!("link {}", crate::out::Escaped(link.name()?.unwrap_or_default())));
        }
        Ok(())
    })?;
    if link.is_some() {
        return Ok(link);
    }
    conn.dump(
        RTM_GETADDR,
        |m| m.fixed(&IfAddrMsg::default()),
        |found: &mut Option<String>, message| {
            let addr = Addr::whole(message)?;
            if addr.flags()?.contains(AddrFlags::TENTATIVE) {
                *found = Some("an address".into());
            }
            Ok(())
        },
    )
}

//! `netns list` and `netns list-id`: names, and the ids given to namespaces.

use crate::cmd::{Session, done};
use crate::failure::{Result, code};
use crate::out::{Escaped, Out};
use netns_sys::named::State;
use netns_sys::netlink::Conn;
use netns_sys::sort::gather;
use netns_sys::{Dir, Ns};
use nl_core::route::{NSID_NOT_ASSIGNED, Nsid, RTM_GETNSID, RtGenMsg, netnsa};
use nl_core::{Flags, Message, Reply};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// How many namespaces are asked about at once: each takes a descriptor.
const CHUNK: usize = 128;

/// The ids that the namespace of `conn` has given to those named `names`; `None` where it gave none, or none is there. Empty
/// where it gave none at all, as on most systems: one question tells. Each namespace is asked about once, however many names
/// it has, and none any more once all ids are found.
fn nsids(dir: &Dir, conn: &mut Conn, names: &[&OsStr]) -> Result<Vec<Option<i32>>> {
    /// Kernels (6.18 is one) end the list of ids with its first datagram, which has room for so many.
    const LISTED: usize = 134;
    let mut most = match all_nsids(conn, None).map_or(0, |ids| ids.len()) {
        0 => return Ok(Vec::new()),
        LISTED.. => usize::MAX,
        most => most,
    };
    let Some(dir) = done("list namespaces", dir.opened())? else { return Ok(Vec::new()) };
    let (mut known, mut ids) = (BTreeMap::new(), Vec::with_capacity(names.len()));
    for names in names.chunks(CHUNK) {
        let namespaces: Vec<_> = names.iter().map(|name| dir.identity(name).map(|id| (id.dev, id.ino))).collect();
        let mut asked = Vec::new();
        for (namespace, name) in namespaces.iter().zip(names).filter(|_| most > 0) {
            if let Some(Entry::Vacant(place)) = namespace.map(|namespace| known.entry(namespace)) {
                asked.extend(dir.open(name).ok().map(|ns| (*place.key(), ns)));
                place.insert(None);
            }
        }
        ask(conn, asked.iter().map(|a| &a.1), |request, id| {
            let id = Some(id).filter(|id| *id != NSID_NOT_ASSIGNED);
            most = most.saturating_sub(id.iter().count());
            known.extend(asked.get(request).map(|(namespace, _)| (*namespace, id)));
        })?;
        ids.extend(namespaces.iter().map(|namespace| known.get(&(*namespace)?).copied().flatten()));
    }
    Ok(ids)
}

/// Asks for the ids that the namespace of `conn` has given to these, and passes on each answer with the number of the question;
/// [`NSID_NOT_ASSIGNED`]: none given.
fn ask<'n>(
    conn: &mut Conn,
    mut namespaces: impl Iterator<Item = &'n Ns>,
    mut answer: impl FnMut(usize, i32),
) -> Result<()> {
    let asked = conn.batch_with(
        |requests| {
            namespaces.try_for_each(|ns| {
                requests.request(RTM_GETNSID, Flags::empty(), |m| {
                    m.fixed(&RtGenMsg::default());
                    m.u32(netnsa::FD, ns.fd_number());
                })
            })
        },
        |request, reply| {
            if let Ok(Reply::Data(message)) = reply {
                Nsid::parse(&message)?.nsid()?.into_iter().for_each(|id| answer(request, id));
            }
            Ok(())
        },
    );
    done("ask for namespace ids", asked)
}

/// The ids that the namespace of `conn` has given to `count` others, each opened by `open`; `None`: it would not say, or there
/// is no such namespace.
#[cfg(feature = "processes")]
pub(in crate::cmd) fn nsids_of(
    conn: &mut Conn,
    count: usize,
    open: impl Fn(usize) -> Option<Ns>,
) -> Result<Vec<Option<i32>>> {
    let mut ids = vec![None; count];
    for first in (0..count).step_by(CHUNK) {
        let chunk = first..count.min(first.saturating_add(CHUNK));
        let opened: Vec<(usize, Ns)> = chunk.filter_map(|i| Some((i, open(i)?))).collect();
        ask(conn, opened.iter().map(|o| &o.1), |request, id| {
            let place = opened.get(request).and_then(|o| ids.get_mut(o.0));
            place.into_iter().for_each(|place| *place = Some(id));
        })?;
    }
    Ok(ids)
}

/// Whether the namespace of `conn` has given any id.
#[cfg(feature = "processes")]
pub(in crate::cmd) fn any_nsid(conn: &mut Conn) -> bool {
    all_nsids(conn, None).is_ok_and(|ids| !ids.is_empty())
}

/// An id given to a namespace, and with a target the id here.
type Given = (i32, Option<i32>);

fn given(message: &Message<'_>) -> netns_sys::Result<Option<Given>> {
    let view = Nsid::parse(message)?;
    Ok(view.nsid()?.map(|nsid| (nsid, view.current_nsid().ok().flatten())))
}

/// The ids given in the namespace of `conn`, or in that with id `target`.
fn all_nsids(conn: &mut Conn, target: Option<i32>) -> netns_sys::Result<Vec<Given>> {
    conn.dump(
        RTM_GETNSID,
        |m| {
            m.fixed(&RtGenMsg::default());
            target.iter().for_each(|target| m.i32(netnsa::TARGET_NSID, *target));
        },
        |all: &mut Vec<_>, message| {
            all.extend(given(message)?);
            Ok(())
        },
    )
}

pub(super) fn list(session: &mut Session) -> Result<()> {
    let (ip, dir) = (session.options.ip, session.dir.clone());
    let conn = session.conn()?;
    // All in one piece, as there can be many.
    let mut joined = Vec::new();
    let each = |name: &OsStr| {
        joined.extend_from_slice(name.as_bytes());
        joined.push(0);
    };
    if !done("list namespaces", dir.each_name(each))? && ip {
        return Ok(()); // not even an empty list
    }
    let mut names = Vec::with_capacity(joined.iter().filter(|b| **b == 0).count());
    names.extend(joined.split(|b| *b == 0).filter(|n| !n.is_empty()).map(OsStr::from_bytes));
    if !ip {
        names.sort_unstable();
    }
    let mut ids = nsids(&dir, conn, &names)?.into_iter();
    let details = session.options.details && !ip;
    let opened = if details { done("list namespaces", dir.opened())? } else { None };
    session.out.list("", |out| {
        for name in names {
            let id = ids.next().flatten();
            let state = opened.as_ref().and_then(|dir| dir.state(name));
            out.object("", |out| {
                out.field("name", name, format_args!("{}", Escaped(name.as_bytes())));
                if let Some(id) = id {
                    out.field("id", id, format_args!(" (id: {id})"));
                }
                match &state {
                    Some(State::Stale) => out.field("state", "stale", format_args!(" (stale: its namespace is gone)")),
                    Some(State::Link(None)) => {
                        out.field("state", "dangling", format_args!(" (a link that leads to no namespace)"))
                    }
                    Some(State::Other(kind)) => {
                        out.field("state", &kind.to_string(), format_args!(" (not a namespace: {kind})"));
                    }
                    Some(State::Failed(error)) => out.field("state", &error.to_string(), format_args!(" ({error})")),
                    _ => {}
                }
                out.push("\n");
            });
        }
    });
    Ok(())
}

pub(super) fn list_id(session: &mut Session, target: Option<i32>, one: Option<i32>) -> Result<()> {
    let conn = session.conn()?;
    let found = match one {
        None => all_nsids(conn, target),
        Some(one) => conn.get(
            RTM_GETNSID,
            |m| {
                m.fixed(&RtGenMsg::default());
                m.i32(netnsa::NSID, one);
                target.iter().for_each(|target| m.i32(netnsa::TARGET_NSID, *target));
            },
            |message| Ok(given(message)?.into_iter().collect()),
        ),
    };
    let found = done("list namespace ids", found).map_err(|failure| match (&failure.ip, session.options.ip, one) {
        (Some(line), true, None) => {
            session.out.list("", |_| {}); // all of nothing
            let line = format!("{}\nDump terminated", line.lines().next().unwrap_or_default());
            failure.ip(line).code(code::FAILED)
        }
        _ => failure,
    })?;
    let dir = session.dir.clone();
    let names = if found.is_empty() { BTreeMap::new() } else { names_by_id(&dir, session.conn()?)? };
    session.out.list("", |out| {
        for (nsid, current) in found {
            let name = names.get(&current.unwrap_or(nsid)).map(OsString::as_os_str);
            show_nsid(out, nsid, current, false, name);
        }
    });
    Ok(())
}

/// The first name, in the directory's order, of each namespace that has an id.
pub(in crate::cmd) fn names_by_id(dir: &Dir, conn: &mut Conn) -> Result<BTreeMap<i32, OsString>> {
    let names = done("list namespaces", dir.names())?;
    let refs: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
    let ids = nsids(dir, conn, &refs)?;
    Ok(gather(ids.into_iter().zip(names).rev().filter_map(|(id, name)| Some((id?, name)))))
}

/// Shows an id, given or (`deleted`) taken away.
pub(in crate::cmd) fn show_nsid(out: &mut Out, nsid: i32, current: Option<i32>, deleted: bool, name: Option<&OsStr>) {
    let id = |out: &mut Out, key: &str, id: i32| match id {
        0.. => out.field(key, id, format_args!("{key} {id} ")),
        _ => out.text(format_args!("{key} unassigned ")),
    };
    out.object("", |out| {
        if deleted {
            out.field("deleted", true, format_args!("Deleted "));
        }
        id(out, "nsid", nsid);
        current.iter().for_each(|current| id(out, "current-nsid", *current));
        if let Some(name) = name {
            out.field("name", name, format_args!("(iproute2 netns name: {})", Escaped(name.as_bytes())));
        }
        out.push("\n");
    });
}

//! From a [`Change`] to a request: names become numbers.

use super::super::{Session, done, links};
use super::change::{Attr, Bytes, Change, Value, is_port};
use super::kinds;
use crate::failure::{Failure, Result, code};
use crate::grammar::show;
use crate::out::Escaped;
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error, Ns, bpf};
use nl_core::route::{
    IfInfoMsg, Link, LinkFlags, NSID_NOT_ASSIGNED, Nsid, RTM_GETNSID, RTM_NEWNSID, RtGenMsg, ifla, info, netnsa,
    rtext_filter, xdp, xdp_flags,
};
use nl_core::wire::Wire;
use nl_core::{Attrs, Flags, Msg};
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A struct as it is on the wire.
pub(crate) fn bytes_of<T: Wire>(value: &T) -> &[u8] {
    value.as_bytes()
}

/// The namespace of this name, of the process of this number, or at this path.
pub(super) fn namespace(session: &Session, word: &OsStr) -> netns_sys::Result<Ns> {
    match (session.open(word), pid(word)) {
        (Err(Error::NoSuchName { .. }), Some(pid)) => Ns::of_pid(pid),
        (found, _) => found,
    }
}

fn pid(word: &OsStr) -> Option<u32> {
    word.to_str().and_then(|w| w.parse().ok())
}

/// The connection in `ns`, which words named; `None`: where the command is for.
pub(super) fn conn_in<'s>(session: &'s mut Session, ns: Option<&OsStr>) -> Result<&'s mut Conn> {
    if ns.is_some() { Ok(session.conn_at(ns, &nl_core::route::FAMILY, namespace)?.0) } else { session.conn() }
}

/// The id that the namespace of `conn` has for `ns`; gives it one if it has none.
fn nsid(conn: &mut Conn, ns: &Ns) -> netns_sys::Result<i32> {
    let named = |m: &mut Msg<'_>| {
        m.fixed(&RtGenMsg::default());
        m.u32(netnsa::FD, ns.fd_number());
    };
    for last in [false, true] {
        let id = conn.get(RTM_GETNSID, named, |m| Ok(Nsid::parse(m)?.nsid()?.unwrap_or(NSID_NOT_ASSIGNED)))?;
        if id != NSID_NOT_ASSIGNED || last {
            return Ok(id);
        }
        let assigned = conn.request(RTM_NEWNSID, Flags::empty(), |m| {
            named(m);
            m.i32(netnsa::NSID, NSID_NOT_ASSIGNED);
        });
        match assigned {
            Err(Error::Kernel(e)) if e.errno == Errno::EEXIST => {} // somebody was faster
            assigned => drop(assigned?),
        }
    }
    Ok(NSID_NOT_ASSIGNED)
}

/// A failure about `word`, of which `ip` says that it is wrong as an argument.
pub(super) fn wrong(session: &Session, failure: Failure, word: &OsStr, says: &str) -> Failure {
    let code = if session.options.ip { code::USAGE } else { failure.code };
    failure.code(code).ip(format!("Error: argument \"{}\" is wrong: {says}\n", Escaped(word.as_bytes())))
}

/// A change with numbers for all its names, in a request over one connection. Namespaces and programs are held open until it is
/// sent.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) header: IfInfoMsg,
    attrs: Vec<Attr<Bytes>>,
    held: Vec<Ns>,
    programs: Vec<OwnedFd>,
}

impl Ready {
    /// Turns what `change` names into numbers. Names of links are those of the namespace `ns`; that of the link below
    /// (`link DEV`) is one of the namespace `link-netns`.
    pub(super) fn new(session: &mut Session, ns: Option<&OsStr>, change: &Change, create: bool) -> Result<Ready> {
        let header = IfInfoMsg {
            family: session.options.family.unwrap_or_default(),
            index: if create { change.index } else { 0 }.into(),
            flags: change.flags.bits().into(),
            change: change.mask.bits().into(),
            ..IfInfoMsg::default()
        };
        let mut ready = Ready { header, ..Ready::default() };
        let mut attrs = ready.attrs(session, ns, change, create)?;
        if let Some(kind) = &change.kind {
            let mut link_info = vec![(info::KIND, Bytes::Plain(kind.as_bytes().to_vec()))];
            if let Some(data) = &change.data {
                let values = data.iter().map(|value| ready.value(session, ns, change, value));
                let mut values: Vec<Attr<Bytes>> = values.collect::<Result<_>>()?;
                if let Some(kind) = kind.to_str().and_then(kinds::find) {
                    let now = if kind.all_again && !create { settings(session, change)? } else { Vec::new() };
                    values = kinds::arrange(kind, &values, &Attrs::new(&now, 0), create, session.options.family);
                }
                link_info.push((if is_port(kind) { info::SLAVE_DATA } else { info::DATA }, Bytes::Nest(values)));
            }
            attrs.push((ifla::LINKINFO, Bytes::Nest(link_info)));
        }
        ready.attrs = attrs;
        Ok(ready)
    }

    /// All but the kind.
    fn attrs(
        &mut self,
        session: &mut Session,
        ns: Option<&OsStr>,
        change: &Change,
        create: bool,
    ) -> Result<Vec<Attr<Bytes>>> {
        let values = change.attrs.iter().map(|value| self.value(session, ns, change, value));
        let mut attrs: Vec<Attr<Bytes>> = values.collect::<Result<_>>()?;
        if let (Some(link), true) = (&change.link, create) {
            let below = change.attrs.iter().find_map(|a| if let Value::NsId(ns) = &a.1 { Some(&**ns) } else { None });
            attrs.push((ifla::LINK, number(links::find(conn_in(session, below.or(ns))?, link)?)));
        }
        if change.index != 0 && !create {
            attrs.push((ifla::NEW_IFINDEX, Bytes::Plain(change.index.to_ne_bytes().to_vec())));
        }
        let name = if create { &change.name } else { &change.rename };
        attrs.extend(name.iter().map(|n| (ifla::IFNAME, Bytes::Str(n.as_bytes().to_vec()))));
        Ok(attrs)
    }

    fn value(
        &mut self,
        session: &mut Session,
        ns: Option<&OsStr>,
        change: &Change,
        (kind, value): &Attr<Value>,
    ) -> Result<Attr<Bytes>> {
        let value = match value {
            Value::Bytes(bytes) => bytes.clone(),
            Value::Dev(name) => {
                let code = if session.options.ip && change.kind.as_deref() != Some("bond".as_ref()) {
                    code::USAGE
                } else {
                    code::FAILED
                };
                number(links::find(conn_in(session, ns)?, name).map_err(|failure| failure.code(code))?)
            }
            Value::Master(name, vrf) => {
                let conn = conn_in(session, ns)?;
                let (found, says) = match vrf {
                    true => (links::find_vrf(conn, name), "Not a valid VRF name"),
                    false => (links::find(conn, name), "Device does not exist"),
                };
                number(found.map_err(|failure| wrong(session, failure, name, says))?)
            }
            Value::Netns(name) if session.planned(name).is_some() => {
                let place = session.planned(name).unwrap_or(Err(Error::NoAnswer));
                number(done(&format!("find namespace {}", show(name)), place)?)
            }
            Value::Netns(name) => {
                let opened = session.open(name);
                match (opened, pid(name)) {
                    (Err(Error::NoSuchName { .. }), Some(pid)) if session.options.ip => {
                        return Ok((ifla::NET_NS_PID, number(pid)));
                    }
                    _ => number(self.hold(session, name, "Invalid \"netns\" value")?),
                }
            }
            Value::NsId(name) => {
                session.not_in_a_plan("link-netns")?;
                let number = self.hold(session, name, "Invalid \"link-netns\" value")?;
                let Some(below) = self.held.iter().find(|ns| ns.fd_number() == number) else {
                    return Err(Failure::new(code::FAILED, "no namespace"));
                };
                let id = nsid(conn_in(session, change.netns().or(ns))?, below);
                Bytes::Plain(done("give a namespace an id", id)?.to_ne_bytes().to_vec())
            }
            Value::Xdp(flags, path) => {
                let flags = if session.options.force { *flags } else { *flags | xdp_flags::UPDATE_IF_NOEXIST };
                let program = match path {
                    Some(path) => self.program(session, path)?,
                    None => -1,
                };
                let mut attrs = vec![(xdp::FD, Bytes::Plain(program.to_ne_bytes().to_vec()))];
                attrs.extend((flags != 0).then_some((xdp::FLAGS, number(flags))));
                Bytes::Nest(attrs)
            }
            Value::Vf(vf) => vf.bytes(conn_in(session, ns)?, change.name.as_deref())?,
            Value::Peer(peer) => {
                let attrs = self.attrs(session, ns, peer, true)?;
                // The kernel cannot switch a peer on before it has its other end: that is done later.
                let later = if peer.is_up() { LinkFlags::UP } else { LinkFlags::empty() };
                let mask = peer.mask.difference(later);
                let header = IfInfoMsg {
                    index: peer.index.into(),
                    flags: (peer.flags & mask).bits().into(),
                    change: mask.bits().into(),
                    ..IfInfoMsg::default()
                };
                Bytes::Peer(header, attrs)
            }
        };
        Ok((*kind, value))
    }

    /// Opens the namespace that words named, for as long as the request takes; gives back the descriptor's number.
    fn hold(&mut self, session: &Session, name: &OsStr, says: &str) -> Result<u32> {
        let opened = done(&format!("open namespace {}", show(name)), namespace(session, name));
        let ns = opened.map_err(|failure| wrong(session, failure, name, says))?;
        let number = ns.fd_number();
        self.held.push(ns);
        Ok(number)
    }

    /// Opens the BPF program that is pinned at `path`, for as long as the request takes; gives back the descriptor.
    fn program(&mut self, session: &Session, path: &OsStr) -> Result<i32> {
        session.not_in_a_plan("a BPF program")?;
        let opened = bpf::pinned(Path::new(path));
        let program = opened.map_err(|e| {
            let (path, words) = (Escaped(path.as_bytes()), e.errno().map(Errno::words).unwrap_or_default());
            let failure = Failure::of("attach the program", &e);
            let code = if session.options.ip { code::USAGE } else { failure.code };
            failure.code(code).ip(format!("Couldn't retrieve pinned program '{path}': {words}"))
        })?;
        let number = program.as_raw_fd();
        self.programs.push(program);
        Ok(number)
    }

    /// Writes header and attributes.
    pub(super) fn write(&self, m: &mut Msg<'_>) {
        m.fixed(&self.header);
        put(m, &self.attrs);
    }
}

/// The settings that the kind of the link has now, all of which are sent again.
fn settings(session: &mut Session, change: &Change) -> Result<Vec<u8>> {
    let name = change.name.as_deref().unwrap_or_default();
    let data = links::get(session.conn()?, name, rtext_filter::SKIP_STATS, |message| {
        let info = Link::whole(message)?.info()?;
        Ok(info.and_then(|i| i.data().ok().flatten()).map(|data| data.bytes().to_vec()))
    })?;
    let missing = || Failure::new(code::FAILED, format!("{} is no such tunnel", show(name)));
    data.ok_or_else(|| missing().ip("Failed to get existing tunnel info."))
}

fn number(number: u32) -> Bytes {
    Bytes::Plain(number.to_ne_bytes().to_vec())
}

pub(super) fn put(m: &mut Msg<'_>, attrs: &[Attr<Bytes>]) {
    for (kind, value) in attrs {
        match value {
            Bytes::Plain(bytes) => m.bytes(*kind, bytes),
            Bytes::Str(text) => m.str(*kind, text),
            Bytes::Patch(value, _) => m.bytes(*kind, value),
            Bytes::Nest(attrs) => m.nest(*kind, |m| put(m, attrs)),
            Bytes::Peer(header, attrs) => m.nest_with(*kind, bytes_of(header), |m| put(m, attrs)),
        }
    }
}

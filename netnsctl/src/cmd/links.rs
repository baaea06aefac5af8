//! Names and indices of the links there are.

use super::done;
use crate::failure::{Failure, Result, code};
use crate::grammar::{self, IFNAME_MAX, Words, nearest, show};
use crate::out::Escaped;
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error};
use nl_core::route::{IfInfoMsg, Link, LinkFlags, RTM_GETLINK, ifla, rt_table, rtext_filter, vrf};
use nl_core::{DecodeError, Message, Msg};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::iter;
use std::os::unix::ffi::OsStrExt;

/// The longest alternative name a link can have, in bytes (`ALTIFNAMSIZ` less the NUL).
const ALTNAME_MAX: usize = 127;

/// One link.
#[derive(Clone, Debug)]
struct Entry {
    index: u32,
    /// Of what type its addresses are, `arphrd`.
    kind: u16,
    up: bool,
    name: Vec<u8>,
    /// The alternative names.
    others: Vec<Vec<u8>>,
}

impl Entry {
    fn names(&self) -> impl Iterator<Item = &Vec<u8>> {
        iter::once(&self.name).chain(&self.others)
    }
}

/// The links of a namespace, by index and by name.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Sorted by index.
    entries: Vec<Entry>,
    /// Indices that a name was asked for, of links that are not here.
    missed: RefCell<BTreeSet<u32>>,
}

impl Links {
    /// Asks for all of them.
    ///
    /// # Errors
    /// Those of [`Conn::dump`].
    pub fn load(conn: &mut Conn) -> Result<Links> {
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg::default());
            m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        };
        let dump = conn.dump(RTM_GETLINK, fill, |links: &mut Links, message| Ok(links.add(&Link::whole(message)?)?));
        done("list links", dump)
    }

    /// Adds one, which keeps its place.
    pub(super) fn add(&mut self, link: &Link<'_>) -> std::result::Result<(), DecodeError> {
        let (index, up) = (index_of(link), link.flags().contains(LinkFlags::UP));
        let name = link.name()?.unwrap_or_default().to_vec();
        let others = link.alt_names().map(<[u8]>::to_vec).collect();
        // The kernel lists them in this order, as good as always.
        let at = self.entries.partition_point(|e| e.index < index);
        self.entries.insert(at, Entry { index, kind: link.header.kind.get(), up, name, others });
        Ok(())
    }

    /// Puts one in the place of that with its index.
    pub(super) fn replace(&mut self, link: &Link<'_>) -> std::result::Result<(), DecodeError> {
        self.remove(index_of(link));
        self.add(link)
    }

    /// Takes one away.
    pub(super) fn remove(&mut self, index: u32) {
        self.entries.retain(|e| e.index != index);
    }

    /// Asks for the one with this index, in the namespace with this id (`None`: that of `conn`). Gives back whether it is there.
    fn ask(&mut self, conn: &mut Conn, nsid: Option<i32>, index: u32) -> Result<bool> {
        let number = i32::try_from(index).unwrap_or(0);
        if number == 0 || self.entry(index).is_some() {
            return Ok(number != 0);
        }
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg { index: number.into(), ..IfInfoMsg::default() });
            nsid.iter().for_each(|nsid| m.i32(ifla::TARGET_NETNSID, *nsid));
        };
        match conn.get(RTM_GETLINK, fill, |message| Ok(self.add(&Link::whole(message)?)?)) {
            // The namespace may be gone too.
            Err(Error::Kernel(e)) if e.errno == Errno::ENODEV || nsid.is_some() => Ok(false),
            result => done("get a link", result).map(|()| true),
        }
    }

    /// The indices that a name was asked for in vain since the last time.
    pub(super) fn missed(&self) -> BTreeSet<u32> {
        self.missed.take()
    }

    /// Asks for those whose names were asked for in vain. True: some of them are here now, and what was shown without them is to
    /// be shown again.
    pub(super) fn ask_missed(&mut self, conn: &mut Conn, nsid: Option<i32>) -> Result<bool> {
        let mut found = false;
        for index in self.missed() {
            found |= self.ask(conn, nsid, index)?;
        }
        Ok(found)
    }

    /// Whether the link with this index is there and down.
    #[must_use]
    pub fn is_down(&self, index: u32) -> bool {
        self.entry(index).is_some_and(|e| !e.up)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the link with this index is there.
    #[must_use]
    pub fn has(&self, index: u32) -> bool {
        self.entry(index).is_some()
    }

    fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(self.entries.binary_search_by_key(&index, |e| e.index).ok()?)
    }

    /// The type of the link with this index; 0 where that is not known.
    #[must_use]
    pub fn kind(&self, index: u32) -> u16 {
        self.entry(index).map_or(0, |e| e.kind)
    }

    /// The name of the link with this index.
    #[must_use]
    pub fn name(&self, index: u32) -> Option<&[u8]> {
        let entry = self.entry(index);
        if entry.is_none() {
            self.missed.borrow_mut().insert(index);
        }
        entry.map(|e| e.name.as_slice())
    }

    /// The name of the link with this index, as text; of an unknown one, its number.
    pub(super) fn text(&self, index: u32) -> String {
        match self.name(index) {
            Some(name) => Escaped(name).to_string(),
            None if index == 0 => "*".into(),
            None => format!("if{index}"),
        }
    }

    /// The index of the link that has this name or alternative name.
    #[must_use]
    pub fn index(&self, name: &OsStr) -> Option<u32> {
        self.entries.iter().find(|e| e.names().any(|n| n == name.as_bytes())).map(|e| e.index)
    }

    /// Like [`Links::index`], for a name of the user's.
    ///
    /// # Errors
    /// There is none of that name; the failure suggests the nearest.
    pub fn need(&self, name: &OsStr) -> Result<u32> {
        self.index(name).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &OsStr) -> Failure {
        let failure = Failure::new(code::FAILED, format!("there is no interface {}", show(name)))
            .ip(format!("Cannot find device \"{}\"", Escaped(name.as_bytes())));
        let names = self.entries.iter().flat_map(Entry::names).filter_map(|n| std::str::from_utf8(n).ok());
        match nearest(name, names) {
            Some(near) => failure.hint(format!("  did you mean {}?", show(OsStr::new(near)))),
            None => failure.hint("  `netnsctl link show` shows those there are"),
        }
    }
}

/// The index in the header of `link`; 0, which no link has, where it is negative.
#[must_use]
pub fn index_of(link: &Link<'_>) -> u32 {
    u32::try_from(link.index()).unwrap_or(0)
}

/// Asks for the link of this name, by name or alternative name.
pub(super) fn by_name(m: &mut Msg<'_>, name: &OsStr) {
    let kind = if name.len() > IFNAME_MAX { ifla::ALT_IFNAME } else { ifla::IFNAME };
    m.str(kind, name.as_bytes());
}

/// The index of one link: a single question, where [`Links::load`] gets them all. One that is not there has the index in its
/// name, `if7`, if there is one.
///
/// # Errors
/// There is none of that name; the failure suggests the nearest. Those of [`Conn::get`].
pub fn find(conn: &mut Conn, name: &OsStr) -> Result<u32> {
    match get(conn, name, rtext_filter::SKIP_STATS, |message| Ok(index_of(&Link::whole(message)?))) {
        Err(failure) => name.to_str().and_then(|n| n.strip_prefix("if")).and_then(|n| n.parse().ok()).ok_or(failure),
        found => found,
    }
}

/// Index and table of the VRF `name`; `default` is the main table.
///
/// # Errors
/// There is none of that name. Those of [`Conn::get`].
pub(super) fn vrf(conn: &mut Conn, name: &OsStr) -> Result<(u32, u32)> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        by_name(m, name);
    };
    let got = conn.get(RTM_GETLINK, fill, |message| Ok(as_vrf(&Link::whole(message)?)?));
    match got {
        Ok(Some(found)) => Ok(found),
        Err(Error::Kernel(e)) if e.errno == Errno::ENODEV && name == "default" => Ok((0, rt_table::MAIN)),
        Ok(None) | Err(Error::Kernel(_)) => {
            let said = format!("Error: argument \"{}\" is wrong: Invalid VRF\n", Escaped(name.as_bytes()));
            Err(Failure::new(code::USAGE, format!("there is no VRF {}", show(name))).ip(said))
        }
        Err(error) => done("ask for a VRF", Err(error)),
    }
}

/// Index and table of a link that is a VRF.
///
/// # Errors
/// What it says of its kind is broken.
pub(super) fn as_vrf(link: &Link<'_>) -> std::result::Result<Option<(u32, u32)>, DecodeError> {
    let info = link.info()?.filter(|i| i.kind() == Ok(Some(b"vrf")));
    let table = info.and_then(|i| i.data().ok()??.find(vrf::TABLE)?.u32().ok());
    Ok(table.map(|table| (index_of(link), table)))
}

/// The index of the VRF of this name.
///
/// # Errors
/// As [`vrf`]; it is the main table's, which has none.
pub(super) fn find_vrf(conn: &mut Conn, name: &OsStr) -> Result<u32> {
    match vrf(conn, name)? {
        (0, _) => Err(Failure::new(code::FAILED, format!("{} is no link", show(name)))),
        (index, _) => Ok(index),
    }
}

/// What `read` makes of the link of this name, of which the kernel says what `mask` says.
///
/// # Errors
/// As [`find`].
pub(super) fn get<T>(
    conn: &mut Conn,
    name: &OsStr,
    mask: u32,
    read: impl FnMut(&Message<'_>) -> netns_sys::Result<T>,
) -> Result<T> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, mask);
        by_name(m, name);
    };
    match conn.get(RTM_GETLINK, fill, read) {
        Err(Error::Kernel(e)) if matches!(e.errno, Errno::ENODEV | Errno::ERANGE) => {
            Err(Links::load(conn)?.missing(name))
        }
        result => done(&format!("find interface {}", show(name)), result),
    }
}

/// Takes the name, or an alternative one, of a link that may be there. To `ip` any word is one.
///
/// # Errors
/// No link can have it.
pub fn device<'a>(words: &mut Words<'a>, what: &str) -> grammar::Result<&'a OsStr> {
    match words.peek() {
        Some(word) if words.is_ip() || word.len() > IFNAME_MAX && word.len() <= ALTNAME_MAX => words.need(what),
        _ => words.ifname(what),
    }
}

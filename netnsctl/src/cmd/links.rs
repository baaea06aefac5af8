//! Names and indices of the links there are.

use super::done;
use crate::failure::{Failure, Result, code};
use crate::grammar::{self, IFNAME_MAX, Words, nearest, show};
use crate::out::Escaped;
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error};
use nl_core::route::{IfInfoMsg, Link, LinkFlags, RTM_GETLINK, ifla, rt_table, rtext_filter, vrf};
use nl_core::{DecodeError, Msg};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The longest alternative name a link can have, in bytes (`ALTIFNAMSIZ` less the NUL).
const ALTNAME_MAX: usize = 127;

/// One link.
#[derive(Clone, Debug)]
struct Entry {
    index: u32,
    up: bool,
    /// The name, then the alternative ones.
    names: Vec<Vec<u8>>,
}

/// The links of a namespace, by index and by name; sorted by index.
#[derive(Clone, Debug, Default)]
pub struct Links(Vec<Entry>);

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
        let dump = conn.dump(RTM_GETLINK, fill, |links: &mut Links, message| Ok(links.add(&Link::parse(message)?)?));
        done("list links", dump)
    }

    /// Adds one, which keeps its place.
    pub(super) fn add(&mut self, link: &Link<'_>) -> std::result::Result<(), DecodeError> {
        let (index, up) = (index_of(link), link.flags().contains(LinkFlags::UP));
        let names = link.name()?.into_iter().chain(link.alt_names()).map(<[u8]>::to_vec).collect();
        // The kernel lists them in this order, as good as always.
        let at = self.0.partition_point(|e| e.index < index);
        self.0.insert(at, Entry { index, up, names });
        Ok(())
    }

    /// Asks for the one with this index too, unless it is here already; that there is none is no error.
    pub(super) fn also(&mut self, conn: &mut Conn, index: u32) -> Result<()> {
        let Ok(number) = i32::try_from(index) else { return Ok(()) };
        if number == 0 || self.name(index).is_some() {
            return Ok(());
        }
        let fill = |m: &mut Msg<'_>| m.fixed(&IfInfoMsg { index: number.into(), ..IfInfoMsg::default() });
        match conn.get(RTM_GETLINK, fill, |message| Ok(self.add(&Link::parse(message)?)?)) {
            Err(Error::Kernel(e)) if e.errno == Errno::ENODEV => Ok(()),
            result => done("get a link", result),
        }
    }

    /// Whether the link with this index is there and up.
    #[must_use]
    pub fn is_up(&self, index: u32) -> bool {
        self.entry(index).is_some_and(|e| e.up)
    }

    fn entry(&self, index: u32) -> Option<&Entry> {
        self.0.get(self.0.binary_search_by_key(&index, |e| e.index).ok()?)
    }

    /// The name of the link with this index.
    #[must_use]
    pub fn name(&self, index: u32) -> Option<&[u8]> {
        self.entry(index)?.names.first().map(Vec::as_slice)
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
        self.0.iter().find(|e| e.names.iter().any(|n| n == name.as_bytes())).map(|e| e.index)
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
        let names = self.0.iter().flat_map(|e| &e.names).filter_map(|n| std::str::from_utf8(n).ok());
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

/// The index of one link: a single question, where [`Links::load`] gets them all.
///
/// # Errors
/// There is none of that name; the failure suggests the nearest. Those of [`Conn::get`].
pub fn find(conn: &mut Conn, name: &OsStr) -> Result<u32> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        by_name(m, name);
    };
    let got = conn.get(RTM_GETLINK, fill, |message| Ok(index_of(&Link::parse(message)?)));
    explain(conn, &format!("find interface {}", show(name)), name, got)
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
    let got = conn.get(RTM_GETLINK, fill, |message| {
        let link = Link::parse(message)?;
        let info = link.info()?.filter(|i| i.kind() == Ok(Some(b"vrf")));
        let table = info.and_then(|i| i.data().ok()??.find(vrf::TABLE)?.u32().ok());
        Ok(table.map(|table| (index_of(&link), table)))
    });
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

/// What the kernel said about the link `name`: that there is none comes with the nearest that is.
///
/// # Errors
/// `result`'s, explained.
pub(super) fn explain<T>(conn: &mut Conn, task: &str, name: &OsStr, result: netns_sys::Result<T>) -> Result<T> {
    match result {
        Err(Error::Kernel(e)) if e.errno == Errno::ENODEV => Err(Links::load(conn)?.missing(name)),
        result => done(task, result),
    }
}

/// Takes the name, or an alternative one, of a link that may be there.
///
/// # Errors
/// No link can have it.
pub fn device<'a>(words: &mut Words<'a>, what: &str) -> grammar::Result<&'a OsStr> {
    match words.peek() {
        Some(word) if word.len() > IFNAME_MAX && word.len() <= ALTNAME_MAX => words.need(what),
        _ => words.ifname(what),
    }
}

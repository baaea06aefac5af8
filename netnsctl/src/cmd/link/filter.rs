//! Which links: `link show`, and `addr` for the links that its addresses are on.

use super::change::{group, is_port};
use super::ready::wrong;
use crate::cmd::{Session, links};
use crate::failure::Result;
use crate::grammar::{Keyword, Result as Parsed, Words};
use nl_core::Msg;
use nl_core::route::{IfInfoMsg, Link, LinkFlags, ifla, info};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Which links to show: all that are like this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this name.
    pub name: Option<OsString>,
    /// That are up.
    pub up: bool,
    /// Of this group.
    pub group: Option<u32>,
    /// With this master; `true`: which is a VRF.
    pub master: Option<(OsString, bool)>,
    /// Without a master.
    pub nomaster: bool,
    /// Of this kind.
    pub kind: Option<OsString>,
}

/// The words of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cmd) enum Word {
    Name,
    Up,
    Group,
    Master,
    Vrf,
    NoMaster,
    Type,
    Help,
}

pub(in crate::cmd) const WORDS: [Keyword<Word>; 7] = [
    ("dev", Word::Name),
    ("up", Word::Up),
    ("group", Word::Group),
    ("master", Word::Master),
    ("vrf", Word::Vrf),
    ("nomaster", Word::NoMaster),
    ("type", Word::Type),
];

impl Filter {
    /// Takes what is behind `word`.
    pub(in crate::cmd) fn take(&mut self, words: &mut Words<'_>, word: Word) -> Parsed<()> {
        match word {
            Word::Name => self.name = Some(links::device(words, "an interface name")?.to_owned()),
            Word::Up => self.up = true,
            Word::Group => self.group = Some(group(words)?),
            Word::Master | Word::Vrf => {
                self.master = Some((links::device(words, "an interface name")?.to_owned(), word == Word::Vrf));
            }
            Word::NoMaster => self.nomaster = true,
            Word::Type => self.kind = Some(words.need("the kind of device")?.to_owned()),
            Word::Help => {}
        }
        Ok(())
    }

    /// The index of the master asked for.
    pub(in crate::cmd) fn find_master(&self, session: &mut Session) -> Result<Option<u32>> {
        let Some((name, vrf)) = &self.master else { return Ok(None) };
        let found = if *vrf { links::find_vrf(session.conn()?, name) } else { links::find(session.conn()?, name) };
        let says = if *vrf { "Not a valid VRF name" } else { "Device does not exist" };
        Ok(Some(found.map_err(|failure| wrong(session, failure, name, says))?))
    }

    /// Asks for links. The kernel leaves out some of what is not asked for, if it knows how.
    pub(in crate::cmd) fn ask(&self, m: &mut Msg<'_>, mask: u32, master: Option<u32>) {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, mask);
        master.iter().for_each(|master| m.u32(ifla::MASTER, *master));
        let kind = self.kind.iter().filter(|kind| !is_port(kind));
        kind.for_each(|kind| m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, kind.as_bytes())));
    }

    /// Whether `link` is to be shown; `master` is the index of the one asked for.
    pub(in crate::cmd) fn takes(&self, link: &Link<'_>, master: Option<u32>) -> bool {
        let has = link.master().ok().flatten().filter(|m| *m != 0);
        let kind = |kind: &OsString| {
            let info = link.info().ok().flatten();
            let of = |port| info.as_ref().and_then(|i| if port { i.slave_kind() } else { i.kind() }.ok().flatten());
            match kind.as_bytes().strip_suffix(b"_slave") {
                Some(kind) => of(true) == Some(kind),
                None => of(false) == Some(kind.as_bytes()),
            }
        };
        (!self.up || link.flags().contains(LinkFlags::UP))
            && self.group.is_none_or(|g| link.group().ok().flatten() == Some(g))
            && (master.is_none() || has == master)
            && (!self.nomaster || has.is_none())
            && self.kind.as_ref().is_none_or(kind)
    }
}

//! Which addresses: `show`, `flush` and `save` take the same words.

use crate::cmd::inet::{self, got};
use crate::cmd::links::{self, Links, device, index_of};
use crate::cmd::{Options, Session, done};
use crate::failure::{Result, code};
use crate::grammar::{Keyword, Prefix, Result as Parsed, Words, family_of};
use crate::names;
use crate::out::Escaped;
use netns_sys::netlink::Conn;
use nl_core::route::{
    Addr, AddrFlags, IfAddrMsg, IfInfoMsg, Link, LinkFlags, RTM_GETLINK, af, ifla, info, rtext_filter,
};
use nl_core::{DecodeError, Message, Msg};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Which addresses: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) family: Option<u8>,
    dev: Option<OsString>,
    scope: Option<u8>,
    to: Option<Prefix>,
    /// A pattern.
    pub(super) label: Option<OsString>,
    up: bool,
    group: Option<u32>,
    master: Option<OsString>,
    /// The master has to be a VRF.
    vrf: bool,
    no_master: bool,
    kind: Option<OsString>,
    /// Of the flags in `mask`, just these are set.
    flags: AddrFlags,
    mask: AddrFlags,
}

/// The words of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Dev,
    Scope,
    To,
    Label,
    Up,
    Group,
    Master,
    Vrf,
    NoMaster,
    Type,
    /// With the flag, whether it is to be set.
    Flag(AddrFlags, bool),
    Help,
}

const WORDS: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("scope", Word::Scope),
    ("to", Word::To),
    ("label", Word::Label),
    ("up", Word::Up),
    ("group", Word::Group),
    ("master", Word::Master),
    ("vrf", Word::Vrf),
    ("nomaster", Word::NoMaster),
    ("type", Word::Type),
    ("dynamic", Word::Flag(AddrFlags::PERMANENT, false)),
    ("primary", Word::Flag(AddrFlags::SECONDARY, false)),
    ("secondary", Word::Flag(AddrFlags::SECONDARY, true)),
    ("temporary", Word::Flag(AddrFlags::SECONDARY, true)),
    ("permanent", Word::Flag(AddrFlags::PERMANENT, true)),
    ("deprecated", Word::Flag(AddrFlags::DEPRECATED, true)),
    ("tentative", Word::Flag(AddrFlags::TENTATIVE, true)),
    ("dadfailed", Word::Flag(AddrFlags::DADFAILED, true)),
    ("optimistic", Word::Flag(AddrFlags::OPTIMISTIC, true)),
    ("home", Word::Flag(AddrFlags::HOMEADDRESS, true)),
    ("nodad", Word::Flag(AddrFlags::NODAD, true)),
    ("mngtmpaddr", Word::Flag(AddrFlags::MANAGETEMPADDR, true)),
    ("noprefixroute", Word::Flag(AddrFlags::NOPREFIXROUTE, true)),
    ("autojoin", Word::Flag(AddrFlags::MCAUTOJOIN, true)),
    ("stable-privacy", Word::Flag(AddrFlags::STABLE_PRIVACY, true)),
];

/// What `ip` says of a master that is not there.
const NO_MASTER: &str = "Device does not exist\n";
const NO_VRF: &str = "Not a valid VRF name\n";

/// The next word, which is none where it is the name of an interface.
fn word(words: &mut Words<'_>, has_dev: bool) -> Parsed<Option<Word>> {
    let not = words.peek().and_then(OsStr::to_str).and_then(|w| w.strip_prefix('-'));
    if let Some((_, Word::Flag(flag, set))) = not.and_then(|not| WORDS.iter().find(|k| k.0 == not)) {
        let _ = words.next();
        return Ok(Some(Word::Flag(*flag, !set)));
    }
    match words.is_ip() || !has_dev {
        true => words.try_words(WORDS, &[("help", Word::Help)]),
        false => words.keyword("a word of a filter", WORDS).map(Some),
    }
}

/// What is said of addresses; `None`: help is asked for.
pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Option<Filter>> {
    let mut filter = Filter { family: options.family, ..Filter::default() };
    while !words.is_end() {
        match word(words, filter.dev.is_some())?.unwrap_or(Word::Dev) {
            Word::Help => return Ok(None),
            Word::Dev => {
                if filter.dev.is_some() && !words.is_end() {
                    let says = format!("Error: either \"dev\" is duplicate, or \"{}\" is a garbage.", words.typed());
                    return Err(words.error("there is an interface already").ip(says));
                }
                filter.dev = Some(device(words, "the name of an interface")?.to_owned());
            }
            // That of all.
            Word::Scope if words.eat("all") => filter.scope = None,
            Word::Scope => {
                let scope = words.named("a scope", &names::SCOPES);
                filter.scope = Some(scope.map_err(|e| words.wrong(e, "invalid \"scope\"\n"))?);
            }
            Word::To => {
                let all = inet::is_any(words);
                let to = words.prefix("an address or prefix", filter.family)?;
                filter.to = Some(to).filter(|to| to.len > 0);
                if !all {
                    filter.family = Some(family_of(to.addr));
                }
            }
            Word::Label => filter.label = Some(words.need("a label, or a pattern")?.to_owned()),
            Word::Up => filter.up = true,
            Word::Group => {
                let group = words.named("a group", &names::GROUPS);
                filter.group = Some(group.map_err(|e| words.wrong(e, "Invalid \"group\" value\n"))?);
            }
            word @ (Word::Master | Word::Vrf) => {
                filter.vrf = word == Word::Vrf;
                let says = if filter.vrf { NO_VRF } else { NO_MASTER };
                let name = device(words, "the name of an interface");
                filter.master = Some(name.map_err(|e| words.wrong(e, says))?.to_owned());
            }
            Word::NoMaster => filter.no_master = true,
            Word::Type => filter.kind = Some(words.need("a kind of link")?.to_owned()),
            Word::Flag(flag, set) => {
                filter.mask |= flag;
                filter.flags.set(flag, set);
            }
        }
    }
    Ok(Some(filter))
}

/// A filter with the links it names.
pub(super) struct Lookup<'f> {
    pub(super) filter: &'f Filter,
    /// That of `dev`; 0: of any link.
    pub(super) index: u32,
    master: u32,
}

impl Filter {
    /// Looks up the links that are named.
    pub(super) fn resolve(&self, session: &mut Session) -> Result<Lookup<'_>> {
        let ip = session.options.ip;
        let mut master = 0;
        if let Some(name) = &self.master {
            let says = if self.vrf { NO_VRF } else { NO_MASTER };
            let conn = session.conn()?;
            let found = if self.vrf { links::vrf(conn, name).map(|found| found.0) } else { links::find(conn, name) };
            master = found.map_err(|failure| {
                let failure = if ip { failure.code(code::USAGE) } else { failure };
                failure.ip(format!("Error: argument \"{}\" is wrong: {says}", Escaped(name.as_bytes())))
            })?;
        }
        let index = match &self.dev {
            None => 0,
            Some(name) => inet::index(session, name)
                .map_err(|e| e.ip(format!("Device \"{}\" does not exist.", Escaped(name.as_bytes()))))?,
        };
        Ok(Lookup { filter: self, index, master })
    }

    /// Whether secondaries are left out.
    pub(super) fn only_primary(&self) -> bool {
        self.mask.difference(self.flags).contains(AddrFlags::SECONDARY)
    }

    /// Whether this is a match for what is said of addresses; one without a label has its link's name.
    pub(super) fn matches(&self, addr: &Addr<'_>, links: &Links) -> bool {
        let label = || got(addr.label()).or(links.name(addr.header.index.get())).unwrap_or_default();
        self.family.is_none_or(|f| f == addr.header.family)
            && self.scope.is_none_or(|s| s == addr.header.scope)
            && addr.flags().is_ok_and(|f| f & self.mask == self.flags)
            && self.to.as_ref().is_none_or(|p| got(addr.own()).is_some_and(|a| inet::is_in(a, p)))
            && self.label.as_ref().is_none_or(|pattern| glob(pattern.as_bytes(), label()))
    }
}

impl Lookup<'_> {
    /// Asks for the links that match what the kernel has a filter for. Of a slave's kind it has none.
    pub(super) fn ask_links(&self, m: &mut Msg<'_>, mask: u32) {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, mask);
        if self.master != 0 || self.filter.no_master {
            m.u32(ifla::MASTER, if self.filter.no_master { u32::MAX } else { self.master });
        }
        if let Some(kind) = self.filter.kind.as_ref().filter(|k| !k.as_bytes().ends_with(b"_slave")) {
            m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, kind.as_bytes()));
        }
    }

    /// Whether something is said of links that the kernel has a filter for.
    pub(super) fn is_about_links(&self) -> bool {
        self.master != 0 || self.filter.no_master || self.filter.kind.is_some()
    }

    /// Whether this is a match for what is said of links.
    pub(super) fn takes(&self, link: &Link<'_>) -> bool {
        let filter = self.filter;
        let of = got(link.master()).unwrap_or_default();
        let info = got(link.info());
        let kind = |want: &OsString| {
            let kinds = info.as_ref().map(|i| (got(i.kind()), got(i.slave_kind())));
            let (own, of_master) = kinds.unwrap_or_default();
            match want.as_bytes().strip_suffix(b"_slave") {
                Some(want) => of_master == Some(want),
                None => own == Some(want.as_bytes()),
            }
        };
        (!filter.up || link.flags().contains(LinkFlags::UP))
            && filter.group.is_none_or(|g| got(link.group()).is_none_or(|of| of == g))
            && (self.master == 0 || of == self.master)
            && (!filter.no_master || of == 0)
            && filter.kind.as_ref().is_none_or(kind)
    }

    /// Asks for addresses, of one link where one was named.
    pub(super) fn ask(&self, m: &mut Msg<'_>) {
        let family = self.filter.family.unwrap_or(af::UNSPEC);
        m.fixed(&IfAddrMsg { family, index: self.index.into(), ..IfAddrMsg::default() });
    }

    /// What else says whether an address is one that matches, also what is said of its link.
    pub(super) fn keep(
        &self,
        conn: &mut Conn,
    ) -> Result<impl Fn(&Message<'_>) -> std::result::Result<bool, DecodeError> + use<'_>> {
        let links = if self.filter.label.is_some() { Links::load(conn)? } else { Links::default() };
        let mut only = None;
        if self.is_about_links() || self.filter.up || self.filter.group.is_some() {
            let ask = |m: &mut Msg<'_>| self.ask_links(m, rtext_filter::SKIP_STATS);
            let indices = conn.dump(RTM_GETLINK, ask, |only: &mut Vec<u32>, message| {
                let link = Link::parse(message)?;
                only.extend(self.takes(&link).then(|| index_of(&link)));
                Ok(())
            });
            only = Some(done("list links", indices)?);
        }
        Ok(move |message: &Message<'_>| {
            let addr = Addr::parse(message)?;
            let of = addr.header.index.get();
            let one = self.index == 0 || self.index == of;
            Ok(one && only.as_ref().is_none_or(|only| only.contains(&of)) && self.filter.matches(&addr, &links))
        })
    }
}

/// Whether `text` is as `pattern` says, fnmatch(3): `*` is any bytes, `?` any one, `[a-z]` one of these, `[!a-z]` none of them.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // Behind the last `*`, and where that is tried next.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = pattern {
            star = Some((after, text));
            pattern = after;
        } else if pattern.is_empty() && text.is_empty() {
            return true;
        } else if let Some((after, rest)) = text.split_first().and_then(|(c, rest)| Some((one(pattern, *c)?, rest))) {
            (pattern, text) = (after, rest);
        } else if let Some((after, [_, rest @ ..])) = star {
            star = Some((after, rest));
            (pattern, text) = (after, rest);
        } else {
            return false;
        }
    }
}

/// What is behind the first item of `pattern`, if `c` is as that says.
fn one(pattern: &[u8], c: u8) -> Option<&[u8]> {
    let (is, after) = match pattern {
        [b'?', after @ ..] => (true, after),
        [b'\\', item, after @ ..] => (*item == c, after),
        [b'[', rest @ ..] => set(rest, c).unwrap_or((c == b'[', rest)),
        [item, after @ ..] => (*item == c, after),
        [] => return None,
    };
    is.then_some(after)
}

/// Whether `c` is one of the set that `text` begins with, and what is behind its bracket. `None`: it has none.
fn set(text: &[u8], c: u8) -> Option<(bool, &[u8])> {
    let (not, text) = match text {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    // A bracket that comes first is one of them.
    let end = text.iter().skip(1).position(|b| *b == b']')?.saturating_add(1);
    let (mut items, after) = text.split_at_checked(end)?;
    let mut is = false;
    while let [low, rest @ ..] = items {
        (is, items) = match rest {
            [b'-', high, rest @ ..] => (is || (low..=high).contains(&&c), rest),
            rest => (is || *low == c, rest),
        };
    }
    Some((is != not, after.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_all_of_a_label() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("v0", "v0", true),
            ("v0", "v0:x", false),
            ("v0*", "v0", true),
            ("v?:*", "v0:x", true),
            ("v?", "v", false),
            ("*x*", "axb", true),
            ("*x", "xb", false),
            ("*ab*b", "aabbab", true),
            ("v[0-3]", "v2", true),
            ("v[0-3]", "v4", false),
            ("v[!0-3x]", "v4", true),
            ("v[!0-3x]", "vx", false),
            ("v[]x]", "v]", true),
            ("v[0", "v[0", true),
            ("v\\*", "v*", true),
            ("v\\*", "vx", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), matches, "{pattern} {text}");
        }
    }
}

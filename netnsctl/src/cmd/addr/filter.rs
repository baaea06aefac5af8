//! Which addresses: `show`, `flush` and `save` take the same words.

use super::FLAGS;
use crate::cmd::inet::{self, got};
use crate::cmd::link::filter::Word::{Help, Name};
use crate::cmd::links::{Links, index_of};
use crate::cmd::{Options, Session, done, link};
use crate::failure::Result;
use crate::grammar::{Keyword, Prefix, Result as Parsed, Words, family_of};
use crate::names;
use crate::out::Escaped;
use netns_sys::netlink::Conn;
use nl_core::route::{Addr, AddrFlags, IfAddrMsg, Link, RTM_GETLINK, af, rtext_filter};
use nl_core::{DecodeError, Message, Msg};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Which addresses: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) family: Option<u8>,
    /// What is said of the links they are on.
    pub(super) links: link::Filter,
    scope: Option<u8>,
    to: Option<Prefix>,
    /// A pattern.
    pub(super) label: Option<OsString>,
    /// Of the flags in `mask`, just these are set.
    flags: AddrFlags,
    mask: AddrFlags,
}

/// The words of a filter, besides those of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Of(link::filter::Word),
    Scope,
    To,
    Label,
}

const WORDS: &[Keyword<Word>] = &[("scope", Word::Scope), ("to", Word::To), ("label", Word::Label)];

/// Takes the name of a flag, `-` before it for its opposite: the flag, and whether it is to be set.
fn flag(words: &mut Words<'_>) -> Option<(AddrFlags, bool)> {
    let name = words.peek().and_then(OsStr::to_str)?;
    let (set, name) = name.strip_prefix('-').map_or((true, name), |name| (false, name));
    let (set, name) = match name {
        "dynamic" => (!set, "permanent"),
        "primary" => (!set, "secondary"),
        name => (set, name),
    };
    let found = FLAGS.iter().find(|f| f.0 == name)?;
    let _ = words.next();
    Some((found.1, set))
}

/// What is said of addresses; `None`: help is asked for.
pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Option<Filter>> {
    let mut filter = Filter { family: options.family, ..Filter::default() };
    let of_links = link::filter::WORDS.iter().map(|(word, of)| (*word, Word::Of(*of)));
    let all: Vec<Keyword<Word>> = of_links.chain(WORDS.iter().copied()).collect();
    while !words.is_end() {
        if let Some((flag, set)) = flag(words) {
            filter.mask |= flag;
            filter.flags.set(flag, set);
            continue;
        }
        // What is none of these is the name of the interface.
        let named = filter.links.name.is_some();
        let word = match words.is_ip() || !named {
            true => words.try_words(&all, &[("help", Word::Of(Help))])?.unwrap_or(Word::Of(Name)),
            false => words.keyword("a word of a filter", &all)?,
        };
        match word {
            Word::Of(Help) => return Ok(None),
            Word::Of(Name) if named && !words.is_end() => {
                let says = format!("Error: either \"dev\" is duplicate, or \"{}\" is a garbage.", words.typed());
                return Err(words.error("there is an interface already").ip(says));
            }
            Word::Of(word) => filter.links.take(words, word)?,
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
        }
    }
    Ok(Some(filter))
}

/// A filter with the links it names.
pub(super) struct Lookup<'f> {
    pub(super) filter: &'f Filter,
    /// That of the name; 0: of any link.
    pub(super) index: u32,
    master: Option<u32>,
}

impl Filter {
    /// Looks up the links that are named.
    pub(super) fn resolve(&self, session: &mut Session) -> Result<Lookup<'_>> {
        let master = self.links.find_master(session)?;
        let index = match &self.links.name {
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
    /// Asks for the links that match what the kernel has a filter for.
    pub(super) fn ask_links(&self, m: &mut Msg<'_>, mask: u32) {
        self.filter.links.ask(m, mask, self.master);
    }

    /// Whether this is a match for what is said of links.
    pub(super) fn takes(&self, link: &Link<'_>) -> bool {
        self.filter.links.takes(link, self.master)
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
        if (link::Filter { name: None, ..self.filter.links.clone() }) != link::Filter::default() {
            let ask = |m: &mut Msg<'_>| self.ask_links(m, rtext_filter::SKIP_STATS);
            let indices = conn.dump(RTM_GETLINK, ask, |only: &mut Vec<u32>, message| {
                let link = Link::whole(message)?;
                only.extend(self.takes(&link).then(|| index_of(&link)));
                Ok(())
            });
            only = Some(done("list links", indices)?);
        }
        Ok(move |message: &Message<'_>| {
            let addr = Addr::whole(message)?;
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

//! `neigh`: neighbours, whose link-layer addresses are known or asked for.

use super::inet::{self, Addr, Lladdr, got, index_or_0, put, put_dev};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of};
use crate::names;
use crate::out::Value;
use nl_core::route::{NdMsg, Neigh, NeighExtFlags, NeighFlags, NeighState, RTM_GETNEIGH, af, nda, rtprot};
use nl_core::{DecodeError, Message, Msg};

/// What `neigh` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those that match.
    Show(Filter),
}

/// Which neighbours to show: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    family: Option<u8>,
    dev: Option<OsString>,
    master: Option<OsString>,
    to: Option<Prefix>,
    proto: Option<u8>,
    /// Any of these states; `None`: all but those that need no resolution.
    states: Option<NeighState>,
    /// Those without a state too.
    stateless: bool,
    unused: bool,
    proxy: bool,
}

const HELP: &str = "\
Usage: netnsctl neigh [ show ] [ [ to ] PREFIX ] [ dev NAME ] [ master NAME ] [ nud STATE ]... [ proto PROTO ]
                [ proxy ] [ unused ]
STATE := permanent | noarp | reachable | stale | incomplete | delay | probe | failed | none | all
";

const STATES: &[Keyword<NeighState>] = &[
    ("permanent", NeighState::PERMANENT),
    ("noarp", NeighState::NOARP),
    ("reachable", NeighState::REACHABLE),
    ("stale", NeighState::STALE),
    ("incomplete", NeighState::INCOMPLETE),
    ("delay", NeighState::DELAY),
    ("probe", NeighState::PROBE),
    ("failed", NeighState::FAILED),
    ("none", NeighState::empty()),
    ("all", NeighState::all()),
];

/// The states in the order they are shown.
const SHOWN: &[(NeighState, &str)] = &[
    (NeighState::INCOMPLETE, "INCOMPLETE"),
    (NeighState::REACHABLE, "REACHABLE"),
    (NeighState::STALE, "STALE"),
    (NeighState::DELAY, "DELAY"),
    (NeighState::PROBE, "PROBE"),
    (NeighState::FAILED, "FAILED"),
    (NeighState::NOARP, "NOARP"),
    (NeighState::PERMANENT, "PERMANENT"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    To,
    Dev,
    Master,
    Nud,
    Proto,
    Proxy,
    Unused,
}

const WORDS: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("dev", Word::Dev),
    ("master", Word::Master),
    ("vrf", Word::Master),
    ("nud", Word::Nud),
    ("proto", Word::Proto),
    ("protocol", Word::Proto),
    ("proxy", Word::Proxy),
    ("unused", Word::Unused),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    if !words.is_end() && !words.keyword("a command", &[("show", true), ("list", true), ("help", false)])? {
        return Ok(Command::Help(HELP));
    }
    let mut filter = Filter { family: options.family, ..Filter::default() };
    while !words.is_end() {
        match inet::word_or_prefix(words, "a word of a filter", &[], WORDS)? {
            None | Some(Word::To) => {
                let to = words.prefix("an address or prefix", filter.family)?;
                filter.family = filter.family.or(Some(family_of(to.addr)));
                filter.to = Some(to);
            }
            Some(Word::Dev) => filter.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Master) => filter.master = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Nud) => {
                let state = words.keyword("a state", STATES)?;
                filter.stateless |= state.is_empty() || state == NeighState::all();
                filter.states = Some(filter.states.unwrap_or_default() | state);
            }
            Some(Word::Proto) => filter.proto = Some(words.named("a protocol", &names::PROTOS)?),
            Some(Word::Proxy) => filter.proxy = true,
            Some(Word::Unused) => filter.unused = true,
        }
    }
    Ok(Command::Neigh(Request::Show(filter)))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let Request::Show(filter) = request;
    let dev = index_or_0(session, filter.dev.as_ref())?;
    let master = index_or_0(session, filter.master.as_ref())?;
    let conn = session.conn()?;
    let links = Links::load(conn)?;
    let header = NdMsg {
        family: filter.family.unwrap_or(af::UNSPEC),
        flags: if filter.proxy { NeighFlags::PROXY.bits() } else { 0 },
        ..NdMsg::default()
    };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        for (kind, index) in [(nda::IFINDEX, dev), (nda::MASTER, master)] {
            if index != 0 {
                m.u32(kind, index);
            }
        }
    };
    let keep = |message: &Message<'_>| Ok(matches(&filter, dev, &Neigh::parse(message)?));
    let found = done("list neighbours", inet::dump(conn, RTM_GETNEIGH, fill, keep))?;
    let options = session.options.clone();
    let each = |out: &mut Out, message: &Message<'_>| show(out, message, &links, &filter, &options);
    done("list neighbours", inet::show(&mut session.out, &found, each))
}

fn matches(filter: &Filter, dev: u32, neigh: &Neigh<'_>) -> bool {
    let states = filter.states.unwrap_or(NeighState::NOARP.complement());
    let of_state = states.intersects(neigh.state()) || filter.stateless && neigh.state().is_empty();
    matches!(neigh.header.family, af::INET | af::INET6)
        && filter.family.is_none_or(|f| f == neigh.header.family)
        && (dev == 0 || u32::try_from(neigh.header.index.get()) == Ok(dev))
        && (of_state || neigh.flags().intersects(NeighFlags::PROXY | NeighFlags::EXT_LEARNED))
        && filter.proto.is_none_or(|p| got(neigh.protocol()).unwrap_or(rtprot::UNSPEC) == p)
        && filter.to.as_ref().is_none_or(|p| got(neigh.dst()).is_some_and(|dst| inet::is_in(dst, p)))
        && !(filter.unused && got(neigh.cacheinfo()).is_some_and(|c| c.refcnt.get() != 0))
}

fn show(
    out: &mut Out,
    message: &Message<'_>,
    links: &Links,
    filter: &Filter,
    options: &Options,
) -> std::result::Result<(), DecodeError> {
    let neigh = Neigh::parse(message)?;
    let dst = got(neigh.dst()).unwrap_or_default();
    let index = u32::try_from(neigh.header.index.get()).unwrap_or_default();
    let lladdr = got(neigh.lladdr());
    out.object("", |out| {
        if options.brief {
            let name = links.name(index).unwrap_or_default();
            let (text, dev) = (Addr(dst).to_string(), crate::out::Escaped(name).to_string());
            out.field("dst", &text, format_args!("{text:<39} "));
            out.field("dev", name, format_args!("{dev:<16} "));
            if let Some(lladdr) = lladdr {
                let text = Lladdr(lladdr).to_string();
                out.field("lladdr", &text, format_args!("{text}"));
            }
            return out.text(format_args!("\n"));
        }
        put(out, "dst", "", Addr(dst));
        if filter.dev.is_none() {
            put_dev(out, "dev", "dev ", links, index);
        }
        if let Some(lladdr) = lladdr {
            put(out, "lladdr", "lladdr ", Lladdr(lladdr));
        }
        let ext = neigh.ext_flags().unwrap_or_default();
        for (set, word) in [
            (neigh.flags().contains(NeighFlags::ROUTER), "router"),
            (neigh.flags().contains(NeighFlags::PROXY), "proxy"),
            (ext.contains(NeighExtFlags::MANAGED), "managed"),
            (neigh.flags().contains(NeighFlags::EXT_LEARNED), "extern_learn"),
            (neigh.flags().contains(NeighFlags::OFFLOADED), "offload"),
            (ext.contains(NeighExtFlags::EXT_VALIDATED), "extern_valid"),
        ] {
            if set {
                out.field(word, Value::Null, format_args!("{word} "));
            }
        }
        if options.statistics > 0 {
            statistics(out, &neigh);
        }
        if !neigh.state().is_empty() {
            out.list("state", |out| {
                for (_, name) in SHOWN.iter().filter(|s| neigh.state().contains(s.0)) {
                    out.field("", *name, format_args!("{name} "));
                }
            });
        }
        if let Some(proto) = got(neigh.protocol()).filter(|p| *p != rtprot::UNSPEC) {
            let proto = out.named(proto, &names::PROTOS);
            put(out, "protocol", "proto ", proto);
        }
        out.text(format_args!("\n"));
    });
    Ok(())
}

/// Ages in seconds, as `ip` runs them together.
fn statistics(out: &mut Out, neigh: &Neigh<'_>) {
    if let Some(info) = got(neigh.cacheinfo()) {
        let refcnt = info.refcnt.get();
        if refcnt != 0 {
            out.field("refcnt", refcnt, format_args!(" ref {refcnt}"));
        }
        let [used, confirmed, updated] = [info.used, info.confirmed, info.updated].map(|t| t.get() / 100);
        out.field("used", used, format_args!(" used {used}"));
        out.field("confirmed", confirmed, format_args!("/{confirmed}"));
        out.field("updated", updated, format_args!("/{updated}"));
    }
    if let Some(probes) = got(neigh.probes()) {
        out.field("probes", probes, format_args!("probes {probes} "));
    }
}

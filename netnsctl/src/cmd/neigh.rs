//! `neigh`: neighbours, whose link-layer addresses are known or asked for.

use super::inet::{self, Addr, got, index_or_0, is_any, put, put_addr, put_color, put_dev};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of};
use crate::names;
use crate::out::{Color, Escaped, Value};
use nl_core::route::{
    NdMsg, Neigh, NeighExtFlags, NeighFlags, NeighState, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH, af, nda, rtprot,
};
use nl_core::{DecodeError, Flags, Message, Msg};
use std::net::IpAddr;

/// What `neigh` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Add, change or delete one: the message's type and flags, and the neighbour.
    Change(u16, Flags, Spec),
    /// Show those that match.
    Show(Filter),
    /// Delete those that match.
    Flush(Filter),
    /// Show one.
    Get(Spec),
}

/// A neighbour: one that is to be, or whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    header: NdMsg,
    dst: IpAddr,
    dev: Option<OsString>,
    lladdr: Option<Vec<u8>>,
    proto: Option<u8>,
    ext_flags: NeighExtFlags,
}

/// Which neighbours to show: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    family: u8,
    dev: Option<OsString>,
    /// What their links belong to.
    links: link::Filter,
    to: Option<Prefix>,
    /// 0: of any.
    proto: u8,
    /// Any of these states, and [`STATELESS`].
    states: u16,
    unused: bool,
    proxy: bool,
}

/// Among the states of a filter: those without a state.
const STATELESS: u16 = 0x100;

const HELP: &str = "\
Usage: netnsctl neigh { add | change | replace | delete } NEIGHBOUR
       netnsctl neigh [ show ] [ FILTER ]...
       netnsctl neigh flush FILTER...
       netnsctl neigh get { ADDRESS dev NAME | proxy ADDRESS [ dev NAME ] }
NEIGHBOUR := { ADDRESS dev NAME | proxy ADDRESS [ dev NAME ] } [ lladdr LLADDR ] [ nud STATE ] [ router ] [ use ]
             [ managed ] [ extern_learn ] [ protocol PROTO ]
FILTER    := [ to ] PREFIX | dev NAME | master NAME | vrf NAME | nomaster | nud { STATE | all } | protocol PROTO |
             proxy | unused
STATE     := permanent | noarp | reachable | stale | incomplete | delay | probe | failed | none
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Get,
    Show,
    Flush,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_NEWNEIGH, Flags::CREATE.union(Flags::EXCL))),
    ("change", Verb::Change(RTM_NEWNEIGH, Flags::REPLACE)),
    ("chg", Verb::Change(RTM_NEWNEIGH, Flags::REPLACE)),
    ("replace", Verb::Change(RTM_NEWNEIGH, Flags::CREATE.union(Flags::REPLACE))),
    ("delete", Verb::Change(RTM_DELNEIGH, Flags::empty())),
    ("get", Verb::Get),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("flush", Verb::Flush),
    ("help", Verb::Help),
];

/// Those that `ip` abbreviates.
const STATES: &[Keyword<u16>] = &[
    ("permanent", NeighState::PERMANENT.bits()),
    ("reachable", NeighState::REACHABLE.bits()),
    ("failed", NeighState::FAILED.bits()),
];

const STATES_WHOLE: &[Keyword<u16>] = &[
    ("noarp", NeighState::NOARP.bits()),
    ("none", 0),
    ("stale", NeighState::STALE.bits()),
    ("incomplete", NeighState::INCOMPLETE.bits()),
    ("delay", NeighState::DELAY.bits()),
    ("probe", NeighState::PROBE.bits()),
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
    Lladdr,
    Nud,
    Proto,
    Proxy,
    Is(NeighFlags),
    Managed,
    Of(link::filter::Word),
    Unused,
    Help,
}

const SPEC: &[Keyword<Word>] = &[
    ("lladdr", Word::Lladdr),
    ("proxy", Word::Proxy),
    ("extern_learn", Word::Is(NeighFlags::EXT_LEARNED)),
    ("protocol", Word::Proto),
    ("help", Word::Help),
];

const SPEC_WHOLE: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("dev", Word::Dev),
    ("nud", Word::Nud),
    ("router", Word::Is(NeighFlags::ROUTER)),
    ("use", Word::Is(NeighFlags::USE)),
    ("managed", Word::Managed),
];

const GET: &[Keyword<Word>] = &[("proxy", Word::Proxy), ("help", Word::Help)];
const GET_WHOLE: &[Keyword<Word>] = &[("to", Word::To), ("dev", Word::Dev)];

const FILTER: &[Keyword<Word>] = &[("protocol", Word::Proto), ("help", Word::Help)];

const FILTER_WHOLE: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("dev", Word::Dev),
    ("master", Word::Of(link::filter::Word::Master)),
    ("vrf", Word::Of(link::filter::Word::Vrf)),
    ("nomaster", Word::Of(link::filter::Word::NoMaster)),
    ("unused", Word::Unused),
    ("nud", Word::Nud),
    ("proxy", Word::Proxy),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("neigh", VERBS)? };
    let request = match verb {
        Verb::Help => None,
        Verb::Change(kind, flags) => {
            let required = "Device and destination are required arguments.";
            spec(words, options, SPEC_WHOLE, SPEC, (required, 255))?.map(|spec| Request::Change(kind, flags, spec))
        }
        Verb::Get => {
            let required = "Device and address are required arguments.";
            spec(words, options, GET_WHOLE, GET, (required, 1))?.map(Request::Get)
        }
        Verb::Show => filter(words, options, false)?.map(Request::Show),
        Verb::Flush if words.is_end() => {
            let usage = words.error("which neighbours? `nud all` for all but those that need no resolution");
            return Err(usage.ip("Flush requires arguments.").ip_code(1));
        }
        Verb::Flush => filter(words, options, true)?.map(Request::Flush),
    };
    Ok(request.map_or(Command::Help(HELP), Command::Neigh))
}

/// Takes a state; [`STATELESS`] is none.
fn state(words: &mut Words<'_>) -> Parsed<u16> {
    let digit = words.peek().is_some_and(|w| w.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit));
    let state = match digit {
        false => words.keyword_of("a state", STATES_WHOLE, STATES),
        true => words.uint::<u8>("a state").and_then(|state| match state.count_ones() {
            0 | 1 => Ok(state.into()),
            _ => Err(words.error_before("that is more than one state")),
        }),
    };
    state.map_err(|e| words.wrong(e, "nud state is bad"))
}

/// Takes a neighbour; `None` is a question for help. `required` is what `ip` says where some of it is missing, and its exit code.
fn spec(
    words: &mut Words<'_>,
    options: &Options,
    whole: &[Keyword<Word>],
    table: &[Keyword<Word>],
    required: (&str, u8),
) -> Parsed<Option<Spec>> {
    let (mut dst, mut dev, mut lladdr, mut proto) = (None, None, None, None);
    let (mut flags, mut ext_flags) = (NeighFlags::empty(), NeighExtFlags::empty());
    let mut states = NeighState::PERMANENT.bits();
    while !words.is_end() {
        let word = inet::word_or_prefix(words, "a word of a neighbour", whole, table)?.unwrap_or(Word::To);
        match word {
            Word::Help => return Ok(None),
            Word::Proxy if dst.is_some() && !words.is_end() => return Err(words.twice("address")),
            Word::To if dst.is_some() && !words.is_end() => {
                let said = format!("Error: either \"to\" is duplicate, or \"{}\" is a garbage.", words.typed());
                return Err(words.error("there is an address already").ip(said));
            }
            Word::To | Word::Proxy => {
                flags |= if word == Word::Proxy { NeighFlags::PROXY } else { NeighFlags::empty() };
                dst = Some(words.address("an address", options.family)?);
            }
            Word::Dev => dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Lladdr if lladdr.is_some() && !words.is_end() => return Err(words.twice("lladdr")),
            Word::Lladdr => {
                lladdr = Some(if words.eat("null") { None } else { Some(words.lladdr("a link-layer address")?) });
            }
            Word::Nud => states = state(words)?,
            Word::Proto => {
                let named = words.named("a protocol", &names::PROTOS);
                proto = Some(named.map_err(|e| words.wrong(e, "\"protocol\" value is invalid\n"))?);
            }
            Word::Is(flag) => flags |= flag,
            Word::Managed => (ext_flags, states) = (NeighExtFlags::MANAGED, 0),
            _ => return Err(words.error_before("not here")),
        }
    }
    let Some(dst) = dst.filter(|_| dev.is_some() || flags.contains(NeighFlags::PROXY)) else {
        let what = if dst.is_none() { "the address" } else { "dev NAME" };
        return Err(words.error(format!("{what} is missing")).ip(required.0).ip_code(required.1));
    };
    let header = NdMsg { family: family_of(dst), state: states.into(), flags: flags.bits(), ..NdMsg::default() };
    Ok(Some(Spec { header, dst, dev, lladdr: lladdr.flatten(), proto, ext_flags }))
}

/// Takes a filter; `None` is a question for help.
fn filter(words: &mut Words<'_>, options: &Options, flush: bool) -> Parsed<Option<Filter>> {
    let resolved = (NeighState::PERMANENT | NeighState::NOARP).bits();
    let noarp = NeighState::NOARP.bits();
    let mut family = options.family;
    let mut states = None;
    let mut filter = Filter { states: if flush { !resolved } else { 0xff & !noarp }, ..Filter::default() };
    while !words.is_end() {
        match inet::word_or_prefix(words, "a word of a filter", FILTER_WHOLE, FILTER)? {
            Some(Word::Help) => return Ok(None),
            Some(Word::Dev) if filter.dev.is_some() && !words.is_end() => return Err(words.twice("dev")),
            Some(Word::Dev) => filter.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Of(word)) => filter.links.take(words, word)?,
            Some(Word::Nud) => {
                let state = match words.eat("all") {
                    true if flush => !noarp,
                    true => u16::MAX,
                    false => state(words)?,
                };
                *states.get_or_insert(0) |= if state == 0 { STATELESS } else { state };
            }
            Some(Word::Proto) if words.eat("all") => filter.proto = 0,
            Some(Word::Proto) => {
                let proto = words.named("a protocol", &names::PROTOS);
                filter.proto = proto.map_err(|e| words.wrong(e, "invalid \"protocol\"\n"))?;
            }
            Some(Word::Proxy) => filter.proxy = true,
            Some(Word::Unused) => filter.unused = true,
            _ => {
                let any = is_any(words);
                let to = words.prefix("an address or prefix", family)?;
                family = family.or(Some(family_of(to.addr)).filter(|_| !any));
                filter.to = Some(to);
            }
        }
    }
    filter.family = family.unwrap_or(af::UNSPEC);
    filter.states = states.unwrap_or(filter.states);
    Ok(Some(filter))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(kind, flags, spec) => change(session, kind, flags, &spec),
        Request::Get(spec) => get(session, &spec),
        Request::Show(filter) => {
            let links = Links::load(session.conn()?)?;
            let style = Style::new(session, &links, &filter)?;
            let question = style.question(session, &filter)?;
            inet::stream(session, "list neighbours", RTM_GETNEIGH, question, |out, message| {
                let shown = style.matches(&filter, filter.states, &Neigh::whole(message)?);
                if shown { style.show(out, message) } else { Ok(()) }
            })
        }
        Request::Flush(filter) => {
            let links = Links::load(session.conn()?)?;
            let style = Style::new(session, &links, &filter)?;
            let question = style.question(session, &filter)?;
            let find = |conn: &mut Conn, round| {
                // What was resolved in vain is told so by the first round, and is not told again.
                let states = if round == 0 { filter.states } else { filter.states & !NeighState::FAILED.bits() };
                let keep = |message: &Message<'_>| Ok(style.matches(&filter, states, &Neigh::whole(message)?));
                inet::dump(conn, RTM_GETNEIGH, &question, keep)
            };
            let write = |m: &mut Msg<'_>, found: &Message<'_>| m.raw(found.payload());
            let each = |out: &mut Out, message: &Message<'_>| style.show(out, message);
            inet::flush(session, "flush neighbours", "entries", RTM_DELNEIGH, find, write, each)
        }
    }
}

/// The header, with the index of the link.
fn header(session: &mut Session, spec: &Spec) -> Result<NdMsg> {
    let index = index_or_0(session, spec.dev.as_ref())?;
    Ok(NdMsg { index: i32::try_from(index).unwrap_or_default().into(), ..spec.header })
}

fn change(session: &mut Session, kind: u16, flags: Flags, spec: &Spec) -> Result<()> {
    let header = header(session, spec)?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        spec.proto.iter().for_each(|proto| m.u8(nda::PROTOCOL, *proto));
        put_addr(m, nda::DST, spec.dst);
        if !spec.ext_flags.is_empty() {
            m.u32(nda::FLAGS_EXT, spec.ext_flags.bits());
        }
        spec.lladdr.iter().for_each(|lladdr| m.bytes(nda::LLADDR, lladdr));
    };
    let verb = if kind == RTM_DELNEIGH { "delete" } else { "set" };
    let task = session.task(|| format!("{verb} neighbour {}", spec.dst));
    inet::request(session, &task, kind, flags, fill, |_| Ok(()))
}

fn get(session: &mut Session, spec: &Spec) -> Result<()> {
    let header = NdMsg { state: 0.into(), ..header(session, spec)? };
    let links = Links::load(session.conn()?)?;
    let style = Style::new(session, &links, &Filter::default())?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        put_addr(m, nda::DST, spec.dst);
    };
    let answer = session.conn()?.get(RTM_GETNEIGH, fill, |m| Ok(m.bytes().to_vec()));
    let answer = answer.map_err(|e| inet::refused(&format!("get neighbour {}", spec.dst), &e))?;
    done("show the neighbour", inet::show(&mut session.out, &answer, |out, m| style.show(out, m)))
}

/// How neighbours are shown.
pub(super) struct Style<'s> {
    pub(super) links: &'s Links,
    /// The link that is shown only; 0: all.
    pub(super) dev: u32,
    pub(super) brief: bool,
    pub(super) statistics: bool,
}

impl<'s> Style<'s> {
    fn new(session: &mut Session, links: &'s Links, filter: &Filter) -> Result<Self> {
        let dev = index_or_0(session, filter.dev.as_ref())?;
        let Options { brief, statistics, .. } = session.options;
        Ok(Self { links, dev, brief, statistics: statistics > 0 })
    }

    /// The question for those that match. The kernel answers with no more than that, but for what [`Style::matches`] says.
    fn question(&self, session: &mut Session, filter: &Filter) -> Result<impl Fn(&mut Msg<'_>) + use<>> {
        let master = match filter.links.find_master(session)? {
            Some(master) => master,
            None if filter.links.nomaster => u32::MAX,
            None => 0,
        };
        let flags = if filter.proxy { NeighFlags::PROXY.bits() } else { 0 };
        let header = NdMsg { family: filter.family, flags, ..NdMsg::default() };
        let dev = self.dev;
        Ok(move |m: &mut Msg<'_>| {
            m.fixed(&header);
            for (kind, index) in [(nda::IFINDEX, dev), (nda::MASTER, master)] {
                if index != 0 {
                    m.u32(kind, index);
                }
            }
        })
    }

    fn matches(&self, filter: &Filter, states: u16, neigh: &Neigh<'_>) -> bool {
        let state = neigh.state().bits();
        (filter.family == af::UNSPEC || filter.family == neigh.header.family)
            && (self.dev == 0 || u32::try_from(neigh.header.index.get()) == Ok(self.dev))
            && (states & state != 0
                || state == 0 && states & STATELESS != 0
                || neigh.flags().intersects(NeighFlags::PROXY | NeighFlags::EXT_LEARNED))
            && (filter.proto == 0 || got(neigh.protocol()) == Some(filter.proto))
            && filter.to.as_ref().is_none_or(|p| p.len == 0 || got(neigh.dst()).is_none_or(|dst| inet::is_in(dst, p)))
            && !(filter.unused && got(neigh.cacheinfo()).is_some_and(|c| c.refcnt.get() != 0))
    }

    /// Shows the neighbour that `message` carries.
    pub(super) fn show(&self, out: &mut Out, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
        let neigh = Neigh::whole(message)?;
        out.object("", |out| {
            match message.kind() {
                RTM_DELNEIGH => out.field("deleted", true, format_args!("Deleted ")),
                RTM_GETNEIGH => out.field("miss", Value::Null, format_args!("miss ")),
                _ => {}
            }
            if self.brief {
                self.brief(out, &neigh)
            } else {
                self.full(out, &neigh)
            }
            out.push("\n");
        });
        Ok(())
    }

    /// The index of the link, where it is to be shown.
    fn index(&self, neigh: &Neigh<'_>) -> Option<u32> {
        u32::try_from(neigh.header.index.get()).ok().filter(|index| self.dev == 0 && *index != 0)
    }

    fn lladdr(&self, neigh: &Neigh<'_>, lladdr: &[u8]) -> String {
        inet::lladdr(self.links.kind(u32::try_from(neigh.header.index.get()).unwrap_or_default()), lladdr)
    }

    fn brief(&self, out: &mut Out, neigh: &Neigh<'_>) {
        if let Some(dst) = got(neigh.dst()) {
            let text = Addr(dst).to_string();
            out.color(color(dst), "dst", &text, format_args!("{text:<39} "));
        }
        if let Some(index) = self.index(neigh) {
            let name = self.links.name(index).map_or_else(|| format!("if{index}").into_bytes(), <[u8]>::to_vec);
            let text = Escaped(&name).to_string();
            out.color(Some(Color::Ifname), "dev", &*name, format_args!("{text:<16} "));
        }
        if let Some(lladdr) = got(neigh.lladdr()) {
            let text = self.lladdr(neigh, lladdr);
            out.color(Some(Color::Mac), "lladdr", &text, format_args!("{text}"));
        }
    }

    fn full(&self, out: &mut Out, neigh: &Neigh<'_>) {
        if let Some(dst) = got(neigh.dst()) {
            put_color(out, color(dst), "dst", "", Addr(dst));
        }
        if let Some(index) = self.index(neigh) {
            put_dev(out, "dev", "dev ", self.links, index);
        }
        if let Some(lladdr) = got(neigh.lladdr()) {
            put_color(out, Some(Color::Mac), "lladdr", "lladdr ", self.lladdr(neigh, lladdr));
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
        if self.statistics {
            statistics(out, neigh);
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
    }
}

/// The colour of an address.
fn color(addr: &[u8]) -> Option<Color> {
    Color::of_family(if addr.len() == 16 { af::INET6 } else { af::INET })
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

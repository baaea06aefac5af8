//! `ntable`: the tables neighbours are in, and the settings that links have in them.

use super::inet::{self, index, put_dev};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Result as Parsed, family_name};
use crate::out::Escaped;
use netns_sys::local_time;
use nl_core::route::{NdtConfig, NdtMsg, NdtStats, RTM_GETNEIGHTBL, RTM_SETNEIGHTBL, ndta, ndtpa};
use nl_core::{Attrs, Msg};
use std::time::{SystemTime, UNIX_EPOCH};

/// What `ntable` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those that match.
    Show(Filter),
    /// Change one.
    Change(Spec),
}

/// Which tables to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A link's settings; `Some(None)`: what is no link's.
    dev: Option<Option<OsString>>,
    name: Option<OsString>,
}

/// What a table is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    family: u8,
    /// The name among them.
    table: Vec<(u16, Vec<u8>)>,
    /// Settings; where the index of a link is, it is that of `dev`.
    parms: Vec<(u16, Vec<u8>)>,
    dev: Option<OsString>,
}

const HELP: &str = "\
Usage: netnsctl ntable [ show ] [ name NAME ] [ dev { NAME | none } ]
       netnsctl ntable change name NAME [ dev NAME ] [ SETTING N ]...
SETTING := thresh1 | thresh2 | thresh3 | gc_int
           of a link, or the default: base_reachable | retrans | gc_stale | delay_probe | queue | app_probes |
           ucast_probes | mcast_probes | anycast_delay | proxy_delay | proxy_queue | locktime
           times are in milliseconds
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Name,
    Dev,
    /// Of the table: which attribute.
    Table(Value),
    /// Of a link.
    Parm(Value),
}

/// A value: its attribute, and whether that has 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Number(u16),
    Time(u16),
}

use Value::{Number, Time};

/// In the order they are shown.
const CHANGE: &[Keyword<Word>] = &[
    ("name", Word::Name),
    ("dev", Word::Dev),
    ("thresh1", Word::Table(Number(ndta::THRESH1))),
    ("thresh2", Word::Table(Number(ndta::THRESH2))),
    ("thresh3", Word::Table(Number(ndta::THRESH3))),
    ("gc_int", Word::Table(Time(ndta::GC_INTERVAL))),
    ("base_reachable", Word::Parm(Time(ndtpa::BASE_REACHABLE_TIME))),
    ("retrans", Word::Parm(Time(ndtpa::RETRANS_TIME))),
    ("gc_stale", Word::Parm(Time(ndtpa::GC_STALETIME))),
    ("delay_probe", Word::Parm(Time(ndtpa::DELAY_PROBE_TIME))),
    ("queue", Word::Parm(Number(ndtpa::QUEUE_LEN))),
    ("app_probes", Word::Parm(Number(ndtpa::APP_PROBES))),
    ("ucast_probes", Word::Parm(Number(ndtpa::UCAST_PROBES))),
    ("mcast_probes", Word::Parm(Number(ndtpa::MCAST_PROBES))),
    ("anycast_delay", Word::Parm(Time(ndtpa::ANYCAST_DELAY))),
    ("proxy_delay", Word::Parm(Time(ndtpa::PROXY_DELAY))),
    ("proxy_queue", Word::Parm(Number(ndtpa::PROXY_QLEN))),
    ("locktime", Word::Parm(Time(ndtpa::LOCKTIME))),
];

const SHOW: &[Keyword<Word>] = &[("name", Word::Name), ("dev", Word::Dev)];

/// What cannot be changed is shown before what can.
const FIXED: &[Keyword<Word>] =
    &[("refcnt", Word::Parm(Number(ndtpa::REFCNT))), ("reachable", Word::Parm(Time(ndtpa::REACHABLE_TIME)))];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    const VERBS: &[Keyword<Option<bool>>] = &[
        ("change", Some(true)),
        ("chg", Some(true)),
        ("show", Some(false)),
        ("lst", Some(false)),
        ("list", Some(false)),
        ("help", None),
    ];
    let verb = if words.is_end() { Some(false) } else { words.verb("ntable", VERBS)? };
    Ok(match verb {
        None => Command::Help(HELP),
        Some(true) => Command::Ntable(Request::Change(spec(words, options)?)),
        Some(false) => Command::Ntable(Request::Show(filter(words)?)),
    })
}

fn word(words: &mut Words<'_>, table: &[Keyword<Word>]) -> Parsed<Word> {
    words.keyword_of("a word of a table of neighbours", table, &[]).map_err(|e| words.wrong(e, "unknown"))
}

fn filter(words: &mut Words<'_>) -> Parsed<Filter> {
    let mut filter = Filter::default();
    while !words.is_end() {
        match word(words, SHOW)? {
            Word::Name => filter.name = Some(words.need("the name of a table")?.to_owned()),
            _ if words.eat("none") => filter.dev = Some(None),
            _ => filter.dev = Some(Some(device(words, "the name of an interface, or none")?.to_owned())),
        }
    }
    Ok(filter)
}

fn spec(words: &mut Words<'_>, options: &Options) -> Parsed<Spec> {
    let family = options.family.unwrap_or(af::UNSPEC);
    let mut spec = Spec { family, table: Vec::new(), parms: Vec::new(), dev: None };
    let (mut named, mut changes) = (false, false);
    while !words.is_end() {
        let word = word(words, CHANGE)?;
        let (list, value) = match word {
            Word::Name => {
                if named && !words.is_end() {
                    return Err(words.twice("NAME"));
                }
                named = true;
                let name = words.need("the name of a table")?.as_encoded_bytes();
                spec.table.push((ndta::NAME, [name, &[0]].concat()));
                continue;
            }
            Word::Dev => {
                spec.dev = Some(device(words, "the name of an interface")?.to_owned());
                spec.parms.push((ndtpa::IFINDEX, Vec::new()));
                continue;
            }
            Word::Table(value) => (&mut spec.table, value),
            Word::Parm(value) => (&mut spec.parms, value),
        };
        let name = CHANGE.iter().find(|k| k.1 == word).map_or("", |k| k.0);
        let most = if matches!(value, Number(_)) { u32::MAX.into() } else { u64::MAX };
        let number = words.number("a number", 0..=most);
        let number = number.map_err(|e| words.wrong(e, format_args!("\"{name}\" value is invalid")))?;
        list.push(match value {
            Number(kind) => (kind, u32::try_from(number).unwrap_or_default().to_ne_bytes().to_vec()),
            Time(kind) => (kind, number.to_ne_bytes().to_vec()),
        });
        changes = true;
    }
    if !named {
        return Err(words.error("the name of the table is missing").ip("Error: argument \"NAME\" is required"));
    }
    if !changes {
        let said = "Not enough information: changeable attributes required.";
        return Err(words.error("what is to be changed is missing").ip(said));
    }
    Ok(spec)
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Change(spec) => change(session, &spec),
        Request::Show(filter) => {
            let dev = match &filter.dev {
                Some(Some(name)) => Some(Some(index(session, name).map_err(|failure| {
                    let name = Escaped(name.as_encoded_bytes());
                    failure.ip(format!("Error: argument \"{name}\" is wrong: \"DEV\" is invalid")).code(code::USAGE)
                })?)),
                Some(None) => Some(None),
                None => None,
            };
            let links = Links::load(session.conn()?)?;
            let statistics = session.options.statistics > 0;
            let family = session.options.family;
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&NdtMsg { family: family.unwrap_or(af::UNSPEC), ..NdtMsg::default() });
            };
            inet::stream(session, "list tables of neighbours", RTM_GETNEIGHTBL, fill, |out, message| {
                let (header, attrs) = message.fixed::<NdtMsg>()?;
                let name = attrs.find(ndta::NAME).map(|a| a.name());
                let is_name = filter.name.as_ref().is_none_or(|n| name.is_none_or(|t| t == n.as_encoded_bytes()));
                let parms = attrs.find(ndta::PARMS).map(|a| a.attrs());
                let is_dev = parms.is_none_or(|p| {
                    let link = p.find(ndtpa::IFINDEX).and_then(|a| a.u32().ok());
                    dev.is_none_or(|want| want == link)
                });
                if family.is_none_or(|f| f == header.family) && is_name && is_dev {
                    out.object("", |out| show(out, header.family, &attrs, &links, statistics));
                }
                Ok(())
            })
        }
    }
}

fn change(session: &mut Session, spec: &Spec) -> Result<()> {
    let dev = inet::index_or_0(session, spec.dev.as_ref())?;
    let header = NdtMsg { family: spec.family, ..NdtMsg::default() };
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        spec.table.iter().for_each(|(kind, value)| m.bytes(*kind, value));
        if !spec.parms.is_empty() {
            m.nest(ndta::PARMS, |m| {
                spec.parms.iter().for_each(|(kind, value)| match *kind {
                    ndtpa::IFINDEX => m.u32(ndtpa::IFINDEX, dev),
                    kind => m.bytes(kind, value),
                });
            });
        }
    };
    inet::request(session, "change the table", RTM_SETNEIGHTBL, Flags::REPLACE, fill, |_| Ok(()))
}

fn show(out: &mut Out, family: u8, attrs: &Attrs<'_>, links: &Links, statistics: bool) {
    let newline = out.newline();
    inet::put(out, "family", "", family_name(family));
    if let Some(name) = attrs.find(ndta::NAME).map(|a| a.name()) {
        out.field("name", name, format_args!("{} ", Escaped(name)));
    }
    out.push(newline);
    let of_table = |k: &Keyword<Word>| if let Word::Table(value) = k.1 { Some((k.0, value)) } else { None };
    if values(out, attrs, "    ", CHANGE.iter().filter_map(of_table)) {
        out.push(newline);
    }
    let config = attrs.find(ndta::CONFIG).filter(|_| statistics);
    if let Some(config) = config.and_then(|a| a.prefix::<NdtConfig>().ok()) {
        show_config(out, config);
    }
    if let Some(parms) = attrs.find(ndta::PARMS).map(|a| a.attrs()) {
        if let Some(index) = parms.find(ndtpa::IFINDEX).and_then(|a| a.u32().ok()) {
            put_dev(out, "dev", "    dev ", links, index);
            out.push(newline);
        }
        let of_link = |k: &Keyword<Word>| if let Word::Parm(value) = k.1 { Some((k.0, value)) } else { None };
        out.push("    ");
        values(out, &parms, "", FIXED.iter().chain(CHANGE).filter_map(of_link));
        out.push(newline);
    }
    let stats = attrs.find(ndta::STATS).filter(|_| statistics);
    if let Some(stats) = stats.and_then(|a| a.prefix::<NdtStats>().ok()) {
        show_stats(out, stats);
    }
    out.push("\n");
}

/// Shows the values among `attrs` that have a word, behind `before` if there are any.
fn values<'w>(out: &mut Out, attrs: &Attrs<'_>, before: &str, words: impl Iterator<Item = (&'w str, Value)>) -> bool {
    let (newline, mut any) = (out.newline(), false);
    for (word, value) in words {
        // These begin a line.
        if matches!(word, "gc_stale" | "app_probes" | "anycast_delay") {
            out.text(format_args!("{newline}    "));
        }
        let found = match value {
            Number(kind) => attrs.find(kind).and_then(|a| a.u32().ok()).map(u64::from),
            Time(kind) => attrs.find(kind).and_then(|a| a.u64().ok()),
        };
        if let Some(found) = found {
            out.push(if any { "" } else { before });
            any = true;
            let key = if word == "gc_int" { "gc_interval" } else { word };
            out.field(key, found, format_args!("{word} {found} "));
        }
    }
    any
}

fn show_config(out: &mut Out, config: &NdtConfig) {
    let newline = out.newline();
    let count =
        |out: &mut Out, key: &str, text: &str, value: u32| out.field(key, value, format_args!("{text} {value} "));
    count(out, "key_length", "    config key_len", config.key_len.get().into());
    count(out, "entry_size", "entry_size", config.entry_size.get().into());
    count(out, "entries", "entries", config.entries.get());
    out.push(newline);
    inet::put(out, "last_flush", "        last_flush ", ago(config.last_flush.get()));
    inet::put(out, "last_rand", "last_rand ", ago(config.last_rand.get()));
    out.push(newline);
    count(out, "hash_rnd", "        hash_rnd", config.hash_rnd.get());
    let mask = config.hash_mask.get();
    let hex = if mask == 0 { "0".into() } else { format!("{mask:#x}") };
    out.field("hash_mask", &hex, format_args!("hash_mask {mask:08x} "));
    count(out, "hash_chain_gc", "hash_chain_gc", config.hash_chain_gc.get());
    count(out, "proxy_qlen", "proxy_qlen", config.proxy_qlen.get());
    out.push(newline);
}

/// When that was, so many milliseconds ago.
fn ago(millis: u32) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let then = i64::try_from(now.saturating_sub((millis / 1000).into())).ok().filter(|_| millis != 0);
    then.and_then(local_time).map_or_else(
        || "(error)".into(),
        |t| format!("{}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second),
    )
}

fn show_stats(out: &mut Out, stats: &NdtStats) {
    let newline = out.newline();
    out.push("    stats ");
    for (key, value) in [
        ("allocs", stats.allocs),
        ("destroys", stats.destroys),
        ("hash_grows", stats.hash_grows),
        ("res_failed", stats.res_failed),
        ("lookups", stats.lookups),
        ("hits", stats.hits),
        ("rcv_probes_mcast", stats.rcv_probes_mcast),
        ("rcv_probes_ucast", stats.rcv_probes_ucast),
        ("periodic_gc_runs", stats.periodic_gc_runs),
        ("forced_gc_runs", stats.forced_gc_runs),
        ("table_fulls", stats.table_fulls),
    ] {
        // These begin a line.
        if matches!(key, "res_failed" | "rcv_probes_mcast" | "periodic_gc_runs" | "table_fulls") {
            out.text(format_args!("{newline}    "));
        }
        out.field(key, value.get(), format_args!("{key} {value} "));
    }
    out.push(newline);
}

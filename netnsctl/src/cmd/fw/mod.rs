//! `fw`: firewall rules for what people do in and between namespaces, each line one atomic transaction.
//!
//! All is in one table of our own, `inet netnsctl`. A line's rules carry the line itself as their comment: so a line that is
//! there is not made again, and taking it away takes away what it made and nothing else. Chains and the table come with the
//! first rule in them, and go with the last.

mod line;
mod monitor;
mod own;

pub use line::Line;
pub use own::Wish;
#[cfg(feature = "plans")]
pub(crate) use own::holds;

use super::{Command, Options, Session};
use crate::failure::{Failure, Result, code};
use crate::fw::change::is_absent;
use crate::fw::ruleset::{Ruleset, Which};
use crate::fw::show::{self, Links, Part, family_name};
use crate::grammar::{Keyword, Result as Parsed, Words, show as show_word};
use crate::out::{Format, Out};
#[cfg(feature = "plans")]
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error};
use nl_core::netfilter::nfproto;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

/// What `fw` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make what a line says, or take it away.
    Change(Box<Line>, Wish),
    /// Carry out the lines of a file, all as one transaction; `-`: of standard input.
    Batch(OsString),
    /// Show what there is: of a family, a table and a chain, where given.
    List(u8, Option<Vec<u8>>, Option<Vec<u8>>),
    /// Show the lines that were made, and what their rules counted.
    Counters,
    /// Take away all that was made.
    Flush,
    /// Show what changes, as it does.
    Monitor,
}

const HELP: &str = "\
Usage: netnsctl fw [ delete ] masquerade [ from PREFIX ] [ to PREFIX ] [ oif NAME ]
       netnsctl fw [ delete ] forward { tcp | udp } PORT[-PORT] to ADDRESS[:PORT[-PORT]] [ from PREFIX ] [ iif NAME ]
       netnsctl fw [ delete ] { allow | drop | reject } { in | out | forward } [ [ not ] MATCH ]... [ log [ PREFIX ] ]
       netnsctl fw [ delete ] policy { in | out | forward } { accept | drop }
       netnsctl fw list [ FAMILY [ TABLE [ CHAIN ] ] ]     any rules, as nft shows them (-j: its JSON; -d: with handles)
       netnsctl fw batch { FILE | - }       lines as above, without `netnsctl fw`: all of them, or none
       netnsctl fw { counters | flush | monitor }
MATCH  := from PREFIX | to PREFIX | iif NAME | oif NAME (eth*: begins with eth) | mark N[/MASK] | state STATE[,STATE]... |
          proto PROTOCOL | tcp | udp | icmp | icmpv6 | port PORTS | sport PORTS | type N | limit N/UNIT [ burst N ] |
          addrtype { local | broadcast | multicast | unicast }
PORTS  := PORT[-PORT][,PORT[-PORT]]...
STATE  := new | established | related | invalid | untracked
FAMILY := inet | ip | ip6 | arp | bridge | netdev
UNIT   := second | minute | hour | day
A line that holds already changes nothing; `delete` and the same words take away what it made. IPv6: [ADDRESS]:PORT.
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Line(line::Kind),
    Delete,
    Batch,
    List,
    Counters,
    Flush,
    Monitor,
    Help,
}

const LINES: &[Keyword<line::Kind>] = &[
    ("masquerade", line::Kind::Masquerade),
    ("forward", line::Kind::Forward),
    ("allow", line::Kind::Allow),
    ("drop", line::Kind::Drop),
    ("reject", line::Kind::Reject),
    ("policy", line::Kind::Policy),
];

const VERBS: &[Keyword<Verb>] = &[
    ("masquerade", Verb::Line(line::Kind::Masquerade)),
    ("forward", Verb::Line(line::Kind::Forward)),
    ("allow", Verb::Line(line::Kind::Allow)),
    ("drop", Verb::Line(line::Kind::Drop)),
    ("reject", Verb::Line(line::Kind::Reject)),
    ("policy", Verb::Line(line::Kind::Policy)),
    ("delete", Verb::Delete),
    ("batch", Verb::Batch),
    ("list", Verb::List),
    ("show", Verb::List),
    ("counters", Verb::Counters),
    ("flush", Verb::Flush),
    ("monitor", Verb::Monitor),
    ("help", Verb::Help),
];

const FAMILIES: &[Keyword<u8>] = &[
    ("inet", nfproto::INET),
    ("ip", nfproto::IPV4),
    ("ip6", nfproto::IPV6),
    ("arp", nfproto::ARP),
    ("bridge", nfproto::BRIDGE),
    ("netdev", nfproto::NETDEV),
];

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::List } else { words.keyword("a command of fw", VERBS)? };
    let request = match verb {
        Verb::Line(kind) => Request::Change(Box::new(line::parse(words, kind)?), Wish::There),
        Verb::Delete => {
            let kind = words.keyword("what to delete", LINES)?;
            Request::Change(Box::new(line::parse(words, kind)?), Wish::Gone)
        }
        Verb::List => {
            let family = if words.is_end() { 0 } else { words.keyword("a family", FAMILIES)? };
            let mut name = || words.next().map(|word| word.as_bytes().to_vec());
            Request::List(family, name(), name())
        }
        Verb::Batch => Request::Batch(words.need("a file")?.to_owned()),
        Verb::Counters => Request::Counters,
        Verb::Flush => Request::Flush,
        Verb::Monitor => Request::Monitor,
        Verb::Help => return Ok(Command::Help(HELP)),
    };
    words.end()?;
    Ok(Command::Fw(request))
}

/// Carries out a line of a plan, or its undoing, in the calling thread's namespace.
#[cfg(feature = "plans")]
pub(crate) fn carry_out(text: &str) -> netns_sys::Result<()> {
    let (line, wish) = planned(text).ok_or(Error::NoAnswer)?;
    let mut conn = Conn::open(&nl_core::netfilter::FAMILY)?;
    own::grant(&mut conn, &|each| each(&line, wish)).map(drop).map_err(|broken| broken.error)
}

/// The words of a line, or of its undoing.
#[cfg(feature = "plans")]
pub(crate) fn planned(text: &str) -> Option<(Line, Wish)> {
    one(text.as_bytes()).ok().flatten().map(|(line, wish)| (*line, wish))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    #[cfg(feature = "plans")]
    if let (Some(planner), Request::Change(line, Wish::There)) = (&session.planner, &request) {
        return super::done("plan a rule", planner.firewall(session.options.ns.as_deref(), line));
    }
    match request {
        Request::Change(line, wish) => {
            let what = format!("\"fw {}\"", crate::out::Escaped(line.text.as_bytes()));
            own::change(session.netfilter()?, &what, &|each| each(&line, wish))
        }
        Request::Batch(file) => batch(session, &file),
        Request::List(family, table, chain) => {
            let which = Which { family, table: table.as_deref() };
            let all = Ruleset::read(session.netfilter()?, which).map_err(|e| failed("list the rules", &e))?;
            if let Some(name) = table.as_deref().filter(|name| !all.has_table(family, name)) {
                let text = format!("there is no table {} {}", family_name(family), crate::out::Escaped(name));
                return Err(Failure::new(code::KERNEL, text));
            }
            if session.options.json && !session.options.pretty {
                session.out = Out::new(Format::JsonSpaced, session.out.style());
            }
            let handles = session.options.details;
            let (conn, out) = session.conn_and_out()?;
            let part = Part { family, table: table.as_deref(), chain: chain.as_deref(), handles };
            show::ruleset(out, &all, &mut Links::new(Some(conn)), part).map_err(|e| failed("show the rules", &e))
        }
        Request::Counters => {
            let rules = own::rules(session.netfilter()?).map_err(|e| failed("list the rules", &e))?;
            session.out.list("", |out| rules.iter().for_each(|rule| rule.show(out)));
            Ok(())
        }
        Request::Flush => own::flush(session.netfilter()?),
        Request::Monitor => monitor::run(session),
    }
}

/// Carries out all lines of a file, or none of them.
fn batch(session: &mut Session, file: &OsStr) -> Result<()> {
    let mut text = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut text).map(drop),
        _ => std::fs::read(file).map(|read| text = read),
    };
    let name = show_word(file);
    read.map_err(|e| Failure::new(code::FAILED, format!("cannot read {name}: {e}")))?;
    // All are looked at before any is carried out.
    for (number, line) in (1_usize..).zip(text.split(|byte| *byte == b'\n')) {
        if let Err(usage) = one(line) {
            let words = crate::grammar::split_line(line, false).unwrap_or_default();
            let mut failure = Failure::usage(&words, &usage, false);
            failure.0.message = format!("{name}:{number}: {}", failure.message);
            return Err(failure);
        }
    }
    let each_line = |each: &mut dyn FnMut(&Line, Wish) -> netns_sys::Result<()>| {
        let lines = text.split(|byte| *byte == b'\n').filter_map(|line| one(line).ok().flatten());
        lines.into_iter().try_for_each(|(line, wish)| each(&line, wish))
    };
    own::change(session.netfilter()?, &format!("the lines of {name}"), &each_line)
}

/// What a line of a file says; `None`: nothing.
fn one(line: &[u8]) -> Parsed<Option<(Box<Line>, Wish)>> {
    let words = crate::grammar::split_line(line, false)?;
    if words.is_empty() {
        return Ok(None);
    }
    let mut words = Words::new(&words);
    match parse(&mut words, &Options::default())? {
        Command::Fw(Request::Change(line, wish)) => Ok(Some((line, wish))),
        _ => {
            let mut usage = words.error("in a file, lines make or delete rules");
            usage.0.at = 0;
            Err(usage)
        }
    }
}

/// A failure, which says where it is so that the kernel has no nftables.
pub(super) fn failed(task: &str, error: &Error) -> Failure {
    let failure = Failure::of(task, error);
    // Of a subsystem that it has not nfnetlink says EINVAL.
    match is_absent(error) && (error.errno() != Some(Errno::EINVAL) || matches!(error, Error::Kernel(_))) {
        true => lacking(failure),
        false => failure,
    }
}

fn lacking(failure: Failure) -> Failure {
    failure
        .hint("  this kernel has no nftables: CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, or their modules are not loaded")
}

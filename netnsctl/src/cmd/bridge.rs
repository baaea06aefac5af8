//! `bridge`: ports of bridges, their forwarding database, VLANs and multicast groups, as iproute2's `bridge` has it.

use super::inet;
use super::links::{Links, device};
use super::*;
use crate::grammar::{Result as Parsed, Usage};
use crate::out::Escaped;

pub(super) mod brctl;
pub mod fdb;
pub mod mdb;
pub mod vlan;

pub use super::link::port;

/// What `bridge` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// About ports.
    Link(port::Request),
    /// About the forwarding database.
    Fdb(fdb::Request),
    /// About VLANs.
    Vlan(vlan::Request),
    /// About multicast groups.
    Mdb(mdb::Request),
}

pub(super) const HELP: &str = "\
Usage: netnsctl bridge [ OPTIONS ] OBJECT { COMMAND | help }
OBJECT  := link | fdb | vlan | mdb | monitor
OPTIONS := -n[etns] NAME | -d[etails] | -s[tatistics] | -j[son] | -p[retty] | -o[neline] | -c[olor] | -t[imestamp] |
           -com[pressvlans] | -4 | -6 | -b[atch] FILE | -force | -V[ersion]
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Link,
    Fdb,
    Mdb,
    Vlan,
    Not(&'static str),
    Monitor,
    Help,
}

const OBJECTS: &[Keyword<Object>] = &[
    ("link", Object::Link),
    ("fdb", Object::Fdb),
    ("mdb", Object::Mdb),
    ("vlan", Object::Vlan),
    ("vni", Object::Not("vni")),
    ("monitor", Object::Monitor),
    ("help", Object::Help),
];

pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    options.bridge = options.ip;
    if words.is_end() {
        return Ok(Command::Help(HELP));
    }
    let object =
        words.keyword_of_ip("an object", OBJECTS, |word| format!("Object \"{word}\" is unknown, try \"bridge help\"."));
    let (request, help) = match object.map_err(|usage| usage.ip_code(255))? {
        Object::Link => (port::parse(words)?.map(Request::Link), port::HELP),
        Object::Fdb => (fdb::parse(words, options)?.map(Request::Fdb), fdb::HELP),
        Object::Vlan => (vlan::parse(words)?.map(Request::Vlan), vlan::HELP),
        Object::Mdb => (mdb::parse(words)?.map(Request::Mdb), mdb::HELP),
        Object::Monitor => {
            let asked = monitor::parse_bridge(words, options)?;
            return Ok(asked.unwrap_or(Command::Help(monitor::BRIDGE_HELP)));
        }
        Object::Not(name) => {
            let said = format!("{name:?} is not supported");
            return Err(words.error_before(format!("{said} here")).ip(said));
        }
        Object::Help => (None, HELP),
    };
    Ok(request.map_or(Command::Help(help), Command::Bridge))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Link(request) => port::run(session, &request),
        Request::Fdb(request) => fdb::run(session, &request),
        Request::Vlan(request) => vlan::run(session, &request),
        Request::Mdb(request) => mdb::run(session, &request),
    }
}

/// Takes what is to be done to an `object`: a keyword of `table`, or of `whole`, which is written out; `none`: there is no word.
pub(super) fn verb<T: Copy + PartialEq>(
    words: &mut Words<'_>,
    object: &str,
    whole: &[Keyword<T>],
    table: &[Keyword<T>],
    none: T,
) -> Parsed<T> {
    if words.is_end() {
        return Ok(none);
    }
    let said = format!("Command \"{}\" is unknown, try \"bridge {object} help\".", words.typed());
    words.keyword_of("a command", whole, table).map_err(|usage| usage.ip(said))
}

/// What `bridge` says who asks for help among other words.
pub(super) fn usage(help: &str) -> String {
    help.trim_end().replace("netnsctl bridge", "bridge")
}

/// What all `show` commands have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Of this link.
    pub dev: Option<OsString>,
    /// With this VLAN id; 0: any.
    pub vid: u16,
}

/// Takes `dev NAME`, and where there are VLANs, `vid ID`. `bridge` passes over others.
pub(super) fn show_words(words: &mut Words<'_>, vid: Option<&'static str>) -> Parsed<Shown> {
    let known: Vec<_> = ["dev"].into_iter().chain(vid).map(|word| (word, word)).collect();
    let mut shown = Shown::default();
    while !words.is_end() {
        match passed(words, "a word of a filter", &known, &[])? {
            Some("dev") if shown.dev.is_some() && !words.is_end() => return Err(words.twice("dev")),
            Some("dev") => shown.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(word) if shown.vid != 0 && !words.is_end() => return Err(words.twice(word)),
            Some(_) => shown.vid = words.uint("a VLAN id")?,
            None => {}
        }
    }
    Ok(shown)
}

/// Takes a keyword; `None`: `bridge` passes over a word it does not know.
pub(super) fn passed<T: Copy + PartialEq>(
    words: &mut Words<'_>,
    what: &str,
    whole: &[Keyword<T>],
    table: &[Keyword<T>],
) -> Parsed<Option<T>> {
    if !words.is_ip() {
        return words.keyword_of(what, whole, table).map(Some);
    }
    let found = words.try_words(whole, table)?;
    if found.is_none() {
        let _ = words.next();
    }
    Ok(found)
}

/// The index of the link `name`; of one that is not there, `bridge` has `cannot` in front of its name.
pub(super) fn find(session: &mut Session, name: &OsStr, cannot: &str) -> Result<u32> {
    let found = inet::index(session, name).map_err(|f| f.ip(format!("{cannot} \"{}\"", Escaped(name.as_bytes()))));
    said(session, found)
}

/// As [`find`]; 0 where there is no name.
pub(super) fn find_or_0(session: &mut Session, name: Option<&OsString>, cannot: &str) -> Result<u32> {
    name.map_or(Ok(0), |name| find(session, name, cannot))
}

/// With the exit code that `bridge` has for what fails.
pub(super) fn said<T>(session: &Session, result: Result<T>) -> Result<T> {
    result.map_err(|failure| if session.options.bridge { failure.code(code::USAGE) } else { failure })
}

/// With what `bridge` says of a dump that fails, and its exit code.
pub(super) fn dumped<T>(session: &Session, result: Result<T>) -> Result<T> {
    result.map_err(|failure| match (&failure.ip, session.options.bridge) {
        (Some(ip), true) if failure.code == code::KERNEL && !ip.ends_with("Dump terminated") => {
            let ip = format!("{ip}\nDump terminated");
            failure.code(code::FAILED).ip(ip)
        }
        (_, true) if failure.code == code::KERNEL => failure.code(code::FAILED),
        _ => failure,
    })
}

/// Puts the name of a link, of an unknown one its number, between `before` and `after`.
fn put_link(out: &mut Out, key: &str, before: &str, links: &Links, index: u32, after: &str) {
    let unknown;
    let name = match links.name(index) {
        Some(name) => name,
        None => {
            unknown = links.text(index);
            unknown.as_bytes()
        }
    };
    out.parts(key, name, &[before, &Escaped(name).text(), after]);
}

//! `netns`: named namespaces.

use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Keyword, Result as Parsed, Usage, Words, show};
use crate::out::Escaped;
use netns_sys::holders::{Hidden, Holder, Look, holders};
use netns_sys::named::Change;
use netns_sys::{Errno, Error, Kind, NameRule, Ns};
use nl_core::Flags;
use nl_core::route::{NSID_NOT_ASSIGNED, RTM_NEWNSID, RtGenMsg, netnsa};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

mod exec;
mod list;
mod wait;

#[cfg(feature = "ip")]
pub(super) use exec::not_executed;
#[cfg(any(feature = "ip", feature = "processes"))]
pub(super) use exec::status;
#[cfg(feature = "processes")]
pub(super) use list::{any_nsid, nsids_of};
#[cfg(feature = "ip")]
pub(super) use list::{names_by_id, show_nsid};

/// What `netns` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show the names.
    List,
    /// Make namespaces with these names.
    Add(Vec<OsString>),
    /// Remove names.
    Delete {
        /// The names; none: all there are.
        names: Vec<OsString>,
        /// Wait at most so long until the peers' links are gone.
        wait: Option<Duration>,
    },
    /// Give the namespace of a process a name.
    Attach {
        /// The name.
        name: OsString,
        /// The process.
        pid: u32,
    },
    /// Give a namespace an id, as seen from here.
    Set {
        /// The name.
        name: OsString,
        /// The id; `None`: the kernel chooses.
        nsid: Option<i32>,
    },
    /// Show the names of a process' namespace (`None`: ours).
    Identify(Option<u32>),
    /// Show the processes in a namespace.
    Pids {
        /// The name.
        name: OsString,
        /// What else to look for.
        look: Look,
    },
    /// Run a program in a namespace (`None`: in each).
    Exec {
        /// The name.
        name: Option<OsString>,
        /// The program and its arguments.
        command: Vec<OsString>,
    },
    /// Show names as they come and go.
    Monitor,
    /// Show the ids given to namespaces.
    ListId {
        /// As seen from the namespace with this id.
        target: Option<i32>,
        /// This one only.
        nsid: Option<i32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    List,
    Add,
    Delete,
    Attach,
    Set,
    Identify,
    Pids,
    Exec,
    Monitor,
    ListId,
    Help,
}

/// In the order of `ip`: of those that begin alike, the first is meant.
const VERBS: &[Keyword<Verb>] = &[
    ("list", Verb::List),
    ("show", Verb::List),
    ("lst", Verb::List),
    ("list-id", Verb::ListId),
    ("help", Verb::Help),
    ("add", Verb::Add),
    ("set", Verb::Set),
    ("delete", Verb::Delete),
    ("identify", Verb::Identify),
    ("pids", Verb::Pids),
    ("exec", Verb::Exec),
    ("monitor", Verb::Monitor),
    ("attach", Verb::Attach),
    ("a", Verb::Add),
    ("l", Verb::List),
    ("li", Verb::List),
    ("lis", Verb::List),
    ("s", Verb::List),
];

/// The help.
const HELP: &str = "\
Usage: netnsctl netns [list]                              (-d: and what is no namespace)
       netnsctl netns add NAME...                         (h{1..1000}; --count N: NAME1 to NAMEN)
       netnsctl netns delete NAME... [--wait[=SECONDS]]   (-all: every name)
       netnsctl netns attach NAME PID
       netnsctl netns set NAME { NSID | auto }
       netnsctl netns identify [PID]
       netnsctl netns pids NAME [--threads] [--fds]
       netnsctl netns exec NAME COMMAND...                (-all: in every namespace)
       netnsctl netns monitor
       netnsctl netns list-id [target-nsid NSID] [nsid NSID]
";

/// Takes the name of a namespace.
///
/// # Errors
/// It is missing, or cannot be one.
pub fn name<'a>(words: &mut Words<'a>) -> Parsed<&'a OsStr> {
    named(words, NameRule::lenient)
}

fn named<'a>(words: &mut Words<'a>, rule: fn(&OsStr) -> std::result::Result<(), NameRule>) -> Parsed<&'a OsStr> {
    follows(words, "the name of a namespace", "No netns name specified")?;
    let word = words.need("the name of a namespace")?;
    rule(word).map_err(|rule| {
        let message = Error::BadName { name: word.to_owned(), rule }.to_string();
        words.error_before(message).ip(format!("Invalid netns name \"{}\"", Escaped(word.as_bytes())))
    })?;
    Ok(word)
}

/// Takes the names of namespaces: words, ranges (`h{1..1000}`), and with `--count N` the numbers from 1 to N behind each. `ip`
/// takes one.
fn names(
    words: &mut Words<'_>,
    options: &Options,
    rule: fn(&OsStr) -> std::result::Result<(), NameRule>,
) -> Parsed<Vec<OsString>> {
    if options.ip {
        return Ok(vec![named(words, rule)?.to_owned()]);
    }
    let (mut names, mut count) = (Vec::new(), None);
    while names.is_empty() || !words.is_end() {
        if words.eat("--count") {
            count = Some(words.number("how many", 1..=COUNT_MAX)?);
            continue;
        }
        match words.peek().and_then(OsStr::to_str).filter(|word| word.contains('{')) {
            Some(word) => {
                let all = ranges(word).map_err(|message| words.error(message))?;
                for name in &all {
                    rule(name).map_err(|rule| words.error(Error::BadName { name: name.clone(), rule }.to_string()))?;
                }
                names.extend(all);
                let _ = words.next();
            }
            None => names.push(named(words, rule)?.to_owned()),
        }
    }
    let Some(count) = count else { return Ok(names) };
    let numbered = |name: &OsString| {
        let name = name.clone();
        (1..=count).map(move |n| {
            let mut name = name.clone();
            name.push(n.to_string());
            name
        })
    };
    Ok(names.iter().flat_map(numbered).collect())
}

/// Most names at once.
const COUNT_MAX: u64 = 1_000_000;

/// The words that a word with ranges means.
#[cfg(feature = "plans")]
fn ranges(word: &str) -> std::result::Result<Vec<OsString>, String> {
    let text = crate::plan::text::Text::parse("", word, &std::collections::BTreeMap::new());
    let first =
        |mistakes: Vec<crate::plan::text::Mistake>| mistakes.into_iter().next().map_or_else(String::new, |m| m.message);
    let text = text.map_err(first)?;
    if text.len() > COUNT_MAX {
        return Err(format!("these are {} names, {COUNT_MAX} is the most", text.len()));
    }
    let words = text.lines().map(|line| line.map(|line| line.words.into_iter().next().unwrap_or_default()));
    words.collect::<std::result::Result<_, _>>().map_err(|mistake| mistake.message)
}

#[cfg(not(feature = "plans"))]
fn ranges(_word: &str) -> std::result::Result<Vec<OsString>, String> {
    Err("this program was built without ranges (feature plans)".into())
}

/// There has to be a word; where there is none, `ip` says `line`.
fn follows(words: &Words<'_>, what: &str, line: &str) -> Parsed<()> {
    if words.is_end() { Err(ip_fails(words.error(format!("{what} is missing")), line)) } else { Ok(()) }
}

/// What `ip` does not take for a mistake of the words.
fn ip_fails(usage: Usage, line: impl Into<String>) -> Usage {
    usage.ip(line).ip_code(code::FAILED)
}

fn pid(words: &mut Words<'_>, line: fn(&str) -> String) -> Parsed<u32> {
    let line = line(&words.typed());
    let pid = words.number("the id of a process", 1..=i32::MAX.unsigned_abs().into());
    let pid = pid.map_err(|usage| ip_fails(usage, line))?;
    Ok(u32::try_from(pid).unwrap_or(u32::MAX))
}

/// Takes the id of a namespace. Of what is none `ip` says `wrong`, and it calls it `what`.
fn nsid(words: &mut Words<'_>, what: &str, wrong: &str) -> Parsed<i32> {
    let negative = words.typed().parse::<i32>().is_ok_and(i32::is_negative);
    let nsid = words.number("the id of a namespace", 0..=i32::MAX.unsigned_abs().into());
    let says = if negative { &format!("\"{what}\" value should be >= 0") } else { wrong };
    let nsid = nsid.map_err(|usage| words.wrong(usage, says))?;
    Ok(i32::try_from(nsid).unwrap_or(i32::MAX))
}

/// Parses what follows `netns`.
pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    if options.ip && !options.all {
        // To `ip`, the word behind any command is a name.
        let mut ahead = words.clone();
        if ahead.next().is_some() && !ahead.is_end() {
            name(&mut ahead)?;
        }
    }
    let verb = if words.is_end() { Verb::List } else { words.verb("netns", VERBS)? };
    let request = match verb {
        Verb::List => Request::List,
        Verb::Add => Request::Add(names(words, options, NameRule::strict)?),
        Verb::Delete => delete(words, options)?,
        Verb::Attach => {
            let incomplete = |usage: Usage| usage.ip("No netns name and PID specified");
            follows(words, "the name of a namespace", "").map_err(incomplete)?;
            let name = named(words, NameRule::strict)?.to_owned();
            follows(words, "the id of a process", "").map_err(incomplete)?;
            Request::Attach { name, pid: pid(words, |word| format!("Invalid PID: {word}"))? }
        }
        Verb::Set => {
            let name = name(words)?.to_owned();
            follows(words, "the id of a namespace", "No nsid specified")?;
            let auto = words.eat("auto");
            let nsid = if auto { None } else { Some(nsid(words, "netnsid", "Invalid \"netnsid\" value")?) };
            Request::Set { name, nsid }
        }
        Verb::Identify => {
            let own = words.is_end() || !options.ip && words.eat("self");
            let not = |word: &str| format!("Specified string '{word}' is not a pid");
            Request::Identify(if own { None } else { Some(pid(words, not)?) })
        }
        Verb::Pids => {
            let (name, mut look) = (name(words)?.to_owned(), Look::default());
            while !words.is_end() && !options.ip {
                match words.keyword("an option of netns pids", &[("--threads", true), ("--fds", false)])? {
                    true => look.threads = true,
                    false => look.fds = true,
                }
            }
            Request::Pids { name, look }
        }
        Verb::Exec => {
            let name = if options.all { None } else { Some(name(words)?.to_owned()) };
            let _ = !options.ip && words.eat("--");
            follows(words, "the command to run", "No command specified")?;
            Request::Exec { name, command: words.rest().to_vec() }
        }
        Verb::Monitor => Request::Monitor,
        Verb::ListId => {
            let (mut target, mut one) = (None, None);
            while !words.is_end() {
                let is_target =
                    words.keyword("an option of netns list-id", &[("target-nsid", true), ("nsid", false)])?;
                let what = if is_target { "target-nsid" } else { "nsid" };
                let place = if is_target { &mut target } else { &mut one };
                if place.is_some() {
                    let again = words.error_before(format!("{what} is there twice"));
                    return Err(again.ip(format!("Error: duplicate \"{what}\": \"{what}\" is the second value.")));
                }
                *place = Some(nsid(words, what, &format!("\"{what}\" value is invalid"))?);
            }
            Request::ListId { target, nsid: one }
        }
        Verb::Help => return Ok(Command::Help(HELP)),
    };
    match verb {
        Verb::Identify | Verb::Pids => words.end().map_err(|usage| ip_fails(usage, "extra arguments specified"))?,
        // What is behind `ip` passes over.
        _ if options.ip => {}
        _ => words.end()?,
    }
    if options.ip && matches!(verb, Verb::Identify | Verb::Pids | Verb::Exec | Verb::Monitor) {
        options.json = false; // it has none of these
    }
    Ok(Command::Netns(request))
}

fn delete(words: &mut Words<'_>, options: &Options) -> Parsed<Request> {
    const DEFAULT_WAIT: u64 = 60;
    let (mut found, mut wait, mut plain) = (Vec::new(), None, false);
    while let Some(word) = words.peek() {
        let option = word.to_str().filter(|w| !plain && w.starts_with("--") && *w != "--count");
        match option.map(|o| o.split_once('=').unwrap_or((o, ""))) {
            Some(("--", _)) => {
                plain = true;
                let _ = words.next();
            }
            Some(("--wait", seconds)) => {
                let seconds = if seconds.is_empty() { Some(DEFAULT_WAIT) } else { seconds.parse().ok() };
                let seconds = seconds.ok_or_else(|| words.error("--wait=SECONDS takes a whole number of seconds"))?;
                wait = Some(Duration::from_secs(seconds));
                let _ = words.next();
            }
            Some(_) => return Err(words.error("not an option of netns delete: --wait is (put -- before such a name)")),
            None if options.all || options.ip && !found.is_empty() => break,
            None if plain => found.push(name(words)?.to_owned()),
            None => {
                // All words up to the next option.
                let rest = words.clone().rest();
                let until = rest.iter().position(|w| w.to_str().is_some_and(|w| w.starts_with("--") && w != "--count"));
                let front = rest.get(..until.unwrap_or(rest.len())).unwrap_or_default();
                let mut ahead = Words::new(front).like_ip(options.ip);
                let more = names(&mut ahead, options, NameRule::lenient);
                let (before, taken) = (words.at(), ahead.at());
                found.extend(more.map_err(|usage| {
                    let at = usage.at.saturating_add(before);
                    usage.at(at)
                })?);
                for _ in 0..taken {
                    let _ = words.next();
                }
            }
        }
    }
    if found.is_empty() && !options.all {
        let message = "the name of a namespace is missing (all of them: netnsctl -all netns delete)";
        return Err(ip_fails(words.error(message), "No netns name specified"));
    }
    Ok(Request::Delete { names: found, wait })
}

/// Whoever may write to the directory of names can put files in the way of names.
fn warn_of_dir(session: &Session) {
    let mode = std::fs::metadata(session.dir.path()).map_or(0, |dir| dir.mode());
    if mode & 0o002 != 0 && !session.options.ip {
        session.warn(&format!("anybody may write to {}: chmod o-w it", session.dir.path().display()));
    }
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    if let Request::Add(_) | Request::Attach { .. } | Request::Delete { .. } = request {
        warn_of_dir(session);
    }
    match request {
        Request::List => list::list(session),
        Request::Add(names) => add(session, &names),
        Request::Delete { names, wait } if names.is_empty() => {
            let names = done("list namespaces", session.dir.names())?;
            each(session, names, |session, name| remove(session, name, wait))
        }
        Request::Delete { names, wait: None } if names.len() > 1 => remove_all(session, &names),
        Request::Delete { names, wait } if names.len() > 1 => {
            each(session, names, |session, name| remove(session, name, wait))
        }
        Request::Delete { names, wait } => names.iter().try_for_each(|name| remove(session, name, wait)),
        Request::Attach { name, pid } => attach(session, &name, pid),
        Request::Set { name, nsid } => set(session, &name, nsid),
        Request::Identify(pid) => identify(session, pid),
        Request::Pids { name, look } => pids(session, &name, look),
        Request::Exec { name: Some(name), command } => exec::one(session, &name, &command),
        Request::Exec { name: None, command } => exec::all(session, &command),
        Request::Monitor => monitor(session),
        Request::ListId { target, nsid } => list::list_id(session, target, nsid),
    }
}

/// In a dry run, says what would be done instead of doing it. Gives back whether it is one.
fn only_said(session: &mut Session, what: impl FnOnce() -> String) -> bool {
    if session.options.dry_run {
        session.would(&what());
    }
    session.options.dry_run
}

/// Does `f` for each name, and goes on where it fails: each failure is shown, the last decides the exit code (not that of
/// `ip`).
fn each(
    session: &mut Session,
    names: Vec<OsString>,
    mut f: impl FnMut(&mut Session, &OsStr) -> Result<()>,
) -> Result<()> {
    let mut result = Ok(());
    for name in names {
        if let Err(failure) = f(session, &name) {
            failure.print(session.options.ip);
            result = if session.options.ip { Ok(()) } else { Err(Failure::new(failure.code, "")) };
        }
    }
    result
}

const CREATE: &str = "Cannot create namespace file";

/// What befell `task` at the file of `name`; `said` is how `ip` begins to say it.
fn on_file<T>(session: &Session, name: &OsStr, said: &str, task: &str, result: netns_sys::Result<T>) -> Result<T> {
    result.map_err(|error| {
        let path = real_path(session).join(name);
        let path = Escaped(path.as_os_str().as_bytes());
        said_by_ip(session, Failure::of(task, &error), &format!("{said} \"{path}\""), &error)
    })
}

/// Where names are: to `ip`, the links on the way there are part of its path, or are not.
fn real_path(session: &Session) -> PathBuf {
    let dir = session.dir.path();
    let parent = dir.parent().and_then(|parent| parent.canonicalize().ok());
    parent.zip(dir.file_name()).map_or_else(|| dir.to_owned(), |(parent, name)| parent.join(name))
}

/// With what `ip` says, `said` and the C library's words of the error, and its exit code.
fn said_by_ip(session: &Session, failure: Failure, said: &str, error: &Error) -> Failure {
    let errno = match error {
        Error::NoSuchName { .. } => Some(Errno::ENOENT),
        Error::Exists { .. } => Some(Errno::EEXIST),
        Error::NotNetns { seen: Kind::Dir, .. } => Some(Errno::EISDIR),
        Error::Sys { errno: Errno::ESRCH, .. } => Some(Errno::ENOENT),
        error => error.errno(),
    };
    let line = match errno {
        Some(errno) => format!("{said}: {}\n  {}", errno.words(), failure.message),
        None => format!("{said}: {}", failure.message),
    };
    let code = if session.options.ip { code::FAILED } else { failure.code };
    failure.ip(line).code(code)
}

fn add(session: &mut Session, names: &[OsString]) -> Result<()> {
    for name in names {
        if only_said(session, || format!("make a network namespace named {}", show(name))) {
            continue;
        }
        session.forget_conns();
        if names.len() > 1 {
            return add_all(session, names);
        }
        let added = session.dir.add(name).map(drop);
        on_file(session, name, CREATE, &format!("add namespace {}", show(name)), added)?;
    }
    Ok(())
}

/// Makes all, or none.
fn add_all(session: &mut Session, names: &[OsString]) -> Result<()> {
    const CHUNK: usize = 256;
    let mut made = Vec::new();
    let held = done("make namespaces", netns_sys::Held::signals())?;
    for chunk in names.chunks(CHUNK) {
        let chunk: Vec<&OsStr> = chunk.iter().map(OsString::as_os_str).collect();
        let added = match held.asked_to_end() {
            false => session.dir.add_all(&chunk, jobs(), |_| Ok(())),
            true => Err(Errno::EINTR.at("make namespaces", "")),
        };
        let failed = match added {
            Ok(added) => {
                made.extend(added.made.into_iter().filter_map(|at| chunk.get(at).copied()));
                added.failed.into_iter().next()
            }
            Err(error) => Some((usize::MAX, error)),
        };
        if let Some((at, error)) = failed {
            let name = chunk.get(at).map_or_else(|| "namespaces".into(), |name| format!("namespace {}", show(name)));
            let failure = Failure::of(&format!("add {name}"), &error);
            let left = session.dir.remove_all(&made).map_or(made.len(), |left| left.len());
            return Err(match (left, made.len()) {
                (0, 0) => failure,
                (0, count) => failure.hint(format!("  the {count} that were made before are taken away again")),
                (left, _) => failure.hint(format!("  {left} of those that were made before could not be taken away")),
            });
        }
    }
    Ok(())
}

/// How many threads make namespaces: two are faster than one, more get into each other's way in the kernel.
pub(super) fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(2)
}

/// Removes what can be removed; each failure is shown.
fn remove_all(session: &mut Session, names: &[OsString]) -> Result<()> {
    if names.iter().any(|name| only_said(session, || format!("take the name {} away", show(name)))) {
        return Ok(());
    }
    session.forget_conns();
    let all: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
    let mut result = Ok(());
    for (at, error) in done("delete namespaces", session.dir.remove_all(&all))? {
        let name = names.get(at).map_or_else(String::new, |name| show(name));
        let failure = Failure::of(&format!("delete namespace {name}"), &error);
        failure.print(session.options.ip);
        result = Err(Failure::new(failure.code, ""));
    }
    result
}

fn remove(session: &mut Session, name: &OsStr, wait: Option<Duration>) -> Result<()> {
    if only_said(session, || format!("take the name {} away", show(name))) {
        return Ok(());
    }
    session.forget_conns();
    let task = format!("delete namespace {}", show(name));
    let peers = match wait {
        Some(_) => wait::Peers::of(session, name)?,
        None => None,
    };
    on_file(session, name, "Cannot remove namespace file", &task, session.dir.remove(name))?;
    match (peers, wait) {
        (Some(peers), Some(wait)) => peers.wait(name, wait),
        _ => Ok(()),
    }
}

fn attach(session: &mut Session, name: &OsStr, pid: u32) -> Result<()> {
    if only_said(session, || format!("give the namespace of process {pid} the name {}", show(name))) {
        return Ok(());
    }
    session.forget_conns();
    let ns = Ns::of_pid(pid).map_err(|error| {
        let path = real_path(session).join(name);
        let said = format!("Bind /proc/{pid}/ns/net -> {} failed", Escaped(path.as_os_str().as_bytes()));
        said_by_ip(session, Failure::of(&format!("find the namespace of process {pid}"), &error), &said, &error)
    })?;
    let attached = session.dir.attach(name, &ns);
    on_file(session, name, CREATE, &format!("attach namespace {}", show(name)), attached)
}

fn set(session: &mut Session, name: &OsStr, nsid: Option<i32>) -> Result<()> {
    let task = format!("set the id of namespace {}", show(name));
    let ns = session.dir.open(name).map_err(|error| {
        let failure = Failure::of(&task, &error);
        match error {
            // The kernel's answer: `ip` asks it.
            Error::Stale { .. } | Error::NotNetns { .. } if session.options.ip => {
                failure.ip("Error: Peer netns reference is invalid.").code(code::KERNEL)
            }
            error => {
                let name = Escaped(name.as_bytes());
                said_by_ip(session, failure, &format!("Cannot open network namespace \"{name}\""), &error)
            }
        }
    })?;
    let result = session.conn()?.request(RTM_NEWNSID, Flags::empty(), |m| {
        m.fixed(&RtGenMsg::default());
        m.u32(netnsa::FD, ns.fd_number());
        m.i32(netnsa::NSID, nsid.unwrap_or(NSID_NOT_ASSIGNED));
    });
    done(&task, result).map(drop)
}

/// What `ip` says where it does not name the namespace.
const CANNOT_OPEN: &str = "Cannot open network namespace";

fn identify(session: &mut Session, pid: Option<u32>) -> Result<()> {
    let task = pid.map_or("find this namespace".into(), |pid| format!("find the namespace of process {pid}"));
    let ns = match (pid, &session.options.ns) {
        (Some(pid), _) => Ns::of_pid(pid),
        (None, Some(name)) => session.open(name),
        (None, None) => Ns::current(),
    };
    let found = ns.and_then(|ns| session.dir.identify(&ns.id()?));
    let mut names = found.map_err(|e| said_by_ip(session, Failure::of(&task, &e), CANNOT_OPEN, &e))?;
    if session.options.ip {
        // Always a line, with one name.
        let name = names.pop().unwrap_or_default();
        session.out.text(format_args!("{}\n", Escaped(name.as_bytes())));
        return Ok(());
    }
    names.sort_unstable();
    session.out.list("", |out| {
        for name in &names {
            out.object("", |out| {
                out.field("name", name.as_os_str(), format_args!("{}\n", Escaped(name.as_bytes())));
            });
        }
    });
    Ok(())
}

fn pids(session: &mut Session, name: &OsStr, look: Look) -> Result<()> {
    let task = format!("find the processes in namespace {}", show(name));
    let id = session.dir.open(name).and_then(|ns| ns.id());
    let id = id.map_err(|e| said_by_ip(session, Failure::of(&task, &e), CANNOT_OPEN, &e))?;
    let found = done(&task, holders(&id, look))?;
    let me = std::process::id();
    session.out.list("", |out| {
        // Our own descriptors of it are gone in a moment.
        let others = |h: &&Holder| !matches!(h, Holder::Fd { pid, .. } if *pid == me);
        for holder in found.found.iter().filter(others) {
            let Some(pid) = holder.pid() else { continue };
            out.object("", |out| {
                out.field("pid", pid, format_args!("{pid}"));
                match holder {
                    Holder::Thread { tid, .. } => out.field("tid", *tid, format_args!(" thread {tid}")),
                    Holder::Fd { fd, .. } => out.field("fd", *fd, format_args!(" fd {fd}")),
                    _ => {}
                }
                out.text(format_args!("\n"));
            });
        }
    });
    if !session.options.ip {
        warn_hidden(session, &found.hidden);
    }
    Ok(())
}

/// Says what could not be looked into.
pub(super) fn warn_hidden(session: &Session, hidden: &Hidden) {
    let counts = [(hidden.processes, "processes"), (hidden.sockets, "sockets"), (hidden.mounts, "mount namespaces")];
    let counts: Vec<String> = counts.iter().filter(|c| c.0 > 0).map(|c| format!("{}: {}", c.1, c.0)).collect();
    if !counts.is_empty() {
        session.warn(&format!("without privilege not looked into: {}", counts.join(", ")));
    }
    if hidden.classed > 0 {
        let count = hidden.classed;
        session.warn(&format!("sockets left alone, as looking would change their net_cls class: {count}"));
    }
}

fn monitor(session: &mut Session) -> Result<()> {
    let watch = done("watch namespaces", session.dir.watch())?;
    for change in watch {
        let (event, name) = match done("watch namespaces", change)? {
            Change::Added(name) => ("add", name),
            Change::Removed(name) => ("delete", name),
            Change::Overflow => ("overflow", OsString::new()),
            Change::Gone => return Err(Failure::new(code::FAILED, "the directory of names was removed")),
        };
        session.out.object("", |out| {
            out.field("event", event, format_args!("{event}"));
            if !name.is_empty() {
                out.field("name", name.as_os_str(), format_args!(" {}", Escaped(name.as_bytes())));
            }
            out.text(format_args!("\n"));
        });
        session.flush()?;
    }
    Ok(())
}

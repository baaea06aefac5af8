//! `apply`, `down`, `status`, `gc`: whole plans.

use super::{Command, Options, Session, done, netns};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words, show};
use crate::plan::journal::{self, Entry, Journal};
use crate::plan::run::{Outcome, Settings, Steps, take_back};
use crate::plan::text::{Mistake, Text, Variables};
use crate::plan::wait;
use netns_sys::holders::{Holder, Look, mounts, namespaces};
use netns_sys::named::State;
use netns_sys::netlink::Conn;
use netns_sys::{Dir, Errno, Held, NsFlags};
use nl_core::pretty::Pretty;
use nl_core::route::{FAMILY, IfInfoMsg, Link, RTM_GETLINK};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A plan to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its file; `-`: standard input.
    pub(super) file: OsString,
    /// What it is called; `None`: as its file, without what is behind the last dot.
    name: Option<OsString>,
    /// Variables.
    pub(super) set: Variables,
    jobs: usize,
    keep_going: bool,
    /// Until all links are up and all addresses usable, so long at most.
    wait: Option<Duration>,
}

const HELP: &str = "\
Usage: netnsctl apply FILE [ --set NAME=VALUE ]... [ --name NAME ] [ --jobs N ] [ --keep-going ] [ --wait[=SECONDS] ]
       netnsctl [ -d ] --dry-run apply FILE ...           which lines something has to be done for (-d: the messages)
Carries out a plan: a file of command lines (netns add, link add, link set, addr, route, rule, neigh, nexthop, sysctl, fw),
with ranges. What is there already is left as it is; if anything fails, all is taken back. See also down, status, gc, lab.
  netns add h{1..100}                       all lines of a range, one by one
  link add v{i=1..100} type veth peer name eth0 netns h{i}
  -n h{i=1..100} addr add 10.1.0.0+{i*4+2}/30 dev eth0      an address plus a number
  ipv6 off                                  for links outside the plan's namespaces, from here on; or behind a link's line
  include FILE            set NAME=VALUE    variables are words, {NAME} in a line; --set goes before set
";

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    if words.eat("help") && words.is_end() {
        return Ok(Command::Help(HELP));
    }
    let request = take(words, options, false)?;
    words.end()?;
    Ok(Command::Apply(request))
}

/// Takes the plan's file and the options of `apply`, in any order; for `lab` only up to the command: `--`, or a second word that
/// is no option.
pub(super) fn take(words: &mut Words<'_>, options: &Options, lab: bool) -> Parsed<Request> {
    if options.ns.is_some() {
        return Err(words.error_before("a plan says itself in which namespaces: -n goes into its lines"));
    }
    let (file, name, set) = (OsString::new(), None, Variables::new());
    let mut request = Request { file, name, set, jobs: netns::jobs(), keep_going: false, wait: None };
    let mut file = None;
    while !words.is_end() || file.is_none() {
        let word = words.need("the plan's file (- for standard input)")?;
        let text = word.to_str().unwrap_or_default();
        let (option, value) = text.split_once('=').map_or((text, None), |(option, value)| (option, Some(value)));
        match (option, value) {
            ("--set", None) => variable(words, &mut request.set)?,
            ("--name", None) if !lab => request.name = Some(words.need("the plan's name")?.to_owned()),
            ("--jobs", None) => {
                let jobs = words.number("a number of threads", 1..=JOBS_MAX)?;
                request.jobs = usize::try_from(jobs).unwrap_or(1);
            }
            ("--keep-going", None) => request.keep_going = true,
            ("--wait", value) => {
                let seconds = value.map_or(Ok(WAIT), str::parse);
                let seconds =
                    seconds.map_err(|_| words.error_before("--wait=SECONDS takes a whole number of seconds"))?;
                request.wait = Some(Duration::from_secs(seconds));
            }
            ("--", None) if lab && file.is_some() => break,
            (odd, _) if odd.starts_with("--") => {
                let known = "--set, --name, --jobs, --keep-going, --wait are";
                return Err(words.error_before(format!("not an option of a plan: {known}")));
            }
            _ if file.is_some() => {
                words.back();
                break;
            }
            _ => file = Some(word.to_owned()),
        }
    }
    request.file = file.unwrap_or_default();
    Ok(request)
}

const JOBS_MAX: u64 = 64;
/// Seconds.
const WAIT: u64 = 60;

/// Takes NAME=VALUE.
fn variable(words: &mut Words<'_>, set: &mut Variables) -> Parsed<()> {
    let word = words.need("NAME=VALUE")?.to_str().unwrap_or_default();
    let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(words.error_before("a variable is NAME=VALUE"));
    };
    set.insert(name.to_owned(), value.to_owned());
    Ok(())
}

/// All mistakes of a plan, in one failure.
fn mistaken(mistakes: &[Mistake]) -> Failure {
    let all: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    Failure::new(code::USAGE, all.join("\n")).hint("  nothing was done")
}

/// What a plan is called.
fn name_of(request: &Request) -> OsString {
    let stem = || Path::new(&request.file).file_stem().unwrap_or_default().to_owned();
    request.name.clone().unwrap_or_else(|| if request.file == "-" { "stdin".into() } else { stem() })
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let text = Text::read(Path::new(&request.file), &request.set).map_err(|m| mistaken(&m))?;
    let dir = session.dir.clone();
    if session.options.dry_run {
        let steps = Steps::new(text, &dir, 0).map_err(|m| mistaken(&m))?;
        return say(session, &steps);
    }
    let held = done("hold signals", Held::signals())?;
    let name = name_of(&request);
    let file = if request.file == "-" { PathBuf::from("-") } else { absolute(&request.file) };
    let Some(mut journal) = Journal::open(&dir, &name, Some((&file, &request.set)))? else {
        return Err(Failure::new(code::FAILED, "there is no journal"));
    };
    if !journal.done {
        session.warn(&format!("an earlier run of {} was cut off: what it made is taken back first", show(&name)));
        undo_half(&dir, journal)?;
        journal = Journal::open(&dir, &name, Some((&file, &request.set)))?
            .ok_or_else(|| Failure::new(code::FAILED, "no journal"))?;
    }
    let settings = Settings { jobs: request.jobs, keep_going: request.keep_going };
    let result = carry_out(text, &dir, &settings, Some(&mut journal), &held);
    let (steps, outcome, time) = match result {
        Ok(done) => done,
        Err(failure) => {
            journal.forget()?;
            if held.asked_to_end() {
                // As soon as signals are not held any more, it ends by this one.
                failure.print(false);
                return Err(Failure::new(failure.code, ""));
            }
            return Err(failure);
        }
    };
    if steps.is_empty() && journal.entries.is_empty() {
        // Nothing of it is this plan's.
        journal.forget()?;
    }
    drop(held);
    told(session, &steps, &outcome, time);
    finish(&dir, &steps, &outcome, request.wait)
}

/// Waits, if that is asked for; what failed and was passed over is a failure.
fn finish(dir: &Dir, steps: &Steps, outcome: &Outcome, wait: Option<Duration>) -> Result<()> {
    if let Some(limit) = wait {
        wait::until_usable(dir, &steps.namespaces_named(), limit)?;
    }
    match outcome.failed.len() {
        0 => Ok(()),
        count => Err(Failure::new(code::FAILED, format!("{count} steps failed"))),
    }
}

fn absolute(file: &OsStr) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| PathBuf::from(file))
}

/// Makes the steps and carries them out; again, if somebody else's new link took a number that was chosen.
fn carry_out(
    text: Text,
    dir: &Dir,
    settings: &Settings,
    mut journal: Option<&mut Journal>,
    held: &Held,
) -> Result<(Steps, Outcome, Duration)> {
    const TRIES: u32 = 3;
    let mut text = text;
    let mut gap = 0;
    for last in (0..TRIES).rev() {
        let steps = Steps::new(text, dir, gap).map_err(|m| mistaken(&m))?;
        let start = Instant::now();
        match steps.run(settings, journal.as_deref_mut(), held) {
            Ok(outcome) => return Ok((steps, outcome, start.elapsed())),
            Err(failure) if last > 0 && failure.is_taken() => {
                gap = gap.max(1000).saturating_mul(7).saturating_add(std::process::id() & 0xfff);
                if let Some(journal) = journal.as_deref_mut() {
                    journal.again()?;
                }
                text = steps.into_text();
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::new(code::FAILED, "other programs take the numbers of links away again and again"))
}

/// How many lines of text are collected.
const FLUSH: usize = 500;

/// Says what would be done.
fn say(session: &mut Session, steps: &Steps) -> Result<()> {
    let lines = steps.lines();
    if session.options.details {
        for (place, messages) in steps.messages() {
            if !place.is_empty() {
                session.out.text(format_args!("in namespace {}:\n", show(place)));
            }
            session.out.text(format_args!("{}", Pretty::new(messages, &FAMILY)));
        }
        return Ok(());
    }
    if session.options.json {
        session.out.list("", |out| lines.iter().for_each(|line| out.json("", steps.show(*line).as_str())));
        return Ok(());
    }
    for (at, line) in lines.iter().enumerate() {
        session.out.text(format_args!("{}\n", steps.show(*line)));
        // There may be many.
        if at % FLUSH == 0 {
            session.flush()?;
        }
    }
    if lines.is_empty() {
        session.out.text(format_args!("nothing to do: all {} lines hold\n", steps.text().len()));
    }
    Ok(())
}

/// Says what was done.
fn told(session: &mut Session, steps: &Steps, outcome: &Outcome, time: Duration) {
    for (line, error) in &outcome.failed {
        session.warn(&format!("{}: {error}", steps.show(*line)));
    }
    let lines = steps.text().len();
    let (namespaces, requests) = (outcome.namespaces, outcome.requests);
    session.out.object("", |out| {
        out.json("lines", lines);
        out.json("namespaces", u64::try_from(namespaces).unwrap_or(u64::MAX));
        out.json("requests", u64::try_from(requests).unwrap_or(u64::MAX));
        out.json("failed", u64::try_from(outcome.failed.len()).unwrap_or(u64::MAX));
        match steps.is_empty() {
            true => out.text(format_args!("nothing to do: all {lines} lines hold\n")),
            false => out.text(format_args!(
                "made {namespaces} namespaces, {requests} requests, in {}.{:03} s\n",
                time.as_secs(),
                time.subsec_millis()
            )),
        }
    });
}

/// Reads a plan's text.
pub(super) fn check(request: &Request) -> Result<()> {
    if request.file == "-" {
        return Err(Failure::new(code::USAGE, "the plan of a lab is a file: standard input is the command's"));
    }
    Text::read(Path::new(&request.file), &request.set).map(drop).map_err(|m| mistaken(&m))
}

/// Carries a plan out in the namespaces of this process, which go when it ends: without a journal.
pub(super) fn inside(session: &mut Session, request: &Request) -> Result<()> {
    let text = Text::read(Path::new(&request.file), &request.set).map_err(|m| mistaken(&m))?;
    let (dir, held) = (session.dir.clone(), done("hold signals", Held::signals())?);
    let settings = Settings { jobs: request.jobs, keep_going: request.keep_going };
    let (steps, outcome, _) = carry_out(text, &dir, &settings, None, &held)?;
    for (line, error) in &outcome.failed {
        session.warn(&format!("{}: {error}", steps.show(*line)));
    }
    // Who goes on after a failure gets a command too.
    finish(&dir, &steps, &Outcome::default(), request.wait)
}

/// The rest of the commands about plans.
pub mod kept {
    use super::*;

    /// `down`, `status`, `gc`.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Request {
        /// Take back all that the plan of this name, or file, made.
        Down(OsString),
        /// Show plans, or what one has made.
        Status(Option<OsString>),
        /// Show what is left behind; true: take it away.
        Gc(bool),
    }

    const DOWN: &str =
        "Usage: netnsctl down { FILE | NAME }\nTakes back all that `apply` made for this plan, and nothing else.\n";
    const STATUS: &str = "Usage: netnsctl status [ FILE | NAME ]\nShows the plans that were applied, how much of them is not so any more, and what one has made.\n";
    const GC: &str = "\
Usage: netnsctl gc [ --yes ]
Shows (--yes: takes away) what is left behind: plans that were cut off, plans whose file is gone, names whose namespace is
gone, and namespaces that nothing keeps but a mount outside the directory of names.
";

    fn help(words: &mut Words<'_>, text: &'static str) -> Option<Command> {
        (words.eat("help") && words.is_end()).then_some(Command::Help(text))
    }

    /// Parses what follows `down`.
    pub(in crate::cmd) fn down(words: &mut Words<'_>) -> Parsed<Command> {
        if let Some(help) = help(words, DOWN) {
            return Ok(help);
        }
        let plan = words.need("a plan: its file or its name")?.to_owned();
        words.end()?;
        Ok(Command::Kept(Request::Down(plan)))
    }

    /// Parses what follows `status`.
    pub(in crate::cmd) fn status(words: &mut Words<'_>) -> Parsed<Command> {
        if let Some(help) = help(words, STATUS) {
            return Ok(help);
        }
        let plan = words.next().map(OsStr::to_owned);
        words.end()?;
        Ok(Command::Kept(Request::Status(plan)))
    }

    /// Parses what follows `gc`.
    pub(in crate::cmd) fn gc(words: &mut Words<'_>) -> Parsed<Command> {
        if let Some(help) = help(words, GC) {
            return Ok(help);
        }
        let yes = words.eat("--yes");
        words.end()?;
        Ok(Command::Kept(Request::Gc(yes)))
    }

    /// Runs one request.
    pub(in crate::cmd) fn run(session: &mut Session, request: Request) -> Result<()> {
        match request {
            Request::Down(word) => take_down(session, &word),
            Request::Status(None) => {
                let dir = session.dir.clone();
                let mut found = Vec::new();
                for name in journal::names(&dir)? {
                    found.push(Known::of(&dir, &name));
                }
                session.out.list("", |out| found.iter().for_each(|known| out.object("", |out| known.show(out))));
                Ok(())
            }
            Request::Status(Some(word)) => {
                let (name, journal) = find(&session.dir, &word)?;
                let known = Known::with(&session.dir, name, &journal);
                session.out.object("", |out| {
                    known.show(out);
                    out.list("made", |out| {
                        for entry in &journal.entries {
                            let text = describe(entry);
                            out.field("", text.as_str(), format_args!("  {text}\n"));
                        }
                    });
                });
                Ok(())
            }
            Request::Gc(yes) => collect(session, yes),
        }
    }

    fn take_down(session: &mut Session, word: &OsStr) -> Result<()> {
        let dir = session.dir.clone();
        let (name, journal) = find(&dir, word)?;
        if session.options.dry_run {
            journal.entries.iter().for_each(|entry| session.would(&format!("take back {}", describe(entry))));
            return Ok(());
        }
        let (namespaces, all) = (count(&journal.entries), journal.entries.len());
        let held = done("hold signals", Held::signals())?;
        undo(&dir, journal)?;
        drop(held);
        session.out.object("", |out| {
            let rest = all.saturating_sub(namespaces);
            out.json("namespaces", u64::try_from(namespaces).unwrap_or(u64::MAX));
            out.json("others", u64::try_from(rest).unwrap_or(u64::MAX));
            out.text(format_args!("{}: took {namespaces} namespaces and {rest} other things back\n", show(&name)));
        });
        Ok(())
    }

    fn count(entries: &[Entry]) -> usize {
        entries.iter().filter(|entry| matches!(entry, Entry::Ns(_))).count()
    }

    /// A plan that was applied.
    struct Known {
        name: OsString,
        file: PathBuf,
        state: &'static str,
        namespaces: usize,
        all: usize,
        /// How many lines do not hold any more, or what is in the way of finding out.
        drift: std::result::Result<usize, String>,
    }

    impl Known {
        fn of(dir: &Dir, name: &OsStr) -> Known {
            match Journal::open(dir, name, None) {
                Ok(Some(journal)) => Known::with(dir, name.to_owned(), &journal),
                other => {
                    let why = other.err().map_or_else(|| "gone".into(), |failure| failure.0.message);
                    Known {
                        name: name.to_owned(),
                        file: PathBuf::new(),
                        state: "unknown",
                        namespaces: 0,
                        all: 0,
                        drift: Err(why),
                    }
                }
            }
        }

        fn with(dir: &Dir, name: OsString, journal: &Journal) -> Known {
            let drift = match journal.plan.as_os_str() == "-" {
                true => Err("it came from standard input".into()),
                false => Text::read(&journal.plan, &journal.set)
                    .and_then(|text| Steps::new(text, dir, 0))
                    .map(|steps| steps.lines().len())
                    .map_err(|mistakes| mistakes.first().map_or_else(String::new, Mistake::to_string)),
            };
            let state = if journal.done { "applied" } else { "cut off" };
            let (namespaces, all) = (count(&journal.entries), journal.entries.len());
            Known { name, file: journal.plan.clone(), state, namespaces, all, drift }
        }

        fn show(&self, out: &mut crate::out::Out) {
            out.field("name", self.name.as_bytes(), format_args!("{}: ", show(&self.name)));
            out.field("state", self.state, format_args!("{}, ", self.state));
            let file = self.file.as_os_str();
            out.field("file", file.as_bytes(), format_args!("from {}, ", show(file)));
            let rest = self.all.saturating_sub(self.namespaces);
            out.json("namespaces", u64::try_from(self.namespaces).unwrap_or(u64::MAX));
            out.json("others", u64::try_from(rest).unwrap_or(u64::MAX));
            out.text(format_args!("{} namespaces, {rest} others; ", self.namespaces));
            match &self.drift {
                Ok(0) => {
                    out.json("drift", 0_u64);
                    out.text(format_args!("all lines hold\n"));
                }
                Ok(lines) => {
                    out.json("drift", u64::try_from(*lines).unwrap_or(u64::MAX));
                    out.text(format_args!("{lines} lines do not hold: `apply` would do them\n"));
                }
                Err(why) => out.field("unknown", why.as_str(), format_args!("whether it holds is not known: {why}\n")),
            }
        }
    }

    /// What is left behind.
    enum Left {
        /// What the plan's last run half made.
        Half(OsString),
        /// A plan whose file is gone.
        Plan(OsString),
        Name(OsString),
        Mount(PathBuf, netns_sys::NsId, String),
    }

    fn collect(session: &mut Session, yes: bool) -> Result<()> {
        let dir = session.dir.clone();
        let yes = yes && !session.options.dry_run;
        let (mut found, mut result) = (Vec::new(), Ok(()));
        for name in journal::names(&dir)? {
            match Journal::open(&dir, &name, None) {
                Ok(Some(journal)) if !journal.done => found.push(Left::Half(name)),
                Ok(Some(journal)) if journal.plan.as_os_str() != "-" && !journal.plan.exists() => {
                    found.push(Left::Plan(name));
                }
                Ok(_) => {}
                Err(failure) => {
                    session.warn(&failure.message);
                    result = Err(Failure::new(failure.code, ""));
                }
            }
        }
        let names = done("list namespaces", dir.list())?;
        found.extend(names.into_iter().filter(|e| e.state == State::Stale).map(|e| Left::Name(e.name)));
        found.extend(mounts_only(session)?);
        for left in &found {
            let what = match left {
                Left::Half(name) => format!("plan {} was cut off", show(name)),
                Left::Plan(name) => format!("plan {} has lost its file", show(name)),
                Left::Name(name) => format!("name {}, whose namespace is gone", show(name)),
                Left::Mount(path, id, links) => {
                    format!("namespace {}, which only the mount {} keeps{links}", id.ino, show(path.as_os_str()))
                }
            };
            let done = match left {
                _ if !yes => Ok(()),
                Left::Half(name) => with_journal(&dir, name, undo_half),
                Left::Plan(name) => with_journal(&dir, name, undo),
                // A plan that was cut off had it, maybe, and it went with that.
                Left::Name(name) => match dir.remove(name) {
                    Err(netns_sys::Error::NoSuchName { .. }) => continue,
                    removed => done(&format!("remove {}", show(name)), removed),
                },
                Left::Mount(path, id, _) => done("unmount a namespace", netns_sys::bulk::unmount(path, id)),
            };
            let verb = if yes { "took away: " } else { "" };
            match done {
                Ok(()) => session.out.list("", |out| {
                    out.object("", |out| out.field("left", what.as_str(), format_args!("{verb}{what}\n")));
                }),
                Err(failure) => {
                    session.warn(&format!("{what}: {}", failure.message));
                    result = Err(Failure::new(failure.code, ""));
                }
            }
        }
        if yes {
            let _ = std::fs::remove_dir(journal::home(&dir)); // without any plan in it
        }
        if found.is_empty() {
            session.out.text(format_args!("nothing is left behind\n"));
        } else if !yes {
            session.out.text(format_args!("`netnsctl gc --yes` takes this away\n"));
        }
        result
    }

    /// Namespaces that nothing keeps but mounts that are no names.
    fn mounts_only(session: &mut Session) -> Result<Vec<Left>> {
        let found = namespaces(NsFlags::NET, Look::ALL);
        let (all, _) = match found {
            Ok(found) => found,
            Err(error) => {
                session.warn(&format!("namespaces without a name are not looked for: {error}"));
                return Ok(Vec::new());
            }
        };
        let here = done("list mounts", mounts())?;
        let names = session.dir.path().canonicalize().unwrap_or_else(|_| session.dir.path().to_owned());
        let mut left = Vec::new();
        for ns in all {
            let only = !ns.holders.is_empty() && ns.holders.iter().all(|h| matches!(h, Holder::Mount { .. }));
            let at: Vec<&PathBuf> =
                here.iter().filter(|(kind, ino, _)| *kind == NsFlags::NET && *ino == ns.id.ino).map(|m| &m.2).collect();
            let named = at.iter().any(|path| path.parent() == Some(names.as_path()));
            let (true, false, [path]) = (only, named, at.as_slice()) else { continue };
            left.push(Left::Mount((*path).clone(), ns.id, pairs(&ns)));
        }
        Ok(left)
    }

    /// The ends of pairs in a namespace.
    fn pairs(ns: &netns_sys::holders::Namespace) -> String {
        let names = ns.open().and_then(|ns| Conn::open_in(&ns, &FAMILY)).and_then(|mut conn| {
            conn.dump(
                RTM_GETLINK,
                |m| m.fixed(&IfInfoMsg::default()),
                |names: &mut Vec<String>, message| {
                    let link = Link::whole(message)?;
                    if link.info()?.is_some_and(|info| info.kind() == Ok(Some(b"veth"))) {
                        names.push(crate::out::Escaped(link.name()?.unwrap_or_default()).to_string());
                    }
                    Ok(())
                },
            )
        });
        match names.unwrap_or_default() {
            names if names.is_empty() => String::new(),
            names => format!(", with an end of a pair of links in it: {}", names.join(", ")),
        }
    }
}

fn with_journal(dir: &Dir, name: &OsStr, f: fn(&Dir, Journal) -> Result<()>) -> Result<()> {
    Journal::open(dir, name, None)?.map_or(Ok(()), |journal| f(dir, journal))
}

/// Takes back what is in a journal, and removes it.
fn undo(dir: &Dir, journal: Journal) -> Result<()> {
    is_taken_back(&take_back(dir, &journal.entries))?;
    journal.remove()
}

/// Takes back what was made by a run that did not get to its end.
fn undo_half(dir: &Dir, journal: Journal) -> Result<()> {
    is_taken_back(&take_back(dir, journal.half_made()))?;
    journal.forget()
}

fn is_taken_back(left: &[String]) -> Result<()> {
    if left.is_empty() {
        return Ok(());
    }
    let message = format!("not all could be taken back:\n    {}", left.join("\n    "));
    Err(Failure::new(code::FAILED, message).hint("  the journal is kept: `down` tries again"))
}

/// The plan of this name, or of this file.
fn find(dir: &Dir, word: &OsStr) -> Result<(OsString, Journal)> {
    let path = Path::new(word);
    let named = [Some(word), path.file_stem(), path.file_name()];
    let plain = !word.as_encoded_bytes().contains(&b'/');
    let names = journal::names(dir)?;
    for (at, name) in named.into_iter().enumerate() {
        let Some(name) = name.filter(|name| (at > 0 || plain) && names.iter().any(|n| n == name)) else { continue };
        if let Some(journal) = Journal::open(dir, name, None)? {
            return Ok((name.to_owned(), journal));
        }
    }
    let known: Vec<String> = names.iter().map(|name| show(name)).collect();
    let failure = Failure::new(code::FAILED, format!("no plan {} was applied", show(word)));
    Err(match known.is_empty() {
        true => failure,
        false => failure.hint(format!("  applied are {}", known.join(", "))),
    })
}

/// What an entry is, for a person.
fn describe(entry: &Entry) -> String {
    use crate::plan::world::Undo;
    let (place, undo) = match entry {
        Entry::Ns(name) => return format!("namespace {}", show(name)),
        Entry::In(place, undo) => (place, undo),
    };
    let inside = if place.is_empty() { String::new() } else { format!(" in {}", show(place)) };
    match undo {
        Undo::Link(name, _) | Undo::Tied(name, _) => {
            format!("link {}{inside}", crate::out::Escaped(name.bytes()))
        }
        #[cfg(feature = "firewall")]
        Undo::Firewall(words) => format!("to be undone{inside}: fw {words}"),
        Undo::Sysctl(switch) => format!("switch {}{inside}, which was {}", switch.0, switch.1),
        Undo::Request(bytes) => {
            let text = Pretty::new(bytes, &FAMILY).to_string();
            let first = text.lines().map(str::trim).skip(1).take(6).collect::<Vec<_>>().join(", ");
            let name = text.split_whitespace().next().unwrap_or_default();
            format!("to send{inside}: {name}: {first}")
        }
    }
}

impl Failure {
    /// A number of a link that was free when the plan was made is not any more.
    fn is_taken(&self) -> bool {
        let said = |errno: Errno| self.message.contains(&errno.to_string());
        self.message.contains("RTM_NEWLINK") && (said(Errno::EEXIST) || said(Errno::EBUSY))
    }
}

//! Commands: one file an object. Each parses words into a typed request, and runs one.

#[cfg(feature = "ip")]
pub mod addr;
mod batch;
#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "ip")]
mod inet;
#[cfg(feature = "ip")]
pub mod link;
#[cfg(feature = "ip")]
pub mod links;
#[cfg(feature = "ip")]
pub mod neigh;
pub mod netns;
#[cfg(feature = "ip")]
pub mod route;
#[cfg(feature = "ip")]
pub mod rule;

use crate::failure::{Failure, Result, code};
use crate::grammar::{self, AF_INET, AF_INET6, Keyword, Words, show};
use crate::out::{Format, Out};
use netns_sys::netlink::Conn;
use netns_sys::{Dir, Error, Ns};
use nl_core::route::FAMILY;
use std::ffi::{OsStr, OsString};

/// What goes before the object: how to do and to show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-n NAME`: in this namespace.
    pub ns: Option<OsString>,
    /// `-j`: JSON.
    pub json: bool,
    /// `-p`: indented.
    pub pretty: bool,
    /// `-d`: more of what is known.
    pub details: bool,
    /// `-s`: counters.
    pub statistics: bool,
    /// `-o`: each record on one line.
    pub oneline: bool,
    /// `-br`: a table.
    pub brief: bool,
    /// `-4`, `-6`: of this address family.
    pub family: Option<u8>,
    /// `-a`, `-all`: every namespace, where a command can do that.
    pub all: bool,
    /// `-force`: a batch goes on after a failure.
    pub force: bool,
}

/// A complete and checked command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    #[cfg(feature = "ip")]
    /// `link`.
    Link(link::Request),
    /// `netns`.
    Netns(netns::Request),
    #[cfg(feature = "check")]
    /// `check`.
    Check(check::Request),
    #[cfg(feature = "ip")]
    /// `addr`.
    Addr(addr::Request),
    #[cfg(feature = "ip")]
    /// `route`.
    Route(route::Request),
    #[cfg(feature = "ip")]
    /// `neigh`.
    Neigh(neigh::Request),
    #[cfg(feature = "ip")]
    /// `rule`.
    Rule(rule::Request),
    /// `help`, or an object's: this text.
    Help(&'static str),
    /// `-V`.
    Version,
    /// `-b FILE`: commands from a file, `-` for standard input.
    Batch(OsString),
}

/// An object of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    #[cfg(feature = "ip")]
    Link,
    Netns,
    #[cfg(feature = "check")]
    Check,
    #[cfg(feature = "ip")]
    Addr,
    #[cfg(feature = "ip")]
    Route,
    #[cfg(feature = "ip")]
    Neigh,
    #[cfg(feature = "ip")]
    Rule,
    Help,
}

/// The short ones are iproute2's: where a letter could mean several, the same wins as there.
const OBJECTS: &[Keyword<Object>] = &[
    #[cfg(feature = "ip")]
    ("link", Object::Link),
    ("netns", Object::Netns),
    #[cfg(feature = "ip")]
    ("addr", Object::Addr),
    #[cfg(feature = "ip")]
    ("address", Object::Addr),
    #[cfg(feature = "ip")]
    ("a", Object::Addr),
    #[cfg(feature = "ip")]
    ("route", Object::Route),
    #[cfg(feature = "ip")]
    ("r", Object::Route),
    #[cfg(feature = "ip")]
    ("neigh", Object::Neigh),
    #[cfg(feature = "ip")]
    ("neighbor", Object::Neigh),
    #[cfg(feature = "ip")]
    ("neighbour", Object::Neigh),
    #[cfg(feature = "ip")]
    ("n", Object::Neigh),
    #[cfg(feature = "ip")]
    ("rule", Object::Rule),
    #[cfg(feature = "check")]
    ("check", Object::Check),
    ("help", Object::Help),
];

/// Options before the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    Netns,
    Json,
    Pretty,
    Details,
    Statistics,
    Oneline,
    Brief,
    V4,
    V6,
    All,
    Force,
    Batch,
    Version,
    Help,
}

const FLAGS: &[Keyword<Flag>] = &[
    ("n", Flag::Netns),
    ("netns", Flag::Netns),
    ("j", Flag::Json),
    ("json", Flag::Json),
    ("p", Flag::Pretty),
    ("pretty", Flag::Pretty),
    ("d", Flag::Details),
    ("details", Flag::Details),
    ("s", Flag::Statistics),
    ("stats", Flag::Statistics),
    ("statistics", Flag::Statistics),
    ("o", Flag::Oneline),
    ("oneline", Flag::Oneline),
    ("br", Flag::Brief),
    ("brief", Flag::Brief),
    ("4", Flag::V4),
    ("6", Flag::V6),
    ("a", Flag::All),
    ("all", Flag::All),
    ("force", Flag::Force),
    ("b", Flag::Batch),
    ("batch", Flag::Batch),
    ("V", Flag::Version),
    ("Version", Flag::Version),
    ("h", Flag::Help),
    ("help", Flag::Help),
];

/// The help of all.
const HELP: &str = "\
Usage: netnsctl [ OPTIONS ] OBJECT { COMMAND | help }
       netnsctl [ -force ] -batch FILE
Objects: netns, link, addr, route, neigh, rule, check (help for each: `netnsctl OBJECT help`)
Options: -n[etns] NAME   in this namespace
         -j[son] -p[retty]  JSON, indented
         -d[etails] -s[tatistics] -o[neline] -br[ief]  how to show it
         -4 -6           of this address family
         -a[ll]          every namespace (netns delete, exec)
         -b[atch] FILE   commands from FILE, - for standard input; -force goes on after a failure
         -V[ersion]
";

/// Parses the words of a command, with `options` as what holds unless they say otherwise.
///
/// # Errors
/// The word at fault, and what would be right.
pub fn parse(words: &[OsString], mut options: Options) -> grammar::Result<(Options, Command)> {
    let mut words = Words::new(words);
    let mut batch = None;
    while let Some(word) = words.peek().and_then(OsStr::to_str).filter(|w| w.len() > 1 && w.starts_with('-')) {
        let flag = word.strip_prefix("--").unwrap_or(word).trim_start_matches('-');
        let flag_words = [OsString::from(flag)];
        let known = Words::new(&flag_words).keyword("an option", FLAGS);
        let flag = known.map_err(|e| words.error(e.message.replace(&show(OsStr::new(flag)), &format!("{word:?}"))))?;
        let _ = words.next();
        match flag {
            Flag::Netns => options.ns = Some(netns::name(&mut words)?.to_owned()),
            Flag::Json => options.json = true,
            Flag::Pretty => options.pretty = true,
            Flag::Details => options.details = true,
            Flag::Statistics => options.statistics = true,
            Flag::Oneline => options.oneline = true,
            Flag::Brief => options.brief = true,
            Flag::V4 => options.family = Some(AF_INET),
            Flag::V6 => options.family = Some(AF_INET6),
            Flag::All => options.all = true,
            Flag::Force => options.force = true,
            Flag::Batch => batch = Some(words.need("a file of commands (or - for standard input)")?.to_owned()),
            Flag::Version => return Ok((options, Command::Version)),
            Flag::Help => return Ok((options, Command::Help(HELP))),
        }
    }
    if let Some(file) = batch {
        words.end()?;
        return Ok((options, Command::Batch(file)));
    }
    let command = match words.keyword("an object", OBJECTS)? {
        #[cfg(feature = "ip")]
        Object::Link => link::parse(&mut words, &options)?,
        Object::Netns => netns::parse(&mut words, &options)?,
        #[cfg(feature = "check")]
        Object::Check => check::parse(&mut words, &mut options)?,
        #[cfg(feature = "ip")]
        Object::Addr => addr::parse(&mut words, &options)?,
        #[cfg(feature = "ip")]
        Object::Route => route::parse(&mut words, &options)?,
        #[cfg(feature = "ip")]
        Object::Neigh => neigh::parse(&mut words, &options)?,
        #[cfg(feature = "ip")]
        Object::Rule => rule::parse(&mut words, &options)?,
        Object::Help => Command::Help(HELP),
    };
    Ok((options, command))
}

/// What commands run in: their output, and the connections they share.
#[derive(Debug)]
pub struct Session {
    /// Where to, and how.
    pub out: Out,
    /// What was asked for before the object.
    pub options: Options,
    /// The directory of names.
    pub dir: Dir,
    /// Whether commands follow this one: the process has to stay as it is.
    in_batch: bool,
    /// One connection for each namespace that was spoken to (`None`: the one we are in).
    conns: Vec<(Option<OsString>, Conn)>,
}

impl Session {
    /// A session with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut session = Self {
            out: Out::default(),
            options: Options::default(),
            dir: Dir::default(),
            in_batch: false,
            conns: Vec::new(),
        };
        session.set(options);
        session
    }

    /// Changes the options; what was not yet written stays.
    fn set(&mut self, options: Options) {
        let format = match (options.json, options.pretty) {
            (false, _) => Format::Text,
            (true, false) => Format::Json,
            (true, true) => Format::JsonPretty,
        };
        self.out = Out::new(format);
        self.options = options;
    }

    /// The connection to the route family of the namespace that `-n` names, opened once.
    ///
    /// # Errors
    /// There is no such name; it cannot be entered.
    pub fn conn(&mut self) -> Result<&mut Conn> {
        let name = self.options.ns.clone();
        let found = self.conns.iter().position(|c| c.0 == name);
        let index = match found {
            Some(index) => index,
            None => {
                let conn = match &name {
                    None => Conn::open(&FAMILY),
                    Some(name) => self.open(name).and_then(|ns| Conn::open_in(&ns, &FAMILY)),
                };
                let task =
                    name.as_ref().map_or("open a netlink socket".into(), |n| format!("enter namespace {}", show(n)));
                self.conns.push((name, conn.map_err(|e| Failure::of(&task, &e))?));
                self.conns.len().saturating_sub(1)
            }
        };
        match self.conns.get_mut(index) {
            Some((_, conn)) => Ok(conn),
            None => Err(Failure::new(code::FAILED, "no connection")),
        }
    }

    /// The namespace named `name`.
    ///
    /// # Errors
    /// Those of [`Dir::open`].
    pub fn open(&self, name: &OsStr) -> netns_sys::Result<Ns> {
        self.dir.open(name)
    }

    /// Forgets the connections: a name may now lead elsewhere.
    pub fn forget_conns(&mut self) {
        self.conns.clear();
    }

    /// Says on standard error what befell, and goes on.
    pub fn warn(&self, warning: &str) {
        Failure::new(code::OK, warning).print();
    }

    fn run(&mut self, command: Command) -> Result<()> {
        match command {
            #[cfg(feature = "ip")]
            Command::Link(request) => link::run(self, request),
            Command::Netns(request) => netns::run(self, request),
            #[cfg(feature = "check")]
            Command::Check(request) => check::run(self, request),
            #[cfg(feature = "ip")]
            Command::Addr(request) => addr::run(self, request),
            #[cfg(feature = "ip")]
            Command::Route(request) => route::run(self, request),
            #[cfg(feature = "ip")]
            Command::Neigh(request) => neigh::run(self, request),
            #[cfg(feature = "ip")]
            Command::Rule(request) => rule::run(self, request),
            Command::Help(text) => {
                self.out.text(format_args!("{text}"));
                Ok(())
            }
            Command::Version => {
                self.out.text(format_args!("netnsctl {}\n", env!("CARGO_PKG_VERSION")));
                Ok(())
            }
            Command::Batch(file) => batch::run(self, &file),
        }
    }

    /// Parses and runs one command, and writes what it shows.
    fn words(&mut self, words: &[OsString], options: Options) -> Result<()> {
        let (options, command) = parse(words, options).map_err(|usage| Failure::usage(words, &usage))?;
        self.set(options);
        let result = self.run(command);
        result.and(self.flush())
    }

    /// Writes what is to be shown so far.
    ///
    /// # Errors
    /// write(2).
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| Failure::new(code::FAILED, format!("cannot write the output: {e}")))
    }
}

/// Asks the kernel or the system, with `task` as what failed: "list links".
///
/// # Errors
/// `result`'s, explained.
pub fn done<T>(task: &str, result: std::result::Result<T, Error>) -> Result<T> {
    result.map_err(|e| Failure::of(task, &e))
}

/// Runs the program with these arguments, the first of which is its name; gives back the exit code.
#[must_use]
pub fn run(args: impl Iterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = args.skip(1).collect();
    let result = if words.is_empty() {
        Err(Failure::new(code::USAGE, HELP.trim_end()))
    } else {
        Session::new(Options::default()).words(&words, Options::default())
    };
    match result {
        Ok(()) => code::OK,
        Err(failure) => {
            failure.print();
            failure.code
        }
    }
}

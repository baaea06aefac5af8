//! `monitor`: what changes, as it does, or as it was recorded by rtmon(8).
//!
//! Each kind of object is shown as its `show` shows it. Events name links by index: a table of names is loaded first and kept
//! up to date by events; a link that is not in it is asked for, as it can be older than its own first event.

use super::inet::got;
use super::link::show::Context;
use super::links::{Links, device, index_of};
use super::*;
use crate::grammar::Result as Parsed;
use netns_sys::local_time;
use netns_sys::netlink::Socket;
use nl_core::route::{Link, NSID_NOT_ASSIGNED, Nsid, RTM_DELLINK, RTM_DELNEXTHOP, RTM_DELNSID, RTM_NEWNSID, rtnlgrp};
use nl_core::wire::{MSG_HDRLEN, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, align4};
use nl_core::{DecodeError, Message, Messages};
use show::Time;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};

mod show;

/// What `monitor` can be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Of which kinds; none: of all.
    kinds: Vec<Kind>,
    /// Each event says its kind.
    label: bool,
    /// Of all namespaces that have an id here.
    all_nsid: bool,
    /// About this link only.
    dev: Option<OsString>,
    /// Recorded ones, in this file.
    file: Option<OsString>,
}

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Link,
    Addr,
    Route,
    Prefix,
    Neigh,
    Netconf,
    Rule,
    Nsid,
    Nexthop,
    NexthopBucket,
}

type Groups = &'static [(u32, u8)];

/// A kind, the first of its messages (`RTM_NEW…`), what events of it are labelled, and the groups they go to, with their
/// families.
const KINDS: &[(Kind, u16, &str, Groups)] = &[
    (Kind::Link, 16, "LINK", &[(rtnlgrp::LINK, af::UNSPEC)]),
    (Kind::Addr, 20, "ADDR", &[(rtnlgrp::IPV4_IFADDR, af::INET), (rtnlgrp::IPV6_IFADDR, af::INET6)]),
    (
        Kind::Route,
        24,
        "ROUTE",
        &[(rtnlgrp::IPV4_ROUTE, af::INET), (rtnlgrp::IPV6_ROUTE, af::INET6), (rtnlgrp::MPLS_ROUTE, af::MPLS)],
    ),
    (Kind::Prefix, 52, "PREFIX", &[(rtnlgrp::IPV6_PREFIX, af::INET6)]),
    (Kind::Neigh, 28, "NEIGH", &[(rtnlgrp::NEIGH, af::UNSPEC)]),
    (
        Kind::Netconf,
        80,
        "NETCONF",
        &[(rtnlgrp::IPV4_NETCONF, af::INET), (rtnlgrp::IPV6_NETCONF, af::INET6), (rtnlgrp::MPLS_NETCONF, af::MPLS)],
    ),
    (Kind::Rule, 32, "RULE", &[(rtnlgrp::IPV4_RULE, af::INET), (rtnlgrp::IPV6_RULE, af::INET6)]),
    (Kind::Nsid, 88, "NSID", &[(rtnlgrp::NSID, af::UNSPEC)]),
    (Kind::Nexthop, 104, "NEXTHOP", &[(rtnlgrp::NEXTHOP, af::UNSPEC)]),
    (Kind::NexthopBucket, 116, "NEXTHOPBUCKET", &[]),
];

const HELP: &str = "\
Usage: netnsctl monitor [ OBJECT... ] [ dev NAME ] [ label ] [ all-nsid ] [ file FILE ]
OBJECT := link | address | route | neigh | rule | netconf | nexthop | nsid | prefix        (none: all of them)
          all: all of them, with labels
-t, -ts: with their time;  -rc BYTES: room for events that come faster than they are shown
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    File,
    Label,
    Kind(Kind),
    Not,
    All,
    AllNsid,
    Dev,
    Help,
}

/// Written out, to `ip`.
const WHOLE: &[Keyword<Word>] = &[("stats", Word::Not), ("all", Word::All), ("dev", Word::Dev)];

/// In the order of `ip`: of those that begin alike, the first is meant.
const WORDS: &[Keyword<Word>] = &[
    ("file", Word::File),
    ("label", Word::Label),
    ("link", Word::Kind(Kind::Link)),
    ("address", Word::Kind(Kind::Addr)),
    ("route", Word::Kind(Kind::Route)),
    ("mroute", Word::Not),
    ("prefix", Word::Kind(Kind::Prefix)),
    ("neigh", Word::Kind(Kind::Neigh)),
    ("netconf", Word::Kind(Kind::Netconf)),
    ("rule", Word::Kind(Kind::Rule)),
    ("nsid", Word::Kind(Kind::Nsid)),
    ("nexthop", Word::Kind(Kind::Nexthop)),
    ("all-nsid", Word::AllNsid),
    ("help", Word::Help),
    ("a", Word::Kind(Kind::Addr)),
    ("l", Word::Kind(Kind::Link)),
    ("n", Word::Kind(Kind::Neigh)),
    ("r", Word::Kind(Kind::Route)),
];

pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    let mut request = Request::default();
    while !words.is_end() {
        let typed = words.typed();
        let word = words.keyword_of("an object of monitor", WHOLE, WORDS);
        let unknown = || format!("Argument \"{typed}\" is unknown, try \"ip monitor help\".");
        match word.map_err(|usage| usage.ip(unknown()))? {
            Word::File => request.file = Some(words.need("a file")?.to_owned()),
            Word::Label | Word::All => request.label = true,
            Word::Kind(kind) => request.kinds.push(kind),
            Word::Not => {
                let said = format!("\"{typed}\" is not supported");
                return Err(words.error_before(format!("{said} here")).ip(said));
            }
            Word::AllNsid => request.all_nsid = true,
            Word::Dev => request.dev = Some(device(words, "the name of an interface")?.to_owned()),
            Word::Help => return Ok(Command::Help(HELP)),
        }
    }
    if options.ip && options.json {
        // Of events it has none, and then no colours either.
        (options.json, options.color) = (false, When::Never);
    }
    Ok(Command::Monitor(request))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let dev = match &request.dev {
        None => 0,
        Some(name) => inet::index(session, name).map_err(|failure| {
            let name = Escaped(name.as_bytes());
            failure.ip(format!("Error: argument \"{name}\" is wrong: Device does not exist\n")).code(code::USAGE)
        })?,
    };
    let mut context = Context::new(session, Links::default(), false)?;
    (context.of_addresses, context.of_events) = (Some(None), true);
    let options = session.options.clone();
    let Request { label, all_nsid, .. } = request;
    let (objects, others) = (route::Objects::new(), Vec::new());
    let mut monitor = Monitor { label, all_nsid, dev, options, context, objects, others };
    match &request.file {
        Some(file) => monitor.play(session, file),
        None => monitor.listen(session, &request.kinds),
    }
}

/// Named namespaces by their ids.
type Names = Vec<(i32, OsString)>;

struct Monitor {
    label: bool,
    all_nsid: bool,
    /// 0: any.
    dev: u32,
    options: Options,
    /// The links and the named namespaces, as seen from here.
    context: Context,
    /// What routes refer to, where it is to be shown.
    objects: route::Objects,
    /// As seen from the namespace with an id.
    others: Vec<(i32, Links, Names)>,
}

impl Monitor {
    /// Shows what happens from now on, without an end.
    fn listen(&mut self, session: &mut Session, kinds: &[Kind]) -> Result<()> {
        /// As much as `ip` asks for.
        const ROOM: u32 = 1024 * 1024;
        let family = self.options.family.unwrap_or(af::UNSPEC);
        let groups = KINDS.iter().filter(|k| kinds.is_empty() || kinds.contains(&k.0)).flat_map(|k| k.3);
        let groups = groups.filter(|(_, of)| family == af::UNSPEC || *of == af::UNSPEC || *of == family);
        let groups: Vec<u32> = groups.map(|g| g.0).collect();
        let open = || {
            let socket = Socket::open_for(FAMILY.protocol, &groups)?;
            socket.set_receive_buffer(self.options.rcvbuf.unwrap_or(ROOM))?;
            if self.all_nsid {
                socket.listen_all_nsid()?
            }
            Ok(socket)
        };
        session.conn()?;
        let opened = match session.options.ns.as_ref().filter(|_| session.in_batch) {
            Some(ns) => session.open(ns).and_then(|ns| ns.run(open)?),
            None => open(),
        };
        let socket = done("listen to changes", opened)?;
        self.load(session)?;
        let (mut buf, mut lost) = (vec![0; 32 * 1024], false);
        loop {
            let got = if lost { socket.try_recv(&mut buf) } else { socket.recv(&mut buf).map(Some) };
            match got {
                Ok(Some(datagram)) => {
                    for message in Messages::new(datagram.bytes).map_while(std::result::Result::ok) {
                        self.event(session, datagram.nsid, &message)?;
                    }
                }
                // The kernel drops more, without a word, until all that it kept is read.
                Ok(None) => {
                    lost = false;
                    self.catch_up(session)?;
                }
                Err(Error::Overrun) => lost = true,
                Err(Error::Truncated { need, .. }) => {
                    buf.resize(need, 0);
                    lost = true;
                }
                Err(error) => return Err(Failure::of("listen to changes", &error)),
            }
        }
    }

    /// Shows what a file has.
    fn play(&mut self, session: &mut Session, file: &OsStr) -> Result<()> {
        /// No message is longer, to `ip`.
        const MOST: usize = 16 * 1024;
        let wrong = |what: &str, line: String| Failure::new(code::FAILED, format!("{}: {what}", show(file))).ip(line);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                wrong("its last message is cut", "rtnl-from_file: truncated message".into())
            }
            _ => {
                let words = Errno::from(error).words();
                wrong(&words, format!("rtnl_from_file: fread: {words}"))
            }
        };
        let open = File::open(file).map_err(|error| {
            let words = Errno::from(error).words();
            wrong(&words, format!("Cannot fopen: {words}")).code(code::USAGE)
        });
        let (mut input, mut at, mut buf) = (BufReader::new(open?), 0_usize, Vec::new());
        while !input.fill_buf().map_err(failed)?.is_empty() {
            buf.resize(MSG_HDRLEN, 0);
            input.read_exact(&mut buf).map_err(failed)?;
            at = at.saturating_add(MSG_HDRLEN);
            let said = buf.first_chunk().map_or(0, |len| u32::from_ne_bytes(*len));
            let len = usize::try_from(said).unwrap_or(usize::MAX);
            if !(MSG_HDRLEN..=MOST).contains(&len) {
                let line = format!("!!!malformed message: len={} @{at}", i32::from_ne_bytes(said.to_ne_bytes()));
                return Err(wrong("no recording of messages", line));
            }
            buf.resize(align4(len), 0);
            let rest = buf.get_mut(MSG_HDRLEN..).unwrap_or_default();
            input.read_exact(rest).map_err(failed)?;
            at = at.saturating_add(rest.len());
            if let Some(Ok(message)) = Messages::new(&buf).next() {
                self.event(session, None, &message)?;
            }
        }
        Ok(())
    }

    /// Loads the names of links and namespaces.
    fn load(&mut self, session: &mut Session) -> Result<()> {
        self.others.clear();
        let dir = session.dir.clone();
        let conn = session.conn()?;
        self.context.links = Links::load(conn)?;
        self.context.namespaces = netns::names_by_id(&dir, conn)?.into_iter().collect();
        if self.options.details {
            self.objects = route::objects(conn);
        }
        Ok(())
    }

    /// Says that events were dropped, before this but not behind it, and learns anew what they would have told.
    fn catch_up(&mut self, session: &mut Session) -> Result<()> {
        self.load(session)?;
        let errno = Errno::ENOBUFS;
        let failure =
            Failure::new(code::OK, "the kernel dropped events that came faster than they were shown (-rc BYTES)");
        failure.ip(format!("netlink receive error {} ({})", errno.words(), errno.0)).print(self.options.ip);
        if !self.options.ip {
            session.out.object("", |out| out.field("event", "overrun", format_args!("overrun\n")));
        }
        session.flush()
    }

    /// Shows an event of the namespace with the id `nsid` (`None`: this one).
    fn event(&mut self, session: &mut Session, nsid: Option<i32>, message: &Message<'_>) -> Result<()> {
        let known = KINDS.iter().find(|k| k.1 == message.kind() & !3);
        let known = known.filter(|(kind, ..)| match message.kind() & 3 {
            0 => true,
            1 => *kind != Kind::Prefix,
            2 => *kind == Kind::Neigh, // the kernel asks for one
            _ => false,
        });
        let Some((kind, _, label, _)) = known else { return self.other(session, message) };
        nsid.iter().for_each(|nsid| self.change_places(*nsid));
        self.learn(session, *kind, nsid, message)?;
        loop {
            let mark = session.out.mark();
            if let Err(error) = self.show(&mut session.out, *kind, label, nsid, message) {
                session.warn(&format!("an event cannot be read: {error}"));
            }
            if !self.context.links.ask_missed(session.conn()?, nsid)? || !session.out.rewind(mark) {
                break;
            }
        }
        nsid.iter().for_each(|nsid| self.change_places(*nsid));
        if message.kind() == RTM_DELNSID && nsid.is_none() {
            let gone = Nsid::parse(message).ok().and_then(|n| got(n.nsid()));
            self.context.namespaces.retain(|n| Some(n.0) != gone);
            self.others.retain(|o| Some(o.0) != gone);
        }
        session.flush()
    }

    /// What is seen from here and what is seen from the namespace with this id change places.
    fn change_places(&mut self, nsid: i32) {
        if !self.others.iter().any(|o| o.0 == nsid) {
            self.others.push((nsid, Links::default(), Names::new()));
        }
        if let Some((_, links, namespaces)) = self.others.iter_mut().find(|o| o.0 == nsid) {
            std::mem::swap(&mut self.context.links, links);
            std::mem::swap(&mut self.context.namespaces, namespaces);
        }
    }

    /// Takes note of what an event says of names.
    fn learn(&mut self, session: &mut Session, kind: Kind, nsid: Option<i32>, message: &Message<'_>) -> Result<()> {
        match (kind, Link::whole(message), Nsid::parse(message)) {
            (Kind::Nexthop, ..) if nsid.is_none() && self.options.details => {
                let new = route::object(message).ok().flatten();
                self.objects.retain(|o| new.as_ref().is_none_or(|new| new.0 != o.0));
                self.objects.extend(new.filter(|_| message.kind() != RTM_DELNEXTHOP));
            }
            (Kind::Link, Ok(link), _) if message.kind() == RTM_DELLINK => self.context.links.remove(index_of(&link)),
            (Kind::Link, Ok(link), _) => drop(self.context.links.replace(&link)),
            (Kind::Nsid, _, Ok(new)) if message.kind() == RTM_NEWNSID && nsid.is_none() => {
                let id = got(new.nsid()).unwrap_or(NSID_NOT_ASSIGNED);
                if !self.context.namespaces.iter().any(|n| n.0 == id) {
                    let dir = session.dir.clone();
                    let name = netns::names_by_id(&dir, session.conn()?)?.remove(&id);
                    self.context.namespaces.extend(name.map(|name| (id, name)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What else comes: records of the time, in a file.
    fn other(&self, session: &mut Session, message: &Message<'_>) -> Result<()> {
        /// Seconds since 1970 and microseconds; rtmon(8) writes one before each message.
        const NLMSG_TSTAMP: u16 = 15;
        let number = |at| Some(u32::from_ne_bytes(*message.payload().get(at..)?.first_chunk()?));
        match (message.kind(), number(0), number(4)) {
            (NLMSG_NOOP | NLMSG_ERROR | NLMSG_DONE, ..) => {}
            (NLMSG_TSTAMP, Some(seconds), Some(micros)) => {
                if let Some(time) = local_time(seconds.into()) {
                    session.out.text(format_args!("Timestamp: {} {micros} us\n", Time(time)));
                }
            }
            (kind, ..) => {
                let (flags, len) = (message.flags().bits(), message.bytes().len());
                session.warn(&format!(
                    "Unknown message: type={kind:#010x}({kind}) flags={flags:#010x}({flags}) len={len:#010x}({len})"
                ));
            }
        }
        session.flush()
    }
}

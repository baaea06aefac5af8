//! Carrying out a plan: phase by phase, the namespaces by several threads, and back again if something fails.

use super::journal::{Entry, Journal};
use super::text::{Line, Mistake, Text};
#[cfg(feature = "firewall")]
use super::world::FIREWALL;
use super::world::{Back, HERE, Name, PLACE, Place, Planner, SYSCTL, Undo, places_in};
#[cfg(feature = "firewall")]
use crate::cmd::fw;
use crate::cmd::{Session, sysctl};
use crate::failure::{Failure, Result, code};
use netns_sys::netlink::{Conn, Socket};
use netns_sys::sort::gather;
use netns_sys::{Dir, Errno, Error, Held, Ns, PollFd, poll};
use nl_core::route::{FAMILY, IfInfoMsg, Link, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, ifla, rtext_filter};
use nl_core::wire::align4;
use nl_core::{Flags, Messages, Msg};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many mistakes are reported.
const MISTAKES: usize = 20;

/// How many namespaces are made between two looks at the journal, the lock and the signals.
const CHUNK: usize = 256;

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) struct Steps {
    text: Text,
    dir: Dir,
    places: Vec<Place>,
    /// By sender and step.
    undo: Vec<Back>,
}

/// How.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How many threads make namespaces.
    pub(crate) jobs: usize,
    /// Goes on after a failure, and takes nothing back.
    pub(crate) keep_going: bool,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Namespaces that were made.
    pub(crate) namespaces: usize,
    /// Requests that were carried out.
    pub(crate) requests: usize,
    /// What failed, and where.
    pub(crate) failed: Vec<(u32, Error)>,
}

impl Steps {
    /// Finds out what has to be done for the lines of `text` to hold. Nothing is touched.
    ///
    /// # Errors
    /// What is wrong with the lines, all of it (as far as one does not come of another).
    pub(crate) fn new(text: Text, dir: &Dir, gap: u32) -> std::result::Result<Steps, Vec<Mistake>> {
        let planner = Planner::new(dir.clone(), gap);
        let world = std::rc::Rc::clone(&planner.world);
        let mut session = Session::planning(planner, dir.clone());
        let mut mistakes: Vec<Mistake> = Vec::new();
        for (number, line) in (0_u32..).zip(text.lines()) {
            let result = line.and_then(|line| {
                world.borrow_mut().line = number;
                run_line(&mut session, &world, &line).map_err(|usage| text.wrong(&line, usage.at, usage.0.message))
            });
            // Of the lines that one line means, the first that is wrong will do.
            let known = |mistake: &Mistake| mistakes.last().is_some_and(|last| last.is_beside(mistake));
            if let Some(mistake) = result.err().filter(|mistake| !known(mistake)) {
                mistakes.push(mistake);
                if mistakes.len() == MISTAKES {
                    break;
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        drop(session);
        let (places, undo) = world.borrow_mut().finish_all();
        Ok(Steps { text, dir: dir.clone(), places, undo })
    }

    /// The plan's text.
    #[must_use]
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// The plan's text, to make the steps anew.
    #[must_use]
    pub(crate) fn into_text(self) -> Text {
        self.text
    }

    /// The names of the namespaces that something is to be done in.
    #[must_use]
    pub(crate) fn namespaces_named(&self) -> Vec<OsString> {
        let used = self.places.iter().filter(|place| place.made.is_some() || !place.steps.is_empty());
        used.map(|place| place.name.clone()).collect()
    }

    /// How many namespaces are to be made.
    #[must_use]
    pub(crate) fn namespaces(&self) -> usize {
        self.places.iter().filter(|place| place.made.is_some()).count()
    }

    /// How many requests are to be sent.
    #[must_use]
    pub(crate) fn requests(&self) -> usize {
        self.places.iter().map(|place| place.steps.len()).sum()
    }

    /// Whether all holds already.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.namespaces() == 0 && self.requests() == 0
    }

    /// The lines that something has to be done for, in order.
    #[must_use]
    pub(crate) fn lines(&self) -> BTreeSet<u32> {
        gather(self.places.iter().flat_map(|place| place.made.into_iter().chain(place.steps.iter().map(|s| s.line))))
    }

    /// A line, behind its place.
    pub(crate) fn show(&self, line: u32) -> String {
        self.text.show(self.text.origin(line))
    }

    /// The messages, by the namespaces they are to be sent in.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (&OsStr, &[u8])> {
        self.places.iter().filter(|place| !place.queue.is_empty()).map(|p| (p.name.as_os_str(), p.queue.as_slice()))
    }

    /// Carries it out. What it is about to make, it first says to the journal.
    ///
    /// # Errors
    /// Of the first step that failed. All that was done is taken back, as far as that can be.
    pub(crate) fn run(&self, settings: &Settings, journal: Option<&mut Journal>, held: &Held) -> Result<Outcome> {
        let mut run = Run {
            steps: self,
            settings,
            journal,
            held,
            outcome: Outcome::default(),
            done: vec![0; self.places.len()],
            broken: BTreeSet::new(),
            opened: BTreeMap::new(),
            progress: Progress::new(self.namespaces(), self.requests()),
        };
        let last = self.places.iter().map(Place::last_phase).max().unwrap_or(0).max(1);
        let mut result = Ok(());
        for phase in 0..=last {
            result = match phase {
                1 => run.make(),
                _ => run.phase(phase),
            };
            run.opened.clear();
            if result.is_err() {
                break;
            }
        }
        run.progress.end();
        if let (Ok(()), Some(journal), false) = (&result, run.journal.as_mut(), self.is_empty()) {
            result = journal.finish();
        }
        match result {
            Ok(()) => Ok(run.outcome),
            Err(failure) => {
                let done = run.entries();
                let left = take_back(&self.dir, &done);
                if let Some(journal) = run.journal.as_mut().filter(|_| !left.is_empty()) {
                    journal.keep = true;
                }
                let told = match left.is_empty() {
                    true if done.is_empty() => "  nothing was done".into(),
                    true => "  all that was done before is taken back".into(),
                    false => format!(
                        "  what could not be taken back (the journal is kept: `down` tries again):\n    {}",
                        left.join("\n    ")
                    ),
                };
                let before = failure.hint.as_ref().map_or_else(String::new, |hint| format!("{hint}\n"));
                Err(failure.hint(format!("{before}{told}")))
            }
        }
    }

    /// The entries that take back what is done in a place, with its steps.
    fn undo_of(&self, place: usize) -> &[Back] {
        let from = self.undo.partition_point(|b| usize::try_from(b.sender).is_ok_and(|p| p < place));
        let to = self.undo.partition_point(|b| usize::try_from(b.sender).is_ok_and(|p| p <= place));
        self.undo.get(from..to).unwrap_or_default()
    }

    fn entry(&self, back: &Back) -> Entry {
        let home = usize::try_from(back.home).ok().and_then(|home| self.places.get(home));
        Entry::In(home.map(|place| place.name.clone()).unwrap_or_default(), back.undo.clone())
    }
}

/// The words of a line without what it says of IPv6, and that: `ipv6 off` (or `on`), alone or behind a line about a link.
fn split_ipv6(words: &[OsString]) -> (&[OsString], Option<bool>) {
    let (front, back) = words.split_at_checked(words.len().saturating_sub(2)).unwrap_or((words, &[]));
    let of_link = front.is_empty() || front.iter().any(|word| word == "link" || word == "l");
    match back {
        [object, value] if of_link && object == "ipv6" && value == "off" => (front, Some(true)),
        [object, value] if of_link && object == "ipv6" && value == "on" => (front, Some(false)),
        _ => (words, None),
    }
}

/// Whether the words of a line are those of a command.
pub(super) fn parsed(words: &[OsString]) -> std::result::Result<(), crate::grammar::Usage> {
    match split_ipv6(words) {
        ([], _) => Ok(()),
        (words, _) => crate::cmd::parse(words, crate::cmd::Options::default()).map(drop),
    }
}

fn run_line(
    session: &mut Session,
    world: &std::cell::RefCell<super::world::World>,
    line: &Line,
) -> std::result::Result<(), crate::grammar::Usage> {
    match split_ipv6(&line.words) {
        ([], Some(off)) => {
            world.borrow_mut().ipv6_off = off;
            Ok(())
        }
        (words, Some(off)) => {
            let before = std::mem::replace(&mut world.borrow_mut().ipv6_off, off);
            let done = session.plan_line(words);
            world.borrow_mut().ipv6_off = before;
            done
        }
        (words, None) => session.plan_line(words),
    }
}

struct Run<'r> {
    steps: &'r Steps,
    settings: &'r Settings,
    journal: Option<&'r mut Journal>,
    held: &'r Held,
    outcome: Outcome,
    /// For each place: how many of its steps are done; of the plan's own, one more: it is made.
    done: Vec<u32>,
    /// Those among them that failed.
    broken: BTreeSet<(usize, usize)>,
    /// Namespaces of the plan that messages of this phase name.
    opened: BTreeMap<u32, Ns>,
    progress: Progress,
}

/// What was sent in a place: up to which step, and what failed of it.
struct Sent {
    upto: usize,
    failed: Vec<(usize, Error)>,
    /// Failed, and were carried out all the same when they were sent once more.
    late: Vec<usize>,
    /// From this step on, how it went is not known.
    broken: Option<(usize, Error)>,
}

impl Run<'_> {
    fn check_signals(&self) -> Result<()> {
        match self.held.asked_to_end() {
            true => Err(Failure::new(code::FAILED, "interrupted")),
            false => Ok(()),
        }
    }

    fn reached(&mut self, place: usize, steps: usize) {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.done.get_mut(place).into_iter().for_each(|done| *done = steps);
    }

    /// What takes back all that is done.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (at, (place, done)) in self.steps.places.iter().zip(&self.done).enumerate() {
            if place.made.is_some() && *done > 0 {
                entries.push(Entry::Ns(place.name.clone()));
            }
            let steps = done.saturating_sub(u32::from(place.made.is_some()));
            let whole = |back: &&Back| {
                let failed = usize::try_from(back.step).is_ok_and(|step| self.broken.contains(&(at, step)));
                back.step < steps && !failed
            };
            entries.extend(self.steps.undo_of(at).iter().filter(whole).map(|back| self.steps.entry(back)));
        }
        entries
    }

    fn say(&mut self, entries: &[Entry]) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(entries))
    }

    fn fail(&mut self, line: u32, error: Error) -> Result<()> {
        if self.settings.keep_going {
            self.outcome.failed.push((line, error));
            return Ok(());
        }
        let message = format!("{}: {error}", self.steps.show(line));
        Err(Failure::of("", &error).message(message))
    }

    /// Makes the namespaces of the plan, and sends what is to be sent in them first.
    fn make(&mut self) -> Result<()> {
        let steps = self.steps;
        let all: Vec<usize> =
            (0..steps.places.len()).filter(|at| steps.places.get(*at).is_some_and(|p| p.made.is_some())).collect();
        for chunk in all.chunks(CHUNK) {
            self.check_signals()?;
            let places: Vec<(usize, &Place)> =
                chunk.iter().filter_map(|at| Some((*at, steps.places.get(*at)?))).collect();
            let entries = |(at, place): &(usize, &Place)| {
                let (at, first) = (*at, place.range(1).len());
                let links = steps.undo_of(at).iter().filter(move |b| usize::try_from(b.step).is_ok_and(|s| s < first));
                std::iter::once(Entry::Ns(place.name.clone()))
                    .chain(links.map(|back| steps.entry(back)))
                    .collect::<Vec<_>>()
            };
            let said: Vec<Vec<Entry>> = places.iter().map(entries).collect();
            self.say(&said.concat())?;
            let names: Vec<&OsStr> = places.iter().map(|(_, place)| place.name.as_os_str()).collect();
            let failed = Mutex::new(Vec::new());
            let (here, keep_going) = (&*self, self.settings.keep_going);
            let added = steps.dir.add_all(&names, self.settings.jobs, |at| {
                let Some((_, place)) = places.get(at) else { return Ok(()) };
                let sent = here.send(place, place.range(1));
                let Some((step, error)) = sent.failed.into_iter().chain(sent.broken).next() else { return Ok(()) };
                if let (true, Ok(mut failed)) = (keep_going, failed.lock()) {
                    failed.push((at, step, error));
                    return Ok(());
                }
                if let Ok(mut failed) = failed.lock() {
                    failed.push((at, step, error));
                }
                Err(Error::NoAnswer)
            });
            let added = added.map_err(|error| Failure::of("make namespaces", &error))?;
            for (at, place) in added.made.iter().filter_map(|at| places.get(*at)) {
                let steps = place.range(1).len();
                self.reached(*at, steps.saturating_add(1));
                self.outcome.requests = self.outcome.requests.saturating_add(steps);
            }
            self.outcome.namespaces = self.outcome.namespaces.saturating_add(added.made.len());
            let inside = failed.into_inner().unwrap_or_default();
            for (at, step, error) in inside {
                self.broken.extend(places.get(at).map(|(place, _)| (*place, step)));
                let line = places.get(at).and_then(|(_, place)| place.steps.get(step)).map(|s| s.line);
                self.fail(line.unwrap_or_default(), error)?;
            }
            for (at, error) in added.failed {
                if error != Error::NoAnswer {
                    let line = places.get(at).and_then(|(_, place)| place.made);
                    self.fail(line.unwrap_or_default(), error)?;
                }
            }
            self.progress.show(self.outcome.namespaces, self.outcome.requests);
        }
        Ok(())
    }

    /// Sends what is of this phase, in each place.
    fn phase(&mut self, phase: u16) -> Result<()> {
        let steps = self.steps;
        for (at, place) in steps.places.iter().enumerate() {
            let range = place.range(phase);
            if range.is_empty() {
                continue;
            }
            self.open_places(place, range.clone())?;
            let from_here = at == usize::try_from(HERE).unwrap_or(0);
            let opened = match &place.ns {
                Some(_) => None,
                None if from_here => None,
                None => Some(steps.dir.open(&place.name).map_err(|e| Failure::of("enter a namespace", &e))?),
            };
            let mut start = range.start;
            // In pieces, to hear signals and show progress.
            while start < range.end {
                self.check_signals()?;
                let piece = start..range.end.min(start.saturating_add(PIECE));
                let inside = |step: u32| usize::try_from(step).is_ok_and(|s| piece.contains(&s));
                let undo = steps.undo_of(at).iter().filter(|back| inside(back.step));
                self.say(&undo.map(|back| steps.entry(back)).collect::<Vec<_>>())?;
                let this = &*self;
                let sent = match place.ns.as_ref().or(opened.as_ref()).filter(|_| !from_here) {
                    None => this.send(place, piece.clone()),
                    Some(ns) => {
                        ns.run(|| this.send(place, piece.clone())).map_err(|e| Failure::of("enter a namespace", &e))?
                    }
                };
                self.reached(at, sent.upto.saturating_add(usize::from(place.made.is_some())));
                let failed = sent.failed.iter().filter(|f| !sent.late.contains(&f.0));
                self.broken.extend(failed.map(|f| (at, f.0)));
                let count = sent.upto.saturating_sub(start).saturating_sub(sent.failed.len());
                self.outcome.requests = self.outcome.requests.saturating_add(count);
                for (step, error) in sent.failed.into_iter().chain(sent.broken) {
                    let line = place.steps.get(step).map(|s| s.line).unwrap_or_default();
                    self.fail(line, error)?;
                }
                self.progress.show(self.outcome.namespaces, self.outcome.requests);
                start = piece.end;
            }
        }
        Ok(())
    }

    /// Opens the namespaces of the plan that these steps name.
    fn open_places(&mut self, place: &Place, range: std::ops::Range<usize>) -> Result<()> {
        let (from, to) = place.bytes(range);
        let mut dir = None;
        for number in numbers(place.queue.get(from..to).unwrap_or_default()) {
            let Some(named) = usize::try_from(number).ok().and_then(|n| self.steps.places.get(n)) else { continue };
            if named.made.is_none() || self.opened.contains_key(&number) {
                continue;
            }
            let failed = |e: Error| Failure::of("open a namespace", &e);
            if dir.is_none() {
                dir = self.steps.dir.opened().map_err(failed)?;
            }
            if let Some(dir) = &dir {
                self.opened.insert(number, dir.open(&named.name).map_err(failed)?);
            }
        }
        Ok(())
    }

    /// The descriptor of a place.
    fn descriptor(&self, number: u32) -> Option<u32> {
        let place = self.steps.places.get(usize::try_from(number).ok()?)?;
        place.ns.as_ref().or_else(|| self.opened.get(&number)).map(Ns::fd_number)
    }

    /// Sends steps of a place, in which the calling thread is. What is behind a failed one is not sent, but for what went out
    /// together with it.
    fn send(&self, place: &Place, range: std::ops::Range<usize>) -> Sent {
        let mut sent = Sent { upto: range.start, failed: Vec::new(), late: Vec::new(), broken: None };
        let (mut socket, mut refused, mut bytes) = (None, Vec::new(), Vec::new());
        let mut at = range.start;
        while at < range.end {
            // What is no message.
            if let Some(done) = place.message(at).and_then(by_hand) {
                sent.failed.extend(done.err().map(|error| (at, error)));
                at = at.saturating_add(1);
                sent.upto = at;
                if !sent.failed.is_empty() && !self.settings.keep_going {
                    break;
                }
                continue;
            }
            let no_message = (at..range.end).find(|s| place.message(*s).is_some_and(|m| content(m).is_some()));
            let until = no_message.unwrap_or(range.end);
            self.patched(place, at..until, &mut bytes);
            refused.clear();
            let opened = match socket.take() {
                Some(socket) => Ok(socket),
                None => Socket::plain(FAMILY.protocol),
            };
            let result = opened.and_then(|open: Socket| {
                let result = open.send_unacknowledged(&bytes, &mut refused);
                socket = Some(open);
                result
            });
            sent.upto = until;
            if let Err(error) = result {
                sent.broken = Some((at, error));
                break;
            }
            for (seq, errno) in &refused {
                let step = usize::try_from(*seq).unwrap_or(at);
                self.patched(place, step..step.saturating_add(1), &mut bytes);
                // Once more, for the kernel's own words; not, if what came behind has changed the matter.
                let plain = || errno.at("carry out", "a request");
                match Conn::open(&FAMILY).and_then(|mut conn| conn.send(&bytes)).map(|f| f.into_iter().next()) {
                    Ok(None) if self.settings.keep_going => {}
                    Ok(None) => {
                        sent.late.push(step);
                        sent.failed.push((step, plain()));
                    }
                    Ok(Some((_, error))) if error.errno() == Some(*errno) => sent.failed.push((step, error)),
                    _ => sent.failed.push((step, plain())),
                }
            }
            if !sent.failed.is_empty() && !self.settings.keep_going {
                break;
            }
            at = until;
        }
        sent
    }

    /// Messages as they are sent: with descriptors.
    fn patched(&self, place: &Place, range: std::ops::Range<usize>, to: &mut Vec<u8>) {
        let (from, end) = place.bytes(range);
        to.clear();
        to.extend_from_slice(place.queue.get(from..end).unwrap_or_default());
        for at in places(to) {
            let Some(field) = to.get_mut(at..).and_then(|b| b.first_chunk_mut()) else { break };
            let number = u32::from_ne_bytes(*field) & !PLACE;
            *field = self.descriptor(number).unwrap_or(u32::MAX).to_ne_bytes();
        }
    }
}

/// Where in messages numbers of places are.
fn places(messages: &[u8]) -> Vec<usize> {
    let (mut found, mut start) = (Vec::new(), 0_usize);
    for message in Messages::new(messages).map_while(std::result::Result::ok) {
        if message.kind() == RTM_NEWLINK {
            found.extend(places_in(&message).map(|at| at.saturating_add(start)));
        }
        start = start.saturating_add(align4(message.bytes().len()));
    }
    found
}

/// The places that messages name.
fn numbers(messages: &[u8]) -> impl Iterator<Item = u32> {
    let number = |at| messages.get(at..).and_then(|b: &[u8]| b.first_chunk()).map(|b| u32::from_ne_bytes(*b) & !PLACE);
    places(messages).into_iter().filter_map(number)
}

/// How many requests are sent in a place between two looks at the signals.
const PIECE: usize = 4000;

/// What is in something that is no message: its type and its text.
fn content(message: &[u8]) -> Option<(u16, &str)> {
    let kind = message.get(4..)?.first_chunk().map(|kind| u16::from_ne_bytes(*kind))?;
    let is_one = kind == SYSCTL;
    #[cfg(feature = "firewall")]
    let is_one = is_one || kind == FIREWALL;
    let text = message.get(nl_core::wire::MSG_HDRLEN..).filter(|_| is_one)?;
    Some((kind, std::str::from_utf8(text).ok()?.trim_end_matches('\0')))
}

/// Does what is no message, in the calling thread's namespace.
fn by_hand(message: &[u8]) -> Option<netns_sys::Result<()>> {
    let (kind, text) = content(message)?;
    #[cfg(feature = "firewall")]
    if kind == FIREWALL {
        return Some(fw::carry_out(text));
    }
    let _ = kind;
    let (key, value) = text.split_once('\0').unwrap_or((text, ""));
    Some(sysctl::write(key, value).map_err(|e| Errno::from(e).at("set", format!("{key}={value}"))))
}

impl Place {
    fn message(&self, step: usize) -> Option<&[u8]> {
        let (from, to) = self.bytes(step..step.saturating_add(1));
        self.queue.get(from..to).filter(|m| !m.is_empty())
    }
}

/// How long the kernel may be silent while links are awaited that go with their namespaces.
const SILENCE: Duration = Duration::from_secs(5);

/// Takes back what was made, the last first; names are taken away together. What is not there any more is no failure. Gives
/// back what could not be taken back.
pub(crate) fn take_back(dir: &Dir, entries: &[Entry]) -> Vec<String> {
    let mut left = Vec::new();
    let mut conns = BTreeMap::new();
    // Each once: a plan makes a name again that somebody took away.
    let ours: BTreeSet<&OsStr> =
        gather(entries.iter().filter_map(|e| if let Entry::Ns(name) = e { Some(name.as_os_str()) } else { None }));
    let names: Vec<&OsStr> = ours.iter().copied().collect();
    let mut links: BTreeMap<&OsStr, Vec<(Name, u32)>> = BTreeMap::new();
    let mut tied: BTreeMap<&OsStr, BTreeMap<u32, Name>> = BTreeMap::new();
    for entry in entries.iter().rev() {
        let Entry::In(place, undo) = entry else { continue };
        // What is in a namespace that goes goes with it.
        if ours.contains(place.as_os_str()) {
            continue;
        }
        match undo {
            Undo::Link(name, index) => links.entry(place).or_default().push((*name, *index)),
            Undo::Tied(name, index) => {
                tied.entry(place).or_default().insert(*index, *name);
            }
            Undo::Request(bytes) => {
                let send = |conn: &mut Conn| match conn.send(bytes)?.into_iter().next() {
                    Some((_, error)) => Err(error),
                    None => Ok(()),
                };
                match with(dir, &mut conns, place, send) {
                    Err(error) if !is_gone(&error) => left.push(error.to_string()),
                    _ => {}
                }
            }
            #[cfg(feature = "firewall")]
            Undo::Firewall(words) => {
                let carry_out = || fw::carry_out(words);
                let done =
                    if place.is_empty() { carry_out() } else { open(dir, place).and_then(|ns| ns.run(carry_out)?) };
                match done {
                    Err(error) if !is_gone(&error) => left.push(format!("fw {words}: {error}")),
                    _ => {}
                }
            }
            Undo::Sysctl(switch) => {
                let (key, value) = (&switch.0, &switch.1);
                let write = || sysctl::write(key, value);
                let done = if place.is_empty() { Ok(write()) } else { open(dir, place).and_then(|ns| ns.run(write)) };
                match done {
                    Ok(Err(e)) if e.kind() != std::io::ErrorKind::NotFound => left.push(format!("{key}={value}: {e}")),
                    Err(e) if !is_gone(&e) => left.push(format!("{key}={value}: {e}")),
                    _ => {}
                }
            }
        }
    }
    for (place, links) in &links {
        match with(dir, &mut conns, place, |conn| delete_links(conn, links)) {
            Err(error) if !is_gone(&error) => left.push(error.to_string()),
            _ => {}
        }
    }
    let watching: Vec<_> = tied.iter().map(|(place, links)| (*place, Waiting::new(dir, place, links))).collect();
    if !names.is_empty() {
        match dir.remove_all(&names) {
            Ok(failed) => left.extend(
                failed.into_iter().filter(|(_, e)| !matches!(e, Error::NoSuchName { .. })).map(|(_, e)| e.to_string()),
            ),
            Err(error) => left.push(error.to_string()),
        }
    }
    for (place, waiting) in watching {
        let still = match waiting {
            Ok(waiting) => waiting.wait(),
            Err(error) if is_gone(&error) => continue,
            // Without being told of their end they can be deleted still.
            Err(_) => tied.get(place).cloned().unwrap_or_default(),
        };
        let still: Vec<(Name, u32)> = still.iter().map(|(index, name)| (*name, *index)).collect();
        if still.is_empty() {
            continue;
        }
        match with(dir, &mut conns, place, |conn| delete_links(conn, &still)) {
            Err(error) if !is_gone(&error) => left.push(error.to_string()),
            _ => {}
        }
    }
    left
}

fn open(dir: &Dir, place: &OsStr) -> netns_sys::Result<Ns> {
    if place.as_encoded_bytes().contains(&b'/') { Ns::open(std::path::Path::new(place)) } else { dir.open(place) }
}

/// Does `f` with the connection in a place.
fn with<T>(
    dir: &Dir,
    conns: &mut BTreeMap<OsString, Conn>,
    place: &OsStr,
    f: impl FnOnce(&mut Conn) -> netns_sys::Result<T>,
) -> netns_sys::Result<T> {
    if let Some(conn) = conns.get_mut(place) {
        return f(conn);
    }
    let conn = match place.is_empty() {
        true => Conn::open(&FAMILY),
        false => open(dir, place).and_then(|ns| Conn::open_in(&ns, &FAMILY)),
    };
    f(conns.entry(place.to_owned()).or_insert(conn?))
}

/// It is not there any more, or the place is gone, and all with it.
fn is_gone(error: &Error) -> bool {
    let gone = [Errno::ENOENT, Errno::ESRCH, Errno::ENODEV, Errno::EADDRNOTAVAIL, Errno::ENXIO];
    matches!(error, Error::NoSuchName { .. } | Error::Stale { .. }) || error.errno().is_some_and(|e| gone.contains(&e))
}

/// The names of all links, by index.
fn link_names(conn: &mut Conn) -> netns_sys::Result<BTreeMap<u32, Vec<u8>>> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
    };
    conn.dump(RTM_GETLINK, fill, |all: &mut BTreeMap<u32, Vec<u8>>, message| {
        let link = Link::whole(message)?;
        let name = link.name()?.unwrap_or_default().to_vec();
        all.insert(u32::try_from(link.index()).unwrap_or(0), name);
        Ok(())
    })
}

/// Deletes links, if these indices still have these names: many of them as a group, which takes as long as one.
fn delete_links(conn: &mut Conn, links: &[(Name, u32)]) -> netns_sys::Result<()> {
    const FEW: usize = 2;
    let there = link_names(conn)?;
    let links: Vec<u32> = links
        .iter()
        .filter(|(name, index)| there.get(index).is_some_and(|n| n == name.bytes()))
        .map(|(_, index)| *index)
        .collect();
    let header = |index: u32| IfInfoMsg { index: i32::try_from(index).unwrap_or(0).into(), ..IfInfoMsg::default() };
    // A number that nobody else uses.
    let group = 0x6e00_0000 | std::process::id() & 0x00ff_ffff;
    let failed = conn.batch(|requests| {
        let all = links.iter().try_for_each(|index| match links.len() {
            ..=FEW => requests.request(RTM_DELLINK, Flags::empty(), |m| m.fixed(&header(*index))),
            _ => requests.request(RTM_NEWLINK, Flags::empty(), |m| {
                m.fixed(&header(*index));
                m.u32(ifla::GROUP, group);
            }),
        });
        all?;
        match links.len() {
            ..=FEW => Ok(()),
            _ => requests.request(RTM_DELLINK, Flags::empty(), |m| {
                m.fixed(&header(0));
                m.u32(ifla::GROUP, group);
            }),
        }
    })?;
    match failed.into_iter().map(|f| f.1).find(|error| !is_gone(error)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Links that go when their namespaces do, awaited.
struct Waiting {
    socket: Socket,
    links: BTreeMap<u32, Name>,
}

/// linux/rtnetlink.h
const RTNLGRP_LINK: u32 = 1;

impl Waiting {
    /// From now on, in a place: for those that are there.
    fn new(dir: &Dir, place: &OsStr, links: &BTreeMap<u32, Name>) -> netns_sys::Result<Waiting> {
        let listen = || {
            let socket = Socket::open_for(FAMILY.protocol, &[RTNLGRP_LINK])?;
            let _ = socket.set_receive_buffer(8 << 20);
            Ok((socket, link_names(&mut Conn::open(&FAMILY)?)?))
        };
        let opened = if place.is_empty() { listen() } else { open(dir, place).and_then(|ns| ns.run(listen)?) };
        let (socket, there) = opened?;
        let links = links.iter().filter(|(index, name)| there.get(index).is_some_and(|n| n == name.bytes()));
        Ok(Waiting { socket, links: gather(links.map(|(index, name)| (*index, *name))) })
    }

    /// Until all are gone, or nothing happens any more; gives back those that are left.
    fn wait(mut self) -> BTreeMap<u32, Name> {
        let mut buf = vec![0; 1 << 16];
        while !self.links.is_empty() {
            match self.socket.try_recv(&mut buf) {
                Ok(Some(datagram)) => {
                    for message in Messages::new(datagram.bytes).map_while(std::result::Result::ok) {
                        if message.kind() == RTM_DELLINK {
                            let index = Link::whole(&message).map_or(0, |link| link.index());
                            self.links.remove(&u32::try_from(index).unwrap_or(0));
                        }
                    }
                }
                Ok(None) => match poll(&mut [PollFd::readable(self.socket.as_fd())], Some(SILENCE)) {
                    Ok(1..) => {}
                    _ => break,
                },
                Err(_) => break, // an overrun: those that are gone are found out by a look
            }
        }
        self.links
    }
}

/// How far it is, for a person who waits.
struct Progress {
    total: usize,
    start: Instant,
    shown: Option<Instant>,
}

impl Progress {
    fn new(namespaces: usize, requests: usize) -> Progress {
        let total = namespaces.saturating_add(requests);
        Progress { total: if std::io::stderr().is_terminal() { total } else { 0 }, start: Instant::now(), shown: None }
    }

    fn show(&mut self, namespaces: usize, requests: usize) {
        const OFTEN: Duration = Duration::from_millis(200);
        if self.total == 0 || self.shown.unwrap_or(self.start).elapsed() < OFTEN {
            return;
        }
        self.shown = Some(Instant::now());
        let (done, passed) = (namespaces.saturating_add(requests).max(1), self.start.elapsed());
        let seconds = passed.as_millis().max(1);
        let share = |n: usize, by: u128| u128::try_from(n).unwrap_or(0).saturating_mul(by);
        let rate = share(done, 1000).checked_div(seconds).unwrap_or(0);
        let left = share(self.total.saturating_sub(done), 1).checked_div(rate.max(1)).unwrap_or(0);
        let _ = write!(std::io::stderr(), "\r{done} of {} steps, {rate}/s, {left} s left\u{1b}[K", self.total);
    }

    fn end(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

//! The kernel as it will be when the lines of a plan so far have been run.
//!
//! A line is run by the code of its command, over a connection that ends here: [`World`] answers the questions, and where a
//! request would change something, writes it down. What is there already is not written down again. So a plan has no second
//! implementation of any command, and what a line means is what the command does.
//!
//! What is written down are the kernel's messages, in one queue a namespace ("place"), ready to be sent: links have the index
//! they will get, a veth is made from inside the namespace that the plan makes for it, and a number from [`PLACE`] on stands
//! for the descriptor of a namespace. A queue is sent in phases: a message that needs something made through another queue is
//! of a later phase than that. Even phases are those of namespaces that were there before, odd ones those of the plan's own.

use super::same::{self, Family};
use crate::cmd::link::bytes_of;
use crate::grammar::IFNAME_MAX;
use netns_sys::netlink::{Conn, Kernel};
use netns_sys::sort::sort_by_key;
use netns_sys::{Dir, Errno, Error, Ns};
use nl_core::route::{
    FAMILY, IfInfoMsg, Link, LinkFlags, RTM_GETLINK, RTM_NEWLINK, RTM_NEWLINKPROP, RTM_NEWNEXTHOP, arphrd, ifla, info,
    rtext_filter, veth,
};
use nl_core::wire::{NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, align4};
use nl_core::{Attr, Attrs, Batch, EncodeError, Flags, Message, Messages, Msg};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

/// In the place of a descriptor's number: the place with this number, plus this.
pub(super) const PLACE: u32 = 0x8000_0000;

/// The type of what is no message but a switch to write: `key\0value` (there is no such netlink message).
pub(super) const SYSCTL: u16 = 0xffff;

/// The type of what is no message but words of `fw`.
#[cfg(feature = "firewall")]
pub(super) const FIREWALL: u16 = 0xfffe;

/// The place where the program is.
pub(super) const HERE: u32 = 0;

/// A namespace, and what is to be sent in it.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Its name or path; empty: the one the program is in.
    pub(super) name: OsString,
    /// The plan makes it, by this line.
    pub(super) made: Option<u32>,
    /// Messages, each at a multiple of 4.
    pub(super) queue: Vec<u8>,
    pub(super) steps: Vec<Step>,
    /// Which step is the first of a phase, but for the first phase: that of the plan's own namespaces is 1, else 0.
    phases: Vec<(u16, u32)>,
    /// It was there before, and is held open.
    pub(super) ns: Option<Ns>,
}

/// A place, and what is known of it.
#[derive(Debug, Default)]
struct Spot {
    place: Place,
    /// By index, as long as none is said.
    links: Vec<Entry>,
    /// Their positions by name, once they are many.
    by_name: Vec<u32>,
    next_index: u32,
    /// A switch was set here that was there before.
    has_switched: bool,
    real: Option<Box<Real>>,
}

/// One message of a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Where it ends.
    end: u32,
    /// Which of all lines it is of.
    pub(super) line: u32,
}

/// The name of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name([u8; IFNAME_MAX], u8);

impl Name {
    /// `None`: it is too long for one.
    pub(crate) fn new(name: &[u8]) -> Option<Name> {
        let mut bytes = [0; IFNAME_MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Name(bytes, u8::try_from(name.len()).ok()?))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.get(..usize::from(self.1)).unwrap_or_default()
    }
}

/// A link there will be.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Name,
    /// It is not any more as the dump says.
    changed: bool,
    index: u32,
    /// Through whose queue it is made, and in which phase.
    maker: (u32, u16),
    /// Where in the dump it is, if it is there.
    real: Option<u32>,
}

/// What is in a namespace that was there before.
#[derive(Debug)]
struct Real {
    conn: Conn,
    links: Vec<u8>,
    /// Other names of links, with their indices.
    others: BTreeMap<Vec<u8>, u32>,
    objects: BTreeMap<u16, Vec<u8>>,
}

impl Real {
    fn new(conn: Conn) -> Box<Real> {
        Box::new(Real { conn, links: Vec::new(), others: BTreeMap::new(), objects: BTreeMap::new() })
    }
}

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// The link of this name is deleted, if it still has the index.
    Link(Name, u32),
    /// The same, but it goes with a namespace of the plan.
    Tied(Name, u32),
    /// A request is sent.
    Request(Box<[u8]>),
    /// A switch gets its old value: key and value.
    Sysctl(Box<(String, String)>),
    /// Words of `fw` are carried out.
    #[cfg(feature = "firewall")]
    Firewall(Box<str>),
}

/// How a step is taken back.
#[derive(Clone, Debug)]
pub(super) struct Back {
    /// In whose queue it is.
    pub(super) sender: u32,
    pub(super) step: u32,
    /// Where what it made is.
    pub(super) home: u32,
    pub(super) undo: Undo,
}

/// What is known, and what is to be done.
#[derive(Debug)]
pub(super) struct World {
    dir: Dir,
    /// The names there are, once they were asked for.
    names: Option<BTreeSet<OsString>>,
    places: Vec<Spot>,
    /// All but the first, by name.
    by_name: Vec<u32>,
    /// The place that commands are run for now.
    current: u32,
    /// Which of all lines is run now.
    pub(super) line: u32,
    /// Links in namespaces that were there before get no IPv6.
    pub(super) ipv6_off: bool,
    /// How far above the highest index there is those of new links begin.
    gap: u32,
    scratch: Vec<u8>,
    pub(super) undo: Vec<Back>,
    /// The last phase in which a link is made or set.
    link_phase: u16,
}

/// A refusal in the kernel's way.
#[derive(Debug)]
struct Refusal(Errno, String);

type Answer<T = ()> = Result<T, Refusal>;

impl From<nl_core::DecodeError> for Refusal {
    fn from(error: nl_core::DecodeError) -> Refusal {
        Refusal(Errno::EINVAL, error.to_string())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal(error.errno().unwrap_or(Errno::EINVAL), error.to_string())
    }
}

fn refuse<T>(errno: Errno, text: impl Into<String>) -> Answer<T> {
    Err(Refusal(errno, text.into()))
}

/// Commands are run for a plan: where connections come from, and what `netns` words stand for.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(super) world: Rc<RefCell<World>>,
    conn: Conn,
}

#[derive(Debug)]
struct Answers(Rc<RefCell<World>>);

impl Planner {
    pub(super) fn new(dir: Dir, gap: u32) -> Planner {
        let world = World {
            dir,
            names: None,
            places: vec![Spot::default()],
            by_name: Vec::new(),
            current: HERE,
            line: 0,
            ipv6_off: false,
            gap,
            scratch: vec![0; 4096],
            undo: Vec::new(),
            link_phase: 0,
        };
        let world = Rc::new(RefCell::new(world));
        let conn = Conn::to(Box::new(Answers(Rc::clone(&world))), &FAMILY);
        Planner { world, conn }
    }

    /// The connection in the namespace of this name; `None`: where the program is.
    pub(crate) fn conn(&mut self, ns: Option<&OsStr>) -> netns_sys::Result<&mut Conn> {
        let mut world = self.world.borrow_mut();
        world.current = ns.map_or(Ok(HERE), |ns| world.place(ns))?;
        drop(world);
        Ok(&mut self.conn)
    }

    /// The number that stands for a descriptor of the namespace of this name.
    pub(crate) fn number(&self, ns: &OsStr) -> netns_sys::Result<u32> {
        Ok(PLACE | self.world.borrow_mut().place(ns)?)
    }

    /// A namespace of this name is to be there.
    pub(crate) fn add_ns(&self, name: &OsStr) -> netns_sys::Result<()> {
        self.world.borrow_mut().add_ns(name)
    }

    /// A switch of the namespace `ns` is to have this value.
    pub(crate) fn sysctl(&self, ns: Option<&OsStr>, key: &str, value: &str) -> netns_sys::Result<()> {
        let mut world = self.world.borrow_mut();
        let place = ns.map_or(Ok(HERE), |ns| world.place(ns))?;
        world.sysctl(place, key, value)
    }

    /// A line of firewall rules is to hold in the namespace `ns`.
    #[cfg(feature = "firewall")]
    pub(crate) fn firewall(&self, ns: Option<&OsStr>, line: &crate::cmd::fw::Line) -> netns_sys::Result<()> {
        let mut world = self.world.borrow_mut();
        let place = ns.map_or(Ok(HERE), |ns| world.place(ns))?;
        world.firewall(place, line)
    }

    /// Whether `name` is a link of the namespace `to`, and none where it would have to be moved from.
    pub(crate) fn has_moved(&self, from: Option<&OsStr>, name: &OsStr, to: &OsStr) -> netns_sys::Result<bool> {
        let mut world = self.world.borrow_mut();
        let (from, to) = (from.map_or(Ok(HERE), |ns| world.place(ns))?, world.place(to)?);
        let there = world.find(to, name.as_bytes())?.is_some();
        Ok(there && world.find(from, name.as_bytes())?.is_none())
    }
}

impl Kernel for Answers {
    fn answer(&mut self, request: &Message<'_>, answers: &mut Vec<u8>) {
        let mut world = self.0.borrow_mut();
        let before = answers.len();
        let dump = request.flags().contains(Flags::DUMP);
        let (errno, text) = match world.handle(request, dump, answers) {
            Ok(()) if dump => return append(answers, NLMSG_DONE, Flags::MULTI, request.seq(), |m| m.raw(&[0; 4])),
            Ok(()) => (0, String::new()),
            Err(Refusal(errno, text)) => {
                answers.truncate(before);
                (errno.0.saturating_neg(), text)
            }
        };
        if errno == 0 && !request.flags().contains(Flags::ACK) {
            return;
        }
        // struct nlmsgerr, netlink(7), and NLMSGERR_ATTR_MSG.
        append(answers, NLMSG_ERROR, Flags::CAPPED | Flags::ACK_TLVS, request.seq(), |m| {
            m.raw(&errno.to_ne_bytes());
            m.raw(request.bytes().get(..nl_core::wire::MSG_HDRLEN).unwrap_or_default());
            if !text.is_empty() {
                m.str(1, text.as_bytes());
            }
        });
    }
}

/// Appends a message.
fn append(to: &mut Vec<u8>, kind: u16, flags: Flags, seq: u32, fill: impl Fn(&mut Msg<'_>)) {
    let start = to.len();
    let mut room = 256_usize;
    loop {
        to.resize(start.saturating_add(room), 0);
        let mut batch = Batch::new(to.get_mut(start..).unwrap_or_default());
        let done = batch.message(kind, flags, seq, &fill);
        let len = batch.bytes().len();
        match done {
            Err(EncodeError::NoSpace { need, .. }) if need > room => room = need,
            _ => return to.truncate(start.saturating_add(len)),
        }
    }
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn shown(name: &[u8]) -> String {
    crate::out::Escaped(name).to_string()
}

/// How many links of a namespace are looked through for a name, before their names are sorted.
const FEW: usize = 16;

impl Place {
    fn first(&self) -> u16 {
        u16::from(self.made.is_some())
    }

    /// The last phase that something is sent in.
    pub(super) fn last_phase(&self) -> u16 {
        self.phases.last().map_or(self.first(), |phase| phase.0)
    }

    /// The steps of a phase.
    pub(super) fn range(&self, phase: u16) -> std::ops::Range<usize> {
        let end = |step: Option<&(u16, u32)>| step.map_or(self.steps.len(), |step| position(step.1));
        if phase == self.first() {
            return 0..end(self.phases.first());
        }
        match self.phases.iter().position(|p| p.0 == phase) {
            Some(at) => end(self.phases.get(at))..end(self.phases.get(at.saturating_add(1))),
            None => 0..0,
        }
    }

    /// Where steps are in the queue.
    pub(super) fn bytes(&self, range: std::ops::Range<usize>) -> (usize, usize) {
        let end = |step: Option<usize>| step.and_then(|step| self.steps.get(step)).map_or(0, |step| position(step.end));
        (end(range.start.checked_sub(1)), end(range.end.checked_sub(1)))
    }
}

impl Spot {
    /// The link that a new namespace is born with.
    fn lo(&self) -> Option<Entry> {
        let lo = Entry { name: Name::new(b"lo")?, changed: false, index: 1, maker: (BORN, 0), real: None };
        self.is_new().then_some(lo)
    }

    fn add(&mut self, entry: Entry) {
        if self.by_name.is_empty() && self.links.len() >= FEW {
            self.by_name = (0..number(self.links.len())).collect();
            let links = &self.links;
            sort_by_key(&mut self.by_name, |at| links.get(position(*at)).map(|e| e.name));
        }
        if self.links.len() >= FEW {
            let at =
                self.by_name.partition_point(|at| self.links.get(position(*at)).is_some_and(|e| e.name < entry.name));
            self.by_name.insert(at, number(self.links.len()));
        } else {
            // Most namespaces have one or two: no room for more.
            self.links.reserve_exact(1);
        }
        self.next_index = self.next_index.max(entry.index.saturating_add(1));
        self.links.push(entry);
    }

    /// The position of the link of this name.
    fn at(&self, name: &[u8]) -> Option<usize> {
        let Some(short) = Name::new(name) else {
            let index = *self.real.as_ref()?.others.get(name)?;
            return self.links.iter().position(|e| e.index == index);
        };
        let found = match self.by_name.is_empty() {
            true => self.links.iter().position(|e| e.name == short),
            false => {
                let at = |at: &u32| self.links.get(position(*at)).map(|e| e.name);
                let found = self.by_name.binary_search_by(|e| at(e).cmp(&Some(short))).ok();
                found.and_then(|found| self.by_name.get(found)).map(|at| position(*at))
            }
        };
        let other = || self.real.as_ref()?.others.get(name).and_then(|i| self.links.iter().position(|e| e.index == *i));
        found.or_else(other)
    }

    fn named(&self, name: &[u8]) -> Option<Entry> {
        let own = self.at(name).and_then(|at| self.links.get(at)).copied();
        own.or_else(|| self.lo().filter(|lo| lo.name.bytes() == name))
    }

    /// Changes a link there is.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.links.get_mut(at) else { return };
        let before = entry.name;
        change(entry);
        if entry.name != before {
            let links = &self.links;
            sort_by_key(&mut self.by_name, |at| links.get(position(*at)).map(|e| e.name));
        }
    }

    fn by_index(&self, index: u32) -> Option<Entry> {
        let sorted = self.links.binary_search_by_key(&index, |e| e.index).ok().and_then(|at| self.links.get(at));
        let found = sorted.or_else(|| self.links.iter().find(|e| e.index == index)).copied();
        found.or_else(|| self.lo().filter(|_| index == 1))
    }

    fn is_new(&self) -> bool {
        self.place.made.is_some()
    }
}

/// In the place of who makes a link: it is born with its namespace.
const BORN: u32 = u32::MAX;

/// An end of a link to be made.
#[derive(Clone)]
struct End<'a> {
    place: u32,
    header: IfInfoMsg,
    attrs: Attrs<'a>,
    name: Name,
}

impl<'a> End<'a> {
    fn new(here: u32, header: IfInfoMsg, attrs: Attrs<'a>) -> Answer<End<'a>> {
        let place = attrs.find(ifla::NET_NS_FD).and_then(|a| a.u32().ok()).map(|n| n & !PLACE);
        let Some(name) = attrs.find(ifla::IFNAME).and_then(|a| Name::new(a.name())) else {
            return refuse(Errno::EINVAL, "in a plan, every link and every other end of one has a name");
        };
        Ok(End { place: place.unwrap_or(here), header, attrs, name })
    }

    /// All of it but the namespace and the kind.
    fn write(&self, m: &mut Msg<'_>) {
        for attr in self.attrs.clone().map_while(Result::ok) {
            if !matches!(attr.kind(), ifla::NET_NS_FD | ifla::LINKINFO) {
                m.bytes(attr.raw_kind(), attr.bytes());
            }
        }
    }

    /// One queue, where the line does not say how many: setting up more costs the kernel more than all the rest.
    fn write_queues(&self, m: &mut Msg<'_>) {
        for kind in [ifla::NUM_TX_QUEUES, ifla::NUM_RX_QUEUES] {
            if self.attrs.find(kind).is_none() {
                m.u32(kind, 1);
            }
        }
    }

    fn is_up(&self) -> bool {
        LinkFlags::from_bits_retain(self.header.flags.get()).contains(LinkFlags::UP)
    }

    fn stay_down(&mut self) {
        let without = |bits: u32| bits & !LinkFlags::UP.bits();
        self.header.flags = without(self.header.flags.get()).into();
        self.header.change = without(self.header.change.get()).into();
    }

    fn index(&self) -> u32 {
        u32::try_from(self.header.index.get()).unwrap_or(0)
    }
}

/// Kinds that are the same whichever namespace they are made from.
const LONE: [&[u8]; 6] = [b"dummy", b"bridge", b"ifb", b"bond", b"vrf", b"nlmon"];

fn kind_of<'a>(attrs: &Attrs<'a>) -> &'a [u8] {
    attrs.find(ifla::LINKINFO).and_then(|i| i.attrs().find(info::KIND)).map(|k| k.name()).unwrap_or_default()
}

fn up(index: u32) -> IfInfoMsg {
    let up = LinkFlags::UP.bits();
    IfInfoMsg {
        index: i32::try_from(index).unwrap_or(0).into(),
        flags: up.into(),
        change: up.into(),
        ..IfInfoMsg::default()
    }
}

impl World {
    fn is_new(&self, place: u32) -> bool {
        self.places.get(position(place)).is_some_and(Spot::is_new)
    }

    fn at(&self, place: u32) -> Answer<&Spot> {
        self.places.get(position(place)).ok_or_else(|| Refusal(Errno::EINVAL, "no such namespace".into()))
    }

    fn at_mut(&mut self, place: u32) -> Answer<&mut Spot> {
        self.places.get_mut(position(place)).ok_or_else(|| Refusal(Errno::EINVAL, "no such namespace".into()))
    }

    /// The namespace of this name, of the plan or there before.
    fn place(&mut self, name: &OsStr) -> netns_sys::Result<u32> {
        if let Some(place) = self.known_place(name) {
            return Ok(place);
        }
        let path = name.as_bytes().contains(&b'/');
        let ns = if path { Ns::open(Path::new(name))? } else { self.dir.open(name)? };
        let conn = Conn::open_in(&ns, &FAMILY)?;
        let place = Place { name: name.to_owned(), ns: Some(ns), ..Place::default() };
        Ok(self.push_place(Spot { place, real: Some(Real::new(conn)), ..Spot::default() }))
    }

    fn push_place(&mut self, spot: Spot) -> u32 {
        let at = number(self.places.len());
        let behind = self.by_name.partition_point(|p| self.name(*p) < Some(&*spot.place.name));
        self.by_name.insert(behind, at);
        self.places.push(spot);
        at
    }

    fn name(&self, place: u32) -> Option<&OsStr> {
        self.places.get(position(place)).map(|spot| &*spot.place.name)
    }

    fn known_place(&self, name: &OsStr) -> Option<u32> {
        let at = self.by_name.binary_search_by(|p| self.name(*p).cmp(&Some(name))).ok()?;
        self.by_name.get(at).copied()
    }

    /// What is to be done, and how it is taken back, by sender and step; all else is forgotten.
    pub(super) fn finish_all(&mut self) -> (Vec<Place>, Vec<Back>) {
        let settle = |spot: Spot| {
            let mut place = spot.place;
            place.queue.shrink_to_fit();
            place.steps.shrink_to_fit();
            place
        };
        let places = std::mem::take(&mut self.places).into_iter().map(settle).collect();
        sort_by_key(&mut self.undo, |back| (back.sender, back.step));
        (places, std::mem::take(&mut self.undo))
    }

    fn add_ns(&mut self, name: &OsStr) -> netns_sys::Result<()> {
        if let Some(there) = self.known_place(name).and_then(|place| self.places.get(position(place))) {
            return match there.place.made {
                Some(_) => Err(Error::Exists { name: name.to_owned(), seen: netns_sys::Kind::Netns }),
                None => Ok(()),
            };
        }
        let names = match self.names.take() {
            Some(names) => names,
            None => self.dir.names()?.into_iter().collect(),
        };
        let there = names.contains(name);
        self.names = Some(names);
        // One question for all names: most are not there.
        match if there { self.place(name) } else { Err(Error::NoAnswer) } {
            Ok(_) => return Ok(()),
            Err(Error::NoAnswer | Error::NoSuchName { .. } | Error::Stale { .. }) => {}
            Err(error) => return Err(error),
        }
        let next_index = self.first_index().map_err(|_| Error::NoAnswer)?;
        let place = Place { name: name.to_owned(), made: Some(self.line), ..Place::default() };
        self.push_place(Spot { place, next_index, ..Spot::default() });
        Ok(())
    }

    /// The first free index in a new namespace: behind lo; far behind, where a new namespace has tunnels in it from birth.
    fn first_index(&mut self) -> Answer<u32> {
        const TUNNELS: [&[u8]; 9] =
            [b"tunl0", b"gre0", b"gretap0", b"erspan0", b"ip_vti0", b"ip6_vti0", b"sit0", b"ip6tnl0", b"ip6gre0"];
        self.load(HERE)?;
        let here = self.at(HERE)?;
        Ok(if TUNNELS.iter().any(|name| here.at(name).is_some()) { 32 } else { 2 })
    }

    /// Asks for the links of a namespace that was there before.
    fn load(&mut self, place: u32) -> Answer {
        let gap = self.gap;
        let there = self.at_mut(place)?;
        if there.is_new() || !there.links.is_empty() {
            return Ok(());
        }
        if there.real.is_none() {
            there.place.ns = Some(Ns::current()?);
            there.real = Some(Real::new(Conn::open(&FAMILY)?));
        }
        let Some(real) = &mut there.real else { return Ok(()) };
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg::default());
            m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        };
        real.links = real.conn.dump(RTM_GETLINK, fill, |all: &mut Vec<u8>, message| {
            all.extend_from_slice(message.bytes());
            all.resize(align4(all.len()), 0);
            Ok(())
        })?;
        let (mut entries, mut others, mut at) = (Vec::new(), BTreeMap::new(), 0_usize);
        for message in Messages::new(&real.links) {
            let message = message?;
            let link = Link::whole(&message)?;
            let index = u32::try_from(link.index()).unwrap_or(0);
            let name = link.name()?.and_then(Name::new);
            let entry = |name| Entry { name, changed: false, index, maker: (place, 0), real: Some(number(at)) };
            entries.extend(name.map(entry));
            others.extend(link.alt_names().map(|other| (other.to_vec(), index)));
            at = at.saturating_add(align4(message.bytes().len()));
        }
        real.others = others;
        entries.into_iter().for_each(|entry| there.add(entry));
        there.next_index = there.next_index.saturating_add(gap);
        Ok(())
    }

    fn find(&mut self, place: u32, name: &[u8]) -> netns_sys::Result<Option<Entry>> {
        self.load(place).map_err(|Refusal(errno, text)| errno_at(errno, text))?;
        let there = self.at(place).map_err(|Refusal(errno, text)| errno_at(errno, text))?;
        Ok(there.named(name))
    }

    /// The link as the kernel tells it, if it is there.
    fn real<'w>(&'w self, place: u32, entry: &Entry) -> Option<Message<'w>> {
        let real = self.places.get(position(place))?.real.as_ref()?;
        Messages::new(real.links.get(position(entry.real?)..)?).next()?.ok()
    }

    fn handle(&mut self, request: &Message<'_>, dump: bool, answers: &mut Vec<u8>) -> Answer {
        match request.kind() {
            NLMSG_NOOP => Ok(()),
            RTM_GETLINK => self.get_links(request, dump, answers),
            RTM_NEWLINK if request.flags().contains(Flags::CREATE) => self.create(request),
            RTM_NEWLINK | RTM_NEWLINKPROP => self.change(request),
            kind => match same::family(kind) {
                Some(family) => self.object(family, request),
                None => refuse(Errno::EOPNOTSUPP, "this is nothing that a plan does"),
            },
        }
    }

    fn get_links(&mut self, request: &Message<'_>, dump: bool, answers: &mut Vec<u8>) -> Answer {
        let place = self.current;
        self.load(place)?;
        let (header, attrs) = request.fixed::<IfInfoMsg>()?;
        let there = self.at(place)?;
        let entries: Vec<Entry> = if dump {
            there.lo().into_iter().chain(there.links.iter().filter(|e| !e.name.bytes().is_empty()).copied()).collect()
        } else {
            let name = attrs.find(ifla::IFNAME).or_else(|| attrs.find(ifla::ALT_IFNAME)).map(|a| a.name());
            let found = match name {
                Some(name) => there.named(name),
                None => there.by_index(u32::try_from(header.index.get()).unwrap_or(0)),
            };
            match found {
                Some(found) => vec![found],
                None => return Err(Refusal(Errno::ENODEV, String::new())),
            }
        };
        let flags = if dump { Flags::MULTI } else { Flags::empty() };
        for entry in entries {
            match self.real(place, &entry) {
                Some(real) => append(answers, RTM_NEWLINK, flags, request.seq(), |m| m.raw(real.payload())),
                None => append(answers, RTM_NEWLINK, flags, request.seq(), |m| {
                    let index = i32::try_from(entry.index).unwrap_or(0).into();
                    m.fixed(&IfInfoMsg { index, kind: arphrd::ETHER.into(), ..IfInfoMsg::default() });
                    m.str(ifla::IFNAME, entry.name.bytes());
                    m.bytes(ifla::ADDRESS, &[0; 6]);
                }),
            }
        }
        Ok(())
    }

    /// The first phase in which the queue of `sender` can name the link with this index of `place`.
    fn since(&self, sender: u32, place: u32, index: u32) -> u16 {
        let entry = self.places.get(position(place)).and_then(|place| place.by_index(index));
        entry.map_or(0, |entry| match entry.maker {
            (maker, phase) if maker == sender => phase,
            (BORN, _) => 0,
            (_, phase) => phase.saturating_add(1),
        })
    }

    /// The first phase in which all links are there that these attributes of a message of `sender` may name.
    fn since_all(&self, sender: u32, place: u32, attrs: &Attrs<'_>) -> u16 {
        let known = [ifla::LINK, ifla::MASTER].map(|kind| attrs.find(kind).and_then(|a| a.u32().ok()));
        let data = attrs.find(ifla::LINKINFO).and_then(|i| i.attrs().find(info::DATA)).map(|data| data.attrs());
        let nested = data.into_iter().flatten().map_while(Result::ok).filter_map(|a: Attr<'_>| a.u32().ok());
        known.into_iter().flatten().chain(nested).map(|index| self.since(sender, place, index)).max().unwrap_or(0)
    }

    /// Appends a message to the queue of `place`, not before phase `after`.
    fn push(
        &mut self,
        place: u32,
        after: u16,
        kind: u16,
        flags: Flags,
        fill: impl Fn(&mut Msg<'_>),
    ) -> Answer<(u16, u32)> {
        let line = self.line;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let there = self.at_mut(place)?;
        let seq = number(there.place.steps.len());
        append(&mut scratch, kind, flags.difference(Flags::ACK) | Flags::REQUEST, seq, fill);
        let (few, queue) = (there.is_new(), &mut there.place.queue);
        let len = align4(scratch.len());
        if few {
            // There are many of these: no room for more.
            queue.reserve_exact(len);
            there.place.steps.reserve_exact(1);
        }
        let end = queue.len().saturating_add(len);
        queue.extend_from_slice(&scratch);
        queue.resize(end, 0);
        let last = there.place.last_phase();
        let mut phase = last.max(after);
        if phase % 2 != u16::from(few) {
            phase = phase.saturating_add(1);
        }
        if phase != last {
            there.place.phases.push((phase, seq));
        }
        there.place.steps.push(Step { end: number(end), line });
        if kind == RTM_NEWLINK {
            self.link_phase = self.link_phase.max(phase);
        }
        self.scratch = scratch;
        Ok((phase, seq))
    }

    fn undo(&mut self, sender: u32, step: u32, home: u32, undo: Undo) {
        self.undo.push(Back { sender, step, home, undo });
    }

    /// Writes down that a link is to be made.
    fn create(&mut self, message: &Message<'_>) -> Answer {
        let here = self.current;
        let (header, attrs) = message.fixed::<IfInfoMsg>()?;
        let kind = kind_of(&attrs);
        let mut end = End::new(here, *header, attrs.clone())?;
        let data = attrs.find(ifla::LINKINFO).and_then(|i| i.attrs().find(info::DATA));
        let peer = data.filter(|_| matches!(kind, b"veth" | b"vxcan")).and_then(|d| d.attrs().find(veth::PEER));
        if kind.is_empty() {
            return refuse(Errno::EOPNOTSUPP, "a link without a kind is not made in a plan");
        }
        if let Some(peer) = peer {
            let peer_header: IfInfoMsg = *peer.prefix()?;
            let mut peer = End::new(here, peer_header, peer.attrs_from(size_of::<IfInfoMsg>()))?;
            return self.create_pair(here, kind, message.flags(), &mut end, &mut peer);
        }
        if matches!(kind, b"veth" | b"vxcan") {
            return refuse(Errno::EINVAL, "in a plan, the other end has a name too: peer name NAME");
        }
        if self.is_there(&end, kind)? {
            return self.agree(&end, None);
        }
        let lone = attrs.find(ifla::LINK).is_none() && LONE.contains(&kind);
        let sender = if lone && self.is_new(end.place) { end.place } else { here };
        let mut after = self.since_all(sender, sender, &attrs);
        let after_place = self.reach(sender, end.place);
        after = after.max(after_place);
        let index = self.take_index(&mut end)?;
        let off = self.ipv6_off && !self.is_new(end.place);
        let later = off && end.is_up();
        if off {
            end.stay_down();
        }
        let (phase, step) = self.push(sender, after, RTM_NEWLINK, message.flags(), |m| {
            m.fixed(&end.header);
            end.write(m);
            if end.place != sender {
                m.u32(ifla::NET_NS_FD, PLACE | end.place);
            }
            attrs.find(ifla::LINKINFO).iter().for_each(|a| m.bytes(a.raw_kind(), a.bytes()));
        })?;
        self.known(&end, index, (sender, phase))?;
        if !self.is_new(end.place) {
            self.undo(sender, step, end.place, Undo::Link(end.name, index));
        }
        self.finish(&end, index, off, later)
    }

    /// Writes down that a pair of links is to be made: from inside the namespace that the plan makes for one of them, where
    /// there is such a one, and that end set up at once.
    fn create_pair<'e>(
        &mut self,
        here: u32,
        kind: &[u8],
        flags: Flags,
        first: &mut End<'e>,
        second: &mut End<'e>,
    ) -> Answer {
        let there = (self.is_there(first, kind)?, self.is_there(second, kind)?);
        match there {
            (true, true) => return self.agree(first, Some(second)),
            (false, false) => {}
            (true, false) | (false, true) => {
                let (has, misses) = if there.0 { (&first, &second) } else { (&second, &first) };
                let text = format!(
                    "{} is there, but its other end is not {}",
                    shown(has.name.bytes()),
                    shown(misses.name.bytes())
                );
                return refuse(Errno::EEXIST, text);
            }
        }
        let swap = !self.is_new(first.place) && self.is_new(second.place);
        let (main, other) = if swap { (second, first) } else { (first, second) };
        let sender = if self.is_new(main.place) { main.place } else { here };
        let after = self
            .since_all(sender, main.place, &main.attrs)
            .max(self.since_all(sender, other.place, &other.attrs))
            .max(self.reach(sender, main.place))
            .max(self.reach(sender, other.place));
        let index = self.take_index(main)?;
        if other.place == main.place && other.index() == 0 {
            let next = self.at(other.place)?.next_index.max(index.saturating_add(1));
            other.header.index = i32::try_from(next).unwrap_or(i32::MAX).into();
        }
        let other_index = self.take_index(other)?;
        let off = |world: &World, end: &End<'_>| world.ipv6_off && !world.is_new(end.place);
        let (off, other_off) = (off(self, main), off(self, other));
        let (later, other_later) = (off && main.is_up(), other.is_up());
        if off {
            main.stay_down();
        }
        // The kernel cannot set up a peer before it has its other end.
        other.stay_down();
        let (main, other) = (&*main, &*other);
        let (phase, step) = self.push(sender, after, RTM_NEWLINK, flags, |m| {
            m.fixed(&main.header);
            main.write(m);
            main.write_queues(m);
            if main.place != sender {
                m.u32(ifla::NET_NS_FD, PLACE | main.place);
            }
            m.nest(ifla::LINKINFO, |m| {
                m.str(info::KIND, kind);
                m.nest(info::DATA, |m| {
                    m.nest_with(veth::PEER, bytes_of(&other.header), |m| {
                        other.write(m);
                        other.write_queues(m);
                        if other.place != sender {
                            m.u32(ifla::NET_NS_FD, PLACE | other.place);
                        }
                    });
                });
            });
        })?;
        self.known(main, index, (sender, phase))?;
        self.known(other, other_index, (sender, phase))?;
        match (self.is_new(main.place), self.is_new(other.place)) {
            (true, true) => {}
            (true, false) => self.undo(sender, step, other.place, Undo::Tied(other.name, other_index)),
            (false, true) => self.undo(sender, step, main.place, Undo::Tied(main.name, index)),
            (false, false) => self.undo(sender, step, main.place, Undo::Link(main.name, index)),
        }
        self.finish(main, index, off, later)?;
        self.finish(other, other_index, other_off, other_later)
    }

    /// What is done to a link behind its birth.
    fn finish(&mut self, end: &End<'_>, index: u32, ipv6_off: bool, set_up: bool) -> Answer {
        if ipv6_off {
            let key = format!("net/ipv6/conf/{}/disable_ipv6", String::from_utf8_lossy(end.name.bytes()));
            let after = self.since(end.place, end.place, index);
            self.push_sysctl(end.place, after, &key, "1")?;
        }
        if set_up {
            let after = self.since(end.place, end.place, index);
            self.push(end.place, after, RTM_NEWLINK, Flags::empty(), |m| m.fixed(&up(index)))?;
        }
        Ok(())
    }

    /// The first phase in which the queue of `sender` can name the namespace `place`.
    fn reach(&self, sender: u32, place: u32) -> u16 {
        if sender != place && self.is_new(place) { 2 } else { 0 }
    }

    fn take_index(&mut self, end: &mut End<'_>) -> Answer<u32> {
        self.load(end.place)?;
        if end.index() == 0 {
            let next = self.at(end.place)?.next_index.max(2);
            end.header.index = i32::try_from(next).unwrap_or(i32::MAX).into();
        }
        Ok(end.index())
    }

    fn known(&mut self, end: &End<'_>, index: u32, maker: (u32, u16)) -> Answer {
        self.at_mut(end.place)?.add(Entry { name: end.name, changed: false, index, maker, real: None });
        Ok(())
    }

    /// Whether a link of this name is there, which then has to be of this kind.
    fn is_there(&mut self, end: &End<'_>, kind: &[u8]) -> Answer<bool> {
        let Some(entry) = self.find(end.place, end.name.bytes())? else { return Ok(false) };
        let Some(real) = self.real(end.place, &entry) else {
            return refuse(Errno::EEXIST, format!("{} is made twice in this plan", shown(end.name.bytes())));
        };
        let have = kind_of(&real.attrs_from(size_of::<IfInfoMsg>()));
        match have == kind {
            true => Ok(true),
            false if have.is_empty() => {
                refuse(Errno::EEXIST, format!("{} is there, and of no kind", shown(end.name.bytes())))
            }
            false => {
                let text =
                    format!("{} is there, and is a {}, not a {}", shown(end.name.bytes()), shown(have), shown(kind));
                refuse(Errno::EEXIST, text)
            }
        }
    }

    /// The link is there. It has to be as it was to be made; only whether it is up is changed.
    fn agree(&mut self, end: &End<'_>, other: Option<&End<'_>>) -> Answer {
        for end in std::iter::once(end).chain(other) {
            let Some(entry) = self.find(end.place, end.name.bytes())? else { continue };
            let Some(real) = self.real(end.place, &entry).filter(|_| !entry.changed) else { continue };
            let have = real.attrs_from(size_of::<IfInfoMsg>());
            if let Some(text) = differs(&end.attrs, &have) {
                return refuse(Errno::EEXIST, format!("{} is there, but {text}", shown(end.name.bytes())));
            }
            let is_up = real.fixed::<IfInfoMsg>()?.0.flags.get() & LinkFlags::UP.bits() != 0;
            if end.is_up() && !is_up {
                self.change_link(end.place, &entry, &up(entry.index), &Attrs::new(&[], 0), RTM_NEWLINK)?;
            }
        }
        let Some(other) = other else { return Ok(()) };
        let pair = self.find(end.place, end.name.bytes())?.zip(self.find(other.place, other.name.bytes())?);
        let below = pair.as_ref().and_then(|(entry, _)| {
            self.real(end.place, entry)?.attrs_from(size_of::<IfInfoMsg>()).find(ifla::LINK)?.u32().ok()
        });
        match pair {
            Some((_, other_entry)) if below == Some(other_entry.index) => Ok(()),
            _ => {
                let text = format!(
                    "{} is there, but its other end is not {}",
                    shown(end.name.bytes()),
                    shown(other.name.bytes())
                );
                refuse(Errno::EEXIST, text)
            }
        }
    }

    /// Writes down that a link is to be changed.
    fn change(&mut self, message: &Message<'_>) -> Answer {
        let place = self.current;
        self.load(place)?;
        let (header, attrs) = message.fixed::<IfInfoMsg>()?;
        let there = self.at(place)?;
        let index = u32::try_from(header.index.get()).unwrap_or(0);
        let entry = match (index, attrs.find(ifla::IFNAME)) {
            (0, Some(name)) => there.named(name.name()),
            (index, _) => there.by_index(index),
        };
        let Some(entry) = entry else {
            return refuse(Errno::EOPNOTSUPP, "in a plan, a link is changed by its name");
        };
        // By its index, also where it was named.
        let header = IfInfoMsg { index: i32::try_from(entry.index).unwrap_or(0).into(), ..*header };
        self.change_link(place, &entry, &header, &attrs, message.kind())
    }

    fn change_link(&mut self, place: u32, entry: &Entry, header: &IfInfoMsg, attrs: &Attrs<'_>, kind: u16) -> Answer {
        let moved =
            attrs.find(ifla::NET_NS_FD).and_then(|a| a.u32().ok()).map(|n| n & !PLACE).filter(|to| *to != place);
        let old = match self.real(place, entry).filter(|_| kind == RTM_NEWLINK) {
            Some(real) if !entry.changed && moved.is_none() && holds(header, attrs, &real) => return Ok(()),
            Some(real) => Some(before(header, attrs, &real)),
            None => None,
        };
        let mut after = self.since(place, place, entry.index).max(self.since_all(place, place, attrs));
        let mut new_index = None;
        if let Some(to) = moved {
            self.load(to)?;
            after = after.max(self.reach(place, to));
            new_index = Some(self.at(to)?.next_index.max(2));
        }
        let flags = if kind == RTM_NEWLINK { Flags::empty() } else { Flags::CREATE | Flags::EXCL | Flags::APPEND };
        let (phase, step) = self.push(place, after, kind, flags, |m| {
            m.fixed(header);
            for attr in attrs.clone().map_while(Result::ok).filter(|a| a.kind() != ifla::NET_NS_FD) {
                m.bytes(attr.raw_kind(), attr.bytes());
            }
            if let (Some(to), Some(index)) = (moved, new_index) {
                m.u32(ifla::NET_NS_FD, PLACE | to);
                if attrs.find(ifla::NEW_IFINDEX).is_none() {
                    m.i32(ifla::NEW_IFINDEX, i32::try_from(index).unwrap_or(0));
                }
            }
        })?;
        if let Some(old) = old {
            self.undo(place, step, place, Undo::Request(old.into()));
        }
        let rename = attrs.find(ifla::IFNAME).and_then(|a| Name::new(a.name())).filter(|name| *name != entry.name);
        let there = self.at_mut(place)?;
        let Some(at) = there.links.iter().position(|e| e.index == entry.index) else { return Ok(()) };
        match moved.zip(new_index) {
            Some((to, index)) => {
                let gone = Name::new(b"").unwrap_or(entry.name);
                there.change(at, |e| (e.name, e.index) = (gone, 0));
                let (name, maker) = (rename.unwrap_or(entry.name), (place, phase));
                self.at_mut(to)?.add(Entry { name, changed: true, index, maker, real: None });
            }
            None if rename.is_some() || entry.real.is_some() => {
                there.change(at, |e| (e.name, e.changed) = (rename.unwrap_or(e.name), true));
            }
            None => {}
        }
        Ok(())
    }

    /// Writes down that an object is to be made that is no link.
    fn object(&mut self, family: &Family, request: &Message<'_>) -> Answer {
        let place = self.current;
        self.load(place)?;
        let link = family.link(request);
        let own = self.at(place)?.by_index(link).is_some_and(|e| e.real.is_none() && e.maker.0 != BORN);
        let mut former = None;
        let there = self.at_mut(place)?;
        if let Some(real) = there.real.as_mut().filter(|_| !own) {
            let objects = match real.objects.entry(family.new) {
                std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => free.insert(family.dump(&mut real.conn)?),
            };
            let of_kind = || Messages::new(objects).map_while(Result::ok).filter(|object| object.kind() == family.new);
            if of_kind().any(|object| family.is_same(request, &object)) {
                return Ok(());
            }
            if request.flags().contains(Flags::REPLACE) {
                let mut rest = Vec::new();
                for object in of_kind() {
                    if former.is_none() && family.is_replaced(request, &object) {
                        former = Some(family.again(&object));
                    } else {
                        rest.extend_from_slice(object.bytes());
                        rest.resize(align4(rest.len()), 0);
                    }
                }
                // It is not there any more for the lines to come.
                *objects = rest;
            }
        }
        // A next hop has to have a carrier: both ends of its pair are up by then.
        let both = if family.new == RTM_NEWNEXTHOP && link != 0 { self.link_phase.saturating_add(1) } else { 0 };
        let after = self.since(place, place, link).max(both);
        let (_, step) = self.push(place, after, request.kind(), request.flags(), |m| m.raw(request.payload()))?;
        if !self.is_new(place) && !own {
            let mut back = Vec::new();
            match former {
                Some(payload) => {
                    let flags = Flags::REQUEST | Flags::CREATE | Flags::REPLACE;
                    append(&mut back, request.kind(), flags, 0, |m| m.raw(&payload));
                }
                // Behind RTM_NEW… comes RTM_DEL….
                None => append(&mut back, request.kind().saturating_add(1), Flags::REQUEST, 0, |m| {
                    family.delete(request, m);
                }),
            }
            self.undo(place, step, place, Undo::Request(back.into()));
        }
        Ok(())
    }

    fn sysctl(&mut self, place: u32, key: &str, value: &str) -> netns_sys::Result<()> {
        let told = |Refusal(errno, text): Refusal| errno_at(errno, text);
        self.load(place).map_err(told)?;
        let there = self.at(place).map_err(told)?;
        // The switches of a link are there when it is.
        let of = key.split('/').filter_map(|part| there.named(part.as_bytes()));
        let link = of.reduce(|_, last| last).map_or(0, |entry| entry.index);
        let own = there.by_index(link).is_some_and(|entry| entry.real.is_none());
        let mut old = None;
        if let Some(ns) = there.place.ns.as_ref().filter(|_| !own) {
            let read = || {
                let mut text = String::new();
                std::fs::File::open(Path::new("/proc/sys").join(key))?.take(4096).read_to_string(&mut text)?;
                Ok(text.trim_end().to_owned())
            };
            let now = if place == HERE { read() } else { ns.run(read)? };
            let now: String = now.map_err(|e: std::io::Error| errno_at(Errno::from(e), format!("read {key}")))?;
            // What was set before may have changed this one too.
            if !there.has_switched && now.split_ascii_whitespace().eq(value.split_ascii_whitespace()) {
                return Ok(());
            }
            old = Some(now);
        }
        let after = self.since(place, place, link);
        let step = self.push_sysctl(place, after, key, value).map_err(told)?;
        if let Some(old) = old {
            self.undo(place, step, place, Undo::Sysctl(Box::new((key.to_owned(), old))));
            self.at_mut(place).map_err(told)?.has_switched = true;
        }
        Ok(())
    }

    #[cfg(feature = "firewall")]
    fn firewall(&mut self, place: u32, line: &crate::cmd::fw::Line) -> netns_sys::Result<()> {
        use nl_core::netfilter;
        let told = |Refusal(errno, text): Refusal| errno_at(errno, text);
        self.load(place).map_err(told)?;
        if !self.is_new(place) {
            let ns = self.at(place).map_err(told)?.place.ns.as_ref();
            let conn = match ns.filter(|_| place != HERE) {
                Some(ns) => Conn::open_in(ns, &netfilter::FAMILY),
                None => Conn::open(&netfilter::FAMILY),
            };
            if crate::cmd::fw::holds(&mut conn?, line)? {
                return Ok(());
            }
        }
        let after = self.since(place, place, 0);
        let (_, step) =
            self.push(place, after, FIREWALL, Flags::empty(), |m| m.raw(line.text.as_bytes())).map_err(told)?;
        if !self.is_new(place) {
            self.undo(place, step, place, Undo::Firewall(line.undoing().into()));
        }
        Ok(())
    }

    fn push_sysctl(&mut self, place: u32, after: u16, key: &str, value: &str) -> Answer<u32> {
        let text = format!("{key}\0{value}");
        Ok(self.push(place, after, SYSCTL, Flags::empty(), |m| m.raw(text.as_bytes()))?.1)
    }
}

fn errno_at(errno: Errno, text: String) -> Error {
    errno.at("find out what there is", text)
}

/// Where in a message numbers of places are.
pub(super) fn places_in(message: &Message<'_>) -> impl Iterator<Item = usize> {
    let attrs = message.attrs_from(size_of::<IfInfoMsg>());
    let own = attrs.find(ifla::NET_NS_FD);
    let data = attrs.find(ifla::LINKINFO).and_then(|i| i.attrs().find(info::DATA));
    let peer = data.filter(|_| matches!(kind_of(&attrs), b"veth" | b"vxcan")).and_then(|d| d.attrs().find(veth::PEER));
    let peers = peer.and_then(|p| p.attrs_from(size_of::<IfInfoMsg>()).find(ifla::NET_NS_FD));
    let at = |attr: Attr<'_>| attr.at().saturating_add(nl_core::wire::ATTR_HDRLEN);
    own.map(at).into_iter().chain(peers.map(at))
}

/// Which attribute of a link that is there is not as it was to be made.
fn differs(asked: &Attrs<'_>, have: &Attrs<'_>) -> Option<String> {
    for attr in asked.clone().map_while(Result::ok) {
        let free = [
            ifla::NET_NS_FD,
            ifla::IFNAME,
            ifla::NUM_TX_QUEUES,
            ifla::NUM_RX_QUEUES,
            ifla::EXT_MASK,
            ifla::LINK_NETNSID,
            ifla::AF_SPEC,
        ];
        let (true, Some(now)) = (!free.contains(&attr.kind()), have.find(attr.kind())) else { continue };
        if attr.kind() == ifla::LINKINFO {
            let data = |of: &Attr<'_>| of.attrs().find(info::DATA).map(|d| d.attrs().bytes().to_vec());
            let (Some(asked), Some(now)) = (data(&attr), data(&now)) else { continue };
            let now = Attrs::new(&now, 0);
            let kind = kind_of(have);
            let pair = matches!(kind, b"veth" | b"vxcan" | b"netkit");
            let mut asked = Attrs::new(&asked, 0).map_while(Result::ok).filter(|_| !pair);
            if asked.any(|a| now.find(a.kind()).is_some_and(|now| now.bytes() != a.bytes())) {
                return Some(format!("has other settings of a {}", shown(kind)));
            }
        } else if now.bytes() != attr.bytes() {
            let name = ifla::SPEC.find(attr.kind()).map_or("an attribute", |a| a.name);
            return Some(format!("its {name} is another"));
        }
    }
    None
}

/// Whether all that a change asks for is so.
fn holds(header: &IfInfoMsg, attrs: &Attrs<'_>, real: &Message<'_>) -> bool {
    let Ok((now, have)) = real.fixed::<IfInfoMsg>() else { return false };
    let change = header.change.get();
    let flags = now.flags.get() & change == header.flags.get() & change;
    flags && subset(attrs, &have)
}

/// The kernel's strings may have a NUL byte behind them, those that are sent need not.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a == b || a.strip_suffix(&[0]) == Some(b) || b.strip_suffix(&[0]) == Some(a)
}

fn subset(asked: &Attrs<'_>, have: &Attrs<'_>) -> bool {
    asked.clone().map_while(Result::ok).all(|attr| {
        have.find(attr.kind()).map_or_else(
            // No master is told by its absence.
            || attr.kind() == ifla::MASTER && attr.u32() == Ok(0),
            |now| {
                let nested = matches!(attr.kind(), ifla::LINKINFO);
                same_bytes(now.bytes(), attr.bytes())
                    || nested
                        && attr.attrs().map_while(Result::ok).all(|a| match (a.kind(), now.attrs().find(a.kind())) {
                            (info::DATA | info::SLAVE_DATA, Some(now)) => subset(&a.attrs(), &now.attrs()),
                            (info::SLAVE_KIND | info::KIND, Some(now)) => a.name() == now.name(),
                            _ => false,
                        })
            },
        )
    })
}

/// The request that makes a link what it is now, in what a change is about.
fn before(header: &IfInfoMsg, attrs: &Attrs<'_>, real: &Message<'_>) -> Vec<u8> {
    let mut request = Vec::new();
    let Ok((now, have)) = real.fixed::<IfInfoMsg>() else { return request };
    let header = IfInfoMsg { flags: now.flags, ..*header };
    append(&mut request, RTM_NEWLINK, Flags::REQUEST, 0, |m| {
        m.fixed(&header);
        for attr in attrs.clone().map_while(Result::ok) {
            match (attr.kind(), have.find(attr.kind())) {
                (ifla::LINKINFO, Some(now)) => m.nest(ifla::LINKINFO, |m| {
                    for part in attr.attrs().map_while(Result::ok) {
                        let Some(now) = now.attrs().find(part.kind()) else { continue };
                        match part.kind() {
                            info::DATA | info::SLAVE_DATA => m.nest(part.raw_kind(), |m| {
                                for value in part.attrs().map_while(Result::ok) {
                                    now.attrs()
                                        .find(value.kind())
                                        .iter()
                                        .for_each(|v| m.bytes(v.raw_kind(), v.bytes()));
                                }
                            }),
                            _ => m.bytes(part.raw_kind(), now.bytes()),
                        }
                    }
                }),
                (ifla::MASTER, None) => m.u32(ifla::MASTER, 0),
                (ifla::IFALIAS, None) => m.bytes(ifla::IFALIAS, &[]),
                (kind, Some(now)) if kind != ifla::NET_NS_FD => m.bytes(now.raw_kind(), now.bytes()),
                _ => {}
            }
        }
    });
    request
}

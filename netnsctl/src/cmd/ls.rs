//! `ls`: every namespace there is, by name or not.

use super::target::NameDirs;
use super::{Command, Options, Session, done, netns, proc};
use crate::failure::Result;
use crate::grammar::{Keyword, Result as Parsed, Words};
use crate::out::Out;
use crate::out::table::{Column, Row, Table};
use netns_sys::NsFlags;
use netns_sys::holders::{self, Holder, Look, Namespace};
use netns_sys::ns::run_in_each;
use netns_sys::sort::{gather, sort_by_key};
use nl_core::route::NSID_NOT_ASSIGNED;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What `ls` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Types.
    pub kinds: NsFlags,
    /// As a tree, below their owners.
    pub tree: bool,
    /// Whether the columns' names go first.
    pub headings: bool,
    /// The columns; none: the usual ones.
    pub columns: Vec<Col>,
    /// Those that this process is in.
    pub pid: Option<u32>,
    /// Those whose user namespace this user made.
    pub user: Option<u32>,
    /// Those with (or without) a name.
    pub named: Option<bool>,
    /// Those that no process is in.
    pub empty: bool,
    /// Without a look at descriptors, which takes most of the time.
    pub quick: bool,
}

/// The columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "COLUMNS says what each is")]
pub enum Col {
    Id,
    Inode,
    Type,
    Names,
    Procs,
    Pid,
    Command,
    UserNs,
    Owner,
    Nsid,
    Links,
    Pinned,
}

const TEXT: Column = Column { name: "", width: 0, right: false, cut: false, wrap: false, tree: false, number: false };
const NUMBER: Column = Column { right: true, ..TEXT };

const COLUMNS: &[(Col, Column)] = &[
    (Col::Id, Column { name: "ID", ..NUMBER }),
    (Col::Inode, Column { name: "INODE", ..NUMBER }),
    (Col::Type, Column { name: "TYPE", ..TEXT }),
    (Col::Names, Column { name: "NAMES", ..TEXT }),
    (Col::Procs, Column { name: "PROCS", ..NUMBER }),
    (Col::Pid, Column { name: "PID", ..NUMBER }),
    (Col::Command, Column { name: "COMMAND", cut: true, ..TEXT }),
    (Col::UserNs, Column { name: "USERNS", ..NUMBER }),
    (Col::Owner, Column { name: "OWNER", ..TEXT }),
    (Col::Nsid, Column { name: "NSID", ..NUMBER }),
    (Col::Links, Column { name: "LINKS", ..NUMBER }),
    (Col::Pinned, Column { name: "PINNED", cut: true, ..TEXT }),
];

const HELP: &str = "\
Usage: netnsctl ls [ -t TYPE[,TYPE]... | -t all ] [ --tree ] [ -o [+]COLUMN[,COLUMN]... ] [ --no-headings ] [ -j ]
                   [ --pid PID ] [ --user USER ] [ --named | --unnamed ] [ --empty ] [ --quick ]
Shows every network namespace (-t: mnt, net, pid, uts, ipc, user, cgroup, time) that a process, a single thread, an
open file, a socket, a mount in any mount namespace or another namespace keeps alive. With --quick open files and
sockets, most of the work, are not looked at.
COLUMN  := ID (never used again; Linux 6.18) | INODE | TYPE | NAMES | PROCS (processes in it) | PID (the first of
           them) | COMMAND | USERNS (the user namespace that owns it) | OWNER (the user who made that) |
           NSID (the id it has here) | LINKS | PINNED (where it is mounted, and what else keeps it)
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Type,
    Tree,
    Output,
    NoHeadings,
    Json,
    Pid,
    User,
    Named(bool),
    Empty,
    Quick,
    Help,
}

const WORDS: &[Keyword<Word>] = &[
    ("-t", Word::Type),
    ("--type", Word::Type),
    ("-T", Word::Tree),
    ("--tree", Word::Tree),
    ("-o", Word::Output),
    ("--output", Word::Output),
    ("-n", Word::NoHeadings),
    ("--no-headings", Word::NoHeadings),
    ("-j", Word::Json),
    ("--json", Word::Json),
    ("-p", Word::Pid),
    ("--pid", Word::Pid),
    ("-u", Word::User),
    ("--user", Word::User),
    ("--named", Word::Named(true)),
    ("--unnamed", Word::Named(false)),
    ("--empty", Word::Empty),
    ("-q", Word::Quick),
    ("--quick", Word::Quick),
    ("-h", Word::Help),
    ("--help", Word::Help),
    ("help", Word::Help),
];

/// Parses what follows `ls`.
pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    let mut request = Request {
        kinds: NsFlags::empty(),
        tree: false,
        headings: true,
        columns: Vec::new(),
        pid: None,
        user: None,
        named: None,
        empty: false,
        quick: false,
    };
    let mut list = None;
    while !words.is_end() {
        match words.keyword("an option of ls", WORDS)? {
            Word::Type => kinds(words, &mut request.kinds)?,
            Word::Tree => request.tree = true,
            Word::Output => list = Some((words.need("a list of columns")?, words.error_before(""))),
            Word::NoHeadings => request.headings = false,
            Word::Json => options.json = true,
            Word::Pid => request.pid = Some(words.uint("the id of a process")?),
            Word::User => {
                let user = proc::user_id(words.need("a user")?);
                request.user = Some(user.ok_or_else(|| words.error_before("there is no such user"))?);
            }
            Word::Named(named) => request.named = Some(named),
            Word::Empty => request.empty = true,
            Word::Quick => request.quick = true,
            Word::Help => return Ok(Command::Help(HELP)),
        }
    }
    if request.kinds.is_empty() {
        request.kinds = NsFlags::NET;
    }
    let several = request.tree || request.kinds.iter().count() > 1;
    let usual = |col: Col| match col {
        Col::Type => several || options.json,
        Col::Pid | Col::Command => options.json,
        Col::Nsid | Col::Links | Col::Names => request.kinds.contains(NsFlags::NET),
        _ => true,
    };
    request.columns = COLUMNS.iter().map(|c| c.0).filter(|col| usual(*col)).collect();
    if let Some((list, at_fault)) = list {
        let listed = columns(&list.to_string_lossy(), &mut request.columns);
        listed.map_err(|message| at_fault.message(message))?;
    }
    Ok(Command::Ls(request))
}

fn kinds(words: &mut Words<'_>, kinds: &mut NsFlags) -> Parsed<()> {
    for name in words.need("a type of namespace")?.to_string_lossy().split(',') {
        let known = NsFlags::NAMES.iter().find(|n| n.0 == name).map(|n| n.1);
        *kinds |= known.or((name == "all").then_some(NsFlags::all())).ok_or_else(|| {
            let all: Vec<&str> = NsFlags::NAMES.iter().map(|n| n.0).collect();
            words.error_before(format!("{name:?} is no type of namespace: {}, all", all.join(", ")))
        })?;
    }
    Ok(())
}

fn columns(list: &str, columns: &mut Vec<Col>) -> std::result::Result<(), String> {
    let names = list.strip_prefix('+').unwrap_or_else(|| {
        columns.clear();
        list
    });
    for name in names.split(',') {
        let known = COLUMNS.iter().find(|c| c.1.name.eq_ignore_ascii_case(name)).map(|c| c.0);
        let all = || COLUMNS.iter().map(|c| c.1.name).collect::<Vec<_>>().join(", ");
        let known = known.ok_or_else(|| format!("{name:?} is no column: {}", all()))?;
        if !columns.contains(&known) {
            columns.push(known);
        }
    }
    Ok(())
}

/// What is known of all of them, for the cells.
struct World {
    all: BTreeMap<u64, Namespace>,
    /// By inode number.
    names: BTreeMap<u64, Vec<OsString>>,
    nsids: BTreeMap<u64, i32>,
    links: BTreeMap<u64, usize>,
    dirs: NameDirs,
}

/// Those of `chosen`, each behind what has to go before it; `above` says what that is.
pub(super) fn outer_first<'n>(
    all: &'n BTreeMap<u64, Namespace>,
    chosen: impl Iterator<Item = &'n Namespace>,
    above: impl Fn(&Namespace) -> Option<u64>,
) -> Vec<&'n Namespace> {
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for ns in chosen {
        let mut line = Vec::new();
        let mut next = Some(ns);
        while let Some(ns) = next.filter(|ns| seen.insert(ns.id.ino)) {
            line.push(ns);
            next = above(ns).and_then(|ino| all.get(&ino));
        }
        order.extend(line.into_iter().rev());
    }
    order
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let kinds = request.kinds | if request.tree { NsFlags::USER } else { NsFlags::empty() };
    let owners = kinds.intersects(NsFlags::USER | NsFlags::PID);
    let look = Look { owners, fds: !request.quick, sockets: !request.quick, ..Look::ALL };
    let (all, hidden) = done("look for namespaces", holders::namespaces(kinds, look))?;
    let mut world = World {
        all: gather(all.into_iter().map(|ns| (ns.id.ino, ns))),
        names: BTreeMap::new(),
        nsids: BTreeMap::new(),
        links: BTreeMap::new(),
        dirs: NameDirs::of(session),
    };
    if kinds.contains(NsFlags::NET) {
        world.names = names(session, &world)?;
    }
    let mut chosen: Vec<&Namespace> = world.all.values().filter(|ns| request.wants(&world, ns)).collect();
    sort_by_key(&mut chosen, |ns| (ns.id.id64, ns.id.ino));
    let shown = outer_first(&world.all, chosen.into_iter(), |ns| ns.owner.filter(|_| request.tree));
    let nets: Vec<&Namespace> = shown.iter().copied().filter(|ns| ns.kind == NsFlags::NET).collect();
    if request.columns.contains(&Col::Nsid) && !nets.is_empty() {
        world.nsids = nsids(session, &nets)?;
    }
    if request.columns.contains(&Col::Links) && !nets.is_empty() {
        world.links = links(&nets)?;
    }
    if session.options.json {
        session.out.list("", |out| {
            for ns in &shown {
                out.object("", |out| request.columns.iter().for_each(|col| world.json(out, *col, ns)));
            }
        });
    } else {
        let table = request.table(&world, &shown);
        session.out.push(&table.text());
    }
    netns::warn_hidden(session, &hidden);
    Ok(())
}

impl Request {
    fn wants(&self, world: &World, ns: &Namespace) -> bool {
        let inside = |holder: &Holder| matches!(holder, Holder::Process { .. } | Holder::Thread { .. });
        self.kinds.contains(ns.kind)
            && self.pid.is_none_or(|pid| ns.holders.iter().any(|h| inside(h) && h.pid() == Some(pid)))
            && self.user.is_none_or(|user| ns.owner_uid == Some(user))
            && self.named.is_none_or(|named| world.names(ns).is_empty() != named)
            && !(self.empty && ns.holders.iter().any(inside))
    }

    fn table(&self, world: &World, shown: &[&Namespace]) -> Table {
        let columns = self.columns.iter().filter_map(|col| COLUMNS.iter().find(|c| c.0 == *col)).enumerate();
        let columns = columns.map(|(i, (_, column))| {
            let tree = self.tree && i == 0;
            Column { tree, right: column.right && !tree, ..*column }
        });
        let mut table = Table { headings: self.headings, ..Table::new(columns.collect()) };
        let places: BTreeMap<u64, usize> = gather(shown.iter().enumerate().map(|(i, ns)| (ns.id.ino, i)));
        for ns in shown {
            let text = |col: &Col| Some(world.text(*col, ns).filter(|text| !text.is_empty()).unwrap_or(b"-".into()));
            let parent = ns.owner.filter(|_| self.tree).and_then(|owner| places.get(&owner)).copied();
            table.rows.push(Row { cells: self.columns.iter().map(text).collect(), parent });
        }
        table
    }
}

impl World {
    fn names(&self, ns: &Namespace) -> &[OsString] {
        self.names.get(&ns.id.ino).map_or(&[], Vec::as_slice)
    }

    fn pids(ns: &Namespace) -> Vec<u32> {
        let pid = |holder: &Holder| if let Holder::Process { pid } = holder { Some(*pid) } else { None };
        ns.holders.iter().filter_map(pid).collect()
    }

    /// The mounts.
    fn mounts<'n>(ns: &'n Namespace) -> impl Iterator<Item = (&'n PathBuf, u64, u32)> {
        let mount = |holder: &'n Holder| match holder {
            Holder::Mount { pid, namespace, path } => Some((path, *namespace, *pid)),
            _ => None,
        };
        ns.holders.iter().filter_map(mount)
    }

    /// How many single threads, descriptors, sockets, other namespaces, and processes for their children, keep it.
    fn others(ns: &Namespace) -> [(&'static str, usize); 5] {
        let count = |is: fn(&Holder) -> bool| ns.holders.iter().filter(|h| is(h)).count();
        [
            ("threads", count(|h| matches!(h, Holder::Thread { .. }))),
            ("fds", count(|h| matches!(h, Holder::Fd { .. }))),
            ("sockets", count(|h| matches!(h, Holder::Socket { .. }))),
            ("namespaces", count(|h| matches!(h, Holder::Namespace { .. }))),
            ("for_children", count(|h| matches!(h, Holder::ForChildren { .. }))),
        ]
    }

    fn text(&self, col: Col, ns: &Namespace) -> Option<Vec<u8>> {
        let join = |words: Vec<&[u8]>| words.join(&b","[..]);
        let text = match col {
            Col::Id => ns.id.id64?.to_string(),
            Col::Inode => ns.id.ino.to_string(),
            Col::Type => ns.kind.name().into(),
            Col::Names => return Some(join(self.names(ns).iter().map(|name| name.as_bytes()).collect())),
            Col::Procs => World::pids(ns).len().to_string(),
            Col::Pid => World::pids(ns).first()?.to_string(),
            Col::Command => return proc::command(*World::pids(ns).first()?),
            Col::UserNs => ns.owner?.to_string(),
            Col::Owner => proc::user_name(ns.owner_uid?),
            Col::Nsid => self.nsids.get(&ns.id.ino)?.to_string(),
            Col::Links => self.links.get(&ns.id.ino)?.to_string(),
            Col::Pinned => {
                let mut paths: Vec<&[u8]> = Vec::new();
                // A name is not said twice, wherever its mount is seen too.
                let is_name = |path: &Path, mount_ns| {
                    let name = self.dirs.name(path, mount_ns).or(self.dirs.name(path, self.dirs.mount_ns));
                    name.is_some_and(|name| self.names(ns).iter().any(|n| n == name))
                };
                for (path, ..) in World::mounts(ns).filter(|m| !is_name(m.0, m.1)) {
                    let path = path.as_os_str().as_bytes();
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                let others = World::others(ns).into_iter().filter(|other| other.1 > 0);
                let others: Vec<String> = others.map(|(what, count)| format!("{what}:{count}")).collect();
                paths.extend(others.iter().map(String::as_bytes));
                return Some(join(paths));
            }
        };
        Some(text.into_bytes())
    }

    fn json(&self, out: &mut Out, col: Col, ns: &Namespace) {
        match col {
            Col::Id => ns.id.id64.iter().for_each(|id| out.json("id", *id)),
            Col::Inode => out.json("inode", ns.id.ino),
            Col::Type => out.json("type", ns.kind.name()),
            Col::Names => {
                out.list("names", |out| self.names(ns).iter().for_each(|name| out.json("", name.as_os_str())));
            }
            Col::Procs => out.json("processes", World::pids(ns).len()),
            Col::Pid => World::pids(ns).first().iter().for_each(|pid| out.json("pid", **pid)),
            Col::Command => {
                let command = World::pids(ns).first().and_then(|pid| proc::command(*pid));
                command.iter().for_each(|command| out.json("command", command.as_slice()));
            }
            Col::UserNs => ns.owner.iter().for_each(|owner| out.json("user_ns", *owner)),
            Col::Owner => {
                if let Some(uid) = ns.owner_uid {
                    out.json("owner", uid);
                    out.json("owner_name", &proc::user_name(uid));
                }
            }
            Col::Nsid => self.nsids.get(&ns.id.ino).iter().for_each(|id| out.json("nsid", **id)),
            Col::Links => self.links.get(&ns.id.ino).iter().for_each(|count| out.json("links", **count)),
            Col::Pinned => {
                out.list("mounts", |out| {
                    for (path, namespace, pid) in World::mounts(ns) {
                        out.object("", |out| {
                            out.json("path", path.as_os_str());
                            out.json("mount_ns", namespace);
                            out.json("pid", pid);
                        });
                    }
                });
                World::others(ns).iter().filter(|other| other.1 > 0).for_each(|(what, count)| out.json(what, *count));
            }
        }
    }
}

/// The names of each, by inode number.
fn names(session: &Session, world: &World) -> Result<BTreeMap<u64, Vec<OsString>>> {
    let mut names: BTreeMap<u64, Vec<OsString>> = BTreeMap::new();
    let mut mounted = BTreeSet::new();
    for ns in world.all.values() {
        for (path, mount_ns, _) in World::mounts(ns) {
            if let Some(name) = world.dirs.name(path, mount_ns).filter(|name| mounted.insert(*name)) {
                names.entry(ns.id.ino).or_default().push(name.to_owned());
            }
        }
    }
    // What is no mount that was seen: links.
    let task = "list namespaces";
    if let Some(dir) = done(task, session.dir.opened())? {
        let listed = done(task, session.dir.names())?;
        for name in listed.into_iter().filter(|name| !mounted.contains(name.as_os_str())) {
            if let Some(id) = dir.identity(&name) {
                names.entry(id.ino).or_default().push(name);
            }
        }
    }
    names.values_mut().for_each(|names| names.sort_unstable());
    Ok(names)
}

/// The ids that these have in the namespace we speak to.
fn nsids(session: &mut Session, nets: &[&Namespace]) -> Result<BTreeMap<u64, i32>> {
    let conn = session.conn()?;
    if !netns::any_nsid(conn) {
        return Ok(BTreeMap::new());
    }
    let ids = netns::nsids_of(conn, nets.len(), |i| nets.get(i)?.open().ok())?;
    let ids = nets.iter().zip(ids).filter_map(|(ns, id)| Some((ns.id.ino, id.filter(|id| *id != NSID_NOT_ASSIGNED)?)));
    Ok(gather(ids))
}

/// How many links there are in each that we may look into: through a process in it, or else from inside. Not by netlink: that
/// waits whenever a namespace goes away somewhere.
fn links(nets: &[&Namespace]) -> Result<BTreeMap<u64, usize>> {
    // Two lines of headings, and one for each.
    let count = |path: &str| Some(fs::read(path).ok()?.iter().filter(|b| **b == b'\n').count().saturating_sub(2));
    let mut links = BTreeMap::new();
    let mut others = Vec::new();
    for ns in nets {
        let pid = World::pids(ns).first().copied();
        let known = pid.and_then(|pid| {
            let known = count(&format!("/proc/{pid}/net/dev"))?;
            let still = fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|m| m.ino() == ns.id.ino);
            Some(known).filter(|_| still)
        });
        match known {
            Some(known) => drop(links.insert(ns.id.ino, known)),
            None => others.push(*ns),
        }
    }
    if !others.is_empty() {
        let inside = || count("/proc/thread-self/net/dev");
        let counts = done("count links", run_in_each(others.iter().map(|ns| ns.open()), inside))?;
        let counts = counts.into_iter().map(|count| count.ok().flatten());
        links.extend(others.iter().zip(counts).filter_map(|(ns, count)| Some((ns.id.ino, count?))));
    }
    Ok(links)
}

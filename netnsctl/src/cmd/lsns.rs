//! Called `lsns`: what `lsns` of util-linux does.

use super::face::{self, Arg, Failed, Opt};
use super::ls::outer_first;
use super::{netns, proc};
use crate::out::table::{Column, Row, Table};
use netns_sys::holders::{self, Holder, Look, Namespace};
use netns_sys::netlink::Conn;
use netns_sys::sort::gather;
use netns_sys::{Errno, NsFlags};
use nl_core::route::{FAMILY, NSID_NOT_ASSIGNED};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

const NAME: &str = "lsns";

/// The columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Col {
    Ns,
    Type,
    Path,
    Nprocs,
    Pid,
    Ppid,
    Command,
    Uid,
    User,
    Netnsid,
    Nsfs,
    Pns,
    Ons,
}

const TEXT: Column = Column { name: "", width: 0, right: false, cut: false, wrap: false, tree: false, number: false };
const NUMBER: Column = Column { right: true, number: true, ..TEXT };

/// With what `--help` says of each.
const COLUMNS: &[(Col, Column, &str)] = &[
    (Col::Ns, Column { name: "NS", width: 10, ..NUMBER }, "inode number of the namespace"),
    (Col::Type, Column { name: "TYPE", width: 5, ..TEXT }, "what it isolates"),
    (Col::Path, Column { name: "PATH", ..TEXT }, "where it is in /proc"),
    (Col::Nprocs, Column { name: "NPROCS", width: 5, ..NUMBER }, "how many processes are in it"),
    (Col::Pid, Column { name: "PID", width: 5, ..NUMBER }, "its process with the lowest id"),
    (Col::Ppid, Column { name: "PPID", width: 5, ..NUMBER }, "the parent of that"),
    (Col::Command, Column { name: "COMMAND", cut: true, ..TEXT }, "the command line of that"),
    (Col::Uid, Column { name: "UID", ..NUMBER }, "the user that runs as, by number"),
    (Col::User, Column { name: "USER", ..TEXT }, "and by name"),
    (Col::Netnsid, Column { name: "NETNSID", right: true, ..TEXT }, "id of a network namespace, as seen from here"),
    (Col::Nsfs, Column { name: "NSFS", wrap: true, ..TEXT }, "where it is mounted"),
    (Col::Pns, Column { name: "PNS", width: 10, ..NUMBER }, "inode number of its parent"),
    (Col::Ons, Column { name: "ONS", width: 10, ..NUMBER }, "inode number of its owner"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    Json,
    Task,
    Help,
    Output,
    OutputAll,
    NoTruncate,
    Version,
    NoHeadings,
    NoWrap,
    List,
    Raw,
    Type,
    Tree,
}

const FLAGS: &[Opt<Flag>] = &[
    (b'J', "json", Arg::No, Flag::Json),
    (b'p', "task", Arg::Required, Flag::Task),
    (b'h', "help", Arg::No, Flag::Help),
    (b'o', "output", Arg::Required, Flag::Output),
    (0, "output-all", Arg::No, Flag::OutputAll),
    (b'u', "notruncate", Arg::No, Flag::NoTruncate),
    (b'V', "version", Arg::No, Flag::Version),
    (b'n', "noheadings", Arg::No, Flag::NoHeadings),
    (b'W', "nowrap", Arg::No, Flag::NoWrap),
    (b'l', "list", Arg::No, Flag::List),
    (b'r', "raw", Arg::No, Flag::Raw),
    (b't', "type", Arg::Required, Flag::Type),
    (b'T', "tree", Arg::Optional, Flag::Tree),
];

/// The help, without the columns.
const HELP: &str = "\
Usage: lsns [OPTIONS] [NAMESPACE]
Lists the namespaces that processes are in; with the inode number of one, its processes.

 -t, --type TYPE      of this type: mnt, net, pid, uts, ipc, user, cgroup, time; may be given several times
 -p, --task PID       those that this process is in
 -T, --tree[=REL]     as a tree by owner, parent or process
 -l, --list           as a list
 -o, --output LIST    these columns (+LIST: and the usual ones)
     --output-all     all columns
 -n, --noheadings     without the names of columns
 -u, --notruncate     long lines stay whole on a terminal
 -W, --nowrap         several mount points on one line
 -r, --raw            columns parted by one space
 -J, --json           as JSON
 -h, --help
 -V, --version

Columns:
";

/// What makes the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tree {
    Process,
    Owner,
    Parent,
}

#[derive(Debug)]
struct Request {
    json: bool,
    raw: bool,
    headings: bool,
    cut: bool,
    wrap: bool,
    kinds: NsFlags,
    task: Option<u32>,
    namespace: Option<u64>,
    tree: Option<Tree>,
    columns: Vec<Col>,
}

/// Runs with these arguments; gives back the exit code.
pub(super) fn main(args: Vec<OsString>) -> u8 {
    let result = parse(&args).and_then(|asked| match asked {
        Asked::Text(text) => Ok(text.into_bytes()),
        Asked::List(request) => run(&request),
    });
    face::end(NAME, result)
}

/// A number as strtol(3) takes one, of a type that an error calls `what`.
fn number<T: TryFrom<i128>>(text: &OsString, what: &str) -> Result<T, Failed> {
    let shown = text.to_string_lossy();
    let value = shown.trim_start().parse::<i128>().map_err(|_| (1, format!("invalid {what} argument: '{shown}'")))?;
    let range = || (1, format!("invalid {what} argument: '{shown}': {}", Errno::ERANGE.words()));
    T::try_from(value).map_err(|_| range())
}

enum Asked {
    Text(String),
    List(Request),
}

fn parse(args: &[OsString]) -> Result<Asked, Failed> {
    let parsed = face::parse(args, FLAGS, true);
    let mut r = Request {
        json: false,
        raw: false,
        headings: true,
        cut: true,
        wrap: true,
        kinds: NsFlags::empty(),
        task: None,
        namespace: None,
        tree: None,
        columns: Vec::new(),
    };
    let (mut output, mut list) = (None, false);
    for (flag, value) in parsed.options {
        let value = value.unwrap_or_default();
        match flag {
            Flag::Json => r.json = true,
            Flag::Raw => r.raw = true,
            Flag::Task => r.task = number::<i32>(&value, "PID")?.try_into().ok().or(Some(u32::MAX)).filter(|p| *p != 0),
            Flag::Output => output = Some(value),
            Flag::OutputAll => r.columns = COLUMNS.iter().map(|c| c.0).collect(),
            Flag::NoTruncate => r.cut = false,
            Flag::NoHeadings => r.headings = false,
            Flag::NoWrap => r.wrap = false,
            Flag::List => list = true,
            Flag::Type => {
                let known = NsFlags::NAMES.iter().find(|n| value == n.0);
                let known = known.ok_or_else(|| (1, format!("unknown namespace type: {}", value.to_string_lossy())))?;
                r.kinds |= known.1;
            }
            Flag::Tree => {
                let relation = value.to_string_lossy();
                r.tree = Some(match relation.strip_prefix('=').unwrap_or(&relation) {
                    "parent" => Tree::Parent,
                    "process" => Tree::Process,
                    "owner" => Tree::Owner,
                    _ if value.is_empty() => Tree::Owner,
                    other => return Err((1, format!("unknown tree type: {other}"))),
                });
            }
            Flag::Help => {
                let column = |text: String, c: &(Col, Column, &str)| text + &format!(" {:>11}  {}\n", c.1.name, c.2);
                return Ok(Asked::Text(COLUMNS.iter().fold(HELP.to_owned(), column)));
            }
            Flag::Version => return Ok(Asked::Text(face::version(NAME))),
        }
        if r.json && r.raw {
            return Err((1, "mutually exclusive arguments: --json --raw".into()));
        }
    }
    if let Some(error) = parsed.error {
        return Err(face::misused(NAME, &error));
    }
    r.wrap &= !r.raw;
    if let Some(namespace) = parsed.operands.first() {
        if r.task.is_some() {
            return Err((1, "--task is mutually exclusive with <namespace>".into()));
        }
        r.namespace = Some(number(namespace, "namespace")?).filter(|ns| *ns != 0);
    }
    let is_net = r.kinds.contains(NsFlags::NET);
    if r.columns.is_empty() || !parsed.operands.is_empty() {
        r.tree = r.tree.or(Some(Tree::Process).filter(|_| !list));
    }
    if r.columns.is_empty() {
        r.columns = match (parsed.operands.first(), is_net) {
            (Some(_), _) => vec![Col::Pid, Col::Ppid, Col::User, Col::Command],
            (None, false) => vec![Col::Ns, Col::Type, Col::Nprocs, Col::Pid, Col::User, Col::Command],
            (None, true) => {
                vec![Col::Ns, Col::Type, Col::Nprocs, Col::Pid, Col::User, Col::Netnsid, Col::Nsfs, Col::Command]
            }
        };
    }
    if let Some(output) = output {
        columns(&mut r.columns, &output.to_string_lossy())?;
    }
    if r.kinds.is_empty() {
        r.kinds = NsFlags::all();
    }
    Ok(Asked::List(r))
}

/// The columns that `-o` names.
fn columns(columns: &mut Vec<Col>, list: &str) -> Result<(), Failed> {
    let names = match list.strip_prefix('+') {
        Some(names) => names,
        None => {
            columns.clear();
            list
        }
    };
    let mut rest = names;
    loop {
        // A comma at the end is part of the name, which then is none.
        let (name, more) = rest.split_once(',').filter(|(_, more)| !more.is_empty()).unwrap_or((rest, ""));
        let known = COLUMNS.iter().find(|c| c.1.name.eq_ignore_ascii_case(name));
        match known {
            Some(known) => columns.push(known.0),
            None if name.is_empty() => return Err((1, String::new())),
            None => return Err((1, format!("unknown column: {rest}"))),
        }
        if more.is_empty() {
            return Ok(());
        }
        rest = more;
    }
}

/// What is known of all, for the cells.
struct World {
    /// By inode number, in its order.
    namespaces: BTreeMap<u64, Namespace>,
    /// Types whose processes count.
    kinds: NsFlags,
    nsids: BTreeMap<u64, i32>,
    mounts: Vec<(u64, std::path::PathBuf)>,
}

impl World {
    fn pids(&self, ns: &Namespace) -> Vec<u32> {
        let pid = |holder: &Holder| match holder {
            Holder::Process { pid } if self.kinds.contains(ns.kind) => Some(*pid),
            _ => None,
        };
        ns.holders.iter().filter_map(pid).collect()
    }

    fn cell(&self, request: &Request, col: Col, ns: &Namespace, pid: Option<u32>) -> Option<Vec<u8>> {
        let user = || match pid {
            Some(pid) => proc::user(pid),
            None => Some(ns.owner_uid.filter(|_| ns.kind == NsFlags::USER).unwrap_or(0)),
        };
        let text = match col {
            Col::Ns => ns.id.ino.to_string(),
            Col::Type => ns.kind.name().into(),
            Col::Path => format!("/proc/{}/ns/{}", pid?, ns.kind.name()),
            Col::Nprocs => self.pids(ns).len().to_string(),
            Col::Pid => pid?.to_string(),
            Col::Ppid => proc::parent(pid?)?.to_string(),
            Col::Command => return proc::command(pid?),
            Col::Uid => user()?.to_string(),
            Col::User => proc::user_name(user()?),
            Col::Netnsid => match *self.nsids.get(&ns.id.ino).filter(|_| pid.is_some())? {
                NSID_NOT_ASSIGNED => "unassigned".into(),
                id => id.to_string(),
            },
            Col::Nsfs => {
                let mut paths: Vec<&[u8]> = Vec::new();
                for (_, path) in self.mounts.iter().filter(|m| m.0 == ns.id.ino) {
                    let path = path.as_os_str().as_bytes();
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                return Some(paths.join(if request.wrap { &b"\n"[..] } else { b"," }));
            }
            Col::Pns if ns.kind == NsFlags::USER => ns.owner.unwrap_or(0).to_string(),
            Col::Pns => ns.parent.unwrap_or(0).to_string(),
            Col::Ons => ns.owner.unwrap_or(0).to_string(),
        };
        Some(text.into_bytes())
    }
}

fn run(request: &Request) -> Result<Vec<u8>, Failed> {
    let failed = |e: netns_sys::Error| (1, e.to_string());
    let related = matches!(request.tree, Some(Tree::Owner | Tree::Parent));
    let kinds = if related { request.kinds | NsFlags::USER } else { request.kinds };
    let look = Look { owners: related, ..Look::default() };
    let (all, _) = holders::namespaces(kinds, look).map_err(failed)?;
    let mut world =
        World { namespaces: BTreeMap::new(), kinds: request.kinds, nsids: BTreeMap::new(), mounts: Vec::new() };
    if request.columns.contains(&Col::Netnsid) {
        let nets: Vec<&Namespace> = all.iter().filter(|ns| ns.kind == NsFlags::NET).collect();
        let ids =
            Conn::open(&FAMILY).map(|mut conn| netns::nsids_of(&mut conn, nets.len(), |i| nets.get(i)?.open().ok()));
        let ids = ids.ok().and_then(Result::ok).unwrap_or_default();
        world.nsids = gather(nets.iter().zip(ids).filter_map(|(ns, id)| Some((ns.id.ino, id?))));
    }
    if request.columns.contains(&Col::Nsfs) {
        let mounts = holders::mounts().map_err(failed)?;
        world.mounts = gather(mounts.into_iter().map(|m| (m.1, m.2)));
    }
    // Those that processes are in, and what they are related to.
    let (asked, related): (Vec<_>, Vec<_>) = all.into_iter().partition(|ns| request.kinds.contains(ns.kind));
    let mut related: BTreeMap<u64, Namespace> = gather(related.into_iter().map(|ns| (ns.id.ino, ns)));
    let mut todo = asked;
    while let Some(ns) = todo.pop() {
        todo.extend(ns.owner.into_iter().chain(ns.parent).filter_map(|ino| related.remove(&ino)));
        world.namespaces.insert(ns.id.ino, ns);
    }
    let table = match request.namespace {
        None => namespaces(request, &world),
        Some(ino) => {
            let ns = world.namespaces.get(&ino).ok_or_else(|| (1, format!("not found namespace: {ino}")))?;
            processes(request, &world, ns)
        }
    };
    Ok(match (request.json, request.raw) {
        (true, _) => table.json("namespaces"),
        (_, true) => table.raw(),
        _ => table.text().into_bytes(),
    })
}

fn table(request: &Request) -> Table {
    let columns =
        request.columns.iter().filter_map(|col| COLUMNS.iter().find(|c| c.0 == *col)).map(|(col, column, _)| {
            let tree = match request.tree {
                None => false,
                Some(Tree::Process) => *col == Col::Command,
                Some(_) => *col == Col::Ns,
            };
            let right = column.right && !(tree && *col == Col::Ns);
            Column { tree, right, cut: column.cut && request.cut, wrap: column.wrap && request.wrap, ..*column }
        });
    Table { headings: request.headings, ..Table::new(columns.collect()) }
}

/// A row for each namespace.
fn namespaces(request: &Request, world: &World) -> Table {
    let mut table = table(request);
    // The row that a process, or a namespace, was last shown in.
    let (mut by_pid, mut by_ns): (BTreeMap<u32, usize>, BTreeMap<u64, usize>) = Default::default();
    let chosen = world.namespaces.values();
    let chosen = chosen.filter(|ns| request.task.is_none_or(|task| world.pids(ns).contains(&task)));
    for ns in outer_first(&world.namespaces, chosen, |ns| above(request, ns)) {
        let pid = world.pids(ns).first().copied();
        let parent = match request.tree {
            Some(Tree::Process) => pid.and_then(proc::parent).and_then(|parent| by_pid.get(&parent)),
            Some(Tree::Owner) => ns.owner.and_then(|owner| by_ns.get(&owner)),
            Some(Tree::Parent) => parent(ns).and_then(|parent| by_ns.get(&parent)),
            None => None,
        };
        let cells = request.columns.iter().map(|col| world.cell(request, *col, ns, pid)).collect();
        let row = Row { cells, parent: parent.copied() };
        by_ns.insert(ns.id.ino, table.rows.len());
        by_pid.extend(pid.map(|pid| (pid, table.rows.len())));
        table.rows.push(row);
    }
    table
}

/// The parent of a namespace of a type that has parents.
fn parent(ns: &Namespace) -> Option<u64> {
    if ns.kind == NsFlags::USER { ns.owner } else { ns.parent }
}

/// The namespace that has to be shown before this one.
fn above(request: &Request, ns: &Namespace) -> Option<u64> {
    match request.tree {
        Some(Tree::Owner) => ns.owner,
        Some(Tree::Parent) => parent(ns).or(ns.owner),
        _ => None,
    }
}

/// A row for each process in a namespace.
fn processes(request: &Request, world: &World, ns: &Namespace) -> Table {
    let mut table = table(request);
    let pids = world.pids(ns);
    let parents: BTreeMap<u32, u32> = gather(pids.iter().filter_map(|pid| Some((*pid, proc::parent(*pid)?))));
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    for pid in pids {
        let mut todo = vec![pid];
        if request.tree == Some(Tree::Process) {
            while let Some(parent) = todo.last().and_then(|pid| parents.get(pid)).filter(|p| parents.contains_key(p)) {
                if rows.contains_key(parent) || todo.len() > parents.len() {
                    break;
                }
                todo.push(*parent);
            }
        }
        while let Some(pid) = todo.pop().filter(|pid| !rows.contains_key(pid)) {
            let cells = request.columns.iter().map(|col| world.cell(request, *col, ns, Some(pid))).collect();
            let parent = parents.get(&pid).and_then(|parent| rows.get(parent)).copied();
            rows.insert(pid, table.rows.len());
            table.rows.push(Row { cells, parent });
        }
    }
    table
}
